// Small things that every part of the page uses. Text goes into the page as text, never as markup.

/** The element of an id. */
export const $ = (id) => document.getElementById(id);

/** Makes an element: properties by name, `on` for listeners, `data` for data-*, and attributes where the name has a dash or is a role. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name === 'on') for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name.includes('-') || name === 'role' || name === 'for') node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

/** Sets text only where it differs: a live region that is written anew is read out anew. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets a property only where it differs. */
export function setProp(node, name, value) {
  if (node[name] !== value) node[name] = value;
}

/** Keeps one child for each item, by key, in order; what stays keeps its element and with it the focus. */
export function keyed(container, items, keyOf, create, update) {
  const known = (container.keyedChildren ??= new Map());
  const next = new Map();
  items.forEach((item) => {
    const key = keyOf(item);
    const node = known.get(key) ?? create(item);
    next.set(key, node);
    update(node, item);
  });
  for (const [key, node] of known) if (next.get(key) !== node) node.remove();
  const held = container.contains(document.activeElement) ? document.activeElement : null;
  let before = container.firstElementChild;
  for (const node of next.values()) {
    if (node === before) before = before.nextElementSibling;
    else container.insertBefore(node, before);
  }
  // What is moved in the page loses the focus, though nothing has become of it.
  if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true });
  container.keyedChildren = next;
}

const frames = new Set();
let isRunning = false;

function frame(now) {
  frames.forEach((fn) => fn(now));
  requestAnimationFrame(frame);
}

/** Calls a function before each frame that is painted. */
export function everyFrame(fn) {
  frames.add(fn);
  if (!isRunning) requestAnimationFrame(frame);
  isRunning = true;
}

/** A picture of a few strokes; what it means stands beside it. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `/assets/icons.svg#${name}`);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

const two = (n) => String(n).padStart(2, '0');

const calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');

/** Whether whoever looks wants nothing to move that need not. */
export const isCalm = () => calm?.matches === true;

/** Microseconds as 3:07, or 1:02:33 from an hour on. */
export function clockText(us) {
  const s = Math.max(0, Math.floor(us / 1e6));
  const h = Math.floor(s / 3600);
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** The same for ears. */
export function spokenTime(us) {
  const s = Math.max(0, Math.floor(us / 1e6));
  const minutes = Math.floor(s / 60);
  return minutes ? `${minutes} min ${s % 60} s` : `${s} s`;
}

/** Microseconds in the unit that suits them. */
export function spanText(us) {
  const a = Math.abs(us);
  if (a < 1000) return `${Math.round(us)} µs`;
  if (a < 100_000) return `${(us / 1000).toFixed(a < 10_000 ? 1 : 0)} ms`;
  return `${(us / 1e6).toFixed(a < 10e6 ? 1 : 0)} s`;
}

/** Bytes in the unit that suits them. */
export function bytesText(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; bytes >= 1000 && i < units.length - 1; i++) bytes /= 1000;
  return `${i && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[i]}`;
}

/** As much of a text as is not wider than so many pixels in a canvas, cut between characters, never within one. */
export function fitText(g, text, width) {
  if (g.measureText(text).width <= width) return text;
  const parts = Intl.Segmenter ? [...new Intl.Segmenter().segment(text)].map((s) => s.segment) : [...text];
  let [fits, end] = [0, parts.length];
  while (fits + 1 < end) {
    const middle = (fits + end) >> 1;
    if (g.measureText(`${parts.slice(0, middle).join('')}…`).width <= width) fits = middle;
    else end = middle;
  }
  return `${parts.slice(0, fits).join('')}…`;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdfd\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name within a sentence: one that runs from right to left does not turn the words around it. */
export const named = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name);

/** A file's name without its ending. */
export const titleOf = (track) => track.name.replace(/\.[a-z0-9]{2,4}$/i, '') || track.name;

// Private windows forget; that is what they are for. Where storage is forbidden, even naming it throws.
const quietly = (fn) => {
  try {
    return fn();
  } catch {
    return null;
  }
};

const memoryIn = (storage) => ({
  get: (key) => quietly(() => storage().getItem(key)),
  set: (key, value) => quietly(() => storage().setItem(key, value)),
});

/** Reads and writes what this browser remembers; without storage it forgets. */
export const memory = memoryIn(() => localStorage);

/** The same for what this tab remembers. */
export const tabMemory = memoryIn(() => sessionStorage);
