"""What models say of images: boxes as tuples and arrays, masks as arrays, and the results of detectors."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon
from ..errors import InvalidAnnotation
from ..schema import Boxes, Field, Masks, Schema
from ..shapes import corners, mask_of

__all__ = ["fitted", "is_box", "is_mask", "is_result", "made_of", "plain", "results"]

_MOST = 10_000
"""More things in one image are a model's mistake, and would keep the page from showing any."""


# ---- one thing -----------------------------------------------------------------------------------


def is_box(given: Any) -> bool:
    """Whether this is ``(x, y, width, height)`` with a label, a score, or both after it."""
    if not isinstance(given, (tuple, list)) or not 4 <= len(given) <= 6:
        return False
    label = given[4] if len(given) > 4 else ""
    score = given[5] if len(given) > 5 else None
    if len(given) == 5 and _is_number(label):
        label, score = "", label
    numeric = all(_is_number(side) for side in given[:4])
    return numeric and isinstance(label, str) and (score is None or _is_number(score))


def is_mask(given: Any) -> bool:
    """Whether this is an array of pixels, alone or with a label and a score."""
    if isinstance(given, (tuple, list)):
        return 2 <= len(given) <= 3 and is_mask(given[0]) and isinstance(given[1], str)
    if isinstance(given, Mapping):
        return is_mask(given.get("mask"))
    return isinstance(given, np.ndarray) and given.ndim == 2 and given.dtype == np.bool_


def made_of(given: Any, field: str | None, schema: Schema) -> tuple[AnyAnnotation, float | None]:
    """The box or mask that a tuple, array or dict stands for, and its score."""
    more: dict[str, Any] = {"field": field or ""}
    label, score = "", None
    if isinstance(given, Mapping):
        rest = {name: value for name, value in given.items() if name not in ("mask", "label", "score", "kind")}
        label, score = str(given.get("label", "")), given.get("score")
        made: Any = mask_of(given["mask"], label or _only(schema, Masks, field), **{**more, **rest})
    elif is_mask(given):
        array, label, score = (given, "", None) if isinstance(given, np.ndarray) else (*given, None)[:3]
        made = mask_of(array, label or _only(schema, Masks, field), **more)
    else:
        rest_of = list(given[4:])
        if rest_of and isinstance(rest_of[0], str):
            label = rest_of.pop(0)
        score = rest_of[0] if rest_of else None
        x, y, width, height = given[:4]
        made = Box(x, y, width, height, label or _only(schema, Boxes, field), **more)
    return made, score


def plain(value: Any) -> Any:
    """A value of a dict without numpy: arrays as lists, scalars as Python's own."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _only(schema: Schema, kind: type[Field], field: str | None) -> str:
    """The label of the only field of its kind, where there is no choice."""
    fits = [one for one in schema.fields if isinstance(one, kind) and field in (None, one.name)]
    labels = [label.name for one in fits for label in one.get_labels()]
    return labels[0] if len(labels) == 1 else ""


# ---- what detectors return -----------------------------------------------------------------------


def is_result(answer: Any) -> bool:
    """Whether this looks like ``supervision.Detections`` or a ``Results`` of ultralytics, which are never imported."""
    return hasattr(answer, "xyxy") or (hasattr(answer, "boxes") and hasattr(answer, "names"))


def results(answer: Any, schema: Schema, unknown: Counter[str]) -> Iterator[AnyAnnotation]:
    """Boxes and masks of what a detector found, as far as the schema asks for them.

    Parameters
    ----------
    answer : Detections or Results
        With ``xyxy``, and perhaps ``confidence``, ``mask``, ``class_id`` and the names of classes.
    schema : Schema
        A box goes to the boxes field that has its label, a mask to the masks field that has it.
    unknown : Counter
        Counts labels that no field has.
    """
    boxes, masks, scores, labels = _parts(answer)
    if labels is None:
        names = {label.name for one in schema.fields if isinstance(one, (Boxes, Masks)) for label in one.get_labels()}
        if len(names) != 1:
            raise InvalidAnnotation(
                type(answer).__name__, "has no names of classes", hint="data['class_name'] holds them"
            )
        labels = [*names] * len(boxes)
    for n, (left, top, right, bottom) in enumerate(boxes[:_MOST]):
        label = labels[n]
        fits = [one for one in schema.fields if isinstance(one, (Boxes, Masks)) and one.label(label)]
        if not fits:
            unknown[label] += 1
        score = None if scores is None else min(max(float(scores[n]), 0.0), 1.0)
        for one in fits:
            if isinstance(one, Masks) and masks is not None:
                if masks[n].any():
                    yield mask_of(masks[n], label, field=one.name, score=score)
            elif isinstance(one, Boxes) and right > left and bottom > top:
                sides = (float(left), float(top), float(right - left), float(bottom - top))
                yield Box(*sides, label, field=one.name, score=score)


def _parts(
    answer: Any,
) -> tuple[NDArray[Any], NDArray[np.bool_] | None, NDArray[Any] | None, list[str] | None]:
    """Corners, masks, scores and names of a detector's result."""
    if hasattr(answer, "xyxy"):
        boxes, masks, scores = answer.xyxy, getattr(answer, "mask", None), getattr(answer, "confidence", None)
        named = (getattr(answer, "data", None) or {}).get("class_name")
        labels = None if named is None else [str(name) for name in named]
    else:
        boxes, scores, found = answer.boxes.xyxy, answer.boxes.conf, getattr(answer, "masks", None)
        masks = None if found is None else found.data
        labels = [str(answer.names[int(n)]) for n in _array(answer.boxes.cls)]
    corners_of = _array(boxes).reshape(-1, 4)
    return (
        corners_of,
        None if masks is None else _array(masks) > 0,
        None if scores is None else _array(scores),
        labels if len(corners_of) else [],
    )


