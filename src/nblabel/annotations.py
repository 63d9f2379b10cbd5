"""The answers people give: one frozen struct a kind of annotation.

Every kind can be written positionally in its natural order (``Span(0, 5, "PERSON")``); what all kinds
share (``id, field, attributes, score, source``) is keyword-only. Intrinsic rules (finite numbers, ordered
ends) are checked on construction; rules that need the schema or the item are in :mod:`nblabel.schema`.
"""

from __future__ import annotations

import itertools
import math
import secrets
from typing import Any, TypeAlias

import msgspec

from .errors import InvalidAnnotation

__all__ = [
    "HUMAN",
    "KINDS",
    "Annotation",
    "AnyAnnotation",
    "Attributes",
    "Box",
    "Choice",
    "Cuboid",
    "Keyframe",
    "Keypoints",
    "Mask",
    "Polygon",
    "Ranking",
    "Rating",
    "Relation",
    "Segment",
    "Shape",
    "Span",
    "Text",
    "Track",
    "new_id",
]

Attributes: TypeAlias = dict[str, str | int | float | bool | list[str] | None]
HUMAN = "human"
"""The ``source`` of what a person marked; a suggestion carries its model's name."""


def new_id() -> str:
    """A fresh id for an annotation or event: 12 hexadecimal digits (48 random bits)."""
    return secrets.token_hex(6)


class Annotation(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, forbid_unknown_fields=True
):
    """What every kind of annotation carries.

    Parameters
    ----------
    id : str
        Unique within its item; given when the annotation is stored, if empty.
    field : str
        The question of the schema that it answers; may be empty where only one field fits.
    attributes : dict
        Values of the label's attributes, by name.
    score : float, optional
        Confidence of a suggestion, in [0, 1].
    source : str
        ``"human"``, or the name of the model that suggested it.
    """

    id: str = ""
    field: str = ""
    attributes: Attributes = {}
    score: float | None = None
    source: str = HUMAN

    def __post_init__(self) -> None:
        for name in ("id", "field", "source"):
            self._text(name)
        if not isinstance(self.attributes, dict):
            self._fail(f"attributes must be a dict, not {type(self.attributes).__name__}")
        if self.score is not None:
            self._number("score")
            if not 0.0 <= self.score <= 1.0:
                self._fail(f"score {self.score} is outside [0, 1]")
        self._check()

    def _check(self) -> None:
        """The rules of one kind."""

    @property
    def kind(self) -> str:
        """The tag of this kind of annotation, as in files and tables."""
        return str(self.__struct_config__.tag)

    def describe(self) -> str:
        """How messages name this annotation."""
        name = f"{type(self).__name__} {self.id!r}" if self.id else type(self).__name__
        return f"{name} in field {self.field!r}" if self.field else name

    def _fail(self, rule: str) -> None:
        raise InvalidAnnotation(self.describe(), rule)

    def _text(self, name: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, str):
            raise InvalidAnnotation(type(self).__name__, f"{name} must be a string, not {value!r}")

    def _number(self, name: str) -> None:
        msgspec.structs.force_setattr(self, name, self._finite(getattr(self, name), name))

    def _finite(self, value: Any, name: str) -> float:
        try:  # numpy scalars are welcome, booleans and strings are not
            if isinstance(value, (bool, str, bytes)):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError):
            raise InvalidAnnotation(self.describe(), f"{name} must be a number, not {value!r}") from None
        if not math.isfinite(number):
            self._fail(f"{name} is {number}; it must be finite")
        return number

    def _integer(self, name: str) -> None:
        value = getattr(self, name)
        try:
            if isinstance(value, bool):
                raise TypeError
            number = value.__index__()
        except (AttributeError, TypeError):
            raise InvalidAnnotation(self.describe(), f"{name} must be an integer, not {value!r}") from None
        msgspec.structs.force_setattr(self, name, number)

    def _ordered(self, *, empty: bool) -> None:
        start, end = self.start, self.end  # type: ignore[attr-defined]
        if start < 0:
            self._fail(f"start {start} is negative")
        if end < start or (end == start and not empty):
            self._fail(f"end {end} must be greater than start {start}")

    def _points(self, name: str, points: Any, least: int) -> tuple[tuple[float, float], ...]:
        try:
            pairs = [tuple(point) for point in points]
        except TypeError:
            raise InvalidAnnotation(self.describe(), f"{name} must be pairs (x, y)") from None
        if any(len(pair) != 2 for pair in pairs):
            self._fail(f"{name} must be pairs (x, y)")
        if len(pairs) < least:
            self._fail(f"{name} has {len(pairs)} points; at least {least} are needed")
        return tuple((self._finite(x, name), self._finite(y, name)) for x, y in pairs)


