/** The text labeler as anywidget loads it. */
import { h, render as draw } from "preact";
import { createEngine, type Engine } from "../core/engine";
import type { AnyModel } from "../core/model";
import { Scope } from "../core/scope";
import { Shell } from "../shell/shell";
import { TextState } from "./state";
import { TextView } from "./view";

interface InitializeProps {
  readonly model: AnyModel;
  readonly signal?: AbortSignal;
}

interface RenderProps extends InitializeProps {
  readonly el: HTMLElement;
}

interface Held {
  readonly engine: Engine;
  readonly scope: Scope;
  users: number;
}

/** What one view shows of a model, for as long as it is in the page. */
function mount(engine: Engine, state: TextState, el: HTMLElement, scope: Scope): void {
  const root = document.createElement("div");
  root.className = "nblabel";
  root.tabIndex = -1;
  root.dataset["testid"] = "nbl-root";
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Text labeler");
  el.append(root);
  scope.own(() => root.remove());
  const shell = new Shell(engine, root, scope, state.actions);
  shell.attach(state);
  state.say = (words) => shell.say(words);
  state.keys = (action) => shell.keys(action);
  scope.own(engine.attach(root));
  scope.effect(() => {
    root.classList.toggle("nbl-relating", state.relating.value !== null);
  });
  draw(h(TextView, { shell, state }), root);
  scope.own(() => draw(null, root));
}

export default () => {
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
      const state = new TextState(engine, view);
      let mounted: Scope | null = null;
      // Notebooks take cells that are out of sight out of the page, and put them back, without a word to the view.
      const look = (): void => {
        if (el.isConnected && !mounted) {
          mounted = view.child();
          mount(engine, state, el, mounted);
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
