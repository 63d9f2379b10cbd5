"""What became of suggestions: taken as they were, changed or rejected, seen or unseen."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import pandas as pd

from ..annotations import (
    AnyAnnotation,
    Box,
    Choice,
    Keypoints,
    Mask,
    Polygon,
    Ranking,
    Rating,
    Relation,
    Segment,
    Span,
    Text,
)
from ..errors import NblabelError, nearest
from ..formats.tidy import keys_column, strings, times
from ..intervals import difference, wilson
from ..records import Response
from ..shapes import bounds

__all__ = ["Fate", "Outcome", "acceptance", "anchoring", "outcomes", "split_source", "suggestions_frame"]

Fate: TypeAlias = Literal["accepted", "edited", "rejected"]

_MERGED = " + "
_RELEASE = re.compile(r"(.+)-(v?\d+\.\d+\.\d+[\w.]*)")
_SHAPES = Box | Polygon | Keypoints | Mask
_SAME_SHAPE = 0.5
"""Shapes of which bounding boxes have so much in common (intersection over union) are about the same thing."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one suggestion.

    Attributes
    ----------
    item, key : str
        The item's identity, and its key as text.
    annotator : str
        Who answered.
    field, label, kind : str
        What was suggested.
    source, version : str
        By which model.
    score : float or None
        How sure it was.
    shown : bool
        Whether the person saw the suggestion.
    blind : bool
        Whether it was kept back on purpose.
    outcome : str
        ``accepted`` as it was, ``edited``, or ``rejected``.
    seconds : float
        Active seconds of the whole answer.
    at : float
        POSIX time of the answer.
    """

    item: str
    key: str
    annotator: str
    field: str
    label: str
    kind: str
    source: str
    version: str
    score: float | None
    shown: bool
    blind: bool
    outcome: Fate
    seconds: float
    at: float


def split_source(source: str) -> tuple[str, str]:
    """Name and version of a model, from the source of its suggestions; the version is empty if it has none.

    Examples
    --------
    >>> split_source("reviews@3"), split_source("en_core_web_sm-3.8.0"), split_source("gpt-4")
    (('reviews', '3'), ('en_core_web_sm', '3.8.0'), ('gpt-4', ''))
    >>> split_source("reviews@3 + names")
    ('reviews + names', '3')
    """
    if _MERGED in source:
        pairs = [split_source(one) for one in source.split(_MERGED)]
        return _MERGED.join(name for name, _ in pairs), _MERGED.join(version for _, version in pairs if version)
    name, at, version = source.rpartition("@")
    if at and name and version:
        return name, version
    release = _RELEASE.fullmatch(source)
    return (release[1], release[2]) if release else (source, "")


# ---- one answer ----------------------------------------------------------------------------------


def outcomes(
    offered: Sequence[AnyAnnotation],
    response: Response,
    *,
    key: str,
    shown: bool,
    blind: bool,
    seconds: float,
    at: float,
) -> list[Outcome]:
    """What became of each suggestion for an item, by the answer that was given.

    A suggestion is *accepted* if the answer says the same, also where the person marked it by hand. It is *edited* if
    it stands in the answer with other content, or if something of the same field and kind in about the same place
    says something else: spans and segments that overlap, shapes of which the boxes have half in common, another text,
    another number. Choices have no place: another label is another answer. What answers one suggestion of a model is
    not at the same time the edit of another one.

    Parameters
    ----------
    offered : sequence of annotations
        What was suggested.
    response : Response
        What was answered.
    key : str
        The item's key as text.
    shown, blind : bool
        Whether the person saw the suggestions, and whether they were kept back on purpose.
    seconds : float
        Active seconds of the answer.
    at : float
        When it was given.

    Examples
    --------
    >>> offered = [Span(0, 3, "PERSON", id="a", source="names@2"), Span(8, 12, "ORG", id="b", source="names@2")]
    >>> said = Response("i", "ann", "submitted", (Span(0, 3, "PERSON", id="x"), Span(8, 15, "ORG", id="y")))
    >>> made = outcomes(offered, said, key="0", shown=True, blind=False, seconds=2.0, at=0.0)
    >>> [(one.source, one.version, one.outcome) for one in made]
    [('names', '2', 'accepted'), ('names', '2', 'edited')]
    """
    by_source: dict[str, list[int]] = {}
    for n, one in enumerate(offered):
        by_source.setdefault(one.source, []).append(n)
    fates: dict[int, Fate] = {}
    contents = _contents(response.annotations)
    own = _contents(offered)
    for numbers in by_source.values():
        found = _fates([offered[n] for n in numbers], [own[n] for n in numbers], response.annotations, contents)
        fates.update(zip(numbers, found, strict=True))
    return [_outcome(one, fates[n], response, key, shown, blind, seconds, at) for n, one in enumerate(offered)]


def _outcome(
    one: AnyAnnotation, fate: Fate, response: Response, key: str, shown: bool, blind: bool, seconds: float, at: float
) -> Outcome:
    source, version = split_source(one.source)
    return Outcome(
        item=response.item,
        key=key,
        annotator=response.annotator,
        field=one.field,
        label=getattr(one, "label", ""),
        kind=one.kind,
        source=source,
        version=version,
        score=one.score,
        shown=shown,
        blind=blind,
        outcome=fate,
        seconds=seconds,
        at=at,
    )


def _fates(
    offered: Sequence[AnyAnnotation], own: Sequence[bytes], given: Sequence[AnyAnnotation], contents: Sequence[bytes]
) -> list[Fate]:
    """What became of the suggestions of one model."""
    made: list[Fate] = ["rejected"] * len(offered)
    taken: set[int] = set()
    same: dict[bytes, int] = {content: n for n, content in enumerate(contents)}
    by_id = {one.id: n for n, one in enumerate(given)}
    left = []
    for n, one in enumerate(offered):
        answer = same.get(own[n])
        if answer is not None:
            made[n] = "accepted"
            taken.add(answer)
        else:
            left.append((n, one))
    for n, one in left:
        answer = by_id.get(one.id) if one.id else None
        if answer is not None and answer not in taken and _may_become(one, given[answer]):
            made[n] = "edited"
            taken.add(answer)
    lost = [(n, one) for n, one in left if made[n] == "rejected"]
    near = _near(lost, [(m, other) for m, other in enumerate(given) if m not in taken])
    for _, n, m in sorted(near):
        if made[n] == "rejected" and m not in taken:
            made[n] = "edited"
            taken.add(m)
    return made


Numbered: TypeAlias = "Sequence[tuple[int, AnyAnnotation]]"


def _near(offered: Numbered, given: Numbered) -> list[tuple[float, int, int]]:
    """What is about the same place: how much of it in common (negative, so that the nearest sort first), and which.

    Only neighbours are compared, as an item may hold thousands of marks.
    """
    buckets: dict[Hashable, list[tuple[_Reach, int, bool, AnyAnnotation]]] = {}
    for listed, is_offer in ((offered, True), (given, False)):
        for n, one in listed:
            buckets.setdefault(_bucket(one), []).append((_reach(one), n, is_offer, one))
    found = []
    for bucket in buckets.values():
        bucket.sort(key=lambda entry: entry[:3])
        reached: dict[bool, list[tuple[_Reach, int, AnyAnnotation]]] = {True: [], False: []}
        for reach, n, is_offer, one in bucket:
            others = reached[not is_offer] = [entry for entry in reached[not is_offer] if entry[0][1] >= reach[0]]
            for (_, _, top, bottom), m, other in others:
                if top > reach[3] or bottom < reach[2]:
                    continue
                common = _common(one, other)
                if common > 0:
                    found.append((-common, n, m) if is_offer else (-common, m, n))
            reached[is_offer].append((reach, n, one))
    return found


def _bucket(one: AnyAnnotation) -> Hashable:
    """Only what shares this can be about the same place."""
    if isinstance(one, (Choice, Rating)):
        return (type(one), one.field, one.label)
    if isinstance(one, Relation):
        return (type(one), one.field, one.head, one.child)
    return (type(one), one.field)


_Reach: TypeAlias = tuple[float, float, float, float]


def _reach(one: AnyAnnotation) -> _Reach:
    """From where to where it goes, along its first axis and its second."""
    if isinstance(one, Span | Segment):
        return one.start, one.end, 0.0, 0.0
    if isinstance(one, _SHAPES):
        left, top, width, height = bounds(one)
        return left, left + width, top, top + height
    return 0.0, 0.0, 0.0, 0.0


def _contents(annotations: Sequence[AnyAnnotation]) -> list[bytes]:
    """What each says, whatever its id, score and source."""
    named = {one.id: _content(one, {}) for one in annotations if not isinstance(one, Relation)}
    return [_content(one, named) for one in annotations]


def _content(annotation: AnyAnnotation, named: Mapping[str, bytes]) -> bytes:
    attributes = dict(sorted(annotation.attributes.items()))
    bare: Any = msgspec.structs.replace(annotation, id="", score=None, source="", attributes=attributes)
    ends: tuple[bytes, ...] = ()
    if isinstance(annotation, Relation):
        ends = tuple(
            named.get(end, end.encode("utf-8", "surrogatepass")) for end in (annotation.head, annotation.child)
        )
        bare = msgspec.structs.replace(bare, head="head", child="child")
    plain = repr(sorted(msgspec.to_builtins(bare).items()))  # texts may hold what no encoder takes
    return b"\0".join((plain.encode("utf-8", "surrogatepass"), *ends))


def _may_become(one: AnyAnnotation, other: AnyAnnotation) -> bool:
    """Whether what has the same id is still the same thing, changed."""
    if one.field != other.field or type(one) is not type(other):
        return False
    return not isinstance(one, Choice) or one.label == getattr(other, "label", "")


def _common(one: AnyAnnotation, other: AnyAnnotation) -> float:
    """How much two of one bucket are about the same place, from 0 (not at all) to 1."""
    if isinstance(one, (Text, Rating, Ranking, Relation, Choice)):
        return 1.0
    if isinstance(one, Span | Segment) and isinstance(other, Span | Segment):
        if (one.start, one.end) == (other.start, other.end):
            return 1.0
        shared = min(one.end, other.end) - max(one.start, other.start)
        return max(shared, 0.0) / (max(one.end, other.end) - min(one.start, other.start))
    if isinstance(one, _SHAPES) and isinstance(other, _SHAPES):
        shared = _shared(bounds(one), bounds(other))
        return shared if shared >= _SAME_SHAPE else 0.0
    return 0.0


def _shared(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes (left, top, width, height)."""
    if a == b:
        return 1.0
    wide, high = (min(a[n] + a[n + 2], b[n] + b[n + 2]) - max(a[n], b[n]) for n in (0, 1))
    both = max(wide, 0.0) * max(high, 0.0)
    union = a[2] * a[3] + b[2] * b[3] - both
    return both / union if union > 0 else 0.0


