"""Rows of numbers for texts, images and recordings, in numpy alone: near each other where things are alike.

They are the same in every process, and good enough to train a first classifier and to tell what differs; embeddings
of a real model are better, see ``features=`` of the classifiers that train.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..media.sound import Sound
from ..records import Item
from .adapters import View
from .classifiers import image_features

__all__ = ["plain", "sound_features", "text_features"]

Rows = NDArray[np.float32]

_WIDTH = 512
_LONGEST = 20_000
"""Characters of a text that are looked at."""
_AT_ONCE = 1 << 18
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_BREAK = ord(" ")
_WORD = re.compile(r"\w+|[^\w\s]")

_RATE = 16000
_SECONDS = 60
"""Seconds of a recording that are listened to."""
_BANDS = 40
_WINDOW, _HOP, _FFT = 400, 160, 512

_SIDE = 256
"""Pixels of the shorter side of an image from which on pixels are left out."""


def plain(items: Sequence[Item], view: View | None = None) -> Rows:
    """A row for each item by the kind of its data: `text_features`, `image_features` or `sound_features`.

    Parameters
    ----------
    items : sequence of Item
        All of one kind. What cannot be read, or is of another kind, has a row of zeros.
    view : callable, optional
        What is seen of an item, if that is not its data.

    Examples
    --------
    >>> rows = plain([Item(0, "so good"), Item(1, "So good!"), Item(2, "rain")])
    >>> rows.shape, bool(rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2])
    ((3, 512), True)
    """
    made: list[tuple[int, Rows]] = []
    texts: list[tuple[int, str]] = []
    for n, item in enumerate(items):
        try:
            given = None if item.problem else item.data if view is None else view(item)
            if isinstance(given, str):
                texts.append((n, given))
            elif isinstance(given, Sound):
                made.append((n, _sound_row(given)))
            elif given is not None:
                made.append((n, _image_row(given)))
        except Exception:  # a file that is gone: whoever asks the model about the item is told
            continue
    if texts:
        rows = text_features([text for _, text in texts])
        made = [(n, row) for (n, _), row in zip(texts, rows, strict=True)]
    width = len(made[0][1]) if made else _WIDTH
    found = np.zeros((len(items), width), np.float32)
    for n, row in made:
        if len(row) == width:
            found[n] = row
    return found


def text_features(texts: Sequence[str], *, width: int = _WIDTH) -> Rows:
    """Hashed counts of words, pairs of words, and runs of 3 and 4 characters; half of the columns each, of length 1.

    Parameters
    ----------
    texts : sequence of str
        Of each the first 20,000 characters count; case does not.
    width : int
        How many columns there are: a power of 2.

    Examples
    --------
    >>> rows = text_features(["Berlin is big", "berlin is big", "Ada wrote a letter", ""])
    >>> (rows @ rows.T).round(1)[0, :2], float(abs(rows[3]).sum())
    (array([1., 1.], dtype=float32), 0.0)
    """
    if width < 4 or width & (width - 1):
        raise ValueError(f"width={width!r} is no power of 2 from 4 on")
    rows = np.zeros((len(texts), width), np.float32)
    begin, size = 0, 0
    for n, text in enumerate(texts):
        size += min(len(text), _LONGEST)
        if size > _AT_ONCE or n + 1 == len(texts):
            _count(texts[begin : n + 1], rows[begin : n + 1])
            begin, size = n + 1, 0
    return rows


def _count(texts: Sequence[str], rows: Rows) -> None:
    """Fill in the rows of some texts."""
    words = [_WORD.findall(text[:_LONGEST].lower()) for text in texts]
    joined = [f" {' '.join(of_text)} " if of_text else "" for of_text in words]
    codes = np.frombuffer("".join(joined).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if not len(codes):
        return
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in joined])
    half = rows.shape[1] // 2

    # words lie between spaces; each begins behind one
    spaces = np.flatnonzero(codes == _BREAK)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(codes * _powers(len(codes)), dtype=np.uint64)])
    counted = []
    for length in (1, 2):
        first, last = spaces[:-length] + 1, spaces[length:]
        inside = (owner[first - 1] == owner[last]) & (last - first >= length)  # of one text, and none of them empty
        first, last = first[inside], last[inside]
        counted.append((owner[first], (sums[last] - sums[first]) * _inverses(len(codes))[first]))
    _add(rows[:, :half], counted)

    counted = []
    for length in (3, 4):
        first = np.arange(max(len(codes) - length + 1, 0))
        first = first[owner[first] == owner[first + length - 1]]
        counted.append((owner[first], (sums[first + length] - sums[first]) * _inverses(len(codes))[first]))
    _add(rows[:, half:], counted)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)


def _add(rows: Rows, counted: Sequence[tuple[NDArray[np.int64], NDArray[np.uint64]]]) -> None:
    """Count what was hashed, each with a sign of its own, so that what falls together does not add up."""
    count, width = rows.shape
    mixed = np.concatenate([hashes for _, hashes in counted])
    owners = np.concatenate([owner for owner, _ in counted])
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _MIX
    column = (mixed >> np.uint64(64 - int(width).bit_length() + 1)).astype(np.int64)
    sign = np.where(mixed & np.uint64(1 << 20), 1.0, -1.0)
    sums = np.bincount(owners * width + column, sign, minlength=count * width).reshape(count, width)
    rows[:] = np.sign(sums) * np.log1p(np.abs(sums))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)


def _powers(count: int) -> NDArray[np.uint64]:
    return _table(1 << max(count - 1, 1).bit_length())[0][:count]


def _inverses(count: int) -> NDArray[np.uint64]:
    return _table(1 << max(count - 1, 1).bit_length())[1][:count]


@cache
def _table(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Powers of an odd number and of its inverse modulo 2^64: a run of characters has one hash wherever it stands."""
    inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
    ones = np.ones(size, np.uint64)
    powers, inverses = ones.copy(), ones.copy()
    powers[1:], inverses[1:] = _BASE, inverse
    return np.cumprod(powers, dtype=np.uint64), np.cumprod(inverses, dtype=np.uint64)


