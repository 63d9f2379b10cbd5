"""What the page's main thread does for one input, by the browser's own trace: script alone, and everything.

Everything is script, style, layout, painting and, without a GPU, drawing canvases.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.notebook.driver import Notebook

_CATEGORIES = ["-*", "devtools.timeline", "v8", "toplevel"]
_SCRIPT = {"v8.callFunction", "v8.run", "EvaluateScript", "FunctionCall", "FireAnimationFrame", "TimerFire",
           "EventDispatch", "RunMicrotasks"}  # fmt: skip
_WORK = {"ThreadControllerImpl::RunTask", "RunTask"}
_REST = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def efforts(nb: Notebook, event: str, steps: Iterable[Callable[[], object]]) -> list[tuple[float, float]]:
    """Milliseconds of script, and of all work, for each step: from its event until the frames after it.

    The two animation frames that are waited for after each step are the measurement's own: some tenths of a
    millisecond.
    """
    browser = nb.page.context.browser
    assert browser is not None
    browser.start_tracing(page=nb.page, categories=_CATEGORIES)
    try:
        for step in steps:
            step()
            nb.page.evaluate(_REST)
    finally:
        events = json.loads(browser.stop_tracing())["traceEvents"]
    return list(_split(events, event))


def _split(events: list[dict[str, Any]], event: str) -> Iterator[tuple[float, float]]:
    begins = [
        one for one in events
        if one["name"] == "EventDispatch" and one.get("args", {}).get("data", {}).get("type") == event
    ]  # fmt: skip
    if not begins:
        return
    threads = {(one["pid"], one["tid"]) for one in begins}
    assert len(threads) == 1, "the event went to more than one page"
    complete = [one for one in events if one.get("ph") == "X" and "dur" in one and (one["pid"], one["tid"]) in threads]
    edges = sorted(one["ts"] for one in begins)
    script = _sums(edges, (one for one in complete if one["name"] in _SCRIPT))
    work = _sums(edges, (one for one in complete if one["name"] in _WORK))
    yield from zip(script, work, strict=True)


def _sums(edges: list[float], events: Iterable[dict[str, Any]]) -> list[float]:
    """How long events last together after each edge, those inside of others not counted twice; milliseconds."""
    sums = [0.0] * len(edges)
    ends = float("-inf")
    for one in sorted(events, key=lambda one: (one["ts"], -one["dur"])):
        begin, end = max(one["ts"], ends), one["ts"] + one["dur"]
        if end <= begin:
            continue
        ends = end
        # The task that brings the event begins before it, and belongs to it.
        slot = bisect.bisect_right(edges, one["ts"] + one["dur"]) - 1
        if slot >= 0:
            sums[slot] += (end - begin) / 1000
    return sums
