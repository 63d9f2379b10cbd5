"""What turns clicks and boxes on an image into a mask: the models behind the smart tool.

Examples
--------
>>> import numpy as np
>>> def bright(image, points, box):
...     return image.mean(axis=2) > 128
>>> segmenter = of(bright)
>>> image = np.zeros((4, 6, 3), np.uint8)
>>> image[1:3, 2:5] = 255
>>> segmenter.name, int(segmenter.segment(image, [(3, 2, True)], None).sum())
('bright', 6)
>>> ask(segmenter, image, {"points": [[3, 2, 1]], "box": None})
{'x': 2, 'y': 1, 'width': 3, 'height': 2, 'counts': [0, 6]}
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import NblabelError, SuggestError
from ..shapes import run_lengths
from .adapters import name_of
from .grabcut import GrabCut
from .sam import OnnxSegmenter
from .superpixels import Superpixels

__all__ = ["Checked", "GrabCut", "OnnxSegmenter", "Prompt", "Segmenter", "Superpixels", "ask", "of"]

Prompt: TypeAlias = tuple[float, float, bool]
"""A click: x, y in pixels of the image, and whether it lies on the thing (or beside it)."""
_MOST_POINTS = 1000


@runtime_checkable
class Segmenter(Protocol):
    """Anything that finds the thing under clicks or inside a box.

    One that makes something of a whole image first, to answer each click quickly, has an attribute ``whole = True``:
    of large images it then sees all, shrunk, and not only what lies around the clicks.

    Attributes
    ----------
    name : str
        The name that its masks carry as their source.
    """

    @property
    def name(self) -> str:
        """See the attributes."""
        ...

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[Prompt],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        """Which pixels belong to the thing.

        Parameters
        ----------
        image : uint8 array (height, width, 3)
            RGB, upright.
        points : sequence of (x, y, positive)
            Clicks on the thing, and beside it.
        box : (x, y, width, height), optional
            What the thing lies in.

        Returns
        -------
        bool array (height, width)
        """
        ...


class Checked:
    """A segmenter whose prompts are sane, whose masks fit the image, and whose errors say who failed and why."""

    def __init__(self, segmenter: Any, name: str) -> None:
        self._segmenter = segmenter
        self._segment: Callable[..., Any] = getattr(segmenter, "segment", segmenter)
        self._name = name

    @property
    def name(self) -> str:
        """Who it is."""
        return self._name or str(self._segmenter.name)

    @property
    def whole(self) -> bool:
        """Whether it is to see whole images, as it keeps what it made of them; others see what a prompt is about."""
        return bool(getattr(self._segmenter, "whole", False))

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[Prompt],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        """Which pixels belong to the thing; see `Segmenter`."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise SuggestError(f"a segmenter takes uint8 (height, width, 3), not {image.dtype} {image.shape}")
        height, width = image.shape[:2]
        # a click on the last pixel's far edge belongs to that pixel
        clicks = [(min(max(x, 0.0), width - 1e-3), min(max(y, 0.0), height - 1e-3), bool(on)) for x, y, on in points]
        inside = _clipped(box, width, height)
        if inside is None and not any(on for *_, on in clicks):
            return np.zeros((height, width), bool)
        try:
            found = self._segment(image, clicks, inside)
        except NblabelError:
            raise
        except Exception as error:  # a segmenter is the user's code or a model: what it raises is shown
            words = (str(error).strip().splitlines() or [""])[0]
            raise SuggestError(f"{self.name}: {type(error).__name__}" + (f": {words}" if words else "")) from error
        mask = np.asarray(found)
        if mask.ndim == 3 and 1 in (mask.shape[0], mask.shape[2]):  # many models keep an axis for masks
            mask = mask[0] if mask.shape[0] == 1 else mask[..., 0]
        if mask.shape != (height, width):
            raise SuggestError(
                f"{self.name} returned an array of the shape {np.shape(found)}",
                f"a mask of this image has the shape {(height, width)}",
            )
        return mask if mask.dtype == np.bool_ else mask > 0


