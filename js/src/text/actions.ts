/** What the person can do with a text, besides what every labeler offers. The names are what `keys=` takes. */
import type { Schema } from "../core/protocol";
import { type Actions, COMMON } from "../shell/actions";
import { binaryField } from "../shell/answers";

const CURSOR = "Cursor";
const SELECT = "Select text";
const SPANS = "Spans";
const SUGGESTIONS = "Suggestions";

const SPAN_ACTIONS: Actions = {
  left: { words: "Word to the left", keys: ["left"], group: CURSOR },
  right: { words: "Word to the right", keys: ["right"], group: CURSOR },
  up: { words: "Line up", keys: ["up"], group: CURSOR },
  down: { words: "Line down", keys: ["down"], group: CURSOR },
  line_start: { words: "Start of the line", keys: ["Home"], group: CURSOR },
  line_end: { words: "End of the line", keys: ["End"], group: CURSOR },
  text_start: { words: "Start of the text", keys: ["ctrl+Home"], group: CURSOR },
  text_end: { words: "End of the text", keys: ["ctrl+End"], group: CURSOR },
  character_left: { words: "Character to the left", keys: ["alt+left"], group: CURSOR },
  character_right: { words: "Character to the right", keys: ["alt+right"], group: CURSOR },
  extend_left: { words: "Extend by a word; the end of a selected span", keys: ["shift+left"], group: SELECT },
  extend_right: { words: "Extend by a word; the end of a selected span", keys: ["shift+right"], group: SELECT },
  extend_up: { words: "Extend by a line", keys: ["shift+up"], group: SELECT },
  extend_down: { words: "Extend by a line", keys: ["shift+down"], group: SELECT },
  extend_line_start: { words: "Extend to the start of the line", keys: ["shift+Home"], group: SELECT },
  extend_line_end: { words: "Extend to the end of the line", keys: ["shift+End"], group: SELECT },
  extend_character_left: { words: "Extend by a character; the end of a selected span", keys: ["alt+shift+left"], group: SELECT },
  extend_character_right: { words: "Extend by a character; the end of a selected span", keys: ["alt+shift+right"], group: SELECT },
  start_left: { words: "Start of the selected span to the left", keys: ["ctrl+shift+left"], group: SELECT },
  start_right: { words: "Start of the selected span to the right", keys: ["ctrl+shift+right"], group: SELECT },
  next_span: { words: "Next span", keys: ["."], group: SPANS },
  previous_span: { words: "Previous span", keys: [","], group: SPANS },
  delete: { words: "Delete the selected span or relation", keys: ["Delete", "Backspace"], group: SPANS },
  delete_all: { words: "Delete all spans", keys: ["ctrl+Backspace"], group: SPANS },
  attributes: { words: "Attributes of the selected span", keys: ["e"], group: SPANS },
  matches: { words: "Mark all other places with the same text", keys: ["m"], group: SPANS },
  matches_any_case: { words: "The same, whatever the case of letters", keys: ["shift+m"], group: SPANS },
};

const RELATION_ACTIONS: Actions = {
  relation: { words: "Relation from the selected span", keys: ["r"], group: SPANS },
};

const SUGGESTION_ACTIONS: Actions = {
  accept: { words: "Accept the selected suggestion, or the first one", keys: ["a"], group: SUGGESTIONS },
  accept_all: { words: "Accept all suggestions", keys: ["shift+a"], group: SUGGESTIONS },
  reject: { words: "Reject the selected suggestion", keys: ["x"], group: SUGGESTIONS },
};

export function textActions(schema: Schema, options: Readonly<Record<string, unknown>>): Actions {
  const kinds = new Set(schema.fields.map((field) => field.kind));
  const { accept_all, ...one } = SUGGESTION_ACTIONS as { accept_all: Actions[string] } & Actions;
  const actions: Actions = {};
  if (kinds.has("spans")) Object.assign(actions, SPAN_ACTIONS);
  else {
    // Without spans there is no cursor in the text: the arrows go from item to item.
    for (const [name, key] of [["next", "right"], ["previous", "left"]] as const) {
      const common = COMMON[name] as Actions[string];
      actions[name] = { ...common, keys: [...common.keys, key] };
    }
  }
  if (kinds.has("relations")) Object.assign(actions, RELATION_ACTIONS);
  if (!binaryField(schema, options)) Object.assign(actions, one);
  return { ...actions, accept_all };
}
