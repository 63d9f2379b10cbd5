"""Any stretch of any format is what stands there in the whole recording, sample by sample."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.media.audio import AudioReader
from nblabel.media.audio_containers import ContainerDecoder
from nblabel.media.audio_decoders import Decoder, SoundFileDecoder, decoder_of
from nblabel.media.audio_origins import Samples
from nblabel.media.base import MediaError
from nblabel.records import Item

from .recordings import Floats, chirp, played, settled, write_container, write_long

FORMATS: dict[str, dict[str, Any]] = {
    "u8.wav": {"subtype": "PCM_U8"},
    "s16.wav": {"subtype": "PCM_16"},
    "s24.wav": {"subtype": "PCM_24"},
    "s32.wav": {"subtype": "PCM_32"},
    "f32.wav": {"subtype": "FLOAT"},
    "f64.wav": {"subtype": "DOUBLE"},
    "s16.rf64": {"format": "RF64", "subtype": "PCM_16"},
    "s16.aiff": {"subtype": "PCM_16"},
    "s24.flac": {"subtype": "PCM_24"},
    "vorbis.ogg": {"subtype": "VORBIS"},
    "vbr.mp3": {"subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE", "compression_level": 0.9},
    "cbr.mp3": {"subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.95},
}


def whole(decoder: Decoder) -> Floats:
    parts = []
    while len(part := decoder.read(decoder.position, decoder.position + 50_000)):
        parts.append(part)
    return np.concatenate(parts)


def alike(one: Floats, other: Floats) -> bool:
    """Equal, but for the last bit of a float, which in MP3 depends on where decoding began."""
    return one.shape == other.shape and bool((np.abs(one - other) < 2e-7).all())


@pytest.mark.parametrize("name", FORMATS)
def test_a_stretch_is_what_stands_there(tmp_path: Path, name: str) -> None:
    samples = chirp(44100, 40, 2)
    path = write_long(tmp_path / name, samples, 44100, **FORMATS[name])
    decoder = decoder_of(str(path))
    assert isinstance(decoder, SoundFileDecoder)
    with soundfile.SoundFile(path) as file:
        everything = file.read(dtype="float32", always_2d=True)  # in one go
    assert np.array_equal(whole(decoder), everything)
    if "mp3" not in name:
        assert len(everything) == len(samples)
    for start in np.random.default_rng(1).integers(0, len(everything) - 3000, 60):
        at = int(start)
        assert alike(decoder.read(at, at + 3000), everything[at : at + 3000]), at
    for at in (0, len(everything) - 3000, len(everything) - 1, len(everything) - 70_000, 0):
        assert alike(decoder.read(at, at + 3000), everything[at : at + 3000]), at
    assert decoder.read(len(everything), len(everything) + 10).shape == (0, 2)
    decoder.close()


def test_opus_is_what_stands_there_but_for_rounding(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.opus", chirp(48000, 20, 2), 48000, format="OGG", subtype="OPUS")
    decoder = decoder_of(str(path))
    everything = whole(decoder)
    for start in np.random.default_rng(1).integers(0, len(everything) - 3000, 40):
        at = int(start)
        assert np.abs(decoder.read(at, at + 3000) - everything[at : at + 3000]).max() < 1e-6
    decoder.close()


@pytest.mark.parametrize("name", ["s24.wav", "f32.wav", "s32.wav", "s24.flac"])
def test_deep_samples_are_not_rounded(tmp_path: Path, name: str) -> None:
    samples = np.round(chirp(8000, 1, 2) * 2**20) / 2**20
    write_long(tmp_path / name, samples.astype(np.float32), 8000, **FORMATS[name])
    reader = AudioReader(tmp_path)
    assert np.array_equal(played(reader, Item(0, name)), samples)
    reader.close()


CONTAINERS = [
    ("a.m4a", "aac", False),
    ("a.mp4", "aac", True),
    ("a.mkv", "aac", False),
    ("l.m4a", "alac", False),
    ("f.mkv", "flac", False),
    ("p.mkv", "pcm_s16le", True),
    ("a.avi", "mp3", True),
    ("a.ts", "aac", False),
]


@pytest.mark.parametrize(("name", "codec", "video"), CONTAINERS)
def test_containers_are_read_in_place(tmp_path: Path, name: str, codec: str, video: bool) -> None:
    t = np.arange(44100 * 20) / 44100
    tone = (0.5 * np.sin(2 * np.pi * (300 + 20 * t) * t)).astype(np.float32)
    path = write_container(tmp_path / name, np.stack([tone, tone[::-1]], axis=1), 44100, codec, video=video)
    decoder = ContainerDecoder(str(path))
    everything = whole(decoder)
    assert abs(len(everything) - len(tone)) < 4096
    assert (decoder.rate, decoder.channels, decoder.exact) == (44100, 2, False)
    for start in np.random.default_rng(1).integers(0, len(everything) - 3000, 25):
        at = int(start)
        found = decoder.read(at, at + 3000)
        assert np.abs(found - everything[at : at + 3000]).max() < (1e-3 if codec == "aac" else 1e-6), at
    decoder.close()


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "mute.mp4"), "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        file.mux(stream.encode())
    shown = AudioReader(tmp_path).present(Item(0, "mute.mp4"))
    assert shown.problem == "the file has no sound: there is no audio track in it"


@pytest.mark.parametrize("rate", [1, 7, 11025, 22050, 96000, 250_000, 384_000])
def test_any_rate(tmp_path: Path, rate: int) -> None:
    samples = chirp(rate, max(2.0, 100 / rate))
    write_long(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    reader = AudioReader(tmp_path)
    shown = reader.present(Item(0, "a.wav")).data
    assert (shown["rate"], shown["frames"], shown["exact"]) == (rate, len(samples), True)
    assert np.array_equal(played(reader, Item(0, "a.wav")), samples)
    assert len(reader.piece(Item(0, "a.wav"), "spectrum", (7, 1, 0, 0, 0)).data) == 65_536
    reader.close()


def test_many_channels(tmp_path: Path) -> None:
    samples = chirp(8000, 1, 12)
    write_long(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    reader, item = AudioReader(tmp_path), Item(0, "a.wav")
    assert "first 8 of 12" in reader.present(item).data["note"]
    assert np.array_equal(played(reader, item), samples)
    assert reader.piece(item, "peaks", (0, 0)).about == {"bins": 32, "known": 32, "channels": 8}
    assert reader.piece(item, "spectrum", (8, 0, 0, 0, 11)).about["columns"] == 125
    reader.close()


@given(
    st.sampled_from([np.int8, np.int16, np.int32, np.uint8, np.uint16, np.float32, np.float64]),
    st.integers(1, 200),
    st.sampled_from([None, 1, 2, 5]),
    st.data(),
)
def test_samples_in_memory(kind: Any, frames: int, channels: int | None, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 99))
    shape = (frames,) if channels is None else (frames, channels)
    made = np.random.default_rng(seed).uniform(-1, 1, shape)
    array: npt.NDArray[Any] = made.astype(kind)
    if np.issubdtype(kind, np.integer):
        half = 2.0 ** (8 * np.dtype(kind).itemsize - 1)
        array = np.round(made * (half - 1) + (half if np.issubdtype(kind, np.unsignedinteger) else 0)).astype(kind)
    decoder = decoder_of(Samples(array.reshape(frames, -1), 10))
    start = data.draw(st.integers(0, frames))
    stop = data.draw(st.integers(start, frames + 5))
    found = decoder.read(start, stop)
    wanted = made.reshape(frames, -1)[start:stop]
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, atol=0.02 if np.dtype(kind).itemsize == 1 else 1e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 9000)), min_size=1, max_size=8))
def test_reads_in_any_order_are_the_same(reads: list[tuple[int, int]]) -> None:
    samples = chirp(22050, 3)
    held = io.BytesIO()
    soundfile.write(held, samples, 22050, format="MP3", bitrate_mode="VARIABLE", compression_level=0.8)
    decoder = decoder_of(held.getvalue())
    everything = whole(decoder_of(held.getvalue()))
    for start, count in reads:
        assert alike(decoder.read(start, start + count), everything[start : start + count])


def test_the_length_of_an_mp3_is_known_once_it_was_decoded(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.mp3", chirp(44100, 20, 2), 44100, **FORMATS["cbr.mp3"])
    reader, item = AudioReader(), Item(0, path)
    assert not reader.present(item).data["exact"]
    assert reader.measure(path) == (None, "")
    state = settled(reader, item)
    assert state["exact"]
    everything = whole(decoder_of(str(path)))
    assert state["frames"] == len(everything) == reader.present(item).data["frames"]
    assert reader.measure(path) == (len(everything) / 44100, "")
    rounded = np.clip(np.rint(everything * 32768), -32768, 32767) / 32768
    assert np.abs(played(reader, item) - rounded).max() <= 1 / 32768
    reader.close()


def test_without_packages_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_long(tmp_path / "a.wav", chirp(8000, 1), 8000)
    write_container(tmp_path / "a.m4a", chirp(8000, 1), 8000, "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "nblabel.media.audio_containers", raising=False)
    assert not AudioReader(tmp_path).present(Item(0, "a.wav")).problem
    with pytest.raises(MediaError, match=r"pip install 'nblabel\[audio\]'"):
        decoder_of(str(tmp_path / "a.m4a"))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MediaError, match=r"pip install 'nblabel\[audio\]'"):
        decoder_of(str(tmp_path / "a.wav"))
