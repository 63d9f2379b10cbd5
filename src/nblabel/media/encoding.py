"""Pixels as bytes that a browser decodes, without any of the file's metadata but its colour profile."""

from __future__ import annotations

import io
from typing import Any

from .base import Piece

__all__ = ["encoded"]

_LOSSLESS_PIXELS = 1 << 22
"""Up to here pixels stay what they are even where that costs: about a second for a photograph of 4 megapixels."""


def encoded(image: Any, *, lossy: bool, profile: bytes | None = None) -> Piece:
    """A PIL image of mode L, RGB or RGBA as a file.

    Parameters
    ----------
    image : PIL image
        Upright, in 8 bits.
    lossy : bool
        Whether its pixels were changed by compression before, so that a little more does no harm.
    profile : bytes, optional
        The ICC profile that its colours are meant in.
    """
    made = io.BytesIO()
    more: dict[str, Any] = {"icc_profile": profile} if profile and image.mode != "L" else {}
    small = image.mode == "L" or image.width * image.height <= _LOSSLESS_PIXELS
    plain = image.mode == "RGBA" or (small and not lossy)
    if plain:
        image.save(made, "PNG", compress_level=1, **more)
        return Piece(made.getvalue(), {"mime": "image/png"})
    image.save(made, "JPEG", quality=92, subsampling=0, **more)
    return Piece(made.getvalue(), {"mime": "image/jpeg"})
