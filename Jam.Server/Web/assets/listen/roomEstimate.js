// Estimates the room clock from probes, as the native peers do (Jam.Peer/Clock/RoomClockEstimator.cs). Pure: it says when to probe and is
// told of every answer; instants are microseconds on this page's monotonic clock.

import { DriftFilter } from './driftFilter.js';
import { Burst, ProbeHistory } from './probeHistory.js';

const PROBES_PER_BURST = 8;
const FIRST_BURSTS = 5;
const EARLY_BURSTS = 6;
const FIRST_GAP_US = 1_000;
const EARLY_GAP_US = 500_000;
const STEADY_GAP_US = 2_000_000;
const QUICK_BURSTS = 100;
const QUICK_GAP_US = 100_000;
const POOR_GAP_US = 1_000_000;
const PROBE_TIMEOUT_US = 1_000_000;
const BURSTS_TO_BE_READY = 5;
const LOST_ERROR_US = 10_000;

/** On a page that is short of time answers are heard late, and the estimate gets finer slowly: by what is known then it plays all the same. */
const ROUGH_AFTER_US = 400_000;
const ROUGH_ERROR_US = 5_000;
const OLDEST_US = 60_000_000;
const GATE_FLOOR_US = 2_000;
const GATE_SIGMAS = 6;

export class RoomEstimate {
  #filter = new DriftFilter();
  #history;
  #burst = new Burst();
  #stampUs;
  #outstanding = null;
  #nextAtUs = -Infinity;
  #bursts = 0;
  #taken = 0;
  #begunUs = 0;
  #firstUs = null;
  #isHolding = false;
  clockId = null;
  isReady = false;

  /**
   * @param stampUs how coarse this page's clock is: browsers round it to 5 us, 100 us or 1 ms
   */
  constructor(stampUs = 100) {
    this.#stampUs = stampUs;
    this.#history = new ProbeHistory(10 + stampUs / 2);
  }

  /**
   * Takes what the page has measured before anybody listened: the best probe of each burst, oldest first. Whether it holds, the next burst tells:
   * a machine may have slept meanwhile.
   */
  remember(clockId, bursts, nowUs) {
    if (this.clockId !== null || clockId === null) return;
    this.clockId = clockId;
    for (const best of bursts.filter((b) => b.localUs > nowUs - OLDEST_US && b.rttUs > 0)) {
      this.#bursts++;
      this.#take(best);
    }
    this.isReady = false;
  }

  /** When to call tryBeginProbe next. */
  get nextProbeAtUs() {
    return this.#outstanding === null ? this.#nextAtUs : this.#outstanding + PROBE_TIMEOUT_US;
  }

  /** The lowest round trip of the last bursts. */
  get rttUs() {
    return this.#history.lowestUs;
  }

