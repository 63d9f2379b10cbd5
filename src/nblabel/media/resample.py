"""Another rate for samples, stretch by stretch: windowed sinc, so that nothing above the new Nyquist is folded down."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["Resampler", "resampled"]

_CROSSINGS = 24
_BETA = 9.0
_PASS = 0.94
"""How much of the lower Nyquist is kept; the rest is the slope."""

Floats = npt.NDArray[np.float32]


class Resampler:
    """Takes samples of one rate and gives those of another; the first ones of both stand at the same time.

    Parameters
    ----------
    old, new : int
        Samples a second.

    Examples
    --------
    >>> made = Resampler(8000, 16000)
    >>> len(made.push(np.zeros(800, dtype=np.float32))) + len(made.finish())
    1600
    """

    def __init__(self, old: int, new: int) -> None:
        common = math.gcd(old, new)
        self._up, self._down = new // common, old // common
        self._cut = min(1.0, new / old) * _PASS
        self._side = math.ceil(_CROSSINGS / self._cut)
        self._held: Floats = np.zeros(self._side, dtype=np.float32)
        self._first = -self._side  # where the held samples begin
        self._taken = 0
        self._given = 0
        self._taps: dict[int, Floats] = {}

    def push(self, samples: Floats) -> Floats:
        """The next samples; returns what can be said so far."""
        if self._up == self._down:
            return samples
        self._held = np.concatenate([self._held, samples])
        self._taken += len(samples)
        return self._drawn(max((self._taken - self._side) * self._up // self._down, self._given))

    def finish(self) -> Floats:
        """What is left: silence follows."""
        if self._up == self._down:
            return np.zeros(0, dtype=np.float32)
        self._held = np.concatenate([self._held, np.zeros(self._side + 1, dtype=np.float32)])
        return self._drawn(-(-self._taken * self._up // self._down))

    def _drawn(self, stop: int) -> Floats:
        start, self._given = self._given, stop
        made = np.zeros(max(stop - start, 0), dtype=np.float32)
        if not len(made):
            return made
        views = np.lib.stride_tricks.sliding_window_view(self._held, 2 * self._side)
        for at in range(start, min(start + self._up, stop)):  # outputs of one phase stand at even distances
            place, phase = divmod(at * self._down, self._up)
            row = place - self._side + 1 - self._first
            count = len(range(at, stop, self._up))
            made[at - start :: self._up] = views[row :: self._down][:count] @ self._phase(phase)
        unused = stop * self._down // self._up - self._side + 1 - self._first
        if unused > 0:
            self._held, self._first = self._held[unused:].copy(), self._first + unused
        return made

    def _phase(self, phase: int) -> Floats:
        """What the samples around a place count for one that lies between two."""
        found = self._taps.get(phase)
        if found is None:
            distance = np.arange(-self._side + 1, self._side + 1) - phase / self._up
            shape = np.i0(_BETA * np.sqrt(np.maximum(1 - (distance / self._side) ** 2, 0))) / np.i0(_BETA)
            found = (self._cut * np.sinc(self._cut * distance) * shape).astype(np.float32)
            if len(self._taps) < 4096:
                self._taps[phase] = found
        return found


def resampled(samples: Floats, old: int, new: int) -> Floats:
    """Samples (n,) at another rate.

    Examples
    --------
    >>> resampled(np.zeros(441, dtype=np.float32), 44100, 16000).shape
    (160,)
    """
    made = Resampler(old, new)
    return np.concatenate([made.push(samples), made.finish()])
