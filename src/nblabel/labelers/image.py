"""`ImageLabeler`: boxes, polygons, polylines, keypoints, masks, choices and free text on images."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import shapes
from ..annotations import AnyAnnotation, Shape
from ..errors import InvalidAnnotation, NblabelError, nearest
from ..formats import tidy
from ..media.base import MediaError
from ..media.drawing import DrawingReader
from ..media.images import ImageReader, on_white
from ..media.overlays import Style, cut_out, inside, overlaid
from ..media.prompts import Prompts, Window, window_of
from ..records import Item, Labelled
from ..schema import Boxes, Choices, FieldLike, LabelLike, Masks, Polygons, Polylines, Skeletons
from ..sources.images import open_images
from ..suggest import segment
from .base import Labeler, front_end
from .bridge import Tool

__all__ = ["ImageLabeler"]

_AREAS = (Boxes, Polygons, Masks)


class ImageLabeler(Labeler):
    """Label images inline.

    Parameters
    ----------
    data : path, folder, glob, list, frame or array
        What to label: paths (relative ones are kept as they are written), a folder, a glob, a list of paths, data URIs,
        bytes, PIL images or numpy arrays, a frame or list of dicts with a column of these, or a single one.

        An array is one image if it is (height, width) or (height, width, bands) with 1, 3 or 4 bands, and a stack of
        images if it is (n, height, width) with any other last number, or (n, height, width, bands). With ``bands=``
        an array of three dimensions is one image. Arrays in a list are one image each.
    image : str, optional
        The column (or dict key) that holds the images; may be left out where only one column does.
    boxes, polygons, polylines, masks : list of labels or Boxes, Polygons, Polylines, Masks, optional
        Labels to draw rectangles, outlines and open lines with, and to paint regions with.
    keypoints : list of labels or Skeletons, optional
        Labels of single points; ``nb.Skeletons(["person"], points=[...], edges=[...])`` for named points that belong
        together.
    choices : list of labels or Choices, optional
        Labels to choose one of; ``nb.Choices(..., multiple=True)`` for several.
    fields : dict, optional
        Further questions by name: a list of labels, ``"text"``, or a field such as ``nb.Boxes(...)``.
    key : str, optional
        Column that identifies an item for good. Without it paths are known as they are written, whatever the files
        hold, and all else by content; only a key makes answers independent of where files lie.
    show : sequence of str
        Columns shown beside the image.
    root : path, optional
        The folder that relative paths lie under.
    bands : int or (int, int, int), optional
        Which bands of an image with many are shown, as grey or as red, green and blue; counted from 0.
    stretch : str or tuple, optional
        How values become colours: ``"minmax"``, ``"full"`` (what the type can hold), ``(low, high)`` or
        ``("percentile", low, high)``. If left out, 8 bits are shown as they are, and deeper or real numbers from the
        2nd to the 98th percentile. The labeler says which values are black and white.
    draw : callable, optional
        ``draw(canvas, value)`` draws each item on an ipycanvas ``Canvas``; ``value`` is the element of the list, the
        value of the column ``image``, or without one the row as a dict. It is called in another thread.
    size : (int, int)
        Width and height of what ``draw`` draws on.
    segmenter : callable, object or False, optional
        What turns clicks and boxes into masks for the smart tool: a function ``(image, points, box) -> mask`` or an
        object with such a method ``segment``. If left out, GrabCut where OpenCV is installed, else scikit-image, else
        there is no such tool; ``False`` for none.
    crosshair : bool
        Whether lines through the pointer help to aim.
    name : str, optional
        The data set: labelers of one store with different questions need different names.
    store : str, path or Store, optional
        A file, ``":memory:"`` or a database URL; ``NBLABEL_STORE`` or ``nblabel.db`` if left out.
    annotator : str, optional
        Who labels; the account's name if left out.
    suggest : callable, Suggester or a list of these, optional
        What suggests annotations: a function of the upright image as an array (height, width, 3) of 8 bits. Suggestions
        are answers only once a person submits them.
    order : str, Strategy or callable
        ``"sequential"``, ``"random"``, a callable from the data to positions, or a strategy by which what comes next is
        ranked anew while you label: ``"uncertainty"``, ``"diversity"``, ``"disagreement"``, ``"balanced"``, or one of
        `nblabel.ordering`.
    learn_every : int, optional
        After how many new answers models that learn do so again; as they want it if left out.
    hold_out : float
        The share of items whose answers models that are trained never see, to measure them.
    blind : float
        The share of items whose suggestions are not shown, to see whether they lead people; see `anchoring`.
    into : str or dict, optional
        Column(s) of the pandas frame that answers are written to and read from.
    guidelines : str or Path
        Markdown shown on request; a ``Path`` is read.
    keys : dict, optional
        Shortcuts by action, such as ``{"submit": "s"}``.
    height : int or str, optional
        Height of the image's place, in pixels or as CSS length.

    Notes
    -----
    Coordinates are float pixels of the upright image: EXIF's orientation is applied once, everywhere. The origin is the
    top left corner, and the first pixel covers 0 to 1. Images of more than 16 million pixels or 8,192 on a side go to
    the page in tiles; ``pip install 'nblabel[tiles]'`` reads these in parts. Nothing is ever fetched from a URL, and
    files are only read, never written.

    Examples
    --------
    >>> import numpy as np
    >>> import nblabel as nb
    >>> photo = np.zeros((60, 80, 3), dtype=np.uint8)
    >>> photo[20:40, 10:50] = (255, 128, 0)
    >>> lab = nb.ImageLabeler([photo], boxes=["cat", "dog"], choices=["sharp", "blurred"], store=":memory:")
    >>> lab.submit([nb.Box(10, 20, 40, 20, "cat"), nb.Choice("sharp")])
    >>> lab.annotations[["label", "x", "y", "width", "height"]].values.tolist()[0]
    ['cat', 10.0, 20.0, 40.0, 20.0]
    >>> int(lab.mask(0, "boxes").sum()), lab.crops().image[0].size
    (800, (40, 20))
    """

    OWN: ClassVar[tuple[str, ...]] = (
        "image",
        "boxes",
        "polygons",
        "polylines",
        "keypoints",
        "masks",
        "choices",
        "root",
        "bands",
        "stretch",
        "draw",
        "size",
        "segmenter",
        "crosshair",
    )
    KIND: ClassVar[str] = "image"

    _esm = front_end("image", "js")
    _css = front_end("image", "css")

    def __init__(
        self,
        data: Any,
        image: Hashable | None = None,
        *,
        boxes: Sequence[LabelLike] | Boxes | None = None,
        polygons: Sequence[LabelLike] | Polygons | None = None,
        polylines: Sequence[LabelLike] | Polylines | None = None,
        keypoints: Sequence[LabelLike] | Skeletons | None = None,
        masks: Sequence[LabelLike] | Masks | None = None,
        choices: Sequence[LabelLike] | Choices | None = None,
        fields: Mapping[str, FieldLike] | None = None,
        key: Hashable | None = None,
        show: str | Sequence[str] = (),
        root: str | os.PathLike[str] | None = None,
        bands: int | Sequence[int] | None = None,
        stretch: Any = None,
        draw: Callable[[Any, Any], Any] | None = None,
        size: tuple[int, int] = (800, 600),
        segmenter: Any = None,
        crosshair: bool = True,
        **options: Any,
    ) -> None:
        self._refuse_unknown(options)
        questions = self._questions(
            {
                "boxes": (boxes, Boxes),
                "polygons": (polygons, Polygons),
                "polylines": (polylines, Polylines),
                "keypoints": (keypoints, Skeletons),
                "masks": (masks, Masks),
                "choices": (choices, Choices),
            },
            fields,
            "boxes=['cat', 'dog'] or choices=['yes', 'no']",
        )
        shown = (show,) if isinstance(show, str) else tuple(show)
        self._reader: ImageReader | DrawingReader
        if draw is None:
            self._reader = ImageReader(root, bands=bands, stretch=stretch)
        else:
            self._reader = DrawingReader(draw, size)
        source = open_images(
            data, self._reader, column=image, key=key, show=shown, root=root, bands=bands, drawn=draw is not None
        )
        tools = {} if isinstance(self._reader, DrawingReader) else _tools(self._reader, segmenter)
        super().__init__(
            source,
            questions,
            fields=fields,
            present=self._reader.present,
            serve=self._reader.piece,
            tools=tools,
            view=None if draw is not None else self._reader.pixels,
            options={"smart": "segment" in tools, "crosshair": bool(crosshair)},
            **options,
        )

    def close(self) -> None:
        """End the labeler: the page stops, answers stay in the store, images are forgotten."""
        super().close()
        reader = getattr(self, "_reader", None)
        if reader is not None:
            reader.close()

    # ---- results --------------------------------------------------------------------------------

    def image(self, key: Hashable, *, width: int | None = None) -> Any:
        """The upright image of an item as an RGB PIL image, as it is shown.

        Parameters
        ----------
        key : hashable
            The item's key.
        width : int, optional
            Scale it down to this width; of a large image then no more is read than that needs.
        """
        item = self._session.said(key).item
        return self._reader.image(item, self._longest(item, width))

    def thumbnail(self, item: Item, side: int = 160) -> Any:
        """The upright image of an item, scaled to fit into a square, as an RGB PIL image: what `nblabel.Gallery` shows.

        Parameters
        ----------
        item : Item
            Which one.
        side : int
            Longer side in pixels, from 64 to 1024.
        """
        from PIL import Image

        piece = self._reader.piece(item, "preview", (int(side),))
        return on_white(Image.open(io.BytesIO(piece.data)))

    def _longest(self, item: Item, width: int | None) -> int | None:
        """The longer side of an item's image scaled to a width."""
        if width is None:
            return None
        if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
            raise NblabelError(f"width={width!r} is no number of pixels")
        size = self._reader.size(item)
        return max(round(int(width) * max(size) / size[0]), 1)

    def mask(
        self,
        key: Hashable,
        field: str | None = None,
        label: str | None = None,
        *,
        instances: bool = False,
        annotator: str | None = None,
    ) -> npt.NDArray[np.bool_] | npt.NDArray[np.int32]:
        """The pixels that are marked on an item, by masks, closed polygons or boxes of one field.

        Parameters
        ----------
        key : hashable
            The item's key.
        field : str, optional
            The question; may be left out where only one asks for areas.
        label : str, optional
            Only areas with this label.
        instances : bool
            Number the areas from 1, in the order of the answer; later ones lie above.
        annotator : str, optional
            Who marked them; you if left out.

        Returns
        -------
        array of bool (height, width)
            True in an area; with ``instances`` an array of integers, 0 outside.
        """
        name = self._area_field(field)
        asked = self.schema.field(name)
        if label is not None and asked.label(label) is None:
            known = [one.name for one in asked.get_labels()]
            raise InvalidAnnotation(f"label {label!r}", f"field {name!r} has no such label", hint=nearest(label, known))
        said = self._session.said(key, annotator)
        marked = [
            a for a in said.response.annotations if a.field == name and label in (None, getattr(a, "label", None))
        ]
        return inside(marked, self._reader.size(said.item), instances=instances)

    def _area_field(self, field: str | None) -> str:
        areas = [one.name for one in self.schema.fields if isinstance(one, _AREAS)]
        if field is None:
            if len(areas) == 1:
                return areas[0]
            what = f"several fields ask for areas: {', '.join(areas)}" if areas else "no field asks for areas"
            raise NblabelError(what, f"name one, such as field={areas[0]!r}" if areas else "")
        if self.schema.field(field).name not in areas:
            raise NblabelError(f"field {field!r} asks for nothing that has an inside", nearest(field, areas))
        return field

    def crops(
        self,
        field: str | None = None,
        labels: str | Sequence[str] | None = None,
        *,
        pad: int = 0,
        cut: bool = False,
    ) -> pd.DataFrame:
        """What your submitted answers mark, cut out: one row a shape.

        Parameters
        ----------
        field : str, optional
            Only shapes of this question.
        labels : str or sequence of str, optional
            Only shapes with these labels.
        pad : int
            Pixels around each shape that are taken along.
        cut : bool
            Whether what is in the rectangle but outside of the shape becomes transparent.

        Returns
        -------
        DataFrame
            ``key, id, field, kind, label, image``: a PIL image of the shape's bounds, a rotated box set straight;
            ``None`` for shapes that lie outside, and for images that cannot be read.
        """
        if field is not None:
            self.schema.field(field)
        if isinstance(pad, bool) or not isinstance(pad, int | np.integer) or pad < 0:
            raise NblabelError(f"pad={pad!r} is no number of pixels")
        wanted = None if labels is None else {labels} if isinstance(labels, str) else set(labels)
        columns: dict[str, list[Any]] = {name: [] for name in ("key", "id", "field", "kind", "label", "image")}
        for row in self._session.labelled(status="submitted"):
            for shape in row.response.annotations:
                if not isinstance(shape, Shape) or field not in (None, shape.field):
                    continue
                label = getattr(shape, "label", "")
                if wanted is None or label in wanted:
                    said = (
                        row.item.key,
                        shape.id,
                        shape.field,
                        shape.kind,
                        label,
                        self._crop(row, shape, int(pad), cut),
                    )
                    for name, value in zip(columns, said, strict=True):
                        columns[name].append(value)
        images = np.empty(len(columns["image"]), dtype=object)
        images[:] = columns.pop("image")
        texts = {name: tidy.strings(values) for name, values in columns.items() if name != "key"}
        return pd.DataFrame({"key": tidy.keys_column(columns["key"]), **texts, "image": images})

    def _crop(self, row: Labelled, shape: Any, pad: int, cut: bool) -> Any:
        if isinstance(self._reader, DrawingReader):
            return self._reader.region(row.item, None)  # says why there is none
        if row.item.problem:
            return None
        reader, item = self._reader, row.item
        try:
            return cut_out(shape, reader.size(item), lambda box: reader.region(item, box), pad=pad, cut=cut)
        except MediaError:  # a file that breaks only where its pixels begin
            return None

    def render(
        self,
        key: Hashable,
        *,
        width: int | None = None,
        labels: bool = True,
        fields: str | Sequence[str] | None = None,
        line: float = 0.0,
        fill: float = 0.3,
        font: str | os.PathLike[str] = "",
        annotator: str | None = None,
    ) -> Any:
        """An item's image with what is marked on it so far, for papers and slides.

        Parameters
        ----------
        key : hashable
            The item's key.
        width : int, optional
            Width of the result in pixels; of a large image then no more is read than that needs.
        labels : bool
            Whether the labels are written beside the shapes.
        fields : str or sequence of str, optional
            Only shapes of these questions.
        line : float
            Width of lines in pixels of the result; by its size if 0.
        fill : float
            How opaque masks and polygons are filled, from 0 to 1.
        font : path, optional
            A font file, for labels in letters that Pillow's own font does not have.
        annotator : str, optional
            Whose marks; yours if left out.

        Returns
        -------
        PIL image
            RGB; write it with ``.save("figure.png")``.
        """
        names = self.schema.names if fields is None else (fields,) if isinstance(fields, str) else tuple(fields)
        for name in names:
            self.schema.field(name)
        said = self._session.said(key, annotator)
        image = self._reader.image(said.item, self._longest(said.item, width))
        marked: list[AnyAnnotation] = [a for a in said.response.annotations if a.field in names]
        scale = image.width / self._reader.size(said.item)[0]
        return overlaid(image, scale, marked, self.schema, Style(labels, line, fill, os.fspath(font)))


