"""What FFmpeg reads through PyAV: M4A, the sound of videos, and all that libsndfile does not know."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .audio_decoders import Decoder, Floats
from .base import MediaError

__all__ = ["ContainerDecoder"]

_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,latm,loas,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,tak,truehd,tta,w64,wav,wv,xwma"
)
"""No format is among them that leads to other files or to the network, as playlists do."""
_RUN_UP = 0.25
"""So many seconds before the asked place reading begins: the codecs' frames depend on those before."""
_HALVES = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


class ContainerDecoder(Decoder):
    """The first audio stream of a container.

    The time stamps tell where a frame of samples belongs. Where they are coarser than a sample (Matroska's are
    milliseconds), frames of one length are counted; where those vary, too, all is read from the beginning. Stretches
    that the stamps leave out are silent.

    Some codecs fill bands with noise of their own (AAC, AC-3): where reading begins decides which noise, and never when
    something is heard.
    """

    exact = False
    _container: Any = None
    _stream: Any = None

    def __init__(self, origin: str | bytes) -> None:
        import av

        self._av = av
        self._origin = origin
        self._decoded: Iterator[Any] = iter(())
        self._open()
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise MediaError("the recording is empty: it has no samples")
        self.rate = int(first.sample_rate)
        self.channels = len(first.layout.channels)
        self.deep = first.format.name.startswith(("flt", "s32", "dbl", "s64")) and _is_lossless(self._stream)
        self._origin_stamp = first.pts or 0
        self._first = int(first.samples)
        self._size = 0  # of the frames after the first
        self._pending: Floats | None = None
        stamp = Fraction(self._stream.time_base or Fraction(1, self.rate))
        self._per_stamp = stamp * self.rate
        self._tolerance = max(int(self._per_stamp) + 1, 2)
        self.frames = max(self._estimated(), self._first)
        count = len(self._container.streams.audio)
        self.note = f"first of {count} audio tracks" if count > 1 else ""
        self._open()

    def _estimated(self) -> int:
        stream, whole = self._stream, self._container.duration
        if stream.duration:
            return int(stream.duration * self._per_stamp)
        return 0 if whole is None else int(Fraction(whole, 1_000_000) * self.rate)

    def _open(self) -> None:
        self.close()
        given: Any = str(Path(self._origin).absolute()) if isinstance(self._origin, str) else io.BytesIO(self._origin)
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        try:
            self._container = self._av.open(given, options=options, metadata_errors="ignore")
        except (self._av.FFmpegError, ValueError, OSError) as error:
            raise MediaError(f"the file is no recording that can be read: {_words(error)}") from None
        if not self._container.streams.audio:
            self.close()
            raise MediaError("the file has no sound: there is no audio track in it")
        self._stream = self._container.streams.audio[0]
        self._stream.thread_type = "NONE"
        self._decoded = self._frames()
        self._pending = None
        self.position = 0

    def _frames(self) -> Iterator[Any]:
        try:
            yield from self._container.decode(self._stream)
        except (self._av.FFmpegError, ValueError, OSError) as error:
            if isinstance(error, EOFError):
                return
            raise MediaError(f"the recording is broken: {_words(error)}") from None

    def read(self, start: int, stop: int) -> Floats:
        """A part of the stream."""
        if start != self.position or self._container is None:
            self._go(start)
        parts: list[Floats] = []
        while self.position < stop:
            part = self._next()
            if part is None:
                break
            if self.position + len(part) <= start:
                self.position += len(part)
                continue
            skipped = max(start - self.position, 0)
            wanted = part[skipped : stop - self.position]
            parts.append(wanted)
            used = skipped + len(wanted)
            self._pending = part[used:] if used < len(part) else None
            self.position += used
        return np.concatenate(parts) if parts else np.zeros((0, self.channels), dtype=np.float32)

    def _go(self, start: int) -> None:
        if self._container is not None and self.position < start <= self.position + self.rate:
            return
        begin = start - int(_RUN_UP * self.rate) - 4 * max(self._size, self._first)
        if begin <= 0 or not self._placed():
            self._open()
            return
        self._pending = None
        stamp = self._origin_stamp + int(begin / self._per_stamp)
        try:
            self._container.seek(stamp, stream=self._stream, backward=True)
        except (self._av.FFmpegError, OSError):
            self._open()
            return
        self._decoded = self._frames()
        first = next(self._decoded, None)
        if first is None or first.pts is None or self._place(first) > start:
            self._open()  # a container without an index that holds
            return
        self.position = self._place(first)
        self._pending = self._floats(first)

    def _placed(self) -> bool:
        """Whether a frame's stamp tells its place to the sample."""
        if self._per_stamp <= 1:
            return True
        if not self._size:  # learn it from the beginning
            self._open()
            sizes = [int(frame.samples) for frame, _ in zip(self._decoded, range(40), strict=False)][1:-1]
            self._size = sizes[0] if len(set(sizes)) == 1 else -1
        return self._size > 0

    def _place(self, frame: Any) -> int:
        """The first frame of samples that a decoded one holds."""
        at = round(((frame.pts or 0) - self._origin_stamp) * self._per_stamp)
        if self._per_stamp > 1 and self._size > 0:
            counted = self._first + round((at - self._first) / self._size) * self._size
            if abs(counted - at) <= self._tolerance:
                return counted
        return at

    def _next(self) -> Floats | None:
        """The samples that come at the position."""
        if self._pending is not None:
            part, self._pending = self._pending, None
            return part
        frame = next(self._decoded, None)
        if frame is None:
            return None
        part = self._floats(frame)
        if frame.pts is None:
            return part
        gap = self._place(frame) - self.position
        if gap > self._tolerance:
            self._pending = part
            return np.zeros((min(gap, self.rate * 3600), self.channels), dtype=np.float32)
        return part[min(-gap, len(part)) :] if gap < -self._tolerance else part

    def _floats(self, frame: Any) -> Floats:
        """A decoded frame as (n, channels)."""
        if frame.sample_rate != self.rate:
            raise MediaError(f"the recording changes its rate from {self.rate} to {frame.sample_rate}")
        array = frame.to_ndarray()
        count = len(frame.layout.channels)
        array = array.T if frame.format.is_planar else array.reshape(-1, count)
        kind = frame.format.name.removesuffix("p")
        if kind in _HALVES:
            half = _HALVES[kind]
            array = (array - half) / half if kind == "u8" else array / half
        made = np.zeros((len(array), self.channels), dtype=np.float32)
        kept = min(count, self.channels)
        made[:, :kept] = array[:, :kept]
        return made

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None


def _is_lossless(stream: Any) -> bool:
    name = stream.codec_context.name
    return name.startswith("pcm_") or name in ("alac", "flac", "ape", "tak", "tta", "wavpack", "truehd", "mlp")


def _words(error: BaseException) -> str:
    told = str(getattr(error, "strerror", "") or error).strip().splitlines()
    return (told[0] if told else type(error).__name__)[:200].rstrip(".")
