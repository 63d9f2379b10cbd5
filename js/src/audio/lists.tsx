/** Beside the timeline: its suggestions, and its segments with their times. */
import type { VNode } from "preact";
import { AcceptAll, EntryList, type Entry } from "../shell/side";
import { Sift } from "../shell/sift";
import { Key } from "../shell/parts";
import type { Shell } from "../shell/shell";
import { ICONS } from "./icons";
import { channelName } from "./marks";
import type { AudioState } from "./state";
import { covers } from "./time";
import type { Mark } from "./types";

interface Props {
  readonly shell: Shell;
  readonly state: AudioState;
}

function entryOf(mark: Mark | undefined, channels: number): Entry | null {
  if (!mark) return null;
  const { id, segment, color, label, text, channel, suggested, start, end } = mark;
  return {
    id, label, color, dir: "ltr", suggested, line: start === end, score: segment.score ?? null, source: segment.source ?? "human",
    text: [covers(mark, 2).replace(" – ", "–"), channel !== null && channelName(channel, channels), text].filter(Boolean).join(" · "),
  };
}

export function Lists({ shell, state }: Props): VNode {
  void state.version.value;
  const { ordered, suggested } = state.marks;
  const selected = state.selected.value;
  const last = selected.at(-1) ?? null;
  const chosen = new Set(selected);
  const channels = state.recording.value?.channels ?? 1;
  const indexOf = (list: readonly Mark[]): number => last === null ? -1 : list.findIndex(({ id }) => id === last);
  const onSelect = (id: string, event: MouseEvent): void => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) state.toggle(id);
    else state.select([id], { reveal: true, seek: true });
  };
  return (
    <>
      {suggested.length > 0 ? (
        <EntryList
          shell={shell} title="Suggestions" count={suggested.length} selected={last} among={(id) => chosen.has(id)} at={indexOf(suggested)}
          entry={(i) => entryOf(suggested[i], channels)} onSelect={onSelect} onAccept={(id) => state.edits.accept([id])} onReject={(id) => state.edits.reject([id])}
          head={<AcceptAll shell={shell} />}
          below={(
            <Sift
              among={suggested.map(({ id, label, segment }) => ({ id, label, score: segment.score ?? null }))}
              onAccept={(ids) => state.edits.accept(ids)} onReject={(ids) => state.edits.reject(ids)}
            />
          )}
        />
      ) : null}
      <EntryList
        shell={shell} title="Segments" count={ordered.length} selected={last} among={(id) => chosen.has(id)} at={indexOf(ordered)}
        entry={(i) => entryOf(ordered[i], channels)} onSelect={onSelect} onDelete={(id) => state.edits.remove([id])}
        tools={[
          { icon: ICONS.hidden, words: "Hide", on: (id) => state.marks.get(id)?.hidden ?? false, run: (id) => state.edits.toggle("hidden", [id]) },
          { icon: ICONS.lock, words: "Lock", on: (id) => state.marks.get(id)?.locked ?? false, run: (id) => state.edits.toggle("locked", [id]) },
        ]}
        empty={<>None yet. Drag over the recording, or press <Key chord={shell.keys("start")} /> and <Key chord={shell.keys("end")} /> while it plays.</>}
      />
    </>
  );
}
