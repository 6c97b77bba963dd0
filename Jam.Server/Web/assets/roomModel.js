// The room as its server has described it: messages in, what holds out. Nothing here touches the page or the network.

const isNewer = (a, b) => !b || a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision);

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
  door = null;
  role = 'viewer';
  isMuted = false;
  members = new Map();
  queue = [];
  repeat = 'off';
  isShuffled = false;
  nextTrackId = null;
  policy = { control: 'host', queue: 'host', on_host_loss: 'promote', is_listed: true };
  tempo = null;
  tempoBefore = null;
  loop = { is_on: false, steps: 16, beats: 4, effective_cycle: 0, epoch: 0, revision: 0 };
  lanes = new Map();
  stats = null;
  snapshot = null;
  #pages = [];

  /** Takes one message; true where something of the room has changed. */
  apply(type, p) {
    switch (type) {
      case 'STATE':
        return this.#takeState(p);
      case 'WELCOME':
        this.welcome = p;
        this.door = p.door ?? null;
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
        this.loop = p.loop;
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

  /** Why this member may not control; null where it may. */
  get whyNot() {
    if (!this.welcome) return 'Not connected.';
    if (this.isMuted) return 'The host has muted you.';
    if (this.role === 'host' || this.policy.control === 'everyone') return null;
    const host = this.members.get(this.hostId);
    return host ? `Only the host, ${host.name}, controls this room.` : 'Nobody hosts this room; take the place to control it.';
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
      this.lanes.clear();
    }
    this.#pages.push(p);
    p.members.forEach((m) => this.#takeMember(m));
    p.lanes?.forEach((l) => this.#takeLane(l));
    if (p.room) {
      this.queue = p.queue;
      this.repeat = p.room.repeat;
      this.isShuffled = p.room.is_shuffled;
      this.nextTrackId = p.room.next_track_id;
      this.policy = p.room.policy;
      this.loop = p.room.loop;
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
    this.nextTrackId = p.next_track_id;
    return true;
  }

  #takeTempo(tempo) {
    if (!isNewer(tempo, this.tempo)) return false;
    this.tempoBefore = this.tempo?.clock_id === tempo.clock_id ? this.tempo : null;
    this.tempo = tempo;
    return true;
  }

  #takeLane(lane) {
    const old = this.lanes.get(lane.peer_id);
    this.lanes.set(lane.peer_id, { ...lane, before: old ?? null });
    if (old) old.before = null;
    if (lane.steps.length === 0) this.lanes.delete(lane.peer_id);
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
