"""Segments in tiers, as Praat and ELAN have them: named rows of marks that never overlap, with one text a mark.

A field is a tier of its name. Where its segments have both a label and a text, or where each label is a tier anyway
(``tiers="label"``, such as speakers), each label is a tier and marks are texts; a segment without text is marked with
its label. Segments of one channel are in a tier whose name ends in ``[channel 1]``, counted from 1. Of segments that
overlap, the later ones are moved to further tiers, ``name (2)`` and so on, and the report says so. Reading brings all
of that together again; the schema tells which names are labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Segment
from ..schema import Schema, Segments
from .base import DEFAULT_FIELDS, Log, titled
from .recordings import are_labels, mark_of

__all__ = ["Layout", "Mark", "Names", "Tier"]

_LANE = re.compile(r"(.+) \((?:[2-9]|[1-9]\d+)\)", re.DOTALL)
_POINTS = " (points)"
_CHANNEL = re.compile(r"(.+) \[channel ([1-9]\d{0,3})\]", re.DOTALL)


class Mark(msgspec.Struct):
    """A stretch of a tier, or a point of it, and the segment it stands for."""

    start: float
    end: float
    text: str
    id: str = ""


class Tier(msgspec.Struct):
    """A row of marks in the order of time."""

    name: str
    points: bool
    marks: list[Mark]


# ---- segments to tiers ---------------------------------------------------------------------------


class Layout:
    """Which tier each segment belongs to.

    Parameters
    ----------
    schema : Schema
        The questions.
    annotations : iterable
        All that is written: a field whose segments say more than one thing has a tier for each label.
    """

    def __init__(self, schema: Schema, annotations: Iterable[AnyAnnotation] = ()) -> None:
        fields = {one.name: one for one in schema.fields if isinstance(one, Segments)}
        labels: dict[str, dict[str, None]] = {}
        texts: set[str] = set()
        for name, field in fields.items():
            labels[name] = dict.fromkeys(label.name for label in field.labels)
            texts |= {name} if field.transcript else set()
        for a in annotations:
            if isinstance(a, Segment):
                own = labels.setdefault(a.field or DEFAULT_FIELDS["segment"], {})
                own.update({a.label: None} if a.label else {})
                texts |= {a.field or DEFAULT_FIELDS["segment"]} if a.text else set()
        self.texts = texts
        self.names: dict[tuple[str, str], str] = {(name, ""): name for name in labels}
        """The name of the tier of each field, and of each label that has one of its own."""
        wanted = [
            (name, label)
            for name, own in labels.items()
            if own and (name in texts or (name in fields and fields[name].tiers == "label"))
            for label in own
        ]
        taken = Counter([*labels, *(label for _, label in wanted)])
        for name, label in wanted:
            self.names[name, label] = label if taken[label] == 1 else f"{name}: {label}"

    def tiers(
        self,
        segments: Sequence[Segment],
        key: Hashable,
        log: Log,
        *,
        points: bool,
        times: Callable[[Segment], tuple[float, float]] | None = None,
    ) -> list[Tier]:
        """The tiers of one recording's segments, which are in the order of time.

        Parameters
        ----------
        segments : sequence of Segment
            What is laid out.
        key : hashable
            The item's, for the notes.
        log : Log
            Takes the notes.
        points : bool
            Whether events are points in tiers of their own.
        times : callable, optional
            What start and end become in the format.
        """
        lanes: dict[tuple[str, bool], list[Tier]] = {}
        for a in segments:
            name, text = self._place(a)
            if not text and not (points and a.start == a.end):
                log.drop(key, a.id, "has neither label nor text, so that it would be a gap; left out")
                continue
            if a.channel is not None:
                name += f" [channel {a.channel + 1}]"
            start, end = (a.start, a.end) if times is None else times(a)
            own = lanes.setdefault((name, points and start == end), [])
            lane = next((one for one in own if _fits(one, start)), None)
            if lane is None:
                lane = Tier(f"{name} ({len(own) + 1})" if own else name, points and start == end, [])
                own.append(lane)
            if lane is not own[0]:
                what = f"{titled(a)} at {start:g} s overlaps another"
                log.drop(key, a.id, f"{what}, so it is moved to the tier {lane.name!r}")
            lane.marks.append(Mark(start, end, text, a.id))
        for (name, point), own in lanes.items():
            if point and (name, False) in lanes:
                for n, lane in enumerate(own):
                    lane.name = name + _POINTS + (f" ({n + 1})" if n else "")
        return [lane for own in lanes.values() for lane in own]

    def _place(self, a: Segment) -> tuple[str, str]:
        """The name of a segment's tier, and its mark."""
        field = a.field or DEFAULT_FIELDS["segment"]
        known = self.names.get((field, a.label)) if a.label else None
        if known is not None:
            return known, a.text or a.label
        return self.names.get((field, ""), field), mark_of(a)


def _fits(lane: Tier, start: float) -> bool:
    if not lane.marks:
        return True
    last = lane.marks[-1]
    return last.end < start if lane.points else last.end <= start


# ---- tiers to segments ---------------------------------------------------------------------------


class Names:
    """What the tiers of files mean.

    Parameters
    ----------
    tiers : iterable of Tier
        The tiers of all files that are read together.
    schema : Schema, optional
        The questions.
    labels : bool, optional
        Whether marks are labels or texts where the schema does not tell; by default they are labels of a tier where
        none is more than a word.
    """

    def __init__(self, tiers: Iterable[Sequence[Tier]], schema: Schema | None, labels: bool | None) -> None:
        self.schema = schema
        self._labels = labels
        self._fields = {one.name: one for one in (schema.fields if schema else ()) if isinstance(one, Segments)}
        layout = Layout(schema) if schema is not None else None
        self._known = {name: place for place, name in layout.names.items()} if layout is not None else {}
        marks: dict[str, set[str]] = {}
        for own in tiers:
            names = {tier.name for tier in own}
            for tier in own:
                marks.setdefault(self.base(tier.name, names)[0], set()).update(mark.text for mark in tier.marks)
        self._words = {name for name, own in marks.items() if are_labels(own)}

    def base(self, name: str, names: set[str]) -> tuple[str, int | None]:
        """The name without what tells a further tier, points or a channel, where the file has the plain one too."""
        lane = _LANE.fullmatch(name)
        if lane and lane[1] in names and name not in self._known:
            name = lane[1]
        plain = name.removesuffix(_POINTS)
        if plain != name and plain in names and name not in self._known:
            name = plain
        channel = _CHANNEL.fullmatch(name)
        if channel and name not in self._known:
            return channel[1], int(channel[2]) - 1
        return name, None

    def body(self, tier: Tier, names: set[str], text: str) -> Mapping[str, Any]:
        """Field, label, text and channel of a mark."""
        name, channel = self.base(tier.name, names)
        more = {} if channel is None else {"channel": channel}
        if name in self._known:
            field, label = self._known[name]
            if label:
                return {"field": field, "label": label, "text": "" if text == label else text, **more}
            return {"field": field, "text" if self._is_text(field, text) else "label": text, **more}
        own = next((one.name for one in self._fields.values() if text and one.label(text)), None)
        if own is not None:
            return {"field": own, "label": text, **more}
        word = name in self._words if self._labels is None else self._labels
        return {"field": name, "label" if word else "text": text, **more}

    def _is_text(self, field: str, text: str) -> bool:
        asked = self._fields[field]
        return not asked.label(text) and (asked.transcript or not asked.labels)
