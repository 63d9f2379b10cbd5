"""`ImageLabeler` without a browser: options, the loop, what a page gets and asks."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nblabel as nb
from nblabel.errors import InvalidAnnotation, InvalidSchema, NblabelError, SourceError, SuggestError, UnknownOption
from nblabel.media.base import MediaError
from nblabel.media.drawing import drawing_of, new_canvas
from nblabel.media.prompts import Prompts, window_of

from .images import Page, item, marked, png_bytes, save_stored


def make(data: Any = None, **options: Any) -> nb.ImageLabeler:
    options.setdefault("store", ":memory:")
    if not {"boxes", "masks", "polygons", "polylines", "keypoints", "choices", "fields"} & set(options):
        options |= {"boxes": ["cat", "dog"], "choices": ["sharp", "blurred"]}
    return nb.ImageLabeler([marked(), marked(80, 60)] if data is None else data, **options)


# ---- the loop ----------------------------------------------------------------------------------------


def test_the_first_minute(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(png_bytes(marked()))
    lab = make(tmp_path, annotator="ada")
    assert lab.item.key == str(tmp_path / "a.png")
    assert lab.item.size == (64, 48)
    lab.submit([nb.Box(1, 2, 30, 20, "cat"), nb.Box(5, 5, 10, 10, "dog", rotation=30), nb.Choice("sharp")])
    lab.submit({"boxes": (0, 0, 5, 5, "dog")}, key=str(tmp_path / "b.png"))
    lab.submit("blurred", key=tmp_path / "c.png")
    assert lab.progress == nb.Progress(3, submitted=3)
    rows = lab.annotations
    assert rows[["field", "kind", "label"]].values.tolist() == [
        ["boxes", "box", "cat"],
        ["boxes", "box", "dog"],
        ["choices", "choice", "sharp"],
        ["boxes", "box", "dog"],
        ["choices", "choice", "blurred"],
    ]
    assert rows.loc[1, ["x", "y", "width", "height", "rotation"]].tolist() == [5, 5, 10, 10, 30]
    assert [str(rows[name].dtype) for name in ("x", "rotation", "z", "occluded")] == [
        "float64",
        "float64",
        "Int64",
        "boolean",
    ]
    assert lab.df.choices.dropna().tolist() == ["sharp", "blurred"]
    assert lab.undo()
    assert lab.progress.submitted == 2
    assert lab.redo()
    lab.discard(key=str(tmp_path / "a.png"))
    lab.flag(key=str(tmp_path / "b.png"))
    assert (lab.progress.discarded, lab.progress.flagged) == (1, 1)
    assert lab.filter(text="B.PNG") == 1


def test_all_kinds_of_marks() -> None:
    lab = make(
        boxes=["cat"],
        polygons=["roof"],
        polylines=["road"],
        keypoints=nb.Skeletons(["person"], points=["head", "hand"], edges=[("head", "hand")]),
        masks=["sky"],
        choices=nb.Choices(["day", "sunny"], multiple=True),
        fields={"spots": nb.Skeletons(["spot"]), "note": "text"},
    )
    lab.submit(
        [
            nb.Box(1, 1, 5, 5, "cat", group="g", z=2, occluded=True),
            nb.Polygon([(0, 0), (9, 0), (9, 9)], "roof", holes=[[(5, 1), (7, 1), (7, 3)]]),
            nb.Polygon([(0, 0), (9, 9)], "road", closed=False),
            nb.Keypoints([(1, 2, 2), (3, 4, 1)], "person"),
            nb.Keypoints([(7, 7, 2)], "spot"),
            nb.Mask((48, 64), (100, 20, 48 * 64 - 120), "sky"),
            nb.Choice("day"),
            nb.Choice("sunny"),
            nb.Text("fine", field="note"),
        ]
    )
    rows = lab.annotations.set_index("label")
    assert rows.loc["roof", "points"] == ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
    assert rows.loc["roof", "holes"] == (((5.0, 1.0), (7.0, 1.0), (7.0, 3.0)),)
    assert not rows.loc["road", "closed"]
    assert rows.loc["person", "points"] == ((1.0, 2.0, 2), (3.0, 4.0, 1))
    assert rows.loc["sky", "size"] == (48, 64)
    assert rows.loc["cat", ["z", "group", "occluded"]].tolist() == [2, "g", True]
    assert lab.df.boxes[0] == [
        {"x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0, "label": "cat", "z": 2, "group": "g", "occluded": True}
    ]


def test_marks_that_cannot_be_are_refused() -> None:
    lab = make(boxes=nb.Boxes(["cat"], rotation=False), masks=["sky"])
    for wrong, words in (
        (nb.Box(100, 100, 5, 5, "cat"), "lies outside the image of 64 × 48 pixels"),
        (nb.Mask((9, 9), (81,), "sky"), "size"),
        (nb.Box(1, 1, 5, 5, "cow"), "unknown label"),
        (nb.Box(1, 1, 5, 5, "cat", rotation=1), "rotation=False"),
        (nb.Span(0, 1, "cat"), "no field takes"),
    ):
        with pytest.raises(InvalidAnnotation, match=words):
            lab.submit([wrong])
    assert lab.progress.submitted == 0
    lab.submit([nb.Box(60, 40, 50, 50, "cat")])  # partly outside


def test_answers_are_found_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(png_bytes(marked()))
    store = tmp_path / "s.db"
    array = marked(70, 50)
    first = make(["a.png"], root=tmp_path / "in", store=store, name="files")
    first.submit([nb.Box(1, 1, 5, 5, "cat")])
    second = make([array, marked()], store=store, name="arrays")
    second.submit([nb.Box(2, 2, 5, 5, "dog")])
    first.close()
    second.close()
    (tmp_path / "in").rename(tmp_path / "moved")
    assert make("*.png", root=tmp_path / "moved", store=store, name="files").annotations.x.tolist() == [1]
    again = make([marked(), array.copy()], store=store, name="arrays")
    assert again.annotations[["key", "x"]].values.tolist() == [[1, 2]]


def test_the_page_hears_that_an_answered_file_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(marked()))
    (tmp_path / "b.png").write_bytes(png_bytes(marked()))
    lab = make("*.png", root=tmp_path)
    lab.submit([nb.Box(1, 1, 5, 5, "cat")])
    page = Page(lab)
    assert [one.get("changed", False) for one in page.open()["queue"]["items"]] == [False, False]
    revision = page.open()["queue"]["items"][0]["data"]["rev"]
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png_bytes(marked(90, 70)))
    items = {one["key"]: one for one in page.open()["queue"]["items"]}
    assert items["a.png"]["changed"]
    assert not items["b.png"].get("changed", False), "nothing was said of it"
    assert items["a.png"]["data"]["rev"] != revision
    page.close()


@pytest.mark.parametrize("kind", ["parquet", "csv", "pickle"])
def test_answers_stand_in_the_users_own_column(tmp_path: Path, kind: str) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png_bytes(marked()))
    frame = pd.DataFrame({"path": ["a.png", "b.png"], "shapes": None, "mask": None, "kind": None, "dots": None})
    options: dict[str, Any] = {
        "root": tmp_path,
        "boxes": ["cat", "dog"],
        "masks": ["sky"],
        "keypoints": ["dot"],
        "choices": ["sharp", "blurred"],
        "into": {"boxes": "shapes", "masks": "mask", "choices": "kind", "keypoints": "dots"},
        "annotator": "ada",
    }
    lab = make(frame, **options)
    mask = np.zeros((48, 64), bool)
    mask[10:20, 5:9] = True
    from nblabel.shapes import mask_of

    said = [
        nb.Box(1, 2, 3, 4, "cat", rotation=12.5),
        nb.Box(5, 6, 7, 8, "dog"),
        mask_of(mask, "sky"),
        nb.Keypoints([(3, 4, 2)], "dot"),
        nb.Choice("sharp"),
    ]
    lab.submit(said)
    assert frame["kind"].tolist()[0] == "sharp"
    assert frame.shapes[0][1] == {"x": 5.0, "y": 6.0, "width": 7.0, "height": 8.0, "label": "dog"}
    assert frame["mask"][0][0]["size"] == (48, 64)
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
        read = pd.read_parquet(path)
    elif kind == "csv":
        frame.to_csv(path, index=False)
        read = pd.read_csv(path)
    else:
        frame.to_pickle(path)
        read = pd.read_pickle(path)
    again = make(read, **options)
    assert again.progress.submitted == 1
    rows = again.annotations
    assert rows[rows.kind == "box"][["x", "rotation", "label"]].values.tolist() == [[1, 12.5, "cat"], [5, 0, "dog"]]
    assert np.array_equal(again.mask(0, "masks"), mask)
    assert rows[rows.kind == "keypoints"].points.tolist() == [((3.0, 4.0, 2),)]
    assert again.item.key == 1


# ---- options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"boxs": ["a"]}, UnknownOption, "did you mean 'boxes'"),
        ({"boxes": None, "nothing": 1}, UnknownOption, "ImageLabeler has no option 'nothing'"),
        ({"boxes": "cat"}, InvalidSchema, "boxes= takes a list of labels"),
        ({"boxes": nb.Masks(["a"])}, InvalidSchema, "boxes= takes labels or nb.Boxes, not nb.Masks"),
        ({"keypoints": nb.Boxes(["a"])}, InvalidSchema, "keypoints= takes labels or nb.Skeletons"),
        ({"boxes": ["a"], "fields": {"boxes": ["b"]}}, NblabelError, "asks 'boxes' again"),
        ({"boxes": ["a"], "stretch": "most"}, NblabelError, "stretch='most'"),
        ({"boxes": ["a"], "bands": (1, 2)}, NblabelError, "bands="),
        ({"boxes": ["a"], "draw": 7}, NblabelError, "draw=7 cannot be called"),
        ({"boxes": ["a"], "draw": print, "size": (0, 5)}, NblabelError, "size="),
        ({"boxes": ["a"], "draw": print, "size": 100}, NblabelError, "size=100"),
        ({"boxes": ["a"], "segmenter": 7}, SuggestError, "a int cannot segment"),
        ({"boxes": ["a"], "key": "id"}, SourceError, "names a column"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        nb.ImageLabeler([marked()], store=":memory:", **options)


def test_a_labeler_must_be_told_what_to_ask() -> None:
    with pytest.raises(InvalidSchema, match="ImageLabeler was not told what to ask"):
        nb.ImageLabeler([marked()], store=":memory:")


def test_without_pillow_it_says_what_to_install() -> None:
    code = """
    import sys
    for name in ("PIL", "ipycanvas"):
        sys.modules[name] = None
    import numpy as np
    import nblabel as nb
    try:
        nb.ImageLabeler([np.zeros((4, 4))], boxes=["a"], store=":memory:")
    except nb.NblabelError as error:
        print(type(error).__name__, error)
    try:
        nb.ImageLabeler([1], boxes=["a"], draw=print, store=":memory:")
    except nb.NblabelError as error:
        print(type(error).__name__, error)
    """
    made = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    first, second = made.stdout.splitlines()
    assert first.startswith("MissingExtra images need Pillow")
    assert second.startswith("MissingExtra draw= draws on an ipycanvas Canvas")
    assert first.endswith("(pip install 'nblabel[image]')")
    assert second.endswith("(pip install 'nblabel[image]')")


def test_imports_stay_light() -> None:
    code = """
    import sys
    import nblabel as nb
    heavy = {"ipycanvas", "tifffile", "pyvips", "cv2", "skimage", "scipy", "onnxruntime"}
    print(sorted((heavy | {"PIL"}) & set(sys.modules)))
    import numpy as np
    lab = nb.ImageLabeler([np.zeros((9, 9), np.uint8)], boxes=["a"], store=":memory:")
    lab._reader.piece(lab.item, "image", ())
    print(sorted(heavy & set(sys.modules)))
    """
    made = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert made.stdout.split() == ["[]", "[]"], made.stderr


# ---- what the page gets ------------------------------------------------------------------------------


def test_a_page_gets_what_it_needs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (900, 1200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    lab = make([tmp_path / "noise.png", tmp_path / "none.png"], height=500, crosshair=False, guidelines="# Look")
    page = Page(lab)
    welcome = page.open()
    assert welcome["options"] == {"height": 500, "smart": True, "crosshair": False}
    first, second = welcome["queue"]["items"]
    assert first["data"] == {
        "width": 1200,
        "height": 900,
        "form": "whole",
        "rev": first["data"]["rev"],
        "name": "noise.png",
        "note": "",
    }
    assert len(first["data"]["rev"]) == 8
    assert int(first["data"]["rev"], 16) >= 0
    assert second["problem"].startswith("there is no such file")
    piece = page.media(first["id"], "image")
    assert piece["total"] > 2 << 20, "several chunks"
    assert piece["bytes"] == (tmp_path / "noise.png").read_bytes()
    assert piece["about"] == {"mime": "image/png", "width": 1200, "height": 900}
    page.close()


def test_a_page_with_no_segmenter_has_no_smart_tool() -> None:
    page = Page(make(segmenter=False))
    welcome = page.open()
    assert not welcome["options"]["smart"]
    answer = page.ask(
        type="ask", item=welcome["queue"]["items"][0]["id"], tool="segment", given={"points": [], "box": None}
    )
    assert answer["type"] == "failure"
    assert "no tool" in answer["problem"]["title"]
    page.close()


# ---- the smart tool ----------------------------------------------------------------------------------


def bright(image: np.ndarray[Any, Any], points: Any, box: Any) -> np.ndarray[Any, Any]:
    """What is not black."""
    return image.max(axis=2) > 100


def asked(page: Page, given: Any) -> dict[str, Any]:
    identity = page.open()["queue"]["items"][0]["id"]
    return page.ask(type="ask", item=identity, tool="segment", given=given)


def painted(made: dict[str, Any], size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """The mask that the page draws from an answer."""
    mask = np.zeros(size[::-1], bool)
    if made["width"]:
        runs = np.repeat(np.arange(len(made["counts"])) % 2 == 1, made["counts"])
        part = runs.reshape(made["width"], made["height"]).T
        mask[made["y"] : made["y"] + made["height"], made["x"] : made["x"] + made["width"]] = part
    return mask


def test_clicks_become_a_mask() -> None:
    seen = []

    def segmenter(image: Any, points: Any, box: Any) -> Any:
        seen.append((image.shape, list(points), box))
        return bright(image, points, box)

    page = Page(make(segmenter=segmenter))
    made = asked(page, {"points": [[3, 4, 1], [40, 40, 0]], "box": [0, 0, 20, 20]})["made"]
    assert np.array_equal(painted(made, (64, 48)), marked().max(axis=2) > 100)
    assert seen == [((48, 64, 3), [(3.0, 4.0, True), (40.0, 40.0, False)], (0.0, 0.0, 20.0, 20.0))]
    assert asked(page, {"points": [], "box": None})["made"] == {"x": 0, "y": 0, "width": 0, "height": 0, "counts": []}
    page.close()


def test_of_a_large_image_only_what_is_asked_about_is_looked_at() -> None:
    image = np.zeros((6000, 9000, 3), np.uint8)
    image[3000:3300, 7000:7200] = 255
    shapes = []

    def segmenter(image: Any, points: Any, box: Any) -> Any:
        shapes.append((image.shape, box))
        return bright(image, points, box)

    page = Page(make([image], segmenter=segmenter))
    for given in ({"points": [[7100, 3100, 1]], "box": None}, {"points": [], "box": [6990, 2990, 220, 320]}):
        made = asked(page, given)["made"]
        assert abs(made["x"] - 7000) <= 2
        assert abs(made["y"] - 3000) <= 2
        assert abs(made["width"] - 200) <= 4
        assert abs(made["height"] - 300) <= 4
        assert painted(made, (9000, 6000))[3150, 7100]
    assert all(shape[0] * shape[1] <= 1.01 * 2**20 for shape, _ in shapes)
    left, top, width, height = shapes[1][1]
    assert (round(left), round(top), round(width), round(height)) == (176, 176, 220, 320)
    page.close()


def test_a_window_holds_all_prompts() -> None:
    window = window_of((4000, 3000), Prompts(((10.0, 10.0, True), (3990.0, 2990.0, False))))
    assert window.box == (0, 0, 4000, 3000)
    assert window.size[0] * window.size[1] <= 1.01 * 2**20
    assert window_of((4000, 3000), Prompts()).box == (0, 0, 4000, 3000)
    far = window_of((4000, 3000), Prompts(((1e9, -1e9, True),)))
    assert far.box == (2976, 0, 4000, 1024)


@pytest.mark.parametrize(
    "given",
    [
        None,
        7,
        "points",
        [1, 2],
        {"points": 5},
        {"points": [[1, 2]]},
        {"points": [["a", "b", 1]]},
        {"box": [1, 2, 3]},
        {"box": "abcd"},
        {"points": [[1e400, 0, 1]]},
        {"points": [[0, 0, 1]] * 2000},
        {"points": {"a": 1}},
    ],
)
def test_a_smart_tool_that_is_asked_nonsense_says_so(given: Any) -> None:
    page = Page(make(segmenter=bright))
    answer = asked(page, given)
    assert answer["type"] == "failure"
    assert "smart tool" in answer["problem"]["title"]
    page.close()


def test_a_segmenter_that_fails_is_named() -> None:
    def broken(image: Any, points: Any, box: Any) -> Any:
        raise ZeroDivisionError("no weights")

    page = Page(make(segmenter=broken))
    answer = asked(page, {"points": [[1, 1, 1]], "box": None})
    assert "broken: ZeroDivisionError: no weights" in answer["problem"]["title"]
    page.close()


def test_the_default_segmenter_finds_a_square() -> None:
    pytest.importorskip("cv2")
    rng = np.random.default_rng(0)
    image = rng.integers(0, 40, (120, 160, 3), np.uint8)
    image[30:90, 40:110] = rng.integers(200, 240, (60, 70, 3), np.uint8)
    page = Page(make([image]))
    mask = painted(asked(page, {"points": [], "box": [30, 20, 90, 80]})["made"], (160, 120))
    truth = np.zeros((120, 160), bool)
    truth[30:90, 40:110] = True
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    page.close()


# ---- what a function draws ---------------------------------------------------------------------------


def header(data: bytes) -> dict[str, Any]:
    """The head of a drawing."""
    (size,) = struct.unpack("<I", data[:4])
    made = json.loads(data[4 : 4 + size])
    assert len(data) == 4 + size + sum(one["bytes"] for one in made["buffers"])
    return made  # type: ignore[no-any-return]


def test_a_function_draws_the_items() -> None:
    drawn = []

    def draw(canvas: Any, value: Any) -> None:
        drawn.append(value)
        canvas.fill_style = "#ff0000"
        canvas.fill_rect(0, 0, value["x"], 10)
        canvas.put_image_data(np.zeros((4, 5, 3)), 1, 2)

    frame = pd.DataFrame({"x": [30, 40], "name": ["p", "q"]}, index=["a", "b"])
    lab = make(frame, draw=draw, size=(200, 100), boxes=["cat"])
    page = Page(lab)
    welcome = page.open()
    assert not welcome["options"]["smart"]
    one = welcome["queue"]["items"][1]
    assert one["data"] == {
        "width": 200,
        "height": 100,
        "form": "drawing",
        "rev": one["data"]["rev"],
        "name": "",
        "note": "",
    }
    piece = page.media(one["id"], "drawing")
    assert piece["about"] == {"mime": "application/x-nblabel-drawing"}
    made = header(piece["bytes"])
    assert (made["width"], made["height"]) == (200, 100)
    assert made["commands"] == [
        ["set", [0, "#ff0000"], 0],
        ["fillRect", [0, 0, 40, 10], 0],
        ["putImageData", [1, 2], 1],
    ]
    with Image.open(io.BytesIO(piece["bytes"][-made["buffers"][0]["bytes"] :])) as image:
        assert image.size == (5, 4)
    assert drawn == [{"x": 40, "name": "q"}]
    lab.submit([nb.Box(150, 50, 100, 100, "cat")], key="b")
    assert lab.mask("b").sum() == 50 * 50
    for act in (lambda: lab.image("b"), lambda: lab.render("b"), lab.crops):
        with pytest.raises(MediaError, match="pixels only in the page"):
            act()
    with pytest.raises(InvalidAnnotation, match="outside the image of 200 × 100"):
        lab.submit([nb.Box(300, 0, 5, 5, "cat")], key="a")
    page.close()


def test_a_function_that_fails_shows_where() -> None:
    def draw(canvas: Any, value: int) -> None:
        canvas.fill_rect(0, 0, 1 / value, 1)

    page = Page(make([0, 1], draw=draw))
    first, second = page.open()["queue"]["items"]
    problem = page.media(first["id"], "drawing")["problem"]
    assert problem["title"] == "draw= failed: ZeroDivisionError: division by zero"
    assert "canvas.fill_rect(0, 0, 1 / value, 1)" in problem["detail"]
    assert page.media(second["id"], "drawing")["type"] == "chunk"
    assert page.media(second["id"], "image")["type"] == "failure"
    page.close()


def test_nothing_is_sent_while_a_canvas_records(monkeypatch: pytest.MonkeyPatch) -> None:
    import comm
    import ipycanvas

    opened: list[Any] = []
    real = comm.create_comm
    monkeypatch.setattr(comm, "create_comm", lambda *args, **more: (opened.append(more), real(*args, **more))[1])
    canvas = new_canvas(50, 40)
    gradient = canvas.create_linear_gradient(0, 0, 10, 10, [(0, "red"), (1, "blue")])
    canvas.stroke_style = gradient
    canvas.fill_style = canvas.create_radial_gradient(0, 0, 1, 5, 5, 9, [(0, "red"), (1, "#00f")])
    other = type(canvas)(width=8, height=6)
    other.fill_circle(3, 3, 2)
    canvas.draw_image(other, 1, 2, 16)
    canvas.fill_style = canvas.create_pattern(other, "repeat-x")
    with ipycanvas.hold_canvas():
        canvas.fill_rects(np.arange(3), np.arange(3, dtype=np.int64), 2)
        canvas.fill_circles(np.array([True, False]), np.array([1, 2], dtype=np.uint64), np.float16(3))
    canvas.fill_styled_polygons(np.zeros((2, 3, 2)), np.zeros((2, 3)), 0.5)
    canvas.stroke_lines([(0, 0), (5, 5)])
    canvas.begin_path()
    canvas.move_to(1, 1)
    canvas.fill("evenodd")
    canvas.set_line_dash([2, 1])
    canvas.sleep(100)
    canvas.fill_text("Äé🎉", 1, 2, max_width=np.float64(30))
    canvas.clear()
    assert not opened
    made = header(drawing_of(canvas))
    names = [name for name, _, _ in made["commands"]]
    drawn = "set set drawImage set fillRects fillCircles fillStyledPolygons strokeLines"
    assert names == f"{drawn} beginPath moveTo fill setLineDash fillText clear".split()
    assert made["commands"][0][1] == [1, {"gradient": [0, 0, 10, 10], "stops": [[0, "red"], [1, "blue"]]}]
    assert made["commands"][1][1][1]["gradient"] == [0, 0, 1, 5, 5, 9]
    assert made["commands"][2] == ["drawImage", [{"idx": 0}, 1, 2, 16, 16], 1]
    assert made["commands"][3] == ["set", [0, {"idx": 0, "repetition": "repeat-x"}], 1]
    assert made["commands"][12][1] == ["Äé🎉", 1, 2, 30]
    kinds = {one["dtype"] for one in made["buffers"]}
    assert kinds <= {"drawing", "image", "float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8"}
    assert sum(count for _, _, count in made["commands"]) == len(made["buffers"])


def test_pictures_and_paths_of_ipycanvas_are_recorded() -> None:
    import ipycanvas
    import ipywidgets

    canvas = new_canvas(50, 40)
    canvas.draw_image(ipywidgets.Image(value=png_bytes(marked())), 3, 4)
    canvas.fill(ipycanvas.Path2D("M0 0 L 9 9"))
    data = drawing_of(canvas)
    made = header(data)
    assert made["commands"] == [["drawImage", [{"idx": 0}, 3, 4], 1], ["fillPath", ["M0 0 L 9 9"], 0]]
    assert data.endswith(png_bytes(marked()))
    with pytest.raises(MediaError, match="would be fetched"):
        canvas.draw_image(ipywidgets.Image(value=b"http://example.org/a.png", format="url"))
    with pytest.raises(MediaError, match=r"type\(canvas\)"):
        canvas.draw_image(ipycanvas.Canvas(width=5, height=5))
    with pytest.raises(TypeError):
        canvas.draw_image("a.png")


def test_functions_are_not_called_twice_at_once() -> None:
    import threading

    running: list[int] = []
    most: list[int] = []

    def draw(canvas: Any, value: Any) -> None:
        running.append(1)
        most.append(len(running))
        threading.Event().wait(0.05)
        running.pop()

    lab = make([1, 2, 3, 4], draw=draw)
    threads = [threading.Thread(target=lab._reader.piece, args=(item(n), "drawing", ())) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_closing_forgets_images() -> None:
    lab = make()
    lab._reader.piece(lab.item, "image", ())
    lab.close()
    assert not lab._reader._pictures._held
    lab.close()


# ---- suggestions -------------------------------------------------------------------------------------


def test_models_see_the_upright_pixels(tmp_path: Path) -> None:
    save_stored(tmp_path / "a.jpg", marked(), 6)
    save_stored(tmp_path / "b.png", marked(80, 60), 3)
    seen: list[Any] = []

    def model(image: Any) -> Any:
        seen.append((image.dtype, image.shape))
        rows, columns = np.nonzero(image[..., 1] > 200)
        x, y = int(columns.min()), int(rows.min())
        return [nb.Box(x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y, "cat", score=0.75)]

    lab = make(tmp_path, suggest=model)
    lab._session.ask([lab._session.source.item(0), lab._session.source.item(1)])
    assert lab._session.models.runner.wait(30)
    assert lab.accept() == 1
    (box,) = lab.value
    assert (box.x, box.y, box.width, box.height) == (48, 0, 16, 16)
    assert (box.source, box.score) == ("model", 0.75)
    assert sorted(seen) == [(np.uint8, (48, 64, 3)), (np.uint8, (60, 80, 3))]


def test_a_model_that_cannot_see_an_item_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))[:3000])
    lab = make(tmp_path, suggest=lambda image: [])
    lab._session.ask([lab.item])
    assert lab._session.models.runner.wait(30)
    assert "the image is broken" in lab._session.suggest_error(lab.item)


def test_models_of_drawn_items_see_the_value() -> None:
    lab = make([3, 4], draw=lambda canvas, value: None, suggest=lambda value: [nb.Box(value, 0, 5, 5, "cat")])
    lab._session.ask([lab.item])
    assert lab._session.models.runner.wait(30)
    assert lab.accept() == 1
    assert lab.value[0].x == 3
