"""The run lengths of other tools: COCO's strings, Label Studio's bit stream, and runs along the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..annotations import Mask
from ..errors import InvalidAnnotation
from ..shapes import Bitmap, cropped, mask_array, mask_of
from .pictures import MOST_PIXELS

__all__ = ["brush_of", "coco_counts", "coco_string", "mask_of_brush", "mask_of_rows", "row_runs"]

_Ints = npt.NDArray[np.int64]


# ---- COCO's strings ------------------------------------------------------------------------------


def coco_string(counts: Sequence[int]) -> str:
    """Run lengths as pycocotools compresses them: differences to the last but one, five bits a sign.

    Examples
    --------
    >>> coco_string((5, 2, 2, 2, 5))
    '52203'
    """
    values = np.asarray(counts, dtype=np.int64)
    left = values.copy()
    left[3:] -= values[1:-2]
    signs: list[npt.NDArray[np.uint8]] = []
    kept: list[npt.NDArray[np.bool_]] = []
    open_ = np.ones(len(left), dtype=np.bool_)
    while open_.any():
        five = left & 0x1F
        left = left >> 5
        more = np.where(five & 0x10, left != -1, left != 0) & open_
        signs.append((five + np.where(more, 0x20, 0) + 48).astype(np.uint8))
        kept.append(open_)
        open_ = more
    if not signs:
        return ""
    return np.stack(signs, axis=1)[np.stack(kept, axis=1)].tobytes().decode("ascii")


def coco_counts(text: str) -> tuple[int, ...]:
    """The run lengths of a string that `coco_string` or pycocotools wrote.

    Examples
    --------
    >>> coco_counts("52203")
    (5, 2, 2, 2, 5)
    """
    what = "counts"
    signs = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8).astype(np.int64) - 48
    if not len(signs):
        return ()
    if signs.min() < 0 or signs.max() > 63:
        raise InvalidAnnotation(what, "has signs that COCO's run lengths do not have")
    last = (signs & 0x20) == 0
    if not last[-1]:
        raise InvalidAnnotation(what, "ends within a run")
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(signs)) - np.repeat(starts, ends - starts + 1)
    if place.max() > 8:
        raise InvalidAnnotation(what, "has a run that no image is large enough for")
    values = np.add.reduceat((signs & 0x1F) << (5 * place), starts)
    values -= np.where(signs[ends] & 0x10, np.int64(1) << (5 * (place[ends] + 1)), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return tuple(values.tolist())


# ---- runs along the rows -------------------------------------------------------------------------


def row_runs(array: Bitmap) -> list[int]:
    """Run lengths along the rows, zeros first.

    Examples
    --------
    >>> row_runs(np.array([[True, False], [False, True]]))
    [0, 1, 2, 1]
    """
    flat = np.ascontiguousarray(array).ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs: list[int] = np.diff(changes, prepend=0, append=len(flat)).tolist()
    return [0, *runs] if len(flat) and flat[0] else runs


def mask_of_rows(
    runs: Sequence[int], width: int, height: int, at: tuple[int, int], size: tuple[int, int], **more: Any
) -> Mask:
    """The mask of run lengths along the rows of a part of an image, zeros first; raises `InvalidAnnotation`."""
    lengths = np.asarray(runs, dtype=np.int64)
    if min(width, height) <= 0 or width * height > MOST_PIXELS or size[0] * size[1] > MOST_PIXELS:
        raise InvalidAnnotation("mask", f"{width} × {height} pixels in {size[0]} × {size[1]} cannot be unpacked")
    if lengths.ndim != 1 or (len(lengths) and lengths.min() < 0) or lengths.sum() != width * height:
        raise InvalidAnnotation("mask", f"its runs do not add up to {width} × {height} pixels")
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return mask_of(flat.reshape(height, width), at=at, size=size, **more)


# ---- Label Studio's bit stream -------------------------------------------------------------------

_WORD = 8
_RUNS = (3, 4, 8, 16)  # bits for the length of a run, less one


def brush_of(mask: Mask) -> list[int]:
    """A mask as Label Studio's brush writes it: the bytes of a bit stream of four equal channels.

    It has the number of values (32 bits), the bits of a value (5) and of four lengths of runs (4 each), then runs:
    a 1, which length follows (2 bits), the length and the value.
    """
    height, width = mask.size
    if width * height >= 1 << 30:
        raise InvalidAnnotation("mask", f"{width} × {height} pixels are more than Label Studio's run lengths count")
    runs = np.asarray(row_runs(mask_array(mask)), dtype=np.int64) * 4
    values = np.arange(len(runs)) % 2 * 255
    parts = np.maximum(-(-runs // (1 << _RUNS[-1])), 0)  # runs that are too long are written in parts
    values = np.repeat(values, parts)
    lengths = np.full(len(values), 1 << _RUNS[-1], dtype=np.int64)
    ends = np.cumsum(parts)[parts > 0] - 1
    lengths[ends] = runs[parts > 0] - (parts[parts > 0] - 1) * (1 << _RUNS[-1])
    sort = np.searchsorted([1 << bits for bits in _RUNS], lengths)
    size = np.asarray(_RUNS)[sort] + 3 + _WORD
    head = (width * height * 4) << 21 | (_WORD - 1) << 16
    for n, bits in enumerate(_RUNS):
        head |= (bits - 1) << (12 - 4 * n)
    start = 32 + 5 + 16
    places = start + np.cumsum(size) - size
    stream = np.zeros(start + int(size.sum()), dtype=np.uint8)
    stream[:start] = [head >> (start - 1 - n) & 1 for n in range(start)]
    for n, bits in enumerate(_RUNS):
        mine = np.flatnonzero(sort == n)
        total = bits + 3 + _WORD
        codes = (4 | n) << (bits + _WORD) | (lengths[mine] - 1) << _WORD | values[mine]
        stream[places[mine][:, None] + np.arange(total)] = codes[:, None] >> np.arange(total - 1, -1, -1) & 1
    return list(np.packbits(stream).tobytes())


def mask_of_brush(rle: Any, size: tuple[int, int], **more: Any) -> Mask:
    """The mask of a brush stroke of Label Studio: the pixels that are more opaque than not (all, where none is)."""
    try:
        data = bytes(rle)
    except (TypeError, ValueError):
        raise InvalidAnnotation("brush", "its rle is not a list of bytes") from None
    width, height = size
    if not 0 < width * height <= MOST_PIXELS:
        raise InvalidAnnotation("brush", f"{width} × {height} pixels cannot be unpacked")
    values, lengths = _runs(data, width * height * 4)
    ends = np.cumsum(lengths) // 4  # of the four channels only the last counts
    lengths = np.diff(ends, prepend=0)
    opaque = values >= min(128, max(int(values.max()), 1))
    starts = np.flatnonzero(opaque[1:] != opaque[:-1]) + 1
    runs = np.add.reduceat(lengths, np.concatenate([[0], starts]))
    return mask_of_rows([0, *runs] if opaque[0] else runs.tolist(), width, height, (0, 0), size, **more)


def _runs(data: bytes, wanted: int) -> tuple[_Ints, _Ints]:
    """Values and how often each stands in the stream, which must hold as many as are wanted."""
    total = len(data) * 8
    at = 0

    def read(bits: int) -> int:
        nonlocal at
        end = at + bits
        if end > total:
            raise InvalidAnnotation("brush", "its rle ends too early")
        part = int.from_bytes(data[at >> 3 : (end + 7) >> 3], "big") >> (-end & 7)
        at = end
        return part & ((1 << bits) - 1)

    number = read(32)
    if number != wanted:
        raise InvalidAnnotation("brush", f"its rle holds {number} values, not the image's {wanted}")
    word = read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    lengths: list[int] = []
    done = 0
    while done < number:
        run = read(1)
        n = read(sizes[read(2)]) + 1
        if run:
            values.append(read(word))
            lengths.append(n)
        else:
            values += [read(word) for _ in range(n)]
            lengths += [1] * n
        done += n
    lengths[-1] -= done - number
    return np.asarray(values, dtype=np.int64), np.asarray(lengths, dtype=np.int64)


def crop_runs(mask: Mask) -> tuple[int, int, int, int, list[int]]:
    """Left, top, width and height of a mask's bounds, and its runs along their rows; all zero for an empty one."""
    x, y, part = cropped(mask)
    return x, y, part.shape[1], part.shape[0], row_runs(part)
