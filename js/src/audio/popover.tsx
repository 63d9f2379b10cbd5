/** Labels to choose from, beside a stretch that was just marked. */
import type { VNode } from "preact";
import { LabelMenu, Popover } from "../shell/popover";
import type { Shell } from "../shell/shell";
import type { AudioState } from "./state";
import { clamp } from "./time";

export function AudioPopover({ shell, state, host }: { shell: Shell; state: AudioState; host: () => HTMLElement | null }): VNode | null {
  const stretch = state.stretch.value;
  const { start, perPixel } = state.viewport.view.value;
  const element = host();
  if (!element || !stretch?.asks || state.draft.value) return null;
  const box = element.getBoundingClientRect();
  const root = shell.root.getBoundingClientRect();
  const middle = ((stretch.start + stretch.end) / 2 - start) / perPixel;
  const top = box.top - root.top;
  const anchor = { left: box.left - root.left + clamp(middle - 60, 0, box.width - 160), top, bottom: top + Math.min(box.height / 2, 72) };
  return (
    <Popover shell={shell} anchor={anchor}>
      <LabelMenu shell={shell} fields={stretch.fields} onPick={(field, label) => state.label(field, label, true)} />
    </Popover>
  );
}
