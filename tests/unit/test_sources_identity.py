"""Identities by content: right with duplicates, stable under sorting and filtering, with and without the index."""

from __future__ import annotations

import datetime as dt
import gc
import threading
import time
import uuid
import weakref
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.errors import SourceError
from nblabel.sources import open_source
from nblabel.sources.identity import Identities, digest, key_identity, key_of

few = st.lists(st.sampled_from(["a", "b", "c", "", None, 1, "1", "é", "\ud800"]), max_size=30)


def reference(values: list[Any]) -> list[str]:
    """Identities the slow way."""
    seen: Counter[str] = Counter()
    named = []
    for value in values:
        mark = open_source([value]).identity(0)
        named.append(f"{mark}#{seen[mark]}" if seen[mark] else mark)
        seen[mark] += 1
    return named


def kinds(values: list[Any]) -> list[Any]:
    made: list[Any] = [values, pd.DataFrame({"t": pd.Series(values, dtype=object)}), [{"text": one} for one in values]]
    if all(one is None or isinstance(one, str) for one in values) and "\ud800" not in values:
        made.append(pd.Series(values, dtype="string"))
        made.append(pd.Series(pd.Categorical(values)))
    return made


@given(few, st.data())
@settings(max_examples=60, deadline=None)
def test_identities_count_repetitions_in_source_order(values: list[Any], data: st.DataObject) -> None:
    expected = reference(values)
    for made in kinds(values):
        source = open_source(made, column="t" if isinstance(made, pd.DataFrame) else None)
        assert [source.identity(n) for n in range(len(values))] == expected
        asked = data.draw(st.permutations(range(len(values))))
        assert source.identities(asked) == [expected[n] for n in asked]
        hints = {one: data.draw(st.none() | st.integers(-2, len(values) + 2)) for one in expected}
        assert source.locate_many({**hints, "0" * 32: 0}) == {one: n for n, one in enumerate(expected)}
        for n, one in enumerate(expected):
            assert source.locate(one, hints[one]) == n
        assert [source.identity(n) for n in range(len(values))] == expected  # now from the index
        assert source.identities(asked) == [expected[n] for n in asked]


