"""Answers as spaCy docs, and a DocBin that trainings learn from."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from nblabel import formats
from nblabel.annotations import Choice, Relation, Span, Text
from nblabel.errors import FormatError
from nblabel.formats.spacy_docs import to_docs
from nblabel.records import Item, Labelled, Report, Response
from nblabel.schema import Choices, Relations, Schema, Spans

SPACY = formats.FORMATS["spacy"]
SCHEMA = Schema.of(
    {
        "spans": Spans(["PERSON", "ORG"]),
        "rel": Relations(["knows"]),
        "mood": ["good", "bad"],
        "topics": Choices(["a", "b"], multiple=True),
        "note": "text",
    }
)


@pytest.fixture(scope="module")
def blank() -> Language:
    return spacy.blank("en")


def row(text: str, *said: Any, key: Any = 0, fields: tuple[str, ...] = SCHEMA.names, **item: Any) -> Labelled:
    return Labelled(Item(key, text, **item), Response("", "ann", "submitted", tuple(said), fields=fields))


def one(nlp: Language | str, given_row: Labelled, schema: Schema = SCHEMA, **options: Any) -> tuple[Doc, Report]:
    (doc,), report = to_docs(nlp, [given_row], schema, **options)
    return doc, report


def span(start: int, end: int, label: str = "PERSON", id_: str = "", field: str = "spans") -> Span:
    return Span(start, end, label, id=id_ or f"{start}-{end}-{label}", field=field)


def test_everything_has_its_place(blank: Language) -> None:
    said = [
        span(0, 12, id_="a"),
        span(17, 21, "ORG", id_="b"),
        Relation("a", "b", "knows", id="r", field="rel"),
        Choice("good", id="m", field="mood"),
        Choice("b", id="t", field="topics"),
        Text("hm", id="x", field="note"),
    ]
    doc, report = one(blank, row("Ada Lovelace met Acme.", *said, key=("k", 1)))
    assert report == Report(1, 6)
    assert [(e.text, e.label_) for e in doc.ents] == [("Ada Lovelace", "PERSON"), ("Acme", "ORG")]
    assert [(s.text, s.label_, s.id_) for s in doc.spans["nblabel"]] == [
        ("Ada Lovelace", "PERSON", "a"),
        ("Acme", "ORG", "b"),
    ]
    assert doc.cats == {"good": 1.0, "bad": 0.0, "a": 0.0, "b": 1.0}
    (relation,) = doc._.nblabel_relations
    assert relation["label"] == "knows"
    assert doc[relation["head"]["start"] : relation["head"]["end"]].text == "Ada Lovelace"
    assert relation["child"] == {"id": "b", "label": "ORG", "start": 3, "end": 4}
    assert doc._.nblabel_texts == {"note": "hm"}
    assert doc._.nblabel_key == ("k", 1)


def test_spans_that_overlap_are_in_spans_and_the_longest_in_ents(blank: Language) -> None:
    said = [span(0, 3, id_="in"), span(0, 12, "ORG", id_="out"), span(0, 12, id_="twin")]
    doc, report = one(blank, row("Ada Lovelace", *said))
    assert [(e.text, e.label_) for e in doc.ents] == [("Ada Lovelace", "ORG")]
    assert len(doc.spans["nblabel"]) == 3
    assert {d.annotation for d in report.dropped} == {"in", "twin"}
    assert all("overlaps" in d.reason and d.key == 0 for d in report.dropped)


@pytest.mark.parametrize(
    ("alignment", "texts", "words"),
    [
        ("expand", ["Charles"], "moved to [4, 11)"),
        ("contract", [], "left out with alignment='contract'"),
        ("strict", [], "left out with alignment='strict'"),
    ],
)
def test_misaligned_spans_are_reported_by_item(alignment: str, texts: list[str], words: str, blank: Language) -> None:
    said = [span(5, 8, id_="a"), span(0, 3, id_="b"), Relation("b", "a", "knows", id="r", field="rel")]
    doc, report = one(blank, row("Ada Charles", *said, key="k"), alignment=alignment)
    assert [e.text for e in doc.ents] == ["Ada", *texts]
    reasons = {d.annotation: d.reason for d in report.dropped}
    assert words in reasons["a"]
    assert ("r" in reasons) == (not texts)
    assert len(doc._.nblabel_relations) == len(texts)
    with pytest.raises(FormatError, match=r"'exand'.*did you mean 'expand'"):
        to_docs(blank, [], SCHEMA, alignment="exand")


def test_white_space_is_no_part_of_an_entity(blank: Language) -> None:
    text = "Ada  \n met"
    doc, report = one(blank, row(text, span(0, 6, id_="tail"), span(4, 6, "ORG", id_="only")))
    assert [e.text for e in doc.ents] == ["Ada"]
    assert doc.spans["nblabel"][0].text.startswith("Ada ")
    reasons = [(d.annotation, d.reason) for d in report.dropped]
    assert ("tail", "'PERSON': in .ents without the white space at its ends") in reasons
    assert any(name == "only" and "covers only white space" in reason for name, reason in reasons)


def test_a_choice_field_is_prefixed_only_where_labels_clash(blank: Language) -> None:
    schema = Schema.of({"x": ["yes", "no"], "y": ["yes", "maybe"], "z": ["other", "none"]})
    said = [Choice("yes", id="1", field="x"), Choice("maybe", id="2", field="y"), Choice("other", id="3", field="z")]
    doc, _ = one(blank, row("t", *said, fields=schema.names), schema)
    assert doc.cats == {"x:yes": 1, "x:no": 0, "y:yes": 0, "y:maybe": 1, "other": 1, "none": 0}


def test_what_was_not_asked_or_not_answered_stays_open(blank: Language) -> None:
    doc, _ = one(blank, row("Ada met", fields=SCHEMA.names))
    assert doc.cats == {"a": 0.0, "b": 0.0}  # of several, none is an answer; of one, none is none
    assert doc.has_annotation("ENT_IOB")
    doc, _ = one(blank, row("Ada met", Choice("good", id="1", field="mood"), fields=("mood",)))
    assert doc.cats == {"good": 1.0, "bad": 0.0}
    assert [token.ent_iob for token in doc] == [0, 0]  # missing, not outside: nobody looked for names


def test_labels_and_fields_that_are_gone_are_reported(blank: Language) -> None:
    said = [Choice("ugly", id="1", field="mood"), Choice("x", id="2", field="gone")]
    _, report = one(blank, row("t", *said))
    assert [(d.annotation, "any more" in d.reason) for d in report.dropped] == [("1", True), ("2", True)]


def test_tokens_that_came_with_the_item_are_kept(blank: Language) -> None:
    own = Doc(blank.vocab, words=["can't", "stop", "\n", "now", "!"], spaces=[True, False, False, False, False])
    tokens = tuple((token.idx, token.idx + len(token)) for token in own)
    doc, _ = one(blank, row(own.text, span(0, 5), tokens=tokens))
    assert [token.text for token in doc] == [token.text for token in own]
    assert doc.text == own.text
    assert [token.text for token in one(blank, row(own.text))[0]][:2] == ["ca", "n't"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.data())
@settings(deadline=None, max_examples=60)
def test_any_tokens_make_a_doc_of_the_same_text(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    tokens = tuple(pair for n, pair in enumerate(itertools.pairwise(ends)) if n % 2 == 0)
    doc, _ = one("xx", row(text, tokens=tokens))
    assert doc.text == text
    assert set(tokens) <= {(token.idx, token.idx + len(token)) for token in doc}


def test_a_language_code_is_enough_and_a_wrong_one_is_told(blank: Language) -> None:
    assert one("de", row("Hallo Welt"))[0].lang_ == "de"
    with pytest.raises(FormatError, match="no language 'klingon'"):
        to_docs("klingon", [], SCHEMA)
    with pytest.raises(FormatError, match="nlp= is a int"):
        to_docs(3, [], SCHEMA)  # type: ignore[arg-type]


def test_a_text_that_spacy_cannot_hold_is_reported(blank: Language) -> None:
    docs, report = to_docs(blank, [row("a\ud800", key="k"), row("fine")], SCHEMA)
    assert [doc.text for doc in docs] == ["fine"]
    assert [(d.key, "surrogate" in d.reason) for d in report.dropped] == [("k", True)]


def test_a_text_longer_than_the_pipelines_limit_is_tokenized() -> None:
    nlp = spacy.blank("en")
    nlp.max_length = 10
    assert one(nlp, row("Ada met Charles in London"))[0][0].text == "Ada"


# ---- the file ------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data(), alignment=st.sampled_from(["expand", "contract", "strict"]))
def test_a_docbin_gives_the_same_responses_back(data: st.DataObject, alignment: str, tmp_path: Path) -> None:
    text = data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
    pairs = data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 9)), max_size=4, unique=True))
    said: list[Any] = [
        Span(a, min(a + n, len(text)), "ORG", id=f"s{k}", field="spans", score=0.5, attributes={"x": [text]})
        for k, (a, n) in enumerate(pairs)
    ]
    if len(said) > 1:
        said.append(Relation("s0", "s1", "knows", id="r", field="rel"))
    said.append(Text(text, id="t", field="note"))
    response = Response("", "ann", "submitted", tuple(said), True, text, 1.5, 2.5, 3.5, 4, SCHEMA.names)
    path = tmp_path / "x.spacy"
    SPACY.write(path, [Labelled(Item(("k", 1), text), response)], SCHEMA, nlp="xx", alignment=alignment)
    found = SPACY.read(path)
    assert found.items[0].response == response
    assert (found.items[0].item.key, found.items[0].item.data) == (("k", 1), text)
    assert found.schema == SCHEMA


def test_spacy_reads_the_file_without_us(tmp_path: Path, blank: Language) -> None:
    path = tmp_path / "x.spacy"
    said = [span(0, 3, id_="a"), span(0, 12, "ORG", id_="b"), Choice("good", id="m", field="mood")]
    report = SPACY.write(path, [row("Ada Lovelace", *said)], SCHEMA)
    assert report.path == str(path)
    (doc,) = DocBin().from_disk(path).get_docs(blank.vocab)
    assert [(e.text, e.label_) for e in doc.ents] == [("Ada Lovelace", "ORG")]
    assert [(s.text, s.label_, s.id_) for s in doc.spans["nblabel"]] == [
        ("Ada", "PERSON", "a"),
        ("Ada Lovelace", "ORG", "b"),
    ]
    assert doc.cats["good"] == 1.0


def test_docs_from_elsewhere_are_read(tmp_path: Path, blank: Language) -> None:
    first, second, third = blank("Ada met Acme"), blank("Bob"), blank("Nobody here")
    first.ents = [first.char_span(0, 3, label="PERSON")]
    first.spans["sc"] = [first.char_span(0, 3, label="PERSON"), first.char_span(0, 7, label="EVENT")]
    first.spans["places"] = [first.char_span(8, 12, label="ORG")]
    first.cats = {"x": 0.9, "y": 0.2}
    second.cats = {"x": 0.1, "y": 0.2}
    path = tmp_path / "x.spacy"
    DocBin(docs=[first, second, third]).to_disk(path)
    found = SPACY.read(path)
    assert [(getattr(a, "label", ""), a.field) for a in found.items[0].response.annotations] == [
        ("PERSON", "spans"),
        ("EVENT", "spans"),
        ("ORG", "places"),
        ("x", "choices"),
    ]
    assert [one.response.status for one in found.items] == ["submitted", "submitted", "pending"]
    assert found.items[0].item.tokens == ((0, 3), (4, 7), (8, 12))
    assert found.schema is not None
    assert [label.name for label in found.schema.field("choices").get_labels()] == ["x", "y"]
    assert found.report.annotations == 4


def test_what_is_no_docbin_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.spacy"
    path.write_bytes(b"no zlib")
    with pytest.raises(FormatError, match="is not a DocBin"):
        SPACY.read(path)


PEOPLE = ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Mary Somerville"]
ORGS = ["Analytical Society", "Bletchley Park", "Univac"]


def answers() -> list[Labelled]:
    rows = []
    for n, (person, org) in enumerate(itertools.product(PEOPLE, ORGS)):
        text = f"{person} worked for {org} and {'loved' if n % 2 else 'hated'} it."
        start = text.index(org)
        said = [span(0, len(person)), span(start, start + len(org), "ORG")]
        rows.append(row(text, *said, Choice("good" if n % 2 else "bad", id="m", field="mood"), key=n))
    return rows


def test_spacy_train_learns_from_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from spacy.cli.init_config import init_config
    from spacy.cli.train import train

    path = tmp_path / "train.spacy"
    assert SPACY.write(path, answers(), SCHEMA).dropped == ()
    config = init_config(lang="en", pipeline=["ner"], optimize="efficiency")
    config["training"].update(max_steps=80, eval_frequency=20)
    config["components"]["tok2vec"]["model"]["encode"].update(width=32, depth=2)
    config.to_disk(tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path / "out", overrides={"paths.train": str(path), "paths.dev": str(path)})
    nlp = spacy.load(tmp_path / "out" / "model-best")
    gold = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in gold])
    assert scores["ents_f"] > 0.9


def test_updating_a_pipeline_learns_from_docs() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    schema = Schema.of({"mood": ["good", "bad"]})
    rows = [
        Labelled(one.item, Response("", "", "submitted", one.response.annotations[-1:], fields=("mood",)))
        for one in answers()
    ]
    docs, report = to_docs(nlp, rows, schema)
    assert report.dropped == ()
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(25):
        nlp.update(examples, sgd=optimizer)
    assert nlp.evaluate(examples)["cats_macro_f"] > 0.9
