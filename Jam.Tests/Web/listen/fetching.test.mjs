import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mock, test } from 'node:test';
import { Blocks } from '../../../Jam.Server/Web/assets/listen/blocks.js';
import { Gateways, NoGatewayError, gatewayUrls } from '../../../Jam.Server/Web/assets/listen/gateways.js';
import { Manifest } from '../../../Jam.Server/Web/assets/listen/manifest.js';
import { PcmTrack } from '../../../Jam.Server/Web/assets/listen/pcmTrack.js';
import { sha256 } from '../../../Jam.Server/Web/assets/sha256.js';
import { kindOf } from '../../../Jam.Server/Web/assets/listen/tracks.js';
import { readerOf } from './support.mjs';

const PAGE = { protocol: 'http:', hostname: '192.0.2.1', port: '8000', origin: 'http://192.0.2.1:8000' };
const host = { role: 'host', gateway_port: 8000, addresses: ['127.0.0.1:9003', '192.0.2.1:9003'] };
const viewer = { role: 'viewer', gateway_port: 8010, addresses: ['192.0.2.7:9003', '[2001:db8::7]:9003'] };

test("the page's own server comes first, then members that are no host", () => {
  assert.deepEqual(gatewayUrls([host, { role: 'viewer', addresses: ['192.0.2.3:1'] }, viewer], PAGE), [
    'http://192.0.2.1:8000', 'http://192.0.2.7:8010', 'http://[2001:db8::7]:8010',
  ]);
});

test('a server without a gateway is not asked, and loopback is only for pages of loopback', () => {
  assert.deepEqual(gatewayUrls([{ ...host, gateway_port: undefined }, viewer].slice(0, 1), PAGE), []);
  assert.deepEqual(gatewayUrls([{ ...host, gateway_port: 8010, addresses: ['127.0.0.1:1'] }], PAGE), []);
  assert.deepEqual(gatewayUrls([{ ...host, gateway_port: 8010, addresses: ['127.0.0.1:1'] }], { ...PAGE, hostname: 'localhost' }), ['http://127.0.0.1:8010']);
});

test('a page that came encrypted asks its own server alone', () => {
  const page = { protocol: 'https:', hostname: 'jam.example', port: '', origin: 'https://jam.example' };
  assert.deepEqual(gatewayUrls([{ ...host, gateway_port: 443 }, viewer], page), ['https://jam.example']);
});

const answer = (status, bytes = new Uint8Array(), headers = {}) => new Response(status === 204 ? null : bytes, { status, headers });

test('the next gateway is asked where one does not answer, and the one that did comes first from then on', async () => {
  const asked = [];
  const gateways = new Gateways(() => ['http://a', 'http://b'], () => 'me', async (url, options) => {
    asked.push([url, options.headers.Range]);
    if (url.startsWith('http://a')) throw new TypeError('Failed to fetch');
    return answer(206, new Uint8Array(10));
  });
  assert.equal((await gateways.range('t', 5, 15)).length, 10);
  await gateways.range('t', 15, 25);
  assert.deepEqual(asked, [
    ['http://a/track/t?peer=me', 'bytes=5-14'], ['http://b/track/t?peer=me', 'bytes=5-14'], ['http://b/track/t?peer=me', 'bytes=15-24'],
  ]);
});

test('with nobody to ask it says so at once', async () => {
  const gateways = new Gateways(() => [], () => null, () => assert.fail('nobody is there'));
  await assert.rejects(gateways.range('t', 0, 1), (e) => e instanceof NoGatewayError && e.isNobody);
});

test('what lacks beside a track is no error', async () => {
  const gateways = new Gateways(() => ['http://a'], () => null, async () => answer(404));
  assert.equal(await gateways.beside('t', 'index'), null);
});

test('what one lacks beside a track another may have', async () => {
  const gateways = new Gateways(() => ['http://a', 'http://b'], () => null, async (url) => (url.startsWith('http://a') ? answer(404) : answer(200, new Uint8Array(4))));
  assert.equal((await gateways.beside('t', 'cover')).length, 4);
});

