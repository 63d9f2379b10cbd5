"""What is said of a series of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], q: float) -> float:
    """The ``q``-quantile, linear between neighbours."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def number(value: float) -> str:
    """Three digits that mean something, thousands apart."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}".removesuffix(".00")


def spread(values: Sequence[float], unit: str = "") -> str:
    """Median, and where nine of ten lie (the lowest and highest, where there are fewer than ten)."""
    if not values:
        return "–"
    if len(values) == 1:
        return f"{number(values[0])}{unit}"
    low, high = (quantile(values, 0.05), quantile(values, 0.95)) if len(values) >= 10 else (min(values), max(values))
    return f"{number(median(values))}{unit} ({number(low)}–{number(high)})"
