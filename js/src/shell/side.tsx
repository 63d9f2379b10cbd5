/** The list of this item's annotations. Rows are all of one height and drawn only where they are in sight. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Score } from "./fields";
import type { IconName } from "./icons";
import { plural, Tool } from "./parts";
import type { Shell } from "./shell";

export interface Entry {
  readonly id: string;
  readonly label: string;
  readonly color: string | undefined;
  /** What was marked, in one line. */
  readonly text: string;
  readonly dir?: "ltr" | "rtl";
  readonly score?: number | null;
  readonly source?: string;
  readonly suggested: boolean;
  readonly line?: boolean;
}

/** A button in every row, besides those that all lists have. */
export interface RowTool {
  readonly icon: IconName;
  readonly words: string;
  readonly on: (id: string) => boolean;
  readonly run: (id: string) => void;
}

interface ListProps {
  readonly shell: Shell;
  readonly title: string;
  readonly count: number;
  /** Made only for rows that are drawn. */
  readonly entry: (index: number) => Entry | null;
  readonly selected: string | null;
  /** Where several may be selected: whether one of them is. */
  readonly among?: (id: string) => boolean;
  readonly at?: number;
  readonly onSelect: (id: string, event: MouseEvent) => void;
  readonly onDelete?: (id: string) => void;
  readonly onAccept?: (id: string) => void;
  readonly onReject?: (id: string) => void;
  readonly tools?: readonly RowTool[];
  readonly head?: ComponentChildren;
  /** Between the head and the rows. */
  readonly below?: ComponentChildren;
  readonly empty?: ComponentChildren;
}

const HEIGHT = 32;
const OVER = 6;

export function EntryList(props: ListProps): VNode {
  const { shell, title, count, selected, at = -1 } = props;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(320);
  useEffect(() => {
    const scope = shell.scope.child();
    const own = box.current;
    if (own) scope.resize(own, () => { height.value = own.clientHeight || height.value; });
    return () => scope.dispose();
  }, []);
  useEffect(() => {
    const own = box.current;
    if (!own || at < 0) return;
    if (at * HEIGHT < own.scrollTop || (at + 1) * HEIGHT > own.scrollTop + own.clientHeight) {
      own.scrollTop = at * HEIGHT - own.clientHeight / 2;
    }
  }, [at]);
  const from = Math.max(0, Math.floor(top.value / HEIGHT) - OVER);
  const to = Math.min(count, Math.ceil((top.value + height.value) / HEIGHT) + OVER);
  const rows: VNode[] = [];
  for (let i = from; i < to; i++) {
    const entry = props.entry(i);
    if (entry) rows.push(<EntryRow key={entry.id} {...props} entry={entry} index={i} first={i === from} selected={selected === entry.id || props.among?.(entry.id) ? entry.id : null} />);
  }
  return (
    <section class="nbl-list" aria-label={title}>
      <div class="nbl-side-head">
        <b class="nbl-title">{title} {count > 0 ? <span class="nbl-count">{count.toLocaleString("en")}</span> : null}</b>
        {props.head}
      </div>
      {props.below}
      {count === 0 ? <div class="nbl-muted nbl-side-empty">{props.empty}</div> : null}
      <div
        ref={box} class="nbl-entries" role="list" data-roving="" aria-label={`${title}: ${plural(count, "entry", "entries")}`}
        onScroll={(event) => { top.value = event.currentTarget.scrollTop; }}
      >
        <div style={{ height: `${from * HEIGHT}px` }} />
        {rows}
        <div style={{ height: `${Math.max(0, count - to) * HEIGHT}px` }} />
      </div>
    </section>
  );
}

function EntryRow(
  { shell, entry, index, first, count, selected, onSelect, onDelete, onAccept, onReject, tools }:
  Omit<ListProps, "entry"> & { entry: Entry; index: number; first: boolean },
): VNode {
  const { line, tint, ink } = shell.shades(entry.color);
  // one stop for Tab, then arrows
  const tabIndex = first || selected ? 0 : -1;
  return (
    <div
      role="listitem" aria-setsize={count} aria-posinset={index + 1} data-id={entry.id} style={{ "--c": line, "--t": tint, "--i": ink }}
      class={`nbl-entry${selected ? " nbl-selected" : ""}${entry.suggested ? " nbl-suggested" : ""}`}
    >
      <button
        type="button" class="nbl-entry-main" data-rove="" tabIndex={tabIndex} aria-current={selected ? "true" : undefined} title={entry.text}
        onClick={(event) => onSelect(entry.id, event)}
      >
        <span class={entry.line ? "nbl-swatch nbl-swatch-line" : "nbl-swatch"} />
        <span class="nbl-entry-text" dir={entry.dir ?? "auto"}>{entry.text}</span>
        <span class="nbl-entry-label">{entry.label}</span>
      </button>
      {typeof entry.score === "number" || entry.suggested || (entry.source && entry.source !== "human")
        ? <Score score={entry.score} source={entry.source} /> : null}
      {tools?.map(({ icon, words, on, run }) => (
        <Tool
          key={icon} small tabIndex={tabIndex} icon={icon} title={words} name={`${words} ${entry.label}: ${entry.text}`} pressed={on(entry.id)}
          onClick={() => run(entry.id)}
        />
      ))}
      {([["check", "Accept", onAccept], ["close", "Reject", onReject], ["trash", "Delete", onDelete]] as const).map(([icon, words, run]) => run
        ? <Tool key={icon} small tabIndex={tabIndex} icon={icon} title={words} name={`${words} ${entry.label}: ${entry.text}`} onClick={() => run(entry.id)} /> : null)}
    </div>
  );
}

/** Columns shown beside the item. */
export function ShowColumns({ shell }: { shell: Shell }): VNode | null {
  const show = shell.engine.item.value?.show ?? [];
  if (show.length === 0) return null;
  return (
    <section class="nbl-show" aria-label="Columns" data-testid="nbl-show">
      <dl>
        {show.map(([name, value], i) => (
          <div key={`${i} ${name}`}>
            <dt>{name}</dt>
            <dd dir="auto">{value === "" ? <span class="nbl-muted">empty</span> : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function AcceptAll({ shell }: { shell: Shell }): VNode {
  return <Tool icon="check" shell={shell} action="accept_all">Accept all</Tool>;
}
