"""What formats for images share: which images are written, under what names, and how large they are."""

from __future__ import annotations

import io
import math
import os
import re
import urllib.parse
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from ..annotations import AnyAnnotation
from ..errors import FormatError, InvalidAnnotation, MissingExtra
from ..records import Item, Labelled, Status
from .base import Log, StrPath

__all__ = [
    "IMAGES",
    "MOST_PIXELS",
    "Picture",
    "Sizes",
    "array_of",
    "image_size",
    "item_name",
    "number",
    "only_one",
    "path_of",
    "pictures",
    "places",
    "plain_name",
    "png_of",
    "safe_name",
    "share",
    "short",
    "size_of",
    "within",
]

_ENDINGS = "avif bmp dib gif heic heif ico j2k jfif jp2 jpe jpeg jpg pbm pgm png pnm ppm qoi tga tif tiff webp"
IMAGES = frozenset(f".{ending}" for ending in _ENDINGS.split())
"""Endings of image files."""
MOST_PIXELS = 1 << 29
"""No mask of a file is unpacked into more than that."""

Sizes: TypeAlias = "Mapping[str, tuple[int, int]] | Callable[[str], tuple[int, int] | None] | None"
"""Width and height by the name of an image, for files that do not say it."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')


Shown = TypeVar("Shown", bound="Picture")

# ---- names and sizes -----------------------------------------------------------------------------


class Picture(msgspec.Struct, frozen=True):
    """An image on its way into a file: its row, the name it has there, and its size where it is known."""

    what: ClassVar[str] = "image"

    row: Labelled
    name: str
    size: tuple[int, int] | None

    @property
    def key(self) -> Hashable:
        """The item's key."""
        return self.row.item.key

    @property
    def annotations(self) -> tuple[AnyAnnotation, ...]:
        """All that was said of it."""
        return self.row.response.annotations

    @property
    def slot(self) -> tuple[Hashable, str]:
        """Where `Meta` holds what was read besides."""
        return self.key, self.row.response.annotator


def path_of(item: Item) -> str | None:
    """The path that an item was handed in as, with slashes; ``None`` for one without a path."""
    data = item.data
    if isinstance(data, os.PathLike):
        data = os.fsdecode(data)
    if isinstance(data, str) and 0 < len(data) < 4096 and data[:5].lower() != "data:" and "\n" not in data:
        return data.replace(os.sep, "/").removeprefix("./")
    return None


def item_name(item: Item) -> str:
    """The path of an item's image as it was handed in; for one without a path its key, with an image's ending.

    Examples
    --------
    >>> item_name(Item(7, "photos/cat.jpg")), item_name(Item(7, b"..."))
    ('photos/cat.jpg', '7.png')
    """
    path = path_of(item)
    if path is not None:
        return path
    name = str(item.key).replace(os.sep, "/")
    return name if PurePosixPath(name).suffix.lower() in IMAGES else f"{name}.png"


def pictures(
    rows: Iterable[Labelled], log: Log, statuses: Sequence[Status], *, sized: bool = True, several: bool = False
) -> Iterator[Picture]:
    """The images that are written, one answer for each; what their responses have besides is noted.

    Parameters
    ----------
    rows : iterable of Labelled
        What is to be written.
    log : Log
        Takes the notes.
    statuses : sequence of str
        Which responses are written.
    sized : bool
        Whether images whose size is not known are left out.
    several : bool
        Whether the format holds several answers of one image.
    """
    seen: dict[str, str] = {}
    for row in log.only(rows, statuses):
        name = item_name(row.item)
        said = row.response
        if not several:
            if name in seen:
                log.drop(row.item.key, "", f"the answer of {said.annotator!r} is not written: {seen[name]!r} has one")
                continue
            seen[name] = said.annotator
            for what, known in (("comment", said.comment), ("flag", said.flagged)):
                if known:
                    log.drop(row.item.key, "", f"its {what} is not written")
        size = row.item.size
        if sized and size is None:
            log.drop(row.item.key, "", row.item.problem or "the size of the image is not known, so it is left out")
            continue
        yield Picture(row, name, size)


def safe_name(name: str) -> str:
    """The name as a path below any folder: no root, no way up, no signs that file systems refuse.

    Examples
    --------
    >>> safe_name("../../photos/a:b.jpg"), safe_name("C:/x.png")
    ('photos/a_b.jpg', 'C_/x.png')
    """
    parts = [part.strip() for part in _ODD.sub("_", name.replace("\\", "/")).split("/")]
    kept = [_short(part) for part in parts if part not in ("", ".", "..")]
    return "/".join(kept) or "_"


def _short(part: str) -> str:
    """A file's name that no file system finds too long; its ending stays."""
    if len(part.encode()) <= 200:
        return part
    stem, dot, ending = part.rpartition(".")
    ending = dot + ending if dot and len(ending) <= 10 else ""
    return (stem or part).encode()[: 200 - len(ending.encode())].decode(errors="ignore") + ending


