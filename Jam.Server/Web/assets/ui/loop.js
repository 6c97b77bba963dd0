import { $, el, everyFrame, keyed, named, setProp, setText } from '../dom.js';
import { beatAt } from '../roomModel.js';

const NOTES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const VOICES = ['kick', 'snare', 'hat', 'click'];
const PITCHES = [36, 40, 43, 48, 52, 55, 57, 60, 62, 64, 67, 69, 72];
const SEND_AFTER_MS = 60;

const noteName = (pitch) => `${NOTES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
const nameOf = (step) => (step.sample ? step.sample : noteName(step.pitch));
const isSame = (a, b) => a && b && (a.sample ?? null) === (b.sample ?? null) && (a.pitch ?? null) === (b.pitch ?? null);
const colorOf = (step) => `voice-${step.sample && VOICES.includes(step.sample) ? step.sample : 'tone'}`;

/** The shared loop: a lane for each member, of which only one's own can be changed; a change is heard when the loop next starts. */
export function mountLoop(client) {
  const { room } = client;
  let voice = { sample: 'kick' };
  let mine = [];
  let timer = 0;
  let isDirty = false;

  const isOn = el('input', { id: 'loop-on', type: 'checkbox' });
  const isHeard = el('input', { id: 'loop-here', type: 'checkbox', checked: true });
  const number = (values, id) => el('select', { id }, ...values.map((v) => el('option', { value: v, textContent: v })));
  const steps = number([4, 6, 8, 12, 16, 24, 32, 48, 64], 'loop-steps');
  const beats = number([1, 2, 3, 4, 6, 8, 12, 16, 32], 'loop-beats');
  const brushes = el('div', { className: 'brushes', role: 'radiogroup', 'aria-label': 'What a step plays' });
  const heard = el('p', { className: 'hint', role: 'status', id: 'loop-heard' });
  const head = el('div', { className: 'playhead', 'aria-hidden': 'true' });
  const own = el('div', { className: 'lane-steps', role: 'group', 'aria-label': 'Your lane' });
  const others = el('div', { className: 'lanes', role: 'list', 'aria-label': 'Lanes of the others' });
  const why = el('p', { className: 'why', id: 'loop-why' });
  const grid = el(
    'div',
    { className: 'grid' },
    el('div', { className: 'lane' }, el('span', { className: 'lane-name', textContent: 'you' }), own),
    others,
    head,
  );
  const clear = el('button', { type: 'button', textContent: 'Clear my lane', on: { click: () => change(() => mine.fill(null)) } });
  const field = (label, input) => el('label', { className: 'field' }, el('span', { textContent: label }), input);

  const choices = [...VOICES.map((sample) => ({ sample })), { pitch: 60 }];
  const pitch = el(
    'select',
    { 'aria-label': 'Pitch of the tone' },
    ...PITCHES.map((p) => el('option', { value: p, textContent: noteName(p) })),
  );
  pitch.value = '60';
  choices.forEach((choice, i) => {
    const id = `brush-${i}`;
    const input = el('input', {
      type: 'radio',
      name: 'brush',
      id,
      checked: i === 0,
      on: { change: () => (voice = choice.sample ? choice : { pitch: Number(pitch.value) }) },
    });
    brushes.append(
      el(
        'label',
        { className: `brush ${choice.sample ? `voice-${choice.sample}` : 'voice-tone'}`, for: id },
        input,
        choice.sample ?? 'tone',
      ),
    );
  });
  brushes.append(pitch);
  pitch.addEventListener('change', () => {
    voice = { pitch: Number(pitch.value) };
    brushes.querySelectorAll('input')[VOICES.length].checked = true;
  });

  $('loop-card').append(
    el(
      'div',
      { className: 'fields' },
      el('label', { className: 'check' }, isOn, ' The loop sounds'),
      el('label', { className: 'check' }, isHeard, ' I hear it here'),
      field('Steps', steps),
      field('Beats', beats),
    ),
    why,
    brushes,
    grid,
    el('div', { className: 'row' }, clear, heard),
    el('p', { className: 'hint', textContent: 'Only your own lane is yours to change. Arrow keys move between steps, space sets one.' }),
  );

  isOn.addEventListener('change', () => client.send('LOOP', { is_on: isOn.checked }));
  isHeard.addEventListener('change', () => (client.lane.isHeard = isHeard.checked));
  steps.addEventListener('change', () => client.send('LOOP', { steps: Number(steps.value) }));
  beats.addEventListener('change', () => client.send('LOOP', { beats: Number(beats.value) }));

  function change(edit) {
    edit();
    isDirty = true;
    paintOwn();
    clearTimeout(timer);
    timer = setTimeout(() => {
      client.lane.set(mine.slice());
      isDirty = false;
    }, SEND_AFTER_MS);
  }

  function stepButton(i) {
    const set = () => change(() => (mine[i] = isSame(mine[i], voice) ? null : { ...voice, velocity: 100 }));
    return el('button', { type: 'button', className: 'step', tabIndex: i === 0 ? 0 : -1, on: { click: set, keydown: (e) => walk(e, i) } });
  }

  function walk(e, i) {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: mine.length - 1 }[e.key];
    const button = to === undefined ? null : own.children[(to + mine.length) % mine.length];
    if (!button) return;
    e.preventDefault();
    own.children[i].tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  }

  function paintOwn() {
    if (own.childElementCount !== mine.length) own.replaceChildren(...mine.map((_, i) => stepButton(i)));
    mine.forEach((step, i) => {
      const button = own.children[i];
      button.className = `step ${step ? colorOf(step) : ''} ${isBeat(i) ? 'on-beat' : ''}`;
      button.setAttribute('aria-pressed', String(step !== null));
      button.setAttribute('aria-label', `Step ${i + 1}${step ? `: ${nameOf(step)}` : ''}`);
      setText(button, step?.pitch !== undefined && step?.pitch !== null ? noteName(step.pitch) : '');
      setProp(button, 'disabled', !room.welcome || room.isMuted);
    });
  }

  const isBeat = (i) => (i * room.loop.beats) % room.loop.steps < room.loop.beats;

  function createLane() {
    return el(
      'div',
      { className: 'lane', role: 'listitem' },
      el('span', { className: 'lane-name' }),
      el('div', { className: 'lane-steps', role: 'img' }),
    );
  }

  function updateLane(node, lane) {
    const name = room.members.get(lane.peer_id)?.name ?? 'who is away';
    setText(node.firstChild, name);
    const cells = node.lastChild;
    const key = JSON.stringify([lane.steps, room.loop.steps, room.loop.beats]);
    if (cells.dataset.key === key) return;
    cells.dataset.key = key;
    const shown = Array.from({ length: room.loop.steps }, (_, i) => lane.steps[i] ?? null);
    cells.replaceChildren(
      ...shown.map((s, i) =>
        el('span', {
          className: `step ${s ? colorOf(s) : ''} ${isBeat(i) ? 'on-beat' : ''}`,
          textContent: s?.pitch !== undefined && s?.pitch !== null ? noteName(s.pitch) : '',
        }),
      ),
    );
    const words = shown.flatMap((s, i) => (s ? [`${nameOf(s)} on ${i + 1}`] : []));
    cells.setAttribute('aria-label', `Lane of ${named(name)}: ${words.join(', ') || 'silent'}`);
  }

  function show() {
    const { loop } = room;
    setProp(isOn, 'checked', loop.is_on);
    for (const [select, value] of [
      [steps, loop.steps],
      [beats, loop.beats],
    ]) {
      if (![...select.options].some((o) => Number(o.value) === value)) select.append(el('option', { value, textContent: value }));
      setProp(select, 'value', String(value));
    }
    for (const input of [isOn, steps, beats]) setProp(input, 'disabled', !room.mayControl);
    setText(
      why,
      room.isMuted ? 'The host has muted you.' : room.mayControl ? '' : `The shape of the loop is not yours to change. ${room.whyNot}`,
    );
    setProp(why, 'hidden', why.textContent === '');
    const kept = room.lanes.get(room.peerId)?.steps;
    if (!isDirty && client.lane.isHeard) mine = Array.from({ length: loop.steps }, (_, i) => kept?.[i] ?? null);
    paintOwn();
    const rest = [...room.lanes.values()].filter((l) => l.peer_id !== room.peerId && l.steps.length > 0);
    keyed(others, rest, (l) => l.peer_id, createLane, updateLane);
    grid.style.setProperty('--steps', loop.steps);
  }

  function frame() {
    if ($('view-loop').hidden) return;
    const now = client.roomNowUs();
    if (now === null || !room.tempo) return;
    const { loop } = room;
    const beat = beatAt(room.tempoAt(now), now);
    const cycle = Math.floor(beat / loop.beats);
    head.style.transform = `translateX(${(((beat / loop.beats - cycle) * own.clientWidth) | 0) + own.offsetLeft}px)`;
    setProp(head, 'hidden', !loop.is_on);
    const lane = room.lanes.get(room.peerId);
    const from = Math.max(lane?.effective_cycle ?? -Infinity, loop.effective_cycle);
    if (!client.lane.isHeard) setText(heard, 'Silent here. What you change is kept, and sent when you hear the loop again.');
    else if (from > cycle && room.lanes.size) {
      const s = ((from * loop.beats - beat) * 60) / room.tempo.bpm;
      const what = (lane?.effective_cycle ?? -Infinity) > cycle ? 'Your change' : 'The new shape';
      setText(heard, `${what} is heard when the loop starts anew, in ${Math.max(1, Math.ceil(s))} s`);
    } else setText(heard, lane ? 'What you see is what sounds.' : '');
  }

  client.on('change', (type) => type === 'ROOM_STATS' || show());
  client.on('status', show);
  everyFrame(frame);
  show();
}
