// A member's own lane of the loop. Lanes are their owners' to bring where a server has forgotten them, and are kept back while the loop is silent here.

export class OwnLane {
  #client;
  #steps = null;
  #isKept = false;
  #isHeard = true;

  constructor(client) {
    this.#client = client;
  }

  /** Whether the loop sounds on this page; while it does not, nothing is sent. */
  get isHeard() {
    return this.#isHeard;
  }

  set isHeard(isHeard) {
    this.#isHeard = isHeard;
    if (isHeard && this.#isKept) this.set(this.#steps);
  }

  /** Sets it, one entry for each step. */
  set(steps) {
    this.#steps = steps;
    this.#isKept = !this.#isHeard;
    return !this.#isKept && this.#client.send('LOOP_UPDATE', { steps });
  }

  /** Sends it to a server that does not know it. */
  bring() {
    const { lanes, peerId, loop } = this.#client.room;
    const isLacking = this.#steps?.some(Boolean) && !lanes.has(peerId) && this.#steps.length === loop.steps;
    if (this.#isHeard && isLacking) this.set(this.#steps);
  }
}
