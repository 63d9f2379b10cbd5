/**
 * Shortcuts: which chord means which action, and the one place where the labeler listens to keys.
 *
 * A chord is written `ctrl+z`, `mod+Enter` (ctrl or meta), `shift+1`, `?`. Characters are matched by what the key
 * types; digits, punctuation and letters also by their place, for other layouts and for keys that shift or alt change.
 */
import type { Dispose, Scope } from "./scope";

export interface Action {
  /** What it does, for the help overlay. */
  readonly words: string;
  /** Its own chords; the user's keys replace them. */
  readonly keys: readonly string[];
  readonly group?: string;
  /** A chord given for a label by name wins over everything; a digit that was handed out gives way. */
  readonly hotkey?: string;
}

export interface Bound {
  readonly action: string;
  readonly words: string;
  readonly group: string;
  /** The chords in force, as people read them. */
  readonly chords: readonly string[];
  /** Chords that another action has. */
  readonly lost: readonly string[];
}

type Rank = 0 | 1 | 2 | 3; // handed-out digit, default, user's, label's own

const NAMED: Readonly<Record<string, string>> = {
  enter: "Enter", return: "Enter", escape: "Escape", esc: "Escape", space: "Space", spacebar: "Space",
  backspace: "Backspace", delete: "Delete", del: "Delete", tab: "Tab", insert: "Insert",
  left: "ArrowLeft", right: "ArrowRight", up: "ArrowUp", down: "ArrowDown",
  arrowleft: "ArrowLeft", arrowright: "ArrowRight", arrowup: "ArrowUp", arrowdown: "ArrowDown",
  home: "Home", end: "End", pageup: "PageUp", pagedown: "PageDown", plus: "+", minus: "-", comma: ",", period: ".",
  ...Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f${n + 1}`, `F${n + 1}`])),
};

// what the key at a place types on a US keyboard, without shift
const PLACES: Readonly<Record<string, string>> = {
  Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]", Backslash: "\\", Semicolon: ";", Quote: "'",
  Backquote: "`", Comma: ",", Period: ".", Slash: "/",
};

const SHOWN: Readonly<Record<string, string>> = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Backspace: "⌫", Delete: "Del",
};

const MODIFIERS = ["ctrl", "alt", "shift", "meta"] as const;
type Modifier = (typeof MODIFIERS)[number];
const ALIASES: Readonly<Record<string, Modifier | "mod">> = {
  ctrl: "ctrl", control: "ctrl", alt: "alt", option: "alt", shift: "shift", meta: "meta", cmd: "meta",
  command: "meta", mod: "mod",
};

function isLetter(key: string): boolean {
  return key.toLowerCase() !== key.toUpperCase();
}

function compose(modifiers: ReadonlySet<Modifier>, key: string): string {
  return [...MODIFIERS.filter((one) => modifiers.has(one)), key].join("+");
}

/** A chord in its one spelling, `mod` as two; empty if it cannot be read. */
export function parseChord(chord: string): readonly string[] {
  if (typeof chord !== "string" || chord.length === 0 || chord.length > 60) return [];
  if (chord === " ") return ["Space"];
  const text = chord.trim();
  const cut = text.endsWith("+") && (text === "+" || text.endsWith("++")) ? text.length - 1 : text.lastIndexOf("+") + 1;
  const name = text.slice(cut);
  const before = text.slice(0, Math.max(cut - 1, 0));
  const modifiers = new Set<Modifier>();
  let mod = false;
  for (const part of before === "" ? [] : before.split("+")) {
    const modifier = ALIASES[part.trim().toLowerCase()];
    if (modifier === undefined) return [];
    if (modifier === "mod") mod = true;
    else modifiers.add(modifier);
  }
  let key = name;
  if ([...name].length === 1) {
    if (isLetter(name)) {
      key = name.toLowerCase();
      if (key !== name) modifiers.add("shift");
    }
  } else {
    const named = Object.hasOwn(NAMED, name.toLowerCase()) ? NAMED[name.toLowerCase()] : undefined;
    if (named === undefined) return [];
    key = named;
  }
  if (!mod) return [compose(modifiers, key)];
  return (["ctrl", "meta"] as const).map((one) => compose(new Set([...modifiers, one]), key));
}

