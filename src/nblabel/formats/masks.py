"""PNG masks: one image of class numbers for each image, and one image for each object where that is asked for.

A pixel's value is the number of its label, 0 where nothing is; the palette has the labels' colours. ``masks.json``
beside the masks names the classes and says which image each mask is of. Where shapes overlap, the upper one has the
pixels, and the report says so; a file for each object (``instances=True``) keeps them whole.

Without ``masks.json`` a mask is of the image of its name and classes are known by number, or by ``classes``. The value
255 of a palette is taken for the border of objects that data sets such as Pascal VOC have, and left out.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from ..annotations import AnyAnnotation, Box, Mask, Polygon
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Label, Schema
from ..shapes import Bitmap, cropped, mask_array, mask_of, to_mask
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading, sort_of, titled
from .disk import dumps, files_in, filling, json_of
from .figures import Fields, labels_of
from .pictures import Picture, array_of, pictures, places, png_of
from .said import dict_in
from .table import json_key, key_of_json

__all__ = ["read", "write"]

_INDEX = "masks.json"
_INSTANCES = "instances"
_VOID = 255
_SORTS = ("mask", "polygon", "box")
_COLOURED = 1 << 24
_MOST_CLASSES = 1 << 12
_OBJECT = re.compile(r"(?P<image>.+?)_(?P<label>.+)_(?P<n>[0-9]+)")  # as pycococreator names them
_OURS = re.compile(r"(?P<n>[0-9]+)_(?P<label>.*)")


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    instances: bool = False,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write masks into a folder; other files that are there stay.

    Parameters
    ----------
    path : path-like
        The folder.
    rows : iterable of Labelled
        What is written: masks, and the pixels whose centres are in polygons and boxes.
    schema : Schema
        The questions; the order of their labels numbers the classes, from 1.
    instances : bool
        Whether each object gets a file of its own, too, in the folder ``instances``.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        Taken for the sake of other formats; masks hold nothing besides.
    """
    log = Log()
    shown = list(pictures(rows, log, statuses))
    said = [a for one in shown for a in one.annotations]
    labels = labels_of(schema, said, _SORTS)
    if len(labels) >= 1 << 16:
        raise FormatError(f"{len(labels)} labels are more than a PNG file has values")
    numbers = {label.name: n for n, label in enumerate(labels, 1)}
    fields = Fields(said)
    found: dict[str, Any] = {"classes": {"background": 0, **numbers} if "background" not in numbers else numbers}
    images: dict[str, Any] = {}
    with filling(path) as folder:
        chosen = places(shown, ".png", log)
        for picture in shown:
            place = chosen.get(picture.name)
            if place is None:
                continue
            if place.parts[0] == _INSTANCES:
                place = PurePosixPath("_", place)
            shapes = _shapes(picture, numbers, fields, log)
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(_classes(shapes, picture, numbers, labels, log))
            together = Counter(a.label for a, _ in shapes)
            for label, number_ in together.items():
                if number_ > 1 and not instances:
                    why = "become one region; instances=True keeps them apart"
                    log.drop(picture.key, "", f"{number_} shapes with the label {label!r} {why}")
            if instances:
                _objects(folder / _INSTANCES / place.with_suffix(""), shapes)
            about: dict[str, Any] = {"image": picture.name}
            if picture.key != picture.name:
                about["key"] = json_key(picture.key, log)
            images[str(place)] = about
            log.items += 1
        found["images"] = images
        (folder / _INDEX).write_text(dumps(found, indent=1), encoding="utf-8", newline="\n")
    return log.report(path)


def _shapes(picture: Picture, numbers: Mapping[str, int], fields: Fields, log: Log) -> list[tuple[Any, Mask]]:
    """The shapes of an image with their pixels, from the lowest up."""
    kept: list[tuple[Any, Mask]] = []
    size = picture.size or (1, 1)
    for a in picture.annotations:
        if not isinstance(a, (Mask, Polygon, Box)) or sort_of(a) == "polyline":
            log.drop(picture.key, a.id, f"masks hold no {titled(a)}")
            continue
        if a.label not in numbers:
            log.drop(picture.key, a.id, f"{titled(a)} has no label that is a class")
            continue
        if isinstance(a, Mask) and a.size != size[::-1]:
            log.drop(picture.key, a.id, f"{titled(a)} is not of the image's size")
            continue
        if not isinstance(a, Mask) and not _on_grid(a):
            log.drop(picture.key, a.id, f"{titled(a)} is written as the pixels whose centres are in it")
        mask = to_mask(a, size)
        if len(mask.counts) < 2:
            log.drop(picture.key, a.id, f"{titled(a)} has no pixels in the image")
            continue
        log.part(picture.key, a, beyond(a, "z") + fields.lost(a))
        log.annotations += 1
        kept.append((a, mask))
    return sorted(kept, key=lambda one: one[0].z)  # of equals, the later one is above


