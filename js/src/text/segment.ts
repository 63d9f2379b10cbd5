/** Characters and words as people see them, through `Intl.Segmenter` or, where a browser lacks it, by pattern. */

/** Longest character looked at around an offset: families of emoji and stacked accents stay far below. */
const REACH = 64;
const BLANK = /^[\s\p{Cc}\p{Cf}]*$/u;
const CHARACTER = /\r\n|\p{RI}\p{RI}|(?!\p{M}|\u200d|\ufe0f)[^](?:\p{M}|\ufe0f|\p{EMod}|\u200d\P{M})*|[^]/gu;
const WORD = /[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}_]|['’.](?=[\p{L}\p{N}]))*|\s+|[^]/gu;

type Split = (text: string) => Iterable<string>;

function splitter(granularity: "grapheme" | "word", pattern: RegExp): Split {
  if (typeof Intl !== "undefined" && "Segmenter" in Intl) {
    const segmenter = new Intl.Segmenter(undefined, { granularity });
    return function* (text) {
      for (const part of segmenter.segment(text)) yield part.segment;
    };
  }
  return (text) => text.match(pattern) ?? [];
}

function highSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}
function lowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** ASCII and plain Latin need no segmenter: each unit is a character unless CR LF. */
const PLAIN = /^[\t\n\x20-\x7e\u00a0-\u02ff]*$/;

export class Segmentation {
  readonly #characters: Split;
  readonly #words: Split;

  constructor(characters: Split = splitter("grapheme", CHARACTER), words: Split = splitter("word", WORD)) {
    this.#characters = characters;
    this.#words = words;
  }

  /** As in a browser without `Intl.Segmenter`. */
  static byPattern(): Segmentation {
    return new Segmentation((text) => text.match(CHARACTER) ?? [], (text) => text.match(WORD) ?? []);
  }

  /** Starts of all word segments, blanks and marks included. */
  words(text: string): number[] {
    const starts: number[] = [];
    let at = 0;
    for (const part of this.#words(text)) {
      starts.push(at);
      at += part.length;
    }
    return starts;
  }

  /** Flat `start, end, ...` of words and marks in `text`, blanks left out, moved by `shift`. */
  tokens(text: string, shift = 0): number[] {
    const found: number[] = [];
    let at = shift;
    for (const part of this.#words(text)) {
      const end = at + part.length;
      if (!BLANK.test(part)) found.push(at, end);
      at = end;
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
    let at = low;
    for (const part of this.#characters(text.slice(low, high))) {
      const end = at + part.length;
      if (at === offset) return [at, at];
      if (end > offset) return [at, end];
      at = end;
    }
    return [offset, offset];
  }
}

/** Stateless, so that it may be shared by all labelers of a page. */
export const segmenter = new Segmentation();
