"""The worker that asks models off the labelling path."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nblabel.annotations import Choice
from nblabel.beliefs import Beliefs
from nblabel.errors import SuggestError
from nblabel.records import Item, Labelled, Response, Suggestion
from nblabel.schema import Schema
from nblabel.suggest import Runner
from nblabel.suggest.states import State
from nblabel.suggest.trainer import Trained

SCHEMA = Schema.of({"mood": ["good", "bad"]})
LONG = 30.0  # only ever reached by a failure


def items(*names: str) -> list[Item]:
    return [Item(name, f"text {name}", name) for name in names]


class Told:
    """What the runner told, in order."""

    def __init__(self) -> None:
        self.all: list[Suggestion] = []
        self.threads: set[int] = set()

    def __call__(self, suggestion: Suggestion) -> None:
        self.threads.add(threading.get_ident())
        self.all.append(suggestion)

    @property
    def names(self) -> list[str]:
        return [one.item for one in self.all]


class Gate:
    """A model that waits to be let through, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.begun = threading.Semaphore(0)
        self.free = threading.Semaphore(0)

    def __call__(self, text: str) -> str:
        self.asked.append(text.removeprefix("text "))
        self.begun.release()
        self.free.acquire()
        return "good"

    def open(self, times: int = 100) -> None:
        self.free.release(times)


@pytest.fixture
def made() -> Any:
    runners: list[Runner] = []

    def make(model: Callable[[str], Any], told: Callable[[Suggestion], None], **options: Any) -> Runner:
        runners.append(Runner(model, SCHEMA, told, **options))
        return runners[-1]

    yield make
    for runner in runners:
        runner.close()


def test_results_are_told_and_kept(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told)
    assert runner.get("a") is None
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    assert told.names == ["a", "b"]
    assert told.threads.isdisjoint({threading.get_ident()})
    found = runner.get("a")
    assert found is told.all[0]
    assert [a.label for a in found.annotations] == ["good"]
    assert runner.get(items("b")[0]) is told.all[1]


def test_nothing_is_asked_twice_unless_it_changed(made: Any) -> None:
    asked: list[str] = []

    def model(text: str) -> str:
        asked.append(text)
        return "good"

    told = Told()
    runner = made(model, told)
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    runner.request(items("b", "a"))
    assert runner.wait(LONG)
    assert asked == ["text a", "text b"]
    changed = Item("a", "other", "a")
    assert runner.get(changed) is None
    runner.request([changed])
    assert runner.wait(LONG)
    assert asked == ["text a", "text b", "other"]
    assert runner.get(changed) is not None
    assert runner.get(items("a")[0]) is None


