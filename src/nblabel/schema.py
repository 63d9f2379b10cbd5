"""The questions asked of every item: labels, fields and the schema, and the rules that answers must keep."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

import msgspec

from .annotations import (
    KINDS,
    Annotation,
    AnyAnnotation,
    Box,
    Choice,
    Keypoints,
    Mask,
    Polygon,
    Relation,
    Segment,
    Span,
    Text,
    new_id,
)
from .errors import InvalidAnnotation, InvalidSchema, nearest

__all__ = [
    "AnyField",
    "Attribute",
    "Boxes",
    "Choices",
    "Extent",
    "Field",
    "FieldLike",
    "Label",
    "LabelLike",
    "Masks",
    "Polygons",
    "Polylines",
    "Relations",
    "Schema",
    "Segments",
    "Skeletons",
    "Spans",
    "Texts",
]

Marked = TypeVar("Marked", Box, Segment)

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_HOTKEY = re.compile(r"(?:(?:ctrl|alt|shift|meta)\+)*(?:[^\s+]|[a-z][a-z0-9]+)")

# Two banks of eight. The first holds Okabe and Ito's colours (Color Universal Design, 2008; black left out,
# Tol's wine added), the second comes from Tol's "muted" scheme (technical note SRON/EPS/TN/09-002).
_BANKS = (
    ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#882255", "#F0E442"),
    ("#332288", "#999933", "#44AA99", "#AA4499", "#88CCEE", "#CC6677", "#117733", "#DDCC77"),
)
_DIGITS = "1234567890"
_HOTKEYS = tuple(prefix + digit for prefix in ("", "shift+", "shift+alt+") for digit in _DIGITS)


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A property that annotations with a label may carry, such as ``gender`` of a PERSON."""

    name: str
    type: Literal["text", "number", "bool", "choice"] = "text"
    options: tuple[str, ...] = ()
    description: str = ""

    def accepts(self, value: Any) -> bool:
        """Whether ``value`` may stand for this attribute; ``None`` always may."""
        if value is None:
            return True
        if self.type == "choice":
            chosen = value if isinstance(value, (list, tuple)) else [value]
            return all(one in self.options for one in chosen)
        if self.type == "bool":
            return isinstance(value, bool)
        if self.type == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, str)


