/** How the parts of a labeler lie together, and what is shown when there is no item. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { CommentBox, Footer, Notices } from "./footer";
import { Fields } from "./fields";
import { Guidelines, Help } from "./help";
import { Icon } from "./icons";
import { ModelPanel } from "./model";
import { CopyButton, problemText, ProblemText } from "./parts";
import { isFiltered, progressWords, QueueBar, ShowAll } from "./queue";
import type { Shell } from "./shell";
import { ShowColumns } from "./side";

interface FrameProps {
  readonly shell: Shell;
  readonly palette: ComponentChildren;
  /** The item itself. Kept in place while other things are shown, so that it is never built twice. */
  readonly body: ComponentChildren;
  /** Lists beside it; null if there is nothing to list. */
  readonly side: ComponentChildren;
  /** At the end of the line that names the item. */
  readonly head?: ComponentChildren;
  readonly floating?: ComponentChildren;
}

export function Frame({ shell, ...rest }: FrameProps): VNode {
  if (shell.engine.ready.value) return <Opened shell={shell} {...rest} />;
  return shell.engine.failure.value ? <Failure shell={shell} /> : <Loading shell={shell} />;
}

function Opened({ shell, palette, body, side, head, floating }: FrameProps): VNode {
  const { engine } = shell;
  const item = engine.item.value;
  const state = engine.total.value === 0 ? "empty" : shell.resting.value ? "done" : item === null ? "waiting" : "item";
  const shown = state === "item" && !item?.problem;
  const show = (item?.show?.length ?? 0) > 0;
  const beside = state === "item" && (side !== null || show);
  useLayoutEffect(() => {
    // what is hidden loses the focus, and with it the keys; what is shown again takes them back
    const { activeElement } = shell.root.getRootNode() as Document | ShadowRoot;
    if (shown ? activeElement === shell.root : shell.hasFocus()) shell.focus();
  }, [shown, state]);
  return (
    <>
      <Notices shell={shell} />
      <QueueBar shell={shell} />
      {state === "item" ? palette : null}
      <div class={`nbl-main${beside || shell.guidelines.value ? " nbl-with-side" : ""}`}>
        {shell.guidelines.value ? <Guidelines shell={shell} /> : null}
        <div class="nbl-center">
          {state === "empty" ? <Empty shell={shell} /> : null}
          {state === "done" ? <Done shell={shell} /> : null}
          {state === "waiting" ? <Waiting /> : null}
          <div class="nbl-item" hidden={state !== "item"}>
            <ItemHead shell={shell} more={head} />
            {item?.problem ? <ItemProblem words={item.problem} shell={shell} /> : null}
            {body}
            {engine.suggestError.value ? <SuggestProblem words={engine.suggestError.value} shell={shell} /> : null}
          </div>
          {state === "item" ? <Fields shell={shell} /> : null}
          {state === "item" ? <CommentBox shell={shell} /> : null}
        </div>
        {beside ? (
          <aside class="nbl-side" aria-label="Beside the item" data-testid="nbl-side">
            <ShowColumns shell={shell} />
            {side}
          </aside>
        ) : null}
      </div>
      <ModelPanel shell={shell} />
      <Footer shell={shell} />
      {floating}
      {shell.help.value ? <Help shell={shell} /> : null}
      <div class="nbl-only-read" role="status" aria-live="polite" data-testid="nbl-live">{shell.spoken.value}</div>
    </>
  );
}

const BADGES = { draft: ["clock", "Draft"], submitted: ["check", "Submitted"], discarded: ["close", "Discarded"] } as const;

