"""Label Studio JSON of images and recordings: shapes, segments, choices and texts.

A task is an item, and each of its annotations a response; control tags (``from_name``) are fields. Places are in
percent of the image and become pixels; a rectangle turns about its top left corner there and about its centre here.
Ellipses are read as polygons. What a region says by choices and texts of its own becomes attributes; of a segment,
the text of the first text area is its text. Each segment has a channel there; where all have the first, they have none.

Results that did not change are written back as they stood there, and so is all that is not understood. What Label
Studio has no place for is kept under ``nblabel``. Predictions are read as ``prelabels`` where that is asked for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from ..annotations import AnyAnnotation
from ..errors import FormatError
from ..records import Item, Response, Status
from ..schema import Label
from .base import Log, Read, Reading, StrPath, reading, sort_of
from .disk import json_of
from .labelstudio_results import Results, is_heard, length_in, size_in
from .labelstudio_writing import write
from .markup import xml_of
from .pictures import IMAGES, Sizes, plain_name, size_of
from .recordings import SOUNDS, made_item
from .said import OURS, dict_in, said_of
from .table import key_of_json

__all__ = ["read", "write"]


# ---- read ----------------------------------------------------------------------------------------


def read(
    path: StrPath,
    *,
    image: str | None = None,
    audio: str | None = None,
    predictions: bool = False,
    sizes: Sizes = None,
    config: StrPath | None = None,
) -> Reading:
    """Read exported tasks.

    Parameters
    ----------
    path : path-like
        The file.
    image : str, optional
        The key of a task's ``data`` that holds the image; the one that looks like a path of one if left out.
    audio : str, optional
        The same for the recording.
    predictions : bool
        Whether predictions become the items' ``prelabels``, with their score and the model's name.
    sizes : mapping or callable, optional
        Width and height by the name of an image, for results that do not say them.
    config : path-like, optional
        The labeling config, which names the labels that nobody has used, too.
    """
    log = Log()
    found = json_of(Path(path), log)
    tasks = [found] if isinstance(found, dict) else found
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise FormatError(f"{os.fspath(path)} is no Label Studio file: it is not a list of tasks")
    if tasks and not any("data" in task for task in tasks):
        raise FormatError(
            f"{os.fspath(path)} is no list of tasks of Label Studio: none has 'data'",
            "the short form (JSON_MIN) is not read: export 'JSON'",
        )
    parser = _Parser(image or audio, sizes, log, "recording" if audio and not image else "")
    items: list[Read] = []
    for n, task in enumerate(tasks):
        items += parser.task(task, n, predictions=predictions)
    fields, skeletons = parser.results.fields, parser.results.points.skeletons
    labels = {} if config is None else _config(Path(config), fields)
    return reading(
        path,
        items,
        log,
        labels=labels,
        skeletons={name: one for name, one in skeletons.items() if name in fields},
        sorts={name: sort for name, sort in fields.items() if name in labels},
    )


def _config(path: Path, fields: Mapping[str, str]) -> dict[str, list[Label]]:
    """The labels of each control tag that is in use."""
    made: dict[str, list[Label]] = {}
    for tag in xml_of(path).iter():
        name = tag.get("name", "")
        if name not in fields:
            continue
        own: dict[str, Label] = {}
        for one in tag:
            value = one.get("value", "")
            if one.tag in ("Label", "Choice") and value.strip():
                try:
                    own[value] = Label(value, one.get("background", ""))
                except ValueError:  # colours may have names there
                    own[value] = Label(value)
        if own:
            made[name] = list(own.values())
    return made


class _Parser:
    """Tasks on their way to items."""

    def __init__(self, slot: str | None, sizes: Sizes, log: Log, what: str = "") -> None:
        self.slot = slot
        self.what = what
        self.sizes = sizes
        self.log = log
        self.results = Results()
        self.seen: set[Hashable] = set()

    def task(self, task: dict[str, Any], position: int, *, predictions: bool) -> list[Read]:
        """One item for each annotation of a task."""
        number_ = task.get("id", position)
        data = dict_in(task, "data")
        listed = [one for one in task.get("annotations") or task.get("completions") or () if isinstance(one, dict)]
        guesses = [one for one in task.get("predictions") or () if isinstance(one, dict)]
        slot = self.slot or _slot(data, [*listed, *guesses])
        name = data.get(slot) if slot is not None else None
        if not isinstance(name, str) or not name:
            self.log.drop(number_, "", f"the task has no {self.what or 'image'}")
            return []
        heard = self.what == "recording" or _is_sound(name, [*listed, *guesses])
        ours = dict_in(dict_in(task, "meta"), OURS)
        key: Hashable = key_of_json(ours["key"]) if "key" in ours else name
        if key in self.seen:
            self.log.drop(f"{name} ({number_})", "", f"another task has {name!r}, too; this one is known by its number")
            key = f"{name} ({number_})"
        self.seen.add(key)
        size = size_in([*listed, *guesses]) or size_of(plain_name(name), self.sizes)
        prelabels: list[AnyAnnotation] = []
        for n, one in enumerate(guesses if predictions else ()):
            prelabels += self._predicted(one, size, key, n)
        item = Item(key, name, position=position, prelabels=tuple(prelabels), size=size)
        if heard:
            item = made_item(key, name, position, length_in([*listed, *guesses]))
            item = msgspec.structs.replace(item, prelabels=tuple(prelabels))
        rest = {k: v for k, v in task.items() if k not in ("annotations", "completions", "data")}
        meta: dict[str, Any] = {"task": rest, "image": slot, "data": {k: v for k, v in data.items() if k != slot}}
        made: dict[str, Read] = {}
        for one in listed:
            found = self._annotation(one, item, meta)
            annotator = found.response.annotator
            if annotator in made:
                self.log.drop(key, "", f"{annotator or 'nobody'} has several annotations; the last one is taken")
            made[annotator] = found
        return list(made.values()) or [Read(item, Response("", ""), meta)]

    def _predicted(
        self, given: dict[str, Any], size: tuple[int, int] | None, key: Hashable, n: int
    ) -> list[AnyAnnotation]:
        model = str(given.get("model_version") or "prediction")
        made = []
        for one in self.results.read(given.get("result"), size, key, self.log)[0]:
            score = given.get("score") if one.score is None else one.score
            fits = isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1
            more = {"id": f"prediction{n}:{one.id}", "source": model, "score": score if fits else None}
            made.append(msgspec.structs.replace(one, **more))
        return made

    def _annotation(self, given: dict[str, Any], item: Item, meta: dict[str, Any]) -> Read:
        ours = dict_in(given, OURS)
        found, raw, left = self.results.read(given.get("result"), item.size, item.key, self.log)
        found = (*found, *said_of(ours, item.key, self.log))
        for a in found:
            self.results.fields.setdefault(a.field, sort_of(a))
        status: Status = "discarded" if given.get("was_cancelled") is True else "submitted"
        who = given.get("completed_by")
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        named = ours.get("annotator")
        response = Response(
            "",
            named if isinstance(named, str) else "" if who is None else str(who),
            status,
            found,
            flagged=ours.get("flagged") is True,
            comment=str(ours.get("comment", "")),
            seconds=_seconds(given.get("lead_time")),
            created_at=_time(given.get("created_at")),
            updated_at=_time(given.get("updated_at")),
        )
        rest = {k: v for k, v in given.items() if k not in ("result", OURS)}
        return Read(item, response, {**meta, "annotation": rest, "results": raw, "left": left})


def _is_sound(name: str, annotations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a task is of a recording: its name or a result says so."""
    suffix = PurePosixPath(plain_name(name)).suffix.lower()
    results = [one for annotation in annotations for one in annotation.get("result") or () if isinstance(one, dict)]
    return suffix in SOUNDS or (suffix not in IMAGES and any(map(is_heard, results)))


def _slot(data: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> str | None:
    """The key of the image or the recording in a task's data."""
    for annotation in annotations:
        results = annotation.get("result")
        for one in results if isinstance(results, list) else ():
            source = one.get("source") if isinstance(one, dict) else None
            if isinstance(source, str) and source.startswith("$") and source[1:] in data:
                return source[1:]
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    likely = [name for name, value in texts.items() if PurePosixPath(plain_name(value)).suffix.lower() in IMAGES]
    likely += [name for name, value in texts.items() if PurePosixPath(plain_name(value)).suffix.lower() in SOUNDS]
    likely += [name for name in texts if name.lower() in ("image", "img", "audio", "sound", "image_url", "url")]
    return likely[0] if likely else None


def _seconds(value: Any) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if fits else 0.0


def _time(value: Any) -> float:
    if not isinstance(value, str):
        return 0.0
    try:
        when = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
