/** What floats beside the selection: labels to choose from, attributes, and what to do with a suggestion. */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { AnyField, Attribute, Label } from "../core/protocol";
import { labelAction, labelsOf, titleOf } from "./actions";
import type { Value, Values } from "./answers";
import { Chip } from "./palette";
import { Tool } from "./parts";
import type { Shell } from "./shell";

/** A place in the labeler's own pixels, from its top left corner. */
export interface Anchor {
  readonly left: number;
  readonly top: number;
  readonly bottom: number;
  /** Below this it would lie over something else. */
  readonly floor?: number;
}

export function Popover({ shell, anchor, children }: { shell: Shell; anchor: Anchor; children: ComponentChildren }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    const root = shell.root;
    const left = Math.max(6, Math.min(anchor.left, root.clientWidth - width - 6));
    const below = anchor.bottom + 6;
    const above = anchor.top - height - 6;
    // below, unless only above is there room within the labeler
    const floor = anchor.floor ?? root.clientHeight - 4;
    const top = below + height <= floor ? below : above > 40 ? above : anchor.floor ? Math.max(40, floor - height) : below;
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  });
  return <div ref={box} class="nbl-popover" data-testid="nbl-popover" role="group" aria-label="For the selection">{children}</div>;
}

interface MenuProps {
  readonly shell: Shell;
  readonly fields: readonly AnyField[];
  /** Those that are offered, by `labelAction`; all if none are given. */
  readonly allowed?: ReadonlySet<string> | null;
  readonly line?: boolean;
  readonly onPick: (field: AnyField, label: Label) => void;
}

export function LabelMenu({ shell, fields, allowed, line, onPick }: MenuProps): VNode {
  return (
    <div class="nbl-label-menu">
      {fields.map((field) => (
        <div key={field.name} class="nbl-palette-group">
          {fields.length > 1 ? <span class="nbl-palette-title">{titleOf(field)}</span> : null}
          {labelsOf(field).filter((label) => !allowed || allowed.has(labelAction(field.name ?? "", label.name))).map((label) => (
            <Chip
              key={label.name} shell={shell} label={label} chord={shell.keys(labelAction(field.name ?? "", label.name))}
              line={line ?? false} onClick={() => onPick(field, label)}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

export function LabelSelect({ shell, fields, current, onPick }: {
  shell: Shell; fields: readonly AnyField[]; current: { field: string; label: string }; onPick: (field: AnyField, label: Label) => void;
}): VNode {
  const all = fields.flatMap((field) => labelsOf(field).map((label) => ({ field, label })));
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

/** For a selected suggestion. */
export function Decide({ shell, onAccept, onReject }: { shell: Shell; onAccept: () => void; onReject: () => void }): VNode {
  return (
    <>
      <Tool icon="check" shell={shell} action="accept" title="Accept" testid="nbl-accept" onClick={onAccept}>Accept</Tool>
      <Tool icon="close" shell={shell} action="reject" title="Reject" testid="nbl-reject" onClick={onReject}>Reject</Tool>
    </>
  );
}

export function Attributes({ shell, values = {}, attributes, onValue }: {
  shell: Shell; values: Values | undefined; attributes: readonly Attribute[]; onValue: (name: string, value: Value) => void;
}): VNode | null {
  if (attributes.length === 0) return null;
  return (
    <div class="nbl-attributes">
      {attributes.map((attribute) => (
        <label key={attribute.name} class={`nbl-option${attribute.type === "bool" ? "" : " nbl-option-select"}`} title={attribute.description}>
          <AttributeInput
            attribute={attribute} value={values[attribute.name] ?? null}
            onValue={(value) => onValue(attribute.name, value)} onDone={() => shell.engine.flush()}
          />
          <span>{attribute.name}</span>
        </label>
      ))}
    </div>
  );
}

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

/** The height that the user asked for: pixels, or any CSS length. */
export function heightOf(height: unknown): string | undefined {
  if (typeof height === "number" && Number.isFinite(height) && height > 0) return `${height}px`;
  return typeof height === "string" && /^\d+(\.\d+)?(px|em|rem|vh|%)$/.test(height) ? height : undefined;
}
