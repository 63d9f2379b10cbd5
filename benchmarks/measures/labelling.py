"""The labelling loop itself, all contestants in turns: first paint, submit while idle and while busy, bytes sent."""

from __future__ import annotations

import random
import time
from typing import ClassVar

from tests.notebook.driver import Notebook

from .. import page
from ..bench import Bench, Result, turns
from ..contestants import BY_NAME, Contestant
from ..stats import median, number, quantile, spread
from .base import Budget, Measure, missed, paragraphs, table

FRAME = 1000 / 60
_LABELER, _SLEEPER = 0, 1
_BUSY = 5.0
"""Seconds that the busy cell sleeps."""


class Labelling(Measure):
    name: ClassVar[str] = "labelling"
    aliases: ClassVar[tuple[str, ...]] = ("paint", "submit", "busy", "bytes")
    title: ClassVar[str] = "The labelling loop"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        for round_ in range(result.rounds):
            for contestant in turns(bench.contestants, round_):
                bench.say(f"labelling, round {round_ + 1}: {contestant.name}")
                with bench.notebook([contestant.cell, f"import time\ntime.sleep({_BUSY})"]) as nb:
                    nb.kernel.run(contestant.opening(f"{contestant.name}-{round_}"))
                    self._paint(bench, result, nb, contestant)
                    self._submit(bench, result, nb, contestant)
                    self._fresh(bench, result, nb, contestant)
                    for words in nb.problems[:3]:
                        result.miss(contestant.name, f"the page's console says {words[:200]!r}")

    def _paint(self, bench: Bench, result: Result, nb: Notebook, one: Contestant) -> None:
        nb.kernel.run("make(100)")  # the same rows each time: a cell is run again
        for n in range(1 + bench.times(5, 2)):
            seen = page.run_cell(nb, _LABELER, one.want(0))
            nb.finish(_LABELER)
            if seen is None:
                result.miss(one.name, "no first paint in 60 s")
            elif n:  # the first is not warm
                result.add(one.name, "paint", seen.painted)
            else:
                result.add(one.name, "paint cold", seen.painted)

    def _submit(self, bench: Bench, result: Result, nb: Notebook, one: Contestant) -> None:
        """Labels one after the other in an idle kernel, then on while a cell runs."""
        self._open(nb, one, first=0)
        names = tuple(one.gestures)
        labels = bench.times(100, 12)
        for item in range(labels):
            weighed = item + 1 in (1, 2, 10, 50, 100)
            if weighed:
                nb.sleep(0.8)
                nb.traffic.clear()
            one.mark(nb, _LABELER, item)
            name = names[item % len(names)]
            seen = page.act(nb, _LABELER, one.gestures[name], one.want(item + 1))
            if seen is None:
                result.miss(one.name, f"no next item within 20 s of submit {item + 1} by {name}")
                return
            if item >= 5:  # the first ones also warm the page's code
                result.add(one.name, f"idle {name}", seen.painted)
                result.add(one.name, f"idle {name} shown", seen.shown)
                result.add(one.name, "input", seen.input)
            if weighed:
                nb.sleep(0.8)
                result.add(one.name, f"bytes {item + 1}", sum(nb.traffic.sizes()))
                result.add(one.name, f"messages {item + 1}", len(nb.traffic.sizes()))
            # People do not keep step with the screen.
            nb.page.wait_for_timeout(random.uniform(20, 70))
        self._check(result, nb, one, labels)
        more = self._busy(bench, result, nb, one, item=labels, series="busy")
        self._check(result, nb, one, more)

    def _fresh(self, bench: Bench, result: Result, nb: Notebook, one: Contestant) -> None:
        """The cell has just been run, and the first label falls into the busy time."""
        first = 500
        self._open(nb, one, first=first)
        more = self._busy(bench, result, nb, one, item=first, series="busy fresh")
        if one.name != "nblabel":  # whose store has the earlier ones too; its progress counts this frame's only
            self._check(result, nb, one, more - first)

    def _open(self, nb: Notebook, one: Contestant, *, first: int) -> None:
        nb.kernel.run(f"make(300, {first})")
        assert page.run_cell(nb, _LABELER, one.want(first)), f"{one.name} does not open"
        nb.finish(_LABELER)
        nb.sleep(0.5)

    @staticmethod
    def _check(result: Result, nb: Notebook, one: Contestant, labels: int) -> None:
        """Python must hold what was submitted."""
        if not one.labels:
            return
        nb.sleep(0.5)
        held = nb.kernel.value(one.count)
        if held != labels:
            result.miss(one.name, f"Python holds {held} labels after {labels} were submitted")

    def _busy(self, bench: Bench, result: Result, nb: Notebook, one: Contestant, *, item: int, series: str) -> int:
        """Submit while a cell sleeps; the number of the item that is shown then."""
        name = next(iter(one.gestures))
        one.mark(nb, _LABELER, item)
        nb.start(_SLEEPER)
        begun = time.monotonic()
        nb.sleep(0.4)
        while True:
            seen = page.act(nb, _LABELER, one.gestures[name], one.want(item + 1))
            item += 1
            if seen is None:
                result.miss(one.name, "no next item within 20 s while a cell runs")
                break
            result.add(one.name, series, seen.painted)
            nb.page.wait_for_timeout(random.uniform(150, 250))
            if time.monotonic() - begun > _BUSY - 1:
                break
            one.mark(nb, _LABELER, item)
        nb.finish(_SLEEPER)
        return item

    # ---- telling ------------------------------------------------------------------------------------

    def report(self, result: Result) -> str:
        return paragraphs(self._speed(result), self._script(result), self._bytes(result), missed(result))

    @staticmethod
    def _speed(result: Result) -> str:
        rows = []
        for name in result.samples:
            one = BY_NAME[name]
            idle = "<br>".join(f"{way}: {spread(result.get(name, f'idle {way}'))}" for way in one.gestures)
            rows.append(
                (
                    name,
                    one.about,
                    spread(result.get(name, "paint")),
                    idle,
                    spread(result.get(name, "busy")),
                    spread(result.get(name, "busy fresh")),
                )
            )
        head = (
            "",
            "one label",
            "first paint, 100 rows, ms",
            "submit → next painted, idle, ms",
            "the same while a cell runs, ms",
            "the same, first label of a new cell, ms",
        )
        return table(head, rows)

    @staticmethod
    def _script(result: Result) -> str:
        ours = result.get("nblabel", "idle key shown")
        words = "nblabel's own share, from the page's first listener to the DOM that shows the next item"
        return f"{words}: {spread(ours)} ms." if ours else ""

    @staticmethod
    def _bytes(result: Result) -> str:
        numbers = (1, 10, 50, 100)
        rows = [
            (name, *(spread(result.get(name, f"bytes {n}")) for n in numbers), spread(result.get(name, "messages 100")))
            for name in result.samples
            if BY_NAME[name].labels
        ]
        head = ("bytes to the kernel for", *(f"label {n}" for n in numbers), "messages at label 100")
        return table(head, rows)

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        floor = result.get("bare", "idle key")
        for words, series in (("idle", "idle key"), ("busy", "busy")):
            ours = result.get("nblabel", series)
            if ours and floor:
                # Below nothing where the frames happened to lie better.
                beyond = max(0.0, quantile(ours, 0.95) - quantile(floor, 0.95))
                what = f"key press → next item painted, kernel {words}, p95 beyond the browser's own latency"
                found.append(Budget(what, "≤ 1 frame (16.7 ms)", f"{number(beyond)} ms", beyond <= FRAME))
        last = result.get("nblabel", "bytes 100")
        if last:
            # {"kind":"choice","label":"positive","field":"choices","id":"bfed3455233e"}
            annotation = 74
            seen = f"{number(median(last))} bytes in {number(median(result.get('nblabel', 'messages 100')))} messages"
            what = "bytes to the kernel for the 100th label, Jupyter's headers and all"
            met = median(last) <= 1024 + annotation
            found.append(Budget(what, f"≤ 1 KB + the annotation ({annotation} bytes)", seen, met))
        return found
