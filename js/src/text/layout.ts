/** How the marks of one row are drawn: pieces of text between their ends, and a lane for each so that none hides another. */
import type { Mark } from "./marks";
import type { Rows } from "./rows";

export interface Cover {
  readonly mark: Mark;
  /** 0 is nearest to the text. */
  readonly lane: number;
  /** Whether the mark itself starts, ends with this piece. */
  readonly starts: boolean;
  readonly ends: boolean;
}

export interface Piece {
  readonly start: number;
  readonly end: number;
  /** Innermost first. */
  readonly covers: readonly Cover[];
}

export interface Layout {
  readonly pieces: readonly Piece[];
  readonly lanes: number;
}

/** Underlines beyond this many share lanes: a row must stay readable whatever is in it. */
export const LANES = 16;

/**
 * A lane for each mark: shorter ones nearer to the text, no two that overlap in one lane.
 *
 * It depends on the marks alone, not on the order in which they were made.
 */
export function lanesOf(marks: readonly Mark[]): Map<Mark, number> {
  const chosen = new Map<Mark, number>();
  const lanes: Lane[] = [];
  const inward = [...marks].sort((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start || (a.id < b.id ? -1 : 1));
  for (const mark of inward) {
    let lane = 0;
    while (lane < lanes.length && !(lanes[lane] as Lane).free(mark.start, mark.end)) lane += 1;
    (lanes[lane] ??= new Lane()).take(mark.start, mark.end);
    chosen.set(mark, lane);
  }
  return chosen;
}

/** Intervals that do not overlap, sorted. */
class Lane {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  #after(start: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  free(start: number, end: number): boolean {
    const next = this.#starts[this.#after(start)];
    return next === undefined || next >= end;
  }

  take(start: number, end: number): void {
    const at = this.#after(start);
    this.#starts.splice(at, 0, start);
    this.#ends.splice(at, 0, end);
  }
}

/** The pieces of a row; marks may reach beyond it. */
export function layoutRow(rows: Rows, row: number, marks: readonly Mark[]): Layout {
  const start = rows.start(row);
  const end = rows.end(row);
  if (end <= start) return { pieces: [], lanes: 0 };
  if (marks.length === 0) return { pieces: [{ start, end, covers: [] }], lanes: 0 };
  const lanes = lanesOf(marks);
  const cuts = new Set<number>([start, end]);
  for (const mark of marks) {
    if (mark.start > start && mark.start < end) cuts.add(mark.start);
    if (mark.end > start && mark.end < end) cuts.add(mark.end);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const byStart = [...marks].sort((a, b) => a.start - b.start);
  const pieces: Piece[] = [];
  let active: Mark[] = [];
  let entered = 0;
  let most = 0;
  for (let i = 0; i + 1 < sorted.length; i++) {
    const from = sorted[i] as number;
    const to = sorted[i + 1] as number;
    active = active.filter((mark) => mark.end > from);
    while (entered < byStart.length && (byStart[entered] as Mark).start <= from) {
      const mark = byStart[entered] as Mark;
      if (mark.end > from) active.push(mark);
      entered += 1;
    }
    const covers = active.map((mark): Cover => {
      const lane = lanes.get(mark) as number;
      most = Math.max(most, lane + 1);
      return {
        mark,
        lane: Math.min(lane, LANES - 1),
        // A mark that begins or ends in a line break does so, for the eye, at the edge of the row.
        starts: mark.start === from || (from === start && mark.first === row),
        ends: mark.end === to || (to === end && mark.last === row),
      };
    });
    covers.sort((a, b) => a.lane - b.lane);
    pieces.push({ start: from, end: to, covers });
  }
  return { pieces, lanes: Math.min(most, LANES) };
}
