/**
 * One view's work on a text: cursor, selection, current label, relation mode, and what each action changes.
 *
 * Knows no DOM; where lines matter it asks the surface. Ranges are UTF-16 units until they become annotations.
 */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { AnyAnnotation, AnyField, Label, Relation, Relations, Span, Spans } from "../core/protocol";
import type { Scope } from "../core/scope";
import { type Actions, labelAction, labelsOf } from "../shell/actions";
import { withAttribute } from "../shell/answers";
import type { Modality } from "../shell/shell";
import { textActions } from "./actions";
import { type Cursor, directionOf, headOf, place, rangeOf, select, type Step, type Unit } from "./cursor";
import { excerpt, TextDocument } from "./document";
import type { Mark } from "./marks";
import { matchesOf } from "./matches";
import type { Range } from "./tokens";

export interface LabelRef {
  readonly field: string;
  readonly label: string;
}

export interface Relating {
  readonly head: string;
  readonly target: string | null;
  /** Chosen before the target. */
  readonly label: LabelRef | null;
}

/** What the state asks of the surface that draws the text. */
export interface Lines {
  /** The token one line up or down from an offset, near the same place across. */
  vertical(offset: number, step: Step): Range | null;
  /** The first or last token of an offset's line. */
  edge(offset: number, edge: "start" | "end"): Range | null;
  /** A token in sight, where the cursor may begin. */
  visible(): Range | null;
  reveal(range: Range): void;
  redraw(first: number, last: number): void;
  /** Gives the focus to the selected annotation's first attribute. */
  attributes(): void;
}

type Attributes = NonNullable<Span["attributes"]>;

export class TextState implements Modality {
  readonly doc = signal<TextDocument | null>(null);
  /** Counts changes of the marks. */
  readonly version = signal(0);
  readonly cursor = signal<Cursor | null>(null);
  /** What the pointer is just marking. */
  readonly dragged = signal<Range | null>(null);
  readonly selected = signal<string | null>(null);
  readonly hovered = signal<string | null>(null);
  /** The label that drags and double clicks apply. */
  readonly current = signal<LabelRef | null>(null);
  /** Labels are offered beside the selection. */
  readonly menu = signal(false);
  readonly relating = signal<Relating | null>(null);
  readonly actions: ReadonlySignal<Actions>;
  readonly spanFields: ReadonlySignal<readonly Spans[]>;
  readonly relationFields: ReadonlySignal<readonly Relations[]>;
  readonly counts: ReadonlySignal<ReadonlyMap<string, number>>;
  readonly relations: ReadonlySignal<readonly Relation[]>;
  readonly suggestedRelations: ReadonlySignal<readonly Relation[]>;
  readonly matches: ReadonlySignal<readonly Range[]>;
  readonly hint: ReadonlySignal<string>;
  lines: Lines | null = null;
  /** Says things to screen readers. */
  say: (words: string) => void = () => undefined;
  /** Shows the keys of an action. */
  keys: (action: string) => string = () => "";
  /** Where the cursor was last, or the pointer: where it shows again. */
  #origin: number | null = null;
  #relationLabel: LabelRef | null = null;

