"""`AudioLabeler` without a browser: what can be handed in, options, the loop, results."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

import nblabel as nb
from nblabel.errors import InvalidAnnotation, InvalidSchema, NblabelError, SourceError, UnknownItem, UnknownOption

from .recordings import Floats, chirp, settled, write_long

RATE = 8000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with recordings, which is the current one."""
    for n, name in enumerate(("a2.wav", "a10.wav", "b.flac")):
        write_long(tmp_path / name, chirp(RATE, 2 + n, 2, seed=n), RATE)
    (tmp_path / "notes.txt").write_text("no recording")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(data: Any, **options: Any) -> nb.AudioLabeler:
    if not {"segments", "choices", "transcript", "fields"} & set(options):
        options["segments"] = ["speech", "music"]
    return nb.AudioLabeler(data, **{"store": ":memory:", **options})


def wav(samples: Floats) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, samples, RATE, format="WAV", subtype="FLOAT")
    return held.getvalue()


# ---- what can be handed in ---------------------------------------------------------------------------


def test_paths_are_kept_as_they_are_written(folder: Path) -> None:
    for data in (["a2.wav", "a10.wav"], "a*.wav", ("a2.wav", "a10.wav"), pd.Series(["a2.wav", "a10.wav"])):
        lab = make(data)
        assert lab.item.data == "a2.wav"
        assert lab.item.duration == 2.0
        assert lab._session.source.names() == ["a2.wav", "a10.wav"]
    assert make(".").item.key == "./a2.wav"
    assert len(make(folder)._session.source) == 3
    assert make("b.flac").item.key == "b.flac"
    assert make(["a2.wav"], root=folder).item.data == "a2.wav"
    assert make([Path("a2.wav")]).item.key == "a2.wav"


def test_a_frame_with_a_column_of_paths(folder: Path) -> None:
    frame = pd.DataFrame({"who": ["x", "y"], "path": ["a2.wav", "b.flac"]}, index=["one", "two"])
    lab = make(frame, show="who")
    assert (lab.item.key, lab.item.data, lab.item.show) == ("one", "a2.wav", (("who", "x"),))
    assert make(frame, key="who").item.key == "x"
    assert make([{"file": "a2.wav", "n": 1}]).item.data == "a2.wav"
    frame.to_csv("list.csv")
    assert make("list.csv", audio="path", key="who").item.data == "a2.wav"
    with pytest.raises(SourceError, match="such as audio="):
        make(frame.rename(columns={"path": "one"}).assign(two=frame.path))
    with pytest.raises(SourceError, match="no column looks as if it held recordings"):
        make(frame[["who"]])


def test_bytes_uris_and_samples() -> None:
    samples = chirp(RATE, 1, 2)
    body = wav(samples)
    uri = "data:audio/wav;base64," + base64.b64encode(body).decode()
    hugging = {"array": samples, "sampling_rate": RATE}
    values: list[Any] = [body, bytearray(body), uri, (samples, RATE), hugging, {"bytes": body, "path": None}]
    for value in values:
        for data in ([value, (samples[:100], RATE)], pd.DataFrame({"audio": [value, (samples[:100], RATE)]})):
            if isinstance(data, list) and isinstance(value, dict):
                continue  # a list of dicts is a table
            found, rate = make(data).sound(0)
            assert rate == RATE
            assert np.array_equal(found, samples)
    for alone in (body, uri, (samples, RATE), (samples[:, 0], np.int64(RATE)), hugging, [hugging, hugging]):
        assert make(alone).sound(0)[0].shape[0] == RATE
    integers = (samples * 32767).astype(np.int16)
    assert np.array_equal(make((integers, RATE)).sound(0)[0], (integers / 32768).astype(np.float32))


