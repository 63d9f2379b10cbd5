"""The worker that asks models about the items to come, and teaches them, off the labelling path."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ..beliefs import Beliefs
from ..errors import SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from .adapters import Adapter, of
from .lessons import Lessons
from .limits import Watch
from .states import State, Troubles
from .trainer import Trained, Trainer
from .versions import sign

__all__ = ["Runner", "Superseded"]

_WAITING = 500
_LESSON = 200  # answers that are learnt from at once
_IDLE = 30.0  # seconds after which a worker without work ends; the next request starts another
_PASSING = 8  # requests after which an item that none of them named is passed

Version = tuple[str, int]
Wanted = tuple[str, Item, int]  # content, item, the turn of the request that named it last; 0 if it never passes


class Superseded(Exception):
    """Raised by what a job asks of the runner, when nobody wants the job done any more; the job is to let it pass."""


class Runner:
    """Asks a model in one background thread and keeps what it said.

    One thread only: spaCy pipelines and many other models must not be used from several. The items of the newest
    request come first. A model that raises gives a `Suggestion` with an ``error``; of one that takes too long that is
    told while it goes on, and blocks nobody but later suggestions. Training has a thread of its own.

    Parameters
    ----------
    suggester : Suggester or anything that `nblabel.suggest.of` takes
        The model.
    schema : Schema
        The questions.
    on_result : callable
        Called in the background with each new `Suggestion`.
    cache : int
        How many results are kept, the longest unused forgotten first.
    on_learnt : callable, optional
        Called in the worker's thread when the model has learnt: results stay until the items are asked for again.
    on_trained : callable, optional
        Called in the worker's thread after each training, with how it went; before ``on_learnt``.
    on_state : callable, optional
        Called in the background when ``state()`` has changed.
    learn_every : int, optional
        After how many new answers the model learns; as it wants itself if not given.
    timeout : float, optional
        Seconds that one call of the model may take; ``None`` for no limit. Models that give up by themselves, such as
        `chat` and `limited`, may take their own time.
    """

    def __init__(
        self,
        suggester: Any,
        schema: Schema,
        on_result: Callable[[Suggestion], None],
        *,
        cache: int = 2000,
        on_learnt: Callable[[], None] = lambda: None,
        on_trained: Callable[[Trained], None] = lambda trained: None,
        on_state: Callable[[], None] = lambda: None,
        learn_every: int | None = None,
        timeout: float | None = 60.0,
    ) -> None:
        self._adapter: Adapter = of(suggester, schema)
        self._on_result = on_result
        self._on_learnt = on_learnt
        self._on_trained = on_trained
        self._on_state = on_state
        self._limit = cache
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, Wanted] = OrderedDict()  # next first
        self._turn = 0
        self._running: dict[str, tuple[str, Version]] = {}
        self._done: OrderedDict[str, tuple[str, Version, Suggestion]] = OrderedDict()
        self._answers: list[Iterable[Labelled]] = []
        self._learning = False
        self._urgent = False
        self._learnt = 0  # how often what was learnt has changed what is suggested
        self._outcomes: list[Trained] = []
        self._jobs: OrderedDict[str, Callable[[], None]] = OrderedDict()
        self._job = ""
        self._generation = 0
        self._alive = False
        self._closed = False
        self._troubles = Troubles()
        self._told = State("")
        self._lessons = Lessons(self._adapter, learn_every)
        self._trainer = Trainer(self._adapter, self._lessons.begin_training, self._trained, self._training)
        own = self._adapter.own_limit
        self._watch = Watch(timeout if timeout is None else max(timeout, own + 1 if own else 0))

    @property
    def adapter(self) -> Adapter:
        """The model."""
        return self._adapter

    @property
    def closed(self) -> bool:
        """Whether nothing is asked any more."""
        return self._closed

    @property
    def source(self) -> str:
        """The model's name."""
        return self._adapter.source

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the model, such as labels that the schema does not have."""
        return self._adapter.notes

    @property
    def last_traceback(self) -> str:
        """Where the model, or the receiver of its results, raised last; empty if never."""
        return self._troubles.last_traceback or self._adapter.last_traceback

    @property
    def learns(self) -> bool:
        """Whether the model wants to hear of answers."""
        return self._adapter.learns

    def state(self) -> State:
        """What the model does, and what went wrong with it last."""
        adapter = self._adapter
        trouble = self._troubles.last
        with self._changed:
            busy = self._busy() or bool(self._jobs or self._job)
        doing = "training" if self._trainer.busy else "failed" if trouble else "busy" if busy else "idle"
        return State(
            name=adapter.name,
            version=adapter.version,
            state=doing,  # type: ignore[arg-type]
            labels=self._lessons.labels,
            until_next=self._lessons.until_next,
            waiting=adapter.waiting,
            usage=adapter.usage,
            error=trouble.error if trouble else "",
            detail=trouble.detail if trouble else "",
        )

    # ---- what is wanted of it -------------------------------------------------------------------

    def learn(self, answers: Iterable[Labelled]) -> None:
        """Have the model learn from answers before it is asked again. Returns at once; read in the worker's thread."""
        with self._changed:
            if self._adapter.learns and not self._closed:
                self._answers.append(answers)
                self._begin()

    def learn_now(self) -> None:
        """Have the model learn from all it has heard of, however little is new. Returns at once."""
        with self._changed:
            if self._adapter.learns and not self._closed:
                self._urgent = True
                self._answers.append(())
                self._begin()

    def request(self, items: Sequence[Item], *, passing: bool = False) -> None:
        """Have these items looked at before all that wait, in this order. Returns at once.

        Parameters
        ----------
        items : sequence of Item
            What comes next.
        passing : bool
            Whether these are the items near to what a person looks at: those that several such requests did not name
            any more are not looked at.
        """
        version = self._version
        with self._changed:
            if self._closed:
                return
            self._turn += passing
            turn = self._turn if passing else 0
            fresh: OrderedDict[str, Wanted] = OrderedDict()
            for item in items:
                content = sign(item.data)
                known = self._done.get(item.identity)
                if known is not None and known[:2] == (content, version):
                    self._done.move_to_end(item.identity)
                elif self._running.get(item.identity) != (content, version):
                    fresh[item.identity] = (content, item, turn)
            for identity, waiting in self._waiting.items():
                if not waiting[2] or waiting[2] > self._turn - _PASSING:
                    fresh.setdefault(identity, waiting)
            while len(fresh) > max(_WAITING, len(items)):
                fresh.popitem()
            self._waiting = fresh
            self._changed.notify_all()
            if fresh:
                self._begin()

    def cancel(self, identities: Iterable[str]) -> None:
        """Do not look at these items any more, unless the model is at it already."""
        with self._changed:
            for identity in identities:
                self._waiting.pop(identity, None)
            self._changed.notify_all()

    def do(self, name: str, job: Callable[[], None]) -> None:
        """Have something done in the worker's thread when nothing else waits; a newer job of this name replaces it.

        A job asks with `run` and `beliefs`, which let requests and lessons go first. Where it was replaced meanwhile,
        they raise `Superseded`.
        """
        with self._changed:
            if not self._closed:
                self._jobs[name] = job
                self._begin()

    def _begin(self) -> None:
        self._changed.notify_all()
        if self._alive:
            return
        self._alive = True
        from ..sources import background  # pandas comes with it

        try:
            background.start(self._work, "nblabel-suggest", self.close)
        except RuntimeError as problem:  # no threads here (Pyodide), or none left: do without suggestions
            self._alive = False
            self._troubles.raised("starting", "the models' thread", problem)
        else:
            self._troubles.clear("starting")

    def get(self, item: Item | str) -> Suggestion | None:
        """What the model said of an item, given by itself or its identity; ``None`` if it has not said anything yet.

        Of an item that has changed since, the model has not said anything.
        """
        with self._changed:
            identity = item if isinstance(item, str) else item.identity
            known = self._done.get(identity)
            if known is None or (isinstance(item, Item) and known[0] != sign(item.data)):
                return None
            self._done.move_to_end(identity)
            return known[2]

    def invalidate(self) -> None:
        """Forget all results and requests."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()
            self._running.clear()
            self._done.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Ask nothing more and tell nothing more. Does not wait for a model that is at work."""
        self._trainer.close()
        self._watch.close()
        with self._changed:
            self._closed = True
            self._answers.clear()
            self._jobs.clear()
            self._generation += 1
            self._waiting.clear()
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all that was requested is answered; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not self._busy(), timeout)

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until besides all training and all jobs are done; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not (self._busy() or self._has_more()), timeout)

    def _busy(self) -> bool:
        return bool(self._waiting or self._running or self._answers or self._learning)

    def _has_more(self) -> bool:
        return bool(self._jobs or self._job or self._outcomes or self._trainer.busy)

    @property
    def _version(self) -> Version:
        return (self._adapter.version, self._learnt)

    # ---- in the worker's thread -----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._wanted(), _IDLE)
                if self._closed or not self._wanted():
                    self._alive = False
                    return
            if not (self._take_lessons() or self._ask_next()):
                self._do_next()
            self._tell_state()

    def _wanted(self) -> bool:
        return bool(self._waiting or self._answers or self._outcomes or self._jobs)

    def _take_lessons(self) -> bool:
        """Learn from what came since, and hear of training; whether there was anything."""
        with self._changed:
            if self._closed:
                return False
            outcomes, self._outcomes = self._outcomes, []
            given, self._answers = self._answers, []
            self._learning = bool(given or outcomes)
        if not (given or outcomes):
            return False
        for outcome in outcomes:
            self._called("hearing", self._on_trained, outcome)
        changed = any(outcome.changed for outcome in outcomes)
        if given:
            changed = self._learn(itertools.chain.from_iterable(given)) or changed
        if changed:
            self._called("hearing", self._on_learnt)
        if self._lessons.enough:
            try:
                self._trainer.want()
            except RuntimeError as problem:
                self._troubles.raised("training", "the thread for training", problem)
        with self._changed:
            self._learning = False
            self._changed.notify_all()
        return True

    def _learn(self, answers: Iterator[Labelled]) -> bool:
        """Read answers and hand over what is due; whether the model suggests otherwise now."""
        taught = False

        def late() -> None:
            self._troubles.note(
                "learning", f"{self._adapter.name}: {self._too_long} to learn from answers, and is still at it"
            )
            self._tell_state()

        try:
            with self._watch.over(late):
                while batch := list(itertools.islice(answers, _LESSON)):
                    self._lessons.take(batch)
                    taught = self._lessons.teach(now=taught) or taught
                if self._urgent:
                    self._urgent = False
                    self._lessons.hurry()
                taught = self._lessons.teach(now=taught) or taught
            self._troubles.clear("learning")
        except BaseException as problem:  # as when it is asked: whatever a model does, labelling goes on
            self._troubles.raised("learning", f"{self._adapter.name} while learning", problem)
            taught = True
        changed = taught and self._adapter.at_once
        self._learnt += changed
        return changed

    def _ask_next(self) -> bool:
        """Ask about the next items that wait; whether there were any."""
        version = self._version
        with self._changed:
            if self._closed or not self._waiting:
                return False
            generation = self._generation
            batch = [self._waiting.popitem(last=False) for _ in range(min(self._adapter.batch, len(self._waiting)))]
            self._running = {identity: (content, version) for identity, (content, _, _) in batch}
        items = [item for _, (_, item, _) in batch]
        self._tell_state()
        found = self._run(items, lambda late: self._keep_late(generation, version, batch, late))
        self._keep(generation, version, batch, found)
        return True

    def _run(
        self, items: Sequence[Item], late: Callable[[Sequence[Suggestion]], None] = lambda late: None
    ) -> list[Suggestion]:
        def tell() -> None:
            told = f"{self._too_long}, and is still at it"
            self._troubles.note("asking", f"{self._adapter.name} on item {items[0].key!r}: {told}")
            late([Suggestion(one.identity, error=f"{self._adapter.name} on item {one.key!r}: {told}") for one in items])
            self._tell_state()

        try:
            with self._watch.over(tell):
                found = self._adapter.run(items)
        except BaseException as problem:  # SystemExit of a model must not end the worker
            if len(items) > 1:
                return [one for item in items for one in self._run([item], late)]
            told = self._troubles.raised("asking", f"{self._adapter.name} on item {items[0].key!r}", problem)
            return [Suggestion(items[0].identity, error=told)]
        failed = next((one for one in reversed(found) if one.error and not one.annotations), None)
        if failed is None:
            self._troubles.clear("asking")
        else:
            self._troubles.note("asking", failed.error, self._adapter.last_traceback)
        return found

    @property
    def _too_long(self) -> str:
        return f"took longer than {self._watch.seconds or 0:g} s"

    def _keep(
        self, generation: int, version: Version, batch: Sequence[tuple[str, Wanted]], found: Sequence[Suggestion]
    ) -> None:
        made = [
            (identity, content, one if one.item == identity else msgspec.structs.replace(one, item=identity))
            for (identity, (content, _, _)), one in zip(batch, found, strict=True)
        ]
        with self._changed:
            if generation != self._generation:
                return
            for identity, content, suggestion in made:
                self._done[identity] = (content, version, suggestion)
                self._done.move_to_end(identity)
            while len(self._done) > self._limit:
                self._done.popitem(last=False)
        for _, _, suggestion in made:
            if generation == self._generation:  # it may be closed at any time
                self._called("hearing", self._on_result, suggestion)
        with self._changed:
            if generation == self._generation:
                for identity, _, _ in made:
                    self._running.pop(identity, None)
            self._changed.notify_all()

    def _keep_late(
        self, generation: int, version: Version, batch: Sequence[tuple[str, Wanted]], late: Sequence[Suggestion]
    ) -> None:
        """That items take too long: told unless they have been answered in this very moment."""
        with self._changed:
            left = {identity for identity, running in self._running.items() if running[1] == version}
        told = {one.item: one for one in late if one.item in left}
        open_ = [one for one in batch if one[0] in told]
        self._keep(generation, version, open_, [told[identity] for identity, _ in open_])

    def _called(self, kind: str, listener: Callable[..., None], *given: Any) -> None:
        try:
            listener(*given)
        except Exception as problem:
            self._troubles.raised(kind, "what hears of the model", problem)
        else:
            self._troubles.clear(kind)

    def _tell_state(self) -> None:
        state = self.state()
        with self._changed:
            if self._closed or state == self._told:
                return
            self._told = state
        self._called("telling", self._on_state)

    # ---- jobs -----------------------------------------------------------------------------------

    def _do_next(self) -> None:
        with self._changed:
            if self._closed or not self._jobs:
                return
            self._job, job = self._jobs.popitem(last=False)
        kind = f"job {self._job}"
        self._tell_state()
        try:
            job()
            self._troubles.clear(kind)
        except Superseded:
            pass
        except BaseException as problem:
            self._troubles.raised(kind, f"{self._adapter.name}: {self._job}", problem)
        with self._changed:
            self._job = ""
            self._changed.notify_all()

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """Within a job: what the model suggests for these items, asked anew."""
        return [one for batch in self._batches(items) for one in self._run(batch)]

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        """Within a job: what the model believes of these items."""
        return Beliefs.joined([self._believed(batch) for batch in self._batches(items)])

    def _believed(self, items: Sequence[Item]) -> Beliefs:
        def tell() -> None:
            told = f"{self._too_long}, and is still at it"
            self._troubles.note("asking", f"{self._adapter.name} on item {items[0].key!r}: {told}")
            self._tell_state()

        try:
            with self._watch.over(tell):
                found = self._adapter.beliefs(items)
        except Exception:
            raise
        except BaseException as problem:  # SystemExit of a model must not end who waits for the job
            raise SuggestError(f"{self._adapter.name}: {type(problem).__name__}: {problem}") from problem
        self._troubles.clear("asking")
        return found

    def _batches(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """The items bit by bit; what a person waits for goes first."""
        size = self._adapter.batch
        for start in range(0, len(items), size):
            while not self._closed and (self._take_lessons() or self._ask_next()):
                pass
            with self._changed:
                if self._closed or self._job in self._jobs:
                    raise Superseded(self._job)
            yield items[start : start + size]

    # ---- in the thread that trains --------------------------------------------------------------

    def _training(self) -> None:
        with self._changed:
            self._changed.notify_all()
        self._tell_state()

    def _trained(self, outcome: Trained) -> None:
        self._lessons.end_training(outcome.labels, outcome.changed)
        if outcome.error:
            self._troubles.note("training", outcome.error, outcome.detail)
        else:
            self._troubles.clear("training")
        with self._changed:
            if not self._closed:
                self._outcomes.append(outcome)
                self._begin()
