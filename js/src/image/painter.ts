/**
 * Three canvases on top of each other: the image, the shapes as they are, and what is just being done.
 *
 * Each is drawn again only when something on it has changed, at most once a frame; so a drag costs what is dragged, whatever lies below.
 */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Scope } from "../core/scope";
import type { Source } from "./loader";
import { Pen } from "./pen";
import { intersects } from "./plane";
import { type Run, runsOf } from "./runs";
import { Tints } from "./tint";
import type { Bitmap, Drawn, Point, Rect } from "./types";
import { toScreen, type View, type Viewport, visibleRect } from "./viewport";

/** With so many shapes in sight, each is drawn as a plain line, without its name. */
const MANY_FINE = 1500;
const MANY_NAMES = 60;
/** Smaller shapes, on the screen, have no room for a name. */
const LEAST_NAMED = 24;
const GRID_FROM = 8;
const LOUPE = 64;
const MAGNIFIED = 4;

type Layer = 0 | 1 | 2;

export class Painter {
  /** All shapes of the image; those that did not change must be the same objects. */
  readonly shapes: Signal<readonly Drawn[]> = signal([]);
  /** Shapes that are drawn with what is being done, and not with the others. */
  readonly lifted: Signal<ReadonlySet<string>> = signal(new Set<string>());
  /** Lines between pixels, where these are large enough. */
  readonly grid = signal(false);
  /** The pixel that is shown enlarged beside it. */
  readonly loupe: Signal<Point | null> = signal(null);
  readonly tints = new Tints();
  /** Draws what is being done; also into the loupe. */
  paintActive: (pen: Pen) => void = () => undefined;
  readonly #layers: readonly CanvasRenderingContext2D[];
  readonly #dirty = [true, true, true];
  #runs: Run[] = [];
  #stale = true;
  #pending = false;

  constructor(
    readonly host: HTMLElement, readonly scope: Scope, readonly viewport: Viewport, readonly source: Source,
    readonly filter: ReadonlySignal<string>,
  ) {
    this.#layers = [0, 1, 2].flatMap(() => {
      const canvas = document.createElement("canvas");
      canvas.style.cssText = "position: absolute; left: 0; top: 0; pointer-events: none";
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
      scope.own(() => canvas.remove());
      return canvas.getContext("2d") ?? [];
    });
    const on = (layers: Layer[], read: () => void): void => {
      scope.effect(() => {
        read();
        this.redraw(...layers);
      });
    };
    on([0, 1, 2], () => viewport.view.value);
    on([0], () => source.version.value);
    on([1], () => {
      void [this.shapes.value, this.lifted.value, viewport.image.value];
      this.#stale = true;
    });
    on([1], () => this.grid.value);
    on([2], () => this.loupe.value);
    scope.effect(() => {
      const image = this.#layers[0]?.canvas;
      if (image) image.style.filter = filter.value;
      this.redraw(2);
    });
  }

  /** Draws layers again before the next paint: 0 the image, 1 the shapes, 2 what is being done. */
  redraw(...layers: Layer[]): void {
    for (const layer of layers) this.#dirty[layer] = true;
    if (this.#pending) return;
    this.#pending = true;
    this.scope.frame(() => {
      this.#pending = false;
      this.paint();
    });
  }

  /** A mask that is shown has changed in place. */
  touch(bitmap: Bitmap, region: Rect): void {
    this.tints.touch(bitmap, region);
    this.redraw(2);
  }

  /** Draws what is due now. */
  paint(): void {
    const view = this.viewport.view.peek();
    if (!view.width || !view.height) return;
    this.#layers.forEach((ctx, layer) => {
      if (!this.#dirty[layer]) return;
      this.#dirty[layer] = false;
      const { canvas } = ctx;
      const [width, height] = [Math.round(view.width * view.dpr), Math.round(view.height * view.dpr)];
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
        canvas.style.width = `${width / view.dpr}px`;
        canvas.style.height = `${height / view.dpr}px`;
      } else {
        ctx.setTransform(1, 0, 0, 1, 0, 0);
        ctx.clearRect(0, 0, width, height);
      }
      if (layer === 0) this.source.draw(ctx, view, true);
      else if (layer === 1) this.#paintShapes(new Pen(ctx, view, this.tints), true);
      else {
        this.paintActive(new Pen(ctx, view, this.tints));
        this.#paintLoupe(ctx, view);
      }
    });
  }

  #paintShapes(pen: Pen, names = false): void {
    if (this.#stale) {
      this.#runs = runsOf(this.shapes.peek(), this.lifted.peek(), this.viewport.image.peek(), this.#runs);
      this.#stale = false;
    }
    const { view } = pen;
    if (this.grid.peek() && view.scale >= GRID_FROM) pen.grid(this.viewport.image.peek());
    const visible = visibleRect(view);
    const runs = this.#runs.filter((run) => intersects(visible, run.bounds));
    const fine = runs.reduce((sum, run) => sum + run.shapes.length, 0) <= MANY_FINE;
    for (const run of runs) pen.run(run, fine);
    if (!names) return;
    const named: Drawn[] = [];
    for (const run of runs) {
      for (const one of run.shapes) {
        if (!intersects(visible, one.bounds)) continue;
        if (named.push(one) > MANY_NAMES) return;
      }
    }
    for (const one of named) if (Math.max(one.bounds.width, one.bounds.height) * view.scale >= LEAST_NAMED) pen.name(one);
  }

  #paintLoupe(ctx: CanvasRenderingContext2D, view: View): void {
    const pixel = this.loupe.peek();
    if (!pixel) return;
    const [x, y] = toScreen(view, pixel);
    const away = LOUPE + 24;
    const [left, top] = [x + (x + away + LOUPE > view.width ? -away : away), y + (y - away - LOUPE < 0 ? away : -away)];
    const scale = view.scale * MAGNIFIED;
    const near: View = { ...view, scale, x: left - pixel[0] * scale, y: top - pixel[1] * scale };
    const circle = (): void => {
      ctx.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
      ctx.beginPath();
      ctx.arc(left, top, LOUPE, 0, 7);
    };
    ctx.save();
    circle();
    ctx.clip();
    ctx.fillStyle = "#888";
    ctx.fill();
    if ("filter" in ctx) ctx.filter = this.filter.peek();
    this.source.draw(ctx, near);
    if ("filter" in ctx) ctx.filter = "none";
    const pen = new Pen(ctx, near, this.tints);
    this.#paintShapes(pen);
    this.paintActive(pen);
    ctx.restore();
    circle();
    ctx.strokeStyle = "#fff";
    ctx.lineWidth = 4;
    ctx.stroke();
    ctx.strokeStyle = "#333";
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }
}
