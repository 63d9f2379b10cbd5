/** Characters and words as people see them, through `Intl.Segmenter`. */

const BLANK = /^[\s\p{Cc}\p{Cf}]*$/u;

/** Where the characters of a text begin and end: pairs, accents and families of emoji are never split. */
export class Characters {
  readonly #segments: Intl.Segments;

  constructor(readonly text: string) {
    this.#segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  }

  /** The last boundary at or before `offset`. */
  floor(offset: number): number {
    if (offset <= 0) return 0;
    return this.#segments.containing(offset)?.index ?? this.text.length;
  }

  /** The first boundary at or after `offset`. */
  ceil(offset: number): number {
    const found = offset <= 0 ? undefined : this.#segments.containing(offset);
    if (!found) return offset <= 0 ? 0 : this.text.length;
    return found.index === offset ? offset : found.index + found.segment.length;
  }

  after(offset: number): number {
    return this.ceil(offset + 1);
  }

  before(offset: number): number {
    return this.floor(offset - 1);
  }
}

/** Making one takes time: whoever splits row after row keeps it. */
export function wordSegmenter(): Intl.Segmenter {
  return new Intl.Segmenter(undefined, { granularity: "word" });
}

/** Flat `start, end, ...` of words and marks in `text`, blanks left out, moved by `shift`. */
export function wordsOf(segmenter: Intl.Segmenter, text: string, shift: number): number[] {
  const found: number[] = [];
  for (const { segment, index } of segmenter.segment(text)) {
    if (!BLANK.test(segment)) found.push(shift + index, shift + index + segment.length);
  }
  return found;
}
