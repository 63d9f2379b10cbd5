/**
 * Pieces of one recording by their numbers, fetched when wanted and kept within bounds.
 *
 * Who draws or plays says again and again what it wants, most urgent first: the first few that are missing are fetched, what nobody
 * wants any more is given up, and what was not used for longest is forgotten.
 */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import { fetchPiece, MediaError, type Piece, Stopped } from "../core/media";
import type { Problem } from "../core/protocol";
import type { Scope } from "../core/scope";

export type At = readonly number[];

interface Kept<T> {
  readonly made: T;
  readonly bytes: number;
}

interface Options<T> {
  readonly part: string;
  /** What may be kept. */
  readonly most: number;
  readonly atOnce: number;
  /** Null if the bytes make no sense. */
  readonly make: (piece: Piece, at: At) => T | null;
  readonly bytes: (made: T) => number;
  /** It is shown, but more of it could be had by now. */
  readonly stale?: (made: T) => boolean;
}

export class Pieces<T> {
  /** Counts what has come. */
  readonly version: Signal<number> = signal(0);
  /** Why something that was wanted is not there. */
  readonly problem: ReadonlySignal<Problem | null> = signal(null);
  readonly #kept = new Map<string, Kept<T>>();
  readonly #coming = new Map<string, Scope>();
  readonly #failed = new Set<string>();
  readonly #wants = new Map<number, readonly At[]>();
  #item: string | null = null;
  #bytes = 0;

  constructor(readonly engine: Engine, readonly scope: Scope, readonly options: Options<T>) {}

  /** Another recording, or none: what was kept of the last one is of no use. */
  open(item: string | null): void {
    this.#item = item;
    this.#wants.clear();
    this.#kept.clear();
    this.#bytes = 0;
    for (const scope of this.#coming.values()) scope.dispose();
    this.retry();
    this.version.value = this.version.peek() + 1;
  }

  get(at: At): T | undefined {
    const key = at.join(" ");
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key); // what was used last is last
    this.#kept.set(key, kept);
    return kept.made;
  }

  missing(at: At): boolean {
    const kept = this.#kept.get(at.join(" "));
    return !kept || Boolean(this.options.stale?.(kept.made));
  }

  failed(at: At): boolean {
    return this.#failed.has(at.join(" "));
  }

  /** What one of those who share these pieces wants now, instead of what it wanted before; lower numbers are served first. */
  want(list: readonly At[], who = 0): void {
    this.#wants.set(who, list);
    this.#pump();
  }

  /** Tries again what could not be had. */
  retry(): void {
    this.#failed.clear();
    this.#tell(null);
    this.#pump();
  }

  #tell(problem: Problem | null): void {
    (this.problem as Signal<Problem | null>).value = problem;
  }

  #pump(): void {
    const item = this.#item;
    if (item === null || this.scope.disposed) return;
    const wanted = new Map<string, At>();
    for (const who of [...this.#wants.keys()].sort((a, b) => a - b)) {
      for (const at of this.#wants.get(who) ?? []) wanted.set(at.join(" "), at);
    }
    for (const [key, scope] of this.#coming) if (!wanted.has(key)) scope.dispose();
    for (const [key, at] of wanted) {
      if (this.#coming.size >= this.options.atOnce) break;
      if (this.missing(at) && !this.#failed.has(key) && !this.#coming.has(key)) void this.#fetch(item, key, at);
    }
    for (const [key, { bytes }] of this.#kept) {
      if (this.#bytes <= this.options.most) break;
      if (wanted.has(key)) continue;
      this.#kept.delete(key);
      this.#bytes -= bytes;
    }
  }

  async #fetch(item: string, key: string, at: At): Promise<void> {
    const scope = this.scope.child();
    this.#coming.set(key, scope);
    scope.own(() => {
      if (this.#coming.get(key) === scope) this.#coming.delete(key);
    });
    try {
      const piece = await fetchPiece(this.engine, scope, item, this.options.part, [...at]);
      const made = this.options.make(piece, at);
      if (scope.disposed) return;
      if (made === null) throw new MediaError({ title: `The kernel sent a ${this.options.part} piece that makes no sense` });
      const bytes = this.options.bytes(made);
      this.#bytes += bytes - (this.#kept.get(key)?.bytes ?? 0);
      this.#kept.delete(key);
      this.#kept.set(key, { made, bytes });
    } catch (error) {
      if (error instanceof Stopped || scope.disposed) return;
      this.#failed.add(key);
      this.#tell(error instanceof MediaError ? error.problem : { title: "A part of this recording cannot be shown", detail: String(error) });
    } finally {
      scope.dispose();
    }
    this.#pump();
    this.version.value = this.version.peek() + 1;
  }
}
