"""What the loop costs beside the bare model: seconds for 1,000 items, asked directly and through the runner."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from ..bench import Bench, Result
from ..data import ROWS
from ..stats import median, spread
from .base import Budget, Measure, missed, paragraphs, table

_ALLOWED = 0.10


class Suggesting(Measure):
    name: ClassVar[str] = "suggesting"
    title: ClassVar[str] = "Suggestions, without a browser"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.times(7, 2)
        result.facts["items"] = count = bench.times(1000, 100)
        for name, adapter, schema, items in _models(count):
            bench.say(f"suggesting: {name}")
            _bare(adapter, schema, items)
            _through(adapter, schema, items)  # neither counts: processes are started, pages are read
            for round_ in range(result.rounds):
                ways = [("bare", _bare), ("runner", _through)]
                for series, way in ways[:: -1 if round_ % 2 else 1]:
                    result.add(name, series, way(adapter, schema, items) * 1000 / len(items))

    def report(self, result: Result) -> str:
        rows = [
            (name, spread(seen["bare"]), spread(seen["runner"]), f"{_overhead(seen):+.1%}")
            for name, seen in result.samples.items()
        ]
        words = (
            f"{result.facts['items']:,} items at once (recordings: a fiftieth), {result.rounds} times each way in "
            "turns; the runner has a new cache each time. The overhead is that of the medians; of models that need "
            "milliseconds for all of them it is what threads and the cache cost."
        )
        head = ("model", "bare, s for 1,000 items", "through the runner", "overhead")
        return paragraphs(table(head, rows), words, missed(result))

    def budgets(self, result: Result) -> list[Budget]:
        return [
            Budget(f"{name}: what the loop adds to the bare model", "≤ 10 %", f"{over:+.1%}", over <= _ALLOWED)
            for name, seen in result.samples.items()
            for over in [_overhead(seen)]
        ]


def _overhead(seen: dict[str, list[float]]) -> float:
    return median(seen["runner"]) / median(seen["bare"]) - 1


def _bare(adapter: Any, schema: Any, items: list[Any]) -> float:
    """In a thread that is there for it alone, as the runner's is; in the batches that the model asks for."""
    took = 0.0

    def work() -> None:
        nonlocal took
        begun = time.perf_counter()
        for at in range(0, len(items), adapter.batch):
            adapter.run(items[at : at + adapter.batch])
        took = time.perf_counter() - begun

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return took


def _through(adapter: Any, schema: Any, items: list[Any]) -> float:
    """Until the last suggestion is there; asked as the labeler asks, so many at a time as may wait."""
    from nblabel.suggest.runner import Runner

    there = threading.Semaphore(0)
    runner = Runner(adapter, schema, lambda suggestion: there.release())
    try:
        begun = time.perf_counter()
        for at in range(0, len(items), 500):
            part = items[at : at + 500]
            runner.request(part)
            for _ in part:
                if not there.acquire(timeout=60):
                    raise RuntimeError("a suggestion did not come within 60 s")
        return time.perf_counter() - begun
    finally:
        runner.close()


def _models(count: int) -> Iterator[tuple[str, Any, Any, list[Any]]]:
    """Those that need nothing but what is installed, each with a schema and items."""
    import numpy as np

    from nblabel import suggest
    from nblabel.annotations import Choice, Span
    from nblabel.media.sound import Sound
    from nblabel.records import Item, Labelled, Response
    from nblabel.schema import Schema, Segments, Spans

    made: dict[str, Any] = {}
    exec(ROWS, made)
    texts = [Item(n, text, f"t{n}") for n, text in enumerate(made["rows"](count))]
    noise = np.random.default_rng(7).integers(0, 255, (count, 48, 48, 3), dtype=np.uint8)
    images = [Item(n, image, f"p{n}") for n, image in enumerate(noise)]
    choices = Schema.of({"kind": ["odd", "even"]})
    spans = Schema.of({"things": Spans(["THING"])})

    def trained(recipe: Any, schema: Any, items: list[Any], marks: Any) -> Any:
        adapter = suggest.of(recipe, schema)
        adapter.learn([Labelled(one, Response(one.identity, "me", "submitted", (marks(one),))) for one in items[:60]])
        if adapter.trains:
            adapter.train(threading.Event())
        return adapter

    def kind(one: Any) -> Choice:
        return Choice("odd" if one.key % 2 else "even", field="kind", id=one.identity)

    def thing(one: Any) -> Span:
        start = one.data.index(" ", 5) + 1
        end = one.data.index(" ", start)
        return Span(start, end, "THING", field="things", id=one.identity)

    yield "callable", suggest.of(lambda text: [(0, 4, "THING")], spans), spans, texts
    yield "patterns", suggest.of(suggest.patterns(regex={"THING": r"parcel|phone|waiter|bicycle"}), spans), spans, texts
    yield "memory", trained(suggest.memory(least=1), spans, texts, thing), spans, texts
    yield "scikit-learn pipeline", suggest.of(_fitted([one.data for one in texts]), choices), choices, texts
    yield "spaCy entity ruler", suggest.of(_ruler(), spans), spans, texts
    yield "text_classifier", trained(suggest.text_classifier(), choices, texts, kind), choices, texts
    yield "image_classifier", trained(suggest.image_classifier(), choices, images, kind), choices, images
    yield "entities", trained(suggest.entities(), spans, texts, thing), spans, texts
    speech = Schema.of({"speech": Segments(["speech"])})
    waves = [np.random.default_rng(n).normal(0, 0.1, 32_000).astype("f4") for n in range(20)]
    sounds = [Item(n, Sound.of(waves[n % 20], 16_000), f"s{n}") for n in range(max(count // 50, 5))]
    yield "voice, 2 s each", suggest.of(suggest.voice(), speech), speech, sounds


def _fitted(texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        texts, ["odd" if n % 2 else "even" for n in range(len(texts))]
    )


def _ruler() -> Any:
    import spacy

    nlp = spacy.blank("en")
    words = ["parcel", "phone", "waiter", "bicycle"]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "THING", "pattern": word} for word in words])
    return nlp
