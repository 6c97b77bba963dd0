import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Beside } from '../../../Jam.Server/Web/assets/beside.js';
import { SwarmModel } from '../../../Jam.Server/Web/assets/swarmModel.js';

/** A room's client as the picture of the swarm sees it. */
function clientOf(...ids) {
  const listeners = new Map();
  return {
    room: { members: new Map(ids.map((id, i) => [id, { peer_id: id, name: id, join_seq: i }])), at: () => ({ record: { track_id: 't' } }) },
    roomNowUs: () => 0,
    on: (type, fn) => listeners.set(type, fn),
    says: (type, payload) => listeners.get(type)(payload),
  };
}

const report = { track_id: 't', chunks: 2, is_first: true, sources: [], runs: [0, 1, 0], links: [], age_us: 1 };

test('whoever left while the page was away is in the picture no more', () => {
  const client = clientOf('ana', 'bo');
  const model = new SwarmModel(client);
  for (const peer_id of ['ana', 'bo']) client.says('SWARM', { peer_id, report });
  client.room.members.delete('bo');
  client.says('SNAPSHOT', { page: 0, pages: 2 });
  assert.equal(model.peers().length, 2, 'the rest of the members is yet to come');
  client.says('SNAPSHOT', { page: 1, pages: 2 });
  assert.deepEqual(model.peers().map((p) => p.id), ['ana']);
});

test('a room that plays for days keeps the last few pictures, and tags that are none are no error', async (t) => {
  const alive = new Set();
  let made = 0;
  t.mock.method(URL, 'createObjectURL', () => (alive.add(`blob:${++made}`), `blob:${made}`));
  t.mock.method(URL, 'revokeObjectURL', (url) => alive.delete(url));
  t.mock.method(globalThis, 'fetch', async (url) =>
    url === '/api/rooms' ? Response.json({ offers: ['beside'] }) : new Response('no JSON'));
  const beside = new Beside({ room: { members: new Map() } });
  const urls = [];
  for (let i = 0; i < 50; i++) {
    urls.push(await beside.coverOf({ track_id: `t${i}`, sidecars: { cover: `c${i}` } }));
    await beside.coverOf({ track_id: 't0', sidecars: { cover: 'c0' } });
  }
  assert.ok(alive.size <= 8, `${alive.size} pictures`);
  assert.equal(await beside.coverOf({ track_id: 't0', sidecars: { cover: 'c0' } }), urls[0], 'what is shown stays');
  assert.ok(alive.has(urls[0]) && alive.has(urls[49]));
  assert.equal(await beside.tagsOf({ track_id: 't0', sidecars: { tags: 'x' } }), null);
});
