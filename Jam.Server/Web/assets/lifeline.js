// Whether anybody is still at the other end: a phone that has changed its network, or has slept, holds connections that nobody closes and nothing
// comes of, and one that is being opened may hang for minutes.

import { localNowUs } from './clock.js';

const LOOK_MS = 1_000;
const OPEN_WITHIN_MS = 8_000;
const SILENT_MS = 12_000;
const ANSWER_WITHIN_MS = 4_000;

/** What was not looked at for so long has slept, and what came meanwhile may wait behind. */
const SLEPT_MS = 3_000;

export class Lifeline {
  #ask;
  #lost;
  #now;
  #timer = 0;
  #isOpen = false;
  #heardMs = 0;
  #askedMs = null;
  #lookedMs = 0;

  /**
   * @param ask asks the other end for any answer, with this page's clock
   * @param lost told once that nobody is there
   * @param now milliseconds
   */
  constructor(ask, lost, now = () => performance.now()) {
    this.#ask = ask;
    this.#lost = lost;
    this.#now = now;
  }

  /** A connection is being opened. */
  begin() {
    this.end();
    this.#isOpen = false;
    this.#lookedMs = this.#heardMs = this.#now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** It is open, or something has come through it. */
  heard() {
    this.#isOpen = true;
    this.#heardMs = this.#now();
    this.#askedMs = null;
  }

  /** It is to be looked at now: the network may be another. */
  doubt() {
    if (this.#timer && this.#isOpen) this.#question();
  }

  /** There is none any more. */
  end() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#askedMs = null;
  }

  #question() {
    this.#askedMs ??= this.#now();
    this.#ask(localNowUs());
  }

  #look() {
    const now = this.#now();
    const hasSlept = now - this.#lookedMs > SLEPT_MS;
    this.#lookedMs = now;
    if (hasSlept) {
      // What was asked before counts no more; whoever was being called is called for as long again.
      this.#askedMs = null;
      if (!this.#isOpen) this.#heardMs = now;
    }
    const silentMs = now - this.#heardMs;
    if (this.#isOpen ? this.#askedMs !== null && now - this.#askedMs > ANSWER_WITHIN_MS : silentMs > OPEN_WITHIN_MS) {
      this.end();
      this.#lost();
    } else if (this.#isOpen && this.#askedMs === null && silentMs > SILENT_MS) this.#question();
  }
}
