/** What the parts of the image labeler tell each other. Coordinates are pixels of the upright image, unless said otherwise. */
import type { Box, Keypoints, Label, Mask, Polygon } from "../core/protocol";

export type Point = readonly [number, number];
export type Shape = Box | Polygon | Keypoints | Mask;

/** Upright, half open. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What the kernel tells of an image before its pixels come. */
export interface ImageInfo {
  readonly width: number;
  readonly height: number;
  readonly form: "whole" | "tiles" | "drawing";
  readonly tile?: number;
  readonly levels?: number;
  readonly rev?: string;
  readonly name?: string;
  readonly note?: string;
}

/** A region of an image: `data` holds one byte a pixel (0 or 1), row by row, for the rectangle from (x, y) only. */
export interface Bitmap {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A shape as it is drawn and found: the annotation with what is derived from it once. */
export interface Drawn {
  readonly id: string;
  readonly shape: Shape;
  readonly bounds: Rect;
  /** The label's colour, `#rrggbb`. */
  readonly color: string;
  readonly label: Label | undefined;
  readonly suggested: boolean;
  /** Not drawn and not found. */
  readonly hidden: boolean;
  /** Found, but not changed by hand. */
  readonly locked: boolean;
  /** Of skeletons: which points are joined. */
  readonly edges?: readonly (readonly [number, number])[];
  /** Of masks: decoded once, cropped. */
  readonly bitmap?: Bitmap;
}

/**
 * What a tool or the selection draws over all shapes: an unfinished outline, handles, a brush, a mask that is pending.
 * Places are image pixels; widths, handles and dashes are of the screen.
 */
export interface Ghost {
  readonly points?: readonly Point[];
  readonly closed?: boolean;
  /** Of an open or closed line: also filled, faintly. */
  readonly filled?: boolean;
  readonly dashed?: boolean;
  /** `#rrggbb`; the accent if none. */
  readonly color?: string;
  /** Each point is marked so, instead of a line through them. */
  readonly mark?: "square" | "round" | "diamond" | "plus" | "minus";
  /** The one that keys move, or that the pointer is on. */
  readonly active?: number;
  /** A circle of so many image pixels about the first point: the brush. */
  readonly radius?: number;
  readonly bitmap?: Bitmap;
  /** A word at the first point. */
  readonly words?: string;
}
