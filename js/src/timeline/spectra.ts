/** Which frequencies a recording holds from moment to moment: tiles that the kernel computes, as pictures in the colours of loudness. */
import type { ReadonlySignal, Signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { Problem, WireItem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { colormap } from "./colormap";
import { type At, Pieces } from "./pieces";
import { recordingOf } from "./recording";
import type { Recording } from "./types";

export interface SpectrumLook {
  readonly on: boolean;
  /** Of the FFT, as a power of two. */
  readonly window: number;
  readonly scale: "mel" | "linear";
  /** What is shown as silence, and as loudest: dB. */
  readonly low: number;
  readonly high: number;
  /** Which frequencies are shown: Hz. */
  readonly bottom: number;
  readonly top: number;
}

/** Columns and rows of a tile. */
const SIZE = 256;
const FLOOR = -100;
const MOST_LEVEL = 24;

interface Tile {
  readonly data: Uint8Array;
  readonly columns: number;
  readonly canvas: HTMLCanvasElement;
  /** The colours it is painted in. */
  look: string;
}

/** Hertz to mel, as the kernel's filters have it. */
export function mel(hertz: number): number {
  return 2595 * Math.log10(1 + hertz / 700);
}

/** Where a frequency lies between 0 and that of half the rate. */
export function placeOf(hertz: number, rate: number, scale: SpectrumLook["scale"]): number {
  return scale === "mel" ? mel(hertz) / mel(rate / 2) : hertz / (rate / 2);
}

export function hertzAt(place: number, rate: number, scale: SpectrumLook["scale"]): number {
  return scale === "mel" ? 700 * (10 ** (place * mel(rate / 2) / 2595) - 1) : place * rate / 2;
}

/** Frames between columns. */
export function hopOf(window: number, level: number): number {
  return 2 ** (window + level - 2);
}

/** The coarsest level with a column for each of the screen's. */
export function levelOf(window: number, frames: number): number {
  return Math.min(MOST_LEVEL, Math.max(0, Math.floor(Math.log2(frames / hopOf(window, 0)) + 1e-6)));
}

export class Spectra {
  readonly version: Signal<number>;
  readonly problem: ReadonlySignal<Problem | null>;
  readonly #tiles: Pieces<Tile>;
  #recording: Recording | null = null;
  #key = "";
  #wanted = new Map<string, At>();
  #look = "";
  #colors = new Uint32Array();

  constructor(engine: Engine, scope: Scope) {
    // one piece less than the kernel has hands: sound that is to be heard comes first
    this.#tiles = new Pieces<Tile>(engine, scope, {
      part: "spectrum", most: 64 << 20, atOnce: 1, bytes: () => 5 * SIZE * SIZE,
      make: ({ bytes, about }) => {
        if (bytes.length !== SIZE * SIZE) return null;
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = SIZE;
        return { data: bytes, columns: Number(about["columns"] ?? SIZE), canvas, look: "" };
      },
    });
    this.version = this.#tiles.version;
    this.problem = this.#tiles.problem;
  }

  show(item: WireItem | null): void {
    this.#recording = item?.problem ? null : recordingOf(item?.data);
    const key = item && this.#recording ? `${item.id} ${this.#recording.rev}` : "";
    if (key === this.#key) return;
    this.#key = key;
    this.#wanted.clear();
    this.#tiles.open(item && this.#recording ? item.id : null);
  }

  retry(): void {
    this.#tiles.retry();
  }

  /**
   * Draws frames [from, to) of a channel into a rectangle: from the level that fits as far as it is here, else from coarser ones.
   *
   * `dark`: colours for a dark page.
   */
  draw(ctx: CanvasRenderingContext2D, look: SpectrumLook, dark: boolean, channel: number, [from, to]: readonly [number, number], [left, top, width, height]: readonly [number, number, number, number]): void {
    const recording = this.#recording;
    if (!recording || width <= 0 || to <= from) return;
    const { window, scale } = look;
    const best = levelOf(window, (to - from) / width);
    const least = Math.max(best, levelOf(window, recording.frames / SIZE) + 1);
    const mode = Number(scale === "mel");
    const perFrame = width / (to - from);
    const [low, high] = [placeOf(look.bottom, recording.rate, scale), placeOf(Math.min(look.top, recording.rate / 2), recording.rate, scale)];
    const passes: [Tile, number, number][][] = [];
    for (let level = best; level <= least; level++) {
      const span = hopOf(window, level) * SIZE;
      const found: [Tile, number, number][] = [];
      let all = true;
      for (let n = Math.max(0, Math.floor(from / span)); n * span < Math.min(to, recording.frames); n++) {
        const at: At = [window, mode, level, n, channel];
        if (level === best) this.#wanted.set(at.join(" "), at);
        const tile = this.#tiles.get(at);
        if (tile) found.push([tile, n, span]);
        else all = false;
      }
      passes.unshift(found);
      if (all) break;
    }
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, Math.min(width, (recording.frames - from) * perFrame), height);
    ctx.clip();
    ctx.imageSmoothingEnabled = true;
    for (const [tile, n, span] of passes.flat()) {
      const columns = Math.min(SIZE, tile.columns);
      const x = (column: number): number => Math.round(left + (n * span + column * span / SIZE - from) * perFrame); // neighbours share their edges
      ctx.drawImage(this.#picture(tile, look, dark), 0, SIZE * (1 - high), columns, (high - low) * SIZE, x(0), top, x(columns) - x(0), height);
    }
    ctx.restore();
  }

  /** Fetches what was missing when it was drawn since the last time. */
  flush(): void {
    const wanted = [...this.#wanted.values()];
    this.#wanted.clear();
    this.#tiles.want(wanted);
  }

  #picture(tile: Tile, { low, high }: SpectrumLook, dark: boolean): HTMLCanvasElement {
    const look = `${low} ${high} ${dark}`;
    if (tile.look === look) return tile.canvas;
    if (this.#look !== look) {
      const step = (decibel: number): number => (decibel - FLOOR) / -FLOOR * 255;
      this.#colors = colormap(dark, step(low), step(high));
      this.#look = look;
    }
    tile.look = look;
    const ctx = tile.canvas.getContext("2d");
    const image = new ImageData(SIZE, SIZE);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < SIZE; row++) {
      const to = (SIZE - 1 - row) * SIZE; // the lowest row is the last of a picture
      for (let column = 0; column < SIZE; column++) pixels[to + column] = this.#colors[tile.data[row * SIZE + column] ?? 0] ?? 0;
    }
    ctx?.putImageData(image, 0, 0);
    return tile.canvas;
  }
}
