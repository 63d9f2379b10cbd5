"""What is set up before the questions are known, and becomes something that suggests once they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..schema import Schema

if TYPE_CHECKING:
    from .adapters import Adapter, View

__all__ = ["Recipe"]


class Recipe(ABC):
    """A model with its options; `nblabel.suggest.of` binds it to a schema. The same one may serve several labelers."""

    @abstractmethod
    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """What suggests for these questions.

        Parameters
        ----------
        schema : Schema
            The questions.
        view : callable, optional
            What a model sees of an item, if that is not its data.
        """
