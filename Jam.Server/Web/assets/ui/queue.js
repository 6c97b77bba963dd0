import { $, clockText, el, icon, keyed, setProp, setText, titleOf } from '../dom.js';

const REPEATS = { off: 'all', all: 'one', one: 'off' };
const REPEAT_WORDS = { off: 'Repeat: off', all: 'Repeat: all', one: 'Repeat: one' };

/** The room's list: what follows, moved by dragging or by buttons. */
export function mountQueue(client, beside) {
  const { room } = client;
  const list = $('queue');
  let drag = null;

  $('shuffle').append(icon('shuffle'));
  $('shuffle').addEventListener('click', () => client.send('QUEUE', { action: 'shuffle', is_on: !room.isShuffled }));
  // Its picture stays what it is: a browser makes no click of a press and a release on what was exchanged between them.
  $('repeat').append(icon('repeat'), el('span'));
  $('repeat').addEventListener('click', () => client.send('QUEUE', { action: 'repeat', repeat: REPEATS[room.repeat] }));

  const placeOf = (id) => room.queue.findIndex((t) => t.track_id === id);

  function move(id, place) {
    if (place < 0 || place >= room.queue.length || place === placeOf(id)) return;
    client.send('QUEUE', { action: 'move', track_id: id, place });
    setText($('queue-said'), `${titleOf(room.queue[placeOf(id)])} to place ${place + 1} of ${room.queue.length}`);
  }

  function playNow(id) {
    const wasPlaying = room.state?.status === 'PLAY';
    client.send('SET_TRACK', { track_id: id });
    if (wasPlaying) client.send('PLAY');
  }

  function create({ track_id: id }) {
    const button = (name, label, fn) =>
      el('button', { type: 'button', className: 'quiet', 'aria-label': label, data: { does: name }, on: { click: fn } }, icon(name));
    const grip = el('span', { className: 'grip', 'aria-hidden': 'true', on: { pointerdown: (e) => startDrag(e, id) } }, icon('grip'));
    const item = el(
      'li',
      { data: { id } },
      grip,
      el(
        'button',
        { type: 'button', className: 'track', on: { click: () => playNow(id) } },
        el('span', { className: 'track-title' }),
        el('span', { className: 'track-by' }),
      ),
      el('span', { className: 'badge next-badge', textContent: 'next' }),
      el('span', { className: 'mono track-length' }),
      button('up', 'Move up', () => move(id, placeOf(id) - 1)),
      button('down', 'Move down', () => move(id, placeOf(id) + 1)),
      button('remove', 'Remove', () => client.send('QUEUE', { action: 'remove', track_id: id })),
    );
    item.addEventListener('keydown', (e) => {
      const step = e.altKey ? { ArrowUp: -1, ArrowDown: 1 }[e.key] : undefined;
      if (!step || !room.mayControl) return;
      e.preventDefault();
      move(id, placeOf(id) + step);
    });
    return item;
  }

  function update(item, track) {
    const place = placeOf(track.track_id);
    const isNow = track.track_id === room.state?.track_id;
    const may = room.mayControl;
    const [title, by] = item.querySelector('.track').children;
    const tagged = track.sidecars?.tags ?? '';
    if (item.dataset.tags !== tagged) {
      if (!title.textContent) setText(title, titleOf(track));
      beside.tagsOf(track).then((tags) => {
        if (!tagged || !tags) return;
        item.dataset.tags = tagged;
        if (tags.title) setText(title, tags.title);
        setText(by, tags.artist ?? '');
      });
    }
    item.classList.toggle('is-now', isNow);
    if (isNow) item.setAttribute('aria-current', 'true');
    else item.removeAttribute('aria-current');
    setProp(item.querySelector('.track'), 'disabled', !may || isNow);
    setProp(item.querySelector('.next-badge'), 'hidden', track.track_id !== room.nextTrackId || isNow);
    setText(item.querySelector('.track-length'), track.duration_us ? clockText(track.duration_us) : track.kind);
    const name = title.textContent;
    for (const b of item.querySelectorAll('button.quiet')) {
      const word = { up: 'Move up', down: 'Move down', remove: 'Remove' }[b.dataset.does];
      b.setAttribute('aria-label', `${word}: ${name}`);
      setProp(
        b,
        'disabled',
        !may || (b.dataset.does === 'up' && place === 0) || (b.dataset.does === 'down' && place === room.queue.length - 1),
      );
    }
    item.querySelector('.track').setAttribute('aria-label', isNow ? `${name}, the room's track` : `Make ${name} the room's track`);
  }

  function show() {
    if (drag) return;
    keyed(list, room.queue, (t) => t.track_id, create, update);
    list.classList.toggle('may-control', room.mayControl);
    setProp($('queue-none'), 'hidden', room.queue.length > 0);
    setProp($('queue-hint'), 'hidden', !room.mayControl || room.queue.length < 2);
    $('shuffle').setAttribute('aria-pressed', String(room.isShuffled));
    setText($('repeat').lastChild, room.repeat === 'off' ? '' : ` ${room.repeat}`);
    $('repeat').setAttribute('aria-label', REPEAT_WORDS[room.repeat]);
    $('repeat').classList.toggle('is-on', room.repeat !== 'off');
    for (const id of ['shuffle', 'repeat']) setProp($(id), 'disabled', !room.mayControl);
  }

  // A finger and a mouse alike: the handle keeps the pointer, the others make room.
  function startDrag(event, id) {
    if (!room.mayControl || room.queue.length < 2 || event.button > 0) return;
    event.preventDefault();
    const items = [...list.children];
    const item = items.find((i) => i.dataset.id === id);
    const height = item.getBoundingClientRect().height + 4;
    drag = { id, item, items, height, from: items.indexOf(item), to: items.indexOf(item), y: event.clientY };
    item.classList.add('is-dragged');
    event.target.setPointerCapture(event.pointerId);
    const grip = event.target;
    const onMove = (e) => moveDrag(e.clientY);
    const onEnd = (e) => {
      grip.removeEventListener('pointermove', onMove);
      grip.removeEventListener('pointerup', onEnd);
      grip.removeEventListener('pointercancel', onEnd);
      endDrag(e.type === 'pointerup');
    };
    grip.addEventListener('pointermove', onMove);
    grip.addEventListener('pointerup', onEnd);
    grip.addEventListener('pointercancel', onEnd);
  }

  function moveDrag(y) {
    const by = y - drag.y;
    drag.to = Math.max(0, Math.min(drag.items.length - 1, drag.from + Math.round(by / drag.height)));
    drag.items.forEach((item, i) => {
      if (item === drag.item) item.style.transform = `translateY(${by}px)`;
      else {
        const shift = i > drag.from && i <= drag.to ? -1 : i < drag.from && i >= drag.to ? 1 : 0;
        item.style.transform = shift ? `translateY(${shift * drag.height}px)` : '';
      }
    });
  }

  function endDrag(isMeant) {
    const { id, item, items, to } = drag;
    drag = null;
    items.forEach((i) => (i.style.transform = ''));
    item.classList.remove('is-dragged');
    if (isMeant) move(id, to);
    show();
  }

  client.on('change', show);
  client.on('status', show);
  show();
}
