/**
 * One view's work on a recording: selection, current label, what is being marked, and what each action changes.
 *
 * Knows no DOM; what is drawn follows from its signals. Times are seconds of the decoded recording, on its frames.
 */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import type { AnyField, Label, Schema, Segment, Segments } from "../core/protocol";
import type { Scope } from "../core/scope";
import { type Actions, labelsOf } from "../shell/actions";
import type { ViewState } from "../shell/entry";
import { Peaks } from "../timeline/peaks";
import type { SpectrumLook } from "../timeline/spectra";
import type { Recording } from "../timeline/types";
import { TimeViewport } from "../timeline/viewport";
import { audioActions, isSegments } from "./actions";
import { Edits } from "./edits";
import { Keyboard } from "./keyboard";
import { Making } from "./making";
import { Marks } from "./marks";
import { Player } from "./player";
import { Snap } from "./snap";
import { clamp, clock, covers, length } from "./time";
import type { LabelRef, Mark, Row, Stretch } from "./types";

export class AudioState implements ViewState {
  readonly marks = new Marks();
  readonly viewport = new TimeViewport();
  readonly player: Player;
  readonly peaks: Peaks;
  readonly snap: Snap;
  readonly making: Making;
  readonly edits: Edits;
  readonly keyboard: Keyboard;
  /** While peaks are computed its length may turn out to be another one. */
  readonly recording: ReadonlySignal<Recording | null>;
  readonly actions: ReadonlySignal<Actions>;
  readonly fields: ReadonlySignal<readonly Segments[]>;
  readonly rows = signal<readonly Row[]>([]);
  readonly hint: ReadonlySignal<string>;
  /** Counts changes of the segments. */
  readonly version = signal(0);
  /** In the order in which they were selected. */
  readonly selected = signal<readonly string[]>([]);
  /** What is selected was just made: label keys are about the next one. */
  readonly fresh = signal(false);
  readonly hovered = signal<string | null>(null);
  readonly current = signal<LabelRef | null>(null);
  /** A stretch that is no segment yet. */
  readonly stretch = signal<Stretch | null>(null);
  /** Where a segment was begun by key. */
  readonly begun = signal<number | null>(null);
  /** A segment as it is while it is dragged. */
  readonly draft = signal<Mark | null>(null);
  /** Why the last step was not done; shown until the next one. */
  readonly refused = signal("");
  readonly hidden = signal<ReadonlySet<string>>(new Set());
  readonly locked = signal<ReadonlySet<string>>(new Set());
  readonly solo = signal<ReadonlySet<string> | null>(null);
  /** The row that was chosen for what keys make; its group. */
  readonly picked = signal("");
  readonly row: ReadonlySignal<Row | undefined>;
  /** Where the pointer is. */
  readonly pointer = signal<readonly [x: number, y: number] | null>(null);
  /** Fingers are used, not a mouse. */
  readonly touch = signal(false);
  readonly follow = signal(true);
  readonly amplitude = signal(1);
  readonly spectrogram = signal<SpectrumLook>({ on: false, window: 10, scale: "mel", low: -70, high: -10, bottom: 0, top: Infinity });
  say: (words: string) => void = () => undefined;
  keys: (action: string) => string = () => "";
  /** Opens what stands beside the selection for the keyboard. */
  attributes: () => void = () => undefined;
  /** Gives the keys back from a text. */
  leave: () => void = () => undefined;
  /** Puts the text of the selected segment under the keys. */
  write: () => void = () => undefined;
  #schema: Schema | null = null;
  #item = "";

