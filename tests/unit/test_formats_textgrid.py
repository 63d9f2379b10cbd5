"""Praat TextGrids, against praatio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from praatio import textgrid as praatio

from nblabel import formats
from nblabel.annotations import Choice, Segment
from nblabel.errors import FormatError
from nblabel.formats import textgrid
from nblabel.records import Labelled
from nblabel.schema import Schema, Segments

from .segment_rows import SCHEMA, SPEAKERS, again, bare, notes, row, segments

GRID = formats.FORMATS["textgrid"]

# As ELAN and old scripts write it: odd spaces, a comment, quotes, line breaks, an unnamed tier.
LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0.0
xmax = 2.5 ! seconds
tiers? <exists>
size = 3
item []:
    item[1]:
        class = "IntervalTier"
        name = "say ""it"""
        xmin = 0.0
        xmax = 2.5
        intervals: size = 3
        intervals [1]
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin=0.5
            xmin = 0.5
            xmax = 1e0
            text = "he said ""intervals [3]:""
xmin = 7"
        intervals [3]:
            xmin = 1
            xmax = 2.5
            text = "ə"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 2
        points [1]:
            number = 0.25
            mark = "a""b"
        points [2]:
            number = 1.75
            mark = ""
    item [3]:
        class = "IntervalTier"
        name = ""
        xmin = 0
        xmax = 2.5
        intervals: size = 0
