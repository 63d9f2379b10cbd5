"""From a hundred rows to a million: opening, submitting, bytes."""

from __future__ import annotations

import random
from typing import ClassVar

from tests.notebook.driver import Notebook

from .. import page
from ..bench import Bench, Result, turns
from ..contestants import Contestant
from ..stats import median, number, spread
from .base import Budget, Measure, missed, paragraphs, table

_SIZES = (100, 100_000, 1_000_000)
_PATIENCE = 90.0
_SUBMITS = 20
_OPENINGS = ("paint", "again", "elsewhere", "far")
_ELSEWHERE = 5_000_000
"""First item of rows that a frame of a million does not hold."""


class Rows(Measure):
    name: ClassVar[str] = "rows"
    title: ClassVar[str] = "100, 100,000 and 1,000,000 rows"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        takers = [one for one in bench.contestants if one.texts and one.labels]
        for round_ in range(result.rounds):
            for one in turns(takers, round_):
                bench.say(f"rows, round {round_ + 1}: {one.name}")
                with bench.notebook([one.cell]) as nb:
                    nb.kernel.run(one.opening(f"rows-{one.name}-{round_}"))
                    nb.kernel.run("make(100)")
                    page.run_cell(nb, 0, one.want(0))  # imports and the page's code are warm then
                    nb.finish(0)
                    for size in _SIZES:
                        if size == _SIZES[-1] and (one.sends_all or (one.name != "nblabel" and round_ > 0)):
                            continue  # for the others once is enough to see
                        if not self._size(bench, result, nb, one, size):
                            break

    def _size(self, bench: Bench, result: Result, nb: Notebook, one: Contestant, size: int) -> bool:
        # A folder, and so a store, for each size: what is open is what a first run finds.
        nb.kernel.run(f"os.makedirs('rows-{size}')\nos.chdir('rows-{size}')\nmake({size})", timeout=120)
        often = 1 if size == _SIZES[-1] and one.name != "nblabel" else bench.times(3, 2)
        for _ in range(often):
            if not self._open(result, nb, one, size, 0, "paint"):
                return False
        name = next(iter(one.gestures))
        nb.sleep(1)
        nb.traffic.clear()
        for n in range(_SUBMITS):
            one.mark(nb, 0, n)
            seen = page.act(nb, 0, one.gestures[name], one.want(n + 1))
            if seen is None:
                result.miss(one.name, f"no next item within 20 s of a submit with {size:,} rows")
                return False
            result.add(one.name, f"submit {size}", seen.painted)
            nb.page.wait_for_timeout(random.uniform(60, 120))
        nb.sleep(1)
        result.add(one.name, f"bytes {size}", sum(nb.traffic.sizes()) / _SUBMITS)
        if one.name == "nblabel":
            self._again(bench, result, nb, one, size)
        return True

    def _again(self, bench: Bench, result: Result, nb: Notebook, one: Contestant, size: int) -> None:
        """What only a tool with a store can do: go on where one was; also beside answers to other rows."""
        for _ in range(bench.times(3, 2)):
            self._open(result, nb, one, size, _SUBMITS, "again")
        nb.kernel.run(
            "def work(frame, start=0):\n"
            "    one = nb.TextLabeler(frame, text='text', choices=['positive', 'negative'])\n"
            "    one.goto(start)\n"
            f"    for _ in range({_SUBMITS}):\n        one.submit('positive', field='choices')\n"
            "    one.close()\n"
            f"here = texts\nmake({_SUBMITS}, {_ELSEWHERE})\nwork(texts)\ntexts = here"
        )
        for _ in range(bench.times(3, 2)):
            self._open(result, nb, one, size, _SUBMITS, "elsewhere")
        nb.kernel.run(f"work(texts, {size // 2})", timeout=120)
        for _ in range(bench.times(3, 2)):
            self._open(result, nb, one, size, size // 2 + _SUBMITS, "far")

    @staticmethod
    def _open(result: Result, nb: Notebook, one: Contestant, size: int, item: int, series: str) -> bool:
        nb.sleep(0.5)
        nb.traffic.clear()
        seen = page.run_cell(nb, 0, one.want(item), limit=_PATIENCE)
        if seen is None:
            result.miss(one.name, f"{size:,} rows are not painted within {_PATIENCE:.0f} s ({series})")
            return False
        nb.finish(0, timeout=120)
        nb.sleep(0.7)
        result.add(one.name, f"{series} {size}", seen.painted)
        down = sum(nb.traffic.sizes("comm_open", up=False)) + sum(nb.traffic.sizes(up=False))
        result.add(one.name, f"{series} kB {size}", down / 1000)
        return True

    def report(self, result: Result) -> str:
        rows = []
        for name in result.samples:
            for size in _SIZES:
                if result.get(name, f"paint {size}"):
                    series = ("paint", "paint kB", "submit", "bytes")
                    rows.append((name, f"{size:,}", *(spread(result.get(name, f"{one} {size}")) for one in series)))
        head = (
            "",
            "rows",
            "cell run → first item painted, ms",
            "comm messages to the page at opening, kB",
            "submit → next painted, ms",
            f"bytes to the kernel per label, of the first {_SUBMITS}",
        )
        again = [
            (f"{size:,}", *(spread(result.get("nblabel", f"{one} {size}")) for one in _OPENINGS))
            for size in _SIZES
            if result.get("nblabel", f"again {size}")
        ]
        ours = table(
            (
                "nblabel, cell run → painted, ms",
                "nothing labelled yet",
                f"{_SUBMITS} labels, goes on after them",
                f"the same, and {_SUBMITS} answers to rows of another frame in the same data set",
                f"the same, and {_SUBMITS} labels in the middle, goes on after them",
            ),
            again,
        )
        return paragraphs(
            table(head, rows),
            ours if again else "",
            "molabel and jupyterannotate send all rows to the page: 1,000,000 would be one message of more than 80 MB, "
            "which the driver of these measurements does not survive, so nothing is said of that.",
            missed(result),
        )

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        for words, series in (
            ("", "paint"),
            (", 20 of them labelled", "again"),
            (", and answers to others", "elsewhere"),
            (", opened in the middle", "far"),
        ):
            small, large = result.get("nblabel", f"{series} 100"), result.get("nblabel", f"{series} 1000000")
            if not small or not large:
                continue
            ratio = median(large) / median(small)
            what = f"1,000,000 rows{words}: cell run → first item painted"
            seen = f"{number(ratio)} × ({number(median(large))} against {number(median(small))} ms)"
            found.append(Budget(what, "≤ 1.5 × the same with 100 rows", seen, ratio <= 1.5))
        return found
