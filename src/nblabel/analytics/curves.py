"""Learning curves: how good a model is after so many labels, and whether more of them still help."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..errors import MissingExtra
from ..formats.tidy import strings, times
from ..intervals import wilson
from .suggestions import split_source

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Measured", "curve_chart", "curve_frame", "flattened"]

_SHARES = frozenset(("accuracy",))
"""Metrics that count right answers, so that their interval is known."""
_COLORS = ("#0072B2", "#D55E00", "#009E73")  # Okabe and Ito: told apart by everybody, and on black as on white
_TEXT = "#777777"

_GAIN = 0.02
_LEAST_HELD_OUT = 50
_LEAST_POINTS = 4


class Measured(Protocol):
    """One point of a learning curve: a model, measured on answers that it never saw."""

    @property
    def labels(self) -> int:
        """How many answers it had learnt from."""

    @property
    def held_out(self) -> int:
        """How many answers it was measured on."""

    @property
    def score(self) -> float:
        """How good it was, between 0 and 1."""

    @property
    def metric(self) -> str:
        """What the score is."""

    @property
    def source(self) -> str:
        """The model's name, perhaps with its version."""

    @property
    def version(self) -> str:
        """The model's version."""

    @property
    def at(self) -> float:
        """POSIX time of the measurement."""

    @property
    def seconds(self) -> float:
        """How long the training took."""

    @property
    def arm(self) -> str:
        """In which order the answers came to it."""


def curve_frame(points: Iterable[Measured]) -> pd.DataFrame:
    """One row a point, by arm and number of labels.

    ``low`` and ``high`` are the 95 % interval (Wilson) of a score that is a share of right answers; they are missing
    for other metrics, such as F1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> about = {"metric": "accuracy", "source": "m", "version": "1", "at": 0.0, "seconds": 0.1, "arm": ""}
    >>> frame = curve_frame([SimpleNamespace(labels=50, held_out=40, score=0.9, **about)])
    >>> frame[["labels", "score", "low", "high"]].round(2).values.tolist()
    [[50.0, 0.9, 0.77, 0.96]]
    """
    held = sorted(points, key=lambda one: (one.arm, one.labels, one.at))
    score = pd.Series([one.score for one in held], dtype="float64")
    total = np.array([one.held_out if one.metric in _SHARES else 0 for one in held], dtype=np.float64)
    low, high = wilson(score.to_numpy() * total, total)
    columns: dict[str, Any] = {
        "arm": strings([one.arm for one in held]),
        "labels": pd.Series([one.labels for one in held], dtype="int64"),
        "held_out": pd.Series([one.held_out for one in held], dtype="int64"),
        "score": score,
        "low": pd.Series(low, dtype="float64"),
        "high": pd.Series(high, dtype="float64"),
        "metric": strings([one.metric for one in held]),
        "source": strings([split_source(one.source)[0] for one in held]),
        "version": strings([one.version for one in held]),
        "at": times([one.at for one in held]),
        "seconds": pd.Series([one.seconds for one in held], dtype="float64"),
    }
    return pd.DataFrame(columns)


