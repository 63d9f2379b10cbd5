/**
 * One view's work on an image: tool, selection, current label, what is hidden or locked, and what each action changes.
 *
 * Knows no DOM; what is drawn follows from its signals. Coordinates are image pixels.
 */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { AnyField, Label, Schema } from "../core/protocol";
import type { Scope } from "../core/scope";
import type { Actions } from "../shell/actions";
import type { ViewState } from "../shell/entry";
import { FIRST_TOOL, imageActions, isShapeField, type ShapeField, type ToolName, TOOLS, toolsFor } from "./actions";
import { Edits } from "./edits";
import { clamp, clampPoint, clip, contains, measure, type Size } from "./geometry";
import { infoOf, type Pixels } from "./loader";
import { Masks } from "./masks";
import { Shapes } from "./shapes";
import { makeTool } from "./tools";
import type { Hand, Tool } from "./tools/tool";
import type { Drawn, Ghost, ImageInfo, Point, Rect, Shape } from "./types";
import { Viewport } from "./viewport";

export interface LabelRef {
  readonly field: string;
  readonly label: string;
}

type Kind = ShapeField["kind"];

/** Something drawn that has no label yet. */
export interface Pending {
  readonly kinds: readonly Kind[];
  /** The shapes, as answers of a field of this kind. */
  readonly build: (kind: Kind) => readonly Shape[];
  readonly ghosts: readonly Ghost[];
}

const KEYS_STEP = 8; // screen pixels that the keyboard's cursor goes
const PAN_STEP = 40;
const SNAP = 10;
const DIRECTIONS: Readonly<Record<string, Point>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

export class ImageState implements ViewState {
  readonly shapes = new Shapes();
  readonly viewport = new Viewport();
  readonly masks: Masks;
  readonly edits: Edits;
  readonly info: ReadonlySignal<ImageInfo | null>;
  readonly actions: ReadonlySignal<Actions>;
  readonly fields: ReadonlySignal<readonly ShapeField[]>;
  readonly tools: ReadonlySignal<readonly ToolName[]>;
  readonly tool = signal<ToolName>("pan");
  readonly held: ReadonlySignal<Tool>;
  readonly hint: ReadonlySignal<string>;
  /** Counts changes of the shapes. */
  readonly version = signal(0);
  /** In the order in which they were selected. */
  readonly selected = signal<readonly string[]>([]);
  /** What is selected was just made: label keys are about the next one. */
  readonly fresh = signal(false);
  /** The handle or point of the selected shape that keys move. */
  readonly point = signal<number | null>(null);
  readonly hovered = signal<string | null>(null);
  readonly current = signal<LabelRef | null>(null);
  readonly pending = signal<Pending | null>(null);
  /** Shapes as they are while they are dragged. */
  readonly moved = signal<ReadonlyMap<string, Drawn>>(new Map());
  readonly hidden = signal<ReadonlySet<string>>(new Set());
  readonly locked = signal<ReadonlySet<string>>(new Set());
  readonly solo = signal<ReadonlySet<string> | null>(null);
  /** Where the pointer is over the image, or the keyboard's cursor. */
  readonly pointer = signal<Point | null>(null);
  readonly cursor = signal<Point | null>(null);
  /** Space is held: the pointer moves the view. */
  readonly panning = signal(false);
  readonly radius = signal(12);
  readonly tolerance = signal(24);
  /** Mask tools take away instead of adding. */
  readonly subtracts = signal(false);
  readonly ghosts: ReadonlySignal<readonly Ghost[]>;
  say: (words: string) => void = () => undefined;
  keys: (action: string) => string = () => "";
  /** The image's colours, once they are here. */
  pixels: (region: Rect) => Pixels | null = () => null;
  /** Opens what stands beside the selection for the keyboard. */
  attributes: () => void = () => undefined;
  readonly #made = new Map<ToolName, Tool>();
  #last: ToolName | null = null;
  #schema: Schema | null = null;
  #item = "";

