"""Several views, pages and kernels of one labeler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

import nblabel as nb
from nblabel.search import Search

from ..labeler import LabelerPage
from .harness import Stage

pytestmark = pytest.mark.browser


def labeler(store: str | Path = ":memory:") -> Callable[[], nb.TextLabeler]:
    return lambda: nb.TextLabeler(["one", "two", "three", "four"], choices=["good", "bad"], store=store)


@pytest.mark.parametrize(("root", "bare"), [("plain", False), ("shadow", True)])
def test_views_of_one_labeler_go_together(stage: Callable[..., Stage], root: str, bare: bool) -> None:
    page = stage(labeler(), root=root, bare=bare)
    page.show()
    first, second = LabelerPage(page.view(0)).until_ready(), LabelerPage(page.view(1)).until_ready()
    second.focus().press("1").until_key(1)
    first.until_key(1).focus().press("2").until_key(2)
    second.until_key(2).until_saved()
    # one connection, whatever the number of views (it may ask for news again, after a kernel that was slow to answer)
    assert len([one for one in page.kernel.messages if one.kind == "hello" and not one.data["content"].get("at")]) == 1
    assert page.lab.annotations["label"].tolist() == ["good", "bad"]

    page.hide(0)  # the other goes on
    LabelerPage(page.view(0)).focus().press("1").until_key(3).until_saved()
    page.hide(0)
    assert page.page.locator(".nblabel").count() == 0
    page.show()
    LabelerPage(page.el).until_ready().until_key(3)
    page.lab.close()
    page.page.wait_for_function("() => document.querySelectorAll('.nblabel').length === 0")
    assert page.census() == {"listeners": [], "slots": 0}
    assert not page.problems


def test_python_leads(stage: Callable[..., Stage]) -> None:
    page = stage(labeler())
    shown = LabelerPage(page.el).until_ready()
    page.lab.submit("bad")
    shown.until_key(1)
    page.lab.goto(3)
    shown.until_key(3)
    page.lab.undo()
    shown.until_key(0)
    page.lab.filter("submitted")
    shown.part("empty").wait_for()


def test_a_page_that_was_closed_leaves_its_labels(stage: Callable[..., Stage], tmp_path: Path) -> None:
    page = stage(labeler(tmp_path / "labels.db"))
    shown = LabelerPage(page.el).until_ready().focus()
    with page.kernel.busy():
        shown.press("1", "2")
        shown.until_key(2)
        page.reload()  # what the kernel has not seen is in the browser's own storage
    page.kernel.kill(tell=False)
    page.restart()
    LabelerPage(page.el).until_ready().until_key(2).until_saved()
    assert page.lab.annotations["label"].tolist() == ["good", "bad"]
    assert [entry.event.action for entry in page.lab._store.entries("text")].count("submit") == 2


def test_a_page_comes_back_before_its_old_messages_are_stored(stage: Callable[..., Stage], tmp_path: Path) -> None:
    """The old labeler is served by a subshell while the cell makes a new one: their messages overtake each other."""
    page = stage(lambda: nb.TextLabeler([str(n) for n in range(40)], choices=["good", "bad"], store=tmp_path / "l.db"))
    shown = LabelerPage(page.el).until_ready().focus()
    page.kernel.serve_aside()
    page.kernel.delay = 0.15
    for number in range(8):
        shown.press("1").until_key(number + 1)
    page.reload()
    page.kernel.delay = 0.0
    page.rerun()
    shown = LabelerPage(page.el).until_ready().until_key(8).until_saved()
    page.until_python(lambda: page.lab.progress.submitted == 8)
    page.page.wait_for_timeout(1500)  # what the old labeler stores late changes nothing any more
    shown.until_key(8).focus().press("2").until_key(9).until_saved()
    assert page.lab.annotations["label"].tolist() == ["good"] * 8 + ["bad"]
    actions = [entry.event.action for entry in page.lab._store.entries("text")]
    assert actions.count("submit") == 9


def test_a_labeler_that_is_not_shown_keeps_quiet(stage: Callable[..., Stage], tmp_path: Path) -> None:
    """A page that is opened again makes the models of all labelers there are: only one that is shown may speak."""
    page = stage(labeler(tmp_path / "labels.db"))
    LabelerPage(page.el).until_ready().focus().press("1").until_key(1).until_saved()
    page.reload()
    asked = len(page.kernel.sizes("hello"))
    page.restore()
    page.page.wait_for_timeout(300)
    assert len(page.kernel.sizes("hello")) == asked
    page.show()
    LabelerPage(page.el).until_ready().until_key(1)
    assert len(page.kernel.sizes("hello")) == asked + 1


def test_opens_where_another_labeler_stopped(stage: Callable[..., Stage], tmp_path: Path) -> None:
    page = stage(labeler(tmp_path / "labels.db"))
    shown = LabelerPage(page.el).until_ready().focus()
    late = page.kernel.do(page.kernel.make)  # made, but not shown yet
    shown.press("1", "2").until_key(2).until_saved()
    page.kernel.lab = late
    page.kernel._attach()
    page._host("clear()")
    page.show()
    LabelerPage(page.el).until_ready().until_key(2)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[Search]:
    """Labelers open without a search, as those of very many items do; searches end when the test says so."""
    begun: list[Search] = []
    monkeypatch.setattr("nblabel.answers.PATIENCE", 0.0)
    monkeypatch.setattr("nblabel.session.PATIENCE", 0.0)
    monkeypatch.setattr("nblabel.sources.background.quiet", lambda: 30.0)
    monkeypatch.setattr(Search, "start", lambda search: begun.append(search))
    return begun


@pytest.mark.parametrize("goes_on", [False, True])
def test_answers_that_have_moved_arrive_later(
    stage: Callable[..., Stage], tmp_path: Path, searches: list[Search], goes_on: bool
) -> None:
    texts = [f"number {n}" for n in range(200)]
    before = nb.TextLabeler(texts, choices=["good", "bad"], store=tmp_path / "l.db")
    for _ in range(5):
        before.submit("good")
    before.close()
    page = stage(lambda: nb.TextLabeler(texts[::-1], choices=["good", "bad"], store=tmp_path / "l.db"))
    shown = LabelerPage(page.el).until_ready().focus()
    assert (shown.key, shown.done) == ("0", 0)
    assert shown.part("undo").is_disabled()
    if goes_on:
        shown.press("2").until_key(1).until_saved()
    page.kernel.do(searches[-1]._look)
    expect(shown.part("progress")).to_have_text("6 done" if goes_on else "5 done")
    expect(shown.part("undo")).to_be_enabled()
    if goes_on:  # a person who labels is left in peace
        assert shown.key == "1"
        shown.press("p").until_key(0)
        shown.press("n", "1").until_key(2).until_saved()
    else:
        shown.until_key(194)  # where work had stopped
        shown.press("1").until_key(0).until_saved()  # all behind it are done

    def log() -> list[str]:
        return [entry.event.action for entry in page.lab._store.entries("text")]

    made = log()
    for n in range(len(made) - 5 + 1):  # undo goes through what was done here to what was done before
        shown.press("Control+z")
        page.until_python(lambda n=n: len(log()) == len(made) + n + 1)
    shown.until_key(195)
    page.until_python(lambda: page.lab.progress.submitted == 4)
    assert page.lab.annotations["key"].tolist() == [196, 197, 198, 199]
    assert not page.problems
