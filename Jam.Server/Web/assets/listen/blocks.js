// A track's bytes as far as they were needed, in blocks: neighbouring pieces share some, and what is asked for twice is fetched once.

const LEAST_BLOCK_BYTES = 32 * 1024;
const MAX_BLOCKS = 512;

/** What one request asks for at most, and how many are made at once: gateways cut off whoever asks for more. */
const BLOCKS_A_REQUEST = 16;
const REQUESTS_AT_ONCE = 2;

export class Blocks {
  #fetchRange;
  #blocks = new Map();
  #waiting = [];
  #open = 0;

  #blockBytes;

  /**
   * @param lengthBytes of the whole track
   * @param fetchRange (from, to, signal) => bytes
   * @param chunkBytes what a block is a multiple of, so that its hashes can be looked at
   */
  constructor(lengthBytes, fetchRange, chunkBytes = LEAST_BLOCK_BYTES) {
    this.lengthBytes = lengthBytes;
    this.#blockBytes = chunkBytes * Math.ceil(LEAST_BLOCK_BYTES / chunkBytes);
    this.#fetchRange = fetchRange;
  }

  /** Bytes from one to before another. */
  async read(from, to, signal) {
    const end = Math.min(to, this.lengthBytes);
    const first = Math.floor(from / this.#blockBytes);
    const last = Math.floor(Math.max(from, end - 1) / this.#blockBytes);
    for (let block = first; block <= last; block++) {
      if (this.#blocks.has(block)) continue;
      let until = block;
      while (until < last && until - block < BLOCKS_A_REQUEST - 1 && !this.#blocks.has(until + 1)) until++;
      this.#fetch(block, until, signal);
      block = until;
    }
    const wanted = [];
    for (let block = first; block <= last; block++) wanted.push(this.#blocks.get(block));
    const parts = await Promise.all(wanted);
    const out = new Uint8Array(Math.max(0, end - from));
    parts.forEach((bytes, i) => {
      const at = (first + i) * this.#blockBytes;
      const begin = Math.max(from, at);
      out.set(bytes.subarray(begin - at, Math.min(end, at + bytes.length) - at), begin - from);
    });
    this.#forget(first);
    return out;
  }

  #fetch(first, last, signal) {
    const from = first * this.#blockBytes;
    const whole = this.#inTurn(() => this.#fetchRange(from, Math.min(this.lengthBytes, (last + 1) * this.#blockBytes), signal));
    for (let block = first; block <= last; block++) {
      const at = block * this.#blockBytes - from;
      const part = whole.then((bytes) => bytes.slice(at, at + this.#blockBytes));
      // What failed is asked for anew by whoever needs it next.
      part.catch(() => this.#blocks.delete(block));
      this.#blocks.set(block, part);
    }
  }

  async #inTurn(ask) {
    if (this.#open >= REQUESTS_AT_ONCE) await new Promise((resolve) => this.#waiting.push(resolve));
    this.#open++;
    try {
      return await ask();
    } finally {
      this.#open--;
      this.#waiting.shift()?.();
    }
  }

  // The oldest go first, but not those that were just asked for.
  #forget(first) {
    for (const block of this.#blocks.keys()) {
      if (this.#blocks.size <= MAX_BLOCKS) return;
      if (block < first) this.#blocks.delete(block);
    }
  }
}
