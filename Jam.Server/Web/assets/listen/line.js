// One record of the timeline, made sound: a chain of short buffers whose every first sample has its frame of the output. What the chain has
// run off by is put right by bending the next buffers by millionths, or, where it is too much for that, by one crossfaded jump.

import { Sinc } from './sinc.js';

/** Length of a buffer. */
const BLOCK_SECONDS = 0.4;

/** Over how long neighbouring buffers pass into one another: they hold the same sound, so nothing is heard of it. */
const FADE_SECONDS = 0.003;

/** What is bent away, and what is jumped over. */
const JUMP_SECONDS = 0.0025;
const GENTLE = 3e-4;
const FIRM = 1.5e-3;
const FIRM_FROM_SECONDS = 0.0008;

/** Least time between making a buffer and its first frame; a jump leaves time for what a slow machine has to make first. */
const AHEAD_SECONDS = 0.02;
const REJOIN_SECONDS = 0.06;

export class Line {
  #context;
  #output;
  #clock;
  #sinc = null;
  #chain = null;
  #nodes = [];
  #next = null;
  #end = null;
  /** Jumps so far that were not the first frame's. */
  jumps = 0;

  /**
   * @param record of the timeline, {status, at_us, position_us, track_id}
   * @param clock {contextAt(roomUs), roomAt(contextSeconds)}
   * @param gain of the track
   */
  constructor(context, destination, record, clock, gain) {
    this.#context = context;
    this.#clock = clock;
    this.#output = context.createGain();
    this.#output.gain.value = gain;
    this.#output.connect(destination);
    this.record = record;
    this.pieces = null;
    this.gain = gain;
  }

  /** When it falls silent, context time; null: not yet known. */
  get end() {
    return this.#end;
  }

  /** Whether nothing of it will be heard any more. */
  get isOver() {
    return this.#end !== null && this.#end + 0.1 < this.#context.currentTime;
  }

