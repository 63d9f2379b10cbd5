/** The text labeler's face: the shell around a surface, with what floats beside the selection. */
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { AnyField, Relation } from "../core/protocol";
import { labelAction } from "../shell/actions";
import { Frame } from "../shell/frame";
import { Palette } from "../shell/palette";
import { Key, Tool } from "../shell/parts";
import { Attributes, Decide, heightOf, LabelMenu, LabelSelect, Popover } from "../shell/popover";
import type { Shell } from "../shell/shell";
import { AcceptAll, EntryList, type Entry } from "../shell/side";
import { Score } from "../shell/fields";
import { directionOf } from "./cursor";
import { attachGestures } from "./gestures";
import type { Mark } from "./marks";
import type { TextState } from "./state";
import { Surface } from "./surface";

interface Props {
  readonly shell: Shell;
  readonly state: TextState;
}

export function TextView({ shell, state }: Props): VNode {
  const surface = useRef<Surface | null>(null);
  const painted = [...state.spanFields.value, ...state.relationFields.value];
  const lists = painted.length > 0;
  return (
    <Frame
      shell={shell}
      palette={lists ? <TextPalette shell={shell} state={state} fields={painted} /> : null}
      body={<TextBody shell={shell} state={state} surface={surface} />}
      side={lists ? <Side shell={shell} state={state} /> : null}
      floating={<TextPopover shell={shell} state={state} surface={surface} />}
    />
  );
}

function TextPalette({ shell, state, fields }: Props & { fields: readonly AnyField[] }): VNode {
  const current = state.current.value;
  const cursor = state.cursor.value;
  return (
    <Palette
      shell={shell} fields={fields} counts={state.counts.value} current={current && labelAction(current.field, current.label)}
      active={state.selected.value !== null || cursor !== null}
      onPick={(field, label) => state.label(field, label, true)}
    />
  );
}

function TextBody({ shell, state, surface }: Props & { surface: { current: Surface | null } }): VNode {
  const element = useRef<HTMLDivElement>(null);
  const hint = state.hint.value;
  const { item, options } = shell.engine;
  const empty = !item.value?.problem && item.value?.data === "";
  const spans = state.spanFields.value.length > 0;
  useLayoutEffect(() => {
    const own = element.current;
    if (!own) return undefined;
    const scope = shell.scope.child();
    const made = new Surface(own, shell, state, scope);
    surface.current = made;
    state.lines = made;
    shell.focusTarget = own;
    if (spans) attachGestures(scope, made, state);
    return () => {
      scope.dispose();
      surface.current = null;
      if (state.lines === made) state.lines = null;
      shell.focusTarget = shell.root;
    };
  }, [spans]);
  const height = heightOf(options.value["height"]);
  return (
    <>
      <div
        ref={element} class={`nbl-text${spans ? " nbl-markable" : ""}`} data-testid="nbl-text" tabIndex={0}
        role={spans ? "application" : "document"} aria-roledescription={spans ? "text to label" : undefined}
        aria-label={spans ? "Text: arrow keys move by word, label keys mark" : "Text"} aria-describedby={hint ? shell.id("hint") : undefined}
        style={height ? { maxHeight: height } : undefined} hidden={Boolean(item.value?.problem)}
      />
      {empty ? <p class="nbl-muted nbl-empty-text">This text is empty.</p> : null}
      {spans && !item.value?.problem ? <div class="nbl-hint" id={shell.id("hint")} data-testid="nbl-hint">{hint}</div> : null}
    </>
  );
}

// ---- beside the text -----------------------------------------------------------------------------

