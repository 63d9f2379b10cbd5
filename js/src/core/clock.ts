/** Active seconds: time with the labeler in use, where a pause counts for a minute at most. */
import type { Dispose, Scope } from "./scope";

const IDLE_CAP = 60_000;
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "input", "focusin"] as const;

export class Clock {
  #roots = new Set<HTMLElement>();
  #active = false;
  #last = 0;
  #milliseconds = 0;

  /** Counts what happens in `root` while `scope` lasts. */
  watch(scope: Scope, root: HTMLElement): Dispose {
    const own = scope.child();
    this.#roots.add(root);
    for (const sign of SIGNS) own.listen(root, sign, () => this.#sign(), { capture: true, passive: true });
    const look = (): void => {
      if (!this.#attended()) this.#pause();
    };
    own.listen(root, "focusout", () => own.timeout(look, 0), { capture: true });
    own.listen(document, "visibilitychange", look);
    own.listen(window, "blur", look);
    own.own(() => {
      this.#roots.delete(root);
      look();
    });
    return () => own.dispose();
  }

  #attended(): boolean {
    if (document.visibilityState === "hidden" || !document.hasFocus()) return false;
    for (const root of this.#roots) {
      const tree = root.getRootNode() as Document | ShadowRoot;
      if (tree.activeElement !== null && root.contains(tree.activeElement)) return true;
    }
    return false;
  }

  #sign(): void {
    if (!this.#attended()) return;
    const now = Date.now();
    if (this.#active) this.#milliseconds += Math.min(Math.max(now - this.#last, 0), IDLE_CAP);
    this.#active = true;
    this.#last = now;
  }

  #pause(): void {
    if (this.#active) this.#milliseconds += Math.min(Math.max(Date.now() - this.#last, 0), IDLE_CAP);
    this.#active = false;
  }

  /** The seconds since they were last taken, and starts anew. */
  take(): number {
    this.#sign(); // whatever takes the time is itself a sign of use
    const seconds = Math.round(this.#milliseconds / 100) / 10;
    this.#milliseconds = 0;
    return seconds;
  }
}
