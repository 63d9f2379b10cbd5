/** The bar on top: where we are, how far, what is shown, and the way back. */
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Filter } from "../core/protocol";
import { labelsOf, titleOf } from "./actions";
import { Icon } from "./icons";
import { Floating, plural, Tool } from "./parts";
import type { Shell } from "./shell";

const STATUSES = [
  ["pending", "Not answered yet"], ["draft", "Draft"], ["submitted", "Submitted"], ["discarded", "Discarded"],
] as const;

export function isFiltered(filter: Filter): boolean {
  return Boolean(filter.status?.length || filter.label || filter.text || filter.chosen || (filter.flagged ?? null) !== null);
}

/** A filter in words. */
export function describeFilter(filter: Filter): string {
  const parts: string[] = [];
  for (const [status, words] of STATUSES) if (filter.status?.includes(status)) parts.push(words.toLowerCase());
  if (filter.flagged !== undefined && filter.flagged !== null) parts.push(filter.flagged ? "flagged" : "not flagged");
  if (filter.label) parts.push(`with ${filter.label}`);
  if (filter.text) parts.push(`“${filter.text}”`);
  if (filter.chosen) parts.push("chosen in Python");
  return parts.join(" · ");
}

export function QueueBar({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const filter = engine.filter.value;
  return (
    <div class="nbl-bar" role="group" aria-label="Queue">
      <div class="nbl-bar-part">
        <Tool icon="previous" shell={shell} action="previous" disabled={engine.index.value <= 0} />
        <Position shell={shell} />
        <Tool icon="next" shell={shell} action="next" disabled={engine.index.value + 1 >= engine.total.value} />
        <ProgressBar shell={shell} />
      </div>
      <div class="nbl-bar-part nbl-bar-end">
        <SearchBox shell={shell} />
        <span class="nbl-anchor">
          <Tool
            icon="filter" title="Show only some items" testid="nbl-filter" expanded={shell.filtering.value}
            pressed={isFiltered(filter)} onClick={() => { shell.filtering.value = !shell.filtering.value; }}
          />
          {shell.filtering.value ? <FilterMenu shell={shell} /> : null}
        </span>
        <span class="nbl-rule" />
        <Tool icon="undo" shell={shell} action="undo" testid="nbl-undo" disabled={!engine.canUndo.value} />
        <Tool icon="redo" shell={shell} action="redo" testid="nbl-redo" disabled={!engine.canRedo.value} />
        <span class="nbl-rule" />
        <Tool icon="book" shell={shell} action="guidelines" testid="nbl-guidelines-button" pressed={shell.guidelines.value} />
        <Tool icon="help" shell={shell} action="help" title="Keys and help" testid="nbl-help-button" />
      </div>
      {isFiltered(filter) ? (
        <div class="nbl-filter-line">
          <span>Shown: {describeFilter(filter)}</span>
          <ShowAll shell={shell} look="nbl-link" />
        </div>
      ) : null}
    </div>
  );
}

export function ShowAll({ shell, look = "nbl-button" }: { shell: Shell; look?: string }): VNode {
  return (
    <button type="button" class={look} onClick={() => void shell.find({ status: [], label: "", flagged: null, text: "" })}>
      Show all items
    </button>
  );
}

function Position({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const total = engine.total.value;
  const input = useRef<HTMLInputElement>(null);
  const jumping = shell.jumping.value;
  useLayoutEffect(() => {
    if (jumping) input.current?.select();
  }, [jumping]);
  if (jumping) {
    return (
      <form
        class="nbl-jump"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = Number.parseInt(input.current?.value ?? "", 10);
          shell.jumping.value = false;
          if (Number.isFinite(wanted)) shell.goto(wanted - 1);
          shell.focus();
        }}
      >
        <input
          ref={input} class="nbl-input" type="text" inputMode="numeric" size={Math.max(3, String(total).length)} autocomplete="off"
          aria-label={`Number of the item, 1 to ${total}`} defaultValue={String(engine.index.value + 1)}
          onBlur={() => { shell.jumping.value = false; }}
        />
        <span> of {total.toLocaleString("en")}</span>
      </form>
    );
  }
  return (
    <button
      type="button" class="nbl-position" data-testid="nbl-position" title={shell.hint("jump")}
      onClick={() => shell.run("jump")}
    >
      {total === 0 ? "0 of 0" : <><b>{(engine.index.value + 1).toLocaleString("en")}</b> of {total.toLocaleString("en")}</>}
    </button>
  );
}

