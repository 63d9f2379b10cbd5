"""Every error a user can meet. A constructor writes the message; ``hint`` says what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "FormatError",
    "InvalidAnnotation",
    "InvalidSchema",
    "MissingExtra",
    "NblabelError",
    "ProtocolError",
    "SchemaConflict",
    "SourceError",
    "StoreError",
    "SuggestError",
    "UnknownItem",
    "UnknownOption",
    "nearest",
]


def nearest(word: str, known: Iterable[str]) -> str:
    """A clause that names the closest known word, or all of them when few; empty when none is known."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    if names and len(names) <= 12:
        return "known: " + ", ".join(repr(name) for name in names)
    return ""


class NblabelError(Exception):
    """Base of all errors of nblabel.

    Attributes
    ----------
    message : str
        What was wrong, and where.
    hint : str
        What to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)

    def __str__(self) -> str:  # KeyError would show its argument's repr
        return str(self.args[0]) if self.args else self.message


class InvalidAnnotation(NblabelError, ValueError):
    """An annotation breaks a rule: which annotation, which rule, and (where known) which item."""

    def __init__(self, what: str, rule: str, *, item: object = None, hint: str = "") -> None:
        self.what = what
        self.rule = rule
        self.item = item
        where = "" if item is None else f" of item {item!r}"
        super().__init__(f"{what}{where}: {rule}", hint)

    def of_item(self, item: object) -> InvalidAnnotation:
        """The same error with the item named."""
        return InvalidAnnotation(self.what, self.rule, item=item, hint=self.hint)


class InvalidSchema(NblabelError, ValueError):
    """The labels, fields or limits that were given cannot make a schema."""


class SchemaConflict(NblabelError, ValueError):
    """A data set holds answers to other questions than the ones asked now."""


class UnknownOption(NblabelError, TypeError):
    """A labeler was given an option that it does not have."""

    def __init__(self, name: str, known: Iterable[str], owner: str) -> None:
        super().__init__(f"{owner} has no option {name!r}", nearest(name, known))


class SourceError(NblabelError, ValueError):
    """What was handed in cannot be read as items."""


class UnknownItem(NblabelError, KeyError):
    """No item has this key."""

    def __init__(self, key: object, hint: str = "") -> None:
        super().__init__(f"there is no item with the key {key!r}", hint)


class StoreError(NblabelError, OSError):
    """The label store could not be opened, read or written. Nothing was half written.

    Attributes
    ----------
    retry : bool
        Whether the same call may succeed later (a locked or unreachable database).
    """

    def __init__(self, message: str, hint: str = "", *, retry: bool = False) -> None:
        self.retry = retry
        super().__init__(message, hint)


class MissingExtra(NblabelError, ImportError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs a package that is not installed", f"pip install 'nblabel[{extra}]'")


class FormatError(NblabelError, ValueError):
    """A file does not hold what its format says, or a format cannot be written."""


class SuggestError(NblabelError, RuntimeError):
    """A model raised, or returned something that is not a suggestion."""


class ProtocolError(NblabelError, ValueError):
    """A message from the browser is not one of the protocol."""
