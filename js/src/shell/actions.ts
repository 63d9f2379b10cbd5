/**
 * What the person can do in every labeler, with the keys it has unless the user gives others.
 *
 * The names are what `keys=` takes in Python. Keymap and help overlay are both made from such tables.
 */
import type { Action } from "../core/keymap";
import type { AnyField, Label, Schema } from "../core/protocol";

export type Actions = Record<string, Action>;

const ITEM = "This item";
const MOVE = "Items";
const FIND = "Look around";

export const COMMON: Actions = {
  submit: { words: "Submit and go on", keys: ["Enter", "mod+Enter"], group: ITEM },
  skip: { words: "Skip: it comes again at the end", keys: ["Space"], group: ITEM },
  discard: { words: "Discard: the item is unusable", keys: ["shift+x"], group: ITEM },
  flag: { words: "Flag, or take the flag off", keys: ["f"], group: ITEM },
  comment: { words: "Write a comment", keys: ["c"], group: ITEM },
  undo: { words: "Undo, across items", keys: ["mod+z"], group: ITEM },
  redo: { words: "Redo", keys: ["mod+shift+z", "mod+y"], group: ITEM },
  next: { words: "Next item", keys: ["n", "ctrl+right"], group: MOVE },
  previous: { words: "Previous item", keys: ["p", "ctrl+left"], group: MOVE },
  jump: { words: "Jump to an item by number", keys: ["j"], group: MOVE },
  search: { words: "Search the items", keys: ["/"], group: MOVE },
  guidelines: { words: "Guidelines and labels", keys: ["g"], group: FIND },
  help: { words: "This help", keys: ["?", "h"], group: FIND },
  escape: { words: "Step back; then the keys are the notebook's again", keys: ["Escape"], group: FIND },
};

/** Where a model suggests. */
export const MODEL: Actions = {
  model: { words: "The model: how good it is, and what it has learnt", keys: ["u"], group: FIND },
};

/** The action of a label's key. */
export function labelAction(field: string, label: string): string {
  return `label:${field}:${label}`;
}

export function parseLabelAction(action: string, schema: Schema): { field: AnyField; label: Label } | null {
  if (!action.startsWith("label:")) return null;
  for (const field of schema.fields) {
    for (const label of labelsOf(field)) {
      if (labelAction(field.name ?? "", label.name) === action) return { field, label };
    }
  }
  return null;
}

export function labelsOf(field: AnyField): readonly Label[] {
  return "labels" in field ? field.labels : [];
}

export function titleOf(field: AnyField): string {
  return field.title || field.name || "";
}

/** One action for each label that has a key. */
export function labelActions(schema: Schema): Actions {
  const actions: Actions = {};
  for (const field of schema.fields) {
    for (const label of labelsOf(field)) {
      if (!label.hotkey) continue;
      actions[labelAction(field.name ?? "", label.name)] = {
        words: label.name, keys: [], hotkey: label.hotkey, group: `Labels: ${titleOf(field)}`,
      };
    }
  }
  return actions;
}