/** Progress in words, as in the bar's tooltip. */
export function progressWords(progress: Shell["engine"]["progress"]["value"]): string {
  const { total, submitted, drafts, discarded, flagged } = progress;
  const left = Math.max(0, total - submitted - drafts - discarded);
  const parts = [`${submitted.toLocaleString("en")} of ${plural(total, "item")} submitted`];
  if (drafts) parts.push(plural(drafts, "draft"));
  if (discarded) parts.push(`${discarded.toLocaleString("en")} discarded`);
  if (flagged) parts.push(`${flagged.toLocaleString("en")} flagged`);
  parts.push(`${left.toLocaleString("en")} left`);
  return parts.join(" · ");
}

function ProgressBar({ shell }: { shell: Shell }): VNode {
  const progress = shell.engine.progress.value;
  const { total, submitted, drafts, discarded } = progress;
  const done = submitted + discarded;
  const share = (count: number): string => `${total > 0 ? (100 * count) / total : 0}%`;
  const words = progressWords(progress);
  return (
    <div class="nbl-progress" title={words}>
      <div
        class="nbl-progress-track" role="progressbar" aria-label="Progress" aria-valuemin={0} aria-valuemax={Math.max(total, 1)}
        aria-valuenow={Math.min(done, Math.max(total, 1))} aria-valuetext={words}
      >
        <span class="nbl-progress-submitted" style={{ width: share(submitted) }} />
        <span class="nbl-progress-drafts" style={{ width: share(drafts) }} />
        <span class="nbl-progress-discarded" style={{ width: share(discarded) }} />
      </div>
      <span class="nbl-progress-words" data-testid="nbl-progress">{done.toLocaleString("en")} done</span>
    </div>
  );
}

function SearchBox({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const input = useRef<HTMLInputElement>(null);
  const open = shell.searching.value || Boolean(engine.filter.value.text);
  useLayoutEffect(() => {
    if (shell.searching.value) input.current?.select();
  }, [shell.searching.value]);
  const search = (text: string): void => {
    if (text !== (engine.filter.value.text ?? "")) void shell.find({ text });
  };
  if (!open) {
    return <Tool icon="search" shell={shell} action="search" testid="nbl-search-button" />;
  }
  return (
    <form
      class="nbl-search" role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(input.current?.value ?? "");
        shell.searching.value = false;
        shell.focus();
      }}
    >
      <Icon name="search" size={14} />
      <input
        ref={input} class="nbl-input" type="search" placeholder="Search the items" aria-label="Search the items" data-testid="nbl-search"
        defaultValue={engine.filter.value.text ?? ""} key={engine.filter.value.text ?? ""} onChange={() => search(input.current?.value ?? "")}
        onBlur={() => { shell.searching.value = false; }}
      />
    </form>
  );
}

function FilterMenu({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const filter = engine.filter.value;
  const now = filter.status ?? [];
  const toggle = (status: (typeof STATUSES)[number][0]): void => {
    void shell.find({ status: now.includes(status) ? now.filter((one) => one !== status) : [...now, status] });
  };
  return (
    <Floating shell={shell} title="Show only some items" onClose={() => { shell.filtering.value = false; }} testid="nbl-filter-menu" kind="nbl-menu">
      <fieldset>
        <legend>Status</legend>
        {STATUSES.map(([status, words]) => (
          <label key={status} class="nbl-option">
            <input type="checkbox" checked={now.includes(status)} onChange={() => toggle(status)} />
            {words}
          </label>
        ))}
      </fieldset>
      <label class="nbl-option">
        <input type="checkbox" checked={filter.flagged === true} onChange={() => void shell.find({ flagged: filter.flagged === true ? null : true })} />
        Flagged
      </label>
      <label class="nbl-option nbl-option-select">
        <span>With label</span>
        <select
          class="nbl-input" value={filter.label ?? ""}
          onChange={(event) => void shell.find({ label: (event.currentTarget as HTMLSelectElement).value })}
        >
          <option value="">any</option>
          {engine.schema.value.fields.filter((field) => labelsOf(field).length > 0).map((field) => (
            <optgroup key={field.name} label={titleOf(field)}>
              {labelsOf(field).map((label) => <option key={label.name} value={label.name}>{label.name}</option>)}
            </optgroup>
          ))}
        </select>
      </label>
    </Floating>
  );
}
