"""How many labels it takes to reach a score, by the order in which they are asked for: simulated annotators."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .. import corpora
from ..bench import Bench, Result
from ..corpora import Corpus
from ..stats import number
from .base import Measure, missed, paragraphs, table

_GO = threading.Event()
_ORDERS = ("random", "uncertainty", "diversity")
_SHARE = 0.9
_SEEDS = 5


@dataclass(frozen=True)
class Task:
    """What is labelled, and how far."""

    name: str
    load: Callable[[], Corpus]
    model: str
    pool: int
    test: int
    steps: tuple[int, ...]
    """After how many labels the model is trained and scored."""
    candidates: int = 500
    """Among how many open items an order chooses."""


def _tasks() -> list[Task]:
    often = (20, 40, 60, 80, 100, 140, 180, 220, 260, 300)
    tasks = [Task("digits (images)", corpora.digits, "image_classifier", 1200, 500, often)]
    where = corpora.folder()
    if where is None:
        return tasks
    return [
        Task("banking77 (20 intents)", partial(corpora.intents, where), "text_classifier", 1700, 500, often),
        Task("rt-polarity (reviews)", partial(corpora.reviews, where), "text_classifier", 3000, 1000, often),
        Task("WNUT-17 (names)", partial(corpora.entities, where), "entities", 300, 200, (40, 80, 120), 150),
        *tasks,
    ]


class _Annotator:
    """Answers truthfully what an order asks for."""

    def __init__(self, task: Task, corpus: Corpus, seed: int) -> None:
        from nblabel import suggest
        from nblabel.records import Item
        from nblabel.schema import Schema, Spans

        of_spans = task.model == "entities"
        self.field = "names" if of_spans else "label"
        schema = Schema.of({self.field: Spans(corpus.labels) if of_spans else list(corpus.labels)})
        self.model = suggest.of(getattr(suggest, task.model)(seed=seed), schema)
        self.candidates = task.candidates
        self.of_spans, self.truth = of_spans, corpus.truth
        self.items = [Item(n, data, f"i{n}") for n, data in enumerate(corpus.data)]
        self.places = random.Random(seed).sample(range(len(self.items)), task.pool + task.test)
        self.test, self.pool = self.places[: task.test], self.places[task.test :]
        self.chance = np.random.default_rng(seed)
        self._features: Any = None

    @property
    def features(self) -> Any:
        """Of all items, made when first asked for."""
        if self._features is None:
            self._features = self.model.features(self.items)
        return self._features

    def answer(self, places: list[int]) -> None:
        from nblabel.annotations import Choice, Span
        from nblabel.records import Labelled, Response

        answers = []
        for n in places:
            made = tuple(
                Span(start, end, label, field=self.field, id=f"{n}-{start}")
                if self.of_spans
                else Choice(label, field=self.field, id=f"{n}")
                for start, end, label in self.truth[n]
            )
            answers.append(Labelled(self.items[n], Response(self.items[n].identity, "truth", "submitted", made)))
        self.model.learn(answers)
        self.model.train(_GO)

    def next(self, order: str, done: list[int], count: int) -> list[int]:
        """What to ask for; as in the labeler, random until there is a model."""
        from nblabel import ordering

        left = sorted(set(self.pool) - set(done))
        drawn = self.chance.permutation(left)
        strategy = ordering.of(order)
        if strategy is None or (strategy.name == "uncertainty" and not self.model.version):
            return [int(n) for n in drawn[:count]]
        spread = strategy.name == "diversity"

        def ask(batch: Any) -> Any:
            return ordering.Pool(
                len(batch),
                beliefs=None if spread else self.model.beliefs([self.items[n] for n in batch]),
                features=self.features[batch] if spread else None,
            )

        about = ordering.Pool(0, answered=self.features[done] if spread and done else None)
        made = ordering.rank(strategy, drawn[: self.candidates], ask, seconds=3600, about=about)
        return [int(n) for n in made.positions[:count]]

    def score(self) -> float:
        """Accuracy, or the F1 of spans, on items that were never asked for."""
        right = said = there = 0
        for n, made in zip(self.test, self.model.suggest([self.items[n] for n in self.test]), strict=True):
            if self.of_spans:
                found = {(one.start, one.end, one.label) for one in made}
            else:
                found = {(0, 0, one.label) for one in made}
            right += len(found & set(self.truth[n]))
            said += len(found)
            there += len(self.truth[n])
        return 2 * right / max(said + there, 1)


class Annotators(Measure):
    name: ClassVar[str] = "annotators"
    title: ClassVar[str] = "Labels needed, by order"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.times(_SEEDS, 1)
        result.facts["data"] = corpora.folder() is not None
        result.facts["tasks"] = {}
        for task in _tasks():
            corpus = task.load()
            begun = time.monotonic()
            steps = task.steps[: bench.times(len(task.steps), 3)]
            full = _Annotator(task, corpus, 0)
            full.answer(full.pool)
            result.facts["tasks"][task.name] = {"steps": steps, "full": full.score(), "test": task.test}
            for seed in range(result.rounds):
                for order in _ORDERS:
                    self._labelled(result, task, corpus, steps, seed, order)
            bench.say(f"annotators: {task.name}, {time.monotonic() - begun:.0f} s")

    @staticmethod
    def _labelled(result: Result, task: Task, corpus: Corpus, steps: tuple[int, ...], seed: int, order: str) -> None:
        one = _Annotator(task, corpus, seed)
        done: list[int] = []
        for step in steps:
            new = one.next(order, done, step - len(done))
            done += new
            one.answer(new)
            result.add(f"{task.name}, {order}", str(step), one.score())

    def report(self, result: Result) -> str:
        rows: list[list[str]] = []
        told: list[str] = []
        for name, facts in result.facts["tasks"].items():
            steps = [str(step) for step in facts["steps"]]
            shown = sorted({steps[0], steps[len(steps) // 2], steps[-1]}, key=int)
            wanted = facts["full"] * _SHARE
            needed = {}
            for order in _ORDERS:
                scores = result.samples[f"{name}, {order}"]
                reached = [_reached(steps, [scores[step][n] for step in steps], wanted) for n in range(result.rounds)]
                needed[order] = reached
                cells = [f"{step}: {_span(scores[step])}" for step in shown]
                rows.append([name, order, "<br>".join(cells), _needed(reached, steps[-1]), f"{facts['full']:.2f}"])
            told += [f"- {name}: {_compared(order, needed, result, name, steps[-1])}" for order in _ORDERS[1:]]
        if not result.facts["data"]:
            rows.append(["banking77, rt-polarity, WNUT-17", "not run: no data", "", "", ""])
        head = ("data", "order", "score after so many labels", f"labels to {_SHARE:.0%} of all", "score with all")
        words = (
            f"Truth answers in the place of a person, {result.rounds} seeds: each draws another pool and another test "
            "set, which no order may choose from. Scores are accuracy, of names the F1 of exact spans, in the mean "
            "(lowest–highest). The model is trained at each step, and orders choose among 500 open items "
            "(names: 150 of a pool of 300) drawn at random, by the labeler's own models and strategies "
            "without its threads. Scores no more than 0.01 apart in the same seed are called the same; the score "
            "with all is one seed's."
        )
        return paragraphs(table(head, rows), words, "\n".join(told), missed(result))


def _span(values: list[float]) -> str:
    return f"{np.mean(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _reached(steps: list[str], scores: list[float], wanted: float) -> int | None:
    return next((int(step) for step, score in zip(steps, scores, strict=True) if score >= wanted), None)


def _needed(reached: list[int | None], last: str) -> str:
    there = [one for one in reached if one is not None]
    if not there:
        return f"more than {last}"
    lacking = len(reached) - len(there)
    words = number(float(np.mean(there))) + (f" ({min(there)}–{max(there)})" if len(there) > 1 else "")
    return words + (f"; {lacking} of {len(reached)} seeds need more than {last}" if lacking else "")


def _compared(order: str, needed: dict[str, list[int | None]], result: Result, name: str, last: str) -> str:
    """In words, seed by seed: whether an order was better than chance at the end, and sooner there."""
    ours, chance = (result.samples[f"{name}, {one}"][last] for one in (order, "random"))
    better = sum(a > b + 0.01 for a, b in zip(ours, chance, strict=True))
    worse = sum(a < b - 0.01 for a, b in zip(ours, chance, strict=True))
    never = float("inf")
    pairs = [(a or never, b or never) for a, b in zip(needed[order], needed["random"], strict=True)]
    sooner, later = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    verdict = "wins" if better > worse and sooner >= later and better * 2 > len(ours) else "does not win"
    return (
        f"{order} {verdict}: with {last} labels better than random in {better} of {len(ours)} seeds and worse in "
        f"{worse}; sooner at the score in {sooner}, later in {later}."
    )
