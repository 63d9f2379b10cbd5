/**
 * Events that the kernel has not stored yet, kept in IndexedDB besides the page.
 *
 * A write is begun and committed in the tick of the key press, so that a reload right after it loses nothing. Pages
 * share the box of one store, data set and annotator; event ids make it harmless when two of them send an event.
 */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import { parseEvent } from "./parse";
import type { Event, Problem } from "./protocol";
import type { Scope } from "./scope";

/** An event that the kernel refused: never sent again, never thrown away. */
export interface Refused {
  readonly event: Event;
  readonly problem: Problem;
}

interface Row {
  id: string;
  box: string;
  order: number;
  event: Event;
  problem?: Problem;
}

const NAME = "nblabel";
const EVENTS = "events";
const REFUSED = "refused";
const OPEN_WITHIN = 3000;

type Write = (database: IDBDatabase) => void;

export class Outbox {
  /** Whether what is unsaved would survive a reload. */
  readonly durable: ReadonlySignal<boolean>;
  readonly #durable = signal(true);
  readonly #heard: (ids: readonly string[]) => void;
  readonly #scope: Scope;
  readonly #opening: Promise<void>;
  #database: IDBDatabase | null = null;
  #failed = false;
  #waiting: Write[] = [];
  #box = "";
  #order = 0;
  #refused: Refused[] = [];
  #channel: BroadcastChannel | null = null;

  /** `heard` gets the ids of events that other pages brought to the kernel. */
  constructor(scope: Scope, heard: (ids: readonly string[]) => void) {
    this.durable = this.#durable;
    this.#heard = heard;
    this.#scope = scope;
    this.#opening = this.#connect();
    this.#listen();
  }

  async #connect(): Promise<void> {
    const database = await new Promise<IDBDatabase | null>((resolve) => {
      let request: IDBOpenDBRequest;
      try {
        request = globalThis.indexedDB.open(NAME, 1);
      } catch {
        resolve(null); // no storage in this frame
        return;
      }
      const late = this.#scope.timeout(() => resolve(null), OPEN_WITHIN);
      request.onupgradeneeded = () => {
        for (const name of [EVENTS, REFUSED]) {
          request.result.createObjectStore(name, { keyPath: "id" }).createIndex("box", "box");
        }
      };
      request.onsuccess = () => {
        late();
        resolve(request.result);
      };
      request.onerror = () => {
        late();
        resolve(null);
      };
    });
    if (database === null || this.#scope.disposed) {
      database?.close();
      this.#lose();
      return;
    }
    database.onversionchange = () => {
      database.close();
      this.#lose();
    };
    database.onclose = () => this.#lose();
    this.#scope.own(() => database.close()); // transactions under way still finish
    this.#database = database;
    for (const write of this.#waiting.splice(0)) this.#write(write);
  }

  #lose(): void {
    this.#database = null;
    this.#failed = true;
    this.#waiting = [];
    this.#durable.value = false;
  }

  #listen(): void {
    try {
      const channel = new BroadcastChannel(NAME);
      this.#scope.own(() => channel.close());
      this.#scope.listen(channel, "message", (event) => {
        const data = (event as MessageEvent<unknown>).data as { box?: unknown; stored?: unknown } | null;
        if (data?.box !== this.#box || !Array.isArray(data.stored)) return;
        this.#heard(data.stored.filter((id): id is string => typeof id === "string"));
      });
      this.#channel = channel;
    } catch {
      this.#channel = null; // other pages then hear of it from their own acknowledgement
    }
  }

  #write(write: Write): void {
    if (this.#failed) return;
    if (this.#database === null) {
      this.#waiting.push(write);
      return;
    }
    try {
      write(this.#database);
    } catch {
      this.#lose();
    }
  }

  #change(name: string, run: (rows: IDBObjectStore) => void): void {
    this.#write((database) => {
      const transaction = database.transaction(name, "readwrite", { durability: "strict" });
      transaction.onabort = () => this.#lose(); // the quota is used up, or the disk fails
      run(transaction.objectStore(name));
      transaction.commit();
    });
  }

  async #read(name: string): Promise<Row[]> {
    await this.#opening;
    const database = this.#database;
    if (database === null) return [];
    return new Promise((resolve) => {
      try {
        const request = database.transaction(name).objectStore(name).index("box").getAll(this.#box);
        request.onsuccess = () => resolve((request.result as Row[]).sort((a, b) => a.order - b.order));
        request.onerror = () => resolve([]);
      } catch {
        resolve([]);
      }
    });
  }

  /** What pages have left in the box, oldest first. */
  async open(box: string): Promise<readonly Event[]> {
    this.#box = box;
    const [rows, refused] = [await this.#read(EVENTS), await this.#read(REFUSED)];
    this.#refused = refused.map(({ event, problem }) => ({ event, problem: problem ?? { title: "Refused" } }));
    this.#order = rows.reduce((most, row) => Math.max(most, row.order), this.#order);
    return rows.flatMap((row) => {
      try {
        return [parseEvent(row.event)];
      } catch {
        return []; // not written by us
      }
    });
  }

  /** Keeps an event, or its new form while it is still being typed. */
  put(event: Event): void {
    this.#order = Math.max(this.#order + 1, Date.now());
    const row: Row = { id: event.id, box: this.#box, order: this.#order, event };
    this.#change(EVENTS, (rows) => rows.put(row));
  }

  /** The kernel has these. */
  stored(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#change(EVENTS, (rows) => {
      for (const id of ids) rows.delete(id);
    });
    this.#channel?.postMessage({ box: this.#box, stored: ids });
  }

  /** Puts an event away that the kernel will never take. */
  refuse(event: Event, problem: Problem): void {
    this.#refused.push({ event, problem });
    this.#order = Math.max(this.#order + 1, Date.now());
    const row: Row = { id: event.id, box: this.#box, order: this.#order, event, problem };
    this.#change(REFUSED, (rows) => rows.put(row)); // first kept there, then gone from here
    this.#change(EVENTS, (rows) => rows.delete(event.id));
  }

  get refused(): readonly Refused[] {
    return this.#refused;
  }
}
