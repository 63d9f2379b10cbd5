/**
 * Smaller copies of large images, each half of the one before, made strip by strip so that no key waits for them.
 *
 * A large image that is drawn small from all its pixels takes long or flickers; from a copy of about the right size it does neither.
 */
import type { Scope } from "../core/scope";

export type Picked = ImageBitmap | OffscreenCanvas;

/** Pixels that are read at once. */
const STRIP = 1 << 20;

/** How often an image is halved before it is drawn at a scale: what is left is never magnified. */
function halvings(scale: number): number {
  return Math.max(0, Math.min(Math.floor(Math.log2(1 / scale) + 1e-6), 8));
}

export class Reduced {
  readonly #copies = new WeakMap<Picked, OffscreenCanvas[]>();
  readonly #making = new WeakSet<Picked>();

  constructor(readonly scope: Scope) {}

  /** What to draw an image from at a scale: the best of what there is. */
  best(image: Picked, scale: number): Picked {
    const copies = this.#copies.get(image);
    return copies?.[Math.min(halvings(scale), copies.length) - 1] ?? image;
  }

  bytes(image: Picked): number {
    return [image, ...this.#copies.get(image) ?? []].reduce((sum, { width, height }) => sum + 4 * width * height, 0);
  }

  /** Makes what drawing an image at a scale needs; `done` is called if there is something new. */
  make(image: Picked, scale: number, done: () => void): void {
    const copies = this.#copies.get(image) ?? [];
    const from = copies.at(-1) ?? image;
    if (copies.length >= halvings(scale) || this.#making.has(image) || Math.min(from.width, from.height) < 2) return;
    const copy = new OffscreenCanvas(from.width >> 1, from.height >> 1);
    const ctx = copy.getContext("2d");
    if (!ctx) return;
    const rows = Math.max(2, Math.floor(STRIP / from.width / 2) * 2);
    const strip = (top: number): void => {
      const height = Math.min(rows, from.height - top);
      const below = Math.min(copy.height, (top + height) / 2);
      if (!image.width || !from.width) return; // let go of meanwhile
      ctx.drawImage(from, 0, top, from.width, height, 0, top / 2, copy.width, below - top / 2);
      if (top + rows < from.height) {
        this.scope.timeout(() => strip(top + rows), 0);
        return;
      }
      this.#making.delete(image);
      this.#copies.set(image, [...copies, copy]);
      this.make(image, scale, done);
      if (!this.#making.has(image)) done();
    };
    this.#making.add(image);
    this.scope.timeout(() => strip(0), 0);
  }
}
