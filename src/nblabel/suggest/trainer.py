"""A thread of its own for training, while the version before goes on suggesting."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable

import msgspec

from .adapters import Adapter

__all__ = ["Trained", "Trainer"]


class Trained(msgspec.Struct, frozen=True):
    """How a training went.

    Attributes
    ----------
    source, version : str
        What suggestions are told by from now on, and the training they come from.
    labels : int
        How many answers there were to learn from.
    seconds : float
        How long it took.
    changed : bool
        Whether there is a new version.
    error, detail : str
        What went wrong, in a line, and the traceback; empty if nothing did.
    """

    source: str
    version: str
    labels: int
    seconds: float
    changed: bool = True
    error: str = ""
    detail: str = ""


class Trainer:
    """Trains a model in the background, never twice at once; a wish while it trains is remembered.

    Parameters
    ----------
    adapter : Adapter
        The model.
    begins : callable
        Called in the thread before each training; returns how many answers there are to learn from.
    ended : callable
        Called in the thread after each training, unless it was closed meanwhile.
    changed : callable
        Called in the thread when ``busy`` has changed.
    """

    def __init__(
        self,
        adapter: Adapter,
        begins: Callable[[], int],
        ended: Callable[[Trained], None],
        changed: Callable[[], None],
    ) -> None:
        self._adapter = adapter
        self._begins = begins
        self._ended = ended
        self._changed = changed
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wanted = False
        self._training = False
        self._alive = False

    @property
    def busy(self) -> bool:
        """Whether a training is under way or about to begin."""
        return self._training or self._wanted

    def want(self) -> None:
        """Train soon; returns at once. Raises ``RuntimeError`` where there are no threads."""
        with self._lock:
            if self._stop.is_set():
                return
            self._wanted = True
            if self._alive:
                return
            self._alive = True
        from ..sources import background  # pandas comes with it

        try:
            background.start(self._work, "nblabel-train", self.close)
        except RuntimeError:
            with self._lock:
                self._alive = self._wanted = False
            raise

    def close(self) -> None:
        """Ask a training under way to stop, and begin no other. Does not wait for it."""
        with self._lock:
            self._wanted = False
            self._stop.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._training, self._wanted = self._wanted, False
                if not self._training:
                    self._alive = False
                    return
            self._changed()
            outcome = self._train()
            if not self._stop.is_set():
                self._ended(outcome)
            self._training = False
            self._changed()

    def _train(self) -> Trained:
        before, changed, error, detail = self._adapter.version, False, "", ""
        begun = time.monotonic()
        labels = self._begins()
        try:
            changed = bool(self._adapter.train(self._stop))
        except BaseException as problem:  # MemoryError, SystemExit: whatever a model does, the version before goes on
            words = (str(problem).strip().splitlines() or [""])[0][:500]
            error = f"{self._adapter.name} could not be trained: {type(problem).__name__}" + (words and f": {words}")
            detail = traceback.format_exc()
        return Trained(
            source=self._adapter.source,
            version=self._adapter.version,
            labels=labels,
            seconds=time.monotonic() - begun,
            changed=changed or self._adapter.version != before,  # some of several may have gone well
            error=error,
            detail=detail,
        )
