"""What there is to hear of models."""

from __future__ import annotations

import msgspec

from ..protocol import ModelState

__all__ = ["ModelChanged"]


class ModelChanged(msgspec.Struct, frozen=True):
    """Something about the model that suggests is not as it was."""

    model: ModelState
