"""Audacity, RTTM, subtitles, Label Studio, Prodigy and tables of recordings; webvtt-py and srt read what is written."""

from __future__ import annotations

import contextlib
import json
import wave
from pathlib import Path
from typing import Any

import pytest
import srt
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nblabel as nb
from nblabel import formats
from nblabel.annotations import Choice, Segment, Text
from nblabel.errors import FormatError
from nblabel.formats.base import infer
from nblabel.formats.recordings import shown_seconds
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Schema, Segments

from .segment_rows import SCHEMA, SPEAKERS, TEXT, again, bare, notes, row, segments

ONLY = Schema.of({"sounds": Segments(["speech", "bird song"], frequency=True)})
TURNS = [
    Segment(0.5, 2, "Ada", "Good morning.", field="turns", id="a"),
    Segment(1.5, 3.25, "Bob", "Morning!\nHow are you?", field="turns", id="b"),
]


def read(name: str, path: Path, text: str, **options: Any) -> formats.Reading:
    path.write_text(text)
    return formats.FORMATS[name].read(path, **options)


# ---- which format, which name --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.TextGrid", "", "textgrid"),
        ("a.eaf", "", "eaf"),
        ("a.vtt", "", "webvtt"),
        ("a.srt", "", "srt"),
        ("a.rttm", "", "rttm"),
        ("a.txt", "0.5\t1.25\tspeech\n", "audacity"),
        ("a.txt", "\n0,5\t1,25\t\n", "audacity"),
    ],
)
def test_formats_are_recognised(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    assert formats.to_read(tmp_path / name).name == expected
    assert formats.to_read(tmp_path).name == expected


def test_boxes_of_yolo_are_no_label_track(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    assert formats.to_read(tmp_path).name == "yolo"
    for alias, name in {"praat": "textgrid", "elan": "eaf", "vtt": "webvtt", "subrip": "srt"}.items():
        assert formats.for_path("x", alias).name == name


def test_a_schema_is_inferred() -> None:
    said = [
        Segment(0, 1, "a", field="x"),
        Segment(0, 1, text="t", field="y"),
        Segment(0, 1, "b", low=1, field="z", attributes={"n": 1}),
        Segment(0, 1, field="bare"),
    ]
    schema = infer(said)
    assert schema is not None
    kinds = {one.name: (one.transcript, one.frequency) for one in schema.fields if isinstance(one, Segments)}
    assert kinds == {"x": (False, False), "y": (True, False), "z": (False, True), "bare": (False, False)}
    schema.check(
        [*(Segment(a.start, a.end, a.label, a.text, low=a.low, field=a.field, id=f"{n}") for n, a in enumerate(said))]
    )


@given(st.floats(0, 1e6))
def test_seconds_are_exact_without_exponents(value: float) -> None:
    text = shown_seconds(value)
    assert float(text) == value
    assert "e" not in text


# ---- Audacity ------------------------------------------------------------------------------------

TRACK = "0.000000\t1.500000\tspeech\n\\\t200.5\t-1.0\n2,5\t2,5\tclick\n3.0\told style\n\\\t1\n4\t3\tback\n\n"


def test_label_tracks_are_read(tmp_path: Path) -> None:
    found = read("audacity", tmp_path / "x.txt", TRACK, labels=True)
    said = found.items[0].response.annotations
    assert [(a.start, a.end, a.label, a.low, a.high) for a in said if isinstance(a, Segment)] == [
        (0, 1.5, "speech", 200.5, None),
        (2.5, 2.5, "click", None, None),
        (3, 3, "old style", None, None),
    ]
    assert notes(found.report)[0] == "line 5 bounds the frequency of no label"
    assert "line 6" in notes(found.report)[1]


def test_label_tracks_keep_frequencies_and_overlaps(tmp_path: Path) -> None:
    said = [
        Segment(0.1, 5, "speech", field="sounds", low=100.5),
        Segment(1, 2, "bird song", field="sounds", low=1000, high=8000.25),
        Segment(4, 4, "bird song", field="sounds"),
    ]
    found, report = again("audacity", tmp_path / "a.txt", [row(*said)], ONLY)
    assert report.dropped == ()
    assert (tmp_path / "a.txt").read_text().splitlines()[:2] == ["0.1\t5\tspeech", "\\\t100.5\t-1"]
    assert bare(found.items[0].response.annotations) == bare(said)
    assert [a.high for a in found.items[0].response.annotations] == [None, 8000.25, None]  # type: ignore[union-attr]


def test_label_tracks_tell_what_they_lose(tmp_path: Path) -> None:
    said = [*TURNS, Segment(4, 5, "Ada", field="turns", channel=1, score=0.5), Choice("good", field="mood")]
    found, report = again("audacity", tmp_path / "a.txt", [row(*said)], SPEAKERS)
    told = " | ".join(notes(report))
    for words in ("label and text are one there", "line breaks", "score, channel not written", "no choice 'good'"):
        assert words in told
    assert bare(found.items[0].response.annotations)[0] == (0.5, 2.0, "Ada", "Good morning.", None, "turns")


def test_other_files_of_a_folder_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    found = read("audacity", tmp_path / "x.txt", "1\t2\tthree words here\n")
    assert found.items[0].response.annotations[0].text == "three words here"  # type: ignore[union-attr]
    found = formats.FORMATS["audacity"].read(tmp_path)
    assert [one.item.key for one in found.items] == ["x"]
    assert "is no label track" in notes(found.report)[0]
    with pytest.raises(FormatError, match="is no label track"):
        formats.FORMATS["audacity"].read(tmp_path / "notes.txt")


# ---- RTTM ----------------------------------------------------------------------------------------

RTTM = """;; a comment
SPKR-INFO call 1 <NA> <NA> <NA> unknown Ada <NA> <NA>
SPEAKER call 1 6.690 0.430 <NA> <NA> Ada 0.75 <NA>
SPEAKER call 1 7.000 1.5 <NA> <NA> Bob <NA> <NA>
SPEAKER other 2 0 1 <NA> <NA> Ada <NA> <NA>
SPEAKER other 1 1 0 <NA> <NA> Ada <NA>
SPEAKER other 1 1 -1 <NA> <NA> Ada <NA>
"""


def test_turns_are_read_and_written_back(tmp_path: Path) -> None:
    found = read("rttm", tmp_path / "x.rttm", RTTM)
    call, other = found.items
    assert [a[:5] for a in bare(call.response.annotations)] == [
        (6.69, 7.12, "Ada", "", None),
        (7.0, 8.5, "Bob", "", None),
    ]
    assert call.response.annotations[0].score == 0.75
    assert [a[:5] for a in bare(other.response.annotations)] == [(0, 1, "Ada", "", 1), (1, 1, "Ada", "", 0)]
    assert notes(found.report) == ["line 2, a SPKR-INFO, is not read", "line 7: turn: has the duration -1"]
    formats.FORMATS["rttm"].write(tmp_path / "y.rttm", found.labelled, found.schema, meta=found.meta)
    text = (tmp_path / "y.rttm").read_text()
    assert "SPEAKER call 1 6.69 0.43 <NA> <NA> Ada 0.75 <NA>" in text
    assert "SPKR-INFO call 1 <NA> <NA> <NA> unknown Ada <NA> <NA>" in text
    second = formats.FORMATS["rttm"].read(tmp_path / "y.rttm")
    assert [one.response.annotations for one in second.items] == [one.response.annotations for one in found.items]


def test_rttm_tells_what_it_loses(tmp_path: Path) -> None:
    schema = Schema.of({"turns": Segments(["Ada L.", "Bob"])})
    said = [
        Segment(0, 1, "Ada L.", "hi", field="turns", channel=0),
        Segment(1, 2, "Bob", field="turns"),
        Segment(1, 2, "Bob", field="turns", channel=1, low=5),
    ]
    rows = [row(*said, key="in/my call.wav"), row(key="out/my call.wav")]
    report = formats.FORMATS["rttm"].write(tmp_path / "x.rttm", rows, schema)
    told = " | ".join(notes(report))
    for words in (
        "'my call' is written as 'my_call'",
        "'Ada L.' is written as 'Ada_L.'",
        "text not written",
        "that it is of all channels not written",
        "frequency not written",
        "as 'in/my call.wav' is; left out",
    ):
        assert words in told
    with pytest.raises(FormatError, match="line 1 is no line of RTTM"):
        read("rttm", tmp_path / "z.rttm", "hello\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments())
def test_turns_round_trip(tmp_path: Path, said: list[Segment]) -> None:
    turns = [Segment(a.start, a.end, "Bob", field="turns", id=a.id) for a in said]
    found, report = again("rttm", tmp_path / "a.rttm", [row(*turns)], SPEAKERS)
    assert report.dropped == ()
    back = bare(one for item in found.items for one in item.response.annotations)
    assert [a[0] for a in back] == [a[0] for a in bare(turns)]
    assert sorted(a[1] for a in back) == pytest.approx(sorted(a.end for a in turns), rel=1e-15)


# ---- WebVTT --------------------------------------------------------------------------------------

VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE first of all

intro
00:01.000 --> 00:02.500 align:start position:10%
<v.loud Ada Lovelace>Hi &amp; <i>bye</i></v> <v Bob>yes

00:00:03.000 --> 01:00:04.000
1 &lt; 2
- second line

NOTE the end

00:05.000 --> 00:04.000
backwards

nonsense
"""


def test_cues_are_read_with_voices(tmp_path: Path) -> None:
    found = read("webvtt", tmp_path / "x.vtt", VTT.replace("\n", "\r\n"))
    (one,) = found.items
    assert [(a.id, a.start, a.end, a.label, a.text) for a in one.response.annotations if isinstance(a, Segment)] == [
        ("cue0", 1.0, 2.5, "Ada Lovelace", "Hi & bye"),
        ("cue0:1", 1.0, 2.5, "Bob", "yes"),
        ("cue1", 3.0, 3604.0, "", "1 < 2\n- second line"),
    ]
    told = " | ".join(notes(found.report))
    assert "tags of" in told
    assert "'nonsense' begins neither a cue nor a note" in told
    assert "before it starts" in told


def test_cues_that_did_not_change_are_written_back(tmp_path: Path) -> None:
    found = read("webvtt", tmp_path / "x.vtt", VTT)
    report = formats.FORMATS["webvtt"].write(tmp_path / "y.vtt", found.labelled, found.schema, meta=found.meta)
    assert report.dropped == ()
    expected = VTT.partition("\n\n00:05")[0].replace("00:01.000 --> 00:02.500", "00:00:01.000 --> 00:00:02.500")
    assert (tmp_path / "y.vtt").read_text() == expected + "\n"


def test_webvtt_py_reads_what_is_written(tmp_path: Path) -> None:
    found, report = again("webvtt", tmp_path / "a.vtt", [row(*TURNS)], SPEAKERS)
    assert report.dropped == ()
    captions = webvtt.read(str(tmp_path / "a.vtt"))
    assert [(c.start, c.end, c.voice, c.text) for c in captions] == [
        ("00:00:00.500", "00:00:02.000", "Ada", "Good morning."),
        ("00:00:01.500", "00:00:03.250", "Bob", "Morning!\nHow are you?"),
    ]
    assert bare(found.items[0].response.annotations) == bare(TURNS)


def test_what_webvtt_py_writes_is_read(tmp_path: Path) -> None:
    made = webvtt.WebVTT()
    made.captions.append(webvtt.Caption("00:00:01.000", "00:00:02.000", ["<v Ada>Hello", "there"]))
    made.save(str(tmp_path / "x.vtt"))
    (one,) = formats.FORMATS["webvtt"].read(tmp_path / "x.vtt", schema=SPEAKERS).items
    assert bare(one.response.annotations) == [(1.0, 2.0, "Ada", "Hello\nthere", None, "turns")]


def test_subtitles_tell_what_they_lose(tmp_path: Path) -> None:
    said = [
        Segment(0.12345, 1, text="a\n\n00:01.000 --> 00:02.000\n", field="words"),
        Segment(2, 2, text="b", field="words", score=0.5),
    ]
    for name in ("webvtt", "srt"):
        ending = formats.FORMATS[name].suffixes[0]
        found, report = again(name, tmp_path / f"a{ending}", [row(*said)], SCHEMA)
        told = " | ".join(notes(report))
        for words in ("rounded to milliseconds", "one millisecond long", "empty lines", "score not written"):
            assert words in told
        places = [(a[0], a[1], a[3][:1]) for a in bare(found.items[0].response.annotations)]
        assert places == [(0.123, 1.0, "a"), (2.0, 2.001, "b")]
    with pytest.raises(FormatError, match="does not begin with WEBVTT"):
        read("webvtt", tmp_path / "z.vtt", "hello")
    with pytest.raises(FormatError, match="no line of times"):
        read("srt", tmp_path / "z.srt", "hello")


# ---- SRT -----------------------------------------------------------------------------------------


def test_subtitles_are_read(tmp_path: Path) -> None:
    text = (
        "\ufeff1\n00:00:01,000 --> 00:00:02,5 X1:10 X2:20\n<i>Hi</i>\n\nthere\n\n"
        "2\n00:00:03.000 --> 00:00:04.000\n7\n\n"
        "00:00:05,000 --> 00:00:06,000\nAda: last"
    )
    found = read("srt", tmp_path / "x.srt", text, schema=SPEAKERS)
    assert bare(found.items[0].response.annotations) == [
        (1.0, 2.5, "", "<i>Hi</i>\n\nthere", None, "turns"),
        (3.0, 4.0, "", "7", None, "turns"),
        (5.0, 6.0, "Ada", "last", None, "turns"),
    ]
    assert found.items[0].meta == {"settings": {"cue0": "X1:10 X2:20"}}


def test_srt_reads_what_is_written(tmp_path: Path) -> None:
    found, report = again("srt", tmp_path / "a.srt", [row(*TURNS)], SPEAKERS)
    assert len(report.dropped) == 2
    made = list(srt.parse((tmp_path / "a.srt").read_text()))
    assert [(one.start.total_seconds(), one.end.total_seconds(), one.content) for one in made] == [
        (0.5, 2.0, "Ada: Good morning."),
        (1.5, 3.25, "Bob: Morning!\nHow are you?"),
    ]
    assert bare(found.items[0].response.annotations) == bare(TURNS)


LINES = st.lists(TEXT.filter(lambda text: text.strip()), min_size=1, max_size=3).map("\n".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments(thousandths=True, texts=LINES))
def test_voices_round_trip(tmp_path: Path, said: list[Segment]) -> None:
    for name in ("webvtt", "srt", "audacity"):
        known = [a for a in said if a.label or name == "webvtt" or "\n" not in a.text]
        ending = (*formats.FORMATS[name].suffixes, ".txt")[0]
        found, report = again(name, tmp_path / f"a{ending}", [row(*known)], SCHEMA)
        assert len(notes(report)) == (len(known) and len({a.field for a in known}) == 2 and len(known))
        assert bare(found.items[0].response.annotations) == bare(known)


# ---- Label Studio --------------------------------------------------------------------------------

REGION = {"from_name": "label", "to_name": "audio", "id": "r1", "original_length": 60.5, "source": "$url"}
TASKS = [
    {
        "id": 7,
        "data": {"url": "https://x.org/upload/a.wav?token=1"},
        "annotations": [
            {
                "completed_by": {"email": "ann"},
                "result": [
                    {
                        **REGION,
                        "type": "labels",
                        "value": {"start": 1.5, "end": 2.5, "channel": 0, "labels": ["Voice"]},
                    },
                    {
                        **REGION,
                        "from_name": "said",
                        "type": "textarea",
                        "value": {"start": 1.5, "end": 2.5, "channel": 0, "text": ["Hi", "there"]},
                    },
                    {
                        **REGION,
                        "from_name": "n",
                        "type": "number",
                        "value": {"start": 1.5, "end": 2.5, "channel": 0, "number": 2},
                    },
                    {
                        "from_name": "genre",
                        "to_name": "audio",
                        "id": "c",
                        "type": "choices",
                        "value": {"choices": ["Pop"]},
                    },
                    {
                        **REGION,
                        "id": "r2",
                        "from_name": "said",
                        "type": "textarea",
                        "value": {"start": 3, "end": 4, "text": ["alone"]},
                    },
                    {
                        "from_name": "ner",
                        "id": "t",
                        "type": "labels",
                        "value": {"start": 0, "end": 2, "text": "Hi", "labels": ["X"]},
                    },
                ],
            }
        ],
    }
]


def test_recordings_of_label_studio_are_read_and_written_back(tmp_path: Path) -> None:
    found = read("labelstudio", tmp_path / "x.json", json.dumps(TASKS))
    (one,) = found.items
    assert (one.item.data, one.item.duration, one.response.annotator) == (TASKS[0]["data"]["url"], 60.5, "ann")  # type: ignore[index]
    first, choice, second = one.response.annotations
    assert first == Segment(1.5, 2.5, "Voice", "Hi\nthere", id="r1", field="label", attributes={"n": 2})
    assert choice == Choice("Pop", id="c", field="genre")
    assert second == Segment(3, 4, text="alone", id="r2", field="segments")
    assert notes(found.report) == ["a labels is not read"]
    formats.FORMATS["labelstudio"].write(tmp_path / "y.json", found.labelled, found.schema, meta=found.meta)
    (task,) = json.loads((tmp_path / "y.json").read_text())
    assert sorted(task["annotations"][0]["result"], key=repr) == sorted(TASKS[0]["annotations"][0]["result"], key=repr)  # type: ignore[index]


def test_recordings_become_tasks_of_label_studio(tmp_path: Path) -> None:
    schema = Schema.of(
        {"turns": Segments(["Ada", "Bob"], transcript=True, frequency=True), "mood": ["good"], "note": "text"}
    )
    said = (
        Segment(0.1, 2, "Ada", "Hi", id="a", field="turns", channel=0, score=0.5, source="m"),
        Segment(1, 1, "Bob", id="b", field="turns", low=10.5, attributes={"kind": "x", "tags": ["p", "q"]}),
        Segment(4, 5, "Bob", id="d", field="turns", channel=1),
        Choice("good", id="c", field="mood"),
        Text("well", id="t", field="note"),
    )
    made = formats.FORMATS["labelstudio"]
    report = made.write(tmp_path / "a.json", [row(*said)], schema, config=tmp_path / "config.xml")
    assert report.dropped == ()
    (task,) = json.loads((tmp_path / "a.json").read_text())
    assert task["data"] == {"audio": "a.wav"}
    assert {one["to_name"] for one in task["annotations"][0]["result"]} == {"audio"}
    config = (tmp_path / "config.xml").read_text()
    assert '<Audio name="audio" value="$audio"/>' in config
    assert '<TextArea name="turns-text" toName="audio" perRegion="true"' in config
    back = made.read(tmp_path / "a.json", config=tmp_path / "config.xml").items[0]
    assert set(map(repr, back.response.annotations)) == set(map(repr, said))
    assert back.item.duration == 10


# ---- Prodigy -------------------------------------------------------------------------------------


def test_audio_spans_of_prodigy(tmp_path: Path) -> None:
    task = {
        "audio": "rec/a.mp3",
        "text": "a",
        "audio_spans": [
            {"start": 0.5, "end": 1.25, "label": "SPEAKER 1", "id": "x", "color": "red"},
            {"start": 2, "end": 1, "label": "SPEAKER 1"},
            {"start": 3, "end": 4, "label": None},
        ],
        "transcript": "kept",
        "answer": "accept",
    }
    found = read("jsonl", tmp_path / "x.jsonl", json.dumps(task) + "\n")
    (one,) = found.items
    assert (one.item.key, one.item.data) == ("rec/a.mp3", "rec/a.mp3")
    assert bare(one.response.annotations) == [
        (0.5, 1.25, "SPEAKER 1", "", None, "segments"),
        (3, 4, "", "", None, "segments"),
    ]
    assert len(found.report.dropped) == 1
    formats.FORMATS["jsonl"].write(tmp_path / "y.jsonl", found.labelled, found.schema, meta=found.meta)
    again_ = json.loads((tmp_path / "y.jsonl").read_text())
    task["audio_spans"] = [task["audio_spans"][0], {**task["audio_spans"][2], "id": "span:2"}]  # type: ignore[index]
    assert again_ == task


# ---- every format that holds all -----------------------------------------------------------------

FULL = (
    Segment(0.1, 2, "speech", "Hi", id="a", field="sounds", channel=0, score=0.5, source="m"),
    Segment(1, 1, "bird song", id="b", field="sounds", low=10.5, high=20, attributes={"kind": "x"}),
    Segment(1e-7, 9.999999, text="=SUM(A1)\n'", id="c", field="words"),
    Choice("good", id="d", field="mood"),
)


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl", "labelstudio"])
def test_nothing_is_lost(tmp_path: Path, name: str) -> None:
    made = formats.FORMATS[name]
    item = Item("a.wav", "a.wav", duration=10.0)
    said = Labelled(item, Response("", "ann", "submitted", FULL))
    report = made.write(tmp_path / "x", [said], SCHEMA)
    assert report.dropped == ()
    (back,) = made.read(tmp_path / "x").items
    assert back.item.key == "a.wav"
    assert sorted(map(repr, back.response.annotations)) == sorted(map(repr, FULL))


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("grids", "textgrid"),
        ("elan", "eaf"),
        ("captions", "webvtt"),
        ("subtitles", "srt"),
        ("tracks", "audacity"),
        ("tasks.json", "labelstudio"),
        ("tasks.jsonl", None),
        ("table.csv", None),
    ],
)
def test_a_labeler_takes_back_what_it_wrote(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format: str | None,  # noqa: A002
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = ["in/call.1.wav", "out/call.wav"]
    for path in paths:
        Path(path).parent.mkdir()
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(32000))

    def labeler() -> nb.AudioLabeler:
        return nb.AudioLabeler(paths, segments=SPEAKERS.fields[0], store=":memory:")

    lab = labeler()
    lab.submit([nb.Segment(0.25, 1.5, "Ada", "Hi: there"), nb.Segment(1.25, 1.75, "Bob", "Oh.")])
    lab.submit([nb.Segment(0.5, 1, "Bob", "So?")])
    lab.export(name, format)
    other = labeler()
    report = other.load(name, format if name.endswith(".json") else None)
    assert report.dropped == ()
    columns = ["key", "start", "end", "label", "text"]
    assert other.annotations[columns].values.tolist() == lab.annotations[columns].values.tolist()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000 " + " " * 200_000 + "x\n" + "<" * 200_000),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000" + "\t" * 200_000 + "\nx"),
        ("a.TextGrid", 'File type = "ooTextFile"\nObject class = "TextGrid"\n' + '"' * 200_001),
        ("a.rttm", "SPEAKER a 1 0 1 " + "x " * 100_000),
    ],
)
def test_hostile_files_end(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with contextlib.suppress(FormatError):
        formats.to_read(tmp_path / name).read(tmp_path / name)


def test_other_encodings(tmp_path: Path) -> None:
    for name, text in (("srt", "1\n00:00:01,000 --> 00:00:02,000\nÄ b\n"), ("audacity", "1\t2\tÄ b\n")):
        path = tmp_path / "x"
        path.write_bytes(text.encode("cp1252"))
        made = formats.FORMATS[name]
        with pytest.raises(FormatError, match="is not UTF-8 text") as told:
            made.read(path)
        assert "encoding=" in told.value.hint
        (one,) = made.read(path, encoding="cp1252").items
        assert bare(one.response.annotations)[0][3] == "Ä b"
        with pytest.raises(FormatError, match="no encoding 'klingon'"):
            made.read(path, encoding="klingon")
