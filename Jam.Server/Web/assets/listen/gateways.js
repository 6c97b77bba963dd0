// Who in the room passes its tracks on to browsers, and fetching from them: one after the other, until one answers.

const TRIES = 4;
const LEAST_WAIT_MS = 300;
const MOST_WAIT_MS = 4_000;
const TIMEOUT_MS = 20_000;

/** No gateway gives what was asked for; `isNobody` where none was there to be asked. */
export class NoGatewayError extends Error {
  constructor(message, isNobody) {
    super(message);
    this.isNobody = isNobody;
  }
}

/**
 * Addresses of gateways in the order in which to try them: the page's own server first, since that one is known to be within reach.
 * @param members of the room, as the protocol has them
 * @param page {protocol, hostname, port, origin} of this page
 */
export function gatewayUrls(members, page) {
  const urls = [];
  const add = (url) => urls.includes(url) || urls.push(url);
  const withGateway = [...members].filter((m) => m.gateway_port > 0);
  const pagePort = Number(page.port) || (page.protocol === 'https:' ? 443 : 80);
  if (withGateway.some((m) => m.gateway_port === pagePort)) add(page.origin);
  // Whoever passes on and is no host has more to spare than the host.
  for (const member of withGateway.sort((a, b) => (a.role === 'host') - (b.role === 'host'))) {
    for (const address of member.addresses ?? []) {
      const host = address.slice(0, address.lastIndexOf(':'));
      const isHere = ['127.0.0.1', '[::1]'].includes(host);
      if (isHere && !['127.0.0.1', 'localhost', '[::1]'].includes(page.hostname)) continue;
      // A page that came encrypted may not fetch what is not.
      if (page.protocol === 'https:') continue;
      add(`http://${host}:${member.gateway_port}`);
    }
  }
  return urls;
}

/** Waits; a signal that outlives many pauses keeps nothing of them. */
const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });

/** Fetches from whichever gateway answers; the one that did is asked first the next time. */
export class Gateways {
  #urls;
  #peerId;
  #pass;
  #last = null;
  #liars = new Set();
  #fetch;

  /**
   * @param urls the addresses as they are now, from a function
   * @param peerId this member's id, from a function: gateways count listeners by it
   * @param fetcher fetches
   * @param pass what the gateways of a locked room want to see, from a function; null where it is open
   */
  constructor(urls, peerId, fetcher = (url, options) => fetch(url, options), pass = () => null) {
    this.#pass = pass;
    this.#urls = urls;
    this.#peerId = peerId;
    this.#fetch = fetcher;
  }

  /** Whether there is any to be asked. */
  get isThere() {
    return this.#urls().some((url) => !this.#liars.has(url));
  }

  /** The gateway in use; null before one has answered. */
  get current() {
    return this.#last;
  }

  /** How many gateways gave what was wrong, and are asked no more. */
  get liars() {
    return this.#liars.size;
  }

  /**
   * Bytes of a track from one to before another.
   * @param isGood whether they are what they should be; a gateway that gives others is asked no more
   */
  async range(trackId, from, to, signal, isGood = () => true) {
    const isWhole = (bytes) => bytes.length === to - from && isGood(bytes);
    return this.#get(`/track/${trackId}`, { Range: `bytes=${from}-${to - 1}` }, 206, signal, false, isWhole);
  }

  /** Something beside a track: index, tags, cover, manifest; null where there is none. */
  async beside(trackId, part, signal, isGood = () => true) {
    return this.#get(`/track/${trackId}/${part}`, {}, 200, signal, true, isGood);
  }

  /** Where the gateways say that the room's server is: [{url, host}], as each reaches it from its host. */
  async servers() {
    const ask = async (url) => {
      const answer = await this.#ask(`${url}/track/`, {}, undefined);
      const { server } = await answer.json();
      return server ? { url: server, host: new URL(url).hostname } : null;
    };
    return (await Promise.all(this.#urls().map((url) => ask(url).catch(() => null)))).filter(Boolean);
  }

  async #get(path, headers, wanted, signal, mayLack, isGood) {
    let isNobody = this.#liars.size === 0;
    let problem = isNobody
      ? 'nobody in this room passes its tracks on to browsers'
      : 'the gateways of this room give what is no part of its track';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const urls = this.#urls().filter((url) => !this.#liars.has(url));
      if (this.#last && urls.includes(this.#last)) urls.sort((a, b) => (b === this.#last) - (a === this.#last));
      let waitMs = 0;
      let lacks = 0;
      for (const url of urls) {
        isNobody = false;
        try {
          const answer = await this.#ask(url + path, headers, signal);
          if (answer.status === wanted) {
            const bytes = new Uint8Array(await answer.arrayBuffer());
            if (isGood(bytes)) {
              this.#last = url;
              return bytes;
            }
            this.#liars.add(url);
            problem = 'a gateway gave what is no part of the track';
            continue;
          }
          // Another may have it.
          if (answer.status === 404 && mayLack) {
            lacks++;
            continue;
          }
          problem = (await answer.text()).trim() || `a gateway answered ${answer.status}`;
          if (answer.status === 503) waitMs = Math.max(waitMs, 1000 * (Number(answer.headers.get('Retry-After')) || 1));
        } catch {
          if (signal?.aborted) throw signal.reason;
          problem = 'no gateway can be reached from here';
        }
      }
      if (urls.length === 0) break;
      if (lacks === urls.length) return null;
      await pause(Math.min(MOST_WAIT_MS, Math.max(waitMs, LEAST_WAIT_MS * 2 ** attempt)), signal);
    }
    throw new NoGatewayError(problem, isNobody);
  }

  #ask(url, headers, signal) {
    const asked = new URLSearchParams();
    const [peer, pass] = [this.#peerId(), this.#pass()];
    if (peer) asked.set('peer', peer);
    if (pass) asked.set('pass', pass);
    // Browsers let only one request at a time into their cache's entry of an address; ranges would wait for one another.
    const timeout = AbortSignal.timeout?.(TIMEOUT_MS);
    const both = signal && timeout && AbortSignal.any ? AbortSignal.any([signal, timeout]) : (signal ?? timeout);
    return this.#fetch(asked.size > 0 ? `${url}?${asked}` : url, {
      headers,
      signal: both,
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
  }
}
