"""Any rectangle of a large image at any scale, upright and in 8 bits, from as few pixels as will do."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from .origins import Array
from .rasters import Raster, scratch
from .tones import Look, Range, banded, bands_note, check_bands, colours, needs_range, range_of
from .upright import Rect, stored_box, turned, upright_size

__all__ = ["Pyramid", "level_size", "levels_of"]

_STEP = 8
"""An overview is made at an eighth of the size, and one of that at an eighth again."""
_FAR = 4.0
"""How many times more pixels on a side are read than shown before an overview is made."""
_IN_MEMORY = 32 << 20
_BLOCK = 2048
_SAMPLES = 4


def levels_of(size: tuple[int, int], tile: int) -> int:
    """How many levels there are, each half the one before, until one fits into a tile.

    Examples
    --------
    >>> levels_of((20000, 20000), 512), levels_of((512, 300), 512)
    (7, 1)
    """
    return max(0, math.ceil(math.log2(max(size) / tile))) + 1


def level_size(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Width and height of a level, rounded up."""
    return -(-size[0] >> level), -(-size[1] >> level)


class Pyramid:
    """One large image; safe to use from several threads.

    Parameters
    ----------
    raster : Raster
        Where its values come from.
    look : Look
        How they become colours.
    """

    def __init__(self, raster: Raster, look: Look) -> None:
        self._raster = raster
        self._look = look
        self._reading = threading.Lock()
        self._making = threading.RLock()  # what takes long is made without keeping others from reading
        self._overviews: list[tuple[float, Any]] | None = None
        self._limits: Range | None = None
        self._ranged = False
        self._quick: Array | None = None
        self.size = upright_size(raster.levels[0], raster.orientation)
        check_bands(raster.bands, look)
        self.lossy = raster.lossy
        self.profile = raster.profile

    @property
    def note(self) -> str:
        """How values became colours; known once pixels were read."""
        self._range()
        notes = (
            self._raster.note,
            bands_note(self._raster.bands, self._look, self._raster.alpha),
            "" if self._limits is None else self._limits.note,
        )
        return "; ".join(note for note in notes if note)

    def region(self, box: Rect, out: tuple[int, int], *, rough: bool = False) -> Any:
        """A rectangle of the upright image as a PIL image of ``out`` pixels; a ``rough`` one is quick, and blurred."""
        orientation = self._raster.orientation
        stored = stored_box(box, self._raster.levels[0], orientation)
        scale = max((box[2] - box[0]) / out[0], (box[3] - box[1]) / out[1])
        image, at = self._read(stored, scale, scale * 2 if rough else scale * 1.001)
        if at[:2] == (0, 0) and (math.ceil(at[2]), math.ceil(at[3])) == image.size:
            image = turned(image, orientation)
            if image.size == out:
                return image
            whole = round(image.width / out[0])
            if whole > 1 and (-(-image.width // whole), -(-image.height // whole)) == out:
                return image.reduce(whole)  # the last block may be a part of one: each pixel stands for what it covers
            return image.resize(out, _smooth(image.width / out[0]))
        wanted = (out[1], out[0]) if orientation in (5, 6, 7, 8) else out
        made = image.resize(wanted, _smooth((at[2] - at[0]) / wanted[0]), box=at)
        return turned(made, orientation)

    def _read(self, box: Rect, scale: float, most: float) -> tuple[Any, tuple[float, float, float, float]]:
        """Pixels that hold a rectangle, and where in them it lies: of a copy that is no smaller than ``most`` times."""
        level, step = self._level(scale)
        if scale / step >= _FAR and most >= _STEP and max(self._raster.levels[0]) > _STEP * 2:
            for step_made, made in reversed(self._made()):
                if step < step_made <= most:
                    return _cut(made, box, step_made)
        width, height = self._raster.levels[level]
        left, top, right, bottom = (side / step for side in box)
        outer = (int(left), int(top), min(math.ceil(right), width), min(math.ceil(bottom), height))
        outer = (min(outer[0], width - 1), min(outer[1], height - 1), outer[2], outer[3])
        image = self._image(self._values(level, outer))
        at = (left - outer[0], top - outer[1], min(right, width) - outer[0], min(bottom, height) - outer[1])
        return image, at

    def _level(self, scale: float) -> tuple[int, float]:
        found = max((step, -n) for n, step in enumerate(self._raster.scales) if step <= max(scale, 1.0) * 1.001)
        return -found[1], found[0]

    def _values(self, level: int, box: Rect) -> Array:
        with self._reading:
            return self._raster.values(level, box)

    def _image(self, values: Array) -> Any:
        from PIL import Image

        self._range()
        made = colours(values, self._look, self._limits, self._raster.alpha)
        return Image.fromarray(np.ascontiguousarray(made))

    # ---- the range of values

    def _range(self) -> None:
        """Find black and white from a smaller copy, or from blocks spread over the image."""
        with self._making:
            if not self._ranged and needs_range(self._raster.dtype, self._look):
                samples = [banded(values, self._look) for values in self._samples()]
                self._limits = range_of(samples, self._raster.dtype, self._look, self._raster.nodata)
            self._ranged = True

    def _samples(self) -> list[Array]:
        raster = self._raster
        self._quick = raster.shrunk(_STEP) if len(raster.levels) == 1 else None
        if self._quick is not None:
            return [self._quick]
        width, height = raster.levels[-1]
        if width * height <= 1 << 22:
            return [self._values(len(raster.levels) - 1, (0, 0, width, height))]
        side = 256
        made = []
        for row in range(_SAMPLES):
            for column in range(_SAMPLES):
                x = (width - side) * column // (_SAMPLES - 1) if width > side else 0
                y = (height - side) * row // (_SAMPLES - 1) if height > side else 0
                box = (x, y, min(x + side, width), min(y + side, height))
                made.append(np.array(self._values(len(raster.levels) - 1, box)))
        return made

    # ---- overviews

    def _made(self) -> list[tuple[float, Any]]:
        """Smaller copies with their scales; made in one pass when they are first needed."""
        with self._making:
            if self._overviews is None:
                self._range()
                level = self._raster.scales.index(2.0) if 2.0 in self._raster.scales else 0
                quick, self._quick = self._quick, None
                if quick is None and level == 0:
                    quick = self._raster.shrunk(_STEP)
                first = self._image(quick) if quick is not None else self._reduced(level, _STEP // (2 if level else 1))
                made = [(float(_STEP), first)]
                if max(first.size) > 1024:
                    made.append((float(_STEP * _STEP), first.reduce(_STEP)))
                self._overviews = made
            return self._overviews

    def _reduced(self, level: int, factor: int) -> Any:
        """A level of the file at a fraction of its size, block by block."""
        from PIL import Image

        width, height = self._raster.levels[level]
        wide, high = -(-width // factor), -(-height // factor)
        made: Any = None
        block = _BLOCK - _BLOCK % factor
        for top in range(0, height, block):
            for left in range(0, width, block):
                box = (left, top, min(left + block, width), min(top + block, height))
                part = np.asarray(self._image(self._values(level, box)).reduce(factor))
                if made is None:
                    shape = (high, wide, *part.shape[2:])
                    small = int(np.prod(shape)) <= _IN_MEMORY
                    made = np.zeros(shape, np.uint8) if small else scratch(shape, np.uint8)
                y, x = top // factor, left // factor
                made[y : y + part.shape[0], x : x + part.shape[1]] = part
        return _Kept(made) if isinstance(made, np.memmap) else Image.fromarray(made)


class _Kept:
    """An overview in a temporary file, with what is needed of a PIL image."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.size = (array.shape[1], array.shape[0])
        self.width, self.height = self.size

    def crop(self, box: Rect) -> Any:
        """A part as a PIL image."""
        from PIL import Image

        left, top, right, bottom = box
        return Image.fromarray(np.ascontiguousarray(self._array[top:bottom, left:right]))

    def reduce(self, factor: int) -> Any:
        """The whole at a fraction of its size, strip by strip."""
        from PIL import Image

        rows = 512 - 512 % factor
        parts = [
            np.asarray(self.crop((0, top, self.width, min(top + rows, self.height))).reduce(factor))
            for top in range(0, self.height, rows)
        ]
        return Image.fromarray(np.concatenate(parts))


def _smooth(factor: float) -> Any:
    """How pixels are merged: evenly where many become one."""
    from PIL import Image

    return Image.Resampling.BOX if factor >= 2 else Image.Resampling.BILINEAR


def _cut(made: Any, box: Rect, step: float) -> tuple[Any, tuple[float, float, float, float]]:
    """The part of an overview that holds a rectangle of the full size, and where in it that lies."""
    left, top, right, bottom = (side / step for side in box)
    outer = (int(left), int(top), min(math.ceil(right), made.width), min(math.ceil(bottom), made.height))
    return made.crop(outer), (left - outer[0], top - outer[1], right - outer[0], bottom - outer[1])
