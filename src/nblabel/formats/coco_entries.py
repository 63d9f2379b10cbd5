"""What the entries of a COCO file say: its categories, and the shapes of its annotations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon, Text
from ..errors import InvalidAnnotation
from ..schema import Label, Skeletons
from .base import DEFAULT_FIELDS, Log, converted, sort_of
from .figures import SkeletonFields, edges_of, is_bounds
from .pictures import number
from .rle import coco_counts
from .said import OURS, dict_in, said_of

__all__ = ["SORTS", "Categories", "Parser"]

SORTS = ("box", "polygon", "mask", "keypoints")


class Categories:
    """The categories of a file: labels by id, and the fields of those that have keypoints."""

    def __init__(self, given: Any, log: Log) -> None:
        self.by_id: dict[Any, Label] = {}
        self.fields: dict[Any, str] = {}
        self.own = SkeletonFields()
        names: set[str] = set()
        for n, one in enumerate(given if isinstance(given, list) else ()):
            if not isinstance(one, dict) or not isinstance(one.get("id"), (int, str)):
                log.drop(None, "", f"category {n} has no id")
                continue
            name = str(one.get("name", one["id"]))
            name = name if name.strip() else str(one["id"])
            if name in names:
                log.drop(None, "", f"two categories are named {name!r}; the one with the id {one['id']} gets it added")
                name = f"{name} ({one['id']})"
            names.add(name)
            self.by_id[one["id"]] = label = _label(name, one.get("color"))
            if isinstance(one.get("keypoints"), list):
                self.fields[one["id"]] = self._field(label, one, log)

    def _field(self, label: Label, given: Mapping[str, Any], log: Log) -> str:
        """The field whose skeleton this category has; another one for each other skeleton."""
        points = tuple(str(point) for point in given["keypoints"])
        if len(set(points)) < len(points) or not all(point.strip() for point in points):
            points = tuple(str(n + 1) for n in range(len(points)))
        odd: list[Any] = []
        edges = edges_of(given.get("skeleton"), len(points), first=1, odd=odd)
        for edge in odd:
            log.drop(None, "", f"the skeleton of {label.name!r} has the line {edge!r}, which joins no points")
        named = dict_in(given, OURS).get("field")
        return self.own.of(label, points, edges, named if isinstance(named, str) else "")

    @property
    def skeletons(self) -> dict[str, Skeletons]:
        """What the fields for keypoints ask for."""
        return self.own.skeletons

    def labels(self, field: str) -> list[Label]:
        """The labels of a field: those of its skeleton, or all."""
        known = self.skeletons.get(field)
        return list(known.labels if known is not None else self.by_id.values())


def _label(name: str, color: Any) -> Label:
    try:
        return Label(name, color if isinstance(color, str) else "")
    except ValueError:  # a colour that is written in some other way
        return Label(name)


class Parser:
    """An entry of ``annotations`` on its way to shapes."""

    def __init__(self, categories: Categories, wanted: frozenset[str] | None, log: Log) -> None:
        self.categories = categories
        self.wanted = wanted
        self.log = log
        self.fields: dict[str, str] = {}

    def said(self, ours: Mapping[str, Any], key: Hashable) -> list[AnyAnnotation]:
        """What an image has under our key: annotations that COCO has no place for."""
        return [self._keep(one) for one in said_of(ours, key, self.log)]

    def shapes(self, given: dict[str, Any], key: Hashable, made_id: str, *, quiet: bool = False) -> list[AnyAnnotation]:
        """The shapes of one entry; what is damaged is noted, unless it has been."""
        id_ = str(given["id"]) if isinstance(given.get("id"), (int, str)) and given["id"] != "" else made_id
        log = Log() if quiet else self.log
        try:
            return self._shapes(given, key, id_, log)
        except InvalidAnnotation as error:
            log.drop(key, id_, str(error))
            return []

    def _shapes(self, given: dict[str, Any], key: Hashable, id_: str, log: Log) -> list[AnyAnnotation]:
        if isinstance(given.get("caption"), str) and "category_id" not in given:
            return [self._keep(Text(given["caption"], id=id_, field="captions"))]
        ours = dict_in(given, OURS)
        category = given.get("category_id")
        known = self.categories.by_id.get(category) if isinstance(category, (int, str)) else None
        if known is None:
            log.drop(key, id_, f"its category {category!r} is not in the file; the id is its label")
        body = self._common(given, ours, known.name if known else str(category))
        found: list[tuple[str, type[Any], dict[str, Any]]] = []
        keypoints = given.get("keypoints")
        if keypoints and self._asked("keypoints"):
            points = _points(keypoints)
            if any(point[2] for point in points):
                found.append(("keypoints", Keypoints, {"points": points}))
        # corners of a rotated box are no outline of their own
        parts = [] if ours.get("outline") == "box" else self._parts(given.get("segmentation"), key, id_, log)
        found += [one for one in parts if self._asked(one[0])]
        box = self._box(given, ours, bool(found))
        if box is not None and self._asked("box"):
            whole = [converted(kind, {"id": "x", **own}) for _, kind, own in parts or found]
            place = (box["x"], box["y"], box["width"], box["height"])
            if self.wanted is not None or not found or "box" in ours or not is_bounds(place, whole):
                found.append(("box", Box, box))
                if box["rotation"] and len(found) == 1:
                    body["attributes"].pop("rotation", None)  # the box has it
        group = str(ours.get("group", id_ if len(found) > 1 else ""))
        made: list[AnyAnnotation] = []
        fields = dict_in(ours, "fields")
        for n, (sort, kind, own) in enumerate(found):
            default = self.categories.fields.get(category) if sort == "keypoints" else None
            field = str(fields.get(sort) or default or DEFAULT_FIELDS[sort])
            name = id_ if not n else f"{id_}:{sort if sort == 'box' else n}"
            one = converted(kind, {**body, **own, "id": name, "group": group, "field": field})
            if sort == "keypoints" and default is None and "keypoints" not in fields:
                one = msgspec.structs.replace(one, field=self.categories.own.unnamed(len(one.points)))
            elif sort == "keypoints" and field not in self.categories.skeletons:
                self.categories.own.as_named(default or self.categories.own.unnamed(len(one.points)), field)
            made.append(self._keep(one))
        if not made and not keypoints and self.wanted is None:
            raise InvalidAnnotation(f"annotation {id_!r}", "has neither box nor segmentation nor keypoints")
        return made

    def _asked(self, sort: str) -> bool:
        return self.wanted is None or sort in self.wanted

    def _keep(self, made: Any) -> Any:
        self.fields.setdefault(made.field, sort_of(made))
        return made

    def _common(self, given: Mapping[str, Any], ours: Mapping[str, Any], label: str) -> dict[str, Any]:
        """What all shapes of an entry share."""
        attributes = dict(dict_in(given, "attributes"))
        occluded = attributes.get("occluded")
        if isinstance(occluded, bool):
            del attributes["occluded"]
        if given.get("iscrowd") in (1, True):
            attributes["iscrowd"] = True
        body: dict[str, Any] = {"label": label, "attributes": attributes, "occluded": occluded is True}
        body |= {name: ours[name] for name in ("z", "source") if name in ours}
        score = given.get("score")
        if score is not None:
            body["score"] = number(score, "score")
        return body

    def _parts(self, given: Any, key: Hashable, id_: str, log: Log) -> list[tuple[str, type[Any], dict[str, Any]]]:
        if isinstance(given, dict):
            size, counts = given.get("size"), given.get("counts")
            if isinstance(counts, str):
                counts = coco_counts(counts)
            if not isinstance(size, list) or not isinstance(counts, (list, tuple)):
                raise InvalidAnnotation(f"annotation {id_!r}", "has run lengths without size or counts")
            return [("mask", Mask, {"size": size, "counts": counts})]
        made: list[tuple[str, type[Any], dict[str, Any]]] = []
        listed = given if isinstance(given, list) else []
        if listed and not isinstance(listed[0], list):
            listed = [listed]  # one polygon, not in a list of polygons
        for n, part in enumerate(listed):
            if not isinstance(part, list) or len(part) % 2 or len(part) < 6:
                size = len(part) if isinstance(part, list) else 0
                log.drop(key, id_, f"part {n} of its segmentation has {size} numbers, which make no polygon")
                continue
            values = [number(value, f"annotation {id_!r}") for value in part]
            made.append(("polygon", Polygon, {"points": list(zip(values[::2], values[1::2], strict=True))}))
        return made

    def _box(self, given: Mapping[str, Any], ours: Mapping[str, Any], besides: bool) -> dict[str, Any] | None:
        raw = ours.get("box", given.get("bbox"))
        if raw is None or raw == []:
            return None
        if not isinstance(raw, list) or len(raw) not in (4, 5):
            raise InvalidAnnotation("bbox", f"{str(raw)[:60]} is not x, y, width, height")
        x, y, width, height, *turn = (number(value, "bbox") for value in raw)
        rotation = dict_in(given, "attributes").get("rotation")
        if not turn and not besides and rotation is not None:
            turn = [number(rotation, "rotation")]  # as CVAT writes rotated boxes
        if besides and (width <= 0 or height <= 0):
            return None
        return {"x": x, "y": y, "width": width, "height": height, "rotation": turn[0] if turn else 0.0}


def _points(given: Any) -> list[tuple[float, float, int]]:
    if not isinstance(given, list) or len(given) % 3:
        raise InvalidAnnotation("keypoints", "are not triples of x, y and visibility")
    values = [number(value, "keypoints") for value in given]
    # lists of results have a score where visibility stands
    seen = [int(v) if v in (0, 1, 2) else 2 if v > 0 else 0 for v in values[2::3]]
    return list(zip(values[::3], values[1::3], seen, strict=True))
