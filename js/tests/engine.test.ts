// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import type { AnyAnnotation, Span } from "../src/core/protocol";
import { FakeKernel, FakeStore, Line, SCHEMA } from "./fake-kernel";
import { Page, pass, turns, type World, worlds } from "./page";

const span = (id: string, start = 0, end = 3): Span => ({ kind: "span", id, field: "spans", start, end, label: "ORG" });

const { world, pages } = worlds();

describe("opening", () => {
  it("shows the first item with all that the kernel said", async () => {
    const { engine } = await world();
    expect(engine.ready.value).toBe(true);
    expect(engine.item.value?.id).toBe("item0");
    expect(engine.total.value).toBe(30);
    expect(engine.schema.value.fields.map((field) => field.name)).toEqual(["spans", "mood", "note"]);
    expect(engine.save.value).toMatchObject({ kind: "saved", words: "Saved", unsaved: 0 });
    expect(engine.place.value).toBe("labels.db");
  });

  it("asks again when the first words are lost", async () => {
    const line = new Line(new FakeKernel(new FakeStore()));
    let lost = 1;
    line.copies = () => (lost-- > 0 ? 0 : 1);
    const page = new Page(line);
    pages.push(page);
    await turns();
    await pass(60_000);
    expect(page.engine.ready.value).toBe(true);
  });

  it("says so when page and kernel are of different versions", async () => {
    const { engine } = await world({ version: 99 });
    expect(engine.ready.value).toBe(false);
    expect(engine.failure.value?.title).toMatch(/different versions/);
    expect(engine.failure.value?.hint).toMatch(/Run the cell again/);
  });
});

