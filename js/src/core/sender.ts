/**
 * Brings events to the kernel in their order, one batch at a time, until each is stored or refused.
 *
 * Nothing is ever given up here: what the kernel cannot take now is kept and tried again.
 */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Connection, Question } from "./connection";
import type { Ack, Event, Outgoing, Problem, Rejected } from "./protocol";
import type { Dispose, Scope } from "./scope";

const MOST_EVENTS = 50;
const MOST_BYTES = 512 * 1024;
const RETRY_FIRST = 1000;
const RETRY_MOST = 30_000;

export interface Outcome {
  stored(events: readonly Event[], ack: Ack | null): void;
  refused(event: Event, problem: Problem): void;
  /** Nothing is waiting any more. */
  drained(): void;
  /** The item shown now. */
  at(): string;
}

const encoder = new TextEncoder();

export class Sender {
  readonly unsaved: ReadonlySignal<number>;
  /** Why events are not stored although the kernel answers. */
  readonly problem: ReadonlySignal<Problem | null>;
  readonly #unsaved = signal(0);
  readonly #problem = signal<Problem | null>(null);
  readonly #connection: Connection;
  readonly #scope: Scope;
  readonly #outcome: Outcome;
  #events: Event[] = [];
  #batch: readonly Event[] | null = null;
  #cancel: Dispose | null = null;
  #held = "";
  #failures = 0;
  #retry: Dispose | null = null;
  #leaving: Dispose | null = null;
  #alone = false;
  #suspect: { event: Event; times: number } | null = null;
  #open = false;

  constructor(connection: Connection, scope: Scope, outcome: Outcome) {
    this.unsaved = this.#unsaved;
    this.problem = this.#problem;
    this.#connection = connection;
    this.#scope = scope;
    this.#outcome = outcome;
  }

  /** All that is not stored yet, oldest first. */
  get events(): readonly Event[] {
    return this.#events;
  }

  get idle(): boolean {
    return this.#open && this.#events.length === 0;
  }

  /** Begins to send, or stops until the kernel has said what it is for. */
  start(): void {
    this.#open = true;
    this.#pump();
  }

  pause(): void {
    this.#open = false;
  }

  /** Takes other events instead of those it has: for another annotator or data set. */
  replace(events: readonly Event[]): void {
    this.#cancel?.();
    this.#batch = null;
    this.#held = "";
    this.#suspect = null;
    this.#events = [...events];
    this.#update();
  }

  /** Adds an event; with `hold`, it may still change and is sent when it is released. One that is `kept` nowhere else leaves at once. */
  add(event: Event, hold = false, kept = true): void {
    this.#events.push(event);
    if (hold) this.#held = event.id;
    this.#update();
    // a choice and the submission that it brings leave together, and page and kernel do not share a processor before it is seen
    if (kept) this.#leaving ??= this.#scope.painted(() => this.#pump());
    else queueMicrotask(() => this.#pump());
  }

  /** Puts a held event's new form in its place. */
  change(event: Event): void {
    this.#events = this.#events.map((one) => (one.id === event.id ? event : one));
  }

  release(): void {
    this.#held = "";
    this.#pump();
  }

  /** Tries again now. */
  flush(): void {
    this.#retry?.();
    this.#retry = null;
    this.#pump();
  }

  /** Other pages have brought these to the kernel. */
  heard(ids: readonly string[]): void {
    const known = new Set(ids);
    const stored = this.#events.filter((event) => known.has(event.id) && event.id !== this.#held);
    if (stored.length === 0) return;
    this.#remove(stored.map((event) => event.id));
    this.#outcome.stored(stored, null);
    this.#drained();
  }

  #remove(ids: readonly string[]): void {
    const gone = new Set(ids);
    this.#events = this.#events.filter((event) => !gone.has(event.id));
    this.#update();
  }

  #update(): void {
    this.#unsaved.value = this.#events.length;
    if (this.#events.length === 0) this.#problem.value = null;
  }

  #drained(): void {
    if (this.#events.length === 0) this.#outcome.drained();
  }

