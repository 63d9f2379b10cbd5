"""Peaks: the least and greatest sample of every 256 frames, and of every 1024, 4096, ... of a recording."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .audio_decoders import Floats

__all__ = ["BIN", "FACTOR", "LEVELS", "MOST_CHANNELS", "TILE_BINS", "PeakTile", "Peaks", "peaks_of"]

BIN = 256
FACTOR = 4
LEVELS = 13
TILE_BINS = 2048
MOST_CHANNELS = 8
"""Peaks of further channels are not kept."""

Bytes = npt.NDArray[np.int8]


class PeakTile(NamedTuple):
    """The peaks of a tile as (channels, bins, 2), how many bins there are, and how many of them are known."""

    values: Bytes
    bins: int
    known: int


def peaks_of(frames: Floats) -> Bytes:
    """The least and greatest value of each 256 frames as (channels, bins, 2), in 127ths, rounded outwards.

    Examples
    --------
    >>> peaks_of(np.array([[0.5], [-0.25]], dtype=np.float32)).tolist()
    [[[-32, 64]]]
    """
    wide = np.ascontiguousarray(frames[:, :MOST_CHANNELS].T)
    short = -wide.shape[1] % BIN
    if short:
        wide = np.concatenate([wide, np.repeat(wide[:, -1:], short, axis=1)], axis=1)
    groups = wide.reshape(len(wide), -1, BIN)
    made = np.stack([groups.min(axis=2), groups.max(axis=2)], axis=-1).clip(-1, 1) * np.float32(127)
    np.nan_to_num(made, copy=False, nan=0.0)
    np.floor(made[..., 0], out=made[..., 0])
    np.ceil(made[..., 1], out=made[..., 1])
    return made.astype(np.int8)


class Peaks:
    """The pyramid of a recording; it grows from the beginning. Safe between threads.

    Parameters
    ----------
    channels : int
        Of the recording.
    frames : int
        How many there are, or are thought to be.

    Attributes
    ----------
    frames : int
        How many frames are known so far; all of them once it is ``done``.
    problem : str
        Why it ended early; empty if it did not.
    """

    def __init__(self, channels: int, frames: int) -> None:
        self.channels = min(channels, MOST_CHANNELS)
        self.frames = 0
        self.done = False
        self.problem = ""
        self._lock = threading.Lock()
        self._bins = [0] * LEVELS
        self._levels: list[Bytes] = [
            np.zeros((self.channels, -(-frames // span(level)), 2), dtype=np.int8) for level in range(LEVELS)
        ]

    @classmethod
    def of(cls, base: Bytes, frames: int, problem: str = "") -> Peaks:
        """The pyramid over a base level that was computed before."""
        made = cls(len(base), 0)
        made._levels[0], made._bins[0], made.frames = base, base.shape[1], frames
        made.finish(problem)
        return made

    @property
    def base(self) -> Bytes:
        """The lowest level as far as it is known."""
        return self._levels[0][:, : self._bins[0]]

    @property
    def nbytes(self) -> int:
        """What it holds in memory."""
        return sum(level.nbytes for level in self._levels)

    def add(self, frames: Floats) -> None:
        """Take the frames that come next; only the last ones may be another number than a multiple of 256."""
        if not len(frames):
            return
        made = peaks_of(frames)
        with self._lock:
            self._put(0, self._bins[0], made)
            self._bins[0] += made.shape[1]
            self.frames += len(frames)
            self._rise(whole=False)

    def finish(self, problem: str = "") -> None:
        """There are no more frames."""
        with self._lock:
            self._rise(whole=True)
            self.done, self.problem = True, problem

    def tile(self, level: int, tile: int, frames: int) -> PeakTile:
        """A tile, of a recording that has (or is thought to have) so many frames."""
        first = tile * TILE_BINS
        with self._lock:
            bins = min(max(-(-frames // span(level)) - first, 0), TILE_BINS)
            known = min(max(self._bins[level] - first, 0), bins)
            values = np.zeros((self.channels, bins, 2), dtype=np.int8)
            values[:, :known] = self._levels[level][:, first : first + known]
        return PeakTile(values, bins, known)

    def _rise(self, *, whole: bool) -> None:
        """Bring the upper levels as far as the lowest; ``whole`` takes the rest as a bin of its own."""
        for level in range(1, LEVELS):
            below, start = self._levels[level - 1], self._bins[level]
            stop = -(-self._bins[level - 1] // FACTOR) if whole else self._bins[level - 1] // FACTOR
            if stop <= start:
                continue
            part = below[:, start * FACTOR : min(stop * FACTOR, self._bins[level - 1])]
            short = -part.shape[1] % FACTOR
            if short:
                part = np.concatenate([part, np.repeat(part[:, -1:], short, axis=1)], axis=1)
            groups = part.reshape(len(part), -1, FACTOR, 2)
            self._put(level, start, np.stack([groups[..., 0].min(axis=2), groups[..., 1].max(axis=2)], axis=-1))
            self._bins[level] = stop

    def _put(self, level: int, start: int, made: Bytes) -> None:
        held, stop = self._levels[level], start + made.shape[1]
        if stop > held.shape[1]:  # the recording is longer than was thought
            grown = np.zeros((self.channels, max(stop, held.shape[1] * 3 // 2), 2), dtype=np.int8)
            grown[:, :start] = held[:, :start]
            self._levels[level] = held = grown
        held[:, start:stop] = made


def span(level: int) -> int:
    """How many frames a bin of a level covers."""
    return BIN << (2 * level)