def _on_grid(a: Box | Polygon) -> bool:
    """Whether it is a box whose edges are edges of pixels."""
    return isinstance(a, Box) and not a.rotation and not any(end % 1 for end in (a.x, a.y, a.width, a.height))


def _classes(
    shapes: Sequence[tuple[Any, Mask]], picture: Picture, numbers: Mapping[str, int], labels: Sequence[Label], log: Log
) -> bytes:
    """The image of class numbers."""
    width, height = picture.size or (1, 1)
    small = len(labels) < _VOID
    array = np.zeros((height, width), dtype=np.uint8 if small else np.uint16)
    for a, mask in reversed(shapes):  # from the uppermost down, each where nothing is yet
        left, top, part = cropped(mask)
        window = array[top : top + part.shape[0], left : left + part.shape[1]]
        free = part & (window == 0)
        hidden = int(part.sum() - free.sum())
        if hidden:
            log.drop(picture.key, a.id, f"{hidden} pixels of {titled(a)} are covered by what lies above it")
        window[free] = numbers[a.label]
    return png_of(array, _palette(labels) if small else None)


def _palette(labels: Sequence[Label]) -> list[int]:
    made = [0, 0, 0]
    for n, label in enumerate(labels):
        color = label.color.lstrip("#") or f"{(n * 4177 + 90) % 0xFFFFFF:06x}"
        color = "".join(sign * 2 for sign in color) if len(color) == 3 else color
        made += [int(color[at : at + 2], 16) for at in (0, 2, 4)]
    return made


