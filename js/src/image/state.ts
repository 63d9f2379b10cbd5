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
import { type FieldKind, FIRST_TOOL, imageActions, isShapeField, type ShapeField, type ToolName, TOOLS, toolsFor } from "./actions";
import { Edits } from "./edits";
import { clampPoint, contains, held, intersection, measure, type Size, union, whole } from "./geometry";
import { Keyboard } from "./keyboard";
import { infoOf, type Pixels } from "./loader";
import { Making, type Pending } from "./making";
import { Masks } from "./masks";
import { Shapes } from "./shapes";
import { makeTool } from "./tools";
import type { Hand, Tool } from "./tools/tool";
import type { Drawn, Ghost, ImageInfo, Point, Rect } from "./types";
import { Viewport } from "./viewport";

export interface LabelRef {
  readonly field: string;
  readonly label: string;
}

const SNAP = 10; // screen pixels

export class ImageState implements ViewState {
  readonly shapes = new Shapes();
  readonly viewport = new Viewport();
  readonly making: Making;
  readonly masks: Masks;
  readonly edits: Edits;
  readonly keyboard: Keyboard;
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
  /** Why the last shape was not made; shown until the next step. */
  readonly refused = signal("");
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
    this.making = new Making(this);
    this.masks = new Masks(this);
    this.edits = new Edits(this);
    this.keyboard = new Keyboard(this);
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
      if (!selected.every((one) => this.shapes.get(one))) this.choose(selected.filter((one) => this.shapes.get(one)));
    });
    this.edits.arrived(id);
  }

  /** Another item: nothing that was begun on the last one goes on. */
  #leave(): void {
    for (const tool of this.#made.values()) tool.cancel();
    this.masks.close();
    this.choose([]);
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
  refFor(kinds: readonly FieldKind[]): LabelRef | null {
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

  /** As far as shapes can be moved: what of them is in the image stays there. */
  within(drawn: readonly Drawn[], dx: number, dy: number): Point {
    return held(intersection(drawn.map(({ bounds }) => bounds).reduce(union), whole(this.size)), dx, dy, this.size);
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
    return `${this.cursor.value && this.draws ? "Enter instead of a click · " : ""}${this.held.value.hint()}`;
  }

  /** Says why something is not done, also to those who see. */
  refuse(words: string): void {
    this.refused.value = words;
    this.say(words);
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
        if (!goes) this.choose([]);
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
    this.choose([]);
    this.masks.close();
    const [field] = this.fields.peek();
    const name = this.#last ?? (field && FIRST_TOOL[field.kind]);
    if (name) this.pick(name);
  }

  // ---- selecting ------------------------------------------------------------------------------

  /** Selects shapes, whatever the tool; `fresh` if they were just made. */
  choose(ids: readonly string[], fresh = false): void {
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
      this.choose(ids, fresh);
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

  // ---- the modality ---------------------------------------------------------------------------

  label(field: AnyField, label: Label, clicked = false): void {
    this.making.label(field, label, clicked);
  }

  first(action: string, event: KeyboardEvent | null): boolean {
    return this.keyboard.first(action, event);
  }

  escape(): boolean {
    return this.keyboard.escape();
  }

  run(action: string): boolean {
    return this.keyboard.run(action);
  }
}

export function refOf(field: AnyField, label: Label): LabelRef {
  return { field: field.name ?? "", label: label.name };
}
