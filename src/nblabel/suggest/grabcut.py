"""GrabCut of OpenCV (Rother, Kolmogorov and Blake, 2004) as a segmenter that needs no weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra
from . import regions

__all__ = ["GrabCut"]


class GrabCut:
    """Colours inside and outside of the prompt, and the cheapest cut between them.

    Parameters
    ----------
    side : int
        The longer side, in pixels, at which it works; edges are then followed at the image's own resolution.
    rounds : int
        How often the colours are learnt anew from the cut.
    """

    name = "grabcut"

    def __init__(self, *, side: int = 320, rounds: int = 4) -> None:
        self.side = side
        self.rounds = rounds

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[tuple[float, float, bool]],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        """Which pixels belong to the thing; see `nblabel.suggest.segment.Segmenter`."""
        cv2 = _cv2()
        return regions.found_in(image, points, box, self.side, lambda place: self._find(cv2, place))

    def _find(self, cv2: Any, place: regions.Place) -> NDArray[np.bool_]:
        sure_out, maybe_out, maybe_in, sure_in = cv2.GC_BGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD
        meaning = np.array([sure_out, sure_out, maybe_out, maybe_in, sure_in], np.uint8)
        marks = meaning[regions.marked(place)]
        is_sure = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
        if is_sure.any() and not is_sure.all():
            cv2.setRNGSeed(0)  # the colours are clustered from random beginnings
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(place.pixels, marks, None, *models, self.rounds, cv2.GC_INIT_WITH_MASK)
        found = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
        return regions.tidied(found, place.clicks, lambda mask: _parts(cv2, mask))


def _parts(cv2: Any, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    numbers: NDArray[np.int32] = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[1]
    return numbers


def _cv2() -> Any:
    try:
        import cv2
    except ImportError:
        raise MissingExtra("GrabCut", "segment") from None
    return cv2
