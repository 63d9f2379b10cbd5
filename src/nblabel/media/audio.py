"""How recordings are shown: what the page is told of each, the pieces that it asks for, and samples for Python."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import NblabelError, ProtocolError
from ..records import Item
from .audio_cache import PeakCache
from .audio_decoders import Floats
from .audio_origins import AudioOrigin, glance_at_audio, mark_of_audio, origin_of_audio
from .audio_peaks import FACTOR, LEVELS, MOST_CHANNELS, TILE_BINS, Peaks, peaks_of, span
from .audio_spectra import COLUMNS, WINDOWS, hop_of, spectrum_tile
from .audio_tapes import Head, PeakWorker, Tape, head_of
from .base import MediaError, Piece, Shown
from .images import name_of
from .origins import marked
from .recent import Recent
from .sound import Sound

__all__ = ["BLOCK", "AudioReader"]

BLOCK = 65_536
_TAPES = 8
_SPECTRA = 64 << 20
_WORTH_KEEPING = 1 << 24
"""Samples: the peaks of fewer are computed again in no time."""
_AT_ONCE = 2
"""Tiles of so many lower levels are computed when they are asked for, should the peaks not be there yet."""


class AudioReader:
    """Reads recordings window by window when they are asked for, and keeps little of them.

    Parameters
    ----------
    root : path-like, optional
        The folder that relative paths lie under.
    cache : PeakCache, optional
        Keeps the peaks of long files.

    Examples
    --------
    >>> item = Item(0, (np.zeros(8000), 4000))
    >>> reader = AudioReader()
    >>> shown = reader.present(item).data
    >>> shown["frames"], shown["rate"], reader.sound(item).duration
    (8000, 4000, 2.0)
    >>> len(reader.piece(item, "sound", (0,)).data)
    32000
    >>> reader.close()
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, *, cache: PeakCache | None = None) -> None:
        self._root = "" if root is None else str(Path(root).expanduser())
        self.cache = cache
        self._heads: Recent[Head] = Recent(65_536)
        self._lengths: dict[bytes, int] = {}
        self._tapes: Recent[Tape] = Recent(_TAPES)
        self._spectra: Recent[Piece] = Recent(_SPECTRA, lambda piece: len(piece.data))
        self._worker = PeakWorker()

    def close(self) -> None:
        """Forget all that was read."""
        self._worker.close()
        for held in (self._heads, self._tapes, self._spectra):
            held.clear()

    # ---- for the source -------------------------------------------------------------------------

    def measure(self, value: Any) -> tuple[float | None, str]:
        """Seconds, as far as they are certain, or why there are none."""
        try:
            glance = self.glance(value)
            found = self._head(origin_of_audio(value, self._root), glance)
        except NblabelError as error:
            return None, str(error)
        except Exception as error:  # an object of the user's may do anything here
            return None, f"the recording cannot be read: {_told(error)}"
        frames = self._lengths.get(glance, found.frames if found.exact else None)
        return None if frames is None else frames / found.rate, ""

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for the content as it is now."""
        return mark_of_audio(value, self._root)

    def glance(self, value: Any) -> bytes:
        """16 bytes that tell quickly that a value is not what it was."""
        return glance_at_audio(value, self._root)

    def _head(self, origin: AudioOrigin, glance: bytes) -> Head:
        return self._heads.get(glance, lambda: head_of(origin))

    def _tape(self, item: Item) -> Tape:
        if item.problem:
            raise MediaError(item.problem)
        glance = self.glance(item.data)

        def made() -> Tape:
            origin = origin_of_audio(item.data, self._root)
            tape = Tape(origin, self._head(origin, glance))
            self._known(tape, item.data, glance)
            return tape

        return self._tapes.get((item.identity or repr(item.key), glance), made)

    def _known(self, tape: Tape, value: Any, glance: bytes) -> None:
        """Take the peaks from the disk, or have them kept there."""
        cache, head = self.cache, tape.head
        long = isinstance(tape.origin, str) and head.frames * head.channels >= _WORTH_KEEPING
        name = marked(self.mark(value), glance, b"peaks").hex() if cache is not None and long else ""
        found = cache.load(name, tape.peaks.channels) if cache is not None and name else None
        if found is not None:
            tape.peaks = found
            self._learn(glance, found.frames)

        def done(peaks: Peaks) -> None:
            self._learn(glance, peaks.frames)
            if cache is not None and name and self.glance(value) == glance:
                cache.save(name, peaks)

        tape.on_done = done

    def _learn(self, glance: bytes, frames: int) -> None:
        if len(self._lengths) > 65_536:
            self._lengths.clear()
        self._lengths[glance] = frames

    # ---- for the page ---------------------------------------------------------------------------

    def present(self, item: Item) -> Shown:
        """What the page is told of an item; quick, and what is wrong with it is its problem."""
        if item.problem:
            return Shown(None, problem=item.problem)
        try:
            glance = self.glance(item.data)
            name = (item.identity or repr(item.key), glance)
            tape = self._tapes.peek(name)
            head = tape.head if tape else self._head(origin_of_audio(item.data, self._root), glance)
        except NblabelError as error:
            return Shown(None, problem=str(error))
        except Exception as error:  # an object of the user's may do anything here
            return Shown(None, problem=f"the recording cannot be read: {_told(error)}")
        if tape is not None and tape.peaks.done and not tape.peaks.frames:
            return Shown(None, problem=tape.peaks.problem)
        notes = [head.note, tape.peaks.problem if tape else ""]
        if head.channels > MOST_CHANNELS:
            notes.append(f"the first {MOST_CHANNELS} of {head.channels} channels are drawn")
        return Shown(
            {
                "name": name_of(item.data),
                "rate": head.rate,
                "channels": head.channels,
                "frames": tape.frames if tape else self._lengths.get(glance, head.frames),
                "exact": tape.exact if tape else head.exact or glance in self._lengths,
                "rev": hashlib.blake2b(repr(name).encode(), digest_size=4).hexdigest(),
                "note": "; ".join(note for note in notes if note),
            }
        )

    def piece(self, item: Item, part: str, at: tuple[int, ...]) -> Piece:
        """A piece of the item, by whole numbers.

        ``state ()`` starts the computation of peaks and tells how far it is; ``peaks (level, tile)``,
        ``spectrum (window, scale, level, tile, channel)`` and ``sound (block,)`` are what is drawn and played.
        """
        tape = self._tape(item)
        if part == "state" and not at:
            return self._state(tape)
        if part == "peaks" and len(at) == 2:
            return self._peaks(tape, *at)
        if part == "spectrum" and len(at) == 5:
            key = (item.identity or repr(item.key), self.glance(item.data), tape.frames, at)
            return self._spectra.get(key, lambda: self._spectrum(tape, *at))
        if part == "sound" and len(at) == 1:
            return self._sound(tape, at[0])
        raise ProtocolError(f"this recording has no part {part[:20]!r} at {at[:6]!r}")

    def _state(self, tape: Tape) -> Piece:
        self._worker.want(tape)
        peaks, frames = tape.peaks, tape.frames
        done = 1.0 if peaks.done else min(peaks.frames / max(frames, 1), 0.999)
        about = {"done": done, "exact": tape.exact, "frames": frames, "problem": peaks.problem if peaks.done else ""}
        return Piece(b"\0", about)

    def _peaks(self, tape: Tape, level: int, tile: int) -> Piece:
        if not (0 <= level < LEVELS and tile >= 0 and tile * TILE_BINS * span(level) < max(tape.frames, 1)):
            raise ProtocolError(f"this recording has no peaks {tile} at level {level}")
        self._worker.want(tape)
        values, bins, known = tape.peaks.tile(level, tile, tape.frames)
        if known < bins and level < _AT_ONCE:
            start = tile * TILE_BINS * span(level)
            made = peaks_of(tape.read(start, min(start + TILE_BINS * span(level), tape.frames)))
            for _ in range(level):
                short = -made.shape[1] % FACTOR
                padded = np.concatenate([made, np.repeat(made[:, -1:], short, axis=1)], axis=1) if short else made
                groups = padded.reshape(len(made), -1, FACTOR, 2)
                made = np.stack([groups[..., 0].min(axis=2), groups[..., 1].max(axis=2)], axis=-1)
            values[:, : made.shape[1]], known = made[:, :bins], bins
        about = {"bins": bins, "known": known, "channels": tape.peaks.channels}
        return Piece(np.ascontiguousarray(values).tobytes(), about)

    def _spectrum(self, tape: Tape, window: int, scale: int, level: int, tile: int, channel: int) -> Piece:
        head = tape.head
        if window not in WINDOWS or scale not in (0, 1) or not 0 <= level <= 40 or not 0 <= channel < head.channels:
            raise ProtocolError(f"this recording has no spectrum {(window, scale, level, tile, channel)}")
        if not 0 <= tile * COLUMNS * hop_of(window, level) < max(tape.frames, 1):
            raise ProtocolError(f"this recording has no tile {tile} of its spectrum at level {level}")
        made, columns = spectrum_tile(
            lambda start, stop: tape.read(start, min(stop, tape.frames))[:, channel],
            tape.frames,
            head.rate,
            window=window,
            mel=scale == 1,
            level=level,
            tile=tile,
        )
        return Piece(made.tobytes(), {"columns": columns})

    def _sound(self, tape: Tape, block: int) -> Piece:
        start, head = block * BLOCK, tape.head
        if not 0 <= start < max(tape.frames, 1):
            raise ProtocolError(f"this recording has no sound at block {block}")
        wanted = min(tape.frames - start, BLOCK)
        made = tape.read(start, start + wanted)
        if len(made) < wanted:  # broken off, or shorter than its header says: silence
            made = np.concatenate([made, np.zeros((wanted - len(made), head.channels), dtype=np.float32)])
        about = {"form": "f32" if head.deep else "s16", "rate": head.rate, "channels": head.channels, "frames": wanted}
        if head.deep:
            return Piece(np.ascontiguousarray(made, dtype="<f4").tobytes(), about)
        return Piece(np.clip(np.rint(made * 32768.0), -32768, 32767).astype("<i2").tobytes(), about)

    # ---- for Python -----------------------------------------------------------------------------

    def sound(self, item: Item) -> Sound:
        """The recording of an item, of which nothing is read yet; raises `MediaError`."""
        tape = self._tape(item)
        return Sound(tape.read, tape.frames, tape.head.rate, tape.head.channels, name_of(item.data))

    def seconds(self, item: Item) -> float | None:
        """The exact length of an item, ``None`` of one that cannot be shown; what does not tell it is decoded once."""
        known = self.measure(item.data)[0]
        if known is not None or item.problem:
            return known
        sound, glance = self.sound(item), self.glance(item.data)
        self._learn(glance, sum(len(block) for block in sound.blocks()))
        return self._lengths[glance] / sound.rate

    def stretch(self, item: Item, start: float, end: float | None) -> tuple[Floats, int]:
        """The samples from ``start`` to ``end`` in seconds, and the rate."""
        if not math.isfinite(start) or not (end is None or math.isfinite(end)):
            raise NblabelError(f"{start!r} to {end!r} is no stretch of time", "give seconds")
        sound = self.sound(item)
        return sound.cut(start, end), sound.rate


def _told(error: BaseException) -> str:
    told = str(error).strip().splitlines()
    return f"{type(error).__name__}: {told[0][:200]}" if told else type(error).__name__
