"""Shapes and rows of images that the tests of formats share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from nblabel import formats
from nblabel.annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon
from nblabel.records import Item, Labelled, Report, Response
from nblabel.schema import Attribute, Boxes, Choices, Label, Masks, Polygons, Polylines, Schema, Skeletons
from nblabel.shapes import mask_of, rasterize

__all__ = ["SCHEMA", "SIZE", "again", "labelled", "notes", "painted", "person", "picture", "pixels", "row", "shapes"]

SIZE = (64, 48)
_CAT = Label("cat", attributes=[Attribute("tame", "bool"), Attribute("age", "number"), Attribute("note")])
SCHEMA = Schema.of(
    {
        "boxes": Boxes([_CAT, "dog"]),
        "polygons": Polygons([_CAT, "dog"]),
        "polylines": Polylines(["road"]),
        "keypoints": Skeletons(["person"], points=["head", "hand", "foot"], edges=[("head", "hand"), ("hand", "foot")]),
        "masks": Masks([_CAT, "dog"]),
        "choices": Choices(["day", "night"], multiple=True),
        "text": "text",
    }
)


def row(
    *said: AnyAnnotation,
    key: Any = "a.jpg",
    size: tuple[int, int] | None = SIZE,
    data: Any = None,
    annotator: str = "",
    **more: Any,
) -> Labelled:
    """A submitted answer; an annotation without an id gets one, without a field that of its sort."""
    made = []
    for n, a in enumerate(said):
        body = {"id": a.id or f"x{n}", "field": a.field or formats.base.default_field(a)}
        made.append(type(a)(**{**{name: getattr(a, name) for name in a.__struct_fields__}, **body}))
    body = {"status": "submitted", "annotations": tuple(made), **more}
    return Labelled(Item(key, key if data is None else data, size=size), Response("", annotator, **body))


def person(*points: tuple[float, float, int], **more: Any) -> Keypoints:
    """A skeleton of the schema."""
    return Keypoints(points or ((10, 5, 2), (20, 15, 1), (0, 0, 0)), "person", **more)


def again(
    name: str, path: Path, rows: list[Labelled], schema: Schema = SCHEMA, **options: Any
) -> tuple[Report, formats.Reading]:
    """What was noted when rows were written, and what is read back."""
    report = formats.FORMATS[name].write(path, rows, schema, **options)
    return report, formats.to_read(path, name).read(path)


def labelled(reading: formats.Reading) -> dict[Any, tuple[AnyAnnotation, ...]]:
    """The annotations by key."""
    return {one.item.key: one.response.annotations for one in reading.items}


def notes(report: Report) -> list[str]:
    """The reasons of a report."""
    return [one.reason for one in report.dropped]


def picture(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """An image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 100, 50)).save(path)
    return path


def painted(*boxes: tuple[int, int, int, int], size: tuple[int, int] = SIZE, label: str = "cat", **more: Any) -> Mask:
    """A mask of some rectangles."""
    array = np.zeros(size[::-1], dtype=bool)
    for x, y, width, height in boxes:
        array[y : y + height, x : x + width] = True
    return mask_of(array, label, **more)


def pixels(*said: Any, size: tuple[int, int] = SIZE) -> np.ndarray:
    """All pixels that shapes cover."""
    made = np.zeros(size[::-1], dtype=bool)
    for a in said:
        made |= rasterize(a, size)
    return made


# ---- strategies ----------------------------------------------------------------------------------

_X = st.floats(0, SIZE[0], allow_nan=False) | st.integers(0, SIZE[0]).map(float)
_Y = st.floats(0, SIZE[1], allow_nan=False) | st.integers(0, SIZE[1]).map(float)
_SIDE = st.floats(0.5, 40)
_POINT = st.tuples(_X, _Y)
_ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "tame": st.booleans(),
        "age": st.integers(-5, 5) | st.floats(-5, 5),
        "note": st.sampled_from(["", "=1", "é", "a, b"]),
    },
)
_MORE = st.fixed_dictionaries(
    {},
    optional={
        "z": st.integers(-3, 9),
        "group": st.sampled_from(["", "1", "2", "g"]),
        "occluded": st.booleans(),
        "score": st.none() | st.floats(0, 1),
        "source": st.sampled_from(["human", "model:1"]),
    },
)


@st.composite
def _one(draw: st.DrawFn) -> AnyAnnotation:
    more = draw(_MORE)
    animal = draw(st.sampled_from(["cat", "dog"]))
    attributes = {"attributes": draw(_ATTRIBUTES)} if animal == "cat" else {}
    sort = draw(st.sampled_from(["box", "polygon", "line", "points", "mask"]))
    if sort == "box":
        turn = draw(st.just(0.0) | st.floats(-180, 180))
        return Box(draw(_X), draw(_Y), draw(_SIDE), draw(_SIDE), animal, turn, field="boxes", **attributes, **more)
    if sort == "polygon":
        ring = st.lists(_POINT, min_size=3, max_size=6)
        holes = draw(st.lists(ring, max_size=2))
        return Polygon(draw(ring), animal, holes, field="polygons", **attributes, **more)  # type: ignore[arg-type]
    if sort == "line":
        line = draw(st.lists(_POINT, min_size=2, max_size=5))
        return Polygon(line, "road", closed=False, field="polylines", **more)  # type: ignore[arg-type]
    if sort == "points":
        points = draw(st.tuples(*[st.tuples(_X, _Y, st.integers(0, 2))] * 3))
        return Keypoints(points, "person", field="keypoints", **more)
    part = draw(st.tuples(st.integers(0, 60), st.integers(0, 44), st.integers(1, 20), st.integers(1, 20)))
    return painted(part, label=animal, field="masks", **attributes, **more)


def shapes(most: int = 5) -> st.SearchStrategy[list[AnyAnnotation]]:
    """Shapes of all sorts on one image, with all that they may have besides."""
    return st.lists(_one(), max_size=most)
