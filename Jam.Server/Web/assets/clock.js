// The room's clock as far as a page knows it: bursts of probes, of each burst the quickest answer. A page that plays sound keeps a
// finer estimate; this one moves a slider and lights a lamp. Times are microseconds.

const BURST = 8;
const GAP_MS = 45;
const EVERY_MS = 10_000;
const FIRST_EVERY_MS = 800;
const FIRST_BURSTS = 5;
const KEPT_BURSTS = 6;
const JUMP_US = 30_000;
const SLEW_PER_MS = 0.004;

/** This page's monotonic clock. */
export const localNowUs = () => Math.round(performance.now() * 1000);

/** Estimates what the server's clock shows. */
export class RoomClock {
  #ask;
  #bursts = [];
  #burst = [];
  #timer = 0;
  #gap = 0;
  #offsetUs = null;
  #shownUs = 0;
  #shownAtMs = 0;
  clockId = null;

  /** @param ask sends one probe with its first stamp */
  constructor(ask) {
    this.#ask = ask;
  }

  /** Half of the shortest round trip of late: how far off the estimate may be; null before the first answer. */
  get errorUs() {
    return this.#bursts.length ? Math.min(...this.#bursts.map((b) => b.rttUs)) / 2 : null;
  }

  /** The shortest round trip of the last burst; null before the first answer. */
  get rttUs() {
    return this.#bursts.at(-1)?.rttUs ?? null;
  }

  /** The best probe of each burst of late, oldest first: {localUs, rttUs, offsetUs}. */
  get bursts() {
    return [...this.#bursts];
  }

  /** Measures now and from time to time. */
  start() {
    this.stop();
    this.#probe();
  }

  /** Measures no more; what is known goes on. */
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#gap);
    this.#burst = [];
  }

  /** Room time, or null until it is known. It never jumps for less than what an eye would see. */
  now() {
    if (this.#offsetUs === null) return null;
    const nowMs = performance.now();
    const missing = this.#offsetUs - this.#shownUs;
    if (Math.abs(missing) > JUMP_US) this.#shownUs = this.#offsetUs;
    else this.#shownUs += missing * Math.min(1, (nowMs - this.#shownAtMs) * SLEW_PER_MS);
    this.#shownAtMs = nowMs;
    return nowMs * 1000 + this.#shownUs;
  }

  /** Takes an answer that has come at a local instant. */
  take(answer, t4Us) {
    if (answer.clock_id !== this.clockId) this.#reset(answer.clock_id);
    const rttUs = t4Us - answer.t1_us - (answer.t3_us - answer.t2_us);
    if (!(rttUs >= 0)) return;
    const sample = {
      localUs: answer.t1_us + (t4Us - answer.t1_us) / 2,
      rttUs,
      offsetUs: (answer.t2_us - answer.t1_us + answer.t3_us - t4Us) / 2,
    };
    this.#burst.push(sample);
    const best = this.#burst.reduce((a, b) => (b.rttUs < a.rttUs ? b : a));
    if (this.#burst.length === 1) this.#bursts.push(best);
    else this.#bursts[this.#bursts.length - 1] = best;
    if (this.#bursts.length > KEPT_BURSTS) this.#bursts.shift();
    this.#offsetUs = this.#estimate();
  }

  // The newest counts most, unless its way was long.
  #estimate() {
    let sum = 0;
    let weights = 0;
    this.#bursts.forEach((b, age) => {
      const weight = 2 ** age / (1 + b.rttUs) ** 2;
      sum += weight * b.offsetUs;
      weights += weight;
    });
    return sum / weights;
  }

  #reset(clockId) {
    this.clockId = clockId;
    this.#bursts = [];
    this.#burst = [];
    this.#offsetUs = null;
  }

  #probe() {
    this.#burst = [];
    let sent = 0;
    const next = () => {
      this.#ask(localNowUs());
      if (++sent < BURST) this.#gap = setTimeout(next, GAP_MS);
    };
    next();
    const pause = this.#bursts.length < FIRST_BURSTS ? FIRST_EVERY_MS : EVERY_MS;
    this.#timer = setTimeout(() => this.#probe(), pause);
  }
}
