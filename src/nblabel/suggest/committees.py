"""Several models that vote: what more of them suggest, and more surely, has the higher score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from ..annotations import AnyAnnotation
from ..errors import SuggestError
from ..schema import Choices, Schema
from . import checks
from .adapters import Adapter, View, _Several, of
from .recipes import Recipe

__all__ = ["Committee", "committee"]


class Committee(Recipe):
    """Models with their weights; made by `committee`."""

    def __init__(self, members: Sequence[Any], weights: Sequence[float], threshold: float) -> None:
        self.members = members
        self.weights = weights
        self.threshold = threshold

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The committee for these questions."""
        return _Voting(self, schema, view)


def committee(members: Sequence[Any], *, weights: Sequence[float] | None = None, threshold: float = 0.0) -> Committee:
    """Models that vote, for ``suggest=``; a plain list gives all that any of them suggests, with its best score.

    The score of a suggestion is the mean of what the members give it by their weights: one that does not suggest it
    gives 0, one without scores gives 1, and one that failed on the item does not vote. Of a field that takes one choice
    the best is suggested. The source names all that suggest it.

    Parameters
    ----------
    members : list
        Whatever `of` takes.
    weights : list of float, optional
        How much each counts; all the same if not given.
    threshold : float
        Suggestions with a lower score are left out.

    Examples
    --------
    >>> def bold(text):
    ...     return ("good", 0.8)
    >>> def shy(text):
    ...     return ("bad", 0.6)
    >>> def sure(text):
    ...     return "good"
    >>> mood = of(committee([bold, shy, sure], weights=[1, 1, 2]), Schema.of({"mood": ["good", "bad"]}))
    >>> from nblabel.records import Item
    >>> [(a.label, round(a.score, 2), a.source) for a in mood.suggest([Item(0, "Hm")])[0]]
    [('good', 0.7, 'bold + sure')]
    """
    if not isinstance(members, (list, tuple)) or not members:
        raise SuggestError("committee() needs a list of models")
    shares = [1.0] * len(members) if weights is None else [float(weight) for weight in weights]
    if len(shares) != len(members):
        raise SuggestError(f"committee() has {len(members)} members and {len(shares)} weights")
    if not all(0 <= share < math.inf for share in shares) or not sum(shares):
        raise SuggestError(f"committee(weights={list(shares)!r}) must be numbers from 0 on, not all of them 0")
    if not 0 <= threshold <= 1:
        raise SuggestError(f"committee(threshold={threshold!r}) must be between 0 and 1")
    return Committee(list(members), shares, threshold)


class _Voting(_Several):
    """Members whose scores are averaged."""

    def __init__(
        self, recipe: Committee, schema: Schema, view: View | None, members: Sequence[Adapter] | None = None
    ) -> None:
        super().__init__(members or [of(one, schema, view=view) for one in recipe.members], schema)
        self.view = view
        self._recipe = recipe

    def _weights(self) -> Sequence[float]:
        return self._recipe.weights

    def _renewed(self, members: Sequence[Adapter]) -> Adapter:
        return _Voting(self._recipe, self.schema, self.view, members)

    def _merged(
        self, groups: Sequence[Sequence[AnyAnnotation]], sound: Sequence[bool]
    ) -> tuple[list[AnyAnnotation], list[str]]:
        weights = self._recipe.weights
        voting = sum(w for w, group, fine in zip(weights, groups, sound, strict=True) if fine or group)
        votes: dict[str, float] = {}
        for weight, group in zip(weights, groups, strict=True):
            for a in group:
                votes[a.id] = votes.get(a.id, 0.0) + weight * (1.0 if a.score is None else a.score)
        scored = [
            [msgspec.structs.replace(a, score=min(votes[a.id] / voting, 1.0) if voting else 0.0) for a in group]
            for group in groups
        ]
        kept, wrong = checks.merged(scored, self.schema)
        single = {field.name for field in self.schema.fields if isinstance(field, Choices) and not field.multiple}
        best: dict[str, AnyAnnotation] = {}
        for a in kept:
            if a.field in single and (a.field not in best or (a.score or 0.0) > (best[a.field].score or 0.0)):
                best[a.field] = a
        kept = [a for a in kept if (a.field not in single or best[a.field] is a)]
        return [a for a in kept if (a.score or 0.0) >= self._recipe.threshold], wrong
