/** Regions found by the computer: the wand takes pixels that are alike, the smart tool asks the kernel's model. */
import { signal } from "@preact/signals-core";
import { askTool, MediaError, Stopped } from "../../core/media";
import type { Scope } from "../../core/scope";
import { flood } from "../flood";
import { clamp, corners, fromPoints, intersection, whole } from "../geometry";
import { decodeCropped } from "../rle";
import { shapesOf } from "../regions";
import type { ImageState } from "../state";
import type { Bitmap, Ghost, Point } from "../types";
import type { Pixels } from "../loader";
import type { Hand, Tool } from "./tool";

/** Pixels that the wand looks at, at most; of larger images, those in sight. */
const MOST = 1 << 24;

interface Spot {
  readonly hand: Hand;
  readonly pixels: Pixels;
}

export class Wand implements Tool {
  readonly cursor = "crosshair";
  readonly #found = signal<Bitmap | null>(null);
  #from: Spot | null = null;
  #tolerance = 0;
  /** What was taken last: with another tolerance it is taken anew. */
  #last: Spot | null = null;
  #made: unknown = null;

  constructor(readonly state: ImageState) {}

  get busy(): boolean {
    return this.#from !== null;
  }

  hint(): string {
    const { state } = this;
    const takes = state.subtracts.value ? "take away" : "take";
    return `Click to ${takes} the pixels that are alike; drag for more or fewer · ${state.keys("smaller")} ${state.keys("larger")}: tolerance ${state.tolerance.value}`;
  }

  ghosts(): readonly Ghost[] {
    const bitmap = this.#found.value;
    return bitmap ? [{ bitmap }] : [];
  }

  down(hand: Hand): void {
    const { state } = this;
    const { width, height } = state.size;
    const region = width * height <= MOST ? whole(state.size) : intersection(state.viewport.visible.peek(), whole(state.size));
    const pixels = state.pixels(region);
    if (!pixels) return state.refuse("The image is not here yet");
    this.#from = { hand, pixels };
    this.#tolerance = state.tolerance.peek();
    this.#found.value = this.#look(this.#from);
  }

