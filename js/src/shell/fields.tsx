/** Questions that are answered beside the item: choices (single, multiple, in a tree) and free text. */
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Choices, Label, Texts } from "../core/protocol";
import { labelAction, titleOf } from "./actions";
import { chosen, isChoices, write, written } from "./answers";
import { Icon } from "./icons";
import { Key, plural } from "./parts";
import type { Shell } from "./shell";

export function Fields({ shell }: { shell: Shell }): VNode | null {
  const fields = shell.engine.schema.value.fields.filter((field) => field.kind === "choices" || field.kind === "texts");
  if (fields.length === 0) return null;
  const alone = fields.length === 1 && shell.engine.schema.value.fields.length === 1;
  return (
    <div class={`nbl-fields${alone ? " nbl-fields-alone" : ""}`}>
      {fields.map((field) => isChoices(field)
        ? <ChoiceField key={field.name} shell={shell} field={field} alone={alone} />
        : <TextField key={`${field.name} ${shell.engine.item.value?.id}`} shell={shell} field={field as Texts} />)}
      {shell.advances.value
        ? <div class="nbl-muted nbl-field-note">Picking a label answers the item and goes on to the next one.</div> : null}
    </div>
  );
}

/** What a field wants, in words. */
export function limitWords(field: { min?: number; max?: number | null; multiple?: boolean; kind: string }): string {
  const min = field.min ?? 0;
  const max = field.max ?? null;
  if (field.kind === "choices" && !field.multiple) return min > 0 ? "required" : "";
  if (min > 0 && max === min) return `exactly ${min}`;
  if (min > 0 && max !== null) return `${min} to ${max}`;
  if (min > 1) return `at least ${min}`;
  if (min === 1) return "required";
  return max !== null ? `at most ${max}` : "";
}

function Heading({ id, field, alone }: { id: string; field: Choices | Texts; alone?: boolean }): VNode {
  const limit = limitWords(field);
  return (
    <div class={`nbl-field-title${alone && !field.title && !field.description ? " nbl-hidden" : ""}`}>
      <span id={id}>{titleOf(field)}</span>
      {limit ? <span class="nbl-muted"> {limit}</span> : null}
      {field.description ? <div class="nbl-muted nbl-field-note">{field.description}</div> : null}
    </div>
  );
}

interface Node {
  readonly label: Label;
  readonly depth: number;
  readonly children: number;
}

/** The labels as a tree in the order of the schema, and below which ones there are more. */
export function treeOf(labels: readonly Label[]): Node[] {
  const below = new Map<string, Label[]>();
  for (const label of labels) {
    const parent = label.parent ?? "";
    below.set(parent, [...(below.get(parent) ?? []), label]);
  }
  const nodes: Node[] = [];
  const walk = (parent: string, depth: number): void => {
    for (const label of below.get(parent) ?? []) {
      nodes.push({ label, depth, children: below.get(label.name)?.length ?? 0 });
      walk(label.name, depth + 1);
    }
  };
  walk("", 0);
  return nodes;
}

/** Beyond so many labels a field can be searched, and a tree begins closed. */
const MANY = 24;

