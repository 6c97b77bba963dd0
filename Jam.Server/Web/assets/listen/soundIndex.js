// Where the sound of a FLAC or an Ogg stands in its bytes, as peers hand it to each other (the layout stands in Jam.Peer/Playback/SoundIndex.cs):
// with its head in front, the bytes between two entries are a file of their own.

const MAGIC = [0x4a, 0x49, 0x58, 2];
const MAX_HEAD_BYTES = 32 * 1024;
const MAX_TAIL_BYTES = 256;
const MAX_ENTRIES = 16 * 1024;
const MAX_HOLES = 1_000;
const MAX_RATE = 1_000_000;
const MAX_CHANNELS = 64;
const MAX_FRAMES = 2 ** 40;

/** A decoder of Vorbis that begins anywhere is silent for at most so many frames. */
const LONGEST_PRIMING = 8192;

/** Until a decoder of Opus that began anywhere holds what one that came from the start holds. */
const SETTLE_SECONDS = 0.4;

const KINDS = { F: 'flac', V: 'vorbis', O: 'opus', P: 'plain' };

/** Takes integers of variable length one after the other; NaN where there is none. */
export function integersIn(bytes, from) {
  const reader = {
    at: from,
    take() {
      let value = 0;
      for (let i = 0; i < 7 && reader.at < bytes.length; i++) {
        const byte = bytes[reader.at++];
        value += (byte & 127) * 128 ** i;
        // One number has one spelling.
        if (byte < 128) return i > 0 && byte === 0 ? NaN : value;
      }
      return NaN;
    },
  };
  return reader;
}

export class SoundIndex {
  #offsets;
  #frames;
  #holes;

  constructor(layout, offsets, frames, holes) {
    Object.assign(this, layout);
    this.#offsets = offsets;
    this.#frames = frames;
    this.#holes = holes;
  }

  /** Reads an index; null where it is none that fits a track of this length. */
  static parse(bytes, trackBytes) {
    if (bytes.length < MAGIC.length + 1 || MAGIC.some((b, i) => bytes[i] !== b)) return null;
    const kind = KINDS[String.fromCharCode(bytes[MAGIC.length])];
    const reader = integersIn(bytes, MAGIC.length + 1);
    const take = () => reader.take();
    const [sampleRate, channels, lengthFrames, endByte, headBytes, tailBytes, entries, holes] = Array.from({ length: 8 }, take);
    const isSane =
      kind &&
      sampleRate > 0 &&
      sampleRate <= MAX_RATE &&
      channels > 0 &&
      channels <= MAX_CHANNELS &&
      lengthFrames > 0 &&
      lengthFrames <= MAX_FRAMES &&
      endByte > 0 &&
      endByte <= trackBytes &&
      headBytes > 0 &&
      headBytes <= MAX_HEAD_BYTES &&
      tailBytes <= MAX_TAIL_BYTES &&
      entries > 0 &&
      entries <= MAX_ENTRIES &&
      holes <= MAX_HOLES &&
      headBytes + tailBytes + 2 * entries - 1 + 2 * holes <= bytes.length - reader.at;
    if (!isSane) return null;
    const head = bytes.slice(reader.at, reader.at + headBytes);
    reader.at += headBytes + tailBytes;
    const offsets = [take()];
    const frames = [0];
    while (offsets.length < entries) {
      offsets.push(offsets.at(-1) + take());
      frames.push(frames.at(-1) + take());
    }
    if (!isRising(offsets, endByte) || !isRising(frames, lengthFrames)) return null;
    const missing = [];
    for (let i = 0, end = 0; i < holes; i++) {
      const from = end + take();
      end = from + take();
      missing.push({ from, until: end });
    }
    const isEnd = missing.every(({ from, until }) => until > from && until <= endByte) && reader.at === bytes.length;
    return isEnd ? new SoundIndex({ kind, sampleRate, channels, lengthFrames, endByte, head }, offsets, frames, missing) : null;
  }

  /**
   * Which bytes give some frames: from an entry whose decoder has settled by the first, to one at or behind the last.
   * @returns {from, to, fromFrame, toFrame, isLast}: bytes, and the sound frames that the entries begin with
   */
  cut(firstFrame, endFrame) {
    const before = this.kind === 'vorbis' ? LONGEST_PRIMING : this.kind === 'opus' ? Math.ceil(SETTLE_SECONDS * this.sampleRate) : 0;
    return this.#between(Math.max(0, this.#entryAt(firstFrame - before)), this.#entryAt(endFrame - 1) + 1);
  }

  /** Whether bytes hold something that cannot be decoded. */
  hasHole({ from, to }) {
    return this.#holes.some((hole) => hole.from < to && hole.until > from);
  }

  #between(entry, end) {
    const isLast = end >= this.#frames.length;
    return {
      from: this.#offsets[entry],
      to: isLast ? this.endByte : this.#offsets[end],
      fromFrame: this.#frames[entry],
      toFrame: isLast ? this.lengthFrames : this.#frames[end],
      isLast,
    };
  }

  /** The last entry that begins at or before a frame; -1: none does. */
  #entryAt(frame) {
    let [low, high] = [0, this.#frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#frames[middle] <= frame) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

const isRising = (values, most) => values.every((value, i) => value <= most && (i === 0 || value > values[i - 1]));
