"""Time limits for models that may hang: who labels hears of it, and other models go on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..beliefs import Beliefs
from ..errors import SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from . import opinions
from .adapters import Adapter, View, of
from .recipes import Recipe

__all__ = ["Limited", "Watch", "limited"]

_T = TypeVar("_T")


class Watch:
    """Tells when a call takes too long, without a thread for each call: one thread looks at the time now and then.

    Parameters
    ----------
    seconds : float or None
        How long a call may take; ``None`` for as long as it likes.
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not 0 < seconds <= threading.TIMEOUT_MAX:
            raise SuggestError(f"timeout={seconds!r} must be more than 0 seconds, or None for no limit")
        self.seconds = seconds
        self._late: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        self._due: float | None = None
        self._alive = False
        self._closed = False

    @contextlib.contextmanager
    def over(self, late: Callable[[], None]) -> Iterator[None]:
        """Watch over a call; ``late`` is called once, in the watch's thread, if it is not over in time."""
        if self.seconds is not None:
            with self._changed:
                self._late, self._due = late, time.monotonic() + self.seconds
                begins, self._alive = not (self._alive or self._closed), True
            if begins:
                self._begin()
        try:
            yield
        finally:
            with self._changed:
                self._due = None

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._look, name="nblabel-watch", daemon=True).start()
        except RuntimeError:  # none left: a call without a limit is better than none
            self._alive = False

    def close(self) -> None:
        """Tell nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _look(self) -> None:
        assert self.seconds is not None
        rested = False
        while True:
            with self._changed:
                if self._closed or (rested and self._due is None):  # nothing was called for a while
                    self._alive = False
                    return
                waits = self.seconds if self._due is None else self._due - time.monotonic()
                if waits > 0:
                    rested = self._due is None
                    self._changed.wait(waits)
                    continue
                late, self._due = self._late, None
            late()


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
        self.batch = self._inner.batch
        self.learns = self._inner.learns
        self.trains = self._inner.trains
        self.learn_every = self._inner.learn_every
        self.own_limit = recipe.seconds
        self._take_version()
        self._thread: threading.Thread | None = None
        self._lessons: list[Labelled] = []

    def _take_version(self) -> None:
        self.source, self.version, self.waiting = self._inner.source, self._inner.version, self._inner.waiting

    @property
    def name(self) -> str:
        """The model's name without its version."""
        return self._inner.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What the model has to say of itself."""
        return self._inner.notes

    @property
    def usage(self) -> str:
        """What the model has cost so far."""
        return self._inner.usage

    @property
    def at_once(self) -> bool:
        """Whether ``learn`` alone changes what it suggests."""
        return self._inner.at_once

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The annotations of each item."""
        return [suggestion.annotations for suggestion in self.run(items)]

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """What the model says in time, and an error for each item otherwise."""
        if self._is_busy():
            return [self._late(item, "is still busy with an earlier item") for item in items]
        found = self._in_time(lambda: self._inner.run(items))
        if found is None:
            return [self._late(item, f"took longer than {self._recipe.seconds:g} s") for item in items]
        self.last_traceback = self._inner.last_traceback
        self._take_version()
        return found

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        """How sure the model is, if it says so in time."""
        found = None if self._is_busy() else self._in_time(lambda: self._inner.beliefs(items))
        return (
            opinions.of_suggestions([Suggestion(i.identity, error="late") for i in items], self.schema)
            if (found is None)
            else found
        )

    def features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """A row of numbers for each item."""
        return self._inner.features(items)

    def train(self, stop: threading.Event) -> bool:
        """Make the next version: as long as it takes, as nobody waits for it."""
        try:
            return self._inner.train(stop)
        finally:
            self._take_version()

    def fresh(self) -> Adapter | None:
        """The same model, untrained."""
        inner = self._inner.fresh()
        return None if inner is None else _Watched(Limited(inner, self._recipe.seconds), self.schema, self.view)

    def _in_time(self, call: Callable[[], _T]) -> _T | None:
        """What a call returns in time; ``None`` if it takes longer."""
        found: list[_T] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                found.append(call())
            except BaseException as error:
                failure.append(error)

        if self._lessons:
            self.learn([])
        self._thread = threading.Thread(target=work, name="nblabel-limited", daemon=True)
        self._thread.start()
        self._thread.join(self._recipe.seconds)
        if self._thread.is_alive():
            return None
        if failure:
            raise failure[0]
        return found[0]

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Take over answers that are new or have changed, once the model is not busy."""
        self._lessons += answers
        if not self._is_busy():
            lessons, self._lessons = self._lessons, []
            self._inner.learn(lessons)
            self._take_version()

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _late(self, item: Item, told: str) -> Suggestion:
        return Suggestion(item.identity, error=f"{self.name} on item {item.key!r}: {told}")
