/**
 * Three layers, of which only what is in sight is drawn: the recording with its ruler, the intervals, and what moves; so the play-head,
 * or an edge that is dragged, costs the same in any recording.
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { Layers } from "../core/layers";
import type { Scope } from "../core/scope";
import type { Rgb } from "../shell/colors";
import { drawIntervals, drawMoving, type Stage } from "./intervals";
import { type Band, layoutBands, leastHeight } from "./layout";
import { Near } from "./near";
import { Palette } from "./palette";
import type { Peaks } from "./peaks";
import type { Samples } from "./recording";
import { frequencies, hertzWords, multiples, ticksFor, timeWords } from "./ruler";
import { hertzAt, placeOf, type Spectra, type SpectrumLook } from "./spectra";
import type { Interval, Recording, Tier } from "./types";
import type { TimeViewport } from "./viewport";
import { drawWave, needsSamples } from "./waveform";

export type Layer = 0 | 1 | 2;

export interface Sources {
  readonly peaks: Peaks;
  readonly spectra: Spectra;
  /** For views so close that peaks are too coarse. */
  readonly samples?: Samples;
}

export const MOST_CHANNELS = 8;

export class TimelinePainter {
  readonly recording: Signal<Recording | null> = signal(null);
  readonly intervals: Signal<readonly Interval[]> = signal([]);
  readonly tiers: Signal<readonly Tier[]> = signal([]);
  /** How much the waveform is enlarged. */
  readonly amplitude: Signal<number> = signal(1);
  readonly spectrogram: Signal<SpectrumLook> = signal({ on: true, window: 10, scale: "mel", low: -70, high: 0, bottom: 0, top: Infinity });
  /** The tier that is chosen. */
  readonly row: Signal<number> = signal(-1);
  readonly selected: Signal<ReadonlySet<string>> = signal(new Set<string>());
  readonly hovered: Signal<string | null> = signal(null);
  /** The play-head: seconds. */
  readonly cursor: Signal<number | null> = signal(null);
  /** A marked stretch that is no interval yet. */
  readonly selection: Signal<readonly [number, number] | null> = signal(null);
  /** What is being drawn or resized: drawn instead of the interval with its id. */
  readonly draft: Signal<Interval | null> = signal(null);
  /** Where the pointer is, in CSS pixels of the host: a line is drawn there, with the time. */
  readonly pointer: Signal<readonly [x: number, y: number] | null> = signal(null);
  /** What the host stands on. */
  readonly background: Signal<Rgb> = signal([255, 255, 255]);
  /** Of the host, in CSS pixels. */
  readonly height: ReadonlySignal<number> = signal(0);
  /** Where things are vertically. */
  readonly bands: ReadonlySignal<readonly Band[]>;
  /** The height at which everything can be read. */
  readonly least: ReadonlySignal<number>;
  readonly near: ReadonlySignal<Near> = computed(() => new Near(this.intervals.value));
  readonly #layers: Layers;
  #palette: Palette | null = null;

