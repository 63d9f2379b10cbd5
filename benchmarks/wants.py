"""What the page's clock can wait for; `page` holds the clock itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Want:
    """What the page should show: an element with this text, an image of this width, or so many elements."""

    selector: str
    text: str | None = None
    width: int | None = None
    count: int | None = None

    def js(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Attributes:
    """The first element that a selector finds should have other values of these attributes than now."""

    selector: str
    names: tuple[str, ...]

    def js(self) -> dict[str, Any]:
        return {"selector": self.selector, "attributes": self.names}


@dataclass(frozen=True)
class Spot:
    """A small square on canvases: its middle from the top left of the anchor, in CSS pixels."""

    x: float
    y: float
    side: int = 5


@dataclass(frozen=True)
class Colours:
    """Each spot should hold a pixel of its colour, on any of the canvases over it."""

    anchor: str
    spots: tuple[tuple[Spot, tuple[int, int, int]], ...]
    reach: int = 40
    """By how much each of red, green and blue may be off."""

    @property
    def selector(self) -> str:
        return self.anchor

    def js(self) -> dict[str, Any]:
        return {
            "anchor": self.anchor,
            "reach": self.reach,
            "colours": [{**vars(spot), "rgb": colour} for spot, colour in self.spots],
        }


@dataclass(frozen=True)
class Changed:
    """Each spot should look otherwise than now: on any canvas, or (``layers``) on each that has drawn there."""

    anchor: str
    spots: tuple[Spot, ...]
    layers: bool = False

    @property
    def selector(self) -> str:
        return self.anchor

    def js(self) -> dict[str, Any]:
        return {"anchor": self.anchor, "layers": self.layers, "changed": [vars(spot) for spot in self.spots]}


@dataclass(frozen=True)
class Settled:
    """Nothing that could be seen: the frame that follows the input's own listeners, with all that they do."""

    selector: str = ""

    def js(self) -> dict[str, Any]:
        return {"settled": True}


Wanted = Want | Attributes | Colours | Changed | Settled