  #next(): readonly Event[] {
    const ready = this.#events.filter((event) => event.id !== this.#held);
    if (this.#suspect !== null && !ready.includes(this.#suspect.event)) this.#suspect = null;
    if (this.#suspect !== null) {
      const { event, times } = this.#suspect;
      if (times > 1) return [event];
      // an event of another item shows whether only the suspect cannot be taken, or nothing can
      const other = ready.find((one) => one.item !== event.item);
      return [other ?? event];
    }
    if (this.#alone) return ready.slice(0, 1);
    const batch: Event[] = [];
    let bytes = 0;
    for (const event of ready) {
      bytes += encoder.encode(JSON.stringify(event)).length;
      if (batch.length > 0 && (batch.length >= MOST_EVENTS || bytes > MOST_BYTES)) break;
      batch.push(event);
    }
    return batch;
  }

  #pump(): void {
    this.#leaving?.();
    this.#leaving = null;
    if (!this.#open || this.#batch !== null || this.#retry !== null || this.#scope.disposed) return;
    const batch = this.#next();
    if (batch.length === 0) return;
    this.#batch = batch;
    const question: Question = { type: "events", events: [...batch], at: this.#outcome.at() };
    this.#cancel = this.#connection.request(question, (message) => this.#answered(batch, message));
  }

  #answered(batch: readonly Event[], message: Outgoing): void {
    this.#batch = null;
    this.#cancel = null;
    if (message.type === "ack") this.#acknowledged(batch, message);
    else if (message.type === "failure") this.#failed(batch, message.problem, message.retry ?? false);
    else this.#failed(batch, { title: "The kernel did not say whether labels were stored" }, true);
  }

  #acknowledged(batch: readonly Event[], ack: Ack): void {
    const stored = new Set(ack.stored ?? []);
    const refused = new Map((ack.rejected ?? []).map((one: Rejected) => [one.id, one.problem]));
    const named = batch.filter((event) => stored.has(event.id) || refused.has(event.id));
    if (named.length === 0) {
      this.#failed(batch, { title: "The kernel did not say whether labels were stored" }, true);
      return;
    }
    this.#failures = 0;
    this.#alone = false;
    this.#problem.value = null;
    const settled = named.filter((event) => this.#events.includes(event)); // not those that another page brought
    this.#remove(settled.map((event) => event.id));
    const suspect = this.#suspect;
    if (suspect !== null) {
      if (named.some((event) => event.id === suspect.event.id)) this.#suspect = null;
      else suspect.times += 1;
    }
    this.#outcome.stored(settled.filter((event) => stored.has(event.id)), ack);
    for (const event of settled) {
      const problem = stored.has(event.id) ? undefined : refused.get(event.id);
      if (problem !== undefined) this.#outcome.refused(event, problem);
    }
    this.#drained();
    this.#pump();
  }

  #failed(batch: readonly Event[], problem: Problem, retry: boolean): void {
    const suspect = this.#suspect;
    if (!retry) {
      const first = batch[0];
      if (batch.length > 1) {
        this.#alone = true; // perhaps one event spoils the others
        this.#pump();
        return;
      }
      if (first !== undefined && suspect !== null && suspect.times > 1 && suspect.event.id === first.id) {
        // others are taken, this one never: keep it apart so that it holds nothing up
        this.#suspect = null;
        this.#remove([first.id]);
        this.#outcome.refused(first, problem);
        this.#drained();
        this.#pump();
        return;
      }
      if (first !== undefined && suspect === null && this.#events.some((one) => one.item !== first.item)) {
        this.#suspect = { event: first, times: 1 };
        this.#pump();
        return;
      }
    }
    this.#suspect = null;
    this.#failures += 1;
    this.#problem.value = problem;
    const wait = Math.min(RETRY_FIRST * 2 ** (this.#failures - 1), RETRY_MOST);
    this.#retry = this.#scope.timeout(() => {
      this.#retry = null;
      this.#pump();
    }, wait);
  }
}