describe("answering", () => {
  it("goes on at once, and the kernel has it afterwards", async () => {
    const { engine, store, kernel } = await world();
    engine.edit([span("a")]);
    expect(engine.view.value).toMatchObject({ status: "draft", annotations: [span("a")] });
    expect(engine.submit()).toBeNull();
    expect(engine.item.value?.id).toBe("item1"); // in the same tick
    expect(engine.save.value).toMatchObject({ kind: "unsaved", unsaved: 2, words: "2 unsaved" });
    expect(engine.progress.value.submitted).toBe(1);
    await pass(50);
    expect(engine.save.value.kind).toBe("saved");
    expect(store.view("ann", "item0")).toMatchObject({ status: "submitted", annotations: [span("a")] });
    expect(kernel.index).toBe(1);
  });

  it("counts nothing twice while the kernel's word is on its way", async () => {
    const { engine } = await world();
    const seen: number[] = [];
    const stop = engine.progress.subscribe(({ submitted }) => seen.push(submitted));
    for (let n = 1; n <= 6; n++) {
      engine.submit();
      expect(Math.max(...seen)).toBe(n);
      await pass(n % 2 ? 50 : 0);
    }
    await pass(100);
    stop();
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(6);
  });

  it("sends little, whatever the number of items", async () => {
    const sizes: number[] = [];
    for (const items of [30, 3000]) {
      const { engine, line } = await world({ items });
      await pass(1000);
      line.sent = [];
      engine.edit([span("a")]);
      engine.submit();
      await pass(200);
      const sent = line.sent.filter((message) => message.type === "events");
      sizes.push(JSON.stringify(sent).length);
    }
    expect(Math.abs((sizes[0] ?? 0) - (sizes[1] ?? 0))).toBeLessThan(20);
    expect(sizes[0]).toBeLessThan(1024);
  });

  it("never waits while the kernel is busy", async () => {
    const { engine, line, store } = await world({ items: 200 });
    await pass(1000);
    line.busy = true;
    const seen: string[] = [];
    for (let n = 0; n < 20; n++) {
      expect(engine.submit()).toBeNull();
      seen.push(engine.item.value?.id ?? "-");
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => `item${n + 1}`));
    await pass(1500);
    expect(engine.save.value).toMatchObject({ kind: "busy", words: "Kernel busy, labels kept in this page (20 unsaved)" });
    await pass(20_000);
    line.busy = false;
    line.pump();
    await pass(500);
    expect(engine.save.value.kind).toBe("saved");
    expect(store.log.map(({ event }) => event.item)).toEqual(Array.from({ length: 20 }, (_, n) => `item${n}`));
    expect(store.log).toHaveLength(20);
  });

  it("says that it waits when the window ran dry, and goes on when it can", async () => {
    const { engine, line } = await world({ items: 200 });
    await pass(1000);
    line.busy = true;
    for (let n = 0; n < 60; n++) engine.submit();
    expect(engine.waiting.value).toBe(true);
    expect(engine.item.value).toBeNull();
    expect(engine.submit()?.title).toMatch(/no item/);
    const unsaved = engine.save.value.unsaved;
    line.busy = false;
    line.pump();
    await pass(2000);
    expect(engine.waiting.value).toBe(false);
    expect(engine.item.value?.id).toBe(`item${unsaved}`);
  });

  it("comes back to what was skipped when all else is done, then is finished", async () => {
    const { engine, store } = await world({ items: 6 });
    const visit: string[] = [];
    engine.submit();
    engine.skip(); // item1
    engine.submit();
    engine.skip(); // item3
    for (let n = 0; n < 4; n++) {
      visit.push(engine.item.value?.id ?? "-");
      expect(engine.finished.value).toBe(false);
      engine.submit();
      await pass(20);
    }
    expect(visit).toEqual(["item4", "item5", "item1", "item3"]);
    expect(engine.finished.value).toBe(true);
    expect(engine.item.value?.id).toBe("item3");
    await pass(100);
    expect(store.log.filter(({ event }) => event.action === "skip")).toHaveLength(2);
    engine.undo();
    expect(engine.finished.value).toBe(false);
  });

  it("stays when only the skipped item itself is left", async () => {
    const { engine } = await world({ items: 2 });
    engine.submit();
    engine.skip();
    expect(engine.item.value?.id).toBe("item1");
    expect(engine.finished.value).toBe(false);
  });

  it("skips through more items than one list of the kernel holds", async () => {
    const { engine } = await world({ items: 60 });
    const seen = new Set<string>();
    for (let n = 0; n < 60; n++) {
      seen.add(engine.item.value?.id ?? "-");
      engine.skip();
      await pass(300);
    }
    expect(seen.size).toBe(60);
    expect(engine.waiting.value).toBe(false);
    expect(engine.item.value?.id).toBe("item0");
  });

  it("finishes a long queue that the kernel hands out in parts", async () => {
    const { engine, kernel } = await world({ items: 75 });
    for (let n = 0; n < 75; n++) {
      expect(engine.submit()).toBeNull();
      await pass(n % 7 === 0 ? 200 : 3);
    }
    await pass(500);
    expect(engine.finished.value).toBe(true);
    expect(kernel.progress.submitted).toBe(75);
    expect(engine.progress.value).toEqual(kernel.progress);
  });

  it("goes through what is done already in the order of the queue", async () => {
    const { engine } = await world({ items: 3 });
    for (let n = 0; n < 3; n++) engine.submit();
    await pass(100);
    engine.goto(0);
    engine.submit();
    expect(engine.item.value?.id).toBe("item1");
    engine.submit();
    expect(engine.item.value?.id).toBe("item2");
  });

  it("checks the limits before it submits, and changes nothing", async () => {
    const schema = {
      version: 1,
      fields: [
        { ...SCHEMA.fields[0], min: 2 },
        { ...SCHEMA.fields[1], required: true },
      ],
    } as typeof SCHEMA;
    const { engine, store } = await world({ schema });
    expect(engine.submit()?.title).toBe("“spans” needs at least 2 answers, it has 0");
    engine.edit([span("a"), span("b", 4, 6)]);
    expect(engine.submit()?.title).toBe("“mood” needs an answer");
    const choice = (id: string, label: string): AnyAnnotation => ({ kind: "choice", id, field: "mood", label });
    engine.edit([choice("c", "good"), choice("d", "bad")]);
    expect(engine.submit()?.title).toBe("“mood” takes at most 1 answer, it has 2");
    engine.edit([], ["d"]);
    expect(engine.submit()).toBeNull();
    await pass(100);
    expect(store.log.filter(({ event }) => event.action === "submit")).toHaveLength(1);
  });

  it("discards, flags and comments", async () => {
    const { engine, store } = await world();
    engine.flag();
    engine.comment("uncl");
    engine.comment("unclear");
    engine.discard();
    expect(engine.item.value?.id).toBe("item1");
    await pass(1000);
    expect(store.view("ann", "item0")).toEqual({
      status: "discarded", flagged: true, comment: "unclear", annotations: [], model: "",
    });
    expect(store.log.map(({ event }) => event.action)).toEqual(["flag", "comment", "discard"]);
    engine.flag(false);
    engine.comment("");
    await pass(1000);
    expect(store.log).toHaveLength(3); // nothing to say
  });

  it("takes relations along when a span goes, and brings both back", async () => {
    const { engine } = await world();
    const arrow: AnyAnnotation = { kind: "relation", id: "r", field: "rel", head: "a", child: "b", label: "x" };
    engine.edit([span("a"), span("b", 4, 5), arrow]);
    engine.edit([], ["a"]);
    expect(engine.view.value.annotations.map(({ id }) => id)).toEqual(["b"]);
    engine.undo();
    expect(new Set(engine.view.value.annotations.map(({ id }) => id))).toEqual(new Set(["a", "b", "r"]));
  });

  it("makes no event of an edit that changes nothing", async () => {
    const { engine } = await world();
    engine.edit([span("a")]);
    engine.edit([{ ...span("a"), score: null, source: "human" }], ["zz"]);
    expect(engine.save.value.unsaved).toBe(1);
  });
});

