"""Pictures that are labelled: made up, the same on every machine, as hard to compress and to scale as photographs.

They are nearly grey, so that what is saturated on the screen is either a mark of theirs or a box.
"""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any

import numpy as np

Colour = tuple[int, int, int]
Corners = tuple[int, int, int, int]
"""x, y, width, height, in pixels of the picture."""

WIDTH, HEIGHT = 1200, 800
RED: Colour = (255, 0, 0)
"""Of all boxes, where a tool lets one choose."""
# Both keep their colour where a tool takes red for green.
MARKS: tuple[tuple[Corners, Colour], ...] = (
    ((32, 32, 32, 32), (0, 0, 255)),
    ((WIDTH - 64, HEIGHT - 64, 32, 32), (255, 255, 0)),
)
"""Squares of one colour, which tell where on the screen the picture is."""
CLEAR: Corners = (400, 280, 400, 240)
"""No boxes here but the one that is dragged and those that are added."""
HANDLE: Corners = (430, 310, 60, 40)
"""The box that is dragged; the last one of all."""
LARGE = (4000, 3000)
SIGN: Corners = (400, 400, 480, 480)
"""The square of a large picture that tells which one it is."""
SIGNS: tuple[Colour, ...] = ((255, 0, 0), (0, 0, 255), (255, 255, 0), (0, 200, 0), (255, 0, 255), (0, 220, 220))


@cache
def _grain(width: int, height: int, seed: int) -> np.ndarray:
    """Clouds of all sizes down to single pixels."""
    from PIL import Image

    chance = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for size, share in ((400, 12), (80, 10), (16, 8), (4, 6), (1, 5)):
        coarse = chance.standard_normal((-(-height // size), -(-width // size)), np.float32)
        total += share * np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    grey = np.clip(125 + total, 75, 175).astype(np.uint8)
    return np.stack([grey + 3, grey, grey - 4], axis=2)


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


def _square(pixels: np.ndarray, place: Corners, colour: Colour) -> None:
    x, y, width, height = place
    pixels[y : y + height, x : x + width] = colour


def photo() -> bytes:
    """The picture for boxes, as a JPEG."""
    pixels = _grain(WIDTH, HEIGHT, 3).copy()
    for place, colour in MARKS:
        _square(pixels, place, colour)
    return _jpeg(pixels)


def large(number: int) -> bytes:
    """One of many pictures of 12 megapixels, as a JPEG; each has the sign of its number."""
    width, height = LARGE
    pixels = np.roll(_grain(width, height, 5), (number * 211 % height, number * 307 % width), (0, 1))
    _square(pixels, SIGN, sign(number))
    return _jpeg(pixels)


def sign(number: int) -> Colour:
    return SIGNS[number % len(SIGNS)]


def _apart(one: Corners, other: Corners) -> bool:
    return (
        one[0] + one[2] <= other[0]
        or other[0] + other[2] <= one[0]
        or one[1] + one[3] <= other[1]
        or other[1] + other[3] <= one[1]
    )


def boxes(count: int, *, seed: int = 11) -> list[Corners]:
    """Boxes of 8 to 24 pixels all over the picture, and `HANDLE`."""
    chance = random.Random(seed)
    free = (CLEAR, *(place for place, _ in MARKS))
    found: list[Corners] = []
    while len(found) < count - 1:
        width, height = chance.randint(8, 24), chance.randint(8, 24)
        box = (chance.randint(2, WIDTH - width - 2), chance.randint(2, HEIGHT - height - 2), width, height)
        if all(_apart(box, place) for place in free):
            found.append(box)
    return [*found, HANDLE]


def added(number: int) -> Corners:
    """A box that is added, in the clear part."""
    return (640 + number % 4 * 38, 300 + number // 4 % 5 * 42, 28, 24)


def as_dicts(found: list[Corners], **more: Any) -> list[dict[str, Any]]:
    """Boxes as most tools write them."""
    return [{"x": x, "y": y, "width": width, "height": height, **more} for x, y, width, height in found]
