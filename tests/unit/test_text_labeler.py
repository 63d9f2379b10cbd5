from __future__ import annotations

import gc
import subprocess
import sys

import pandas as pd
import polars as pl
import pytest
import spacy

import nblabel as nb
from nblabel.errors import InvalidAnnotation, InvalidSchema, NblabelError, SourceError, UnknownItem, UnknownOption

FRAME = pd.DataFrame(
    {"review": ["Ada loved it.", "The Savoy was dreadful.", "Fine."], "stars": [5, 1, 3]}, index=["a", "b", "c"]
)


def make(data=FRAME, **options) -> nb.TextLabeler:
    options.setdefault("store", ":memory:")
    options.setdefault("text", "review")
    options.setdefault("spans", ["PERSON", "ORG"])
    options.setdefault("choices", ["positive", "negative"])
    return nb.TextLabeler(data, **options)


def test_the_first_minute() -> None:
    lab = make(annotator="ada")
    assert lab.item.key == "a"
    lab.submit({"spans": [nb.Span(0, 3, "PERSON")], "choices": "positive"})
    lab.submit(["negative"], key="b", field="choices")
    assert (lab.item.key, lab.index) == ("c", 2)
    assert lab.progress == nb.Progress(3, submitted=2)
    rows = lab.annotations
    assert rows[["key", "annotator", "field", "kind", "label", "source"]].values.tolist() == [
        ["a", "ada", "spans", "span", "PERSON", "human"],
        ["a", "ada", "choices", "choice", "positive", "human"],
        ["b", "ada", "choices", "choice", "negative", "human"],
    ]
    assert rows.loc[0, ["start", "end", "text"]].tolist() == [0, 3, "Ada"]
    assert lab.responses[["key", "status"]].values.tolist() == [["a", "submitted"], ["b", "submitted"]]
    joined = FRAME.join(rows[rows.kind == "choice"].set_index("key").label)
    assert joined.label.tolist()[:2] == ["positive", "negative"]


def test_the_joined_frame_is_of_the_users_own_kind() -> None:
    lab = make()
    lab.submit("positive")
    made = lab.df
    assert made.index.tolist() == ["a", "b", "c"]
    assert made.choices.tolist()[0] == "positive"
    assert made.status.tolist() == ["submitted", "pending", "pending"]
    assert list(FRAME.columns) == ["review", "stars"]
    polars = make(pl.from_pandas(FRAME))
    polars.submit("negative")
    assert isinstance(polars.df, pl.DataFrame)
    assert polars.df["choices"][0] == "negative"


def test_traits_can_be_observed() -> None:
    lab = make()
    seen = []
    lab.observe(lambda change: seen.append((change.name, change.new)), ["index", "progress"])
    lab.submit("positive")
    assert ("index", 1) in seen
    assert ("progress", nb.Progress(3, submitted=1)) in seen
    assert lab.value == ()
    lab.draft("negative")
    assert [a.label for a in lab.value] == ["negative"]
    assert lab.labels == ("PERSON", "ORG", "positive", "negative")


def test_a_page_cannot_write_the_kernels_traits() -> None:
    lab = make()
    lab.set_state({"index": 2, "annotator": "evil", "_saves": 3, "_esm": "alert(1)"})
    assert (lab.index, lab._saves) == (0, 3)
    assert lab.annotator != "evil"
    assert "alert(1)" not in str(lab._esm)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"span": ["X"]}, UnknownOption, "did you mean 'spans'"),
        ({"sugest": print}, UnknownOption, "did you mean 'suggest'"),
        ({"spans": None, "choices": None}, InvalidSchema, "what to ask"),
        ({"spans": "PERSON"}, InvalidSchema, "list of labels"),
        ({"spans": nb.Choices(["x"])}, InvalidSchema, "nb.Choices"),
        ({"fields": {"spans": ["x"]}}, NblabelError, "again"),
        ({"text": "reviews"}, SourceError, "review"),
        ({"order": "uncertainy"}, NblabelError, "order"),
    ],
)
def test_wrong_options_say_what_to_do(options, error, words) -> None:
    with pytest.raises(error, match=words):
        make(**options)


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        make(colour="red")


