"""Who takes part in labelling images, and how each is shown, and used by mouse, as its own manual says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.notebook.driver import Notebook

from . import page, photos
from .photos import Colour, Corners
from .wants import Attributes, Changed, Colours, Settled, Spot, Want, Wanted

COMMON = """
import json

with open("boxes.json") as file:
    boxes = json.load(file)

def near(found, wanted):
    return any(all(abs(a - b) <= 1.01 for a, b in zip(one, wanted)) for one in found)
"""
"""What each has in its kernel: ``photo.jpg`` and the boxes on it, as lists of x, y, width, height."""


@dataclass(frozen=True)
class Placed:
    """Where the picture is on the screen, from the top left of the anchor."""

    x: float
    y: float
    scale: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a picture's point."""
        return self.x + x * self.scale, self.y + y * self.scale

    def spot(self, x: float, y: float, side: int = 5) -> Spot:
        return Spot(*self.at(x, y), side)


@dataclass(frozen=True)
class Imager:
    """One tool that draws on canvases."""

    name: str
    about: str
    """What is peculiar to it."""
    setup: str
    """Run beforehand, in a folder with ``photo.jpg``, after `COMMON`."""
    cell: str
    """The timed cell."""
    held: str
    """The boxes that Python holds, as lists of x, y, width, height."""
    anchor: str
    """The canvas on which the picture is; what the mouse does is done there."""
    stroke: Colour = photos.RED
    """The colour of its boxes."""
    tools: dict[str, str] = field(default_factory=dict)
    """What is clicked on for: ``drag`` a box, ``draw`` one, ``pan``. An empty string: nothing need be."""
    zooms: bool = False
    """The wheel zooms."""
    in_kernel: bool = False
    """The kernel draws, so the page's own work says little."""

    GRIP: ClassVar[tuple[float, float]] = (0.5, 0.5)
    """Where a box is taken to be dragged, in shares of its size."""

    # ---- where things are ---------------------------------------------------------------------------

    def shows(self, count: int) -> Wanted | None:
        """What tells that picture and boxes are there, before anyone knows where on the screen; None: a look is."""
        return None

    def place(self, nb: Notebook, cell: int) -> Placed | None:
        """Where the picture is now, by its two marks; None if they are not to be seen, or no box is."""
        first, second = (page.find(nb, cell, self.anchor, colour) for _, colour in photos.MARKS)
        if not first or not second or not page.find(nb, cell, self.anchor, self.stroke):
            return None
        (x, y, side, _), (more, _, _, _) = (place for place, _ in photos.MARKS)
        scale = (second["x"] - first["x"]) / (more - x)
        return Placed(first["x"] - (x + side / 2) * scale, first["y"] - (y + side / 2) * scale, scale)

    # ---- what is waited for -------------------------------------------------------------------------

    def painted(self, placed: Placed, boxes: list[Corners]) -> Wanted:
        """Picture and boxes are painted: both marks, the left edge of the first box and of the last."""
        marks = [(placed.spot(x + width / 2, y + height / 2), colour) for (x, y, width, height), colour in photos.MARKS]
        edges = [(placed.spot(x, y + height / 2, 7), self.stroke) for x, y, _, height in (boxes[0], boxes[-1])]
        return Colours(self.anchor, (*marks, *edges))

    def dragged(self, placed: Placed, box: Corners) -> Wanted:
        """The dragged box has come to ``box``: its right edge has, away from corners, handles and the pointer."""
        return Changed(self.anchor, (placed.spot(box[0] + box[2], box[1] + box[3] / 4),))

    def drawn(self, placed: Placed, box: Corners) -> Wanted:
        """The box that is just being drawn has got this size."""
        return Changed(self.anchor, (placed.spot(box[0] + box[2], box[1] + box[3] / 3),))

    def added(self, placed: Placed, box: Corners) -> Wanted:
        """It has become a box like the others."""
        return Changed(self.anchor, (placed.spot(box[0] + box[2] / 2, box[1] + box[3] / 2, round(box[3] * 1.5)),))

    def moved(self, placed: Placed) -> Wanted:
        """Picture and boxes are elsewhere: where the picture and where boxes are, all that is drawn has changed."""
        return Changed(self.anchor, tuple(placed.spot(x, y, 25) for x, y in ((200, 150), (950, 650))), layers=True)

    # ---- what is done -------------------------------------------------------------------------------

    def take(self, nb: Notebook, cell: int, tool: str) -> bool:
        """Bring a tool to hand; False if there is none."""
        if tool not in self.tools:
            return False
        if self.tools[tool]:
            nb.page.mouse.click(*page.point(nb, cell, self.tools[tool]))
            nb.sleep(0.5)
        return True

    def lay_down(self, nb: Notebook, tool: str) -> None:
        """Put a tool away."""

    def after_drag(self, box: Corners, dx: int, dy: int) -> Corners:
        """What a drag makes of a box."""
        return box[0] + dx, box[1] + dy, box[2], box[3]


