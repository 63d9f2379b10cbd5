import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Box, Polygon } from "../src/core/protocol";
import { at, count, fillPolygon } from "../src/image/bitmap";
import {
  about, angle, area, beside, bounds, centre, clampPoint, clip, clipRing, contains, corners, degrees, distance, fromEdge, fromLocal,
  fromPoints, type Handle, handles, held, hits, holds, inflate, inPolygon, intersection, intersects, isLine, lineLength, measure,
  nearestEdge, nearestVertex, onSegment, outlines, outward, type Place, pointAt, polygonArea, rect, resize, type Ring, rings, rotate,
  signedArea, simplify, toLocal, translate, type Turned, union, vertices, whole,
} from "../src/image/geometry";
import { bitmapOf } from "../src/image/rle";
import type { Point, Rect } from "../src/image/types";
import { between, box, drawing, drawn, keypoints, line, mask, maskOf, pixels, point, polygon, rotation, shape, side } from "./image-shapes";

const size = { width: 100, height: 80 };
const image = whole(size);
const rectangle: fc.Arbitrary<Rect> = fc.tuple(point, side, side).map(([[x, y], width, height]) => rect(x, y, width, height));

function near(a: Place | undefined, b: Place | undefined, within = 1e-9): void {
  expect(a && b).toBeDefined();
  const far = distance(a as Place, b as Place);
  if (!(far <= within)) throw new Error(`${String(a)} is ${far} from ${String(b)}`);
}

describe("rectangles", () => {
  it("are joined, cut, moved and compared", () => {
    const [a, b] = [rect(0, 0, 10, 10), rect(5, 8, 10, 10)];
    expect(union(a, b)).toEqual(rect(0, 0, 15, 18));
    expect(union(rect(50, 50, 0, 0), a)).toEqual(a);
    expect(union(a, rect(50, 50, 0, 0))).toEqual(a);
    expect(intersection(a, b)).toEqual(rect(5, 8, 5, 2));
    expect(intersection(a, rect(20, 0, 5, 5))).toMatchObject({ width: 0 });
    expect(intersects(a, b)).toBe(true);
    expect(intersects(a, rect(10, 0, 5, 5))).toBe(false);
    expect(intersects(a, rect(5, 5, 0, 0))).toBe(true);
    expect(contains(a, rect(0, 0, 10, 10))).toBe(true);
    expect(contains(a, b)).toBe(false);
    expect(holds(a, [10, 10])).toBe(true);
    expect(holds(a, [10.01, 10])).toBe(false);
    expect(inflate(a, 2)).toEqual(rect(-2, -2, 14, 14));
    expect(inflate(a, -20)).toMatchObject({ width: 0, height: 0 });
    expect(fromPoints([])).toEqual(rect(0, 0, 0, 0));
    expect(fromPoints([[3, 4], [1, 9], [2, 2]])).toEqual(rect(1, 2, 2, 7));
    expect(outward(rect(0.2, -0.2, 1, 1))).toEqual(rect(0, -1, 2, 2));
    expect(outward(rect(65, 10, 1, 60), 64)).toEqual(rect(64, 0, 64, 128));
    expect(about([5, 5], 4, 2)).toEqual(rect(3, 4, 4, 2));
  });

  it("stay in the image while they are moved, if they fit", () => {
    expect(held(rect(90, 10, 8, 8), 50, -50, size)).toEqual([2, -10]);
    fc.assert(fc.property(rectangle, point, (one, [dx, dy]) => {
      const inside = intersection(one, image);
      const [x, y] = held(inside, dx, dy, size);
      expect(contains(inflate(image, 1e-9), { ...inside, x: inside.x + x, y: inside.y + y })).toBe(true);
      if (contains(image, { ...inside, x: inside.x + dx, y: inside.y + dy })) near([x, y], [dx, dy]);
    }));
  });
});

