/** The segments of an item as they are drawn and found; what has not changed is kept from one edit to the next. */
import type { AnyAnnotation, Label, Schema, Segment, Segments } from "../core/protocol";
import { labelAction, labelsOf, titleOf } from "../shell/actions";
import { layoutLanes } from "../timeline/layout";
import { Near } from "../timeline/near";
import { isSegments } from "./actions";
import type { Mark, Row } from "./types";

const GREY = "#777777";
/** Of what needs no label. */
const PLAIN = "#1a66c2";

/** What tells the rows and the groups of one field apart: see `Segments.tier` in src/nblabel/schema.py. */
export function groupOf(field: Segments, label: string, channel: number | null): string {
  const part = field.tiers === "label" ? label : field.tiers === "channel" ? String(channel ?? "") : "";
  return `${field.name ?? ""}|${part}`;
}

export function channelName(channel: number, of: number): string {
  return of === 2 && channel < 2 ? ["Left", "Right"][channel] as string : `Channel ${channel + 1}`;
}

/** The rows that a schema asks for; one for segments of all channels only if there are such. */
export function rowsOf(schema: Schema, channels: number, mixed: (field: Segments) => boolean): Row[] {
  return schema.fields.filter(isSegments).flatMap((field) => {
    const labels = labelsOf(field);
    const row = (name: string, color: string, label: string | null, channel: number | null): Row => (
      { name, color, field, label, channel, group: groupOf(field, label ?? "", channel) }
    );
    const plain = labels.length === 0 ? PLAIN : labels.length === 1 ? labels[0]?.color ?? GREY : GREY;
    if (field.tiers === "label") return labels.map((label) => row(label.name, label.color ?? GREY, label.name, null));
    if (field.tiers !== "channel") return [row(titleOf(field), plain, null, null)];
    const own = Array.from({ length: channels }, (_, n) => row(channelName(n, channels), plain, null, n));
    return channels === 0 || mixed(field) ? [...own, row("All channels", plain, null, null)] : own;
  });
}

function inTime(a: Mark, b: Mark): number {
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1);
}

export interface Look {
  hidden(id: string): boolean;
  locked(id: string): boolean;
}

export class Marks {
  readonly near = new Near<Mark>();
  /** The hidden ones, too. */
  whole = this.near;
  /** Answers, in the order of time. */
  ordered: readonly Mark[] = [];
  suggested: readonly Mark[] = [];
  /** All of them, in the order of time. */
  all: readonly Mark[] = [];
  rows: readonly Row[] = [];
  /** How many answers have a label: by `labelAction`. */
  readonly counts = new Map<string, number>();
  #by = new Map<string, Mark>();

  get(id: string): Mark | undefined {
    return this.#by.get(id);
  }

  update(schema: Schema, channels: number, annotations: readonly AnyAnnotation[], suggestions: readonly AnyAnnotation[], look: Look): void {
    const mixed = (field: Segments): boolean => [annotations, suggestions].some((list) => list.some((one) => one.kind === "segment"
      && one.field === field.name && ((one.channel ?? null) === null || Number(one.channel) >= channels)));
    const rows = rowsOf(schema, channels, mixed);
    const fields = new Map<string, Segments>(schema.fields.filter(isSegments).map((field) => [field.name ?? "", field]));
    const labels = new Map<string, Label>();
    for (const field of fields.values()) for (const label of labelsOf(field)) labels.set(labelAction(field.name ?? "", label.name), label);
    const places = new Map(rows.map(({ group }, n) => [group, n]));
    const known = rows.length === this.rows.length && rows.every((row, n) => row.field === this.rows[n]?.field && row.group === this.rows[n]?.group);
    const derive = (segment: Segment, suggested: boolean): Mark | null => {
      const id = segment.id ?? "";
      const old = this.#by.get(id);
      const [hidden, locked] = [look.hidden(id), look.locked(id)];
      if (known && old?.segment === segment && old.suggested === suggested && old.hidden === hidden && old.locked === locked) return old;
      const field = fields.get(segment.field ?? "");
      if (!field) return null;
      const { start, end, label = "", text = "", channel = null, low = null, high = null } = segment;
      const group = groupOf(field, label, channel);
      const action = labelAction(field.name ?? "", label);
      const info = labels.get(action);
      const tier = places.get(group) ?? places.get(groupOf(field, label, null)) ?? rows.findIndex((row) => row.field === field);
      return {
        id, start, end, label, text, channel, low, high, segment, field, info, action, group, tier, suggested,
        color: info?.color ?? (labelsOf(field).length > 0 ? GREY : PLAIN), hidden, locked, lane: 0, lanes: 1,
      };
    };
    const taken: Mark[] = [];
    const take = (list: readonly AnyAnnotation[], suggested: boolean): void => {
      for (const one of list) {
        const mark = one.kind === "segment" ? derive(one, suggested) : null;
        if (mark) taken.push(mark);
      }
    };
    take(annotations, false);
    take(suggestions, true);
    const all = layoutLanes(taken.sort(inTime));
    this.rows = known ? this.rows : rows;
    this.all = all;
    this.ordered = all.filter(({ suggested }) => !suggested);
    this.suggested = all.filter(({ suggested }) => suggested);
    this.#by = new Map();
    this.counts.clear();
    for (const mark of all) {
      this.#by.set(mark.id, mark);
      if (!mark.suggested) this.counts.set(mark.action, (this.counts.get(mark.action) ?? 0) + 1);
    }
    this.near.load(all);
    this.whole = all.some(({ hidden }) => hidden) ? new Near(all, true) : this.near;
  }

  /** Answers of a group in the order of time, but some. */
  group(group: string, except: ReadonlySet<string> = new Set()): Mark[] {
    return this.ordered.filter((mark) => mark.group === group && !except.has(mark.id));
  }
}
