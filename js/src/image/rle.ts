/** COCO run lengths: down the columns, zeros first. Only the columns and rows that a region takes are ever laid out. */
import type { Mask } from "../core/protocol";
import { empty, LARGEST, sweep } from "./bitmap";
import { rect } from "./plane";
import type { Bitmap, Rect } from "./types";

/** COCO's order: height, width. */
export type MaskSize = readonly [height: number, width: number];

/** The run lengths of a region in an image; what lies outside is cut off. */
export function encode({ x, y, width, height, data }: Bitmap, [tall, wide]: MaskSize): number[] {
  const counts: number[] = [];
  const top = Math.max(y, 0);
  const bottom = Math.min(y + height, tall);
  const right = Math.min(x + width, wide);
  let value = 0;
  let start = 0;
  const flip = (at: number): void => {
    counts.push(at - start);
    start = at;
    value ^= 1;
  };
  for (let col = Math.max(x, 0); col < right; col++) {
    for (let row = top, n = (top - y) * width + col - x; row < bottom; row++, n += width) {
      if (data[n] !== value) flip(col * tall + row);
    }
    if (value && (top > 0 || bottom < tall)) flip(col * tall + bottom);
  }
  if (start < tall * wide || counts.length === 0) counts.push(tall * wide - start);
  return counts;
}

/** Calls back for every run of ones; throws if the counts are not those of an image of this size. */
function runs([tall, wide]: MaskSize, counts: readonly number[], visit: (start: number, end: number) => void): void {
  const whole = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  let sum = 0;
  const right = whole(tall) && whole(wide) && Array.isArray(counts) && counts.every((n, index) => {
    if (!whole(n)) return false;
    if (index % 2 && n) visit(sum, sum + n);
    sum += n;
    return sum <= tall * wide;
  });
  if (!right || sum !== tall * wide) throw new RangeError("The run lengths of this mask do not fit its size.");
}

/** The rectangle that a mask takes, all 0 if it is empty. */
export function runBounds(size: MaskSize, counts: readonly number[]): Rect {
  const [tall] = size;
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  runs(size, counts, (start, end) => {
    const first = Math.floor(start / tall);
    const last = Math.floor((end - 1) / tall);
    left = Math.min(left, first);
    right = last + 1;
    // a run over a column's end is at its foot and at the next one's head
    top = Math.min(top, first < last ? 0 : start % tall);
    bottom = Math.max(bottom, first < last ? tall : (end - 1) % tall + 1);
  });
  return right ? rect(left, top, right - left, bottom - top) : rect(0, 0, 0, 0);
}

/** The region of a mask, cropped; throws a RangeError for counts that do not fit, or if it would be too large. */
export function decode(size: MaskSize, counts: readonly number[]): Bitmap {
  const frame = runBounds(size, counts);
  const made = empty(frame);
  const { x, y, width, height, data } = made;
  const [tall] = size;
  const mark = (col: number, row: number): void => {
    if (row - y < height) (data[(row - y) * width + col - x] as number) ^= 1;
  };
  runs(size, counts, (start, end) => {
    for (let from = start; from < end;) {
      const col = Math.floor(from / tall);
      const to = Math.min(end, (col + 1) * tall);
      mark(col, from - col * tall);
      mark(col, to - col * tall);
      from = to;
    }
  });
  sweep(made);
  return made;
}

/** The region of a mask annotation. */
export function bitmapOf(mask: Mask): Bitmap {
  return decode(mask.size, mask.counts);
}

/** The answer of the `segment` tool, checked: a region whose counts are those of its own rectangle. */
export function decodeCropped(made: unknown): Bitmap {
  const { x, y, width, height, counts } = (made ?? {}) as Bitmap & { counts: number[] };
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y)) throw new RangeError("The run lengths of this mask have no place.");
  if (width * height > LARGEST) throw new RangeError(`A region of ${width} × ${height} pixels is too large to paint.`);
  const found = decode([height, width], counts);
  return { ...found, x: found.x + x, y: found.y + y };
}
