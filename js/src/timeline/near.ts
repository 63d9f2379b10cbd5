/** Which intervals are where in time: found without looking at all of them. */
import type { Interval } from "./types";

/** Intervals by time; making it anew for 10,000 that are (almost) in order takes about a millisecond. Hidden ones are found only if `hidden` says so. */
export class Near<T extends Interval = Interval> {
  /** By start; of those that start together, the longer one first. */
  sorted: readonly T[] = [];
  /** The latest end of all up to a place. */
  #ends = new Float64Array();

  constructor(intervals: readonly T[] = [], readonly hidden = false) {
    this.load(intervals);
  }

  /** Replaces everything. */
  load(intervals: readonly T[]): void {
    this.sorted = intervals.filter(({ hidden }) => this.hidden || !hidden).sort((a, b) => a.start - b.start || b.end - a.end);
    this.#ends = new Float64Array(this.sorted.length);
    let latest = -Infinity;
    for (let place = 0; place < this.sorted.length; place++) { // Float64Array.from takes several times as long
      latest = Math.max(latest, (this.sorted[place] as T).end);
      this.#ends[place] = latest;
    }
  }

  /** The place of the first that starts at a time or later. */
  #from(time: number): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle] as T).start < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What touches a stretch (its ends included), by start. */
  within(from: number, to: number): T[] {
    let place = this.#from(to);
    while ((this.sorted[place]?.start ?? Infinity) <= to) place++;
    const found: T[] = [];
    for (place--; place >= 0 && (this.#ends[place] as number) >= from; place--) {
      const one = this.sorted[place] as T;
      if (one.end >= from) found.push(one);
    }
    return found.reverse();
  }

  /** What is at a time, the shortest first, so that it can be had inside of others. */
  at(time: number, tier?: number, lane?: number, tolerance = 0): T[] {
    return this.within(time - tolerance, time + tolerance)
      .filter((one) => (tier === undefined || one.tier === tier) && (lane === undefined || one.lane === lane || one.lanes <= 1)
        && (one.end > time || one.end >= time - tolerance && tolerance > 0 || one.end === one.start))
      .sort((a, b) => (a.end - a.start) - (b.end - b.start));
  }
}
