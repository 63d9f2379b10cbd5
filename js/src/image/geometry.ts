/** Shapes as annotations: where they are, how they are changed by hand, what is hit. */
import type { Keypoints, Polygon } from "../core/protocol";
import { crop } from "./bitmap";
import {
  about, angle, centre, clampPoint, clipRing, contains, distance, fromPoints, hasArea, holds, inPolygon, intersection, lineLength, nearestEdge,
  outward, type Place, polygonArea, type Ring, rotate, type Size, turn, whole,
} from "./plane";
import { bitmapOf, encode, runBounds } from "./rle";
import type { Drawn, Point, Rect, Shape } from "./types";

export * from "./plane";

/** A rectangle, turned clockwise about its centre. */
export type Turned = Rect & { readonly rotation?: number };

/** One of a box's eight handles, clockwise from its top left corner: the even ones are corners. */
export type Handle = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Where each handle is, from the centre, in half widths and heights. */
const HANDLES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]] as const;

/** A point of the image in the box's own axes, in which it is upright where it stands. */
export function toLocal(box: Turned, point: Place): Point {
  return rotate(point, centre(box), -(box.rotation ?? 0));
}

/** A point in the box's own axes as one of the image. */
export function fromLocal(box: Turned, point: Place): Point {
  return rotate(point, centre(box), box.rotation ?? 0);
}

/** Where the eight handles are. */
export function handles(box: Turned): Point[] {
  const { x, y, width, height } = box;
  return HANDLES.map(([right, down]) => fromLocal(box, [x + width * (right + 1) / 2, y + height * (down + 1) / 2]));
}

/** The four corners, clockwise from the top left one. */
export function corners(box: Turned): Point[] {
  return handles(box).filter((_, n) => n % 2 === 0);
}

/** A box with one handle dragged to a point; what is opposite (or the centre) stays where it is. It may turn over. */
export function resize<B extends Turned>(
  box: B, handle: Handle, to: Place, { ratio = false, middle = false }: { ratio?: boolean; middle?: boolean } = {},
): B {
  const pull = HANDLES[handle];
  const about0 = centre(box);
  const pointer = toLocal(box, to);
  const before: Point = [box.width, box.height];
  // along each axis from what stays to the pointer; negative if it has turned over
  const after = ([0, 1] as const).map((axis) => {
    const size = before[axis];
    const from = pull[axis] * (pointer[axis] - about0[axis]);
    return pull[axis] ? middle ? from * 2 : from + size / 2 : size;
  }) as [number, number];
  if (ratio && hasArea(box)) {
    const scale = Math.max(...([0, 1] as const).map((axis) => pull[axis] && Math.abs(after[axis] / before[axis])));
    for (const axis of [0, 1] as const) after[axis] = before[axis] * scale * (Math.sign(after[axis]) || 1);
  }
  const [width, height] = after;
  const still = middle ? 0 : 0.5;
  const moved = fromLocal(box, [
    about0[0] + pull[0] * (width - box.width) * still,
    about0[1] + pull[1] * (height - box.height) * still,
  ]);
  return { ...box, ...about(moved, Math.abs(width), Math.abs(height)) };
}

/** Degrees from -180 (included) to 180. */
export function degrees(value: number): number {
  return ((value + 180) % 360 + 360) % 360 - 180;
}

/** A box turned so that its top points to where the pointer is, in steps of `snap` degrees if above 0. */
export function pointAt<B extends Turned>(box: B, to: Place, snap = 0): B {
  const free = angle(centre(box), to) + 90;
  return { ...box, rotation: degrees(snap > 0 ? Math.round(free / snap) * snap : free) };
}

/** A rotated box from the two ends of an edge and a point that its opposite edge goes through. */
export function fromEdge(a: Place, b: Place, c: Place): Required<Turned> {
  const rotation = degrees(angle(a, b));
  const width = distance(a, b);
  const away = rotate(c, a, -rotation)[1] - a[1];
  return { ...about(rotate([a[0] + width / 2, a[1] + away / 2], a, rotation), width, Math.abs(away)), rotation };
}

/** The rings of a polygon: the outer one, then its holes. */
export function rings({ points, holes = [] }: Polygon): Point[][] {
  return [points, ...holes];
}

/** The points of a shape that others snap to: corners, vertices, keypoints that are there. */
export function vertices(shape: Shape): Ring {
  return shape.kind === "box" ? corners(shape)
    : shape.kind === "polygon" ? rings(shape).flat()
      : shape.kind === "keypoints" ? shape.points.filter(([, , visible]) => visible) : [];
}

/** The smallest upright rectangle around a shape, all 0 if nothing of it is there. */
export function bounds(shape: Shape): Rect {
  if (shape.kind === "mask") return runBounds(shape.size, shape.counts);
  if (shape.kind !== "box" || shape.rotation) return fromPoints(shape.kind === "polygon" ? shape.points : vertices(shape));
  const { x, y, width, height } = shape;
  return { x, y, width, height };
}