class Span(Annotation, frozen=True, tag="span"):
    """Characters ``[start, end)`` of a text, in Unicode code points as Python counts them.

    Examples
    --------
    >>> Span(0, 5, "PERSON").label
    'PERSON'
    """

    start: int
    end: int
    label: str = ""

    def _check(self) -> None:
        self._integer("start")
        self._integer("end")
        self._text("label")
        self._ordered(empty=False)


class Relation(Annotation, frozen=True, tag="relation"):
    """A labelled arrow from the annotation with the id ``head`` to the one with the id ``child``."""

    head: str
    child: str
    label: str = ""

    def _check(self) -> None:
        for name in ("head", "child", "label"):
            self._text(name)
        if not self.head or not self.child:
            self._fail("head and child must be ids of annotations")
        if self.head == self.child:
            self._fail(f"head and child are the same annotation {self.head!r}")


class Choice(Annotation, frozen=True, tag="choice"):
    """One chosen label of a ``Choices`` field."""

    label: str

    def _check(self) -> None:
        self._text("label")


class Text(Annotation, frozen=True, tag="text"):
    """What a person wrote in a ``Texts`` field."""

    text: str

    def _check(self) -> None:
        self._text("text")


class Rating(Annotation, frozen=True, tag="rating"):
    """A number on a scale."""

    value: float
    label: str = ""

    def _check(self) -> None:
        self._number("value")
        self._text("label")


class Ranking(Annotation, frozen=True, tag="ranking"):
    """Options from best to worst; options of one inner tuple are tied."""

    ranks: tuple[tuple[str, ...], ...]

    def _check(self) -> None:
        try:
            ranks = tuple((rank,) if isinstance(rank, str) else tuple(rank) for rank in self.ranks)
        except TypeError:
            raise InvalidAnnotation(self.describe(), "ranks must be options, or tuples of tied options") from None
        options = [option for rank in ranks for option in rank]
        if any(not isinstance(option, str) for option in options):
            self._fail("options must be strings")
        if len(set(options)) != len(options):
            self._fail("an option is ranked twice")
        msgspec.structs.force_setattr(self, "ranks", ranks)


class Shape(Annotation, frozen=True, kw_only=True):
    """What every mark on an image carries besides.

    Parameters
    ----------
    z : int
        Higher ones lie above lower ones; of equals, the later one.
    group : str
        Shapes of one item with the same group belong together; empty for none.
    occluded : bool
        Part of the thing is hidden behind another.
    """

    z: int = 0
    group: str = ""
    occluded: bool = False

    def _check_shape(self) -> None:
        self._integer("z")
        self._text("group")
        self._text("label")
        if not isinstance(self.occluded, bool):
            self._fail(f"occluded must be true or false, not {self.occluded!r}")


class Box(Shape, frozen=True, tag="box"):
    """A rectangle in pixels of the EXIF-upright image: left, top, width, height.

    ``rotation`` is in degrees clockwise about the centre.

    Examples
    --------
    >>> Box(10, 20, 30, 40, "cat").width
    30.0
    """

    x: float
    y: float
    width: float
    height: float
    label: str = ""
    rotation: float = 0.0

    def _check(self) -> None:
        for name in ("x", "y", "width", "height", "rotation"):
            self._number(name)
        self._check_shape()
        if self.width <= 0 or self.height <= 0:
            self._fail(f"width {self.width} and height {self.height} must be positive")


class Polygon(Shape, frozen=True, tag="polygon"):
    """A polygon ``((x, y), ...)`` in pixels with optional holes; a polyline where ``closed`` is false."""

    points: tuple[tuple[float, float], ...]
    label: str = ""
    holes: tuple[tuple[tuple[float, float], ...], ...] = ()
    closed: bool = True

    def _check(self) -> None:
        least = 3 if self.closed else 2
        msgspec.structs.force_setattr(self, "points", self._points("points", self.points, least))
        holes = tuple(self._points("holes", hole, 3) for hole in self.holes)
        msgspec.structs.force_setattr(self, "holes", holes)
        if holes and not self.closed:
            self._fail("a polyline has no holes")
        self._check_shape()


