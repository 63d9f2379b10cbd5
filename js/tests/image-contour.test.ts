import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equals, count, fillPolygon, filled } from "../src/image/bitmap";
import { contour, type Outline } from "../src/image/contour";
import { inPolygon, onSegment, distance, signedArea, type Ring } from "../src/image/geometry";
import { bitmap, drawing } from "./image-shapes";

/** To be filled by the even-odd rule. */
const ringsOf = (outlines: readonly Outline[]): Ring[] => outlines.flatMap(({ outer, holes }) => [outer, ...holes]);

describe("outlines", () => {
  it("of a square and a frame", () => {
    expect(contour(drawing("##", 3, 4))).toEqual([{ outer: [[3, 4], [5, 4], [5, 5], [3, 5]], holes: [] }]);
    expect(contour(drawing("### #.# ###"))).toEqual([{
      outer: [[0, 0], [3, 0], [3, 3], [0, 3]], holes: [[[2, 1], [1, 1], [1, 2], [2, 2]]],
    }]);
    expect(contour(drawing("... ..."))).toEqual([]);
  });

  it("are separate where pixels touch at corners only", () => {
    expect(contour(drawing("#. .#"))).toHaveLength(2);
    // a ring closed by a corner only: what it encloses is open
    expect(contour(drawing(".## #.# ###")).flatMap(({ holes }) => holes)).toHaveLength(0);
    expect(contour(drawing("#### #..# #.## ####"))[0]?.holes).toHaveLength(1);
  });

  it("give holes and islands to the part around them", () => {
    const nested = drawing(`
      #########
      #.......#
      #.#####.#
      #.#.#.#.#
      #.#####.#
      #.......#
      #########`);
    const made = contour(nested);
    expect(made.map(({ holes }) => holes.length)).toEqual([1, 2]);
    expect(made[1]?.outer).toEqual([[2, 2], [7, 2], [7, 5], [2, 5]]);
  });

  it("filled are the region again, whatever it is", () => {
    fc.assert(fc.property(bitmap(14), (region) => {
      const made = contour(region);
      expect(equals(fillPolygon(ringsOf(made)), region)).toBe(true);
      // part by part, too: they neither overlap nor leave anything out
      expect(made.reduce((sum, one) => sum + count(fillPolygon([one.outer, ...one.holes])), 0)).toBe(count(region));
      for (const { outer, holes } of made) {
        expect(signedArea(outer)).toBeGreaterThan(0);
        for (const hole of holes) {
          expect(signedArea(hole)).toBeLessThan(0);
          // the pixel at a side of the hole is of this part
          const [x, y] = hole[0] as [number, number];
          const around = [[0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]] as const;
          expect(around.some(([dx, dy]) => inPolygon([x + dx, y + dy], [outer]))).toBe(true);
        }
        for (const ring of [outer, ...holes]) {
          // only corners, no point in the middle of an edge
          ring.forEach(([x, y], n) => {
            const [bx, by] = ring[(n + 1) % ring.length] as readonly [number, number];
            const [cx, cy] = ring[(n + 2) % ring.length] as readonly [number, number];
            expect((x === bx) !== (y === by)).toBe(true);
            expect((x === bx) !== (bx === cx) && (y === by) !== (by === cy)).toBe(true);
          });
        }
      }
    }), { numRuns: 600 });
  });

  it("simplified stay near", () => {
    fc.assert(fc.property(bitmap(14), fc.constantFrom(0.5, 1, 2), (region, tolerance) => {
      const exact = ringsOf(contour(region));
      const simple = ringsOf(contour(region, tolerance));
      expect(simple).toHaveLength(exact.length);
      simple.forEach((ring, n) => {
        expect(ring.length).toBeGreaterThanOrEqual(3);
        expect(ring.length).toBeLessThanOrEqual((exact[n] as Ring).length);
        for (const p of exact[n] as Ring) {
          const far = Math.min(...ring.map((a, i) => distance(p, onSegment(p, a, ring[(i + 1) % ring.length] as [number, number]))));
          expect(far).toBeLessThanOrEqual(tolerance + 1e-9);
        }
      });
    }));
  });

  it("of many specks come in time", () => {
    const board = filled({ x: 0, y: 0, width: 600, height: 600 });
    for (let n = 0; n < board.data.length; n++) board.data[n] = (n + Math.floor(n / 600)) % 2;
    expect(contour(board)).toHaveLength(180_000);
  });
});
