"""Decoders: any stretch of a recording as float32 samples, exact to the sample wherever one begins."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .audio_origins import AudioOrigin, Samples
from .base import MediaError

__all__ = ["Decoder", "Floats", "SampleDecoder", "SoundFileDecoder", "decoder_of"]

Floats = npt.NDArray[np.float32]

_DEEP = ("PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAC_20", "ALAC_24", "ALAC_32")
"""What holds more than 16 bits can tell."""
_MPEG = ("MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")
_LENGTHS_TOLD = 1 << 50
"""More frames are no length but a sign that none is known."""
_EXTRA = "pip install 'nblabel[audio]'"


class Decoder(ABC):
    """Reads one recording; for one thread at a time.

    Attributes
    ----------
    rate, channels : int
        Frames a second, and samples a frame.
    frames : int
        How many there are; an estimate unless ``exact``.
    deep : bool
        Whether samples say more than 16 bits can.
    note : str
        What a person should know; may be empty.
    position : int
        The frame that is read next without a seek.
    """

    rate: int
    channels: int
    frames: int
    exact: bool = True
    deep: bool = False
    note: str = ""
    position: int = 0

    @abstractmethod
    def read(self, start: int, stop: int) -> Floats:
        """Frames ``[start, stop)`` as (n, channels); fewer where the recording ends. Raises `MediaError`."""

    def close(self) -> None:  # noqa: B027 - samples have nothing to close
        """Let go of the file."""


class SampleDecoder(Decoder):
    """Samples that are in memory, or mapped into it."""

    def __init__(self, samples: Samples) -> None:
        self._array = samples.array
        self.rate = samples.rate
        self.frames, self.channels = self._array.shape
        self.deep = self._array.dtype.itemsize > 2

    def read(self, start: int, stop: int) -> Floats:
        """A part of the array; integers are taken as fractions of what their type can hold."""
        part = self._array[start:stop]
        if part.dtype.kind == "f":
            return part.astype(np.float32)
        half = float(1 << (8 * part.dtype.itemsize - 1))
        if part.dtype.kind == "u":
            return ((part.astype(np.float64) - half) / half).astype(np.float32)
        return (part / half).astype(np.float32)


class SoundFileDecoder(Decoder):
    """What libsndfile reads: WAV, RF64, FLAC, OGG, Opus, MP3, AIFF and many more.

    libsndfile's seeks are exact in WAV and FLAC, and not in MP3 (frames take bits from earlier ones) and Vorbis (where
    a few positions are missed by some hundred samples). In these, reading begins well before the place that is asked
    for; in Vorbis at two places besides, and only where both agree. What is read then differs at most in the last bit.
    """

    def __init__(self, origin: str | bytes) -> None:
        import soundfile

        self._failures: tuple[type[Exception], ...] = (soundfile.SoundFileError, RuntimeError, ValueError)
        given: Any = io.BytesIO(origin) if isinstance(origin, bytes) else _file_name(origin)
        try:
            self._file = _stream_class()(given)
        except TypeError:  # a name that ends in .raw
            raise MediaError("the file is no recording that can be read: it holds raw samples") from None
        except self._failures as error:
            raise MediaError(f"the file is no recording that can be read: {_words(error)}") from None
        self.rate, self.channels = int(self._file.samplerate), int(self._file.channels)
        self.frames = int(self._file.frames)
        self.deep = self._file.subtype in _DEEP
        self.exact = self._file.subtype not in _MPEG and self.frames < _LENGTHS_TOLD
        if self.frames >= _LENGTHS_TOLD:
            self.frames = 0
        self._seekable = bool(soundfile.SoundFile.seekable(self._file))
        self.note = _cut_off(origin)
        self._run_up, self._check = 0, 0
        if self._file.subtype in _MPEG:
            self._run_up = 32 * 1152  # low rates borrow bits from far behind
        elif self._file.subtype in ("VORBIS", "OPUS"):
            self._run_up = 16_384
            self._check = self.rate * 3 if self._file.subtype == "VORBIS" else 0

    def read(self, start: int, stop: int) -> Floats:
        """A part of the file."""
        try:
            if start != self.position:
                self._go(start)
            made: Floats = self._file.read(max(stop - start, 0), dtype="float32", always_2d=True)
        except self._failures as error:
            self.position = -1
            raise MediaError(f"the recording is broken at {start / self.rate:.2f} s: {_words(error)}") from None
        self.position = start + len(made)
        return made

    def _go(self, start: int) -> None:
        """Have the next read begin at a frame."""
        if not self._seekable and start < self.position:
            raise MediaError("the recording can only be read from its beginning")
        if 0 <= self.position < start <= self.position + self._run_up:
            self._pass_by(start - self.position)
            return
        begin = max(start - self._run_up, 0)
        if self._check and begin:
            begin = self._agreed(begin)
        self._file.seek(begin)
        self._pass_by(start - begin)

    def _pass_by(self, frames: int) -> None:
        while frames > 0:
            got = len(self._file.read(min(frames, 1 << 16), dtype="float32", always_2d=True))
            if not got:
                return
            frames -= got

    def _agreed(self, begin: int) -> int:
        """A frame before this one that a seek finds: what is read there is also what stands there from far before."""
        size, at = 2048, begin
        for _ in range(8):
            before = max(at - self._check, 0)
            self._file.seek(at)
            near = self._file.read(size + 4096, dtype="float32", always_2d=True)[4096:]
            self._file.seek(before)
            self._pass_by(at - before + 4096)
            far = self._file.read(size, dtype="float32", always_2d=True)
            if not before or (len(near) and np.array_equal(near, far)):
                return at if np.array_equal(near, far) else 0
            at = before
        return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@functools.cache
def _stream_class() -> Any:
    """Soundfile's own reader seeks to where it is after each read, which in MP3 and Vorbis leads elsewhere."""
    import soundfile

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            """No: then it is left where it is."""
            return False

    return Stream


