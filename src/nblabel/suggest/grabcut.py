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

    def __init__(self, *, side: int = 256, rounds: int = 2) -> None:
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
        def parts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
            numbers: NDArray[np.int32] = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[1]
            return numbers

        pixels = _grainy(place.pixels)
        sure_out, maybe_out, maybe_in, sure_in = cv2.GC_BGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD
        meaning = np.array([sure_out, sure_out, maybe_out, maybe_in, sure_in], np.uint8)

        def cut(known: NDArray[np.int8]) -> NDArray[np.bool_]:
            marks = meaning[known]
            inside = known >= regions.MAYBE
            if not inside.any() or inside.all():
                return inside
            cv2.setRNGSeed(0)  # the colours are clustered from random beginnings
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(pixels, marks, None, *models, self.rounds, cv2.GC_INIT_WITH_MASK)
            return np.asarray((marks == sure_in) | (marks == maybe_in))

        return regions.cut_out(place, parts, cut)


def _grainy(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels with a little noise where there is none: mixtures of normal distributions fail on a flat colour."""
    flat = np.abs(pixels - regions.mean(pixels, 1)).max(axis=2) < 1.5
    noise = np.random.default_rng(0).integers(-5, 6, pixels.shape) * flat[..., None]
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


def _cv2() -> Any:
    try:
        import cv2
    except ImportError:
        raise MissingExtra("GrabCut", "segment") from None
    return cv2
