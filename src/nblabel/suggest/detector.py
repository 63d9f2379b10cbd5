"""Object detectors as ONNX files: a plug-in, as no weights come with nblabel."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra, SuggestError
from ..records import Item
from ..schema import Boxes, Schema
from . import versions
from .adapters import Adapter, View
from .names import Names
from .recipes import Recipe

__all__ = ["Detector", "onnx_detector"]

Model: TypeAlias = "str | os.PathLike[str] | bytes"
Outputs: TypeAlias = Mapping[str, NDArray[Any]]
Layout: TypeAlias = 'Literal["yolo", "boxes", "detr"] | Callable[[Outputs], Any]'
Corners: TypeAlias = Literal["xyxy", "yxyx", "cxcywh"]
Rows: TypeAlias = NDArray[np.float64]
"""Found things as x1, y1, x2, y2 in the image that the model gets, score, and number of the class."""

_GREY = 114
_MOST = 3000
"""Boxes that are compared with each other, the surest."""
_READ = 1 << 20


class Detector(Recipe):
    """A detector with its options; made by `onnx_detector`."""

    def __init__(
        self,
        model: Model,
        labels: Mapping[int, str | None],
        layout: Layout,
        options: Mapping[str, Any],
    ) -> None:
        self.model = model
        self.labels = labels
        self.layout = layout
        self.options = options
        self._session: Any = None
        self._lock = threading.Lock()

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The detector for these questions."""
        if view is None:
            raise SuggestError("onnx_detector() suggests for images, not for texts or recordings")
        return _Detecting(self, schema, view)

    @property
    def stem(self) -> str:
        """What the model is called."""
        return "onnx" if isinstance(self.model, bytes) else Path(self.model).stem

    def session(self) -> Any:
        """The model, loaded when it is first asked."""
        with self._lock:
            if self._session is None:
                self._session = _loaded(self.model, self.options["providers"])
            return self._session


def onnx_detector(
    model: Model,
    labels: Sequence[str | None] | Mapping[int, str | None],
    *,
    size: int | tuple[int, int] = 640,
    layout: Layout = "yolo",
    threshold: float = 0.25,
    iou: float | None = 0.5,
    corners: Corners = "xyxy",
    fit: Literal["pad", "stretch"] = "pad",
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 255.0,
    field: str | None = None,
    name: str = "",
    providers: Sequence[str] | None = None,
) -> Detector:
    """A detector of things in images, for ``suggest=`` of an ``ImageLabeler`` with boxes.

    The model has one input for one image: (1, 3, height, width), or (1, height, width, 3), either without the first
    axis too, of floats or bytes.

    Parameters
    ----------
    model : path or bytes
        The ONNX file.
    labels : list or dict
        The label of each class in their order, ``None`` for classes to leave out, or labels by the numbers of their
        classes. Those that the schema does not have are reported.
    size : int or (int, int)
        Width and height of the image that the model gets; one number for a square.
    layout : {"yolo", "boxes", "detr"} or callable
        What the outputs are. ``"yolo"``: one of (1, 4 + classes, n) or (1, n, 4 + classes), with the centre, width and
        height of each box in pixels of the model's image and the scores of the classes, as YOLOv8 and later ones have
        it; with 5 + classes the fifth is whether there is anything, as YOLOv5 has it. ``"boxes"``: one with ``box`` in
        its name, (n, 4), one with ``score`` and one with ``label`` or ``class``, (n,), as torchvision's and SSDs
        have it; boxes in pixels of the model's image, or as shares of it where no number is above 1.5. ``"detr"``:
        ``logits``, (n, classes + 1), whose last class is nothing, and one with ``box``, of centres and sizes as shares
        of the image. A callable gets all outputs by name and returns rows of ``x1, y1, x2, y2, score, class`` in pixels
        of the model's image.
    threshold : float
        Below this score nothing is suggested.
    iou : float, optional
        Of two boxes of one class that overlap by more than this share of their union the surer is suggested; ``None``
        for both.
    corners : {"xyxy", "yxyx", "cxcywh"}
        What the four numbers of ``"boxes"`` are.
    fit : {"pad", "stretch"}
        Whether the image keeps its proportions, with grey around it.
    mean, std : float or three
        What pixels, of 0 to 255, are normalized with before the model gets them as floats.
    field : str, optional
        The only field that is answered.
    name : str
        What suggestions are told by; if empty the file's name, with a sign that changes with its content.
    providers : sequence of str, optional
        Of ONNX Runtime; all that are there if left out.

    Examples
    --------
    >>> yard = onnx_detector("yolov8n.onnx", ["person", None, "car"], threshold=0.4)
    >>> yard.stem
    'yolov8n'
    """
    named = dict(labels) if isinstance(labels, Mapping) else dict(enumerate(labels))
    if not callable(layout) and layout not in _LAYOUTS:
        raise SuggestError(f"onnx_detector(layout={layout!r}) is none of 'yolo', 'boxes', 'detr'", "or give a function")
    if corners not in ("xyxy", "yxyx", "cxcywh") or fit not in ("pad", "stretch"):
        raise SuggestError(f"onnx_detector(corners={corners!r}, fit={fit!r}) knows no such word")
    if not 0 <= threshold <= 1 or not (iou is None or 0 <= iou <= 1):
        raise SuggestError(f"onnx_detector(threshold={threshold!r}, iou={iou!r}) must be between 0 and 1")
    sides = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    if min(sides) < 1:
        raise SuggestError(f"onnx_detector(size={size!r}) must be pixels, 1 or more")
    options = {
        "size": sides,
        "complete": not isinstance(labels, Mapping),
        "threshold": threshold,
        "iou": iou,
        "corners": corners,
        "fit": fit,
        "mean": np.broadcast_to(np.asarray(mean, np.float32), 3),
        "std": np.broadcast_to(np.asarray(std, np.float32), 3),
        "field": field,
        "name": name,
        "providers": None if providers is None else list(providers),
    }
    return Detector(model, named, layout, options)


