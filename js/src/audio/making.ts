/** How a stretch of time becomes a segment: with the label in hand, or with one that is asked for. */
import { batch } from "@preact/signals-core";
import type { AnyField, Label, Segment, Segments } from "../core/protocol";
import { titleOf } from "../shell/actions";
import { isSegments } from "./actions";
import { groupOf } from "./marks";
import type { AudioState } from "./state";
import type { LabelRef, Mark, Stretch } from "./types";

type Part = Omit<Stretch, "fields" | "asks">;

export class Making {
  constructor(readonly state: AudioState) {}

  label(field: AnyField, label: Label, clicked = false): void {
    const { state } = this;
    if (!isSegments(field)) return;
    const ref = { field: field.name ?? "", label: label.name };
    const stretch = state.stretch.peek();
    if (stretch) {
      if (!stretch.fields.includes(field)) return state.refuse(`${label.name} is no label for this`);
      this.put(stretch, ref);
      return;
    }
    const chosen = state.chosen();
    if (chosen.length > 0 && !state.fresh.peek() && state.edits.relabel(chosen, ref)) return;
    const current = state.current.peek();
    const same = current?.field === ref.field && current.label === ref.label;
    batch(() => {
      state.choose([]);
      state.current.value = same && clicked ? null : ref; // a key always picks
    });
    state.say(state.current.peek() ? `${ref.label} is the current label.` : `${ref.label} is no longer the current label.`);
  }

  /** Makes a segment of a stretch, or asks for its label. Says why if that cannot be. */
  make(part: Part, fields: readonly Segments[] = this.state.fields.peek()): boolean {
    const { state } = this;
    const possible = part.start === part.end ? fields.filter(({ events }) => events !== false) : fields;
    if (fields.length > 0 && possible.length === 0) {
      state.refuse("Events are not asked for: a segment needs a length");
      return false;
    }
    const ref = part.label != null ? { field: possible[0]?.name ?? "", label: part.label } : state.refFor(possible);
    if (ref) return this.put(part, ref);
    batch(() => {
      state.choose([]);
      state.begun.value = null;
      state.stretch.value = { ...part, fields: possible, asks: possible.length > 0 };
    });
    if (possible.length > 0) state.say("Choose its label.");
    return true;
  }

  put(part: Part, { field: name, label }: LabelRef): boolean {
    const { state } = this;
    const field = state.fieldOf({ field: name });
    if (!field) return false;
    const { start, end } = part;
    const channel = field.tiers === "channel" ? part.channel ?? (state.recording.peek()?.channels === 1 ? 0 : null) : null;
    const hit = this.hit(field, groupOf(field, label, channel), start, end);
    if (hit) {
      state.refuse(overlapWords(field, hit));
      return false;
    }
    if (start === end && field.events === false) {
      state.refuse("Events are not asked for: a segment needs a length");
      return false;
    }
    const made: Segment = { kind: "segment", start, end, label, field: name, id: state.engine.newId() };
    if (channel !== null) made.channel = channel;
    if (field.frequency && part.low !== null) made.low = part.low;
    if (field.frequency && part.high !== null) made.high = part.high;
    batch(() => {
      state.stretch.value = state.begun.value = null;
      state.seen([made]);
      state.engine.edit([made]);
      state.choose([made.id ?? ""], true);
    });
    const [mark] = state.chosen();
    if (mark) state.say(state.words(mark));
    return true;
  }

  /** What a segment must not lie over; undefined where that is allowed. */
  hit(field: Segments, group: string, start: number, end: number, except: ReadonlySet<string> = new Set()): Mark | undefined {
    if (field.overlap !== false) return undefined;
    return this.state.marks.whole.within(start, end).find((one) => !one.suggested && one.group === group && !except.has(one.id) && meet(one, { start, end }));
  }

  /** The free time around a moment, where segments must not overlap. */
  room(field: Segments, group: string, time: number, except: ReadonlySet<string> = new Set()): readonly [number, number] {
    let [low, high] = [0, this.state.duration];
    if (field.overlap === false) {
      for (const { start, end } of this.state.marks.group(group, except)) {
        if (end <= time) low = Math.max(low, end);
        else if (start >= time) high = Math.min(high, start);
      }
    }
    return [low, high];
  }
}

interface Time {
  readonly start: number;
  readonly end: number;
}

/** Whether two share time as the schema counts it: one that begins where the other ends does not. */
export function meet(a: Time, b: Time): boolean {
  const [first, then] = a.start < b.start || (a.start === b.start && a.end < b.end) ? [a, b] : [b, a];
  return then.start < first.end;
}

export function overlapWords(field: Segments, { label, start, end }: Mark): string {
  return `It would overlap ${label ? `“${label}”` : "the segment"} at ${start.toFixed(2)}–${end.toFixed(2)} s: those of “${titleOf(field)}” must not`;
}
