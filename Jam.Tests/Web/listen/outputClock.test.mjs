import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputClock, readOutput } from '../../../Jam.Server/Web/assets/listen/outputClock.js';
import { chance } from './support.mjs';

/** Pairs as a browser gives them: every 25 ms, with some jitter. */
function feed(clock, { fromUs, seconds, offsetUs, ppm = 0, jitterUs = 300, seed = 7 }) {
  const next = chance(seed);
  let localUs = fromUs;
  for (; localUs < fromUs + seconds * 1e6; localUs += 25_000)
    clock.add({ localUs, contextUs: localUs + offsetUs + localUs * ppm * 1e-6 + (next() - 0.5) * 2 * jitterUs });
  return localUs;
}

test('jitter is averaged away', () => {
  const clock = new OutputClock();
  const at = feed(clock, { fromUs: 1e6, seconds: 5, offsetUs: -90_000 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - (at - 90_000)) < 80);
  assert.ok(Math.abs(clock.localAt(clock.contextAt(at)) - at) < 1);
  assert.ok(clock.errorUs < 200);
});

test('a device that is off its rate is followed', () => {
  const clock = new OutputClock();
  const at = feed(clock, { fromUs: 0, seconds: 60, offsetUs: 0, ppm: 150 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - at * (1 + 150e-6)) < 250, `${clock.contextAt(at) * 1e6 - at * (1 + 150e-6)}`);
});

test('another latency is taken over within a third of a second, one stray pair is not', () => {
  const clock = new OutputClock();
  let at = feed(clock, { fromUs: 0, seconds: 4, offsetUs: 0 });
  clock.add({ localUs: at, contextUs: at - 30_000 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - at) < 150);
  at = feed(clock, { fromUs: at + 25_000, seconds: 0.3, offsetUs: -12_000 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - (at - 12_000)) < 300, `${clock.contextAt(at) * 1e6 - at}`);
});

/** What Chromium told of its output on a machine short of time, a join's first seconds: seconds, and milliseconds off what the recorded sound kept to. */
const RECORDED = [
  [0, 53.6], [0.2, 52.9], [0.4, 37.6], [0.7, 32.4], [0.8, 28.4], [1, 14.8], [1.2, 4.9], [1.4, -0.1], [1.6, -8.4], [1.8, -13.5],
  [2, -21.8], [2.2, -18], [2.4, -23], [2.6, -28.1], [2.8, -32.8], [3, -37.6], [3.2, -42.4], [3.4, -24.5], [3.6, -26], [3.8, -30.3],
  [4, -34.1], [4.2, -35.4], [4.4, -35.4], [4.6, -0.2], [4.8, -0.7], [5, -1.3], [5.2, -1], [5.4, -0.8], [5.6, -0.7], [5.8, -0.7],
  [6, 4.4], [6.2, 4.6], [6.4, 4.8], [6.6, 5], [6.8, 5.1], [7, 5.3], [7.2, 5.3],
];

/** The same with a pair every 25 ms, as the page reads them. */
function* dense(points) {
  for (let i = 1; i < points.length; i++) {
    const [[from, a], [to, b]] = [points[i - 1], points[i]];
    for (let s = from; s < to - 1e-6; s += 0.025) yield [s * 1e6, (a + ((b - a) * (s - from)) / (to - from)) * 1e3];
  }
}

/** Runs pairs through a clock: how often who follows it would have to jump, and by how much it was off, microseconds. */
function follow(clock, pairs) {
  let held = null;
  const out = { jumps: 0, off: [] };
  for (const [localUs, offsetUs] of pairs) {
    clock.add({ localUs, contextUs: localUs + offsetUs });
    if (!clock.isReady) continue;
    const offUs = clock.contextAt(localUs) * 1e6 - localUs;
    if (held !== null && Math.abs(offUs - held) > 2_500) out.jumps++;
    if (held === null || Math.abs(offUs - held) > 2_500) held = offUs;
    out.off.push([localUs, offUs]);
  }
  return out;
}

test('pairs that wandered by tens of milliseconds, as recorded, are followed in few steps, and left behind at last', () => {
  const { jumps, off } = follow(new OutputClock(), dense(RECORDED));
  assert.ok(jumps <= 7, `${jumps} jumps`);
  for (const [at, offUs] of off) if (at > 5.5e6) assert.ok(Math.abs(offUs) < 10_000, `${offUs} us at ${at}`);
});

test('what no device can do in a moment is not followed: pairs that run off and come back', () => {
  const clock = new OutputClock();
  const { jumps, off } = follow(clock, dense([[0, 0], [3, 0], [3.4, -10], [3.8, -1], [6, 0]]));
  assert.equal(jumps, 0);
  for (const [, offUs] of off) assert.ok(Math.abs(offUs) < 2_500, `${offUs}`);
});

test('one step after another is followed, each within a third of a second of its first pair', () => {
  const clock = new OutputClock();
  const { off } = follow(clock, dense([[0, 250], [3, 250], [3.01, 234], [4, 234], [4.01, 82], [5, 82]]));
  const at = (seconds) => off.find(([us]) => us >= seconds * 1e6)[1];
  for (const [seconds, ms] of [[2.9, 250], [3.35, 234], [3.9, 234], [4.5, 82], [4.9, 82]]) assert.ok(Math.abs(at(seconds) - ms * 1e3) < 600, `${seconds}: ${at(seconds)}`);
});

test('where pairs never agree, the middle of what they say is believed, after a second', () => {
  const next = chance(3);
  const clock = new OutputClock();
  const { off } = follow(clock, Array.from({ length: 200 }, (_, i) => [i * 25_000, (next() - 0.5) * 30_000]));
  assert.ok(clock.isReady && off[0][0] >= 1e6 && Math.abs(off.at(-1)[1]) < 5_000, `${off[0]} ${off.at(-1)}`);
});

test('what a device says of its first second, while its pairs never agree, is outvoted a second later', () => {
  const next = chance(5);
  const clock = new OutputClock();
  const pairs = Array.from({ length: 200 }, (_, i) => [i * 25_000, (i < 48 ? 30_000 : 0) + (next() - 0.5) * 8_000]);
  const { off } = follow(clock, pairs);
  assert.ok(off.some(([at, offUs]) => at < 1.2e6 && offUs > 25_000));
  for (const [at, offUs] of off) if (at > 2.4e6) assert.ok(Math.abs(offUs) < 5_000, `${offUs} us at ${at}`);
});

test('nothing is scheduled by the first pairs, nor by pairs of one moment', () => {
  const clock = new OutputClock();
  for (let i = 0; i < 20; i++) clock.add({ localUs: 1_000 * i, contextUs: 1_000 * i + 1 });
  assert.equal(clock.isReady, false);
  feed(clock, { fromUs: 20_000, seconds: 0.2, offsetUs: 0 });
  assert.equal(clock.isReady, true);
});

test('a pair that is told twice counts once', () => {
  const clock = new OutputClock();
  const at = feed(clock, { fromUs: 0, seconds: 1, offsetUs: 0 });
  const { count } = clock;
  for (let i = 0; i < 9; i++) clock.add({ localUs: at, contextUs: at });
  assert.equal(clock.count, count + 1);
});

test('a browser that tells no pairs is believed its latency', () => {
  const pair = readOutput({ currentTime: 2, outputLatency: 0.05, getOutputTimestamp: () => ({ contextTime: 0, performanceTime: 0 }) }, 7_000);
  assert.deepEqual(pair, { contextUs: 1_950_000, localUs: 7e6 });
  assert.equal(readOutput({ currentTime: 0 }, 7_000), null);
});
