// @vitest-environment jsdom
import { signal } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { layoutLanes } from "../src/timeline/layout";
import { mountOverview } from "../src/timeline/overview";
import { TimelinePainter } from "../src/timeline/painter";
import { Peaks } from "../src/timeline/peaks";
import { recordingOf } from "../src/timeline/recording";
import { Spectra } from "../src/timeline/spectra";
import type { Interval } from "../src/timeline/types";
import { TimeViewport } from "../src/timeline/viewport";
import { type Call, type FakeContext, fakeCanvases } from "./fake-canvas";
import { item, Recordings } from "./recordings";

const RATE = 8000;
const SECONDS = 100;

let contexts: FakeContext[];
let kernel: Recordings;
let host: HTMLElement;
let viewport: TimeViewport;
let painter: TimelinePainter;

function interval(id: string, start: number, end: number, more: Partial<Interval> = {}): Interval {
  return {
    id, start, end, label: "speech", color: "#c02040", text: "", suggested: false, hidden: false, locked: false,
    tier: 0, lane: 0, lanes: 1, channel: null, low: null, high: null, ...more,
  };
}

const layer = (n: number): FakeContext => contexts[n] as FakeContext;
const words = (calls: readonly Call[]): unknown[] => calls.filter(({ name }) => name === "fillText").map(({ args }) => args[0]);

async function frame(): Promise<void> {
  await vi.advanceTimersByTimeAsync(20);
}

beforeEach(async () => {
  vi.useFakeTimers();
  contexts = fakeCanvases();
  kernel = new Recordings((part) => part === "state" ? { bytes: new Uint8Array(1), about: { done: 1 } } : part === "peaks"
    ? { bytes: new Uint8Array(2 * 2048 * 2).fill(9), about: { bins: 2048, known: 2048 } } : { title: "none" });
  vi.stubGlobal("ResizeObserver", class {
    observe(): void { /* nothing changes its size here */ }

    disconnect(): void { /* as above */ }
  });
  host = document.body.appendChild(document.createElement("div"));
  Object.defineProperty(host, "clientHeight", { value: 400 });
  viewport = new TimeViewport();
  viewport.resize(1000, 2);
  viewport.open(SECONDS, RATE);
  const [peaks, spectra] = [new Peaks(kernel.engine, kernel.scope), new Spectra(kernel.engine, kernel.scope)];
  painter = new TimelinePainter(host, kernel.scope, viewport, { peaks, spectra });
  const shown = item(RATE, 2, RATE * SECONDS);
  peaks.show(shown);
  spectra.show(shown);
  painter.recording.value = recordingOf(shown.data);
  painter.tiers.value = [{ name: "Alice", color: "#c02040" }, { name: "Bob", color: "#2040c0" }];
  await frame();
  await frame();
  for (const one of contexts) one.take();
});

