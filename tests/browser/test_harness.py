"""The harness itself: the kernel in a thread is as busy, slow or dead as it is told to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nblabel.labelers.text import TextLabeler

from .harness import Stage

pytestmark = pytest.mark.browser


def labeler(store: str | Path = ":memory:") -> Callable[[], TextLabeler]:
    return lambda: TextLabeler(["one", "two", "three", "four"], choices=["good", "bad"], store=store)


@pytest.mark.parametrize("root", ["plain", "shadow"])
def test_talks_to_the_real_bridge(stage: Callable[..., Stage], root: str) -> None:
    page = stage(labeler(), bundle="probe", root=root)
    page.until("root.textContent.startsWith('one')")
    page.el.focus()
    page.press("Enter", "Enter")
    page.until("root.dataset.stored === '2'")
    assert page.lab.progress.submitted == 2
    assert list(page.lab.annotations["key"]) == [0, 1]
    assert len(page.kernel.sizes("events")) == 2
    assert page.kernel.sizes("ack", up=False)
    page.until_python(lambda: page.lab._saves == 2)  # a trait that the page writes

    page.lab.goto(3)  # Python leads, the page follows
    page.until("root.textContent.startsWith('four')")
    assert not page.problems
    assert not page.kernel.complaints()


def test_busy_and_dead_kernels(stage: Callable[..., Stage], tmp_path: Path) -> None:
    page = stage(labeler(tmp_path / "labels.db"), bundle="probe")
    page.until("root.textContent.startsWith('one')")
    page.el.focus()
    with page.kernel.busy():
        page.press("Enter")
        page.page.wait_for_timeout(200)
        assert page.el.get_attribute("data-stored") == "0"
        assert page.lab.progress.submitted == 0
    page.until("root.dataset.stored === '1'")

    page.kernel.kill(tell=False)
    page.press("Enter")
    page.page.wait_for_timeout(100)
    page.restart()
    page.until("root.textContent.startsWith('one')")  # the probe keeps nothing: its second label is lost
    assert page.lab.progress.submitted == 1

    page.reload()
    assert not page.page.locator(".nblabel").count()
    page.rerun()
    page.until("root.textContent.startsWith('one')")
    assert page.lab.progress.submitted == 1


def test_cut_connections(stage: Callable[..., Stage]) -> None:
    page = stage(labeler(), bundle="probe")
    page.until("root.textContent.startsWith('one')")
    page.el.focus()
    page.cut()
    page.press("Enter")
    page.page.wait_for_timeout(100)
    assert page.lab.progress.submitted == 0
    page.mend()
    page.until("root.dataset.stored === '1'")
    page.cut()
    page.press("Enter")
    page.mend(lossy=True)
    page.kernel.settle()
    assert page.lab.progress.submitted == 1


def test_views_come_and_go(stage: Callable[..., Stage]) -> None:
    page = stage(labeler(), bundle="probe")
    page.show()
    page.until("root.textContent.startsWith('one')")
    page.view(0).focus()
    page.press("Enter")
    page.until("root.dataset.stored === '1'")
    assert page.view(0).text_content() == page.view(1).text_content()
    page.hide(0)
    assert page.page.locator(".nblabel").count() == 1
    page.lab.close()
    page.page.wait_for_function("() => document.querySelectorAll('.nblabel').length === 0")


def test_keys_that_reach_the_host(stage: Callable[..., Stage]) -> None:
    page = stage(labeler(), bundle="probe")
    page.until("root.textContent.startsWith('one')")
    page.el.focus()
    page.press("a", "x", "d", "d")
    assert page.leaked() == []
    page.page.evaluate("document.activeElement.blur()")
    page.press("a")
    assert page.leaked() == ["a"]
