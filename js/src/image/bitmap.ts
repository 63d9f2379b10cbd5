/** Regions of pixels, cropped: nothing here ever needs the pixels of the whole image. */
import { clamp, contains, fromPoints, inflate, intersection, outward, type Place, rect, type Ring, type Size, union, whole } from "./plane";
import type { Bitmap, Rect } from "./types";

/** The largest rectangle that a region may take. */
export const LARGEST = 1 << 26;

/** How two regions become one: bit 2a + b says whether a pixel that is a in the first and b in the second belongs to it. */
export const ADD = 0b1110;
export const SUBTRACT = 0b0100;
export const INTERSECT = 0b1000;
export const REPLACE = 0b1010;

/** An empty region of whole pixels around a rectangle. */
export function empty(frame: Rect): Bitmap {
  const { x, y, width, height } = outward(frame);
  if (!(width * height <= LARGEST)) throw new RangeError(`A region of ${width} × ${height} pixels is too large to paint.`);
  return { x, y, width, height, data: new Uint8Array(width * height) };
}

/** Every pixel of a rectangle. */
export function filled(frame: Rect): Bitmap {
  const made = empty(frame);
  made.data.fill(1);
  return made;
}

/** Whether a pixel belongs to a region. */
export function at({ x, y, width, height, data }: Bitmap, px: number, py: number): boolean {
  return px >= x && py >= y && px < x + width && py < y + height && data[(py - y) * width + px - x] === 1;
}

/** A copy of the part in a rectangle, which may be larger. */
export function crop(bitmap: Bitmap, frame: Rect): Bitmap {
  const made = empty(frame);
  blend(made, bitmap, ADD);
  return made;
}

/** The same region in a frame that includes a rectangle; itself if it does. */
export function grow(bitmap: Bitmap, frame: Rect): Bitmap {
  return contains(bitmap, frame) ? bitmap : crop(bitmap, union(bitmap, frame));
}

/** The rectangle that the pixels of a region take, without size if there are none. */
export function content({ x, y, width, data }: Bitmap): Rect {
  const first = data.indexOf(1);
  if (first < 0) return rect(x, y, 0, 0);
  const top = Math.floor(first / width);
  const bottom = Math.floor(data.lastIndexOf(1) / width);
  let left = width;
  let right = 0;
  for (let row = top * width; row <= bottom * width; row += width) {
    for (let col = 0; col < left; col++) if (data[row + col]) left = col;
    for (let col = width - 1; col > right; col--) if (data[row + col]) right = col;
  }
  right = Math.max(right, left);
  return rect(x + left, y + top, right - left + 1, bottom - top + 1);
}

/** The same region in the smallest frame. */
export function trim(bitmap: Bitmap): Bitmap {
  const frame = content(bitmap);
  return contains(frame, bitmap) ? bitmap : crop(bitmap, frame);
}

/** How many pixels belong to a region. */
export function count({ data }: Bitmap): number {
  let sum = 0;
  for (let n = 0; n < data.length; n++) sum += data[n] as number;
  return sum;
}

/** Whether two regions are the same, whatever their frames. */
export function equals(a: Bitmap, b: Bitmap): boolean {
  const [one, other] = [trim(a), trim(b)];
  return one.data.length === other.data.length && (one.data.length === 0
    || one.x === other.x && one.y === other.y && one.width === other.width && one.data.every((bit, n) => bit === other.data[n]));
}

/** Changes a region by another one, in place, within a rectangle of its frame. */
export function blend(target: Bitmap, source: Bitmap, how: number, within: Rect = target): void {
  const { x, y, width, height } = intersection(within, how & 0b0001 || !(how & 0b0100) ? target : intersection(target, source));
  for (let row = y; row < y + height; row++) {
    const to = (row - target.y) * target.width - target.x;
    const from = (row - source.y) * source.width - source.x;
    const outside = row < source.y || row >= source.y + source.height;
    for (let col = x; col < x + width; col++) {
      const bit = outside || col < source.x || col >= source.x + source.width ? 0 : source.data[from + col] as number;
      target.data[to + col] = how >> 2 * (target.data[to + col] as number) + bit & 1;
    }
  }
}

/** One region of two: ADD, SUBTRACT, INTERSECT or REPLACE. */
export function combine(a: Bitmap, b: Bitmap, how: number): Bitmap {
  const made = crop(a, how & 0b0010 ? union(a, b) : a);
  blend(made, b, how);
  return trim(made);
}

/**
 * Paints (or with 0 erases) what a round brush covers on its way from p to q; returns the rectangle it may have changed.
 *
 * Pixels count by their centres; a brush is never so small that it passes between them.
 */
