/** The whole recording in a strip, with the stretch that is in sight; a click or drag on it goes there. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Scope } from "../core/scope";
import type { Rgb } from "../shell/colors";
import { Palette } from "./palette";
import type { Peaks } from "./peaks";
import type { Interval } from "./types";
import type { TimeViewport } from "./viewport";
import { drawWave } from "./waveform";

/** The strip of intervals below the waveform. */
const STRIP = 5;
const MOST_CHANNELS = 8;
/** The width of the stretch in sight at which its edges can still be held. */
const LEAST = 8;
const EDGE = 5;

/** Fills an element with the strip; drags of the edges of what is in sight zoom. */
export function mountOverview(
  host: HTMLElement, scope: Scope, viewport: TimeViewport, peaks: Peaks, intervals: ReadonlySignal<readonly Interval[]>,
  cursor: ReadonlySignal<number | null>, background: ReadonlySignal<Rgb> = signal([255, 255, 255]),
): void {
  const canvas = document.createElement("canvas");
  const [seen, head] = [document.createElement("div"), document.createElement("div")];
  canvas.setAttribute("aria-hidden", "true");
  canvas.style.cssText = "position: absolute; inset: 0; display: block";
  seen.className = "nbl-overview-window";
  seen.style.cssText = "position: absolute; top: 0; bottom: 0; left: 0; pointer-events: none; box-sizing: border-box";
  head.className = "nbl-overview-head";
  head.style.cssText = "position: absolute; top: 0; bottom: 0; left: 0; width: 1.5px; pointer-events: none";
  host.append(canvas, seen, head);
  scope.own(() => host.replaceChildren());
  const size: Signal<readonly [number, number]> = signal([host.clientWidth, host.clientHeight]);
  scope.resize(host, () => { size.value = [host.clientWidth, host.clientHeight]; });
  const perPixel = computed(() => viewport.duration.value / Math.max(1, size.value[0]));
  let pending = false;
  const paint = (): void => {
    pending = false;
    const [width, height] = size.peek();
    const recording = peaks.recording.peek();
    const ctx = canvas.getContext("2d");
    if (!ctx || !width || !height) return;
    const dpr = viewport.dpr.peek();
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
    canvas.style.width = `${canvas.width / dpr}px`;
    canvas.style.height = `${canvas.height / dpr}px`;
    if (!recording) return;
    const palette = Palette.of(host, background.peek());
    const channels = Math.min(MOST_CHANNELS, recording.channels);
    const tall = (height - STRIP) * dpr / channels;
    for (let channel = 0; channel < channels; channel++) {
      drawWave(ctx, palette, peaks, undefined, channel, [0, recording.frames], { left: 0, top: channel * tall, width: canvas.width, height: tall }, 1, dpr);
    }
    peaks.flush(1);
    let last = -Infinity;
    let color = "";
    const scale = dpr / perPixel.peek();
    for (const one of intervals.peek()) {
      if (one.hidden) continue;
      const [left, right] = [one.start * scale, Math.max(one.start * scale + dpr, one.end * scale)];
      if (one.color === color && right <= last) continue;
      [color, last] = [one.color, right];
      ctx.fillStyle = palette.shades(color).line;
      ctx.globalAlpha = one.suggested ? 0.4 : 1;
      ctx.fillRect(left, (height - STRIP) * dpr, right - left, STRIP * dpr);
    }
    ctx.globalAlpha = 1;
  };
  scope.effect(() => {
    void [size.value, viewport.duration.value, viewport.dpr.value, peaks.recording.value, peaks.version.value, intervals.value, background.value];
    if (pending) return;
    pending = true;
    scope.frame(paint);
  });
  const window = computed(() => {
    const [from, to] = viewport.visible.value;
    const [left, right] = [from / (perPixel.value || 1), to / (perPixel.value || 1)];
    const wide = Math.max(LEAST, right - left);
    return [Math.max(0, Math.min(size.value[0] - wide, (left + right - wide) / 2)), wide] as const;
  });
  scope.effect(() => {
    seen.hidden = viewport.fitting.value;
    seen.style.transform = `translateX(${window.value[0]}px)`;
    seen.style.width = `${window.value[1]}px`;
  });
  scope.effect(() => {
    head.hidden = cursor.value === null;
    head.style.transform = `translateX(${(cursor.value ?? 0) / (perPixel.value || 1)}px)`;
  });

  let held: { part: "start" | "end" | "body"; offset: number } | null = null;
  const xOf = (event: PointerEvent): number => event.clientX - host.getBoundingClientRect().left;
  const partAt = (x: number): "start" | "end" | "body" | null => {
    const [left, wide] = window.peek();
    if (viewport.fitting.peek()) return null;
    if (wide > LEAST && Math.abs(x - left) <= EDGE) return "start";
    if (wide > LEAST && Math.abs(x - left - wide) <= EDGE) return "end";
    return x >= left && x <= left + wide ? "body" : null;
  };
  const go = (x: number): void => {
    if (!held) return;
    const [from, to] = viewport.visible.peek();
    const time = Math.min(viewport.duration.peek(), Math.max(0, (x - held.offset) * perPixel.peek()));
    if (held.part === "body") viewport.center(time);
    else viewport.between(held.part === "start" ? time : from, held.part === "end" ? time : to);
  };
  scope.listen(host, "pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    const x = xOf(event);
    const part = partAt(x);
    const [left, wide] = window.peek();
    const [from, to] = viewport.visible.peek();
    // what is taken hold of stays under the pointer; a click beside it brings it there
    const base = part === "start" ? from : part === "end" ? to : (from + to) / 2;
    held = { part: part ?? "body", offset: part && wide > LEAST ? x - base / perPixel.peek() : part ? x - left - wide / 2 : 0 };
    host.setPointerCapture(event.pointerId);
    if (!part) go(x);
    event.preventDefault();
  });
  scope.listen(host, "pointermove", (event) => {
    const x = xOf(event);
    const part = held?.part ?? partAt(x);
    host.style.cursor = part === "start" || part === "end" ? "ew-resize" : part ? held ? "grabbing" : "grab" : "pointer";
    if (held && event.isPrimary) go(x);
  });
  for (const type of ["pointerup", "pointercancel"] as const) scope.listen(host, type, () => { held = null; });
}
