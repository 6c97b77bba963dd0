// What sounds beside the track, or without one: clicks and the shared loop, as the native peers have them (Jam.Peer/Playback/RoomScore.cs). Pure:
// what is due between two room times follows from the room alone.

import { clickOf, noteOf } from './synth.js';

const THOUSAND_MINUTES_US = 60e9;
const MOST_BEATS = 4_000;

const milli = (tempo) => Math.round(tempo.bpm * 1000);

/** Room time of a beat, whole microseconds. */
export const timeOfBeat = (tempo, beat) => tempo.origin_us + Math.round(((beat - tempo.origin_beat) * THOUSAND_MINUTES_US) / milli(tempo));

/** The last beat at or before a room time. */
export function lastBeatAt(tempo, roomUs) {
  const beat = tempo.origin_beat + Math.floor(((roomUs - tempo.origin_us) * milli(tempo)) / THOUSAND_MINUTES_US);
  return timeOfBeat(tempo, beat + 1) <= roomUs ? beat + 1 : beat;
}

/** The tempo that a beat is on: each beat has one time, also around a change. */
function tempoOf({ tempo, tempoBefore }, beat) {
  return tempoBefore && timeOfBeat(tempoBefore, beat) < tempo.at_us ? tempoBefore : tempo;
}

function isCountIn({ state }, atUs) {
  const lengthUs = state?.count_in_us ?? 0;
  return lengthUs > 0 && state.status === 'PLAY' && atUs >= state.at_us - lengthUs - 1 && atUs < state.at_us - 1;
}

/**
 * What begins between two room times: [{id, atUs, note}], where what has the same id is the same beat or step.
 * @param room {state, tempo, tempoBefore, loopAt(beat), stepsAt(lane, cycleBeat), lanes} as RoomModel has them, tempoAt(roomUs)
 * @param withLoop whether the loop is heard here
 */
export function dueBetween(room, fromUs, untilUs, withLoop = true) {
  const out = [];
  if (!room.tempo) return out;
  const first = lastBeatAt(room.tempoAt(fromUs), fromUs);
  const last = Math.min(first + MOST_BEATS, lastBeatAt(room.tempoAt(untilUs), untilUs));
  for (let beat = first; beat <= last; beat++) {
    const tempo = tempoOf(room, beat);
    const atUs = timeOfBeat(tempo, beat);
    if (atUs >= fromUs && atUs < untilUs && room.tempoAt(atUs) === tempo && (tempo.is_clicking || isCountIn(room, atUs)))
      out.push({ id: `beat ${beat}`, atUs, note: clickOf(beat % tempo.beats_per_bar === 0) });
    if (withLoop) addSteps(room, tempo, beat, fromUs, untilUs, out);
  }
  return out;
}

function addSteps(room, tempo, beat, fromUs, untilUs, out) {
  const shape = room.loopAt(beat);
  if (!shape.is_on) return;
  const cycleBeat = Math.floor(beat / shape.beats) * shape.beats;
  const [startUs, nextUs] = [timeOfBeat(tempo, beat), timeOfBeat(tempo, beat + 1)];
  for (const lane of room.lanes.values()) {
    const steps = room.stepsAt(lane, cycleBeat);
    for (let i = 0; i < Math.min(steps.length, shape.steps); i++) {
      // In whole numbers: step i is in beat floor(i x beats / steps) of the cycle.
      if (!steps[i] || Math.floor((i * shape.beats) / shape.steps) !== beat - cycleBeat) continue;
      const within = (i * shape.beats) % shape.steps;
      const atUs = startUs + Math.floor(((nextUs - startUs) * within) / shape.steps);
      if (atUs >= fromUs && atUs < untilUs) out.push({ id: `${lane.peer_id} ${beat} ${i}`, atUs, note: noteOf(steps[i]) });
    }
  }
}