def _clipped(
    box: tuple[float, float, float, float] | None, width: int, height: int
) -> tuple[float, float, float, float] | None:
    """The part of a box that lies in the image; ``None`` if none does."""
    if box is None:
        return None
    left, top = max(box[0], 0.0), max(box[1], 0.0)
    right, bottom = min(box[0] + box[2], float(width)), min(box[1] + box[3], float(height))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


class _Best:
    """The best of what is installed; what turns out not to load (OpenCV without its libraries) is passed over."""

    def __init__(self, candidates: Sequence[Segmenter]) -> None:
        self._candidates = list(candidates)

    @property
    def name(self) -> str:
        return self._candidates[0].name

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[Prompt],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        while True:
            try:
                return self._candidates[0].segment(image, points, box)
            except ImportError:
                if len(self._candidates) == 1:
                    raise
                del self._candidates[0]


def of(given: Any = None) -> Checked | None:
    """A checked segmenter, from what a user gives.

    Parameters
    ----------
    given : Segmenter, callable, None or False
        An object with ``segment(image, points, box)``, a function like it, ``None`` for the best that is installed
        (GrabCut of OpenCV, else superpixels of scikit-image), or ``False`` for none.

    Returns
    -------
    Checked or None
        ``None`` if there is none.

    Examples
    --------
    >>> of(False) is None
    True
    """
    if given is False:
        return None
    if given is None:
        candidates: list[Segmenter] = []
        if importlib.util.find_spec("cv2"):
            candidates.append(GrabCut())
        if importlib.util.find_spec("skimage"):
            candidates.append(Superpixels())
        return Checked(_Best(candidates), "") if candidates else None
    if isinstance(given, Checked):
        return given
    if isinstance(given, type):
        raise SuggestError(f"segmenter= is the class {given.__name__}", f"make one: segmenter={given.__name__}(...)")
    if callable(getattr(given, "segment", None)):
        return Checked(given, str(getattr(given, "name", "") or type(given).__name__))
    if callable(given):
        return Checked(given, name_of(given))
    raise SuggestError(
        f"a {type(given).__name__} cannot segment images",
        "give a function (image, points, box) -> mask, an object with such a method segment, or False",
    )


def ask(segmenter: Segmenter, image: NDArray[np.uint8], given: Any) -> dict[str, Any]:
    """What the page's smart tool asks, in JSON values: a mask cropped to its bounds, so that its size is the thing's.

    Parameters
    ----------
    segmenter : Segmenter
        From `of`.
    image : uint8 array (height, width, 3)
        The upright image.
    given : dict
        ``{"points": [[x, y, 1 or 0], ...], "box": [x, y, width, height] or None}``.

    Returns
    -------
    dict
        ``x, y, width, height`` of the mask's bounds and its run lengths down the columns, zeros first; all zero and
        no counts for an empty mask.
    """
    points, box = _prompts(given)
    mask = segmenter.segment(image, points, box)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not columns.size:
        return {"x": 0, "y": 0, "width": 0, "height": 0, "counts": []}
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    counts = [int(n) for n in run_lengths(mask[top:bottom, left:right])]
    return {"x": left, "y": top, "width": right - left, "height": bottom - top, "counts": counts}


def _prompts(given: Any) -> tuple[list[Prompt], tuple[float, float, float, float] | None]:
    """Clicks and box of a page's message."""
    try:
        points = [(float(x), float(y), bool(on)) for x, y, on in given.get("points") or ()]
        x, y, width, height = (float(n) for n in given.get("box") or (0, 0, 0, 0))
    except (AttributeError, TypeError, ValueError):
        raise SuggestError("the smart tool was asked with something that is no clicks and no box") from None
    numbers = [n for point in points for n in point[:2]] + [x, y, width, height]
    if len(points) > _MOST_POINTS or not all(math.isfinite(n) for n in numbers):
        raise SuggestError("the smart tool was asked with too many clicks, or with no numbers")
    return points, (x, y, width, height) if width > 0 and height > 0 else None
