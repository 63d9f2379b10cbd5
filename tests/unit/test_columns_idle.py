"""When the user's frame may be changed: with a real IPython shell."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nblabel.sources.idle import CellGate


@pytest.fixture
def shell() -> Iterator[Any]:
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell(config=config)
    yield made
    made.events.callbacks.clear()


def in_a_process(code: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=env)


def hooks(shell: Any) -> int:
    return len(shell.events.callbacks["pre_run_cell"]) + len(shell.events.callbacks["post_run_cell"])


def elsewhere(work: Any) -> threading.Thread:
    """Do it in another thread, as messages of the browser are handled while a cell runs."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.2)
    return thread


def run(shell: Any, code: str, **names: Any) -> Any:
    shell.user_ns.update(names)
    return shell.run_cell(code)


def test_without_ipython_nothing_ever_waits() -> None:
    code = (
        "import sys; from nblabel.sources.idle import CellGate; gate = CellGate(); done = []\n"
        "gate.run(lambda: done.append(1)); assert done == [1] and not gate.running\n"
        "assert CellGate.shared() is CellGate.shared()\n"
        "import nblabel.sources; assert not {'IPython', 'spacy', 'polars', 'anywidget'} & set(sys.modules)"
    )
    in_a_process(code)


def test_an_action_of_another_thread_waits_for_the_end_of_the_cell(shell: Any) -> None:
    gate = CellGate(shell)
    done: list[str] = []

    def ask() -> None:
        elsewhere(lambda: gate.run(lambda: done.append(f"written, running={gate.running}")))
        done.append(f"cell goes on, running={gate.running}")

    run(shell, "ask()", ask=ask)
    assert done == ["cell goes on, running=True", "written, running=False"]
    gate.run(lambda: done.append("now"))
    elsewhere(lambda: gate.run(lambda: done.append("and now")))
    assert done[2:] == ["now", "and now"]


def test_what_the_cell_itself_asks_for_is_done_at_once(shell: Any) -> None:
    gate = CellGate(shell)
    seen: list[int] = []

    def ask() -> None:
        gate.run(lambda: seen.append(1))
        seen.append(2)

    run(shell, "ask()", ask=ask)
    assert seen == [1, 2]


@pytest.mark.parametrize("code", ["make()", "await make_later()", "make(); 1 / 0", "get_ipython().run_cell('make()')"])
def test_a_gate_made_in_a_cell_counts_it_as_running(shell: Any, code: str) -> None:
    made: list[CellGate] = []
    done: list[int] = []

    def make() -> None:
        made.append(CellGate(shell))
        assert made[0].running
        elsewhere(lambda: made[0].run(lambda: done.append(1)))
        assert not done

    async def make_later() -> None:
        make()

    run(shell, code, make=make, make_later=make_later, get_ipython=lambda: shell)
    assert done == [1]
    assert not made[0].running
    run(shell, "1")
    assert not made[0].running


def test_a_gate_made_outside_a_cell_is_open(shell: Any) -> None:
    assert not CellGate(shell).running


@pytest.mark.parametrize(
    "code", ["", "  \n", "1 / 0", "def broken(", "raise KeyboardInterrupt", "%run nowhere.py", "raise SystemExit"]
)
@pytest.mark.filterwarnings("ignore:To exit")
def test_it_opens_after_every_kind_of_cell(shell: Any, code: str) -> None:
    gate = CellGate(shell)
    for _ in range(2):
        run(shell, code)
        assert not gate.running


def test_nested_cells_end_with_the_outer_one(shell: Any) -> None:
    gate = CellGate(shell)
    done: list[str] = []

    def ask(name: str) -> None:
        elsewhere(lambda: gate.run(lambda: done.append(name)))

    code = "ask('a'); get_ipython().run_cell('ask(1)'); get_ipython().run_cell(''); seen = list(done); ask('b')"
    run(shell, code, ask=ask, done=done, get_ipython=lambda: shell)
    assert shell.user_ns["seen"] == []
    assert done == ["a", 1, "b"]


def test_cells_of_two_threads_both_count(shell: Any) -> None:
    gate = CellGate(shell)
    done: list[int] = []
    info, other = object(), object()

    class Result:
        def __init__(self, info: object) -> None:
            self.info = info

    elsewhere(lambda: shell.events.trigger("pre_run_cell", other))
    shell.events.trigger("pre_run_cell", info)
    gate.run(lambda: done.append(1))
    shell.events.trigger("post_run_cell", Result(info))
    assert not done
    elsewhere(lambda: shell.events.trigger("post_run_cell", Result(other)))
    assert done == [1]


def test_no_cell_begins_while_an_action_is_under_way(shell: Any) -> None:
    gate = CellGate(shell)
    begun, finish = threading.Event(), threading.Event()
    order: list[str] = []

    def write() -> None:
        begun.set()
        finish.wait(20)
        order.append("written")

    writing = threading.Thread(target=lambda: gate.run(write))
    writing.start()
    begun.wait(20)
    cell = threading.Thread(target=lambda: run(shell, "order.append('cell')", order=order))
    cell.start()
    cell.join(0.2)
    assert order == []
    finish.set()
    writing.join(20)
    cell.join(20)
    assert order == ["written", "cell"]


def test_errors_of_actions_that_waited_are_told_and_the_others_done(
    shell: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gate = CellGate(shell)
    done: list[int] = []

    def ask() -> None:
        for action in (lambda: 1 / 0, lambda: done.append(1)):
            elsewhere(lambda action=action: gate.run(action))

    with caplog.at_level(logging.ERROR, "nblabel"):
        run(shell, "ask()", ask=ask)
    assert done == [1]
    assert [type(error) for error in gate.errors] == [ZeroDivisionError]
    assert "division by zero" in caplog.text
    with pytest.raises(ZeroDivisionError):
        gate.run(lambda: 1 / 0)  # type: ignore[arg-type,return-value]


def test_listeners_hear_of_each_cell_before_what_waited_is_done(shell: Any) -> None:
    gate = CellGate(shell)
    order: list[str] = []

    class Owner:
        def heard(self) -> None:
            order.append("method")

    owner = Owner()
    gate.after_each_cell(owner.heard)
    end = gate.after_each_cell(lambda: order.append("function"))
    gate.after_each_cell(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    run(shell, "ask()", ask=lambda: elsewhere(lambda: gate.run(lambda: order.append("action"))))
    assert order == ["method", "function", "action"]
    order.clear()
    del owner
    end()
    gc.collect()
    run(shell, "1")
    assert order == []
    assert len(gate.errors) == 2


def test_a_gate_that_is_gone_leaves_no_hook(shell: Any) -> None:
    before = hooks(shell)
    gate = CellGate(shell)
    assert hooks(shell) == before + 2
    del gate
    gc.collect()
    assert hooks(shell) == before
    closed = CellGate(shell)
    closed.close()
    assert hooks(shell) == before
    closed.close()


def test_one_gate_for_all_labelers_of_a_shell() -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell; from traitlets.config import Config\n"
        "c = Config(); c.HistoryManager.enabled = False; shell = InteractiveShell.instance(config=c)\n"
        "r = shell.run_cell('from nblabel.sources.idle import CellGate; g = CellGate.shared(); assert g.running')\n"
        "assert r.success\n"
        "from nblabel.sources.idle import CellGate\n"
        "assert CellGate.shared() is shell.user_ns['g'] and not CellGate.shared().running\n"
    )
    in_a_process(code)
