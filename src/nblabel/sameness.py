"""Whether two answers say the same, whatever their ids, scores and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .annotations import AnyAnnotation, Relation
from .records import Event, apply_event

__all__ = ["said_before", "same_answer"]


def same_answer(a: Iterable[AnyAnnotation], b: Iterable[AnyAnnotation]) -> bool:
    """Whether both hold the same annotations.

    Examples
    --------
    >>> from nblabel.annotations import Span
    >>> same_answer([Span(0, 3, "X", id="a")], [Span(0, 3, "X", id="b", score=0.5, source="model")])
    True
    """
    return _plain(a) == _plain(b)


def said_before(log: Iterable[Event], answer: Iterable[AnyAnnotation]) -> bool:
    """Whether an item ever had this answer submitted, by the events of its log in order."""
    wanted = _plain(answer)
    response = None
    for event in log:
        response, _ = apply_event(response, event)
        if response.status == "submitted" and _plain(response.annotations) == wanted:
            return True
    return False


def _plain(annotations: Iterable[AnyAnnotation]) -> list[bytes]:
    listed = list(annotations)
    named = {one.id: _content(one, {}) for one in listed if not isinstance(one, Relation)}
    return sorted(_content(one, named) for one in listed)


def _content(annotation: AnyAnnotation, named: Mapping[str, bytes]) -> bytes:
    bare: Any = msgspec.structs.replace(annotation, id="", score=None, source="", attributes={})
    ends = (b"", b"")
    if isinstance(annotation, Relation):
        ends = (named.get(annotation.head, b""), named.get(annotation.child, b""))
        bare = msgspec.structs.replace(bare, head="head", child="child")
    return msgspec.msgpack.encode([msgspec.to_builtins(bare), *ends])
