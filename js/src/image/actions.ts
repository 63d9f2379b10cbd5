/** What the person can do with an image, besides what every labeler offers. The names are what `keys=` takes. */
import type { AnyField, Schema } from "../core/protocol";
import { type Actions, COMMON } from "../shell/actions";
import { binaryField } from "../shell/answers";
import type { IconName } from "../shell/icons";
import { ICONS } from "./icons";

export type ToolName =
  | "select" | "pan" | "box" | "rotated" | "extreme" | "polygon" | "hole" | "polyline" | "points" | "brush" | "eraser" | "fill" | "wand" | "smart";
export type ShapeField = Extract<AnyField, { kind: "boxes" | "polygons" | "polylines" | "skeletons" | "masks" }>;
export type FieldKind = ShapeField["kind"];

interface ToolInfo {
  readonly words: string;
  readonly key: string;
  readonly icon: IconName;
  /** The fields that it makes answers for; the first is preferred. */
  readonly kinds: readonly FieldKind[];
}

export const TOOLS: Readonly<Record<ToolName, ToolInfo>> = {
  select: { words: "Select, move and edit", key: "v", icon: ICONS.pointer, kinds: [] },
  pan: { words: "Move the view", key: "h", icon: ICONS.hand, kinds: [] },
  box: { words: "Box", key: "r", icon: ICONS.box, kinds: ["boxes"] },
  rotated: { words: "Rotated box by three points", key: "shift+r", icon: ICONS.rotated, kinds: ["boxes"] },
  extreme: { words: "Box by four extreme points", key: "t", icon: ICONS.extreme, kinds: ["boxes"] },
  polygon: { words: "Polygon", key: "p", icon: ICONS.polygon, kinds: ["polygons"] },
  hole: { words: "Cut a hole into a polygon", key: "o", icon: ICONS.hole, kinds: ["polygons"] },
  polyline: { words: "Line", key: "shift+p", icon: ICONS.line, kinds: ["polylines"] },
  points: { words: "Points", key: "k", icon: ICONS.points, kinds: ["skeletons"] },
  brush: { words: "Brush", key: "b", icon: ICONS.brush, kinds: ["masks"] },
  eraser: { words: "Eraser", key: "e", icon: ICONS.eraser, kinds: ["masks"] },
  fill: { words: "Fill an outline", key: "shift+b", icon: ICONS.fill, kinds: ["masks"] },
  wand: { words: "Wand: pixels alike", key: "w", icon: ICONS.wand, kinds: ["masks", "polygons"] },
  smart: { words: "Smart: click the object", key: "s", icon: "spark", kinds: ["masks", "polygons", "boxes"] },
};

/** The tool that a field is begun with. */
export const FIRST_TOOL: Readonly<Record<FieldKind, ToolName>> = {
  boxes: "box", polygons: "polygon", polylines: "polyline", skeletons: "points", masks: "brush",
};

export function isShapeField(field: AnyField): field is ShapeField {
  return field.kind in FIRST_TOOL;
}

/** The tools that a schema needs. */
export function toolsFor(schema: Schema, options: Readonly<Record<string, unknown>>): ToolName[] {
  const fields = schema.fields.filter(isShapeField);
  const kinds = new Set(fields.map((field) => field.kind));
  const turned = fields.some((field) => field.kind === "boxes" && field.rotation !== false);
  return (Object.keys(TOOLS) as ToolName[]).filter((name) => {
    if (name === "rotated" && !turned) return false;
    if (name === "smart" && options["smart"] !== true) return false;
    // among polygons alone the wand would be one tool too many
    if (name === "wand") return kinds.has("masks");
    return name === "pan" || (name === "select" ? fields.length > 0 : TOOLS[name].kinds.some((kind) => kinds.has(kind)));
  });
}

type Group = Readonly<Record<string, readonly [words: string, ...keys: string[]]>>;