# ---- many of them --------------------------------------------------------------------------------


def suggestions_frame(outcomes: Iterable[Outcome], keys: Mapping[str, Hashable] = {}) -> pd.DataFrame:
    """One row a suggestion, with the same dtypes however many there are.

    Parameters
    ----------
    outcomes : iterable of Outcome
        What became of them.
    keys : mapping of str to key
        The user's own keys by the identities of items; without one, the key stands as text.

    Examples
    --------
    >>> suggestions_frame([]).columns.tolist()[:6]
    ['key', 'annotator', 'field', 'kind', 'label', 'source']
    """
    held = list(outcomes)
    columns: dict[str, Any] = {"key": keys_column([keys.get(one.item, one.key) for one in held])}
    for name in ("annotator", "field", "kind", "label", "source", "version"):
        columns[name] = strings([getattr(one, name) for one in held])
    columns["score"] = pd.Series([one.score for one in held], dtype="float64")
    columns["shown"] = pd.Series([one.shown for one in held], dtype="bool")
    columns["blind"] = pd.Series([one.blind for one in held], dtype="bool")
    columns["outcome"] = strings([one.outcome for one in held])
    columns["seconds"] = pd.Series([one.seconds for one in held], dtype="float64")
    columns["at"] = times([one.at for one in held])
    return pd.DataFrame(columns)


