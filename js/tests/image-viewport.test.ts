import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Point } from "../src/image/types";
import { MOST_SCALE, pinched, toImage, toScreen, Viewport, wheelFactor, zoomed } from "../src/image/viewport";

const side = fc.integer({ min: 1, max: 30_000 });
const length = fc.integer({ min: 50, max: 3000 });
const part = fc.double({ min: 0, max: 1, noNaN: true });

function open(width: number, height: number, wide = 1000, tall = 700, dpr = 1): Viewport {
  const viewport = new Viewport();
  viewport.resize(wide, tall, dpr);
  viewport.open(width, height);
  return viewport;
}

/** Something a person can do. */
const move = fc.oneof(
  fc.tuple(fc.constant("zoom" as const), part, part, fc.double({ min: 0.01, max: 100, noNaN: true })),
  fc.tuple(fc.constant("pan" as const), part, part, fc.double({ min: -1e5, max: 1e5, noNaN: true })),
  fc.tuple(fc.constant("center" as const), part, part, fc.double({ min: -1e5, max: 1e5, noNaN: true })),
  fc.tuple(fc.constant("resize" as const), part, part, fc.constant(0)),
  fc.tuple(fc.constantFrom("fit" as const, "actual" as const), part, part, fc.constant(0)),
);

function apply(viewport: Viewport, [what, a, b, much]: typeof move extends fc.Arbitrary<infer T> ? T : never): void {
  const { width, height, dpr } = viewport.view.peek();
  if (what === "zoom") viewport.zoomAt([a * width, b * height], much);
  else if (what === "pan") viewport.panBy(a * much, b * much);
  else if (what === "center") viewport.center([a * much, b * much]);
  else if (what === "resize") viewport.resize(50 + a * 2000, 50 + b * 2000, dpr);
  else viewport[what]();
}

