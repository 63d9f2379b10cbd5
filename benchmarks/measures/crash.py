"""The kernel is killed with -9 after ten labels; the cell is run again: what is left?"""

from __future__ import annotations

from typing import ClassVar

from .. import page
from ..bench import Bench, Result, turns
from .base import Measure, missed, paragraphs, table

_LABELS = 10


class Crash(Measure):
    name: ClassVar[str] = "crash"
    aliases: ClassVar[tuple[str, ...]] = ("kill",)
    title: ClassVar[str] = "Kernel killed after 10 labels"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        for round_ in range(result.rounds):
            for one in turns([c for c in bench.contestants if c.labels], round_):
                bench.say(f"crash, round {round_ + 1}: {one.name}")
                with bench.notebook([one.cell]) as nb:
                    opening = one.opening(f"crash-{one.name}-{round_}") + "\nmake(100)"
                    nb.kernel.run(opening)
                    assert page.run_cell(nb, 0, one.want(0))
                    nb.finish(0)
                    nb.sleep(0.5)
                    name = next(iter(one.gestures))
                    for n in range(_LABELS):
                        one.mark(nb, 0, n)
                        assert page.act(nb, 0, one.gestures[name], one.want(n + 1)), f"label {n + 1}"
                        nb.page.wait_for_timeout(100)
                    nb.sleep(1)
                    before = nb.kernel.value(one.count)
                    if before != _LABELS:
                        result.miss(one.name, f"Python held {before} of {_LABELS} labels before the kill")
                    nb.kill()
                    nb.recover()
                    nb.kernel.run(opening)
                    at = page.run_cell(nb, 0, one.want(_LABELS), limit=5)
                    nb.finish(0)
                    result.add(one.name, "left", nb.kernel.value(one.count))
                    result.add(one.name, "same place", float(at is not None))

    def report(self, result: Result) -> str:
        rows = []
        for name in result.samples:
            left, place = result.get(name, "left"), result.get(name, "same place")
            rows.append((name, ", ".join(f"{value:.0f}" for value in left), "yes" if all(place) else "no"))
        head = ("", f"labels left of {_LABELS}, each round", "goes on where it was")
        return paragraphs(table(head, rows), missed(result))
