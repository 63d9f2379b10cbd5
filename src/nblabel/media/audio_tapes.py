"""A recording that is open: its decoders, its peaks, and what was found to be true of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from .audio_decoders import Decoder, Floats, decoder_of
from .audio_origins import AudioOrigin
from .audio_peaks import BIN, Peaks
from .base import MediaError

__all__ = ["Head", "PeakWorker", "Tape", "head_of"]

_PORTION = 1 << 20
"""So many samples are decoded at a time for the peaks."""
_LEAST_PORTION = 1 << 13
_IDLE_DECODERS = 3


class Head(NamedTuple):
    """What the header of a recording says."""

    rate: int
    channels: int
    frames: int
    exact: bool
    deep: bool
    note: str


def head_of(origin: AudioOrigin) -> Head:
    """The header of a recording; raises `MediaError`."""
    decoder = decoder_of(origin)
    try:
        return _head(decoder)
    finally:
        decoder.close()


def _head(decoder: Decoder) -> Head:
    return Head(decoder.rate, decoder.channels, decoder.frames, decoder.exact, decoder.deep, decoder.note)


class Tape:
    """One recording, for several threads at once.

    Parameters
    ----------
    origin : path, bytes or Samples
        What to read.
    head : Head
        What is known of it.
    """

    def __init__(self, origin: AudioOrigin, head: Head) -> None:
        self.origin = origin
        self.head = head
        self.peaks = Peaks(head.channels, head.frames)
        self.on_done: Callable[[Peaks], None] | None = None
        self._lock = threading.Lock()
        self._stepping = threading.Lock()
        self._idle: list[Decoder] = []
        self._portion = max(_PORTION // head.channels // BIN, 1) * BIN

    @property
    def frames(self) -> int:
        """How many frames there are, as far as is known."""
        return self.peaks.frames if self.peaks.done else max(self.head.frames, self.peaks.frames)

    @property
    def exact(self) -> bool:
        """Whether that is certain."""
        return self.peaks.done or self.head.exact

    @contextlib.contextmanager
    def _lent(self, start: int) -> Iterator[Decoder]:
        """A decoder for the calling thread alone; if possible one that stands where reading begins."""
        with self._lock:
            at = next((n for n, one in enumerate(self._idle) if one.position == start), len(self._idle) - 1)
            decoder = self._idle.pop(at) if self._idle else None
        decoder = decoder or decoder_of(self.origin)
        try:
            if _head(decoder)[:2] != self.head[:2]:
                raise MediaError("the recording has become another one", "show the item again")
            yield decoder
        except BaseException:
            decoder.close()
            raise
        with self._lock:
            self._idle.append(decoder)
            spare = self._idle.pop(0) if len(self._idle) > _IDLE_DECODERS else None
        if spare is not None:
            spare.close()

    def read(self, start: int, stop: int) -> Floats:
        """Frames ``[start, stop)`` as float32 (n, channels), fewer where there are no more."""
        if self.peaks.done:
            stop = min(stop, self.peaks.frames)
        if stop <= start:
            return np.zeros((0, self.head.channels), dtype=np.float32)
        with self._lent(start) as decoder:
            return decoder.read(start, stop)

    def step(self) -> bool:
        """Take the next portion into the peaks; whether there is more to come."""
        with self._stepping:
            peaks = self.peaks
            if peaks.done:
                return False
            start = peaks.frames
            try:
                part = self.read(start, start + self._portion)
            except MediaError as error:
                if self._portion > _LEAST_PORTION:  # take what stands before the break
                    self._portion = max(self._portion // 8 // BIN, 1) * BIN
                    return True
                self._finish(str(error))
                return False
            peaks.add(part)
            if len(part) == self._portion:
                return True
            self._finish(self._broken_off(peaks.frames))
            return False

    def _broken_off(self, frames: int) -> str:
        if not frames:
            return "the recording is broken: nothing of it can be decoded"
        there, said = frames / self.head.rate, self.head.frames / self.head.rate
        if not self.head.exact:
            return (
                f"the recording ends at {there:.2f} s, and should have about {said:.0f} s" if there < 0.9 * said else ""
            )
        if there >= said:
            return ""
        return f"the recording breaks off at {there:.2f} s of the {said:.2f} s that it should have"

    def _finish(self, problem: str) -> None:
        self.peaks.finish(problem)
        if self.on_done is not None:
            self.on_done(self.peaks)

    def close(self) -> None:
        """Close all that is open and not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()


class PeakWorker:
    """One thread that computes peaks: those of the recording asked for last first, the others when it is done."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: list[Tape] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def want(self, tape: Tape) -> None:
        """Compute the peaks of a recording now; without threads (Pyodide), one portion of them."""
        if tape.peaks.done:
            return
        with self._changed:
            if self._closed:
                return
            if self._wanted and self._wanted[-1] is tape and self._thread is not None:
                return
            self._wanted = [one for one in self._wanted[-7:] if one is not tape] + [tape]
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="nblabel-peaks", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    self._thread = None
        if self._thread is None:
            tape.step()

    def close(self) -> None:
        """End after the portion under way."""
        with self._changed:
            self._closed = True
            self._wanted.clear()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._wanted:
                    self._thread = None
                    return
                tape = self._wanted[-1]
            try:
                more = tape.step()
            except Exception as error:  # a file system, or an array of the user's, may do anything here
                tape.peaks.finish(f"the recording cannot be read: {type(error).__name__}: {error}"[:300])
                more = False
            if not more:
                with self._changed:
                    self._wanted = [one for one in self._wanted if one is not tape]
