/** What anywidget loads of every labeler: one engine a model, one shell and one state a view. */
import { type ComponentType, h, render as draw } from "preact";
import { createEngine, type Engine } from "../core/engine";
import type { AnyModel } from "../core/model";
import { Scope } from "../core/scope";
import { type Modality, Shell } from "./shell";

interface InitializeProps {
  readonly model: AnyModel;
  readonly signal?: AbortSignal;
}

interface RenderProps extends InitializeProps {
  readonly el: HTMLElement;
}

/** What one view of a modality knows; the shell lends it a voice and the names of the keys. */
export interface ViewState extends Modality {
  /** Says things to screen readers. */
  say: (words: string) => void;
  /** Shows the keys of an action. */
  keys: (action: string) => string;
}

export interface Kind<S extends ViewState> {
  /** For screen readers: `Text labeler`. */
  readonly title: string;
  readonly state: (engine: Engine, scope: Scope) => S;
  readonly view: ComponentType<{ shell: Shell; state: S }>;
  /** Runs once a view is in the page, before it is drawn. */
  readonly mounted?: (root: HTMLElement, state: S, scope: Scope) => void;
}

interface Held {
  readonly engine: Engine;
  readonly scope: Scope;
  users: number;
}

/** What one view shows of a model, for as long as it is in the page. */
function mount<S extends ViewState>(kind: Kind<S>, engine: Engine, state: S, el: HTMLElement, scope: Scope): void {
  const root = document.createElement("div");
  root.className = "nblabel";
  root.tabIndex = -1;
  root.dataset["testid"] = "nbl-root";
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", kind.title);
  el.append(root);
  scope.own(() => root.remove());
  const shell = new Shell(engine, root, scope, state.actions);
  shell.attach(state);
  state.say = (words) => shell.say(words);
  state.keys = (action) => shell.keys(action);
  scope.own(engine.attach(root));
  kind.mounted?.(root, state, scope);
  draw(h(kind.view, { shell, state }), root);
  scope.own(() => draw(null, root));
}

/** The function that a bundle exports. */
export function labeler<S extends ViewState>(kind: Kind<S>): () => object {
  return () => {
    // Hosts call this function once a model, but hand `initialize` and every `render` another proxy of it, and may
    // initialize once a view: what says that views are of one model is that they come from one call.
    let model: InitializeProps | null = null;
    let held: Held | null = null;

    const end = (one: Held): void => {
      one.engine.dispose();
      one.scope.dispose();
    };

    const hold = (view: InitializeProps): { engine: Engine; release: () => void } => {
      if (!held || held.scope.disposed) {
        const scope = new Scope(model?.signal);
        // the proxy of `initialize` lasts as long as the model: labels that are not saved outlive the view they were made in
        held = { scope, engine: createEngine(model?.model ?? view.model, scope), users: model ? 1 : 0 };
      }
      const own = held;
      own.users += 1;
      const use = new Scope(view.signal);
      use.own(() => {
        own.users -= 1;
        if (own.users === 0) end(own);
      });
      return { engine: own.engine, release: () => use.dispose() };
    };

    return {
      // Nothing is asked of the kernel before there is a view: a page that is opened again makes the models of all
      // labelers that the kernel ever had, shown or not.
      initialize(props: InitializeProps): () => void {
        model = props;
        return () => {
          if (model === props) model = null;
          if (held) end(held);
        };
      },

      render({ model, el, signal }: RenderProps): () => void {
        const { engine, release } = hold({ model, ...(signal && { signal }) });
        const view = new Scope(signal);
        view.own(release);
        const state = kind.state(engine, view);
        let mounted: Scope | null = null;
        // Notebooks take cells that are out of sight out of the page, and put them back, without a word to the view.
        const look = (): void => {
          if (el.isConnected && !mounted) {
            mounted = view.child();
            mount(kind, engine, state, el, mounted);
          } else if (!el.isConnected && mounted) {
            mounted.dispose();
            mounted = null;
          }
        };
        look();
        view.resize(el, look);
        return () => view.dispose();
      },
    };
  };
}
