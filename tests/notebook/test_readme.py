"""The README's first minute, done as it says, in a real JupyterLab; its picture is taken here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from ..chromium import ARTEFACTS
from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

README = Path(__file__).parents[2] / "README.md"

# The picture shows more than the first minute does: two fields, relations, a model's suggestions, a column beside.
PICTURE = '''
import re
import nblabel as nb
import pandas as pd

df = pd.DataFrame({
    "text": [
        "Ada Lovelace met Charles Babbage at a party in London in June 1833. She was seventeen; he was forty-one, "
        "and the Royal Astronomical Society had just honoured his Difference Engine.",
        "Mary Somerville taught her mathematics.",
    ],
    "source": ["letters.txt", "letters.txt"],
})

def years(text):
    """A model of one line."""
    return [nb.Span(*m.span(), "DATE", score=0.91) for m in re.finditer(r"\\\\b1[0-9]{3}\\\\b", text)]

def mark(words, label, **more):
    start = df.text[0].index(words)
    return nb.Span(start, start + len(words), label, **more)

lab = nb.TextLabeler(
    df, text="text", show=["source"], suggest=years, store="picture.db",
    spans=["PERSON", "PLACE", "ORG", "DATE"], relations=["met"],
    fields={"tone": ["warm", "neutral", "cold"]},
)
lab.draft([
    mark("Ada Lovelace", "PERSON", id="ada"), mark("Charles Babbage", "PERSON", id="charles"),
    mark("London", "PLACE"), mark("Royal Astronomical Society", "ORG"),
    nb.Relation("ada", "charles", "met"), nb.Choice("warm"),
])
lab
'''.replace("\\\\", "\\")


IMAGE = """
import numpy as np
from skimage import data

import nblabel as nb
from nblabel.shapes import mask_of

def eyes(photo):
    '''A model of two boxes.'''
    return [nb.Box(135, 85, 71, 63, "eye", score=0.97), nb.Box(294, 109, 48, 55, "eye", score=0.91)]

pupil = np.zeros((300, 451), bool)
rows, columns = np.ogrid[:300, :451]
pupil[((columns - 173) / 10) ** 2 + ((rows - 111) / 18) ** 2 <= 1] = True

lab = nb.ImageLabeler(
    [data.chelsea(), data.coffee()], boxes=["eye"], polygons=["nose", "ear"], masks=["pupil"],
    keypoints=nb.Skeletons(["gaze"], points=["left", "right"], edges=[("left", "right")]),
    choices=["indoors", "outdoors"], suggest=eyes, store="image-picture.db", height=400,
)
lab.draft([
    nb.Polygon([(241, 229), (260, 228), (290, 232), (280, 243), (262, 262), (253, 258), (252, 247)], "nose"),
    nb.Polygon([(322, 0), (400, 0), (378, 42), (357, 70), (345, 35)], "ear"),
    mask_of(pupil, "pupil"),
    nb.Keypoints([(173, 111, 2), (314, 131, 1)], "gaze"),
    nb.Choice("indoors"),
])
lab
"""


# The speech of the example, and what a person has marked of it.
AUDIO = """
lab = nb.AudioLabeler(
    ["hello.wav"], segments=nb.Segments(["Ada", "Ben"], transcript=True, tiers="label"), choices=["clear", "noisy"],
    suggest=lambda sound: [nb.Segment(*truth["hello.wav"][3][:2], "Ben", score=0.93)], store="audio-picture.db",
)
said = zip(truth["hello.wav"][:3], talks["hello.wav"], strict=False)
lab.draft([*(nb.Segment(a, b, who, text=words) for (a, b, who), (_, words) in said), nb.Choice("clear")])
lab
"""


def made_speech() -> str:
    """The cell of the example that makes its recordings."""
    book = nbformat.read(README.parent / "examples" / "03-audio.ipynb", as_version=4)
    return next(cell.source for cell in book.cells if "FORMANTS" in cell.source)


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_minute_works_as_written(open_notebook: Callable[..., Notebook]) -> None:
    first, then = code_blocks()[:2]
    nb = open_notebook([first, *[line for line in then.splitlines() if line.strip()]])
    nb.run(0)
    labeler = LabelerPage(nb.labeler(0)).until_ready().focus()
    labeler.press("ArrowRight", "Shift+ArrowRight", "1", "3", "Enter")
    nb.kernel.wait("lab.progress.submitted == 1")
    for index in range(1, nb.count()):
        nb.run(index)
        assert not nb.errors(index)
    rows = nb.kernel.value("lab.annotations[['kind', 'label']].values.tolist()")
    assert sorted(rows) == [["choice", "positive"], ["span", "PERSON"]]
    assert nb.kernel.value("[(e.text, e.label_) for e in lab.docs('en')[0].ents]")
    assert nb.kernel.value("__import__('pathlib').Path('train.spacy').stat().st_size") > 0


def test_the_picture(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([PICTURE])
    nb.run(0)
    root = nb.labeler(0)
    LabelerPage(root).until_ready().focus()
    root.get_by_text("0.91").first.wait_for()
    for theme in ("light", "dark"):
        nb.theme(theme)
        root.scroll_into_view_if_needed()
        nb.page.mouse.move(0, 0)  # no button looks as if it were about to be pressed
        root.screenshot(path=ARTEFACTS / f"text-labeler-{theme}.png")
    assert nb.kernel.value("len(lab.value)") == 6
    assert not nb.kernel.complaints()


def test_the_picture_of_images(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([IMAGE])
    nb.run(0)
    root = nb.labeler(0)
    page = LabelerPage(root).until_ready().focus()
    root.locator(".nbl-picture[data-state=ready]").wait_for()
    root.get_by_text("0.97").first.wait_for()
    page.press("a").until_saved()  # one suggestion is taken, the other stays one
    nb.kernel.wait("len(lab.value) == 6")
    for theme in ("light", "dark"):
        nb.theme(theme)
        nb.page.wait_for_timeout(300)
        root.scroll_into_view_if_needed()
        root.screenshot(path=ARTEFACTS / f"image-labeler-{theme}.png")
    assert not nb.kernel.complaints()
    assert not nb.problems


def test_the_picture_of_recordings(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([AUDIO])
    nb.kernel.run(made_speech())
    nb.run(0)
    root = nb.labeler(0)
    page = LabelerPage(root).until_ready().focus()
    root.locator(".nbl-recording[data-state=ready]").wait_for()
    root.get_by_text("0.93").first.wait_for()
    page.press("Home", ".")  # the first segment, and its text
    nb.page.set_viewport_size({"width": 1280, "height": 1150})  # all of it
    for theme in ("light", "dark"):
        nb.theme(theme)
        nb.page.wait_for_timeout(800)  # the spectrogram comes in tiles
        root.scroll_into_view_if_needed()
        nb.page.mouse.move(0, 0)
        root.screenshot(path=ARTEFACTS / f"audio-labeler-{theme}.png")
    assert not nb.kernel.complaints()
    assert not nb.problems
