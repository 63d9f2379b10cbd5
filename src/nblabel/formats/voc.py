"""Pascal VOC XML: boxes with ``difficult``, ``truncated`` and ``occluded``, one file an image.

Corners are edges in pixels from 0, as most tools write them. The data sets of the VOC challenges count pixels from 1
and the last one belongs to the box: ``one_based=True`` reads and writes them so.

Further elements that tools have added are known: ``polygon`` (Roboflow, supervision), ``robndbox`` (roLabelImg) and
``attributes`` (CVAT). All others are kept and written back. What has neither box nor outline is reported.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

from ..annotations import AnyAnnotation, Box, Mask, Polygon, Shape
from ..errors import InvalidAnnotation
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Schema
from ..shapes import bounds
from .apart import read_each, write_each
from .base import (
    Log,
    Meta,
    Read,
    Reading,
    StrPath,
    beyond,
    converted,
    reading,
    sort_of,
    titled,
)
from .figures import Fields, bridged, rings_of
from .markup import add, kept, restored, serialized, text_for, text_in, value_of, xml_of
from .pictures import Picture, number, pictures, short

__all__ = ["read", "write"]

_FLAGS = ("truncated", "difficult")
_KNOWN = frozenset(("name", "bndbox", "robndbox", "polygon", "occluded", "attributes", "pose", *_FLAGS))
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath, *, one_based: bool = False) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        An XML file, or a folder of them.
    one_based : bool
        Whether pixels count from 1 and the last one belongs to the box.
    """
    log = Log()
    items: list[Read] = []
    seen: set[Hashable] = set()
    for document, file, root in read_each(path, ".xml", log, xml_of, _odd):
        one = _item(document, file.relative_to(root), seen, log, one_based, len(items))
        seen.add(one.item.key)
        items.append(one)
    return reading(path, items, log)


def _odd(document: Element) -> str:
    return "" if document.tag == "annotation" else f"is no Pascal VOC file: it begins with <{document.tag}>"


def _item(document: Element, file: Path, seen: set[Hashable], log: Log, one_based: bool, position: int) -> Read:
    name = text_in(document, "filename").replace("\\", "/").strip()
    if not name or name.startswith("%"):  # some tools leave a pattern there
        name = file.stem
    if not PurePosixPath(name).suffix:
        name += PurePosixPath(text_in(document, "path").replace("\\", "/").strip()).suffix
    if "/" not in name:  # as `write` lays out images of several folders
        name = "/".join([*(part for part in file.parent.parts if part.lower() != "annotations"), name])
    key: Hashable = name if name not in seen else file.with_suffix("").as_posix()
    if key != name:
        log.drop(key, "", f"another file is of {name!r}, too; this one is known by its own name")
    size = None
    try:
        sides = [int(number(text_in(document, f"size/{side}"), side)) for side in ("width", "height")]
        size = (sides[0], sides[1]) if min(sides) > 0 else None
    except InvalidAnnotation as error:
        log.drop(key, "", f"has no size: {error}")
    made: list[AnyAnnotation] = []
    carried: dict[str, str] = {}
    for n, given in enumerate(document.findall("object")):
        id_ = f"object{n}"
        try:
            made += _shapes(given, id_, one_based)
        except InvalidAnnotation as error:
            log.drop(key, id_, str(error))
            continue
        rest = [child for child in given if child.tag not in _KNOWN]
        if rest:
            carried[id_] = kept(rest)
    rest = [child for child in document if child.tag not in ("object", "filename", "size")]
    meta: dict[str, Any] = {"xml": kept(rest)} if rest else {}
    depth = text_in(document, "size/depth").strip()
    meta |= {"depth": depth} if depth else {}
    meta |= {"root": dict(document.attrib)} if document.attrib else {}
    meta |= {"objects": carried} if carried else {}
    item = Item(key, name, position=position, size=size)
    return Read(item, Response("", "", "submitted", tuple(made)), meta)


