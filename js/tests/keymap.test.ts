// @vitest-environment jsdom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { capture, chordsOf, isEditing, Keymap, parseChord, showChord, SUPPRESS } from "../src/core/keymap";
import { Scope } from "../src/core/scope";

function key(init: KeyboardEventInit & { altGraph?: boolean }): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, composed: true, ...init });
  if (init.altGraph) event.getModifierState = (name) => name === "AltGraph";
  return event;
}

describe("chords", () => {
  it.each([
    ["Enter", ["Enter"]], ["esc", ["Escape"]], ["ctrl+z", ["ctrl+z"]], ["Shift+Ctrl+Z", ["ctrl+shift+z"]],
    ["mod+Enter", ["ctrl+Enter", "meta+Enter"]], ["?", ["?"]], ["+", ["+"]], ["ctrl++", ["ctrl++"]], ["shift+1", ["shift+1"]],
    ["P", ["shift+p"]], ["space", ["Space"]], [" ", ["Space"]], ["alt+.", ["alt+."]], ["left", ["ArrowLeft"]], ["f1", ["F1"]],
    ["é", ["é"]], ["option+cmd+x", ["alt+meta+x"]], ["del", ["Delete"]], ["plus", ["+"]],
  ])("%s", (chord, spellings) => expect(parseChord(chord)).toEqual(spellings));

  it.each(["", "ctrl+", "hyper+x", "toString", "constructor", "++x", "enter+x", "a+b", "x".repeat(99), "__proto__", "ctrl+ctrl"])(
    "%j cannot be read", (chord) => expect(parseChord(chord)).toEqual([]),
  );

  it("never break on what a user may write", () => {
    fc.assert(fc.property(fc.string(), fc.array(fc.string()), (chord, chords) => {
      for (const one of parseChord(chord)) expect(parseChord(one)).toEqual([one]);
      showChord(chord, false);
      new Keymap({ go: { words: "go", keys: [chord] } }, { go: chords }).describe();
    }));
    expect(parseChord(7 as never)).toEqual([]);
  });

  it("are shown as people know them", () => {
    expect(["ctrl+z", "mod+Enter", "left", "?", "a", "shift+alt+1", "ctrl++"].map((one) => showChord(one, false)))
      .toEqual(["Ctrl+Z", "Ctrl+Enter", "←", "?", "a", "Alt+Shift+1", "Ctrl++"]);
    expect(["mod+z", "ctrl+x", "shift+alt+1", "esc"].map((one) => showChord(one, true))).toEqual(["⌘Z", "⌃X", "⌥⇧1", "Esc"]);
  });
});

describe("a key event", () => {
  it.each([
    ["a letter", { key: "a", code: "KeyA" }, "a"],
    ["a capital", { key: "A", code: "KeyA", shiftKey: true }, "shift+a"],
    ["a letter under caps lock", { key: "A", code: "KeyA" }, "a"],
    ["a shifted character", { key: "?", code: "Slash", shiftKey: true }, "?"],
    ["a digit", { key: "1", code: "Digit1" }, "1"],
    ["a shifted digit", { key: "!", code: "Digit1", shiftKey: true }, "shift+1"],
    ["a digit with shift and alt on a Mac", { key: "⁄", code: "Digit1", shiftKey: true, altKey: true }, "alt+shift+1"],
    ["a digit of the number pad", { key: "3", code: "Numpad3" }, "3"],
    ["the digits' row on a French keyboard", { key: "&", code: "Digit1" }, "1"],
    ["a digit with shift on a French keyboard", { key: "1", code: "Digit1", shiftKey: true }, "shift+1"],
    ["a Cyrillic letter", { key: "ф", code: "KeyA" }, "a"],
    ["a Greek capital", { key: "Α", code: "KeyA", shiftKey: true }, "shift+a"],
    ["a letter of another Latin layout", { key: "q", code: "KeyA" }, "q"],
    ["alt and a letter on a Mac", { key: "®", code: "KeyR", altKey: true }, "alt+r"],
    ["alt and a full stop on a Mac", { key: "≥", code: "Period", altKey: true }, "alt+."],
    ["a dead key", { key: "Dead", code: "KeyE", altKey: true }, "alt+e"],
    ["command and a letter", { key: "z", code: "KeyZ", metaKey: true, shiftKey: true }, "shift+meta+z"],
    ["a character that AltGr types", { key: "@", code: "KeyQ", ctrlKey: true, altKey: true, altGraph: true }, "@"],
    ["a named key", { key: "ArrowLeft", code: "ArrowLeft", ctrlKey: true }, "ctrl+ArrowLeft"],
    ["the space bar", { key: " ", code: "Space" }, "Space"],
  ])("means its chord: %s", (_, init, chord) => expect(chordsOf(key(init))).toContain(chord));

  it("that writes in another script by composition means nothing", () => {
    expect(chordsOf(key({ key: "a", code: "KeyA", isComposing: true }))).toEqual([]);
    expect(chordsOf(key({ key: "Process", code: "KeyA" }))).toEqual([]);
  });

  it("of another Latin layout does not mean the letter that is printed there", () => {
    expect(chordsOf(key({ key: "q", code: "KeyA" }))).not.toContain("a");
  });
});

