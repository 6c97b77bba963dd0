// A FLAC or an Ogg in pieces: the bytes between two entries of its index, with its head in front, are a file that browsers decode. Where one
// does not, the whole track is fetched and decoded at once.

import { SoundIndex } from './soundIndex.js';

/** Opus is decoded at this rate whatever it was made from. */
const OPUS_RATE = 48_000;
const LEAST_RATE = 8_000;
const MOST_RATE = 384_000;

/** Where a FLAC's head says how many samples there are: 36 bits. */
const TOTAL_AT = 21;

/** This browser decodes parts of such a file not, or not as expected. */
class RefusedError extends Error {}

export class SplicedTrack {
  #reader;
  #index;
  #decode;
  #openWhole;
  #factor;
  #whole = null;

  /** Whether this browser wants the whole file at once. */
  isWhole = false;

  constructor(reader, index, decode, openWhole) {
    this.#reader = reader;
    this.#index = index;
    this.#decode = decode;
    this.#openWhole = openWhole;
    this.sampleRate = index.kind === 'opus' ? OPUS_RATE : index.sampleRate;
    this.#factor = this.sampleRate / index.sampleRate;
    this.lengthFrames = index.lengthFrames * this.#factor;
    this.pieceFrames = this.sampleRate;
  }

  /**
   * Opens a track by its index; null where that is none, or one of another kind of file.
   * @param decode (bytes, rate) => AudioBuffer
   * @param openWhole (signal) => WholeTrack
   */
  static open(reader, indexBytes, decode, openWhole) {
    return SplicedTrack.from(reader, SoundIndex.parse(indexBytes, reader.lengthBytes), decode, openWhole);
  }

  /** The same by an index that is read already. */
  static from(reader, index, decode, openWhole) {
    const isFit = index && index.kind !== 'plain' && index.sampleRate >= LEAST_RATE && index.sampleRate <= MOST_RATE;
    return isFit ? new SplicedTrack(reader, index, decode, openWhole) : null;
  }

  pieceAt(frame) {
    return Math.floor(frame / this.pieceFrames);
  }

  pieceStart(piece) {
    return piece * this.pieceFrames;
  }

  /** As Mp3Track.load. */
  async load(piece, signal) {
    if (!this.isWhole) {
      try {
        return await this.#loadPart(piece, signal);
      } catch (error) {
        if (!(error instanceof RefusedError || error.name === 'EncodingError')) throw error;
        this.isWhole = true;
      }
    }
    // What did not come is asked for anew; what cannot be decoded as a whole either stays so.
    this.#whole ??= this.#openWhole(signal).catch((error) => {
      if (!error.isFinal) this.#whole = null;
      throw error;
    });
    return (await this.#whole).load(piece);
  }

  async #loadPart(piece, signal) {
    const start = this.pieceStart(piece);
    const end = Math.min(this.lengthFrames, start + this.pieceFrames);
    const cut = this.#index.cut(Math.floor(start / this.#factor), Math.ceil(end / this.#factor));
    if (this.#index.hasHole(cut)) return { start, sound: [new Float32Array(end - start)] };
    const buffer = await this.#decodeCut(cut, signal);
    // What a decoder leaves out, it leaves out at the beginning.
    const first = cut.toFrame * this.#factor - buffer.length;
    const isAsExpected = first >= cut.fromFrame * this.#factor && first <= start;
    if (!isAsExpected) throw new RefusedError(`${buffer.length} frames for ${cut.toFrame - cut.fromFrame}`);
    const sound = [];
    for (let c = 0; c < Math.min(2, buffer.numberOfChannels); c++) sound.push(buffer.getChannelData(c).slice(start - first, end - first));
    return { start, sound };
  }

  async #decodeCut(cut, signal) {
    const bytes = await this.#reader.read(cut.from, cut.to, signal);
    const head = this.#headOf(cut);
    const file = new Uint8Array(head.length + bytes.length);
    file.set(head);
    file.set(bytes, head.length);
    return this.#decode(file, this.sampleRate);
  }

  #headOf({ fromFrame, toFrame }) {
    const { head, kind } = this.#index;
    if (kind !== 'flac' || head.length < TOTAL_AT + 5) return head;
    const copy = head.slice();
    const total = toFrame - fromFrame;
    copy[TOTAL_AT] = (copy[TOTAL_AT] & 0xf0) | Math.floor(total / 2 ** 32);
    new DataView(copy.buffer).setUint32(TOTAL_AT + 1, total % 2 ** 32);
    return copy;
  }
}
