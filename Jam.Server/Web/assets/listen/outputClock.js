// When what is scheduled on an AudioContext is heard, on this page's clock. The browser says now and then which sample was heard when; those
// pairs jitter, so a line is laid through the last seconds of them. Instants: context time in seconds, local time in microseconds.

const WINDOW_US = 4_000_000;
const READY_PAIRS = 5;
const READY_SPAN_US = 80_000;
const STRAY_US = 2_500;
const STRAYS_IN_A_ROW = 4;
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
  #line = null;

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
    this.#line = null;
    this.isReady = false;
  }

  /** Takes what a context says. */
  add(pair) {
    if (!pair) return;
    const last = this.#strays.at(-1) ?? this.#pairs.at(-1);
    if (last && pair.contextUs <= last.contextUs) return;
    if (this.#pairs.length >= 2 && Math.abs(this.#residual(pair)) > STRAY_US) {
      // One may be an accident; several in a row are another latency.
      this.#strays.push(pair);
      if (this.#strays.length < STRAYS_IN_A_ROW) return;
      this.#pairs = this.#strays;
    } else {
      this.#pairs.push(pair);
    }
    this.#strays = [];
    while (this.#pairs[0].localUs < pair.localUs - WINDOW_US) this.#pairs.shift();
    this.isReady ||= this.#pairs.length >= READY_PAIRS && pair.localUs - this.#pairs[0].localUs >= READY_SPAN_US;
    this.#fit();
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

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
