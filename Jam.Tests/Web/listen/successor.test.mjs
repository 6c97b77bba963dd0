import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Successor } from '../../../Jam.Server/Web/assets/successor.js';

const AHEAD_US = 7_000_000;
const now = () => 1_000_000;
const clock = { now: () => 6_000_000, errorUs: 250 };

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** An answer of a server whose clock is ahead by AHEAD_US and that is reached by ways of different lengths. */
const answer = (t1, thereUs, backUs) => [{ t1_us: t1, t2_us: t1 + thereUs + AHEAD_US, t3_us: t1 + thereUs + AHEAD_US + 40 }, t1 + thereUs + 40 + backUs];

test('a successor is told one instant on both clocks, as the quickest probe has them', () => {
  const asked = [];
  const told = [];
  const successor = new Successor(clock, (t1) => asked.push(t1), (instants) => told.push(instants), now);
  assert.equal(asked.length, 4);
  for (const [i, backUs] of [9_000, 300, 4_000, 2_000].entries()) successor.take(...answer(asked[i], 300, backUs));
  assert.equal(told.length, 1);
  assert.equal(told[0].successor_us - told[0].room_time_us, AHEAD_US - 5_000_000);
  assert.equal(told[0].error_us, 250);
  mock.timers.tick(10_000);
  assert.equal(told.length, 1);
});

test('a successor that does not answer is told what is known, and one that is gone nothing', () => {
  const told = [];
  new Successor(clock, () => {}, (instants) => told.push(instants), now);
  new Successor(clock, () => {}, () => assert.fail('its connection has ended'), now).close();
  mock.timers.tick(400);
  assert.equal(told.length, 1);
  assert.equal(told[0].successor_us, null);
  assert.equal(told[0].room_time_us, clock.now());
});
