/**
 * Shapes put together into as few paths as can be drawn in one go: those that look alike and lie at the same height.
 *
 * Paths are in image pixels, so they are made once and last through every pan and zoom. Of many shapes, only near ones share a path, so
 * that those out of sight cost nothing, and a shape that is taken out makes few others anew.
 */
import { corners, rings, signedArea } from "./geometry";
import { fromPoints, type Ring } from "./plane";
import type { Drawn, Rect } from "./types";

/** What a path is drawn with, besides the colour. */
export interface Look {
  readonly color: string;
  readonly suggested: boolean;
  readonly occluded: boolean;
  readonly locked: boolean;
  /** It has an inside. */
  readonly closed: boolean;
}

export interface Run extends Look {
  readonly key: string;
  readonly shapes: readonly Drawn[];
  readonly bounds: Rect;
  /** Its shapes are masks, each a picture of its own. */
  readonly mask: boolean;
  /** Outlines; made when they are drawn first. */
  path?: Path2D;
  /** Keypoints that are seen, and those that are not. */
  dots?: readonly [Path2D, Path2D];
}

/** The part of a path that outlines are made with. */
export type Outline = Pick<Path2D, "moveTo" | "lineTo" | "closePath" | "rect">;

/** From so many shapes on, only those of one cell share a path. */
const MANY = 2000;
const CELLS = 8;

/** The runs of all shapes that are shown, from bottom to top; what has not changed is taken from `old`. */
export function runsOf(shapes: readonly Drawn[], lifted: ReadonlySet<string>, [width, height]: readonly [number, number], old: readonly Run[] = []): Run[] {
  const shown = shapes.filter((one) => !one.hidden && !lifted.has(one.id));
  const level = ({ shape }: Drawn): number => shape.z ?? 0;
  if (shown.some((one) => level(one) !== 0)) shown.sort((a, b) => level(a) - level(b));
  const groups = new Map<string, Drawn[]>();
  const many = shown.length > MANY;
  const cell = (middle: number, size: number): number => Math.max(0, Math.min(CELLS - 1, Math.floor(middle / size * CELLS)));
  let run: Drawn[] = [];
  const close = (): void => {
    // masks lie under the outlines of their height
    for (const one of [...run.filter(({ bitmap }) => bitmap), ...run.filter(({ bitmap }) => !bitmap)]) {
      const { bounds: b, suggested, locked, shape, bitmap } = one;
      const place = many ? cell(b.x + b.width / 2, width) + CELLS * cell(b.y + b.height / 2, height) : 0;
      const closed = bitmap ? 2 : shape.kind === "box" || (shape.kind === "polygon" && shape.closed !== false) ? 1 : 0;
      const bits = (((place * 3 + closed) * 2 + Number(suggested)) * 2 + Number(locked)) * 2 + Number(shape.occluded ?? false);
      const key = `${level(one)} ${bits} ${one.color}`;
      const group = groups.get(key);
      if (group) group.push(one);
      else groups.set(key, [one]);
    }
    run = [];
  };
  for (const one of shown) {
    if (run[0] && level(run[0]) !== level(one)) close();
    run.push(one);
  }
  close();
  const known = new Map(old.map((one) => [one.key, one]));
  return [...groups].map(([key, members]) => {
    const before = known.get(key);
    if (before && before.shapes.length === members.length && before.shapes.every((one, n) => one === members[n])) return before;
    const first = members[0] as Drawn;
    const bounds = fromPoints(members.flatMap(({ bounds: { x, y, width, height } }) => [[x, y] as const, [x + width, y + height] as const]));
    return { ...lookOf(first), key, shapes: members, bounds, mask: Boolean(first.bitmap) };
  });
}

export function lookOf({ color, suggested, locked, shape }: Drawn): Look {
  const closed = shape.kind === "box" || (shape.kind === "polygon" && shape.closed !== false);
  return { color, suggested, locked, closed, occluded: shape.occluded ?? false };
}

/** Adds a shape's outline to a path. Outer rings all turn one way and holes the other, so that a fill leaves holes, and no others. */
export function trace(path: Outline, { shape, edges }: Drawn): void {
  const line = (points: Ring, closed: boolean, turn = 0): void => {
    const order = turn * signedArea(points) < 0 ? [...points].reverse() : points;
    order.forEach(([x, y], n) => n ? path.lineTo(x, y) : path.moveTo(x, y));
    if (closed) path.closePath();
  };
  if (shape.kind === "box") {
    if (shape.rotation) line(corners(shape), true, 1);
    else path.rect(shape.x, shape.y, shape.width, shape.height);
  } else if (shape.kind === "polygon") {
    if (shape.closed === false) line(shape.points, false);
    else rings(shape).forEach((ring, n) => line(ring, true, n ? -1 : 1));
  } else if (shape.kind === "keypoints") {
    for (const [from, to] of edges ?? []) {
      const [a, b] = [shape.points[from], shape.points[to]];
      if (a && b && a[2] > 0 && b[2] > 0) line([a, b], false);
    }
  }
}

/** Adds a shape's keypoints to the path of those seen, or of those not; each a stroke so short that its round ends make a dot. */
export function dot([seen, covered]: readonly [Outline, Outline], { shape }: Drawn): void {
  if (shape.kind !== "keypoints") return;
  for (const [x, y, visible] of shape.points) {
    const path = visible === 2 ? seen : covered;
    if (visible <= 0) continue;
    path.moveTo(x, y);
    path.lineTo(x + 0.01, y);
  }
}
