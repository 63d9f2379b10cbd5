"""Models in the loop of one session: what they suggest, learn, and put next."""

from __future__ import annotations

from .loop import Loop

__all__ = ["Loop"]
