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

test('another latency is taken over within an eighth of a second, one stray pair is not', () => {
  const clock = new OutputClock();
  let at = feed(clock, { fromUs: 0, seconds: 4, offsetUs: 0 });
  clock.add({ localUs: at, contextUs: at - 30_000 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - at) < 150);
  at = feed(clock, { fromUs: at + 25_000, seconds: 0.125, offsetUs: -12_000 });
  assert.ok(Math.abs(clock.contextAt(at) * 1e6 - (at - 12_000)) < 300, `${clock.contextAt(at) * 1e6 - at}`);
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
  for (let i = 0; i < 9; i++) clock.add({ localUs: 5e6, contextUs: 4e6 });
  assert.equal(clock.count, 1);
});

test('a browser that tells no pairs is believed its latency', () => {
  const pair = readOutput({ currentTime: 2, outputLatency: 0.05, getOutputTimestamp: () => ({ contextTime: 0, performanceTime: 0 }) }, 7_000);
  assert.deepEqual(pair, { contextUs: 1_950_000, localUs: 7e6 });
  assert.equal(readOutput({ currentTime: 0 }, 7_000), null);
});