'''


def read(path: Path, text: str | bytes, **options: Any) -> formats.Reading:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return GRID.read(path, **options)


def praat(path: Path) -> Any:
    return praatio.openTextgrid(str(path), includeEmptyIntervals=False, duplicateNamesMode="rename")


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_what_counts_is_read_whatever_stands_around_it(tmp_path: Path, encoding: str, newline: str) -> None:
    raw = LONG.replace("            xmin=0.5\n", "").replace("\n", newline).encode(encoding)
    found = read(tmp_path / "x.TextGrid", raw, labels=False)
    assert found.report.dropped == ()
    (one,) = found.items
    assert (one.item.key, one.item.duration) == ("x", 2.5)
    assert bare(one.response.annotations) == [
        (0.25, 0.25, "", 'a"b', None, "clicks"),
        (0.5, 1.0, "", 'he said "intervals [3]:"\nxmin = 7', None, 'say "it"'),
        (1.0, 2.5, "", "ə", None, 'say "it"'),
        (1.75, 1.75, "", "", None, "clicks"),
    ]
    assert found.schema is not None
    found.schema.check(one.response.annotations)


def test_marks_of_one_word_are_labels_unless_said_otherwise(tmp_path: Path) -> None:
    found = read(tmp_path / "x.TextGrid", LONG).items[0].response.annotations
    said = {(a.field, a.label) for a in found if isinstance(a, Segment)}
    assert said == {("clicks", 'a"b'), ("clicks", ""), ('say "it"', "")}
    found = read(tmp_path / "x.TextGrid", LONG, labels=True).items[0].response.annotations
    assert ('say "it"', "ə") in {(a.field, a.label) for a in found if isinstance(a, Segment)}


def test_a_recording_beside_the_file_gives_its_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.flac").touch()
    (tmp_path / "y.b.TextGrid").write_text(LONG)
    read(tmp_path / "sub" / "x.TextGrid", LONG)
    (tmp_path / "other.TextGrid").write_text('File type = "ooTextFile"\nObject class = "PitchTier"\n')
    found = GRID.read(tmp_path)
    assert {one.item.key for one in found.items} == {"sub/x.flac", "y.b"}
    assert notes(found.report) == ["holds a 'PitchTier' of Praat, not a TextGrid"]


def test_latin_1_is_read_and_told(tmp_path: Path) -> None:
    found = read(tmp_path / "x.TextGrid", LONG.replace("ə", "ö").encode("latin-1"), labels=False)
    assert "Latin-1" in notes(found.report)[0]
    assert "ö" in {a.text for a in found.items[0].response.annotations}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "where a text should"),
        ('File type = "ooTextFile"\nObject class = "TextGrid"\n0\n', "ends where a number should follow"),
        (LONG.replace('text = "ə"', 'text = "ə'), "line 30 has a tier of the class"),
        (LONG.partition("item [2]")[0] + '"', "begins a text that has no end"),
        (LONG.replace("size = 3\nitem", "size = 1e300\nitem"), "says that 1e\\+300 follow"),
        (LONG.replace('"TextTier"', '"PitchTier"'), "has a tier of the class 'PitchTier'"),
        (LONG.replace("xmax = 1e0", 'xmax = "1"'), "has '1' where a number should stand"),
        ('File type = "Praat chronological TextGrid text file"', "save it in Praat as a text file"),
        (b"ooBinaryFile\x08TextGrid\0\0", "binary file"),
        (b"\xff\xfeF\0\0\xd8", "UTF-16|where a text|begins"),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, text: Any, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(tmp_path / "x.TextGrid", text)


def test_times_that_cannot_be_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path / "x.TextGrid", LONG.replace("xmax = 1e0", "xmax = 0.25"))
    assert len(found.items[0].response.annotations) == 3
    assert "must be greater than start" in notes(found.report)[0]


# ---- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"short": True}, {"encoding": "utf-16"}, {"short": True, "encoding": "utf-16"}]
)
def test_praatio_reads_what_is_written(tmp_path: Path, options: Any) -> None:
    said = [
        Segment(1, 2.5, "speech", field="sounds", id="a"),
        Segment(0.00001, 0.5, text='say "it"\nnow', field="words", id="b"),
        Segment(4, 4, "speech", field="sounds", id="c"),
    ]
    path = tmp_path / "a.TextGrid"
    report = GRID.write(path, [row(*said)], SCHEMA, **options)
    assert (report.items, report.annotations, report.dropped) == (1, 3, ())
    grid = praat(path)
    assert grid.maxTimestamp == 10
    assert grid.tierNames == ("words", "sounds", "sounds (points)")
    assert [tuple(one) for one in grid.getTier("words").entries] == [(0.00001, 0.5, 'say "it"\nnow')]
    assert [tuple(one) for one in grid.getTier("sounds").entries] == [(1, 2.5, "speech")]
    assert [tuple(one) for one in grid.getTier("sounds (points)").entries] == [(4, "speech")]


def test_what_praatio_writes_is_read(tmp_path: Path) -> None:
    grid = praatio.Textgrid(0, 3)
    grid.addTier(praatio.IntervalTier("word", [(0.5, 1, 'a "b"'), (1, 2, "c")], 0, 3))
    grid.addTier(praatio.PointTier("point", [(0.25, 'd ""')], 0, 3))
    for form in ("short_textgrid", "long_textgrid"):
        path = tmp_path / f"{form}.TextGrid"
        grid.save(str(path), form, includeBlankSpaces=True)
        (one,) = GRID.read(path, labels=False).items
        expected = [(0.25, 0.25, "", 'd ""'), (0.5, 1.0, "", 'a "b"'), (1.0, 2.0, "", "c")]
        assert [a[:4] for a in bare(one.response.annotations)] == expected


def test_gaps_are_filled_and_intervals_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    GRID.write(path, [row(Segment(1, 2, "speech", field="sounds"), Segment(2, 3, "speech", field="sounds"))], SCHEMA)
    grid = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert [tuple(one) for one in grid.getTier("sounds").entries] == [
        (0, 1, ""),
        (1, 2, "speech"),
        (2, 3, "speech"),
        (3, 10, ""),
    ]


def test_what_overlaps_is_moved_and_told(tmp_path: Path) -> None:
    said = [
        Segment(0, 5, "speech", field="sounds", id="a"),
        Segment(1, 2, "bird song", field="sounds", id="b"),
        Segment(1.5, 3, "speech", field="sounds", id="c"),
        Segment(2, 4, "speech", field="sounds", id="d"),
    ]
    found, report = again("textgrid", tmp_path / "a.TextGrid", [row(*said)], SCHEMA)
    assert [(one.annotation, one.reason) for one in report.dropped] == [
        ("b", "segment 'bird song' at 1 s overlaps another, so it is moved to the tier 'sounds (2)'"),
        ("c", "segment 'speech' at 1.5 s overlaps another, so it is moved to the tier 'sounds (3)'"),
        ("d", "segment 'speech' at 2 s overlaps another, so it is moved to the tier 'sounds (2)'"),
    ]
    assert praat(tmp_path / "a.TextGrid").tierNames == ("sounds", "sounds (2)", "sounds (3)")
    assert bare(found.items[0].response.annotations) == bare(said)


def test_labels_with_texts_are_tiers(tmp_path: Path) -> None:
    said = [
        Segment(0, 5, "Ada", "Good morning.", field="turns"),
        Segment(4, 6, "Bob", "Morning!", field="turns"),
        Segment(7, 8, "Ada", field="turns", channel=1),
    ]
    found, report = again("textgrid", tmp_path / "a.TextGrid", [row(*said)], SPEAKERS)
    assert report.dropped == ()
    assert praat(tmp_path / "a.TextGrid").tierNames == ("Ada", "Bob", "Ada [channel 2]")
    assert bare(found.items[0].response.annotations) == bare(said)


def test_two_fields_with_one_label_are_told_apart(tmp_path: Path) -> None:
    schema = Schema.of({"left": Segments(["Ada"], transcript=True), "right": Segments(["Ada"], transcript=True)})
    said = [Segment(0, 1, "Ada", "x", field="left"), Segment(0, 1, "Ada", "y", field="right")]
    found, report = again("textgrid", tmp_path / "a.TextGrid", [row(*said)], schema)
    assert report.dropped == ()
    assert bare(found.items[0].response.annotations) == bare(said)


def test_all_that_is_lost_is_told(tmp_path: Path) -> None:
    said = [
        Segment(0, 1, "speech", field="sounds", score=0.5, low=10, high=20, attributes={"n": 1}, source="m", id="a"),
        Segment(2, 3, field="words", id="b"),
        Choice("good", field="mood", id="c"),
        Segment(4, 11, text="a\0\ud800", field="words", id="d"),
    ]
    report = GRID.write(tmp_path / "a.TextGrid", [row(*said, comment="well")], SCHEMA)
    told = " | ".join(notes(report))
    for words in (
        "its comment is not written",
        "segment 'speech': attributes, score, source, frequency not written",
        "has neither label nor text, so that it would be a gap",
        "a TextGrid has no choice 'good'",
        "signs that no text file can hold",
        "beyond the recording's 10 s",
    ):
        assert words in told
    assert praat(tmp_path / "a.TextGrid").maxTimestamp == 11


def test_a_length_that_is_not_known_is_told(tmp_path: Path) -> None:
    said = [row(Segment(1, 2, "speech", field="sounds"), duration=None), row(key="b.wav", duration=None)]
    report = GRID.write(tmp_path / "grids", said, SCHEMA)
    assert all("is not known" in note for note in notes(report))
    assert praat(tmp_path / "grids" / "a.TextGrid").maxTimestamp == 2
    assert len(GRID.read(tmp_path / "grids").items) == 2


def test_a_file_holds_one_recording(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="would hold one recording, and there are 2"):
        GRID.write(tmp_path / "x.TextGrid", [row(), row(key="b.wav")], SCHEMA)
    with pytest.raises(FormatError, match="not one that Praat reads"):
        GRID.write(tmp_path / "x.TextGrid", [row()], SCHEMA, encoding="latin-1")


def test_tiers_keep_their_order_and_empty_ones_stay(tmp_path: Path) -> None:
    first = read(tmp_path / "x.TextGrid", LONG)
    GRID.write(tmp_path / "y.TextGrid", first.labelled, first.schema, meta=first.meta)
    second = GRID.read(tmp_path / "y.TextGrid")
    assert second.items[0].meta == first.items[0].meta
    assert second.items[0].response.annotations == first.items[0].response.annotations


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments())
def test_round_trips(tmp_path: Path, said: list[Segment]) -> None:
    for options in ({}, {"short": True}):
        found, report = again("textgrid", tmp_path / "a.TextGrid", [row(*said)], SCHEMA, **options)
        assert bare(found.items[0].response.annotations) == bare(said)
        assert all("is moved to the tier" in note for note in notes(report))


def test_the_text_of_one_recording() -> None:
    made: Labelled = row(Segment(1, 2, "speech", field="sounds"), duration=None)
    assert "xmax = 4.5 \n" in textgrid.text_of(made, SCHEMA, duration=4.5)
    assert textgrid.text_of(made, SCHEMA, short=True).splitlines()[3:6] == ["0", "2", "<exists>"]
