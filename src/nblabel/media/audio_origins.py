"""What a user hands in as a recording: a path, bytes, or samples with their rate; and marks of it as it is now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .base import MediaError
from .origins import array_mark, file_mark, marked, named_origin, path_origin, sampled_mark

__all__ = ["AudioOrigin", "Samples", "glance_at_audio", "mark_of_audio", "origin_of_audio", "rate_of"]

_KINDS = ("audio/", "video/", "application/ogg", "application/octet-stream")
_MOST_CHANNELS = 1024
_MOST_RATE = 1 << 30


class Samples(NamedTuple):
    """Samples in memory as (n, channels), and how many of them are a second."""

    array: npt.NDArray[Any]
    rate: int


AudioOrigin: TypeAlias = "str | bytes | Samples"
"""A path that can be opened, the bytes of a file, or samples."""


def origin_of_audio(value: Any, root: str = "") -> AudioOrigin:
    """What to read for a value that stands for a recording; raises `MediaError` if it stands for none.

    Parameters
    ----------
    value : object
        A path (``str`` or path-like), a data URI, bytes, ``(samples, rate)``, or a dict with ``array`` and
        ``sampling_rate``, or with ``bytes`` or ``path``, as data sets of Hugging Face have them.
    root : str
        The folder that relative paths lie under.

    Examples
    --------
    >>> origin_of_audio("data:audio/wav;base64,UklGRg==")
    b'RIFF'
    >>> origin_of_audio((np.zeros(8), 4)).array.shape
    (8, 1)
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, os.PathLike):
        return path_origin(os.fsdecode(value), root, "recording")
    if isinstance(value, str):
        return named_origin(str(value), root, "recording", _KINDS)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return _samples(*value)
    if isinstance(value, Mapping):
        if value.get("array") is not None:
            return _samples(value["array"], value.get("sampling_rate"))
        for name in ("bytes", "path"):
            if value.get(name) is not None:
                return origin_of_audio(value[name], root)
    kind = type(value).__name__
    hint = "samples need their rate: (samples, rate)" if hasattr(value, "__array__") else ""
    raise MediaError(f"not a recording: the value is {'an' if kind[0] in 'aeiou' else 'a'} {kind}", hint)


def rate_of(given: Any) -> int:
    """The rate as a whole number; raises `MediaError` for what is none."""
    try:
        rate = int(given)
        if isinstance(given, (bool, np.bool_)) or rate != given or not 0 < rate <= _MOST_RATE:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise MediaError(
            f"the rate {str(given)[:40]!r} is no number of samples a second",
            "such as (samples, 16000)",
        ) from None
    return rate


def _samples(samples: Any, rate: Any) -> Samples:
    given = samples
    try:
        array = given if isinstance(given, np.ndarray) else np.asarray(_at_hand(given))
    except Exception as error:  # a tensor may live anywhere
        raise MediaError(f"not a recording: the samples cannot be read as an array: {error}") from None
    if array.dtype.kind not in "iuf":
        raise MediaError(f"not a recording: samples of the type {array.dtype}", "give integers or floats")
    if array.ndim not in (1, 2):
        raise MediaError(f"not a recording: samples of the shape {array.shape}", "give (n,) or (n, channels)")
    if array.ndim == 2 and array.shape[1] == 0:
        raise MediaError("the recording has no channels")
    if array.ndim == 2 and array.shape[1] > _MOST_CHANNELS:
        hint = "channels come last: hand in samples.T" if array.shape[0] <= _MOST_CHANNELS else ""
        raise MediaError(f"the recording has {array.shape[1]} channels", hint)
    if not array.shape[0]:
        raise MediaError("the recording is empty: it has no samples")
    return Samples(array if array.ndim == 2 else array[:, None], rate_of(rate))


def _at_hand(given: Any) -> Any:
    return given.detach().cpu() if hasattr(given, "detach") else given


# ---- marks -------------------------------------------------------------------------------------------


def mark_of_audio(value: Any, root: str = "") -> bytes:
    """16 bytes for the content as it is now; of one that cannot be read, for the reason why.

    Of files only the length and three pieces are read: a path has a name without its content.
    """
    try:
        origin = origin_of_audio(value, root)
        if isinstance(origin, Samples):
            return marked(b"samples", str(origin.rate).encode(), array_mark(origin.array))
        return file_mark(origin) if isinstance(origin, str) else marked(origin)
    except OSError as error:
        return marked(b"missing", str(error.strerror).encode())
    except Exception as error:  # an object of the user's may do anything here
        return marked(b"problem", str(error).encode("utf-8", "surrogatepass"))


def glance_at_audio(value: Any, root: str = "") -> bytes:
    """16 bytes that tell in no time that a value is not what it was: from a sample of it, or the time of its file."""
    try:
        if isinstance(value, str) and value[:5].lower() == "data:":
            return sampled_mark(len(value), lambda start, stop: value[start:stop].encode("utf-8", "surrogatepass"))
        origin = origin_of_audio(value, root)
        if isinstance(origin, str):
            found = os.stat(origin)  # noqa: PTH116 - a path as it was written
            return marked(origin.encode("utf-8", "surrogatepass"), f" {found.st_size} {found.st_mtime_ns}".encode())
        if isinstance(origin, bytes):
            return sampled_mark(len(origin), lambda start, stop: origin[start:stop])
        array, rate = origin
        kind = f"{array.__array_interface__['data'][0]} {array.shape} {array.dtype.str} {rate}"
        return marked(kind.encode(), np.ascontiguousarray(array[:: 1 + len(array) // 1024]).tobytes())
    except Exception as error:  # an object of the user's may do anything here
        return marked(b"problem", str(error).encode("utf-8", "surrogatepass"))
