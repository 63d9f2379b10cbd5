/** Pieces of items (images, tiles, sounds) as bytes, fetched from the kernel chunk by chunk. */
import type { Buffers } from "./connection";
import type { Engine } from "./engine";
import type { Outgoing, Problem } from "./protocol";
import type { Scope } from "./scope";

export interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What they are: `mime`, and what else the kernel tells. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Why a piece could not be had, as people read it. */
export class MediaError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

const LARGEST = 512 << 20; // what no piece can be: the kernel does not decide how much memory the page takes

/** The bytes of a buffer as Jupyter hands it over: a view may begin anywhere in what it looks at. */
export function bytesOf(buffer: DataView | ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

function failed(message: Outgoing): MediaError {
  return new MediaError(message.type === "failure" ? message.problem : { title: "The kernel sent something else than what was asked for" });
}

/** The scope ended before the kernel answered: nobody waits any more. */
export class Stopped extends Error {
  override readonly name = "AbortError";
}

/** Runs one exchange in a scope of its own: it ends with the answer, or is given up when `parent` ends. */
function exchange<T>(parent: Scope, run: (scope: Scope, done: (made: T) => void, fail: (error: Error) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const scope = parent.child();
    scope.own(() => reject(new Stopped("the view has ended"))); // without effect once it is settled
    if (scope.disposed) return;
    run(scope, (made) => {
      resolve(made);
      scope.dispose();
    }, (error) => {
      reject(error);
      scope.dispose();
    });
  });
}

/** A piece of an item; rejects with `MediaError`, or with `Stopped` when the scope ends. */
export function fetchPiece(engine: Engine, scope: Scope, item: string, part: string, at: number[] = []): Promise<Piece> {
  return exchange<Piece>(scope, (own, done, fail) => {
    const chunk = (offset: number, taken: (message: Extract<Outgoing, { type: "chunk" }>, bytes: Uint8Array<ArrayBuffer>) => void): void => {
      own.own(engine.ask({ type: "media", item, part, at, offset }, (message: Outgoing, buffers: Buffers) => {
        if (own.disposed) return;
        const [buffer] = buffers;
        if (message.type !== "chunk" || !buffer || message.total > LARGEST) fail(failed(message));
        else taken(message, bytesOf(buffer));
      }));
    };
    chunk(0, ({ total, about }, first) => {
      if (first.length >= total) {
        done({ bytes: first, about: about ?? {} });
        return;
      }
      if (first.length === 0) {
        fail(new MediaError({ title: "The kernel sent an empty piece" }));
        return;
      }
      const bytes = new Uint8Array(total);
      bytes.set(first);
      let missing = total - first.length;
      for (let offset = first.length; offset < total; offset += first.length) {
        chunk(offset, (message, more) => {
          if (message.total !== total || offset + more.length > total || more.length === 0) {
            fail(new MediaError({ title: "The item changed while it was loaded", hint: "Open it again." }));
            return;
          }
          bytes.set(more, offset);
          missing -= more.length;
          if (missing <= 0) done({ bytes, about: about ?? {} });
        });
      }
    });
  });
}

/** What Python makes of a tool's input; rejects as `fetchPiece` does. */
export function askTool(engine: Engine, scope: Scope, item: string, tool: string, given: unknown): Promise<unknown> {
  return exchange<unknown>(scope, (own, done, fail) => {
    own.own(engine.ask({ type: "ask", item, tool, given }, (message) => {
      if (message.type === "answer") done(message.made);
      else fail(failed(message));
    }));
  });
}
