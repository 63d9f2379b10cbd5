/** Regions of pixels, cropped: nothing here ever needs the pixels of the whole image. */
import {
  clamp, contains, crossings, distance, fromPoints, hasArea, inflate, intersection, outward, type Place, rect, type Ring, type Size, union,
  whole,
} from "./plane";
import type { Bitmap, Rect } from "./types";

/** The largest rectangle that a region may take. */
export const LARGEST = 1 << 26;

/** How two regions become one: bit 2a + b says whether a pixel that is a in the first and b in the second belongs to it. */
export const ADD = 0b1110;
export const SUBTRACT = 0b0100;
export const REPLACE = 0b1010;

const NOTHING = rect(0, 0, 0, 0);

/** An empty region of whole pixels around a rectangle; throws a RangeError if it would be too large. */
export function empty(frame: Rect): Bitmap {
  const { x, y, width, height } = outward(frame);
  if (!(width * height <= LARGEST)) throw new RangeError(`A region of ${width} × ${height} pixels is too large.`);
  return { x, y, width, height, data: new Uint8Array(width * height) };
}

/** Every pixel of a rectangle. */
export function filled(frame: Rect): Bitmap {
  const made = empty(frame);
  made.data.fill(1);
  return made;
}

/** Whether a pixel belongs to a region. */
export function at(bitmap: Bitmap, x: number, y: number): boolean {
  return crop(bitmap, rect(x, y, 1, 1)).data[0] === 1;
}

/** A copy of the part in a rectangle, which may be larger. */
export function crop(bitmap: Bitmap, frame: Rect): Bitmap {
  const made = empty(frame);
  const { x, y, width, height } = intersection(made, bitmap);
  for (let row = y; width && row < y + height; row++) {
    const from = (row - bitmap.y) * bitmap.width + x - bitmap.x;
    made.data.set(bitmap.data.subarray(from, from + width), (row - made.y) * made.width + x - made.x);
  }
  return made;
}

/** The rectangle that the pixels of a region take, without size if there are none. */
export function content({ x, y, width, data }: Bitmap): Rect {
  const top = Math.floor(data.indexOf(1) / width);
  const bottom = Math.floor(data.lastIndexOf(1) / width) + 1;
  let left = width;
  let right = 0;
  for (let row = Math.max(top, 0) * width; row < bottom * width; row += width) {
    for (let col = 0; col < left; col++) if (data[row + col]) left = col;
    for (let col = width; col > right; col--) if (data[row + col - 1]) right = col;
  }
  return right ? rect(x + left, y + top, right - left, bottom - top) : rect(x, y, 0, 0);
}

/** A copy in the smallest frame. */
export function trim(bitmap: Bitmap): Bitmap {
  return crop(bitmap, content(bitmap));
}

/** How many pixels belong to a region. */
export function count({ data }: Bitmap): number {
  let sum = 0;
  for (let n = 0; n < data.length; n++) sum += data[n] as number;
  return sum;
}

/** Whether two regions are the same, whatever their frames. */
export function equals(a: Bitmap, b: Bitmap): boolean {
  const frame = union(content(a), content(b));
  return same(crop(a, frame), crop(b, frame));
}

/** Whether two regions of the same frame are the same. */
function same(a: Bitmap, b: Bitmap): boolean {
  return a.data.every((bit, n) => bit === b.data[n]);
}

/** Changes a region by another one, in place, within a rectangle. */
export function blend(target: Bitmap, source: Bitmap, how: number, within: Rect = target): void {
  // adding and subtracting change nothing where the source has nothing
  const { x, y, width, height } = intersection(within, how & SUBTRACT ? intersection(target, source) : target);
  const [mine, theirs] = [target.data, source.data];
  for (let row = y; row < y + height; row++) {
    const inside = row >= source.y && row < source.y + source.height;
    const from = (row - source.y) * source.width;
    let to = (row - target.y) * target.width + x - target.x;
    for (let col = x - source.x; col < x - source.x + width; col++, to++) {
      const bit = inside && col >= 0 && col < source.width ? theirs[from + col] as number : 0;
      mine[to] = how >> (2 * (mine[to] as number) + bit) & 1;
    }
  }
}

/** One region of two: ADD, SUBTRACT or REPLACE. */
export function combine(a: Bitmap, b: Bitmap, how: number): Bitmap {
  const made = crop(a, how & 0b0010 ? union(a, b) : a);
  blend(made, b, how);
  return trim(made);
}

/** The pixels that a round brush can reach on its way from p to q. */
export function reach(p: Place, q: Place, radius: number): Rect {
  return outward(inflate(fromPoints([p, q]), atLeast(radius)));
}

/** A brush is never so small that it passes between the centres of pixels. */
function atLeast(radius: number): number {
  return Math.max(radius, Math.SQRT1_2);
}

/** Paints (or with 0 erases) what a round brush covers on its way from p to q, in a rectangle; returns what it may have changed. */
export function stroke(bitmap: Bitmap, p: Place, q: Place, radius: number, value: 0 | 1 = 1, within: Rect = bitmap): Rect {
  const r = atLeast(radius);
  const dirty = intersection(reach(p, q, r), intersection(bitmap, within));
  const scale = r / Math.max(distance(p, q), 1e-9);
  const sides = ([[p, 1], [q, 1], [q, -1], [p, -1]] as const).map(([[x, y], side]): Place =>
    [x + (p[1] - q[1]) * scale * side, y + (q[0] - p[0]) * scale * side]);
  for (let row = dirty.y; row < dirty.y + dirty.height; row++) {
    const xs = crossings([sides], row + 0.5);
    for (const [x, y] of [p, q]) {
      const half = Math.sqrt(r * r - (row + 0.5 - y) ** 2);
      if (half >= 0) xs.push(x - half, x + half);
    }
    // a capsule is convex: what it covers of a row is one run
    const start = (row - bitmap.y) * bitmap.width - bitmap.x;
    const column = (x: number): number => start + clamp(x, dirty.x, dirty.x + dirty.width);
    if (xs[0] === undefined) continue;
    bitmap.data.fill(value, column(Math.ceil(Math.min(...xs) - 0.5)), column(Math.floor(Math.max(...xs) + 0.5)));
  }
  return dirty;
}

