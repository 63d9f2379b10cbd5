"""Ten hours of sound with thousands of segments: opened, scrolled, zoomed, a segment added, a place found and heard."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from playwright.sync_api import Error as PlaywrightError
from tests.notebook.driver import Notebook

from .. import page
from ..bench import Bench, Result, turns
from ..effort import efforts
from ..stats import median, number, quantile, spread
from ..wants import Settled, Want
from .base import SAME, Budget, Measure, missed, paragraphs, table
from .labelling import FRAME

_RATE, _HOURS = 8_000, 10
_SECONDS = _HOURS * 3600
_SIZES = (1_000, 10_000)
_WINDOW = {"width": 1600, "height": 1000}
_OPENING = 120.0
_WAVESURFER = "wavesurfer.js@8.0.1"
_ANNOTATION = 120
"""Bytes of a segment as JSON."""
_HEARING = """
() => {
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...rest) {
    const ahead = Math.max(0, when - this.context.currentTime) * 1000;
    window.__heard ??= performance.now() + ahead;
    return start.call(this, when, ...rest);
  };
  window.__bench.heard = (event) => { window.__pressed = performance.now(); };
}
"""


@dataclass(frozen=True)
class _Player:
    name: str
    about: str
    setup: str
    """Given ``segments``, pairs of seconds."""
    cell: str
    ready: str
    place: str
    """Where the mouse works."""
    zoom_key: str = ""
    """Held while the wheel zooms."""
    nearer: tuple[str, ...] = field(default=())
    """Keys that show about two minutes."""


_NBLABEL = _Player(
    name="nblabel",
    about="waves come from the kernel as they are needed; opened with the peaks of an earlier opening",
    setup="import nblabel as nb\n"
    "before = nb.AudioLabeler(['night.wav'], segments=['owl'], spectrogram=False)\n"
    "before.draft([nb.Segment(a, b, 'owl') for a, b in segments])\n"
    "before.close()\n",
    cell="lab = nb.AudioLabeler(['night.wav'], segments=['owl'], spectrogram=False)\nlab",
    ready=".nbl-recording[data-state=ready]",
    place="[data-testid=nbl-timeline]",
    zoom_key="Control",
    nearer=("1", "Home", *["+"] * 8),
)
_WS = _Player(
    name="wavesurfer.js",
    about="8.0.1 with its Regions and Zoom plugins and without sound: ten peaks a second were computed beforehand",
    setup='''
import anywidget, traitlets
from pathlib import Path

class Waves(anywidget.AnyWidget):
    _esm = """
    const load = async (text) => {
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      return (await import(url)).default;
    };
    export default { async render({ model, el }) {
      const [WaveSurfer, Regions, Zoom] = await Promise.all(model.get("parts").map(load));
      const box = document.createElement("div");
      box.className = "ws";
      el.append(box);
      const regions = Regions.create();
      const view = model.get("peaks");
      const peaks = new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
      const ws = WaveSurfer.create({
        container: box, peaks: [peaks], duration: model.get("duration"), height: 200, minPxPerSec: 10,
        plugins: [regions, Zoom.create({ scale: 0.2, maxZoom: 200 })],
      });
      ws.on("ready", () => {
        const color = "rgba(255, 0, 0, 0.2)";
        for (const [start, end] of model.get("segments")) regions.addRegion({ start, end, color });
        regions.enableDragSelection({ color: "rgba(0, 0, 255, 0.2)" });
        box.dataset.ready = "";
        box.dataset.count = regions.getRegions().length;
      });
      regions.on("region-created", () => { box.dataset.count = regions.getRegions().length; });
    } };
    """
    parts = traitlets.List().tag(sync=True)
    peaks = traitlets.Bytes().tag(sync=True)
    duration = traitlets.Float().tag(sync=True)
    segments = traitlets.List().tag(sync=True)

parts = [Path(name).read_text() for name in ("wavesurfer.esm.js", "regions.esm.js", "zoom.esm.js")]
peaks = Path("peaks.f32").read_bytes()
''',
    cell=f"w = Waves(parts=parts, peaks=peaks, duration={_SECONDS}.0, segments=[list(one) for one in segments])\nw",
    ready=".ws[data-ready]",
    place=".ws",
)
_ALL = (_NBLABEL, _WS)


class Recordings(Measure):
    name: ClassVar[str] = "recordings"
    aliases: ClassVar[tuple[str, ...]] = ("audio",)
    title: ClassVar[str] = "Ten hours of sound"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        folder = bench.folder / "recordings"
        folder.mkdir(exist_ok=True)
        self._files(folder)
        takers = [one for one in _ALL if not bench.against or one.name in bench.against]
        for round_ in range(result.rounds):
            for size in _SIZES:
                for one in turns(takers, round_):
                    bench.say(f"recordings, round {round_ + 1}: {one.name}, {size:,} segments")
                    try:
                        with bench.notebook([one.cell]) as nb:
                            _Session(bench, result, nb, one, size, folder).run()
                    except (AssertionError, PlaywrightError) as problem:
                        result.miss(one.name, f"{size:,} segments: {str(problem).partition(chr(10))[0][:200]}")

    @staticmethod
    def _files(folder: Path) -> None:
        size = _RATE * _SECONDS * 2
        sound = (np.sin(np.arange(_RATE * 60) / 9) * np.abs(np.sin(np.arange(_RATE * 60) / 20_000)) * 12_000).astype(
            "<i2"
        )
        with (folder / "night.wav").open("wb") as file:
            file.write(
                struct.pack(
                    "<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16,
                    b"data", size,
                )
            )  # fmt: skip
            for _ in range(_HOURS * 60):
                file.write(sound.tobytes())
        peaks = np.abs(sound.reshape(-1, _RATE // 10)).max(axis=1).astype("<f4") / 32768
        (folder / "peaks.f32").write_bytes(np.tile(peaks, _HOURS * 60).tobytes())
        packed = subprocess.run(
            ["npm", "pack", "--silent", _WAVESURFER], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        with tarfile.open(folder / packed) as archive:
            for name in ("wavesurfer.esm.js", "plugins/regions.esm.js", "plugins/zoom.esm.js"):
                member = archive.extractfile(f"package/dist/{name}")
                assert member is not None
                (folder / Path(name).name).write_bytes(member.read())

    # ---- telling ------------------------------------------------------------------------------------

    def report(self, result: Result) -> str:
        seen = [(size, one) for size in _SIZES for one in _ALL if result.get(one.name, f"open {size}")]

        def row(size: int, one: _Player, *series: str) -> tuple[str, ...]:
            return f"{size:,}", one.name, *(spread(result.get(one.name, f"{name} {size}")) for name in series)

        hear = [value for size in _SIZES for value in result.get("nblabel", f"hear {size}")]
        first = result.facts.get("first", [])
        return paragraphs(
            table(
                ("segments", "", "cell run → waves and segments shown, ms", "scroll: wheel turned → next frame, ms",
                 "zoom, ms", "button up → added segment in the next frame, ms"),
                [row(size, one, "open", "scroll", "zoom", "add") for size, one in seen],
            ),
            table(
                ("segments", "", "scroll: script [all work of the main thread], ms", "zoom",
                 "add: a drag of three moves, and button up"),
                [
                    (f"{size:,}", one.name, *(
                        f"{spread(result.get(one.name, f'{part} script {size}'))} "
                        f"[{spread(result.get(one.name, f'{part} work {size}'))}]"
                        for part in ("scroll", "zoom", "add")
                    ))
                    for size, one in seen
                ],
            ),
            f"A WAV of {_HOURS} hours, {_RATE:,} Hz, 16 bit. The first opening, with nothing computed yet: nblabel can "
            f"be used after {spread([one['usable'] for one in first])} ms, all waves are there after "
            f"{spread([one['waves'] for one in first])} ms, and the kernel has grown by "
            f"{spread([one['grown'] for one in first])} MB. A place never visited is heard {spread(hear)} ms after "
            "the key.",
            "\n".join(f"- {one.name}: {one.about}." for one in _ALL if one.name in result.samples),
            missed(result),
        )  # fmt: skip

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        if first := result.facts.get("first", []):
            seen = median([one["usable"] for one in first])
            what = f"{_HOURS}-hour recording, nothing computed yet: cell run → labeler shown and usable"
            found.append(Budget(what, "≤ 1 s", f"{number(seen)} ms", seen <= 1000))
        if hear := result.get("nblabel", f"hear {_SIZES[0]}"):
            seen = quantile(hear, 0.95)
            what = f"{_HOURS}-hour recording: key → a place never visited is heard, p95"
            found.append(Budget(what, "≤ 300 ms", f"{number(seen)} ms", seen <= 300))
        most = _SIZES[-1]
        for part in ("scroll", "zoom"):
            if script := result.get("nblabel", f"{part} script {most}"):
                seen = quantile(script, 0.95)
                what = f"{_HOURS} hours with {most:,} segments: {part}, script for each step, p95"
                found.append(Budget(what, "≤ 1 frame (16.7 ms)", f"{number(seen)} ms", seen <= FRAME))
        few, many = (result.get("nblabel", f"add bytes {size}") for size in (_SIZES[0], most))
        if few and many:
            less, more = median(few), median(many)
            met = more <= 1024 + _ANNOTATION and more - less <= SAME
            words = f"{number(more)} bytes (with {_SIZES[0]:,} segments {number(less)})"
            what = f"bytes to the kernel for an added segment among {most:,}, Jupyter's headers and all"
            found.append(Budget(what, f"≤ 1 KB + the annotation ({_ANNOTATION} bytes), however many", words, met))
        return found


class _Session:
    """One player with so many segments, in a notebook of its own."""

    def __init__(self, bench: Bench, result: Result, nb: Notebook, one: _Player, size: int, files: Path) -> None:
        self.bench, self.result, self.nb, self.one, self.size, self.files = bench, result, nb, one, size, files
        self.steps = bench.times(20, 6)

    def add(self, series: str, *values: float) -> None:
        self.result.add(self.one.name, f"{series} {self.size}", *values)

    def run(self) -> None:
        nb, one = self.nb, self.one
        nb.page.set_viewport_size(_WINDOW)
        own = nb.server.folder / f"recordings-{time.monotonic_ns()}"
        own.mkdir()
        for file in self.files.iterdir():
            (own / file.name).symlink_to(file)
        step = _SECONDS / self.size
        segments = [(round(n * step + 0.2 * step, 3), round(n * step + 0.6 * step, 3)) for n in range(self.size)]
        (own / "segments.json").write_text(json.dumps(segments))
        nb.kernel.run(
            f"import json, os, resource\nos.chdir({str(own)!r})\n"
            f"segments = json.load(open('segments.json'))\n{one.setup}"
            "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\nbefore_mb = used()\n",
            timeout=120,
        )
        try:
            self._open()
            self.x, self.y = page.point(nb, 0, one.place)
            if one.nearer:
                nb.output(0).locator(one.place).first.focus()
                for key in one.nearer:
                    nb.page.keyboard.press(key)
                nb.sleep(1.5)
            nb.page.mouse.move(self.x, self.y)
            self._wheel("scroll", self._scrolls)
            self._adds()
            if one is _NBLABEL:
                self._hear()
            self._wheel("zoom", self._zooms)
            for words in dict.fromkeys(words.partition("\n")[0] for words in nb.problems):
                self.result.miss(one.name, f"the page's console says {words[:200]!r}")
        finally:
            shutil.rmtree(own, ignore_errors=True)

    def _open(self) -> None:
        nb, one = self.nb, self.one
        if one is _NBLABEL:
            usable = page.run_cell(nb, 0, Want(one.place, count=1), limit=_OPENING)
            assert usable is not None, "the labeler is not shown"
            begun = time.monotonic()
            nb.output(0).locator(one.ready).first.wait_for(timeout=_OPENING * 1000)
            waves = usable.painted + (time.monotonic() - begun) * 1000
            grown = nb.kernel.value("used() - before_mb")
            self.result.facts.setdefault("first", []).append({"usable": usable.painted, "waves": waves, "grown": grown})
            nb.finish(0)
        for _ in range(self.bench.times(3, 1)):
            seen = page.run_cell(nb, 0, Want(one.ready, count=1), limit=_OPENING)
            assert seen is not None, f"waves and segments are not shown within {_OPENING:.0f} s"
            nb.finish(0)
            self.add("open", seen.painted)
            nb.sleep(1)

    def _wheel(self, series: str, steps: Callable[[], Iterator[Callable[[], None]]]) -> None:
        for turn in steps():
            seen = page.timed(self.nb, 0, "wheel", Settled(), turn)
            if seen is not None:
                self.add(series, seen.painted)
            self.nb.page.wait_for_timeout(random.uniform(30, 60))
        self._efforts(series, efforts(self.nb, "wheel", steps()))

    def _efforts(self, series: str, found: list[tuple[float, float]]) -> None:
        self.add(f"{series} script", *(script for script, _ in found))
        self.add(f"{series} work", *(work for _, work in found))

    def _scrolls(self) -> Iterator[Callable[[], None]]:
        for n in range(self.steps):
            yield partial(self.nb.page.mouse.wheel, 160 if n % 8 < 6 else -160, 0)

    def _zooms(self) -> Iterator[Callable[[], None]]:
        def turn(by: int) -> None:
            if self.one.zoom_key:
                self.nb.page.keyboard.down(self.one.zoom_key)
            self.nb.page.mouse.wheel(0, by)
            if self.one.zoom_key:
                self.nb.page.keyboard.up(self.one.zoom_key)

        for n in range(self.steps):
            yield partial(turn, -120 if n % 6 < 3 else 120)

    def _adds(self) -> None:
        nb, mouse = self.nb, self.nb.page.mouse
        count = self._count()

        def drag(n: int) -> None:
            left = self.x - 300 + 40 * n
            mouse.move(left, self.y)
            mouse.down()
            for part in (8, 16, 24):
                mouse.move(left + part, self.y)

        few = min(self.steps, 6)
        for n in range(few):
            nb.sleep(0.5)
            nb.traffic.clear()
            drag(n)
            seen = page.timed(nb, 0, "pointerup", Settled(), mouse.up)
            if seen is not None:
                self.add("add", seen.painted)
            nb.sleep(0.7)
            self.add("add bytes", sum(nb.traffic.sizes()))

        def let_go() -> Iterator[Callable[[], None]]:
            for n in range(few):
                drag(few + n)
                yield mouse.up

        self._efforts("add", efforts(nb, "pointerup", let_go()))
        nb.sleep(1)
        made = self._count() - count
        if made < 2 * few:
            self.result.miss(self.one.name, f"{self.size:,} segments: {made} of {2 * few} segments were added")

    def _count(self) -> int:
        if self.one is _NBLABEL:
            return int(self.nb.kernel.value("len(lab._session.response.annotations)"))
        return int(self.nb.output(0).locator(".ws").first.get_attribute("data-count") or 0)

    def _hear(self) -> None:
        nb = self.nb
        nb.page.evaluate(_HEARING)
        box = nb.output(0).locator("[data-testid=nbl-overview]").first.bounding_box()
        assert box
        for n in range(self.bench.times(8, 3)):
            # a place where nobody was: found in the overview, and the play-head put there on the ruler
            nb.page.mouse.click(box["x"] + box["width"] * (0.07 + 0.1 * n), box["y"] + box["height"] / 2)
            nb.sleep(0.3)
            timeline = nb.output(0).locator(self.one.place).first.bounding_box()
            assert timeline
            nb.page.mouse.click(timeline["x"] + timeline["width"] * 0.4, timeline["y"] + 8)
            nb.page.evaluate("() => { window.__heard = undefined; }")
            nb.page.keyboard.press("Space")
            nb.page.wait_for_function("() => window.__heard !== undefined", timeout=10_000)
            self.add("hear", nb.page.evaluate("() => window.__heard - window.__pressed"))
            nb.sleep(0.5)
            nb.page.keyboard.press("Space")
            nb.sleep(0.3)
