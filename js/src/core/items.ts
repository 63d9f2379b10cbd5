/** The items that the page holds, what is said of them, and which come next. Knows neither kernel nor page. */
import { applyPatch, viewOf, type View } from "./patch";
import type { AnyAnnotation, Event, Patch, Queue, WireItem } from "./protocol";

export interface Held {
  readonly item: WireItem;
  /** As the kernel has it. */
  base: View;
  baseDone: boolean;
  /** With what is not stored yet. */
  view: View;
  done: boolean;
  readonly size: number;
}

const MOST_ITEMS = 200;
const MOST_SIZE = 48 << 20;
const KEEP_AHEAD = 30;
const BEHIND = 10;
const AHEAD = 20;
const ENOUGH = 12;
const ENOUGH_SIZE = 512 << 10;

function sizeOf(item: WireItem): number {
  const data = typeof item.data === "string" ? item.data.length : 4096;
  return data + 8 * (item.tokens?.length ?? 0) + 200 * (item.response?.annotations?.length ?? 0);
}

export class Items {
  generation = 0;
  total = 0;
  upcoming: readonly number[] = [];
  /** Whether `upcoming` is all there is. */
  complete = false;
  /** The version of the questions that are asked now. */
  version = 1;
  readonly #byId = new Map<string, Held>();
  readonly #byIndex = new Map<number, Held>();
  #skipped: string[] = [];

  get(id: string): Held | undefined {
    return this.#byId.get(id);
  }

  at(index: number): Held | undefined {
    return this.#byIndex.get(index);
  }

  all(): Iterable<Held> {
    return this.#byId.values();
  }

  /** Another queue in place of this one. */
  replace(queue: Queue, unsaved: readonly Event[]): void {
    const before = new Map(this.#byId);
    this.#byId.clear();
    this.#byIndex.clear();
    this.generation = queue.queue;
    this.total = queue.total;
    this.#take(queue.items, unsaved, before);
    this.#expect(queue.upcoming, queue.complete ?? false);
  }

  /** More items of this queue. */
  add(items: readonly WireItem[], upcoming: readonly number[], complete: boolean, unsaved: readonly Event[]): void {
    this.#take(items, unsaved, this.#byId);
    this.#expect(upcoming, complete);
  }

  /** The queue was ranked anew: its places from `fixed` on hold other items. */
  rerank(generation: number, fixed: number): void {
    this.generation = generation;
    for (const { item } of [...this.#byId.values()]) {
      if (item.index < fixed) continue;
      this.#byId.delete(item.id);
      this.#byIndex.delete(item.index);
    }
  }

  #expect(upcoming: readonly number[], complete: boolean): void {
    this.upcoming = upcoming.filter((index) => index < this.total);
    this.complete = complete;
  }

  #take(items: readonly WireItem[], unsaved: readonly Event[], before: ReadonlyMap<string, Held>): void {
    for (const given of items) {
      if (given.index >= this.total) continue;
      const old = before.get(given.id);
      let item = given;
      if (old !== undefined) {
        // suggestions that have come in the meantime are not taken back
        if (given.suggestions == null && old.item.suggestions != null) {
          item = { ...given, suggestions: old.item.suggestions, suggest_error: old.item.suggest_error ?? "" };
        }
        if (sameItem(old.item, item)) item = old.item.index === item.index ? old.item : { ...old.item, index: item.index };
      }
      const base = old === undefined ? viewOf(given.response) : kept(viewOf(given.response), old.base);
      const done = given.done ?? false;
      const held: Held = { item, base, baseDone: done, view: base, done, size: sizeOf(given) };
      const there = this.#byIndex.get(item.index);
      if (there !== undefined && there.item.id !== item.id) this.#byId.delete(there.item.id);
      const elsewhere = this.#byId.get(item.id);
      if (elsewhere !== undefined) this.#byIndex.delete(elsewhere.item.index);
      this.#byId.set(item.id, held);
      this.#byIndex.set(item.index, held);
      this.#refold(held, unsaved);
      if (old !== undefined && sameView(old.view, held.view)) held.view = old.view;
    }
  }

