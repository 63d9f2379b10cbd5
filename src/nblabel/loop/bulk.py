"""Taking over what the model is sure of, for many items at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from ..analytics.suggestions import outcomes
from ..annotations import AnyAnnotation
from ..errors import InvalidAnnotation, SuggestError
from ..records import Labelled, Patch
from ..suggest import Runner
from ..suggest.calibration import Calibration
from .host import Host
from .study import Study

__all__ = ["Prelabelled", "Sure", "find_sure"]

_BATCH = 256
_TRIES = 3
"""A model that learns meanwhile is asked again from the beginning, so often at most."""


class Prelabelled(msgspec.Struct, frozen=True):
    """What was taken over from a model.

    Attributes
    ----------
    items : int
        How many items were submitted.
    looked_at : int
        How many the model was asked about.
    threshold : float
        The probability that was asked for.
    source : str
        The model, with its version.
    held_out : int
        How many answers of people its probabilities were measured on.
    expected_error : float
        The share of items to expect among them where a person would have answered otherwise; not a number if there are
        none.
    at_most : float
        The upper bound of that share (of the 95 % interval).
    """

    items: int
    looked_at: int
    threshold: float
    source: str
    held_out: int
    expected_error: float
    at_most: float

    def __str__(self) -> str:
        if not self.items:
            return (
                f"{self.source} is sure enough ({self.threshold:.0%}) of no item, by {self.held_out:,} answers held out"
            )
        return (
            f"{self.items:,} of {self.looked_at:,} items were submitted as {self.source} suggests; expected error"
            f" {self.expected_error:.1%}, at most {self.at_most:.1%}, by {self.held_out:,} answers held out;"
            " undo() takes all of it back"
        )


class Sure(msgspec.Struct, frozen=True):
    """What a model is sure of."""

    patches: dict[int, Patch]
    report: Prelabelled


def find_sure(host: Host, study: Study, runner: Runner, positions: Sequence[int], threshold: float) -> Sure:
    """Which suggestions reach a probability, by the answers held out; a job of the models' thread.

    Items that are held out are left to people: they are what the model is measured on.
    """
    for _ in range(_TRIES):
        version = runner.adapter.version
        found = _find(host, study, runner, positions, threshold)
        if runner.adapter.version == version:
            return found
    raise SuggestError(f"{runner.source} learns faster than it can be asked", "try again when nobody labels")


def _find(host: Host, study: Study, runner: Runner, positions: Sequence[int], threshold: float) -> Sure:
    calibration = Calibration.fit(_trusted(runner, study.held()))
    least = calibration.threshold(threshold)
    source, nothing = runner.source, float("nan")
    if least is None:
        return Sure({}, Prelabelled(0, 0, threshold, source, calibration.answers, nothing, nothing))
    patches: dict[int, Patch] = {}
    scores: list[float] = []
    looked_at = 0
    for start in range(0, len(positions), _BATCH):
        with host.lock:
            items = [host.source.item(position) for position in positions[start : start + _BATCH]]
        items = [item for item in items if not item.problem and not study.is_held(item.identity)]
        looked_at += len(items)
        for item, suggestion in zip(items, runner.run(items), strict=True):
            sure = suggestion.annotations
            lowest = _lowest(sure)
            if suggestion.error or lowest is None or lowest < least or not _is_whole(host, item.position, sure):
                continue
            patches[item.position] = Patch(put=sure, status="submitted", model=source)
            scores.append(lowest)
    expected = float(np.mean(1 - calibration.probability(scores))) if scores else nothing
    at_most = calibration.expected_error(least).upper
    report = Prelabelled(len(patches), looked_at, threshold, source, calibration.answers, expected, at_most)
    return Sure(patches, report)


def _trusted(runner: Runner, rows: Sequence[Labelled]) -> list[tuple[float, bool]]:
    """For each answer held out how sure the model is of all it suggests, and whether that is all the person said.

    Whole items are taken over, so what the model does not see counts as well as what it gets wrong.
    """
    suggested = [one.annotations for one in runner.run([row.item for row in rows])]
    fields = {a.field for of_item in suggested for a in of_item}
    made = []
    for row, sure in zip(rows, suggested, strict=True):
        lowest = _lowest(sure)
        if lowest is not None:
            said = sum(a.field in fields for a in row.response.annotations)
            fates = outcomes(sure, row.response, key="", shown=True, blind=False, seconds=0.0, at=0.0)
            made.append((lowest, all(one.outcome == "accepted" for one in fates) and said == len(sure)))
    return made


def _lowest(annotations: Sequence[AnyAnnotation]) -> float | None:
    """The score that all reach; ``None`` if there are none, or not all have one."""
    scores = [a.score for a in annotations]
    return None if None in scores or not scores else min(score for score in scores if score is not None)


def _is_whole(host: Host, position: int, annotations: Sequence[AnyAnnotation]) -> bool:
    """Whether these answer all that is asked."""
    try:
        host.schema.check(annotations, item=position, extent=host.source.extent(position), complete=True, draft=False)
    except InvalidAnnotation:
        return False
    return True