def test_what_cannot_be_handed_in(folder: Path) -> None:
    wrong: list[tuple[Any, str]] = [
        (np.zeros(100), "hand in .samples, rate."),
        ("https://example.org/a.wav", "nblabel opens no network connection"),
        ("gone*.wav", "no file matches"),
        (["a2.wav", "a2.wav"], "given twice"),
        ("", "not a path"),
    ]
    for data, words in wrong:
        with pytest.raises(SourceError, match=words):
            make(data)
    (folder / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no recordings"):
        make("empty")


def test_the_queue_goes_on_after_broken_files(folder: Path) -> None:
    (folder / "a3.wav").touch()
    (folder / "a4.wav").write_text("no sound")
    lab = make(folder, root=None)
    lab.submit([])
    assert lab.item.problem == "the file is empty"
    lab.discard()
    assert "no recording that can be read" in lab.item.problem
    lab.skip()
    assert lab.item.key == str(folder / "a10.wav")
    assert not lab.item.problem
    with pytest.raises(NblabelError, match="empty"):
        lab.sound(str(folder / "a3.wav"))
    frame = pd.DataFrame({"path": ["a2.wav", None]})
    assert make(frame, audio="path")._session.source.item(1).problem == "no recording (missing value)"


def test_answers_are_found_again_by_content() -> None:
    samples = [chirp(RATE, 1, seed=n) for n in range(4)]
    store = nb.open_store(":memory:")
    lab = make([(one, RATE) for one in samples], store=store)
    lab.submit([nb.Segment(0, 0.5, "music")], key=2)
    lab.close()
    again = make([(one, RATE) for one in reversed(samples)], store=store)
    assert again.annotations["key"].tolist() == [1]
    assert again.progress.submitted == 1
    other = make([(one, RATE + 1) for one in samples], store=store)
    assert other.progress.submitted == 0


# ---- questions ---------------------------------------------------------------------------------------


def test_transcript_says_where_texts_are_typed() -> None:
    data = (chirp(RATE, 1), RATE)
    assert make(data, transcript=True).schema.names == ("transcript",)
    assert make(data, transcript="recording", segments=["a"]).schema.names == ("segments", "transcript")
    assert make(data, transcript=nb.Texts(name="transcript", max_length=3)).schema.field("transcript").max_length == 3
    for segments in (["a"], nb.Segments(["a"], tiers="label")):
        field = make(data, transcript=True, segments=segments).schema.field("segments")
        assert field.transcript
        assert [label.name for label in field.labels] == ["a"]
    field = make(data, transcript="segments").schema.field("segments")
    assert field.transcript
    assert not field.labels
    lab = make(data, transcript="segments", choices=["x"])
    lab.submit([nb.Segment(0, 1, text="hello"), nb.Choice("x")])
    assert lab.annotations["text"][0] == "hello"
    for wrong in ("everywhere", 3):
        with pytest.raises(InvalidSchema, match="where texts are typed"):
            make(data, transcript=wrong)
    with pytest.raises(InvalidSchema, match="takes a list of labels"):
        make(data, segments="speech", transcript=True)
    with pytest.raises(InvalidSchema, match="was not told what to ask"):
        nb.AudioLabeler(data, store=":memory:")


def test_options_of_the_page() -> None:
    data = (chirp(RATE, 1), RATE)
    options = make(data, spectrogram={"window": 512, "scale": "linear", "low": -80, "high": 0}, height=300)._bridge
    assert options._options == {
        "height": 300,
        "spectrogram": True,
        "window": 9,
        "scale": "linear",
        "range": [-80.0, 0.0],
        "follow": True,
        "speed": 1.0,
    }
    assert make(data, spectrogram=False)._bridge._options["spectrogram"] is False
    wrong: list[dict[str, Any]] = [
        {"spectrogram": {"window": 1000}},
        {"spectrogram": {"window": "big"}},
        {"spectrogram": {"scale": "bark"}},
        {"spectrogram": {"low": 0, "high": -10}},
        {"spectrogram": {"low": float("nan")}},
        {"spectrogram": {"low": None}},
        {"spectrogram": "mel"},
        {"speed": 3},
        {"speed": "fast"},
    ]
    for given in wrong:
        with pytest.raises(NblabelError):
            make(data, **given)
    with pytest.raises(UnknownOption, match="did you mean 'window'"):
        make(data, spectrogram={"windows": 512})
    with pytest.raises(UnknownOption, match="did you mean 'segments'"):
        nb.AudioLabeler(data, segment=["a"])


# ---- the loop ----------------------------------------------------------------------------------------


def test_the_first_minute(folder: Path) -> None:
    field = nb.Segments(["speech", "music"], frequency=True, transcript=True)
    lab = make(folder, segments=field, choices=["clean", "noisy"], annotator="ada")
    lab.submit(
        [
            nb.Segment(0.5, 1.25, "speech", text="hello", channel=1, low=0.0, high=900.0),
            nb.Segment(2, 2, "music"),
            nb.Choice("clean"),
        ]
    )
    rows = lab.annotations
    assert rows[["field", "kind", "label"]].values.tolist() == [
        ["segments", "segment", "speech"],
        ["segments", "segment", "music"],
        ["choices", "choice", "clean"],
    ]
    assert rows.loc[0, ["start", "end", "text", "channel"]].tolist() == [0.5, 1.25, "hello", 1]
    assert rows.loc[0, ["low", "high"]].tolist() == [0, 900]
    assert rows["channel"].isna().tolist() == [False, True, True]
    types = {name: str(rows[name].dtype) for name in ("start", "end", "channel", "low", "high")}
    assert types == {"start": "float64", "end": "float64", "channel": "Int64", "low": "float64", "high": "float64"}
    assert lab.undo()
    assert lab.redo()
    assert lab.filter(text="B.FLAC") == 1


def test_a_lone_label_need_not_be_said() -> None:
    lab = nb.AudioLabeler([(np.zeros(80), 8)], segments=["speech"], store=":memory:")
    lab.submit([(1, 2), (3, 4.5, "speech")])
    assert lab.annotations[["start", "end", "label"]].values.tolist() == [[1, 2, "speech"], [3, 4.5, "speech"]]
    two = nb.AudioLabeler([(np.zeros(80), 8)], segments=["speech", "music"], store=":memory:")
    with pytest.raises(nb.NblabelError, match="unknown label ''"):
        two.submit([(1, 2)])


def test_a_textgrid_is_as_long_as_the_recording(tmp_path: Path) -> None:
    """Also where only decoding tells how long that is."""
    soundfile.write(tmp_path / "a.mp3", np.sin(np.arange(4 * 16_000) / 9) / 2, 16_000)
    lab = nb.AudioLabeler([str(tmp_path / "a.mp3")], segments=["x"], store=":memory:")
    lab.submit([nb.Segment(0.2, 1, "x")])
    found = re.search(r"xmax = ([0-9.]+)", lab.textgrid(str(tmp_path / "a.mp3")))
    assert found
    assert 4 <= float(found[1]) < 4.2


def test_a_channel_that_is_not_there_is_a_missing_clip() -> None:
    lab = nb.AudioLabeler([(np.zeros((80, 2)), 8)], segments=["x"], store=":memory:")
    lab.submit([nb.Segment(0, 1, "x", channel=5), nb.Segment(1, 2, "x", channel=1)])
    assert [made is None for made in lab.clips().samples] == [True, False]


def test_of_a_file_only_what_lies_behind_the_end_is_left_out(folder: Path, tmp_path: Path) -> None:
    """Others' files may be of a longer version of the recording."""
    (tmp_path / "labels.txt").write_text("1.0\t2.0\tspeech\n9.0\t12.0\tspeech\n900.0\t901.0\tspeech\n")
    lab = nb.AudioLabeler([(np.zeros(80), 8)], segments=["speech"], store=":memory:", key=None)
    (tmp_path / "0.txt").write_text((tmp_path / "labels.txt").read_text())
    report = lab.load(tmp_path / "0.txt", format="audacity")
    assert lab.annotations[["start", "end"]].values.tolist() == [[1, 2], [9, 10]]
    assert "cut off at the recording's end, 10 s" in str(report)
    assert "starts behind the recording's end at 10 s" in str(report)


def test_segments_behind_the_end_are_refused(folder: Path) -> None:
    lab = make("a2.wav")
    with pytest.raises(InvalidAnnotation, match="starts behind the recording's end at 2 s"):
        lab.submit([nb.Segment(2.5, 3, "music")])
    lab.submit([nb.Segment(1.5, 2, "music")])
    write_long(folder / "c.mp3", chirp(44100, 4), 44100, bitrate_mode="CONSTANT", compression_level=0.9)
    lab = make("c.mp3")
    assert lab.item.duration is None  # an estimate until it was decoded
    lab.draft([nb.Segment(30, 31, "music")])
    settled(lab._reader, lab.item)
    with pytest.raises(InvalidAnnotation, match="behind the recording's end"):
        lab.submit([nb.Segment(30, 31, "music")])


def test_live_columns_hold_segments(folder: Path) -> None:
    frame = pd.DataFrame({"path": ["a2.wav", "a10.wav", "b.flac"]})
    frame["seg"] = [None, [(0.5, 1.0, "music")], None]
    lab = make(frame, into="seg")
    assert lab.progress.submitted == 1
    lab.submit([nb.Segment(1, 1.5, "speech"), nb.Segment(0.25, 1, "music")], key=0)
    assert frame.seg[0] == [(0.25, 1.0, "music"), (1.0, 1.5, "speech")]
    assert lab.df.segments[0] == frame.seg[0]
    rows = lab.annotations.sort_values(["key", "start"])
    assert rows[["key", "start", "label"]].values.tolist() == [
        [0, 0.25, "music"],
        [0, 1.0, "speech"],
        [1, 0.5, "music"],
    ]
    rich = pd.DataFrame({"path": ["a2.wav"]})
    lab = make(rich, segments=nb.Segments(["s"], tiers="channel", frequency=True), transcript=True, into="seg")
    lab.submit([nb.Segment(0, 1, "s", text="hi", channel=0, low=0.0, high=50.0)])
    wanted = {"start": 0.0, "end": 1.0, "label": "s", "text": "hi", "channel": 0, "low": 0.0, "high": 50.0}
    assert rich.seg[0] == [wanted]
    again = make(rich, segments=nb.Segments(["s"], tiers="channel", frequency=True), transcript=True, into="seg")
    (segment,) = again._session.said(0).response.annotations
    assert (segment.text, segment.channel, segment.low) == ("hi", 0, 0.0)
    pytest.importorskip("pyarrow")
    rich.to_parquet("rich.parquet")
    back = pd.read_parquet("rich.parquet")
    lab = make(back, segments=nb.Segments(["s"], tiers="channel", frequency=True), transcript=True, into="seg")
    assert lab._session.said(0).response.annotations[0].channel == 0


# ---- results -----------------------------------------------------------------------------------------


def test_clips_are_exact_to_the_sample(folder: Path) -> None:
    samples, rate = soundfile.read("b.flac", dtype="float32", always_2d=True)
    lab = make("b.flac")
    start, end = 1234 / RATE, 5679 / RATE
    lab.submit([nb.Segment(start, end, "music"), nb.Segment(3.9, 4, "speech", channel=1), nb.Segment(1, 1, "speech")])
    clips = lab.clips()
    assert clips.columns.tolist() == [
        "key",
        "id",
        "field",
        "label",
        "text",
        "start",
        "end",
        "channel",
        "samples",
        "rate",
    ]
    assert np.array_equal(clips.samples[0], samples[1234:5679])
    assert np.array_equal(clips.samples[1], samples[31200:32000, 1:])
    assert clips.samples[2].shape == (0, 2)
    assert clips.rate.tolist() == [rate] * 3
    assert np.array_equal(lab.clip("b.flac", clips.id[0])[0], samples[1234:5679])
    assert np.array_equal(lab.clip("b.flac", nb.Segment(0, 0.5, "music"), pad=0.25)[0], samples[:6000])
    assert np.array_equal(lab.sound("b.flac", 1, 2)[0], samples[8000:16000])
    assert np.array_equal(lab.sound("b.flac", start=3.5)[0], samples[28000:])
    assert lab.clips(labels="music").label.tolist() == ["music"]
    assert lab.clips("segments", ["speech"], pad=0.1).samples[1].shape == (1600, 2)
    Path("b.flac").write_text("gone")
    assert lab.clips().samples[0] is None
    assert lab.clips().rate.isna().all()


def test_what_clips_refuse() -> None:
    lab = make((chirp(RATE, 1, 2), RATE), choices=["x"], segments=["a"])
    lab.submit([nb.Segment(0, 1, "a"), nb.Choice("x")])
    segment, choice = lab.annotations["id"]
    wrong: list[Any] = [
        lambda: lab.clip(0, "nope"),
        lambda: lab.clip(0, choice),
        lambda: lab.clip(0, nb.Choice("x")),
        lambda: lab.clip(0, segment, pad=-1),
        lambda: lab.clip(0, nb.Segment(0, 1, "a", channel=2)),
        lambda: lab.clips("other"),
        lambda: lab.clips(pad=float("nan")),
        lambda: lab.sound(0, -1),
        lambda: lab.sound(0, 2, 1),
        lambda: lab.sound(0, float("nan")),
        lambda: lab.sound(0, 0, float("inf")),
    ]
    for call in wrong:
        with pytest.raises(NblabelError):
            call()
    with pytest.raises(UnknownItem):
        lab.sound(7)
    assert make((chirp(RATE, 1), RATE)).clips().empty


def test_a_textgrid(folder: Path) -> None:
    lab = make("a2.wav")
    lab.draft([nb.Segment(0.5, 1.25, "music")])
    text = lab.textgrid("a2.wav")
    assert 'text = "music"' in text
    assert "xmax = 2 " in text
    assert len(lab.textgrid("a2.wav", short=True)) < len(text)


def test_models_get_a_sound(folder: Path) -> None:
    def voice(sound: nb.Sound) -> list[nb.Segment]:
        samples, rate = sound
        loud = np.abs(samples).max(axis=1) > 0.1
        first, last = np.flatnonzero(loud)[[0, -1]]
        return [nb.Segment(first / rate, (last + 1) / rate, "speech")]

    lab = make("a2.wav", suggest=voice)
    item = lab.item
    lab._session.models.runner.request([item])
    assert lab._session.models.runner.wait(20)
    assert lab.accept() == 1
    assert lab.value[0].label == "speech"
    assert 0 <= lab.value[0].start < lab.value[0].end <= 2


def test_peaks_stand_beside_the_store(folder: Path) -> None:
    lab = make("a2.wav", store="labels.db")
    cache = lab._reader.cache
    assert cache is not None
    assert cache._folder == folder / "labels.db.peaks"
    assert make("a2.wav")._reader.cache is None
    lab.close()


def test_no_package_is_loaded_before_it_is_needed() -> None:
    code = """
        import sys
        import numpy as np
        import nblabel as nb
        lab = nb.AudioLabeler((np.zeros(100), 50), segments=["a"], store=":memory:")
        lab.submit([nb.Segment(0, 1, "a")])
        lab._reader.piece(lab._session.source.item(0), "sound", (0,))
        print([name for name in ("soundfile", "av", "PIL", "scipy", "praatio") if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
