/** Random shapes and regions for the tests of the image labeler's models. */
import fc from "fast-check";
import type { Box, Keypoints, Mask, Polygon } from "../src/core/protocol";
import type { Bitmap, Drawn, Shape } from "../src/image/types";
import { bounds } from "../src/image/geometry";
import { bitmapOf, encode } from "../src/image/rle";

/** Numbers as people and models make them: none that are almost nothing. */
export function between(low: number, high: number): fc.Arbitrary<number> {
  return fc.integer({ min: low * 1000, max: high * 1000 }).map((n) => n / 1000);
}

export const coordinate = between(-50, 150);
export const point = fc.tuple(coordinate, coordinate);
export const side = between(0.5, 80);
export const rotation = fc.oneof(fc.constantFrom(0, 90, 180, -90, 45), between(-180, 180));

export const box: fc.Arbitrary<Box> = fc.record({
  kind: fc.constant("box" as const), x: coordinate, y: coordinate, width: side, height: side, rotation,
});

export const polygon: fc.Arbitrary<Polygon> = fc.record({
  kind: fc.constant("polygon" as const),
  points: fc.array(point, { minLength: 3, maxLength: 9 }),
  holes: fc.array(fc.array(point, { minLength: 3, maxLength: 5 }), { maxLength: 2 }),
});

export const line: fc.Arbitrary<Polygon> = fc.record({
  kind: fc.constant("polygon" as const), points: fc.array(point, { minLength: 2, maxLength: 9 }), closed: fc.constant(false),
});

export const keypoints: fc.Arbitrary<Keypoints> = fc.record({
  kind: fc.constant("keypoints" as const),
  points: fc.array(fc.tuple(coordinate, coordinate, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 6 }),
});

/** A region with its frame anywhere near the origin; dense and sparse ones, with holes and diagonal touches. */
export function bitmap(most = 12, from = -5): fc.Arbitrary<Bitmap> {
  const [at, length] = [fc.integer({ min: from, max: 9 }), fc.integer({ min: 1, max: most })];
  return fc.tuple(at, at, length, length, fc.constantFrom(0.2, 0.5, 0.8))
    .chain(([x, y, width, height, density]) => fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: width * height, maxLength: width * height })
      .map((all) => ({ x, y, width, height, data: Uint8Array.from(all, (n) => (n < density ? 1 : 0)) })));
}

/** Rows of dots and hashes as a region. */
export function drawing(rows: string, x = 0, y = 0): Bitmap {
  const lines = rows.trim().split(/\s+/);
  const data = Uint8Array.from(lines.join(""), (letter) => (letter === "#" ? 1 : 0));
  return { x, y, width: (lines[0] as string).length, height: lines.length, data };
}

/** The pixels of a region as "x,y". */
export function pixels({ x, y, width, data }: Bitmap): Set<string> {
  const found = new Set<string>();
  data.forEach((bit, n) => bit && found.add(`${x + (n % width)},${y + Math.floor(n / width)}`));
  return found;
}

export function maskOf(region: Bitmap, size: [number, number]): Mask {
  return { kind: "mask", size, counts: encode(region, size) };
}

export const mask: fc.Arbitrary<Mask> = bitmap(12, 0).map((region) => maskOf(region, [30, 40]));

export const shape: fc.Arbitrary<Shape> = fc.oneof(box, polygon, line, keypoints, mask);

export function drawn(id: string, one: Shape, more: Partial<Drawn> = {}): Drawn {
  return {
    id, shape: one, bounds: bounds(one), color: "#ff0000", label: undefined, suggested: false, hidden: false, locked: false,
    ...one.kind === "mask" && { bitmap: bitmapOf(one) }, ...more,
  };
}
