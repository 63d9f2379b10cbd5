/** Responses as the fold of events: the same as `apply_event` and `fold_undo` in src/nblabel/records.py. */
import type { AnyAnnotation, Event, Patch, WireResponse } from "./protocol";

export type Status = NonNullable<WireResponse["status"]>;

/** What a response says, with defaults filled in. */
export interface View {
  readonly status: Status;
  readonly annotations: readonly AnyAnnotation[];
  readonly flagged: boolean;
  readonly comment: string;
  /** The source whose suggestions were taken in bulk; empty for what a person says. */
  readonly model: string;
}

export const EMPTY: View = { status: "pending", annotations: [], flagged: false, comment: "", model: "" };

/** Fields that the wire leaves out where they have these values. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  id: "", field: "", attributes: {}, score: null, source: "human", label: "", rotation: 0, holes: [], closed: true,
  text: "", channel: null, low: null, high: null, yaw: 0, outside: false, occluded: false, z: 0, group: "",
};

function plain(value: unknown, top: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(one, true));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    .filter(([name, one]) => !(top && Object.hasOwn(DEFAULTS, name) && JSON.stringify(one) === JSON.stringify(DEFAULTS[name])))
    .map(([name, one]) => [name, plain(one, name !== "attributes")] as const);
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(kept);
}

/** Whether two annotations say the same, whichever defaults are written out. */
export function sameAnnotation(a: AnyAnnotation, b: AnyAnnotation): boolean {
  return a === b || JSON.stringify(plain(a, true)) === JSON.stringify(plain(b, true));
}

const idOf = (annotation: AnyAnnotation): string => annotation.id ?? "";

export function viewOf(response: WireResponse | undefined): View {
  return {
    status: response?.status ?? "pending",
    annotations: response?.annotations ?? [],
    flagged: response?.flagged ?? false,
    comment: response?.comment ?? "",
    model: response?.model ?? "",
  };
}

/** Whoever changes annotations or status without naming a model is a person. */
function modelAfter(before: string, patch: Patch | undefined): string {
  const touched = (patch?.put?.length ?? 0) > 0 || (patch?.drop?.length ?? 0) > 0 || patch?.status != null;
  return patch?.model ?? (touched ? "" : before);
}

/** The response after a patch, and the patch that takes it back. */
export function applyPatch(before: View, patch: Patch | undefined): { after: View; inverse: Patch } {
  const put = patch?.put ?? [];
  const drop = patch?.drop ?? [];
  const touched = put.length > 0 || drop.length > 0;
  const inverse: Patch = {};
  let annotations = before.annotations;
  if (touched) {
    const held = new Map(before.annotations.map((one) => [idOf(one), one]));
    const dropped = new Set(drop);
    const back: AnyAnnotation[] = [];
    for (const id of drop) {
      const old = held.get(id);
      if (old !== undefined) back.push(old);
    }
    for (const one of put) {
      const old = held.get(idOf(one));
      if (old !== undefined && !dropped.has(idOf(one)) && !sameAnnotation(old, one)) back.push(old);
    }
    const gone = put.map(idOf).filter((id) => !held.has(id));
    for (const id of drop) held.delete(id);
    for (const one of put) held.set(idOf(one), one);
    annotations = [...held.values()];
    if (back.length > 0) inverse.put = back;
    if (gone.length > 0) inverse.drop = gone;
  }
  const status = patch?.status ?? (touched ? "draft" : before.status);
  const flagged = patch?.flagged ?? before.flagged;
  const comment = patch?.comment ?? before.comment;
  // annotations alone would make a draft of it again
  const touches = inverse.put !== undefined || inverse.drop !== undefined;
  if (status !== before.status || (before.status !== "draft" && touches)) inverse.status = before.status;
  if (flagged !== before.flagged) inverse.flagged = before.flagged;
  if (comment !== before.comment) inverse.comment = before.comment;
  const model = modelAfter(before.model, patch);
  if (modelAfter(model, inverse) !== before.model) inverse.model = before.model;
  return { after: { status, annotations, flagged, comment, model }, inverse };
}

/** One patch that does what `first` and then `second` do. */
export function mergePatches(first: Patch, second: Patch): Patch {
  const merged: Patch = { ...first };
  if (second.status != null) merged.status = second.status;
  if (second.flagged != null) merged.flagged = second.flagged;
  if (second.comment != null) merged.comment = second.comment;
  if (second.model != null) merged.model = second.model;
  else if (first.model != null) merged.model = modelAfter(first.model, second);
  const drop = [...new Set([...(first.drop ?? []), ...(second.drop ?? [])])];
  const again = new Set(second.drop ?? []);
  const put = new Map((first.put ?? []).filter((one) => !again.has(idOf(one))).map((one) => [idOf(one), one]));
  for (const one of second.put ?? []) put.set(idOf(one), one);
  delete merged.put;
  delete merged.drop;
  if (put.size > 0) merged.put = [...put.values()];
  if (drop.length > 0) merged.drop = drop;
  return merged;
}

/** The events that can be undone and redone, newest last, from one annotator's log in order. */
export function foldUndo(events: Iterable<Event>): { done: Event[]; undone: Event[] } {
  let done: Event[] = [];
  let undone: Event[] = [];
  for (const event of events) {
    const ref = event.ref ?? "";
    if (event.action === "undo") {
      undone.push(...done.filter((one) => one.id === ref));
      done = done.filter((one) => one.id !== ref);
    } else if (event.action === "redo") {
      done.push(...undone.filter((one) => one.id === ref));
      undone = undone.filter((one) => one.id !== ref);
    } else if (event.action !== "import") {
      done.push(event);
      undone = [];
    }
  }
  return { done, undone };
}
