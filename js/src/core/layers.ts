/** Canvases on top of each other: each is drawn again only when something on it has changed, at most once a frame. */
import type { Scope } from "./scope";

export class Layers {
  readonly #contexts: readonly CanvasRenderingContext2D[];
  readonly #dirty: boolean[];
  /** Nothing is drawn on it. */
  readonly #blank: boolean[];
  #pending = false;

  /** So many canvases in an element; `due` runs before the paint that something is to be drawn for. */
  constructor(host: HTMLElement, readonly scope: Scope, count: number, readonly due: () => void) {
    this.#dirty = Array.from({ length: count }, () => true);
    this.#blank = this.#dirty.map(() => false);
    this.#contexts = this.#dirty.flatMap(() => {
      const canvas = document.createElement("canvas");
      canvas.style.cssText = "position: absolute; left: 0; top: 0; pointer-events: none";
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
      scope.own(() => canvas.remove());
      return canvas.getContext("2d") ?? [];
    });
  }

  canvas(layer: number): HTMLCanvasElement | undefined {
    return this.#contexts[layer]?.canvas;
  }

  /** Draws layers again whenever the signals that are read change. */
  follow(layers: readonly number[], read: () => void): void {
    this.scope.effect(() => {
      read();
      this.redraw(...layers);
    });
  }

  /** Draws layers again before the next paint. */
  redraw(...layers: readonly number[]): void {
    for (const layer of layers) this.#dirty[layer] = true;
    if (this.#pending) return;
    this.#pending = true;
    this.scope.frame(() => {
      this.#pending = false;
      this.due();
    });
  }

  /** Draws what is due now, on cleared canvases of a size in CSS pixels; where `draw` says that nothing was, the browser is spared one. */
  paint(wide: number, tall: number, dpr: number, draw: (ctx: CanvasRenderingContext2D, layer: number) => boolean): void {
    const [width, height] = [Math.round(wide * dpr), Math.round(tall * dpr)];
    this.#contexts.forEach((ctx, layer) => {
      if (!this.#dirty[layer]) return;
      this.#dirty[layer] = false;
      const { canvas } = ctx;
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
        canvas.style.width = `${width / dpr}px`;
        canvas.style.height = `${height / dpr}px`;
      } else if (!this.#blank[layer]) {
        ctx.setTransform(1, 0, 0, 1, 0, 0);
        ctx.clearRect(0, 0, width, height);
      }
      const blank = !draw(ctx, layer);
      if (blank === this.#blank[layer]) return;
      this.#blank[layer] = blank;
      canvas.style.visibility = blank ? "hidden" : "";
    });
  }
}

/** Calls `measure` now, when the element's size changes, and when the screen's pixel ratio does. */
export function followSize(element: HTMLElement, scope: Scope, measure: (dpr: number) => void): void {
  const now = (): void => measure(globalThis.devicePixelRatio || 1);
  scope.resize(element, now);
  let own = scope.child();
  const watch = (): void => {
    own.dispose();
    own = scope.child();
    now();
    const media = globalThis.matchMedia?.(`(resolution: ${globalThis.devicePixelRatio}dppx)`);
    if (media) own.listen(media, "change", watch, { once: true });
  };
  watch();
}
