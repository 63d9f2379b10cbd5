"""The results of a Label Studio annotation: regions with labels and attributes, choices and texts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Box, Choice, Keypoints, Polygon, Segment, Shape, Text
from ..errors import InvalidAnnotation
from .base import DEFAULT_FIELDS, Log, converted, sort_of
from .figures import SkeletonFields, ellipse
from .pictures import number
from .rle import mask_of_brush
from .said import OURS, dict_in
from .skeletons import is_part, together

__all__ = ["Results", "is_heard", "length_in", "size_in"]

_OF_SOUNDS = ("labels", "textarea", "choices", "number", "rating")
_SHAPES = ("rectangle", "ellipse", "polygon", "keypoint", "brush")


class Results:
    """Results on their way to annotations; knows the fields that were met, and what they are asked for."""

    def __init__(self) -> None:
        self.points = SkeletonFields()
        self.fields: dict[str, str] = {}

    def read(
        self, given: Any, size: tuple[int, int] | None, key: Hashable, log: Log
    ) -> tuple[tuple[AnyAnnotation, ...], dict[str, list[Any]], list[Any]]:
        """The annotations of a list of results, the results that each is made of, and those that none is."""
        groups: dict[str, list[dict[str, Any]]] = {}
        skeletons: dict[str, list[tuple[dict[str, Any], Any, Any]]] = {}
        parts: dict[str, list[Any]] = {}
        left: list[Any] = []
        listed = given if isinstance(given, list) else []
        parents = {str(one["parentID"]) for one in listed if isinstance(one, dict) and one.get("parentID")}
        for n, one in enumerate(listed):
            if not isinstance(one, dict) or not isinstance(one.get("value"), dict) or "type" not in one:
                kind = one.get("type") if isinstance(one, dict) else type(one).__name__
                log.drop(key, "", f"result {n}, a {kind}, is not read")
                left.append(one)
                continue
            ours = dict_in(one, OURS)
            place = _place(one, size)
            if is_part(ours) and place is not None:
                of = str(ours.get("of", one.get("parentID", n)))
                skeletons.setdefault(of, []).append((ours, *place))
                parts.setdefault(of, []).append(one)
            else:
                groups.setdefault(str(one.get("id") or f"result{n}"), []).append(one)
        made: list[AnyAnnotation] = []
        raw: dict[str, list[Any]] = {}
        for id_, own in groups.items():
            try:
                found = self._region(own, id_, size, key, log)
                if id_ in parents and found and isinstance(found[0], Shape) and not found[0].group:
                    found[0] = msgspec.structs.replace(found[0], group=id_)
            except InvalidAnnotation as error:
                log.drop(key, id_, str(error))
                left += own
                continue
            if found:
                raw[found[0].id] = own
                made += found
            else:
                left += own
        several = any(isinstance(a, Segment) and a.channel for a in made)
        for n, a in enumerate(made):  # each segment has a channel there; where all have the first, it says nothing
            said = dict_in(raw[a.id][0], OURS) if a.id in raw else {}
            if isinstance(a, Segment) and a.channel == 0 and not several and "channel" not in said:
                made[n] = msgspec.structs.replace(a, channel=None)
        for of, points in skeletons.items():
            try:
                made.append(together(points, of, self.points))
                raw[of] = parts[of]
            except InvalidAnnotation as error:
                log.drop(key, of, str(error))
                left += parts[of]
        return tuple(made), raw, left

    def _region(
        self, own: list[dict[str, Any]], id_: str, size: tuple[int, int] | None, key: Hashable, log: Log
    ) -> list[AnyAnnotation]:
        """What results of one id say: a shape with its label and attributes, or choices and texts of the image."""
        shape = next((one for one in own if _shape_of(one)), None)
        if shape is None and any(map(is_heard, own)):
            return [self._segment(own, id_, key, log)]
        if shape is None:
            return [made for one in own for made in self._said(one, id_, key, log)]
        ours = dict_in(shape, OURS)
        labels = [label for one in own if str(one["type"]).endswith("labels") for label in _labels(one)]
        attributes: dict[str, Any] = dict(dict_in(ours, "attributes"))
        for one in own:
            if one is shape or str(one["type"]).endswith("labels"):
                continue
            value = _own_value(one)
            if value is None:
                log.drop(key, id_, f"its {one['type']} {one.get('from_name')!r} is not read")
            else:
                attributes[str(one.get("from_name", one["type"]))] = value
        if len(labels) > 1:
            log.drop(key, id_, f"has the labels {', '.join(labels)}; the first one is taken")
        body: dict[str, Any] = {"label": labels[0] if labels else "", "id": id_, "attributes": attributes}
        body |= {name: ours[name] for name in ("source", "z", "occluded") if name in ours}
        body["group"] = str(ours.get("group", shape.get("parentID") or ""))
        if shape.get("score") is not None:
            body["score"] = number(shape["score"], "score")
        named = next((one for one in own if str(one["type"]).endswith("labels")), shape)
        made = self._shape(shape, body, size, key, log)
        field = str(ours.get("field") or named.get("from_name") or "")
        return [self._placed(made, field)]

    def _segment(self, own: list[dict[str, Any]], id_: str, key: Hashable, log: Log) -> AnyAnnotation:
        """A stretch of a recording with its label, text and attributes; raises `InvalidAnnotation`."""
        heard = [one for one in own if is_heard(one)]
        place = next((one for one in heard if one["type"] == "labels"), heard[0])
        ours = dict_in(place, OURS)
        labels = [label for one in own if one["type"] == "labels" for label in _labels(one)]
        if len(labels) > 1:
            log.drop(key, id_, f"has the labels {', '.join(labels)}; the first one is taken")
        attributes: dict[str, Any] = dict(dict_in(ours, "attributes"))
        texts: list[str] = []
        for one in own:
            if one["type"] == "labels":
                continue
            value = _own_value(one)
            if one["type"] == "textarea" and value is not None and not texts:
                texts = [value] if isinstance(value, str) else value
            elif value is None:
                log.drop(key, id_, f"its {one['type']} {one.get('from_name')!r} is not read")
            else:
                attributes[str(one.get("from_name", one["type"]))] = value
        value = place["value"]
        body: dict[str, Any] = {"id": id_, "label": labels[0] if labels else "", "text": "\n".join(texts)}
        body |= {name: number(value[name], name) for name in ("start", "end")}
        channel = ours.get("channel", value.get("channel"))
        body |= {"channel": channel} if isinstance(channel, int) and channel >= 0 else {}
        body |= {name: ours[name] for name in ("source", "low", "high") if name in ours}
        if place.get("score") is not None:
            body["score"] = number(place["score"], "score")
        made = converted(Segment, {**body, "attributes": attributes})
        field = str(ours.get("field") or place.get("from_name") or "")
        return self._placed(made, field if place["type"] == "labels" else str(ours.get("field", "")))

    def _placed(self, a: AnyAnnotation, field: str) -> AnyAnnotation:
        """The annotation in the field of its control tag, or in that of its sort if the tag has marked others."""
        sort = sort_of(a)
        if not field or self.fields.setdefault(field, sort) != sort:
            field = DEFAULT_FIELDS[sort]
            while self.fields.setdefault(field, sort) != sort:
                field += "2"
        made: AnyAnnotation = msgspec.structs.replace(a, field=field)
        return made

    def _said(self, one: dict[str, Any], id_: str, key: Hashable, log: Log) -> list[AnyAnnotation]:
        field = str(one.get("from_name", ""))
        details = dict_in(dict_in(one, OURS), "details")
        value = one["value"]
        if one["type"] == "choices" and isinstance(value.get("choices"), list):
            kind, name, texts = Choice, "label", value["choices"]
        elif one["type"] == "textarea":
            text = value.get("text")
            kind, name, texts = Text, "text", [text] if isinstance(text, str) else text  # type: ignore[assignment]
        else:
            texts = None
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            log.drop(key, id_, f"a {one['type']} is not read")
            return []
        made = []
        for n, text in enumerate(texts):
            body = {"id": f"{id_}:{n}" if n else id_, **dict_in(details, str(n)), name: text}
            made.append(self._placed(converted(kind, body), field))
        return made

    def _shape(
        self, given: dict[str, Any], body: dict[str, Any], size: tuple[int, int] | None, key: Hashable, log: Log
    ) -> Any:
        """The shape of a result; raises `InvalidAnnotation`."""
        value, type_ = given["value"], _shape_of(given)
        size = size_in([{"result": [given]}]) or size
        if size is None:
            raise InvalidAnnotation(str(type_), "does not say how large its image is")
        if given.get("image_rotation"):
            turn = given["image_rotation"]
            raise InvalidAnnotation(str(type_), f"was drawn on the image turned by {turn}°, which is not read")
        width, height = size

        def pixels(name: str, side: int, default: Any = None) -> float:
            return number(value.get(name, default), name) / 100 * side

        if type_ == "brush":
            if value.get("format", "rle") != "rle":
                raise InvalidAnnotation("brush", f"is stored as {value['format']!r}, not as run lengths")
            return mask_of_brush(value.get("rle"), size, **body)
        if type_ == "polygon":
            points = value.get("points")
            if not isinstance(points, list) or not all(isinstance(one, list) and len(one) == 2 for one in points):
                raise InvalidAnnotation("polygon", "has no list of points")
            made = [(number(x, "points") / 100 * width, number(y, "points") / 100 * height) for x, y in points]
            return converted(Polygon, {**body, "points": made, "closed": value.get("closed", True) is not False})
        x, y = pixels("x", width), pixels("y", height)
        turn = number(value.get("rotation") or 0, "rotation")
        if type_ == "keypoint":
            seen = 1 if dict_in(given, OURS).get("seen") == 1 else 2
            return converted(Keypoints, {**body, "points": [(x, y, seen)]})
        if type_ == "ellipse":
            ring = ellipse(x, y, pixels("radiusX", width), pixels("radiusY", height), turn)
            log.drop(key, body["id"], f"the ellipse {body['label']!r} is read as a polygon of {len(ring)} points")
            return converted(Polygon, {**body, "points": ring})
        w, h = pixels("width", width), pixels("height", height)
        if turn:  # about the top left corner
            cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            cx, cy = x + w / 2 * cos - h / 2 * sin, y + w / 2 * sin + h / 2 * cos
            x, y = cx - w / 2, cy - h / 2
        return converted(Box, {**body, "x": x, "y": y, "width": w, "height": h, "rotation": turn})


def _shape_of(one: Mapping[str, Any]) -> str | None:
    """The shape of a result that has one, also where a separate result has the label."""
    found = str(one["type"]).removesuffix("labels")
    if found not in _SHAPES:
        return None
    value = one["value"]
    signs = {"brush": "rle", "polygon": "points", "ellipse": "radiusX", "rectangle": "width", "keypoint": "x"}
    return found if signs[found] in value or found != str(one["type"]) else None


def is_heard(one: Mapping[str, Any]) -> bool:
    """Whether a result is of a stretch of a recording; those of texts hold the text, and places of it."""
    value = one.get("value")
    if not isinstance(value, dict) or one.get("type") not in _OF_SOUNDS:
        return False
    numbers = [value.get(name) for name in ("start", "end")]
    timed = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in numbers)
    return timed and not isinstance(value.get("text"), str) and not {"startOffset", "globalOffsets"} & value.keys()


def _labels(one: Mapping[str, Any]) -> list[str]:
    listed = one["value"].get(one["type"])
    return [str(label) for label in listed] if isinstance(listed, list) else []


def _own_value(one: Mapping[str, Any]) -> Any:
    """What a region says by a control of its own."""
    type_, value = one["type"], one["value"]
    found = value.get({"textarea": "text"}.get(type_, type_))
    if type_ in ("choices", "textarea") and isinstance(found, list) and all(isinstance(part, str) for part in found):
        return found[0] if len(found) == 1 else found
    if type_ == "textarea" and isinstance(found, str):
        return found
    if type_ in ("number", "rating") and isinstance(found, (int, float)) and not isinstance(found, bool):
        return found
    return None


def _place(one: Mapping[str, Any], size: tuple[int, int] | None) -> tuple[float, float] | None:
    """Where a point of a skeleton is."""
    size = size_in([{"result": [one]}]) or size
    try:
        x, y = (number(one["value"].get(name), name) for name in ("x", "y"))
    except InvalidAnnotation:
        return None
    return None if size is None else (x / 100 * size[0], y / 100 * size[1])


def size_in(annotations: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The size of the image, as the first result has it that says it."""
    for annotation in annotations:
        results = annotation.get("result")
        for one in results if isinstance(results, list) else ():
            sides = [one.get(name) for name in ("original_width", "original_height")] if isinstance(one, dict) else []
            if len(sides) == 2 and all(isinstance(side, (int, float)) and 0 < side < 2**31 for side in sides):
                return int(sides[0]), int(sides[1])  # type: ignore[arg-type]
    return None


def length_in(annotations: Iterable[Mapping[str, Any]]) -> float | None:
    """The length of the recording, as the first result has it that says it."""
    for annotation in annotations:
        results = annotation.get("result")
        for one in results if isinstance(results, list) else ():
            found = one.get("original_length") if isinstance(one, dict) else None
            if isinstance(found, (int, float)) and not isinstance(found, bool) and 0 < found < 1e9:
                return float(found)
    return None