  constructor(readonly engine: Engine, readonly scope: Scope) {
    this.player = new Player(engine, scope);
    this.peaks = new Peaks(engine, scope);
    this.recording = this.peaks.recording;
    this.actions = computed(() => audioActions(engine.schema.value, engine.options.value));
    this.fields = computed(() => engine.schema.value.fields.filter(isSegments));
    this.snap = new Snap(this);
    this.making = new Making(this);
    this.edits = new Edits(this);
    this.keyboard = new Keyboard(this);
    this.hint = computed(() => this.#hint());
    this.row = computed(() => {
      const current = this.current.value;
      // a label of another row leads there
      return this.rows.value.find(({ group, field, label }) => group === this.picked.value
        && (!current || (field.name === current.field && (label === null || label === current.label))));
    });
    scope.effect(() => this.peaks.show(engine.item.value));
    scope.effect(() => this.player.show(engine.item.value));
    scope.effect(() => this.#begin());
    scope.effect(() => this.#look());
    scope.effect(() => this.#follow());
  }

  // ---- following the engine -------------------------------------------------------------------

  /** One label, or none, needs no choosing. */
  #begin(): void {
    const schema = this.engine.schema.value;
    if (schema === this.#schema) return;
    this.#schema = schema;
    const current = this.current.peek();
    if (!current || !this.fits(current)) this.current.value = this.refFor(this.fields.peek());
  }

  /** As the recording is shown at first. */
  #look(): void {
    const { spectrogram, window, scale, range, follow, speed } = this.engine.options.value;
    const [low, high] = Array.isArray(range) ? range as unknown[] : [];
    const number = (given: unknown, usual: number): number => typeof given === "number" && Number.isFinite(given) ? given : usual;
    const before = this.spectrogram.peek();
    batch(() => {
      this.spectrogram.value = {
        ...before, on: spectrogram === true || (spectrogram !== false && this.fields.value.some(({ frequency }) => frequency)),
        window: number(window, before.window), scale: scale === "linear" ? "linear" : "mel", low: number(low, before.low), high: number(high, before.high),
      };
      this.follow.value = follow !== false;
      this.player.speed.value = clamp(number(speed, 1), 0.5, 2);
    });
  }

  #follow(): void {
    const { item, view, suggestions, schema } = this.engine;
    const recording = this.recording.value;
    const annotations = recording ? view.value.annotations : [];
    const offered = recording ? suggestions.value : [];
    const id = item.value?.id ?? "";
    const [hidden, locked, solo] = [this.hidden.value, this.locked.value, this.solo.value];
    batch(() => {
      if (id !== this.#item) {
        this.#item = id;
        this.#leave();
      }
      this.marks.update(schema.value, Math.min(recording?.channels ?? 1, 8), annotations, offered, {
        hidden: (one) => hidden.has(one) || (solo !== null && !solo.has(one)),
        locked: (one) => locked.has(one),
      });
      this.rows.value = this.marks.rows;
      this.version.value = this.version.peek() + 1;
      const selected = this.selected.peek();
      if (!selected.every((one) => this.marks.get(one))) this.choose(selected.filter((one) => this.marks.get(one)));
    });
  }

  /** Another item: nothing that was begun on the last one goes on. */
  #leave(): void {
    this.choose([]);
    this.solo.value = null;
    this.stretch.value = this.begun.value = this.draft.value = this.hovered.value = null;
  }

  // ---- looking --------------------------------------------------------------------------------

  get rate(): number {
    return this.recording.peek()?.rate ?? 1;
  }

  /** Seconds, as far as they are known. */
  get duration(): number {
    const recording = this.recording.peek();
    return recording ? recording.frames / recording.rate : 0;
  }

  /** Where the play-head is. */
  get head(): number {
    return this.at(this.player.position.peek());
  }

  /** The frame at a time, in seconds; inside the recording. */
  at(time: number): number {
    return clamp(Math.round(time * this.rate) / this.rate, 0, this.duration);
  }

  /** The segments selected that are there. */
  chosen(): Mark[] {
    void this.version.value;
    return this.selected.value.flatMap((id) => this.marks.get(id) ?? []);
  }

  /** The one segment that is selected, as it is while it is dragged. */
  only(): Mark | undefined {
    const chosen = this.chosen();
    const [one] = chosen;
    const draft = this.draft.value;
    return chosen.length === 1 && one ? draft?.id === one.id ? draft : one : undefined;
  }

  /** What is played and looked at as the selection. */
  range(): readonly [number, number] | null {
    const stretch = this.stretch.value;
    if (stretch) return [stretch.start, stretch.end];
    const chosen = this.chosen();
    if (chosen.length === 0) return null;
    return [Math.min(...chosen.map(({ start }) => start)), Math.max(...chosen.map(({ end }) => end))];
  }

  fieldOf(ref: { field?: string }): Segments | undefined {
    return this.fields.value.find((field) => field.name === ref.field);
  }

  labelOf(ref: { field?: string; label?: string }): Label | undefined {
    return this.fieldOf(ref)?.labels?.find((label) => label.name === ref.label);
  }

  /** Whether the schema has this label, or the field none. */
  fits(ref: LabelRef): boolean {
    const field = this.fieldOf(ref);
    return field !== undefined && (ref.label === "" ? labelsOf(field).length === 0 : this.labelOf(ref) !== undefined);
  }

  /** The label that a new segment of one of these fields gets, if that is clear. */
  refFor(fields: readonly Segments[]): LabelRef | null {
    const current = this.current.value;
    if (current && fields.some((field) => field.name === current.field)) return current;
    const [field] = fields;
    const labels = field ? labelsOf(field) : [];
    return field && fields.length === 1 && labels.length < 2 ? { field: field.name ?? "", label: labels[0]?.name ?? "" } : null;
  }

  words(mark: Mark): string {
    const { segment, suggested, start, end, label, text } = mark;
    const score = suggested ? `, suggested${typeof segment.score === "number" ? `, score ${segment.score.toFixed(2)}` : ""}` : "";
    const lasts = start === end ? ", event" : `, ${length(end - start)}`;
    return `${label ? `${label}: ` : ""}${covers(mark)}${lasts}${score}${text ? `, ${text}` : ""}`;
  }

  #hint(): string {
    if (!this.recording.value) return "";
    const { keys } = this;
    const begun = this.begun.value;
    if (this.draft.value) return this.touch.value ? "" : "Alt places it without snapping";
    if (this.stretch.value?.asks) return `Pick a label for it: its key, or a click · ${keys("escape")} drops it`;
    if (begun !== null) return `Begun at ${clock(begun)} · ${keys("end")} ends it at the play-head · ${keys("escape")} drops it`;
    if (this.fields.value.length === 0) {
      const writes = this.engine.schema.value.fields.some(({ kind }) => kind === "texts");
      return `${keys("play")} plays and pauses${writes ? ", and while you type Ctrl+Space" : ""} · drag to mark what ${keys("play_selection")} plays`;
    }
    const chosen = this.chosen();
    if (this.touch.value) return chosen.length === 0 ? "Hold, then drag, to mark a segment · two fingers zoom" : "Drag its edges, or the whole of it in its row";
    if (this.stretch.value) return `A label makes it a segment · ${keys("play_selection")} plays it`;
    if (chosen.length > 1) return `${keys("merge")} merges them · ${keys("delete")} deletes them`;
    if (chosen[0]?.locked) return `It is locked · ${keys("lock")} unlocks it · ${keys("play_selection")} plays it`;
    if (chosen[0]?.suggested) return `${keys("accept")} accepts it · ${keys("reject")} rejects it · ${keys("play_selection")} plays it`;
    if (chosen[0] && chosen[0].start === chosen[0].end) return `An event · ${keys("earlier")} ${keys("later")} move it · ${keys("delete")} deletes it`;
    if (chosen.length === 1) {
      const writes = chosen[0]?.field.transcript ? ` · ${keys("transcript")} writes its text` : "";
      return `${keys("play_selection")} plays it${writes} · drag its edges, or ${keys("set_start")} ${keys("set_end")} · ${keys("split")} splits it`;
    }
    const { row } = this;
    if (row.value) return `In row “${row.value.name}”: ${keys("start")} and ${keys("end")} mark at the play-head · ${keys("hide")} hides its segments, ${keys("lock")} locks them`;
    const boxes = this.spectrogram.value.on && this.fields.value.some(({ frequency }) => frequency) ? " · on the spectrogram, a box" : "";
    return `Drag to mark a segment${boxes} · ${keys("play")} plays · ${keys("start")} and ${keys("end")} mark at the play-head`;
  }

