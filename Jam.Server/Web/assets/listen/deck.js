// What the room plays, line by line: each STATE begins a line at its own instant, and ends the one before it there.

import { Line } from './line.js';

const SAME_US = 200;
const REJOIN_US = 5_000;
const REJOIN_AFTER = 2;
const REJOIN_REST_SECONDS = 0.4;

/** Whether two records put the track at the same place, so that nothing is to be heard of the change. */
export function isSameCourse(a, b) {
  if (!a || !b || a.status !== b.status || a.track_id !== b.track_id || a.clock_id !== b.clock_id) return false;
  const apart = b.position_us - a.position_us - (a.status === 'PLAY' ? b.at_us - a.at_us : 0);
  return Math.abs(apart) < SAME_US;
}

export class Deck {
  #context;
  #destination;
  #clock;
  #lines = [];
  #strays = 0;
  #restUntil = 0;

  /** @param clock {contextAt(roomUs), roomAt(contextSeconds)} */
  constructor(context, destination, clock) {
    this.#context = context;
    this.#destination = destination;
    this.#clock = clock;
  }

  /** The newest line; null before the first. */
  get current() {
    return this.#lines.at(-1) ?? null;
  }

  get jumps() {
    return this.#lines.reduce((sum, line) => sum + line.jumps, 0);
  }

  /**
   * Takes the room's newest record. What plays is left alone where the record says the same of it.
   * @param gainOf (trackId) => factor
   */
  follow(record, gainOf) {
    const current = this.current;
    // A new authority goes on where the last one was; what its clock puts elsewhere is bent, or jumped over.
    const isTakenOver = current && current.record.clock_id !== record.clock_id && current.record.track_id === record.track_id;
    if (
      current &&
      current.end === null &&
      (isSameCourse(current.record, record) || (isTakenOver && current.record.status === record.status))
    ) {
      current.record = record;
      return;
    }
    const begins = this.#clock.contextAt(record.at_us);
    // A record that takes an announced one back comes before that one has begun.
    while (this.#lines.length > 0 && this.#clock.contextAt(this.current.record.at_us) >= begins - 1e-4) this.#lines.pop().close();
    this.current?.endAt(begins);
    this.#lines.push(new Line(this.#context, this.#destination, record, this.#clock, gainOf(record.track_id)));
  }

  /** Gives lines their tracks, and makes sound until a context time. */
  pump(until, piecesOf) {
    while (this.#lines.length > 1 && this.#lines[0].isOver) this.#lines.shift().close();
    for (const line of this.#lines) {
      line.pieces ??= piecesOf(line.record.track_id);
      line.extend(until);
    }
    this.#rejoinWhereLost(until);
  }

  // Bending takes seconds; a device that has changed its latency, or a clock that was measured anew, is followed at once.
  #rejoinWhereLost(until) {
    const now = this.#context.currentTime;
    for (const line of this.#lines) {
      const error = line.errorAtUs(now + 0.03);
      if (error === null) continue;
      this.#strays = Math.abs(error) > REJOIN_US ? this.#strays + 1 : 0;
      if (this.#strays < REJOIN_AFTER || now < this.#restUntil) continue;
      line.rejoin();
      line.extend(until);
      this.#strays = 0;
      this.#restUntil = now + REJOIN_REST_SECONDS;
    }
  }

  /** What is heard at a context time: {line, errorUs}; null where it is silent. */
  heardAt(contextSeconds) {
    for (const line of this.#lines) {
      const errorUs = line.pieces ? line.errorAtUs(contextSeconds) : null;
      if (errorUs !== null) return { line, errorUs };
    }
    return null;
  }

  /** Silence at once; the next record begins anew. */
  clear() {
    for (const line of this.#lines) line.close();
    this.#lines = [];
  }
}
