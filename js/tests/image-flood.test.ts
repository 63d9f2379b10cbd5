import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { count } from "../src/image/bitmap";
import { flood, type Pixels } from "../src/image/flood";
import { pixels } from "./image-shapes";

const side = fc.integer({ min: 1, max: 12 });

const image: fc.Arbitrary<Pixels> = fc.tuple(side, side).chain(([width, height]) => fc
  .array(fc.constantFrom(0, 10, 20, 200, 255), { minLength: width * height * 4, maxLength: width * height * 4 })
  // pixels differ in one channel at most, so that regions are larger than a pixel
  .map((all) => ({ width, height, data: Uint8ClampedArray.from(all, (value, n) => (n % 4 === Math.floor(n / 4) % 5 ? value : 15)) })));

function like({ data }: Pixels, a: number, b: number, tolerance: number): boolean {
  const of = (pixel: number, channel: number): number => data[pixel * 4 + channel] as number;
  return [0, 1, 2, 3].every((channel) => Math.abs(of(a, channel) - of(b, channel)) <= tolerance);
}

describe("the wand", () => {
  it("finds what a plain walk finds", () => {
    fc.assert(fc.property(image, fc.nat(1000), fc.constantFrom(0, 5, 10, 185, 255), (picture, start, tolerance) => {
      const { width, height } = picture;
      const seed = start % (width * height);
      const found = new Set<string>();
      const todo = [seed];
      for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
        const [x, y] = [next % width, Math.floor(next / width)];
        if (found.has(`${x},${y}`) || !like(picture, next, seed, tolerance)) continue;
        found.add(`${x},${y}`);
        if (x > 0) todo.push(next - 1);
        if (x < width - 1) todo.push(next + 1);
        if (y > 0) todo.push(next - width);
        if (y < height - 1) todo.push(next + width);
      }
      const [x, y] = [seed % width, Math.floor(seed / width)];
      expect(pixels(flood(picture, x + 0.5, y + 0.99, tolerance))).toEqual(found);
      const all = new Set<string>();
      for (let n = 0; n < width * height; n++) {
        if (like(picture, n, seed, tolerance)) all.add(`${n % width},${Math.floor(n / width)}`);
      }
      expect(pixels(flood(picture, x, y, tolerance, false))).toEqual(all);
    }), { numRuns: 400 });
  });

  it("follows a spiral of one pixel's width to its end", () => {
    const [width, height] = [101, 101];
    const data = new Uint8ClampedArray(width * height * 4);
    let [x, y, dx, dy] = [0, 0, 1, 0];
    const inside = (col: number, row: number): boolean => col >= 0 && row >= 0 && col < width && row < height;
    const dark = (col: number, row: number): boolean => data[(row * width + col) * 4] === 0;
    const put = (): number => (data[(y * width + x) * 4] = 255);
    put();
    let length = 1;
    for (let turns = 0; turns < 2;) {
      const [ahead, beyond] = [[x + dx, y + dy] as const, [x + 2 * dx, y + 2 * dy] as const];
      if (inside(...ahead) && dark(...ahead) && (!inside(...beyond) || dark(...beyond))) {
        [x, y, turns] = [x + dx, y + dy, 0];
        put();
        length++;
      } else [dx, dy, turns] = [-dy, dx, turns + 1];
    }
    expect(length).toBeGreaterThan(4000);
    expect(count(flood({ width, height, data }, 0, 0, 20))).toBe(length);
  });

  it("outside of the image finds nothing", () => {
    const picture = { width: 2, height: 1, data: new Uint8ClampedArray(8) };
    for (const [x, y] of [[-0.1, 0], [2, 0], [0, 1], [NaN, 0], [0, -5]] as const) expect(count(flood(picture, x, y, 255))).toBe(0);
    expect(count(flood(picture, 1.9, 0.9, 0))).toBe(2);
  });
});
