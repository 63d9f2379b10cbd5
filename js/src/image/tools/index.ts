/** Which tool is which. */
import type { ToolName } from "../actions";
import type { ImageState } from "../state";
import { Brush } from "./brush";
import { Gather } from "./gather";
import { Smart, Wand } from "./magic";
import { Path } from "./path";
import { Points } from "./points";
import { Pan, Select } from "./select";
import type { Tool } from "./tool";

export function makeTool(name: ToolName, state: ImageState): Tool {
  switch (name) {
    case "select": return new Select(state);
    case "pan": return new Pan(state);
    case "box": case "rotated": case "extreme": return new Gather(state, name);
    case "points": return new Points(state);
    case "brush": case "eraser": return new Brush(state, name === "eraser");
    case "wand": return new Wand(state);
    case "smart": return new Smart(state);
    default: return new Path(state, name);
  }
}
