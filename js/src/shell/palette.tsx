/** The labels of fields that are painted onto the item, with colour, key and count; one may be the current one. */
import type { VNode } from "preact";
import type { AnyField, Label } from "../core/protocol";
import { labelAction, labelsOf, titleOf } from "./actions";
import { Key } from "./parts";
import type { Shell } from "./shell";

interface PaletteProps {
  readonly shell: Shell;
  readonly fields: readonly AnyField[];
  /** How many annotations of this item have a label: by `labelAction`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly current: string | null;
  /** Labels that the next click would apply to something. */
  readonly active: boolean;
  readonly onPick: (field: AnyField, label: Label) => void;
}

export function Palette({ shell, fields, counts, current, active, onPick }: PaletteProps): VNode | null {
  if (fields.length === 0) return null;
  return (
    <div class="nbl-palette" data-testid="nbl-palette">
      {fields.map((field) => (
        <div key={field.name} class="nbl-palette-group" role="group" aria-label={`Labels: ${titleOf(field)}`}>
          {fields.length > 1 ? <span class="nbl-palette-title">{titleOf(field)}</span> : null}
          {labelsOf(field).map((label) => {
            const action = labelAction(field.name ?? "", label.name);
            return (
              <Chip
                key={label.name} shell={shell} label={label} chord={shell.keys(action)} count={counts.get(action) ?? 0}
                pressed={current === action} active={active} onClick={() => onPick(field, label)} line={field.kind === "relations"}
              />
            );
          })}
        </div>
      ))}
    </div>
  );
}

interface ChipProps {
  readonly shell: Shell;
  readonly label: Label;
  readonly chord?: string;
  readonly count?: number;
  readonly pressed?: boolean;
  readonly active?: boolean;
  /** Drawn as a line (relations) instead of a block. */
  readonly line?: boolean;
  readonly onClick: () => void;
}

export function Chip({ shell, label, chord, count = 0, pressed, active, line, onClick }: ChipProps): VNode {
  const { line: solid, tint, ink } = shell.shades(label.color);
  const style = { "--c": solid, "--t": tint, "--i": ink };
  const title = [label.description, chord && `Key: ${chord}`].filter(Boolean).join("\n");
  return (
    <button
      type="button" class={`nbl-chip${active ? " nbl-active" : ""}`} style={style} aria-pressed={pressed ?? false} title={title || label.name}
      aria-keyshortcuts={chord || undefined} data-label={label.name} onClick={onClick}
    >
      <span class={line ? "nbl-swatch nbl-swatch-line" : "nbl-swatch"} />
      <span class="nbl-chip-name">{label.name}</span>
      {count > 0 ? <span class="nbl-times" title={`${count} in this item`}>×{count}</span> : null}
      <Key chord={chord} />
    </button>
  );
}
