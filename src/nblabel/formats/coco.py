"""COCO JSON: boxes, outlines, masks and keypoints of images, with their categories.

An annotation of COCO may have a box, a segmentation and keypoints at once; each becomes an annotation of ours, and the
group says that they are one object. A box that is only the bounds of its segmentation is left to them. Written again,
shapes of one group and label become one annotation; several polygons are its parts.

Outlines with holes, and objects that have a mask, are written as run lengths: COCO's polygons have no holes. Rotated
boxes are written as their four corners. What COCO has no place for stands under ``nblabel``, which other tools ignore;
the report names it.

What was read and is not understood (``info``, ``licenses``, ids, further keys) is in `Reading.meta`; entries that did
not change are written back as they stood there.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ..annotations import AnyAnnotation
from ..errors import FormatError, nearest
from ..records import Item, Response
from .base import DEFAULT_FIELDS, Log, Read, Reading, StrPath, reading
from .coco_entries import SORTS, Categories, Parser
from .coco_writing import write
from .disk import json_of
from .said import OURS, dict_in
from .table import key_of_json

__all__ = ["read", "write"]


def read(path: StrPath, *, shapes: str | Sequence[str] | None = None, like: StrPath | None = None) -> Reading:
    """Read a data set, or a list of results, whose detections become the items' ``prelabels``.

    Parameters
    ----------
    path : path-like
        The file.
    shapes : sequence of str, optional
        Which of ``box``, ``polygon``, ``mask`` and ``keypoints`` are taken of an annotation that has several. Without
        it all but boxes that are only the bounds of the rest.
    like : path-like, optional
        The data set whose images and categories a list of results refers to.
    """
    log = Log()
    wanted = _wanted(shapes)
    found = json_of(Path(path), log)
    results = found if isinstance(found, list) else None
    if results is not None:
        found = json_of(Path(like), log) if like is not None else _around(results)
    for name in ("images", "annotations"):
        if not isinstance(found, dict) or not isinstance(found.get(name, [] if name == "annotations" else None), list):
            raise FormatError(f"{os.fspath(path)} is no COCO file: it has no list of {name!r}")
    categories = Categories(found.get("categories"), log)
    parser = Parser(categories, wanted, log)
    by_image: dict[Any, list[Any]] = {}
    for n, one in enumerate(found.get("annotations", ()) if results is None else results):
        image = one.get("image_id") if isinstance(one, dict) else None
        if image is None or isinstance(image, (dict, list)):
            log.drop(None, str(n), f"annotation {n} names no image")
        else:
            by_image.setdefault(image, []).append(one)
    items: list[Read] = []
    names = _names(found["images"])
    for n, image in enumerate(found["images"]):
        if not isinstance(image, dict) or isinstance(image.get("id"), (dict, list)):
            log.drop(None, "", f"image {n} is not a JSON object with an id")
            continue
        mine = by_image.pop(image.get("id"), [])
        items.append(_item(n, image, names, mine, parser, suggested=results is not None))
    for image, mine in by_image.items():
        log.drop(image, "", f"{len(mine)} annotations are of an image that is not in the file")
    file = {name: value for name, value in found.items() if name not in ("images", "annotations")}
    sorts = {name: sort for name, sort in parser.fields.items() if sort in ("box", "polygon", "mask")}
    if not parser.fields and categories.by_id:
        sorts = {DEFAULT_FIELDS["box"]: "box"}
    labels = {field: categories.labels(field) for field in (*sorts, *categories.skeletons)}
    skeletons = {field: one for field, one in categories.skeletons.items() if field in parser.fields}
    labels = {field: own for field, own in labels.items() if field in sorts or field in skeletons}
    return reading(path, items, log, labels=labels, skeletons=skeletons, sorts=sorts, file=file)


def _wanted(shapes: str | Sequence[str] | None) -> frozenset[str] | None:
    if shapes is None:
        return None
    chosen = (shapes,) if isinstance(shapes, str) else tuple(shapes)
    for one in chosen:
        if one not in SORTS:
            raise FormatError(f"there are no shapes {one!r}", nearest(str(one), SORTS))
    return frozenset(chosen)


def _around(results: list[Any]) -> dict[str, Any]:
    """Images and categories as far as a list of results tells."""
    given = [one for one in results if isinstance(one, dict)]
    images = dict.fromkeys(one["image_id"] for one in given if isinstance(one.get("image_id"), (int, str)))
    found = dict.fromkeys(one["category_id"] for one in given if isinstance(one.get("category_id"), (int, str)))
    return {"images": [{"id": image} for image in images], "categories": [{"id": one} for one in found]}


def _names(images: Iterable[Any]) -> dict[str, int]:
    """How often each file name stands there."""
    found: dict[str, int] = {}
    for image in images:
        name = image.get("file_name") if isinstance(image, dict) else None
        if isinstance(name, str):
            found[name] = found.get(name, 0) + 1
    return found


def _item(
    n: int, image: dict[str, Any], names: Mapping[str, int], given: list[Any], parser: Parser, *, suggested: bool
) -> Read:
    name = image.get("file_name")
    key: Hashable = name if isinstance(name, str) and name and names[name] == 1 else image.get("id", n)
    ours = dict_in(image, OURS)
    if "key" in ours:
        key = key_of_json(ours["key"])
    size = (image.get("width"), image.get("height"))
    sized = all(isinstance(side, (int, float)) and not isinstance(side, bool) and 0 < side < 2**31 for side in size)
    made: list[AnyAnnotation] = []
    raw: dict[str, Any] = {}
    for number_, one in enumerate(given):
        found = parser.shapes(one, key, f"n{number_}")
        if found:
            raw[found[0].id] = one
            made += found
    made += parser.said(ours, key)
    carried = {field: value for field, value in image.items() if field != OURS}
    data = name if isinstance(name, str) and name else key
    item = Item(key, data, position=n, size=(int(size[0]), int(size[1])) if sized else None)  # type: ignore[arg-type]
    if suggested:
        item = msgspec.structs.replace(item, prelabels=tuple(made))
        return Read(item, Response("", ""), {"image": carried})
    return Read(item, Response("", "", "submitted", tuple(made)), {"image": carried, "annotations": raw})
