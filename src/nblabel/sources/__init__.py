"""What a user hands in, as items by key: frames, lists, spaCy Docs, files; and live columns of the user's frame."""

from .base import Source
from .opening import open_source

__all__ = ["Source", "open_source"]
