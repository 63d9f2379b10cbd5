"""The models of one session: they are asked, taught and measured off the labelling path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ..annotations import AnyAnnotation
from ..errors import InvalidAnnotation
from ..records import Item, Labelled, Response, Suggestion
from ..suggest import Runner, Suggester
from .host import Host

__all__ = ["Loop"]

_AHEAD = 10
"""Items to come that models are asked about again when they have learnt."""
_PAGE = 200
"""Answers that are read from the store at once."""


class Loop:
    """What a session has of models; without any, only suggestions that come with the items.

    Parameters
    ----------
    host : Host
        The session.
    suggester : Suggester, optional
        Asked in the background for the items about to be shown.
    """

    def __init__(self, host: Host, suggester: Suggester | None) -> None:
        self._host = host
        self.runner = (
            None if suggester is None else Runner(suggester, host.schema, self._suggested, on_learnt=self._learnt)
        )
        self._taught: set[str] = set()

    def begin(self) -> None:
        """Teach what was answered before."""
        if self.runner is not None and self.runner.learns and self._host.answers.stored_positions():
            self.runner.learn(self._answered())

    def close(self) -> None:
        """End the background work."""
        if self.runner is not None:
            self.runner.close()

    # ---- suggestions ----------------------------------------------------------------------------

    @property
    def suggests(self) -> bool:
        """Whether models are asked for suggestions."""
        return self.runner is not None

    def suggestions(self, item: Item) -> tuple[AnyAnnotation, ...] | None:
        """What came with the item and what models suggest; ``None`` while models have not answered."""
        came = self._came_with(item)
        if self.runner is None:
            return came
        found = self.runner.get(item)
        if found is None:
            return came or None
        return (*came, *found.annotations)

    def error(self, item: Item) -> str:
        """Why models could not suggest for this item; empty if they could."""
        found = None if self.runner is None else self.runner.get(item)
        return "" if found is None else found.error

    def ask(self, items: Iterable[Item]) -> None:
        """Have models look at these items in the background."""
        if self.runner is not None:
            self.runner.request([item for item in items if not item.problem])

    def _came_with(self, item: Item) -> tuple[AnyAnnotation, ...]:
        schema = self._host.schema
        made = []
        for n, annotation in enumerate(item.prelabels):
            try:
                (one,) = schema.coerce([annotation])
                one = msgspec.structs.replace(one, id=annotation.id or f"item{n}")
                schema.check([one], item=item.key, extent=self._host.source.extent(item.position))
            except InvalidAnnotation:
                continue  # a label or field that is not asked for
            made.append(one)
        return tuple(made)

    def _suggested(self, suggestion: Suggestion) -> None:
        host = self._host
        with host.lock:
            self._tell_notes()
            position = host.locate(suggestion.item)
            if position is not None:
                came = self._came_with(host.source.item(position))
                suggestion = msgspec.structs.replace(suggestion, annotations=(*came, *suggestion.annotations))
            host.tell(suggestion)

    def _tell_notes(self) -> None:
        """Pass on, once each, what a person should know of the models."""
        # what follows the colon counts, and goes on counting
        told = {notice.title.partition(":")[0] for notice in self._host.notices}
        for note in () if self.runner is None else self.runner.notes:
            if note.partition(":")[0] not in told:
                self._host.notice(note)

    # ---- lessons --------------------------------------------------------------------------------

    def answered(self, position: int, response: Response) -> None:
        """An answer was given or taken back: models that learn hear of it, in the background."""
        if self.runner is None or not self.runner.learns:
            return
        if response.status == "submitted" or response.item in self._taught:
            self._taught.add(response.item)
            self.runner.learn([Labelled(self._host.source.item(position), response)])

    def _answered(self) -> Iterator[Labelled]:
        """What was submitted so far, read bit by bit: nobody waits for it."""
        host = self._host
        with host.lock:
            positions = host.answers.stored_positions()
        for start in range(0, len(positions), _PAGE):
            with host.lock:
                here = [position for position in positions[start : start + _PAGE] if position < len(host.source)]
                responses = host.answers.responses(here)
                found = [
                    Labelled(host.source.item(p), one) for p, one in responses.items() if one.status == "submitted"
                ]
                self._taught.update(one.response.item for one in found)
            yield from found

    def _learnt(self) -> None:
        """Models have learnt: ask them again about what comes next, and not about what is shown now."""
        host = self._host
        with host.lock:
            self.ask(host.source.item(position) for position in host.ahead(_AHEAD))
