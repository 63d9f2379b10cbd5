/** The other places where a marked text stands, for marking them all at once. */
import type { Mark, Marks } from "./marks";
import type { Rows } from "./rows";
import type { Range, Tokens } from "./tokens";

export interface MatchOptions {
  readonly ignoreCase?: boolean;
  /** At most so many: a single letter may stand everywhere. */
  readonly limit?: number;
}

/**
 * All occurrences of the mark's text, as whole tokens, that do not bear its label yet.
 *
 * Where the mark itself cuts a token, whole tokens cannot be asked for: then every occurrence counts.
 */
export function matchesOf(mark: Mark, rows: Rows, tokens: Tokens, marks: Marks, options: MatchOptions = {}): Range[] {
  const { text } = rows;
  const needle = text.slice(mark.start, mark.end);
  if (needle.trim() === "") return [];
  const whole = aligned(tokens, mark.start, mark.end);
  const found: Range[] = [];
  const limit = options.limit ?? 5000;
  const find = options.ignoreCase ? foldedFinder(text, needle) : (from: number) => text.indexOf(needle, from);
  for (let at = find(0); at >= 0 && found.length < limit; ) {
    const end = at + needle.length;
    if (accepted(at, end)) {
      found.push({ start: at, end });
      at = find(end);
    } else at = find(at + 1);
  }
  return found;

  function accepted(start: number, end: number): boolean {
    if (start === mark.start) return false;
    if (whole && !aligned(tokens, start, end)) return false;
    return !marks
      .overlapping(start, end)
      .some((other) => !other.suggested && other.span.label === mark.span.label && other.span.field === mark.span.field
        && other.start <= start && other.end >= end);
  }
}

function aligned(tokens: Tokens, start: number, end: number): boolean {
  return tokens.at(start)?.start === start && tokens.at(end - 1)?.end === end;
}

/** Finds without regard to case where folding keeps lengths; elsewhere (ß, İ) the letters are compared as they are. */
function foldedFinder(text: string, needle: string): (from: number) => number {
  const lower = text.toLowerCase();
  const wanted = needle.toLowerCase();
  const folds = lower.length === text.length && wanted.length === needle.length;
  return (from) => (folds ? lower.indexOf(wanted, from) : text.indexOf(needle, from));
}