  #look({ hand: { at: [x, y], shift }, pixels }: Spot): Bitmap | null {
    const found = flood(pixels, x - pixels.x, y - pixels.y, this.state.tolerance.peek(), !shift);
    return found.width ? { ...found, x: found.x + pixels.x, y: found.y + pixels.y } : null;
  }

  move(hand: Hand, pressed: boolean): void {
    const from = this.#from;
    if (!pressed || !from || !hand.dragged) return;
    const tolerance = clamp(Math.round(this.#tolerance + (hand.at[0] - from.hand.at[0]) * this.state.scale / 3), 0, 255);
    if (tolerance === this.state.tolerance.peek()) return;
    this.state.tolerance.value = tolerance;
    this.#found.value = this.#look(from);
  }

  up(): void {
    const region = this.#found.peek();
    const from = this.#from;
    this.cancel();
    if (region && from) this.#take(from, region);
  }

  #take(spot: Spot, region: Bitmap): void {
    const { state } = this;
    const subtracts = state.subtracts.peek() !== spot.hand.alt;
    if (!state.masks.begin(spot.hand.at, subtracts)) return;
    state.masks.apply(region, subtracts);
    state.masks.commit();
    this.#last = spot;
    this.#made = state.masks.target()?.shape;
  }

  run(action: string): boolean {
    const { state } = this;
    const last = this.#last;
    if (!/^(smaller|larger)$/.test(action) || !last || !this.#made || state.masks.target()?.shape !== this.#made) return false;
    state.keyboard.size(action === "larger" ? 1 : -1);
    const region = this.#look(last);
    if (region && state.masks.redo()) this.#take(last, region);
    return true;
  }

  back(): void {
    this.cancel();
  }

  finish(): void {
    this.up();
  }

  cancel(): void {
    this.#found.value = null;
    this.#from = null;
  }
}

interface Clicked {
  readonly at: Point;
  readonly inside: boolean;
}

export class Smart implements Tool {
  readonly cursor = "crosshair";
  readonly steps = true;
  readonly #clicks = signal<readonly Clicked[]>([]);
  readonly #box = signal<readonly [Point, Point] | null>(null);
  readonly #region = signal<Bitmap | null>(null);
  readonly #waiting = signal(false);
  #asking: Scope | null = null;

  constructor(readonly state: ImageState) {}

  get busy(): boolean {
    return this.#clicks.value.length > 0 || this.#box.value !== null;
  }

  hint(): string {
    if (this.#waiting.value) return "Looking for the object…";
    if (!this.busy) return "Click the object, or drag a box around it";
    if (!this.#region.value) return "Nothing found: click elsewhere, or drag a box around it";
    return "Enter takes it · click what is missing, right-click what is too much";
  }

  ghosts(): readonly Ghost[] {
    const look = this.state.look();
    const bitmap = this.#region.value;
    const box = this.#box.value;
    return [
      // not in the label's colour: what is not taken yet must stand out
      ...(bitmap ? [{ bitmap }] : []),
      ...(box ? [{ ...look, points: corners(fromPoints(box)), closed: true, dashed: true }] : []),
      ...(["plus", "minus"] as const).map((mark): Ghost => ({
        points: this.#clicks.value.filter(({ inside }) => inside === (mark === "plus")).map(({ at }) => at), mark, color: mark === "plus" ? "#1a7f4b" : "#b3261e",
      })),
    ];
  }

  #from: Point | null = null;

  down(hand: Hand): void {
    this.#from = this.state.place(hand);
  }

  move(hand: Hand, pressed: boolean): void {
    if (pressed && this.#from && hand.dragged) this.#box.value = [this.#from, this.state.place(hand)];
  }

  up(hand: Hand): void {
    if (hand.dragged && this.#from) this.#box.value = [this.#from, this.state.place(hand)];
    else if (hand.by === "keys" && this.#clicks.peek().some(({ at }) => at[0] === hand.at[0] && at[1] === hand.at[1])) return this.finish();
    else this.#clicks.value = [...this.#clicks.peek(), { at: this.state.place(hand), inside: !hand.alt && !this.state.subtracts.peek() }];
    this.#from = null;
    this.#ask();
  }

  second(hand: Hand): boolean {
    if (!this.busy) return false;
    this.#clicks.value = [...this.#clicks.peek(), { at: this.state.place(hand), inside: false }];
    this.#ask();
    return true;
  }

  #ask(): void {
    const { state } = this;
    this.#asking?.dispose();
    if (!this.busy) return this.cancel();
    const scope = this.#asking = state.scope.child();
    const box = this.#box.peek();
    const frame = box && fromPoints(box);
    this.#waiting.value = true;
    const points = this.#clicks.peek().map(({ at: [x, y], inside }) => [x, y, inside ? 1 : 0]);
    const given = { points, box: frame && [frame.x, frame.y, frame.width, frame.height] };
    askTool(state.engine, scope, state.engine.item.peek()?.id ?? "", "segment", given).then((made) => {
      const region = decodeCropped(made);
      this.#region.value = region.width ? region : null;
      state.say(region.width ? `Found: ${region.width} × ${region.height}` : "Nothing found");
    }).catch((error: unknown) => {
      if (error instanceof Stopped) return;
      const { title, hint = "" } = error instanceof MediaError ? error.problem : { title: String(error) };
      state.refuse(`${title} ${hint}`);
    }).finally(() => {
      if (this.#asking === scope) this.#waiting.value = false;
    });
  }

  back(): void {
    if (this.#clicks.peek().length > 0) this.#clicks.value = this.#clicks.peek().slice(0, -1);
    else this.#box.value = null;
    this.#ask();
  }

  finish(): void {
    const region = this.#region.peek();
    const { state } = this;
    if (!region) return state.refuse(this.#waiting.peek() ? "Still looking" : "Nothing was found yet");
    if (state.making.make(["masks", "polygons", "boxes"], (kind) => shapesOf(region, kind, state.size), [{ bitmap: region }])) this.cancel();
  }

  cancel(): void {
    this.#asking?.dispose();
    this.#asking = null;
    this.#clicks.value = [];
    this.#box.value = this.#region.value = this.#from = null;
    this.#waiting.value = false;
  }

  run(action: string): boolean {
    if (action !== "delete" || !this.busy) return false;
    this.back();
    return true;
  }
}