def within(names: Iterable[str]) -> dict[str, str]:
    """Where each image lies below the folder that all of them share, by name."""
    paths = {name: PurePosixPath(name) for name in names}
    absolute = [path for path in paths.values() if path.is_absolute()]
    shared = os.path.commonpath([str(path.parent) for path in absolute]) if absolute else ""
    made = {}
    for name, path in paths.items():
        inner = str(path.relative_to(shared)) if path.is_absolute() else name
        made[name] = safe_name(inner)
    return made


def pillow(feature: str) -> Any:
    """The package that opens images."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra(feature, "image") from None
    return Image


def plain_name(name: str) -> str:
    """The path that a URL or a path of Label Studio's own storage leads to.

    Examples
    --------
    >>> plain_name("/data/local-files/?d=photos/a%20b.jpg"), plain_name("https://x.org/a.jpg?size=1")
    ('photos/a b.jpg', '/a.jpg')
    """
    if name.startswith("/data/local-files/"):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(name).query)
        return query.get("d", [name])[0]
    if _URL.match(name):
        return urllib.parse.unquote(urllib.parse.urlsplit(name).path)
    return name


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height of an image file as it is shown, from its header; ``None`` if it is none."""
    module = pillow("the size of images")
    try:
        with module.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112) in (5, 6, 7, 8)
    except Exception:  # a decoder may do anything with a file that is none
        return None
    return (height, width) if turned else (width, height)


def png_of(array: npt.NDArray[Any], palette: Sequence[int] | None = None) -> bytes:
    """An array of one channel as a PNG file: 8 bits or 16, with a palette of r, g, b, r, ... if there is one."""
    image = pillow("PNG masks").fromarray(np.ascontiguousarray(array))
    if palette is not None:
        image.putpalette(list(palette))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def array_of(raw: bytes, what: str) -> tuple[npt.NDArray[Any], list[int] | None]:
    """The pixels of a PNG file as they are stored, and its palette; raises `InvalidAnnotation`."""
    pillow("PNG masks")
    from PIL import PngImagePlugin

    try:
        # opened as what it must be: no other decoder is tried, and the limit is ours
        with PngImagePlugin.PngImageFile(io.BytesIO(raw)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise InvalidAnnotation(what, f"{width} × {height} pixels cannot be unpacked")
            return np.asarray(image), image.getpalette() if image.mode == "P" else None
    except InvalidAnnotation:
        raise
    except Exception as error:  # a decoder may do anything with a damaged file
        raise InvalidAnnotation(what, f"is no PNG image that can be read: {error}") from None


def size_of(name: str, sizes: Sizes) -> tuple[int, int] | None:
    """The size that the caller gave for an image: by its name, its file name, or its name without ending."""
    if sizes is None:
        return None
    path = PurePosixPath(name)
    for one in dict.fromkeys((name, path.name, str(path.with_suffix("")) if path.name else name, path.stem)):
        found = sizes(one) if callable(sizes) else sizes.get(one)
        if found is not None:
            width, height = found
            return int(width), int(height)
    return None


# ---- numbers -------------------------------------------------------------------------------------


def number(value: Any, what: str) -> float:
    """A finite number of a file, also where it stands there as text; raises `InvalidAnnotation`."""
    try:
        if isinstance(value, bool) or value is None:
            raise ValueError
        made = float(value)
    except (TypeError, ValueError, OverflowError):
        shown = repr(value)
        raise InvalidAnnotation(what, f"{shown if len(shown) < 60 else shown[:60] + '...'} is not a number") from None
    if not math.isfinite(made):
        raise InvalidAnnotation(what, f"{made} is not a finite number")
    return made


def share(value: float, side: float, full: float = 1.0) -> float:
    """A place as a share of a side, which is ``full``: the one that reads as the same place again, if there is one.

    Examples
    --------
    >>> share(12.1, 64) * 64
    12.1
    """
    made = value / side * full
    for near in (made, math.nextafter(made, math.inf), math.nextafter(made, -math.inf)):
        if near / full * side == value:
            return near
    return made


def short(value: float) -> str:
    """A number in as few digits as say it exactly.

    Examples
    --------
    >>> short(10.0), short(0.1)
    ('10', '0.1')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def only_one(shown: Sequence[Shown], path: StrPath) -> Shown:
    """The item of a file that can hold one."""
    if len(shown) != 1:
        raise FormatError(
            f"{os.fspath(path)} would hold one {shown[0].what if shown else 'item'}, and there are {len(shown)}",
            "give a folder",
        )
    return shown[0]


def places(shown: Sequence[Picture], ending: str, log: Log) -> dict[str, PurePosixPath]:
    """Where the file of each image lies in a folder, by the image's name; one that another has taken is noted."""
    inner = within(one.name for one in shown)
    made: dict[str, PurePosixPath] = {}
    taken: dict[str, str] = {}
    for picture in shown:
        place = PurePosixPath(inner[picture.name]).with_suffix(ending)
        other = taken.setdefault(str(place).lower(), picture.name)
        if other != picture.name:
            log.drop(picture.key, "", f"its labels would be written to the file of {other!r}; left out")
        else:
            made[picture.name] = place
    return made
