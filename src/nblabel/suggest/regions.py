"""What the segmenters without weights share: a small copy of the place, and an exact edge for what was found in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra

__all__ = [
    "CLICKED_OFF",
    "INSIDE",
    "MAYBE",
    "OUTSIDE",
    "PERHAPS_NOT",
    "Bitmap",
    "Frame",
    "Place",
    "cut_out",
    "found_in",
    "mean",
    "refined",
    "small",
    "tidied",
]

OUTSIDE, CLICKED_OFF, PERHAPS_NOT, MAYBE, INSIDE = range(5)
"""What is known of a pixel before any model is asked."""

Bitmap: TypeAlias = NDArray[np.bool_]
Pixels: TypeAlias = NDArray[np.uint8]
Clicks: TypeAlias = Sequence[tuple[float, float, bool]]
Parts: TypeAlias = Callable[[Bitmap], NDArray[np.integer[Any]]]
"""Numbers connected parts of a mask from 1, and what is outside 0."""
Frame: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels."""
_GUIDE = 2  # radius, in pixels of the small copy, within which colours say where the edge runs
_FLAT = 1e-4  # variance of colours below which there is no edge to follow
_FIRST = 128  # least side of the first place that is looked at around lone clicks
_REACH = 0.2  # and how far it reaches from them, in longer sides of the image
_LEAST = 0.15  # part of a box that a thing in it fills at least
_CORE = 0.25  # radius of a box's middle, in its sides
_ALIKE = 12.0  # distance in RGB below which a colour is the one that was clicked on


class Place(NamedTuple):
    """A part of an image at the size that a segmenter works at.

    Attributes
    ----------
    pixels : uint8 array
        The small copy.
    scale : (float, float)
        Pixels of the copy for one of the image, across and down.
    clicks : sequence of (x, y, positive)
        In pixels of the copy.
    box : Frame or None
        In pixels of the copy.
    open_sides : (bool, bool, bool, bool)
        Which of left, top, right and bottom are cuts through the image, not its edges.
    """

    pixels: Pixels
    scale: tuple[float, float]
    clicks: Clicks
    box: Frame | None
    open_sides: tuple[bool, bool, bool, bool]


def found_in(
    image: Pixels,
    clicks: Clicks,
    box: tuple[float, float, float, float] | None,
    side: int,
    find: Callable[[Place], Bitmap],
) -> Bitmap:
    """What ``find`` finds in as much of the image as it needs, with its edge at the image's own resolution.

    With a box, that is the box with some surroundings. Lone clicks do not say how large the thing is: a place around
    them is looked at first, and a wider one as long as what is found runs out of it.
    """
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    frame = _around(clicks, box, width, height)
    while True:
        place = _place(image, frame, clicks, box, side)
        found = find(place)
        wider = None if box is not None else _wider(found, place, frame, width, height)
        if wider is None:
            break
        frame = wider
    left, top, right, bottom = frame
    mask[top:bottom, left:right] = refined(image[top:bottom, left:right], place, found)
    if box is not None:  # nothing lies outside the box but what was clicked on
        x, y, w, h = box
        inside = np.zeros_like(mask)
        inside[math.floor(y) : math.ceil(y + h), math.floor(x) : math.ceil(x + w)] = True
        if all(inside[int(cy), int(cx)] for cx, cy, on in clicks if on):
            mask &= inside
    return mask


def _around(clicks: Clicks, box: tuple[float, float, float, float] | None, width: int, height: int) -> Frame:
    """Where to look first: clicks beside the thing do not say where it is."""
    on = [(x, y) for x, y, positive in clicks if positive]
    xs, ys = [x for x, _ in on], [y for _, y in on]
    if box is not None:
        x, y, w, h = box
        xs, ys = [x, x + w, *xs], [y, y + h, *ys]
        more_x, more_y = max(0.2 * w, 8.0), max(0.2 * h, 8.0)
    else:
        spread = max(max(xs) - min(xs), max(ys) - min(ys)) / 2
        more_x = more_y = max(spread, _FIRST / 2, _REACH * max(width, height))
    return (
        max(math.floor(min(xs) - more_x), 0),
        max(math.floor(min(ys) - more_y), 0),
        min(math.ceil(max(xs) + more_x), width),
        min(math.ceil(max(ys) + more_y), height),
    )


def _wider(found: Bitmap, place: Place, frame: Frame, width: int, height: int) -> Frame | None:
    """Twice the frame, if what was found runs out of it through a cut; else ``None``."""
    rows, columns = found.shape
    edges = (found[:, 0], found[0], found[:, -1], found[-1])
    lengths = (rows, columns, rows, columns)
    if not any(
        cut and edge.sum() > 0.05 * length for cut, edge, length in zip(place.open_sides, edges, lengths, strict=True)
    ):
        return None
    left, top, right, bottom = frame
    more_x, more_y = (right - left) // 2 + 1, (bottom - top) // 2 + 1
    return max(left - more_x, 0), max(top - more_y, 0), min(right + more_x, width), min(bottom + more_y, height)


