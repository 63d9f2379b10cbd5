"""CVAT XML 1.1 for images: boxes, polygons, polylines, points, skeletons, masks and tags, with attributes.

Tags are choices. Several points of one ``points`` element are single keypoints of one group, and are one element again
when they are written. Ellipses are read as polygons; cuboids and the tracks of videos are reported. ``meta``, the
labels with all that belongs to them, and attributes of elements that are not known are written back as they were read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from ..annotations import HUMAN, AnyAnnotation, Box, Choice, Keypoints, Polygon
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Response
from ..schema import Attribute, Label
from .base import DEFAULT_FIELDS, Log, Read, Reading, StrPath, converted, reading, sort_of
from .cvat_writing import TYPES, write
from .figures import SkeletonFields, ellipse
from .markup import kept, text_in, value_of, xml_of
from .pictures import number
from .rle import mask_of_rows

__all__ = ["read", "write"]

_COMMON = frozenset(("label", "source", "occluded", "z_order", "group_id"))
_OWN = {
    "box": frozenset(("xtl", "ytl", "xbr", "ybr", "rotation")),
    "polygon": frozenset(("points",)),
    "polyline": frozenset(("points",)),
    "points": frozenset(("points",)),
    "mask": frozenset(("rle", "left", "top", "width", "height")),
    "ellipse": frozenset(("cx", "cy", "rx", "ry", "rotation")),
    "skeleton": frozenset[str](),
    "tag": frozenset[str](),
}
_LINE = re.compile(r"<line\b[^>]*>")
_CIRCLE = re.compile(r"<circle\b[^>]*>")
_DATA = re.compile(r'\bdata-([a-z-]+)="([^"]*)"')


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath) -> Reading:
    """Read a file, or the ``annotations.xml`` of a folder.

    Parameters
    ----------
    path : path-like
        The file or the folder.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(place.glob("*.xml"))
        named = [one for one in found if one.name == "annotations.xml"] or found
        if len(named) != 1:
            raise FormatError(f"{os.fspath(path)} holds {len(found)} XML files", "give the path of one")
        place = named[0]
    document = xml_of(place)
    if document.tag != "annotations":
        raise FormatError(f"{place} is no CVAT file: it begins with <{document.tag}>")
    log = Log()
    labels = _Labels(document, log)
    items: list[Read] = []
    seen: set[Hashable] = set()
    for given in document.findall("image"):
        one = _item(given, seen, labels, log, len(items))
        seen.add(one.item.key)
        items.append(one)
    for track in document.findall("track"):
        log.drop(None, "", f"track {track.get('id')} of {track.get('label')!r} is of a video; images are read here")
    rest = [child for child in document if child.tag not in ("image", "track")]
    sorts = {field: sort for field, sort in labels.fields.items() if sort != "keypoints"}
    return reading(
        path,
        items,
        log,
        labels={field: labels.of(sort) for field, sort in sorts.items()} | labels.pointed(),
        skeletons={field: one for field, one in labels.points.skeletons.items() if field in labels.fields},
        sorts=sorts,
        multiple=[DEFAULT_FIELDS["choice"]] if DEFAULT_FIELDS["choice"] in labels.fields else (),
        file={"head": kept(rest)} if rest else None,
    )


