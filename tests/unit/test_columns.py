"""Live columns: what stands in the user's frame is an answer, and answers stand there."""

from __future__ import annotations

import gc
import io
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.annotations import AnyAnnotation, Choice, Relation, Span, Text
from nblabel.errors import SourceError
from nblabel.schema import Choices, Relations, Schema, Spans, Texts
from nblabel.sources import columns, open_source
from nblabel.sources.columns import LiveColumns
from nblabel.sources.idle import CellGate
from nblabel.sources.values import Unfit, codec

NEW = pd.__version__ >= "3"
MOODS = Schema.of({"mood": ["pos", "neg"]})
ALL = Schema.of(
    {
        "spans": Spans(["PER", "ORG"]),
        "links": Relations(["knows"]),
        "mood": ["pos", "neg"],
        "tags": Choices(["a", "b", "c"], multiple=True),
        "note": Texts(),
    }
)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def opened(
    frame: pd.DataFrame, schema: Schema = MOODS, into: Any = "label", gate: CellGate | None = None
) -> LiveColumns:
    return columns.open(open_source(frame, column="t"), into, schema, gate=gate or CellGate())


def texts(size: int, /, **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"t": [f"text {at}" for at in range(size)], **more})


def said(annotations: Sequence[AnyAnnotation] | None) -> list[Any] | None:
    if annotations is None:
        return None
    return [getattr(a, "label", None) or getattr(a, "text", None) for a in annotations]


def answer(label: str, schema: Schema = MOODS) -> tuple[AnyAnnotation, ...]:
    return schema.coerce(label)


# ---- opening -----------------------------------------------------------------------------------------


def test_one_field_has_the_column_and_several_have_columns_of_their_own() -> None:
    frame = texts(2)
    assert opened(frame).columns == {"mood": "label"}
    assert list(frame.columns) == ["t", "label"]
    live = opened(frame, ALL, "y")
    assert live.columns == {name: f"y_{name}" for name in ALL.names}
    assert live.fields == ALL.names
    assert opened(texts(2), ALL, {"note": "remark"}).columns == {"note": "remark"}


