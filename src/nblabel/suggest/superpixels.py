"""A cut through the graph of superpixels, on scikit-image and SciPy: a segmenter where OpenCV is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra
from . import regions

__all__ = ["Superpixels"]

_SPREAD = 8.0  # how far apart, in CIELAB, colours still count as alike
_PULL = 4.0  # what a border between like neighbours costs, against the colours of what lies on its sides
_WHOLE = 1000  # costs are whole numbers to the solver


class Superpixels:
    """Colours inside and outside of the prompt, and the cheapest cut along the borders of superpixels.

    Parameters
    ----------
    side : int
        The longer side, in pixels, at which it works; edges are then followed at the image's own resolution.
    pieces : int
        About how many superpixels there are.
    rounds : int
        How often the colours are learnt anew from the cut.
    """

    name = "superpixels"

    def __init__(self, *, side: int = 256, pieces: int = 800, rounds: int = 3) -> None:
        self.side = side
        self.pieces = pieces
        self.rounds = rounds

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[tuple[float, float, bool]],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        """Which pixels belong to the thing; see `nblabel.suggest.segment.Segmenter`."""
        try:
            import skimage  # noqa: F401
        except ImportError:
            raise MissingExtra("cutting superpixels", "segment") from None
        return regions.found_in(image, points, box, self.side, self._find)

    def _find(self, place: regions.Place) -> NDArray[np.bool_]:
        from scipy import ndimage

        def parts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
            numbers: NDArray[np.int32] = ndimage.label(mask)[0]
            return numbers

        graph = _Graph(place.pixels, self.pieces)

        def cut(marks: NDArray[np.int8]) -> NDArray[np.bool_]:
            sure = graph.sure(marks)
            inside = ((graph.share(marks >= regions.MAYBE) > 0.5) | (sure > 0)) & ~(sure < 0)
            for _ in range(self.rounds):
                if not inside.any() or inside.all():
                    break
                inside = graph.cut(inside, sure)
            return inside[graph.numbers]

        return regions.cut_out(place, parts, cut)


class _Graph:
    """Superpixels with their mean colours, and the borders between them."""

    def __init__(self, pixels: NDArray[np.uint8], pieces: int) -> None:
        from skimage.color import rgb2lab
        from skimage.segmentation import slic

        lab = rgb2lab(pixels)
        fitting = max(min(pieces, pixels.shape[0] * pixels.shape[1] // 16), 2)
        self.numbers: NDArray[np.intp] = slic(
            lab, n_segments=fitting, compactness=10, convert2lab=False, start_label=0, enforce_connectivity=True
        ).astype(np.intp)
        self.count = int(self.numbers.max()) + 1
        flat = self.numbers.ravel()
        self.areas = np.bincount(flat, minlength=self.count).astype(float)
        sums = np.stack([np.bincount(flat, lab[..., n].ravel(), self.count) for n in range(3)], axis=1)
        self.colours = sums / self.areas[:, None]
        self._borders(pixels.shape[0], pixels.shape[1])
        apart = ((self.colours[:, None] - self.colours[None]) ** 2).sum(axis=2)
        self._alike = np.exp(-apart / (2 * _SPREAD**2))

    def _borders(self, rows: int, columns: int) -> None:
        numbers = self.numbers
        ones = np.concatenate([numbers[:, :-1].ravel(), numbers[:-1].ravel()])
        others = np.concatenate([numbers[:, 1:].ravel(), numbers[1:].ravel()])
        differ = ones != others
        pairs = np.minimum(ones, others)[differ] * self.count + np.maximum(ones, others)[differ]
        known, lengths = np.unique(pairs, return_counts=True)
        self._one, self._other = known // self.count, known % self.count
        apart = ((self.colours[self._one] - self.colours[self._other]) ** 2).sum(axis=1)
        usual = max(float(np.average(apart, weights=lengths)) if apart.size else 0.0, 1e-6)
        self._price = _PULL * lengths * np.exp(-apart / (2 * usual))

    def share(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The part of each superpixel that lies in a mask."""
        made: NDArray[np.float64] = np.bincount(self.numbers.ravel(), mask.ravel(), self.count) / self.areas
        return made

    def sure(self, marks: NDArray[np.int8]) -> NDArray[np.int8]:
        """1 where a superpixel was clicked on, -1 where it is outside for sure."""
        on, off = self.share(marks == regions.INSIDE), self.share(marks == regions.OUTSIDE)
        made = np.zeros(self.count, np.int8)
        made[off > 0.5] = -1
        clicked_off = self.share(marks == regions.CLICKED_OFF)
        made[clicked_off > 0] = -1
        made[(on > 0) & (on >= clicked_off)] = 1
        return made

    def cut(self, inside: NDArray[np.bool_], sure: NDArray[np.int8]) -> NDArray[np.bool_]:
        """The cheapest way to part what has the colours of the inside from what has those of the outside."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        size = np.sqrt(self.areas)
        weight_in, weight_out = self.areas * inside, self.areas * ~inside
        p_in = (self._alike @ weight_in) / weight_in.sum() + 1e-6
        p_out = (self._alike @ weight_out) / weight_out.sum() + 1e-6
        n, source, sink = self.count, self.count, self.count + 1
        leans = np.clip(np.log(p_in / p_out), -8, 8) * size
        never = 4 * (np.abs(leans).sum() + self._price.sum()) / max(n, 1) + 1e3
        leans = np.where(sure > 0, never, np.where(sure < 0, -never, leans))
        to_source, to_sink = np.maximum(leans, 0), np.maximum(-leans, 0)
        ends = [
            (np.full(n, source), np.arange(n), to_source),
            (np.arange(n), np.full(n, sink), to_sink),
            (self._one, self._other, self._price),
            (self._other, self._one, self._price),
        ]
        rows, columns, costs = (np.concatenate([end[k] for end in ends]) for k in range(3))
        whole = np.minimum(np.round(costs * _WHOLE), 2**30).astype(np.int32)
        graph = coo_array((whole, (rows.astype(np.int32), columns.astype(np.int32))), shape=(n + 2, n + 2)).tocsr()
        flow: Any = maximum_flow(graph, source, sink).flow
        left = graph - flow
        left.data = np.maximum(left.data, 0)
        left.eliminate_zeros()
        reached = breadth_first_order(left, source, return_predecessors=False)
        made = np.zeros(n + 2, bool)
        made[reached] = True
        return made[:n]
