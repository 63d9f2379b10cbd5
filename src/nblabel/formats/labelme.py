"""LabelMe JSON: rectangles, polygons, lines, points and masks of one image a file; flags of an image are choices.

Circles are read as polygons; rotated boxes are ``oriented_rectangle``. LabelMe has no skeletons: each point is written
as one shape of a group, named as the point, and becomes a part of its skeleton again. Attributes that are true or false
are a shape's ``flags``, others stand under ``attributes``. What LabelMe has no place for is kept under ``nblabel``.
Images are neither read from ``imageData`` nor written there; keys that are not known are kept.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Box, Choice, Keypoints, Mask, Polygon, Shape
from ..errors import InvalidAnnotation
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Choices, Schema
from ..shapes import corners, cropped, mask_of
from .apart import read_each, write_each
from .base import (
    DEFAULT_FIELDS,
    Log,
    Meta,
    Read,
    Reading,
    StrPath,
    converted,
    reading,
    sort_of,
    titled,
)
from .disk import dumps, json_of
from .figures import SkeletonFields, box_of_corners, bridged, ellipse, extras
from .pictures import MOST_PIXELS, Picture, array_of, number, pictures, png_of
from .said import OURS, dict_in, said_of
from .skeletons import apart, is_part, together
from .table import json_key, key_of_json

__all__ = ["read", "write"]

_SHAPE = frozenset(("label", "points", "group_id", "shape_type", "flags", "mask", "attributes", "score", OURS))
_HEAD = frozenset(("flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth", OURS))
_VERSION = "5.5.0"


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        A JSON file, or a folder of them.
    """
    log = Log()
    parser = _Parser(log)
    items: list[Read] = []
    seen: set[Hashable] = set()
    for found, file, root in read_each(path, ".json", log, lambda file: json_of(file, log), _odd):
        one = parser.item(found, file, root, seen, len(items))
        seen.add(one.item.key)
        items.append(one)
    skeletons = {field: one for field, one in parser.points.skeletons.items() if field in parser.fields}
    return reading(
        path,
        items,
        log,
        labels={field: list(names) for field, names in parser.flags.items()},
        skeletons=skeletons,
        multiple=list(parser.flags),
    )


def _odd(found: Any) -> str:
    fits = isinstance(found, dict) and isinstance(found.get("shapes"), list)
    return "" if fits else "is no LabelMe file: it has no list of 'shapes'"


