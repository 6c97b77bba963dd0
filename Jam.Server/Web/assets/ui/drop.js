import { serverOffers } from '../beside.js';
import { $, bytesText, el, setText, tabMemory } from '../dom.js';

const KEY = 'jam:drop-key';

// The host's terminal shows a link that ends in #key=...; the key is kept for this tab and taken out of the address.
function takeKey() {
  const key = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (key) {
    tabMemory.set(KEY, key);
    history.replaceState(null, '', location.pathname);
  }
  return key ?? tabMemory.get(KEY);
}

const ELSEWHERE = {
  host: "Only the page on the host's own machine takes files; the host's terminal shows a link that takes them from elsewhere.",
  server:
    'This server keeps rooms, not files. To share one: tools/jam --server ADDRESS --room NAME --seed FILE, on the machine that has it.',
};

/** Files that are dropped anywhere on the page; the result of `take` is not waited for. */
function onDrop(take) {
  const isFiles = (e) => e.dataTransfer?.types.includes('Files');
  addEventListener('dragover', (e) => {
    if (!isFiles(e)) return;
    e.preventDefault();
    document.body.classList.add('is-dropping');
  });
  addEventListener('dragleave', (e) => e.relatedTarget === null && document.body.classList.remove('is-dropping'));
  addEventListener('drop', (e) => {
    document.body.classList.remove('is-dropping');
    if (!isFiles(e)) return;
    e.preventDefault();
    take([...e.dataTransfer.files]);
  });
}

/** On the page of a host's own peer: files that are dropped here are seeded by it. Anywhere else they are not, and the page says so. */
export async function mountDrop(client, say) {
  const key = takeKey();
  const box = $('drop');
  // A browser that is not held back shows the file in place of the room.
  let take = null;
  let whyNot = ELSEWHERE.server;
  onDrop((files) => (take ? take(files) : say(whyNot)));
  if (!(await serverOffers()).includes('seed')) return;
  whyNot = ELSEWHERE.host;
  const headers = { 'X-Jam-Seed': '1', ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const allowed = await fetch('/seed/', { headers }).then(
    (r) => r.ok && r.json(),
    () => null,
  );
  if (!allowed) return;

  const input = el('input', { type: 'file', id: 'drop-file', accept: 'audio/*,.mp3,.flac,.ogg,.opus,.wav,.aiff,.m4a', multiple: true });
  const bar = el('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Uploading' });
  const said = el('p', { className: 'hint', role: 'status' });
  box.append(
    el('p', {}, el('strong', { textContent: 'Drop audio files here' }), ' to share them, or '),
    el('label', { className: 'button', for: 'drop-file' }, 'choose files', input),
    el('p', {
      className: 'hint',
      textContent: `They go to this host's own peer, which checks and seeds them (up to ${bytesText(allowed.max_bytes)} each).`,
    }),
    bar,
    said,
  );
  box.hidden = false;

  function upload(file) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('POST', `/seed/?name=${encodeURIComponent(file.name)}`);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (e) => (bar.value = e.loaded / e.total);
      request.onload = () => resolve(request.responseText.trim());
      request.onerror = () => resolve(`${file.name}: the connection broke off`);
      request.send(file);
    });
  }

  take = async (files) => {
    bar.hidden = false;
    for (const file of files) {
      if (file.size > allowed.max_bytes) {
        say(`${file.name} is larger than ${bytesText(allowed.max_bytes)}.`);
        continue;
      }
      setText(said, `Uploading ${file.name} ...`);
      setText(said, await upload(file));
    }
    bar.hidden = true;
  };

  input.addEventListener('change', () => take([...input.files]).then(() => (input.value = '')));
}
