"""Models in the loop of one session: what they suggest, learn, and put next."""

from __future__ import annotations

from .bulk import Prelabelled
from .loop import Loop
from .news import ModelChanged
from .options import Options

__all__ = ["Loop", "ModelChanged", "Options", "Prelabelled"]
