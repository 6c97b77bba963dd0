// Clicks and loop, made sound: each note is a short buffer that begins at its own frame of the output, with the part of a sample that lies between
// two frames worked into it. What the room changes before a note has begun takes it back.

import { dueBetween } from './score.js';
import { render } from './synth.js';

const MOVED_SECONDS = 0.0003;
const LEAST_AHEAD_SECONDS = 0.01;
const PARTS_OF_A_FRAME = 16;
const MOST_BUFFERS = 400;

export class ScorePlayer {
  #context;
  #destination;
  #clock;
  #notes = new Map();
  #buffers = new Map();

  /** @param clock {contextAt(roomUs), roomAt(contextSeconds)} */
  constructor(context, destination, clock) {
    this.#context = context;
    this.#destination = destination;
    this.#clock = clock;
  }

  /** How many notes are on their way. */
  get size() {
    return this.#notes.size;
  }

  /**
   * Makes what a room has due within some seconds sound, and nothing else that has not begun yet.
   * @param room a RoomModel whose beat is on the clock's clock
   */
  play(room, ahead, isLoopHeard) {
    const now = this.#context.currentTime;
    const due = dueBetween(room, this.#clock.roomAt(now), this.#clock.roomAt(now + ahead), isLoopHeard).map((event) => ({
      ...event,
      at: this.#clock.contextAt(event.atUs),
      key: `${event.note.voice} ${event.note.hertz} ${event.note.level}`,
    }));
    const wanted = new Map(due.map((event) => [event.id, event]));
    for (const [id, known] of this.#notes) {
      const event = wanted.get(id);
      const isOver = known.at + known.seconds < now - 0.5;
      const isSame = event && event.key === known.key && Math.abs(event.at - known.at) < MOVED_SECONDS;
      if (isOver || (!isSame && known.at > now + 0.002)) this.#drop(id, known, isOver);
    }
    for (const event of due) if (!this.#notes.has(event.id) && event.at >= now + LEAST_AHEAD_SECONDS) this.#start(event);
  }

  /** Silence at once. */
  clear() {
    for (const [id, known] of this.#notes) this.#drop(id, known, false);
  }

  #drop(id, { source, gain }, isOver) {
    this.#notes.delete(id);
    if (isOver) return;
    source.onended = null;
    source.stop();
    gain.disconnect();
  }

  #start({ id, at, key, note }) {
    const rate = this.#context.sampleRate;
    const frame = Math.ceil(at * rate - 1e-6);
    const part = Math.round((frame - at * rate) * PARTS_OF_A_FRAME);
    const source = this.#context.createBufferSource();
    source.buffer = this.#bufferOf(note, part, rate);
    const gain = this.#context.createGain();
    gain.gain.value = note.level;
    source.connect(gain);
    gain.connect(this.#destination);
    source.onended = () => gain.disconnect();
    source.start(frame / rate);
    this.#notes.set(id, { at, key, seconds: note.seconds, source, gain });
  }

  #bufferOf(note, part, rate) {
    const key = `${note.voice} ${note.hertz} ${note.seconds} ${part}`;
    let buffer = this.#buffers.get(key);
    if (!buffer) {
      if (this.#buffers.size >= MOST_BUFFERS) this.#buffers.clear();
      const samples = render(note, Math.max(0, part / PARTS_OF_A_FRAME / rate), rate);
      buffer = this.#context.createBuffer(1, samples.length, rate);
      buffer.copyToChannel(samples, 0);
      this.#buffers.set(key, buffer);
    }
    return buffer;
  }
}
