/** The keys in force, and the guidelines with what each label means. */
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { markdown } from "../core/markdown";
import { labelsOf, titleOf } from "./actions";
import { limitWords, treeOf } from "./fields";
import { Tool } from "./parts";
import type { Shell } from "./shell";

export function Help({ shell }: { shell: Shell }): VNode {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => element.current?.focus({ preventScroll: true }), []);
  const keymap = shell.keymap.value;
  const groups = new Map<string, typeof bound>();
  const bound = keymap.describe();
  for (const one of bound) {
    if (one.chords.length === 0) continue;
    groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  return (
    <div
      ref={element} class="nbl-help" role="dialog" aria-modal="true" aria-label="Keys and help" tabIndex={-1} data-testid="nbl-help"
    >
      <div class="nbl-side-head">
        <b class="nbl-title">Keys</b>
        <Tool icon="close" shell={shell} action="escape" title="Close" />
      </div>
      <p class="nbl-muted">
        They work while the frame around the labeler is coloured: click into it, or reach it with Tab. Every step is saved at once.
      </p>
      {keymap.problems.length > 0 ? (
        <ul class="nbl-error">{keymap.problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
      ) : null}
      <div class="nbl-help-groups">
        {[...groups].map(([group, actions]) => (
          <section key={group}>
            <b class="nbl-title">{group}</b>
            <dl>
              {actions.map((one) => (
                <div key={one.action}>
                  <dt>{one.chords.map((chord) => <kbd key={chord} class="nbl-key">{chord}</kbd>)}</dt>
                  <dd>{one.words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </div>
  );
}

export function Guidelines({ shell }: { shell: Shell }): VNode {
  const text = shell.engine.guidelines.value;
  const fields = shell.engine.schema.value.fields;
  return (
    <section class="nbl-guidelines" aria-label="Guidelines" data-testid="nbl-guidelines">
      <div class="nbl-side-head">
        <b class="nbl-title">Guidelines</b>
        <Tool icon="close" shell={shell} action="guidelines" title="Close the guidelines" />
      </div>
      <div class="nbl-guidelines-text" tabIndex={0} role="region" aria-label="Guidelines text">
        {text ? markdown(text) : null}
        {fields.map((field) => (
          <div key={field.name} class="nbl-guide-field">
            <b class="nbl-title">{titleOf(field)} <span class="nbl-muted">{limitWords(field)}</span></b>
            {field.description ? <p>{field.description}</p> : null}
            {treeOf(labelsOf(field)).map(({ label, depth }) => {
              const { line, tint, ink } = shell.shades(label.color);
              return (
                <div key={label.name} class="nbl-guide-label" style={{ "--c": line, "--t": tint, "--i": ink, marginInlineStart: `${depth * 16}px` }}>
                  <span class={field.kind === "relations" ? "nbl-swatch nbl-swatch-line" : "nbl-swatch"} />
                  <div>
                    <b>{label.name}</b> {label.description}
                    {label.examples?.length ? (
                      <ul>{label.examples.map((example) => <li key={example}>{example}</li>)}</ul>
                    ) : null}
                  </div>
                </div>
              );
            })}
          </div>
        ))}
        {!text && fields.length === 0 ? <p class="nbl-muted">No guidelines were given.</p> : null}
      </div>
    </section>
  );
}
