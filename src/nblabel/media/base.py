"""What a modality hands to the browser: a description of each item, and the pieces it is shown from."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from ..errors import NblabelError
from ..records import Item

__all__ = ["MediaError", "Medium", "Piece", "Shown"]


class MediaError(NblabelError, ValueError):
    """An item cannot be shown: why, and what can be done about it.

    Attributes
    ----------
    detail : str
        What a person copies into a report, such as the traceback of their own function; may be empty.
    """

    def __init__(self, message: str, hint: str = "", *, detail: str = "") -> None:
        self.detail = detail
        super().__init__(message, hint)


class Shown(NamedTuple):
    """What the page gets of an item before it asks for more.

    Attributes
    ----------
    data : object
        JSON values.
    tokens : tuple of int, optional
        Flat ``start, end, ...`` of a text's tokens, in code points.
    problem : str
        Why the item cannot be shown; empty if it can.
    """

    data: Any
    tokens: tuple[int, ...] | None = None
    problem: str = ""


class Piece(NamedTuple):
    """Bytes for the page, and what they are (``{"mime": "image/png"}``)."""

    data: bytes
    about: dict[str, Any] = {}


class Medium(Protocol):
    """How one kind of item is shown."""

    def present(self, item: Item) -> Shown:
        """The item's description; quick, and never an error: what is wrong with it is its ``problem``."""
        ...

    def piece(self, item: Item, part: str, at: tuple[int, ...]) -> Piece:
        """A piece of the item; called in a worker thread, may raise `NblabelError`."""
        ...
