"""Items that are not where they were are looked for in the background, while the work has begun."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Mapping

from .errors import SourceError
from .sources import Source, background

__all__ = ["Search"]

_log = logging.getLogger("nblabel")


class Search:
    """Looks for items by their identities, once and without hurry, and tells what was found.

    Parameters
    ----------
    source : Source
        Where to look.
    wanted : dict
        Identities, with where they stood last.
    found : method
        Told ``(self, places by identity)`` in another thread, if its object still lives then.
    """

    def __init__(
        self, source: Source, wanted: Mapping[str, int | None], found: Callable[[Search, dict[str, int]], None]
    ) -> None:
        self.wanted = dict(wanted)
        self.generation = source.generation
        self._source = source
        self._found = weakref.WeakMethod(found)
        self._stop = threading.Event()
        self._ends = weakref.finalize(found.__self__, self._stop.set)  # type: ignore[attr-defined]
        self._ends.atexit = False

    def start(self) -> None:
        """Begin; the source takes its time."""
        try:
            background.start(self._run, "nblabel-search", self._stop.set)
        except RuntimeError:  # JupyterLite has no threads
            self._look()

    def stop(self) -> None:
        """Nobody wants to be told any more."""
        self._ends.detach()
        self._stop.set()

    def now(self) -> dict[str, int]:
        """What there is, at once, instead of telling it later: whoever asks waits for it."""
        self.stop()
        return self._source.locate_many(self.wanted)

    def _run(self) -> None:
        try:
            self._source.settle(self._stop)
            self._look()
        except SourceError:
            pass  # rows were moved meanwhile: whoever takes the new rows begins anew
        except Exception as error:
            _log.error("the search for answers whose items have moved ended", exc_info=error)

    def _look(self) -> None:
        if self._stop.is_set():
            return
        found = self._source.locate_many(self.wanted)
        tell = self._found()
        if tell is not None and not self._stop.is_set():
            tell(self, found)