function ItemHead({ shell, more }: { shell: Shell; more: ComponentChildren }): VNode {
  const { engine } = shell;
  const item = engine.item.value;
  const { status, flagged } = engine.view.value;
  const badge = status === "pending" ? null : BADGES[status];
  return (
    <div class="nbl-item-head">
      <span class="nbl-item-key" title="The item's key">key <b>{item?.key}</b></span>
      {badge ? <span class={`nbl-badge nbl-badge-${status}`} data-testid="nbl-item-status"><Icon name={badge[0]} size={12} /> {badge[1]}</span> : null}
      {flagged ? <span class="nbl-badge nbl-badge-flagged"><Icon name="flag" size={12} /> Flagged</span> : null}
      {item?.changed ? (
        <span class="nbl-badge nbl-badge-changed" data-testid="nbl-changed" title="The item is not what it was when it was answered: check the answer.">
          <Icon name="warning" size={12} /> Changed since answered
        </span>
      ) : null}
      {engine.waiting.value ? <span class="nbl-badge" data-testid="nbl-waiting"><Icon name="clock" size={12} /> Waiting for the kernel</span> : null}
      {more}
    </div>
  );
}

function ItemProblem({ words, shell }: { words: string; shell: Shell }): VNode {
  return (
    <div class="nbl-item-problem" data-testid="nbl-item-problem">
      <Icon name="warning" size={20} />
      <div>
        <strong>{words}</strong>
        <div class="nbl-muted">
          Skip it ({shell.keys("skip")}), discard it ({shell.keys("discard")}), or correct the data and run the cell again.
        </div>
      </div>
    </div>
  );
}

function SuggestProblem({ words, shell }: { words: string; shell: Shell }): VNode {
  return (
    <div class="nbl-notice" data-testid="nbl-suggest-error">
      <Icon name="warning" />
      <ProblemText problem={{ title: shell.engine.item.value?.suggestions?.length ? "Some suggestions for this item are missing" : "There are no suggestions for this item", detail: words }} />
      <CopyButton shell={shell} text={words} />
    </div>
  );
}

/** Slow kernels say so; fast ones never show it. */
function Loading({ shell }: { shell: Shell }): VNode {
  const late = useSignal(false);
  useEffect(() => shell.scope.timeout(() => { late.value = true; }, 1500), []);
  return (
    <div class="nbl-state" role="status" data-testid="nbl-loading">
      <div class="nbl-skeleton"><span /><span /><span /></div>
      {late.value
        ? <p>Waiting for the kernel. If a cell is running, the labeler opens when it has finished; if the kernel was restarted, run the cell again.</p>
        : <p class="nbl-muted">Opening…</p>}
    </div>
  );
}

function Failure({ shell }: { shell: Shell }): VNode {
  const problem = shell.engine.failure.value;
  if (!problem) return <Loading shell={shell} />;
  return (
    <div class="nbl-state nbl-failure" role="alert" data-testid="nbl-failure">
      <Icon name="warning" size={28} />
      <ProblemText problem={problem} />
      <CopyButton shell={shell} text={problemText(problem)} />
    </div>
  );
}

function Empty({ shell }: { shell: Shell }): VNode {
  const filtered = isFiltered(shell.engine.filter.value);
  return (
    <div class="nbl-state" data-testid="nbl-empty">
      <Icon name="search" size={28} />
      <strong>{filtered ? "No item passes this filter." : "There are no items."}</strong>
      {filtered ? <ShowAll shell={shell} /> : <p class="nbl-muted">What was handed to the labeler has no rows.</p>}
    </div>
  );
}

function Waiting(): VNode {
  return (
    <div class="nbl-state" data-testid="nbl-waiting">
      <Icon name="clock" size={28} />
      <strong>Waiting for the kernel to send the next items.</strong>
      <p class="nbl-muted">What you have answered is kept in this page until it is stored.</p>
    </div>
  );
}

function Done({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const filtered = isFiltered(engine.filter.value);
  return (
    <div class="nbl-state nbl-done" data-testid="nbl-done">
      <Icon name="check" size={36} />
      <strong>{filtered ? "All items shown are answered." : "All items are answered."}</strong>
      <p class="nbl-muted">{progressWords(engine.progress.value)}</p>
      <p>Go on in the next cell: <code>lab.annotations</code> is a frame of all annotations, <code>lab.df</code> your data with the answers.</p>
      <div class="nbl-actions">
        <button type="button" class="nbl-button" onClick={() => shell.goto(0)}>Look through from the start</button>
        {filtered ? <ShowAll shell={shell} /> : null}
      </div>
    </div>
  );
}
