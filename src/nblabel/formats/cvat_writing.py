"""Annotations on their way into CVAT's XML: the labels of its task, and the elements of each image."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from ..annotations import HUMAN, AnyAnnotation, Box, Choice, Keypoints, Mask, Polygon
from ..records import Labelled, Report, Status
from ..schema import Label, Schema, Skeletons
from .base import FILE, Log, Meta, StrPath, beyond, replacing, sort_of, titled
from .figures import Fields, bridged, ellipse
from .markup import add, restored, serialized, text_for, text_in
from .pictures import Picture, pictures, short
from .rle import crop_runs

__all__ = ["TYPES", "write"]

TYPES = {
    "box": ("rectangle", "bbox", "box"),
    "polygon": ("polygon", "ellipse"),
    "polyline": ("polyline",),
    "keypoints": ("points",),
    "mask": ("mask",),
    "choice": ("tag",),
}
"""The types of labels that a field of each sort takes, the one it is written with first."""
_SOURCES = ("auto", "semi-auto", "file", "consensus")


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write a file for CVAT's import.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; their labels become those of the task.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    carried: Meta = meta or {}
    shown = list(pictures(rows, log, statuses))
    said = [a for one in shown for a in one.annotations]
    root = Element("annotations")
    head = restored(carried.get(FILE, {}).get("head"))
    root.extend(head)
    if root.find("version") is None:
        add(root, "version", "1.1")
    names = _write_labels(root, schema, said, len(shown), log)
    writer = _Writer(names, Fields(said), carried, log)
    for n, picture in enumerate(shown):
        writer.image(root, picture, n)
    odd: list[str] = []
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + serialized(root, odd)
    for one in dict.fromkeys(odd):
        log.drop(None, "", f"{one[:60]!r} has signs that XML cannot hold; they are written as U+FFFD")
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return log.report(path)


def _write_labels(
    root: Element, schema: Schema, said: Sequence[AnyAnnotation], n: int, log: Log
) -> dict[tuple[str, int], tuple[str, ...]]:
    """Write the labels that the head does not have; gives the names of points by label and how many there are."""
    held = root.find("meta//labels")
    if held is None:
        meta = root.find("meta")
        task = add(add(root, "meta") if meta is None else meta, "task")
        for name, text in (("name", "nblabel"), ("size", str(n)), ("mode", "annotation")):
            add(task, name, text)
        held = add(task, "labels")
    known = {text_in(one, "name") for one in held.findall("label") if not text_in(one, "parent")}
    parts: dict[str, list[str]] = {}
    for one in held.findall("label"):
        if text_in(one, "parent"):
            parts.setdefault(text_in(one, "parent"), []).append(text_in(one, "name"))
    points = {(label, len(names)): tuple(names) for label, names in parts.items()}
    types: dict[str, list[str]] = {}
    labels: dict[str, Label] = {}
    skeletons: dict[str, Skeletons] = {}
    for field in schema.fields:
        pointed = isinstance(field, Skeletons) and bool(field.points)
        sort = {"polygons": "polygon", "polylines": "polyline"}.get(str(field.__struct_config__.tag), field.annotation)
        if sort not in TYPES:
            continue
        for label in field.get_labels():
            types.setdefault(label.name, []).append("skeleton" if pointed else TYPES[sort][0])
            labels.setdefault(label.name, label)
            if pointed and isinstance(field, Skeletons):
                skeletons.setdefault(label.name, field)
    for a in said:
        label_name, sort = getattr(a, "label", ""), sort_of(a)
        if label_name and sort in TYPES and label_name not in labels:
            labels[label_name] = Label(label_name)
            types[label_name] = ["skeleton" if isinstance(a, Keypoints) and len(a.points) > 1 else TYPES[sort][0]]
    for name, label in labels.items():
        own = skeletons.get(name)
        if own is not None:
            points.setdefault((name, len(own.points)), own.points)
        if name in known:
            continue
        found = dict.fromkeys(types[name])
        if "skeleton" in found and len(found) > 1:
            log.drop(None, "", f"{name!r} is the label of a skeleton and of other shapes, for which CVAT wants another")
        type_ = "skeleton" if "skeleton" in found else next(iter(found)) if len(found) == 1 else "any"
        _write_label(held, label, type_, own)
    return points


def _write_label(held: Element, label: Label, type_: str, skeleton: Skeletons | None) -> None:
    made = add(held, "label")
    add(made, "name", label.name)
    if label.color:
        add(made, "color", label.color)
    add(made, "type", type_)
    attributes = add(made, "attributes")
    for one in label.attributes:
        attribute = add(attributes, "attribute")
        input_type = {"bool": "checkbox", "number": "number", "choice": "select"}.get(one.type, "text")
        values = {"bool": "false", "number": "-1000000\n1000000\n0.000001", "choice": "\n".join(one.options)}
        default = {"bool": "false", "number": "0", "choice": one.options[0] if one.options else ""}
        add(attribute, "name", one.name)
        add(attribute, "mutable", "False")
        add(attribute, "input_type", input_type)
        add(attribute, "default_value", default.get(one.type, ""))
        add(attribute, "values", values.get(one.type, ""))
    if skeleton is None:
        return
    add(made, "svg", _drawing(skeleton))
    for point in skeleton.points:
        part = add(held, "label")
        for name, text in (("name", point), ("type", "points"), ("attributes", ""), ("parent", label.name)):
            add(part, name, text)


def _drawing(skeleton: Skeletons) -> str:
    """A drawing of a skeleton as CVAT wants one: its points on a circle."""
    n = len(skeleton.points)
    places = ellipse(50, 50, 40, 40, points=n)
    made = []
    for a, b in skeleton.edges:
        (x1, y1), (x2, y2) = places[a], places[b]
        made.append(
            f'<line x1="{short(x1)}" y1="{short(y1)}" x2="{short(x2)}" y2="{short(y2)}" stroke="black" '
            f'data-type="edge" data-node-from="{a + 1}" data-node-to="{b + 1}" stroke-width="0.5"></line>'
        )
    for at, (x, y) in enumerate(places):
        name = skeleton.points[at].replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        made.append(
            f'<circle r="1.5" stroke="black" fill="#b3b3b3" cx="{short(x)}" cy="{short(y)}" stroke-width="0.1" '
            f'data-type="element node" data-element-id="{at + 1}" data-node-id="{at + 1}" data-label-name="{name}">'
            "</circle>"
        )
    return "".join(made)


class _Writer:
    """Images on their way into the document."""

    def __init__(self, points: Mapping[tuple[str, int], Sequence[str]], fields: Fields, meta: Meta, log: Log) -> None:
        self.points = points
        self.fields = fields
        self.meta = meta
        self.log = log
        self.key: Hashable = None

    def image(self, root: Element, picture: Picture, n: int) -> None:
        """The element of one image."""
        self.key = picture.key
        carried = self.meta.get(picture.slot, {})
        width, height = picture.size or (0, 0)
        more = dict(carried.get("image", {}))
        made = add(root, "image", id=more.pop("id", n), name=picture.name, **more, width=width, height=height)
        shapes = carried.get("shapes", {})
        groups = self._groups(picture.annotations)
        joined: dict[str, Element] = {}
        for a in picture.annotations:
            known = joined.get(a.group) if isinstance(a, Keypoints) and a.group else None
            if known is not None and isinstance(a, Keypoints):  # another point of one element
                known.set("points", f"{known.get('points')};{_joined([a.points[0][:2]])}")
                self._seen(a)
                self.log.annotations += 1
                continue
            element = self._element(a, groups)
            if element is None:
                continue
            if isinstance(a, Keypoints) and a.group and not groups[a.group]:
                joined[a.group] = element
            self.log.annotations += 1
            made.append(element)
            for name, value in shapes.get(a.id, {}).items():
                element.set(name, value)
            self._attributes(element, a)
        self.log.items += 1

    def _groups(self, annotations: Iterable[AnyAnnotation]) -> dict[str, str]:
        """What stands for each group: its number, or nothing where the group is the points of one element."""
        members: dict[str, list[Any]] = {}
        for a in annotations:
            group = getattr(a, "group", "")
            if group:
                members.setdefault(group, []).append(a)
        made: dict[str, str] = {}
        numbers = {group for group in members if group.isascii() and group.isdecimal() and group != "0"}
        free = 1
        for group, own in members.items():
            alike = {(sort_of(a), a.label, a.z, a.occluded, a.source, repr(a.attributes)) for a in own}
            pointed = all(isinstance(a, Keypoints) and len(a.points) == 1 for a in own) and len(alike) == 1
            if group in numbers:
                made[group] = group
            elif pointed:
                made[group] = ""
            else:
                while str(free) in numbers:
                    free += 1
                numbers.add(str(free))
                made[group] = str(free)
                self.log.drop(self.key, "", f"the group {group!r} is written as the number {free}")
        return made

    def _element(self, a: AnyAnnotation, groups: Mapping[str, str]) -> Element | None:
        if isinstance(a, Choice):
            return Element("tag", {"label": a.label, "source": self._source(a)})
        if not isinstance(a, (Box, Polygon, Keypoints, Mask)):
            self.log.drop(self.key, a.id, f"CVAT has no {titled(a)}")
            return None
        common = {"label": a.label, "source": self._source(a), "occluded": str(int(a.occluded))}
        rest = {"z_order": str(a.z)} | ({"group_id": groups[a.group]} if groups.get(a.group) else {})
        if isinstance(a, Box):
            ends = {"xtl": a.x, "ytl": a.y, "xbr": a.x + a.width, "ybr": a.y + a.height}
            turn = {"rotation": short(a.rotation)} if a.rotation else {}
            return Element("box", {**common, **{name: short(end) for name, end in ends.items()}, **turn, **rest})
        if isinstance(a, Polygon):
            if a.holes:
                self.log.drop(self.key, a.id, f"the {len(a.holes) + 1} outlines of {titled(a)} are joined by cuts")
            ring = bridged([a.points, *a.holes]) if a.holes else a.points
            return Element(sort_of(a), {**common, "points": _joined(ring), **rest})
        if isinstance(a, Mask):
            left, top, width, height, runs = crop_runs(a)
            if not width:
                self.log.drop(self.key, a.id, f"{titled(a)} is empty, so there is nothing to write")
                return None
            place = {"left": str(left), "top": str(top), "width": str(width), "height": str(height)}
            return Element("mask", {**common, "rle": ", ".join(map(str, runs)), **place, **rest})
        if len(a.points) > 1:
            return self._skeleton(a, common, rest)
        self._seen(a)
        return Element("points", {**common, "points": _joined([a.points[0][:2]]), **rest})

    def _seen(self, a: Keypoints) -> None:
        seen = a.points[0][2]
        if seen != 2:
            what = "absent" if not seen else "occluded"
            self.log.drop(self.key, a.id, f"{titled(a)} is {what}, which a single point cannot say")

    def _skeleton(self, a: Keypoints, common: dict[str, str], rest: dict[str, str]) -> Element:
        names = self.points.get((a.label, len(a.points))) or [str(n + 1) for n in range(len(a.points))]
        made = Element("skeleton", {**common, **rest})
        for name, (x, y, seen) in zip(names, a.points, strict=True):
            add(
                made,
                "points",
                label=name,
                source=common["source"],
                outside=int(not seen),
                occluded=int(seen == 1),
                points=_joined([(x, y)]),
            )
        return made

    def _source(self, a: AnyAnnotation) -> str:
        return "manual" if a.source == HUMAN else a.source if a.source in _SOURCES else "auto"

    def _attributes(self, element: Element, a: AnyAnnotation) -> None:
        for name, value in a.attributes.items():
            one = add(element, "attribute", text_for(value), name=name)
            if isinstance(value, list):
                self.log.drop(
                    self.key, a.id, f"attribute {name!r} has several values; they are written as {one.text!r}"
                )
        known = ("source",) if a.source in _SOURCES else ()
        held = ("attributes", "z", "group", "occluded", *known)
        self.log.part(self.key, a, beyond(a, *held) + self.fields.lost(a))


def _joined(points: Iterable[tuple[float, float]]) -> str:
    return ";".join(f"{short(x)},{short(y)}" for x, y in points)