@pytest.mark.parametrize(
    ("into", "message"),
    [
        ("t", "would overwrite the column 't'"),
        ({"moods": "label"}, "did you mean 'mood'"),
        ({}, "names no field"),
        ({"mood": 7}, "name it with a text"),
        ("", "name it with a text"),
    ],
)
def test_columns_that_cannot_be(into: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        opened(texts(2), MOODS, into)


def test_other_data_has_no_live_columns() -> None:
    for data in (["a"], pd.Series(["a"]), [{"text": "a"}]):
        with pytest.raises(SourceError, match=r"needs a pandas frame .*lab\.df"):
            columns.open(open_source(data), "label", MOODS)
    frame = pd.DataFrame([["a", 1, 2]], columns=["t", "label", "label"])
    with pytest.raises(SourceError, match="several columns are named 'label'"):
        opened(frame)
    with pytest.raises(SourceError, match="two fields the column 'x'"):
        opened(texts(1), ALL, {"mood": "x", "note": "x"})
    with pytest.raises(SourceError, match="key"):
        columns.open(open_source(texts(1, key=[1]), column="t", key="key"), "key", MOODS)
    with pytest.raises(SourceError, match="several levels"):
        columns.open(open_source(pd.DataFrame({("t", "a"): ["x"]}), column=("t", "a")), "label", MOODS)


def test_new_columns_hold_missing_values_of_the_right_kind() -> None:
    frame = texts(3)
    before = frame.copy()
    opened(frame, ALL, "y")
    assert frame.filter(like="y_").isna().all(axis=None)
    expected = {"y_mood": "str", "y_note": "str", "y_spans": "object", "y_links": "object", "y_tags": "object"}
    for name, dtype in expected.items():
        assert str(frame[name].dtype) == (dtype if NEW else "object")
    pd.testing.assert_frame_equal(frame[["t"]], before)
    assert frame.columns[0] == "t"


# ---- reading -----------------------------------------------------------------------------------------


def test_existing_values_are_answers_and_unfit_ones_are_kept_and_told() -> None:
    frame = texts(6, label=["pos", "meh", None, "", "neg", "meh"])
    before = frame.copy()
    live = opened(frame)
    assert [said(live.read(n)) for n in range(6)] == [["pos"], None, None, None, ["neg"], None]
    assert live.answered().tolist() == [True, False, False, False, True, False]
    assert live.problems() == (
        "2 values of 'label' are no labels of the schema ('meh', ...): kept until the item is answered",
    )
    assert live.read(0) == live.read(0)
    (one,) = live.read(0) or ()
    assert one.field == "mood"
    assert one.id
    pd.testing.assert_frame_equal(frame, before)


COLUMNS: dict[str, tuple[Any, list[str]]] = {
    "int": (np.array([0, 1, 1]), ["0", "1", "1"]),
    "int8": (np.array([0, 1, 1], dtype="int8"), ["0", "1", "1"]),
    "uint": (np.array([0, 1, 1], dtype="uint16"), ["0", "1", "1"]),
    "float": (np.array([0.0, 1.0, np.nan]), ["0", "1", ""]),
    "Int64": (pd.array([0, 1, None], dtype="Int64"), ["0", "1", ""]),
    "objects": (np.array([0, 1, None], dtype=object), ["0", "1", ""]),
    "texts": (["0", "1", None], ["0", "1", ""]),
    "category of int": (pd.Categorical([0, 1, None]), ["0", "1", ""]),
    "category of str": (pd.Categorical(["0", "1", None]), ["0", "1", ""]),
    "string": (pd.array(["0", "1", None], dtype="string[python]"), ["0", "1", ""]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_numbers_as_labels_keep_the_type_of_their_column(name: str) -> None:
    values, expected = COLUMNS[name]
    schema = Schema.of({"y": [0, 1, 2]})
    frame = texts(3, y=values)
    dtype = frame["y"].dtype
    live = opened(frame, schema, "y")
    assert [said(live.read(n)) for n in range(3)] == [[one] if one else None for one in expected]
    assert live.answered().tolist() == [bool(one) for one in expected]
    live.write(0, answer("1", schema))
    live.write(2, answer("0", schema))
    assert frame["y"].dtype == dtype
    assert not live.problems()
    assert len({type(one) for one in frame["y"].tolist()}) == 1
    assert [said(live.read(n)) for n in range(3)] == [["1"], ["1"], ["0"]]
    assert [str(int(one)) for one in frame["y"]] == ["1", "1", "0"]


@pytest.mark.parametrize(
    "values", [[True, False, True], pd.array([True, False, None], dtype="boolean"), pd.Categorical([True, False, None])]
)
def test_booleans_as_labels(values: Any) -> None:
    schema = Schema.of({"y": [True, False]})
    frame = texts(3, y=values)
    dtype = frame["y"].dtype
    live = opened(frame, schema, "y")
    assert [said(live.read(n)) for n in range(2)] == [["True"], ["False"]]
    live.write(1, answer("True", schema))
    live.write(2, answer("False", schema))
    assert frame["y"].tolist() == [True, True, False]
    assert frame["y"].dtype == dtype
    assert live.answered().all()


def test_true_is_not_one() -> None:
    frame = texts(3, y=pd.Series([True, 1, "1"], dtype=object))
    live = opened(frame, Schema.of({"y": [0, 1]}), "y")
    assert live.answered().tolist() == [False, True, True]
    assert live.read(0) is None
    live = opened(texts(2, y=pd.Series([1, True], dtype=object)), Schema.of({"y": [True, False]}), "y")
    assert live.answered().tolist() == [False, True]


# ---- writing -----------------------------------------------------------------------------------------


def test_a_new_category_is_added() -> None:
    frame = texts(3, label=pd.Categorical(["pos", None, "old"], categories=["old", "pos"], ordered=True))
    live = opened(frame)
    live.write(1, answer("neg"))
    assert frame["label"].tolist() == ["pos", "neg", "old"]
    assert frame["label"].cat.categories.tolist() == ["old", "pos", "neg"]
    assert frame["label"].cat.ordered
    live.write(1, None)
    assert frame["label"].isna().tolist() == [False, True, False]


def test_columns_that_cannot_hold_an_answer_are_widened_and_that_is_told() -> None:
    frame = texts(3, n=[1, 2, 3], b=[True, False, True], y=[1, 2, 3], d=pd.to_datetime(["2024-01-01"] * 3))
    live = opened(frame, MOODS, "n")
    live.write(0, answer("pos"))
    assert frame["n"].tolist() == ["pos", 2, 3]
    assert live.problems()[-1] == "column 'n' was int64 and is object now: it holds 'pos'"
    schema = Schema.of({"y": [1, 2]})
    live = opened(frame, schema, "y")
    live.write(1, answer("1", schema))
    live.write(2, (), before=None)
    live.write(0, ())
    assert frame["y"].isna().tolist() == [True, False, False]
    assert str(frame["y"].dtype) == "Int64"
    assert any("was int64 and is Int64 now: it holds missing values" in one for one in live.problems())
    booleans = Schema.of({"y": [True, False]})
    live = opened(frame, booleans, "b")
    live.write(0, ())
    assert str(frame["b"].dtype) == "boolean"
    live = opened(frame, MOODS, "d")
    live.write(0, answer("neg"))
    assert frame["d"].tolist()[0] == "neg"
    assert frame["d"].tolist()[1] == pd.Timestamp("2024-01-01")
    small = texts(2, y=np.array([1, 2], dtype="int8"))
    schema = Schema.of({"y": [1, 300, 1.5]})
    live = opened(small, schema, "y")
    live.write(0, answer("300", schema))
    assert small["y"].tolist() == [300, 2]
    assert str(small["y"].dtype) == "int64"
    live.write(0, answer("1.5", schema))
    assert small["y"].tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    "empty", [np.nan, None, pd.NA, pd.NaT, pd.array([None] * 2, dtype="Int64"), pd.Categorical([None, None])]
)
def test_an_empty_column_takes_any_answer(empty: Any) -> None:
    for schema, wanted in ((MOODS, "pos"), (Schema.of({"s": Spans(["A"])}), [(0, 1, "A")])):
        frame = texts(2, label=empty)
        live = opened(frame, schema)
        made = schema.coerce(wanted)
        live.write(1, made)
        assert frame["label"].tolist()[1] == wanted
        assert frame["label"].isna().tolist()[0]
        assert said(live.read(1)) == said(made)
        assert not live.problems()


def test_labels_that_are_not_asked_stay_where_they_are() -> None:
    frame = texts(4, label=["pos", "meh", None, "meh"])
    live = opened(frame)
    live.write(2, answer("neg"))
    live.write(1, None)  # commented, say
    live.write(3, ())  # submitted without an answer
    assert frame["label"].tolist()[:2] == ["pos", "meh"]
    assert frame["label"].tolist()[2:] == ["neg", "meh"]


def test_what_stood_there_comes_back_when_answers_are_undone() -> None:
    held = ["pos", "meh", None, np.nan, "neg"]
    frame = texts(5, label=pd.Series(held, dtype=object))
    live = opened(frame)
    for row in range(5):
        live.write(row, answer("neg"))
        live.write(row, answer("pos"))
    assert frame["label"].tolist() == ["pos"] * 5
    for row in range(5):
        live.write(row, None)
    assert [one for one in frame["label"] if one == one] == ["pos", "meh", None, "neg"]
    assert frame["label"].tolist()[3] is not None
    live.write(0, None)
    assert frame["label"].tolist()[0] == "pos"


def test_an_answer_of_an_earlier_session_is_taken_back_only_if_it_still_stands_there() -> None:
    frame = texts(2, label=["pos", "pos"])
    live = opened(frame)
    live.write(0, None, before=answer("neg"))
    live.write(1, None, before=answer("pos"))
    assert frame["label"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "index",
    [pd.Index([7, 7, 7]), pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 1)]), pd.Index([None, "x", None])],
)
def test_rows_are_written_by_place_whatever_the_index(index: pd.Index[Any]) -> None:
    frame = texts(3, n=np.array([1, 2, 3], dtype="int8"))
    frame.index = index
    live = opened(frame, ALL, "y")
    live.write(1, ALL.coerce({"mood": "pos", "spans": [(0, 2, "PER")], "tags": ["c", "a"], "note": "fine"}))
    assert frame["y_mood"].isna().tolist() == [True, False, True]
    assert frame["y_spans"].tolist()[1] == [(0, 2, "PER")]
    assert frame["y_tags"].tolist()[1] == ["a", "c"]
    assert frame["y_note"].tolist()[1] == "fine"
    assert frame["y_links"].tolist()[1] == []
    assert frame["n"].dtype == "int8"
    assert frame.index.equals(index)


