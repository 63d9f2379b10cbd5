/** Where things are vertically: bands of the recording and its tiers, and lanes for intervals that share their time. */
import type { Interval, Tier } from "./types";

export interface Band {
  readonly kind: "ruler" | "wave" | "spectrum" | "tier";
  readonly channel?: number;
  readonly tier?: number;
  readonly top: number;
  readonly height: number;
}

/** More cannot be told apart: further ones lie on top of each other. */
const MOST_LANES = 24;
export const RULER = 24;
/** A tier's name, where there are several. */
export const NAME = 14;
const LANE = 24;
const SLIM_LANE = 17;
const MOST_SEEN_LANES = 6;
const GAP = 3;

type Placed = Pick<Interval, "start" | "end" | "tier" | "lane" | "lanes">;

/** Intervals with their lanes: those that overlap within a tier stand beside each other. What does not change stays the same object. */
export function layoutLanes<T extends Placed>(intervals: readonly T[]): T[] {
  const made = [...intervals];
  const tiers = new Map<number, number[]>();
  intervals.forEach(({ tier }, n) => {
    const list = tiers.get(tier);
    if (list) list.push(n);
    else tiers.set(tier, [n]);
  });
  const get = (n: number): T => intervals[n] as T;
  for (const order of tiers.values()) {
    order.sort((a, b) => get(a).start - get(b).start || get(b).end - get(a).end);
    let cluster: [place: number, lane: number][] = [];
    let ends: number[] = [];
    let latest = -Infinity;
    const close = (): void => {
      for (const [place, lane] of cluster) {
        const one = get(place);
        if (one.lane !== lane || one.lanes !== ends.length) made[place] = { ...one, lane, lanes: ends.length };
      }
      cluster = [];
      ends = [];
    };
    for (const place of order) {
      const { start, end } = get(place);
      if (start >= latest) close();
      let lane = ends.findIndex((until) => until <= start);
      if (lane < 0) lane = Math.min(ends.length, MOST_LANES - 1);
      // an event takes no time, but what follows at the same moment stands beside it
      ends[lane] = Math.max(ends[lane] ?? 0, end > start ? end : end + Number.EPSILON * Math.max(1, Math.abs(end)));
      latest = Math.max(latest, ends[lane] as number);
      cluster.push([place, lane]);
    }
    close();
  }
  return made;
}

/** The height of a tier whose intervals stand in at most so many lanes. */
export function tierHeight(lanes: number, named: boolean): number {
  const seen = Math.min(Math.max(1, lanes), MOST_SEEN_LANES);
  return (named ? NAME : 0) + (seen === 1 ? LANE : seen * SLIM_LANE) + GAP;
}

interface Wanted {
  readonly height: number;
  readonly channels: number;
  readonly spectrum: boolean;
  readonly tiers: readonly Tier[];
  /** The most lanes of each tier. */
  readonly lanes: readonly number[];
}

/** Below these heights a channel cannot be read. */
const LEAST_WAVE = 44;
const LEAST_SPECTRUM = 72;

function rowsOf({ channels, spectrum }: Pick<Wanted, "channels" | "spectrum">): number {
  return channels * (LEAST_WAVE + Number(spectrum) * LEAST_SPECTRUM);
}

function below({ tiers, lanes }: Pick<Wanted, "tiers" | "lanes">): number {
  return tiers.reduce((sum, { name }, n) => sum + tierHeight(lanes[n] ?? 1, tiers.length > 1 && name !== ""), 0);
}

/** The height at which everything can be read. */
export function leastHeight(wanted: Omit<Wanted, "height">): number {
  return RULER + rowsOf(wanted) + below(wanted);
}

/** The ruler above, for each channel its waveform and what frequencies it holds, the tiers below. */
export function layoutBands(wanted: Wanted): Band[] {
  const { height, channels, spectrum, tiers, lanes } = wanted;
  const bands: Band[] = [{ kind: "ruler", top: 0, height: RULER }];
  const each = Math.max(rowsOf(wanted), height - RULER - below(wanted)) / Math.max(1, channels);
  const wave = spectrum ? Math.round(Math.max(LEAST_WAVE, each * 0.38)) : each;
  let top = RULER;
  const put = (kind: Band["kind"], size: number, more: Partial<Band>): void => {
    const to = Math.round(top + size);
    bands.push({ kind, top: Math.round(top), height: to - Math.round(top), ...more });
    top += size;
  };
  for (let channel = 0; channel < channels; channel++) {
    put("wave", wave, { channel });
    if (spectrum) put("spectrum", each - wave, { channel });
  }
  tiers.forEach(({ name }, tier) => put("tier", tierHeight(lanes[tier] ?? 1, tiers.length > 1 && name !== ""), { tier }));
  return bands;
}