class Label(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One allowed value.

    Parameters
    ----------
    name : str
        What is stored and shown.
    color : str
        ``"#rrggbb"``; chosen by name from a colour-blind safe palette if empty.
    hotkey : str
        Such as ``"p"`` or ``"shift+1"``; the next free digit if empty.
    description, examples : str, sequence of str
        Shown in the guidelines.
    parent : str
        The label above this one in a hierarchy.
    attributes : sequence of Attribute
        What annotations with this label may carry besides.
    """

    name: str
    color: str = ""
    hotkey: str = ""
    description: str = ""
    examples: tuple[str, ...] = ()
    parent: str = ""
    attributes: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InvalidSchema(f"a label's name must be a string that is not empty, not {self.name!r}")
        if self.color and not _COLOR.fullmatch(self.color):
            raise InvalidSchema(f"label {self.name!r} has the color {self.color!r}", "write it as '#rrggbb'")
        if self.hotkey:
            hotkey = self.hotkey.lower() if len(self.hotkey) > 1 else self.hotkey
            if not _HOTKEY.fullmatch(hotkey):
                raise InvalidSchema(f"label {self.name!r} has the hotkey {self.hotkey!r}", "such as 'p' or 'shift+1'")
            msgspec.structs.force_setattr(self, "hotkey", hotkey)
        examples = (self.examples,) if isinstance(self.examples, str) else tuple(self.examples)
        msgspec.structs.force_setattr(self, "examples", examples)
        attributes = tuple(Attribute(a) if isinstance(a, str) else a for a in self.attributes)
        msgspec.structs.force_setattr(self, "attributes", attributes)


LabelLike: TypeAlias = "str | int | bool | Label | Mapping[str, Any]"


def _label(given: Any) -> Label:
    if isinstance(given, Label):
        return given
    if isinstance(given, Mapping):
        try:
            return msgspec.convert(dict(given), Label)
        except msgspec.ValidationError as error:
            raise InvalidSchema(f"label {dict(given)!r}: {error}") from None
    return Label(str(given))  # numbers and booleans are common class names in frames


class Field(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, forbid_unknown_fields=True
):
    """One question of the schema.

    Parameters
    ----------
    name : str
        How answers refer to it; the schema fills it in.
    title, description : str
        Shown beside the question; the title is the name if empty.
    min, max : int, optional
        How many answers it takes, checked when an item is submitted.
    required : bool
        The same as ``min=1``.
    """

    annotation: ClassVar[str] = ""

    name: str = ""
    title: str = ""
    description: str = ""
    min: int = 0
    max: int | None = None
    required: bool = False

    def __post_init__(self) -> None:
        if self.required and self.min < 1:
            msgspec.structs.force_setattr(self, "min", 1)
        if self.min < 0 or (self.max is not None and self.max < max(self.min, 1)):
            raise InvalidSchema(f"field {self.name!r} has the limits min={self.min}, max={self.max}")
        if isinstance(getattr(self, "labels", None), (str, bytes)):
            raise InvalidSchema(f"labels must be a list, not {self.labels!r}")  # type: ignore[attr-defined]
        labels = tuple(_label(one) for one in self.get_labels())
        twice = [name for name, n in Counter(label.name for label in labels).items() if n > 1]
        if twice:
            raise InvalidSchema(f"field {self.name!r} has the label {twice[0]!r} twice")
        if hasattr(self, "labels"):
            msgspec.structs.force_setattr(self, "labels", labels)
            self._check_parents(labels)

    def _check_parents(self, labels: tuple[Label, ...]) -> None:
        parents = {label.name: label.parent for label in labels}
        for name, parent in parents.items():
            if parent and parent not in parents:
                raise InvalidSchema(f"label {name!r} has the unknown parent {parent!r}", nearest(parent, parents))
            seen = {name}
            while parent:
                if parent in seen:
                    raise InvalidSchema(f"label {name!r} is its own ancestor")
                seen.add(parent)
                parent = parents[parent]

    def get_labels(self) -> tuple[Label, ...]:
        """The labels of this field; empty for kinds without labels."""
        return tuple(getattr(self, "labels", ()))

    def takes(self, annotation: Annotation) -> bool:
        """Whether an annotation is of the sort that answers this field."""
        return annotation.kind == self.annotation

    def label(self, name: str) -> Label | None:
        """The label with this name, if there is one."""
        return next((label for label in self.get_labels() if label.name == name), None)


class Spans(Field, frozen=True, tag="spans"):
    """Mark characters of a text with labels; ``overlap=False`` forbids spans that share characters."""

    annotation: ClassVar[str] = "span"
    labels: tuple[Label, ...]
    overlap: bool = True


class Relations(Field, frozen=True, tag="relations"):
    """Connect two spans with a label; ``spans`` names the field whose spans are connected (any, if empty)."""

    annotation: ClassVar[str] = "relation"
    labels: tuple[Label, ...]
    spans: str = ""


class Choices(Field, frozen=True, tag="choices"):
    """Choose one label, or several with ``multiple=True``; labels with a ``parent`` form a tree."""

    annotation: ClassVar[str] = "choice"
    labels: tuple[Label, ...]
    multiple: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.multiple:
            if self.max not in (None, 1):
                raise InvalidSchema(f"field {self.name!r} takes one choice but has max={self.max}", "set multiple=True")
            msgspec.structs.force_setattr(self, "max", 1)


class Texts(Field, frozen=True, tag="texts"):
    """Write free text."""

    annotation: ClassVar[str] = "text"
    placeholder: str = ""
    multiline: bool = True
    max_length: int | None = None


class Boxes(Field, frozen=True, tag="boxes"):
    """Draw rectangles on an image; ``rotation=False`` keeps them upright."""

    annotation: ClassVar[str] = "box"
    labels: tuple[Label, ...]
    rotation: bool = True


class Polygons(Field, frozen=True, tag="polygons"):
    """Draw outlines, with holes, on an image."""

    annotation: ClassVar[str] = "polygon"
    labels: tuple[Label, ...]

    def takes(self, annotation: Annotation) -> bool:
        """Closed polygons only."""
        return isinstance(annotation, Polygon) and annotation.closed


class Polylines(Field, frozen=True, tag="polylines"):
    """Draw open lines on an image."""

    annotation: ClassVar[str] = "polygon"
    labels: tuple[Label, ...]

    def takes(self, annotation: Annotation) -> bool:
        """Open ones only."""
        return isinstance(annotation, Polygon) and not annotation.closed


class Skeletons(Field, frozen=True, tag="skeletons"):
    """Place named points on an image: answers are `nblabel.Keypoints`.

    Parameters
    ----------
    labels : sequence of labels
        What a skeleton may be (``person``).
    points : sequence of str
        The names of its points, in the order of the answer; without names each answer is a single point.
    edges : sequence of (str, str)
        Which points are joined by a line: names, or places in ``points`` from 0.

    Examples
    --------
    >>> Skeletons(["person"], points=["head", "hand"], edges=[("head", "hand")]).edges
    ((0, 1),)
    """

    annotation: ClassVar[str] = "keypoints"
    labels: tuple[Label, ...]
    points: tuple[str, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        points = (self.points,) if isinstance(self.points, str) else tuple(self.points)
        for point in points:
            if not isinstance(point, str) or not point.strip():
                raise InvalidSchema(f"field {self.name!r} has the point {point!r}", "points are named by texts")
        if len(set(points)) < len(points):
            twice = Counter(points).most_common(1)[0][0]
            raise InvalidSchema(f"field {self.name!r} has the point {twice!r} twice")
        msgspec.structs.force_setattr(self, "points", points)
        msgspec.structs.force_setattr(self, "edges", tuple(self._edge(edge) for edge in self.edges))

    def _edge(self, edge: Any) -> tuple[int, int]:
        if isinstance(edge, str | bytes) or not isinstance(edge, Sequence) or len(edge) != 2:
            raise InvalidSchema(f"field {self.name!r} has the edge {edge!r}", "an edge is two points")
        ends = []
        for end in edge:
            if isinstance(end, str) and end not in self.points:
                raise InvalidSchema(
                    f"field {self.name!r} has an edge to the unknown point {end!r}", nearest(end, self.points)
                )
            at = self.points.index(end) if isinstance(end, str) else end
            if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(self.points):
                raise InvalidSchema(
                    f"field {self.name!r} has an edge to the point {end!r}, but {len(self.points)} points"
                )
            ends.append(at)
        if ends[0] == ends[1]:
            raise InvalidSchema(f"field {self.name!r} has an edge from {edge[0]!r} to itself")
        return ends[0], ends[1]


class Masks(Field, frozen=True, tag="masks"):
    """Paint regions of an image."""

    annotation: ClassVar[str] = "mask"
    labels: tuple[Label, ...]


class Segments(Field, frozen=True, tag="segments"):
    """Mark stretches of time, and events, on a recording.

    Parameters
    ----------
    labels : sequence of labels
        What a segment may be (``speech``); without labels segments only carry text or time.
    overlap : bool
        Whether segments of the field may share time; with ``tiers="label"`` or ``"channel"`` the rule holds
        within a tier.
    events : bool
        Whether points in time (``start == end``) may be marked.
    transcript : bool
        Whether each segment has a text, typed beside it.
    frequency : bool
        Whether segments may have a lowest and a highest frequency: boxes on the spectrogram.
    tiers : {"field", "label", "channel"}
        What has a row of its own: the field, each of its labels (such as speakers), or each channel of the recording.

    Examples
    --------
    >>> Segments(["speech", "music"], overlap=False, transcript=True).tiers
    'field'
    """

    annotation: ClassVar[str] = "segment"
    labels: tuple[Label, ...] = ()
    overlap: bool = True
    events: bool = True
    transcript: bool = False
    frequency: bool = False
    tiers: Literal["field", "label", "channel"] = "field"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tiers not in ("field", "label", "channel"):
            raise InvalidSchema(
                f"field {self.name!r} has tiers={self.tiers!r}", 'give tiers="field", "label" or "channel"'
            )
        if not self.labels and self.tiers == "label":
            raise InvalidSchema(f"field {self.name!r} has a tier for each label, and no labels")

    def tier(self, segment: Segment) -> str | int | None:
        """What tells the tiers of one field apart: the segment's label, its channel, or nothing."""
        return {"label": segment.label, "channel": segment.channel}.get(self.tiers)


AnyField: TypeAlias = Spans | Relations | Choices | Texts | Boxes | Polygons | Polylines | Skeletons | Masks | Segments
Extent: TypeAlias = "int | float | tuple[int, int] | None"
"""How far an item's annotations may reach: code points of a text, (width, height) of an image, seconds of a recording
(a float); ``None`` if unknown."""
FieldLike: TypeAlias = "Field | Sequence[LabelLike] | str"


def _field(name: str, given: Any) -> AnyField:
    if isinstance(given, Field):
        named: AnyField = msgspec.structs.replace(given, name=name)  # type: ignore[assignment]
        return named
    if given == "text":
        return Texts(name=name)
    if isinstance(given, Mapping):
        try:
            made: AnyField = msgspec.convert({**given, "name": name}, AnyField)
        except msgspec.ValidationError as error:
            raise InvalidSchema(f"field {name!r}: {error}") from None
        return made
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        return Choices(tuple(given), name=name)
    raise InvalidSchema(
        f"field {name!r} cannot be made of {given!r}", "give a list of labels, 'text', or a field such as nb.Choices"
    )


def _check_place(a: AnyAnnotation, width: int, height: int) -> None:
    """Raise if a shape has nothing to do with an image of this size."""
    if isinstance(a, Mask):
        if a.size != (height, width):
            raise InvalidAnnotation(a.describe(), f"size {a.size} is not the image's (height, width) {(height, width)}")
        return
    if isinstance(a, Box):
        reach = (a.width + a.height) / 2 if a.rotation else 0.0  # a turned corner is nearer than that
        x, y = a.x + a.width / 2, a.y + a.height / 2
        xs = (x - max(a.width / 2, reach), x + max(a.width / 2, reach))
        ys = (y - max(a.height / 2, reach), y + max(a.height / 2, reach))
    elif isinstance(a, Polygon | Keypoints):
        places = [point[:2] for point in a.points if len(point) == 2 or point[2]]
        if not places:
            return
        xs = (min(x for x, _ in places), max(x for x, _ in places))
        ys = (min(y for _, y in places), max(y for _, y in places))
    else:
        return
    if xs[1] < 0 or ys[1] < 0 or xs[0] > width or ys[0] > height:
        raise InvalidAnnotation(a.describe(), f"lies outside the image of {width} × {height} pixels")


def _check_segment(a: Segment, field: Segments, duration: float | None) -> None:
    """Raise if a segment is not of the sort that its field takes, or lies behind the recording's end."""
    if a.start == a.end and not field.events:
        raise InvalidAnnotation(a.describe(), "has no length, and the field has events=False")
    if (a.low is not None or a.high is not None) and not field.frequency:
        raise InvalidAnnotation(a.describe(), "bounds the frequency, and the field has frequency=False")
    if duration is not None and a.start > duration:
        raise InvalidAnnotation(a.describe(), f"starts behind the recording's end at {duration:g} s")
    if duration is not None and a.end > duration + 0.001:  # files of other tools count in milliseconds
        raise InvalidAnnotation(a.describe(), f"ends behind the recording's end at {duration:g} s")


_SIGNS = (
    ("head", "relation"),
    ("start", "span"),  # or a segment, where there are no spans to mark
    ("counts", "mask"),
    ("points", "polygon"),
    ("width", "box"),
    ("text", "text"),
)
"""What a dict without a kind has, and the kind that it therefore is."""


def _check_kind(field: AnyField, annotation: Annotation) -> None:
    if annotation.kind != field.annotation:
        raise InvalidAnnotation(
            annotation.describe(),
            f"field {field.name!r} takes annotations of the kind {field.annotation!r}, not {annotation.kind!r}",
        )
    if not field.takes(annotation):
        sort = "polygons, which are closed" if isinstance(field, Polygons) else "polylines, which are open"
        raise InvalidAnnotation(annotation.describe(), f"field {field.name!r} takes {sort}")


def _only_label(annotation: Marked, field: Boxes | Segments) -> Marked:
    """The box or segment with the field's label, where there is no choice."""
    if annotation.label or len(field.labels) != 1:
        return annotation
    return msgspec.structs.replace(annotation, label=field.labels[0].name)


def _slot(name: str, size: int) -> int:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).digest()[0] % size


