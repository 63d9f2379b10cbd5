/** The audio labeler's face: the shell around a timeline, with the player above and lists beside it. */
import type { VNode } from "preact";
import { labelAction, labelsOf } from "../shell/actions";
import { Frame } from "../shell/frame";
import { Palette } from "../shell/palette";
import type { Shell } from "../shell/shell";
import { Inspector } from "./inspector";
import { Lists } from "./lists";
import { AudioPopover } from "./popover";
import type { AudioState } from "./state";
import { Below, Surface } from "./surface";
import { Transport } from "./transport";

interface Props {
  readonly shell: Shell;
  readonly state: AudioState;
}

export function AudioView({ shell, state }: Props): VNode {
  const marks = state.fields.value.length > 0;
  const broken = Boolean(shell.engine.item.value?.problem);
  return (
    <Frame
      shell={shell}
      palette={marks ? <AudioPalette shell={shell} state={state} /> : null}
      body={(
        <>
          {broken ? null : <Transport shell={shell} state={state} />}
          <Surface shell={shell} state={state} />
          {broken ? null : <Below shell={shell} state={state} />}
          {broken ? null : <Inspector shell={shell} state={state} />}
        </>
      )}
      side={marks ? <Lists shell={shell} state={state} /> : null}
      floating={<AudioPopover shell={shell} state={state} host={() => shell.root.querySelector<HTMLElement>(".nbl-timeline")} />}
    />
  );
}

function AudioPalette({ shell, state }: Props): VNode {
  void state.version.value;
  const current = state.current.value;
  return (
    <Palette
      shell={shell} fields={state.fields.value.filter((field) => labelsOf(field).length > 0)} counts={state.marks.counts}
      current={current && labelAction(current.field, current.label)} active={state.stretch.value !== null || (state.selected.value.length > 0 && !state.fresh.value)}
      onPick={(field, label) => state.label(field, label, true)}
    />
  );
}
