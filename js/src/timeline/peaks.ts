/** How loud a recording is from moment to moment: the tiles that the kernel computes, from coarse to fine. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import { fetchPiece, MediaError, Stopped } from "../core/media";
import type { Problem, WireItem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { type At, Pieces } from "./pieces";
import { recordingOf } from "./recording";
import type { Recording } from "./types";

/** Frames of a bin at the finest level; each level further has four times as many. */
export const FINEST = 256;
const BINS = 2048;
const COARSEST = 12;
const POLL = 400;
/** Bins of a column, at least, so that there is a mean of them to tell from the extremes. */
const PER_COLUMN = 2;
const AGAIN = 0.01;

interface Tile {
  /** (min, max) of each bin, channel after channel. */
  readonly data: Int8Array;
  readonly bins: number;
  readonly known: number;
  /** How much of the recording was known when it came. */
  readonly done: number;
}

export function framesOf(level: number): number {
  return FINEST * 4 ** level;
}

/** The coarsest level that has enough bins for columns of so many frames. */
export function levelOf(frames: number): number {
  return Math.min(COARSEST, Math.max(0, Math.floor(Math.log2(frames / PER_COLUMN / FINEST) / 2)));
}

export class Peaks {
  /** The recording shown; its length may turn out to be another one as it is decoded. */
  readonly recording: ReadonlySignal<Recording | null> = signal(null);
  /** How much of it is known, up to 1. */
  readonly progress: ReadonlySignal<number> = signal(0);
  readonly problem: ReadonlySignal<Problem | null>;
  readonly version: Signal<number>;
  readonly #tiles: Pieces<Tile>;
  readonly #trouble = signal<Problem | null>(null);
  #wanted = new Map<string, At>();
  #own: Scope;
  #key = "";
  #item = "";

