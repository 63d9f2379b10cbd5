/** Where the image is: its canvases, what is told of it below, and what takes its place if it cannot be shown. */
import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../shell/icons";
import { ProblemText, Tool as Button } from "../shell/parts";
import { heightOf } from "../shell/popover";
import type { Shell } from "../shell/shell";
import type { Adjust } from "./adjust";
import { corners, measure } from "./geometry";
import { attachGestures } from "./gestures";
import { Loader, type Picture } from "./loader";
import { mountMinimap } from "./minimap";
import { Painter } from "./painter";
import type { ImageState } from "./state";

export interface Looks {
  readonly adjust: Adjust;
  readonly grid: { value: boolean };
  readonly cross: { value: boolean };
  readonly map: { value: boolean };
}

interface Props {
  readonly shell: Shell;
  readonly state: ImageState;
  readonly looks: Looks;
}

/** Ties painter, loader, gestures and state together for as long as the canvas is in the page. */
function mount(host: HTMLElement, map: HTMLElement, { shell, state, looks }: Props, told: (picture: Picture | null) => void): { retry: () => void; end: () => void } {
  const scope = shell.scope.child();
  const { engine, viewport, masks } = state;
  const loader = new Loader(engine, scope);
  const painter = new Painter(host, scope, viewport, loader, looks.adjust.filter);
  let opened = "";
  viewport.follow(host, scope);
  scope.effect(() => {
    const item = engine.item.value;
    const info = state.info.value;
    const key = info ? `${item?.id} ${info.width} ${info.height}` : "";
    if (info && key !== opened) viewport.open(info.width, info.height);
    opened = key;
    loader.show(item);
  });
  scope.effect(() => told(loader.picture.value));
  scope.effect(() => {
    void state.version.value;
    painter.shapes.value = [...state.shapes.suggested, ...state.shapes.ordered]; // answers lie on top
  });
  let lifted: readonly string[] = [];
  scope.effect(() => {
    const now = state.selected.value;
    if (now !== lifted) painter.lifted.value = new Set(now);
    lifted = now;
  });
  scope.effect(() => { painter.grid.value = looks.grid.value; });
  scope.effect(() => { host.classList.toggle("nbl-mapless", !looks.map.value); });
  scope.effect(() => { painter.loupe.value = state.held.value.close ?? null; });
  scope.effect(() => {
    void [
      state.version.value, state.selected.value, state.moved.value, state.hovered.value, state.ghosts.value, masks.painted.value,
      state.cursor.value, state.aims && looks.cross.value && state.pointer.value, state.fresh.value,
    ];
    painter.redraw(2);
  });
  masks.touched = (bitmap, region) => painter.touch(bitmap, region);
  painter.paintActive = (pen) => {
    const hovered = state.hovered.peek();
    const over = hovered !== null && !state.selected.peek().includes(hovered) ? state.shapes.get(hovered) : undefined;
    if (over && !over.hidden) pen.shapes([over], true, true);
    const chosen = state.chosen();
    for (const drawn of chosen) {
      if (drawn.hidden) continue;
      const bitmap = drawn.bitmap && masks.live(drawn);
      const now = state.moved.peek().get(drawn.id) ?? (bitmap ? { ...drawn, bitmap } : drawn);
      pen.shapes([now], true, true);
      if (chosen.length < 20) pen.name(now);
      if (chosen.length > 1 && chosen.length < 100 && now.shape.kind === "box") pen.ghost({ points: corners(now.shape), mark: "square", color: now.color });
    }
    for (const ghost of state.ghosts.peek()) pen.ghost(ghost);
    const cursor = state.cursor.peek();
    const pointer = state.aims && looks.cross.value && !state.panning.peek() ? state.pointer.peek() : null;
    if (cursor ?? pointer) pen.cross(cursor ?? pointer ?? [0, 0]);
  };
  state.pixels = (region) => loader.pixels(region);
  mountMinimap(map, scope, viewport, loader);
  attachGestures(scope, host, state, shell);
  shell.focusTarget = host;
  scope.own(() => {
    state.pixels = () => null;
    masks.touched = () => undefined;
    shell.focusTarget = shell.root;
  });
  return { retry: () => loader.retry(), end: () => scope.dispose() };
}