def test_a_slice_of_a_frame_is_written_to_without_touching_the_whole() -> None:
    whole = texts(4, label=["pos", "pos", "pos", "pos"])
    for part in (whole[1:3], whole[whole["t"] > "text 0"], whole[["t", "label"]], whole.iloc[2:]):
        live = opened(part)
        live.write(0, answer("neg"))
        live.write(1, answer("neg"))
        assert part["label"].tolist()[:2] == ["neg", "neg"]
        assert whole["label"].tolist() == ["pos"] * 4
    part = whole[1:3]
    live = opened(part, MOODS, "fresh")
    live.write(1, answer("neg"))
    assert part["fresh"].tolist()[1] == "neg"
    assert "fresh" not in whole


@pytest.mark.skipif(not NEW, reason="without copy-on-write they share cells")
def test_a_column_that_the_user_has_taken_out_stays_as_it_was() -> None:
    frame = texts(2, label=["pos", "pos"])
    live = opened(frame)
    taken, copied = frame["label"], frame.copy(deep=False)
    live.write(0, answer("neg"))
    assert frame["label"].tolist() == ["neg", "pos"]
    assert taken.tolist() == copied["label"].tolist() == ["pos", "pos"]


def test_read_only_arrays_are_copied_first() -> None:
    held = np.array(["pos", "pos"], dtype=object)
    held.flags.writeable = False
    frame = texts(2)
    frame["label"] = pd.Series(held, copy=False)
    opened(frame).write(0, answer("neg"))
    assert frame["label"].tolist() == ["neg", "pos"]
    assert held.tolist() == ["pos", "pos"]


