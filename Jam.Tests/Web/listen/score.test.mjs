import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueBetween, lastBeatAt, timeOfBeat } from '../../../Jam.Server/Web/assets/listen/score.js';
import { ScorePlayer } from '../../../Jam.Server/Web/assets/listen/scorePlayer.js';
import { clickOf, noteOf, render } from '../../../Jam.Server/Web/assets/listen/synth.js';
import { RoomModel } from '../../../Jam.Server/Web/assets/roomModel.js';
import { FakeContext } from './support.mjs';

const RATE = 48_000;
const TEMPO = {
  epoch: 1, revision: 1, clock_id: 'c', at_us: 0, bpm: 120, beats_per_bar: 4, origin_us: 1_000_000, origin_beat: 0, is_clicking: true, count_in_bars: 0,
};
const LOOP = { epoch: 1, revision: 1, is_on: true, steps: 8, beats: 4, effective_cycle: 0 };
const hit = (sample) => ({ sample, velocity: 100 });
const lane = (steps, effective_cycle, peer_id = 'a') => ({ peer_id, steps, effective_cycle });

function roomOf({ tempo = TEMPO, loop = null, lanes = [] } = {}) {
  const room = new RoomModel();
  room.apply('TEMPO', { tempo });
  if (loop) room.apply('LOOP_STATE', { loop, lane: null });
  for (const l of lanes) room.apply('LOOP_STATE', { loop, lane: l });
  return room;
}

const seconds = (due) => due.map((d) => d.atUs / 1e6);

test('beats fall where the grid of the room has them, rounded once', () => {
  const tempo = { ...TEMPO, bpm: 97.25, origin_us: 4_000_003, origin_beat: -9 };
  for (const beat of [-9, 0, 1, 1_000_000]) {
    const exact = tempo.origin_us + ((beat + 9) * 60e6) / 97.25;
    assert.ok(Math.abs(timeOfBeat(tempo, beat) - exact) <= 0.51);
    assert.equal(lastBeatAt(tempo, timeOfBeat(tempo, beat)), beat);
    assert.equal(lastBeatAt(tempo, timeOfBeat(tempo, beat) - 1), beat - 1);
  }
});

test('every beat clicks, the first of a bar higher', () => {
  const due = dueBetween(roomOf(), 900_000, 3_400_000);
  assert.deepEqual(seconds(due), [1, 1.5, 2, 2.5, 3]);
  assert.deepEqual(due.map((d) => d.note.hertz), [1760, 1174.66, 1174.66, 1174.66, 1760]);
  assert.deepEqual(dueBetween(roomOf({ tempo: { ...TEMPO, is_clicking: false } }), 0, 9e6), []);
});

test('around a change of tempo each beat clicks once, where its own tempo has it', () => {
  const room = roomOf();
  room.apply('TEMPO', { tempo: { ...TEMPO, revision: 2, bpm: 240, at_us: 2_250_000, origin_us: 2_125_000, origin_beat: 2 } });
  const due = dueBetween(room, 900_000, 3_200_000);
  assert.deepEqual(due.map((d) => d.id), ['beat 0', 'beat 1', 'beat 2', 'beat 3', 'beat 4', 'beat 5', 'beat 6']);
  assert.deepEqual(seconds(due).slice(0, 4), [1, 1.5, 2, 2.375]);
});

test('a count-in clicks before the start and not from it on', () => {
  const room = roomOf({ tempo: { ...TEMPO, is_clicking: false } });
  room.apply('STATE', { epoch: 1, revision: 1, clock_id: 'c', status: 'PLAY', at_us: 5_000_000, position_us: 0, count_in_us: 2_000_000, track: null });
  assert.deepEqual(seconds(dueBetween(room, 0, 9e6)), [3, 3.5, 4, 4.5]);
});

test('steps of the loop are where their parts of the cycle are, and an edit is heard in its cycle, never before', () => {
  const room = roomOf({ tempo: { ...TEMPO, is_clicking: false }, loop: LOOP, lanes: [lane([hit('kick'), null, null, hit('hat')], 0)] });
  // Cycles last two seconds; the first begins at 1.
  assert.deepEqual(seconds(dueBetween(room, 0.9e6, 4.9e6)), [1, 1.75, 3, 3.75]);
  room.apply('LOOP_STATE', { loop: { ...LOOP, revision: 2 }, lane: lane([null, hit('snare')], 1) });
  let due = dueBetween(room, 0.9e6, 4.9e6);
  assert.deepEqual(due.map((d) => [d.atUs / 1e6, d.note.voice]), [[1, 'kick'], [1.75, 'hat'], [3.25, 'snare']]);
  // A second edit within the cycle: what sounded before the first sounds on until then.
  room.apply('LOOP_STATE', { loop: { ...LOOP, revision: 3 }, lane: lane([hit('click')], 1) });
  due = dueBetween(room, 0.9e6, 4.9e6);
  assert.deepEqual(due.map((d) => d.note.voice), ['kick', 'hat', 'click']);
  assert.deepEqual(dueBetween(room, 0.9e6, 4.9e6, false), [], 'kept silent here');
});