def test_the_newest_request_comes_first_and_duplicates_are_merged(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a", "b", "c"))
    assert gate.begun.acquire(timeout=LONG)  # a is being asked about
    runner.request(items("a", "c", "d"))
    gate.open()
    assert runner.wait(LONG)
    assert gate.asked == ["a", "c", "d", "b"]
    assert told.names == gate.asked


def test_a_model_that_hangs_blocks_nobody(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a"))
    assert gate.begun.acquire(timeout=LONG)
    runner.request(items("b"))
    assert runner.get("a") is None
    assert not runner.wait(0.0)
    runner.close()
    assert runner.wait(LONG)
    gate.open()
    assert told.all == []


def test_only_one_thread_asks(made: Any) -> None:
    threads: set[int] = set()

    def model(text: str) -> str:
        threads.add(threading.get_ident())
        return "good"

    told = Told()
    runner = made(model, told)
    callers = [
        threading.Thread(target=runner.request, args=[items(*(f"{n}-{k}" for k in range(20)))]) for n in range(5)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert runner.wait(LONG)
    assert sorted(told.names) == sorted(f"{n}-{k}" for n in range(5) for k in range(20))
    assert len(threads) == 1


def test_failures_become_suggestions_with_an_error_and_the_worker_goes_on(made: Any) -> None:
    def model(text: str) -> str:
        if text == "text b":
            raise ValueError("first line\nsecond line")
        if text == "text c":
            raise SystemExit(3)
        return "good"

    told = Told()
    runner = made(model, told)
    runner.request(items("a", "b", "c", "d"))
    assert runner.wait(LONG)
    errors = {one.item: one.error for one in told.all}
    assert errors["a"] == errors["d"] == ""
    assert errors["b"].endswith("ValueError: first line")
    assert "SystemExit" in errors["c"]
    assert "SystemExit" in runner.last_traceback
    runner.request(items("b"))  # a failure is an answer too: it is not asked for again and again
    assert runner.wait(LONG)
    assert len(told.all) == 4


def test_a_receiver_that_raises_does_not_end_the_worker(made: Any) -> None:
    seen: list[str] = []

    def receiver(suggestion: Suggestion) -> None:
        seen.append(suggestion.item)
        raise RuntimeError("page is gone")

    runner = made(lambda text: "good", receiver)
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    assert seen == ["a", "b"]
    assert "page is gone" in runner.last_traceback


def test_invalidate_forgets_results_and_what_is_under_way(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a", "b"))
    assert gate.begun.acquire(timeout=LONG)
    runner.invalidate()
    runner.request(items("a"))
    gate.open()
    assert runner.wait(LONG)
    assert gate.asked == ["a", "a"]
    assert told.names == ["a"]  # only the second answer counts
    runner.invalidate()
    assert runner.get("a") is None


def test_the_cache_is_bounded_and_forgets_the_longest_unused(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told, cache=3)
    runner.request(items("a", "b", "c"))
    assert runner.wait(LONG)
    assert runner.get("a") is not None
    runner.request(items("d"))
    assert runner.wait(LONG)
    assert [name for name in "abcd" if runner.get(name)] == ["a", "c", "d"]


def test_what_waits_is_bounded_but_never_the_newest_request(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("first"))
    assert gate.begun.acquire(timeout=LONG)
    runner.request(items(*(f"old{n}" for n in range(600))))
    runner.request(items(*(f"new{n}" for n in range(450))))
    gate.open(2000)
    assert runner.wait(LONG)
    assert gate.asked[1:451] == [f"new{n}" for n in range(450)]
    assert gate.asked[451:] == [f"old{n}" for n in range(50)]


def test_after_close_nothing_is_asked(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told)
    runner.close()
    runner.request(items("a"))
    assert runner.wait(LONG)
    assert told.all == []
    assert runner.get("a") is None


def test_no_thread_runs_before_the_first_request(made: Any) -> None:
    before = set(threading.enumerate())
    runner = made(lambda text: "good", Told())
    assert set(threading.enumerate()) <= before
    runner.request([])
    assert set(threading.enumerate()) <= before


def test_a_worker_without_work_ends_and_another_begins(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.suggest.runner._IDLE", 0.01)
    before = set(threading.enumerate())
    told = Told()
    runner = made(lambda text: "good", told)
    runner.request(items("a"))
    assert runner.wait(LONG)
    for thread in set(threading.enumerate()) - before:
        if thread.name == "nblabel-suggest":
            thread.join(LONG)
    assert not any(thread.name == "nblabel-suggest" for thread in set(threading.enumerate()) - before)
    runner.request(items("b"))
    assert runner.wait(LONG)
    assert told.names == ["a", "b"]


def test_without_threads_labelling_goes_on(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    runner = made(lambda text: "good", Told())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        runner.request(items("a"))
    assert runner.get("a") is None
    assert "can't start new thread" in runner.last_traceback
    runner.request(items("b"))
    assert runner.wait(LONG)
    assert runner.get("a") is not None


# ---- learning and training -----------------------------------------------------------------------


def answers(*names: str, mood: str = "good", status: Any = "submitted") -> list[Labelled]:
    made = (Choice(mood, field="mood"),)
    return [Labelled(Item(n, f"text {n}", n), Response(n, "me", status, made)) for n in names]


class Counts:
    """Learns at once, and notes what it is taught."""

    source = "counts"

    def __init__(self) -> None:
        self.lessons: list[list[str]] = []

    def suggest(self, items: Any) -> Any:
        return [[("good", min(len(self.lessons) / 10, 1.0))] for _ in items]

    def learn(self, answers: Any) -> None:
        self.lessons.append([one.item.identity for one in answers])


class Pupil(Counts):
    """Trains when it is let, and fails when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.free = threading.Semaphore(0)
        self.failure: BaseException | None = None
        self.version = ""
        self.at_once = 0
        self.most_at_once = 0
        self.stopped = False

    def train(self, stop: threading.Event) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.release()
        while not self.free.acquire(timeout=0.01):
            if stop.is_set():
                self.stopped = True
                self.begun.release()
                return False
        self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        self.version = str(int(self.version or 0) + 1)
        return True


def test_a_light_learner_learns_at_once_or_after_so_many(made: Any) -> None:
    eager, patient = Counts(), Counts()
    runner = made(eager, Told())
    for name in "ab":
        runner.learn(answers(name))
        assert runner.wait(LONG)
    assert eager.lessons == [["a"], ["b"]]
    assert (runner.state().labels, runner.state().until_next) == (2, 0)
    runner = made(patient, Told(), learn_every=3)
    told = [*(answers(name) for name in "aad"), answers("d", status="pending"), answers("b"), answers("c")]
    for lesson in told:  # d is taken back before anybody learnt of it
        assert patient.lessons == []
        runner.learn(lesson)
        assert runner.wait(LONG)
    assert patient.lessons == [["a", "b", "c"]]
    assert (runner.state().labels, runner.state().until_next) == (3, 3)
    runner.learn(answers("a", status="pending"))
    runner.learn(answers("e", "f"))
    assert runner.wait(LONG)
    assert patient.lessons[1:] == [["a", "e", "f"]]
    assert runner.state().labels == 4


def test_what_is_read_at_the_beginning_is_learnt_whole(made: Any) -> None:
    learner = Counts()
    runner = made(learner, Told(), learn_every=100)
    runner.learn(answers(*map(str, range(450))))
    assert runner.wait(LONG)
    assert [len(lesson) for lesson in learner.lessons] == [200, 200, 50]


@pytest.mark.parametrize("every", [0, 1.5, True, "3"])
def test_learning_after_no_number_of_answers_is_refused(every: Any) -> None:
    with pytest.raises(SuggestError, match="learn_every="):
        Runner(Counts(), SCHEMA, Told(), learn_every=every)


def test_training_goes_on_beside_suggesting_and_brings_the_next_version(made: Any) -> None:
    pupil, told, trained, learnt = Pupil(), Told(), [], threading.Semaphore(0)
    runner = made(pupil, told, learn_every=2, on_trained=trained.append, on_learnt=learnt.release)
    runner.request(items("x"))
    runner.learn(answers("a"))
    assert runner.wait(LONG)
    assert runner.state().until_next == 1
    runner.learn(answers("b"))
    assert pupil.begun.acquire(timeout=LONG)
    assert runner.state().state == "training"
    runner.request(items("y"))
    assert runner.wait(LONG)  # while it trains
    assert told.names == ["x", "y"]
    assert told.all[1].annotations[0].source == "counts"
    runner.request(items("x"))
    assert runner.wait(LONG)
    assert told.names == ["x", "y"]  # nothing has changed yet
    pupil.free.release()
    assert learnt.acquire(timeout=LONG)
    assert [(one.version, one.labels, one.changed, one.error) for one in trained] == [("1", 2, True, "")]
    assert runner.settle(LONG)
    state = runner.state()
    assert (state.name, state.version, state.state, state.labels, state.until_next) == ("counts", "1", "idle", 2, 2)
    assert runner.get("x") is told.all[0]  # stays until it is asked for again
    runner.request(items("x"))
    assert runner.wait(LONG)
    assert told.all[2].annotations[0].source == "counts@1"


def test_training_is_never_done_twice_at_once_and_wishes_are_remembered(made: Any) -> None:
    pupil = Pupil()
    trained: list[Trained] = []
    runner = made(pupil, Told(), learn_every=1, on_trained=trained.append)
    runner.learn(answers("a"))
    assert pupil.begun.acquire(timeout=LONG)
    for name in "bcd":
        runner.learn(answers(name))
        assert runner.wait(LONG)
    pupil.free.release(2)
    assert runner.settle(LONG)
    assert [(one.version, one.labels) for one in trained] == [("1", 1), ("2", 4)]
    assert pupil.most_at_once == 1


@pytest.mark.parametrize("failure", [ValueError("no memory of it"), MemoryError(), SystemExit(3), KeyboardInterrupt()])
def test_a_training_that_raises_is_told_and_tried_again(made: Any, failure: BaseException) -> None:
    pupil = Pupil()
    pupil.failure = failure
    trained: list[Trained] = []
    runner = made(pupil, Told(), learn_every=2, on_trained=trained.append)
    pupil.free.release(2)
    runner.learn(answers("a", "b"))
    assert runner.settle(LONG)
    state = runner.state()
    assert state.state == "failed"
    assert state.error.startswith(f"counts could not be trained: {type(failure).__name__}")
    assert "in train" in state.detail
    assert (state.version, state.labels, state.until_next) == ("", 0, 2)
    runner.request(items("x"))
    assert runner.wait(LONG)
    assert runner.get("x").error == ""
    assert runner.state().state == "failed"  # suggesting goes well, training does not
    pupil.failure = None
    runner.learn(answers("c", "d"))
    assert runner.settle(LONG)
    assert (runner.state().state, runner.state().error, runner.state().labels) == ("idle", "", 4)
    assert [one.changed for one in trained] == [False, True]


def test_too_little_to_learn_from_is_told_and_tried_with_the_next_answer(made: Any) -> None:
    class Choosy(Pupil):
        waiting = ""

        def train(self, stop: threading.Event) -> bool:
            moods = {name for lesson in self.lessons for name in lesson}
            self.waiting = "" if len(moods) > 2 else "it needs another label"
            return not self.waiting

    runner = made(Choosy(), Told(), learn_every=2)
    runner.learn(answers("a", "b"))
    assert runner.settle(LONG)
    assert (runner.state().waiting, runner.state().until_next, runner.state().labels) == (
        "it needs another label",
        1,
        0,
    )
    runner.learn(answers("c"))
    assert runner.settle(LONG)
    assert (runner.state().waiting, runner.state().until_next, runner.state().labels) == ("", 2, 3)


def test_closing_stops_training_and_no_thread_is_left(made: Any) -> None:
    before = set(threading.enumerate())
    pupil = Pupil()
    runner = made(pupil, Told(), learn_every=1)
    runner.request(items("x"))
    assert runner.wait(LONG)
    runner.learn(answers("a"))
    assert pupil.begun.acquire(timeout=LONG)
    mine = set(threading.enumerate()) - before
    assert {thread.name for thread in mine} == {"nblabel-suggest", "nblabel-train", "nblabel-watch"}
    assert all(thread.daemon for thread in mine)
    runner.close()
    for thread in mine:
        thread.join(LONG)
    assert not set(threading.enumerate()) - before
    assert pupil.stopped
    runner.learn(answers("b"))
    assert not set(threading.enumerate()) - before


def test_the_interpreter_ends_while_a_model_is_trained() -> None:
    program = """
import threading
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Schema
from nblabel.suggest import Runner
class Slow:
    source = "slow"
    learn_every = 1
    def suggest(self, items): return [[] for item in items]
    def learn(self, answers): pass
    def train(self, stop):
        begun.set()
        stop.wait()
        print("stopped")
begun = threading.Event()
runner = Runner(Slow(), Schema.of({"mood": ["good", "bad"]}), print)
runner.learn([Labelled(Item(0, "x", "x"), Response("x", "me", "submitted"))])
begun.wait(30)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert (ended.stdout.strip(), ended.stderr) == ("stopped", "")


def test_a_list_learns_and_trains_with_those_that_do(made: Any) -> None:
    counts, pupil = Counts(), Pupil()
    pupil.source = "pupil"
    runner = made([counts, pupil, lambda text: "bad"], Told(), learn_every=None)
    assert runner.adapter.learn_every == 10
    pupil.free.release()
    runner.learn(answers(*"abcdefghij"))
    assert runner.settle(LONG)
    assert (len(counts.lessons), pupil.version) == (1, "1")
    assert runner.source == "counts + pupil@1 + callable"
    assert runner.state().version == "1"


def test_one_of_several_that_cannot_be_trained_does_not_keep_the_others_from_it(made: Any) -> None:
    broken, pupil = Pupil(), Pupil()
    broken.source, broken.failure = "broken", ValueError("no")
    for one in (broken, pupil):
        one.free.release()
    trained: list[Trained] = []
    runner = made([broken, pupil], Told(), learn_every=1, on_trained=trained.append)
    runner.learn(answers("a"))
    assert runner.settle(LONG)
    assert [(one.changed, one.version) for one in trained] == [(True, "1")]
    assert runner.state().error.endswith("could not be trained: ValueError: no")
    assert runner.state().labels == 1


# ---- jobs ------------------------------------------------------------------------------------------


def test_a_job_waits_for_requests_and_is_done_in_the_models_thread(made: Any) -> None:
    gate, told, order = Gate(), Told(), []
    runner = made(gate, told)
    runner.request(items("a"))
    assert gate.begun.acquire(timeout=LONG)
    runner.do("rank", lambda: order.append("replaced"))

    def job() -> None:
        order.append(threading.get_ident())
        order.append(runner.beliefs(items("p", "q")).count)

    runner.do("rank", job)
    runner.request(items("b"))
    gate.open()
    assert runner.settle(LONG)
    assert gate.asked == ["a", "b", "p", "q"]
    assert order == [*told.threads, 2]


def test_requests_overtake_a_job_and_a_newer_one_ends_it(made: Any) -> None:
    gate, told, done = Gate(), Told(), []
    runner = made(gate, told)

    def job() -> None:
        runner.run(items("p", "q", "r"))
        done.append("old")

    runner.do("rank", job)
    assert gate.begun.acquire(timeout=LONG)  # p
    runner.request(items("a"))
    gate.open(2)
    assert gate.begun.acquire(timeout=LONG)
    assert gate.begun.acquire(timeout=LONG)  # a, then q
    runner.do("rank", lambda: done.append("new"))
    gate.open()
    assert runner.settle(LONG)
    assert gate.asked == ["p", "a", "q"]
    assert done == ["new"]
    assert told.names == ["a"]
    assert runner.state().error == ""


def test_a_job_that_raises_is_told_until_it_goes_well(made: Any) -> None:
    runner = made(lambda text: "good", Told())
    runner.do("rank", lambda: [][0])
    assert runner.settle(LONG)
    assert (runner.state().state, runner.state().error) == (
        "failed",
        "callable: rank: IndexError: list index out of range",
    )
    assert "list index" in runner.state().detail
    runner.do("rank", lambda: None)
    assert runner.settle(LONG)
    assert runner.state().state == "idle"


def test_a_model_that_exits_ends_a_job_only(made: Any) -> None:
    def model(text: str) -> str:
        raise SystemExit(3)

    raised: list[BaseException] = []

    def job() -> None:
        try:
            runner.beliefs(items("a"))
        except BaseException as error:
            raised.append(error)

    runner = made(model, Told())
    runner.do("rank", job)
    assert runner.settle(LONG)
    assert [type(error) for error in raised] == [SuggestError]
    assert "model: SystemExit: 3" in str(raised[0])


def test_beliefs_come_in_batches_of_one_model(made: Any) -> None:
    class Scores(Counts):
        batch = 2

        def scores(self, items: Any) -> Any:
            return [float("inf") if item.identity == "b" else len(item.data) for item in items]

    found: list[Beliefs] = []
    runner = made(Scores(), Told())
    runner.do("rank", lambda: found.append(runner.beliefs(items("a", "b", "ccc"))))
    assert runner.settle(LONG)
    assert found[0].count == 3
    assert found[0].scores.tolist() == [6, pytest.approx(float("nan"), nan_ok=True), 8]


# ---- what is passed, and what one sees of it -----------------------------------------------------------


def test_what_a_person_has_passed_is_not_looked_at(made: Any) -> None:
    gate = Gate()
    runner = made(gate, Told())
    runner.request(items("first"))
    assert gate.begun.acquire(timeout=LONG)
    runner.request(items("wall"))  # a wall of pictures waits for as long as it takes
    for n in range(20):
        runner.request(items(f"p{n}", f"p{n + 1}"), passing=True)
    runner.cancel(["p20", "never"])
    gate.open(1000)
    assert runner.wait(LONG)
    assert gate.asked == ["first", "p19", *(f"p{n}" for n in range(18, 11, -1)), "wall"]


def test_the_state_is_told_as_it_changes(made: Any) -> None:
    states: list[State] = []
    told = Told()
    gate = Gate()

    def model(text: str) -> str:
        gate(text)
        if text == "text b":
            raise ValueError("no b")
        return "good"

    runner = made(model, told, on_state=lambda: states.append(runner.state()))
    runner.request(items("a", "b"))
    gate.open(2)
    assert runner.settle(LONG)
    runner.request(items("c"))
    assert gate.begun.acquire(timeout=LONG)
    gate.open(1)
    assert runner.settle(LONG)
    runner.do("last", lambda: None)  # what is told of c is told by now
    assert runner.settle(LONG)
    seen = [state.state for state in states]
    assert seen[0] == "busy"
    assert "failed" in seen
    failed = next(state for state in states if state.state == "failed")
    assert failed.error.endswith("model on item 'b': ValueError: no b")
    assert "raise ValueError" in failed.detail
    assert runner.state().state == "idle"
    assert runner.state().error == ""
