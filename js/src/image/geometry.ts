/** Shapes as annotations: where they are, how they are changed by hand, what is hit. */
import type { Keypoints, Polygon } from "../core/protocol";
import { at, crop } from "./bitmap";
import {
  angle, centre, clampPoint, clipRing, contains, distance, fromPoints, holds, inPolygon, inflate, intersection, lineLength, nearLine, outward,
  type Place, polygonArea, rect, type Ring, rotate, type Size, turn, whole,
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
  return box.rotation ? rotate(point, centre(box), -box.rotation) : [point[0], point[1]];
}

/** A point in the box's own axes as one of the image. */
export function fromLocal(box: Turned, point: Place): Point {
  return box.rotation ? rotate(point, centre(box), box.rotation) : [point[0], point[1]];
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
  const [right, down] = HANDLES[handle];
  const [cx, cy] = centre(box);
  const [px, py] = toLocal(box, to);
  const times = middle ? 2 : 1;
  // from what stays to the pointer; negative if it has turned over
  let width = right ? (right * (px - cx) + (middle ? 0 : box.width / 2)) * times : box.width;
  let height = down ? (down * (py - cy) + (middle ? 0 : box.height / 2)) * times : box.height;
  if (ratio && box.width && box.height) {
    const scale = Math.max(right ? Math.abs(width / box.width) : 0, down ? Math.abs(height / box.height) : 0);
    width = box.width * scale * (Math.sign(width) || 1);
    height = box.height * scale * (Math.sign(height) || 1);
  }
  const [mx, my] = fromLocal(box, middle ? [cx, cy] : [
    cx + right * (width - box.width) / 2,
    cy + down * (height - box.height) / 2,
  ]);
  return { ...box, ...rect(mx - Math.abs(width) / 2, my - Math.abs(height) / 2, Math.abs(width), Math.abs(height)) };
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
  const [cx, cy] = rotate([a[0] + width / 2, a[1] + away / 2], a, rotation);
  return { ...rect(cx - width / 2, cy - Math.abs(away) / 2, width, Math.abs(away)), rotation };
}

/** The rings of a polygon: the outer one, then its holes. */
export function rings({ points, holes = [] }: Polygon): Point[][] {
  return [points, ...holes];
}

/** The points of keypoints that are there. */
function present({ points }: Keypoints): Ring {
  return points.filter(([, , visible]) => visible > 0);
}

/** The points of a shape that others snap to: corners, vertices, keypoints that are there. */
export function vertices(shape: Shape): Ring {
  return shape.kind === "box" ? corners(shape)
    : shape.kind === "polygon" ? rings(shape).flat()
      : shape.kind === "keypoints" ? present(shape) : [];
}

/** The smallest upright rectangle around a shape, all 0 if nothing of it is there. */
export function bounds(shape: Shape): Rect {
  if (shape.kind === "mask") return runBounds(shape.size, shape.counts);
  if (shape.kind === "box" && !shape.rotation) return rect(shape.x, shape.y, shape.width, shape.height);
  return fromPoints(shape.kind === "polygon" ? shape.points : vertices(shape));
}

/** The area of a shape in pixels; 0 for lines and points. */
export function area(shape: Shape): number {
  switch (shape.kind) {
    case "box": return shape.width * shape.height;
    case "polygon": return shape.closed === false ? 0 : polygonArea(shape.points, shape.holes);
    case "mask": return shape.counts.reduce((sum, n, index) => sum + (index % 2 ? n : 0), 0);
    default: return 0;
  }
}

/** How large a shape is, in short pieces of text. */
export function measure(shape: Shape): string[] {
  const number = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
  const { width, height } = shape.kind === "box" ? shape : bounds(shape);
  const pieces = [`${number(width)} × ${number(height)}`];
  if (shape.kind === "box" && shape.rotation) pieces.push(`${number(shape.rotation)}°`);
  if (shape.kind === "keypoints") return [`${present(shape).length} of ${shape.points.length} points`];
  if (shape.kind === "polygon") pieces.push(`${number(rings(shape).flat().length)} points`);
  pieces.push(shape.kind === "polygon" && shape.closed === false
    ? `${number(lineLength(shape.points, false))} px`
    : `${number(area(shape))} px²`);
  return pieces;
}

