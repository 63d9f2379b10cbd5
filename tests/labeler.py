"""A labeler on any page, as a person sees it: in JupyterLab, Notebook 7, marimo, or the test host."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

__all__ = ["LabelerPage"]


class LabelerPage:
    """What a labeler shows, and its keys.

    Parameters
    ----------
    root : Locator
        The ``.nblabel`` element; it may be in a shadow root.
    """

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.page = root.page

    def part(self, name: str) -> Locator:
        """The part with this test id."""
        return self.root.get_by_test_id(f"nbl-{name}")

    def until_ready(self, *, timeout: float = 30) -> LabelerPage:
        """Wait until it shows an item, or that there is none."""
        shown = self.root.locator(".nbl-item:not([hidden]), [data-testid='nbl-done'], [data-testid='nbl-empty']")
        shown.first.wait_for(timeout=timeout * 1000)
        return self

    def focus(self) -> LabelerPage:
        """Put the focus into the labeler, as a click on it does."""
        head = self.root.locator(".nbl-item-head")
        if head.is_visible():
            head.click()
        else:  # all is answered
            self.root.focus()
        return self

    def press(self, *keys: str) -> LabelerPage:
        """Press keys one after the other; the focus must be in the labeler."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def type(self, text: str) -> LabelerPage:
        """Type into what has the focus."""
        self.page.keyboard.type(text)
        return self

    @property
    def key(self) -> str:
        """The key of the item shown."""
        return self.root.locator(".nbl-item-key").inner_text().removeprefix("key").strip()

    @property
    def place(self) -> tuple[int, int]:
        """Which item of how many, from 1."""
        found = re.findall(r"[\d,]+", self.part("position").inner_text())
        one, many = (int(number.replace(",", "")) for number in found)
        return one, many

    @property
    def done(self) -> int:
        """How many items are done, as the page says."""
        return int(re.sub(r"\D", "", self.part("progress").inner_text()))

    @property
    def saving(self) -> str:
        """What the status line says: saved, unsaved, busy, gone or error."""
        return str(self.part("status").get_attribute("data-kind"))

    @property
    def words(self) -> str:
        """The status line in words."""
        return self.part("status").inner_text()

    def until_key(self, key: object, *, timeout: float = 15) -> LabelerPage:
        """Wait until the item with this key is shown."""
        shown = re.compile(rf"^(key )?{re.escape(str(key))}$")
        expect(self.root.locator(".nbl-item-key")).to_have_text(shown, timeout=timeout * 1000)
        return self

    @property
    def waiting(self) -> bool:
        """Whether it has no item to show until the kernel answers."""
        return self.root.locator(".nbl-item").is_hidden() and self.part("done").count() == 0

    def until_gone_on(self, key: str, *, timeout: float = 15) -> LabelerPage:
        """Wait until it shows anything but the item with this key."""
        self.page.wait_for_function(
            "([root, key]) => { const item = root.querySelector('.nbl-item');"
            " if (!item || item.hidden) return true;"
            " return root.querySelector('.nbl-item-key')?.innerText.replace(/^key/, '').trim() !== key; }",
            arg=[self.root.element_handle(), key],
            timeout=timeout * 1000,
        )
        return self

    def until_saved(self, *, timeout: float = 60) -> LabelerPage:
        """Wait until the kernel has stored everything."""
        expect(self.part("status")).to_have_attribute("data-kind", "saved", timeout=timeout * 1000)
        return self

    def until_saving(self, kind: str, *, timeout: float = 60) -> LabelerPage:
        """Wait until the status line says this."""
        expect(self.part("status")).to_have_attribute("data-kind", kind, timeout=timeout * 1000)
        return self
