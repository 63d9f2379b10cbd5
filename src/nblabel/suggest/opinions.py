"""What suggestions say of how sure a model is: beliefs for orders and calibration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..annotations import Annotation, Choice, Ranking, Rating, Segment, Span, Text
from ..beliefs import Beliefs, Mark, Table
from ..errors import SuggestError
from ..records import Suggestion
from ..schema import Choices, Schema

__all__ = ["mark", "merged", "of_suggestions", "told_scores"]

_PARTS = (Span, Segment)
_WHOLE = (Choice, Text, Rating, Ranking)
Likely: TypeAlias = Mapping[str, Mapping[str, float]]
"""By field and label."""


def of_suggestions(found: Sequence[Suggestion], schema: Schema, likely: Sequence[Likely] = ()) -> Beliefs:
    """Beliefs from scores: what a model does not score is left out, and what it failed on it cannot say.

    Of a field that takes one choice, the labels that were not suggested share what is left. ``likely`` are for each
    item the probabilities of all labels, where the model gives them.

    Examples
    --------
    >>> said = Suggestion("a", (Choice("good", field="mood", score=0.75),))
    >>> of_suggestions([said], Schema.of({"mood": ["good", "bad", "so so"]})).tables["mood"].likely
    array([[0.75 , 0.125, 0.125]])
    """
    tables = {}
    for field in schema.fields:
        if isinstance(field, Choices):
            table = _table(found, field, [one.get(field.name, {}) for one in likely] or [{}] * len(found))
            if table is not None:
                tables[field.name] = table
    return Beliefs(
        count=len(found),
        tables=tables,
        parts=_parts(found),
        marks=tuple(frozenset(mark(a) for a in one.annotations) for one in found),
    )


def mark(a: Annotation) -> Mark:
    """What an annotation says, and where: equal for two models that say the same."""
    if isinstance(a, Choice):
        return (a.field, a.label, ())
    if isinstance(a, _PARTS):
        return (a.field, a.label, (a.start, a.end))
    return (a.field, str(getattr(a, "label", "")), a.id)  # ids of suggestions are made of what they say


def _table(found: Sequence[Suggestion], field: Choices, told: Sequence[Mapping[str, float]]) -> Table | None:
    labels = tuple(label.name for label in field.get_labels())
    place = {label: n for n, label in enumerate(labels)}
    likely = np.full((len(found), len(labels)), np.nan)
    chosen = False
    for row, one, given in zip(likely, found, told, strict=True):
        for label, value in given.items():
            row[place[label]] = value if 0 <= value <= 1 else np.nan
        for a in () if given else one.annotations:
            if isinstance(a, Choice) and a.field == field.name:
                chosen = True
                if a.score is not None:
                    row[place[a.label]] = a.score
        silent = np.isnan(row)
        if not field.multiple and silent.any() and not silent.all():
            row[silent] = max(1 - row[~silent].sum(), 0.0) / silent.sum()
        if not field.multiple and not silent.all():
            row /= max(row.sum(), 1e-12)
    if np.isnan(likely).all() and (chosen or not all(one.error for one in found)):
        return None
    return Table(labels, likely, field.multiple)


def _parts(found: Sequence[Suggestion]) -> tuple[NDArray[np.float64], ...] | None:
    """The scores of what is marked inside items; ``None`` if the model scores nothing that it marks."""
    scores = [[a.score for a in one.annotations if not isinstance(a, _WHOLE) and a.score is not None] for one in found]
    return tuple(np.array(of_item, float) for of_item in scores) if any(scores) else None


def told_scores(given: Iterable[Any], count: int, source: str) -> NDArray[np.float64]:
    """What a model says of how much there is to learn from each item; what is no number is not known."""
    try:
        scores = np.array([float(one) for one in given], float)
    except (TypeError, ValueError) as error:
        raise SuggestError(f"{source}.scores() gave no numbers: {error}") from None
    if len(scores) != count:
        raise SuggestError(f"{source}.scores() gave {len(scores)} numbers for {count} items")
    return np.where(np.isfinite(scores), scores, np.nan)


def merged(members: Sequence[Beliefs], weights: Sequence[float]) -> Beliefs:
    """What several models believe together: tables are means by weight, of those that could say.

    Examples
    --------
    >>> def model(good):
    ...     return Beliefs(1, {"mood": Table(("good", "bad"), np.array([[good, 1 - good]]))})
    >>> merged([model(0.9), model(0.5)], [3, 1]).tables["mood"].likely
    array([[0.8, 0.2]])
    """
    count = members[0].count
    tables: dict[str, Table] = {}
    for field in dict.fromkeys(field for one in members for field in one.tables):
        own = [(one.tables[field], w) for one, w in zip(members, weights, strict=True) if field in one.tables and w]
        own = [(table, weight) for table, weight in own if table.labels == own[0][0].labels]
        if own:
            tables[field] = Table(own[0][0].labels, _mean([(t.likely, w) for t, w in own]), own[0][0].several)
    parts = [one.parts for one in members if one.parts is not None]
    scored = [(one.scores, w) for one, w in zip(members, weights, strict=True) if one.scores is not None and w]
    marks = [one.marks for one in members if one.marks]
    return Beliefs(
        count=count,
        tables=tables,
        parts=tuple(np.concatenate(of_item) for of_item in zip(*parts, strict=True)) if parts else None,
        marks=tuple(frozenset().union(*of_item) for of_item in zip(*marks, strict=True)) if marks else (),
        scores=_mean(scored) if scored else None,
        members=tuple(members),
    )


def _mean(given: Sequence[tuple[NDArray[np.float64], float]]) -> NDArray[np.float64]:
    """The mean by weight; what is not a number does not count."""
    values = np.stack([one for one, _ in given])
    known = ~np.isnan(values)
    weights = np.array([w for _, w in given], float).reshape(-1, *[1] * (values.ndim - 1)) * known
    total = weights.sum(axis=0)
    summed = (np.where(known, values, 0) * weights).sum(axis=0)
    found: NDArray[np.float64] = np.divide(summed, total, out=np.full(summed.shape, np.nan), where=total > 0)
    return found
