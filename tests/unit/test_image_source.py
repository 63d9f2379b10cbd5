"""What users hand in as images: keys, identities, sizes, search, joins."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nblabel.errors import SourceError, UnknownItem
from nblabel.media.drawing import DrawingReader
from nblabel.media.images import ImageReader
from nblabel.sources import Source
from nblabel.sources.images import image_files, open_images

from .images import marked, png_bytes


def opened(data: Any, **options: Any) -> Source:
    reader = ImageReader(options.get("root"), bands=options.get("bands"))
    return open_images(data, reader, **options)


def pictures(count: int = 4) -> list[np.ndarray[Any, Any]]:
    """Images that differ, and the third is the first again."""
    made = [np.full((20 + n, 30, 3), n * 10, np.uint8) for n in range(count)]
    made[2] = made[0].copy()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("10.png", "2.png", "1.png", "sub/3.jpg", "sub/deep/a.PNG", ".hidden.png", "notes.txt", ".git/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (tmp_path / name).write_text("no image")
        else:
            Image.fromarray(marked()).save(tmp_path / name)
    return tmp_path


# ---- files -------------------------------------------------------------------------------------------


def test_a_folder_is_read_in_natural_order(folder: Path) -> None:
    source = opened(folder)
    names = [os.path.relpath(str(source.key(n)), folder) for n in range(len(source))]
    assert names == ["1.png", "2.png", "10.png", "sub/3.jpg", "sub/deep/a.PNG"]
    assert [source.item(n).size for n in range(5)] == [(64, 48)] * 5
    assert source.position(folder / "2.png") == 1


def test_paths_stay_as_they_are_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [opened("*.png").key(n) for n in range(3)] == ["1.png", "2.png", "10.png"]
    assert opened("./sub").key(0) == "./sub/3.jpg"
    assert opened("**/*.jpg").key(0) == "sub/3.jpg"
    one = opened("2.png")
    assert (len(one), one.key(0), one.item(0).data) == (1, "2.png", "2.png")
    given = ["10.png", "./1.png", "sub/../2.png"]
    source = opened(given)
    assert [source.key(n) for n in range(3)] == given
    assert [source.item(n).size for n in range(3)] == [(64, 48)] * 3
    as_paths = opened([Path("10.png"), Path("2.png")])
    assert [as_paths.key(n) for n in range(2)] == ["10.png", "2.png"]
    assert as_paths.identity(0) == source.identity(0)
    assert as_paths.position("2.png") == as_paths.position(Path("2.png")) == 1


def test_paths_lie_under_a_root(folder: Path) -> None:
    for data, keys in (
        ("sub", ["sub/3.jpg", "sub/deep/a.PNG"]),
        ("*.png", ["1.png", "2.png", "10.png"]),
        ("2.png", ["2.png"]),
        (["2.png", "sub/3.jpg"], ["2.png", "sub/3.jpg"]),
    ):
        source = opened(data, root=folder)
        assert [source.key(n) for n in range(len(source))] == keys
        assert [source.item(n).size for n in range(len(source))] == [(64, 48)] * len(keys)
    frame = pd.DataFrame({"file": ["1.png", "none.png"]})
    source = opened(frame, root=folder)
    assert source.item(0).size == (64, 48)
    assert "no such file" in source.item(1).problem


def test_an_answer_knows_a_path_wherever_it_is_named(folder: Path) -> None:
    names = ["1.png", "2.png"]
    listed = opened(names, root=folder)
    for other in (
        opened([Path(name) for name in names], root=folder),
        opened(pd.DataFrame({"n": [1, 2], "path": names}, index=["a", "b"]), root=folder),
        opened(pd.Series(names), root=folder),
        opened([{"path": name} for name in names], root=folder),
    ):
        assert [other.identity(n) for n in range(2)] == [listed.identity(n) for n in range(2)]
        assert other.identities([1, 0]) == [listed.identity(1), listed.identity(0)]
        assert [other.locate(listed.identity(n)) for n in range(2)] == [0, 1]
    keyed = opened(pd.DataFrame({"id": [7, 8], "path": names}), key="id", root=folder)
    assert keyed.identity(0) == "k:i:7"
    assert keyed.key(1) == 8


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere.png", "no file matches"),
        ("*.none", "no file matches"),
        ("", "not a path"),
        ("a\0b", "not a path"),
        ("http://example.org/a.png", "is a URL: nblabel opens no network connection"),
        (["a.png", "a.png"], "'a.png' is given twice"),
        ({"a": 1}, "one dict is not a list"),
        ({"a.png"}, "a set has no order"),
        (7, "int '7' is not a list"),
        (np.zeros(4), r"shape \(4,\) is no image"),
        (np.zeros((1, 2, 3, 4, 5)), "is no image and no stack"),
        (pd.DataFrame({"a": ["a.png"], "b": ["b.png"]}), "several columns hold images: 'a', 'b'"),
        (pd.DataFrame({"a": [1], "b": ["text"]}), "no column looks as if it held images: 'a', 'b'"),
    ],
)
def test_what_cannot_be_read_says_why(data: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        opened(data, root=tmp_path)


def test_an_empty_folder_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no images"):
        opened(tmp_path)
    assert len(opened([])) == 0
    with pytest.raises(SourceError, match="names a column"):
        opened(["a.png"], column="image")
    with pytest.raises(SourceError, match="no column 'imag'"):
        opened(pd.DataFrame({"image": ["a.png"]}), column="imag")


def test_tables_of_paths_are_read(folder: Path) -> None:
    (folder / "t.csv").write_text("file_name,label\n1.png,x\n2.png,y\n")
    (folder / "t.jsonl").write_text('{"file_name": "1.png", "n": 1}\n{"file_name": "2.png", "n": 2}\n')
    for name in ("t.csv", "t.jsonl"):
        source = opened(folder / name, root=folder)
        assert [source.item(n).data for n in range(2)] == ["1.png", "2.png"]
        assert source.item(0).size == (64, 48)


# ---- everything else ---------------------------------------------------------------------------------


def kinds() -> dict[str, Any]:
    images = pictures()
    files = [png_bytes(one) for one in images]
    return {
        "arrays": images,
        "tuple": tuple(images),
        "generator": (one for one in images),
        "bytes": files,
        "bytearrays": [bytearray(one) for one in files],
        "data URIs": ["data:image/png;base64," + base64.b64encode(one).decode() for one in files],
        "PIL": [Image.fromarray(one) for one in images],
        "PIL unread": [Image.open(io.BytesIO(one)) for one in files],
        "Series": pd.Series(images),
        "frame": pd.DataFrame({"n": range(4), "pixels": images}),
        "dicts": [{"n": n, "pixels": one} for n, one in enumerate(images)],
        "object array": pd.Series(files).to_numpy(),
    }


@pytest.mark.parametrize("name", list(kinds()))
def test_every_kind_of_image(name: str) -> None:
    source = opened(kinds()[name])
    assert len(source) == 4
    assert [source.key(n) for n in range(4)] == [0, 1, 2, 3]
    assert [source.item(n).size for n in range(4)] == [(30, 20), (30, 21), (30, 20), (30, 23)]
    assert (
        [source.extent(n) for n in range(4)] == source.extents([0, 1, 2, 3]) == [(30, 20), (30, 21), (30, 20), (30, 23)]
    )
    assert [source.item(n).problem for n in range(4)] == [""] * 4
    identities = [source.identity(n) for n in range(4)]
    assert len(set(identities)) == 4
    assert identities[2] == identities[0] + "#1", "the same image again"
    assert [source.item(n).identity for n in range(4)] == identities == source.identities(range(4))
    assert [source.locate(one) for one in identities] == [0, 1, 2, 3]
    again = opened(kinds()[name])
    assert again.identities(range(4)) == identities, "in every session"


def test_polars_and_arrow_hold_files() -> None:
    polars = pytest.importorskip("polars")
    files = [png_bytes(one) for one in pictures()]
    frame = polars.DataFrame({"n": [1, 2, 3, 4], "bytes": files})
    listed = opened(files)
    for data in (frame, frame["bytes"], frame.to_arrow()):
        source = opened(data)
        assert source.identities(range(4)) == listed.identities(range(4))
        assert source.item(3).size == (30, 23)


def test_stacks_and_single_images_are_told_apart_by_their_shape() -> None:
    for shape, count, size in (
        ((40, 50), 1, (50, 40)),
        ((40, 50, 1), 1, (50, 40)),
        ((40, 50, 3), 1, (50, 40)),
        ((40, 50, 4), 1, (50, 40)),
        ((7, 40, 50), 7, (50, 40)),
        ((3, 40, 50), 3, (50, 40)),
        ((7, 40, 50, 3), 7, (50, 40)),
        ((7, 40, 50, 12), 7, (50, 40)),
    ):
        source = opened(np.random.default_rng(0).integers(0, 255, shape, np.uint8))
        assert (len(source), source.item(0).size) == (count, size)
    assert len(opened(np.zeros((40, 50, 12)), bands=(0, 1, 2))) == 1
    assert len(opened([np.zeros((40, 50, 12))])) == 1
    stack = np.zeros((3, 40, 50), np.uint8)
    source = opened(stack)
    assert np.shares_memory(source.item(1).data, stack), "nothing is copied"
    assert [source.identity(n)[-2:] for n in (1, 2)] == ["#1", "#2"]


def test_one_image_alone() -> None:
    for data in (
        Image.fromarray(marked()),
        png_bytes(marked()),
        "data:image/png;base64," + base64.b64encode(png_bytes(marked())).decode(),
    ):
        source = opened(data)
        assert (len(source), source.key(0), source.item(0).size) == (1, 0, (64, 48))


def test_a_memory_map_is_not_read_whole(tmp_path: Path) -> None:
    held = np.memmap(tmp_path / "a.raw", np.uint8, "w+", shape=(100_000, 20_000))  # two gigabytes of nothing
    source = opened([held])
    assert source.item(0).size == (20_000, 100_000)
    assert source.identity(0)


def test_tensors_are_arrays() -> None:
    class Tensor:
        def __init__(self, held: np.ndarray[Any, Any]) -> None:
            self._held = held
            self.ndim = held.ndim

        def detach(self) -> Tensor:
            return self

        def cpu(self) -> Tensor:
            return self

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
            return self._held

    assert opened([Tensor(marked())]).item(0).size == (64, 48)
    stack = opened(Tensor(np.zeros((5, 40, 50), np.uint8)))
    assert (len(stack), stack.item(0).size) == (5, (50, 40))


def test_the_column_is_found() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "photo": ["a.png", "b.jpg"], "text": ["fine", "sea.png is nice"]})
    assert opened(frame).item(1).data == "b.jpg"
    both = frame.assign(path=["c.png", "d.png"])
    assert opened(both).item(0).data == "c.png", "of several the one with the usual name"
    assert opened(both, column="photo").item(0).data == "a.png"
    assert opened(frame, column="text").item(0).data == "fine"
    assert opened(frame.assign(photo=[None, "b.png"])).item(1).data == "b.png"
    assert opened(frame.rename(columns={"photo": ("x", 1)})).item(0).data == "a.png"


def test_missing_values_are_items_with_a_problem() -> None:
    source = opened(pd.DataFrame({"path": ["a.png", None, float("nan")]}))
    assert [source.item(n).problem.partition(" (")[0] for n in (1, 2)] == ["no image"] * 2
    assert source.extent(1) is None
    assert source.identity(2) == source.identity(1) + "#1"


# ---- contents ----------------------------------------------------------------------------------------


def test_an_image_that_took_anothers_place_is_another_item() -> None:
    images = pictures()
    source = opened(images)
    before = source.identities(range(4))
    images[1] = np.full((9, 9), 200, np.uint8)
    assert source.identity(1) not in before
    assert source.identity(0) == before[0]
    assert source.locate(before[1]) is None
    images[1] = pictures()[1]
    assert source.identity(1) == before[1]
    assert source.locate(before[1]) == 1


def test_an_array_that_was_painted_over_is_seen_as_changed_behind_its_key() -> None:
    images = [np.zeros((20, 30), np.uint8)]
    source = opened(pd.DataFrame({"id": ["a"], "image": images}), key="id")
    before = source.content(0)
    images[0][:] = 7
    assert source.content(0) != before
    assert source.identity(0) == "k:s:a"


def test_a_file_that_was_written_anew_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(marked()))
    source = opened(["a.png"], root=tmp_path)
    identity, content = source.identity(0), source.content(0)
    os.utime(tmp_path / "a.png", (1, 1))
    assert source.content(0) == content, "a copy with another time is the same image"
    (tmp_path / "a.png").write_bytes(png_bytes(marked(80, 60)))
    assert source.identity(0) == identity
    assert source.content(0) != content
    assert source.item(0).size == (80, 60)
    (tmp_path / "a.png").unlink()
    assert source.content(0) != content
    assert source.may_change


def test_nothing_is_read_for_the_identity_of_paths(tmp_path: Path) -> None:
    source = opened([f"{n}.png" for n in range(1000)], root=tmp_path)
    assert len(set(source.identities(range(1000)))) == 1000
    assert source.locate(source.identity(999)) == 999
    with pytest.raises(UnknownItem, match="did you mean"):
        source.position("1000.png")


def test_long_lists_of_arrays_are_not_hashed_again_and_again() -> None:
    images = [np.full((50, 50), n, np.uint8) for n in range(200)]
    hashed = []

    class Counting(ImageReader):
        def mark(self, value: Any) -> bytes:
            hashed.append(1)
            return super().mark(value)

    source = open_images(images, Counting())
    for start in range(0, 200, 20):
        rows = list(range(start, start + 20))
        known = source.identities(rows)
        assert [source.item(row).identity for row in rows] == known
    assert len(hashed) == 200


def test_rows_that_are_added_are_noticed() -> None:
    images = pictures()
    source = opened(images)
    source.identity(3)
    images.append(np.zeros((5, 5), np.uint8))
    assert source.changed
    with pytest.raises(SourceError, match="changed"):
        source.item(0)
    assert source.refresh()
    assert source.item(4).size == (5, 5)


# ---- search and joins --------------------------------------------------------------------------------


def test_search_looks_into_paths_keys_and_shown_columns() -> None:
    frame = pd.DataFrame(
        {"path": ["cat/1.png", "dog/2.png", None], "who": ["Ada", "Bo", "CATHERINE"]}, index=["x", "y", "zcat"]
    )
    source = opened(frame, show=["who"])
    assert source.search("CAT").tolist() == [0, 2]
    assert source.search("bo").tolist() == [1]
    assert source.search("y").tolist() == [1]
    assert source.search("nothing").tolist() == []
    assert opened(["a/Ünï.png"]).search("üNÏ").tolist() == [0]
    uri = "data:image/png;base64," + base64.b64encode(png_bytes(marked())).decode()
    assert opened([uri]).search("base64").tolist() == []


def test_joined_frames_call_the_column_image(tmp_path: Path) -> None:
    made = opened(["a.png", "b.png"]).joined({"answer": ["x", "y"]})
    assert made.to_dict("list") == {"key": ["a.png", "b.png"], "image": ["a.png", "b.png"], "answer": ["x", "y"]}
    assert list(opened(pd.Series(["a.png"])).joined({"answer": ["x"]})) == ["image", "answer"]
    assert list(opened(pd.Series(["a.png"], name="p")).joined({"answer": ["x"]})) == ["p", "answer"]
    arrays = opened(np.zeros((2, 5, 6), np.uint8)).joined({"answer": [1, 2]})
    assert arrays.image[1].shape == (5, 6)
    polars = pytest.importorskip("polars")
    assert opened(polars.Series(["a.png"])).joined({"answer": [1]}).columns == ["image", "answer"]


def test_files_of_several_kinds_in_one_order(tmp_path: Path) -> None:
    for name in ("b2.tif", "b10.TIF", "a.webp", "é1.png"):
        (tmp_path / name).write_bytes(b"x")
    assert [os.path.basename(one) for one in image_files(str(tmp_path))] == ["a.webp", "b2.tif", "b10.TIF", "é1.png"]  # noqa: PTH119


# ---- what a function draws ---------------------------------------------------------------------------


def drawn(data: Any, **options: Any) -> Source:
    return open_images(data, DrawingReader(lambda canvas, value: None, (80, 60)), drawn=True, **options)


def test_whatever_is_drawn_has_the_size_of_the_canvas() -> None:
    source = drawn([3, "text", [1, 2], {"a": 1}, None])
    assert [source.item(n).data for n in range(5)] == [3, "text", [1, 2], {"a": 1}, None]
    assert [source.extent(n) for n in range(5)] == [(80, 60)] * 5
    assert len(set(source.identities(range(5)))) == 5
    assert drawn([3, "text", [1, 2], {"a": 1}, None]).identities(range(5)) == source.identities(range(5))
    assert not source.may_change
    series = drawn(np.arange(12.0).reshape(3, 4))
    assert len(series) == 3
    assert series.item(1).data.tolist() == [4, 5, 6, 7]


def test_rows_are_drawn_as_dicts_or_by_one_column() -> None:
    frame = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}, index=["p", "q"])
    source = drawn(frame, show=["y"])
    assert source.item(1).data == {"x": 2, "y": "b"}
    assert source.item(1).key == "q"
    assert source.item(1).show == (("y", "b"),)
    assert drawn(frame, column="x").item(1).data == 2
    assert drawn([{"x": 1}, {"x": 2}]).item(1).data == {"x": 2}
    keyed = drawn(frame, key="y")
    assert (keyed.identity(0), keyed.key(0)) == ("k:s:a", "a")
    before = keyed.content(0)
    frame.loc["p", "x"] = 9
    assert keyed.content(0) != before
    assert drawn(frame).locate(drawn(frame).identity(1)) == 1
    with pytest.raises(SourceError, match="one value is not a list"):
        drawn("text")


def test_an_item_that_was_shown_is_found_before_all_are_hashed() -> None:
    images = [np.full((50, 50), n, np.uint16) for n in range(1000)]
    hashed = []

    class Counting(ImageReader):
        def mark(self, value: Any) -> bytes:
            hashed.append(1)
            return super().mark(value)

    source = open_images(images, Counting())
    shown = [source.item(n).identity for n in range(20)]
    assert [source.locate(one) for one in shown] == list(range(20))
    assert len(hashed) == 20
    images.reverse()
    assert source.locate(shown[3]) == 996
