"""ELAN EAF, against pympi-ling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pympi import Eaf

from nblabel import formats
from nblabel.annotations import Segment
from nblabel.errors import FormatError
from nblabel.formats.markup import xml_of

from .segment_rows import SCHEMA, SPEAKERS, again, bare, notes, row, segments

EAF = formats.FORMATS["eaf"]

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="me" DATE="2020-01-01T00:00:00Z" FORMAT="2.8" VERSION="2.8"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://x/EAFv2.8.xsd">
  <LICENSE LICENSE_URL="http://x">Terms</LICENSE>
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/rec/a%20b.wav" MIME_TYPE="audio/x-wav"/>
    <PROPERTY NAME="lastUsedAnnotationId">9</PROPERTY>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2500"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="text" PARTICIPANT="Ada" TIER_ID="text">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" CVE_REF="c1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>so you go &amp; see</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="sub" PARENT_REF="text" TIER_ID="words">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>so</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE>you</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="sym" PARENT_REF="text" TIER_ID="parts">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>one</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a6" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a5">
      <ANNOTATION_VALUE>two</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="pos" PARENT_REF="parts" TIER_ID="pos">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a7" ANNOTATION_REF="a6">
      <ANNOTATION_VALUE>n</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a8" ANNOTATION_REF="a9">
      <ANNOTATION_VALUE>lost</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a10" ANNOTATION_REF="a10">
      <ANNOTATION_VALUE>loop</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="text" TIER_ID="empty"/>
  <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="text" TIME_ALIGNABLE="true"/>
  <CONTROLLED_VOCABULARY CV_ID="POS"><DESCRIPTION LANG_REF="eng">word classes</DESCRIPTION></CONTROLLED_VOCABULARY>
</ANNOTATION_DOCUMENT>
"""


def read(path: Path, text: str, **options: Any) -> formats.Reading:
    path.write_text(text)
    return EAF.read(path, **options)


def test_tiers_are_read_with_what_they_refer_to(tmp_path: Path) -> None:
    found = read(tmp_path / "x.eaf", DOCUMENT)
    (one,) = found.items
    assert one.item.key == "a b.wav"
    assert [(a.id, a.start, a.end, a.label, a.text, a.field) for a in one.response.annotations] == [  # type: ignore[union-attr]
        ("a1", 1.0, 2.5, "", "so you go & see", "text"),
        ("a2", 1.0, 1.5, "so", "", "words"),
        ("a3", 1.5, 2.0, "you", "", "words"),
        ("a4", 2.0, 2.5, "", "", "words"),
        ("a5", 1.0, 1.75, "one", "", "parts"),
        ("a6", 1.75, 2.5, "two", "", "parts"),
        ("a7", 1.75, 2.5, "n", "", "pos"),
    ]
    assert notes(found.report) == [
        "2 time slots have no time; they are spread between their neighbours",
        "'lost' in tier 'pos' refers to no time",
        "'loop' in tier 'pos' refers to no time",
    ]
    assert found.schema is not None


def test_what_did_not_change_is_written_back(tmp_path: Path) -> None:
    first = read(tmp_path / "x.eaf", DOCUMENT)
    report = EAF.write(tmp_path / "y.eaf", first.labelled, first.schema, meta=first.meta)
    assert report.dropped == ()
    second = EAF.read(tmp_path / "y.eaf")
    assert second.report.dropped == ()
    assert second.items[0].response.annotations == first.items[0].response.annotations
    document = xml_of(tmp_path / "y.eaf")
    assert [tier.get("TIER_ID") for tier in document.findall("TIER")] == ["text", "words", "parts", "pos", "empty"]
    assert document.findtext("CONTROLLED_VOCABULARY/DESCRIPTION") == "word classes"
    assert document.find("TIER/ANNOTATION/ALIGNABLE_ANNOTATION").get("CVE_REF") == "c1"  # type: ignore[union-attr]
    assert document.find("TIER").get("PARTICIPANT") == "Ada"  # type: ignore[union-attr]
    refs = [(one.get("ANNOTATION_REF"), one.get("PREVIOUS_ANNOTATION")) for one in document.iter("REF_ANNOTATION")]
    assert refs == [("a1", None), ("a1", "a5"), ("a6", None)]