describe("typing", () => {
  const note = (text: string): AnyAnnotation => ({ kind: "text", id: "n", field: "note", text });

  it("is one event, kept in storage from the first key on", async () => {
    const { engine, page, line, store } = await world();
    line.sent = [];
    for (const text of ["h", "he", "hel"]) {
      engine.edit([note(text)], [], { merge: "note" });
      await pass(100);
    }
    expect(line.sent.filter((message) => message.type === "events")).toHaveLength(0);
    expect(engine.view.value.annotations).toEqual([note("hel")]);
    page.close(); // before the pause that would have sent it
    const again = new Page(new Line(new FakeKernel(store)));
    pages.push(again);
    await turns();
    await pass(100);
    expect(again.engine.view.value.annotations).toEqual([note("hel")]);
    await pass(100);
    expect(store.log).toHaveLength(1);
    again.engine.undo();
    expect(again.engine.view.value.annotations).toEqual([]);
  });

  it("ends with a pause, another action, or leaving the item", async () => {
    const { engine, store } = await world();
    engine.edit([note("a")], [], { merge: "note" });
    await pass(500);
    engine.edit([note("ab")], [], { merge: "note" });
    engine.flag(true);
    engine.edit([note("abc")], [], { merge: "note" });
    engine.next();
    engine.previous();
    await pass(500);
    expect(store.log.map(({ event }) => event.action)).toEqual(["edit", "edit", "flag", "edit"]);
    engine.undo();
    expect(engine.view.value.annotations).toEqual([note("ab")]);
  });
});

describe("undo and redo", () => {
  it("go over items and back to them", async () => {
    const { engine, store } = await world();
    engine.edit([span("a")]);
    engine.submit();
    engine.edit([span("b")]);
    engine.submit();
    engine.undo();
    expect([engine.item.value?.id, engine.view.value.status]).toEqual(["item1", "draft"]);
    engine.undo();
    engine.undo();
    expect([engine.item.value?.id, engine.view.value.status]).toEqual(["item0", "draft"]);
    engine.undo();
    expect(engine.view.value).toMatchObject({ status: "pending", annotations: [] });
    expect(engine.canUndo.value).toBe(false);
    for (let n = 0; n < 4; n++) engine.redo();
    expect(engine.canRedo.value).toBe(false);
    await pass(200);
    for (const id of ["item0", "item1"]) expect(store.view("ann", id).status).toBe("submitted");
    expect(store.view("ann", "item0").annotations).toEqual([span("a")]);
  });

  it("work without a kernel, and for what was done before a reload", async () => {
    const first = await world();
    first.engine.edit([span("a")]);
    first.engine.submit();
    await pass(200);
    first.page.close();
    const line = new Line(new FakeKernel(first.store));
    const second = new Page(line);
    pages.push(second);
    await turns();
    await pass(100);
    line.kernel = null; // gone
    second.engine.undo();
    expect(second.engine.item.value?.id).toBe("item0");
    second.engine.undo();
    expect(second.engine.view.value.annotations).toEqual([]);
    second.engine.redo();
    expect(second.engine.view.value.annotations).toEqual([span("a")]);
    line.connect(new FakeKernel(first.store));
    await pass(30_000);
    expect(first.store.view("ann", "item0")).toMatchObject({ status: "draft", annotations: [span("a")] });
  });

  it("find an item that the page does not hold", async () => {
    const { engine, kernel } = await world({ items: 2000 });
    engine.submit();
    engine.goto(1500);
    await pass(300);
    for (let n = 0; n < 30; n++) {
      engine.goto(1500 - n * 40);
      await pass(300);
    }
    expect(engine.item.value?.id).not.toBe("item0");
    engine.undo();
    await pass(500);
    expect(engine.item.value?.id).toBe("item0");
    expect(kernel.store.view("ann", "item0").status).toBe("pending");
  });

  it("take back a skip by returning to it", async () => {
    const { engine } = await world();
    engine.skip();
    engine.undo();
    expect(engine.item.value?.id).toBe("item0");
    engine.submit();
    expect(engine.item.value?.id).toBe("item1");
  });
});