export function stroke(bitmap: Bitmap, p: Place, q: Place, radius: number, value: 0 | 1 = 1): Rect {
  const r = Math.max(radius, Math.SQRT1_2);
  const [[px, py], [qx, qy]] = [p, q];
  const dirty = intersection(reach(p, q, radius), bitmap);
  const length = Math.hypot(qx - px, qy - py) || 1;
  const [nx, ny] = [(py - qy) / length * r, (qx - px) / length * r];
  const sides: Ring = [[px + nx, py + ny], [qx + nx, qy + ny], [qx - nx, qy - ny], [px - nx, py - ny]];
  for (let row = dirty.y; row < dirty.y + dirty.height; row++) {
    const y = row + 0.5;
    const xs: number[] = [];
    for (const [ex, ey] of [p, q]) {
      const half = Math.sqrt(r * r - (y - ey) ** 2);
      if (half >= 0) xs.push(ex - half, ex + half);
    }
    sides.forEach(([ax, ay], n) => {
      const [bx, by] = sides[(n + 1) % 4] as Place;
      if (ay <= y !== by <= y) xs.push(ax + (y - ay) * ((bx - ax) / (by - ay)));
    });
    if (xs.length === 0) continue;
    // a capsule is convex: what it covers of a row is one run
    const from = clamp(Math.ceil(Math.min(...xs) - 0.5) - bitmap.x, 0, bitmap.width);
    const to = clamp(Math.floor(Math.max(...xs) + 0.5) - bitmap.x, 0, bitmap.width);
    const start = (row - bitmap.y) * bitmap.width;
    if (to > from) bitmap.data.fill(value, start + from, start + to);
  }
  return dirty;
}

/** The pixels that a stroke can reach. */
export function reach(p: Place, q: Place, radius: number): Rect {
  return outward(inflate(fromPoints([p, q]), Math.max(radius, Math.SQRT1_2)));
}

/** The pixels whose centres are in a polygon with holes by the even-odd rule, as far as they are in a rectangle. */
export function fillPolygon(rings: readonly Ring[], within?: Rect): Bitmap {
  const around = outward(fromPoints(rings.flat()));
  const made = empty(within ? intersection(around, outward(within)) : around);
  const { x, y, width, height, data } = made;
  for (const ring of rings) {
    ring.forEach((a, index) => {
      const b = ring[(index + 1) % ring.length] as Place;
      // so that both sides of a shared edge find the same crossings
      const [[ax, ay], [bx, by]] = a[0] > b[0] ? [b, a] : [a, b];
      const slope = (by - ay) / (bx - ax);
      const stop = clamp(Math.ceil(bx - 0.5) - x, 0, width);
      for (let col = clamp(Math.ceil(ax - 0.5) - x, 0, width); col < stop; col++) {
        const row = Math.max(Math.ceil(ay + (col + x + 0.5 - ax) * slope - 0.5) - y, 0);
        if (row < height) (data[row * width + col] as number) ^= 1;
      }
    });
  }
  sweep(made);
  return made;
}

/** Down every column, turns marks where the value changes into values. */
export function sweep({ width, data }: Bitmap): void {
  for (let n = width; n < data.length; n++) (data[n] as number) ^= data[n - width] as number;
}

/** The pixels that hang together with a first one by their sides and fit, in a grid that starts at 0, 0. */
export function spread({ width, height }: Size, x: number, y: number, fits: (index: number) => boolean): Bitmap {
  const made = empty(rect(0, 0, width, height));
  const { data } = made;
  const open = (index: number): boolean => !data[index] && fits(index);
  const todo = [y * width + x];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (!open(next)) continue;
    const row = next - next % width;
    let from = next;
    let to = next + 1;
    while (from > row && open(from - 1)) from--;
    while (to < row + width && open(to)) to++;
    data.fill(1, from, to);
    for (const step of [-width, width]) {
      if (row + step < 0 || row + step >= data.length) continue;
      for (let index = from + step, before = false; index < to + step; index++) {
        const now = open(index);
        if (now && !before) todo.push(index);
        before = now;
      }
    }
  }
  return made;
}

/** A region with its holes filled: what its pixels, joined at sides or corners, enclose. */
export function fillHoles(bitmap: Bitmap): Bitmap {
  const made = crop(bitmap, inflate(bitmap, 1)); // so that the outside hangs together
  const outside = spread(made, 0, 0, (index) => !made.data[index]);
  made.data.forEach((_, n) => {
    made.data[n] = 1 - (outside.data[n] as number);
  });
  return trim(made);
}

const TILE = 64;
const REMEMBERED = 1 << 13; // tiles: 32 MiB

/** A region while it is painted, in an image of a size; every step can be undone. */
export class MaskEdit {
  readonly #image: Rect;
  #live: Bitmap;
  #dirty = rect(0, 0, 0, 0);
  /** Tiles as they were before the step that is being painted. */
  #open = new Map<number, Uint8Array>();
  /** Tiles as they are not now: before a step that is done, after one that is undone. */
  readonly #steps: Map<number, Uint8Array>[] = [];
  #done = 0;