/** The chords that a key event may stand for, the closest first. */
export function chordsOf(event: KeyboardEvent): readonly string[] {
  if (event.isComposing || event.key === "Process" || event.key === "Unidentified") return [];
  const typing = event.getModifierState?.("AltGraph") ?? false; // AltGr reports ctrl+alt but only types
  const held = new Set<Modifier>();
  if (event.ctrlKey && !typing) held.add("ctrl");
  if (event.altKey && !typing) held.add("alt");
  if (event.metaKey) held.add("meta");
  const shifted = new Set(held);
  if (event.shiftKey) shifted.add("shift");
  const chords: string[] = [];
  const key = event.key === " " ? "Space" : event.key;
  const single = [...key].length === 1;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code ?? "")?.[1];
  if (!single) {
    const named = Object.hasOwn(NAMED, key.toLowerCase()) ? NAMED[key.toLowerCase()] : undefined;
    if (named !== undefined) chords.push(compose(shifted, named));
  } else if (isLetter(key)) {
    chords.push(compose(shifted, key.toLowerCase()));
  } else if (!/[0-9]/.test(key)) {
    chords.push(compose(held, key)); // shift is part of typing it: "?" is "?"
    if (event.shiftKey) chords.push(compose(shifted, key));
  }
  if (digit !== undefined && (single || key === "Dead")) chords.push(compose(shifted, digit));
  else if (/^[0-9]$/.test(key)) chords.push(compose(shifted, key));
  if (single || key === "Dead") {
    const place = /^Key([A-Z])$/.exec(event.code ?? "")?.[1]?.toLowerCase() ?? PLACES[event.code ?? ""];
    // another Latin letter at this place is what the person meant
    if (place !== undefined && (!/^[a-z]$/i.test(key) || held.has("alt"))) chords.push(compose(shifted, place));
  }
  return [...new Set(chords)];
}

/** How a chord is shown: `Ctrl+Z`, `←`, `?`; with `mac`, `⌘Z`. */
export function showChord(chord: string, mac = isMac()): string {
  const spellings = parseChord(chord);
  const spelled = (mac ? spellings[spellings.length - 1] : spellings[0]) ?? "";
  const cut = spelled.endsWith("++") || spelled === "+" ? spelled.length - 1 : spelled.lastIndexOf("+") + 1;
  const key = spelled.slice(cut);
  const names = spelled.slice(0, Math.max(cut - 1, 0)).split("+").filter(Boolean);
  const shownKey = SHOWN[key] ?? (isLetter(key) && [...key].length === 1 && names.length > 0 ? key.toUpperCase() : key);
  if (mac) {
    const signs: Record<string, string> = { ctrl: "⌃", alt: "⌥", shift: "⇧", meta: "⌘" };
    return names.map((name) => signs[name] ?? name).join("") + shownKey;
  }
  return [...names.map((name) => name.charAt(0).toUpperCase() + name.slice(1)), shownKey].join("+");
}

function isMac(): boolean {
  return typeof navigator !== "undefined" && /Mac|iP(?:hone|ad|od)/.test(navigator.platform ?? "");
}

export class Keymap {
  readonly #byChord = new Map<string, { action: string; rank: Rank }>();
  readonly #actions: Readonly<Record<string, Action>>;
  readonly #asked = new Map<string, readonly string[]>();
  /** Chords that cannot be read, and keys given for actions that there are not. */
  readonly problems: readonly string[];

  /** `keys` are the user's own, by action; they replace an action's defaults. */
  constructor(actions: Readonly<Record<string, Action>>, keys: Readonly<Record<string, readonly string[]>> = {}) {
    this.#actions = actions;
    const problems: string[] = [];
    for (const name of Object.keys(keys)) {
      if (!Object.hasOwn(actions, name)) problems.push(`There is no action “${name}”.`);
    }
    for (const [name, action] of Object.entries(actions)) {
      const own = Object.hasOwn(keys, name) ? keys[name] : undefined;
      const chords: [string, Rank][] = (own ?? action.keys).map((chord) => [chord, own ? 2 : 1]);
      if (action.hotkey && !own) chords.push([action.hotkey, /^(?:shift\+)?(?:alt\+)?\d$/.test(action.hotkey) ? 0 : 3]);
      this.#asked.set(name, chords.map(([chord]) => chord));
      for (const [chord, rank] of chords) {
        const spellings = parseChord(chord);
        if (spellings.length === 0) problems.push(`“${chord}” is not a key (${action.words}).`);
        for (const spelling of spellings) {
          const holder = this.#byChord.get(spelling);
          if (holder === undefined || rank > holder.rank) this.#byChord.set(spelling, { action: name, rank });
        }
      }
    }
    this.problems = problems;
  }

  /** The action that a key event means, or null. */
  match(event: KeyboardEvent): string | null {
    for (const chord of chordsOf(event)) {
      const found = this.#byChord.get(chord);
      if (found !== undefined) return found.action;
    }
    return null;
  }

  /** The chords of one action that are in force, as people read them. */
  chords(action: string): readonly string[] {
    return (this.#asked.get(action) ?? []).filter((chord) => this.#holds(action, chord)).map((chord) => showChord(chord));
  }

  /** Every action with its keys, in the order given. */
  describe(): readonly Bound[] {
    return Object.entries(this.#actions).map(([action, { words, group }]) => ({
      action,
      words,
      group: group ?? "",
      chords: this.chords(action),
      lost: (this.#asked.get(action) ?? []).filter((chord) => parseChord(chord).length > 0 && !this.#holds(action, chord))
        .map((chord) => showChord(chord)),
    }));
  }

