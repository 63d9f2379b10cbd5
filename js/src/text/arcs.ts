/**
 * The way of relations: above the lines of text and through the gutter, never across it.
 *
 * Pure geometry in pixels of the text's canvas. A relation within one line is a bracket in the leading above it; one
 * between two lines leaves its line sideways into the gutter. Those that share a stretch get lanes of their own.
 */

/** Where a span stands: the middle of its first piece, and the line (numbered from the top) it is on. */
export interface End {
  readonly x: number;
  readonly line: number;
}

/** `above`, `below`: the other end is not drawn. */
export type Ending = End | "above" | "below";

export interface Link {
  readonly id: string;
  readonly head: Ending;
  readonly child: Ending;
  /** Width of the label as drawn. */
  readonly width: number;
}

export interface Plan {
  readonly links: readonly Planned[];
  /** Lanes in the leading above each line. */
  readonly lanes: ReadonlyMap<number, number>;
}

export interface Planned {
  readonly link: Link;
  readonly runs: readonly Run[];
  /** Lane of the gutter for links that change lines. */
  readonly gutter: number | null;
}

export interface Run {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly lane: number;
  readonly label: boolean;
}

interface Wanted {
  readonly link: Link;
  readonly line: number;
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
  readonly label: boolean;
}

function drawn(ending: Ending): ending is End {
  return typeof ending === "object";
}

/** Space between neighbours of one lane. */
const GAP = 4;

/** Lanes for all links; `gutterX` is where runs into the gutter end. */
export function planLinks(links: readonly Link[], gutterX: number): Plan {
  const wanted: Wanted[] = [];
  const gutters: { link: Link; low: number; high: number }[] = [];
  for (const link of links) {
    const { head, child } = link;
    if (drawn(head) && drawn(child) && head.line === child.line) {
      const middle = (head.x + child.x) / 2;
      wanted.push({
        link, line: head.line, from: head.x, to: child.x, label: true,
        low: Math.min(head.x, child.x, middle - link.width / 2), high: Math.max(head.x, child.x, middle + link.width / 2),
      });
      continue;
    }
    const ends = [head, child].filter(drawn);
    if (ends.length === 0) continue;
    // The label goes where there is more room for it.
    const widest = ends.reduce((a, b) => (b.x > a.x ? b : a));
    for (const end of ends) {
      const label = end === widest;
      const high = label ? Math.max(end.x, gutterX + link.width + 2 * GAP) : end.x;
      wanted.push({ link, line: end.line, from: end === head ? end.x : gutterX, to: end === head ? gutterX : end.x, label, low: gutterX, high });
    }
    const lines = [head, child].map((e) => (drawn(e) ? e.line : e === "above" ? -Infinity : Infinity));
    gutters.push({ link, low: Math.min(...lines), high: Math.max(...lines) });
  }
  const lanes = new Map<number, number>();
  const runs = new Map<Link, Run[]>();
  const taken = new Map<number, [number, number][][]>();
  // Short ones nearest to the text, so that long ones bridge them.
  wanted.sort((a, b) => a.high - a.low - (b.high - b.low) || a.low - b.low);
  for (const want of wanted) {
    const levels = taken.get(want.line) ?? [];
    taken.set(want.line, levels);
    const lane = firstFree(levels, want.low - GAP, want.high + GAP);
    lanes.set(want.line, Math.max(lanes.get(want.line) ?? 0, lane + 1));
    const list = runs.get(want.link) ?? [];
    runs.set(want.link, list);
    list.push({ line: want.line, from: want.from, to: want.to, lane, label: want.label });
  }
  const columns: [number, number][][] = [];
  gutters.sort((a, b) => a.high - a.low - (b.high - b.low) || a.low - b.low);
  const gutterOf = new Map<Link, number>();
  for (const { link, low, high } of gutters) gutterOf.set(link, firstFree(columns, low - 0.25, high + 0.25));
  return {
    links: links.filter((link) => runs.has(link)).map((link) => ({ link, runs: runs.get(link) ?? [], gutter: gutterOf.get(link) ?? null })),
    lanes,
  };
}

