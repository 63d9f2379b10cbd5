/** What is drawn over an image: shapes, what tools show, handles, names. Widths are the screen's at every zoom. */
import { css, inkOn, luminance, parseHex } from "../shell/colors";
import { dots, isClosed, line, trace } from "./outline";
import { Tints } from "./tint";
import type { Drawn, Ghost, Point, Rect } from "./types";
import { toScreen, type View } from "./viewport";

const ACCENT = "#1a73e8";
const TAG = 15; // a tag's height
const LONGEST = 28;
/** The corners of marks, and strokes in them, in halves of their size. */
const MARKS: Readonly<Record<string, readonly Point[]>> = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
};

interface Paths {
  readonly outline: Path2D;
  /** Keypoints that are covered, and those that are seen. */
  readonly dots: readonly Path2D[];
}

/** A label's name and, of a suggestion, how sure the model is. */
export function nameOf({ shape, label, suggested }: Drawn): string {
  const name = label?.name ?? shape.label ?? "";
  const short = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  return suggested && typeof shape.score === "number" ? `${short} ${shape.score.toFixed(2)}` : short;
}

export class Pen {
  readonly tints = new Tints();
  ctx!: CanvasRenderingContext2D;
  view!: View;
  /** Magnified: marks leave what is under them in sight. */
  near = false;
  /** Something was drawn since `on`. */
  used = false;
  readonly #paths = new WeakMap<Drawn, Paths>();
  readonly #casings = new Map<string, string>();
  /** What the canvas was told last: telling it again ten thousand times takes longer than to remember. */
  #color = "";
  #width = 0;

  /** Draws on another canvas, or with another view, from now on. */
  on(ctx: CanvasRenderingContext2D, view: View, near = false): this {
    this.ctx = ctx;
    this.view = view;
    this.near = near;
    this.used = false;
    return this;
  }

  /** Image pixels from now on, or CSS pixels. */
  frame(image: boolean): void {
    const { scale, x, y, dpr } = this.view;
    this.#color = "";
    this.#width = 0;
    this.ctx.setTransform(image ? scale * dpr : dpr, 0, 0, image ? scale * dpr : dpr, image ? x * dpr : 0, image ? y * dpr : 0);
  }

  /** Shapes from bottom to top; `fine`: with what makes few of them easier to see; `bold`: selected, or under the pointer. */
  shapes(list: Iterable<Drawn>, fine = true, bold = false): void {
    const { ctx, view: { scale } } = this;
    this.frame(true);
    for (const drawn of list) {
      this.used = true;
      const { shape, color, suggested, bitmap } = drawn;
      const faint = drawn.locked && !bold ? 0.6 : 1;
      if (bitmap) {
        ctx.globalAlpha = faint;
        this.#picture(bitmap, color, suggested);
        ctx.globalAlpha = 1;
        if (!bold) continue;
      }
      const dash = bitmap ? [2, 3] : suggested ? [6, 4] : shape.occluded ? [2, 3] : null;
      if (bitmap) this.#outline(drawn.bounds, color, dash, false, faint);
      else if (shape.kind === "box" && !shape.rotation) this.#outline(shape, color, dash, true, faint, fine, bold);
      else {
        const { outline, dots: points } = this.#pathsOf(drawn);
        this.#outline(outline, color, dash, isClosed(drawn), faint, fine, bold);
        const more = Number(bold) * 3;
        if (points.length) ctx.lineCap = "round";
        points.forEach((path, seen) => {
          if (fine) this.#stroke(path, this.#casing(color), (9 + more) / scale, faint);
          this.#stroke(path, color, (7 + more) / scale, faint);
          if (!seen) this.#stroke(path, this.#casing(color), (4 + more) / scale, faint);
        });
        if (points.length) ctx.lineCap = "butt";
      }
    }
    ctx.globalAlpha = 1;
  }

