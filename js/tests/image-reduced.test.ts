// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../src/core/scope";
import { type Picked, Reduced } from "../src/image/reduced";
import { type FakeContext, fakeCanvases } from "./fake-canvas";

let made: FakeContext[];
let scope: Scope;
let reduced: Reduced;
const image = (width: number, height: number): Picked => ({ width, height }) as Picked;

beforeEach(() => {
  vi.useFakeTimers();
  made = fakeCanvases();
  scope = new Scope();
  reduced = new Reduced(scope);
});

afterEach(() => {
  scope.dispose();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("smaller copies", () => {
  it("are halves of all rows, made in strips, each in its own turn", async () => {
    const photo = image(4000, 3001);
    const done = vi.fn();
    reduced.make(photo, 0.3, done);
    reduced.make(photo, 0.3, done); // is being made
    expect(made.flatMap((one) => one.take("drawImage"))).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(reduced.best(photo, 0.3)).toBe(photo); // not ready
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toHaveBeenCalledTimes(1);
    const [half] = made as [FakeContext];
    expect([half.canvas.width, half.canvas.height]).toEqual([2000, 1500]);
    const strips = half.take("drawImage").map(({ args }) => args.slice(1) as number[]);
    expect(strips.length).toBeGreaterThan(8);
    let [from, to] = [0, 0];
    for (const [x, y, width, height, left, top, wide, high] of strips as [number, number, number, number, number, number, number, number][]) {
      expect([x, y, width, left, top, wide]).toEqual([0, from, 4000, 0, to, 2000]);
      expect(y % 2).toBe(0);
      from += height;
      to += high;
    }
    expect([from, to]).toEqual([3001, 1500]);
    expect(reduced.best(photo, 0.3)).toBe(half.canvas);
    expect(reduced.best(photo, 0.6)).toBe(photo);
    expect(reduced.bytes(photo)).toBe(4 * (4000 * 3001 + 2000 * 1500));
  });

  it("are halved again for smaller scales, and made only where they are needed", async () => {
    const photo = image(1000, 800);
    const done = vi.fn();
    reduced.make(photo, 0.51, done);
    await vi.advanceTimersByTimeAsync(100);
    expect(made).toEqual([]);
    reduced.make(photo, 0.12, done);
    await vi.advanceTimersByTimeAsync(100);
    expect(made.map(({ canvas: { width, height } }) => [width, height])).toEqual([[500, 400], [250, 200], [125, 100]]);
    expect(done).toHaveBeenCalledTimes(1);
    expect(reduced.best(photo, 0.3)).toBe(made[0]?.canvas);
    expect(reduced.best(photo, 0.01)).toBe(made[2]?.canvas);
    reduced.make(image(1, 1), 0.01, done);
    await vi.advanceTimersByTimeAsync(100);
    expect(made).toHaveLength(3);
  });

  it("include one of just the size at which the whole image is shown, until there is another", async () => {
    const photo = image(4000, 3001);
    const done = vi.fn();
    reduced.make(photo, 0.27, done, true);
    await vi.advanceTimersByTimeAsync(100);
    const [half, fitted] = made as [FakeContext, FakeContext];
    expect(fitted.take("drawImage").map(({ args }) => args)).toEqual([[half.canvas, 0, 0, 1080, 810]]);
    const copy = reduced.best(photo, 0.27);
    expect(copy).toMatchObject({ width: 1080, height: 810 });
    expect(reduced.best(photo, 0.28)).toBe(half.canvas);
    expect(reduced.bytes(photo)).toBe(4 * (4000 * 3001 + 2000 * 1500 + 1080 * 810));
    reduced.make(photo, 0.27, done, true); // is there
    reduced.make(photo, 1.5, done, true);
    await vi.advanceTimersByTimeAsync(100);
    expect(made).toHaveLength(2);
    reduced.make(photo, 0.3, done, true);
    await vi.advanceTimersByTimeAsync(100);
    expect(copy).toMatchObject({ width: 0 }); // closed
    expect(reduced.best(photo, 0.3)).toMatchObject({ width: 1200, height: 900 });
    reduced.drop(photo);
    expect(reduced.best(photo, 0.3)).toBe(photo);
  });

  it("are given up with the image, or with the view", async () => {
    const photo = { width: 4000, height: 3000 };
    const done = vi.fn();
    reduced.make(photo as Picked, 0.3, done);
    await vi.advanceTimersByTimeAsync(0);
    photo.width = photo.height = 0; // closed
    await vi.advanceTimersByTimeAsync(100);
    reduced.make(image(4000, 3000), 0.3, done);
    scope.dispose();
    await vi.advanceTimersByTimeAsync(100);
    expect(done).not.toHaveBeenCalled();
  });
});
