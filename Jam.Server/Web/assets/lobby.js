import { $, clockText, el, keyed, memory, named, setText, tabMemory } from './dom.js';
import { keepFocus } from './ui/focus.js';

const EVERY_MS = 2_000;
const ANSWER_MS = 10_000;

function isRoomName(name) {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(name) && name !== '.' && name !== '..';
}

function enter(event) {
  event.preventDefault();
  const name = $('room').value.trim();
  if (!isRoomName(name)) return;
  memory.set('jam:name', $('name').value.trim());
  if ($('unlisted').checked) tabMemory.set(`jam:unlisted:${name}`, '1');
  location.href = `/room/${encodeURIComponent(name)}`;
}

function roomItem(room) {
  const link = el('a', { className: 'room-link', href: `/room/${encodeURIComponent(room.name)}` });
  link.append(
    el('span', { className: 'room-name', textContent: room.name }),
    el('span', { className: 'room-count' }),
    el('span', { className: 'room-track' }),
    el('span', { className: 'room-people' }),
    el('span', { className: 'bar', 'aria-hidden': 'true' }, el('i')),
  );
  return el('li', {}, link);
}

function playsText(room) {
  if (!room.track) return 'nothing yet';
  const track = named(room.track);
  const verb = room.status === 'PLAY' ? 'plays' : 'paused at';
  const length = room.duration_us ? ` of ${clockText(room.duration_us)}` : '';
  return `${track} · ${verb} ${clockText(room.position_us)}${length}`;
}

function showRoom(item, room) {
  const link = item.firstElementChild;
  const [, count, track, people, bar] = link.children;
  link.classList.toggle('is-playing', room.status === 'PLAY');
  setText(count, room.member_count === 1 ? '1 member' : `${room.member_count} members`);
  setText(track, playsText(room));
  const names = room.members.map((m) => (m.role === 'host' ? `${named(m.name)} (host)` : named(m.name)));
  const more = room.member_count - names.length;
  setText(people, names.join(', ') + (more > 0 ? ` and ${more} more` : ''));
  bar.firstElementChild.style.transform = `scaleX(${room.duration_us ? Math.min(1, room.position_us / room.duration_us) : 0})`;
}

// How many there are can be seen; it is said for ears. That nobody answers is for eyes, too.
function showLost(isLost) {
  $('rooms-status').classList.toggle('visually-hidden', !isLost);
  document.body.classList.toggle('is-lost', isLost);
}

async function refresh() {
  try {
    const answer = await fetch('/api/rooms', { signal: AbortSignal.timeout?.(ANSWER_MS) });
    const { rooms } = await answer.json();
    keyed($('rooms'), rooms, (r) => r.name, roomItem, showRoom);
    $('rooms-none').hidden = rooms.length > 0;
    setText($('rooms-status'), rooms.length === 1 ? '1 room' : `${rooms.length} rooms`);
    look();
    showLost(false);
  } catch {
    setText($('rooms-status'), 'The server does not answer at the moment.');
    showLost(true);
  }
}

async function tick() {
  if (!document.hidden) await refresh();
  setTimeout(tick, EVERY_MS);
}

const look = keepFocus();
$('name').value = memory.get('jam:name') ?? '';
$('join').addEventListener('submit', enter);
document.addEventListener('visibilitychange', () => document.hidden || refresh());
tick();
