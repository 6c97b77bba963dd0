// A track of a kind that only the browser can take apart (FLAC, Ogg Vorbis, Opus, AAC): decoded at once, when all of it is here.

/** More would not fit into a phone's memory once it is decoded. */
export const MAX_BYTES = 96 * 1024 * 1024;
export const MAX_SECONDS = 25 * 60;

/** The rate that a file's first bytes name; what a browser decodes at another is resampled by it. */
export function rateOf(head) {
  const is = (text, at) => [...text].every((c, i) => head[at + i] === c.charCodeAt(0));
  if (is('fLaC', 0) && head.length >= 21) return (head[18] << 12) | (head[19] << 4) | (head[20] >> 4);
  if (is('OggS', 0) && is('\x01vorbis', 28) && head.length >= 44) return head[40] | (head[41] << 8) | (head[42] << 16);
  return is('OggS', 0) ? 48_000 : 44_100;
}

export class WholeTrack {
  #buffer;

  constructor(buffer) {
    this.#buffer = buffer;
    this.sampleRate = buffer.sampleRate;
    this.lengthFrames = buffer.length;
    this.pieceFrames = buffer.sampleRate;
  }

  /** Fetches and decodes a track; throws where the browser cannot. */
  static async open(reader, decodeWhole, signal) {
    const bytes = await reader.read(0, reader.lengthBytes, signal);
    const rate = rateOf(bytes);
    return new WholeTrack(await decodeWhole(bytes, rate >= 3_000 && rate <= 384_000 ? rate : 48_000));
  }

  pieceAt(frame) {
    return Math.floor(frame / this.pieceFrames);
  }

  pieceStart(piece) {
    return piece * this.pieceFrames;
  }

  /** As Mp3Track.load. */
  async load(piece) {
    const start = this.pieceStart(piece);
    const end = Math.min(this.lengthFrames, start + this.pieceFrames);
    const sound = [];
    for (let c = 0; c < Math.min(2, this.#buffer.numberOfChannels); c++) sound.push(this.#buffer.getChannelData(c).subarray(start, end));
    return { start, sound };
  }
}