describe("a keymap", () => {
  const actions = {
    submit: { words: "Submit", keys: ["Enter", "mod+Enter"], group: "Item" },
    undo: { words: "Undo", keys: ["mod+z"] },
    next: { words: "Next", keys: ["n"] },
    first: { words: "PERSON", keys: [], hotkey: "n" },
    second: { words: "ORG", keys: [], hotkey: "1" },
  };

  it("finds actions, and lets a label's own key win over others, a handed-out digit over none", () => {
    const keys = new Keymap(actions);
    expect(keys.match(key({ key: "Enter", code: "Enter", ctrlKey: true }))).toBe("submit");
    expect(keys.match(key({ key: "z", code: "KeyZ", metaKey: true }))).toBe("undo");
    expect(keys.match(key({ key: "n", code: "KeyN" }))).toBe("first");
    expect(keys.match(key({ key: "y", code: "KeyY" }))).toBeNull();
    const own = new Keymap(actions, { next: ["1", "n"] });
    expect(own.match(key({ key: "1", code: "Digit1" }))).toBe("next");
    expect(own.match(key({ key: "n", code: "KeyN" }))).toBe("first");
  });

  it("describes the keys in force, with what each lost", () => {
    const bound = new Keymap(actions, { submit: ["s"], second: ["2"] }).describe();
    expect(bound.map(({ action, chords, lost }) => [action, chords, lost])).toEqual([
      ["submit", ["s"], []], ["undo", ["Ctrl+Z"], []], ["next", [], ["n"]], ["first", ["n"], []], ["second", ["2"], []],
    ]);
    expect(bound[0]).toMatchObject({ words: "Submit", group: "Item" });
  });

  it("says what it cannot use", () => {
    const keys = new Keymap(actions, { submit: ["hyper+x", "s"], sbumit: ["x"], constructor: ["y"] });
    expect(keys.problems).toEqual([
      "There is no action “sbumit”.", "There is no action “constructor”.", "“hyper+x” is not a key (Submit).",
    ]);
    expect(keys.chords("submit")).toEqual(["s"]);
  });
});