class _Parser:
    """Files on their way to items."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.points = SkeletonFields()
        self.fields: set[str] = set()
        self.flags: dict[str, dict[str, None]] = {}

    def item(self, found: dict[str, Any], file: Path, root: Path, seen: set[Hashable], position: int) -> Read:
        """The image of one file with all that is said of it."""
        given = found.get("imagePath")
        name = str(given).replace("\\", "/") if isinstance(given, str) and given else file.with_suffix(".png").name
        image = file.parent / name
        inner = os.path.normpath(file.parent.relative_to(root) / name).replace(os.sep, "/")
        key: Hashable = name if inner.startswith("..") or PurePosixPath(name).is_absolute() else inner
        if key in seen:
            own = file.relative_to(root).with_suffix("").as_posix()
            self.log.drop(own, "", f"another file is of {key!r}, too; this one is known by its own name")
            key = own
        ours = dict_in(found, OURS)
        if "key" in ours:
            key = key_of_json(ours["key"])
        sides = (found.get("imageWidth"), found.get("imageHeight"))
        sized = all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides)
        size: Any = sides if sized else None
        made = self._flags(found.get("flags"), ours, key)
        carried: dict[str, Any] = {}
        skeletons: dict[str, list[tuple[dict[str, Any], Any, Any]]] = {}
        for n, one in enumerate(found["shapes"]):
            id_ = f"shape{n}"
            if not isinstance(one, dict):
                self.log.drop(key, id_, "is not a JSON object")
                continue
            part = dict_in(one, OURS)
            pair = one.get("points")
            pair = pair[0] if isinstance(pair, list) and pair else None
            if is_part(part) and isinstance(pair, list) and len(pair) == 2:
                skeletons.setdefault(str(part.get("of", one.get("group_id"))), []).append((part, *pair))
                continue
            try:
                made += self._shape(one, part, id_, size, key)
            except InvalidAnnotation as error:
                self.log.drop(key, id_, str(error))
                continue
            rest = {name: value for name, value in one.items() if name not in _SHAPE and value not in (None, "")}
            if rest:
                carried[id_] = rest
        for id_, parts in skeletons.items():
            try:
                made.append(together(parts, id_, self.points))
            except InvalidAnnotation as error:
                self.log.drop(key, id_, str(error))
        made += said_of(ours, key, self.log)
        self.fields |= {a.field for a in made}
        meta: dict[str, Any] = {"head": {name: value for name, value in found.items() if name not in _HEAD}}
        if carried:
            meta["shapes"] = carried
        data = str(image) if image.is_file() else name
        item = Item(key, data, position=position, size=size)
        return Read(item, Response("", "", "submitted", tuple(made)), meta)

    def _flags(self, given: Any, ours: Mapping[str, Any], key: Hashable) -> list[AnyAnnotation]:
        fields = dict_in(ours, "flags")
        made: list[AnyAnnotation] = []
        for name, value in given.items() if isinstance(given, dict) else ():
            field, label = DEFAULT_FIELDS["choice"], name
            if isinstance(fields.get(name), list) and len(fields[name]) == 2:
                field, label = (str(part) for part in fields[name])
            if not label.strip():
                self.log.drop(key, "", f"the flag {name!r} has no name")
                continue
            self.flags.setdefault(field, {}).setdefault(label)
            if value is True:
                details = dict_in(dict_in(ours, "details"), name)
                body = {"id": f"flag:{name}", **details, "label": label, "field": field}
                try:
                    made.append(converted(Choice, body))
                except InvalidAnnotation as error:
                    self.log.drop(key, f"flag:{name}", str(error))
        return made

    def _shape(
        self, given: dict[str, Any], ours: dict[str, Any], id_: str, size: tuple[int, int] | None, key: Hashable
    ) -> list[AnyAnnotation]:
        label = given.get("label")
        group = given.get("group_id")
        body: dict[str, Any] = {
            "label": "" if label is None else str(label),
            "id": id_,
            "group": "" if group is None else str(group),
            "attributes": {**dict_in(given, "flags"), **dict_in(given, "attributes")},
        }
        if given.get("score") is not None:
            body["score"] = number(given["score"], "score")
        body |= {name: ours[name] for name in ("field", "source", "z", "occluded", "group") if name in ours}
        points = given.get("points")
        if not isinstance(points, list) or not all(isinstance(one, list) and len(one) == 2 for one in points):
            raise InvalidAnnotation(f"shape {body['label']!r}", "has no list of points")
        places_ = [(number(x, "points"), number(y, "points")) for x, y in points]
        type_ = given.get("shape_type") or "polygon"
        if type_ == "mask":
            return [self._made(self._mask(given.get("mask"), places_, size, body))]
        if type_ in ("point", "points"):
            if not places_:
                raise InvalidAnnotation(f"shape {body['label']!r}", "has no points")
            if len(places_) > 1:
                body["group"] = body["group"] or id_
            body.setdefault("field", self.points.unnamed(1))
            ids = [f"{id_}:{n}" if n else id_ for n in range(len(places_))]
            seen = 1 if ours.get("seen") == 1 else 2
            return [
                self._made(converted(Keypoints, {**body, "id": one, "points": [(x, y, seen)]}))
                for one, (x, y) in zip(ids, places_, strict=True)
            ]
        if type_ in ("rectangle", "oriented_rectangle", "rotation"):
            return [self._made(converted(Box, {**body, **_box(places_, ours)}))]
        if type_ == "circle":
            if len(places_) != 2:
                raise InvalidAnnotation("circle", "is not two points")
            (x, y), (ex, ey) = places_
            ring = ellipse(x, y, math.hypot(ex - x, ey - y), math.hypot(ex - x, ey - y))
            self.log.drop(key, id_, f"the circle {body['label']!r} is read as a polygon of {len(ring)} points")
            return [self._made(converted(Polygon, {**body, "points": ring}))]
        if type_ in ("polygon", "line", "linestrip"):
            return [self._made(converted(Polygon, {**body, "points": places_, "closed": type_ == "polygon"}))]
        raise InvalidAnnotation(f"shape {body['label']!r}", f"is of the type {type_!r}, which is not known")

    @staticmethod
    def _made(a: Any) -> AnyAnnotation:
        made: AnyAnnotation = a if a.field else msgspec.structs.replace(a, field=DEFAULT_FIELDS[sort_of(a)])
        return made

    @staticmethod
    def _mask(
        given: Any, points: Sequence[tuple[float, float]], size: tuple[int, int] | None, body: dict[str, Any]
    ) -> Mask:
        if size is None or size[0] * size[1] > MOST_PIXELS:
            raise InvalidAnnotation("mask", "is of an image without a size, or with too many pixels")
        if not isinstance(given, str) or not points:
            raise InvalidAnnotation("mask", "has no image of its pixels")
        try:
            raw = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidAnnotation("mask", f"is not base64: {error}") from None
        array, _ = array_of(raw, "mask")
        if array.ndim != 2:
            raise InvalidAnnotation("mask", "has several channels")
        at = (round(points[0][0]), round(points[0][1]))
        return mask_of(array, at=at, size=size, **body)


def _box(points: list[tuple[float, float]], ours: Mapping[str, Any]) -> dict[str, float]:
    exact = ours.get("box")
    if isinstance(exact, list) and len(exact) == 5:
        x, y, width, height, turn = (number(value, "box") for value in exact)
        known = {"x": x, "y": y, "width": width, "height": height, "rotation": turn}
        if width > 0 and height > 0 and len(points) in (2, 4):
            ends = corners(Box(**known))[:: 4 // len(points)]  # type: ignore[arg-type]
            if all(math.dist(a, b) < 1e-6 for a, b in zip(ends, points, strict=True)):  # nobody has moved it
                return known
    turned = box_of_corners(points) if len(points) == 4 else None
    if turned is not None:
        return dict(zip(("x", "y", "width", "height", "rotation"), turned, strict=True))
    if len(points) not in (2, 4):
        raise InvalidAnnotation("rectangle", f"has {len(points)} points")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return {"x": min(xs), "y": min(ys), "width": max(xs) - min(xs), "height": max(ys) - min(ys)}


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one file an image into a folder, or the only one to a path that ends in ``.json``.

    Parameters
    ----------
    path : path-like
        The folder, or the file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; the labels of its choices become flags of the image.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    shown = list(pictures(rows, log, statuses, sized=False))
    writer = _Writer(schema, meta or {}, log)
    write_each(path, shown, ".json", log, lambda picture, base, folder: writer.document(picture, base / folder))
    return log.report(path)


class _Writer:
    """Images on their way to documents."""

    def __init__(self, schema: Schema, meta: Meta, log: Log) -> None:
        self.schema = schema
        self.meta = meta
        self.log = log

    def document(self, picture: Picture, folder: Path) -> str:
        """The file of one image, which will lie in a folder."""
        carried = self.meta.get(picture.slot, {})
        shapes = carried.get("shapes", {})
        ours: dict[str, Any] = {}
        flags = self._flags(picture, ours)
        made: list[dict[str, Any]] = []
        groups = self._groups(picture.annotations)
        for a in picture.annotations:
            if isinstance(a, (Box, Polygon, Keypoints, Mask)):
                made += [{**one, **(shapes.get(a.id) or {})} for one in self._shapes(a, groups, picture.key)]
            elif not isinstance(a, Choice):
                ours.setdefault("said", []).append(msgspec.to_builtins(a))
                self.log.drop(picture.key, a.id, f"LabelMe has no {titled(a)}: it stands under {OURS!r}")
                self.log.annotations += 1
        name = _relative(picture, folder)
        if picture.key != name:
            ours["key"] = json_key(picture.key, self.log)
        width, height = picture.size or (None, None)
        found: dict[str, Any] = {"version": _VERSION, "flags": flags, "shapes": made, "imagePath": name}
        found |= {"imageData": None, "imageHeight": height, "imageWidth": width, **carried.get("head", {})}
        if ours:
            found[OURS] = ours
        self.log.items += 1
        return dumps(found, indent=2)

    def _flags(self, picture: Picture, ours: dict[str, Any]) -> dict[str, bool]:
        """The labels of all choices, true where they are chosen."""
        chosen = [a for a in picture.annotations if isinstance(a, Choice)]
        asked = [
            (field.name, label.name)
            for field in self.schema.fields
            if isinstance(field, Choices)
            for label in field.labels
        ]
        asked = list(dict.fromkeys([*asked, *((a.field, a.label) for a in chosen)]))
        fields = {field for field, _ in asked}
        names = {(field, label): f"{field}:{label}" if len(fields) > 1 else label for field, label in asked}
        if fields - {DEFAULT_FIELDS["choice"]}:
            ours["flags"] = {names[one]: list(one) for one in asked}
        made = dict.fromkeys(names.values(), False)
        for a in chosen:
            name = names[a.field, a.label]
            made[name] = True
            details = extras(a, without=("field",)) | ({"id": a.id} if a.id != f"flag:{name}" else {})
            if details:
                ours.setdefault("details", {})[name] = details
            self.log.annotations += 1
        return made

    @staticmethod
    def _groups(annotations: Iterable[AnyAnnotation]) -> dict[str, int]:
        """The number of each group: its own, if it is one."""
        names = dict.fromkeys(a.group for a in annotations if isinstance(a, Shape) and a.group)
        made = {name: int(name) for name in names if name.isascii() and name.isdecimal() and str(int(name)) == name}
        for name in names:
            if name not in made:
                made[name] = max(made.values(), default=0) + 1
        return made

    def _shapes(
        self, a: Box | Polygon | Keypoints | Mask, groups: dict[str, int], key: Hashable
    ) -> list[dict[str, Any]]:
        more = extras(a, without=("attributes", "score"))
        if a.group and str(groups[a.group]) == a.group:
            more.pop("group")
        flags = {name: value for name, value in a.attributes.items() if isinstance(value, bool)}
        attributes = {name: value for name, value in a.attributes.items() if name not in flags}
        made: dict[str, Any] = {"label": a.label, "points": [], "group_id": groups.get(a.group), "description": ""}
        made |= {"shape_type": "polygon", "flags": flags, "mask": None}
        if attributes:
            made["attributes"] = attributes
        if a.score is not None:
            made["score"] = a.score
        if isinstance(a, Keypoints) and (len(a.points) > 1 or not a.points[0][2]):
            return self._skeleton(a, made, groups, key)
        if isinstance(a, Box):
            made["shape_type"] = "oriented_rectangle" if a.rotation else "rectangle"
            ends: Any = corners(a) if a.rotation else corners(a)[::2]
            if a.rotation or (a.x + a.width - a.x, a.y + a.height - a.y) != (a.width, a.height):
                more["box"] = [a.x, a.y, a.width, a.height, a.rotation]  # which corners do not say exactly
        elif isinstance(a, Polygon):
            if not a.closed:
                made["shape_type"] = "line" if len(a.points) == 2 else "linestrip"
            if a.holes:
                self.log.drop(key, a.id, f"the {len(a.holes) + 1} outlines of {titled(a)} are joined by cuts")
            ends = bridged([a.points, *a.holes]) if a.holes else a.points
        elif isinstance(a, Keypoints):
            made["shape_type"] = "point"
            ends = [a.points[0][:2]]
            if a.points[0][2] == 1:
                more["seen"] = 1
        else:
            x, y, part = cropped(a)
            if not part.size:
                self.log.drop(key, a.id, f"{titled(a)} is empty, so there is nothing to write")
                return []
            made["shape_type"] = "mask"
            ends = [(float(x), float(y)), (float(x + part.shape[1] - 1), float(y + part.shape[0] - 1))]
            made["mask"] = base64.b64encode(png_of(part.astype("uint8"))).decode()
        made["points"] = [list(point) for point in ends]
        if more:
            made[OURS] = more
        self.log.annotations += 1
        return [made]

    def _skeleton(
        self, a: Keypoints, shape: dict[str, Any], groups: dict[str, int], key: Hashable
    ) -> list[dict[str, Any]]:
        """A shape for each point that is there."""
        parts = apart(a, self.schema)
        if not parts:
            self.log.drop(key, a.id, f"all points of {titled(a)} are absent, so there is nothing to write")
            return []
        group = groups.setdefault(a.group or f"\n{a.id}", max(groups.values(), default=0) + 1)
        self.log.annotations += 1
        same = {**shape, "shape_type": "point", "group_id": group}
        return [{**same, "label": name, "points": [[x, y]], OURS: ours} for name, x, y, ours in parts]


def _relative(picture: Picture, folder: Path) -> str:
    """The path of the image as it is seen from a folder, if the image is there."""
    data = picture.row.item.data
    if isinstance(data, (str, os.PathLike)):
        try:
            place = Path(data)
            if place.is_file():
                return Path(os.path.relpath(place.resolve(), folder.resolve())).as_posix()
        except (OSError, ValueError):  # no path, or one on another drive
            pass
    return picture.name