def _place(
    image: Pixels, frame: Frame, clicks: Clicks, box: tuple[float, float, float, float] | None, side: int
) -> Place:
    left, top, right, bottom = frame
    pixels = small(image[top:bottom, left:right], side)
    rows, columns = pixels.shape[:2]
    sx, sy = columns / (right - left), rows / (bottom - top)
    moved = [((x - left) * sx, (y - top) * sy, on) for x, y, on in clicks if left <= x < right and top <= y < bottom]
    inner = None
    if box is not None:
        x, y, w, h = box
        x0, y0 = min(round((x - left) * sx), columns - 1), min(round((y - top) * sy), rows - 1)
        inner = (x0, y0, max(round((x + w - left) * sx), x0 + 1), max(round((y + h - top) * sy), y0 + 1))
    height, width = image.shape[:2]
    return Place(pixels, (sx, sy), moved, inner, (left > 0, top > 0, right < width, bottom < height))


def cut_out(place: Place, parts: Parts, cut: Callable[[NDArray[np.int8]], Bitmap]) -> Bitmap:
    """What ``cut`` makes of the marks; asked again with the middle of the box for sure, if next to nothing is left.

    That happens where a thing has the colours of what is around its box.
    """
    found = tidied(cut(marked(place, parts)), place.clicks, parts)
    if place.box is None or any(on for _, _, on in place.clicks):
        return found
    left, top, right, bottom = place.box
    width, height = right - left, bottom - top
    if found.sum() >= _LEAST * width * height:
        return found
    ys, xs = np.ogrid[: found.shape[0], : found.shape[1]]
    across, down = (xs + 0.5 - (left + right) / 2) / width, (ys + 0.5 - (top + bottom) / 2) / height
    marks = marked(place, parts)
    marks[(across**2 + down**2 < _CORE**2) & (marks == MAYBE)] = INSIDE
    return tidied(cut(marks), [*place.clicks, ((left + right) / 2, (top + bottom) / 2, True)], parts)


def marked(place: Place, parts: Parts) -> NDArray[np.int8]:
    """What the prompt says of each pixel of the copy.

    Around lone clicks, it is likely to be what is near, and what has the colour that was clicked on without a break:
    left among the outside, that colour would speak against the thing.
    """
    rows, columns = place.pixels.shape[:2]
    ys, xs = np.ogrid[:rows, :columns]
    marks = np.full((rows, columns), PERHAPS_NOT, np.int8)
    side = max(rows, columns)
    away = [((xs + 0.5 - x) ** 2 + (ys + 0.5 - y) ** 2, on) for x, y, on in place.clicks]
    if place.box is not None:
        left, top, right, bottom = place.box
        marks[:] = OUTSIDE
        marks[top:bottom, left:right] = MAYBE
    else:
        beside = [distance for distance, on in away if on]
        nearest = np.min(beside, axis=0) if beside else np.full((rows, columns), np.inf)
        seeds = nearest <= max(side / 40, 1.5) ** 2
        alike = _alike(place.pixels, seeds) & (nearest <= (0.35 * side) ** 2)
        numbers = parts(alike)
        clicked = np.isin(numbers, np.setdiff1d(numbers[seeds], [0]))
        marks[clicked | (nearest <= (side / 8) ** 2)] = MAYBE
    for distance, on in away:
        marks[distance <= max(side / 80, 1.5) ** 2] = INSIDE if on else CLICKED_OFF
    return marks


def _alike(pixels: Pixels, seeds: Bitmap) -> Bitmap:
    """Pixels with the colours of the seeds, but for noise."""
    smooth = mean(pixels, 1)
    found = smooth[seeds]
    if not len(found):
        return np.zeros(seeds.shape, bool)
    some = found[np.linspace(0, len(found) - 1, min(len(found), 24)).astype(np.intp)]
    apart = np.full(seeds.shape, np.inf)
    for colour in some:
        np.minimum(apart, ((smooth - colour) ** 2).sum(axis=2), out=apart)
    return apart < _ALIKE**2


