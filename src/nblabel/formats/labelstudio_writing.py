"""Annotations on their way into Label Studio's JSON: tasks, one annotation for each response, and their results."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from ..annotations import AnyAnnotation, Box, Choice, Keypoints, Mask, Polygon, Segment, Shape, Text
from ..errors import InvalidAnnotation
from ..records import Labelled, Report, Status
from ..schema import Choices, Schema, Segments, Skeletons, Texts
from ..shapes import corners
from .base import DEFAULT_FIELDS, Log, Meta, StrPath, replacing, sort_of, titled
from .disk import dumps
from .figures import bridged, extras
from .labelstudio_results import Results
from .markup import add, serialized
from .pictures import Picture, pictures, share
from .recordings import Recording, is_recording, recordings
from .rle import brush_of
from .said import OURS
from .skeletons import apart
from .table import json_key

__all__ = ["write"]

_TAGS = {
    "box": ("RectangleLabels", "Label"),
    "polygon": ("PolygonLabels", "Label"),
    "polyline": ("PolygonLabels", "Label"),
    "keypoints": ("KeyPointLabels", "Label"),
    "mask": ("BrushLabels", "Label"),
    "segment": ("Labels", "Label"),
    "choice": ("Choices", "Choice"),
}
_NOT_KEPT = ("attributes", "score", "field", "group")


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    config: StrPath | None = None,
    statuses: Sequence[Status] = ("submitted", "discarded"),
    meta: Meta | None = None,
) -> Report:
    """Write tasks for Label Studio's import.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written; several responses of one item are annotations of one task.
    schema : Schema
        The questions.
    config : path-like, optional
        Where the labeling config that fits is written.
    statuses : sequence of str
        Which responses are written; discarded ones are cancelled annotations.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    carried: Meta = meta or {}
    tasks: dict[Hashable, dict[str, Any]] = {}
    writer = _Writer(schema, log)
    heard = False
    for picture in _shown(rows, schema, log, statuses):
        heard = heard or isinstance(picture, Recording)
        known = carried.get(picture.slot, {})
        task = tasks.get(picture.key)
        if task is None:
            task = tasks[picture.key] = writer.task(picture, known, len(tasks))
            log.items += 1
        task["annotations"].append(writer.annotation(picture, known))
        task["total_annotations"] = len(task["annotations"])
    text = dumps(list(tasks.values()), indent=1)
    if config is not None:
        with replacing(config) as part:
            part.write_text(_config(schema, "audio" if heard else "image"), encoding="utf-8", newline="\n")
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return log.report(path)


def _shown(rows: Iterable[Labelled], schema: Schema, log: Log, statuses: Sequence[Status]) -> Iterator[Picture]:
    """The images and recordings that are written."""
    for row in rows:
        if is_recording(row, schema):
            yield from recordings([row], log, statuses, several=True)
        else:
            yield from pictures([row], log, statuses, sized=False, several=True)


def _media(picture: Picture) -> str:
    """The tag that a task's results are of."""
    return "audio" if isinstance(picture, Recording) else "image"


def _config(schema: Schema, media: str) -> str:
    """The labeling config of a schema."""
    view = Element("View")
    add(view, media.capitalize(), name=media, value=f"${media}")
    for field in schema.fields:
        sort = {"polygons": "polygon", "polylines": "polyline"}.get(str(field.__struct_config__.tag), field.annotation)
        if isinstance(field, Texts):
            add(view, "TextArea", name=field.name, toName=media)
        elif sort in _TAGS:
            tag, inner = _TAGS[sort]
            more = {"choice": "multiple" if field.multiple else "single"} if isinstance(field, Choices) else {}
            control = add(view, tag, name=field.name, toName=media, **more)
            for label in field.get_labels():
                add(control, inner, value=label.name, **({"background": label.color} if label.color else {}))
            if isinstance(field, Segments) and field.transcript:
                add(view, "TextArea", name=f"{field.name}-text", toName=media, perRegion="true", editable="true")
            for point in field.points if isinstance(field, Skeletons) else ():
                add(control, inner, value=point)
    return serialized(view, [])


