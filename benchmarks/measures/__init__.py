"""All measures, in the order of the report."""

from __future__ import annotations

from .annotators import Annotators
from .base import Measure
from .chaos import Chaos
from .crash import Crash
from .images import Images
from .imports import Imports
from .labelling import Labelling
from .longtext import LongText
from .memory import Memory
from .photographs import Photographs
from .recordings import Recordings
from .rows import Rows
from .store import StoreSpeed
from .suggesting import Suggesting
from .training import Training

ALL: tuple[Measure, ...] = (
    Labelling(),
    Rows(),
    Memory(),
    LongText(),
    Images(),
    Photographs(),
    Recordings(),
    Crash(),
    Imports(),
    StoreSpeed(),
    Annotators(),
    Suggesting(),
    Training(),
    Chaos(),
)


def find(name: str) -> Measure | None:
    """A measure by its name or one of its other names."""
    return next((one for one in ALL if name in (one.name, *one.aliases)), None)
