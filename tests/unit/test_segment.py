"""Clicks and boxes become masks: prompts, masks and errors; GrabCut and superpixels on pictures that leave no doubt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nblabel.annotations import Mask
from nblabel.errors import MissingExtra, SuggestError
from nblabel.shapes import mask_array
from nblabel.suggest import segment
from nblabel.suggest.grabcut import GrabCut
from nblabel.suggest.superpixels import Superpixels

SEGMENTERS: list[Callable[[], Any]] = [GrabCut, Superpixels]


def scene(height: int, width: int, radius: float, *, noise: float = 6.0, hole: float = 0.0) -> tuple[Any, Any]:
    """A red disc, perhaps with a hole, on a green ground, and where it is."""
    ys, xs = np.mgrid[:height, :width] + 0.5
    away = np.hypot(xs - width * 0.55, ys - height * 0.45)
    disc = (away < radius) & (away >= hole)
    image = np.where(disc[..., None], (190, 60, 50), (60, 120, 70)).astype(float)
    image += np.random.default_rng(1).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), disc


def iou(a: Any, b: Any) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def box_of(mask: Any, margin: float) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(mask)
    return (xs.min() - margin, ys.min() - margin, np.ptp(xs) + 1 + 2 * margin, np.ptp(ys) + 1 + 2 * margin)


# ---- the segmenters without weights ------------------------------------------------------------------


@pytest.mark.parametrize("make", SEGMENTERS)
def test_a_click_finds_the_thing_under_it(make: Callable[[], Any]) -> None:
    image, disc = scene(240, 320, 60)
    assert iou(segment.of(make()).segment(image, [(176, 108, True)], None), disc) > 0.9


@pytest.mark.parametrize("make", SEGMENTERS)
def test_a_box_finds_the_thing_in_it(make: Callable[[], Any]) -> None:
    image, disc = scene(240, 320, 60)
    mask = segment.of(make()).segment(image, [], box_of(disc, 9))
    assert iou(mask, disc) > 0.9


def test_the_edge_is_found_at_the_resolution_of_the_image() -> None:
    image, disc = scene(1500, 2000, 500)
    mask = segment.of(GrabCut(side=200)).segment(image, [], box_of(disc, 40))
    wrong = mask ^ disc
    assert iou(mask, disc) > 0.99
    # a mask of 200 pixels that is only enlarged is wrong along an edge of several pixels: perimeter times that
    assert wrong.sum() < 2 * np.pi * 500 * 1.0


@pytest.mark.parametrize("make", SEGMENTERS)
def test_a_thing_as_large_as_a_large_image_is_found_by_a_click(make: Callable[[], Any]) -> None:
    image, disc = scene(900, 1200, 390)
    assert iou(segment.of(make()).segment(image, [(660, 405, True)], None), disc) > 0.9


@pytest.mark.parametrize("make", SEGMENTERS)
def test_a_flat_thing_is_found(make: Callable[[], Any]) -> None:
    image, disc = scene(128, 128, 30, noise=0)
    assert iou(segment.of(make()).segment(image, [(70, 57, True)], None), disc) > 0.85


@pytest.mark.parametrize("make", SEGMENTERS)
def test_a_click_beside_the_thing_takes_a_part_away(make: Callable[[], Any]) -> None:
    image, _disc = scene(240, 320, 50)
    image[100:120, 220:320] = image[108, 176]  # a bar of the disc's colour joins it
    both = segment.of(make()).segment(image, [(176, 108, True)], None)
    assert both[110, 300]
    assert both[108, 176]
    less = segment.of(make()).segment(image, [(176, 108, True), (300, 110, False), (260, 110, False)], None)
    assert not less[110, 300]
    assert not less[110, 260]
    assert less[108, 176]


def test_parts_that_were_not_clicked_on_are_left_out_and_holes_are_filled() -> None:
    image, _disc = scene(240, 320, 50, hole=8)
    image[10:60, 10:60] = (190, 60, 50)
    grabcut = segment.of(GrabCut())
    x, y = 176 - 30, 108
    mask = grabcut.segment(image, [(x, y, True)], (1, 1, 318, 238))
    assert not mask[30, 30], "the square is another thing"
    assert mask[108, 176], "the hole is filled"
    open_ = grabcut.segment(image, [(x, y, True), (176, 108, False)], (1, 1, 318, 238))
    assert not open_[108, 176], "unless a click says that it is one"


def test_nothing_lies_outside_the_box_but_what_was_clicked_on() -> None:
    image, _disc = scene(240, 320, 60)
    half = (100, 40, 76, 140)
    mask = segment.of(GrabCut()).segment(image, [], half)
    assert mask.any()
    assert not mask[:, 176:].any()
    assert not mask[:, :100].any()
    more = segment.of(GrabCut()).segment(image, [(215, 108, True)], half)
    assert more[108, 215]


@pytest.mark.parametrize("make", SEGMENTERS)
def test_the_same_prompt_gives_the_same_mask(make: Callable[[], Any]) -> None:
    image, _disc = scene(200, 200, 40, noise=40)
    first = make().segment(image, [(110, 90, True)], None)
    np.random.default_rng(5).random(10)
    assert np.array_equal(first, make().segment(image, [(110, 90, True)], None))


@pytest.mark.parametrize("make", SEGMENTERS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 2), (5, 3)])
def test_tiny_images_do_no_harm(make: Callable[[], Any], size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    segmenter = segment.of(make())
    for points, box in (([(0.2, 0.2, True)], None), ([], (0, 0, size[1], size[0])), ([(0, 0, True)], (0, 0, 1, 1))):
        assert segmenter.segment(image, points, box).shape == size


@pytest.mark.parametrize("make", SEGMENTERS)
def test_an_image_of_one_colour_does_no_harm(make: Callable[[], Any]) -> None:
    image = np.full((50, 60, 3), 255, np.uint8)
    segmenter = segment.of(make())
    assert segmenter.segment(image, [(30, 20, True)], None)[20, 30]
    assert segmenter.segment(image, [], (10, 10, 20, 20)).shape == (50, 60)


# ---- of and its checks -------------------------------------------------------------------------------


def dark(image: Any, points: Any, box: Any) -> Any:
    return image.mean(axis=2) < 100


def test_what_a_segmenter_can_be_made_of() -> None:
    image = np.zeros((4, 5, 3), np.uint8)

    class Own:
        name = "own-1"

        def segment(self, image: Any, points: Any, box: Any) -> Any:
            return dark(image, points, box)

    assert segment.of(False) is None
    for given, name in (
        (dark, "dark"),
        (Own(), "own-1"),
        (None, "grabcut"),
        (lambda *_: image[..., 0] == 0, "callable"),
    ):
        made = segment.of(given)
        assert isinstance(made, segment.Segmenter)
        assert made.name == name
        assert segment.of(made) is made
    for given in (3, "sam.onnx", Own):
        with pytest.raises(SuggestError):
            segment.of(given)


def test_prompts_reach_the_segmenter_inside_the_image() -> None:
    seen: list[Any] = []

    def spy(image: Any, points: Any, box: Any) -> Any:
        seen.append((points, box))
        return np.ones(image.shape[:2])

    image = np.zeros((40, 50, 3), np.uint8)
    made = segment.of(spy)
    made.segment(image, [(-5, 99, True), (50, 40, False)], (-10, -10, 30, 200))
    ((x, y, on), (x1, y1, _)), box = seen[0]
    assert (int(x), int(y), on) == (0, 39, True)
    assert (int(x1), int(y1)) == (49, 39)
    assert box == (0, 0, 20, 40)
    assert not made.segment(image, [], None).any(), "nothing was asked"
    assert not made.segment(image, [(3, 3, False)], None).any(), "nothing was clicked on"
    assert not made.segment(image, [], (60, 10, 5, 5)).any(), "the box lies outside"
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (np.ones((3, 3)), r"shape \(3, 3\).*shape \(4, 5\)"),
        (None, "returned an array of the shape"),
        (np.ones((2, 4, 5)), "shape"),
    ],
)
def test_a_mask_that_does_not_fit_is_told(returned: Any, told: str) -> None:
    def bad(image: Any, points: Any, box: Any) -> Any:
        return returned

    with pytest.raises(SuggestError, match=told):
        segment.of(bad).segment(np.zeros((4, 5, 3), np.uint8), [(1, 1, True)], None)


def test_masks_of_numbers_and_with_an_axis_too_many_are_taken() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    image[1, 2] = 9
    for make in (lambda i: i[..., 0] * 1.5, lambda i: i[None, ..., 0], lambda i: i[..., :1] > 0):
        made = segment.of(lambda image, points, box, make=make: make(image))
        mask = made.segment(image, [(1, 1, True)], None)
        assert mask.dtype == np.bool_
        assert np.argwhere(mask).tolist() == [[1, 2]]


def test_what_a_segmenter_raises_says_who_and_why() -> None:
    def fails(image: Any, points: Any, box: Any) -> Any:
        raise RuntimeError("out of memory\nlots of C++")

    with pytest.raises(SuggestError, match=r"^.*fails: RuntimeError: out of memory$"):
        segment.of(fails).segment(np.zeros((4, 5, 3), np.uint8), [(1, 1, True)], None)
    with pytest.raises(SuggestError, match="uint8"):
        segment.of(dark).segment(np.zeros((4, 5)), [(1, 1, True)], None)


def test_a_segmenter_that_does_not_load_makes_room_for_the_next() -> None:
    class Broken:
        name = "broken"

        def segment(self, image: Any, points: Any, box: Any) -> Any:
            raise MissingExtra("GrabCut", "segment")

    best = segment._Best([Broken(), Superpixels()])
    image, disc = scene(100, 120, 25)
    assert iou(best.segment(image, [(66, 45, True)], None), disc) > 0.8
    assert best.name == "superpixels"
    with pytest.raises(MissingExtra, match="nblabel\\[segment\\]"):
        segment.of(segment._Best([Broken()])).segment(image, [(66, 45, True)], None)


# ---- what the page asks ------------------------------------------------------------------------------


def test_the_page_gets_the_mask_within_its_bounds() -> None:
    image, disc = scene(120, 160, 30)
    made = segment.ask(segment.of(GrabCut()), image, {"points": [[88, 54, 1], [5, 5, 0]], "box": None})
    assert json.loads(json.dumps(made)) == made
    part = mask_array(Mask((made["height"], made["width"]), tuple(made["counts"])))
    whole = np.zeros((120, 160), bool)
    whole[made["y"] : made["y"] + made["height"], made["x"] : made["x"] + made["width"]] = part
    assert iou(whole, disc) > 0.9
    assert part[0].any()
    assert part[-1].any()
    assert part[:, 0].any()
    assert part[:, -1].any()


def test_an_empty_mask_has_no_width() -> None:
    empty = {"x": 0, "y": 0, "width": 0, "height": 0, "counts": []}
    bright = segment.of(lambda image, points, box: image[..., 0] > 0)
    assert segment.ask(bright, np.zeros((4, 5, 3), np.uint8), {"points": [[1, 1, 1]], "box": None}) == empty
    assert segment.ask(bright, np.ones((4, 5, 3), np.uint8), {"points": [], "box": [1, 1, 0, 5]}) == empty


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "box",
        {"points": [[1, 2]]},
        {"points": 3},
        {"points": [["a", 2, 1]]},
        {"points": [[float("nan"), 2, 1]]},
        {"box": [1, 2, 3]},
        {"box": [1, 2, 3, float("inf")]},
        {"points": [[1, 1, 1]] * 1001},
    ],
)
def test_what_is_no_prompt_is_refused(given: Any) -> None:
    with pytest.raises(SuggestError, match="smart tool"):
        segment.ask(segment.of(dark), np.zeros((4, 5, 3), np.uint8), given)