class _Writer:
    """Items on their way to tasks."""

    def __init__(self, schema: Schema, log: Log) -> None:
        self.schema = schema
        self.log = log

    def task(self, picture: Picture, known: Mapping[str, Any], position: int) -> dict[str, Any]:
        """A task without annotations."""
        slot = known.get("image") or _media(picture)
        data = {slot: picture.row.item.data if known.get("image") else picture.name, **known.get("data", {})}
        made = {"id": position + 1, "data": data, "predictions": [], **known.get("task", {}), "annotations": []}
        if picture.key != data[slot]:
            meta = dict(made.get("meta") or {})
            made["meta"] = {**meta, OURS: {"key": json_key(picture.key, self.log)}}
        return made

    def annotation(self, picture: Picture, known: Mapping[str, Any]) -> dict[str, Any]:
        """A response as an annotation."""
        said = picture.row.response
        carried = dict(known.get("annotation", {}))
        made: dict[str, Any] = {**carried, "was_cancelled": said.status == "discarded"}
        made.setdefault("ground_truth", False)
        if said.seconds or "lead_time" in carried:
            made["lead_time"] = said.seconds
        for name, when in (("created_at", said.created_at), ("updated_at", said.updated_at)):
            if when and name not in carried:
                made[name] = datetime.fromtimestamp(when, UTC).isoformat()
        ours: dict[str, Any] = {}
        if said.annotator and said.annotator != _who(carried):
            ours["annotator"] = said.annotator
        ours |= {name: getattr(said, name) for name in ("flagged", "comment") if getattr(said, name)}
        made["result"] = self._results(picture, known, ours)
        made["result_count"] = len(made["result"])
        if ours:
            made[OURS] = ours
        return made

    def _results(self, picture: Picture, known: Mapping[str, Any], ours: dict[str, Any]) -> list[Any]:
        raw = known.get("results") or {}
        unchanged = self._unchanged(raw, picture)
        parents = self._parents(picture.annotations)
        several = any(isinstance(a, Segment) and a.channel for a in picture.annotations)
        made: list[Any] = []
        said: dict[tuple[str, str], list[Any]] = {}
        for a in picture.annotations:
            if a.id in unchanged:
                made += raw.get(a.id, ())
                self.log.annotations += 1
            elif isinstance(a, (Choice, Text)):
                said.setdefault((a.kind, a.field or DEFAULT_FIELDS[a.kind]), []).append(a)
            elif isinstance(a, (Box, Polygon, Keypoints, Mask)) and _media(picture) == "image":
                made += self._shape(a, picture, parents)
            elif isinstance(a, Segment) and isinstance(picture, Recording):
                made += self._segment(a, picture, several)
            else:
                ours.setdefault("said", []).append(msgspec.to_builtins(a))
                what = f"Label Studio has no {titled(a)} of {picture.what}s"
                self.log.drop(picture.key, a.id, f"{what}: it stands under {OURS!r}")
                self.log.annotations += 1
        for (kind, field), own in said.items():
            made.append(_said(kind, field, own, _media(picture)))
            self.log.annotations += len(own)
        return [*made, *known.get("left", ())]

    def _unchanged(self, raw: Mapping[str, list[Any]], picture: Picture) -> set[str]:
        """The annotations that are as their results say; choices and texts only where all of a field are."""
        mine = {a.id: a for a in picture.annotations}
        listed = [one for own in raw.values() for one in own]
        made, groups, _ = Results().read(listed, picture.size, picture.key, Log())
        whole = {a.id: a for a in made}
        found: set[str] = set()
        for first in groups:
            same = [a for a in made if a.id == first or a.id.startswith(f"{first}:")]
            if all(mine.get(a.id) == _in_field(a, mine.get(a.id)) for a in same):
                found |= {a.id for a in same}
        for a in picture.annotations:
            if a.id in found and isinstance(a, (Choice, Text)):
                asked = [one for one in picture.annotations if (one.kind, one.field) == (a.kind, a.field)]
                if not all(one.id in found for one in asked):
                    found -= {one.id for one in asked}
        return found & whole.keys()

    @staticmethod
    def _parents(annotations: Iterable[AnyAnnotation]) -> dict[str, str]:
        """The box that the other shapes of a group hang on, by group, where there is one."""
        boxes: dict[str, list[str]] = {}
        for a in annotations:
            if isinstance(a, Shape) and a.group:
                own = boxes.setdefault(a.group, [])
                if isinstance(a, Box):
                    own.append(a.id)
        return {group: own[0] for group, own in boxes.items() if len(own) == 1}

    def _shape(self, a: Box | Polygon | Keypoints | Mask, picture: Picture, parents: Mapping[str, str]) -> list[Any]:
        key, size = picture.key, picture.size
        if size is None and isinstance(a, Mask):
            size = (a.size[1], a.size[0])
        if size is None:
            self.log.drop(key, a.id, f"{titled(a)} is not written: the size of its image is not known")
            return []
        parent = parents.get(a.group, "") if a.group else ""
        more = extras(a, without=_NOT_KEPT)
        if a.group != parent:
            more["group"] = a.group
        parent = "" if parent == a.id else parent
        same: dict[str, Any] = {"original_width": size[0], "original_height": size[1], "image_rotation": 0}
        same |= {"to_name": "image", "from_name": a.field or DEFAULT_FIELDS[sort_of(a)], "origin": "manual"}
        if parent:
            same["parentID"] = parent
        if a.score is not None:
            same["score"] = a.score
        if isinstance(a, Keypoints) and (len(a.points) > 1 or not a.points[0][2]):
            return self._skeleton(a, same, size, key)
        try:
            type_, value = self._value(a, size, more, key)
        except InvalidAnnotation as error:
            self.log.drop(key, a.id, str(error))
            return []
        self.log.annotations += 1
        made = [{**same, "id": a.id, "type": f"{type_}labels", "value": {**value, f"{type_}labels": [a.label]}}]
        left = {}
        for name, given in a.attributes.items():
            found = self._own(name, given, a)
            if found is None:
                left[name] = given
            else:
                kind, stored = found
                made.append({**same, "id": a.id, "from_name": name, "type": kind, "value": {**value, **stored}})
        if left:
            more["attributes"] = left
        if more:
            made[0][OURS] = more
        return made

    def _segment(self, a: Segment, recording: Recording, several: bool) -> list[Any]:
        """A segment as results of one region: its labels, its text, and its attributes."""
        field = a.field or DEFAULT_FIELDS["segment"]
        more = extras(a, without=(*_NOT_KEPT, "start", "end", "channel"))
        if several and a.channel is None:
            more["channel"] = -1
        elif a.channel == 0 and not several:
            more["channel"] = 0
        same: dict[str, Any] = {"id": a.id, "to_name": "audio", "origin": "manual"}
        same |= {"original_length": recording.duration} if recording.duration else {}
        same |= {"score": a.score} if a.score is not None else {}
        place = {"start": a.start, "end": a.end, "channel": a.channel or 0}
        labels = {"labels": [a.label] if a.label else []}
        made = [{**same, "from_name": field, "type": "labels", "value": {**place, **labels}}]
        if a.text:
            text = {"type": "textarea", "value": {**place, "text": [a.text]}}
            made.append({**same, "from_name": f"{field}-text", **text})
        left = {}
        for name, given in a.attributes.items():
            found = None if isinstance(given, str) and not a.text else self._own(name, given, a)
            if found is None:  # the first text area would be taken for its text
                left[name] = given
            else:
                made.append({**same, "from_name": name, "type": found[0], "value": {**place, **found[1]}})
        more |= {"attributes": left} if left else {}
        if more:
            made[0][OURS] = more
        self.log.annotations += 1
        return made

    def _own(self, name: str, value: Any, a: Any) -> tuple[str, dict[str, Any]] | None:
        """An attribute as a control of its region, where it reads the same again."""
        field = next((one for one in self.schema.fields if one.name == a.field), None)
        label = field.label(a.label) if field is not None else None
        known = (
            next((one.type for one in label.attributes if one.name == name), "text") if label is not None else "text"
        )
        if isinstance(value, list) and len(value) != 1:
            return "choices", {"choices": value}
        if isinstance(value, str):
            return ("choices", {"choices": [value]}) if known == "choice" else ("textarea", {"text": [value]})
        return None

    def _value(
        self, a: Box | Polygon | Keypoints | Mask, size: tuple[int, int], more: dict[str, Any], key: Hashable
    ) -> tuple[str, dict[str, Any]]:
        width, height = size
        if isinstance(a, Box):
            x, y = corners(a)[0]
            place = {"x": share(x, width, 100), "y": share(y, height, 100)}
            sides = {"width": share(a.width, width, 100), "height": share(a.height, height, 100)}
            return "rectangle", {**place, **sides, "rotation": a.rotation}
        if isinstance(a, Polygon):
            if a.holes:
                self.log.drop(key, a.id, f"the {len(a.holes) + 1} outlines of {titled(a)} are joined by cuts")
            ring = bridged([a.points, *a.holes]) if a.holes else a.points
            points = [[share(x, width, 100), share(y, height, 100)] for x, y in ring]
            return "polygon", {"points": points, "closed": a.closed}
        if isinstance(a, Keypoints):
            x, y, seen = a.points[0]
            if seen == 1:
                more["seen"] = 1
            return "keypoint", _percent(x, y, size)
        return "brush", {"format": "rle", "rle": brush_of(a)}

    def _skeleton(self, a: Keypoints, same: dict[str, Any], size: tuple[int, int], key: Hashable) -> list[Any]:
        parts = apart(a, self.schema)
        if not parts:
            self.log.drop(key, a.id, f"all points of {titled(a)} are absent, so there is nothing to write")
            return []
        self.log.annotations += 1
        type_ = "keypointlabels"
        return [
            {**same, "id": f"{a.id}-{n}", "type": type_, "value": {**_percent(x, y, size), type_: [name]}, OURS: ours}
            for n, (name, x, y, ours) in enumerate(parts)
        ]


def _percent(x: float, y: float, size: tuple[int, int]) -> dict[str, float]:
    return {"x": share(x, size[0], 100), "y": share(y, size[1], 100), "width": 0.5}


def _said(kind: str, field: str, own: Sequence[Any], media: str) -> dict[str, Any]:
    """Choices or texts of one field as one result."""
    type_, name = ("choices", "choices") if kind == "choice" else ("textarea", "text")
    made: dict[str, Any] = {"id": own[0].id, "type": type_, "from_name": field, "to_name": media}
    made["value"] = {name: [a.label if kind == "choice" else a.text for a in own]}
    details = {}
    for n, a in enumerate(own):
        found = extras(a, without=("field",)) | ({"id": a.id} if n and a.id != f"{own[0].id}:{n}" else {})
        if found:
            details[str(n)] = found
    if details:
        made[OURS] = {"details": details}
    return made


def _in_field(a: AnyAnnotation, other: AnyAnnotation | None) -> AnyAnnotation:
    """The annotation in the field of the other: fields are told by more than one result."""
    made: AnyAnnotation = a if other is None else msgspec.structs.replace(a, field=other.field)
    return made


def _who(annotation: Mapping[str, Any]) -> str:
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return "" if who is None else str(who)
