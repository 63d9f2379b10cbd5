"""Tidy frames, and the tables in CSV and Parquet that are made of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nblabel import formats
from nblabel.annotations import Box, Choice, Relation, Span, Text
from nblabel.errors import FormatError
from nblabel.formats.tidy import annotations_frame, responses_frame
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Attribute, Label, Relations, Schema, Spans

SCHEMA = Schema.of(
    {
        "spans": Spans([Label("PERSON", attributes=[Attribute("sure", "bool"), Attribute("age", "number")])]),
        "relations": Relations(["knows"]),
        "mood": ["good", "bad"],
        "remark": "text",
    }
)


def row(key: Any, text: str = "Ada knows Bob", **changes: Any) -> Labelled:
    said = (
        Span(0, 3, "PERSON", id="a", field="spans", score=0.5, source="m", attributes={"sure": True, "age": 36}),
        Span(10, 13, "PERSON", id="b", field="spans"),
        Relation("a", "b", "knows", id="r", field="relations"),
        Choice("good", id="c", field="mood"),
        Text("née Byron", id="t", field="remark"),
    )
    body = {"annotations": said, "status": "submitted", "created_at": 1.5, "updated_at": 2.25, **changes}
    return Labelled(Item(key, text), Response("", "ann", **body))


# ---- frames --------------------------------------------------------------------------------------


def test_annotations_have_the_documented_columns_and_values() -> None:
    frame = annotations_frame([row(7)], SCHEMA)
    assert list(frame.columns) == [
        *("key", "annotator", "id", "field", "kind", "label", "score", "source"),
        *("start", "end", "text", "head", "child", "attr.sure", "attr.age"),
    ]
    first = frame.iloc[0].to_dict()
    assert first == first | {
        "key": 7,
        "annotator": "ann",
        "kind": "span",
        "label": "PERSON",
        "score": 0.5,
        "source": "m",
    }
    assert (first["start"], first["end"], first["text"], first["attr.sure"], first["attr.age"]) == (
        0,
        3,
        "Ada",
        True,
        36,
    )
    assert frame["kind"].tolist() == ["span", "span", "relation", "choice", "text"]
    assert frame["text"].dropna().tolist() == ["Ada", "Bob", "née Byron"]
    assert frame.loc[2, ["head", "child"]].tolist() == ["a", "b"]


def test_types_do_not_depend_on_the_rows() -> None:
    empty, one = annotations_frame([], SCHEMA), annotations_frame([row(7)], SCHEMA)
    assert empty.drop(columns="key").dtypes.equals(one.drop(columns="key").dtypes)
    assert one["start"].dtype == "Int64"
    assert one["score"].dtype == "float64"
    assert pd.api.types.is_string_dtype(one["label"])
    assert one["attr.sure"].dtype == "boolean"
    assert responses_frame([]).drop(columns="key").dtypes.equals(responses_frame([row(7)]).drop(columns="key").dtypes)


def test_only_kinds_that_occur_have_columns() -> None:
    assert "start" not in annotations_frame([], Schema.of({"mood": ["a", "b"]}))
    box = Box(1, 2, 3, 4, "X", id="x", field="boxes")
    frame = annotations_frame([row(1, annotations=(box,))], Schema.of({"mood": ["a", "b"]}))
    assert frame.loc[0, ["x", "y", "width", "height", "rotation"]].tolist() == [1, 2, 3, 4, 0]


@pytest.mark.parametrize(
    ("keys", "dtype"),
    [
        ([3, 1], "int64"),
        (["b", "a"], "str"),
        ([(1, "a"), (2, "b")], "object"),
        ([1, "a"], "object"),
        ([2**70, 1], "object"),
        ([1, 2.5], "object"),
        ([True, False], "object"),
    ],
)
def test_keys_keep_their_type_and_join(keys: list[Any], dtype: str) -> None:
    rows = [row(key, annotations=(Choice("good", id="c", field="mood"),)) for key in keys]
    for frame in (annotations_frame(rows, SCHEMA), responses_frame(rows)):
        assert frame["key"].tolist() == keys
        assert [type(key) for key in frame["key"].tolist()] == [type(key) for key in keys]
        assert frame["key"].dtype == dtype or (dtype == "str" and pd.api.types.is_string_dtype(frame["key"]))


def test_keys_that_are_times_join_with_an_index_of_times() -> None:
    index = pd.date_range("2024-01-01", periods=2, tz="UTC")
    frame = responses_frame([row(key) for key in index])
    assert frame.merge(pd.DataFrame({"n": [1, 2]}, index=index), left_on="key", right_index=True)["n"].tolist() == [
        1,
        2,
    ]


def test_lone_surrogates_stand_in_frames() -> None:
    frame = annotations_frame([row(1, text="a\ud800b", annotations=(Span(0, 2, "PERSON", id="a", field="spans"),))])
    assert frame["text"].tolist() == ["a\ud800"]


def test_answers_taken_in_bulk_are_told_from_those_of_people() -> None:
    assert responses_frame([row(1), row(2, model="spacy@3")])["model"].tolist() == ["", "spacy@3"]


def test_times_are_utc_and_missing_where_there_are_none() -> None:
    frame = responses_frame([row(1, created_at=1_714_566_000.25), row(2, created_at=0.0)])
    assert frame["created_at"][0] == pd.Timestamp("2024-05-01 12:20:00.25", tz="UTC")
    assert frame["created_at"].isna().tolist() == [False, True]


# ---- CSV -----------------------------------------------------------------------------------------


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    bad = ["=1+1", "+a", "-a", "@a", "\t=a", "\r=a", "=cmd|'/c calc'!A1"]
    rows = [
        row(text, text=text + " x", comment=text, annotations=(Text(text, id=text, field="remark"),)) for text in bad
    ]
    formats.for_path(path).write(path, rows, SCHEMA)
    for cell in (cell for line in cells(path) for cell in line.values()):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    found = formats.for_path(path).read(path)
    assert [one.response.comment for one in found.labelled] == bad
    assert [one.item.key for one in found.labelled] == bad

    formats.for_path(path).write(path, rows, SCHEMA, escape=False)
    assert [line["comment"] for line in cells(path)] == bad


def test_numbers_in_a_csv_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    formats.for_path(path).write(path, [row(-5)], SCHEMA)
    frame = pd.read_csv(path)
    assert frame["key"].tolist() == [-5] * 5
    assert frame["start"].dropna().tolist() == [0, 10]
    assert formats.for_path(path).read(path).items[0].item.key == -5


def test_an_answered_item_without_annotations_has_a_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    formats.for_path(path).write(path, [row(1, annotations=()), row(2)], SCHEMA)
    assert [line["kind"] for line in cells(path)][:2] == ["", "span"]
    found = formats.for_path(path).read(path)
    assert [(one.item.key, one.response.status, len(one.response.annotations)) for one in found.labelled] == [
        (1, "submitted", 0),
        (2, "submitted", 5),
    ]


def test_the_text_may_be_left_out_of_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    formats.for_path(path).write(path, [row(1)], SCHEMA, item=False)
    assert "item" not in cells(path)[0]
    assert formats.for_path(path).read(path).labelled[0].response.annotations == row(1).response.annotations


def test_texts_of_digits_as_keys_are_reported_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    (dropped,) = formats.for_path(path).write(path, [row("17"), row("18")], SCHEMA).dropped
    assert "keys='str'" in dropped.reason
    assert [one.item.key for one in formats.for_path(path).read(path, keys="str").items] == ["17", "18"]
    assert formats.for_path(path).write(path, [row("007"), row("8a")], SCHEMA).dropped == ()
    assert [one.item.key for one in formats.for_path(path).read(path).items] == ["007", "8a"]


def test_a_key_that_no_file_can_hold_is_reported(tmp_path: Path) -> None:
    for name in ("csv", "jsonl"):
        path = tmp_path / f"x.{name}"
        (dropped,) = formats.for_path(path).write(path, [row(pd.Timestamp("2024-01-01"))], SCHEMA).dropped
        assert "written as the text '2024-01-01T00:00:00'" in dropped.reason
        assert formats.for_path(path).read(path).items[0].item.key == "2024-01-01T00:00:00"


def test_long_texts_and_a_spreadsheets_separator_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    limit = csv.field_size_limit()
    long = "x" * 200_000
    formats.for_path(path).write(path, [row(1, text=long + ";,")], SCHEMA)
    assert formats.for_path(path).read(path).items[0].item.data == long + ";,"
    assert csv.field_size_limit() == limit
    path.write_text("\ufeffkey;kind;field;start;end;label\r\n1;span;spans;0;3;A\r\n", encoding="utf-8")
    assert formats.for_path(path).read(path).items[0].response.annotations == (
        Span(0, 3, "A", id="row0", field="spans"),
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("text,label\na,b\n", "not 'key' and 'kind'.*can be labelled"),
        ("key,kind\n1,span,3\n", "line 2: 3 cells under 2 columns"),
        ("key,kind,kind\n1,a,b\n", "two columns of one name"),
        ('key,kind\n"1,a\n', "not a CSV table"),
        ("key,kind,created_at\n1,,yesterday\n", "'yesterday' is not a time"),
        ("key,kind,status\n1,,done\n", "key 1: Invalid enum value 'done'"),
    ],
)
def test_a_csv_that_is_no_table_of_ours_says_where(body: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(body)
    with pytest.raises(FormatError, match=words):
        formats.for_path(path).read(path)


def test_bad_annotations_of_a_csv_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "key,kind,id,field,start,end,label,head,child,score,item,extra\n"
        "1,span,a,spans,0,3,A,,,,Ada,keep\n"
        "1,span,b,spans,0,99,A,,,,Ada,\n"
        "1,span,c,spans,3,1,A,,,,Ada,\n"
        "1,span,d,spans,x,1,A,,,,Ada,\n"
        "1,spam,e,spans,0,1,A,,,,Ada,\n"
        "1,span,a,spans,0,1,A,,,,Ada,\n"
        "1,relation,f,rels,,,A,a,b,,Ada,\n"
        "1,span,g,spans,0,1,A,,,nan,Ada,\n"
    )
    found = formats.for_path(path).read(path)
    assert [a.id for a in found.items[0].response.annotations] == ["a"]
    assert {d.annotation for d in found.report.dropped} == {"a", "b", "c", "d", "e", "f", "g"}
    assert all(d.key == 1 for d in found.report.dropped)
    assert found.meta == {(1, ""): {"extra": "keep"}}
    again = tmp_path / "y.csv"
    formats.for_path(again).write(again, found.labelled, found.schema, meta=found.meta)
    assert cells(again)[0]["extra"] == "keep"


def test_responses_of_several_annotators_stay_apart(tmp_path: Path) -> None:
    for name in ("csv", "parquet"):
        path = tmp_path / f"x.{name}"
        two = Labelled(Item(1, "Ada knows Bob"), Response("", "bob", "discarded", comment="?"))
        formats.for_path(path).write(path, [row(1), two], SCHEMA)
        found = formats.for_path(path).read(path).labelled
        assert [(one.response.annotator, one.response.status) for one in found] == [
            ("ann", "submitted"),
            ("bob", "discarded"),
        ]


# ---- Parquet -------------------------------------------------------------------------------------


def test_parquet_reads_in_pandas_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    formats.for_path(path).write(path, [row(1)], SCHEMA)
    frame = pd.read_parquet(path)
    assert frame["start"].dropna().tolist() == [0, 10]
    assert frame["created_at"].iloc[0] == pd.Timestamp("1970-01-01T00:00:01.5", tz="UTC")
    assert frame["item"].tolist() == ["Ada knows Bob"] * 5


def test_a_long_text_is_in_a_parquet_file_once(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    long = "".join(chr(0x4E00 + n % 5000) for n in range(50_000))
    spans = tuple(Span(n, n + 1, "PERSON", id=str(n), field="spans") for n in range(200))
    formats.for_path(path).write(path, [row(1, text=long, annotations=spans), row(2, text="b")], SCHEMA)
    assert path.stat().st_size < 400_000
    read = formats.for_path(path).read(path).items
    assert [one.item.data for one in read] == [long, "b"]
    assert read[0].response.annotations == spans


def test_parquet_reports_lone_surrogates(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    report = formats.for_path(path).write(path, [row("k", text="a\ud800b😀", annotations=())], SCHEMA)
    assert [(d.key, "'item'" in d.reason) for d in report.dropped] == [("k", True)]
    assert formats.for_path(path).read(path).items[0].item.data == "a\ufffdb😀"


def test_other_parquet_files_are_refused_with_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pd.DataFrame({"text": ["a"]}).to_parquet(path)
    with pytest.raises(FormatError, match="columns 'text', but not 'key' and 'kind'"):
        formats.for_path(path).read(path)
    path.write_bytes(b"PAR1 no")
    with pytest.raises(FormatError, match="not a Parquet file"):
        formats.for_path(path).read(path)


def test_parquet_keeps_nested_values_as_json(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    span = Span(0, 3, "PERSON", id="a", field="spans", attributes={"list": ["x", "y"], "mixed": 1})
    other = Span(0, 3, "PERSON", id="b", field="spans", attributes={"mixed": "text"})
    formats.for_path(path).write(path, [row(1, annotations=(span, other))], SCHEMA)
    assert json.loads(pd.read_parquet(path)["attr.list"][0]) == ["x", "y"]
    assert formats.for_path(path).read(path).items[0].response.annotations == (span, other)
