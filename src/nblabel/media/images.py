"""How images are shown: what the page is told of each, the pieces that it asks for, and pixels for Python."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import NblabelError, ProtocolError
from ..records import Item
from .base import MediaError, Piece, Shown
from .encoding import encoded
from .origins import Origin, glance_at, is_picture, mark_of, origin_of
from .pictures import Picture, array_note, header, picture, sendable
from .pillow import Header, require_pillow, told
from .pyramids import Pyramid, level_size, levels_of
from .rasters import ArrayRaster, DecodedRaster, PictureRaster, Raster
from .recent import Recent
from .tiff import TiffRaster, has_tifffile
from .tones import Look, as_image_array
from .upright import Rect
from .vips import VipsRaster, has_vips

__all__ = ["TILE", "ImageReader", "name_of", "on_white"]

TILE = 512
_LARGEST_WHOLE = 16_000_000
_LONGEST_WHOLE = 8192
"""Larger images go to the page in tiles: many browsers refuse larger canvases, and decoded a pixel takes 4 bytes."""
_MOST_DECODED = 180_000_000
_MOST_TILED = 1 << 31
"""The largest images that are opened, where all must be decoded to see a part, and where not."""
_MOST_VIEWED = 100_000_000
"""The largest that is handed to a model as one array."""
_PREVIEW = (64, 1024)
_WAYS = {"minmax": "least to greatest", "full": "all the type can hold"}


class ImageReader:
    """Reads images when they are asked for, and keeps little of them.

    Parameters
    ----------
    root : path-like, optional
        The folder that relative paths lie under.
    bands, stretch
        How values become colours; see `nblabel.ImageLabeler`.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, *, bands: Any = None, stretch: Any = None) -> None:
        require_pillow()
        self._root = "" if root is None else str(Path(root).expanduser())
        self._look = Look.of(bands, stretch)
        self._headers: Recent[Header] = Recent(65_536)
        self._notes: Recent[str] = Recent(1024)
        self._pictures: Recent[Picture] = Recent(96 << 20, _bytes_of)
        self._pyramids: Recent[Pyramid] = Recent(2)

    def close(self) -> None:
        """Forget all that was read."""
        for held in (self._headers, self._notes, self._pictures, self._pyramids):
            held.clear()

    # ---- for the source -------------------------------------------------------------------------

    def measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        """Width and height of the upright image, or why there are none."""
        try:
            return self._header(self._origin(value)).size, ""
        except NblabelError as error:
            return None, str(error)
        except Exception as error:  # an object of the user's may do anything here
            return None, f"the image cannot be read: {told(error)}"

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for the content as it is now."""
        return mark_of(value, self._root)

    def glance(self, value: Any) -> bytes:
        """16 bytes that tell quickly that a value is not what it was."""
        return glance_at(value, self._root)

    def _name(self, item: Item) -> tuple[str, bytes]:
        """What is kept of an item goes by its identity, and by a glance at what stands there now."""
        return item.identity or repr(item.key), self.glance(item.data)

    def _origin(self, value: Any) -> Origin:
        origin = origin_of(value, self._root)
        if isinstance(origin, str) and origin[-4:].lower() == ".npy":
            return _mapped(origin)
        return origin

    def _header(self, origin: Origin) -> Header:
        if isinstance(origin, np.ndarray):
            array = as_image_array(origin, self._look)
            return Header((array.shape[1], array.shape[0]))
        if not isinstance(origin, str):
            return _bounded(header(origin), within=is_picture(origin))
        try:
            found = os.stat(origin)  # noqa: PTH116 - a path as it was written
        except OSError:
            return header(origin)  # says why
        key = (origin, found.st_size, found.st_mtime_ns)
        return self._headers.get(key, lambda: _bounded(header(origin)))

    # ---- for the page ---------------------------------------------------------------------------

    def present(self, item: Item) -> Shown:
        """What the page is told of an item; quick, and what is wrong with it is its problem."""
        if item.problem:
            return Shown(None, problem=item.problem)
        try:
            origin = self._origin(item.data)
            found = self._header(origin)
            name = self._name(item)
            data: dict[str, Any] = {
                "width": found.size[0],
                "height": found.size[1],
                "form": "tiles" if _is_large(found.size) else "whole",
                "rev": hashlib.blake2b(repr((name, self._look)).encode(), digest_size=4).hexdigest(),
                "name": name_of(item.data),
                "note": self._note(origin, found, name),
            }
        except NblabelError as error:
            return Shown(None, problem=str(error))
        except Exception as error:  # an object of the user's may do anything here
            return Shown(None, problem=f"the image cannot be read: {told(error)}")
        if data["form"] == "tiles":
            data |= {"tile": TILE, "levels": levels_of(found.size, TILE)}
        return Shown(data)

    def _note(self, origin: Origin, found: Header, name: tuple[str, bytes]) -> str:
        """How values become colours, with numbers where these are known without decoding a file."""
        known = self._notes.peek(name)
        if known is not None:
            return known
        if isinstance(origin, np.ndarray):
            if not _is_large(found.size):
                return self._notes.get(name, lambda: array_note(origin, self._look))
            deep = origin.dtype != np.uint8 and origin.dtype.kind != "b"
        else:
            deep = found.deep
        notes = ["first page" if found.format == "TIFF" else "first frame"] if found.animated else []
        if deep or self._look.stretch is not None:
            notes.append(self._stretch_words())
        return "; ".join(notes)

    def _stretch_words(self) -> str:
        stretch = self._look.stretch
        if isinstance(stretch, str):
            return f"shown from {_WAYS[stretch]}"
        if stretch is not None and len(stretch) == 2:
            return f"shown from {stretch[0]:g} to {stretch[1]:g}"
        low, high = (2.0, 98.0) if stretch is None else (stretch[1], stretch[2])
        return f"shown from {low:g} % to {high:g} % of its values"

    def piece(self, item: Item, part: str, at: tuple[int, ...]) -> Piece:
        """A piece of the item: ``image ()``, ``tile (level, column, row)`` or ``preview (side,)``."""
        if item.problem:
            raise MediaError(item.problem)
        origin = self._origin(item.data)
        found = self._header(origin)
        large = _is_large(found.size)
        if part == "preview" and len(at) == 1:
            return self._preview(item, origin, found, min(max(at[0], _PREVIEW[0]), _PREVIEW[1]))
        if part == "image" and not at and not large:
            return self._whole(item, origin, found)
        if part == "tile" and len(at) == 3 and large:
            return self._tile(item, origin, found, *at)
        raise ProtocolError(f"this image has no part {part[:20]!r} at {at[:4]!r}")

    def _whole(self, item: Item, origin: Origin, found: Header) -> Piece:
        about = {"width": found.size[0], "height": found.size[1]}
        mime = sendable(found, self._look) if isinstance(origin, (str, bytes)) else ""
        if mime:
            return Piece(origin if isinstance(origin, bytes) else _read(origin), {"mime": mime, **about})
        made = self._picture(item, origin)
        piece = encoded(made.image, lossy=made.lossy, profile=made.profile)
        return Piece(piece.data, {**piece.about, **about, "note": made.note})

    def _preview(self, item: Item, origin: Origin, found: Header, side: int) -> Piece:
        size = fitted(found.size, side)
        if _is_large(found.size):
            pyramid = self._pyramid(item, origin, found)
            image, profile, note = pyramid.region((0, 0, *found.size), size, rough=True), pyramid.profile, pyramid.note
        else:
            quick = found.format == "JPEG" and not self._pictures.peek(self._name(item))
            made = picture(origin, self._look, within=size) if quick else self._picture(item, origin)
            image, profile, note = made.image, made.profile, made.note
            image = image if image.size == size else image.resize(size, reducing_gap=2.0)
        self._notes.get(self._name(item), lambda: note)
        piece = encoded(image, lossy=True, profile=profile)
        return Piece(piece.data, {**piece.about, "width": size[0], "height": size[1], "note": note})

    def _tile(self, item: Item, origin: Origin, found: Header, level: int, column: int, row: int) -> Piece:
        size = found.size
        if not 0 <= level < levels_of(size, TILE):
            raise ProtocolError(f"this image has no level {level}")
        wide, high = level_size(size, level)
        left, top = column * TILE, row * TILE
        if not (0 <= left < wide and 0 <= top < high):
            raise ProtocolError(f"this image has no tile {column}, {row} at level {level}")
        out = (min(TILE, wide - left), min(TILE, high - top))
        right, bottom = ((left + out[0]) << level, (top + out[1]) << level)
        box = (left << level, top << level, min(right, size[0]), min(bottom, size[1]))
        pyramid = self._pyramid(item, origin, found)
        piece = encoded(pyramid.region(box, out), lossy=pyramid.lossy or level > 0, profile=pyramid.profile)
        self._notes.get(self._name(item), lambda: pyramid.note)
        return piece

    # ---- for Python -----------------------------------------------------------------------------

    def size(self, item: Item) -> tuple[int, int]:
        """Width and height of the upright image; raises `MediaError` if it cannot be read."""
        if item.problem:
            raise MediaError(item.problem)
        return self._header(self._origin(item.data)).size

    def region(self, item: Item, box: Rect, out: tuple[int, int] | None = None) -> Any:
        """A rectangle of the upright image as a PIL image of mode L, RGB or RGBA.

        Parameters
        ----------
        item : Item
            Which image.
        box : (left, top, right, bottom)
            In whole pixels, within the image.
        out : (int, int), optional
            Width and height to scale it to.
        """
        width, height = self.size(item)
        left, top, right, bottom = box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise MediaError(f"the rectangle {box} is not within the image of {width} × {height} pixels")
        size = out or (right - left, bottom - top)
        origin = self._origin(item.data)
        if _is_large((width, height)):
            return self._pyramid(item, origin, self._header(origin)).region(box, size)
        image = self._picture(item, origin).image
        if box != (0, 0, width, height):
            image = image.crop(box)
        return image if image.size == size else image.resize(size, reducing_gap=3.0)

    def image(self, item: Item, within: int | None = None) -> Any:
        """The whole upright image as an RGB PIL image; one whose longer side is ``within`` if that is smaller."""
        width, height = self.size(item)
        size = (width, height) if within is None else fitted((width, height), min(within, max(width, height)))
        return on_white(self.region(item, (0, 0, width, height), size))

    def pixels(self, item: Item) -> npt.NDArray[np.uint8]:
        """The upright image as an array (height, width, 3), for models; raises `MediaError`."""
        width, height = self.size(item)
        if width * height > _MOST_VIEWED:
            raise MediaError(f"the image is too large to be handed on as one array: {width} × {height} pixels")
        return np.asarray(self.image(item))

    # ---- what is kept ---------------------------------------------------------------------------

    def _picture(self, item: Item, origin: Origin) -> Picture:
        name = self._name(item)
        made = self._pictures.get(name, lambda: picture(origin, self._look))
        self._notes.get(name, lambda: made.note)
        return made

    def _pyramid(self, item: Item, origin: Origin, found: Header) -> Pyramid:
        return self._pyramids.get(self._name(item), lambda: Pyramid(_raster(origin, found), self._look))


def _bytes_of(made: Picture) -> int:
    return int(made.image.width * made.image.height * len(made.image.mode))


def _raster(origin: Origin, found: Header) -> Raster:
    """What reads a large image in parts."""
    if isinstance(origin, np.ndarray):
        return ArrayRaster(origin)
    if not isinstance(origin, (str, bytes)):
        return PictureRaster(origin)
    trouble: NblabelError | None = None
    if found.format == "TIFF" and has_tifffile():
        try:
            raster = TiffRaster(origin)
            if raster.tiled:
                return raster
        except NblabelError as error:
            trouble = error
    if has_vips(found.format):
        try:
            return VipsRaster(origin, found)
        except NblabelError as error:
            trouble = trouble or error
    if found.stored[0] * found.stored[1] > _MOST_DECODED:
        raise trouble or _too_large(found)
    return DecodedRaster(origin)


def _is_large(size: tuple[int, int]) -> bool:
    return size[0] * size[1] > _LARGEST_WHOLE or max(size) > _LONGEST_WHOLE


def _bounded(found: Header, *, within: bool = False) -> Header:
    """The header, unless there are more pixels than can be shown; ``within`` memory they are already."""
    pixels = found.stored[0] * found.stored[1]
    if within or pixels <= _MOST_DECODED:
        return found
    parts = (found.format == "TIFF" and has_tifffile()) or has_vips(found.format)
    if pixels > _MOST_TILED or not parts:
        raise _too_large(found)
    return found


def _too_large(found: Header) -> MediaError:
    width, height = found.size
    pixels = width * height
    hint = f"images of up to {_MOST_TILED / 1e9:.1f} billion pixels can be shown"
    if pixels <= _MOST_TILED:
        hint = "pip install 'nblabel[tiles]' reads images of this size in parts"
    return MediaError(f"the image is too large: {width} × {height} pixels", hint)


def _mapped(path: str) -> Any:
    """The array of an ``.npy`` file, of which only what is looked at is read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise MediaError(f"the file cannot be read: {error.strerror or told(error)}") from None
    except ValueError as error:
        raise MediaError(f"the file holds no array: {told(error)}") from None


def fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of an image scaled so that its longer side is ``side``.

    Examples
    --------
    >>> fitted((4000, 1000), 100)
    (100, 25)
    """
    width, height = size
    longest = max(size)
    return max(round(width * side / longest), 1), max(round(height * side / longest), 1)


def on_white(image: Any) -> Any:
    """A PIL image as RGB; what shines through is white."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    from PIL import Image

    made = Image.new("RGB", image.size, (255, 255, 255))
    made.paste(image, mask=image.getchannel("A"))
    return made


def name_of(value: Any) -> str:
    """A short name for people: the file's, without its folders."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or value[:5].lower() == "data:":
        return ""
    name = PurePath(value).name
    return name if len(name) <= 120 else name[:60] + "…" + name[-59:]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MediaError(f"the file cannot be read: {error.strerror or error}") from None
