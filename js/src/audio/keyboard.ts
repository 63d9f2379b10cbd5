/** What keys do with a recording: listening, marking at the play-head, writing with the player at hand. */
import { TYPING } from "./actions";
import { LOCKED } from "./edits";
import type { AudioState } from "./state";
import { clamp, clock } from "./time";

const STEPS: Readonly<Record<string, number>> = { "": 1, far_: 5, fine_: 0.01 };
export const SPEEDS: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2];

export class Keyboard {
  constructor(readonly state: AudioState) {}

  first(action: string, event: KeyboardEvent | null): boolean {
    const { state } = this;
    state.refused.value = "";
    if (action === "submit" && state.stretch.peek()?.asks) {
      state.refuse("Choose its label first");
      return true;
    }
    if (action === "submit" && event && state.begun.peek() !== null) return this.run("end");
    if (action === "undo" && (state.stretch.peek() ?? state.begun.peek()) !== null) return this.escape();
    return false;
  }

  /** While a text is written: the player's chords, and Enter in a segment's text; all else writes. */
  typing(action: string | null, event: KeyboardEvent): boolean {
    const { state } = this;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const area = (event.composedPath()[0] as Element | undefined)?.closest("[data-transcript]");
    if (action !== null && TYPING.has(action) && !plain) {
      // who writes goes from text to text
      if (area && action.endsWith("segment")) state.step(action === "next_segment" ? 1 : -1, ({ field }) => Boolean(field.transcript));
      else return this.run(action);
      return true;
    }
    if (!area || event.key !== "Enter" || !plain || event.shiftKey) return false;
    const [written] = state.chosen();
    if (written && !this.#next()) {
      state.player.pause();
      state.leave(); // the keys are the labeler's again: Enter submits
    }
    // what a model wrote and a person leaves as it is, is right
    if (written?.suggested) state.edits.accept([written.id]);
    state.engine.flush();
    return true;
  }

