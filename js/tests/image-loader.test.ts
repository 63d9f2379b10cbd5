// @vitest-environment jsdom
import { Blob as NodeBlob } from "node:buffer";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Incoming, Problem } from "../src/core/protocol";
import { Scope } from "../src/core/scope";
import { infoOf, levelFor, Loader, piecesFor } from "../src/image/loader";
import type { ImageInfo } from "../src/image/types";
import type { View } from "../src/image/viewport";
import { fakeClock, freshStorage, open, pass, type World } from "./page";

type Media = Extract<Incoming, { type: "media" }>;

/** What a browser makes of bytes: here they are the piece's name and size as JSON. */
class Bitmap {
  static all: Bitmap[] = [];
  closed = false;

  constructor(readonly name: string, public width: number, public height: number) {
    Bitmap.all.push(this);
  }

  close(): void {
    this.closed = true;
    this.width = this.height = 0;
  }
}

const BROKEN = new TextEncoder().encode("no image");

function bytes(name: string, width = 100, height = 80): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ name, width, height }));
}

/** A canvas that remembers what was drawn on it, and where. */
function canvas(): { ctx: CanvasRenderingContext2D; drawn: () => [string, ...number[]][] } {
  let drawn: [string, ...number[]][] = [];
  const ctx = { setTransform: () => undefined, drawImage: (image: Bitmap, ...place: number[]) => drawn.push([image.name, ...place]) };
  return {
    ctx: ctx as unknown as CanvasRenderingContext2D,
    drawn: () => {
      const all = drawn;
      drawn = [];
      return all;
    },
  };
}

const WHOLE: ImageInfo = { width: 100, height: 80, form: "whole", rev: "1" };
const TILES: ImageInfo = { width: 5000, height: 4000, form: "tiles", tile: 512, levels: 5, rev: "1" };

/** A view of this scale with a pixel in its middle. */
function view(scale: number, x: number, y: number, dpr = 1, width = 1000, height = 700): View {
  return { scale, x: width / 2 - x * scale, y: height / 2 - y * scale, width, height, dpr };
}

const scale = fc.double({ min: 0.01, max: 64, noNaN: true });

describe("the pieces of a view", () => {
  it("cover all that is in sight, each part once, the nearest first", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 40_000 }), scale, fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(1, 1.25, 2),
      (width, height, zoom, a, b, dpr) => {
        const levels = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / 512))) + 1;
        const info: ImageInfo = { width, height, form: "tiles", tile: 512, levels };
        const now = view(zoom, a * width, b * height, dpr);
        const pieces = piecesFor(info, now);
        const level = levelFor(info, now);
        // a pixel of the level for each of the screen, unless there are no more, and not twice as many
        if (level > 0) expect(zoom * dpr * 2 ** level).toBeLessThanOrEqual(1.001);
        if (level < levels - 1) expect(zoom * dpr * 2 ** level).toBeGreaterThan(0.499);
        const left = Math.max(0, -now.x / zoom);
        const top = Math.max(0, -now.y / zoom);
        const right = Math.min(width, (now.width - now.x) / zoom);
        const bottom = Math.min(height, (now.height - now.y) / zoom);
        let area = 0;
        for (const { rect, at } of pieces) {
          expect(at[0]).toBe(level);
          area += Math.max(0, Math.min(right, rect.x + rect.width) - Math.max(left, rect.x))
            * Math.max(0, Math.min(bottom, rect.y + rect.height) - Math.max(top, rect.y));
        }
        expect(area).toBeGreaterThan((right - left) * (bottom - top) * (1 - 1e-6) - 1e-6);
        expect(area).toBeLessThan((right - left) * (bottom - top) * (1 + 1e-6) + 1e-6);
        const far = pieces.map(({ rect }) => Math.hypot(rect.x + rect.width / 2 - a * width, rect.y + rect.height / 2 - b * height));
        expect(far.every((one, n) => n === 0 || one >= (far[n - 1] as number) - 1e-6)).toBe(true);
        expect(pieces.length).toBeLessThan(64);
      },
    ));
  });

  it("are as few as a screen needs even if the kernel's numbers are odd", () => {
    const odd: ImageInfo = { width: 2 ** 31, height: 2 ** 31, form: "tiles", tile: 64, levels: 1 };
    expect(piecesFor(odd, view(1e-6, 2 ** 30, 2 ** 30)).length).toBeLessThanOrEqual(64 * 64);
    expect(piecesFor(TILES, view(1, 1e6, 1e6))).toEqual([]);
  });

  it("are one for an image that comes as a whole, whatever is in sight", () => {
    for (const zoom of [0.01, 1, 64]) {
      expect(piecesFor(WHOLE, view(zoom, 50, 40))).toEqual([{ part: "image", at: [], rect: { x: 0, y: 0, width: 100, height: 80 } }]);
    }
    expect(piecesFor({ ...WHOLE, form: "drawing" }, view(1, 0, 0))).toMatchObject([{ part: "drawing", at: [] }]);
  });

  it("need a description that makes sense", () => {
    expect(infoOf(WHOLE)).toBe(WHOLE);
    expect(infoOf(TILES)).toBe(TILES);
    for (const wrong of [
      undefined, null, "text", 3, {}, { width: 0, height: 5 }, { width: 5, height: -1 }, { width: Number.NaN, height: 5 }, { width: 1e300, height: 5 },
      { width: "5", height: 5 }, { ...TILES, tile: 0 }, { ...TILES, tile: 1 }, { ...TILES, levels: 1e9 }, { ...TILES, levels: undefined },
    ]) expect(infoOf(wrong)).toBeNull();
  });
});

