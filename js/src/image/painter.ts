/** Three layers: the image, the shapes as they are, and what is just being done; so a drag costs what is dragged, whatever lies below. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { Layers } from "../core/layers";
import type { Scope } from "../core/scope";
import type { Source } from "./loader";
import { Pen } from "./pen";
import { inflate, intersects } from "./plane";
import type { Bitmap, Drawn, Point, Rect } from "./types";
import { toScreen, type View, type Viewport, visibleRect } from "./viewport";

/** With more shapes in sight, each is drawn as a plain line. */
const MANY_FINE = 2000;
/** With more, they are drawn without their names. */
const MANY_NAMES = 60;
/** Smaller shapes, on the screen, have no room for a name. */
const LEAST_NAMED = 24;
/** How far dots and lines reach out of a shape, on the screen. */
const REACH = 8;
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
  /** Draws what is being done; also into the loupe, with another view. */
  paintActive: (pen: Pen) => void = () => undefined;
  readonly #layers: Layers;
  readonly #pen = new Pen();
  /** From bottom to top; null if that has to be found out again. */
  #order: Drawn[] | null = null;

  constructor(
    readonly host: HTMLElement, readonly scope: Scope, readonly viewport: Viewport, readonly source: Source,
    readonly filter: ReadonlySignal<string>,
  ) {
    this.#layers = new Layers(host, scope, 3, () => this.paint());
    this.#layers.follow([0, 1, 2], () => viewport.view.value);
    this.#layers.follow([0], () => source.version.value);
    this.#layers.follow([1], () => {
      void this.shapes.value;
      this.#order = null;
    });
    this.#layers.follow([1], () => [this.lifted.value, this.grid.value]);
    this.#layers.follow([2], () => this.loupe.value);
    scope.effect(() => {
      const image = this.#layers.canvas(0);
      if (image) image.style.filter = filter.value;
      this.redraw(2);
    });
  }

  /** Draws layers again before the next paint: 0 the image, 1 the shapes, 2 what is being done. */
  redraw(...layers: Layer[]): void {
    this.#layers.redraw(...layers);
  }

  /** A mask that is shown has changed in place. */
  touch(bitmap: Bitmap, region: Rect): void {
    this.#pen.tints.touch(bitmap, region);
    this.redraw(2);
  }

  /** Draws what is due now. */
  paint(): void {
    const view = this.viewport.view.peek();
    if (!view.width || !view.height) return;
    this.#layers.paint(view.width, view.height, view.dpr, (ctx, layer) => {
      const pen = this.#pen.on(ctx, view);
      if (layer === 0) this.source.draw(ctx, view, true);
      else if (layer === 1) this.#paintShapes(pen, true);
      else {
        this.paintActive(pen);
        this.#paintLoupe(ctx, view);
      }
      return layer === 0 || pen.used || this.loupe.peek() !== null;
    });
  }

  #paintShapes(pen: Pen, names = false): void {
    const height = ({ shape }: Drawn): number => shape.z ?? 0;
    const order = this.#order ??= this.shapes.peek().filter(({ hidden }) => !hidden).sort((a, b) => height(a) - height(b));
    const lifted = this.lifted.peek();
    const { view } = pen;
    const seen = inflate(visibleRect(view), REACH / view.scale);
    const visible = order.filter((one) => intersects(seen, one.bounds) && !lifted.has(one.id));
    if (this.grid.peek() && view.scale >= GRID_FROM) pen.grid(this.viewport.image.peek());
    pen.shapes(visible, visible.length <= MANY_FINE);
    if (!names || visible.length > MANY_NAMES) return;
    for (const one of visible) if (Math.max(one.bounds.width, one.bounds.height) * view.scale >= LEAST_NAMED) pen.name(one);
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
    this.#paintShapes(this.#pen.on(ctx, near, true));
    this.paintActive(this.#pen);
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
