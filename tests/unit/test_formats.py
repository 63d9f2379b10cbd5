"""The registry, files that are never half written, and what every format promises: nothing changes in silence."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nblabel import formats
from nblabel.annotations import Box, Choice, Relation, Span, Text
from nblabel.errors import FormatError, UnknownOption
from nblabel.formats.base import replacing
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Attribute, Choices, Label, Relations, Schema, Spans

SCHEMA = Schema.of(
    {
        "spans": Spans([Label("PERSON", attributes=[Attribute("sure", "bool"), "note"]), "ORG"]),
        "relations": Relations(["works for"]),
        "mood": ["good", "bad"],
        "topics": Choices(["a:b", "=SUM(1)", "c"], multiple=True),
        "remark": "text",
    }
)

ANY_TEXT = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        "",
        "=1+1",
        "+a",
        "-",
        "'=x",
        "@x",
        "\tx",
        "\r\nx",
        "x\r",
        '"',
        "a,b;c",
        "👩‍👩‍👧 e\u0301",
        "\x00",
        "\ud800 alone",
        "שלום",
        "  ",
    ]
)
PLAIN_TEXT = ANY_TEXT.filter(lambda text: text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


@st.composite
def labelled(draw: st.DrawFn, texts: st.SearchStrategy[str], keys: st.SearchStrategy[Any]) -> Labelled:
    """An item with a response of all kinds for texts."""
    text = draw(texts)
    source = st.sampled_from(["human", "=model", "spacy:en-1"])
    score = st.none() | st.floats(0, 1)
    spans = []
    for n in range(draw(st.integers(0, 3)) if text else 0):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        label = draw(st.sampled_from(["PERSON", "ORG"]))
        attributes = draw(
            st.dictionaries(
                st.sampled_from(["sure", "note"]),
                st.booleans() | texts | st.integers(-9, 9) | st.lists(texts, max_size=2),
            )
        )
        spans.append(
            Span(
                start,
                end,
                label,
                id=f"s{n}",
                field="spans",
                score=draw(score),
                source=draw(source),
                attributes=attributes,
            )
        )
    said: list[Any] = list(spans)
    if len(spans) > 1 and draw(st.booleans()):
        said.append(Relation("s0", "s1", "works for", id="r", field="relations", score=draw(score)))
    if draw(st.booleans()):
        said.append(Choice(draw(st.sampled_from(["good", "bad"])), id="m", field="mood", source=draw(source)))
    for n, label in enumerate(draw(st.lists(st.sampled_from(["a:b", "=SUM(1)", "c"]), unique=True))):
        said.append(Choice(label, id=f"t{n}", field="topics"))
    if draw(st.booleans()):
        said.append(Text(draw(texts), id="x", field="remark"))
    times = st.just(0.0) | st.integers(1, 2**31).map(float) | st.floats(1.0, 2e9).map(lambda t: round(t, 6))
    status = draw(st.sampled_from(["pending", "draft", "submitted", "discarded"]))
    response = Response(
        "",
        draw(st.sampled_from(["", "ann", "=bob"])),
        status,
        tuple(said),
        flagged=draw(st.booleans()),
        comment=draw(texts),
        seconds=draw(st.floats(0, 1e6)),
        created_at=draw(times),
        updated_at=draw(times),
        schema_version=draw(st.integers(1, 5)),
        fields=SCHEMA.names if status == "submitted" else (),
    )
    return Labelled(Item(draw(keys), text), response)


def rows_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Labelled]]:
    """Rows whose keys are all of one type, as in a frame, or mixed."""
    kinds: list[st.SearchStrategy[Any]] = [
        st.integers(-(2**40), 2**40),
        texts,
        st.tuples(texts, st.integers(0, 9)),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 9) | texts,
    ]
    return st.sampled_from(kinds).flatmap(
        lambda keys: st.lists(labelled(texts, keys), max_size=4, unique_by=lambda row: repr(row.item.key))
    )


def same(a: Response, b: Response) -> bool:
    """Whether both say the same; times to the microsecond, asked fields left aside (not all formats hold them)."""
    names = ("annotator", "status", "annotations", "flagged", "comment", "seconds", "schema_version")
    times = all(abs(getattr(a, name) - getattr(b, name)) < 1e-5 for name in ("created_at", "updated_at"))
    return times and all(getattr(a, name) == getattr(b, name) for name in names)


def digits(rows: list[Labelled]) -> bool:
    """Whether keys are texts that CSV cannot tell from integers."""
    return all(isinstance(row.item.key, str) for row in rows)


@pytest.mark.parametrize("name", ["csv", "jsonl"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(rows=rows_of(ANY_TEXT))
def test_text_formats_hold_every_response(name: str, rows: list[Labelled], tmp_path: Path) -> None:
    path = tmp_path / f"out.{name}"
    written = formats.FORMATS[name].write(path, rows, SCHEMA)
    options = {"keys": "str"} if name == "csv" and digits(rows) and written.dropped else {}
    found = formats.for_path(path).read(path, **options)
    assert [row.item.key for row in found.labelled] == [row.item.key for row in rows]
    assert [row.item.data for row in found.labelled] == [row.item.data for row in rows]
    for row, other in zip(rows, found.labelled, strict=True):
        assert same(row.response, other.response), (row.response, other.response)
    assert found.report.dropped == ()
    assert written.items == len(rows)
    assert written.annotations == sum(len(row.response.annotations) for row in rows)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40, deadline=None
)
@given(rows=rows_of(PLAIN_TEXT))
def test_parquet_holds_every_response_and_the_schema(rows: list[Labelled], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "out.parquet"
    assert formats.for_path(path).write(path, rows, SCHEMA).dropped == ()
    found = formats.for_path(path).read(path)
    assert [row.item.key for row in found.labelled] == [row.item.key for row in rows]
    for row, other in zip(rows, found.labelled, strict=True):
        assert same(row.response, other.response), (row.response, other.response)
        assert row.item.data == other.item.data
    assert found.schema == SCHEMA


def place(made: formats.Format, folder: Path, name: str) -> Path:
    """A path of the format's kind: with its ending, or a folder's."""
    return folder / (name if made.folder else name + made.suffixes[0])


def test_a_format_is_found_by_suffix_and_by_name() -> None:
    assert formats.for_path("a/b.CSV").name == "csv"
    assert formats.for_path(Path("x.iob")).name == "conll"
    assert formats.for_path("x", format="prodigy").name == "jsonl"
    assert formats.for_path("x.csv", format=".spacy").name == "spacy"


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        ("labels.spcy", None, r"'\.spcy'.*did you mean '\.spacy'"),
        ("labels", None, "no ending.*format= one of 'csv'"),
        ("labels.csv", "jsnl", "no format 'jsnl'.*did you mean 'jsonl'"),
        ("labels.json", None, "several formats.*format= one of 'coco', 'labelme', 'labelstudio'"),
        ("labels.XML", None, "several formats.*format= one of 'voc', 'cvat'"),
    ],
)
def test_an_unknown_format_names_the_nearest(path: str, name: str | None, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        formats.for_path(path, name)


@pytest.mark.parametrize("made", formats.FORMATS.values(), ids=list(formats.FORMATS))
def test_every_format_refuses_unknown_options_and_names_the_nearest(made: formats.Format, tmp_path: Path) -> None:
    with pytest.raises(UnknownOption, match="'nlpp'"):
        made.write(tmp_path / "x", [], SCHEMA, nlpp=1)
    with pytest.raises(UnknownOption):
        made.read(tmp_path / "x", nope=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("made", formats.FORMATS.values(), ids=list(formats.FORMATS))
def test_every_format_writes_and_reads_an_empty_file(made: formats.Format, tmp_path: Path) -> None:
    path = place(made, tmp_path, "none")
    assert made.write(path, [], SCHEMA).items == 0
    assert made.read(path).items == ()


@pytest.mark.parametrize("made", formats.FORMATS.values(), ids=list(formats.FORMATS))
def test_a_failure_leaves_the_old_file_and_no_other(made: formats.Format, tmp_path: Path) -> None:
    path = place(made, tmp_path, "kept")
    if made.folder:
        path.mkdir()
    old = path / "old.txt" if made.folder else path
    old.write_bytes(b"old")

    def rows() -> Iterator[Labelled]:
        yield Labelled(Item(0, "Ada"), Response("", "ann", "submitted"))
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        made.write(path, rows(), SCHEMA)
    assert old.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert not made.folder or [one.name for one in path.iterdir()] == ["old.txt"]


@pytest.mark.parametrize("made", formats.FORMATS.values(), ids=list(formats.FORMATS))
def test_missing_folders_and_files_are_told(made: formats.Format, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"cannot be written.*create the folder"):
        made.write(place(made, tmp_path / "no", "x"), [], SCHEMA)
    with pytest.raises(FormatError, match=r"cannot be read.*check the path"):
        made.read(place(made, tmp_path, "x"))
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="is a file" if made.folder else "is a folder"):
        made.write(tmp_path / "file" if made.folder else tmp_path, [], SCHEMA)


@pytest.mark.parametrize("made", formats.FORMATS.values(), ids=list(formats.FORMATS))
@given(raw=st.binary(max_size=60) | st.sampled_from([b"key,kind\n1,span\n", b"[]", b"{}", b"\xff\xfe", b"a\tb\tc"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_damaged_files_give_an_error_of_ours(made: formats.Format, raw: bytes, tmp_path: Path) -> None:
    path = place(made, tmp_path, "damaged")
    if made.folder:
        path.mkdir(exist_ok=True)
        for ending in (".txt", ".yaml", ".xml", ".json", ".png"):
            (path / f"damaged{ending}").write_bytes(raw)
    else:
        path.write_bytes(raw)
    with contextlib.suppress(FormatError):  # anything else fails the test
        made.read(path)


def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with replacing(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    with replacing(tmp_path / "fresh") as part:
        part.write_text("x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", ["jsonl", "conll", "spacy"])
def test_what_a_format_has_no_place_for_is_reported(name: str, tmp_path: Path) -> None:
    box = Box(0, 0, 1, 1, "ORG", id="b", field="boxes")
    rows = [Labelled(Item("k", "Ada"), Response("", "ann", "submitted", (box,)))]
    (dropped,) = formats.FORMATS[name].write(tmp_path / "x", rows, SCHEMA).dropped
    assert (dropped.key, dropped.annotation) == ("k", "b")
    assert "box" in dropped.reason


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl", "conll", "spacy"])
def test_an_item_that_is_no_text_is_reported(name: str, tmp_path: Path) -> None:
    rows = [Labelled(Item("k", 3.5), Response("", "ann", "submitted"))]
    (dropped,) = formats.FORMATS[name].write(tmp_path / "x", rows, SCHEMA).dropped
    assert dropped.key == "k"
    assert "not a text" in dropped.reason


@pytest.mark.parametrize("name", ["conll", "spacy"])
def test_formats_for_training_leave_out_what_is_not_submitted_and_say_so(name: str, tmp_path: Path) -> None:
    rows = [
        Labelled(Item(0, "Ada."), Response("", "ann", "submitted")),
        Labelled(Item(1, "Bob."), Response("", "ann", "discarded")),
        Labelled(Item(2, "Cid."), Response("", "ann", "pending")),
    ]
    report = formats.FORMATS[name].write(tmp_path / "x", rows, SCHEMA)
    assert report.items == 1
    assert [(d.key, "discarded" in d.reason) for d in report.dropped] == [(1, True)]


def python(code: str, folder: Path) -> str:
    """What a fresh interpreter prints."""
    source = str(Path(formats.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=environment)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_importing_formats_loads_nothing_heavy(tmp_path: Path) -> None:
    light = "import sys, nblabel.formats, nblabel.suggest; print({'spacy', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert python(light, tmp_path).strip() == "set()"
    every = "import sys, nblabel.formats.spacy_docs, nblabel.formats.conll; print({'spacy'} & set(sys.modules))"
    assert python(every, tmp_path).strip() == "set()"


@pytest.mark.parametrize(
    ("blocked", "call", "extra"),
    [
        ("spacy", "formats.for_path('x.spacy').write('x.spacy', [], None)", "nblabel[text]"),
        ("spacy", "formats.for_path('x.spacy').read('x.spacy')", "nblabel[text]"),
        ("pyarrow", "formats.for_path('x.parquet').write('x.parquet', [], None)", "nblabel[parquet]"),
    ],
)
def test_a_missing_package_is_named_with_the_way_to_install_it(
    blocked: str, call: str, extra: str, tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.modules[{blocked!r}] = None\n"
        "from nblabel import formats\nfrom nblabel.errors import MissingExtra\n"
        f"try:\n    {call}\nexcept MissingExtra as error:\n    print(error)\n"
    )
    assert f"pip install '{extra}'" in python(code, tmp_path)