  constructor(readonly engine: Engine, readonly scope: Scope) {
    this.#tiles = new Pieces<Tile>(engine, scope, {
      part: "peaks", most: 32 << 20, atOnce: 3, bytes: ({ data }) => data.length,
      make: ({ bytes, about }) => {
        const bins = Number(about["bins"] ?? BINS);
        const data = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        return bins > 0 && bins <= BINS && data.length % (2 * bins) === 0 && data.length > 0
          ? { data, bins, known: Number(about["known"] ?? bins), done: this.progress.peek() } : null;
      },
      stale: ({ bins, known, done }) => known < bins && this.progress.peek() > Math.min(0.999, done + AGAIN * Number(done > 0)),
    });
    this.version = this.#tiles.version;
    this.problem = computed(() => this.#trouble.value ?? this.#tiles.problem.value);
    this.#own = scope.child();
  }

  show(item: WireItem | null): void {
    const recording = item?.problem ? null : recordingOf(item?.data);
    const key = item && recording ? `${item.id} ${recording.rev} ${recording.rate} ${recording.frames}` : "";
    if (key === this.#key) return;
    this.#key = key;
    this.#item = recording && item ? item.id : "";
    this.#own.dispose();
    this.#own = this.scope.child();
    this.#wanted.clear();
    this.#trouble.value = null;
    (this.progress as Signal<number>).value = 0;
    (this.recording as Signal<Recording | null>).value = recording;
    this.#tiles.open(recording && item ? item.id : null);
    if (recording && item) this.#poll(item.id, this.#own);
  }

  /** Tries again what could not be had. */
  retry(): void {
    this.#trouble.value = null;
    this.#tiles.retry();
    if (this.#item && this.progress.peek() < 1) {
      this.#own.dispose();
      this.#own = this.scope.child();
      this.#poll(this.#item, this.#own);
    }
  }

  /** Asks how far the kernel is, as long as it is not done. */
  #poll(item: string, scope: Scope): void {
    fetchPiece(this.engine, scope, item, "state").then(({ about }) => {
      if (scope.disposed) return;
      const now = this.recording.peek();
      const frames = Number(about["frames"]);
      const exact = about["exact"] !== false;
      if (now && frames > 0 && (frames !== now.frames || exact !== now.exact)) (this.recording as Signal<Recording | null>).value = { ...now, frames, exact };
      const done = Number(about["done"] ?? 1);
      const problem = about["problem"];
      this.#trouble.value = typeof problem === "string" && problem ? { title: problem } : null;
      if (done !== this.progress.peek()) {
        (this.progress as Signal<number>).value = done;
        this.version.value = this.version.peek() + 1;
      }
      if (done < 1 && !this.#trouble.peek()) scope.timeout(() => this.#poll(item, scope), POLL);
    }, (error: unknown) => {
      if (!(error instanceof Stopped)) this.#trouble.value = error instanceof MediaError ? error.problem : { title: String(error) };
    });
  }

  /**
   * The lowest and highest value (of ±127) of each of `columns` equal parts of frames [from, to), from what is in memory; a column that
   * is not known has its lowest above its highest. `mean` is filled with what is usual within each column.
   */
  range(channel: number, from: number, to: number, columns: number, mean?: Int8Array): Int8Array {
    const made = new Int8Array(2 * columns);
    for (let n = 0; n < made.length; n += 2) [made[n], made[n + 1]] = [1, -1];
    const recording = this.recording.peek();
    if (!recording || columns < 1 || to <= from) return made;
    const step = (to - from) / columns;
    const best = levelOf(step);
    const last = Math.max(0, Math.ceil(recording.frames / FINEST / BINS) - 1);
    const width = framesOf(best) * BINS;
    for (let tile = Math.max(0, Math.floor(from / width)); tile * width < Math.min(to, recording.frames); tile++) {
      const at: At = [best, tile];
      this.#wanted.set(at.join(" "), at);
      const [first, end] = [Math.max(from, tile * width), Math.min(to, (tile + 1) * width)];
      const columnsHere: [number, number] = [Math.floor((first - from) / step), Math.min(columns, Math.ceil((end - from) / step))];
      // what is coarser is better than nothing, and so is what is finer by one
      let level = best;
      while (level <= COARSEST && !this.#fill(made, mean, channel, level, from, step, columnsHere)) level++;
      if (level > COARSEST && best > 0) this.#fill(made, mean, channel, best - 1, from, step, columnsHere);
      if (tile > last) break;
    }
    return made;
  }

  /** Fetches what the calls of `range` since the last time could have used; of those who draw, lower numbers are served first. */
  flush(who = 0): void {
    const wanted = [...this.#wanted.values()];
    this.#wanted.clear();
    this.#tiles.want(wanted, who);
  }

  /** The middle of the quietest moment in a stretch (seconds), as far as it is known; null if none of it is. */
  silence(from: number, to: number): number | null {
    const rate = this.recording.peek()?.rate ?? 1;
    const first = Math.floor(from * rate / FINEST);
    const bins = Math.min(4096, Math.floor(to * rate / FINEST) - first + 1);
    if (bins < 1) return null;
    const loud = new Int16Array(bins).fill(-1);
    for (let channel = 0; channel < Math.min(8, this.recording.peek()?.channels ?? 0); channel++) {
      for (let bin = 0; bin < bins; bin++) {
        const at = [0, Math.floor((first + bin) / BINS)];
        this.#wanted.set(at.join(" "), at);
        const tile = this.#tiles.get(at);
        const place = (first + bin) % BINS;
        if (!tile || place >= tile.known) continue;
        const n = 2 * (channel * tile.bins + place);
        loud[bin] = Math.max(loud[bin] as number, (tile.data[n + 1] ?? 0) - (tile.data[n] ?? 0));
      }
    }
    this.flush(2);
    let [quietest, start, length] = [Infinity, -1, 0];
    for (let bin = 0; bin < bins; bin++) {
      const now = loud[bin] as number;
      if (now < 0) continue;
      if (now < quietest) [quietest, start, length] = [now, bin, 1];
      else if (now === quietest && start + length === bin) length++;
    }
    return start < 0 ? null : (first + start + length / 2) * FINEST / rate;
  }

  /** Fills columns from one level, as far as it is here; false if none of it is. */
  #fill(made: Int8Array, mean: Int8Array | undefined, channel: number, level: number, from: number, step: number, [first, end]: [number, number]): boolean {
    const size = framesOf(level);
    let held = -1;
    let tile: Tile | undefined;
    let any = false;
    for (let column = first; column < end; column++) {
      const start = Math.floor((from + column * step) / size);
      const stop = Math.max(start + 1, Math.ceil((from + (column + 1) * step) / size - 1e-9));
      let [low, high, lows, highs, count] = [127, -128, 0, 0, 0];
      for (let bin = start; bin < stop; bin++) {
        const number = Math.floor(bin / BINS);
        if (number !== held) [held, tile] = [number, this.#tiles.get([level, number])];
        if (!tile) continue;
        const place = bin - number * BINS;
        if (place >= tile.known || place < 0) continue;
        const at = 2 * (channel * tile.bins + place);
        const [down, up] = [tile.data[at] ?? 0, tile.data[at + 1] ?? 0];
        if (down < low) low = down;
        if (up > high) high = up;
        lows += down;
        highs += up;
        count++;
      }
      if (!count) continue;
      any = true;
      made[2 * column] = low;
      made[2 * column + 1] = high;
      if (mean) {
        mean[2 * column] = lows / count;
        mean[2 * column + 1] = highs / count;
      }
    }
    return any;
  }
}
