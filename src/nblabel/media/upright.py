"""EXIF's eight orientations: how an image that was stored turned or mirrored is set upright, once."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Rect", "stored_box", "turned", "upright_size"]

Rect: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom."""

# By orientation: the name of the PIL transposition that sets the image upright.
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height of the upright image, from those that are stored."""
    return (size[1], size[0]) if orientation in (5, 6, 7, 8) else size


def turned(image: Any, orientation: int) -> Any:
    """A PIL image set upright."""
    name = _TURNS.get(orientation)
    if name is None:
        return image
    from PIL import Image

    return image.transpose(getattr(Image.Transpose, name))


def stored_box(box: Rect, size: tuple[int, int], orientation: int) -> Rect:
    """Where a box of the upright image stands in the stored one, whose width and height are ``size``.

    Examples
    --------
    >>> stored_box((0, 0, 10, 20), (100, 50), 6)
    (0, 40, 20, 50)
    """
    left, top, right, bottom = box
    if orientation in (5, 6, 7, 8):
        left, top, right, bottom = top, left, bottom, right
    width, height = size
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
