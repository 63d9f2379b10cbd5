import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { area, bounds } from "../src/image/geometry";
import { content, count, equals, filled } from "../src/image/bitmap";
import { decode, decodeCropped, encode, runBounds } from "../src/image/rle";
import { bitmap, drawing, maskOf, pixels } from "./image-shapes";

/** COCO's own loop, as in pycocotools' rleEncode, over the whole image. */
function naive(inside: Set<string>, [height, width]: [number, number]): number[] {
  const counts: number[] = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const bit = inside.has(`${x},${y}`) ? 1 : 0;
      if (bit !== value) {
        counts.push(run);
        run = 0;
        value = bit;
      }
      run++;
    }
  }
  return [...counts, run];
}

describe("run lengths", () => {
  it("are pycocotools' own", () => {
    // from pycocotools.mask.encode and decode, 2.0.11, run lengths by hand
    expect(encode(drawing(".# ##"), [2, 2])).toEqual([1, 3]);
    expect(encode(drawing("#. .."), [2, 2])).toEqual([0, 1, 3]);
    expect(encode(drawing("..... .##.. .##.. ....."), [4, 5])).toEqual([5, 2, 2, 2, 9]);
    expect(encode(drawing(".. .."), [2, 2])).toEqual([4]);
    expect(encode(filled({ x: 0, y: 0, width: 3, height: 2 }), [2, 3])).toEqual([0, 6]);
  });

  it("of any region in any image are those of the whole image, and come back", () => {
    fc.assert(fc.property(bitmap(), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (region, height, width) => {
      const size: [number, number] = [height, width];
      const counts = encode(region, size);
      const inside = new Set([...pixels(region)].filter((key) => {
        const [x, y] = key.split(",").map(Number) as [number, number];
        return x >= 0 && y >= 0 && x < width && y < height;
      }));
      expect(counts).toEqual(naive(inside, size));
      const back = decode(size, counts);
      expect(pixels(back)).toEqual(inside);
      expect(encode(back, size)).toEqual(counts);
      // cropped to its content, and measured without being laid out
      expect({ ...content(back) }).toEqual({ x: back.x, y: back.y, width: back.width, height: back.height });
      const mask = maskOf(region, size);
      expect(bounds(mask)).toEqual(runBounds(size, counts));
      expect(area(mask)).toBe(count(back));
    }), { numRuns: 500 });
  });

  it("take empty runs, as some tools write them", () => {
    expect(pixels(decode([2, 2], [0, 1, 0, 1, 2]))).toEqual(new Set(["0,0", "0,1"]));
    expect(pixels(decode([2, 2], [4, 0, 0]))).toEqual(new Set());
    expect(decode([0, 0], [])).toMatchObject({ width: 0, height: 0 });
  });

  it("of a small mark in a vast image need little room", () => {
    const size: [number, number] = [1_000_000, 1_000_000];
    const region = drawing("## ##", 999_998, 999_998);
    const counts = encode(region, size);
    expect(counts).toEqual([999_998 * 1e6 + 999_998, 2, 999_998, 2]);
    expect(equals(decode(size, counts), region)).toBe(true);
  });

  it.each([
    [[2, 2], [1, 2]], [[2, 2], [1, 4]], [[2, 2], [5, -1]], [[2, 2], [1.5, 2.5]], [[2, 2], [NaN, 4]], [[2, 2], []], [[-2, -2], [4]],
    [[2.5, 2], [5]], [[2, 2], ["4"]], [[2, 2], "0004"], [[1e9, 1e9], [1e18]], [[2, NaN], [4]], [[2, 2], [4, Infinity]],
    [[20_000, 20_000], [0, 4e8]], // right, but too large
    [[1e6, 1e6], [0, 1, 1e12 - 2, 1]],
  ])("that do not fit are refused: %j %j", (size, counts) => {
    expect(() => decode(size as [number, number], counts as number[])).toThrow(RangeError);
  });

  it("of an answer stand in its place", () => {
    const made = decodeCropped({ x: 100, y: 50, width: 3, height: 2, counts: [2, 3, 1] });
    expect(pixels(made)).toEqual(new Set(["101,50", "101,51", "102,50"]));
    expect(decodeCropped({ x: 0, y: 0, width: 0, height: 0, counts: [] })).toMatchObject({ width: 0, height: 0 });
    expect(decodeCropped({ x: 0, y: 0, width: 0, height: 0, counts: [0] })).toMatchObject({ width: 0, height: 0 });
    for (const wrong of [
      null, undefined, 3, {}, { x: 0.5, y: 0, width: 1, height: 1, counts: [0, 1] }, { x: 0, y: 0, width: 1, height: 1 },
      { x: 0, y: 0, width: 1, height: 1, counts: [0, 2] }, { width: 1, height: 1, counts: [0, 1] },
      { x: 0, y: 0, width: 1e6, height: 1e6, counts: [0, 1e12] },
    ]) expect(() => decodeCropped(wrong)).toThrow(Error);
  });
});
