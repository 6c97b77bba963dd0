import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomModel } from '../../../Jam.Server/Web/assets/roomModel.js';
import { Whereabouts, ask, find, outranks, placesOf, seenFrom } from '../../../Jam.Server/Web/assets/whereabouts.js';

const HOME = 'ws://192.0.2.1:8000/ws/jam';
const KNOWN = { epoch: 3, id: 'bbbb' };
const PATH = '/ws/jam';
const u = (name) => `ws://${name}.example:8000${PATH}`;
const at = (answers) => async (url) => answers[url] ?? null;
const here = (epoch, id, members = 1) => ({ epoch, id, members, urls: [] });

test('of two authorities the higher epoch counts, then the lower id', () => {
  assert.ok(outranks({ epoch: 4, id: 'z' }, KNOWN));
  assert.ok(outranks({ epoch: 3, id: 'AAAA' }, KNOWN));
  assert.ok(!outranks({ epoch: 3, id: 'bbbb' }, KNOWN));
  assert.ok(!outranks({ epoch: 2, id: 'a' }, KNOWN));
});

test('the room may be at home, or with any member on the port of servers', () => {
  const members = [{ addresses: ['127.0.0.1:9003', '192.0.2.7:9003'] }, { addresses: ['[2001:db8::7]:1'] }, {}];
  assert.deepEqual(placesOf(members, HOME), [HOME, 'ws://192.0.2.7:8000/ws/jam', 'ws://[2001:db8::7]:8000/ws/jam']);
  assert.deepEqual(placesOf(members.slice(0, 1), 'ws://127.0.0.1:8000/ws/jam')[1], 'ws://127.0.0.1:8000/ws/jam'.replace('127.0.0.1', '192.0.2.7'));
});

test("another machine's loopback address is that machine's", () => {
  assert.equal(seenFrom('ws://127.0.0.1:8000/ws/jam', '192.0.2.7'), 'ws://192.0.2.7:8000/ws/jam');
  assert.equal(seenFrom('ws://192.0.2.9:8000/ws/jam', '192.0.2.7'), 'ws://192.0.2.9:8000/ws/jam');
  assert.equal(seenFrom('javascript:alert(1)', '192.0.2.7'), null);
  assert.equal(seenFrom('nonsense', '192.0.2.7'), null);
});

test('the highest that has members is gone to, and what does not outrank is left alone', async () => {
  const answers = { [u('a')]: here(4, 'x'), [u('b')]: here(5, 'y'), [u('c')]: here(9, 'z', 0), [u('d')]: here(2, 'a') };
  assert.equal(await find([u('a'), u('b'), u('c'), u('d'), u('e')], KNOWN, true, PATH, at(answers)), u('b'));
  assert.equal(await find([u('d'), u('e')], KNOWN, true, PATH, at(answers)), null);
});

test('the server that is lost is gone to at another address, and one that is not lost is not', async () => {
  const answers = { [u('a')]: here(3, 'bbbb') };
  assert.equal(await find([u('a')], KNOWN, true, PATH, at(answers)), u('a'));
  assert.equal(await find([u('a')], KNOWN, false, PATH, at(answers)), null);
});

test('a server of old names the one that it was told of, and is followed there once', async () => {
  const next = 'ws://192.0.2.7:8000/ws/jam';
  const answers = { [HOME]: { ...here(5, 'x', 3), urls: ['ws://127.0.0.1:1/ws/jam', next] }, [next]: { ...here(5, 'x'), members: 2 } };
  assert.equal(await find([HOME], KNOWN, true, PATH, at(answers)), next);
  const liar = { [HOME]: { ...here(5, 'x'), urls: [next] }, [next]: { ...here(9, 'y'), urls: ['ws://192.0.2.8:8000/ws/jam'] } };
  assert.equal(await find([HOME], KNOWN, true, PATH, at(liar)), null);
});

test('another room of a server is no place for this one', async () => {
  const other = 'ws://192.0.2.7:8000/ws/other';
  assert.equal(await find([other], KNOWN, true, PATH, at({ [other]: here(9, 'x') })), null);
});

class FakeSocket {
  static script;
  constructor(url) {
    this.url = url;
    queueMicrotask(() => FakeSocket.script(this));
  }
  send(text) {
    this.sent = JSON.parse(text);
  }
  close() {
    this.isClosed = true;
  }
}