/** Whether a polygon is a line. */
export function isLine(shape: Shape): boolean {
  return shape.kind === "polygon" && shape.closed === false;
}

/** The area of a shape in pixels; 0 for lines and points. */
export function area(shape: Shape): number {
  return shape.kind === "box" ? shape.width * shape.height
    : shape.kind === "mask" ? shape.counts.reduce((sum, n, index) => sum + index % 2 * n, 0)
      : shape.kind === "polygon" && !isLine(shape) ? polygonArea(shape.points, shape.holes) : 0;
}

/** How large a shape is, in short pieces of text. */
export function measure(shape: Shape): string[] {
  const text = (value: number, unit: string): string => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 }) + unit;
  const { length } = vertices(shape);
  const points = text(length, length === 1 ? " point" : " points");
  if (shape.kind === "keypoints") return [points];
  const box = shape.kind === "box";
  const { width, height } = box ? shape : bounds(shape);
  return [
    `${text(width, "")} × ${text(height, "")}`,
    ...box && shape.rotation ? [text(shape.rotation, "°")] : shape.kind === "polygon" ? [points] : [],
    isLine(shape) ? text(lineLength(vertices(shape), false), " px") : text(area(shape), " px²"),
  ];
}

/** Polygons and keypoints with every point changed. */
export function mapPoints<S extends Polygon | Keypoints>(shape: S, change: (point: Place) => Point): S {
  const all = (points: Ring): unknown[] => points.map((point) => [...change(point), ...point.slice(2)]);
  const holes = "holes" in shape && shape.holes;
  return { ...shape, points: all(shape.points), ...holes && { holes: holes.map(all) } } as S;
}

/** A shape moved; a mask by whole pixels, what leaves its image is cut off. */
export function translate<S extends Shape>(shape: S, dx: number, dy: number): S {
  if (shape.kind === "box") return { ...shape, x: shape.x + dx, y: shape.y + dy };
  if (shape.kind !== "mask") return mapPoints(shape, ([x, y]) => [x + dx, y + dy]) as S;
  const region = bitmapOf(shape);
  return { ...shape, counts: encode({ ...region, x: region.x + Math.round(dx), y: region.y + Math.round(dy) }, shape.size) };
}

/**
 * A shape as far as it is in the image; undefined if nothing of it is.
 *
 * Upright boxes and polygons are clipped, lines and points are moved to the edge, rotated boxes are kept whole.
 */
export function clip<S extends Shape>(shape: S, size: Size): S | undefined;
export function clip(shape: Shape, size: Size): Shape | undefined {
  if (shape.kind === "mask") return area(shape) ? shape : undefined;
  if (shape.kind === "box" && !shape.rotation) {
    const inside = intersection(shape, whole(size));
    return hasArea(inside) ? { ...shape, ...inside } : undefined;
  }
  if (contains(whole(size), bounds(shape))) return shape;
  if (shape.kind === "keypoints" || isLine(shape)) return mapPoints(shape as Polygon, (point) => clampPoint(point, size));
  const [points = [], ...holes] = (shape.kind === "box" ? [corners(shape)] : rings(shape)).map((ring) => clipRing(ring, size));
  if (!polygonArea(points)) return undefined;
  return shape.kind === "box" ? shape : { ...shape, points, ...shape.holes && { holes: holes.filter((hole) => polygonArea(hole)) } } as Polygon;
}

/** Whether a point is in a shape, or at most `tolerance` from its outline; `filled` is false where only outlines are to be hit. */
export function hits({ shape, edges = [], bitmap }: Pick<Drawn, "shape" | "edges" | "bitmap">, point: Place, tolerance: number, filled = true): boolean {
  if (shape.kind === "mask") {
    const region = bitmap ?? bitmapOf(shape);
    return crop(region, intersection(outward(about(point, 2 * tolerance, 2 * tolerance)), region)).data.includes(1);
  }
  const near = (lines: readonly Ring[], closed: boolean): boolean => (nearestEdge(lines, closed, point)?.distance ?? Infinity) <= tolerance;
  if (shape.kind === "keypoints") {
    const there = [...shape.points.map((_, n) => [n, n] as const), ...edges].map(([a, b]) => [shape.points[a], shape.points[b]] as const);
    return near(there.filter((pair): pair is [[number, number, number], [number, number, number]] => pair.every((one) => one?.[2])), false);
  }
  const outlines = shape.kind === "box" ? [corners(shape)] : rings(shape);
  const inside = shape.kind === "box" ? holds(shape, toLocal(shape, point)) : inPolygon(point, outlines);
  return filled && inside && !isLine(shape) || near(outlines, !isLine(shape));
}

/** A point in a direction (degrees clockwise, 0 to the right) and at a distance from another. */
export function beside([x, y]: Place, along: number, far: number): Point {
  const [cos, sin] = turn(along);
  return [x + cos * far, y + sin * far];
}
