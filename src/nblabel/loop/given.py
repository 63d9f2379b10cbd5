"""The answers that people and models have submitted so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..records import Labelled
from .host import Host

__all__ = ["submitted"]

_PAGE = 200


def submitted(host: Host, wanted: Callable[[str], bool] = lambda identity: True) -> Iterator[Labelled]:
    """What was submitted for items with a wanted identity, read bit by bit: nobody waits for it."""
    with host.lock:
        positions = host.answers.known_positions()
    for start in range(0, len(positions), _PAGE):
        with host.lock:
            here = [position for position in positions[start : start + _PAGE] if position < len(host.source)]
            chosen = [p for p, one in zip(here, host.source.identities(here), strict=True) if wanted(one)]
            responses = host.answers.responses(chosen)
            found = [Labelled(host.source.item(p), one) for p, one in responses.items() if one.status == "submitted"]
        yield from found
