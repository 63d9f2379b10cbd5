"""The page's own clock: from an input, or from running a cell, to the frame that shows what was waited for.

"Painted" is the second animation frame after the DOM shows it: the first one belongs to the frame that is painted,
the second one is the earliest moment at which a page can know that this has happened. It therefore never is less
than one frame, also for a page that does nothing else; the contestant ``bare`` tells how much that is here.

A canvas has no DOM to watch. Of canvases a few pixels are read once a frame, in a task right after the frame's own
callbacks and painting, until they have the colour or the change that is waited for; the next animation frame is then
the one that the DOM's clock stops at, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.notebook.driver import Notebook

from .wants import Wanted

_PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Key:
    """A key (with modifiers), as Playwright and as the browser call it."""

    chord: str
    code: str
    focus: str = ""
    """What is focused before."""


@dataclass(frozen=True)
class Click:
    """A click on what a selector finds first."""

    selector: str


@dataclass(frozen=True)
class Timing:
    """Milliseconds since the page's first listener saw the input (or since the cell was run)."""

    shown: float
    """The DOM holds it."""
    painted: float
    input: float = 0.0
    """From the event's own time stamp to that first listener."""


def install(nb: Notebook) -> None:
    """Put the probe into a page (again after a reload)."""
    nb.page.evaluate(_PROBE)


def clear(nb: Notebook, cell: int) -> None:
    """Empty a cell's output, and let the page come to rest."""
    nb.js("window.__bench.clear(path, a[0])", cell)
    nb.sleep(0.3)


def run_cell(nb: Notebook, cell: int, want: Wanted, *, limit: float = 60) -> Timing | None:
    """Run a cell until it shows something; None if it does not within ``limit`` seconds."""
    clear(nb, cell)
    got = nb.js("window.__bench.run(path, a[0], a[1], a[2])", cell, want.js(), limit * 1000)
    if got is not None:
        point(nb, cell, want.selector)  # raises where nobody could have seen it
    return None if got is None else Timing(**got)


def point(nb: Notebook, cell: int, selector: str) -> tuple[float, float]:
    """The middle of something that can really be clicked on there."""
    x, y = nb.js(
        """(() => {
          const root = window.__bench.root(path, a[0]);
          const one = root.querySelector(a[1]);
          if (!one) throw new Error("not on the page: " + a[1]);
          let box = one.getBoundingClientRect();
          if (box.top < 90 || box.bottom > innerHeight - 30) {
            one.scrollIntoView({ block: "center" });
            box = one.getBoundingClientRect();
          }
          const x = box.x + box.width / 2, y = box.y + box.height / 2;
          if (!root.contains(document.elementFromPoint(x, y))) throw new Error("out of sight: " + a[1]);
          return [x, y];
        })()""",
        cell,
        selector,
    )
    return x, y


def prepare(nb: Notebook, cell: int, gesture: Key | Click) -> tuple[float, float]:
    """Bring mouse or focus to where the gesture needs it."""
    if isinstance(gesture, Key):
        if gesture.focus:
            nb.output(cell).locator(gesture.focus).first.focus()
        return 0, 0
    x, y = point(nb, cell, gesture.selector)
    nb.page.mouse.move(x, y)
    return x, y


def fire(nb: Notebook, gesture: Key | Click) -> None:
    """The gesture itself, by the browser's real input events."""
    if isinstance(gesture, Key):
        nb.page.keyboard.press(gesture.chord)
    else:
        nb.page.mouse.down()
        nb.page.mouse.up()


def act(nb: Notebook, cell: int, gesture: Key | Click, want: Wanted, *, limit: float = 20) -> Timing | None:
    """Do a gesture and time it until the page shows something; None if it does not within ``limit`` seconds."""
    prepare(nb, cell, gesture)
    if isinstance(gesture, Key):
        arm(nb, cell, "keydown", want, limit=limit, code=gesture.code)
    else:
        arm(nb, cell, "pointerup", want, limit=limit)
    fire(nb, gesture)
    return taken(nb)


def arm(nb: Notebook, cell: int, event: str, want: Wanted, *, limit: float = 20, code: str = "") -> None:
    """Start the clock at the next real event of this kind."""
    nb.js("window.__bench.arm(path, ...a)", cell, {"type": event, "code": code}, want.js(), limit * 1000)


def timed(
    nb: Notebook, cell: int, event: str, want: Wanted, act: Callable[[], object], *, limit: float = 20
) -> Timing | None:
    """Do something and time it from its first event of this kind; None if the wanted is not there in time."""
    arm(nb, cell, event, want, limit=limit)
    act()
    return taken(nb)


def taken(nb: Notebook) -> Timing | None:
    """What the clock says that `arm` has set."""
    got = nb.js("window.__bench.result")
    return None if got is None else Timing(**got)


def drag(nb: Notebook, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move in a few steps, and stop before the button is let go."""
    nb.page.mouse.move(*start)
    nb.page.mouse.down()
    nb.page.mouse.move(*end, steps=4)


def word_box(nb: Notebook, cell: int, selector: str, word: str) -> dict[str, float]:
    """Where a word stands on the screen: the last one of this spelling inside what the selector finds."""
    got = nb.js(
        """(() => {
          const root = window.__bench.root(path, a[0]).querySelector(a[1]);
          const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
          let found = null;
          for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            const at = node.data.lastIndexOf(a[2]);
            if (at >= 0) found = [node, at];
          }
          if (!found) return null;
          found[0].parentElement.scrollIntoView({ block: "nearest" });
          const range = document.createRange();
          range.setStart(found[0], found[1]);
          range.setEnd(found[0], found[1] + a[2].length);
          const box = range.getBoundingClientRect();
          return { x: box.x, y: box.y, width: box.width, height: box.height };
        })()""",
        cell,
        selector,
        word,
    )
    assert got is not None, f"{word!r} is not on the page"
    return dict(got)


# ---- canvases -------------------------------------------------------------------------------------


def find(
    nb: Notebook, cell: int, anchor: str, colour: tuple[int, int, int], *, reach: int = 40
) -> dict[str, float] | None:
    """The middle (``x``, ``y``) and the size of all pixels of a colour on canvases, from the anchor's top left."""
    found = nb.js("window.__bench.find(path, ...a)", cell, anchor, colour, reach)
    return dict(found) if found else None


def width(nb: Notebook, cell: int, selector: str) -> float:
    """How wide something is on the screen; 0 if it is not there."""
    script = "window.__bench.root(path, a[0]).querySelector(a[1])?.getBoundingClientRect().width ?? 0"
    return float(nb.js(script, cell, selector))


def origin(nb: Notebook, cell: int, anchor: str) -> tuple[float, float]:
    """Where the anchor's top left is in the window, after it was scrolled into sight."""
    x, y = point(nb, cell, anchor)
    script = "(box => [box.x, box.y])(window.__bench.root(path, a[0]).querySelector(a[1]).getBoundingClientRect())"
    left, top = nb.js(script, cell, anchor)
    assert left <= x, f"{anchor} has no size"
    assert top <= y, f"{anchor} has no size"
    return left, top
