/** What floats beside the selected shape: its label, attributes and points; or labels for one that has none yet. */
import type { VNode } from "preact";
import type { Keypoints } from "../core/protocol";
import { withAttribute } from "../shell/answers";
import { Score } from "../shell/fields";
import { Tool } from "../shell/parts";
import { Attributes, Decide, LabelMenu, LabelSelect, Popover } from "../shell/popover";
import type { Shell } from "../shell/shell";
import { fromPoints, union } from "./geometry";
import { ICONS } from "./icons";
import type { ImageState } from "./state";
import type { Drawn, Rect } from "./types";

interface Props {
  readonly shell: Shell;
  readonly state: ImageState;
  readonly host: () => HTMLElement | null;
}

export function ImagePopover({ shell, state, host }: Props): VNode | null {
  const chosen = state.chosen();
  const pending = state.pending.value;
  const [first] = chosen;
  const offers = first && chosen.length === 1 && !first.suggested && (first.label?.attributes?.length ?? 0) > 0;
  const shown = state.tool.value === "select" ? !state.fresh.value || offers : state.fresh.value && offers;
  const element = host();
  if (!element || state.moved.value.size > 0 || !(pending || (first && shown))) return null;
  const around: Rect = pending
    ? pending.ghosts.map(({ points = [], bitmap }) => bitmap ?? fromPoints(points)).reduce(union)
    : chosen.map(({ bounds }) => bounds).reduce(union);
  const view = state.viewport.view.value;
  const box = element.getBoundingClientRect();
  const root = shell.root.getBoundingClientRect();
  const [left, top] = [box.left - root.left, box.top - root.top];
  const place = (start: number, offset: number, size: number): number => Math.max(0, Math.min(size, offset + start * view.scale));
  const anchor = {
    left: left + place(around.x, view.x, view.width - 120), top: top + place(around.y, view.y, view.height) - 26,
    bottom: top + place(around.y + around.height, view.y, view.height), floor: top + view.height + 30, // the hint, but not what is below
  };
  return (
    <Popover shell={shell} anchor={anchor}>
      {pending ? (
        <LabelMenu
          shell={shell} fields={state.fields.value.filter(({ kind }) => pending.kinds.includes(kind))}
          onPick={(field, label) => state.label(field, label, true)}
        />
      ) : chosen.length > 1 ? <Several shell={shell} state={state} chosen={chosen} /> : first ? <One key={first.id} shell={shell} state={state} drawn={first} /> : null}
    </Popover>
  );
}

type Inner = Omit<Props, "host">;

function Labels({ shell, state, chosen }: Inner & { chosen: readonly Drawn[] }): VNode | null {
  const [first] = chosen;
  const own = first && state.fieldOf(first.shape);
  const same = chosen.every(({ shape }) => shape.field === own?.name);
  if (!first || !own) return null;
  const alike = chosen.every(({ shape }) => shape.label === first.shape.label);
  return (
    <LabelSelect
      shell={shell} fields={same ? state.fields.value.filter(({ kind }) => kind === own.kind) : [own]}
      current={{ field: own.name ?? "", label: alike ? first.shape.label ?? "" : "" }}
      onPick={(field, label) => state.edits.relabel(chosen, { field: field.name ?? "", label: label.name })}
    />
  );
}

function One({ shell, state, drawn }: Inner & { drawn: Drawn }): VNode {
  const { shape, suggested, locked, label, id } = drawn;
  const field = state.fieldOf(shape);
  const names = field?.kind === "skeletons" ? field.points ?? [] : [];
  return (
    <>
      <div class="nbl-pop-line">
        {suggested ? (
          <>
            <Score score={shape.score} source={shape.source} />
            <Decide shell={shell} onAccept={() => state.edits.accept([id])} onReject={() => state.edits.reject([id])} />
          </>
        ) : null}
        <Labels shell={shell} state={state} chosen={[drawn]} />
        {suggested ? null : (
          <>
            <Tool icon={ICONS.occluded} shell={shell} action="occluded" pressed={shape.occluded ?? false} testid="nbl-occluded" />
            <Tool icon={ICONS.lock} shell={shell} action="lock" pressed={locked} />
            <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" disabled={locked} />
          </>
        )}
      </div>
      {suggested || locked ? null : (
        <>
          <Attributes
            shell={shell} values={shape.attributes} attributes={label?.attributes ?? []}
            onValue={(name, value) => state.engine.edit([withAttribute(shape, name, value)], [], { merge: `attribute:${id}:${name}` })}
          />
          {shape.kind === "keypoints" && names.length > 1 ? <PointList state={state} shape={shape} names={names} /> : null}
        </>
      )}
    </>
  );
}

const SEEN = ["absent", "covered", "seen"] as const;

function PointList({ state, shape, names }: { state: ImageState; shape: Keypoints; names: readonly string[] }): VNode {
  return (
    <div class="nbl-attributes nbl-points">
      {names.map((name, n) => (
        <label key={name} class="nbl-option nbl-option-select">
          <select
            class="nbl-input" value={shape.points[n]?.[2] ?? 0}
            onChange={(event) => state.edits.visible(shape, n, Number(event.currentTarget.value))}
          >
            {SEEN.map((words, value) => <option key={words} value={value}>{words}</option>)}
          </select>
          <span>{name}</span>
        </label>
      ))}
    </div>
  );
}

function Several({ shell, state, chosen }: Inner & { chosen: readonly Drawn[] }): VNode {
  const open = chosen.filter(({ suggested }) => suggested).map(({ id }) => id);
  const merges = chosen.every(({ shape }) => shape.kind === "mask" || (shape.kind === "polygon" && shape.closed !== false));
  return (
    <div class="nbl-pop-line">
      {open.length > 0 ? <Decide shell={shell} onAccept={() => state.edits.accept(open)} onReject={() => state.edits.reject(open)} /> : null}
      <Labels shell={shell} state={state} chosen={chosen} />
      <Tool icon="link" shell={shell} action="group" />
      {merges ? <Tool icon={ICONS.adds} shell={shell} action="merge" /> : null}
      {merges ? <Tool icon={ICONS.takes} shell={shell} action="subtract" /> : null}
      <Tool icon="trash" shell={shell} action="delete" title="Delete" testid="nbl-delete" />
    </div>
  );
}