describe("moving", () => {
  it("goes to items that are held at once, to others as soon as they come, and tells the kernel the last", async () => {
    const { engine, kernel } = await world({ items: 500 });
    await pass(500);
    engine.next();
    engine.next();
    engine.previous();
    expect(engine.item.value?.id).toBe("item1");
    engine.goto(400);
    expect([engine.waiting.value, engine.index.value, engine.item.value]).toEqual([true, 400, null]);
    await pass(50);
    expect([engine.waiting.value, engine.item.value?.id]).toEqual([false, "item400"]);
    await pass(500);
    expect(kernel.moves).toEqual(["item400"]);
    engine.goto(9999);
    await pass(50);
    expect(engine.item.value?.id).toBe("item499");
    engine.submit();
    expect(engine.item.value?.id).not.toBe("item499");
  });

  it("is not sent again what it holds, though items are so large that few come at once", async () => {
    const kernel = new FakeKernel(new FakeStore(), { items: 40 });
    kernel.most = 1;
    const page = new Page(new Line(kernel));
    pages.push(page);
    await pass(100);
    const { engine } = page;
    for (let n = 0; n < 40; n++) {
      engine.edit([span(`s${n}`)]);
      await pass(50);
    }
    expect(kernel.served.length).toBeGreaterThan(4);
    expect(new Set(kernel.served).size).toBe(kernel.served.length);
    expect(kernel.served).not.toContain(0);
    const before = kernel.fetches;
    engine.edit([span("last")]);
    await pass(50);
    expect(kernel.fetches).toBe(before); // there is enough: an edit asks for nothing
  });

  it("holds a bounded number of items but none of those unsaved", async () => {
    const { engine, line, kernel } = await world({ items: 3000 });
    await pass(100);
    line.copies = (direction) => (direction === "up" && line.sent.at(-1)?.type === "events" ? 0 : 1);
    engine.edit([span("a")]);
    for (let n = 0; n < 40; n++) {
      engine.goto(50 + n * 70);
      await pass(100);
    }
    expect(kernel.fetches).toBeGreaterThan(30);
    engine.goto(0);
    expect(engine.waiting.value).toBe(false); // still here
    expect(engine.view.value.annotations).toEqual([span("a")]);
  });

  it("filters, and stays at the item if it passes", async () => {
    const { engine } = await world();
    engine.submit();
    engine.goto(12);
    await engine_find(engine, { text: "item1" });
    expect(engine.total.value).toBe(11);
    expect(engine.item.value?.id).toBe("item12");
    expect(engine.filter.value).toEqual({ text: "item1" });
    await engine_find(engine, { status: ["submitted"] });
    expect(engine.item.value?.id).toBe("item0");
    await engine_find(engine, { text: "nowhere" });
    expect([engine.total.value, engine.item.value, engine.waiting.value]).toEqual([0, null, false]);
    await engine_find(engine, {});
    expect(engine.total.value).toBe(30);
    expect(engine.item.value).not.toBeNull();
  });

  it("searches only when the kernel has what was done", async () => {
    const { engine } = await world();
    for (let n = 0; n < 5; n++) engine.submit();
    await engine_find(engine, { status: ["submitted"] });
    expect(engine.total.value).toBe(5);
  });
});

async function engine_find(engine: World["engine"], filter: Parameters<World["engine"]["find"]>[0]): Promise<void> {
  let done = false;
  void engine.find(filter).then(() => (done = true));
  await pass(100);
  expect(done).toBe(true);
}