  constructor(readonly host: HTMLElement, readonly scope: Scope, readonly viewport: TimeViewport, readonly sources: Sources) {
    this.#layers = new Layers(host, scope, 3, () => this.paint());
    const measure = (): void => { (this.height as Signal<number>).value = host.clientHeight; };
    scope.resize(host, measure);
    measure();
    // not with every edit: only when a tier needs more lanes
    const lanes = computed(() => {
      const most = this.tiers.value.map(() => 1);
      for (const { tier, lanes, hidden } of this.intervals.value) if (!hidden && lanes > (most[tier] ?? Infinity)) most[tier] = lanes;
      return most.join(" ");
    });
    const wanted = computed(() => ({
      channels: Math.min(MOST_CHANNELS, this.recording.value?.channels ?? 1), spectrum: this.spectrogram.value.on, tiers: this.tiers.value,
      lanes: lanes.value.split(" ").map(Number),
    }));
    this.bands = computed(() => layoutBands({ height: this.height.value, ...wanted.value }));
    this.least = computed(() => leastHeight(wanted.value));
    this.#layers.follow([0, 1, 2], () => {
      void [viewport.view.value, viewport.width.value, viewport.dpr.value, this.bands.value, this.recording.value, this.spectrogram.value];
    });
    this.#layers.follow([0, 1, 2], () => {
      void this.background.value;
      this.#palette = null;
    });
    this.#layers.follow([0], () => [sources.peaks.version.value, sources.spectra.version.value, sources.samples?.version.value, this.amplitude.value]);
    const lifted = computed(() => this.draft.value?.id);
    this.#layers.follow([1], () => [this.intervals.value, lifted.value, this.row.value]);
    this.#layers.follow([2], () => [this.intervals.value, this.selected.value, this.hovered.value, this.cursor.value, this.selection.value, this.draft.value, this.pointer.value]);
  }

  /** Draws a layer (all, if none is given) again before the next paint: 0 the recording, 1 the intervals, 2 what moves. */
  redraw(layer?: number): void {
    this.#layers.redraw(...layer === undefined ? [0, 1, 2] : [layer]);
  }

  /** The frequency at a height within a spectrogram; null elsewhere. */
  frequency(y: number): number | null {
    const band = this.bands.peek().find(({ kind, top, height }) => kind === "spectrum" && y >= top && y < top + height);
    const recording = this.recording.peek();
    if (!band || !recording) return null;
    const [low, high] = this.#places(recording.rate);
    return hertzAt(low + (1 - (y - band.top) / band.height) * (high - low), recording.rate, this.spectrogram.peek().scale);
  }

  /** The height of a frequency in the spectrogram of a channel (the first one's), held within it; null without one. */
  yOf(hertz: number, channel?: number): number | null {
    const band = this.bands.peek().find((one) => one.kind === "spectrum" && (channel === undefined || one.channel === channel));
    const recording = this.recording.peek();
    if (!band || !recording) return null;
    const [low, high] = this.#places(recording.rate);
    const part = (placeOf(hertz, recording.rate, this.spectrogram.peek().scale) - low) / (high - low);
    return band.top + band.height * (1 - Math.min(1, Math.max(0, part)));
  }

  #places(rate: number): [number, number] {
    const { scale, bottom, top } = this.spectrogram.peek();
    return [placeOf(bottom, rate, scale), placeOf(Math.min(top, rate / 2), rate, scale)];
  }

  #stage(): Stage {
    const { viewport } = this;
    return {
      viewport, bands: this.bands.peek(), tiers: this.tiers.peek(), row: this.row.peek(), width: viewport.width.peek(), dpr: viewport.dpr.peek(),
      palette: this.#palette ??= Palette.of(this.host, this.background.peek()), yOf: (hertz, channel) => this.yOf(hertz, channel),
    };
  }

  /** Draws what is due now. */
  paint(): void {
    const stage = this.#stage();
    const [wide, tall] = [stage.width, Math.max(this.height.peek(), 1)];
    if (!wide) return;
    this.#layers.paint(wide, tall, stage.dpr, (ctx, layer) => {
      if (layer === 0) this.#paintRecording(ctx, stage);
      else {
        ctx.setTransform(stage.dpr, 0, 0, stage.dpr, 0, 0);
        if (layer === 1) {
          drawIntervals(ctx, stage, this.near.peek(), this.draft.peek()?.id);
          this.#paintWords(ctx, stage);
        } else {
          const { selected, hovered, cursor, selection, draft, pointer } = this;
          drawMoving(ctx, stage, this.near.peek(), {
            selected: selected.peek(), hovered: hovered.peek(), cursor: cursor.peek(), selection: selection.peek(), draft: draft.peek(), pointer: pointer.peek(),
            hertz: pointer.peek() ? this.frequency(pointer.peek()?.[1] ?? 0) : null,
          });
        }
      }
      return true;
    });
  }

  #paintRecording(ctx: CanvasRenderingContext2D, stage: Stage): void {
    const { palette, width, dpr, bands } = stage;
    const { peaks, spectra, samples } = this.sources;
    const recording = this.recording.peek();
    const { start, perPixel } = this.viewport.view.peek();
    const wide = Math.round(width * dpr);
    for (const { kind, channel = 0, top, height } of bands) {
      const [up, tall] = [Math.round(top * dpr), Math.round((top + height) * dpr) - Math.round(top * dpr)];
      if (kind === "ruler") continue;
      if (kind === "tier") {
        ctx.fillStyle = palette.soft;
        ctx.fillRect(0, up, wide, tall);
      } else if (recording) {
        const span = [start * recording.rate, (start + perPixel * width) * recording.rate] as const;
        if (kind === "wave") drawWave(ctx, palette, peaks, samples, channel, span, { left: 0, top: up, width: wide, height: tall }, this.amplitude.peek(), dpr);
        else spectra.draw(ctx, this.spectrogram.peek(), palette.dark, channel, span, [0, up, wide, tall]);
      }
      ctx.fillStyle = palette.line;
      ctx.fillRect(0, up, wide, Math.max(1, Math.round(dpr)));
    }
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.#paintRuler(ctx, stage);
    if (!recording) return;
    peaks.flush();
    spectra.flush();
    const from = start * recording.rate;
    const to = from + perPixel * width * recording.rate;
    if (needsSamples((to - from) / wide)) samples?.prefer(Math.max(0, Math.floor(from) - 1), Math.min(recording.frames, Math.ceil(to) + 1));
  }

  #paintRuler(ctx: CanvasRenderingContext2D, { palette, width, dpr, bands }: Stage): void {
    const height = bands[0]?.height ?? 0;
    const { viewport } = this;
    const { start, perPixel } = viewport.view.peek();
    const end = Math.min(viewport.duration.peek(), start + perPixel * width);
    const frame = 1 / viewport.rate.peek();
    const { step, minor, digits } = ticksFor(perPixel);
    const mark = (seconds: number, size: number): void => {
      ctx.fillRect(Math.round(viewport.x(seconds) * dpr) / dpr, height - size, 1 / Math.round(dpr || 1), size);
    };
    ctx.fillStyle = palette.line;
    ctx.fillRect(0, height - 1 / dpr, width, 1 / dpr);
    ctx.fillStyle = palette.muted;
    ctx.globalAlpha = 0.5;
    for (const seconds of multiples(minor < frame ? frame : minor, start, end)) mark(seconds, 4);
    ctx.globalAlpha = 1;
    ctx.font = palette.font;
    ctx.textBaseline = "middle";
    for (const seconds of multiples(step, start - 80 * perPixel, end)) {
      if (seconds < -step / 2) continue;
      mark(seconds, 9);
      ctx.fillText(timeWords(seconds, digits), viewport.x(seconds) + 4, height / 2 - 2);
    }
  }

  /** Names of channels, and frequencies beside spectrograms. */
  #paintWords(ctx: CanvasRenderingContext2D, { palette, bands }: Stage): void {
    const channels = this.recording.peek()?.channels ?? 1;
    const { top: most } = this.spectrogram.peek();
    const nyquist = (this.recording.peek()?.rate ?? 0) / 2;
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    const put = (words: string, x: number, y: number): void => {
      ctx.strokeStyle = palette.back;
      ctx.globalAlpha = 0.75;
      ctx.strokeText(words, x, y);
      ctx.globalAlpha = 1;
      ctx.fillStyle = palette.muted;
      ctx.fillText(words, x, y);
    };
    ctx.font = palette.font;
    for (const { kind, channel = 0, top, height } of bands) {
      if (kind === "wave" && channels > 1) put(channels === 2 ? ["L", "R"][channel] ?? "" : String(channel + 1), 4, top + 10);
      if (kind !== "spectrum") continue;
      ctx.fillStyle = palette.muted;
      for (const hertz of frequencies(Math.min(most, nyquist), (at) => {
        const y = this.yOf(at, channel) ?? 0;
        return y > top + 9 && y < top + height - 7 ? y : null;
      })) {
        const y = this.yOf(hertz, channel) ?? 0;
        ctx.fillStyle = palette.muted;
        ctx.fillRect(0, Math.round(y), 4, 1);
        put(hertzWords(hertz), 7, y);
      }
    }
  }
}
