/** Mouse, pen and fingers on the timeline: they listen, mark, move and resize, or scroll the view. */
import type { Scope } from "../core/scope";
import type { Shell } from "../shell/shell";
import { laneOf } from "../timeline/intervals";
import type { Band } from "../timeline/layout";
import type { TimelinePainter } from "../timeline/painter";
import { groupOf } from "./marks";
import type { AudioState } from "./state";
import { clamp } from "./time";
import type { Mark } from "./types";

/** Pixels a pointer may tremble without dragging. */
const SLACK = { mouse: 3, touch: 9 } as const;
/** How near an edge is taken hold of. */
const GRIP = { mouse: 5, touch: 14 } as const;
/** Narrower segments are not taken by their edges on the waves: one could not mark anything beside them. */
const TAKEN = 24;
const LONG_PRESS = 420;
const DOUBLE = 350;

/** What the painter knows of the vertical. */
type Surface = Pick<TimelinePainter, "bands" | "frequency" | "tiers">;

type Side = "start" | "end" | "low" | "high";

interface Press {
  readonly pointer: number;
  readonly by: "mouse" | "touch";
  readonly x: number;
  readonly y: number;
  readonly band: Band | undefined;
  readonly double: boolean;
  readonly adds: boolean;
  /** What is dragged: nothing yet to make something new. */
  readonly mark: Mark | null;
  readonly sides: readonly Side[];
  pans: boolean;
  /** The pointer does what it was pressed for: fingers wait until it is clear that they do not scroll. */
  told: boolean;
  dragged: boolean;
  lastX: number;
}

