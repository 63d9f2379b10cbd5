"""What pointer and keys select on a page of items: plain state, which knows no widget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Picking"]


class Picking:
    """The selected items, in the order they were selected, and where the keys are.

    Examples
    --------
    >>> picking, page = Picking(), [4, 5, 6, 7]
    >>> picking.click(page, 5)
    >>> picking.click(page, 7, extend=True)
    >>> list(picking.picked), picking.cursor
    ([5, 6, 7], 7)
    """

    def __init__(self) -> None:
        self.picked: dict[int, None] = {}
        self.cursor: int | None = None
        self._anchor: int | None = None

    def clear(self) -> None:
        """Forget all."""
        self.__init__()  # type: ignore[misc]

    def take(self, positions: Iterable[int], *, more: bool = False) -> None:
        """Select these, in place of all others or besides them."""
        fresh = dict.fromkeys(positions)
        self.picked = {**self.picked, **fresh} if more else fresh

    def click(self, page: Sequence[int], position: int | None, *, more: bool = False, extend: bool = False) -> None:
        """Select one; with ``more`` add or remove it, with ``extend`` all from the last one to it.

        Parameters
        ----------
        page : sequence of int
            The items on the page, in order.
        position : int or None
            The item that was clicked on; ``None`` for none, which selects nothing.
        """
        if position is None:
            if not (more or extend):
                self.picked = {}
            return
        self.cursor = position
        if extend and self._anchor in page:
            one, other = sorted((page.index(self._anchor), page.index(position)))
            self.take(page[one : other + 1], more=more)
            return
        self._anchor = position
        if more and position in self.picked:
            self.picked = {one: None for one in self.picked if one != position}
        else:
            self.take([position], more=more)

    def move(
        self, page: Sequence[int], to: str, columns: int, *, more: bool = False, extend: bool = False
    ) -> int | None:
        """Go by keys to another item and select it, or with ``more`` only go there.

        Returns
        -------
        int or None
            The place on the page.
        """
        if not page:
            return None
        last = len(page) - 1
        place = page.index(self.cursor) if self.cursor in page else None
        steps = {"left": -1, "right": 1, "up": -columns, "down": columns, "first": -last, "last": last}
        step = steps.get(to)
        if step is None or place is None:
            goal = 0
        elif to in ("up", "down") and not 0 <= place + step <= last:
            goal = place
        else:
            goal = min(max(place + step, 0), last)
        if more:
            self.cursor = page[goal]
        else:
            self.click(page, page[goal], extend=extend)
        return goal
