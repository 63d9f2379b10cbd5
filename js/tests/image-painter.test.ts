// @vitest-environment jsdom
import { signal } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../src/core/scope";
import { Adjust } from "../src/image/adjust";
import { bounds } from "../src/image/geometry";
import type { Loader } from "../src/image/loader";
import { mountMinimap } from "../src/image/minimap";
import { dots, trace } from "../src/image/outline";
import { Painter } from "../src/image/painter";
import { nameOf, type Pen } from "../src/image/pen";
import type { Bitmap, Drawn, Shape } from "../src/image/types";
import { Viewport } from "../src/image/viewport";
import { type Call, type FakeContext, FakePath, fakeCanvases } from "./fake-canvas";

let contexts: FakeContext[];
let scope: Scope;
let viewport: Viewport;
let painter: Painter;
let adjust: Adjust;
let host: HTMLElement;
const version = signal(0);
const drawn = vi.fn();

function box(id: string, x: number, y: number, more: Partial<Drawn> & { shape?: Shape } = {}): Drawn {
  const shape: Shape = more.shape ?? { kind: "box", x, y, width: 40, height: 30, label: "car" };
  return { id, bounds: bounds(shape), color: "#ff0000", label: undefined, suggested: false, hidden: false, locked: false, ...more, shape };
}

const layer = (n: number): FakeContext => contexts[n] as FakeContext;

/** Lets frames pass. */
async function frame(): Promise<void> {
  await vi.advanceTimersByTimeAsync(20);
}

/** Rectangles drawn in a shape's own colour. */
function rects(calls: Call[], color = "#ff0000"): unknown[][] {
  return calls.filter(({ name, state }) => name === "strokeRect" && state["strokeStyle"] === color).map(({ args }) => [...args]);
}

beforeEach(async () => {
  vi.useFakeTimers();
  contexts = fakeCanvases();
  vi.stubGlobal("ImageData", class {
    readonly data: Uint8ClampedArray;

    constructor(readonly width: number, readonly height: number) {
      this.data = new Uint8ClampedArray(4 * width * height);
    }
  });
  scope = new Scope();
  host = document.body.appendChild(document.createElement("div"));
  viewport = new Viewport();
  viewport.resize(1000, 800, 2);
  viewport.open(1000, 800);
  viewport.zoomTo(1);
  adjust = new Adjust();
  drawn.mockReset();
  painter = new Painter(host, scope, viewport, { version, draw: drawn }, adjust.filter);
  await vi.advanceTimersByTimeAsync(300);
  for (const one of contexts) one.take();
  drawn.mockReset();
});