export function attachGestures(scope: Scope, element: HTMLElement, surface: Surface, state: AudioState, shell: Shell): void {
  const { viewport, player, marks } = state;
  const fingers = new Map<number, number>();
  let press: Press | null = null;
  let pinch: readonly [number, number] | null = null;
  let waiting: (() => void) | null = null;
  let before = { x: 0, time: -1e9 };

  const local = (event: MouseEvent): readonly [number, number] => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const bandAt = (y: number): Band | undefined => surface.bands.peek().find((band) => y >= band.top && y < band.top + band.height);
  const near = (a: number, b: number, reach: number): boolean => Math.abs(a - b) <= reach;

  /** Frequencies so many pixels above and below a place in a spectrogram. */
  const around = (y: number, reach: number): readonly [number, number] => [surface.frequency(y - reach) ?? Infinity, surface.frequency(y + reach) ?? 0];

  /** What may be taken hold of at a place, the smallest first. */
  const under = (x: number, y: number, reach: number): Mark[] => {
    const band = bandAt(y);
    if (!band || band.kind === "ruler") return [];
    const tolerance = reach * viewport.view.peek().perPixel;
    const found = marks.near.at(viewport.time(x), undefined, undefined, tolerance);
    if (band.kind === "tier") {
      return found.filter((mark) => {
        const { top, height } = laneOf({ tiers: surface.tiers.peek() }, band, mark);
        return mark.tier === band.tier && y >= top && y <= top + height;
      });
    }
    const inside = (mark: Mark): boolean => {
      if (mark.channel !== null && mark.channel !== band.channel) return false;
      if (band.kind !== "spectrum") return true;
      const [above, below] = around(y, reach);
      return above >= (mark.low ?? 0) && below <= (mark.high ?? Infinity);
    };
    return found.filter(inside);
  };

  /** Which sides of a segment are at a place. */
  const sidesAt = (mark: Mark, x: number, y: number, by: Press["by"]): Side[] => {
    const reach = GRIP[by];
    const [start, end] = [viewport.x(mark.start), viewport.x(mark.end)];
    // a narrow one can still be taken in its middle
    const own = Math.min(reach, Math.max(2, (end - start) / 3));
    const inside = x < start || x > end ? reach : own;
    const sides: Side[] = near(x, start, inside) ? ["start"] : near(x, end, inside) ? ["end"] : [];
    if (bandAt(y)?.kind === "spectrum") {
      const [above, below] = around(y, reach);
      const at = (hz: number | null): boolean => hz !== null && hz <= above && hz >= below;
      if (at(mark.high)) sides.push("high");
      else if (at(mark.low)) sides.push("low");
    }
    return mark.start === mark.end ? [] : sides;
  };

  /** The segment that a press at a place would drag, and by which of its sides; with alt, only the one that is selected. */
  const grab = (x: number, y: number, by: Press["by"], alt = false): { mark: Mark; sides: readonly Side[] } | null => {
    const band = bandAt(y);
    if (!band || band.kind === "ruler") return null;
    const only = state.only();
    const found = under(x, y, GRIP[by]).filter(({ locked }) => !locked);
    // the selected one lies on top
    if (only && found.some(({ id }) => id === only.id)) {
      const sides = sidesAt(only, x, y, by);
      const boxed = band.kind === "spectrum" && (only.low !== null || only.high !== null);
      if (sides.length > 0 || boxed || band.kind === "tier") return { mark: only, sides };
    }
    const waves = band.kind !== "tier";
    for (const mark of waves && (alt || by === "touch") ? [] : found) {
      const sides = waves && viewport.x(mark.end) - viewport.x(mark.start) < TAKEN ? [] : sidesAt(mark, x, y, by);
      if (sides.some((side) => !waves || side === "start" || side === "end")) return { mark, sides };
    }
    if (waves) return null;
    const [mark] = found;
    return mark ? { mark, sides: [] } : null;
  };

  // ---- what a drag does -----------------------------------------------------------------------

  const fieldsAt = (band: Band | undefined) => {
    const row = band?.kind === "tier" ? state.rows.peek()[band.tier ?? 0] : undefined;
    return row ? [row.field] : state.fields.peek();
  };

  /** A new one from where it was pressed. */
  const drawing = (own: Press, x: number, y: number, alt: boolean): Mark | null => {
    const { band } = own;
    const row = band?.kind === "tier" ? state.rows.peek()[band.tier ?? 0] : undefined;
    const fields = fieldsAt(band);
    const ref = row?.label != null ? { field: row.field.name ?? "", label: row.label } : state.refFor(fields);
    const field = ref ? state.fieldOf(ref) : fields[0];
    const channel = row ? row.channel : field?.tiers === "channel" ? band?.channel ?? null : null;
    const from = state.snap.place(viewport.time(own.x), alt);
    let to = state.snap.place(viewport.time(x), alt);
    const info = ref ? state.labelOf(ref) : undefined;
    const group = field ? groupOf(field, ref?.label ?? "", channel) : "";
    if (field && ref) {
      const [low, high] = state.making.room(field, group, from);
      to = clamp(to, low, high);
    }
    let bounds: Pick<Mark, "low" | "high"> = { low: null, high: null };
    if (band?.kind === "spectrum" && field?.frequency) {
      const inBand = (at: number): number => clamp(at, band.top, band.top + band.height - 1);
      const [a, b] = [surface.frequency(inBand(own.y)), surface.frequency(inBand(y))];
      if (a !== null && b !== null && a !== b) bounds = { low: Math.round(Math.min(a, b)), high: Math.round(Math.max(a, b)) };
    }
    return {
      id: "", start: Math.min(from, to), end: Math.max(from, to), label: ref?.label ?? "", text: "", channel, ...bounds,
      segment: { kind: "segment", start: from, end: to }, field: field ?? { kind: "segments" }, info, action: "", group, tier: row ? band?.tier ?? 0 : state.rows.peek().findIndex((one) => one.group === group),
      suggested: false, color: info?.color ?? "", hidden: false, locked: false, lane: 0, lanes: 1,
    };
  };

  /** The one that is dragged, as it would be if it were let go. */
  const dragging = ({ mark, sides, x: pressed, y: pressedY }: Press, x: number, y: number, alt: boolean): Mark | null => {
    if (!mark) return null;
    const except = new Set([mark.id]);
    const [low, high] = state.making.room(mark.field, mark.group, (mark.start + mark.end) / 2, except);
    const change = { start: mark.start, end: mark.end, low: mark.low, high: mark.high, tier: mark.tier, label: mark.label, channel: mark.channel, group: mark.group, info: mark.info, color: mark.color };
    const side = sides.find((one): one is "start" | "end" => one === "start" || one === "end");
    if (side) {
      const offset = viewport.time(pressed) - mark[side];
      const to = clamp(state.snap.place(viewport.time(x) - offset, alt, except), low, high);
      const fixed = side === "start" ? mark.end : mark.start;
      const least = mark.field.events === false ? 1 / state.rate : 0;
      const moved = Math.abs(to - fixed) < least ? state.at(fixed + (side === "start" ? -least : least)) : to;
      [change.start, change.end] = [Math.min(moved, fixed), Math.max(moved, fixed)];
    }
    const [hz, from] = [surface.frequency(y), surface.frequency(pressedY)];
    const vertical = sides.find((one): one is "low" | "high" => one === "low" || one === "high");
    if (vertical && hz !== null) {
      const other = vertical === "low" ? mark.high ?? Infinity : mark.low ?? 0;
      if (Math.round(hz) !== other) [change.low, change.high] = [Math.min(Math.round(hz), other), Math.max(Math.round(hz), other)].map((one) => Number.isFinite(one) ? one : null) as [number, number];
    }
    if (sides.length === 0) {
      const by = viewport.time(x) - viewport.time(pressed);
      const [a, b] = [mark.start + by, mark.end + by].map((time) => state.snap.place(time, alt, except) - time) as [number, number];
      const raw = [a, b].filter((one) => Math.abs(one) > 0.5 / state.rate);
      const pull = raw.length > 0 ? raw.reduce((least, one) => Math.abs(one) < Math.abs(least) ? one : least) : 0;
      const band = bandAt(y);
      const row = band?.kind === "tier" && band.tier !== mark.tier ? state.rows.peek()[band.tier ?? 0] : undefined;
      const other = row && row.field === mark.field ? row : undefined;
      const [first, last] = other ? [0, state.duration] : [low, high];
      const to = clamp(by + pull, first - mark.start, last - mark.end);
      change.start = state.at(mark.start + to);
      change.end = state.at(mark.end + to);
      if (other) {
        change.tier = band?.tier ?? mark.tier;
        change.channel = mark.field.tiers === "channel" ? other.channel : mark.channel;
        change.label = other.label ?? mark.label;
        change.group = other.group;
        change.info = state.labelOf({ field: mark.field.name ?? "", label: change.label });
        change.color = change.info?.color ?? mark.color;
      }
      if (hz !== null && from !== null && bandAt(pressedY)?.kind === "spectrum" && (mark.low !== null || mark.high !== null)) {
        const up = Math.max(Math.round(hz - from), -(mark.low ?? mark.high ?? 0));
        change.low = mark.low === null ? null : mark.low + up;
        change.high = mark.high === null ? null : mark.high + up;
      }
    }
    return { ...mark, ...change };
  };

  const moveTo = (own: Press, x: number, y: number, alt: boolean): void => {
    if (own.band?.kind === "ruler") player.scrub(state.at(viewport.time(x)));
    else state.draft.value = own.mark ? dragging(own, x, y, alt) : drawing(own, x, y, alt);
  };

  const letGo = (own: Press): void => {
    const draft = state.draft.peek();
    state.draft.value = null;
    if (!draft) return;
    if (own.mark) {
      if (state.edits.drop(draft)) state.select([draft.id]);
      return;
    }
    const fields = fieldsAt(own.band);
    const { start, end, low, high, channel } = draft;
    if (end - start < 1 / state.rate) return state.refuse("Too short: zoom in to mark it");
    const row = own.band?.kind === "tier" ? state.rows.peek()[own.band.tier ?? 0] : undefined;
    state.making.make({ start, end, low, high, channel, ...row?.label != null && { label: row.label } }, fields);
  };

  const click = (own: Press): void => {
    const time = viewport.time(own.x);
    if (own.band?.kind === "ruler") return state.seek(time);
    const found = under(own.x, own.y, GRIP[own.by]);
    // one after the other, where several lie at a place
    const at = found.findIndex(({ id }) => id === state.selected.peek().at(-1));
    const mark = own.double && at >= 0 ? found[at] : found[(at + 1) % Math.max(1, found.length)];
    if (own.adds && mark) return state.toggle(mark.id);
    if (mark) {
      if (own.double) return state.playMark(mark);
      state.select([mark.id]);
    } else {
      state.choose([]);
      state.stretch.value = null;
    }
    player.seek(state.at(time));
  };

  // ---- pointers -------------------------------------------------------------------------------

  const end = (): void => {
    press = null;
    waiting?.();
    waiting = null;
    element.classList.remove("nbl-grabbing", "nbl-pressed");
  };

  const start = (event: PointerEvent): void => {
    const [x, y] = local(event);
    const by = event.pointerType === "touch" ? "touch" : "mouse";
    element.focus({ preventScroll: true });
    state.refused.value = "";
    state.touch.value = by === "touch";
    if (by === "touch") {
      fingers.set(event.pointerId, x);
      if (fingers.size === 2 && !(press?.told && press.dragged)) {
        end();
        state.draft.value = null;
        pinch = [...fingers.values()] as [number, number];
      }
    }
    if (press || pinch || (event.button !== 0 && event.button !== 1)) return;
    element.setPointerCapture(event.pointerId);
    const band = bandAt(y);
    const grabbed = grab(x, y, by, event.altKey);
    const double = event.timeStamp - before.time < DOUBLE && near(before.x, x, 2 * SLACK[by]);
    before = { x, time: event.timeStamp };
    press = {
      pointer: event.pointerId, by, x, y, band, double, adds: event.shiftKey || event.ctrlKey || event.metaKey, mark: grabbed?.mark ?? null, sides: grabbed?.sides ?? [],
      pans: event.button === 1, told: by === "mouse", dragged: false, lastX: x,
    };
    if (by === "touch") {
      const own = press;
      // what is selected, and the ruler, are dragged at once; elsewhere a finger that moves scrolls
      if (band?.kind === "ruler" || (own.mark && state.selected.peek().includes(own.mark.id))) own.told = true;
      else {
        waiting = scope.timeout(() => {
          if (press !== own || own.dragged) return;
          own.told = true;
          element.classList.add("nbl-pressed");
          moveTo(own, own.x, own.y, false);
        }, LONG_PRESS);
      }
    } else if (band?.kind === "ruler" && !press.pans) state.seek(viewport.time(x));
    if (event.button === 1) event.preventDefault();
  };

  const move = (event: PointerEvent): void => {
    const [x, y] = local(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, x);
    if (pinch && fingers.size >= 2) {
      const now = [...fingers.values()].slice(0, 2) as [number, number];
      viewport.pinch(pinch, now);
      pinch = now;
      return;
    }
    if (!press) {
      if (event.pointerType === "touch" || pinch) return;
      hover(x, y);
      return;
    }
    if (event.pointerId !== press.pointer) return;
    if (!near(x, press.x, SLACK[press.by]) || !near(y, press.y, SLACK[press.by])) press.dragged = true;
    if (!press.dragged) return;
    if (!press.told) {
      press.pans = true;
      waiting?.();
    }
    if (press.pans) {
      element.classList.add("nbl-grabbing");
      viewport.panBy(press.lastX - x);
    } else {
      state.pointer.value = [x, y];
      moveTo(press, x, y, event.altKey);
    }
    press.lastX = x;
  };

  const hover = (x: number, y: number): void => {
    const band = bandAt(y);
    state.pointer.value = [x, y];
    const grabbed = grab(x, y, "mouse");
    state.hovered.value = grabbed?.mark.id ?? under(x, y, GRIP.mouse)[0]?.id ?? null;
    const [a, b] = [grabbed?.sides.some((one) => one === "start" || one === "end"), grabbed?.sides.some((one) => one === "low" || one === "high")];
    element.style.cursor = band?.kind === "ruler" ? "ew-resize" : a && b ? "move" : a ? "ew-resize" : b ? "ns-resize" : grabbed ? "grab" : "crosshair";
  };

  const finish = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (pinch) {
      if (fingers.size === 0) pinch = null;
      return;
    }
    if (!press || event.pointerId !== press.pointer) return;
    const own = press;
    end();
    if (own.pans) return;
    if (own.told && (own.dragged || state.draft.peek())) letGo(own);
    else if (!own.dragged) click(own);
  };

  scope.listen(element, "pointerdown", start);
  scope.listen(element, "pointermove", move);
  scope.listen(element, "pointerup", finish);
  scope.listen(element, "pointercancel", (event) => {
    fingers.delete(event.pointerId);
    if (fingers.size === 0) pinch = null;
    if (press && event.pointerId !== press.pointer) return;
    end();
    state.draft.value = null;
  });
  scope.listen(element, "pointerleave", () => {
    if (press) return;
    state.pointer.value = state.hovered.value = null;
  });
  scope.listen(element, "contextmenu", (event) => event.preventDefault());
  scope.listen(element, "mousedown", (event) => event.preventDefault());
  scope.listen(element, "wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    // a notebook scrolls under the pointer until the labeler has been clicked into, and while all of it is in sight
    if (!event.ctrlKey && !event.shiftKey && !sideways && (!shell.hasFocus() || viewport.fitting.peek())) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? viewport.width.peek() : 1;
    if (event.ctrlKey) viewport.zoomAt(local(event)[0], Math.exp(clamp(-event.deltaY * unit, -200, 200) / 250));
    else viewport.panBy((sideways ? event.deltaX : event.deltaY) * unit);
  }, { passive: false });
}
