"""Images that are decoded whole: upright, in 8 bits, with a note of how their values became colours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .base import MediaError
from .origins import Array, Origin
from .pillow import Header, header_of, loaded, opened, told
from .tones import Look, as_image_array, bands_note, colours, needs_range, range_of, shown_bands
from .upright import turned

__all__ = ["Picture", "array_note", "of_array", "picture", "sendable"]

_SENT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
"""What every browser decodes as Pillow does."""
_SENT_MODES = {
    "JPEG": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
}
_DEEP = ("I", "F")


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


def sendable(header: Header, look: Look) -> str:
    """The MIME type of a file that a browser shows as it is meant; empty if it must be encoded anew."""
    kind = header.format
    plain = header.orientation == 1 and not header.animated and not header.deep and look == Look()
    return _SENT[kind] if plain and header.mode in _SENT_MODES.get(kind, ()) else ""


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
    if not isinstance(origin, (str, bytes)):
        header = header_of(origin)
        return _upright(loaded(origin), header, look)
    with opened(origin) as (image, header):
        if within is not None and header.format == "JPEG" and hasattr(image, "draft"):
            image.draft(None, within if header.orientation < 5 else within[::-1])
        try:
            image.load()
        except Exception as error:
            raise MediaError(f"the image is broken: {told(error)}") from error
        return _upright(image, header, look)


def of_array(array: Array, look: Look) -> Picture:
    """An array as an image; raises `MediaError` for one that is none."""
    from PIL import Image

    array = as_image_array(array, look)
    limits = None
    if needs_range(array.dtype, look):
        limits = range_of([_shown(array, look)], array.dtype, look)
    made = Image.fromarray(np.ascontiguousarray(colours(array, look, limits)))
    notes = (bands_note(array, look), "" if limits is None else limits.note)
    return Picture(made, "; ".join(note for note in notes if note))


def array_note(array: Array, look: Look) -> str:
    """What `of_array` says of an array, from an even sample of its pixels."""
    array = as_image_array(array, look)
    every = max(1, int((array.shape[0] * array.shape[1] / 65_536) ** 0.5))
    limits = range_of([_shown(array[::every, ::every], look)], array.dtype, look)
    notes = (bands_note(array, look), "" if limits is None else limits.note)
    return "; ".join(note for note in notes if note)


def _shown(array: Array, look: Look) -> Array:
    return array if array.ndim == 2 else array[..., list(shown_bands(array, look))]


# ---- what Pillow has decoded -------------------------------------------------------------------------


def _upright(image: Any, header: Header, look: Look) -> Picture:
    notes = []
    if header.animated:
        notes.append("first page" if header.format == "TIFF" else "first frame")
    mode = image.mode
    lossy = header.format in ("JPEG", "MPO") or (
        header.format in ("WEBP", "AVIF", "JPEG2000", "TIFF") and mode == "RGB"
    )
    profile = image.info.get("icc_profile") if mode in ("RGB", "RGBA") else None
    if mode[0] in _DEEP or look != Look():
        values = np.asarray(image if mode[0] in _DEEP else plain(image))
        if mode == "I" and header.format in ("PNG", "PPM"):  # Pillow has no narrower mode for them
            values = values.astype(np.uint16)
        made = of_array(values, look)
        image, profile = made.image, None
        notes.append(made.note)
    else:
        image = plain(image)
        if header.deep:
            notes.append("16 bit, shown by their upper 8 bits")
    note = "; ".join(note for note in notes if note)
    return Picture(turned(image, header.orientation), note, lossy, profile if isinstance(profile, bytes) else None)


def plain(image: Any) -> Any:
    """An image of 8-bit colours in mode L, RGB or, where it is not opaque everywhere, RGBA."""
    mode = image.mode
    clear = "transparency" in image.info
    if mode == "LAB":
        return _from_lab(image)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or clear:
        if mode in ("La", "RGBa"):
            image = image.convert({"La": "LA", "RGBa": "RGBA"}[mode])
        image = image.convert("RGBA")
        return image.convert("RGB") if image.getextrema()[3] == (255, 255) else image
    if mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


def _from_lab(image: Any) -> Any:
    try:
        from PIL import ImageCms

        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except Exception as error:  # Pillow may be built without colour management
        raise MediaError(f"the image's Lab colours cannot be converted: {told(error)}") from error
