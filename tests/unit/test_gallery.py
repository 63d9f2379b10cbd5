"""The gallery without a browser: what it shows, selects and changes, and what it draws on the canvas."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ipycanvas import canvas as ipycanvas
from PIL import Image

import nblabel as nb
from nblabel.errors import InvalidAnnotation, MissingExtra, NblabelError, UnknownItem
from nblabel.labelers.sheet import Grid
from nblabel.shapes import mask_of

NAMES = ipycanvas._CMD_LIST


def photo(level: int, size: tuple[int, int] = (60, 40)) -> Any:
    made = np.full((size[1], size[0], 3), level % 256, np.uint8)
    if level > 255:
        made[-1, -1] = level // 256  # no two are alike
    return made


class Drawn:
    """What an ipycanvas page would be told: ``(layer, command, arguments)`` in order, and the pictures."""

    def __init__(self, gallery: nb.Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
        assert gallery.wait(60)
        self.messages: list[list[tuple[int, str, list[Any]]]] = []
        self.pictures: list[tuple[int, int, int, Any]] = []
        canvas = gallery._wall.canvas
        layers = [f"IPY_MODEL_{canvas[n].model_id}" for n in range(3)]
        layer = 0

        def send(content: Any, buffers: Any = None) -> None:
            nonlocal layer
            commands = json.loads(bytes(buffers[0]))
            rest = list(buffers[1:])
            if not commands or not isinstance(commands[0], list):
                commands = [commands]
            made = []
            for number, args, *count in commands:
                if NAMES[number] == "switchCanvas":
                    layer = layers.index(args[0])
                    continue
                own = [rest.pop(0) for _ in range(count[0] if count else 0)]
                if NAMES[number] == "putImageData":
                    self.pictures.append((layer, *args, np.asarray(Image.open(io.BytesIO(own[0])))))
                made.append((layer, NAMES[number], args))
            self.messages.append(made)

        monkeypatch.setattr(canvas.manager, "send", send)
        self._gallery = gallery
        gallery._wall.redraw()
        self.wait()

    def wait(self) -> Drawn:
        assert self._gallery.wait(60)
        assert self._gallery._wall.last_traceback == ""
        return self

    def clear(self) -> None:
        self.wait()
        self.messages.clear()
        self.pictures.clear()

    @property
    def commands(self) -> list[tuple[int, str, list[Any]]]:
        return [one for message in self.wait().messages for one in message]

    def words(self) -> list[str]:
        return [str(args[0]) for _, name, args in self.commands if name == "fillText"]

    def tiles(self, layer: int) -> set[int]:
        """The tiles that were drawn on anew in a layer."""
        grid, ratio = self._gallery._wall.grid, self._gallery._wall._sheet.ratio
        found = set()
        for at, name, args in self.commands:
            if at == layer and name in ("clearRect", "putImageData", "fillRect"):
                tile = grid.at(args[0] / ratio + 5, args[1] / ratio + 5)
                if tile is not None:
                    found.add(tile)
        return found


@pytest.fixture
def open_gallery() -> Iterator[Callable[..., nb.Gallery]]:
    opened: list[nb.Gallery] = []

    def make(data: Any = 10, *, gallery: dict[str, Any] | None = None, **options: Any) -> nb.Gallery:
        if isinstance(data, int):
            data = [photo(20 * n) for n in range(data)]
        given = {"choices": ["day", "night"], "store": ":memory:", "annotator": "ada", **options}
        opened.append(nb.Gallery(nb.ImageLabeler(data, **given), **(gallery or {})))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


Open = Callable[..., nb.Gallery]


# ---- what is shown -----------------------------------------------------------------------------------


def test_it_shows_all_in_pages(open_gallery: Open) -> None:
    gallery = open_gallery(10, gallery={"per_page": 4})
    assert len(gallery) == 10
    assert (gallery.page, gallery.pages, gallery.shown) == (0, 3, (0, 1, 2, 3))
    gallery.page = 2
    assert gallery.shown == (8, 9)
    gallery.page = 99
    assert gallery.page == 2
    gallery.page = -1
    assert gallery.page == 0


def test_an_empty_source_has_an_empty_page(open_gallery: Open) -> None:
    gallery = open_gallery([])
    assert (len(gallery), gallery.pages, gallery.shown) == (0, 1, ())
    gallery.select()
    assert gallery.label("day") == 0
    assert gallery.wait(30)


def test_filters(open_gallery: Open) -> None:
    gallery = open_gallery(8, boxes=["cat"])
    lab = gallery._lab
    lab.submit([nb.Box(1, 1, 5, 5, "cat", score=0.9), nb.Choice("day")], key=0)
    lab.submit([nb.Box(1, 1, 5, 5, "cat", score=0.4)], key=1)
    lab.draft([nb.Choice("night")], key=2)
    lab.discard(key=3)
    lab.flag(key=4)
    assert gallery.filter("submitted") == 2
    assert gallery.shown == (0, 1)
    assert gallery.filter(["draft", "discarded"]) == 2
    assert gallery.filter("pending") == 4
    assert gallery.filter(flagged=True) == 1
    assert gallery.shown == (4,)
    assert gallery.filter(label="cat") == 2
    assert gallery.filter(label="night") == 1
    assert gallery.filter(score=0.5) == 1
    assert gallery.shown == (0,)
    assert gallery.filter("submitted", label="cat", score=0.3) == 2
    assert gallery.filter(flagged=False) == 7
    assert gallery.filter() == 8


def test_text_is_found_in_names_and_shown_columns(open_gallery: Open, tmp_path: Path) -> None:
    for name in ("red.png", "blue.png"):
        Image.fromarray(photo(9)).save(tmp_path / name)
    gallery = open_gallery(tmp_path)
    assert gallery.filter(text="RED") == 1
    assert gallery.shown == (str(tmp_path / "red.png"),)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"status": "done"}, "'done' is not a status"),
        ({"label": "dai"}, "did you mean 'day'"),
        ({"score": 2}, "not between 0 and 1"),
        ({"disagreement": -1}, "not between 0 and 1"),
    ],
)
def test_conditions_that_nothing_can_meet_are_refused(open_gallery: Open, given: Any, words: str) -> None:
    gallery = open_gallery(2)
    with pytest.raises(NblabelError, match=words):
        gallery.filter(**given)
    assert len(gallery) == 2


def test_sorting(open_gallery: Open) -> None:
    gallery = open_gallery(5)
    lab = gallery._lab
    lab.submit([nb.Choice("night", score=0.9)], key=1)
    lab.submit([nb.Choice("day", score=0.2)], key=3)
    lab.draft([nb.Choice("day", score=0.5)], key=4)
    gallery.sort("score")
    assert gallery.shown == (3, 4, 1, 0, 2)
    gallery.sort("score", reverse=True)
    assert gallery.shown == (1, 4, 3, 0, 2)
    gallery.sort("label")
    assert gallery.shown == (3, 4, 1, 0, 2)
    gallery.sort("status")
    assert gallery.shown == (0, 2, 4, 1, 3)
    gallery.sort("order", reverse=True)
    assert gallery.shown == (4, 3, 2, 1, 0)
    with pytest.raises(NblabelError, match="is no order"):
        gallery.sort("size")  # type: ignore[arg-type]


def test_what_ceases_to_pass_stays_until_it_is_looked_for_again(open_gallery: Open) -> None:
    gallery = open_gallery(3)
    gallery.filter("pending")
    gallery.select([0])
    gallery.label("day")
    assert gallery.shown == (0, 1, 2)
    gallery.refresh()
    assert gallery.shown == (1, 2)


def test_disagreement_is_the_share_of_pairs_that_differ(open_gallery: Open, tmp_path: Path) -> None:
    data, store = [photo(n) for n in range(4)], str(tmp_path / "labels.db")
    answers = {"bea": ["day", "day", "day"], "cy": ["day", "night", "day"], "dan": ["day", "night"]}
    for annotator, labels in answers.items():
        lab = nb.ImageLabeler(data, choices=["day", "night"], boxes=["cat"], store=store, annotator=annotator)
        for key, label in enumerate(labels):
            cat = [nb.Box(3 * len(annotator), 1, 5, 5, "cat")] if key == 0 else []
            lab.submit([nb.Choice(label), *cat], key=key)
        lab.draft([nb.Choice("night")], key=3)
        lab.close()
    gallery = open_gallery(data, boxes=["cat"], store=store)
    standing = [gallery._survey.of(position).disagreement for position in range(4)]
    assert standing == [0.0, pytest.approx(2 / 3), 0.0, None], (
        "where the boxes lie is not compared; drafts do not count"
    )
    assert gallery.disagreement == pytest.approx(1 / 3)
    assert gallery.filter(disagreement=True) == 1
    assert gallery.shown == (1,)
    assert gallery.filter(disagreement=0.9) == 0
    gallery.filter()
    gallery.sort("disagreement")
    assert gallery.shown[0] == 1
    assert gallery.shown[-1] == 3
    gallery._lab.submit([nb.Choice("night")], key=2)
    assert gallery.disagreement == pytest.approx(2 / 3)


# ---- selection ---------------------------------------------------------------------------------------


def test_selecting(open_gallery: Open) -> None:
    gallery = open_gallery(6, gallery={"per_page": 4})
    gallery.select([3, 5])
    assert gallery.selected == (3, 5)
    gallery.select(2)
    assert gallery.selected == (2,)
    gallery.select()
    assert len(gallery.selected) == 6
    gallery.select([])
    assert gallery.selected == ()
    with pytest.raises(UnknownItem):
        gallery.select([1, "nobody"])


def gesture(gallery: nb.Gallery, do: str, **more: Any) -> None:
    gallery._pad._handle_msg({"content": {"data": {"method": "custom", "content": {"do": do, **more}}}, "buffers": []})


def click(gallery: nb.Gallery, tile: int, **more: Any) -> None:
    x, y, width, height = gallery._wall.grid.rect(tile)
    gesture(gallery, "click", x=x + width / 2, y=y + height / 2, **more)


def test_clicks_select_as_everywhere(open_gallery: Open) -> None:
    gallery = open_gallery(10)
    click(gallery, 2)
    assert gallery.selected == (2,)
    click(gallery, 5, range=True)
    assert gallery.selected == (2, 3, 4, 5)
    click(gallery, 8, more=True)
    click(gallery, 3, more=True)
    assert gallery.selected == (2, 4, 5, 8)
    click(gallery, 9)
    assert gallery.selected == (9,)
    click(gallery, 7, range=True)
    assert gallery.selected == (7, 8, 9)
    gesture(gallery, "click", x=1, y=1)
    assert gallery.selected == ()


def test_dragging_selects_what_is_touched(open_gallery: Open) -> None:
    gallery = open_gallery(12)
    grid = gallery._wall.grid
    x0, y0, width, height = grid.rect(0)
    x1, y1, _, _ = grid.rect(grid.columns + 1)
    gesture(gallery, "drag", x=x1 + 3, y=y1 + 3, x1=x0 + width - 2, y1=y0 + height - 2)
    assert gallery.selected == (0, 1, grid.columns, grid.columns + 1)
    x2, y2, _, _ = grid.rect(3)
    gesture(gallery, "drag", x=x2 + 3, y=y2 + 3, x1=x2 + 9, y1=y2 + 9, more=True)
    assert gallery.selected[-1] == 3
    assert len(gallery.selected) == 5


def test_keys_go_from_tile_to_tile_and_page_to_page(open_gallery: Open) -> None:
    gallery = open_gallery(30, gallery={"per_page": 20})
    columns = gallery._wall.grid.columns
    gesture(gallery, "move", to="right")
    gesture(gallery, "move", to="right")
    gesture(gallery, "move", to="down")
    assert gallery.selected == (1 + columns,)
    gesture(gallery, "move", to="right", range=True)
    assert gallery.selected == (1 + columns, 2 + columns)
    gesture(gallery, "move", to="first", more=True)
    assert len(gallery.selected) == 2
    gesture(gallery, "toggle")
    assert gallery.selected == (1 + columns, 2 + columns, 0)
    gesture(gallery, "move", to="after")
    assert (gallery.page, gallery.selected) == (1, (20,))
    gesture(gallery, "move", to="after")
    assert gallery.page == 1
    gesture(gallery, "open")
    assert gallery._lab.item.key == 20
    gesture(gallery, "all")
    assert gallery.selected == gallery.shown
    gesture(gallery, "none")
    assert gallery.selected == ()


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        [],
        {},
        {"do": 7},
        {"do": "shutdown"},
        {"do": "click", "x": "1", "y": 2, "more": True},
        {"do": "click", "x": float("nan"), "y": 0},
        {"do": "page", "width": 1e30},
        {"do": "move", "to": "/etc"},
    ],
)
def test_nonsense_from_the_page_does_no_harm(open_gallery: Open, content: Any) -> None:
    gallery = open_gallery(3)
    gallery.select([1])
    gallery._pad._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert gallery.wait(30)
    assert len(gallery) == 3
    gallery._pad.set_state({"_size": [9, 9], "_esm": "alert(1)"})
    assert gallery._pad._size != [9, 9]


def test_opening_goes_there_in_the_labeler(open_gallery: Open) -> None:
    gallery = open_gallery(5)
    gallery.open(3)
    assert gallery._lab.item.key == 3
    gallery.select([1])
    gallery.open()
    assert gallery._lab.item.key == 1
    x, y, _, _ = gallery._wall.grid.rect(4)
    gesture(gallery, "open", x=x + 20, y=y + 20)
    assert gallery._lab.item.key == 4
    gallery.select([1, 2])
    with pytest.raises(NblabelError, match="2 items are selected"):
        gallery.open()


# ---- many at once ------------------------------------------------------------------------------------


def test_labelling_many_is_one_step_to_take_back(open_gallery: Open) -> None:
    gallery = open_gallery(250)
    lab = gallery._lab
    lab.submit("day", key=0)
    gallery.select(list(range(230)))
    assert gallery.label("night") == 230
    assert lab.annotations.label.tolist() == ["night"] * 230
    assert gallery.label("night") == 0, "nothing to do"
    assert gallery.undo()
    assert lab.annotations[["key", "label"]].values.tolist() == [[0, "day"]]
    assert not gallery.undo()


def test_the_labelers_undo_takes_back_one_by_one(open_gallery: Open) -> None:
    gallery = open_gallery(4)
    gallery.select([0, 1, 2])
    gallery.label("day")
    assert gallery._lab.undo()
    assert sorted(gallery._lab.annotations.key) == [0, 1]
    assert gallery._lab.redo()
    assert sorted(gallery._lab.annotations.key) == [0, 1, 2]


def test_undo_leaves_what_was_changed_since(open_gallery: Open) -> None:
    gallery = open_gallery(4)
    gallery.select([0, 1, 2])
    gallery.label("day")
    gallery._lab.submit("night", key=1)
    assert gallery.undo()
    assert gallery._lab.annotations[["key", "label"]].values.tolist() == [[1, "night"]]


def test_operations_are_taken_back_in_turn(open_gallery: Open) -> None:
    gallery = open_gallery(3)
    gallery.select([0, 1])
    gallery.label("day")
    gallery.flag()
    gallery.discard()
    assert gallery._lab.progress.discarded == 2
    assert gallery.undo()
    assert (gallery._lab.progress.submitted, gallery._lab.progress.flagged) == (2, 2)
    assert gallery.undo()
    assert gallery._lab.progress.flagged == 0
    assert gallery.undo()
    assert gallery._lab.progress.pending == 3


def test_a_label_waits_as_a_draft_where_more_is_asked(open_gallery: Open) -> None:
    gallery = open_gallery(4, boxes=["cat"])
    gallery._lab.submit([nb.Box(1, 1, 5, 5, "cat")], key=1)
    gallery.select([0, 1])
    assert gallery.label("day") == 2
    states = gallery._lab.responses.set_index("key").status.to_dict()
    assert states == {0: "draft", 1: "submitted"}, "what was submitted stays so"
    assert sorted(gallery._lab.annotations.label) == ["cat", "day"]
    gallery.select([2])
    gallery.label("night", submit=True)
    assert gallery._lab.responses.set_index("key").status[2] == "submitted"


def test_of_several_choices_one_is_added(open_gallery: Open) -> None:
    gallery = open_gallery(
        2, choices=nb.Choices(["day", "rain", "fog"], multiple=True), fields={"place": ["sea", "hill"]}
    )
    gallery.select([0])
    gallery.label("rain")
    gallery.label("fog")
    gallery.label("sea")
    gallery.label("hill")
    assert sorted(gallery._lab.annotations.label) == ["fog", "hill", "rain"]


def test_labels_that_cannot_be_chosen_are_told(open_gallery: Open) -> None:
    gallery = open_gallery(2, boxes=["cat"], fields={"again": ["day", "dusk"]})
    gallery.select()
    with pytest.raises(InvalidAnnotation, match="no choices field has it"):
        gallery.label("cat")
    with pytest.raises(InvalidAnnotation, match="several fields have it"):
        gallery.label("day")
    assert gallery.label("day", "again") == 2


def test_what_the_schema_refuses_is_told_and_the_rest_is_done(open_gallery: Open) -> None:
    gallery = open_gallery(3, choices=nb.Choices(["day", "night"], required=True))
    gallery._lab.draft([nb.Choice("day")], key=1)
    gallery.select()
    assert gallery.submit() == 1
    assert "2 refused" in gallery._controls._words.value
    assert "needs at least 1" in gallery._controls._words.value
    assert gallery._lab.progress.submitted == 1


def test_flags_are_set_and_taken_away(open_gallery: Open) -> None:
    gallery = open_gallery(3)
    gallery.select([0, 1])
    assert gallery.flag() == 2
    assert gallery.flag() == 0
    assert gallery.flag(False) == 2
    gallery._flag()
    gallery._flag()
    assert gallery._lab.progress.flagged == 0


def test_suggestions_are_accepted_for_many(open_gallery: Open) -> None:
    def model(image: Any) -> Any:
        level = int(image[0, 0, 0])
        return [(1, 2, 10, 10, "cat", level / 255), ("day", 0.9), ("night", 0.4)]

    gallery = open_gallery(5, boxes=["cat"], suggest=model)
    lab = gallery._lab
    assert lab._session.models.runner.wait(60)
    assert gallery.wait(60)
    assert lab.annotations.empty
    lab.draft([nb.Choice("night")], key=1)
    gallery.select()
    assert gallery.accept(score=0.2) == 4, "one has a choice already, and its box is too uncertain"
    held = lab.responses.set_index("key").status
    assert held.tolist() == ["draft"] * 5
    assert lab.annotations.empty, "suggestions are no answers until they are submitted"
    assert gallery.submit() == 5
    frame = lab.annotations
    assert frame[frame.kind == "box"].key.tolist() == [3, 4], "of the others the score is too low"
    assert frame[frame.kind == "choice"].label.tolist() == ["day", "night", "day", "day", "day"]
    assert set(frame[frame.label == "day"].source) == {"model"}
    assert gallery.undo()
    assert gallery.undo()
    assert lab.progress.pending == 4
    gallery.select([0])
    assert gallery.accept(submit=True) == 1
    assert lab.progress.submitted == 1


def test_scores_of_suggestions_filter_and_sort(open_gallery: Open) -> None:
    gallery = open_gallery(9, suggest=lambda image: [("day" if image[0, 0, 0] > 90 else "night", image[0, 0, 0] / 255)])
    assert gallery._lab._session.models.runner.wait(60)
    assert gallery.wait(60)
    assert gallery.filter(label="day") == 4
    assert gallery.filter(score=0.5) == 2
    assert gallery.shown == (7, 8)
    gallery.filter()
    gallery.sort("score", reverse=True)
    assert gallery.shown[:3] == (8, 7, 6)


def test_items_join_when_models_have_looked_at_them(open_gallery: Open) -> None:
    go = threading.Event()

    def model(image: Any) -> Any:
        assert go.wait(60)
        return [("night", 0.5)]

    gallery = open_gallery(6, suggest=model, gallery={"per_page": 2})
    assert gallery.filter(label="night") == 0
    gallery.select([4, 5])
    assert gallery.accept() == 0
    assert "models have yet to look at 2 items" in gallery._controls._words.value
    go.set()
    assert gallery._lab._session.models.runner.wait(60)
    assert gallery.wait(60)
    assert len(gallery) == 6, "also items of other pages were asked about"
    gallery.refresh()
    assert gallery.shown == (0, 1)


# ---- what is drawn -----------------------------------------------------------------------------------


def test_thumbnails_are_drawn_in_their_tiles(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(open_gallery([photo(50), photo(200, (20, 80))]), monkeypatch)
    side = drawn._gallery._wall.grid.side
    (_, x, y, first), (_, x1, _, second) = (one for one in drawn.pictures if one[0] == 0)
    assert first.shape[:2] == (round(side * 40 / 60), side)
    assert second.shape[:2] == (side, side // 4)
    assert (abs(first.astype(int) - 50) <= 2).all()
    assert (abs(second.astype(int) - 200) <= 2).all()
    left, top, _, _ = drawn._gallery._wall.grid.rect(0)
    assert x == left + 4
    assert y == pytest.approx(top + 4 + side / 6, abs=1)
    assert x1 > x + side
    assert drawn.words() == ["0", "1"]


def test_a_page_is_drawn_from_its_top_in_parts(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(open_gallery(40), monkeypatch)
    assert [int(word) for word in drawn.words()] == list(range(40))
    with_pictures = [m for m in drawn.messages if any(name == "putImageData" for _, name, _ in m)]
    assert len(with_pictures) == 4


def test_only_what_changed_is_drawn_again(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery(20, boxes=["cat"])
    drawn = Drawn(gallery, monkeypatch)
    gallery._lab.goto(19)
    drawn.clear()
    gallery._lab.submit([nb.Box(6, 4, 30, 20, "cat"), nb.Choice("night")], key=7)
    assert drawn.tiles(1) == {7}
    assert drawn.tiles(0) == set(), "the thumbnail stays"
    assert "night" in drawn.words()
    drawn.clear()
    gallery._lab.undo()
    assert drawn.tiles(1) == {7, 19}, "undo goes to the item, so its tile and the one before are marked"
    assert "night" not in drawn.words()
    drawn.clear()
    gallery.select([3, 4])
    assert drawn.tiles(2) == {3, 4}
    assert drawn.tiles(1) == set()


def test_news_of_items_on_other_pages_draws_nothing(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery(6, gallery={"per_page": 3})
    drawn = Drawn(gallery, monkeypatch)
    drawn.clear()
    gallery._lab.submit("day", key=5)
    assert drawn.commands == []
    gallery.page = 1
    assert "day" in drawn.words()


def strokes(drawn: Drawn) -> list[list[Any]]:
    return [args for layer, name, args in drawn.commands if layer == 1 and name in ("moveTo", "lineTo")]


def test_shapes_lie_where_they_are_in_the_image(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery([photo(9, (200, 100))], boxes=["cat"], polygons=["pond"], masks=["sky"])
    region = np.zeros((100, 200), bool)
    region[20:60, 40:120] = True
    gallery._lab.submit([nb.Box(20, 10, 100, 50, "cat"), mask_of(region, "sky")], key=0)
    drawn = Drawn(gallery, monkeypatch)
    side = gallery._wall.grid.side
    left, top, scale = 12, 12 + side / 4, side / 200
    corners = [(20, 10), (120, 10), (120, 60), (20, 60)]
    found = strokes(drawn)[:4]
    for (x, y), (sx, sy) in zip(found, corners, strict=True):
        assert x == pytest.approx(left + sx * scale, abs=1)
        assert y == pytest.approx(top + sy * scale, abs=1)
    ((_, x, y, pixels),) = (one for one in drawn.pictures if one[0] == 1)
    assert (x, y) == (pytest.approx(left + 40 * scale, abs=1), pytest.approx(top + 20 * scale, abs=1))
    assert pixels.shape == (round(40 * scale), round(80 * scale), 4)
    color = next(f.label("sky") for f in gallery._lab.schema.fields if f.name == "masks").color
    assert "#" + "".join(f"{n:02x}" for n in pixels[5, 5, :3]) == color.lower()


def test_suggestions_are_dashed_and_answers_are_not(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery([photo(9)], boxes=["cat"], suggest=lambda image: [(5, 5, 20, 20, "cat", 0.75), ("day", 0.5)])
    assert gallery._lab._session.models.runner.wait(60)
    drawn = Drawn(gallery, monkeypatch)

    def dashes() -> bool:
        return any(name == "setLineDash" and args[0] for layer, name, args in drawn.commands if layer == 1)

    assert dashes()
    assert "day 0.50" in drawn.words()
    drawn.clear()
    gallery.select()
    gallery.accept()
    assert "day" in drawn.words()
    assert not dashes()


def test_status_flag_and_label_are_told_by_more_than_colour(
    open_gallery: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = open_gallery(4)
    gallery._lab.submit("day", key=0)
    gallery._lab.draft("night", key=1)
    gallery._lab.discard(key=2)
    gallery._lab.flag(key=3)
    drawn = Drawn(gallery, monkeypatch)
    assert {"day", "night", "⚑"} <= set(drawn.words())
    shapes = [name for layer, name, _ in drawn.commands if layer == 1]
    assert "fillArc" in shapes
    assert shapes.count("fillCircle") == 2
    assert shapes.count("strokeCircle") == 2


def test_broken_and_missing_images_say_so(open_gallery: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Image.fromarray(photo(9)).save(tmp_path / "good.png")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    files = [tmp_path / "torn.png", tmp_path / "gone.png", tmp_path / "good.png"]
    drawn = Drawn(open_gallery([str(file) for file in files]), monkeypatch)
    told = " ".join(drawn.words())
    assert "there is no such file" in told
    assert "broken" in told
    assert drawn.words().count("⚠") == 2
    assert {"torn.png", "gone.png", "good.png"} <= set(drawn.words())
    assert len(drawn.pictures) == 1
    drawn._gallery.select()
    assert drawn._gallery.discard() == 3


def test_names_of_files_are_only_ever_text(open_gallery: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [b"<img src=x onerror=alert(1)>$x$.png", b"not utf-8 \xff.png"]
    for name in names:
        Image.fromarray(photo(name[-5])).save(tmp_path / os.fsdecode(name))
    gallery = open_gallery(tmp_path)
    drawn = Drawn(gallery, monkeypatch)
    assert any("<img" in word for word in drawn.words())
    for _ in names:
        gesture(gallery, "move", to="right")
        gallery._pad._said.encode(), gallery._controls._words.value.encode()
    assert "not utf-8 ?.png" in gallery._pad._said
    gallery._do(lambda: gallery._lab.goto(os.fsdecode(b"gone \xff")))
    assert "there is no item" in gallery._controls._words.value
    gallery._controls._words.value.encode()


def test_a_new_view_gets_everything_again(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery(5)
    drawn = Drawn(gallery, monkeypatch)
    drawn.clear()
    gallery._wall.canvas[2]._handle_frontend_event(None, {"event": "client_ready"}, [])
    assert drawn.tiles(0) == set(range(5))
    assert drawn.words() == list("01234")


def test_it_fits_the_page_and_its_theme(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery(30)
    drawn = Drawn(gallery, monkeypatch)
    canvas = gallery._wall.canvas
    for width in (400, 700, 1500):
        gesture(gallery, "page", width=width, ratio=2, dark=False)
        assert gallery._wall.grid.size[0] <= width
        assert gallery._wall.grid.size[0] > width - 60
        assert (canvas.width, canvas.layout.width) == (
            2 * gallery._wall.grid.size[0],
            f"{gallery._wall.grid.size[0]}px",
        )
        assert gallery._pad._size == list(gallery._wall.grid.size)
    drawn.clear()
    gesture(gallery, "page", width=1501, ratio=2, dark=False)
    assert drawn.commands == [], "nothing looks different"
    gesture(gallery, "page", width=1500, ratio=2, dark=True)
    fills = {args[1] for _, name, args in drawn.commands if name == "set" and args[0] == 0}
    assert "#292b2f" in fills
    gallery.size = "small"
    assert gallery._wall.grid.side < 140
    gallery.size = 300
    assert gallery.size == 300


def test_a_long_page_stays_within_what_browsers_draw(open_gallery: Open) -> None:
    gallery = open_gallery([photo(n) for n in range(420)], gallery={"per_page": 500})
    gesture(gallery, "page", width=500, ratio=2, dark=False)
    canvas = gallery._wall.canvas
    assert canvas.height <= 16_000
    assert canvas.width * canvas.height <= 12_100_000


def test_thumbnails_are_kept_within_bounds(open_gallery: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.labelers.wall._CACHE", 200_000)
    gallery = open_gallery(30)
    assert gallery.wait(60)
    assert gallery._wall._cached <= 200_000
    assert 0 < len(gallery._wall._cache) < 30
    assert gallery._wall._cached == sum(one.nbytes for one in gallery._wall._cache.values())


def test_grids_and_their_places_agree() -> None:
    for width in (100, 333, 1024):
        for total in (0, 1, 7, 50):
            grid = Grid.of(width=width, side=90, total=total)
            for n in range(total):
                x, y, w, h = grid.rect(n)
                assert x + w <= max(grid.size[0], width)
                assert y + h <= grid.size[1]
                assert grid.at(x, y) == grid.at(x + w - 1, y + h - 1) == n
                assert grid.at(x - 1, y) != n
                assert n in grid.within(x + 5, y + 5, x + 6, y + 6)
            assert grid.at(-5, -5) is None
            assert grid.at(1e9, 1e9) is None


# ---- life --------------------------------------------------------------------------------------------


def test_rows_that_come_later_are_shown(open_gallery: Open) -> None:
    data = [photo(1), photo(2)]
    gallery = open_gallery(data)
    data.append(photo(3))
    gallery._lab._after_cell()
    assert gallery.wait(60)
    assert gallery.shown == (0, 1, 2)


def test_what_controls_say_is_done_and_errors_are_told(open_gallery: Open) -> None:
    gallery = open_gallery(4)
    controls = gallery._controls
    gallery._lab.submit("day", key=1)
    controls._status.value = "submitted"
    assert gallery.shown == (1,)
    gallery.filter("pending")
    assert controls._status.value == "pending"
    controls._status.value = ""
    controls._order.value = ("status", False)
    assert gallery.shown == (0, 2, 3, 1)
    buttons = {one.description: one for one in controls.actions.children if hasattr(one, "click")}
    buttons["Open"].click()
    assert "0 items are selected" in controls._words.value
    buttons["Select all"].click()
    buttons["Label"].click()
    assert len(gallery._lab.annotations) == 4
    buttons["Undo"].click()
    assert len(gallery._lab.annotations) == 1


def test_a_closed_gallery_leaves_the_labeler_alone(open_gallery: Open) -> None:
    gallery = open_gallery(3)
    gallery.close()
    gallery.close()
    gallery._lab.submit("day", key=0)
    assert gallery._lab.progress.submitted == 1
    assert gallery.widget.comm is None


def test_changes_from_several_threads_are_all_seen(open_gallery: Open) -> None:
    gallery = open_gallery(60)
    lab = gallery._lab

    def work(part: int) -> None:
        for key in range(part, 60, 4):
            lab.submit("day" if key % 2 else "night", key=key)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        gallery.filter(label="day")
        gallery.select()
    for thread in threads:
        thread.join()
    assert gallery.wait(60)
    assert gallery.filter(label="day") == 30
    assert gallery._wall.last_traceback == ""


def test_only_images_have_a_gallery() -> None:
    lab = nb.TextLabeler(["some words"], choices=["a", "b"], store=":memory:")
    with pytest.raises(NblabelError, match=r"TextLabeler has no thumbnails.*nb\.ImageLabeler"):
        nb.Gallery(lab)


@pytest.mark.parametrize("given", [{"size": "huge"}, {"size": 7}, {"size": True}, {"per_page": 0}, {"per_page": 9999}])
def test_options_that_make_no_sense_are_refused(given: Any) -> None:
    lab = nb.ImageLabeler([photo(1)], choices=["a", "b"], store=":memory:")
    with pytest.raises(NblabelError):
        nb.Gallery(lab, **given)


def test_without_ipycanvas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from nblabel.labelers import sheet

    sheet._kind.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "ipycanvas", None)
    lab = nb.ImageLabeler([photo(1)], choices=["a", "b"], store=":memory:")
    with pytest.raises(MissingExtra, match=r"nblabel\[image\]"):
        nb.Gallery(lab)


def test_items_that_a_function_draws_say_that_they_have_no_thumbnail(
    open_gallery: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Drawn(open_gallery([3, 4], draw=lambda canvas, value: None), monkeypatch)
    assert "drawn" in " ".join(drawn.words())
    drawn._gallery.select()
    assert drawn._gallery.label("day") == 2
