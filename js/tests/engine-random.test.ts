// @vitest-environment jsdom
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { foldUndo, type View } from "../src/core/patch";
import type { Event } from "../src/core/protocol";
import { FakeKernel, FakeStore, Line } from "./fake-kernel";
import { fakeClock, freshStorage, Page, pass, turns } from "./page";

/**
 * Whatever is done, and whatever happens to page, kernel and line between: each event reaches the store exactly once,
 * and the page ends up showing what the store holds.
 */
const ITEMS = 45;

const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("mark" as const), id: fc.constantFrom("a", "b", "c", "d") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), id: fc.constantFrom("a", "b", "c", "d") }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("submit" as const, "skip" as const, "discard" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("undo" as const, "redo" as const, "flag" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("type" as const), text: fc.string({ maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("next" as const, "previous" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("goto" as const), index: fc.nat(ITEMS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("find" as const), text: fc.constantFrom("", "1", "item4") }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 3000, max: 70_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("busy" as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("line" as const), loss: fc.constantFrom(0, 0.3, 0.7), twice: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("reload" as const, "kill" as const, "locked" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("rerank" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("python" as const, "pythonGoto" as const, "colleague" as const) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly store = new FakeStore();
  kernel = new FakeKernel(this.store, { items: ITEMS });
  line = new Line(this.kernel);
  page = new Page(this.line);
  readonly made = new Map<string, string>();
  readonly old: Page[] = [];
  #random: () => number;
  #foreign = 0;

  constructor(seed: number) {
    let state = seed + 1;
    this.#random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
  }

  get engine(): Page["engine"] {
    return this.page.engine;
  }

  note(): void {
    for (const event of (JSON.parse(this.engine.rescue()) as { unsaved: Event[] }).unsaved) this.made.set(event.id, event.action);
  }

  async do(one: Act): Promise<void> {
    const { engine } = this;
    switch (one.do) {
      case "mark":
        engine.edit([{ kind: "span", id: one.id, field: "spans", start: Math.floor(this.#random() * 9), end: 10, label: "ORG" }]);
        break;
      case "drop":
        engine.edit([], [one.id]);
        break;
      case "type":
        engine.edit([{ kind: "text", id: "note", field: "note", text: one.text }], [], { merge: "note" });
        break;
      case "goto":
        engine.goto(one.index);
        break;
      case "find":
        void engine.find(one.text === "" ? {} : { text: one.text });
        break;
      case "wait":
        await pass(one.ms);
        break;
      case "busy":
        this.line.busy = one.on;
        this.line.pump();
        break;
      case "line":
        this.line.copies = () => (this.#random() < one.loss ? 0 : one.twice && this.#random() < 0.3 ? 2 : 1);
        break;
      case "locked":
        this.store.fails = this.store.fails ? null : { title: "locked" };
        break;
      case "reload":
        await this.restart(false);
        break;
      case "kill":
        await this.restart(true);
        break;
      case "rerank": // by a thread of its own, whatever the kernel is busy with
        this.kernel.rerank(this.#random);
        break;
      case "pythonGoto":
        if (!this.line.busy) this.kernel.goto(this.kernel.queue[Math.floor(this.#random() * this.kernel.queue.length)] ?? "item0");
        break;
      case "python":
      case "colleague": {
        const here = this.#random() < 0.5 ? engine.item.value?.id : undefined; // where two of them meet
        const item = here ?? `item${Math.floor(this.#random() * ITEMS)}`;
        const id = `x${this.#foreign++}`;
        const annotator = one.do === "python" ? "ann" : "ben";
        this.store.append([{ id, item, annotator, action: "submit", at: 1, patch: { status: "submitted", comment: id } }]);
        if (one.do === "python" && !this.line.busy) this.kernel.refresh();
        break;
      }
      default:
        engine[one.do]();
    }
    this.note();
  }

  /** The page is loaded anew (the storage has had time to write), or the kernel dies and the cell is run again. */
  async restart(kill: boolean): Promise<void> {
    const [line, page] = [this.line, this.page];
    if (kill) {
      line.connect(null);
      if (this.#random() < 0.5) await pass(this.#random() * 3000);
      this.note();
    }
    const zombie = kill && this.#random() < 0.5; // an old output stays alive in the page
    if (!zombie) page.close();
    else this.old.push(page);
    await turns();
    if (kill) {
      this.kernel = new FakeKernel(this.store, { items: ITEMS });
      this.line = new Line(this.kernel);
    }
    this.page = new Page(this.line);
    if (!kill) this.line.copies = line.copies;
    await turns();
  }

  async calm(): Promise<void> {
    this.line.copies = () => 1;
    this.line.busy = false;
    this.store.fails = null;
    this.line.pump();
    this.page.model.trigger("comm_live_update"); // as a host says that the connection is back
    for (let n = 0; n < 60 && !(this.engine.ready.value && this.engine.save.value.kind === "saved"); n++) await pass(5000);
    this.kernel.refresh();
    await pass(30_000);
  }
}

function same(view: View): unknown {
  const annotations = [...view.annotations].sort((a, b) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1));
  return { ...view, annotations };
}

beforeEach(() => fakeClock());
afterEach(() => vi.useRealTimers());

it("loses nothing, doubles nothing, and ends up agreeing with the store", async () => {
  const runs = Number(process.env.NBLABEL_RUNS ?? 60);
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 70 }), fc.nat(1e6), async (acts, seed) => {
    freshStorage();
    const run = new Run(seed);
    try {
      await turns();
      await pass(50);
      for (const one of acts) await run.do(one);
      await run.calm();
      const { engine, store } = run;
      expect(engine.save.value).toMatchObject({ kind: "saved", unsaved: 0 });
      const stored = store.log.map(({ event }) => event.id);
      expect(new Set(stored).size).toBe(stored.length);
      expect([...run.made.keys()].filter((id) => !stored.includes(id))).toEqual([]);
      expect(engine.notices.value).toEqual([]);
      // what undo takes back is what the log says
      const mine = store.log.map(({ event }) => event).filter((event) => event.annotator === "ann");
      const { done, undone } = foldUndo(mine);
      expect([engine.canUndo.value, engine.canRedo.value]).toEqual([done.length > 0, undone.length > 0]);
      if (done.length > 0) {
        engine.undo();
        await pass(1000);
        expect(store.log.at(-1)?.event).toMatchObject({ action: "undo", ref: done.at(-1)?.id });
      }
      if (Object.keys(engine.filter.value).length > 0) {
        void engine.find({}); // it would hide some; otherwise what the page holds is looked at as it is
        await pass(3000);
      }
      expect(engine.progress.value).toEqual(run.kernel.progress);
      for (let index = 0; index < ITEMS; index++) {
        engine.goto(index);
        if (engine.waiting.value) await pass(200);
        const id = run.kernel.queue[index] ?? "";
        expect(engine.item.value?.id).toBe(id);
        expect(same(engine.view.value), id).toEqual(same(store.view("ann", id)));
      }
    } finally {
      for (const page of [run.page, ...run.old]) page.close();
    }
  }), { numRuns: runs });
});
