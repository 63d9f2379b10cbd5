"""What a user hands in as an image: a path, bytes, an array or a PIL image, and a mark of its content as it is now."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import sys
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .base import MediaError

__all__ = [
    "Array",
    "Origin",
    "array_mark",
    "file_mark",
    "glance_at",
    "is_picture",
    "mark_of",
    "marked",
    "named_origin",
    "origin_of",
    "path_origin",
    "sampled_mark",
]

Array: TypeAlias = npt.NDArray[Any]
Origin: TypeAlias = Any
"""A path that can be opened, the bytes of a file, an array, or a PIL image."""

_LONGEST_PATH = 4096
_PIECE = 4096
_MOST_MAPPED = 1 << 26
_SAMPLES = 64
"""Of memory maps with more bytes only so many evenly spread pieces are hashed: reading all would take minutes."""


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
            return path_origin(os.fsdecode(value), root)
        return path_origin(value, root)
    if isinstance(value, str):
        return named_origin(str(value), root)
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


def named_origin(text: str, root: str, what: str = "image", kinds: tuple[str, ...] = ("image/",)) -> str | bytes:
    """The path or the bytes that a text stands for: a path, or a data URI of one of these kinds."""
    if text[:5].lower() == "data:":
        return _data_uri(text, what, kinds)
    scheme = text.partition("://")[0] if "://" in text[:40] else ""
    if scheme and scheme.replace("+", "").isalnum():
        if scheme.lower() == "file":
            raise MediaError("a file: URL is not a path", "hand in the path itself")
        raise MediaError(
            f"{scheme.lower()}: URLs are not fetched: nblabel opens no network connection",
            f"download the {what} and hand in its path or its bytes",
        )
    return path_origin(text, root, what)


def path_origin(text: str, root: str, what: str = "image") -> str:
    """The path to open for one that is written so."""
    if not text.strip():
        raise MediaError(f"no {what} (an empty path)")
    if "\0" in text or len(text) > _LONGEST_PATH:
        raise MediaError("not a path of an image" if what == "image" else f"not a path of a {what}")
    if text.startswith("~"):
        text = os.path.expanduser(text)  # noqa: PTH111 - a Path would rewrite it
    return os.path.join(root, text) if root else text  # noqa: PTH118


def _data_uri(text: str, what: str, kinds: tuple[str, ...]) -> bytes:
    header, comma, body = text.partition(",")
    kind, *options = header[5:].lower().split(";")
    if not comma or not kind.startswith(kinds):
        article = "an" if what[0] in "aeiou" else "a"
        must = f"not {article} {what}: a data URI must be data:{kinds[0]}..."
        raise MediaError(must, f"this one begins with {header[:40]!r}")
    if options and options[-1].strip() == "base64":
        try:
            return base64.b64decode("".join(urllib.parse.unquote(body).split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MediaError(f"the data URI is not base64: {error}") from None
    return urllib.parse.unquote_to_bytes(body)


# ---- marks -------------------------------------------------------------------------------------------


def mark_of(value: Any, root: str = "") -> bytes:
    """16 bytes for the content of a value as it is now; of one that cannot be read, for the reason why.

    Every byte counts, but of files only the length and three pieces are read: a path has a name without its content.
    """
    try:
        origin = value if is_picture(value) else origin_of(value, root)
        if isinstance(origin, str):
            return file_mark(origin)
        if isinstance(origin, bytes):
            return marked(origin)
        return array_mark(origin) if isinstance(origin, np.ndarray) else _picture_mark(origin)
    except OSError as error:
        return marked(b"missing", str(error.strerror).encode())
    except Exception as error:  # an object of the user's may do anything here
        return marked(b"problem", str(error).encode("utf-8", "surrogatepass"))


def glance_at(value: Any, root: str = "") -> bytes:
    """16 bytes that tell in no time that a value is not what it was: from a sample of it, or the time of its file."""
    try:
        if isinstance(value, str) and value[:5].lower() == "data:":
            return sampled_mark(len(value), lambda start, stop: value[start:stop].encode("utf-8", "surrogatepass"))
        origin = value if is_picture(value) else origin_of(value, root)
        if isinstance(origin, str):
            found = os.stat(origin)  # noqa: PTH116 - a path as it was written
            return marked(origin.encode("utf-8", "surrogatepass"), f" {found.st_size} {found.st_mtime_ns}".encode())
        if isinstance(origin, bytes):
            return sampled_mark(len(origin), lambda start, stop: origin[start:stop])
        if isinstance(origin, np.ndarray):
            kind = f"{origin.__array_interface__['data'][0]} {origin.shape} {origin.dtype.str}"
            few = origin[tuple(slice(None, None, 1 + side // 32) for side in origin.shape)]
            return marked(kind.encode(), b"" if origin.dtype.hasobject else np.ascontiguousarray(few).tobytes())
        name = _unread(origin)
        if name:
            return marked(f"{id(origin)} ".encode(), glance_at(name))
        few = origin.resize((min(origin.width, 32), min(origin.height, 32)), 0)
        return marked(f"{id(origin)} {origin.mode} {origin.size}".encode(), few.tobytes())
    except Exception as error:  # an object of the user's may do anything here
        return marked(b"problem", str(error).encode("utf-8", "surrogatepass"))


def marked(*parts: bytes | memoryview) -> bytes:
    """16 bytes for these parts in this order."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part)
    return made.digest()


def sampled_mark(size: int, read: Callable[[int, int], bytes]) -> bytes:
    """The mark of a length and of what stands at the beginning, in the middle and at the end."""
    starts = (0, size // 2, max(size - _PIECE, 0))
    return marked(str(size).encode(), *(read(start, start + _PIECE) for start in starts))


def file_mark(path: str) -> bytes:
    """The mark of a file: of its length, and of what stands at its beginning, in its middle and at its end."""
    with Path(path).open("rb") as file:

        def read(start: int, stop: int) -> bytes:
            file.seek(start)
            return file.read(stop - start)

        return sampled_mark(os.fstat(file.fileno()).st_size, read)


def array_mark(array: Array) -> bytes:
    """The mark of all that an array holds; of pieces of it, if it is a large memory map."""
    made = hashlib.blake2b(f"{array.dtype.str} {array.shape}".encode(), digest_size=16)
    if array.dtype.hasobject:
        return made.digest()
    array = np.atleast_2d(array)
    rows = max(1, (1 << 22) // max(array[:1].nbytes, 1))
    starts: Iterable[int] = range(0, len(array), rows)
    if isinstance(array, np.memmap) and array.nbytes > _MOST_MAPPED:
        rows = max(1, rows // 16)
        starts = sorted({(len(array) - rows) * n // (_SAMPLES - 1) for n in range(_SAMPLES)})
    for start in starts:
        made.update(np.ascontiguousarray(array[start : start + rows]).view(np.uint8).data)
    return made.digest()


def _picture_mark(image: Any) -> bytes:
    from .pillow import loaded

    held = loaded(image)
    made = hashlib.blake2b(f"{held.mode} {held.size}".encode(), digest_size=16)
    for top in range(0, held.height, 256):
        made.update(held.crop((0, top, held.width, min(top + 256, held.height))).tobytes())
    return made.digest()