  constructor(readonly engine: Engine, scope: Scope) {
    this.actions = computed(() => textActions(engine.schema.value, engine.options.value));
    const fields = <K extends AnyField["kind"]>(kind: K) => computed(() =>
      engine.schema.value.fields.filter((field): field is Extract<AnyField, { kind: K }> => field.kind === kind));
    this.spanFields = fields("spans");
    this.relationFields = fields("relations");
    this.counts = computed(() => {
      const counts = new Map<string, number>();
      for (const one of engine.view.value.annotations) {
        if (!("label" in one)) continue;
        const action = labelAction(one.field ?? "", one.label ?? "");
        counts.set(action, (counts.get(action) ?? 0) + 1);
      }
      return counts;
    });
    const relationsIn = (list: readonly AnyAnnotation[]): Relation[] => list.filter((one): one is Relation => one.kind === "relation");
    this.relations = computed(() => relationsIn(engine.view.value.annotations));
    this.suggestedRelations = computed(() => relationsIn(engine.suggestions.value));
    this.matches = computed(() => {
      void this.version.value;
      const mark = this.selectedMark();
      const doc = this.doc.value;
      return doc && mark && !mark.suggested ? matchesOf(mark, doc.rows, doc.tokens, doc.marks) : [];
    });
    this.hint = computed(() => this.#hint());
    scope.effect(() => this.#follow());
    scope.effect(() => {
      // one label needs no choosing
      const labels = this.spanFields.value.flatMap((field) => field.labels.map((label) => ({ field: field.name ?? "", label: label.name })));
      const current = this.current.peek();
      if (labels.length === 1) this.current.value = labels[0] ?? null;
      else if (current && !labels.some((one) => one.field === current.field && one.label === current.label)) this.current.value = null;
    });
  }

  // ---- following the engine -------------------------------------------------------------------

  #shown: { id: string; data: unknown; tokens: unknown } | null = null;

  #follow(): void {
    const item = this.engine.item.value;
    const { annotations } = this.engine.view.value;
    const suggestions = this.engine.suggestions.value;
    batch(() => {
      const shown = this.#shown;
      if (!item) {
        this.#shown = null;
        this.#reset(null);
        return;
      }
      if (!shown || shown.id !== item.id || shown.data !== item.data || shown.tokens !== item.tokens) {
        this.#shown = { id: item.id, data: item.data, tokens: item.tokens };
        this.#reset(TextDocument.of(item, (first, last) => this.lines?.redraw(first, last)));
      }
      const doc = this.doc.peek();
      if (!doc) return;
      doc.marks.update(annotations);
      doc.marks.suggest(suggestions);
      this.version.value = this.version.peek() + 1;
      const selected = this.selected.peek();
      const all = [...this.#relationsNow(annotations), ...this.#relationsNow(suggestions)];
      if (selected !== null && !doc.marks.get(selected) && !all.includes(selected)) this.selected.value = null;
      const relating = this.relating.peek();
      if (relating && !doc.marks.get(relating.head)) this.relating.value = null;
    });
  }

  #relationsNow(list: readonly AnyAnnotation[]): string[] {
    const ids: string[] = [];
    if (this.relationFields.peek().length > 0) for (const one of list) if (one.kind === "relation") ids.push(one.id ?? "");
    return ids;
  }

  #reset(doc: TextDocument | null): void {
    this.doc.value = doc;
    this.cursor.value = null;
    this.dragged.value = null;
    this.selected.value = null;
    this.hovered.value = null;
    this.menu.value = false;
    this.relating.value = null;
    this.#origin = null;
  }

  // ---- looking --------------------------------------------------------------------------------

  mark(id: string | null): Mark | undefined {
    void this.version.value;
    return id === null ? undefined : this.doc.value?.marks.get(id);
  }

  selectedMark(): Mark | undefined {
    return this.mark(this.selected.value);
  }

  selectedRelation(): Relation | undefined {
    const id = this.selected.value;
    if (id === null) return undefined;
    return this.relations.value.find((one) => one.id === id) ?? this.suggestedRelations.value.find((one) => one.id === id);
  }

  /** The range that the keyboard holds. */
  selection(): Range | null {
    const cursor = this.cursor.peek();
    return cursor && rangeOf(cursor);
  }

  labelOf(annotation: { field?: string; label?: string }): Label | undefined {
    const field = this.engine.schema.value.fields.find((one) => one.name === annotation.field);
    return field && labelsOf(field).find((label) => label.name === annotation.label);
  }

  text(mark: Mark | undefined, limit = 60): string {
    const doc = this.doc.peek();
    return mark && doc ? excerpt(doc.text.slice(mark.start, mark.end), limit) : "";
  }

  /** A relation in words. */
  describe(relation: Relation, limit = 24): string {
    return `${this.text(this.mark(relation.head), limit) || "?"} → ${this.text(this.mark(relation.child), limit) || "?"}`;
  }

