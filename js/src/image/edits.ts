/** What is done to shapes that are there. Every change is one event, however many shapes it is about. */
import type { Box, Keypoints } from "../core/protocol";
import { ADD, SUBTRACT } from "./bitmap";
import { bounds, centre, clip, corners, held, resize, translate, union } from "./geometry";
import { dragged, gripsOf, turned, withLess, withMore } from "./grips";
import { combineAll, convert, kindOf, maskOf, own, simplifyAll } from "./regions";
import { bitmapOf } from "./rle";
import type { ImageState, LabelRef } from "./state";
import type { Drawn, Point, Shape } from "./types";

const LOCKED = "It is locked";

export class Edits {
  #clipboard: readonly Shape[] = [];
  /** Shapes on their way to the next item. */
  #carried: { readonly from: string; readonly shapes: readonly Shape[] } | null = null;

  constructor(readonly state: ImageState) {}

  /** Those selected that may be changed; says why there are none. */
  free(least = 1, fits: (drawn: Drawn) => boolean = () => true, words = "Select a shape first"): Drawn[] | null {
    const chosen = this.state.chosen();
    const free = chosen.filter((one) => !one.locked && fits(one));
    if (free.length >= least) return free;
    this.state.refuse(chosen.length > 0 && chosen.every(({ locked }) => locked) ? LOCKED : words);
    return null;
  }

  /** Puts changed shapes; what would leave the image or become nothing stays as it was. */
  put(changed: readonly Shape[], { drop = [], merge }: { drop?: readonly string[]; merge?: string } = {}): void {
    const { engine, size } = this.state;
    const kept = changed.flatMap((shape) => {
      const inside = clip(own(shape), size);
      return inside && (inside.kind !== "box" || (inside.width >= 1 && inside.height >= 1)) ? [inside] : [];
    });
    engine.edit(kept, drop, merge === undefined ? {} : { merge });
  }

