/** What is done to segments that are there. Every change is one event, however many segments it is about. */
import { batch } from "@preact/signals-core";
import type { Segment, Segments } from "../core/protocol";
import { groupOf } from "./marks";
import { meet, overlapWords } from "./making";
import type { AudioState } from "./state";
import { clamp } from "./time";
import type { LabelRef, Mark } from "./types";

const NONE = "Select a segment first";
export const LOCKED = "It is locked";
const TINY = 0.01; // seconds: a gap that nobody left on purpose

/** The same segment, now a person's: what a model scored is not what stands there any more. */
export function own(segment: Segment, change: Partial<Segment> = {}): Segment {
  const { score: _score, source: _source, ...kept } = segment;
  return { ...kept, ...change };
}

export class Edits {
  #clipboard: readonly Segment[] = [];

  constructor(readonly state: AudioState) {}

  /** What is selected; says why nothing is. */
  #chosen(least = 1, words = NONE): Mark[] | null {
    const chosen = this.state.chosen();
    if (chosen.length >= least) return chosen;
    this.state.refuse(words);
    return null;
  }

  /**
   * Puts changed and new segments at once; false, with a word why, if two of them would share time that must not.
   * `put` are new where their ids are.
   */
  put(put: readonly Segment[], { drop = [], merge }: { drop?: readonly string[]; merge?: string } = {}): boolean {
    const { state } = this;
    const going = new Set([...drop, ...put.map(({ id }) => id ?? "")]);
    const there = [...going].flatMap((id) => state.marks.get(id) ?? []);
    if (there.some(({ locked }) => locked)) {
      state.refuse(there.every(({ locked }) => locked) ? LOCKED : "Some of them are locked");
      return false;
    }
    const told = new Map<string, { start: number; end: number }[]>();
    for (const segment of put) {
      const field = state.fieldOf(segment);
      if (!field || field.overlap !== false) continue;
      const group = groupOf(field, segment.label ?? "", segment.channel ?? null);
      const hit = state.making.hit(field, group, segment.start, segment.end, going);
      const among = told.get(group) ?? [];
      if (hit || among.some((one) => meet(one, segment))) {
        state.refuse(hit ? overlapWords(field, hit) : "They would overlap each other");
        return false;
      }
      told.set(group, [...among, segment]);
    }
    state.seen(put);
    state.engine.edit(put, drop, merge === undefined ? {} : { merge });
    return true;
  }

  // ---- times ----------------------------------------------------------------------------------

  /** Gives one segment other times; those that make no sense are kept apart. False if it stays as it was. */
  times(mark: Mark, start: number, end: number, merge?: string): boolean {
    const { state } = this;
    const [from, to] = [state.at(Math.min(start, end)), state.at(Math.max(start, end))];
    if (from === to && mark.field.events === false) {
      state.refuse("A segment needs a length here");
      return false;
    }
    if (from === mark.start && to === mark.end) return false;
    const did = this.put([own(mark.segment, { start: from, end: to })], merge === undefined ? {} : { merge });
    const now = state.only();
    if (did && now) state.say(state.words(now));
    return did;
  }

  /** A dragged segment, as it was let go: its times, frequencies, and maybe its row. */
  drop(draft: Mark): boolean {
    const { start, end, low, high, label, channel } = draft;
    const { low: _low, high: _high, channel: _channel, ...rest } = own(draft.segment);
    const known = new Set(this.state.labelOf({ field: draft.field.name ?? "", label })?.attributes?.map(({ name }) => name));
    const attributes = label === (draft.segment.label ?? "") ? rest.attributes
      : Object.fromEntries(Object.entries(rest.attributes ?? {}).filter(([name]) => known.has(name)));
    return this.put([{
      ...rest, start, end, label, ...attributes && { attributes }, ...low !== null && { low }, ...high !== null && { high }, ...channel !== null && { channel },
    }]);
  }

  #row(by: 1 | -1): void {
    const { state } = this;
    if (state.selected.peek().length === 0) return state.pick(by);
    const [mark] = this.#chosen() ?? [];
    if (!mark) return;
    const rows = state.rows.peek().filter(({ field }) => field === mark.field);
    const to = rows[rows.findIndex(({ group }) => group === mark.group) + by];
    if (!to) return state.refuse("There is no other row of its kind");
    if (this.drop({ ...mark, label: to.label ?? mark.label, channel: mark.field.tiers === "channel" ? to.channel : mark.channel })) state.say(to.name);
  }

  #set(edge: "start" | "end"): void {
    const { state } = this;
    const chosen = this.#chosen();
    const { head } = state;
    const [mark] = chosen ?? [];
    if (!mark) return;
    if (chosen?.length !== 1) return state.refuse("Select one segment first");
    if (edge === "start" ? head > mark.end : head < mark.start) return state.refuse(`The play-head is ${edge === "start" ? "behind its end" : "before its start"}`);
    this.times(mark, edge === "start" ? head : mark.start, edge === "start" ? mark.end : head);
  }

  /** Moves what is selected as a whole; it stays in the recording. */
  shift(by: number): void {
    const { state } = this;
    const chosen = this.#chosen();
    const range = state.range();
    if (!chosen || !range) return;
    const within = clamp(by, -range[0], state.duration - range[1]);
    if (!this.put(chosen.map(({ segment, start, end }) => own(segment, { start: state.at(start + within), end: state.at(end + within) })), { merge: `shift ${chosen.map(({ id }) => id).join()}` })) return;
    const now = state.only();
    if (now) state.say(state.words(now));
    const moved = state.range();
    if (moved) state.viewport.reveal(...moved);
  }

  // ---- labels and texts -----------------------------------------------------------------------

  /** False if none of them can have this label. */
  relabel(chosen: readonly Mark[], ref: LabelRef): boolean {
    const { state } = this;
    const same = chosen.filter(({ segment, suggested }) => suggested && segment.label === ref.label && segment.field === ref.field);
    const field = state.fieldOf(ref);
    if (!field) return false;
    const known = new Set(state.labelOf(ref)?.attributes?.map(({ name }) => name));
    const changed = chosen.filter((one) => !same.includes(one)).map(({ segment }) => this.#suited(own(segment, {
      ...ref, attributes: Object.fromEntries(Object.entries(segment.attributes ?? {}).filter(([name]) => known.has(name))),
    }), field));
    if (this.put([...same.map(({ segment }) => segment), ...changed])) state.say(`${ref.label}.`);
    return true;
  }

  /** Without what another field does not ask for. */
  #suited(segment: Segment, field: Segments): Segment {
    const { low, high, channel, text, ...rest } = segment;
    return {
      ...rest, ...text && { text }, ...field.frequency && low != null && { low }, ...field.frequency && high != null && { high },
      ...channel != null && { channel },
    };
  }

  text(mark: Mark, text: string): void {
    if (text === mark.text) return;
    const { text: _text, ...rest } = own(mark.segment);
    this.state.fresh.value = false;
    this.put([text === "" ? rest : { ...rest, text }], { merge: `text:${mark.id}` });
  }

  // ---- suggestions ----------------------------------------------------------------------------

  /** Makes suggestions answers: one by one they must fit; of many those that fit, the surest first. */
  accept(ids?: readonly string[]): void {
    const { engine, marks } = this.state;
    const wanted = ids ? ids.flatMap((id) => marks.get(id) ?? []) : [...marks.suggested];
    const taken: Mark[] = [];
    let left: Mark | undefined;
    for (const one of wanted.sort((a, b) => (b.segment.score ?? 0) - (a.segment.score ?? 0))) {
      const hit = one.field.overlap === false
        ? this.state.making.hit(one.field, one.group, one.start, one.end) ?? taken.find((other) => other.group === one.group && meet(other, one)) : undefined;
      if (hit) left = hit;
      else taken.push(one);
    }
    // those of other fields are the shell's: texts and choices
    const others = ids ? ids.filter((id) => !marks.get(id)) : engine.suggestions.peek().flatMap(({ id = "" }) => marks.get(id) ? [] : [id]);
    const before = engine.suggestions.peek().length;
    batch(() => {
      if (taken.length + others.length > 0) engine.accept([...taken.map(({ id }) => id), ...others]);
    });
    const count = before - engine.suggestions.peek().length;
    const words = count === 0 ? "There is no suggestion to accept." : count === 1 ? "Accepted." : `${count} suggestions accepted.`;
    if (left) this.state.refuse(wanted.length === 1 ? overlapWords(left.field, left) : `${count} accepted; ${wanted.length - taken.length} would overlap what is there`);
    else this.state.say(words);
  }

  reject(ids: readonly string[]): void {
    this.state.engine.reject(ids);
    this.state.say(ids.length === 1 ? "Rejected." : `${ids.length} suggestions rejected.`);
  }

  /** Decides on the selected suggestions, or the first one, and goes on to the next; `seen` first shows it. */
  #decide(decide: (ids: readonly string[]) => void, seen: boolean): void {
    const { state } = this;
    const all = state.marks.suggested.filter(({ hidden }) => !hidden);
    const chosen = state.chosen().filter(({ suggested }) => suggested);
    const first = chosen[0] ?? all[0];
    const other = state.engine.suggestions.peek()[0]?.id;
    if (!first) {
      if (other !== undefined) decide([other]);
      else state.say("There is no suggestion here.");
      return;
    }
    if (seen && chosen.length === 0) return state.select([first.id], { reveal: true, seek: true });
    const gone = (chosen.length > 0 ? chosen : [first]).map(({ id }) => id);
    const at = all.indexOf(first);
    const next = [...all.slice(at + 1), ...all.slice(0, at)].find(({ id }) => !gone.includes(id));
    const before = state.engine.suggestions.peek().length;
    decide(gone);
    if (state.engine.suggestions.peek().length === before) return; // refused: it stays selected
    if (next) state.select([next.id], { reveal: true, seek: true });
    else state.choose([]);
  }

  // ---- deleting, copying, cutting -------------------------------------------------------------

  remove(ids: readonly string[]): void {
    const { state } = this;
    const marks = ids.flatMap((id) => state.marks.get(id) ?? []).filter(({ locked }) => !locked);
    if (marks.length === 0 && ids.length > 0) return state.refuse(LOCKED);
    const [suggested, made] = [true, false].map((which) => marks.filter((one) => one.suggested === which).map(({ id }) => id));
    if (suggested?.length) state.engine.reject(suggested);
    if (made?.length) state.engine.edit([], made);
    if (marks.length > 0) state.say(marks.length === 1 ? `${marks[0]?.label || "Segment"} deleted.` : `${marks.length} segments deleted.`);
  }

  #paste(segments: readonly Segment[], by: number): boolean {
    const { state } = this;
    const made = segments.flatMap((one) => {
      const [start, end] = [state.at(one.start + by), state.at(one.end + by)];
      const fits = state.fits({ field: one.field ?? "", label: one.label ?? "" }) && one.start + by < state.duration && (start < end || one.start === one.end);
      return fits ? [own(one, { start, end, id: state.engine.newId() })] : [];
    });
    if (made.length === 0) {
      state.refuse("There is no room to paste here");
      return false;
    }
    if (!this.put(made)) return false;
    state.select(made.map(({ id = "" }) => id), { reveal: true });
    return true;
  }

  /** Cuts at the play-head: the selected segment, or those that lie there. */
  #split(): void {
    const { state } = this;
    const { head } = state;
    const inside = (mark: Mark): boolean => !mark.suggested && mark.start < head && head < mark.end;
    const chosen = state.chosen().filter(inside);
    const cut = chosen.length > 0 ? chosen : state.marks.near.within(head, head).filter(inside);
    if (cut.length === 0) return state.refuse("The play-head is in no segment");
    const rest = cut.map(({ segment }) => {
      const { text: _text, ...later } = own(segment, { start: head, id: state.engine.newId() });
      return later;
    });
    if (!this.put([...cut.map(({ segment }) => own(segment, { end: head })), ...rest])) return;
    state.select(rest.map(({ id = "" }) => id));
    state.say("Split; a text stays with the first part.");
  }

  /** One segment of all that are selected, or of the selected one and the next in its row. */
  #merge(): void {
    const { state } = this;
    const chosen = this.#chosen()?.filter(({ suggested }) => !suggested).sort((a, b) => a.start - b.start || a.end - b.end);
    const [first] = chosen ?? [];
    if (!chosen || !first) return;
    const group = chosen.length > 1 ? chosen : state.marks.group(first.group).filter((one) => one === first || one.start >= first.start && one.id !== first.id).slice(0, 2);
    if (group.length < 2) return state.refuse("There is no segment behind it to merge it with");
    if (group.some((one) => one.group !== first.group)) return state.refuse("They are not of one row");
    const text = group.map((one) => one.text.trim()).filter(Boolean).join(" ");
    const lows = group.map(({ low }) => low);
    const highs = group.map(({ high }) => high);
    const { text: _text, low: _low, high: _high, ...rest } = own(first.segment, { end: Math.max(...group.map(({ end }) => end)) });
    const merged: Segment = {
      ...rest, ...text && { text }, ...lows.every((low) => low !== null) && { low: Math.min(...lows as number[]) },
      ...highs.every((high) => high !== null) && { high: Math.max(...highs as number[]) },
    };
    const gone = group.filter((one) => one !== first).map(({ id }) => id);
    if (this.put([merged], { drop: gone })) state.select([first.id]);
  }

  /** Closes the gaps between those selected; one alone grows to its neighbours. */
  #fill(): void {
    const { state } = this;
    const chosen = this.#chosen()?.filter(({ suggested }) => !suggested);
    if (!chosen || chosen.length === 0) return;
    const alone = chosen.length === 1;
    const ids = new Set(chosen.map(({ id }) => id));
    const grown = chosen.flatMap((mark) => {
      const beside = state.marks.group(mark.group, new Set([mark.id]));
      const before = beside.filter(({ end }) => end <= mark.start).reduce((most, { end }) => Math.max(most, end), 0);
      const behind = beside.filter(({ start, id }) => start >= mark.end && (alone || ids.has(id)));
      const end = behind.reduce((least, { start }) => Math.min(least, start), alone ? state.duration : Infinity);
      const start = alone ? before : mark.start;
      return Number.isFinite(end) && (start !== mark.start || end !== mark.end) ? [own(mark.segment, { start, end })] : [];
    });
    if (grown.length === 0) return state.say("There is no gap.");
    if (this.put(grown)) state.say(grown.length === 1 ? "Filled." : `${grown.length} gaps filled.`);
  }

  /** What no segment of the current label's field covers becomes segments of it. */
  #rest(): void {
    const { state } = this;
    const ref = state.current.peek() ?? state.refFor(state.fields.peek());
    const field = ref && state.fieldOf(ref);
    if (!ref || !field) return state.refuse("Pick a label first");
    const channels = field.tiers === "channel" ? [...Array(state.recording.peek()?.channels ?? 1).keys()] : [null];
    const made = channels.flatMap((channel) => {
      const gaps: Segment[] = [];
      let from = 0;
      const close = (to: number): void => {
        if (to - from < TINY) return;
        gaps.push({ kind: "segment", start: from, end: to, ...ref, id: state.engine.newId(), ...channel !== null && { channel } });
      };
      for (const one of state.marks.ordered) {
        if (one.field.name !== field.name || (channel !== null && one.channel !== null && one.channel !== channel) || one.start === one.end) continue;
        close(one.start);
        from = Math.max(from, one.end);
      }
      close(state.duration);
      return gaps;
    });
    if (made.length === 0) return state.say("There is no rest to label.");
    if (!this.put(made)) return;
    state.say(`${made.length === 1 ? "One segment" : `${made.length} segments`} of ${ref.label || "the rest"}.`);
  }

  // ---- looks ----------------------------------------------------------------------------------

  /** Hides or locks segments, or shows or frees them if all of them are so already. */
  toggle(which: "hidden" | "locked", ids: readonly string[]): void {
    const before = this.state[which];
    const on = !ids.every((id) => before.peek().has(id));
    const after = new Set(before.peek());
    for (const id of ids) after[on ? "add" : "delete"](id);
    before.value = after;
    this.state.say(which === "hidden" ? on ? "Hidden" : "Shown" : on ? "Locked" : "Unlocked");
  }

  /** What is selected, or all of the row that is chosen. */
  #meant(): readonly string[] {
    const { state } = this;
    const selected = state.selected.peek();
    const row = state.row.peek();
    const ids = selected.length > 0 || !row ? selected : state.marks.all.filter(({ group }) => group === row.group).map(({ id }) => id);
    if (ids.length === 0) state.refuse(row ? "There are no segments in this row" : "Select a segment first, or choose a row");
    return ids;
  }

  #look(which: "hidden" | "locked"): void {
    const ids = this.#meant();
    if (ids.length > 0) this.toggle(which, ids);
  }

  run(action: string): boolean {
    const run = this.#runs[action];
    return run?.() !== false && run !== undefined;
  }

  readonly #runs: Readonly<Record<string, () => unknown>> = {
    accept: () => this.#decide((ids) => this.accept(ids), false),
    reject: () => this.#decide((ids) => this.reject(ids), true),
    accept_all: () => this.accept(),
    set_start: () => this.#set("start"),
    set_end: () => this.#set("end"),
    earlier: () => this.shift(-0.01),
    later: () => this.shift(0.01),
    row_up: () => this.#row(-1),
    row_down: () => this.#row(1),
    split: () => this.#split(),
    merge: () => this.#merge(),
    fill: () => this.#fill(),
    rest: () => this.#rest(),
    delete: () => this.#chosen() && this.remove(this.state.selected.peek()),
    delete_all: () => this.remove(this.state.marks.ordered.map(({ id }) => id)),
    select_all: () => this.state.select(this.state.marks.ordered.filter(({ hidden }) => !hidden).map(({ id }) => id)),
    hide: () => this.#look("hidden"),
    lock: () => this.#look("locked"),
    solo: () => {
      const { solo } = this.state;
      const ids = solo.peek() ? [] : this.#meant();
      if (!solo.peek() && ids.length === 0) return;
      solo.value = solo.peek() ? null : new Set(ids);
      this.state.say(solo.peek() ? "Only these are shown" : "All are shown");
    },
    show_all: () => {
      const { state } = this;
      state.hidden.value = state.locked.value = new Set();
      state.solo.value = null;
      state.say("All are shown and unlocked");
    },
    duplicate: () => {
      const chosen = this.#chosen();
      const range = this.state.range();
      if (chosen && range) this.#paste(chosen.map(({ segment }) => segment), Math.max(range[1] - range[0], 0.1));
    },
    copy: () => {
      const chosen = this.state.chosen();
      if (chosen.length === 0) return false;
      this.#clipboard = chosen.map(({ segment }) => segment);
      this.state.say(chosen.length === 1 ? "Copied." : `${chosen.length} segments copied.`);
      return true;
    },
    paste: () => this.#clipboard.length > 0 && (this.#paste(this.#clipboard, this.state.head - Math.min(...this.#clipboard.map(({ start }) => start))), true),
  };
}
