// The pieces of a track around the playhead, decoded before they are needed, a few of them kept.

const KEPT = 24;
const AT_ONCE = 2;

export class Pieces {
  #track;
  #ready = new Map();
  #loading = new Map();
  #wanted = [];
  #onChange;
  #abort = new AbortController();
  /** The last thing that went wrong; null while pieces come. */
  problem = null;

  /**
   * @param track with pieceAt, pieceStart, load, pieceFrames, sampleRate, lengthFrames
   * @param onChange called when a piece has come, or could not be had
   */
  constructor(track, onChange) {
    this.#track = track;
    this.#onChange = onChange;
  }

  get track() {
    return this.#track;
  }

  /** What is wanted now: the piece of a position and so many after it, in this order. */
  want(frame, count) {
    const first = this.#track.pieceAt(Math.max(0, Math.min(frame, this.#track.lengthFrames - 1)));
    const last = this.#track.pieceAt(this.#track.lengthFrames - 1);
    this.#wanted = [];
    for (let piece = first; piece <= Math.min(last, first + count - 1); piece++) this.#wanted.push(piece);
    this.#fill();
  }

  /** A piece that is here, {start, sound}; null where it is not. */
  find(piece) {
    return this.#ready.get(piece) ?? null;
  }

  /** How many frames behind a position are here without a gap; Infinity where it is all that is left. */
  aheadOf(frame) {
    const last = this.#track.pieceAt(this.#track.lengthFrames - 1);
    let piece = this.#track.pieceAt(frame);
    if (frame >= this.#track.lengthFrames) return Infinity;
    while (piece <= last && this.#ready.has(piece)) piece++;
    return piece > last ? Infinity : Math.max(0, this.#track.pieceStart(piece) - frame);
  }

  close() {
    this.#abort.abort(new DOMException('the track is not wanted any more', 'AbortError'));
    this.#wanted = [];
  }

  #fill() {
    for (const piece of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (!this.#ready.has(piece) && !this.#loading.has(piece)) this.#loading.set(piece, this.#load(piece));
    }
  }

  async #load(piece) {
    try {
      const loaded = await this.#track.load(piece, this.#abort.signal);
      this.#ready.delete(piece);
      this.#ready.set(piece, loaded);
      this.problem = null;
      for (const old of this.#ready.keys()) {
        if (this.#ready.size <= KEPT) break;
        if (!this.#wanted.includes(old)) this.#ready.delete(old);
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.problem = error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    } finally {
      this.#loading.delete(piece);
    }
    if (this.#abort.signal.aborted) return;
    this.#onChange();
    this.#fill();
  }
}
