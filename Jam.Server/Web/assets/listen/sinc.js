// A windowed-sinc resampler, the same kernel as the native peers' (Jam.Peer/Playback/SincKernel.cs). A browser's own, behind playbackRate, takes
// the treble away and gives it back as the place between two samples wanders.

const BASE_TAPS = 32;
const PHASES = 256;
const CUTOFF = 0.97;
const KAISER_BETA = 9;
const CONVERSION_RATIO = 1.001;

/** Modified Bessel function of the first kind, order zero, by its series. */
function bessel(x) {
  let [term, sum] = [1, 1];
  for (let k = 1; k < 64 && term > sum * 1e-17; k++) {
    term *= (x * x) / (4 * k * k);
    sum += term;
  }
  return sum;
}

export class Sinc {
  #table;

  /** @param ratio source rate over output rate, at most 8 */
  constructor(ratio) {
    const stretch = ratio > CONVERSION_RATIO ? ratio : 1;
    /** How many source frames one output frame is made of. */
    this.taps = Math.ceil(Math.ceil(BASE_TAPS * stretch) / 8) * 8;
    /** Source frames before the one that a position falls in. */
    this.before = this.taps / 2 - 1;
    this.#table = new Float32Array((PHASES + 1) * this.taps);
    const row = new Float64Array(this.taps);
    for (let phase = 0; phase <= PHASES; phase++) this.#fill(row, phase, CUTOFF / stretch);
  }

  #fill(row, phase, cutoff) {
    let sum = 0;
    for (let k = 0; k < this.taps; k++) {
      const x = k - this.before - phase / PHASES;
      const angle = Math.PI * x * cutoff;
      const edge = x / (this.taps / 2);
      const window = Math.abs(edge) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - edge * edge)) / bessel(KAISER_BETA);
      row[k] = (Math.abs(angle) < 1e-12 ? 1 : Math.sin(angle) / angle) * window;
      sum += row[k];
    }
    for (let k = 0; k < this.taps; k++) this.#table[phase * this.taps + k] = row[k] / sum;
  }

  /**
   * Source frames that some output frames draw on: from the first to before the last.
   * @returns {from, to}
   */
  reach(position, step, count) {
    const first = Math.floor(position) - this.before;
    return { from: first, to: Math.floor(position + step * (count - 1)) - this.before + this.taps };
  }

  /**
   * Makes output frames.
   * @param input channels of source frames, of which the first is the one at `from`
   * @param position in the source of the first output frame
   * @param step source frames per output frame
   * @param out channels to fill
   */
  render(input, from, position, step, out) {
    const { taps } = this;
    const table = this.#table;
    const count = out[0].length;
    for (let i = 0; i < count; i++) {
      const at = position + i * step;
      const whole = Math.floor(at);
      const scaled = (at - whole) * PHASES;
      const phase = Math.min(PHASES - 1, Math.floor(scaled));
      const weight = scaled - phase;
      const row = phase * taps;
      const first = whole - this.before - from;
      for (let c = 0; c < out.length; c++) {
        const source = input[c];
        let low = 0;
        let high = 0;
        for (let k = 0; k < taps; k++) {
          const sample = source[first + k];
          low += sample * table[row + k];
          high += sample * table[row + taps + k];
        }
        out[c][i] = low + (high - low) * weight;
      }
    }
  }
}
