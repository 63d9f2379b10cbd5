"""JSON lines as Prodigy writes them, one task a line.

``text``, ``tokens``, ``spans``, ``relations``, ``options`` with ``accept``, ``meta``, ``flagged`` and ``answer`` are
Prodigy's own. ``answer`` is ``accept`` for submitted responses, ``reject`` for discarded ones, ``ignore`` for skipped
ones and absent for drafts and items not seen. A task with one ``label`` is a yes/no question: ``reject`` then says
that the label does not hold, and the item is answered.

Ours are ``texts`` (free texts by field; of the field ``user_input`` in Prodigy's key of that name) and ``nblabel``,
which holds what else belongs to a response. Spans, relations and options of a field that is not named ``spans``,
``relations`` or ``choices`` have its name in ``field``.

Tasks for images have ``image``, ``width`` and ``height`` in place of ``text``, and the spans of `prodigy_images`; tasks
for recordings have ``audio`` and the ``audio_spans`` of `prodigy_audio`.

Keys that are not known are kept in `Read.meta`. Hashes (``_input_hash``, ``_task_hash``) are written back as they were
read and never made: Prodigy makes missing ones itself. Lines as doccano exports them are read too.
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..annotations import HUMAN, KINDS, AnyAnnotation, Box, Choice, Polygon, Relation, Segment, Shape, Span, Text
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Boxes, Choices, Polygons, Polylines, Schema, Segments, Spans
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, converted, reading, replacing
from .doccano import as_task
from .pictures import item_name
from .prodigy_audio import KNOWN as KNOWN_OF_AUDIO
from .prodigy_audio import is_audio_task, segment_body, span_of_segment
from .prodigy_images import KNOWN, field_of, is_image, is_image_task, shape_of, span_of
from .recordings import is_recording, made_item, sound_name
from .spacy_docs import language
from .table import json_key, key_of_json
from .tokens import Tokens, align, simple, usable

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["read", "write"]

_DETAILS = ("id", "score", "source", "attributes")
_SPAN_KEYS = frozenset(("start", "end", "label", "token_start", "token_end", "field", *_DETAILS))
_SHAPE_KEYS = frozenset(("field", "z", "group", "occluded", *_DETAILS))
_CONSUMED = frozenset(("text", "relations", "accept", "flagged", "nblabel", "texts", "user_input", "answer"))
_STATUS_OF: dict[str, Status] = {"accept": "submitted", "reject": "discarded", "ignore": "pending"}
_ANSWER_OF = {status: answer for answer, status in _STATUS_OF.items()}


class _Record(msgspec.Struct, omit_defaults=True):
    """What of a response Prodigy has no key for."""

    key: Any = None
    status: Status | None = None
    comment: str = ""
    seconds: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0
    schema_version: int = 1
    fields: tuple[str, ...] = ()
    details: dict[str, dict[str, Any]] = {}
    shapes: list[dict[str, Any]] = []


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    nlp: Language | str | None = None,
    meta: Meta | None = None,
) -> Report:
    """Write one task a line.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; its choices become ``options``.
    nlp : Language or str, optional
        Its tokenizer gives ``tokens``. Without it an item's own tokens are written, and simple ones where a
        relation needs them.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    pipeline = None if nlp is None else language(nlp)
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for n, row in enumerate(rows):
            image = is_image(row, schema)
            heard = not image and is_recording(row, schema)
            text = None if image or heard else log.text(row)
            if text is None and not image and not heard:
                continue
            carried = (meta or {}).get((row.item.key, row.response.annotator), {})
            task = _Task(row, text, schema, pipeline, carried, log, heard=heard).made(n)
            line = json.dumps(task, ensure_ascii=False)
            try:
                line.encode()
            except UnicodeEncodeError:  # lone surrogates stand only in escapes
                line = json.dumps(task)
            file.write(line + "\n")
            log.items += 1
    return log.report(path)


