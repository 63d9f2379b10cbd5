"""Shapes on their way into a COCO file: categories, images, and one entry for each object."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from ..annotations import AnyAnnotation, Mask, Polygon, Shape, Text
from ..errors import FormatError
from ..records import Labelled, Report, Status
from ..schema import Schema, Skeletons
from ..shapes import Ring, area, bounds, mask_array, mask_of, to_mask
from .base import DEFAULT_FIELDS, FILE, Log, Meta, StrPath, replacing, sort_of, titled
from .coco_entries import SORTS, Categories, Parser
from .disk import dumps
from .figures import Thing, bridged, is_bounds, labels_of, rings_of, things
from .pictures import Picture, pictures
from .rle import coco_string
from .said import OURS
from .table import json_key

__all__ = ["write"]


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    rle: Literal["compressed", "counts"] = "compressed",
    indent: int | None = None,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write a data set.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; its labels become categories, with ids from 1 where the file it came from had none.
    rle : {"compressed", "counts"}
        Masks as the string of pycocotools, or as a list of run lengths.
    indent : int, optional
        Blanks a level, for files that people read.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    if rle not in ("compressed", "counts"):
        raise FormatError(f"rle= is 'compressed' or 'counts', not {rle!r}")
    log = Log()
    carried: Meta = meta or {}
    file = dict(carried.get(FILE, {}))
    shown = list(pictures(rows, log, statuses, sized=False))
    categories = _written_categories(schema, [a for one in shown for a in one.annotations], file.get("categories"))
    made = _Writer(categories, carried, compressed=rle == "compressed", log=log)
    images = made.images(shown)
    found = {**file, "images": images, "annotations": made.annotations, "categories": list(categories.values())}
    found = {"info": {}, "licenses": [], **found}
    with replacing(path) as part:
        part.write_text(dumps(found, indent=indent), encoding="utf-8", newline="\n")
    return log.report(path)


def _written_categories(schema: Schema, said: list[AnyAnnotation], carried: Any) -> dict[str, dict[str, Any]]:
    """Categories by label: those that were read, then those of the schema."""
    made: dict[str, dict[str, Any]] = {}
    if isinstance(carried, list):
        known = Categories(carried, Log()).by_id
        for one in carried:
            if isinstance(one, dict) and one.get("id") in known:
                made[known[one["id"]].name] = dict(one)
    skeletons = [field for field in schema.fields if isinstance(field, Skeletons)]
    used = {one["id"] for one in made.values()}
    free = max((one for one in used if isinstance(one, int)), default=0) + 1
    for label in labels_of(schema, said, SORTS):
        if label.name not in made:
            made[label.name] = {"id": free, "name": label.name, "supercategory": label.parent}
            if label.color:
                made[label.name]["color"] = label.color
            free += 1
        own = next((field for field in skeletons if field.label(label.name)), None)
        if own is not None and "keypoints" not in made[label.name]:
            made[label.name]["keypoints"] = list(own.points) or [label.name]
            made[label.name]["skeleton"] = [[a + 1, b + 1] for a, b in own.edges]
            if len(skeletons) > 1 or own.name != DEFAULT_FIELDS["keypoints"]:
                made[label.name][OURS] = {"field": own.name}
    return made


class _Writer:
    """Images and annotations on their way into the file."""

    def __init__(self, categories: dict[str, dict[str, Any]], meta: Meta, *, compressed: bool, log: Log) -> None:
        self.categories = categories
        self.meta = meta
        self.compressed = compressed
        self.log = log
        self.annotations: list[dict[str, Any]] = []
        given = Categories(list(categories.values()), Log())
        self.parser = Parser(given, None, Log())

    def images(self, shown: list[Picture]) -> list[dict[str, Any]]:
        """The entries of all images; their annotations are collected on the way."""
        raws = [self.meta.get(one.slot, {}) for one in shown]
        known = [raw["image"] if isinstance(raw.get("image"), dict) else {} for raw in raws]
        ids = _Ids(one.get("id") for one in known)
        marks = _Ids(
            one.get("id") if isinstance(one, dict) else None
            for raw in raws
            for one in (raw.get("annotations") or {}).values()
        )
        made = []
        for picture, raw, image in zip(shown, raws, known, strict=True):
            entry = {**image, "id": ids.take(image.get("id")), "file_name": image.get("file_name", picture.name)}
            size = picture.size or next((a.size[::-1] for a in picture.annotations if isinstance(a, Mask)), None)
            if size is not None:
                entry |= {"width": size[0], "height": size[1]}
            elif "width" not in entry:
                self.log.drop(
                    picture.key, "", "the size of the image is not known, so its width and height are missing"
                )
            self._annotations(picture, size, entry, raw.get("annotations") or {}, marks)
            made.append(entry)
            self.log.items += 1
        return made

    def _annotations(
        self, picture: Picture, size: tuple[int, int] | None, entry: dict[str, Any], raws: Mapping[str, Any], ids: _Ids
    ) -> None:
        ours: dict[str, Any] = {}
        others = [a for a in picture.annotations if not isinstance(a, Shape) or sort_of(a) == "polyline"]
        if picture.key != entry["file_name"]:
            ours["key"] = json_key(picture.key, self.log)
        for a in others:
            if isinstance(a, Text) and a.id in raws:
                self.annotations.append({**raws[a.id], "caption": a.text, "image_id": entry["id"]})
                ids.take(raws[a.id].get("id"))
            else:
                ours.setdefault("said", []).append(msgspec.to_builtins(a))
                self.log.drop(picture.key, a.id, f"COCO has no {titled(a)}: it stands under {OURS!r}")
            self.log.annotations += 1
        if ours:
            entry[OURS] = ours
        for thing in things(a for a in picture.annotations if a not in others):
            raw = raws.get(thing.first.id)
            raw = raw if isinstance(raw, dict) else {}
            points = thing.keypoints
            if points is not None and len(thing.shapes) == 1 and not any(seen for _, _, seen in points.points):
                self.log.drop(
                    picture.key, points.id, f"no point of {titled(points)} is there, so there is nothing to write"
                )
                continue
            id_ = ids.take(raw.get("id", thing.first.id))
            self.log.annotations += len(thing.shapes)
            if raw and self._unchanged(raw, thing, picture.key):
                self.annotations.append({**raw, "id": id_, "image_id": entry["id"]})
            else:
                self.annotations.append(self._entry(thing, raw, id_, entry["id"], size, picture.key))

    def _unchanged(self, raw: dict[str, Any], thing: Thing, key: Hashable) -> bool:
        found = self.parser.shapes(raw, key, thing.first.id, quiet=True)
        return {one.id: one for one in found} == {one.id: one for one in thing.shapes}

    def _entry(
        self,
        thing: Thing,
        raw: Mapping[str, Any],
        id_: int | str,
        image: Any,
        size: tuple[int, int] | None,
        key: Hashable,
    ) -> dict[str, Any]:
        first: Any = thing.first
        attributes = dict(first.attributes)
        crowd = attributes.pop("iscrowd", False) is True
        skipped = ("segmentation", "keypoints", "num_keypoints", "attributes", "score", "area", "bbox", OURS)
        made: dict[str, Any] = {name: value for name, value in raw.items() if name not in skipped}
        made |= {"id": id_, "image_id": image, "category_id": self._category(first.label)}
        box = thing.box
        ours: dict[str, Any] = {}
        x, y, width, height = thing.box_or_bounds
        if thing.parts:
            made["segmentation"], whole = self._segmentation(thing, size, key)
            made["area"] = sum(area(one) for one in thing.parts) if whole is None else area(whole)
            if whole is not None and box is None:
                x, y, width, height = bounds(whole)
            elif box is None and any(getattr(one, "holes", ()) for one in thing.parts):
                # joined by cuts; holes need not lie inside of their outline
                flat = [value for ring in made["segmentation"] for value in ring]
                x, y, width, height = bounds(Polygon(tuple(zip(flat[::2], flat[1::2], strict=True))))
        elif box is not None and box.rotation:
            made["segmentation"] = [_flat(ring) for ring in rings_of(box)]
            made["area"] = area(box)
            ours["outline"] = "box"
        else:
            made["segmentation"] = []
        made["bbox"] = [x, y, width, height]
        made.setdefault("area", width * height)
        made["iscrowd"] = int(crowd)
        if thing.keypoints is not None:
            points = thing.keypoints.points
            made["keypoints"] = [value for x, y, v in points for value in ((x, y, v) if v else (0, 0, 0))]
            made["num_keypoints"] = sum(1 for point in points if point[2])
        others = thing.parts or thing.shapes[1:]
        if box is not None and (box.rotation or (others and is_bounds(made["bbox"], others))):
            ours["box"] = [box.x, box.y, box.width, box.height, box.rotation]
        if first.occluded:
            attributes["occluded"] = True
        if attributes:
            made["attributes"] = attributes
        if first.score is not None:
            made["score"] = first.score
        if first.group != (str(id_) if len(thing.shapes) > 1 else ""):
            ours["group"] = first.group
        ours |= {name: getattr(first, name) for name in ("z",) if getattr(first, name)}
        if first.source != "human":
            ours["source"] = first.source
        usual = {**DEFAULT_FIELDS, "keypoints": self.parser.categories.fields.get(made["category_id"], "keypoints")}
        fields = {sort_of(one): one.field for one in thing.shapes if one.field != usual[sort_of(one)]}
        if fields:
            ours["fields"] = fields
        if ours:
            made[OURS] = ours
        return made

    def _category(self, label: str) -> Any:
        if label not in self.categories:  # an empty label
            free = max((one["id"] for one in self.categories.values() if isinstance(one["id"], int)), default=0) + 1
            self.categories[label] = {"id": free, "name": label, "supercategory": ""}
        return self.categories[label]["id"]

    def _segmentation(self, thing: Thing, size: tuple[int, int] | None, key: Hashable) -> tuple[Any, Mask | None]:
        """The outlines of an object, or its run lengths with the mask that they are of."""
        outlines = [one for one in thing.parts if isinstance(one, Polygon)]
        if len(outlines) == len(thing.parts) and not any(one.holes for one in outlines):
            return [_flat(one.points) for one in outlines], None
        if size is None:
            left, top, width, height = thing.box_or_bounds
            size = (math.ceil(left + width), math.ceil(top + height))
        whole = [to_mask(one, size) for one in thing.parts]
        mask = whole[0]
        if len(whole) > 1:
            for one in thing.parts:
                self.log.drop(key, one.id, f"{titled(one)} and the other parts of its object are written as one mask")
            mask = mask_of(np.logical_or.reduce([mask_array(one) for one in whole]))
        if outlines and len(mask.counts) < 2:  # so thin that no pixel is in it
            for one in outlines:
                self.log.drop(key, one.id, f"the {len(one.holes) + 1} outlines of {titled(one)} are joined by cuts")
            return [_flat(bridged([one.points, *one.holes])) for one in outlines], None
        for one in outlines:
            if one.holes:
                self.log.drop(key, one.id, f"{titled(one)} is written as run lengths of whole pixels, for its holes")
        counts: Any = coco_string(mask.counts) if self.compressed else list(mask.counts)
        return {"size": list(mask.size), "counts": counts}, mask


def _flat(ring: Ring) -> list[float]:
    return [value for point in ring for value in point]


class _Ids:
    """Whole numbers that are given out once: the one that is asked for, if it is free."""

    def __init__(self, given: Iterable[Any]) -> None:
        self.kept = {one for one in given if isinstance(one, (int, str))}
        self.taken: set[Any] = set()
        self.next = max((one for one in self.kept if isinstance(one, int)), default=0) + 1

    def take(self, wanted: Any) -> Any:
        """The id itself, or the next free number."""
        if wanted in self.kept and wanted not in self.taken:
            self.taken.add(wanted)
            return wanted
        if isinstance(wanted, str) and wanted.isascii() and wanted.isdecimal() and len(wanted) < 16:
            number_ = int(wanted)
            if number_ not in self.taken and number_ not in self.kept and number_ > 0:
                self.taken.add(number_)
                return number_
        while self.next in self.taken or self.next in self.kept:
            self.next += 1
        self.taken.add(self.next)
        return self.next
