"""What a JSON file of another tool keeps for us under a key of our own, where the tool has no place for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ..annotations import KINDS, AnyAnnotation
from ..errors import InvalidAnnotation
from .base import Log, converted

__all__ = ["OURS", "dict_in", "said_of"]

OURS = "nblabel"
"""The key."""


def dict_in(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What stands under a name, if it is a JSON object."""
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def said_of(ours: Mapping[str, Any], key: Hashable, log: Log) -> list[AnyAnnotation]:
    """The annotations of kinds that the tool does not have."""
    made: list[AnyAnnotation] = []
    listed = ours.get("said")
    for n, given in enumerate(listed if isinstance(listed, list) else ()):
        kind = KINDS.get(str(given.get("kind"))) if isinstance(given, dict) else None
        try:
            if kind is None:
                raise InvalidAnnotation(repr(given)[:80], "is of no kind that is known")
            made.append(converted(kind, {"id": f"said{n}", **given}))
        except InvalidAnnotation as error:
            log.drop(key, f"said{n}", str(error))
    return made
