/** Shapes as regions of pixels, and what that makes possible: merging, taking away, masks from polygons and back. */
import { batch } from "@preact/signals-core";
import type { Mask, Polygon } from "../core/protocol";
import type { FieldKind, ShapeField } from "./actions";
import { ADD, combine, fillPolygon, SUBTRACT } from "./bitmap";
import { contour } from "./contour";
import { corners, inPolygon, rings, simplify, type Size, whole } from "./geometry";
import { bitmapOf, encode } from "./rle";
import { type ImageState, refOf } from "./state";
import type { Bitmap, Shape } from "./types";

/** Pixels that an outline may leave a region by when it is made of one. */
const OUTLINE = 0.7;
const KINDS: Readonly<Record<Shape["kind"], FieldKind>> = { box: "boxes", polygon: "polygons", keypoints: "skeletons", mask: "masks" };

/** The kind of field that a shape answers. */
export function kindOf(shape: Shape): FieldKind {
  return shape.kind === "polygon" && shape.closed === false ? "polylines" : KINDS[shape.kind];
}

/** The same shape, now a person's: what a model scored is not what stands there any more. */
export function own<S extends Shape>({ score: _score, source: _source, ...kept }: S): S {
  return kept as unknown as S;
}

/** The pixels of what has an area; undefined for lines and points. */
export function regionOf(shape: Shape, size: Size): Bitmap | undefined {
  if (shape.kind === "mask") return bitmapOf(shape);
  if (shape.kind === "box") return fillPolygon([corners(shape)], whole(size));
  return shape.kind === "polygon" && shape.closed !== false ? fillPolygon(rings(shape), whole(size)) : undefined;
}

/** A region as answers of a field of some kind. */
export function shapesOf(region: Bitmap, kind: FieldKind, size: Size): Shape[] {
  if (kind === "masks") return [maskOf(region, size)];
  if (kind === "boxes") {
    const { x, y, width, height } = region;
    return [{ kind: "box", x, y, width, height }];
  }
  return contour(region, OUTLINE).map(({ outer, holes }): Polygon => ({
    kind: "polygon", points: outer.map(([x, y]) => [x, y]), ...(holes.length > 0 && { holes: holes.map((hole) => hole.map(([x, y]) => [x, y])) }),
  }));
}

export function maskOf(region: Bitmap, { width, height }: Size): Mask {
  return { kind: "mask", size: [height, width], counts: encode(region, [height, width]) };
}

/** Masks and polygons put together, or others taken away from the first. */
export function combineAll(state: ImageState, how: typeof ADD | typeof SUBTRACT): void {
  const free = state.edits.free(2, ({ shape }) => /masks|polygons/.test(kindOf(shape)), "Select two or more masks or polygons first");
  const [first, ...others] = free ?? [];
  if (!first) return;
  const { shape } = first;
  const drop = how === ADD ? others.map(({ id }) => id) : [];
  // what lies inside becomes a hole as it is
  if (how === SUBTRACT && shape.kind === "polygon" && others.every((one) =>
    one.shape.kind === "polygon" && one.shape.points.every((point) => inPolygon(point, rings(shape))))) {
    state.edits.put([{ ...shape, holes: [...shape.holes ?? [], ...others.map((one) => (one.shape as Polygon).points)] }]);
    return;
  }
  const made = [first, ...others].map((one) => regionOf(one.shape, state.size) as Bitmap).reduce((a, b) => combine(a, b, how));
  const [one, ...more] = made.width ? shapesOf(made, kindOf(shape), state.size) : [];
  if (!one) return state.refuse("Nothing would be left of it");
  const bare = shape.kind === "polygon" ? { ...shape, holes: [] } : shape;
  state.edits.put([{ ...bare, ...one }, ...more.map((part) => ({ ...bare, ...part, id: state.engine.newId() }))], { drop });
  state.select([first.id]);
}

/** Masks to polygons, what else has an area to masks. */
export function convert(state: ImageState): void {
  const to = (shape: Shape): ShapeField | undefined => {
    const kind = shape.kind === "mask" ? "polygons" : "masks";
    const fields = state.fields.peek().filter((field) => field.kind === kind);
    return fields.find((field) => field.labels.some(({ name }) => name === shape.label)) ?? fields[0];
  };
  const free = state.edits.free(1, ({ shape }) => shape.kind !== "keypoints" && to(shape) !== undefined, "There is no field for what it would become");
  if (!free) return;
  const made = free.flatMap(({ shape }) => {
    const field = to(shape) as ShapeField;
    const region = regionOf(shape, state.size);
    const label = field.labels.find(({ name }) => name === shape.label) ?? field.labels[0];
    if (!region?.width || !label) return [];
    const { z = 0, group = "", occluded = false, attributes = {} } = shape;
    const more = { z, group, occluded, attributes: label.name === shape.label ? attributes : {}, ...refOf(field, label) };
    return shapesOf(region, field.kind, state.size).map((one) => ({ ...one, ...more, id: state.engine.newId() }));
  });
  if (made.length === 0) return;
  batch(() => {
    state.engine.edit(made, free.map(({ id }) => id));
    state.select(made.map(({ id }) => id));
  });
}

/** Outlines and lines with as few points as it takes. */
export function simplifyAll(state: ImageState): void {
  const tolerance = Math.max(1, 1.5 / state.scale);
  const free = state.edits.free(1, ({ shape }) => shape.kind === "polygon", "Select a polygon or line first");
  const count = (shape: Shape): number => shape.kind === "polygon" ? rings(shape).flat().length : 0;
  if (!free) return;
  const made = free.map(({ shape }): Shape => shape.kind !== "polygon" ? shape : {
    ...shape, points: simplify(shape.points, tolerance, shape.closed !== false), ...(shape.holes && { holes: shape.holes.map((hole) => simplify(hole, tolerance, true)) }),
  });
  state.edits.put(made);
  state.say(`${free.reduce((sum, { shape }) => sum + count(shape), 0)} points became ${made.reduce((sum, shape) => sum + count(shape), 0)}`);
}
