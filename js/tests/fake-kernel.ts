/**
 * The kernel's side of the protocol for tests: a store that outlives kernels, a labeler over it, and a model whose
 * messages travel a line that can be slow, busy, lossy or dead. It follows src/nblabel/session.py and bridge.py.
 */
import type { AnyModel } from "../src/core/model";
import { applyPatch, EMPTY, foldUndo, type View } from "../src/core/patch";
import type {
  AnyAnnotation, Entry, Event, Filter, Incoming, ModelState, Outgoing, Patch, Problem, Progress, Queue, Schema, WireItem,
} from "../src/core/protocol";

export const SCHEMA: Schema = {
  version: 1,
  fields: [
    { kind: "spans", name: "spans", labels: [{ name: "ORG", hotkey: "1" }, { name: "PER", hotkey: "2" }] },
    { kind: "choices", name: "mood", labels: [{ name: "good" }, { name: "bad" }], max: 1 },
    { kind: "texts", name: "note" },
  ],
};

export class FakeStore {
  readonly id = `store-${Math.random().toString(36).slice(2)}`;
  readonly log: { event: Event; inverse: Patch }[] = [];
  readonly #ids = new Set<string>();
  readonly #views = new Map<string, View>();
  /** How often an event arrived that was there already. */
  replays = 0;
  fails: Problem | null = null;

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  append(events: readonly Event[]): Entry[] {
    const made: Entry[] = [];
    for (const event of events) {
      if (this.#ids.has(event.id)) {
        this.replays += 1;
        continue;
      }
      this.#ids.add(event.id);
      const key = `${event.annotator}/${event.item}`;
      const { after, inverse } = applyPatch(this.#views.get(key) ?? EMPTY, event.patch);
      this.#views.set(key, after);
      this.log.push({ event, inverse });
      made.push({ event, inverse });
    }
    return made;
  }

  view(annotator: string, item: string): View {
    return this.#views.get(`${annotator}/${item}`) ?? EMPTY;
  }
}

export interface KernelOptions {
  items?: number;
  annotator?: string;
  dataset?: string;
  schema?: Schema;
  suggestions?: Record<string, AnyAnnotation[]>;
  version?: number;
  /** What items are; texts, if nothing else is said. */
  data?: (id: string) => unknown;
  /** A piece's bytes, or why there are none. */
  media?: (message: Extract<Incoming, { type: "media" }>) => Uint8Array | Problem;
}

/** So many bytes of a piece in one message. */
const CHUNK = 64;

type WithBytes = Outgoing & { bytes?: Uint8Array };

const BEHIND = 10;
const AHEAD = 20;

/** One labeler in one kernel. */
export class FakeKernel {
  readonly store: FakeStore;
  readonly ids: string[];
  readonly annotator: string;
  readonly dataset: string;
  schema: Schema;
  /** All items as they are ranked now. */
  order: string[];
  queue: string[];
  index = 0;
  generation = 1;
  filter: Filter = {};
  /** The model that suggests, as it is described to the page. */
  model: ModelState | null = null;
  refuses: (event: Event) => Problem | null = () => null;
  fetches = 0;
  /** So many items fit into one message. */
  most = 100;
  /** The places that were sent because a page asked for more. */
  readonly served: number[] = [];
  hellos = 0;
  travels: string[] = [];
  readonly #travelled = new Set<number>();
  moves: string[] = [];
  received: Incoming[] = [];
  readonly #suggestions: Record<string, AnyAnnotation[]>;
  readonly #version: number;
  readonly #data: NonNullable<KernelOptions["data"]>;
  readonly #media: NonNullable<KernelOptions["media"]>;
  #seen = 0;
  #listeners: ((message: Outgoing) => void)[] = [];

  constructor(store: FakeStore, options: KernelOptions = {}) {
    this.store = store;
    this.ids = Array.from({ length: options.items ?? 30 }, (_, n) => `item${n}`);
    this.order = this.ids;
    this.queue = this.ids;
    this.annotator = options.annotator ?? "ann";
    this.dataset = options.dataset ?? "data";
    this.schema = options.schema ?? SCHEMA;
    this.#suggestions = options.suggestions ?? {};
    this.#version = options.version ?? 1;
    this.#data = options.data ?? ((id) => `text of ${id}`);
    this.#media = options.media ?? (() => ({ title: "this labeler has no media" }));
    this.#seen = store.log.length;
    const last = store.log.at(-1);
    if (last !== undefined) this.index = Math.max(this.queue.indexOf(last.event.item), 0);
  }

  listen(send: (message: Outgoing) => void): void {
    this.#listeners.push(send);
  }

