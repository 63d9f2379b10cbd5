// @vitest-environment jsdom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { audioActions } from "../src/audio/actions";
import { crossing } from "../src/audio/snap";
import { AudioState } from "../src/audio/state";
import { clock, seconds } from "../src/audio/time";
import { Keymap } from "../src/core/keymap";
import type { AnyAnnotation, Schema, Segment } from "../src/core/protocol";
import { COMMON, labelActions } from "../src/shell/actions";
import { FakeStore, Line } from "./fake-kernel";
import { fakeClock, freshStorage, Page, pass, turns } from "./page";
import { TextKernel } from "./text-world";

const LABELS = [{ name: "speech", hotkey: "1", color: "#0072b2", attributes: [{ name: "loud", type: "bool" }] }, { name: "music", hotkey: "2", color: "#d55e00" }];
const SOUNDS = { kind: "segments", name: "sounds", labels: LABELS };
const WORDS = { kind: "segments", name: "words", labels: [], transcript: true, overlap: false };
const CHOICES = { kind: "choices", name: "noise", labels: [{ name: "low" }, { name: "high" }] };

function schema(...fields: object[]): Schema {
  return { version: 1, fields: fields as Schema["fields"] };
}

describe("keys of recordings", () => {
  it("no two actions want the same key, and every action has one", () => {
    for (const fields of [schema({ ...SOUNDS, tiers: "label" }, WORDS), schema(SOUNDS), schema(CHOICES), schema({ kind: "texts", name: "transcript" })]) {
      const keymap = new Keymap({ ...COMMON, ...audioActions(fields, {}), ...labelActions(fields) });
      expect(keymap.problems).toEqual([]);
      const bound = keymap.describe();
      expect(bound.filter(({ lost }) => lost.length > 0)).toEqual([]);
      expect(bound.filter(({ chords }) => chords.length === 0).map(({ action }) => action)).toEqual([]);
      expect(new Set(bound.map(({ words }) => words)).size).toBe(bound.length);
    }
  });
});

describe("times", () => {
  it("are written and read alike", () => {
    for (const [value, words] of [[0, "0:00.000"], [62.3451, "1:02.345"], [3600.5, "1:00:00.500"], [59.9996, "1:00.000"]] as const) expect(clock(value)).toBe(words);
    for (const [words, value] of [["12.5", 12.5], ["1:02.5", 62.5], ["1:00:02", 3602], [" .5 s", 0.5], ["1,25", 1.25], ["x", null], ["", null], ["1:2:3:4", null]] as const) {
      expect(seconds(words)).toBe(value);
    }
  });

  it("snap to the nearest zero crossing", () => {
    const wave = Float32Array.from({ length: 100 }, (_, n) => Math.sin((n + 0.5) * 2 * Math.PI / 20));
    expect(crossing(wave, 27)).toBe(30);
    expect(crossing(wave, 43)).toBe(40);
    expect(crossing(Float32Array.of(1, 1), 0)).toBeNull();
  });
});