describe("suggestions", () => {
  const suggestion: Span = { ...span("s1"), score: 0.8, source: "model" };
  const other: Span = { ...span("s2", 2, 5), score: 0.7, source: "model" };
  const good: AnyAnnotation = { kind: "choice", id: "s3", field: "mood", label: "good", score: 0.9, source: "model" };

  it("are accepted one by one or all, or rejected", async () => {
    const { engine } = await world({ suggestions: { item0: [suggestion, other, good] } });
    expect(engine.suggestions.value.map(({ id }) => id)).toEqual(["s1", "s2", "s3"]);
    expect(engine.view.value.annotations).toEqual([]);
    engine.accept(["s1"]);
    expect(engine.view.value.annotations).toEqual([suggestion]);
    engine.reject(["s2"]);
    expect(engine.suggestions.value.map(({ id }) => id)).toEqual(["s3"]);
    engine.edit([{ kind: "choice", id: "own", field: "mood", label: "bad" }]);
    engine.accept();
    expect(engine.view.value.annotations.map(({ id }) => id)).toEqual(["s1", "s3"]); // in place of the own choice
    expect(engine.suggestions.value).toEqual([]);
    engine.undo();
    expect(engine.suggestions.value.map(({ id }) => id)).toEqual(["s3"]);
  });

  it("come later too, and say why they failed", async () => {
    const { engine, kernel } = await world();
    kernel.tell({ type: "suggested", item: "item0", annotations: [suggestion] });
    kernel.tell({ type: "suggested", item: "item1", error: "no model" });
    await pass(10);
    expect(engine.suggestions.value).toEqual([suggestion]);
    engine.submit();
    expect(engine.suggestError.value).toBe("no model");
  });

  it("takes nothing from under the eyes of a person that models suggest otherwise by now", async () => {
    const { engine, kernel } = await world();
    const choice = (id: string): AnyAnnotation => ({ kind: "choice", id, field: "mood", label: "good", source: "model", score: 0.9 });
    kernel.tell({ type: "suggested", item: "item0", annotations: [choice("a")] });
    kernel.tell({ type: "suggested", item: "item0", annotations: [choice("b")] });
    await pass(5);
    expect(engine.item.value?.suggestions?.map(({ id }) => id)).toEqual(["a"]);
    kernel.tell({ type: "suggested", item: "item0", annotations: [choice("a"), choice("b")] }); // more may come
    kernel.tell({ type: "suggested", item: "item1", annotations: [choice("a")] });
    kernel.tell({ type: "suggested", item: "item1", annotations: [choice("b")] });
    await pass(5);
    expect(engine.item.value?.suggestions?.map(({ id }) => id)).toEqual(["a", "b"]);
    engine.next();
    await pass(5);
    expect(engine.item.value?.suggestions?.map(({ id }) => id)).toEqual(["b"]);
  });

  it("do not break a field that forbids overlaps", async () => {
    const schema = { version: 1, fields: [{ ...SCHEMA.fields[0], overlap: false }] } as typeof SCHEMA;
    const { engine } = await world({ schema, suggestions: { item0: [suggestion, other] } });
    engine.accept();
    expect(engine.view.value.annotations).toEqual([suggestion]);
    expect(engine.notices.value[0]?.title).toMatch(/One suggestion was not taken/);
  });

  it("bring the ends of a relation along", async () => {
    const arrow: AnyAnnotation = { kind: "relation", id: "r", field: "rel", head: "s1", child: "s2", label: "x" };
    const { engine } = await world({ suggestions: { item0: [arrow, suggestion, other] } });
    engine.accept(["r"]);
    expect(engine.view.value.annotations.map(({ id }) => id)).toEqual(["s1", "s2", "r"]);
  });
});

