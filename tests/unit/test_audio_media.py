"""What the page gets of recordings: peaks, spectra, blocks of sound, and words for what cannot be read."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.errors import NblabelError, ProtocolError
from nblabel.media import audio_cache
from nblabel.media.audio import BLOCK, AudioReader
from nblabel.media.audio_cache import PeakCache
from nblabel.media.audio_peaks import BIN, FACTOR, LEVELS, TILE_BINS, Peaks, peaks_of
from nblabel.media.audio_spectra import COLUMNS, column_centres, edges_of, hop_of, spectrum_tile
from nblabel.media.base import MediaError
from nblabel.media.sound import Sound
from nblabel.records import Item

from .recordings import Floats, chirp, played, settled, write_container, write_long

# ---- peaks -------------------------------------------------------------------------------------------


def brute(samples: Floats, span: int) -> list[list[tuple[int, int]]]:
    """The least and greatest of each stretch, channel by channel, computed one by one."""
    made = []
    for channel in samples.T:
        parts = [channel[at : at + span] for at in range(0, len(channel), span)]
        made.append([(int(np.floor(p.min() * 127)), int(np.ceil(p.max() * 127))) for p in parts])
    return made


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9000), st.integers(1, 3), st.integers(0, 5), st.integers(1, 6))
def test_peaks_are_the_least_and_greatest(frames: int, channels: int, seed: int, bins: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(np.float32)
    peaks = Peaks(channels, seed * 1000)  # the length is a guess
    for at in range(0, frames, bins * BIN):
        peaks.add(samples[at : at + bins * BIN])
    peaks.finish()
    assert peaks.frames == frames
    for level in range(4):
        tile = peaks.tile(level, 0, frames)
        assert tile.known == tile.bins == -(-frames // (BIN * FACTOR**level))
        assert [[tuple(one) for one in row] for row in tile.values.tolist()] == brute(samples, BIN * FACTOR**level)
    assert peaks.tile(LEVELS - 1, 0, frames).values.shape == (channels, 1, 2)


def test_peaks_of_what_is_no_number_or_beyond_full_scale() -> None:
    samples = np.array([[np.nan], [np.inf], [-3.0]], dtype=np.float32)
    assert peaks_of(np.repeat(samples[1:], 4, axis=0)).tolist() == [[[-127, 127]]]
    assert peaks_of(samples[:1]).tolist() == [[[0, 0]]]
    assert peaks_of(np.array([[1e38], [-1e38]], dtype=np.float32)).tolist() == [[[-127, 127]]]


def test_tiles_of_peaks_come_before_all_are_known() -> None:
    samples = chirp(8000, 200, 2)
    reader, item = AudioReader(), Item(0, (samples, 8000))
    piece = reader.piece(item, "peaks", (0, 2))
    first = 2 * TILE_BINS * BIN
    wanted = peaks_of(samples[first : first + TILE_BINS * BIN])
    assert piece.about == {"bins": wanted.shape[1], "known": wanted.shape[1], "channels": 2}
    assert piece.data == wanted.tobytes()
    assert settled(reader, item) == {"done": 1.0, "exact": True, "frames": len(samples), "problem": ""}
    assert reader.piece(item, "peaks", (0, 2)).data == wanted.tobytes()
    top = np.frombuffer(reader.piece(item, "peaks", (12, 0)).data, dtype=np.int8).reshape(2, 1, 2)
    assert top[0, 0].tolist() == list(brute(samples, len(samples))[0][0])
    reader.close()


# ---- spectra -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(7, 11), st.integers(0, 4), st.booleans(), st.integers(0, 2), st.sampled_from([8000, 44100]))
def test_a_tile_is_a_plain_stft(window: int, level: int, mel: bool, tile: int, rate: int) -> None:
    samples = chirp(rate, 3)[:, 0]
    hop, size = hop_of(window, level), 1 << window
    made, columns = spectrum_tile(
        lambda start, stop: samples[start:stop], len(samples), rate, window=window, mel=mel, level=level, tile=tile
    )
    assert columns == min(max(-(-len(samples) // hop) - tile * COLUMNS, 0), COLUMNS)
    assert not made[:, columns:].any()
    padded = np.concatenate([np.zeros(size), samples, np.zeros(size + hop)])
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    edges = edges_of(mel, rate) / rate * size
    for column in range(0, columns, 37):
        power = np.zeros(size // 2 + 1)
        for centre in column_centres(window, level, tile * COLUMNS + column, 1)[0]:
            part = padded[size + centre - size // 2 : size + centre + size // 2]
            power = np.maximum(power, (np.abs(np.fft.rfft(part * shape)) / (size / 4)) ** 2)
        for row in range(0, 256, 11):
            inside = [k for k in range(len(power)) if edges[row] - 1e-9 <= k < edges[row + 1] - 1e-9]
            middle = (edges[row] + edges[row + 1]) / 2
            value = max(power[inside]) if inside else np.interp(middle, np.arange(len(power)), power)
            wanted = np.clip(np.rint((10 * np.log10(max(value, 1e-12)) + 100) * 2.55), 0, 255)
            assert abs(int(made[row, column]) - wanted) <= 1


def test_a_sine_of_full_scale_is_255_where_it_should_be() -> None:
    rate, hertz = 16000, 3000
    tone = np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    reader, item = AudioReader(), Item(0, (tone, rate))
    for scale, top in ((0, hertz / 8000 * 256), (1, np.log10(1 + hertz / 700) / np.log10(1 + 8000 / 700) * 256)):
        piece = reader.piece(item, "spectrum", (10, scale, 0, 0, 0))
        image = np.frombuffer(piece.data, dtype=np.uint8).reshape(256, 256)
        assert image[:, 20].max() == 255
        assert abs(int(image[:, 20].argmax()) - top) <= 2
    reader.close()


def test_a_tile_of_hours_has_one_window_a_column() -> None:
    reads: list[int] = []

    def read(start: int, stop: int) -> Floats:
        reads.append(stop - start)
        return np.sin(np.arange(start, stop) / 5).astype(np.float32)

    made, columns = spectrum_tile(read, 8000 * 36_000, 8000, window=10, mel=True, level=14, tile=0)
    assert columns == -(-8000 * 36_000 // hop_of(10, 14))
    assert reads == [1024] * columns
    assert made[:, :columns].max(axis=0).min() > 230


# ---- blocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77])
def test_blocks_are_all_of_it(frames: int) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32767, (frames, 2)).astype(np.int16)
    reader, item = AudioReader(), Item(0, (samples, 48000))
    parts = [reader.piece(item, "sound", (n,)) for n in range(-(-frames // BLOCK))]
    assert b"".join(part.data for part in parts) == samples.astype("<i2").tobytes()
    assert parts[0].about == {"form": "s16", "rate": 48000, "channels": 2, "frames": min(frames, BLOCK)}
    with pytest.raises(ProtocolError, match="no sound at block"):
        reader.piece(item, "sound", (-(-frames // BLOCK),))
    reader.close()


def test_real_numbers_go_as_they_are() -> None:
    samples = chirp(8000, 10)
    reader, item = AudioReader(), Item(0, (samples.astype(np.float64) * 1.5, 8000))
    piece = reader.piece(item, "sound", (0,))
    assert piece.about["form"] == "f32"
    assert np.array_equal(np.frombuffer(piece.data, "<f4"), (samples[:BLOCK, 0].astype(np.float64) * 1.5).astype("f4"))
    reader.close()


@pytest.mark.parametrize(
    ("part", "at"),
    [
        ("peaks", (13, 0)),
        ("peaks", (-1, 0)),
        ("peaks", (0, -1)),
        ("peaks", (0, 10**12)),
        ("peaks", (0,)),
        ("spectrum", (6, 0, 0, 0, 0)),
        ("spectrum", (14, 0, 0, 0, 0)),
        ("spectrum", (10, 2, 0, 0, 0)),
        ("spectrum", (10, 0, 99, 0, 0)),
        ("spectrum", (10, 0, 0, 10**9, 0)),
        ("spectrum", (10, 0, 0, -1, 0)),
        ("spectrum", (10, 0, 0, 0, 1)),
        ("sound", (-1,)),
        ("sound", (10**15,)),
        ("file", ()),
        ("../../etc/passwd", (0,)),
    ],
)
def test_the_page_gets_nothing_else(part: str, at: tuple[int, ...]) -> None:
    reader = AudioReader()
    with pytest.raises(ProtocolError):
        reader.piece(Item(0, (np.zeros(1000), 1000)), part, at)
    reader.close()


def test_many_threads_get_the_same(tmp_path: Path) -> None:
    samples = chirp(44100, 30, 2)
    write_long(tmp_path / "a.flac", samples, 44100, subtype="PCM_16")
    reader, item = AudioReader(tmp_path), Item(0, "a.flac")
    wanted = [reader.piece(item, "sound", (n,)).data for n in range(20)]
    found: dict[int, bytes] = {}

    def ask(seed: int) -> None:
        for n in np.random.default_rng(seed).permutation(20)[:8]:
            found[int(n)] = reader.piece(item, "sound", (int(n),)).data

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(wanted[n] == data for n, data in found.items())
    reader.close()


# ---- what is wrong with files ------------------------------------------------------------------------


def corrupted(path: Path, start: float, count: int = 4000) -> None:
    body = bytearray(path.read_bytes())
    at = int(len(body) * start)
    body[at : at + count] = np.random.default_rng(0).bytes(min(count, len(body) - at))
    path.write_bytes(bytes(body))


def halved(path: Path) -> None:
    body = path.read_bytes()
    path.write_bytes(body[: len(body) // 2])


def test_cut_off_files_say_so_and_play_as_far_as_they_go(tmp_path: Path) -> None:
    samples = chirp(16000, 20, 2)
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        halved(write_long(tmp_path / name, samples, 16000))
    write_container(tmp_path / "a.mkv", samples, 16000, "aac")
    halved(tmp_path / "a.mkv")
    write_container(tmp_path / "a.m4a", samples, 16000, "aac")
    halved(tmp_path / "a.m4a")
    reader = AudioReader(tmp_path)
    said = {}
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3", "a.mkv"):
        item = Item(name, name)
        assert not reader.present(item).problem
        state = settled(reader, item)
        assert 6 < state["frames"] / 16000 < 14, name
        assert len(played(reader, item)) == state["frames"]
        said[name] = reader.present(item).data["note"]
    assert said["a.wav"] == "the file is cut off: 50 % of its samples are there"
    assert "flac decoder lost sync" in said["a.flac"]
    assert said["a.ogg"] == "the file is cut off: it has no end"
    assert "should have about 20 s" in said["a.mp3"]
    assert "should have about 20 s" in said["a.mkv"]
    assert "it may be cut off" in reader.present(Item(0, "a.m4a")).problem
    reader.close()


def test_broken_places_end_a_recording(tmp_path: Path) -> None:
    corrupted(write_long(tmp_path / "a.flac", chirp(16000, 20, 2), 16000), 0.5)
    reader, item = AudioReader(tmp_path), Item(0, "a.flac")
    state = settled(reader, item)
    assert 8 < state["frames"] / 16000 < 11
    assert state["problem"].startswith("the recording is broken at")
    reader.close()


def test_what_is_no_recording_says_why(tmp_path: Path) -> None:
    good = write_long(tmp_path / "good.wav", chirp(8000, 1), 8000).read_bytes()
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("hello " * 100)
    (tmp_path / "none.wav").write_bytes(good[:22] + b"\0\0" + good[24:])
    soundfile.write(tmp_path / "short.wav", np.zeros((0, 1)), 8000)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:10,\n{tmp_path}/good.wav\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile good.wav\n")
    (tmp_path / "list.mpd").write_text('<?xml version="1.0"?><MPD><BaseURL>good.wav</BaseURL></MPD>')
    reader = AudioReader(tmp_path)
    wanted: list[tuple[Any, str]] = [
        ("empty.wav", "the file is empty"),
        ("text.mp3", "no recording that can be read"),
        ("none.wav", "Channel count is zero"),
        ("short.wav", "it has no samples"),
        ("list.m3u8", "no recording that can be read"),
        ("list.ffconcat", "no recording that can be read"),
        ("list.mpd", "no recording that can be read"),
        ("gone.wav", "No such file"),
        (".", "directory"),
        ("https://example.org/a.wav", "are not fetched"),
        ("file:///etc/passwd", "not a path"),
        ("data:text/html,hello", "data URI must be data:audio/"),
        ("data:audio/wav;base64,!!", "not base64"),
        (b"", "the file is empty"),
        (b"RIFF", "no recording that can be read"),
        (7, "not a recording: the value is an int"),
        (np.zeros(5), "samples need their rate"),
        ((np.zeros(5), 0), "no number of samples a second"),
        ((np.zeros(5), 44100.5), "no number of samples a second"),
        ((np.zeros(5), True), "no number of samples a second"),
        ((np.zeros(5), "fast"), "no number of samples a second"),
        ((np.zeros(0), 8000), "it has no samples"),
        ((np.zeros((5, 0)), 8000), "no channels"),
        ((np.zeros((2, 9000)), 8000), "channels come last"),
        ((np.zeros((2, 2, 2)), 8000), "the shape"),
        ((np.zeros(5, dtype=complex), 8000), "complex"),
        ((["a"], 8000), "the type"),
    ]
    for value, words in wanted:
        assert words in reader.present(Item(0, value)).problem, value
        assert words in reader.measure(value)[1]
        assert len(reader.mark(value)) == len(reader.glance(value)) == 16
        with pytest.raises(MediaError):
            reader.piece(Item(0, value), "state", ())
    reader.close()


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not allow")
@pytest.mark.parametrize(
    "name",
    [
        b"-",
        b"http:x.wav",
        b"a%d.wav",
        b"concat:a.wav",
        b"two\nlines.wav",
        b"\xff\xfe.wav",
        "漢😀é.wav".encode(),
        b"a.raw",
    ],
)
def test_names_are_only_names(tmp_path: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = write_long(tmp_path / "x.wav", chirp(8000, 1), 8000)
    path = os.fsdecode(name)
    written.rename(path)
    reader = AudioReader()
    assert reader.present(Item(0, path)).data["frames"] == 8000
    reader.close()


def test_files_that_change_are_read_anew(tmp_path: Path) -> None:
    write_long(tmp_path / "a.wav", chirp(8000, 2), 8000)
    reader, item = AudioReader(tmp_path), Item(0, "a.wav", identity="x")
    before = reader.present(item).data
    settled(reader, item)
    reader.piece(item, "sound", (0,))
    write_long(tmp_path / "a.wav", chirp(16000, 3, 2), 16000)
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    after = reader.present(item).data
    assert (after["rate"], after["frames"], after["channels"]) == (16000, 48000, 2)
    assert after["rev"] != before["rev"]
    assert reader.piece(item, "sound", (0,)).about == {"form": "s16", "rate": 16000, "channels": 2, "frames": 48000}
    (tmp_path / "a.wav").unlink()
    assert "No such file" in reader.present(item).problem
    with pytest.raises(MediaError):
        reader.piece(item, "sound", (0,))
    reader.close()


# ---- the cache ---------------------------------------------------------------------------------------


def test_peaks_are_kept_beside_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.media.audio._WORTH_KEEPING", 1)
    samples = chirp(8000, 30, 2)
    write_long(tmp_path / "a.flac", samples, 8000)
    folder = tmp_path / "peaks"
    item = Item(0, "a.flac")

    def fresh() -> tuple[AudioReader, Any]:
        reader = AudioReader(tmp_path, cache=PeakCache(folder))
        return reader, reader.piece(item, "state", ()).about

    reader, _ = fresh()
    settled(reader, item)
    wanted = reader.piece(item, "peaks", (0, 0)).data
    for _ in range(500):
        if list(folder.glob("*.peaks")):
            break
        threading.Event().wait(0.01)
    reader.close()
    (kept,) = folder.glob("*.peaks")
    reader, state = fresh()
    assert state["done"] == 1
    assert reader.piece(item, "peaks", (0, 0)).data == wanted
    assert reader.piece(item, "peaks", (3, 0)).about["known"] == -(-len(samples) // (BIN * FACTOR**3))
    reader.close()
    body = kept.read_bytes()
    for damaged in (
        b"",
        body[:40],
        body[:-1],
        body[:-1] + bytes([body[-1] ^ 1]),
        b"x" + body,
        body[:16] + b"\xff" * 99,
    ):
        kept.write_bytes(damaged)
        assert PeakCache(folder).load(kept.stem, 2) is None
    assert PeakCache(folder).load("none", 2) is None
    reader, _ = fresh()
    assert settled(reader, item)["frames"] == len(samples)
    reader.close()


def test_the_cache_is_bounded_and_needs_no_place(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path / "peaks", most=50_000)
    peaks = Peaks(1, BIN * 10_000)
    peaks.add(np.zeros((BIN * 10_000, 1), dtype=np.float32))
    peaks.finish()
    left = tmp_path / "peaks" / "old.part"
    left.parent.mkdir()
    left.touch()
    os.utime(left, (1, 1))
    for n in range(5):
        cache.save(f"{n}", peaks)
        os.utime(tmp_path / "peaks" / f"{n}{audio_cache._SUFFIX}", (n + 10, n + 10))
    assert sorted(path.name for path in (tmp_path / "peaks").iterdir()) == ["3.peaks", "4.peaks"]
    assert cache.load("4", 1) is not None
    assert cache.load("4", 2) is None
    (tmp_path / "file").touch()
    PeakCache(tmp_path / "file" / "peaks").save("a", peaks)  # nothing can be written there


# ---- sounds ------------------------------------------------------------------------------------------


def test_a_sound_is_read_window_by_window() -> None:
    samples = chirp(8000, 7, 2)
    sound = Sound.of(samples, 8000)
    assert np.array_equal(np.concatenate(list(sound.blocks(2))), samples)
    assert [len(one) for one in sound.blocks(2, mono=True)] == [16000, 16000, 16000, 8000]
    assert np.allclose(np.concatenate(list(sound.blocks(2, mono=True))), samples.mean(axis=1), atol=1e-6)
    assert np.array_equal(sound.cut(0.5, 1.25), samples[4000:10000])
    assert np.array_equal(sound.cut(6.5), samples[52000:])
    assert sound.cut(9).shape == (0, 2)
    given_samples, rate = sound
    assert rate == 8000
    assert np.array_equal(given_samples, samples)
    for wrong in (
        lambda: sound.cut(-1),
        lambda: sound.cut(2, 1),
        lambda: sound.blocks(0),
        lambda: sound.blocks(1, rate=9),
    ):
        with pytest.raises(NblabelError):
            wrong()


@pytest.mark.parametrize(
    ("old", "new"), [(44100, 16000), (8000, 16000), (11025, 16000), (48000, 16000), (16000, 7), (99, 7)]
)
def test_another_rate_keeps_what_it_can(old: int, new: int) -> None:
    hertz = 0.2 * min(old, new)
    t = np.arange(old * 4) / old
    tone = np.sin(2 * np.pi * hertz * t).astype(np.float32)
    made = Sound.of(tone, old).mono(new)
    assert len(made) == new * 4
    wanted = np.sin(2 * np.pi * hertz * np.arange(new * 4) / new)
    middle = slice(len(made) // 4, 3 * len(made) // 4)
    if new > 100:
        assert np.abs(made[middle] - wanted[middle]).max() < 2e-3
    pieces = list(Sound.of(tone, old).blocks(0.7, mono=True, rate=new)) if new > 100 else [made]
    assert np.allclose(np.concatenate(pieces), made, atol=1e-6)
    if new < old and new > 100:  # what is too high is gone, not folded down
        high = np.sin(2 * np.pi * 0.7 * new * t).astype(np.float32)
        assert np.abs(Sound.of(high, old).mono(new)[middle]).max() < 2e-3
