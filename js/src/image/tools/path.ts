/** Outlines and lines, point by point or drawn freely: polygons, polylines, holes, areas that are filled into a mask. */
import type { Polygon } from "../../core/protocol";
import { fillPolygon } from "../bitmap";
import { distance, inPolygon, rings, simplify, whole } from "../geometry";
import type { ImageState } from "../state";
import type { Drawn, Ghost, Point } from "../types";
import { Steps } from "./steps";
import type { Hand } from "./tool";

/** Screen pixels: near enough to the first point to close, and what a free line may leave the hand's by. */
const CLOSE = 9;
const LOOSE = 1.2;
const APART = 2;

export type PathKind = "polygon" | "polyline" | "hole" | "fill";

const BEGIN: Readonly<Record<PathKind, string>> = {
  polygon: "Click the corners of the outline, or draw it freely",
  polyline: "Click along the line, or draw it freely",
  hole: "Click the corners of the hole, inside the polygon",
  fill: "Click the corners of the area, or draw around it",
};

export class Path extends Steps {
  readonly trails = true;
  /** How many points there were before each step. */
  #steps: number[] = [];
  /** Where the keyboard's cursor has put the last point. */
  #keyed: Point | null = null;

  constructor(state: ImageState, readonly kind: PathKind) {
    super(state);
  }

  get #closed(): boolean {
    return this.kind !== "polyline";
  }

  get #least(): number {
    return this.#closed ? 3 : 2;
  }

  hint(): string {
    const { length } = this.points.value;
    if (length === 0) return `${this.kind === "fill" && this.state.subtracts.value ? "Takes away. " : ""}${BEGIN[this.kind]}`;
    const back = `Backspace: one point back`;
    if (length < this.#least) return `Click the next point · ${back}`;
    return `${this.#closed ? "Click the first point, or" : ""} Enter ends · ${back}`.trim();
  }

  ghosts(): readonly Ghost[] {
    const points = this.points.value;
    const next = this.next.value;
    const look = this.state.look();
    if (points.length === 0) return [];
    const closing = this.#closing(next);
    return [
      { ...look, points: next && !closing ? [...points, next] : points, closed: closing || (this.#closed && points.length > 2), filled: this.#closed },
      { ...look, points: points.length > 200 ? points.slice(0, 1) : points, mark: "round", ...(closing && { active: 0 }) },
    ];
  }

  #closing(at: Point | null): boolean {
    const points = this.points.value;
    const [first] = points;
    return this.#closed && points.length >= 3 && at !== null && first !== undefined && distance(first, at) * this.state.scale < CLOSE;
  }

  down(hand: Hand): void {
    const { state } = this;
    const at = state.place(hand);
    const points = this.points.peek();
    if (points.length >= this.#least && (this.#closing(at) || hand.double)) return this.finish();
    if (hand.by === "keys" && this.#keyed && distance(this.#keyed, at) < 1e-9 && points.length >= this.#least) return this.finish();
    if (this.kind === "hole" && points.length === 0 && !this.#around(at)) return state.refuse("Begin inside a polygon");
    const last = points.at(-1);
    if (last && distance(last, at) < 1e-9) return;
    this.#keyed = hand.by === "keys" ? at : null;
    this.#steps.push(points.length);
    this.points.value = [...points, at];
  }

  /** The polygon that gets the hole: the one selected, else the topmost one there, which is selected by that. */
  #around(at: Point): Drawn | undefined {
    const { state } = this;
    const fits = ({ shape, locked }: Drawn): boolean =>
      shape.kind === "polygon" && shape.closed !== false && !locked && inPolygon(at, rings(shape));
    const chosen = state.only();
    if (chosen && fits(chosen)) return chosen;
    const found = state.shapes.near.hit(at, 0).find(fits);
    if (found) state.select([found.id], { fresh: true });
    return found;
  }

  move(hand: Hand, pressed: boolean): void {
    if (!this.busy) return;
    const at = this.state.place(hand);
    const points = this.points.peek();
    const last = points.at(-1);
    if (!pressed || !hand.dragged) this.next.value = at;
    else if (!last || distance(last, at) * this.state.scale >= APART) this.points.value = [...points, at];
  }

  /** A free line becomes as few points as it takes. */
  up(hand: Hand): void {
    if (!this.busy || !hand.dragged) return;
    const points = this.points.peek();
    const start = this.#steps.at(-1) ?? 0;
    const drawn = [...points.slice(start), this.state.place(hand)];
    this.points.value = [...points.slice(0, start), ...simplify(drawn, LOOSE / this.state.scale, false)];
    this.next.value = null;
    // drawn around and back to the start
    if (start === 0 && drawn.length > 8 && this.#closing(drawn.at(-1) ?? null)) {
      this.points.value = this.points.peek().slice(0, -1);
      this.finish();
    }
  }

  override back(): void {
    this.points.value = this.points.peek().slice(0, this.#steps.pop() ?? 0);
    this.#keyed = null;
  }

  finish(): void {
    const points = this.points.peek();
    if (points.length === 0) return;
    if (points.length < this.#least) return this.state.refuse(`It needs ${this.#least} points`);
    if (this.#make(points)) this.cancel();
  }

  #make(points: readonly Point[]): boolean {
    const { state, kind } = this;
    const closed = this.#closed;
    const shape: Polygon = { kind: "polygon", points: points.map(([x, y]) => [x, y]), ...(!closed && { closed }) };
    if (kind === "hole") {
      const target = state.only()?.shape;
      if (target?.kind !== "polygon" || !points.every((point) => inPolygon(point, rings(target)))) {
        state.refuse("The hole must lie inside the polygon");
        return false;
      }
      state.edits.put([{ ...target, holes: [...target.holes ?? [], shape.points] }]);
      return true;
    }
    if (kind === "fill") {
      const subtracts = state.subtracts.peek();
      if (!state.masks.begin(points[0] as Point, subtracts)) return true;
      state.masks.apply(fillPolygon([points], whole(state.size)), subtracts);
      state.masks.commit();
      return true;
    }
    return state.making.make([closed ? "polygons" : "polylines"], () => [shape], [{ points, closed, filled: closed, dashed: true }]);
  }

  override cancel(): void {
    super.cancel();
    this.#steps = [];
    this.#keyed = null;
  }
}
