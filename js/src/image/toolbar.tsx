/** The tools that the schema needs, and how the image is looked at. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Floating, Tool } from "../shell/parts";
import type { Shell } from "../shell/shell";
import { type ToolName, TOOLS } from "./actions";
import type { Looks } from "./canvas";
import { ICONS } from "./icons";
import type { ImageState } from "./state";

interface Props {
  readonly shell: Shell;
  readonly state: ImageState;
}

export function Toolbar({ shell, state }: Props): VNode {
  const tools = state.tools.value;
  const held = state.tool.value;
  const button = (name: ToolName): VNode => (
    <Tool key={name} icon={TOOLS[name].icon} shell={shell} action={`tool_${name}`} pressed={held === name} testid={`nbl-tool-${name}`} />
  );
  const hands = tools.filter((name) => TOOLS[name].kinds.length === 0);
  return (
    <div class="nbl-tools" role="toolbar" aria-label="Tools" data-testid="nbl-tools">
      {hands.map(button)}
      {hands.length < tools.length ? <span class="nbl-rule" /> : null}
      {tools.filter((name) => !hands.includes(name)).map(button)}
      <ToolOptions shell={shell} state={state} />
    </div>
  );
}

export function ViewTools({ shell, state, looks }: Props & { looks: Looks }): VNode {
  return (
    <div class="nbl-bar-part nbl-bar-end" role="group" aria-label="View">
      <Tool icon={ICONS.zoomOut} shell={shell} action="zoom_out" />
      <Zoom shell={shell} state={state} />
      <Tool icon={ICONS.zoomIn} shell={shell} action="zoom_in" />
      <Tool icon={ICONS.fit} shell={shell} action="fit" pressed={state.viewport.fitting.value} testid="nbl-fit" />
      <Adjustments shell={shell} looks={looks} />
    </div>
  );
}

/** What goes with the tool in hand: size or tolerance, adding or taking away. */
function ToolOptions({ shell, state }: Props): VNode | null {
  const held = state.tool.value;
  const paints = held === "brush" || held === "eraser";
  if (!paints && held !== "wand" && held !== "fill") return null;
  const subtracts = state.subtracts.value;
  return (
    <span class="nbl-tool-options">
      <span class="nbl-rule" />
      {held === "fill" ? null : (
        <>
          <Tool icon={ICONS.minus} shell={shell} action="smaller" />
          <span class="nbl-amount" title={paints ? "Size of the brush in pixels" : "Tolerance"} data-testid="nbl-amount">
            {paints ? `${2 * state.radius.value} px` : `± ${state.tolerance.value}`}
          </span>
          <Tool icon={ICONS.plus} shell={shell} action="larger" />
        </>
      )}
      {held === "eraser" ? null : (
        <Tool icon={subtracts ? ICONS.takes : ICONS.adds} shell={shell} action="mode" pressed={subtracts} testid="nbl-mode">
          {subtracts ? "Take away" : "Add"}
        </Tool>
      )}
    </span>
  );
}

function Zoom({ shell, state }: Props): VNode {
  const { scale, dpr } = state.viewport.view.value;
  const percent = 100 * scale * dpr;
  return (
    <button type="button" class="nbl-position nbl-zoom" title={shell.hint("actual")} data-testid="nbl-zoom" onClick={() => shell.run("actual")}>
      {percent < 10 ? percent.toFixed(1) : Math.round(percent)} %
    </button>
  );
}

function Adjustments({ shell, looks }: { shell: Shell; looks: Looks }): VNode {
  const open = useSignal(false);
  const { adjust, grid, cross, map } = looks;
  const slider = (words: string, which: "brightness" | "contrast"): VNode => (
    <label class="nbl-option nbl-option-select">
      <span>{words}</span>
      <input
        type="range" min="0.2" max="3" step="0.05" value={adjust[which].value}
        onInput={(event) => { adjust[which].value = event.currentTarget.valueAsNumber; }}
      />
    </label>
  );
  const check = (words: string, of: { value: boolean }): VNode => (
    <label class="nbl-option">
      <input type="checkbox" checked={of.value} onChange={(event) => { of.value = event.currentTarget.checked; }} />
      {words}
    </label>
  );
  return (
    <span class="nbl-anchor">
      <Tool
        icon={ICONS.adjust} title="How the image is shown" testid="nbl-adjust" expanded={open.value} pressed={adjust.filter.value !== "none"}
        onClick={() => { open.value = !open.value; }}
      />
      {open.value ? (
        <Floating shell={shell} title="How the image is shown" kind="nbl-menu" testid="nbl-adjustments" onClose={() => { open.value = false; }}>
          {slider("Brightness", "brightness")}
          {slider("Contrast", "contrast")}
          {check("Invert", adjust.invert)}
          {check("Lines through the pointer", cross)}
          {check("Grid between large pixels", grid)}
          {check("Small map", map)}
          <button type="button" class="nbl-button" onClick={() => adjust.reset()}>As it is</button>
        </Floating>
      ) : null}
    </span>
  );
}
