/** What lies over a gallery's canvas: pointer and keys become short messages, as canvases of ipycanvas know no modifiers. */
import type { AnyModel } from "../core/model";
import { Scope } from "../core/scope";
import { followTheme } from "../core/theme";

interface RenderProps {
  readonly model: AnyModel;
  readonly el: HTMLElement;
  readonly signal?: AbortSignal;
}

const MOVES: Readonly<Record<string, string>> = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
  Home: "first", End: "last", PageUp: "before", PageDown: "after",
};
const OTHERS: Readonly<Record<string, string>> = { " ": "toggle", Enter: "open", Escape: "none", "mod+a": "all", "mod+z": "undo" };
/** A pointer that has moved no further than this has clicked. */
const STILL = 4;

function style(element: HTMLElement, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value);
}

/** Lays itself over the widget's container and says what is done there. */
export function mount(model: AnyModel, el: HTMLElement, scope: Scope): void {
  const stage = el.parentElement;
  if (!stage) return;
  const send = (content: object): void => model.send(content);
  const band = document.createElement("div");
  const voice = document.createElement("div");
  style(stage, { position: "relative" });
  style(el, { position: "absolute", left: "0", top: "0", margin: "0", outline: "none", "touch-action": "pan-y", cursor: "default" });
  style(band, { position: "absolute", border: "1px solid #1976d2", background: "rgba(25, 118, 210, 0.15)", "pointer-events": "none" });
  style(voice, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", "clip-path": "inset(50%)" });
  band.hidden = true;
  voice.setAttribute("aria-live", "polite");
  el.append(band, voice);
  el.tabIndex = 0;
  el.dataset["testid"] = "nbl-gallery";
  el.dataset["lmSuppressShortcuts"] = "true";
  el.setAttribute("role", "application");
  el.setAttribute("aria-roledescription", "contact sheet");
  scope.own(() => el.replaceChildren());

  // ---- what Python says

  const follow = (name: string, run: (value: unknown) => void): void => {
    const look = (): void => run(model.get(name));
    model.on(`change:${name}`, look);
    scope.own(() => model.off(`change:${name}`, look));
    look();
  };
  follow("_size", (value) => {
    const [width = 0, height = 0] = value as number[];
    style(el, { width: `${width}px`, height: `${height}px` });
  });
  follow("_title", (value) => el.setAttribute("aria-label", String(value)));
  follow("_said", (value) => (voice.textContent = String(value)));
  follow("_sight", (value) => {
    const [top = 0, bottom = 0] = value as number[];
    if (bottom <= top) return;
    if (top < stage.scrollTop) stage.scrollTop = top;
    else if (bottom > stage.scrollTop + stage.clientHeight) stage.scrollTop = bottom - stage.clientHeight;
  });

  // ---- what Python is told of the page

  const theme = followTheme(scope, el);
  let told = "";
  const tell = (): void => {
    const room = Math.floor(stage.clientWidth);
    if (room <= 0) return;
    const said = { do: "page", width: room, ratio: globalThis.devicePixelRatio, dark: theme.value === "dark" };
    if (JSON.stringify(said) === told) return;
    told = JSON.stringify(said);
    send(said);
  };
  scope.resize(stage, () => void scope.frame(tell));
  scope.effect(() => {
    void theme.value;
    tell();
  });
  scope.listen(el, "focus", () => style(el, { "box-shadow": "inset 0 0 0 2px #1976d2" }));
  scope.listen(el, "blur", () => el.style.removeProperty("box-shadow"));

  // ---- pointer

  let start: { x: number; y: number; id: number } | null = null;
  const at = (event: MouseEvent): { x: number; y: number } => {
    const box = el.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const more = (event: MouseEvent | KeyboardEvent): boolean => event.ctrlKey || event.metaKey;
  const end = (): void => {
    start = null;
    band.hidden = true;
  };
  scope.listen(el, "pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    el.focus({ preventScroll: true });
    start = { ...at(event), id: event.pointerId };
    if (event.pointerType !== "touch") el.setPointerCapture(event.pointerId);
  });
  scope.listen(el, "pointermove", (event) => {
    if (!start || event.pointerType === "touch") return;
    const { x, y } = at(event);
    if (band.hidden && Math.hypot(x - start.x, y - start.y) <= STILL) return;
    band.hidden = false;
    style(band, {
      left: `${Math.min(x, start.x)}px`, top: `${Math.min(y, start.y)}px`,
      width: `${Math.abs(x - start.x)}px`, height: `${Math.abs(y - start.y)}px`,
    });
  });
  scope.listen(el, "pointerup", (event) => {
    if (!start || event.pointerId !== start.id) return;
    const { x, y } = at(event);
    const touch = event.pointerType === "touch";
    if (!band.hidden) send({ do: "drag", x: start.x, y: start.y, x1: x, y1: y, more: more(event) || event.shiftKey });
    else if (Math.hypot(x - start.x, y - start.y) <= STILL * (touch ? 3 : 1)) {
      send({ do: "click", x, y, more: touch || more(event), range: event.shiftKey });
    }
    end();
  });
  scope.listen(el, "pointercancel", end);
  scope.listen(el, "dblclick", (event) => send({ do: "open", ...at(event) }));

  // ---- keys

  scope.listen(el, "keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const mod = more(event);
    const move = event.altKey ? undefined : MOVES[key];
    const other = event.altKey ? undefined : OTHERS[mod ? `mod+${key}` : key];
    if (move === undefined && other === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (move !== undefined) send({ do: "move", to: move, range: event.shiftKey, more: mod });
    else send({ do: other });
  });
}

export default {
  render({ model, el, signal }: RenderProps): () => void {
    const view = new Scope(signal);
    let mounted: Scope | null = null;
    // Containers of ipywidgets take their children in after they were made, and notebooks take cells out and put them back.
    const look = (): void => {
      if (el.isConnected && !mounted) mount(model, el, (mounted = view.child()));
      else if (!el.isConnected && mounted) {
        mounted.dispose();
        mounted = null;
      }
    };
    look();
    style(el, { "min-width": "1px", "min-height": "1px" }); // or being put into the page would not be noticed
    view.resize(el, look);
    return () => view.dispose();
  },
};
