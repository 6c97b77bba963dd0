import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFrame, id3Length, prerollFrames, readHeader, readInfoTag, silentFrame, walk } from '../../../Jam.Server/Web/assets/listen/mp3Frames.js';
import { Mp3Track } from '../../../Jam.Server/Web/assets/listen/mp3Track.js';
import { placeOf } from '../../../Jam.Server/Web/assets/listen/decoding.js';
import { parseIndex } from '../../../Jam.Server/Web/assets/listen/trackIndex.js';
import { demoTrack, readerOf } from './support.mjs';

const SAMPLES = 1152;
const bytes = demoTrack();
const begin = id3Length(bytes);
const tagFrame = findFrame(bytes, begin);
const tag = readInfoTag(bytes, tagFrame.at, tagFrame.header);
const all = walk(bytes, tagFrame.at + tagFrame.header.frameBytes, Infinity, tagFrame.header);

/** The layout of Jam.Peer/Playback/TrackIndex.cs. */
function indexBytes({ header, first, frames, skip, length, step, offsets }) {
  const out = [0x4a, 0x49, 0x58, 1, ...header];
  const put = (value) => {
    for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
    out.push(value);
  };
  [first, frames, skip, length, step].forEach(put);
  for (let i = 1; i < offsets.length; i++) put(offsets[i] - offsets[i - 1]);
  return new Uint8Array(out);
}

const index = (step = 16) =>
  indexBytes({
    header: bytes.slice(all.starts[0], all.starts[0] + 4), first: all.starts[0], frames: all.starts.length, skip: tag.delay + 529,
    length: tag.frames * SAMPLES - tag.delay - tag.padding, step, offsets: all.starts.filter((_, i) => i % step === 0),
  });

/** A decoder that knows each frame by its bytes and makes of it its number: sample k of frame n is n * 1152 + k. */
function countingDecoder() {
  const places = new Map(all.starts.map((at, n) => [Buffer.from(bytes.subarray(at, all.starts[n + 1] ?? all.end)).toString('latin1'), n]));
  return (part, rate, expected) => {
    const found = walk(part, 0, Infinity, tagFrame.header);
    const channel = new Float32Array(found.starts.length * SAMPLES);
    found.starts.forEach((at, i) => {
      const n = places.get(Buffer.from(part.subarray(at, found.starts[i + 1] ?? found.end)).toString('latin1')) ?? -1;
      for (let k = 0; k < SAMPLES; k++) channel[i * SAMPLES + k] = n < 0 ? NaN : n * SAMPLES + k;
    });
    assert.equal(rate, 44100);
    assert.equal(channel.length, expected);
    return { channels: [channel], shift: 0 };
  };
}

test('the demo track is read as its encoder wrote it', () => {
  assert.equal(all.starts.length, tag.frames);
  assert.equal(tag.delay, 576);
  assert.equal(tagFrame.header.sampleRate, 44100);
});

for (const [name, given] of [['its index', index(16)], ['an index of few entries', index(64)], ['no index', null]]) {
  test(`with ${name} every piece holds exactly its samples, and they join without a gap`, async () => {
    const track = await Mp3Track.open(readerOf(bytes), given, countingDecoder());
    assert.equal(track.lengthFrames, tag.frames * SAMPLES - tag.delay - tag.padding);
    const skip = tag.delay + 529;
    let position = 0;
    for (let piece = track.pieceAt(0); piece <= track.pieceAt(track.lengthFrames - 1); piece++) {
      const { start, sound } = await track.load(piece);
      for (let i = Math.max(0, -start); i < sound[0].length; i += 97) {
        const sample = sound[0][i];
        // The very last samples come out of the silent frame that drives them out.
        if (start + i + skip < tag.frames * SAMPLES) assert.equal(sample, start + i + skip, `piece ${piece}, sample ${i}`);
      }
      assert.equal(Math.max(0, start), position);
      position = start + sound[0].length;
    }
    assert.equal(position, track.lengthFrames);
  });
}

test('a piece in the middle asks for the bytes around it and for nothing else', async () => {
  const reader = readerOf(bytes);
  const track = await Mp3Track.open(reader, index(), countingDecoder());
  const piece = track.pieceAt(Math.floor(track.lengthFrames / 2));
  await track.load(piece);
  const asked = reader.asked.reduce((sum, [from, to]) => sum + to - from, 0);
  assert.ok(asked < (bytes.length / (track.lengthFrames / 44100)) * 2.2, `${asked} bytes`);
});

test('a piece begins with the frames that its first one draws on', () => {
  const header = readHeader(bytes, all.starts[0]);
  const payload = header.frameBytes - 4 - header.sideInfoBytes;
  assert.ok((prerollFrames(header) - 3) * payload >= 511);
});

test('a silent frame is one of the same kind that holds nothing', () => {
  const frame = silentFrame(bytes, all.starts[0]);
  const header = readHeader(frame, 0);
  assert.deepEqual([header.sampleRate, header.frameBytes], [44100, frame.length]);
  assert.ok(frame.subarray(4).every((b) => b === 0));
});

test('what a decoder leaves out at the beginning is made up for', () => {
  const none = { early: 0, missing: 0 };
  assert.equal(placeOf(5 * SAMPLES, 5 * SAMPLES, none), -0);
  assert.equal(placeOf(4 * SAMPLES, 5 * SAMPLES, none), -SAMPLES);
  assert.equal(placeOf(5 * SAMPLES - 529, 5 * SAMPLES, { early: 529, missing: 529 }), -529);
  assert.equal(placeOf(4 * SAMPLES - 529, 5 * SAMPLES, { early: 529, missing: 529 }), -529 - SAMPLES);
});

test('junk between frames is passed over', () => {
  const at = all.starts[20];
  const dirty = new Uint8Array([...bytes.subarray(0, at), 1, 2, 3, 0xff, 0xe3, ...bytes.subarray(at)]);
  assert.equal(walk(dirty, all.starts[0], Infinity, tagFrame.header).starts.length, all.starts.length);
});

test('a damaged index is none', () => {
  const good = index();
  assert.ok(parseIndex(good, bytes.length));
  assert.equal(parseIndex(good.subarray(0, good.length - 1), bytes.length), null);
  assert.equal(parseIndex(new Uint8Array([...good, 0]), bytes.length), null);
  assert.equal(parseIndex(good, 1_000), null);
  assert.equal(parseIndex(new Uint8Array(3), bytes.length), null);
  for (let i = 0; i < good.length; i++) {
    const wrong = good.slice();
    wrong[i] ^= 0x81;
    const read = parseIndex(wrong, bytes.length);
    assert.ok(read === null || read.offsets.every((o, k) => o < bytes.length && (k === 0 || o > read.offsets[k - 1])));
  }
});

test('bytes that are no MP3 have no frames', () => {
  assert.equal(findFrame(new Uint8Array(5_000), 0), null);
  assert.equal(readHeader(new Uint8Array([0xff, 0xff, 0xff, 0xff]), 0), null);
  assert.equal(findFrame(new Uint8Array(5_000).fill(0xff), 0), null);
});