  #holds(action: string, chord: string): boolean {
    const spellings = parseChord(chord);
    return spellings.length > 0 && spellings.some((one) => this.#byChord.get(one)?.action === action);
  }
}

// ---- listening ----------------------------------------------------------------------------------

/** The attribute by which JupyterLab's shortcuts leave the keys of an element alone. */
export const SUPPRESS = "data-lm-suppress-shortcuts";

const TYPED = new Set([
  "text", "search", "url", "tel", "email", "password", "number", "date", "datetime-local", "month", "week", "time",
]);

/** Whether keys pressed in this element write text. */
export function isEditing(target: EventTarget | null | undefined): boolean {
  if (!(target instanceof Element)) return false;
  if (target.localName === "textarea") return true;
  if (target.localName === "input") return TYPED.has((target as HTMLInputElement).type);
  const editable = (target as HTMLElement).isContentEditable as boolean | undefined;
  return editable ?? target.closest("[contenteditable]:not([contenteditable='false'])") !== null;
}

function isPressable(target: EventTarget | null | undefined): boolean {
  if (!(target instanceof Element)) return false;
  if (target.localName === "input") return !isEditing(target);
  return ["button", "a", "summary", "select", "option"].includes(target.localName);
}

/** Keys by which a focused control is worked; a select or a range also takes the arrows. */
function isControlKey(event: KeyboardEvent, target: EventTarget | null | undefined): boolean {
  if (event.altKey || event.shiftKey || !isPressable(target)) return false;
  if (event.key === "Enter" || event.key === " ") return true;
  const arrows = target instanceof Element && (target.localName === "select"
    || (target.localName === "input" && ["radio", "range"].includes((target as HTMLInputElement).type)));
  return arrows && /^(?:Arrow|Home|End|Page)/.test(event.key);
}

const MODIFIER_KEYS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "OS", "CapsLock", "NumLock", "Fn"]);

/**
 * Hands the keys pressed inside `root` to `handler`, which tells whether it has used them.
 *
 * Notebooks listen on the document in the capture phase, so this listens on the window, before them. Plain keys
 * never leave the labeler; Tab, function keys, and Escape or ctrl/meta chords that nobody here wants reach the host.
 * Inside a text input the handler sees chords, Enter and Escape only (`editing` is true then), all else just writes.
 */
export function capture(
  scope: Scope,
  root: HTMLElement,
  handler: (event: KeyboardEvent, editing: boolean) => boolean,
): Dispose {
  const own = scope.child();
  let pointed = false; // focus came by pointer: then Enter on a clicked button is a shortcut, not a second click
  let passing = false;

  const inside = (event: Event): boolean => event.composedPath().includes(root);
  const restore = (): void => {
    if (passing) root.setAttribute(SUPPRESS, "true");
    passing = false;
  };
  const pass = (): void => {
    // JupyterLab ignores every key under the attribute, so it goes while this one travels on
    root.removeAttribute(SUPPRESS);
    passing = true;
    own.timeout(restore, 0);
  };

  root.setAttribute(SUPPRESS, "true");
  own.own(() => root.removeAttribute(SUPPRESS));
  own.listen(window, "pointerdown", (event) => {
    if (inside(event)) pointed = true;
  }, { capture: true });

  const onKey = (event: KeyboardEvent): void => {
    restore();
    if (!inside(event) || MODIFIER_KEYS.has(event.key)) return;
    if (event.key === "Tab") pointed = false;
    const target = event.composedPath()[0];
    const editing = isEditing(target);
    const command = event.ctrlKey || event.metaKey;
    const typing = event.getModifierState?.("AltGraph") ?? false;
    const plain = !command || typing;
    const named = /^(?:Enter|Escape|F\d+)$/.test(event.key);
    let offered = !event.isComposing && event.key !== "Tab";
    if (editing && plain && !named && (!event.altKey || typing)) offered = false;
    if (plain && !pointed && isControlKey(event, target)) offered = false;
    const used = offered && handler(event, editing);
    if (used) event.preventDefault();
    const hosts = event.key === "Tab" || event.key === "Escape" || /^F\d+$/.test(event.key) || !plain;
    if (used || !hosts) event.stopImmediatePropagation();
    else if (!(editing && command && /^[acvxyz]$/i.test(event.key))) pass(); // copy, paste and undo are the input's own
  };
  own.listen(window, "keydown", onKey, { capture: true });
  own.listen(window, "keypress", (event) => {
    if (inside(event) && !event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
  }, { capture: true });
  return () => own.dispose();
}
