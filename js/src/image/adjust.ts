/** How the image is shown: lighter, with more contrast, inverted. Only the picture changes, never its pixels. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";

export class Adjust {
  /** 1 is as it is. */
  readonly brightness = signal(1);
  readonly contrast = signal(1);
  readonly invert = signal(false);
  /** For `filter`, of CSS or of a canvas. */
  readonly filter: ReadonlySignal<string> = computed(() => [
    this.invert.value ? "invert(1)" : "",
    this.brightness.value === 1 ? "" : `brightness(${this.brightness.value})`,
    this.contrast.value === 1 ? "" : `contrast(${this.contrast.value})`,
  ].filter(Boolean).join(" ") || "none");

  reset(): void {
    this.brightness.value = this.contrast.value = 1;
    this.invert.value = false;
  }
}
