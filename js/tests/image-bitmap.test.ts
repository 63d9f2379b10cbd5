import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ADD, at, combine, content, count, crop, empty, equals, filled, fillPolygon, LARGEST, MaskEdit, REPLACE, stroke,
  SUBTRACT, trim,
} from "../src/image/bitmap";
import { contains, distance, inPolygon, intersection, nearestEdge, onSegment, type Place, rect, union } from "../src/image/geometry";
import type { Bitmap, Rect } from "../src/image/types";
import { between, bitmap, drawing, pixels } from "./image-shapes";

/** Calls back for the centre of every pixel of a rectangle. */
function everyPixel({ x, y, width, height }: Rect, visit: (x: number, y: number) => void): void {
  for (let row = y; row < y + height; row++) for (let col = x; col < x + width; col++) visit(col, row);
}

const near = between(-8, 24);
const place = fc.tuple(near, near);

describe("regions", () => {
  it("know their pixels, their content and their size", () => {
    fc.assert(fc.property(bitmap(), (region) => {
      const all = pixels(region);
      everyPixel({ x: -8, y: -8, width: 40, height: 40 }, (x, y) => {
        if (at(region, x, y) !== all.has(`${x},${y}`)) throw new Error(`${x}, ${y}`);
      });
      expect(count(region)).toBe(all.size);
      const small = trim(region);
      expect(pixels(small)).toEqual(all);
      expect({ ...content(region) }).toEqual({ x: small.x, y: small.y, width: small.width, height: small.height });
      if (all.size > 0) {
        const [xs, ys] = [0, 1].map((axis) => [...all].map((key) => Number(key.split(",")[axis]))) as [number[], number[]];
        expect(small).toMatchObject({
          x: Math.min(...xs), y: Math.min(...ys), width: Math.max(...xs) - Math.min(...xs) + 1, height: Math.max(...ys) - Math.min(...ys) + 1,
        });
      } else expect(small.data).toHaveLength(0);
    }));
  });

  it("are cropped", () => {
    fc.assert(fc.property(bitmap(), bitmap(), (region, frame) => {
      const part = crop(region, frame);
      expect(pixels(part)).toEqual(new Set([...pixels(region)].filter((key) => {
        const [x, y] = key.split(",").map(Number) as [number, number];
        return x >= frame.x && y >= frame.y && x < frame.x + frame.width && y < frame.y + frame.height;
      })));
    }));
    const copy = trim(drawing("##"));
    expect(copy.data).not.toBe(trim(copy).data);
  });

  it("are combined as sets", () => {
    fc.assert(fc.property(bitmap(), bitmap(), (a, b) => {
      const [one, other] = [pixels(a), pixels(b)];
      const both = [...one, ...other];
      expect(pixels(combine(a, b, ADD))).toEqual(new Set(both));
      expect(pixels(combine(a, b, SUBTRACT))).toEqual(new Set([...one].filter((key) => !other.has(key))));
      expect(pixels(combine(a, b, REPLACE))).toEqual(other);
      expect(equals(a, b)).toBe(one.size === other.size && both.every((key) => one.has(key) && other.has(key)));
    }));
  });

  it("are equal only where their pixels are", () => {
    expect(equals(drawing("#."), drawing(".#"))).toBe(false);
    expect(equals(drawing("#."), drawing(".#", -1))).toBe(true);
    expect(equals(drawing("## .."), drawing("#. #."))).toBe(false);
    expect(equals(empty(rect(0, 0, 3, 3)), empty(rect(9, 9, 0, 0)))).toBe(true);
  });

  it("take whole pixels, and not too many", () => {
    expect(empty(rect(0.5, 0.5, 1, 1))).toMatchObject({ x: 0, y: 0, width: 2, height: 2 });
    expect(() => empty(rect(0, 0, LARGEST, 1))).not.toThrow();
    expect(() => empty(rect(0, 0, 20_000, 20_000))).toThrow(RangeError);
    expect(() => empty(rect(0, 0, 1e300, 1e300))).toThrow(RangeError);
    expect(() => empty(rect(0, 0, NaN, 3))).toThrow(RangeError);
  });
});

