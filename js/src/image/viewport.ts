/**
 * Which part of the image is in sight: zoom and pan, with the image's pixels and the element's CSS pixels as two frames.
 *
 * `place = offset + scale * pixel`, exactly: nothing is rounded, so a click means the same pixel at every zoom and pixel ratio.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { followSize } from "../core/layers";
import type { Scope } from "../core/scope";
import { clamp } from "./plane";
import type { Point, Rect } from "./types";

/** One moment of a viewport; all in CSS pixels, but for `scale`: CSS pixels for one of the image. */
export interface View {
  readonly scale: number;
  /** Where the image's origin is. */
  readonly x: number;
  readonly y: number;
  /** Of the element. */
  readonly width: number;
  readonly height: number;
  /** Device pixels for one CSS pixel. */
  readonly dpr: number;
}

/** CSS pixels for one of the image, at most. */
export const MOST_SCALE = 64;
/** Left free around an image that is fitted, so that its edges can be held. */
const MARGIN = 8;

export function toScreen({ scale, x, y }: View, point: readonly [number, number, ...unknown[]]): Point {
  return [x + scale * point[0], y + scale * point[1]];
}

export function toImage({ scale, x, y }: View, [left, top]: Point): Point {
  return [(left - x) / scale, (top - y) / scale];
}

/** What is in sight, in image pixels; more than the image where that is smaller. */
export function visibleRect({ scale, x, y, width, height }: View): Rect {
  return { x: -x / scale, y: -y / scale, width: width / scale, height: height / scale };
}

/** The view at another scale, with the image's point under `at` kept there. */
export function zoomed(view: View, [left, top]: Point, scale: number): View {
  const factor = scale / view.scale;
  return { ...view, scale, x: left + (view.x - left) * factor, y: top + (view.y - top) * factor };
}

/** The view after two pointers went from one pair of places to another. */
export function pinched(view: View, before: readonly [Point, Point], after: readonly [Point, Point]): View {
  const middle = ([a, b]: readonly [Point, Point]): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const apart = ([a, b]: readonly [Point, Point]): number => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
  const [from, to] = [middle(before), middle(after)];
  const near = zoomed(view, from, view.scale * apart(after) / apart(before));
  return { ...near, x: near.x + to[0] - from[0], y: near.y + to[1] - from[1] };
}

/** By how much one turn of the wheel zooms; a pinch on a trackpad comes as small turns with Ctrl. */
export function wheelFactor({ deltaY, deltaMode, ctrlKey }: Pick<WheelEvent, "deltaY" | "deltaMode" | "ctrlKey">): number {
  const pixels = deltaY * ([1, 16, 400][deltaMode] ?? 1);
  return 2 ** clamp(-pixels * (ctrlKey ? 0.02 : 0.0025), -0.5, 0.5);
}

/** The scale that shows the whole of an image. */
export function fitScale({ width, height }: View, across: number, down: number): number {
  return clamp(Math.min((width - 2 * MARGIN) / across, (height - 2 * MARGIN) / down), 1e-4, MOST_SCALE);
}

export class Viewport {
  /** The image's size. */
  readonly image: ReadonlySignal<readonly [number, number]> = signal([1, 1]);
  readonly view: ReadonlySignal<View> = signal({ scale: 1, x: 0, y: 0, width: 0, height: 0, dpr: 1 });
  /** The whole image is shown, whatever the element's size, until the person zooms. */
  readonly fitting: ReadonlySignal<boolean> = signal(true);
  readonly visible: ReadonlySignal<Rect> = computed(() => visibleRect(this.view.value));

  /** Keeps to the size of an element, and to the screen's pixel ratio. */
  follow(element: HTMLElement, scope: Scope): void {
    followSize(element, scope, (dpr) => this.resize(element.clientWidth, element.clientHeight, dpr));
  }

  /** Another image: the whole of it is shown. */
  open(width: number, height: number): void {
    (this.image as Signal<readonly [number, number]>).value = [Math.max(1, width), Math.max(1, height)];
    this.fit();
  }

  /** The element has another size; what was in its middle stays there. */
  resize(width: number, height: number, dpr: number): void {
    const view = this.view.peek();
    if (view.width === width && view.height === height && view.dpr === dpr) return;
    const [dx, dy] = [(width - view.width) / 2, (height - view.height) / 2];
    const fitting = this.fitting.peek();
    this.#go({ ...view, x: view.x + dx, y: view.y + dy, width, height, dpr }, fitting);
    if (fitting) this.fit();
  }

