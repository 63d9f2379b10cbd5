/** Canvases that remember what was drawn on them, with the colours, widths and places it was drawn with. */
import { vi } from "vitest";

export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly state: Readonly<Record<string, unknown>>;
}

const STATE = ["fillStyle", "strokeStyle", "lineWidth", "globalAlpha", "lineCap", "filter", "font"];

export class FakePath {
  readonly steps: (string | number)[][] = [];

  constructor(readonly d = "") {}

  moveTo(...at: number[]): void {
    this.steps.push(["M", ...at]);
  }

  lineTo(...at: number[]): void {
    this.steps.push(["L", ...at]);
  }

  closePath(): void {
    this.steps.push(["Z"]);
  }

  arc(...args: number[]): void {
    this.steps.push(["A", ...args]);
  }

  addPath(other: FakePath): void {
    this.steps.push(...other.steps);
  }
}

export class FakeContext {
  calls: Call[] = [];
  [name: string]: unknown;

  constructor(readonly canvas: { width: number; height: number }) {
    const known: Record<string, unknown> = this as never;
    let dash: number[] = [];
    let matrix: unknown[] = [1, 0, 0, 1, 0, 0];
    return new Proxy(this, {
      get: (_, name: string) => {
        if (name in known) return known[name];
        if (STATE.includes(name)) return undefined;
        if (name === "measureText") return (words: string) => ({ width: 6 * words.length });
        if (name === "getContext" || typeof name !== "string") return undefined;
        return (...args: unknown[]) => {
          if (name === "setLineDash") dash = args[0] as number[];
          if (name === "setTransform") matrix = args;
          const state = Object.fromEntries(STATE.filter((one) => one in known).map((one) => [one, known[one]]));
          this.calls.push({ name, args, state: { ...state, dash, matrix } });
          return name.startsWith("create") ? { stops: [] as unknown[], addColorStop(...stop: unknown[]) { this.stops.push(stop); } } : undefined;
        };
      },
      set: (_, name: string, value: unknown) => {
        known[name] = value;
        return true;
      },
    });
  }

  /** What was drawn since the last call: all of it, or what these methods drew. */
  take(...names: string[]): Call[] {
    const all = this.calls;
    this.calls = [];
    return names.length ? all.filter(({ name }) => names.includes(name)) : all;
  }
}

/** Gives canvases of the page, and those that are not in it, such contexts; returns those made since. */
export function fakeCanvases(): FakeContext[] {
  const made: FakeContext[] = [];
  const contexts = new WeakMap<object, FakeContext>();
  const contextOf = (canvas: { width: number; height: number }): FakeContext => {
    let context = contexts.get(canvas);
    if (!context) {
      contexts.set(canvas, context = new FakeContext(canvas));
      made.push(context);
    }
    return context;
  };
  vi.stubGlobal("Path2D", FakePath);
  vi.stubGlobal("OffscreenCanvas", class {
    constructor(readonly width: number, readonly height: number) {}

    getContext(): FakeContext {
      return contextOf(this);
    }

    transferToImageBitmap(): object {
      const { width, height } = this;
      return { width, height, close(this: { width: number; height: number }) { this.width = this.height = 0; } };
    }
  });
  if (typeof HTMLCanvasElement !== "undefined") {
    HTMLCanvasElement.prototype.getContext = function getContext(this: HTMLCanvasElement) {
      return contextOf(this);
    } as never;
  }
  return made;
}