test('a gateway that gives what is wrong is asked no more, and the next one is', async () => {
  const asked = [];
  const gateways = new Gateways(() => ['http://a', 'http://b'], () => null, async (url) => {
    asked.push(url[7]);
    return answer(206, new Uint8Array(10).fill(url.startsWith('http://a') ? 1 : 2));
  });
  const isGood = (bytes) => bytes[0] === 2;
  assert.equal((await gateways.range('t', 0, 10, undefined, isGood))[0], 2);
  await gateways.range('t', 0, 10, undefined, isGood);
  assert.deepEqual([asked.join(''), gateways.liars], ['abb', 1]);
  const alone = new Gateways(() => ['http://a'], () => null, async () => answer(206, new Uint8Array(10)));
  await assert.rejects(alone.range('t', 0, 10, undefined, isGood), (e) => e instanceof NoGatewayError && !e.isNobody && /no part/.test(e.message));
});

test('hashes are what the standard says, at every length around a block', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 127, 128, 1000, 65_536]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);
    assert.equal(sha256(bytes), createHash('sha256').update(bytes).digest('hex'), `${length}`);
  }
});

test('a manifest knows each chunk, and the last, shorter one', () => {
  const track = Uint8Array.from({ length: 5000 }, (_, i) => i >> 4);
  const encoded = new Uint8Array(12 + 3 * 32);
  new DataView(encoded.buffer).setBigUint64(0, 5000n);
  new DataView(encoded.buffer).setUint32(8, 2048);
  for (let i = 0; i < 3; i++) encoded.set(createHash('sha256').update(track.subarray(i * 2048, (i + 1) * 2048)).digest(), 12 + i * 32);
  const id = createHash('sha256').update(encoded).digest('hex');
  assert.ok(Manifest.isOf(id, encoded));
  assert.ok(!Manifest.isOf(id, encoded.slice(0, -1)));
  const manifest = new Manifest(encoded);
  assert.deepEqual([manifest.lengthBytes, manifest.chunkBytes], [5000, 2048]);
  assert.ok(manifest.isGood(0, track));
  assert.ok(manifest.isGood(2048, track.subarray(2048)));
  const wrong = track.slice();
  wrong[4999] ^= 1;
  assert.ok(manifest.isGood(0, wrong.subarray(0, 4096)) && !manifest.isGood(0, wrong));
});

test('blocks begin where chunks do', async () => {
  const asked = [];
  const blocks = new Blocks(400_000, async (from, to) => (asked.push([from, to]), new Uint8Array(to - from)), 65_536);
  await blocks.read(70_000, 70_010);
  const small = new Blocks(400_000, async (from, to) => (asked.push([from, to]), new Uint8Array(to - from)), 5_000);
  await small.read(35_001, 35_010);
  assert.deepEqual(asked, [[65_536, 131_072], [35_000, 70_000]]);
});

test('less than was asked for is refused', async () => {
  const gateways = new Gateways(() => ['http://a'], () => null, async () => answer(206, new Uint8Array(3)));
  await assert.rejects(gateways.range('t', 0, 10), NoGatewayError);
});

test('what was fetched once is not fetched again, and what failed is', async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7);
  let fails = true;
  const asked = [];
  const blocks = new Blocks(bytes.length, async (from, to) => {
    asked.push([from, to]);
    if (fails) throw new Error('gone');
    return bytes.slice(from, to);
  });
  await assert.rejects(blocks.read(40_000, 50_000));
  fails = false;
  assert.deepEqual(await blocks.read(40_000, 50_000), bytes.slice(40_000, 50_000));
  assert.deepEqual(await blocks.read(33_000, 130_000), bytes.slice(33_000, 130_000));
  assert.deepEqual(await blocks.read(190_000, 300_000), bytes.slice(190_000));
  assert.deepEqual(asked, [[32_768, 65_536], [32_768, 65_536], [65_536, 131_072], [163_840, 200_000]]);
});

test('a whole track is asked for in parts, two at a time', async () => {
  const bytes = new Uint8Array(3_000_000).map((_, i) => i);
  let [open, most, largest] = [0, 0, 0];
  const blocks = new Blocks(bytes.length, async (from, to) => {
    most = Math.max(most, ++open);
    largest = Math.max(largest, to - from);
    await new Promise((resolve) => setImmediate(resolve));
    open--;
    return bytes.slice(from, to);
  });
  assert.deepEqual(await blocks.read(0, bytes.length), bytes);
  assert.deepEqual([most, largest], [2, 524_288]);
});

