/** What the host tells of the kernel, where it tells anything (JupyterLab and Notebook do, marimo and others do not). */
import type { AnyModel } from "./model";
import type { Dispose, Scope } from "./scope";

export type KernelState = "unknown" | "idle" | "busy" | "dead";

interface Signal {
  connect(slot: () => void): unknown;
  disconnect(slot: () => void): unknown;
}

interface Kernel {
  readonly status?: unknown;
  readonly connectionStatus?: unknown;
  readonly isDisposed?: unknown;
  readonly statusChanged?: Signal;
  readonly connectionStatusChanged?: Signal;
}

const DEAD = new Set(["dead", "restarting", "autorestarting", "terminating"]);
const CUT = new Set(["disconnected", "connecting"]);

export class KernelWatch {
  readonly #model: AnyModel;
  readonly #changed: () => void;
  readonly #scope: Scope;
  #kernel: Kernel | null = null;
  #unwatch: Dispose | null = null;
  /** The labeler's other end is gone, or may be: the kernel restarted, or the comm was closed. */
  lost = false;
  /** The connection was cut: what was on its way may be lost. */
  cut = false;

  constructor(model: AnyModel, scope: Scope, changed: () => void) {
    this.#model = model;
    this.#scope = scope;
    this.#changed = changed;
    this.#look();
  }

  #look(): void {
    let kernel: Kernel | null = null;
    try {
      const manager = this.#model.widget_manager as { kernel?: Kernel | null } | null | undefined;
      kernel = manager?.kernel ?? null;
    } catch {
      kernel = null; // a manager that throws tells nothing
    }
    if (kernel === this.#kernel) return;
    if (this.#kernel !== null) this.lost = true; // another kernel does not know this labeler
    this.#unwatch?.();
    this.#unwatch = null;
    this.#kernel = kernel;
    if (kernel === null) return;
    const slot = (): void => {
      this.#note();
      this.#changed();
    };
    const signals = [kernel.statusChanged, kernel.connectionStatusChanged];
    for (const one of signals) one?.connect?.(slot);
    this.#unwatch = this.#scope.own(() => {
      for (const one of signals) one?.disconnect?.(slot);
    });
    this.#note();
  }

  #note(): void {
    const kernel = this.#kernel;
    if (kernel === null) return;
    if (DEAD.has(String(kernel.status))) this.lost = true;
    if (CUT.has(String(kernel.connectionStatus))) this.cut = true;
  }

  get state(): KernelState {
    this.#look();
    const kernel = this.#kernel;
    if (kernel === null) return "unknown";
    const status = String(kernel.status);
    if (kernel.isDisposed === true || DEAD.has(status) || CUT.has(String(kernel.connectionStatus))) return "dead";
    return status === "busy" ? "busy" : status === "idle" ? "idle" : "unknown";
  }
}
