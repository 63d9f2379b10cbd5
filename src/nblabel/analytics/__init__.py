"""What the log tells: what became of suggestions, and how fast models learn."""

from __future__ import annotations

from .curves import curve_chart, curve_frame, flattened
from .suggestions import Outcome, acceptance, anchoring, outcomes, split_source, suggestions_frame

__all__ = [
    "Outcome",
    "acceptance",
    "anchoring",
    "curve_chart",
    "curve_frame",
    "flattened",
    "outcomes",
    "split_source",
    "suggestions_frame",
]
