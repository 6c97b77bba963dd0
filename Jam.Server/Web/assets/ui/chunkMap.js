// Chunks of each peer, a row a peer. Chunks are pixels of a small picture that is stretched over the row, so a track of any length costs
// the same; only rows that changed are painted.

import { fitText, isCalm, named } from '../dom.js';

const MISSING = 0xffff;
const NAME_WIDTH = 128;
const SHARE_WIDTH = 52;
const FLASH_MS = 450;

/** How often who is there is looked at anew; what each has is drawn at once. */
const PEERS_EVERY_MS = 200;

const parsed = new Map();
const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

// A colour as the browser reads it.
function rgb(color) {
  if (!parsed.has(color)) {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = color;
    probe.fillRect(0, 0, 1, 1);
    parsed.set(color, probe.getImageData(0, 0, 1, 1).data.slice(0, 3));
  }
  return parsed.get(color);
}

/** Draws into a canvas whose height follows from how many peers there are. */
export class ChunkMap {
  #canvas;
  #g;
  #model;
  #strip = document.createElement('canvas');
  #rows = [];
  #layout = null;
  #playheadX = -1;
  #resized = true;
  #peersAt = -1;
  #peersMs = -Infinity;
  #peers = [];

  constructor(canvas, model) {
    this.#canvas = canvas;
    this.#g = canvas.getContext('2d');
    this.#model = model;
    new ResizeObserver(() => (this.#resized = true)).observe(canvas.parentElement);
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => (this.#layout = null));
  }

  /** Paints what has changed. */
  draw(now) {
    let isOther = false;
    if (this.#peersAt !== this.#model.revision && now - this.#peersMs >= PEERS_EVERY_MS) {
      this.#peersAt = this.#model.revision;
      this.#peersMs = now;
      this.#peers = this.#model.peers();
      isOther = this.#layout !== this.#key(this.#peers);
    }
    const peers = this.#peers;
    if (this.#resized || this.#layout === null || isOther) this.#arrange(peers);
    const playhead = this.#model.playhead;
    const x = playhead === null ? -1 : Math.round(this.#left + playhead * this.#width);
    const hasMoved = x !== this.#playheadX;
    peers.forEach((p, i) => {
      const row = this.#rows[i];
      if (row.revision !== p.revision) {
        if (!isCalm()) row.flashes.push(...(p.fresh ?? []).slice(0, 200).map(([at, n]) => ({ at, n, until: now + FLASH_MS })));
        p.fresh = [];
        row.revision = p.revision;
        this.#raster(row, p);
        row.isDirty = true;
      }
      if (row.isDirty || hasMoved || row.flashes.length) this.#paint(row, p, now, x);
    });
    this.#playheadX = x;
  }

  /** What is under a point; null where nothing is. */
  find(x, y) {
    const i = this.#rows.findIndex((r) => y * this.#dpr >= r.y && y * this.#dpr < r.y + r.height + 1);
    const p = this.#peers[i];
    if (!p) return null;
    const chunk = Math.floor(((x * this.#dpr - this.#left) / this.#width) * p.chunks);
    if (chunk < 0 || chunk >= p.chunks) return { words: `${named(p.name)}: ${p.have} of ${p.chunks} chunks` };
    const from = p.from[chunk];
    return {
      words: `${named(p.name)}, chunk ${chunk + 1}: ${from === MISSING ? 'not here yet' : from === 0 ? 'here before' : `from ${named(this.#model.sourceName(from))}`}`,
    };
  }

  get #dpr() {
    return devicePixelRatio || 1;
  }

  #key(peers) {
    return peers.map((p) => `${p.id}:${p.chunks}:${p.name}`).join();
  }

  #left = 0;
  #width = 0;

  #arrange(peers) {
    const dpr = this.#dpr;
    const cssWidth = this.#canvas.parentElement.clientWidth;
    const isNarrow = cssWidth < 480;
    const height = Math.max(8, Math.min(26, Math.round(600 / Math.max(1, peers.length)) - 2));
    const cssHeight = Math.max(40, peers.length * (height + 2) + 4);
    this.#canvas.width = Math.round(cssWidth * dpr);
    this.#canvas.height = Math.round(cssHeight * dpr);
    this.#canvas.style.height = `${cssHeight}px`;
    this.#left = Math.round((isNarrow ? 84 : NAME_WIDTH) * dpr);
    this.#width = Math.max(1, this.#canvas.width - this.#left - Math.round((isNarrow ? 50 : SHARE_WIDTH) * dpr));
    this.#strip.width = this.#width;
    this.#strip.height = Math.max(1, peers.length);
    this.#rows = peers.map((_, i) => ({
      y: Math.round((i * (height + 2) + 2) * dpr),
      height: Math.round(height * dpr),
      index: i,
      revision: -1,
      flashes: [],
      isDirty: true,
    }));
    this.#layout = this.#key(peers);
    this.#resized = false;
    const style = getComputedStyle(this.#canvas);
    this.#ink = style.getPropertyValue('--ink').trim() || '#fff';
    this.#empty = rgb(style.getPropertyValue('--well').trim() || '#222');
    this.#canvas.setAttribute('aria-label', `Chunks of ${peers.length} peers; the table below says the same in words`);
  }

  #ink = '#fff';
  #empty = [0, 0, 0];

  // Where several chunks fall on one pixel, it shows the share that is here, in the colour of the last of them.
  #raster(row, p) {
    const g = this.#strip.getContext('2d');
    const image = g.createImageData(this.#width, 1);
    const { data } = image;
    const per = p.chunks / this.#width;
    const colors = new Map();
    const colorOf = (from) => colors.get(from) ?? colors.set(from, rgb(this.#model.colorOf(from))).get(from);
    for (let x = 0; x < this.#width; x++) {
      const first = Math.floor(x * per);
      const end = Math.max(first + 1, Math.floor((x + 1) * per));
      let have = 0;
      let from = MISSING;
      for (let c = first; c < end; c++) {
        if (p.from[c] === MISSING) continue;
        have++;
        from = p.from[c];
      }
      const color = from === MISSING ? this.#empty : colorOf(from);
      const share = from === MISSING ? 1 : 0.35 + 0.65 * (have / (end - first));
      for (let i = 0; i < 3; i++) data[x * 4 + i] = this.#empty[i] + (color[i] - this.#empty[i]) * share;
      data[x * 4 + 3] = 255;
    }
    g.putImageData(image, 0, row.index);
  }

  #paint(row, p, now, playheadX) {
    const g = this.#g;
    const dpr = this.#dpr;
    if (row.isDirty) {
      g.clearRect(0, row.y - 1, this.#canvas.width, row.height + 2);
      g.font = `${Math.min(13 * dpr, Math.max(9 * dpr, row.height - 2 * dpr))}px system-ui, sans-serif`;
      g.textBaseline = 'middle';
      g.fillStyle = this.#model.colorOfPeer(p.id);
      g.fillRect(0, row.y, 4 * dpr, row.height);
      g.fillStyle = this.#ink;
      g.textAlign = 'left';
      row.name ??= fitText(g, p.name, this.#left - 14 * dpr);
      g.fillText(row.name, 9 * dpr, row.y + row.height / 2);
      g.textAlign = 'right';
      g.fillText(`${Math.floor((p.have / p.chunks) * 100)} %`, this.#canvas.width - 2 * dpr, row.y + row.height / 2);
    }
    g.imageSmoothingEnabled = false;
    g.drawImage(this.#strip, 0, row.index, this.#width, 1, this.#left, row.y, this.#width, row.height);
    row.flashes = row.flashes.filter((f) => f.until > now);
    for (const f of row.flashes) {
      g.globalAlpha = ((f.until - now) / FLASH_MS) * 0.5;
      g.fillStyle = '#fff';
      g.fillRect(this.#left + (f.at / p.chunks) * this.#width, row.y, Math.max(2, (f.n / p.chunks) * this.#width), row.height);
    }
    g.globalAlpha = 1;
    if (playheadX >= 0) {
      g.fillStyle = this.#ink;
      g.fillRect(playheadX, row.y, Math.max(1, Math.round(1.5 * dpr)), row.height);
    }
    row.isDirty = false;
  }
}
