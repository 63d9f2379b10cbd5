// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Schema } from "../src/core/protocol";
import { fakeClock, freshStorage, pass } from "./page";
import { openText, span, type TextOptions, type TextWorld } from "./text-world";

const SPANS = {
  kind: "spans", name: "spans",
  labels: [{ name: "PER", hotkey: "1" }, { name: "ORG", hotkey: "2" }, { name: "LOC", hotkey: "l" }],
} as const;
const RELATIONS = { kind: "relations", name: "relations", labels: [{ name: "in", hotkey: "i" }, { name: "of", hotkey: "o" }] } as const;

function schema(...fields: object[]): Schema {
  return { version: 1, fields: fields as Schema["fields"] };
}

describe("text state", () => {
  let world: TextWorld;
  const open = async (options: Partial<TextOptions> = {}): Promise<TextWorld> => {
    world = await openText({ schema: schema(SPANS, RELATIONS), texts: ["Ann met Bob in Rome. Ann left."], ...options });
    return world;
  };

  beforeEach(() => {
    fakeClock();
    freshStorage();
  });
  afterEach(() => {
    world.close();
    vi.useRealTimers();
  });

  const ids = (): string[] => world.page.engine.view.value.annotations.map((one) => one.id ?? "");

  it("keys alone mark words: move, extend, apply", async () => {
    const { press, answers, state } = await open();
    press("ArrowRight", "1");
    press("ArrowRight", "ArrowRight", "1");
    press("ArrowRight", "ArrowRight", "shift+ArrowLeft", "l");
    expect(answers()).toEqual(["PER 0-3", "PER 8-11", "LOC 12-19"]);
    expect(state.selected.value).toBeNull();
  });

  it("a label's key is the current label while nothing is selected", async () => {
    const { press, state, answers } = await open();
    press("2");
    expect(state.current.value).toEqual({ field: "spans", label: "ORG" });
    state.take({ start: 8, end: 11 });
    state.word(16);
    expect(answers()).toEqual(["ORG 8-11", "ORG 15-19"]);
    press("2");
    expect(state.current.value).toBeNull();
    state.take({ start: 0, end: 3 });
    expect(state.menu.value).toBe(true);
    expect(answers()).toHaveLength(2);
    press("1");
    expect(answers()).toContain("PER 0-3");
    expect(state.menu.value).toBe(false);
  });

  it("the only label is current from the start", async () => {
    const { state } = await open({ schema: schema({ ...SPANS, labels: [{ name: "PER" }] }) });
    expect(state.current.value?.label).toBe("PER");
  });

  it("the same mark is not made twice, and a marked word is left alone by a double click", async () => {
    const { state, answers } = await open();
    const ref = { field: "spans", label: "PER" };
    state.make({ start: 0, end: 3 }, ref);
    state.make({ start: 0, end: 3 }, ref);
    state.current.value = ref;
    state.word(1);
    expect(answers()).toEqual(["PER 0-3"]);
    state.current.value = { field: "spans", label: "ORG" };
    state.word(1);
    expect(answers()).toEqual(["PER 0-3", "ORG 0-3"]);
  });

  it("offsets are code points on the wire", async () => {
    const { press, answers } = await open({ texts: ["👩‍👩‍👧‍👦 Zoe\u0308 👍🏽x"] });
    press("ArrowRight", "ArrowRight", "1");
    expect(answers()).toEqual(["PER 8-12"]);
    press("ArrowRight", "1");
    expect(answers()[1]).toBe("PER 13-15");
  });

  it("a click selects, the next click goes on to what lies below", async () => {
    const { state } = await open();
    const inner = state.make({ start: 8, end: 11 }, { field: "spans", label: "PER" });
    const outer = state.make({ start: 4, end: 19 }, { field: "spans", label: "ORG" });
    state.click(9);
    expect(state.selected.value).toBe(inner);
    state.click(9);
    expect(state.selected.value).toBe(outer);
    state.click(9);
    expect(state.selected.value).toBe(inner);
    state.click(5);
    expect(state.selected.value).toBe(outer);
    state.click(1);
    expect(state.selected.value).toBeNull();
    expect(state.selection()).toEqual({ start: 0, end: 3 });
  });

  it("a selected span is relabelled, resized and deleted by key", async () => {
    const { state, press, answers } = await open();
    state.make({ start: 8, end: 11 }, { field: "spans", label: "PER" });
    press(".");
    press("2");
    expect(answers()).toEqual(["ORG 8-11"]);
    press("shift+ArrowRight", "shift+ArrowRight");
    expect(answers()).toEqual(["ORG 8-19"]);
    press("alt+shift+ArrowLeft");
    expect(answers()).toEqual(["ORG 8-18"]);
    press("ctrl+shift+ArrowLeft");
    expect(answers()).toEqual(["ORG 4-18"]);
    press("Delete");
    expect(answers()).toEqual([]);
    expect(press("Delete")).toBe(true);
  });

  it("in a row from right to left the left arrow goes on", async () => {
    const { press, answers } = await open({ texts: ["שלום עולם"] });
    press("ArrowRight", "ArrowLeft", "1");
    expect(answers()).toEqual(["PER 5-9"]);
    press("ArrowRight", "2");
    expect(answers()[1]).toBe("ORG 0-4");
  });

  it("all matches are marked at once, and undone at once", async () => {
    const { state, press, answers, page } = await open();
    state.make({ start: 0, end: 3 }, { field: "spans", label: "PER" });
    press(".", "m");
    expect(answers()).toEqual(["PER 0-3", "PER 21-24"]);
    page.engine.undo();
    expect(answers()).toEqual(["PER 0-3"]);
  });

  it("where spans must not overlap the new one takes the place of the old", async () => {
    const { state, answers } = await open({ schema: schema({ ...SPANS, overlap: false }, RELATIONS) });
    state.make({ start: 0, end: 3 }, { field: "spans", label: "PER" });
    state.make({ start: 15, end: 19 }, { field: "spans", label: "LOC" });
    state.make({ start: 0, end: 11 }, { field: "spans", label: "ORG" });
    expect(answers()).toEqual(["LOC 15-19", "ORG 0-11"]);
    const loc = state.doc.value?.marks.ordered[1];
    if (loc) state.resize(loc, { start: 8, end: 19 });
    expect(answers()).toEqual(["LOC 8-19"]);
  });

  it("relations by key: head, target, label; they go with their spans and come back with them", async () => {
    const { state, press, answers, page } = await open();
    state.make({ start: 8, end: 11 }, { field: "spans", label: "PER" });
    state.make({ start: 15, end: 19 }, { field: "spans", label: "LOC" });
    const [bob, rome] = ids();
    state.select(bob as string);
    press("r", ".", "i");
    expect(answers()[2]).toBe(`in ${bob}>${rome}`);
    press("r", ".", "i");
    expect(answers()).toHaveLength(3);
    state.select(rome as string);
    press("Delete");
    expect(answers()).toEqual(["PER 8-11"]);
    page.engine.undo();
    expect(answers().sort()).toEqual(["LOC 15-19", "PER 8-11", `in ${bob}>${rome}`]);
  });

  it("relations by pointer: the label is asked for, and Enter takes the last one", async () => {
    const { state, press, answers } = await open();
    for (const [start, end] of [[0, 3], [8, 11], [15, 19]] as const) state.make({ start, end }, { field: "spans", label: "PER" });
    const [ann, bob, rome] = ids();
    state.click(9);
    press("r");
    state.click(16);
    expect(state.menu.value).toBe(true);
    press("o");
    expect(answers()[3]).toBe(`of ${bob}>${rome}`);
    press("r");
    state.click(null, ann);
    press("Enter");
    expect(answers()[4]).toBe(`of ${bob}>${ann}`);
    press("r");
    state.click(9);
    expect(state.relating.value?.target).toBeNull();
  });

  it("Escape steps out one level at a time, then it is the notebook's", async () => {
    const { state, press } = await open();
    state.make({ start: 0, end: 3 }, { field: "spans", label: "PER" });
    press(".", "r");
    expect(state.relating.value).not.toBeNull();
    expect(press("Escape")).toBe(true);
    expect(state.relating.value).toBeNull();
    expect(state.selected.value).not.toBeNull();
    expect(press("Escape")).toBe(true);
    expect(press("Escape")).toBe(false);
    state.offer({ start: 4, end: 7 });
    expect(press("Escape")).toBe(true);
    expect(state.menu.value).toBe(false);
    expect(press("Escape")).toBe(false);
  });

  const suggestions = [
    span("m1", 0, 3, "PER", { score: 0.9, source: "model" }), span("m2", 8, 11, "PER", { score: 0.5, source: "model" }),
    span("m3", 8, 19, "ORG", { score: 0.7, source: "model" }),
    { kind: "relation", id: "m4", head: "m1", child: "m3", label: "in", field: "relations", score: 0.4, source: "model" },
  ] as const;

  it("suggestions are accepted one by one or all, rejected, and never answers by themselves", async () => {
    const { press, answers, state, page } = await open({ suggestions });
    expect(answers()).toEqual([]);
    press("a");
    expect(answers()).toEqual(["PER 0-3"]);
    expect(page.engine.view.value.annotations[0]).toMatchObject({ id: "m1", score: 0.9, source: "model" });
    expect(state.selected.value).toBe("m3"); // on to the next one, longer spans first
    press("x");
    expect(page.engine.suggestions.value.map((one) => one.id)).toEqual(["m2"]);
    expect(state.selected.value).toBe("m2");
    press("Escape", "x"); // what is not looked at is shown, not rejected
    expect(state.selected.value).toBe("m2");
    expect(page.engine.suggestions.value).toHaveLength(1);
    press("Escape", "shift+a");
    expect(answers()).toEqual(["PER 0-3", "PER 8-11"]);
    expect(page.engine.suggestions.value).toEqual([]);
  });

  it("accepting a relation accepts its ends; rejecting a span rejects its relations", async () => {
    const { state, answers, page } = await open({ suggestions });
    state.accept(["m4"]);
    expect(answers().sort()).toEqual(["ORG 8-19", "PER 0-3", "in m1>m3"]);
    page.engine.undo();
    expect(answers()).toEqual([]);
    state.reject(["m3"]);
    expect(page.engine.suggestions.value.map((one) => one.id)).toEqual(["m1", "m2"]);
  });

  it("all at once, the surer of two that exclude each other stays, and a person's mark before both", async () => {
    const { state, answers } = await open({ suggestions, schema: schema({ ...SPANS, overlap: false }, RELATIONS) });
    state.make({ start: 0, end: 7 }, { field: "spans", label: "LOC" });
    state.accept();
    expect(answers()).toEqual(["LOC 0-7", "ORG 8-19"]);
  });

  it("a suggestion that is changed is the person's own", async () => {
    const { state, press, page } = await open({ suggestions });
    state.select("m1");
    press("2");
    const [made] = page.engine.view.value.annotations;
    expect(made).toMatchObject({ id: "m1", label: "ORG" });
    expect(made?.source ?? "human").toBe("human");
    expect(made?.score ?? null).toBeNull();
  });

  it("attributes are kept with the label that has them", async () => {
    const labels = [{ name: "PER", hotkey: "1", attributes: [{ name: "sex" }, { name: "sure", type: "bool" }] }, { name: "ORG", hotkey: "2", attributes: [{ name: "sure", type: "bool" }] }];
    const { state, press, page } = await open({ schema: schema({ kind: "spans", name: "spans", labels }) });
    state.make({ start: 0, end: 3 }, { field: "spans", label: "PER" });
    expect(state.selected.value).not.toBeNull();
    const mark = (): ReturnType<typeof state.selectedMark> => state.selectedMark();
    state.setAttribute(mark()?.span as never, "sex", "f");
    state.setAttribute(mark()?.span as never, "sure", true);
    await pass(500);
    expect(page.engine.view.value.annotations[0]?.attributes).toEqual({ sex: "f", sure: true });
    press("2");
    expect(page.engine.view.value.annotations[0]).toMatchObject({ label: "ORG", attributes: { sure: true } });
    state.setAttribute(mark()?.span as never, "sure", null);
    expect(page.engine.view.value.annotations[0]?.attributes ?? {}).toEqual({});
  });

  it("another item has its own text, marks and cursor, but the same current label", async () => {
    const { state, press, page, answers } = await open({ texts: ["Ann", "Bob and Ann"] });
    press("1");
    state.take({ start: 0, end: 3 });
    page.engine.submit();
    expect(state.doc.value?.text).toBe("Bob and Ann");
    expect(answers()).toEqual([]);
    expect(state.cursor.value).toBeNull();
    expect(state.current.value?.label).toBe("PER");
    page.engine.previous();
    expect(state.doc.value?.marks.ordered.map((mark) => mark.start)).toEqual([0]);
  });

  it("all spans go at once, relations with them, and come back", async () => {
    const { state, press, answers, page } = await open({ suggestions });
    state.accept(["m4"]);
    press("ctrl+Backspace");
    expect(answers()).toEqual([]);
    page.engine.undo();
    expect(answers()).toHaveLength(3);
  });

  it("counts what stands in the item, by field and label", async () => {
    const { state } = await open();
    state.make({ start: 0, end: 3 }, { field: "spans", label: "PER" });
    state.make({ start: 8, end: 11 }, { field: "spans", label: "PER" });
    expect(state.counts.value.get("label:spans:PER")).toBe(2);
  });

  it("without spans there is no cursor: arrows go to the neighbours", async () => {
    const { state } = await open({ schema: schema({ kind: "choices", name: "mood", labels: [{ name: "good" }, { name: "bad" }] }) });
    expect(Object.keys(state.actions.value).sort()).toEqual(["accept_all", "next", "previous"]);
    expect(state.actions.value["next"]?.keys).toContain("right");
    expect(state.run("left")).toBe(false);
  });
});
