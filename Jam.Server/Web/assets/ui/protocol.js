import { el, setProp, setText } from '../dom.js';

const KEPT = 300;
const LONGEST = 2_000;
const NOISE = new Set(['SYNC_REQUEST', 'SYNC_RESPONSE', 'SWARM', 'STATS', 'ROOM_STATS']);
const SECRETS = /("(?:resume_token|retry_token|host_token|room_secret|password|invite|token|pass|key)"\s*:\s*")(?:[^"\\]|\\.)*/g;
const SAMPLES = [
  ['PLAY', {}],
  ['PAUSE', {}],
  ['SEEK', { offset_sec: 30 }],
  ['SET_ROLE', { role: 'host' }],
  ['POLICY', { control: 'everyone' }],
  ['QUEUE', { action: 'next' }],
  ['SET_TEMPO', { bpm: 97 }],
  ['LOOP', { is_on: true }],
  ['SNAPSHOT', {}],
  ['PEERS', {}],
  ['SCROLL', { every_ms: 100 }],
  ['PING', { nonce: 7 }],
];

/** The messages as they come and go, a box to send one, a BLOB to a member. */
export function mountProtocol(view, client) {
  const { room } = client;
  const kept = [];
  let count = 0;
  const log = el('ol', { className: 'log', tabIndex: 0, 'aria-label': 'Messages, the newest first' });
  const isQuiet = el('input', { type: 'checkbox', checked: true });
  const isHeld = el('input', { type: 'checkbox' });
  const text = el('textarea', { id: 'raw', rows: 4, spellcheck: false, value: '{"type":"PING","payload":{"nonce":7}}' });
  const said = el('p', { className: 'hint', role: 'status' });
  const sample = el(
    'select',
    { 'aria-label': 'Begin with' },
    el('option', { value: '', textContent: 'begin with ...' }),
    ...SAMPLES.map(([type], i) => el('option', { value: i, textContent: type })),
  );
  const to = el('select', { id: 'blob-to' });
  const data = el('input', { id: 'blob-data', value: '{"hello":"room"}', spellcheck: false });

  function sendRaw(e) {
    e.preventDefault();
    const isSent = client.sendText(text.value);
    setText(said, isSent ? 'Sent.' : 'There is no connection at the moment.');
  }

  function sendBlob(e) {
    e.preventDefault();
    let value;
    try {
      value = JSON.parse(data.value);
    } catch {
      value = data.value;
    }
    const isSent = client.send('BLOB', to.value ? { data: value, to: to.value } : { data: value });
    setText(said, isSent ? 'Sent.' : 'There is no connection at the moment.');
  }

  sample.addEventListener('change', () => {
    const [type, payload] = SAMPLES[Number(sample.value)] ?? [];
    if (type) text.value = JSON.stringify({ type, payload });
    sample.value = '';
  });

  view.append(
    el(
      'section',
      { className: 'card', 'aria-labelledby': 'log-title' },
      el(
        'header',
        { className: 'card-head' },
        el('h2', { id: 'log-title', textContent: 'Messages' }),
        el('a', { href: '/protocol', target: '_blank', textContent: 'PROTOCOL.md' }),
      ),
      el(
        'div',
        { className: 'row' },
        el('label', { className: 'check' }, isQuiet, ' Hide probes and statistics'),
        el('label', { className: 'check' }, isHeld, ' Hold'),
      ),
      log,
    ),
    el(
      'section',
      { className: 'card', 'aria-labelledby': 'send-title' },
      el('h2', { id: 'send-title', textContent: 'Send' }),
      el(
        'form',
        { className: 'send', on: { submit: sendRaw } },
        el('label', { for: 'raw', textContent: 'A message as JSON' }),
        sample,
        text,
        el('button', { className: 'primary', textContent: 'Send' }),
      ),
      el('h3', { textContent: 'BLOB' }),
      el(
        'form',
        { className: 'send', on: { submit: sendBlob } },
        el('label', { for: 'blob-to', textContent: 'To' }),
        to,
        el('label', { for: 'blob-data', textContent: 'Any JSON up to 4 KiB' }),
        data,
        el('button', { textContent: 'Send BLOB' }),
      ),
      said,
    ),
  );

  // Words are made of what is shown alone: a room tells a lot that is not.
  function line({ out, raw, length, type, at }) {
    // What proves who this is must not be read off a projector.
    const body = raw.replace(SECRETS, '$1…') + (length > LONGEST ? ` … ${length} characters` : '');
    return el(
      'li',
      { className: out ? 'is-out' : 'is-in' },
      el('time', { className: 'mono', textContent: at.toLocaleTimeString([], { hour12: false }) }),
      el('span', { className: 'arrow', 'aria-label': out ? 'sent' : 'received', role: 'img', textContent: out ? '→' : '←' }),
      el('strong', { textContent: type }),
      el('code', { textContent: body }),
    );
  }

  const isShown = (m) => !(isQuiet.checked && NOISE.has(m.type));

  function fill() {
    log.replaceChildren(...kept.filter(isShown).map(line).reverse());
  }

  function take({ out, text: raw }) {
    const type = /"type"\s*:\s*"([A-Z_]{1,32})"/.exec(raw.slice(0, 200))?.[1] ?? '?';
    const message = { out, type, raw: raw.slice(0, LONGEST), length: raw.length, at: new Date() };
    kept.push(message);
    count++;
    if (kept.length > KEPT) kept.shift();
    if (isHeld.checked || view.hidden || !isShown(message)) return;
    log.prepend(line(message));
    while (log.childElementCount > KEPT) log.lastElementChild.remove();
  }

  function showMembers() {
    const chosen = to.value;
    const others = [...room.members.values()].filter((m) => m.peer_id !== room.peerId).slice(0, 200);
    to.replaceChildren(
      el('option', { value: '', textContent: 'all others' }),
      ...others.map((m) => el('option', { value: m.peer_id, textContent: m.name })),
    );
    setProp(to, 'value', others.some((m) => m.peer_id === chosen) ? chosen : '');
  }

  isQuiet.addEventListener('change', fill);
  isHeld.addEventListener('change', () => isHeld.checked || fill());
  view.addEventListener('shown', () => {
    fill();
    showMembers();
  });
  client.on('raw', take);
  client.on('change', (type) => (type === 'PEER_JOINED' || type === 'PEER_LEFT' || type === 'SNAPSHOT') && showMembers());
  return () => count;
}
