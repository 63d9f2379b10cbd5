/** The shapes of an item as they are drawn and found; what has not changed is kept from one edit to the next. */
import type { AnyAnnotation, Label, Schema } from "../core/protocol";
import { sameAnnotation } from "../core/patch";
import { labelAction, labelsOf } from "../shell/actions";
import { bounds } from "./geometry";
import { Near } from "./near";
import { bitmapOf } from "./rle";
import type { Bitmap, Drawn, Shape } from "./types";

/** From so many changes on, everything is put in at once. */
const MANY = 400;
const GREY = "#777777";

export function isShape(one: AnyAnnotation): one is Shape {
  return one.kind === "box" || one.kind === "polygon" || one.kind === "keypoints" || one.kind === "mask";
}

/** What the view, and not the answer, says of a shape. */
export interface Look {
  hidden(id: string): boolean;
  locked(id: string): boolean;
}

export class Shapes {
  readonly near = new Near();
  /** Answers, in the order in which they were made. */
  ordered: readonly Drawn[] = [];
  suggested: readonly Drawn[] = [];
  /** How many answers have a label: by `labelAction`. */
  readonly counts = new Map<string, number>();
  readonly #by = new Map<string, Drawn>();
  readonly #bitmaps = new WeakMap<Shape, Bitmap>();
  readonly #labels = new Map<string, { label: Label | undefined; edges: Drawn["edges"] }>();

  /** Another schema. */
  reset(schema: Schema): void {
    this.#labels.clear();
    this.#by.clear();
    this.counts.clear();
    this.ordered = this.suggested = [];
    for (const field of schema.fields) {
      const edges = field.kind === "skeletons" ? field.edges : undefined;
      this.#labels.set(field.name ?? "", { label: undefined, edges });
      for (const label of labelsOf(field)) this.#labels.set(labelAction(field.name ?? "", label.name), { label, edges });
    }
  }

  get(id: string): Drawn | undefined {
    return this.#by.get(id);
  }

  /** Keeps the region of a mask that was just painted, so that it need not be decoded. */
  remember(shape: Shape, bitmap: Bitmap): void {
    this.#bitmaps.set(shape, bitmap);
  }

  update(annotations: readonly AnyAnnotation[], suggestions: readonly AnyAnnotation[], look: Look): void {
    const by = this.#by;
    const put: Drawn[] = [];
    let moved = false;
    const take = (list: readonly AnyAnnotation[], before: readonly Drawn[], suggested: boolean): Drawn[] => {
      const taken: Drawn[] = [];
      for (const shape of list) {
        if (!isShape(shape)) continue;
        const id = shape.id ?? "";
        // most shapes are where they were: nothing is looked up for them
        const there = before[taken.length];
        if (there && there.id !== id) moved = true;
        let drawn = there?.shape === shape ? there : by.get(id);
        const hidden = look.hidden(id);
        const locked = look.locked(id);
        // the kernel may send again what is here: a region is not decoded anew for that
        const same = drawn !== undefined && (drawn.shape === shape || (shape.kind === "mask" && sameAnnotation(drawn.shape, shape)));
        if (!drawn || !same || drawn.suggested !== suggested || drawn.hidden !== hidden || drawn.locked !== locked) {
          drawn = this.derive(shape, { suggested, hidden, locked });
          if (drawn) put.push(drawn);
        }
        if (drawn) taken.push(drawn);
      }
      moved ||= taken.length < before.length;
      return taken;
    };
    const before = by.size;
    this.ordered = take(annotations, this.ordered, false);
    this.suggested = take(suggestions, this.suggested, true);
    for (const drawn of put) {
      this.#count(by.get(drawn.id), -1);
      this.#count(drawn, 1);
      by.set(drawn.id, drawn);
    }
    const drop: Drawn[] = [];
    if (moved) {
      const ids = new Set([...this.ordered, ...this.suggested].map(({ id }) => id));
      for (const [id, drawn] of by) if (!ids.has(id)) drop.push(drawn);
    }
    for (const drawn of drop) {
      this.#count(drawn, -1);
      by.delete(drawn.id);
    }
    if (put.length + drop.length > MANY || before === 0) this.near.load(by.values());
    else {
      for (const { id } of drop) this.near.remove(id);
      for (const drawn of put) this.near.put(drawn);
    }
  }

  #count(drawn: Drawn | undefined, by: number): void {
    if (!drawn || drawn.suggested) return;
    const action = labelAction(drawn.shape.field ?? "", drawn.shape.label ?? "");
    this.counts.set(action, (this.counts.get(action) ?? 0) + by);
  }

  /** Undefined for a mask whose run lengths make no sense. */
  derive(shape: Shape, { suggested, hidden, locked }: { suggested: boolean; hidden: boolean; locked: boolean }): Drawn | undefined {
    const { label, edges } = this.#labels.get(labelAction(shape.field ?? "", shape.label ?? "")) ?? this.#labels.get(shape.field ?? "") ?? {};
    const bitmaps = this.#bitmaps;
    try {
      return {
        id: shape.id ?? "", shape, bounds: bounds(shape), color: label?.color ?? GREY, label, suggested, hidden, locked,
        ...(shape.kind === "keypoints" && edges && { edges }),
        ...(shape.kind === "mask" && {
          // only what comes into sight is decoded
          get bitmap(): Bitmap {
            let found = bitmaps.get(shape);
            if (!found) bitmaps.set(shape, found = bitmapOf(shape));
            return found;
          },
        }),
      };
    } catch {
      return undefined;
    }
  }
}
