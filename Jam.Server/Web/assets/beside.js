// What travels beside a track between the peers, tags and picture: a page gets it from the peer that its server is part of, where it is one, else
// from any member with a gateway. Each is what its hash says.

import { sha256 } from './sha256.js';

const RETRY_MS = 3_000;

/** Pictures are large, and a room may play for days. */
const KEPT_COVERS = 8;

let offers = null;

/** What this server answers beside the rooms, by name. */
export async function serverOffers() {
  offers ??= fetch('/api/rooms')
    .then((r) => (r.ok ? r.json() : { offers: [] }))
    .then((lobby) => lobby.offers)
    .catch(() => []);
  return offers;
}

export class Beside {
  #client;
  #found = new Map();
  #covers = new Map();
  #failedMs = new Map();
  #gateways = null;

  constructor(client) {
    this.#client = client;
  }

  /** The room's gateways; loaded when something is first wanted of them. */
  async gateways() {
    const client = this.#client;
    const { Gateways, gatewayUrls } = await import('./listen/gateways.js');
    this.#gateways ??= new Gateways(
      () => gatewayUrls(client.room.members.values(), location),
      () => client.welcome?.peer_id,
      undefined,
      () => client.room.door.pass,
    );
    return this.#gateways;
  }

  /** Tags of a track, {title, artist, album, gain_db}; null where they are not to be had yet. */
  async tagsOf(track) {
    const bytes = await this.#bytesOf(track, 'tags');
    try {
      return bytes && JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      // They are what their hash says, which whoever seeds a track has made of anything.
      return null;
    }
  }

  /** Where a track's picture is; null where it has none that is to be had yet. */
  async coverOf(track) {
    const bytes = await this.#bytesOf(track, 'cover');
    if (!bytes) return null;
    const { cover: hash } = track.sidecars;
    const url = this.#covers.get(hash) ?? URL.createObjectURL(new Blob([bytes]));
    // The one that was wanted longest ago goes first.
    this.#covers.delete(hash);
    this.#covers.set(hash, url);
    for (const [old, oldUrl] of this.#covers) {
      if (this.#covers.size <= KEPT_COVERS) break;
      this.#covers.delete(old);
      this.#found.delete(old);
      URL.revokeObjectURL(oldUrl);
    }
    return url;
  }

  // It comes from the swarm a moment after the track does: what is not here yet is asked for again later.
  async #bytesOf(track, part) {
    const hash = track?.sidecars?.[part];
    if (!hash) return null;
    const isResting = performance.now() - (this.#failedMs.get(hash) ?? -Infinity) < RETRY_MS;
    if (!this.#found.has(hash)) {
      if (isResting) return null;
      this.#found.set(hash, this.#fetch(track.track_id, part, hash));
    }
    const bytes = await this.#found.get(hash).catch(() => null);
    if (!bytes) {
      this.#found.delete(hash);
      this.#failedMs.set(hash, performance.now());
    }
    return bytes;
  }

  async #fetch(trackId, part, hash) {
    if ((await serverOffers()).includes('beside')) {
      const answer = await fetch(`/beside/${hash}`).catch(() => null);
      if (answer?.ok) return new Uint8Array(await answer.arrayBuffer());
    }
    // Gateways have what goes with what is played now or next.
    const { room } = this.#client;
    if (![room.state?.track_id, room.nextTrackId].includes(trackId)) return null;
    const gateways = await this.gateways();
    return gateways.isThere ? gateways.beside(trackId, part, undefined, (bytes) => sha256(bytes) === hash) : null;
  }
}
