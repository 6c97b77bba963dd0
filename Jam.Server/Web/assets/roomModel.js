// The room as its server has described it: messages in, what holds out. Nothing here touches the page or the network.

import { named } from './dom.js';

// What a room that says nothing of its door has.
const OPEN_DOOR = { is_locked: false, has_password: false };

// Of two authorities of one epoch the one with the lower id ranks higher.
function isNewer(a, b) {
  if (!b || a.epoch !== b.epoch) return !b || a.epoch > b.epoch;
  return a.clock_id === b.clock_id ? a.revision > b.revision : a.clock_id < b.clock_id;
}

/** Where a record of the timeline is at a room time. */
export function positionOf(record, roomUs) {
  return record.status === 'PLAY' ? record.position_us + Math.max(0, roomUs - record.at_us) : record.position_us;
}

/** Beats passed at a room time, with a fraction. */
export function beatAt(tempo, roomUs) {
  return tempo.origin_beat + ((roomUs - tempo.origin_us) * tempo.bpm) / 60e6;
}

/** Everything that a page knows of a room. */
export class RoomModel {
  state = null;
  before = null;
  trackBefore = null;
  welcome = null;
  door = OPEN_DOOR;
  role = 'viewer';
  isMuted = false;
  members = new Map();
  queue = [];
  repeat = 'off';
  isShuffled = false;
  #toldNext = null;
  policy = { control: 'host', queue: 'host', on_host_loss: 'promote', is_listed: true };
  tempo = null;
  tempoBefore = null;
  loop = { is_on: false, steps: 16, beats: 4, effective_cycle: 0, epoch: 0, revision: 0 };
  loopBefore = null;
  lanes = new Map();
  stats = null;
  snapshot = null;
  #pages = [];
  #lanesBefore = new Map();

  /** Takes one message; true where something of the room has changed. */
  apply(type, p) {
    switch (type) {
      case 'STATE':
        return this.#takeState(p);
      case 'WELCOME':
        this.welcome = p;
        this.door = p.door ?? OPEN_DOOR;
        this.role = p.role;
        this.policy = p.policy;
        return true;
      case 'SNAPSHOT':
        return this.#takePage(p);
      case 'QUEUE':
        return this.#takeQueue(p);
      case 'DOOR':
        this.door = p;
        return true;
      case 'POLICY':
        this.policy = p.policy;
        return true;
      case 'TEMPO':
        return this.#takeTempo(p.tempo);
      case 'LOOP_STATE':
        this.#takeShape(p.loop);
        if (p.lane) this.#takeLane(p.lane);
        return true;
      case 'LOOP_ACK':
        this.#takeLane(p.lane);
        return true;
      case 'PEER_JOINED':
        return this.#takeMember(p.member);
      case 'PEER_LEFT':
        return this.members.delete(p.peer_id);
      case 'PEERS':
        p.members.forEach((m) => this.#takeMember(m));
        return true;
      case 'ROOM_STATS':
        this.stats = p;
        for (const { peer_id, stats } of p.quality ?? []) {
          const member = this.members.get(peer_id);
          if (member) member.stats = stats;
        }
        return true;
      default:
        return false;
    }
  }

  get peerId() {
    return this.welcome?.peer_id ?? null;
  }

  get hostId() {
    for (const m of this.members.values()) if (m.role === 'host') return m.peer_id;
    return null;
  }

  /** What a successor of the room's server needs to know beside the time. */
  memory() {
    const { epoch, revision, clock_id, status, track_id, at_us, position_us, track } = this.state;
    const timeline = { epoch, revision, clock_id, status, track_id, at_us, position_us };
    return {
      timeline,
      track,
      tempo: this.tempo,
      policy: this.policy,
      queue: this.queue.slice(0, 40),
      repeat: this.repeat,
      loop: this.loop,
    };
  }

  /** The id of what follows by itself; null: nothing. The server tells it with the list; in the list's own order it follows from that. */
  get nextTrackId() {
    const now = this.state?.track;
    if (this.repeat === 'one' && now && now.kind !== 'data') return now.track_id;
    if (this.isShuffled) return this.#toldNext;
    const order = this.queue.filter((t) => t.kind !== 'data' || t.track_id === now?.track_id).map((t) => t.track_id);
    return order[order.indexOf(now?.track_id) + 1] ?? (this.repeat === 'all' ? (order[0] ?? null) : null);
  }

  /** Why this member may not control; null where it may. */
  get whyNot() {
    if (!this.welcome) return 'Not connected.';
    if (this.isMuted) return 'The host has muted you.';
    if (this.role === 'host' || this.policy.control === 'everyone') return null;
    const host = this.members.get(this.hostId);
    return host ? `Only the host, ${named(host.name)}, controls this room.` : 'Nobody hosts this room; take the place to control it.';
  }

  get mayControl() {
    return this.whyNot === null;
  }

  get mayQueue() {
    return this.mayControl || (this.welcome !== null && !this.isMuted && this.policy.queue === 'everyone');
  }

  /** The record that holds at a room time, its track, and the position in it. */
  at(roomUs) {
    if (!this.state) return null;
    const isAhead = this.before && roomUs !== null && roomUs < this.state.at_us;
    const record = isAhead ? this.before : this.state;
    const track = isAhead && this.before.track_id !== this.state.track_id ? this.trackBefore : this.state.track;
    const positionUs = roomUs === null ? record.position_us : positionOf(record, roomUs);
    return { record, track, positionUs: Math.min(positionUs, track?.duration_us ?? Infinity) };
  }

  /** The tempo that holds at a room time. */
  tempoAt(roomUs) {
    return this.tempoBefore && roomUs < this.tempo.at_us ? this.tempoBefore : this.tempo;
  }

  /** The shape of the loop in the cycle that runs at a beat. */
  loopAt(beat) {
    return this.loopBefore && beat < this.loop.effective_cycle * this.loop.beats ? this.loopBefore : this.loop;
  }

  /** What a lane sounds like in a cycle that begins at a beat: what changed within one holds from the next. */
  stepsAt(lane, cycleBeat) {
    return cycleBeat >= lane.from_beat ? lane.steps : lane.before;
  }

  #takeState(p) {
    if (!isNewer(p, this.state)) return false;
    if (this.state && this.state.clock_id === p.clock_id) {
      const holds = this.before && p.at_us - 1 < this.state.at_us ? this.before : this.state;
      const known = [this.state.track, this.trackBefore].find((t) => t?.track_id === holds.track_id);
      this.before = holds;
      this.trackBefore = known ?? null;
    } else {
      this.before = null;
      this.trackBefore = null;
    }
    this.state = p;
    return true;
  }

