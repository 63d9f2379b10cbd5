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

/** An image's size on the screen, in whole pixels of it. */
function sizeAt({ width, height }: Picked, scale: number): [number, number] {
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

function fits(copy: Picked, image: Picked, scale: number): boolean {
  const [width, height] = sizeAt(image, scale);
  return copy.width === width && copy.height === height;
}

const NONE = { width: 0, height: 0 };

export class Reduced {
  readonly #copies = new WeakMap<Picked, OffscreenCanvas[]>();
  /** Each as the whole of it is shown, pixel for pixel. */
  readonly #fitted = new WeakMap<Picked, ImageBitmap>();
  readonly #making = new WeakSet<Picked>();

  constructor(readonly scope: Scope) {}

  /** What to draw an image from at a scale: the best of what there is. */
  best(image: Picked, scale: number): Picked {
    const fitted = this.#fitted.get(image);
    if (fitted && fits(fitted, image, scale)) return fitted;
    const copies = this.#copies.get(image);
    return copies?.[Math.min(halvings(scale), copies.length) - 1] ?? image;
  }

  bytes(image: Picked): number {
    return [image, ...this.#copies.get(image) ?? [], this.#fitted.get(image) ?? NONE].reduce((sum, { width, height }) => sum + 4 * width * height, 0);
  }

  /** Lets go of what was made of an image that is let go of. */
  drop(image: Picked): void {
    this.#fitted.get(image)?.close();
    this.#fitted.delete(image);
    this.#copies.delete(image);
  }

  /**
   * Makes what drawing an image at a scale needs; `done` is called if there is something new.
   * `whole`: also a copy of just that size, which is drawn several times as fast.
   */
  make(image: Picked, scale: number, done: () => void, whole = false): void {
    const copies = this.#copies.get(image) ?? [];
    const from = copies.at(-1) ?? image;
    if (this.#making.has(image)) return;
    if (copies.length >= halvings(scale) || Math.min(from.width, from.height) < 2) {
      if (whole) this.#fit(image, scale, done);
      return;
    }
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
      this.make(image, scale, done, whole);
      if (!this.#making.has(image)) done();
    };
    this.#making.add(image);
    this.scope.timeout(() => strip(0), 0);
  }

  #fit(image: Picked, scale: number, done: () => void): void {
    const last = this.#fitted.get(image);
    if (scale >= 1 || (last && fits(last, image, scale))) return;
    this.#making.add(image);
    this.scope.timeout(() => {
      this.#making.delete(image);
      if (!image.width) return;
      const [width, height] = sizeAt(image, scale);
      const copy = new OffscreenCanvas(width, height);
      copy.getContext("2d")?.drawImage(this.best(image, scale), 0, 0, width, height);
      last?.close();
      this.#fitted.set(image, copy.transferToImageBitmap());
      done();
    }, 0);
  }
}