  /** Position in the track, in frames, that should sound at a context time. */
  #wantedAt(contextSeconds) {
    const roomUs = this.#clock.roomAt(contextSeconds);
    return ((this.record.position_us + roomUs - this.record.at_us) * this.pieces.track.sampleRate) / 1e6;
  }

  /** Makes what is to be heard until a context time, as far as its pieces are here. */
  extend(until) {
    if (this.record.status !== 'PLAY' || !this.pieces) return;
    const rate = this.#context.sampleRate;
    const { track } = this.pieces;
    this.#sinc ??= new Sinc(track.sampleRate / rate);
    const last = Math.floor(Math.min(until, this.#end ?? Infinity) * rate);
    const earliest = Math.ceil((this.#context.currentTime + AHEAD_SECONDS) * rate);
    if (this.#next && this.#next.frame < earliest - Math.round(AHEAD_SECONDS * rate * 0.8)) this.#next = null;
    for (let i = 0; i < 50; i++) {
      this.#next ??= this.#begin(earliest);
      if (this.#next.frame >= last || this.#next.position >= track.lengthFrames) return;
      if (!this.#make(rate)) return;
    }
  }

  /** Where a chain begins: at the record's own instant, or, where that has passed, now. */
  #begin(earliest) {
    const rate = this.#context.sampleRate;
    const at = this.#clock.contextAt(this.record.at_us) * rate;
    const frame = Math.max(earliest, Math.ceil(at));
    return { frame, position: Math.max(0, this.#wantedAt(frame / rate)), isFresh: true, isExact: frame > earliest };
  }

  /** One more buffer; false where its pieces are not here. */
  #make(rate) {
    const { track } = this.pieces;
    const nominal = track.sampleRate / rate;
    const { frame, isFresh, isExact } = this.#next;
    let { position } = this.#next;
    let late = (this.#wantedAt(frame / rate) - position) / track.sampleRate;
    if (!isFresh && Math.abs(late) > JUMP_SECONDS) {
      position += late * track.sampleRate;
      this.jumps++;
      late = 0;
    }
    const fade = Math.round(FADE_SECONDS * rate);
    const count = Math.round(BLOCK_SECONDS * rate);
    const bend = Math.abs(late) > FIRM_FROM_SECONDS ? FIRM : GENTLE;
    const wanted = (this.#wantedAt((frame + count) / rate) - position) / count;
    const step = Math.min(nominal * (1 + bend), Math.max(nominal * (1 - bend), wanted));
    const { from, to } = this.#sinc.reach(position, step, count + fade);
    const input = this.#gather(from, to);
    if (!input) return false;
    const out = input.map(() => new Float32Array(count + fade));
    this.#sinc.render(input, from, position, step, out);
    for (const channel of out) {
      // At the beginning of a track nothing is cut off, so nothing is faded in.
      if (!(isFresh && isExact && position < 1)) for (let i = 0; i < fade; i++) channel[i] *= i / fade;
      for (let i = 0; i < fade; i++) channel[count + i] *= 1 - i / fade;
    }
    this.#start(out, frame, rate);
    this.#nodes.at(-1).map = { frame, position, step, count };
    this.#next = { frame: frame + count, position: position + step * count, isFresh: false };
    return true;
  }

  #start(channels, frame, rate) {
    const buffer = this.#context.createBuffer(channels.length, channels[0].length, rate);
    channels.forEach((samples, c) => buffer.copyToChannel(samples, c));
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect((this.#chain ??= this.#makeChain()));
    source.start(frame / rate);
    const node = { source, until: (frame + channels[0].length) / rate };
    this.#nodes.push(node);
    source.onended = () => source.disconnect();
    const gone = this.#context.currentTime - 1;
    while (this.#nodes[0].until < gone) this.#nodes.shift();
  }

  /** Samples of the track, with silence before its beginning and behind its end; null where some are not here. */
  #gather(from, to) {
    const { track } = this.pieces;
    let out = null;
    for (let at = Math.max(0, from); at < Math.min(to, track.lengthFrames);) {
      const piece = track.pieceAt(at);
      const loaded = this.pieces.find(piece);
      if (!loaded) return null;
      out ??= loaded.sound.map(() => new Float32Array(to - from));
      const end = Math.min(to, track.lengthFrames, track.pieceStart(piece + 1));
      loaded.sound.forEach((samples, c) => out[c]?.set(samples.subarray(at - loaded.start, end - loaded.start), at - from));
      at = end;
    }
    return out ?? [new Float32Array(to - from)];
  }

  /** Falls silent at a context time, without a click. */
  endAt(contextSeconds) {
    const at = Math.max(contextSeconds, this.#context.currentTime + 0.002);
    if (this.#end !== null && Math.abs(this.#end - at) < 1e-4) return;
    this.#output.gain.cancelScheduledValues(0);
    this.#output.gain.setValueAtTime(this.gain, at);
    this.#output.gain.linearRampToValueAtTime(0, at + FADE_SECONDS);
    this.#end = at;
    for (const { source } of this.#nodes) this.#stop(source, at + 2 * FADE_SECONDS);
  }

  /** Begins anew with what the clocks say now, since the chain is too far off to be bent: the new one is faded in while the old one goes. */
  rejoin() {
    if (!this.#chain || !this.#next) return;
    const rate = this.#context.sampleRate;
    const frame = Math.ceil((this.#context.currentTime + REJOIN_SECONDS) * rate);
    const at = frame / rate;
    this.#chain.gain.setValueAtTime(1, at);
    this.#chain.gain.linearRampToValueAtTime(0, at + FADE_SECONDS);
    for (const { source, until } of this.#nodes) if (until > at) this.#stop(source, at + 2 * FADE_SECONDS);
    this.#chain = null;
    this.#next = { frame, position: Math.max(0, this.#wantedAt(at)), isFresh: true, isExact: false };
    this.jumps++;
  }

  #makeChain() {
    const chain = this.#context.createGain();
    chain.connect(this.#output);
    return chain;
  }

  /** What is heard at a context time, position in frames; null where nothing is. */
  heardAt(contextSeconds) {
    const frame = contextSeconds * this.#context.sampleRate;
    // Behind a jump two chains overlap; the newer one counts.
    const node = this.#nodes.findLast(({ map }) => frame >= map.frame && frame < map.frame + map.count);
    return node && (this.#end === null || contextSeconds < this.#end) ? node.map.position + (frame - node.map.frame) * node.map.step : null;
  }

  /** By how much what is heard at a context time comes too late, microseconds; null where nothing is heard. */
  errorAtUs(contextSeconds) {
    const heard = this.heardAt(contextSeconds);
    return heard === null ? null : ((this.#wantedAt(contextSeconds) - heard) / this.pieces.track.sampleRate) * 1e6;
  }

  close() {
    for (const { source } of this.#nodes) this.#stop(source, 0);
    this.#output.disconnect();
  }

  #stop(source, at) {
    try {
      source.stop(at);
    } catch {
      // It has ended already.
    }
  }
}