def test_unchanged_answers_are_not_written_again() -> None:
    spans = [(5, 6, "ORG"), (0, 2, "PER")]
    given = {"start": 0, "end": 2, "label": "PER", "extra": 1}
    frame = texts(3, y_spans=pd.Series([spans, [given], '[[0, 2, "PER"]]'], dtype=object))
    live = opened(frame, ALL, "y")
    live.write(0, ALL.coerce({"spans": [(0, 2, "PER"), (5, 6, "ORG")]}))
    live.write(1, ALL.coerce({"spans": [(0, 2, "PER")]}))
    live.write(2, ALL.coerce({"spans": [(0, 2, "PER")]}))
    assert frame["y_spans"].tolist()[0] is spans
    assert frame["y_spans"].tolist()[1][0] is given
    assert frame["y_spans"].tolist()[2] == '[[0, 2, "PER"]]'
    live.write(1, ALL.coerce({"spans": [(0, 2, "ORG")]}))
    assert frame["y_spans"].tolist()[1] == [(0, 2, "ORG")]


def test_a_column_that_the_user_removed_comes_back_with_the_next_answer() -> None:
    frame = texts(3, label=["pos", "pos", None])
    live = opened(frame)
    live.read(0)
    del frame["label"]
    assert live.edited() == []
    assert live.read(0) is None
    assert not live.answered().any()
    live.write(2, answer("neg"))
    assert frame["label"].isna().tolist() == [True, True, False]
    assert live.edited() == []


def test_a_failed_write_is_told_and_the_others_are_done() -> None:
    frame = texts(3, label=["pos", "pos", "pos"])
    live = opened(frame)
    live.write(99, answer("neg"))
    live.write(-1, answer("neg"))
    live.write(1, answer("neg"))
    assert frame["label"].tolist() == ["pos", "neg", "pos"]
    (told,) = live.problems()
    assert told.startswith("2 answers could not be written into the frame (the row is not in the frame")


def test_a_column_that_refuses_a_write_is_told() -> None:
    frame = texts(2, label=["pos", "pos"])
    live = opened(frame)
    frame["more"] = 1
    frame.columns = pd.Index(["t", "label", "label"])
    live.write(1, answer("neg"))
    assert frame.iloc[:, 1].tolist() == ["pos", "pos"]
    now, failed = live.problems()
    assert now == "several columns are named 'label'"
    assert "1 answer could not be written into the frame (SourceError: several columns" in failed


# ---- cells that run, rows that move ------------------------------------------------------------------


