"""Shapes as formats see them: several that make up one object, outlines with holes as one ring, corners of boxes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from ..annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon, Shape
from ..schema import Label, Schema, Skeletons
from ..shapes import Ring, bounds, corners, polygons_of
from .base import DEFAULT_FIELDS, sort_of

__all__ = [
    "Fields",
    "SkeletonFields",
    "Thing",
    "around",
    "box_of_corners",
    "bridged",
    "edges_of",
    "ellipse",
    "extras",
    "is_bounds",
    "labels_of",
    "rings_of",
    "things",
]

Points: TypeAlias = npt.NDArray[np.float64]
_MOST_POINTS = 1 << 14


class Thing(msgspec.Struct):
    """One object: the shapes that a format keeps together. Parts are closed polygons and masks."""

    first: Shape
    box: Box | None = None
    keypoints: Keypoints | None = None
    parts: list[Polygon | Mask] = []
    line: Polygon | None = None

    @property
    def shapes(self) -> list[Shape]:
        """All of them."""
        found: list[Shape | None] = [self.box, self.keypoints, *self.parts, self.line]
        return [one for one in found if one is not None]

    @property
    def box_or_bounds(self) -> tuple[float, float, float, float]:
        """Its box without rotation, or the smallest one around its parts or, without any, its points."""
        return bounds(self.box) if self.box is not None else around(self.parts or self.shapes)


def things(annotations: Iterable[AnyAnnotation]) -> list[Thing]:
    """The objects that shapes make up: those of one group and label that say the same besides are one.

    An object has one box and one skeleton at most; several polygons and masks are its parts.
    """
    made: list[Thing] = []
    known: dict[tuple[Any, ...], list[Thing]] = {}
    for a in annotations:
        if not isinstance(a, Shape):
            continue
        same = (a.group, a.label, a.z, a.occluded, a.score, a.source, repr(sorted(a.attributes.items())))
        slot = _slot(a)
        mine = known.setdefault(same, []) if a.group else []
        target = next((one for one in mine if slot == "parts" or getattr(one, slot) is None), None)
        if slot == "line" or target is None or (slot == "parts" and target.line is not None):
            target = Thing(a)
            made.append(target)
            mine.append(target)
        if slot == "parts":
            target.parts.append(a)  # type: ignore[arg-type]
        else:
            setattr(target, slot, a)
    return made


def _slot(a: Shape) -> str:
    return {"box": "box", "keypoints": "keypoints", "polyline": "line"}.get(sort_of(a), "parts")


def around(shapes: Sequence[Shape]) -> tuple[float, float, float, float]:
    """Left, top, width and height of the smallest box around several shapes."""
    found = [bounds(one) for one in shapes]  # type: ignore[arg-type]
    found = [one for one in found if one[2] or one[3]] or found
    left, top = min(one[0] for one in found), min(one[1] for one in found)
    right, bottom = max(one[0] + one[2] for one in found), max(one[1] + one[3] for one in found)
    return left, top, right - left, bottom - top


def is_bounds(box: Sequence[float], shapes: Sequence[Shape], slack: float = 1.0) -> bool:
    """Whether a box says no more than the shapes it is around."""
    if not shapes:
        return False
    tight = around(shapes)
    left, top = box[0] - tight[0], box[1] - tight[1]
    gaps = (left, top, left + box[2] - tight[2], top + box[3] - tight[3])
    return all(abs(gap) <= slack for gap in gaps)


class Fields:
    """The fields of annotations that are written: a format that knows none loses them where there are several."""

    def __init__(self, annotations: Iterable[AnyAnnotation]) -> None:
        self._known: dict[tuple[str, int], set[str]] = {}
        for a in annotations:
            self._known.setdefault(self._sort(a), set()).add(a.field)

    @staticmethod
    def _sort(a: AnyAnnotation) -> tuple[str, int]:
        return sort_of(a), len(a.points) if isinstance(a, Keypoints) else 0

    def lost(self, a: AnyAnnotation) -> list[str]:
        """What of an annotation cannot be told without its field."""
        return [f"field {a.field!r}"] if len(self._known.get(self._sort(a), ())) > 1 else []


class SkeletonFields:
    """The fields for keypoints that are read: one for each skeleton, since a field has one."""

    def __init__(self) -> None:
        self.skeletons: dict[str, Skeletons] = {}

    def of(
        self, label: Label | None, points: Sequence[str], edges: Iterable[tuple[int, int]] = (), name: str = ""
    ) -> str:
        """The field for keypoints with these points; a single one needs no name of its own.

        ``name`` is the field's, where the file says it.
        """
        names = tuple(points)
        if len(names) == 1 and (label is None or names[0] == label.name):
            names = ()
        lines = tuple(edges)
        for field, known in self.skeletons.items():
            if known.points == names and known.edges == lines and name in ("", field):
                if label is not None and known.label(label.name) is None:
                    self.skeletons[field] = Skeletons((*known.labels, label), points=names, edges=lines)
                return field
        field = name or DEFAULT_FIELDS["keypoints"]
        while field in self.skeletons:
            field = f"{DEFAULT_FIELDS['keypoints']}{len(self.skeletons) + 1}"
        self.skeletons[field] = Skeletons(() if label is None else (label,), points=names, edges=lines)
        return field

    def as_named(self, field: str, name: str) -> str:
        """The skeleton of a field under another name, which the file has for it."""
        self.skeletons.setdefault(name, self.skeletons[field])
        return name

    def unnamed(self, n: int) -> str:
        """The field for so many points without names."""
        found = next((field for field, known in self.skeletons.items() if max(len(known.points), 1) == n), None)
        return found or self.of(None, [str(k + 1) for k in range(n)])


def edges_of(given: Any, n: int, *, first: int = 0, odd: list[Any] | None = None) -> list[tuple[int, int]]:
    """The lines of a skeleton of ``n`` points as a file has them, counted from ``first``; others go to ``odd``."""
    made = []
    for edge in given if isinstance(given, list) else ():
        ends = [end - first for end in edge if type(end) is int] if isinstance(edge, list) else []
        if len(ends) == 2 and all(0 <= end < n for end in ends) and ends[0] != ends[1]:
            made.append((ends[0], ends[1]))
        elif odd is not None:
            odd.append(edge)
    return made


def extras(a: AnyAnnotation, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """What an annotation has besides its place, label and id, for a JSON file that keeps it beside."""
    left_out = {*without, *(member for member in ("label", "points", "holes", "closed", "size", "counts"))}
    left_out |= {"x", "y", "width", "height", "rotation", "id", "text"}
    found: dict[str, Any] = {}
    for member in msgspec.structs.fields(a):
        value = getattr(a, member.name)
        default = DEFAULT_FIELDS.get(sort_of(a), "") if member.name == "field" else member.default
        if member.name not in left_out and value != default and not (member.name == "attributes" and not value):
            found[member.name] = value
    return found


def labels_of(schema: Schema, annotations: Iterable[AnyAnnotation], sorts: Iterable[str]) -> list[Label]:
    """The labels of all fields for these sorts of shapes, then those that only annotations have."""
    wanted = frozenset(sorts)
    kinds = {"boxes": "box", "polygons": "polygon", "polylines": "polyline", "skeletons": "keypoints", "masks": "mask"}
    found: dict[str, Label] = {}
    for field in schema.fields:
        if kinds.get(str(field.__struct_config__.tag)) in wanted:
            for label in field.labels:  # type: ignore[union-attr]
                found.setdefault(label.name, label)
    for a in annotations:
        name = getattr(a, "label", "")
        if name and sort_of(a) in wanted and name not in found:
            found[name] = Label(name)
    return list(found.values())


def rings_of(shape: Box | Polygon | Mask) -> list[Ring]:
    """All rings of a shape, outer ones and holes."""
    if isinstance(shape, Box):
        return [corners(shape)]
    if isinstance(shape, Polygon):
        return [shape.points, *shape.holes]
    return [ring for outer, holes in polygons_of(shape) for ring in (outer, *holes)]


def bridged(rings: Sequence[Ring]) -> Ring:
    """One ring with the inside of all of them, by the even-odd rule: cuts without width join each to a near one.

    Examples
    --------
    >>> bridged([((0, 0), (4, 0), (0, 4)), ((1, 1), (1, 2), (2, 1))])
    ((0, 0), (1, 1), (1, 2), (2, 1), (1, 1), (0, 0), (4, 0), (0, 4))
    """
    cuts = _cuts([np.asarray(ring, dtype=np.float64) for ring in rings])
    made: list[tuple[float, float]] = []
    walks = [_walk(rings, cuts, 0, 0)]
    while walks:
        step = next(walks[-1], None)
        if step is None:
            walks.pop()
        elif isinstance(step, _Cut):
            walks.append(_walk(rings, cuts, step.ring, step.start))
        else:
            made.append(step)
    return tuple(made)


class _Cut(msgspec.Struct, frozen=True):
    """A ring that hangs on another, and its point where the cut ends."""

    ring: int
    start: int


_Cuts: TypeAlias = dict[tuple[int, int], list[_Cut]]


def _walk(rings: Sequence[Ring], cuts: _Cuts, ring: int, start: int) -> Iterator[tuple[float, float] | _Cut]:
    """Round a ring and, but for the first, back to where it started, with a turn for each that hangs on it."""
    n = len(rings[ring])
    for k in range(n):
        at = (start + k) % n
        yield rings[ring][at]
        for cut in cuts.get((ring, at), ()):
            yield cut
            yield rings[ring][at]
    if ring:
        yield rings[ring][start]


def _cuts(rings: Sequence[Points]) -> _Cuts:
    """What hangs on which point: a tree of the nearest, or of neighbours in the list where that would take long."""
    cuts: _Cuts = {}
    if sum(len(ring) for ring in rings) > _MOST_POINTS:
        for n in range(1, len(rings)):
            far = ((rings[n - 1] - rings[n][0]) ** 2).sum(axis=1)
            cuts.setdefault((n - 1, int(far.argmin())), []).append(_Cut(n, 0))
        return cuts
    best: dict[int, tuple[float, int, int, int]] = dict.fromkeys(range(1, len(rings)), (math.inf, 0, 0, 0))
    last = 0
    while best:
        for n, known in best.items():
            far = ((rings[last][:, None] - rings[n][None]) ** 2).sum(axis=2)
            flat = int(far.argmin())
            best[n] = min(known, (float(far.flat[flat]), last, *divmod(flat, len(rings[n]))))
        last = min(best, key=lambda n: best[n][0])
        _, ring, point, start = best.pop(last)
        cuts.setdefault((ring, point), []).append(_Cut(last, start))
    return cuts


def box_of_corners(points: Sequence[tuple[float, float]], slack: float = 0.5) -> tuple[float, ...] | None:
    """Left, top, width, height and rotation of the rectangle with these four corners; ``None`` if it is none.

    Examples
    --------
    >>> box_of_corners([(3, -1), (3, 3), (1, 3), (1, -1)])
    (0.0, 0.0, 4.0, 2.0, 90.0)
    """
    if len(points) != 4:
        return None
    p = np.asarray(points, dtype=np.float64)
    along, across = (p[1] - p[0] + p[2] - p[3]) / 2, (p[2] - p[1] + p[3] - p[0]) / 2
    if along[0] * across[1] - along[1] * across[0] < 0:  # the other way round
        p = p[[0, 3, 2, 1]]
        along, across = across, along
    width, height = float(np.hypot(*along)), float(np.hypot(*across))
    if not width or not height:
        return None
    x, y = (float(value) for value in p.mean(axis=0))
    turn = math.degrees(math.atan2(along[1], along[0]))
    made = Box(x - width / 2, y - height / 2, width, height, rotation=turn)
    if np.abs(np.asarray(corners(made)) - p).max() > slack:
        return None
    return made.x, made.y, width, height, turn


def ellipse(x: float, y: float, across: float, down: float, turn: float = 0.0, points: int = 64) -> Ring:
    """A polygon on an ellipse with these radii, turned clockwise by degrees."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    made = []
    for n in range(points):
        angle = 2 * math.pi * n / points
        dx, dy = across * math.cos(angle), down * math.sin(angle)
        made.append((x + dx * cos - dy * sin, y + dx * sin + dy * cos))
    return tuple(made)
