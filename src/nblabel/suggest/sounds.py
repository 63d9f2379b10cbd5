"""What models say of recordings: stretches of time as tuples, made into segments within the recording."""

from __future__ import annotations

import numbers
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Segment
from ..errors import InvalidAnnotation, SuggestError
from ..schema import Schema, Segments

__all__ = ["apart", "asks", "clipped", "is_segment", "labelled", "made_of", "place_for"]

_SPEECH = ("speech", "voice", "speaker", "talk", "talking", "spoken")


def asks(schema: Schema) -> bool:
    """Whether recordings are asked about, in which two numbers are a stretch of time."""
    return any(isinstance(field, Segments) for field in schema.fields)


def is_segment(given: Any) -> bool:
    """Whether this is ``(start, end)`` with a label, a score, or both after it."""
    if not isinstance(given, (tuple, list)) or not 2 <= len(given) <= 4:
        return False
    if not all(_is_number(end) for end in given[:2]):
        return False
    rest = list(given[2:])
    if rest and isinstance(rest[0], str):
        rest.pop(0)
    return not rest or (len(rest) == 1 and (rest[0] is None or _is_number(rest[0])))


def made_of(given: Sequence[Any], field: str | None) -> tuple[Segment, float | None]:
    """The segment that a tuple stands for, and its score; raises `InvalidAnnotation`."""
    rest = list(given[2:])
    label = str(rest.pop(0)) if rest and isinstance(rest[0], str) else ""
    return Segment(given[0], given[1], label, field=field or ""), rest[0] if rest else None


def labelled(a: AnyAnnotation, schema: Schema) -> AnyAnnotation:
    """A segment with its field's label, where there is no choice."""
    field = next((one for one in schema.fields if one.name == a.field), None)
    if not isinstance(a, Segment) or a.label or not isinstance(field, Segments) or len(field.labels) != 1:
        return a
    return msgspec.structs.replace(a, label=field.labels[0].name)


def clipped(a: AnyAnnotation, duration: float) -> AnyAnnotation:
    """The part of a segment that lies in a recording of this length; raises `InvalidAnnotation` if none does."""
    if not isinstance(a, Segment) or a.end <= duration:
        return a
    if a.start > duration or (a.start == duration and a.start < a.end):
        raise InvalidAnnotation(type(a).__name__, f"lies behind the recording's end at {duration:g} s")
    return msgspec.structs.replace(a, end=duration)


def apart(segments: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Segments parted into those that do not overlap, best score and then longest first, and the rest."""
    kept: list[Segment] = []  # in the order of time
    rest: list[Segment] = []
    for a in sorted(segments, key=lambda a: (-(a.score or 0.0), a.start - a.end, a.start)):
        at = bisect_left(kept, (a.start, a.end), key=lambda other: (other.start, other.end))
        if (at == 0 or kept[at - 1].end <= a.start) and (at == len(kept) or kept[at].start >= a.end):
            kept.insert(at, a)
        else:
            rest.append(a)
    return kept, rest


def place_for(schema: Schema, label: str | None, field: str | None, who: str) -> tuple[str, str]:
    """The field and the label that what ``who`` finds belongs to; raises `SuggestError` if that is not clear.

    Parameters
    ----------
    schema : Schema
        The questions.
    label, field : str, optional
        What the user gave.
    who : str
        For the message.
    """
    fields = [one for one in schema.fields if isinstance(one, Segments) and field in (None, one.name)]
    if not fields:
        named = f"no field {field!r} for segments" if field is not None else "no field for segments"
        raise SuggestError(f"{who} finds segments, and the schema has {named}", "such as segments=['speech']")
    known = [(one.name, own.name) for one in fields for own in one.labels]
    if label is not None:
        fits = [place for place in known if place[1] == label]
        if not fits:
            names = ", ".join(repr(own) for _, own in known)
            raise SuggestError(f"{who}: the schema has no label {label!r} for segments", f"it has {names or 'none'}")
        return fits[0]
    bare = [one.name for one in fields if not one.labels]
    if len(known) <= 1 or (bare and len(fields) == 1):
        return known[0] if known else (bare[0], "")
    for word in _SPEECH:
        alike = [place for place in known if place[1].lower() == word]
        if len(alike) == 1:
            return alike[0]
    names = ", ".join(repr(own) for _, own in known)
    raise SuggestError(f"{who} cannot tell which of the labels {names} it finds", "give label=")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def get(given: Any, name: str) -> Any:
    """A member of an object, or a value of a dict; ``None`` if there is none."""
    return given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)
