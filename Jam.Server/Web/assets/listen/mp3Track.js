// An MP3 in pieces that can be decoded alone: cut at frame boundaries, with the frames before them that their decoding draws on. Position 0 is
// the sample that native peers call 0, whatever encoder and decoder put before it.

import { DECODER_DELAY, findFrame, id3Length, prerollFrames, readHeader, readInfoTag, silentFrame, walk } from './mp3Frames.js';
import { bytesOf, parseIndex } from './trackIndex.js';

const PIECE_SECONDS = 1;
const INDEX_STEP = 16;
const HEAD_BYTES = 32 * 1024;
const MAX_JUNK_BYTES = 256 * 1024;

/** Decoders may keep the last frame back. */
const FRAMES_BEHIND = 2;

/** No frame of an MP3 is where its first should be. */
export class NoAudioError extends Error {}

export class Mp3Track {
  #reader;
  #index;
  #header;
  #decode;

  constructor(reader, index, decode) {
    this.#reader = reader;
    this.#index = index;
    this.#header = readHeader(index.header, 0);
    this.#decode = decode;
    this.sampleRate = this.#header.sampleRate;
    this.lengthFrames = index.lengthFrames;
    this.pieceFrames = Math.max(1, Math.round((PIECE_SECONDS * this.sampleRate) / this.#header.samples)) * this.#header.samples;
  }

  /** Opens a track by its index, or by counting its frames, which needs all of its bytes. */
  static async open(reader, indexBytes, decode, signal) {
    const given = indexBytes && parseIndex(indexBytes, reader.lengthBytes);
    const index = given && readHeader(given.header, 0) ? given : await count(reader, signal);
    return new Mp3Track(reader, index, decode);
  }

  /** How many pieces there are. Piece k holds the samples from k * pieceFrames - skip on; this is the piece that holds a position. */
  pieceAt(frame) {
    return Math.floor((frame + this.#index.skipFrames) / this.pieceFrames);
  }

  /** The position of a piece's first sample, before 0 for the very first. */
  pieceStart(piece) {
    return piece * this.pieceFrames - this.#index.skipFrames;
  }

  /** Which bytes a piece needs. */
  #cut(piece) {
    const { samples } = this.#header;
    const frames = this.pieceFrames / samples;
    const from = Math.max(0, piece * frames - prerollFrames(this.#header));
    const to = Math.min(this.#index.frames, (piece + 1) * frames + FRAMES_BEHIND);
    return { from, to, isLast: to === this.#index.frames, ...spread(bytesOf(this.#index, from, to, this.#reader.lengthBytes)) };
  }

  /**
   * A piece.
   * @returns {start, sound}: the position of its first sample, and channels of samples
   */
  async load(piece, signal) {
    const cut = this.#cut(piece);
    const bytes = await this.#reader.read(cut.byteFrom, cut.byteTo, signal);
    const { starts, end } = walk(bytes, 0, cut.to - cut.atFrame, this.#header);
    const skipped = cut.from - cut.atFrame;
    if (starts.length <= skipped) throw new Error('the track ends before its index says');
    let part = bytes.slice(starts[skipped], end);
    if (cut.isLast) part = joined(part, silentFrame(bytes, starts[skipped]));
    const count = starts.length - skipped + (cut.isLast ? 1 : 0);
    const { samples } = this.#header;
    const sound = await this.#decode(part, this.sampleRate, count * samples);
    const start = this.pieceStart(piece);
    const want = Math.min(this.lengthFrames, start + this.pieceFrames) - start;
    const at = start + this.#index.skipFrames - cut.from * samples - sound.shift;
    return { start, sound: sound.channels.map((c) => taken(c, at, want)) };
  }
}

const spread = ({ from, frame, to }) => ({ byteFrom: from, atFrame: frame, byteTo: to });

/** Some samples of a channel, with silence where there are none. */
function taken(channel, from, count) {
  if (from >= 0 && from + count <= channel.length) return channel.subarray(from, from + count);
  const out = new Float32Array(Math.max(0, count));
  const part = channel.subarray(Math.max(0, from), Math.max(0, from + count));
  out.set(part, Math.max(0, -from));
  return out;
}

function joined(a, b) {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Makes an index of a track that has none. */
async function count(reader, signal) {
  let begin = 0;
  for (let tags = 0; tags < 16; tags++) {
    const length = id3Length(await reader.read(begin, Math.min(reader.lengthBytes, begin + 10), signal));
    if (length === 0) break;
    begin += length;
  }
  const head = await reader.read(begin, Math.min(reader.lengthBytes, begin + HEAD_BYTES), signal);
  let found = findFrame(head, 0);
  if (!found) {
    const more = await reader.read(begin, Math.min(reader.lengthBytes, begin + MAX_JUNK_BYTES), signal);
    found = findFrame(more, 0);
    if (!found) throw new NoAudioError('it holds no audio');
  }
  const whole = await reader.read(begin, reader.lengthBytes, signal);
  const tag = readInfoTag(whole, found.at, found.header);
  const first = tag ? findFrame(whole, found.at + found.header.frameBytes, found.header) : found;
  if (!first) throw new NoAudioError('it holds no audio after its tag');
  const { starts } = walk(whole, first.at, Infinity, first.header);
  const skipFrames = typeof tag?.delay === 'number' ? tag.delay + DECODER_DELAY : 0;
  const sound =
    tag?.frames > 0
      ? tag.frames * first.header.samples - (tag.delay ?? 0) - (tag.padding ?? 0)
      : starts.length * first.header.samples - skipFrames;
  return {
    header: whole.slice(first.at, first.at + 4),
    frames: starts.length,
    skipFrames,
    lengthFrames: Math.max(0, sound),
    step: INDEX_STEP,
    offsets: starts.filter((_, i) => i % INDEX_STEP === 0).map((at) => begin + at),
  };
}
