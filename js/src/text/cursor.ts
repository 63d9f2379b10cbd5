/**
 * Where the keyboard is in a text, and what it has selected.
 *
 * The pivot is where the selection began (a token, or a point); the head is the end that moves. Offsets are UTF-16 units.
 */
import type { Rows } from "./rows";
import type { Range, Tokens } from "./tokens";

export interface Cursor {
  readonly pivotStart: number;
  readonly pivotEnd: number;
  readonly head: number;
  /** Reached by Shift: more than the place of the cursor. */
  readonly extended: boolean;
}

export type Unit = "token" | "character";
export type Step = -1 | 1;

export function place(range: Range): Cursor {
  return { pivotStart: range.start, pivotEnd: range.end, head: range.end, extended: false };
}

export function select(range: Range): Cursor {
  return { ...place(range), extended: true };
}

export function rangeOf(cursor: Cursor): Range {
  return { start: Math.min(cursor.pivotStart, cursor.head), end: Math.max(cursor.pivotEnd, cursor.head) };
}

/** The end that moves, as the unit beside it: what must be in sight. */
export function headOf(cursor: Cursor): number {
  return cursor.head > cursor.pivotStart ? Math.max(cursor.head - 1, cursor.pivotStart) : cursor.head;
}

export class Mover {
  constructor(private readonly rows: Rows, private readonly tokens: Tokens) {}

  /** One unit on; from nowhere, to the first (or last) one. */
  move(cursor: Cursor | null, step: Step, unit: Unit): Cursor | null {
    if (!cursor) {
      const start = step > 0 ? this.tokens.first() : this.tokens.last();
      return start && place(start);
    }
    const { start, end } = rangeOf(cursor);
    if (unit === "token") {
      // A selection made with Shift collapses to the next token beyond its moving end.
      const from = cursor.extended ? (cursor.head > cursor.pivotStart ? end : start) : step > 0 ? end : start;
      const next = step > 0 ? this.tokens.next(from) : this.tokens.previous(from);
      return next ? place(next) : cursor;
    }
    const next = step > 0 ? this.characterFrom(end) : this.characterBefore(start);
    return next ? place(next) : cursor;
  }

  extend(cursor: Cursor | null, step: Step, unit: Unit): Cursor | null {
    if (!cursor) return this.move(null, step, unit);
    return unit === "token" ? this.extendByToken(cursor, step) : this.extendByCharacter(cursor, step);
  }

  private extendByToken(cursor: Cursor, step: Step): Cursor {
    const { pivotStart, pivotEnd, head } = cursor;
    const to = (offset: number): Cursor => ({ pivotStart, pivotEnd, head: offset, extended: true });
    if (step > 0) {
      if (head < pivotStart) {
        const next = this.tokens.next(head + 1);
        if (next && next.start < pivotStart) return to(next.start);
        return to(pivotEnd > pivotStart ? pivotEnd : (this.tokens.next(pivotEnd)?.end ?? head));
      }
      const next = this.tokens.next(Math.max(head, pivotEnd));
      return next ? to(next.end) : cursor;
    }
    if (head > pivotEnd) {
      const previous = this.tokens.previous(head - 1);
      if (previous && previous.end > pivotEnd) return to(previous.end);
      return to(pivotEnd > pivotStart ? pivotEnd : (this.tokens.previous(pivotStart)?.start ?? head));
    }
    const previous = this.tokens.previous(Math.min(head, pivotStart));
    return previous ? to(previous.start) : cursor;
  }

  private extendByCharacter(cursor: Cursor, step: Step): Cursor {
    const forward = cursor.head > cursor.pivotStart;
    const anchor = forward ? cursor.pivotStart : cursor.pivotEnd;
    const { characters } = this.tokens;
    let head = step > 0 ? characters.after(cursor.head) : characters.before(cursor.head);
    // An empty selection says nothing: go on to the other side of the anchor.
    if (head === anchor) head = step > 0 ? characters.after(head) : characters.before(head);
    if (head === anchor) return cursor;
    return { pivotStart: anchor, pivotEnd: anchor, head, extended: true };
  }

  private characterFrom(offset: number): Range | null {
    const { text } = this.rows;
    const { characters } = this.tokens;
    let start = offset;
    while (start < text.length) {
      const end = characters.after(start);
      if (!isBreak(text.slice(start, end))) return { start, end };
      start = end;
    }
    return null;
  }

  private characterBefore(offset: number): Range | null {
    const { text } = this.rows;
    const { characters } = this.tokens;
    let end = offset;
    while (end > 0) {
      const start = characters.before(end);
      if (!isBreak(text.slice(start, end))) return { start, end };
      end = start;
    }
    return null;
  }

  /** A mark's end moved by one unit; null where it cannot move further. */
  resize(range: Range, edge: "start" | "end", step: Step, unit: Unit): Range | null {
    const { characters } = this.tokens;
    let { start, end } = range;
    if (edge === "end") {
      if (unit === "character") end = step > 0 ? characters.after(end) : characters.before(end);
      else if (step > 0) end = this.tokens.next(end)?.end ?? end;
      else end = this.tokens.previous(end - 1)?.end ?? end;
    } else {
      if (unit === "character") start = step > 0 ? characters.after(start) : characters.before(start);
      else if (step > 0) start = this.tokens.next(start + 1)?.start ?? start;
      else start = this.tokens.previous(start)?.start ?? start;
    }
    if (start >= end || (start === range.start && end === range.end)) return null;
    return { start, end };
  }
}

function isBreak(character: string): boolean {
  return /^[\r\n\u2028\u2029]+$/.test(character);
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1eeff}]/u;
const LETTER = /\p{L}/u;

/** The direction of a row: that of its first letter, as the Unicode bidirectional algorithm has it. */
export function directionOf(text: string): "ltr" | "rtl" {
  for (const character of text) {
    if (RTL.test(character)) return "rtl";
    if (LETTER.test(character)) return "ltr";
  }
  return "ltr";
}
