/** What to do with the item, and whether all is saved. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { SaveKind } from "../core/engine";
import { Growing } from "./fields";
import { Icon, type IconName } from "./icons";
import { ModelChip } from "./model";
import { CopyButton, Floating, Key, problemText, ProblemText, Tool } from "./parts";
import type { Shell } from "./shell";

export function Footer({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const { flagged, comment } = engine.view.value;
  const none = engine.item.value === null || shell.resting.value;
  return (
    <div class="nbl-footer">
      {shell.refusal.value ? (
        <div class="nbl-refusal" role="alert">
          <Icon name="warning" />
          <ProblemText problem={shell.refusal.value} />
        </div>
      ) : null}
      <div class="nbl-actions">
        {(["submit", "skip", "discard"] as const).map((action) => (
          <button
            key={action} type="button" class={action === "submit" ? "nbl-button nbl-primary" : "nbl-button"} data-testid={`nbl-${action}`}
            disabled={none} title={shell.hint(action)} onClick={() => shell.run(action)}
          >
            {action === "submit" ? "Submit" : action === "skip" ? "Skip" : "Discard"} <Key chord={shell.keys(action)} />
          </button>
        ))}
        <Tool icon="flag" shell={shell} action="flag" testid="nbl-flag" pressed={flagged} disabled={none} />
        <Tool icon="comment" shell={shell} action="comment" testid="nbl-comment-button" pressed={Boolean(comment)} disabled={none} />
        <ModelChip shell={shell} />
        <Status shell={shell} />
      </div>
    </div>
  );
}

export function CommentBox({ shell }: { shell: Shell }): VNode | null {
  const { engine } = shell;
  const { comment } = engine.view.value;
  const open = shell.commenting.value;
  if (!open && !comment) return null;
  return (
    <div class="nbl-field nbl-comment">
      <label class="nbl-field-title" for={shell.id("comment")}>Comment</label>
      <Growing
        class="nbl-input" id={shell.id("comment")} data-testid="nbl-comment" value={comment} placeholder="What should others know about this item?"
        focused={open} onText={(text) => engine.comment(text)} onBlur={() => { shell.commenting.value = false; engine.flush(); }}
      />
    </div>
  );
}

const SIGNS: Record<SaveKind, IconName> = { saved: "check", unsaved: "clock", busy: "clock", gone: "warning", error: "warning" };

function Status({ shell }: { shell: Shell }): VNode {
  const { engine } = shell;
  const { kind, words, problem } = engine.save.value;
  const place = engine.place.value;
  const title = place ? `Labels are stored in ${place}` : "Labels are stored by the kernel";
  return (
    <div class={`nbl-status nbl-status-${kind}`} data-testid="nbl-status" data-kind={kind} title={title}>
      <Icon name={SIGNS[kind]} size={14} />
      <span class="nbl-status-words">{words}</span>
      {problem ? (
        <span class="nbl-anchor">
          <button
            type="button" class="nbl-link" aria-expanded={shell.details.value} data-testid="nbl-details"
            onClick={() => { shell.details.value = !shell.details.value; }}
          >
            What happened?
          </button>
          {shell.details.value ? (
            <Floating shell={shell} title="What happened" onClose={() => { shell.details.value = false; }} kind="nbl-menu nbl-upward">
              <ProblemText problem={problem} />
              <CopyButton shell={shell} text={problemText(problem)} />
              <CopyButton shell={shell} text={engine.rescue()} words="Unsaved labels to the clipboard" />
            </Floating>
          ) : null}
        </span>
      ) : null}
    </div>
  );
}

export function Notices({ shell }: { shell: Shell }): VNode | null {
  const notices = shell.engine.notices.value;
  const element = useRef<HTMLDivElement>(null);
  const count = notices.length;
  useEffect(() => {
    if (count > 0) shell.say(notices[count - 1]?.title ?? "");
  }, [count]);
  if (count === 0) return null;
  return (
    <div ref={element} class="nbl-notices" data-testid="nbl-notices">
      {notices.map((notice, i) => (
        <div key={i} class="nbl-notice">
          <Icon name="warning" />
          <ProblemText problem={notice} />
          <CopyButton shell={shell} text={problemText(notice)} />
          <Tool icon="close" title="Close the notice" onClick={() => shell.engine.dismiss(notice)} />
        </div>
      ))}
    </div>
  );
}
