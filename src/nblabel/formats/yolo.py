"""YOLO data sets: a folder with ``data.yaml`` and one text file of labels an image; places in shares of its size.

A line is ``class cx cy w h`` (detect), ``class x1 y1 x2 y2 x3 y3 x4 y4`` (obb), ``class x1 y1 x2 y2 ...`` (segment) or
``class cx cy w h`` with ``x y`` or ``x y v`` for each point (pose); a confidence or the number of a track may follow.
Labels lie in ``labels/train`` and images in ``images/train``, or both below ``train``; older data sets (``obj.names``)
are read too. Shares need the size of the image: it is read from the image's header, or given with ``sizes``.

A data set asks for one of the four tasks, so shapes of other kinds are made to fit, and the report says which: boxes
stand for polygons and masks (detect), outlines for masks and boxes (segment). What lies outside the image is cut off,
since trainers leave out whole images for it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ..annotations import AnyAnnotation, Box, Keypoints, Polygon
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Response, Status
from .base import DEFAULT_FIELDS, Log, Read, Reading, StrPath, converted, reading, sort_of
from .disk import files_in, text_of
from .figures import box_of_corners, is_bounds
from .pictures import IMAGES, Sizes, image_size, number, size_of
from .yolo_data import About, label_files
from .yolo_writing import Task, checked, write

__all__ = ["read", "write"]


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath, *, task: Task | None = None, images: StrPath | None = None, sizes: Sizes = None) -> Reading:
    """Read a data set.

    Parameters
    ----------
    path : path-like
        Its folder, its ``data.yaml``, or a folder of labels.
    task : {"detect", "segment", "pose", "obb"}, optional
        What the lines are; told by them and by ``kpt_shape`` if left out. Lines of four points are taken for rotated
        boxes if all of them are rectangles.
    images : path-like, optional
        The folder of the images, where it is not beside the labels.
    sizes : mapping or callable, optional
        Width and height by the name of an image, where images are not there or their headers need not be read.
    """
    chosen = checked(task)
    place = Path(path)
    log = Log()
    about = About(place, log)
    labels = label_files(about.root, about.within)
    seen = _images_of(about.root, None if images is None else Path(images), labels)
    if about.within != about.root:  # a part of the data set
        seen.spare.clear()
    if not labels and about.data is None:
        raise FormatError(
            f"{os.fspath(path)} holds no YOLO labels", "it should have data.yaml and a folder of .txt files"
        )
    lines = [_lines(one) for one in labels]
    parser = _Parser(about, chosen or about.task or _guess([values for own in lines for _, values in own]), log)
    items: list[Read] = []
    for file, own in zip(labels, lines, strict=True):
        items.append(_item(file, own, seen, about, sizes, parser, len(items)))
    for name, image in sorted(seen.spare.items()):  # without labels: nobody has looked at them
        item = Item(name, str(image), position=len(items), size=size_of(name, sizes))
        items.append(Read(item, Response("", ""), about.split(name)))
    return reading(
        path,
        items,
        log,
        labels=dict.fromkeys(parser.fields, parser.labels),
        skeletons={DEFAULT_FIELDS["keypoints"]: about.skeleton} if DEFAULT_FIELDS["keypoints"] in parser.fields else {},
        sorts=parser.fields,
        file={"data": about.data} if about.data else None,
    )


class _Images:
    """Image files by where their labels would be."""

    def __init__(self) -> None:
        self.by_stem: dict[str, list[tuple[str, Path]]] = {}
        self.spare: dict[str, Path] = {}


def _images_of(root: Path, given: Path | None, labels: Sequence[Path]) -> _Images:
    """The images of a data set by their place without ``images`` and ending."""
    made = _Images()
    known = {_stem(one, root) for one in labels}
    folder = root if given is None else given
    for one in files_in(folder, IMAGES):
        name = one.relative_to(folder).as_posix()
        stem = _stem(one, folder)
        made.by_stem.setdefault(stem, []).append((name, one))
        if stem not in known and given is None:
            made.spare[name] = one
    return made


def _stem(file: Path, root: Path) -> str:
    """Where a file lies, without its ending and the last folder that says whether it holds images or labels."""
    parts = list(file.relative_to(root).with_suffix("").parts)
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in ("labels", "images", "Annotations", "Images"):
            del parts[at]
            break
    return "/".join(parts)


_Lines: TypeAlias = "list[tuple[int, list[str]]]"


def _lines(file: Path) -> _Lines:
    return [(n, line.split()) for n, line in enumerate(text_of(file).splitlines(), 1) if line.strip()]


def _guess(lines: Sequence[Sequence[str]]) -> Task:
    """The task whose lines these are, where nothing says it."""
    if any(len(values) not in (5, 6, 9, 10) for values in lines):
        return "segment"
    four = [values for values in lines if len(values) in (9, 10)]
    if not four:
        return "detect"
    try:
        found = [[float(value) for value in values[1:9]] for values in four]
    except ValueError:
        return "segment"
    turned = [box_of_corners(list(zip(p[::2], p[1::2], strict=True)), slack=math.inf) for p in found]
    # in shares of a size that is not known a rectangle is a parallelogram
    straight = all(abs(p[0] + p[4] - p[2] - p[6]) < 1e-3 and abs(p[1] + p[5] - p[3] - p[7]) < 1e-3 for p in found)
    return "obb" if straight and all(turned) and len(four) == len(lines) else "segment"


def _item(file: Path, lines: _Lines, seen: _Images, about: About, sizes: Sizes, parser: _Parser, position: int) -> Read:
    found = seen.by_stem.get(_stem(file, about.root)) or seen.by_stem.get(file.stem) or []
    log = parser.log
    name, image = found[0] if found else (file.relative_to(about.root).with_suffix("").as_posix(), None)
    if len(found) > 1:
        log.drop(name, "", f"{len(found)} images could have these labels: {', '.join(one for one, _ in found[:4])}")
    size = size_of(name, sizes) or (None if image is None else image_size(image))
    made: list[AnyAnnotation] = []
    if size is None and lines:
        why = "cannot be opened" if image is not None else "was not found"
        log.drop(name, "", f"its image {why}, so its size is not known and its {len(lines)} labels cannot be placed")
    for n, values in lines:
        try:
            made += parser.shapes(values, size, name, f"line{n}") if size is not None else []
        except InvalidAnnotation as error:
            log.drop(name, "", f"{file.name}, line {n}: {error}")
    item = Item(name, name if image is None else str(image), position=position, size=size)
    status: Status = "submitted" if size is not None or not lines else "pending"
    return Read(item, Response("", "", status, tuple(made)), about.split(name))


class _Parser:
    """A line on its way to shapes."""

    def __init__(self, about: About, task: Task, log: Log) -> None:
        self.about = about
        self.task = task
        self.log = log
        self.fields: dict[str, str] = {}
        self.names = dict(about.names)

    @property
    def labels(self) -> list[str]:
        """The names of the classes, by their numbers."""
        return [self.names[number_] for number_ in sorted(self.names)]

    def shapes(self, values: list[str], size: tuple[int, int], key: Hashable, id_: str) -> list[AnyAnnotation]:
        """The shapes of one line; raises `InvalidAnnotation`."""
        numbers = [number(value, "line") for value in values]
        label = self._label(numbers[0], key)
        own = numbers[1:]
        about = self.about
        pose = 4 + about.points * about.numbers
        if self.task == "pose" and len(own) in (pose, pose + 1) and about.points:
            return self._pose(own, size, label, id_)
        if len(own) in (4, 5):
            return [self._made(Box, {**self._box(own, size), **self._rest(own[4:])}, label, id_)]
        if self.task == "pose":
            raise InvalidAnnotation("line", f"has {len(own)} values besides the class; {pose} are expected")
        if len(own) < 6:
            raise InvalidAnnotation("line", f"has {len(own)} values besides the class")
        rest = own[len(own) - len(own) % 2 :]
        points = _pixels(own[: len(own) - len(own) % 2], size)
        if self.task == "obb" and len(points) == 4:
            # written with some decimals only, and sheared where shares of width and height are rounded
            found = box_of_corners(points, slack=max(1.0, max(size) * 1e-3))
            if found is not None:
                x, y, width, height, turn = found
                body = {"x": x, "y": y, "width": width, "height": height, "rotation": turn}
                return [self._made(Box, {**body, **self._rest(rest)}, label, id_)]
            self.log.drop(key, id_, f"the four points of {label!r} are no rectangle; read as a polygon")
        return [self._made(Polygon, {"points": points, **self._rest(rest)}, label, id_)]

    def _made(self, kind: type[Any], body: Mapping[str, Any], label: str, id_: str, group: str = "") -> Any:
        made = converted(kind, {**body, "label": label, "id": id_, "group": group})
        field = DEFAULT_FIELDS[sort_of(made)]
        self.fields.setdefault(field, sort_of(made))
        return msgspec.structs.replace(made, field=field)

    def _label(self, value: float, key: Hashable) -> str:
        if value != int(value) or not 0 <= value < 1_000_000:
            raise InvalidAnnotation("line", f"the class {value} is not a whole number")
        found = int(value)
        if found not in self.names:
            if self.about.names:
                self.log.drop(key, "", f"class {found} has no name; its number is its label")
            self.names[found] = str(found)
        return self.names[found]

    @staticmethod
    def _rest(given: list[float]) -> dict[str, Any]:
        """What follows the places: a confidence, or the number of a track."""
        if not given:
            return {}
        if given[0] == int(given[0]) and given[0] not in (0.0, 1.0):
            return {"attributes": {"track": int(given[0])}}
        return {"score": given[0]} if 0 <= given[0] <= 1 else {"attributes": {"track": given[0]}}

    @staticmethod
    def _box(own: list[float], size: tuple[int, int]) -> dict[str, float]:
        (x, y, width, height), (w, h) = own[:4], size
        if width <= 0 or height <= 0:
            raise InvalidAnnotation("line", f"the box is {width} wide and {height} high")
        return {"x": (x - width / 2) * w, "y": (y - height / 2) * h, "width": width * w, "height": height * h}

    def _pose(self, own: list[float], size: tuple[int, int], label: str, id_: str) -> list[AnyAnnotation]:
        n = self.about.numbers
        given = own[4 : 4 + self.about.points * n]
        points = []
        for at in range(0, len(given), n):
            (x, y), v = given[at : at + 2], given[at + 2] if n == 3 else 2.0
            seen = int(v) if v in (0, 1, 2) else 2 if v > 0.5 else 0  # predictions have a confidence there
            if n == 2 and x == y == 0:
                seen = 0
            points.append((x * size[0], y * size[1], seen))
        rest = self._rest(own[4 + len(given) :])
        body = self._box(own, size)
        if not any(point[2] for point in points):
            return [self._made(Box, {**body, **rest}, label, id_)]
        made = self._made(Keypoints, {"points": points, **rest}, label, id_)
        if is_bounds((body["x"], body["y"], body["width"], body["height"]), [made]):
            return [made]
        made = msgspec.structs.replace(made, group=id_)
        return [made, self._made(Box, {**body, **rest}, label, f"{id_}:box", id_)]


def _pixels(values: Sequence[float], size: tuple[int, int]) -> list[tuple[float, float]]:
    return [(x * size[0], y * size[1]) for x, y in zip(values[::2], values[1::2], strict=True)]