/** The pixels whose centres are in a polygon with holes by the even-odd rule, as far as they are in a rectangle. */
export function fillPolygon(rings: readonly Ring[], within?: Rect): Bitmap {
  const around = outward(fromPoints(rings.flat()));
  const made = empty(within ? intersection(around, outward(within)) : around);
  const { x, y, width } = made;
  for (const ring of rings) {
    ring.forEach((a, index) => {
      // from left to right, so that both sides of a shared edge find the same crossings
      const b = ring[(index + 1) % ring.length] as Place;
      const [[ax, ay], [bx, by]] = a[0] < b[0] ? [a, b] : [b, a];
      const column = (edge: number): number => clamp(Math.ceil(edge - 0.5) - x, 0, width);
      for (let col = column(ax); col < column(bx); col++) {
        mark(made, col, Math.ceil(ay + (col + x + 0.5 - ax) * ((by - ay) / (bx - ax)) - 0.5) - y);
      }
    });
  }
  return sweep(made);
}

/** Marks that the value of a column changes at a row. */
export function mark({ width, height, data }: Bitmap, col: number, row: number): void {
  if (row < height) (data[Math.max(row, 0) * width + col] as number) ^= 1;
}

/** Turns marks into values, in place. */
export function sweep(bitmap: Bitmap): Bitmap {
  const { width, data } = bitmap;
  for (let n = width; n < data.length; n++) (data[n] as number) ^= data[n - width] as number;
  return bitmap;
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

const TILE = 64;
const ROW = 1 << 26; // more than any image is wide

/** A region while it is painted, in an image of a size; every step can be undone. */
export class MaskEdit {
  readonly #image: Rect;
  #live = empty(NOTHING);
  #dirty = NOTHING;
  /** Tiles as they were before the step that is being painted, by y * ROW + x. */
  #open = new Map<number, Bitmap>();
  /** Tiles as they are not now: before a step that is done, after one that is undone. */
  readonly #steps: Map<number, Bitmap>[] = [];
  #done = 0;

  /** Of all steps together at most `room` tiles are remembered: 32 MiB. */
  constructor(size: Size, start?: Bitmap, private readonly room = 1 << 13) {
    this.#image = whole(size);
    if (start) this.#live = crop(start, intersection(start, this.#image));
  }

  /** The region as it is: changed in place, or another one when it has grown; its frame is wider than its content. */
  get bitmap(): Bitmap {
    return this.#live;
  }

  get canUndo(): boolean {
    return this.#done + this.#open.size > 0;
  }

  get canRedo(): boolean {
    return !this.#open.size && this.#done < this.#steps.length;
  }

  /** Paints or erases along a segment, as part of the step; throws a RangeError if the region would become too large. */
  stroke(p: Place, q: Place, radius: number, erase = false): void {
    this.#change(reach(p, q, radius), !erase, (frame) => stroke(this.#live, p, q, radius, erase ? 0 : 1, frame));
  }

  /** Adds, subtracts, intersects or replaces by a region, as part of the step. */
  apply(other: Bitmap, how: number): void {
    const wanted = how & SUBTRACT ? other : union(this.#live, other);
    this.#change(wanted, (how & 0b0010) > 0, (frame) => blend(this.#live, other, how, frame));
  }

  /** Ends a step; false if it changed nothing. */
  commit(): boolean {
    const step = this.#open;
    this.#open = new Map();
    for (const [key, tile] of step) if (same(tile, crop(this.#live, tile))) step.delete(key);
    if (!step.size) return false;
    this.#steps.splice(this.#done++, Infinity, step);
    while (this.#done > 1 && this.#steps.reduce((sum, { size }) => sum + size, 0) > this.room) {
      this.#steps.shift();
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
    this.#dirty = NOTHING;
    return changed;
  }

  /** A copy in the smallest frame. */
  result(): Bitmap {
    return trim(this.#live);
  }

  #change(wanted: Rect, widens: boolean, paint: (frame: Rect) => void): void {
    const frame = intersection(wanted, widens ? this.#image : intersection(this.#live, this.#image));
    if (!hasArea(frame)) return;
    this.#include(frame);
    const { x, y, width, height } = outward(frame, TILE);
    for (let top = y; top < y + height; top += TILE) {
      for (let left = x; left < x + width; left += TILE) {
        const key = top * ROW + left;
        if (!this.#open.has(key)) this.#open.set(key, crop(this.#live, rect(left, top, TILE, TILE)));
      }
    }
    paint(frame);
    this.#dirty = union(this.#dirty, frame);
  }

  /** Widens the frame, by more than asked for: more is to come. */
  #include(frame: Rect): void {
    if (contains(this.#live, frame)) return;
    const least = union(this.#live, frame);
    const wide = intersection(inflate(least, (least.width + least.height) / 4), this.#image);
    this.#live = crop(this.#live, wide.width * wide.height < LARGEST / 2 ? wide : least);
  }

  #swap(index: number): boolean {
    const step = this.#steps[index] ?? new Map<number, Bitmap>();
    for (const [key, tile] of step) {
      step.set(key, crop(this.#live, tile));
      blend(this.#live, tile, REPLACE, tile);
      this.#dirty = union(this.#dirty, intersection(tile, this.#image));
    }
    return true;
  }
}
