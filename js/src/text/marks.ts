/**
 * The spans of one text by place: which touch a row, which cover an offset, what comes next.
 *
 * An update compares with what is held, so that one more span costs the rows that it touches, not the text.
 */
import type { AnyAnnotation, Span } from "../core/protocol";
import type { Rows } from "./rows";

export interface Mark {
  readonly span: Span;
  readonly id: string;
  /** UTF-16 units, within the text. */
  readonly start: number;
  readonly end: number;
  /** First and last row in which it covers characters that are drawn. */
  readonly first: number;
  readonly last: number;
  readonly suggested: boolean;
}

export interface Units {
  /** UTF-16 offset of a code point. */
  toUtf16(codePoint: number): number;
}

/** Told of rows that must be drawn anew. */
type Listener = (first: number, last: number) => void;

/** By start, longer ones first; ids make the order total. */
export function byPlace(a: Mark, b: Mark): number {
  return a.start - b.start || b.end - a.end || Number(a.suggested) - Number(b.suggested) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function insert(list: Mark[], mark: Mark): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byPlace(list[middle] as Mark, mark) < 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, mark);
}

function remove(list: Mark[], mark: Mark): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byPlace(list[middle] as Mark, mark) < 0) low = middle + 1;
    else high = middle;
  }
  if (list[low] === mark) list.splice(low, 1);
}

/** A change this large is cheaper to sort anew. */
const BULK = 256;

class Layer {
  held: readonly AnyAnnotation[] = [];
  ordered: Mark[] = [];
}

export class Marks {
  readonly #rows: Rows;
  readonly #units: Units;
  readonly #touched: Listener;
  readonly #byRow: (Mark[] | undefined)[];
  readonly #byId = new Map<string, Mark>();
  readonly #answers = new Layer();
  readonly #suggestions = new Layer();

  constructor(rows: Rows, units: Units, touched: Listener = () => undefined) {
    this.#rows = rows;
    this.#units = units;
    this.#touched = touched;
    this.#byRow = new Array<Mark[] | undefined>(rows.count);
  }

  /** All spans that are answers, by place. */
  get ordered(): readonly Mark[] {
    return this.#answers.ordered;
  }

  get suggested(): readonly Mark[] {
    return this.#suggestions.ordered;
  }

  get(id: string): Mark | undefined {
    return this.#byId.get(id);
  }

  /** Takes over the annotations of the response; anything but spans is passed over. */
  update(annotations: readonly AnyAnnotation[]): void {
    this.#update(this.#answers, annotations, false);
  }

  suggest(annotations: readonly AnyAnnotation[]): void {
    this.#update(this.#suggestions, annotations, true);
  }

