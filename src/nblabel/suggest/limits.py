"""A time limit for models that may hang: who labels hears of it, and other models go on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from ..errors import SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from .adapters import Adapter, View, of
from .recipes import Recipe

__all__ = ["Limited", "limited"]


class Limited(Recipe):
    """A model with its time limit; made by `limited`."""

    def __init__(self, model: Any, seconds: float) -> None:
        self.model = model
        self.seconds = seconds

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The model for these questions."""
        return _Watched(self, schema, view)


def limited(model: Any, seconds: float) -> Limited:
    """A model that is given up on an item when it takes too long, for ``suggest=``.

    Python cannot end a thread: the model goes on in its own, and until it has ended it is asked nothing more, so that
    it never runs twice at once.

    Parameters
    ----------
    model
        Whatever `of` takes.
    seconds : float
        How long it may take for what it is asked at once.

    Examples
    --------
    >>> mood = of(limited(lambda text: "good", 5), Schema.of({"mood": ["good", "bad"]}))
    >>> [a.label for a in mood.suggest([Item(0, "Hm")])[0]]
    ['good']
    """
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise SuggestError(f"limited(seconds={seconds!r}) must be more than 0")
    return Limited(model, seconds)


class _Watched(Adapter):
    """An adapter that is waited for only so long."""

    def __init__(self, recipe: Limited, schema: Schema, view: View | None) -> None:
        super().__init__(schema, view)
        self._recipe = recipe
        self._inner = of(recipe.model, schema, view=view)
        self.source = self._inner.source
        self.batch = self._inner.batch
        self.learns = self._inner.learns
        self._thread: threading.Thread | None = None
        self._lessons: list[Labelled] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What the model has to say of itself."""
        return self._inner.notes

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The annotations of each item."""
        return [suggestion.annotations for suggestion in self.run(items)]

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """What the model says in time, and an error for each item otherwise."""
        found: list[Suggestion] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                found.extend(self._inner.run(items))
            except BaseException as error:
                failure.append(error)

        if self._is_busy():
            return [self._late(item, "is still busy with an earlier item") for item in items]
        if self._lessons:
            self.learn([])
        self._thread = threading.Thread(target=work, name="nblabel-limited", daemon=True)
        self._thread.start()
        self._thread.join(self._recipe.seconds)
        if self._thread.is_alive():
            return [self._late(item, f"took longer than {self._recipe.seconds:g} s") for item in items]
        if failure:
            raise failure[0]
        self.last_traceback = self._inner.last_traceback
        return found

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Take over answers that are new or have changed, once the model is not busy."""
        self._lessons += answers
        if not self._is_busy():
            lessons, self._lessons = self._lessons, []
            self._inner.learn(lessons)

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _late(self, item: Item, told: str) -> Suggestion:
        return Suggestion(item.identity, error=f"{self.source} on item {item.key!r}: {told}")
