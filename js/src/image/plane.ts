/** Points, upright rectangles and rings of points: plain numbers, no annotations. */
import type { Point, Rect } from "./types";

/** A point with whatever comes after its x and y: keypoints have a third number. */
export type Place = readonly [number, number, ...number[]];
export type Ring = readonly Place[];
export type Size = Pick<Rect, "width" | "height">;

/** Where a ring (0 is the outer one) is nearest: `index` is the vertex, or the one that the edge starts from. */
export interface Nearest {
  readonly ring: number;
  readonly index: number;
  readonly point: Point;
  readonly distance: number;
}

const { abs, ceil, floor, hypot, max, min } = Math;

/** A rectangle; never of negative size. */
export function rect(x: number, y: number, width: number, height: number): Rect {
  return { x, y, width: max(width, 0), height: max(height, 0) };
}

/** A rectangle of a size about its centre. */
export function about([x, y]: Place, width: number, height: number): Rect {
  return rect(x - width / 2, y - height / 2, width, height);
}

/** The whole of an image. */
export function whole({ width, height }: Size): Rect {
  return rect(0, 0, width, height);
}

/** The first and the last corner. */
function ends({ x, y, width, height }: Rect): [Point, Point] {
  return [[x, y], [x + width, y + height]];
}

/** The smallest rectangle around points, all 0 without any. */
export function fromPoints(points: Ring): Rect {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (const [x, y] of points) {
    left = min(left, x);
    right = max(right, x);
    top = min(top, y);
    bottom = max(bottom, y);
  }
  return points[0] ? rect(left, top, right - left, bottom - top) : rect(0, 0, 0, 0);
}

/** The smallest rectangle around two; one without width and height does not count. */
export function union(a: Rect, b: Rect): Rect {
  return fromPoints([a, b].filter(({ width, height }) => width || height).flatMap(ends));
}

/** What two rectangles share, without width or height where that is nothing. */
export function intersection(a: Rect, b: Rect): Rect {
  const x = max(a.x, b.x);
  const y = max(a.y, b.y);
  return rect(x, y, min(a.x + a.width, b.x + b.width) - x, min(a.y + a.height, b.y + b.height) - y);
}

/** Whether a rectangle has an area. */
export function hasArea({ width, height }: Rect): boolean {
  return width * height > 0;
}

