// How listening goes, in words.

import { NoGatewayError } from './gateways.js';
import { UnplayableError } from './tracks.js';

const NO_GATEWAY =
  'Nobody here passes the track on to browsers. This page shows the room and controls it, but stays silent; it tries again by itself. ' +
  'The host can start SwarmJam with --gateway, or you can listen with it: tools/jam --connect.';

const seconds = (value) => (value === Infinity ? 'all' : `${value.toFixed(1)} s`);

function figuresOf(r) {
  if (!r.isOn || !r.isLoaded) return '';
  const parts = [`buffer ${seconds(r.bufferSeconds)}`];
  if (r.errorUs !== null) {
    const sure = r.uncertaintyUs === null ? '' : ` ± ${Math.max(0.1, r.uncertaintyUs / 1000).toFixed(1)}`;
    parts.unshift(`sync error ${(r.errorUs / 1000).toFixed(1)}${sure} ms`);
  }
  if (r.latencyUs > 0) parts.push(`output ${Math.round(r.latencyUs / 1000)} ms`);
  return parts.join(' · ');
}

/** {state, status, figures, button}: `state` is a word for programs. */
export function describe(r) {
  const say = (state, status, button = 'Stop listening') => ({ state, status, figures: figuresOf(r), button });
  if (!r.isOn) return say('off', 'Hear the room from this page, in step with everyone.', 'Listen here');
  if (r.isBlocked) return say('blocked', 'The browser has stopped the sound. Tap to go on.', 'Go on listening');
  if (!r.track) return say('idle', 'The room has no track yet.');
  if (r.track.kind === 'data') return say('idle', 'The room transfers test data; there is nothing to hear.');
  if (r.problem instanceof UnplayableError) return say('unplayable', r.problem.message);
  if (r.isSounding) return say('playing', 'Playing in step with the room.');
  if (r.problem instanceof NoGatewayError)
    return say('no-gateway', r.problem.isNobody ? NO_GATEWAY : `The track does not come: ${r.problem.message}. Trying again.`);
  if (r.problem) return say('failing', `The track cannot be decoded: ${r.problem.message || r.problem.name}. Trying again.`);
  const share = r.share > 0.02 ? ` (${Math.min(99, Math.round(100 * r.share))} %)` : '';
  if (r.isWhole && r.status === 'PLAY' && r.bufferSeconds === 0)
    return say('loading', `This browser decodes such a file only as a whole: fetching all of it${share} …`);
  if (!r.isLoaded) return say('loading', `Fetching the track${share} …`);
  if (r.status !== 'PLAY') return say('paused', r.status === 'STOP' ? 'The room has stopped.' : 'The room is paused.');
  if (!r.isClockReady || !r.isOutputReady) return say('loading', "Measuring the room's clock …");
  return say('loading', 'Filling the buffer …');
}
