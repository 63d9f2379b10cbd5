/** Tools that gather a known number of points: boxes by two corners, by four extreme points, by an edge and a point beyond. */
import type { Box } from "../../core/protocol";
import { corners, fromEdge, fromPoints, measure } from "../geometry";
import type { ImageState } from "../state";
import type { Ghost, Point } from "../types";
import { Steps } from "./steps";
import type { Hand } from "./tool";

interface Way {
  /** A press, a drag and a release are two points. */
  readonly drags: boolean;
  /** What each next click does. */
  readonly hints: readonly string[];
  /** What the points so far make; the last may still be moving. */
  readonly make: (points: readonly Point[]) => Box | null;
  /** The side of a square for a point, with shift. */
  readonly square?: boolean;
}

function around(points: readonly Point[]): Box {
  return { kind: "box", ...fromPoints(points) };
}

const WAYS: Readonly<Record<"box" | "rotated" | "extreme", Way>> = {
  box: { drags: true, square: true, make: around, hints: ["Drag a box, or click two corners", "Click the opposite corner"] },
  extreme: {
    drags: false, make: around,
    hints: ["Click the object's topmost point", "Click its leftmost point", "Click its lowest point", "Click its rightmost point"],
  },
  rotated: {
    drags: true,
    make: ([a, b, c]) => a && b && c ? { kind: "box", ...fromEdge(a, b, c) } : null,
    hints: ["Click one end of an edge, or drag along it", "Click its other end", "Click the opposite edge"],
  },
};

export class Gather extends Steps {
  readonly #way: Way;

  constructor(state: ImageState, way: keyof typeof WAYS) {
    super(state);
    this.#way = WAYS[way];
  }

  hint(): string {
    return this.#way.hints[this.points.value.length] ?? "";
  }

  ghosts(): readonly Ghost[] {
    const points = this.points.value;
    const next = this.next.value;
    const look = this.state.look();
    if (points.length === 0) return [];
    const all = next ? [...points, next] : points;
    const made = all.length > 1 ? this.#way.make(all) : null;
    const box = made && made.width + made.height > 0 ? made : null;
    return [
      ...(box ? [{ ...look, points: corners(box), closed: true, filled: true }] : [{ ...look, points: all }]),
      { ...look, points, mark: "round" },
      ...(box && next ? [{ points: [[box.x, box.y + box.height] as Point], words: measure(box)[0] ?? "" }] : []),
    ];
  }

  #place(hand: Hand): Point {
    const [x, y] = this.state.place(hand);
    const [from] = this.points.peek();
    if (!hand.shift || !this.#way.square || !from) return [x, y];
    const side = Math.max(Math.abs(x - from[0]), Math.abs(y - from[1]));
    return [from[0] + side * (Math.sign(x - from[0]) || 1), from[1] + side * (Math.sign(y - from[1]) || 1)];
  }

  #add(point: Point): void {
    const points = [...this.points.peek(), point];
    this.points.value = points;
    this.next.value = null;
    if (points.length < this.#way.hints.length) return;
    const box = this.#way.make(points);
    this.cancel();
    if (box) this.state.making.make(["boxes"], () => [box], [{ points: corners(box), closed: true, filled: true, dashed: true }]);
  }

  down(hand: Hand): void {
    this.#add(this.#place(hand));
  }

  move(hand: Hand): void {
    if (this.busy) this.next.value = this.#place(hand);
  }

  up(hand: Hand): void {
    // a drag from the first point is the second one
    if (hand.dragged && this.#way.drags && this.points.peek().length === 1) this.#add(this.#place(hand));
  }

  finish(): void {
    const point = this.next.peek();
    if (point && this.points.peek().length + 1 === this.#way.hints.length) this.#add(point);
    else this.cancel();
  }
}
