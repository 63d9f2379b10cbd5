import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { about, area, contains, distance, hits, type Place, rect, vertices } from "../src/image/geometry";
import { Near } from "../src/image/near";
import type { Drawn } from "../src/image/types";
import { between, drawn, point, shape } from "./image-shapes";

const one: fc.Arbitrary<Drawn> = fc
  .record({ id: fc.constantFrom(..."abcdefghijklmnop"), made: shape, z: fc.constantFrom(undefined, 0, 1, -1), hidden: fc.boolean() })
  .map(({ id, made, z, hidden }) => drawn(id, z === undefined ? made : { ...made, z }, { hidden: hidden && id < "h" }));

const act = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("put" as const), one }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), one }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("load" as const), many: fc.uniqueArray(one, { maxLength: 12, selector: ({ id }) => id }) }) },
);

const ids = (list: readonly Drawn[]): string[] => list.map(({ id }) => id);
const touches = (a: Drawn["bounds"], b: Drawn["bounds"]): boolean =>
  a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;

describe("the index", () => {
  it("finds what a walk through the list finds, in the same order, after any changes", () => {
    const far = between(0.01, 30);
    fc.assert(fc.property(fc.array(act, { maxLength: 25 }), point, far, point, (acts, p, tolerance, q) => {
      const near = new Near();
      let list: Drawn[] = [];
      for (const next of acts) {
        if (next.do === "load") {
          near.load(next.many);
          list = [...next.many];
        } else if (next.do === "remove") {
          expect(near.remove(next.one.id)).toBe(list.some(({ id }) => id === next.one.id));
          list = list.filter(({ id }) => id !== next.one.id);
        } else {
          near.put(next.one);
          const at = list.findIndex(({ id }) => id === next.one.id);
          if (at < 0) list.push(next.one);
          else list[at] = next.one;
        }
      }
      expect(near.size).toBe(list.length);
      for (const { id } of list) expect(near.get(id)).toBe(list.find((other) => other.id === id));
      const up = list.filter(({ hidden }) => !hidden).map((item, order) => ({ item, order }))
        .sort((a, b) => (a.item.shape.z ?? 0) - (b.item.shape.z ?? 0) || area(b.item.shape) - area(a.item.shape) || a.order - b.order)
        .map(({ item }) => item);
      const frame = rect(Math.min(p[0], q[0]), Math.min(p[1], q[1]), Math.abs(p[0] - q[0]), Math.abs(p[1] - q[1]));
      expect(ids(near.search(frame))).toEqual(ids(up.filter((item) => touches(item.bounds, frame))));
      expect(ids(near.inRect(frame))).toEqual(ids(up.filter((item) => contains(frame, item.bounds))));
      // a hole may leave the polygon: what lies out there is not found
      const around = up.filter((item) => touches(item.bounds, about(p, 2 * tolerance, 2 * tolerance)));
      for (const filled of [true, false]) {
        expect(ids(near.hit(p, tolerance, filled))).toEqual(ids(around.filter((item) => hits(item, p, tolerance, filled)).reverse()));
      }
      const except = new Set(["a", "i"]);
      const all = around.filter(({ id }) => !except.has(id)).flatMap((item) => [...vertices(item.shape)]);
      const least = Math.min(...all.map((vertex) => distance(p, vertex)));
      const found = near.snap(p, tolerance, except);
      expect(found === undefined).toBe(!(least <= tolerance));
      if (found) expect(distance(p, found)).toBe(least);
    }), { numRuns: 400 });
  });

  it("puts small boxes before those around them, and higher ones first", () => {
    const near = new Near();
    const square = (id: string, side: number, z?: number): Drawn =>
      drawn(id, { kind: "box", x: 50 - side / 2, y: 50 - side / 2, width: side, height: side, ...z === undefined ? {} : { z } });
    near.load([square("small", 10), square("large", 90), square("middle", 40), square("high", 95, 1), square("low", 5, -1)]);
    expect(ids(near.hit([50, 50], 1))).toEqual(["high", "small", "middle", "large", "low"]);
    near.put(square("small", 100));
    expect(ids(near.hit([50, 50], 1))).toEqual(["high", "middle", "large", "small", "low"]);
    expect(ids(near.hit([5, 50], 1, false))).toEqual(["large"]);
  });

  it("of 10,000 shapes looks at few", () => {
    const near = new Near();
    near.load(Array.from({ length: 10_000 }, (_, n) =>
      drawn(`b${n}`, { kind: "box", x: n % 100 * 40, y: Math.floor(n / 100) * 30, width: 30, height: 20 })));
    expect(ids(near.hit([2010, 1510], 3))).toEqual(["b5050"]);
    expect(near.snap([2028, 1521], 4)).toEqual([2030, 1520]);
    expect(near.snap([2028, 1521], 4, new Set(["b5050"]))).toBeUndefined();
    expect(near.inRect(rect(0, 0, 400, 300))).toHaveLength(100);
    expect(near.search(rect(0, 0, 4000, 3000))).toHaveLength(10_000);
    const far: Place = [9999, 9999];
    expect(near.hit(far, 5)).toEqual([]);
  });
});