  /** The scale that shows the whole image. */
  fitScale(): number {
    return fitScale(this.view.peek(), ...this.image.peek());
  }

  fit(): void {
    this.#at([this.image.peek()[0] / 2, this.image.peek()[1] / 2], this.fitScale(), true);
  }

  /** One pixel of the image on one of the screen. */
  actual(): void {
    this.zoomTo(1 / this.view.peek().dpr);
    // between the screen's pixels it would be drawn beside where it is
    const { x, y, dpr } = this.view.peek();
    this.panBy(Math.round(x * dpr) / dpr - x, Math.round(y * dpr) / dpr - y);
  }

  /** A place of the element keeps its pixel; the middle, if none is given. */
  zoomTo(scale: number, at?: Point): void {
    this.#go(zoomed(this.view.peek(), at ?? this.middle(), clamp(scale, Math.min(this.fitScale(), 1 / this.view.peek().dpr) / 4, MOST_SCALE)));
  }

  zoomAt(at: Point, factor: number): void {
    this.zoomTo(this.view.peek().scale * factor, at);
  }

  panBy(dx: number, dy: number): void {
    const view = this.view.peek();
    this.#go({ ...view, x: view.x + dx, y: view.y + dy });
  }

  pinch(before: readonly [Point, Point], after: readonly [Point, Point]): void {
    const wanted = pinched(this.view.peek(), before, after);
    const pixel = toImage(wanted, this.middle());
    this.zoomTo(wanted.scale);
    this.center(pixel);
  }

  /** Brings a pixel to the middle. */
  center(pixel: Point): void {
    this.#at(pixel, this.view.peek().scale);
  }

  /** Pans as little as it takes to have a region in sight, and zooms out if it is larger than that. */
  reveal(rect: Rect, margin = 24): void {
    const view = this.view.peek();
    const room = Math.min((view.width - 2 * margin) / rect.width, (view.height - 2 * margin) / rect.height);
    if (room < view.scale) {
      this.show(rect, margin);
      return;
    }
    const [left, top] = toScreen(view, [rect.x, rect.y]);
    const move = (start: number, length: number, size: number): number => {
      const over = start + length * view.scale - size + margin;
      return start < margin ? margin - start : over > 0 ? -over : 0;
    };
    const [dx, dy] = [move(left, rect.width, view.width), move(top, rect.height, view.height)];
    if (dx || dy) this.panBy(dx, dy);
  }

  /** Fills the element with a region. */
  show(rect: Rect, margin = 48): void {
    const { width, height } = this.view.peek();
    const room = Math.min((width - 2 * margin) / Math.max(1, rect.width), (height - 2 * margin) / Math.max(1, rect.height));
    this.#at([rect.x + rect.width / 2, rect.y + rect.height / 2], clamp(room, this.fitScale() / 4, MOST_SCALE));
  }

  /** The element's middle. */
  middle(): Point {
    const { width, height } = this.view.peek();
    return [width / 2, height / 2];
  }

  toImage(place: Point): Point {
    return toImage(this.view.peek(), place);
  }

  toScreen(pixel: Point): Point {
    return toScreen(this.view.peek(), pixel);
  }

  #at([px, py]: Point, scale: number, fitting = false): void {
    const [x, y] = this.middle();
    const view = this.view.peek();
    const { dpr } = view;
    // what is fitted stands on whole pixels of the screen: it is drawn as it is
    const on = (offset: number): number => (fitting ? Math.round(offset * dpr) / dpr : offset);
    this.#go({ ...view, scale, x: on(x - px * scale), y: on(y - py * scale) }, fitting);
  }

  /** The middle of the element always shows some of the image, so that it cannot be lost. */
  #go(view: View, fitting = false): void {
    const [width, height] = this.image.peek();
    const hold = (offset: number, size: number, length: number): number => clamp(offset, size / 2 - length * view.scale, size / 2);
    batch(() => {
      (this.fitting as Signal<boolean>).value = fitting;
      (this.view as Signal<View>).value = { ...view, x: hold(view.x, view.width, width), y: hold(view.y, view.height, height) };
    });
  }
}