class Shell:
    """The part of IPython's shell that a gate listens to."""

    def __init__(self) -> None:
        from IPython.core.events import EventManager, available_events

        self.events = EventManager(self, available_events)

    def cell(self, work: Callable[[], None]) -> None:
        class Result:
            info = object()

        self.events.trigger("pre_run_cell", Result.info)
        work()
        self.events.trigger("post_run_cell", Result)


def elsewhere(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)


def test_the_frame_is_not_touched_while_a_cell_runs() -> None:
    frame = texts(3, label=["pos", None, None])
    shell = Shell()
    live = opened(frame, gate=CellGate(shell))
    before = frame.copy()

    def cell() -> None:
        elsewhere(lambda: live.write(1, answer("neg")))
        elsewhere(lambda: live.write(1, answer("pos")))
        elsewhere(lambda: live.write(0, None))
        pd.testing.assert_frame_equal(frame, before)
        assert said(live.read(1)) == ["pos"]
        assert live.answered().tolist() == [True, True, False]
        assert live.waiting == 2

    shell.cell(cell)
    assert frame["label"].tolist()[:2] == ["pos", "pos"]
    assert live.waiting == 0


def test_what_waits_finds_its_row_when_the_cell_has_sorted_the_frame() -> None:
    frame = pd.DataFrame({"t": ["c", "a", "b", "a"], "n": range(4)})
    shell = Shell()
    source = open_source(frame, column="t")
    live = columns.open(source, "label", MOODS, gate=CellGate(shell))

    def cell() -> None:
        elsewhere(lambda: live.write(0, answer("pos")))
        elsewhere(lambda: live.write(3, answer("neg"), identity=source.identity(3)))
        with warnings.catch_warnings(action="ignore"):
            frame.sort_values(["t", "n"], inplace=True, ignore_index=True)  # noqa: PD002

    shell.cell(cell)
    assert frame["label"].isna().all()
    assert live.edited() == []
    assert "2 answers wait to be written" in live.problems()[0]
    assert said(live.read(0)) == ["pos"]
    with pytest.raises(SourceError, match="has changed"):
        live.read(1)
    assert source.refresh()
    live.refresh()
    assert frame["t"].tolist() == ["a", "a", "b", "c"]
    assert [None if one != one else one for one in frame["label"]] == [None, "neg", None, "pos"]
    assert live.waiting == 0


def test_a_row_that_is_gone_is_told() -> None:
    frame = pd.DataFrame({"t": ["c", "a"]})
    shell = Shell()
    source = open_source(frame, column="t")
    live = columns.open(source, "label", MOODS, gate=CellGate(shell))

    def cell() -> None:
        elsewhere(lambda: live.write(0, answer("pos")))
        with warnings.catch_warnings(action="ignore"):
            frame.drop(index=0, inplace=True)  # noqa: PD002

    shell.cell(cell)
    source.refresh()
    live.refresh()
    assert frame["label"].isna().all()
    assert "not in the frame any more" in live.problems()[0]


def test_answers_that_the_users_code_changed_are_told_once() -> None:
    spans = [(0, 2, "PER")]
    frame = texts(6, y_mood=["pos", "pos", "pos", None, "pos", "pos"])
    frame["y_spans"] = pd.Series([spans] + [None] * 5, dtype=object)
    live = opened(frame, ALL, "y")
    for row in range(6):
        live.read(row)
    live.write(5, ALL.coerce({"mood": "neg"}))
    assert live.edited() == []
    spans.append((3, 4, "ORG"))  # in place
    frame.loc[1, "y_mood"] = "neg"
    frame.loc[2, "y_mood"] = None
    frame.loc[3, "y_mood"] = "meh"
    frame["y_spans"] = pd.Series([*frame["y_spans"].tolist()[:4], [(0, 999, "PER")], None], dtype=object)
    frame.loc[5, "y_mood"] = "pos"
    frame["y_note"] = frame["y_note"].astype(object)
    assert live.edited() == [0, 1, 2, 5]
    assert live.edited() == []
    assert said(live.read(0)) == ["PER", "ORG", "pos"]
    live.write(5, None)  # the user's own value stays
    assert frame["y_mood"].tolist()[5] == "pos"


