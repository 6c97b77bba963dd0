import { $, el, icon, keyed, named, setProp, setText } from '../dom.js';
import { termsOf } from './share.js';

const TIMES = [
  ['', 'as long as the room lasts'],
  ['3600', 'for an hour'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
];
const USES = [
  ['', 'any number of people'],
  ['1', 'one person'],
  ['5', 'five people'],
  ['20', 'twenty people'],
];

function pick(id, label, choices) {
  const select = el('select', { id }, ...choices.map(([value, textContent]) => el('option', { value, textContent })));
  return [el('label', { className: 'pick' }, `${label} `, select), select];
}

/** Who may come in: whether the room is locked, and for its host the lock, the password and the invites. */
export function mountLock(client, share) {
  const { room } = client;
  // The server says a token once; what was made on this page can be shown again while it is open.
  const tokens = new Map();
  const state = el('p', { id: 'lock-state', role: 'status' });
  const why = el('p', { className: 'hint' });
  const password = el('input', {
    id: 'lock-password',
    maxLength: 128,
    autocomplete: 'off',
    spellcheck: false,
    placeholder: 'none: invites alone let in',
  });
  const lock = el('button', { className: 'primary' });
  const open = el('button', { type: 'button', textContent: 'Unlock', on: { click: () => client.send('DOOR', { is_locked: false }) } });
  const form = el(
    'form',
    {},
    el('label', { for: password.id, textContent: 'Password' }),
    el('div', { className: 'row' }, password, lock, open),
    location.protocol === 'https:'
      ? null
      : el('p', {
          className: 'hint',
          textContent: 'This page came unencrypted: a password can be read on its way. An invite works once, if you say so.',
        }),
  );
  const [usesLabel, uses] = pick('invite-uses', 'It lets in', USES);
  const [timeLabel, time] = pick('invite-time', 'It holds', TIMES);
  const make = el('button', { type: 'button', textContent: 'Make an invite' });
  const list = el('ul', { className: 'invites', 'aria-label': 'Invites that stand' });
  const tools = el(
    'fieldset',
    { className: 'lock-tools' },
    el('legend', { className: 'visually-hidden', textContent: 'The door' }),
    form,
    el('div', { className: 'invite-new' }, usesLabel, timeLabel, make),
    list,
  );
  $('lock').append(state, why, tools);
  $('room-lock').append(icon('lock'));

  form.addEventListener('submit', (e) => {
    e.preventDefault();
    client.send('DOOR', { is_locked: true, password: password.value });
    password.value = '';
  });
  make.addEventListener('click', () => {
    const wanted = { uses: Number(uses.value) || undefined, seconds: Number(time.value) || undefined };
    client.send('INVITE', wanted);
  });

  function create({ id }) {
    const again = el('button', { type: 'button', className: 'quiet', textContent: 'Show', 'aria-label': `Show the link of invite ${id}` });
    const back = el('button', { type: 'button', className: 'quiet', textContent: 'Take back', 'aria-label': `Take back invite ${id}` });
    again.addEventListener('click', () => share.show(tokens.get(id)));
    back.addEventListener('click', () => client.send('INVITE', { action: 'revoke', id }));
    return el('li', {}, el('span', { className: 'mono', textContent: id }), el('span', { className: 'terms' }), again, back);
  }

  function update(row, invite) {
    setText(row.children[1], termsOf(invite));
    setProp(row.children[2], 'hidden', !tokens.has(invite.id));
  }

  function show() {
    const { door } = room;
    setProp($('lock'), 'hidden', room.welcome === null);
    setProp($('room-lock'), 'hidden', !door.is_locked);
    const isHost = room.role === 'host';
    const lets = door.has_password ? 'the password or an invite lets in' : 'only an invite lets in';
    setText(state, door.is_locked ? `Locked: ${lets}. Who is here stays.` : 'Open: whoever has the link comes in.');
    const host = room.members.get(room.hostId);
    setText(
      why,
      host
        ? `Only the host, ${named(host.name)}, may lock it or make invites.`
        : 'Nobody hosts this room; who takes the place may lock it.',
    );
    setProp(why, 'hidden', isHost);
    setProp(tools, 'hidden', !isHost);
    setProp(tools, 'disabled', client.status !== 'open');
    setText(lock, door.is_locked ? 'Change' : 'Lock');
    setProp(open, 'hidden', !door.is_locked);
    const standing = (door.seal?.invites ?? []).filter((i) => i.uses_left !== 0 && !(i.until_unix_sec * 1000 < Date.now()));
    keyed(list, standing, (i) => i.id, create, update);
    setProp(list, 'hidden', standing.length === 0);
  }

  client.on('INVITED', (invite) => {
    tokens.set(invite.id, invite);
    show();
  });
  client.on('change', show);
  client.on('status', show);
  show();
}
