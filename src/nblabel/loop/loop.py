"""The models of one session: they are asked, taught, measured and followed off the labelling path."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from ..analytics.curves import curve_chart, curve_frame
from ..analytics.suggestions import acceptance, anchoring, suggestions_frame
from ..annotations import AnyAnnotation
from ..errors import InvalidAnnotation, InvalidSchema, SuggestError, nearest
from ..ordering import Strategy
from ..protocol import ModelPoint, ModelState
from ..quality.mistakes import find_errors, out_of_sample
from ..records import Item, Labelled, Response, Suggestion
from ..schema import AnyField, Choices, Schema
from ..suggest import Adapter, Runner, Suggester
from ..suggest.states import State
from ..suggest.teaching import Point, curve
from ..suggest.trainer import Trained
from .bulk import Prelabelled, find_sure
from .given import submitted
from .host import Host
from .jobs import waited
from .news import ModelChanged
from .offers import Offers
from .options import Options
from .ranks import Ranks, View
from .study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Loop"]

_AHEAD = 10
"""Items to come that models are asked about again when they have learnt."""
_RANK_EVERY = 10
"""Answers after which what comes next is ranked anew, where no training does it."""
_COUNTED = 200
"""Answers to items that came with suggestions are compared with them so many at once, where there is no model."""
_SLOW = 0.5
"""Seconds after which one notices that a model is at work."""
_SIZES = 6
"""Points of a learning curve that is made by training again."""
_ARMS: tuple[Literal["given", "random"], ...] = ("given", "random")
_CURVE = 40
"""Points of the learning curve that the page gets."""


class Loop:
    """What a session has of models; without any, only suggestions that come with the items.

    Parameters
    ----------
    host : Host
        The session.
    suggester : Suggester, optional
        Asked in the background for the items about to be shown.
    strategy : Strategy, optional
        By which what comes next is ranked anew.
    view : callable, optional
        What models see of an item, where that is not its data.
    options : Options
        How they are taught and measured.
    """

    def __init__(
        self,
        host: Host,
        suggester: Suggester | None,
        strategy: Strategy | None = None,
        view: View | None = None,
        options: Options = Options(),  # noqa: B008 - frozen
    ) -> None:
        self._host = host
        self.runner = (
            None
            if suggester is None
            else Runner(
                suggester,
                host.schema,
                self._suggested,
                on_learnt=self._learnt,
                on_trained=self._trained,
                on_state=self._state_changed,
                learn_every=options.learn_every,
            )
        )
        trains = self.runner is not None and self.runner.adapter.trains
        self.study = Study(host, options.hold_out if trains else 0.0)
        self.offers = Offers(host.store, host.name, host.annotator, options.blind)
        self.ranks = Ranks(host, self.study, self.runner, view, strategy)
        self._rank_every = options.learn_every or _RANK_EVERY
        self._since_ranked = 0
        self._taught: set[str] = set()
        self._told: ModelState | None = None
        self._busy_since = 0.0
        self._is_slow = False  # of a quick model it is not told that it is asked about each item, and has answered

    def begin(self) -> None:
        """Teach what was answered before, and rank what comes next."""
        if self.runner is not None:
            if self._host.answers.progress.submitted:
                self.runner.learn(self._lessons())
            self.runner.do("counting", self.offers.recall)
        self.ranks.wish()

    def close(self) -> None:
        """End the background work."""
        self.ranks.close()
        if self.runner is not None:
            self.runner.close()
        self.offers.flush()

    def rank_by(self, strategy: Strategy | None) -> None:
        """Rank by another strategy from now on; by none, what comes next stays as it is."""
        self.ranks.strategy = strategy
        self.ranks.words = ""
        self.ranks.wish()
        self._state_changed()

    # ---- suggestions ----------------------------------------------------------------------------

    @property
    def suggests(self) -> bool:
        """Whether models are asked for suggestions."""
        return self.runner is not None

    def suggestions(self, item: Item) -> tuple[AnyAnnotation, ...] | None:
        """What came with the item and what models suggest; ``None`` while models have not answered.

        Nothing for an item that is to be answered blind.
        """
        if self.offers.is_blind(item.identity):
            return ()
        known = self._known(item)
        if known and self._host.watched:
            self.offers.show(item.identity, known)
        return known

    def _known(self, item: Item) -> tuple[AnyAnnotation, ...] | None:
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

    def ask(self, items: Iterable[Item], *, passing: bool = False) -> None:
        """Have models look at these items in the background; those ``passing`` by only while they are near."""
        if self.runner is not None:
            self.runner.request([item for item in items if not item.problem], passing=passing)

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
            if self.offers.is_blind(suggestion.item):
                return
            position = host.locate(suggestion.item)
            if position is not None:
                came = self._came_with(host.source.item(position))
                suggestion = msgspec.structs.replace(suggestion, annotations=(*came, *suggestion.annotations))
            if suggestion.annotations and host.watched:
                self.offers.show(suggestion.item, suggestion.annotations)
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
        """An answer was given or taken back: models hear of it, in the background."""
        if response.status != "submitted" and self.runner is None:
            return
        item = self._host.source.item(position)
        if response.status == "submitted":
            self.offers.settle(item.key, response, self._known(item) or ())
            self._count()
        if self.runner is None or not self.runner.learns or self.study.is_held(item.identity):
            return
        if response.model:  # its own suggestion teaches it nothing
            response = msgspec.structs.replace(response, status="pending")
        if response.status == "submitted" or response.item in self._taught:
            self._taught.add(response.item)
            self.runner.learn([Labelled(item, response)])

    def _count(self) -> None:
        self._since_ranked += 1
        if self._since_ranked >= self._rank_every:
            self._since_ranked = 0
            self.ranks.wish()
        if self.runner is not None:
            self.runner.do("keeping count", self.offers.flush)
        elif self.offers.waiting >= _COUNTED:
            self.offers.flush()

    def _lessons(self) -> Iterator[Labelled]:
        """What models may learn from so far."""
        for one in self.study.taught(submitted(self._host)):
            self._taught.add(one.response.item)
            yield one

    def _learnt(self) -> None:
        """Models have learnt: ask them again about what comes next, and not about what is shown now."""
        host = self._host
        with host.lock:
            self.ask((host.source.item(position) for position in host.ahead(_AHEAD)), passing=True)

    def _trained(self, outcome: Trained) -> None:
        runner = self.runner
        if outcome.changed and runner is not None:
            runner.do("measuring", lambda: self._measure(runner, outcome))
            self._since_ranked = 0
            self.ranks.wish()

    def _measure(self, runner: Runner, outcome: Trained) -> None:
        self.study.measure(runner, outcome)
        self._state_changed()

    # ---- what people see of it --------------------------------------------------------------------

    @property
    def state(self) -> ModelState | None:
        """What the model is doing and how good it is; ``None`` without one."""
        return None if self.runner is None else self._state_of(self.runner, self.runner.state())

    def _state_of(self, runner: Runner, now: State) -> ModelState:
        points = self.study.points_of(now.name)
        last = points[-1] if points else None
        strategy = self.ranks.strategy
        return ModelState(
            name=now.name,
            version=now.version if runner.adapter.trains else "",
            state="idle" if now.state == "busy" and not self._is_slow else now.state,
            labels=now.labels,
            until_next=now.until_next,
            held_out=0 if last is None else last.held_out,
            score=None if last is None else last.score,
            metric="" if last is None else last.metric,
            curve=tuple(ModelPoint(one.labels, one.score) for one in points[-_CURVE:]),
            hint=self.study.hint or now.waiting,
            order="" if strategy is None else self.ranks.words or strategy.name,
            accepted=self.offers.accepted,
            usage=now.usage,
            error=now.error,
            detail=now.detail,
        )

    def _state_changed(self) -> None:
        runner = self.runner
        if runner is None:
            return
        now, found = time.monotonic(), runner.state()
        if found.state == "busy":
            self._busy_since = self._busy_since or now
        elif self._busy_since:
            self._is_slow, self._busy_since = now - self._busy_since > _SLOW, 0.0
        state = self._state_of(runner, found)
        if state != self._told:
            self._told = state
            with self._host.lock:
                self._host.tell(ModelChanged(state))

    def suggestions_frame(self) -> pd.DataFrame:
        """One row a suggestion on an item that was submitted; see `analytics.suggestions_frame`."""
        found = self.offers.outcomes()
        host = self._host
        with host.lock:
            places = {one.item: host.locate(one.item) for one in found}
            keys = {item: host.source.key(place) for item, place in places.items() if place is not None}
        return suggestions_frame(found, keys)

    def acceptance(self, by: Sequence[str]) -> pd.DataFrame:
        """How often suggestions were taken as they were."""
        return acceptance(self.suggestions_frame(), by)

    def train(self, timeout: float | None) -> ModelState | None:
        """Have the model learn from all that it has heard of, and wait until it has."""
        runner = self._asked()
        runner.learn_now()
        if not runner.settle(timeout):
            raise SuggestError(f"{runner.source} is still learning after {timeout:g} s", "it goes on in the background")
        return self.state

    def learning_curve(self, *, retrain: bool, chart: bool) -> Any:
        """How good the model was after so many labels."""
        runner = self._asked()
        points = self.study.points_of(runner.adapter.name)
        if retrain:
            points = self._retrained(runner)
        if chart and not points:
            raise SuggestError("there is no learning curve yet", self.study.lacks or "label more items")
        frame = curve_frame(points)
        return curve_chart(frame) if chart else frame

    def _retrained(self, runner: Runner) -> list[Point]:
        rows = sorted(self._lessons(), key=lambda one: one.response.updated_at)
        held = self.study.held()
        if not rows or not held:
            raise SuggestError("there is no learning curve yet", self.study.lacks or "label more items")
        sizes = sorted({round(size) for size in np.geomspace(min(10, len(rows)), len(rows), _SIZES)})
        return [point for order in _ARMS for point in curve(runner.adapter, rows, held, sizes, order=order)]

    def prelabel(self, threshold: float, limit: int | None) -> Prelabelled:
        """Submit what the model is sure of; see `find_sure`."""
        if isinstance(threshold, bool) or not 0 < threshold <= 1:
            raise SuggestError(f"prelabel(threshold={threshold!r}) must be between 0 and 1")
        runner, host = self._asked(), self._host
        positions = host.untouched(limit)
        found = waited(runner, "prelabel", lambda: find_sure(host, self.study, runner, positions, threshold))
        taken = host.take_over(found.patches)  # what somebody has begun meanwhile is left alone
        return msgspec.structs.replace(found.report, items=taken)

    def find_errors(self, field: str | None, folds: int) -> pd.DataFrame:
        """Submitted answers by how likely they are mistakes; trains models of its own, in the caller's thread."""
        adapter, host = self._asked().adapter, self._host
        wanted = _field(host.schema, field)

        def fresh() -> Adapter:
            made = adapter.fresh()
            if made is None:
                raise SuggestError(
                    f"{adapter.source} cannot be trained anew", "give a model that is trained on the labels"
                )
            return made

        rows = [one for one in submitted(self._host) if not one.response.model]
        return find_errors(out_of_sample(fresh, rows, folds=folds), wanted)

    def _asked(self) -> Runner:
        if self.runner is None:
            raise SuggestError("no model suggests here", "give one with suggest=")
        return self.runner

    def anchoring(self) -> pd.DataFrame:
        """Whether people agree more often with suggestions that they see."""
        return anchoring(self.suggestions_frame())


def _field(schema: Schema, name: str | None) -> AnyField:
    """The question to look at: the one named, else the first that can be looked at."""
    if name is None:
        return next((one for one in schema.fields if isinstance(one, Choices)), schema.fields[0])
    for field in schema.fields:
        if field.name == name:
            return field
    raise InvalidSchema(f"there is no field {name!r}", nearest(name, schema.names))
