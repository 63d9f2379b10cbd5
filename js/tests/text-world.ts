/** A text labeler's state over a real engine and a fake kernel with texts of the test's choosing. */
import { Keymap } from "../src/core/keymap";
import type { AnyAnnotation, AnyField, Label, Outgoing, Schema, Span, Welcome, WireItem } from "../src/core/protocol";
import { TextState } from "../src/text/state";
import { FakeKernel, FakeStore, Line } from "./fake-kernel";
import { Page, pass, turns } from "./page";

export class TextKernel extends FakeKernel {
  texts: readonly string[] = ["one two three"];
  offered: Record<string, readonly AnyAnnotation[]> = {};
  extra: Partial<WireItem> = {};
  welcome: Partial<Welcome> = {};

  override item(index: number): WireItem {
    const item = super.item(index);
    const data = this.texts[index % this.texts.length] ?? "";
    return { ...item, data, suggestions: [...(this.offered[item.id] ?? [])], ...this.extra };
  }

  override tell(message: Outgoing): void {
    super.tell(message.type === "welcome" ? { ...message, ...this.welcome } : message);
  }
}

export interface TextWorld {
  readonly kernel: TextKernel;
  readonly state: TextState;
  readonly page: Page;
  readonly said: string[];
  /** What the response holds, in short: `PER 0-3`. */
  answers(): string[];
  /** Presses keys as the keymap reads them. */
  press(...chords: string[]): boolean;
  close(): void;
}

export interface TextOptions {
  readonly schema: Schema;
  readonly texts?: readonly string[];
  readonly items?: number;
  readonly suggestions?: readonly AnyAnnotation[];
  readonly options?: Record<string, unknown>;
}

export function short(one: AnyAnnotation): string {
  switch (one.kind) {
    case "span": return `${one.label} ${one.start}-${one.end}`;
    case "relation": return `${one.label} ${one.head}>${one.child}`;
    case "choice": return `${one.field}: ${one.label}`;
    case "text": return `${one.field}: “${one.text}”`;
    default: return one.kind;
  }
}

export function span(id: string, start: number, end: number, label: string, more: Partial<Span> = {}): Span {
  return { kind: "span", id, start, end, label, field: "spans", ...more };
}

export async function openText(given: TextOptions): Promise<TextWorld> {
  const kernel = new TextKernel(new FakeStore(), { items: given.items ?? 3, schema: given.schema });
  kernel.texts = given.texts ?? ["one two three"];
  kernel.offered = { item0: given.suggestions ?? [] };
  kernel.welcome = { options: given.options ?? {} };
  const page = new Page(new Line(kernel));
  await turns();
  await pass(20);
  await pass(20);
  const { engine } = page;
  const state = new TextState(engine, page.scope);
  const said: string[] = [];
  state.say = (words) => said.push(words);
  const actions: Record<string, { words: string; keys: readonly string[]; hotkey?: string }> = { ...state.actions.value };
  const labels = new Map<string, { field: AnyField; label: Label }>(given.schema.fields.flatMap((field) => ("labels" in field ? field.labels : [])
    .map((label) => [`label ${label.name}`, { field, label }] as const)));
  for (const [name, { label }] of labels) if (label.hotkey) actions[name] = { words: name, keys: [], hotkey: label.hotkey };
  const keymap = new Keymap(actions);
  return {
    kernel, state, page, said,
    answers: () => engine.view.value.annotations.map(short),
    press(...chords) {
      let used = false;
      for (const chord of chords) {
        const action = keymap.match(keyOf(chord));
        const label = action === null ? undefined : labels.get(action);
        if (chord === "Escape") used = state.escape();
        else if (chord === "Enter") used = state.confirm();
        else if (label) state.label(label.field, label.label);
        else used = action !== null && state.run(action);
      }
      return used;
    },
    close: () => page.close(),
  };
}

function keyOf(chord: string): KeyboardEvent {
  const parts = chord.split("+");
  const key = parts[parts.length - 1] as string;
  const has = (name: string): boolean => parts.slice(0, -1).includes(name);
  const digit = /^\d$/.test(key) ? `Digit${key}` : "";
  return {
    key: has("shift") && key.length === 1 ? key.toUpperCase() : key, code: digit, ctrlKey: has("ctrl"), altKey: has("alt"),
    shiftKey: has("shift"), metaKey: false, isComposing: false,
  } as KeyboardEvent;
}