  #each(change: (shape: Shape, drawn: Drawn) => Shape, merge: string): boolean {
    const free = this.free();
    if (free) this.put(free.map((one) => change(one.shape, one)), { merge: `${merge} ${free.map(({ id }) => id).join()}` });
    return free !== null;
  }

  /** Moves what is selected by image pixels, or the chosen point; `sized` changes a box's size. False if nothing is selected. */
  nudge(dx: number, dy: number, sized: boolean): boolean {
    const { state } = this;
    const chosen = state.chosen();
    if (chosen.length === 0) return false;
    const point = state.point.peek();
    const only = state.only();
    const grip = only && point !== null ? gripsOf(only, state.scale, true).find(({ index, kind }) => index === point && kind !== "middle") : undefined;
    const around = chosen.map((one) => one.bounds).reduce(union);
    const [x, y] = grip || sized ? [dx, dy] : state.within(chosen, dx, dy);
    this.#each((shape) => {
      if (grip?.kind === "turn") return turned(shape, dx + dy, centre(around));
      if (grip) return dragged(shape, grip, [grip.at[0] + x, grip.at[1] + y]);
      return sized && shape.kind === "box" ? resize(shape, 4, this.#corner(shape, dx, dy)) : translate(shape, x, y);
    }, `move ${String(point)}`);
    const now = state.only();
    if (now) state.say(state.words(now));
    return true;
  }

  #corner(box: Box, dx: number, dy: number): Point {
    const [x, y] = corners(box)[2] as Point;
    return [x + dx, y + dy];
  }

  // ---- labels ---------------------------------------------------------------------------------

  /** False if none of them can have this label. */
  relabel(chosen: readonly Drawn[], ref: LabelRef): boolean {
    const { state } = this;
    const kind = state.fieldOf(ref)?.kind;
    const alike = chosen.filter(({ shape }) => kindOf(shape) === kind);
    const fits = alike.filter(({ locked }) => !locked);
    if (alike.length > 0 && fits.length === 0) state.refuse(LOCKED);
    if (fits.length === 0) return alike.length > 0;
    const same = fits.filter(({ shape, suggested }) => suggested && shape.label === ref.label && shape.field === ref.field);
    const known = new Set(state.labelOf(ref)?.attributes?.map(({ name }) => name));
    const changed = fits.filter((one) => !same.includes(one)).map(({ shape }) => own({
      ...shape, ...ref, attributes: Object.fromEntries(Object.entries(shape.attributes ?? {}).filter(([name]) => known.has(name))),
    }));
    state.engine.edit([...same.map(({ shape }) => shape), ...changed]);
    state.say(`${ref.label}.`);
    return true;
  }

  // ---- suggestions ----------------------------------------------------------------------------

  accept(ids?: readonly string[]): void {
    const { engine } = this.state;
    const before = engine.suggestions.peek().length;
    engine.accept(ids);
    const count = before - engine.suggestions.peek().length;
    this.state.say(count === 0 ? "There is no suggestion to accept." : count === 1 ? "Accepted." : `${count} suggestions accepted.`);
  }

  reject(ids: readonly string[]): void {
    this.state.engine.reject(ids);
    this.state.say(ids.length === 1 ? "Rejected." : `${ids.length} suggestions rejected.`);
  }

  /** Decides on the selected suggestions, or the first one, and goes on to the next; `seen` first shows it. */
  #decide(decide: (ids: readonly string[]) => void, seen: boolean): void {
    const { state } = this;
    const all = state.shapes.suggested.filter((one) => !one.hidden);
    const chosen = state.chosen().filter(({ suggested }) => suggested);
    const first = chosen[0] ?? all[0];
    const other = state.engine.suggestions.peek()[0]?.id;
    if (!first) {
      if (other !== undefined) decide([other]);
      else state.say("There is no suggestion here.");
      return;
    }
    if (seen && chosen.length === 0) return state.select([first.id], { reveal: true });
    const gone = (chosen.length > 0 ? chosen : [first]).map(({ id }) => id);
    const at = all.indexOf(first);
    const next = [...all.slice(at + 1), ...all.slice(0, at)].find(({ id }) => !gone.includes(id));
    decide(gone);
    state.select(next ? [next.id] : [], { reveal: true, fresh: !next });
  }

  // ---- deleting and copying -------------------------------------------------------------------

  remove(ids: readonly string[]): void {
    const { state } = this;
    const drawn = ids.flatMap((id) => state.shapes.get(id) ?? []);
    const free = drawn.filter(({ locked }) => !locked);
    const [suggested, made] = [free.filter((one) => one.suggested), free.filter((one) => !one.suggested)].map((list) => list.map(({ id }) => id));
    if (suggested?.length) state.engine.reject(suggested);
    if (made?.length) state.engine.edit([], made);
    state.say(free.length === 0 ? "It is locked." : free.length === 1 ? `${free[0]?.shape.label ?? ""} deleted.` : `${free.length} shapes deleted.`);
  }

  /** The chosen point of a polygon, or a keypoint that is absent from then on; else the shapes. */
  #delete(): void {
    const { state } = this;
    const only = state.only();
    const point = state.point.peek();
    if (only && point !== null && !only.locked && only.shape.kind !== "box" && this.dropPoint(only, point)) return;
    if (this.free(1)) this.remove(state.selected.peek());
  }

  dropPoint({ shape }: Drawn, index: number): boolean {
    if (shape.kind === "keypoints") {
      if (shape.points.length < 2) return false;
      this.put([{ ...shape, points: shape.points.map((point, n) => n === index ? [0, 0, 0] : point) }]);
    } else if (shape.kind === "polygon") {
      const made = withLess(shape, index);
      if (made) this.put([made]);
      else this.state.refuse("It has no points to spare");
    } else return false;
    this.state.point.value = null;
    return true;
  }

  #paste(shapes: readonly Shape[], by = 0): void {
    const { state } = this;
    const { width, height } = state.size;
    const made = shapes.flatMap((shape) => {
      const fits = shape.kind === "mask" && (shape.size[0] !== height || shape.size[1] !== width) ? { ...shape, ...maskOf(bitmapOf(shape), state.size) } : shape;
      const [dx, dy] = held(bounds(fits), by, by, state.size);
      const inside = clip(by ? translate(fits, dx, dy) : fits, state.size);
      return inside && state.labelOf(inside) ? [{ ...own(inside), id: state.engine.newId() }] : [];
    });
    if (made.length === 0) return state.refuse("There is nothing to paste here");
    state.engine.edit(made);
    state.select(made.map(({ id }) => id));
  }

  /** Shapes that were copied to the next item are put once it is there. */
  arrived(item: string): void {
    const carried = this.#carried;
    if (!carried || item === "" || item === carried.from) return;
    this.#carried = null;
    this.state.scope.timeout(() => this.#paste(carried.shapes), 0);
  }

  // ---- looks ----------------------------------------------------------------------------------

  toggle(which: "hidden" | "locked", ids: readonly string[]): void {
    const before = this.state[which];
    const on = !ids.every((id) => before.peek().has(id));
    const after = new Set(before.peek());
    for (const id of ids) {
      if (on) after.add(id);
      else after.delete(id);
    }
    before.value = after;
    this.state.say(which === "hidden" ? (on ? "Hidden" : "Shown") : on ? "Locked" : "Unlocked");
  }

  /** Seen or covered, for a shape or its chosen point. */
  #occluded(): void {
    const { state } = this;
    const point = state.point.peek();
    const only = state.only();
    if (point !== null && only?.shape.kind === "keypoints") {
      this.visible(only.shape, point, only.shape.points[point]?.[2] === 1 ? 2 : 1);
      return;
    }
    const on = !state.chosen().every(({ shape }) => shape.occluded);
    if (this.#each((shape) => ({ ...shape, occluded: on }), "occluded")) state.say(on ? "Occluded" : "Not occluded");
  }

  /** Says of a keypoint that it is absent (0), covered (1) or seen (2); one that was absent comes to the middle. */
  visible(shape: Keypoints, index: number, value: number): void {
    const middle = centre(bounds(shape));
    this.put([{ ...shape, points: shape.points.map(([x, y, v], n) => n !== index ? [x, y, v] : value === 0 ? [0, 0, 0] : v ? [x, y, value] : [...middle, value]) }]);
  }

  #height(by: 1 | -1): void {
    const levels = this.state.shapes.ordered.map(({ shape }) => shape.z ?? 0);
    const z = by > 0 ? Math.max(0, ...levels) + 1 : Math.min(0, ...levels) - 1;
    if (this.#each((shape) => ({ ...shape, z }), "z")) this.state.say(by > 0 ? "In front" : "Behind");
  }

  #turn(by: number): boolean {
    return this.#each((shape, drawn) => {
      const turns = shape.kind === "polygon" || (this.state.fieldOf(shape) as { rotation?: boolean } | undefined)?.rotation !== false;
      return turns ? turned(shape, by, centre(drawn.bounds)) : shape;
    }, "turn");
  }

  #addPoint(): void {
    const { state } = this;
    const only = state.only();
    if (only?.shape.kind !== "polygon" || only.locked) return state.refuse("Select a polygon or line first");
    const at = state.point.peek() ?? 0;
    const middle = gripsOf(only, Infinity, false).find(({ kind, index }) => kind === "middle" && index === at);
    if (!middle) return state.refuse("The line ends here");
    this.put([withMore(only.shape, at, middle.at)]);
    state.point.value = at + 1;
  }

  #nextPoint(by: 1 | -1): void {
    const { state } = this;
    const only = state.only();
    const turns = only && (state.fieldOf(only.shape) as { rotation?: boolean } | undefined)?.rotation !== false;
    const grips = only ? gripsOf(only, state.scale, Boolean(turns)).filter(({ kind }) => kind !== "middle") : [];
    if (!only || grips.length === 0) return state.refuse("Select one shape with points first");
    const at = grips.findIndex(({ index }) => index === state.point.peek());
    const grip = grips[(at + by + grips.length + (at < 0 && by < 0 ? 1 : 0)) % grips.length];
    state.point.value = grip?.index ?? null;
    const field = state.fieldOf(only.shape);
    const name = field?.kind === "skeletons" && grip ? field.points?.[grip.index] : undefined;
    state.say(`${grip?.kind === "turn" ? "Turn" : name ?? `Point ${(grip?.index ?? 0) + 1}`}: ${grip?.at.map(Math.round).join(", ") ?? ""}`);
  }

  run(action: string): boolean {
    const run = this.#runs[action];
    return run?.() !== false && run !== undefined;
  }

  readonly #runs: Readonly<Record<string, () => unknown>> = {
    accept: () => this.#decide((ids) => this.accept(ids), false),
    reject: () => this.#decide((ids) => this.reject(ids), true),
    accept_all: () => this.accept(),
    next_point: () => this.#nextPoint(1),
    previous_point: () => this.#nextPoint(-1),
    select_all: () => this.state.select(this.state.shapes.ordered.filter(({ hidden }) => !hidden).map(({ id }) => id)),
    delete: () => this.#delete(),
    delete_all: () => this.remove(this.state.shapes.ordered.map(({ id }) => id)),
    occluded: () => this.#occluded(),
    duplicate: () => {
      const chosen = this.free();
      if (chosen) this.#paste(chosen.map(({ shape }) => shape), Math.max(4, Math.round(12 / this.state.scale)));
    },
    copy: () => {
      const chosen = this.state.chosen();
      if (chosen.length === 0) return false;
      this.#clipboard = chosen.map(({ shape }) => shape);
      this.state.say(chosen.length === 1 ? "Copied." : `${chosen.length} shapes copied.`);
      return true;
    },
    paste: () => this.#clipboard.length > 0 && this.#paste(this.#clipboard),
    copy_next: () => {
      const { state } = this;
      const chosen = this.free();
      const index = state.engine.index.peek();
      if (!chosen || index + 1 >= state.engine.total.peek()) return;
      this.#carried = { from: state.engine.item.peek()?.id ?? "", shapes: chosen.map(({ shape }) => shape) };
      state.engine.next();
    },
    group: () => {
      const free = this.free(2, undefined, "Select two or more shapes first");
      const group = free?.map(({ shape }) => shape.group).find(Boolean) ?? this.state.engine.newId();
      if (free && this.#each((shape) => ({ ...shape, group }), "group")) this.state.say("Grouped");
    },
    ungroup: () => this.#each((shape) => ({ ...shape, group: "" }), "group"),
    raise: () => this.#height(1),
    lower: () => this.#height(-1),
    add_point: () => this.#addPoint(),
    turn_left: () => this.#turn(-1),
    turn_right: () => this.#turn(1),
    turn_far_left: () => this.#turn(-15),
    turn_far_right: () => this.#turn(15),
    simplify: () => simplifyAll(this.state),
    convert: () => convert(this.state),
    merge: () => combineAll(this.state, ADD),
    subtract: () => combineAll(this.state, SUBTRACT),
    lock: () => this.state.selected.peek().length > 0 ? this.toggle("locked", this.state.selected.peek()) : this.state.refuse("Select a shape first"),
    hide: () => this.state.selected.peek().length > 0 ? this.toggle("hidden", this.state.selected.peek()) : this.state.refuse("Select a shape first"),
    solo: () => {
      const { selected, solo } = this.state;
      solo.value = solo.peek() || selected.peek().length === 0 ? null : new Set(selected.peek());
      this.state.say(solo.peek() ? "Only these are shown" : "All are shown");
    },
    show_all: () => {
      this.state.hidden.value = this.state.locked.value = new Set();
      this.state.solo.value = null;
    },
  };
}