  /** What a tool or the selection shows over all shapes. */
  ghost({ points = [], closed = false, filled = false, dashed = false, color = ACCENT, mark, active, radius, bitmap, words }: Ghost): void {
    this.used = true;
    const [first] = points;
    this.frame(true);
    if (bitmap) this.#picture(bitmap, color, dashed);
    const path = new Path2D();
    if (radius !== undefined && first) path.arc(first[0], first[1], radius, 0, 7);
    else line(path, points, closed);
    if (first && !mark) this.#outline(path, color, dashed ? [6, 4] : null, filled);
    this.frame(false);
    if (mark) points.forEach((point, n) => this.#mark(toScreen(this.view, point), mark, color, n === active));
    if (words && first) this.tag(words, toScreen(this.view, first), color);
  }

  /** A word on its colour, above a place of the screen, or below it where there is no room. */
  tag(words: string, [x, y]: Point, color = ACCENT): void {
    this.used = true;
    const { ctx, view } = this;
    this.frame(false);
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    const width = ctx.measureText(words).width + 8;
    const left = Math.max(0, Math.min(x, view.width - width));
    const top = y < TAG ? y : y - TAG;
    ctx.fillStyle = color;
    ctx.fillRect(left, top, width, TAG);
    ctx.fillStyle = css(inkOn(parseHex(color)));
    ctx.fillText(words, left + 4, top + TAG / 2 + 0.5);
  }

  /** A shape's name at its top left corner. */
  name(drawn: Drawn): void {
    const words = nameOf(drawn);
    if (words) this.tag(words, toScreen(this.view, [drawn.bounds.x, drawn.bounds.y]), drawn.color);
  }

  /** Lines through a place of the image from edge to edge, and the pixel's coordinates. */
  cross(at: Point): void {
    this.used = true;
    const { view } = this;
    const [x, y] = toScreen(view, at);
    const path = new Path2D(`M0 ${y}H${view.width}M${x} 0V${view.height}`);
    this.frame(false);
    this.#stroke(path, "#fff", 3, 0.5);
    this.#stroke(path, "#000", 1, 0.8);
    this.ctx.globalAlpha = 1;
    this.tag(`${Math.floor(at[0])}, ${Math.floor(at[1])}`, [x < view.width - 90 ? x + 10 : x - 80, y < 40 ? y + 26 : y - 8], "#222222");
  }

  /** The lines between the pixels of an image of this size. */
  grid([width, height]: readonly [number, number]): void {
    this.used = true;
    const { ctx, view: { scale, x, y, dpr, width: wide, height: tall } } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = "rgb(128 128 128 / 0.45)";
    const lines = (offset: number, size: number, length: number, draw: (at: number) => void): void => {
      const last = Math.min(size, (length - offset) / scale);
      for (let at = Math.max(0, Math.floor(-offset / scale)); at <= last; at++) draw(Math.round((offset + at * scale) * dpr));
    };
    lines(x, width, wide, (at) => ctx.fillRect(at, y * dpr, 1, height * scale * dpr));
    lines(y, height, tall, (at) => ctx.fillRect(x * dpr, at, width * scale * dpr, 1));
  }

  #pathsOf(drawn: Drawn): Paths {
    let made = this.#paths.get(drawn);
    if (!made) {
      const outline = new Path2D();
      trace(outline, drawn);
      const points = drawn.shape.kind === "keypoints" ? [1, 2].map((visibility) => {
        const path = new Path2D();
        dots(path, drawn, visibility);
        return path;
      }) : [];
      this.#paths.set(drawn, made = { outline, dots: points });
    }
    return made;
  }

  /** What is under a line, so that it can be seen on everything. */
  #casing(color: string): string {
    let casing = this.#casings.get(color);
    if (!casing) this.#casings.set(color, casing = luminance(parseHex(color)) > 0.45 ? "#000" : "#fff");
    return casing;
  }

  #outline(target: Path2D | Rect, color: string, dash: number[] | null, filled: boolean, alpha = 1, fine = true, bold = false): void {
    const { ctx, view: { scale } } = this;
    if (fine) {
      if (filled) {
        ctx.fillStyle = color;
        ctx.globalAlpha = alpha * (bold ? 0.25 : dash ? 0.06 : 0.14);
        if (target instanceof Path2D) ctx.fill(target, "evenodd");
        else ctx.fillRect(target.x, target.y, target.width, target.height);
      }
      this.#stroke(target, this.#casing(color), (bold ? 4.5 : 3.25) / scale, alpha * 0.55);
      if (dash) ctx.setLineDash(dash.map((part) => part / scale));
    } else if (dash) alpha *= 0.6; // dashes of very many lines take too long, and cannot be told apart
    this.#stroke(target, color, (bold ? 2.5 : 1.5) / scale, alpha);
    if (fine && dash) ctx.setLineDash([]);
  }

  /** Rectangles apart: browsers draw them several times as fast as paths, if their corners are not round. */
  #stroke(target: Path2D | Rect, color: string, width: number, alpha: number): void {
    const { ctx } = this;
    if (color !== this.#color) ctx.strokeStyle = this.#color = color;
    if (width !== this.#width) ctx.lineWidth = this.#width = width;
    ctx.globalAlpha = alpha;
    if (target instanceof Path2D) ctx.stroke(target);
    else ctx.strokeRect(target.x, target.y, target.width, target.height);
  }

  #picture(bitmap: NonNullable<Drawn["bitmap"]>, color: string, faint: boolean): void {
    const { x, y, width, height } = bitmap;
    if (!width || !height) return;
    this.ctx.imageSmoothingEnabled = this.view.scale * this.view.dpr < 1;
    this.ctx.drawImage(this.tints.of(bitmap, color, faint), x, y, width, height);
  }

  #mark([x, y]: Point, mark: NonNullable<Ghost["mark"]>, color: string, active: boolean): void {
    const { ctx } = this;
    const size = active ? 6 : 4.5;
    const corners = MARKS[mark];
    const path = new Path2D();
    if (corners) line(path, corners.map(([dx, dy]) => [x + dx * size, y + dy * size]), true);
    else path.arc(x, y, mark === "round" ? size : size + 2, 0, 7);
    ctx.fillStyle = active ? color : "#fff";
    if (!this.near) ctx.fill(path);
    if (mark === "plus" || mark === "minus") path.addPath(new Path2D(`M${x - 3.5} ${y}h7${mark === "plus" ? `M${x} ${y - 3.5}v7` : ""}`));
    this.#stroke(path, active && !this.near ? "#fff" : color, 1.75, 1);
  }
}
