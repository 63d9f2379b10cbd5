"""Answers on their way to a model: when there are enough new ones to learn from."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..errors import SuggestError
from ..records import Labelled
from .adapters import Adapter

__all__ = ["Lessons"]


class Lessons:
    """Counts what is new; an item that is answered again before the model has learnt counts once.

    What ``learn`` changes at once is taught as soon as the model wants it, what needs training is handed over at once
    (a model that trains only collects) and trained from when there are enough.

    Parameters
    ----------
    adapter : Adapter
        The model.
    every : int, optional
        After how many new answers to teach and train; as the model wants it if not given.

    Examples
    --------
    >>> from nblabel.records import Item, Response
    >>> from nblabel.schema import Schema
    >>> from nblabel.suggest import of
    >>> class Usual:
    ...     source = "usual"
    ...     def suggest(self, items): return [[] for item in items]
    ...     def learn(self, answers): print(len(answers), "learnt")
    >>> lessons = Lessons(of(Usual(), Schema.of({"mood": ["good", "bad"]})), every=2)
    >>> for name in "aab":
    ...     lessons.take([Labelled(Item(name, "Hm", name), Response(name, "me", "submitted"))])
    ...     lessons.until_next, lessons.teach()
    (1, False)
    (1, False)
    2 learnt
    (0, True)
    """

    def __init__(self, adapter: Adapter, every: int | None = None) -> None:
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise SuggestError(f"learn_every={every!r} must be a number of answers from 1 on")
        self._adapter = adapter
        self._teach_at = every or (1 if adapter.trains else adapter.learn_every)
        self._train_at = every or max(adapter.learn_every, 1)
        self._lock = threading.Lock()
        self._held: dict[str, Labelled] = {}
        self._known: set[str] = set()
        self._untaught: set[str] = set()
        self._untrained: set[str] = set()
        self._eager = False
        self.labels = 0
        """How many answers the model has learnt from."""

    @property
    def until_next(self) -> int:
        """How many new answers are missing until the model learns again; 0 if it learns from each."""
        with self._lock:
            if self._adapter.trains:
                least = 1 if self._eager else self._train_at
                return max(least - len(self._untrained), 0)
            return max(self._teach_at - len(self._untaught), 0) if self._teach_at > 1 else 0

    def take(self, answers: Sequence[Labelled]) -> None:
        """Note answers that are new or have changed."""
        with self._lock:
            for one in answers:
                identity = one.item.identity
                if one.response.status == "submitted" or identity in self._known:
                    self._held[identity] = one
                    self._untaught.add(identity)
                    self._untrained.add(identity)
                else:  # taken back before anybody learnt of it
                    self._held.pop(identity, None)
                    self._untaught.discard(identity)
                    self._untrained.discard(identity)

    def teach(self, *, now: bool = False) -> bool:
        """Have the model learn, if there is enough (or ``now``, if there is anything); whether it has."""
        with self._lock:
            now = now or self._eager
            waits = self._adapter.at_once and not now and len(self._untaught) < self._teach_at
            if waits or not self._held:
                return False
            answers, self._held = list(self._held.values()), {}
            self._untaught.clear()
            for one in answers:
                submitted = one.response.status == "submitted"
                (self._known.add if submitted else self._known.discard)(one.item.identity)
            if not self._adapter.trains:
                self.labels = len(self._known)
                self._eager = False
        self._adapter.learn(answers)
        return True

    def hurry(self) -> None:
        """Learn next time from whatever is new, however little."""
        with self._lock:
            self._eager = bool(self._untaught or self._untrained)

    @property
    def enough(self) -> bool:
        """Whether it is time to train."""
        with self._lock:
            return self._adapter.trains and len(self._untrained) >= (1 if self._eager else self._train_at)

    def begin_training(self) -> int:
        """A training begins: count anew. How many answers there are to learn from."""
        with self._lock:
            self._untrained.clear()
            return len(self._known)

    def end_training(self, labels: int, changed: bool) -> None:
        """A training has ended; one that had too little to learn from wants to try again with the next answer."""
        with self._lock:
            self._eager = not changed and bool(self._adapter.waiting)
            if changed:
                self.labels = labels
