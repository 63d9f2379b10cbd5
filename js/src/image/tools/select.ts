/** Selecting, moving and reshaping; and the hand that only moves the view. */
import { signal } from "@preact/signals-core";
import { clampPoint, corners, fromPoints, translate } from "../geometry";
import { dragged, type Grip, gripAt, gripsOf, withMore } from "../grips";
import type { ImageState } from "../state";
import type { Bitmap, Drawn, Ghost, Point, Shape } from "../types";
import type { Hand, Tool } from "./tool";

/** Screen pixels within reach. */
const REACH = { mouse: 8, keys: 8, touch: 20 } as const;
const NEAR = { mouse: 4, keys: 4, touch: 12 } as const;
const RESIZES = ["nwse-resize", "ns-resize", "nesw-resize", "ew-resize"] as const;

/** A mask's pixels at another place: the same object throughout a drag, so that it is coloured once. */
type Region = Bitmap & { x: number; y: number };

type Drag =
  | { readonly kind: "grip"; readonly drawn: Drawn; readonly base: Shape; readonly grip: Grip; readonly by: Point }
  | { readonly kind: "move"; readonly from: Point; readonly base: readonly Drawn[]; readonly clicked: string; readonly regions: ReadonlyMap<string, Region> }
  | { readonly kind: "band"; readonly from: Point; readonly to: Point; readonly add: boolean };

export class Select implements Tool {
  readonly busy = false;
  readonly #drag = signal<Drag | null>(null);
  readonly #over = signal("default");
  /** How far what is moved has come. */
  #by: Point = [0, 0];

  constructor(readonly state: ImageState) {}

  get cursor(): string {
    const drag = this.#drag.value;
    return drag?.kind === "move" ? "move" : this.#over.value;
  }

  /** A point is being dragged: it is to be seen enlarged. */
  get close(): Point | null {
    const drag = this.#drag.value;
    if (drag?.kind !== "grip" || drag.grip.kind === "turn" || !this.state.moved.value.size) return null;
    const now = this.state.only();
    return (now && gripsOf(now, this.state.scale, false).find(({ index, kind }) => kind === drag.grip.kind && index === drag.grip.index)?.at) ?? null;
  }

  hint(): string {
    const { state } = this;
    const { keys } = state;
    const chosen = state.chosen();
    const [one] = chosen;
    if (chosen.length > 1) return `Drag moves them · a label's key relabels · ${keys("delete")} deletes`;
    if (one?.suggested) return `${keys("accept")} accepts, ${keys("reject")} rejects, a label's key relabels it`;
    if (one?.locked) return `It is locked · ${keys("lock")} unlocks it`;
    if (one?.shape.kind === "polygon") return `Drag a point, or an edge's middle for a new one · alt+click deletes it`;
    if (one?.shape.kind === "mask") return `${keys("tool_brush")} and ${keys("tool_eraser")} change it · drag moves it · ${keys("delete")} deletes`;
    if (one) return `Drag it or its handles · a label's key relabels · ${keys("delete")} deletes`;
    const draw = state.tools.value.find((name) => name !== "select" && name !== "pan");
    if (state.shapes.ordered.length + state.shapes.suggested.length > 0 && state.version.value) {
      return `Click a shape to change it · pick a label, or ${draw ? keys(`tool_${draw}`) : ""}, to draw`;
    }
    return "Pick a label, then draw";
  }

  ghosts(): readonly Ghost[] {
    const { state } = this;
    const drag = this.#drag.value;
    if (drag?.kind === "band") return [{ points: corners(fromPoints([drag.from, drag.to])), closed: true, filled: true, dashed: true }];
    const only = state.only();
    if (!only || only.suggested || only.locked || only.hidden || state.pending.value || state.fresh.value) return [];
    const grips = this.#grips(only);
    const point = state.point.value;
    const of = (kind: Grip["kind"]): Grip[] => grips.filter((grip) => grip.kind === kind);
    const look = { color: only.color };
    const places = (kind: Grip["kind"]): Point[] => of(kind).map(({ at }) => at);
    const active = of("point").findIndex(({ index }) => index === point);
    const [turn] = of("turn");
    const top = of("handle")[1];
    return [
      ...(turn && top ? [{ ...look, points: [top.at, turn.at] }] : []),
      { ...look, points: places("handle"), mark: "square", ...(point !== null && { active: point }) },
      { ...look, points: places("turn"), mark: "round", ...(point === 8 && { active: 0 }) },
      ...(drag ? [] : [{ ...look, points: places("middle"), mark: "plus" } as const]),
      { ...look, points: places("point"), mark: "round", ...(active >= 0 && { active }) },
    ];
  }

