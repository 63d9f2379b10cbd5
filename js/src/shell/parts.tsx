/** Small parts that all panels are made of. */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Problem } from "../core/protocol";
import { Icon, type IconName } from "./icons";
import type { Shell } from "./shell";

/** A key as it is printed on keyboards. */
export function Key({ chord }: { chord: string | undefined }): VNode | null {
  return chord ? <kbd class="nbl-key" aria-hidden="true">{chord}</kbd> : null;
}

interface ToolProps {
  readonly icon: IconName;
  readonly title?: string;
  readonly onClick?: () => void;
  /** Runs an action of the keymap: its words and keys are the title, unless another is given. */
  readonly shell?: Shell;
  readonly action?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly expanded?: boolean;
  readonly testid?: string;
  readonly small?: boolean;
  readonly name?: string;
  readonly tabIndex?: number;
  readonly children?: ComponentChildren;
}

/** A button with an icon; its title is its name. */
export function Tool({ icon, title, onClick, shell, action = "", pressed, disabled, expanded, testid, small, name, tabIndex, children }: ToolProps): VNode {
  const words = shell ? shell.hint(action, title) : title;
  return (
    <button
      type="button" class={small ? "nbl-tool nbl-small" : "nbl-tool"} title={words} aria-label={name ?? (children ? undefined : words)}
      aria-pressed={pressed} aria-expanded={expanded} disabled={disabled ?? false} data-testid={testid} tabIndex={tabIndex}
      onClick={onClick ?? (() => shell?.run(action))}
    >
      <Icon name={icon} size={small ? 14 : 16} />
      {children}
    </button>
  );
}

/** An error as people read it, with its detail to copy. */
export function ProblemText({ problem }: { problem: Problem }): VNode {
  return (
    <div class="nbl-problem-text">
      <strong>{problem.title}</strong>
      {problem.hint ? <span> {problem.hint}</span> : null}
      {problem.detail ? (
        <details>
          <summary>Details</summary>
          <pre>{problem.detail}</pre>
        </details>
      ) : null}
    </div>
  );
}

export function CopyButton({ shell, text, words = "Copy" }: { shell: Shell; text: string; words?: string }): VNode {
  return <Tool icon="copies" onClick={() => void copy(text).then((ok) => shell.say(ok ? "Copied." : "Not copied."))}>{words}</Tool>;
}

/** To the clipboard; on plain http, where there is no clipboard API, through a selection. */
export async function copy(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // not permitted: the older way may be
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function problemText(problem: Problem): string {
  return [problem.title, problem.hint, problem.detail].filter(Boolean).join("\n");
}

/** A panel that floats over the labeler and closes on a click elsewhere; what opened it stands beside it, and closes it itself. */
export function Floating(
  { shell, title, onClose, children, testid, kind = "" }:
  { shell: Shell; title: string; onClose: () => void; children: ComponentChildren; testid?: string; kind?: string },
): VNode {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const scope = shell.scope.child();
    const own = element.current;
    const opened = performance.now();
    scope.listen(shell.root.ownerDocument, "pointerdown", (event) => {
      if (own?.parentElement && event.timeStamp > opened && !event.composedPath().includes(own.parentElement)) onClose();
    }, { capture: true });
    own?.querySelector<HTMLElement>("[data-first], input, button")?.focus({ preventScroll: true });
    shell.menus.push(onClose);
    scope.own(() => shell.menus.splice(shell.menus.indexOf(onClose), 1));
    return () => scope.dispose();
  }, []);
  return (
    <div ref={element} class={`nbl-floating ${kind}`} role="dialog" aria-label={title} data-testid={testid}>
      {children}
    </div>
  );
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
