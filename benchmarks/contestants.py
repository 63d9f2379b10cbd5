"""Who takes part, and how each is shown, labelled with and asked for its labels, as its own manual says."""

from __future__ import annotations

from dataclasses import dataclass

from tests.notebook.driver import Notebook

from . import page
from .data import ROWS, marker
from .page import Click, Key
from .wants import Want

POSITIVE = "positive"
NEGATIVE = "negative"


@dataclass(frozen=True)
class Contestant:
    """One tool.

    Code runs in the kernel; ``texts`` is the list to label (or as many images).
    """

    name: str
    about: str
    """What one label is here."""
    setup: str
    """Run beforehand and out of the page's sight: imports, and ``make(n, first)`` that puts n rows into ``texts``."""
    cell: str
    """The timed cell."""
    selector: str
    """Where the item is shown."""
    gestures: dict[str, Key | Click]
    """How to submit, by name."""
    count: str
    """How many labels Python holds."""
    labels: bool = True
    texts: bool = True
    sends_all: bool = False
    """All rows go to the page in one message; beyond some 80 MB the browser's driver of these measurements breaks."""

    def want(self, item: int) -> Want:
        """What the page shows when item number ``item`` is there."""
        return Want(self.selector, text=marker(item))

    def mark(self, nb: Notebook, cell: int, item: int) -> None:
        """What belongs to one label before it is submitted; not timed."""

    def opening(self, folder: str) -> str:
        """What is run in a new kernel, in a folder of its own, before anything is shown."""
        return f"import os\nos.makedirs({folder!r}, exist_ok=True)\nos.chdir({folder!r})\n{ROWS}\n{self.setup}"


_PLAIN = "def make(n, first=0):\n    global texts\n    texts = rows(n, first)\n"


class Annotate(Contestant):
    """jupyterannotate: there is no submit; a label is a marked word, and Next only moves on."""

    def mark(self, nb: Notebook, cell: int, item: int) -> None:
        box = page.word_box(nb, cell, ".content", "item")
        middle = box["y"] + box["height"] / 2
        page.drag(nb, (box["x"] + 1, middle), (box["x"] + box["width"] - 1, middle))
        nb.page.mouse.up()
        nb.until("window.__bench.root(path, a[0]).querySelector('.content .span')", cell, timeout=20)


class Boxes(Contestant):
    """jupyter-bbox-widget: one image after the other, its callback loads the next."""

    def want(self, item: int) -> Want:
        return Want(self.selector, width=200 + item)

    def mark(self, nb: Notebook, cell: int, item: int) -> None:
        # Its callback empties the boxes after the image has come: a box drawn before that breaks the page's code.
        nb.sleep(0.3)
        x, y = page.point(nb, cell, "img")
        page.drag(nb, (x - 60, y - 40), (x + 10, y + 30))
        nb.page.mouse.up()


_BARE = '''
import anywidget, traitlets

class Bare(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
      const texts = model.get("texts");
      let n = 0;
      const box = document.createElement("div");
      box.className = "bare";
      box.tabIndex = 0;
      box.dataset.lmSuppressShortcuts = "true";
      const text = document.createElement("p");
      const button = document.createElement("button");
      button.textContent = "next";
      const next = () => { n += 1; text.textContent = texts[n]; };
      box.addEventListener("keydown", event => { if (event.key === "1") next(); });
      button.addEventListener("click", next);
      text.textContent = texts[0];
      box.append(text, button);
      el.append(box);
    } };
    """
    texts = traitlets.List().tag(sync=True)
'''

_IMAGES = '''
import struct, zlib
from jupyter_bbox_widget import BBoxWidget

def png(width, height=150):
    """A grey image; its width tells which one it is."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress((b"\\0" + b"\\x80" * width) * height)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")

def make(n, first=0):
    global texts
    texts = [f"{i}.png" for i in range(first, first + n)]
    for i, name in enumerate(texts):
        with open(name, "wb") as file:
            file.write(png(200 + first + i))
'''

_BOXES = """
w = BBoxWidget(image=texts[0], classes=["positive", "negative"])
done = {}

@w.on_submit
def submitted():
    done[w.image] = w.bboxes
    if len(done) < len(texts):
        w.image = texts[len(done)]
        w.bboxes = []

w
"""

NBLABEL = Contestant(
    name="nblabel",
    about="a choice",
    setup="import pandas as pd\nimport nblabel as nb\n\ndef make(n, first=0):\n    global texts\n"
    "    texts = pd.DataFrame({'id': range(n), 'text': rows(n, first)})\n",
    cell="lab = nb.TextLabeler(texts, text='text', choices=['positive', 'negative'])\nlab",
    selector="[data-testid=nbl-text]",
    gestures={"key": Key("1", "Digit1", "[data-testid=nbl-root]"), "click": Click("[data-label=positive]")},
    count="lab.progress.submitted",
)
MOLABEL = Contestant(
    name="molabel",
    about="yes or no",
    setup="from molabel import SimpleLabel\n\ndef make(n, first=0):\n    global texts\n"
    "    texts = [{'text': t} for t in rows(n, first)]\n",
    cell="w = SimpleLabel(texts, render=lambda example: example['text'])\nw",
    selector=".molabel-example",
    gestures={"key": Key("Alt+Digit2", "Digit2", ".molabel-container"), "click": Click(".molabel-btn-yes")},
    count="len(w.annotations)",
    sends_all=True,
)
PIGEON = Contestant(
    name="pigeon",
    about="a choice",
    setup="from pigeon import annotate\n" + _PLAIN,
    cell="done = annotate(texts, options=['positive', 'negative'])",
    selector=".widget-output",
    gestures={"click": Click("button[title=positive]")},
    count="len(done)",
)
ANNOTATE = Annotate(
    name="jupyterannotate",
    about="a word marked; Next is timed, it has no submit",
    setup="from jupyterannotate import AnnotateWidget\n" + _PLAIN,
    cell="w = AnnotateWidget(docs=texts, labels=['PERSON', 'ORG'])\nw",
    selector=".content",
    gestures={"click": Click("[title='Next Document']")},
    count="sum(len(spans) for spans in w.spans)",
    sends_all=True,
)
BOXES = Boxes(
    name="jupyter-bbox-widget",
    about="a box on an image, loaded by the callback of its manual",
    setup=_IMAGES,
    cell=_BOXES,
    selector="img",
    gestures={"click": Click("button.success")},
    count="len(done)",
    texts=False,
)
BARE = Contestant(
    name="bare",
    about="swaps a text in the page and does nothing else: the browser's own latency",
    setup=_BARE + _PLAIN,
    cell="w = Bare(texts=texts)\nw",
    selector=".bare p",
    gestures={"key": Key("1", "Digit1", ".bare"), "click": Click(".bare button")},
    count="0",
    labels=False,
)

ALL = (NBLABEL, MOLABEL, PIGEON, ANNOTATE, BOXES, BARE)
BY_NAME = {one.name: one for one in ALL}