describe("others at work", () => {
  it("are followed: from Python, and from another notebook", async () => {
    const { engine, kernel, store } = await world();
    const event = { id: "py1", item: "item0", annotator: "ann", action: "edit" as const, patch: { put: [span("p")] } };
    store.append([event]);
    kernel.refresh();
    await pass(10);
    expect(engine.view.value).toMatchObject({ status: "draft", annotations: [span("p")] });
    expect(engine.progress.value.drafts).toBe(1);
    engine.undo();
    expect(engine.view.value.annotations).toEqual([]);
    kernel.goto("item7");
    await pass(10);
    expect(engine.item.value?.id).toBe("item7");
  });

  it("never take away what is not saved yet", async () => {
    const { engine, kernel, line, store } = await world();
    line.busy = true;
    engine.edit([span("mine")]);
    store.append([{ id: "x", item: "item0", annotator: "ann", action: "edit", patch: { put: [span("theirs", 5, 6)] } }]);
    kernel.refresh();
    await pass(10);
    expect(new Set(engine.view.value.annotations.map(({ id }) => id))).toEqual(new Set(["mine", "theirs"]));
    line.busy = false;
    line.pump();
    await pass(2000);
    expect(engine.view.value.annotations).toEqual(store.view("ann", "item0").annotations);
  });

  it("agree with the store on who came last", async () => {
    const { engine, kernel, store } = await world();
    store.append([{ id: "x", item: "item0", annotator: "ann", action: "comment", patch: { comment: "theirs" } }]);
    engine.comment("mine"); // stored after theirs, though theirs is told later
    await pass(1000);
    kernel.refresh();
    await pass(3000);
    expect(store.view("ann", "item0").comment).toBe("mine");
    expect(engine.view.value.comment).toBe("mine");
  });

  it("leave annotations that come again the objects they were", async () => {
    const { engine, kernel, store } = await world();
    engine.edit([span("mine")]);
    await pass(50);
    const [mine] = engine.view.value.annotations;
    store.append([{ id: "x", item: "item0", annotator: "ann", action: "edit", patch: { put: [span("theirs", 5, 6)] } }]);
    kernel.refresh();
    await pass(3000);
    expect(kernel.served).toContain(0); // the item came again as a whole
    expect(engine.view.value.annotations.map(({ id }) => id)).toEqual(["mine", "theirs"]);
    expect(engine.view.value.annotations[0]).toBe(mine);
  });

  it("share one comm: two pages of one labeler agree", async () => {
    const { engine, line, store } = await world();
    const other = new Page(line);
    pages.push(other);
    await turns();
    await pass(50);
    engine.edit([span("a")]);
    await pass(50);
    expect(other.engine.view.value.annotations).toEqual([span("a")]);
    other.engine.edit([span("b", 5, 6)]);
    other.engine.submit();
    await pass(3000);
    expect(engine.view.value.status).toBe("submitted");
    expect(engine.view.value.annotations).toEqual(store.view("ann", "item0").annotations);
    expect(new Set(store.log.map(({ event }) => event.id)).size).toBe(store.log.length);
  });
});

