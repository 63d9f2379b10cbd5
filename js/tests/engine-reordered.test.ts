// @vitest-environment jsdom
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event, Span } from "../src/core/protocol";
import { FakeKernel, FakeStore, Line } from "./fake-kernel";
import { freshStorage, Page, pass, turns, worlds } from "./page";

const span = (id: string, start = 0, end = 3): Span => ({ kind: "span", id, field: "spans", start, end, label: "ORG" });

/** The last come first. */
const reversed = (): () => number => {
  let left = 0;
  return () => (left -= 1);
};

const { world } = worlds();

describe("a queue that is ranked anew", () => {
  it("changes what comes next, and nothing that is shown", async () => {
    const { engine, kernel, store } = await world({ items: 200 });
    engine.edit([span("a")]);
    const view = engine.view.value;
    const fetches = kernel.fetches;
    kernel.rerank(reversed(), 3);
    await pass(50);
    expect(engine.item.value?.id).toBe("item0");
    expect(engine.view.value).toBe(view);
    expect(engine.canUndo.value).toBe(true);
    expect(kernel.fetches - fetches).toBe(1);
    const seen: (string | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      engine.submit();
      expect(engine.waiting.value).toBe(false); // all of it is here already
      seen.push(engine.item.value?.id);
    }
    expect(seen).toEqual(["item1", "item2", "item199", "item198", "item197", "item196"]);
    await pass(500);
    expect(store.log.filter(({ event }) => event.action === "submit").map(({ event }) => event.item))
      .toEqual(["item0", "item1", "item2", "item199", "item198", "item197"]);
  });

  it("is asked for without what the page holds", async () => {
    const { engine, kernel, line } = await world({ items: 200 });
    engine.goto(12);
    await pass(1000);
    expect(kernel.index).toBe(12);
    line.sent = [];
    kernel.rerank(reversed(), 15);
    await pass(50);
    const asked = line.sent.find((message) => message.type === "fetch");
    expect(asked).toMatchObject({ index: 12, queue: 2 });
    expect([...(asked?.held ?? [])].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(engine.item.value?.id).toBe("item12");
  });

  it("finds out where a page stands that was ahead of the kernel", async () => {
    const { engine, kernel, line, store } = await world({ items: 200 });
    await pass(1000);
    line.busy = true;
    for (let n = 0; n < 8; n++) engine.submit();
    engine.edit([span("mine")]);
    const { value: shown } = engine.item;
    const { value: view } = engine.view;
    kernel.rerank(reversed(), 3); // of item8, where the page is, the kernel has not heard
    await pass(3000);
    expect(engine.item.value).toBe(shown);
    engine.submit(); // nobody waits for what is ranked anew
    expect(engine.item.value?.id).toBe("item9");
    engine.previous();
    expect(engine.view.value.annotations).toEqual(view.annotations);
    line.busy = false;
    line.pump();
    await pass(3000);
    expect(engine.item.value?.id).toBe("item8");
    expect(engine.index.value).toBe(kernel.queue.indexOf("item8"));
    expect(engine.index.value).toBe(194);
    engine.submit();
    expect(engine.item.value?.id).toBe("item199"); // those behind it are done, so it begins with the best again
    await pass(500);
    const answered = store.log.filter(({ event }) => event.action === "submit").map(({ event }) => event.item);
    expect(new Set(answered).size).toBe(9);
  });

  it("keeps what stands under a filter although it would not pass any more", async () => {
    const { engine, kernel, line } = await world({ items: 200 });
    void engine.find({ status: ["pending"] });
    await pass(1000);
    line.busy = true;
    for (let n = 0; n < 8; n++) engine.submit();
    engine.edit([span("begun")]); // a draft now
    kernel.rerank(reversed(), 3);
    await pass(2000);
    line.busy = false;
    line.pump();
    await pass(3000);
    expect(engine.item.value?.id).toBe("item8");
    expect(engine.view.value.annotations).toEqual([span("begun")]);
    expect(engine.filter.value).toEqual({ status: ["pending"] });
    expect(engine.index.value).toBe(kernel.queue.indexOf("item8"));
  });

  it("comes while items of the old one are on their way", async () => {
    const { engine, kernel, line } = await world({ items: 200 });
    await pass(1000);
    line.delay = 100;
    engine.goto(100);
    expect(engine.waiting.value).toBe(true);
    await pass(50);
    kernel.rerank(reversed(), 3); // before the question arrives
    await pass(2000);
    expect(engine.waiting.value).toBe(false);
    expect(engine.index.value).toBe(100);
    expect(engine.item.value?.id).toBe(kernel.queue[100]);
    engine.goto(150);
    await pass(150);
    const there = kernel.queue[150];
    kernel.rerank(Math.random, 104); // after it
    kernel.rerank(Math.random, 103); // and once more
    await pass(2000);
    expect(engine.item.value?.id).toBe(there);
    expect(engine.index.value).toBe(kernel.queue.indexOf(there ?? ""));
  });

  it("comes while the page waits for whichever is next", async () => {
    const { engine, kernel, line } = await world({ items: 200 });
    await pass(1000);
    line.busy = true;
    for (let n = 0; n < 60; n++) engine.submit();
    expect(engine.waiting.value).toBe(true);
    kernel.rerank(reversed(), 3);
    await pass(100);
    line.busy = false;
    line.pump();
    await pass(3000);
    expect(engine.waiting.value).toBe(false);
    expect(engine.view.value.status).toBe("pending");
    expect(engine.index.value).toBe(kernel.queue.indexOf(engine.item.value?.id ?? ""));
  });

  it("is noticed although its news was lost", async () => {
    const { engine, kernel, line } = await world({ items: 200 });
    await pass(1000);
    line.copies = (way) => (way === "down" ? 0 : 1);
    kernel.rerank(reversed(), 3);
    await pass(10);
    line.copies = () => 1;
    kernel.rerank(reversed(), 3);
    await pass(100);
    for (let n = 0; n < 5; n++) {
      engine.submit();
      await pass(100);
    }
    expect(engine.item.value?.id).toBe(kernel.queue[5]);
  });
});

describe("what was done as one", () => {
  const bulk = (n: number): Event => ({
    id: `p${n}`, item: `item${n}`, annotator: "ann", action: "prelabel", group: "g",
    patch: { status: "submitted", model: "words@1", comment: "bulk" },
  });

  it("is taken back and done again by the kernel", async () => {
    const { engine, kernel, store, line } = await world({ items: 200 });
    store.append([60, 61, 62, 3].map(bulk));
    kernel.refresh();
    await pass(50);
    expect(engine.canUndo.value).toBe(true);
    expect(engine.progress.value.submitted).toBe(4);
    engine.undo();
    engine.undo(); // asked once
    await pass(100);
    expect(kernel.travels).toEqual(["undo"]);
    expect(line.sent.filter((message) => message.type === "events")).toEqual([]);
    expect(engine.progress.value.submitted).toBe(0);
    expect([engine.canUndo.value, engine.canRedo.value]).toEqual([false, true]);
    engine.goto(3);
    expect(engine.view.value.status).toBe("pending");
    engine.redo();
    await pass(100);
    expect(kernel.travels).toEqual(["undo", "redo"]);
    expect(engine.view.value.comment).toBe("bulk");
    expect(engine.progress.value.submitted).toBe(4);
    engine.flag();
    engine.undo(); // an entry of one's own is the page's
    await pass(100);
    expect(kernel.travels).toEqual(["undo", "redo"]);
    expect(store.log.at(-1)?.event).toMatchObject({ action: "undo", item: "item3", patch: { flagged: false } });
  });

  it("waits until the kernel knows what was done before, and says if it cannot", async () => {
    const { engine, kernel, store, line } = await world();
    store.append([5, 6].map(bulk));
    kernel.refresh();
    await pass(50);
    line.busy = true;
    engine.undo();
    engine.flag(); // something else, before the kernel has heard
    line.busy = false;
    line.pump();
    await pass(50);
    expect(store.view("ann", "item5").status).toBe("pending"); // it was on its way already
    store.append([7].map(bulk));
    kernel.refresh();
    await pass(50);
    store.fails = { title: "The store is locked" };
    engine.undo();
    await pass(50);
    expect(engine.notices.value).toEqual([{ title: "The store is locked" }]);
    expect(store.view("ann", "item7").status).toBe("submitted");
    store.fails = null;
    engine.undo();
    await pass(50);
    expect(store.view("ann", "item7").status).toBe("pending");
    expect(engine.progress.value).toEqual(kernel.progress);
  });
});

const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("mark" as const), id: fc.constantFrom("a", "b") }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("submit" as const, "skip" as const, "discard" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("undo" as const, "redo" as const, "flag" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("next" as const, "previous" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("goto" as const), index: fc.nat(90) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("find" as const), pending: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("rerank" as const), ahead: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("busy" as const), on: fc.boolean() }) },
);

