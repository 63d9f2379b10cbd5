/**
 * Draws a text and answers where things are in it.
 *
 * Only rows near the sight are elements. What moves (cursor, selection, relations) lies in a layer of its own over
 * them, so that moving it builds no row anew.
 */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Scope } from "../core/scope";
import type { Shell } from "../shell/shell";
import { drawLinks, type Ending, type Link, planLinks, type Plan } from "./arcs";
import { type Cursor, headOf, rangeOf, type Step } from "./cursor";
import type { TextDocument } from "./document";
import { Heights } from "./heights";
import { buildRow, type Line, type Look, type RowView, setLift } from "./rowview";
import type { Lines, TextState } from "./state";
import type { Range } from "./tokens";

/** A rectangle on the canvas. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What a point of the screen means in the text. */
export interface Hit {
  /** The character there, or the nearest one. */
  readonly offset: number;
  /** The boundary nearest to the point. */
  readonly boundary: number;
  /** Whether the point is on the character. */
  readonly on: boolean;
}

const ARC_LANE = 15;
const GUTTER = 26;
const SVG = "http://www.w3.org/2000/svg";

export class Surface implements Lines {
  /** Where popovers about the selection stand, on the labeler's root; null while it is out of sight. */
  readonly anchor: ReadonlySignal<Box | null> = signal(null);
  readonly #canvas = element("div", "nbl-canvas");
  readonly #above = element("div", "nbl-space");
  readonly #below = element("div", "nbl-space");
  readonly #rows = element("div", "nbl-rows");
  readonly #overlay = element("div", "nbl-overlay");
  readonly #arcs = element("div", "nbl-arcs");
  readonly #views = new Map<number, RowView>();
  readonly #dirty = new Set<number>();
  #doc: TextDocument | null = null;
  #heights = new Heights(0, () => 0);
  #first = 0;
  #last = 0;
  #base = 28;
  #perLine = 80;
  #scale = 1;
  #width = 0;
  #goal: number | null = null;
  #plan: Plan | null = null;

