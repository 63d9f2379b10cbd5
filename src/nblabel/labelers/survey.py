"""What a gallery knows of every item without looking at it: status, labels, scores, and whether annotators differ."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from ..annotations import AnyAnnotation, Text
from ..errors import NblabelError, nearest
from ..records import Response, Status
from ..session import Session

__all__ = ["SORTS", "STATUSES", "Sort", "Standing", "Survey", "Wanted"]

STATUSES: tuple[Status, ...] = ("pending", "draft", "submitted", "discarded")
Sort: TypeAlias = Literal["order", "status", "label", "score", "disagreement"]
SORTS: tuple[Sort, ...] = ("order", "status", "label", "score", "disagreement")
_Said: TypeAlias = frozenset[tuple[Hashable, int]]


class Wanted(msgspec.Struct, frozen=True):
    """Which items a gallery shows; all conditions must hold, ``None`` and empty ones always do."""

    status: tuple[Status, ...] = ()
    label: str = ""
    flagged: bool | None = None
    score: float | None = None
    disagreement: float | None = None
    text: str = ""

    @classmethod
    def of(
        cls,
        status: Status | Sequence[Status] | None,
        label: str | None,
        flagged: bool | None,
        score: float | None,
        disagreement: float | bool | None,
        text: str | None,
        labels: Collection[str],
    ) -> Wanted:
        """Conditions as a user writes them; raises for what no item could meet."""
        statuses = (status,) if isinstance(status, str) else tuple(status or ())
        for one in statuses:
            if one not in STATUSES:
                raise NblabelError(f"status {one!r} is not a status", nearest(str(one), STATUSES))
        if label and label not in labels:
            raise NblabelError(f"no label is called {label!r}", nearest(label, labels))
        for name, value in (("score", score), ("disagreement", disagreement)):
            if value is not None and not 0 <= value <= 1:
                raise NblabelError(f"{name}={value!r} is not between 0 and 1")
        least = None if disagreement is None or disagreement is False else float(disagreement)
        if disagreement is True:  # any, however little
            least = 1e-9
        return cls(statuses, label or "", flagged, None if score is None else float(score), least, text or "")


class Standing(msgspec.Struct, frozen=True):
    """Where one item stands, for this annotator.

    Attributes
    ----------
    status : str
        Of this annotator's answer.
    flagged : bool
        Whether it carries a flag.
    said : bool
        Whether labels and score are of the answer; of suggestions otherwise.
    labels : frozenset of str
        The labels of its marks.
    score : float, optional
        The lowest score of its marks.
    disagreement : float, optional
        The share of pairs of annotators whose submitted answers differ; ``None`` with fewer than two.
    """

    status: Status = "pending"
    flagged: bool = False
    said: bool = False
    labels: frozenset[str] = frozenset()
    score: float | None = None
    disagreement: float | None = None


class _Known(msgspec.Struct):
    """What is kept of an item: of the answers only what can be asked about."""

    status: Status = "pending"
    flagged: bool = False
    labels: frozenset[str] = frozenset()
    score: float | None = None
    answers: dict[str, _Said] = {}


class Survey:
    """The standing of all items, kept up to date item by item; safe between threads.

    No lock of its own is held while the session is asked.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}
        self._suggested: dict[int, tuple[frozenset[str], float | None]] = {}
        self.load()

    def load(self) -> None:
        """Read all answers anew."""
        known: dict[int, _Known] = {}
        for position, response in self._session.everyone():
            self._put(known.setdefault(position, _Known()), response)
        with self._lock:
            self._known = known

    def update(self, positions: Collection[int]) -> None:
        """Read the answers to these items anew."""
        fresh = {position: _Known() for position in positions}
        for position, response in self._session.everyone(positions):
            self._put(fresh[position], response)
        with self._lock:
            self._known.update(fresh)

    def _put(self, known: _Known, response: Response) -> None:
        if response.annotator == self._session.annotator:
            known.status, known.flagged = response.status, response.flagged
            known.labels, known.score = _labels(response.annotations), _score(response.annotations)
        if response.status == "submitted":
            known.answers = {**known.answers, response.annotator: _said(response.annotations)}

    def suggested(self, position: int, annotations: Sequence[AnyAnnotation] | None) -> None:
        """Take over what models suggest for an item; ``None`` if they have not said anything."""
        with self._lock:
            if annotations is None:
                self._suggested.pop(position, None)
            else:
                self._suggested[position] = (_labels(annotations), _score(annotations))

    def unasked(self, positions: Iterable[int], most: int) -> list[int]:
        """The first of these items of which models have said nothing, and that have no answer."""
        with self._lock:
            open_ = (p for p in positions if p not in self._suggested and not self._answered(p))
            return list(itertools.islice(open_, most))

    def _answered(self, position: int) -> bool:
        known = self._known.get(position)
        return known is not None and known.status in ("submitted", "discarded")

    def of(self, position: int) -> Standing:
        """Where an item stands."""
        with self._lock:
            return self._of(position)

    def _of(self, position: int) -> Standing:
        known = self._known.get(position)
        if known is None:
            known = _Known()
        said = bool(known.labels) or known.status in ("submitted", "discarded")
        labels, score = known.labels, known.score
        if not said:
            labels, score = self._suggested.get(position, (frozenset[str](), None))
        return Standing(known.status, known.flagged, said, labels, score, _disagreement(known.answers))

    # ---- which, and in which order --------------------------------------------------------------

    def passing(self, wanted: Wanted, sort: Sort = "order", *, reverse: bool = False) -> list[int]:
        """The positions that pass, in order."""
        size = len(self._session.source)
        within = [int(n) for n in self._session.source.search(wanted.text)] if wanted.text else range(size)
        with self._lock:
            found = [
                (position, standing) for position in within if self._passes(standing := self._of(position), wanted)
            ]
        if sort == "order":
            positions = [position for position, _ in found]
            return positions[::-1] if reverse else positions
        known = [(key, p) for p, s in found if (key := _sort_key(s, sort)) is not None]
        unknown = [p for p, s in found if _sort_key(s, sort) is None]
        known.sort(key=lambda pair: pair[0], reverse=reverse)
        return [p for _, p in known] + unknown

    def passes(self, position: int, wanted: Wanted) -> bool:
        """Whether one item passes, whatever its text."""
        with self._lock:
            return self._passes(self._of(position), wanted)

    @staticmethod
    def _passes(standing: Standing, wanted: Wanted) -> bool:
        return (
            (not wanted.status or standing.status in wanted.status)
            and (wanted.flagged is None or standing.flagged == wanted.flagged)
            and (not wanted.label or wanted.label in standing.labels)
            and (wanted.score is None or (standing.score is not None and standing.score >= wanted.score))
            and (
                wanted.disagreement is None
                or (standing.disagreement is not None and standing.disagreement >= wanted.disagreement)
            )
        )

    @property
    def disagreement(self) -> float | None:
        """The share of items, of those that several annotators have submitted, on which they differ."""
        with self._lock:
            of_items = [_disagreement(known.answers) for known in self._known.values()]
        several = [one for one in of_items if one is not None]
        return sum(one > 0 for one in several) / len(several) if several else None


