// WAV and AIFF without compression: their samples stand in the bytes as they are, so any part can be had by itself.

const HEAD_BYTES = 64 * 1024;
const MAX_CHUNKS = 64;
const PIECE_SECONDS = 1;

const tagAt = (view, at) => String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** A number in AIFF's 80 bits, a sign, an exponent and a mantissa with its leading one. */
function extended(view, at) {
  const exponent = view.getUint16(at) & 0x7fff;
  return (view.getUint32(at + 2) * 2 ** 32 + view.getUint32(at + 6)) * 2 ** (exponent - 16383 - 63);
}

function readWav(view, at, size, tag, form) {
  if (tag === 'fmt ') {
    const kind = view.getUint16(at, true);
    // In the extensible form the kind stands at the beginning of a GUID.
    form.isFloat = (kind === 0xfffe && size >= 26 ? view.getUint16(at + 24, true) : kind) === 3;
    form.isPlain = [1, 3].includes(kind === 0xfffe && size >= 26 ? view.getUint16(at + 24, true) : kind);
    form.channels = view.getUint16(at + 2, true);
    form.sampleRate = view.getUint32(at + 4, true);
    form.bits = view.getUint16(at + 14, true);
  } else if (tag === 'data') {
    form.from = at;
    form.bytes = size;
  }
}

function readAiff(view, at, size, tag, form) {
  if (tag === 'COMM') {
    form.channels = view.getUint16(at);
    form.bits = view.getUint16(at + 6);
    form.sampleRate = Math.round(extended(view, at + 8));
    const kind = size >= 22 ? tagAt(view, at + 18) : 'NONE';
    form.isPlain = ['NONE', 'sowt', 'fl32', 'FL32'].includes(kind);
    form.isFloat = kind.toLowerCase() === 'fl32';
    form.isLittle = kind === 'sowt';
  } else if (tag === 'SSND') {
    form.from = at + 8 + view.getUint32(at);
    form.bytes = size - 8;
  }
}

/** What the header says; null where it is none that can be played. Bytes behind those given may be asked for by `more(at)`. */
async function readForm(reader, signal) {
  const form = { isLittle: true };
  let bytes = await reader.read(0, Math.min(reader.lengthBytes, HEAD_BYTES), signal);
  let base = 0;
  const kind = tagAt(new DataView(bytes.buffer, bytes.byteOffset), 0);
  const isAiff = kind === 'FORM';
  form.isLittle = !isAiff;
  for (let at = 12, n = 0; n < MAX_CHUNKS && at + 8 <= reader.lengthBytes && !(form.from && form.channels); n++) {
    if (at + 64 > base + bytes.length && base + bytes.length < reader.lengthBytes) {
      base = at;
      bytes = await reader.read(at, Math.min(reader.lengthBytes, at + 4096), signal);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const local = at - base;
    const size = view.getUint32(local + 4, !isAiff);
    const scoped = { ...form };
    (isAiff ? readAiff : readWav)(view, local + 8, size, tagAt(view, local), scoped);
    if (scoped.from !== form.from) scoped.from += base;
    Object.assign(form, scoped);
    at += 8 + size + (size % 2);
  }
  const width = form.bits / 8;
  const isGood =
    form.isPlain &&
    form.from > 0 &&
    form.channels >= 1 &&
    form.channels <= 8 &&
    form.sampleRate >= 3000 &&
    form.sampleRate <= 384_000 &&
    (form.isFloat ? width === 4 : [1, 2, 3, 4].includes(width));
  return isGood ? form : null;
}

/** How a sample is read, between -1 and 1. */
function sampler(view, { bits, isFloat, isLittle }) {
  if (isFloat) return (at) => view.getFloat32(at, isLittle);
  if (bits === 8) return isLittle ? (at) => (view.getUint8(at) - 128) / 128 : (at) => view.getInt8(at) / 128;
  if (bits === 16) return (at) => view.getInt16(at, isLittle) / 32768;
  if (bits === 24) {
    return isLittle
      ? (at) => ((view.getInt8(at + 2) << 16) | (view.getUint8(at + 1) << 8) | view.getUint8(at)) / 8388608
      : (at) => ((view.getInt8(at) << 16) | (view.getUint8(at + 1) << 8) | view.getUint8(at + 2)) / 8388608;
  }
  return (at) => view.getInt32(at, isLittle) / 2147483648;
}

export class PcmTrack {
  #reader;
  #form;

  constructor(reader, form) {
    this.#reader = reader;
    this.#form = form;
    this.frameBytes = (form.channels * form.bits) / 8;
    this.sampleRate = form.sampleRate;
    this.lengthFrames = Math.floor(Math.min(form.bytes, reader.lengthBytes - form.from) / this.frameBytes);
    this.pieceFrames = Math.round(PIECE_SECONDS * form.sampleRate);
  }

  /** Opens a track; null where its kind of samples cannot be read here. */
  static async open(reader, signal) {
    const form = await readForm(reader, signal);
    return form && new PcmTrack(reader, form);
  }

  pieceAt(frame) {
    return Math.floor(frame / this.pieceFrames);
  }

  pieceStart(piece) {
    return piece * this.pieceFrames;
  }

  /** As Mp3Track.load. */
  async load(piece, signal) {
    const start = this.pieceStart(piece);
    const count = Math.max(0, Math.min(this.lengthFrames, start + this.pieceFrames) - start);
    const from = this.#form.from + start * this.frameBytes;
    const bytes = await this.#reader.read(from, from + count * this.frameBytes, signal);
    const read = sampler(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), this.#form);
    const width = this.#form.bits / 8;
    const sound = [];
    for (let channel = 0; channel < Math.min(2, this.#form.channels); channel++) {
      const out = new Float32Array(count);
      for (let i = 0, at = channel * width; i < count; i++, at += this.frameBytes) out[i] = read(at);
      sound.push(out);
    }
    return { start, sound };
  }
}
