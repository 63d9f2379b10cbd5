"""How far a share that was counted can be trusted."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["difference", "wilson"]

Shares: TypeAlias = npt.NDArray[np.float64]

_Z = 1.959963984540054
"""Of a normal distribution, 95 % lies within so many standard deviations."""


def wilson(hits: npt.ArrayLike, total: npt.ArrayLike) -> tuple[Shares, Shares]:
    """Bounds of the true share after ``hits`` of ``total``, with 95 % confidence; NaN where ``total`` is 0.

    Wilson's score interval (1927). Unlike the usual one it holds with few answers and near 0 and 1.

    Examples
    --------
    >>> low, high = wilson(9, 10)
    >>> float(low.round(3)), float(high.round(3))
    (0.596, 0.982)
    """
    hit, n = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hit / n
        scale = 1 + _Z**2 / n
        middle = (share + _Z**2 / (2 * n)) / scale
        half = _Z / scale * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # at the ends the bound is the share itself, but for rounding
    low = np.where(hit == 0, np.where(n > 0, 0.0, np.nan), middle - half)
    high = np.where(hit == n, np.where(n > 0, 1.0, np.nan), middle + half)
    return low, high


def difference(
    hits: npt.ArrayLike, total: npt.ArrayLike, others: npt.ArrayLike, other_total: npt.ArrayLike
) -> tuple[Shares, Shares]:
    """Bounds of the first share minus the second, with 95 % confidence; NaN where one of the totals is 0.

    Newcombe's hybrid score interval (1998, his method 10), made of both shares' own.

    Examples
    --------
    >>> low, high = difference(56, 70, 48, 80)
    >>> float(low.round(4)), float(high.round(4))
    (0.0524, 0.3339)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.asarray(hits, dtype=np.float64) / np.asarray(total, dtype=np.float64)
        two = np.asarray(others, dtype=np.float64) / np.asarray(other_total, dtype=np.float64)
    (low1, high1), (low2, high2) = wilson(hits, total), wilson(others, other_total)
    below = np.sqrt((one - low1) ** 2 + (high2 - two) ** 2)
    above = np.sqrt((high1 - one) ** 2 + (two - low2) ** 2)
    return one - two - below, one - two + above
