/** What of a selected shape can be taken hold of: handles of boxes, points of polygons, lines and skeletons. */
import type { Keypoints, Polygon } from "../core/protocol";
import { beside, degrees, distance, type Handle, handles, type Place, pointAt, resize, rings, rotate } from "./geometry";
import type { Drawn, Point, Shape } from "./types";

export interface Grip {
  readonly kind: "handle" | "turn" | "point" | "middle";
  /** Of a handle, clockwise from the top left corner; of a point, through all rings; of a middle, the point before it. */
  readonly index: number;
  readonly at: Point;
}

/** Screen pixels from a box to the handle that turns it. */
const AWAY = 22;
/** Edges that are shorter on the screen show no middle. */
const LEAST_EDGE = 30;

export function gripsOf({ shape }: Drawn, scale: number, turns: boolean): Grip[] {
  const grips: Grip[] = [];
  if (shape.kind === "box") {
    const all = handles(shape);
    all.forEach((at, index) => grips.push({ kind: "handle", index, at }));
    if (turns) grips.push({ kind: "turn", index: 8, at: beside(all[1] as Point, (shape.rotation ?? 0) - 90, AWAY / scale) });
  } else if (shape.kind === "keypoints") {
    shape.points.forEach(([x, y, visible], index) => {
      if (visible) grips.push({ kind: "point", index, at: [x, y] });
    });
  } else if (shape.kind === "polygon") {
    let index = 0;
    const middles: Grip[] = [];
    for (const ring of rings(shape)) {
      ring.forEach(([x, y], n) => {
        const next = ring[n + 1] ?? (shape.closed === false ? undefined : ring[0]);
        if (next && distance([x, y], next) * scale > LEAST_EDGE) {
          middles.push({ kind: "middle", index, at: [(x + next[0]) / 2, (y + next[1]) / 2] });
        }
        grips.push({ kind: "point", index, at: [x, y] });
        index += 1;
      });
    }
    grips.push(...middles);
  }
  return grips;
}

/** The nearest one within reach; of a point and a middle alike near, the point. */
export function gripAt(grips: readonly Grip[], at: Point, reach: number): Grip | undefined {
  let found: Grip | undefined;
  let far = reach;
  for (const grip of grips) {
    const away = distance(grip.at, at);
    if (away < far) [found, far] = [grip, away];
  }
  return found;
}

/** A shape with a grip dragged to a point. */
export function dragged(shape: Shape, { kind, index }: Grip, to: Point, { shift = false, alt = false } = {}): Shape {
  if (shape.kind === "box") {
    return kind === "turn" ? pointAt(shape, to, shift ? 15 : 0) : resize(shape, index as Handle, to, { ratio: shift, middle: alt });
  }
  return shape.kind === "mask" ? shape : withPoint(shape, index, to);
}

/** With one point moved, through all rings; of keypoints also made visible. */
export function withPoint<S extends Polygon | Keypoints>(shape: S, index: number, to: Point): S {
  if (shape.kind === "keypoints") {
    return { ...shape, points: shape.points.map((point, n) => n === index ? [...to, point[2] || 2] : point) };
  }
  return edited(shape as Polygon, index, (ring, n) => ring.splice(n, 1, [...to])) as S;
}

/** A polygon with a point more after one of them; its index is the one after. */
export function withMore(shape: Polygon, index: number, at: Point): Polygon {
  return edited(shape, index, (ring, n) => ring.splice(n + 1, 0, [...at]));
}

/** A polygon or line with a point less; a hole that has only three goes with it, an outline cannot. */
export function withLess(shape: Polygon, index: number): Polygon | undefined {
  let lost = false;
  const least = shape.closed === false ? 2 : 3;
  const made = edited(shape, index, (ring, n, hole) => {
    if (ring.length > least) ring.splice(n, 1);
    else if (hole) ring.length = 0;
    else lost = true;
  });
  return lost ? undefined : made;
}

function edited(shape: Polygon, index: number, change: (ring: Place[], n: number, hole: boolean) => void): Polygon {
  let start = 0;
  const made = rings(shape).map((ring, which) => {
    const copy: Place[] = [...ring];
    if (index >= start && index < start + ring.length) change(copy, index - start, which > 0);
    start += ring.length;
    return copy as unknown as [number, number][];
  });
  const [points, ...holes] = made as [[number, number][], ...[number, number][][]];
  return { ...shape, points, ...(shape.holes && { holes: holes.filter((hole) => hole.length > 0) }) };
}

/** A shape turned about its middle; what has no direction stays as it is. */
export function turned(shape: Shape, by: number, centre: Point): Shape {
  if (shape.kind === "box") return { ...shape, rotation: degrees((shape.rotation ?? 0) + by) };
  if (shape.kind !== "polygon") return shape;
  const all = (ring: readonly Place[]): [number, number][] => ring.map((point) => [...rotate(point, centre, by)]);
  return { ...shape, points: all(shape.points), ...(shape.holes && { holes: shape.holes.map(all) }) };
}
