/** The state of one labeler in the page. The views talk to nothing else. */
import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { AnyModel } from "./model";
import type {
  AnyAnnotation, Filter, Problem, Progress, Schema, WireItem, WireResponse,
} from "./protocol";
import type { Scope } from "./scope";

export type Status = NonNullable<WireResponse["status"]>;
export type SaveKind = "saved" | "unsaved" | "busy" | "gone" | "error";

export interface Save {
  readonly kind: SaveKind;
  readonly unsaved: number;
  readonly words: string;
  readonly problem: Problem | null;
}

export interface View {
  readonly status: Status;
  readonly annotations: readonly AnyAnnotation[];
  readonly flagged: boolean;
  readonly comment: string;
}

const EMPTY: View = { status: "pending", annotations: [], flagged: false, comment: "" };

export class Engine {
  readonly ready: ReadonlySignal<boolean> = signal(false);
  readonly failure: ReadonlySignal<Problem | null> = signal(null);
  readonly schema: ReadonlySignal<Schema> = signal({ fields: [] });
  readonly guidelines: ReadonlySignal<string> = signal("");
  readonly keys: ReadonlySignal<Readonly<Record<string, readonly string[]>>> = signal({});
  readonly options: ReadonlySignal<Readonly<Record<string, unknown>>> = signal({});
  readonly place: ReadonlySignal<string> = signal("");
  readonly annotator: ReadonlySignal<string> = signal("");
  readonly item: ReadonlySignal<WireItem | null> = signal(null);
  readonly view: ReadonlySignal<View> = signal(EMPTY);
  readonly index: ReadonlySignal<number> = signal(0);
  readonly total: ReadonlySignal<number> = signal(0);
  readonly progress: ReadonlySignal<Required<Progress>> = signal({
    total: 0, submitted: 0, drafts: 0, discarded: 0, flagged: 0,
  });
  readonly filter: ReadonlySignal<Filter> = signal({});
  /** The window ran dry: the kernel has been asked for the item to show. */
  readonly waiting: ReadonlySignal<boolean> = signal(false);
  readonly finished: ReadonlySignal<boolean> = signal(false);
  readonly save: ReadonlySignal<Save> = signal({ kind: "saved", unsaved: 0, words: "Saved", problem: null });
  readonly notices: ReadonlySignal<readonly Problem[]> = signal([]);
  readonly canUndo: ReadonlySignal<boolean> = signal(false);
  readonly canRedo: ReadonlySignal<boolean> = signal(false);
  readonly suggestions: ReadonlySignal<readonly AnyAnnotation[]> = signal([]);
  readonly suggestError: ReadonlySignal<string> = computed(() => this.item.value?.suggest_error ?? "");

  constructor(protected readonly model: AnyModel, protected readonly scope: Scope) {}

  edit(_put: readonly AnyAnnotation[], _drop: readonly string[] = [], _options: { merge?: string } = {}): void {}
  submit(): Problem | null { return null; }
  skip(): void {}
  discard(): void {}
  flag(_on?: boolean): void {}
  comment(_text: string): void {}
  undo(): void {}
  redo(): void {}
  next(): void {}
  previous(): void {}
  goto(_index: number): void {}
  async find(_filter: Filter): Promise<void> {}
  accept(_ids?: readonly string[]): void {}
  reject(_ids?: readonly string[]): void {}
  newId(): string { return ""; }
  dismiss(_notice: Problem): void {}
  flush(): void {}
  /** A view is attached (while it is, the engine pings the kernel); the returned function detaches it. */
  attach(_root: HTMLElement): () => void { return () => undefined; }
  dispose(): void {}
}

export function createEngine(model: AnyModel, scope: Scope): Engine {
  return new Engine(model, scope);
}
