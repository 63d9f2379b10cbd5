/** Whether the host shows light or dark, judged by the background that the labeler stands on. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Scope } from "./scope";

export type Theme = "light" | "dark";

/** Brightness of a computed CSS colour in [0, 1]; null if it is (almost) transparent or cannot be read. */
export function brightness(color: string): number | null {
  const call = /^([a-z]+)\(([^()]*)\)$/i.exec(color.trim());
  if (call === null) return null;
  const name = (call[1] ?? "").toLowerCase();
  const parts = (call[2] ?? "").split(/[\s,/]+/).filter(Boolean);
  const space = name === "color" ? parts.shift() : name;
  const values = parts.map((part) => (part.endsWith("%") ? Number.parseFloat(part) / 100 : Number.parseFloat(part)));
  const alpha = values[3] ?? 1;
  if (!(alpha >= 0.5) || !Number.isFinite(values[0])) return null;
  const [a = 0, b = 0, c = 0] = values;
  const percent = parts[0]?.endsWith("%") ?? false;
  switch (space) {
    case "rgb":
    case "rgba": {
      const scale = percent ? 1 : 255;
      return (0.2126 * a + 0.7152 * b + 0.0722 * c) / scale;
    }
    case "lab":
    case "lch":
      return percent ? a : a / 100;
    case "oklab":
    case "oklch":
      return a;
    default: // color(srgb r g b) and its relatives
      return name === "color" ? 0.2126 * a + 0.7152 * b + 0.0722 * c : null;
  }
}

function parentOf(node: Element): Element | null {
  if (node.parentElement) return node.parentElement;
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/** The theme that `root` stands on now. */
export function themeOf(root: Element): Theme {
  for (let node = parentOf(root); node !== null; node = parentOf(node)) {
    const bright = brightness(getComputedStyle(node).backgroundColor);
    if (bright !== null) return bright < 0.5 ? "dark" : "light";
  }
  const wanted = getComputedStyle(root.isConnected ? root : document.documentElement).colorScheme;
  if (/\bdark\b/.test(wanted) && !/\blight\b/.test(wanted)) return "dark";
  if (/\blight\b/.test(wanted) && !/\bdark\b/.test(wanted)) return "light";
  return globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// a theme's style sheet arrives some time after the attribute that announces it
const LATER = [0, 150, 600, 2000];

/** The host's theme, followed while `scope` lasts. */
export function followTheme(scope: Scope, root: Element): ReadonlySignal<Theme> {
  const theme = signal<Theme>(themeOf(root));
  const look = (): void => {
    theme.value = themeOf(root);
  };
  let waiting = scope.child();
  const soon = (): void => {
    waiting.dispose();
    waiting = scope.child();
    for (const ms of LATER) waiting.timeout(look, ms);
  };
  const options = { attributes: true };
  scope.mutation(document.documentElement, options, soon);
  scope.mutation(document.body, options, soon);
  const media = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  if (media) scope.listen(media, "change", soon);
  soon(); // the root is often put into the page only after it was made
  return theme;
}
