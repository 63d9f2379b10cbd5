/** A small picture of the whole image with what is in sight; a click or drag on it goes there. */
import { signal } from "@preact/signals-core";
import type { Scope } from "../core/scope";
import type { Loader } from "./loader";
import { type Viewport, visibleRect } from "./viewport";

const LONGEST = 160;

/** Fills an element with the overview; it is hidden while the whole image is in sight. */
export function mountMinimap(element: HTMLElement, scope: Scope, viewport: Viewport, loader: Loader): void {
  const canvas = document.createElement("canvas");
  const window = document.createElement("div");
  canvas.setAttribute("aria-hidden", "true");
  canvas.style.display = "block";
  window.className = "nbl-minimap-window";
  window.style.cssText = "position: absolute; pointer-events: none; box-sizing: border-box; min-width: 6px; min-height: 6px; border: 1.5px solid #fff; outline: 1px solid #000";
  element.append(canvas, window);
  scope.own(() => element.replaceChildren());
  const scale = (): number => LONGEST / Math.max(...viewport.image.value);

  const needed = signal(false);
  scope.effect(() => {
    void loader.version.value;
    if (!needed.value) return;
    const [width, height] = viewport.image.value;
    const { dpr } = viewport.view.peek(); // not with every pan
    const image = loader.overview();
    canvas.width = Math.max(1, Math.round(width * scale() * dpr));
    canvas.height = Math.max(1, Math.round(height * scale() * dpr));
    canvas.style.width = `${canvas.width / dpr}px`;
    canvas.style.height = `${canvas.height / dpr}px`;
    if (image) canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  });

  scope.effect(() => {
    const [width, height] = viewport.image.value;
    const seen = visibleRect(viewport.view.value);
    const part = (start: number, length: number, size: number): [number, number] =>
      [Math.max(0, start) * scale(), Math.max(0, Math.min(size, start + length) - Math.max(0, start)) * scale()];
    const [left, wide] = part(seen.x, seen.width, width);
    const [top, tall] = part(seen.y, seen.height, height);
    Object.assign(window.style, { left: `${left}px`, top: `${top}px`, width: `${wide}px`, height: `${tall}px` });
    needed.value = seen.x > 0 || seen.y > 0 || seen.x + seen.width < width || seen.y + seen.height < height;
    element.hidden = !needed.value;
  });

  const go = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    const box = canvas.getBoundingClientRect();
    viewport.center([(event.clientX - box.left) / scale(), (event.clientY - box.top) / scale()]);
    event.preventDefault();
  };
  scope.listen(element, "pointerdown", (event) => {
    if (event.isPrimary) element.setPointerCapture(event.pointerId);
    go(event);
  });
  scope.listen(element, "pointermove", go);
}
