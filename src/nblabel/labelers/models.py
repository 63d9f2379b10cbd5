"""What every labeler offers of the models that suggest: how good they are, what they learn, what they take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ordering import Order
from ..protocol import ModelState
from ..session import Session

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
