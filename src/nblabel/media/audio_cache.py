"""Peaks on disk: a folder of files beside the store, each for one recording as it was; any may be deleted."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from .audio_peaks import BIN, Peaks

__all__ = ["PeakCache"]

_MAGIC = b"nblabel peaks 1\n"
_SUFFIX = ".peaks"
_MOST_BYTES = 512 << 20
_LEFT_BEHIND = 3600.0


class PeakCache:
    """The peaks of recordings that took their time.

    Parameters
    ----------
    folder : path
        Made when the first ones are kept.
    most : int
        Bytes of all together; those unused for longest go first.
    """

    def __init__(self, folder: Path, most: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most = most

    def load(self, name: str, channels: int) -> Peaks | None:
        """The peaks that were kept under a name; ``None`` if there are none, or they are damaged."""
        path = self._folder / (name + _SUFFIX)
        try:
            body = path.read_bytes()
        except OSError:
            return None
        try:
            if not body.startswith(_MAGIC):
                return None
            start = len(_MAGIC) + 4
            size = int.from_bytes(body[len(_MAGIC) : start], "little")
            told = json.loads(body[start : start + size])
            data = body[start + size :]
            frames, bins, problem = int(told["frames"]), int(told["bins"]), str(told["problem"])
            if told["channels"] != channels or zlib.crc32(data) != told["crc"] or bins != -(-frames // BIN):
                return None
            base = np.frombuffer(data, dtype=np.int8).reshape(channels, bins, 2)
        except (ValueError, KeyError, TypeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Peaks.of(base, frames, problem)

    def save(self, name: str, peaks: Peaks) -> None:
        """Keep the peaks; where nothing can be written they are computed again another time."""
        base = peaks.base
        data = np.ascontiguousarray(base).tobytes()
        told = json.dumps(
            {
                "frames": peaks.frames,
                "bins": base.shape[1],
                "channels": base.shape[0],
                "problem": peaks.problem,
                "crc": zlib.crc32(data),
            }
        ).encode()
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + len(told).to_bytes(4, "little") + told + data)
                Path(made).replace(self._folder / (name + _SUFFIX))
            except OSError:
                Path(made).unlink(missing_ok=True)
                raise
            self._trim()

    def _trim(self) -> None:
        for left in self._folder.glob("*.part"):  # of a kernel that ended in the middle
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
                left.unlink(missing_ok=True)
        held = [(one.stat(), one) for one in self._folder.glob("*" + _SUFFIX)]
        size = sum(found.st_size for found, _ in held)
        for found, path in sorted(held, key=lambda one: one[0].st_mtime)[:-1]:
            if size <= self._most:
                return
            path.unlink(missing_ok=True)
            size -= found.st_size