class _Task:
    """One response on its way to a task."""

    def __init__(
        self,
        row: Labelled,
        text: str | None,
        schema: Schema,
        nlp: Language | None,
        carried: Mapping[str, Any],
        log: Log,
        *,
        heard: bool,
    ) -> None:
        self.row = row
        self.response = row.response
        self.image = text is None
        self.heard = heard
        self.text = text or ""
        self.schema = schema
        self.carried = carried
        self.log = log
        self.record = _Record()
        self.spans = [a for a in self.response.annotations if isinstance(a, Span) and not self.image]
        self.tokens = None if self.image else self._tokens(nlp)
        self.span_tasks: dict[str, dict[str, Any]] = {}

    def made(self, position: int) -> dict[str, Any]:
        """The task as plain JSON values."""
        item, response = self.row.item, self.response
        raw = {
            key: value
            for key, value in self.carried.items()
            if key not in ("spans", "audio_spans", "answer", "nblabel")
        }
        task: dict[str, Any] = {**(self._picture() if self.image else {"text": self.text}), **raw}
        if item.show and "meta" not in raw:
            task["meta"] = dict(item.show)
        if self.tokens is not None:
            task["tokens"] = self._token_tasks()
        spans = (
            self._heard()
            if self.heard
            else self._shapes()
            if self.image
            else [self._span(n, span) for n, span in enumerate(self.spans)]
        )
        name = "audio_spans" if self.heard else "spans"
        kinds = (Segments,) if self.heard else (Boxes, Polygons, Polylines) if self.image else (Spans,)
        wanted = name in self.carried if self.carried else any(isinstance(f, kinds) for f in self.schema.fields)
        if spans or wanted:
            task[name] = spans
        relations = [a for a in response.annotations if isinstance(a, Relation) and not self.image]
        if relations:
            task["relations"] = [made for n, a in enumerate(relations) if (made := self._relation(n, a))]
        binary = self._choices(task)
        self._texts(task)
        taken: tuple[type[Any], ...] = (Segment, Choice, Text) if self.heard else (Shape, Choice, Text)
        taken = taken if self.image else (Span, Relation, Choice, Text)
        for a in response.annotations:
            if not isinstance(a, taken):
                sort = "recordings" if self.heard else "images" if self.image else "texts"
                self.log.drop(item.key, a.id, f"a task for {sort} has no place for a {a.kind}")
        self._status(task, binary)
        if (item.key != position or isinstance(item.key, bool)) and item.key != task.get(
            "audio" if self.heard else "image"
        ):
            self.record.key = json_key(item.key, self.log)
        record = msgspec.to_builtins(self.record)
        if record:
            task["nblabel"] = record
        return task

    def _picture(self) -> dict[str, Any]:
        """The image or the recording that a task is of."""
        item = self.row.item
        if self.heard:
            return {"audio": sound_name(item)}
        data_uri = isinstance(item.data, str) and item.data[:5].lower() == "data:"
        made: dict[str, Any] = {"image": item.data if data_uri else item_name(item)}
        return made | ({} if item.size is None else {"width": item.size[0], "height": item.size[1]})

    def _shapes(self) -> list[dict[str, Any]]:
        """The spans of the shapes that Prodigy draws; the others go to the record."""
        made: list[dict[str, Any]] = []
        shapes = [a for a in self.response.annotations if isinstance(a, Shape)]
        for at, a in enumerate(shapes):
            if isinstance(a, (Box, Polygon)):
                known = self.carried.get("spans")
                extra = known.get(a.id, {}) if isinstance(known, Mapping) else {}
                default = f"span:{len(made)}"
                made.append({**extra, **span_of(a), **({} if a.id in ("", default) else {"id": a.id})})
            else:
                self.record.shapes.append({"at": at, **msgspec.to_builtins(a)})
            self.log.annotations += 1
        return made

    def _heard(self) -> list[dict[str, Any]]:
        """The spans of the segments."""
        made: list[dict[str, Any]] = []
        known = self.carried.get("audio_spans")
        for a in self.response.annotations:
            if isinstance(a, Segment):
                extra = known.get(a.id, {}) if isinstance(known, Mapping) else {}
                default = f"span:{len(made)}"
                made.append({**extra, **span_of_segment(a), **({} if a.id in ("", default) else {"id": a.id})})
                self.log.annotations += 1
        return made

    def _tokens(self, nlp: Language | None) -> list[tuple[int, int]] | None:
        if nlp is not None:
            return [(token.idx, token.idx + len(token)) for token in nlp.tokenizer(self.text)]
        own = usable(self.row.item.tokens, self.text)
        if own is None and any(isinstance(a, Relation) for a in self.response.annotations):
            return simple(self.text)
        return own

    def _token_tasks(self) -> list[dict[str, Any]]:
        tokens = self.tokens or []
        raw = self.carried.get("tokens")
        if _bounds(raw) == tokens and isinstance(raw, list):
            return raw
        text = self.text
        return [
            {"text": text[start:end], "start": start, "end": end, "id": n, "ws": text[end : end + 1] == " "}
            for n, (start, end) in enumerate(tokens)
        ]

    def _span(self, n: int, span: Span) -> dict[str, Any]:
        known = self.carried.get("spans")
        extra = known.get(span.id, {}) if isinstance(known, Mapping) else {}
        made: dict[str, Any] = {**extra, "start": span.start, "end": span.end}
        place = align(self.tokens, span.start, span.end) if self.tokens is not None else None
        if place is not None:
            made["token_start"], made["token_end"] = place[0], place[1] - 1
        made["label"] = span.label or None
        made.update(_details(span, f"span:{n}"))
        if span.field != DEFAULT_FIELDS["span"]:
            made["field"] = span.field
        self.span_tasks[span.id] = made
        self.log.annotations += 1
        return made

    def _relation(self, n: int, a: Relation) -> dict[str, Any] | None:
        ends: dict[str, Any] = {}
        tokens = self.tokens or []
        for name, end in (("head", a.head), ("child", a.child)):
            span = self.span_tasks.get(end)
            if span is None:
                self.log.drop(self.row.item.key, a.id, "relation to something that is no span")
                return None
            place = align(tokens, span["start"], span["end"], "expand")
            if place is None:  # white space only; reading finds the span by its offsets
                self.log.drop(self.row.item.key, a.id, f"its {name} covers no token; the token before stands for it")
            before = bisect_left(tokens, span["end"], key=lambda token: token[0])
            ends[name] = place[1] - 1 if place else max(before - 1, 0)  # Prodigy names a span by its last token
            shown = ("start", "end", "token_start", "token_end", "label", "id")
            ends[f"{name}_span"] = {key: span[key] for key in shown if key in span}
        made = {**ends, "label": a.label, **_details(a, f"relation:{n}")}
        if a.field != DEFAULT_FIELDS["relation"]:
            made["field"] = a.field
        self.log.annotations += 1
        return made

    def _choices(self, task: dict[str, Any]) -> bool:
        """Write the choices; whether the task asks for one label with yes or no."""
        chosen = [a for a in self.response.annotations if isinstance(a, Choice)]
        label = self.carried.get("label")
        if isinstance(label, str) and {(a.field, a.label) for a in chosen} <= {(DEFAULT_FIELDS["choice"], label)}:
            for a in chosen:
                self._detail(a, f"choice:{label}")
                self.log.annotations += 1
            return True
        task.pop("label", None)
        fields = [field for field in self.schema.fields if isinstance(field, Choices)]
        if not fields and not chosen:
            return False
        raw = task.get("options")
        options: list[Any] = list(raw) if isinstance(raw, list) else []
        known = {_option(option): option.get("id") for option in options if isinstance(option, Mapping)}
        several = len({*(field.name for field in fields), *(a.field for a in chosen)}) > 1
        asked = [(field.name, one.name) for field in fields for one in field.labels]
        for field, name in dict.fromkeys([*asked, *((a.field, a.label) for a in chosen)]):
            if (field, name) not in known:
                option = {"id": f"{field}:{name}" if several else name, "text": name}
                if several or field != DEFAULT_FIELDS["choice"]:
                    option["field"] = field
                options.append(option)
                known[field, name] = option["id"]
        task["options"] = options
        accept: list[Any] = []
        for a in chosen:
            option_id = known[a.field, a.label]
            if option_id in accept:
                self.log.drop(self.row.item.key, a.id, f"{a.label!r} is chosen twice; written once")
                continue
            accept.append(option_id)
            self._detail(a, f"choice:{option_id}")
            self.log.annotations += 1
        task["accept"] = accept
        if any(field.multiple for field in fields) and "config" not in task:
            task["config"] = {"choice_style": "multiple"}
        return False

    def _texts(self, task: dict[str, Any]) -> None:
        texts: dict[str, list[str]] = {}
        for a in self.response.annotations:
            if isinstance(a, Text):
                own = texts.setdefault(a.field, [])
                self._detail(a, f"text:{a.field}:{len(own)}")
                own.append(a.text)
                self.log.annotations += 1
        plain: dict[str, Any] = {field: own[0] if len(own) == 1 else own for field, own in texts.items()}
        if isinstance(plain.get("user_input"), str):
            task["user_input"] = plain.pop("user_input")
        if plain:
            task["texts"] = plain

    def _detail(self, a: AnyAnnotation, default: str) -> None:
        details = _details(a, default)
        if details:
            self.record.details[default] = details

    def _status(self, task: dict[str, Any], binary: bool) -> None:
        response, record = self.response, self.record
        chosen = any(isinstance(a, Choice) for a in response.annotations)
        answer: str | None = None
        if response.status == "pending":
            answer = "ignore" if self.carried.get("answer") == "ignore" or response.created_at else None
        elif binary:
            answer = {"submitted": "accept" if chosen else "reject", "discarded": "ignore"}.get(response.status)
        elif response.status != "draft":
            answer = _ANSWER_OF[response.status]
        if answer is not None:
            task["answer"] = answer
        if _status_of(answer, binary=binary, touched=bool(response.annotations)) != response.status:
            record.status = response.status
        if response.flagged:
            task["flagged"] = True
        if response.annotator and task.get("_session_id") != response.annotator:
            task["_annotator_id"] = response.annotator
        record.comment = response.comment
        record.seconds = response.seconds
        record.created_at = response.created_at
        if response.updated_at:
            task["_timestamp"] = int(response.updated_at)
            record.updated_at = response.updated_at if response.updated_at != int(response.updated_at) else 0.0
        record.schema_version = response.schema_version
        foreign = bool(self.carried) and "nblabel" not in self.carried  # asked what its file asks
        record.fields = () if foreign and response.fields == self.schema.names else response.fields


