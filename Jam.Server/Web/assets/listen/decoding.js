// What browsers make of parts of a file. Each has habits of its own at the beginning of an MP3 (some drop what they take for a decoder's
// delay), so each is asked once, with a sound whose place is known.

import { CLICK_AT, CLICK_FRAMES, CLICK_MP3 } from './click.js';

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Decodes at the file's own rate: nothing is resampled, so a sample's place is its place. */
function decodeAt(bytes, sampleRate) {
  const Offline = globalThis.OfflineAudioContext ?? globalThis.webkitOfflineAudioContext;
  const context = new Offline(2, 1, sampleRate);
  // The old form with callbacks is all that older phones have.
  return new Promise((resolve, reject) => {
    const buffer = bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    context.decodeAudioData(buffer, resolve, reject)?.catch?.(reject);
  });
}

const channelsOf = (buffer) => {
  const out = [];
  for (let c = 0; c < Math.min(2, buffer.numberOfChannels); c++) out.push(buffer.getChannelData(c));
  return out;
};

/** Where the loudest sample stands. */
export function peakAt(channel) {
  let best = 0;
  for (let i = 1; i < channel.length; i++) if (Math.abs(channel[i]) > Math.abs(channel[best])) best = i;
  return best;
}

export class Decoder {
  #shift = null;

  /**
   * Decodes whole frames of an MP3.
   * @returns {channels, shift}: samples, and how many are missing before them (negative) or are too many (positive)
   */
  async mp3(bytes, sampleRate, expectedFrames) {
    this.#shift ??= this.#measure();
    const habit = await this.#shift;
    const buffer = await decodeAt(bytes, sampleRate);
    return { channels: channelsOf(buffer), shift: placeOf(buffer.length, expectedFrames, habit) };
  }

  /** Decodes a whole file. */
  async whole(bytes, sampleRate) {
    return decodeAt(bytes, sampleRate);
  }

  /** How this browser treats the beginning of an MP3: how many samples it leaves out there, and in all. */
  async #measure() {
    const buffer = await decodeAt(fromBase64(CLICK_MP3), 44_100);
    return { early: CLICK_AT - peakAt(buffer.getChannelData(0)), missing: CLICK_FRAMES - buffer.length };
  }
}

/** Negative: so many samples are missing at the beginning of what was decoded. What is missing beyond the habit lacks there, too: a first frame whose reservoir is not there. */
export function placeOf(length, expected, habit) {
  const beyond = expected - habit.missing - length;
  return -(habit.early + Math.max(0, beyond));
}
