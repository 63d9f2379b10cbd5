"""Answers that are likely mistakes, by models that never saw them."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..annotations import AnyAnnotation, Choice, Segment, Span
from ..beliefs import Beliefs, Table
from ..errors import MissingExtra, NblabelError, SuggestError
from ..formats.tidy import keys_column, strings
from ..records import Item, Labelled
from ..schema import AnyField, Choices

__all__ = ["Judge", "Judged", "find_errors", "out_of_sample"]

_LEAST = 10
"""Answers without which no model is worth asking."""


class Judge(Protocol):
    """A model that can be taught, as `nblabel.suggest` makes them; if it has ``train``, that is called besides."""

    source: str

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Take over answers."""

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        """How likely it holds each label."""

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        """What it would answer."""


class Judged(msgspec.Struct, frozen=True, eq=False):
    """Answers, and what models that did not learn from them make of their items.

    Attributes
    ----------
    rows : tuple of Labelled
        The answers that people submitted.
    tables : dict of Table
        By field: the probabilities of the labels, a row for each answer.
    suggested : tuple of tuples of annotations
        What was suggested for the item of each answer.
    """

    rows: tuple[Labelled, ...]
    tables: dict[str, Table]
    suggested: tuple[tuple[AnyAnnotation, ...], ...]


# ---- cross-validation ----------------------------------------------------------------------------


def out_of_sample(
    fresh: Callable[[], Judge],
    rows: Sequence[Labelled],
    *,
    folds: int = 5,
    seed: int = 0,
    stop: threading.Event | None = None,
) -> Judged:
    """Have each answer judged by a model that learnt from the others only.

    Parameters
    ----------
    fresh : callable
        Makes the model, untrained.
    rows : sequence of Labelled
        Answers; those not submitted, or taken from a model in bulk, are left out. Answers to one item stay together.
    folds : int
        Into so many parts the answers are split; as many models are trained, each on all parts but one.
    seed : int
        How they are split.
    stop : threading.Event, optional
        Gives up when it is set.

    Raises
    ------
    SuggestError
        If there are fewer than 10 answers, or the model cannot learn from them.
    """
    held = [one for one in rows if one.response.status == "submitted" and not one.response.model]
    parts = _parts(held, folds, random.Random(seed))
    tables: dict[str, tuple[dict[str, int], list[tuple[int, Table, int]], bool]] = {}
    suggested: list[tuple[AnyAnnotation, ...]] = [()] * len(held)
    for part in parts:
        own = set(part)
        model = _taught(fresh(), [one for n, one in enumerate(held) if n not in own], stop)
        items = [held[n].item for n in part]
        for field, table in model.beliefs(items).tables.items():
            places, found, _ = tables.setdefault(field, ({}, [], table.several))
            for label in table.labels:
                places.setdefault(label, len(places))
            found += [(n, table, row) for row, n in enumerate(part)]
        for n, said in zip(part, model.suggest(items), strict=True):
            suggested[n] = tuple(said)
    return Judged(
        tuple(held),
        {field: _joined(places, found, several, len(held)) for field, (places, found, several) in tables.items()},
        tuple(suggested),
    )


def _parts(rows: Sequence[Labelled], folds: int, rng: random.Random) -> list[list[int]]:
    """Numbers of the answers in each part: each part has its share of every answer, an item is in one of them."""
    by_item: defaultdict[Hashable, list[int]] = defaultdict(list)
    for n, one in enumerate(rows):
        by_item[one.item.identity or ("key", one.item.key)].append(n)
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 2:
        raise NblabelError(f"folds={folds!r} must be a whole number from 2 on")
    if len(by_item) < max(_LEAST, folds):
        raise SuggestError(
            f"there are {len(by_item)} answers to look for mistakes in, and it takes {max(_LEAST, folds)}",
            "label more items",
        )
    groups = list(by_item.values())
    rng.shuffle(groups)

    def said(group: list[int]) -> list[tuple[str, str]]:
        return sorted((a.field, str(getattr(a, "label", ""))) for a in rows[group[0]].response.annotations)

    groups.sort(key=said)
    parts: list[list[int]] = [[] for _ in range(folds)]
    for n, group in enumerate(groups):
        parts[n % folds] += group
    return parts


def _taught(model: Judge, rows: Sequence[Labelled], stop: threading.Event | None) -> Judge:
    stop = stop or threading.Event()
    if stop.is_set():
        raise SuggestError("looking for mistakes was given up")
    model.learn(rows)
    if getattr(model, "trains", hasattr(model, "train")) and not model.train(stop):  # type: ignore[attr-defined]
        if stop.is_set():
            raise SuggestError("looking for mistakes was given up")
        why = getattr(model, "waiting", "") or "it says no more"
        raise SuggestError(f"{model.source} could not learn from {len(rows)} answers: {why}")
    return model