def _details(a: AnyAnnotation, default_id: str) -> dict[str, Any]:
    """What of an annotation is not as it would be read without it."""
    made: dict[str, Any] = {}
    if a.id and a.id != default_id:
        made["id"] = a.id
    if a.score is not None:
        made["score"] = a.score
    if a.source != HUMAN:
        made["source"] = a.source
    if a.attributes:
        made["attributes"] = dict(a.attributes)
    return made


def _option(option: Mapping[str, Any]) -> tuple[str, str]:
    """The field and label of an option. Ours has the field in its id where there are several; text is the label."""
    field = option.get("field")
    if isinstance(field, str):
        return field, str(option.get("text", option.get("id")))
    return DEFAULT_FIELDS["choice"], str(option.get("id"))


def _status_of(answer: str | None, *, binary: bool, touched: bool) -> Status:
    if answer is None:
        return "draft" if touched else "pending"
    return "submitted" if binary and answer == "reject" else _STATUS_OF[answer]


def _bounds(tokens: Any) -> list[tuple[int, int]] | None:
    """The bounds of a task's tokens, or ``None`` if it has none that make sense."""
    if not isinstance(tokens, list):
        return None
    made = []
    for token in tokens:
        if (
            not isinstance(token, Mapping)
            or not isinstance(token.get("start"), int)
            or not isinstance(token.get("end"), int)
        ):
            return None
        made.append((token["start"], token["end"]))
    return made


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath) -> Reading:
    """Read one task a line; tasks without a text, an image or a recording are left out and reported.

    Parameters
    ----------
    path : path-like
        The file.
    """
    log = Log()
    items: list[Read] = []
    labels: dict[str, dict[str, None]] = {}
    multiple: set[str] = set()
    for n, (line, task) in enumerate(_tasks(Path(path))):
        found = _Parsed(as_task(task), n, log)
        if found.text is None and not found.image:
            log.drop(n, "", f"line {line} has no text")
            continue
        items.append(found.made())
        for field, label in found.options:
            labels.setdefault(field, {}).setdefault(label)
        multiple |= found.multiple
    return reading(path, items, log, labels={field: list(names) for field, names in labels.items()}, multiple=multiple)


