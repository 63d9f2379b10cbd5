"""Prodigy's JSON lines, on tasks in the shapes that its recipes write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy

from nblabel import formats
from nblabel.annotations import Choice, Relation, Span, Text
from nblabel.errors import FormatError
from nblabel.formats import Reading
from nblabel.records import Item, Labelled, Report, Response
from nblabel.schema import Choices, Relations, Schema, Spans

JSONL = formats.FORMATS["jsonl"]
ENGLISH = spacy.blank("en")


def words(text: str, ws: bool = False) -> list[dict[str, Any]]:
    doc = ENGLISH(text)
    made: list[dict[str, Any]] = []
    for token in doc:
        one: dict[str, Any] = {"text": token.text, "start": token.idx, "end": token.idx + len(token), "id": token.i}
        made.append({**one, "ws": bool(token.whitespace_)} if ws else one)
    return made


NER = {
    "text": "Noor’s Lab opens in Oslo",
    "meta": {"source": "made up", "n": 3},
    "_input_hash": 1886699658,
    "_task_hash": -1952856502,
    "tokens": words("Noor’s Lab opens in Oslo"),
    "_session_id": None,
    "_view_id": "ner_manual",
    "spans": [
        {
            "start": 0,
            "end": 10,
            "token_start": 0,
            "token_end": 2,
            "label": "ORG",
            "text": "Noor’s Lab",
            "input_hash": 5,
        },
        {"start": 20, "end": 24, "token_start": 5, "token_end": 5, "label": "LOCATION", "source": "en_core_web_sm"},
    ],
    "answer": "accept",
}
RELATIONS = {
    "text": "Ada taught Bo Li.",
    "tokens": words("Ada taught Bo Li.", ws=True),
    "spans": [
        {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"},
        {"start": 11, "end": 16, "token_start": 2, "token_end": 3, "label": "PERSON"},
    ],
    "relations": [
        {
            "head": 0,
            "child": 3,
            "label": "TAUGHT",
            "head_span": {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"},
            "child_span": {"start": 11, "end": 16, "token_start": 2, "token_end": 3, "label": "PERSON"},
        }
    ],
    "answer": "accept",
    "_timestamp": 1700000000,
    "_annotator_id": "rel-ann",
    "_session_id": "rel-ann",
}
CHOICE = {
    "text": "Which?",
    "options": [{"id": 1, "text": "one"}, {"id": "two", "text": "2", "style": {"x": 1}}],
    "accept": [1, "two"],
    "config": {"choice_style": "multiple"},
    "answer": "accept",
    "flagged": True,
}
BINARY = [
    {"text": "so rude", "label": "INSULT", "score": 0.7, "priority": 0.7, "spans": [], "answer": "accept"},
    {"text": "so kind", "label": "INSULT", "score": 0.6, "spans": [], "meta": {"x": None}, "answer": "reject"},
    {"text": "so what", "label": "INSULT", "answer": "ignore"},
]


def read(path: Path, tasks: list[Any]) -> Reading:
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks), encoding="utf-8")
    return JSONL.read(path)


def again(path: Path, reading: Reading) -> list[dict[str, Any]]:
    JSONL.write(path, reading.labelled, reading.schema, meta=reading.meta)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    "tasks",
    [[NER], [CHOICE], BINARY, [{"text": "raw", "meta": {"source": "x"}}], [{**NER, "answer": "reject", "spans": []}]],
    ids=["ner", "choice", "binary", "raw", "rejected"],
)
def test_tasks_of_prodigy_come_back_as_they_were(tasks: list[Any], tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", tasks)
    assert found.report.dropped == ()
    assert again(tmp_path / "b.jsonl", found) == tasks


def test_a_relation_task_comes_back_with_its_annotator_and_time(tmp_path: Path) -> None:
    (task,) = again(tmp_path / "b.jsonl", read(tmp_path / "a.jsonl", [RELATIONS]))
    assert {**task, "_annotator_id": "rel-ann"} == RELATIONS


def test_what_prodigy_means_is_understood(tmp_path: Path) -> None:
    found = read(
        tmp_path / "a.jsonl", [NER, RELATIONS, CHOICE, {**NER, "answer": "reject"}, {**NER, "answer": "ignore"}]
    )
    ner, relations, choice, rejected, ignored = (one.response for one in found.items)
    assert ner.annotations == (
        Span(0, 10, "ORG", id="span:0", field="spans"),
        Span(20, 24, "LOCATION", id="span:1", field="spans", source="en_core_web_sm"),
    )
    assert found.items[0].item.show == (("source", "made up"), ("n", "3"))
    assert found.items[0].item.tokens is not None
    assert found.items[0].item.tokens[:2] == ((0, 4), (4, 6))
    assert relations.annotations[2] == Relation("span:0", "span:1", "TAUGHT", id="relation:0", field="relations")
    assert (relations.annotator, relations.updated_at) == ("rel-ann", 1700000000.0)
    assert [a.label for a in choice.annotations if isinstance(a, Choice)] == ["1", "two"]
    assert choice.flagged
    assert [r.status for r in (ner, rejected, ignored)] == ["submitted", "discarded", "pending"]
    schema = found.schema
    assert schema is not None
    assert schema.names == ("choices", "spans", "relations")
    assert [label.name for label in schema.field("choices").get_labels()] == ["1", "two"]
    assert getattr(schema.field("choices"), "multiple", None) is True


def test_a_rejected_yes_or_no_question_is_an_answer(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", BINARY)
    said = [(one.response.status, [a.label for a in one.response.annotations]) for one in found.items]  # type: ignore[union-attr]
    assert said == [("submitted", ["INSULT"]), ("submitted", []), ("pending", [])]
    assert found.schema is not None
    assert getattr(found.schema.field("choices"), "multiple", None) is True


def test_a_changed_yes_or_no_answer_is_written(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", BINARY)
    yes = Response("", "", "submitted", (Choice("INSULT", field="choices", id="c"),), fields=("choices",))
    rows = [Labelled(one.item, yes) for one in found.labelled]
    JSONL.write(tmp_path / "b.jsonl", rows, found.schema, meta=found.meta)
    tasks = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert [task["answer"] for task in tasks] == ["accept", "accept", "accept"]
    assert JSONL.read(tmp_path / "b.jsonl").items[1].response == yes


SCHEMA = Schema.of(
    {
        "spans": Spans(["PERSON"]),
        "more": Spans(["PLACE"]),
        "rel": Relations(["in"]),
        "mood": ["good", "bad"],
        "topics": Choices(["a", "b"], multiple=True),
        "note": "text",
    }
)


def write(path: Path, *rows: Labelled, **options: Any) -> tuple[Report, list[dict[str, Any]]]:
    report = JSONL.write(path, rows, SCHEMA, **options)
    return report, [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def row(**changes: Any) -> Labelled:
    said = (
        Span(0, 3, "PERSON", id="a", field="spans"),
        Span(7, 11, "PLACE", id="b", field="more", score=0.25, source="m"),
        Relation("a", "b", "in", id="r", field="rel"),
        Choice("good", id="c", field="mood"),
        Choice("b", id="d", field="topics", score=0.5),
        Text("hm", id="t", field="note"),
    )
    body: dict[str, Any] = {"status": "submitted", "annotations": said, "fields": SCHEMA.names, **changes}
    item = Item(("x", 1), "Ada in Oslo", show=(("by", "me"),))
    return Labelled(item, Response("", "ann", **body))


def test_our_answers_are_tasks_that_prodigy_shows(tmp_path: Path) -> None:
    report, (task,) = write(tmp_path / "a.jsonl", row())
    assert report.dropped == ()
    assert (report.items, report.annotations) == (1, 6)
    assert [token["text"] for token in task["tokens"]] == ["Ada", "in", "Oslo"]
    assert [token["ws"] for token in task["tokens"]] == [True, True, False]
    assert task["spans"][0] == {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON", "id": "a"}
    assert task["spans"][1]["token_end"] == 2  # inclusive
    (relation,) = task["relations"]
    assert (relation["head"], relation["child"], relation["label"]) == (0, 2, "in")
    assert relation["child_span"]["start"] == 7
    assert [option["id"] for option in task["options"]] == ["mood:good", "mood:bad", "topics:a", "topics:b"]
    assert task["accept"] == ["mood:good", "topics:b"]
    assert task["meta"] == {"by": "me"}
    assert task["texts"] == {"note": "hm"}
    assert task["answer"] == "accept"
    assert task["nblabel"]["key"] == ["x", 1]
    found = JSONL.read(tmp_path / "a.jsonl").items[0]
    assert found.response == row().response
    assert found.item.key == ("x", 1)


@pytest.mark.parametrize(
    ("status", "created", "answer"),
    [
        ("submitted", 5.0, "accept"),
        ("discarded", 5.0, "reject"),
        ("draft", 5.0, None),
        ("pending", 5.0, "ignore"),
        ("pending", 0.0, None),
    ],
)
def test_every_status_has_its_answer(status: Any, created: float, answer: str | None, tmp_path: Path) -> None:
    given = row(
        status=status,
        created_at=created,
        fields=(),
        annotations=() if status == "pending" else row().response.annotations,
    )
    _, (task,) = write(tmp_path / "a.jsonl", given)
    assert task.get("answer") == answer
    assert JSONL.read(tmp_path / "a.jsonl").items[0].response.status == status


def test_tokens_come_from_the_pipeline_the_item_or_are_simple(tmp_path: Path) -> None:
    plain = Labelled(Item(0, "can't stop"), Response("", "ann", "submitted"))
    assert "tokens" not in write(tmp_path / "a.jsonl", plain)[1][0]
    _, (task,) = write(tmp_path / "a.jsonl", plain, nlp=ENGLISH)
    assert [token["text"] for token in task["tokens"]] == ["ca", "n't", "stop"]
    own = Labelled(Item(0, "can't stop", tokens=((0, 5), (6, 10))), plain.response)
    assert [token["text"] for token in write(tmp_path / "a.jsonl", own)[1][0]["tokens"]] == ["can't", "stop"]


def test_a_span_inside_a_token_keeps_its_offsets(tmp_path: Path) -> None:
    item = Item(0, "Ada in Oslo", tokens=((0, 3), (4, 6), (7, 11)))
    span = Span(8, 11, "PERSON", id="a", field="spans")
    _, (task,) = write(tmp_path / "a.jsonl", Labelled(item, Response("", "", "submitted", (span,))))
    assert "token_start" not in task["spans"][0]
    assert JSONL.read(tmp_path / "a.jsonl").items[0].response.annotations == (span,)


def test_the_lines_are_readable_and_any_text_is_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [Labelled(Item(n, text), Response("", "", "submitted")) for n, text in enumerate(["日本\u2028x", "a\ud800"])]
    JSONL.write(path, rows, SCHEMA)
    raw = path.read_bytes().decode("utf-8")
    assert "日本" in raw
    assert len(raw.split("\n")) == 3
    assert [one.item.data for one in JSONL.read(path).items] == ["日本\u2028x", "a\ud800"]


def test_bad_parts_of_a_task_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    task = {
        "text": "Ada",
        "spans": [
            {"start": 0, "end": 3, "label": "A"},
            {"start": 0, "end": 99, "label": "A"},
            {"start": 2, "end": 1, "label": "A"},
            {"start": "0", "end": 1, "label": "A"},
            {"label": "A"},
            "spam",
            {"start": 0, "end": 1, "label": 5},
        ],
        "relations": [{"head": 0, "child": 7, "label": "r"}, 3],
        "accept": "yes",
        "answer": "maybe",
        "nblabel": {"seconds": "long"},
    }
    found = read(tmp_path / "a.jsonl", [task, {"video": "x.mp4"}])
    assert [a.id for a in found.items[0].response.annotations] == ["span:0"]
    reasons = [d.reason for d in found.report.dropped]
    for part in (
        "99",
        "end 1",
        "span 5",
        "token that is in no span",
        "relation 1",
        "'accept'",
        "'maybe'",
        "nblabel",
        "no text",
    ):
        assert any(part in reason for reason in reasons), (part, reasons)
    assert len(reasons) == 12
    assert found.items[0].response.status == "draft"
    assert found.meta[0, ""]["answer"] == "maybe"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[1]\n", "line 1 is not a JSON object"),
        ('{"text": "a"}\n\n{"text": \n', "line 3 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON"),
        ('[\n{"text": "a"}\n]\n', "each line must be one JSON object"),
    ],
)
def test_a_file_that_is_no_json_lines_says_where(body: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(body)
    with pytest.raises(FormatError, match=words):
        JSONL.read(path)


def test_a_relation_is_found_by_its_tokens_where_no_span_is_given(tmp_path: Path) -> None:
    bare = {**RELATIONS, "relations": [{"head": 0, "child": 2, "label": "TAUGHT"}]}
    found = read(tmp_path / "a.jsonl", [bare])
    assert found.items[0].response.annotations[2] == Relation(
        "span:0", "span:1", "TAUGHT", id="relation:0", field="relations"
    )


def test_the_lines_of_doccano_are_read(tmp_path: Path) -> None:
    tasks = [
        {"id": 4, "text": "EU rejects", "label": [[0, 2, "ORG"]]},
        {"text": "nice", "label": ["positive"]},
        {"text": "to Rome", "entities": [[3, 7, "City"]], "cats": ["flight"]},
        {
            "text": "Ada, Bob",
            "entities": [
                {"id": 0, "start_offset": 0, "end_offset": 3, "label": "P"},
                {"id": 1, "start_offset": 5, "end_offset": 8, "label": "P"},
            ],
            "relations": [{"id": 0, "from_id": 0, "to_id": 1, "type": "knows"}],
        },
    ]
    found = read(tmp_path / "a.jsonl", tasks)
    assert found.report.dropped == ()
    kinds = [[(a.kind, getattr(a, "label", "")) for a in one.response.annotations] for one in found.items]
    assert kinds == [
        [("span", "ORG")],
        [("choice", "positive")],
        [("span", "City"), ("choice", "flight")],
        [("span", "P"), ("span", "P"), ("relation", "knows")],
    ]
    assert {one.response.status for one in found.items} == {"submitted"}
    assert found.meta[0, ""]["id"] == 4
