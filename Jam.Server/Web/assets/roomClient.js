// A page's place in a room: one WebSocket that comes back by itself, the room's clock, and what the room is.

import { RoomClock, localNowUs } from './clock.js';
import { Identity } from './identity.js';
import { Lifeline } from './lifeline.js';
import { OwnLane } from './ownLane.js';
import { RoomModel } from './roomModel.js';
import { Successor } from './successor.js';
import { Whereabouts, outranks } from './whereabouts.js';

const PAUSES_MS = [150, 300, 700, 1_500, 3_000, 5_000];
const HOME_AFTER = 10;

// After these the page is not wanted under this identity; coming back by itself would only quarrel.
const FINAL = new Set(['kicked', 'replaced', 'room_full', 'server_full', 'too_many_errors']);

// The door is locked: somebody has to be asked for what opens it.
const LOCKED = new Set(['password_needed', 'wrong_password', 'bad_invite', 'too_many_attempts']);

/**
 * Events: every type of message ('STATE', ...) with its payload; 'change' after whatever changed the room; 'status' with
 * 'connecting', 'open', 'lost', 'locked' or 'over'; 'raw' with {out, text} for every message as it comes and goes; 'unsent' for one that could not go; 'identity' when the name or
 * the connection changes.
 */
export class RoomClient {
  #socket = null;
  #listeners = new Map();
  #model = new RoomModel();
  #probe = (t1) => this.send('SYNC_REQUEST', { t1_us: t1, is_brief: true });
  #clock = new RoomClock(this.#probe);
  #lifeline = new Lifeline(this.#probe, () => this.#giveUp());
  #retry = 0;
  #tries = 0;
  #options;
  #successor = null;
  #identity;
  #places;
  /** Where else the room may be, from a function that takes time: other parts of the page know more. */
  askElsewhere = async () => [];
  /** This member's own lane of the loop. */
  lane = new OwnLane(this);
  #doorKeys;
  status = 'connecting';
  lastError = null;

  /** @param options {room, name, role, isListed, doorKeys: {password, invite, host_token}} */
  constructor(options) {
    this.#options = options;
    this.#doorKeys = options.doorKeys ?? {};
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    /** The room's WebSocket. */
    this.url = `${scheme}//${location.host}/ws/${encodeURIComponent(options.room)}`;
    this.#places = new Whereabouts(this.url);
    this.#identity = new Identity(options.room);
  }

  /** The last STATE; null before the first. */
  get state() {
    return this.#model.state;
  }

  /** WELCOME, with this member's id; null before it. */
  get welcome() {
    return this.#model.welcome;
  }

  /** The pages of the last SNAPSHOT; null before it. */
  get snapshot() {
    return this.#model.snapshot;
  }

  /** What the room is (RoomModel). */
  get room() {
    return this.#model;
  }

  get clock() {
    return this.#clock;
  }

  get name() {
    return this.#options.name;
  }

  /** The server that the room is at, where that is not the one that this page came from: {host, page}; null at home. */
  get away() {
    return this.#places.away(this.url, this.#options.room);
  }

  /** Room time in microseconds; null until it is known. */
  roomNowUs() {
    return this.#clock.now();
  }

