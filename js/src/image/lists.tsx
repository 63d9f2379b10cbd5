/** Beside the image: its suggestions, and its shapes. */
import type { VNode } from "preact";
import { AcceptAll, EntryList, type Entry } from "../shell/side";
import { Sift } from "../shell/sift";
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
          head={<AcceptAll shell={shell} />} below={(
            <Sift
              among={suggested.map(({ id, shape }) => ({ id, label: shape.label ?? "", score: shape.score ?? null }))}
              onAccept={(ids) => state.edits.accept(ids)} onReject={(ids) => state.edits.reject(ids)}
            />
          )}
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
