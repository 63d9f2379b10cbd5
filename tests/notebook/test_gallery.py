"""The gallery in a real JupyterLab: thumbnails on the canvas, selection by mouse and keys, many labelled at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MAKE = """
import numpy as np
from pathlib import Path
from PIL import Image

import nblabel as nb

folder = Path("sheet")
folder.mkdir(exist_ok=True)
colours = [(200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 220, 40), (30, 190, 190), (180, 40, 180)]
names = [f"photo {n:02}.png" for n in range(18)]
for n, name in enumerate(names):
    Image.new("RGB", (120, 80), colours[n % 6]).save(folder / name)
(folder / names[17]).write_bytes(b"broken")

lab = nb.ImageLabeler(
    names, root="sheet", boxes=["cat"], choices=["day", "night"], store="gallery.db", annotator="ada", segmenter=False,
    suggest=lambda image: [(10, 10, 60, 40, "cat", 0.75)],
)
gallery = nb.Gallery(lab, size="small", height=420)
gallery
"""
COLOURS = [(200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 220, 40), (30, 190, 190), (180, 40, 180)]
LABELLED = "lab.annotations.query(\"kind == 'choice'\")[['key', 'label']].values.tolist()"


class Sheet:
    """A gallery as a person sees it."""

    def __init__(self, nb: Notebook, index: int = 0) -> None:
        self.nb = nb
        self.page = nb.page
        self.root = nb.output(index)
        self.pad = self.root.get_by_test_id("nbl-gallery")
        self.pad.wait_for()

    def rect(self, tile: int) -> tuple[float, float, float, float]:
        x, y, width, height = self.nb.kernel.value(f"list(gallery._wall.grid.rect({tile}))")
        return x, y, width, height

    def middle(self, tile: int) -> tuple[float, float]:
        x, y, width, height = self.rect(tile)
        return x + width / 2, y + height / 2 - 10

    def click(self, tile: int, *modifiers: str, double: bool = False) -> None:
        x, y = self.middle(tile)
        options = {"position": {"x": x, "y": y}, "modifiers": list(modifiers)}
        (self.pad.dblclick if double else self.pad.click)(**options)  # type: ignore[operator]

    def drag(self, first: int, last: int) -> None:
        self.pad.scroll_into_view_if_needed()
        box = self.pad.bounding_box()
        assert box
        (x0, y0), (x1, y1) = self.middle(first), self.middle(last)
        mouse = self.page.mouse
        mouse.move(box["x"] + x0, box["y"] + y0)
        mouse.down()
        mouse.move(box["x"] + x1, box["y"] + y1, steps=5)
        mouse.up()

    def button(self, name: str) -> Locator:
        return self.root.locator("button", has_text=re.compile(rf"^{name}$"))

    def choose(self, told: str, option: str) -> None:
        self.root.locator(f"select[title='{told}']").select_option(option)

    def pixel(self, x: float, y: float) -> list[int]:
        """What the canvas shows at a place of the sheet."""
        return list(
            self.root.locator("canvas").evaluate(
                """(canvas, [x, y]) => {
                    const scale = canvas.width / canvas.getBoundingClientRect().width;
                    return [...canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data];
                }""",
                [x, y],
            )
        )

    def shows(self, tile: int, colour: tuple[int, int, int]) -> None:
        """Wait until a thumbnail is painted."""
        x, y = self.middle(tile)
        found: list[int] = []
        for _ in range(200):
            found = self.pixel(x + 18, y + 22)  # outside of the box that is suggested
            if all(abs(a - b) < 12 for a, b in zip(found, colour, strict=False)) and found[3] == 255:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"tile {tile} shows {found}, not {colour}")

    def selected(self, *tiles: int) -> None:
        self.nb.kernel.wait(f"gallery.selected == tuple(names[n] for n in {list(tiles)})")


def test_many_are_looked_over_and_labelled(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([MAKE, "lab"])
    nb.run(0)
    nb.run(1)
    sheet = Sheet(nb)
    labeler = LabelerPage(nb.labeler(1)).until_ready()
    for tile in range(17):
        sheet.shows(tile, COLOURS[tile % 6])

    # Clicks, ctrl+click, shift+click, dragging.
    sheet.click(2)
    sheet.selected(2)
    sheet.click(4, "Shift")
    sheet.selected(2, 3, 4)
    sheet.click(3, "Control")
    sheet.selected(2, 4)
    sheet.drag(0, 1)
    sheet.selected(0, 1)
    nb.screenshot("gallery")

    # Labels for many, seen by the labeler and in Python, taken back as one.
    sheet.choose("Label for the selected items", "night")
    sheet.button("Label").click()
    nb.kernel.wait("lab.progress.drafts == 2")
    sheet.button("Accept").click()
    sheet.button("Submit").click()
    nb.kernel.wait("lab.progress.submitted == 2")
    assert nb.kernel.value(LABELLED) == [["photo 00.png", "night"], ["photo 01.png", "night"]]
    assert nb.kernel.value("lab.annotations.query(\"kind == 'box'\").source.tolist()") == ["callable"] * 2
    expect(labeler.part("progress")).to_have_text(re.compile(r"\b2\b"))
    sheet.button("Undo").click()
    nb.kernel.wait("lab.progress.submitted == 0 and lab.progress.drafts == 2")

    # By keys alone: Jupyter's own shortcuts keep out, and the selection moves.
    sheet.click(7)
    for key in ("ArrowRight", "Shift+ArrowRight", "b", "x"):
        sheet.page.keyboard.press(key)
    sheet.selected(8, 9)
    assert nb.count() == 2, "no cell was added or cut"
    sheet.page.keyboard.press("Control+a")
    nb.kernel.wait("len(gallery.selected) == 18")
    sheet.page.keyboard.press("Escape")
    nb.kernel.wait("gallery.selected == ()")

    # A double click opens the image in the labeler.
    sheet.click(5, double=True)
    labeler.until_key("photo 05.png")
    # What is done in the labeler is seen in the gallery.
    x, y, _, height = sheet.rect(5)
    before = sheet.pixel(x + 12, y + height - 14.8)
    labeler.focus().press("2", "Enter").until_key("photo 06.png")
    for _ in range(100):
        if sheet.pixel(x + 12, y + height - 14.8) != before:
            break
        nb.page.wait_for_timeout(50)
    assert sheet.pixel(x + 12, y + height - 14.8) != before

    # Filters are asked of Python and shown again.
    sheet.choose("Show items with this status", "Submitted")
    nb.kernel.wait("gallery.shown == ('photo 05.png',)")
    sheet.shows(0, COLOURS[5])
    nb.kernel.run("gallery.filter(); gallery.select([names[3]])")
    sheet.shows(3, COLOURS[3])
    assert sheet.root.locator("select[title='Show items with this status']").input_value() == "Any status"

    nb.theme("dark")
    nb.kernel.wait("gallery._view.dark")
    sheet.shows(4, COLOURS[4])
    nb.page.wait_for_timeout(500)
    nb.screenshot("gallery-dark")
    nb.theme("light")
    assert not nb.kernel.complaints()
    assert not nb.problems


def test_a_reloaded_page_shows_it_again(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([MAKE])
    nb.run(0)
    Sheet(nb).shows(3, COLOURS[3])
    nb.kernel.run("gallery.select([names[1]])")
    nb.save()
    nb.reload()
    sheet = Sheet(nb)
    for tile in (0, 3, 16):
        sheet.shows(tile, COLOURS[tile % 6])
    sheet.click(2, "Control")
    sheet.selected(1, 2)