function ChoiceField({ shell, field, alone }: { shell: Shell; field: Choices; alone: boolean }): VNode {
  const { engine } = shell;
  const name = field.name ?? "";
  const picked = new Set(chosen(engine.view.value.annotations, name).map((choice) => choice.label));
  const suggested = new Map(chosen(engine.suggestions.value, name).map((choice) => [choice.label, choice]));
  const sought = useSignal("");
  const toggled = useSignal<ReadonlySet<string>>(new Set());
  const nodes = treeOf(field.labels);
  const tree = nodes.some((node) => node.depth > 0);
  const many = field.labels.length > MANY;
  const needle = sought.value.trim().toLowerCase();
  const parents = new Map(field.labels.map((label) => [label.name, label.parent ?? ""]));
  const shownAnyway = new Set<string>();
  for (const one of [...picked, ...suggested.keys()]) {
    for (let up = parents.get(one); up; up = parents.get(up)) shownAnyway.add(up);
  }
  const isOpen = (label: string): boolean => needle !== "" || shownAnyway.has(label) || toggled.value.has(label) !== !many;
  const visible = nodes.filter(({ label }) => {
    if (needle && !label.name.toLowerCase().includes(needle)) return false;
    if (needle) return true;
    for (let up = label.parent ?? ""; up; up = parents.get(up) ?? "") if (!isOpen(up)) return false;
    return true;
  });
  const toggle = (label: string): void => {
    const next = new Set(toggled.value);
    if (!next.delete(label)) next.add(label);
    toggled.value = next;
  };
  const binary = shell.binary.value === field;
  const id = shell.id(`field-${name}`);
  const first = visible.find(({ label }) => picked.has(label.name)) ?? visible[0];
  const role = field.multiple ? "checkbox" : "radio";
  return (
    <div class={`nbl-field${binary && alone ? " nbl-binary" : ""}`} data-field={name}>
      <Heading id={id} field={field} alone={alone} />
      {many ? (
        <input
          class="nbl-input nbl-label-search" type="search" placeholder={`Find one of ${plural(field.labels.length, "label")}`}
          aria-label="Find a label" value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }}
        />
      ) : null}
      <div
        class={`nbl-choices${tree ? " nbl-tree" : ""}${many ? " nbl-choices-many" : ""}`} data-roving=""
        role={field.multiple ? "group" : "radiogroup"} aria-labelledby={id}
      >
        {visible.map(({ label, depth, children }) => {
          const on = picked.has(label.name);
          const hint = suggested.get(label.name);
          const { line, tint, ink } = shell.shades(label.color);
          const chord = binary
            ? shell.keys(label === field.labels[0] ? "accept" : "reject") || shell.keys(labelAction(name, label.name))
            : shell.keys(labelAction(name, label.name));
          const open = children > 0 ? isOpen(label.name) : undefined;
          return (
            <div key={label.name} class="nbl-choice-line" style={depth > 0 ? { marginInlineStart: `${depth * 20}px` } : undefined}>
              {tree ? (
                <button
                  type="button" class={`nbl-toggle${children > 0 ? "" : " nbl-invisible"}`} data-toggle="" tabIndex={-1}
                  aria-label={`${open ? "Close" : "Open"} ${label.name}`} onClick={() => toggle(label.name)}
                >
                  <Icon name={open ? "down" : "next"} size={14} />
                </button>
              ) : null}
              <button
                type="button" role={role} aria-checked={on} data-rove="" tabIndex={label === first?.label ? 0 : -1}
                data-expanded={open} class={`nbl-choice${hint && !on ? " nbl-suggested" : ""}`} style={{ "--c": line, "--t": tint, "--i": ink }}
                title={[label.description, chord && `Key: ${chord}`].filter(Boolean).join("\n") || label.name} data-label={label.name}
                onClick={() => { shell.answer(field, label.name); }}
              >
                <span class={field.multiple ? "nbl-box" : "nbl-radio"} />
                <span class="nbl-chip-name">{label.name}</span>
                {hint && !on ? <Score score={hint.score} source={hint.source} /> : null}
                <Key chord={chord} />
              </button>
            </div>
          );
        })}
        {visible.length === 0 ? <span class="nbl-muted">No label with “{sought.value}”</span> : null}
      </div>
    </div>
  );
}

/** Where a suggestion comes from and how sure the model was. */
export function Score({ score, source }: { score: number | null | undefined; source: string | undefined }): VNode {
  const words = `Suggested${source && source !== "human" ? ` by ${source}` : ""}${typeof score === "number" ? `, score ${score.toFixed(2)}` : ""}`;
  return (
    <span class="nbl-score" title={words}>
      <Icon name="spark" size={12} />
      <span class="nbl-only-read">{words}</span>
      {typeof score === "number" ? <span aria-hidden="true">{score.toFixed(2)}</span> : null}
    </span>
  );
}

function TextField({ shell, field }: { shell: Shell; field: Texts }): VNode {
  const { engine } = shell;
  const name = field.name ?? "";
  const text = written(engine.view.value.annotations, name)?.text ?? "";
  const suggestion = text === "" ? written(engine.suggestions.value, name) : undefined;
  const limit = field.max_length ?? null;
  const left = limit === null ? null : limit - [...text].length;
  const id = shell.id(`field-${name}`);
  const common = {
    class: "nbl-input", value: text, placeholder: field.placeholder ?? "", "aria-labelledby": id, "data-field": name,
    "aria-invalid": left !== null && left < 0, onBlur: () => engine.flush(),
  };
  return (
    <div class="nbl-field" data-field={name}>
      <Heading id={id} field={field} />
      {field.multiline === false
        ? (
          <form onSubmit={(event) => { event.preventDefault(); engine.flush(); shell.focus(); }}>
            <input {...common} type="text" onInput={(event) => write(engine, field, event.currentTarget.value)} />
          </form>
        )
        : <Growing {...common} onText={(value) => write(engine, field, value)} />}
      {left !== null && (left < 0 || left <= (limit ?? 0) / 5) ? (
        <div class={left < 0 ? "nbl-error" : "nbl-muted"}>{left < 0 ? `${plural(-left, "character")} too many` : `${plural(left, "character")} left`}</div>
      ) : null}
      {suggestion ? (
        <div class="nbl-text-suggestion">
          <Score score={suggestion.score} source={suggestion.source} />
          <span class="nbl-text-suggested">{suggestion.text}</span>
          <button type="button" class="nbl-button" onClick={() => engine.accept([suggestion.id ?? ""])}>Use</button>
          <button type="button" class="nbl-button" onClick={() => engine.reject([suggestion.id ?? ""])}>Dismiss</button>
        </div>
      ) : null}
    </div>
  );
}

type GrowingProps = Readonly<Record<string, unknown>> & {
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly focused?: boolean;
};

/** A text area as high as its text. */
export function Growing({ value, onText, focused, ...rest }: GrowingProps): VNode {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const own = area.current;
    if (!own) return;
    own.style.height = "auto";
    own.style.height = `${own.scrollHeight + 2}px`;
  }, [value]);
  useLayoutEffect(() => {
    if (focused) area.current?.focus({ preventScroll: true });
  }, [focused]);
  return <textarea {...rest} ref={area} rows={1} value={value} onInput={(event) => onText(event.currentTarget.value)} />;
}
