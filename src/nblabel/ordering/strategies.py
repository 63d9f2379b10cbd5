"""Strategies of active learning: how much there is to learn from each of some items.

In plain numpy. scikit-activeml has them too, and the tests compare with it, but to use it would cost 2.4 s of import
(pandas, scikit-learn and matplotlib come along), it knows neither several fields nor spans nor rows that a model has
nothing to say of, and its strategies want to call the classifier themselves, one that has all of the data at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..beliefs import Beliefs, Table
from ..errors import NblabelError, SuggestError, nearest
from ..records import Item

__all__ = ["Pool", "Strategy", "balanced", "disagreement", "diversity", "ranked", "similar", "uncertainty"]

Scores: TypeAlias = NDArray[np.float64]
Need: TypeAlias = Literal["beliefs", "features", "items", "answered", "like", "given"]
Measure: TypeAlias = Literal["least_confidence", "margin", "entropy"]

_APART = 500
"""So many items are chosen one by one to lie apart; nobody gets further before they are ranked anew."""
_BLOCK = 1024


class Pool(msgspec.Struct, frozen=True, eq=False):
    """What a strategy chooses from. Only what it `needs <Strategy>` has to be there.

    Attributes
    ----------
    count : int
        How many candidates there are.
    beliefs : Beliefs, optional
        What the model believes of them.
    features : array (count, d), optional
        Where they are, for distances.
    items : sequence of Item
        The candidates themselves.
    answered : array (m, d), optional
        The features of items that are answered; a sample will do.
    like : array (d,), optional
        The features of the item that `similar` names.
    given : dict of dict
        By field, how often each label of the schema was given so far, zeros included.
    """

    count: int
    beliefs: Beliefs | None = None
    features: NDArray[np.float32] | None = None
    items: Sequence[Item] = ()
    answered: NDArray[np.float32] | None = None
    like: NDArray[np.float32] | None = None
    given: Mapping[str, Mapping[str, int]] = {}

    @classmethod
    def joined(cls, batches: Sequence[Pool], about: Pool | None = None) -> Pool:
        """Candidates looked at batch by batch, one after the other; ``about`` has what concerns all of them.

        Examples
        --------
        >>> Pool.joined([Pool(2), Pool(3)]).count
        5
        """
        beliefs = [one.beliefs for one in batches if one.beliefs is not None]
        features = [one.features for one in batches if one.features is not None]
        said = about or cls(0)
        return cls(
            count=sum(one.count for one in batches),
            beliefs=Beliefs.joined(beliefs) if beliefs and len(beliefs) == len(batches) else None,
            features=np.concatenate(features) if features and len(features) == len(batches) else None,
            items=[item for one in batches for item in one.items],
            answered=said.answered,
            like=said.like,
            given=said.given,
        )


class Strategy(msgspec.Struct, frozen=True):
    """How open items are ranked; made by the functions of this module.

    Attributes
    ----------
    name : str
        As people read it.
    needs : frozenset of str
        Which attributes of a `Pool` it looks at.
    measure : callable
        Scores of the candidates of a pool, the larger the sooner; NaN where there is nothing to go by.
    like : hashable
        The key of the item that `similar` names.
    """

    name: str
    needs: frozenset[Need]
    measure: Callable[[Pool], Any]
    like: Hashable = None

    def rank(self, pool: Pool) -> Scores:
        """A score for each candidate, the larger the sooner it is to be shown; NaN comes last.

        Raises
        ------
        SuggestError
            If what was given as features or scores does not fit the candidates.

        Examples
        --------
        >>> from nblabel.beliefs import Beliefs, Table
        >>> likely = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> pool = Pool(2, Beliefs(2, {"mood": Table(("good", "bad"), likely)}))
        >>> uncertainty("margin").rank(pool).round(2).tolist()
        [0.2, 0.8]
        """
        if "features" in self.needs and (pool.features is None or len(pool.features) != pool.count):
            had = "none" if pool.features is None else f"{len(pool.features)}"
            raise SuggestError(f"order={self.name!r} needs features of {pool.count} items, the model has {had}")
        try:
            scores = np.array(self.measure(pool), dtype=np.float64)
        except (TypeError, ValueError) as error:
            if self.name != "ranked":
                raise
            raise SuggestError(f"the ranking function did not return numbers: {error}") from error
        if scores.shape != (pool.count,):
            raise SuggestError(
                f"order={self.name!r} gave scores of shape {scores.shape} for {pool.count} items",
                "one number for each item, in their order",
            )
        return scores


# ---- uncertainty --------------------------------------------------------------------------------


def uncertainty(measure: Measure = "margin", *, few: int = 3, diverse: bool = False) -> Strategy:
    """The items of which the model is least sure come first.

    Of several fields the one that the model is least sure of counts; so does, of a field that takes several labels,
    the label it is least sure of. All measures lie between 0 (sure) and 1 (any label is as likely), whatever the number
    of labels, so that fields can be compared. A model's own ``scores`` are taken as they are.

    Parameters
    ----------
    measure : {"margin", "least_confidence", "entropy"}
        Of a choice: how near the second label comes to the first, how far the first is from certain, or how evenly
        the labels share.
    few : int
        Things marked inside an item count by the mean doubt (1 - how sure) over the ``few`` that the model is least
        sure of. With ``few=1`` this is the lowest token probability of Liu et al. (LTP, 2022); with many, the mean over
        all tokens (Settles & Craven 2008; Shen et al.'s MNLP, 2018, in logarithms), in which one doubtful name drowns
        among a hundred words that are none.
    diverse : bool
        Whether to rank by doubt times distance from all that is ranked before, so that the next few items are not ten
        times the same. Needs features.

    Examples
    --------
    >>> uncertainty("entropy").name
    'uncertainty'
    """
    known = ("least_confidence", "margin", "entropy")
    if measure not in known:
        raise NblabelError(f"measure={measure!r} is not one of uncertainty", nearest(str(measure), known))
    if few < 1:
        raise NblabelError(f"few={few!r} parts cannot be looked at", "1 or more")
    how = partial(_uncertain, measure=measure, few=few)
    if diverse:
        return Strategy("uncertainty", frozenset({"beliefs", "features"}), partial(_uncertain_apart, how=how))
    return Strategy("uncertainty", frozenset({"beliefs"}), how)


def _uncertain(pool: Pool, measure: Measure, few: int) -> Scores:
    return _nothing(pool) if pool.beliefs is None else _doubts(pool.beliefs, measure, few)


def _doubts(beliefs: Beliefs, measure: Measure, few: int) -> Scores:
    if beliefs.scores is not None:
        return np.array(beliefs.scores, dtype=np.float64)
    found = [_of_table(table, measure) for table in beliefs.tables.values()]
    if beliefs.parts is not None:
        found.append(np.array([_of_parts(one, few) for one in beliefs.parts], dtype=np.float64))
    if not found and beliefs.members:
        found = [_doubts(one, measure, few) for one in beliefs.members]
        return _over(found, np.nanmean, beliefs.count)
    return _over(found, np.nanmax, beliefs.count)


def _of_table(table: Table, measure: Measure) -> Scores:
    likely = np.clip(np.asarray(table.likely, dtype=np.float64), 0, 1)
    if table.several:  # each column is a question of its own
        sides = np.stack([likely, 1 - likely], axis=2)
        return _over([_of_rows(sides[:, n], measure) for n in range(likely.shape[1])], np.nanmax, len(likely))
    return _of_rows(likely, measure)


def _of_rows(likely: Scores, measure: Measure) -> Scores:
    """How unsure rows of probabilities are, between 0 and 1; NaN where one is missing."""
    labels = likely.shape[1]
    if labels < 2:
        return np.where(np.isnan(likely).any(axis=1), np.nan, 0.0)
    if measure == "entropy":
        return np.asarray(_entropy(likely) / np.log(labels))
    top = -np.partition(-likely, 1, axis=1)[:, :2]
    missing = np.where(np.isnan(likely).any(axis=1), np.nan, 0.0)
    made = 1 - (top[:, 0] - top[:, 1]) if measure == "margin" else (1 - top[:, 0]) * labels / (labels - 1)
    return np.asarray(made + missing)


def _entropy(likely: Scores) -> Scores:
    logs = np.log(likely, out=np.zeros_like(likely), where=likely > 0)
    return np.asarray(-np.sum(likely * logs, axis=-1))


def _of_parts(sure: NDArray[np.float64], few: int) -> float:
    doubts = 1 - np.asarray(sure, dtype=np.float64)
    doubts = doubts[np.isfinite(doubts)]
    return 0.0 if not doubts.size else float(np.sort(doubts)[-few:].mean())


# ---- diversity ----------------------------------------------------------------------------------


def diversity() -> Strategy:
    """Each item is as far as can be from all that is answered and all that is ranked before it.

    Greedy k-center (Sener & Savarese 2018, "core-set"): soon after the start every kind of item has been seen. It looks
    at no model's opinion, so it needs no labels, and goes to outliers first.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [10.0], [4.0]], dtype=np.float32)
    >>> np.argsort(-diversity().rank(Pool(4, features=line, answered=line[:1]))).tolist()
    [2, 3, 1, 0]
    """
    return Strategy("diversity", frozenset({"features", "answered"}), _diverse)


def _diverse(pool: Pool) -> Scores:
    assert pool.features is not None
    return _apart(pool.features, pool.answered)


def _uncertain_apart(pool: Pool, how: Callable[[Pool], Scores]) -> Scores:
    assert pool.features is not None
    return _apart(pool.features, None, how(pool))


def _apart(
    features: NDArray[np.float32], answered: NDArray[np.float32] | None, weights: Scores | None = None
) -> Scores:
    """Scores that fall in the order in which candidates are chosen, each far from what is there and was chosen."""
    points = np.asarray(features, dtype=np.float32)
    bad = ~np.isfinite(points).all(axis=1)
    heavy = np.ones(len(points)) if weights is None else np.array(weights, dtype=np.float64)
    bad |= ~np.isfinite(heavy)
    points = np.where(bad[:, None], 0, points)
    heavy[bad] = 0
    far = _nearest(points, answered)
    if not np.isfinite(far).all():  # nothing is there yet: the first is the most typical, or has the largest weight
        far = -np.linalg.norm(points - points[~bad].mean(axis=0), axis=1) if (~bad).any() else np.zeros(len(points))
        far = far.astype(np.float64) if weights is None else heavy
        fresh = True
    else:
        far, fresh = far * heavy, False
    scores = np.full(len(points), np.nan)
    left = ~bad
    for n in range(min(_APART, int(left.sum()))):
        chosen = int(np.argmax(np.where(left, far, -np.inf)))
        scores[chosen] = 2.0 - n / _APART
        left[chosen] = False
        steps = points - points[chosen]
        distance = np.sqrt(np.einsum("ij,ij->i", steps, steps)).astype(np.float64) * heavy
        far = distance if fresh else np.minimum(far, distance)
        fresh = False
    if left.any():  # the rest by how far it lies now
        scores[left] = far[left] / max(float(far[left].max()), 1e-30)
    return scores


def _nearest(points: NDArray[np.float32], others: NDArray[np.float32] | None) -> Scores:
    """The distance of each point to the nearest of the others; infinite if there are none."""
    found = np.full(len(points), np.inf)
    if others is None:
        return found
    others = np.asarray(others, dtype=np.float32)
    others = others[np.isfinite(others).all(axis=1)].astype(np.float64)
    own = points.astype(np.float64)
    squares = np.einsum("ij,ij->i", own, own)
    for start in range(0, len(others), _BLOCK):
        block = others[start : start + _BLOCK]
        square = squares[:, None] + np.einsum("ij,ij->i", block, block)[None, :] - 2 * own @ block.T
        found = np.minimum(found, square.min(axis=1))
    return np.asarray(np.sqrt(np.maximum(found, 0)))


# ---- disagreement -------------------------------------------------------------------------------


def disagreement(measure: Literal["divergence", "votes"] = "divergence") -> Strategy:
    """The items come first about which the members of a committee disagree most.

    Choices are compared by the members' probabilities, things marked inside an item by what the members suggest: one
    minus the mean F1 over all pairs of members. The most disputed field counts.

    Parameters
    ----------
    measure : {"divergence", "votes"}
        Of a choice: the mean divergence from what the members believe together (Jensen-Shannon, McCallum & Nigam
        1998), or the entropy of their votes (Dagan & Engelson 1995), both as shares of what is possible.

    Examples
    --------
    >>> from nblabel.beliefs import Beliefs, Table
    >>> def member(first, second):
    ...     return Beliefs(2, {"mood": Table(("good", "bad"), np.array([[first, 1 - first], [second, 1 - second]]))})
    >>> committee = Beliefs(2, members=(member(0.9, 0.9), member(0.9, 0.1)))
    >>> disagreement("votes").rank(Pool(2, committee)).tolist()
    [0.0, 1.0]
    """
    known = ("divergence", "votes")
    if measure not in known:
        raise NblabelError(f"measure={measure!r} is not one of disagreement", nearest(str(measure), known))
    return Strategy("disagreement", frozenset({"beliefs"}), partial(_disputed, measure=measure))


def _disputed(pool: Pool, measure: str) -> Scores:
    members = () if pool.beliefs is None else pool.beliefs.members
    if len(members) < 2:
        return _nothing(pool)
    fields = dict.fromkeys(field for one in members for field in one.tables)
    found = []
    for field in fields:
        tables = [one.tables[field] for one in members if field in one.tables]
        if len(tables) > 1:
            found.append(_between(tables, measure))
    marks = [[{mark for mark in of if mark[0] not in fields} for of in one.marks] for one in members if one.marks]
    if len(marks) > 1 and any(any(one) for one in marks):
        found.append(_unlike(marks))
    return _over(found, np.nanmax, pool.count)


def _between(tables: Sequence[Table], measure: str) -> Scores:
    """How much tables of one field differ, row by row, between 0 and 1."""
    labels = list(dict.fromkeys(label for table in tables for label in table.labels))
    likely = np.zeros((len(tables), len(tables[0].likely), len(labels)))
    for n, table in enumerate(tables):
        likely[n][:, [labels.index(label) for label in table.labels]] = np.clip(table.likely, 0, 1)
    if any(table.several for table in tables):
        sides = np.stack([likely, 1 - likely], axis=3)
        return _over([_differ(sides[:, :, n], measure) for n in range(len(labels))], np.nanmax, likely.shape[1])
    return _differ(likely, measure)


def _differ(likely: Scores, measure: str) -> Scores:
    members, _, labels = likely.shape
    most = np.log(min(members, labels)) if labels > 1 else 1.0
    missing = np.where(np.isnan(likely).any(axis=(0, 2)), np.nan, 0.0)
    if measure == "votes":
        likely = np.eye(labels)[np.argmax(np.nan_to_num(likely), axis=2)]
    together = _entropy(likely.mean(axis=0))
    apart = _entropy(likely).mean(axis=0)
    return np.asarray(np.maximum(together - apart, 0) / most + missing)


def _unlike(marks: Sequence[Sequence[set[Any]]]) -> Scores:
    """One minus the mean F1 over all pairs of members; two that mark nothing agree."""

    def f1(a: set[Any], b: set[Any]) -> float:
        return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0

    return np.array([1 - np.mean([f1(a, b) for a, b in combinations(row, 2)]) for row in zip(*marks, strict=True)])


# ---- others -------------------------------------------------------------------------------------


def balanced() -> Strategy:
    """Items come first that are likely to get the labels given least often so far.

    A label counts by how rare it is: 1 for the rarest, half for one given twice as often. Only the model's opinion
    tells what an item may get, so this cannot find a label of which the model has never seen an example.

    Examples
    --------
    >>> from nblabel.beliefs import Beliefs, Table
    >>> likely = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> pool = Pool(2, Beliefs(2, {"mood": Table(("good", "bad"), likely)}), given={"mood": {"good": 9, "bad": 0}})
    >>> balanced().rank(pool).round(2).tolist()
    [0.19, 0.82]
    """
    return Strategy("balanced", frozenset({"beliefs", "given"}), _rare)


def _rare(pool: Pool) -> Scores:
    beliefs = pool.beliefs
    if beliefs is None:
        return _nothing(pool)
    found = []
    for field, table in beliefs.tables.items():
        rarity = _rarity(pool.given.get(field, {}), table.labels)
        weights = np.array([rarity[label] for label in table.labels])
        likely = np.asarray(table.likely, dtype=np.float64)
        # of exclusive labels the expected rarity; of several the rarest that is likely
        found.append(np.max(likely * weights, axis=1) if table.several else likely @ weights)
    if beliefs.marks and any(mark[0] not in beliefs.tables for of in beliefs.marks for mark in of):
        found.append(np.array(list(_rare_marks(beliefs.marks, beliefs.tables, pool.given))))
    return _over(found, np.nanmax, pool.count)


def _rare_marks(
    marks: Iterable[Iterable[Any]], tables: Collection[str], given: Mapping[str, Mapping[str, int]]
) -> Iterator[float]:
    marked = [{(field, label) for field, label, _ in of if field not in tables} for of in marks]
    labels: dict[str, set[str]] = {}
    for field, label in set().union(*marked):
        labels.setdefault(field, set()).add(label)
    rarities = {field: _rarity(given.get(field, {}), of) for field, of in labels.items()}
    for of in marked:
        yield max((rarities[field][label] for field, label in of), default=0.0)


def _rarity(given: Mapping[str, int], labels: Iterable[str]) -> dict[str, float]:
    counts = {label: 1 + given.get(label, 0) for label in [*given, *labels]}
    least = min(counts.values(), default=1)
    return {label: least / count for label, count in counts.items()}


def similar(to: Hashable) -> Strategy:
    """Items like one of them come first, by the cosine of their features.

    Parameters
    ----------
    to : hashable
        The item's key: more of a rare kind are wanted, say.

    Examples
    --------
    >>> points = np.array([[1, 0], [1, 1], [0, 2]], dtype=np.float32)
    >>> similar(to="b").rank(Pool(3, features=points, like=points[2])).round(2).tolist()
    [0.0, 0.71, 1.0]
    """
    return Strategy("similar", frozenset({"features", "like"}), _alike, like=to)


def _alike(pool: Pool) -> Scores:
    assert pool.features is not None
    if pool.like is None:
        return _nothing(pool)
    points = np.asarray(pool.features, dtype=np.float64)
    like = np.asarray(pool.like, dtype=np.float64).ravel()
    lengths = np.linalg.norm(points, axis=1) * np.linalg.norm(like)
    found = np.full(len(points), np.nan)
    np.divide(points @ like, lengths, out=found, where=lengths > 0)
    return found


def ranked(function: Callable[[Sequence[Item]], Any]) -> Strategy:
    """A function of one's own ranks open items, asked again after each training.

    Parameters
    ----------
    function : callable
        Gets a sequence of `Item` and returns a number for each, the larger the sooner. It is called in a background
        thread, with all the items that are looked at.

    Examples
    --------
    >>> longest = ranked(lambda items: [len(item.data) for item in items])
    >>> longest.rank(Pool(2, items=[Item(0, "short"), Item(1, "much longer")])).tolist()
    [5.0, 11.0]
    """
    if not callable(function):
        raise NblabelError(f"ranked() takes a function of items, not {type(function).__name__}")
    return Strategy("ranked", frozenset({"items"}), lambda pool: function(pool.items))


# ---- helpers ------------------------------------------------------------------------------------


def _nothing(pool: Pool) -> Scores:
    return np.full(pool.count, np.nan)


def _over(found: Sequence[Scores], how: Callable[..., Any], count: int) -> Scores:
    """One score of several, where there is any; NaN where there is none."""
    made = np.full(count, np.nan)
    if found and count:
        table = np.stack(found)
        some = ~np.isnan(table).all(axis=0)
        made[some] = how(table[:, some], axis=0)
    return made
