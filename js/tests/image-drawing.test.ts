import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readDrawing, runDrawing } from "../src/image/drawing";
import { type FakeContext, fakeCanvases } from "./fake-canvas";

type Given = [dtype: string, bytes: Uint8Array];
type Command = [name: string, args: unknown[], ...given: Given[]];

const DTYPES: Record<string, string> = { Float64Array: "float64", Float32Array: "float32", Int32Array: "int32", Uint8Array: "uint8", Int16Array: "int16" };

function numbers(values: Float64Array | Float32Array | Int32Array | Uint8Array | Int16Array): Given {
  return [DTYPES[values.constructor.name] ?? "", new Uint8Array(values.buffer)];
}

/** A drawing as Python writes it. */
function drawing(commands: readonly Command[], width = 40, height = 30, change: (header: Record<string, unknown>) => void = () => undefined): Uint8Array {
  const buffers = commands.flatMap(([, , ...given]) => given);
  const header = {
    width, height, commands: commands.map(([name, args, ...given]) => [name, args, given.length]),
    buffers: buffers.map(([dtype, bytes]) => ({ bytes: bytes.length, dtype })),
  };
  change(header);
  const head = new TextEncoder().encode(JSON.stringify(header));
  const made = new Uint8Array(4 + head.length + buffers.reduce((sum, [, bytes]) => sum + bytes.length, 0));
  new DataView(made.buffer).setUint32(0, head.length, true);
  made.set(head, 4);
  let at = 4 + head.length;
  for (const [, bytes] of buffers) {
    made.set(bytes, at);
    at += bytes.length;
  }
  return made;
}

let contexts: FakeContext[];
let images: { name: string; closed: boolean }[];

beforeEach(() => {
  contexts = fakeCanvases();
  images = [];
  vi.stubGlobal("createImageBitmap", async (blob: Blob) => {
    const name = await blob.text();
    if (name === "broken") throw new Error("no image");
    const image = { name, width: 8, height: 6, closed: false, close: () => { image.closed = true; } };
    images.push(image);
    return image;
  });
});

afterEach(() => vi.unstubAllGlobals());

/** What a drawing's commands do to a canvas, without what only keeps its state. */
async function run(...commands: Command[]): Promise<[string, ...unknown[]][]> {
  contexts.length = 0;
  await runDrawing(drawing(commands));
  return contexts[0]?.take().filter(({ name }) => !["save", "restore", "beginPath"].includes(name)).map(({ name, args }) => [name, ...args]) ?? [];
}

const png = (name: string): Given => ["image", new TextEncoder().encode(name)];
const at = (idx: number): { idx: number } => ({ idx });

