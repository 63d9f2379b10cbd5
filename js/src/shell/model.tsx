/** How the model that suggests is doing: a chip in the footer, and on request all that is known of it. */
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { ModelPoint, ModelState } from "../core/protocol";
import { Icon } from "./icons";
import { CopyButton, plural, problemText, ProblemText, Tool } from "./parts";
import type { Shell } from "./shell";

const WIDTH = 240;
const HEIGHT = 84;
const PAD = 5; // so that no point is cut
const CHIP = { idle: "", busy: "", training: "learning", failed: "failed" } as const;
const NOW = { ...CHIP, busy: "looking at items", training: "learning; meanwhile it suggests as before", failed: "" };

/** A learning curve in a box of 240 by 84, its points in the order of their labels. */
export function curveOf(points: readonly ModelPoint[]): { low: number; high: number; sorted: readonly ModelPoint[]; places: readonly [number, number][] } {
  const sorted = [...points].sort((a, b) => a.labels - b.labels);
  const scores = sorted.map((one) => one.score);
  // whole tenths, and never so few that noise looks like a trend
  const high = Math.ceil(Math.max(...scores) * 10 - 1e-6) / 10;
  const low = Math.min(Math.floor(Math.min(...scores) * 10 + 1e-6) / 10, high - 0.2);
  const from = sorted[0]?.labels ?? 0;
  const span = (sorted.at(-1)?.labels ?? 0) - from;
  const places = sorted.map(({ labels, score }): [number, number] => [
    span > 0 ? PAD + ((labels - from) / span) * (WIDTH - 2 * PAD) : WIDTH / 2,
    PAD + ((high - score) / (high - low)) * (HEIGHT - 2 * PAD),
  ]);
  return { low, high, sorted, places };
}

/** What the chip says besides the model's name. */
export function chipWords({ state = "idle", score }: ModelState): string {
  return CHIP[state] || (typeof score === "number" ? score.toFixed(2) : "");
}

/** What is known, in rows of a name and words; what is not known has no row. */
export function factsOf({ state = "idle", labels = 0, until_next: left = 0, score, metric, held_out: held = 0, order, accepted, usage }: ModelState): [string, string][] {
  const measured = typeof score === "number";
  return ([
    ["Now", NOW[state]],
    ["Learnt from", labels > 0 || left > 0 ? plural(labels, "answer") : ""],
    ["Learns again", left > 0 ? `after ${plural(left, "more answer", "more answers")}` : ""],
    ["Score", measured ? `${score.toFixed(2)}${metric ? ` ${metric}` : ""}${held > 0 ? `, on ${plural(held, "answer")} held out` : ""}` : ""],
    ["Accepted", typeof accepted === "number" ? `${Math.round(accepted * 100)} % of its suggestions` : ""],
    ["Order", order ?? ""],
    ["Usage", usage ?? ""],
  ] as [string, string][]).filter(([, words]) => words);
}

export function ModelChip({ shell }: { shell: Shell }): VNode | null {
  const model = shell.engine.model.value;
  const trouble = model?.error;
  useEffect(() => {
    if (trouble) shell.say(trouble);
  }, [trouble]);
  if (!model) return null;
  const state = model.state ?? "idle";
  const words = chipWords(model);
  return (
    <button
      type="button" class={`nbl-tool nbl-model nbl-model-${state}`} title={shell.hint("model")} aria-expanded={shell.modelling.value}
      aria-label={`Model ${model.name} ${words}`} data-testid="nbl-model" data-state={state} onClick={() => shell.run("model")}
    >
      <Icon name={state === "failed" ? "warning" : "spark"} size={14} />
      <span class="nbl-chip-name">{model.name}</span>
      {words ? <span>{words}</span> : null}
    </button>
  );
}

export function ModelPanel({ shell }: { shell: Shell }): VNode | null {
  const model = shell.engine.model.value;
  return model && shell.modelling.value ? <Panel shell={shell} model={model} /> : null;
}

function Panel({ shell, model }: { shell: Shell; model: ModelState }): VNode {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const { activeElement } = shell.root.getRootNode() as Document | ShadowRoot;
    element.current?.focus();
    // closing has left the keys with the labeler: back to what opened it
    return () => { if (shell.hasFocus()) (activeElement as HTMLElement | null)?.focus({ preventScroll: true }); };
  }, []);
  const { name, version, curve = [], metric, hint, error, detail } = model;
  const problem = { title: error ?? "", detail: detail ?? "" };
  return (
    <section ref={element} class="nbl-model-panel nbl-show" aria-label={`Model ${name}`} tabIndex={-1} data-testid="nbl-model-panel">
      <div class="nbl-side-head">
        <b class="nbl-title">{name} {version ? <span class="nbl-muted">version {version}</span> : null}</b>
        <Tool icon="close" shell={shell} action="model" title="Close" />
      </div>
      {error ? <div class="nbl-refusal"><Icon name="warning" /><ProblemText problem={problem} /><CopyButton shell={shell} text={problemText(problem)} /></div> : null}
      {curve.length > 1 ? <Curve points={curve} metric={metric || "score"} /> : null}
      <dl>{factsOf(model).map(([what, words]) => <div key={what}><dt>{what}</dt><dd>{words}</dd></div>)}</dl>
      {hint ? <p>{hint}</p> : null}
    </section>
  );
}

function Curve({ points, metric }: { points: readonly ModelPoint[]; metric: string }): VNode {
  const { low, high, sorted, places } = curveOf(points);
  const told = sorted.map(({ labels, score }) => `${score.toFixed(2)} after ${labels}`).join(", ");
  return (
    <svg class="nbl-curve" width={WIDTH + 28} height={HEIGHT + 18} role="img" aria-label={`Learning curve, ${metric} by answers: ${told}`}>
      <path class="nbl-curve-axes" d={`M28 ${PAD}h${WIDTH}M28 ${HEIGHT - PAD}h${WIDTH}`} />
      <g transform="translate(28 0)">
        <polyline points={places.join(" ")} />
        {places.map(([x, y], i) => <circle key={i} cx={x} cy={y} r="2.5" />)}
      </g>
      <text x="0" y={PAD + 4}>{high.toFixed(1)}</text>
      <text x="0" y={HEIGHT - PAD + 4}>{low.toFixed(1)}</text>
      <text x="28" y={HEIGHT + 14}>{sorted[0]?.labels.toLocaleString("en")}</text>
      <text x={WIDTH + 28} y={HEIGHT + 14} text-anchor="end">{plural(sorted.at(-1)?.labels ?? 0, "answer")}</text>
    </svg>
  );
}
