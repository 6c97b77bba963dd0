import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deck, isSameCourse } from '../../../Jam.Server/Web/assets/listen/deck.js';
import { Pieces } from '../../../Jam.Server/Web/assets/listen/pieces.js';
import { FakeContext } from './support.mjs';

const RATE = 44_100;
const TRACK = 'a'.repeat(64);

/** A track whose sound tells its place: a slow sawtooth, a tenth of a millionth a sample. */
const valueAt = (frame) => 0.2 + ((frame % 4_000_000) * 1e-7);

function trackOf(seconds, rate = RATE, isHere = () => true) {
  const lengthFrames = seconds * rate;
  const track = {
    sampleRate: rate, lengthFrames, pieceFrames: rate, pieceAt: (f) => Math.floor(f / rate), pieceStart: (p) => p * rate,
    load: async (piece) => ({ start: piece * rate, sound: [Float32Array.from({ length: Math.min(rate, lengthFrames - piece * rate) }, (_, i) => valueAt(piece * rate + i))] }),
  };
  return { track, find: (piece) => (isHere(piece) ? cached(track, piece) : null) };
}

const pieces = new WeakMap();
function cached(track, piece) {
  const known = pieces.get(track) ?? pieces.set(track, new Map()).get(track);
  if (!known.has(piece)) {
    const start = piece * track.pieceFrames;
    known.set(piece, { start, sound: [Float32Array.from({ length: Math.min(track.pieceFrames, track.lengthFrames - start) }, (_, i) => valueAt(start + i))] });
  }
  return known.get(piece);
}

/** A room whose clock runs beside the context's: offset and rate are the test's to change. */
class Rig {
  constructor({ rate = RATE, trackRate = RATE, seconds = 60, isHere } = {}) {
    this.context = new FakeContext(rate);
    this.offset = 5;
    this.ppm = 0;
    this.pieces = trackOf(seconds, trackRate, isHere);
    this.deck = new Deck(this.context, this.context.destination, {
      contextAt: (roomUs) => (roomUs / 1e6 - this.offset) / (1 + this.ppm * 1e-6),
      roomAt: (seconds_) => (seconds_ * (1 + this.ppm * 1e-6) + this.offset) * 1e6,
    });
  }

  say(status, atSeconds, positionSeconds, more = {}) {
    this.deck.follow({ status, track_id: TRACK, clock_id: 'c', at_us: atSeconds * 1e6, position_us: positionSeconds * 1e6, ...more }, () => 1);
  }

  run(until, step = 0.08) {
    for (; this.context.currentTime < until; this.context.currentTime = Math.min(until, this.context.currentTime + step))
      this.deck.pump(this.context.currentTime + 1, () => this.pieces);
  }

  /** Position in the track that is heard at a context time, frames; null where it is silent. */
  heard(seconds) {
    const frame = Math.round(seconds * this.context.sampleRate);
    const value = this.context.heard(frame, frame + 1)[0];
    return value < 0.1 ? null : (value - 0.2) / 1e-7;
  }
}

test('a start that was announced begins at its very sample', () => {
  const rig = new Rig();
  rig.say('PLAY', 6, 0);
  rig.run(3);
  assert.equal(rig.heard(0.999), null);
  for (const at of [1.002, 1.2, 1.5, 2.4]) assert.ok(Math.abs(rig.heard(at) - (at - 1) * RATE) < 2, `${rig.heard(at)} at ${at}`);
});

test('neighbouring buffers join without a trace', () => {
  const rig = new Rig();
  rig.ppm = 123;
  rig.say('PLAY', 5, 10);
  rig.run(4);
  const sound = rig.context.heard(RATE, 3 * RATE);
  let worst = 0;
  for (let i = 1; i < sound.length; i++) worst = Math.max(worst, Math.abs(sound[i] - sound[i - 1] - 1e-7));
  assert.ok(worst < 2e-6, `${worst}`);
});

test('who comes late is at the right place at once', () => {
  const rig = new Rig();
  rig.context.currentTime = 20;
  rig.say('PLAY', 6, 3);
  rig.run(22);
  assert.ok(Math.abs(rig.heard(20.2) - (20.2 - 1 + 3) * RATE) < 2);
  assert.ok(rig.heard(20.03) !== null, 'it sounds within 30 ms');
});

test('pause falls silent at its instant, and the next start is exact again', () => {
  const rig = new Rig();
  rig.say('PLAY', 5.5, 0);
  rig.run(2);
  rig.say('PAUSE', 7.3, 1.8);
  rig.run(3);
  assert.ok(Math.abs(rig.heard(2.29) - 1.79 * RATE) < 2);
  assert.equal(rig.heard(2.32), null);
  rig.say('PLAY', 8.2, 1.8);
  rig.run(4);
  assert.equal(rig.heard(3.19), null);
  assert.ok(Math.abs(rig.heard(3.3) - (1.8 + 0.1) * RATE) < 2);
});

