import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomEstimate } from '../../../Jam.Server/Web/assets/listen/roomEstimate.js';
import { chance, exponential } from './support.mjs';

const CLOCK = 'one';

/** A page and a server whose clocks run apart; stamps of the page are as coarse as a browser's. */
class Path {
  constructor({ seed = 1, offsetUs = 5e9, ppm = 40, baseUs = 1_000, jitterUs = 2_000, stepUs = 100, loss = 0 }) {
    this.next = chance(seed);
    Object.assign(this, { offsetUs, ppm, baseUs, jitterUs, stepUs, loss, clockId: CLOCK, nowUs: 1e6, sent: 0 });
    this.estimate = new RoomEstimate(stepUs);
  }

  roomUs(localUs) {
    return localUs + this.offsetUs + localUs * this.ppm * 1e-6;
  }

  stamp(us) {
    return Math.floor(us / this.stepUs) * this.stepUs;
  }

  /** Lets so much time pass, probing whenever a probe is due. */
  run(us) {
    const until = this.nowUs + us;
    while (this.nowUs < until) {
      this.nowUs = Math.max(this.nowUs, Math.min(until, this.estimate.nextProbeAtUs));
      const t1 = this.estimate.tryBeginProbe(this.stamp(this.nowUs));
      if (t1 === null) {
        this.nowUs += 1_000;
        continue;
      }
      this.sent++;
      const there = this.baseUs + exponential(this.next, this.jitterUs);
      const back = this.baseUs + exponential(this.next, this.jitterUs);
      const t2 = Math.round(this.roomUs(this.nowUs + there));
      this.nowUs += there + back;
      if (this.next() >= this.loss) this.estimate.onResponse(t1, t2, t2, this.stamp(this.nowUs), this.clockId);
    }
  }

  errorUs() {
    return Math.abs(this.estimate.snapshot().toRoomUs(this.nowUs) - this.roomUs(this.nowUs));
  }
}

for (const [name, path, limitUs] of [
  ['a LAN', { baseUs: 200, jitterUs: 100 }, 100],
  ['a Wi-Fi', { baseUs: 1_000, jitterUs: 3_000 }, 300],
  ['a bad Wi-Fi', { baseUs: 2_000, jitterUs: 15_000, loss: 0.02 }, 1_500],
  ['a browser that rounds to a millisecond', { baseUs: 1_000, jitterUs: 2_000, stepUs: 1_000 }, 900],
]) {
  test(`after ten seconds on ${name} the room clock is known within ${limitUs} us`, () => {
    const errors = [];
    for (let seed = 1; seed <= 20; seed++) {
      const it = new Path({ seed, ...path });
      it.run(10e6);
      assert.ok(it.estimate.isReady, `not ready with seed ${seed}`);
      errors.push(it.errorUs());
    }
    errors.sort((a, b) => a - b);
    assert.ok(errors[18] < limitUs, `95th percentile ${errors[18]}`);
  });
}

test('on a LAN it is ready within a fraction of a second', () => {
  const it = new Path({ baseUs: 300, jitterUs: 200 });
  it.run(200_000);
  assert.ok(it.estimate.isReady);
  assert.ok(it.errorUs() < 500, `${it.errorUs()}`);
});

test('drift is learnt, so that the estimate holds while no probe is answered', () => {
  const it = new Path({ baseUs: 500, jitterUs: 300, ppm: 80, stepUs: 5 });
  it.run(60e6);
  it.nowUs += 30e6;
  assert.ok(it.errorUs() < 300, `${it.errorUs()}`);
});

test('a step of the clock is followed within two seconds, one stray answer is not', () => {
  const it = new Path({ baseUs: 500, jitterUs: 300 });
  it.run(20e6);
  it.offsetUs += 50_000;
  it.run(2e6);
  assert.ok(it.errorUs() < 500, `${it.errorUs()}`);
});

