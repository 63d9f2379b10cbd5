/** What is drawn over an image: shapes, what tools show, handles, names. Widths are the screen's at every zoom. */
import { css, inkOn, luminance, parseHex } from "../shell/colors";
import { dot, type Look, lookOf, type Run, trace } from "./runs";
import type { Tints } from "./tint";
import type { Drawn, Ghost, Point } from "./types";
import { toScreen, type View } from "./viewport";

const ACCENT = "#1a73e8";
const FONT = "11px system-ui, sans-serif";
const TAG = 15; // a tag's height
const LONGEST = 28;
const HANDLE = 4.5;

/** What is under a line, so that it can be seen on everything. */
function casing(color: string): string {
  return luminance(parseHex(color)) > 0.45 ? "#000" : "#fff";
}

/** A label's name and, of a suggestion, how sure the model is. */
export function nameOf({ shape, label, suggested }: Drawn): string {
  const name = label?.name ?? shape.label ?? "";
  const short = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  return suggested && typeof shape.score === "number" ? `${short} ${shape.score.toFixed(2)}` : short;
}

export class Pen {
  constructor(readonly ctx: CanvasRenderingContext2D, readonly view: View, readonly tints: Tints) {}

  /** One shape; `bold`: the one that is selected or under the pointer. */
  shape(drawn: Drawn, bold = false): void {
    if (drawn.bitmap) this.#mask(drawn, bold);
    else this.run({ ...lookOf(drawn), key: "", shapes: [drawn], bounds: drawn.bounds, mask: false }, true, bold);
  }

  /** Shapes that look alike; `fine`: with what makes few of them easier to see. */
  run(run: Run, fine: boolean, bold = false): void {
    if (run.mask) {
      for (const one of run.shapes) this.#mask(one, bold);
      return;
    }
    const { ctx } = this;
    if (!run.path) {
      run.path = new Path2D();
      for (const one of run.shapes) trace(run.path, one);
      if (run.shapes[0]?.shape.kind === "keypoints") {
        run.dots = [new Path2D(), new Path2D()];
        for (const one of run.shapes) dot(run.dots, one);
      }
    }
    this.#pixels();
    ctx.globalAlpha = run.locked && !bold ? 0.6 : 1;
    this.#line(run.path, run, fine, bold);
    if (run.dots) {
      ctx.lineCap = "round";
      const stroke = (path: Path2D, color: string, width: number): void => {
        ctx.strokeStyle = color;
        ctx.lineWidth = width / this.view.scale;
        ctx.stroke(path);
      };
      for (const path of run.dots) stroke(path, casing(run.color), bold ? 12 : 9);
      for (const path of run.dots) stroke(path, run.color, bold ? 10 : 7);
      stroke(run.dots[1], casing(run.color), bold ? 6 : 4);
      ctx.lineCap = "butt";
    }
    ctx.globalAlpha = 1;
  }

  /** What a tool or the selection shows over all shapes. */
  ghost({ points = [], closed = false, filled = false, dashed = false, color = ACCENT, mark, active, radius, bitmap, words }: Ghost): void {
    const { ctx, view } = this;
    if (bitmap) this.#picture(this.tints.of(bitmap, color, dashed), bitmap);
    const [first] = points;
    if (points.length > 1 || radius !== undefined) {
      const path = new Path2D();
      if (radius !== undefined && first) path.arc(first[0], first[1], radius, 0, 7);
      else {
        points.forEach(([x, y], n) => n ? path.lineTo(x, y) : path.moveTo(x, y));
        if (closed) path.closePath();
      }
      this.#pixels();
      this.#line(path, { color, suggested: dashed, occluded: false, locked: false, closed: filled }, true, false);
    }
    this.#css();
    if (mark) points.forEach((point, n) => this.#mark(toScreen(view, point), mark, color, n === active));
    if (words && first) this.tag(words, toScreen(view, first), color);
  }

  /** A word on its colour, above a place of the screen, or below it where there is no room. */
  tag(words: string, [x, y]: Point, color = ACCENT): void {
    const { ctx, view } = this;
    this.#css();
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    const width = ctx.measureText(words).width + 8;
    const left = Math.max(0, Math.min(x, view.width - width));
    const top = y < TAG ? y : y - TAG;
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.9;
    ctx.fillRect(left, top, width, TAG);
    ctx.globalAlpha = 1;
    ctx.fillStyle = css(inkOn(parseHex(color)));
    ctx.fillText(words, left + 4, top + TAG / 2 + 0.5);
  }

  /** A shape's name at its top left corner. */
  name(drawn: Drawn): void {
    const words = nameOf(drawn);
    if (words) this.tag(words, toScreen(this.view, [drawn.bounds.x, drawn.bounds.y]), drawn.color);
  }

  /** Lines through a pixel from edge to edge, and where it is. */
  cross(pixel: Point): void {
    const { ctx, view } = this;
    this.#css();
    const [x, y] = toScreen(view, pixel).map((at) => (Math.floor(at * view.dpr) + 0.5) / view.dpr) as [number, number];
    for (const [color, width] of [["#fff", 3], ["#000", 1]] as const) {
      ctx.strokeStyle = color;
      ctx.lineWidth = width / view.dpr;
      ctx.globalAlpha = 0.6;
      ctx.beginPath();
      ctx.moveTo(0, y);
      ctx.lineTo(view.width, y);
      ctx.moveTo(x, 0);
      ctx.lineTo(x, view.height);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    const room = x < view.width - 90;
    this.tag(`${Math.floor(pixel[0])}, ${Math.floor(pixel[1])}`, [room ? x + 10 : x - 80, y < 40 ? y + 26 : y - 8], "#222222");
  }

  /** The lines between the image's pixels. */
  grid([width, height]: readonly [number, number]): void {
    const { ctx, view: { scale, x, y, dpr, width: wide, height: tall } } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = "rgb(128 128 128 / 0.45)";
    const [left, right] = [Math.max(0, Math.floor(-x / scale)), Math.min(width, Math.ceil((wide - x) / scale))];
    const [top, bottom] = [Math.max(0, Math.floor(-y / scale)), Math.min(height, Math.ceil((tall - y) / scale))];
    const at = (offset: number, pixel: number): number => Math.round((offset + pixel * scale) * dpr);
    for (let px = left; px <= right; px++) ctx.fillRect(at(x, px), at(y, top), 1, at(y, bottom) - at(y, top));
    for (let py = top; py <= bottom; py++) ctx.fillRect(at(x, left), at(y, py), at(x, right) - at(x, left), 1);
  }

  #css(): void {
    const { dpr } = this.view;
    this.ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  }

  #pixels(): void {
    const { scale, x, y, dpr } = this.view;
    this.ctx.setTransform(scale * dpr, 0, 0, scale * dpr, x * dpr, y * dpr);
  }

