"""When the user's frame may be changed: at once, or when the running cell has ended."""

from __future__ import annotations

import inspect
import logging
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Action", "CellGate"]

Action: TypeAlias = Callable[[], None]

_log = logging.getLogger("nblabel")
_SHARED: weakref.WeakKeyDictionary[Any, CellGate] = weakref.WeakKeyDictionary()
_NO_SHELL = threading.Lock()
_FIRST: Any = object()  # stands for the cell that was running when the gate was made


class CellGate:
    """Knows whether a cell is running, and lets actions through when none is.

    Messages of the browser may be handled in another thread while a cell runs, so what they do to the user's data
    waits for the end of the cell. What the cell's own code asks for is done at once: it cannot surprise it. Without
    IPython (plain Python, marimo) no cell is ever seen running.

    Parameters
    ----------
    shell : InteractiveShell, optional
        The shell to watch; the one that runs here, if there is one.
    """

    def __init__(self, shell: Any = None) -> None:
        self._lock = threading.RLock()
        self._waiting: deque[Action] = deque()
        self._running: dict[int, tuple[Any, int]] = {}  # by id: what IPython says of the cell, and its thread
        self._listeners: list[Callable[[], Callable[[], None] | None]] = []
        self.errors: list[Exception] = []
        shell = running_shell() if shell is None else shell
        if shell is None:
            return
        thread = _cell_thread()
        if thread is not None:
            self._running[id(_FIRST)] = (_FIRST, thread)
        me = weakref.ref(self)

        def before(info: Any = None) -> None:
            gate = me()
            if gate is not None:
                gate._begin(info)  # noqa: SLF001

        def after(result: Any = None) -> None:
            gate = me()
            if gate is not None:
                gate._end(result)  # noqa: SLF001

        shell.events.register("pre_run_cell", before)
        shell.events.register("post_run_cell", after)
        self._close = weakref.finalize(self, _unregister, weakref.ref(shell), before, after)
        self._close.atexit = False

    @classmethod
    def shared(cls) -> CellGate:
        """The gate of the shell that runs here; one for all labelers."""
        shell = running_shell()
        key = cls if shell is None else shell
        with _NO_SHELL:
            if key not in _SHARED:
                _SHARED[key] = cls(shell)
            return _SHARED[key]

    @property
    def running(self) -> bool:
        """Whether a cell is running."""
        return bool(self._running)

    def run(self, action: Action) -> None:
        """Do it now, or when no cell runs any more.

        An action that is done now raises its errors here; one that waited is logged and kept in ``errors``. No cell
        begins while an action is under way. Actions must not wait for other threads.
        """
        with self._lock:
            here = threading.get_ident()
            if any(thread != here for _, thread in self._running.values()):
                self._waiting.append(action)
            else:
                action()

    def after_each_cell(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call this after each cell, before the actions that waited for it; methods are held weakly.

        Gives a function that ends it.
        """
        held: Callable[[], Callable[[], None] | None]
        held = weakref.WeakMethod(listener) if inspect.ismethod(listener) else lambda: listener
        with self._lock:
            self._listeners.append(held)

        def end() -> None:
            with self._lock:
                if held in self._listeners:
                    self._listeners.remove(held)

        return end

    def close(self) -> None:
        """Stop watching, and do what waits."""
        if hasattr(self, "_close"):
            self._close()
        with self._lock:
            self._running.clear()
            self._flush()

    # ---- what IPython tells

    def _begin(self, info: Any) -> None:
        with self._lock:  # an action that is under way is finished first
            self._running[id(info)] = (info, threading.get_ident())

    def _end(self, result: Any) -> None:
        info = getattr(result, "info", None)
        with self._lock:
            known = id(info) if id(info) in self._running else self._unknown(info)
            last = known is not None and len(self._running) == 1
        if known is None:
            return
        if last:  # outside the lock: listeners have locks of their own
            for held in list(self._listeners):
                self._call(held)
        with self._lock:
            self._running.pop(known, None)
            if not self._running:
                self._flush()

    def _unknown(self, info: Any) -> int | None:
        """Which cell has ended when IPython tells of one whose beginning was not seen as such."""
        if info is not None and not str(getattr(info, "raw_cell", "x")).strip():
            return None  # an empty cell: IPython tells its end, but not its beginning
        here = threading.get_ident()
        own = [number for number, (_, thread) in self._running.items() if thread == here]
        return own[-1] if own else None

    def _call(self, held: Callable[[], Callable[[], None] | None]) -> None:
        listener = held()
        if listener is None:
            with self._lock:
                if held in self._listeners:
                    self._listeners.remove(held)
            return
        try:
            listener()
        except Exception as error:
            self._report(error)

    def _flush(self) -> None:
        while self._waiting:
            action = self._waiting[0]
            try:
                action()
            except Exception as error:
                self._report(error)
            self._waiting.popleft()  # only now: an interrupted one stays

    def _report(self, error: Exception) -> None:
        self.errors.append(error)
        del self.errors[:-20]
        _log.error("after a cell: %s", error, exc_info=error)


def running_shell() -> Any:
    """The IPython shell that runs here, if there is one."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _cell_thread() -> int | None:
    """The thread that is running a cell now: a labeler is made in one, before its events can be heard."""
    from IPython.core.interactiveshell import InteractiveShell

    codes = {getattr(InteractiveShell, name).__code__ for name in ("run_code", "run_cell_async", "_run_cell")}
    for thread, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way to see other stacks
        at: Any = frame
        while at is not None:
            if at.f_code in codes:
                return thread
            at = at.f_back
    return None


def _unregister(shell: weakref.ref[Any], before: Callable[..., None], after: Callable[..., None]) -> None:
    alive = shell()
    if alive is None:
        return
    for event, hook in (("pre_run_cell", before), ("post_run_cell", after)):
        if hook in alive.events.callbacks.get(event, []):
            alive.events.unregister(event, hook)