def small(pixels: Pixels, side: int) -> Pixels:
    """The pixels, shrunk until no side is longer than ``side``."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return np.ascontiguousarray(pixels)
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("the smart tool", "image") from None
    factor = side / max(height, width)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    shrunk = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BOX)
    return np.asarray(shrunk)


# ---- the edge ------------------------------------------------------------------------------------


def refined(pixels: Pixels, place: Place, found: Bitmap) -> Bitmap:
    """A mask of the small copy as one of the pixels it was made of: along its edge, colours decide.

    This is the fast guided filter (He and Sun, 2015): around each pixel of the copy, being inside is fitted as a
    linear function of the colour, and the function is applied to the image's own pixels.
    """
    height, width = pixels.shape[:2]
    rows, columns = found.shape
    if (rows, columns) == (height, width):
        return found
    row_of = np.minimum((np.arange(height) + 0.5) * rows / height, rows - 1).astype(np.intp)
    column_of = np.minimum((np.arange(width) + 0.5) * columns / width, columns - 1).astype(np.intp)
    mask = found[np.ix_(row_of, column_of)]
    near = mean(found.astype(np.float32), 1)
    unsure = ((near > 1e-4) & (near < 1 - 1e-4))[np.ix_(row_of, column_of)]
    ys, xs = np.nonzero(unsure)
    if not ys.size:
        return mask
    slope, base = _fitted(place.pixels.astype(np.float32) / 255, found.astype(np.float32))
    at = _between(
        np.concatenate([slope, base[..., None]], axis=2), (ys + 0.5) * rows / height, (xs + 0.5) * columns / width
    )
    colours = pixels[ys, xs].astype(np.float32) / 255
    mask[ys, xs] = (at[:, :3] * colours).sum(axis=1) + at[:, 3] > 0.5
    return mask


def _fitted(guide: NDArray[Any], inside: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Slope and base of the linear function of the colour that tells, around each pixel, what is inside."""
    mean_i, mean_p = mean(guide, _GUIDE), mean(inside, _GUIDE)
    cov_ip = mean(guide * inside[..., None], _GUIDE) - mean_i * mean_p[..., None]
    products = guide[..., :, None] * guide[..., None, :]
    cov = mean(products.reshape(*guide.shape[:2], 9), _GUIDE).reshape(products.shape)
    cov = cov - mean_i[..., :, None] * mean_i[..., None, :] + _FLAT * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(cov, cov_ip[..., None])[..., 0]
    base = mean_p - (slope * mean_i).sum(axis=2)
    return mean(slope, _GUIDE), mean(base, _GUIDE)


def mean(values: NDArray[Any], radius: int) -> NDArray[Any]:
    """The mean over the square around each pixel, as far as it lies in the array."""
    made = values.astype(np.float64)
    for axis in (0, 1):
        n = values.shape[axis]
        sums = np.concatenate([np.zeros_like(made.take([0], axis)), made.cumsum(axis)], axis)
        high, low = np.minimum(np.arange(n) + radius + 1, n), np.maximum(np.arange(n) - radius, 0)
        shape = [1] * made.ndim
        shape[axis] = n
        made = (sums.take(high, axis) - sums.take(low, axis)) / (high - low).reshape(shape)
    return made


def _between(values: NDArray[Any], y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[Any]:
    """The values at places between pixels, whose centres are at halves."""
    rows, columns = values.shape[:2]
    y, x = np.clip(y - 0.5, 0, rows - 1), np.clip(x - 0.5, 0, columns - 1)
    y0, x0 = y.astype(np.intp), x.astype(np.intp)
    y1, x1 = np.minimum(y0 + 1, rows - 1), np.minimum(x0 + 1, columns - 1)
    fy, fx = (y - y0)[:, None], (x - x0)[:, None]
    upper = values[y0, x0] * (1 - fx) + values[y0, x1] * fx
    lower = values[y1, x0] * (1 - fx) + values[y1, x1] * fx
    between: NDArray[Any] = upper * (1 - fy) + lower * fy
    return between


# ---- what a person means -------------------------------------------------------------------------


def tidied(found: Bitmap, clicks: Clicks, parts: Parts) -> Bitmap:
    """The parts that were clicked on, or the largest ones; without holes, except where a click says so.

    Parameters
    ----------
    found : bool array
        What the segmenter says.
    clicks : sequence of (x, y, positive)
        In its pixels.
    parts : callable
        Numbers connected parts.
    """
    if not found.any():
        return found
    numbers = parts(found)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    hit = {int(numbers[int(y), int(x)]) for x, y, on in clicks if on} - {0}
    kept = sorted(hit) or np.flatnonzero(sizes >= 0.25 * sizes.max()).tolist()
    mask: Bitmap = np.isin(numbers, kept)
    outside = parts(~mask)
    open_ = set(np.unique(np.concatenate([outside[0], outside[-1], outside[:, 0], outside[:, -1]])).tolist())
    open_ |= {int(outside[int(y), int(x)]) for x, y, on in clicks if not on}
    closed: Bitmap = ~np.isin(outside, sorted(open_ - {0}))
    return closed
