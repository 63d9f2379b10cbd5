/** What the parts of the audio labeler tell each other. Times are seconds of the decoded recording. */
import type { Label, Segment, Segments } from "../core/protocol";
import type { Interval, Tier } from "../timeline/types";

export interface LabelRef {
  readonly field: string;
  /** Empty where the field has no labels. */
  readonly label: string;
}

/** A segment as it is drawn and found: the annotation with what is derived from it once. */
export interface Mark extends Interval {
  readonly segment: Segment;
  readonly field: Segments;
  readonly info: Label | undefined;
  /** Of its label: see `labelAction`. */
  readonly action: string;
  /** Those of one group must not overlap, where the field says so. */
  readonly group: string;
}

/** A row below the waves: a field, or one of its labels or channels. */
export interface Row extends Tier {
  readonly field: Segments;
  readonly label: string | null;
  readonly channel: number | null;
  readonly group: string;
}

/** A stretch of time that is no segment yet. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly channel: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The fields that it may become a segment of. */
  readonly fields: readonly Segments[];
  /** The label of the row that it was drawn in. */
  readonly label?: string | null;
  /** Its label is asked for; else it is only listened to until a label is picked. */
  readonly asks: boolean;
}