describe("a brush", () => {
  it("paints the pixels whose centres it covers, and no other", () => {
    const width = between(0.8, 9);
    fc.assert(fc.property(bitmap(20), place, place, width, fc.constantFrom(0 as const, 1 as const), (before, p, q, radius, value) => {
      const region = { ...before, data: before.data.slice() };
      const dirty = stroke(region, p, q, radius, value);
      everyPixel(region, (x, y) => {
        const centre: Place = [x + 0.5, y + 0.5];
        const far = distance(centre, onSegment(centre, p, q));
        if (Math.abs(far - radius) < 1e-9) return;
        const wanted = far < radius ? value === 1 : at(before, x, y);
        if (at(region, x, y) !== wanted) throw new Error(`${x}, ${y} at ${far} of ${radius}`);
        if (far < radius && !contains(dirty, rect(x, y, 1, 1))) throw new Error("not dirty");
      });
    }), { numRuns: 400 });
  });

  it("stays in the rectangle it is given", () => {
    const region = empty(rect(0, 0, 10, 10));
    stroke(region, [0, 5], [10, 5], 3, 1, rect(2, 4, 3, 9));
    expect(content(region)).toEqual(rect(2, 4, 3, 4));
  });

  it("of whatever size leaves a line without gaps", () => {
    fc.assert(fc.property(place, place, between(0, 0.7), (p, q, radius) => {
      const region = empty(rect(-10, -10, 40, 40));
      stroke(region, p, q, radius);
      for (let n = 0; n <= 50; n++) {
        const [x, y] = [p[0] + n / 50 * (q[0] - p[0]), p[1] + n / 50 * (q[1] - p[1])];
        // a painted centre is never farther than half a pixel's diagonal
        const [col, row] = [Math.floor(x), Math.floor(y)];
        const around = [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]] as const;
        expect(around.some(([dx, dy]) => at(region, col + dx, row + dy))).toBe(true);
      }
    }));
  });
});

describe("polygons as regions", () => {
  it("have the pixels whose centres are in them", () => {
    fc.assert(fc.property(fc.array(fc.array(place, { minLength: 3, maxLength: 8 }), { minLength: 1, maxLength: 3 }), (rings) => {
      const region = fillPolygon(rings);
      everyPixel({ x: -10, y: -10, width: 36, height: 36 }, (x, y) => {
        const centre: Place = [x + 0.5, y + 0.5];
        if ((nearestEdge(rings, true, centre)?.distance ?? 9) < 1e-9) return;
        if (at(region, x, y) !== inPolygon(centre, rings)) throw new Error(`${x}, ${y}`);
      });
      // cut to a rectangle, the same as far as it goes
      const frame = rect(0, 2, 9, 7);
      expect(equals(fillPolygon(rings, frame), crop(region, frame))).toBe(true);
    }), { numRuns: 100 });
  });

  it("that share edges through centres share no pixel and leave none out", () => {
    const half = fc.integer({ min: 0, max: 40 }).map((n) => n / 2);
    fc.assert(fc.property(fc.tuple(half, half), (middle) => {
      const corners: Place[] = [[0, 0], [20, 0], [20, 20], [0, 20]];
      const parts = corners.map((corner, n) => fillPolygon([[corner, corners[(n + 1) % 4] as Place, middle]]));
      expect(parts.reduce((sum, part) => sum + count(part), 0)).toBe(400);
      expect(count(parts.reduce((a, b) => combine(a, b, ADD)))).toBe(400);
    }));
  });

  it("treat centres on an edge as Python does", () => {
    // nblabel.shapes.rasterize(Polygon(...), (4, 4)) of the same points
    expect(pixels(fillPolygon([[[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]]]))).toEqual(new Set(["0,0", "1,0", "0,1", "1,1"]));
    expect(pixels(fillPolygon([[[0, 0], [4, 4], [0, 4]]])).has("1,1")).toBe(true);
    expect(pixels(fillPolygon([[[0, 0], [4, 0], [4, 4]]])).has("1,1")).toBe(false);
  });

  it("of huge or no extent", () => {
    expect(fillPolygon([]).data).toHaveLength(0);
    expect(fillPolygon([[[1, 1], [1, 1], [1, 1]]]).data).toHaveLength(0);
    expect(() => fillPolygon([[[0, 0], [1e9, 0], [0, 1e9]]])).toThrow(RangeError);
    expect(count(fillPolygon([[[100.1, 0], [100.6, 0], [100.6, 9], [100.1, 9]]], rect(0, 0, 100, 80)))).toBe(0);
    expect(count(fillPolygon([[[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]]], rect(0, 0, 10, 10)))).toBe(100);
  });
});

