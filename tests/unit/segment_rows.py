"""Rows of recordings that tests of formats share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from nblabel import formats
from nblabel.annotations import AnyAnnotation, Segment
from nblabel.records import Item, Labelled, Report, Response
from nblabel.schema import Schema, Segments

SCHEMA = Schema.of({"sounds": Segments(["speech", "bird song"]), "words": Segments(transcript=True)})
SPEAKERS = Schema.of({"turns": Segments(["Ada", "Bob"], transcript=True, tiers="label")})


def row(*annotations: AnyAnnotation, key: Any = "a.wav", duration: float | None = 10.0, **said: Any) -> Labelled:
    item = Item(key, key if isinstance(key, str) else f"{key}.wav", duration=duration)
    return Labelled(item, Response("", "ann", "submitted", annotations, **said))


def notes(report: Report) -> list[str]:
    return [one.reason for one in report.dropped]


def bare(annotations: Any) -> list[Any]:
    """What segments say, without ids, in the order of time."""
    made = [(a.start, a.end, a.label, a.text, a.channel, a.field) for a in annotations if isinstance(a, Segment)]
    return sorted(made, key=repr)


def again(
    format: str,  # noqa: A002
    path: Path,
    rows: list[Labelled],
    schema: Schema,
    **options: Any,
) -> tuple[formats.Reading, Report]:
    """What comes back of rows, and what was said of writing them."""
    made = formats.FORMATS[format]
    report = made.write(path, rows, schema, **options)
    return made.read(path, **({"schema": schema} if made.takes("schema") else {})), report


TEXT = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)


@st.composite
def segments(draw: Any, *, thousandths: bool = False, texts: Any = TEXT) -> list[Segment]:
    """Segments of `SCHEMA`, overlapping and not, events among them."""
    made = []
    for n in range(draw(st.integers(0, 6))):
        if thousandths:
            ends = sorted(draw(st.tuples(*[st.integers(0, 9_000)] * 2)))
            start, end = ends[0] / 1000, (ends[1] + 1) / 1000
        else:
            start, end = sorted(draw(st.tuples(*[st.floats(0, 9)] * 2)))
        if draw(st.booleans()):
            made.append(Segment(start, end, draw(st.sampled_from(["speech", "bird song"])), id=f"s{n}", field="sounds"))
        else:
            made.append(Segment(start, end, text=draw(texts), id=f"s{n}", field="words"))
    return made
