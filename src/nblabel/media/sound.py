"""`Sound`: a recording as functions and models get it, of which only what is asked for is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import NblabelError
from .audio_origins import Samples, origin_of_audio
from .resample import Resampler

__all__ = ["Sound"]

Floats = npt.NDArray[np.float32]
_PORTION = 1 << 20


class Sound:
    """A recording. ``samples, rate = sound`` reads all of it; :meth:`blocks` reads window by window.

    Parameters
    ----------
    read : callable
        ``read(start, stop)`` gives frames ``[start, stop)`` as float32 (n, channels), fewer where there are no more.
    frames, rate, channels : int
        Of the recording; the number of frames may be an estimate.
    name : str
        For people.

    Attributes
    ----------
    rate, channels, frames : int
        Frames a second, samples a frame, and frames of the recording.
    duration : float
        In seconds.

    Examples
    --------
    >>> sound = Sound.of(np.zeros((48000, 2)), 16000)
    >>> sound.duration, sound.channels, [len(block) for block in sound.blocks(2)]
    (3.0, 2, [32000, 16000])
    >>> samples, rate = sound
    >>> samples.shape, rate, sound.mono(8000).shape
    ((48000, 2), 16000, (24000,))
    """

    def __init__(
        self, read: Callable[[int, int], Floats], frames: int, rate: int, channels: int, name: str = ""
    ) -> None:
        self._read = read
        self.frames = frames
        self.rate = rate
        self.channels = channels
        self.name = name

    @classmethod
    def of(cls, samples: Any, rate: int) -> Sound:
        """The sound of samples (n,) or (n, channels); integers are fractions of what their type can hold."""
        from .audio_decoders import SampleDecoder

        origin = origin_of_audio((samples, rate))
        assert isinstance(origin, Samples)
        decoder = SampleDecoder(origin)
        return cls(decoder.read, decoder.frames, decoder.rate, decoder.channels)

    def __repr__(self) -> str:
        named = f"{self.name!r}, " if self.name else ""
        return f"Sound({named}{self.duration:.2f} s, {self.rate} Hz, {self.channels} channels)"

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return self.frames / self.rate

    @property
    def samples(self) -> Floats:
        """All samples as float32 (n, channels), read now."""
        return self.cut()

    def __iter__(self) -> Iterator[Any]:
        yield self.samples
        yield self.rate

    def cut(self, start: float = 0.0, end: float | None = None) -> Floats:
        """The samples from ``start`` to ``end``: frames ``round(start * rate)`` up to ``round(end * rate)``.

        Parameters
        ----------
        start, end : float
            In seconds; without an end all that follows.
        """
        if not (start >= 0 and (end is None or end >= start)):
            raise NblabelError(f"{start!r} to {end!r} is no stretch of time", "give seconds: cut(0.5, 2)")
        first, last = round(start * self.rate), None if end is None else round(end * self.rate)
        parts: list[Floats] = []
        while last is None or first < last:
            wanted = _PORTION if last is None else min(last - first, _PORTION)
            part = self._read(first, first + wanted)
            parts.append(part)
            first += len(part)
            if len(part) < wanted:
                break
        return np.concatenate(parts) if parts else np.zeros((0, self.channels), dtype=np.float32)

    def blocks(self, seconds: float = 30.0, *, mono: bool = False, rate: int | None = None) -> Iterator[Floats]:
        """All samples in windows that follow each other, so that little is in memory at once.

        Parameters
        ----------
        seconds : float
            How long a window is; the last one may be shorter.
        mono : bool
            Whether channels are averaged: windows are (n,) then, and not (n, channels).
        rate : int, optional
            Another rate; only with ``mono``.
        """
        if rate is not None and not mono:
            raise NblabelError("another rate is for one channel only", "blocks(mono=True, rate=16000)")
        size = round(seconds * (rate or self.rate))
        if not seconds > 0 or size < 1:
            raise NblabelError(f"seconds={seconds!r} is no length of a window")
        return self._windows(size) if not mono else self._mono_windows(size, rate or self.rate)

    def _windows(self, size: int) -> Iterator[Floats]:
        first = 0
        while True:
            part = self._read(first, first + size)
            if len(part):
                yield part
            if len(part) < size:
                return
            first += size

    def _mono_windows(self, size: int, rate: int) -> Iterator[Floats]:
        made = Resampler(self.rate, rate)
        held: list[Floats] = []
        for part in self._windows(_PORTION):
            held.append(made.push(part.mean(axis=1, dtype=np.float32) if part.shape[1] > 1 else part[:, 0]))
            if sum(map(len, held)) >= size:
                whole = np.concatenate(held)
                full = len(whole) - len(whole) % size
                yield from (whole[at : at + size] for at in range(0, full, size))
                held = [whole[full:]]
        whole = np.concatenate([*held, made.finish()])
        yield from (whole[at : at + size] for at in range(0, len(whole), size))

    def mono(self, rate: int | None = None) -> Floats:
        """All samples as float32 (n,), the average of the channels, at another rate if one is given."""
        parts = list(self.blocks(60.0, mono=True, rate=rate))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
