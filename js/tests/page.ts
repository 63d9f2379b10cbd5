/** A page with one labeler, against a fake kernel and a faked clock. */
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, vi } from "vitest";
import { Engine } from "../src/core/engine";
import { Scope } from "../src/core/scope";
import { FakeKernel, FakeModel, FakeStore, Line, type KernelOptions } from "./fake-kernel";

/** Fakes the clock, but not what IndexedDB runs on. */
export function fakeClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
}

export function freshStorage(): void {
  globalThis.indexedDB = new IDBFactory();
}

/** Lets what runs outside the faked clock (IndexedDB, channels between pages) come to an end. */
export async function turns(count = 12): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await turns();
}

export class Page {
  readonly scope = new Scope();
  readonly model: FakeModel;
  readonly engine: Engine;

  constructor(line: Line, setUp: (model: FakeModel) => void = () => undefined) {
    this.model = new FakeModel(line);
    setUp(this.model);
    this.engine = new Engine(this.model, this.scope);
  }

  /** As a reload does: everything stops where it is. */
  close(): void {
    this.model.detach();
    this.scope.dispose();
  }
}

export interface World {
  store: FakeStore;
  kernel: FakeKernel;
  line: Line;
  page: Page;
  engine: Engine;
}

export async function open(options: KernelOptions = {}, store = new FakeStore()): Promise<World> {
  const kernel = new FakeKernel(store, options);
  const line = new Line(kernel);
  const page = new Page(line);
  await turns();
  await pass(20);
  await pass(20);
  return { store, kernel, line, page, engine: page.engine };
}

/** For all tests of a file: a faked clock, a fresh storage, and what opens pages that are closed after each test. */
export function worlds(): { world: typeof open; pages: Page[] } {
  const pages: Page[] = [];
  beforeEach(() => {
    fakeClock();
    freshStorage();
  });
  afterEach(() => {
    for (const page of pages.splice(0)) page.close();
    vi.useRealTimers();
  });
  const world: typeof open = async (...args) => {
    const made = await open(...args);
    pages.push(made.page);
    return made;
  };
  return { world, pages };
}
