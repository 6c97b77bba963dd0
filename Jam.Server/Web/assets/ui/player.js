import { drawCover } from '../cover.js';
import { $, clockText, everyFrame, icon, named, setProp, setText, spokenTime, titleOf } from '../dom.js';

const STEP_US = 5e6;
const PAGE_US = 30e6;
const STEPS = 4_000;

/** What plays, where it is, and the buttons that move it. */
export function mountPlayer(client, beside) {
  const { room } = client;
  const seek = $('seek');
  let held = null;
  let track;
  let spoken = '';
  let shownUs = NaN;
  let shownDone = '';

  $('previous').append(icon('previous'));
  $('next').append(icon('next'));
  $('stop').append(icon('stop'));
  $('play').append(icon('play'));
  drawCover($('cover-drawn'), null);

  const isPlaying = () => room.state?.status === 'PLAY';
  const toggle = () => client.command(isPlaying() ? 'PAUSE' : 'PLAY');
  const seekTo = (us) => client.command('SEEK', { position_us: Math.max(0, Math.round(us)) });

  $('play').addEventListener('click', toggle);
  $('stop').addEventListener('click', () => client.command('STOP'));
  $('next').addEventListener('click', () => client.command('QUEUE', { action: 'next' }));
  $('previous').addEventListener('click', () => client.command('QUEUE', { action: 'previous' }));
  seek.addEventListener('input', () => (held = Number(seek.value)));
  seek.addEventListener('change', () => {
    seekTo(Number(seek.value));
    held = null;
  });
  // Let go where it was taken, or taken away in the middle of it: there is no change, and the place must not stand still.
  for (const end of ['pointerup', 'pointercancel', 'blur']) seek.addEventListener(end, () => setTimeout(() => (held = null)));
  seek.addEventListener('keydown', (e) => {
    const by = { ArrowLeft: -STEP_US, ArrowDown: -STEP_US, ArrowRight: STEP_US, ArrowUp: STEP_US, PageUp: PAGE_US, PageDown: -PAGE_US }[
      e.key
    ];
    if (!by) return;
    e.preventDefault();
    seekTo(Math.min(Number(seek.max), Number(seek.value) + by));
  });
  document.addEventListener('keydown', (e) => {
    const isFree = !e.target.closest('input, textarea, select, button, a, [role=tab], summary, dialog');
    if (e.key !== ' ' || !isFree || !room.mayControl) return;
    e.preventDefault();
    toggle();
  });

  function showTrack(now) {
    const label = now ? titleOf(now) : 'No track yet';
    setText($('title'), label);
    setText($('artist'), '');
    drawCover($('cover-drawn'), now?.track_id ?? null);
    $('cover').hidden = true;
    document.title = now ? `${label} · SwarmJam` : 'SwarmJam';
    showBeside(now);
  }

  async function showBeside(now) {
    const [tags, cover] = await Promise.all([beside.tagsOf(now), beside.coverOf(now)]);
    if (now !== track) return;
    if (tags?.title) setText($('title'), tags.title);
    if (tags) setText($('artist'), [tags.artist, tags.album].filter(Boolean).join(' · '));
    // Said once it is known whose it is: a region that changes twice is read out twice.
    setText($('track-said'), now ? `Track: ${[$('title').textContent, tags?.artist].filter(Boolean).join(', by ')}` : '');
    const picture = $('cover');
    if (!cover || picture.src === cover) return;
    picture.onload = () => (picture.hidden = false);
    picture.onerror = () => (picture.hidden = true);
    picture.src = cover;
  }

  function showState() {
    const { state } = room;
    const why = room.whyNot;
    const hasTrack = Boolean(state?.track_id);
    for (const id of ['play', 'stop', 'next', 'previous'])
      setProp($(id), 'disabled', !room.mayControl || (id !== 'next' && id !== 'previous' && !hasTrack));
    setProp($('next'), 'disabled', !room.mayControl || room.queue.length === 0);
    setProp($('previous'), 'disabled', !room.mayControl || room.queue.length === 0);
    const label = isPlaying() ? 'Pause' : 'Play';
    if ($('play').getAttribute('aria-label') !== label) {
      $('play').setAttribute('aria-label', label);
      $('play').replaceChildren(icon(isPlaying() ? 'pause' : 'play'));
    }
    setProp($('why'), 'hidden', why === null || !room.welcome);
    setText($('why'), why ?? '');
    const waits = room.stats?.waiting_for ?? [];
    const names = waits.slice(0, 3).map((id) => named(room.members.get(id)?.name ?? id));
    const by = state?.by && room.members.get(state.by)?.name;
    const notes = {
      resumed: 'goes on after a change of server',
      restored: 'goes on after a restart',
      host_left: 'paused: the host has left',
      ended: 'the list is over',
      next: 'next track',
    };
    const does = { PLAY: 'Playing', PAUSE: 'Paused', STOP: 'Stopped' }[state?.status] ?? '';
    const because = state?.note && notes[state.note] ? `: ${notes[state.note]}` : by ? ` by ${named(by)}` : '';
    setText(
      $('doing'),
      waits.length ? `Waiting for ${names.join(', ')}${waits.length > 3 ? ' and others' : ''}` : hasTrack ? does + because : '',
    );
  }

  function frame() {
    const at = room.at(client.roomNowUs());
    const now = at?.track ?? null;
    const record = at?.record;
    if (seek.disabled || now?.track_id !== track?.track_id) held = null;
    if (now?.track_id !== track?.track_id || (now?.sidecars?.tags && !track?.sidecars?.tags)) {
      track = now;
      showTrack(now);
      setText($('length'), now?.duration_us ? clockText(now.duration_us) : '–:––');
      setProp(seek, 'max', String(now?.duration_us ?? 1));
      shownUs = NaN;
    }
    setProp(seek, 'disabled', !room.mayControl || !now?.duration_us);
    const us = held ?? at?.positionUs ?? 0;
    const whole = now?.duration_us ?? 0;
    // By less than a pixel it need not move: each time costs the page a layout.
    if (held !== null || record?.status !== 'PLAY' || !(Math.abs(us - shownUs) < whole / STEPS)) {
      if (held === null && us !== shownUs) seek.value = String(us);
      const done = whole ? (us / whole).toFixed(5) : '0';
      if (done !== shownDone) seek.style.setProperty('--done', (shownDone = done));
      shownUs = held === null ? us : NaN;
    }
    setText($('position'), clockText(us));
    const text = whole ? `${spokenTime(us)} of ${spokenTime(whole)}` : 'no track';
    if (text !== spoken) seek.setAttribute('aria-valuetext', (spoken = text));
  }

  client.on('change', showState);
  client.on('status', showState);
  everyFrame(frame);
  showState();
  // What the swarm had not brought yet is looked for again; what is known costs nothing.
  setInterval(() => track && showBeside(track), 3_000);
}