function firstFree(levels: [number, number][][], low: number, high: number): number {
  let lane = 0;
  while (levels[lane]?.some(([a, b]) => a < high && low < b)) lane += 1;
  (levels[lane] ??= []).push([low, high]);
  return lane;
}

export interface Metrics {
  /** Top of the span's box in a line: where links set down. */
  textTop(line: number): number;
  /** Height of one lane. */
  readonly lane: number;
  /** Left of the gutter lane nearest to the text, and the step to the next one. */
  readonly gutterX: number;
  readonly gutterStep: number;
  readonly gutterLanes: number;
  /** Where links to what is not drawn leave the canvas. */
  readonly top: number;
  readonly bottom: number;
}

export interface Drawn {
  readonly id: string;
  readonly path: string;
  /** The point of the arrow at the child, if it is drawn. */
  readonly arrow: { readonly x: number; readonly y: number } | null;
  readonly label: { readonly x: number; readonly y: number } | null;
}

const ROUND = 5;

/** An SVG path for each planned link. */
export function drawLinks(plan: Plan, metrics: Metrics): Drawn[] {
  return plan.links.map(({ link, runs, gutter }) => {
    const points: [number, number][] = [];
    const level = (run: Run): number => metrics.textTop(run.line) - 3 - (run.lane + 0.5) * metrics.lane;
    const { head, child } = link;
    let label: { x: number; y: number } | null = null;
    const withLabel = runs.find((run) => run.label);
    if (withLabel) {
      const left = Math.min(withLabel.from, withLabel.to);
      const right = Math.max(withLabel.from, withLabel.to, gutter === null ? 0 : left + link.width + GAP);
      label = { x: (left + right) / 2, y: level(withLabel) };
    }
    if (gutter === null) {
      const run = runs[0] as Run;
      const y = level(run);
      const base = metrics.textTop(run.line);
      points.push([run.from, base], [run.from, y], [run.to, y], [run.to, base]);
    } else {
      const x = metrics.gutterX - (gutter % metrics.gutterLanes) * metrics.gutterStep;
      const out = (end: Ending): number => (end === "above" ? metrics.top : metrics.bottom);
      if (drawn(head)) {
        const run = runs.find((one) => one.line === head.line && one.from === head.x) as Run;
        points.push([head.x, metrics.textTop(head.line)], [head.x, level(run)], [x, level(run)]);
      } else points.push([x, out(head)]);
      if (drawn(child)) {
        const run = runs.find((one) => one.line === child.line && one.to === child.x) as Run;
        points.push([x, level(run)], [child.x, level(run)], [child.x, metrics.textTop(child.line)]);
      } else points.push([x, out(child)]);
    }
    const arrow = drawn(child) ? { x: child.x, y: metrics.textTop(child.line) } : null;
    return { id: link.id, path: rounded(points), arrow, label };
  });
}

/** A polyline with rounded corners. */
export function rounded(points: readonly (readonly [number, number])[], radius = ROUND): string {
  const n = (value: number): string => String(Math.round(value * 10) / 10);
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${n(first[0])} ${n(first[1])}`;
  let before = first;
  rest.forEach((point, i) => {
    const after = rest[i + 1];
    if (!after) path += `L${n(point[0])} ${n(point[1])}`;
    else {
      const into = Math.hypot(point[0] - before[0], point[1] - before[1]);
      const outof = Math.hypot(after[0] - point[0], after[1] - point[1]);
      const r = Math.min(radius, into / 2, outof / 2);
      const toward = (from: readonly [number, number], to: readonly [number, number], length: number): [number, number] =>
        length === 0 ? [from[0], from[1]] : [from[0] + ((to[0] - from[0]) / length) * r, from[1] + ((to[1] - from[1]) / length) * r];
      const a = toward(point, before, into);
      const b = toward(point, after, outof);
      path += `L${n(a[0])} ${n(a[1])}Q${n(point[0])} ${n(point[1])} ${n(b[0])} ${n(b[1])}`;
    }
    before = point;
  });
  return path;
}
