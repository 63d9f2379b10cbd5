/** Shapes as paths in image pixels, which last through every pan and zoom. */
import { corners, rings } from "./geometry";
import type { Ring } from "./plane";
import type { Drawn } from "./types";

/** The part of a path that outlines are made with. */
export type Path = Pick<Path2D, "moveTo" | "lineTo" | "closePath">;

export function line(path: Path, points: Ring, closed = false): void {
  points.forEach(([x, y], n) => n ? path.lineTo(x, y) : path.moveTo(x, y));
  if (closed) path.closePath();
}

/** Whether a shape has an inside; filled by the even-odd rule, which leaves holes. */
export function isClosed({ shape }: Drawn): boolean {
  return shape.kind === "box" || (shape.kind === "polygon" && shape.closed !== false);
}

/** A shape's outline, or the lines between its keypoints. */
export function trace(path: Path, drawn: Drawn): void {
  const { shape, edges } = drawn;
  if (shape.kind === "box") line(path, corners(shape), true);
  else if (shape.kind === "polygon") for (const ring of rings(shape)) line(path, ring, isClosed(drawn));
  else if (shape.kind === "keypoints") {
    for (const ends of edges ?? []) {
      const [a, b] = ends.map((end) => shape.points[end]);
      if (a?.[2] && b?.[2]) line(path, [a, b]);
    }
  }
}

/** Keypoints of one visibility, each a stroke so short that its round ends make a dot of the line's width. */
export function dots(path: Path, { shape }: Drawn, visibility: number): void {
  if (shape.kind !== "keypoints") return;
  for (const [x, y, visible] of shape.points) if (visible === visibility) line(path, [[x, y], [x + 0.01, y]]);
}
