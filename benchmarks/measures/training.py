"""Labelling while a model trains all the time, and how long it takes to rank a million rows anew."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.notebook.driver import Notebook

from .. import page
from ..bench import Bench, Result, turns
from ..contestants import NBLABEL
from ..data import ROWS
from ..stats import median, number, quantile, spread
from .base import Budget, Measure, missed, paragraphs, table
from .labelling import FRAME

_TEXTS, _ANSWERED = 3000, 1500
_LABELER = 0
_PACE = (150, 300)
"""Milliseconds between two labels."""
_LIMIT = 60.0

_SETUP = f"""
import json
import pandas as pd
import nblabel as nb

def make():
    \"\"\"Texts of about 700 characters, so that a training takes a while, and answers to half of them.\"\"\"
    global texts
    lines = rows({_TEXTS})
    def more(n):
        return (lines[(n * 7 + k * 61) % {_TEXTS}][13:] for k in range(1, 8))
    long = [" ".join([line, *more(n)]) for n, line in enumerate(lines)]
    texts = pd.DataFrame({{"id": range({_TEXTS}), "text": long}})
    with open("answers.jsonl", "w") as file:
        for n in range({_ANSWERED}):
            answer = "positive" if n * 7 % 5 < 3 else "negative"
            file.write(json.dumps({{"text": long[n], "accept": [answer], "answer": "accept"}}) + "\\n")
    lab = nb.TextLabeler(texts, text="text", key="id", choices=["positive", "negative"])
    lab.load("answers.jsonl")
    lab.close()
"""
_ALONE = f"""
import time
runner = lab._session.models.runner
assert runner.settle({_LIMIT})
versions = lab.model.version
while lab.model.version == versions:  # an answer that is held out begins no training
    begun = time.perf_counter()
    lab.submit("positive")
    assert runner.settle({_LIMIT})
    seconds = time.perf_counter() - begun