it("never moves what is shown, and loses or doubles no answer", async () => {
  const runs = Number(process.env.NBLABEL_RUNS ?? 60);
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 60 }), fc.nat(1e6), async (acts, seed) => {
    freshStorage();
    let state = seed + 1;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    const store = new FakeStore();
    const kernel = new FakeKernel(store, { items: 90 });
    const line = new Line(kernel);
    const page = new Page(line);
    const { engine } = page;
    const made = new Set<string>();
    let calm = true; // no search is under way, nor one for an item to take back
    try {
      await turns();
      await pass(50);
      for (const one of acts) {
        const before = engine.item.value?.id;
        const { annotations } = engine.view.value;
        switch (one.do) {
          case "mark": engine.edit([span(one.id, Math.floor(random() * 9), 10)]); break;
          case "goto": engine.goto(one.index); break;
          case "find": void engine.find(one.pending ? { status: ["pending", "draft"] } : {}); break;
          case "rerank": kernel.rerank(random, kernel.index + one.ahead); break;
          case "wait": await pass(one.ms); break;
          case "busy": line.busy = one.on; line.pump(); break;
          default: engine[one.do]();
        }
        for (const { id } of (JSON.parse(engine.rescue()) as { unsaved: Event[] }).unsaved) made.add(id);
        const still = calm && ["rerank", "wait", "busy"].includes(one.do);
        if (["find", "undo", "redo"].includes(one.do)) calm = false;
        else if (one.do === "wait" && one.ms > 100 && !line.busy) calm = true;
        if (still && before !== undefined) { // only what the person does moves it
          expect(engine.item.value?.id).toBe(before);
          expect(engine.view.value.annotations).toEqual(annotations);
        }
      }
      line.busy = false;
      line.pump();
      await pass(5000);
      expect(engine.save.value).toMatchObject({ kind: "saved", unsaved: 0 });
      const stored = store.log.map(({ event }) => event.id);
      expect(new Set(stored).size).toBe(stored.length);
      expect([...made].filter((id) => !stored.includes(id))).toEqual([]);
      expect(engine.progress.value).toEqual(kernel.progress);
      expect(engine.notices.value).toEqual([]);
      for (let index = 0; index < kernel.queue.length; index++) {
        engine.goto(index);
        if (engine.waiting.value) await pass(50);
        expect(engine.item.value?.id).toBe(kernel.queue[index]);
      }
    } finally {
      page.close();
    }
  }), { numRuns: runs });
});
