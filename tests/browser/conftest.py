"""Opens labelers on test pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from nblabel import TextLabeler
from nblabel.labelers.image import ImageLabeler

from .audiopage import AudioPage
from .harness import Kernel, Stage
from .imagepage import ImagePage
from .textpage import TextPage


@pytest.fixture
def text_page(stage: Callable[..., Stage]) -> Callable[..., TextPage]:
    """Opens a page with a text labeler: from what `TextLabeler` takes, or from ``make=``, which makes one."""

    def open_one(
        data: Any = None, *, make: Callable[[], TextLabeler] | Kernel | None = None, ready: bool = True, **options: Any
    ) -> TextPage:
        names = ("root", "theme", "width", "bare", "context")
        page = {name: options.pop(name) for name in names if name in options}
        options.setdefault("store", ":memory:")
        options.setdefault("annotator", "ada")
        opened = TextPage(stage(make or (lambda: TextLabeler(data, **options)), **page))
        return opened.until_ready() if ready else opened

    return open_one


@pytest.fixture
def image_page(stage: Callable[..., Stage]) -> Callable[..., ImagePage]:
    """Opens a page with an image labeler: from what `ImageLabeler` takes, or from ``make=``, which makes one."""

    def open_one(
        data: Any = None, *, make: Callable[[], ImageLabeler] | Kernel | None = None, ready: bool = True, **options: Any
    ) -> ImagePage:
        names = ("root", "theme", "width", "bare", "context")
        page = {name: options.pop(name) for name in names if name in options}
        options.setdefault("store", ":memory:")
        options.setdefault("annotator", "ada")
        opened = ImagePage(stage(make or (lambda: ImageLabeler(data, **options)), bundle="image", **page))
        # an emulated screen paints canvases at whole CSS pixels only: the page must not put the labeler between them
        opened.page.add_style_tag(content="#before { display: block; box-sizing: border-box; height: 24px; }")
        if ready:
            opened.until_ready()
            opened.painted()
        return opened

    return open_one


@pytest.fixture
def audio_page(stage: Callable[..., Stage]) -> Callable[..., AudioPage]:
    """Opens a page with an audio labeler: from what `AudioLabeler` takes, or from ``make=``, which makes one."""
    from nblabel.labelers.audio import AudioLabeler

    def open_one(data: Any = None, *, make: Any = None, ready: bool = True, **options: Any) -> AudioPage:
        names = ("root", "theme", "width", "bare", "context")
        page = {name: options.pop(name) for name in names if name in options}
        options.setdefault("store", ":memory:")
        options.setdefault("annotator", "ada")
        opened = AudioPage(stage(make or (lambda: AudioLabeler(data, **options)), bundle="audio", **page))
        if ready:
            opened.until_ready()
            opened.painted()
        return opened

    return open_one


@pytest.fixture(params=["plain", "shadow"])
def root(request: pytest.FixtureRequest) -> str:
    """In a document, as Jupyter shows labelers, and in a shadow root, as marimo does."""
    return str(request.param)


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A small screen that is touched."""
    made = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    yield made
    made.close()
