/** Icons as inline SVG: 16 px, drawn with the text's colour. */
import type { VNode } from "preact";

const PATHS = {
  previous: "M10 3.5 5.5 8l4.5 4.5",
  next: "M6 3.5 10.5 8 6 12.5",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  undo: "M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.8 3.8 0 0 1 0 7.6H6.5",
  redo: "m10 3 3.2 3.2L10 9.4M13 6.2H6.8a3.8 3.8 0 0 0 0 7.6h2.7",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.4 10.4 14 14",
  filter: "M2 3.5h12M4.5 8h7M7 12.5h2",
  book: "M8 4.2C6.6 3 4.8 2.7 2.5 2.7v9.6c2.3 0 4.1.3 5.5 1.5 1.4-1.2 3.2-1.5 5.5-1.5V2.7c-2.3 0-4.1.3-5.5 1.5Zm0 0v9.6",
  help: "M6 6.1c0-1.3.9-2.1 2.1-2.1s2 .8 2 1.9c0 1.7-2.1 1.7-2.1 3.4M8 11.6v.6",
  flag: "M4 14V2.6M4 3.2c3-1.6 5 1.4 8.5 0v6c-3.5 1.4-5.5-1.6-8.5 0",
  comment: "M2.5 3.5h11v7.5H8l-3 2.7v-2.7H2.5Z",
  check: "m3 8.5 3.3 3.3L13 4.8",
  close: "m4 4 8 8M12 4l-8 8",
  trash: "M2.8 4.2h10.4M6.3 4V2.6h3.4V4M4.2 4.4l.6 9h6.4l.6-9M6.7 7v4M9.3 7v4",
  link: "M3 12.5c0-6 2.5-8 9.5-8M9.5 2l3 2.5-3 2.7",
  copies: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  warning: "M8 2.3 14.5 13.5h-13ZM8 6.5v3.3M8 11.5v.5",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6",
  spark: "M8 2l1.3 4.2L13.5 8l-4.2 1.6L8 14l-1.3-4.4L2.5 8l4.2-1.8Z",
  swap: "M2.5 5.5h10M10 3l2.7 2.5L10 8M13.5 10.5h-10M6 8l-2.7 2.5L6 13",
  edit: "M3 13l.6-2.7 7.4-7.3 2 2-7.3 7.4Z",
  inbox: "M2 9.5 3.8 3h8.4L14 9.5v3.5H2Zm0 0h3.5l1 1.5h3l1-1.5H14",
  done: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.3 8.2 7.2 10l3.5-3.7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): VNode {
  return (
    <svg
      class="nbl-icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
