"""Structs as JSON text for database columns, and back. Lone surrogates, which UTF-8 has not, survive."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from ..annotations import Annotation, AnyAnnotation
from ..errors import InvalidAnnotation
from ..records import Event, Patch
from ..schema import Schema
from .names import escape, unescape

__all__ = ["ANNOTATIONS", "BODIES", "EVENTS", "NAMES", "PATCHES", "SCHEMAS", "Codec", "Unreadable", "canonical"]

T = TypeVar("T")


class Unreadable(ValueError):
    """A column holds something else than what was written there."""


_ESCAPED = "\\"  # no JSON begins with it
_encode = msgspec.json.Encoder().encode


def _map(value: Any, change: Any) -> Any:
    """The same builtin values with all strings changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_map(key, change): _map(one, change) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(one, change) for one in value]
    return value


class Codec(Generic[T]):
    r"""JSON text of one type.

    Examples
    --------
    >>> EVENTS.decode(EVENTS.encode(Event("e1", "item \ud800", "me", "skip"))).item
    'item \ud800'
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._one = msgspec.json.Decoder(kind)
        self._many = msgspec.json.Decoder(list[kind])

    def encode(self, value: T) -> str:
        """The value as text."""
        try:
            return _encode(value).decode()
        except UnicodeEncodeError:
            return _ESCAPED + _encode(_map(msgspec.to_builtins(value), escape)).decode()

    def decode(self, text: str) -> T:
        """The value of a text; raises `Unreadable` if it is none."""
        try:
            if text.startswith(_ESCAPED):
                plain = _map(msgspec.json.decode(text[1:]), unescape)
                made: T = msgspec.convert(plain, self._kind)
            else:
                made = self._one.decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unreadable(str(error)) from None
        return made

    def decode_all(self, texts: Sequence[str]) -> list[T]:
        """The values of many texts, in one go where possible."""
        if any(text.startswith(_ESCAPED) for text in texts):
            return [self.decode(text) for text in texts]
        try:
            made: list[T] = self._many.decode("[" + ",".join(texts) + "]")
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unreadable(str(error)) from None
        if len(made) != len(texts):
            raise Unreadable("an entry is not one value")
        return made


EVENTS: Codec[Event] = Codec(Event)
PATCHES: Codec[Patch] = Codec(Patch)
SCHEMAS: Codec[Schema] = Codec(Schema)
ANNOTATIONS: Codec[AnyAnnotation] = Codec(AnyAnnotation)
NAMES: Codec[tuple[str, ...]] = Codec(tuple[str, ...])
BODIES: Codec[Any] = Codec(Any)


def _finite(values: Iterable[Any]) -> bool:
    return all(not isinstance(value, float) or math.isfinite(value) for value in values)


def canonical(event: Event) -> tuple[Event, str]:
    """The event as it will be read again, and its text.

    Raises
    ------
    InvalidAnnotation
        If the log could not give it back: a number that is not finite, an object that JSON has not, an
        annotation without an id.
    """
    what = f"event {event.id!r}"
    for annotation in event.patch.put:
        if not isinstance(annotation, Annotation):
            raise InvalidAnnotation(what, f"{annotation!r} is not an annotation")
        if not annotation.id:
            raise InvalidAnnotation(annotation.describe(), "it has no id, so that no later event could change it")
        if annotation.attributes and not _finite(annotation.attributes.values()):
            raise InvalidAnnotation(annotation.describe(), f"attributes {annotation.attributes!r} are not finite")
    if not _finite((event.seconds, event.at)):
        raise InvalidAnnotation(what, f"seconds {event.seconds} and at {event.at} must be finite")
    try:
        text = EVENTS.encode(event)
        event = EVENTS.decode(text)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidAnnotation(what, f"it cannot be stored: {error}") from None
    if not 0 <= event.schema_version < 2**31:
        raise InvalidAnnotation(what, f"schema_version {event.schema_version} is not a version")
    return event, text
