/** Mouse, pen and touch on the text. */
import type { Scope } from "../core/scope";
import type { Hit, Surface } from "./surface";
import type { TextState } from "./state";
import type { Range } from "./tokens";

/** Pixels a pointer may tremble without dragging. */
const SLACK = 4;
const LONG_PRESS = 450;
/** Near the edge a drag scrolls. */
const EDGE = 24;

interface Drag {
  readonly pointer: number;
  readonly touch: boolean;
  readonly x: number;
  readonly y: number;
  readonly from: Hit | null;
  /** Moves this end of the selected span, or of the selection. */
  readonly handle: "start" | "end" | undefined;
  moved: boolean;
  /** A touch that selects; before that it scrolls. */
  armed: boolean;
}

export function attachGestures(scope: Scope, surface: Surface, state: TextState): void {
  const { element } = surface;
  let drag: Drag | null = null;
  let pressing: (() => void) | null = null;
  let scrolling: (() => void) | null = null;
  let last: { x: number; y: number } = { x: 0, y: 0 };

  const doc = () => state.doc.peek();

  /** What lies between where the drag began and a point; whole tokens unless `characters`. */
  const rangeTo = (x: number, y: number, characters: boolean): Range | null => {
    const text = doc();
    const hit = surface.hit(x, y);
    if (!drag || !text || !hit) return null;
    if (drag.handle) {
      const held = state.selectedMark() ?? state.selection();
      if (!held) return null;
      const fixed = drag.handle === "start" ? held.end : held.start;
      const low = Math.min(fixed, hit.boundary);
      const high = Math.max(fixed, hit.boundary);
      if (characters) return text.tokens.trim(low, high);
      const snapped = text.tokens.snap(low, high);
      if (!snapped) return null;
      // the end that is not dragged stays, even within a token
      if (fixed === held.start) return hit.boundary >= fixed ? { start: fixed, end: snapped.end } : { start: snapped.start, end: fixed };
      return hit.boundary <= fixed ? { start: snapped.start, end: fixed } : { start: fixed, end: snapped.end };
    }
    if (!drag.from) return null;
    const low = Math.min(drag.from.boundary, hit.boundary);
    const high = Math.max(drag.from.boundary, hit.boundary);
    return characters ? text.tokens.trim(low, high) : text.tokens.snap(low, high);
  };

  const characters = (event: PointerEvent): boolean => event.altKey || event.shiftKey;

  const end = (): void => {
    drag = null;
    pressing?.();
    scrolling?.();
    pressing = scrolling = null;
    state.dragged.value = null;
    element.classList.remove("nbl-dragging");
  };

  const autoscroll = (): void => {
    scrolling = scope.frame(() => {
      const box = element.getBoundingClientRect();
      const by = last.y < box.top + EDGE ? last.y - box.top - EDGE : last.y > box.bottom - EDGE ? last.y - box.bottom + EDGE : 0;
      if (drag?.moved && by !== 0) element.scrollTop += by / 2;
      if (drag) autoscroll();
    });
  };

  const start = (event: PointerEvent): void => {
    if (event.button !== 0 || !(event.target instanceof Element)) return;
    const box = element.getBoundingClientRect();
    if (event.clientX > box.left + element.clientLeft + element.clientWidth) return; // the scroll bar
    const touch = event.pointerType === "touch";
    const handle = event.target.closest<HTMLElement>(".nbl-handle")?.dataset["handle"] as "start" | "end" | undefined;
    if (event.target.closest(".nbl-arc, .nbl-arc-label")) return;
    element.focus({ preventScroll: true });
    drag = {
      pointer: event.pointerId, touch, x: event.clientX, y: event.clientY, from: surface.hit(event.clientX, event.clientY),
      handle, moved: false, armed: !touch || Boolean(handle),
    };
    last = { x: event.clientX, y: event.clientY };
    if (!touch || handle) {
      element.setPointerCapture(event.pointerId);
      autoscroll();
      return;
    }
    pressing = scope.timeout(() => {
      const text = doc();
      if (!drag || drag.moved || !text || !drag.from) return;
      drag.armed = true;
      element.setPointerCapture(drag.pointer);
      const word = text.tokens.at(drag.from.offset, true);
      state.dragged.value = word;
      autoscroll();
    }, LONG_PRESS);
  };

  const move = (event: PointerEvent): void => {
    if (!drag || event.pointerId !== drag.pointer) {
      if (event.pointerType === "mouse" && !event.buttons) hover(event);
      return;
    }
    last = { x: event.clientX, y: event.clientY };
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLACK) drag.moved = true;
    if (!drag.moved) return;
    if (!drag.armed) {
      end(); // a finger that moves before it has rested scrolls
      return;
    }
    element.classList.add("nbl-dragging");
    const range = rangeTo(event.clientX, event.clientY, characters(event));
    const now = state.dragged.peek();
    if (range?.start !== now?.start || range?.end !== now?.end) state.dragged.value = range;
  };

  const finish = (event: PointerEvent): void => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const done = drag;
    const resting = state.dragged.peek();
    const range = done.moved && done.armed ? rangeTo(event.clientX, event.clientY, characters(event)) : done.armed && done.touch ? resting : null;
    const held = done.armed && done.touch && !done.handle;
    end();
    if (done.handle) {
      const mark = state.selectedMark();
      if (range && mark) state.resize(mark, range);
      else if (range) state.offer(range);
      return;
    }
    if (done.moved || held) {
      if (range) state.take(range);
      return;
    }
    const target = event.composedPath()[0];
    const tag = done.from && target instanceof Element ? tagAt(event) : undefined;
    if (tag !== undefined) state.click(null, tag);
    else state.click(done.from?.on ? done.from.offset : null);
    // a finger has no keys to go on with: it is offered the labels at once
    const picked = state.selection();
    if (done.touch && picked && !state.menu.peek()) state.offer(picked);
  };

  /** The tag under a pointer: captured pointers report the surface as their target. */
  const tagAt = (event: MouseEvent): string | undefined => {
    const root = element.getRootNode() as Document | ShadowRoot;
    const under = root.elementFromPoint(event.clientX, event.clientY);
    return under?.closest<HTMLElement>("[data-id]")?.dataset["id"];
  };

  const hover = (event: PointerEvent): void => {
    const target = event.composedPath()[0];
    const tag = target instanceof Element ? target.closest<HTMLElement>("[data-id]")?.dataset["id"] : undefined;
    if (tag !== state.hovered.peek() && (tag ?? null) !== state.hovered.peek()) state.hovered.value = tag ?? null;
  };

  scope.listen(element, "pointerdown", start);
  scope.listen(element, "pointermove", move);
  scope.listen(element, "pointerup", finish);
  scope.listen(element, "pointercancel", end);
  scope.listen(element, "pointerleave", () => { if (!drag) state.hovered.value = null; });
  // the selection is drawn here; the browser's own would lie over it
  scope.listen(element, "mousedown", (event) => event.preventDefault());
  scope.listen(element, "dblclick", (event) => {
    const hit = surface.hit(event.clientX, event.clientY);
    if (hit?.on && tagAt(event) === undefined) state.word(hit.offset);
  });
  scope.listen(element, "click", (event) => {
    const target = event.composedPath()[0];
    const arc = target instanceof Element ? target.closest<HTMLElement>(".nbl-arc, .nbl-arc-label") : null;
    const id = arc?.dataset["id"];
    if (id !== undefined) {
      element.focus({ preventScroll: true });
      state.select(id, false);
    }
  });
  scope.listen(element, "contextmenu", (event) => { if (drag?.armed && drag.touch) event.preventDefault(); });
  scope.listen(element, "copy", (event) => {
    const text = doc();
    const mark = state.selectedMark();
    const range = mark ?? (state.cursor.peek() ? state.selection() : null);
    const native = element.ownerDocument.getSelection();
    if (!text || !range || !event.clipboardData || (native && !native.isCollapsed)) return;
    event.clipboardData.setData("text/plain", text.slice(range));
    event.preventDefault();
  });
}
