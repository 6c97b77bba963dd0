import { el, memory, setText, tabMemory } from '../dom.js';

// What opens a locked room's door: an invite from the link, a password that was typed, the token of whoever opened the room.

const keyOf = (room) => `jam:door:${room}`;
const hostKeyOf = (room) => `jam:host:${room}`;

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** An invite is in the part of a link that browsers send to nobody; it is taken out of the address. Undefined where there is none. */
function takeInvite(room) {
  const invite = /^#invite=([\w-]{1,64})$/.exec(location.hash)?.[1];
  if (!invite) return undefined;
  tabMemory.set(keyOf(room), JSON.stringify({ invite }));
  history.replaceState(null, '', location.pathname);
  return invite;
}

/** What this browser has for a room. */
export function takeDoorKeys(room) {
  takeInvite(room);
  const keys = parsed(tabMemory.get(keyOf(room)));
  const hostToken = memory.get(hostKeyOf(room));
  return hostToken ? { ...keys, host_token: hostToken } : keys;
}

const WORDS = {
  password_needed: 'Its host can tell you the password, or send you an invite.',
  wrong_password: 'That is not the password of this room.',
  bad_invite: 'This invite does not admit any more. Ask the host for another, or for the password.',
  too_many_attempts: 'Too many wrong passwords came from your network. Try again in a minute.',
};

/** Asks for the password where the room's door is locked. */
export function mountDoor(client, room) {
  const input = el('input', {
    id: 'door-password',
    type: 'password',
    maxLength: 128,
    autocomplete: 'off',
    required: true,
    'aria-describedby': 'door-why',
  });
  const why = el('p', { id: 'door-why', className: 'hint', role: 'alert' });
  const form = el(
    'form',
    { method: 'dialog' },
    el('h2', { id: 'door-title', textContent: 'This room is locked' }),
    why,
    el('label', { for: 'door-password', textContent: 'Password' }),
    input,
    el(
      'div',
      { className: 'row' },
      el('button', { className: 'primary', textContent: 'Enter' }),
      el('a', { href: '/', textContent: 'Other rooms' }),
    ),
  );
  const dialog = el('dialog', { id: 'door', 'aria-labelledby': 'door-title' }, form);
  document.body.append(dialog);
  form.addEventListener('submit', () => {
    const password = input.value;
    input.value = '';
    client.unlock({ password });
  });
  // Closed without a password, it would leave a page behind that shows nothing and offers no way in.
  dialog.addEventListener('cancel', () => location.assign('/'));
  // A link that is opened where the room is open already loads nothing anew.
  addEventListener('hashchange', () => {
    const invite = takeInvite(room);
    if (!invite || client.status !== 'locked') return;
    dialog.close();
    client.unlock({ invite });
  });
  client.on('status', (status, refusal) => {
    if (status === 'open' && dialog.open) dialog.close();
    if (status !== 'locked') return;
    why.className = refusal.code === 'password_needed' ? 'hint' : 'why';
    setText(why, WORDS[refusal.code] ?? refusal.message);
    if (!dialog.open) dialog.showModal();
    input.focus();
  });
  client.on('WELCOME', (welcome) => {
    if (welcome.host_token) memory.set(hostKeyOf(room), welcome.host_token);
    const { password, invite } = client.doorKeys;
    if (password || invite) tabMemory.set(keyOf(room), JSON.stringify({ password, invite }));
  });
}