describe("trouble", () => {
  it("with the store is shown, and saving goes on by itself", async () => {
    const { engine, store } = await world();
    store.fails = { title: "The database is locked", hint: "Close the other program." };
    engine.submit();
    await pass(100);
    expect(engine.save.value).toMatchObject({ kind: "error", unsaved: 1 });
    expect(engine.save.value.problem?.title).toBe("The database is locked");
    store.fails = null;
    await pass(5000);
    expect(engine.save.value.kind).toBe("saved");
    store.fails = { title: "The database is locked" };
    engine.submit();
    await pass(20_000);
    store.fails = null;
    engine.flush();
    await pass(50);
    expect(engine.save.value.kind).toBe("saved");
    expect(store.log).toHaveLength(2);
  });

  it("with one event takes it back and keeps it", async () => {
    const { engine, kernel, store, page } = await world();
    kernel.refuses = (event) => (event.patch?.put?.some(({ id }) => id === "bad") ? { title: "no such label" } : null);
    engine.edit([span("good")]);
    engine.edit([span("bad", 4, 5)]);
    engine.submit();
    await pass(1500);
    expect(store.view("ann", "item0")).toMatchObject({ status: "submitted", annotations: [span("good")] });
    expect(engine.save.value.kind).toBe("saved");
    expect(engine.notices.value[0]?.title).toBe("Not stored: no such label");
    expect(engine.notices.value[0]?.detail).toContain('"bad"');
    engine.goto(0);
    expect(engine.view.value.annotations).toEqual([span("good")]);
    expect(JSON.parse(engine.rescue()).refused).toHaveLength(1);
    page.close();
    const again = new Page(new Line(new FakeKernel(store)));
    pages.push(again);
    await turns();
    await pass(500);
    expect(JSON.parse(again.engine.rescue()).refused[0].event.patch.put[0].id).toBe("bad");
    expect(store.log.some(({ event }) => event.patch?.put?.some(({ id }) => id === "bad"))).toBe(false);
  });

  it("with an event that breaks the kernel's handler holds up no other", async () => {
    const { engine, kernel, line, store } = await world();
    const receive = kernel.receive.bind(kernel);
    kernel.receive = (message) => {
      const bad = message.type === "events" && message.events?.some(({ patch }) => patch?.comment === "poison");
      if (bad) kernel.tell({ type: "failure", reply: message.id, problem: { title: "cannot decode" } });
      else receive(message);
    };
    line.busy = true;
    engine.comment("poison");
    for (let n = 0; n < 4; n++) engine.submit();
    line.busy = false;
    line.pump();
    await pass(20_000);
    expect(engine.save.value.kind).toBe("saved");
    expect(store.log.map(({ event }) => [event.action, event.item])).toEqual(
      expect.arrayContaining([["submit", "item0"], ["submit", "item1"], ["submit", "item2"], ["submit", "item3"]]),
    );
    expect(JSON.parse(engine.rescue()).refused[0].event.patch.comment).toBe("poison");
  });

  it("with a restarted kernel is named, and everything arrives once after the cell is run again", async () => {
    const { engine, line, store, page } = await world();
    engine.submit();
    await pass(50);
    line.connect(null); // kill -9
    engine.submit();
    engine.edit([span("x")]);
    await pass(40_000);
    expect(engine.save.value).toMatchObject({ kind: "gone", words: "Kernel gone, labels kept in this page (2 unsaved)" });
    page.close();
    const fresh = new Line(new FakeKernel(store));
    const again = new Page(fresh);
    pages.push(again);
    await turns();
    await pass(200);
    expect(again.engine.item.value?.id).toBe("item2"); // where they were
    expect(again.engine.view.value.annotations).toEqual([span("x")]);
    await pass(1000);
    expect(again.engine.save.value.kind).toBe("saved");
    expect(store.log).toHaveLength(3);
  });

  it("names what JupyterLab tells of the kernel at once", async () => {
    const kernel = new FakeKernel(new FakeStore());
    const line = new Line(kernel);
    const slots = new Set<() => void>();
    const signal = { connect: (slot: () => void) => slots.add(slot), disconnect: (slot: () => void) => slots.delete(slot) };
    const lab = { status: "idle", connectionStatus: "connected", statusChanged: signal, connectionStatusChanged: signal };
    const page = new Page(line, (model) => (model.widget_manager = { kernel: lab }));
    pages.push(page);
    await turns();
    await pass(50);
    const { engine } = page;
    const becomes = (change: Partial<typeof lab>): void => {
      Object.assign(lab, change);
      for (const slot of slots) slot();
    };
    line.busy = true;
    becomes({ status: "busy" });
    engine.submit();
    await pass(600_000);
    expect(engine.save.value.kind).toBe("busy"); // however long
    expect(line.sent.filter((message) => message.type === "events")).toHaveLength(1);
    becomes({ connectionStatus: "disconnected" });
    expect(engine.save.value.kind).toBe("gone");
    line.busy = false;
    becomes({ status: "idle", connectionStatus: "connected" });
    line.pump();
    await pass(1000);
    expect(engine.save.value.kind).toBe("saved");
    becomes({ status: "autorestarting" });
    becomes({ status: "idle" });
    line.connect(null);
    expect(engine.save.value.kind).toBe("gone"); // the new kernel does not know the labeler
    page.close();
    expect(slots.size).toBe(0);
  });

  it("with a closed comm loses nothing", async () => {
    const { engine, page, line, store } = await world();
    page.model.closed = true;
    engine.submit();
    await pass(2000);
    expect(engine.save.value.kind).toBe("gone");
    page.model.closed = false;
    line.connect(new FakeKernel(store));
    engine.flush();
    await pass(200);
    expect(engine.save.value.kind).toBe("saved");
    expect(store.log).toHaveLength(1);
  });

  it("without storage is said, and asked about before the page goes", async () => {
    globalThis.indexedDB = undefined as never;
    const { engine, line } = await world();
    expect(engine.ready.value).toBe(true);
    const leave = (): boolean => window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
    expect(leave()).toBe(true);
    line.busy = true;
    engine.submit();
    expect(engine.save.value.problem?.title).toMatch(/lost on a reload/);
    expect(leave()).toBe(false);
    line.busy = false;
    line.pump();
    await pass(50);
    expect(engine.save.value.problem).toBeNull();
    expect(leave()).toBe(true);
  });

  it("with what the kernel says is a notice, not a crash", async () => {
    const { engine, page } = await world();
    const nonsense: unknown[] = [
      null, 7, "x", [], {}, { type: 3 }, { type: "surprise" }, { type: "queue" }, { type: "moved", queue: { items: 3 } },
      { type: "changed", entries: [{ event: { id: 1 } }], progress: { total: 3 } }, { type: "constructor" },
      { type: "suggested", item: "item0", annotations: [{ kind: "span", id: "q", start: 5, end: 2 }] },
      { type: "ack", reply: 1, stored: "all", progress: {} }, { type: "notice", problem: {} },
      { type: "items", reply: -1, queue: 1, index: 0, items: [], upcoming: [] },
    ];
    for (const message of nonsense) page.model.trigger("msg:custom", message, []);
    expect(engine.item.value?.id).toBe("item0");
    expect(engine.notices.value).toHaveLength(1);
    expect(engine.notices.value[0]?.title).toMatch(/cannot read/);
    engine.dismiss(engine.notices.value[0] as never);
    expect(engine.notices.value).toHaveLength(0);
    expect(engine.submit()).toBeNull();
  });
});