test('a jump ends the one place where the other begins', () => {
  const rig = new Rig();
  rig.say('PLAY', 5.5, 0);
  rig.run(2);
  rig.say('PLAY', 7.4, 40);
  rig.run(4);
  assert.ok(Math.abs(rig.heard(2.39) - 1.89 * RATE) < 2);
  assert.ok(Math.abs(rig.heard(2.45) - 40.05 * RATE) < 2);
});

test('a device that is fast is followed by bending, never by jumping', () => {
  const rig = new Rig();
  rig.ppm = 200;
  rig.say('PLAY', 5, 0);
  rig.run(30);
  for (const at of [5, 15, 29]) assert.ok(Math.abs(rig.heard(at) - at * 1.0002 * RATE) < 4, `${rig.heard(at) - at * 1.0002 * RATE} frames off at ${at}`);
  assert.equal(rig.deck.jumps, 0);
});

test('a small error is bent away within seconds', () => {
  const rig = new Rig();
  rig.say('PLAY', 5, 0);
  rig.run(3);
  rig.offset += 0.0015;
  rig.run(9);
  assert.equal(rig.deck.jumps, 0);
  assert.ok(Math.abs(rig.heard(8.8) - (8.8 + 0.0015) * RATE) < 10);
});

test('a large error is jumped over within a quarter of a second, without silence', () => {
  const rig = new Rig();
  rig.say('PLAY', 5, 0);
  rig.run(3);
  rig.offset += 0.05;
  rig.run(6);
  assert.ok(Math.abs(rig.heard(3.4) - 3.45 * RATE) < 2, `${rig.heard(3.4) - 3.45 * RATE}`);
  assert.ok(rig.deck.jumps <= 2);
  const sound = rig.context.heard(Math.round(2.9 * RATE), Math.round(3.6 * RATE));
  assert.ok(sound.every((s) => s > 0.15), 'it falls silent');
});

test('what was not there in time is silence, and what follows is at its right place', () => {
  let isHere = true;
  const rig = new Rig({ isHere: (piece) => isHere || piece < 3 });
  isHere = false;
  rig.say('PLAY', 5, 0);
  rig.run(5);
  assert.equal(rig.heard(4.5), null);
  isHere = true;
  rig.run(8);
  assert.ok(Math.abs(rig.heard(5.5) - 5.5 * RATE) < 2);
});

test('a track of another rate than the device is at the same place', () => {
  const rig = new Rig({ rate: 48_000, trackRate: 44_100 });
  rig.say('PLAY', 5, 0);
  rig.run(4);
  for (const at of [0.5, 2, 3.5]) assert.ok(Math.abs(rig.heard(at) - at * 44_100) < 3, `${rig.heard(at) - at * 44_100}`);
});

test('the end of a track is silence', () => {
  const rig = new Rig({ seconds: 3 });
  rig.say('PLAY', 5, 0);
  rig.run(5);
  assert.ok(rig.heard(2.98) !== null);
  assert.equal(rig.heard(3.01), null);
});

test('what follows is announced early, and taken back', () => {
  const rig = new Rig();
  rig.say('PLAY', 5, 0);
  rig.run(2);
  rig.say('PLAY', 8.5, 30);
  rig.run(2.5);
  rig.say('PLAY', 5, 0);
  rig.run(5);
  assert.ok(Math.abs(rig.heard(4.5) - 4.5 * RATE) < 3, `${rig.heard(4.5)}`);
});

test('a record that says the same again changes nothing', () => {
  const rig = new Rig();
  rig.say('PLAY', 5, 0);
  rig.run(2);
  const before = rig.context.sources.length;
  rig.say('PLAY', 7.5, 2.5);
  assert.equal(rig.context.sources.length, before);
  rig.run(3);
  assert.equal(rig.deck.jumps, 0);
});

test('records are of one course where the track is at the same place', () => {
  const a = { status: 'PLAY', track_id: TRACK, clock_id: 'c', at_us: 1e6, position_us: 0 };
  assert.ok(isSameCourse(a, { ...a, at_us: 3e6, position_us: 2e6 }));
  assert.ok(!isSameCourse(a, { ...a, at_us: 3e6, position_us: 2.1e6 }));
  assert.ok(!isSameCourse(a, { ...a, status: 'PAUSE' }));
  assert.ok(isSameCourse({ ...a, status: 'PAUSE' }, { ...a, status: 'PAUSE', at_us: 9e6 }));
  assert.ok(!isSameCourse(a, { ...a, clock_id: 'd' }));
  assert.ok(!isSameCourse(null, a));
});

test('pieces are fetched in the order in which they are needed, and a failure is tried again', async () => {
  const { track } = trackOf(8);
  const asked = [];
  let fails = 1;
  const load = track.load;
  track.load = async (piece) => {
    asked.push(piece);
    if (piece === 3 && fails-- > 0) throw new Error('gone');
    return load(piece);
  };
  await new Promise((resolve) => {
    const held = new Pieces(track, () => held.aheadOf(2.5 * RATE) >= 2 * RATE && resolve());
    held.want(2.5 * RATE, 3);
  });
  assert.deepEqual(asked.slice(0, 3), [2, 3, 4]);
  assert.ok(asked.filter((p) => p === 3).length === 2);
});
