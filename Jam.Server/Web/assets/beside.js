// What travels beside a track between the peers, tags and picture: a page gets it from the peer that its server is part of, where it is.

const known = new Map();
let offers = null;

/** What this server answers beside the rooms, by name. */
export async function serverOffers() {
  offers ??= fetch('/api/rooms')
    .then((r) => (r.ok ? r.json() : { offers: [] }))
    .then((lobby) => lobby.offers)
    .catch(() => []);
  return offers;
}

/** Tags of a track, {title, artist, album}; null where they are not to be had. */
export async function tagsOf(track) {
  const hash = track?.sidecars?.tags;
  if (!hash || !(await serverOffers()).includes('beside')) return null;
  if (!known.has(hash)) {
    known.set(
      hash,
      fetch(`/beside/${hash}`)
        .then((r) => (r.ok ? r.json() : null))
        .catch(() => null),
    );
  }
  const tags = await known.get(hash);
  // Tags come from the swarm a moment after the track does: what is not here yet is asked for again later.
  if (!tags) known.delete(hash);
  return tags;
}

/** Where a track's picture is; null where it has none that is to be had. */
export async function coverOf(track) {
  const hash = track?.sidecars?.cover;
  return hash && (await serverOffers()).includes('beside') ? `/beside/${hash}` : null;
}
