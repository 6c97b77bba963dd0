// Listening in the page: the room's clock, the device's clock, the tracks, the deck and the beat, put together. It acts on what the room
// says, as every member does, and tells the room what it measures of itself.

import { Deck } from './deck.js';
import { Decoder } from './decoding.js';
import { plan } from './fetchPlan.js';
import { OutputClock, readOutput } from './outputClock.js';
import { Probing, nowUs } from './probing.js';
import { Reports, isHopeless } from './reports.js';
import { RoomEstimate, clockStepUs } from './roomEstimate.js';
import { ScorePlayer } from './scorePlayer.js';
import { Tracks } from './tracks.js';

const PUMP_MS = 80;
const PAIRS_FIRST_MS = 15;
const PAIRS_FIRST = 40;
const AHEAD_SECONDS = 1;
const AHEAD_HIDDEN_SECONDS = 3.5;
const READY_SECONDS = 1;
const LEAD_MARGIN_US = 30_000;
const MOST_GAIN_DB = 6;
const LEAST_GAIN_DB = -30;

export class Listener {
  #client;
  #beside;
  #onChange;
  #context = null;
  #master = null;
  #estimate;
  #output = new OutputClock();
  #mapping = null;
  #deck = null;
  #score = null;
  #tracks = null;
  #gateways;
  #followed = '';
  #timers = [];
  #offs = [];
  #volume = 1;
  #reports;
  #probing;
  nudgeMs = 0;

  /**
   * @param client the room's RoomClient
   * @param beside what travels beside its tracks
   * @param gateways of the room
   * @param onChange called when something is to be shown
   */
  constructor(client, beside, gateways, onChange) {
    this.#client = client;
    this.#beside = beside;
    this.#gateways = gateways;
    this.#onChange = onChange;
    this.#estimate = new RoomEstimate(clockStepUs());
    this.#reports = new Reports(client);
    this.#probing = new Probing(client, this.#estimate, this.#reports.probes);
  }

  get isOn() {
    return this.#context !== null;
  }

  /** 0 to 1. */
  set volume(value) {
    this.#volume = value;
    // Ears count in ratios.
    this.#master?.gain.setTargetAtTime(value * value, this.#context.currentTime, 0.02);
  }

  /** Begins to listen; phones allow it only from within a tap. */
  start() {
    if (this.isOn) return;
    const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
    // Else a phone's switch for its ringer would silence the music.
    if (navigator.audioSession) navigator.audioSession.type = 'playback';
    this.#context = new Context({ latencyHint: 'playback' });
    this.#master = this.#context.createGain();
    this.#master.gain.value = this.#volume ** 2;
    this.#master.connect(this.#context.destination);
    const clock = {
      contextAt: (roomUs) => this.#output.contextAt(this.#mapping.toLocalUs(roomUs)) - this.nudgeMs / 1e3,
      roomAt: (seconds) => this.#mapping.toRoomUs(this.#output.localAt(seconds + this.nudgeMs / 1e3)),
    };
    this.#deck = new Deck(this.#context, this.#master, clock);
    this.#score = new ScorePlayer(this.#context, this.#master, clock);
    this.#tracks = new Tracks(this.#gateways, this.#beside, new Decoder(), () => this.#pump());
    this.#context.onstatechange = () => this.#onContext();
    this.resume();
    const pump = () => this.#pump();
    this.#offs = [
      ...['STATE', 'TEMPO', 'LOOP_STATE'].map((type) => this.#client.on(type, pump)),
      this.#client.on('status', (status) => this.#onStatus(status)),
    ];
    this.#timers = [setInterval(() => this.#pump(), PUMP_MS)];
    this.#pairFast(true);
    const { clock: known } = this.#client;
    this.#estimate.remember(known.clockId, known.bursts, nowUs());
    this.#probing.start();
    this.#pump();
  }

  /** Goes on after the browser has stopped the sound; from within a tap. */
  resume() {
    return this.#context?.resume?.().catch(() => this.#onChange());
  }