  /** Calls a function for each event of a type; the result takes it off again. */
  on(type, fn) {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(fn));
    return () => set.delete(fn);
  }

  /** Sends a message; false where there is no connection. */
  send(type, payload = {}) {
    return this.sendText(JSON.stringify({ type, payload }));
  }

  /** Sends text as it is. */
  sendText(text) {
    const isOpen = this.#socket?.readyState === WebSocket.OPEN;
    if (isOpen) this.#socket.send(text);
    this.#emit(isOpen ? 'raw' : 'unsent', { out: true, text });
    return isOpen;
  }

  /** A command on the timeline, meant for the STATE that the page shows. */
  command(type, payload = {}) {
    const { state } = this.#model;
    return this.send(type, state ? { ...payload, epoch: state.epoch, revision: state.revision } : payload);
  }

  connect() {
    clearTimeout(this.#retry);
    this.#dropSuccessor();
    this.#setStatus(this.#tries === 0 ? 'connecting' : 'lost');
    const old = this.#socket;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    old?.close();
    this.#lifeline.begin();
    socket.onopen = () => socket === this.#socket && this.#onOpen();
    socket.onmessage = (e) => socket === this.#socket && this.#onMessage(e.data);
    socket.onclose = () => socket === this.#socket && this.#onClose();
  }

  /** The network may be another, or the page was asleep: what waits is done at once, and what stands is doubted. */
  hurry() {
    if (this.status === 'lost' && !(this.#socket?.readyState <= WebSocket.OPEN)) this.connect();
    else this.#lifeline.doubt();
  }

  /** What opens the room's door, as far as it is known. */
  get doorKeys() {
    return this.#doorKeys;
  }

  /** Tries to come in with a password or an invite, in place of what did not open the door. */
  unlock({ password, invite }) {
    this.#doorKeys = { ...this.#doorKeys, password, invite };
    this.#tries = 0;
    this.status = 'connecting';
    this.connect();
  }

  /** Comes back as the same member under another name. */
  rename(name) {
    this.#options = { ...this.#options, name };
    if (this.status === 'over') return;
    this.#tries = 0;
    this.connect();
  }

  /** Leaves in good order; nobody waits for this member any more. */
  leave() {
    this.send('BYE');
    this.#identity.forget();
    this.#end('over');
  }

  #onOpen() {
    this.#lifeline.heard();
    if (!this.#model.state || this.#clock.now() === null) {
      this.#hello(null);
      return;
    }
    this.#successor = new Successor(this.#clock, this.#probe, (instants) => {
      this.#successor = null;
      this.#hello({ ...this.#model.memory(), ...instants });
    });
  }

  #dropSuccessor() {
    this.#successor?.close();
    this.#successor = null;
  }

  #hello(resume) {
    const { name, role, isListed } = this.#options;
    const hello = { role: this.#model.welcome ? this.#model.role : (role ?? 'viewer'), name, ...this.#identity.at(this.url) };
    if (isListed === false) hello.is_listed = false;
    if (resume) hello.resume = resume;
    const { password, invite, host_token } = this.#doorKeys;
    if (password) hello.password = password;
    if (invite) hello.invite = invite;
    if (host_token && hello.role === 'host') hello.host_token = host_token;
    this.send('HELLO', hello);
  }

  #onMessage(text) {
    const t4Us = localNowUs();
    this.#lifeline.heard();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    const payload = message.payload ?? {};
    this.#emit('raw', { out: false, text, type: message.type });
    if (message.type === 'SYNC_RESPONSE') {
      if (this.#successor) this.#successor.take(payload, t4Us);
      else this.#clock.take(payload, t4Us);
    }
    if (message.type === 'WELCOME') this.#onWelcome(payload);
    if (message.type === 'ERROR') this.#onError(payload);
    if (message.type === 'RENDEZVOUS') this.#onTold(payload);
    const hasChanged = this.#model.apply(message.type, payload);
    this.#emit(message.type, payload, t4Us);
    if (hasChanged) this.#emit('change', message.type);
    if (message.type === 'SNAPSHOT' && payload.page === payload.pages - 1) this.lane.bring();
  }

  #onWelcome(welcome) {
    if (welcome.host_token) this.#doorKeys = { ...this.#doorKeys, host_token: welcome.host_token };
    this.#identity.take(welcome);
    this.#tries = 0;
    this.#clock.start();
    this.#setStatus('open');
    this.#emit('identity');
  }

  #onError(p) {
    this.lastError = p;
    if (p.close && FINAL.has(p.code)) this.#end(p.code);
    if (p.close && LOCKED.has(p.code)) {
      clearTimeout(this.#retry);
      this.status = 'locked';
      this.#emit('status', 'locked', p);
    }
  }

  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#onClose();
  }

  #onClose() {
    this.#lifeline.end();
    this.#dropSuccessor();
    this.#clock.stop();
    if (this.status === 'over' || this.status === 'locked') return;
    this.#setStatus('lost');
    if (this.#tries > 0 && this.#model.state)
      this.#goTo(this.#places.lost(this.#model.members.values(), this.#rank, this.askElsewhere), true);
    // Nobody knows of the room any more: whoever answers at home begins it anew.
    if (this.#tries > HOME_AFTER) this.url = this.#places.home;
    const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
    this.#retry = setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
  }

  #onTold({ epoch, authority_id: id, urls }) {
    if (!this.#model.state || !urls?.length || !outranks({ epoch, id }, this.#rank)) return;
    this.#goTo(this.#places.told(urls, this.url, this.#rank), false);
  }

  get #rank() {
    const { epoch, clock_id } = this.#model.state;
    return { epoch, id: clock_id };
  }

  async #goTo(finding, isLost) {
    const url = await finding;
    if (!url || url === this.url || this.status === 'over' || (isLost && this.status === 'open')) return;
    this.url = url;
    this.#tries = Math.max(1, this.#tries);
    this.connect();
    this.#emit('moved', this.away);
  }

  #end(why) {
    clearTimeout(this.#retry);
    this.#lifeline.end();
    this.#clock.stop();
    this.status = 'over';
    this.#emit('status', 'over', why);
  }

  #setStatus(status) {
    if (this.status === 'over') return;
    this.status = status;
    this.#emit('status', status);
  }

  #emit(type, ...values) {
    this.#listeners.get(type)?.forEach((fn) => fn(...values));
  }
}
