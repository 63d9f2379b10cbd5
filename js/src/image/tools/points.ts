/** Single points, and skeletons: their points one after another in the order of the schema, or all at once in a frame. */
import { batch, signal } from "@preact/signals-core";
import type { Keypoints, Skeletons } from "../../core/protocol";
import { bounds, corners, fromPoints } from "../geometry";
import type { Ghost, Point, Rect } from "../types";
import { Steps } from "./steps";
import type { Hand } from "./tool";

type Placed = [number, number, number];

export class Points extends Steps<Placed> {
  /** Where a drag that draws a frame has begun. */
  readonly #from = signal<Point | null>(null);

  /** The field that the next skeleton is for. */
  #field(): Skeletons | undefined {
    const { state } = this;
    const own = state.fieldOf(state.refFor(["skeletons"]) ?? {});
    const field = own ?? state.fields.value.find(({ kind }) => kind === "skeletons");
    return field?.kind === "skeletons" ? field : undefined;
  }

  get #names(): readonly string[] {
    return this.#field()?.points ?? [];
  }

  hint(): string {
    const names = this.#names;
    const { length } = this.points.value;
    if (names.length < 2) return "Click where the point is";
    const { keys } = this.state;
    const place = `Click ${names[length] ?? ""} (${length + 1} of ${names.length}) · ${keys("occluded")}: covered`;
    return length === 0 ? `${place} · or drag a frame around it` : `${place} · ${keys("delete")}: absent`;
  }

  ghosts(): readonly Ghost[] {
    const placed = this.points.value;
    const look = this.state.look();
    const [from, to] = [this.#from.value, this.next.value];
    if (from && to) {
      const frame = fromPoints([from, to]);
      const points = this.#spread(frame).map(([x, y]): Point => [x, y]);
      return [{ ...look, points: corners(frame), closed: true, dashed: true }, { ...look, points, mark: "round" }];
    }
    const there = (n: number): Point | undefined => {
      const [x = 0, y = 0, v = 0] = placed[n] ?? (n === placed.length && to ? [...to, 2] : []);
      return v ? [x, y] : undefined;
    };
    const lines = (this.#field()?.edges ?? []).flatMap(([a, b]): Ghost[] => {
      const [start, end] = [there(a), there(b)];
      return placed.length > 0 && start && end ? [{ ...look, points: [start, end] }] : [];
    });
    const next = this.#names[placed.length];
    return [
      ...lines,
      ...[1, 2].map((value): Ghost => ({
        ...look, points: placed.filter(([, , v]) => v === value).map(([x, y]): Point => [x, y]), mark: value === 1 ? "diamond" : "round",
      })),
      ...(to && next && this.#names.length > 1 ? [{ ...look, points: [to], words: next }] : []),
    ];
  }

  #add(placed: Placed): void {
    const all = [...this.points.peek(), placed];
    this.points.value = all;
    if (all.length >= Math.max(1, this.#names.length)) this.#make(all);
    else this.state.say(`${this.#names[all.length] ?? ""}, ${all.length + 1} of ${this.#names.length}`);
  }

  #make(placed: readonly Placed[]): void {
    const missing = Math.max(0, this.#names.length - placed.length);
    const points: Placed[] = [...placed, ...Array.from({ length: missing }, (): Placed => [0, 0, 0])];
    this.cancel();
    if (!points.some(([, , v]) => v)) return this.state.refuse("No point of it is there");
    const shape: Keypoints = { kind: "keypoints", points };
    this.state.making.make(["skeletons"], () => [shape], [{ points: points.filter(([, , v]) => v).map(([x, y]): Point => [x, y]), mark: "round" }]);
  }

  /** The points in a frame as those of the last skeleton lay in theirs, else around it. */
  #spread(frame: Rect): Placed[] {
    const names = this.#names;
    const last = this.state.shapes.ordered.filter(({ shape }) =>
      shape.kind === "keypoints" && shape.points.length === names.length && shape.points.every(([, , v]) => v)).at(-1);
    const like = last && bounds(last.shape);
    return names.map((_, n) => {
      const angle = 2 * Math.PI * n / names.length - Math.PI / 2;
      const [x, y] = last && like?.width && like.height && last.shape.kind === "keypoints"
        ? [((last.shape.points[n]?.[0] ?? 0) - like.x) / like.width, ((last.shape.points[n]?.[1] ?? 0) - like.y) / like.height]
        : [0.5 + Math.cos(angle) / 2, 0.5 + Math.sin(angle) / 2];
      return [frame.x + x * frame.width, frame.y + y * frame.height, 2];
    });
  }

  down(hand: Hand): void {
    const at = this.state.place(hand);
    if (this.points.peek().length === 0 && this.#names.length > 1 && hand.by !== "keys") this.#from.value = at;
  }

  move(hand: Hand): void {
    this.next.value = this.state.place(hand);
  }

  up(hand: Hand): void {
    const at = this.state.place(hand);
    const from = this.#from.peek();
    this.#from.value = null;
    if (from && hand.dragged) {
      // all of it is there at once, to be adjusted
      batch(() => {
        this.#make(this.#spread(fromPoints([from, at])));
        if (!this.state.pending.peek()) this.state.select(this.state.selected.peek());
      });
    } else this.#add([...at, hand.alt ? 1 : 2]);
  }

  second(hand: Hand): boolean {
    if (this.#names.length < 2 || !this.busy) return false;
    this.#add([...this.state.place(hand), 1]);
    return true;
  }

  finish(): void {
    if (this.busy) this.#make(this.points.peek());
  }

  override cancel(): void {
    super.cancel();
    this.#from.value = null;
  }

  override run(action: string, key: string): boolean {
    const at = this.state.cursor.peek() ?? this.state.pointer.peek();
    if (this.#names.length < 2) return false;
    if (action === "occluded" && at && (this.busy || this.state.selected.peek().length === 0)) this.#add([...at, 1]);
    else if (action === "delete" && this.busy && key !== "Backspace") this.#add([0, 0, 0]);
    else return super.run(action, key);
    return true;
  }
}