describe("capture", () => {
  let scope: Scope;
  let root: HTMLElement;
  let host: string[];
  let seen: [string, boolean][];
  let wanted: Set<string>;

  beforeEach(() => {
    vi.useFakeTimers();
    scope = new Scope();
    document.body.innerHTML = "<div id=nb></div>";
    root = document.createElement("div");
    root.tabIndex = 0;
    root.innerHTML = "<textarea></textarea><button>b</button><input type=checkbox><input type=search><select></select>";
    document.querySelector("#nb")?.append(root);
    host = [];
    seen = [];
    wanted = new Set(["Enter", "a", "ctrl+z", "ctrl+Enter", "Escape!"]);
    // as Lumino does: on the document, capturing, unless the attribute is found on the way up
    scope.listen(document, "keydown", (event) => {
      for (let node = event.target as Element | null; node; node = node.parentElement) if (node.hasAttribute(SUPPRESS)) return;
      host.push(event.key);
    }, { capture: true });
    capture(scope, root, (event, editing) => {
      seen.push([event.key, editing]);
      const chord = chordsOf(event)[0] ?? "";
      return wanted.has(chord) || (event.key === "Escape" && wanted.has("Escape"));
    });
  });

  afterEach(() => {
    scope.dispose();
    vi.useRealTimers();
  });

  const press = (target: Element | null, init: KeyboardEventInit): KeyboardEvent => {
    const event = key(init);
    target?.dispatchEvent(event);
    return event;
  };

  it("keeps every plain key from the notebook, and uses those that mean something", () => {
    for (const one of ["a", "x", "d", "Enter", "Backspace", "Delete", "ArrowDown", " ", "b", "1", "Home"]) {
      const event = press(root, { key: one });
      expect(event.defaultPrevented, one).toBe(one === "a" || one === "Enter");
    }
    expect(host).toEqual([]);
    expect(seen).toHaveLength(11);
  });

  it("lets the notebook have its own: Tab, Ctrl+S, function keys, an Escape that nobody wants", () => {
    const event = press(root, { key: "Tab" });
    press(root, { key: "s", ctrlKey: true });
    press(root, { key: "F5" });
    press(root, { key: "Escape" });
    press(root, { key: "s", metaKey: true });
    expect(event.defaultPrevented).toBe(false);
    expect(host).toEqual(["Tab", "s", "F5", "Escape", "s"]);
    expect(root.hasAttribute(SUPPRESS)).toBe(false); // for the event's way only
    vi.runAllTimers();
    expect(root.getAttribute(SUPPRESS)).toBe("true");
    press(root, { key: "z", ctrlKey: true });
    wanted.add("Escape");
    press(root, { key: "Escape" });
    expect(host).toHaveLength(5);
  });

  it("has the attribute back for the next key, however fast it comes", () => {
    press(root, { key: "Escape" });
    press(root, { key: "x" });
    expect(host).toEqual(["Escape"]);
    expect(root.getAttribute(SUPPRESS)).toBe("true");
  });

  it("leaves text inputs their keys, and sees chords, Enter and Escape there", () => {
    const text = root.querySelector("textarea");
    for (const one of ["a", "x", "Backspace", "ArrowLeft", " ", "Home"]) {
      expect(press(text, { key: one }).defaultPrevented, one).toBe(false);
    }
    expect(seen).toEqual([]);
    wanted.delete("Enter");
    expect(press(text, { key: "Enter" }).defaultPrevented).toBe(false);
    expect(press(text, { key: "Enter", ctrlKey: true }).defaultPrevented).toBe(true);
    press(text, { key: "c", ctrlKey: true });
    expect(host).toEqual([]); // copying is the input's own business
    press(text, { key: "s", ctrlKey: true });
    press(text, { key: "Escape" });
    expect(host).toEqual(["s", "Escape"]);
    expect(seen).toEqual([["Enter", true], ["Enter", true], ["c", true], ["s", true], ["Escape", true]]);
  });

  it("lets focused controls be worked by keys, but not a button that was clicked", () => {
    const button = root.querySelector("button");
    expect(press(button, { key: "Enter" }).defaultPrevented).toBe(false);
    expect(press(button, { key: " " }).defaultPrevented).toBe(false);
    expect(press(root.querySelector("[type=checkbox]"), { key: " " }).defaultPrevented).toBe(false);
    expect(press(root.querySelector("select"), { key: "ArrowDown" }).defaultPrevented).toBe(false);
    expect(seen).toEqual([]);
    expect(press(button, { key: "a" }).defaultPrevented).toBe(true);
    button?.dispatchEvent(new MouseEvent("pointerdown", { bubbles: true, composed: true }));
    expect(press(button, { key: "Enter" }).defaultPrevented).toBe(true);
    press(button, { key: "Tab" });
    expect(press(button, { key: "Enter" }).defaultPrevented).toBe(false);
    expect(host).toEqual(["Tab"]);
  });

  it("hears nothing of what happens elsewhere, nor after its end", () => {
    press(document.body, { key: "a" });
    expect(host).toEqual(["a"]);
    expect(seen).toEqual([]);
    const other = new Scope();
    const heard = vi.fn(() => true);
    const stop = capture(other, document.querySelector("#nb") as HTMLElement, heard);
    stop();
    press(root, { key: "a" });
    expect(heard).not.toHaveBeenCalled();
    scope.dispose();
    expect(root.hasAttribute(SUPPRESS)).toBe(false);
  });

  it("works inside a shadow root", () => {
    const box = document.createElement("div");
    document.body.append(box);
    const inner = document.createElement("div");
    inner.innerHTML = "<input>";
    box.attachShadow({ mode: "open" }).append(inner);
    const used = vi.fn(() => true);
    capture(scope, inner, used);
    expect(press(inner, { key: "a" }).defaultPrevented).toBe(true);
    expect(press(inner.querySelector("input"), { key: "a" }).defaultPrevented).toBe(false);
    expect(used).toHaveBeenCalledTimes(1);
    expect(host).toEqual([]);
  });

  it("does not act in the middle of a composition, nor on modifiers alone", () => {
    press(root, { key: "a", isComposing: true });
    press(root, { key: "Shift", shiftKey: true });
    press(root, { key: "Control", ctrlKey: true });
    expect(seen).toEqual([]);
    expect(root.getAttribute(SUPPRESS)).toBe("true");
  });

  it("knows where one writes", () => {
    const [text, button, check, search] = [...root.children];
    expect([text, button, check, search, root, null].map((one) => isEditing(one))).toEqual([true, false, false, true, false, false]);
    root.innerHTML = "<div contenteditable><b>x</b></div><div contenteditable=false></div>";
    expect(isEditing(root.querySelector("b"))).toBe(true);
    expect(isEditing(root.lastElementChild)).toBe(false);
  });
});
