/** What the person can do with a recording, besides what every labeler offers. The names are what `keys=` takes. */
import type { AnyField, Schema, Segments } from "../core/protocol";
import { type Actions, COMMON } from "../shell/actions";
import { binaryField } from "../shell/answers";

type Group = Readonly<Record<string, readonly [words: string, ...keys: string[]]>>;

const LISTEN: Group = {
  play: ["Play, or pause; also while typing", "Space", "ctrl+Space", "alt+p"],
  play_selection: ["Play what is selected, or what is in sight; also while typing", "r", "alt+r"],
  back: ["Back by a second; also while typing", "b", "alt+b"],
  left: ["Play-head 1 second back", "left"],
  right: ["Play-head 1 second on", "right"],
  far_left: ["Play-head 5 seconds back", "shift+left"],
  far_right: ["Play-head 5 seconds on", "shift+right"],
  fine_left: ["Play-head 10 ms back", "alt+left"],
  fine_right: ["Play-head 10 ms on", "alt+right"],
  edge_left: ["Play-head to the edge before", "alt+,", "ctrl+up"],
  edge_right: ["Play-head to the next edge", "alt+.", "ctrl+down"],
  first: ["Play-head to the start", "Home"],
  last: ["Play-head to the end", "End"],
  loop: ["Play what is selected again and again, or not", "l"],
  slower: ["Slower", "<"],
  faster: ["Faster", ">"],
};

const MARK: Group = {
  start: ["Begin a segment at the play-head", "["],
  end: ["End it there", "]"],
  event: ["Mark an event at the play-head", "e"],
  set_start: ["Selected segment: its start to the play-head", "shift+["],
  set_end: ["Selected segment: its end to the play-head", "shift+]"],
  earlier: ["Selected segments 10 ms earlier", "alt+shift+left"],
  later: ["Selected segments 10 ms later", "alt+shift+right"],
  row_up: ["Selected segment to the row above; with none, choose a row", "shift+up"],
  row_down: ["Selected segment to the row below; with none, choose a row", "shift+down"],
  next_segment: ["Next segment; also while typing", ".", "alt+down"],
  previous_segment: ["Previous segment; also while typing", ",", "alt+up"],
  select_all: ["Select all segments", "mod+a"],
  attributes: ["Label, times and attributes of the selected segment", "i"],
  split: ["Split at the play-head", "s"],
  merge: ["Merge what is selected, or with the next segment", "m"],
  fill: ["Fill the gaps between what is selected, or around it", "w"],
  rest: ["Label the rest with the current label", "d"],
  delete: ["Delete what is selected", "Delete", "Backspace"],
  delete_all: ["Delete all segments", "ctrl+Backspace"],
  copy: ["Copy", "mod+c"],
  paste: ["Paste at the play-head, also on another item", "mod+v"],
  duplicate: ["Duplicate right behind itself", "mod+d"],
  lock: ["Lock what is selected, or the chosen row, or unlock", "shift+l"],
  hide: ["Hide what is selected, or the chosen row, or show", "shift+h"],
  solo: ["Show only what is selected, or all", "alt+h"],
  show_all: ["Show and unlock all", "alt+shift+h"],
  snap: ["Snap to edges, or not; alt does the other", "q"],
};

const WRITE: Group = { transcript: ["Write the text of the segment; Enter goes on to the next one", "t"] };
const WRITE_ALL: Group = { transcript: ["Write the text of the recording", "t"] };

const VIEW: Group = {
  zoom_in: ["Zoom in", "+", "="],
  zoom_out: ["Zoom out", "-"],
  fit: ["The whole recording", "z"],
  zoom_selection: ["What is selected", "shift+z"],
  page_left: ["Look further back", "PageUp"],
  page_right: ["Look further on", "PageDown"],
  louder: ["Draw waves higher", "up"],
  quieter: ["Draw waves lower", "down"],
  follow: ["Follow the play-head, or not", "shift+f"],
  spectrogram: ["Spectrogram, or none", "y"],
};

const SUGGESTIONS: Group = {
  accept: ["Accept the selected suggestion, or the first one", "a"],
  reject: ["Reject the selected suggestion", "x"],
};

/** What works while a text is written, by chords that do not write. */
export const TYPING: ReadonlySet<string> = new Set(["play", "play_selection", "back", "next_segment", "previous_segment"]);

export function isSegments(field: AnyField): field is Segments {
  return field.kind === "segments";
}

function grouped(group: string, list: Group): Actions {
  return Object.fromEntries(Object.entries(list).map(([name, [words, ...keys]]) => [name, { words, keys, group }]));
}

export function audioActions(schema: Schema, options: Readonly<Record<string, unknown>>): Actions {
  const fields = schema.fields.filter(isSegments);
  const without = (list: Group, gone: boolean, ...names: string[]): Group => gone ? Object.fromEntries(Object.entries(list).filter(([one]) => !names.includes(one))) : list;
  const rowless = fields.length < 2 && fields.every(({ tiers = "field" }) => tiers === "field");
  return {
    // Space plays, as it does in every player
    skip: { ...COMMON["skip"] as Actions[string], keys: ["shift+Space"] },
    ...grouped("Listen", LISTEN),
    ...fields.length > 0 && grouped("Segments", without(without(MARK, fields.every(({ events }) => events === false), "event"), rowless, "row_up", "row_down")),
    ...fields.some(({ transcript }) => transcript) ? grouped("Segments", WRITE) : schema.fields.some(({ kind }) => kind === "texts") && grouped("Listen", WRITE_ALL),
    ...grouped("View", without(VIEW, options["spectrogram"] === false, "spectrogram")),
    ...!binaryField(schema, options) && grouped("Suggestions", SUGGESTIONS),
    accept_all: { words: "Accept all suggestions", keys: ["shift+a"], group: "Suggestions" },
  };
}