test('a question joins nobody to the room, and nonsense is no answer', async () => {
  let socket;
  FakeSocket.script = (s) => {
    socket = s;
    s.onopen();
    s.onmessage({ data: '{"type":"RENDEZVOUS","payload":{"epoch":4,"authority_id":"x","urls":[],"members":2}}' });
  };
  assert.deepEqual(await ask(HOME, KNOWN, FakeSocket), { epoch: 4, id: 'x', members: 2, urls: [] });
  assert.deepEqual([socket.sent.type, socket.isClosed], ['RENDEZVOUS', true]);
  FakeSocket.script = (s) => (s.onopen(), s.onmessage({ data: 'nonsense' }));
  assert.equal(await ask(HOME, KNOWN, FakeSocket), null);
  FakeSocket.script = (s) => s.onclose();
  assert.equal(await ask(HOME, KNOWN, FakeSocket), null);
});

test("a record of a lower authority of the same epoch is refused, and of a higher one taken, whatever its revision", () => {
  const room = new RoomModel();
  const state = (epoch, clock_id, revision) => ({ epoch, clock_id, revision, status: 'PAUSE', at_us: 0, position_us: 0, track: null });
  assert.ok(room.apply('STATE', state(3, 'bbbb', 7)));
  assert.ok(!room.apply('STATE', state(3, 'cccc', 9)));
  assert.ok(room.apply('STATE', state(3, 'aaaa', 1)));
  assert.ok(room.apply('STATE', state(4, 'ffff', 0)));
});

test('what follows is known without being told with each track', () => {
  const room = new RoomModel();
  const tracks = [1, 2, 3].map((n) => ({ track_id: `t${n}`, kind: n === 2 ? 'data' : 'audio' }));
  const play = (n, revision) =>
    room.apply('STATE', { epoch: 1, clock_id: 'c', revision, status: 'PLAY', at_us: 0, position_us: 0, track_id: `t${n}`, track: tracks[n - 1] });
  room.apply('QUEUE', { tracks, repeat: 'off', is_shuffled: false, next_track_id: 't1' });
  assert.equal(room.nextTrackId, 't1');
  play(1, 1);
  assert.equal(room.nextTrackId, 't3');
  play(3, 2);
  assert.equal(room.nextTrackId, null);
  room.apply('QUEUE', { tracks, repeat: 'all', is_shuffled: false, next_track_id: 't1' });
  assert.equal(room.nextTrackId, 't1');
  room.apply('QUEUE', { tracks, repeat: 'off', is_shuffled: true, next_track_id: 't2' });
  assert.equal(room.nextTrackId, 't2');
  room.apply('QUEUE', { tracks, repeat: 'one', is_shuffled: true, next_track_id: 't2' });
  assert.equal(room.nextTrackId, 't3');
});

test('a page knows its way home, and where it is while away', async () => {
  const places = new Whereabouts(HOME, at({ [HOME]: null, [u('b')]: here(5, 'y') }));
  assert.equal(places.away(HOME, 'jam'), null);
  assert.deepEqual(places.away('wss://b.example:8001/ws/jam', 'jam'), { host: 'b.example:8001', page: 'https://b.example:8001/room/jam' });
  assert.equal(await places.told([u('b'), 'nonsense'], HOME, KNOWN), u('b'));
  assert.equal(await places.told([u('b')], HOME, { epoch: 9, id: 'a' }), null);
});

test('a room that is lost is looked for once at a time, with its members and wherever else it may be', async () => {
  const asked = [];
  const places = new Whereabouts(HOME, async (url) => {
    asked.push(url);
    return url === u('b') ? here(5, 'y') : null;
  });
  const lost = () => places.lost([{ addresses: ['192.0.2.7:9003'] }], KNOWN, async () => [u('b')]);
  assert.deepEqual(await Promise.all([lost(), lost()]), [u('b'), null]);
  assert.deepEqual(asked, [HOME, 'ws://192.0.2.7:8000/ws/jam', u('b')]);
  assert.equal(await places.lost([], KNOWN, async () => Promise.reject(new Error('nobody knows'))), null);
});
