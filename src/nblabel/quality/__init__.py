"""Which answers are likely mistakes."""

from __future__ import annotations

from .mistakes import Judged, find_errors, out_of_sample

__all__ = ["Judged", "find_errors", "out_of_sample"]