test('another shape holds from its cycle on, and a snapshot takes nothing over in the middle of one', () => {
  const room = roomOf({ tempo: { ...TEMPO, is_clicking: false }, loop: LOOP, lanes: [lane([hit('kick')], 0)] });
  const shape = { ...LOOP, revision: 2, beats: 2, effective_cycle: 4 };
  room.apply('LOOP_STATE', { loop: shape, lane: null });
  assert.deepEqual(seconds(dueBetween(room, 0.9e6, 7.9e6)), [1, 3, 5, 6, 7]);
  const next = { ...shape, revision: 3 };
  room.apply('SNAPSHOT', {
    page: 0, pages: 1, members: [], queue: [], lanes: [lane([hit('hat')], 5)],
    room: { state: { epoch: 1, revision: 0, clock_id: 'c' }, policy: {}, tempo: TEMPO, loop: next },
  });
  assert.deepEqual(dueBetween(room, 0.9e6, 7.9e6).map((d) => d.note.voice), ['kick', 'kick', 'kick', 'hat', 'hat']);
});

test('the voices are those of the native peers', () => {
  // Synth.cs, at 48 kHz: samples 0, 7 and 400 of a click on a downbeat, a kick, a snare and a tone.
  const at = (note, i) => note.level * render(note, 0, RATE)[i];
  const click = clickOf(true);
  assert.ok(Math.abs(at(click, 7) - 0.5 * Math.sin((2 * Math.PI * 1760 * 7) / RATE) * Math.exp((-120 * 7) / RATE)) < 1e-6);
  assert.equal(render(click, 0, RATE).length, 0.04 * RATE);
  const tone = noteOf({ pitch: 69, velocity: 127 });
  assert.equal(tone.hertz, 440);
  assert.equal(tone.level, 0.35);
  assert.equal(noteOf({ sample: 'gong', velocity: 127 }).voice, 'click');
  for (const voice of ['kick', 'snare', 'hat']) {
    const samples = render(noteOf({ sample: voice, velocity: 100 }), 0, RATE);
    assert.ok(samples.every((s) => Math.abs(s) < 1.7) && Math.abs(samples[0]) < 1e-6 && Math.abs(samples.at(-1)) < 1e-6, voice);
  }
});

class Rig {
  constructor(room) {
    this.context = new FakeContext(RATE);
    this.room = room;
    this.offset = 0.5;
    this.player = new ScorePlayer(this.context, this.context.destination, {
      contextAt: (roomUs) => roomUs / 1e6 - this.offset,
      roomAt: (at) => (at + this.offset) * 1e6,
    });
  }

  run(until, step = 0.08) {
    for (; this.context.currentTime < until; this.context.currentTime += step) this.player.play(this.room, 1, true);
  }

  /** Context times at which silence ends. */
  onsets(until) {
    const sound = this.context.heard(0, until * RATE);
    return [...sound.keys()].filter((i) => Math.abs(sound[i]) > 0.01 && sound.subarray(Math.max(0, i - 2000), i).every((s) => Math.abs(s) < 0.01)).map((i) => i / RATE);
  }
}

test('clicks begin at their frames, each once', () => {
  const rig = new Rig(roomOf());
  rig.run(3);
  const onsets = rig.onsets(3);
  assert.equal(onsets.length, 5);
  onsets.forEach((at, n) => assert.ok(at - (0.5 + n / 2) >= 0 && at - (0.5 + n / 2) < 0.0003, `${at}`));
});

test('what the room takes back before it has begun is not heard, and what has begun rings out', () => {
  const rig = new Rig(roomOf());
  rig.run(1.01);
  rig.room.apply('TEMPO', { tempo: { ...TEMPO, revision: 2, at_us: 1_700_000, is_clicking: false } });
  rig.run(3);
  assert.equal(rig.onsets(3).length, 2);
  assert.ok(rig.context.heard(1.02 * RATE, 1.03 * RATE).some((s) => Math.abs(s) > 0.01));
});

test('a clock that has moved takes what has not begun along', () => {
  const rig = new Rig(roomOf());
  rig.run(1);
  rig.offset += 0.004;
  rig.run(3);
  const late = rig.onsets(3).filter((at) => at > 1.2);
  late.forEach((at, n) => assert.ok(Math.abs(at - (1.496 + n / 2)) < 0.0003, `${at}`));
});

test('nothing is kept of what is over', () => {
  const rig = new Rig(roomOf());
  rig.run(20);
  assert.ok(rig.player.size < 6);
  rig.player.clear();
  assert.equal(rig.player.size, 0);
});