def test_rows_that_wait_are_not_edits() -> None:
    frame = texts(2, label=["pos", "pos"])
    shell = Shell()
    gate = CellGate(shell)
    live = opened(frame, gate=gate)
    live.read(0)
    live.read(1)
    heard: list[list[int]] = []
    gate.after_each_cell(lambda: heard.append(live.edited()))

    def cell() -> None:
        elsewhere(lambda: live.write(0, answer("neg")))
        frame["label"] = "neg"
        frame.loc[0, "label"] = "pos"

    shell.cell(cell)
    assert heard == [[1]]
    assert frame["label"].tolist() == ["neg", "neg"]
    shell.cell(lambda: None)
    assert heard == [[1], []]


def test_live_columns_are_let_go() -> None:
    shell = Shell()
    live = opened(texts(2), gate=CellGate(shell))
    live.write(0, answer("pos"))
    gone = weakref.ref(live)
    del live
    gc.collect()
    assert gone() is None


def test_many_threads_write_at_once() -> None:
    frame = texts(400)
    live = opened(frame)

    def work(start: int) -> None:
        for row in range(start, 400, 4):
            live.write(row, answer("pos" if row % 3 else "neg"))
            assert said(live.read(row))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert frame["label"].tolist() == ["pos" if row % 3 else "neg" for row in range(400)]


# ---- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([(0, 2, "PER")], [(0, 2, "PER")]),
        ([[0, 2, "PER"], [3, 4, "ORG"]], [(0, 2, "PER"), (3, 4, "ORG")]),
        ((0, 2, "PER"), [(0, 2, "PER")]),
        ([{"start": 0, "end": 2, "label": "PER", "token_start": 0}], [(0, 2, "PER")]),
        ({"start": 0, "end": 2, "label": "PER"}, [(0, 2, "PER")]),
        (np.array([{"start": 0.0, "end": 2.0, "label": "PER"}]), [(0, 2, "PER")]),
        ([np.array([0, 2, "PER"], dtype=object)], [(0, 2, "PER")]),
        ([(np.int64(0), np.int32(2), np.str_("PER"))], [(0, 2, "PER")]),
        ("[(0, 2, 'PER')]", [(0, 2, "PER")]),
        ('[{"start": 0, "end": 2, "label": "PER"}]', [(0, 2, "PER")]),
        ("[]", []),
        ([], []),
        ([Span(0, 2, "PER")], [(0, 2, "PER")]),
        ([(0, 2, "NOPE")], None),
        ([(0, 2)], None),
        ([(2, 0, "PER")], None),
        ([(0, 0, "PER")], None),
        ([(0, 99, "PER")], None),
        ([(0.5, 2, "PER")], None),
        ([(True, 2, "PER")], None),
        ([(float("nan"), 2, "PER")], None),
        ([("0", 2, "PER")], None),
        ([1, 2, 3, 4], None),
        ("nonsense", None),
        ("__import__('os').system('true')", None),
        ("[" * 10000, None),
        (7, None),
        ({"a": 1}, None),
    ],
)
def test_spans_are_read_however_they_are_written(raw: Any, expected: Any) -> None:
    frame = texts(1)
    frame["s"] = pd.Series([raw], dtype=object)
    live = opened(frame, Schema.of({"s": Spans(["PER", "ORG"])}), "s")
    found = live.read(0)
    assert (None if found is None else [(a.start, a.end, a.label) for a in found if isinstance(a, Span)]) == expected
    assert live.answered().tolist() == [expected is not None]
    assert bool(live.problems()) == (expected is None)


def test_a_label_may_be_left_out_where_there_is_only_one_and_overlap_may_be_forbidden() -> None:
    frame = texts(2)
    frame["s"] = pd.Series([[(0, 2), (1, 3)], [(0, 2), (2, 3)]], dtype=object)
    live = opened(frame, Schema.of({"s": Spans(["PER"])}), "s")
    assert live.answered().tolist() == [True, True]
    live = opened(frame, Schema.of({"s": Spans(["PER"], overlap=False)}), "s")
    assert live.answered().tolist() == [False, True]
    assert said(live.read(1)) == ["PER", "PER"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (["a", "c"], ["a", "c"]),
        (("c", "a", "a"), ["c", "a"]),
        ({"b"}, ["b"]),
        (np.array(["b"]), ["b"]),
        ("b", ["b"]),
        ("['a', 'b']", ["a", "b"]),
        ('["a"]', ["a"]),
        ([], []),
        (["a", "x"], None),
        ("x", None),
        ([["a"]], None),
        ([None], None),
    ],
)
def test_several_choices(raw: Any, expected: Any) -> None:
    frame = texts(1)
    frame["s"] = pd.Series([raw], dtype=object)
    live = opened(frame, Schema.of({"s": Choices(["a", "b", "c"], multiple=True)}), "s")
    assert said(live.read(0)) == expected
    assert live.answered().tolist() == [expected is not None]


