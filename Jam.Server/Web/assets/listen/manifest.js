// What a track is made of, by its hashes: a gateway's word for a byte is worth what its chunk's hash says.

import { sha256 } from '../sha256.js';

const HEADER_BYTES = 12;
const HASH_BYTES = 32;

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

export class Manifest {
  #bytes;

  /** @param bytes that were checked by their hash, which is the track's id */
  constructor(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = bytes;
    this.lengthBytes = Number(view.getBigUint64(0));
    this.chunkBytes = view.getUint32(8);
  }

  /** Whether bytes are a track's manifest. */
  static isOf(trackId, bytes) {
    return bytes.length >= HEADER_BYTES + HASH_BYTES && sha256(bytes) === trackId;
  }

  /** Whether bytes from a place on, which is the first of a chunk, are the track's. */
  isGood(from, bytes) {
    for (let at = 0; at < bytes.length; at += this.chunkBytes) {
      const chunk = (from + at) / this.chunkBytes;
      const hash = this.#bytes.subarray(HEADER_BYTES + chunk * HASH_BYTES, HEADER_BYTES + (chunk + 1) * HASH_BYTES);
      if (sha256(bytes.subarray(at, at + this.chunkBytes)) !== hex(hash)) return false;
    }
    return true;
  }
}
