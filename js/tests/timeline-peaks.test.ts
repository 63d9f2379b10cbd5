// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { colormap, srgb } from "../src/timeline/colormap";
import { framesOf, levelOf, Peaks } from "../src/timeline/peaks";
import { recordingOf } from "../src/timeline/recording";
import { hertzAt, hopOf, levelOf as spectrumLevel, placeOf, Spectra, type SpectrumLook } from "../src/timeline/spectra";
import { type FakeContext, fakeCanvases } from "./fake-canvas";
import { item, Recordings } from "./recordings";

const RATE = 8000;
const FRAMES = 8000 * 3600;
const BINS = 2048;

let kernel: Recordings;
/** How much of the recording the kernel knows. */
let done: number;
let contexts: FakeContext[];

/** The loudness of each bin tells its place: (-n, n) with n of its number. */
function piece(part: string, at: readonly number[]): { bytes: Uint8Array; about: Record<string, unknown> } {
  if (part === "state") return { bytes: new Uint8Array(1), about: { done, exact: true, frames: FRAMES, problem: "" } };
  if (part === "spectrum") return { bytes: new Uint8Array(65_536).fill(at[2] ?? 0), about: { columns: 256 } };
  const [level = 0, tile = 0] = at;
  const all = Math.ceil(FRAMES / framesOf(level));
  const bins = Math.min(BINS, all - tile * BINS);
  const data = new Int8Array(2 * bins);
  for (let n = 0; n < bins; n++) data.set([-value(level, tile * BINS + n), value(level, tile * BINS + n)], 2 * n);
  return { bytes: new Uint8Array(data.buffer), about: { bins, known: Math.max(0, Math.min(bins, Math.floor(done * all) - tile * BINS)) } };
}

function value(level: number, bin: number): number {
  return 1 + (Math.floor(bin * framesOf(level) / framesOf(6)) % 100);
}

async function pass(milliseconds = 10): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

beforeEach(() => {
  vi.useFakeTimers();
  contexts = fakeCanvases();
  vi.stubGlobal("ImageData", class {
    readonly data: Uint8ClampedArray;

    constructor(readonly width: number, readonly height: number) {
      this.data = new Uint8ClampedArray(4 * width * height);
    }
  });
  kernel = new Recordings(piece);
  done = 1;
});

