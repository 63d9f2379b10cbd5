"""Shapes on their way into a YOLO data set: what fits one of the four tasks, and what is made to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

import numpy as np

from ..annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon, Shape
from ..errors import FormatError, nearest
from ..records import Item, Labelled, Report, Status
from ..schema import Schema, Skeletons
from ..shapes import Ring, area, bounds, corners, mask_array, mask_of, to_mask
from .base import FILE, Log, Meta, StrPath, beyond, sort_of, titled
from .disk import dumps, files_in, filling
from .figures import Fields, Thing, bridged, is_bounds, labels_of, rings_of, things
from .pictures import Picture, pictures, share, short, within

__all__ = ["SPLITS", "Task", "checked", "write"]

Task: TypeAlias = Literal["detect", "segment", "pose", "obb"]

_TASKS: tuple[Task, ...] = ("detect", "segment", "pose", "obb")
SPLITS = ("train", "val", "valid", "test")
"""The parts of a data set."""


def checked(task: str | None) -> Task | None:
    """The task; raises `FormatError` unless it is one of the four."""
    if task is None:
        return None
    for one in _TASKS:
        if one == task:
            return one
    raise FormatError(f"there is no task {task!r}", nearest(str(task), _TASKS))


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    task: Task | None = None,
    split: str | Callable[[Item], str] | None = None,
    images: bool = False,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write a data set into a folder; other files that are there stay.

    Parameters
    ----------
    path : path-like
        The folder.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; the order of their labels numbers the classes.
    task : {"detect", "segment", "pose", "obb"}, optional
        What is written of each shape. Without it pose where there are keypoints, else segment where there are polygons
        or masks, else obb where a box is rotated, else detect.
    split : str or callable, optional
        The part of the data set (``train``, ``val``, ``test``), or a function of the item that tells it. Without it
        that which the item was read from, else ``train``.
    images : bool
        Whether the images are copied, too: those that were handed in as paths or as bytes.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    asked = checked(task)
    log = Log()
    carried: Meta = meta or {}
    shown = list(pictures(rows, log, statuses))
    said = [a for one in shown for a in one.annotations]
    chosen = asked or _task(schema, said)
    about = carried.get(FILE, {}).get("data")
    writer = _Writer(chosen, schema, said, about if isinstance(about, dict) else {}, log)
    places = _places(shown, split, carried, log)
    with filling(path) as folder:
        for picture in shown:
            place = places.get(picture.name)
            if place is None:
                continue
            label = folder / "labels" / place.with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            lines = writer.lines(picture)
            label.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
            (folder / "images" / place).parent.mkdir(parents=True, exist_ok=True)
            if images:
                _copy(picture, folder / "images" / place, log)
            log.items += 1
        used = dict.fromkeys(place.parts[0] for place in places.values())
        (folder / "data.yaml").write_text(writer.yaml(used), encoding="utf-8", newline="\n")
        _strangers(Path(path), folder, log)
    return log.report(path)


def _task(schema: Schema, said: Iterable[AnyAnnotation]) -> Task:
    found = list(said)
    if any(isinstance(a, Keypoints) for a in found):
        return "pose"
    if any(isinstance(a, (Polygon, Mask)) for a in found):
        return "segment"
    if any(isinstance(a, Box) and a.rotation for a in found):
        return "obb"
    if not any(isinstance(a, Box) for a in found):
        sorts = [field.annotation for field in schema.fields]
        if "box" not in sorts:
            return "pose" if "keypoints" in sorts else "segment" if {"polygon", "mask"} & {*sorts} else "detect"
    return "detect"


def _places(
    shown: Sequence[Picture], split: str | Callable[[Item], str] | None, meta: Meta, log: Log
) -> dict[str, PurePosixPath]:
    """Where each image belongs below ``images``, by its name."""
    inner = within(picture.name for picture in shown)
    made: dict[str, PurePosixPath] = {}
    taken: dict[str, str] = {}
    for picture in shown:
        parts = list(PurePosixPath(inner[picture.name]).parts)
        known = meta.get(picture.slot, {}).get("split")
        other = split or (known if isinstance(known, str) else "train")
        part = other(picture.row.item) if callable(other) else other
        if part not in SPLITS:
            raise FormatError(f"{part!r} is no part of a data set", "known: 'train', 'val', 'test'")
        while len(parts) > 1 and parts[0] in ("images", known, part):  # a name that has them already
            del parts[0]
        if len(parts) > 2 and parts[1] == "images" and parts[0] in SPLITS:
            del parts[:2]
        place = PurePosixPath(part, *parts)
        stem = str(place.with_suffix("")).lower()
        if stem in taken:
            log.drop(picture.key, "", f"its labels would be written to the file of {taken[stem]!r}; left out")
            continue
        taken[stem] = picture.name
        made[picture.name] = place
    return made


def _copy(picture: Picture, place: Path, log: Log) -> None:
    data = picture.row.item.data
    try:
        if isinstance(data, (bytes, bytearray)):
            place.write_bytes(data)
        elif isinstance(data, (str, os.PathLike)) and Path(data).is_file():
            shutil.copyfile(data, place)
        else:
            log.drop(picture.key, "", "its image is not copied: it was not handed in as a path or as bytes")
    except OSError as error:
        log.drop(picture.key, "", f"its image is not copied: {error.strerror or error}")


def _strangers(target: Path, part: Path, log: Log) -> None:
    """Note labels of an earlier data set: they would be trained on."""
    if (target / "labels").is_dir():
        ours = {one.relative_to(part) for one in files_in(part, {".txt"})}
        left = [one.relative_to(target) for one in files_in(target / "labels", {".txt"})]
        for one in left:
            if one not in ours:
                log.drop(one.as_posix(), "", "labels of another image, which were there before and stay")


class _Writer:
    """Shapes on their way to lines."""

    def __init__(
        self, task: Task, schema: Schema, said: Sequence[AnyAnnotation], about: dict[str, Any], log: Log
    ) -> None:
        self.task = task
        self.log = log
        self.about = about
        sorts = {"pose": ("keypoints", "box")}.get(task, ("box", "polygon", "mask"))
        self.fields = Fields(said)
        found = [label.name for label in labels_of(schema, said, sorts)]
        self.names = _numbered(about.get("names"), found)
        self.numbers = {name: n for n, name in self.names.items()}
        skeletons = [field for field in schema.fields if isinstance(field, Skeletons)]
        lengths = [len(a.points) for a in said if isinstance(a, Keypoints)]
        own = next((field for field in skeletons if not lengths or max(len(field.points), 1) == lengths[0]), None)
        self.points = lengths[0] if lengths else max(len(own.points), 1) if own is not None else 0
        self.skeleton = own

    def lines(self, picture: Picture) -> list[str]:
        """The lines of one image."""
        key, size = picture.key, picture.size or (1, 1)
        made: list[str] = []
        for a in picture.annotations:
            if not isinstance(a, Shape) or sort_of(a) == "polyline":
                self.log.drop(key, a.id, f"YOLO has no {titled(a)}")
        for thing in things(a for a in picture.annotations if sort_of(a) != "polyline"):
            left_out = thing.parts if self.task == "pose" else [thing.keypoints] if thing.keypoints else []
            for shape in left_out:
                self.log.drop(key, shape.id, f"{titled(shape)} is not written: the task is {self.task}")
            kept = Thing(thing.first, box=thing.box)
            if self.task == "pose":
                kept.keypoints = thing.keypoints
                x, y, width, height = thing.box_or_bounds
                if thing.box is None and thing.parts and thing.keypoints and width > 0 and height > 0:
                    kept.box = Box(x, y, width, height, id=thing.parts[0].id)  # of the whole object
            else:
                kept.parts = thing.parts
            label = str(getattr(thing.first, "label", ""))
            if not kept.shapes:
                continue
            if label not in self.numbers:
                self.log.drop(key, thing.first.id, f"{titled(thing.first)} has no label that is a class")
                continue
            values = self._values(kept, size, key)
            if values is not None:
                made.append(" ".join([str(self.numbers[label]), *(short(value) for value in values)]))
                first: Any = kept.shapes[0]
                self.log.part(key, first, beyond(first, "group") + self.fields.lost(first))
                self.log.annotations += 1
        return made

    def _values(self, thing: Thing, size: tuple[int, int], key: Hashable) -> list[float] | None:
        box = thing.box
        if self.task == "pose":
            return self._pose(thing, size, key)
        if self.task == "detect":
            self._note(thing.parts, "its box is" if box else "the upright box around it is", key)
            self._upright(box, key)
            return self._box(thing.box_or_bounds, size, key, thing.shapes[0])
        if self.task == "obb":
            self._note(thing.parts, "its box is" if box else "the task is obb", key)
            return None if box is None else self._ring(corners(box), size, key, box)
        if box is not None and not thing.parts:
            self.log.drop(key, box.id, f"{titled(box)} is written as the outline of its corners")
            return self._ring(corners(box), size, key, box)
        if box is not None and not is_bounds(thing.box_or_bounds, thing.parts):
            self._note([box], "its outline is", key)
        return self._outline(thing.parts, size, key)

    def _note(self, shapes: Sequence[Shape], instead: str, key: Hashable) -> None:
        for shape in shapes:
            self.log.drop(key, shape.id, f"{titled(shape)} is not written: {instead}")

    def _upright(self, box: Box | None, key: Hashable) -> None:
        if box is not None and box.rotation:
            self.log.drop(key, box.id, f"{titled(box)} is written as the upright box around it")

    def _outline(self, parts: Sequence[Polygon | Mask], size: tuple[int, int], key: Hashable) -> list[float] | None:
        """One ring for all parts of an object."""
        first: Polygon | Mask = parts[0]
        whole = [to_mask(one, size) for one in parts] if len(parts) > 1 else []
        if whole:
            together = np.logical_or.reduce([mask_array(one) for one in whole])
            for one in parts:
                self.log.drop(
                    key, one.id, f"{titled(one)} and the other parts of its object are written as one outline"
                )
            if together.sum() < sum(area(one) for one in whole):  # a ring has no inside where it covers itself
                first = mask_of(together, first.label, id=first.id)
                parts = [first]
        for one in parts:
            if isinstance(one, Mask):
                self.log.drop(key, one.id, f"{titled(one)} is written as the outline of its pixels")
        rings = [ring for one in parts for ring in rings_of(one)]
        if not rings:
            self.log.drop(key, first.id, f"{titled(first)} is empty, so there is nothing to write")
            return None
        if len(rings) > 1:
            self.log.drop(key, first.id, f"the {len(rings)} outlines of {titled(first)} are joined by cuts")
        return self._ring(bridged(rings), size, key, first)

    def _box(
        self, place: tuple[float, float, float, float], size: tuple[int, int], key: Hashable, a: Shape
    ) -> list[float] | None:
        (x, y, width, height), (w, h) = place, size
        left, top, right, bottom = max(x, 0.0), max(y, 0.0), min(x + width, float(w)), min(y + height, float(h))
        if right <= left or bottom <= top:
            self.log.drop(key, a.id, f"{titled(a)} lies outside the image")
            return None
        if (left, top) != (x, y) or right < x + width or bottom < y + height:
            self.log.drop(key, a.id, f"{titled(a)} is cut off at the edge of the image")
            width, height = right - left, bottom - top
        return [(left + width / 2) / w, (top + height / 2) / h, width / w, height / h]

    def _ring(self, ring: Ring, size: tuple[int, int], key: Hashable, a: Shape) -> list[float] | None:
        w, h = size
        kept = [(min(max(x, 0.0), float(w)), min(max(y, 0.0), float(h))) for x, y in ring]
        xs, ys = {x for x, _ in kept}, {y for _, y in kept}
        if len(xs) < 2 or len(ys) < 2:
            self.log.drop(key, a.id, f"{titled(a)} lies outside the image")
            return None
        if tuple(kept) != tuple(ring):
            self.log.drop(key, a.id, f"{titled(a)} is cut off at the edge of the image")
        return [value for x, y in kept for value in (share(x, w), share(y, h))]

    def _pose(self, thing: Thing, size: tuple[int, int], key: Hashable) -> list[float] | None:
        first, (w, h) = thing.keypoints or thing.shapes[0], size
        points = thing.keypoints.points if thing.keypoints is not None else ((0.0, 0.0, 0),) * self.points
        if len(points) != self.points:
            self.log.drop(key, first.id, f"{titled(first)} has {len(points)} points; the data set has {self.points}")
            return None
        kept = [(x, y, seen) if 0 <= x <= w and 0 <= y <= h else (0.0, 0.0, 0) for x, y, seen in points]
        away = sum(1 for old, new in zip(points, kept, strict=True) if old[2] and not new[2])
        if away:
            self.log.drop(key, first.id, f"{away} points of {titled(first)} lie outside the image; written as absent")
        if thing.box is None and not any(seen for _, _, seen in kept):
            self.log.drop(key, first.id, f"no point of {titled(first)} is there, so there is nothing to write")
            return None
        self._upright(thing.box, key)
        around = thing.box or Keypoints(tuple(kept), id=first.id)
        box = self._box(bounds(around), size, key, thing.box or first)
        if box is None:
            return None
        spots = [(share(x, w), share(y, h), seen) if seen else (0.0, 0.0, 0) for x, y, seen in kept]
        return [*box, *(value for spot in spots for value in spot)]

    def yaml(self, splits: Mapping[str, Any]) -> str:
        """What ``data.yaml`` says; texts as JSON, which is YAML too."""
        parts = {"val" if one == "valid" else one: f"images/{one}" for one in splits} or {"train": "images/train"}
        parts.setdefault("train", next(iter(parts.values())))
        parts.setdefault("val", parts["train"])  # trainers ask for both
        lines = [f"{name}: {parts[name]}" for name in ("train", "val", "test") if name in parts]
        lines += ["names:", *(f"  {n}: {dumps(name)}" for n, name in sorted(self.names.items()))]
        skeleton = self.skeleton
        if self.task == "pose":
            lines.append(f"kpt_shape: [{self.points}, 3]")
            if "flip_idx" in self.about:
                lines.append(f"flip_idx: {dumps(self.about['flip_idx'])}")
            if skeleton is not None and skeleton.points:
                names = dumps(list(skeleton.points))
                lines += ["kpt_names:", *(f"  {n}: {names}" for n in sorted(self.names))]
            if skeleton is not None and skeleton.edges:
                lines.append(f"skeleton: {dumps([list(edge) for edge in skeleton.edges])}")
        ours = {
            "path",
            "train",
            "val",
            "valid",
            "test",
            "names",
            "nc",
            "kpt_shape",
            "flip_idx",
            "kpt_names",
            "skeleton",
        }
        lines += [f"{dumps(str(name))}: {dumps(value)}" for name, value in self.about.items() if name not in ours]
        return "\n".join(lines) + "\n"


def _numbered(known: Any, labels: Sequence[str]) -> dict[int, str]:
    """Names by class: as they were read, then the rest in order."""
    made: dict[int, str] = {}
    if isinstance(known, list):
        made = {n: str(name) for n, name in enumerate(known)}
    elif isinstance(known, dict):
        made = {int(n): str(name) for n, name in known.items()}
    for name in labels:
        if name not in made.values():
            made[max(made, default=-1) + 1] = name
    return made
