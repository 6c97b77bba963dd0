import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoundIndex } from '../../../Jam.Server/Web/assets/listen/soundIndex.js';
import { SplicedTrack } from '../../../Jam.Server/Web/assets/listen/splicedTrack.js';
import { describe } from '../../../Jam.Server/Web/assets/listen/words.js';
import { readerOf } from './support.mjs';

const RATE = 8_000;
const FRAMES_A_BYTE = 10;
const AUDIO_AT = 500;
const LENGTH = 100_003;
const TRACK_BYTES = AUDIO_AT + Math.ceil(LENGTH / FRAMES_A_BYTE);

const flacHead = () => {
  const head = new Uint8Array(42).fill(0xee);
  head.set([0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34]);
  return head;
};

/** An index as peers write it: an entry every 3,000 frames. */
function indexOf({ kind = 'F', head = flacHead(), lengthFrames = LENGTH, holes = [], rate = RATE } = {}) {
  const out = [0x4a, 0x49, 0x58, 2, kind.charCodeAt(0)];
  const put = (value) => {
    for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
    out.push(value);
  };
  const entries = Math.ceil(lengthFrames / 3_000);
  [rate, 1, lengthFrames, TRACK_BYTES, head.length, 2, entries, holes.length].forEach(put);
  out.push(...head, 7, 7);
  put(AUDIO_AT);
  for (let i = 1; i < entries; i++) [300, 3_000].forEach(put);
  let end = 0;
  for (const [from, until] of holes) {
    [from - end, until - from].forEach(put);
    end = until;
  }
  return new Uint8Array(out);
}

/** A track whose every byte is so many frames, each of which holds its place; and a browser that decodes it, but for some frames at the beginning. */
function world({ leavesOut = 0, refuses = () => false, index = indexOf(), wholeOpens = async () => wholeTrack } = {}) {
  const bytes = new Uint8Array(TRACK_BYTES);
  for (let i = AUDIO_AT; i < TRACK_BYTES; i++) bytes[i] = (i - AUDIO_AT) % 251;
  const reader = readerOf(bytes);
  const files = [];
  const decode = async (file, rate) => {
    files.push(file);
    if (refuses(files.length)) throw Object.assign(new Error('no'), { name: 'EncodingError' });
    const sound = [...file.subarray(42)].flatMap((b) => Array(FRAMES_A_BYTE).fill(b));
    // The last byte holds fewer.
    const isEnd = reader.asked.at(-1)[1] === TRACK_BYTES;
    const all = Float32Array.from(isEnd ? sound.slice(0, sound.length - 7) : sound).subarray(leavesOut);
    return { sampleRate: rate, length: all.length, numberOfChannels: 1, getChannelData: () => all };
  };
  const opened = [];
  const track = SplicedTrack.open(reader, index, decode, (signal) => (opened.push(signal), wholeOpens()));
  return { reader, files, track, opened };
}

const wholeTrack = { load: async (piece) => ({ start: piece * RATE, sound: [new Float32Array([42])] }) };
const at = (frame) => Math.floor(frame / FRAMES_A_BYTE) % 251;

for (const [kind, leavesOut] of [
  ['F', 0],
  ['V', 1_024],
  ['O', 312],
])
  test(`every piece of a track of kind ${kind} is where it belongs, from the bytes around it alone`, async () => {
    const { track, reader } = world({ leavesOut, index: indexOf({ kind, rate: kind === 'O' ? 48_000 : RATE }) });
    const last = track.pieceAt(LENGTH - 1);
    for (const piece of [last, 1, 0, Math.min(5, last)]) {
      if (leavesOut > 0 && piece === 0) continue;
      reader.asked.length = 0;
      const { start, sound } = await track.load(piece);
      assert.equal(start, track.pieceStart(piece));
      assert.equal(sound[0].length, Math.min(LENGTH, start + track.pieceFrames) - start);
      for (let i = 0; i < sound[0].length; i += 37) assert.equal(sound[0][i], at(start + i));
      const [[from, to]] = reader.asked;
      const settles = { F: 0, V: 8_192, O: 19_200 }[kind];
      assert.ok(to - from <= (track.pieceFrames + settles + 6_000) / FRAMES_A_BYTE, `${to - from} bytes`);
    }
    assert.equal(track.isWhole, false);
  });

test('the head of a part of a FLAC says how long the part is', async () => {
  const { track, files } = world();
  await track.load(2);
  const info = new DataView(files[0].buffer);
  assert.deepEqual([info.getUint8(21), info.getUint32(22)], [0xe0, 24_000 - 15_000]);
  assert.equal(info.getUint8(20), 0xee);
});

test('a browser that refuses parts is given the whole file, once, and the page says so', async () => {
  const { track, opened, files } = world({ refuses: () => true });
  assert.equal((await track.load(3)).sound[0][0], 42);
  assert.equal((await track.load(4)).start, 4 * RATE);
  assert.deepEqual([track.isWhole, opened.length, files.length], [true, 1, 1]);
  const words = describe({ isOn: true, track: { kind: 'audio' }, status: 'PLAY', isLoaded: true, isWhole: true, share: 0.4, bufferSeconds: 0, errorUs: null });
  assert.match(words.status, /only as a whole.*40 %/);
});

test('a browser whose parts are not as long as they should be is given the whole file', async () => {
  const { track, opened } = world({ leavesOut: 5_000 });
  await track.load(2);
  assert.deepEqual([track.isWhole, opened.length], [true, 1]);
});

test('a whole file that did not come is asked for again, one that cannot be decoded is not', async () => {
  for (const [isFinal, times] of [
    [false, 2],
    [true, 1],
  ]) {
    const { track, opened } = world({ refuses: () => true, wholeOpens: async () => Promise.reject(Object.assign(new Error('x'), { isFinal })) });
    await assert.rejects(track.load(0), /x/);
    await assert.rejects(track.load(0), /x/);
    assert.equal(opened.length, times);
  }
});

test('what cannot be decoded is silent, and what stands beside it is not', async () => {
  const { track, files } = world({ index: indexOf({ holes: [[AUDIO_AT + 900, AUDIO_AT + 1_000]] }) });
  const { sound } = await track.load(1);
  assert.ok(sound[0].length === RATE && sound[0].every((v) => v === 0) && files.length === 0);
  assert.equal((await track.load(2)).sound[0][0], at(16_000));
});

test('an index that is damaged, or of another kind, opens nothing', () => {
  const good = indexOf({ holes: [[600, 700]] });
  assert.ok(SoundIndex.parse(good, TRACK_BYTES));
  assert.equal(SoundIndex.parse(good, TRACK_BYTES - 1), null);
  assert.equal(SoundIndex.parse(new Uint8Array([...good, 0]), TRACK_BYTES), null);
  for (let i = 0; i < good.length; i++) {
    assert.equal(SoundIndex.parse(good.subarray(0, i), TRACK_BYTES), null, `${i} bytes`);
    const wrong = good.slice();
    wrong[i] ^= 0x81;
    const index = SoundIndex.parse(wrong, TRACK_BYTES);
    if (!index) continue;
    const { from, to } = index.cut(1_000, 2_000);
    assert.ok(from <= to && to <= TRACK_BYTES);
  }
  assert.equal(world({ index: indexOf({ kind: 'P' }) }).track, null);
  assert.equal(world({ index: new Uint8Array([0x4a, 0x49, 0x58, 1, 0]) }).track, null);
});