class _Detecting(Adapter):
    """A detector, asked about one image at a time."""

    def __init__(self, recipe: Detector, schema: Schema, view: View) -> None:
        super().__init__(schema, view)
        self._recipe = recipe
        given = {str(label): label for label in recipe.labels.values() if label is not None}
        self._names = Names(schema, (Boxes,), None, recipe.options["field"])
        if not self._names.fields:
            raise SuggestError("a detector draws boxes, and the schema has no field for that", "such as boxes=['cat']")
        if not any(self._names.places(label) for label in given):
            raise SuggestError(
                f"the schema has none of the detector's labels: {', '.join(list(given)[:12])}",
                "labels= gives the schema's names to the classes, in their order",
            )
        self.version = _sign(recipe.model)
        self.source = recipe.options["name"] or f"{recipe.stem}@{self.version}"

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The boxes in each image."""
        return [self._boxes(np.asarray(self.seen(item))) for item in items]

    def _boxes(self, image: NDArray[Any]) -> list[dict[str, Any]]:
        options = self._recipe.options
        session = self._recipe.session()
        given, back = _fitted(image, options["size"], options["fit"])
        outputs = session.run(None, {session.get_inputs()[0].name: self._input(given, session)})
        found = self._read({one.name: value for one, value in zip(session.get_outputs(), outputs, strict=True)})
        found = found[found[:, 4] >= options["threshold"]]
        if options["iou"] is not None:
            found = _apart(found, options["iou"])
        unknown: Counter[str] = Counter()
        made = []
        for left, top, right, bottom, score, number in found.tolist():
            other = f"class {int(number)}" if options["complete"] else None
            label = self._recipe.labels.get(int(number), other)
            places = [] if label is None else self._names.places(label)
            if label is not None and not places:
                unknown[label] += 1
            for field, known in places:
                (x1, y1), (x2, y2) = back(left, top), back(right, bottom)
                sides = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
                made.append({"kind": "box", "field": field, **sides, "label": known, "score": min(score, 1.0)})
        self.count_unknown(unknown)
        return made

    def _input(self, image: NDArray[np.uint8], session: Any) -> NDArray[Any]:
        """The image as the model's input wants it."""
        wanted = session.get_inputs()[0]
        values: NDArray[Any] = image
        if "uint8" not in wanted.type:
            values = (image.astype(np.float32) - self._recipe.options["mean"]) / self._recipe.options["std"]
            values = values.astype(np.float16 if "float16" in wanted.type else np.float32)
        if wanted.shape[-1] != 3:
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values if len(wanted.shape) == 3 else values[None])

    def _read(self, outputs: Outputs) -> Rows:
        recipe = self._recipe
        if callable(recipe.layout):
            made: Any = recipe.layout(outputs)
        else:
            try:
                made = _LAYOUTS[recipe.layout](outputs, recipe)
            except (LookupError, ValueError, StopIteration):
                shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in outputs.items())
                raise SuggestError(
                    f"{self.name} does not answer as layout={recipe.layout!r}: it has {shapes}",
                    "layout=lambda outputs: ... returns rows of x1, y1, x2, y2, score, class",
                ) from None
        rows = np.asarray(made if isinstance(made, np.ndarray) else list(made), np.float64)
        rows = rows.reshape(-1, 6) if rows.size else np.zeros((0, 6))
        if not np.isfinite(rows).all():
            raise SuggestError(f"{self.name} found things at places or with scores that are no numbers")
        return rows


# ---- images in, places out ---------------------------------------------------------------------