describe("boxes", () => {
  it("have corners clockwise from the top left, exact for quarter turns", () => {
    expect(corners({ x: 0, y: 0, width: 4, height: 2 })).toEqual([[0, 0], [4, 0], [4, 2], [0, 2]]);
    expect(corners({ x: 0, y: 0, width: 4, height: 2, rotation: 90 })).toEqual([[3, -1], [3, 3], [1, 3], [1, -1]]);
    // upright ones are not computed about the centre, which is not exact
    expect(corners({ x: 0.1, y: 0.2, width: 0.7, height: 0.1 })[0]).toEqual([0.1, 0.2]);
    expect(bounds({ kind: "box", x: 0.1, y: 0.2, width: 0.7, height: 0.1 })).toEqual(rect(0.1, 0.2, 0.7, 0.1));
    expect(bounds({ kind: "box", x: 0, y: 0, width: 4, height: 2, rotation: -90 })).toEqual(rect(1, -1, 2, 4));
  });

  it("turn points back and forth", () => {
    fc.assert(fc.property(box, point, (one, p) => {
      near(fromLocal(one, toLocal(one, p)), p);
      expect(distance(centre(one), p)).toBeCloseTo(distance(centre(one), toLocal(one, p)), 9);
      for (const corner of corners(one)) expect(holds(inflate(one, 1e-9), toLocal(one, corner))).toBe(true);
      expect(polygonArea(corners(one))).toBeCloseTo(area(one), 6);
      expect(signedArea(corners(one))).toBeGreaterThan(0);
    }));
  });

  it("are resized by a handle, what is opposite standing still in the image", () => {
    fc.assert(fc.property(box, fc.nat(7), point, (one, n, to) => {
      const handle = n as Handle;
      const made = resize(one, handle, to);
      const [before, after] = [handles(one), handles(made)];
      const opposite = before[(handle + 4) % 8] as Point;
      // it may have turned over: then it is another of its handles
      expect(Math.min(...after.map((one) => distance(one, opposite)))).toBeLessThan(1e-9);
      expect(made.rotation).toBe(one.rotation);
      expect(made.kind).toBe("box");
      if (handle % 2 === 0) expect(Math.min(...after.map((one) => distance(one, to)))).toBeLessThan(1e-9);
      else {
        // an edge goes through the pointer, the other side keeps its length
        const along = handle % 4 === 1 ? "width" : "height";
        expect(made[along]).toBeCloseTo(one[along], 9);
        const [x, y] = toLocal(made, to);
        const away = along === "width" ? [made.y - y, made.y + made.height - y] : [made.x - x, made.x + made.width - x];
        expect(Math.min(...away.map(Math.abs))).toBeLessThan(1e-9);
      }
    }), { numRuns: 500 });
  });

  it("are resized about the centre, and in proportion", () => {
    fc.assert(fc.property(box, fc.nat(7), point, fc.boolean(), (one, n, to, middle) => {
      const handle = n as Handle;
      if (middle) near(centre(resize(one, handle, to, { middle })), centre(one));
      const even = resize(one, handle, to, { ratio: true, middle });
      expect(even.width * one.height).toBeCloseTo(even.height * one.width, 6);
      const free = resize(one, handle, to, { middle });
      // the smallest box of this form that reaches the pointer
      expect(even.width).toBeGreaterThanOrEqual(free.width * (handle % 4 === 1 ? 0 : 1) - 1e-9);
      expect(even.height).toBeGreaterThanOrEqual(free.height * (handle % 4 === 3 ? 0 : 1) - 1e-9);
      if (middle) near(centre(even), centre(one));
      else {
        const opposite = handles(one)[(handle + 4) % 8] as Point;
        expect(Math.min(...handles(even).map((one) => distance(one, opposite)))).toBeLessThan(1e-9);
      }
    }), { numRuns: 500 });
  });

  it("are resized as expected by hand", () => {
    const one = { x: 10, y: 10, width: 20, height: 10 };
    expect(resize(one, 4, [50, 60])).toEqual(rect(10, 10, 40, 50));
    expect(resize(one, 0, [40, 30])).toEqual(rect(30, 20, 10, 10));
    expect(resize(one, 3, [35, 99])).toEqual(rect(10, 10, 25, 10));
    expect(resize(one, 4, [50, 15], { ratio: true })).toEqual(rect(10, 10, 40, 20));
    expect(resize(one, 3, [50, 0], { ratio: true })).toEqual(rect(10, 5, 40, 20));
    expect(resize(one, 4, [35, 25], { middle: true })).toEqual(rect(5, 5, 30, 20));
    expect(resize({ ...one, width: 0 }, 4, [50, 60], { ratio: true })).toEqual(rect(10, 10, 40, 50));
  });

  it("point where they are turned to, in steps if wanted", () => {
    const one: Turned = { x: 0, y: 0, width: 10, height: 10 };
    expect(pointAt(one, [5, -50]).rotation).toBe(0);
    expect(pointAt(one, [50, 5]).rotation).toBe(90);
    expect(pointAt(one, [50, 6], 15).rotation).toBe(90);
    expect(pointAt(one, [5, 50], 15).rotation).toBe(-180);
    fc.assert(fc.property(box, point, (at, to) => {
      if (distance(centre(at), to) < 1e-3) return;
      const made = pointAt(at, to);
      expect(Math.abs(toLocal(made, to)[0] - centre(at)[0])).toBeLessThan(1e-6);
      expect(toLocal(made, to)[1]).toBeLessThan(centre(at)[1]);
      const step = pointAt(at, to, 15).rotation ?? 0;
      expect(Math.abs(step % 15)).toBe(0);
      expect(Math.abs(degrees(step - (made.rotation ?? 0)))).toBeLessThanOrEqual(7.5 + 1e-9);
    }));
    expect([degrees(180), degrees(-180), degrees(540), degrees(-190), degrees(359)]).toEqual([-180, -180, -180, 170, -1]);
  });

  it("are made from an edge and a point of the opposite one", () => {
    fc.assert(fc.property(point, point, point, (a, b, c) => {
      if (distance(a, b) < 1e-3) return;
      const made = fromEdge(a, b, c);
      expect(Math.min(...corners(made).map((corner) => distance(corner, a)))).toBeLessThan(1e-9);
      expect(Math.min(...corners(made).map((corner) => distance(corner, b)))).toBeLessThan(1e-9);
      const [, y] = toLocal(made, c);
      expect(Math.min(Math.abs(y - made.y), Math.abs(y - made.y - made.height))).toBeLessThan(1e-9);
      expect(made.rotation).toBeCloseTo(degrees(angle(a, b)), 9);
    }));
    expect(fromEdge([0, 0], [10, 0], [3, 4])).toEqual({ ...rect(0, 0, 10, 4), rotation: 0 });
    expect(fromEdge([0, 0], [10, 0], [3, -4])).toEqual({ ...rect(0, -4, 10, 4), rotation: 0 });
  });
});

