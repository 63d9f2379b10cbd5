"""CoNLL columns, and the tokens that they and other formats stand on."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nblabel import formats
from nblabel.annotations import Choice, Relation, Span
from nblabel.errors import FormatError
from nblabel.formats import tokens
from nblabel.formats.conll import sidecar
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Relations, Schema, Spans

CONLL = formats.FORMATS["conll"]
ENGLISH = spacy.blank("en")
SCHEMA = Schema.of({"spans": Spans(["PER", "creative-work"]), "rel": Relations(["r"]), "mood": ["good", "bad"]})


def row(text: str, *said: Any, key: Any = 0, **item: Any) -> Labelled:
    return Labelled(Item(key, text, **item), Response("", "ann", "submitted", tuple(said)))


def found(path: Path, **options: Any) -> list[tuple[str, list[tuple[int, int, str]]]]:
    return [
        (one.item.data, [(a.start, a.end, a.label) for a in one.response.annotations])  # type: ignore[union-attr]
        for one in CONLL.read(path, **options).items
    ]


IOB2 = "Rick\tB-creative-work\nand\tI-creative-work\nMorty\tI-creative-work\nBo\tB-PER\nLi\tB-PER\n.\tO\n"


CONLL2003 = (
    "-DOCSTART- -X- -X- O\n\nRick NNP B B-creative-work\nand CC I I-creative-work\nMorty NNP I I-creative-work\n"
    "Bo NNP B B-PER\nLi NNP B B-PER\n. . O O\n"
)


@pytest.mark.parametrize(
    "body",
    [
        IOB2,
        IOB2.replace("\t", " ").replace("\n", "\r\n"),
        "Rick\tI-creative-work\nand\tI-creative-work\nMorty\tI-creative-work\nBo\tI-PER\nLi\tB-PER\n.\tO\n",
        "Rick\tB-creative-work\nand\tI-creative-work\nMorty\tL-creative-work\nBo\tU-PER\nLi\tU-PER\n.\tO\n",
        "Rick\tB-creative-work\nand\tI-creative-work\nMorty\tE-creative-work\nBo\tS-PER\nLi\tS-PER\n.\tO\n",
        CONLL2003,
    ],
    ids=["iob2", "blanks and CRLF", "iob1", "biluo", "bioes", "conll2003"],
)
def test_all_tagging_schemes_are_read(body: str, tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text(body, newline="")
    text = "Rick and Morty Bo Li ."
    assert found(path) == [(text, [(0, 14, "creative-work"), (15, 17, "PER"), (18, 20, "PER")])]


@pytest.mark.parametrize("offsets", [True, False])
def test_other_columns_and_lines_come_back(offsets: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    body = "# id = 1\n-DOCSTART-\t-X-\tO\n\nBo\tNNP\tB-PER\n.\t.\tO\n\n\nLi\tNNP\tB-PER\n"
    path.write_text(body)
    reading = CONLL.read(path)
    CONLL.write(path, reading.labelled, reading.schema, meta=reading.meta, offsets=offsets)
    assert path.read_text() == body.replace("\n\n\n", "\n\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(), min_size=1, max_size=30), max_size=4),
    data=st.data(),
    scheme=st.sampled_from(["iob2", "biluo"]),
)
def test_spans_on_tokens_come_back_with_their_texts(
    texts: list[str], data: st.DataObject, scheme: Any, tmp_path: Path
) -> None:
    path = tmp_path / "x.iob"
    rows = []
    for n, text in enumerate(texts):
        words = tokens.simple(text)
        ends = sorted(data.draw(st.sets(st.integers(0, len(words)), max_size=4)))
        said = [
            Span(words[a][0], words[b - 1][1], "PER", id=f"span:{k}", field="spans")
            for k, (a, b) in enumerate(itertools.pairwise(ends))
        ]
        rows.append(row(text, *said, key=("k", n)))
    CONLL.write(path, rows, SCHEMA, scheme=scheme)
    kept = [one for one in rows if tokens.simple(one.item.data)]
    read = CONLL.read(path)
    assert read.report.dropped == ()
    assert [(one.item.key, one.item.data) for one in read.items] == [(one.item.key, one.item.data) for one in kept]
    assert [one.response.annotations for one in read.items] == [one.response.annotations for one in kept]


def test_a_suffix_chooses_biluo(tmp_path: Path) -> None:
    path = tmp_path / "x.biluo"
    CONLL.write(path, [row("Bo Li", Span(0, 5, "PER", id="a")), row("Bo", Span(0, 2, "PER", id="a"))], SCHEMA)
    assert path.read_text() == "Bo\tB-PER\nLi\tL-PER\n\nBo\tU-PER\n"
    with pytest.raises(FormatError, match=r"'bilou'.*did you mean 'biluo'"):
        CONLL.write(path, [], SCHEMA, scheme="bilou")


def test_what_tags_cannot_hold_is_reported_one_by_one(tmp_path: Path) -> None:
    said = [
        Span(0, 5, "PER", id="long", field="spans"),
        Span(3, 5, "PER", id="inner", field="spans"),
        Span(7, 9, "PER", id="part", field="spans"),
        Span(11, 12, "a\tb", id="tab", field="spans"),
        Span(12, 13, "PER", id="scored", field="spans", score=0.5, source="m"),
        Relation("long", "part", "r", id="rel", field="rel"),
        Choice("good", id="mood", field="mood"),
    ]
    report = CONLL.write(tmp_path / "x.conll", [row("Bo Li abcd .,", *said)], SCHEMA)
    reasons = {d.annotation: d.reason for d in report.dropped}
    assert set(reasons) == {"inner", "part", "tab", "scored", "rel", "mood"}
    assert "overlaps" in reasons["inner"]
    assert "moved to [6, 10)" in reasons["part"]
    assert "score, source" in reasons["scored"]
    assert report.annotations == 3


@pytest.mark.parametrize(("alignment", "tags"), [("expand", "B-PER"), ("strict", "O"), ("contract", "O")])
def test_alignment_decides_about_parts_of_tokens(alignment: str, tags: str, tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    CONLL.write(path, [row("abcd", Span(1, 3, "PER", id="a"))], SCHEMA, alignment=alignment)
    assert path.read_text() == f"abcd\t{tags}\n"
    with pytest.raises(FormatError, match="'shrink'"):
        CONLL.write(path, [], SCHEMA, alignment="shrink")


def test_tokens_come_from_the_pipeline_or_the_item(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    CONLL.write(path, [row("can't")], SCHEMA, nlp=ENGLISH)
    assert path.read_text() == "ca\tO\nn't\tO\n"
    CONLL.write(path, [row("can't")], SCHEMA, nlp="en")
    assert path.read_text() == "ca\tO\nn't\tO\n"
    CONLL.write(path, [row("a b\tc", tokens=((0, 3), (3, 4), (4, 5)))], SCHEMA)
    assert path.read_text() == "a b\tO\nc\tO\n"


def test_lost_offsets_are_reported_without_the_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    CONLL.write(path, [row("Bo, Li")], SCHEMA)
    assert sidecar(path).exists()
    report = CONLL.write(path, [row("Bo, Li"), row("Bo Li", key=1), row("  ", key=2)], SCHEMA, offsets=False)
    assert not sidecar(path).exists()
    assert [(d.key, d.reason[:9]) for d in report.dropped] == [(0, "the text'"), (2, "has no to")]
    assert [text for text, _ in found(path)] == ["Bo , Li", "Bo Li"]


def test_a_file_beside_that_does_not_agree_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    CONLL.write(path, [row("Bo, Li", key="k")], SCHEMA)
    path.write_text("Bo\tB-PER\nLi\tO\n")
    reading = CONLL.read(path)
    assert reading.items[0].item.data == "Bo Li"
    assert "tokens are not those" in reading.report.dropped[0].reason
    for junk in (b"\xff", b"[]", b'{"text": 1, "tokens": [[0, 1]]}', b'{"text": "Bo Li", "tokens": [["0", 1]]}', b"{"):
        sidecar(path).write_bytes(junk)
        assert [text for text, _ in found(path)] == ["Bo Li"]


def test_a_column_may_be_chosen_and_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("Bo\tB-PER\tNNP\n.\tO\t.\n")
    assert found(path, column=1, field="names") == [("Bo .", [(0, 2, "PER")])]
    assert CONLL.read(path).report.dropped[0].reason.startswith("token 0 has the tag 'NNP'")
    path.write_text("Bo\tO\n\nLi\n")
    with pytest.raises(FormatError, match=r"line 3 has 1 column\(s\): 'Li'"):
        CONLL.read(path)
    with pytest.raises(FormatError, match="tags are expected in column 5"):
        CONLL.read(path, column=5)


# ---- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada's café", ["Ada", "'", "s", "café"]),
        ("e\u0301te\u0301 naïve", ["e\u0301te\u0301", "naïve"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("👩‍👩 5%", ["👩‍", "👩", "5", "%"]),
        ("a_b-c\r\n\td", ["a_b", "-", "c", "d"]),
        ("", []),
    ],
)
def test_simple_tokens(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in tokens.simple(text)] == expected


@given(st.text(st.characters(), max_size=60))
def test_simple_tokens_cover_everything_but_white_space(text: str) -> None:
    made = tokens.simple(text)
    assert tokens.usable(made, text) == made
    covered = {n for a, b in made for n in range(a, b)}
    assert all(n in covered or text[n].isspace() for n in range(len(text)))
    assert all(not text[n].isspace() for n in covered)


@given(st.data(), st.text("ab ,", min_size=1, max_size=20))
def test_alignment_is_that_of_spacy(data: st.DataObject, text: str) -> None:
    doc = ENGLISH(text)
    words = [(token.idx, token.idx + len(token)) for token in doc]
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    for mode in ("strict", "contract"):
        theirs = doc.char_span(start, end, alignment_mode=mode)
        ours = tokens.align(words, start, end, mode)  # type: ignore[arg-type]
        assert ours == (None if theirs is None else (theirs.start, theirs.end))
    grown = tokens.align(words, start, end, "expand")
    touched = [n for n, (a, b) in enumerate(words) if a < end and start < b]
    assert grown == ((touched[0], touched[-1] + 1) if touched else None)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=12))
def test_the_longest_spans_are_kept_as_in_spacy(pairs: list[tuple[int, int]]) -> None:
    doc = ENGLISH(" ".join("x" * 30))
    spans = [(a, a + n, Span(a, a + n, "X", id=str(k))) for k, (a, n) in enumerate(pairs)]
    kept, rest = tokens.longest_first(spans)
    theirs = spacy.util.filter_spans([doc[a:b] for a, b, _ in spans])
    assert [(a, b) for a, b, _ in kept] == [(one.start, one.end) for one in theirs]
    assert len(kept) + len(rest) == len(spans)


@pytest.mark.parametrize("given_tokens", [[(0, 9)], [(2, 3), (0, 1)], [(0, 2), (1, 3)], [(2, 1)], [(1,)]])
def test_tokens_that_make_no_sense_are_not_used(given_tokens: Any) -> None:
    assert tokens.usable(given_tokens, "abc") is None
