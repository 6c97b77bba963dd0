// Bursts of probes and what their round trips say of each one's error; the same as the native peers' (Jam.Peer/Clock). A probe is
// {localUs, offsetUs, rttUs}: halfway between sending and receiving, room minus local, time on the way.

const CAPACITY = 300;
const RANK = 4;

const thereUs = (p) => p.rttUs / 2 + p.offsetUs;
const backUs = (p) => p.rttUs / 2 - p.offsetUs;

/** The way there of one probe and the way back of another, as if one had had the luck of both. */
const join = (there, back) => ({
  localUs: there.localUs + (back.localUs - there.localUs) / 2,
  offsetUs: (thereUs(there) - backUs(back)) / 2,
  rttUs: Math.max(1, thereUs(there) + backUs(back)),
});

/** What a burst comes to: its shortest way there and its shortest way back, whichever probes had them. */
export class Burst {
  #there = null;
  #back = null;
  answers = 0;
  best = null;

  /** Takes an answer; one whose round trip cannot be counts, but tells nothing. */
  add(probe) {
    this.answers++;
    if (probe.rttUs <= 0) return;
    if (!this.best || thereUs(probe) < thereUs(this.#there)) this.#there = probe;
    if (!this.best || backUs(probe) < backUs(this.#back)) this.#back = probe;
    this.best = join(this.#there, this.#back);
  }

  clear() {
    this.answers = 0;
    this.best = null;
  }
}

/** What the last 300 bursts came to, oldest first. */
export class ProbeHistory {
  #floorUs;
  probes = [];
  lowestUs = 0;
  spreadUs = 0;

  /** @param floorUs what stamping is off by where nothing queues */
  constructor(floorUs) {
    this.#floorUs = floorUs;
  }

  /** One standard deviation of a probe's offset. */
  sigmaUs(probe) {
    return (Math.max(0, probe.rttUs - this.lowestUs) + this.spreadUs) / 2 + this.#floorUs;
  }

  /** Adds one. Whether all are rated anew by that. */
  add(probe) {
    this.probes.push(probe);
    if (this.probes.length > CAPACITY) this.probes.shift();
    return this.#rate();
  }

  /** Takes back what was added last. Whether all are rated anew by that. */
  removeLast() {
    this.probes.pop();
    return this.#rate();
  }

  clear() {
    this.probes = [];
    this.lowestUs = 0;
    this.spreadUs = 0;
  }

  #rate() {
    const lowest = this.probes
      .map((p) => p.rttUs)
      .sort((a, b) => a - b)
      .slice(0, RANK);
    const before = [this.lowestUs, this.spreadUs];
    this.lowestUs = lowest[0] ?? 0;
    this.spreadUs = lowest.length ? Math.min(lowest[0], lowest.at(-1) - lowest[0]) : 0;
    return before[0] !== this.lowestUs || before[1] !== this.spreadUs;
  }
}
