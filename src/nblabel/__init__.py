"""Inline labelers for Jupyter notebooks: nothing is lost, nothing waits, and pandas is one line away.

Names are loaded on first use, so that ``import nblabel`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "annotations": (
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
        "Span",
        "Text",
        "Track",
    ),
    "errors": ("NblabelError",),
    "labelers.audio": ("AudioLabeler",),
    "labelers.gallery": ("Gallery",),
    "labelers.image": ("ImageLabeler",),
    "labelers.text": ("TextLabeler",),
    "media.sound": ("Sound",),
    "records": ("Item", "Progress", "Report", "Response"),
    "schema": (
        "Attribute",
        "Boxes",
        "Choices",
        "Label",
        "Masks",
        "Polygons",
        "Polylines",
        "Relations",
        "Schema",
        "Segments",
        "Skeletons",
        "Spans",
        "Texts",
    ),
    "store": ("open_store",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = (
    "annotations",
    "errors",
    "formats",
    "ordering",
    "protocol",
    "records",
    "schema",
    "shapes",
    "sources",
    "store",
    "suggest",
)

__all__ = [
    "Attribute",
    "AudioLabeler",
    "Box",
    "Boxes",
    "Choice",
    "Choices",
    "Cuboid",
    "Gallery",
    "ImageLabeler",
    "Item",
    "Keyframe",
    "Keypoints",
    "Label",
    "Mask",
    "Masks",
    "NblabelError",
    "Polygon",
    "Polygons",
    "Polylines",
    "Progress",
    "Ranking",
    "Rating",
    "Relation",
    "Relations",
    "Report",
    "Response",
    "Schema",
    "Segment",
    "Segments",
    "Skeletons",
    "Sound",
    "Span",
    "Spans",
    "Text",
    "TextLabeler",
    "Texts",
    "Track",
    "__version__",
    "formats",
    "open_store",
    "ordering",
    "suggest",
]

if TYPE_CHECKING:
    from . import formats, ordering, suggest
    from .annotations import (
        Box,
        Choice,
        Cuboid,
        Keyframe,
        Keypoints,
        Mask,
        Polygon,
        Ranking,
        Rating,
        Relation,
        Segment,
        Span,
        Text,
        Track,
    )
    from .errors import NblabelError
    from .labelers.audio import AudioLabeler
    from .labelers.gallery import Gallery
    from .labelers.image import ImageLabeler
    from .labelers.text import TextLabeler
    from .media.sound import Sound
    from .records import Item, Progress, Report, Response
    from .schema import (
        Attribute,
        Boxes,
        Choices,
        Label,
        Masks,
        Polygons,
        Polylines,
        Relations,
        Schema,
        Segments,
        Skeletons,
        Spans,
        Texts,
    )
    from .store import open_store


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is not None:
        return getattr(importlib.import_module(f".{home}", __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
