// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AnyModel } from "../src/core/model";
import gallery from "../src/gallery/index";

class Model implements AnyModel {
  readonly sent: Record<string, unknown>[] = [];
  readonly handlers = new Map<string, Set<() => void>>();
  constructor(readonly values: Record<string, unknown>) {}
  get(name: string): unknown {
    return this.values[name];
  }
  set(name: string, value: unknown): void {
    this.values[name] = value;
    for (const run of this.handlers.get(`change:${name}`) ?? []) run();
  }
  save_changes(): void {}
  send(content: unknown): void {
    this.sent.push(content as Record<string, unknown>);
  }
  on(event: string, handler: (...args: never[]) => void): void {
    this.handlers.set(event, (this.handlers.get(event) ?? new Set()).add(handler as () => void));
  }
  off(event?: string | null, handler?: ((...args: never[]) => void) | null): void {
    this.handlers.get(event ?? "")?.delete(handler as () => void);
  }
  get listeners(): number {
    return [...this.handlers.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

let model: Model;
let stage: HTMLElement;
let pad: HTMLElement;
let abort: AbortController;

beforeEach(() => {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
  HTMLElement.prototype.setPointerCapture = () => undefined;
  model = new Model({ _size: [800, 600], _title: "Contact sheet: 3 items", _said: "", _sight: [0, 0] });
  stage = document.createElement("div");
  Object.defineProperty(stage, "clientWidth", { value: 820 });
  Object.defineProperty(stage, "clientHeight", { value: 300 });
  pad = document.createElement("div");
  stage.append(document.createElement("canvas"), pad);
  document.body.append(stage);
  abort = new AbortController();
  gallery.render({ model, el: pad, signal: abort.signal });
});

afterEach(() => {
  abort.abort();
  stage.remove();
});

function pointer(type: string, x: number, y: number, more: MouseEventInit & { pointerType?: string } = {}): void {
  const event = new MouseEvent(type, { bubbles: true, clientX: x, clientY: y, button: 0, ...more });
  Object.assign(event, { pointerId: 1, isPrimary: true, pointerType: more.pointerType ?? "mouse" });
  pad.dispatchEvent(event);
}

function press(key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  pad.dispatchEvent(event);
  return event;
}

const last = (): Record<string, unknown> | undefined => model.sent.at(-1);

describe("the gallery's pad", () => {
  it("covers the canvas and says what the page is like", () => {
    expect([pad.style.width, pad.style.height, stage.style.position]).toEqual(["800px", "600px", "relative"]);
    expect(model.sent[0]).toEqual({ do: "page", width: 820, ratio: 1, dark: false });
    model.set("_size", [400, 900]);
    expect([pad.style.width, pad.style.height]).toEqual(["400px", "900px"]);
    expect(pad.getAttribute("aria-label")).toBe("Contact sheet: 3 items");
    expect(pad.tabIndex).toBe(0);
    expect(pad.dataset["lmSuppressShortcuts"]).toBe("true");
  });

  it("tells clicks with their modifiers", () => {
    for (const more of [{}, { shiftKey: true }, { ctrlKey: true }, { metaKey: true }]) {
      pointer("pointerdown", 30, 40, more);
      pointer("pointermove", 32, 41, more);
      pointer("pointerup", 32, 41, more);
    }
    expect(model.sent.slice(1).map(({ more, range }) => [more, range])).toEqual([
      [false, false], [false, true], [true, false], [true, false],
    ]);
    expect(last()).toMatchObject({ do: "click", x: 32, y: 41 });
    pointer("pointerdown", 30, 40, { button: 2 });
    pointer("pointerup", 30, 40, { button: 2 });
    expect(model.sent).toHaveLength(5);
  });

  it("draws a band while dragging, and tells where it was", () => {
    const band = pad.firstElementChild as HTMLElement;
    pointer("pointerdown", 100, 90);
    pointer("pointermove", 20, 30);
    expect([band.hidden, band.style.left, band.style.top, band.style.width, band.style.height])
      .toEqual([false, "20px", "30px", "80px", "60px"]);
    pointer("pointerup", 20, 30);
    expect(last()).toEqual({ do: "drag", x: 100, y: 90, x1: 20, y1: 30, more: false });
    expect(band.hidden).toBe(true);
    pointer("pointerdown", 10, 10);
    pointer("pointermove", 90, 90);
    pointer("pointercancel", 90, 90);
    pointer("pointerup", 90, 90);
    expect(model.sent).toHaveLength(2);
  });

  it("adds by touch, and leaves dragging to the scroller", () => {
    const touch = { pointerType: "touch" };
    pointer("pointerdown", 30, 40, touch);
    pointer("pointerup", 34, 44, touch);
    expect(last()).toEqual({ do: "click", x: 34, y: 44, more: true, range: false });
    pointer("pointerdown", 30, 40, touch);
    pointer("pointermove", 30, 140, touch);
    pointer("pointerup", 30, 140, touch);
    expect(model.sent).toHaveLength(2);
  });

  it("goes by keys, and lets others pass", () => {
    const keys: [string, KeyboardEventInit, object][] = [
      ["ArrowLeft", {}, { do: "move", to: "left", range: false, more: false }],
      ["ArrowDown", { shiftKey: true }, { do: "move", to: "down", range: true, more: false }],
      ["PageDown", { ctrlKey: true }, { do: "move", to: "after", range: false, more: true }],
      [" ", {}, { do: "toggle" }],
      ["Enter", {}, { do: "open" }],
      ["Escape", {}, { do: "none" }],
      ["A", { ctrlKey: true }, { do: "all" }],
      ["z", { metaKey: true }, { do: "undo" }],
    ];
    for (const [key, more, sent] of keys) {
      expect(press(key, more).defaultPrevented).toBe(true);
      expect(last()).toEqual(sent);
    }
    const count = model.sent.length;
    for (const [key, more] of [["a", {}], ["Tab", {}], ["ArrowLeft", { altKey: true }], ["c", { ctrlKey: true }]] as const) {
      expect(press(key, more).defaultPrevented).toBe(false);
    }
    expect(model.sent).toHaveLength(count);
  });

  it("scrolls to what the keys are at, and speaks", () => {
    model.set("_sight", [500, 640]);
    expect(stage.scrollTop).toBe(340);
    model.set("_sight", [0, 140]);
    expect(stage.scrollTop).toBe(0);
    model.set("_said", "<b>photo 1</b>, submitted");
    expect(pad.querySelector("[aria-live]")?.textContent).toBe("<b>photo 1</b>, submitted");
    expect(pad.querySelector("b")).toBeNull();
  });

  it("leaves nothing behind", () => {
    abort.abort();
    expect(model.listeners).toBe(0);
    expect(pad.childElementCount).toBe(0);
    const count = model.sent.length;
    pointer("pointerdown", 30, 40);
    pointer("pointerup", 30, 40);
    press("Enter");
    expect(model.sent).toHaveLength(count);
  });
});
