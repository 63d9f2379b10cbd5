/** The image labeler's face: the shell around a canvas, with tools above and lists beside it. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { labelAction } from "../shell/actions";
import { Frame } from "../shell/frame";
import { Palette } from "../shell/palette";
import type { Shell } from "../shell/shell";
import { Adjust } from "./adjust";
import { Below, Canvas, type Looks } from "./canvas";
import { Lists } from "./lists";
import { ImagePopover } from "./popover";
import type { ImageState } from "./state";
import { Toolbar, ViewTools } from "./toolbar";

interface Props {
  readonly shell: Shell;
  readonly state: ImageState;
}

export function ImageView({ shell, state }: Props): VNode {
  const grid = useSignal(true);
  const map = useSignal(true);
  const cross = useSignal<boolean | null>(null);
  const adjust = useMemo(() => new Adjust(), []);
  const looks: Looks = useMemo(() => ({
    adjust, grid, map,
    cross: {
      get value() { return cross.value ?? shell.engine.options.value["crosshair"] !== false; },
      set value(on: boolean) { cross.value = on; },
    },
  }), []);
  const fields = state.fields.value;
  const lists = fields.length > 0;
  const broken = Boolean(shell.engine.item.value?.problem);
  return (
    <Frame
      shell={shell}
      palette={lists ? <ImagePalette shell={shell} state={state} /> : null}
      body={(
        <>
          {broken ? null : <Toolbar shell={shell} state={state} />}
          <Canvas shell={shell} state={state} looks={looks} />
          {broken ? null : <Below shell={shell} state={state} />}
        </>
      )}
      head={broken ? null : <ViewTools shell={shell} state={state} looks={looks} />}
      side={lists ? <Lists shell={shell} state={state} /> : null}
      floating={<ImagePopover shell={shell} state={state} host={() => shell.root.querySelector<HTMLElement>(".nbl-image")} />}
    />
  );
}

function ImagePalette({ shell, state }: Props): VNode {
  void state.version.value;
  const current = state.current.value;
  return (
    <Palette
      shell={shell} fields={state.fields.value} counts={state.shapes.counts} current={current && labelAction(current.field, current.label)}
      active={state.pending.value !== null || (state.selected.value.length > 0 && !state.fresh.value)}
      onPick={(field, label) => state.label(field, label, true)}
    />
  );
}
