"""Large images of other formats through libvips: decoded once to a temporary file, never as a whole in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import MediaError
from .origins import Array
from .pillow import Header, of_inks, told
from .rasters import Raster
from .upright import Rect, upright_size

__all__ = ["VipsRaster", "has_vips"]

_TYPES = {
    "uchar": np.uint8,
    "char": np.int8,
    "ushort": np.uint16,
    "short": np.int16,
    "uint": np.uint32,
    "int": np.int32,
    "float": np.float32,
    "double": np.float64,
}
_LOADERS = {
    "GIF": "gifload",
    "JPEG": "jpegload",
    "JPEG2000": "jp2kload",
    "MPO": "jpegload",
    "PNG": "pngload",
    "PPM": "ppmload",
    "TIFF": "tiffload",
    "WEBP": "webpload",
}
"""Only the reader of the format that was found: libvips also knows some that run scripts."""
_AS_THEY_ARE = ("srgb", "b-w", "rgb16", "grey16", "multiband", "rgb")


def has_vips(kind: str) -> bool:
    """Whether pyvips is installed, finds its library and reads this format."""
    if kind not in _LOADERS:
        return False
    try:
        import pyvips  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


class VipsRaster(Raster):
    """An image that libvips reads."""

    def __init__(self, origin: str | bytes, header: Header) -> None:
        self._origin = origin
        self._loader = _LOADERS[header.format]
        self._random: Any = None
        first = self._opened("sequential")
        self.levels = ((int(first.width), int(first.height)),)
        self.orientation = header.orientation
        if header.format == "TIFF" and "orientation" in first.get_fields():  # Pillow turns these by itself
            self.orientation = int(first.get("orientation"))
        if upright_size(self.levels[0], self.orientation) != header.size:
            raise MediaError(f"libvips reads {first.width} × {first.height} pixels where the file says {header.size}")
        self.lossy = header.lossy
        self.dtype = np.dtype(_TYPES[first.format])
        self.bands = 3 if self._inks(first) else int(first.bands)
        self.note = "first frame" if header.animated else ""
        if "icc-profile-data" in first.get_fields() and first.interpretation == "srgb" and self.dtype == np.uint8:
            self.profile = bytes(first.get("icc-profile-data"))

    def _opened(self, access: str) -> Any:
        import pyvips

        try:
            name, given = f"{self._loader}_buffer", self._origin
            if isinstance(given, str):  # a source: names are cached, and may carry options in brackets
                name, given = f"{self._loader}_source", pyvips.Source.new_from_file(given)
            made = pyvips.Operation.call(name, given, access=access, fail_on="truncated")
            if self._inks(made):
                return made
            if made.interpretation not in _AS_THEY_ARE:
                made = made.colourspace("srgb")
            if made.bands == 2:
                made = made.colourspace("srgb" if made.format == "uchar" else "rgb16")
        except pyvips.Error as error:
            raise MediaError(f"the image cannot be read: {told(error)}") from None
        if made.format not in _TYPES:
            raise MediaError(f"the image holds numbers of the kind {made.format}, which are no colours")
        return made

    def values(self, level: int, box: Rect) -> Array:
        """The values within a rectangle; the first call decodes all, to a temporary file if it is large."""
        if self._random is None:
            self._random = self._opened("random")
        left, top, right, bottom = box
        return self._array(self._random.crop(left, top, right - left, bottom - top))

    def shrunk(self, factor: int) -> Array | None:
        """One pass through the file, strip by strip."""
        if self._random is not None:
            return None
        made = self._opened("sequential")
        return self._array(made.shrink(factor, factor, ceil=True))

    def _array(self, image: Any) -> Array:
        import pyvips

        try:
            data = image.write_to_memory()
        except pyvips.Error as error:
            raise MediaError(f"the image is broken: {told(error)}") from None
        shape = (image.height, image.width) if image.bands == 1 else (image.height, image.width, image.bands)
        made = np.frombuffer(data, dtype=_TYPES[image.format]).reshape(shape)
        return of_inks(made) if self._inks(image) else made

    @staticmethod
    def _inks(image: Any) -> bool:
        return bool(image.interpretation == "cmyk" and image.bands == 4 and image.format == "uchar")
