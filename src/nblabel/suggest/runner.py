"""The worker that asks models about the items to come, off the labelling path."""

from __future__ import annotations

import hashlib
import itertools
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from .adapters import Adapter, of

__all__ = ["Runner"]

_WAITING = 500
_LESSON = 200  # answers that are learnt from at once
_IDLE = 30.0  # seconds after which a worker without work ends; the next request starts another


class Runner:
    """Asks a model in one background thread and keeps what it said.

    One thread only: spaCy pipelines and many other models must not be used from several. The items of the newest
    request come first. A model that raises gives a `Suggestion` with an ``error``; one that hangs blocks nobody but
    later suggestions.

    Parameters
    ----------
    suggester : Suggester or anything that `nblabel.suggest.of` takes
        The model.
    schema : Schema
        The questions.
    on_result : callable
        Called in the worker's thread with each new `Suggestion`.
    cache : int
        How many results are kept, the longest unused forgotten first.
    on_learnt : callable, optional
        Called in the worker's thread when the model has learnt: results stay until the items are asked for again.
    """

    def __init__(
        self,
        suggester: Any,
        schema: Schema,
        on_result: Callable[[Suggestion], None],
        *,
        cache: int = 2000,
        on_learnt: Callable[[], None] = lambda: None,
    ) -> None:
        self._adapter: Adapter = of(suggester, schema)
        self._on_result = on_result
        self._limit = cache
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, tuple[str, Item]] = OrderedDict()  # identity -> content, item; next first
        self._running: dict[str, str] = {}
        self._done: OrderedDict[str, tuple[str, Suggestion]] = OrderedDict()
        self._stale: set[str] = set()
        self._lessons: list[Iterable[Labelled]] = []
        self._learning = False
        self._on_learnt = on_learnt
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._trouble = ""

    @property
    def source(self) -> str:
        """The model's name."""
        return self._adapter.source

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the model, such as labels that the schema does not have."""
        return self._adapter.notes

    @property
    def last_traceback(self) -> str:
        """Where the model, or the receiver of its results, raised last; empty if never."""
        return self._trouble or self._adapter.last_traceback

    @property
    def learns(self) -> bool:
        """Whether the model wants to hear of answers."""
        return self._adapter.learns

    def learn(self, answers: Iterable[Labelled]) -> None:
        """Have the model learn from answers before it is asked again. Returns at once; read in the worker's thread."""
        with self._changed:
            if self._adapter.learns and not self._closed:
                self._lessons.append(answers)
                self._begin()

    def request(self, items: Sequence[Item]) -> None:
        """Have these items looked at before all that wait, in this order. Returns at once."""
        with self._changed:
            if self._closed:
                return
            fresh: OrderedDict[str, tuple[str, Item]] = OrderedDict()
            for item in items:
                content = _content(item)
                known = self._done.get(item.identity)
                if known is not None and known[0] == content and item.identity not in self._stale:
                    self._done.move_to_end(item.identity)
                elif self._running.get(item.identity) != content:
                    fresh[item.identity] = (content, item)
            for identity, waiting in self._waiting.items():
                fresh.setdefault(identity, waiting)
            while len(fresh) > max(_WAITING, len(items)):
                fresh.popitem()
            self._waiting = fresh
            if not fresh:
                return
            self._begin()

    def _begin(self) -> None:
        self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nblabel-suggest", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no threads here (Pyodide), or none left: do without suggestions, not without labels
                self._thread = None
                self._trouble = traceback.format_exc()

    def get(self, item: Item | str) -> Suggestion | None:
        """What the model said of an item, given by itself or its identity; ``None`` if it has not said anything yet.

        Of an item that has changed since, the model has not said anything.
        """
        with self._changed:
            identity = item if isinstance(item, str) else item.identity
            known = self._done.get(identity)
            if known is None or (isinstance(item, Item) and known[0] != _content(item)):
                return None
            self._done.move_to_end(identity)
            return known[1]

    def invalidate(self) -> None:
        """Forget all results and requests, as after the model has learnt."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()
            self._running.clear()
            self._done.clear()
            self._stale.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Ask nothing more and tell nothing more. Does not wait for a model that is at work."""
        with self._changed:
            self._closed = True
            self._lessons.clear()
            self._generation += 1
            self._waiting.clear()
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all that was requested is answered; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not self._busy(), timeout)

    def _busy(self) -> bool:
        return bool(self._waiting or self._running or self._lessons or self._learning)

    # ---- in the worker's thread -----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting or self._lessons, _IDLE)
                if self._closed or not (self._waiting or self._lessons):
                    self._thread = None
                    return
                lessons, self._lessons = self._lessons, []
                self._learning = bool(lessons)
            if lessons:
                self._learn(lessons)
                continue
            with self._changed:
                if self._closed or not self._waiting:
                    continue
                generation = self._generation
                batch = [self._waiting.popitem(last=False) for _ in range(min(self._adapter.batch, len(self._waiting)))]
                self._running = {identity: content for identity, (content, _) in batch}
            found = self._run([item for _, (_, item) in batch])
            self._keep(generation, batch, found)

    def _learn(self, lessons: Sequence[Iterable[Labelled]]) -> None:
        try:
            answers = itertools.chain.from_iterable(lessons)
            while batch := list(itertools.islice(answers, _LESSON)):
                self._adapter.learn(batch)
        except BaseException:  # as when it is asked: whatever a model does, labelling goes on
            self._trouble = traceback.format_exc()
        with self._changed:
            self._stale = set(self._done)
        try:
            self._on_learnt()
        except Exception:
            self._trouble = traceback.format_exc()
        with self._changed:
            self._learning = False
            self._changed.notify_all()

    def _run(self, items: Sequence[Item]) -> list[Suggestion]:
        try:
            return self._adapter.run(items)
        except BaseException as error:  # SystemExit of a model must not end the worker
            self._trouble = traceback.format_exc()
            told = f"{self._adapter.source}: {type(error).__name__}: {error}".splitlines()[0]
            return [Suggestion(item.identity, error=told) for item in items]

    def _keep(
        self, generation: int, batch: Sequence[tuple[str, tuple[str, Item]]], found: Sequence[Suggestion]
    ) -> None:
        for (identity, (content, _)), suggestion in zip(batch, found, strict=True):
            suggestion = msgspec.structs.replace(suggestion, item=identity)
            with self._changed:
                if generation != self._generation:
                    return
                self._done[identity] = (content, suggestion)
                self._stale.discard(identity)
                self._done.move_to_end(identity)
                while len(self._done) > self._limit:
                    self._stale.discard(self._done.popitem(last=False)[0])
            try:
                self._on_result(suggestion)
            except Exception:
                self._trouble = traceback.format_exc()
            with self._changed:
                if generation == self._generation:
                    self._running.pop(identity, None)
                self._changed.notify_all()


def _content(item: Item) -> str:
    """What tells that an item is still what it was; of large data only a part is looked at."""
    data = item.data
    if isinstance(data, str):
        told = data
    elif isinstance(data, bytes):
        told = repr((len(data), data[:4096], data[-4096:]))
    elif isinstance(data, np.ndarray):
        told = repr((data.shape, data.dtype.str, data.flat[:: max(data.size // 1024, 1)].tolist()))
    else:
        told = repr(data)[:65536]
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
