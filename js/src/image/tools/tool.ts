/** What all tools have in common: they are told of the pointer, or of the keyboard's cursor, in image pixels. */
import type { Ghost, Point } from "../types";

/** The pointer at one moment. */
export interface Hand {
  /** Where it is; it may be beside the image. */
  readonly at: Point;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly ctrl: boolean;
  /** It has gone farther than a hand trembles since it was pressed. */
  readonly dragged: boolean;
  /** The second press of a double click. */
  readonly double: boolean;
  /** A finger, or the keyboard's cursor: neither has a second button, and a finger covers what it points at. */
  readonly by: "mouse" | "touch" | "keys";
}

export interface Tool {
  /** For CSS. */
  readonly cursor: string;
  /** There is something unfinished that `back`, `finish` and `cancel` are about. */
  readonly busy: boolean;
  /** What is unfinished stays so when the pointer is up. */
  readonly steps?: boolean;
  /** Every place on the way counts, not only where the pointer is once a frame. */
  readonly trails?: boolean;
  /** The place that is to be seen enlarged. */
  readonly close?: Point | null;
  /** What the next click does. */
  hint(): string;
  ghosts(): readonly Ghost[];
  down(hand: Hand): void;
  /** `pressed` if the button is down. */
  move(hand: Hand, pressed: boolean): void;
  up(hand: Hand): void;
  /** Takes the last step back. */
  back(): void;
  /** Makes what can be made of the steps so far. */
  finish(): void;
  cancel(): void;
  /** Takes an action for itself; `key` is the key that stands behind it. */
  run?(action: string, key: string): boolean;
  /** The second button, a long press; false if that means nothing here. */
  second?(hand: Hand): boolean;
}
