"""Between the store and the user's own columns: which answer is the newer one, and what becomes of the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from .annotations import AnyAnnotation, Relation, new_id
from .answers import Answers
from .records import Event, Patch, Response, Status, apply_event
from .sameness import said_before, same_answer
from .schema import Schema
from .sources import Source
from .sources.columns import LiveColumns
from .store import Store, Stored

__all__ = ["LiveAnswers"]


class LiveAnswers:
    """Makes the events that bring the columns' answers into the store, and writes stored answers into the columns."""

    def __init__(
        self,
        columns: LiveColumns,
        source: Source,
        answers: Answers,
        store: Store,
        schema: Schema,
        name: str,
        annotator: str,
    ) -> None:
        self._columns = columns
        self._source = source
        self._answers = answers
        self._store = store
        self._schema = schema
        self._name = name
        self._annotator = annotator

    def refresh(self) -> None:
        """The source has other rows now."""
        self._columns.refresh()

    def problems(self) -> tuple[str, ...]:
        """What the user should know of the columns."""
        return self._columns.problems()

    # ---- from the columns -----------------------------------------------------------------------

    def reconcile(self, positions: Sequence[int]) -> list[Event]:
        """Bring both together once a row's stored answer is known; the events for answers that only the frame has.

        A value that the store has had before is older than the store's; one that it never had is the user's edit.
        """
        events = []
        for position, response in self._answers.responses(positions).items():
            if response.status != "submitted":
                continue
            there = self._columns.read(position)
            if there is None or same_answer(there, response.annotations) or self._was(position, there):
                self._columns.write(position, response.annotations, identity=response.item)
            else:
                events.append(self._adopting(position, there))
        return events

    def edits(self) -> list[Event]:
        """The events for answers that the user's code wrote into the columns since they were last looked at."""
        return [self._adopting(position, self._columns.read(position)) for position in self._columns.edited()]

    def refilled(self) -> npt.NDArray[np.int64]:
        """Rows that the user's code has filled or emptied since."""
        return self._columns.refilled()

    def import_of(self, position: int, identity: str) -> list[Event]:
        """The event that brings the answer of a row into the store, before it is first changed."""
        response = self._answers.from_frame(position, identity)
        if response is None:
            return []
        return [self._event(identity, Patch(put=response.annotations, status="submitted"))]

    def _was(self, position: int, annotations: Sequence[AnyAnnotation]) -> bool:
        log = self._store.entries(self._name, annotator=self._annotator, item=self._source.identity(position))
        return said_before((one.event for one in log), annotations)

    def _adopting(self, position: int, annotations: Sequence[AnyAnnotation] | None) -> Event:
        held = self._answers.responses([position])[position].annotations
        put = tuple(msgspec.structs.replace(a, id=new_id()) for a in annotations or ())
        if any(isinstance(a, Relation) for a in put):  # their ends are ids
            put = tuple(annotations or ())
        kept = {a.id for a in put}
        drop = {a.id for a in held if a.field in self._columns.fields} - kept
        drop |= {a.id for a in held if isinstance(a, Relation) and {a.head, a.child} & drop}
        status: Status = "pending" if annotations is None else "submitted"
        return self._event(self._source.identity(position), Patch(put=put, drop=tuple(drop), status=status))

    def _event(self, identity: str, patch: Patch) -> Event:
        return Event(
            id=new_id(),
            item=identity,
            annotator=self._annotator,
            action="import",
            patch=patch,
            at=time.time(),
            schema_version=self._schema.version,
        )

    # ---- into the columns -----------------------------------------------------------------------

    def write(self, position: int, stored: Stored, response: Response) -> None:
        """What was just stored, unless it came from the frame itself."""
        if stored.event.action == "import":
            return
        if response.status == "submitted":
            self._columns.write(position, response.annotations, identity=response.item)
        elif stored.event.action != "edit":  # a draft after an edit leaves the last submitted answer standing
            was, _ = apply_event(response, msgspec.structs.replace(stored.event, patch=stored.inverse))
            self._columns.write(position, None, before=was.annotations, identity=response.item)

    def write_all(self, positions: Iterable[int]) -> None:
        """The submitted answers of these rows."""
        for position, response in self._answers.responses(list(positions)).items():
            if response.status == "submitted":
                self._columns.write(position, response.annotations, identity=response.item)