  constructor(readonly element: HTMLElement, readonly shell: Shell, readonly state: TextState, scope: Scope) {
    this.#canvas.append(this.#above, this.#rows, this.#below, this.#arcs, this.#overlay);
    element.append(this.#canvas);
    scope.own(() => this.#canvas.remove());
    scope.listen(element, "scroll", () => this.#scrolled(), { passive: true });
    scope.resize(element, () => this.#resized());
    scope.effect(() => {
      void state.version.value;
      void shell.background.value;
      void shell.engine.schema.value;
      this.#update(state.doc.value);
    });
    scope.effect(() => {
      void state.cursor.value;
      void state.dragged.value;
      void state.selected.value;
      void state.hovered.value;
      void state.relating.value;
      void state.menu.value;
      void shell.engine.filter.value;
      if (state.doc.value === this.#doc) this.#drawOverlay();
    });
    const fonts = element.ownerDocument.fonts as FontFaceSet | undefined;
    if (fonts) scope.listen(fonts, "loadingdone", () => this.#remeasure());
  }

  // ---- rows -----------------------------------------------------------------------------------

  get #look(): Look {
    return {
      shades: (mark) => this.shell.shades(this.state.labelOf(mark.span)?.color),
      name: (mark) => mark.span.label || "no label",
      lifts: this.#arcsWanted(),
    };
  }

  #painted: unknown[] = [];

  #update(doc: TextDocument | null): void {
    const painted = [this.shell.background.peek(), this.shell.engine.schema.peek()];
    const repaint = painted.some((one, i) => one !== this.#painted[i]);
    this.#painted = painted;
    if (doc !== this.#doc) this.#open(doc);
    else if (repaint) for (const row of this.#views.keys()) this.#dirty.add(row);
    this.#flush();
  }

  #open(doc: TextDocument | null): void {
    this.#doc = doc;
    this.#dirty.clear();
    this.#views.clear();
    this.#rows.replaceChildren();
    this.#first = this.#last = 0;
    this.#goal = null;
    this.#plan = null;
    this.#measureStyle();
    this.#heights = new Heights(doc?.rows.count ?? 0, (row) => this.#estimate(row));
    this.#canvas.style.paddingInlineStart = this.#arcsWanted() ? `${GUTTER}px` : "";
    this.element.scrollTop = 0;
  }

  #arcsWanted(): boolean {
    return this.state.relationFields.peek().length > 0;
  }

  #measureStyle(): void {
    const size = Number.parseFloat(getComputedStyle(this.#canvas).fontSize) || 15;
    this.#base = Math.round(size * 1.9);
    this.#canvas.style.setProperty("--nbl-line", `${this.#base}px`);
    this.#width = this.element.clientWidth;
    this.#perLine = Math.max(8, (this.#width - 32) / (size * 0.5));
    this.#scale = 1;
  }

  #estimate(row: number): number {
    const doc = this.#doc;
    if (!doc) return this.#base;
    return Math.max(1, Math.ceil(((doc.rows.end(row) - doc.rows.start(row)) / this.#perLine) * this.#scale)) * this.#base;
  }

  redraw(first: number, last: number): void {
    for (let row = Math.max(first, this.#first); row <= Math.min(last, this.#last - 1); row++) this.#dirty.add(row);
  }

  attributes(): void {
    this.shell.root.querySelector<HTMLElement>(".nbl-attributes :is(input, select)")?.focus();
  }

  #flush(): void {
    const doc = this.#doc;
    if (!doc) {
      this.#rows.replaceChildren();
      this.#overlay.replaceChildren();
      this.#arcs.replaceChildren();
      return;
    }
    const look = this.#look;
    for (const row of this.#dirty) {
      const old = this.#views.get(row);
      if (!old) continue;
      const view = buildRow(doc, row, look);
      old.element.replaceWith(view.element);
      this.#views.set(row, view);
    }
    this.#dirty.clear();
    this.#layout();
  }

  /** Brings the window of rows to where the sight is, and measures what has been drawn. */
  #layout(): void {
    const doc = this.#doc;
    if (!doc || this.element.clientWidth === 0) return;
    for (let round = 0; round < 4; round++) {
      const top = this.element.scrollTop;
      const height = Math.max(this.element.clientHeight, 200);
      const [first, last] = this.#heights.window(top, height, height);
      const anchor = this.#heights.at(top);
      const before = this.#heights.top(anchor);
      const changed = this.#mount(doc, first, last);
      this.#space();
      this.#planArcs();
      const measured = this.#measure();
      if (measured && round === 0 && anchor === 0) this.#calibrate();
      if (measured) {
        this.#space();
        // what was above the sight has another height than was thought: keep the sight where it was
        const moved = this.#heights.top(anchor) - before;
        if (moved !== 0 && top > 0) this.element.scrollTop = top + moved;
      }
      if (!changed && !measured) break;
    }
    this.#drawArcs();
    this.#drawOverlay();
  }

  #mount(doc: TextDocument, first: number, last: number): boolean {
    if (first === this.#first && last === this.#last) return false;
    for (const [row, view] of this.#views) {
      if (row >= first && row < last) continue;
      view.element.remove();
      this.#views.delete(row);
    }
    const look = this.#look;
    let before: Element | null = null;
    for (let row = last - 1; row >= first; row--) {
      let view = this.#views.get(row);
      if (!view) {
        view = buildRow(doc, row, look);
        this.#views.set(row, view);
        this.#rows.insertBefore(view.element, before);
      }
      before = view.element;
    }
    this.#first = first;
    this.#last = last;
    return true;
  }

  #measure(): boolean {
    let changed = false;
    for (const [row, view] of this.#views) {
      if (this.#heights.measure(row, view.element.getBoundingClientRect().height)) changed = true;
    }
    return changed;
  }

  /** How many characters a line really takes: known once the first rows stand. */
  #calibrate(): void {
    let real = 0;
    let thought = 0;
    for (const [row, view] of this.#views) {
      real += view.element.offsetHeight;
      thought += this.#estimate(row);
    }
    if (thought > 0 && real > 0) this.#scale *= real / thought;
    this.#heights.invalidate();
  }

  #space(): void {
    this.#above.style.height = `${this.#heights.top(this.#first)}px`;
    this.#below.style.height = `${Math.max(0, this.#heights.total - this.#heights.top(this.#last))}px`;
  }

  #scrolled(): void {
    const { scrollTop, clientHeight } = this.element;
    const [first, last] = this.#heights.window(scrollTop, clientHeight, clientHeight / 3);
    if (first < this.#first || last > this.#last) this.#layout();
    else this.#place();
  }

  #resized(): void {
    if (this.element.clientWidth === 0) return;
    if (this.element.clientWidth !== this.#width) this.#remeasure();
    else this.#layout();
  }

  #remeasure(): void {
    const top = this.#heights.at(this.element.scrollTop);
    this.#measureStyle();
    this.#heights.reset();
    for (const view of this.#views.values()) view.lines = null;
    this.#layout();
    if (this.element.scrollTop > 0) this.element.scrollTop = this.#heights.top(top);
  }

  // ---- where things are -----------------------------------------------------------------------

  /** The mounted row at a height of the screen, or the nearest one. */
  #viewAt(y: number): RowView | null {
    const origin = this.#rows.getBoundingClientRect().top;
    const row = this.#heights.at(y - origin + this.#heights.top(this.#first));
    return this.#views.get(Math.max(this.#first, Math.min(row, this.#last - 1))) ?? null;
  }

  /** Where a character (a code point) is on the screen. */
  #characterBox(view: RowView, offset: number): DOMRect | null {
    let at = view.starts.length - 1;
    let low = 0;
    while (low < at) {
      const middle = (low + at + 1) >> 1;
      if ((view.starts[middle] as number) <= offset) low = middle;
      else at = middle - 1;
    }
    const node = view.nodes[at];
    if (!node) return null;
    const local = offset - (view.starts[at] as number);
    if (local >= node.length) return null;
    const range = document.createRange();
    range.setStart(node, local);
    range.setEnd(node, Math.min(node.length, local + ((node.data.codePointAt(local) ?? 0) > 0xffff ? 2 : 1)));
    const rects = range.getClientRects();
    let best: DOMRect | null = null;
    for (const rect of rects) if (!best || rect.width > 0) best = rect;
    return best;
  }

  /** The lines of a row. */
  #lines(view: RowView): readonly Line[] {
    if (view.lines) return view.lines;
    const doc = this.#doc as TextDocument;
    const to = doc.rows.end(view.row);
    const top = view.element.getBoundingClientRect().top;
    const lines: Line[] = [];
    let at = doc.rows.start(view.row);
    while (at < to) {
      const rect = this.#boxNear(view, at, to);
      if (!rect) break;
      lines.push({ start: at, top: rect.top - top, bottom: rect.bottom - top });
      const middle = (rect.top + rect.bottom) / 2;
      let low = at + 1;
      let high = to;
      while (low < high) {
        const half = (low + high) >> 1;
        if ((this.#boxNear(view, half, to)?.top ?? Infinity) > middle) high = half;
        else low = half + 1;
      }
      at = low;
    }
    view.lines = lines;
    return lines;
  }

  /** The box of a character, or of the next one that has a box. */
  #boxNear(view: RowView, offset: number, end: number): DOMRect | null {
    for (let at = offset; at < Math.min(end, offset + 32); at++) {
      const rect = this.#characterBox(view, at);
      if (rect && rect.height > 0) return rect;
    }
    return null;
  }

  #lineOf(view: RowView, offset: number): number {
    const lines = this.#lines(view);
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lines[middle] as Line).start <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  hit(x: number, y: number): Hit | null {
    const doc = this.#doc;
    const view = doc && this.#viewAt(y);
    if (!doc || !view) return null;
    const from = doc.rows.start(view.row);
    const to = doc.rows.end(view.row);
    if (to <= from) return { offset: from, boundary: from, on: false };
    const lines = this.#lines(view);
    const height = y - view.element.getBoundingClientRect().top;
    let line = 0;
    while (line + 1 < lines.length && height > ((lines[line] as Line).bottom + (lines[line + 1] as Line).top) / 2) line += 1;
    const start = lines[line]?.start ?? from;
    const end = lines[line + 1]?.start ?? to;
    let offset = Math.min(start, to - 1);
    let boundary = start;
    let on = false;
    let distance = Infinity;
    for (let at = start; at < end && distance > 0; ) {
      const size = (doc.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
      const rect = this.#characterBox(view, at);
      if (rect && rect.width > 0) {
        const away = Math.max(rect.left - x, x - rect.right, 0);
        if (away < distance) {
          distance = away;
          offset = at;
          const late = (x > (rect.left + rect.right) / 2) !== this.#isRtl(doc.text, at, view);
          boundary = late ? at + size : at;
          on = away === 0 && y >= rect.top && y <= rect.bottom;
        }
      }
      at += size;
    }
    const { characters } = doc.tokens;
    return { offset, boundary: boundary > offset ? characters.ceil(boundary) : characters.floor(boundary), on };
  }

  #isRtl(text: string, offset: number, view: RowView): boolean {
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    if (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(character)) return true;
    return /[\p{L}\p{N}]/u.test(character) ? false : view.direction === "rtl";
  }

  /** Boxes of a range on the canvas, one a line where it is unbroken; with `tags`, its tag is part of it. */
  boxes(range: Range, tag?: string): Box[] {
    const doc = this.#doc;
    if (!doc) return [];
    const origin = this.#canvas.getBoundingClientRect();
    const found: Box[] = [];
    const first = Math.max(doc.rows.at(range.start), this.#first);
    const last = Math.min(doc.rows.at(Math.max(range.start, range.end - 1)), this.#last - 1);
    for (let row = first; row <= last; row++) {
      const view = this.#views.get(row);
      if (view) found.push(...this.#boxesInRow(view, range, origin, tag));
    }
    return found;
  }

  #boxesInRow(view: RowView, { start, end }: Range, origin: DOMRect, tag: string | undefined): Box[] {
    const rects: DOMRect[] = [];
    const add = (list: DOMRectList): void => {
      for (const rect of list) if (rect.width > 0 && rect.height > 0) rects.push(rect);
    };
    let height = 0;
    view.nodes.forEach((node, i) => {
      const at = view.starts[i] as number;
      const from = Math.max(start, at);
      const to = Math.min(end, at + node.length);
      if (from >= to) return;
      const range = document.createRange();
      range.setStart(node, from - at);
      range.setEnd(node, to - at);
      const list = range.getClientRects();
      add(list);
      height = list[0]?.height ?? height;
      if (to < at + node.length) return;
      // tags between this piece and the next lie inside the range if it goes on, or up to its own tag
      let next = (node.parentElement === view.element ? node : node.parentElement)?.nextSibling;
      const inside: DOMRectList[] = [];
      let own = false;
      while (next instanceof HTMLElement && next.classList.contains("nbl-tag")) {
        inside.push(next.getClientRects());
        if (next.dataset["id"] === tag) {
          own = true;
          break;
        }
        next = next.nextSibling;
      }
      if (own || to < end) for (const rect of inside) add(rect);
    });
    // one box a line and unbroken stretch
    const lines: DOMRect[][] = [];
    for (const rect of rects) {
      const line = lines.find((list) => Math.abs((list[0] as DOMRect).top - rect.top) < height / 2);
      if (line) line.push(rect);
      else lines.push([rect]);
    }
    const boxes: Box[] = [];
    for (const list of lines) {
      list.sort((a, b) => a.left - b.left);
      let open: { left: number; right: number; top: number; bottom: number } | null = null;
      for (const rect of list) {
        const rectTop = rect.top - origin.top;
        const bottom = rectTop + (height || rect.height);
        if (open && rect.left - origin.left <= open.right + 4) {
          open.right = Math.max(open.right, rect.right - origin.left);
          continue;
        }
        open = { left: rect.left - origin.left, right: rect.right - origin.left, top: rectTop, bottom };
        boxes.push(open);
      }
    }
    return boxes.sort((a, b) => a.top - b.top || a.left - b.left);
  }

  // ---- lines, for the keyboard ----------------------------------------------------------------

  vertical(offset: number, step: Step): Range | null {
    const doc = this.#doc;
    if (!doc) return null;
    this.reveal({ start: offset, end: offset + 1 });
    let row = doc.rows.at(offset);
    const view = this.#views.get(row);
    const own = view && this.#characterBox(view, offset);
    if (!view || !own) return null;
    const x = this.#goalFor(offset, (own.left + own.right) / 2);
    let line = this.#lineOf(view, offset) + step;
    for (;;) {
      const here = this.#views.get(row) ?? this.#bring(row);
      if (!here) return null;
      const tokens = this.#tokensOnLine(doc, here, line);
      if (tokens.length > 0) {
        const near = tokens.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));
        this.#goal = x;
        this.#goalAt = near.token.end - 1;
        return near.token;
      }
      row += step;
      if (row < 0 || row >= doc.rows.count) return null;
      const next = this.#views.get(row) ?? this.#bring(row);
      line = step > 0 || !next ? 0 : this.#lines(next).length - 1;
    }
  }

  #goalAt = -1;

  /** Going up and down keeps to the column it began in. */
  #goalFor(offset: number, x: number): number {
    return this.#goal !== null && this.#goalAt === offset ? this.#goal : x;
  }

  #bring(row: number): RowView | null {
    const doc = this.#doc;
    if (!doc || row < 0 || row >= doc.rows.count) return null;
    this.element.scrollTop = this.#heights.top(row) - this.element.clientHeight / 2;
    this.#layout();
    return this.#views.get(row) ?? null;
  }

  #tokensOnLine(doc: TextDocument, view: RowView, line: number): { token: Range; x: number }[] {
    const found: { token: Range; x: number }[] = [];
    const lines = this.#lines(view);
    const from = lines[line]?.start;
    if (from === undefined) return found;
    const to = lines[line + 1]?.start ?? doc.rows.next(view.row);
    const flat = doc.tokens.ofRow(view.row);
    for (let i = 0; i < flat.length; i += 2) {
      const token = { start: flat[i] as number, end: flat[i + 1] as number };
      if (token.start < from || token.start >= to) continue;
      const rect = this.#characterBox(view, token.start);
      if (!rect) continue;
      const end = this.#characterBox(view, token.end - 1) ?? rect;
      found.push({ token, x: (Math.min(rect.left, end.left) + Math.max(rect.right, end.right)) / 2 });
    }
    return found;
  }