def _sort_key(standing: Standing, sort: Sort) -> Any:
    """What items are compared by, least first; ``None`` where there is nothing to compare."""
    if sort == "status":
        return STATUSES.index(standing.status)
    if sort == "label":
        return min(standing.labels, default=None)
    if sort == "score":
        return standing.score
    return None if standing.disagreement is None else -standing.disagreement  # the most first


def _labels(annotations: Iterable[AnyAnnotation]) -> frozenset[str]:
    return frozenset(label for a in annotations if (label := getattr(a, "label", "")))


def _score(annotations: Iterable[AnyAnnotation]) -> float | None:
    return min((a.score for a in annotations if a.score is not None), default=None)


def _said(annotations: Iterable[AnyAnnotation]) -> _Said:
    """What an answer says, without places: how many marks of each label, and the words written."""
    return frozenset(Counter(_content(a) for a in annotations).items())


def _content(a: AnyAnnotation) -> Hashable:
    return (a.field, a.kind, " ".join(a.text.split()) if isinstance(a, Text) else getattr(a, "label", ""))


def _disagreement(answers: dict[str, _Said]) -> float | None:
    if len(answers) < 2:
        return None
    pairs: Iterator[tuple[_Said, _Said]] = itertools.combinations(answers.values(), 2)
    differ = [one != other for one, other in pairs]
    return sum(differ) / len(differ)
