"""What a segmenter is shown of an image: no more than it can look at while a person waits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..errors import ProtocolError
from .upright import Rect

__all__ = ["Prompts", "Window", "window_of"]

_PIXELS = 1 << 20
"""A segmenter is shown up to so many."""
_MOST_POINTS = 1000
_AROUND = 1024
"""How far around clicks is looked."""


class Prompts(NamedTuple):
    """Clicks ``(x, y, on the thing)`` and a box ``(x, y, width, height)``, in pixels of the image."""

    points: tuple[tuple[float, float, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None

    @classmethod
    def of(cls, given: Any) -> Prompts:
        """Prompts from what a page sends; raises `ProtocolError` for anything else."""
        try:
            points = tuple((float(x), float(y), bool(on)) for x, y, on in given.get("points") or ())
            x, y, width, height = (float(side) for side in given.get("box") or (0, 0, 0, 0))
        except (AttributeError, TypeError, ValueError):
            raise ProtocolError("the smart tool was asked with something that is no clicks and no box") from None
        numbers = [side for point in points for side in point[:2]] + [x, y, width, height]
        if len(points) > _MOST_POINTS or not all(math.isfinite(side) for side in numbers):
            raise ProtocolError("the smart tool was asked with too many clicks, or with no numbers")
        return cls(points, (x, y, width, height) if width > 0 and height > 0 else None)


class Window(NamedTuple):
    """A rectangle of an image, and the size it is shown in.

    Attributes
    ----------
    box : (left, top, right, bottom)
        In whole pixels of the image.
    size : (int, int)
        Width and height that it is scaled to; never larger than it is.
    """

    box: Rect
    size: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """How many pixels of the image stand for one, across and down."""
        left, top, right, bottom = self.box
        return (right - left) / self.size[0], (bottom - top) / self.size[1]

    def into(self, prompts: Prompts) -> dict[str, Any]:
        """Prompts in the window's own pixels, as a page sends them."""
        wide, high = self.scale
        left, top = self.box[:2]
        points = [[(x - left) / wide, (y - top) / high, on] for x, y, on in prompts.points]
        box = None
        if prompts.box is not None:
            x, y, width, height = prompts.box
            box = [(x - left) / wide, (y - top) / high, width / wide, height / high]
        return {"points": points, "box": box}


def window_of(size: tuple[int, int], prompts: Prompts, *, whole: bool = False) -> Window:
    """The part of an image of ``size`` that prompts ask about.

    A small image is shown as it is. Of a larger one it is the box and half as much on each side, or what lies around
    the clicks; with ``whole`` it is all of it, shrunk: a model that embeds an image must see the same at each click.

    Examples
    --------
    >>> window_of((640, 480), Prompts(((5, 5, True),)))
    Window(box=(0, 0, 640, 480), size=(640, 480))
    >>> window_of((20000, 20000), Prompts(((10000, 10000, True),)))
    Window(box=(8976, 8976, 11024, 11024), size=(1024, 1024))
    """
    width, height = size
    if width * height <= _PIXELS:
        return Window((0, 0, width, height), size)
    xs = [] if whole else [point[0] for point in prompts.points]
    ys = [] if whole else [point[1] for point in prompts.points]
    around = float(_AROUND)
    if prompts.box is not None and not whole:
        x, y, wide, high = prompts.box
        around = max(wide, high) / 2 + 16
        xs += [x, x + wide]
        ys += [y, y + high]
    left, right = _part(xs, around, width)
    top, bottom = _part(ys, around, height)
    scale = max(1.0, math.sqrt((right - left) * (bottom - top) / _PIXELS))
    shown = (max(round((right - left) / scale), 1), max(round((bottom - top) / scale), 1))
    return Window((left, top, right, bottom), shown)


def _part(places: list[float], around: float, most: int) -> tuple[int, int]:
    """From where to where on one axis; all of it if nothing was said."""
    inside = [min(max(place, 0.0), float(most)) for place in places]
    if not inside:
        return 0, most
    start, stop = math.floor(min(inside) - around), math.ceil(max(inside) + around)
    return max(start, 0), min(stop, most)
