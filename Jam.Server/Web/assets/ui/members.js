import { $, el, icon, keyed, named, setProp, setText, spanText } from '../dom.js';

const MAX_ROWS = 200;

const syncText = (s) =>
  s?.sync_error_us === null || s?.sync_error_us === undefined
    ? '–'
    : `${s.sync_error_us > 0 ? '+' : ''}${spanText(s.sync_error_us)} ± ${s.sync_uncertainty_us === null ? '?' : spanText(s.sync_uncertainty_us)}`;

/** Who is here, how well each one keeps up, and who may do what. */
export function mountMembers(client) {
  const { room } = client;
  const role = $('role');

  const menuItem = (text, fn) => el('button', { type: 'button', textContent: text, on: { click: fn } });

  function create({ peer_id: id }) {
    const is = () => room.members.get(id);
    const menu = el(
      'details',
      { className: 'menu' },
      el('summary', {}, icon('more')),
      el(
        'div',
        { className: 'menu-items' },
        menuItem('Hand the host role over', () => client.send('SET_ROLE', { role: 'host', peer_id: id })),
        menuItem('', () => client.send('MUTE', { peer_id: id, is_muted: !is()?.is_muted })),
        menuItem('Send away for good', () => client.send('KICK', { peer_id: id })),
      ),
    );
    menu.addEventListener('click', (e) => e.target.tagName === 'BUTTON' && (menu.open = false));
    menu.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      menu.open = false;
      menu.firstChild.focus();
    });
    menu.addEventListener('focusout', (e) => menu.contains(e.relatedTarget) || setTimeout(() => (menu.open = false), 150));
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, el('span', { className: 'who' }), el('span', { className: 'badges' })),
      el('td', { className: 'mono' }),
      el('td', { className: 'mono' }),
      el('td', { className: 'mono sync' }),
      el('td', { className: 'acts' }, menu),
    );
  }

  function update(row, m) {
    const [who, way, buffer, sync, acts] = row.children;
    const isMe = m.peer_id === room.peerId;
    const badges = [m.role === 'host' && 'host', isMe && 'you', m.is_muted && 'muted', m.addresses.length === 0 && 'page'].filter(Boolean);
    setText(who.firstChild, m.name);
    if (who.dataset.badges !== badges.join()) {
      who.dataset.badges = badges.join();
      who.lastChild.replaceChildren(...badges.map((b) => el('span', { className: `badge badge-${b}`, textContent: b })));
    }
    setText(way, m.stats ? spanText(m.stats.rtt_us) : '–');
    setText(buffer, m.stats ? spanText(m.stats.buffer_us) : '–');
    setText(sync, syncText(m.stats));
    sync.classList.toggle('is-far', Math.abs(m.stats?.sync_error_us ?? 0) > 5_000);
    acts.firstChild.hidden = room.role !== 'host' || isMe;
    const [summary, items] = acts.firstChild.children;
    summary.setAttribute('aria-label', `Actions for ${named(m.name)}`);
    setText(items.children[1], m.is_muted ? 'Let speak again' : 'Mute');
  }

  function show() {
    const all = [...room.members.values()].sort(
      (a, b) => (a.role === 'host' ? 0 : 1) - (b.role === 'host' ? 0 : 1) || a.join_seq - b.join_seq,
    );
    keyed($('members'), all.slice(0, MAX_ROWS), (m) => m.peer_id, create, update);
    setText($('members-title'), all.length === 1 ? 'Members: you alone' : `Members: ${all.length}`);
    setProp($('members-more'), 'hidden', all.length <= MAX_ROWS);
    setText($('members-more'), `and ${all.length - MAX_ROWS} more`);
    const isHost = room.role === 'host';
    $('members').parentElement.classList.toggle('may-act', isHost);
    setText(role, isHost ? 'Stop hosting' : 'Take the host role');
    setProp(role, 'disabled', client.status !== 'open' || (!isHost && room.hostId !== null));
    const host = room.members.get(room.hostId);
    setProp($('role-why'), 'hidden', isHost || !room.welcome);
    setText(
      $('role-why'),
      host
        ? `Only the host, ${named(host.name)}, can hand the role over and change what the room allows.`
        : 'Nobody hosts this room: who takes the role may change what it allows.',
    );
    const p = room.policy;
    setProp($('policy'), 'disabled', !isHost);
    setProp($('policy-control'), 'checked', p.control === 'everyone');
    setProp($('policy-queue'), 'checked', p.queue === 'everyone');
    setProp($('policy-listed'), 'checked', p.is_listed !== false);
    setProp($('policy-loss'), 'value', p.on_host_loss);
  }

  role.addEventListener('click', () => client.send('SET_ROLE', { role: room.role === 'host' ? 'viewer' : 'host' }));
  const word = (id) => ($(id).checked ? 'everyone' : 'host');
  $('policy-control').addEventListener('change', () => client.send('POLICY', { control: word('policy-control') }));
  $('policy-queue').addEventListener('change', () => client.send('POLICY', { queue: word('policy-queue') }));
  $('policy-listed').addEventListener('change', () => client.send('POLICY', { is_listed: $('policy-listed').checked }));
  $('policy-loss').addEventListener('change', () => client.send('POLICY', { on_host_loss: $('policy-loss').value }));
  client.on('change', show);
  client.on('status', show);
  show();
}