def _tools(reader: ImageReader, given: Any) -> dict[str, Tool]:
    """What the page's tools ask of Python: masks from clicks and boxes, where something can make them."""
    segmenter = segment.of(given)
    return {} if segmenter is None else {"segment": partial(_segmented, reader, segmenter)}


def _segmented(reader: ImageReader, segmenter: Any, item: Item, given: Any) -> dict[str, Any]:
    prompts = Prompts.of(given)
    window = window_of(reader.size(item), prompts, whole=segmenter.whole)
    image = np.asarray(on_white(reader.region(item, window.box, window.size)))
    return _placed(segment.ask(segmenter, image, window.into(prompts)), window)


def _placed(found: dict[str, Any], window: Window) -> dict[str, Any]:
    """A mask of a window as one of the image."""
    left, top, right, bottom = window.box
    if not found["width"] or window.size == (right - left, bottom - top):
        return {**found, "x": found["x"] + left, "y": found["y"] + top} if found["width"] else found
    from PIL import Image

    wide, high = window.scale
    runs = np.repeat(np.arange(len(found["counts"])) % 2 == 1, found["counts"])
    part = runs.reshape(found["width"], found["height"]).T
    x0, y0 = int(found["x"] * wide), int(found["y"] * high)
    x1 = min(round((found["x"] + found["width"]) * wide), right - left)
    y1 = min(round((found["y"] + found["height"]) * high), bottom - top)
    shown = Image.fromarray(part.astype(np.uint8) * np.uint8(255)).resize((max(x1 - x0, 1), max(y1 - y0, 1)))
    mask = np.asarray(shown) > 127
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not columns.size:
        return {"x": 0, "y": 0, "width": 0, "height": 0, "counts": []}
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return {
        "x": left + x0 + int(columns[0]),
        "y": top + y0 + int(rows[0]),
        "width": mask.shape[1],
        "height": mask.shape[0],
        "counts": list(shapes.run_lengths(mask)),
    }
