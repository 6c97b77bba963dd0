import { $, el, everyFrame, isCalm, setProp, setText } from '../dom.js';
import { beatAt } from '../roomModel.js';

const MAX_LAMPS = 16;

/** The room's beat: lamps that light with it, its tempo, and taps that set it. */
export function mountBeat(client) {
  const { room } = client;
  const lamps = [$('lamps'), el('div', { className: 'lamps lamps-big', 'aria-hidden': 'true' })];
  const bpm = el('input', { id: 'bpm', type: 'number', min: 20, max: 400, step: 'any', inputMode: 'decimal' });
  const bar = el('input', { id: 'per-bar', type: 'number', min: 1, max: 32, step: 1, inputMode: 'numeric' });
  const tap = el('button', { type: 'button', className: 'tap', textContent: 'Tap' });
  const click = el('input', { id: 'metronome', type: 'checkbox' });
  const countIn = el(
    'select',
    { id: 'count-in' },
    ...[0, 1, 2, 3, 4].map((n) => el('option', { value: n, textContent: n === 0 ? 'none' : n === 1 ? '1 bar' : `${n} bars` })),
  );
  const place = el('p', { className: 'mono hint', id: 'beat-place' });
  const field = (label, input) => el('label', { className: 'field' }, el('span', { textContent: label }), input);

  $('beat-card').append(
    lamps[1],
    el('div', { className: 'fields' }, field('Beats a minute', bpm), field('Beats of a bar', bar), field('Count-in', countIn)),
    el('div', { className: 'row' }, tap, el('label', { className: 'check' }, click, ' Every peer clicks')),
    place,
    el('p', {
      className: 'hint',
      textContent: 'Four taps in time set the tempo, the first is a downbeat; up to eight refine it. The key T taps, too.',
    }),
  );

  const sendTempo = () => {
    const [beats, perBar] = [Number(bpm.value), Number(bar.value)];
    if (beats >= 20 && beats <= 400 && perBar >= 1 && perBar <= 32)
      client.send('SET_TEMPO', { bpm: beats, beats_per_bar: Math.round(perBar) });
    else show();
  };
  const sendTap = () => {
    const at = client.roomNowUs();
    client.send('TAP', at === null ? {} : { at_us: Math.round(at) });
    tap.classList.remove('is-hit');
    requestAnimationFrame(() => tap.classList.add('is-hit'));
  };
  bpm.addEventListener('change', sendTempo);
  bar.addEventListener('change', sendTempo);
  tap.addEventListener('pointerdown', (e) => e.button === 0 && !tap.disabled && sendTap());
  tap.addEventListener('click', (e) => e.detail === 0 && sendTap());
  click.addEventListener('change', () => client.send('METRONOME', { is_on: click.checked }));
  countIn.addEventListener('change', () => client.send('METRONOME', { count_in_bars: Number(countIn.value) }));
  document.addEventListener('keydown', (e) => {
    if (
      (e.key === 't' || e.key === 'T') &&
      !e.ctrlKey &&
      !e.metaKey &&
      !e.altKey &&
      !e.repeat &&
      room.mayControl &&
      !e.target.closest('input, textarea, select')
    )
      sendTap();
  });

  function show() {
    const { tempo } = room;
    for (const input of [bpm, bar, tap, click, countIn]) setProp(input, 'disabled', !room.mayControl);
    if (!tempo) return;
    if (document.activeElement !== bpm) bpm.value = String(tempo.bpm);
    if (document.activeElement !== bar) bar.value = String(tempo.beats_per_bar);
    setProp(click, 'checked', tempo.is_clicking);
    setProp(countIn, 'value', String(tempo.count_in_bars));
    const count = Math.min(tempo.beats_per_bar, MAX_LAMPS);
    for (const row of lamps) {
      if (row.childElementCount !== count) row.replaceChildren(...Array.from({ length: count }, () => el('i')));
    }
    $('lamps').setAttribute('aria-label', `The beat: ${tempo.bpm} a minute, ${tempo.beats_per_bar} to a bar`);
  }

  let lit = -1;
  function frame() {
    const now = client.roomNowUs();
    if (now === null || !room.tempo) return;
    const tempo = room.tempoAt(now);
    const beat = beatAt(tempo, now);
    const n = Math.floor(beat);
    const inBar = ((n % tempo.beats_per_bar) + tempo.beats_per_bar) % tempo.beats_per_bar;
    const glow = isCalm() ? '1' : Math.exp(-(beat - n) * 3.2).toFixed(3);
    // What is hidden is asked of the views: to ask the lamps would have the page laid out anew in each frame.
    const isShown = !$('view-loop').hidden;
    for (const row of isShown ? lamps : lamps.slice(0, 1)) {
      if (lit >= 0 && row.children[lit]) row.children[lit].style.setProperty('--glow', '0');
      row.children[inBar]?.style.setProperty('--glow', glow);
    }
    lit = inBar;
    if (isShown) setText(place, `bar ${Math.floor(n / tempo.beats_per_bar) + 1}, beat ${inBar + 1} of ${tempo.beats_per_bar}`);
  }

  client.on('change', show);
  client.on('status', show);
  everyFrame(frame);
  show();
}
