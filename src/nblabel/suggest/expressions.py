"""Regular expressions in a process of their own, which is ended when one takes too long.

Python's own `re` cannot be interrupted, and holds up every thread while it runs: an expression such as ``(a+)+b`` would
stop the whole notebook.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import SuggestError

__all__ = ["Expressions"]

_STRIKES = 3
"""So often may an expression take too long before it is left out."""
_MOST = 10_000  # matches of one expression in one text

_PROGRAM = """
import json, re, sys
from itertools import islice
known = [re.compile(source, flags) for source, flags in json.loads(sys.stdin.readline())]
groups = ["span" if "span" in one.groupindex else 0 for one in known]
print(flush=True)
for line in sys.stdin:
    number, text = json.loads(line)
    found = (match.span(groups[number]) for match in islice(known[number].finditer(text), MOST))
    print(json.dumps([span for span in found if span[0] < span[1]]), flush=True)
""".replace("MOST", str(_MOST))


class Expressions:
    r"""Regular expressions, each with a time limit.

    Parameters
    ----------
    patterns : sequence of re.Pattern
        What is looked for; if one has a group ``span``, only that part is what is found.
    seconds : float
        How long one expression may take for one text.

    Examples
    --------
    >>> found = Expressions([re.compile(r"[0-9]{4}"), re.compile(r"Dr\. (?P<span>[A-Z][a-z]+)")])
    >>> list(found.find("Dr. Jekyll, 1886"))
    [(0, 12, 16), (1, 4, 10)]
    """

    def __init__(self, patterns: Sequence[re.Pattern[str]], seconds: float = 1.0) -> None:
        self._patterns = tuple(patterns)
        self._seconds = seconds
        self._slow: Counter[int] = Counter()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @property
    def slow(self) -> list[tuple[str, int, bool]]:
        """Expressions that took too long, how often, and whether they are left out now."""
        return [(self._patterns[n].pattern, times, times >= _STRIKES) for n, times in sorted(self._slow.items())]

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """The place of an expression among those given, start and end of each match."""
        for n in range(len(self._patterns)):
            if self._slow[n] < _STRIKES:
                with self._lock:
                    spans = self._asked(n, text)
                for start, end in spans:
                    yield n, start, end

    def close(self) -> None:
        """End the process; it begins again when it is needed."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _asked(self, n: int, text: str) -> list[tuple[int, int]]:
        process = self._started()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(self._seconds, stop)
        clock.daemon = True
        clock.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([n, text]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            clock.cancel()
        if answer.endswith("\n"):
            spans: list[tuple[int, int]] = [(start, end) for start, end in json.loads(answer)]
            return spans
        self.close()
        if not late.is_set():
            raise SuggestError("the process that looks for regular expressions has ended")
        self._slow[n] += 1
        return []

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    encoding="ascii",
                )
            except OSError as error:  # Pyodide has no processes
                raise SuggestError(
                    f"regular expressions need a process of their own, which cannot be started here: {error}",
                    "phrases= and patterns of tokens need none",
                ) from None
            self._process = process
            weakref.finalize(self, _end, process)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([(one.pattern, one.flags) for one in self._patterns]) + "\n")
            process.stdin.flush()
            process.stdout.readline()  # it is ready: the time that it takes to begin is no expression's
        return self._process


def _end(process: Any) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was still to be written to it
            pipe.close()
    process.wait()
