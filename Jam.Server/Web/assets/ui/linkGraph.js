// Peers on a circle, and what flows between them.

import { fitText } from '../dom.js';

const MAX_EDGES = 400;

/** Draws into a square canvas. */
export class LinkGraph {
  #canvas;
  #g;
  #model;

  constructor(canvas, model) {
    this.#canvas = canvas;
    this.#g = canvas.getContext('2d');
    this.#model = model;
  }

  draw() {
    const canvas = this.#canvas;
    const dpr = devicePixelRatio || 1;
    const padding = parseFloat(getComputedStyle(canvas.parentElement).paddingLeft) * 2;
    const side = Math.min(canvas.parentElement.clientWidth - padding, 340);
    if (canvas.width !== Math.round(side * dpr)) {
      canvas.width = canvas.height = Math.round(side * dpr);
      canvas.style.width = canvas.style.height = `${side}px`;
    }
    const g = this.#g;
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, side, side);
    const peers = this.#model.peers();
    const places = new Map();
    const hasNames = peers.length <= 16;
    const radius = side / 2 - (hasNames ? 64 : 16);
    peers.forEach((p, i) => {
      const angle = (i / Math.max(1, peers.length)) * 2 * Math.PI - Math.PI / 2;
      places.set(p.id, { x: side / 2 + radius * Math.cos(angle), y: side / 2 + radius * Math.sin(angle), angle });
    });
    const links = this.#model.links().slice(0, MAX_EDGES);
    const most = links[0]?.rate ?? 1;
    for (const l of links.reverse())
      this.#edge(places.get(l.from), places.get(l.to), this.#model.colorOfPeer(l.from), l.rate / most, side / 2);
    const ink = getComputedStyle(canvas).getPropertyValue('--ink').trim();
    for (const p of peers) {
      const at = places.get(p.id);
      g.fillStyle = this.#model.colorOfPeer(p.id);
      g.beginPath();
      g.arc(at.x, at.y, p.isSeed ? 8 : 5.5, 0, 2 * Math.PI);
      g.fill();
      if (!hasNames) continue;
      g.fillStyle = ink;
      g.font = '11px system-ui, sans-serif';
      // Beside the dot, away from the middle, and above or below it where that is nearer.
      const [cos, sin] = [Math.cos(at.angle), Math.sin(at.angle)];
      const isBeside = Math.abs(cos) > 0.3;
      g.textAlign = !isBeside ? 'center' : cos > 0 ? 'left' : 'right';
      g.textBaseline = 'middle';
      const x = at.x + (isBeside ? 11 * Math.sign(cos) : 0);
      const room = isBeside ? (cos > 0 ? side - x : x) : 110;
      g.fillText(fitText(g, p.name, room), x, at.y + (isBeside ? 9 : 17) * sin);
    }
    canvas.setAttribute('aria-label', `${peers.length} peers and ${links.length} links that carry something`);
  }

  // Bent towards the middle, thicker the more it carries, tapering towards the taker.
  #edge(from, to, color, share, middle) {
    if (!from || !to) return;
    const g = this.#g;
    const bend = 0.55;
    const cx = (from.x + to.x) / 2 + (middle - (from.x + to.x) / 2) * bend;
    const cy = (from.y + to.y) / 2 + (middle - (from.y + to.y) / 2) * bend;
    const half = 0.4 + 2.6 * Math.sqrt(share);
    const angle = Math.atan2(to.y - from.y, to.x - from.x) + Math.PI / 2;
    const [ox, oy] = [Math.cos(angle) * half, Math.sin(angle) * half];
    g.globalAlpha = 0.25 + 0.6 * share;
    g.fillStyle = color;
    g.beginPath();
    g.moveTo(from.x + ox, from.y + oy);
    g.quadraticCurveTo(cx + ox / 2, cy + oy / 2, to.x, to.y);
    g.quadraticCurveTo(cx - ox / 2, cy - oy / 2, from.x - ox, from.y - oy);
    g.fill();
    g.globalAlpha = 1;
  }
}