const EDIT: Group = {
  next_shape: ["Next shape", "."],
  previous_shape: ["Previous shape", ","],
  next_point: ["Next handle or point of the shape", "shift+."],
  previous_point: ["Previous handle or point", "shift+,"],
  select_all: ["Select all shapes", "mod+a"],
  delete: ["Delete what is selected", "Delete", "Backspace"],
  delete_all: ["Delete all shapes", "ctrl+Backspace"],
  attributes: ["Label and attributes of the selected shape", "i"],
  occluded: ["Occluded, or not", "q"],
  duplicate: ["Duplicate", "mod+d"],
  copy: ["Copy", "mod+c"],
  paste: ["Paste at the same place, also on another item", "mod+v"],
  copy_next: ["Copy to the next item and go there", "mod+b"],
  group: ["Group", "shift+g"],
  ungroup: ["Ungroup", "alt+g"],
  raise: ["To the front", "PageUp"],
  lower: ["To the back", "PageDown"],
  add_point: ["Add a point after the one that is chosen", "Insert", "shift+i"],
  turn_left: ["Turn by 1° to the left", "alt+["],
  turn_right: ["Turn by 1° to the right", "alt+]"],
  turn_far_left: ["Turn by 15° to the left", "shift+["],
  turn_far_right: ["Turn by 15° to the right", "shift+]"],
  simplify: ["Simplify the outline", "shift+s"],
  convert: ["Polygon to mask, mask to polygon", "m"],
  merge: ["Merge masks or polygons", "shift+m"],
  subtract: ["Take the other masks or polygons away from the first", "alt+m"],
};

const MASK: Group = {
  smaller: ["Smaller brush; less tolerance of the wand", "["],
  larger: ["Larger brush; more tolerance", "]"],
  mode: ["Add to the mask, or take away from it", "\\"],
};

const LOOK: Group = {
  lock: ["Lock, or unlock", "l"],
  hide: ["Hide, or show", "shift+h"],
  solo: ["Show only what is selected, or all", "alt+h"],
  show_all: ["Show and unlock all", "alt+shift+h"],
  zoom_in: ["Zoom in", "+", "="],
  zoom_out: ["Zoom out", "-"],
  fit: ["The whole image", "z"],
  actual: ["One pixel on one of the screen", "shift+z"],
};

const SUGGESTIONS: Group = {
  accept: ["Accept the selected suggestion, or the first one", "a"],
  reject: ["Reject the selected suggestion", "x"],
};

const MOVES: Group = {
  "": ["Cursor of a drawing tool; shape or point by 1 pixel; the view", ""],
  far: ["The same, ten times as far", "shift+"],
  fine: ["Cursor by 1 pixel; size of a box", "alt+"],
};

function grouped(group: string, list: Group): Actions {
  return Object.fromEntries(Object.entries(list).map(([name, [words, ...keys]]) => [name, { words, keys, group }]));
}

export function imageActions(schema: Schema, options: Readonly<Record<string, unknown>>): Actions {
  const tools = toolsFor(schema, options);
  const has = (name: ToolName): boolean => tools.includes(name);
  const actions: Actions = {};
  // their letters are a tool's here, as in other image labelers
  for (const [name, gone] of [["next", "n"], ["previous", "p"], ["help", "h"]] as const) {
    const common = COMMON[name] as Actions[string];
    actions[name] = { ...common, keys: common.keys.filter((key) => key !== gone) };
  }
  for (const name of tools) actions[`tool_${name}`] = { words: TOOLS[name].words, keys: [TOOLS[name].key], group: "Tools" };
  if (has("select")) {
    actions["again"] = { words: "A new one with the last tool", keys: ["n"], group: "Tools" };
    if (has("brush")) Object.assign(actions, grouped("Tools", MASK));
    for (const [name, [words, held = ""]] of Object.entries(MOVES)) {
      for (const way of ["left", "right", "up", "down"]) {
        actions[name ? `${name}_${way}` : way] = { words: `${words}: ${way}`, keys: [held + way], group: "Move" };
      }
    }
    Object.assign(actions, grouped("Shapes", EDIT));
  }
  Object.assign(actions, grouped("View", LOOK));
  if (!binaryField(schema, options)) Object.assign(actions, grouped("Suggestions", SUGGESTIONS));
  return { ...actions, accept_all: { words: "Accept all suggestions", keys: ["shift+a"], group: "Suggestions" } };
}
