/**
 * The state of one labeler in the page. The views talk to nothing else.
 *
 * Every action changes this state at once and becomes an event; the kernel only ever catches up. What is shown is
 * what the kernel is known to have, with the events on top that it has not acknowledged.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { Clock } from "./clock";
import { Connection, type Question, type Reply } from "./connection";
import { type Held, Items } from "./items";
import type { AnyModel } from "./model";
import { Outbox } from "./outbox";
import { applyPatch, EMPTY, mergePatches, sameAnnotation, type Status, type View } from "./patch";
import {
  type Ack, type AnyAnnotation, type Changed, type Entry, type Event, type Filter, type ModelState, type Outgoing,
  type Patch, type Problem, type Progress, PROTOCOL_VERSION, type Queue, type Reordered, type Schema, type Travel, type Welcome,
  type WireItem,
} from "./protocol";
import type { Dispose, Scope } from "./scope";
import { Sender } from "./sender";

export type { AnyModel, Status, View };
export type SaveKind = "saved" | "unsaved" | "busy" | "gone" | "error";

export interface Save {
  readonly kind: SaveKind;
  /** Events that the kernel has not stored yet. */
  readonly unsaved: number;
  readonly words: string;
  readonly problem: Problem | null;
}

const MERGE_WITHIN = 400;
const PING_EVERY = 4000;
const MOVE_AFTER = 250;
const FIND_AFTER = 2000;
const RESYNC_AFTER = 200;
const AGAIN_AFTER = 2000;
const TOLD_WITHIN = 15_000; // by then a page has heard what others did before
const MOST_HISTORY = 200;
const MOST_NOTICES = 20;
const MOST_REMEMBERED = 5000;

const NO_PROGRESS: Required<Progress> = { total: 0, submitted: 0, drafts: 0, discarded: 0, flagged: 0 };
const TALLY: Partial<Record<Status, "submitted" | "drafts" | "discarded">> = {
  submitted: "submitted", draft: "drafts", discarded: "discarded",
};

/** What the page waits for: one place of the queue, or whichever item needs an answer next. */
type Want = { readonly index: number; readonly asNext: boolean } | "next";

/** Another queue came: go where it says, or stay at the item shown if it has it, or only if the person has gone on. */
type Entering = "go" | "stay" | { readonly from: string };

interface Finding {
  /** Asks now; null once that is done. */
  ask: (() => void) | null;
  cancel: Dispose;
  readonly end: (answered: boolean) => void;
}

interface Merge {
  readonly key: string;
  event: Event;
  readonly before: View;
  end: Dispose;
}

export class Engine {
  readonly ready: ReadonlySignal<boolean> = signal(false);
  /** Why the labeler could not be opened. */
  readonly failure: ReadonlySignal<Problem | null> = signal(null);
  readonly schema: ReadonlySignal<Schema> = signal({ fields: [] });
  readonly guidelines: ReadonlySignal<string> = signal("");
  /** The user's own shortcuts, by action. */
  readonly keys: ReadonlySignal<Readonly<Record<string, readonly string[]>>> = signal({});
  readonly options: ReadonlySignal<Readonly<Record<string, unknown>>> = signal({});
  /** Where labels are stored, as people read it. */
  readonly place: ReadonlySignal<string> = signal("");
  readonly annotator: ReadonlySignal<string> = signal("");
  readonly dataset: ReadonlySignal<string> = signal("");
  readonly item: ReadonlySignal<WireItem | null> = signal(null);
  /** The current item's response, with what is not stored yet. */
  readonly view: ReadonlySignal<View> = signal(EMPTY);
  readonly index: ReadonlySignal<number> = signal(0);
  readonly total: ReadonlySignal<number> = signal(0);
  readonly progress: ReadonlySignal<Required<Progress>> = signal(NO_PROGRESS);
  readonly filter: ReadonlySignal<Filter> = signal({});
  /** The item to show is not here yet: the kernel has been asked. */
  readonly waiting: ReadonlySignal<boolean> = signal(false);
  /** Every item of the queue is done. */
  readonly finished: ReadonlySignal<boolean> = signal(false);
  readonly save: ReadonlySignal<Save>;
  readonly notices: ReadonlySignal<readonly Problem[]> = signal([]);
  readonly canUndo: ReadonlySignal<boolean> = signal(false);
  readonly canRedo: ReadonlySignal<boolean> = signal(false);
  /** The item's suggestions that were neither accepted nor rejected. */
  readonly suggestions: ReadonlySignal<readonly AnyAnnotation[]>;
  readonly suggestError: ReadonlySignal<string>;
  /** The model that suggests, as the kernel described it last; null if there is none. */
  readonly model: ReadonlySignal<ModelState | null> = signal(null);

  readonly #hidden = signal<ReadonlySet<string>>(new Set());

  readonly #model: AnyModel;
  readonly #scope: Scope;
  readonly #items = new Items();
  readonly #outbox: Outbox;
  readonly #connection: Connection;
  readonly #sender: Sender;
  readonly #clock = new Clock();
  readonly #seconds = new Map<string, number>();

  #box = "";
  #counted: Required<Progress> = NO_PROGRESS; // as the kernel counted last
  #current = "";
  #cameDone = false;
  #want: Want | null = null;
  #shown = 0;
  #undo: Entry[] = [];
  #redo: Entry[] = [];
  #merge: Merge | null = null;
  #mine = new Set<string>();
  #others = new Set<string>();
  #touched = new Set<string>();
  #seenNotices = new Set<string>();
  #early: Outgoing[] | null = [];
  #opening: Welcome | null = null; // while the outbox is read
  #attached = 0;
  #pinging = false;
  #told = "";
  #moving: Dispose | null = null;
  #fetching: { readonly index: number; readonly end: Dispose } | null = null;
  #fetched = "";
  #acks = 0;
  #actedAt = 0;
  #refetch = new Set<number>();
  #helloing: Dispose | null = null;
  #resyncing: Dispose | null = null;
  #resyncWanted = false;
  #finding: Finding | null = null;
  /** The queue was ranked anew, and what comes next is not here yet: places before `fixed` are the same. */
  #anew: { readonly queue: number; readonly fixed: number } | null = null;
  /** What the kernel is to take back or repeat once it knows all; "asked" while it does. */
  #travelling: (() => void) | "asked" | null = null;

