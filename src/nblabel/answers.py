"""Where each item of a source stands for one annotator: from the store, and from the user's own columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from .ordering import Positions
from .records import Labelled, Progress, Response, Status
from .schema import Schema
from .sources import Source
from .sources.columns import LiveColumns
from .store import State, Store

__all__ = ["PATIENCE", "Answers"]

PATIENCE = 0.03
"""Seconds that opening may search for answers whose items have moved; then it goes on without, and they follow."""
_BLOCK = 4096
_NO_STATE = State(status="pending", flagged=False, fields=(), key="", position=-1)


class Answers:
    """Statuses by position, counted as they change; responses are read from the store when they are needed.

    What the store knows of items that do not stand where they stood is ``missing`` at first: they have to be searched
    for, or may not be here at all. An answer to an item that is shown is never missing.
    """

    def __init__(
        self, source: Source, schema: Schema, store: Store, dataset: str, annotator: str, columns: LiveColumns | None
    ) -> None:
        self._source = source
        self._schema = schema
        self._names = frozenset(schema.names)
        self._store = store
        self._dataset = dataset
        self._annotator = annotator
        self._columns = columns
        self._states: dict[int, State] = {}
        self._missing: dict[str, State] = {}
        self._tally: dict[str, int] = {}
        self._in_frame = np.zeros(0, dtype=bool)
        self._done = np.zeros(0, dtype=bool)
        self.load()

    def load(self) -> None:
        """Read all statuses anew."""
        self._states = {}
        self._tally = {"submitted": 0, "draft": 0, "discarded": 0, "flagged": 0}
        self._in_frame = np.zeros(0, dtype=bool)
        if self._columns is not None:
            self._in_frame = np.array(self._columns.answered(), dtype=bool)
            self._tally["submitted"] = int(self._in_frame.sum())
        self._done = np.zeros(len(self._source), dtype=bool)
        self._done[: self._in_frame.size] = self._in_frame
        states = self._store.states(self._dataset, self._annotator)
        hints = {identity: state.position for identity, state in states.items()}
        for identity, position in self._source.locate_many(hints, PATIENCE).items():
            self._set(position, states.pop(identity))
        self._missing = states

    def recount(self, rows: npt.NDArray[np.int64]) -> None:
        """The user's code has filled or emptied cells of these rows."""
        if self._columns is None:
            return
        if self._in_frame.size < len(self._source):
            self._in_frame = np.zeros(len(self._source), dtype=bool)
        good = self._columns.answers_at(rows)
        changed = self._in_frame[rows] != good
        rows, good = rows[changed], good[changed]
        self._in_frame[rows] = good
        free = ~np.isin(rows, np.array(list(self._states), dtype=np.int64))  # what the store knows counts for more
        rows, good = rows[free], good[free]
        self._done[rows] = good
        self._tally["submitted"] += int(good.sum()) - int((~good).sum())

    @property
    def missing(self) -> Mapping[str, State]:
        """What is to be searched for, by identity."""
        return self._missing

    def place(self, searched: Iterable[str], found: Mapping[str, int]) -> list[int]:
        """A search has ended: where missing items are; the others are not here. Gives the places."""
        placed = []
        for identity in searched:
            state = self._missing.pop(identity, None)
            position = found.get(identity)
            if state is not None and position is not None:
                placed.append(position)
                if position not in self._states:
                    self._set(position, state)
        return placed

    def expect(self, response: Response) -> None:
        """Somebody has answered an item that is not found at once."""
        state = State(status=response.status, flagged=response.flagged, fields=response.fields, key="", position=-1)
        self._missing[response.item] = state

    def _asked(self, state: State) -> Status:
        """The status as the fields that are asked now see it."""
        if state.status == "submitted" and not self._names.issubset(state.fields):
            return "draft"
        return state.status

    def _count(self, position: int, by: int) -> None:
        state = self._states.get(position)
        if state is None:
            if self.in_frame(position):
                self._tally["submitted"] += by
            return
        status = self._asked(state)
        if status != "pending":
            self._tally[status] += by
        self._tally["flagged"] += by * state.flagged

    def _set(self, position: int, state: State) -> None:
        self._count(position, -1)
        self._states[position] = state
        self._count(position, 1)
        self._done[position] = self._asked(state) in ("submitted", "discarded")

    def note(self, position: int, response: Response) -> None:
        """Take over what was just stored."""
        state = State(
            status=response.status, flagged=response.flagged, fields=response.fields, key="", position=position
        )
        self._set(position, state)

    def in_frame(self, position: int) -> bool:
        """Whether the answer stands only in the user's column."""
        return position < self._in_frame.size and position not in self._states and bool(self._in_frame[position])

    def status(self, position: int) -> Status:
        """Pending, draft, submitted or discarded, for the fields that are asked now."""
        state = self._states.get(position)
        if state is not None:
            return self._asked(state)
        return "submitted" if self.in_frame(position) else "pending"

    def done(self, position: int) -> bool:
        """Whether the item needs no answer any more."""
        return bool(self._done[position])

    def still_open(self) -> npt.NDArray[np.bool_]:
        """By position, whether the item still needs an answer."""
        return ~self._done

    def open_places(self, queue: range | Positions, start: int, stop: int) -> Iterator[int]:
        """Places of the queue from ``start`` to ``stop`` whose items still need an answer, in blocks."""
        for low in range(start, stop, _BLOCK):
            high = min(low + _BLOCK, stop)
            done = self._done[low:high] if isinstance(queue, range) else self._done[queue.array[low:high]]
            yield from (low + int(n) for n in np.flatnonzero(~done))

    def flagged(self, position: int) -> bool:
        """Whether the item carries a flag."""
        return self._states.get(position, _NO_STATE).flagged

    def stored_positions(self) -> list[int]:
        """Positions of which the store knows something, in the source's order."""
        return sorted(self._states)

    def known_positions(self) -> list[int]:
        """Positions of which the store or the user's column knows something, in the source's order."""
        return sorted({*self._states, *np.flatnonzero(self._in_frame).tolist()})

    def mask(self, status: Status) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which positions have this status."""
        n = len(self._source)
        if status == "pending":
            made = np.ones(n, dtype=bool)
            others: tuple[Status, ...] = ("draft", "submitted", "discarded")
            for other in others:
                made &= ~self.mask(other)
            return made
        made = np.zeros(n, dtype=bool)
        if status == "submitted" and self._in_frame.size:
            made[: self._in_frame.size] = self._in_frame
            made[np.array(list(self._states), dtype=np.int64)] = False
        made[np.array([p for p, state in self._states.items() if self._asked(state) == status], dtype=np.int64)] = True
        return made

    @property
    def progress(self) -> Progress:
        """Counts over the items of the source."""
        tally = self._tally
        return Progress(
            total=len(self._source),
            submitted=tally["submitted"],
            drafts=tally["draft"],
            discarded=tally["discarded"],
            flagged=tally["flagged"],
        )

    # ---- responses ------------------------------------------------------------------------------

    def from_frame(self, position: int, identity: str) -> Response | None:
        """The response that the user's column stands for, where the store has none."""
        if self._columns is None or not self.in_frame(position):
            return None
        annotations = self._columns.read(position)
        if annotations is None:
            return None
        named = tuple(msgspec.structs.replace(a, id=a.id or f"frame{n}") for n, a in enumerate(annotations))
        return Response(
            identity,
            self._annotator,
            "submitted",
            named,
            fields=self._schema.names,
            schema_version=self._schema.version,
        )

    def frame_labelled(self, label: str) -> list[int]:
        """Positions whose answer stands only in the user's column and carries this label."""
        if self._columns is None:
            return []
        found = []
        for position in np.flatnonzero(self._in_frame):
            annotations = self._columns.read(int(position)) if self.in_frame(int(position)) else None
            if any(getattr(a, "label", None) == label for a in annotations or ()):
                found.append(int(position))
        return found

    def responses(self, positions: Sequence[int]) -> dict[int, Response]:
        """What this annotator says of each position; an empty response where nothing is said."""
        identities = dict(zip(positions, self._source.identities(positions), strict=True))
        if self._missing:
            for position, identity in identities.items():
                state = self._missing.get(identity)
                if state is not None and position not in self._states:
                    self._set(position, state)
        known = [identities[p] for p in positions if p in self._states]
        stored = self._store.get(self._dataset, self._annotator, known) if known else {}
        made = {}
        for position, identity in identities.items():
            response = stored.get(identity) or self.from_frame(position, identity)
            made[position] = response or Response(identity, self._annotator)
        return made

    def labelled(self, *, everyone: bool = False, status: Status | None = None) -> Iterator[Labelled]:
        """Items with their responses, in the source's order.

        Parameters
        ----------
        everyone : bool
            The responses of all annotators of the data set, not only this one's.
        status : str, optional
            Only responses with this status.
        """
        found: list[tuple[int, Response]] = []
        annotator = None if everyone else self._annotator
        known = list(self._states)
        hints: dict[str, int | None] = dict(zip(self._source.identities(known), known, strict=True))
        responses = list(self._store.responses(self._dataset, annotator=annotator))
        places = self._source.locate_many({one.item: hints.get(one.item) for one in responses})
        found += [(places[one.item], one) for one in responses if one.item in places]
        framed = [int(n) for n in np.flatnonzero(self._in_frame)]
        for position, identity in zip(framed, self._source.identities(framed), strict=True):
            in_frame = self.from_frame(position, identity)
            if in_frame is not None:
                found.append((position, in_frame))
        found.sort(key=lambda pair: (pair[0], pair[1].annotator))
        for position, response in found:
            if status is None or response.status == status:
                yield Labelled(self._source.item(position), response)
