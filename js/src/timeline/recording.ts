/** What the kernel says of a recording, made sure of. */
import type { Recording } from "./types";

/** The kernel's description of an item; null if it makes no sense. */
export function recordingOf(data: unknown): Recording | null {
  const given = data as Partial<Recording> | null;
  if (typeof given !== "object" || given === null) return null;
  const { name = "", rate, channels, frames, exact = true, rev = "", note = "" } = given;
  const whole = (value: unknown, low: number, high: number): value is number => Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
  return whole(rate, 1, 1e8) && whole(channels, 1, 1024) && whole(frames, 1, 2 ** 50)
    ? { name: String(name), rate, channels, frames, exact: Boolean(exact), rev: String(rev), note: String(note) } : null;
}

/** The samples of a recording, as far as they are in memory. */
export interface Samples {
  readonly version: { readonly value: number };
  /** Samples of frames [from, to), one list a channel; null if some are not here. */
  read(from: number, to: number): Float32Array[] | null;
  /** Fetches what of [from, to) is missing, when nothing more urgent is. */
  prefer(from: number, to: number): void;
}