class Svg(Imager):
    """One that shows boxes as SVG: the DOM tells everything."""

    _LAST = "svg > g:last-of-type > rect.movable"

    def shows(self, count: int) -> Wanted | None:
        return Want("svg > g", count=count)

    def place(self, nb: Notebook, cell: int) -> Placed | None:
        width = page.width(nb, cell, self.anchor)
        return Placed(0, 0, width / photos.WIDTH) if width else None

    def painted(self, placed: Placed, boxes: list[Corners]) -> Wanted:
        return Want("svg > g", count=len(boxes))

    def dragged(self, placed: Placed, box: Corners) -> Wanted:
        return Attributes(self._LAST, ("x", "y"))

    def drawn(self, placed: Placed, box: Corners) -> Wanted:
        return Attributes(self._LAST, ("width", "height"))

    def added(self, placed: Placed, box: Corners) -> Wanted:
        return Settled()


class Corner(Imager):
    """One whose boxes are dragged by a corner."""

    GRIP: ClassVar[tuple[float, float]] = (1, 1)

    def after_drag(self, box: Corners, dx: int, dy: int) -> Corners:
        return box[0], box[1], box[2] + dx, box[3] + dy


_BARE = '''
import anywidget, traitlets

class Bare(anywidget.AnyWidget):
    _esm = """
    export default { async render({ model, el }) {
      const decode = view => createImageBitmap(new Blob([view]));
      const pictures = await Promise.all(model.get("pictures").map(decode));
      const [width, height] = model.get("size");
      const box = document.createElement("div");
      box.className = "bare";
      box.tabIndex = 0;
      box.dataset.lmSuppressShortcuts = "true";
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const ctx = canvas.getContext("2d");
      let n = 0;
      const picture = () => {
        if (pictures.length) ctx.drawImage(pictures[n % pictures.length], 0, 0, width, height);
        ctx.fillStyle = model.get("signs")[n] ?? "transparent";
        ctx.fillRect(...model.get("place"));
      };
      const shown = [...model.get("boxes")];
      let active = model.get("handle").length ? model.get("handle") : null, held = null;
      const paint = () => {
        picture();
        ctx.strokeStyle = "#ff0000";
        ctx.lineWidth = 2;
        for (const one of shown) ctx.strokeRect(...one);
        ctx.strokeStyle = held?.draws ? "#ff8888" : "#ff0000";
        if (active) ctx.strokeRect(...active);
      };
      const at = event => [event.offsetX, event.offsetY];
      canvas.addEventListener("pointerdown", event => {
        const [x, y] = at(event), [left, top, across, down] = active;
        const inside = x >= left && y >= top && x <= left + across && y <= top + down;
        if (!inside) { shown.push(active); active = [x, y, 0, 0]; }
        held = inside ? { dx: left - x, dy: top - y } : { draws: true };
      });
      canvas.addEventListener("pointermove", event => {
        if (!held) return;
        const [x, y] = at(event);
        if (held.draws) active = [active[0], active[1], x - active[0], y - active[1]];
        else active = [x + held.dx, y + held.dy, active[2], active[3]];
        paint();
      });
      canvas.addEventListener("pointerup", () => { held = null; paint(); });
      box.addEventListener("keydown", event => { if (event.key === "1") { n += 1; picture(); } });
      if (active) paint(); else picture();
      box.append(canvas);
      el.append(box);
    } };
    """
    pictures = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    boxes = traitlets.List().tag(sync=True)
    handle = traitlets.List().tag(sync=True)
    signs = traitlets.List().tag(sync=True)
    place = traitlets.List([0, 0, 0, 0]).tag(sync=True)

def read(name):
    with open(name, "rb") as file:
        return file.read()
'''
"""A page that draws and does nothing else; its boxes lie in the page only."""

