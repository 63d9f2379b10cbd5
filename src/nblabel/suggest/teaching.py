"""What a model is taught and tested on: answers held out from it, scores, learning curves."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from ..annotations import AnyAnnotation, Box, Choice, Segment, Span
from ..errors import SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Boxes, Choices, Field, Schema, Segments, Spans
from .adapters import Adapter

__all__ = ["Evaluation", "Point", "curve", "evaluate", "held_out"]

_BATCH = 32
_OVERLAP = 0.5  # of the union: from there on two boxes or segments are the same one

Pair: TypeAlias = tuple[float, bool]


class Asked(Protocol):
    """An `Adapter`, or a `Runner` within a job."""

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """A suggestion for each item."""


def held_out(identity: str, dataset: str, share: float = 0.2) -> bool:
    """Whether an item belongs to the random share that models are not taught.

    It follows from the names alone, so it is settled before anything is answered or trained, and is the same in every
    session.

    Parameters
    ----------
    identity : str
        The item's name in the store.
    dataset : str
        The data set's name: another one holds out other items.
    share : float
        Between 0 and 1.

    Examples
    --------
    >>> sum(held_out(str(n), "reviews", 0.2) for n in range(1000))
    213
    """
    named = f"{dataset}\0{identity}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big") < share * 2**64


class Evaluation(msgspec.Struct, frozen=True):
    """How well a model does on answers that it was not taught.

    Attributes
    ----------
    answers : int
        How many answers it was measured on.
    score : float or None
        The mean over the fields; ``None`` if nothing could be measured.
    metric : str
        What ``score`` is, in words.
    by_field : dict
        For each field that could be measured its scores by name, the one that counts first.
    pairs : tuple of (float, bool)
        The score of each suggestion that has one, and whether a person says the same.
    """

    answers: int
    score: float | None = None
    metric: str = ""
    by_field: dict[str, dict[str, float]] = {}
    pairs: tuple[Pair, ...] = ()


def evaluate(adapter: Asked, rows: Sequence[Labelled], schema: Schema) -> Evaluation:
    """Compare what a model suggests with what people answered.

    Fields that take one choice are measured by accuracy (with macro F1 beside it), those that take several by micro F1;
    spans by the F1 of exactly the same start, end and label; boxes and segments by the F1 of those that overlap one
    of the same label by half of their union. Texts, outlines and boxes that are turned are not measured. A model that
    fails on an item suggests nothing.

    Parameters
    ----------
    adapter : Adapter
        The model.
    rows : sequence of Labelled
        Items with their answers; only what is submitted counts.
    schema : Schema
        The questions.

    Examples
    --------
    >>> from nblabel.records import Response
    >>> from nblabel.suggest import of
    >>> schema = Schema.of({"mood": ["good", "bad"]})
    >>> rows = [
    ...     Labelled(Item(n, text, str(n)), Response(str(n), "me", "submitted", (Choice(mood, field="mood"),)))
    ...     for n, (text, mood) in enumerate([("fine", "good"), ("awful", "bad"), ("dull", "bad")])
    ... ]
    >>> found = evaluate(of(lambda text: ("bad" if "awful" in text else "good", 0.75), schema), rows, schema)
    >>> found.answers, round(found.score, 2), found.metric, found.pairs
    (3, 0.67, 'accuracy', ((0.75, True), (0.75, True), (0.75, False)))
    """
    rows = [row for row in rows if row.response.status == "submitted" and not row.item.problem]
    found: list[Suggestion] = []
    for start in range(0, len(rows), _BATCH):
        found += adapter.run([row.item for row in rows[start : start + _BATCH]])
    by_field: dict[str, dict[str, float]] = {}
    pairs: list[Pair] = []
    for field in schema.fields:
        measure = _measure(field)
        if measure is None:
            continue
        truth = [[a for a in row.response.annotations if a.field == field.name] for row in rows]
        given = [[a for a in one.annotations if a.field == field.name] for one in found]
        scores, told = measure(truth, given)
        if scores:
            by_field[field.name] = scores
            pairs += told
    main = [next(iter(scores.items())) for scores in by_field.values()]
    metrics = list(dict.fromkeys(name for name, _ in main))
    return Evaluation(
        answers=len(rows),
        score=sum(value for _, value in main) / len(main) if main else None,
        metric=metrics[0] if len(metrics) == 1 else f"mean of {' and '.join(metrics)}" if metrics else "",
        by_field=by_field,
        pairs=tuple(pairs),
    )


Answers: TypeAlias = "Sequence[Sequence[AnyAnnotation]]"
Measured: TypeAlias = "tuple[dict[str, float], list[Pair]]"


def _measure(field: Field) -> Callable[[Answers, Answers], Measured] | None:
    if isinstance(field, Choices):
        return _exact if field.multiple else _single
    if isinstance(field, Spans):
        return _exact
    return _overlapping if isinstance(field, (Boxes, Segments)) else None


def _single(truth: Answers, given: Answers) -> Measured:
    """One choice each; items to which a person gave none are not counted."""
    pairs: list[Pair] = []
    right = 0
    hits: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for answers, suggestions in zip(truth, given, strict=True):
        label = next((a.label for a in answers if isinstance(a, Choice)), None)
        if label is None:
            continue
        suggested = next((a for a in suggestions if isinstance(a, Choice)), None)
        wanted[label] += 1
        if suggested is not None:
            said[suggested.label] += 1
            same = suggested.label == label
            right += same
            hits[label] += same
            if suggested.score is not None:
                pairs.append((suggested.score, same))
    if not wanted:
        return {}, []
    each = [2 * hits[label] / (wanted[label] + said[label]) for label in {*wanted, *said}]
    return {"accuracy": right / wanted.total(), "macro F1": sum(each) / len(each)}, pairs


def _exact(truth: Answers, given: Answers) -> Measured:
    """Choices and spans that are the same."""
    pairs: list[Pair] = []
    hits = wanted = said = 0
    for answers, suggestions in zip(truth, given, strict=True):
        known = {_what(a) for a in answers}
        wanted += len(known)
        suggested = {_what(a): a.score for a in suggestions}
        said += len(suggested)
        for what, score in suggested.items():
            hits += what in known
            if score is not None:
                pairs.append((score, what in known))
    return _f1(hits, wanted, said), pairs


def _what(a: AnyAnnotation) -> tuple[Any, ...]:
    return (a.start, a.end, a.label) if isinstance(a, Span) else (getattr(a, "label", ""),)


def _overlapping(truth: Answers, given: Answers) -> Measured:
    """Boxes and segments, each paired with the one of its label that it overlaps most; the surest first."""
    pairs: list[Pair] = []
    hits = wanted = said = 0
    if any(isinstance(a, Box) and a.rotation for of_item in (*truth, *given) for a in of_item):
        return {}, []
    for answers, suggestions in zip(truth, given, strict=True):
        left = list(answers)
        wanted += len(answers)
        said += len(suggestions)
        for a in sorted(suggestions, key=lambda a: -(a.score or 0.0)):
            alike = [(_shared(a, other), n) for n, other in enumerate(left)]
            best, n = max(alike, key=lambda one: one[0], default=(0.0, -1))
            if best >= _OVERLAP:
                del left[n]
                hits += 1
            if a.score is not None:
                pairs.append((a.score, best >= _OVERLAP))
    return _f1(hits, wanted, said), pairs


def _shared(a: AnyAnnotation, b: AnyAnnotation) -> float:
    """How much two boxes or segments of one label overlap, of their union."""
    if getattr(a, "label", None) != getattr(b, "label", None):
        return 0.0
    if isinstance(a, Segment) and isinstance(b, Segment):
        both = _common(a.start, a.end, b.start, b.end)
        union = (a.end - a.start) + (b.end - b.start) - both
    elif isinstance(a, Box) and isinstance(b, Box):
        wide = _common(a.x, a.x + a.width, b.x, b.x + b.width)
        both = wide * _common(a.y, a.y + a.height, b.y, b.y + b.height)
        union = a.width * a.height + b.width * b.height - both
    else:
        return 0.0
    return both / union if union > 0 else 0.0


def _common(a: float, b: float, c: float, d: float) -> float:
    return max(min(b, d) - max(a, c), 0.0)


def _f1(hits: int, wanted: int, said: int) -> dict[str, float]:
    return {"F1": 2 * hits / (wanted + said)} if wanted + said else {}


class Point(msgspec.Struct, frozen=True):
    """A point of a learning curve.

    Attributes
    ----------
    labels : int
        How many answers the model had learnt from.
    held_out : int
        How many answers it was measured on.
    score, metric : float, str
        How well it did, and by which measure.
    source, version : str
        Which model.
    at : float
        When, as POSIX time.
    seconds : float
        How long the training took.
    arm : str
        ``"model"`` for answers in the order in which they were given, ``"random"`` for as many at random.
    """

    labels: int
    held_out: int
    score: float
    metric: str
    source: str
    version: str
    at: float
    seconds: float
    arm: str = "model"


def curve(
    adapter: Adapter,
    rows: Sequence[Labelled],
    held: Sequence[Labelled],
    sizes: Sequence[int],
    *,
    seed: int = 0,
    order: Literal["random", "given"] = "random",
    stop: threading.Event | None = None,
) -> list[Point]:
    """How well a model does after ever more answers; each time it is trained from nothing.

    Parameters
    ----------
    adapter : Adapter
        The model; it stays as it is.
    rows : sequence of Labelled
        What it is taught.
    held : sequence of Labelled
        What it is measured on.
    sizes : sequence of int
        How many answers it is taught for each point; more than there are is all of them.
    seed : int
        Of the random order.
    order : {"random", "given"}
        In which order ``rows`` are taught.
    stop : threading.Event, optional
        Ends it early, with the points so far.
    """
    taught = list(rows)
    if order == "random":
        random.Random(seed).shuffle(taught)
    return list(_points(adapter, taught, held, sizes, "random" if order == "random" else "model", stop))


def _points(
    adapter: Adapter,
    rows: Sequence[Labelled],
    held: Sequence[Labelled],
    sizes: Sequence[int],
    arm: str,
    stop: threading.Event | None,
) -> Iterator[Point]:
    stop = stop or threading.Event()
    for size in sorted({min(size, len(rows)) for size in sizes if size > 0}):
        model = adapter.fresh()
        if model is None:
            raise SuggestError(f"{adapter.name} cannot be trained from nothing", "its learning curve is what it was")
        begun = time.monotonic()
        model.learn(rows[:size])
        if stop.is_set() or (model.trains and not model.train(stop)):
            continue
        seconds = time.monotonic() - begun
        found = evaluate(model, held, model.schema)
        if found.score is not None:
            yield Point(
                labels=size,
                held_out=found.answers,
                score=found.score,
                metric=found.metric,
                source=model.source,
                version=model.version,
                at=time.time(),
                seconds=seconds,
                arm=arm,
            )
