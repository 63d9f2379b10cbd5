"""What is said: speech-to-text by faster-whisper, or by anything that takes a sound and returns text with times.

Examples
--------
>>> import numpy as np
>>> from nblabel.media.sound import Sound
>>> from nblabel.schema import Schema, Segments
>>> def model(sound):
...     return {"segments": [{"start": 0.25, "end": 0.75, "text": " Hello there. "}]}
>>> writer = transcribe(model).of_schema(Schema.of({"parts": Segments(["speech"], transcript=True)}))
>>> [(a.start, a.end, a.label, a.text) for a in writer(Sound.of(np.zeros(16000), 16000))]
[(0.25, 0.75, 'speech', 'Hello there.')]
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..annotations import Segment, Text
from ..errors import MissingExtra, SuggestError
from ..schema import Schema, Segments, Texts
from .adapters import name_of
from .sounds import get, place_for
from .voice import Voice

__all__ = ["Transcriber", "transcribe"]

_RATE = 16000
_LONGEST = 600.0  # seconds that a model of ours hears at once
_NEAR = 30.0  # seconds before that in which the quietest place is looked for


class Said(msgspec.Struct, frozen=True):
    """Something that was said."""

    start: float
    end: float
    text: str
    score: float | None = None
    words: tuple[Said, ...] = ()


class Transcriber:
    """Writes down what is said; made by `transcribe`, and asked through ``suggest=``.

    Attributes
    ----------
    source : str
        The name that its texts carry.
    """

    def __init__(
        self,
        model: Any,
        label: str | None,
        field: str | None,
        words: bool,
        within: Voice | None,
        download: bool,
        options: Mapping[str, Any],
    ) -> None:
        self._model = model
        self._label = label
        self._field = field
        self._words = words
        self._within = within
        self._download = download
        self._options = dict(options)
        self._place: tuple[str, str] | None = (field or "", label or "")
        self._whole = ""
        self._loaded: Any = None
        self._lock = Lock()
        self.source = _named(model)
        self.__qualname__ = self.source

    def of_schema(self, schema: Schema) -> Transcriber:
        """The same for these questions: with the label that speech has, or for the text of whole recordings."""
        made = Transcriber(
            self._model, self._label, self._field, self._words, self._within, self._download, self._options
        )
        made._loaded, made._lock = self._loaded, self._lock
        texts = [one.name for one in schema.fields if isinstance(one, Texts) and self._field in (None, one.name)]
        heard = any(isinstance(one, Segments) and self._field in (None, one.name) for one in schema.fields)
        if texts and not heard and self._label is None:
            made._place, made._whole = None, texts[0]
        else:
            made._place = place_for(schema, self._label, self._field, "transcribe()")
        return made

    def __call__(self, sound: Any) -> list[Any]:
        """The segments with their texts, or the text of the whole recording."""
        said = self._said(sound)
        if self._place is None:
            text = " ".join(one.text for one in said if one.text)
            return [Text(text, field=self._whole)] if text else []
        if self._within is not None:
            said = self._merged(said, self._within.stretches(sound))
        elif self._words:
            said = [word for one in said for word in (one.words or (one,))]
        field, label = self._place
        return [
            Segment(one.start, one.end, label, text=one.text, field=field, score=one.score)
            for one in said
            if one.text or self._within is not None
        ]

    @staticmethod
    def _merged(said: Iterable[Said], stretches: Iterable[tuple[float, float, float]]) -> list[Said]:
        """Each stretch of speech with the words whose middle lies in it, or nearest to it."""
        places = [[start, end, []] for start, end, _ in stretches]
        made: list[tuple[float, float, list[Said]]] = [(float(p[0]), float(p[1]), []) for p in places]  # type: ignore[arg-type]
        if not made:
            return list(said)
        starts = np.asarray([start for start, _, _ in made])
        ends = np.asarray([end for _, end, _ in made])
        for word in (word for one in said for word in (one.words or (one,))):
            middle = (word.start + word.end) / 2
            away = np.maximum(np.maximum(starts - middle, middle - ends), 0.0)
            made[int(away.argmin())][2].append(word)
        whole = []
        for start, end, words in made:
            scores = [word.score for word in words if word.score is not None]
            score = sum(scores) / len(scores) if scores else None
            whole.append(Said(start, end, " ".join(word.text for word in words), score))
        return whole

    def _said(self, sound: Any) -> list[Said]:
        model = self._ready()
        if not hasattr(model, "transcribe"):
            return list(_parsed(model(sound), float(sound.duration)))
        made: list[Said] = []
        options = {"word_timestamps": self._words or self._within is not None, **self._options}
        for samples, at in _windows(sound):
            with self._lock:  # these models take all processors there are
                found = list(_parsed(model.transcribe(samples, **options), len(samples) / _RATE))
            made += [_moved(one, at) for one in found]
        return made

    def _ready(self) -> Any:
        """The model, loaded when it is first needed."""
        if not isinstance(self._model, str | os.PathLike):
            return self._model
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._model, download=self._download)
            return self._loaded


def transcribe(
    model: Any,
    *,
    label: str | None = None,
    field: str | None = None,
    words: bool = False,
    within: Voice | None = None,
    download: bool = False,
    **options: Any,
) -> Transcriber:
    """What writes down speech, for ``suggest=``: segments with texts, or the text of each whole recording.

    Parameters
    ----------
    model : WhisperModel, path, name or callable
        A model of faster-whisper, the folder of one, or its name; or anything that takes a `Sound` and returns a text,
        ``{"segments": [{"start", "end", "text"}, ...]}``, ``{"chunks": [{"timestamp", "text"}, ...]}`` or a list of
        such segments.
    label : str, optional
        The label of the segments; may be left out where there is only one or none, or one called speech or voice.
    field : str, optional
        The field that is answered: for segments, or for the text of the whole recording.
    words : bool
        Whether each word is a segment, where the model tells the times of words.
    within : Voice, optional
        ``nb.suggest.voice()``: its stretches of speech are the segments, each with the words that are said in it.
    download : bool
        Whether a model that is named, and not there yet, may be fetched from the internet; nothing ever is otherwise.
    **options
        For the ``transcribe`` of the model, such as ``language="en"``.

    Examples
    --------
    >>> transcribe(lambda sound: "Hello").source
    'speech-to-text'
    """
    if within is not None and not isinstance(within, Voice):
        raise SuggestError(f"within= is a {type(within).__name__}", "give within=nb.suggest.voice()")
    if isinstance(model, type):
        raise SuggestError(f"transcribe() was given the class {model.__name__}", f"make one: {model.__name__}(...)")
    usable = callable(model) or callable(getattr(model, "transcribe", None))
    if not isinstance(model, str | os.PathLike) and not usable:
        raise SuggestError(
            f"a {type(model).__name__} cannot transcribe", "give a WhisperModel, a path, a name or a function"
        )
    if options and not isinstance(model, str | os.PathLike) and not hasattr(model, "transcribe"):
        raise SuggestError(f"a function takes no options: {', '.join(options)}", "make them part of the function")
    return Transcriber(model, label, field, words, within, download, options)


def _named(model: Any) -> str:
    if isinstance(model, str | os.PathLike):
        return f"whisper {Path(model).name}"
    if hasattr(model, "transcribe"):
        return "whisper" if "hisper" in type(model).__name__ else type(model).__name__
    name = name_of(model)
    return "speech-to-text" if name == "callable" else name


def _load(model: str | os.PathLike[str], *, download: bool) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise MissingExtra("speech-to-text by the name or path of a model", "speech") from None
    given = os.fspath(model)
    there = Path(given).is_dir()
    try:
        return WhisperModel(given, local_files_only=there or not download, compute_type="int8")
    except Exception as error:  # whatever the libraries below raise
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        hint = "" if there or download else "download=True fetches it by its name"
        raise SuggestError(f"{given!r} cannot be loaded as a model of faster-whisper: {words}", hint) from error


# ---- what models take and return -----------------------------------------------------------------


def _windows(sound: Any) -> Iterator[tuple[NDArray[np.float32], float]]:
    """A recording in portions of minutes that begin and end where it is quiet, with the second each begins at."""
    held: list[NDArray[np.float32]] = []
    at = 0
    for block in sound.blocks(_NEAR, mono=True, rate=_RATE):
        held.append(np.nan_to_num(block, posinf=0.0, neginf=0.0))
        if sum(map(len, held)) >= _LONGEST * _RATE:
            whole = np.concatenate(held)
            cut = len(whole) - _quietest(whole[-round(_NEAR * _RATE) :])
            yield whole[:cut], at / _RATE
            at += cut
            held = [whole[cut:]]
    if held:
        rest = np.concatenate(held)
        if len(rest):
            yield rest, at / _RATE


def _quietest(samples: NDArray[np.float32]) -> int:
    """How many samples before the end the quietest fifth of a second has its middle."""
    size = _RATE // 5
    rows = samples[len(samples) % size :].reshape(-1, size)
    best = int(np.square(rows, dtype=np.float64).mean(axis=1).argmin()) if len(rows) else 0
    return (len(rows) - best) * size - size // 2


def _moved(one: Said, by: float) -> Said:
    words = tuple(_moved(word, by) for word in one.words)
    return msgspec.structs.replace(one, start=one.start + by, end=one.end + by, words=words)


def _parsed(answer: Any, duration: float) -> Iterator[Said]:
    """What a model returned, as what was said when; raises `SuggestError`."""
    if answer is None:
        return
    if isinstance(answer, str):
        if answer.strip():
            yield Said(0.0, duration, answer.strip())
        return
    if isinstance(answer, tuple) and len(answer) == 2 and not isinstance(answer[0], (int, float)):
        answer = answer[0]  # with what else the model knows of the recording
    for name in ("segments", "chunks"):
        if isinstance(answer, Mapping) and answer.get(name) is not None:
            answer = answer[name]
            break
    else:
        if isinstance(answer, Mapping):
            answer = [answer] if "start" in answer or "timestamp" in answer else [answer.get("text")]
    if not isinstance(answer, Iterable):
        raise SuggestError(f"a {type(answer).__name__} is no transcript", "return a text, or segments with their times")
    for one in answer:
        yield _one(one, duration)


def _one(given: Any, duration: float) -> Said:
    if isinstance(given, str):
        return Said(0.0, duration, given.strip())
    if isinstance(given, tuple | list):
        start, end, text = (*given, None, None, None)[:3]
        score: Any = given[3] if len(given) > 3 else None
    else:
        start, end = get(given, "timestamp") or (get(given, "start"), get(given, "end"))
        text = get(given, "text") if get(given, "text") is not None else get(given, "word")
        score = _score(given)
    try:
        first = 0.0 if start is None else float(start)
        last = duration if end is None else float(end)  # the last chunk of some models has no end
    except (TypeError, ValueError):
        raise SuggestError(f"{str(given)[:80]!r} has no times that are numbers") from None
    if not isinstance(text, str):
        raise SuggestError(f"{str(given)[:80]!r} has no text")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise SuggestError(f"{str(given)[:80]!r} has a time that is not finite")
    words = get(given, "words") if not isinstance(given, tuple | list) else None
    spoken = tuple(_one(word, duration) for word in words or ())
    return Said(max(first, 0.0), max(last, first, 0.0), text.strip(), score, spoken)


def _score(given: Any) -> float | None:
    for name in ("score", "probability", "confidence"):
        value = get(given, name)
        if isinstance(value, (int, float)) and math.isfinite(value):
            return min(max(float(value), 0.0), 1.0)
    value = get(given, "avg_logprob")
    return math.exp(min(value, 0.0)) if isinstance(value, (int, float)) and math.isfinite(value) else None
