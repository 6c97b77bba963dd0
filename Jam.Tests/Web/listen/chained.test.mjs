import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChain } from '../../../Jam.Server/Web/assets/listen/chainIndex.js';
import { ChainedTrack } from '../../../Jam.Server/Web/assets/listen/chainedTrack.js';
import { Pieces } from '../../../Jam.Server/Web/assets/listen/pieces.js';
import { readerOf } from './support.mjs';

const RATE = 8_000;
const FRAMES_A_BYTE = 10;
const HEAD_BYTES = 42;
const GAP = 11;
const LINKS = [
  { from: 3, frames: 20_010, channels: 2 },
  { from: 3 + 2_001 + GAP, frames: 12_340, channels: 1 },
];
const TRACK_BYTES = LINKS[1].from + 1_234;

function put(out, ...values) {
  for (let value of values) {
    for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
    out.push(value);
  }
}

/** An index of one stream, an entry every 1,000 frames. */
function linkIndex({ frames, channels }, rate = RATE) {
  const out = [0x4a, 0x49, 0x58, 2, 'V'.charCodeAt(0)];
  const entries = Math.ceil(frames / 1_000);
  put(out, rate, channels, frames, frames / FRAMES_A_BYTE, HEAD_BYTES, 0, entries, 0);
  out.push(...new Uint8Array(HEAD_BYTES).fill(channels));
  put(out, 0);
  for (let i = 1; i < entries; i++) put(out, 100, 1_000);
  return out;
}

function chainIndex(rates = [RATE, RATE]) {
  const out = [0x4a, 0x49, 0x58, 3];
  put(out, LINKS.length);
  let end = 0;
  LINKS.forEach((link, i) => {
    const index = linkIndex(link, rates[i]);
    put(out, link.from - end, link.frames / FRAMES_A_BYTE, index.length);
    out.push(...index);
    end = link.from + link.frames / FRAMES_A_BYTE;
  });
  return new Uint8Array(out);
}

/** Every byte tells its place in the track; a browser decodes one stream, with the head that belongs to it. */
function world(refuses = false) {
  const bytes = Uint8Array.from({ length: TRACK_BYTES }, (_, i) => i % 251);
  const reader = readerOf(bytes);
  const decode = async (file, rate) => {
    if (refuses) throw Object.assign(new Error('no'), { name: 'EncodingError' });
    const sound = Float32Array.from([...file.subarray(HEAD_BYTES)].flatMap((b) => Array(FRAMES_A_BYTE).fill(b)));
    return { sampleRate: rate, length: sound.length, numberOfChannels: file[0], getChannelData: () => sound };
  };
  const opened = [];
  const openWhole = async (part) => {
    opened.push((await part.read(0, part.lengthBytes))[0]);
    return { load: async (piece) => ({ start: piece * RATE, sound: [new Float32Array(1)] }) };
  };
  return { reader, opened, track: ChainedTrack.open(reader, chainIndex(), decode, openWhole) };
}

const byteAt = (frame) => {
  const first = LINKS[0].frames;
  const at = frame < first ? LINKS[0].from + frame / FRAMES_A_BYTE : LINKS[1].from + (frame - first) / FRAMES_A_BYTE;
  return Math.floor(at) % 251;
};

test('every frame of a chained Ogg is where it belongs, in the first stream, in the next, and where they meet', async () => {
  const { track } = world();
  assert.equal(track.lengthFrames, LINKS[0].frames + LINKS[1].frames);
  let at = 0;
  for (let piece = 0; piece <= track.pieceAt(track.lengthFrames - 1); piece++) {
    assert.equal(track.pieceStart(piece), at);
    const { start, sound } = await track.load(piece);
    assert.equal(start, at);
    assert.equal(sound.length, 2, 'a stream of one channel is heard on both sides');
    for (let i = 0; i < sound[0].length; i++) assert.equal(sound[1][i], byteAt(start + i));
    for (const frame of [start, start + sound[0].length - 1]) assert.equal(track.pieceAt(frame), piece);
    at += sound[0].length;
  }
  assert.equal(at, track.lengthFrames);
  assert.equal(track.pieceStart(track.pieceAt(track.lengthFrames - 1) + 1), track.lengthFrames);
});

test('what is ahead in a chained Ogg is counted over its streams', async () => {
  const { track } = world();
  const [first, last] = [track.pieceAt(LINKS[0].frames - 1), track.pieceAt(track.lengthFrames - 1)];
  let left = last - first + 1;
  await new Promise((resolve) => {
    const pieces = new Pieces(track, () => {
      if (--left > 0) return;
      assert.equal(pieces.aheadOf(LINKS[0].frames - 5), Infinity);
      resolve();
    });
    assert.equal(pieces.aheadOf(LINKS[0].frames - 5), 0);
    pieces.want(LINKS[0].frames - 5, 100);
  });
});

test('a browser that refuses parts is given the one stream that is wanted, as a whole', async () => {
  const { track, opened } = world(true);
  const piece = track.pieceAt(LINKS[0].frames + 1);
  assert.equal((await track.load(piece)).start, LINKS[0].frames);
  assert.deepEqual([opened, track.isWhole], [[LINKS[1].from % 251], true]);
});

test('an index of a chain that is damaged, or whose streams differ in their rate, opens nothing', () => {
  const good = chainIndex();
  assert.equal(parseChain(good, TRACK_BYTES).length, 2);
  assert.equal(parseChain(good, TRACK_BYTES - 1), null);
  assert.equal(parseChain(chainIndex([RATE, RATE * 2]), TRACK_BYTES), null);
  assert.equal(parseChain(new Uint8Array([...good, 0]), TRACK_BYTES), null);
  for (let i = 0; i < good.length; i++) {
    assert.equal(parseChain(good.subarray(0, i), TRACK_BYTES), null, `${i} bytes`);
    const wrong = good.slice();
    wrong[i] ^= 0x81;
    for (const { from, until } of parseChain(wrong, TRACK_BYTES) ?? []) assert.ok(from < until && until <= TRACK_BYTES);
  }
});
