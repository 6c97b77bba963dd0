import { $, el, icon, setText } from '../dom.js';

/** A link to the room and its code for cameras. */
export function mountShare(room) {
  const dialog = $('share');
  const button = $('share-button');
  button.append(icon('share'), 'Invite');
  const path = encodeURIComponent(room);
  const code = el('img', { className: 'qr', width: 260, height: 260, alt: `Code of the link to the room ${room}` });
  const links = el('div', { className: 'links' });
  const said = el('p', { className: 'hint', role: 'status' });

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

  dialog.append(
    el('h2', { id: 'share-title', textContent: 'Invite others' }),
    el('p', { className: 'hint', textContent: 'Whoever opens this link is in the room, without installing anything.' }),
    code,
    links,
    said,
    el('form', { method: 'dialog' }, el('button', { textContent: 'Close' })),
  );
  button.addEventListener('click', async () => {
    setText(said, '');
    code.src = `/api/qr/${path}`;
    dialog.showModal();
    const answer = await fetch(`/api/link/${path}`);
    const { urls } = answer.ok ? await answer.json() : { urls: [location.href] };
    links.replaceChildren(...urls.map(line));
  });
}