def _joined(places: dict[str, int], found: Sequence[tuple[int, Table, int]], several: bool, count: int) -> Table:
    """One table of what several models say; a label that one of them has never seen is not likely."""
    likely = np.full((count, len(places)), np.nan)
    for n, table, row in found:
        likely[n] = 0.0
        likely[n, [places[label] for label in table.labels]] = table.likely[row]
    return Table(tuple(places), likely, several)


# ---- mistakes ------------------------------------------------------------------------------------


def find_errors(judged: Judged, field: AnyField) -> pd.DataFrame:
    """Answers to one question, the likeliest mistakes first.

    For one choice among several, cleanlab's confident learning tells which answers are mistakes, and the quality of a
    label is its probability; where several labels may be chosen, each is a question of its own.

    The quality of a span or segment is the score of the same mark among the suggestions. Where the model marks
    something else, it is one minus the score of that; where it marks nothing, one minus the share of such marks that it
    finds. Suggestions that nobody marked are listed, too. Instead of scores that a model does not give, the share of
    its suggestions counts that people marked as well. Below one half it is an issue.

    Parameters
    ----------
    judged : Judged
        As `out_of_sample` makes it.
    field : Choices, Spans or Segments
        The question.

    Returns
    -------
    DataFrame
        ``key, annotator, field, label, suggested, quality, is_issue``, for spans and segments ``start`` and ``end``.
        ``label`` is empty where something seems to be missing, ``suggested`` where something seems to be too much, and
        ``quality`` is missing where the model cannot tell.

    Raises
    ------
    MissingExtra
        For choices without ``pip install 'nblabel[quality]'``.
    SuggestError
        If the model gives no probabilities for the field.
    """
    if isinstance(field, Choices):
        table = judged.tables.get(field.name)
        if table is None:
            raise SuggestError(
                f"the model says nothing of how likely the labels of {field.name!r} are",
                "use a model that gives probabilities",
            )
        found = _several(judged, field.name, table) if field.multiple else _single(judged, field.name, table)
        return _frame(judged, field.name, found, extents=False)
    if field.annotation in ("span", "segment"):
        return _frame(judged, field.name, _marks(judged, field.name), extents=True)
    raise NblabelError(
        f"mistakes in {field.name!r} cannot be found: only choices, spans and segments can be looked at",
        "name such a question with field=",
    )


class _Doubt(msgspec.Struct, frozen=True):
    row: int
    label: str
    suggested: str
    quality: float
    is_issue: bool
    start: float = 0
    end: float = 0


def _frame(judged: Judged, field: str, doubts: list[_Doubt], *, extents: bool) -> pd.DataFrame:
    doubts = sorted(doubts, key=lambda one: (np.isnan(one.quality), one.quality))
    rows = [judged.rows[one.row] for one in doubts]
    columns: dict[str, Any] = {
        "key": keys_column([one.item.key for one in rows]),
        "annotator": strings([one.response.annotator for one in rows]),
        "field": strings([field for _ in rows]),
        "label": strings([one.label for one in doubts]),
        "suggested": strings([one.suggested for one in doubts]),
        "quality": pd.Series([one.quality for one in doubts], dtype="float64"),
        "is_issue": pd.Series([one.is_issue for one in doubts], dtype="bool"),
    }
    for name in ("start", "end") if extents else ():
        columns[name] = pd.Series([getattr(one, name) for one in doubts], dtype="float64")
    return pd.DataFrame(columns)


def _cleanlab() -> tuple[Any, Any]:
    try:
        import cleanlab.filter  # type: ignore[import-untyped]
        import cleanlab.rank  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra("finding mistakes among choices", "quality") from None
    return cleanlab.filter, cleanlab.rank


