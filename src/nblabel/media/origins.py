"""What a user hands in as an image: a path, bytes, an array or a PIL image, and a mark of its content as it is now."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import sys
import threading
import urllib.parse
from collections import OrderedDict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .base import MediaError

__all__ = ["Array", "Marks", "Origin", "is_picture", "origin_of"]

Array: TypeAlias = npt.NDArray[Any]
Origin: TypeAlias = "str | bytes | Array | Any"
"""A path that can be opened, the bytes of a file, an array, or a PIL image."""

_LONGEST_PATH = 4096
_PIECE = 65_536
_KEPT_MARKS = 256
_MOST_HASHED = 1 << 28
"""Of arrays with more bytes than this every second, third, ... row is hashed."""


def is_picture(value: Any) -> bool:
    """Whether this is a PIL image; nobody has one without PIL being loaded."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def origin_of(value: Any, root: str = "") -> Origin:
    """What to read for a value that stands for an image; raises `MediaError` if it stands for none.

    Parameters
    ----------
    value : object
        A path (``str`` or path-like), a data URI, bytes, a PIL image, an array or what becomes one (a tensor).
    root : str
        The folder that relative paths lie under.

    Examples
    --------
    >>> origin_of("data:image/gif;base64,R0lGODlh")
    b'GIF89a'
    >>> os.path.basename(origin_of("a.png", "photos"))
    'a.png'
    """
    if isinstance(value, np.ndarray):
        return value
    if is_picture(value):
        return _unread(value) or value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
        if isinstance(value, bytes):
            return _path(os.fsdecode(value), root)
        return _path(value, root)
    if isinstance(value, str):
        return _named(str(value), root)
    if hasattr(value, "__array__") and not hasattr(value, "__dataframe__"):
        try:
            return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        except Exception as error:  # a tensor may live anywhere
            raise MediaError(f"not an image: the {type(value).__name__} cannot be read as an array: {error}") from None
    kind = type(value).__name__
    raise MediaError(f"not an image: the value is {'an' if kind[0] in 'aeiou' else 'a'} {kind}")


def _unread(image: Any) -> str:
    """The file of a PIL image whose pixels were not read: it is read in its place, so that the image does not grow."""
    name = getattr(image, "filename", "")
    first = getattr(image, "tile", None) and not image.tell()
    return name if first and isinstance(name, str) and name and Path(name).is_file() else ""


def _named(text: str, root: str) -> Origin:
    if text[:5].lower() == "data:":
        return _data_uri(text)
    scheme = text.partition("://")[0] if "://" in text[:40] else ""
    if scheme and scheme.replace("+", "").isalnum():
        if scheme.lower() == "file":
            raise MediaError("a file: URL is not a path", "hand in the path itself")
        raise MediaError(
            f"{scheme.lower()}: URLs are not fetched: nblabel opens no network connection",
            "download the image and hand in its path or its bytes",
        )
    return _path(text, root)


def _path(text: str, root: str) -> str:
    if not text.strip():
        raise MediaError("no image (an empty path)")
    if "\0" in text or len(text) > _LONGEST_PATH:
        raise MediaError("not a path of an image")
    if text.startswith("~"):
        text = os.path.expanduser(text)  # noqa: PTH111 - a Path would rewrite it
    return os.path.join(root, text) if root else text  # noqa: PTH118


def _data_uri(text: str) -> bytes:
    header, comma, body = text.partition(",")
    kind, *options = header[5:].lower().split(";")
    if not comma or not kind.startswith("image/"):
        raise MediaError("not an image: a data URI must be data:image/...", f"this one begins with {header[:40]!r}")
    if options and options[-1].strip() == "base64":
        try:
            return base64.b64decode("".join(urllib.parse.unquote(body).split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MediaError(f"the data URI is not base64: {error}") from None
    return urllib.parse.unquote_to_bytes(body)


# ---- marks -------------------------------------------------------------------------------------------


class Marks:
    """16 bytes for the content of each value, remembered for arrays and PIL images, whose pixels are hashed.

    Of files and bytes only the length, the beginning, the middle and the end are looked at: no two encoded images
    that agree in all of these differ elsewhere. A change in place of an array that was marked is not seen.
    """

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Any, ...], tuple[Any, bytes]] = OrderedDict()

    def of(self, value: Any) -> bytes:
        """The mark of a value; of one that cannot be read, that of why."""
        try:
            origin = value if is_picture(value) else origin_of(value, self._root)
            if isinstance(origin, str):
                return _file_mark(origin)
            if isinstance(origin, bytes):
                return _bytes_mark(origin)
        except MediaError as error:
            return _mark(b"problem", str(error).encode("utf-8", "surrogatepass"))
        except OSError as error:
            return _mark(b"missing", str(error.strerror).encode())
        key: tuple[Any, ...] = (id(origin),)
        if isinstance(origin, np.ndarray):  # a view of a stack is a new object each time
            key = (origin.__array_interface__["data"][0], origin.shape, origin.strides, origin.dtype.str)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known[1]
        made = _array_mark(origin) if isinstance(origin, np.ndarray) else _picture_mark(origin)
        with self._lock:
            self._known[key] = origin, made  # held, so that its place in memory stays its own
            while len(self._known) > _KEPT_MARKS:
                self._known.popitem(last=False)
        return made


def _mark(*parts: bytes | memoryview) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part)
    return made.digest()


def _file_mark(path: str) -> bytes:
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        parts = [str(size).encode()]
        for start in (0, size // 2, max(size - _PIECE, 0)):
            file.seek(start)
            parts.append(file.read(_PIECE))
    return _mark(*parts)


def _bytes_mark(data: bytes) -> bytes:
    size = len(data)
    starts = (0, size // 2, max(size - _PIECE, 0))
    return _mark(str(size).encode(), *(data[start : start + _PIECE] for start in starts))


def _array_mark(array: Array) -> bytes:
    made = hashlib.blake2b(f"{array.dtype.str} {array.shape}".encode(), digest_size=16)
    if array.dtype.hasobject:
        return made.digest()
    array = np.atleast_2d(array)[:: 1 + array.nbytes // _MOST_HASHED]
    rows = max(1, (1 << 22) // max(array[:1].nbytes, 1))
    for start in range(0, len(array), rows):
        made.update(np.ascontiguousarray(array[start : start + rows]).view(np.uint8).data)
    return made.digest()


def _picture_mark(image: Any) -> bytes:
    from .pillow import loaded

    try:
        held = loaded(image)
        made = hashlib.blake2b(f"{held.mode} {held.size}".encode(), digest_size=16)
        for top in range(0, held.height, 256):
            made.update(held.crop((0, top, held.width, min(top + 256, held.height))).tobytes())
    except Exception as error:  # whatever is wrong with its file
        return _mark(b"problem", str(error).encode("utf-8", "surrogatepass"))
    return made.digest()