test('another clock begins anew and is not ready at once', () => {
  const it = new Path({});
  it.run(5e6);
  assert.ok(it.estimate.isReady);
  it.clockId = 'two';
  it.offsetUs = -3e9;
  const t1 = it.estimate.tryBeginProbe(it.nowUs + 5e6);
  it.estimate.onResponse(t1, t1 - 3e9, t1 - 3e9, t1 + 2_000, 'two');
  assert.equal(it.estimate.clockId, 'two');
  assert.ok(!it.estimate.isReady);
  it.nowUs = t1 + 2_000;
  it.run(5e6);
  assert.ok(it.estimate.isReady && it.errorUs() < 1_000, `${it.errorUs()}`);
});

test('an answer of no probe, or one that comes twice, is ignored', () => {
  const it = new Path({});
  const t1 = it.estimate.tryBeginProbe(1_000);
  assert.equal(it.estimate.onResponse(t1 + 1, 5, 5, 2_000, CLOCK), false);
  assert.equal(it.estimate.onResponse(t1, 5, 5, 2_000, CLOCK), true);
  assert.equal(it.estimate.onResponse(t1, 5, 5, 2_000, CLOCK), false);
});

test('a probe that is lost does not end the probing', () => {
  const it = new Path({ loss: 0.5, baseUs: 500, jitterUs: 500 });
  it.run(60e6);
  assert.ok(it.estimate.isReady && it.errorUs() < 1_000, `${it.errorUs()}`);
});

test('once in its stride it probes seldom', () => {
  const it = new Path({ baseUs: 500, jitterUs: 20, stepUs: 5 });
  it.run(30e6);
  const before = it.sent;
  it.run(60e6);
  assert.ok(it.sent - before < 270, `${it.sent - before} probes in a minute`);
});

/** What the page's own clock has measured before: the quickest of each of so many bursts. */
function before(it, count) {
  const bursts = [];
  for (let i = 0; i < count; i++, it.nowUs += 800_000) {
    const probes = Array.from({ length: 8 }, () => {
      const [there, back] = [0, 1].map(() => it.baseUs + exponential(it.next, it.jitterUs));
      return { localUs: it.nowUs, offsetUs: it.roomUs(it.nowUs) - it.nowUs + (there - back) / 2, rttUs: there + back };
    });
    bursts.push(probes.reduce((a, b) => (b.rttUs < a.rttUs ? b : a)));
  }
  return bursts;
}

test('what the page has measured before counts from the first burst on that agrees with it', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const it = new Path({ seed, baseUs: 1_000, jitterUs: 1_000 });
    const bursts = before(it, 5);
    it.estimate.remember(CLOCK, bursts, it.nowUs);
    assert.ok(!it.estimate.isReady, 'a machine may have slept');
    it.run(45_000);
    assert.ok(it.estimate.isReady, `not ready with seed ${seed}`);
    assert.ok(it.errorUs() < 1_500, `${it.errorUs()} us with seed ${seed}`);
  }
});

test('a machine that slept meanwhile believes nothing of before', () => {
  const it = new Path({ baseUs: 200, jitterUs: 100 });
  const bursts = before(it, 5);
  it.offsetUs += 3_600e6;
  it.estimate.remember(CLOCK, bursts, it.nowUs);
  for (let i = 0; i < 300; i++) {
    it.run(10_000);
    assert.ok(!it.estimate.isReady || it.errorUs() < 1_000, `${it.errorUs()} us`);
  }
  assert.ok(it.estimate.isReady);
});

test('a page that is short of time hears answers late, and plays by what it knows before long', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const it = new Path({ seed, baseUs: 500, jitterUs: 100 });
    const [run, back] = [it.estimate.onResponse.bind(it.estimate), chance(seed + 100)];
    it.estimate.onResponse = (t1, t2, t3, t4, id) => {
      it.nowUs += 3_000 + 30_000 * back();
      return run(t1, t2, t3, it.stamp(it.nowUs), id);
    };
    it.run(1.6e6);
    assert.ok(it.estimate.isReady, `not ready with seed ${seed}`);
    assert.ok(it.errorUs() < 10_000, `${it.errorUs()} us with seed ${seed}`);
  }
});