describe("audio state", () => {
  let page: Page;
  let state: AudioState;
  const said: string[] = [];

  const open = async (fields: object[], given: { suggestions?: AnyAnnotation[]; channels?: number; options?: Record<string, unknown> } = {}): Promise<void> => {
    const kernel = new TextKernel(new FakeStore(), { items: 3, schema: schema(...fields) });
    kernel.extra = { data: { name: "a.wav", rate: 8000, channels: given.channels ?? 1, frames: 80_000, exact: true, rev: "1", note: "" } };
    kernel.offered = { item0: given.suggestions ?? [] };
    kernel.welcome = { options: given.options ?? {} };
    page = new Page(new Line(kernel));
    await turns();
    await pass(20);
    await pass(20);
    state = new AudioState(page.engine, page.scope);
    state.viewport.resize(1000);
    state.viewport.open(10, 8000);
    said.length = 0;
    state.say = (words) => said.push(words);
    state.keys = (action) => action;
  };

  beforeEach(() => {
    fakeClock();
    freshStorage();
  });
  afterEach(() => {
    page.close();
    vi.useRealTimers();
  });

  const answers = (): readonly Segment[] => page.engine.view.value.annotations as Segment[];
  const held = (): string[] => answers().map(({ label, start, end, text }) => `${label} ${start}-${end}${text ? ` “${text}”` : ""}`);
  const label = (name: string): void => {
    for (const field of state.fields.value) for (const one of field.labels ?? []) if (one.name === name) state.label(field, one);
  };
  const make = (start: number, end: number, more: object = {}): boolean => state.making.make({ start, end, channel: null, low: null, high: null, ...more });
  const put = (...list: Partial<Segment>[]): void => {
    page.engine.edit(list.map((one, n) => ({ kind: "segment", field: "sounds", label: "speech", start: 0, end: 1, id: `s${n}`, ...one }) as Segment));
  };
  const at = (time: number): void => state.seek(time);

  it("marks by keys at the play-head, on whole frames", async () => {
    await open([SOUNDS]);
    label("speech");
    at(1.00003);
    state.run("start");
    at(2.5);
    expect(state.run("end")).toBe(true);
    expect(held()).toEqual(["speech 1-2.5"]);
    expect(state.begun.value).toBeNull();
    expect(state.selected.value).toEqual([answers()[0]?.id]);
    // the next one, from behind to before
    at(5);
    state.run("start");
    state.run("left");
    state.run("fine_left");
    state.run("end");
    expect(held()[1]).toBe("speech 3.99-5");
    expect(said.at(-1)).toContain("speech: 0:03.990 – 0:05.000");
  });

  it("asks for a label where none is clear, and takes it by its key", async () => {
    await open([SOUNDS]);
    expect(make(1, 2)).toBe(true);
    expect(answers()).toEqual([]);
    expect(state.stretch.value?.asks).toBe(true);
    expect(state.first("submit", null)).toBe(true);
    label("music");
    expect(held()).toEqual(["music 1-2"]);
    expect(state.stretch.value).toBeNull();
    // that label was for this one only
    expect(state.current.value).toBeNull();
    make(3, 4);
    expect(state.escape()).toBe(true);
    expect(state.stretch.value).toBeNull();
    expect(answers().length).toBe(1);
  });

  it("one label, or none, needs no choosing", async () => {
    await open([WORDS]);
    expect(state.current.value).toEqual({ field: "words", label: "" });
    make(1, 2);
    expect(held()).toEqual([" 1-2"]);
    expect("label" in (answers()[0] as object) && answers()[0]?.label).toBe("");
  });

  it("refuses overlaps where the field forbids them, and says why", async () => {
    await open([WORDS]);
    make(1, 3);
    expect(make(2, 4)).toBe(false);
    expect(state.refused.value).toContain("overlap");
    // side by side is not over one another
    expect(make(3, 4)).toBe(true);
    state.select([answers()[0]?.id ?? ""]);
    at(3.5);
    state.run("set_end");
    expect(held()).toEqual([" 1-3", " 3-4"]);
    expect(state.making.room(state.fields.value[0] as never, "words|", 2, new Set([answers()[0]?.id ?? ""]))).toEqual([0, 3]);
    // an event inside of another counts, at its edge it does not
    expect(make(2, 2)).toBe(false);
    expect(make(1, 1)).toBe(true);
  });

  it("labels of one field may share time if they have rows of their own", async () => {
    await open([{ ...SOUNDS, tiers: "label", overlap: false }]);
    expect(state.rows.value.map(({ name }) => name)).toEqual(["speech", "music"]);
    make(1, 3, { label: "speech" });
    expect(make(2, 4, { label: "music" })).toBe(true);
    expect(make(2, 4, { label: "speech" })).toBe(false);
    expect(state.marks.all.map(({ tier }) => tier)).toEqual([0, 1]);
    // and cannot be given the label of what they lie over
    state.select([answers()[1]?.id ?? ""]);
    label("speech");
    expect(held()).toEqual(["speech 1-3", "music 2-4"]);
  });

  it("channels have rows, and one for what is of all of them", async () => {
    await open([{ ...SOUNDS, tiers: "channel" }], { channels: 2 });
    label("speech");
    make(1, 2, { channel: 1 });
    expect(answers()[0]?.channel).toBe(1);
    expect(state.rows.value.map(({ name }) => name)).toEqual(["Left", "Right"]);
    put({ id: "all" });
    expect(state.rows.value.map(({ name }) => name)).toEqual(["Left", "Right", "All channels"]);
    expect(state.marks.get("all")?.tier).toBe(2);
    // keys take it to another one
    state.select(["all"]);
    state.run("row_up");
    expect(answers()[1]?.channel).toBe(1);
    state.run("row_up");
    state.run("row_up");
    expect(answers()[1]?.channel).toBe(0);
    expect(state.refused.value).toContain("no other row");
  });

  it("events have no length; frequencies only where they are asked for", async () => {
    await open([{ ...SOUNDS, events: false }, { ...WORDS, frequency: true }]);
    label("speech");
    expect(make(1, 1, { low: 100, high: 200 })).toBe(true);
    expect(answers()[0]).toMatchObject({ field: "words", low: 100, high: 200 });
    make(2, 3, { low: 100, high: 200 });
    expect(answers()[1]?.low).toBeUndefined();
    at(4);
    state.run("event");
    expect(answers().length).toBe(3);
  });

  it("splits and merges; the text stays", async () => {
    await open([SOUNDS]);
    put({ start: 1, end: 5, text: "one two", id: "a" });
    at(3);
    state.run("split");
    expect(held()).toEqual(["speech 1-3 “one two”", "speech 3-5"]);
    state.edits.text(state.only() as never, "three");
    state.run("select_all");
    state.run("merge");
    expect(held()).toEqual(["speech 1-5 “one two three”"]);
    page.engine.undo();
    expect(held().length).toBe(2);
    // alone, with the next one
    state.select(["a"]);
    state.run("merge");
    expect(held()).toEqual(["speech 1-5 “one two three”"]);
    state.run("merge");
    expect(state.refused.value).toContain("behind");
    at(8);
    state.run("split");
    expect(state.refused.value).toContain("no segment");
  });

  it("a merge that would lie over something else is refused", async () => {
    await open([{ ...SOUNDS, overlap: false }]);
    put({ start: 1, end: 2 }, { start: 3, end: 4, label: "music" }, { start: 5, end: 6 });
    state.select(["s0", "s2"]);
    state.run("merge");
    expect(state.refused.value).toContain("music");
    expect(answers().length).toBe(3);
  });

  it("fills gaps, and labels the rest", async () => {
    await open([SOUNDS]);
    put({ start: 1, end: 2 }, { start: 3, end: 4 }, { start: 6, end: 7 });
    state.select(["s0", "s1"]);
    state.run("fill");
    expect(held()).toEqual(["speech 1-3", "speech 3-4", "speech 6-7"]);
    state.select(["s2"]);
    state.run("fill");
    expect(held()[2]).toBe("speech 4-10");
    state.escape();
    label("music");
    state.run("rest");
    expect(held()[3]).toBe("music 0-1");
    expect(answers().length).toBe(4);
    state.run("rest");
    expect(said.at(-1)).toContain("no rest");
  });

  it("copies to the play-head, duplicates behind, moves as one", async () => {
    await open([{ ...SOUNDS, overlap: false }]);
    put({ start: 1, end: 2, text: "a" }, { start: 2, end: 3 });
    state.run("select_all");
    state.run("copy");
    at(5);
    state.run("paste");
    expect(held().slice(2)).toEqual(["speech 5-6 “a”", "speech 6-7"]);
    state.run("later");
    state.run("later");
    expect(held().slice(2)).toEqual(["speech 5.02-6.02 “a”", "speech 6.02-7.02"]);
    state.select(["s0"]);
    state.run("duplicate");
    expect(state.refused.value).toContain("overlap");
    at(9.5);
    state.run("paste");
    // what does not fit as a whole ends with the recording
    expect(held().slice(4)).toEqual(["speech 9.5-10 “a”"]);
    const events = page.engine.view.value.annotations.length;
    page.engine.undo();
    expect(page.engine.view.value.annotations.length).toBe(events - 1);
  });

  it("keys relabel what is selected, but not what was just made", async () => {
    await open([SOUNDS]);
    put({ attributes: { loud: true }, score: 0.5, source: "vad" });
    state.select(["s0"]);
    label("music");
    expect(answers()[0]).toEqual({ kind: "segment", field: "sounds", label: "music", start: 0, end: 1, id: "s0", attributes: {} });
    state.escape();
    label("speech");
    make(4, 5);
    label("music");
    expect(held()).toEqual(["music 0-1", "speech 4-5"]);
    expect(state.current.value?.label).toBe("music");
  });

  it("what was just made is like any other once it is selected again, or written in", async () => {
    await open([{ ...SOUNDS, transcript: true }]);
    for (const select of [() => state.run("next_segment"), () => state.run("previous_segment"), () => state.select([answers()[0]?.id ?? ""])]) {
      label("speech");
      make(1, 2);
      select();
      label("music");
      expect(held()).toEqual(["music 1-2"]);
      page.engine.undo();
      page.engine.undo();
    }
    state.escape();
    label("speech");
    make(1, 2);
    state.run("transcript");
    state.edits.text(state.only() as never, "la");
    label("music");
    expect(held()).toEqual(["music 1-2 “la”"]);
  });

  it("steps through segments in time; the play-head goes along", async () => {
    await open([SOUNDS]);
    put({ start: 4, end: 5 }, { start: 1, end: 2 });
    at(3);
    state.run("next_segment");
    expect(state.selected.value).toEqual(["s0"]);
    expect(state.head).toBe(4);
    state.run("previous_segment");
    expect(state.selected.value).toEqual(["s1"]);
    state.run("previous_segment");
    expect(said.at(-1)).toContain("first");
    at(1.5);
    state.run("edge_right");
    expect(state.head).toBe(2);
    state.run("edge_left");
    expect(state.head).toBe(1);
  });

  it("suggestions: one by one, all at once, and none that would overlap", async () => {
    const offered: Segment[] = [
      { kind: "segment", field: "sounds", label: "speech", start: 1, end: 2, id: "a", score: 0.9, source: "vad" },
      { kind: "segment", field: "sounds", label: "speech", start: 1.5, end: 3, id: "b", score: 0.4, source: "vad" },
      { kind: "segment", field: "sounds", label: "music", start: 5, end: 6, id: "c", score: 0.7, source: "vad" },
    ];
    await open([{ ...SOUNDS, overlap: false }], { suggestions: offered });
    expect(state.marks.suggested.length).toBe(3);
    state.run("accept_all");
    expect(held()).toEqual(["speech 1-2", "music 5-6"]);
    expect(state.refused.value).toContain("1 would overlap");
    expect(answers()[0]).toMatchObject({ score: 0.9, source: "vad" });
    state.run("accept");
    expect(answers().length).toBe(2);
    state.run("reject");
    expect(state.selected.value).toEqual(["b"]);
    state.run("reject");
    expect(state.marks.suggested).toEqual([]);
  });

  it("changing a suggestion makes it a person's", async () => {
    await open([SOUNDS], { suggestions: [{ kind: "segment", field: "sounds", label: "speech", start: 1, end: 2, id: "a", score: 0.9, source: "vad" }] });
    state.select(["a"]);
    at(2.5);
    state.run("set_end");
    expect(answers()).toEqual([{ kind: "segment", field: "sounds", label: "speech", start: 1, end: 2.5, id: "a" }]);
    expect(state.marks.suggested).toEqual([]);
  });

  it("follows the options it was opened with", async () => {
    await open([SOUNDS], { options: { spectrogram: true, window: 9, scale: "linear", range: [-90, -20], follow: false, speed: 1.5 } });
    expect(state.spectrogram.value).toMatchObject({ on: true, window: 9, scale: "linear", low: -90, high: -20 });
    expect(state.follow.value).toBe(false);
    expect(state.player.speed.value).toBe(1.5);
    expect("spectrogram" in audioActions(schema(SOUNDS), { spectrogram: false })).toBe(false);
  });

  it("what is locked stays as it is, whatever is tried", async () => {
    await open([{ ...SOUNDS, transcript: true }]);
    put({ start: 1, end: 3 }, { start: 5, end: 6 });
    state.select(["s0"]);
    state.run("lock");
    expect(state.only()?.locked).toBe(true);
    at(2);
    for (const action of ["set_start", "set_end", "earlier", "later", "split", "merge", "fill", "delete", "transcript"]) {
      state.run(action);
      expect([action, held(), state.refused.value]).toEqual([action, ["speech 1-3", "speech 5-6"], action === "merge" ? "Some of them are locked" : "It is locked"]);
    }
    label("music");
    state.edits.text(state.only() as never, "no");
    state.run("select_all");
    state.run("later");
    expect(state.refused.value).toContain("Some");
    expect(held()).toEqual(["speech 1-3", "speech 5-6"]);
    // the others can be deleted, and an unlocked one again, too
    state.run("delete");
    expect(held()).toEqual(["speech 1-3"]);
    state.run("show_all");
    state.select(["s0"]);
    state.run("delete");
    expect(held()).toEqual([]);
  });

  it("what is hidden is passed over, but still in the way", async () => {
    await open([{ ...SOUNDS, overlap: false }]);
    put({ start: 1, end: 2 }, { start: 3, end: 4 }, { start: 5, end: 6 });
    state.select(["s1"]);
    state.run("hide");
    expect(state.marks.get("s1")?.hidden).toBe(true);
    expect(state.marks.near.within(3, 4)).toEqual([]);
    state.select(["s0"]);
    state.run("next_segment");
    expect(state.selected.value).toEqual(["s2"]);
    state.run("select_all");
    expect(state.selected.value).toEqual(["s0", "s2"]);
    state.escape();
    label("speech");
    expect(make(3.5, 4.5)).toBe(false);
    expect(state.refused.value).toContain("overlap");
    state.run("solo");
    expect(state.refused.value).toContain("Select");
    // alone, with what is made then
    state.select(["s0"]);
    state.run("solo");
    state.escape();
    label("speech");
    make(7, 8);
    expect(state.marks.all.filter(({ hidden }) => !hidden).map(({ start }) => start)).toEqual([1, 7]);
    state.run("show_all");
    expect(state.marks.all.some(({ hidden }) => hidden)).toBe(false);
  });

  it("a row is chosen by keys: segments of keys go there, and all of it is hidden and locked", async () => {
    await open([{ ...SOUNDS, tiers: "channel" }], { channels: 3 });
    label("speech");
    state.run("row_down");
    expect(state.row.value?.name).toBe("Channel 1");
    state.run("row_down");
    state.run("row_down");
    state.run("row_down");
    expect(state.row.value?.name).toBe("Channel 3");
    state.run("row_up");
    state.run("start");
    at(1);
    state.run("end");
    state.escape();
    at(2);
    state.run("event");
    expect(answers().map(({ channel, label, start, end }) => [channel, label, start, end])).toEqual([[1, "speech", 0, 1], [1, "speech", 2, 2]]);
    state.escape();
    state.run("hide");
    state.run("lock");
    expect(state.marks.all.every(({ hidden, locked }) => hidden && locked)).toBe(true);
    state.run("hide");
    expect(state.marks.all.some(({ hidden }) => hidden)).toBe(false);
    state.escape();
    expect(state.row.value).toBeUndefined();
    state.run("lock");
    expect(state.refused.value).toContain("choose a row");
  });

  it("the row of a label is its label, the row of a field asks for one of its own", async () => {
    await open([{ ...SOUNDS, tiers: "label" }, { ...SOUNDS, name: "more", labels: [{ name: "a" }, { name: "b" }] }]);
    state.run("row_down");
    state.run("row_down");
    expect(state.current.value?.label).toBe("music");
    label("speech");
    expect(state.row.value).toBeUndefined();
    state.run("row_up");
    expect(state.row.value?.name).toBe("more");
    state.run("event");
    expect(state.stretch.value?.fields.map(({ name }) => name)).toEqual(["more"]);
    label("b");
    expect(answers()).toMatchObject([{ field: "more", label: "b" }]);
  });

  it("an edit of one in 10,000 keeps all others as they are", async () => {
    await open([SOUNDS]);
    put(...Array.from({ length: 10_000 }, (_, n) => ({ id: `n${n}`, start: n / 1000, end: n / 1000 + 0.0005 })));
    const before = state.marks.get("n5");
    put({ id: "n7", start: 0.007, end: 0.0072 });
    expect(state.marks.get("n5")).toBe(before);
    expect(state.marks.get("n7")?.end).toBe(0.0072);
    expect(state.marks.near.within(5, 5.001).length).toBe(2);
  });

  it("whatever is done, segments stay on frames, in the recording, and apart where they must; and all of it is undone", async () => {
    const actions = [
      "start", "end", "event", "set_start", "set_end", "earlier", "later", "next_segment", "previous_segment", "select_all", "split", "merge", "fill", "rest", "delete",
      "copy", "paste", "duplicate", "lock", "hide", "solo", "show_all", "row_down", "row_up", "left", "right", "far_right", "fine_left", "fine_right", "first", "last", "edge_left", "edge_right", "accept", "accept_all", "reject",
    ];
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...actions).map((action) => ({ action })) },
      { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 })).map(([a, b]) => ({ from: a / 100, to: b / 100 })) },
      { weight: 1, arbitrary: fc.constantFrom("speech", "music").map((name) => ({ name })) },
    );
    const offered: Segment[] = [1, 3, 3.5, 8].map((start, n) => ({ kind: "segment", field: "sounds", label: n % 2 ? "music" : "speech", start, end: start + 1, id: `o${n}`, score: n / 4 }));
    await fc.assert(fc.asyncProperty(fc.constantFrom("field", "label"), fc.boolean(), fc.array(step, { maxLength: 40 }), async (tiers, events, steps) => {
      freshStorage();
      await open([{ ...SOUNDS, tiers, events, overlap: false }], { suggestions: offered });
      for (const one of steps) {
        if ("action" in one) state.run(one.action);
        else if ("name" in one) label(one.name);
        else make(Math.min(one.from, one.to), Math.max(one.from, one.to));
      }
      const all = [...answers()].sort((a, b) => a.start - b.start || a.end - b.end);
      const whole = (time: number): boolean => Math.abs(time * 8000 - Math.round(time * 8000)) < 1e-6;
      for (const { start, end } of all) expect(whole(start) && whole(end) && start >= 0 && end <= 10 && (events ? start <= end : start < end)).toBe(true);
      for (const of of tiers === "label" ? ["speech", "music"] : [""]) {
        const group = all.filter(({ label }) => of === "" || label === of);
        for (let n = 1; n < group.length; n++) expect((group[n] as Segment).start).toBeGreaterThanOrEqual((group[n - 1] as Segment).end);
      }
      expect(state.marks.ordered.length).toBe(all.length);
      expect(state.selected.value.every((id) => state.marks.get(id))).toBe(true);
      while (page.engine.canUndo.value) page.engine.undo();
      expect(answers()).toEqual([]);
      page.close();
    }), { numRuns: 60 });
  }, 60_000);
});
