// Where the room is, once its server has gone or says that it lives elsewhere: what a page knows of is asked, and the highest authority that has
// members is gone to. A word of somebody is only a hint; what is found there counts.

const PATIENCE_MS = 3_000;
const MOST_URLS = 16;

/** Whether an authority {epoch, id} ranks above another. */
export function outranks(a, b) {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.id.toLowerCase() < b.id.toLowerCase());
}

const isLoopback = (host) => ['127.0.0.1', 'localhost', '[::1]'].includes(host);

/** The WebSocket of a room as another machine names it: its own loopback address is that machine's. */
export function seenFrom(url, host) {
  try {
    const parsed = new URL(url);
    if (!['ws:', 'wss:'].includes(parsed.protocol)) return null;
    if (isLoopback(parsed.hostname)) parsed.hostname = host;
    return parsed.href;
  } catch {
    return null;
  }
}

/**
 * Where a room may be when its server does not answer: where it was, and with its members, one of whom takes it over on the port that servers
 * have unless it is taken.
 * @param members as the protocol has them
 * @param home the room's WebSocket at the server that this page came from
 */
export function placesOf(members, home) {
  const { protocol, hostname, port, pathname } = new URL(home);
  const hosts = [...members]
    .flatMap((m) => m.addresses ?? [])
    .map((address) => address.slice(0, address.lastIndexOf(':')))
    .filter((host) => !isLoopback(host) || isLoopback(hostname));
  const urls = hosts.map((host) => `${protocol}//${host}${port ? `:${port}` : ''}${pathname}`);
  return [...new Set([home, ...urls])].slice(0, MOST_URLS);
}

/** Asks a server where the room is, without joining it: {epoch, id, members, urls}; null where nobody answers. */
export function ask(url, known, Socket = WebSocket) {
  return new Promise((resolve) => {
    let socket;
    try {
      socket = new Socket(url);
    } catch {
      resolve(null);
      return;
    }
    const end = (answer) => {
      clearTimeout(timer);
      socket.onclose = null;
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(null), PATIENCE_MS);
    socket.onclose = () => end(null);
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'RENDEZVOUS', payload: { epoch: known.epoch, authority_id: known.id, urls: [] } }));
    socket.onmessage = ({ data }) => {
      try {
        const { type, payload } = JSON.parse(data);
        const { epoch, authority_id: id, members, urls } = payload;
        end(type === 'RENDEZVOUS' ? { epoch, id, members, urls } : null);
      } catch {
        end(null);
      }
    };
  });
}

/**
 * Looks for the room.
 * @param urls where to ask
 * @param known the authority {epoch, id} that was followed last
 * @param isLost whether that does not answer: then it is gone to under another address, too
 * @param path of the room's WebSocket, the same on every server
 * @returns the URL of the highest that is to be followed; null where there is none
 */
export async function find(urls, known, isLost, path, asking = ask) {
  const seen = new Set();
  const isOfRoom = (url) => url && new URL(url).pathname === path;
  let best = null;
  for (let round = [...new Set(urls)].filter(isOfRoom).slice(0, MOST_URLS), depth = 0; round.length > 0 && depth < 2; depth++) {
    round.forEach((url) => seen.add(url));
    const answers = await Promise.all(round.map(async (url) => ({ url, ...(await asking(url, known)) })));
    for (const answer of answers) {
      const isHere = answer.epoch && answer.members > 0 && !answer.urls?.length;
      const isWanted = isHere && (outranks(answer, known) || (isLost && answer.id === known.id));
      if (isWanted && (!best || outranks(answer, best))) best = answer;
    }
    // A server of old names the one that it was told of.
    round = answers.flatMap(({ url, urls: told }) => (told ?? []).map((t) => seenFrom(t, new URL(url).hostname)));
    round = [...new Set(round.filter((url) => isOfRoom(url) && !seen.has(url)))].slice(0, MOST_URLS);
  }
  return best?.url ?? null;
}

/** Where a page's room has been and may be: at home, which is the server that the page came from, or away. */
export class Whereabouts {
  #asking;
  #isLooking = false;

  /** @param home the room's WebSocket at home */
  constructor(home, asking = ask) {
    this.home = home;
    this.#asking = asking;
  }

  /** The server that a WebSocket leads to, {host, page}; null at home. */
  away(url, room) {
    if (url === this.home) return null;
    const { host, protocol } = new URL(url);
    return { host, page: `${protocol === 'wss:' ? 'https:' : 'http:'}//${host}/room/${encodeURIComponent(room)}` };
  }

  /** The room's WebSocket by what somebody at another told, where an authority above the known one is found; else null. */
  told(urls, from, known) {
    const { hostname } = new URL(from);
    return this.#find(urls.map((url) => seenFrom(url, hostname)).filter(Boolean), known, false);
  }

  /**
   * The room's WebSocket once its server does not answer: whoever took the room over answers elsewhere, and this page is no part of the swarm,
   * where that is told. Null where nothing is found, or somebody looks already.
   * @param elsewhere more places, from a function that takes time
   */
  async lost(members, known, elsewhere) {
    if (this.#isLooking) return null;
    this.#isLooking = true;
    const places = placesOf(members, this.home);
    try {
      return await this.#find([...places, ...(await elsewhere().catch(() => []))], known, true);
    } finally {
      this.#isLooking = false;
    }
  }

  #find(urls, known, isLost) {
    return find(urls, known, isLost, new URL(this.home).pathname, this.#asking);
  }
}
