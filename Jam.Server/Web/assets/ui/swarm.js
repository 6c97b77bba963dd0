import { $, bytesText, el, everyFrame, keyed, setProp, setText, spanText } from '../dom.js';
import { SwarmModel } from '../swarmModel.js';
import { LinkGraph } from './linkGraph.js';
import { ChunkMap } from './chunkMap.js';
import { LineChart } from './lineChart.js';

const CHARTS_EVERY_MS = 250;
const FIGURES_EVERY_MS = 500;
const BUSIEST = 6;

/** The swarm as a picture: chunks by whom they came from, links, progress against what the uplinks allow, and how far apart all play. */
export function mountSwarm(view, client) {
  const model = new SwarmModel(client);
  const figures = el('dl', { className: 'figures' });
  const legend = el('ul', { className: 'legend', 'aria-label': 'Colours: whom chunks came from' });
  const canvas = (label) => el('canvas', { role: 'img', 'aria-label': label });
  const mapCanvas = canvas('Chunks of each peer');
  const linkCanvas = canvas('Links between peers');
  const syncCanvas = canvas('Sync error of each peer over the last two minutes');
  const progressCanvas = canvas('Share of the track that each peer has, over time, and the fluid bound');
  const tip = el('p', { className: 'tip', hidden: true });
  const busiest = el('ol', { className: 'busiest' });
  const quiet = el('p', { className: 'hint', textContent: 'No link carries anything at the moment.' });
  const table = el('tbody');
  const none = el('p', { className: 'hint', textContent: 'Waiting for what the peers tell ...' });
  const head = (...names) => el('thead', {}, el('tr', {}, ...names.map((n) => el('th', { scope: 'col', textContent: n }))));

  view.append(
    el(
      'section',
      { className: 'card', 'aria-labelledby': 'swarm-title' },
      el('h2', { id: 'swarm-title', textContent: 'Who has what, and from whom' }),
      none,
      figures,
      el('div', { className: 'map' }, mapCanvas, tip),
      legend,
    ),
    el(
      'div',
      { className: 'charts' },
      el(
        'section',
        { className: 'card', 'aria-labelledby': 'progress-title' },
        el('h2', { id: 'progress-title', textContent: 'Progress and the fluid bound' }),
        progressCanvas,
        el('p', { id: 'bound', className: 'hint' }),
      ),
      el(
        'section',
        { className: 'card', 'aria-labelledby': 'sync-title' },
        el('h2', { id: 'sync-title', textContent: 'Sync error' }),
        syncCanvas,
        el('p', { id: 'sync-words', className: 'hint' }),
      ),
      el(
        'section',
        { className: 'card', 'aria-labelledby': 'links-title' },
        el('h2', { id: 'links-title', textContent: 'Links' }),
        linkCanvas,
        quiet,
        busiest,
      ),
    ),
    el(
      'details',
      { className: 'card' },
      el('summary', { textContent: 'The same as a table' }),
      el('table', { className: 'members' }, head('Peer', 'Chunks', 'Of the host', 'Of others', 'Receives', 'Sends', 'Sync error'), table),
    ),
  );

  const map = new ChunkMap(mapCanvas, model);
  const graph = new LinkGraph(linkCanvas, model);
  const sync = new LineChart(syncCanvas, { isTime: true });
  const progress = new LineChart(progressCanvas, { isTime: false });
  const figure = (name) => {
    const value = el('dd');
    figures.append(el('div', {}, el('dt', { textContent: name }), value));
    return value;
  };
  const [whole, copies, rate, standing] = ['The room has', 'Copies sent by the host', 'All links carry', 'Of the fluid bound'].map(figure);

  function showFigures() {
    const peers = model.peers();
    for (const drawn of [mapCanvas, linkCanvas]) setProp(drawn, 'hidden', peers.length === 0);
    setProp(none, 'hidden', peers.length > 0);
    const bound = model.bound();
    const share = model.share();
    setText(whole, share === null ? '–' : `${Math.floor(share * 100)} %`);
    setText(copies, bound.copies === null ? '–' : bound.copies.toFixed(2));
    setText(rate, `${bytesText(model.totalRate())}/s`);
    setText(standing, bound.efficiency === null ? '–' : `${Math.round(bound.efficiency * 100)} %`);
    setText($('bound'), bound.words);
    setText($('sync-words'), model.syncWords());
    const sources = model.legend();
    keyed(
      legend,
      sources,
      (s) => s.id,
      () => el('li', {}, el('i'), el('span')),
      (node, s) => {
        node.firstChild.style.background = s.color;
        setText(node.lastChild, s.name);
      },
    );
    setProp(quiet, 'hidden', model.links().length > 0);
    keyed(
      busiest,
      model.busiest(BUSIEST),
      (l) => `${l.from} ${l.to}`,
      () => el('li'),
      (node, l) => setText(node, `${l.fromName} → ${l.toName}: ${bytesText(l.rate)}/s`),
    );
    if (!table.closest('details').open) return;
    keyed(
      table,
      peers,
      (p) => p.id,
      () => el('tr', {}, el('th', { scope: 'row' }), ...Array.from({ length: 6 }, () => el('td', { className: 'mono' }))),
      (row, p) => {
        const cells = [
          p.name,
          `${p.have} of ${p.chunks}`,
          p.fromHost,
          p.fromOthers,
          `${bytesText(p.down)}/s`,
          `${bytesText(p.up)}/s`,
          p.stats?.sync_error_us === null || !p.stats ? '–' : spanText(p.stats.sync_error_us),
        ];
        cells.forEach((c, i) => setText(row.children[i], String(c)));
      },
    );
  }

  mapCanvas.addEventListener('pointermove', (e) => {
    const at = map.find(e.offsetX, e.offsetY);
    setProp(tip, 'hidden', !at);
    if (at) {
      setText(tip, at.words);
      tip.style.transform = `translate(${Math.max(0, Math.min(e.offsetX + 14, mapCanvas.clientWidth - 220))}px, ${e.offsetY + 16}px)`;
    }
  });
  mapCanvas.addEventListener('pointerleave', () => (tip.hidden = true));

  let isShown = false;
  let chartsAt = 0;
  let figuresAt = 0;
  everyFrame((now) => {
    if (!isShown) return;
    map.draw(now);
    if (now - chartsAt > CHARTS_EVERY_MS) {
      // One picture a frame: four at once would cost one.
      const turn = Math.floor(now / CHARTS_EVERY_MS) % 3;
      if (turn === 0) graph.draw(now);
      else if (turn === 1) sync.draw(model.syncLines());
      else progress.draw(model.progressLines());
      chartsAt = now - (now % 80);
    }
    if (now - figuresAt > FIGURES_EVERY_MS) {
      figuresAt = now;
      showFigures();
    }
  });

  const watch = () => {
    const isOn = isShown && !document.hidden;
    client.send('WATCH', { is_on: isOn });
  };
  document.addEventListener('visibilitychange', watch);
  client.on('SNAPSHOT', (p) => p.page === 0 && isShown && watch());
  return (shown) => {
    isShown = shown;
    watch();
  };
}
