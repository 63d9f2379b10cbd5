/** What tools have in common that are used step by step: points that are placed, and the one that would be next. */
import { type Signal, signal } from "@preact/signals-core";
import type { Place } from "../geometry";
import type { ImageState } from "../state";
import type { Ghost, Point } from "../types";
import type { Hand, Tool } from "./tool";

export abstract class Steps<P extends Place = Point> implements Tool {
  readonly cursor = "crosshair";
  readonly steps = true;
  protected readonly points: Signal<readonly P[]> = signal([]);
  protected readonly next: Signal<Point | null> = signal(null);

  constructor(readonly state: ImageState) {}

  get busy(): boolean {
    return this.points.value.length > 0;
  }

  abstract hint(): string;
  abstract ghosts(): readonly Ghost[];
  abstract down(hand: Hand): void;
  abstract move(hand: Hand, pressed: boolean): void;
  abstract up(hand: Hand): void;
  abstract finish(): void;

  back(): void {
    this.points.value = this.points.peek().slice(0, -1);
  }

  cancel(): void {
    this.points.value = [];
    this.next.value = null;
  }

  run(action: string, _key: string): boolean {
    if (action !== "delete" || !this.busy) return false;
    this.back();
    return true;
  }
}
