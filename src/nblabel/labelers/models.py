"""What every labeler offers of the models that suggest: how good they are, what they learn, what they take over."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from ..loop import Prelabelled
from ..ordering import Order
from ..protocol import ModelState
from ..session import Session
from ..suggest import Adapter

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Modelled"]


class Modelled:
    """The part of a labeler that is about models."""

    _session: Session

    @property
    def model(self) -> ModelState | None:
        """What the model that suggests is doing and how good it is; ``None`` if there is none."""
        return self._session.models.state

    @property
    def suggester(self) -> Adapter | None:
        """The model that suggests, as `nblabel.suggest.of` made it of what was given; ``None`` if there is none.

        What was trained is in it, such as the spaCy pipeline ``lab.suggester.nlp`` of `nblabel.suggest.entities`.
        """
        runner = self._session.models.runner
        return None if runner is None else runner.adapter

    def train(self, *, timeout: float | None = None) -> ModelState | None:
        """Have the model learn from all answers now, and wait until it has.

        Parameters
        ----------
        timeout : float, optional
            So many seconds at most; it goes on in the background.
        """
        return self._session.models.train(timeout)

    def reorder(self, order: Order) -> None:
        """Choose anew which items come next; the one shown stays.

        Parameters
        ----------
        order : str, Strategy or callable
            As ``order=`` of the labeler, such as ``"uncertainty"`` or ``nb.ordering.similar(key)``.
        """
        self._session.reorder(order)

    def suggestions(self) -> pd.DataFrame:
        """What became of suggestions: one row for each one on an item that was submitted, by any annotator.

        Returns
        -------
        DataFrame
            ``key, annotator, field, kind, label, source, version, score``, whether it was ``shown`` or kept back on
            purpose (``blind``), its ``outcome`` (``accepted``, ``edited`` or ``rejected``), the active ``seconds`` of
            the answer, and when it was given (``at``).
        """
        return self._session.models.suggestions_frame()

    def acceptance(self, by: str | Sequence[str] = ("source", "version", "label")) -> pd.DataFrame:
        """How often suggestions were taken as they were, changed or rejected, with 95 % intervals.

        Parameters
        ----------
        by : str or sequence of str
            Columns of `suggestions` to count by.
        """
        return self._session.models.acceptance((by,) if isinstance(by, str) else tuple(by))

    def anchoring(self) -> pd.DataFrame:
        """Whether people agree more often with suggestions that they see than with those kept back by ``blind=``."""
        return self._session.models.anchoring()

    def learning_curve(self, *, retrain: bool = False, chart: bool = False) -> Any:
        """How good the model was after so many labels, measured on answers that it never saw.

        Parameters
        ----------
        retrain : bool
            Train the model again on growing parts of the answers, in the order in which they were given and in a
            random one (``arm``), and measure all of them on the same answers. Takes as long as that takes.
        chart : bool
            An Altair chart (``pip install 'nblabel[charts]'``) instead of the frame.

        Returns
        -------
        DataFrame or altair.Chart
            ``arm, labels, held_out, score, low, high, metric, source, version, at, seconds``.
        """
        return self._session.models.learning_curve(retrain=retrain, chart=chart)

    def prelabel(self, threshold: float = 0.95, *, limit: int | None = None) -> Prelabelled:
        """Submit what the model suggests for items that nobody has looked at, where it is sure enough.

        How sure it is gets calibrated on the answers held out. One `undo` takes all of it back. The answers are marked
        as the model's: in the column ``model`` of `responses`, and with its source on each annotation. Models neither
        learn from them nor are measured on them.

        Parameters
        ----------
        threshold : float
            The calibrated probability from which on a suggestion is taken.
        limit : int, optional
            So many items at most are looked at, in the order of the queue.

        Returns
        -------
        Prelabelled
            How many were taken, and the share of wrong ones to expect.

        Raises
        ------
        SuggestError
            If there is no model, or too few answers are held out to know how far it can be trusted.
        """
        return self._session.models.prelabel(threshold, limit)

    def find_errors(self, *, field: str | None = None, folds: int = 5) -> pd.DataFrame:
        """Submitted answers by how likely they are mistakes, as the model sees them that was trained on the others.

        Needs a model that can be trained, and ``pip install 'nblabel[quality]'`` (cleanlab).

        Parameters
        ----------
        field : str, optional
            The question to look at, where there are several.
        folds : int
            In so many parts the answers are split: each is judged by a model trained on the other ones.

        Returns
        -------
        DataFrame
            The likeliest mistakes first; `look_again` shows them in that order.
        """
        return self._session.models.find_errors(field, folds)

    def look_again(self, keys: Sequence[Hashable] | pd.DataFrame) -> int:
        """Show only these items, in this order, until the filter is lifted; returns how many there are.

        Parameters
        ----------
        keys : sequence or DataFrame
            Keys of items, or a frame with a column ``key`` such as `find_errors` gives.
        """
        given: list[Hashable] = list(keys["key"] if hasattr(keys, "columns") else keys)  # type: ignore[call-overload]
        return self._session.show_only(given)
