"""Recordings in a real JupyterLab: what is heard and marked is what Python holds, hours open at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MAKE = """
import numpy as np
import pandas as pd
import soundfile as sf
from pathlib import Path

import nblabel as nb

folder = Path("sounds")
folder.mkdir(exist_ok=True)
RATE = 11_025
t = np.arange(8 * RATE) / RATE
left = np.where((t >= 1) & (t < 2), 0.5 * np.sin(2 * np.pi * 330 * t), 0)
right = np.where((t >= 3) & (t < 5), 0.3 * np.sin(2 * np.pi * 500 * t), 0)
sf.write(folder / "two.wav", np.column_stack([left, right]), RATE, subtype="FLOAT")
sf.write(folder / "one.flac", left, RATE)
(folder / "<img src=x onerror=alert(1)>.mp3").write_bytes(b"ID3 no sound")

names = ["two.wav", "<img src=x onerror=alert(1)>.mp3", "one.flac"]
df = pd.DataFrame({"file": names}, index=names)
lab = nb.AudioLabeler(
    df, audio="file", root="sounds", segments=nb.Segments(["Ada", "Ben"], transcript=True, tiers="channel"),
    choices=["clear", "noisy"], into={"choices": "quality", "segments": "who"}, store=STORE, annotator="eve",
)
lab
"""


class Audio(LabelerPage):
    """A recording that the labeler shows whole."""

    def __init__(self, nb: Notebook, index: int = 0) -> None:
        super().__init__(nb.labeler(index))
        self.until_ready()

    def painted(self) -> Audio:
        self.root.locator(".nbl-recording[data-state=ready]").wait_for()
        self.part("timeline").scroll_into_view_if_needed()
        self.page.wait_for_timeout(100)
        return self

    def mark(self, start: float, end: float, y: float, duration: float = 8) -> Audio:
        """Drag from one share of the recording to another."""
        box = self.part("timeline").bounding_box()
        assert box
        mouse = self.page.mouse
        mouse.move(box["x"] + start / duration * box["width"], box["y"] + y)
        mouse.down()
        for part in (0.3, 0.7, 1):
            mouse.move(box["x"] + (start + part * (end - start)) / duration * box["width"], box["y"] + y)
        mouse.up()
        return self

    @property
    def time(self) -> float:
        minutes, seconds = self.part("time").inner_text().split(":")[-2:]
        return 60 * float(minutes) + float(seconds)


SEGMENTS = "[(a.start, a.end, a.label, a.text) for a in lab._session.response.annotations if a.kind == 'segment']"


def made(store: str, more: str = "") -> str:
    return MAKE.replace("STORE", repr(store)) + more


def test_heard_marked_and_written_is_what_python_holds(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([made("heard.db"), "lab.clips()", "df"])
    nb.run(0)
    page = Audio(nb).painted().focus()

    # it plays, by a key that the notebook does not get
    page.press("Home", "Space")
    page.root.locator("[data-testid=nbl-play][data-playing=true]").wait_for()
    nb.page.wait_for_timeout(400)
    page.press("Space")
    page.root.locator("[data-testid=nbl-play][data-playing=false]").wait_for()
    assert 0.05 < page.time < 8
    assert nb.count() == 3

    # to the sample: the play-head goes in whole seconds
    page.press("1", "Home", "ArrowRight", "[", "ArrowRight", "]").until_saved()
    nb.kernel.wait("len(lab.value) == 1")
    (start, end, label, _) = nb.kernel.value(SEGMENTS)[0]
    assert (start, end, label) == (1.0, 2.0, "Ada")
    page.press("t")
    nb.page.keyboard.type("good morning")
    page.press("Escape").until_saved()
    page.press(",", "2").until_saved()
    page.press("3", "Enter").until_key("<img src=x onerror=alert(1)>.mp3")
    page.part("item-problem").wait_for()  # it cannot be heard; the queue goes on
    page.press("Shift+X").until_key("one.flac")
    page.painted().press("1").mark(1, 2, 60).until_saved()
    nb.screenshot("audio-jupyterlab")
    nb.theme("dark")
    nb.page.wait_for_timeout(500)
    nb.screenshot("audio-jupyterlab-dark")
    nb.theme("light")
    page.press("4", "Enter").until_saved()

    nb.kernel.wait("lab.progress.submitted == 2")
    rows = nb.kernel.value(
        "lab.annotations.query(\"kind == 'segment'\")[['key', 'label', 'start', 'end', 'text']].values.tolist()"
    )
    assert rows[0] == ["two.wav", "Ben", 1.0, 2.0, "good morning"]
    assert rows[1][:2] == ["one.flac", "Ada"]
    assert abs(rows[1][2] - 1) < 0.05
    assert abs(rows[1][3] - 2) < 0.05
    # what is marked is exactly what is cut out
    assert nb.kernel.value("bool(np.array_equal(lab.clips().samples[0][:, 0], left[RATE:2 * RATE].astype('float32')))")
    assert nb.kernel.value("df['quality'].tolist()")[::2] == ["clear", "noisy"]
    assert nb.kernel.value("df['who'].iloc[0][0]['label']") == "Ben"
    assert nb.kernel.value("lab.responses['status'].tolist()") == ["submitted", "discarded", "submitted"]
    nb.run(1)
    assert not nb.errors(1)
    assert not nb.kernel.complaints()
    assert not nb.problems


def test_a_killed_kernel_loses_no_segment(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([made("killed.db")])
    nb.run(0)
    page = Audio(nb).painted().focus()
    page.press("1", "Home", "[", "ArrowRight", "]").until_saved()
    nb.freeze()
    page.press("ArrowRight", "[", "ArrowRight", "]")  # nobody is there to hear of it
    page.until_saving("unsaved")
    nb.kill()
    nb.recover()
    nb.run(0)
    page = Audio(nb).painted()
    page.until_saved()
    nb.kernel.wait("len(lab.value) == 2")
    assert [tuple(row[:2]) for row in nb.kernel.value(SEGMENTS)] == [(0.0, 1.0), (2.0, 3.0)]
    page.focus().press("Control+z").until_saved()
    nb.kernel.wait("len(lab.value) == 1")
    assert nb.count() == 1


LONG = """
import struct
import resource
import nblabel as nb

