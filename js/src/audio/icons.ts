/** The audio labeler's icons, drawn as the shell's. */
export const ICONS = {
  play: "M5 3v10l8-5Z",
  pause: "M5.5 3v10m5-10v10",
  back: "M8 4 4 8l4 4m5-8L9 8l4 4",
  selection: "M2 3v10m12-10v10M6 5v6l5-3Z",
  loop: "M4 5h7a3 3 0 0 1 0 6H4m2-8L4 5l2 2m-2 4a3 3 0 0 1-1-5",
  snap: "M4 3v5a4 4 0 0 0 8 0V3H9.5v5a1.5 1.5 0 0 1-3 0V3ZM4 5.5h2.5m3 0H12",
  zoomIn: "M7 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm3-1 4 4M5.5 7h3M7 5.5v3",
  zoomOut: "M7 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm3-1 4 4M5.5 7h3",
  fit: "M2 3v10m12-10v10M4.5 8h7M6.5 6l-2 2 2 2m3-4 2 2-2 2",
  spectrogram: "M2 13h12M3 10h2m2 0h2m2 0h2M3 7h4m3 0h3M5 4h3",
  adjust: "M3 4h6m3 0h1M3 8h1m3 0h6M3 12h5m3 0h2M10.5 5.5v-3m-5 7v-3m4 7v-3",
  split: "M8 2v12M2 5h4v6H2m12-6h-4v6h4",
  merge: "M2 4h12v8H2Zm4 4h4M8.5 6.5 10 8 8.5 9.5",
  fill: "M2 3v10m12-10v10M4 6h8v4H4Z",
  lock: "M4 7h8v6H4Zm1.5 0V5a2.5 2.5 0 0 1 5 0v2",
  hidden: "m2 2 12 12M6.5 6.5a2 2 0 0 0 3 3M4 5C2.5 6 1.5 8 1.5 8s2 4 6.5 4c1 0 2-.2 3-.7M7 4c5-.5 7.5 4 7.5 4l-1.2 1.7",
} as const;
