/** The mask that is being painted: pixels while a stroke lasts, run lengths once it ends. */
import { signal } from "@preact/signals-core";
import type { Mask } from "../core/protocol";
import { ADD, MaskEdit, SUBTRACT } from "./bitmap";
import type { Place, Size } from "./geometry";
import { encode } from "./rle";
import type { ImageState } from "./state";
import type { Bitmap, Drawn, Point, Rect } from "./types";

export class Masks {
  /** Counts what was painted. */
  readonly painted = signal(0);
  /** Is told what has changed of a region that is shown. */
  touched: (bitmap: Bitmap, region: Rect) => void = () => undefined;
  readonly #state: ImageState;
  #edit: MaskEdit | null = null;
  /** The answer that the pixels were last; null for one that is not made yet. */
  #shape: Mask | null = null;
  #stroking = false;

  constructor(state: ImageState) {
    this.#state = state;
  }

  /** The region to be shown for a mask: the one being painted, where that is this one. */
  live(drawn: Drawn): Bitmap | undefined {
    return this.#edit && this.#shape && this.#shape === drawn.shape ? this.#edit.bitmap : drawn.bitmap;
  }

  /** The region of a mask that is not made yet. */
  get fresh(): Bitmap | null {
    return this.#stroking && this.#edit && !this.#shape ? this.#edit.bitmap : null;
  }

  /** The mask that is selected, if it can be painted on. */
  target(): Drawn | undefined {
    const [one, ...more] = this.#state.chosen();
    return one?.shape.kind === "mask" && more.length === 0 ? one : undefined;
  }

  /** Begins a stroke on the selected mask, else on a new one; taking away, on the topmost one there. */
  begin(at: Point, subtracts: boolean): boolean {
    const state = this.#state;
    let drawn = this.target();
    if (!drawn && subtracts) {
      drawn = state.shapes.near.hit(at, state.radius.peek()).find(({ shape, locked }) => shape.kind === "mask" && !locked);
      if (drawn) state.select([drawn.id], { fresh: true });
    }
    if (drawn?.locked || (!drawn && subtracts)) {
      state.refuse(drawn ? "It is locked" : "There is no mask to take away from");
      return false;
    }
    const size: Size = state.size;
    const shape = drawn ? drawn.shape as Mask : null;
    if (!this.#edit || this.#shape !== shape) this.#edit = new MaskEdit(size, drawn?.bitmap);
    this.#shape = shape;
    this.#stroking = true;
    return true;
  }

  stroke(from: Place, to: Place, subtracts: boolean): void {
    this.#paint((edit) => edit.stroke(from, to, this.#state.radius.peek(), subtracts));
  }

  apply(bitmap: Bitmap, subtracts: boolean): void {
    this.#paint((edit) => edit.apply(bitmap, subtracts ? SUBTRACT : ADD));
  }

  /** Takes what was last painted back, before it is ended. */
  revert(): void {
    this.#paint((edit) => edit.undo());
  }

  /** Takes the last stroke back, for another in its place. */
  redo(): boolean {
    return this.#edit?.undo() ?? false;
  }

  #paint(change: (edit: MaskEdit) => void): void {
    const edit = this.#edit;
    if (!edit) return;
    try {
      change(edit);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#state.refuse(error.message);
    }
    this.touched(edit.bitmap, edit.dirty());
    this.painted.value++;
  }

  /** Ends a stroke: only now is the mask encoded, as far as it goes. */
  commit(): void {
    const state = this.#state;
    const edit = this.#edit;
    this.#stroking = false;
    if (!edit?.commit()) {
      if (!this.#shape) this.close();
      return;
    }
    const old = this.#shape;
    const bitmap = edit.result();
    const size: Mask["size"] = [state.size.height, state.size.width];
    const counts = encode(bitmap, size);
    if (!bitmap.width) {
      this.close();
      if (old) state.engine.edit([], [old.id ?? ""]);
    } else if (old) {
      const { score: _score, source: _source, ...kept } = old;
      const mask = { ...kept, size, counts };
      state.shapes.remember(mask, bitmap);
      state.engine.edit([mask]);
      // the old one, if nothing has changed after all
      this.#shape = (state.shapes.get(old.id ?? "")?.shape ?? mask) as Mask;
    } else {
      const mask: Mask = { kind: "mask", size, counts };
      state.making.make(["masks"], () => [mask], [{ bitmap, ...state.look(["masks"]) }]);
      const made = this.target()?.shape;
      if (made?.kind === "mask" && state.fresh.peek()) this.#shape = made;
      else this.close();
    }
    this.painted.value++;
  }

  /** What was begun and not ended is lost. */
  close(): void {
    this.#edit = this.#shape = null;
    this.#stroking = false;
    this.painted.value++;
  }
}
