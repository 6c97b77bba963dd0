// A Kalman filter over the offset of one clock from another and its drift; the same as the native peers' (Jam.Peer/Clock). Offsets are
// microseconds, drift is microseconds per microsecond, local time orders the measurements.

const STEADY_NOISE = 3e-11;
const GAP_NOISE = 1e-10;
const INITIAL_DRIFT_SIGMA = 50e-6;
const GAP_US = 5e6;

export class DriftFilter {
  #offset = 0;
  #drift = 0;
  #pOffset = 0;
  #pCross = 0;
  #pDrift = 0;

  /** Local instant that the state holds at. */
  referenceUs = 0;

  /** Measurements taken since the start. */
  updates = 0;

  /** Starts over from one measurement. */
  start(localUs, offsetUs, sigmaUs) {
    this.referenceUs = localUs;
    this.#offset = offsetUs;
    this.#drift = 0;
    this.#pOffset = sigmaUs * sigmaUs;
    this.#pCross = 0;
    this.#pDrift = INITIAL_DRIFT_SIGMA ** 2;
    this.updates = 1;
  }

  clear() {
    this.updates = 0;
  }

  /** What the state comes to at a local instant, at or after the reference. */
  at(localUs) {
    const dt = Math.max(0, localUs - this.referenceUs);
    const p = this.#predict(dt);
    return {
      offsetUs: this.#offset + this.#drift * dt,
      drift: this.#drift,
      offsetSigmaUs: Math.sqrt(p.offset),
      driftSigma: Math.sqrt(p.drift),
    };
  }

  /** Takes a measurement in. */
  update(localUs, offsetUs, sigmaUs) {
    const dt = Math.max(0, localUs - this.referenceUs);
    const p = this.#predict(dt);
    const predicted = this.#offset + this.#drift * dt;
    const innovation = p.offset + sigmaUs * sigmaUs;
    const gainOffset = p.offset / innovation;
    const gainDrift = p.cross / innovation;
    const residual = offsetUs - predicted;
    this.#offset = predicted + gainOffset * residual;
    this.#drift += gainDrift * residual;
    this.#pOffset = (1 - gainOffset) * p.offset;
    this.#pDrift = p.drift - gainDrift * p.cross;
    this.#pCross = (1 - gainOffset) * p.cross;
    this.referenceUs += dt;
    this.updates++;
  }

  #predict(dt) {
    const q = (dt > GAP_US ? GAP_NOISE : STEADY_NOISE) ** 2;
    return {
      offset: this.#pOffset + 2 * dt * this.#pCross + dt * dt * this.#pDrift + (q * dt ** 3) / 3,
      cross: this.#pCross + dt * this.#pDrift + (q * dt * dt) / 2,
      drift: this.#pDrift + q * dt,
    };
  }
}
