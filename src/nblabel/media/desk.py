"""Worker threads for what would keep the page's labels waiting: the newest request first."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

__all__ = ["Desk"]

Job = Callable[[], None]


class Desk:
    """Runs jobs in a few daemon threads, the newest first: what was asked last is what is in sight now.

    Parameters
    ----------
    workers : int
        How many threads; they start with the first job.

    Examples
    --------
    >>> desk, done = Desk(), threading.Event()
    >>> desk.take(done.set)
    >>> done.wait(5)
    True
    >>> desk.close()
    """

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._jobs: queue.LifoQueue[Job | None] = queue.LifoQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self, job: Job) -> None:
        """Run a job soon; it must not raise."""
        with self._lock:
            if self._closed:
                return
            if len(self._threads) < self._workers:
                thread = threading.Thread(target=self._work, name="nblabel-media", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no threads here (Pyodide), or no more
                    if not self._threads:
                        job()
                        return
                else:
                    self._threads.append(thread)
        self._jobs.put(job)

    def close(self) -> None:
        """End the threads once their present jobs are done; waiting jobs are dropped."""
        with self._lock:
            self._closed = True
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
