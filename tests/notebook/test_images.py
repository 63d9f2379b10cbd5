"""Images in a real JupyterLab: what is drawn with mouse and keys is what Python holds, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MAKE = """
import numpy as np
import pandas as pd
from pathlib import Path
from PIL import Image

import nblabel as nb

folder = Path("photos")
folder.mkdir(exist_ok=True)
pixels = np.zeros((160, 240, 3), np.uint8)
pixels[..., 0] = np.arange(240)
pixels[..., 1] = np.arange(160)[:, None]
Image.fromarray(pixels).save(folder / "plain.png")
# the same picture, lying on its side in the file: orientation 6 turns it upright
turned = Image.fromarray(np.rot90(pixels))
exif = Image.Exif()
exif[0x0112] = 6
turned.save(folder / "turned.jpg", quality=95, exif=exif)
(folder / "<img src=x onerror=alert(1)>.png").write_bytes(b"\\x89PNG\\r\\n\\x1a\\nbroken")
Image.fromarray((pixels[..., 0].astype(np.uint16) * 200)).save(folder / "deep.png")

names = ["plain.png", "turned.jpg", "<img src=x onerror=alert(1)>.png", "deep.png"]
df = pd.DataFrame({"file": names}, index=names)
lab = nb.ImageLabeler(
    df, image="file", root="photos", boxes=["cat", "dog"], polygons=["leaf"], masks=["sky"], choices=["day", "night"],
    into={"choices": "time", "boxes": "where"}, store=STORE, annotator="ada", segmenter=False,
)
lab
"""


class Image(LabelerPage):
    """The image of 240 × 160 pixels where the labeler shows the whole of it."""

    def __init__(self, nb: Notebook, index: int = 0) -> None:
        super().__init__(nb.labeler(index))
        self.until_ready()

    def painted(self) -> Image:
        self.root.locator(".nbl-picture[data-state=ready]").wait_for()
        self.part("image").scroll_into_view_if_needed()
        self.page.wait_for_timeout(50)
        return self

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the image is on the screen: it is shown whole, in the middle."""
        box = self.part("image").bounding_box()
        assert box
        scale = float(self.part("zoom").inner_text().rstrip(" %")) / 100
        return box["x"] + box["width"] / 2 + (x - 120) * scale, box["y"] + box["height"] / 2 + (y - 80) * scale

    def drag(self, *points: tuple[float, float]) -> Image:
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=4)
        mouse.up()
        return self

    def clicks(self, *points: tuple[float, float]) -> Image:
        for point in points:
            self.page.mouse.click(*self.at(*point))
        return self


def near(found: Sequence[float], wanted: Sequence[float], within: float = 1.0) -> bool:
    return len(found) == len(wanted) and all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True))


BOXES = "lab.annotations.query(\"kind == 'box'\")[['x', 'y', 'width', 'height']].values.tolist()"


def made(store: str, more: str = "") -> str:
    return MAKE.replace("STORE", repr(store)) + more


def test_drawn_is_what_python_holds(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([made("drawn.db"), "lab.render('plain.png')", "df"])
    nb.run(0)
    page = Image(nb).painted().focus()

    page.press("1").drag((40, 30), (100, 90))
    page.press("3").clicks((150, 40), (200, 40), (200, 100))
    page.press("Enter", "4").drag((30, 120), (60, 130))
    page.press("5").until_saved()
    nb.screenshot("images-jupyterlab")
    nb.theme("dark")
    nb.page.wait_for_timeout(700)
    nb.screenshot("images-jupyterlab-dark")
    nb.theme("light")
    nb.kernel.wait("len(lab.value) == 4")
    page.press("Enter").until_key("turned.jpg")

    # Orientation is applied once: the picture stands as it does in the other file.
    page.painted().press("2").drag((20, 20), (60, 60))
    page.press("6", "Enter").until_key("<img src=x onerror=alert(1)>.png")
    page.part("item-problem").wait_for()  # it cannot be shown; the queue goes on
    page.press("Shift+X").until_key("deep.png")
    page.painted().until_saved()

    boxes = nb.kernel.value(BOXES)
    assert near(boxes[0], (40, 30, 60, 60)), boxes
    assert near(boxes[1], (20, 20, 40, 40)), boxes
    triangle = nb.kernel.value("[list(p) for p in lab.annotations.query(\"kind == 'polygon'\")['points'].iloc[0]]")
    assert all(near(a, b) for a, b in zip(triangle, [(150, 40), (200, 40), (200, 100)], strict=True)), triangle
    nb.kernel.run("mask = lab.mask('plain.png', 'masks')")
    assert nb.kernel.value("mask.shape") == [160, 240] or nb.kernel.value("mask.shape") == (160, 240)
    assert nb.kernel.value("bool(mask[125, 45] and not mask[40, 200])")
    assert nb.kernel.value("df['time'].tolist()[:2]") == ["day", "night"]
    assert nb.kernel.value("[one['label'] for one in df['where'].iloc[0]]") == ["cat"]
    assert nb.kernel.value("lab.responses['status'].tolist()") == ["submitted", "submitted", "discarded"]
    nb.run(1)
    assert not nb.errors(1)
    assert not nb.kernel.complaints()
    assert not nb.problems


def test_a_killed_kernel_loses_no_shape(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([made("killed.db")])
    nb.run(0)
    page = Image(nb).painted().focus()
    page.press("1").drag((40, 30), (100, 90)).until_saved()
    nb.freeze()
    page.drag((120, 30), (180, 90))  # nobody is there to hear of it
    page.until_saving("unsaved")
    nb.kill()
    nb.recover()
    nb.run(0)
    page = Image(nb).painted()
    page.until_saved()
    nb.kernel.wait("len(lab.value) == 2")
    page.focus().press("Control+z").until_saved()
    nb.kernel.wait("len(lab.value) == 1")
    page.press("Enter").until_key("turned.jpg").until_saved()
    boxes = nb.kernel.value(BOXES)
    assert len(boxes) == 1
    assert near(boxes[0], (40, 30, 60, 60)), boxes
    assert nb.count() == 1


def test_an_edit_costs_the_same_beside_many_shapes(open_notebook: Callable[..., Notebook]) -> None:
    boxes = "[nb.Box(10 + i % 200, 10 + i // 200, 5, 5, 'dog') for i in range(10_000)]"
    nb = open_notebook([made("many.db", f"\nlab.draft({boxes}, key='deep.png')\nlab\n")])
    nb.run(0)
    page = Image(nb).painted().focus()
    nb.traffic.clear()
    page.press("1").drag((40, 30), (100, 90)).until_saved()
    alone, told = max(nb.traffic.sizes()), sum(nb.traffic.sizes(up=False))
    nb.kernel.run("lab.goto('deep.png')")
    page.until_key("deep.png")
    page.painted()
    nb.page.wait_for_timeout(1000)  # what lies beside it comes
    nb.traffic.clear()
    page.press("1").drag((100, 100), (180, 150)).until_saved()
    nb.kernel.wait("len(lab.value) == 10_001")
    nb.page.wait_for_timeout(500)
    assert max(nb.traffic.sizes()) < alone + 300
    assert sum(nb.traffic.sizes(up=False)) < 2 * told + 20_000  # nor is anything sent back
