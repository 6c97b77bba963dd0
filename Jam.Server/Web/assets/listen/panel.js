// What the page shows of listening: a button, how well it goes, volume, and a nudge for devices that sound later than they say.

import { Listener } from './listener.js';
import { describe } from './words.js';

const VOLUME_KEY = 'jam:listen:volume';
const NUDGE_KEY = 'jam:listen:nudge';
const MOST_NUDGE_MS = 500;
const SHOW_EVERY_MS = 200;

function remembered(key, otherwise) {
  try {
    const value = Number(localStorage.getItem(key) ?? NaN);
    return Number.isFinite(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, String(value));
  } catch {
    // Without storage it holds for this visit.
  }
}

function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

function makeVolume(listener) {
  const input = make('input', { type: 'range', id: 'listen-volume', min: 0, max: 100, step: 1, value: remembered(VOLUME_KEY, 80) });
  const apply = () => (listener.volume = input.value / 100);
  input.addEventListener('input', () => {
    apply();
    remember(VOLUME_KEY, input.value);
  });
  apply();
  return make('div', { className: 'listen-row' }, make('label', { htmlFor: input.id, textContent: 'Volume here' }), input);
}

function makeNudge(listener) {
  const input = make('input', {
    type: 'number',
    id: 'listen-nudge',
    min: -MOST_NUDGE_MS,
    max: MOST_NUDGE_MS,
    step: 1,
    inputMode: 'numeric',
    value: remembered(NUDGE_KEY, 0),
  });
  const help = make('p', {
    id: 'listen-nudge-help',
    className: 'listen-help',
    textContent:
      'Does this device sound later than the others (a Bluetooth speaker does)? Raise this until they agree. It is remembered here.',
  });
  input.setAttribute('aria-describedby', help.id);
  const apply = () => {
    const ms = Math.max(-MOST_NUDGE_MS, Math.min(MOST_NUDGE_MS, Math.round(Number(input.value)) || 0));
    listener.setNudge(ms);
    remember(NUDGE_KEY, ms);
    return ms;
  };
  const step = (by) => {
    input.value = (Math.round(Number(input.value)) || 0) + by;
    input.value = apply();
  };
  input.addEventListener('change', () => (input.value = apply()));
  const button = (text, by, label) => {
    const b = make('button', { type: 'button', textContent: text });
    b.setAttribute('aria-label', label);
    b.addEventListener('click', () => step(by));
    return b;
  };
  apply();
  const row = make(
    'div',
    { className: 'listen-row' },
    make('label', { htmlFor: input.id, textContent: 'Device is late by, ms' }),
    button('−10', -10, '10 milliseconds less'),
    button('−1', -1, '1 millisecond less'),
    input,
    button('+1', 1, '1 millisecond more'),
    button('+10', 10, '10 milliseconds more'),
  );
  return make('div', {}, row, help);
}

/** Called once with the room page's empty section, its RoomClient and what travels beside its tracks. */
export async function mountListen(section, client, beside) {
  document.head.append(make('link', { rel: 'stylesheet', href: '/assets/listen/listen.css' }));
  let shownMs = 0;
  let timer = 0;
  const listener = new Listener(client, beside, await beside.gateways(), () => showSoon());
  const button = make('button', { type: 'button', className: 'listen-button', textContent: 'Listen here' });
  const status = make('p', { className: 'listen-status' });
  status.setAttribute('role', 'status');
  const figures = make('p', { className: 'listen-figures' });
  const controls = make('div', { className: 'listen-controls', hidden: true }, makeVolume(listener), makeNudge(listener));
  section.append(make('h2', { textContent: 'Listen' }), button, status, figures, controls);

  button.addEventListener('click', () => {
    if (!listener.isOn) listener.start();
    else if (listener.report().isBlocked) listener.resume();
    else listener.stop();
    show();
  });

  function show() {
    clearTimeout(timer);
    timer = 0;
    shownMs = performance.now();
    const report = listener.report();
    const words = describe(report);
    section.dataset.state = words.state;
    section.dataset.errorUs = report.errorUs === null ? '' : Math.round(report.errorUs);
    section.dataset.figures = [report.rttUs, report.clockOffsetUs, report.outputOffsetUs, report.jumps]
      .map((f) => Math.round(f ?? 0))
      .join(' ');
    // A live region is read aloud whenever it changes: only what matters changes it.
    if (status.textContent !== words.status) status.textContent = words.status;
    figures.textContent = words.figures;
    button.textContent = words.button;
    controls.hidden = !report.isOn;
  }

  function showSoon() {
    if (timer) return;
    timer = setTimeout(show, Math.max(0, SHOW_EVERY_MS - (performance.now() - shownMs)));
  }

  document.addEventListener('visibilitychange', () => listener.isOn && !document.hidden && listener.resume());
  show();
  return listener;
}
