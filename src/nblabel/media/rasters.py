"""Images too large to be held: their values by rectangle and level, as they are stored."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from .base import MediaError
from .origins import Array
from .pillow import header_of, opened, plain, told
from .tones import bands_of
from .upright import Rect

__all__ = ["ArrayRaster", "DecodedRaster", "PictureRaster", "Raster", "scratch"]

_STRIP = 256


class Raster(ABC):
    """Reads rectangles of one image.

    Attributes
    ----------
    levels : tuple of (int, int)
        Width and height of what is stored, the full size first, then any smaller copies that the file holds.
    scales : tuple of float
        How many pixels of the full size one of each level stands for.
    dtype : dtype
        The type of its values.
    bands : int
        How many values a pixel has.
    orientation : int
        EXIF's.
    lossy : bool
        Whether its pixels come from lossy compression.
    alpha : bool
        Whether a fourth band says how opaque pixels are.
    note : str
        What a person should know of how it is read.
    profile : bytes, optional
        An ICC profile.
    nodata : float, optional
        The value that stands for nothing.
    """

    levels: tuple[tuple[int, int], ...]
    scales: tuple[float, ...] = (1.0,)
    dtype: np.dtype[Any]
    bands: int = 1
    orientation: int = 1
    lossy: bool = False
    alpha: bool = True
    note: str = ""
    profile: bytes | None = None
    nodata: float | None = None

    @abstractmethod
    def values(self, level: int, box: Rect) -> Array:
        """The values within a rectangle of a level: (height, width) or (height, width, bands)."""

    def shrunk(self, factor: int) -> Array | None:
        """The whole image reduced by a factor, where that is had in one quick pass over the file."""
        return None


def scratch(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array in a nameless temporary file that ends with it; raises `MediaError` if the disk is full."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        file = tempfile.TemporaryFile(prefix="nblabel-")  # noqa: SIM115 - lives as long as the array
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # else a full disk would end the kernel at the first write
        else:
            file.truncate(size)
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)
    except OSError as error:
        place = f"{size / 1e9:.1f} GB in {tempfile.gettempdir()!r}"
        raise MediaError(
            f"no room to unpack the image: it needs {place} ({error.strerror})", "set TMPDIR to a larger place"
        ) from None


class ArrayRaster(Raster):
    """An array or memory map, which is sliced."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.levels = ((array.shape[1], array.shape[0]),)
        self.dtype = array.dtype
        self.bands = bands_of(array)

    def values(self, level: int, box: Rect) -> Array:
        """A view of the array."""
        left, top, right, bottom = box
        return self._array[top:bottom, left:right]


class PictureRaster(Raster):
    """A PIL image in memory, which is cropped."""

    def __init__(self, image: Any) -> None:
        self._image = image
        self.levels = (image.size,)
        self.orientation = header_of(image).orientation
        corner = self.values(0, (0, 0, 1, 1))
        self.dtype, self.bands = corner.dtype, bands_of(corner)

    def values(self, level: int, box: Rect) -> Array:
        """A crop of the image."""
        part = self._image.crop(box)
        return np.asarray(part if part.mode[0] in "IF" else plain(part, opaque=False))


class DecodedRaster(Raster):
    """A file that Pillow can only read as a whole: decoded once, into a temporary file."""

    def __init__(self, origin: str | bytes) -> None:
        self._origin = origin
        self._decoded: Array | None = None
        with opened(origin) as (image, header):
            self.levels = (header.stored,)
            self.orientation = header.orientation
            self._jpeg = header.format == "JPEG" and hasattr(image, "draft")
            self.lossy = header.lossy
            deep = header.deep and image.mode[0] not in "IF"
            notes = ("first frame" if header.animated else "", "16 bit, shown by their upper 8 bits" if deep else "")
            self.note = "; ".join(note for note in notes if note)
            self.profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
            sixteen = image.mode.startswith("I;16") or (image.mode == "I" and header.format in ("PNG", "PPM"))
            kind: Any = np.uint16 if sixteen else {"I": np.int32, "F": np.float32}.get(image.mode, np.uint8)
            self.dtype = np.dtype(kind)
            self.bands = 1 if image.mode in ("1", "L") or image.mode[0] in "IF" else 3

    def values(self, level: int, box: Rect) -> Array:
        """A view of what was decoded; the first call decodes."""
        if self._decoded is None:
            self._decoded = self._decode()
        left, top, right, bottom = box
        return self._decoded[top:bottom, left:right]

    def _decode(self) -> Array:
        with opened(self._origin) as (image, _):
            image = self._loaded(image)
            bands = len(image.getbands())
            shape = (image.height, image.width) if bands == 1 else (image.height, image.width, bands)
            made = scratch(shape, self.dtype)
            for top in range(0, image.height, _STRIP):
                strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
                made[top : top + _STRIP] = np.asarray(strip)
        return made

    def shrunk(self, factor: int) -> Array | None:
        """JPEGs are decoded at an eighth of their size in a fraction of the time and memory."""
        if not self._jpeg or self._decoded is not None or factor != 8:
            return None
        with opened(self._origin) as (image, _):
            width, height = self.levels[0]
            image.draft(None, (max(width // 8, 1), max(height // 8, 1)))
            wide, high = -(-width // 8), -(-height // 8)
            made = np.asarray(self._loaded(image))
        return made if made.shape[:2] == (high, wide) else None

    def _loaded(self, image: Any) -> Any:
        try:
            image.load()
        except MemoryError:
            raise MediaError("the image is too large for the memory", "pip install 'nblabel[tiles]'") from None
        except Exception as error:
            raise MediaError(f"the image is broken: {told(error)}") from error
        return image if image.mode[0] in "IF" else plain(image, opaque=False)
