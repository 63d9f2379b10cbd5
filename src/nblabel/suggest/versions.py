"""What tells one version of a model, or of an item's data, from another, where nobody says so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["digest", "fitted", "sign"]

_LOOKED_AT = 512
"""Numbers of an array that are looked at: models may be large, and another fit changes nearly all of them."""
_DEEP = 6


def digest(*parts: Any) -> str:
    """A short sign that changes with what is given.

    Examples
    --------
    >>> digest("a", [1, 2]), digest("a", [1, 3]) == digest("a", [1, 2])
    ('cbdf99', False)
    """
    made = hashlib.blake2b(digest_size=3)
    for part in parts:
        _feed(made, part, _DEEP)
    return made.hexdigest()


def sign(data: Any) -> str:
    """What tells that an item's data is still what it was; of large data only a part is looked at.

    Examples
    --------
    >>> sign("so good") == sign("so good"), sign("so good") == sign("so bad")
    (True, False)
    """
    if isinstance(data, np.ndarray):
        about = repr((data.shape, data.dtype.str)).encode()
        told = about + data.reshape(-1)[:: max(data.size // 1024, 1)].tobytes()
    elif isinstance(data, bytes):
        told = repr(len(data)).encode() + data[:4096] + data[-4096:]
    else:
        told = (data if isinstance(data, str) else repr(data)[:65536]).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def fitted(model: Any) -> dict[str, Any]:
    """What a model of scikit-learn has learnt: the attributes whose names end with an underscore, of each step.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> sorted(fitted(DummyClassifier().fit([[0], [1]], ["a", "b"])))[:2]
    ['0.class_prior_', '0.classes_']
    """
    steps = [step for _, step in getattr(model, "steps", ())] or [model]
    found = {}
    for n, step in enumerate(steps):
        for name, value in getattr(step, "__dict__", {}).items():
            if name.endswith("_") and not name.endswith("__"):
                found[f"{n}.{name}"] = value
    return found


def _feed(made: Any, value: Any, depth: int) -> None:
    made.update(type(value).__name__.encode())
    if isinstance(value, str):
        made.update(value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        some = value.flat[:: max(value.size // _LOOKED_AT, 1)]
        made.update(repr((value.shape, value.dtype.str, some.tolist())).encode())
    elif isinstance(value, Mapping) and depth:
        made.update(str(len(value)).encode())
        for key in list(value)[:: max(len(value) // _LOOKED_AT, 1)]:
            _feed(made, key, depth - 1)
            _feed(made, value[key], depth - 1)
    elif isinstance(value, (Sequence, np.ndarray)) and depth:
        made.update(str(len(value)).encode())
        for one in value[:: max(len(value) // _LOOKED_AT, 1)]:
            _feed(made, one, depth - 1)
    elif isinstance(value, (int, float, complex, bool, bytes, np.generic, type(None))):
        made.update(repr(value).encode())
    elif depth and hasattr(value, "__dict__"):  # a tree of a forest; other things have no content that could be read
        for name, part in sorted(vars(value).items()):
            made.update(name.encode())
            _feed(made, part, depth - 1)