  tell(message: Outgoing): void {
    for (const send of this.#listeners) send(message);
  }

  done(item: string): boolean {
    return ["submitted", "discarded"].includes(this.store.view(this.annotator, item).status);
  }

  get progress(): Progress {
    const views = this.ids.map((id) => this.store.view(this.annotator, id));
    const count = (status: string): number => views.filter((view) => view.status === status).length;
    return {
      total: this.ids.length, submitted: count("submitted"), drafts: count("draft"), discarded: count("discarded"),
      flagged: views.filter((view) => view.flagged).length,
    };
  }

  upcoming(index: number): { upcoming: number[]; complete: boolean } {
    const places = [...this.queue.keys()].map((n) => (n + index + 1) % this.queue.length)
      .filter((place) => !this.done(this.queue[place] ?? ""));
    return { upcoming: places.slice(0, AHEAD), complete: places.length <= AHEAD };
  }

  item(index: number): WireItem {
    const id = this.queue[index] ?? "";
    const view = this.store.view(this.annotator, id);
    return {
      id, key: id, index, data: this.#data(id), done: this.done(id),
      response: { ...view, annotations: [...view.annotations] }, suggestions: this.#suggestions[id] ?? null,
    };
  }

  #window(index: number, upcoming: readonly number[], held: readonly number[] = []): WireItem[] {
    const wanted = new Set([index, ...upcoming]);
    for (let n = index - BEHIND; n <= index + AHEAD; n++) wanted.add(n);
    const missing = [...wanted].filter((n) => n >= 0 && n < this.queue.length && !held.includes(n));
    return missing.slice(0, this.most).map((n) => this.item(n));
  }

  asQueue(reply = 0): Queue {
    const { upcoming, complete } = this.upcoming(this.index);
    return {
      type: "queue", reply, queue: this.generation, total: this.queue.length, index: this.index,
      items: this.#window(this.index, upcoming), upcoming, complete, filter: this.filter, progress: this.progress,
    };
  }

  find(filter: Filter, at = ""): void {
    const here = at || (this.queue[this.index] ?? "");
    const passes = (id: string): boolean => {
      const view = this.store.view(this.annotator, id);
      return (!filter.status?.length || filter.status.includes(view.status))
        && (!filter.text || `text of ${id}`.includes(filter.text))
        && (filter.flagged == null || view.flagged === filter.flagged);
    };
    this.queue = this.order.filter(passes);
    this.filter = filter;
    this.generation += 1;
    this.index = Math.max(this.queue.indexOf(here), 0);
  }

  /** A model has learnt: what comes next from `fixed` on is shuffled. */
  rerank(random: () => number = Math.random, fixed = this.index + 3): void {
    const rest = this.queue.slice(fixed).map((id) => ({ id, at: random() })).sort((a, b) => a.at - b.at);
    this.queue = [...this.queue.slice(0, fixed), ...rest.map(({ id }) => id)];
    const shown = new Set(this.queue);
    const next = this.queue.values();
    this.order = this.order.map((id) => (shown.has(id) ? next.next().value ?? id : id));
    this.generation += 1;
    this.tell({ type: "reordered", queue: this.generation, fixed, ...this.upcoming(this.index) });
  }

  /** Takes back, or does again, what was done as one. */
  #travel(action: "undo" | "redo"): void {
    const own = this.store.log.filter(({ event }) => event.annotator === this.annotator);
    const { done, undone } = foldUndo(own.map(({ event }) => event));
    const stack = action === "undo" ? done : undone;
    const group = stack.at(-1)?.group;
    const events = stack.filter((event) => event.group === group).reverse().map((event): Event => ({
      id: `${action} ${event.id} ${own.length}`, item: event.item, annotator: this.annotator, action, ref: event.id,
      patch: (action === "undo" ? own.find((entry) => entry.event.id === event.id)?.inverse : event.patch) ?? {},
    }));
    this.store.append(events);
    this.refresh();
  }

  /** The model has changed. */
  describe(model: ModelState): void {
    this.model = model;
    this.tell({ type: "model", model });
  }

  goto(item: string): void {
    this.index = this.queue.indexOf(item);
    this.tell({ type: "moved", queue: this.asQueue() });
  }