_EDIT = "button:has(.fa-pencil)"

NBLABEL = Imager(
    name="nblabel",
    about="three canvases; the boxes were there as a draft in the store",
    setup="import nblabel as nb\n"
    "labels = [nb.Label('thing', color='#ff0000')]\n"
    "before = nb.ImageLabeler(['photo.jpg'], boxes=labels)\n"
    "before.draft([nb.Box(*one, 'thing') for one in boxes])\n"
    "before.close()\n",
    cell="lab = nb.ImageLabeler(['photo.jpg'], boxes=labels, height=820)\nlab",
    held="[[one.x, one.y, one.width, one.height] for one in lab._session.response.annotations]",
    anchor="[data-testid=nbl-image]",
    tools={
        "drag": "[data-testid=nbl-tool-select]",
        "draw": "[data-testid=nbl-tool-box]",
        "pan": "[data-testid=nbl-tool-pan]",
    },
    zooms=True,
)
BBOX = Svg(
    name="jupyter-bbox-widget",
    about="SVG; shows a box as it will be while it is drawn, so at button up nothing changes: timed is the next frame",
    setup="from jupyter_bbox_widget import BBoxWidget\n"
    "given = [dict(zip(('x', 'y', 'width', 'height'), one), label='thing') for one in boxes]\n",
    cell="w = BBoxWidget(image='photo.jpg', classes=['thing'], colors=['#ff0000'], bboxes=given)\nw",
    held="[[one['x'], one['y'], one['width'], one['height']] for one in w.bboxes]",
    anchor="img",
    tools={"drag": "", "draw": ""},
)
ANYBIOIMAGE = Imager(
    name="anybioimage",
    about="one canvas; boxes can be drawn, selected and deleted, not moved",
    setup="import numpy as np, pandas as pd\nfrom PIL import Image\nfrom anybioimage import BioImageViewer\n"
    "photo = np.asarray(Image.open('photo.jpg'))\n"
    "given = pd.DataFrame(boxes, columns=['x', 'y', 'width', 'height'])\n"
    "given.insert(0, 'id', [f'roi_{n}' for n in range(len(given))])\n",
    cell="w = BioImageViewer(canvas_height=820)\nw.set_image(photo)\nw.rois_df = given\nw",
    held="w.rois_df[['x', 'y', 'width', 'height']].values.tolist()",
    anchor=".bioimage-viewer canvas",
    tools={"draw": "[data-mode=draw]", "pan": "[data-mode=pan]"},
    zooms=True,
)
IPYANNOTATIONS = Corner(
    name="ipyannotations",
    about="ipycanvas: every pointer move goes to the kernel, which draws all boxes anew; a box is dragged by a corner",
    setup="import pathlib\nfrom ipyannotations.images import BoxAnnotator\n"
    "given = [{'type': 'box', 'label': 'thing', 'xyxy': (x, y, x + width, y + height)}\n"
    "         for x, y, width, height in boxes]\n",
    cell="w = BoxAnnotator(canvas_size=(1200, 800), options=['thing'])\n"
    "w.display(pathlib.Path('photo.jpg'))\nw.data = given\nw",
    held="[[x, y, more - x, below - y] for x, y, more, below in (one['xyxy'] for one in w.data)]",
    anchor="canvas",
    stroke=(102, 194, 165),
    tools={"drag": _EDIT, "draw": _EDIT},  # on and off again
    in_kernel=True,
)
BARE = Imager(
    name="bare",
    about="draws the picture and its last box, and nothing else: the browser's own latency",
    setup=_BARE,
    cell="w = Bare(pictures=[read('photo.jpg')], size=[1200, 800], boxes=boxes[:1], handle=boxes[-1])\nw",
    held="[]",
    anchor=".bare canvas",
    tools={"drag": "", "draw": ""},
)

ALL = (NBLABEL, BBOX, ANYBIOIMAGE, IPYANNOTATIONS, BARE)
BY_NAME = {one.name: one for one in ALL}
