"""What users hand in: frames, lists, Docs; keys, values, search, joins."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nblabel.annotations import Choice, Span
from nblabel.errors import SourceError, UnknownItem
from nblabel.sources import Source, open_source

TEXTS = ["Ada met Charles.", "", "Ünïcode 🎉", "Ada met Charles."]


def texts(source: Source) -> list[str]:
    return [source.item(n).data for n in range(len(source))]


def polars(data: dict[str, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(data)


def arrow(data: dict[str, Any]) -> Any:
    return pytest.importorskip("pyarrow").table(data)


def arrow_text() -> Any:
    return pd.ArrowDtype(pytest.importorskip("pyarrow").string())


INPUTS: dict[str, Callable[[], tuple[Any, str | None]]] = {
    "list": lambda: (list(TEXTS), None),
    "tuple": lambda: (tuple(TEXTS), None),
    "generator": lambda: (iter(TEXTS), None),
    "array of str": lambda: (np.array(TEXTS), None),
    "array of objects": lambda: (np.array(TEXTS, dtype=object), None),
    "dicts": lambda: ([{"text": one, "n": 1} for one in TEXTS], None),
    "dicts with a column": lambda: ([{"body": one, "text": "no"} for one in TEXTS], "body"),
    "Series": lambda: (pd.Series(TEXTS), None),
    "frame": lambda: (pd.DataFrame({"n": range(4), "body": TEXTS}), "body"),
    "frame with one text column": lambda: (pd.DataFrame({"n": range(4), "body": TEXTS}), None),
    "frame with a column named text": lambda: (pd.DataFrame({"text": TEXTS, "other": list("abcd")}), None),
    "objects": lambda: (pd.DataFrame({"body": TEXTS}, dtype=object), "body"),
    "string": lambda: (pd.DataFrame({"body": TEXTS}, dtype="string"), "body"),
    "string[python]": lambda: (pd.DataFrame({"body": TEXTS}, dtype="string[python]"), "body"),
    "arrow strings": lambda: (pd.DataFrame({"body": TEXTS}, dtype=arrow_text()), "body"),
    "category": lambda: (pd.DataFrame({"body": pd.Categorical(TEXTS)}), "body"),
    "number as a name": lambda: (pd.DataFrame({0: TEXTS, 1: [1.0] * 4}), 0),
    "several levels": lambda: (pd.DataFrame({("a", "x"): TEXTS, ("a", "y"): [1] * 4}), ("a", "x")),
    "polars frame": lambda: (polars({"n": [1] * 4, "body": TEXTS}), "body"),
    "polars lazy": lambda: (polars({"body": TEXTS}).lazy(), None),
    "polars column": lambda: (polars({"body": TEXTS})["body"], None),
    "polars categories": lambda: (polars({"b": TEXTS}).cast(pytest.importorskip("polars").Categorical), None),
    "arrow table": lambda: (arrow({"n": [1] * 4, "body": TEXTS}), "body"),
    "arrow column": lambda: (arrow({"body": TEXTS})["body"], None),
    "arrow array": lambda: (arrow({"body": TEXTS})["body"].combine_chunks(), None),
    "arrow batch": lambda: (arrow({"body": TEXTS}).to_batches()[0], None),
    "arrow chunks": lambda: (pytest.importorskip("pyarrow").chunked_array([TEXTS[:2], TEXTS[2:]]), None),
}


@pytest.mark.parametrize("name", INPUTS)
def test_every_kind_of_input_gives_the_same_items(name: str) -> None:
    data, column = INPUTS[name]()
    source, reference = open_source(data, column=column), open_source(TEXTS)
    assert len(source) == 4
    assert texts(source) == TEXTS
    assert [source.key(n) for n in range(4)] == [0, 1, 2, 3]
    assert [source.identity(n) for n in range(4)] == [reference.identity(n) for n in range(4)]
    assert source.identities([3, 0]) == [reference.identity(3), reference.identity(0)]
    assert [source.locate(reference.identity(n)) for n in range(4)] == [0, 1, 2, 3]
    assert [source.content(n) for n in range(4)] == [reference.content(n) for n in range(4)]
    assert source.extents([0, 1, 2]) == [16, 0, 9] == [source.extent(n) for n in range(3)]
    assert [source.item(n).problem for n in range(4)] == [""] * 4
    assert source.search("aDA").tolist() == [0, 3]
    assert source.item(2).position == 2
    assert source.item(2).identity == source.identity(2)


def test_a_source_is_given_back() -> None:
    source = open_source(TEXTS)
    assert open_source(source) is source


@pytest.mark.parametrize("data", [[], pd.DataFrame({"text": []}), pd.Series([], dtype=object)])
def test_nothing_to_label_is_not_an_error(data: Any) -> None:
    source = open_source(data, column="text" if isinstance(data, pd.DataFrame) else None)
    assert len(source) == 0
    assert source.search("a").tolist() == []
    assert source.identities([]) == []
    assert source.locate("0" * 32) is None
    with pytest.raises(UnknownItem, match="no items"):
        source.position(0)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (pd.DataFrame({"n": range(len(TEXTS)), "a": TEXTS, "b": TEXTS}), {}, "several columns hold texts: 'a', 'b' "),
        (pd.DataFrame({"a": [1], "b": [2]}), {}, "no column looks as if it held texts: 'a', 'b'"),
        (pd.DataFrame({"review": TEXTS}), {"column": "reveiw"}, "did you mean 'review'"),
        (pd.DataFrame([["a", "b"]], columns=["x", "x"]), {"column": "x"}, "2 columns are named 'x'"),
        (pd.DataFrame({("a", "x"): ["q"]}), {"column": "a"}, "no column 'a'"),
        (pd.DataFrame({"t": ["q"]}), {"column": "t", "key": "id"}, "no column 'id'"),
        (pd.DataFrame({"t": ["q"]}), {"column": "t", "show": ["u"]}, "no column 'u'"),
        (pd.DataFrame({"t": ["p", "q"], "id": [1, 1]}), {"column": "t", "key": "id"}, "has 1 twice, again at row 1"),
        (pd.DataFrame({"t": ["p", "q"], "id": [1, None]}), {"column": "t", "key": "id"}, "missing value at row 1"),
        (pd.DataFrame({"t": ["p"], "id": [[1]]}), {"column": "t", "key": "id"}, "holds a list at row 0"),
        ([{"text": "p", "id": 1}, {"text": "q"}], {"key": "id"}, "missing value at row 1"),
        ([{"text": "p", "id": 1}, {"text": "q", "id": 1}], {"key": "id"}, "has 1 twice"),
        ([{"texts": "p"}], {"column": "text"}, "did you mean 'texts'"),
        (TEXTS, {"column": "text"}, "names a column, but the data has none"),
        (TEXTS, {"key": "id"}, "names a column, but the data has none"),
        ({"text": TEXTS}, {}, "pandas.DataFrame"),
        ({"a", "b"}, {}, "no order"),
        (b"text", {}, "bytes"),
        (7, {}, "int '7' is not a list"),
        (None, {}, "^None is not a list"),
        (np.array([["a"]]), {}, r"shape \(1, 1\)"),
        ("", {}, "not a path"),
        ("no such text", {}, r"give a list to label one text: \[text\]"),
        ("x" * 5000, {}, "no file matches"),
        ("a\0b", {}, "not a path"),
    ],
)
def test_what_cannot_be_read_says_why(data: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(data, **options)


def test_the_key_and_shown_columns_are_not_taken_for_the_texts() -> None:
    frame = pd.DataFrame({"id": ["p", "q"], "title": ["T", "U"], "body": ["one", "two"]})
    source = open_source(frame, key="id", show=["title"])
    assert source.item(1).data == "two"
    assert source.item(1).show == (("title", "U"),)
    assert source.item(1).key == "q"


# ---- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "data", "problem"),
    [
        (None, "", "missing"),
        (float("nan"), "", "missing"),
        (pd.NA, "", "missing"),
        (pd.NaT, "", "missing"),
        (np.float32("nan"), "", "missing"),
        ("", "", ""),
        (7, "7", ""),
        (True, "True", ""),
        (2.5, "2.5", ""),
        (np.int64(7), "7", ""),
        (np.str_("fine"), "fine", ""),
        (Decimal("1.10"), "1.10", ""),
        (dt.date(2024, 2, 3), "2024-02-03", ""),
        ("fïne".encode(), "fïne", ""),
        (b"\xff\xfe", "", "not UTF-8"),
        ([1], "", "a list"),
        ({"a": 1}, "", "a dict"),
        (object(), "", "an object"),
        ("a\ud800b", "a\ud800b", ""),
        ("a\0b", "a\0b", ""),
    ],
)
def test_values_that_are_no_texts_still_make_an_item(value: Any, data: str, problem: str) -> None:
    source = open_source(["x", value, value])
    item = source.item(1)
    assert item.data == data
    assert type(item.data) is str
    assert problem in item.problem
    assert bool(problem) == bool(item.problem)
    assert source.locate(source.identity(1)) == 1
    assert source.identity(2) == source.identity(1) + "#1"
    assert open_source(["x", value, value]).identity(1) == source.identity(1)


@pytest.mark.parametrize("dtype", ["object", "string", "str", "category", arrow_text])
def test_gaps_of_every_dtype(dtype: Any) -> None:
    if dtype == "str" and pd.__version__ < "3":
        pytest.skip("the dtype came with pandas 3")
    values = pd.Series(["a", None, "b", None, "a"], dtype=dtype() if callable(dtype) else dtype)
    source, reference = open_source(values), open_source(["a", None, "b", None, "a"])
    assert [source.item(n).data for n in range(5)] == ["a", "", "b", "", "a"]
    assert [bool(source.item(n).problem) for n in range(5)] == [False, True, False, True, False]
    named = [reference.identity(n) for n in range(5)]
    assert [source.identity(n) for n in range(5)] == named
    assert source.identities([3, 4]) == named[3:]
    assert [source.locate(one) for one in named] == [0, 1, 2, 3, 4]


def test_a_missing_value_an_empty_text_and_a_list_are_three_contents() -> None:
    source = open_source([None, "", [], {}])
    assert len({source.identity(n) for n in range(4)}) == 4


def test_a_number_and_its_text_are_one_content_and_both_are_found() -> None:
    source = open_source(pd.DataFrame({"t": pd.Series([1, "1", 1, None, "1"], dtype=object)}), column="t")
    named = [source.identity(n) for n in range(5)]
    assert [one.partition("#")[2] for one in named] == ["", "1", "2", "", "3"]
    assert [source.locate(one) for one in named] == [0, 1, 2, 3, 4]
    assert source.identities(range(5)) == named


def test_a_column_of_numbers_is_shown_as_texts() -> None:
    source = open_source(pd.DataFrame({"t": [3, 4, 3]}), column="t")
    assert texts(source) == ["3", "4", "3"]
    assert source.identity(2) == source.identity(0) + "#1"
    assert source.search("4").tolist() == [1]


def test_rows_of_dicts_may_lack_the_text() -> None:
    source = open_source([{"text": "p"}, {"id": 2}, None, 7])
    assert [bool(source.item(n).problem) for n in range(4)] == [False, True, True, True]
    assert source.item(3).problem == "the row is a int, not a dict"
    assert source.joined({"y": [1, 2, 3, 4]})["y"].tolist() == [1, 2, 3, 4]


def test_shown_columns_are_texts_of_bounded_length() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    values = ["<b>", None, 1.5, "x" * 9000, Hostile(), list(range(10**6))]
    source = open_source(
        pd.DataFrame({"t": TEXTS[:1] * 6, "<i>": pd.Series(values, dtype=object)}), show="<i>", column="t"
    )
    shown = [source.item(n).show[0] for n in range(6)]
    assert [one[0] for one in shown] == ["<i>"] * 6
    assert shown[0][1] == "<b>"
    assert shown[1][1] == ""
    assert shown[2][1] == "1.5"
    assert len(shown[3][1]) == 2000
    assert shown[3][1].endswith("…")
    assert "Hostile" in shown[4][1]
    assert len(shown[5][1]) == 2000


# ---- keys --------------------------------------------------------------------------------------------

INDEXES = [
    pd.RangeIndex(4),
    pd.RangeIndex(10, 18, 2),
    pd.Index([3, 1, 2, 9]),
    pd.Index([9, 7, 5, 3]),
    pd.Index(list("dbca")),
    pd.Index([1.5, 2.5, 0.5, 9.0]),
    pd.Index(pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-09"])),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
    pd.CategoricalIndex(list("dbca")),
    pd.Index([1, "1", 2.5, "x"], dtype=object),
    pd.interval_range(0, 4),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: f"{type(index).__name__} {index.dtype}")
def test_index_labels_are_keys_where_they_name_each_row(index: pd.Index[Any]) -> None:
    for data in (pd.DataFrame({"t": TEXTS}, index=index), pd.Series(TEXTS, index=index)):
        source = open_source(data)
        keys = [source.key(n) for n in range(4)]
        assert keys == index.tolist()
        assert not any(isinstance(one, np.generic) for one in keys)
        assert [source.position(one) for one in reversed(keys)] == [3, 2, 1, 0]
        assert [source.position(one) for one in keys] == [0, 1, 2, 3]
        with pytest.raises(UnknownItem):
            source.position("no such key")
        with pytest.raises(UnknownItem):
            source.position([1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([1, 1, 2, 3]),
        pd.Index([1.0, None, 2.0, 3.0]),
        pd.Index(["a", None, "b", "c"]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 1), ("b", 2)]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", None), ("b", 1), ("b", 2)]),
    ],
)
def test_positions_are_keys_where_labels_repeat_or_are_missing(index: pd.Index[Any]) -> None:
    source = open_source(pd.DataFrame({"t": TEXTS}, index=index))
    assert [source.key(n) for n in range(4)] == [0, 1, 2, 3]
    assert source.position(np.int32(2)) == 2
    with pytest.raises(UnknownItem, match="keys are positions, 0 to 3; the"):
        source.position("a")


@pytest.mark.parametrize("wrong", [True, -1, 4, "0", 1.0, None])
def test_positions_are_integers_in_range(wrong: Any) -> None:
    with pytest.raises(UnknownItem, match="0 to 3"):
        open_source(TEXTS).position(wrong)


@pytest.mark.parametrize("make", [pd.DataFrame, polars, arrow, lambda data: pd.DataFrame(data).to_dict("records")])
@pytest.mark.parametrize("ids", [[30, 10, 20, 40], ["c", "a", "b", "d"], [1.0, 0.5, 2.0, 4.0]])
def test_a_key_column_names_the_items(make: Callable[[Any], Any], ids: list[Any]) -> None:
    source = open_source(make({"t": TEXTS, "id": ids}), column="t", key="id")
    assert [source.key(n) for n in range(4)] == ids
    assert [source.position(one) for one in ids] == [0, 1, 2, 3]
    named = [source.identity(n) for n in range(4)]
    assert len(set(named)) == 4
    assert [source.locate(one) for one in named] == [0, 1, 2, 3]
    assert [source.locate(one, hint=1) for one in named] == [0, 1, 2, 3]
    assert source.locate_many(dict.fromkeys([*named, "k:i:999", "nonsense"], 2)) == dict(
        zip(named, range(4), strict=True)
    )
    assert source.item(2).identity == named[2]


def test_unknown_keys_get_a_hint() -> None:
    frame = pd.DataFrame({"t": TEXTS, "id": ["alpha", "beta", "gamma", "delta"]})
    source = open_source(frame, column="t", key="id")
    with pytest.raises(UnknownItem, match="did you mean 'gamma'"):
        source.position("gama")
    with pytest.raises(UnknownItem, match="which is a str"):
        source.position(2)


def test_many_look_ups_in_any_order() -> None:
    ids = np.random.default_rng(0).permutation(500).tolist()
    source = open_source(pd.DataFrame({"t": ["x"] * 500}, index=ids))
    assert [source.position(one) for one in range(500)] == [ids.index(one) for one in range(500)]


# ---- changes of the data -----------------------------------------------------------------------------


def sort(frame: pd.DataFrame) -> None:
    frame.sort_values("t", inplace=True)  # noqa: PD002


def sort_ignoring_the_index(frame: pd.DataFrame) -> None:
    frame.sort_values("t", inplace=True, ignore_index=True)  # noqa: PD002


def append(frame: pd.DataFrame) -> None:
    frame.loc[len(frame)] = ["new", 9]


def drop(frame: pd.DataFrame) -> None:
    frame.drop(index=frame.index[0], inplace=True)  # noqa: PD002


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("change", [sort, sort_ignoring_the_index, append, drop])
def test_rows_that_move_under_the_source_are_noticed(change: Callable[[pd.DataFrame], None]) -> None:
    frame = pd.DataFrame({"t": ["c", "a", "b"], "n": [1, 2, 3]})
    source = open_source(frame, column="t", show=["n"])
    named = {source.item(n).data: source.identity(n) for n in range(3)}
    source.locate("0" * 32)  # the index is there
    change(frame)
    assert source.changed
    for ask in (source.item, source.identity, source.key, source.content, source.extent):
        with pytest.raises(SourceError, match="has changed"):
            ask(0)
    for ask in (lambda: source.search("a"), lambda: source.position(0), lambda: source.joined({}), source.check):
        with pytest.raises(SourceError, match="has changed"):
            ask()
    assert source.refresh()
    assert not source.changed
    assert source.generation == 1
    assert len(source) == len(frame)
    assert texts(source) == frame["t"].tolist()
    for n, text in enumerate(texts(source)):
        if text in named:
            assert source.identity(n) == named[text]
            assert source.locate(named[text]) == n
    assert not source.refresh()


def test_new_columns_and_edited_cells_are_no_change() -> None:
    frame = pd.DataFrame({"t": ["a", "b", "c"], "n": [1, 2, 3]})
    source = open_source(frame, column="t")
    frame["new"] = 1
    frame.insert(0, "first", 2)
    frame.loc[1, "t"] = "edited"
    del frame["n"]
    assert not source.changed
    assert texts(source) == ["a", "edited", "c"]
    del frame["t"]
    with pytest.raises(SourceError, match="no column 't' any more"):
        source.item(0)


@pytest.mark.parametrize("wait", [True, False])
def test_texts_edited_in_place_get_right_identities_with_the_index_there(wait: bool) -> None:
    frame = pd.DataFrame({"t": ["a", "b", "c", "d"]}, dtype=object)
    source = open_source(frame)
    assert source.locate(source.identity(2)) == 2
    if wait:
        source._identities._whole()
    for row, text in ((3, "b"), (0, "b"), (1, "c")):
        frame.loc[row, "t"] = text
        fresh = open_source(frame.copy())
        assert [source.identity(n) for n in (row, 1, 0, 2, 3)] == [fresh.identity(n) for n in (row, 1, 0, 2, 3)]
        assert [source.locate(fresh.identity(n)) for n in range(4)] == [0, 1, 2, 3]


def test_a_list_that_grows_is_noticed() -> None:
    data = ["a", "b"]
    source = open_source(data)
    data.append("c")
    with pytest.raises(SourceError, match="has changed"):
        source.item(0)
    assert source.refresh()
    assert texts(source) == ["a", "b", "c"]
    data[0] = "z"
    assert source.item(0).data == "z"


# ---- cost --------------------------------------------------------------------------------------------


def test_opening_costs_nothing_and_the_index_four_bytes_a_row() -> None:
    size = 200_000
    frame = pd.DataFrame({"t": [f"text number {n}" for n in range(size)]}, dtype=object)
    tracemalloc.start()
    try:
        source = open_source(frame, column="t")
        source.item(0)
        source.position(5)
        opened, peak = tracemalloc.get_traced_memory()
        assert peak < 200_000  # bytes, whatever the size
        assert source.locate(source.identity(size - 1)) == size - 1
        source.locate("0" * 32)
        source._identities._whole()
        held, peak = tracemalloc.get_traced_memory()
        assert held - opened < 6 * size
        assert peak < 40 * size
    finally:
        tracemalloc.stop()


# ---- search ------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=8) | st.none(), max_size=12), st.text(min_size=1, max_size=2))
def test_search_is_casefolded_containment(data: list[str | None], wanted: str) -> None:
    expected = [n for n, one in enumerate(data) if one is not None and wanted.casefold() in one.casefold()]
    assert open_source(data).search(wanted).tolist() == expected
    assert open_source(pd.Series(data, dtype=object)).search(wanted).tolist() == expected


def test_search_folds_case_beyond_ascii() -> None:
    assert open_source(["Straße", "STRASSE", "ΣΊΣΥΦΟΣ"]).search("strasse").tolist() == [0, 1]
    assert open_source(["Straße", "STRASSE", "ΣΊΣΥΦΟΣ"]).search("σίσυφος").tolist() == [2]


# ---- joined ------------------------------------------------------------------------------------------


def test_joined_keeps_index_and_dtypes_and_touches_nothing() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)])
    frame = pd.DataFrame(
        {"t": list("xyz"), "n": np.array([1, 2, 3], dtype="int8"), "label": pd.Categorical(list("aba"))}, index=index
    )
    before = frame.copy()
    made = open_source(frame, column="t").joined(
        {"label": ["p", None, "q"], "spans": [[(0, 1, "A")], [], None], "k": [1, 2, 3]}
    )
    assert list(made.columns) == ["t", "n", "label", "spans", "k"]
    assert made.index.equals(index)
    assert made["n"].dtype == "int8"
    assert made["spans"].tolist() == [[(0, 1, "A")], [], None]
    assert made["label"].isna().tolist() == [False, True, False]
    pd.testing.assert_frame_equal(frame, before)
    made.loc[made.index[0], "t"] = "changed"
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("make", [polars, arrow])
def test_joined_stays_in_the_users_own_kind_of_frame(make: Callable[[Any], Any]) -> None:
    frame = make({"t": ["x", "y"]})
    source = open_source(frame)
    assert source.owner is frame or type(source.owner) is type(frame)
    spans = [[(0, 1, "A")], []]
    made = source.joined({"label": ["p", None], "spans": spans, "odd": [{"a": 1}, "b"]})
    assert type(made) is type(frame)
    rows = made.to_pylist() if hasattr(made, "to_pylist") else made.to_dicts()
    assert [row["label"] for row in rows] == ["p", None]
    assert rows[0]["spans"] == [{"start": 0, "end": 1, "label": "A"}]
    assert rows[1]["odd"] in ('"b"', "b")


def test_joined_lists_become_frames() -> None:
    made = open_source(["x", "y"]).joined({"label": ["p", "q"]})
    assert made.to_dict("list") == {"key": [0, 1], "text": ["x", "y"], "label": ["p", "q"]}
    assert open_source(["x", None]).joined({})["text"].isna().tolist() == [False, True]
    made = open_source([{"text": "x", "id": 4}, {"text": "y"}]).joined({"label": [["p"], ["q"]]})
    assert list(made.columns) == ["text", "id", "label"]
    assert made["label"].tolist() == [["p"], ["q"]]
    made = open_source(pd.Series(["x"], name="body", index=["k"])).joined({"label": ["p"]})
    assert made.to_dict("index") == {"k": {"body": "x", "label": "p"}}
    assert open_source([]).joined({"label": []}).shape == (0, 3)


def test_joined_columns_must_have_a_value_for_each_item() -> None:
    with pytest.raises(SourceError, match="'label' has 1 values for 2 items"):
        open_source(["x", "y"]).joined({"label": ["p"]})


# ---- tokens and Docs ---------------------------------------------------------------------------------


def words(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((at, at + len(word)))
        at += len(word)
    return found


def test_any_callable_makes_tokens() -> None:
    source = open_source(["Ada met  Charles", None], tokenizer=words)
    assert source.item(0).tokens == ((0, 3), (4, 7), (9, 16))
    assert source.item(1).tokens is None
    assert open_source(["Ada"]).item(0).tokens is None


@pytest.mark.parametrize(
    "tokenizer",
    [
        lambda text: 1 / 0,
        lambda text: [(0, 99)],
        lambda text: [(3, 1)],
        lambda text: [(1, 2), (0, 1)],
        lambda text: ["a"],
    ],
)
def test_a_tokenizer_that_fails_is_told_once_and_labeling_goes_on(tokenizer: Any) -> None:
    source = open_source(["Ada", "Bob"], tokenizer=tokenizer)
    assert source.item(0).tokens is None
    assert source.item(1).tokens is None
    assert source.item(1).problem == ""
    (notice,) = source.notices
    assert "tokenizer <lambda> failed at item 0" in notice


class TestDocs:
    @pytest.fixture
    def nlp(self) -> Any:
        return pytest.importorskip("spacy").blank("en")

    @pytest.fixture
    def docs(self, nlp: Any) -> list[Any]:
        from spacy.tokens import Span as Marked

        doc = nlp("Ada  met Ünal 🎉 today.")
        doc.ents = [Marked(doc, 0, 1, label="PERSON")]
        doc.spans["sc"] = [Marked(doc, 0, 1, label="PERSON"), Marked(doc, 0, 4, label="EVENT"), Marked(doc, 3, 4)]
        doc.cats = {"good": 0.9, "bad": 0.2, "odd": 7.0, "nan": float("nan")}
        return [doc, nlp("Second."), nlp("Second.")]

    def check(self, source: Source) -> None:
        item = source.item(0)
        assert item.data == "Ada  met Ünal 🎉 today."
        assert item.tokens == ((0, 3), (5, 8), (9, 13), (14, 15), (16, 21), (21, 22))
        assert item.prelabels == (
            Span(0, 3, "PERSON", source="doc"),
            Span(0, 13, "EVENT", source="doc"),
            Choice("good", score=0.9, source="doc"),
            Choice("odd", score=1.0, source="doc"),
        )
        assert source.identity(2) == source.identity(1) + "#1"
        assert source.identity(1) == open_source(["Second."]).identity(0)
        assert source.search("ünal").tolist() == [0]
        assert source.extent(1) == 7

    def test_docs_bring_tokens_and_labels(self, docs: list[Any]) -> None:
        source = open_source(docs)
        self.check(source)
        assert source.joined({"y": [1, 2, 3]})["text"].tolist() == [doc.text for doc in docs]

    def test_one_doc_is_one_item(self, docs: list[Any]) -> None:
        assert len(open_source(docs[0])) == 1

    def test_a_doc_bin(self, nlp: Any, docs: list[Any]) -> None:
        from spacy.tokens import DocBin

        made = DocBin(attrs=["ENT_IOB", "ENT_TYPE"], docs=docs, store_user_data=True)
        for tokenizer in (None, nlp):
            read = open_source(DocBin().from_bytes(made.to_bytes()), tokenizer=tokenizer)
            assert texts(read) == [doc.text for doc in docs]
            assert read.item(0).prelabels[0] == Span(0, 3, "PERSON", source="doc")

    def test_a_spacy_file(self, tmp_path: Any, docs: list[Any]) -> None:
        from spacy.tokens import DocBin

        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
        assert texts(open_source(tmp_path / "a.spacy")) == [doc.text for doc in docs]
        (tmp_path / "b.spacy").write_bytes(b"not a DocBin")
        with pytest.raises(SourceError, match=r"b\.spacy' is not a DocBin"):
            open_source(tmp_path / "b.spacy")

    def test_docs_in_a_column(self, docs: list[Any]) -> None:
        self.check(open_source(pd.DataFrame({"n": [1, 2, 3], "doc": pd.Series(docs, dtype=object)})))

    def test_a_pipeline_tokenizes_texts(self, nlp: Any) -> None:
        source = open_source(["Don't go.", ""], tokenizer=nlp)
        assert source.item(0).tokens == ((0, 2), (2, 5), (6, 8), (8, 9))
        assert source.item(1).tokens == ()
