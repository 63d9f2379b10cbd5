/**
 * A text as rows: the unit of drawing. Rows end at line breaks; a line too long for one row goes on in the next.
 *
 * Rows tile the text: row i owns `[start(i), start(i + 1))`, of which `[start(i), end(i))` is drawn and the rest is
 * its line break. Offsets are UTF-16 units.
 */
import { Characters, wordSegmenter } from "./segment";

/** Characters of one row at most. */
export const BLOCK = 1500;

const BREAK = /\r\n|[\n\r\u2028\u2029]/g;
/** Where a long line is cut best: after the end of a sentence, else at a blank. */
const SENTENCE = /[.!?…。！？]["'”’)\]]*\s+/g;
const BLANK = /[\s\u200b]+/g;

export class Rows {
  private constructor(
    readonly text: string,
    private readonly starts: Uint32Array,
    private readonly ends: Uint32Array,
  ) {}

  /**
   * Splits `text`. `token` gives the token that strictly contains an offset, so that no row starts within one.
   */
  static of(text: string, token?: (offset: number) => readonly [number, number] | null, limit = BLOCK): Rows {
    const starts: number[] = [];
    const ends: number[] = [];
    const line = (from: number, to: number): void => {
      let at = from;
      while (to - at > limit) {
        const cut = cutAt(text, at, to, limit, token);
        if (cut >= to) break;
        starts.push(at);
        ends.push(cut);
        at = cut;
      }
      starts.push(at);
      ends.push(to);
    };
    let from = 0;
    for (const match of text.matchAll(BREAK)) {
      line(from, match.index);
      from = match.index + match[0].length;
    }
    if (from < text.length || starts.length === 0) line(from, text.length);
    return new Rows(text, Uint32Array.from(starts), Uint32Array.from(ends));
  }

  get count(): number {
    return this.starts.length;
  }

  start(row: number): number {
    return this.starts[row] ?? this.text.length;
  }

  /** The end of what is drawn: the line break comes after it. */
  end(row: number): number {
    return this.ends[row] ?? this.text.length;
  }

  /** Where the next row starts. */
  next(row: number): number {
    return this.starts[row + 1] ?? this.text.length;
  }

  /** Whether the row goes on in the next one without a line break. */
  continues(row: number): boolean {
    return row + 1 < this.count && this.end(row) === this.next(row);
  }

  slice(row: number): string {
    return this.text.slice(this.start(row), this.end(row));
  }

  /** The row that owns an offset; offsets beyond the text belong to the last one. */
  at(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function cutAt(
  text: string, from: number, to: number, limit: number,
  token: ((offset: number) => readonly [number, number] | null) | undefined,
): number {
  const end = from + limit;
  const whole = (cut: number): number => {
    const inside = token?.(cut);
    if (!inside) return cut;
    return inside[0] > from ? inside[0] : inside[1];
  };
  for (const [pattern, reach] of [[SENTENCE, limit >> 1], [BLANK, limit >> 1]] as const) {
    const low = end - reach;
    let best = -1;
    for (const match of text.slice(low, end).matchAll(pattern)) best = low + match.index + match[0].length;
    if (best > from) {
      const cut = whole(best);
      if (cut > from) return Math.min(cut, to);
    }
  }
  // No blank far and wide (Chinese, Japanese, Thai, base64): the last boundary of words, which never splits a character.
  const low = Math.max(from, end - 200);
  let best = -1;
  for (const { index } of wordSegmenter().segment(text.slice(low, Math.min(to, end + 20)))) {
    if (index > 0 && low + index <= end) best = low + index;
  }
  const cut = best > from ? best : from + new Characters(text.slice(from, to)).ceil(limit);
  return Math.min(whole(cut), to);
}