afterEach(() => {
  scope.dispose();
  host.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the painter", () => {
  it("puts three canvases of the screen's own pixels on top of each other, and takes them away at the end", () => {
    const canvases = [...host.querySelectorAll("canvas")];
    expect(canvases.map(({ width, height, style }) => [width, height, style.width])).toEqual(Array(3).fill([2000, 1600, "1000px"]));
    expect(canvases.every((one) => one.getAttribute("aria-hidden") === "true")).toBe(true);
    scope.dispose();
    expect(host.childElementCount).toBe(0);
  });

  it("draws only the layer on which something changed, once a frame", async () => {
    painter.paintActive = (pen) => pen.cross([1, 1]);
    painter.shapes.value = [box("c", 0, 0)];
    painter.redraw(2);
    await frame();
    for (const one of contexts) one.take();
    painter.redraw(2);
    painter.redraw(2);
    await frame();
    expect(contexts.slice(0, 3).map((one) => one.take("clearRect").length)).toEqual([0, 0, 1]);
    painter.shapes.value = [box("a", 0, 0)];
    painter.lifted.value = new Set(["b"]);
    await frame();
    expect(contexts.slice(0, 3).map((one) => one.take("clearRect").length)).toEqual([0, 1, 0]);
    version.value += 1;
    await frame();
    expect(contexts.slice(0, 3).map((one) => one.take("clearRect").length)).toEqual([1, 0, 0]);
    viewport.panBy(3, 4);
    viewport.panBy(3, 4);
    await frame();
    expect(contexts.slice(0, 3).map((one) => one.take("clearRect").length)).toEqual([1, 1, 1]);
    await frame();
    expect(contexts.slice(0, 3).map((one) => one.take("clearRect").length)).toEqual([0, 0, 0]);
  });

  it("draws shapes by height, then in their order, without those that are hidden, lifted or out of sight", async () => {
    const top = { kind: "box" as const, x: 5, y: 5, width: 10, height: 10, z: 2 };
    const under = { ...top, x: 7, z: -1 };
    painter.shapes.value = [
      box("top", 0, 0, { shape: top }), box("a", 100, 100), box("under", 0, 0, { shape: under }), box("b", 200, 100),
      box("hidden", 300, 100, { hidden: true }), box("lifted", 400, 100), box("far", 5000, 100),
    ];
    painter.lifted.value = new Set(["lifted"]);
    await frame();
    expect(rects(layer(1).take())).toEqual([[7, 5, 10, 10], [100, 100, 40, 30], [200, 100, 40, 30], [5, 5, 10, 10]]);
    painter.lifted.value = new Set();
    await frame();
    expect(rects(layer(1).take())).toContainEqual([400, 100, 40, 30]);
  });

  it("draws lines of the same width on the screen at every zoom, at the place of the view", async () => {
    painter.shapes.value = [box("a", 480, 380)];
    const look = async (scale: number): Promise<Call> => {
      viewport.zoomTo(scale);
      layer(1).take();
      await frame();
      return layer(1).take("strokeRect").at(-1) as Call;
    };
    for (const scale of [1, 4, 16]) {
      const { state } = await look(scale);
      expect(Number(state["lineWidth"]) * scale).toBeCloseTo(1.5);
      const { x, y } = viewport.view.peek();
      expect(state["matrix"]).toEqual([scale * 2, 0, 0, scale * 2, x * 2, y * 2]);
    }
  });

  it("puts a light or dark line under each, for every background", async () => {
    painter.shapes.value = [box("a", 0, 0, { color: "#ffe119" }), box("b", 90, 0, { color: "#000080" })];
    await frame();
    const colors = layer(1).take("strokeRect").map(({ state }) => state["strokeStyle"]);
    expect(colors).toEqual(["#000", "#ffe119", "#fff", "#000080"]);
  });

  it("tells suggestions, occluded and locked shapes apart", async () => {
    painter.shapes.value = [
      box("a", 0, 0), box("s", 90, 0, { suggested: true }), box("o", 180, 0, { shape: { kind: "box", x: 180, y: 0, width: 9, height: 9, occluded: true } }),
      box("l", 270, 0, { locked: true }),
    ];
    await frame();
    const looks = layer(1).take("strokeRect").filter(({ state }) => state["strokeStyle"] === "#ff0000").map(({ state }) => [state["dash"], state["globalAlpha"]]);
    expect(looks).toEqual([[[], 1], [[6, 4], 1], [[2, 3], 1], [[], 0.6]]);
  });

  it("names shapes while they are few and large enough, suggestions with their score", async () => {
    const label = { name: "a car with a very long name that nobody reads" };
    painter.shapes.value = [
      box("a", 10, 100), box("b", 90, 100, { suggested: true, shape: { kind: "box", x: 90, y: 100, width: 40, height: 30, label: "bus", score: 0.876 } }),
      box("small", 200, 100, { shape: { kind: "box", x: 200, y: 100, width: 4, height: 4, label: "dot" } }), box("long", 300, 100, { label }),
    ];
    await frame();
    expect(layer(1).take("fillText").map(({ args }) => args[0])).toEqual(["car", "bus 0.88", "a car with a very long name…"]);
    painter.shapes.value = Array.from({ length: 61 }, (_, n) => box(`b${n}`, n * 10, 100));
    await frame();
    expect(layer(1).take("fillText")).toEqual([]);
    viewport.zoomTo(8, [0, 100]); // fewer are in sight
    await frame();
    expect(layer(1).take("fillText").length).toBeGreaterThan(0);
    expect(nameOf(box("x", 0, 0, { shape: { kind: "box", x: 0, y: 0, width: 1, height: 1 } }))).toBe("");
  });

  it("draws very many as plain lines, one each", async () => {
    painter.shapes.value = Array.from({ length: 3000 }, (_, n) => box(`b${n}`, n % 900, n % 700, { suggested: n % 2 === 0 }));
    await frame();
    const calls = layer(1).take();
    expect(calls.filter(({ name }) => name === "strokeRect")).toHaveLength(3000);
    expect(calls.filter(({ name }) => ["fillRect", "fill", "setLineDash", "fillText"].includes(name))).toEqual([]);
    expect(new Set(calls.filter(({ name }) => name === "strokeRect").map(({ state }) => state["globalAlpha"]))).toEqual(new Set([1, 0.6]));
  });

  it("makes a shape's path once, for every frame and zoom", async () => {
    const shape: Shape = { kind: "polygon", points: [[500, 400], [600, 400], [550, 500]], holes: [[[540, 420], [560, 420], [550, 440]]] };
    painter.shapes.value = [box("p", 0, 0, { shape })];
    await frame();
    const [fill] = layer(1).take("fill");
    expect(fill?.args[1]).toBe("evenodd"); // which leaves the hole
    viewport.zoomTo(3);
    await frame();
    expect(layer(1).take("fill")[0]?.args[0]).toBe(fill?.args[0]);
    painter.shapes.value = [box("p", 0, 0, { shape: { ...shape, closed: false } })];
    await frame();
    const calls = layer(1).take("fill", "stroke");
    expect(calls.map(({ name }) => name)).toEqual(["stroke", "stroke"]); // a line has no inside
    expect(calls[0]?.args[0]).not.toBe(fill?.args[0]);
  });

  it("shows lines between pixels where these are large", async () => {
    painter.grid.value = true;
    await frame();
    expect(layer(1).take("fillRect")).toEqual([]);
    viewport.zoomTo(10);
    await frame();
    expect(layer(1).take("fillRect").length).toBe(101 + 81);
  });

  it("changes how the image looks without touching its pixels", async () => {
    adjust.brightness.value = 1.5;
    adjust.invert.value = true;
    const image = host.querySelector("canvas") as HTMLCanvasElement;
    expect(image.style.filter).toBe("invert(1) brightness(1.5)");
    adjust.contrast.value = 2;
    expect(adjust.filter.value).toBe("invert(1) brightness(1.5) contrast(2)");
    adjust.reset();
    expect(image.style.filter).toBe("none");
  });

  it("enlarges what is at a point: image, shapes and what is being done", async () => {
    painter.shapes.value = [box("a", 480, 380)];
    const views: number[] = [];
    painter.paintActive = (pen: Pen) => {
      views.push(pen.view.scale);
      pen.ghost({ points: [[500, 400]], mark: "square" });
    };
    await frame();
    views.length = 0;
    drawn.mockReset();
    layer(2).take();
    adjust.invert.value = true;
    painter.loupe.value = [500, 400];
    await frame();
    expect(views).toEqual([1, 4]);
    expect(drawn).toHaveBeenCalledTimes(1);
    const [ctx, view] = drawn.mock.calls[0] as [FakeContext, { scale: number; x: number; y: number }];
    expect(ctx).toBe(layer(2));
    expect(view.scale).toBe(4);
    const calls = layer(2).take();
    const circle = calls.find(({ name }) => name === "arc")?.args ?? [];
    expect([(500 * 4 + view.x), (400 * 4 + view.y)]).toEqual([circle[0], circle[1]]);
    expect(rects(calls)).toEqual([[480, 380, 40, 30]]);
    // marks are filled, but not where they would hide what is enlarged
    expect(calls.filter(({ name, args }) => name === "fill" && args.length)).toHaveLength(1);
    const near = calls.slice(calls.findIndex(({ name }) => name === "clip"));
    expect(near.filter(({ name, args }) => name === "fill" && args[0] instanceof FakePath)).toEqual([]);
    painter.loupe.value = null;
    await frame();
    expect(views.slice(2)).toEqual([1]);
  });
});