afterEach(() => {
  kernel.scope.dispose();
  host.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the timeline's painter", () => {
  it("draws only the layer on which something changed, once a frame, on canvases of the screen's own pixels", async () => {
    const cleared = (): number[] => [0, 1, 2].map((n) => layer(n).take("clearRect").length);
    expect([...host.querySelectorAll("canvas")].map(({ width, height }) => [width, height])).toEqual(Array(3).fill([2000, 800]));
    painter.cursor.value = 1;
    painter.cursor.value = 2;
    await frame();
    expect(cleared()).toEqual([0, 0, 1]);
    painter.intervals.value = [interval("a", 1, 2)];
    await frame();
    expect(cleared()).toEqual([0, 1, 1]);
    painter.draft.value = interval("a", 1, 3);
    await frame();
    expect(cleared()).toEqual([0, 1, 1]); // it is lifted off the others
    painter.draft.value = interval("a", 1, 4);
    await frame();
    expect(cleared()).toEqual([0, 0, 1]);
    painter.amplitude.value = 2;
    await frame();
    expect(cleared()).toEqual([1, 0, 0]);
    viewport.zoomAt(500, 2);
    await frame();
    expect(cleared()).toEqual([1, 1, 1]);
    await frame();
    expect(cleared()).toEqual([0, 0, 0]);
    kernel.scope.dispose();
    expect(host.childElementCount).toBe(0);
  });

  it("draws as little of 10,000 intervals as of those that can be told apart", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => interval(String(n), n / 100, n / 100 + 0.008, { tier: n % 2, color: n % 3 ? "#c02040" : "#2040c0" }));
    painter.intervals.value = layoutLanes(many);
    await frame();
    expect(layer(1).take().length).toBeLessThan(3500); // a pixel has at most one in each row, and one above
    viewport.between(10, 11);
    await frame();
    const calls = layer(1).take();
    expect(calls.filter(({ name }) => name === "roundRect").length).toBeGreaterThan(90);
    expect(calls.filter(({ name }) => name === "roundRect").length).toBeLessThan(110);
  });

  it("tells suggestions, with how sure the model is, and hides what is hidden", async () => {
    painter.intervals.value = [
      interval("a", 5, 20, { text: "so what\nwe did" }), interval("b", 30, 50, { suggested: true, score: 0.876, label: "music" }),
      interval("c", 60, 70, { hidden: true, label: "hidden" }), interval("d", 80, 80, { label: "cough" }),
    ];
    await frame();
    const calls = layer(1).take();
    expect(words(calls)).toEqual(expect.arrayContaining(["Alice", "Bob", "speech", "so what we did", "music 0.88", "cough"]));
    expect(words(calls)).not.toContain("hidden");
    expect(calls.some(({ name, state }) => name === "stroke" && (state["dash"] as number[]).length > 0)).toBe(true);
    painter.draft.value = interval("a", 5, 25, { label: "longer" });
    await frame();
    expect(words(layer(1).take())).not.toContain("speech");
    expect(words(layer(2).take())).toEqual(expect.arrayContaining(["longer", "0:05.00", "0:25.00", "20.00 s"]));
  });

  it("measures words once", async () => {
    painter.intervals.value = Array.from({ length: 40 }, (_, n) => interval(String(n), 2 * n, 2 * n + 1.8, { label: "a label that is long" }));
    viewport.between(10, 60);
    await frame();
    viewport.panBy(40);
    await frame();
    layer(1).take();
    const measured = vi.fn((one: string) => ({ width: 6 * one.length }));
    layer(1)["measureText"] = measured;
    for (let n = 0; n < 5; n++) {
      viewport.panBy(1);
      await frame();
    }
    expect(words(layer(1).take()).length).toBeGreaterThan(50);
    // but for what is cut off at the edge of the view: it has room for less with each step
    expect(measured.mock.calls.length).toBeLessThan(5 * 12);
    expect(new Set(measured.mock.calls.map(([one]) => one)).size).toBeLessThan(12);
  });

  it("writes a recording's channels and frequencies, and round times", async () => {
    painter.redraw();
    await frame();
    expect(words(layer(0).take())).toEqual(expect.arrayContaining(["0:00", "0:10", "1:30"]));
    expect(words(layer(1).take())).toEqual(expect.arrayContaining(["L", "R", "1 kHz"]));
  });

  it("has frequencies and their heights alike", () => {
    painter.spectrogram.value = { ...painter.spectrogram.value, bottom: 100, top: 3000 };
    const bands = painter.bands.value.filter(({ kind }) => kind === "spectrum");
    expect(bands).toHaveLength(2);
    for (const { top, height, channel } of bands) {
      for (const y of [top + 1, top + height / 2, top + height - 1]) expect(painter.yOf(painter.frequency(y) ?? 0, channel)).toBeCloseTo(y, 6);
      expect(painter.frequency(top)).toBeCloseTo(3000, 6);
      expect(painter.yOf(5000, channel)).toBe(top); // what is above is held at the edge
    }
    expect(painter.frequency(2)).toBeNull();
    painter.spectrogram.value = { ...painter.spectrogram.value, on: false };
    expect([painter.frequency(100), painter.yOf(440)]).toEqual([null, null]);
  });

  it("goes to its place and away with what it draws nothing for", async () => {
    painter.pointer.value = [-5, 10];
    painter.cursor.value = 1e6;
    await frame();
    expect(layer(2).take("fillRect", "fillText")).toEqual([]);
    painter.pointer.value = [500, 100];
    painter.selection.value = [10, 20];
    await frame();
    expect(layer(2).take("fillRect").length).toBeGreaterThan(2);
  });
});

describe("the overview", () => {
  it("shows the stretch in sight, and goes where it is clicked and dragged", async () => {
    const strip = document.body.appendChild(document.createElement("div"));
    Object.defineProperty(strip, "clientWidth", { value: 1000 });
    Object.defineProperty(strip, "clientHeight", { value: 40 });
    strip.setPointerCapture = () => undefined;
    const cursor = signal<number | null>(null);
    mountOverview(strip, kernel.scope, viewport, painter.sources.peaks, signal([interval("a", 1, 2)]), cursor);
    const [seen, head] = [strip.querySelector<HTMLElement>(".nbl-overview-window"), strip.querySelector<HTMLElement>(".nbl-overview-head")];
    expect([seen?.hidden, head?.hidden]).toEqual([true, true]);
    viewport.between(20, 40);
    cursor.value = 50;
    expect([seen?.hidden, seen?.style.transform, seen?.style.width, head?.style.transform]).toEqual([false, "translateX(200px)", "200px", "translateX(500px)"]);
    const send = (type: string, x: number): void => {
      strip.dispatchEvent(Object.assign(new MouseEvent(type, { clientX: x, button: 0, bubbles: true }), { isPrimary: true, pointerId: 1 }));
    };
    send("pointerdown", 700);
    send("pointerup", 700);
    expect(viewport.visible.value).toEqual([expect.closeTo(60, 9), expect.closeTo(80, 9)]);
    send("pointerdown", 610); // what is taken hold of stays under the pointer
    send("pointermove", 510);
    send("pointerup", 510);
    expect(viewport.visible.value[0]).toBeCloseTo(50, 9);
    send("pointerdown", 701); // its edge
    send("pointermove", 801);
    send("pointerup", 801);
    expect(viewport.visible.value).toEqual([expect.closeTo(50, 9), expect.closeTo(80, 9)]);
    send("pointermove", 100);
    expect(viewport.visible.value[0]).toBeCloseTo(50, 9);
    kernel.scope.dispose();
    expect(strip.childElementCount).toBe(0);
    strip.remove();
  });
});
