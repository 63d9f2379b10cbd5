/** Masks as pictures: one canvas each, kept as long as the mask, of which only what changed is painted again. */
import { parseHex } from "../shell/colors";
import { inflate, intersection } from "./plane";
import type { Bitmap, Rect } from "./types";

interface Tint {
  readonly canvas: HTMLCanvasElement;
  readonly look: string;
  /** Pixels of the mask for one of the canvas: very large masks are shown more coarsely. */
  readonly step: number;
  readonly shades: readonly [inside: number, edge: number];
}

const MOST_PIXELS = 1 << 24;

export class Tints {
  readonly #made = new WeakMap<Bitmap, Tint>();

  /** The picture of a mask in a colour; `faint`: a suggestion, with its outline broken. */
  of(bitmap: Bitmap, color: string, faint = false): HTMLCanvasElement {
    const look = color + String(faint);
    const made = this.#made.get(bitmap);
    if (made?.look === look) return made.canvas;
    const step = Math.max(1, Math.ceil(Math.sqrt(bitmap.width * bitmap.height / MOST_PIXELS)));
    const canvas = made?.canvas ?? document.createElement("canvas");
    canvas.width = Math.ceil(bitmap.width / step);
    canvas.height = Math.ceil(bitmap.height / step);
    const [r, g, b] = parseHex(color);
    const shade = (alpha: number): number => new Uint32Array(new Uint8Array([r, g, b, alpha]).buffer)[0] as number;
    const tint: Tint = { canvas, look, step, shades: [shade(faint ? 50 : 100), shade(235)] };
    this.#made.set(bitmap, tint);
    paint(bitmap, tint, bitmap);
    return canvas;
  }

  /** A mask has changed in place, in this region. */
  touch(bitmap: Bitmap, region: Rect): void {
    const tint = this.#made.get(bitmap);
    if (tint) paint(bitmap, tint, inflate(region, tint.step));
  }
}

/** Paints the region of a mask that lies in a rectangle: its inside thinly, its edge so that it can be seen. */
function paint(bitmap: Bitmap, { canvas, look, step, shades: [inside, edge] }: Tint, region: Rect): void {
  const { x, y, width, height, data } = bitmap;
  const within = intersection(region, bitmap);
  const [left, top] = [Math.floor((within.x - x) / step), Math.floor((within.y - y) / step)];
  const [right, bottom] = [Math.ceil((within.x - x + within.width) / step), Math.ceil((within.y - y + within.height) / step)];
  if (right <= left || bottom <= top) return;
  const image = new ImageData(right - left, bottom - top);
  const colors = new Uint32Array(image.data.buffer);
  const faint = look.endsWith("true");
  let to = 0;
  for (let row = top * step; row < bottom * step; row += step) {
    for (let col = left * step; col < right * step; col += step, to++) {
      const at = row * width + col;
      if (!data[at]) continue;
      const inner = col >= step && col + step < width && row >= step && row + step < height
        && data[at - step] && data[at + step] && data[at - step * width] && data[at + step * width];
      colors[to] = inner || (faint && ((col + row) / step & 4) !== 0) ? inside : edge;
    }
  }
  canvas.getContext("2d")?.putImageData(image, left, top);
}