  /** What other processes have written is told to the page. */
  refresh(): void {
    const news = this.store.log.slice(this.#seen);
    this.#seen = this.store.log.length;
    if (news.length > 0) this.tell({ type: "changed", entries: news, progress: this.progress });
  }

  receive(message: Incoming): void {
    this.received.push(message);
    const answer = this.#answer(message);
    this.tell(answer);
  }

  #answer(message: Incoming): Outgoing {
    switch (message.type) {
      case "hello": {
        this.hellos += 1;
        this.refresh();
        const own = this.store.log.filter(({ event }) => event.annotator === this.annotator);
        const inverse = new Map(own.map((entry) => [entry.event.id, entry.inverse]));
        const { done, undone } = foldUndo(own.map(({ event }) => event));
        const entry = (event: Event): Entry => ({ event, inverse: inverse.get(event.id) ?? {} });
        return {
          type: "welcome", reply: message.id, version: this.#version, store: this.store.id, dataset: this.dataset,
          annotator: this.annotator, schema: this.schema, queue: this.asQueue(), history: done.map(entry),
          redo: undone.map(entry), place: "labels.db", keys: {}, options: {}, model: this.model,
        };
      }
      case "ping":
        this.refresh();
        return { type: "pong", reply: message.id };
      case "move":
        this.moves.push(message.at);
        this.#moved(message.at);
        return { type: "pong", reply: message.id };
      case "travel":
        if (this.store.fails) return { type: "failure", reply: message.id, problem: this.store.fails };
        if (!this.#travelled.has(message.id)) {
          this.#travelled.add(message.id);
          this.travels.push(message.action);
          this.#travel(message.action);
        }
        return { type: "ack", reply: message.id, progress: this.progress };
      case "find":
        this.find(message.filter, message.at ?? "");
        return this.asQueue(message.id);
      case "fetch": {
        this.fetches += 1;
        if (message.queue !== this.generation) return this.asQueue(message.id);
        const index = Math.min(message.index, this.queue.length - 1);
        const { upcoming, complete } = this.upcoming(index);
        const items = this.#window(index, upcoming, message.held);
        this.served.push(...items.map((item) => item.index));
        return { type: "items", reply: message.id, queue: this.generation, index, items, upcoming, complete };
      }
      case "events": {
        if (this.store.fails) return { type: "failure", reply: message.id, problem: this.store.fails, retry: true };
        const rejected: { id: string; problem: Problem }[] = [];
        const good = (message.events ?? []).filter((event) => {
          const problem = this.store.has(event.id) ? null : this.refuses(event);
          if (problem) rejected.push({ id: event.id, problem });
          return problem === null;
        });
        const fresh = this.store.append(good);
        // own events are told too, and what others wrote in between comes with the next refresh
        if (fresh.length > 0) this.tell({ type: "changed", entries: fresh, progress: this.progress });
        this.#moved(message.at ?? "");
        return { type: "ack", reply: message.id, stored: good.map(({ id }) => id), rejected, progress: this.progress };
      }
      case "media": {
        const made = this.#media(message);
        const offset = message.offset ?? 0;
        if ("title" in made) return { type: "failure", reply: message.id, problem: made };
        const chunk: WithBytes = { type: "chunk", reply: message.id, offset, total: made.length, bytes: made.slice(offset, offset + CHUNK) };
        return chunk;
      }
      case "ask":
        return { type: "failure", reply: message.id, problem: { title: "this labeler has no tools" } };
    }
  }

  #moved(at: string): void {
    const index = this.queue.indexOf(at);
    if (index >= 0) this.index = index;
  }
}

/** A message's way between page and kernel. */
export class Line {
  kernel: FakeKernel | null;
  busy = false;
  /** Decides what becomes of a message: how often it arrives. */
  copies: (direction: "up" | "down") => number = () => 1;
  delay = 1;
  sent: Incoming[] = [];
  readonly #pages = new Set<(message: Outgoing) => void>();
  #up: Incoming[] = [];
  #born = 0;

  constructor(kernel: FakeKernel | null) {
    this.kernel = null;
    this.connect(kernel);
  }

  connect(kernel: FakeKernel | null): void {
    this.kernel = kernel;
    this.#up = [];
    this.#born += 1;
    kernel?.listen((message) => {
      if (this.kernel === kernel) this.#down(message);
    });
  }

  attach(page: (message: Outgoing) => void): () => void {
    this.#pages.add(page);
    return () => this.#pages.delete(page);
  }

  #down(message: Outgoing): void {
    const copy = structuredClone(message);
    for (let n = this.copies("down"); n > 0; n--) {
      setTimeout(() => {
        for (const page of this.#pages) page(copy);
      }, this.delay);
    }
  }

  send(message: Incoming): void {
    const copy = structuredClone(message);
    this.sent.push(copy);
    const born = this.#born;
    for (let n = this.copies("up"); n > 0; n--) {
      setTimeout(() => {
        if (born !== this.#born) return; // on its way to a kernel that is gone
        this.#up.push(copy);
        this.pump();
      }, this.delay);
    }
  }

  /** A kernel that is not busy takes what has come. */
  pump(): void {
    while (!this.busy && this.kernel !== null) {
      const message = this.#up.shift();
      if (message === undefined) return;
      this.kernel.receive(message);
    }
  }
}

type Handler = (...args: never[]) => void;

export class FakeModel implements AnyModel {
  readonly traits: Record<string, unknown> = {};
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #line: Line;
  closed = false;
  saves = 0;
  widget_manager?: unknown;
  /** The page is gone: nothing reaches it any more. */
  readonly detach: () => void;

  constructor(line: Line) {
    this.#line = line;
    this.detach = line.attach(({ bytes, ...message }: WithBytes) => {
      this.trigger("msg:custom", message, bytes ? [new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)] : []);
    });
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    this.traits[name] = value;
  }

  save_changes(): void {
    this.saves += 1;
  }

  send(content: unknown): void {
    if (this.closed) throw new Error("the comm is closed");
    this.#line.send(content as Incoming);
  }

  on(event: string, handler: Handler): void {
    const there = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, there.add(handler));
  }

  off(event?: string | null, handler?: Handler | null): void {
    if (event && handler) this.#handlers.get(event)?.delete(handler);
  }

  trigger(event: string, ...args: unknown[]): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) (handler as (...args: unknown[]) => void)(...args);
  }
}
