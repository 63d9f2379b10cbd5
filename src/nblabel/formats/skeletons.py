"""Skeletons for tools that know single points only: taken apart into points, and put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..annotations import Keypoints
from ..errors import InvalidAnnotation
from ..schema import Schema, Skeletons
from .base import converted
from .figures import SkeletonFields, edges_of, extras
from .pictures import number
from .said import dict_in

__all__ = ["apart", "is_part", "together"]

_MOST_POINTS = 10_000


def apart(a: Keypoints, schema: Schema) -> list[tuple[str, float, float, dict[str, Any]]]:
    """Name and place of each point that is there, and what must be kept of it; the first tells what they are of."""
    field = next((one for one in schema.fields if isinstance(one, Skeletons) and one.name == a.field), None)
    names = list(field.points) if field is not None and len(field.points) == len(a.points) else []
    names = names or ([str(n + 1) for n in range(len(a.points))] if len(a.points) > 1 else [])
    made: list[tuple[str, float, float, dict[str, Any]]] = []
    for n, (x, y, seen) in enumerate(a.points):
        if seen:
            ours: dict[str, Any] = {"skeleton": a.label, "of": a.id, "point": n}
            if seen == 1:
                ours["seen"] = 1
            if not made:
                ours |= {"names": names, "more": extras(a)}
                if field is not None and field.edges:
                    ours["edges"] = [list(edge) for edge in field.edges]
            made.append((names[n] if names else a.label, x, y, ours))
    return made


def is_part(ours: Mapping[str, Any]) -> bool:
    """Whether this was kept of a point of a skeleton."""
    return isinstance(ours.get("skeleton"), str) and type(ours.get("point")) is int


def together(parts: Sequence[tuple[Mapping[str, Any], Any, Any]], id_: str, fields: SkeletonFields) -> Keypoints:
    """The skeleton of points, each with what was kept of it and its place; raises `InvalidAnnotation`."""
    first = next((ours for ours, _, _ in parts if "more" in ours), parts[0][0])
    listed = first.get("names")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    n = len(names) or max(ours["point"] for ours, _, _ in parts) + 1
    if not 0 < n <= _MOST_POINTS:
        raise InvalidAnnotation("keypoints", f"have {n} points")
    points = [(0.0, 0.0, 0)] * n
    for ours, x, y in parts:
        if not 0 <= ours["point"] < n:
            raise InvalidAnnotation("keypoints", f"have no point {ours['point']}")
        points[ours["point"]] = (number(x, "points"), number(y, "points"), 1 if ours.get("seen") == 1 else 2)
    field = fields.of(None, names or [str(k + 1) for k in range(n)], edges_of(first.get("edges"), n))
    body = {"id": id_, "field": field, **dict_in(first, "more"), "label": first["skeleton"], "points": points}
    made: Keypoints = converted(Keypoints, body)
    fields.as_named(field, made.field)
    return made