  constructor(model: AnyModel, parent: Scope) {
    this.#model = model;
    this.#scope = parent.child();
    this.#outbox = new Outbox(this.#scope, (ids) => this.#sender.heard(ids));
    this.#connection = new Connection(model, this.#scope, {
      message: (message) => this.#receive(message),
      garbled: (problem) => this.#notify(problem),
      restored: () => this.#resync(),
    });
    this.#sender = new Sender(this.#connection, this.#scope, {
      stored: (events, ack) => this.#stored(events, ack),
      refused: (event, problem) => this.#refused(event, problem),
      drained: () => this.#drained(),
      at: () => {
        this.#moving?.();
        this.#moving = null;
        return (this.#told = this.#current);
      },
    });
    this.save = computed(() => this.#describe());
    this.suggestions = computed(() => this.#open());
    this.suggestError = computed(() => this.item.value?.suggest_error ?? "");
    this.#guard();
    this.#hello();
  }

  // ---- what views do ----------------------------------------------------------------------------

  /**
   * A view shows the labeler in `root`: counts the time it is used, and keeps asking whether the kernel is there.
   * The returned function ends that.
   */
  attach(root: HTMLElement): Dispose {
    const own = this.#scope.child();
    this.#clock.watch(own, root);
    this.#attached += 1;
    own.own(() => {
      this.#attached -= 1;
    });
    own.listen(root, "focusout", () => this.#settle());
    own.interval(() => this.#ping(), PING_EVERY);
    own.listen(document, "visibilitychange", () => this.#ping());
    this.#ping();
    return () => own.dispose();
  }

  /** Puts annotations by id and drops others; edits with the same `merge` soon after one another are one event. */
  edit(put: readonly AnyAnnotation[], drop: readonly string[] = [], options: { merge?: string } = {}): void {
    const held = this.#here();
    if (held === undefined) return;
    const there = new Map(held.view.annotations.map((one) => [one.id ?? "", one]));
    const coming = put
      .map((one) => (one.id ? one : { ...one, id: this.newId() }))
      .filter((one) => {
        const old = there.get(one.id ?? "");
        return old === undefined || !sameAnnotation(old, one) || drop.includes(one.id ?? "");
      });
    const again = new Set(put.map((one) => one.id ?? ""));
    const going = new Set(drop.filter((id) => there.has(id)));
    for (const one of held.view.annotations) {
      // a relation does not outlive its ends
      if (one.kind !== "relation" || again.has(one.id ?? "")) continue;
      const lost = (end: string): boolean => going.has(end) && !again.has(end);
      if (lost(one.head) || lost(one.child)) going.add(one.id ?? "");
    }
    if (coming.length === 0 && going.size === 0) return;
    const offered = new Set((held.item.suggestions ?? []).map((one) => one.id ?? ""));
    this.#hide([...going].filter((id) => offered.has(id) && !again.has(id)));
    const patch: Patch = {};
    if (coming.length > 0) patch.put = coming;
    if (going.size > 0) patch.drop = [...going];
    this.#act("edit", patch, options.merge === undefined ? undefined : `edit ${options.merge}`);
  }

  /** Submits the item as it stands and goes on; a problem says which limit is not met, and nothing has changed then. */
  submit(): Problem | null {
    this.#settle();
    const held = this.#here();
    if (held === undefined) return { title: "There is no item to submit yet", hint: "The kernel has been asked for it." };
    const problem = this.#limits(held.view);
    if (problem !== null) return problem;
    this.#act("submit", { status: "submitted" });
    this.#advance();
    return null;
  }

  /** Goes on without an answer; the item comes again when all others are done. */
  skip(): void {
    if (this.#here() === undefined) return;
    this.#act("skip", {});
    this.#advance();
  }

  /** Marks the item as unusable and goes on. */
  discard(): void {
    if (this.#here() === undefined) return;
    this.#act("discard", { status: "discarded" });
    this.#advance();
  }

  flag(on?: boolean): void {
    const held = this.#here();
    const flagged = on ?? !(held?.view.flagged ?? false);
    if (held === undefined || held.view.flagged === flagged) return;
    this.#act("flag", { flagged });
  }

  comment(text: string): void {
    const held = this.#here();
    if (held === undefined || held.view.comment === text) return;
    this.#act("comment", { comment: text }, "comment");
  }

  undo(): void {
    this.#settle();
    const entry = this.#undo.at(-1);
    if (entry === undefined || this.#opening !== null) return;
    if (entry.event.group) {
      this.#travel("undo", entry.event.group);
      return;
    }
    const event = this.#make(entry.event.item, "undo", entry.inverse ?? {}, entry.event.id);
    this.#items.unskip(entry.event.item);
    this.#items.record(event);
    this.#send(event, null);
    this.#visit(entry.event.item);
  }

  redo(): void {
    this.#settle();
    const entry = this.#redo.at(-1);
    if (entry === undefined || this.#opening !== null) return;
    if (entry.event.group) {
      this.#travel("redo", entry.event.group);
      return;
    }
    const event = this.#make(entry.event.item, "redo", entry.event.patch ?? {}, entry.event.id);
    const inverse = this.#items.record(event);
    this.#send(event, inverse);
    this.#visit(entry.event.item);
  }

  /** What was done to many items as one is taken back by the kernel: the page holds a part of it at most. */
  #travel(action: Travel["action"], group: string): void {
    if (this.#travelling !== null) return;
    const go = (): void => {
      const newest = (action === "undo" ? this.#undo : this.#redo).at(-1);
      this.#travelling = null;
      if (newest?.event.group !== group) return; // something else was done since
      this.#travelling = "asked";
      this.#connection.request({ type: "travel", action }, (message) => {
        this.#travelling = null;
        if (message.type === "ack") this.#count(message.progress);
        else if (message.type === "failure") this.#notify(message.problem);
        this.#publish();
      });
    };
    this.#travelling = go;
    if (this.#sender.idle) go(); // else when the kernel knows what was done before
  }

  next(): void {
    this.goto(this.#place1() + 1);
  }

  previous(): void {
    this.goto(this.#place1() - 1);
  }

  /** Shows the item at a place of the queue; places beyond its ends are moved to them. */
  goto(index: number): void {
    if (this.#items.total === 0 || !Number.isFinite(index)) return;
    this.#settle();
    this.#go(Math.min(Math.max(Math.trunc(index), 0), this.#items.total - 1), false);
  }

  /** Shows only items that pass; an empty filter shows all. */
  find(filter: Filter): Promise<void> {
    this.#settle();
    return new Promise((resolve) => this.#search(filter, this.#current, () => resolve()));
  }

  /** Makes suggestions annotations of the response; all of them if no ids are given. */
  accept(ids?: readonly string[]): void {
    this.#settle();
    const held = this.#here();
    if (held === undefined) return;
    const offered = new Map(this.suggestions.value.map((one) => [one.id ?? "", one]));
    const taken = new Map<string, AnyAnnotation>();
    const take = (id: string): void => {
      const one = offered.get(id);
      if (one === undefined || taken.has(id)) return;
      taken.set(id, one);
      if (one.kind !== "relation") return;
      take(one.head); // a relation is nothing without its ends
      take(one.child);
    };
    for (const id of ids ?? offered.keys()) take(id);
    const { put, drop, left } = this.#fit(held.view, [...taken.values()]);
    if (put.length > 0) this.edit(put, drop);
    if (left > 0) {
      this.#notify({
        title: left === 1 ? "One suggestion was not taken" : `${left} suggestions were not taken`,
        hint: "They overlap what is marked, in a field whose spans must not overlap, or miss an end.",
      });
    }
  }

  /** Hides suggestions in this page; all of them if no ids are given. */
  reject(ids?: readonly string[]): void {
    this.#hide(ids ?? this.suggestions.value.map((one) => one.id ?? ""));
  }

  /** Asks the kernel for what only one kind of labeler needs; the returned function gives up. */
  ask(question: Question, reply: Reply): Dispose {
    return this.#connection.request(question, reply);
  }

  /** The items that come next, nearest first, as far as they are here. */
  ahead(count: number): WireItem[] {
    const { fresh, skipped } = this.#items.pending(this.index.value);
    const places = [...fresh, ...skipped, this.index.value + 1, this.index.value - 1];
    const found = new Set<WireItem>();
    for (const place of places) {
      const item = this.#items.at(place)?.item;
      if (item && found.size < count) found.add(item);
    }
    return [...found];
  }

  /** A fresh id for an annotation or event: 12 hexadecimal digits. */
  newId(): string {
    return [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  dismiss(notice: Problem): void {
    set(this.notices, this.notices.value.filter((one) => one !== notice));
  }

  /** Brings what was typed to an end and tries to save everything now. */
  flush(): void {
    this.#settle();
    this.#sender.flush();
    this.#connection.kick();
    if (!this.ready.value) this.#hello();
  }

  /** What is not in the store, as JSON to keep: events that wait, and those that were refused. */
  rescue(): string {
    const box = { dataset: this.dataset.value, annotator: this.annotator.value };
    return JSON.stringify({ ...box, unsaved: this.#sender.events, refused: this.#outbox.refused }, null, 2);
  }

  dispose(): void {
    this.#settle();
    this.#scope.dispose();
  }

  // ---- actions become events --------------------------------------------------------------------

  /** The item that actions are about; none while it is not known whose answers these would be. */
  #here(): Held | undefined {
    return this.ready.value && this.#opening === null ? this.#items.get(this.#current) : undefined;
  }

  #act(action: Event["action"], patch: Patch, merge?: string): void {
    const held = this.#here();
    if (held === undefined) return;
    if (merge !== undefined && this.#merge !== null && this.#merge.key === merge) {
      this.#extend(this.#merge, patch);
      return;
    }
    this.#settle();
    const before = held.view;
    const event = this.#make(this.#current, action, patch);
    const inverse = this.#items.record(event);
    if (merge !== undefined) this.#merge = { key: merge, event, before, end: this.#soon() };
    this.#send(event, inverse);
  }

  #soon(): Dispose {
    return this.#scope.timeout(() => this.#settle(), MERGE_WITHIN);
  }

  #extend(merge: Merge, patch: Patch): void {
    merge.end();
    const seconds = Math.round(((merge.event.seconds ?? 0) + this.#takeSeconds(merge.event.item)) * 10) / 10;
    const event: Event = { ...merge.event, patch: mergePatches(merge.event.patch ?? {}, patch), at: Date.now() / 1000 };
    if (seconds > 0) event.seconds = seconds;
    merge.event = event;
    merge.end = this.#soon();
    this.#outbox.put(event);
    this.#sender.change(event);
    const { inverse } = applyPatch(merge.before, event.patch);
    this.#undo = this.#undo.map((entry) => (entry.event.id === event.id ? { event, inverse } : entry));
    this.#items.refold(event.item, this.#sender.events);
    this.#publish();
  }

  /** Ends an edit that could still grow. */
  #settle(): void {
    if (this.#merge === null) return;
    this.#merge.end();
    this.#merge = null;
    this.#sender.release();
  }

  #make(item: string, action: Event["action"], patch: Patch, ref = ""): Event {
    const event: Event = { id: this.newId(), item, annotator: this.annotator.value, action, at: Date.now() / 1000 };
    if (Object.keys(patch).length > 0) event.patch = patch;
    const seconds = this.#takeSeconds(item);
    if (seconds > 0) event.seconds = seconds;
    const version = this.schema.value.version ?? 1;
    if (version !== 1) event.schema_version = version;
    if (ref !== "") event.ref = ref;
    return event;
  }

  #takeSeconds(item: string): number {
    this.#bank();
    const seconds = this.#seconds.get(item) ?? 0;
    this.#seconds.delete(item);
    return Math.round(seconds * 10) / 10;
  }

  /** Credits the time since the last look to the item that was shown. */
  #bank(): void {
    const seconds = this.#clock.take();
    if (seconds > 0 && this.#current !== "") {
      this.#seconds.set(this.#current, (this.#seconds.get(this.#current) ?? 0) + seconds);
    }
  }

  #send(event: Event, inverse: Patch | null): void {
    remember(this.#mine, event.id);
    remember(this.#touched, event.item);
    this.#actedAt = Date.now();
    this.#outbox.put(event); // in this tick: a reload may come at once
    this.#fold(event, inverse);
    this.#sender.add(event, this.#merge?.event.id === event.id, this.#outbox.durable.peek());
    this.#publish();
  }

  /** Keeps the stacks of undo and redo, as `fold_undo` does. */
  #fold(event: Event, inverse: Patch | null): void {
    const ref = event.ref ?? "";
    const isRef = (entry: Entry): boolean => entry.event.id === ref;
    if (event.action === "undo") {
      this.#redo.push(...this.#undo.filter(isRef));
      this.#undo = this.#undo.filter((entry) => !isRef(entry));
    } else if (event.action === "redo") {
      const back = this.#redo.filter(isRef);
      this.#undo.push(...back.map((entry) => (inverse === null ? entry : { ...entry, inverse })));
      this.#redo = this.#redo.filter((entry) => !isRef(entry));
    } else if (event.action !== "import") {
      this.#undo.push({ event, inverse: inverse ?? {} });
      this.#redo = [];
    }
    this.#undo.splice(0, Math.max(this.#undo.length - MOST_HISTORY, 0));
  }

  #limits(view: View): Problem | null {
    for (const field of this.schema.value.fields) {
      const name = field.title || field.name || "";
      const count = view.annotations.filter((one) => (one.field ?? "") === (field.name ?? "")).length;
      const least = Math.max(field.min ?? 0, field.required ? 1 : 0);
      const single = field.kind === "choices" && !field.multiple;
      const most = single ? 1 : (field.max ?? null);
      if (count < least) {
        const title = least === 1 ? `“${name}” needs an answer` : `“${name}” needs at least ${least} answers, it has ${count}`;
        return { title, hint: "Answer it, or skip or discard the item." };
      }
      if (most !== null && count > most) {
        const title = `“${name}” takes at most ${most} ${most === 1 ? "answer" : "answers"}, it has ${count}`;
        return { title, hint: "Remove what is too much." };
      }
      const longest = field.kind === "texts" ? (field.max_length ?? null) : null;
      const long = longest !== null && view.annotations.some((one) =>
        one.kind === "text" && one.field === field.name && [...one.text].length > longest);
      if (long) return { title: `“${name}” takes at most ${longest} characters`, hint: "Shorten it." };
    }
    return null;
  }

  /** Those suggestions that the fields can take, with what has to go for them. */
  #fit(view: View, taken: readonly AnyAnnotation[]): { put: AnyAnnotation[]; drop: string[]; left: number } {
    const fields = new Map(this.schema.value.fields.map((field) => [field.name ?? "", field]));
    const put: AnyAnnotation[] = [];
    const drop = new Set<string>();
    const standing = (): AnyAnnotation[] => [...view.annotations.filter((one) => !drop.has(one.id ?? "")), ...put];
    for (const one of [...taken].sort((a, b) => Number(a.kind === "relation") - Number(b.kind === "relation"))) {
      const field = fields.get(one.field ?? "");
      if (field?.kind === "spans" && field.overlap === false && one.kind === "span") {
        const { start, end } = one;
        const hit = standing().some((other) =>
          other.kind === "span" && other.field === one.field && other.start < end && start < other.end);
        if (hit) continue;
      }
      if (one.kind === "relation") {
        const ids = new Set(standing().map((other) => other.id ?? ""));
        if (!ids.has(one.head) || !ids.has(one.child)) continue;
      }
      const single = (field?.kind === "choices" && !field.multiple) || field?.max === 1;
      if (single) {
        if (put.some((other) => other.field === one.field)) continue;
        for (const other of view.annotations) if (other.field === one.field) drop.add(other.id ?? "");
      }
      put.push(one);
    }
    return { put, drop: [...drop], left: taken.length - put.length };
  }

  #hide(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const hidden = new Set(this.#hidden.value);
    for (const id of ids) hidden.add(`${this.#current} ${id}`);
    this.#hidden.value = hidden;
  }

  #open(): readonly AnyAnnotation[] {
    const item = this.item.value;
    if (item === null || !item.suggestions) return [];
    const hidden = this.#hidden.value;
    const taken = new Set(this.view.value.annotations.map((one) => one.id ?? ""));
    return item.suggestions.filter((one) => !taken.has(one.id ?? "") && !hidden.has(`${item.id} ${one.id ?? ""}`));
  }

  // ---- going from item to item ------------------------------------------------------------------

  #place1(): number {
    return typeof this.#want === "object" && this.#want !== null ? this.#want.index : this.#shown;
  }

  #advance(): void {
    const next = this.#items.next(this.#shown, false);
    if (next === "unknown") {
      this.#wait("next");
    } else if (next !== null) {
      this.#go(next, true);
    } else if (this.#cameDone && this.#shown + 1 < this.#items.total) {
      this.#go(this.#shown + 1, false); // going through items that were done already
    } else {
      this.#publish();
    }
  }

  #go(index: number, asNext: boolean): void {
    const held = this.#items.at(index);
    if (held === undefined) {
      this.#wait({ index, asNext });
      return;
    }
    this.#arrive(index);
  }

  #arrive(index: number): void {
    this.#settle();
    const held = this.#items.at(index);
    this.#want = null;
    this.#bank();
    this.#current = held?.item.id ?? "";
    this.#cameDone = held?.done ?? false;
    this.#shown = index;
    this.#tell();
    this.#publish();
  }

  #wait(want: Want): void {
    this.#want = want;
    this.#bank();
    this.#current = "";
    this.#publish();
    this.#fetch(typeof want === "object" ? want.index : this.#shown);
  }

  /** Goes to the item that was waited for, once it is here; `fresh` if the kernel has just said all it knows. */
  #resolve(fresh: boolean): void {
    const want = this.#want;
    if (want === null) return;
    if (typeof want === "object") {
      const held = this.#items.at(want.index);
      if (held !== undefined && !(want.asNext && held.done)) this.#arrive(want.index);
      else if (held !== undefined) this.#want = "next";
      else if (fresh) this.#stay({ title: `The kernel has no item at place ${want.index + 1}` });
      else this.#fetch(want.index);
    }
    if (this.#want !== "next") return;
    const next = this.#items.next(this.#shown, fresh && this.#sender.idle);
    if (typeof next === "number") this.#go(next, true);
    else if (next === null) this.#stay(null);
    else if (this.#sender.idle) this.#fetch(this.#shown);
    // else the kernel does not know yet what is done; it is asked again when it has stored more
  }

  /** Gives up waiting and shows again what was shown. */
  #stay(problem: Problem | null): void {
    if (problem !== null) this.#notify(problem);
    this.#want = null;
    if (this.#items.at(this.#shown) !== undefined) this.#arrive(this.#shown);
    else this.#publish();
  }

  /** Goes to an item by its id; the kernel is asked where it is, if it is not held. */
  #visit(id: string): void {
    const held = this.#items.get(id);
    if (held !== undefined) {
      this.#arrive(held.item.index);
      return;
    }
    const filter = this.filter.value;
    this.#search(filter, id, (answered) => {
      const hidden = Object.keys(filter).length > 0 && this.#current !== id;
      if (answered && hidden) this.#search({}, id, () => undefined); // without the filter that hides it
    });
  }

  /** Tells the kernel where the person is, unless events do. */
  #tell(): void {
    if (this.#told === this.#current || this.#current === "" || !this.ready.value) return;
    this.#moving?.();
    this.#moving = this.#scope.timeout(() => {
      this.#moving = null;
      if (this.#told === this.#current || this.#current === "" || !this.#sender.idle) return;
      this.#told = this.#current;
      this.#moving = this.#connection.request({ type: "move", at: this.#current }, () => {
        this.#moving = null;
        this.#maintain();
      });
    }, MOVE_AFTER);
  }

  // ---- asking the kernel ------------------------------------------------------------------------

  #hello(): void {
    this.#helloing?.();
    const question = { type: "hello", version: PROTOCOL_VERSION, at: this.#current } as const;
    this.#helloing = this.#connection.request(question, (message) => {
      this.#helloing = null;
      if (message.type === "welcome") this.#welcome(message);
      else this.#refusedHello(message);
    });
  }

  #refusedHello(message: Outgoing): void {
    const problem = message.type === "failure" ? message.problem : { title: "The kernel did not open the labeler" };
    if (this.ready.value) this.#notify(problem);
    else set(this.failure, problem);
    if (message.type === "failure" && message.retry) this.#scope.timeout(() => this.#hello(), AGAIN_AFTER);
  }

  /** Asks for everything anew, once nothing is under way. */
  #resync(): void {
    this.#resyncWanted = true;
    if (this.#resyncing !== null || !this.ready.value) return;
    this.#resyncing = this.#scope.timeout(() => {
      this.#resyncing = null;
      if (!this.#resyncWanted || !this.#sender.idle) return; // again when it has drained
      this.#resyncWanted = false;
      this.#hello();
    }, RESYNC_AFTER);
  }

  #ping(): void {
    if (this.#pinging || this.#attached === 0 || document.visibilityState === "hidden") return;
    this.#pinging = true;
    this.#connection.request({ type: "ping" }, () => {
      this.#pinging = false;
    });
  }

  /** Asks for what is missing around a place; what is there `again` if another writer may have changed it. */
  #fetch(index: number, again = false): void {
    if (!this.ready.value || this.#fetching?.index === index) return;
    this.#fetching?.end();
    const anew = this.#anew;
    const follows = anew !== null && this.#stands(anew.fixed);
    // of a queue that is none, the kernel answers with its own, around the item where it knows the page to be
    const queue = anew === null ? this.#items.generation : follows ? anew.queue : 0;
    const told = this.#told;
    const held = this.#items.around(index)
      .filter((place) => !(again && place === index) && (anew === null || place < anew.fixed));
    const end = this.#connection.request({ type: "fetch", index, queue, held }, (message) => {
      this.#fetching = null;
      const renewed = message.type === "items" && follows && message.queue === anew.queue;
      if (message.type === "items" && (message.queue === this.#items.generation || (renewed && this.#stands(anew.fixed)))) {
        if (renewed) this.#items.rerank(anew.queue, anew.fixed);
        if (this.#anew !== null && this.#anew.queue <= this.#items.generation) this.#anew = null;
        const { items, upcoming, complete } = message;
        this.#items.add(items, upcoming, complete ?? false, this.#sender.events);
        const id = this.#current;
        if (id !== "" && this.#items.get(id) === undefined) this.#current = this.#items.at(this.#shown)?.item.id ?? "";
        this.#resolve(true);
        this.#publish();
      } else if (message.type === "queue") {
        this.#enter(message, "stay", told);
      } else if (message.type === "failure") {
        this.#failedFetch(message.problem, message.retry ?? false);
      } else if (renewed) {
        this.#refresh(); // the person has gone on to where other items stand now
      } else {
        this.#resync(); // of a queue that is gone
      }
    });
    this.#fetching = { index, end };
  }

  /** Whether the item shown, and all that is not stored yet, stand before `fixed`. */
  #stands(fixed: number): boolean {
    return this.#shown < fixed
      && this.#sender.events.every((event) => (this.#items.get(event.item)?.item.index ?? -1) < fixed);
  }

  #refresh(): void {
    if (this.#want === null) this.#maintain();
    else this.#fetch(typeof this.#want === "object" ? this.#want.index : this.#shown);
  }

  #failedFetch(problem: Problem, retry: boolean): void {
    if (retry) {
      this.#scope.timeout(() => {
        this.#fetched = "";
        this.#refresh();
      }, AGAIN_AFTER);
      return;
    }
    if (this.#want === null) this.#notify(problem);
    else this.#stay(problem);
  }

  #search(filter: Filter, at: string, done: (answered: boolean) => void): void {
    this.#finding?.end(false); // only the latest search counts
    const from = this.#current;
    const ask = (): void => {
      finding.cancel();
      finding.ask = null;
      finding.cancel = this.#connection.request({ type: "find", filter, at }, (message) => {
        if (message.type === "queue") this.#enter(message, { from });
        else if (message.type === "failure") this.#notify(message.problem);
        finding.end(true);
      });
    };
    const finding: Finding = {
      ask,
      cancel: () => undefined,
      end: (answered) => {
        if (this.#finding === finding) this.#finding = null;
        finding.cancel();
        done(answered);
      },
    };
    this.#finding = finding;
    if (!this.ready.value) return; // asked when it is open
    // the kernel should know what is done before it searches, but a search need not wait for ever
    if (this.#sender.idle) ask();
    else finding.cancel = this.#scope.timeout(ask, FIND_AFTER);
  }

  #drained(): void {
    this.#finding?.ask?.();
    this.#tell();
    if (typeof this.#travelling === "function") this.#travelling();
    if (this.#resyncWanted) this.#resync();
    this.#maintain();
  }

  /** Keeps enough items ahead, and not too many in all. */
  #maintain(): void {
    if (!this.ready.value || this.#items.total === 0) return;
    const index = this.#shown;
    const keep = new Set(this.#sender.events.map((event) => event.item));
    keep.add(this.#current);
    this.#items.trim(index, keep);
    const state = `${this.#items.generation} ${index} ${this.#acks}`;
    if (this.#fetching !== null || this.#want !== null) return;
    if (this.#anew !== null) {
      // where the item shown stands now, only the kernel can tell, and only if it knows which one it is
      const known = this.#sender.idle && this.#moving === null && this.#told === this.#current;
      if (this.#stands(this.#anew.fixed) || (this.#shown >= this.#anew.fixed && known)) this.#fetch(index);
      return;
    }
    const far = this.#refetch.values().next();
    if (!far.done) {
      this.#refetch.delete(far.value);
      this.#fetch(far.value, true);
    } else if (this.#fetched !== state && this.#items.low(index)) {
      this.#fetched = state;
      this.#fetch(index);
    }
  }

  // ---- hearing from the kernel ------------------------------------------------------------------

  #receive(message: Outgoing): void {
    if (this.#early !== null) {
      if (this.#early.length < MOST_REMEMBERED) this.#early.push(message); // what it is about is not known yet
      return;
    }
    switch (message.type) {
      case "changed":
        this.#changed(message);
        break;
      case "moved":
        this.#settle();
        this.#enter(message.queue, "go");
        break;
      case "queue":
        this.#enter(message, "stay");
        break;
      case "reordered":
        this.#reordered(message);
        break;
      case "welcome":
        this.#welcome(message);
        break;
      case "suggested":
        this.#items.suggested(message.item, message.annotations ?? [], message.error ?? "", this.#current);
        this.#publish();
        break;
      case "notice":
        this.#notify(message.problem);
        break;
      case "model":
        renew(this.model, message.model);
        break;
      case "ack": // for another page on the same comm
        this.#sender.heard(message.stored ?? []);
        break;
      case "failure":
      case "items":
      case "pong": // late, or another page's
        break;
    }
  }

  #welcome(welcome: Welcome): void {
    if (welcome.version !== PROTOCOL_VERSION) {
      this.#sender.pause();
      set(this.failure, {
        title: "The page and the kernel run different versions of nblabel",
        hint: "Run the cell again, then reload the page.",
        detail: `page ${PROTOCOL_VERSION}, kernel ${welcome.version}`,
      });
      return;
    }
    const box = JSON.stringify([welcome.store, welcome.dataset, welcome.annotator]);
    if (box === this.#box) {
      if (this.#opening === null) this.#settled(welcome, "");
      else this.#opening = welcome;
      return;
    }
    this.#early ??= [];
    this.#settle();
    this.#sender.pause();
    this.#box = box;
    this.#opening = welcome;
    void this.#outbox.open(box).then((events) => {
      if (this.#scope.disposed || this.#box !== box || this.#opening === null) return;
      const newest = this.#opening;
      this.#opening = null;
      for (const event of events) {
        remember(this.#mine, event.id);
        remember(this.#touched, event.item);
      }
      this.#sender.replace(events);
      this.#settled(newest, this.#current); // whatever was shown was another annotator's
      this.#resume(events);
      this.#sender.start();
      this.#finding?.ask?.();
      if (events.length > 0) this.#resync();
    });
  }

  #settled(welcome: Welcome, told: string): void {
    batch(() => {
      this.#items.version = welcome.schema.version ?? 1;
      renew(this.schema, welcome.schema);
      renew(this.guidelines, welcome.guidelines ?? "");
      renew(this.keys, welcome.keys ?? {});
      renew(this.options, welcome.options ?? {});
      set(this.place, welcome.place ?? "");
      renew(this.model, welcome.model ?? null);
      set(this.annotator, welcome.annotator);
      set(this.dataset, welcome.dataset);
      set(this.failure, null);
      set(this.ready, true);
      this.#undo = [...(welcome.history ?? [])];
      this.#redo = [...(welcome.redo ?? [])];
      const known = new Set([...this.#undo, ...this.#redo].map((entry) => entry.event.id));
      this.#enter(welcome.queue, "stay", told);
      // what the kernel does not know yet goes on top of its history
      const views = new Map<string, View>();
      for (const event of this.#sender.events) {
        const before = views.get(event.item) ?? this.#items.get(event.item)?.base;
        const applied = before === undefined ? null : applyPatch(before, event.patch);
        if (applied !== null) views.set(event.item, applied.after);
        if (!known.has(event.id)) this.#fold(event, applied?.inverse ?? null);
      }
      for (const notice of welcome.notices ?? []) this.#notify(notice, true);
      this.#publish();
    });
    const early = this.#early ?? [];
    this.#early = null;
    for (const message of early) this.#receive(message);
  }

  /** Goes to where the person was, as far as events that come back from the outbox tell. */
  #resume(events: readonly Event[]): void {
    const last = events.at(-1);
    const held = last === undefined ? undefined : this.#items.get(last.item);
    if (last === undefined || held === undefined) return;
    this.#arrive(held.item.index);
    this.#cameDone = false;
    if (["submit", "discard", "skip"].includes(last.action)) this.#advance();
  }

  /**
   * What comes next was ranked anew. The page goes on in the queue it holds until the new one is here, so nobody waits
   * for it, and nothing that is shown moves.
   */
  #reordered({ queue, fixed }: Reordered): void {
    const known = this.#anew ?? { queue: this.#items.generation, fixed: Infinity };
    if (queue <= known.queue) return;
    this.#anew = { queue, fixed: queue === known.queue + 1 ? Math.min(fixed, known.fixed) : 0 }; // 0: something was missed
    const want = this.#want;
    if (want !== null && want !== "next" && want.asNext) this.#want = "next";
    this.#maintain();
  }

  /** Another queue takes the place of the one held; it was asked for when the kernel had been `told` of an item. */
  #enter(queue: Queue, how: Entering, told = ""): void {
    const here = this.#current;
    const stays = how === "stay" || (how !== "go" && how.from !== here);
    if (stays && here !== "" && here !== told && queue.total > 0 && !queue.items.some(({ id }) => id === here)) {
      this.#anew = { queue: queue.queue, fixed: 0 }; // the kernel did not know where the page is: it is asked again
      this.#maintain();
      return;
    }
    const want = this.#want;
    const samePlaces = queue.queue === this.#items.generation;
    this.#items.replace(queue, this.#sender.events);
    set(this.filter, queue.filter ?? {});
    this.#count(queue.progress);
    this.#fetching?.end();
    this.#fetching = null;
    this.#refetch.clear();
    this.#fetched = "";
    if (this.#anew !== null && this.#anew.queue <= queue.queue) this.#anew = null;
    const index = Math.min(queue.index, queue.total - 1);
    if (queue.total === 0) {
      this.#want = null;
      this.#bank();
      this.#current = "";
      this.#shown = 0;
      this.#publish();
      return;
    }
    const asked = want !== null && want !== "next" && !want.asNext && want.index < queue.total; // that place, in any queue
    if (how !== "go" && want !== null && (samePlaces || asked)) {
      this.#resolve(false);
      this.#publish();
      return;
    }
    if (how === "stay" && want !== null && (want === "next" || want.asNext)) {
      this.#want = "next";
      this.#shown = index;
      this.#resolve(false);
      this.#publish();
      return;
    }
    const held = stays ? this.#items.get(here) : undefined;
    this.#want = null;
    if (held !== undefined) {
      this.#shown = held.item.index;
      this.#publish();
      return;
    }
    this.#told = this.#items.at(index)?.item.id ?? "";
    this.#go(index, false);
  }

  #changed(message: Changed): void {
    const unsaved = new Set(this.#sender.events.map((event) => event.id));
    // events of this page are counted here until their own acknowledgement comes
    if (!message.entries.some(({ event }) => unsaved.has(event.id))) this.#count(message.progress);
    let news = false;
    for (const { event, inverse } of message.entries) {
      if (this.#mine.has(event.id) || this.#others.has(event.id)) continue;
      remember(this.#others, event.id);
      if (event.annotator !== this.annotator.value) continue;
      if (this.#merge?.event.item === event.item) this.#settle();
      this.#items.foreign(event, this.#sender.events);
      this.#fold(event, inverse ?? {});
      news = true;
      // which of two writers came last, only the store can tell
      const held = this.#items.get(event.item);
      if (held !== undefined && this.#touched.has(event.item)) this.#refetch.add(held.item.index);
    }
    if (news && Date.now() - this.#actedAt < TOLD_WITHIN) this.#resync();
    this.#publish();
    this.#resolve(false);
  }

  #stored(events: readonly Event[], ack: Ack | null): void {
    this.#outbox.stored(events.map((event) => event.id));
    for (const event of events) {
      const before = this.#items.get(event.item)?.base;
      this.#items.stored(event);
      const after = this.#items.get(event.item)?.base;
      if (ack === null && before && after) shift(this.#counted, before, after);
    }
    this.#acks += 1;
    this.#actedAt = Date.now();
    if (ack !== null) {
      this.#count(ack.progress);
      if (events.length > 0) this.#bump();
    }
    this.#publish();
    this.#resolve(false);
  }

  /** marimo re-runs cells on trait changes only, so a small one tells it that labels were stored. */
  #bump(): void {
    try {
      const saves = this.#model.get("_saves");
      if (saves === undefined) return;
      this.#model.set("_saves", (Number(saves) || 0) + 1);
      this.#model.save_changes();
    } catch {
      // a closed model has nobody to tell
    }
  }

  #refused(event: Event, problem: Problem): void {
    this.#outbox.refuse(event, problem);
    const gone = (entry: Entry): boolean => entry.event.id === event.id;
    this.#undo = this.#undo.filter((entry) => !gone(entry));
    this.#redo = this.#redo.filter((entry) => !gone(entry));
    this.#items.refold(event.item, this.#sender.events);
    const item = this.#items.get(event.item)?.item;
    this.#notify({
      title: `Not stored: ${problem.title}`,
      hint: problem.hint || "It was taken back here; the details are kept in this browser.",
      detail: JSON.stringify({ problem, event, key: item?.key ?? null }, null, 2),
    });
    this.#publish();
    this.#resync(); // the kernel knows best what stands now
  }

  #count(progress: Progress): void {
    this.#counted = { ...NO_PROGRESS, ...progress };
  }

  #notify(notice: Problem, once = false): void {
    const key = `${notice.title}\n${notice.hint ?? ""}`;
    if (once && this.#seenNotices.has(key)) return;
    remember(this.#seenNotices, key);
    const others = this.notices.value.filter((one) => `${one.title}\n${one.hint ?? ""}` !== key);
    set(this.notices, [...others, notice].slice(-MOST_NOTICES));
  }

  // ---- what is shown ----------------------------------------------------------------------------

  #publish(): void {
    const held = this.#items.get(this.#current);
    const progress = { ...this.#counted };
    for (const { base, view } of this.#items.all()) {
      if (base !== view) shift(progress, base, view);
    }
    const want = this.#want;
    batch(() => {
      set(this.item, held?.item ?? null);
      set(this.view, held?.view ?? EMPTY);
      set(this.index, typeof want === "object" && want !== null ? want.index : this.#shown);
      set(this.total, this.#items.total);
      renew(this.progress, progress);
      set(this.waiting, want !== null);
      set(this.finished, this.ready.value && want === null && this.#items.total > 0
        && this.#items.next(this.#shown, false) === null && (held?.done ?? false));
      set(this.canUndo, this.#undo.length > 0);
      set(this.canRedo, this.#redo.length > 0);
    });
    this.#maintain();
  }

  #describe(): Save {
    const unsaved = this.#sender.unsaved.value;
    const link = this.#connection.link.value;
    const problem = this.#sender.problem.value;
    const durable = this.#outbox.durable.value;
    // steps, not labels: to mark and to submit are two
    const kept = unsaved === 0 ? "" : `, labels kept in this page${durable ? "" : " only"} (${unsaved} unsaved)`;
    const fragile: Problem | null = durable || unsaved === 0 ? null : {
      title: "What is unsaved would be lost on a reload",
      hint: "This browser gives the page no storage. Keep the page open until the kernel has saved everything.",
    };
    if (link === "gone") return { kind: "gone", unsaved, words: `Kernel gone${kept}`, problem: fragile };
    if (link === "busy") return { kind: "busy", unsaved, words: `Kernel busy${kept}`, problem: fragile };
    if (problem !== null && unsaved > 0) return { kind: "error", unsaved, words: `Not saved${kept}`, problem };
    if (unsaved > 0) return { kind: "unsaved", unsaved, words: `${unsaved} unsaved`, problem: fragile };
    return { kind: "saved", unsaved, words: "Saved", problem: null };
  }

  #guard(): void {
    this.#scope.listen(window, "pagehide", () => {
      this.#settle();
      this.#sender.release();
    });
    this.#scope.listen(window, "beforeunload", (event) => {
      this.#settle();
      // with storage nothing is lost, and nobody needs to be asked
      if (!this.#outbox.durable.value && this.#sender.unsaved.value > 0) event.preventDefault();
    });
    this.#scope.listen(document, "visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#settle();
    });
  }
}

/** Counts an item as `after` instead of `before`. */
function shift(progress: Required<Progress>, before: View, after: View): void {
  const [from, to] = [TALLY[before.status], TALLY[after.status]];
  if (from !== undefined) progress[from] -= 1;
  if (to !== undefined) progress[to] += 1;
  progress.flagged += Number(after.flagged) - Number(before.flagged);
}

/** Adds to a set that does not grow for ever. */
function remember(known: Set<string>, id: string): void {
  known.add(id);
  if (known.size <= MOST_REMEMBERED) return;
  for (const old of known) {
    known.delete(old);
    break;
  }
}

/** Sets a signal that others only read. */
function set<T>(target: ReadonlySignal<T>, value: T): void {
  (target as Signal<T>).value = value;
}

/** Sets a signal unless it says the same already. */
function renew<T>(target: ReadonlySignal<T>, value: T): void {
  if (JSON.stringify(target.peek()) !== JSON.stringify(value)) set(target, value);
}

/** The engine of one model; it ends with `scope`. */
export function createEngine(model: AnyModel, scope: Scope): Engine {
  return new Engine(model, scope);
}
