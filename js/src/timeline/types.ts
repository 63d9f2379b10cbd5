/** What stands on a timeline, and what a recording is shown from. Times are seconds of the decoded recording. */

/** A recording as the kernel describes it. */
export interface Recording {
  readonly name: string;
  /** Frames a second. */
  readonly rate: number;
  readonly channels: number;
  /** How many there are; while `exact` is false an estimate that may still change. */
  readonly frames: number;
  readonly exact: boolean;
  /** Changes with the content: what was fetched of another one is of no use. */
  readonly rev: string;
  readonly note: string;
}

/** A stretch of the timeline, or an event where both ends are equal. */
export interface Interval {
  readonly id: string;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly color: string;
  /** What is written into it. */
  readonly text: string;
  readonly suggested: boolean;
  /** How sure the model is of a suggestion. */
  readonly score?: number | null;
  readonly hidden: boolean;
  readonly locked: boolean;
  /** The row that it stands in: a place in the list of tiers. */
  readonly tier: number;
  /** Where it is within its row if others share its time, and how many share it. */
  readonly lane: number;
  readonly lanes: number;
  /** 0-based; null for all. */
  readonly channel: number | null;
  /** Hertz, where the field bounds frequencies. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Tier {
  readonly name: string;
  readonly color: string;
}

/** What is looked at: from `start` on, `perPixel` seconds a CSS pixel. */
export interface Span {
  readonly start: number;
  readonly perPixel: number;
}