  #say(mark: Mark): void {
    const label = this.labelOf(mark.span)?.name ?? mark.span.label ?? "";
    const score = mark.suggested ? `, suggested${typeof mark.span.score === "number" ? `, score ${mark.span.score.toFixed(2)}` : ""}` : "";
    this.say(`${label}: ${this.text(mark)}${score}`);
  }

  #hint(): string {
    const doc = this.doc.value;
    if (!doc || this.spanFields.value.length === 0) return "";
    const relating = this.relating.value;
    if (relating) {
      const head = this.text(this.mark(relating.head), 30);
      const target = this.mark(relating.target);
      if (!target) return `Relation from “${head}”: click the other span, or go to it with ${this.keys("next_span")} and ${this.keys("previous_span")}`;
      return `Relation from “${head}” to “${this.text(target, 30)}”: Enter or a relation's key makes it`;
    }
    const on = this.keys(this.#step("right") === 1 ? "extend_right" : "extend_left");
    const mark = this.selectedMark();
    if (mark?.suggested) return `${this.keys("accept")} accepts, ${this.keys("reject")} rejects, a label's key accepts it with that label`;
    if (mark) return `A label's key changes the label · ${on} moves the end · ${this.keys("delete")} deletes`;
    if (this.selectedRelation()) return `A relation's key changes the label · ${this.keys("delete")} deletes`;
    const cursor = this.cursor.value;
    if (cursor) {
      const words = excerpt(doc.slice(rangeOf(cursor)), 40);
      return `“${words}”: a label's key marks it · ${on} takes in the next word`;
    }
    const current = this.current.value;
    if (current) return `Drag over text, or double-click a word, to mark it as ${current.label}`;
    return `Drag over text, or go to it with the arrow keys, then pick a label`;
  }

  // ---- cursor ---------------------------------------------------------------------------------

  #step(direction: "left" | "right"): Step {
    const doc = this.doc.peek();
    const mark = this.selectedMark();
    const cursor = this.cursor.peek();
    const offset = mark ? mark.end - 1 : cursor ? headOf(cursor) : (this.#origin ?? 0);
    const rtl = doc !== null && directionOf(doc.rows.slice(doc.rows.at(offset))) === "rtl";
    return (direction === "right") === !rtl ? 1 : -1;
  }

  #show(cursor: Cursor | null): void {
    batch(() => {
      this.selected.value = null;
      this.menu.value = false;
      this.cursor.value = cursor;
    });
    const doc = this.doc.peek();
    if (!cursor || !doc) return;
    const head = headOf(cursor);
    this.#origin = head;
    this.lines?.reveal({ start: head, end: head + 1 });
    const covering = doc.marks.at(head).map((mark) => mark.span.label).join(", ");
    const words = excerpt(doc.slice(rangeOf(cursor)), 80);
    this.say(`${cursor.extended ? "Selected: " : ""}${words || "blank"}${covering ? `, in ${covering}` : ""}`);
  }

  /** Where the cursor begins when a key first asks for it. */
  #begin(): Cursor | null {
    const doc = this.doc.peek();
    const origin = this.#origin;
    const token = (origin === null ? this.lines?.visible() : doc?.tokens.at(origin, true)) ?? doc?.tokens.first();
    return token ? place(token) : null;
  }

  /** The cursor, or the selected span where the keyboard goes on from. */
  #from(): Cursor | null {
    const mark = this.selectedMark();
    return mark ? place(mark) : this.cursor.peek();
  }

  #move(step: Step, unit: Unit, extend: boolean): void {
    const doc = this.doc.peek();
    const from = this.#from();
    if (!doc) return;
    if (!from) this.#show(this.#begin());
    else this.#show(extend ? doc.mover.extend(from, step, unit) : doc.mover.move(from, step, unit));
  }

  #moveTo(token: Range | null | undefined, extend: boolean): void {
    const from = this.#from();
    if (!token) return;
    if (!extend || !from) this.#show(place(token));
    else {
      const head = token.start >= from.pivotEnd ? token.end : token.start < from.pivotStart ? token.start : from.pivotEnd;
      this.#show({ ...from, head, extended: true });
    }
  }

  #line(step: Step, extend: boolean): void {
    const from = this.#from();
    if (!from) this.#show(this.#begin());
    else this.#moveTo(this.lines?.vertical(headOf(from), step), extend);
  }

  #edge(edge: "start" | "end", extend: boolean): void {
    const from = this.#from() ?? this.#begin();
    if (from) this.#moveTo(this.lines?.edge(headOf(from), edge), extend);
  }

  // ---- pointer --------------------------------------------------------------------------------

  /** A click at an offset of the text, or on a mark's tag; a second one goes on to the mark below. */
  click(offset: number | null, id?: string): void {
    const doc = this.doc.peek();
    if (!doc) return;
    const under = offset === null ? [] : doc.marks.at(offset);
    const mark = id === undefined ? this.#cycle(under) : doc.marks.get(id);
    if (offset !== null) this.#origin = offset;
    if (this.relating.peek()) {
      if (mark) this.#target(mark, true);
      return;
    }
    if (mark) this.select(mark.id, false);
    else if (offset !== null && this.spanFields.peek().length > 0) {
      const token = doc.tokens.at(offset);
      batch(() => {
        this.selected.value = null;
        this.menu.value = false;
        this.cursor.value = token && place(token);
      });
    } else this.clear();
  }

  #cycle(under: readonly Mark[]): Mark | undefined {
    const at = under.findIndex((mark) => mark.id === this.selected.peek());
    return under[(at + 1) % Math.max(1, under.length)];
  }

  /** A finished drag, a double click, a long press: marks with the current label or offers the labels. */
  take(range: Range): void {
    const current = this.current.peek();
    if (this.spanFields.peek().length === 0) return;
    if (current && !this.relating.peek()) {
      this.clear();
      this.make(range, current);
    } else this.offer(range);
  }

  /** Selects a range and offers the labels beside it. */
  offer(range: Range): void {
    batch(() => {
      this.relating.value = null;
      this.selected.value = null;
      this.cursor.value = select(range);
      this.menu.value = true;
    });
    this.#origin = range.start;
  }

  /** The word at an offset, unless it bears the current label already. */
  word(offset: number): void {
    const doc = this.doc.peek();
    const token = doc?.tokens.at(offset);
    if (!doc || !token || this.relating.peek()) return;
    const over = doc.marks.at(offset).filter((mark) => !mark.suggested);
    const current = this.current.peek();
    if (current ? over.some((mark) => this.#has(mark.span, current)) : over.length > 0) return;
    this.take(token);
  }

  clear(): void {
    batch(() => {
      this.selected.value = null;
      this.cursor.value = null;
      this.menu.value = false;
    });
  }

  // ---- spans ----------------------------------------------------------------------------------

  #has(span: { field?: string; label?: string }, ref: LabelRef): boolean {
    return span.field === ref.field && span.label === ref.label;
  }

  /** Spans of a field that does not allow overlap and shares characters with these ranges. */
  #inTheWay(ranges: readonly Range[], field: string, except = ""): Mark[] {
    const doc = this.doc.peek();
    const own = this.spanFields.peek().find((one) => one.name === field);
    if (!doc || !own || own.overlap !== false) return [];
    const found = new Set<Mark>();
    for (const { start, end } of ranges) {
      for (const mark of doc.marks.overlapping(start, end)) {
        if (!mark.suggested && mark.span.field === field && mark.id !== except) found.add(mark);
      }
    }
    return [...found];
  }

  /** The relations that cannot stay without these spans. */
  #relationsOf(ids: ReadonlySet<string>): string[] {
    return this.relations.peek().filter((one) => ids.has(one.head) || ids.has(one.child)).map((one) => one.id ?? "");
  }

  #dropWith(marks: readonly Mark[]): string[] {
    const ids = new Set(marks.map((mark) => mark.id));
    return [...ids, ...this.#relationsOf(ids)];
  }

  /** Marks a range; null if it is marked so already. */
  make(range: Range, ref: LabelRef): string | null {
    const doc = this.doc.peek();
    if (!doc) return null;
    const same = doc.marks.overlapping(range.start, range.end)
      .find((mark) => mark.start === range.start && mark.end === range.end && this.#has(mark.span, ref));
    const words = excerpt(doc.slice(range), 80);
    if (same?.suggested) {
      this.accept([same.id]);
      return same.id;
    }
    if (same) {
      this.say(`${words} is ${ref.label} already.`);
      return null;
    }
    const away = this.#inTheWay([range], ref.field);
    const id = this.engine.newId();
    this.engine.edit([doc.span(range, ref.label, ref.field, id)], this.#dropWith(away));
    this.say(`${ref.label}: ${words}${away.length > 0 ? `; replaced ${away.map((mark) => mark.span.label).join(", ")}` : ""}`);
    if (this.labelOf(ref)?.attributes?.length) this.select(id);
    return id;
  }

  /** A label was picked: for the relation in the making, the selected annotation, the selection; else it becomes current. */
  label(field: AnyField, label: Label, byPointer = false): void {
    const ref = { field: field.name ?? "", label: label.name };
    if (field.kind === "relations") return this.#relationPicked(ref);
    if (field.kind !== "spans" || this.relating.peek()) return;
    const mark = this.selectedMark();
    const cursor = this.cursor.peek();
    if (mark) this.relabel(mark, ref);
    else if (cursor && (!byPointer || cursor.extended)) {
      const range = rangeOf(cursor);
      this.menu.value = false;
      this.make(range, ref);
      if (this.selected.peek() === null) this.cursor.value = byPointer ? null : place(range);
    } else {
      const on = this.current.peek();
      const off = on !== null && this.#has(on, ref);
      this.current.value = off ? null : ref;
      this.say(off ? `${ref.label} is no longer the current label.` : `${ref.label} is the current label: drag over text to mark it.`);
    }
  }

  /** The same span, now a person's: what a model scored is not what stands there any more. */
  #edited(span: Span, change: Partial<Span>): Span {
    const { score: _score, source: _source, ...kept } = span;
    return { ...kept, ...change };
  }

  relabel(mark: Mark, ref: LabelRef): void {
    if (this.#has(mark.span, ref)) {
      if (mark.suggested) this.accept([mark.id]);
      return;
    }
    const known = new Set(this.labelOf(ref)?.attributes?.map((one) => one.name));
    const attributes: Attributes = Object.fromEntries(Object.entries(mark.span.attributes ?? {}).filter(([name]) => known.has(name)));
    const away = this.#dropWith(this.#inTheWay([mark], ref.field, mark.id));
    if (mark.span.field !== ref.field) {
      for (const relation of this.relations.peek()) {
        const wanted = this.relationFields.peek().find((field) => field.name === relation.field)?.spans;
        if (wanted && wanted !== ref.field && (relation.head === mark.id || relation.child === mark.id)) away.push(relation.id ?? "");
      }
    }
    this.engine.edit([this.#edited(mark.span, { ...ref, attributes })], [...new Set(away)]);
    this.say(`${ref.label}: ${this.text(mark)}`);
  }

  /** Moves the ends of a span. */
  resize(mark: Mark, range: Range): void {
    const doc = this.doc.peek();
    if (!doc || range.end <= range.start || (range.start === mark.start && range.end === mark.end)) return;
    const away = this.#dropWith(this.#inTheWay([range], mark.span.field ?? "", mark.id));
    this.engine.edit([this.#edited(mark.span, doc.wire(range))], away);
    this.say(`${mark.span.label ?? ""}: ${excerpt(doc.slice(range), 80)}`);
    this.lines?.reveal(range);
  }

  #resizeByKey(edge: "start" | "end", step: Step, unit: Unit): boolean {
    const doc = this.doc.peek();
    const mark = this.selectedMark();
    if (!doc || !mark) return false;
    const range = doc.mover.resize(mark, edge, step, unit);
    if (range) this.resize(mark, range);
    return true;
  }

  setAttribute(annotation: Span | Relation, name: string, value: Attributes[string]): void {
    this.engine.edit([withAttribute(annotation, name, value)], [], { merge: `attribute:${annotation.id ?? ""}:${name}` });
  }

  /** Selects a span, relation or suggestion. */
  select(id: string, reveal = true): void {
    batch(() => {
      this.selected.value = id;
      this.cursor.value = null;
      this.menu.value = false;
      this.relating.value = null;
    });
    const mark = this.doc.peek()?.marks.get(id);
    if (mark) {
      this.#origin = mark.start;
      this.#say(mark);
      if (reveal) this.lines?.reveal(mark);
      return;
    }
    const relation = this.selectedRelation();
    if (!relation) return;
    this.say(`${relation.label ?? ""}: ${this.describe(relation)}`);
    const head = this.doc.peek()?.marks.get(relation.head);
    if (reveal && head) this.lines?.reveal(head);
  }

  #next(step: Step): void {
    const doc = this.doc.peek();
    if (!doc) return;
    const relating = this.relating.peek();
    if (relating) {
      const from = this.mark(relating.target) ?? this.mark(relating.head) ?? null;
      const mark = doc.marks.neighbour(from, step, (one) => this.#relatable(one, relating));
      if (mark) this.#target(mark, false);
      else this.say("There is no other span.");
      return;
    }
    const cursor = this.cursor.peek();
    const mark = doc.marks.neighbour(this.selectedMark() ?? (cursor ? headOf(cursor) : this.#origin), step);
    if (mark) this.select(mark.id);
    else this.say("There are no spans yet.");
  }

  /** Deletes an annotation, and with a span its relations; a suggestion is rejected. */
  remove(id: string): void {
    const mark = this.mark(id);
    const suggested = mark ? mark.suggested : this.suggestedRelations.peek().some((one) => one.id === id);
    if (suggested) {
      this.reject([id]);
      return;
    }
    const words = mark ? this.text(mark) : "Relation";
    const wasSelected = this.selected.peek() === id;
    if (mark) this.#origin = mark.start;
    this.engine.edit([], mark ? this.#dropWith([mark]) : [id]);
    this.say(`${words} deleted.`);
    if (wasSelected) this.selected.value = null;
  }

  removeAll(): void {
    const marks = this.doc.peek()?.marks.ordered ?? [];
    if (marks.length === 0) return;
    this.clear();
    this.engine.edit([], this.#dropWith(marks));
    this.say(`All ${marks.length} spans deleted.`);
  }

  /** Marks all other places with the selected span's text. */
  applyToMatches(ignoreCase = false): void {
    const doc = this.doc.peek();
    const mark = this.selectedMark();
    if (!doc || !mark || mark.suggested) {
      this.say("Select a span first.");
      return;
    }
    const ranges = matchesOf(mark, doc.rows, doc.tokens, doc.marks, { ignoreCase });
    const { label = "", field = "" } = mark.span;
    if (ranges.length === 0) {
      this.say(`“${this.text(mark)}” stands nowhere else unmarked.`);
      return;
    }
    const away = this.#dropWith(this.#inTheWay(ranges, field, mark.id));
    this.engine.edit(ranges.map((range) => doc.span(range, label, field, this.engine.newId())), away);
    this.say(`${ranges.length} more marked as ${label}.`);
  }

  // ---- suggestions ----------------------------------------------------------------------------

  /**
   * Makes suggestions answers. One by one they replace what they contradict; all at once they leave what a person
   * has said alone, and of two that contradict each other the surer one stays.
   */
  accept(ids?: readonly string[]): void {
    const open = this.engine.suggestions.peek();
    const before = open.length;
    if (ids) {
      const put = open.filter((one) => ids.includes(one.id ?? ""));
      const ends = new Set(put.flatMap((one) => (one.kind === "relation" ? [one.head, one.child] : [])));
      put.push(...open.filter((one) => ends.has(one.id ?? "") && !put.includes(one)));
      const drop = put.flatMap((one) => this.#contradicted(one));
      if (drop.length > 0) this.engine.edit(put, drop);
      else this.engine.accept(put.map((one) => one.id ?? ""));
    } else {
      const surest = [...open].sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
      this.engine.accept(surest.filter((one) => this.#contradicted(one).length === 0).map((one) => one.id ?? ""));
    }
    const count = before - this.engine.suggestions.peek().length;
    this.say(count === 0 ? "There is no suggestion to accept." : count === 1 ? "Accepted." : `${count} suggestions accepted.`);
  }

  /** Ids of answers that cannot stand beside an annotation. */
  #contradicted(one: AnyAnnotation): string[] {
    const mark = one.kind === "span" ? this.mark(one.id ?? "") : undefined;
    if (mark) return this.#dropWith(this.#inTheWay([mark], one.field ?? "", mark.id));
    const field = this.engine.schema.peek().fields.find((own) => own.name === one.field);
    if (field?.kind !== "texts" && (field?.kind !== "choices" || field.multiple)) return [];
    return this.engine.view.peek().annotations.filter((own) => own.field === one.field).map((own) => own.id ?? "");
  }

  reject(ids: readonly string[]): void {
    const gone = new Set(ids);
    const loose = this.suggestedRelations.peek().filter((one) => gone.has(one.head) || gone.has(one.child)).map((one) => one.id ?? "");
    this.engine.reject([...ids, ...loose]);
    this.say("Rejected.");
  }

  /** Decides on the selected suggestion, or the item's first one, and goes on to the next; `seen` first shows it. */
  #decide(decide: (id: string) => void, seen: boolean): void {
    const open = this.engine.suggestions.peek();
    const selected = open.find((one) => one.id === this.selected.peek())?.id;
    const id = selected ?? this.doc.peek()?.marks.suggested[0]?.id ?? open[0]?.id;
    if (id === undefined) {
      this.say("There is no suggestion here.");
      return;
    }
    if (seen && selected === undefined) return this.select(id);
    const mark = this.mark(id);
    const next = mark && this.doc.peek()?.marks.neighbour(mark, 1, (one) => one.suggested && one !== mark);
    decide(id);
    if (next) this.select(next.id);
    else this.selected.value = null;
  }

  // ---- relations ------------------------------------------------------------------------------

  #relatable(mark: Mark, relating: { head: string; label: LabelRef | null }): boolean {
    if (mark.suggested || mark.id === relating.head) return false;
    const fields = this.relationFields.peek().filter((field) => !relating.label || field.name === relating.label.field);
    return fields.some((field) => !field.spans || field.spans === mark.span.field);
  }

  startRelation(label: LabelRef | null = null): void {
    const mark = this.selectedMark();
    if (this.relationFields.peek().length === 0) return;
    if (!mark || mark.suggested) {
      this.say("Select the span that the relation starts from.");
      return;
    }
    batch(() => {
      this.relating.value = { head: mark.id, target: null, label };
      this.selected.value = null;
      this.menu.value = false;
    });
    this.say(`Relation from ${this.text(mark)}. Choose the other span, then Enter. Escape cancels.`);
  }

  #target(mark: Mark, byPointer: boolean): void {
    const relating = this.relating.peek();
    if (!relating) return;
    if (!this.#relatable(mark, relating)) {
      this.say("No relation can go to that span.");
      return;
    }
    this.relating.value = { ...relating, target: mark.id };
    this.#say(mark);
    if (!byPointer) this.lines?.reveal(mark);
    else this.confirm();
  }

  /** Labels that a relation between these spans may have. */
  relationLabels(): LabelRef[] {
    const relating = this.relating.value;
    const ends = [this.mark(relating?.head ?? null), this.mark(relating?.target ?? null)];
    return this.relationFields.value
      .filter((field) => !field.spans || ends.every((mark) => !mark || mark.span.field === field.spans))
      .flatMap((field) => field.labels.map((label) => ({ field: field.name ?? "", label: label.name })));
  }

  confirm(): boolean {
    const relating = this.relating.peek();
    if (!relating) return false;
    if (relating.target === null) {
      this.say("Choose the other span first.");
      return true;
    }
    const labels = this.relationLabels();
    const only = labels.length === 1 ? labels[0] : undefined;
    const label = relating.label ?? only ?? (this.menu.peek() ? this.#relationLabel : null);
    if (label) this.#relate(label);
    else {
      this.menu.value = true;
      this.say("Choose the label of the relation.");
    }
    return true;
  }

  #relationPicked(ref: LabelRef): void {
    const relating = this.relating.peek();
    const relation = this.selectedRelation();
    if (relating?.target) this.#relate(ref);
    else if (relating) this.relating.value = { ...relating, label: ref };
    else if (relation) {
      const { score: _score, source: _source, ...kept } = relation;
      this.engine.edit([{ ...kept, ...ref, attributes: {} }]);
      this.say(`${ref.label}: ${this.describe(relation)}`);
    } else this.startRelation(ref);
  }

  #relate(ref: LabelRef): void {
    const relating = this.relating.peek();
    if (!relating?.target) return;
    const { head, target } = relating;
    this.#relationLabel = ref;
    batch(() => {
      this.relating.value = null;
      this.menu.value = false;
    });
    const same = this.relations.peek().some((one) => one.head === head && one.child === target && this.#has(one, ref));
    // the next relation often starts where this one did
    this.selected.value = head;
    if (same) {
      this.say("That relation is there already.");
      return;
    }
    const made: Relation = { kind: "relation", head, child: target, ...ref, id: this.engine.newId() };
    this.engine.edit([made]);
    this.say(`${ref.label}: ${this.describe(made)}`);
  }

  reverse(relation: Relation): void {
    this.engine.edit([{ ...relation, head: relation.child, child: relation.head }]);
  }

  // ---- the modality ---------------------------------------------------------------------------

  escape(): boolean {
    if (this.menu.peek() && this.relating.peek()) this.menu.value = false;
    else if (this.relating.peek()) {
      const { head } = this.relating.peek() as Relating;
      this.relating.value = null;
      this.select(head, false);
    } else if (this.menu.peek() || this.selected.peek() !== null || this.cursor.peek()) this.clear();
    else return false;
    return true;
  }

  run(action: string): boolean {
    if (!(action in this.actions.peek())) return false;
    const run = this.#runs[action];
    if (run) run();
    else return this.#go(action);
    return true;
  }

  readonly #runs: Readonly<Record<string, () => void>> = {
    accept_all: () => this.accept(),
    accept: () => this.#decide((id) => this.accept([id]), false),
    reject: () => this.#decide((id) => this.reject([id]), true),
    next_span: () => this.#next(1),
    previous_span: () => this.#next(-1),
    delete: () => {
      const id = this.selected.peek();
      if (id === null) this.say("Select a span first.");
      else this.remove(id);
    },
    attributes: () => this.lines?.attributes(),
    delete_all: () => this.removeAll(),
    matches: () => this.applyToMatches(),
    matches_any_case: () => this.applyToMatches(true),
    relation: () => this.startRelation(),
    text_start: () => this.#moveTo(this.doc.peek()?.tokens.first(), false),
    text_end: () => this.#moveTo(this.doc.peek()?.tokens.last(), false),
  };

  /** Moves by name: `left`, `extend_character_right`, `line_end`, `start_left`. */
  #go(action: string): boolean {
    const [, start, extending, character, where] = /^(start_)?(extend_)?(character_)?(left|right|up|down|line_start|line_end)$/.exec(action) ?? [];
    const extend = Boolean(extending);
    const relating = this.relating.peek() !== null;
    switch (where) {
      case "left": case "right": {
        const step = this.#step(where);
        const unit = character ? "character" : "token";
        if (start) return this.#resizeByKey("start", step, unit);
        if (relating) this.#next(step);
        else if (!extend || !this.#resizeByKey("end", step, unit)) this.#move(step, unit, extend);
        return true;
      }
      case "up": case "down": {
        const step = where === "up" ? -1 : 1;
        if (relating) this.#next(step);
        else this.#line(step, extend);
        return true;
      }
      case "line_start": this.#edge("start", extend); return true;
      case "line_end": this.#edge("end", extend); return true;
      default: return false;
    }
  }
}
