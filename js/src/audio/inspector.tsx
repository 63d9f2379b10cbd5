/** What is selected: its label, times, attributes and text, always in the same place below the timeline. */
import { useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { labelsOf } from "../shell/actions";
import { withAttribute } from "../shell/answers";
import { Growing, Score } from "../shell/fields";
import { Key, Tool } from "../shell/parts";
import { Attributes, Decide, LabelSelect } from "../shell/popover";
import type { Shell } from "../shell/shell";
import { ICONS } from "./icons";
import { own } from "./edits";
import type { AudioState } from "./state";
import { clock, length, seconds } from "./time";
import type { Mark } from "./types";

interface Props {
  readonly shell: Shell;
  readonly state: AudioState;
}

export function Inspector({ shell, state }: Props): VNode | null {
  const chosen = state.chosen();
  const [first] = chosen;
  if (state.fields.value.length === 0) return null;
  const one = chosen.length === 1 ? state.only() : undefined;
  const writes = state.fields.value.some(({ transcript }) => transcript);
  return (
    <div class="nbl-inspector" role="group" aria-label="Selected segment" data-testid="nbl-inspector">
      <div class="nbl-inspector-line">
        {one ? <One key={one.id} shell={shell} state={state} mark={one} />
          : first ? <Several shell={shell} state={state} chosen={chosen} />
            : <span class="nbl-muted">{state.marks.all.length > 0 ? "Click a segment to change it here: its label, its times." : "What you mark can be changed here."}</span>}
      </div>
      {writes ? <Transcript shell={shell} state={state} mark={one?.field.transcript ? one : undefined} /> : null}
      {one && (one.info?.attributes?.length ?? 0) > 0 ? (
        <Attributes
          shell={shell} values={one.segment.attributes} attributes={one.info?.attributes ?? []}
          onValue={(name, value) => { state.edits.put([withAttribute(own(one.segment), name, value)], { merge: `attribute:${one.id}:${name}` }); }}
        />
      ) : null}
    </div>
  );
}

function Labels({ shell, state, chosen }: Props & { chosen: readonly Mark[] }): VNode | null {
  const [first] = chosen;
  if (!first) return null;
  const same = chosen.every(({ field }) => field === first.field);
  const alike = chosen.every(({ label }) => label === first.label);
  const fields = (same ? state.fields.value : [first.field]).filter((field) => labelsOf(field).length > 0);
  if (labelsOf(first.field).length === 0) return null;
  return (
    <LabelSelect
      shell={shell} fields={fields} current={{ field: first.field.name ?? "", label: alike ? first.label : "" }}
      onPick={(field, label) => { state.edits.relabel(chosen, { field: field.name ?? "", label: label.name }); }}
    />
  );
}

function One({ shell, state, mark }: Props & { mark: Mark }): VNode {
  const { id, start, end, suggested, segment, field } = mark;
  const event = start === end;
  const bound = (side: "low" | "high", value: string): void => {
    const { low: _low, high: _high, ...rest } = own(segment);
    const bounds = { low: mark.low, high: mark.high, [side]: value.trim() === "" ? null : Number(value) };
    if ([bounds.low, bounds.high].some((one) => one !== null && !(one >= 0)) || (bounds.low ?? 0) >= (bounds.high ?? Infinity)) return state.refuse("The lowest frequency must be below the highest");
    state.edits.put([{ ...rest, ...bounds.low !== null && { low: bounds.low }, ...bounds.high !== null && { high: bounds.high } }]);
  };
  const time = (name: string, value: number, set: (to: number) => void): VNode => (
    <Amount
      name={name} value={clock(value)}
      onValue={(words) => {
        const to = seconds(words);
        if (to === null) state.refuse(`“${words}” is no time: write 12.5, or 1:02.5`);
        else set(to);
      }}
    />
  );
  return (
    <>
      {suggested ? (
        <>
          <Score score={segment.score} source={segment.source} />
          <Decide shell={shell} onAccept={() => state.edits.accept([id])} onReject={() => state.edits.reject([id])} />
        </>
      ) : null}
      <Labels shell={shell} state={state} chosen={[mark]} />
      <span class="nbl-times-edit">
        {event ? time("At", start, (to) => state.edits.times(mark, to, to)) : (
          <>
            {time("Start", start, (to) => state.edits.times(mark, to, end))}
            <span aria-hidden="true">–</span>
            {time("End", end, (to) => state.edits.times(mark, start, to))}
          </>
        )}
      </span>
      <span class="nbl-muted nbl-length" data-testid="nbl-length">{event ? "event" : length(end - start)}</span>
      {field.frequency && !event ? (
        <span class="nbl-times-edit nbl-hertz">
          <Amount name="Lowest frequency in hertz" value={mark.low === null ? "" : String(mark.low)} placeholder="low" onValue={(words) => bound("low", words)} />
          <span aria-hidden="true">–</span>
          <Amount name="Highest frequency in hertz" value={mark.high === null ? "" : String(mark.high)} placeholder="high" onValue={(words) => bound("high", words)} />
          <span class="nbl-muted">Hz</span>
        </span>
      ) : null}
      {suggested ? null : (
        <span class="nbl-bar-part nbl-bar-end">
          <Tool icon={ICONS.split} shell={shell} action="split" testid="nbl-split" />
          <Tool icon={ICONS.merge} shell={shell} action="merge" testid="nbl-merge" />
          <Tool icon={ICONS.fill} shell={shell} action="fill" testid="nbl-fill" />
          <Tool icon={ICONS.lock} shell={shell} action="lock" pressed={mark.locked} testid="nbl-lock" />
          <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" disabled={mark.locked} />
        </span>
      )}
    </>
  );
}

/** A number or time that is taken when it is confirmed or left. */
function Amount({ name, value, placeholder, onValue }: { name: string; value: string; placeholder?: string; onValue: (words: string) => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (input.current) input.current.value = value;
  }, [value]);
  const take = (): void => {
    const words = input.current?.value ?? value;
    if (words === value) return;
    onValue(words);
    // what was not taken is not shown
    if (input.current) input.current.value = value;
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); take(); }}>
      <input
        ref={input} class="nbl-input nbl-number" type="text" size={8} inputMode="decimal" aria-label={name} title={name} placeholder={placeholder} defaultValue={value} onBlur={take}
      />
    </form>
  );
}

