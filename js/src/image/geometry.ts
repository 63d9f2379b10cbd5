/** Shapes as annotations: where they are, how they are changed by hand, what is hit. */
import type { Box, Keypoints, Polygon } from "../core/protocol";
import { crop } from "./bitmap";
import {
  about, angle, centre, clampPoint, clipRing, contains, distance, fromPoints, hasArea, holds, inPolygon, intersection, lineLength,
  nearestEdge, outward, type Place, polygonArea, type Ring, rotate, type Size, turn, whole,
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
  const from = centre(box);
  const pointer = toLocal(box, to);
  const before = [box.width, box.height] as const;
  const axes = [0, 1] as const;
  // along each axis from what stays to the pointer; negative if it has turned over
  const after = axes.map((axis) => {
    const far = pull[axis] * (pointer[axis] - from[axis]);
    return !pull[axis] ? before[axis] : middle ? far * 2 : far + before[axis] / 2;
  }) as [number, number];
  if (ratio && hasArea(box)) {
    const scale = Math.max(...axes.map((axis) => pull[axis] && Math.abs(after[axis] / before[axis])));
    for (const axis of axes) after[axis] = before[axis] * scale * (Math.sign(after[axis]) || 1);
  }
  const [x, y] = axes.map((axis) => from[axis] + (middle ? 0 : pull[axis] * (after[axis] - before[axis]) / 2)) as [number, number];
  return { ...box, ...about(fromLocal(box, [x, y]), Math.abs(after[0]), Math.abs(after[1])) };
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

/** The rings that a box or a polygon consists of. */
export function outlines(shape: Box | Polygon): Point[][] {
  return shape.kind === "box" ? [corners(shape)] : rings(shape);
}

/** The points of a shape that others snap to: corners, vertices, keypoints that are there. */
export function vertices(shape: Shape): Ring {
  return shape.kind === "mask" ? []
    : shape.kind === "keypoints" ? shape.points.filter(([, , visible]) => visible) : outlines(shape).flat();
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
  const text = (value: number, unit: string): string =>
    value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 }) + unit;
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
  const [points = [], ...holes] = outlines(shape as Box | Polygon).map((ring) => clipRing(ring, size));
  if (!polygonArea(points)) return undefined;
  if (shape.kind === "box") return shape;
  return { ...shape, points, ...shape.holes && { holes: holes.filter((hole) => polygonArea(hole)) } } as Polygon;
}

/** Whether a point is in a shape, or at most `tolerance` from its outline; only the outline counts unless it is `filled`. */
export function hits(
  { shape, edges = [], bitmap }: Pick<Drawn, "shape" | "edges" | "bitmap">, point: Place, tolerance: number, filled = true,
): boolean {
  if (shape.kind === "mask") {
    const region = bitmap ?? bitmapOf(shape);
    return crop(region, intersection(outward(about(point, 2 * tolerance, 2 * tolerance)), region)).data.includes(1);
  }
  const near = (lines: readonly Ring[], closed: boolean): boolean =>
    (nearestEdge(lines, closed, point)?.distance ?? Infinity) <= tolerance;
  if (shape.kind === "keypoints") {
    const { points } = shape;
    const pairs = [...points.map((_, n) => [n, n] as const), ...edges];
    return near(pairs.filter((pair) => pair.every((n) => points[n]?.[2])).map((pair) => pair.map((n) => points[n] as Place)), false);
  }
  const inside = shape.kind === "box" ? holds(shape, toLocal(shape, point)) : inPolygon(point, rings(shape));
  return filled && inside && !isLine(shape) || near(outlines(shape), !isLine(shape));
}

/** A point in a direction (degrees clockwise, 0 to the right) and at a distance from another. */
export function beside([x, y]: Place, along: number, far: number): Point {
  const [cos, sin] = turn(along);
  return [x + cos * far, y + sin * far];
}