describe("rings", () => {
  it("have areas without their holes, and lengths", () => {
    const square: Ring = [[0, 0], [10, 0], [10, 10], [0, 10]];
    expect(polygonArea(square, [[[1, 1], [1, 3], [3, 3], [3, 1]]])).toBe(96);
    expect(polygonArea([[1, 1], [2, 2]])).toBe(0);
    expect(polygonArea([])).toBe(0);
    expect(lineLength(square, true)).toBe(40);
    expect(lineLength(square, false)).toBe(30);
    expect(lineLength([[1, 1]], false)).toBe(0);
    // far from the origin, areas stay exact
    expect(polygonArea(square.map(([x, y]) => [x + 1e9, y + 1e9]))).toBe(100);
  });

  it("hold points by the even-odd rule", () => {
    const square: Ring = [[0, 0], [10, 0], [10, 10], [0, 10]];
    const hole: Ring = [[2, 2], [4, 2], [4, 4], [2, 4]];
    expect(inPolygon([5, 5], [square, hole])).toBe(true);
    expect(inPolygon([3, 3], [square, hole])).toBe(false);
    expect(inPolygon([3, 3], [square])).toBe(true);
    expect(inPolygon([11, 5], [square])).toBe(false);
    expect(inPolygon([5, 5], [])).toBe(false);
    fc.assert(fc.property(box, point, (one, p) => {
      const [x, y] = toLocal(one, p);
      const away = Math.min(...[x - one.x, y - one.y, one.x + one.width - x, one.y + one.height - y].map(Math.abs));
      if (away > 1e-6) expect(inPolygon(p, [corners(one)])).toBe(holds(one, [x, y]));
    }));
  });

  it("know their nearest edge and vertex", () => {
    fc.assert(fc.property(polygon, point, fc.boolean(), (one, p, closed) => {
      const all = rings(one);
      let least = Infinity;
      for (const ring of all) {
        ring.forEach((a, n) => {
          if (closed || n + 1 < ring.length) least = Math.min(least, distance(p, onSegment(p, a, ring[(n + 1) % ring.length] as Point)));
        });
      }
      const edge = nearestEdge(all, closed, p);
      if (!edge) throw new Error("no edge");
      expect(edge.distance).toBe(least);
      const ring = all[edge.ring] as Ring;
      near(edge.point, onSegment(p, ring[edge.index] as Place, ring[(edge.index + 1) % ring.length] as Place), 0);
      const vertex = nearestVertex(all, p);
      expect(vertex?.distance).toBe(Math.min(...all.flat().map((other) => distance(p, other))));
      near(all[vertex?.ring ?? 9]?.[vertex?.index ?? 99], vertex?.point, 0);
    }));
    expect(nearestEdge([], true, [0, 0])).toBeUndefined();
    expect(nearestEdge([[[0, 0], [10, 0], [10, 10]]], true, [2, 4])).toMatchObject({ ring: 0, index: 2, point: [3, 3] });
    expect(nearestEdge([[[0, 0], [10, 0], [10, 10]]], false, [2, 4])).toMatchObject({ index: 0, point: [2, 0], distance: 4 });
    near(onSegment([5, 5], [1, 1], [1, 1]), [1, 1]);
  });

  it("are simplified within the tolerance", () => {
    const many = fc.array(point, { minLength: 1, maxLength: 40 });
    fc.assert(fc.property(many, between(0, 30), fc.boolean(), (ring, tolerance, closed) => {
      const made = simplify(ring, tolerance, closed);
      // a subset in the same order, with its ends
      let at = -1;
      for (const one of made) expect(at = ring.indexOf(one, at + 1)).toBeGreaterThanOrEqual(0);
      expect(made[0]).toBe(ring[0]);
      if (!closed) expect(made[made.length - 1]).toBe(ring[ring.length - 1]);
      expect(made.length).toBeGreaterThanOrEqual(Math.min(ring.length, closed ? 3 : 2));
      if (made.length > 1) for (const p of ring) expect(nearestEdge([made], closed, p)?.distance).toBeLessThanOrEqual(tolerance + 1e-9);
      expect(simplify(made, tolerance, closed).length).toBeLessThanOrEqual(made.length);
    }), { numRuns: 300 });
    expect(simplify([[0, 0], [5, 0.1], [10, 0], [10, 10]], 1, false)).toEqual([[0, 0], [10, 0], [10, 10]]);
    expect(simplify([[0, 0], [5, 0], [10, 0], [10, 10], [0, 10], [0, 5]], 0.1, true)).toEqual([[0, 0], [10, 0], [10, 10], [0, 10]]);
    expect(simplify([[0, 0, 2], [5, 0, 1], [10, 0, 2]], 1, false)).toEqual([[0, 0, 2], [10, 0, 2]]);
    // far too many points for a recursion, in the order that is worst
    const long = Array.from({ length: 20_000 }, (_, n): Point => [n, 2 ** (n / 1000)]);
    expect(simplify(long, 0.01, false).length).toBeGreaterThan(20);
  });

  it("are clipped to the image", () => {
    const around: Ring = [[-10, -10], [500, -10], [500, 500], [-10, 500]];
    expect(polygonArea(clipRing(around, size))).toBe(8000);
    const inside: Ring = [[1, 1], [5, 1], [5, 5]];
    expect(clipRing(inside, size)).toBe(inside);
    expect(clipRing([[-5, -5], [-1, -5], [-1, -1]], size)).toHaveLength(0);
    fc.assert(fc.property(fc.array(point, { minLength: 3, maxLength: 8 }), point, (ring, p) => {
      const made = clipRing(ring, size);
      for (const vertex of made) expect(holds(image, vertex)).toBe(true);
      if (!holds(image, p) || [ring, made].some((one) => (nearestEdge([one], true, p)?.distance ?? 9) < 1e-6)) return;
      expect(inPolygon(p, [made])).toBe(inPolygon(p, [ring]));
    }), { numRuns: 500 });
  });
});

