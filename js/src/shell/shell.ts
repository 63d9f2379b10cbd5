/** What one view of a labeler knows besides the engine's state: open panels, keys, the theme, what was said last. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Engine } from "../core/engine";
import { capture, Keymap } from "../core/keymap";
import type { AnyField, Choices, Label, Problem } from "../core/protocol";
import type { Scope } from "../core/scope";
import { followTheme, type Theme } from "../core/theme";
import { type Actions, COMMON, labelActions, MODEL, parseLabelAction } from "./actions";
import { advances, binaryField, isChoices, pick } from "./answers";
import { css, inkOn, parseRgb, readable, type Rgb, shades, type Shades } from "./colors";

/** What a labeler of one kind adds to the shell. */
export interface Modality {
  /** Its actions; those of the same name replace the common ones. */
  readonly actions: ReadonlySignal<Actions>;
  /** Runs one of its actions; false lets the key go on to the browser. */
  run(action: string): boolean;
  /** A key or click on a label of a field that is not the shell's own. */
  label(field: AnyField, label: Label): void;
  /** Steps out one level; false if there was none. */
  escape(): boolean;
  /** Takes a submit for itself (a mode that Enter confirms). */
  confirm?(): boolean;
  /** Takes any action before the shell does; `event` is null where no key stands behind it. */
  first?(action: string, event: KeyboardEvent | null): boolean;
  /** Takes a chord, Enter or Escape while a text is written. */
  typing?(action: string | null, event: KeyboardEvent): boolean;
}

/** What works while no item is shown. */
const WITHOUT_ITEM = new Set(["next", "previous", "undo", "redo", "jump", "search", "guidelines", "model"]);

const DARK: Rgb = [17, 17, 17];
const LIGHT: Rgb = [255, 255, 255];

export class Shell {
  /** What closes the menus that are open, the newest last. */
  readonly menus: (() => void)[] = [];
  readonly help = signal(false);
  readonly guidelines = signal(false);
  readonly filtering = signal(false);
  readonly searching = signal(false);
  readonly jumping = signal(false);
  readonly commenting = signal(false);
  readonly details = signal(false);
  readonly modelling = signal(false);
  /** Why the last submit was refused. */
  readonly refusal = signal<Problem | null>(null);
  /** All is done, and the person has not gone back to an item since. */
  readonly resting = signal(false);
  /** For screen readers. */
  readonly spoken = signal("");
  readonly theme: ReadonlySignal<Theme>;
  readonly background = signal<Rgb>(LIGHT);
  readonly actions: ReadonlySignal<Actions>;
  readonly keymap: ReadonlySignal<Keymap>;
  readonly binary: ReadonlySignal<Choices | null>;
  readonly advances: ReadonlySignal<boolean>;
  /** Where keys go when nothing else has the focus. */
  focusTarget: HTMLElement;
  /** Several views may stand in one page: ids must differ. */
  readonly #prefix = `nbl-${Math.random().toString(36).slice(2, 8)}`;
  readonly #shades = new Map<string, Shades>();
  #modality: Modality | null = null;
  #saying = 0;