def curve_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """The learning curve as an Altair chart that can be read on a light and on a dark page.

    Parameters
    ----------
    frame : DataFrame
        As `curve_frame` makes it; one line for each ``arm``, with a band where the interval is known.

    Raises
    ------
    MissingExtra
        Without ``pip install 'nblabel[charts]'``.
    """
    try:
        import altair as alt
    except ImportError:
        raise MissingExtra("the chart of a learning curve", "charts") from None

    shown = frame[["arm", "labels", "held_out", "score", "low", "high", "version"]].copy()
    arms = shown["arm"].drop_duplicates().tolist()
    metric = ", ".join(frame["metric"].drop_duplicates()) or "score"
    color = alt.Color(
        "arm:N",
        title=None,
        scale=alt.Scale(domain=arms, range=[_COLORS[n % len(_COLORS)] for n in range(len(arms))]),
        legend=alt.Legend(orient="top") if len(arms) > 1 else None,
    )
    x = alt.X("labels:Q", title="labels", axis=alt.Axis(tickMinStep=1, format=",d"))
    title = f"{metric} on held-out answers"
    y = alt.Y("score:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart(shown).encode(x=x, color=color)
    band = base.mark_area(opacity=0.2, line=False).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y=y)
    tips = [
        alt.Tooltip("labels:Q", format=",d"),
        alt.Tooltip("score:Q", format=".3f"),
        alt.Tooltip("held_out:Q", title="held out", format=",d"),
        "version:N",
        *(["arm:N"] if len(arms) > 1 else []),
    ]
    dots = base.mark_circle(size=50, opacity=1).encode(y=y, tooltip=tips)
    layers = [band] if shown["low"].notna().any() else []
    quiet = {"labelColor": _TEXT, "titleColor": _TEXT}
    made: alt.LayerChart = (
        alt.layer(*layers, line, dots)
        .properties(width=420, height=240)
        .configure(background="transparent")
        .configure_axis(**quiet, gridColor=_TEXT, gridOpacity=0.25, domainColor=_TEXT, tickColor=_TEXT)
        .configure_legend(**quiet, symbolOpacity=1)
        .configure_view(stroke=None)
    )
    return made


def flattened(points: Sequence[Measured], *, gain: float = _GAIN, least_held_out: int = _LEAST_HELD_OUT) -> str:
    """A sentence that says that more labels help little, once they do; empty before, and while nobody can tell.

    The gradient of the curve decides, as in Laws and Schütze, "Stopping criteria for active learning of named entity
    recognition" (COLING 2008), here with its error. A line is fitted by least squares to the score over the logarithm
    of the number of labels, for the newest points back to a third of the labels of the last one. There must be four
    of them, over at least one doubling, each measured on at least ``least_held_out`` answers. The curve is flat if
    even the upper bound (95 %, one-sided, Student's t) of what a doubling brings is below ``gain``, with and without
    the newest point. With few answers held out scores jump, the bound is far up, and nothing is said.

    Parameters
    ----------
    points : sequence of Measured
        One model's points, oldest first; only those of the last one's model, metric and arm count.
    gain : float
        What a doubling of the labels should bring.
    least_held_out : int
        Answers that a point must be measured on.

    Examples
    --------
    >>> flattened([])
    ''
    """
    if not points:
        return ""
    last = points[-1]
    alike = sorted((one for one in points if _about(one) == _about(last)), key=lambda one: one.labels)
    if not (_is_flat(alike, gain, least_held_out) and _is_flat(alike[:-1], gain, least_held_out)):
        return ""
    return (
        f"More labels help little now: twice as many would bring less than {gain:g} of {last.metric} "
        f"({alike[-1].score:.2f} on {alike[-1].held_out} held-out answers)."
    )


def _about(point: Measured) -> tuple[str, str, str]:
    return (split_source(point.source)[0], point.metric, point.arm)


def _is_flat(points: Sequence[Measured], gain: float, least_held_out: int) -> bool:
    newest = [one for one in points if one.labels > 0 and one.labels * 3 >= points[-1].labels]
    if len(newest) < _LEAST_POINTS or min(one.held_out for one in newest) < least_held_out:
        return False
    doublings = np.log2([one.labels for one in newest])
    if doublings[-1] - doublings[0] < 1:
        return False
    x = doublings - doublings.mean()
    score = np.array([one.score for one in newest])
    slope = float(x @ score / (x @ x))
    rest = score - score.mean() - slope * x
    free = len(newest) - 2
    error = math.sqrt(float(rest @ rest) / free / float(x @ x))
    return slope + _student(free) * error < gain


def _student(free: int) -> float:
    """The 95 % quantile of Student's t, by Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5)."""
    z = 1.6448536269514722
    return (
        z
        + (z**3 + z) / (4 * free)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    )
