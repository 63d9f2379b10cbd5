/** How what is drawn becomes answers: with the label in hand, or with one that is asked for. */
import { batch } from "@preact/signals-core";
import type { AnyField, Label } from "../core/protocol";
import { type FieldKind, FIRST_TOOL, isShapeField, type ShapeField, TOOLS } from "./actions";
import { clip } from "./geometry";
import { type ImageState, type LabelRef, refOf } from "./state";
import type { Ghost, Shape } from "./types";

/** Something drawn that has no label yet. */
export interface Pending {
  readonly kinds: readonly FieldKind[];
  /** The shapes, as answers of a field of this kind. */
  readonly build: (kind: FieldKind) => readonly Shape[];
  readonly ghosts: readonly Ghost[];
}

export class Making {
  constructor(readonly state: ImageState) {}

  label(field: AnyField, label: Label, clicked = false): void {
    const { state } = this;
    if (!isShapeField(field)) return;
    const ref = refOf(field, label);
    const pending = state.pending.peek();
    if (pending) {
      if (!pending.kinds.includes(field.kind)) return state.refuse(`${label.name} is no label for this`);
      state.pending.value = null;
      this.#put(pending.build(field.kind), ref);
      return;
    }
    const chosen = state.chosen();
    if (chosen.length > 0 && !state.fresh.peek() && state.edits.relabel(chosen, ref)) return;
    this.#choose(field, ref, clicked);
  }

  #choose(field: ShapeField, ref: LabelRef, clicked: boolean): void {
    const { state } = this;
    const fits = TOOLS[state.tool.peek()].kinds.includes(field.kind);
    const tool = state.held.peek();
    const current = state.current.peek();
    const same = current?.field === ref.field && current.label === ref.label;
    batch(() => {
      if (!tool.busy) state.choose([]);
      state.masks.close();
      state.current.value = same && fits && clicked && !tool.busy ? null : ref; // a key always picks
      if (!fits) state.pick(FIRST_TOOL[field.kind]);
    });
    state.say(state.current.peek() ? `${ref.label} is the current label.` : `${ref.label} is no longer the current label.`);
    // a mask that was asked for waits for its label only
    if (state.tool.peek() === "smart" && tool.busy && !clicked) tool.finish();
  }

  /** Makes answers of what was drawn, or asks for its label. Says why if it is too small. */
  make(kinds: readonly FieldKind[], build: (kind: FieldKind) => readonly Shape[], ghosts: readonly Ghost[]): boolean {
    const { state } = this;
    const fits = state.fields.peek().filter((field) => kinds.includes(field.kind));
    const ref = state.refFor(kinds);
    const kind = (ref && state.fieldOf(ref)?.kind) ?? fits[0]?.kind;
    if (!kind || !this.#fit(build(kind))) return false;
    if (ref) this.#put(build(kind), ref);
    else {
      batch(() => {
        state.choose([]);
        state.pending.value = { kinds: fits.map((field) => field.kind), build, ghosts };
      });
      state.say("Choose its label.");
    }
    return true;
  }

  #fit(shapes: readonly Shape[]): boolean {
    const { state } = this;
    const inside = shapes.map((shape) => clip(shape, state.size));
    const words = inside.length === 0 || inside.some((one) => !one) ? "There is nothing of it in the image"
      : inside.some((one) => one && this.tiny(one)) ? "Too small: zoom in to draw it" : "";
    if (words) state.refuse(words);
    return !words;
  }

  tiny(shape: Shape): boolean {
    const { state } = this;
    const least = Math.max(1, 2 / state.scale);
    if (shape.kind === "box") return Math.min(shape.width, shape.height) < least;
    if (shape.kind !== "polygon") return false;
    const { width, height } = state.shapes.derive(shape, { suggested: false, hidden: false, locked: false })?.bounds ?? { width: 0, height: 0 };
    return shape.closed === false ? Math.max(width, height) < least : Math.min(width, height) < least;
  }

  #put(shapes: readonly Shape[], { field, label }: LabelRef): readonly string[] {
    const { state } = this;
    const made = shapes.flatMap((shape) => {
      const inside = clip(shape, state.size);
      return inside && !this.tiny(inside) ? [{ ...inside, field, label, id: state.engine.newId() }] : [];
    });
    if (made.length === 0) return [];
    batch(() => {
      const solo = state.solo.peek();
      if (solo) state.solo.value = new Set([...solo, ...made.map(({ id }) => id)]);
      state.engine.edit(made);
      state.choose(made.map(({ id }) => id), true);
    });
    const [first] = state.chosen();
    if (first) state.say(`${made.length > 1 ? `${made.length} shapes. ` : ""}${state.words(first)}`);
    return made.map(({ id }) => id);
  }
}
