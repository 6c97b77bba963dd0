import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reports, isHopeless } from '../../../Jam.Server/Web/assets/listen/reports.js';
import { NoGatewayError } from '../../../Jam.Server/Web/assets/listen/gateways.js';

function client() {
  const said = [];
  return { said, isOpen: true, send(type, payload) {
    if (this.isOpen) said.push([type, payload]);
    return this.isOpen;
  } };
}

const figures = { rttUs: 1_234.5, outputLeadUs: 90_000.2, bufferUs: 5e6, errorUs: -12.4, uncertaintyUs: 300, clockErrorUs: Infinity };

test('whether it could play is said when it changes, and again on another connection', () => {
  const room = client();
  const reports = new Reports(room);
  for (const isReady of [false, false, true, true]) reports.ready('t', isReady);
  reports.forget();
  reports.ready('t', true);
  assert.deepEqual(room.said.map(([, p]) => p.is_ready), [false, true, true]);
});

test('what could not be sent is said later', () => {
  const room = client();
  const reports = new Reports(room);
  room.isOpen = false;
  reports.ready('t', false);
  room.isOpen = true;
  reports.ready('t', false);
  assert.equal(room.said.length, 1);
});

test('who stops listening has nobody wait', () => {
  const room = client();
  const reports = new Reports(room);
  reports.ready('t', false);
  reports.close('t');
  assert.deepEqual(room.said.at(-1), ['READY', { track_id: 't', is_ready: true }]);
});

test('who has no gateway has nobody wait', () => assert.ok(isHopeless(new NoGatewayError('', true)) && !isHopeless(new Error('')) && !isHopeless(null)));

test('figures are whole, within what the protocol takes, and told every two seconds', () => {
  const room = client();
  const reports = new Reports(room);
  for (let ms = 0; ms < 6_000; ms += 100) reports.stats(figures, ms);
  assert.equal(room.said.length, 3);
  assert.deepEqual(room.said[0], ['STATS', {
    rtt_us: 1235, output_lead_us: 90_000, buffer_us: 5_000_000, sync_error_us: -12, sync_uncertainty_us: 300, loss: 0, clock_error_us: null,
  }]);
  reports.stats({ ...figures, errorUs: null, outputLeadUs: 9e9 }, 10_000);
  assert.deepEqual([room.said[3][1].sync_error_us, room.said[3][1].sync_uncertainty_us, room.said[3][1].output_lead_us], [null, null, 3_000_000]);
});