describe("masks", () => {
  const mask = (): Bitmap => ({ x: 100, y: 100, width: 5, height: 4, data: new Uint8Array([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0]) });
  const shape: Shape = { kind: "mask", size: [800, 1000], counts: [] };

  const at = (bitmap: Bitmap, more: Partial<Drawn> = {}): Drawn => {
    const { x, y, width, height } = bitmap;
    return { ...box("m", 0, 0), shape, bitmap, bounds: { x, y, width, height }, ...more };
  };
  const painted = (): [ImageData, number, number][] => layer(3).take("putImageData").map(({ args }) => args as unknown as [ImageData, number, number]);

  it("are painted once, with their edge, in the colour of their label", async () => {
    painter.shapes.value = [at(mask())];
    await frame();
    const [image] = painted()[0] ?? [];
    const alphas = [...image?.data ?? []].filter((_, n) => n % 4 === 3);
    const edge = Math.max(...alphas);
    const inside = alphas[12] ?? 0; // the only pixel with all four neighbours
    expect(inside).toBeGreaterThan(0);
    expect(inside).toBeLessThan(edge);
    expect(alphas.filter((one) => one === edge)).toHaveLength(8);
    expect(alphas.filter((one) => one === 0)).toHaveLength(11);
    expect([...image?.data.slice(4 * 6, 4 * 6 + 3) ?? []]).toEqual([255, 0, 0]);
    expect(layer(1).take("drawImage")[0]?.args.slice(1)).toEqual([100, 100, 5, 4]);
    viewport.panBy(5, 5);
    await frame();
    expect(painted()).toEqual([]);
    expect(layer(1).take("drawImage")).toHaveLength(1);
  });

  it("are painted again only where they changed", async () => {
    const bitmap = mask();
    painter.paintActive = (pen) => pen.shapes([at(bitmap)]);
    painter.redraw(2);
    await frame();
    painted();
    bitmap.data[0] = 1;
    painter.touch(bitmap, { x: 100, y: 100, width: 1, height: 1 });
    await frame();
    const [[image, x, y] = []] = painted();
    expect([x, y, image?.width, image?.height]).toEqual([0, 0, 2, 2]);
    expect(image?.data[3]).toBeGreaterThan(0);
    painter.touch({ ...bitmap }, bitmap); // never drawn
    await frame();
    expect(painted()).toEqual([]);
  });

  it("are painted anew in another colour", async () => {
    const bitmap = mask();
    painter.shapes.value = [at(bitmap)];
    await frame();
    painted();
    painter.shapes.value = [at(bitmap, { color: "#0000ff" })];
    await frame();
    expect([...painted()[0]?.[0].data.slice(4 * 6, 4 * 6 + 3) ?? []]).toEqual([0, 0, 255]);
  });

  it("are drawn more coarsely if they are very large", async () => {
    const bitmap: Bitmap = { x: 0, y: 0, width: 8192, height: 8192, data: new Uint8Array(8192 * 8192).fill(1) };
    painter.shapes.value = [at(bitmap)];
    await frame();
    expect(layer(3).canvas.width).toBe(4096);
    expect(layer(1).take("drawImage")[0]?.args.slice(1)).toEqual([0, 0, 8192, 8192]);
  });
});

