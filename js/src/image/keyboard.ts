/** What keys do with an image: tools by letter, a cursor for drawing, steps back. */
import type { ToolName } from "./actions";
import { clamp, clampPoint, contains } from "./geometry";
import type { ImageState } from "./state";
import type { Hand } from "./tools/tool";
import type { Point } from "./types";

const KEYS_STEP = 8; // screen pixels that the keyboard's cursor goes
const PAN_STEP = 40;
const DIRECTIONS: Readonly<Record<string, Point>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

export class Keyboard {
  constructor(readonly state: ImageState) {}

  // ---- the keyboard's cursor ------------------------------------------------------------------

  /** The pointer as the keyboard moves it. */
  hand(at: Point, more: Partial<Hand> = {}): Hand {
    return { at, shift: false, alt: false, ctrl: false, dragged: false, double: false, by: "keys", ...more };
  }

  #arrow(way: string, far: boolean, fine: boolean): void {
    const { state } = this;
    const [dx, dy] = DIRECTIONS[way] as Point;
    const times = far ? 10 : 1;
    if (state.draws) {
      const from = state.cursor.peek();
      const step = fine ? 1 : KEYS_STEP * times / state.scale;
      const begin = state.pointer.peek() ?? state.viewport.toImage(state.viewport.middle());
      const [x, y] = clampPoint(from ? [from[0] + dx * step, from[1] + dy * step] : [Math.round(begin[0]), Math.round(begin[1])], state.size);
      state.cursor.value = [x, y];
      state.held.peek().move(this.hand([x, y]), false);
      state.viewport.reveal({ x, y, width: 0, height: 0 });
      state.say(`${Math.round(x)}, ${Math.round(y)}`);
    } else if (!state.edits.nudge(dx * times, dy * times, fine)) state.viewport.panBy(-dx * times * PAN_STEP, -dy * times * PAN_STEP);
  }

  /** What Enter does with the tool in hand; false if it is free to submit. */
  #enter(): boolean {
    const { state } = this;
    state.refused.value = "";
    if (state.pending.peek()) {
      state.refuse("Choose its label first");
      return true;
    }
    const tool = state.held.peek();
    const cursor = state.cursor.peek();
    if (cursor && state.draws) {
      const hand = this.hand(cursor);
      tool.down(hand);
      tool.up(hand);
    } else if (tool.busy) tool.finish();
    else return false;
    return true;
  }

  // ---- the modality ---------------------------------------------------------------------------

  first(action: string, event: KeyboardEvent | null): boolean {
    const { state } = this;
    const tool = state.held.peek();
    if (action === "submit") {
      if (event && !event.ctrlKey && !event.metaKey) return this.#enter();
      tool.finish();
      return state.pending.peek() !== null && this.#enter();
    }
    if (action === "undo" && (tool.busy || state.pending.peek())) {
      if (!state.pending.peek()) tool.back();
      state.pending.value = null;
      return true;
    }
    if (action === "skip" && event?.key === " ") {
      // whether it was a tap shows when it is let go
      if (!event.repeat) state.panning.value = true;
      return true;
    }
    return tool.run?.(action, event?.key ?? "") ?? false;
  }

  escape(): boolean {
    const { state } = this;
    const tool = state.held.peek();
    if (state.pending.peek()) state.pending.value = null;
    else if (tool.busy) tool.cancel();
    else if (state.cursor.peek()) state.cursor.value = null;
    else if (state.point.peek() !== null) state.point.value = null;
    else if (state.selected.peek().length > 0) state.select([], { fresh: true });
    else if (state.draws) state.pick("select");
    else return false;
    return true;
  }

  run(action: string): boolean {
    const { state } = this;
    state.refused.value = "";
    if (!(action in state.actions.peek())) return false;
    const tool = action.replace("tool_", "") as ToolName;
    const [, far, fine, way] = /^(far_)?(fine_)?(left|right|up|down)$/.exec(action) ?? [];
    const run = this.#runs[action];
    if (action.startsWith("tool_")) state.pick(tool);
    else if (way) this.#arrow(way, Boolean(far), Boolean(fine));
    else if (run) run();
    else return state.edits.run(action);
    return true;
  }

  readonly #runs: Readonly<Record<string, () => void>> = {
    again: () => this.state.again(),
    smaller: () => this.size(-1),
    larger: () => this.size(1),
    mode: () => {
      this.state.subtracts.value = !this.state.subtracts.peek();
      this.state.say(this.state.subtracts.peek() ? "Takes away" : "Adds");
    },
    next_shape: () => this.state.step(1),
    previous_shape: () => this.state.step(-1),
    zoom_in: () => this.zoom(1.25),
    zoom_out: () => this.zoom(0.8),
    fit: () => this.state.viewport.fit(),
    actual: () => this.state.viewport.actual(),
    attributes: () => this.#attributes(),
  };

  #attributes(): void {
    const { state } = this;
    if (state.chosen().length === 0) return state.refuse("Select a shape first");
    state.fresh.value = false;
    state.select(state.selected.peek());
    state.attributes();
  }

  /** The brush's size, or the wand's tolerance. */
  size(by: 1 | -1): void {
    const { state } = this;
    if (state.tool.peek() === "wand") {
      state.tolerance.value = clamp(state.tolerance.peek() + by * 4, 0, 255);
      state.say(`Tolerance ${state.tolerance.peek()}`);
    } else {
      const radius = state.radius.peek();
      state.radius.value = clamp(Math.round(2 * radius * (by > 0 ? 1.25 : 0.8) + by) / 2, 0.5, 500);
      state.say(`Brush ${2 * state.radius.peek()} pixels`);
    }
  }

  /** About the cursor, else the pointer, else the middle. */
  zoom(factor: number): void {
    const { state } = this;
    const at = state.cursor.peek() ?? state.pointer.peek();
    const inside = at && contains(state.viewport.visible.peek(), { x: at[0], y: at[1], width: 0, height: 0 });
    state.viewport.zoomAt(inside ? state.viewport.toScreen(at) : state.viewport.middle(), factor);
  }
}