  #update(layer: Layer, now: readonly AnyAnnotation[], suggested: boolean): void {
    const before = layer.held;
    if (before === now) return;
    layer.held = now;
    let head = 0;
    const least = Math.min(before.length, now.length);
    while (head < least && before[head] === now[head]) head += 1;
    let tail = 0;
    while (tail < least - head && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
    const kept = new Set<AnyAnnotation>();
    const come: AnyAnnotation[] = now.slice(head, now.length - tail);
    const gone: AnyAnnotation[] = before.slice(head, before.length - tail);
    if (come.length > 0 && gone.length > 0) {
      const had = new Set(gone);
      for (const one of come) if (had.has(one)) kept.add(one);
    }
    const bulk = come.length + gone.length - 2 * kept.size > BULK;
    for (const one of gone) if (!kept.has(one)) this.#drop(layer, one, bulk);
    for (const one of come) if (!kept.has(one)) this.#put(layer, one, suggested, bulk);
    if (bulk) {
      layer.ordered = layer.ordered.filter((mark) => this.#byId.get(mark.id) === mark);
      layer.ordered.sort(byPlace);
      for (const list of this.#byRow) list?.sort(byPlace);
    }
  }

  #drop(layer: Layer, annotation: AnyAnnotation, bulk: boolean): void {
    const mark = annotation.kind === "span" ? this.#byId.get(annotation.id ?? "") : undefined;
    if (!mark || mark.span !== annotation || mark.suggested !== (layer === this.#suggestions)) return;
    this.#byId.delete(mark.id);
    for (let row = mark.first; row <= mark.last; row++) {
      const list = this.#byRow[row];
      if (list) remove(list, mark);
    }
    if (!bulk) remove(layer.ordered, mark);
    this.#touched(mark.first, mark.last);
  }

  #put(layer: Layer, annotation: AnyAnnotation, suggested: boolean, bulk: boolean): void {
    if (annotation.kind !== "span") return;
    const id = annotation.id ?? "";
    const start = this.#units.toUtf16(annotation.start);
    const end = Math.min(this.#units.toUtf16(annotation.end), this.#rows.text.length);
    // Answers to a text that has changed since may lie outside of it; an answer hides the suggestion it came from.
    if (!(end > start) || (suggested && this.#byId.has(id))) return;
    const other = this.#byId.get(id);
    if (other) this.#drop(other.suggested ? this.#suggestions : this.#answers, other.span, false);
    let first = this.#rows.at(start);
    let last = this.#rows.at(end - 1);
    while (first < last && Math.max(start, this.#rows.start(first)) >= this.#rows.end(first)) first += 1;
    while (last > first && end > this.#rows.start(last) && this.#rows.end(last) === this.#rows.start(last)) last -= 1;
    const mark: Mark = { span: annotation, id, start, end, first, last, suggested };
    this.#byId.set(id, mark);
    for (let row = mark.first; row <= mark.last; row++) {
      const list = (this.#byRow[row] ??= []);
      if (bulk) list.push(mark);
      else insert(list, mark);
    }
    if (bulk) layer.ordered.push(mark);
    else insert(layer.ordered, mark);
    this.#touched(mark.first, mark.last);
  }

  /** Marks that touch a row, suggestions among them. */
  ofRow(row: number): readonly Mark[] {
    return this.#byRow[row] ?? [];
  }

  /** Marks that cover an offset, shortest first: what a click means. */
  at(offset: number): Mark[] {
    return this.ofRow(this.#rows.at(offset))
      .filter((mark) => mark.start <= offset && offset < mark.end)
      .sort((a, b) => a.end - a.start - (b.end - b.start) || byPlace(a, b));
  }

  /** Marks that share characters with a range. */
  overlapping(start: number, end: number): Mark[] {
    const found = new Set<Mark>();
    for (let row = this.#rows.at(start), last = this.#rows.at(Math.max(start, end - 1)); row <= last; row++) {
      for (const mark of this.ofRow(row)) if (mark.start < end && mark.end > start) found.add(mark);
    }
    return [...found];
  }

  /** The mark after (or before) another one, or after an offset; round at the ends. */
  neighbour(from: Mark | number | null, step: -1 | 1, accept: (mark: Mark) => boolean = () => true): Mark | null {
    const all = this.#merged();
    if (all.length === 0) return null;
    let at: number;
    if (from === null) at = step > 0 ? -1 : all.length;
    else if (typeof from === "number") {
      at = lowerBound(all, from);
      if (step > 0) at -= 1;
    } else at = all.indexOf(from, lowerBound(all, from.start));
    for (let n = 0; n < all.length; n++) {
      at = (at + step + all.length) % all.length;
      const mark = all[at] as Mark;
      if (accept(mark)) return mark;
    }
    return null;
  }

  #merged(): readonly Mark[] {
    const { ordered: answers } = this.#answers;
    const { ordered: suggestions } = this.#suggestions;
    if (suggestions.length === 0) return answers;
    if (answers.length === 0) return suggestions;
    return [...answers, ...suggestions].sort(byPlace);
  }
}

function lowerBound(list: readonly Mark[], offset: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Mark).start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