class _Labels:
    """The labels of a task, with the types of their attributes."""

    def __init__(self, document: Element, log: Log) -> None:
        self.log = log
        self.types: dict[str, str] = {}
        self.colors: dict[str, str] = {}
        self.attributes: dict[str, dict[str, tuple[str, dict[str, None]]]] = {}
        self.parts: dict[str, list[str]] = {}
        self.edges: dict[str, list[tuple[int, int]]] = {}
        self.fields: dict[str, str] = {}
        self.points = SkeletonFields()
        drawings: dict[str, str] = {}
        for one in document.iterfind("meta//labels/label"):
            name = text_in(one, "name")
            parent = text_in(one, "parent")
            if parent:
                self.parts.setdefault(parent, []).append(name)
                continue
            self.types[name] = text_in(one, "type").strip()
            self.colors[name] = text_in(one, "color").strip()
            drawings[name] = text_in(one, "svg")
            own = self.attributes.setdefault(name, {})
            for attribute in one.iterfind("attributes/attribute"):
                lines = text_in(attribute, "values").split("\n")
                own[text_in(attribute, "name")] = (text_in(attribute, "input_type").strip(), dict.fromkeys(lines))
        for name, parts in self.parts.items():
            self.edges[name] = _edges(drawings.get(name, ""), parts)

    def of(self, sort: str) -> list[Label]:
        """The labels of the task that a field of this sort takes."""
        return [self.label(name) for name, type_ in self.types.items() if type_ in ("", "any", *TYPES[sort])]

    def pointed(self) -> dict[str, list[Label]]:
        """The labels of the fields for keypoints."""
        made = {}
        for field, one in self.points.skeletons.items():
            if field in self.fields:
                plain = [] if one.points else self.of("keypoints")
                names = dict.fromkeys([label.name for label in (*plain, *one.labels)])
                made[field] = [self.label(name) for name in names]
        return made

    def label(self, name: str) -> Label:
        """A label with its colour and attributes."""
        attributes = []
        for attribute, (type_, values) in self.attributes.get(name, {}).items():
            if attribute.strip():
                sort = {"checkbox": "bool", "number": "number", "select": "choice", "radio": "choice"}.get(
                    type_, "text"
                )
                options = tuple(values) if sort == "choice" else ()
                attributes.append(Attribute(attribute, sort, options))  # type: ignore[arg-type]
        color = self.colors.get(name, "")
        try:
            return Label(name, color, attributes=tuple(attributes))
        except ValueError:
            return Label(name, attributes=tuple(attributes))

    def value(self, label: str, attribute: str, text: str) -> Any:
        """What the text of an attribute stands for."""
        type_, values = self.attributes.get(label, {}).get(attribute, ("", {}))
        if type_ in ("select", "radio"):
            values.setdefault(text)  # a value that the task does not list
            return text
        found = value_of(text)
        if type_ == "checkbox":
            return found is True
        if type_ == "number":
            return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None
        return text if type_ else found