  stop() {
    if (!this.isOn) return;
    this.#timers.forEach(clearInterval);
    this.#probing.stop();
    this.#offs.forEach((off) => off());
    this.#reports.close(this.#client.state?.track_id);
    this.#tracks.close();
    this.#deck.clear();
    this.#score.clear();
    this.#context.onstatechange = null;
    this.#context.close();
    this.#context = null;
    this.#output.clear();
    this.#followed = '';
    this.#onChange();
  }

  /** The device's latency is another than was thought: heard at once, as a jump. */
  setNudge(ms) {
    this.nudgeMs = ms;
    if (this.#mapping && this.#output.isReady) this.#deck?.current?.rejoin();
    this.#pump();
  }

  /** What is to be shown. */
  report() {
    const { state } = this.#client;
    const entry = this.isOn ? this.#entryOf(state?.track) : null;
    const heard = this.#heard();
    return {
      isOn: this.isOn,
      isBlocked: this.isOn && this.#context.state !== 'running',
      status: state?.status ?? null,
      track: state?.track ?? null,
      share: entry?.share ?? 0,
      isLoaded: Boolean(entry?.pieces),
      isWhole: entry?.pieces?.track.isWhole === true,
      problem: entry?.problem ?? entry?.pieces?.problem ?? null,
      gateway: this.#gateways.current,
      isSounding: heard !== null,
      errorUs: heard?.errorUs ?? null,
      uncertaintyUs: this.#uncertaintyUs(),
      bufferSeconds: this.#bufferSeconds(entry),
      latencyUs: this.#latencyUs(),
      jumps: this.#deck?.jumps ?? 0,
      rttUs: this.#estimate.rttUs,
      clockOffsetUs: this.#mapping ? this.#mapping.toRoomUs(nowUs()) - nowUs() : null,
      outputOffsetUs: this.#output.isReady ? this.#output.contextAt(nowUs()) * 1e6 - nowUs() : null,
      isClockReady: this.#mapping !== null,
      isOutputReady: this.#output.isReady,
    };
  }

  #pair() {
    if (this.#context.state === 'running') this.#output.add(readOutput(this.#context));
    this.#pairFast(this.#output.isInDoubt || this.#output.count <= PAIRS_FIRST);
  }

  /** Many pairs tell sooner than few whether the device's latency is another. */
  #pairFast(isFast) {
    if (isFast) this.#timers[1] ??= setInterval(() => this.#pair(), PAIRS_FIRST_MS);
    else this.#timers[1] = void clearInterval(this.#timers[1]);
  }

