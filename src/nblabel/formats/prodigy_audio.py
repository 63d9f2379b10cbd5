"""The ``audio_spans`` of Prodigy's tasks for recordings: start and end in seconds, a label and an id.

Ours are ``text, channel, low, high``, and what annotations have besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..annotations import Segment
from .base import DEFAULT_FIELDS
from .figures import extras
from .pictures import number

__all__ = ["KNOWN", "is_audio_task", "segment_body", "span_of_segment"]

_MORE = ("text", "channel", "low", "high")
KNOWN = frozenset(("start", "end", "label", *_MORE))
"""The keys of a span that are understood, besides those that all spans have."""


def is_audio_task(task: Mapping[str, Any]) -> bool:
    """Whether a task asks about its recording."""
    if not isinstance(task.get("audio"), str) or not task["audio"]:
        return False
    return "audio_spans" in task or not isinstance(task.get("text"), str)


def span_of_segment(a: Segment) -> dict[str, Any]:
    """A segment as a span."""
    made: dict[str, Any] = {"start": a.start, "end": a.end, "label": a.label or None}
    return made | extras(a, without=("start", "end")) | ({"text": a.text} if a.text else {})


def segment_body(given: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a span's segment, ``body`` being what all spans have; raises `InvalidAnnotation`."""
    label = given.get("label")
    made = {**body, "label": "" if label is None else label}
    made |= {name: number(given.get(name), name) for name in ("start", "end")}
    made |= {name: given[name] for name in _MORE if given.get(name) is not None}
    if "field" not in given:
        made["field"] = DEFAULT_FIELDS["segment"]
    return made
