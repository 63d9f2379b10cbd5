"""How models are taught and measured."""

from __future__ import annotations

import msgspec

from ..errors import NblabelError

__all__ = ["Options"]


class Options(msgspec.Struct, frozen=True):
    """What a user may set about models in the loop.

    Attributes
    ----------
    learn_every : int, optional
        After how many new answers models learn again; their own number if not given.
    hold_out : float
        The share of items whose answers models that train never see: they are measured on them.
    blind : float
        The share of items whose suggestions are not shown, to see whether suggestions lead people.
    """

    learn_every: int | None = None
    hold_out: float = 0.2
    blind: float = 0.0

    def __post_init__(self) -> None:
        every = self.learn_every
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise NblabelError(f"learn_every={every!r} must be a whole number from 1 on")
        for name, most in (("hold_out", 0.9), ("blind", 0.9)):
            share = getattr(self, name)
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= most:
                raise NblabelError(f"{name}={share!r} must be between 0 and {most}", "it is a share of the items")
