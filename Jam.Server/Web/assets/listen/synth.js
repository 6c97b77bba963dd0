// The voices of the click and the loop: the same functions of the time since a note began as the native peers' (Jam.Peer/Playback/Synth.cs), so
// that a page and a peer that sound together sound as one.

/** How long a click rings, and a note of the loop, seconds. */
const CLICK_SECONDS = 0.04;
const NOTE_SECONDS = 0.5;

/** Level of a note at the highest velocity. */
const NOTE_LEVEL = 0.35;

const clamp = (x) => Math.min(1, Math.max(0, x));
const attack = (s) => clamp(s / 0.0005);

/** Noise that is the same at the same time since the note began, on a 96 kHz raster. */
function noise(s) {
  let x = Math.imul(Math.floor(s * 96_000 + 0.5), 2654435761) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
  x ^= x >>> 13;
  return (x & 0xffff) / 32768 - 1;
}

const tone = (phase) => Math.sin(phase) + 0.4 * Math.sin(2 * phase) + 0.15 * Math.sin(3 * phase);

const VOICES = {
  click: (s, hertz) => Math.sin(2 * Math.PI * hertz * s) * Math.exp(-s * 120),
  tone: (s, hertz) => tone(2 * Math.PI * hertz * s) * Math.min(1, s / 0.004) * Math.min(1, (NOTE_SECONDS - s) / 0.02) * Math.exp(-s * 5),
  kick: (s) => 1.6 * Math.sin(2 * Math.PI * (45 * s + 6 * (1 - Math.exp(-s * 35)))) * Math.exp(-s * 14),
  snare: (s) => attack(s) * (0.7 * noise(s) + 0.5 * Math.sin(2 * Math.PI * 185 * s)) * Math.exp(-s * 22),
  hat: (s) => attack(s) * 0.6 * noise(s) * Math.exp(-s * 70),
};

/** A click: {voice, hertz, level, seconds}; higher and louder on a downbeat. */
export const clickOf = (isDownbeat) => ({
  voice: 'click',
  hertz: isDownbeat ? 1760 : 1174.66,
  level: isDownbeat ? 0.5 : 0.3,
  seconds: CLICK_SECONDS,
});

/** A note of the loop: a pitch, or a percussive sound by its name; one that is not known is a click. */
export function noteOf({ pitch, sample, velocity }) {
  const level = ((velocity ?? 100) / 127) * NOTE_LEVEL;
  if (pitch !== undefined && pitch !== null) return { voice: 'tone', hertz: 440 * 2 ** ((pitch - 69) / 12), level, seconds: NOTE_SECONDS };
  return { voice: ['kick', 'snare', 'hat'].includes(sample) ? sample : 'click', hertz: 1500, level, seconds: NOTE_SECONDS };
}

/**
 * The samples of a note at full level, from the first frame that does not come before it.
 * @param into seconds from the note's beginning to that frame
 */
export function render({ voice, hertz, seconds }, into, rate) {
  const out = new Float32Array(Math.max(1, Math.ceil((seconds - into) * rate)));
  const sound = VOICES[voice];
  for (let i = 0; i < out.length; i++) {
    const s = into + i / rate;
    // It ends in nothing too, for the same reason as it begins with it.
    out[i] = sound(s, hertz) * clamp((seconds - s) / 0.005);
  }
  return out;
}
