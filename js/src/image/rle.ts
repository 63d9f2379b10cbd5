/** COCO run lengths: down the columns, zeros first. Only the columns and rows that a region takes are ever laid out. */
import type { Mask } from "../core/protocol";
import { empty, mark, sweep } from "./bitmap";
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
  const total = tall * wide;
  if (value && right < wide) flip(right * tall); // whole columns, which run on
  if (start < total || !total) counts.push(total - start);
  return counts;
}

/** Calls back for every run of ones; throws a RangeError if the counts are not those of an image of this size. */
function runs([tall, wide]: MaskSize, counts: readonly number[], visit: (start: number, end: number) => void): void {
  const total = tall * wide;
  const natural = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  let sum = NaN;
  if ([tall, wide, total].every(natural) && Array.isArray(counts) && counts.every(natural)) {
    sum = 0;
    counts.forEach((n, index) => {
      if (index % 2 && n && sum + n <= total) visit(sum, sum + n);
      sum += n;
    });
  }
  if (sum !== total) throw new RangeError("The run lengths of a mask do not fit its size.");
}

/** The rectangle that a mask takes, all 0 if it is empty. */
export function runBounds(size: MaskSize, counts: readonly number[]): Rect {
  const [tall] = size;
  let left = Infinity;
  let top = Infinity;
  let right = 0;
  let bottom = 0;
  runs(size, counts, (start, end) => {
    const first = Math.floor(start / tall);
    right = Math.floor((end - 1) / tall) + 1;
    // a run over a column's end is at its foot and at the next one's head
    const over = right - first > 1;
    left = Math.min(left, first);
    top = Math.min(top, over ? 0 : start % tall);
    bottom = Math.max(bottom, over ? tall : (end - 1) % tall + 1);
  });
  return right ? rect(left, top, right - left, bottom - top) : rect(0, 0, 0, 0);
}

/** The region of a mask, cropped; throws a RangeError for counts that do not fit, or if it would be too large. */
export function decode(size: MaskSize, counts: readonly number[]): Bitmap {
  const made = empty(runBounds(size, counts));
  const [tall] = size;
  runs(size, counts, (start, end) => {
    for (let from = start; from < end;) {
      const col = Math.floor(from / tall);
      const to = Math.min(end, (col + 1) * tall);
      mark(made, col - made.x, from - col * tall - made.y);
      mark(made, col - made.x, to - col * tall - made.y);
      from = to;
    }
  });
  return sweep(made);
}

/** The region of a mask annotation. */
export function bitmapOf(mask: Mask): Bitmap {
  return decode(mask.size, mask.counts);
}

/** The answer of the `segment` tool, checked: a region whose counts are those of its own rectangle. */
export function decodeCropped(made: unknown): Bitmap {
  const { x, y, width, height, counts } = made as Bitmap & { counts: number[] };
  const found = decode([height, width], counts);
  if (![x, y].every(Number.isSafeInteger)) throw new RangeError("A mask has no place.");
  return { ...found, x: found.x + x, y: found.y + y };
}