  /** Goes to the next text, and plays what it is about. */
  #next(): boolean {
    const { state } = this;
    if (!state.step(1, ({ field }) => Boolean(field.transcript))) return false;
    const now = state.only();
    if (now) state.playMark(now);
    return true;
  }

  escape(): boolean {
    const { state } = this;
    if (state.stretch.peek()) state.stretch.value = null;
    else if (state.begun.peek() !== null) state.begun.value = null;
    else if (state.selected.peek().length > 0) state.choose([]);
    else if (state.row.peek()) state.picked.value = "";
    else return false;
    return true;
  }

  run(action: string): boolean {
    const { state } = this;
    state.refused.value = "";
    if (!(action in state.actions.peek())) return false;
    const [, size = "", way] = /^(far_|fine_)?(left|right)$/.exec(action) ?? [];
    const run = this.#runs[action];
    if (way) this.#go(state.head + (way === "left" ? -1 : 1) * (STEPS[size] ?? 1));
    else if (run) run();
    else return state.edits.run(action);
    return true;
  }

  #go(to: number): void {
    const { state } = this;
    state.seek(to);
    if (!state.player.playing.peek()) state.say(clock(state.head));
  }

  #end(): void {
    const { state } = this;
    const from = state.begun.peek();
    if (from === null) return state.refuse(`Begin it first: ${state.keys("start")}`);
    const { head } = state;
    if (from === head) return state.refuse("The play-head has not moved since");
    if (this.#make(Math.min(from, head), Math.max(from, head))) state.begun.value = null;
  }

  /** In the row that was chosen, else in the selected segment's channel. */
  #make(start: number, end: number): boolean {
    const { state } = this;
    const row = state.row.peek();
    const channel = row ? row.channel : state.only()?.channel ?? null;
    return state.making.make({ start, end, channel, low: null, high: null, label: row?.label ?? null }, row && [row.field]);
  }

  #edge(by: 1 | -1): void {
    const { state } = this;
    const { head } = state;
    const past = (time: number): boolean => (time - head) * by > 0.5 / state.rate;
    let found = by > 0 ? state.duration : 0;
    for (const { start, end } of state.marks.ordered) {
      for (const time of [start, end]) if (past(time) && (found - time) * by > 0) found = time;
    }
    this.#go(found);
  }

  speed(by: 1 | -1): void {
    const { speed } = this.state.player;
    const now = speed.peek();
    speed.value = (by > 0 ? SPEEDS.find((one) => one > now + 1e-6) : SPEEDS.filter((one) => one < now - 1e-6).at(-1)) ?? now;
    this.state.say(`Speed ${speed.peek()}`);
  }

  /** About the play-head if it is in sight, else the middle. */
  zoom(factor: number): void {
    const { viewport } = this.state;
    const width = viewport.width.peek();
    const x = viewport.x(this.state.head);
    viewport.zoomAt(x >= 0 && x <= width ? x : width / 2, factor);
  }

  #higher(factor: number): void {
    const { amplitude } = this.state;
    amplitude.value = clamp(amplitude.peek() * factor, 0.25, 64);
    this.state.say(`Waves × ${amplitude.peek()}`);
  }

  readonly #runs: Readonly<Record<string, () => void>> = {
    play: () => this.state.play(),
    play_selection: () => {
      const { state } = this;
      const range = state.range();
      if (range) state.playMark({ start: range[0], end: range[1] });
      else state.playMark({ start: Math.max(0, state.viewport.visible.peek()[0]), end: Math.min(state.duration, state.viewport.visible.peek()[1]) });
    },
    back: () => this.#go(this.state.head - 1),
    first: () => this.#go(0),
    last: () => this.#go(this.state.duration),
    edge_left: () => this.#edge(-1),
    edge_right: () => this.#edge(1),
    loop: () => {
      const { loop } = this.state.player;
      loop.value = !loop.peek();
      this.state.say(loop.peek() ? "Loops" : "Plays once");
    },
    slower: () => this.speed(-1),
    faster: () => this.speed(1),
    start: () => {
      const { state } = this;
      state.choose([]);
      state.stretch.value = null;
      state.begun.value = state.head;
      state.say(`Begun at ${clock(state.head)}`);
    },
    end: () => this.#end(),
    event: () => {
      const { head } = this.state;
      this.#make(head, head);
    },
    next_segment: () => void this.state.step(1),
    previous_segment: () => void this.state.step(-1),
    snap: () => this.state.snap.toggle(),
    attributes: () => {
      const { state } = this;
      if (state.chosen().length === 0) return state.refuse("Select a segment first");
      state.fresh.value = false;
      state.attributes();
    },
    transcript: () => {
      const { state } = this;
      const writes = state.fields.peek().some((field) => field.transcript);
      if (writes && !state.only()?.field.transcript && !state.step(1, ({ field }) => Boolean(field.transcript))) return;
      if (state.only()?.locked) return state.refuse(LOCKED);
      state.fresh.value = false;
      state.write();
    },
    zoom_in: () => this.zoom(1.5),
    zoom_out: () => this.zoom(1 / 1.5),
    fit: () => this.state.viewport.fit(),
    zoom_selection: () => {
      const range = this.state.range();
      if (!range) return this.state.refuse("Select a segment first");
      const around = Math.max((range[1] - range[0]) * 0.08, 20 / this.state.rate);
      this.state.viewport.show(Math.max(0, range[0] - around), Math.min(this.state.duration, range[1] + around));
    },
    page_left: () => this.state.viewport.panBy(-0.8 * this.state.viewport.width.peek()),
    page_right: () => this.state.viewport.panBy(0.8 * this.state.viewport.width.peek()),
    louder: () => this.#higher(1.5),
    quieter: () => this.#higher(1 / 1.5),
    follow: () => {
      const { follow } = this.state;
      follow.value = !follow.peek();
      this.state.say(follow.peek() ? "Follows the play-head" : "Stays");
    },
    spectrogram: () => {
      const { spectrogram } = this.state;
      spectrogram.value = { ...spectrogram.peek(), on: !spectrogram.peek().on };
    },
  };
}