/** Polygons and keypoints with every point changed. */
export function mapPoints<S extends Polygon | Keypoints>(shape: S, change: (point: Place) => Point): S {
  const all = (points: Ring): Place[] => points.map((point) => [...change(point), ...point.slice(2)] as unknown as Place);
  const holes = shape.kind === "polygon" && shape.holes;
  return { ...shape, points: all(shape.points), ...(holes && { holes: holes.map(all) }) } as S;
}

/** A shape moved; a mask by whole pixels, what leaves its image is cut off. */
export function translate<S extends Shape>(shape: S, dx: number, dy: number): S {
  if (shape.kind === "box") return { ...shape, x: shape.x + dx, y: shape.y + dy };
  if (shape.kind !== "mask") return mapPoints(shape, ([x, y]) => [x + dx, y + dy]) as S;
  const found = bitmapOf(shape);
  const moved = { ...found, x: found.x + Math.round(dx), y: found.y + Math.round(dy) };
  return { ...shape, counts: encode(moved, shape.size) };
}

/**
 * A shape as far as it is in the image; undefined if nothing of it is.
 *
 * Upright boxes and polygons are clipped, lines and points are moved to the edge, rotated boxes are kept whole.
 */
export function clip<S extends Shape>(shape: S, size: Size): S | undefined;
export function clip(shape: Shape, size: Size): Shape | undefined {
  const image = whole(size);
  if (shape.kind === "mask") return area(shape) ? shape : undefined;
  if (shape.kind === "box") {
    if (shape.rotation) return polygonArea(clipRing(corners(shape), size)) > 0 ? shape : undefined;
    const inside = intersection(shape, image);
    return inside.width && inside.height ? { ...shape, ...inside } : undefined;
  }
  if (contains(image, bounds(shape))) return shape;
  if (shape.kind === "keypoints" || shape.closed === false) return mapPoints(shape, (point) => clampPoint([point[0], point[1]], size));
  const [points, ...holes] = rings(shape).map((ring) => clipRing(ring, size) as Point[]).filter((ring, n) => n === 0 || polygonArea(ring));
  if (!points || !polygonArea(points)) return undefined;
  return { ...shape, points: points as [number, number][], ...(shape.holes && { holes: holes as [number, number][][] }) };
}

/** Whether a point is in a shape, or at most `tolerance` from its outline; `filled` is false where only outlines are to be hit. */
export function hits({ shape, edges, bitmap }: Pick<Drawn, "shape" | "edges" | "bitmap">, point: Place, tolerance: number, filled = true): boolean {
  const near = (a: Place | undefined, b: Place | undefined): boolean => !!a && !!b && nearLine([a, b], false, point, tolerance);
  switch (shape.kind) {
    case "box": {
      const local = toLocal(shape, point);
      return filled && holds(shape, local)
        || holds(inflate(shape, tolerance), local) && nearLine(corners({ ...shape, rotation: 0 }), true, local, tolerance);
    }
    case "polygon": {
      const closed = shape.closed !== false;
      const all = rings(shape);
      return closed && filled && inPolygon(point, all) || all.some((ring) => near(ring[0], ring[0]) || nearLine(ring, closed, point, tolerance));
    }
    case "keypoints": {
      const there = (n: number): Place | undefined => shape.points[n]?.[2] ? shape.points[n] : undefined;
      return shape.points.some((_, n) => near(there(n), there(n))) || !!edges?.some(([a, b]) => near(there(a), there(b)));
    }
    case "mask": {
      const region = bitmap ?? bitmapOf(shape);
      const [x, y] = point;
      return at(region, Math.floor(x), Math.floor(y))
        || crop(region, intersection(outward(inflate(rect(x, y, 0, 0), tolerance)), region)).data.includes(1);
    }
  }
}

/** A point at `along` degrees and a distance from another: where the handle for turning a box is. */
export function beside([x, y]: Place, along: number, far: number): Point {
  const [cos, sin] = turn(along);
  return [x + cos * far, y + sin * far];
}