def _shapes(given: Element, id_: str, one_based: bool) -> list[AnyAnnotation]:
    """The shapes of an object; raises `InvalidAnnotation`."""
    common: dict[str, Any] = {"label": text_in(given, "name"), "id": id_}
    attributes: dict[str, Any] = {name: True for name in _FLAGS if text_in(given, name).strip() in ("1", "true")}
    pose = text_in(given, "pose").strip()
    if pose and pose != "Unspecified":
        attributes["pose"] = pose
    for one in given.findall("attributes/attribute"):
        attributes[text_in(one, "name")] = value_of(text_in(one, "value"))
    turn = attributes.pop("rotation", 0.0)
    occluded = text_in(given, "occluded").strip() in ("1", "true") or attributes.pop("occluded", False) is True
    common |= {"attributes": attributes, "occluded": occluded}
    rotated = given.find("robndbox")
    if rotated is not None:
        cx, cy, width, height, angle = (_number(rotated, name) for name in ("cx", "cy", "w", "h", "angle"))
        body = {"x": cx - width / 2, "y": cy - height / 2, "width": width, "height": height}
        return [_made(Box, {**common, **body, "rotation": math.degrees(angle)})]
    outlines = [_points(one, one_based) for one in given.findall("polygon")]
    if outlines:
        group = id_ if len(outlines) > 1 else ""
        return [
            _made(Polygon, {**common, "points": points, "group": group, "id": f"{id_}:{n}" if n else id_})
            for n, points in enumerate(outlines)
        ]
    corners = given.find("bndbox")
    if corners is None:
        raise InvalidAnnotation(f"object {common['label']!r}", "has no box")
    left, top, right, bottom = (_number(corners, name) for name in _CORNERS)
    left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
    if one_based:
        left, top = left - 1, top - 1
    turned = float(turn) if isinstance(turn, (int, float)) else 0.0
    body = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": turned}
    return [_made(Box, {**common, **body})]


def _made(kind: type[Any], body: Mapping[str, Any]) -> AnyAnnotation:
    made: AnyAnnotation = converted(kind, body)
    return made


def _number(element: Element, name: str) -> float:
    return number(text_in(element, name).strip() or None, name)


def _points(element: Element, one_based: bool) -> list[tuple[float, float]]:
    """The corners of a polygon: x1, y1, x2 ... or points of x and y each."""
    values = [number((one.text or "").strip() or None, one.tag) for one in element.iter() if not len(one)]
    if len(values) % 2:
        raise InvalidAnnotation("polygon", f"has {len(values)} numbers, which are no points")
    return [(x - one_based, y - one_based) for x, y in zip(values[::2], values[1::2], strict=True)]


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    one_based: bool = False,
    rounded: bool = False,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one file an image into a folder, or the only one to a path that ends in ``.xml``.

    Parameters
    ----------
    path : path-like
        The folder, or the file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    one_based : bool
        Whether pixels count from 1 and the last one belongs to the box.
    rounded : bool
        Whether corners are rounded to whole pixels, for tools that read no others.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    shown = list(pictures(rows, log, statuses))
    fields = Fields(a for one in shown for a in one.annotations)
    writer = _Writer(one_based, rounded, fields, meta or {}, log)
    write_each(path, shown, ".xml", log, lambda picture, _, folder: writer.document(picture, str(folder)))
    return log.report(path)