  constructor(readonly engine: Engine, readonly scope: Scope) {
    this.info = computed(() => infoOf(engine.item.value?.data));
    this.actions = computed(() => imageActions(engine.schema.value, engine.options.value));
    this.fields = computed(() => engine.schema.value.fields.filter(isShapeField));
    this.tools = computed(() => toolsFor(engine.schema.value, engine.options.value));
    this.held = computed(() => this.#tool(this.tool.value));
    this.masks = new Masks(this);
    this.edits = new Edits(this);
    this.hint = computed(() => this.#hint());
    this.ghosts = computed(() => [...this.pending.value?.ghosts ?? [], ...this.held.value.ghosts()]);
    scope.effect(() => this.#begin());
    scope.effect(() => this.#follow());
  }

  #tool(name: ToolName): Tool {
    const made = this.#made.get(name) ?? makeTool(name, this);
    this.#made.set(name, made);
    return made;
  }

  // ---- following the engine -------------------------------------------------------------------

  /** One label needs no choosing, and with one field of shapes its tool is in hand at once. */
  #begin(): void {
    const schema = this.engine.schema.value;
    if (schema === this.#schema) return;
    this.#schema = schema;
    this.shapes.reset(schema);
    const fields = this.fields.peek();
    const [only] = fields;
    batch(() => {
      const current = this.current.peek();
      if (current && !this.labelOf(current)) this.current.value = null;
      if (!this.tools.peek().includes(this.tool.peek()) || this.tool.peek() === "pan") {
        this.tool.value = only && fields.length === 1 ? FIRST_TOOL[only.kind] : only ? "select" : "pan";
      }
      if (fields.length === 1 && only?.labels.length === 1) this.current.value = refOf(only, only.labels[0] as Label);
    });
  }

  #follow(): void {
    const { item, view, suggestions } = this.engine;
    const info = this.info.value;
    const hidden = this.hidden.value;
    const locked = this.locked.value;
    const solo = this.solo.value;
    void this.engine.schema.value;
    const annotations = info ? view.value.annotations : [];
    const offered = info ? suggestions.value : [];
    const id = item.value?.id ?? "";
    batch(() => {
      if (id !== this.#item) {
        this.#item = id;
        this.#leave();
      }
      this.shapes.update(annotations, offered, {
        hidden: (one) => hidden.has(one) || (solo !== null && !solo.has(one)),
        locked: (one) => locked.has(one),
      });
      this.version.value = this.version.peek() + 1;
      const selected = this.selected.peek();
      if (!selected.every((one) => this.shapes.get(one))) this.#select(selected.filter((one) => this.shapes.get(one)));
    });
    this.edits.arrived(id);
  }

  /** Another item: nothing that was begun on the last one goes on. */
  #leave(): void {
    for (const tool of this.#made.values()) tool.cancel();
    this.masks.close();
    this.#select([]);
    this.pending.value = null;
    this.moved.value = new Map();
    this.hovered.value = this.cursor.value = null;
    if (this.solo.peek()) this.solo.value = null;
  }

  // ---- looking --------------------------------------------------------------------------------

  get size(): Size {
    return this.info.peek() ?? { width: 1, height: 1 };
  }

  get scale(): number {
    return this.viewport.view.peek().scale;
  }

  /** The shapes selected that are there. */
  chosen(): Drawn[] {
    void this.version.value;
    return this.selected.value.flatMap((id) => this.shapes.get(id) ?? []);
  }

  /** The one shape that is selected, as it is while it is dragged. */
  only(): Drawn | undefined {
    const chosen = this.chosen();
    const [one] = chosen;
    return chosen.length === 1 && one ? this.moved.value.get(one.id) ?? one : undefined;
  }

  fieldOf(ref: { field?: string }): ShapeField | undefined {
    return this.fields.value.find((field) => field.name === ref.field);
  }

  labelOf(ref: { field?: string; label?: string }): Label | undefined {
    return this.fieldOf(ref)?.labels.find((label) => label.name === ref.label);
  }

  /** The label that a new shape of one of these kinds gets, if that is clear. */
  refFor(kinds: readonly Kind[]): LabelRef | null {
    const current = this.current.value;
    const fits = this.fields.value.filter((field) => kinds.includes(field.kind));
    if (current && fits.some((field) => field.name === current.field)) return current;
    const [field] = fits;
    return fits.length === 1 && field?.labels.length === 1 ? refOf(field, field.labels[0] as Label) : null;
  }

  /** The colour of what is being drawn, for a ghost. */
  look(kinds = TOOLS[this.tool.value].kinds): { readonly color?: string } {
    const color = this.labelOf(this.refFor(kinds) ?? {})?.color;
    return color ? { color } : {};
  }

  words(drawn: Drawn): string {
    const { shape, suggested } = drawn;
    const score = suggested ? `, suggested${typeof shape.score === "number" ? `, score ${shape.score.toFixed(2)}` : ""}` : "";
    return `${shape.label ?? ""}: ${measure(shape).join(", ")}${score}`;
  }

  /** Where a hand points in the image; with ctrl at the nearest vertex, if one is near. */
  place(hand: Hand, except?: ReadonlySet<string>): Point {
    const near = hand.ctrl ? this.shapes.near.snap(hand.at, SNAP / this.scale, except) : undefined;
    return near ?? clampPoint(hand.at, this.size);
  }

  #hint(): string {
    if (!this.info.value) return "";
    if (this.panning.value) return "Drag to move the view";
    if (this.pending.value) return `Pick a label for it: its key, or a click · ${this.keys("escape")} drops it`;
    return this.held.value.hint();
  }

  // ---- tools ----------------------------------------------------------------------------------

  pick(name: ToolName): void {
    if (!this.tools.peek().includes(name)) return;
    this.held.peek().cancel();
    const { kinds } = TOOLS[name];
    batch(() => {
      if (kinds.length > 0) {
        this.#last = name;
        const current = this.current.peek();
        const kind = current && this.fieldOf(current)?.kind;
        if (kind && !kinds.includes(kind)) this.current.value = this.refFor(kinds);
        // masks are painted on, polygons get holes
        const goes = this.chosen().every(({ shape }) => shape.kind === (name === "hole" ? "polygon" : kinds[0] === "masks" ? "mask" : ""));
        if (!goes) this.#select([]);
      }
      this.tool.value = name;
      this.point.value = null;
    });
    this.say(TOOLS[name].words);
  }

  get draws(): boolean {
    return TOOLS[this.tool.value].kinds.length > 0;
  }

  /** It is used at single points, not with a brush. */
  get aims(): boolean {
    return this.draws && !this.tool.value.match(/brush|eraser/);
  }

  /** The last tool for a new shape: nothing that is there is painted on. */
  again(): void {
    this.#select([]);
    this.masks.close();
    const [field] = this.fields.peek();
    const name = this.#last ?? (field && FIRST_TOOL[field.kind]);
    if (name) this.pick(name);
  }

  // ---- labels ---------------------------------------------------------------------------------

  label(field: AnyField, label: Label, clicked = false): void {
    if (!isShapeField(field)) return;
    const ref = refOf(field, label);
    const pending = this.pending.peek();
    if (pending) {
      if (!pending.kinds.includes(field.kind)) return this.say(`${label.name} is no label for this.`);
      this.pending.value = null;
      this.#put(pending.build(field.kind), ref);
      return;
    }
    const chosen = this.chosen();
    if (chosen.length > 0 && !this.fresh.peek() && this.edits.relabel(chosen, ref)) return;
    this.#choose(field, ref, clicked);
  }

  #choose(field: ShapeField, ref: LabelRef, clicked: boolean): void {
    const fits = TOOLS[this.tool.peek()].kinds.includes(field.kind);
    const tool = this.held.peek();
    const current = this.current.peek();
    const same = current?.field === ref.field && current.label === ref.label;
    batch(() => {
      if (!tool.busy) this.#select([]);
      this.masks.close();
      this.current.value = same && fits && clicked && !tool.busy ? null : ref; // a key always picks
      if (!fits) this.pick(FIRST_TOOL[field.kind]);
    });
    this.say(this.current.peek() ? `${ref.label} is the current label.` : `${ref.label} is no longer the current label.`);
    // a mask that was asked for waits for its label only
    if (this.tool.peek() === "smart" && tool.busy && !clicked) tool.finish();
  }

