/** Where a time that is pointed at goes: to an edge of another segment, a zero crossing, the middle of a silence. */
import { signal } from "@preact/signals-core";
import type { AudioState } from "./state";

const NEAR = 10; // CSS pixels
const AROUND = 0.01; // seconds: a zero crossing further away is another place

/** The upward or downward zero crossing nearest to a place between two samples; null if there is none. */
export function crossing(samples: Float32Array, at: number): number | null {
  let found: number | null = null;
  for (let i = 1; i < samples.length; i++) {
    const [a, b] = [samples[i - 1] as number, samples[i] as number];
    if ((a < 0) === (b < 0)) continue;
    if (found === null || Math.abs(i - at) < Math.abs(found - at)) found = i;
  }
  return found;
}

export class Snap {
  readonly edges = signal(true);
  readonly zero = signal(false);
  readonly silence = signal(false);

  constructor(readonly state: AudioState) {}

  /** All of them at once, as the key does: edges only, or none. */
  toggle(): void {
    const on = this.edges.peek() || this.zero.peek() || this.silence.peek();
    this.edges.value = !on;
    this.zero.value = this.silence.value = false;
    this.state.say(on ? "Does not snap" : "Snaps to edges");
  }

  /** The place of a time on the recording; `other` does what the setting does not. */
  place(time: number, other: boolean, except: ReadonlySet<string> = new Set()): number {
    const { state } = this;
    const reach = NEAR * state.viewport.view.peek().perPixel;
    const set = this.edges.peek() || this.zero.peek() || this.silence.peek();
    const edges = other ? !set : this.edges.peek();
    if (edges) {
      const edge = this.#edge(time, reach, except);
      if (edge !== null) return edge;
    }
    if (!other && this.silence.peek()) {
      const quiet = state.peaks.silence(time - reach, time + reach);
      if (quiet !== null) return state.at(quiet);
    }
    return !other && this.zero.peek() ? this.#crossing(time) : state.at(time);
  }

  #edge(time: number, reach: number, except: ReadonlySet<string>): number | null {
    const { state } = this;
    let found: number | null = null;
    const take = (at: number): void => {
      if (Math.abs(at - time) <= reach && (found === null || Math.abs(at - time) < Math.abs(found - time))) found = at;
    };
    for (const { id, start, end } of state.marks.near.within(time - reach, time + reach)) {
      if (except.has(id)) continue;
      take(start);
      take(end);
    }
    if (!state.player.playing.peek()) take(state.head);
    take(0);
    take(state.duration);
    return found;
  }

  #crossing(time: number): number {
    const { state } = this;
    const from = state.at(time - AROUND);
    const [samples] = state.player.samples(from, state.at(time + AROUND)) ?? [];
    const at = samples && crossing(samples, (time - from) * state.rate);
    return at == null ? state.at(time) : state.at(from + at / state.rate);
  }
}