def test_relations_connect_the_spans_of_their_row() -> None:
    spans = [(0, 2, "PER"), (3, 4, "ORG"), (3, 4, "PER")]
    links = [
        [{"head": (0, 2), "child": (3, 4), "label": "knows"}],
        '[{"head": [0, 2], "child": [3, 4, "PER"], "label": "knows"}]',
        [{"head": (0, 2), "child": (5, 6), "label": "knows"}],
        [{"head": (0, 2), "child": (3, 4), "label": "hates"}],
        [{"head": (0, 2), "child": (0, 2), "label": "knows"}],
        [{"head": (0, 2)}],
        "nonsense",
    ]
    frame = texts(7)
    frame["y_spans"] = pd.Series([spans] * 7, dtype=object)
    frame["y_links"] = pd.Series(links, dtype=object)
    live = opened(frame, ALL, "y")
    found = [live.read(n) or () for n in range(7)]
    ends = [[(a.child, a.label) for a in one if isinstance(a, Relation)] for one in found]
    ids = [a.id for a in found[0] if isinstance(a, Span)]
    assert ends == [[(ids[1], "knows")], [(ids[2], "knows")], [], [], [], [], []]
    assert live.answered("links").tolist() == [True, True, False, False, False, False, False]
    assert "5 values of 'y_links' are no relations of the schema" in live.problems()[0]
    live.write(2, found[1])
    assert frame["y_links"].tolist()[2] == [{"head": (0, 2), "child": (3, 4, "PER"), "label": "knows"}]


def test_texts() -> None:
    frame = texts(5, note=pd.Series(["fine", "", None, 7, ["x"]], dtype=object))
    live = opened(frame, Schema.of({"note": Texts(max_length=10)}), "note")
    assert [said(live.read(n)) for n in range(5)] == [["fine"], None, None, ["7"], ["x"]]
    live.write(1, (Text("new", field="note", id="i"),))
    live.write(0, (Text("", field="note", id="i"),))
    assert frame["note"].tolist()[1] == "new"
    assert frame["note"].isna().tolist()[0]
    frame.loc[2, "note"] = "far too long a text"
    assert live.answered().tolist() == [False, True, False, True, True]


def test_a_million_labels_are_counted_without_looking_at_each() -> None:
    labels = np.array(["pos", "neg", None, "meh"], dtype=object)[np.arange(200_000) % 4]
    for values in (labels, pd.Categorical(labels), pd.array(labels, dtype="string[python]")):
        live = opened(texts(1).iloc[[0] * 200_000].assign(label=values))
        assert int(live.answered().sum()) == 100_000
        assert live.problems() == (
            "50,000 values of 'label' are no labels of the schema ('meh', ...): kept until the item is answered",
        )


# ---- properties --------------------------------------------------------------------------------------

TEXT = "x" * 40
places = st.tuples(st.integers(0, 38), st.integers(1, 2)).map(lambda p: (p[0], p[0] + p[1]))


@st.composite
def answers(draw: st.DrawFn) -> tuple[AnyAnnotation, ...]:
    spans = [
        Span(start, end, draw(st.sampled_from(["PER", "ORG"])), field="spans", id=f"s{n}")
        for n, (start, end) in enumerate(draw(st.lists(places, max_size=5)))
    ]
    made: list[AnyAnnotation] = list(spans)
    if len({(one.start, one.end, one.label) for one in spans}) == len(spans) > 1:
        for n, (head, child) in enumerate(draw(st.lists(st.permutations(spans).map(lambda s: s[:2]), max_size=3))):
            made.append(Relation(head.id, child.id, "knows", field="links", id=f"r{n}"))
    if draw(st.booleans()):
        made.append(Choice(draw(st.sampled_from(["pos", "neg"])), field="mood", id="m"))
    for label in draw(st.sets(st.sampled_from(["a", "b", "c"]))):
        made.append(Choice(label, field="tags", id=f"t{label}"))
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
    if text:
        made.append(Text(text, field="note", id="n"))
    return tuple(made)


