// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Keymap } from "../src/core/keymap";
import type { AnyAnnotation, Box, Schema } from "../src/core/protocol";
import { imageActions, toolsFor } from "../src/image/actions";
import { ImageState } from "../src/image/state";
import type { Hand } from "../src/image/tools/tool";
import { COMMON, labelActions } from "../src/shell/actions";
import { fakeClock, freshStorage, Page, pass, turns } from "./page";
import { FakeStore, Line } from "./fake-kernel";
import { TextKernel } from "./text-world";

const LABELS = [{ name: "cat", hotkey: "1", color: "#009e73" }, { name: "dog", hotkey: "2", color: "#888800" }];
const BOXES = { kind: "boxes", name: "boxes", labels: LABELS };
const POLYGONS = { kind: "polygons", name: "polygons", labels: [{ name: "roof", hotkey: "3" }] };
const MASKS = { kind: "masks", name: "masks", labels: [{ name: "sky", hotkey: "4" }] };
const SKELETONS = { kind: "skeletons", name: "points", labels: [{ name: "person", hotkey: "5" }], points: ["a", "b"], edges: [[0, 1]] };
const LINES = { kind: "polylines", name: "lines", labels: [{ name: "road", hotkey: "6" }] };

function schema(...fields: object[]): Schema {
  return { version: 1, fields: fields as Schema["fields"] };
}

describe("keys of images", () => {
  const all = schema(BOXES, POLYGONS, MASKS, SKELETONS, LINES);

  it("no two actions want the same key", () => {
    for (const fields of [all, schema(BOXES), schema(MASKS), schema({ kind: "choices", name: "c", labels: [{ name: "x" }] })]) {
      const keymap = new Keymap({ ...COMMON, ...imageActions(fields, { smart: true }), ...labelActions(fields) });
      expect(keymap.problems).toEqual([]);
      expect(keymap.describe().filter(({ lost }) => lost.length > 0)).toEqual([]);
    }
  });

  it("every action has a key, and words of its own", () => {
    const keymap = new Keymap({ ...COMMON, ...imageActions(all, { smart: true }) });
    const bound = keymap.describe();
    expect(bound.filter(({ chords }) => chords.length === 0)).toEqual([]);
    expect(new Set(bound.map(({ words }) => words)).size).toBe(bound.length);
  });

  it("only tools that the schema needs", () => {
    expect(toolsFor(schema(BOXES), {})).toEqual(["select", "pan", "box", "rotated", "extreme"]);
    expect(toolsFor(schema({ ...BOXES, rotation: false }), { smart: true })).toEqual(["select", "pan", "box", "extreme", "smart"]);
    expect(toolsFor(schema(LINES), { smart: true })).toEqual(["select", "pan", "polyline"]);
    expect(toolsFor(schema(MASKS), { smart: true })).toEqual(["select", "pan", "brush", "eraser", "fill", "wand", "smart"]);
    expect(toolsFor(schema({ kind: "texts", name: "note" }), { smart: true })).toEqual(["pan"]);
  });
});

