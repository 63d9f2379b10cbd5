/** One text with all that is known of it. Wire offsets (code points) are converted here and nowhere else. */
import { Offsets } from "../core/offsets";
import type { Span, WireItem } from "../core/protocol";
import { Mover } from "./cursor";
import { Marks } from "./marks";
import { Rows } from "./rows";
import { cleanTokens, type Range, tokenAcross, Tokens } from "./tokens";

export class TextDocument {
  readonly text: string;
  readonly offsets: Offsets;
  readonly rows: Rows;
  readonly tokens: Tokens;
  readonly marks: Marks;
  readonly mover: Mover;

  /** `touched` is told of the rows whose marks have changed. */
  constructor(text: string, tokens: readonly number[] | null, touched: (first: number, last: number) => void) {
    this.text = text;
    this.offsets = new Offsets(text);
    const given = tokens && cleanTokens(this.#units(tokens), text.length);
    this.rows = Rows.of(text, given ? (offset) => tokenAcross(given, offset) : undefined);
    this.tokens = new Tokens(this.rows, given);
    this.marks = new Marks(this.rows, this.offsets, touched);
    this.mover = new Mover(this.rows, this.tokens);
  }

  static of(item: WireItem, touched: (first: number, last: number) => void): TextDocument {
    return new TextDocument(typeof item.data === "string" ? item.data : "", item.tokens ?? null, touched);
  }

  /** Code points to units in one sweep: tokens come sorted, and there are many. */
  #units(flat: readonly number[]): number[] {
    if (this.offsets.length === this.text.length) return [...flat];
    const found: number[] = [];
    let point = 0;
    let unit = 0;
    for (const wanted of flat) {
      if (!(wanted >= point)) {
        found.push(this.offsets.toUtf16(wanted));
        continue;
      }
      while (point < wanted && unit < this.text.length) {
        unit += (this.text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
        point += 1;
      }
      found.push(unit);
    }
    return found;
  }

  /** A range as the wire has it. */
  wire(range: Range): { start: number; end: number } {
    return { start: this.offsets.toCodePoint(range.start), end: this.offsets.toCodePoint(range.end, true) };
  }

  /** A new span over a range. */
  span(range: Range, label: string, field: string, id: string): Span {
    return { kind: "span", ...this.wire(range), label, field, id };
  }

  slice(range: Range): string {
    return this.text.slice(range.start, range.end);
  }
}

/** A stretch of text in one line, shortened in the middle. */
export function excerpt(text: string, limit = 80): string {
  // far more than is shown is never looked at: a span may be a whole book
  const rough = text.length > 4 * limit ? `${text.slice(0, 2 * limit)}…${text.slice(-2 * limit)}` : text;
  const flat = [...rough.replace(/\s+/gu, " ").trim()];
  if (flat.length <= limit) return flat.join("");
  const half = (limit - 1) >> 1;
  return `${flat.slice(0, half).join("")}…${flat.slice(-half).join("")}`;
}
