/** Mouse, pen and fingers on the image: what they do goes to the tool in hand, or moves the view. */
import type { Scope } from "../core/scope";
import type { Shell } from "../shell/shell";
import { distance } from "./geometry";
import type { ImageState } from "./state";
import type { Hand } from "./tools/tool";
import type { Point } from "./types";
import { wheelFactor } from "./viewport";

/** Pixels a pointer may tremble without dragging. */
const SLACK = { mouse: 3, touch: 9 } as const;
const LONG_PRESS = 480;
const DOUBLE = 350;
/** A space bar that is held for longer was not a tap. */
const TAP = 400;

interface Press {
  readonly pointer: number;
  readonly by: "mouse" | "touch";
  readonly from: Point;
  /** Moves the view instead of drawing. */
  readonly pans: boolean;
  readonly double: boolean;
  /** The tool knows of it: fingers wait until it is clear that there is only one. */
  told: boolean;
  last: Point;
  dragged: boolean;
}

export function attachGestures(scope: Scope, element: HTMLElement, state: ImageState, shell: Shell): void {
  const { viewport } = state;
  const fingers = new Map<number, Point>();
  let press: Press | null = null;
  let pinch: readonly [Point, Point] | null = null;
  let waiting: (() => void) | null = null;
  let rest: Point = [0, 0];
  let before = { at: [0, 0] as Point, time: 0 };
  let space = { since: 0, used: false };

  const local = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    const { dpr } = viewport.view.peek();
    // a canvas is painted at whole pixels of the screen, wherever the page puts it
    const painted = (edge: number): number => Math.round(edge * dpr) / dpr;
    return [event.clientX - painted(left), event.clientY - painted(top)];
  };
  const hand = (event: MouseEvent, place = local(event)): Hand => ({
    at: viewport.toImage(place), shift: event.shiftKey, alt: event.altKey, ctrl: event.ctrlKey || event.metaKey,
    dragged: press?.dragged ?? false, double: press?.double ?? false, by: press?.by ?? "mouse",
  });
  const tool = () => state.held.peek();

  /** The second button and the long press: what the tool makes of it, else the shape there is selected. */
  const second = (event: MouseEvent): void => {
    const now = hand(event);
    if (state.pending.peek() || tool().second?.(now) || tool().busy) return;
    const [top] = state.shapes.near.hit(now.at, 4 / state.scale);
    if (!top) return;
    state.pick("select");
    state.select([top.id]);
  };

  const end = (): void => {
    press = null;
    waiting?.();
    waiting = null;
    element.classList.remove("nbl-grabbing", "nbl-pressed");
  };

  const tell = (event: PointerEvent): void => {
    if (!press || press.told || press.pans) return;
    press.told = true;
    element.classList.add("nbl-pressed");
    tool().down({ ...hand(event, press.from), dragged: false });
  };

  const start = (event: PointerEvent): void => {
    const place = local(event);
    const by = event.pointerType === "touch" ? "touch" : "mouse";
    if ((event.target as Element).closest("button, .nbl-minimap")) return;
    element.focus({ preventScroll: true });
    space.used = true;
    state.refused.value = "";
    if (by === "touch") {
      fingers.set(event.pointerId, place);
      if (fingers.size === 2 && !press?.dragged) {
        end();
        pinch = [...fingers.values()] as [Point, Point];
      }
    }
    if (press || pinch || (event.button !== 0 && event.button !== 1)) return;
    element.setPointerCapture(event.pointerId);
    const pans = event.button === 1 || state.panning.peek() || state.tool.peek() === "pan";
    if (!pans && state.pending.peek()) return state.refuse("Choose its label first");
    const double = event.timeStamp - before.time < DOUBLE && distance(before.at, place) < 2 * SLACK[by];
    before = { at: place, time: event.timeStamp };
    state.cursor.value = null;
    press = { pointer: event.pointerId, by, from: place, pans, double, told: false, last: place, dragged: false };
    if (pans) element.classList.add("nbl-grabbing");
    if (by === "mouse") tell(event);
    else {
      waiting = scope.timeout(() => {
        if (!press || press.dragged) return;
        end();
        second(event);
      }, LONG_PRESS);
    }
    if (event.button === 1) event.preventDefault();
  };

  const move = (event: PointerEvent): void => {
    const place = local(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, place);
    if (pinch && fingers.size >= 2) {
      const now = [...fingers.values()].slice(0, 2) as [Point, Point];
      viewport.pinch(pinch, now);
      pinch = now;
      return;
    }
    if (!press) {
      if (event.pointerType === "touch" || pinch) return;
      const at = viewport.toImage(place);
      const cursor = state.cursor.peek();
      // a bump does not take the keyboard's cursor away
      if (!cursor) rest = place;
      else if (distance(place, rest) > 24) state.cursor.value = null;
      state.pointer.value = at;
      if (!state.cursor.peek() && !state.panning.peek()) tool().move(hand(event), false);
      return;
    }
    if (event.pointerId !== press.pointer) return;
    if (distance(place, press.from) > SLACK[press.by]) press.dragged = true;
    if (press.by === "mouse" || press.dragged) state.pointer.value = viewport.toImage(place);
    if (press.pans) viewport.panBy(place[0] - press.last[0], place[1] - press.last[1]);
    else if (press.told || press.dragged) {
      waiting?.();
      tell(event);
      const all = tool().trails ? event.getCoalescedEvents?.() ?? [] : [];
      for (const one of all.length > 0 ? all : [event]) tool().move(hand(one), true);
    }
    press.last = place;
  };

  const finish = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (fingers.size < 2 && pinch) {
      if (fingers.size === 0) pinch = null;
      return;
    }
    if (!press || event.pointerId !== press.pointer) return;
    tell(event);
    const { told, by } = press;
    const now = hand(event);
    end();
    if (told) tool().up(now);
    if (by === "touch") state.pointer.value = null;
  };

  const cancel = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (fingers.size === 0) pinch = null;
    const own = press;
    const now = hand(event);
    if (own && event.pointerId !== own.pointer) return;
    end();
    if (!own?.told) return;
    if (tool().trails) tool().up(now);
    else tool().cancel();
  };

  scope.listen(element, "pointerdown", start);
  scope.listen(element, "pointermove", move);
  scope.listen(element, "pointerup", finish);
  scope.listen(element, "pointercancel", cancel);
  scope.listen(element, "pointerleave", () => {
    if (press) return;
    state.pointer.value = null;
    state.hovered.value = null;
  });
  scope.listen(element, "contextmenu", (event) => {
    event.preventDefault();
    if (event.button === 2) second(event);
  });
  scope.listen(element, "mousedown", (event) => event.preventDefault());
  scope.listen(element, "wheel", (event) => {
    const { fitting } = viewport;
    // a notebook scrolls under the pointer until the labeler has been clicked into, and once the image is all in sight
    if (!event.ctrlKey && !event.shiftKey && (!shell.hasFocus() || (fitting.peek() && event.deltaY > 0))) return;
    event.preventDefault();
    if (event.shiftKey) viewport.panBy(-event.deltaX || -event.deltaY, 0);
    else viewport.zoomAt(local(event), wheelFactor(event));
  }, { passive: false });

  scope.effect(() => {
    if (state.panning.value) space = { since: performance.now(), used: false };
  });
  scope.listen(window, "keyup", (event) => {
    if (event.key !== " " || !state.panning.peek()) return;
    state.panning.value = false;
    if (!space.used && performance.now() - space.since < TAP) shell.run("skip");
  }, { capture: true });
  scope.listen(window, "blur", () => { state.panning.value = false; });
  scope.effect(() => {
    element.style.cursor = state.panning.value ? "grab" : state.held.value.cursor;
  });
}
