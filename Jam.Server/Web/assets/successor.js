// Another server may have come with another clock: what it shows is measured before it is told where the music was, by the clock of the one before.

import { localNowUs } from './clock.js';

const PROBES = 4;
const WITHIN_MS = 400;

export class Successor {
  #best = null;
  #answers = 0;
  #timer;
  #done;
  #offsetUs;
  #errorUs;
  #now;

  /**
   * @param clock of the server before, which is known
   * @param ask sends a probe, from its stamp
   * @param done told once, with {room_time_us, error_us, successor_us}: an instant on the old clock and, where it is known, on the new one
   * @param now this page's monotonic clock
   */
  constructor(clock, ask, done, now = localNowUs) {
    this.#now = now;
    this.#offsetUs = clock.now() - now();
    this.#errorUs = Math.max(1, clock.errorUs ?? 1e5);
    this.#done = done;
    for (let i = 0; i < PROBES; i++) ask(now());
    this.#timer = setTimeout(() => this.#tell(), WITHIN_MS);
  }

  /** Takes the answer to a probe. */
  take({ t1_us: t1, t2_us: t2, t3_us: t3 }, t4) {
    const rttUs = t4 - t1 - (t3 - t2);
    if (!this.#best || rttUs < this.#best.rttUs) this.#best = { rttUs, offsetUs: (t2 - t1 + t3 - t4) / 2 };
    if (++this.#answers === PROBES) this.#tell();
  }

  /** The connection has ended; nobody is told any more. */
  close() {
    clearTimeout(this.#timer);
    this.#done = () => {};
  }

  #tell() {
    const now = this.#now();
    const done = this.#done;
    this.close();
    done({
      room_time_us: Math.round(now + this.#offsetUs),
      error_us: this.#errorUs,
      successor_us: this.#best ? Math.round(now + this.#best.offsetUs) : null,
    });
  }
}
