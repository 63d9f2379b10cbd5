"""How values become colours: bands chosen, deep and real numbers stretched to 8 bits, and said so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import NblabelError
from .base import MediaError
from .origins import Array

__all__ = [
    "Look",
    "Range",
    "Stretch",
    "as_image_array",
    "banded",
    "bands_note",
    "bands_of",
    "check_bands",
    "colours",
    "needs_range",
    "range_of",
    "shown_bands",
]

Stretch: TypeAlias = "str | tuple[float, float] | tuple[str, float, float] | None"
_Bytes: TypeAlias = npt.NDArray[np.uint8]
_DEFAULT = (2.0, 98.0)
_SAMPLE = 1 << 20


class Look(NamedTuple):
    """What a user says of how values become colours; checked by `Look.of`."""

    bands: tuple[int, ...] = ()
    stretch: Stretch = None

    @classmethod
    def of(cls, bands: Any, stretch: Any) -> Look:
        """The options ``bands=`` and ``stretch=``; raises `NblabelError` for what is none.

        Examples
        --------
        >>> Look.of((3, 2, 1), ("percentile", 1, 99)).stretch
        ('percentile', 1.0, 99.0)
        """
        chosen: tuple[int, ...] = ()
        if bands is not None:
            listed = tuple(bands) if isinstance(bands, (list, tuple, range, np.ndarray)) else (bands,)
            whole = all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) and one >= 0 for one in listed)
            if len(listed) not in (1, 3) or not whole:
                raise NblabelError(
                    f"bands={bands!r} does not choose bands", "give one or three places from 0: (3, 2, 1)"
                )
            chosen = tuple(int(one) for one in listed)
        return cls(chosen, _stretch(stretch))


def _stretch(given: Any) -> Stretch:
    if given is None or (isinstance(given, str) and given in ("minmax", "full")):
        return given
    try:
        if isinstance(given, str):
            raise TypeError
        parts = list(given)
        if len(parts) == 3 and parts[0] == "percentile":
            low, high = float(parts[1]), float(parts[2])
            if 0 <= low < high <= 100:
                return "percentile", low, high
        elif len(parts) == 2:
            low, high = float(parts[0]), float(parts[1])
            if math.isfinite(low) and math.isfinite(high) and low < high:
                return low, high
    except (TypeError, ValueError):
        pass
    raise NblabelError(
        f"stretch={given!r} does not say how values become colours",
        'give "minmax", "full", (low, high) or ("percentile", low, high) with low below high',
    )


class Range(NamedTuple):
    """The values shown as black and as white, and in words how they were found."""

    low: float
    high: float
    note: str


# ---- what is shown -----------------------------------------------------------------------------------


def as_image_array(array: Array, look: Look) -> Array:
    """The array as (height, width) or (height, width, bands); raises `MediaError` for anything else."""
    if array.dtype.kind not in "buif":
        raise MediaError(f"not an image: an array of the type {array.dtype}")
    if array.ndim not in (2, 3):
        raise MediaError(
            f"not an image: an array of the shape {array.shape}",
            "one image is (height, width) or (height, width, bands)",
        )
    if 0 in array.shape:
        raise MediaError(f"the image has no pixels: an array of the shape {array.shape}")
    if array.ndim == 3 and not look.bands and array.shape[0] in (1, 3, 4) and array.shape[2] > 4:
        raise MediaError(
            f"an array of the shape {array.shape} has its bands first",
            "bands come last: numpy.moveaxis(array, 0, -1); or choose some with bands=",
        )
    check_bands(bands_of(array), look)
    return array


def check_bands(count: int, look: Look) -> None:
    """Raise `MediaError` if a band was asked for that an image of so many does not have."""
    if look.bands and max(look.bands) >= count:
        raise MediaError(f"bands={look.bands} asks for a band that is not there", f"the image has {count}")


def bands_of(array: Array) -> int:
    """How many bands an array has."""
    return int(array.shape[2]) if array.ndim == 3 else 1


def shown_bands(count: int, look: Look) -> tuple[int, ...]:
    """Which of so many bands are shown as grey (one) or as red, green and blue (three)."""
    if look.bands:
        return look.bands
    return (0, 1, 2) if count >= 3 else (0,)


def bands_note(count: int, look: Look, alpha: bool = True) -> str:
    """What is to be said of the choice among so many bands."""
    bands = shown_bands(count, look)
    if count in ((1, 3, 4) if alpha else (1, 3)) and not look.bands:
        return ""
    if bands == tuple(range(count)):
        return ""
    listed = ", ".join(map(str, bands))
    return f"band{'s' if len(bands) > 1 else ''} {listed} of {count}"


# ---- the range ---------------------------------------------------------------------------------------


def needs_range(dtype: np.dtype[Any], look: Look) -> bool:
    """Whether values of this type are stretched."""
    if dtype.kind == "b":
        return False
    return dtype != np.uint8 or look.stretch is not None


def range_of(samples: Sequence[Array], dtype: np.dtype[Any], look: Look, nodata: float | None = None) -> Range | None:
    """Which values become black and white; ``None`` where they are colours as they are.

    Parameters
    ----------
    samples : sequence of arrays
        Values of the shown bands, all or evenly chosen ones.
    dtype : dtype
        Their type.
    look : Look
        What the user said.
    nodata : float, optional
        A value that stands for nothing and is left out.

    Examples
    --------
    >>> range_of([np.arange(101, dtype=np.uint16)], np.dtype(np.uint16), Look())
    Range(low=2.0, high=98.0, note='16 bit, shown from 2 to 98 (2–98 %)')
    """
    if not needs_range(dtype, look):
        return None
    kind = f"{8 * dtype.itemsize} bit" + (" float" if dtype.kind == "f" else "")
    stretch = look.stretch
    if stretch == "full":
        low, high = (0.0, 1.0) if dtype.kind == "f" else (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max))
        return Range(low, high, f"{kind}, shown from {_figure(low)} to {_figure(high)} (all the type can hold)")
    if isinstance(stretch, tuple) and len(stretch) == 2:
        low, high = float(stretch[0]), float(stretch[1])
        return Range(low, high, f"{kind}, shown from {_figure(low)} to {_figure(high)}")
    values = _finite(samples)
    if nodata is not None:
        values = values[values != nodata]
    if not values.size:
        return Range(0.0, 1.0, f"{kind}, no finite values")
    least, most = float(values.min()), float(values.max())
    low, high, how = least, most, "least to greatest"
    if stretch != "minmax":
        a, b = (stretch[1], stretch[2]) if isinstance(stretch, tuple) and len(stretch) == 3 else _DEFAULT
        cut = np.percentile(values[:: 1 + values.size // _SAMPLE], (a, b))
        if cut[1] > cut[0]:  # a few marks on an even ground would be cut off
            low, high, how = float(cut[0]), float(cut[1]), f"{a:g}–{b:g} %"
    return Range(low, high, f"{kind}, shown from {_figure(low)} to {_figure(high)} ({how})")


def _finite(samples: Sequence[Array]) -> Array:
    values = np.concatenate([np.asarray(one).reshape(-1) for one in samples]) if samples else np.zeros(0)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        values = values[np.isfinite(values)]
    return values


def _figure(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def banded(values: Array, look: Look) -> Array:
    """The shown bands only: (h, w), or (h, w, 3)."""
    bands = shown_bands(bands_of(values), look)
    if values.ndim == 2:
        return values
    if len(bands) == 1:
        return values[..., bands[0]]
    if bands == (0, 1, 2):
        return values[..., :3]
    return np.stack([values[..., band] for band in bands], axis=-1)


# ---- colours -----------------------------------------------------------------------------------------


def colours(values: Array, look: Look, limits: Range | None, alpha: bool = True) -> _Bytes:
    """Values as grey (h, w), colours (h, w, 3) or, if the last of four bands is opacity, (h, w, 4), in 8 bits."""
    picked = banded(values, look)
    if picked.ndim == 2 and len(shown_bands(bands_of(values), look)) == 3:
        picked = np.repeat(picked[..., None], 3, axis=2)
    made = _bytes(picked, limits)
    if not alpha or values.ndim != 3 or values.shape[2] != 4 or look.bands:
        return made
    return np.concatenate([made, _opacity(values[..., 3])[..., None]], axis=2)


def _bytes(values: Array, limits: Range | None) -> _Bytes:
    if values.dtype.kind == "b":
        return np.where(values, np.uint8(255), np.uint8(0))
    if limits is None:
        return values.astype(np.uint8, copy=False)
    low, span = limits.low, limits.high - limits.low
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        native = values.astype(values.dtype.newbyteorder("="), copy=False)
        made: _Bytes = _table(native.dtype, low, span)[native.view(f"u{native.dtype.itemsize}")]
        return made
    return _scaled(values, low, span)


def _table(dtype: np.dtype[Any], low: float, span: float) -> _Bytes:
    """The colour of each value that the type can hold, negative ones in the second half."""
    every = np.arange(1 << (8 * dtype.itemsize), dtype=f"u{dtype.itemsize}").view(dtype)
    return _scaled(every, low, span)


def _scaled(values: Array, low: float, span: float) -> _Bytes:
    narrow = values.dtype.itemsize <= 2 or values.dtype == np.float32
    made: npt.NDArray[Any] = values.astype(np.float32 if narrow else np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        made = made - low
        # one value everywhere is grey, whatever it is
        made = made * (255.0 / span) if span > 0 else np.sign(made) * 127.5 + 127.5
        made = np.nan_to_num(np.clip(made + 0.5, 0, 255), nan=0.0)
    return made.astype(np.uint8)


def _opacity(values: Array) -> _Bytes:
    if values.dtype == np.uint8 or values.dtype.kind == "b":
        return _bytes(values, None)
    whole = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    return _scaled(values, 0.0, whole)