describe("the loader", () => {
  let world: World;
  let scope: Scope;
  let loader: Loader;
  let asked: string[];
  let media: (message: Media) => Uint8Array | Problem;

  beforeEach(() => {
    fakeClock();
    freshStorage();
    Bitmap.all = [];
    vi.stubGlobal("Blob", NodeBlob); // that of jsdom cannot be read
    vi.stubGlobal("createImageBitmap", async (blob: Blob) => {
      const text = await blob.text();
      if (!text.startsWith("{")) throw new DOMException("The source image could not be decoded.", "InvalidStateError");
      const { name, width, height } = JSON.parse(text) as { name: string; width: number; height: number };
      return new Bitmap(name, width, height);
    });
    asked = [];
    media = ({ item, part, at = [] }) => bytes([item, part, ...at].join(" "));
  });

  /** Opens a labeler of items that are all like this. */
  async function start(data: unknown = WHOLE): Promise<void> {
    world = await open({
      data: () => data,
      media: (message) => {
        if (!message.offset) asked.push([message.item, message.part, ...message.at ?? []].join(" "));
        return media(message);
      },
    });
    scope = new Scope();
    loader = new Loader(world.engine, scope);
  }

  afterEach(() => {
    scope.dispose();
    world.page.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const item = (n: number): Parameters<Loader["show"]>[0] => world.kernel.item(n);
  const state = (): string | undefined => loader.picture.value?.state;

  it("shows an image once it is here, then fetches the next two, which are ready at once", async () => {
    await start();
    loader.show(item(0));
    expect(loader.picture.value).toMatchObject({ item: "item0", info: WHOLE, state: "loading", problem: null });
    const before = loader.version.value;
    await pass(5);
    expect(state()).toBe("ready");
    expect(loader.version.value).toBeGreaterThan(before);
    await pass(100);
    expect(asked).toEqual(["item0 image", "item1 image", "item2 image"]);
    loader.show(item(1));
    expect(loader.picture.value).toMatchObject({ item: "item1", state: "ready" });
    const { ctx, drawn } = canvas();
    loader.draw(ctx, view(2, 50, 40, 1.25));
    expect(drawn()).toEqual([["item1 image", 500, 337.5, 250, 200]]);
  });

  it("leaves what is shown as it is when the next one comes", async () => {
    await start();
    media = ({ item: of, part }) => (of === "item0" || part !== "image" ? bytes(of) : { title: "no" });
    loader.show(item(0));
    await pass(5);
    expect(state()).toBe("ready");
    const before = loader.version.value;
    await pass(50);
    expect(asked).toContain("item2 image");
    expect(loader.version.value).toBe(before);
  });

  it("puts pieces together that come in many messages", async () => {
    await start();
    media = () => bytes("x".repeat(1000));
    loader.show(item(0));
    await pass(20);
    expect(loader.overview()).toMatchObject({ name: "x".repeat(1000) });
  });

  it("tells pixels apart from enlarged ones: they are smoothed only while they are small", async () => {
    await start();
    loader.show(item(0));
    await pass(20);
    const { ctx } = canvas();
    for (const [zoom, dpr, smooth] of [[0.5, 1, true], [1, 1, false], [1.5, 1, true], [1.5, 2, false], [0.8, 1.25, false], [8, 1, false]] as const) {
      loader.draw(ctx, view(zoom, 50, 40, dpr));
      expect(ctx.imageSmoothingEnabled).toBe(smooth);
    }
  });

  it("says why an image cannot be had, and tries again when asked to, or when one comes back to it", async () => {
    await start();
    media = ({ item: id }) => (id === "item0" ? { title: "this file is broken", hint: "Look at it." } : bytes(id));
    loader.show(item(0));
    await pass(20);
    expect(loader.picture.value).toMatchObject({ state: "failed", problem: { title: "this file is broken", hint: "Look at it." } });
    expect(asked.filter((one) => one.startsWith("item0"))).toHaveLength(1);
    media = ({ item: id }) => (id === "item0" ? BROKEN : bytes(id));
    loader.retry();
    await pass(20);
    expect(loader.picture.value?.problem).toMatchObject({ title: "The browser cannot decode this image" });
    loader.show(item(1));
    await pass(200);
    expect(state()).toBe("ready");
    media = () => bytes("fine");
    loader.show(item(0));
    expect(state()).toBe("loading");
    await pass(20);
    expect(state()).toBe("ready");
  });

  it("asks for nothing where the kernel has said that there is nothing, or makes no sense", async () => {
    await start();
    loader.show({ ...world.kernel.item(0), problem: "no such file" });
    expect(loader.picture.value).toMatchObject({ state: "failed", problem: { title: "no such file" } });
    loader.show({ ...world.kernel.item(1), data: { width: -3 } });
    expect(loader.picture.value).toMatchObject({ state: "failed", info: null });
    await pass(20);
    expect(asked).toEqual([]);
    const { ctx, drawn } = canvas();
    loader.draw(ctx, view(1, 0, 0), true);
    expect(drawn()).toEqual([]);
    expect(loader.overview()).toBeNull();
    loader.show(null);
    expect(loader.picture.value).toBeNull();
  });

  it("shows a preview of a large image until all of it is here", async () => {
    await start({ ...WHOLE, width: 8000, height: 6000 });
    media = ({ part, at = [] }) => bytes([part, ...at].join(" ").padEnd(part === "image" ? 200 : 0)); // more than one message
    const { ctx, drawn } = canvas();
    loader.show(item(0));
    while (!loader.overview()) await pass(1);
    expect(state()).toBe("loading");
    loader.draw(ctx, view(0.1, 4000, 3000));
    expect(drawn()).toEqual([["preview 1024", 100, 50, 800, 600]]);
    await pass(20);
    expect(state()).toBe("ready");
    loader.draw(ctx, view(0.1, 4000, 3000));
    expect(drawn().map(([name]) => name.trim())).toEqual(["image"]);
    expect(asked).toEqual(["item0 preview 1024", "item0 image"]); // the next ones are too large to be fetched ahead
  });

  it("draws what there is of a pyramid, coarse under fine, and fetches the nearest first, few at a time", async () => {
    await start(TILES);
    const now = view(1, 2500, 2000);
    const { ctx, drawn } = canvas();
    loader.show(item(0));
    await pass(120);
    expect(asked).toEqual(["item0 tile 4 0 0", "item1 tile 4 0 0", "item2 tile 4 0 0"]); // what comes next can be seen at once
    expect(state()).toBe("ready");
    world.line.busy = true;
    loader.draw(ctx, now, true);
    expect(drawn()).toEqual([["item0 tile 4 0 0", -2000, -1650, 5000, 4000]]);
    await pass(5);
    const waiting = world.line.sent.filter((one) => one.type === "media").slice(asked.length) as Media[];
    expect(waiting.map(({ at }) => at)).toEqual(piecesFor(TILES, now).slice(0, 4).map(({ at }) => at));
    world.line.busy = false;
    world.line.pump();
    await pass(1);
    loader.draw(ctx, now, true);
    const part = drawn();
    expect(part[0]?.[0]).toBe("item0 tile 4 0 0");
    expect(part.length).toBeGreaterThan(1);
    await pass(50);
    loader.draw(ctx, now, true);
    const whole = drawn();
    expect(whole.map(([name]) => name).sort()).toEqual(piecesFor(TILES, now).map(({ at }) => ["item0 tile", ...at].join(" ")).sort());
    // neighbours share their edges, on whole pixels of the screen
    for (const [, x = 0, y = 0, width = 0, height = 0] of whole) for (const edge of [x, y, width, height]) expect(Number.isInteger(edge)).toBe(true);
  });

  it("gives up what went out of sight before it came", async () => {
    await start(TILES);
    const { ctx } = canvas();
    loader.show(item(0));
    loader.draw(ctx, view(1, 600, 500), true);
    await pass(20);
    asked.length = 0;
    world.line.busy = true; // what is asked for now waits
    loader.draw(ctx, view(1, 2500, 2000), true);
    await pass(5);
    loader.draw(ctx, view(1, 4500, 3500), true);
    world.line.busy = false;
    world.line.pump();
    await pass(50);
    const near = piecesFor(TILES, view(1, 4500, 3500)).map(({ at }) => ["item0 tile", ...at].join(" "));
    for (const one of near) expect(asked).toContain(one);
    const here = Bitmap.all.map(({ name }) => name);
    for (const { at } of piecesFor(TILES, view(1, 2500, 2000))) {
      const name = ["item0 tile", ...at].join(" ");
      if (!near.includes(name)) expect(here).not.toContain(name);
    }
  });

  it("shows the rest of an image of which a tile is missing, and says why it is", async () => {
    await start(TILES);
    media = ({ item: id, part, at = [] }) => (at.join() === "0,4,3" ? { title: "a tile is broken" } : bytes([id, part, ...at].join(" ")));
    const { ctx, drawn } = canvas();
    const now = view(1, 2500, 2000);
    loader.show(item(0));
    loader.draw(ctx, now, true);
    await pass(50);
    expect(loader.picture.value).toMatchObject({ state: "ready", problem: { title: "a tile is broken" } });
    loader.draw(ctx, now, true);
    expect(drawn()[0]?.[0]).toBe("item0 tile 4 0 0"); // what lies under the hole
    expect(asked.filter((one) => one === "item0 tile 0 4 3")).toHaveLength(1);
  });

  it("keeps no more pixels than it may, and always those that are shown", async () => {
    await start({ ...WHOLE, width: 4000, height: 3000 });
    media = ({ item: id }) => bytes(id, 4000, 3000);
    for (let n = 0; n < 12; n++) {
      loader.show(item(n));
      await pass(30);
      expect(state()).toBe("ready");
      const open = Bitmap.all.filter(({ closed }) => !closed);
      expect(open.reduce((sum, { width, height }) => sum + 4 * width * height, 0)).toBeLessThanOrEqual(256 << 20);
      expect(open.map(({ name }) => name)).toContain(`item${n}`);
    }
    expect(Bitmap.all.some(({ closed }) => closed)).toBe(true);
    loader.show(item(10)); // the last few are still there
    expect(state()).toBe("ready");
  });

  it("shows other pixels when the kernel says that they changed", async () => {
    await start();
    loader.show(item(0));
    await pass(20);
    loader.show({ ...world.kernel.item(0), data: { ...WHOLE, rev: "2" } });
    expect(state()).toBe("loading");
    await pass(20);
    expect(state()).toBe("ready");
    expect(asked.filter((one) => one === "item0 image")).toHaveLength(2);
  });

  it("leaves nothing behind when its view ends", async () => {
    await start();
    loader.show(item(0));
    await pass(20);
    loader.show(item(5));
    scope.dispose();
    await pass(20);
    expect(Bitmap.all.length).toBeGreaterThan(0);
    expect(Bitmap.all.every(({ closed }) => closed)).toBe(true);
  });

  it("can be shown within an effect that reads its picture", async () => {
    await start();
    let runs = 0;
    scope.effect(() => {
      runs += 1;
      loader.show(world.engine.item.value);
    });
    await pass(20);
    expect(state()).toBe("ready");
    expect(runs).toBe(1);
  });
});
