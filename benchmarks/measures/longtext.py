"""One long text with many spans: first paint, and one span more."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from tests.notebook.driver import Notebook

from .. import page
from ..bench import Bench, Result, turns
from ..contestants import Contestant
from ..data import free_word, long_text
from ..stats import median, number, quantile, spread
from ..wants import Want
from .base import Budget, Measure, missed, paragraphs, table
from .labelling import FRAME

_SHAPES = ((20_000, 1_000), (100_000, 10_000))
_ADDS = 10


@dataclass(frozen=True)
class _Way:
    """How one tool takes and shows a text with spans."""

    setup: str
    cell: str
    text: str
    """Selector of the text."""
    span: str
    """Selector of spans that are shown."""
    shapes: tuple[tuple[int, int], ...]


_WAYS = {
    "nblabel": _Way(
        setup=(
            "import nblabel as nb\n"
            "before = nb.TextLabeler([text], spans=['WORD'])\n"
            "before.draft([nb.Span(start, end, 'WORD') for start, end in places])\n"
            "before.close()\n"
        ),
        cell="lab = nb.TextLabeler([text], spans=['WORD'])\nlab",
        text="[data-testid=nbl-text]",
        span="[data-testid=nbl-text] .nbl-piece",
        shapes=_SHAPES,
    ),
    "jupyterannotate": _Way(
        setup=(
            "from jupyterannotate import AnnotateWidget\n"
            "label = {'text': 'WORD', 'color': 'red'}\n"
            "spans = [{'start': s, 'end': e, 'text': text[s:e], 'label': label} for s, e in places]\n"
        ),
        cell="w = AnnotateWidget(docs=[text], labels=['WORD'], spans=[spans])\nw",
        text=".content",
        span=".content .span",
        shapes=_SHAPES[:1],
    ),
}


class LongText(Measure):
    name: ClassVar[str] = "longtext"
    title: ClassVar[str] = "Long texts with many spans"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        takers = [one for one in bench.contestants if one.name in _WAYS]
        for round_ in range(result.rounds):
            for shape in _SHAPES:
                for one in turns(takers, round_):
                    way = _WAYS[one.name]
                    if shape in way.shapes:
                        bench.say(f"longtext, round {round_ + 1}: {one.name}, {shape[0]:,} characters")
                        with bench.notebook([way.cell]) as nb:
                            self._one(bench, result, nb, one, shape)

    @staticmethod
    def _one(bench: Bench, result: Result, nb: Notebook, one: Contestant, shape: tuple[int, int]) -> None:
        way = _WAYS[one.name]
        text, places = long_text(*shape)
        folder = f"long-{time.monotonic_ns()}"
        nb.kernel.run(f"import os\nos.mkdir({folder!r})\nos.chdir({folder!r})\ntext = {text!r}\nplaces = {places!r}")
        nb.kernel.run(way.setup, timeout=120)
        for n in range(1 + bench.times(3, 1)):
            seen = page.run_cell(nb, 0, Want(way.span, count=1), limit=60)
            if seen is None:
                result.miss(one.name, f"{shape[0]:,} characters are not painted within 60 s")
                return
            nb.finish(0)
            if n:
                result.add(one.name, f"paint {shape[0]}", seen.painted)
        nb.sleep(1)
        nb.traffic.clear()
        for n in range(_ADDS):
            word = free_word(n)
            box = page.word_box(nb, 0, way.text, word)
            middle = box["y"] + box["height"] / 2
            page.drag(nb, (box["x"] + 1, middle), (box["x"] + box["width"] - 1, middle))
            page.arm(nb, 0, "pointerup", Want(way.span, text=word), limit=20)
            nb.page.mouse.up()
            added = page.taken(nb)
            if added is None:
                result.miss(one.name, f"no span within 20 s in {shape[0]:,} characters, at the {n + 1}. added")
                return
            result.add(one.name, f"add {shape[0]}", added.painted)
            result.add(one.name, f"add {shape[0]} shown", added.shown)
            nb.page.wait_for_timeout(150)
        nb.sleep(1)
        result.add(one.name, f"bytes {shape[0]}", sum(nb.traffic.sizes()) / _ADDS)

    def report(self, result: Result) -> str:
        rows = []
        for characters, spans in _SHAPES:
            for name in result.samples:
                if result.get(name, f"paint {characters}"):
                    series = (
                        f"paint {characters}",
                        f"add {characters}",
                        f"add {characters} shown",
                        f"bytes {characters}",
                    )
                    values = [spread(result.get(name, one)) for one in series]
                    rows.append((f"{characters:,} characters, {spans:,} spans", name, *values))
        head = ("", "", "cell run → painted, ms", "button up → span painted, ms", "of it until the DOM has it, ms",
                "bytes to the kernel per added span")  # fmt: skip
        return paragraphs(
            table(head, rows),
            "The spans were there before: for nblabel as a draft in the store (opening reads it), for jupyterannotate "
            "as the argument `spans=`. A span is added by dragging over a word in sight near the beginning.",
            missed(result),
        )

    def budgets(self, result: Result) -> list[Budget]:
        characters, spans = _SHAPES[1]
        paint = result.get("nblabel", f"paint {characters}")
        add = result.get("nblabel", f"add {characters}")
        loop = Result.read("labelling")
        found = []
        if paint:
            found.append(Budget(f"{characters:,} characters with {spans:,} spans: first paint", "≤ 300 ms",
                                f"{number(median(paint))} ms", median(paint) <= 300))  # fmt: skip
        floor = loop.get("bare", "idle click") if loop else []
        if add and floor:
            beyond = max(0.0, quantile(add, 0.95) - quantile(floor, 0.95))
            found.append(Budget("the same: add a span, p95 beyond the browser's own latency", "≤ 1 frame (16.7 ms)",
                                f"{number(beyond)} ms", beyond <= FRAME))  # fmt: skip
        return found