describe("drawings", () => {
  it("have the size that Python gave them, and run what a canvas does as it is", async () => {
    const canvas = await runDrawing(drawing([], 640, 480));
    expect([canvas?.width, canvas?.height]).toEqual([640, 480]);
    expect(await run()).toEqual([]);
    expect(await run(
      ["moveTo", [1, 2]], ["lineTo", [3, 4]], ["stroke", []], ["fillText", ["<b>", 5, 6, null]], ["setLineDash", [[4, 2]]],
      ["transform", [1, 0, 0, 1, 5, 5]], ["fill", ["evenodd"]], ["strokePath", ["M0 0h5"]],
    )).toEqual([
      ["moveTo", 1, 2], ["lineTo", 3, 4], ["stroke"], ["fillText", "<b>", 5, 6], ["setLineDash", [4, 2]], ["transform", 1, 0, 0, 1, 5, 5],
      ["fill", "evenodd"], ["stroke", expect.objectContaining({ d: "M0 0h5" })],
    ]);
  });

  it("set attributes by ipycanvas' numbers, with gradients and patterns, but load nothing from elsewhere", async () => {
    await runDrawing(drawing([
      ["set", [0, "#ff0000"]], ["set", [8, 3]], ["fillRect", [0, 0, 5, 5]],
      ["set", [17, "blur(2px)"]], ["set", [17, "url(http://example.org/x.svg)"]], ["set", [99, "x"]], ["set", [2, 0.5]], ["strokeRect", [1, 1, 5, 5]],
    ]));
    const [first, second] = contexts[0]?.take("fillRect", "strokeRect") ?? [];
    expect(first).toMatchObject({ args: [0, 0, 5, 5], state: { fillStyle: "#ff0000", lineWidth: 3 } });
    expect(second).toMatchObject({ state: { filter: "blur(2px)", globalAlpha: 0.5 } });
    const calls = await run(["set", [0, { gradient: [0, 0, 1, 5, 5, 9], stops: [[0, "red"]] }]], ["set", [1, { idx: 0, repetition: "repeat-x" }], png("dots")]);
    expect(calls).toContainEqual(["createRadialGradient", 0, 0, 1, 5, 5, 9]);
    expect(calls).toContainEqual(["createPattern", images[0], "repeat-x"]);
    contexts.length = 0;
    await runDrawing(drawing([["set", [0, { gradient: [0, 0, 5, 9], stops: [[0, "red"], [1, "blue"]] }]], ["fillRect", [0, 0, 1, 1]]]));
    expect(contexts[0]?.take("fillRect")[0]?.state["fillStyle"]).toMatchObject({ stops: [[0, "red"], [1, "blue"]] });
  });

  it("draw many shapes of arrays and single numbers, whatever their type", async () => {
    expect(await run(
      ["fillRects", [at(0), at(1), 3, 4], numbers(new Int32Array([1, 2])), numbers(new Float64Array([5.5, 6.5, 7.5]))],
      ["strokeCircles", [at(0), 9, 2], numbers(new Uint8Array([3, 4]))],
      ["strokeArc", [1, 2, 3, 0, 1, true]],
      ["fillArc", [1, 2, 3, 0, 1]],
    )).toEqual([
      ["fillRect", 1, 5.5, 3, 4], ["fillRect", 2, 6.5, 3, 4],
      ["arc", 3, 9, 2, 0, 2 * Math.PI, false], ["stroke"], ["arc", 4, 9, 2, 0, 2 * Math.PI, false], ["stroke"],
      ["arc", 1, 2, 3, 0, 1, true], ["stroke"],
      ["moveTo", 1, 2], ["arc", 1, 2, 3, 0, 1, false], ["fill"],
    ]);
  });

  it("give each of many shapes its own colour", async () => {
    await runDrawing(drawing([
      ["fillStyledRects", [at(0), 0, 2, 2, at(1), at(2)], numbers(new Int16Array([1, 2])), numbers(new Uint8Array([255, 0, 0, 0, 9, 0])), numbers(new Float32Array([1, 0.5]))],
      ["strokeStyledCircles", [at(0), 0, 2, at(1), 1], numbers(new Int16Array([7])), numbers(new Uint8Array([1, 2, 3]))],
    ]));
    const calls = contexts[0]?.take("fillRect", "stroke") ?? [];
    expect(calls.map(({ state }) => state["fillStyle"])).toEqual(["rgb(255 0 0 / 1)", "rgb(0 9 0 / 0.5)", "rgb(0 9 0 / 0.5)"]);
    expect(calls[2]?.state["strokeStyle"]).toBe("rgb(1 2 3 / 1)");
  });

  it("draw polygons and lines of flat points", async () => {
    const points = numbers(new Float64Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const line = (...all: number[]): unknown[][] => all.flatMap((_, n) => (n % 2 ? [] : [["lineTo", all[n], all[n + 1]]]));
    expect(await run(["strokeLine", [1, 2, 3, 4]])).toEqual([...line(1, 2, 3, 4), ["stroke"]]);
    expect(await run(["strokeLines", [at(0)], points])).toEqual([...line(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), ["stroke"]]);
  });

  it.each([
    ["fillPolygon", [at(0)], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], true],
    ["fillPolygons", [2, at(0), at(1)], [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]], true],
    ["strokeLineSegments", [2, at(0), 2], [[0, 1, 2, 3], [4, 5, 6, 7]], false],
    ["strokeStyledPolygons", [2, at(0), at(1), at(2), 1], [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]], true],
  ] as const)("draw %s", async (name, args, lines, closed) => {
    const given = [numbers(new Float64Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])), numbers(new Int32Array([3, 2])), numbers(new Uint8Array([1, 2, 3, 4, 5, 6]))];
    const end = name.startsWith("fill") ? "fill" : "stroke";
    expect(await run([name, [...args], ...given])).toEqual(lines.flatMap((line) => [
      ...line.flatMap((_, n) => (n % 2 ? [] : [["lineTo", line[n], line[n + 1]]])), ...closed ? [["closePath"]] : [], [end],
    ]));
  });

  it("draw images, arrays as images, and other canvases, and let go of them", async () => {
    const other: Given = ["drawing", drawing([["fillRect", [0, 0, 1, 1]]], 16, 12)];
    const calls = await run(
      ["drawImage", [at(0), 1, 2], png("photo")], ["drawImage", [at(0), 1, 2, 30, 20], other], ["putImageData", [5, 6], png("array")],
    );
    expect(calls).toEqual([
      ["drawImage", images[0], 1, 2], ["drawImage", expect.objectContaining({ width: 16, height: 12 }), 1, 2, 30, 20], ["drawImage", images[1], 5, 6],
    ]);
    expect(contexts[1]?.take("fillRect")).toHaveLength(1);
    expect(images.every(({ closed }) => closed)).toBe(true);
  });

  it("go on after what cannot be drawn", async () => {
    expect(await run(
      ["drawImage", [at(0), 0, 0], png("broken")], ["drawImage", [at(7), 0, 0]], ["noSuchCommand", [1]], ["getImageData", [0, 0, 1e9, 1e9]],
      ["createImageData", [1e9, 1e9]], ["__proto__", []], ["fillRects", [null, {}, "x", at(3)]], ["sleep", [1e9]], ["fillRect", [1, 2, 3, 4]],
    )).toContainEqual(["fillRect", 1, 2, 3, 4]);
  });

  it("never run longer than their bytes last", async () => {
    const points = numbers(new Float64Array([0, 0, 1, 1]));
    const calls = await run(["fillPolygons", [1e12, at(0), 2], points], ["strokeLineSegments", [1e12, at(0), -5], points], ["fillPolygons", [1e12, at(0), Number.NaN], points]);
    expect(calls.length).toBeLessThan(30);
  });

  it("are nothing if their bytes are not what they say", async () => {
    const good = drawing([["fillRects", [at(0), 0, 1, 1], numbers(new Float64Array([1, 2]))]]);
    expect(readDrawing(good)).not.toBeNull();
    for (const size of [0, 3, 4, 20, good.length - 1]) expect(readDrawing(good.subarray(0, size))).toBeNull();
    const wrong = (change: (header: Record<string, unknown>) => void): unknown => readDrawing(drawing([], 40, 30, change));
    for (const [width, height] of [[0, 5], [-1, 5], [1e6, 5], [16_000, 16_000], ["5", null]]) {
      expect(wrong((header) => Object.assign(header, { width, height }))).toBeNull();
    }
    expect(wrong((header) => Object.assign(header, { buffers: [{ bytes: -8, dtype: "uint8" }] }))).toBeNull();
    expect(wrong((header) => Object.assign(header, { buffers: null }))).toBeNull();
    expect(wrong((header) => Object.assign(header, { commands: 5 }))).toBeNull();
    expect(await runDrawing(new Uint8Array([255, 255, 255, 255, 1]))).toBeNull();
  });

  it("hold drawings in drawings, but not without end", async () => {
    let inner = drawing([]);
    for (let n = 0; n < 8; n++) inner = drawing([["drawImage", [at(0), 0, 0], ["drawing", inner]]]);
    await runDrawing(inner);
    expect(contexts.length).toBeLessThan(6);
  });

  it("are read from anywhere in a buffer", () => {
    const good = drawing([["fillRects", [at(0), 0, 1, 1], numbers(new Float64Array([1, 2]))]]);
    const within = new Uint8Array(good.length + 7);
    within.set(good, 3);
    expect(readDrawing(within.subarray(3, 3 + good.length))?.header.width).toBe(40);
  });
});
