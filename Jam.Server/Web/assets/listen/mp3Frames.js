// Frames of MPEG audio in bytes: headers, the encoder's tag, tags in front. The same reading as the native peers' (Jam.Peer/Audio/Mp3), so
// that frame 0 is the same frame for everyone.

const BITRATES = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const RATES = [44100, 48000, 32000];
const ID3_HEADER_BYTES = 10;
const PROOF_FRAMES = 3;

/** Samples by which every layer 3 decoder is late. */
export const DECODER_DELAY = 529;

/** What must be read to know a header, bytes. */
export const HEADER_BYTES = 4;

/** A frame's header at a place; null where there is none. */
export function readHeader(bytes, at) {
  if (at + HEADER_BYTES > bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) return null;
  const versionBits = (bytes[at + 1] >> 3) & 3;
  const layerBits = (bytes[at + 1] >> 1) & 3;
  const bitrateIndex = bytes[at + 2] >> 4;
  const rateIndex = (bytes[at + 2] >> 2) & 3;
  if (versionBits === 1 || layerBits === 0 || bitrateIndex === 0 || bitrateIndex === 15 || rateIndex === 3 || (bytes[at + 3] & 3) === 2)
    return null;
  const version = versionBits === 3 ? 1 : versionBits === 2 ? 2 : 3;
  const layer = 4 - layerBits;
  const kbps = BITRATES[version === 1 ? layer - 1 : layer === 1 ? 3 : 4][bitrateIndex];
  const sampleRate = RATES[rateIndex] >> (version - 1);
  const padding = (bytes[at + 2] & 2) >> 1;
  const samples = layer === 1 ? 384 : layer === 3 && version > 1 ? 576 : 1152;
  const frameBytes =
    layer === 1
      ? (Math.floor((12_000 * kbps) / sampleRate) + padding) * 4
      : Math.floor(((samples / 8) * 1000 * kbps) / sampleRate) + padding;
  const channels = bytes[at + 3] >> 6 === 3 ? 1 : 2;
  const sideInfoBytes = version === 1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  return { version, layer, sampleRate, samples, frameBytes, channels, sideInfoBytes };
}

/** Whether both can be frames of one stream. */
export const isSameStream = (a, b) => a.version === b.version && a.layer === b.layer && a.sampleRate === b.sampleRate;

/** A whole ID3v2 tag's length, its header and footer included; 0 where none begins here (ID3v2.4, section 3.1). */
export function id3Length(bytes, at = 0) {
  const head = bytes.subarray(at, at + ID3_HEADER_BYTES);
  if (head.length < ID3_HEADER_BYTES || head[0] !== 0x49 || head[1] !== 0x44 || head[2] !== 0x33) return 0;
  if ((head[6] | head[7] | head[8] | head[9]) & 0x80) return 0;
  const size = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9];
  return ID3_HEADER_BYTES + size + (head[5] & 0x10 ? ID3_HEADER_BYTES : 0);
}

const isText = (bytes, at, text) => [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

const word = (bytes, at) => ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;

/** What the encoder wrote into an otherwise silent first frame: {frames, delay, padding}, each null where it does not say; null: sound. */
export function readInfoTag(bytes, at, header) {
  if (header.layer !== 3) return null;
  const end = Math.min(bytes.length, at + header.frameBytes);
  if (at + 54 <= end && isText(bytes, at + 36, 'VBRI')) return { frames: word(bytes, at + 50), delay: null, padding: null };
  for (const crc of [0, 2]) {
    const tag = at + HEADER_BYTES + header.sideInfoBytes + crc;
    if (tag + 8 > end || !(isText(bytes, tag, 'Info') || isText(bytes, tag, 'Xing'))) continue;
    const flags = word(bytes, tag + 4);
    let next = tag + 8;
    const frames = flags & 1 ? word(bytes, next) : null;
    next += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
    const isNamed = /^[A-Za-z]{2}/.test(String.fromCharCode(bytes[next], bytes[next + 1]));
    if (next + 24 > end || !isNamed) return { frames, delay: null, padding: null };
    return {
      frames,
      delay: (bytes[next + 21] << 4) | (bytes[next + 22] >> 4),
      padding: ((bytes[next + 22] & 15) << 8) | bytes[next + 23],
    };
  }
  return null;
}

/**
 * The next frame at or after a place; several frames in a row prove it, or fewer that end with the bytes.
 * @param like a header of the same stream; null: any
 * @returns {at, header}, or null
 */
export function findFrame(bytes, from, like = null) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const header = readHeader(bytes, at);
    if (header && isProven(bytes, at, like ?? header)) return { at, header };
  }
  return null;
}

function isProven(bytes, at, like) {
  for (let i = 0; i < PROOF_FRAMES; i++) {
    const header = readHeader(bytes, at);
    if (!header) return i > 0 && at + HEADER_BYTES > bytes.length;
    if (!isSameStream(header, like)) return false;
    at += header.frameBytes;
  }
  return true;
}

/**
 * Places of the frames from one on, each found behind the one before; where something else stands between them, it is passed over, as the
 * native peers do.
 * @param count how many, at most
 * @returns {starts, end}: where each begins, and where the last one ends
 */
export function walk(bytes, from, count, like) {
  const starts = [];
  let at = from;
  while (starts.length < count) {
    let header = readHeader(bytes, at);
    if (!header || !isSameStream(header, like)) {
      const found = findFrame(bytes, at, like);
      if (!found) break;
      ({ at, header } = found);
    }
    if (at + header.frameBytes > bytes.length) break;
    starts.push(at);
    at += header.frameBytes;
  }
  return { starts, end: at };
}

/** A frame of a kind that holds nothing: it drives out what still stands in a decoder's filters. */
export function silentFrame(bytes, at) {
  const header = readHeader(bytes, at);
  const frame = new Uint8Array(header.frameBytes);
  frame.set(bytes.subarray(at, at + HEADER_BYTES));
  frame[1] |= 1;
  return frame;
}

/** Bytes of earlier frames that a frame of layer 3 may draw on, and frames until a decoder's filters hold what they should. */
export function prerollFrames(header) {
  const payload = Math.max(1, header.frameBytes - HEADER_BYTES - header.sideInfoBytes);
  return 3 + Math.min(40, Math.ceil(511 / payload));
}