  constructor(size: Size, start?: Bitmap) {
    this.#image = whole(size);
    this.#live = empty(rect(0, 0, 0, 0));
    if (start) {
      const inside = intersection(start, this.#image);
      this.#include(inside);
      blend(this.#live, start, ADD, inside);
    }
  }

  /** The region as it is; its frame is wider than its content, and another one after it has grown. */
  get bitmap(): Bitmap {
    return this.#live;
  }

  get canUndo(): boolean {
    return this.#done > 0 || this.#open.size > 0;
  }

  get canRedo(): boolean {
    return this.#open.size === 0 && this.#done < this.#steps.length;
  }

  /** Paints or erases along a segment, as part of the step; throws a RangeError if the region would become too large. */
  stroke(p: Place, q: Place, radius: number, erase = false): void {
    this.#change(reach(p, q, radius), !erase, (frame) => {
      const part = crop(this.#live, frame); // never beyond the image
      stroke(part, p, q, radius, erase ? 0 : 1);
      blend(this.#live, part, REPLACE, frame);
    });
  }

  /** Adds, subtracts, intersects or replaces by a region, as part of the step. */
  apply(other: Bitmap, how: number): void {
    const widens = (how & 0b0010) > 0;
    const frame = how & 0b0100 && widens ? other : how === SUBTRACT ? other : union(this.#live, widens ? other : this.#live);
    this.#change(frame, widens, (within) => blend(this.#live, other, how, within));
  }

  /** Ends a step; false if it changed nothing. */
  commit(): boolean {
    const step = this.#open;
    this.#open = new Map();
    for (const [key, before] of step) if (this.#tile(key).every((bit, n) => bit === before[n])) step.delete(key);
    if (step.size === 0) return false;
    this.#steps.splice(this.#done++, Infinity, step);
    let tiles = this.#steps.reduce((sum, one) => sum + one.size, 0);
    while (tiles > REMEMBERED && this.#done > 1) {
      tiles -= this.#steps.shift()?.size ?? 0;
      this.#done--;
    }
    return true;
  }

  /** Takes the last step back, also one that is not ended; false if there is none. */
  undo(): boolean {
    this.commit();
    return this.#done > 0 && this.#swap(--this.#done);
  }

  /** Does a step again; false if there is none. */
  redo(): boolean {
    this.commit();
    return this.#done < this.#steps.length && this.#swap(this.#done++);
  }

  /** The rectangle that has changed since the last call, without size if nothing has. */
  dirty(): Rect {
    const changed = this.#dirty;
    this.#dirty = rect(0, 0, 0, 0);
    return changed;
  }

  /** The region in the smallest frame. */
  result(): Bitmap {
    const frame = content(this.#live);
    return crop(this.#live, frame);
  }

  #change(wanted: Rect, widens: boolean, paint: (frame: Rect) => void): void {
    const frame = intersection(wanted, widens ? this.#image : intersection(this.#live, this.#image));
    if (!frame.width || !frame.height) return;
    this.#include(frame);
    const tiles = outward(frame, TILE);
    for (let y = tiles.y; y < tiles.y + tiles.height; y += TILE) {
      for (let x = tiles.x; x < tiles.x + tiles.width; x += TILE) {
        const key = y * 2 ** 26 + x;
        if (!this.#open.has(key)) this.#open.set(key, this.#tile(key));
      }
    }
    paint(frame);
    this.#dirty = union(this.#dirty, frame);
  }

  /** Widens the frame, which is of whole tiles: by more than asked for, as more is to come. */
  #include(frame: Rect): void {
    if (contains(this.#live, frame)) return;
    const more = (this.#live.width + this.#live.height) / 4 + TILE;
    const wide = union(this.#live, intersection(inflate(frame, more), this.#image));
    this.#live = crop(this.#live, outward(wide.width * wide.height < LARGEST / 2 ? wide : union(this.#live, frame), TILE));
  }

  #frame(key: number): Rect {
    return rect(key % 2 ** 26, Math.floor(key / 2 ** 26), TILE, TILE);
  }

  #tile(key: number): Uint8Array {
    return crop(this.#live, this.#frame(key)).data;
  }

  #swap(index: number): boolean {
    const step = this.#steps[index] as Map<number, Uint8Array>;
    for (const [key, data] of step) {
      step.set(key, this.#tile(key));
      const frame = this.#frame(key);
      blend(this.#live, { ...frame, data }, REPLACE, frame);
      this.#dirty = union(this.#dirty, intersection(frame, this.#image));
    }
    return true;
  }
}