  // ---- making ---------------------------------------------------------------------------------

  /** Makes answers of what was drawn, or asks for its label. Says why if it is too small. */
  make(kinds: readonly Kind[], build: (kind: Kind) => readonly Shape[], ghosts: readonly Ghost[]): boolean {
    const fits = this.fields.peek().filter((field) => kinds.includes(field.kind));
    const ref = this.refFor(kinds);
    const kind = (ref && this.fieldOf(ref)?.kind) ?? fits[0]?.kind;
    if (!kind || !this.#fit(build(kind))) return false;
    if (ref) this.#put(build(kind), ref);
    else {
      batch(() => {
        this.#select([]);
        this.pending.value = { kinds: fits.map((field) => field.kind), build, ghosts };
      });
      this.say("Choose its label.");
    }
    return true;
  }

  #fit(shapes: readonly Shape[]): boolean {
    const inside = shapes.map((shape) => clip(shape, this.size));
    const words = inside.length === 0 || inside.some((one) => !one) ? "There is nothing of it in the image"
      : inside.some((one) => one && this.tiny(one)) ? "Too small: zoom in to draw it" : "";
    if (words) this.say(`${words}.`);
    this.refused.value = words;
    return !words;
  }

  /** Why the last shape was not made; shown until the next step. */
  readonly refused = signal("");