def shapes(annotations: Sequence[AnyAnnotation]) -> dict[str, Any]:
    spans = [a for a in annotations if isinstance(a, Span)]
    return {
        field.name: codec(field).shape([a for a in annotations if a.field == field.name], spans) for field in ALL.fields
    }


@given(answers())
@settings(max_examples=60, deadline=None)
def test_every_answer_comes_back_as_it_was_given(given_: tuple[AnyAnnotation, ...]) -> None:
    frame = pd.DataFrame({"t": [TEXT, TEXT]})
    live = opened(frame, ALL, "y")
    live.write(1, given_)
    back = live.read(1)
    assert back is not None
    ALL.check(back, extent=len(TEXT))
    assert shapes(back) == shapes(given_)
    assert live.answered().tolist() == [False, True]
    assert live.read(0) is None
    assert not live.problems()
    assert opened(frame, ALL, "y").read(1) == back
    again = frame.copy()
    live.write(1, back)
    pd.testing.assert_frame_equal(frame, again)


@given(answers())
@settings(max_examples=60, deadline=None)
def test_lists_survive_csv_and_json(given_: tuple[AnyAnnotation, ...]) -> None:
    frame = pd.DataFrame({"t": [TEXT]})
    opened(frame, ALL, "y").write(0, given_)
    note = frame.at[0, "y_note"]  # noqa: PD008
    frame["y_note"] = "" if note != note or not str(note).isprintable() else note
    kept = tuple(a for a in given_ if a.field != "note" or frame["y_note"].tolist() == [note])
    csv = pd.read_csv(io.StringIO(frame.to_csv(index=False)), dtype=str, keep_default_na=False)
    assert shapes(opened(csv, ALL, "y").read(0) or ()) == shapes(kept)
    rows = msgspec.json.decode(msgspec.json.encode(frame.astype(object).where(frame.notna(), None).to_dict("records")))
    assert shapes(opened(pd.DataFrame(rows), ALL, "y").read(0) or ()) == shapes(kept)


DTYPES: list[Callable[[list[Any]], Any]] = [
    lambda values: pd.Series(values, dtype=object),
    lambda values: pd.Series(values, dtype="string[python]"),
    lambda values: pd.Categorical(values),
    lambda values: pd.Series(values),
]


@given(
    st.lists(st.sampled_from(["pos", "neg", "meh", None]), min_size=4, max_size=4),
    st.sampled_from(DTYPES),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["pos", "neg", "()", None])), max_size=12),
)
@settings(max_examples=80, deadline=None)
def test_cells_hold_the_last_answer_or_what_stood_there(
    held: list[Any], make: Callable[[list[Any]], Any], writes: list[tuple[int, str | None]]
) -> None:
    frame = texts(4, label=make(held))
    dtype = frame["label"].dtype
    live = opened(frame)
    expected = list(held)
    for row, wanted in writes:
        if wanted is None:
            live.write(row, None)
            expected[row] = held[row]
        elif wanted == "()":
            live.write(row, ())
            expected[row] = expected[row] if expected[row] == "meh" else None
        else:
            live.write(row, answer(wanted))
            expected[row] = wanted
        assert [None if pd.isna(one) else one for one in frame["label"]] == expected
        assert [said(live.read(n)) for n in range(4)] == [[one] if one in ("pos", "neg") else None for one in expected]
    if isinstance(dtype, pd.CategoricalDtype):
        assert isinstance(frame["label"].dtype, pd.CategoricalDtype)
    elif any(one is not None for one in held):
        assert frame["label"].dtype == dtype
    assert live.edited() == []


@given(
    st.text(max_size=30) | st.integers() | st.floats() | st.booleans() | st.lists(st.integers() | st.text(max_size=3))
)
@settings(max_examples=150, deadline=None)
def test_no_value_breaks_a_reader(raw: Any) -> None:
    for field in ALL.fields:
        made = codec(field)
        try:
            made.decode(raw, extent=40)
        except Unfit:
            assert not made.good(raw, extent=40)
        else:
            assert made.good(raw, extent=40)