  /** Begins a probe where one is due; the stamp to send it with, at once, or null. */
  tryBeginProbe(nowUs) {
    if (nowUs < this.nextProbeAtUs) return null;
    if (this.#outstanding !== null) {
      this.#outstanding = null;
      this.#endBurst(nowUs);
      if (nowUs < this.#nextAtUs) return null;
    }
    if (this.#burst.answers === 0) this.#begunUs = nowUs;
    this.#firstUs ??= nowUs;
    this.#outstanding = nowUs;
    return nowUs;
  }

  /** Takes an answer; one that is late, or of no probe, is ignored. Whether it was one. */
  onResponse(t1, t2, t3, t4, clockId) {
    if (t1 !== this.#outstanding) return false;
    this.#outstanding = null;
    if (clockId !== this.clockId) this.#reset(clockId);
    // A round trip that is below what the clock can show is one all the same.
    const rttUs = Math.max(t4 - t1 - (t3 - t2), this.#stampUs > 20 ? 1 : 0);
    const probe = { localUs: t1 + (t4 - t1) / 2, offsetUs: (t2 - t1 + (t3 - t4)) / 2, rttUs };
    this.#burst.add(probe);
    if (this.#burst.answers === PROBES_PER_BURST || this.#isQuick(probe)) this.#endBurst(t4);
    return true;
  }

  /** The connection is gone: the estimate stays, and once there is one again the next burst is due at once. */
  onConnectionLost() {
    this.#outstanding = null;
    this.#burst.clear();
    this.#bursts = Math.min(this.#bursts, FIRST_BURSTS);
    this.#nextAtUs = -Infinity;
  }

  /** The estimate as it is now, which stays as it is: {clockId, toRoomUs, toLocalUs}; null before the first. */
  snapshot() {
    if (this.#filter.updates === 0) return null;
    const at = this.#filter.referenceUs;
    const { offsetUs, drift } = this.#filter.at(at);
    return {
      clockId: this.clockId,
      toRoomUs: (localUs) => localUs + offsetUs + drift * (localUs - at),
      toLocalUs: (roomUs) => at + (roomUs - offsetUs - at) / (1 + drift),
    };
  }

  /** One standard deviation of the estimate at a local instant. */
  errorUs(localUs) {
    return this.#filter.updates === 0 ? Infinity : this.#filter.at(localUs).offsetSigmaUs;
  }

  /** Room clock's rate against this page's, less 1. */
  get drift() {
    return this.#filter.updates === 0 ? 0 : this.#filter.at(this.#filter.referenceUs).drift;
  }

  #isQuick(probe) {
    return (
      this.#bursts >= FIRST_BURSTS + EARLY_BURSTS &&
      !this.#isHolding &&
      probe.rttUs > 0 &&
      probe.rttUs <= this.#history.lowestUs + 25 &&
      !this.#isOutlier(probe)
    );
  }

  #endBurst(nowUs) {
    this.#bursts++;
    if (this.#burst.best) this.#take(this.#burst.best);
    this.#burst.clear();
    this.#nextAtUs = nowUs + this.#gapUs(nowUs);
  }

  // Finer than its clock shows nobody need know it.
  get #poorUs() {
    return Math.max(30, this.#stampUs);
  }

  #gapUs(nowUs) {
    if (this.#bursts < FIRST_BURSTS) return FIRST_GAP_US;
    if (this.#isHolding || this.#filter.updates === 0) return EARLY_GAP_US;
    if (this.#bursts < QUICK_BURSTS && this.errorUs(nowUs + STEADY_GAP_US) > this.#poorUs)
      return Math.max(QUICK_GAP_US, nowUs - this.#begunUs);
    if (this.errorUs(nowUs) > this.#poorUs) return POOR_GAP_US;
    return this.#bursts < FIRST_BURSTS + EARLY_BURSTS ? EARLY_GAP_US : STEADY_GAP_US;
  }

  #take(best) {
    if (this.#history.add(best)) this.#replay(this.#history.probes.length - 1);
    if (this.#filter.updates > 0 && this.#isOutlier(best)) {
      if (this.#history.removeLast()) this.#replay(this.#history.probes.length);
      if (!this.#isHolding) {
        this.#isHolding = true;
        return;
      }
      this.#startOver();
      this.#bursts = 1;
      this.#history.add(best);
    }
    this.#isHolding = false;
    this.#taken++;
    this.#enter(best);
    const error = this.errorUs(this.#filter.referenceUs);
    const enoughUs = best.localUs - (this.#firstUs ?? Infinity) >= ROUGH_AFTER_US ? ROUGH_ERROR_US : 1_000;
    this.isReady = this.isReady
      ? error < LOST_ERROR_US
      : this.#taken >= BURSTS_TO_BE_READY && error < Math.max(enoughUs, 2 * this.#stampUs);
  }

  #replay(count) {
    this.#filter.clear();
    for (let i = 0; i < count; i++) this.#enter(this.#history.probes[i]);
  }

  #enter(probe) {
    const sigma = this.#history.sigmaUs(probe);
    if (this.#filter.updates === 0) this.#filter.start(probe.localUs, probe.offsetUs, sigma);
    else this.#filter.update(probe.localUs, probe.offsetUs, sigma);
  }

  #isOutlier(probe) {
    const { offsetUs, offsetSigmaUs } = this.#filter.at(probe.localUs);
    const expected = Math.hypot(offsetSigmaUs, this.#history.sigmaUs(probe));
    return Math.abs(probe.offsetUs - offsetUs) > Math.max(GATE_FLOOR_US, GATE_SIGMAS * expected);
  }

  #reset(clockId) {
    this.clockId = clockId;
    this.#startOver();
    this.#bursts = 0;
    this.#burst.clear();
  }

  #startOver() {
    this.#filter.clear();
    this.#history.clear();
    this.#taken = 0;
    this.#firstUs = null;
    this.#isHolding = false;
    this.isReady = false;
  }
}

/** How coarse this page's monotonic clock is, microseconds: the smallest step seen in a few milliseconds. */
export function clockStepUs(now = () => performance.now(), rounds = 20) {
  let least = Infinity;
  let last = now();
  for (let i = 0, seen = 0; i < 200_000 && seen < rounds; i++) {
    const at = now();
    if (at === last) continue;
    least = Math.min(least, (at - last) * 1000);
    last = at;
    seen++;
  }
  return Number.isFinite(least) ? Math.min(20_000, Math.max(1, Math.round(least))) : 1000;
}
