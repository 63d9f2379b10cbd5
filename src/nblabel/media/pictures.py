"""Images that are decoded whole: upright, in 8 bits, with a note of how their values became colours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import NblabelError
from .base import MediaError
from .origins import Array, Origin
from .pillow import Header, header_of, loaded, opened, plain, told
from .rasters import Raster
from .tiff import TiffRaster, UnknownTiff, has_tifffile, is_tiff
from .tones import Look, Range, as_image_array, banded, bands_note, bands_of, colours, needs_range, range_of
from .upright import turned
from .vips import VipsRaster, has_vips

__all__ = ["Picture", "array_note", "header", "of_array", "picture", "sendable"]

_SENT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
"""What every browser decodes as Pillow does."""
_SENT_MODES = {
    "JPEG": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
}
_DEEP = ("I", "F")
_SAMPLED = 1 << 18


class Picture(NamedTuple):
    """An image as it is shown.

    Attributes
    ----------
    image : PIL image
        Of mode L, RGB or RGBA.
    note : str
        How its values became colours, where that is not plain.
    lossy : bool
        Whether its pixels come from a lossy file.
    profile : bytes, optional
        The ICC profile that its colours are meant in.
    """

    image: Any
    note: str = ""
    lossy: bool = False
    profile: bytes | None = None


def header(origin: Origin) -> Header:
    """What a file or a PIL image says of itself, without its pixels being read; raises `MediaError`."""
    if not isinstance(origin, (str, bytes)):
        return header_of(origin)
    if not is_tiff(origin):
        return header_of(origin)
    if not has_tifffile():
        try:
            return header_of(origin)
        except MediaError as error:
            raise MediaError(
                error.message, error.hint or "pip install 'nblabel[tiles]' reads more kinds of TIFF"
            ) from None
    try:
        raster = TiffRaster(origin)
    except UnknownTiff as error:  # Pillow knows some old ones
        try:
            return header_of(origin)
        except NblabelError:
            raise error from None
    found, simple, pages = raster.header, raster.simple, bool(raster.note)
    raster.close()
    return header_of(origin)._replace(animated=pages) if simple else found


def sendable(found: Header, look: Look) -> str:
    """The MIME type of a file that a browser shows as it is meant; empty if it must be encoded anew."""
    kind = found.format
    as_is = found.orientation == 1 and not found.animated and not found.deep and look == Look()
    return _SENT[kind] if as_is and found.mode in _SENT_MODES.get(kind, ()) else ""


def picture(origin: Origin, look: Look, *, within: tuple[int, int] | None = None) -> Picture:
    """Decode an image; raises `MediaError` for what is broken.

    Parameters
    ----------
    origin : path, bytes, array or PIL image
        What to read.
    look : Look
        How values become colours.
    within : (int, int), optional
        Where a smaller one will do: JPEGs are decoded at the smallest scale that is not below this.
    """
    if isinstance(origin, np.ndarray):
        return of_array(origin, look)
    found = header(origin)
    if not isinstance(origin, (str, bytes)):
        return _upright(loaded(origin), found, look)
    raster = _raster(origin, found, look)
    if raster is not None:
        return _of_raster(raster, look)
    with opened(origin) as (image, _):
        if within is not None and found.format == "JPEG" and hasattr(image, "draft"):
            image.draft(None, within if found.orientation < 5 else within[::-1])
        try:
            image.load()
        except Exception as error:
            raise MediaError(f"the image is broken: {told(error)}") from error
        return _upright(image, found, look)


def _raster(origin: str | bytes, found: Header, look: Look) -> Raster | None:
    """What reads more bits or bands than Pillow does, where it is needed and installed."""
    if found.parts:
        return TiffRaster(origin)
    if found.format == "PNG" and found.deep and found.mode[0] not in _DEEP and has_vips("PNG"):
        return VipsRaster(origin, found)
    return None


def _of_raster(raster: Raster, look: Look) -> Picture:
    values = raster.values(0, (0, 0, *raster.levels[0]))
    made = of_array(values, look, alpha=raster.alpha, nodata=raster.nodata)
    note = "; ".join(note for note in (raster.note, made.note) if note)
    return Picture(turned(made.image, raster.orientation), note, raster.lossy, raster.profile)


def of_array(array: Array, look: Look, *, alpha: bool = True, nodata: float | None = None) -> Picture:
    """An array as an image; raises `MediaError` for one that is none."""
    from PIL import Image

    array = as_image_array(array, look)
    limits = _limits(array, look, nodata)
    made = Image.fromarray(np.ascontiguousarray(colours(array, look, limits, alpha)))
    return Picture(made, _noted(array, look, limits, alpha))


def array_note(array: Array, look: Look) -> str:
    """What `of_array` says of an array."""
    array = as_image_array(array, look)
    return _noted(array, look, _limits(array, look))


def _noted(array: Array, look: Look, limits: Range | None, alpha: bool = True) -> str:
    notes = (bands_note(bands_of(array), look, alpha), "" if limits is None else limits.note)
    return "; ".join(note for note in notes if note)


def _limits(array: Array, look: Look, nodata: float | None = None) -> Range | None:
    """Black and white of an array: from all values for the least and the greatest, else from a grid of pixels."""
    if not needs_range(array.dtype, look):
        return None
    every = 1 if look.stretch == "minmax" else max(1, int((array.shape[0] * array.shape[1] / _SAMPLED) ** 0.5))
    return range_of([banded(array[::every, ::every], look)], array.dtype, look, nodata)


# ---- what Pillow has decoded -------------------------------------------------------------------------


def _upright(image: Any, found: Header, look: Look) -> Picture:
    notes = []
    if found.animated:
        notes.append("first page" if found.format == "TIFF" else "first frame")
    mode = image.mode
    profile = image.info.get("icc_profile") if mode in ("RGB", "RGBA") else None
    if mode[0] in _DEEP or look != Look():
        values = np.asarray(image if mode[0] in _DEEP else plain(image))
        if mode == "I" and found.format in ("PNG", "PPM"):  # Pillow has no narrower mode for them
            values = values.astype(np.uint16)
        made = of_array(values, look)
        image, profile = made.image, None
        notes.append(made.note)
    else:
        image = plain(image)
        if found.deep and found.format in ("PNG", "TIFF"):
            notes.append("16 bit, shown by their upper 8 bits")
    note = "; ".join(note for note in notes if note)
    return Picture(turned(image, found.orientation), note, found.lossy, profile if isinstance(profile, bytes) else None)