RATE, HOURS = 8000, 10
size = RATE * HOURS * 3600 * 2
with open("night.wav", "wb") as file:
    sixteen_bit = (16, 1, 1, RATE, 2 * RATE, 2, 16)
    file.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", *sixteen_bit, b"data", size))
    for hour in range(HOURS):  # a second of noise in each hour; the rest is silence that takes no room
        file.seek(44 + hour * RATE * 3600 * 2)
        file.write(bytes(range(256)) * (RATE * 2 // 256))
    file.truncate(44 + size)

def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = used()
lab = nb.AudioLabeler(["night.wav"], segments=["owl", "frog"], store=STORE)
lab
"""


def test_ten_hours_open_and_are_marked_at_once(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([LONG.replace("STORE", repr("night.db"))])
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready().focus()
    # nothing waits for the waves of ten hours
    page.press("1", "Home", "[", "ArrowRight", "]").until_saved()
    nb.kernel.wait("len(lab.value) == 1")
    Audio(nb).painted()
    page.focus().press("End", "Shift+ArrowLeft", "[", "ArrowRight", "]").until_saved()
    nb.kernel.wait("len(lab.value) == 2")
    times = nb.kernel.value("[(a.start, a.end) for a in lab.value]")
    assert [tuple(one) for one in times] == [(0.0, 1.0), (35_995.0, 35_996.0)]
    assert nb.kernel.value("used() - before") < 150  # of 576 MB
    assert not nb.kernel.complaints()
    assert not nb.problems


def test_an_edit_costs_the_same_beside_many_segments(open_notebook: Callable[..., Notebook]) -> None:
    many = "[nb.Segment(n / 2000, n / 2000 + 0.0004, 'Ben') for n in range(10_000)]"
    nb = open_notebook([made("many.db", f"\nlab.draft({many}, key='one.flac')\nlab\n")])
    nb.run(0)
    page = Audio(nb).painted().focus()
    nb.page.wait_for_timeout(1000)
    nb.traffic.clear()
    page.press("1", "Home", "[", "ArrowRight", "]").until_saved()
    nb.page.wait_for_timeout(500)
    alone, told = max(nb.traffic.sizes()), sum(nb.traffic.sizes(up=False))
    nb.kernel.run("lab.goto('one.flac')")
    page.until_key("one.flac")
    page.painted()
    nb.page.wait_for_timeout(1500)  # what lies beside it comes
    nb.traffic.clear()
    page.press("1", "Home", "[", "ArrowRight", "]").until_saved()
    nb.kernel.wait("len(lab.value) == 10_001")
    nb.page.wait_for_timeout(500)
    assert max(nb.traffic.sizes()) < alone + 300
    assert sum(nb.traffic.sizes(up=False)) < 2 * told + 20_000  # nor is anything sent back