/** Whether a rectangle reaches into another one; it may be a point. */
export function intersects(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Whether a point lies in a rectangle or on its edge. */
export function holds({ x, y, width, height }: Rect, [px, py]: Place): boolean {
  return px >= x && py >= y && px <= x + width && py <= y + height;
}

/** Whether `inner` lies in `outer`, edges included. */
export function contains(outer: Rect, inner: Rect): boolean {
  return ends(inner).every((corner) => holds(outer, corner));
}

/** A rectangle with a margin on every side; a negative one shrinks it. */
export function inflate({ x, y, width, height }: Rect, by: number): Rect {
  return rect(x - by, y - by, width + 2 * by, height + 2 * by);
}

/** The smallest rectangle of whole pixels (or tiles of a side) around one. */
export function outward(a: Rect, side = 1): Rect {
  const [[x, y], [right, bottom]] = ends(a);
  return fromPoints([[floor(x / side) * side, floor(y / side) * side], [ceil(right / side) * side, ceil(bottom / side) * side]]);
}

/** The middle of a rectangle. */
export function centre({ x, y, width, height }: Rect): Point {
  return [x + width / 2, y + height / 2];
}

/** A step made as short as it must be for a rectangle to stay in the image, if it fits. */
export function held({ x, y, width, height }: Rect, dx: number, dy: number, size: Size): Point {
  return [clamp(dx, -x, size.width - width - x), clamp(dy, -y, size.height - height - y)];
}

/** A number kept between two. */
export function clamp(value: number, low: number, high: number): number {
  return max(low, min(value, high));
}

/** A point kept in the image. */
export function clampPoint([x, y]: Place, { width, height }: Size): Point {
  return [clamp(x, 0, width), clamp(y, 0, height)];
}

/** Cosine and sine, exact for quarter turns. */
export function turn(degrees: number): Point {
  const radians = degrees * Math.PI / 180;
  const exact = degrees % 90 ? (value: number) => value : Math.round;
  return [exact(Math.cos(radians)), exact(Math.sin(radians))];
}

/** A point turned clockwise about another. */
export function rotate([x, y]: Place, [cx, cy]: Place, degrees: number): Point {
  if (!degrees) return [x, y];
  const [cos, sin] = turn(degrees);
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}

/** The direction from one point to another in degrees clockwise, 0 to the right. */
export function angle([ax, ay]: Place, [bx, by]: Place): number {
  return Math.atan2(by - ay, bx - ax) * 180 / Math.PI;
}

/** From one point to another. */
export function distance([ax, ay]: Place, [bx, by]: Place): number {
  return hypot(bx - ax, by - ay);
}

/** The point of a segment that is nearest to `p`. */
export function onSegment([x, y]: Place, [ax, ay]: Place, [bx, by]: Place): Point {
  const dx = bx - ax;
  const dy = by - ay;
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return [ax + along * dx, ay + along * dy];
}

/** Calls back for every edge. */
function edges(ring: Ring, closed: boolean, visit: (a: Place, b: Place, index: number) => void): void {
  ring.forEach((a, index) => {
    const b = ring[index + 1] ?? (closed ? ring[0] : undefined);
    if (b) visit(a, b, index);
  });
}

/** The edge nearest to a point; a ring of one point has none. */
export function nearestEdge(rings: readonly Ring[], closed: boolean, p: Place, vertex = false): Nearest | undefined {
  let best: Nearest | undefined;
  rings.forEach((points, ring) => edges(points, closed, (a, b, index) => {
    const point = onSegment(p, a, vertex ? a : b);
    const far = distance(p, point);
    if (!best || far < best.distance) best = { ring, index, point, distance: far };
  }));
  return best;
}

/** The vertex nearest to a point. */
export function nearestVertex(rings: readonly Ring[], p: Place): Nearest | undefined {
  return nearestEdge(rings, true, p, true);
}

/** The area of a ring, positive if it runs clockwise on the screen. */
export function signedArea(ring: Ring): number {
  const [ox, oy] = ring[0] ?? [0, 0];
  let sum = 0;
  edges(ring, true, ([ax, ay], [bx, by]) => {
    sum += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
  });
  return sum / 2;
}

/** The area of a polygon without its holes. */
export function polygonArea(points: Ring, holes: readonly Ring[] = []): number {
  return max(holes.reduce((left, hole) => left - abs(signedArea(hole)), abs(signedArea(points))), 0);
}

/** The length of a line, or around a ring. */
export function lineLength(ring: Ring, closed: boolean): number {
  let sum = 0;
  edges(ring, closed, (a, b) => {
    sum += distance(a, b);
  });
  return sum;
}

/** Where the edges of rings cross a row, in no order. */
export function crossings(rings: readonly Ring[], y: number): number[] {
  const found: number[] = [];
  for (const ring of rings) {
    edges(ring, true, ([ax, ay], [bx, by]) => {
      if (ay <= y !== by <= y) found.push(ax + (y - ay) * ((bx - ax) / (by - ay)));
    });
  }
  return found;
}

/** Whether a point is inside of rings by the even-odd rule. */
export function inPolygon([x, y]: Place, rings: readonly Ring[]): boolean {
  return crossings(rings, y).filter((cross) => cross <= x).length % 2 === 1;
}

/** Ramer–Douglas–Peucker: leaves out points that are at most `tolerance` from the line; a ring keeps three. */
export function simplify<P extends Place>(ring: readonly P[], tolerance: number, closed: boolean): P[] {
  const line = closed ? [...ring, ring[0] as P] : ring;
  const kept = new Set([0, line.length - 1]);
  const todo: [number, number][] = [[0, line.length - 1]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [from, to] = next;
    let index = 0;
    let far = -1;
    for (let n = from + 1; n < to; n++) {
      const p = line[n] as P;
      const away = distance(p, onSegment(p, line[from] as P, line[to] as P));
      if (away > far) [index, far] = [n, away];
    }
    // the ends of a ring are one point
    if (!index || far <= tolerance && !(closed && kept.size < 4)) continue;
    kept.add(index);
    todo.push([from, index], [index, to]);
  }
  return ring.filter((_, index) => kept.has(index));
}

/** The part of a ring in the image (Sutherland–Hodgman); the same ring if all of it is. */
export function clipRing(ring: Ring, { width, height }: Size): Ring {
  let points = ring;
  for (const [axis, limit, sign] of [[0, 0, 1], [0, width, -1], [1, 0, 1], [1, height, -1]] as const) {
    const inside = (point: Place): boolean => (point[axis] - limit) * sign >= 0;
    if (points.every(inside)) continue;
    const made: Place[] = [];
    const other = 1 - axis as 0 | 1;
    edges(points, true, (a, b) => {
      if (inside(a)) made.push(a);
      if (inside(a) === inside(b)) return;
      const cross = a[other] + (limit - a[axis]) / (b[axis] - a[axis]) * (b[other] - a[other]);
      made.push(axis ? [cross, limit] : [limit, cross]);
    });
    points = made.filter((a, index) => distance(a, made[(index + 1) % made.length] as Place) > 0);
  }
  return points;
}
