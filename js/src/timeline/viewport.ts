/** Which stretch of a recording is in sight: `x = (seconds - start) / perPixel`, in CSS pixels, with nothing rounded. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { followSize } from "../core/layers";
import type { Scope } from "../core/scope";
import type { Span } from "./types";

/** CSS pixels for one frame, at most. */
const MOST_PER_FRAME = 8;
/** Left free beside a stretch that is zoomed to. */
const MARGIN = 24;
/** How far from the left edge a play-head goes on that had left the view, as part of the width. */
const TURN = 0.08;

export class TimeViewport {
  readonly view: Signal<Span> = signal({ start: 0, perPixel: 1 });
  /** Of the element, in CSS pixels; 0 until it is in the page. */
  readonly width: Signal<number> = signal(0);
  readonly dpr: Signal<number> = signal(1);
  /** Seconds. */
  readonly duration: Signal<number> = signal(0);
  /** Frames a second: how far one can zoom in. */
  readonly rate: Signal<number> = signal(1);
  /** The whole recording is shown, whatever the element's width, until the person zooms. */
  readonly fitting: ReadonlySignal<boolean> = signal(true);
  readonly visible: ReadonlySignal<readonly [number, number]> = computed(() => {
    const { start, perPixel } = this.view.value;
    return [start, Math.min(this.duration.value, start + perPixel * this.width.value)];
  });

  /** Keeps to the width of an element, and to the screen's pixel ratio. */
  follow(host: HTMLElement, scope: Scope): void {
    followSize(host, scope, (dpr) => this.resize(host.clientWidth, dpr));
  }

  /** Another recording: the whole of it is shown. */
  open(duration: number, rate: number): void {
    batch(() => {
      this.duration.value = Math.max(0, duration);
      this.rate.value = Math.max(1e-3, rate);
      this.fit();
    });
  }

  /** The same recording turned out to be of another length. */
  extend(duration: number): void {
    batch(() => {
      this.duration.value = Math.max(0, duration);
      if (this.fitting.peek()) this.fit();
      else this.#go(this.view.peek().start, this.view.peek().perPixel);
    });
  }

  /** The element has another width; what is at its left edge stays there. */
  resize(width: number, dpr = this.dpr.peek()): void {
    batch(() => {
      this.width.value = width;
      this.dpr.value = dpr;
      if (this.fitting.peek()) this.fit();
      else this.#go(this.view.peek().start, this.view.peek().perPixel);
    });
  }

  x(seconds: number): number {
    const { start, perPixel } = this.view.peek();
    return (seconds - start) / perPixel;
  }

  time(x: number): number {
    const { start, perPixel } = this.view.peek();
    return start + x * perPixel;
  }

  /** What is at `x` stays there; a factor above 1 zooms in. */
  zoomAt(x: number, factor: number): void {
    const { start, perPixel } = this.view.peek();
    const next = this.#hold(perPixel / factor);
    this.#go(start + x * (perPixel - next), next);
  }

  panBy(pixels: number): void {
    const { start, perPixel } = this.view.peek();
    this.#go(start + pixels * perPixel, perPixel, this.fitting.peek());
  }

  /** What two fingers hold stays under them: x before and after, each. */
  pinch(before: readonly [number, number], after: readonly [number, number]): void {
    const { start, perPixel } = this.view.peek();
    const next = this.#hold(perPixel * Math.max(1, Math.abs(before[1] - before[0])) / Math.max(1, Math.abs(after[1] - after[0])));
    this.#go(start + (before[0] + before[1]) / 2 * perPixel - (after[0] + after[1]) / 2 * next, next);
  }

  fit(): void {
    this.#go(0, Infinity, true);
  }

  /** Fills the element with a stretch. */
  show(start: number, end: number): void {
    const room = Math.max(1, this.width.peek() - 2 * MARGIN);
    this.#center((start + end) / 2, this.#hold((end - start) / room));
  }

  /** Has exactly a stretch in sight, if it is not too short. */
  between(start: number, end: number): void {
    this.#go(start, (end - start) / Math.max(1, this.width.peek()));
  }

  /** Scrolls as little as it takes to have a stretch in sight, or its start if it is longer than that. */
  reveal(start: number, end: number): void {
    const { start: from, perPixel } = this.view.peek();
    const width = this.width.peek() * perPixel;
    const margin = Math.min(MARGIN * perPixel, width / 4);
    const to = start < from + margin || end - start > width - 2 * margin ? start - margin : end > from + width - margin ? end + margin - width : from;
    if (to !== from && (start < from || end > from + width)) this.#go(to, perPixel);
  }

  /** Turns the page when the play-head has left the view. */
  track(time: number): void {
    const [from, to] = this.visible.peek();
    const { perPixel } = this.view.peek();
    if (time >= from && (time < to || to >= this.duration.peek())) return;
    this.#go(time - TURN * this.width.peek() * perPixel, perPixel);
  }

  /** Brings a time to the middle. */
  center(time: number): void {
    this.#center(time, this.view.peek().perPixel);
  }

  #center(time: number, perPixel: number): void {
    this.#go(time - this.width.peek() / 2 * perPixel, perPixel);
  }

  /** The nearest scale that is allowed. */
  #hold(perPixel: number): number {
    const whole = this.duration.peek() / Math.max(1, this.width.peek()) || 1;
    return Math.min(whole, Math.max(perPixel, Math.min(whole, 1 / (MOST_PER_FRAME * this.rate.peek()))));
  }

  #go(start: number, wanted: number, fitting = false): void {
    const perPixel = this.#hold(wanted);
    const last = Math.max(0, this.duration.peek() - this.width.peek() * perPixel);
    const now = this.view.peek();
    const next = Math.min(last, Math.max(0, start));
    batch(() => {
      (this.fitting as Signal<boolean>).value = fitting;
      if (now.start !== next || now.perPixel !== perPixel) this.view.value = { start: next, perPixel };
    });
  }
}