def _tasks(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                task = json.loads(line)
            except (ValueError, RecursionError) as error:
                hint = "each line must be one JSON object" if number == 1 else ""
                raise FormatError(f"{os.fspath(path)}, line {number} is not JSON: {error}", hint) from None
            if not isinstance(task, dict):
                raise FormatError(f"{os.fspath(path)}, line {number} is not a JSON object")
            yield number, task


class _Parsed:
    """A task on its way to a response."""

    def __init__(self, task: dict[str, Any], position: int, log: Log) -> None:
        self.task = task
        self.log = log
        self.position = position
        self.heard = is_audio_task(task)
        self.image = self.heard or is_image_task(task)
        text = task.get("text")
        self.text: str | None = text if isinstance(text, str) and not self.image else None
        self.options: list[tuple[str, str]] = []
        self.multiple: set[str] = set()
        self.slot = "audio" if self.heard else "image"
        consumed = _CONSUMED - {"text"} | {self.slot} if self.image else _CONSUMED
        self.meta: dict[str, Any] = {key: value for key, value in task.items() if key not in consumed}
        self.record = self._record()
        place: Hashable = task[self.slot] if self.image and task[self.slot][:5].lower() != "data:" else position
        self.key: Hashable = place if self.record.key is None else key_of_json(self.record.key)
        self.annotations: list[AnyAnnotation] = []

    def made(self) -> Read:
        """The item with its response."""
        task, record = self.task, self.record
        text = self.text or ""
        tokens = None if self.image else usable(_bounds(task.get("tokens")), text)
        if self.heard:
            self._segments()
        elif self.image:
            self._shapes()
        else:
            self._spans()
            self._relations()
        binary = self._choices()
        self._texts()
        answer = task.get("answer")
        if answer is not None and answer not in _STATUS_OF:
            self.log.drop(self.key, "", f"the answer {answer!r} is none of accept, reject, ignore")
            self.meta["answer"], answer = answer, None
        if answer == "ignore":
            self.meta["answer"] = answer
        if record.fields:
            self.meta["nblabel"] = True
        annotator = self._annotator()
        response = Response(
            item="",
            annotator=annotator,
            status=record.status or _status_of(answer, binary=binary, touched=bool(self.annotations)),
            annotations=tuple(self.annotations),
            flagged=task.get("flagged") is True,
            comment=record.comment,
            seconds=record.seconds,
            created_at=record.created_at,
            updated_at=record.updated_at or _number(task.get("_timestamp")),
            schema_version=record.schema_version,
            fields=record.fields,
        )
        shown = task.get("meta")
        show = tuple((str(k), str(v)) for k, v in shown.items()) if isinstance(shown, dict) else ()
        if self.heard:
            item = msgspec.structs.replace(made_item(self.key, task["audio"], self.position), show=show)
            return Read(item, response, self.meta)
        data, size = (task["image"], self._size()) if self.image else (text, None)
        held = None if tokens is None else tuple(tokens)
        item = Item(self.key, data, position=self.position, show=show, tokens=held, size=size)
        return Read(item, response, self.meta)

    def _size(self) -> tuple[int, int] | None:
        sides = [self.task.get(name) for name in ("width", "height")]
        if all(isinstance(side, (int, float)) and not isinstance(side, bool) and 0 < side < 2**31 for side in sides):
            return int(sides[0]), int(sides[1])  # type: ignore[arg-type]
        return None

    def _annotator(self) -> str:
        """Who answered; what is written anew from the response is not carried."""
        named = self.meta.pop("_annotator_id", None)
        self.meta.pop("_timestamp", None)
        for name in (named, self.task.get("_session_id")):
            if isinstance(name, str) and name:
                return name
        return ""

    def _record(self) -> _Record:
        given = self.task.get("nblabel")
        if given is None:
            return _Record()
        try:
            return msgspec.convert(given, _Record)
        except msgspec.ValidationError as error:
            self.log.drop(self.position, "", f"what it holds under 'nblabel' is damaged: {error}")
            return _Record()

    def _listed(self, name: str) -> list[Any]:
        found = self.task.get(name)
        if found is None or isinstance(found, list):
            return found or []
        self.log.drop(self.key, "", f"{name!r} is not a list")
        return []

    def _add(self, kind: type[Any], body: dict[str, Any]) -> AnyAnnotation | None:
        try:
            made: AnyAnnotation = converted(kind, body)
        except InvalidAnnotation as error:
            self.log.drop(self.key, str(body.get("id") or ""), str(error))
            return None
        self.annotations.append(made)
        return made

    def _body(self, given: Mapping[str, Any], default_id: str, kind: str) -> dict[str, Any]:
        """What all annotations share, where it is what we mean by it."""
        body: dict[str, Any] = {"id": default_id, "field": DEFAULT_FIELDS[kind]}
        if isinstance(given.get("id"), (str, int)) and str(given["id"]):
            body["id"] = str(given["id"])
        if isinstance(given.get("field"), str) and given["field"]:
            body["field"] = given["field"]
        if isinstance(given.get("source"), str):
            body["source"] = given["source"]
        score = given.get("score")
        if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1:
            body["score"] = float(score)
        if isinstance(given.get("attributes"), dict):
            body["attributes"] = given["attributes"]
        return body

    def _shapes(self) -> None:
        """Read the spans that are shapes on an image, and what is in the record besides."""
        if "spans" in self.task:
            self.meta["spans"] = extras = {}
        for n, given in enumerate(self._listed("spans")):
            if not isinstance(given, dict):
                self.log.drop(self.key, "", f"span {n} is not a JSON object")
                continue
            try:
                kind, body = shape_of(given, self._body(given, f"span:{n}", "span"))
            except InvalidAnnotation as error:
                self.log.drop(self.key, f"span:{n}", str(error))
                continue
            made = self._add(kind, body)
            if made is None:
                continue
            self.annotations[-1] = msgspec.structs.replace(made, field=field_of(made, given))
            extra = {key: value for key, value in given.items() if key not in KNOWN and key not in _SHAPE_KEYS}
            if extra:
                extras[made.id] = extra
        for given in self.record.shapes:
            own = KINDS.get(str(given.get("kind")))
            at = given.pop("at", None)
            if own is None:
                self.log.drop(self.key, "", f"a shape of the kind {given.get('kind')!r} is not known")
            elif self._add(own, given) is not None and isinstance(at, int):  # which lies above which
                self.annotations.insert(max(at, 0), self.annotations.pop())

    def _segments(self) -> None:
        if "audio_spans" in self.task:
            self.meta["audio_spans"] = extras = {}
        for n, given in enumerate(self._listed("audio_spans")):
            if not isinstance(given, dict):
                self.log.drop(self.key, "", f"span {n} is not a JSON object")
                continue
            try:
                body = segment_body(given, self._body(given, f"span:{n}", "segment"))
            except InvalidAnnotation as error:
                self.log.drop(self.key, f"span:{n}", str(error))
                continue
            made = self._add(Segment, body)
            extra = {k: v for k, v in given.items() if k not in KNOWN_OF_AUDIO and k not in ("field", *_DETAILS)}
            if made is not None and extra:
                extras[made.id] = extra

    def _spans(self) -> None:
        if "spans" in self.task:
            self.meta["spans"] = extras = {}
        for n, given in enumerate(self._listed("spans")):
            if not isinstance(given, dict):
                self.log.drop(self.key, "", f"span {n} is not a JSON object")
                continue
            body = self._body(given, f"span:{n}", "span")
            label = given.get("label")
            body |= {"start": given.get("start"), "end": given.get("end"), "label": "" if label is None else label}
            made = self._add(Span, body)
            carried = (key for key in given if key not in _SPAN_KEYS or (key in body and given[key] != body[key]))
            extra = {key: given[key] for key in carried if key not in ("start", "end", "label")}
            if made is not None and extra:
                extras[made.id] = extra

    def _relations(self) -> None:
        spans = [a for a in self.annotations if isinstance(a, Span)]
        tokens = _bounds(self.task.get("tokens")) or []
        for n, given in enumerate(self._listed("relations")):
            if not isinstance(given, dict):
                self.log.drop(self.key, "", f"relation {n} is not a JSON object")
                continue
            head = _span_of(given.get("head_span"), given.get("head"), spans, tokens)
            child = _span_of(given.get("child_span"), given.get("child"), spans, tokens)
            body = self._body(given, f"relation:{n}", "relation")
            if head is None or child is None:
                self.log.drop(self.key, body["id"], f"relation {n} from or to a token that is in no span")
                continue
            label = given.get("label")
            self._add(Relation, body | {"head": head, "child": child, "label": "" if label is None else label})

    def _choices(self) -> bool:
        """Read the choices; whether the task asks for one label with yes or no."""
        label = self.task.get("label")
        default = DEFAULT_FIELDS["choice"]
        if isinstance(label, str) and label and "options" not in self.task:
            self.options.append((default, label))
            self.multiple.add(default)
            if self.task.get("answer") == "accept":
                self._choice(default, label, f"choice:{label}")
            return True
        fields: dict[str, tuple[str, str]] = {}
        for option in self._listed("options"):
            if isinstance(option, Mapping) and option.get("id") is not None:
                fields[str(option["id"])] = _option(option)
        self.options += fields.values()
        config = self.task.get("config")
        if isinstance(config, dict) and config.get("choice_style") == "multiple":
            self.multiple |= {field for field, _ in fields.values()} or {default}
        for given in self._listed("accept"):
            field, name = fields.get(str(given), (default, str(given)))
            self._choice(field, name, f"choice:{given}")
        return False

    def _choice(self, field: str, label: str, default_id: str) -> None:
        details = self.record.details.get(default_id, {})
        self._add(Choice, {**self._body({**details, "field": field}, default_id, "choice"), "label": label})

    def _texts(self) -> None:
        found = self.task.get("texts")
        texts: dict[str, Any] = dict(found) if isinstance(found, dict) else {}
        if isinstance(self.task.get("user_input"), str):
            texts["user_input"] = self.task["user_input"]
        for field, given in texts.items():
            for n, text in enumerate(given if isinstance(given, list) else [given]):
                default = f"text:{field}:{n}"
                details = self.record.details.get(default, {})
                self._add(Text, {**self._body({**details, "field": field}, default, "text"), "text": text})


def _span_of(given: Any, token: Any, spans: Sequence[Span], tokens: Tokens) -> str | None:
    """The id of the span that a relation starts or ends at."""
    if isinstance(given, Mapping):
        bounds = (given.get("start"), given.get("end"))
        same = [a for a in spans if (a.start, a.end) == bounds]
        same = [a for a in same if a.label == (given.get("label") or "")] or same
        same = [a for a in same if a.id == given.get("id")] or same
        if same:
            return same[0].id
    if isinstance(token, int) and 0 <= token < len(tokens):
        start, end = tokens[token]
        inside = [a for a in spans if a.start <= start and end <= a.end]
        if inside:
            return min(inside, key=lambda a: (abs(a.end - end), a.end - a.start)).id
    return None


def _number(value: Any) -> float:
    usable_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable_number else 0.0
