"""Photographs of 12 megapixels, one after the other: from submitting one to the next on the screen."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.notebook.driver import Notebook

from .. import imagers, page, photos
from ..bench import Bench, Result, turns
from ..page import Key
from ..stats import median, number, quantile, spread
from ..wants import Colours, Spot
from .base import SAME, Budget, Measure, missed, paragraphs, table
from .labelling import FRAME

_WINDOW = {"width": 2000, "height": 1300}
_LABELER, _SLEEPER = 0, 1
_BUSY = 5.0
"""Seconds that the busy cell sleeps."""
_PACE = (0.9, 1.1)
"""Seconds that a person looks at a photograph."""
_MANY = 10_000
_OPENING = 60.0


@dataclass(frozen=True)
class _Way:
    name: str
    about: str
    setup: str
    """Given ``files``, the photographs' paths; defines ``make(n)``."""
    cell: str
    anchor: str
    key: Key


_SIGNS = ", ".join(f"'rgb{colour}'" for colour in photos.SIGNS)
_WAYS = (
    _Way(
        name="nblabel",
        about="",
        setup="import pandas as pd\nimport nblabel as nb\n\ndef make(n):\n    global frame\n"
        "    frame = pd.DataFrame({'id': range(n), 'photo': [files[i % len(files)] for i in range(n)]})\n",
        cell="lab = nb.ImageLabeler(frame, image='photo', key='id', choices=['keep', 'drop'], height=820)\nlab",
        anchor="[data-testid=nbl-image]",
        key=Key("1", "Digit1", "[data-testid=nbl-root]"),
    ),
    _Way(
        name="bare",
        about="fills a square with another colour and does nothing else: the browser's own latency",
        setup=imagers.BARE.setup + f"\ndef make(n):\n    global signs\n    signs = ([{_SIGNS}] * n)[:n]\n",
        cell="w = Bare(size=[1080, 810], signs=signs, place=[108, 108, 130, 130])\nw",
        anchor=".bare canvas",
        key=Key("1", "Digit1", ".bare"),
    ),
    _Way(
        name="bare, with photographs",
        about="draws the next one, scaled and decoded beforehand",
        setup=imagers.BARE.setup
        + """
import io
from PIL import Image

def small(name):
    file = io.BytesIO()
    Image.open(name).resize((1080, 810)).save(file, 'JPEG', quality=88)
    return file.getvalue()

def make(n):
    global pictures
    pictures = [small(name) for name in files[:n]]
""",
        cell="w = Bare(size=[1080, 810], pictures=pictures)\nw",
        anchor=".bare canvas",
        key=Key("1", "Digit1", ".bare"),
    ),
)


