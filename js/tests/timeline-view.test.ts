import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layoutBands, layoutLanes, leastHeight } from "../src/timeline/layout";
import { Near } from "../src/timeline/near";
import { frequencies, hertzWords, multiples, ticksFor, timeWords } from "../src/timeline/ruler";
import type { Interval } from "../src/timeline/types";
import { TimeViewport } from "../src/timeline/viewport";

function interval(start: number, end: number, more: Partial<Interval> = {}): Interval {
  return {
    id: `${start}-${end}`, start, end, label: "a", color: "#ff0000", text: "", suggested: false, hidden: false, locked: false,
    tier: 0, lane: 0, lanes: 1, channel: null, low: null, high: null, ...more,
  };
}

function open(duration = 100, rate = 1000, width = 500): TimeViewport {
  const viewport = new TimeViewport();
  viewport.resize(width, 1);
  viewport.open(duration, rate);
  return viewport;
}

describe("the view of a recording", () => {
  it("is all of it, until somebody zooms", () => {
    const viewport = open();
    expect(viewport.visible.value).toEqual([0, 100]);
    viewport.resize(1000, 2);
    expect(viewport.visible.value).toEqual([0, 100]);
    viewport.zoomAt(250, 4);
    expect(viewport.fitting.value).toBe(false);
    const before = viewport.view.value;
    viewport.resize(500, 2);
    expect(viewport.view.value).toEqual(before); // the left edge stays
    viewport.fit();
    expect(viewport.visible.value).toEqual([0, 100]);
  });

  it("keeps what is under the pointer where it is", () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 500, noNaN: true }), fc.array(fc.double({ min: 0.3, max: 4, noNaN: true }), { maxLength: 8 }), (x, factors) => {
      const viewport = open(36_000, 192_000);
      viewport.zoomAt(250, 1000);
      for (const factor of factors) {
        const time = viewport.time(x);
        viewport.zoomAt(x, factor);
        const [from, to] = viewport.visible.value;
        // but where an end of the recording would come into the view
        if (from > 0 && to < 36_000) expect(Math.abs(viewport.x(time) - x)).toBeLessThan(1e-3);
      }
    }));
  });

  it("never leaves the recording, nor shows less than can be told apart", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom("zoom", "pan", "show", "center", "between", "pinch"), fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-9, max: 1e9, noNaN: true })), { maxLength: 12 }), (steps) => {
      const viewport = open(10, 8000, 400);
      for (const [what, a, b] of steps) {
        if (what === "zoom") viewport.zoomAt(a, b);
        else if (what === "pan") viewport.panBy(a);
        else if (what === "show") viewport.show(a, a + b);
        else if (what === "between") viewport.between(a, a + b);
        else if (what === "pinch") viewport.pinch([a, a + 10], [a, a + b]);
        else viewport.center(a);
        const { start, perPixel } = viewport.view.value;
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start + perPixel * 400).toBeLessThanOrEqual(10 + 1e-9);
        expect(1 / (perPixel * 8000)).toBeLessThanOrEqual(8 + 1e-9); // pixels a frame
      }
    }));
  });

  it("is exact to the sample in ten hours", () => {
    const viewport = open(36_000, 192_000, 1000);
    viewport.center(35_999);
    viewport.zoomAt(500, 1e12);
    const frame = 1 / 192_000;
    expect(viewport.x(35_999 + frame) - viewport.x(35_999)).toBeCloseTo(8, 3);
    for (const x of [0, 17, 999]) expect(viewport.x(viewport.time(x))).toBeCloseTo(x, 4);
  });

  it("scrolls as little as it takes to show something, and zooms to a stretch", () => {
    const viewport = open();
    viewport.between(20, 30);
    viewport.reveal(22, 25);
    expect(viewport.visible.value).toEqual([20, 30]);
    viewport.reveal(31, 32);
    const [from, to] = viewport.visible.value;
    expect([to > 32, to < 33, to - from]).toEqual([true, true, expect.closeTo(10, 9)]);
    viewport.reveal(2, 90);
    expect(viewport.visible.value[0]).toBeLessThan(2);
    viewport.show(40, 41);
    expect(viewport.x(40)).toBeCloseTo(24, 6);
    expect(viewport.x(41)).toBeCloseTo(500 - 24, 6);
  });

  it("turns the page when the play-head leaves it", () => {
    const viewport = open();
    viewport.between(20, 30);
    viewport.track(29.9);
    expect(viewport.visible.value[0]).toBe(20);
    viewport.track(30.1);
    expect(viewport.visible.value[0]).toBeCloseTo(29.3, 6);
    viewport.track(5);
    expect(viewport.visible.value[0]).toBeLessThan(5);
  });

  it("goes on with a recording that turns out to be longer", () => {
    const viewport = open();
    viewport.extend(120);
    expect(viewport.visible.value).toEqual([0, 120]);
    viewport.between(100, 110);
    viewport.extend(105);
    expect(viewport.visible.value[1]).toBeCloseTo(105, 9);
  });
});

const times = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 12 })).map(([start, length]) => [start, start + length] as const);