class _Writer:
    """Images on their way to documents."""

    def __init__(self, one_based: bool, rounded: bool, fields: Fields, meta: Meta, log: Log) -> None:
        self.fields = fields
        self.one_based = one_based
        self.rounded = rounded
        self.meta = meta
        self.log = log
        self.told = False

    def document(self, picture: Picture, folder: str) -> str:
        """The file of one image."""
        carried = self.meta.get(picture.slot, {})
        root = Element("annotation", dict(carried.get("root", {})))
        known = {one.tag: one for one in restored(carried.get("xml"))}
        if "folder" in known:
            root.append(known.pop("folder"))
        elif folder not in ("", "."):
            add(root, "folder", folder)
        add(root, "filename", PurePosixPath(picture.name).name if folder not in ("", ".") else picture.name)
        segmented = known.pop("segmented", None)
        root.extend(known.values())
        size = add(root, "size")
        width, height = picture.size or (0, 0)
        for name, value in (("width", width), ("height", height), ("depth", carried.get("depth", 3))):
            add(size, name, value)
        if segmented is not None:
            root.append(segmented)
        else:
            add(root, "segmented", int(any(isinstance(a, (Polygon, Mask)) for a in picture.annotations)))
        objects = carried.get("objects", {})
        done: dict[str, Element] = {}
        for a in picture.annotations:
            self._object(root, a, picture.key, objects, done)
        odd: list[str] = []
        text = serialized(root, odd)
        for one in dict.fromkeys(odd):
            self.log.drop(picture.key, "", f"{one[:60]!r} has signs that XML cannot hold; they are written as U+FFFD")
        self.log.items += 1
        return text

    def _object(
        self, root: Element, a: AnyAnnotation, key: Hashable, objects: Mapping[str, str], done: dict[str, Element]
    ) -> None:
        if not isinstance(a, (Box, Polygon, Mask)) or sort_of(a) == "polyline":
            self.log.drop(key, a.id, f"Pascal VOC has no {titled(a)}")
            return
        rings = [] if isinstance(a, Box) else rings_of(a)
        if not rings and not isinstance(a, Box):
            self.log.drop(key, a.id, f"{titled(a)} is empty, so there is nothing to write")
            return
        attributes = dict(a.attributes)
        # polygons of one group that say the same besides are one object
        object_ = repr((a.group, a.label, beyond(a), attributes, a.score, a.source, a.z, a.occluded))
        known = done.get(object_) if isinstance(a, Polygon) and a.group else None
        made = known if known is not None else add(root, "object")
        if known is None:
            add(made, "name", a.label)
            add(made, "pose", attributes.pop("pose", None) or "Unspecified")
            for name in _FLAGS:
                flag = attributes.get(name)
                if flag is None or isinstance(flag, bool):
                    add(made, name, int(attributes.pop(name, None) is True))
            add(made, "occluded", int(a.occluded))
        if isinstance(a, Polygon) and a.group:
            done[object_] = made
        self._place(made, a, key)
        if rings:
            if isinstance(a, Mask):
                self.log.drop(key, a.id, f"{titled(a)} is written as its outline")
            if len(rings) > 1:
                self.log.drop(key, a.id, f"the {len(rings)} outlines of {titled(a)} are joined by cuts")
            self._outline(made, bridged(rings), a, key)
        if known is None:
            self._attributes(made, attributes, a, key)
            made.extend(restored(objects.get(a.id)))
        held = ("attributes", "occluded", *(("group",) if isinstance(a, Polygon) else ()))
        self.log.part(key, a, beyond(a, *held) + self.fields.lost(a))
        self.log.annotations += 1

    def _place(self, made: Element, a: Shape, key: Hashable) -> None:
        """The box, which grows with each polygon of one object."""
        x, y, width, height = bounds(a)  # type: ignore[arg-type]
        ends = [x + self.one_based, y + self.one_based, x + width, y + height]
        whole = [float(round(end)) for end in ends]
        if self.rounded:
            if whole != ends and not self.told:
                self.told = True
                self.log.drop(key, a.id, "corners are rounded to whole pixels (rounded=True), here and in what follows")
            ends = whole
        corners = made.find("bndbox")
        if corners is None:
            corners = add(made, "bndbox")
            for name in _CORNERS:
                add(corners, name)
        else:
            known = [float(text_in(corners, name)) for name in _CORNERS]
            ends = [*map(min, known[:2], ends[:2]), *map(max, known[2:], ends[2:])]
        for element, end in zip(corners, ends, strict=True):
            element.text = short(end)
        if isinstance(a, Box) and a.rotation:
            turned = add(made, "robndbox")
            centre = (a.x + a.width / 2, a.y + a.height / 2, a.width, a.height, math.radians(a.rotation))
            for name, value in zip(("cx", "cy", "w", "h", "angle"), centre, strict=True):
                add(turned, name, short(value))

    def _outline(self, made: Element, ring: Sequence[tuple[float, float]], a: Shape, key: Hashable) -> None:
        outline = add(made, "polygon")
        for n, (x, y) in enumerate(ring, 1):
            for name, value in ((f"x{n}", x + self.one_based), (f"y{n}", y + self.one_based)):
                add(outline, name, short(round(value) if self.rounded else value))

    def _attributes(self, made: Element, attributes: Mapping[str, Any], a: Shape, key: Hashable) -> None:
        if not attributes:
            return
        held = add(made, "attributes")
        for name, value in attributes.items():
            one = add(held, "attribute")
            add(one, "name", name)
            add(one, "value", text_for(value))
            if value_of(text_for(value)) != value or name in ("rotation", "occluded"):
                self.log.drop(
                    key, a.id, f"attribute {name!r} is {value!r} and will be read as {value_of(text_for(value))!r}"
                )
