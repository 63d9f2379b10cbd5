"""Pixels as bytes that a browser decodes, without any of the file's metadata but its colour profile."""

from __future__ import annotations

import functools
import io
from typing import Any

from .base import Piece

__all__ = ["encoded"]

_LOSSLESS_BYTES = 12_000_000
"""Up to here pixels stay what they are even where that costs: some tenths of a second for a photo of 4 megapixels."""


@functools.cache
def _has_webp() -> bool:
    from PIL import features

    return bool(features.check("webp"))


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
    exact = not lossy and image.width * image.height * len(image.mode) <= _LOSSLESS_BYTES
    # of colours WebP is smaller and three times as quick as PNG, of grey neither; a build of Pillow may lack it
    webp = image.mode != "L" and _has_webp()
    if image.mode == "RGBA" and webp and not exact:
        image.save(made, "WEBP", quality=92, method=0, **more)
        return Piece(made.getvalue(), {"mime": "image/webp"})
    if exact and webp:
        image.save(made, "WEBP", lossless=True, quality=0, method=0, exact=True, **more)
        return Piece(made.getvalue(), {"mime": "image/webp"})
    if exact or image.mode == "RGBA":
        image.save(made, "PNG", compress_level=1, **more)
        return Piece(made.getvalue(), {"mime": "image/png"})
    image.save(made, "JPEG", quality=92, subsampling=0, **more)
    return Piece(made.getvalue(), {"mime": "image/jpeg"})
