/** Characters and words as people see them, through `Intl.Segmenter`. */

/** Longest character looked at around an offset: families of emoji and stacked accents stay far below. */
const REACH = 64;
const BLANK = /^[\s\p{Cc}\p{Cf}]*$/u;

function lowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
function highSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

/** ASCII and plain Latin need no segmenter: each unit is a character unless CR LF. */
const PLAIN = /^[\t\n\x20-\x7e\u00a0-\u02ff]*$/;

export class Segmentation {
  readonly #characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  readonly #words = new Intl.Segmenter(undefined, { granularity: "word" });

  /** Starts of all word segments, blanks and marks included. */
  words(text: string): number[] {
    return Array.from(this.#words.segment(text), (part) => part.index);
  }

  /** Flat `start, end, ...` of words and marks in `text`, blanks left out, moved by `shift`. */
  tokens(text: string, shift = 0): number[] {
    const found: number[] = [];
    for (const { segment, index } of this.#words.segment(text)) {
      if (!BLANK.test(segment)) found.push(shift + index, shift + index + segment.length);
    }
    return found;
  }

  /** The first boundary between characters at or after `offset`, looking only at `[from, to)`. */
  ceil(text: string, offset: number, from = 0, to = text.length): number {
    const [, end] = this.#around(text, offset, from, to);
    return end;
  }

  /** The last boundary between characters at or before `offset`. */
  floor(text: string, offset: number, from = 0, to = text.length): number {
    const [start] = this.#around(text, offset, from, to);
    return start;
  }

  /** The boundary after `offset`; `to` at the end. */
  after(text: string, offset: number, from = 0, to = text.length): number {
    if (offset >= to) return to;
    return this.ceil(text, offset + 1, from, to);
  }

  /** The boundary before `offset`; `from` at the start. */
  before(text: string, offset: number, from = 0, to = text.length): number {
    if (offset <= from) return from;
    return this.floor(text, offset - 1, from, to);
  }

  /** Nearest boundaries at or before, and at or after. */
  #around(text: string, offset: number, from: number, to: number): [number, number] {
    if (offset <= from) return [from, from];
    if (offset >= to) return [to, to];
    let low = Math.max(from, offset - REACH);
    const high = Math.min(to, offset + REACH);
    if (PLAIN.test(text.slice(offset - 1, offset + 1))) return [offset, offset];
    // start the window on a plain character where there is one, so that it does not open within a cluster
    while (low > from && !PLAIN.test(text.charAt(low)) && offset - low < 512) low -= 1;
    if (low > from && lowSurrogate(text.charCodeAt(low)) && highSurrogate(text.charCodeAt(low - 1))) low -= 1;
    const at = this.#characters.segment(text.slice(low, high)).containing(offset - low);
    if (!at) return [offset, offset];
    const start = low + at.index;
    return start === offset ? [offset, offset] : [start, start + at.segment.length];
  }
}

/** Stateless, so that it may be shared by all labelers of a page. */
export const segmenter = new Segmentation();