describe("the rest", () => {
  it("tells marimo through a trait, once per acknowledgement", async () => {
    const { engine, page } = await world();
    engine.submit();
    await pass(50);
    expect(page.model.saves).toBe(0); // no such trait
    page.model.traits._saves = 4;
    engine.submit();
    await pass(50);
    expect([page.model.traits._saves, page.model.saves]).toEqual([5, 1]);
  });

  it("keeps other annotators' and other stores' boxes apart", async () => {
    const first = await world();
    first.line.connect(null);
    first.engine.submit();
    await pass(100);
    first.page.close();
    const second = await world({ annotator: "ben" }, first.store);
    expect(second.engine.save.value.unsaved).toBe(0);
    await pass(1000);
    expect(first.store.log).toHaveLength(0);
    const third = await world({}, first.store);
    await pass(1000);
    expect(third.engine.save.value.kind).toBe("saved");
    expect(first.store.log).toHaveLength(1);
  });

  it("pings only while something shows, and hears of others by it", async () => {
    const { engine, line, store } = await world();
    const root = document.createElement("div");
    document.body.append(root);
    await pass(20_000);
    expect(line.sent.filter((message) => message.type === "ping")).toHaveLength(0);
    const detach = engine.attach(root);
    await pass(50);
    expect(line.sent.filter((message) => message.type === "ping")).toHaveLength(1);
    store.append([{ id: "x", item: "item0", annotator: "ann", action: "flag", patch: { flagged: true } }]);
    await pass(5000);
    expect(engine.view.value.flagged).toBe(true);
    detach();
    const pings = line.sent.filter((message) => message.type === "ping").length;
    await pass(20_000);
    expect(line.sent.filter((message) => message.type === "ping")).toHaveLength(pings);
    root.remove();
  });

  it("counts active seconds, a pause for a minute at most", async () => {
    const { engine, store } = await world();
    const root = document.createElement("div");
    root.tabIndex = 0;
    document.body.append(root);
    document.hasFocus = () => true;
    const detach = engine.attach(root);
    root.focus();
    await pass(5000);
    root.dispatchEvent(new Event("pointermove"));
    await pass(3000);
    engine.submit();
    await pass(500_000); // lunch
    engine.submit();
    root.blur();
    await pass(50_000); // elsewhere in the notebook
    root.focus();
    await pass(2000);
    engine.next(); // two seconds here and on the way
    engine.previous();
    engine.submit();
    await pass(100);
    const seconds = store.log.map(({ event }) => event.seconds ?? 0);
    expect(seconds[0]).toBeCloseTo(8, 0);
    expect(seconds[1]).toBeCloseTo(60, 0);
    expect(seconds[2]).toBeCloseTo(2, 0);
    detach();
    root.remove();
  });

  it("leaves nothing behind", async () => {
    const { engine, page, line } = await world();
    engine.attach(document.createElement("div"));
    page.close();
    line.sent = [];
    engine.submit();
    await pass(60_000);
    expect(line.sent).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