def _image_row(given: Any) -> Rows:
    image = np.asarray(given)
    if image.ndim not in (2, 3):
        raise ValueError(f"an array of shape {image.shape} is no image")
    step = max(min(image.shape[:2]) // _SIDE, 1)
    row: Rows = image_features([image[::step, ::step]])[0]
    return row


def sound_features(sounds: Sequence[Any]) -> Rows:
    """What recordings sound like: 40 bands of pitch, their means, spread and change, and their course in quarters.

    Of each recording the first minute counts, as one channel of 16 kHz; it is read in parts.

    Parameters
    ----------
    sounds : sequence of Sound, or of (samples, rate)
        The recordings.

    Examples
    --------
    >>> time = np.arange(16000) / 16000
    >>> low, high = (Sound.of(0.1 * np.sin(2 * np.pi * hz * time), 16000) for hz in (200, 3000))
    >>> sound_features([low, high, (np.zeros(100), 8000)]).shape
    (3, 282)
    """
    made = [_sound_row(one if isinstance(one, Sound) else Sound.of(*one)) for one in sounds]
    return np.stack(made) if made else np.zeros((0, 7 * _BANDS + 2), np.float32)


def _sound_row(sound: Sound) -> Rows:
    heard: list[Rows] = []
    tail = np.zeros(0, np.float32)
    for block in sound.blocks(10, mono=True, rate=_RATE):
        wave = np.concatenate([tail, block])
        heard.append(_bands(wave))
        tail = wave[len(heard[-1]) * _HOP :]
        if sum(map(len, heard)) * _HOP >= _SECONDS * _RATE:
            break
    else:
        if len(tail):  # the end, and what is shorter than a window
            heard.append(_bands(np.pad(tail, (0, max(_WINDOW - len(tail), 0)))))
    bands = np.concatenate([*heard, np.zeros((0, _BANDS), np.float32)])
    if not len(bands):
        return np.zeros(7 * _BANDS + 2, np.float32)
    loudness = bands.mean()
    shape = bands - loudness
    change = np.diff(shape, axis=0) if len(shape) > 1 else np.zeros((1, _BANDS), np.float32)
    cuts = np.linspace(0, len(shape), 5).astype(int)
    last = len(shape) - 1
    quarters = [shape[min(a, last) : max(b, a + 1)].mean(axis=0) for a, b in itertools.pairwise(cuts)]
    told = [shape.mean(axis=0), shape.std(axis=0), change.std(axis=0), *quarters]
    ends = np.array([loudness, np.log1p(len(bands))])
    row: Rows = np.nan_to_num(np.concatenate([*told, ends])).astype(np.float32)
    return row


def _bands(wave: Rows) -> Rows:
    """The loudness of each band, window by window, on a scale of logarithms; a window that is not full is left out."""
    if len(wave) < _WINDOW:
        return np.zeros((0, _BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(wave, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), _FFT)) ** 2
    found: Rows = np.log(power @ _filters().T + 1e-6).astype(np.float32)
    return found


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles over the frequencies, evenly apart as ears hear them (O'Shaughnessy's mel)."""
    top = 2595 * np.log10(1 + _RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(_FFT, 1 / _RATE)
    rising = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    found: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return found
