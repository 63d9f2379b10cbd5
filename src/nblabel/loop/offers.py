"""What was suggested for which item, seen or not, and what became of it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence

import msgspec

from ..analytics.suggestions import Outcome, outcomes
from ..annotations import AnyAnnotation
from ..errors import StoreError
from ..records import Response
from ..store import Store
from ..suggest.teaching import held_out

__all__ = ["Offers"]

_KIND = "suggestion"
_VERSIONS = 3
"""So many versions of what was suggested for an item are kept apart: models learn while a person decides."""
_REMEMBERED = 5000
"""Items whose suggestions were shown are remembered; what is answered was shown a moment ago."""


class Offers:
    """Suggestions as they were shown, compared with the answers that people give.

    Parameters
    ----------
    store : Store
        Where outcomes are kept.
    dataset, annotator : str
        Whose answers.
    blind : float
        The share of items whose suggestions are not shown, chosen by their identities.
    """

    def __init__(self, store: Store, dataset: str, annotator: str, blind: float) -> None:
        self._store = store
        self._dataset = dataset
        self._annotator = annotator
        self._blind = blind
        self._shown: OrderedDict[str, list[tuple[AnyAnnotation, ...]]] = OrderedDict()  # the newest last
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._settled: list[tuple[str, Response, tuple[AnyAnnotation, ...], bool]] = []
        self._seen = self._agreed = 0

    def is_blind(self, identity: str) -> bool:
        """Whether people are to answer this item without seeing what models suggest."""
        return self._blind > 0 and held_out(identity, f"{self._dataset}, blind", self._blind)

    def show(self, identity: str, suggested: tuple[AnyAnnotation, ...]) -> None:
        """A page has got these for an item."""
        sets = self._shown.setdefault(identity, [])
        if suggested not in sets:
            sets.append(suggested)
            del sets[:-_VERSIONS]
        self._shown.move_to_end(identity)
        if len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)

    def settle(self, key: Hashable, response: Response, known: Sequence[AnyAnnotation]) -> None:
        """An item was submitted: what was shown, or what models had to say unseen, is compared with it later."""
        shown = self._seen_with(response)
        offered = known if shown is None else shown
        if offered and not response.model:  # what was taken in bulk says nothing about the model
            with self._lock:
                self._settled.append((str(key), response, tuple(offered), shown is not None))

    def _seen_with(self, response: Response) -> tuple[AnyAnnotation, ...] | None:
        """What the person saw: of several versions that came to the page, the one that something was taken from."""
        sets = self._shown.get(response.item)
        if not sets:
            return None
        taken = {(a.id, a.source) for a in response.annotations if a.source != "human"}
        return next((one for one in reversed(sets) if taken & {(a.id, a.source) for a in one}), sets[-1])

    @property
    def waiting(self) -> int:
        """How many submitted items are still to be compared."""
        return len(self._settled)

    def flush(self) -> None:
        """Compare, and write what came of it to the store; a store that cannot take it now gets it the next time."""
        with self._writing:
            with self._lock:
                settled, self._settled = self._settled, []
            fresh = [one for of_item in settled for one in self._compared(*of_item)]
            try:
                self._store.trace(self._dataset, _KIND, self._annotator, [(one.item, one.at, one) for one in fresh])
            except StoreError:
                with self._lock:
                    self._settled = settled + self._settled
                return
            self._tally(fresh)

    def _compared(
        self, key: str, response: Response, offered: Sequence[AnyAnnotation], shown: bool
    ) -> Sequence[Outcome]:
        return outcomes(
            offered,
            response,
            key=key,
            shown=shown,
            blind=self.is_blind(response.item),
            seconds=response.seconds,
            at=response.updated_at or time.time(),
        )

    def _tally(self, found: Iterable[Outcome]) -> None:
        for one in found:
            self._seen += one.shown
            self._agreed += one.shown and one.outcome == "accepted"

    def recall(self) -> None:
        """Count what became of suggestions in earlier sessions of this annotator, too."""
        found = self.outcomes()
        with self._writing:
            self._seen = self._agreed = 0
            self._tally(one for one in found if one.annotator == self._annotator)

    @property
    def accepted(self) -> float | None:
        """The share of suggestions taken as they were, of those that were seen; ``None`` before the first."""
        return self._agreed / self._seen if self._seen else None

    def outcomes(self) -> list[Outcome]:
        """What became of the suggestions for each item, the newest answer of each annotator only."""
        self.flush()
        found: dict[tuple[str, str], list[Outcome]] = {}
        newest: dict[tuple[str, str], float] = {}
        for trace in self._store.traces(self._dataset, _KIND):
            outcome = msgspec.convert(trace.body, Outcome)
            place = (trace.annotator, trace.item)
            if newest.get(place) != outcome.at:
                newest[place] = outcome.at
                found[place] = []
            found[place].append(outcome)
        return [one for of_item in found.values() for one in of_item]