class Photographs(Measure):
    name: ClassVar[str] = "photographs"
    title: ClassVar[str] = "Photographs, one after the other"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        self.files = self._write(bench)
        result.facts["megabytes"] = sum(file.stat().st_size for file in self.files) / len(self.files) / 1e6
        takers = [one for one in _WAYS if bench.asks_for(one.name.partition(",")[0])]
        for round_ in range(result.rounds):
            for one in turns(takers, round_):
                bench.say(f"photographs, round {round_ + 1}: {one.name}")
                with bench.notebook([one.cell, f"import time\ntime.sleep({_BUSY})"]) as nb:
                    self._one(bench, result, nb, one)
                    for words in dict.fromkeys(words.partition("\n")[0] for words in nb.problems):
                        result.miss(one.name, f"the page's console says {words[:200]!r}")

    @staticmethod
    def _write(bench: Bench) -> list[Path]:
        folder = bench.folder / "photographs"
        folder.mkdir(exist_ok=True)
        files = [folder / f"photo-{n:04d}.jpg" for n in range(bench.times(40, 14))]
        for n, file in enumerate(files):
            file.write_bytes(photos.large(n))
        return files

    def _one(self, bench: Bench, result: Result, nb: Notebook, one: _Way) -> None:
        nb.page.set_viewport_size(_WINDOW)
        own = nb.server.folder / f"photographs-{time.monotonic_ns()}"
        own.mkdir()
        files = [str(file) for file in self.files]
        nb.kernel.run(f"import os\nos.chdir({str(own)!r})\nfiles = {files!r}\n{one.setup}", timeout=120)
        nb.kernel.run(f"make({len(files)})", timeout=120)
        spot = self._open(nb, one)
        if spot is None:
            result.miss(one.name, f"the first photograph is not painted within {_OPENING:.0f} s")
            return
        nb.sleep(2)
        item = 0
        for _ in range(bench.times(20, 5)):
            if not self._next(result, nb, one, spot, item, "idle", len(files)):
                return
            item += 1
        for _ in range(bench.times(3, 1)):
            nb.start(_SLEEPER)
            begun = time.monotonic()
            nb.sleep(0.4)
            while time.monotonic() - begun < _BUSY - 1.2:
                if not self._next(result, nb, one, spot, item, "busy"):
                    return
                item += 1
            nb.finish(_SLEEPER)
            nb.sleep(1)
        if one.name == "nblabel":
            self._many(result, nb, one, item)

    def _many(self, result: Result, nb: Notebook, one: _Way, item: int) -> None:
        """The same photographs over and over: what is sent must not depend on how many there are."""
        nb.kernel.run(f"os.mkdir('many')\nos.chdir('many')\nmake({_MANY})", timeout=120)
        if spot := self._open(nb, one):
            nb.sleep(2)
            for item in range(5):
                if not self._next(result, nb, one, spot, item, "of many", _MANY):
                    return

    @staticmethod
    def _open(nb: Notebook, one: _Way) -> Spot | None:
        """Show the first one; where its sign is."""
        page.clear(nb, _LABELER)
        nb.js("nb.run(path, a[0])", _LABELER)
        begun = time.monotonic()
        found, before = None, None
        while found is None or found != before:
            if time.monotonic() - begun > _OPENING:
                return None
            nb.sleep(0.5)
            before, found = found, page.find(nb, _LABELER, one.anchor, photos.sign(0))
        nb.finish(_LABELER)
        page.point(nb, _LABELER, one.anchor)
        return Spot(found["x"], found["y"])

    @staticmethod
    def _next(result: Result, nb: Notebook, one: _Way, spot: Spot, item: int, series: str, count: int = 0) -> bool:
        nb.traffic.clear()
        want = Colours(one.anchor, ((spot, photos.sign(item + 1)),))
        seen = page.act(nb, _LABELER, one.key, want)
        if seen is None:
            result.miss(one.name, f"photograph {item + 2} is not painted within 20 s ({series})")
            return False
        result.add(one.name, series, seen.painted)
        nb.sleep(random.uniform(*_PACE))
        if count and one.name == "nblabel":
            result.add(one.name, f"bytes {count}", sum(nb.traffic.sizes()))
        return True

    # ---- telling ------------------------------------------------------------------------------------

    def report(self, result: Result) -> str:
        rows = [
            (one.name, spread(result.get(one.name, "idle")), spread(result.get(one.name, "busy")), one.about)
            for one in _WAYS
            if one.name in result.samples
        ]
        return paragraphs(
            table(("", "submit → next painted, idle, ms", "the same while a cell runs, ms", ""), rows),
            f"JPEGs of {photos.LARGE[0]:,} × {photos.LARGE[1]:,} pixels and {number(result.facts['megabytes'])} MB, "
            "made up; submitted by key about once a second.",
            missed(result),
        )

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        floor = result.get("bare", "idle")
        for series in ("idle", "busy"):
            ours = result.get("nblabel", series)
            if ours and floor:
                beyond = max(0.0, quantile(ours, 0.95) - quantile(floor, 0.95))
                what = f"submit → next 12-megapixel photograph painted, kernel {series}, p95 beyond the browser's own"
                found.append(Budget(what, "≤ 1 frame (16.7 ms)", f"{number(beyond)} ms", beyond <= FRAME))
        sizes = [int(name.split()[1]) for name in result.samples.get("nblabel", {}) if name.startswith("bytes ")]
        if len(sizes) > 1:
            few, many = (median(result.get("nblabel", f"bytes {size}")) for size in (min(sizes), max(sizes)))
            what = f"bytes to the kernel for each of {max(sizes):,} photographs: its label, and asking for the next one"
            seen = f"{number(many)} bytes"
            found.append(Budget(what, f"as for each of {min(sizes)}: {number(few)}", seen, many - few <= SAME))
        return found