  #onContext() {
    if (this.#context.state === 'running') {
      // It stood still meanwhile: what was known of the device's clock holds no more.
      this.#output.clear();
      this.#pairFast(true);
    }
    this.#onChange();
  }

  #onStatus(status) {
    if (status === 'open') this.#reports.forget();
    else this.#estimate.onConnectionLost();
  }

  /** Everything that is due: what the clocks say, what the room says, what is to be fetched and made. */
  #pump() {
    if (!this.isOn) return;
    this.#pair();
    const { state } = this.#client;
    if (!state) return;
    if (this.#estimate.isReady && this.#estimate.clockId === state.clock_id) this.#mapping = this.#estimate.snapshot();
    this.#fetch(state);
    if (this.#mapping?.clockId === state.clock_id && this.#output.isReady) this.#follow(state);
    if (this.#mapping && this.#output.isReady) {
      const ahead = document.hidden ? AHEAD_HIDDEN_SECONDS : AHEAD_SECONDS;
      this.#deck.pump(this.#context.currentTime + ahead, (id) => this.#piecesOf(id));
      // A clock that is not measured yet leaves clicks and loop as they were.
      if (this.#client.room.tempo?.clock_id === this.#mapping.clockId)
        this.#score.play(this.#client.room, ahead, this.#client.lane.isHeard);
    }
    this.#tell(state);
    this.#onChange();
  }

  #follow(state) {
    const key = `${state.epoch} ${state.revision}`;
    if (key === this.#followed) return;
    const { before } = this.#client.room;
    if (this.#followed === '' && before && this.#mapping.toRoomUs(nowUs()) < state.at_us)
      this.#deck.follow(before, (id) => this.#gainOf(id));
    this.#deck.follow(state, (id) => this.#gainOf(id));
    this.#followed = key;
  }

  #piecesOf(trackId) {
    const { room } = this.#client;
    const track = [room.state?.track, room.trackBefore].find((t) => t?.track_id === trackId);
    return this.#entryOf(track)?.pieces ?? null;
  }

  /** What this page holds of a track; null where it is no sound. */
  #entryOf(track) {
    return track && track.kind !== 'data' ? this.#tracks.of(track) : null;
  }

  #gainOf(trackId) {
    const { room } = this.#client;
    const track = [room.state?.track, room.trackBefore].find((t) => t?.track_id === trackId);
    const db = this.#entryOf(track)?.tags?.gain_db;
    return Number.isFinite(db) ? 10 ** (Math.min(MOST_GAIN_DB, Math.max(LEAST_GAIN_DB, db)) / 20) : 1;
  }

  /** Where a record is in its track now, microseconds. */
  #positionUs(record) {
    const roomUs = this.#mapping?.clockId === record.clock_id ? this.#mapping.toRoomUs(nowUs()) : record.at_us;
    return record.position_us + (record.status === 'PLAY' ? Math.max(0, roomUs - record.at_us) : 0);
  }

  #fetch(state) {
    const isAhead = this.#mapping?.clockId === state.clock_id && this.#mapping.toRoomUs(nowUs()) < state.at_us;
    const wants = plan(this.#client.room, isAhead, (record) => this.#positionUs(record));
    for (const { track, positionUs, count } of wants) {
      const { pieces } = this.#tracks.of(track);
      pieces?.want(Math.floor((positionUs * pieces.track.sampleRate) / 1e6), count);
    }
    this.#tracks.keep(wants.map(({ track }) => track.track_id));
  }

  #heard() {
    if (!this.isOn || !this.#mapping || !this.#output.isReady || this.#context.state !== 'running') return null;
    return this.#deck.heardAt(this.#output.contextAt(nowUs()));
  }

  #bufferSeconds(entry) {
    const { state } = this.#client;
    if (!entry?.pieces || !state) return 0;
    const { sampleRate, lengthFrames } = entry.pieces.track;
    const frame = Math.floor((this.#positionUs(state) * sampleRate) / 1e6);
    const ahead = entry.pieces.aheadOf(frame);
    return (ahead === Infinity ? Math.max(0, lengthFrames - frame) : ahead) / sampleRate;
  }

  #latencyUs() {
    if (!this.isOn || !this.#output.isReady) return 0;
    return Math.max(0, this.#context.currentTime * 1e6 - this.#output.contextAt(nowUs()) * 1e6) + Math.max(0, this.nudgeMs * 1e3);
  }

  #uncertaintyUs() {
    const clock = this.#estimate.errorUs(nowUs());
    return Number.isFinite(clock) && Number.isFinite(this.#output.errorUs) ? Math.hypot(clock, this.#output.errorUs) : null;
  }

  #tell(state) {
    if (this.#client.status !== 'open') return;
    const entry = this.#entryOf(state.track);
    if (entry) {
      const left = ((state.track.duration_us ?? Infinity) - this.#positionUs(state)) / 1e6;
      const isGivenUp = isHopeless(entry.problem ?? entry.pieces?.problem);
      this.#reports.ready(state.track_id, isGivenUp || this.#bufferSeconds(entry) >= Math.min(READY_SECONDS, left - 0.1));
    }
    const heard = this.#heard();
    this.#reports.stats({
      rttUs: this.#estimate.rttUs,
      outputLeadUs: this.#latencyUs() + LEAD_MARGIN_US,
      bufferUs: this.#bufferSeconds(entry) * 1e6,
      errorUs: heard?.errorUs ?? null,
      uncertaintyUs: this.#uncertaintyUs(),
      clockErrorUs: this.#estimate.errorUs(nowUs()),
    });
  }
}