function wav(bits, tag, samples, put) {
  const width = bits / 8;
  const view = new DataView(new ArrayBuffer(44 + 20 + samples.length * width));
  const text = (at, words) => [...words].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  [tag, 2].forEach((v, i) => view.setUint16(20 + 2 * i, v, true));
  view.setUint32(24, 8_000, true);
  view.setUint16(32, 2 * width, true);
  view.setUint16(34, bits, true);
  text(36, 'LIST');
  view.setUint32(40, 11, true);
  text(56, 'data');
  view.setUint32(60, samples.length * width, true);
  samples.forEach((s, i) => put(view, 64 + i * width, s));
  return new Uint8Array(view.buffer);
}

const samples = Array.from({ length: 40_000 }, (_, i) => ((i * 37) % 2001) / 1000 - 1);
for (const [bits, tag, put] of [
  [16, 1, (v, at, s) => v.setInt16(at, Math.round(s * 32767), true)],
  [24, 1, (v, at, s) => [0, 8, 16].forEach((n, i) => v.setUint8(at + i, (Math.round(s * 8388607) >> n) & 255))],
  [32, 3, (v, at, s) => v.setFloat32(at, s, true)],
  [8, 1, (v, at, s) => v.setUint8(at, Math.round(s * 127) + 128)],
]) {
  test(`a WAV of ${bits} bits is read by its header, any second of it alone`, async () => {
    const track = await PcmTrack.open(readerOf(wav(bits, tag, samples, put)));
    assert.deepEqual([track.sampleRate, track.lengthFrames], [8_000, 20_000]);
    const { start, sound } = await track.load(2);
    assert.equal(start, 16_000);
    assert.equal(sound[0].length, 4_000);
    for (let i = 0; i < 4_000; i += 173) {
      assert.ok(Math.abs(sound[0][i] - samples[2 * (16_000 + i)]) < 0.02);
      assert.ok(Math.abs(sound[1][i] - samples[2 * (16_000 + i) + 1]) < 0.02);
    }
  });
}

test('a WAV of a kind that is packed is not taken for samples', async () => {
  assert.equal(await PcmTrack.open(readerOf(wav(16, 85, [0, 0, 0], () => {}))), null);
});

test('kinds are told by the first bytes', () => {
  const head = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  assert.deepEqual(['RIFF1234WAVE', 'FORM1234AIFC', 'fLaC', 'OggS', '1234ftypM4A ', 'ID3\x04', '\xff\xfb'].map((t) => kindOf(head(t))),
    ['pcm', 'pcm', 'whole', 'whole', 'whole', 'mp3', 'mp3']);
});

test('what no browser plays is told as such by its first bytes, and what to do', () => {
  for (const [text, name] of [['caff\0\x01', 'CAF'], ['wvpk', 'WavPack'], ['RF64....WAVE', 'RF64'], ['.snd', 'AU']])
    assert.throws(() => kindOf(Uint8Array.from(text, (c) => c.charCodeAt(0))), (e) => e.isFinal && e.message.includes(`a ${name} file`) && e.message.includes('--connect'));
});

test('a gateway that is away for hours leaves nothing behind at what waits for it', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let listening = 0;
  const signal = {
    aborted: false,
    addEventListener: () => listening++,
    removeEventListener: () => listening--,
  };
  let asked = 0;
  const gateways = new Gateways(() => ['http://a'], () => null, async () => {
    asked++;
    throw new TypeError('Failed to fetch');
  });
  const failed = assert.rejects(gateways.range('t', 0, 1, signal), NoGatewayError);
  for (let i = 0; i < 100 && asked < 4; i++) await new Promise((resolve) => setImmediate(() => resolve(mock.timers.tick(1_000))));
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(() => resolve(mock.timers.tick(4_000))));
  await failed;
  mock.timers.reset();
  assert.deepEqual([asked, listening], [4, 0]);
});
