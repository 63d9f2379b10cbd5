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

/** The whole of an image. */
export function whole(size: Size): Rect {
  return rect(0, 0, size.width, size.height);
}

/** The smallest rectangle around points, all 0 without any. */
export function fromPoints(points: Ring): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = min(left, x);
    right = max(right, x);
    top = min(top, y);
    bottom = max(bottom, y);
  }
  return points.length > 0 ? rect(left, top, right - left, bottom - top) : rect(0, 0, 0, 0);
}

/** The smallest rectangle around two; one without width and height does not count. */
export function union(a: Rect, b: Rect): Rect {
  if (!a.width && !a.height) return b;
  if (!b.width && !b.height) return a;
  const x = min(a.x, b.x);
  const y = min(a.y, b.y);
  return rect(x, y, max(a.x + a.width, b.x + b.width) - x, max(a.y + a.height, b.y + b.height) - y);
}

/** What two rectangles share, without width or height where that is nothing. */
export function intersection(a: Rect, b: Rect): Rect {
  const x = max(a.x, b.x);
  const y = max(a.y, b.y);
  return rect(x, y, min(a.x + a.width, b.x + b.width) - x, min(a.y + a.height, b.y + b.height) - y);
}

/** Whether two rectangles share an area. */
export function intersects(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Whether `inner` lies in `outer`, edges included. */
export function contains(outer: Rect, inner: Rect): boolean {
  return inner.x >= outer.x && inner.y >= outer.y
    && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
}

/** Whether a point lies in a rectangle or on its edge. */
export function holds(outer: Rect, [x, y]: Place): boolean {
  return x >= outer.x && y >= outer.y && x <= outer.x + outer.width && y <= outer.y + outer.height;
}

/** A rectangle with a margin on every side; a negative one shrinks it. */
export function inflate(a: Rect, by: number): Rect {
  return rect(a.x - by, a.y - by, a.width + 2 * by, a.height + 2 * by);
}

/** The smallest rectangle of whole pixels (or tiles of a side) around one. */
export function outward(a: Rect, side = 1): Rect {
  const x = floor(a.x / side) * side;
  const y = floor(a.y / side) * side;
  return rect(x, y, ceil((a.x + a.width) / side) * side - x, ceil((a.y + a.height) / side) * side - y);
}

/** The middle of a rectangle. */
export function centre(a: Rect): Point {
  return [a.x + a.width / 2, a.y + a.height / 2];
}

/** A step made as short as it must be for a rectangle to stay in the image, if it fits. */
export function held(a: Rect, dx: number, dy: number, size: Size): Point {
  return [clamp(a.x + dx, 0, size.width - a.width) - a.x, clamp(a.y + dy, 0, size.height - a.height) - a.y];
}

/** A number kept between two. */
export function clamp(value: number, low: number, high: number): number {
  return max(low, min(value, high));
}

/** A point kept in the image, whatever comes after its x and y. */
export function clampPoint<P extends Place>(point: P, size: Size): P {
  const [x, y, ...more] = point;
  return [clamp(x, 0, size.width), clamp(y, 0, size.height), ...more] as Place as P;
}

/** Cosine and sine, exact for quarter turns. */
export function turn(degrees: number): Point {
  const [cos, sin] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
  return degrees % 90 ? [cos, sin] : [Math.round(cos), Math.round(sin)];
}

/** A point turned clockwise about another. */
export function rotate([x, y]: Place, [cx, cy]: Place, degrees: number): Point {
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
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  const along = square ? clamp(((x - ax) * dx + (y - ay) * dy) / square, 0, 1) : 0;
  return [ax + along * dx, ay + along * dy];
}

/** Calls back for every edge until one is what was looked for. */
function edges(ring: Ring, closed: boolean, found: (a: Place, b: Place, index: number) => unknown): boolean {
  return ring.some((a, index) => {
    const b = ring[index + 1] ?? (closed ? ring[0] : undefined);
    return b && found(a, b, index) === true;
  });
}

/** The edge nearest to a point; a ring of one point has none. */
export function nearestEdge(rings: readonly Ring[], closed: boolean, p: Place): Nearest | undefined {
  let best: Nearest | undefined;
  rings.forEach((points, ring) => edges(points, closed, (a, b, index) => {
    const point = onSegment(p, a, b);
    const far = distance(p, point);
    if (!best || far < best.distance) best = { ring, index, point, distance: far };
  }));
  return best;
}

/** The vertex nearest to a point. */
export function nearestVertex(rings: readonly Ring[], p: Place): Nearest | undefined {
  let best: Nearest | undefined;
  rings.forEach((points, ring) => points.forEach((point, index) => {
    const far = distance(p, point);
    if (!best || far < best.distance) best = { ring, index, point: [point[0], point[1]], distance: far };
  }));
  return best;
}

/** Whether a point is at most `tolerance` from a line. */
export function nearLine(ring: Ring, closed: boolean, p: Place, tolerance: number): boolean {
  return edges(ring, closed, (a, b) => distance(p, onSegment(p, a, b)) <= tolerance);
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

/** Whether a point is inside of rings by the even-odd rule. */
export function inPolygon([x, y]: Place, rings: readonly Ring[]): boolean {
  let inside = false;
  for (const ring of rings) {
    edges(ring, true, ([ax, ay], [bx, by]) => {
      if (ay <= y !== by <= y && x >= ax + (y - ay) * ((bx - ax) / (by - ay))) inside = !inside;
    });
  }
  return inside;
}

/** Ramer–Douglas–Peucker: leaves out points that are at most `tolerance` from the line; a ring keeps three. */
export function simplify<P extends Place>(ring: readonly P[], tolerance: number, closed: boolean): P[] {
  const least = closed ? 3 : 2;
  if (ring.length <= least) return [...ring];
  const line = closed ? [...ring, ring[0] as P] : ring;
  const last = line.length - 1;
  const kept = new Uint8Array(line.length);
  kept[0] = kept[last] = 1;
  const farthest = (from: number, to: number): readonly [number, number] => {
    let [index, far] = [from, -1];
    for (let at = from + 1; at < to; at++) {
      const p = line[at] as P;
      const away = distance(p, onSegment(p, line[from] as P, line[to] as P));
      if (away > far) [index, far] = [at, away];
    }
    return [index, far];
  };
  const todo: [number, number][] = [[0, last]];
  if (closed) { // two corners that stay, and a third one
    const [middle] = farthest(0, last);
    const [[a, far], [b, farther]] = [farthest(0, middle), farthest(middle, last)];
    const third = farther > far ? b : a;
    kept[middle] = kept[third] = 1;
    const stops = [0, middle, third, last].sort((one, other) => one - other);
    todo.splice(0, 1, ...stops.slice(1).map((stop, n): [number, number] => [stops[n] as number, stop]));
  }
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [from, to] = next;
    const [index, far] = farthest(from, to);
    if (far <= tolerance) continue;
    kept[index] = 1;
    todo.push([from, index], [index, to]);
  }
  return ring.filter((_, index) => kept[index]);
}

/** The part of a ring in the image (Sutherland–Hodgman); the same ring if all of it is. */
export function clipRing(ring: Ring, size: Size): Ring {
  const image = whole(size);
  if (ring.every((point) => holds(image, point))) return ring;
  let points: Ring = ring;
  for (const [axis, limit, sign] of [[0, 0, 1], [0, size.width, -1], [1, 0, 1], [1, size.height, -1]] as const) {
    const inside = (point: Place): boolean => (point[axis] - limit) * sign >= 0;
    const made: Place[] = [];
    edges(points, true, (a, b) => {
      if (inside(a)) made.push(a);
      if (inside(a) === inside(b)) return;
      const along = (limit - a[axis]) / (b[axis] - a[axis]);
      const other = a[1 - axis as 0 | 1] + along * (b[1 - axis as 0 | 1] - a[1 - axis as 0 | 1]);
      made.push(axis ? [other, limit] : [limit, other]);
    });
    points = made;
  }
  return points.filter(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] as Place;
    return x !== nextX || y !== nextY;
  });
}
