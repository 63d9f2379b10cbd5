/** Outlines of regions along the edges of pixels: filling them gives the region again. */
import { type Place, signedArea, simplify } from "./plane";
import type { Bitmap, Point } from "./types";

export interface Outline {
  readonly outer: Point[];
  readonly holes: Point[][];
}

// From a corner, by direction (up, right, down, left): a step, and the pixel ahead on the right.
// The one ahead on the left is ahead on the right for the direction before.
const STEPS = [[0, -1], [1, 0], [0, 1], [-1, 0]] as const;
const AHEAD = [[0, -1], [0, 0], [-1, 0], [-1, -1]] as const;

/**
 * One outer ring, clockwise, with its holes for each part of a region; parts that touch only at corners are separate.
 *
 * A tolerance above 0 simplifies: rings then keep that near to the edges of the pixels.
 */
export function contour({ x, y, width, height, data }: Bitmap, tolerance = 0): Outline[] {
  const bit = (col: number, row: number): number =>
    col >= 0 && row >= 0 && col < width && row < height ? data[row * width + col] as number : 0;
  // every ring goes up along the left side of some pixel; row by row, these sides are numbered
  const rows = new Int32Array(height + 1);
  const found: number[] = [];
  for (let row = 0, n = 0; row < height; row++) {
    for (let col = 0, before = 0; col < width; col++, n++) {
      const now = data[n] as number;
      if (now > before) found.push(col);
      before = now;
    }
    rows[row + 1] = found.length;
  }
  const sides = Int32Array.from(found);
  const owners = new Int32Array(sides.length);
  const made: Outline[] = [];

  const side = (col: number, row: number): number => {
    let [low, high] = [rows[row] as number, rows[row + 1] as number];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sides[middle] as number) < col) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const follow = (startX: number, startY: number): { ring: Point[]; ups: number[] } => {
    const ring: Point[] = [];
    const ups: number[] = [];
    let [cx, cy, direction] = [startX, startY + 1, 0];
    do {
      const [dx, dy] = STEPS[direction] as Place;
      if (direction === 0) ups.push(side(cx, cy - 1));
      cx += dx;
      cy += dy;
      const [rx, ry] = AHEAD[direction] as Place;
      const [lx, ly] = AHEAD[(direction + 3) % 4] as Place;
      const next = !bit(cx + rx, cy + ry) ? direction + 1 : bit(cx + lx, cy + ly) ? direction + 3 : direction;
      if (next !== direction) ring.push([cx + x, cy + y]);
      direction = next % 4;
    } while (cx !== startX || cy !== startY + 1 || direction !== 0);
    return { ring, ups };
  };

  for (let row = 0; row < height; row++) {
    for (let n = rows[row] as number; n < (rows[row + 1] as number); n++) {
      if (owners[n]) continue;
      const { ring, ups } = follow(sides[n] as number, row);
      // the first side of a hole is in its highest row: to the left of the hole is the part that it is in
      const hole = signedArea(ring) < 0;
      const owner = hole ? owners[n - 1] as number : made.push({ outer: ring, holes: [] });
      if (hole) made[owner - 1]?.holes.push(ring);
      for (const up of ups) owners[up] = owner;
    }
  }
  if (!(tolerance > 0)) return made;
  const fewer = (ring: readonly Point[]): Point[] => simplify(ring, tolerance, true);
  return made.map(({ outer, holes }) => ({ outer: fewer(outer), holes: holes.map(fewer) }));
}
