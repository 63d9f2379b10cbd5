/** Icons as inline SVG: 16 px, drawn with the text's colour. */
import type { VNode } from "preact";

const PATHS = {
  previous: "M10 4 6 8l4 4",
  next: "m6 4 4 4-4 4",
  down: "m4 6 4 4 4-4",
  undo: "M6 3 3 6l3 3M3 6h6a4 4 0 0 1 0 8H6",
  redo: "m10 3 3 3-3 3m3-3H7a4 4 0 0 0 0 8h3",
  search: "M7 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm3-1 4 4",
  filter: "M2 4h12M4 8h8m-5 4h2",
  book: "M8 4C6 3 5 3 2 3v9c3 0 4 0 6 1 2-1 3-1 6-1V3c-3 0-4 0-6 1Zm0 0v9",
  help: "M6 6c0-3 4-3 4 0 0 2-2 2-2 4m0 2v1",
  flag: "M4 14V3c3-2 5 1 8 0v6c-3 1-5-2-8 0",
  comment: "M2 3h12v8H8l-3 3v-3H2Z",
  check: "m3 9 3 3 7-8",
  close: "m4 4 8 8m0-8-8 8",
  trash: "M3 4h10M6 4V2h4v2M4 4l1 10h6l1-10M7 7v4m2-4v4",
  link: "M3 13c0-6 2-8 10-8m-3-3 3 3-3 3",
  copies: "M6 6h8v8H6Zm4 0V2H2v8h4",
  warning: "M8 2 2 13h12Zm0 5v3m0 1v1",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 2",
  spark: "m8 2 1 5 5 1-5 1-1 5-1-5-5-1 5-1Z",
  swap: "M3 5h10m-3-2 3 2-3 3m3 3H3m3-3-3 3 3 2",
} as const;

/** One of those that all labelers have, or a path of a modality's own. */
export type IconName = keyof typeof PATHS | `M${string}` | `m${string}`;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): VNode {
  return (
    <svg
      class="nbl-icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"
    >
      <path d={name in PATHS ? PATHS[name as keyof typeof PATHS] : name} />
    </svg>
  );
}