export function Canvas(props: Props): VNode {
  const { shell, state } = props;
  const host = useRef<HTMLDivElement>(null);
  const map = useRef<HTMLDivElement>(null);
  const retry = useRef<() => void>(() => undefined);
  const picture = useSignal<Picture | null>(null);
  useLayoutEffect(() => {
    if (!host.current || !map.current) return undefined;
    const made = mount(host.current, map.current, props, (now) => { picture.value = now; });
    retry.current = made.retry;
    return made.end;
  }, []);
  const { item, options } = shell.engine;
  const broken = Boolean(item.value?.problem);
  const height = heightOf(options.value["height"]);
  const now = picture.value?.item === item.value?.id ? picture.value : null;
  const name = state.info.value?.name;
  return (
    <div class="nbl-picture" hidden={broken} style={height ? { height } : undefined} data-testid="nbl-picture" data-state={now?.state ?? "loading"}>
      <div
        ref={host} class="nbl-image nbl-stage" data-testid="nbl-image" tabIndex={0} role="application" aria-roledescription="image to label"
        aria-label={`Image${name ? ` ${name}` : ""}. Shapes are listed beside it; with a drawing tool, arrow keys move a cursor and Enter places points`}
        aria-describedby={shell.id("hint")}
      >
        <div ref={map} class="nbl-minimap" hidden />
      </div>
      {now?.problem ? (
        <div class={`nbl-media-problem${now.state === "ready" ? " nbl-partly" : ""}`} role="alert" data-testid="nbl-media-problem">
          <Icon name="warning" size={20} />
          <ProblemText problem={now.problem} />
          {now.state === "ready" ? null : <div class="nbl-muted">Skip it ({shell.keys("skip")}), discard it ({shell.keys("discard")}), or</div>}
          <button type="button" class="nbl-button" onClick={() => retry.current()}>Try again</button>
        </div>
      ) : now?.state === "ready" ? null : <div class="nbl-media-waiting nbl-muted">Loading the image…</div>}
    </div>
  );
}

/** What the next click does, and where and how large things are. */
export function Below({ shell, state }: { shell: Shell; state: ImageState }): VNode {
  const place = useComputed(() => {
    const at = state.cursor.value ?? state.pointer.value;
    const info = state.info.value;
    return at && info && at[0] >= 0 && at[1] >= 0 && at[0] < info.width && at[1] < info.height ? `${Math.floor(at[0])}, ${Math.floor(at[1])}` : "";
  });
  const size = useComputed(() => {
    const only = state.only();
    const chosen = state.selected.value.length;
    return only ? measure(only.shape).join(" · ") : chosen > 1 ? `${chosen} selected` : "";
  });
  const tool = state.held.value;
  const refused = state.refused.value;
  const info = state.info.value;
  return (
    <div class="nbl-below">
      <div class={refused ? "nbl-hint nbl-refused" : "nbl-hint"} id={shell.id("hint")} data-testid="nbl-hint">{refused || state.hint.value}</div>
      {tool.steps && tool.busy ? (
        <div class="nbl-steps">
          <Button small icon="check" title="Finish" testid="nbl-finish" onClick={() => tool.finish()}>Finish</Button>
          <Button small icon="undo" title="Take the last step back" onClick={() => tool.back()} />
          <Button small icon="close" title="Cancel" testid="nbl-cancel" onClick={() => tool.cancel()} />
        </div>
      ) : null}
      <div class="nbl-reads">
        <span data-testid="nbl-size">{size}</span>
        <span class="nbl-place" data-testid="nbl-place">{place}</span>
        {info && !size.value && !place.value ? <span title={info.name}>{`${info.width} × ${info.height}`}</span> : null}
      </div>
      {info?.note ? <div class="nbl-note nbl-muted" data-testid="nbl-note">{info.note}</div> : null}
    </div>
  );
}
