"""Tiles of spectrograms: 256 columns of time by 256 rows of frequency, in steps of 0.39 dB."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .audio_decoders import Floats

__all__ = ["COLUMNS", "FLOOR", "ROWS", "WINDOWS", "column_centres", "hop_of", "spectrum_tile"]

COLUMNS = 256
ROWS = 256
WINDOWS = range(7, 14)
FLOOR = -100.0
"""In dB: what is shown as nothing."""
_MOST_SECONDS = 120.0
"""Tiles of longer stretches are made of one window a column, decoded on its own."""
_BATCH = 1 << 20

Read = Callable[[int, int], Floats]
"""Frames ``[start, stop)`` of one channel as (n,), fewer where there are no more."""


def hop_of(window: int, level: int) -> int:
    """Frames a column covers.

    Examples
    --------
    >>> hop_of(10, 0), hop_of(10, 3)
    (256, 2048)
    """
    return (1 << window) // 4 << level


def column_centres(window: int, level: int, first: int, columns: int, *, sparse: bool = False) -> npt.NDArray[np.int64]:
    """The middles of the windows of some columns as (columns, windows a column).

    A column that is wider than half a window has several, evenly spread, of which the greatest counts; a sparse one has
    one, in its middle.
    """
    hop = hop_of(window, level)
    count = 1 if sparse else max(2 * hop >> window, 1)
    starts = (first + np.arange(columns, dtype=np.int64)) * hop
    inner = (2 * np.arange(count, dtype=np.int64) + 1) * hop // (2 * count)
    made: npt.NDArray[np.int64] = starts[:, None] + inner
    return made


def spectrum_tile(
    read: Read, frames: int, rate: int, *, window: int, mel: bool, level: int, tile: int
) -> tuple[npt.NDArray[np.uint8], int]:
    """A tile as (256 rows from low to high, 256 columns), and how many columns there are.

    Each value is the power of a Hann window, 255 for a full-scale sine and 0 for 100 dB less; a row that covers several
    bins shows the greatest, one that is narrower than a bin what lies between two. Where a tile covers at most two
    minutes every sample is looked at; where it covers more, a column shows one window in its middle only, so that short
    sounds may be missing until one zooms in.

    Parameters
    ----------
    read : callable
        Frames of one channel.
    frames, rate : int
        Of the recording.
    window : int
        Logarithm of the window's length to the base 2.
    mel : bool
        Whether rows are evenly spread on the mel scale, and not in hertz.
    level, tile : int
        Which tile: a column of a level covers twice that of the one below.
    """
    hop, size = hop_of(window, level), 1 << window
    first = tile * COLUMNS
    columns = min(max(-(-frames // hop) - first, 0), COLUMNS)
    made = np.zeros((ROWS, COLUMNS), dtype=np.uint8)
    if not columns:
        return made, 0
    sparse = columns * hop > _MOST_SECONDS * rate and hop > size
    centres = column_centres(window, level, first, columns, sparse=sparse)
    step = max(_BATCH // (size * centres.shape[1]), 1)
    rows = _rows(window, mel, rate)
    for at in range(0, columns, step):
        some = centres[at : at + step]
        windows = _sparse(read, some.reshape(-1), size) if sparse else _dense(read, some.reshape(-1), size)
        power = _powers(windows).reshape(*some.shape, -1).max(axis=1)
        levels = 10.0 * np.log10(np.maximum(_rowed(power, rows), 1e-12))
        scaled = (levels - FLOOR) * (255.0 / -FLOOR)
        made[:, at : at + len(some)] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8).T
    return made, columns


def _dense(read: Read, centres: npt.NDArray[np.int64], size: int) -> Floats:
    """The windows around these middles, from one stretch."""
    start, stop = int(centres[0]) - size // 2, int(centres[-1]) + size // 2
    stretch = _padded(read, start, stop)
    views = np.lib.stride_tricks.sliding_window_view(stretch, size)
    made: Floats = views[centres - size // 2 - start]
    return made


def _sparse(read: Read, centres: npt.NDArray[np.int64], size: int) -> Floats:
    """The same, each read on its own."""
    return np.stack([_padded(read, int(c) - size // 2, int(c) + size // 2) for c in centres])


def _padded(read: Read, start: int, stop: int) -> Floats:
    """A stretch that may reach beyond both ends, where it is silent."""
    made = np.zeros(stop - start, dtype=np.float32)
    if stop > 0:
        found = read(max(start, 0), stop)
        made[max(-start, 0) : max(-start, 0) + len(found)] = np.nan_to_num(found, posinf=0.0, neginf=0.0)
    return made


def _powers(windows: Floats) -> npt.NDArray[np.float64]:
    """The power at each frequency; 1 for a sine of full scale."""
    shape = _hann(windows.shape[1])
    found = np.fft.rfft(windows * shape, axis=1)
    made: npt.NDArray[np.float64] = (np.abs(found) / (shape.sum() / 2)) ** 2
    return made


@functools.cache
def _hann(size: int) -> npt.NDArray[np.float64]:
    made: npt.NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return made


def edges_of(mel: bool, rate: int) -> npt.NDArray[np.float64]:
    """The 257 bounds of the rows in hertz.

    Examples
    --------
    >>> edges_of(False, 512)[:3].tolist()
    [0.0, 1.0, 2.0]
    """
    top = rate / 2
    parts = np.linspace(0.0, 1.0, ROWS + 1)
    made: npt.NDArray[np.float64] = 700.0 * (10.0 ** (parts * np.log10(1 + top / 700.0)) - 1) if mel else parts * top
    return made


@functools.lru_cache(maxsize=64)
def _rows(window: int, mel: bool, rate: int) -> tuple[Any, ...]:
    """Which bins each row covers, and where between two bins its middle lies."""
    edges = edges_of(mel, rate) / rate * (1 << window)
    first = np.ceil(edges[:-1] - 1e-9).astype(np.int64)
    last = np.ceil(edges[1:] - 1e-9).astype(np.int64)
    last[-1] = (1 << window >> 1) + 1  # Nyquist belongs to the topmost
    middle = (edges[:-1] + edges[1:]) / 2
    return first, last, middle


def _rowed(power: npt.NDArray[np.float64], rows: tuple[Any, ...]) -> npt.NDArray[np.float64]:
    first, last, middle = rows
    left = np.minimum(middle.astype(np.int64), power.shape[1] - 2)
    part = middle - left
    made: npt.NDArray[np.float64] = power[:, left] * (1 - part) + power[:, left + 1] * part
    several = last > first
    if several.any():
        spans = np.stack([first[several], last[several]], axis=1).reshape(-1)
        wide = np.concatenate([power, np.zeros((len(power), 1))], axis=1)
        made[:, several] = np.maximum.reduceat(wide, spans, axis=1)[:, ::2]
    return made
