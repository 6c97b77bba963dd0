// When what is scheduled on an AudioContext is heard, on this page's clock. The browser says now and then which sample was heard when; those
// pairs jitter, so a line is laid through the last seconds of them. On a machine that is short of time they wander for seconds, by up to a
// tenth of a second, while the sound goes on as it was: what no line of a device can be is not followed. Instants: context time in seconds,
// local time in microseconds.

const WINDOW_US = 4_000_000;
const READY_PAIRS = 5;
const READY_SPAN_US = 80_000;
const STRAY_US = 2_500;

/** Pairs agree where all but the farthest lie so close, for so long: a device whose latency has changed does so in one step. */
const AGREED_US = 1_500;
const AGREED_PAIRS = 4;
const AGREED_SPAN_US = 240_000;

/** Where none agree for so long, the middle of what they say is the best guess; the next one is made as much later. */
const DOUBT_US = 1_000_000;
const DRIFT_SIGMA = 100e-6;
const PAIR_SIGMA_US = 1_000;

/** What a context says of its output now, {contextUs, localUs}; null where it says nothing. */
export function readOutput(context, nowMs = performance.now()) {
  const stamp = context.getOutputTimestamp?.();
  if (stamp?.performanceTime > 0 && stamp.contextTime > 0)
    return { contextUs: stamp.contextTime * 1e6, localUs: stamp.performanceTime * 1e3 };
  if (!(context.currentTime > 0)) return null;
  const latency = context.outputLatency || context.baseLatency || 0;
  return { contextUs: (context.currentTime - latency) * 1e6, localUs: nowMs * 1e3 };
}

export class OutputClock {
  #pairs = [];
  #strays = [];
  #recent = [];
  #line = null;
  #begunUs = 0;

  /** Whether enough is known to schedule by; once it is, a step is bridged by what was known before. */
  isReady = false;

  /** How many pairs the line goes through. */
  get count() {
    return this.#pairs.length;
  }

  /** One standard deviation of the line where it is used, microseconds. */
  get errorUs() {
    return this.#line?.errorUs ?? Infinity;
  }

  /** Rate of the device against this page's clock, less 1. */
  get drift() {
    return this.#line?.slope ?? 0;
  }

  /** Forgets everything: the device is another, or the context stood still. */
  clear() {
    this.#pairs = [];
    this.#strays = [];
    this.#recent = [];
    this.#line = null;
    this.isReady = false;
  }

  /** Whether the last pairs contradict the line, and more of them would help. */
  get isInDoubt() {
    return this.#strays.length > 0;
  }

  /** Takes what a context says. */
  add(pair) {
    if (!pair || pair.contextUs <= this.#recent.at(-1)?.contextUs) return;
    if (this.#recent.length === 0) this.#begunUs = pair.localUs;
    this.#recent.push(pair);
    forget(this.#recent, pair.localUs - WINDOW_US);
    if (this.#line && Math.abs(this.#residual(pair)) <= STRAY_US) {
      this.#pairs.push(pair);
      this.#strays = [];
    } else {
      // One may be an accident; what follows the line again is no other latency.
      this.#strays.push(pair);
      if (!this.#believeStrays(pair.localUs)) return;
    }
    forget(this.#pairs, pair.localUs - WINDOW_US);
    this.isReady ||= this.#pairs.length >= READY_PAIRS && pair.localUs - this.#pairs[0].localUs >= READY_SPAN_US;
    this.#fit();
  }

  /** Whether what contradicts the line is to be the new one. */
  #believeStrays(nowUs) {
    // Before anything is known, less has to do; it is corrected by the same means.
    const spanUs = this.isReady ? AGREED_SPAN_US : READY_SPAN_US;
    const newest = this.#strays.slice(this.#strays.findLastIndex((p) => p.localUs <= nowUs - spanUs));
    const isLong = nowUs - newest[0].localUs >= spanUs && newest.length >= (this.isReady ? AGREED_PAIRS : READY_PAIRS);
    if (isLong && spread(newest) <= AGREED_US) {
      this.#pairs = newest;
      this.#strays = [];
      return true;
    }
    if (nowUs - this.#strays[0].localUs < DOUBT_US) return false;
    // What it said as it began tells least: of less than two windows only the newer half counts.
    const middle = median(this.#recent.filter((p) => p.localUs >= (this.#begunUs + nowUs) / 2).map(offsetOf));
    this.#pairs = this.#recent.map(({ localUs }) => ({ localUs, contextUs: localUs + middle }));
    this.#strays = [];
    return true;
  }

  /** The context time that is heard at a local instant. */
  contextAt(localUs) {
    return (localUs + this.#line.offsetUs + this.#line.slope * (localUs - this.#line.atUs)) / 1e6;
  }

  /** The local instant at which a context time is heard. */
  localAt(contextSeconds) {
    return this.#line.atUs + (contextSeconds * 1e6 - this.#line.offsetUs - this.#line.atUs) / (1 + this.#line.slope);
  }

  #residual({ contextUs, localUs }) {
    return contextUs - this.contextAt(localUs) * 1e6;
  }

  // Least squares with a prior on the slope: a few seconds of jitter must not pass for a device that runs away.
  #fit() {
    const n = this.#pairs.length;
    const atUs = this.#pairs[n - 1].localUs;
    let pairs = this.#pairs;
    for (let round = 0; ; round++) {
      const mean = { x: 0, y: 0 };
      for (const p of pairs) {
        mean.x += (p.localUs - atUs) / pairs.length;
        mean.y += (p.contextUs - p.localUs) / pairs.length;
      }
      let xx = (PAIR_SIGMA_US / DRIFT_SIGMA) ** 2;
      let xy = 0;
      for (const p of pairs) {
        const x = p.localUs - atUs - mean.x;
        xx += x * x;
        xy += x * (p.contextUs - p.localUs - mean.y);
      }
      const slope = xy / xx;
      const residuals = pairs.map((p) => p.contextUs - p.localUs - mean.y - slope * (p.localUs - atUs - mean.x));
      const spread = median(residuals.map(Math.abs)) * 1.5 + 1;
      this.#line = { atUs, slope, offsetUs: mean.y - slope * mean.x, errorUs: (spread / Math.sqrt(pairs.length)) * 2 };
      if (round === 1 || pairs.length < 8) return;
      pairs = pairs.filter((_, i) => Math.abs(residuals[i]) <= 3 * spread);
    }
  }
}

const offsetOf = ({ contextUs, localUs }) => contextUs - localUs;

function forget(pairs, beforeUs) {
  while (pairs[0]?.localUs < beforeUs) pairs.shift();
}

/** How far pairs are apart, but for the farthest tenths. */
function spread(pairs) {
  const sorted = pairs.map(offsetOf).sort((a, b) => a - b);
  const tenth = Math.floor(sorted.length / 10);
  return sorted.at(-1 - tenth) - sorted[tenth];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
