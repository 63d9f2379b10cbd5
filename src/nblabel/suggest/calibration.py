"""How often a model is right when it gives a score: measured on answers that it never saw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from ..errors import SuggestError
from ..intervals import wilson

__all__ = ["LEAST", "Calibration", "ExpectedError"]

LEAST = 30
"""Held-out answers without which nothing is said."""
_FEW = 100
"""With fewer, steps would follow chance: a curve with two parameters is fitted instead."""

_Floats = npt.NDArray[np.float64]


class ExpectedError(msgspec.Struct, frozen=True):
    """What to expect of suggestions from some score on.

    Attributes
    ----------
    answers : int
        Held-out answers for which the model gave such a score.
    wrong : int
        How many of them it got wrong.
    share : float
        The share of wrong ones.
    upper : float
        The upper bound of the true share (of the 95 % interval of Wilson).
    """

    answers: int
    wrong: int
    share: float
    upper: float


class Calibration:
    """From scores to probabilities of being right.

    With a hundred held-out answers or more, by isotonic regression: the probability rises with the score, in steps, and
    nothing else is assumed. With fewer by a sigmoid (Platt 1999), as scikit-learn advises against steps there. Either
    way nothing is ever certain: it is as if one more answer had been wrong and one more right, so that it takes 19
    right ones in a row to reach 0.95.

    Examples
    --------
    >>> pairs = [(score / 100, score >= 50) for score in range(100)]
    >>> calibration = Calibration.fit(pairs)
    >>> calibration.probability([0.1, 0.9]).round(2).tolist()
    [0.02, 0.98]
    >>> calibration.threshold(0.95), calibration.threshold(0.99)
    (0.5, None)
    >>> calibration.expected_error(0.5)
    ExpectedError(answers=50, wrong=0, share=0.0, upper=0.07...)
    """

    def __init__(self, scores: _Floats, right: npt.NDArray[np.bool_]) -> None:
        order = np.argsort(scores, kind="stable")
        self._scores, self._right = scores[order], right[order]
        fit = _steps if len(scores) >= _FEW else _sigmoid
        self._at, self._probability = fit(self._scores, self._right)

    @classmethod
    def fit(cls, pairs: Iterable[tuple[float, bool]], *, least: int = LEAST) -> Self:
        """From what a model said of held-out answers.

        Parameters
        ----------
        pairs : iterable of (float, bool)
            For each suggestion its score and whether it was right; scores that are no numbers do not count.
        least : int
            So many are needed.

        Raises
        ------
        SuggestError
            If there are fewer.
        """
        held = [(float(score), bool(right)) for score, right in pairs]
        held = [pair for pair in held if np.isfinite(pair[0])]
        if len(held) < max(least, 1):
            raise SuggestError(
                f"how far the model can be trusted is not known: it has scores for {len(held)} held-out answers, "
                f"and it takes {max(least, 1)}",
                "label more items: a share of them is held out",
            )
        return cls(np.array([score for score, _ in held]), np.array([right for _, right in held]))

    @property
    def answers(self) -> int:
        """How many held-out answers it was measured on."""
        return len(self._scores)

    def probability(self, scores: npt.ArrayLike) -> _Floats:
        """How likely suggestions with these scores are right; 0 for what is no number."""
        given = np.asarray(scores, dtype=np.float64)
        found = np.interp(given, self._at, self._probability)
        return np.where(np.isfinite(given), found, 0.0)

    def threshold(self, wanted: float) -> float | None:
        """The lowest score seen on held-out answers from which on suggestions are right with this probability.

        ``None`` if no score is enough.
        """
        good = self._scores[self.probability(self._scores) >= wanted]
        return float(good[0]) if len(good) else None

    def expected_error(self, threshold: float) -> ExpectedError:
        """How many suggestions from this score on are wrong, by the held-out answers.

        Of scores that no held-out answer had, nothing is known: the upper bound is 1 then.
        """
        right = self._right[np.searchsorted(self._scores, threshold) :]
        total, wrong = len(right), int((~right).sum())
        if not total:
            return ExpectedError(0, 0, 0.0, 1.0)
        return ExpectedError(total, wrong, wrong / total, float(wilson(wrong, total)[1]))


def _steps(scores: _Floats, right: npt.NDArray[np.bool_]) -> tuple[_Floats, _Floats]:
    """Isotonic regression by pooling adjacent violators, with one wrong answer at the top and a right one below."""
    x = np.concatenate((scores[:1], scores, scores[-1:]))
    y = np.concatenate(([1.0], right.astype(np.float64), [0.0]))
    at, place, weight = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(place, y) / weight
    blocks: list[tuple[float, int, int]] = []  # mean, weight, how many places
    for mean, held in zip(means.tolist(), weight.tolist(), strict=True):
        block = (mean, held, 1)
        while blocks and blocks[-1][0] >= block[0]:
            before = blocks.pop()
            both = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / both, both, before[2] + block[2])
        blocks.append(block)
    return at, np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def _sigmoid(scores: _Floats, right: npt.NDArray[np.bool_]) -> tuple[_Floats, _Floats]:
    """Platt's sigmoid by Newton's method, at the scores seen; flat where it would fall."""
    hits = int(right.sum())
    misses = len(right) - hits
    at = np.unique(scores)
    spread = float(scores.std())
    z = (scores - scores.mean()) / spread if spread > 1e-12 * np.abs(scores).max() else np.zeros_like(scores)
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    design = np.stack((z, np.ones_like(z)))
    fitted = np.array([0.0, np.log((hits + 1) / (misses + 1))])

    def loss(one: _Floats) -> float:
        line = one @ design
        return float(np.sum(np.logaddexp(0, line) - wanted * line))

    for _ in range(100):
        p = 1 / (1 + np.exp(-(fitted @ design)))
        slope = design @ (p - wanted)
        step = np.linalg.solve((design * (p * (1 - p))) @ design.T + 1e-10 * np.eye(2), slope)
        scale = 1.0
        while scale > 1e-6 and loss(fitted - scale * step) > loss(fitted):
            scale /= 2
        fitted = fitted - scale * step
        if np.abs(step).max() < 1e-9:
            break
    if fitted[0] <= 0:  # the score tells nothing, or the opposite
        return at, np.full(len(at), (hits + 1) / (len(right) + 2))
    line = fitted[0] * (at - scores.mean()) / spread + fitted[1]
    return at, 1 / (1 + np.exp(-line))