def _objects(folder: Path, shapes: Sequence[tuple[Any, Mask]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n, (a, mask) in enumerate(shapes):
        name = urllib.parse.quote(a.label, safe=" ")[:150].replace(".", "%2E")
        (folder / f"{n:04}_{name}.png").write_bytes(png_of(mask_array(mask).astype(np.uint8) * 255))


# ---- read ----------------------------------------------------------------------------------------


def read(
    path: StrPath, *, classes: Mapping[int | str, str] | Sequence[str] | None = None, instances: bool | None = None
) -> Reading:
    """Read the masks of a folder.

    Parameters
    ----------
    path : path-like
        The folder.
    classes : mapping or sequence of str, optional
        The names of the classes by their number, or by their colour (``"#rrggbb"``) for masks that are coloured; of a
        sequence the first is number 1. In place of those of ``masks.json``.
    instances : bool, optional
        Whether objects are read from files of their own rather than from the class numbers: where there are such files
        if left out. They are those of `write`, or named ``image_label_number.png``.
    """
    place = Path(path)
    if not place.is_dir():
        if place.exists():
            raise FormatError(f"{os.fspath(path)} is a file", "give the folder of masks")
        raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
    log = Log()
    index = json_of(place / _INDEX, log) if (place / _INDEX).is_file() else {}
    index = index if isinstance(index, dict) else {}
    names = _names(classes, index, log)
    about = {name: one for name, one in dict_in(index, "images").items() if isinstance(one, dict)}
    files = {one.relative_to(place).as_posix(): one for one in files_in(place, {".png"})}
    own = {name: one for name, one in files.items() if name.startswith(f"{_INSTANCES}/")}
    files = {name: one for name, one in files.items() if name not in own}
    if instances is None:
        instances = bool(own)
    if not instances:
        groups: dict[str, list[tuple[str, Path]]] = {name: [("", one)] for name, one in files.items()}
    elif own:
        groups = {name: [] for name in files}
        for name, one in own.items():
            mask = str(PurePosixPath(name).relative_to(_INSTANCES).parent) + ".png"
            found = _OURS.fullmatch(PurePosixPath(name).stem)
            label = urllib.parse.unquote(found["label"]) if found else PurePosixPath(name).stem
            groups.setdefault(mask, []).append((label, one))
    else:
        groups = _named(files, log)
    reader = _Reader(names, about, log)
    items = [reader.item(name, parts, n) for n, (name, parts) in enumerate(groups.items())]
    used = [name for number_, name in sorted(names.items()) if number_]
    sorts = {DEFAULT_FIELDS["mask"]: "mask"} if used else {}
    return reading(path, items, log, labels=dict.fromkeys(sorts, used), sorts=sorts)


def _names(
    classes: Mapping[int | str, str] | Sequence[str] | None, index: Mapping[str, Any], log: Log
) -> dict[int, str]:
    """The names of classes by number; a colour counts from `_COLOURED` on."""
    if isinstance(classes, Mapping):
        return {_number(given): str(name) for given, name in classes.items()}
    if classes is not None:
        return {number_: str(name) for number_, name in enumerate(classes, 1)}
    made: dict[int, str] = {}
    for name, number_ in dict_in(index, "classes").items():
        if type(number_) is int and name.strip() and number_ not in made:
            made[number_] = name
        else:
            log.drop(None, "", f"{_INDEX} has the class {name!r} with the number {number_!r}")
    return made


def _number(given: int | str) -> int:
    if isinstance(given, int):
        return given
    if not re.fullmatch("#[0-9a-fA-F]{6}", given):
        raise FormatError(f"{given!r} is no class", "classes are known by a number or a colour such as '#00ff00'")
    return _COLOURED + int(given[1:], 16)


def _named(files: Mapping[str, Path], log: Log) -> dict[str, list[tuple[str, Path]]]:
    """Objects by the image that their file names."""
    groups: dict[str, list[tuple[str, Path]]] = {}
    for name, one in files.items():
        found = _OBJECT.fullmatch(one.stem)
        if found is None:
            log.drop(name, "", "is not named image_label_number.png")
            continue
        image = str(PurePosixPath(name).with_name(found["image"] + ".png"))
        groups.setdefault(image, []).append((found["label"], one))
    return groups


class _Reader:
    """Files on their way to items."""

    def __init__(self, names: dict[int, str], about: Mapping[str, dict[str, Any]], log: Log) -> None:
        self.names = names
        self.about = about
        self.log = log

    def item(self, name: str, parts: Sequence[tuple[str, Path]], position: int) -> Read:
        """The image that masks are of."""
        known = self.about.get(name, {})
        image = str(known.get("image", name))
        key: Hashable = key_of_json(known["key"]) if "key" in known else image
        size: tuple[int, int] | None = None
        made: list[AnyAnnotation] = []
        for label, file in parts:
            try:
                array, palette = array_of(file.read_bytes(), file.name)
                array = _single(array, file.name, colours=bool(label))
            except InvalidAnnotation as error:
                self.log.drop(key, "", str(error))
                continue
            own = (array.shape[1], array.shape[0])
            if size not in (None, own):
                self.log.drop(key, "", f"{file.name} is {own[0]} × {own[1]} pixels, another mask of its image is not")
                continue
            size = own
            if label:
                made.append(self._mask(array != 0, label, len(made)))
            else:
                made += self._classes(array, palette is not None, key)
        status: Status = "submitted" if size is not None else "pending"
        item = Item(key, image, position=position, size=size)
        return Read(item, Response("", "", status, tuple(made)))

    def _classes(self, array: npt.NDArray[Any], indexed: bool, key: Hashable) -> list[AnyAnnotation]:
        made: list[AnyAnnotation] = []
        values = np.unique(array).tolist()
        if len(values) > _MOST_CLASSES:
            self.log.drop(key, "", f"has {len(values)} values, so it is a picture and no mask")
            return made
        for value in values:
            number_ = int(value)
            if number_ in (0, _COLOURED) and self.names.get(number_) in (None, "background"):
                continue
            if number_ == _VOID and indexed and number_ not in self.names:
                self.log.drop(key, "", f"{int((array == value).sum())} pixels have the value 255, which is no class")
                continue
            shown = f"#{number_ - _COLOURED:06x}" if number_ >= _COLOURED else str(number_)
            label = self.names.setdefault(number_, shown)
            made.append(self._mask(array == value, label, len(made)))
        return made

    @staticmethod
    def _mask(array: Bitmap, label: str, n: int) -> Mask:
        return mask_of(array, label, id=f"mask{n}", field=DEFAULT_FIELDS["mask"])


def _single(array: npt.NDArray[Any], name: str, *, colours: bool) -> npt.NDArray[Any]:
    """One channel of an image: that of a grey one, or where an object's file has any colour that is not clear."""
    if array.ndim == 2:
        return array
    colour, clear = array[..., : array.shape[2] - (array.shape[2] in (2, 4))], None
    if array.shape[2] in (2, 4):
        clear = array[..., -1] == 0
    if colours:
        found: npt.NDArray[Any] = (colour != 0).any(axis=2)
        return found if clear is None else found & ~clear
    if not (colour == colour[..., :1]).all():
        if colour.dtype != np.uint8:
            raise InvalidAnnotation(name, "has colours of more than 8 bits")
        red, green, blue = (colour[..., n].astype(np.int32) for n in range(3))
        codes = _COLOURED + (red << 16) + (green << 8) + blue
        return codes if clear is None else np.where(clear, 0, codes)
    return colour[..., 0] if clear is None else np.where(clear, 0, colour[..., 0])