describe("finding intervals", () => {
  it("finds what a look at all of them finds", () => {
    fc.assert(fc.property(fc.array(times, { maxLength: 40 }), times, fc.integer({ min: 0, max: 60 }), (list, [from, to], time) => {
      const all = list.map(([start, end], n) => interval(start, end, { id: String(n), hidden: n % 7 === 6, tier: n % 2 }));
      const near = new Near(all);
      const shown = all.filter(({ hidden }) => !hidden);
      const ids = (some: readonly Interval[]): string[] => some.map(({ id }) => id).sort();
      expect(ids(near.within(from, to))).toEqual(ids(shown.filter(({ start, end }) => start <= to && end >= from)));
      expect(ids(near.at(time))).toEqual(ids(shown.filter(({ start, end }) => start <= time && (end > time || (start === end && end === time)))));
    }));
  });

  it("finds the shortest first, so that it can be had inside of others", () => {
    const near = new Near([interval(0, 100), interval(40, 60), interval(50, 50)]);
    expect(near.at(50).map(({ id }) => id)).toEqual(["50-50", "40-60", "0-100"]);
  });
});

describe("lanes", () => {
  it("keep apart what overlaps, and nothing else", () => {
    fc.assert(fc.property(fc.array(fc.tuple(times, fc.integer({ min: 0, max: 2 })), { maxLength: 20 }), (list) => {
      const made = layoutLanes(list.map(([[start, end], tier], n) => interval(start, end, { id: String(n), tier })));
      expect(made.map(({ id }) => id)).toEqual(list.map((_, n) => String(n)));
      for (const a of made) {
        expect(a.lane).toBeLessThan(a.lanes);
        for (const b of made) {
          if (a === b || a.tier !== b.tier || !(a.start < b.end && b.start < a.end)) continue;
          expect(a.lane).not.toBe(b.lane);
          expect(a.lanes).toBe(b.lanes);
        }
        const alone = made.every((b) => a === b || a.tier !== b.tier || b.end <= a.start || b.start >= a.end);
        if (alone && a.end > a.start && !made.some((b) => b !== a && b.start === b.end)) expect([a.lane, a.lanes]).toEqual([0, 1]);
      }
      expect(layoutLanes(made).every((one, n) => one === made[n])).toBe(true); // what does not change stays the same object
    }));
  });

  it("do not grow without end", () => {
    const made = layoutLanes(Array.from({ length: 10_000 }, (_, n) => interval(0, 10 + n, { id: String(n) })));
    expect(Math.max(...made.map(({ lanes }) => lanes))).toBe(24);
  });
});

describe("bands", () => {
  const tiers = [{ name: "a", color: "#111111" }, { name: "b", color: "#222222" }];

  it("lie below each other without a gap, down to the foot", () => {
    for (const spectrum of [true, false]) {
      for (const channels of [1, 2, 8]) {
        const wanted = { channels, spectrum, tiers, lanes: [1, 3] };
        const height = leastHeight(wanted) + 137;
        const bands = layoutBands({ ...wanted, height });
        expect(bands.map(({ kind }) => kind)).toEqual(["ruler", ...Array.from({ length: channels }, () => spectrum ? ["wave", "spectrum"] : ["wave"]).flat(), "tier", "tier"]);
        let top = 0;
        for (const band of bands) {
          expect(band.top).toBe(top);
          expect(band.height).toBeGreaterThan(15);
          top += band.height;
        }
        expect(top).toBe(height);
      }
    }
  });

  it("are never too small to be read, whatever room there is", () => {
    const wanted = { channels: 2, spectrum: true, tiers, lanes: [1, 1] };
    const bands = layoutBands({ ...wanted, height: 10 });
    const last = bands.at(-1);
    expect((last?.top ?? 0) + (last?.height ?? 0)).toBe(leastHeight(wanted));
  });
});

describe("the ruler", () => {
  it("has marks far enough apart to be read, at round times, from hours to samples", () => {
    for (let perPixel = 1e-6; perPixel < 1000; perPixel *= 1.37) {
      const { step, minor, digits } = ticksFor(perPixel);
      expect(step / perPixel).toBeGreaterThanOrEqual(92 - 1e-6);
      expect(Math.abs(step / minor - Math.round(step / minor))).toBeLessThan(1e-6);
      if (step < 86_400) expect(step / perPixel).toBeLessThan(92 * 6);
      // what is written tells one from the next, and leaves nothing out
      expect(timeWords(step, digits)).not.toBe(timeWords(2 * step, digits));
      if (digits < 9) expect(Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits))).toBeLessThan(1e-6);
    }
    expect([0.01, 0.1, 1, 60].map((perPixel) => ticksFor(perPixel).step)).toEqual([1, 10, 120, 7200]);
  });

  it("writes times as people do", () => {
    expect([timeWords(0, 0), timeWords(3661.5, 1), timeWords(59.9996), timeWords(0.000_125, 6), timeWords(36_000, 0)])
      .toEqual(["0:00", "1:01:01.5", "1:00.000", "0:00.000125", "10:00:00"]);
    expect([...multiples(0.1, 0.25, 0.55)].map((one) => one.toFixed(1))).toEqual(["0.3", "0.4", "0.5"]);
  });

  it("has round frequencies that do not run into each other", () => {
    const y = (hertz: number): number => 200 - 200 * Math.log2(1 + hertz / 700) / Math.log2(1 + 8000 / 700);
    const found = frequencies(8000, y);
    expect(found.length).toBeGreaterThan(3);
    for (let n = 1; n < found.length; n++) expect(y(found[n - 1] as number) - y(found[n] as number)).toBeGreaterThanOrEqual(26);
    expect([hertzWords(440), hertzWords(2000), hertzWords(12_345)]).toEqual(["440 Hz", "2 kHz", "12.3 kHz"]);
  });
});