function Side({ shell, state }: Props): VNode {
  void state.version.value;
  const doc = state.doc.value;
  const marks = doc?.marks.ordered ?? [];
  const suggested = doc?.marks.suggested ?? [];
  const relations = state.relations.value;
  const loose = state.suggestedRelations.value;
  const selected = state.selected.value;
  const entry = (mark: Mark | undefined): Entry | null => {
    if (!mark) return null;
    const text = state.text(mark, 80);
    const { score, source, label } = mark.span;
    return {
      id: mark.id, label: label ?? "", color: state.labelOf(mark.span)?.color, text, dir: directionOf(text), suggested: mark.suggested,
      score: score ?? null, source: source ?? "human",
    };
  };
  const arrow = (relation: Relation | undefined, open: boolean): Entry | null => relation ? {
    id: relation.id ?? "", label: relation.label ?? "", color: state.labelOf(relation)?.color, text: state.describe(relation),
    suggested: open, line: true, score: relation.score ?? null, source: relation.source ?? "human",
  } : null;
  const indexOf = (list: readonly Mark[]): number => {
    const mark = state.selectedMark();
    return mark ? list.indexOf(mark) : -1;
  };
  const open = suggested.length + loose.length;
  return (
    <>
      {open > 0 ? (
        <EntryList
          shell={shell} title="Suggestions" count={open} selected={selected} at={indexOf(suggested)}
          entry={(i) => i < suggested.length ? entry(suggested[i]) : arrow(loose[i - suggested.length], true)}
          onSelect={(id) => state.select(id)} onAccept={(id) => state.accept([id])} onReject={(id) => state.reject([id])}
          head={<AcceptAll shell={shell} />}
        />
      ) : null}
      <EntryList
        shell={shell} title="Spans" count={marks.length} selected={selected} at={indexOf(marks)} entry={(i) => entry(marks[i])}
        onSelect={(id) => state.select(id)} onDelete={(id) => state.remove(id)}
        empty={<>None yet. Drag over words, or press <Key chord={shell.keys("right")} /> and then a label's key.</>}
      />
      {relations.length > 0 || state.relationFields.value.length > 0 ? (
        <EntryList
          shell={shell} title="Relations" count={relations.length} selected={selected} at={relations.findIndex((one) => one.id === selected)}
          entry={(i) => arrow(relations[i], false)} onSelect={(id) => state.select(id)} onDelete={(id) => state.remove(id)}
          empty={<>None yet. Select a span, press <Key chord={shell.keys("relation")} />, then click the other span.</>}
        />
      ) : null}
    </>
  );
}

// ---- beside the selection ------------------------------------------------------------------------

function TextPopover({ shell, state, surface }: Props & { surface: { current: Surface | null } }): VNode | null {
  const own = surface.current;
  const anchor = own?.anchor.value ?? null;
  const mark = state.selectedMark();
  const relation = state.selectedRelation();
  const menu = state.menu.value;
  const relating = state.relating.value;
  const content = own && !state.dragged.value
    ? menu ? <Labels shell={shell} state={state} relating={relating !== null} />
      : mark ? <SpanBar key={mark.id} shell={shell} state={state} mark={mark} />
        : relation ? <RelationBar key={relation.id} shell={shell} state={state} relation={relation} /> : null
    : null;
  return content && anchor ? <Popover shell={shell} anchor={anchor}>{content}</Popover> : null;
}

function Labels({ shell, state, relating }: Props & { relating: boolean }): VNode {
  return (
    <LabelMenu
      shell={shell} fields={relating ? state.relationFields.value : state.spanFields.value} line={relating}
      allowed={relating ? new Set(state.relationLabels().map((ref) => labelAction(ref.field, ref.label))) : null}
      onPick={(field, label) => state.label(field, label, true)}
    />
  );
}

function SpanBar({ shell, state, mark }: Props & { mark: Mark }): VNode {
  const { span } = mark;
  const ref = { field: span.field ?? "", label: span.label ?? "" };
  const attributes = state.labelOf(span)?.attributes ?? [];
  const others = state.matches.value.length;
  return (
    <>
      <div class="nbl-pop-line">
        {mark.suggested ? (
          <>
            <Score score={span.score} source={span.source} />
            <Decide shell={shell} onAccept={() => state.accept([mark.id])} onReject={() => state.reject([mark.id])} />
          </>
        ) : null}
        <LabelSelect
          shell={shell} fields={state.spanFields.value} current={ref}
          onPick={(field, label) => state.relabel(mark, { field: field.name ?? "", label: label.name })}
        />
        {!mark.suggested && others > 0 ? (
          <Tool
            icon="copies" shell={shell} action="matches" title={`Mark ${others} other ${others === 1 ? "place" : "places"} with the same text`}
            testid="nbl-matches"
          >
            {others} more
          </Tool>
        ) : null}
        {!mark.suggested && state.relationFields.value.length > 0
          ? <Tool icon="link" shell={shell} action="relation" testid="nbl-relate" /> : null}
        {mark.suggested ? null : <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" />}
      </div>
      {mark.suggested ? null : (
        <Attributes
          shell={shell} values={span.attributes} attributes={attributes} onValue={(name, value) => state.setAttribute(span, name, value)}
        />
      )}
    </>
  );
}

function RelationBar({ shell, state, relation }: Props & { relation: Relation }): VNode {
  const open = state.suggestedRelations.value.includes(relation);
  const attributes = state.labelOf(relation)?.attributes ?? [];
  return (
    <>
      <div class="nbl-pop-line">
        {open ? (
          <>
            <Score score={relation.score} source={relation.source} />
            <Decide shell={shell} onAccept={() => state.accept([relation.id ?? ""])} onReject={() => state.reject([relation.id ?? ""])} />
          </>
        ) : (
          <>
            <LabelSelect
              shell={shell} fields={state.relationFields.value} current={{ field: relation.field ?? "", label: relation.label ?? "" }}
              onPick={(field, label) => state.label(field, label)}
            />
            <Tool icon="swap" title="Turn the arrow round" onClick={() => state.reverse(relation)} />
            <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" />
          </>
        )}
      </div>
      {open ? null : (
        <Attributes
          shell={shell} values={relation.attributes} attributes={attributes}
          onValue={(name, value) => state.setAttribute(relation, name, value)}
        />
      )}
    </>
  );
}