describe("image state", () => {
  let page: Page;
  let state: ImageState;
  const said: string[] = [];

  const open = async (fields: object[], given: { suggestions?: AnyAnnotation[]; items?: number } = {}): Promise<void> => {
    const kernel = new TextKernel(new FakeStore(), { items: given.items ?? 3, schema: schema(...fields) });
    kernel.extra = { data: { width: 200, height: 100, form: "whole" } };
    kernel.offered = { item0: given.suggestions ?? [] };
    page = new Page(new Line(kernel));
    await turns();
    await pass(20);
    await pass(20);
    state = new ImageState(page.engine, page.scope);
    state.viewport.resize(416, 216, 1);
    state.viewport.open(200, 100);
    said.length = 0;
    state.say = (words) => said.push(words);
  };

  beforeEach(() => {
    fakeClock();
    freshStorage();
  });
  afterEach(() => {
    page.close();
    vi.useRealTimers();
  });

  const answers = (): readonly AnyAnnotation[] => page.engine.view.value.annotations;
  const hand = (x: number, y: number, more: Partial<Hand> = {}): Hand => state.keyboard.hand([x, y], { by: "mouse", ...more });
  const click = (x: number, y: number, more: Partial<Hand> = {}): void => {
    const tool = state.held.value;
    tool.down(hand(x, y, more));
    tool.up(hand(x, y, more));
  };
  const drag = (x: number, y: number, toX: number, toY: number, more: Partial<Hand> = {}): void => {
    const tool = state.held.value;
    tool.down(hand(x, y, more));
    tool.move(hand(toX, toY, { ...more, dragged: true }), true);
    tool.up(hand(toX, toY, { ...more, dragged: true }));
  };
  const label = (name: string): void => {
    for (const field of state.fields.value) for (const one of field.labels) if (one.name === name) state.label(field, one);
  };
  const box = (at = 0): Pick<Box, "x" | "y" | "width" | "height"> => {
    const { x, y, width, height } = answers()[at] as Box;
    return { x, y, width, height };
  };

  it("begins with the tool of the only field, and with its only label", async () => {
    await open([MASKS, { kind: "texts", name: "note" }]);
    expect(state.tool.value).toBe("brush");
    expect(state.current.value).toEqual({ field: "masks", label: "sky" });
  });

  it("a label brings its tool; a tool lets go of a label that does not suit it", async () => {
    await open([BOXES, POLYGONS]);
    expect(state.tool.value).toBe("select");
    label("dog");
    expect(state.tool.value).toBe("box");
    state.pick("extreme");
    label("cat");
    expect(state.tool.value).toBe("extreme");
    state.pick("polygon");
    // the one label of the only field of its kind
    expect(state.current.value?.label).toBe("roof");
  });

  it("the next label is for the next shape, unless one was selected for it", async () => {
    await open([BOXES]);
    label("cat");
    drag(10, 10, 50, 40);
    label("dog");
    drag(60, 10, 90, 40);
    expect(answers().map((one) => "label" in one && one.label)).toEqual(["cat", "dog"]);
    state.select([answers()[0]?.id ?? ""]);
    label("dog");
    expect(answers().map((one) => "label" in one && one.label)).toEqual(["dog", "dog"]);
  });

  it("what is drawn is clipped, and what is tiny is refused with a reason", async () => {
    await open([BOXES]);
    label("cat");
    drag(150, 50, 260, 140);
    expect(box()).toEqual({ x: 150, y: 50, width: 50, height: 50 });
    drag(10, 10, 60, 10.2);
    expect(answers()).toHaveLength(1);
    expect(state.refused.value).toContain("Too small");
  });

  it("undo takes the last point back while a polygon is drawn, then the polygon", async () => {
    await open([POLYGONS]);
    const undo = (): boolean => state.first("undo", null);
    click(10, 10);
    click(50, 10);
    click(90, 90);
    expect(undo()).toBe(true);
    click(50, 60);
    state.held.value.finish();
    expect(answers()).toMatchObject([{ points: [[10, 10], [50, 10], [50, 60]] }]);
    expect(undo()).toBe(false);
  });

  it("what is locked is not changed by anything", async () => {
    await open([BOXES]);
    label("cat");
    drag(10, 10, 50, 40);
    state.pick("select");
    state.select([answers()[0]?.id ?? ""]);
    state.run("lock");
    for (const action of ["left", "far_down", "fine_right", "delete", "occluded", "raise", "duplicate", "turn_left", "delete_all"]) state.run(action);
    label("dog");
    drag(20, 20, 60, 60);
    expect(answers()).toHaveLength(1);
    expect(box()).toEqual({ x: 10, y: 10, width: 40, height: 30 });
    expect(answers()[0]).toMatchObject({ label: "cat" });
  });

  it("shapes that did not change are the same objects after an edit, and their number is right", async () => {
    await open([BOXES]);
    label("cat");
    for (let n = 0; n < 12; n++) drag(n * 14, 10, n * 14 + 10, 40);
    const before = state.shapes.ordered;
    state.pick("select");
    state.select([before[5]?.id ?? ""]);
    state.run("down");
    const after = state.shapes.ordered;
    expect(after).toHaveLength(12);
    expect(after.filter((one, n) => one !== before[n]).map(({ id }) => id)).toEqual([before[5]?.id]);
    expect(state.shapes.near.size).toBe(12);
    state.run("delete");
    expect(state.shapes.ordered).toHaveLength(11);
    expect(state.shapes.counts.get("label:boxes:cat")).toBe(11);
    expect(state.selected.value).toEqual([]);
    page.engine.undo();
    page.engine.undo();
    expect(state.shapes.ordered.map(({ shape }) => shape)).toHaveLength(12);
    expect(state.shapes.counts.get("label:boxes:cat")).toBe(12);
  });

  it("many shapes come and go at once", async () => {
    await open([BOXES]);
    const many = Array.from({ length: 900 }, (_, n): Box => ({
      kind: "box", x: n % 180, y: Math.floor(n / 180) * 15, width: 10, height: 10, label: n % 2 ? "cat" : "dog", field: "boxes", id: `b${n}`,
    }));
    page.engine.edit(many);
    expect(state.shapes.near.size).toBe(900);
    expect(state.shapes.counts.get("label:boxes:cat")).toBe(450);
    page.engine.edit([], many.filter((_, n) => n % 3 === 0).map(({ id }) => id ?? ""));
    expect(state.shapes.near.size).toBe(600);
    expect(state.shapes.ordered.every(({ id }) => state.shapes.get(id) !== undefined)).toBe(true);
    page.engine.next();
    expect(state.shapes.near.size).toBe(0);
    expect([...state.shapes.counts.values()].every((count) => count === 0)).toBe(true);
  });

  it("a suggestion that is accepted is an answer at once", async () => {
    const offered: Box = { kind: "box", x: 1, y: 2, width: 30, height: 40, label: "cat", field: "boxes", id: "s1", score: 0.5, source: "m" };
    await open([BOXES], { suggestions: [offered, { ...offered, id: "s2", x: 60 }] });
    expect(state.shapes.suggested.map(({ id }) => id)).toEqual(["s1", "s2"]);
    state.run("accept");
    expect(state.shapes.ordered.map(({ id, suggested }) => [id, suggested])).toEqual([["s1", false]]);
    expect(state.selected.value).toEqual(["s2"]);
    expect(state.shapes.near.size).toBe(2);
    state.run("reject");
    expect(state.shapes.near.size).toBe(1);
    expect(answers()).toMatchObject([{ id: "s1", source: "m", score: 0.5 }]);
    // a person's hand makes it a person's
    state.select(["s1"]);
    state.run("right");
    expect(answers()[0]).not.toHaveProperty("score");
  });

  it("the wand's last region follows the tolerance, as one shape", async () => {
    await open([MASKS]);
    state.pick("wand");
    // a ramp: red is twice the column
    state.pixels = ({ x, y, width, height }) => ({
      x, y, width, height, data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, n) => n % 4 ? 255 : 2 * (Math.floor(n / 4) % width)),
    });
    const area = (): number => {
      const [mask, ...more] = answers();
      expect(more).toEqual([]);
      return mask?.kind === "mask" ? mask.counts.reduce((sum, run, n) => sum + (n % 2 ? run : 0), 0) : 0;
    };
    state.tolerance.value = 20;
    click(50.5, 50.5);
    expect(area()).toBe(21 * 100);
    const key = (action: string): boolean => state.first(action, null) || state.run(action);
    key("larger");
    expect(area()).toBe(25 * 100);
    key("smaller");
    key("smaller");
    expect(area()).toBe(17 * 100);
    page.engine.undo();
    key("larger");
    expect(area()).toBe(21 * 100);
  });

  it("nothing that was begun goes over to the next item", async () => {
    await open([POLYGONS]);
    click(10, 10);
    click(50, 10);
    page.engine.next();
    expect(state.held.value.busy).toBe(false);
    click(10, 10);
    expect(state.held.value.busy).toBe(true);
  });

  it("escape steps out, level by level", async () => {
    await open([BOXES]);
    label("cat");
    state.run("right");
    expect(state.cursor.value).not.toBeNull();
    click(10, 10);
    expect(state.escape()).toBe(true);
    expect(state.held.value.busy).toBe(false);
    expect(state.escape()).toBe(true);
    expect(state.cursor.value).toBeNull();
    expect(state.escape()).toBe(true);
    expect(state.tool.value).toBe("select");
    expect(state.escape()).toBe(false);
  });
});