  #line(path: Path2D, { color, suggested, occluded, closed }: Look, fine: boolean, bold: boolean): void {
    const { ctx, view: { scale } } = this;
    const alpha = ctx.globalAlpha;
    if (closed && fine) {
      ctx.fillStyle = color;
      ctx.globalAlpha = alpha * (bold ? 0.25 : suggested ? 0.06 : 0.14);
      ctx.fill(path);
    }
    ctx.lineJoin = "round";
    if (fine) {
      ctx.strokeStyle = casing(color);
      ctx.lineWidth = (bold ? 4.5 : 3.25) / scale;
      ctx.globalAlpha = alpha * 0.55;
      ctx.stroke(path);
    }
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = color;
    ctx.lineWidth = (bold ? 2.5 : 1.5) / scale;
    if (suggested || occluded) ctx.setLineDash((suggested ? [6, 4] : [2, 3]).map((part) => part / scale));
    ctx.stroke(path);
    ctx.setLineDash([]);
  }

  #mask(drawn: Drawn, bold: boolean): void {
    const { bitmap } = drawn;
    if (!bitmap) return;
    this.ctx.globalAlpha = drawn.locked && !bold ? 0.6 : 1;
    this.#picture(this.tints.of(bitmap, drawn.color, drawn.suggested), bitmap);
    this.ctx.globalAlpha = 1;
    if (bold) this.ghost({ color: drawn.color, dashed: true, closed: true, points: cornersOf(drawn.bounds) });
  }

  #picture(canvas: HTMLCanvasElement, { x, y, width, height }: Drawn["bounds"]): void {
    if (!width || !height) return;
    this.#pixels();
    this.ctx.imageSmoothingEnabled = this.view.scale * this.view.dpr < 1;
    this.ctx.drawImage(canvas, x, y, width, height);
  }

  #mark([x, y]: Point, mark: NonNullable<Ghost["mark"]>, color: string, active: boolean): void {
    const { ctx } = this;
    const size = HANDLE + Number(active) * 1.5;
    ctx.beginPath();
    if (mark === "square") ctx.rect(x - size, y - size, 2 * size, 2 * size);
    else if (mark === "diamond") {
      for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]] as const) ctx.lineTo(x + dx * size * 1.25, y + dy * size * 1.25);
      ctx.closePath();
    } else ctx.arc(x, y, mark === "round" ? size : size + 2, 0, 7);
    ctx.fillStyle = active ? color : "#fff";
    ctx.fill();
    ctx.strokeStyle = active ? "#fff" : color;
    ctx.lineWidth = 1.75;
    ctx.stroke();
    if (mark !== "plus" && mark !== "minus") return;
    ctx.beginPath();
    ctx.moveTo(x - 3.5, y);
    ctx.lineTo(x + 3.5, y);
    if (mark === "plus") {
      ctx.moveTo(x, y - 3.5);
      ctx.lineTo(x, y + 3.5);
    }
    ctx.stroke();
  }
}

function cornersOf({ x, y, width, height }: Drawn["bounds"]): Point[] {
  return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
}