  edge(offset: number, edge: "start" | "end"): Range | null {
    const doc = this.#doc;
    if (!doc) return null;
    this.reveal({ start: offset, end: offset + 1 });
    const view = this.#views.get(doc.rows.at(offset));
    if (!view) return null;
    const tokens = this.#tokensOnLine(doc, view, this.#lineOf(view, offset));
    return (edge === "start" ? tokens[0] : tokens[tokens.length - 1])?.token ?? null;
  }

  visible(): Range | null {
    const doc = this.#doc;
    if (!doc) return null;
    const top = this.element.scrollTop;
    return top <= 0 ? doc.tokens.first() : doc.tokens.next(doc.rows.start(this.#heights.at(top + this.#base)));
  }

  reveal(range: Range): void {
    const doc = this.#doc;
    if (!doc || this.element.clientHeight === 0) return;
    const row = doc.rows.at(range.start);
    if (!this.#views.has(row)) this.#bring(row);
    const view = this.#views.get(row);
    const rect = view && (this.#characterBox(view, range.start) ?? view.element.getBoundingClientRect());
    if (!rect) return;
    const box = this.element.getBoundingClientRect();
    const margin = Math.min(this.#base, box.height / 4);
    if (rect.top < box.top + margin) this.element.scrollTop -= box.top + margin - rect.top;
    else if (rect.bottom > box.bottom - margin) this.element.scrollTop += rect.bottom - box.bottom + margin;
    else return;
    this.#layout();
  }

  // ---- what lies over the rows ----------------------------------------------------------------

  #drawOverlay(): void {
    const doc = this.#doc;
    const { state } = this;
    const parts: HTMLElement[] = [];
    const draw = (kind: string, boxes: readonly Box[], grow = 0, color?: string): void => {
      for (const box of boxes) {
        const one = element("div", `nbl-mark nbl-mark-${kind}`);
        one.style.cssText = `left:${box.left - grow}px;top:${box.top - grow}px;width:${box.right - box.left + 2 * grow}px;`
          + `height:${box.bottom - box.top + 2 * grow}px${color ? `;--c:${color}` : ""}`;
        parts.push(one);
      }
    };
    const anchors: Box[] = [];
    if (doc) {
      this.#drawFound(doc, draw);
      const ring = (id: string | null | undefined, kind: string): Box[] => {
        const mark = id === null || id === undefined ? undefined : doc.marks.get(id);
        if (!mark) return [];
        const boxes = this.boxes(mark, mark.id);
        draw(kind, boxes, 2, this.#look.shades(mark).line);
        return boxes;
      };
      const relating = state.relating.peek();
      if (state.hovered.peek() !== state.selected.peek()) ring(state.hovered.peek(), "hover");
      if (relating) {
        ring(relating.head, "head");
        anchors.push(...ring(relating.target, "target"));
      }
      const selected = state.selected.peek();
      const mark = selected === null ? undefined : doc.marks.get(selected);
      if (mark) {
        anchors.push(...ring(mark.id, "selected"));
        if (!mark.suggested) this.#drawHandles(mark, parts);
      } else if (selected !== null) {
        const label = this.#arcs.querySelector<HTMLElement>(`[data-id="${CSS.escape(selected)}"].nbl-arc-label`);
        if (label) {
          const x = Number.parseFloat(label.style.left);
          const y = Number.parseFloat(label.style.top);
          anchors.push({ left: x, right: x, top: y - 8, bottom: y + 8 });
        }
      }
      const cursor = state.cursor.peek();
      if (cursor && !mark) {
        const boxes = this.boxes(rangeOf(cursor));
        draw(cursor.extended ? "range" : "cursor", boxes, 1);
        if (cursor.extended) {
          if (state.menu.peek()) this.#drawHandles(rangeOf(cursor), parts);
          else draw("caret", this.#caret(cursor));
          anchors.push(...boxes);
        }
      }
      const dragged = state.dragged.peek();
      if (dragged) {
        const current = state.current.peek();
        draw("drag", this.boxes(dragged), 1, current ? this.shell.shades(state.labelOf(current)?.color).line : undefined);
      }
    }
    this.#overlay.replaceChildren(...parts);
    this.#anchors = anchors;
    this.#place();
  }

  /** A bar at the end of a selection that the keys move. */
  #caret(cursor: Cursor): Box[] {
    const doc = this.#doc as TextDocument;
    const at = headOf(cursor);
    const view = this.#views.get(doc.rows.at(at));
    const box = this.boxes({ start: at, end: at + 1 })[0];
    if (!view || !box) return [];
    const x = (cursor.head > at) !== this.#isRtl(doc.text, at, view) ? box.right : box.left;
    return [{ ...box, left: x - 1, right: x + 1 }];
  }

  #anchors: readonly Box[] = [];

  /** Puts the popovers' anchor where its boxes are on the screen now. */
  #place(): void {
    const anchor = this.anchor as { value: Box | null };
    const first = this.#anchors[0];
    const last = this.#anchors[this.#anchors.length - 1];
    if (!first || !last) {
      if (anchor.value) anchor.value = null;
      return;
    }
    const root = this.shell.root.getBoundingClientRect();
    const canvas = this.#canvas.getBoundingClientRect();
    const frame = this.element.getBoundingClientRect();
    const top = first.top + canvas.top;
    const bottom = last.bottom + canvas.top;
    if (bottom < frame.top - 4 || top > frame.bottom + 4) {
      anchor.value = null;
      return;
    }
    const dx = canvas.left - root.left;
    const next: Box = { left: last.left + dx, right: last.right + dx, top: Math.max(top, frame.top) - root.top, bottom: Math.min(bottom, frame.bottom) - root.top };
    const now = anchor.value;
    if (!now || now.left !== next.left || now.top !== next.top || now.bottom !== next.bottom || now.right !== next.right) anchor.value = next;
  }

  #drawHandles({ start, end }: Range, parts: HTMLElement[]): void {
    const doc = this.#doc as TextDocument;
    const origin = this.#canvas.getBoundingClientRect();
    for (const [edge, offset] of [["start", start], ["end", end - 1]] as const) {
      const row = doc.rows.at(offset);
      const view = this.#views.get(row);
      const rect = view && this.#characterBox(view, Math.min(offset, doc.rows.end(row) - 1));
      if (!view || !rect) continue;
      const late = (edge === "end") !== this.#isRtl(doc.text, offset, view);
      const handle = element("div", `nbl-handle nbl-handle-${edge}`);
      handle.dataset["handle"] = edge;
      handle.style.cssText = `left:${(late ? rect.right : rect.left) - origin.left}px;top:${rect.top - origin.top}px;height:${rect.height}px`;
      parts.push(handle);
    }
  }

  /** What is searched for, in the rows that are drawn. */
  #drawFound(doc: TextDocument, draw: (kind: string, boxes: readonly Box[]) => void): void {
    const needle = (this.shell.engine.filter.peek().text ?? "").toLowerCase();
    if (!needle) return;
    let left = 200;
    for (let row = this.#first; row < this.#last; row++) {
      const text = doc.rows.slice(row).toLowerCase();
      const start = doc.rows.start(row);
      for (let at = text.indexOf(needle); at >= 0 && left > 0; at = text.indexOf(needle, at + needle.length)) {
        draw("found", this.boxes({ start: start + at, end: start + at + needle.length }));
        left -= 1;
      }
    }
  }

  // ---- relations ------------------------------------------------------------------------------

  #shownRelations(): { id: string; head: string; child: string; label: string; color: string; suggested: boolean }[] {
    const { state } = this;
    const list = [
      ...state.relations.peek().map((one) => ({ one, suggested: false })),
      ...state.suggestedRelations.peek().map((one) => ({ one, suggested: true })),
    ];
    return list.map(({ one, suggested }) => ({
      id: one.id ?? "", head: one.head, child: one.child, label: one.label ?? "", suggested,
      color: this.shell.shades(state.labelOf(one)?.color).line,
    }));
  }

  /** Room for relations above the lines that they run along. */
  #planArcs(): void {
    if (!this.#arcsWanted()) return;
    const doc = this.#doc as TextDocument;
    const relations = this.#shownRelations();
    const origin = this.#canvas.getBoundingClientRect();
    const ends = new Map<string, { x: number; row: number; line: number; left: number; right: number }>();
    const endOf = (id: string): Ending | null => {
      const mark = doc.marks.get(id);
      if (!mark) return null;
      if (mark.first >= this.#last) return "below";
      if (mark.first < this.#first) return "above";
      let end = ends.get(id);
      if (!end) {
        const view = this.#views.get(mark.first) as RowView;
        const box = this.#boxesInRow(view, mark, origin, undefined)[0];
        if (!box) return null;
        const line = this.#lineOf(view, Math.max(mark.start, doc.rows.start(mark.first)));
        end = { x: (box.left + box.right) / 2, row: mark.first, line, left: box.left, right: box.right };
        ends.set(id, end);
      }
      return { x: end.x, line: end.row * 10000 + end.line };
    };
    // several relations at one span stand side by side
    const uses = new Map<string, number>();
    for (const { head, child } of relations) for (const id of [head, child]) uses.set(id, (uses.get(id) ?? 0) + 1);
    const used = new Map<string, number>();
    const spread = (id: string, ending: Ending): Ending => {
      const end = ends.get(id);
      if (typeof ending !== "object" || !end) return ending;
      const count = uses.get(id) ?? 1;
      const nth = used.get(id) ?? 0;
      used.set(id, nth + 1);
      const step = Math.min(8, (end.right - end.left - 4) / Math.max(1, count - 1));
      return { ...ending, x: count > 1 ? end.x + (nth - (count - 1) / 2) * step : end.x };
    };
    const links: Link[] = [];
    for (const relation of relations) {
      const head = endOf(relation.head);
      const child = endOf(relation.child);
      if (!head || !child || (typeof head === "string" && typeof child === "string")) continue;
      links.push({ id: relation.id, head: spread(relation.head, head), child: spread(relation.child, child), width: labelWidth(relation.label) });
    }
    const plan = planLinks(links, GUTTER - 4);
    for (const view of this.#views.values()) {
      const wanted = new Map<HTMLElement, number>();
      for (const [id, lift] of view.lifts) {
        const end = ends.get(id);
        const lanes = end?.row === view.row ? (plan.lanes.get(end.row * 10000 + end.line) ?? 0) : 0;
        wanted.set(lift, Math.max(wanted.get(lift) ?? 0, lanes > 0 ? lanes * ARC_LANE + 2 : 0));
      }
      for (const [lift, above] of wanted) if (setLift(lift, above)) view.lines = null;
    }
    this.#plan = plan;
  }

  #drawArcs(): void {
    const plan = this.#plan;
    if (!plan || !this.#arcsWanted()) {
      if (this.#arcs.firstChild) this.#arcs.replaceChildren();
      return;
    }
    const origin = this.#canvas.getBoundingClientRect();
    const tops = new Map<number, number>();
    const textTop = (line: number): number => {
      let top = tops.get(line);
      if (top === undefined) {
        const view = this.#views.get(Math.floor(line / 10000));
        const own = view && this.#lines(view)[line % 10000];
        top = view && own ? view.element.getBoundingClientRect().top - origin.top + own.top : 0;
        tops.set(line, top);
      }
      return top;
    };
    const rowsBox = this.#rows.getBoundingClientRect();
    const drawn = drawLinks(plan, {
      textTop, lane: ARC_LANE, gutterX: GUTTER - 8, gutterStep: 4, gutterLanes: 5,
      top: rowsBox.top - origin.top, bottom: rowsBox.bottom - origin.top,
    });
    const relations = new Map(this.#shownRelations().map((one) => [one.id, one]));
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "nbl-arc-lines");
    svg.setAttribute("aria-hidden", "true");
    const labels: HTMLElement[] = [];
    for (const one of drawn) {
      const relation = relations.get(one.id);
      if (!relation) continue;
      const group = document.createElementNS(SVG, "g");
      group.setAttribute("style", `--c:${relation.color}`);
      group.setAttribute("class", relation.suggested ? "nbl-arc nbl-suggested" : "nbl-arc");
      group.dataset["id"] = one.id;
      for (const kind of ["nbl-arc-hit", "nbl-arc-line"]) {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("class", kind);
        path.setAttribute("d", one.path);
        group.append(path);
      }
      if (one.arrow) {
        const tip = document.createElementNS(SVG, "path");
        const { x, y } = one.arrow;
        tip.setAttribute("class", "nbl-arc-tip");
        tip.setAttribute("d", `M${x - 3.5} ${y - 6}L${x + 3.5} ${y - 6}L${x} ${y}Z`);
        group.append(tip);
      }
      svg.append(group);
      if (!one.label) continue;
      const label = element("span", `nbl-arc-label${relation.suggested ? " nbl-suggested" : ""}`);
      label.dataset["id"] = one.id;
      label.dataset["label"] = relation.label;
      label.style.cssText = `left:${one.label.x}px;top:${one.label.y}px;--c:${relation.color}`;
      label.setAttribute("role", "button");
      label.setAttribute("aria-label", `${relation.label}: ${this.state.text(this.state.mark(relation.head), 30)} to ${this.state.text(this.state.mark(relation.child), 30)}`);
      labels.push(label);
    }
    this.#arcs.replaceChildren(svg, ...labels);
  }
}

function labelWidth(label: string): number {
  let width = 12;
  for (const character of label) width += (character.codePointAt(0) ?? 0) > 0x2e7f ? 12 : 6.4;
  return Math.min(width, 160);
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, className: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