describe("the viewport", () => {
  it("shows the whole image at first, centred, and again whenever the element changes, until the person zooms", () => {
    fc.assert(fc.property(side, side, length, length, (width, height, wide, tall) => {
      const viewport = open(width, height, wide, tall);
      const whole = (): void => {
        const view = viewport.view.peek();
        const [left, top] = toScreen(view, [0, 0]);
        const [right, bottom] = toScreen(view, [width, height]);
        expect(left).toBeGreaterThanOrEqual(-0.001);
        expect(top).toBeGreaterThanOrEqual(-0.001);
        // as near as whole pixels of the screen allow
        expect(Math.abs(left - (view.width - right))).toBeLessThan(1.001);
        expect(Math.abs(top - (view.height - bottom))).toBeLessThan(1.001);
      };
      whole();
      viewport.resize(wide * 2, tall + 31, 1);
      expect(viewport.fitting.peek()).toBe(true);
      whole();
      viewport.zoomAt([10, 10], 1.5);
      const { scale } = viewport.view.peek();
      viewport.resize(wide, tall, 1);
      expect(viewport.fitting.peek()).toBe(false);
      expect(viewport.view.peek().scale).toBe(scale);
    }));
  });

  it("puts an image that is fitted on whole pixels of the screen", () => {
    const viewport = open(400, 300, 501, 333);
    expect(viewport.view.peek()).toMatchObject({ x: 39, y: 8 }); // not 39.17
    viewport.resize(501, 333, 1.25);
    expect(viewport.view.peek().x * 1.25).toBeCloseTo(49, 9);
  });

  it("never loses the image, and keeps to its limits, whatever is done", () => {
    fc.assert(fc.property(side, side, fc.array(move, { maxLength: 20 }), (width, height, moves) => {
      const viewport = open(width, height);
      for (const one of moves) {
        const before = viewport.view.peek();
        apply(viewport, one);
        const { scale, x, y, width: wide, height: tall } = viewport.view.peek();
        const [px, py] = viewport.toImage(viewport.middle());
        expect(px).toBeGreaterThan(-1e-6 * width - 1e-6);
        expect(px).toBeLessThan(width * (1 + 1e-6) + 1e-6);
        expect(py).toBeGreaterThan(-1e-6 * height - 1e-6);
        expect(py).toBeLessThan(height * (1 + 1e-6) + 1e-6);
        expect([x, y, wide, tall].every(Number.isFinite)).toBe(true);
        // another size of the element changes what fits, but not the scale
        if (one[0] !== "resize") {
          expect(scale).toBeGreaterThanOrEqual(Math.min(before.scale, viewport.fitScale() / 4, 0.25) * (1 - 1e-9));
          expect(scale).toBeLessThanOrEqual(MOST_SCALE);
        }
      }
    }));
  });

  it("zooms to the pointer: the pixel under it stays there", () => {
    fc.assert(fc.property(side, side, part, part, fc.double({ min: 1, max: 200, noNaN: true }), (width, height, a, b, factor) => {
      const viewport = open(width, height);
      const at = viewport.toScreen([a * width, b * height]);
      viewport.zoomAt(at, factor);
      const [x, y] = viewport.toScreen([a * width, b * height]);
      expect(x).toBeCloseTo(at[0], 4);
      expect(y).toBeCloseTo(at[1], 4);
    }));
  });

  it.each([1, 1.25, 2])("gives the pixel that is drawn under a click, at %s device pixels for one of CSS", (dpr) => {
    fc.assert(fc.property(side, side, part, part, fc.array(move, { maxLength: 6 }), (width, height, a, b, moves) => {
      const viewport = open(width, height, 1001, 703, dpr);
      for (const one of moves) apply(viewport, one);
      const pixel: Point = [Math.floor(a * width), Math.floor(b * height)];
      const [x, y] = viewport.toImage(viewport.toScreen([pixel[0] + 0.5, pixel[1] + 0.5]));
      expect(Math.abs(x - pixel[0] - 0.5)).toBeLessThan(0.001);
      expect(Math.abs(y - pixel[1] - 0.5)).toBeLessThan(0.001);
    }));
  });

  it("shows one pixel on one of the screen", () => {
    for (const dpr of [1, 1.25, 2]) {
      const viewport = open(4000, 3000, 1000, 700, dpr);
      viewport.zoomAt([3, 3], 7.3);
      viewport.actual();
      expect(viewport.view.peek().scale * dpr).toBe(1);
    }
  });

  it("keeps the middle where it is when the element gets another size", () => {
    const viewport = open(4000, 3000);
    viewport.zoomTo(2);
    viewport.center([1234, 987]);
    viewport.resize(500, 900, 2);
    expect(viewport.toImage(viewport.middle()).map((n) => Math.round(n))).toEqual([1234, 987]);
  });

  it("brings regions into sight, and does not move when they are", () => {
    fc.assert(fc.property(part, part, part, part, fc.array(move, { maxLength: 4 }), (a, b, c, d, moves) => {
      const viewport = open(5000, 4000);
      for (const one of moves) apply(viewport, one);
      viewport.resize(1000, 700, 1);
      // away from the edges, where the image may end before the margin does
      const rect = { x: 1000 + a * 2000, y: 1000 + b * 1000, width: c * 800, height: d * 800 };
      viewport.reveal(rect);
      const { scale, width, height } = viewport.view.peek();
      const [left, top] = viewport.toScreen([rect.x, rect.y]);
      expect(left).toBeGreaterThanOrEqual(-0.01);
      expect(top).toBeGreaterThanOrEqual(-0.01);
      expect(left + rect.width * scale).toBeLessThanOrEqual(width + 0.01);
      expect(top + rect.height * scale).toBeLessThanOrEqual(height + 0.01);
      const view = viewport.view.peek();
      viewport.reveal(rect, 0);
      expect(viewport.view.peek()).toBe(view);
    }));
  });

  it("fills the element with a region that is shown", () => {
    const viewport = open(5000, 4000);
    viewport.show({ x: 1000, y: 1000, width: 200, height: 20 }, 50);
    expect(viewport.view.peek().scale).toBeCloseTo(4.5);
    expect(viewport.toImage(viewport.middle())).toEqual([1100, 1010]);
    viewport.show({ x: 10, y: 10, width: 0, height: 0 });
    expect(viewport.view.peek().scale).toBe(MOST_SCALE);
  });

  it("follows two fingers", () => {
    fc.assert(fc.property(part, part, part, part, fc.double({ min: 0.5, max: 2, noNaN: true }), (a, b, c, d, spread) => {
      const view = { scale: 0.7, x: 12, y: -30, width: 1000, height: 700, dpr: 1 };
      const one: Point = [100 + a * 300, 100 + b * 200];
      const two: Point = [600 + c * 300, 400 + d * 200];
      const shift = ([x, y]: Point): Point => [x * spread + 17, y * spread - 9];
      const after = pinched(view, [one, two], [shift(one), shift(two)]);
      for (const finger of [one, two]) {
        const [x, y] = toScreen(after, toImage(view, finger));
        expect(x).toBeCloseTo(shift(finger)[0], 6);
        expect(y).toBeCloseTo(shift(finger)[1], 6);
      }
    }));
    const viewport = open(1000, 1000);
    const pixel = viewport.toImage([500, 350]);
    viewport.pinch([[400, 350], [600, 350]], [[320, 350], [720, 350]]);
    expect(viewport.toImage([520, 350])[0]).toBeCloseTo(pixel[0], 6);
    expect(viewport.fitting.peek()).toBe(false);
  });

  it("zooms by the wheel alike in every unit, further for a pinch, and never far at once", () => {
    const turn = (deltaY: number, deltaMode = 0, ctrlKey = false): number => wheelFactor({ deltaY, deltaMode, ctrlKey });
    expect(turn(-100)).toBeGreaterThan(1.1);
    expect(turn(-100) * turn(100)).toBeCloseTo(1);
    expect(turn(48)).toBeCloseTo(turn(3, 1));
    expect(turn(2, 0, true)).toBeLessThan(turn(2));
    expect(turn(-1e6, 2)).toBeLessThan(1.5);
    expect(turn(0)).toBe(1);
  });

  it("has exactly the scale that was asked for", () => {
    fc.assert(fc.property(fc.double({ min: 1e-3, max: 64, noNaN: true }), fc.double({ min: 1e-3, max: 64, noNaN: true }), (from, to) => {
      expect(zoomed({ scale: from, x: 3, y: 4, width: 10, height: 10, dpr: 1 }, [5, 5], to).scale).toBe(to);
    }));
  });
});