def test_wrong_answers_change_nothing() -> None:
    lab = make()
    with pytest.raises(InvalidAnnotation, match="'a'"):
        lab.submit([nb.Span(0, 100, "PERSON")])
    with pytest.raises(UnknownItem):
        lab.submit("positive", key="nope")
    assert lab.responses.empty
    assert lab.annotations.empty


def test_docs_go_in_with_their_entities_and_come_out_with_the_answers() -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada"}])
    lab = nb.TextLabeler([nlp("Ada met Grace."), nlp("Nobody.")], spans=["PERSON"], store=":memory:")
    assert lab.accept() == 1
    lab.draft([*lab.value, nb.Span(8, 13, "PERSON")])
    lab.submit()
    (doc,) = lab.docs(nlp)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ada", "PERSON"), ("Grace", "PERSON")]
    assert lab.annotations.source.tolist() == ["doc", "human"]


def test_suggestions_are_no_answers() -> None:
    lab = make(suggest=lambda text: [(0, 3, "PERSON")])
    lab._session.ask([lab.item])
    assert lab._session.models.runner.wait(10)
    assert lab.annotations.empty
    assert lab.progress.pending == 3
    lab.accept()
    lab.submit()
    assert lab.annotations.text.tolist() == ["Ada"]


def test_export_and_read_back(tmp_path) -> None:
    lab = make()
    lab.submit({"spans": [(0, 3, "PERSON")], "choices": "positive"})
    for name in ("a.jsonl", "a.csv", "a.parquet", "a.spacy", "a.iob"):
        report = lab.export(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0
        assert report.items == 1
        read = nb.formats.for_path(tmp_path / name).read(tmp_path / name)
        (row,) = read.labelled
        assert any(a.kind == "span" and (a.start, a.end, a.label) == (0, 3, "PERSON") for a in row.response.annotations)
    with pytest.raises(NblabelError, match="format"):
        lab.export(tmp_path / "a.xyz")


def test_answers_of_a_file_are_taken_once(tmp_path) -> None:
    lab = make()
    lab.submit({"spans": [(0, 3, "PERSON")], "choices": "positive"})
    lab.discard()
    lab.export(tmp_path / "a.jsonl")
    lab.export(tmp_path / "a.csv")
    other = make(FRAME.iloc[::-1])
    assert other.load(tmp_path / "a.jsonl").annotations == 2
    assert other.annotations[["key", "label", "text"]].iloc[0].tolist() == ["a", "PERSON", "Ada"]
    again = other.load(tmp_path / "a.jsonl")
    assert (again.items, "already" in again.dropped[0].reason) == (0, True)
    assert other.load(tmp_path / "a.jsonl", replace=True).items == 1
    assert len(other.annotations) == 2
    elsewhere = make(FRAME.iloc[1:])
    assert "no item" in elsewhere.load(tmp_path / "a.jsonl").dropped[0].reason
    assert not other.undo()


def test_into_is_a_live_column_both_ways() -> None:
    frame = FRAME.assign(label=pd.Series(["positive", None, None], index=FRAME.index, dtype="str"))
    lab = make(frame, spans=None, into="label")
    assert lab.progress.submitted == 1
    assert lab.item.key == "b"
    lab.submit("negative")
    assert frame.label.tolist()[:2] == ["positive", "negative"]
    lab.undo()
    assert pd.isna(frame.label.iloc[1])
    lab.submit("negative", key="a")
    assert frame.label.iloc[0] == "negative"
    lab.undo()
    assert frame.label.iloc[0] == "positive"
    assert list(frame.columns) == ["review", "stars", "label"]


def test_an_older_frame_is_brought_up_to_date_and_a_newer_one_is_believed(tmp_path) -> None:
    store = tmp_path / "x.db"
    frame = FRAME.copy()
    lab = make(frame, spans=None, into="label", store=store)
    lab.submit("positive")
    lab.submit("negative", key="a")
    old = FRAME.assign(label=["positive", None, None])
    make(old, spans=None, into="label", store=store)
    assert old.label.tolist()[0] == "negative"
    by_hand = FRAME.assign(label=[None, "positive", None])
    again = make(by_hand, spans=None, into="label", store=store)
    assert again.progress.submitted == 2
    assert by_hand.label.tolist()[:2] == ["negative", "positive"]


def test_rows_may_be_added_and_sorted_while_one_labels() -> None:
    frame = FRAME.copy()
    lab = make(frame)
    lab.submit("positive")
    frame.sort_values("stars", inplace=True)  # noqa: PD002 - what users do
    lab._session.resync()
    assert lab.progress.submitted == 1
    assert lab.item.key == "b"
    assert lab.annotations.key.tolist() == ["a"]


def test_importing_is_cheap() -> None:
    code = (
        "import sys, nblabel; nblabel.Span(0, 1); "
        "heavy = {'spacy', 'torch', 'matplotlib', 'sklearn', 'pandas', 'anywidget', 'sqlalchemy'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_repr_says_where_things_stand() -> None:
    lab = make()
    lab.submit("positive")
    assert "1 of 3" in repr(lab)
    lab.close()


@pytest.mark.parametrize("kind", ["spans", "relations", "choices"])
def test_an_error_in_a_question_names_it(kind: str) -> None:
    with pytest.raises(InvalidSchema, match=f"field '{kind}' has the label 'A' twice"):
        make(**{kind: ["A", "A"]})


def test_guidelines_that_cannot_be_read_are_an_error_and_nothing_else(tmp_path, capsys) -> None:
    with pytest.raises(NblabelError, match=r"guidelines= cannot be read from .*none.md: No such file"):
        make(guidelines=tmp_path / "none.md")
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    with pytest.raises(NblabelError, match="not UTF-8"):
        make(guidelines=tmp_path / "latin.md")
    gc.collect()  # a labeler that was not made whole is let go without a word
    assert capsys.readouterr().err == ""


def test_progress_is_whole_when_python_asks(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("nblabel.answers.PATIENCE", 0.0)
    monkeypatch.setattr("nblabel.session.PATIENCE", 0.0)
    monkeypatch.setattr("nblabel.sources.background.quiet", lambda: 30.0)
    make(store=tmp_path / "s.db").submit("positive", key="a")
    moved = make(FRAME.iloc[::-1].reset_index(drop=True), store=tmp_path / "s.db")
    assert repr(moved).startswith("TextLabeler(0 of 3")  # shown before anything was searched
    assert moved.progress.submitted == 1
    assert moved.value == ()


def test_what_the_next_cell_fills_in_is_answered() -> None:
    frame = FRAME.copy()
    lab = make(frame, spans=None, into="label")
    lab.submit("positive")
    told = []
    lab.observe(lambda change: told.append(change.new.submitted), "progress")
    frame.loc[frame.stars < 3, "label"] = "negative"
    frame.loc["c", "label"] = "who knows"
    lab._after_cell()
    assert lab.progress.submitted == 2
    assert told == [2]
    assert lab._session.upcoming(-1, 9) == ([2], True)
    assert lab.annotations[["key", "label"]].values.tolist() == [["a", "positive"], ["b", "negative"]]
    assert len(lab._store.entries("text")) == 1  # the frame's own word needs no event
    lab._after_cell()
    assert told == [2]
    lab.submit("positive", key="b")
    assert frame.label.tolist() == ["positive", "positive", "who knows"]
    lab.undo()
    assert frame.label.tolist() == ["positive", "negative", "who knows"]
    frame.loc["b", "label"] = None
    lab._after_cell()
    assert lab.progress.submitted == 1


def test_spans_that_the_next_cell_fills_in_are_answers() -> None:
    frame = FRAME.copy()
    lab = make(frame, choices=None, into="found")
    frame["found"] = [[(0, 3, "PERSON")], None, [(0, 99, "PERSON")]]
    lab._after_cell()
    assert lab.progress.submitted == 1
    assert lab._session.upcoming(-1, 9) == ([1, 2], True)
