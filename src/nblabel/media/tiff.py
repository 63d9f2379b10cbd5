"""TIFF files through tifffile: any number of bands and bits, and of large ones only the tiles that are looked at."""

from __future__ import annotations

import importlib.util
import io
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from .base import MediaError
from .origins import Array
from .pillow import Header, of_inks, told
from .rasters import Raster
from .upright import Rect

__all__ = ["TiffRaster", "UnknownTiff", "has_tifffile", "is_tiff"]

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SEGMENTS = 48 << 20
"""Decoded tiles are kept up to here."""
_LARGEST_SEGMENT = 256 << 20
_PLAIN = {0, 1, 2, 3, 5, 6}
"""White is zero, black is zero, RGB, palette, CMYK, YCbCr."""
_LOSSY = {6, 7, 33003, 33005, 33007, 34712, 34887, 34892, 50001, 50002}
_COMMON = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
"""Compressions that every build of Pillow reads."""
_MOST_PAGES = 40


class UnknownTiff(MediaError):
    """A sound TIFF whose colours are not read here."""


def is_tiff(origin: str | bytes) -> bool:
    """Whether a file begins as a TIFF."""
    if isinstance(origin, bytes):
        return origin[:4] in _MAGIC
    try:
        with Path(origin).open("rb") as file:
            return file.read(4) in _MAGIC
    except OSError:
        return False


def has_tifffile() -> bool:
    """Whether tifffile is installed."""
    return importlib.util.find_spec("tifffile") is not None


