"""What a model believes of items, beyond what it suggests: what orders and calibration work with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Beliefs", "Mark", "Table"]

Mark: TypeAlias = tuple[str, str, Hashable]
"""Something suggested: field, label, and where (``(start, end)`` of a span; ``()`` of a choice)."""


class Table(msgspec.Struct, frozen=True, eq=False):
    """Probabilities of the labels of one field.

    Attributes
    ----------
    labels : tuple of str
        The columns.
    likely : array (items, labels)
        Between 0 and 1; NaN where the model could not say. Rows add up to 1 unless ``several``.
    several : bool
        Whether an item may have several of the labels: each column is a question of its own.
    """

    labels: tuple[str, ...]
    likely: NDArray[np.float64]
    several: bool = False


class Beliefs(msgspec.Struct, frozen=True, eq=False):
    """What a model believes of some items; whatever it cannot tell is left out.

    Attributes
    ----------
    count : int
        How many items this is about.
    tables : dict of Table
        By field: for choices.
    parts : tuple of arrays, or None
        For things marked inside an item: for each item how sure the model is of each token or span, between 0 and 1.
    marks : tuple of frozenset of Mark
        For each item what the model suggests: committees are compared by them.
    scores : array (items,), or None
        How much there is to learn from each item, if the model says so itself; the larger the more.
    members : tuple of Beliefs
        What the members of a committee believe.
    """

    count: int
    tables: dict[str, Table] = {}
    parts: tuple[NDArray[np.float64], ...] | None = None
    marks: tuple[frozenset[Mark], ...] = ()
    scores: NDArray[np.float64] | None = None
    members: tuple[Beliefs, ...] = ()

    @classmethod
    def joined(cls, batches: Sequence[Beliefs]) -> Beliefs:
        """The beliefs of several batches of one model, one after the other.

        What only some of the batches have is left out.

        Examples
        --------
        >>> one = Beliefs(1, {"mood": Table(("good", "bad"), np.array([[0.9, 0.1]]))})
        >>> Beliefs.joined([one, one]).tables["mood"].likely.shape
        (2, 2)
        """
        if not batches:
            return cls(0)
        first = batches[0]
        tables = {}
        for field, table in first.tables.items():
            own = [one.tables.get(field) for one in batches]
            if all(one is not None and one.labels == table.labels for one in own):
                rows = np.concatenate([one.likely for one in own if one is not None])
                tables[field] = Table(table.labels, rows, table.several)
        said: list[Any] = [one.scores for one in batches]
        parts = [one.parts for one in batches]
        members = [one.members for one in batches]
        alike = all(len(one) == len(first.members) for one in members)
        return cls(
            count=sum(one.count for one in batches),
            tables=tables,
            parts=None if any(one is None for one in parts) else tuple(p for one in parts for p in one or ()),
            marks=tuple(mark for one in batches for mark in one.marks)
            if all(b.marks or not b.count for b in batches)
            else (),
            scores=None if any(one is None for one in said) else np.concatenate(said),
            members=tuple(cls.joined(list(of_one)) for of_one in zip(*members, strict=True)) if alike else (),
        )
