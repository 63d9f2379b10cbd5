"""Shapes as pixels and pixels as shapes: pure geometry below formats, media and models.

A pixel belongs to a shape if its centre does, by the even-odd rule; of two shapes that share an edge through pixel
centres, the one to the right of (or below) the edge has them, so that none is in both. Sizes are (width, height) as
in `Item.size`, except for ``Mask.size``, which is COCO's (height, width).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .annotations import Box, Keypoints, Mask, Polygon

__all__ = [
    "Bitmap",
    "Outline",
    "Ring",
    "area",
    "bounds",
    "corners",
    "cropped",
    "mask_array",
    "mask_of",
    "polygons_of",
    "rasterize",
    "run_lengths",
    "to_mask",
]

Bitmap: TypeAlias = npt.NDArray[np.bool_]
Ring: TypeAlias = tuple[tuple[float, float], ...]
Outline: TypeAlias = tuple[Ring, tuple[Ring, ...]]
"""An outer ring and its holes."""

_Ints: TypeAlias = npt.NDArray[np.int64]
_CHUNK = 1 << 20  # edges crossing columns, at a time


# ---- run lengths ---------------------------------------------------------------------------------


def run_lengths(array: npt.ArrayLike) -> tuple[int, ...]:
    """Run lengths of a 2-D array down its columns, zeros first, as COCO counts them.

    Examples
    --------
    >>> run_lengths([[0, 1], [1, 1]])
    (1, 3)
    """
    flat = _bitmap(array).T.ravel()
    return _runs_of(np.flatnonzero(flat[1:] != flat[:-1]) + 1, len(flat), bool(len(flat) and flat[0]))


def _runs_of(changes: _Ints, total: int, starts: bool = False) -> tuple[int, ...]:
    """Run lengths from the ascending places in ``(0, total)`` where the value changes."""
    runs = np.diff(changes, prepend=0, append=total).tolist()
    return (0, *runs) if starts else tuple(runs)


def _bitmap(array: npt.ArrayLike) -> Bitmap:
    made = np.asarray(array)
    if made.ndim != 2:
        raise ValueError(f"a mask is an array of two dimensions, not {made.ndim}")
    return made.astype(np.bool_, copy=False)


def mask_of(
    array: npt.ArrayLike,
    label: str = "",
    *,
    at: tuple[int, int] = (0, 0),
    size: tuple[int, int] | None = None,
    **more: Any,
) -> Mask:
    """The mask of a 2-D array, in which every value but 0 belongs to it.

    Parameters
    ----------
    array : array-like
        Rows of pixels.
    label : str
        The mask's label.
    at : (int, int)
        Left and top of the array in an image of ``size``; what lies outside is cut off.
    size : (int, int), optional
        Width and height of the image; those of the array if left out.
    **more
        What else a `Mask` takes: ``field``, ``score`` ...

    Examples
    --------
    >>> mask_of([[1, 1]], "cat", at=(1, 0), size=(3, 2)).counts
    (2, 1, 1, 1, 1)
    """
    made = _bitmap(array)
    if size is None:
        return Mask((made.shape[0], made.shape[1]), run_lengths(made), label, **more)
    (width, height), (x, y) = size, at
    made = made[max(-y, 0) : max(height - y, 0), max(-x, 0) : max(width - x, 0)]
    x, y = max(x, 0), max(y, 0)
    # each column of the part is padded to the image's height; whole columns before and after are zeros
    tall = np.zeros((height, made.shape[1]), dtype=np.bool_)
    tall[y : y + made.shape[0]] = made
    runs = list(run_lengths(tall)) if tall.size else [0]
    runs[0] += x * height
    rest = width * height - sum(runs)
    if len(runs) % 2:
        runs[-1] += rest
    elif rest:
        runs.append(rest)
    return Mask((height, width), tuple(runs), label, **more)


def mask_array(mask: Mask) -> Bitmap:
    """The mask as an array of height × width, true where the mask is.

    Examples
    --------
    >>> mask_array(Mask((2, 2), (1, 3))).astype(int).tolist()
    [[0, 1], [1, 1]]
    """
    height, width = mask.size
    values = np.arange(len(mask.counts)) % 2 == 1
    return np.repeat(values, mask.counts).reshape(width, height).T


def cropped(mask: Mask) -> tuple[int, int, Bitmap]:
    """The part of the mask within its `bounds`, with its left and top: never larger than the mark, whatever the image.

    Examples
    --------
    >>> x, y, part = cropped(Mask((100, 100), (150, 2, 9848)))
    >>> x, y, part.shape
    (1, 50, (2, 1))
    """
    x, y, width, height = (int(n) for n in bounds(mask))
    tall = mask.size[0]
    if not width:
        return 0, 0, np.zeros((0, 0), dtype=np.bool_)
    ends = np.cumsum(mask.counts)
    inside = np.clip(ends - x * tall, 0, width * tall)  # the same runs, as far as they lie in these columns
    runs = np.diff(inside, prepend=0)
    values = np.arange(len(runs)) % 2 == 1
    return x, y, np.repeat(values, runs).reshape(width, tall).T[y : y + height]


def _strokes(mask: Mask) -> tuple[_Ints, _Ints]:
    """Where the runs of ones start and end, down the columns; empty ones are left out."""
    ends = np.cumsum(mask.counts, dtype=np.int64)
    starts, stops = ends[:-1:2], ends[1::2]
    full = stops > starts
    return starts[: len(stops)][full], stops[full]


# ---- measures ------------------------------------------------------------------------------------


def corners(box: Box) -> tuple[tuple[float, float], ...]:
    """The four corners of a box, clockwise from what is top left where it is not rotated.

    Examples
    --------
    >>> corners(Box(0, 0, 4, 2, rotation=90))
    ((3.0, -1.0), (3.0, 3.0), (1.0, 3.0), (1.0, -1.0))
    """
    x, y, width, height = box.x, box.y, box.width, box.height
    if not box.rotation:  # sums of floats are not exact about the centre
        return (x, y), (x + width, y), (x + width, y + height), (x, y + height)
    cos, sin = _turn(box.rotation)
    cx, cy = x + width / 2, y + height / 2
    made = []
    for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        dx, dy = right * width / 2, down * height / 2
        made.append((cx + dx * cos - dy * sin, cy + dx * sin + dy * cos))
    return tuple(made)


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    quarters, rest = divmod(degrees, 90.0)
    if not rest:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters % 4)]
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


def bounds(shape: Box | Polygon | Keypoints | Mask) -> tuple[float, float, float, float]:
    """Left, top, width and height of the smallest upright box around a shape; absent keypoints do not count.

    All are 0 where nothing is there: an empty mask, keypoints that are all absent.

    Examples
    --------
    >>> bounds(Polygon(((1, 2), (5, 2), (3, 7))))
    (1.0, 2.0, 4.0, 5.0)
    """
    if isinstance(shape, Mask):
        return _mask_bounds(shape)
    if isinstance(shape, Box):
        if not shape.rotation:
            return shape.x, shape.y, shape.width, shape.height
        points: Sequence[tuple[float, float]] = corners(shape)
    elif isinstance(shape, Polygon):
        points = shape.points
    else:
        points = [(x, y) for x, y, visible in shape.points if visible]
    if not points:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _mask_bounds(mask: Mask) -> tuple[float, float, float, float]:
    starts, stops = _strokes(mask)
    if not len(starts):
        return 0.0, 0.0, 0.0, 0.0
    height = mask.size[0]
    left, right = int(starts[0]) // height, (int(stops[-1]) - 1) // height + 1
    if bool(np.any((stops - 1) // height > starts // height)):  # a run over a column's end is at its foot and at a head
        top, bottom = 0, height
    else:
        top, bottom = int((starts % height).min()), int(((stops - 1) % height).max()) + 1
    return float(left), float(top), float(right - left), float(bottom - top)


def area(shape: Box | Polygon | Keypoints | Mask) -> float:
    """The area in pixels; 0 for polylines and points.

    Examples
    --------
    >>> area(Polygon(((0, 0), (10, 0), (10, 10), (0, 10)), holes=[((1, 1), (3, 1), (3, 3), (1, 3))]))
    96.0
    """
    if isinstance(shape, Box):
        return shape.width * shape.height
    if isinstance(shape, Mask):
        return float(sum(shape.counts[1::2]))
    if isinstance(shape, Polygon) and shape.closed:
        return max(abs(_signed(shape.points)) - sum(abs(_signed(hole)) for hole in shape.holes), 0.0)
    return 0.0


def _signed(ring: Ring) -> float:
    """The area of a ring, positive if it runs clockwise on the screen."""
    x, y = np.asarray(ring, dtype=np.float64).T
    x, y = x - x[0], y - y[0]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


# ---- shapes to pixels ----------------------------------------------------------------------------


def rasterize(shape: Box | Polygon | Mask, size: tuple[int, int]) -> Bitmap:
    """The pixels whose centres are in a shape, as an array of height × width.

    Parameters
    ----------
    shape : Box, Polygon or Mask
        A polygon is closed; one with holes, or that crosses itself, is filled by the even-odd rule.
    size : (int, int)
        Width and height of the image; what lies outside is cut off.

    Examples
    --------
    >>> rasterize(Box(1, 0, 2, 1), (4, 2)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    return mask_array(to_mask(shape, size))


def to_mask(shape: Box | Polygon | Mask, size: tuple[int, int]) -> Mask:
    """The mask of a shape in an image of ``size`` (width, height), all else about it kept; made without an array.

    Examples
    --------
    >>> to_mask(Box(1, 0, 2, 1, "cat"), (4, 2)).counts
    (2, 1, 1, 1, 3)
    """
    width, height = (int(n) for n in size)
    if isinstance(shape, Mask):
        if shape.size != (height, width):
            raise ValueError(f"the mask's size {shape.size} is not the image's (height, width) {(height, width)}")
        return shape
    if isinstance(shape, Box):
        rings: tuple[Ring, ...] = (corners(shape),)
    elif isinstance(shape, Polygon) and shape.closed:
        rings = (shape.points, *shape.holes)
    else:
        raise ValueError(f"{shape.describe()} has no inside")
    found = [np.empty(0, dtype=np.int64), *_changes(rings, width, height)]
    places, counts = np.unique(np.concatenate(found), return_counts=True)
    places = places[counts % 2 == 1]  # two edges through one gap between centres cancel out
    places = places[places < width * height]
    starts = bool(len(places) and places[0] == 0)
    kept = {name: getattr(shape, name) for name in _KEPT}
    return Mask((height, width), _runs_of(places[starts:], width * height, starts), **kept)


_KEPT = ("label", "id", "field", "attributes", "score", "source", "z", "group", "occluded")


def _changes(rings: Iterable[Ring], width: int, height: int) -> Iterator[_Ints]:
    """Places, counted down the columns, where a walk through the pixels' centres crosses an edge."""
    edges = []
    for ring in rings:
        points = np.asarray(ring, dtype=np.float64)
        edges.append(np.hstack([points, np.roll(points, -1, axis=0)]))
    x0, y0, x1, y1 = np.concatenate(edges).T
    swap = x0 > x1  # so that both sides of a shared edge compute the same crossings
    x0, x1 = np.where(swap, x1, x0), np.where(swap, x0, x1)
    y0, y1 = np.where(swap, y1, y0), np.where(swap, y0, y1)
    first = np.clip(np.ceil(x0 - 0.5), 0, width).astype(np.int64)
    stop = np.clip(np.ceil(x1 - 0.5), 0, width).astype(np.int64)
    lengths = stop - first
    at = 0
    while at < len(lengths):
        total = np.cumsum(lengths[at:])
        part = slice(at, at + max(int(np.searchsorted(total, _CHUNK, side="right")), 1))
        at = part.stop
        n = lengths[part]
        which = np.repeat(np.arange(len(n)), n)
        column = np.arange(len(which)) - np.repeat(np.cumsum(n) - n, n) + first[part][which]
        a, b, c, d = (values[part][which] for values in (x0, y0, x1, y1))
        crossing = b + (column + 0.5 - a) * ((d - b) / np.where(c > a, c - a, 1.0))
        row = np.clip(np.ceil(crossing - 0.5), 0, height).astype(np.int64)
        yield column * height + row


# ---- pixels to outlines --------------------------------------------------------------------------

_EAST, _SOUTH, _WEST, _NORTH = range(4)
# What an outline does at a point between four pixels (1 north-west, 2 north-east, 4 south-west, 8 south-east), the
# mask to its right: directions in and out. Pixels that touch only by their corners are not joined.
_TURNS = (
    (8, _NORTH, _EAST),
    (4, _EAST, _SOUTH),
    (1, _SOUTH, _WEST),
    (2, _WEST, _NORTH),
    (14, _EAST, _NORTH),
    (13, _SOUTH, _EAST),
    (11, _NORTH, _WEST),
    (7, _WEST, _SOUTH),
    (6, _WEST, _NORTH),
    (6, _EAST, _SOUTH),
    (9, _SOUTH, _WEST),
    (9, _NORTH, _EAST),
)


def polygons_of(mask: Mask) -> list[Outline]:
    """The outlines of a mask along the edges of its pixels: rasterizing them gives the mask again.

    One outer ring with its holes for each part of the mask; parts that touch only at corners are separate. Outer
    rings run clockwise, holes the other way.

    Examples
    --------
    >>> polygons_of(mask_of([[1, 1, 0]]))
    [(((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)), ())]
    """
    left, top, part = cropped(mask)
    if not part.size:
        return []
    pad = np.pad(part, 1).astype(np.uint8)
    around = pad[:-1, :-1] + 2 * pad[:-1, 1:] + 4 * pad[1:, :-1] + 8 * pad[1:, 1:]
    found = [np.nonzero(around == code) for code, _, _ in _TURNS]
    y, x = (np.concatenate([places[axis] for places in found]) for axis in (0, 1))
    numbers = [len(places[0]) for places in found]
    come, go = (np.repeat([turn[way] for turn in _TURNS], numbers) for way in (1, 2))
    following = np.empty(len(x), dtype=np.int64)
    for direction in range(4):
        # along one line of the grid, the n-th turn into a direction is followed by the n-th turn out of it
        keys = (x, y) if direction in (_EAST, _WEST) else (y, x)
        order = np.lexsort(keys)
        following[order[go[order] == direction]] = order[come[order] == direction]
    rings = _cycles(following, np.lexsort((x, y)))
    which = np.empty(len(x), dtype=np.int64)
    for n, ring in enumerate(rings):
        which[ring] = n
    points = [
        tuple(zip((x[ring] + float(left)).tolist(), (y[ring] + float(top)).tolist(), strict=True)) for ring in rings
    ]
    outer = _owners(x, y, go, following, which, rings)
    made: dict[int, tuple[Ring, list[Ring]]] = {n: (points[n], []) for n, owner in enumerate(outer) if owner == n}
    for n, owner in enumerate(outer):
        if owner != n:
            made[owner][1].append(points[n])
    return [(ring, tuple(holes)) for ring, holes in made.values()]


def _cycles(following: _Ints, order: _Ints) -> list[_Ints]:
    """The rings of a permutation, from the highest down, each from the leftmost of its highest corners on."""
    step: list[int] = following.tolist()
    seen = bytearray(len(step))
    rings = []
    for start in order.tolist():
        if seen[start]:
            continue
        ring = []
        at = start
        while not seen[at]:
            seen[at] = 1
            ring.append(at)
            at = step[at]
        rings.append(np.array(ring, dtype=np.int64))
    return rings


def _owners(x: _Ints, y: _Ints, go: _Ints, following: _Ints, which: _Ints, rings: Sequence[_Ints]) -> list[int]:
    """The outer ring that each ring belongs to: an outer one to itself.

    From the pixel above the top of a hole, the next edge to the left that has the mask on its right is of the same
    part: of its outer ring, or of another hole, which lies higher.
    """
    wide = int(x.max()) + 1
    north = np.flatnonzero(go == _NORTH)
    ends = y[following[north]]
    long = y[north] - ends
    rows = np.arange(int(long.sum())) - np.repeat(np.cumsum(long) - long, long) + np.repeat(ends, long)
    places = rows * wide + np.repeat(x[north], long)
    order = np.argsort(places)
    places, sides = places[order], np.repeat(which[north], long)[order]
    owners = list(range(len(rings)))
    for n, ring in enumerate(rings):
        start = int(ring[0])
        if go[start] == _EAST:  # the mask is below: an outer ring
            continue
        above = (int(y[start]) - 1) * wide + int(x[start])
        owners[n] = owners[int(sides[np.searchsorted(places, above, side="right") - 1])]
    return owners