describe("shapes", () => {
  it("have bounds around everything that is there", () => {
    expect(bounds({ kind: "keypoints", points: [[1, 2, 2], [99, 99, 0], [3, 1, 1]] })).toEqual(rect(1, 1, 2, 1));
    expect(bounds({ kind: "keypoints", points: [[9, 9, 0]] })).toEqual(rect(0, 0, 0, 0));
    expect(bounds({ kind: "polygon", points: [[1, 2], [5, 2], [3, 7]] })).toEqual(rect(1, 2, 4, 5));
    expect(bounds(maskOf(drawing(".... ..#. .##."), [3, 4]))).toEqual(rect(1, 1, 2, 2));
    fc.assert(fc.property(shape, (one) => {
      for (const vertex of one.kind === "polygon" ? one.points : vertices(one)) expect(holds(inflate(bounds(one), 1e-9), vertex)).toBe(true);
    }));
  });

  it("have areas and measures", () => {
    const square: Polygon = { kind: "polygon", points: [[0, 0], [10, 0], [10, 10], [0, 10]], holes: [[[1, 1], [3, 1], [3, 3], [1, 3]]] };
    expect(area(square)).toBe(96);
    expect(area({ ...square, closed: false })).toBe(0);
    expect(area({ kind: "keypoints", points: [[1, 2, 2]] })).toBe(0);
    expect(area(maskOf(drawing("##. ..#"), [2, 3]))).toBe(3);
    expect(measure({ kind: "box", x: 0, y: 0, width: 1200.4, height: 8.25, rotation: 12.34 })).toEqual(["1,200 × 8.3", "12.3°", "9,903 px²"]);
    expect(measure({ kind: "box", x: 0, y: 0, width: 3, height: 4 })).toEqual(["3 × 4", "12 px²"]);
    expect(measure(square)).toEqual(["10 × 10", "8 points", "96 px²"]);
    expect(measure({ kind: "polygon", points: [[0, 0], [3, 4]], closed: false })).toEqual(["3 × 4", "2 points", "5 px"]);
    expect(measure({ kind: "keypoints", points: [[1, 2, 2], [0, 0, 0]] })).toEqual(["1 point"]);
    expect(measure(maskOf(drawing("##. ..#"), [2, 3]))).toEqual(["3 × 2", "3 px²"]);
  });

  it("are moved", () => {
    fc.assert(fc.property(fc.oneof(box, polygon, line, keypoints), point, (one, [dx, dy]) => {
      const moved = translate({ ...one, label: "cat" }, dx, dy);
      expect(moved.label).toBe("cat");
      expect(moved.kind).toBe(one.kind);
      const [before, after] = [vertices(one), vertices(moved)];
      after.forEach((p, n) => near(p, [(before[n] as Place)[0] + dx, (before[n] as Place)[1] + dy]));
      if (moved.kind === "keypoints" && one.kind === "keypoints") expect(moved.points.map(([, , v]) => v)).toEqual(one.points.map(([, , v]) => v));
      expect(Object.keys(moved).sort()).toEqual([...Object.keys(one), "label"].sort());
    }));
    fc.assert(fc.property(mask, fc.integer({ min: -45, max: 45 }), fc.integer({ min: -35, max: 35 }), (one, dx, dy) => {
      const moved = translate(one, dx + 0.2, dy - 0.2);
      const wanted = [...pixels(bitmapOf(one))].map((key) => key.split(",").map(Number) as [number, number])
        .map(([x, y]) => [x + dx, y + dy] as const).filter(([x, y]) => x >= 0 && y >= 0 && x < one.size[1] && y < one.size[0]);
      expect(pixels(bitmapOf(moved))).toEqual(new Set(wanted.map(String)));
    }));
  });

  it("are clipped to the image, or refused outside of it", () => {
    const upright: Box = { kind: "box", x: -5, y: 70, width: 20, height: 20, label: "cat" };
    expect(clip(upright, size)).toEqual({ ...upright, x: 0, width: 15, height: 10 });
    expect(clip({ ...upright, x: -20 }, size)).toBeUndefined();
    const turned: Box = { ...upright, rotation: 30 };
    expect(clip(turned, size)).toBe(turned);
    expect(clip({ ...turned, x: -200 }, size)).toBeUndefined();
    // its centre is outside and no corner inside, but it reaches in
    const cross: Box = { kind: "box", x: -60, y: -60, width: 100, height: 100, rotation: 45 };
    expect(clip(cross, size)).toBe(cross);
    const outline: Polygon = {
      kind: "polygon", points: [[-10, 10], [50, 10], [50, 50], [-10, 50]],
      holes: [[[-5, 20], [-1, 20], [-1, 30]], [[-5, 20], [5, 20], [5, 30], [-5, 30]]],
    };
    const made = clip(outline, size);
    expect(made && area(made)).toBe(50 * 40 - 50);
    expect(made?.holes).toHaveLength(1);
    expect(clip({ kind: "polygon", points: [[-10, 5], [110, 5], [50, 90]], closed: false }, size))
      .toEqual({ kind: "polygon", points: [[0, 5], [100, 5], [50, 80]], closed: false });
    expect(clip({ kind: "keypoints", points: [[-3, 4, 2], [7, 100, 1]] }, size))
      .toEqual({ kind: "keypoints", points: [[0, 4, 2], [7, 80, 1]] });
    expect(clip(maskOf(drawing(".."), [1, 2]), size)).toBeUndefined();
    expect(clampPoint([120, -4], size)).toEqual([100, 0]);
    fc.assert(fc.property(fc.oneof(box, polygon, line, keypoints, mask), (one) => {
      const cut = clip(one, size);
      if (one.kind === "keypoints" || isLine(one)) expect(cut).toBeDefined();
      else if (one.kind === "mask") expect(cut).toBe(area(one) > 0 ? one : undefined);
      else if (!intersects(bounds(one), image)) expect(cut).toBeUndefined();
      if (!cut) {
        if (one.kind === "box") expect(count(fillPolygon(outlines(one), image))).toBe(0);
        return;
      }
      expect(cut.kind).toBe(one.kind);
      if (one.kind === "box" && one.rotation) expect(cut).toBe(one);
      else if (vertices(cut).length > 0) expect(contains(image, bounds(cut))).toBe(true);
      const again = clip(cut, size);
      expect(again).toEqual(cut);
    }));
  });

  it("are hit inside, or near their outline", () => {
    const one = drawn("a", { kind: "box", x: 10, y: 10, width: 40, height: 20 });
    expect(hits(one, [30, 20], 1)).toBe(true);
    expect(hits(one, [30, 20], 1, false)).toBe(false);
    expect(hits(one, [30, 10.5], 1, false)).toBe(true);
    expect(hits(one, [30, 9.5], 1)).toBe(true);
    expect(hits(one, [30, 8.5], 1)).toBe(false);
    const ring = drawn("b", { kind: "polygon", points: [[0, 0], [40, 0], [40, 40], [0, 40]], holes: [[[10, 10], [30, 10], [30, 30], [10, 30]]] });
    expect(hits(ring, [5, 20], 1)).toBe(true);
    expect(hits(ring, [20, 20], 1)).toBe(false);
    expect(hits(ring, [20, 10.5], 1, false)).toBe(true);
    const open = drawn("c", { kind: "polygon", points: [[0, 0], [40, 0], [40, 40]], closed: false });
    expect(hits(open, [30, 20], 2)).toBe(false);
    expect(hits(open, [20, 20], 1)).toBe(false);
    expect(hits(open, [39, 20], 2)).toBe(true);
    const person = drawn("d", { kind: "keypoints", points: [[0, 0, 2], [40, 0, 1], [40, 40, 0]] }, { edges: [[0, 1], [1, 2], [0, 7]] });
    expect(hits(person, [1, 1], 2)).toBe(true);
    expect(hits(person, [20, 1], 2)).toBe(true);
    expect(hits(person, [40, 20], 2)).toBe(false);
    expect(hits({ ...person, edges: [] }, [20, 1], 2)).toBe(false);
    const cloud = drawn("e", maskOf(drawing("...... .#..#. .#..#. ......"), [4, 6]));
    expect(hits(cloud, [1.5, 1.5], 0)).toBe(true);
    expect(hits(cloud, [2.9, 1.5], 0)).toBe(false);
    expect(hits(cloud, [2.9, 1.5], 1)).toBe(true);
    expect(hits({ shape: cloud.shape }, [4.5, 2.9], 0)).toBe(true);
    expect(hits(cloud, [100, 100], 5)).toBe(false);
  });

  it("are hit exactly where their pixels are", () => {
    fc.assert(fc.property(fc.oneof(box, polygon), fc.nat(79), fc.nat(99), (one, y, x) => {
      const p: Point = [x + 0.5, y + 0.5];
      if ((nearestEdge(outlines(one), true, p)?.distance ?? 0) < 1e-6) return;
      expect(hits({ shape: one }, p, 1e-9)).toBe(at(fillPolygon(outlines(one), image), x, y));
    }), { numRuns: 200 });
  });

  it("have points beside them", () => {
    near(beside([5, 5], -90, 10), [5, -5], 0);
    fc.assert(fc.property(point, rotation, side, (p, along, far) => {
      const other = beside(p, along, far);
      expect(distance(p, other)).toBeCloseTo(far, 9);
      expect(Math.abs(degrees(angle(p, other) - along))).toBeLessThan(1e-6);
      near(rotate(beside(p, 0, far), p, along), other);
    }));
  });
});
