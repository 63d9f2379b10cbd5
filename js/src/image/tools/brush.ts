/** Painting masks: a round brush that adds or takes away. With keys, Enter puts it down and lifts it. */
import { signal } from "@preact/signals-core";
import type { ImageState } from "../state";
import type { Ghost, Point } from "../types";
import type { Hand, Tool } from "./tool";

export class Brush implements Tool {
  readonly cursor = "crosshair";
  readonly trails = true;
  readonly #at = signal<Point | null>(null);
  readonly #on = signal(false);
  #subtracts = false;
  /** Where the last stroke ended: with shift the next one begins there. */
  #last: Point | null = null;

  constructor(readonly state: ImageState, readonly erases: boolean) {}

  get busy(): boolean {
    return this.#on.value;
  }

  #takes(hand: { alt: boolean }): boolean {
    return this.erases || this.state.subtracts.peek() !== hand.alt;
  }

  hint(): string {
    const { state } = this;
    const size = `${state.keys("smaller")} ${state.keys("larger")}: size ${2 * state.radius.value}`;
    const does = this.erases || state.subtracts.value ? "Drag to take away from a mask" : `Drag to paint${state.masks.target() ? " on this mask" : " a mask"}`;
    const more = state.masks.target() ? `${state.keys("again")}: a new mask` : this.erases ? "" : "alt: take away";
    return [does, size, more].filter(Boolean).join(" · ");
  }

  ghosts(): readonly Ghost[] {
    const at = this.#at.value;
    const look = this.state.look();
    void this.state.masks.painted.value;
    const { fresh } = this.state.masks;
    return [
      ...(fresh ? [{ ...look, bitmap: fresh }] : []),
      ...(at ? [{ ...look, points: [at], radius: this.state.radius.value, dashed: this.erases || this.state.subtracts.value }] : []),
    ];
  }

  down(hand: Hand): void {
    if (this.#on.peek()) return this.finish();
    const { masks } = this.state;
    this.#subtracts = this.#takes(hand);
    if (!masks.begin(hand.at, this.#subtracts)) return;
    this.#on.value = true;
    const from = hand.shift && this.#last ? this.#last : hand.at;
    this.#last = hand.at;
    masks.stroke(from, hand.at, this.#subtracts);
  }

  move(hand: Hand): void {
    this.#at.value = hand.at;
    if (!this.#on.peek()) return;
    this.state.masks.stroke(this.#last ?? hand.at, hand.at, this.#subtracts);
    this.#last = hand.at;
  }

  up(hand: Hand): void {
    if (hand.by !== "keys") this.finish();
    if (hand.by === "touch") this.#at.value = null;
  }

  back(): void {
    this.cancel();
  }

  finish(): void {
    if (!this.#on.peek()) return;
    this.#on.value = false;
    this.state.masks.commit();
  }

  cancel(): void {
    if (this.#on.peek()) {
      this.state.masks.revert();
      this.state.masks.close();
    }
    this.#on.value = false;
    this.#at.value = this.#last = null;
  }
}
