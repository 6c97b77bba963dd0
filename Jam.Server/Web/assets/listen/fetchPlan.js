// Which tracks a page that listens needs, from where on, and how much of each.

const PIECES_AHEAD = 12;
const PIECES_PAUSED = 4;
const PIECES_NEXT = 3;
const NEXT_WITHIN_US = 20_000_000;

const isSound = (track) => track && track.kind !== 'data';

/**
 * What to fetch, the most urgent first: [{track, positionUs, count}], `count` in pieces.
 * @param room a RoomModel with a state
 * @param isAhead whether its newest record is yet to begin
 * @param positionOf where a record is in its track now, microseconds
 */
export function plan(room, isAhead, positionOf) {
  const { state } = room;
  const wants = [];
  // Until the newest record holds, its predecessor does; its track comes first.
  if (isAhead && room.before && room.trackBefore && room.before.track_id !== state.track_id)
    wants.push({ track: room.trackBefore, positionUs: positionOf(room.before), count: PIECES_AHEAD });
  if (!isSound(state.track)) return wants;
  const positionUs = positionOf(state);
  const isPlaying = state.status === 'PLAY';
  wants.push({ track: state.track, positionUs, count: isPlaying && !isAhead ? PIECES_AHEAD : PIECES_PAUSED });
  const next = room.queue.find((t) => t.track_id === room.nextTrackId && isSound(t));
  if (next && next.track_id !== state.track_id && isPlaying && state.track.duration_us - positionUs < NEXT_WITHIN_US)
    wants.push({ track: next, positionUs: 0, count: PIECES_NEXT });
  return wants;
}