"""
"""How many trainings there were, and how long the next one takes when nothing else is done."""
_CELL = "lab = nb.TextLabeler(texts, text='text', key='id', choices=['positive', 'negative']{model})\nlab"


@dataclass(frozen=True)
class _Way:
    name: str
    cell: str
    trains: bool


_WAYS = (
    _Way("no model", _CELL.format(model=""), trains=False),
    _Way(
        "a model in training",
        _CELL.format(model=", suggest=nb.suggest.text_classifier(learn_every=1)"),
        trains=True,
    ),
)
_PLAIN, _TRAINED = (one.name for one in _WAYS)


class Training(Measure):
    name: ClassVar[str] = "training"
    title: ClassVar[str] = "Models in the loop: training and ranking"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        if bench.asks_for("nblabel"):
            for count in (10_000, 1_000_000):
                bench.say(f"training: ranking {count:,} rows")
                self._rank(bench, result, count)
        for round_ in range(result.rounds):
            for one in turns(_WAYS, round_):
                if not bench.asks_for("nblabel"):
                    continue
                bench.say(f"training, round {round_ + 1}: {one.name}")
                with bench.notebook([one.cell]) as nb:
                    self._submit(bench, result, nb, one)
                    for words in dict.fromkeys(words.partition("\n")[0] for words in nb.problems):
                        result.miss(one.name, f"the page's console says {words[:200]!r}")

    @staticmethod
    def _submit(bench: Bench, result: Result, nb: Notebook, one: _Way) -> None:
        """Labels one after the other; with a model, each wants another training."""
        own = nb.server.folder / f"training-{time.monotonic_ns()}"
        own.mkdir()
        nb.kernel.run(f"import os\nos.chdir({str(own)!r})\n{ROWS}\n{_SETUP}\nmake()", timeout=120)
        if page.run_cell(nb, _LABELER, NBLABEL.want(_ANSWERED)) is None:
            result.miss(one.name, "no first paint in 60 s")
            return
        nb.finish(_LABELER)
        if one.trains:
            nb.kernel.wait("lab.model.state == 'training' or lab.model.version")
        labels = bench.times(23, 8)
        for item in range(_ANSWERED, _ANSWERED + labels):
            before = nb.kernel.value("lab.model.state") if one.trains else ""
            seen = page.act(nb, _LABELER, NBLABEL.gestures["key"], NBLABEL.want(item + 1))
            if seen is None:
                result.miss(one.name, f"no next item within 20 s of submit {item - _ANSWERED + 1}")
                return
            if item >= _ANSWERED + 3:  # the first ones also warm the page's code
                result.add(one.name, "submit", seen.painted)
                if one.trains:
                    result.add(one.name, "training", float(before == "training"))
            nb.page.wait_for_timeout(random.uniform(*_PACE))
        nb.sleep(0.5)
        held = nb.kernel.value("lab.progress.submitted")
        if held != _ANSWERED + labels:
            result.miss(one.name, f"Python holds {held} labels, not {_ANSWERED + labels}")
        if one.trains:
            nb.kernel.run(_ALONE, timeout=2 * _LIMIT)
            result.add(one.name, "versions", float(nb.kernel.value("versions")))
            result.add(one.name, "seconds", float(nb.kernel.value("seconds")))

    @staticmethod
    def _rank(bench: Bench, result: Result, count: int) -> None:
        """Without a browser: from the wish to the new order, by a model that costs next to nothing."""
        import pandas as pd

        import nblabel

        made: dict[str, Any] = {}
        exec(ROWS, made)
        frame = pd.DataFrame({"id": range(count), "text": made["rows"](count)})
        lab = nblabel.TextLabeler(
            frame,
            text="text",
            key="id",
            choices=["positive", "negative"],
            store=bench.folder / f"ranking-{count}.db",
            suggest=_Cheap(),
            order="uncertainty",
        )
        models = lab._session.models
        name = f"{count:,} rows"
        try:
            for n in range(1 + bench.times(8, 4)):
                begun = time.perf_counter()
                if n:
                    lab.reorder("uncertainty")
                if models.runner is None or not models.runner.settle(_LIMIT):
                    result.miss(name, f"not ranked within {_LIMIT:.0f} s")
                    return
                if n:  # the first was begun with the labeler, and is not warm
                    result.add(name, "ranking", time.perf_counter() - begun)
            result.facts[name] = models.ranks.words
            if models.ranks.trouble:
                result.miss(name, models.ranks.trouble)
        finally:
            lab.close()

    # ---- telling ------------------------------------------------------------------------------------

    def report(self, result: Result) -> str:
        return paragraphs(self._labels(result), self._trainings(result), self._ranks(result), missed(result))

    @staticmethod
    def _labels(result: Result) -> str:
        rows = []
        for one in _WAYS:
            if seen := result.get(one.name, "submit"):
                during = result.get(one.name, "training")
                trained = f"{sum(during):.0f}" if one.trains else "–"
                figures = (number(median(seen)), number(quantile(seen, 0.95)))
                rows.append((one.name, f"{len(seen)}", trained, *figures))
        head = ("", "labels", "of these during a training", "submit → next painted, median, ms", "p95, ms")
        return table(head, rows) if rows else ""

    @staticmethod
    def _trainings(result: Result) -> str:
        took = result.get(_TRAINED, "seconds")
        if not took:
            return ""
        return (
            f"`text_classifier(learn_every=1)` with {_ANSWERED:,} answers to {_TEXTS:,} texts of 700 characters. By "
            f"itself a training takes {spread(took)} s, measuring it and all; there were "
            f"{spread(result.get(_TRAINED, 'versions'))} a round. "
            "Whether it trains is asked of the kernel right before each label."
        )

    @staticmethod
    def _ranks(result: Result) -> str:
        rows = [
            (name, spread(seen["ranking"]), result.facts.get(name, ""))
            for name, seen in result.samples.items()
            if "ranking" in seen
        ]
        head = ("one ranking anew, without a browser", "s", "order")
        return table(head, rows) if rows else ""

    def budgets(self, result: Result) -> list[Budget]:
        plain, trained = result.get(_PLAIN, "submit"), result.get(_TRAINED, "submit")
        if not (plain and trained):
            return []
        # Below nothing where the frames happened to lie better.
        beyond = max(0.0, quantile(trained, 0.95) - quantile(plain, 0.95))
        what = "submit → next item painted while a model trains, p95 beyond that without a model"
        return [Budget(what, "≤ 1 frame (16.7 ms)", f"{number(beyond)} ms", beyond <= FRAME)]


class _Cheap:
    """Has no suggestions, and takes the longest texts for the hardest."""

    source = "lengths"

    def suggest(self, items: list[Any]) -> list[list[Any]]:
        return [[] for _ in items]

    def scores(self, items: list[Any]) -> list[float]:
        return [float(len(item.data)) for item in items]
