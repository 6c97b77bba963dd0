import { $, el, icon, setProp, setText } from '../dom.js';

/** How often and how long an invite admits, in words. */
export function termsOf({ uses, uses_left: left, until_unix_sec: until }) {
  const count = left ?? uses;
  const often = count === undefined ? 'any number of people' : count === 1 ? 'one more person' : `${count} more people`;
  const when =
    until === undefined ? '' : `, until ${new Date(until * 1000).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' })}`;
  return often + when;
}

/** Links to the room and their code for cameras: its plain one, or an invite's, which opens a locked door. Returns {show(invite)}. */
export function mountShare(client, name) {
  const { room } = client;
  const dialog = $('share');
  const button = $('share-button');
  button.append(icon('share'), 'Invite');
  const path = encodeURIComponent(name);
  const title = el('h2', { id: 'share-title' });
  const what = el('p', { className: 'hint' });
  const code = el('img', { className: 'qr', width: 260, height: 260 });
  const links = el('div', { className: 'links' });
  const said = el('p', { className: 'hint', role: 'status' });
  const make = el('button', { type: 'button', textContent: 'Make a link that lets in', on: { click: () => client.send('INVITE') } });
  let shown = 0;

  async function copy(url, input) {
    try {
      await navigator.clipboard.writeText(url);
      setText(said, 'Copied.');
    } catch {
      // Over plain http there is no clipboard to ask; the text is selected instead.
      input.select();
      setText(said, document.execCommand('copy') ? 'Copied.' : 'Press Ctrl+C to copy.');
    }
  }

  function line(url, i) {
    const input = el('input', { value: url, readOnly: true, 'aria-label': i === 0 ? 'Link to the room' : 'Another link to the room' });
    return el(
      'div',
      { className: 'row' },
      input,
      el('button', { type: 'button', textContent: 'Copy', 'aria-label': `Copy ${url}`, on: { click: () => copy(url, input) } }),
    );
  }

  const words = (invite) => {
    const { door } = room;
    if (invite) return `This link lets in ${termsOf(invite)}; they need no password.`;
    if (!door.is_locked) return 'Whoever opens this link is in the room, without installing anything.';
    return door.has_password
      ? 'The room is locked: whoever opens this link is asked for its password.'
      : 'The room is locked: this link lets in nobody who was not here before. Its host can make one that does.';
  };

  async function show(invite = null) {
    const turn = ++shown;
    setText(title, invite ? `Invite ${invite.id}` : 'Invite others');
    setText(what, words(invite));
    setText(said, '');
    setProp(make, 'hidden', Boolean(invite) || !room.door.is_locked || room.role !== 'host');
    code.alt = invite ? 'Code of the link of this invite' : `Code of the link to the room ${name}`;
    if (!dialog.open) dialog.showModal();
    // What an invite says is in no address that is asked for, so in no server's log.
    const headers = invite ? { 'X-Jam-Invite': invite.token } : {};
    const [picture, answer] = await Promise.all(
      ['qr', 'link'].map((part) => fetch(`/api/${part}/${path}`, { headers: part === 'qr' ? headers : {} }).catch(() => null)),
    );
    const urls = client.away || !answer?.ok ? [client.away?.page ?? location.href] : (await answer.json()).urls;
    const svg = !client.away && picture?.ok ? await picture.blob() : null;
    if (turn !== shown) return;
    URL.revokeObjectURL(code.src);
    if (svg) code.src = URL.createObjectURL(svg);
    setProp(code, 'hidden', !svg);
    links.replaceChildren(...urls.map((url) => (invite ? `${url}#invite=${invite.token}` : url)).map(line));
  }

  dialog.append(title, what, make, code, links, said, el('form', { method: 'dialog' }, el('button', { textContent: 'Close' })));
  button.addEventListener('click', () => show());
  client.on('INVITED', show);
  return { show };
}