function Several({ shell, state, chosen }: Props & { chosen: readonly Mark[] }): VNode {
  const open = chosen.filter(({ suggested }) => suggested).map(({ id }) => id);
  return (
    <>
      <b>{chosen.length.toLocaleString("en")} segments</b>
      {open.length > 0 ? <Decide shell={shell} onAccept={() => state.edits.accept(open)} onReject={() => state.edits.reject(open)} /> : null}
      <Labels shell={shell} state={state} chosen={chosen} />
      <span class="nbl-bar-part nbl-bar-end">
        <Tool icon={ICONS.merge} shell={shell} action="merge" testid="nbl-merge" />
        <Tool icon={ICONS.fill} shell={shell} action="fill" testid="nbl-fill" />
        <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" />
      </span>
    </>
  );
}

/** The text of the selected segment. It stays one element from segment to segment, so that typing goes on. */
function Transcript({ shell, state, mark }: Props & { mark: Mark | undefined }): VNode {
  const place = useComputed(() => {
    const all = state.marks.ordered.filter(({ field }) => field.transcript);
    void state.version.value;
    const at = all.findIndex(({ id }) => id === state.selected.value.at(-1));
    return at < 0 ? "" : `${at + 1} of ${all.length}`;
  });
  const last = useComputed(() => {
    void state.version.value;
    return state.marks.all.filter(({ field, hidden }) => field.transcript && !hidden).at(-1)?.id === state.selected.value.at(-1);
  });
  useLayoutEffect(() => {
    // what cannot be written in any more does not keep the keys
    const { activeElement } = shell.root.getRootNode() as Document | ShadowRoot;
    if ((!mark || mark.locked) && activeElement?.matches("[data-transcript]")) shell.focus();
  }, [!mark || mark.locked]);
  return (
    <div class="nbl-transcript" style={mark ? { "--c": shell.shades(mark.color).line } : undefined}>
      <Growing
        class="nbl-input" dir="auto" data-transcript="" data-testid="nbl-transcript" aria-label="Text of the segment" disabled={!mark || mark.locked} value={mark?.text ?? ""}
        placeholder={mark ? "What is said here?" : "Select a segment to write what is said in it"} onBlur={() => state.engine.flush()}
        onText={(text) => { if (mark) state.edits.text(mark, text); }}
      />
      <div class="nbl-transcript-keys nbl-muted">
        {mark ? (
          <>
            <span><Key chord="Enter" /> {last.value ? "done" : "next"}</span>
            <span><Key chord={shell.keymap.value.chords("play")[1]} /> play, pause</span>
            <span><Key chord={shell.keymap.value.chords("play_selection")[1]} /> again</span>
            <span><Key chord={shell.keymap.value.chords("back")[1]} /> back 1 s</span>
            <span class="nbl-bar-end">{place}</span>
          </>
        ) : null}
      </div>
    </div>
  );
}