@given(st.lists(st.text(max_size=3), unique=True, min_size=1, max_size=20), st.randoms())
@settings(max_examples=40, deadline=None)
def test_sorting_and_filtering_change_no_identity(values: list[str], random: Any) -> None:
    frame = pd.DataFrame({"t": pd.Series(values, dtype=object)})
    named = dict(zip(values, open_source(frame).identities(range(len(values))), strict=True))
    order = list(range(len(values)))
    random.shuffle(order)
    moved = open_source(frame.iloc[order[: 1 + len(order) // 2]].reset_index(drop=True))
    for n in range(len(moved)):
        text = moved.item(n).data
        assert moved.identity(n) == named[text]
        assert moved.locate(named[text], hint=values.index(text)) == n


def test_a_hint_at_an_equal_text_is_not_believed() -> None:
    source = open_source(["b", "a", "x", "a"])
    first, second = source.identity(1), source.identity(3)
    assert source.locate(first, hint=3) == 1
    assert source.locate(second, hint=1) == 3


@pytest.mark.parametrize("wrong", ["", "abc", "zz" * 16, "00" * 15, "00" * 16 + "#0", "00" * 16 + "#x", "k:i:1", "#1"])
def test_what_is_no_identity_is_nowhere(wrong: str) -> None:
    source = open_source(["a"])
    assert source.locate(wrong) is None
    assert source.locate_many({wrong: 0}) == {}


class Slow:
    """Contents whose hashing can be held up."""

    patience = 10**9

    def __init__(self, values: list[str]) -> None:
        self.values = values
        self.gate = threading.Semaphore(0)
        self.blocks = 0
        self.fail = False

    def __len__(self) -> int:
        return len(self.values)

    def digest(self, position: int) -> bytes:
        return digest(self.values[position])

    def digests(self, rows: Any) -> list[bytes]:
        if isinstance(rows, slice):
            self.gate.acquire()
            self.blocks += 1
            if self.fail:
                raise SourceError("the disk is gone")
            return [digest(one) for one in self.values[rows]]
        return [self.digest(int(row)) for row in rows]

    def alike(self, positions: Any, stop: int) -> Any:
        return ((at, digest(one)) for at, one in enumerate(self.values[:stop]))

    def snapshot(self) -> Slow:
        return self


def test_identities_and_early_rows_are_there_before_the_index() -> None:
    values = [f"t{n % 700}" for n in range(5000)]
    contents = Slow(values)
    identities = Identities(contents)
    identities.start()
    assert identities.of(4999) == digest(values[4999]).hex() + "#7"
    assert identities.of(10) == digest("t10").hex()
    assert not identities.indexed
    assert identities.locate(identities.of(4999), hint=4999) == 4999
    assert contents.blocks == 0
    contents.gate.release()  # the first block only
    assert identities.locate(identities.of(20)) == 20
    assert not identities.indexed
    contents.gate.release(1000)
    assert identities.locate(identities.of(4998)) == 4998
    assert identities.locate(digest("nowhere").hex()) is None
    identities._whole()
    assert identities.indexed
    assert [identities.of(n) for n in (0, 700, 4999)] == [
        digest("t0").hex(),
        digest("t0").hex() + "#1",
        digest("t99").hex() + "#7",
    ]


def test_who_waits_is_told_when_the_index_fails_and_may_try_again() -> None:
    contents = Slow(["a", "b"])
    contents.fail = True
    contents.gate.release(10)
    identities = Identities(contents)
    with pytest.raises(SourceError, match="the disk is gone"):
        identities.locate(digest("b").hex())
    contents.fail = False
    contents.gate.release(10)
    assert identities.locate(digest("b").hex()) == 1


def test_who_waits_goes_on_when_the_index_is_dropped() -> None:
    contents = Slow(["a", "b"])
    identities = Identities(contents)
    found: list[int | None] = []
    waiting = threading.Thread(target=lambda: found.append(identities.locate(digest("b").hex())))
    waiting.start()
    while identities._waiting == 0:
        time.sleep(0.001)
    contents.values = ["b", "a"]
    identities.forget()
    contents.gate.release(10)
    waiting.join(20)
    assert found == [0]


def test_a_closed_source_ends_its_index() -> None:
    contents = Slow([f"t{n}" for n in range(100_000)])
    identities = Identities(contents)
    identities.start()
    gone = weakref.ref(identities)
    del identities
    gc.collect()
    assert gone() is None
    contents.gate.release()
    for thread in threading.enumerate():
        if thread.name == "nblabel-index":
            thread.join(20)
            assert not thread.is_alive()
    assert contents.blocks <= 1


def test_no_thread_runs_before_somebody_asks() -> None:
    before = {thread.ident for thread in threading.enumerate()}
    source = open_source([f"t{n}" for n in range(2000)])
    assert [source.item(n).identity for n in range(100)]
    assert {thread.ident for thread in threading.enumerate()} <= before


def test_the_index_is_begun_before_somebody_has_to_wait_for_it() -> None:
    contents = Slow([f"t{n}" for n in range(10_000)])
    contents.patience = 5
    contents.gate.release(1000)
    identities = Identities(contents)
    asked = 0
    while identities._index is None:
        assert identities.of(9000) == digest("t9000").hex()
        asked += 1
    assert asked == 3  # half of what looking without the index may cost
    identities._whole()
    assert identities.of(9000) == digest("t9000").hex()


def test_where_threads_cannot_start_the_index_is_built_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    source = open_source(["a", "b", "a"])
    assert source.locate(source.identity(2)) == 2


def test_many_threads_may_ask_at_once() -> None:
    values = [f"t{n % 900}" for n in range(6000)]
    source = open_source(pd.Series(values, dtype=object))
    expected = reference_of(values)
    wrong: list[Any] = []

    def ask(seed: int) -> None:
        rows = np.random.default_rng(seed).permutation(len(values))[:150].tolist()
        wrong.extend(row for row in rows if source.identity(row) != expected[row])
        wrong.extend(row for row in rows if source.locate(expected[row], hint=0) != row)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def reference_of(values: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    named = []
    for value in values:
        mark = digest(value).hex()
        named.append(f"{mark}#{seen[value]}" if seen[value] else mark)
        seen[value] += 1
    return named


def test_a_long_source_of_few_texts() -> None:
    values = [f"t{n % 3}" for n in range(30_000)]
    for made in (pd.Series(values), values):
        source = open_source(made)
        expected = reference_of(values)
        rows = [29_999, 15_000, 2, 20_001]
        assert [source.identity(n) for n in rows] == [expected[n] for n in rows]
        source.locate("0" * 32)
        assert [source.identity(n) for n in rows] == [expected[n] for n in rows]
        assert [source.locate(expected[n]) for n in rows] == rows
        assert source.locate_many({expected[n]: 0 for n in rows}) == {expected[n]: n for n in rows}


# ---- keys --------------------------------------------------------------------------------------------

keys = (
    st.text(max_size=20)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.binary(max_size=5)
    | st.dates()
    | st.datetimes(min_value=dt.datetime(1900, 1, 1), max_value=dt.datetime(2200, 1, 1))  # noqa: DTZ001
    | st.uuids()
    | st.decimals(allow_nan=False, allow_infinity=False)
)


@given(keys)
def test_a_key_can_be_read_back_from_its_identity(key: Any) -> None:
    named = key_identity(key)
    assert named.startswith("k:")
    named.encode()  # what databases must hold
    assert "\0" not in named
    back = key_of(named)
    if named.startswith("k:h:"):
        assert back is None
    else:
        assert back == key
        assert key_identity(back) == named  # type: ignore[arg-type]


@given(keys, keys)
def test_different_keys_have_different_identities(one: Any, other: Any) -> None:
    same = type(one) is type(other) and one == other
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        same = one == other
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        same = one == other
    assert (key_identity(one) == key_identity(other)) == same


def test_key_types_tell_apart() -> None:
    made = [1, "1", True, "True", 1.5, "1.5", b"1", Decimal(1), uuid.UUID(int=1), pd.Timestamp(0), "k:i:1"]
    assert len({key_identity(one) for one in made}) == len(made)
    assert key_identity(1.0) == key_identity(1)


def test_long_and_unstorable_keys_are_found() -> None:
    ids = ["x" * 5000, "a\0b", "\ud800", "plain"]
    source = open_source([{"text": "t", "id": one} for one in ids], key="id")
    named = [source.identity(n) for n in range(4)]
    assert all(len(one) < 400 for one in named)
    assert [source.locate(one) for one in named] == [0, 1, 2, 3]


def test_with_a_key_a_changed_text_keeps_its_identity_and_shows_in_its_content() -> None:
    frame = pd.DataFrame({"t": ["a", "b"], "id": [1, 2]})
    source = open_source(frame, column="t", key="id")
    named, content = source.identity(0), source.content(0)
    frame.loc[0, "t"] = "changed"
    assert source.identity(0) == named
    assert source.content(0) != content
