import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static all = [];
  readyState = FakeSocket.CONNECTING;
  sent = [];

  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  opens() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  breaks() {
    this.readyState = 3;
    this.onclose();
  }

  hears(type, payload = {}) {
    this.onmessage({ data: JSON.stringify({ type, payload }) });
  }

  get hello() {
    return this.sent.find((m) => m.type === 'HELLO')?.payload;
  }
}

globalThis.location = { protocol: 'http:', host: '192.0.2.1:8000' };
globalThis.WebSocket = FakeSocket;
const { RoomClient } = await import('../../../Jam.Server/Web/assets/roomClient.js');

const welcome = (peer_id) => ({ peer_id, resume_token: 't', role: 'viewer', policy: {} });
const last = () => FakeSocket.all.at(-1);

/** Lets time pass a second at a time, as timers and the page's clock see it. */
function pass(seconds, eachSecond = () => {}) {
  for (let i = 0; i < seconds; i++) {
    nowMs += 1_000;
    mock.timers.tick(1_000);
    eachSecond();
  }
}

let nowMs = 0;

beforeEach(() => {
  FakeSocket.all = [];
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  mock.method(performance, 'now', () => nowMs);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function join() {
  const client = new RoomClient({ room: 'jam' });
  client.connect();
  last().opens();
  return client;
}

test('who lost the answer to its HELLO says on the next connection that it is the same', () => {
  const client = join();
  const first = last().hello;
  assert.match(first.retry_token, /^[0-9a-f]{32}$/);
  assert.match(first.peer_id, /^[0-9a-f]{16}$/);
  last().breaks();
  pass(1);
  last().opens();
  assert.equal(FakeSocket.all.length, 2);
  assert.deepEqual([last().hello.peer_id, last().hello.retry_token], [first.peer_id, first.retry_token]);
  last().hears('WELCOME', welcome('p-1'));
  last().breaks();
  pass(1);
  last().opens();
  assert.deepEqual([last().hello.peer_id, last().hello.resume_token, last().hello.retry_token], ['p-1', 't', first.retry_token]);
  client.leave();
});

test('another page has another secret, and no server is told the one that another knows', () => {
  const client = join();
  const { retry_token: here } = last().hello;
  const other = join();
  assert.notEqual(last().hello.retry_token, here);
  client.url = 'ws://192.0.2.2:8000/ws/jam';
  client.connect();
  last().opens();
  assert.notEqual(last().hello.retry_token, here);
  client.leave();
  other.leave();
});

test('a connection through which nothing comes any more is given up, and one that only says little is kept', () => {
  const client = join();
  const socket = last();
  socket.hears('WELCOME', welcome('p-1'));
  const answer = () => socket.sent.length > 0 && socket.hears('SYNC_RESPONSE', { t1_us: 0, t2_us: 0, t3_us: 0, clock_id: 'c' });
  pass(120, () => {
    answer();
    socket.sent = [];
  });
  assert.deepEqual([FakeSocket.all.length, client.status], [1, 'open']);
  pass(20);
  assert.equal(socket.readyState, 3);
  assert.equal(client.status, 'lost');
  assert.equal(FakeSocket.all.length, 2);
  // What it says all the same is of no connection any more.
  socket.onclose();
  assert.equal(FakeSocket.all.length, 2);
  client.leave();
});

test('a page that slept asks before it gives a connection up', () => {
  const client = join();
  last().hears('WELCOME', welcome('p-1'));
  nowMs += 3_600_000;
  pass(3);
  assert.equal(client.status, 'open');
  assert.equal(last().sent.at(-1).type, 'SYNC_REQUEST');
  last().hears('SYNC_RESPONSE', { t1_us: 0, t2_us: 0, t3_us: 0, clock_id: 'c' });
  pass(8);
  assert.deepEqual([FakeSocket.all.length, client.status], [1, 'open']);
  client.leave();
});

test('a connection that hangs while it is opened is tried anew', () => {
  const client = new RoomClient({ room: 'jam' });
  client.connect();
  const hanging = last();
  pass(10);
  assert.equal(hanging.readyState, 3);
  assert.equal(FakeSocket.all.length, 2);
  client.leave();
});

test('a network that is back is tried at once, and doubted where it was another', () => {
  const client = join();
  last().hears('WELCOME', welcome('p-1'));
  last().breaks();
  client.hurry();
  assert.equal(FakeSocket.all.length, 2);
  client.hurry();
  assert.equal(FakeSocket.all.length, 2, 'one that is being opened is not opened twice');
  last().opens();
  last().hears('WELCOME', welcome('p-1'));
  client.hurry();
  pass(6);
  assert.equal(client.status, 'lost');
  client.leave();
});

test('whoever is out of the room does not come back by another name', () => {
  const client = join();
  last().hears('ERROR', { code: 'kicked', close: true, message: 'sent away' });
  last().breaks();
  client.rename('other');
  assert.equal(FakeSocket.all.length, 1);
});
