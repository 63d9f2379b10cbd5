"""Paths, folders and globs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nblabel.errors import SourceError, UnknownItem
from nblabel.sources import Source, open_source


def texts(source: Source) -> list[str]:
    return [source.item(n).data for n in range(len(source))]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# ---- text files --------------------------------------------------------------------------------------


def test_each_text_file_is_one_item_named_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "d" / "b.txt", "two\r\nlines")
    write(tmp_path / "d" / "a.txt", "\ufefföne")
    write(tmp_path / "d" / "sub" / "c.TXT", "öne")
    write(tmp_path / "d" / ".hidden" / "x.txt", "no")
    write(tmp_path / "d" / "notes.md", "no")
    for given in ("d", Path("d"), "./d", "d/"):
        source = open_source(given)
        assert texts(source) == ["öne", "two\r\nlines", "öne"]
        assert source.identity(2) == source.identity(0) + "#1"
        assert source.identity(0) == open_source(["öne"]).identity(0)
    source = open_source("d/*.txt")
    assert [source.key(n) for n in range(2)] == [os.path.join("d", "a.txt"), os.path.join("d", "b.txt")]  # noqa: PTH118
    assert source.position("d/b.txt") == 1
    assert source.position(Path("d/b.txt")) == 1
    assert len(open_source("d/**/*.[tT][xX][tT]")) == 3
    assert open_source("./d/a.txt").key(0) == "./d/a.txt"
    assert open_source([Path("d/b.txt"), Path("d/a.txt")]).key(0) == "d/b.txt"
    joined = open_source("d/*.txt").joined({"y": [1, 2]})
    assert joined.to_dict("list") == {"key": ["d/a.txt", "d/b.txt"], "text": ["öne", "two\r\nlines"], "y": [1, 2]}


def test_text_files_are_read_when_they_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "before")
    source = open_source(path)
    write(path, "after")
    assert source.item(0).data == "after"
    path.unlink()
    item = source.item(0)
    assert item.data == ""
    assert "cannot be read" in item.problem


def test_hostile_files_and_names(tmp_path: Path) -> None:
    names = ["[1].txt", "<img src=x onerror=alert(1)>.txt", "a\nb.txt", "ü 'quote' \".txt", "*.txt"]
    for name in names:
        write(tmp_path / name, name)
    write(tmp_path / "bad.txt", b"\xff\xfe\x00")
    source = open_source(tmp_path)
    found = {source.item(n).key: source.item(n) for n in range(len(source))}
    assert len(found) == 6
    for name in names:
        assert found[str(tmp_path / name)].data == name
        assert open_source(str(tmp_path / name)).item(0).data == name
    assert "not UTF-8" in found[str(tmp_path / "bad.txt")].problem
    with pytest.raises(UnknownItem):
        source.position("elsewhere.txt")


def test_what_is_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file matches"):
        open_source(str(tmp_path / "*.txt"))
    with pytest.raises(SourceError, match="there is no file"):
        open_source(tmp_path / "a.txt")
    with pytest.raises(SourceError, match="holds no"):
        open_source(tmp_path)
    write(tmp_path / "a.docx", "x")
    with pytest.raises(SourceError, match=r"a\.docx' is not of a kind"):
        open_source(tmp_path / "a.docx")
    write(tmp_path / "a.txt", "x")
    write(tmp_path / "a.csv", "text\nx\n")
    with pytest.raises(SourceError, match=r"several kinds: .*1 csv"):
        open_source(tmp_path)
    with pytest.raises(SourceError, match="given twice"):
        open_source([tmp_path / "a.txt", tmp_path / "a.txt"])


# ---- jsonl -------------------------------------------------------------------------------------------


def test_rows_of_jsonl_files(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '\ufeff{"text": "öne", "id": 1}\r\n\n  \n{"text": null, "meta": {"a": [1]}}\n')
    write(tmp_path / "b.jsonl", '{"id": 3, "text": "three"}\n{"text": "öne"}')
    source = open_source(str(tmp_path / "*.jsonl"), show=["meta"])
    assert texts(source) == ["öne", "", "three", "öne"]
    assert source.item(1).problem == "no text (missing value)"
    assert source.item(1).show == (("meta", "{'a': [1]}"),)
    assert source.identity(3) == source.identity(0) + "#1"
    assert source.locate(source.identity(3)) == 3
    assert source.search("THREE").tolist() == [2]
    assert source.joined({"y": [1, 2, 3, 4]})["id"].fillna(0).tolist() == [1, 0, 3, 0]
    assert open_source(tmp_path / "b.jsonl", column="text").key(1) == 1
    with pytest.raises(SourceError, match="did you mean 'text'"):
        open_source(tmp_path / "b.jsonl", column="txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}\n{"text": \n', r"a\.jsonl', line 2: not JSON"),
        ('{"text": "a"}\n\n[1]\n', r"a\.jsonl', line 3: not an object"),
        ('"a"\n', r"a\.jsonl', line 1: not an object"),
        (b'{"text": "a"}\n{"text": "\xff"}\n', r"a\.jsonl', line 2"),
        ('{"text": ' + "[" * 100_000 + "\n", r"a\.jsonl', line 1: not JSON"),
    ],
)
def test_broken_jsonl_names_the_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(write(tmp_path / "a.jsonl", content))


def test_a_jsonl_file_that_changes_is_not_mixed_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "a"}\n{"text": "b"}\n')
    source = open_source(path)
    write(path, '{"text": "new first"}\n{"text": "a"}\n{"text": "b"}\n')
    with pytest.raises(SourceError, match="has changed"):
        source.item(0)
    source.refresh()
    assert texts(source) == ["new first", "a", "b"]


def test_long_jsonl_files_are_read_row_by_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "".join(f'{{"text": "{"x" * n}"}}\n' for n in range(3000)))
    source = open_source(path)
    assert [source.extent(n) for n in (0, 1, 2999)] == [0, 1, 2999]
    assert source.locate(source.identity(2998)) == 2998


# ---- tables ------------------------------------------------------------------------------------------


def test_texts_of_a_csv_file_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", '\ufeffid,text,score\n007,NA,1.5\n8,"null, ""quoted""\nline",NA\n9,,\n10,3.10,4\n')
    for column in ("text", None):
        source = open_source(path, column=column, show=["score"])
        assert texts(source) == ["NA", 'null, "quoted"\nline', "", "3.10"]
        assert [source.item(n).problem for n in range(4)] == [""] * 4
        assert source.item(1).show == (("score", ""),)
        assert source.owner is None
    assert open_source(path, column="text", key="id").key(0) == 7
    assert open_source(path, column="text").joined({"y": list("abcd")}).columns.tolist() == ["id", "text", "score", "y"]


def test_separators(tmp_path: Path) -> None:
    assert texts(open_source(write(tmp_path / "a.tsv", "id\ttext\n1\ta,b;c\n"))) == ["a,b;c"]
    assert texts(open_source(write(tmp_path / "b.csv", "id;text\n1;a,b\n"), column="text")) == ["a,b"]


def test_several_tables_are_one(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "text,n\nx,1\n")
    write(tmp_path / "b.csv", "text,n\ny,2\nx,3\n")
    source = open_source(str(tmp_path / "*.csv"), column="text")
    assert texts(source) == ["x", "y", "x"]
    assert [source.key(n) for n in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a\.csv' is empty"),
        ("id,text\n1,a\n2,b,c\n", r"a\.csv' cannot be read as a table: Expected 2 fields in line 3, saw 3"),
        ("id,text\n1,a\n2,b\xff".encode("latin-1"), r"a\.csv', line 3: not UTF-8"),
        ("id,body\n1,a\n", "no column 'text'"),
    ],
)
def test_broken_csv_files(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(write(tmp_path / "a.csv", content), column="text")


def test_parquet_files(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"text": ["a", None], "n": [1, 2]}, index=["k", "l"])
    frame.to_parquet(tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert [source.key(n) for n in range(2)] == ["k", "l"]
    assert source.item(1).problem
    write(tmp_path / "b.parquet", "not parquet")
    with pytest.raises(SourceError, match=r"b\.parquet' is not a parquet file"):
        open_source(tmp_path / "b.parquet")


def test_an_unreadable_file(tmp_path: Path) -> None:
    for suffix in ("csv", "jsonl"):
        path: Any = tmp_path / f"a.{suffix}"
        path.symlink_to(tmp_path / "nowhere")
        with pytest.raises(SourceError, match="there is no file"):
            open_source(path)