def _issues(labels: NDArray[np.int64], likely: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Label quality and whether it is a mistake, by cleanlab; classes that nobody chose are left out."""
    finder, ranks = _cleanlab()
    chosen, own = np.unique(labels, return_inverse=True)
    if len(chosen) < 2:
        quality = likely[np.arange(len(labels)), labels]
        return quality, np.zeros(len(labels), dtype=bool)
    kept = _normal(likely[:, chosen])
    quality = ranks.get_label_quality_scores(own, kept, method="self_confidence")
    # in this process: forks of a kernel with threads may hang
    mask = finder.find_label_issues(own, kept, n_jobs=1)
    return quality, mask


def _normal(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that add up to 1, however a model rounds; what it says nothing of is as likely as the others."""
    clipped = np.clip(likely, 1e-12, 1.0)
    found: NDArray[np.float64] = clipped / clipped.sum(axis=1, keepdims=True)
    return found


def _single(judged: Judged, field: str, table: Table) -> list[_Doubt]:
    places = {label: n for n, label in enumerate(table.labels)}
    made: list[_Doubt] = []
    rows: list[int] = []
    labels: list[int] = []
    for n, one in enumerate(judged.rows):
        chosen = [a.label for a in one.response.annotations if isinstance(a, Choice) and a.field == field]
        if len(chosen) != 1:
            continue  # nothing to be wrong about
        if chosen[0] in places and not np.isnan(table.likely[n]).any():
            rows.append(n)
            labels.append(places[chosen[0]])
        else:
            made.append(_Doubt(n, chosen[0], "", np.nan, False))
    if not rows:
        return made
    likely = table.likely[rows]
    quality, issues = _issues(np.array(labels), likely)
    best = [table.labels[n] for n in likely.argmax(axis=1)]
    for n, label, suggested, good, issue in zip(rows, labels, best, quality, issues, strict=True):
        made.append(_Doubt(n, table.labels[label], suggested, float(good), bool(issue)))
    return made


def _several(judged: Judged, field: str, table: Table) -> list[_Doubt]:
    made = []
    chosen = [
        {a.label for a in one.response.annotations if isinstance(a, Choice) and a.field == field} for one in judged.rows
    ]
    for place, label in enumerate(table.labels):
        likely = table.likely[:, place]
        rows = np.flatnonzero(~np.isnan(likely))
        given = np.array([label in chosen[n] for n in rows], dtype=np.int64)
        if not len(rows):
            continue
        yes = np.clip(likely[rows], 0.0, 1.0)
        quality, issues = _issues(given, np.stack((1 - yes, yes), axis=1))
        for n, has, good, issue in zip(rows.tolist(), given.tolist(), quality, issues, strict=True):
            if has or issue or good < 0.5:
                wrong = bool(issue or good < 0.5)
                suggested = label if bool(has) is not wrong else ""
                made.append(_Doubt(n, label if has else "", suggested, float(good), bool(issue)))
    return made


def _marks(judged: Judged, field: str) -> list[_Doubt]:
    given = [_spans(one.response.annotations, field) for one in judged.rows]
    said = [_spans(one, field) for one in judged.suggested]
    finds, right = _shares(given, said)
    made = []
    for n, (marks, suggestions) in enumerate(zip(given, said, strict=True)):
        used: set[int] = set()
        for a in marks:
            met = [m for m, s in enumerate(suggestions) if _meet(a, s)]
            used.update(met)
            near = [suggestions[m] for m in met]
            same = [s for s in near if _place(s) == _place(a)]
            if same:
                quality, suggested = max(_sure(s, right) for s in same), a.label
            elif near:
                best = max(near, key=lambda s: _sure(s, right))
                quality, suggested = 1 - _sure(best, right), best.label
            else:
                quality, suggested = 1 - finds.get(a.label, 0.0), ""
            made.append(_Doubt(n, a.label, suggested, quality, quality < 0.5, a.start, a.end))
        for m, s in enumerate(suggestions):
            if m not in used:
                quality = 1 - _sure(s, right)
                made.append(_Doubt(n, "", s.label, quality, quality < 0.5, s.start, s.end))
    return made


_Place = tuple[str, float, float]


def _spans(annotations: Sequence[AnyAnnotation], field: str) -> list[Span | Segment]:
    return [a for a in annotations if isinstance(a, Span | Segment) and a.field == field]


def _place(a: Span | Segment) -> _Place:
    return (a.label, a.start, a.end)


def _meet(a: Span | Segment, b: Span | Segment) -> bool:
    return (a.start, a.end) == (b.start, b.end) or (a.start < b.end and b.start < a.end)


def _sure(suggestion: Span | Segment, right: dict[str, float]) -> float:
    return right.get(suggestion.label, 0.0) if suggestion.score is None else suggestion.score


def _shares(
    given: Sequence[Sequence[Span | Segment]], said: Sequence[Sequence[Span | Segment]]
) -> tuple[dict[str, float], dict[str, float]]:
    """By label: the share of marks that the model finds, and of its suggestions that were marked."""
    counts = [defaultdict[str, list[int]](lambda: [0, 0]) for _ in range(2)]
    for marks, suggestions in zip(given, said, strict=True):
        places = [{_place(a) for a in marks}, {_place(s) for s in suggestions}]
        for count, own, others in ((counts[0], places[0], places[1]), (counts[1], places[1], places[0])):
            for place in own:
                count[place[0]][0] += place in others
                count[place[0]][1] += 1
    finds, right = ({label: hits / total for label, (hits, total) in count.items()} for count in counts)
    return finds, right