def _fitted(
    image: NDArray[Any], size: tuple[int, int], fit: str
) -> tuple[NDArray[np.uint8], Callable[[float, float], tuple[float, float]]]:
    """The image in the model's size, and where its points were in the image itself."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("onnx_detector", "image") from None
    height, width = image.shape[:2]
    scaled = size
    if fit == "pad":
        factor = min(size[0] / width, size[1] / height)
        scaled = (max(round(width * factor), 1), max(round(height * factor), 1))
    left, top = (size[0] - scaled[0]) // 2, (size[1] - scaled[1]) // 2
    made = np.full((size[1], size[0], 3), _GREY, np.uint8)
    upright = Image.fromarray(np.ascontiguousarray(image)).convert("RGB")
    made[top : top + scaled[1], left : left + scaled[0]] = np.asarray(upright.resize(scaled, Image.Resampling.BILINEAR))
    across, down = width / scaled[0], height / scaled[1]

    def back(x: float, y: float) -> tuple[float, float]:
        return min(max((x - left) * across, 0.0), width), min(max((y - top) * down, 0.0), height)

    return made, back


def _yolo(outputs: Outputs, recipe: Detector) -> Rows:
    (value,) = (np.asarray(value, np.float64) for value in outputs.values() if np.ndim(value) in (2, 3))
    table: NDArray[Any] = value.reshape(value.shape[-2:])
    classes = max(recipe.labels, default=-1) + 1
    wide = [axis for axis in (1, 0) if table.shape[axis] in (4 + classes, 5 + classes)]
    if not (wide or recipe.options["complete"]) and min(table.shape) >= 4 + classes:
        wide = [int(np.argmin(table.shape))]  # more classes than have labels
    table = table if wide[0] == 1 else table.T
    scores = table[:, 5:] * table[:, 4:5] if table.shape[1] == 5 + classes else table[:, 4:]
    return _rows(_cornered(table[:, :4], "cxcywh"), scores.max(axis=1), scores.argmax(axis=1))


def _boxes(outputs: Outputs, recipe: Detector) -> Rows:
    boxes = _named(outputs, "box").reshape(-1, 4)
    scores = _named(outputs, "score").reshape(-1)
    classes = _named(outputs, "label", "class").reshape(-1)
    boxes = _cornered(boxes, recipe.options["corners"])
    if not (boxes > 1.5).any():
        boxes = boxes * np.tile(recipe.options["size"], 2)
    return _rows(boxes, scores, classes)


def _detr(outputs: Outputs, recipe: Detector) -> Rows:
    logits = _named(outputs, "logit")
    logits = logits.reshape(-1, logits.shape[-1])
    risen = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely = (risen / risen.sum(axis=1, keepdims=True))[:, :-1]
    boxes = _cornered(_named(outputs, "box").reshape(-1, 4), "cxcywh") * np.tile(recipe.options["size"], 2)
    return _rows(boxes, likely.max(axis=1), likely.argmax(axis=1))


_LAYOUTS: dict[str, Callable[[Outputs, Detector], Rows]] = {"yolo": _yolo, "boxes": _boxes, "detr": _detr}


def _named(outputs: Outputs, *words: str) -> Rows:
    """The output that has one of the words in its name."""
    return np.asarray(next(v for name, v in outputs.items() if any(w in name.lower() for w in words)), np.float64)


def _rows(boxes: Rows, scores: Rows, classes: NDArray[Any]) -> Rows:
    return np.column_stack([boxes, scores, classes])


def _cornered(boxes: Rows, corners: str) -> Rows:
    if corners == "yxyx":
        return boxes[:, [1, 0, 3, 2]]
    if corners == "xyxy":
        return boxes
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def _apart(found: Rows, iou: float) -> Rows:
    """The surest of those that overlap, class by class."""
    found = found[np.argsort(-found[:, 4], kind="stable")][:_MOST]
    kept = []
    left = np.arange(len(found))
    areas = np.prod(np.maximum(found[:, 2:4] - found[:, :2], 0), axis=1)
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        shared = np.minimum(found[left, 2:4], found[first, 2:4]) - np.maximum(found[left, :2], found[first, :2])
        both = np.prod(np.maximum(shared, 0), axis=1)
        union = areas[left] + areas[first] - both
        same = found[left, 5] == found[first, 5]
        left = left[~(same & (both > iou * union))]
    return found[kept]


# ---- the file --------------------------------------------------------------------------------------


def _sign(model: Model) -> str:
    """What changes with the model: of a large file the beginning, the end and the length."""
    if isinstance(model, bytes):
        return versions.digest(len(model), model[:_READ], model[-_READ:])
    try:
        with Path(model).open("rb") as file:
            start = file.read(_READ)
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - _READ, 0))
            return versions.digest(length, start, file.read(_READ))
    except OSError as error:
        raise SuggestError(f"the detector {os.fspath(model)!r} cannot be read: {error.strerror or error}") from None


def _loaded(model: Model, providers: Iterable[str] | None) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtra("onnx_detector", "onnx") from None
    given = model if isinstance(model, bytes) else os.fspath(model)
    try:
        return onnxruntime.InferenceSession(given, providers=providers or onnxruntime.get_available_providers())
    except Exception as error:  # ONNX Runtime has a class of its own for each thing that can be wrong
        words = (str(error).strip().splitlines() or [""])[0]
        shown = "the bytes given" if isinstance(model, bytes) else repr(given)
        raise SuggestError(f"{shown} cannot be loaded by onnx_detector: {words}") from error