  tiny(shape: Shape): boolean {
    const least = Math.max(1, 2 / this.scale);
    if (shape.kind === "box") return Math.min(shape.width, shape.height) < least;
    if (shape.kind !== "polygon") return false;
    const { width, height } = this.shapes.derive(shape, { suggested: false, hidden: false, locked: false })?.bounds ?? { width: 0, height: 0 };
    return shape.closed === false ? Math.max(width, height) < least : Math.min(width, height) < least;
  }

  #put(shapes: readonly Shape[], { field, label }: LabelRef): readonly string[] {
    const made = shapes.flatMap((shape) => {
      const inside = clip(shape, this.size);
      return inside && !this.tiny(inside) ? [{ ...inside, field, label, id: this.engine.newId() }] : [];
    });
    if (made.length === 0) return [];
    batch(() => {
      const solo = this.solo.peek();
      if (solo) this.solo.value = new Set([...solo, ...made.map(({ id }) => id)]);
      this.engine.edit(made);
      this.#select(made.map(({ id }) => id), true);
    });
    const [first] = this.chosen();
    if (first) this.say(`${made.length > 1 ? `${made.length} shapes. ` : ""}${this.words(first)}`);
    return made.map(({ id }) => id);
  }

  // ---- selecting ------------------------------------------------------------------------------

  #select(ids: readonly string[], fresh = false): void {
    batch(() => {
      const before = this.selected.peek();
      if (ids.length !== before.length || ids.some((id, i) => id !== before[i])) this.selected.value = ids;
      this.fresh.value = fresh && ids.length > 0;
      this.point.value = null;
      this.refused.value = "";
    });
  }

  /** Selects shapes or suggestions, for editing. */
  select(ids: readonly string[], { reveal = false, fresh = false } = {}): void {
    const [drawn] = ids.map((id) => this.shapes.get(id));
    batch(() => {
      this.#select(ids, fresh);
      const tool = this.tool.peek();
      const goes = drawn?.shape.kind === (tool === "hole" ? "polygon" : TOOLS[tool].kinds[0] === "masks" ? "mask" : "");
      if (ids.length > 0 && !goes && !fresh && tool !== "select" && this.tools.peek().includes("select")) {
        this.held.peek().cancel();
        this.tool.value = "select";
      }
      this.cursor.value = null;
    });
    if (!drawn) return;
    if (reveal && !contains(this.viewport.visible.peek(), drawn.bounds)) this.viewport.reveal(drawn.bounds);
    this.say(ids.length > 1 ? `${ids.length} shapes selected` : this.words(drawn));
  }

  toggle(id: string): void {
    const before = this.selected.peek();
    this.select(before.includes(id) ? before.filter((one) => one !== id) : [...before, id]);
  }

  step(by: 1 | -1): void {
    const all = [...this.shapes.ordered, ...this.shapes.suggested].filter((one) => !one.hidden);
    const at = all.findIndex(({ id }) => id === this.selected.peek().at(-1));
    const next = all[(at < 0 && by < 0 ? all.length - 1 : at + by + all.length) % all.length];
    if (next) this.select([next.id], { reveal: true });
    else this.say("There are no shapes yet.");
  }

  // ---- the keyboard's cursor ------------------------------------------------------------------

  /** The pointer as the keyboard moves it. */
  hand(at: Point, more: Partial<Hand> = {}): Hand {
    return { at, shift: false, alt: false, ctrl: false, dragged: false, double: false, by: "keys", ...more };
  }

  #arrow(way: string, far: boolean, fine: boolean): void {
    const [dx, dy] = DIRECTIONS[way] as Point;
    const times = far ? 10 : 1;
    if (this.draws) {
      const from = this.cursor.peek();
      const step = fine ? 1 : KEYS_STEP * times / this.scale;
      const begin = this.pointer.peek() ?? this.viewport.toImage(this.viewport.middle());
      const [x, y] = clampPoint(from ? [from[0] + dx * step, from[1] + dy * step] : [Math.round(begin[0]), Math.round(begin[1])], this.size);
      this.cursor.value = [x, y];
      this.held.peek().move(this.hand([x, y]), false);
      this.viewport.reveal({ x, y, width: 0, height: 0 });
      this.say(`${Math.round(x)}, ${Math.round(y)}`);
    } else if (!this.edits.nudge(dx * times, dy * times, fine)) this.viewport.panBy(-dx * times * PAN_STEP, -dy * times * PAN_STEP);
  }

  /** What Enter does with the tool in hand; false if it is free to submit. */
  #enter(): boolean {
    if (this.pending.peek()) {
      this.say("Choose its label first.");
      return true;
    }
    const tool = this.held.peek();
    const cursor = this.cursor.peek();
    if (cursor && this.draws) {
      const hand = this.hand(cursor);
      tool.down(hand);
      tool.up(hand);
    } else if (tool.busy) tool.finish();
    else return false;
    return true;
  }

  // ---- the modality ---------------------------------------------------------------------------

  first(action: string, event: KeyboardEvent | null): boolean {
    const tool = this.held.peek();
    if (action === "submit") {
      if (event && !event.ctrlKey && !event.metaKey) return this.#enter();
      tool.finish();
      return this.pending.peek() !== null && this.#enter();
    }
    if (action === "undo" && (tool.busy || this.pending.peek())) {
      if (!this.pending.peek()) tool.back();
      this.pending.value = null;
      return true;
    }
    if (action === "skip" && event?.key === " ") {
      // whether it was a tap shows when it is let go
      if (!event.repeat) this.panning.value = true;
      return true;
    }
    return event !== null && (tool.run?.(action, event.key) ?? false);
  }

  escape(): boolean {
    const tool = this.held.peek();
    if (this.pending.peek()) this.pending.value = null;
    else if (tool.busy) tool.cancel();
    else if (this.cursor.peek()) this.cursor.value = null;
    else if (this.point.peek() !== null) this.point.value = null;
    else if (this.selected.peek().length > 0) this.select([], { fresh: true });
    else if (this.draws) this.pick("select");
    else return false;
    return true;
  }

  run(action: string): boolean {
    if (!(action in this.actions.peek())) return false;
    const tool = action.replace("tool_", "") as ToolName;
    const [, far, fine, way] = /^(far_)?(fine_)?(left|right|up|down)$/.exec(action) ?? [];
    const run = this.#runs[action];
    if (action.startsWith("tool_")) this.pick(tool);
    else if (way) this.#arrow(way, Boolean(far), Boolean(fine));
    else if (run) run();
    else return this.edits.run(action);
    return true;
  }

  readonly #runs: Readonly<Record<string, () => void>> = {
    again: () => this.again(),
    smaller: () => this.#size(-1),
    larger: () => this.#size(1),
    mode: () => {
      this.subtracts.value = !this.subtracts.peek();
      this.say(this.subtracts.peek() ? "Takes away" : "Adds");
    },
    next_shape: () => this.step(1),
    previous_shape: () => this.step(-1),
    zoom_in: () => this.zoom(1.25),
    zoom_out: () => this.zoom(0.8),
    fit: () => this.viewport.fit(),
    actual: () => this.viewport.actual(),
    attributes: () => this.#attributes(),
  };

  #attributes(): void {
    if (this.chosen().length === 0) return this.say("Select a shape first.");
    this.fresh.value = false;
    this.select(this.selected.peek());
    this.attributes();
  }

  #size(by: 1 | -1): void {
    if (this.tool.peek() === "wand") {
      this.tolerance.value = clamp(this.tolerance.peek() + by * 4, 0, 255);
      this.say(`Tolerance ${this.tolerance.peek()}`);
    } else {
      const radius = this.radius.peek();
      this.radius.value = clamp(Math.round(2 * radius * (by > 0 ? 1.25 : 0.8) + by) / 2, 0.5, 500);
      this.say(`Brush ${2 * this.radius.peek()} pixels`);
    }
  }

  /** About the cursor, else the pointer, else the middle. */
  zoom(factor: number): void {
    const at = this.cursor.peek() ?? this.pointer.peek();
    const inside = at && contains(this.viewport.visible.peek(), { x: at[0], y: at[1], width: 0, height: 0 });
    this.viewport.zoomAt(inside ? this.viewport.toScreen(at) : this.viewport.middle(), factor);
  }
}

export function refOf(field: AnyField, label: Label): LabelRef {
  return { field: field.name ?? "", label: label.name };
}
