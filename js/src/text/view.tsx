/** The text labeler's face: the shell around a surface, with what floats beside the selection. */
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { AnyField, Attribute, Label, Relation, Span } from "../core/protocol";
import { labelAction, labelsOf, titleOf } from "../shell/actions";
import { Frame } from "../shell/frame";
import { Chip, Palette } from "../shell/palette";
import { Key, Tool } from "../shell/parts";
import type { Shell } from "../shell/shell";
import { AcceptAll, EntryList, type Entry } from "../shell/side";
import { Score } from "../shell/fields";
import { directionOf } from "./cursor";
import { attachGestures } from "./gestures";
import type { Mark } from "./marks";
import type { LabelRef, TextState } from "./state";
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
      floating={<Popover shell={shell} state={state} surface={surface} />}
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

/** The height that the user asked for: pixels, or any CSS length. */
function heightOf(height: unknown): string | undefined {
  if (typeof height === "number" && Number.isFinite(height) && height > 0) return `${height}px`;
  return typeof height === "string" && /^\d+(\.\d+)?(px|em|rem|vh|%)$/.test(height) ? height : undefined;
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

function Popover({ shell, state, surface }: Props & { surface: { current: Surface | null } }): VNode | null {
  const own = surface.current;
  const box = useRef<HTMLDivElement>(null);
  const anchor = own?.anchor.value ?? null;
  const mark = state.selectedMark();
  const relation = state.selectedRelation();
  const menu = state.menu.value;
  const relating = state.relating.value;
  const content = own && !state.dragged.value
    ? menu ? <LabelMenu shell={shell} state={state} relating={relating !== null} />
      : mark ? <SpanBar key={mark.id} shell={shell} state={state} mark={mark} />
        : relation ? <RelationBar key={relation.id} shell={shell} state={state} relation={relation} /> : null
    : null;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !anchor) return;
    const { width, height } = element.getBoundingClientRect();
    const root = shell.root;
    const left = Math.max(6, Math.min(anchor.left, root.clientWidth - width - 6));
    const below = anchor.bottom + 6;
    const above = anchor.top - height - 6;
    // below, unless only above is there room within the labeler
    const top = below + height > root.clientHeight - 4 && above > 40 ? above : below;
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  });
  if (!content || !anchor) return null;
  return <div ref={box} class="nbl-popover" data-testid="nbl-popover" role="group" aria-label="For the selection">{content}</div>;
}

function LabelMenu({ shell, state, relating }: Props & { relating: boolean }): VNode {
  const fields = relating ? state.relationFields.value : state.spanFields.value;
  const allowed = relating ? new Set(state.relationLabels().map((ref) => labelAction(ref.field, ref.label))) : null;
  return (
    <div class="nbl-label-menu">
      {fields.map((field) => (
        <div key={field.name} class="nbl-palette-group">
          {fields.length > 1 ? <span class="nbl-palette-title">{titleOf(field)}</span> : null}
          {labelsOf(field).filter((label) => !allowed || allowed.has(labelAction(field.name ?? "", label.name))).map((label) => (
            <Chip
              key={label.name} shell={shell} label={label} chord={shell.keys(labelAction(field.name ?? "", label.name))}
              line={relating} onClick={() => state.label(field, label, true)}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

function labelRefs(fields: readonly AnyField[]): { field: AnyField; label: Label }[] {
  return fields.flatMap((field) => labelsOf(field).map((label) => ({ field, label })));
}

function LabelSelect({ shell, fields, current, onPick }: {
  shell: Shell; fields: readonly AnyField[]; current: LabelRef; onPick: (field: AnyField, label: Label) => void;
}): VNode {
  const all = labelRefs(fields);
  const at = all.findIndex(({ field, label }) => field.name === current.field && label.name === current.label);
  return (
    <select
      class="nbl-input nbl-label-select" aria-label="Label" value={String(at)}
      onChange={(event) => {
        const picked = all[Number(event.currentTarget.value)];
        if (picked) onPick(picked.field, picked.label);
        shell.focus();
      }}
    >
      {at < 0 ? <option value="-1">{current.label}</option> : null}
      {all.map(({ field, label }, i) => (
        <option key={i} value={String(i)}>{fields.length > 1 ? `${titleOf(field)}: ${label.name}` : label.name}</option>
      ))}
    </select>
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
            <Decide shell={shell} state={state} id={mark.id} />
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
      {!mark.suggested && attributes.length > 0 ? (
        <Attributes shell={shell} state={state} annotation={span} attributes={attributes} />
      ) : null}
    </>
  );
}

/** For the selected suggestion. */
function Decide({ shell, state, id }: Props & { id: string }): VNode {
  return (
    <>
      <Tool icon="check" shell={shell} action="accept" title="Accept" testid="nbl-accept" onClick={() => state.accept([id])}>Accept</Tool>
      <Tool icon="close" shell={shell} action="reject" title="Reject" testid="nbl-reject" onClick={() => state.reject([id])}>Reject</Tool>
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
            <Decide shell={shell} state={state} id={relation.id ?? ""} />
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
      {!open && attributes.length > 0 ? <Attributes shell={shell} state={state} annotation={relation} attributes={attributes} /> : null}
    </>
  );
}

function Attributes({ shell, state, annotation, attributes }: Props & {
  annotation: Span | Relation; attributes: readonly Attribute[];
}): VNode {
  return (
    <div class="nbl-attributes">
      {attributes.map((attribute) => (
        <label key={attribute.name} class={`nbl-option${attribute.type === "bool" ? "" : " nbl-option-select"}`} title={attribute.description}>
          <AttributeInput
            attribute={attribute} value={annotation.attributes?.[attribute.name] ?? null}
            onValue={(value) => state.setAttribute(annotation, attribute.name, value)} onDone={() => shell.engine.flush()}
          />
          <span>{attribute.name}</span>
        </label>
      ))}
    </div>
  );
}

type Value = NonNullable<Span["attributes"]>[string];

function AttributeInput({ attribute, value, onValue, onDone }: {
  attribute: Attribute; value: Value; onValue: (value: Value) => void; onDone: () => void;
}): VNode {
  switch (attribute.type) {
    case "bool":
      return <input type="checkbox" checked={value === true} onChange={(event) => onValue(event.currentTarget.checked)} />;
    case "number":
      return (
        <input
          class="nbl-input" type="number" step="any" value={typeof value === "number" ? value : ""} onBlur={onDone}
          onInput={(event) => onValue(event.currentTarget.value === "" ? null : event.currentTarget.valueAsNumber)}
        />
      );
    case "choice":
      return (
        <select class="nbl-input" value={typeof value === "string" ? value : ""} onChange={(event) => onValue(event.currentTarget.value || null)}>
          <option value="">–</option>
          {(attribute.options ?? []).map((option) => <option key={option} value={option}>{option}</option>)}
        </select>
      );
    default:
      return (
        <input
          class="nbl-input" type="text" value={typeof value === "string" ? value : ""} onBlur={onDone}
          onInput={(event) => onValue(event.currentTarget.value || null)}
        />
      );
  }
}