class Keypoints(Shape, frozen=True, tag="keypoints"):
    """Points ``((x, y, visible), ...)`` of a skeleton, in its order; visible is COCO's 0 absent, 1 occluded, 2 seen."""

    points: tuple[tuple[float, float, int], ...]
    label: str = ""

    def _check(self) -> None:
        try:
            triples = [tuple(point) for point in self.points]
        except TypeError:
            raise InvalidAnnotation(self.describe(), "points must be triples (x, y, visible)") from None
        if not triples or any(len(triple) != 3 or triple[2] not in (0, 1, 2) for triple in triples):
            self._fail("points must be triples (x, y, visible) with visible 0, 1 or 2")
        points = tuple((self._finite(x, "points"), self._finite(y, "points"), int(v)) for x, y, v in triples)
        msgspec.structs.force_setattr(self, "points", points)
        self._check_shape()


class Mask(Shape, frozen=True, tag="mask"):
    """A region as COCO run lengths: ``size`` is (height, width), ``counts`` run down the columns, zeros first."""

    size: tuple[int, int]
    counts: tuple[int, ...]
    label: str = ""

    def _check(self) -> None:
        try:
            size = tuple(int(n) for n in self.size)
            counts = tuple(int(n) for n in self.counts)
        except (TypeError, ValueError):
            raise InvalidAnnotation(self.describe(), "size and counts must be integers") from None
        if len(size) != 2 or min(size) <= 0:
            self._fail(f"size must be (height, width), both positive, not {self.size!r}")
        if any(n < 0 for n in counts) or sum(counts) != size[0] * size[1]:
            self._fail(f"counts must be non-negative and add up to {size[0] * size[1]}, not {sum(counts)}")
        msgspec.structs.force_setattr(self, "size", size)
        msgspec.structs.force_setattr(self, "counts", counts)
        self._check_shape()


class Segment(Annotation, frozen=True, tag="segment"):
    """Seconds ``[start, end)`` of the decoded audio; an event where both are equal.

    ``low`` and ``high`` bound the frequency in hertz; ``channel`` is 0-based, ``None`` for all.
    """

    start: float
    end: float
    label: str = ""
    text: str = ""
    channel: int | None = None
    low: float | None = None
    high: float | None = None

    def _check(self) -> None:
        self._number("start")
        self._number("end")
        self._text("label")
        self._text("text")
        self._ordered(empty=True)
        if self.channel is not None:
            self._integer("channel")
            if self.channel < 0:
                self._fail(f"channel {self.channel} is negative")
        for name in ("low", "high"):
            if getattr(self, name) is not None:
                self._number(name)
                if getattr(self, name) < 0:
                    self._fail(f"{name} {getattr(self, name)} is negative")
        if self.low is not None and self.high is not None and self.high <= self.low:
            self._fail(f"high {self.high} must be greater than low {self.low}")


class Keyframe(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a track's box is at one decoded frame (0-based); between keyframes it is interpolated."""

    frame: int
    x: float
    y: float
    width: float
    height: float
    outside: bool = False
    occluded: bool = False


class Track(Annotation, frozen=True, tag="track"):
    """A box that moves: keyframes in ascending order of their frames."""

    keyframes: tuple[Keyframe, ...]
    label: str = ""

    def _check(self) -> None:
        frames = tuple(self.keyframes)
        if not frames or any(not isinstance(k, Keyframe) for k in frames):
            self._fail("keyframes must be one Keyframe or more")
        for key in frames:
            for name in ("x", "y", "width", "height"):
                self._finite(getattr(key, name), name)
            if key.frame < 0 or key.width <= 0 or key.height <= 0:
                self._fail(f"keyframe {key.frame}: frame must not be negative, width and height must be positive")
        if any(a.frame >= b.frame for a, b in itertools.pairwise(frames)):
            self._fail("frames of the keyframes must ascend")
        msgspec.structs.force_setattr(self, "keyframes", frames)
        self._text("label")


class Cuboid(Annotation, frozen=True, tag="cuboid"):
    """A box in the sensor frame: centre and size in metres, ``yaw`` about +z in radians."""

    x: float
    y: float
    z: float
    length: float
    width: float
    height: float
    yaw: float = 0.0
    label: str = ""

    def _check(self) -> None:
        for name in ("x", "y", "z", "length", "width", "height", "yaw"):
            self._number(name)
        self._text("label")
        if min(self.length, self.width, self.height) <= 0:
            self._fail("length, width and height must be positive")


AnyAnnotation: TypeAlias = (
    Span | Relation | Choice | Text | Rating | Ranking | Box | Polygon | Keypoints | Mask | Segment | Track | Cuboid
)

KINDS: dict[str, type[Annotation]] = {
    str(cls.__struct_config__.tag): cls
    for cls in (Span, Relation, Choice, Text, Rating, Ranking, Box, Polygon, Keypoints, Mask, Segment, Track, Cuboid)
}
"""The class of each kind, by its tag."""