afterEach(() => {
  kernel.scope.dispose();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("what the kernel says of a recording", () => {
  it("is believed only if it makes sense", () => {
    const good = { name: "a", rate: 8000, channels: 2, frames: 100, exact: false, rev: "1", note: "n" };
    expect(recordingOf(good)).toEqual(good);
    for (const wrong of [null, 7, {}, { ...good, rate: 0 }, { ...good, channels: 1.5 }, { ...good, frames: -1 }, { ...good, frames: Infinity }, { ...good, rate: "8000" }]) {
      expect(recordingOf(wrong)).toBeNull();
    }
  });
});

describe("peaks", () => {
  const shown = (): Peaks => {
    const peaks = new Peaks(kernel.engine, kernel.scope);
    peaks.show(item(RATE, 1, FRAMES));
    return peaks;
  };
  const known = (range: Int8Array): number => range.filter((_, n) => n % 2 === 0 && (range[n] as number) <= (range[n + 1] as number)).length;

  it("come from the level that fits, and only those in sight", async () => {
    const peaks = shown();
    for (const [from, to] of [[0, FRAMES], [FRAMES / 2, FRAMES / 2 + 4e6], [1e6, 1.2e6]] as const) {
      kernel.take();
      peaks.range(0, from, to, 500);
      peaks.flush();
      await pass(50);
      const asked = kernel.take("peaks");
      const level = levelOf((to - from) / 500);
      expect(asked.length).toBeLessThanOrEqual(Math.ceil((to - from) / framesOf(level) / BINS) + 1);
      for (const [, of, tile = 0] of asked) {
        expect(of).toBe(level);
        expect(tile * BINS * framesOf(level)).toBeLessThan(to);
        expect((tile + 1) * BINS * framesOf(level)).toBeGreaterThan(from);
      }
      // with at least two bins a column, if there are as many
      expect((to - from) / 500 / framesOf(level)).toBeGreaterThanOrEqual(level ? 2 : 0.5);
      const range = peaks.range(0, from, to, 500);
      expect(known(range)).toBe(500);
      for (const column of [0, 250, 499]) {
        const middle = Math.floor((from + (column + 0.5) * (to - from) / 500) / framesOf(6));
        const wanted = [-1, 0, 1].map((off) => 1 + ((middle + off + 100) % 100));
        expect(wanted).toContain(range[2 * column + 1]);
        expect(range[2 * column]).toBe(-(range[2 * column + 1] as number));
      }
    }
  });

  it("show what is coarser until what is finer is here", async () => {
    const peaks = shown();
    peaks.range(0, 0, FRAMES, 500);
    peaks.flush();
    await pass(50);
    kernel.quick = false;
    const near = (): number => known(peaks.range(0, 1e6, 1.2e6, 500));
    expect(near()).toBe(500);
    peaks.flush();
    await pass();
    expect(new Set(kernel.open.map(([part, level]) => `${part} ${level}`))).toEqual(new Set(["peaks 0"]));
    expect(near()).toBe(500);
  });

  it("are asked for again as more of the recording is known", async () => {
    done = 0.25;
    const peaks = shown();
    await pass();
    expect(peaks.progress.value).toBe(0.25);
    const whole = (): number => {
      const count = known(peaks.range(0, 0, FRAMES, 400));
      peaks.flush();
      return count;
    };
    whole();
    await pass();
    expect(whole()).toBeGreaterThan(95);
    expect(whole()).toBeLessThan(105);
    await pass(300);
    kernel.take();
    whole();
    await pass(50);
    expect(kernel.take("peaks")).toEqual([]); // nothing new
    done = 1;
    await pass(500);
    expect(peaks.progress.value).toBe(1);
    whole();
    await pass();
    expect(whole()).toBe(400);
    kernel.take();
    await pass(5000);
    expect(kernel.take()).toEqual([]); // and there is nothing left to ask for
  });

  it("tell what went wrong, and are tried again", async () => {
    const { make } = kernel;
    Object.assign(kernel, { make: () => ({ title: "broken" }) });
    const peaks = shown();
    peaks.range(0, 0, FRAMES, 100);
    peaks.flush();
    await pass();
    expect(peaks.problem.value?.title).toBe("broken");
    Object.assign(kernel, { make });
    peaks.retry();
    expect(peaks.problem.value).toBeNull();
    peaks.range(0, 0, FRAMES, 100);
    peaks.flush();
    await pass();
    expect(known(peaks.range(0, 0, FRAMES, 100))).toBe(100);
    expect(peaks.progress.value).toBe(1);
  });

  it("are not believed if they make no sense", async () => {
    Object.assign(kernel, { make: (part: string) => part === "state" ? piece(part, []) : { bytes: new Uint8Array(7), about: { bins: 5, known: 5 } } });
    const peaks = shown();
    peaks.range(0, 0, FRAMES, 100);
    peaks.flush();
    await pass();
    expect(peaks.problem.value?.title).toMatch(/makes no sense/);
  });

  it("know the quietest moment of a stretch", async () => {
    const { make } = kernel;
    Object.assign(kernel, {
      make: (part: string, at: readonly number[]) => {
        if (part !== "peaks") return make(part, at);
        const data = new Int8Array(2 * BINS).map((_, n) => (n % 2 ? 1 : -1) * (n >> 1 === 40 || n >> 1 === 41 ? 1 : 50));
        return { bytes: new Uint8Array(data.buffer), about: { bins: BINS, known: BINS } };
      },
    });
    const peaks = shown();
    expect(peaks.silence(1, 2)).toBeNull(); // fetched now
    await pass();
    expect(peaks.silence(1, 2)).toBeCloseTo(41 * 256 / RATE, 9);
    expect(peaks.silence(0, 0.5)).toBeLessThanOrEqual(0.55);
  });
});

describe("spectrograms", () => {
  const look: SpectrumLook = { on: true, window: 10, scale: "mel", low: -80, high: 0, bottom: 0, top: Infinity };

  it("have frequencies where the scale has them", () => {
    for (const scale of ["mel", "linear"] as const) {
      expect([placeOf(0, RATE, scale), placeOf(RATE / 2, RATE, scale)]).toEqual([0, 1]);
      for (const hertz of [50, 440, 3000]) expect(hertzAt(placeOf(hertz, RATE, scale), RATE, scale)).toBeCloseTo(hertz, 6);
    }
    expect(placeOf(1000, RATE, "mel")).toBeGreaterThan(placeOf(1000, RATE, "linear"));
  });

  it("come from the level that fits, as pictures that are painted once", async () => {
    const spectra = new Spectra(kernel.engine, kernel.scope);
    spectra.show(item(RATE, 1, FRAMES));
    const [ctx] = [document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D];
    const fake = contexts[0] as FakeContext;
    const draw = (more: Partial<SpectrumLook> = {}, from = 1e6, to = 3e6): void => {
      spectra.draw(ctx, { ...look, ...more }, false, 0, [from, to], [0, 50, 1000, 200]);
      spectra.flush();
    };
    draw();
    await pass(50);
    const level = spectrumLevel(10, 2000);
    expect(hopOf(10, level)).toBeLessThanOrEqual(2000);
    expect(hopOf(10, level + 1)).toBeGreaterThan(2000);
    const span = hopOf(10, level) * 256;
    const asked = kernel.take("spectrum");
    expect(asked.map((one) => one.slice(1))).toEqual(Array.from({ length: Math.ceil(3e6 / span) - Math.floor(1e6 / span) }, (_, n) => [10, 1, level, Math.floor(1e6 / span) + n, 0]));
    fake.take();
    draw();
    const places = fake.take("drawImage").map(({ args }) => args.slice(5) as number[]);
    expect(places).toHaveLength(asked.length);
    for (let n = 1; n < places.length; n++) expect(places[n]?.[0]).toBe((places[n - 1]?.[0] ?? 0) + (places[n - 1]?.[2] ?? 0)); // without a seam
    expect(places[0]?.[0]).toBe(Math.round((Math.floor(1e6 / span) * span - 1e6) / 2000));
    const painted = (): number => contexts.slice(1).reduce((sum, one) => sum + one.take("putImageData").length, 0);
    expect(painted()).toBe(asked.length);
    draw();
    expect(painted()).toBe(0);
    draw({ low: -60 });
    expect(painted()).toBe(asked.length); // other colours, the same tiles
    await pass(50);
    expect(kernel.take("spectrum")).toEqual([]);
  });

  it("show only the frequencies that are wanted", async () => {
    const spectra = new Spectra(kernel.engine, kernel.scope);
    spectra.show(item(RATE, 1, FRAMES));
    const ctx = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    const draw = (): void => {
      spectra.draw(ctx, { ...look, scale: "linear", bottom: 1000, top: 3000 }, true, 0, [0, 1e5], [0, 0, 500, 200]);
      spectra.flush();
    };
    draw();
    await pass(50);
    (contexts[0] as FakeContext).take();
    draw();
    expect((contexts[0] as FakeContext).take("drawImage")[0]?.args.slice(1, 5)).toEqual([0, 64, 256, 128]);
  });

  it("have colours of even steps, from the page's ground to what stands out from it", () => {
    const light = (color: number): number => 0.2126 * (color & 255) + 0.7152 * ((color >> 8) & 255) + 0.0722 * ((color >> 16) & 255);
    for (const dark of [true, false]) {
      const all = [...colormap(dark)].map(light);
      expect(all.every((one, n) => n === 0 || (dark ? one >= (all[n - 1] as number) - 1.5 : one <= (all[n - 1] as number) + 1.5))).toBe(true);
      expect(Math.abs((all[0] as number) - (all[255] as number))).toBeGreaterThan(180);
    }
    const cut = colormap(true, 100, 200);
    expect([cut[0], cut[255]]).toEqual([cut[100], cut[200]]);
    expect(srgb([1, 0, 0])).toEqual([255, 255, 255]);
  });
});
