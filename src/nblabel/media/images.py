"""How images are shown: what the page is told of each, and the pieces that it asks for."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ..errors import NblabelError, ProtocolError
from ..records import Item
from .base import MediaError, Piece, Shown
from .encoding import encoded
from .origins import Marks, Origin, origin_of
from .pictures import Picture, array_note, picture, sendable
from .pillow import Header, header_of, require_pillow, told
from .tones import Look, as_image_array

__all__ = ["ImageReader"]

_HEADERS = 65_536
_PICTURES = 4


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
        self._marks = Marks(self._root)
        self._lock = threading.Lock()
        self._headers: OrderedDict[tuple[Any, ...], Header] = OrderedDict()
        self._pictures: OrderedDict[bytes, Picture] = OrderedDict()

    # ---- for the source -------------------------------------------------------------------------

    def measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        """Width and height of the upright image, or why there are none."""
        try:
            return self._header(origin_of(value, self._root)).size, ""
        except NblabelError as error:
            return None, str(error)
        except Exception as error:  # an object of the user's may do anything here
            return None, f"the image cannot be read: {told(error)}"

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for the content as it is now."""
        return self._marks.of(value)

    def _header(self, origin: Origin) -> Header:
        if isinstance(origin, np.ndarray):
            array = as_image_array(origin, self._look)
            return Header((array.shape[1], array.shape[0]))
        if not isinstance(origin, str):
            return header_of(origin)
        try:
            found = os.stat(origin)  # noqa: PTH116 - a path as it was written
        except OSError:
            return header_of(origin)  # says why
        key = (origin, found.st_size, found.st_mtime_ns)
        with self._lock:
            known = self._headers.get(key)
        if known is None:
            known = header_of(origin)
            with self._lock:
                self._headers[key] = known
                while len(self._headers) > _HEADERS:
                    self._headers.popitem(last=False)
        return known

    # ---- for the page ---------------------------------------------------------------------------

    def present(self, item: Item) -> Shown:
        """What the page is told of an item."""
        if item.problem:
            return Shown(None, problem=item.problem)
        try:
            origin = origin_of(item.data, self._root)
            width, height = self._header(origin).size
            note = array_note(origin, self._look) if isinstance(origin, np.ndarray) else ""
        except NblabelError as error:
            return Shown(None, problem=str(error))
        data = {
            "width": width,
            "height": height,
            "form": "whole",
            "rev": self._rev(item.data),
            "name": name_of(item.data),
            "note": note,
        }
        return Shown(data)

    def _rev(self, value: Any) -> str:
        return hashlib.blake2b(self.mark(value) + repr(self._look).encode(), digest_size=4).hexdigest()

    def piece(self, item: Item, part: str, at: tuple[int, ...]) -> Piece:
        """A piece of the item."""
        if item.problem:
            raise MediaError(item.problem)
        if part == "image" and not at:
            return self._whole(item.data)
        if part == "preview" and len(at) == 1:
            return self._preview(item.data, min(max(at[0], 64), 1024))
        raise ProtocolError(f"an image has no part {part[:20]!r} at {at[:4]!r}")

    def _whole(self, value: Any) -> Piece:
        origin = origin_of(value, self._root)
        header = self._header(origin)
        width, height = header.size
        mime = sendable(header, self._look) if isinstance(origin, (str, bytes)) else ""
        if mime:
            data = origin if isinstance(origin, bytes) else _read(origin)
            return Piece(data, {"mime": mime, "width": width, "height": height})
        made = self._picture(value, origin)
        piece = encoded(made.image, lossy=made.lossy, profile=made.profile)
        return Piece(piece.data, {**piece.about, "width": width, "height": height})

    def _preview(self, value: Any, side: int) -> Piece:
        made = self._picture(value, origin_of(value, self._root))
        image = made.image.copy()
        image.thumbnail((side, side))
        piece = encoded(image, lossy=True, profile=made.profile)
        return Piece(piece.data, {**piece.about, "width": image.width, "height": image.height})

    def _picture(self, value: Any, origin: Origin) -> Picture:
        key = self.mark(value)
        with self._lock:
            known = self._pictures.get(key)
        if known is None:
            known = picture(origin, self._look)
            with self._lock:
                self._pictures[key] = known
                while len(self._pictures) > _PICTURES:
                    self._pictures.popitem(last=False)
        return known


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
