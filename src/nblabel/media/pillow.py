"""Files and bytes through Pillow: only formats that are pictures, no warnings, and clear words for what is wrong."""

from __future__ import annotations

import io
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ..errors import MissingExtra
from .base import MediaError
from .origins import Array, Origin, origin_of
from .upright import upright_size

__all__ = ["Header", "header_of", "loaded", "of_inks", "opened", "plain", "require_pillow", "told"]

# Pillow also knows formats that run other programs (EPS), are no pictures (MPEG) or need Windows (WMF).
_COMMON = frozenset(("BMP", "DIB", "GIF", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP"))
_FORMATS = _COMMON | {"AVIF", "ICO", "JPEG2000", "PCX", "PSD", "QOI", "SGI", "TGA"}
_ORIENTATION = 0x0112
_LOADING = threading.RLock()


class Header(NamedTuple):
    """What is known of an image before its pixels are read.

    Attributes
    ----------
    stored : (int, int)
        Width and height as stored.
    orientation : int
        EXIF's, 1 to 8.
    format : str
        Pillow's name of it; empty for what is no file.
    mode : str
        Pillow's name of how pixels are stored.
    animated : bool
        Whether there are more frames or pages than the first.
    deep : bool
        Whether colours have more bits than are shown.
    parts : bool
        Whether tifffile is to read it, as Pillow cannot or not in the same way.
    lossy : bool
        Whether pixels have most likely been changed by compression before.
    """

    stored: tuple[int, int]
    orientation: int = 1
    format: str = ""
    mode: str = ""
    animated: bool = False
    deep: bool = False
    parts: bool = False
    lossy: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image."""
        return upright_size(self.stored, self.orientation)


def require_pillow() -> None:
    """Raise `MissingExtra` where Pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise MissingExtra("images need Pillow, and labeling them", "image") from None


def told(error: BaseException) -> str:
    """An error of a library in one short line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:199] + "…"


@contextmanager
def opened(origin: str | bytes) -> Iterator[tuple[Any, Header]]:
    """The image of a file or of its bytes, whose pixels can be read until the block ends; raises `MediaError`."""
    with _file(origin) as file:
        image = _identified(file, origin if isinstance(origin, str) else "")
        if min(image.size) <= 0:
            raise MediaError("the image has no pixels")
        try:
            header = _header(image, loaded=False)
        except Exception as error:
            raise MediaError(f"the image cannot be read: {told(error)}") from error
        yield image, header


@contextmanager
def _file(origin: str | bytes) -> Iterator[IO[bytes]]:
    if isinstance(origin, bytes):
        yield io.BytesIO(origin)
        return
    try:
        file = Path(origin).open("rb")  # noqa: SIM115 - the caller's errors are not the file's
    except IsADirectoryError:
        raise MediaError(
            "the path is a folder, not an image", "hand in its path alone to label all that is in it"
        ) from None
    except FileNotFoundError:
        raise MediaError(
            f"there is no such file: {origin[:300]!r}", f"the working folder is {str(Path.cwd())!r}"
        ) from None
    except OSError as error:
        if Path(origin).is_dir():  # what Windows says of folders
            raise MediaError("the path is a folder, not an image") from None
        raise MediaError(f"the file cannot be read: {error.strerror or error}") from None
    with file:
        yield file


def _identified(file: IO[bytes], name: str) -> Any:
    from PIL import Image

    try:
        start = file.read(512)
    except OSError as error:
        raise MediaError(f"the file cannot be read: {error.strerror or error}") from None
    if not start:
        raise MediaError("the file is empty")
    if _is_svg(start):
        raise MediaError("an SVG can carry scripts, so it is not shown", "convert it to PNG first")
    Image.preinit()
    tried: set[str] = set()
    for more in (lambda: None, Image.init):  # all formats are loaded only for the less common ones
        more()
        for kind in [one for one in Image.ID if one not in tried]:
            tried.add(kind)
            factory, accept = Image.OPEN[kind]
            if not _allowed(kind, factory, accept, name):
                continue
            fits = accept(start[:16]) if accept else True
            if not fits or isinstance(fits, str):
                continue
            file.seek(0)
            try:
                return factory(file, name)
            except (SyntaxError, IndexError, TypeError, struct.error):  # not of this format after all
                continue
            except Exception as error:
                raise MediaError(f"the image cannot be read: {told(error)}") from error
    raise MediaError("not an image, or of a format that is not known here")


def _allowed(kind: str, factory: Callable[..., Any], accept: Any, name: str) -> bool:
    own = str(getattr(factory, "__module__", "")).partition(".")[0] == "PIL"
    if own and kind not in _FORMATS:
        return False
    # a format without a mark of its own would take anything
    return bool(accept) or Path(name).suffix.lower() == f".{kind.lower()}"


def _is_svg(start: bytes) -> bool:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!doctype", b"<!--")) and b"<svg" in text)


# ---- headers -----------------------------------------------------------------------------------------


def header_of(origin: Origin) -> Header:
    """What an image's file, or a PIL image, says of itself, without reading pixels; raises `MediaError`."""
    if not isinstance(origin, (str, bytes)):
        if min(origin.size) <= 0:
            raise MediaError("the image has no pixels")
        return _header(origin, _is_loaded(origin))
    with opened(origin) as (_, header):
        return header


def _header(image: Any, loaded: bool) -> Header:
    kind = str(getattr(image, "format", None) or "")
    size = (int(image.size[0]), int(image.size[1]))
    deep = image.mode[0] in "IF"
    orientation = 1
    if kind == "PNG" and not loaded:
        orientation, deep = _png(image)
    elif kind == "TIFF":
        if not loaded:  # Pillow turns TIFFs itself when it reads their pixels; their size only since version 11
            tags = image.tag_v2
            size = upright_size((int(tags[256]), int(tags[257])), _valid(tags.get(_ORIENTATION, 1)))
            deep = deep or max(tags.get(258) or (1,)) > 8
    else:
        orientation = _exif_orientation(image.info.get("exif"))
    try:
        animated = kind != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception:  # frames after the first may be broken
        animated = False
    return Header(size, orientation, kind, image.mode, animated, deep, lossy=_is_lossy(image, kind, loaded))


def _valid(value: Any) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif_orientation(raw: Any) -> int:
    """The orientation in a block of EXIF; 1 if the block is broken, of which Pillow would warn."""
    if not isinstance(raw, bytes):
        return 1
    data = raw.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        for n in range(min(count, 1000)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, start + 2 + 12 * n)
            if tag == _ORIENTATION:
                return _valid(value)
    except struct.error:
        pass
    return 1


def _png(image: Any) -> tuple[int, bool]:
    """Orientation and whether colours have 16 bits: Pillow would decode all pixels to find an eXIf chunk after them."""
    raw = image.info.get("exif")
    file = image.fp
    back = file.tell()
    deep = False
    try:
        file.seek(8)
        while True:
            head = file.read(8)
            if len(head) < 8:
                break
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IHDR":
                _, _, bits, _ = struct.unpack(">IIBB", file.read(10))
                deep = bits == 16
                file.seek(length + 4 - 10, os.SEEK_CUR)
            elif kind == b"eXIf" and length <= 1 << 24:
                raw = file.read(length)
                break
            elif kind == b"IEND":
                break
            else:
                file.seek(length + 4, os.SEEK_CUR)
    finally:
        file.seek(back)
    return _exif_orientation(raw), deep


def _is_lossy(image: Any, kind: str, loaded: bool) -> bool:
    if kind == "WEBP" and not loaded:
        back = image.fp.tell()
        image.fp.seek(0)
        start = image.fp.read(4096)
        image.fp.seek(back)
        return b"VP8L" not in start
    return kind in ("JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JPEG2000")


# ---- PIL images that were handed in ------------------------------------------------------------------


def _is_loaded(image: Any) -> bool:
    return not getattr(image, "tile", None)


def loaded(image: Any) -> Any:
    """A PIL image with its pixels, of a file as of its own: one that has not read its file is left so."""
    if _is_loaded(image):
        return image
    origin = origin_of(image)
    if isinstance(origin, str):
        with opened(origin) as (fresh, _):
            fresh.load()
            return fresh
    with _LOADING:  # several threads must not read one file handle
        image.load()
    return image


# ---- colours -----------------------------------------------------------------------------------------


def plain(image: Any, *, opaque: bool = True) -> Any:
    """An image of 8-bit colours in mode L, RGB or RGBA; with ``opaque``, RGBA only where something shines through."""
    mode = image.mode
    clear = "transparency" in image.info
    if mode == "LAB":
        return _from_lab(image)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or clear:
        if mode in ("La", "RGBa"):
            image = image.convert({"La": "LA", "RGBa": "RGBA"}[mode])
        image = image.convert("RGBA")
        return image.convert("RGB") if opaque and image.getextrema()[3] == (255, 255) else image
    if mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


def of_inks(values: Array) -> Array:
    """Cyan, magenta, yellow and black as red, green and blue, as Pillow has them."""
    from PIL import Image

    size = (values.shape[1], values.shape[0])
    return np.asarray(Image.frombytes("CMYK", size, np.ascontiguousarray(values).tobytes()).convert("RGB"))


def _from_lab(image: Any) -> Any:
    try:
        from PIL import ImageCms

        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except Exception as error:  # Pillow may be built without colour management
        raise MediaError(f"the image's Lab colours cannot be converted: {told(error)}") from error
