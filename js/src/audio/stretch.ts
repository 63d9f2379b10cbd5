/**
 * Faster or slower speech with the pitch kept: WSOLA.
 *
 * The output is made of overlapping windows of the input. Each is taken from about where the speed says, moved by so little that it
 * continues the last one as the input itself would have: where their samples are most alike.
 */

import { joined } from "./pcm";

/** Seconds of a window, and how far it may be moved either way. */
const WINDOW = 0.03;
const SEARCH = 0.012;
/** Rates are thinned to about this to find where windows are alike. */
const COARSE_RATE = 8000;

/** Makes the output piece by piece, as input comes. */
export class Stretch {
  /** Half a window: how far it is from one to the next in the output. */
  readonly #hop: number;
  readonly #search: number;
  readonly #thin: number;
  readonly #fade: Float32Array;
  /** Input that is still needed, from frame `#from` on. */
  #held: Float32Array[];
  #from = 0;
  /** Frames of input that have come, and of output that were given. */
  #came = 0;
  #given = 0;
  /** The next window's number. */
  #step = 0;
  /** Where the last window was taken from. */
  #last = 0;
  /** The second half of the last window, fading out. */
  #tail: Float32Array[];

  constructor(rate: number, channels: number, readonly speed: number) {
    this.#hop = Math.max(8, Math.round(rate * WINDOW / 2));
    this.#search = Math.max(4, Math.round(rate * SEARCH));
    this.#thin = Math.max(1, Math.round(rate / COARSE_RATE));
    this.#fade = Float32Array.from({ length: this.#hop }, (_, n) => 0.5 - 0.5 * Math.cos(Math.PI * (n + 0.5) / this.#hop));
    this.#held = Array.from({ length: channels }, () => new Float32Array());
    this.#tail = Array.from({ length: channels }, () => new Float32Array(this.#hop));
  }

  /** Takes more input; returns the output that it makes possible. `last`: no more will come, and the output is exactly `round(input / speed)` frames long. */
  push(input: readonly Float32Array[], last = false): Float32Array[] {
    const [hop, search] = [this.#hop, this.#search];
    this.#held = this.#held.map((held, channel) => joined([held, input[channel] ?? new Float32Array()]));
    this.#came += input[0]?.length ?? 0;
    const parts: Float32Array[][] = this.#held.map(() => []);
    const total = Math.round(this.#came / this.speed);
    while (last ? this.#given < total : Math.round(this.#step * hop * this.speed) + search + 2 * hop <= this.#came) {
      const ideal = Math.round(this.#step * hop * this.speed);
      const at = this.#step === 0 ? 0 : this.#best(ideal);
      const room = last ? Math.min(hop, total - this.#given) : hop;
      this.#held.forEach((held, channel) => {
        const tail = this.#tail[channel] as Float32Array;
        const made = new Float32Array(room);
        const next = new Float32Array(hop);
        for (let n = 0; n < hop; n++) {
          const fade = this.#step === 0 ? 1 : this.#fade[n] as number;
          if (n < room) made[n] = (tail[n] as number) + fade * (held[at + n - this.#from] ?? 0);
          next[n] = (1 - (this.#fade[n] as number)) * (held[at + hop + n - this.#from] ?? 0);
        }
        this.#tail[channel] = next;
        parts[channel]?.push(made);
      });
      this.#given += room;
      this.#last = at;
      this.#step++;
    }
    this.#forget();
    return parts.map(joined);
  }

  /** Where near `ideal` the input is most like what would have come next. */
  #best(ideal: number): number {
    const [hop, search, thin] = [this.#hop, this.#search, this.#thin];
    const target = this.#last + hop;
    const first = Math.max(this.#from, ideal - search);
    const end = Math.min(ideal + search, this.#came - hop);
    if (target === ideal || end <= first) return Math.max(first, Math.min(ideal, Math.max(first, this.#came - hop)));
    let best = this.#scan(target, first, end, thin, thin, Math.min(Math.max(ideal, first), end));
    if (thin > 1) best = this.#scan(target, Math.max(first, best - thin), Math.min(end, best + thin), 1, 2, best);
    return best;
  }

  /** Compares a half window at `target` with those at [first, end], at every `step`, by every `thin`th sample. */
  #scan(target: number, first: number, end: number, step: number, thin: number, start: number): number {
    let [best, most] = [start, -Infinity];
    const count = Math.min(this.#hop, this.#came - target);
    for (let at = first; at <= end; at += step) {
      let [product, power] = [0, 1e-9];
      for (const held of this.#held) {
        const [a, b] = [target - this.#from, at - this.#from];
        for (let n = 0; n < count; n += thin) {
          const value = held[b + n] as number;
          product += (held[a + n] as number) * value;
          power += value * value;
        }
      }
      const alike = product / Math.sqrt(power);
      if (alike > most) [best, most] = [at, alike];
    }
    return best;
  }

  #forget(): void {
    const next = Math.round(this.#step * this.#hop * this.speed) - this.#search;
    const keep = Math.max(this.#from, Math.min(next, this.#last + this.#hop, this.#came));
    if (keep - this.#from < 1) return;
    this.#held = this.#held.map((held) => held.slice(keep - this.#from));
    this.#from = keep;
  }
}

/** All of a stretch of sound at another speed. */
export function stretched(input: readonly Float32Array[], rate: number, speed: number): Float32Array[] {
  return new Stretch(rate, input.length, speed).push(input, true);
}