class TiffRaster(Raster):
    """A TIFF file, read tile by tile or strip by strip; its first page, with the smaller copies that it holds."""

    def __init__(self, origin: str | bytes) -> None:
        import tifffile

        try:
            self._file = tifffile.TiffFile(io.BytesIO(origin) if isinstance(origin, bytes) else origin)
        except Exception as error:
            raise MediaError(f"the TIFF cannot be read: {told(error)}") from error
        self._closed = weakref.finalize(self, self._file.close)
        try:
            self._pages = self._levels()
            self._understood()
        except MediaError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise MediaError(f"the TIFF cannot be read: {told(error)}") from error
        self._maps: dict[int, Array] = {}
        self._segments: OrderedDict[tuple[int, int], Array | None] = OrderedDict()
        self._held = 0

    def _levels(self) -> list[Any]:
        """The first page and its smaller copies: sub-images, reduced pages, levels of slide scanners."""
        pages = self._file.pages
        first: Any = pages[0]
        found: list[Any] = list(first.pages or ()) if first.subifds else []
        if self._file.is_svs or self._file.is_ndpi or self._file.is_scn or self._file.is_bif:
            found += [level.keyframe for level in self._file.series[0].levels[1:]]
        else:
            for number in range(1, _MOST_PAGES):
                try:
                    page: Any = pages[number]
                except IndexError:
                    break
                if not page.is_reduced:
                    break
                found.append(page)
        width, height = first.imagewidth, first.imagelength
        kept = {width: first}
        for page in found:
            same = page.dtype == first.dtype and page.samplesperpixel == first.samplesperpixel
            shape = abs(width / max(page.imagewidth, 1) - height / max(page.imagelength, 1))
            if same and page.imagewidth < width and shape * page.imagewidth / width < 0.05:
                kept.setdefault(page.imagewidth, page)
        return [kept[one] for one in sorted(kept, reverse=True)]

    def _understood(self) -> None:
        page = self._pages[0]
        self.levels = tuple((int(one.imagewidth), int(one.imagelength)) for one in self._pages)
        if min(self.levels[0]) <= 0:
            raise MediaError("the image has no pixels")
        if page.imagedepth > 1:
            raise MediaError("the TIFF holds a volume, which is no image", "hand in its slices as arrays")
        if int(page.photometric) not in _PLAIN or page.dtype is None:
            raise UnknownTiff(f"the TIFF's colours ({page.photometric}, {page.bitspersample} bit) are not known here")
        if int(page.photometric) == 6 and int(page.compression) not in (6, 7):
            raise UnknownTiff("the TIFF's YCbCr colours are not known to tifffile")
        width, height = self.levels[0]
        self.scales = tuple(_scale(width, height, *size) for size in self.levels)
        orientation = page.tags.get(274)
        value = orientation.value if orientation is not None else 1
        self.orientation = int(value) if isinstance(value, int) and 1 <= value <= 8 else 1
        self.bands = int(page.samplesperpixel)
        self.bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
        self._compression = int(page.compression)
        self._palette = page.colormap if int(page.photometric) == 3 else None
        self._cmyk = int(page.photometric) == 5 and self.bands >= 4 and page.dtype == np.uint8
        self._samples = self.bands
        self.bands = 3 if self._cmyk or self._palette is not None else self.bands
        self.dtype = np.dtype(np.uint8) if self._palette is not None else np.dtype(page.dtype).newbyteorder("=")
        self.alpha = any(int(one) in (1, 2) for one in page.extrasamples)
        self.lossy = int(page.compression) in _LOSSY
        profile = page.tags.get(34675)
        self.profile = profile.value if profile is not None and self.dtype == np.uint8 and self.bands >= 3 else None
        self.note = "first page" if self._more_pages() else ""
        self.nodata = float(page.nodata) if page.tags.get(42113) is not None else None

    def _more_pages(self) -> bool:
        """Whether there are pages after the first that are no smaller copies of it."""
        try:
            after: Any = self._file.pages[1 if self._pages[0].subifds else len(self._pages)]
        except IndexError:
            return False
        return not after.is_reduced and not self._file.is_svs

    @property
    def header(self) -> Header:
        """What is known of it before its pixels are read."""
        deep = self.bits > 8 or self.dtype.kind == "f"
        return Header(self.levels[0], self.orientation, "TIFF", "", bool(self.note), deep, parts=True, lossy=self.lossy)

    @property
    def simple(self) -> bool:
        """Whether Pillow shows it in the same way."""
        page = self._pages[0]
        known = self.bits <= 8 and page.dtype.kind in "bu" and self._compression in _COMMON
        return known and (page.samplesperpixel in (1, 3) or (page.samplesperpixel == 4 and (self.alpha or self._cmyk)))

    @property
    def tiled(self) -> bool:
        """Whether a part can be read without the whole."""
        page = self._pages[0]
        many = int(np.prod(page.chunks)) * page.dtype.itemsize
        return many <= _LARGEST_SEGMENT or self._mappable(page)

    def _mappable(self, page: Any) -> bool:
        return bool(page.is_memmappable and self._file.filehandle.is_file)

    def close(self) -> None:
        """Let go of the file."""
        self._closed()

    # ---- values

    def values(self, level: int, box: Rect) -> Array:
        """The values within a rectangle of a level, from the tiles that it touches."""
        page = self._pages[level]
        try:
            made = self._mapped(level, page, box) if self._mappable(page) else self._assembled(level, page, box)
        except MediaError:
            raise
        except Exception as error:
            raise MediaError(
                f"the TIFF cannot be decoded: {told(error)}", "pip install 'nblabel[tiles]' reads more compressions"
            ) from error
        return self._interpreted(made, page)

    def _mapped(self, level: int, page: Any, box: Rect) -> Array:
        if level not in self._maps:
            kind = np.dtype(page.dtype).newbyteorder(self._file.byteorder)
            self._maps[level] = self._file.filehandle.memmap_array(kind, page.shape, page.dataoffsets[0])
        left, top, right, bottom = box
        whole = self._maps[level]
        if page.axes.startswith("S"):
            return np.moveaxis(whole[:, top:bottom, left:right], 0, -1)
        return np.asarray(whole[top:bottom, left:right])

    def _assembled(self, level: int, page: Any, box: Rect) -> Array:
        left, top, right, bottom = box
        planes = self._samples if int(page.planarconfig) == 2 else 1
        each = 1 if planes > 1 else self._samples
        tall = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
        wide = page.tilewidth if page.is_tiled else page.imagewidth
        across, down = -(-page.imagewidth // wide), -(-page.imagelength // tall)
        made = np.full((bottom - top, right - left, planes * each), page.nodata, dtype=page.dtype)
        for row in range(top // tall, -(-bottom // tall)):
            for column in range(left // wide, -(-right // wide)):
                for plane in range(planes):
                    part = self._segment(level, page, (plane * down + row) * across + column)
                    if part is None:  # nothing was written there
                        continue
                    x, y = column * wide, row * tall
                    x0, x1 = max(left, x), min(right, x + part.shape[1])
                    y0, y1 = max(top, y), min(bottom, y + part.shape[0])
                    if x0 < x1 and y0 < y1:
                        made[y0 - top : y1 - top, x0 - left : x1 - left, plane * each : (plane + 1) * each] = part[
                            y0 - y : y1 - y, x0 - x : x1 - x
                        ]
        return made[..., 0] if made.shape[2] == 1 else made

    def _segment(self, level: int, page: Any, index: int) -> Array | None:
        key = level, index
        if key in self._segments:
            self._segments.move_to_end(key)
            return self._segments[key]
        made = None
        if page.databytecounts[index]:
            handle = self._file.filehandle
            handle.seek(page.dataoffsets[index])
            data = handle.read(page.databytecounts[index])
            if len(data) < page.databytecounts[index]:
                raise MediaError("the image is broken: the file ends too early")
            more = {"jpegheader": page.jpegheader} if self._file.is_ndpi else {}
            found = page.decode(data, index, jpegtables=page.jpegtables, **more)[0]
            made = None if found is None else found.reshape(found.shape[-3:])
        self._segments[key] = made
        self._held += 0 if made is None else made.nbytes
        while self._held > _SEGMENTS and len(self._segments) > 1:
            _, old = self._segments.popitem(last=False)
            self._held -= 0 if old is None else old.nbytes
        return made

    def _interpreted(self, values: Array, page: Any) -> Array:
        """Values whose zero is black, without palettes and inks."""
        if self._palette is not None:
            index = values if values.ndim == 2 else values[..., 0]
            table = np.asarray(self._palette)
            return (table[:, index.astype(np.intp) % table.shape[1]] >> 8).astype(np.uint8).transpose(1, 2, 0)
        if self._cmyk:
            return of_inks(values[..., :4])
        if values.dtype.kind == "u" and self.bits < 8:
            values = (values.astype(np.uint16) * 255 // ((1 << self.bits) - 1)).astype(np.uint8)
        if int(page.photometric) == 0:
            if values.dtype.kind == "b":
                return ~values
            if values.dtype.kind == "u":
                top = (1 << self.bits) - 1 if self.bits > 8 else 255
                return (top - values).astype(values.dtype)
        return values


def _scale(width: int, height: int, wide: int, high: int) -> float:
    """How many pixels one of a smaller copy stands for: a whole number, wherever its size allows one."""
    whole = round(width / wide)
    if abs(width / whole - wide) <= 1 and abs(height / whole - high) <= 1:
        return float(whole)
    return width / wide