def test_a_tier_that_no_longer_fits_stands_alone(tmp_path: Path) -> None:
    first = read(tmp_path / "x.eaf", DOCUMENT)
    kept = [a for a in first.items[0].response.annotations if a.id != "a1"]
    report = EAF.write(
        tmp_path / "y.eaf", [row(*kept, key="a b.wav")], first.schema, meta={("a b.wav", "ann"): first.items[0].meta}
    )
    assert "the tier 'parts' no longer fits to what it refers to: it stands alone" in notes(report)
    assert bare(EAF.read(tmp_path / "y.eaf").items[0].response.annotations) == bare(kept)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<ANNOTATION_DOCUMENT>", "is not XML"),
        ("<annotation/>", "is no EAF file"),
        (
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>',
            "declares a document type",
        ),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>',
            "declares a document type",
        ),
    ],
)
def test_hostile_and_damaged_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(tmp_path / "x.eaf", text)


@pytest.mark.parametrize("value", ["-5", "1e3", "1" * 40, "x"])
def test_times_that_are_none(tmp_path: Path, value: str) -> None:
    found = read(tmp_path / "x.eaf", DOCUMENT.replace('TIME_VALUE="1000"', f'TIME_VALUE="{value}"'))
    assert "the time slot 'ts1' has the time" in notes(found.report)[0]


def test_pympi_reads_what_is_written(tmp_path: Path) -> None:
    said = [
        Segment(0.5, 1.5, "Ada", 'Good "morning" <&>\nall', field="turns", id="x"),
        Segment(1, 2.25, "Ada", "again", field="turns", id="y"),
        Segment(3, 4, "Bob", "hi", field="turns", id="z"),
    ]
    report = EAF.write(tmp_path / "a.eaf", [row(*said)], SPEAKERS)
    assert notes(report) == ["segment 'Ada' at 1 s overlaps another, so it is moved to the tier 'Ada (2)'"]
    found = Eaf(str(tmp_path / "a.eaf"))
    assert set(found.get_tier_names()) == {"Ada", "Ada (2)", "Bob"}
    assert found.get_annotation_data_for_tier("Ada") == [(500, 1500, 'Good "morning" <&>\nall')]
    assert found.get_annotation_data_for_tier("Ada (2)") == [(1000, 2250, "again")]
    assert found.media_descriptors[0]["MEDIA_URL"] == "./a.wav"


def test_what_pympi_writes_is_read(tmp_path: Path) -> None:
    made = Eaf()
    made.remove_tier("default")
    made.add_tier("Ada")
    made.add_annotation("Ada", 250, 900, "Hello there")
    made.add_linked_file("file:///tmp/a.wav", mimetype="audio/x-wav")
    made.to_file(str(tmp_path / "x.eaf"))
    found = EAF.read(tmp_path / "x.eaf", schema=SPEAKERS)
    assert found.report.dropped == ()
    assert found.items[0].item.key == "a.wav"
    assert bare(found.items[0].response.annotations) == [(0.25, 0.9, "Ada", "Hello there", None, "turns")]


def test_rounding_and_events_are_told(tmp_path: Path) -> None:
    said = [
        Segment(0.12345, 1, "speech", field="sounds"),
        Segment(2, 2, "speech", field="sounds"),
        Segment(3.0001, 3.0002, "speech", field="sounds"),
    ]
    found, report = again("eaf", tmp_path / "a.eaf", [row(*said)], SCHEMA)
    assert notes(report) == [
        "[0.12345, 1.0) is rounded to milliseconds",
        "the event at 2 s is written as one millisecond long",
        "[3.0001, 3.0002) is rounded to milliseconds",
    ]
    places = [a[:2] for a in bare(found.items[0].response.annotations)]
    assert places == [(0.123, 1.0), (2.0, 2.001), (3.0, 3.001)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments(thousandths=True))
def test_round_trips(tmp_path: Path, said: list[Segment]) -> None:
    found, report = again("eaf", tmp_path / "a.eaf", [row(*said)], SCHEMA)
    assert bare(found.items[0].response.annotations) == bare(said)
    assert all("is moved to the tier" in note for note in notes(report))
