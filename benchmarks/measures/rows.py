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
_SUBMITS_FROM = 5_000_000
"""First item of the rows that labels are given to, so that the rows opened again and again stay unanswered."""


def _short(size: int) -> str:
    return f"{size:,}"


class Rows(Measure):
    name: ClassVar[str] = "rows"
    title: ClassVar[str] = "100, 100,000 and 1,000,000 rows"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.times(3, 1)
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
                        if size == _SIZES[-1] and one.sends_all:
                            continue
                        if size == _SIZES[-1] and one.name != "nblabel" and round_ > 0:
                            continue  # once is enough to see
                        if not self._open(bench, result, nb, one, size):
                            break
                        if not self._submit(bench, result, nb, one, size):
                            break

    def _open(self, bench: Bench, result: Result, nb: Notebook, one: Contestant, size: int) -> bool:
        nb.kernel.run(f"make({size})", timeout=120)
        often = 1 if size == _SIZES[-1] and one.name != "nblabel" else bench.times(3, 1)
        for _ in range(often):
            nb.sleep(0.5)
            nb.traffic.clear()
            seen = page.run_cell(nb, 0, one.want(0), limit=_PATIENCE)
            if seen is None:
                result.miss(one.name, f"{_short(size)} rows are not painted within {_PATIENCE:.0f} s")
                return False
            nb.finish(0, timeout=120)
            nb.sleep(0.7)
            result.add(one.name, f"paint {size}", seen.painted)
            down = sum(nb.traffic.sizes("comm_open", up=False)) + sum(nb.traffic.sizes(up=False))
            result.add(one.name, f"opening {size}", down)
        return True

    def _submit(self, bench: Bench, result: Result, nb: Notebook, one: Contestant, size: int) -> bool:
        first = _SUBMITS_FROM + _SIZES.index(size) * 1_500_000
        nb.kernel.run(f"make({size}, {first})", timeout=120)
        if page.run_cell(nb, 0, one.want(first), limit=_PATIENCE) is None:
            return False
        nb.finish(0, timeout=120)
        nb.sleep(1)
        nb.traffic.clear()
        name = next(iter(one.gestures))
        often = bench.times(20, 5)
        for n in range(often):
            one.mark(nb, 0, first + n)
            seen = page.act(nb, 0, one.gestures[name], one.want(first + n + 1))
            if seen is None:
                result.miss(one.name, f"no next item within 20 s of a submit with {_short(size)} rows")
                return False
            result.add(one.name, f"submit {size}", seen.painted)
            nb.page.wait_for_timeout(random.uniform(60, 120))
        nb.sleep(1)
        result.add(one.name, f"bytes {size}", sum(nb.traffic.sizes()) / often)
        return True

    def report(self, result: Result) -> str:
        rows = []
        for name in result.samples:
            for size in _SIZES:
                if not result.get(name, f"paint {size}"):
                    continue
                rows.append(
                    (
                        name,
                        _short(size),
                        spread(result.get(name, f"paint {size}")),
                        spread([value / 1000 for value in result.get(name, f"opening {size}")]),
                        spread(result.get(name, f"submit {size}")),
                        spread(result.get(name, f"bytes {size}")),
                    )
                )
        head = ("", "rows", "cell run → first item painted, ms", "comm messages to the page at opening, kB",
                "submit → next painted, ms", "bytes to the kernel per label, first 20 labels")  # fmt: skip
        return paragraphs(
            table(head, rows),
            "molabel and jupyterannotate send all rows to the page: 1,000,000 would be one message of more than 80 MB, "
            "which the driver of these measurements does not survive, so nothing is said of that.",
            missed(result),
        )

    def budgets(self, result: Result) -> list[Budget]:
        small, large = result.get("nblabel", "paint 100"), result.get("nblabel", "paint 1000000")
        found = []
        if small and large:
            ratio = median(large) / median(small)
            found.append(Budget("1,000,000 rows: cell run → first item painted", "≤ 1.5 × the same with 100 rows",
                                f"{number(ratio)} × ({number(median(large))} against {number(median(small))} ms)",
                                ratio <= 1.5))  # fmt: skip
        return found