describe("outlines", () => {
  const traced = (shape: Shape, more: Partial<Drawn> = {}): (string | number)[][] => {
    const path = new FakePath();
    trace(path, { ...box("a", 0, 0, { shape }), ...more });
    return path.steps;
  };

  it("follow rotated boxes, polygons with their holes, and open lines", () => {
    const turned = traced({ kind: "box", x: 0, y: 0, width: 10, height: 10, rotation: 90 });
    expect(turned.map(([step, ...at]) => [step, ...at.map((n) => Math.round(Number(n)))])).toEqual([["M", 10, 0], ["L", 10, 10], ["L", 0, 10], ["L", 0, 0], ["Z"]]);
    expect(traced({ kind: "polygon", points: [[0, 0], [9, 0], [9, 9]], holes: [[[5, 1], [8, 1], [8, 4]]] }).filter(([step]) => step === "Z")).toHaveLength(2);
    expect(traced({ kind: "polygon", points: [[0, 0], [9, 0]], closed: false })).toEqual([["M", 0, 0], ["L", 9, 0]]);
    expect(traced({ kind: "mask", size: [1, 1], counts: [1] })).toEqual([]);
  });

  it("join keypoints that are there, and dot each by whether it is seen", () => {
    const shape: Shape = { kind: "keypoints", points: [[1, 1, 2], [5, 5, 1], [0, 0, 0]] };
    expect(traced(shape, { edges: [[0, 1], [1, 2], [0, 9]] })).toEqual([["M", 1, 1], ["L", 5, 5]]);
    const path = new FakePath();
    dots(path, box("k", 0, 0, { shape }), 2);
    expect(path.steps).toEqual([["M", 1, 1], ["L", 1.01, 1]]);
    dots(path, box("k", 0, 0, { shape }), 1);
    expect(path.steps).toHaveLength(4);
  });
});

describe("the minimap", () => {
  it("shows what is in sight, only while that is not all, and goes where it is clicked", async () => {
    const element = host.appendChild(document.createElement("div"));
    const image = {};
    mountMinimap(element, scope, viewport, { version, overview: () => image } as unknown as Loader);
    viewport.fit();
    expect(element.hidden).toBe(true);
    const before = contexts.length;
    version.value += 1;
    expect(contexts).toHaveLength(before); // nothing is drawn that is not seen
    viewport.zoomTo(4);
    const overview = contexts.at(-1) as FakeContext;
    expect(overview.take("drawImage")).toHaveLength(1);
    viewport.center([500, 400]);
    expect(element.hidden).toBe(false);
    expect(overview.take()).toEqual([]); // only the frame moves
    version.value += 1;
    expect(overview.take("drawImage")).toHaveLength(1);
    const window = element.querySelector("div") as HTMLElement;
    expect([window.style.left, window.style.top, window.style.width, window.style.height]).toEqual(["60px", "48px", "40px", "32px"]);
    element.setPointerCapture = () => undefined;
    const click = new MouseEvent("pointerdown", { buttons: 1, clientX: 16, clientY: 96 });
    element.dispatchEvent(click);
    expect(viewport.toImage(viewport.middle()).map(Math.round)).toEqual([100, 600]);
    element.dispatchEvent(new MouseEvent("pointermove", { buttons: 0, clientX: 90, clientY: 9 }));
    expect(viewport.toImage(viewport.middle()).map(Math.round)).toEqual([100, 600]);
    scope.dispose();
    expect(element.childElementCount).toBe(0);
  });
});
