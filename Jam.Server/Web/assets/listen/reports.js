// What this page tells the room of itself, as every member does: whether it could play, and how well it does.

import { NoGatewayError } from './gateways.js';
import { UnplayableError } from './tracks.js';

const STATS_EVERY_MS = 2_000;
const MOST_LEAD_US = 3_000_000;

/** Who cannot play at all must not have the others wait for it. */
export const isHopeless = (problem) => problem instanceof UnplayableError || problem instanceof NoGatewayError;

const whole = (value) => (Number.isFinite(value) ? Math.round(value) : null);

export class Reports {
  #client;
  #told = '';
  #sentMs = -Infinity;
  probes = { sent: 0, answered: 0 };

  constructor(client) {
    this.#client = client;
  }

  /** The connection is another one: everything is to be said again. */
  forget() {
    this.#told = '';
  }

  /** Says whether this page could play a track at once, where that has changed. */
  ready(trackId, isReady) {
    const what = `${trackId} ${isReady}`;
    if (trackId && what !== this.#told && this.#client.send('READY', { track_id: trackId, is_ready: isReady })) this.#told = what;
  }

  /** Nobody need wait for this page any more. */
  close(trackId) {
    if (this.#told === `${trackId} false`) this.ready(trackId, true);
    this.forget();
  }

  /** Says how well it goes, every two seconds. */
  stats({ rttUs, outputLeadUs, bufferUs, errorUs, uncertaintyUs, clockErrorUs }, nowMs = performance.now()) {
    if (nowMs - this.#sentMs < STATS_EVERY_MS) return;
    this.#sentMs = nowMs;
    const { sent, answered } = this.probes;
    this.#client.send('STATS', {
      rtt_us: whole(rttUs) ?? 0,
      output_lead_us: Math.min(MOST_LEAD_US, whole(outputLeadUs) ?? 0),
      buffer_us: whole(bufferUs) ?? 0,
      sync_error_us: whole(errorUs ?? NaN),
      sync_uncertainty_us: errorUs === null ? null : whole(uncertaintyUs ?? NaN),
      // The one that is under way does not count.
      loss: sent > 8 ? Math.min(1, Math.max(0, (sent - 1 - answered) / sent)) : 0,
      clock_error_us: whole(clockErrorUs),
    });
  }
}