  #takePage(p) {
    if (p.page === 0) {
      this.#pages = [];
      this.members.clear();
      // It says what lanes will be, not what they sound like until then; another authority may count its beats anew.
      this.#lanesBefore = p.room?.loop.epoch === this.loop.epoch ? this.lanes : new Map();
      this.lanes = new Map();
    }
    this.#pages.push(p);
    p.members.forEach((m) => this.#takeMember(m));
    if (p.room) this.#takeShape(p.room.loop);
    p.lanes?.forEach((l) => this.#takeLane(l, this.#lanesBefore));
    if (p.room) {
      this.queue = p.queue;
      this.repeat = p.room.repeat;
      this.isShuffled = p.room.is_shuffled;
      this.#toldNext = p.room.next_track_id;
      this.policy = p.room.policy;
      this.#takeState(p.room.state);
      this.#takeTempo(p.room.tempo);
    }
    if (p.page === p.pages - 1) this.snapshot = this.#pages;
    return true;
  }

  #takeQueue(p) {
    this.queue = p.tracks;
    this.repeat = p.repeat;
    this.isShuffled = p.is_shuffled;
    this.#toldNext = p.next_track_id;
    return true;
  }

  #takeTempo(tempo) {
    if (!isNewer(tempo, this.tempo)) return false;
    this.tempoBefore = this.tempo?.clock_id === tempo.clock_id ? this.tempo : null;
    this.tempo = tempo;
    return true;
  }

  #takeShape(loop) {
    const isOther = ['is_on', 'steps', 'beats', 'effective_cycle'].some((field) => loop[field] !== this.loop[field]);
    if (loop.epoch !== this.loop.epoch) this.loopBefore = null;
    else if (isOther) this.loopBefore = this.loop;
    this.loop = loop;
  }

  // By beats, since cycles of another length are numbered anew.
  #takeLane(lane, known = this.lanes) {
    const from_beat = lane.effective_cycle * this.loop.beats;
    const old = known.get(lane.peer_id);
    // Two edits within a cycle: what sounded before the first sounds until the second.
    const before = !old ? [] : old.from_beat < from_beat ? old.steps : old.before;
    this.lanes.set(lane.peer_id, { ...lane, from_beat, before });
  }

  #takeMember(member) {
    const known = this.members.get(member.peer_id);
    this.members.set(member.peer_id, { ...member, stats: member.stats ?? known?.stats ?? null });
    if (member.peer_id === this.peerId) {
      this.role = member.role;
      this.isMuted = member.is_muted;
    }
    return true;
  }
}
