"""Recordings that tests make for themselves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from nblabel.media.audio import AudioReader
from nblabel.records import Item

Floats = npt.NDArray[np.float32]


def chirp(rate: int, seconds: float, channels: int = 1, seed: int = 0) -> Floats:
    """Tones that rise, with pauses; each channel another one, so that no place looks like another."""
    t = np.arange(round(rate * seconds)) / rate
    tones = [
        (0.2 + 0.1 * n) * np.sin(2 * np.pi * (200 + 90 * n + 30 * t) * t) * (np.sin(2 * t + n) > -0.5)
        for n in range(channels)
    ]
    noise = np.random.default_rng(seed).standard_normal((len(t), channels)) * 0.02
    return (np.stack(tones, axis=1) + noise).clip(-1, 1).astype(np.float32)


def write_long(path: Path, samples: Floats, rate: int, **how: Any) -> Path:
    """Write in portions: libsndfile's encoders run out of stack on long ones."""
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], **how) as file:
        for at in range(0, len(samples), 20_000):
            file.write(samples[at : at + 20_000])
    return path


def write_container(path: Path, samples: Floats, rate: int, codec: str, *, video: bool = False) -> Path:
    """Write what FFmpeg writes: M4A, MP4, Matroska, MPEG-TS, AVI."""
    import av

    with av.open(str(path), "w") as file:
        picture = file.add_stream("mpeg4", rate=25) if video else None
        sound = file.add_stream(codec, rate=rate)
        sound.layout = "stereo" if samples.shape[1] == 2 else "mono"
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            for n in range(round(len(samples) / rate * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n % 255, np.uint8))
                frame.pts = n
                file.mux(picture.encode(frame))
            file.mux(picture.encode())
        resampler = av.AudioResampler(format=sound.format, layout=sound.layout, rate=rate)
        for at in range(0, len(samples), rate):
            part = np.ascontiguousarray(samples[at : at + rate].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=sound.layout.name)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            for one in resampler.resample(frame):
                file.mux(sound.encode(one))
        file.mux(sound.encode(None))
    return path


def settled(reader: AudioReader, item: Item) -> Mapping[str, Any]:
    """The state of an item once its peaks are known."""
    for _ in range(1500):
        about = reader.piece(item, "state", ()).about
        if about["done"] == 1:
            return about
        time.sleep(0.02)
    raise AssertionError(f"the peaks are not ready: {about}")


def played(reader: AudioReader, item: Item) -> Floats:
    """All blocks as the page gets them, as floats."""
    frames = settled(reader, item)["frames"]
    parts = []
    for block in range(-(-frames // 65_536)):
        piece = reader.piece(item, "sound", (block,))
        kind, scale = ("<i2", 32768.0) if piece.about["form"] == "s16" else ("<f4", 1.0)
        part = np.frombuffer(piece.data, dtype=kind).reshape(-1, piece.about["channels"])
        assert len(part) == piece.about["frames"]
        parts.append((part / scale).astype(np.float32))
    return np.concatenate(parts)
