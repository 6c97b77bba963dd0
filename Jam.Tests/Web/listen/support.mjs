// What the tests of the page's listening share: chance that can be repeated, a track's bytes, and an AudioContext that records.

import { readFileSync } from 'node:fs';

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Waiting in a queue: often nothing, sometimes long. */
export const exponential = (next, mean) => -mean * Math.log(1 - next());

export const demoTrack = () => new Uint8Array(readFileSync(new URL('../../../tools/assets/track.mp3', import.meta.url)));

/** A reader over bytes in memory that notes what was asked of it. */
export function readerOf(bytes) {
  return {
    lengthBytes: bytes.length,
    asked: [],
    async read(from, to) {
      this.asked.push([from, to]);
      return bytes.slice(from, to);
    },
  };
}

/** An AudioContext whose time is set by hand and whose output is one array of samples. */
export class FakeContext {
  currentTime = 0;
  sources = [];
  gains = [];

  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.destination = { gainAt: () => 1 };
  }

  createGain() {
    const events = [];
    const node = {
      gain: {
        value: 1,
        cancelScheduledValues: () => events.splice(0),
        setValueAtTime: (value, at) => events.push({ value, at }),
        linearRampToValueAtTime: (value, at) => events.push({ value, at, isRamp: true }),
      },
      connect: (to) => (node.to = to),
      disconnect: () => (node.cutAt = this.currentTime),
      gainAt: (at) => (at < (node.cutAt ?? Infinity) ? node.to.gainAt(at) * valueAt(node.gain.value, events, at) : 0),
    };
    this.gains.push(node);
    return node;
  }

  createBuffer(channels, length, rate) {
    const data = Array.from({ length: channels }, () => new Float32Array(length));
    return { sampleRate: rate, length, copyToChannel: (samples, c) => data[c].set(samples), data };
  }

  createBufferSource() {
    const node = {
      start: (at) => (node.at = at),
      stop: (at) => (node.stopAt = Math.min(node.stopAt ?? Infinity, Math.max(at, this.currentTime))),
      connect: (to) => (node.to = to),
      disconnect: () => {},
    };
    this.sources.push(node);
    return node;
  }

  /** What sounds from one frame to before another, the first channel. */
  heard(from, to) {
    const out = new Float32Array(to - from);
    for (const { at, stopAt = Infinity, buffer, to: output } of this.sources) {
      const first = Math.round(at * this.sampleRate);
      for (let i = Math.max(from, first); i < Math.min(to, first + buffer.length, stopAt * this.sampleRate); i++)
        out[i - from] += buffer.data[0][i - first] * output.gainAt(i / this.sampleRate);
    }
    return out;
  }
}

function valueAt(value, events, at) {
  let last = { value, at: 0 };
  for (const event of events) {
    if (at >= event.at) last = event;
    else return event.isRamp ? last.value + ((event.value - last.value) * (at - last.at)) / (event.at - last.at) : last.value;
  }
  return last.value;
}