  #refold(held: Held, unsaved: readonly Event[]): void {
    held.view = held.base;
    held.done = held.baseDone;
    for (const event of unsaved) {
      if (event.item !== held.item.id) continue;
      const { after } = applyPatch(held.view, event.patch);
      held.done = this.#doneAfter(held.done, after, event);
      held.view = after;
    }
  }

  #doneAfter(before: boolean, after: View, event: Event): boolean {
    if (after.status === "discarded") return true;
    if (after.status !== "submitted") return false;
    const answered = event.patch?.status === "submitted" && (event.schema_version ?? 1) >= this.version;
    return answered || before;
  }

  /** Applies an event made here; gives the patch that takes it back, if the item is held. */
  record(event: Event): Patch | null {
    const held = this.#byId.get(event.item);
    if (event.action === "skip") {
      this.#skipped = [...this.#skipped.filter((id) => id !== event.item), event.item];
    }
    if (held === undefined) return null;
    const { after, inverse } = applyPatch(held.view, event.patch);
    held.done = this.#doneAfter(held.done, after, event);
    held.view = after;
    return inverse;
  }

  /** The kernel has stored an event made here. */
  stored(event: Event): void {
    const held = this.#byId.get(event.item);
    if (held === undefined) return;
    const { after } = applyPatch(held.base, event.patch);
    held.baseDone = this.#doneAfter(held.baseDone, after, event);
    held.base = after;
  }

  /** An event that was made elsewhere comes below what is not stored yet. */
  foreign(event: Event, unsaved: readonly Event[]): void {
    this.stored(event);
    this.refold(event.item, unsaved);
  }

  /** What is said of an item, from what the kernel has and what is not stored yet. */
  refold(id: string, unsaved: readonly Event[]): void {
    const held = this.#byId.get(id);
    if (held !== undefined) this.#refold(held, unsaved);
  }

  /** Takes what models suggest now; nothing of it goes from the item that is `shown`: a person is deciding on it. */
  suggested(id: string, suggestions: AnyAnnotation[], error: string, shown: string): void {
    const held = this.#byId.get(id);
    if (held === undefined) return;
    const still = new Set(suggestions.map((one) => one.id));
    if (id === shown && held.item.suggestions?.some((one) => !still.has(one.id))) return;
    const fresh: Held = { ...held, item: { ...held.item, suggestions, suggest_error: error } };
    this.#byId.set(id, fresh);
    this.#byIndex.set(held.item.index, fresh);
  }

  unskip(id: string): void {
    this.#skipped = this.#skipped.filter((one) => one !== id);
  }

  // ---- what comes next --------------------------------------------------------------------------

  /** Places known to need an answer: nearest first from `index`, wrapping round, those skipped last. */
  pending(index: number): { fresh: number[]; skipped: number[] } {
    const places = new Set<number>();
    for (const place of this.upcoming) if (!(this.#byIndex.get(place)?.done ?? false)) places.add(place);
    for (const held of this.#byId.values()) if (!held.done) places.add(held.item.index);
    places.delete(index);
    const skipped: number[] = [];
    for (const id of this.#skipped) {
      const place = this.#byId.get(id)?.item.index;
      if (place !== undefined && places.delete(place)) skipped.push(place);
    }
    const distance = (place: number): number => (place - index + this.total) % this.total;
    return { fresh: [...places].sort((a, b) => distance(a) - distance(b)), skipped };
  }

  /** Where to go next; null if there is nothing left, "unknown" if only the kernel can tell (unless it is `settled`). */
  next(index: number, settled: boolean): number | "unknown" | null {
    const { fresh, skipped } = this.pending(index);
    if (fresh[0] !== undefined) return fresh[0];
    if (!this.complete && !settled) return "unknown";
    return skipped[0] ?? null;
  }

  /** Whether more items should be asked for, to keep ahead of the person. */
  low(index: number): boolean {
    for (const near of [index, index + 1, index + 2, index - 1, index - 2]) {
      if (near >= 0 && near < this.total && !this.#byIndex.has(near)) return true;
    }
    const { fresh, skipped } = this.pending(index);
    let ready = 0;
    let size = 0;
    for (const place of [...fresh, ...skipped]) {
      const held = this.#byIndex.get(place);
      if (held === undefined) return true;
      ready += 1;
      size += held.size;
      if (ready >= ENOUGH || (ready >= 3 && size > ENOUGH_SIZE)) return false;
    }
    return !this.complete;
  }

  /** The places held of those that the kernel would send with the one at `index`. */
  around(index: number): number[] {
    const places = new Set(this.upcoming);
    for (let place = index - BEHIND; place <= index + AHEAD; place++) places.add(place);
    return [...places].filter((place) => this.#byIndex.has(place));
  }

  /** Lets go of items far from `index`; never of those named. */
  trim(index: number, keep: ReadonlySet<string>): void {
    let size = 0;
    for (const held of this.#byId.values()) size += held.size;
    if (this.#byId.size <= MOST_ITEMS && size <= MOST_SIZE) return;
    const { fresh } = this.pending(index);
    const near = new Set(fresh.slice(0, KEEP_AHEAD));
    const far = [...this.#byId.values()]
      .filter(({ item }) => item.index !== index && !keep.has(item.id))
      .sort((a, b) => Number(near.has(a.item.index)) - Number(near.has(b.item.index))
        || Math.abs(b.item.index - index) - Math.abs(a.item.index - index));
    for (const held of far) {
      if (this.#byId.size <= MOST_ITEMS * 0.8 && size <= MOST_SIZE * 0.8) break;
      size -= held.size;
      this.#byId.delete(held.item.id);
      this.#byIndex.delete(held.item.index);
    }
  }
}

/** What is said now, of the very objects of before where these say the same: what was made of them stays good. */
function kept(now: View, before: View): View {
  const held = new Map(before.annotations.map((one) => [one.id, one]));
  const annotations = now.annotations.map((one) => {
    const old = held.get(one.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(one) ? old : one;
  });
  return { ...now, annotations };
}

/** Whether two views say the same, of the same objects. */
function sameView(a: View, b: View): boolean {
  return a.status === b.status && a.flagged === b.flagged && a.comment === b.comment && a.model === b.model
    && a.annotations.length === b.annotations.length && a.annotations.every((one, n) => one === b.annotations[n]);
}

/** Whether two are the same but for their places and answers. */
function sameItem(a: WireItem, b: WireItem): boolean {
  if (a.id !== b.id) return false;
  const rest = ({ response: _, done: __, index: ___, ...item }: WireItem): unknown => item;
  return JSON.stringify(rest(a)) === JSON.stringify(rest(b));
}