def _array(given: Any) -> NDArray[Any]:
    """An array of what may be a tensor on another device."""
    for step in ("detach", "cpu"):
        given = getattr(given, step, lambda given=given: given)()
    return np.asarray(given)


# ---- within the image ----------------------------------------------------------------------------


def fitted(a: AnyAnnotation, size: tuple[int, int]) -> AnyAnnotation:
    """The part of a shape that lies in an image of this width and height; raises if none does."""
    width, height = size
    if isinstance(a, Box):
        turned = [(min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in corners(a)]
        (left, top), (right, bottom) = (f(zip(*turned, strict=True)) for f in (_least, _largest))
        if right <= left or bottom <= top:
            raise _outside(a, size)
        if a.rotation or (left, top, right, bottom) == (a.x, a.y, a.x + a.width, a.y + a.height):
            return a
        return msgspec.structs.replace(a, x=left, y=top, width=right - left, height=bottom - top)
    if isinstance(a, Polygon):
        return _cut(a, size)
    if isinstance(a, Keypoints):  # what lies outside of the picture is not in it
        points = tuple((x, y, v) if 0 <= x <= width and 0 <= y <= height else (0.0, 0.0, 0) for x, y, v in a.points)
        if not any(v for _, _, v in points):
            raise _outside(a, size)
        return a if points == a.points else msgspec.structs.replace(a, points=points)
    if isinstance(a, Mask) and len(a.counts) < 2:
        raise InvalidAnnotation("Mask", "is empty")
    return a


def _outside(a: AnyAnnotation, size: tuple[int, int]) -> InvalidAnnotation:
    return InvalidAnnotation(type(a).__name__, f"lies outside the image of {size[0]} × {size[1]} pixels")


def _least(pairs: Iterator[Sequence[float]]) -> tuple[float, ...]:
    return tuple(min(values) for values in pairs)


def _largest(pairs: Iterator[Sequence[float]]) -> tuple[float, ...]:
    return tuple(max(values) for values in pairs)


def _cut(a: Polygon, size: tuple[int, int]) -> Polygon:
    """A polygon cut at the image's edges (Sutherland and Hodgman, 1974); lines end at the nearest place inside."""
    rings = (a.points, *a.holes)
    if all(0 <= x <= size[0] and 0 <= y <= size[1] for ring in rings for x, y in ring):
        return a
    if not a.closed:
        xs, ys = zip(*a.points, strict=True)
        if max(xs) < 0 or max(ys) < 0 or min(xs) > size[0] or min(ys) > size[1]:
            raise _outside(a, size)
        kept = [(min(max(x, 0.0), float(size[0])), min(max(y, 0.0), float(size[1]))) for x, y in a.points]
        return msgspec.structs.replace(a, points=tuple(kept))
    outer, *holes = (_clipped(ring, size) for ring in rings)
    if len(outer) < 3 or _twice_area(outer) == 0:
        raise _outside(a, size)
    return msgspec.structs.replace(a, points=tuple(outer), holes=tuple(tuple(ring) for ring in holes if len(ring) > 2))


def _clipped(ring: Sequence[tuple[float, float]], size: tuple[int, int]) -> list[tuple[float, float]]:
    points = list(ring)
    for axis, edge, sign in ((0, 0.0, 1), (1, 0.0, 1), (0, float(size[0]), -1), (1, float(size[1]), -1)):
        made: list[tuple[float, float]] = []
        for before, here in zip(points[-1:] + points[:-1], points, strict=True):
            was_in, is_in = (before[axis] - edge) * sign >= 0, (here[axis] - edge) * sign >= 0
            if was_in != is_in:
                part = (edge - before[axis]) / (here[axis] - before[axis])
                other = before[1 - axis] + part * (here[1 - axis] - before[1 - axis])
                made.append((edge, other) if axis == 0 else (other, edge))
            if is_in:
                made.append(here)
        points = made
    return points


def _twice_area(ring: Sequence[tuple[float, float]]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs))
