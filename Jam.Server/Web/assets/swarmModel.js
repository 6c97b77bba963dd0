// What the peers tell of the swarm, gathered: chunks and whom they came from, links, what the uplinks allow.

import { named, spanText } from './dom.js';

const KEPT_MS = 120_000;
const MISSING = 0xffff;
const OWN = 0;
const LEAST_RATE = 2_000;
const SAME_MS = 50;
const MOST_POINTS = 150;

/** One colour a peer; the host's and one's own stand out. */
export function colorOf(index) {
  return `hsl(${Math.round((190 + index * 137.508) % 360)} 62% ${[56, 66, 47][index % 3]}%)`;
}

export const OWN_COLOR = '#7f8ea6';
export const HOST_COLOR = '#ffb454';

/** Everything of SWARM that has come since somebody watches here. */
export class SwarmModel {
  #client;
  #peers = new Map();
  #names = [''];
  #places = new Map([['', 0]]);
  revision = 0;

  constructor(client) {
    this.#client = client;
    client.on('SWARM', (p) => this.#take(p.peer_id, p.report));
    client.on('PEER_LEFT', (p) => {
      this.#peers.delete(p.peer_id);
      this.revision++;
    });
    // Who left while this page was away was told to nobody here.
    client.on('SNAPSHOT', (p) => p.page === p.pages - 1 && this.#keep(client.room.members));
    client.on('ROOM_STATS', (p) => p.quality?.forEach((q) => this.#takeStats(q.peer_id, q.stats)));
  }

  get trackId() {
    return this.#client.room.at(this.#client.roomNowUs())?.record.track_id ?? null;
  }

  /** Where the room is in the track, 0 to 1; null where nobody knows. */
  get playhead() {
    const at = this.#client.room.at(this.#client.roomNowUs());
    return at?.track?.duration_us ? at.positionUs / at.track.duration_us : null;
  }

  #known = { revision: -1, atMs: 0, peers: [] };

  /** The peers that tell of the room's track, the host first, then as they joined. */
  peers() {
    // Asked for by each part of a picture.
    const now = performance.now();
    if (this.#known.revision === this.revision && now - this.#known.atMs < SAME_MS) return [...this.#known.peers];
    const { members } = this.#client.room;
    const rank = (p) => (members.get(p.id)?.role === 'host' ? -1 : (members.get(p.id)?.join_seq ?? 1e9));
    const all = [...this.#peers.values()].filter((p) => p.trackId === this.trackId && p.chunks > 0);
    const peers = all.sort((a, b) => rank(a) - rank(b)).map((p) => this.#named(p));
    this.#known = { revision: this.revision, atMs: now, peers };
    return [...peers];
  }

  /** Colour of a source by its number. */
  colorOf(source) {
    if (source === OWN) return OWN_COLOR;
    return this.colorOfPeer(this.#names[source]);
  }

  colorOfPeer(id) {
    const { members } = this.#client.room;
    if (members.get(id)?.role === 'host') return HOST_COLOR;
    return colorOf(this.#place(id));
  }

  nameOf(id) {
    return this.#client.room.members.get(id)?.name ?? (id === 'unknown' ? 'someone who left' : id.slice(0, 8));
  }

  sourceName(source) {
    return source === OWN ? 'here before' : this.nameOf(this.#names[source]);
  }

  legend() {
    const used = new Set();
    for (const p of this.peers()) p.counts.forEach((n, source) => n > 0 && used.add(source));
    const rank = (source) => this.#client.room.members.get(this.#names[source])?.join_seq ?? (source === OWN ? -1 : 1e9);
    return [...used]
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, 60)
      .map((source) => ({
        id: source,
        color: this.colorOf(source),
        name: source === OWN ? 'here before, or seeded' : this.sourceName(source),
      }));
  }

  /** Share of all chunks that all viewers together have. */
  share() {
    const viewers = this.peers().filter((p) => !p.isSeed);
    if (!viewers.length) return null;
    return viewers.reduce((sum, p) => sum + p.have / p.chunks, 0) / viewers.length;
  }

  totalRate() {
    return this.peers().reduce((sum, p) => sum + p.down, 0);
  }

  /** Directed links that carry something, the busiest first: what the receiver says, or, where it says nothing, the sender. */
  links() {
    const links = new Map();
    const put = (from, to, rate) => {
      const key = `${from} ${to}`;
      if (rate >= LEAST_RATE && !(links.get(key)?.rate > rate)) links.set(key, { from, to, rate });
    };
    for (const p of this.peers()) {
      for (const l of p.links) {
        put(l.peer_id, p.id, l.down_rate);
        put(p.id, l.peer_id, l.up_rate);
      }
    }
    return [...links.values()].sort((a, b) => b.rate - a.rate);
  }

  busiest(count) {
    return this.links()
      .slice(0, count)
      .map((l) => ({ ...l, fromName: named(this.nameOf(l.from)), toName: named(this.nameOf(l.to)) }));
  }

  /**
   * The least time in which the track could be everywhere, max(F / u_host, F / d_min, N F / (u_host + sum of u)), from limits where peers
   * have some, else from the highest rates seen; and how near the room comes to it.
   */
  bound() {
    const track = this.#client.room.at(this.#client.roomNowUs())?.track;
    const peers = this.peers();
    const seeds = peers.filter((p) => p.isSeed);
    const viewers = peers.filter((p) => !p.isSeed);
    const nothing = { seconds: null, efficiency: null, copies: null, words: 'Nobody fetches the track at the moment.' };
    if (!track?.length_bytes || !seeds.length || !viewers.length) return nothing;
    const F = track.length_bytes;
    const up = (p) => p.upLimit ?? p.peakUp;
    const hostUp = seeds.reduce((sum, p) => sum + up(p), 0);
    const allUp = hostUp + viewers.reduce((sum, p) => sum + up(p), 0);
    const downs = viewers.map((p) => p.downLimit).filter((d) => d);
    const sent = viewers.reduce((sum, p) => sum + p.fromHost, 0) / viewers[0].chunks;
    if (!(hostUp > 0)) return { ...nothing, copies: sent, words: 'No rate of the host has been seen yet.' };
    const terms = [F / hostUp, (viewers.length * F) / allUp, downs.length ? F / Math.min(...downs) : 0];
    const seconds = Math.max(...terms);
    const slowest = Math.max(...viewers.map((p) => (p.tookUs ?? p.ageUs + (performance.now() - p.atMs) * 1000) / 1e6));
    const share = this.share();
    // While it goes on: what is here already, against the time that it took so far.
    const efficiency = slowest > 0 ? Math.min(1, (seconds * share) / slowest) : null;
    const basis = [...seeds, ...viewers].every((p) => p.upLimit)
      ? 'by the limits that the peers have set'
      : 'by the highest rates seen so far';
    const limit = ["the host's uplink", 'all uplinks together', 'the slowest downlink'][terms.indexOf(seconds)];
    const stands =
      share >= 1 ? `the room took ${slowest.toFixed(1)} s` : `after ${slowest.toFixed(0)} s the room has ${Math.floor(share * 100)} %`;
    return { seconds, efficiency, copies: sent, words: `Bound ${seconds.toFixed(1)} s ${basis}, set by ${limit}; ${stands}.` };
  }

  syncLines() {
    const now = performance.now();
    const lines = [...this.#peers.values()].map((p) => ({
      color: this.colorOfPeer(p.id),
      name: this.nameOf(p.id),
      points: p.sync.map((s) => [(s.atMs - now) / 1000, s.us]),
    }));
    return { lines: lines.filter((l) => l.points.length), x: [-KEPT_MS / 1000, 0], unit: spanText };
  }

  syncWords() {
    const last = [...this.#peers.values()].map((p) => ({ name: this.nameOf(p.id), ...p.sync.at(-1) })).filter((s) => s.us !== undefined);
    if (!last.length) return 'Nobody plays at the moment.';
    const worst = last.reduce((a, b) => (Math.abs(b.us) > Math.abs(a.us) ? b : a));
    const spread = Math.max(...last.map((s) => s.us)) - Math.min(...last.map((s) => s.us));
    return `${last.length} play; the furthest off is ${named(worst.name)} by ${spanText(worst.us)} ± ${spanText(worst.uncertaintyUs ?? 0)}; from first to last ${spanText(spread)}.`;
  }

  progressLines() {
    const viewers = this.peers().filter((p) => !p.isSeed);
    const bound = this.bound();
    const lines = viewers.map((p) => ({ color: this.colorOfPeer(p.id), name: p.name, points: p.progress }));
    const end = Math.max(5, (bound.seconds ?? 0) * 1.1, ...viewers.map((p) => p.progress.at(-1)?.[0] ?? 0));
    if (bound.seconds)
      lines.push({
        color: null,
        name: 'fluid bound',
        isDashed: true,
        points: [
          [0, 0],
          [bound.seconds, 100],
          [end, 100],
        ],
      });
    return { lines, x: [0, end], y: [0, 100], unit: (v) => `${v} %` };
  }

  #named(p) {
    const counts = p.counts;
    const hostIndexes = [...counts.keys()].filter((s) => s > 0 && this.#isSeed(this.#names[s]));
    const fromHost = hostIndexes.reduce((sum, s) => sum + counts.get(s), 0);
    return Object.assign(p, {
      name: this.nameOf(p.id),
      fromHost,
      fromOthers: p.have - fromHost - (counts.get(OWN) ?? 0),
      isSeed: this.#isSeed(p.id),
    });
  }

  // Who had it all from the start gives it to the others; in most rooms that is the host.
  #isSeed(id) {
    const p = this.#peers.get(id);
    return p ? p.chunks > 0 && (p.counts.get(OWN) ?? 0) === p.chunks : this.#client.room.members.get(id)?.role === 'host';
  }

  #place(id) {
    if (!this.#places.has(id)) {
      this.#places.set(id, this.#names.length);
      this.#names.push(id);
    }
    return this.#places.get(id);
  }

  #keep(members) {
    for (const id of this.#peers.keys()) if (!members.has(id)) this.#peers.delete(id);
    this.revision++;
  }

  #take(id, report) {
    let p = this.#peers.get(id);
    if (!p) this.#peers.set(id, (p = { id, sync: [], trackId: null, chunks: 0, revision: 0, peakUp: 0, progress: [] }));
    const now = performance.now();
    if (report.is_first || p.trackId !== report.track_id || p.chunks !== report.chunks) {
      const isOther = p.trackId !== report.track_id;
      Object.assign(p, {
        trackId: report.track_id,
        chunks: report.chunks,
        from: new Uint16Array(report.chunks).fill(MISSING),
        have: 0,
        counts: new Map(),
      });
      if (isOther) Object.assign(p, { progress: [], peakUp: 0 });
    }
    const fresh = [];
    const sources = report.sources.map((s) => this.#place(s));
    for (let i = 0, at = 0; i < report.runs.length; i += 3) {
      at += report.runs[i];
      const length = report.runs[i + 1];
      const source = report.runs[i + 2] ? sources[report.runs[i + 2] - 1] : OWN;
      for (let chunk = at; chunk < at + length; chunk++) {
        if (p.from[chunk] === MISSING) p.have++;
        p.from[chunk] = source;
      }
      p.counts.set(source, (p.counts.get(source) ?? 0) + length);
      if (!report.is_first) fresh.push([at, length]);
      at += length;
    }
    p.links = report.links;
    p.down = report.links.reduce((sum, l) => sum + l.down_rate, 0);
    p.up = report.links.reduce((sum, l) => sum + l.up_rate, 0);
    p.peakUp = Math.max(p.peakUp, p.up);
    p.upLimit = report.up_limit ?? null;
    p.downLimit = report.down_limit ?? null;
    p.ageUs = report.age_us;
    p.tookUs = report.took_us ?? null;
    p.atMs = now;
    p.fresh = fresh;
    p.revision++;
    if (p.chunks) this.#addProgress(p);
    this.#takeStats(id, report.stats);
    this.revision++;
  }

  #addProgress(p) {
    const seconds = (p.tookUs ?? p.ageUs) / 1e6;
    const last = p.progress.at(-1);
    if (last && last[1] === 100) return;
    if (!last) p.progress.push([0, 0]);
    p.progress.push([seconds, (p.have / p.chunks) * 100]);
    // Thinned rather than cut off: the beginning is what the bound is compared with.
    if (p.progress.length > MOST_POINTS) p.progress = p.progress.filter((_, i) => i % 2 === 0 || i === p.progress.length - 1);
  }

  #takeStats(id, stats) {
    const p = this.#peers.get(id);
    if (!p || !stats) return;
    p.stats = stats;
    const now = performance.now();
    if (typeof stats.sync_error_us === 'number')
      p.sync.push({ atMs: now, us: stats.sync_error_us, uncertaintyUs: stats.sync_uncertainty_us });
    while (p.sync.length && (p.sync[0].atMs < now - KEPT_MS || p.sync.length > 500)) p.sync.shift();
  }
}
