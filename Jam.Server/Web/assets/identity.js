// Who this page is in its room: the id and the secret of its WELCOME, which the tab remembers, and, for a WELCOME that never comes, a secret of the
// page's own. That is another at each server, so that none can be this page at another.

import { tabMemory } from './dom.js';

const hex = (count) => [...crypto.getRandomValues(new Uint8Array(count))].map((b) => b.toString(16).padStart(2, '0')).join('');

export class Identity {
  #key;
  #known;
  #retryTokens = new Map();

  /** @param room its name */
  constructor(room) {
    this.#key = `jam:member:${room}`;
    // An id of its own from the start: without one, whoever lost its first WELCOME could not say who it is.
    this.#known = this.#remembered() ?? { peer_id: hex(8) };
  }

  /** What HELLO says of it to a server. */
  at(url) {
    if (!this.#retryTokens.has(url)) this.#retryTokens.set(url, hex(16));
    return { ...this.#known, retry_token: this.#retryTokens.get(url) };
  }

  /** What WELCOME says. Without storage a reload makes another member of this page. */
  take({ peer_id, resume_token }) {
    this.#known = { peer_id, resume_token };
    tabMemory.set(this.#key, JSON.stringify(this.#known));
  }

  /** The place is given up. */
  forget() {
    tabMemory.set(this.#key, 'null');
  }

  #remembered() {
    try {
      return JSON.parse(tabMemory.get(this.#key));
    } catch {
      return null;
    }
  }
}
