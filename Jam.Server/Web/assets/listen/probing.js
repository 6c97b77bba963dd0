// Asks the room's server what its clock shows, whenever the estimate wants to know.

const MOST_WAIT_MS = 1_000;

/** This page's monotonic clock. */
export const nowUs = () => Math.round(performance.now() * 1000);

export class Probing {
  #client;
  #estimate;
  #counts;
  #timer = 0;
  #offs = [];

  /**
   * @param client the room's RoomClient
   * @param estimate says when to ask, and is told the answers
   * @param counts {sent, answered}, kept up to date
   */
  constructor(client, estimate, counts) {
    this.#client = client;
    this.#estimate = estimate;
    this.#counts = counts;
  }

  start() {
    this.#offs = [
      this.#client.on('SYNC_RESPONSE', (p, t4Us) => this.#take(p, t4Us ?? nowUs())),
      this.#client.on('status', (status) => status === 'open' && this.#ask()),
    ];
    this.#ask();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#offs.forEach((off) => off());
  }

  #ask() {
    clearTimeout(this.#timer);
    if (this.#client.status === 'open') {
      const t1 = this.#estimate.tryBeginProbe(nowUs());
      if (t1 !== null && this.#client.send('SYNC_REQUEST', { t1_us: t1, is_brief: true })) this.#counts.sent++;
    }
    const waitMs = Math.min(MOST_WAIT_MS, Math.max(1, (this.#estimate.nextProbeAtUs - nowUs()) / 1e3));
    this.#timer = setTimeout(() => this.#ask(), waitMs);
  }

  #take(p, t4Us) {
    if (!this.#estimate.onResponse(p.t1_us, p.t2_us, p.t3_us, t4Us, p.clock_id)) return;
    this.#counts.answered++;
    this.#ask();
  }
}