  #grips(drawn: Drawn): Grip[] {
    const field = this.state.fieldOf(drawn.shape);
    return gripsOf(drawn, this.state.scale, field?.kind === "boxes" && field.rotation !== false);
  }

  #gripAt({ at, by }: Hand): Grip | undefined {
    const only = this.state.only();
    if (!only || only.suggested || only.locked || only.hidden || this.state.fresh.peek()) return undefined;
    // a small box can still be taken in its middle
    const room = only.shape.kind === "box" ? Math.min(only.shape.width, only.shape.height) / 3 : Infinity;
    return gripAt(this.#grips(only), at, Math.min(REACH[by] / this.state.scale, Math.max(room, 3 / this.state.scale)));
  }

  #under({ at, by }: Hand): Drawn[] {
    return this.state.shapes.near.hit(at, NEAR[by] / this.state.scale);
  }

  down(hand: Hand): void {
    const { state } = this;
    const only = state.only();
    const grip = this.#gripAt(hand);
    if (only && grip) {
      if (hand.alt && grip.kind === "point" && state.edits.dropPoint(only, grip.index)) return;
      let { shape } = only;
      let taken = grip;
      if (grip.kind === "middle" && shape.kind === "polygon") {
        shape = withMore(shape, grip.index, grip.at);
        taken = { kind: "point", index: grip.index + 1, at: grip.at };
      }
      state.point.value = taken.index;
      this.#drag.value = { kind: "grip", drawn: only, base: shape, grip: taken, by: [taken.at[0] - hand.at[0], taken.at[1] - hand.at[1]] };
      return;
    }
    const under = this.#under(hand);
    const [top] = under;
    if (!top) {
      this.#drag.value = { kind: "band", from: hand.at, to: hand.at, add: hand.shift };
      return;
    }
    if (hand.shift) return state.toggle(top.id);
    const chosen = under.find(({ id }) => state.selected.peek().includes(id));
    const next = chosen ? under[(under.indexOf(chosen) + 1) % under.length] ?? top : top;
    if (!chosen) state.select([top.id]);
    else if (state.fresh.peek()) state.select(state.selected.peek());
    const { group } = top.shape;
    if (hand.double && group) state.select(state.shapes.ordered.filter(({ shape }) => shape.group === group).map(({ id }) => id));
    const base = state.chosen().filter(({ locked, suggested }) => !locked && !suggested);
    const regions = new Map(base.flatMap(({ id, bitmap }) => bitmap ? [[id, { ...bitmap }] as const] : []));
    this.#drag.value = { kind: "move", from: hand.at, base, regions, clicked: chosen && !hand.double ? next.id : "" };
  }

  move(hand: Hand, pressed: boolean): void {
    const { state } = this;
    const drag = this.#drag.peek();
    if (!drag || !pressed) return this.#hover(hand);
    if (!hand.dragged) return;
    if (drag.kind === "band") this.#drag.value = { ...drag, to: clampPoint(hand.at, state.size) };
    else if (drag.kind === "grip") {
      const { drawn, base, grip, by } = drag;
      const to = hand.ctrl ? state.place(hand, new Set([drawn.id])) : [hand.at[0] + by[0], hand.at[1] + by[1]] as Point;
      const now = state.shapes.derive(dragged(base, grip, grip.kind === "turn" ? to : clampPoint(to, state.size), hand), drawn);
      if (now) state.moved.value = new Map([[drawn.id, now]]);
    } else if (drag.base.length > 0) {
      let [dx, dy] = [hand.at[0] - drag.from[0], hand.at[1] - drag.from[1]];
      if (hand.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
      const [x, y] = state.within(drag.base, dx, dy);
      this.#by = [x, y];
      state.moved.value = new Map(drag.base.map((drawn) => [drawn.id, this.#movedBy(drawn, drag.regions.get(drawn.id), x, y)]));
    }
  }

  up(hand: Hand): void {
    const { state } = this;
    const drag = this.#drag.peek();
    const moved = state.moved.peek();
    this.cancel();
    if (!drag) return;
    if (drag.kind === "band") {
      const inside = hand.dragged ? state.shapes.near.search(fromPoints([drag.from, drag.to])).filter(({ suggested }) => !suggested).map(({ id }) => id) : [];
      state.select([...new Set([...drag.add ? state.selected.peek() : [], ...inside])]);
    } else if (hand.dragged && moved.size > 0) {
      const [x, y] = this.#by;
      state.edits.put(drag.kind === "move" ? drag.base.map(({ shape }) => translate(shape, x, y)) : [...moved.values()].map(({ shape }) => shape));
    } else if (drag.kind === "grip" && drag.base !== drag.drawn.shape && !hand.dragged) state.edits.put([drag.base]);
    else if (drag.kind === "move" && drag.clicked) state.select([drag.clicked]);
  }

  #movedBy(drawn: Drawn, region: Region | undefined, dx: number, dy: number): Drawn {
    if (!region || !drawn.bitmap) return this.state.shapes.derive(translate(drawn.shape, dx, dy), drawn) ?? drawn;
    region.x = drawn.bitmap.x + Math.round(dx);
    region.y = drawn.bitmap.y + Math.round(dy);
    return { ...drawn, bounds: { ...drawn.bounds, x: region.x, y: region.y }, bitmap: region };
  }

  #hover(hand: Hand): void {
    const { state } = this;
    const grip = this.#gripAt(hand);
    const only = state.only();
    const [top] = grip ? [] : this.#under(hand);
    state.hovered.value = top?.id ?? null;
    const rotation = only?.shape.kind === "box" ? only.shape.rotation ?? 0 : 0;
    this.#over.value = grip?.kind === "handle" ? RESIZES[(((grip.index + Math.round(rotation / 45)) % 4) + 4) % 4] as string
      : grip?.kind === "turn" ? "grab" : grip?.kind === "middle" ? "copy" : grip ? "move"
        : top ? (state.selected.peek().includes(top.id) ? "move" : "pointer") : "default";
  }

  back(): void {
    this.cancel();
  }

  finish(): void {
    this.cancel();
  }

  cancel(): void {
    this.#drag.value = null;
    if (this.state.moved.peek().size > 0) this.state.moved.value = new Map();
  }
}

/** Moves the view: the gestures do it. */
export class Pan implements Tool {
  readonly cursor = "grab";
  readonly busy = false;

  constructor(readonly state: ImageState) {}

  hint(): string {
    return this.state.fields.value.length > 0 ? "Drag to move the view" : "";
  }

  ghosts(): readonly Ghost[] {
    return [];
  }

  down(): void { /* moves the view */ }
  move(): void { /* moves the view */ }
  up(): void { /* moves the view */ }
  back(): void { /* nothing is begun */ }
  finish(): void { /* nothing is begun */ }
  cancel(): void { /* nothing is begun */ }
}