def _groups(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    unknown = [name for name in by if name not in frame.columns]
    if unknown:
        raise NblabelError(f"suggestions have no column {unknown[0]!r}", nearest(unknown[0], frame.columns))
    if not by:
        yield (), frame
    elif len(frame):
        yield from frame.groupby(list(by), sort=True, dropna=False)


def _counted(
    frame: pd.DataFrame, by: Sequence[str], rows: list[tuple[Any, ...]], counts: Sequence[str]
) -> pd.DataFrame:
    """A frame of groups and counts, typed also where it is empty."""
    made = pd.DataFrame(rows, columns=[*by, *counts])
    return made.astype({name: frame[name].dtype for name in by} | dict.fromkeys(counts, "int64"))


def acceptance(frame: pd.DataFrame, by: Sequence[str] = ("source", "version", "label")) -> pd.DataFrame:
    """How often suggestions that were seen were taken as they were, changed or rejected.

    Parameters
    ----------
    frame : DataFrame
        As `suggestions_frame` makes it.
    by : sequence of str
        Columns to group by; none for all together.

    Returns
    -------
    DataFrame
        For each group how many were ``suggested``, ``accepted``, ``edited`` and ``rejected``; the ``share`` accepted
        with its 95 % interval ``low`` to ``high`` (Wilson), and the median of ``seconds`` of these answers. The
        largest groups come first.

    Examples
    --------
    >>> row = Outcome("i", "0", "ann", "mood", "good", "choice", "m", "1", 0.9, True, False, "accepted", 2.0, 0.0)
    >>> acceptance(suggestions_frame([row] * 9), by=["source"])[["source", "accepted", "share"]].values.tolist()
    [['m', 9, 1.0]]
    """
    fates = ("accepted", "edited", "rejected")
    seen = frame[frame["shown"]]
    rows = []
    seconds = []
    for group, part in _groups(seen, by):
        counts = part["outcome"].value_counts()
        rows.append((*group, len(part), *(int(counts.get(fate, 0)) for fate in fates)))
        seconds.append(part["seconds"].median())
    made = _counted(frame, by, rows, ("suggested", *fates))
    total, hits = made["suggested"].to_numpy(), made["accepted"].to_numpy()
    with np.errstate(invalid="ignore"):
        made["share"] = hits / total
    made["low"], made["high"] = wilson(hits, total)
    made["seconds"] = pd.Series(seconds, dtype="float64", index=made.index)
    return made.sort_values("suggested", ascending=False, kind="stable", ignore_index=True)


def anchoring(frame: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Whether people agree more often with suggestions that they saw than with those kept back on purpose.

    Items are chosen by chance to be answered blind, so that a difference is due to seeing the suggestions: some of it
    is help (what is right is found faster), some may be people following the model. Suggestions of one item are counted
    as if they were independent: with many an item, the interval is too narrow.

    Parameters
    ----------
    frame : DataFrame
        As `suggestions_frame` makes it.
    by : sequence of str
        Columns to group by; none for all together.

    Returns
    -------
    DataFrame
        For each group how many suggestions were ``seen`` and ``unseen``, with how many of them people agreed
        (``seen_agreed``, ``unseen_agreed``) and in which share (``seen_share``, ``unseen_share``), and the
        ``difference`` of both with its 95 % interval ``low`` to ``high``.

    Examples
    --------
    >>> row = Outcome("i", "0", "ann", "mood", "good", "choice", "m", "1", 0.9, True, False, "accepted", 2.0, 0.0)
    >>> unseen = msgspec.structs.replace(row, shown=False, blind=True, outcome="rejected")
    >>> made = anchoring(suggestions_frame([row] * 30 + [unseen] * 10 + [row] * 10))
    >>> made[["seen", "unseen", "difference"]].values.tolist()
    [[40.0, 10.0, 1.0]]
    """
    rows = []
    for group, part in _groups(frame, by):
        agreed = part["outcome"] == "accepted"
        seen, unseen = part["shown"], part["blind"] & ~part["shown"]
        rows.append(
            (*group, int(seen.sum()), int((seen & agreed).sum()), int(unseen.sum()), int((unseen & agreed).sum()))
        )
    made = _counted(frame, by, rows, ("seen", "seen_agreed", "unseen", "unseen_agreed"))
    counts = [made[name].to_numpy() for name in ("seen_agreed", "seen", "unseen_agreed", "unseen")]
    with np.errstate(invalid="ignore"):
        made["seen_share"], made["unseen_share"] = counts[0] / counts[1], counts[2] / counts[3]
    made["difference"] = made["seen_share"] - made["unseen_share"]
    made["low"], made["high"] = difference(*counts)
    return made
