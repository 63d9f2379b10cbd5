"""A picture with thousands of boxes: opened, a box dragged, drawn and added; panned and zoomed."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from playwright.sync_api import Error as PlaywrightError
from tests.notebook.driver import Notebook

from .. import imagers, page, photos
from ..bench import Bench, Result, turns
from ..effort import efforts
from ..imagers import Imager, Placed
from ..photos import Corners
from ..stats import median, number, quantile, spread
from .base import SAME, Budget, Measure, missed, paragraphs, table
from .labelling import FRAME

_SIZES = (1_000, 5_000, 10_000)
_WINDOW = {"width": 2000, "height": 1300}
"""The picture is shown pixel for pixel by all, or nearly so."""
_OPENING = 60.0
_PATIENCE = 20.0
"""Seconds."""
_STEP = (4, 2)
"""Pixels that a pointer moves at a time."""

_ANNOTATION = 110
"""Bytes of a box as JSON."""

Path = list[tuple[float, float]]


class _GivesUpError(Exception):
    """What comes next makes no sense any more."""


class Images(Measure):
    name: ClassVar[str] = "images"
    aliases: ClassVar[tuple[str, ...]] = ("boxes",)
    title: ClassVar[str] = "Images with many boxes"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        takers = [one for one in imagers.ALL if bench.asks_for(one.name)]
        for round_ in range(result.rounds):
            for size in _SIZES:
                for one in turns(takers, round_):
                    bench.say(f"images, round {round_ + 1}: {one.name}, {size:,} boxes")
                    try:
                        with bench.notebook([one.cell]) as nb:
                            _Session(bench, result, nb, one, size).run()
                    except (_GivesUpError, AssertionError, PlaywrightError) as problem:
                        result.miss(one.name, f"{size:,} boxes: {str(problem).partition(chr(10))[0]}")

    # ---- telling ------------------------------------------------------------------------------------

    def report(self, result: Result) -> str:
        seen = [(size, one) for size in _SIZES for one in imagers.ALL if result.get(one.name, f"paint {size}")]
        return paragraphs(
            table(
                (
                    "boxes", "", "cell run → picture and boxes painted, ms", "drag one: pointer moved → painted, ms",
                    "draw one: pointer moved → painted, ms", "button up → added box painted, ms",
                ),
                [self._row(result, size, one, "paint", "drag", "draw", "add") for size, one in seen],
            ),
            table(
                ("boxes", "", "pan: pointer moved → painted, ms", "zoom: wheel turned → painted, ms",
                 "bytes to the kernel for a dragged box", "bytes to the kernel for an added box"),
                [self._row(result, size, one, "pan", "zoom", "drag bytes", "add bytes") for size, one in seen],
            ),
            table(
                ("boxes", "", *(f"{one}, ms" for one in ("drag one", "pan", "zoom"))),
                [
                    (f"{size:,}", one.name, *(self._load(result, size, one, part) for part in ("drag", "pan", "zoom")))
                    for size, one in seen
                    if not one.in_kernel
                ],
            ),
            "The last table: script for each step, and in brackets everything that the page's main thread does for it "
            "(without a GPU that is drawing the canvases, too).",
            "\n".join(f"- {one.name}: {one.about}." for one in imagers.ALL if one.name in result.samples),
            missed(result),
        )  # fmt: skip

    @staticmethod
    def _row(result: Result, size: int, one: Imager, *series: str) -> tuple[str, ...]:
        return f"{size:,}", one.name, *(spread(result.get(one.name, f"{name} {size}")) for name in series)

    @staticmethod
    def _load(result: Result, size: int, one: Imager, part: str) -> str:
        script, work = (result.get(one.name, f"{part} {kind} {size}") for kind in ("script", "work"))
        return f"{spread(script)} [{spread(work)}]" if script else "–"

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        most = _SIZES[-1]
        for part, words in (("drag", "drag one"), ("pan", "pan"), ("zoom", "zoom")):
            if script := result.get("nblabel", f"{part} script {most}"):
                seen = quantile(script, 0.95)
                what = f"image with {most:,} boxes: {words}, script for each step, p95"
                found.append(Budget(what, "≤ 1 frame (16.7 ms)", f"{number(seen)} ms", seen <= FRAME))
        for series, words in (("add bytes", "an added box"), ("drag bytes", "a dragged box")):
            few, many = (result.get("nblabel", f"{series} {size}") for size in (_SIZES[0], most))
            if few and many:
                less, more = median(few), median(many)
                seen_words = f"{number(more)} bytes (with {_SIZES[0]:,} boxes {number(less)})"
                # {"kind":"box","x":640,...,"label":"thing","field":"boxes","id":"bfed3455233e"}
                what = f"bytes to the kernel for {words} among {most:,}, Jupyter's headers and all"
                met = more <= 1024 + _ANNOTATION and more - less <= SAME
                found.append(
                    Budget(what, f"≤ 1 KB + the annotation ({_ANNOTATION} bytes), however many", seen_words, met)
                )
        return found


class _Session:
    """One tool with so many boxes, in a notebook of its own."""

    def __init__(self, bench: Bench, result: Result, nb: Notebook, one: Imager, size: int) -> None:
        self.bench, self.result, self.nb, self.one, self.size = bench, result, nb, one, size
        self.boxes = photos.boxes(size)
        few = bench.quick or one.in_kernel  # seconds each
        self.steps, self.adds = (6, 3) if few else (20, 8)

    def run(self) -> None:
        nb, one = self.nb, self.one
        nb.page.set_viewport_size(_WINDOW)
        folder = nb.server.folder / f"images-{time.monotonic_ns()}"
        folder.mkdir()
        (folder / "photo.jpg").write_bytes(photos.photo())
        (folder / "boxes.json").write_text(json.dumps(self.boxes))
        nb.kernel.run(f"import os\nos.chdir({str(folder)!r})\n{imagers.COMMON}")
        nb.kernel.run(one.setup, timeout=120)
        self.placed = self._open()
        self.handle = photos.HANDLE
        parts: list[Callable[[], None]] = [self._drag, self._draw, self._pan, self._zoom]
        for part in parts:
            part()
        for words in dict.fromkeys(words.partition("\n")[0] for words in nb.problems):
            self.result.miss(one.name, f"the page's console says {words[:200]!r}")

    def add(self, series: str, *values: float) -> None:
        self.result.add(self.one.name, f"{series} {self.size}", *values)

    def miss(self, words: str) -> None:
        self.result.miss(self.one.name, f"{self.size:,} boxes: {words}")

    # ---- opening ------------------------------------------------------------------------------------

    def _open(self) -> Placed:
        """Run the cell a few times; the first time also tells where on the screen things are."""
        nb, one = self.nb, self.one
        begun = time.monotonic()
        nb.js("nb.run(path, a[0])", 0)
        placed, before = None, None
        while placed is None or placed != before:  # a page may still make room for itself
            if time.monotonic() - begun > _OPENING:
                raise _GivesUpError(f"picture and boxes are not painted within {_OPENING:.0f} s")
            nb.sleep(0.5)
            before, placed = placed, one.place(nb, 0)
        nb.finish(0)
        for _ in range(self.bench.times(3, 1)):
            seen = page.run_cell(nb, 0, one.painted(placed, self.boxes), limit=_OPENING)
            nb.finish(0)
            if seen is None:
                raise _GivesUpError(f"picture and boxes are not painted again within {_OPENING:.0f} s")
            self.add("paint", seen.painted)
            nb.sleep(0.5)
        left, top = page.origin(nb, 0, one.anchor)
        self.origin = (left, top)
        return placed

    # ---- hands --------------------------------------------------------------------------------------

    def _on(self, x: float, y: float) -> tuple[float, float]:
        """Where a picture's point is in the window."""
        across, down = self.placed.at(x, y)
        return self.origin[0] + across, self.origin[1] + down

    def _move(self, x: float, y: float) -> None:
        self.nb.page.mouse.move(*self._on(x, y))

    def _take(self, tool: str) -> bool:
        if not self.one.take(self.nb, 0, tool):
            return False
        self.origin = page.origin(self.nb, 0, self.one.anchor)
        return True

    def _rest(self) -> None:
        """Let page and kernel come to rest, and begin to count bytes."""
        self.nb.sleep(1)
        self.nb.traffic.clear()

    def _sent(self) -> int:
        self.nb.sleep(0.7)
        return sum(self.nb.traffic.sizes())

    def _check(self, box: Corners, what: str) -> None:
        """Python must hold the box."""
        if self.one.held == "[]":
            return
        if not self.nb.kernel.value(f"near({self.one.held}, {list(box)})", timeout=60):
            self.miss(f"Python does not hold the box that was {what}")

    # ---- dragging one -------------------------------------------------------------------------------

    def _drag(self) -> None:
        if not self._take("drag"):
            return
        nb, one = self.nb, self.one
        x, y, width, height = self.handle
        grip = x + width * one.GRIP[0], y + height * one.GRIP[1]
        # Further than any tool's threshold; then step by step.
        steps = [(8 + _STEP[0] * n, 4 + _STEP[1] * n) for n in range(self.steps + 1)]
        self._rest()
        self._move(*grip)
        nb.page.mouse.down()
        self._move(grip[0] + steps[0][0], grip[1] + steps[0][1])
        nb.sleep(0.3)
        for dx, dy in steps[1:]:
            want = one.dragged(self.placed, one.after_drag(self.handle, dx, dy))
            act = partial(self._move, grip[0] + dx, grip[1] + dy)
            seen = page.timed(nb, 0, "pointermove", want, act, limit=_PATIENCE)
            if seen is None:
                nb.page.mouse.up()
                self.miss(f"a dragged box does not follow the pointer within {_PATIENCE:.0f} s")
                return
            self.add("drag", seen.painted)
            nb.page.wait_for_timeout(random.uniform(5, 25))
        nb.page.mouse.up()
        if one.in_kernel:
            self.add("drag bytes", self._sent())
        self.handle = one.after_drag(self.handle, *steps[-1])
        nb.sleep(1)
        self._check(self.handle, "dragged")
        if not one.in_kernel:
            grip = grip[0] + steps[-1][0], grip[1] + steps[-1][1]
            self._effort("drag", [(grip[0] - dx, grip[1] - dy) for dx, dy in steps], grip)
            self.handle = one.after_drag(self.handle, -steps[-1][0], -steps[-1][1])
            self._weigh_drags()

    def _weigh_drags(self) -> None:
        """Bytes for dragging without a pause: what a page sends now and then anyway falls into few of these drags."""
        for n in range(self.bench.times(6, 2)):
            x, y, width, height = self.handle
            grip = x + width * self.one.GRIP[0], y + height * self.one.GRIP[1]
            there = 20 if n % 2 == 0 else -20
            self._rest()
            self._move(*grip)
            self.nb.page.mouse.down()
            for part in range(1, 11):
                self._move(grip[0] + there * part / 10, grip[1])
            self.nb.page.mouse.up()
            self.add("drag bytes", self._sent())
            self.handle = self.one.after_drag(self.handle, there, 0)
        self._check(self.handle, "dragged to and fro")

    def _effort(self, series: str, path: Path, start: tuple[float, float]) -> None:
        """The same again, for what the page's main thread does meanwhile."""
        self._move(*start)
        self.nb.page.mouse.down()
        self._move(*path[0])
        self.nb.sleep(0.3)
        found = efforts(self.nb, "pointermove", (partial(self._move, *place) for place in path[1:]))
        self.nb.page.mouse.up()
        self._efforts(series, found)

    def _efforts(self, series: str, found: list[tuple[float, float]]) -> None:
        self.add(f"{series} script", *(script for script, _ in found))
        self.add(f"{series} work", *(work for _, work in found))

    # ---- adding some --------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self._take("draw"):
            return
        nb, one = self.nb, self.one
        for n in range(self.adds):
            box = photos.added(n)
            x, y, width, height = box
            self._rest()
            self._move(x, y)
            nb.page.mouse.down()
            self._move(x + 8, y + 8)
            nb.page.wait_for_timeout(100)
            for part in (0.6, 0.8, 1):
                w, h = round(width * part), round(height * part)
                act = partial(self._move, x + w, y + h)
                seen = page.timed(
                    nb, 0, "pointermove", one.drawn(self.placed, (x, y, w, h)), act, limit=_PATIENCE
                )  # fmt: skip
                if seen is None:
                    nb.page.mouse.up()
                    self.miss(f"a box that is drawn does not follow the pointer within {_PATIENCE:.0f} s")
                    return
                self.add("draw", seen.painted)
                nb.page.wait_for_timeout(random.uniform(30, 60))
            seen = page.timed(nb, 0, "pointerup", one.added(self.placed, box), nb.page.mouse.up, limit=_PATIENCE)
            if seen is None:
                self.miss(f"nothing tells within {_PATIENCE:.0f} s of the button let go that a box was added")
                return
            self.add("add", seen.painted)
            self.add("add bytes", self._sent())
            self._check(box, "added")

    # ---- looking elsewhere --------------------------------------------------------------------------

    def _pan(self) -> None:
        if not self._take("pan"):
            return
        nb, one = self.nb, self.one
        start = (600.0, 480.0)
        steps = [(start[0] + 8 + 4 * n, start[1] + 4 + 3 * n) for n in range(self.steps + 1)]
        self._move(*start)
        nb.page.mouse.down()
        self._move(*steps[0])
        nb.sleep(0.3)
        for place in steps[1:]:
            seen = page.timed(nb, 0, "pointermove", one.moved(self.placed), partial(self._move, *place))
            if seen is None:
                self.miss("the picture does not follow the pointer that pans")
                break
            self.add("pan", seen.painted)
            nb.page.wait_for_timeout(random.uniform(5, 25))
        nb.page.mouse.up()
        nb.sleep(0.5)
        self._effort("pan", [*steps[::-1], start], steps[-1])
        one.lay_down(nb, "pan")

    def _zoom(self) -> None:
        if not self.one.zooms:
            return
        nb, one = self.nb, self.one
        self._move(600, 400)
        for turn in self._turns():
            seen = page.timed(nb, 0, "wheel", one.moved(self.placed), turn)
            if seen is None:
                self.miss("the wheel does not zoom")
                return
            self.add("zoom", seen.painted)
            nb.page.wait_for_timeout(random.uniform(50, 90))
        self._efforts("zoom", efforts(nb, "wheel", self._turns()))

    def _turns(self) -> Iterator[Callable[[], None]]:
        """Turns of the wheel, three nearer and three back again."""
        for n in range(self.steps):
            yield partial(self.nb.page.mouse.wheel, 0, -120 if n % 6 < 3 else 120)
