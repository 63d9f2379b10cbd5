/** Suggestions decided by label and by how sure the model is. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";

interface SiftProps {
  readonly among: readonly { readonly id: string; readonly label: string; readonly score: number | null }[];
  readonly onAccept: (ids: readonly string[]) => void;
  readonly onReject: (ids: readonly string[]) => void;
}

export function Sift({ among, onAccept, onReject }: SiftProps): VNode | null {
  const least = useSignal(0.5);
  const label = useSignal("");
  const labels = [...new Set(among.map((one) => one.label))].sort();
  if (among.length < 2) return null;
  const scored = among.some(({ score }) => score !== null);
  const own = labels.includes(label.value) ? label.value : "";
  const of = among.filter((one) => own === "" || one.label === own);
  const sure = of.filter(({ score }) => !scored || (score ?? 1) >= least.value).map(({ id }) => id);
  const rest = of.map(({ id }) => id).filter((id) => !sure.includes(id));
  const doubtful = scored ? rest : sure;
  return (
    <div class="nbl-sift" data-testid="nbl-sift">
      {labels.length > 1 ? (
        <select class="nbl-input" aria-label="Suggestions with this label" value={own} onChange={(event) => { label.value = event.currentTarget.value; }}>
          <option value="">All labels</option>
          {labels.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      ) : null}
      {scored ? (
        <label class="nbl-option" title="Where acceptance begins">
          <input
            type="range" min="0" max="1" step="0.01" value={least.value} aria-label="Least score"
            onInput={(event) => { least.value = event.currentTarget.valueAsNumber; }}
          />
          <span class="nbl-amount">≥ {least.value.toFixed(2)}</span>
        </label>
      ) : null}
      <button type="button" class="nbl-button" disabled={sure.length === 0} data-testid="nbl-sift-accept" onClick={() => onAccept(sure)}>
        Accept {sure.length.toLocaleString("en")}
      </button>
      <button
        type="button" class="nbl-button" disabled={doubtful.length === 0} data-testid="nbl-sift-reject" onClick={() => onReject(doubtful)}
      >
        Reject {doubtful.length.toLocaleString("en")}{scored ? " below" : ""}
      </button>
    </div>
  );
}