  /** Says why something is not done, also to those who see. */
  refuse(words: string): void {
    this.refused.value = words;
    this.say(words);
  }

  // ---- selecting ------------------------------------------------------------------------------

  /** Selects segments without a word; `fresh` if they were just made. */
  choose(ids: readonly string[], fresh = false): void {
    batch(() => {
      const before = this.selected.peek();
      if (ids.length !== before.length || ids.some((id, i) => id !== before[i])) this.selected.value = ids;
      this.fresh.value = fresh && ids.length > 0;
      this.refused.value = "";
      if (ids.length > 0) this.stretch.value = null;
    });
  }

  /** Selects segments or suggestions; `seek` takes the play-head to them. */
  select(ids: readonly string[], { reveal = false, fresh = false, seek = false } = {}): void {
    this.choose(ids, fresh);
    const [mark] = ids.map((id) => this.marks.get(id));
    if (!mark) return;
    if (reveal) this.viewport.reveal(mark.start, mark.end);
    if (seek) this.player.seek(mark.start);
    this.say(ids.length > 1 ? `${ids.length} segments selected` : this.words(mark));
  }

  toggle(id: string): void {
    const before = this.selected.peek();
    this.select(before.includes(id) ? before.filter((one) => one !== id) : [...before, id]);
  }

