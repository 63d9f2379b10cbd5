/**
 * Lifetimes as a tree: every listener, timer, observer and object URL belongs to a scope and ends with it.
 *
 * What is registered after the end is disposed at once, so that late promises leave nothing behind.
 */
import { effect as signalEffect } from "@preact/signals-core";

export type Dispose = () => void;

/** Milliseconds after which a page that paints has done so. */
const LONGEST_FRAME = 100;

type Observer = { disconnect(): void };

export class Scope {
  #ends = new Set<Dispose>();
  #controller = new AbortController();
  #detach: Dispose | null = null;

  /** A root scope; it ends with `signal`, where one is given. */
  constructor(signal?: AbortSignal) {
    if (signal?.aborted) this.dispose();
    else if (signal) {
      const end = (): void => this.dispose();
      signal.addEventListener("abort", end, { once: true });
      this.#detach = () => signal.removeEventListener("abort", end);
    }
  }

  get disposed(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Aborts when the scope ends; for fetches and for APIs that take a signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `end` when the scope ends (at once, if it has); the returned function runs it now. */
  own(end: Dispose): Dispose {
    if (this.disposed) {
      end();
      return () => undefined;
    }
    this.#ends.add(end);
    return () => {
      if (this.#ends.delete(end)) end();
    };
  }

  /** A scope that ends with this one, or before. */
  child(): Scope {
    const scope = new Scope();
    const end = this.own(() => scope.dispose());
    scope.own(() => void end()); // forget the child here once it has ended by itself
    return scope;
  }

  listen<K extends keyof WindowEventMap>(
    target: Window, type: K, listener: (event: WindowEventMap[K]) => void, options?: AddEventListenerOptions,
  ): Dispose;
  listen<K extends keyof DocumentEventMap>(
    target: Document, type: K, listener: (event: DocumentEventMap[K]) => void, options?: AddEventListenerOptions,
  ): Dispose;
  listen<K extends keyof HTMLElementEventMap>(
    target: HTMLElement | SVGElement, type: K, listener: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): Dispose;
  listen(target: EventTarget, type: string, listener: (event: Event) => void, options?: AddEventListenerOptions): Dispose;
  listen(
    target: EventTarget, type: string, listener: (event: never) => void, options?: AddEventListenerOptions,
  ): Dispose {
    if (this.disposed) return () => undefined;
    const handler = listener as EventListener;
    target.addEventListener(type, handler, options);
    return this.own(() => target.removeEventListener(type, handler, options));
  }

  /** Calls `run` once after `ms`; the returned function cancels it. */
  timeout(run: () => void, ms: number): Dispose {
    if (this.disposed) return () => undefined;
    const timer = setTimeout(() => {
      end();
      run();
    }, ms);
    const end = this.own(() => clearTimeout(timer));
    return end;
  }

  interval(run: () => void, ms: number): Dispose {
    if (this.disposed) return () => undefined;
    const timer = setInterval(run, ms);
    return this.own(() => clearInterval(timer));
  }

  /** Calls `run` before the next paint. */
  frame(run: (time: number) => void): Dispose {
    if (this.disposed) return () => undefined;
    const handle = requestAnimationFrame((time) => {
      end();
      run(time);
    });
    const end = this.own(() => cancelAnimationFrame(handle));
    return end;
  }

  /** Calls `run` once what is due has been painted; soon, where nothing is. */
  painted(run: () => void): Dispose {
    const own = this.child();
    const done = (): void => {
      own.dispose();
      run();
    };
    own.frame(() => own.frame(() => own.timeout(done, 0)));
    own.timeout(done, LONGEST_FRAME);
    return () => own.dispose();
  }

  /** Takes over an observer that has been set up: `scope.observe(new ResizeObserver(run)).observe(element)`. */
  observe<T extends Observer>(observer: T): T {
    this.own(() => observer.disconnect());
    return observer;
  }

  resize(element: Element, run: ResizeObserverCallback): Dispose {
    if (this.disposed) return () => undefined;
    const observer = new ResizeObserver(run);
    observer.observe(element);
    return this.own(() => observer.disconnect());
  }

  mutation(node: Node, options: MutationObserverInit, run: MutationCallback): Dispose {
    if (this.disposed) return () => undefined;
    const observer = new MutationObserver(run);
    observer.observe(node, options);
    return this.own(() => observer.disconnect());
  }

  intersection(element: Element, run: IntersectionObserverCallback, options?: IntersectionObserverInit): Dispose {
    if (this.disposed) return () => undefined;
    const observer = new IntersectionObserver(run, options);
    observer.observe(element);
    return this.own(() => observer.disconnect());
  }

  /** A signal effect that ends with the scope. */
  effect(run: (() => void) | (() => Dispose)): Dispose {
    if (this.disposed) return () => undefined;
    return this.own(signalEffect(run));
  }

  /** An object URL that is revoked when the scope ends. */
  objectUrl(blob: Blob): string {
    const url = URL.createObjectURL(blob);
    this.own(() => URL.revokeObjectURL(url));
    return url;
  }

  /** Ends everything, newest first; one failing end does not keep the others from ending. */
  dispose(): void {
    if (this.disposed) return;
    this.#detach?.();
    this.#detach = null;
    this.#controller.abort();
    const ends = [...this.#ends].reverse();
    this.#ends.clear();
    let first: unknown;
    let failed = false;
    for (const end of ends) {
      try {
        end();
      } catch (error) {
        if (!failed) first = error;
        failed = true;
      }
    }
    if (failed) throw first;
  }
}
