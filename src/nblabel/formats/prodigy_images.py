"""The spans of Prodigy's tasks for images: rectangles and outlines with their corners.

``label, points, x, y, width, height, center, type`` are Prodigy's own. Ours are ``holes``, ``closed`` (false for open
lines), ``box`` (of a rotated one: left, top, width, height, degrees) and what shapes have besides (``z``, ``group``,
``occluded``). Keypoints and masks, which have no span, stand in the task's ``nblabel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..annotations import Box, Polygon
from ..errors import InvalidAnnotation
from ..records import Labelled
from ..schema import Boxes, Masks, Polygons, Polylines, Schema, Skeletons
from ..shapes import bounds, corners
from .base import default_field
from .figures import extras
from .pictures import number

__all__ = ["KNOWN", "field_of", "is_image", "is_image_task", "shape_of", "span_of"]

KNOWN = frozenset(("label", "points", "x", "y", "width", "height", "center", "type", "holes", "closed", "box"))
"""The keys of a span that are understood, besides those that all spans have."""
_MORE = ("z", "group", "occluded")


def is_image(row: Labelled, schema: Schema) -> bool:
    """Whether a row is of an image rather than of a text."""
    asked = any(isinstance(field, (Boxes, Polygons, Polylines, Skeletons, Masks)) for field in schema.fields)
    return asked or row.item.size is not None


def is_image_task(task: Mapping[str, Any]) -> bool:
    """Whether a task asks about its image: one that has a text, too, does so only if its spans lie in the image."""
    if not isinstance(task.get("image"), str) or not task["image"]:
        return False
    spans = task.get("spans")
    drawn = isinstance(spans, list) and any(
        isinstance(one, Mapping) and ("points" in one or "x" in one) for one in spans
    )
    return drawn or not isinstance(task.get("text"), str)


def span_of(a: Box | Polygon) -> dict[str, Any]:
    """A box or an outline as a span."""
    x, y, width, height = bounds(a)
    made: dict[str, Any] = {"label": a.label or None, "x": x, "y": y, "width": width, "height": height}
    made["center"] = [x + width / 2, y + height / 2]
    if isinstance(a, Box):
        top_left, top_right, bottom_right, bottom_left = (list(point) for point in corners(a))
        made["points"] = [top_left, bottom_left, bottom_right, top_right]  # as Prodigy goes round
        made["type"] = "polygon" if a.rotation else "rect"
        if a.rotation:
            made["box"] = [a.x, a.y, a.width, a.height, a.rotation]
    else:
        made |= {"points": [list(point) for point in a.points], "type": "polygon"}
        if a.holes:
            made["holes"] = [[list(point) for point in hole] for hole in a.holes]
        if not a.closed:
            made["closed"] = False
    return made | extras(a)


def shape_of(given: Mapping[str, Any], body: dict[str, Any]) -> tuple[type[Any], dict[str, Any]]:
    """The kind and the values of a span's shape, ``body`` being what all spans have; raises `InvalidAnnotation`."""
    label = given.get("label")
    body = {**body, "label": "" if label is None else label}
    body |= {name: given[name] for name in _MORE if name in given}
    names = ("x", "y", "width", "height", "rotation")
    box = given.get("box")
    if isinstance(box, list) and len(box) == 5:
        return Box, {**body, **{name: number(value, "box") for name, value in zip(names, box, strict=True)}}
    points = given.get("points")
    if given.get("type") == "rect" or points is None:
        if all(name in given for name in names[:4]):
            return Box, {**body, **{name: number(given[name], name) for name in names[:4]}}
        if not isinstance(points, list) or not points:
            raise InvalidAnnotation("span", "has neither points nor x, y, width and height")
    if not isinstance(points, list) or not all(isinstance(one, list) and len(one) == 2 for one in points):
        raise InvalidAnnotation("span", "has no list of points")
    if given.get("type") == "rect":
        xs, ys = ([number(point[axis], "points") for point in points] for axis in (0, 1))
        return Box, {**body, "x": min(xs), "y": min(ys), "width": max(xs) - min(xs), "height": max(ys) - min(ys)}
    return Polygon, {
        **body,
        "points": points,
        "holes": given.get("holes", []),
        "closed": given.get("closed", True) is not False,
    }


def field_of(a: Any, given: Mapping[str, Any]) -> str:
    """The field that a span names, or that of its sort."""
    named = given.get("field")
    return named if isinstance(named, str) and named else default_field(a)
