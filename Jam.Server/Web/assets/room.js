import { $, el, memory, setText, tabMemory } from './dom.js';
import { Beside } from './beside.js';
import { RoomClient } from './roomClient.js';
import { seenFrom } from './whereabouts.js';
import { mountBeat } from './ui/beat.js';
import { mountDoor, takeDoorKeys } from './ui/door.js';
import { mountDrop } from './ui/drop.js';
import { keepFocus } from './ui/focus.js';
import { mountLock } from './ui/lock.js';
import { mountLoop } from './ui/loop.js';
import { mountMembers } from './ui/members.js';
import { mountPlayer } from './ui/player.js';
import { mountProtocol } from './ui/protocol.js';
import { mountQueue } from './ui/queue.js';
import { mountShare } from './ui/share.js';
import { mountTabs } from './ui/tabs.js';

const ALERT_MS = 6_000;
const COMMANDS = /^{"type":"(PLAY|PAUSE|STOP|SEEK|QUEUE|SET_|POLICY|KICK|MUTE|LOOP"|METRONOME|TAP|DOOR|INVITE)/;
const room = decodeURIComponent(location.pathname.slice('/room/'.length));
const client = new RoomClient({
  room,
  name: memory.get('jam:name') || undefined,
  isListed: tabMemory.get(`jam:unlisted:${room}`) ? false : undefined,
  doorKeys: takeDoorKeys(room),
});

const beside = new Beside(client);
client.askElsewhere = async () => (await (await beside.gateways()).servers()).map(({ url, host }) => seenFrom(url, host)).filter(Boolean);

function say(text, stays = false) {
  const line = el('p', { textContent: text });
  $('alerts').append(line);
  if (!stays) setTimeout(() => line.remove(), ALERT_MS);
  return line;
}

const OVER = {
  kicked: 'The host has sent you away from this room.',
  replaced: 'This place in the room is open in another tab or window now.',
  room_full: 'The room is full.',
  server_full: 'This server has no place for another room.',
  too_many_errors: 'Too many messages were wrong.',
  over: 'You have left the room.',
};

// It stays: a page that is out of its room, and does not say why, looks broken.
function showEnd(why) {
  const line = say(`${OVER[why] ?? 'This connection is over.'} `, true);
  if (why !== 'kicked') line.append(el('button', { type: 'button', textContent: 'Come back', on: { click: () => location.reload() } }));
}

function showStatus(status, why) {
  document.body.dataset.status = status;
  const words = {
    connecting: 'connecting',
    open: 'connected',
    lost: 'connection lost, trying again',
    over: 'not in the room',
    locked: 'locked',
  };
  const { away } = client;
  setText($('status'), status === 'open' && away ? `connected to ${away.host}` : words[status]);
  if (status === 'over') showEnd(why);
}

// This page's own server may be gone for good: reloading needs the other one.
function showMove(away) {
  const link = away && el('a', { href: away.page, textContent: away.host });
  $('moved').replaceChildren(
    ...(link ? ['The room has moved to ', link, '. This page goes on there; open it there before you reload.'] : []),
  );
  $('moved').hidden = !link;
}

function showName() {
  const me = client.room.members.get(client.room.peerId);
  setText($('name-button'), me?.name ?? client.name ?? 'guest');
  $('name-button').setAttribute('aria-label', `Your name: ${me?.name ?? client.name ?? 'guest'}. Change it`);
}

function mountRename() {
  const dialog = $('rename');
  const input = el('input', { id: 'new-name', maxLength: 64, autocomplete: 'nickname' });
  const form = el(
    'form',
    { method: 'dialog' },
    el('h2', { id: 'rename-title', textContent: 'Your name' }),
    el('label', { for: 'new-name', textContent: 'What others see' }),
    input,
    el(
      'div',
      { className: 'row' },
      el('button', { className: 'primary', textContent: 'Save', value: 'save' }),
      el('button', { textContent: 'Cancel', value: '' }),
    ),
  );
  dialog.append(form);
  $('name-button').addEventListener('click', () => {
    input.value = client.name ?? '';
    dialog.returnValue = '';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    const name = input.value.trim();
    if (dialog.returnValue !== 'save' || !name || name === client.name) return;
    memory.set('jam:name', name);
    client.rename(name);
  });
}

setText($('room-name'), room);
document.title = `${room} · SwarmJam`;
client.on('status', showStatus);
client.on('moved', showMove);
client.on('change', showName);
// Of what a page says by itself nobody need know; a command that is lost without a word looks like a broken button.
let unsent = null;
client.on('unsent', ({ text }) => {
  if (!COMMANDS.test(text)) return;
  unsent?.remove();
  unsent = say('Not sent: the connection is lost at the moment. The page goes on as soon as it is back.');
});
client.on('ERROR', (e) => e.close || say(e.message[0].toUpperCase() + e.message.slice(1) + '.'));
mountDoor(client, room);
mountRename();
mountPlayer(client, beside);
mountQueue(client, beside);
mountMembers(client);
mountBeat(client);
mountLoop(client);
mountLock(client, mountShare(client, room));
mountDrop(client, say);
mountProtocol($('view-protocol'), client);
mountTabs({
  'view-swarm': async (view) => {
    const { mountSwarm } = await import('./ui/swarm.js');
    return mountSwarm(view, client);
  },
});
// What a page may need once the server that it came from is gone.
setTimeout(() => import('./ui/swarm.js').catch(() => null), 4_000);
showName();
const look = keepFocus(() => client.status === 'connecting' || client.status === 'lost');
for (const type of ['change', 'status']) client.on(type, look);
client.connect();
addEventListener('online', () => client.hurry());
document.addEventListener('visibilitychange', () => document.hidden || client.hurry());
import('./listen/panel.js').then(
  (panel) => panel.mountListen($('listen'), client, beside),
  () => $('listen').remove(),
);