  /** The next segment in time, from the selected one or the play-head; false if there is none. */
  step(by: 1 | -1, fits: (mark: Mark) => boolean = () => true): boolean {
    const all = this.marks.all.filter((mark) => !mark.hidden && fits(mark));
    const last = this.selected.peek().at(-1);
    const at = all.findIndex(({ id }) => id === last);
    const { head } = this;
    const next = at >= 0 ? all[at + by]
      : by > 0 ? all.find(({ start }) => start >= head) ?? all[0] : all.filter(({ start }) => start <= head).at(-1) ?? all.at(-1);
    this.fresh.value = false; // who looks for one means what is selected
    if (next) this.select([next.id], { reveal: true, seek: true });
    else this.say(all.length === 0 ? "There are no segments yet." : by > 0 ? "That was the last segment." : "That was the first segment.");
    return next !== undefined;
  }

  /** Chooses the row that keys make segments in. */
  pick(by: 1 | -1): void {
    const rows = this.rows.peek();
    const at = rows.findIndex((row) => row === this.row.peek());
    const row = rows[at < 0 ? by > 0 ? 0 : rows.length - 1 : clamp(at + by, 0, rows.length - 1)];
    if (!row) return;
    batch(() => {
      this.current.value = row.label === null ? this.refFor([row.field]) : { field: row.field.name ?? "", label: row.label };
      this.picked.value = row.group;
    });
    this.say(`Row ${row.name}`);
  }

  /** What is made is seen, even if only some are shown. */
  seen(list: readonly Segment[]): void {
    const solo = this.solo.peek();
    if (solo) this.solo.value = new Set([...solo, ...list.map(({ id = "" }) => id)]);
  }

  // ---- listening ------------------------------------------------------------------------------

  /** Plays from the play-head, or pauses; a selection that loops is played again and again. */
  play(): void {
    if (!this.player.playing.peek()) this.viewport.reveal(this.head, this.head);
    const range = this.player.loop.peek() ? this.range() : null;
    if (this.player.playing.peek() || !range || range[0] === range[1]) this.player.toggle();
    else this.playRange(range, this.head);
  }

  /** From `from` where that is inside. */
  playRange([start, end]: readonly [number, number], from = start): void {
    this.player.play(from > start && from < end ? from : start, end);
  }

  playMark({ start, end }: { start: number; end: number }): void {
    if (start === end) this.player.play(Math.max(0, start - 0.5), Math.min(this.duration, end + 0.5));
    else this.player.play(start, end);
  }

  seek(to: number): void {
    const time = this.at(to);
    this.refused.value = "";
    this.player.seek(time);
    this.viewport.reveal(time, time);
  }

  // ---- the modality ---------------------------------------------------------------------------

  label(field: AnyField, label: Label, clicked = false): void {
    this.making.label(field, label, clicked);
  }

  first(action: string, event: KeyboardEvent | null): boolean {
    return this.keyboard.first(action, event);
  }

  typing(action: string | null, event: KeyboardEvent): boolean {
    return this.keyboard.typing(action, event);
  }

  escape(): boolean {
    return this.keyboard.escape();
  }

  run(action: string): boolean {
    return this.keyboard.run(action);
  }
}