def _colors(labels: Sequence[Label]) -> dict[str, str]:
    """A colour for each name: its own slot where free, else the next; the second bank when the first is full."""
    chosen = {label.name: label.color for label in labels if label.color}
    used = {color.upper() for color in chosen.values()}
    for label in labels:
        if label.name in chosen:
            continue
        for bank in _BANKS:
            start = _slot(label.name, len(bank))
            free = [c for c in bank[start:] + bank[:start] if c.upper() not in used]
            if free:
                chosen[label.name] = free[0]
                used.add(free[0].upper())
                break
        else:
            chosen[label.name] = _BANKS[1][_slot(label.name, len(_BANKS[1]))]
    return chosen


class Schema(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The fields that are asked of every item, in the order they are shown.

    ``version`` grows with every change that the store sees. Build one with :meth:`of`.
    """

    fields: tuple[AnyField, ...]
    version: int = 1

    @classmethod
    def of(cls, fields: Mapping[str, FieldLike]) -> Schema:
        """A schema from fields by name, with a colour and a hotkey for every label.

        Examples
        --------
        >>> schema = Schema.of({"spans": Spans(["PERSON", "ORG"]), "mood": ["good", "bad"], "note": "text"})
        >>> [(field.name, label.name, label.hotkey) for field in schema.fields for label in field.get_labels()]
        [('spans', 'PERSON', '1'), ('spans', 'ORG', '2'), ('mood', 'good', '3'), ('mood', 'bad', '4')]
        """
        if not fields:
            raise InvalidSchema("a schema needs a field", "such as spans=['PERSON'] or choices=['yes', 'no']")
        made = [_field(str(name), given) for name, given in fields.items()]
        for field in made:
            if not field.name.strip():
                raise InvalidSchema("a field's name must not be empty")
            if not isinstance(field, (Texts, Segments)) and not field.get_labels():
                raise InvalidSchema(f"field {field.name!r} has no labels")
        spans = [field.name for field in made if isinstance(field, Spans)]
        for field in made:
            if isinstance(field, Relations) and (not spans or (field.spans and field.spans not in spans)):
                raise InvalidSchema(f"field {field.name!r} relates spans, but there is no such spans field")
        labels = [label for field in made for label in field.get_labels()]
        colors = _colors(labels)
        keys = Counter(label.hotkey for label in labels if label.hotkey)
        if keys and max(keys.values()) > 1:
            raise InvalidSchema(f"two labels have the hotkey {keys.most_common(1)[0][0]!r}")
        free = iter([key for key in _HOTKEYS if key not in keys])
        done = []
        for field in made:
            own = tuple(
                msgspec.structs.replace(label, color=colors[label.name], hotkey=label.hotkey or next(free, ""))
                for label in field.get_labels()
            )
            done.append(msgspec.structs.replace(field, labels=own) if own else field)
        return cls(tuple(done))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> AnyField:
        """The field with this name; raises `InvalidAnnotation` if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise InvalidAnnotation(f"field {name!r}", "the schema has no such field", hint=nearest(name, self.names))

    # ---- from what a user writes to annotations -------------------------------------------------

    def coerce(self, answer: Any, field: str | None = None) -> tuple[AnyAnnotation, ...]:
        """Annotations from what a user writes: annotations, dicts, bare labels, texts, or all of them by field.

        Examples
        --------
        >>> schema = Schema.of({"spans": Spans(["ORG"]), "mood": ["good", "bad"]})
        >>> [a.kind for a in schema.coerce({"spans": [(0, 3, "ORG")], "mood": "good"})]
        ['span', 'choice']
        """
        if isinstance(answer, Mapping) and "kind" not in answer and field is None and set(answer) <= set(self.names):
            return tuple(made for name, value in answer.items() for made in self.coerce(value, name))
        if answer is None:
            return ()
        single = isinstance(answer, (str, bytes, Mapping, Annotation, bool, int, float))
        # a lone (start, end, label) or (x, y, width, height, label) is one answer, not several
        single = single or (isinstance(answer, tuple) and 2 <= len(answer) <= 6 and isinstance(answer[0], (int, float)))
        return tuple(self._one(one, field) for one in ([answer] if single else answer))

    def _one(self, given: Any, name: str | None) -> AnyAnnotation:
        if isinstance(given, Mapping):
            body = dict(given)
            if "kind" not in body:
                asked = str(body.get("field") or name or "")
                target = self.field(asked) if asked else self._for_dict(body)
                body["kind"] = target.annotation
                body.setdefault("field", target.name)
                if isinstance(target, Polylines):
                    body.setdefault("closed", False)
            kind = KINDS.get(str(body["kind"]))
            if kind is None:
                raise InvalidAnnotation(
                    repr(given), f"unknown kind {body['kind']!r}", hint=nearest(str(body["kind"]), KINDS)
                )
            try:
                made: Any = msgspec.convert(body, kind)
            except msgspec.ValidationError as error:
                raise InvalidAnnotation(repr(dict(given)), str(error)) from None
        elif isinstance(given, Annotation):
            made = given
        else:
            made = self._bare(given, name)
        asked = made.field or name or ""
        target = self.field(asked) if asked else self._for(made)
        _check_kind(target, made)
        whole: AnyAnnotation = msgspec.structs.replace(made, field=target.name, id=made.id or new_id())
        return whole

    def _bare(self, given: Any, name: str | None) -> AnyAnnotation:
        if isinstance(given, (tuple, list)):
            if any(isinstance(f, Spans) and name in (None, f.name) for f in self.fields) and len(given) in (2, 3):
                return Span(*given, field=name or "")
            segments = next((f for f in self.fields if isinstance(f, Segments) and name in (None, f.name)), None)
            if segments is not None and len(given) in (2, 3):
                return _only_label(Segment(*given, field=name or ""), segments)
            boxes = next((f for f in self.fields if isinstance(f, Boxes) and name in (None, f.name)), None)
            if boxes is not None and len(given) in (4, 5, 6):
                return _only_label(Box(*given, field=name or ""), boxes)
            timed = any(isinstance(f, Segments) for f in self.fields)
            hint = "write nb.Segment(start, end, label)" if timed else "write nb.Span(start, end, label)"
            hint = "write nb.Box(x, y, width, height, label)" if boxes else hint
            raise InvalidAnnotation(repr(given), "is not an annotation", hint=hint)
        text = str(given)
        targets_all = [f for f in self.fields if name in (None, f.name)]
        if name is not None and not targets_all:
            self.field(name)
        for target in targets_all:
            if isinstance(target, Choices) and target.label(text):
                return Choice(text, field=target.name)
        writable = [f for f in targets_all if isinstance(f, Texts)]
        if writable and (name is not None or not any(isinstance(f, Choices) for f in targets_all)):
            return Text(text, field=writable[0].name)
        known = [label.name for f in targets_all if isinstance(f, Choices) for label in f.get_labels()]
        raise InvalidAnnotation(repr(given), "is not a label of the schema", hint=nearest(text, known))

    def _for_dict(self, body: Mapping[str, Any]) -> AnyField:
        kind = next((kind for sign, kind in _SIGNS if sign in body), "choice")
        if kind == "polygon" and any(len(point) == 3 for point in body["points"]):
            kind = "keypoints"
        if kind == "span" and not any(isinstance(field, Spans) for field in self.fields):
            kind = "segment"
        fits = [field for field in self.fields if field.annotation == kind]
        if kind == "polygon":
            sort = Polygons if body.get("closed", True) else Polylines
            fits = [field for field in fits if isinstance(field, sort)]
        return self._only(fits, kind, repr(dict(body)), str(body.get("label", "")))

    def _for(self, annotation: Annotation) -> AnyField:
        fits = [field for field in self.fields if field.takes(annotation)]
        return self._only(fits, annotation.kind, annotation.describe(), str(getattr(annotation, "label", "")))

    def _only(self, fits: list[AnyField], kind: str, what: str, label: str) -> AnyField:
        if len(fits) > 1 and label:  # the label decides between fields of one kind
            known = [one.name for field in fits for one in field.get_labels()]
            if label not in known:
                raise InvalidAnnotation(what, f"unknown label {label!r}", hint=nearest(label, known))
            fits = [field for field in fits if field.label(label)]
        if not fits:
            raise InvalidAnnotation(what, f"no field takes annotations of the kind {kind!r}")
        if len(fits) > 1:
            raise InvalidAnnotation(
                what, "several fields could take it", hint=f"give field= one of {[f.name for f in fits]}"
            )
        return fits[0]

    # ---- rules ----------------------------------------------------------------------------------

    def check(
        self,
        annotations: Iterable[AnyAnnotation],
        *,
        among: Iterable[AnyAnnotation] | None = None,
        item: object = None,
        extent: Extent = None,
        complete: bool = False,
        draft: bool = False,
    ) -> None:
        """Raise `InvalidAnnotation` if an annotation breaks a rule.

        Parameters
        ----------
        annotations : iterable
            The annotations to check one by one.
        among : iterable, optional
            All annotations of the response they belong to, for the rules that bind several; they alone by default.
        item : object
            The item's key, for the message.
        extent : int, float or (int, int), optional
            Code points of the item's text, within which spans must end; or width and height of its image in pixels,
            which shapes must touch and masks must have; or seconds of its recording, within which segments must lie.
        complete : bool
            Check the limits (min, max, required) too, as for a submitted response.
        draft : bool
            The response is unfinished: a text may be longer than it may be in the end.
        """
        mine = tuple(annotations)
        try:
            self._check(mine, mine if among is None else tuple(among), extent, complete, draft)
        except InvalidAnnotation as error:
            raise error.of_item(item) from None

    def _check(
        self,
        annotations: tuple[AnyAnnotation, ...],
        among: tuple[AnyAnnotation, ...],
        extent: Extent,
        complete: bool,
        draft: bool,
    ) -> None:
        ids = {a.id: a for a in among}
        if len(ids) < len(among):
            twice = Counter(a.id for a in among).most_common(1)[0][0]
            raise InvalidAnnotation(f"annotation {twice!r}", "two annotations have this id")
        for annotation in annotations:
            self._check_one(annotation, extent)
        for annotation in () if draft else among if complete else annotations:
            self._check_text(annotation)
        for annotation in among:
            if isinstance(annotation, Relation):
                self._check_ends(annotation, ids)
        counts = Counter(a.field for a in among)
        for field in self.fields:
            n = counts[field.name]
            if isinstance(field, Spans) and not field.overlap:
                self._check_overlap([a for a in among if isinstance(a, Span) and a.field == field.name])
            if isinstance(field, Segments) and not field.overlap:
                tiers: dict[str | int | None, list[Segment]] = {}
                for a in among:
                    if isinstance(a, Segment) and a.field == field.name:
                        tiers.setdefault(field.tier(a), []).append(a)
                for tier in tiers.values():
                    self._check_overlap(tier)
            if complete and n < field.min:
                raise InvalidAnnotation(f"field {field.name!r}", f"needs at least {field.min} answer(s), has {n}")
            if complete and field.max is not None and n > field.max:
                raise InvalidAnnotation(f"field {field.name!r}", f"takes at most {field.max} answer(s), has {n}")

    def _check_ends(self, a: Relation, ids: Mapping[str, Annotation]) -> None:
        field = next((f for f in self.fields if f.name == a.field and isinstance(f, Relations)), None)
        for end in (a.head, a.child):
            target = ids.get(end)
            if not isinstance(target, Span) or (field is not None and field.spans and target.field != field.spans):
                raise InvalidAnnotation(a.describe(), f"{end!r} is not the id of a span of this response")

    def _check_one(self, a: AnyAnnotation, extent: Extent) -> None:
        field = self.field(a.field)
        _check_kind(field, a)
        name = getattr(a, "label", None)
        label = field.label(name) if name is not None else None
        bare = isinstance(field, Segments) and not field.labels and not name
        if name is not None and label is None and not bare:
            known = [one.name for one in field.get_labels()]
            raise InvalidAnnotation(a.describe(), f"unknown label {name!r}", hint=nearest(name, known))
        if a.attributes:
            known_attributes = {one.name: one for one in (label.attributes if label else ())}
            for key, value in a.attributes.items():
                if key not in known_attributes:
                    raise InvalidAnnotation(
                        a.describe(), f"unknown attribute {key!r}", hint=nearest(key, known_attributes)
                    )
                if not known_attributes[key].accepts(value):
                    raise InvalidAnnotation(a.describe(), f"attribute {key!r} cannot be {value!r}")
        if isinstance(a, Span) and isinstance(extent, int) and a.end > extent:
            raise InvalidAnnotation(a.describe(), f"end {a.end} is beyond the text's {extent} characters")
        if isinstance(field, Segments) and isinstance(a, Segment):
            _check_segment(a, field, extent if isinstance(extent, float) else None)
        if isinstance(field, Boxes) and isinstance(a, Box) and a.rotation and not field.rotation:
            raise InvalidAnnotation(a.describe(), "is rotated, and the field has rotation=False")
        if isinstance(field, Skeletons) and isinstance(a, Keypoints) and len(a.points) != max(len(field.points), 1):
            raise InvalidAnnotation(
                a.describe(), f"has {len(a.points)} points, the field asks for {max(len(field.points), 1)}"
            )
        if isinstance(extent, tuple):
            _check_place(a, *extent)

    def _check_text(self, a: AnyAnnotation) -> None:
        limit = next((f.max_length for f in self.fields if f.name == a.field and isinstance(f, Texts)), None)
        if isinstance(a, Text) and limit is not None and len(a.text) > limit:
            raise InvalidAnnotation(a.describe(), f"has more than {limit} characters")

    @staticmethod
    def _check_overlap(spans: Sequence[Span | Segment]) -> None:
        ordered = sorted(spans, key=lambda span: (span.start, span.end))
        for before, after in itertools.pairwise(ordered):
            if after.start < before.end:
                raise InvalidAnnotation(
                    after.describe(), f"overlaps {before.describe()}, and the field has overlap=False"
                )
