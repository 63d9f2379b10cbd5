/** Beside the image: its suggestions, and its shapes. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { AcceptAll, EntryList, type Entry } from "../shell/side";
import { Key } from "../shell/parts";
import type { Shell } from "../shell/shell";
import { FIRST_TOOL } from "./actions";
import { measure } from "./geometry";
import { ICONS } from "./icons";
import type { ImageState } from "./state";
import type { Drawn } from "./types";

interface Props {
  readonly shell: Shell;
  readonly state: ImageState;
}

function entryOf(drawn: Drawn | undefined): Entry | null {
  if (!drawn) return null;
  const { id, shape, color, suggested } = drawn;
  const text = measure(shape)[0] ?? "";
  return {
    id, label: shape.label ?? "", color, text: [text, shape.occluded && "occluded", shape.group && "grouped"].filter(Boolean).join(" · "), dir: "ltr",
    suggested, line: shape.kind === "polygon" && shape.closed === false, score: shape.score ?? null, source: shape.source ?? "human",
  };
}

export function Lists({ shell, state }: Props): VNode {
  void state.version.value;
  const { ordered, suggested } = state.shapes;
  const selected = state.selected.value;
  const last = selected.at(-1) ?? null;
  const chosen = new Set(selected);
  const indexOf = (list: readonly Drawn[]): number => last === null ? -1 : list.findIndex(({ id }) => id === last);
  const onSelect = (id: string, event: MouseEvent): void => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) state.toggle(id);
    else state.select([id], { reveal: true });
  };
  const [field] = state.fields.value;
  return (
    <>
      {suggested.length > 0 ? (
        <EntryList
          shell={shell} title="Suggestions" count={suggested.length} selected={last} among={(id) => chosen.has(id)} at={indexOf(suggested)}
          entry={(i) => entryOf(suggested[i])} onSelect={onSelect} onAccept={(id) => state.edits.accept([id])} onReject={(id) => state.edits.reject([id])}
          head={<AcceptAll shell={shell} />} below={<Sift state={state} />}
        />
      ) : null}
      <EntryList
        shell={shell} title="Shapes" count={ordered.length} selected={last} among={(id) => chosen.has(id)} at={indexOf(ordered)}
        entry={(i) => entryOf(ordered[i])} onSelect={onSelect} onDelete={(id) => state.edits.remove([id])}
        tools={[
          { icon: ICONS.hidden, words: "Hide", on: (id) => state.shapes.get(id)?.hidden ?? false, run: (id) => state.edits.toggle("hidden", [id]) },
          { icon: ICONS.lock, words: "Lock", on: (id) => state.shapes.get(id)?.locked ?? false, run: (id) => state.edits.toggle("locked", [id]) },
        ]}
        empty={<>None yet. Pick a label, or press <Key chord={shell.keys(`tool_${field ? FIRST_TOOL[field.kind] : "box"}`)} />, then draw.</>}
      />
    </>
  );
}

/** Suggestions by label and by how sure the model is. */
function Sift({ state }: { state: ImageState }): VNode | null {
  const least = useSignal(0.5);
  const label = useSignal("");
  void state.version.value;
  const { suggested } = state.shapes;
  const labels = [...new Set(suggested.map(({ shape }) => shape.label ?? ""))].sort();
  if (suggested.length < 2) return null;
  const scored = suggested.some(({ shape }) => typeof shape.score === "number");
  const own = labels.includes(label.value) ? label.value : "";
  const of = suggested.filter(({ shape }) => own === "" || shape.label === own);
  const sure = of.filter(({ shape }) => !scored || (shape.score ?? 1) >= least.value).map(({ id }) => id);
  const rest = of.map(({ id }) => id).filter((id) => !sure.includes(id));
  const doubtful = scored ? rest : sure;
  return (
    <div class="nbl-sift" data-testid="nbl-sift">
      {labels.length > 1 ? (
        <select class="nbl-input" aria-label="Suggestions with this label" value={own} onChange={(event) => { label.value = event.currentTarget.value; }}>
          <option value="">All labels</option>
          {labels.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      ) : null}
      {scored ? (
        <label class="nbl-option" title="Where acceptance begins">
          <input
            type="range" min="0" max="1" step="0.01" value={least.value} aria-label="Least score"
            onInput={(event) => { least.value = event.currentTarget.valueAsNumber; }}
          />
          <span class="nbl-amount">≥ {least.value.toFixed(2)}</span>
        </label>
      ) : null}
      <button type="button" class="nbl-button" disabled={sure.length === 0} data-testid="nbl-sift-accept" onClick={() => state.edits.accept(sure)}>
        Accept {sure.length.toLocaleString("en")}
      </button>
      <button
        type="button" class="nbl-button" disabled={doubtful.length === 0} data-testid="nbl-sift-reject" onClick={() => state.edits.reject(doubtful)}
      >
        Reject {doubtful.length.toLocaleString("en")}{scored ? " below" : ""}
      </button>
    </div>
  );
}
