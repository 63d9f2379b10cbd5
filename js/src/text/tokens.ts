/** Tokens of a text by row, and what is snapped to them. Offsets are UTF-16 units. */
import type { Rows } from "./rows";
import { Characters, wordSegmenter, wordsOf } from "./segment";

export interface Range {
  readonly start: number;
  readonly end: number;
}

const BLANK = /^\s*$/;
const NONE: readonly number[] = [];

/** The index of the first pair in flat `start, end, ...` whose end is beyond `offset`. */
function firstEndingAfter(flat: ArrayLike<number>, offset: number): number {
  let low = 0;
  let high = flat.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((flat[2 * middle + 1] as number) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The token of flat, sorted pairs that strictly contains `offset`. */
export function tokenAcross(flat: ArrayLike<number>, offset: number): readonly [number, number] | null {
  const at = firstEndingAfter(flat, offset);
  const start = flat[2 * at];
  return start !== undefined && start < offset ? [start, flat[2 * at + 1] as number] : null;
}

/** Sorted, non-empty pairs within `[0, length]` that do not overlap: what a tokenizer should have given. */
export function cleanTokens(flat: readonly number[], length: number): number[] {
  const pairs: (readonly [number, number])[] = [];
  let sorted = true;
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const start = flat[i] as number;
    const end = Math.min(flat[i + 1] as number, length);
    if (!(start >= 0 && end > start)) continue;
    sorted &&= pairs.length === 0 || start >= (pairs[pairs.length - 1] as readonly [number, number])[1];
    pairs.push([start, end]);
  }
  if (!sorted) pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const clean: number[] = [];
  let last = 0;
  for (const [start, end] of pairs) {
    if (start < last) continue;
    clean.push(start, end);
    last = end;
  }
  return clean;
}

export class Tokens {
  readonly #rows: Rows;
  readonly #given: readonly number[] | null;
  readonly #byRow = new Map<number, readonly number[]>();
  readonly #words = wordSegmenter();
  readonly characters: Characters;

  /** `given`: a tokenizer's flat pairs (see `cleanTokens`); without, words are found row by row when asked for. */
  constructor(rows: Rows, given: readonly number[] | null = null) {
    this.#rows = rows;
    this.#given = given;
    this.characters = new Characters(rows.text);
  }

  /** Flat pairs of the tokens that start in a row; blank ones are left out. */
  ofRow(row: number): readonly number[] {
    let found = this.#byRow.get(row);
    if (!found) {
      found = this.#find(row);
      this.#byRow.set(row, found);
    }
    return found;
  }

  #find(row: number): readonly number[] {
    const { text } = this.#rows;
    const from = this.#rows.start(row);
    const to = this.#rows.end(row);
    if (!this.#given) return wordsOf(this.#words, text.slice(from, to), from);
    const found: number[] = [];
    const next = this.#rows.next(row);
    for (let i = firstEndingAfter(this.#given, from); i < this.#given.length >> 1; i++) {
      const start = this.#given[2 * i] as number;
      if (start >= next) break;
      const end = this.#given[2 * i + 1] as number;
      if (start >= from && !BLANK.test(text.slice(start, end))) found.push(start, end);
    }
    return found.length > 0 ? found : NONE;
  }

  /** The token at an offset; with `near`, else the nearest one of the row. */
  at(offset: number, near = false): Range | null {
    const row = this.#rows.at(offset);
    const flat = this.ofRow(row);
    const i = firstEndingAfter(flat, offset);
    const start = flat[2 * i];
    if (start !== undefined && start <= offset) return { start, end: flat[2 * i + 1] as number };
    if (!near) return null;
    const before = i > 0 ? (flat[2 * i - 1] as number) : undefined;
    if (before === undefined && start === undefined) return null;
    const left = before === undefined || (start !== undefined && start - offset <= offset - before) ? i : i - 1;
    return { start: flat[2 * left] as number, end: flat[2 * left + 1] as number };
  }

  /** The first token that starts at or after `offset`. */
  next(offset: number): Range | null {
    for (let row = this.#rows.at(offset); row < this.#rows.count; row++) {
      const flat = this.ofRow(row);
      let i = firstEndingAfter(flat, offset);
      if ((flat[2 * i] ?? offset) < offset) i += 1;
      const start = flat[2 * i];
      if (start !== undefined) return { start, end: flat[2 * i + 1] as number };
    }
    return null;
  }

  /** The last token that ends at or before `offset`. */
  previous(offset: number): Range | null {
    for (let row = this.#rows.at(offset); row >= 0; row--) {
      const flat = this.ofRow(row);
      const i = firstEndingAfter(flat, offset) - 1;
      if (i >= 0) return { start: flat[2 * i] as number, end: flat[2 * i + 1] as number };
    }
    return null;
  }

  first(): Range | null {
    return this.next(0);
  }

  last(): Range | null {
    return this.previous(this.#rows.text.length);
  }

  /** The whole tokens that `[start, end)` touches, without blanks around; null if it touches none. */
  snap(start: number, end: number): Range | null {
    if (end <= start) return null;
    const opening = this.at(start) ?? this.next(start);
    const closing = this.at(end - 1) ?? this.previous(end);
    if (!opening || !closing || opening.start > closing.start) return null;
    return { start: opening.start, end: closing.end };
  }

  /** `[start, end)` grown to whole characters, blanks around taken off; null if nothing is left. */
  trim(start: number, end: number): Range | null {
    const { text } = this.#rows;
    let from = this.characters.floor(start);
    let to = this.characters.ceil(end);
    while (from < to && BLANK.test(text.charAt(from))) from += 1;
    while (to > from && BLANK.test(text.charAt(to - 1))) to -= 1;
    return to > from ? { start: from, end: to } : null;
  }
}