def _file_name(path: str) -> Any:
    """An absolute name, since libsndfile takes ``-`` for the standard input; as bytes, which may be any."""
    whole = str(Path(path).absolute())
    return whole if os.name == "nt" else os.fsencode(whole)


def _words(error: BaseException) -> str:
    """What libsndfile says, without the name of the file."""
    told = str(getattr(error, "error_string", "") or error).strip().splitlines()
    words = (told[0] if told else type(error).__name__)[:200].rstrip(".").removeprefix("Error : ")
    return "its header names no rate or no channels" if "SF_INFO" in words else words


# ---- files that were cut off --------------------------------------------------------------------------


def _cut_off(origin: str | bytes) -> str:
    """What libsndfile does not say: that a WAV file is shorter than its header says, or an Ogg file has no end."""
    with contextlib.suppress(OSError, struct.error), _opened(origin) as file:
        head = file.read(12)
        size = file.seek(0, io.SEEK_END)
        if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
            return _short_wave(file, size)
        if head[:4] == b"OggS":
            file.seek(max(size - (1 << 17), 0))
            tail = file.read()
            last = tail.rfind(b"OggS")
            if 0 <= last < len(tail) - 5 and not tail[last + 5] & 4:
                return "the file is cut off: it has no end"
    return ""


def _short_wave(file: BinaryIO, size: int) -> str:
    at, long = 12, 0
    for _ in range(100):
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"ds64":
            long = struct.unpack("<QQ", file.read(16))[1]
        if name == b"data":
            length = long if length == 0xFFFFFFFF else length  # 0: a stream, which does not know
            if length and at + 8 + length > size + 1:
                return f"the file is cut off: {100 * (size - at - 8) / length:.0f} % of its samples are there"
            return ""
        at += 8 + length + length % 2
    return ""


def _opened(origin: str | bytes) -> BinaryIO:
    return io.BytesIO(origin) if isinstance(origin, bytes) else Path(origin).open("rb")


# ---- which one reads it ------------------------------------------------------------------------------


def decoder_of(origin: AudioOrigin) -> Decoder:
    """What reads a recording; raises `MediaError` that says why nothing does."""
    if isinstance(origin, Samples):
        return SampleDecoder(origin)
    head = _head(origin)
    if not head:
        raise MediaError("the file is empty")
    troubles: list[MediaError] = []
    for open_one in (_sound_file, _container):
        try:
            found = open_one(origin)
        except MediaError as error:
            troubles.append(error)
            continue
        except ImportError:
            continue
        if found.channels < 1 or found.rate < 1:
            raise MediaError("the recording has no channels" if found.rate else "the recording has no rate")
        if not found.frames and found.exact:
            raise MediaError("the recording is empty: it has no samples")
        return found
    raise _unreadable(head, troubles)


def _sound_file(origin: str | bytes) -> Decoder:
    return SoundFileDecoder(origin)


def _container(origin: str | bytes) -> Decoder:
    from .audio_containers import ContainerDecoder

    return ContainerDecoder(origin)


def _head(origin: str | bytes) -> bytes:
    if isinstance(origin, bytes):
        return origin[:64]
    try:
        with Path(origin).open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise MediaError(f"the file {_short(origin)} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise MediaError(f"the file {_short(origin)} cannot be read: {error}") from None


def _short(path: str) -> str:
    return repr(path) if len(path) <= 200 else f"{path[:80]!r} … {path[-120:]!r}"


def _unreadable(head: bytes, troubles: list[MediaError]) -> MediaError:
    """What to say of a file that nothing reads."""
    missing = [name for name in ("soundfile", "av") if not _has(name)]
    if missing and (len(missing) == 2 or _looks_like_container(head) or not troubles):
        what = "sound of this kind" if troubles else "sound files"
        return MediaError(f"reading {what} needs a package that is not installed", _EXTRA)
    if not troubles:
        return MediaError("the file is no recording that can be read")
    told = troubles[-1 if len(troubles) > 1 and _looks_like_container(head) else 0]
    if _looks_like_container(head) and told.message.startswith("the file is no recording"):
        return MediaError(told.message, "it may be cut off, or not written to its end")
    return told if not missing else MediaError(told.message, f"{_EXTRA} reads more formats")


def _looks_like_container(head: bytes) -> bool:
    """Whether this is a container that libsndfile does not know: MP4, Matroska, AVI, ASF, FLV, AAC, MPEG."""
    checks: tuple[Callable[[bytes], bool], ...] = (
        lambda b: b[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"),
        lambda b: b.startswith((b"\x1aE\xdf\xa3", b"0&\xb2u", b"FLV", b"ADIF", b"\x00\x00\x01\xba", b"#!AMR", b"wvpk")),
        lambda b: b[:4] == b"RIFF" and b[8:11] == b"AVI",
        lambda b: b[:1] == b"\xff" and len(b) > 1 and b[1] & 0xF6 == 0xF0,
        lambda b: b[:1] == b"G" and b[188:189] in (b"", b"G"),
    )
    return any(check(head) for check in checks)


def _has(name: str) -> bool:
    try:
        __import__(name)
    except (ImportError, OSError):  # libsndfile itself may be missing
        return False
    return True