  constructor(readonly engine: Engine, readonly root: HTMLElement, readonly scope: Scope, modality: ReadonlySignal<Actions>) {
    this.focusTarget = root;
    this.theme = followTheme(scope, root);
    this.binary = computed(() => binaryField(engine.schema.value, engine.options.value));
    this.advances = computed(() => advances(engine.schema.value, engine.options.value));
    const suggests = computed(() => engine.model.value !== null);
    this.actions = computed(() => ({ ...COMMON, ...suggests.value && MODEL, ...this.#binaryActions(), ...modality.value, ...labelActions(engine.schema.value) }));
    this.keymap = computed(() => new Keymap(this.actions.value, engine.keys.value));
    capture(scope, root, (event, editing) => this.#key(event, editing));
    scope.effect(() => this.#paint(this.theme.value));
    scope.listen(root, "mousedown", (event) => this.#keepFocus(event));
    let focused: Element | null = null;
    scope.listen(root, "focusin", (event) => { focused = event.composedPath()[0] as Element; });
    scope.listen(root, "focusout", () => queueMicrotask(() => { if (focused?.isConnected) focused = null; }));
    // a button that goes with what it did takes the focus, and so the keys, out of the labeler
    scope.mutation(root, { childList: true, subtree: true }, () => {
      if (focused && !focused.isConnected) this.focus();
    });
    this.#announce();
    scope.effect(() => {
      const done = engine.finished.value;
      this.resting.value = done;
      if (done) this.say("All items are answered.");
    });
  }

  attach(modality: Modality): void {
    this.#modality = modality;
  }

  #binaryActions(): Actions {
    const field = this.binary.value;
    if (!field) return {};
    const [yes, no] = field.labels as [Label, Label];
    return {
      accept: { words: `${yes.name}, and go on`, keys: ["a"], group: "This item" },
      reject: { words: `${no.name}, and go on`, keys: ["x"], group: "This item" },
    };
  }

  // ---- theme ----------------------------------------------------------------------------------

  #paint(theme: Theme): void {
    this.root.dataset["nblTheme"] = theme;
    const style = getComputedStyle(this.root);
    const background = parseRgb(style.backgroundColor) ?? (theme === "dark" ? DARK : LIGHT);
    this.#shades.clear();
    // The host's accent may be any colour: what stands on it, and what is written in it, is chosen to be readable.
    const probe = document.createElement("i");
    probe.className = "nbl-probe";
    this.root.append(probe);
    const accent = parseRgb(getComputedStyle(probe).color) ?? [25, 118, 210];
    probe.remove();
    this.root.style.setProperty("--nbl-on-accent", css(inkOn(accent)));
    this.root.style.setProperty("--nbl-accent-ink", css(readable(accent, [background], 5.4)));
    this.root.style.setProperty("--nbl-accent-line", css(readable(accent, [background], 3)));
    this.background.value = background;
  }

  shades(color: string | undefined): Shades {
    const background = this.background.value;
    const key = `${color ?? ""}|${background.join()}`;
    let found = this.#shades.get(key);
    if (!found) {
      found = shades(color, background);
      this.#shades.set(key, found);
    }
    return found;
  }

  /** An element id of this view. */
  id(name: string): string {
    return `${this.#prefix}-${name.replace(/[^\w-]/g, (one) => `_${one.codePointAt(0) ?? 0}`)}`;
  }

  // ---- speaking -------------------------------------------------------------------------------

  /** Says something to screen readers; the same words twice are said twice. */
  say(words: string): void {
    this.#saying += 1;
    this.spoken.value = this.#saying % 2 === 0 ? words : `${words}\u00a0`;
  }

  #announce(): void {
    const { engine, scope } = this;
    let item: string | undefined;
    scope.effect(() => {
      const now = engine.item.value;
      if (now?.id === item) return;
      const first = item === undefined;
      item = now?.id;
      this.refusal.value = null;
      this.commenting.value = false;
      if (first || !now) return;
      const status = engine.view.peek().status;
      this.say(`Item ${engine.index.peek() + 1} of ${engine.total.peek()}${status === "pending" ? "" : `, ${status}`}.`);
    });
    // Saves come in bursts: only what lasts is told.
    let told = engine.save.peek().words;
    let waiting = scope.child();
    scope.effect(() => {
      const { words } = engine.save.value;
      waiting.dispose();
      waiting = scope.child();
      if (words === told) return;
      waiting.timeout(() => {
        told = words;
        this.say(words);
      }, 1500);
    });
  }

  // ---- focus ----------------------------------------------------------------------------------

  focus(): void {
    const target = this.focusTarget;
    (target.isConnected && target.offsetParent !== null ? target : this.root).focus({ preventScroll: true });
  }

  hasFocus(): boolean {
    const { activeElement } = this.root.getRootNode() as Document | ShadowRoot;
    return activeElement !== null && this.root.contains(activeElement);
  }

  /** A click on a button leaves the keys with the labeler. */
  #keepFocus(event: MouseEvent): void {
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || target.closest("input, textarea, select, option, a, label")) return;
    if (!target.closest("button, [role=button], [role=radio], [role=checkbox]")) return;
    event.preventDefault();
    this.focus();
  }

  // ---- keys -----------------------------------------------------------------------------------

  #key(event: KeyboardEvent, editing: boolean): boolean {
    const action = this.keymap.value.match(event);
    const target = event.composedPath()[0];
    if (editing) {
      if (this.#modality?.typing?.(action, event)) return true;
      if (action === "escape") {
        if (!this.#closePanels()) this.focus();
        return true;
      }
      if (action === "submit" && (event.ctrlKey || event.metaKey)) return this.run("submit", event);
      return false;
    }
    if (target instanceof Element && this.#rove(event, target)) return true;
    // these keys work the control, however it got the focus
    if (target instanceof Element && target.matches("select, [type=checkbox]") && /^(Arrow|Home|End| $)/.test(event.key)) return false;
    if (action === "escape" && target !== this.focusTarget && target !== this.root) {
      if (!this.#closePanels()) this.focus();
      return true;
    }
    return action !== null && this.run(action, event);
  }

  /** Arrows inside a group of options move the focus; in a tree they also open and close. */
  #rove(event: KeyboardEvent, target: Element): boolean {
    const group = target.closest("[data-roving]");
    if (!group || event.ctrlKey || event.metaKey || event.altKey) return false;
    const all = [...group.querySelectorAll<HTMLElement>("[data-rove]")];
    const at = all.indexOf(target as HTMLElement);
    if (at < 0) return false;
    const open = target.getAttribute("data-expanded");
    if ((event.key === "ArrowRight" && open === "false") || (event.key === "ArrowLeft" && open === "true")) {
      target.parentElement?.querySelector<HTMLElement>("[data-toggle]")?.click();
      return true;
    }
    const to: Record<string, number> = {
      ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1,
    };
    const next = to[event.key];
    if (next === undefined) return false;
    all[Math.max(0, Math.min(next, all.length - 1))]?.focus();
    return true;
  }

  /** Closes what lies over the item; false if nothing did. */
  #closePanels(): boolean {
    const menu = this.menus.at(-1);
    if (menu) {
      menu();
      this.focus();
      return true;
    }
    for (const panel of [this.help, this.jumping, this.searching, this.modelling]) {
      if (!panel.value) continue;
      panel.value = false;
      this.focus();
      return true;
    }
    return false;
  }

  /** Gives the keyboard to what the labeler stands in: to the notebook's cell, where there is one. */
  #leave(): void {
    for (let node: Node | null = this.root; node !== null; ) {
      node = node.parentNode ?? (node instanceof ShadowRoot ? node.host : null);
      if (!(node instanceof HTMLElement) || !node.hasAttribute("tabindex")) continue;
      node.focus({ preventScroll: true });
      return;
    }
  }

  /** Runs an action by name; false if it means nothing now. */
  run(action: string, event: KeyboardEvent | null = null): boolean {
    const { engine } = this;
    if (action === "escape") {
      if (this.#closePanels() || this.#modality?.escape()) return true;
      if (this.refusal.value) {
        this.refusal.value = null;
        return true;
      }
      if (event !== null) this.#leave();
      return false;
    }
    if (action === "help") {
      this.help.value = !this.help.value;
      return true;
    }
    if (this.help.value || !engine.ready.value) return !event || event.key.length === 1;
    // what is not shown must not be answered
    if (this.resting.value && !WITHOUT_ITEM.has(action)) return true;
    if (this.#modality?.first?.(action, event)) return true;
    const binary = this.binary.value;
    switch (action) {
      case "submit": if (!this.#modality?.confirm?.()) this.submit(); return true;
      case "skip": return this.#go(() => engine.skip(), "Skipped.");
      case "discard": return this.#go(() => engine.discard(), "Discarded.");
      case "flag": return this.flag();
      case "comment": this.commenting.value = event !== null || !this.commenting.value; return true;
      case "undo": return this.undo();
      case "redo": return this.redo();
      case "next": return this.#go(() => engine.next());
      case "previous": return this.#go(() => engine.previous());
      case "jump": this.jumping.value = true; return true;
      case "search": this.searching.value = true; return true;
      case "guidelines": this.guidelines.value = !this.guidelines.value; return true;
      case "model": this.modelling.value = !this.modelling.value; return true;
      case "accept": case "reject":
        if (binary) return this.answer(binary, (binary.labels[action === "accept" ? 0 : 1] as Label).name, true);
    }
    const label = parseLabelAction(action, engine.schema.value);
    if (label) {
      if (isChoices(label.field)) this.answer(label.field, label.label.name);
      else this.#modality?.label(label.field, label.label);
      return true;
    }
    return this.#modality?.run(action) ?? false;
  }

  // ---- what the buttons do --------------------------------------------------------------------

  #go(move: () => void, words = ""): boolean {
    this.resting.value = false;
    move();
    if (words) this.say(words);
    return true;
  }

  submit(): void {
    const problem = this.engine.submit();
    this.refusal.value = problem;
    if (problem) this.say(`Not submitted. ${problem.title} ${problem.hint ?? ""}`);
  }

  /** Picks a label of a choice; where that is the whole answer, goes on. */
  answer(field: Choices, label: string, advance = this.advances.value): boolean {
    const did = pick(this.engine, field, label, advance);
    this.say(did === "dropped" ? `${label} taken back.` : `${label}.`);
    this.refusal.value = null;
    if (advance) this.submit();
    return true;
  }

  flag(): boolean {
    const on = !this.engine.view.value.flagged;
    this.engine.flag(on);
    this.say(on ? "Flagged." : "Flag taken off.");
    return true;
  }

  undo(): boolean {
    if (!this.engine.canUndo.value) return true;
    return this.#go(() => this.engine.undo(), "Undone.");
  }

  redo(): boolean {
    if (!this.engine.canRedo.value) return true;
    return this.#go(() => this.engine.redo(), "Redone.");
  }

  goto(index: number): void {
    this.#go(() => this.engine.goto(Math.max(0, Math.min(index, this.engine.total.value - 1))));
  }

  async find(change: Partial<ReturnType<Engine["filter"]["peek"]>>): Promise<void> {
    this.resting.value = false;
    await this.engine.find({ ...this.engine.filter.value, ...change });
  }

  /** The keys of an action as people read them. */
  keys(action: string): string {
    return this.keymap.value.chords(action)[0] ?? "";
  }

  /** For a tooltip: what it does and its keys. */
  hint(action: string, words?: string): string {
    const chords = this.keymap.value.chords(action).join(", ");
    const what = words ?? this.actions.value[action]?.words ?? "";
    return chords ? `${what} (${chords})` : what;
  }
}
