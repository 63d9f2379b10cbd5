"""What all models share that are trained on the answers so far: collecting, versions, and changing over."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from ..beliefs import Beliefs
from ..errors import SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from .adapters import Adapter, View

__all__ = ["Trainee", "asked", "positive"]

Lesson = TypeVar("Lesson")
Made = TypeVar("Made")


class Trainee(Adapter, Generic[Lesson, Made]):
    """A model that is trained on submitted answers.

    Subclasses say what there is to learn from an answer (`lesson`), what is missing (`lacking`), and make a new model
    of all lessons (`made_of`); they suggest with ``self.model``, which is ``None`` before the first training.

    Parameters
    ----------
    schema : Schema
        The questions.
    view : callable, optional
        What is seen of an item, if that is not its data.
    name : str
        What its suggestions are told by, with the version after an ``@``.
    learn_every : int
        After how many new answers it wants to be trained again.
    """

    batch = 32
    learns = True
    trains = True

    def __init__(self, schema: Schema, view: View | None, name: str, learn_every: int) -> None:
        super().__init__(schema, view)
        self.source = self._called = name
        self.learn_every = learn_every
        self.model: Made | None = None
        self._lessons: dict[str, Lesson] = {}
        self._changes = 0
        self._trained_at = -1
        self._guard = threading.Lock()  # lessons are taken in one thread and trained on in another
        self._using = threading.RLock()  # a batch is answered by one version
        self._training = threading.Lock()
        self._told: tuple[str, ...] = ()

    @abstractmethod
    def lesson(self, one: Labelled) -> Lesson | None:
        """What there is to learn from a submitted answer; cheap. ``None`` if there is nothing."""

    @abstractmethod
    def lacking(self, lessons: Sequence[Lesson]) -> str:
        """What has to be answered before there is enough to learn from, in words; empty if there is."""

    @abstractmethod
    def made_of(self, lessons: Mapping[str, Lesson], stop: threading.Event) -> tuple[Made, tuple[str, ...]] | None:
        """A new model made of all lessons by item, and what to tell of them; ``None`` if ``stop`` was set."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the model, and of the answers that it could not learn from."""
        return (*super().notes, *self._told)

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Remember what was said of items, in place of what was said of them before."""
        with self._guard:
            for one in answers:
                identity = one.item.identity
                known = self._lessons.pop(identity, None)
                lesson = self.lesson(one) if one.response.status == "submitted" else None
                if lesson is not None:
                    self._lessons[identity] = lesson
                self._changes += known != lesson
            if self.model is None:
                self.waiting = self.lacking(list(self._lessons.values()))

    def train(self, stop: threading.Event) -> bool:
        """Make the next version of all that was said; False if there is too little of it, or nothing new."""
        with self._training:
            with self._guard:
                lessons = dict(sorted(self._lessons.items()))  # whatever order they came in
                changes = self._changes
            if changes == self._trained_at:
                return False
            self.waiting = self.lacking(list(lessons.values()))
            if self.waiting:
                return False
            found = self.made_of(lessons, stop)
            if found is None:
                return False
            while not self._using.acquire(timeout=0.1):
                if stop.is_set():
                    return False
            try:
                self.model, self._told = found
                self.version = str(int(self.version or 0) + 1)
                self.source = f"{self._called}@{self.version}"
                self._trained_at = changes
            finally:
                self._using.release()
            return True

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """A suggestion for each item, all by the same version; empty before the first training."""
        with self._using:
            return super().run(items) if self.model is not None else [Suggestion(item.identity) for item in items]

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        """How sure it is, all by the same version."""
        with self._using:
            if self.model is None:
                return Beliefs(len(items))
            return self.believed(items)

    def believed(self, items: Sequence[Item]) -> Beliefs:
        """What a trained model believes of some items."""
        return super().beliefs(items)


def asked(one: Labelled, field: str) -> bool:
    """Whether a question had been asked when an answer was submitted."""
    return not one.response.fields or field in one.response.fields


def positive(value: Any, what: str) -> int:
    """A number of answers, checked."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SuggestError(f"{what}={value!r} must be a whole number from 1 on")
    return value
