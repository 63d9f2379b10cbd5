"""The widget that lies over a gallery's canvas and says what pointer and keys do there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import anywidget
import msgspec
import traitlets

from .base import front_end

__all__ = ["Gesture", "Pad", "whole"]


class Gesture(msgspec.Struct, frozen=True):
    """One message of the page; see ``js/src/gallery/index.ts``.

    ``do`` is ``page`` (it has a width, a density and a theme), ``click``, ``drag``, ``open``, ``move``, ``toggle``,
    ``all``, ``none`` or ``undo``; places are CSS pixels of the sheet.
    """

    do: str
    x: float | None = None
    y: float | None = None
    x1: float = 0.0
    y1: float = 0.0
    more: bool = False
    range: bool = False
    to: str = ""
    width: float = 0.0
    ratio: float = 1.0
    dark: bool = False

    @classmethod
    def of(cls, content: Any) -> Gesture | None:
        """A gesture, or ``None`` for anything else."""
        try:
            made = msgspec.convert(content, cls)
        except (msgspec.ValidationError, TypeError):
            return None
        numbers = (made.x or 0.0, made.y or 0.0, made.x1, made.y1, made.width, made.ratio)
        return made if all(math.isfinite(n) for n in numbers) else None


class Pad(anywidget.AnyWidget):
    """Lies over the canvas, which is its neighbour in a box."""

    _esm = front_end("gallery", "js")

    _size = traitlets.List([0, 0]).tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _said = traitlets.Unicode("").tag(sync=True)
    _sight = traitlets.List([0, 0]).tag(sync=True)

    def cover(self, size: Sequence[int]) -> None:
        """Take the canvas' width and height."""
        self._size = list(size)

    def name(self, title: str) -> None:
        """What the sheet is called for screen readers."""
        self._title = whole(title)

    def say(self, words: str) -> None:
        """Tell screen readers."""
        self._said = whole(words)

    def reveal(self, top: int, bottom: int) -> None:
        """Scroll this part of the sheet into sight."""
        self._sight = [top, bottom]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing: all traits are written by the kernel."""
        super().set_state({name: value for name, value in sync_data.items() if name == "layout"})


def whole(words: str) -> str:
    """A text that can travel: names of files may hold bytes that are no characters."""
    return words.encode("utf-8", "replace").decode()