describe("painting", () => {
  type Act =
    | { do: "stroke"; p: Place; q: Place; radius: number; erase: boolean }
    | { do: "apply"; other: Bitmap; how: number }
    | { do: "commit" | "undo" | "redo" };
  const far = between(-20, 220);
  const act: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("stroke" as const), p: fc.tuple(far, far), q: fc.tuple(far, far), radius: between(0.5, 25), erase: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("apply" as const), other: bitmap(30), how: fc.constantFrom(ADD, SUBTRACT, REPLACE),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("commit" as const, "undo" as const, "redo" as const) }) },
  );
  const size = { width: 190, height: 150 };
  const image = rect(0, 0, 190, 150);

  it("with any strokes, steps back and forth, is as painting the whole image and keeping every state", () => {
    fc.assert(fc.property(fc.option(bitmap(30), { nil: undefined }), fc.array(act, { maxLength: 25 }), (start, acts) => {
      const edit = new MaskEdit(size, start);
      const first = crop(empty(image), image);
      if (start) everyPixel(image, (x, y) => at(start, x, y) && first.data.fill(1, y * 190 + x, y * 190 + x + 1));
      let now = first;
      const past: Bitmap[] = [];
      let future: Bitmap[] = [];
      let step = first;
      let shown = crop(edit.bitmap, image); // what a canvas holds that is refreshed where it is dirty
      const commit = (): boolean => {
        if (equals(step, now)) return false;
        past.push(step);
        future = [];
        step = now;
        return true;
      };
      for (const one of acts) {
        if (one.do === "stroke") {
          edit.stroke(one.p, one.q, one.radius, one.erase);
          now = { ...now, data: now.data.slice() };
          stroke(now, one.p, one.q, one.radius, one.erase ? 0 : 1);
        } else if (one.do === "apply") {
          edit.apply(one.other, one.how);
          now = crop(combine(now, one.other, one.how), image);
        } else if (one.do === "commit") expect(edit.commit()).toBe(commit());
        else {
          commit();
          const [from, to] = one.do === "undo" ? [past, future] : [future, past];
          expect(edit[one.do]()).toBe(from.length > 0);
          const other = from.pop();
          if (other) {
            to.push(now);
            now = step = other;
          }
          expect([edit.canUndo, edit.canRedo]).toEqual([past.length > 0, future.length > 0]);
        }
        const dirty = edit.dirty();
        expect(contains(image, dirty)).toBe(true);
        const part = crop(edit.bitmap, dirty);
        shown = combine(combine(shown, filled(dirty), SUBTRACT), part, ADD);
        expect(equals(shown, now)).toBe(true);
        expect(equals(edit.result(), now)).toBe(true);
        expect(intersection(edit.bitmap, image)).toEqual(rect(edit.bitmap.x, edit.bitmap.y, edit.bitmap.width, edit.bitmap.height));
        expect(edit.dirty()).toEqual(rect(0, 0, 0, 0));
      }
    }), { numRuns: 150 });
  });

  it("leaves what it started from and what it gave alone", () => {
    const start = drawing("### ###");
    const edit = new MaskEdit({ width: 3, height: 2 }, start);
    const before = edit.result();
    edit.stroke([0, 0], [3, 3], 5, true);
    expect(count(start)).toBe(6);
    expect(count(before)).toBe(6);
    expect(count(edit.result())).toBe(0);
  });

  it("in a vast image takes the room of what is painted, or refuses", () => {
    const edit = new MaskEdit({ width: 20_000, height: 20_000 });
    edit.stroke([15_000, 15_000], [15_100, 15_000], 20);
    expect(edit.bitmap.width * edit.bitmap.height).toBeLessThan(100_000);
    edit.commit();
    expect(() => edit.stroke([10, 10], [10, 10], 20)).toThrow(RangeError);
    // nothing is half done
    expect(edit.commit()).toBe(false);
    expect(contains(rect(14_979, 14_979, 142, 42), edit.result())).toBe(true);
    edit.stroke([15_000, 14_900], [15_000, 14_900], 5);
    expect(edit.undo()).toBe(true);
    expect(union(edit.result(), edit.result()).y).toBeGreaterThan(14_950);
  });

  it("forgets the oldest steps, but never the last one", () => {
    const all = filled(rect(0, 0, 320, 320)); // 25 tiles
    for (const [room, kept] of [[80, 3], [75, 3], [74, 2], [3, 1]] as const) {
      const edit = new MaskEdit({ width: 320, height: 320 }, undefined, room);
      for (let n = 0; n < 5; n++) {
        edit.apply(all, n % 2 ? SUBTRACT : ADD);
        expect(edit.commit()).toBe(true);
      }
      let steps = 0;
      while (edit.undo()) steps++;
      expect(steps).toBe(kept);
      while (edit.redo()) steps--;
      expect(steps).toBe(0);
      expect(equals(edit.result(), all)).toBe(true);
    }
  });
});