def _edges(drawing: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    """The lines of a skeleton's drawing as places in its list of points."""
    nodes: dict[str, str] = {}
    for circle in _CIRCLE.findall(drawing):
        data = dict(_DATA.findall(circle))
        nodes[data.get("node-id", "")] = data.get("label-name", "")
    made = []
    for line in _LINE.findall(drawing):
        data = dict(_DATA.findall(line))
        ends = [nodes.get(data.get(f"node-{end}", "")) for end in ("from", "to")]
        if all(end in parts for end in ends) and ends[0] != ends[1]:
            made.append((parts.index(str(ends[0])), parts.index(str(ends[1]))))
    return made


def _item(given: Element, seen: set[Hashable], labels: _Labels, log: Log, position: int) -> Read:
    name = given.get("name", "") or f"image {given.get('id', position)}"
    key: Hashable = name if name not in seen else f"{name} ({given.get('id', position)})"
    if key != name:
        log.drop(key, "", f"two images are named {name!r}; this one is known by its number, too")
    size = None
    try:
        sides = [int(number(given.get(side), side)) for side in ("width", "height")]
        size = (sides[0], sides[1]) if min(sides) > 0 else None
    except InvalidAnnotation as error:
        log.drop(key, "", f"has no size: {error}")
    made: list[AnyAnnotation] = []
    carried: dict[str, dict[str, str]] = {}
    for n, element in enumerate(given):
        id_ = f"{element.tag}{n}"
        if element.tag not in _OWN:
            log.drop(key, id_, f"a {element.tag} of {element.get('label')!r} is no shape that is known")
            continue
        try:
            made += _shapes(element, id_, key, size, labels, log)
        except InvalidAnnotation as error:
            log.drop(key, id_, str(error))
            continue
        rest = {k: v for k, v in element.attrib.items() if k not in _COMMON and k not in _OWN[element.tag]}
        if rest:
            carried[id_] = rest
    for a in made:
        labels.fields.setdefault(a.field, sort_of(a))
    meta: dict[str, Any] = {"image": {k: v for k, v in given.attrib.items() if k not in ("name", "width", "height")}}
    if carried:
        meta["shapes"] = carried
    item = Item(key, name, position=position, size=size)
    return Read(item, Response("", "", "submitted", tuple(made)), meta)


def _shapes(
    element: Element, id_: str, key: Hashable, size: tuple[int, int] | None, labels: _Labels, log: Log
) -> list[AnyAnnotation]:
    tag, label = element.tag, element.get("label", "")
    attributes = {}
    for one in element.findall("attribute"):
        name = one.get("name", "")
        attributes[name] = labels.value(label, name, text_in(one))
    source = element.get("source", "manual")
    body: dict[str, Any] = {"label": label, "id": id_, "attributes": attributes}
    body["source"] = HUMAN if source == "manual" else source
    if tag == "tag":
        return [converted(Choice, {**body, "field": DEFAULT_FIELDS["choice"]})]
    body |= {
        "z": int(number(element.get("z_order", "0"), "z_order")),
        "group": element.get("group_id", ""),
        "occluded": element.get("occluded") == "1",
    }
    if tag == "skeleton":
        return [_skeleton(element, body, key, labels, log)]
    if tag == "mask":
        runs = [_whole(run, "rle") for run in element.get("rle", "").split(",") if run.strip()]
        left, top, width, height = (_whole(element.get(name), name) for name in ("left", "top", "width", "height"))
        if size is None:
            raise InvalidAnnotation("mask", "is of an image without a size")
        made = mask_of_rows(runs, width, height, (left, top), size, **body)
        return [msgspec.structs.replace(made, field=DEFAULT_FIELDS["mask"])]
    if tag == "box":
        x, y, right, bottom = (number(element.get(name), name) for name in ("xtl", "ytl", "xbr", "ybr"))
        body |= {"x": x, "y": y, "width": right - x, "height": bottom - y}
        body["rotation"] = number(element.get("rotation", "0"), "rotation")
        return [converted(Box, {**body, "field": DEFAULT_FIELDS["box"]})]
    if tag == "ellipse":
        x, y, across, down = (number(element.get(name), name) for name in ("cx", "cy", "rx", "ry"))
        ring = ellipse(x, y, across, down, number(element.get("rotation", "0"), "rotation"))
        log.drop(key, id_, f"the ellipse {label!r} is read as a polygon of {len(ring)} points")
        return [converted(Polygon, {**body, "points": ring, "field": DEFAULT_FIELDS["polygon"]})]
    points = _points(element.get("points", ""))
    if tag != "points":
        body |= {"points": points, "closed": tag == "polygon", "field": DEFAULT_FIELDS[tag]}
        return [converted(Polygon, body)]
    if not points:
        raise InvalidAnnotation("points", "has no points")
    body["field"] = labels.points.unnamed(1)
    if len(points) > 1:
        body["group"] = body["group"] or id_
    return [
        converted(Keypoints, {**body, "points": [(x, y, 2)], "id": f"{id_}:{n}" if n else id_})
        for n, (x, y) in enumerate(points)
    ]


def _skeleton(element: Element, body: dict[str, Any], key: Hashable, labels: _Labels, log: Log) -> AnyAnnotation:
    given = {one.get("label", ""): one for one in element.findall("points")}
    names = labels.parts.setdefault(body["label"], list(given))
    for name in given:
        if name not in names:
            log.drop(key, body["id"], f"the point {name!r} is none of the skeleton {body['label']!r}")
    points = []
    for name in names:
        one = given.get(name)
        found = _points(one.get("points", "")) if one is not None else []
        if one is None or not found:
            points.append((0.0, 0.0, 0))
            continue
        seen = 0 if one.get("outside") == "1" else 1 if one.get("occluded") == "1" else 2
        points.append((*found[0], seen))
        if one.find("attribute") is not None:
            log.drop(key, body["id"], f"the attributes of the point {name!r} are not read")
    body["field"] = labels.points.of(labels.label(body["label"]), names, labels.edges.get(body["label"], ()))
    made: AnyAnnotation = converted(Keypoints, {**body, "points": points})
    return made


def _points(text: str) -> list[tuple[float, float]]:
    made = []
    for pair in text.split(";"):
        if pair.strip():
            x, comma, y = pair.partition(",")
            if not comma:
                raise InvalidAnnotation("points", f"{pair[:40]!r} is no pair of numbers")
            made.append((number(x, "points"), number(y, "points")))
    return made


def _whole(value: Any, what: str) -> int:
    found = number(value, what)
    if found != int(found):
        raise InvalidAnnotation(what, f"{value} is not a whole number")
    return int(found)
