"""Suggestions on images: shown as such, accepted and rejected singly, by label, by score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nblabel as nb

from .imagepage import ImagePage, coded

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]


def offered(*_: Any) -> list[nb.Annotation]:
    return [
        nb.Box(20, 20, 40, 30, "cat", score=0.95),
        nb.Box(80, 20, 40, 30, "cat", score=0.55),
        nb.Box(140, 20, 40, 30, "dog", score=0.9),
        nb.Box(20, 90, 40, 30, "dog", score=0.2),
        nb.Polygon([(100, 80), (160, 80), (160, 140)], "roof", score=0.7),
    ]


@pytest.fixture
def page(image_page: Open) -> ImagePage:
    opened = image_page(
        [coded(), coded()],
        boxes=["cat", "dog"],
        polygons=["roof"],
        suggest=offered,
    )
    return opened.until(lambda: opened.entries("Suggestions").count() == 5)


def suggestions(page: ImagePage) -> int:
    return page.entries("Suggestions").count()


def test_singly_by_keys(page: ImagePage) -> None:
    # rejecting shows first what would go
    page.focus_image().press("x").until(lambda: page.selected == ["40 × 30"])
    page.press("x").until(lambda: suggestions(page) == 4)
    # the next one is selected already
    page.press("a").holds(boxes=[(80, 20, 40, 30)])
    assert page.annotations[0].source != "human"
    # a label's key accepts with another label
    page.press("1").holds(labels=["cat", "cat"]).until(lambda: suggestions(page) == 2)
    page.press("Shift+A").until(lambda: suggestions(page) == 0).holds(count=4)
    page.press("Control+z").holds(count=2).until(lambda: suggestions(page) == 2)


def test_by_mouse(page: ImagePage) -> None:
    page.tool("select").click(40, 35)
    page.part("accept").click()
    page.holds(boxes=[(20, 20, 40, 30)])
    page.click(160, 35)
    page.part("reject").click()
    page.until(lambda: suggestions(page) == 3)
    page.entries("Suggestions").first.get_by_title("Accept").click()
    page.holds(count=2)
    # what is moved is accepted by that, as a person's
    page.click(40, 105).press("ArrowRight").until(lambda: page.boxes[-1] == (21, 90, 40, 30))
    assert page.annotations[-1].source == "human"
    assert page.annotations[-1].score is None


def test_by_score_and_label(page: ImagePage) -> None:
    sift = page.part("sift")
    slider = sift.get_by_label("Least score")
    slider.fill("0.6")
    assert page.part("sift-accept").inner_text() == "Accept 3"
    sift.locator("select").select_option("cat")
    page.until(lambda: page.part("sift-accept").inner_text() == "Accept 1")
    page.part("sift-accept").click()
    page.holds(boxes=[(20, 20, 40, 30)])
    page.part("sift-reject").click()
    page.until(lambda: suggestions(page) == 3)
    # the rest of another label
    sift.locator("select").select_option("dog")
    page.part("sift-reject").click()
    page.until(lambda: suggestions(page) == 2)
    page.root.get_by_role("button", name="Accept all").click()
    page.holds(labels=["cat", "dog", "roof"])


def test_they_can_be_told_apart(page: ImagePage) -> None:
    """A suggestion is dashed and fainter; accepted, its outline is whole."""

    color = page.session.schema.fields[0].labels[0].color
    wanted = [int(color[n : n + 2], 16) for n in (1, 3, 5)]

    def on_the_line() -> int:
        """How many places of its upper edge have the label's colour."""
        shown = page.colors().astype(int)
        places = [page.screen(22 + 36 * n / 200, 50) for n in range(200)]
        rows = (-1, 0, 1)
        return sum(min(max(abs(shown[round(y) + row, round(x)] - wanted)) for row in rows) < 60 for x, y in places)

    page.look()
    page.mouse.move(1, 1)
    dashed = on_the_line()
    assert 60 < dashed < 180
    page.kernel.do(lambda: page.lab.draft([nb.Box(20, 20, 40, 30, "cat")]))
    page.until(lambda: page.entries().count() == 1)
    page.until(lambda: on_the_line() > 190)


def test_masks_and_skeletons_are_suggested_too(image_page: Open) -> None:
    import numpy as np

    from nblabel.shapes import mask_of

    region = np.zeros((160, 240), dtype=bool)
    region[40:90, 40:120] = True
    given = [mask_of(region, "sky", score=0.8), nb.Keypoints([(150, 50, 2), (180, 90, 1)], "person", score=0.6)]
    page = image_page(
        [coded()],
        masks=["sky"],
        keypoints=nb.Skeletons(["person"], points=["a", "b"], edges=[("a", "b")]),
        suggest=lambda _: list(given),
    )
    page.until(lambda: suggestions(page) == 2)
    page.focus_image().press("a", "a").holds(count=2)
    assert np.array_equal(page.masks[0], region)
    assert page.skeletons[0].points == ((150, 50, 2), (180, 90, 1))
