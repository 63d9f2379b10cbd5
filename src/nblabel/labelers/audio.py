"""`AudioLabeler`: segments, events, transcripts and choices on recordings."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from ..annotations import Segment
from ..errors import InvalidSchema, NblabelError, UnknownOption
from ..formats import textgrid, tidy
from ..media.audio import AudioReader
from ..media.audio_cache import PeakCache
from ..media.audio_spectra import WINDOWS
from ..records import Item
from ..schema import Choices, FieldLike, LabelLike, Segments, Texts
from ..sources.audio import open_audio
from ..store.places import find_place
from .base import Labeler, front_end

__all__ = ["AudioLabeler"]

Floats = npt.NDArray[np.float32]

_SPECTROGRAM: dict[str, Any] = {"window": 1024, "scale": "mel", "low": -70.0, "high": -20.0}


class AudioLabeler(Labeler):
    """Label recordings inline.

    Parameters
    ----------
    data : path, folder, glob, list, frame or (samples, rate)
        What to label: paths (relative ones are kept as they are written), a folder, a glob, a list of paths, bytes,
        data URIs or ``(samples, rate)``, a frame or list of dicts with a column of these, or a single one of them.
        Samples are (n,) or (n, channels), integers or floats.
    audio : str, optional
        The column (or dict key) that holds the recordings; may be left out where only one column does.
    segments : list of labels or Segments, optional
        Labels to mark stretches of time and events with; ``nb.Segments(...)`` for tiers, frequencies and more.
    transcript : bool, str or Texts, optional
        Where texts are typed: ``"segments"`` for one beside each segment, ``"recording"`` (or ``nb.Texts(...)``) for
        one of the whole recording. ``True`` means the segments if there are any.
    choices : list of labels or Choices, optional
        Labels to choose one of; ``nb.Choices(..., multiple=True)`` for several.
    fields : dict, optional
        Further questions by name: a list of labels, ``"text"``, or a field such as ``nb.Segments(...)``.
    key : str, optional
        Column that identifies an item for good. Without it paths are known as they are written, whatever the files
        hold, and all else by content.
    show : sequence of str
        Columns shown beside the recording.
    root : path, optional
        The folder that relative paths lie under.
    spectrogram : bool or dict
        Whether the spectrogram is shown at first, and how it looks:
        ``{"window": 1024, "scale": "mel", "low": -70, "high": -20}`` are samples a window (a power of two from 128 to
        8192), ``"mel"`` or ``"linear"``, and which dB are the least and the greatest colour; 0 dB is a sine of full
        scale.
    follow : bool
        Whether the view follows the play-head.
    speed : float
        How fast it plays at first, from 0.5 to 2; the pitch is kept.
    name : str, optional
        The data set: labelers of one store with different questions need different names.
    store : str, path or Store, optional
        A file, ``":memory:"`` or a database URL; ``NBLABEL_STORE`` or ``nblabel.db`` if left out. The peaks of long
        recordings are kept beside the file, in a folder that may be deleted.
    annotator : str, optional
        Who labels; the account's name if left out.
    suggest : callable, Suggester or a list of these, optional
        What suggests annotations: a function of a `Sound`, which unpacks as ``samples, rate``. Suggestions are answers
        only once a person submits them.
    order : str, Strategy or callable
        ``"sequential"``, ``"random"``, a callable from the data to positions, or a strategy by which what comes next is
        ranked anew while you label: ``"uncertainty"``, ``"diversity"``, ``"disagreement"``, ``"balanced"``, or one of
        `nblabel.ordering`.
    learn_every : int, optional
        After how many new answers models that learn do so again; as they want it if left out.
    hold_out : float
        The share of items whose answers models that are trained never see, to measure them.
    blind : float
        The share of items whose suggestions are not shown, to see whether they lead people; see `anchoring`.
    into : str or dict, optional
        Column(s) of the pandas frame that answers are written to and read from.
    guidelines : str or Path
        Markdown shown on request; a ``Path`` is read.
    keys : dict, optional
        Shortcuts by action, such as ``{"submit": "s"}``.
    height : int or str, optional
        Height of the recording's place, in pixels or as CSS length.

    Notes
    -----
    Times are seconds of the decoded recording: second ``t`` is frame ``round(t * rate)``. WAV, FLAC, OGG, Opus and MP3
    are read by libsndfile, all else and the sound of videos by FFmpeg; ``pip install 'nblabel[audio]'`` brings both.
    Recordings are decoded window by window, so that hours of sound need little memory. Nothing is ever fetched from a
    URL, and files are only read, never written.

    Examples
    --------
    >>> import numpy as np
    >>> import nblabel as nb
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(32000) / 16000)
    >>> lab = nb.AudioLabeler([(tone, 16000)], segments=["speech", "music"], choices=["clean"], store=":memory:")
    >>> lab.submit([nb.Segment(0.5, 1.25, "music"), nb.Choice("clean")])
    >>> lab.annotations[["label", "start", "end"]].values.tolist()[0]
    ['music', 0.5, 1.25]
    >>> samples, rate = lab.clips().samples[0], lab.clips().rate[0]
    >>> samples.shape, int(rate)
    ((12000, 1), 16000)
    """

    OWN: ClassVar[tuple[str, ...]] = (
        "audio",
        "segments",
        "transcript",
        "choices",
        "root",
        "spectrogram",
        "follow",
        "speed",
    )
    KIND: ClassVar[str] = "audio"

    _esm = front_end("audio", "js")
    _css = front_end("audio", "css")

    def __init__(
        self,
        data: Any,
        audio: Hashable | None = None,
        *,
        segments: Sequence[LabelLike] | Segments | None = None,
        transcript: bool | str | Texts | None = None,
        choices: Sequence[LabelLike] | Choices | None = None,
        fields: Mapping[str, FieldLike] | None = None,
        key: Hashable | None = None,
        show: str | Sequence[str] = (),
        root: str | os.PathLike[str] | None = None,
        spectrogram: bool | Mapping[str, Any] = True,
        follow: bool = True,
        speed: float = 1.0,
        **options: Any,
    ) -> None:
        self._refuse_unknown(options)
        segments, text = _transcribed(segments, transcript)
        questions = self._questions(
            {"segments": (segments, Segments), "transcript": (text, Texts), "choices": (choices, Choices)},
            fields,
            "segments=['speech', 'music'] or transcript=True",
        )
        look = _look(spectrogram)
        if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.5 <= speed <= 2:
            raise NblabelError(f"speed={speed!r} is not from 0.5 to 2")
        shown = (show,) if isinstance(show, str) else tuple(show)
        self._reader = AudioReader(root)
        source = open_audio(data, self._reader, column=audio, key=key, show=shown, root=root)
        super().__init__(
            source,
            questions,
            fields=fields,
            present=self._reader.present,
            serve=self._reader.piece,
            view=self._reader.sound,
            options={**look, "follow": bool(follow), "speed": float(speed)},
            **options,
        )
        path = find_place(self._store.place).path
        if path is not None:
            self._reader.cache = PeakCache(path.with_name(path.name + ".peaks"))

    def close(self) -> None:
        """End the labeler: the page stops, answers stay in the store, recordings are forgotten."""
        super().close()
        reader = getattr(self, "_reader", None)
        if reader is not None:
            reader.close()

    # ---- results --------------------------------------------------------------------------------

    def sound(self, key: Hashable, start: float | None = None, end: float | None = None) -> tuple[Floats, int]:
        """The samples of an item, and their rate.

        Parameters
        ----------
        key : hashable
            The item's key.
        start, end : float, optional
            Seconds to read from and to; all if left out.

        Returns
        -------
        (array of float32 (n, channels), int)
            As the page plays them.

        Examples
        --------
        >>> lab = AudioLabeler([(np.zeros(800), 400)], transcript=True, store=":memory:")
        >>> lab.sound(0, 0.5, 1.5)[0].shape
        (400, 1)
        """
        item = self._session.said(key).item
        return self._reader.stretch(item, 0.0 if start is None else float(start), None if end is None else float(end))

    def clip(self, key: Hashable, annotation: Segment | str, *, pad: float = 0.0) -> tuple[Floats, int]:
        """The samples that a segment marks: the frames ``round(start * rate)`` up to ``round(end * rate)``.

        Parameters
        ----------
        key : hashable
            The item's key.
        annotation : Segment or str
            A segment, or the id of one of the item's.
        pad : float
            Seconds around it that are taken along.

        Returns
        -------
        (array of float32 (n, channels), int)
            Of the segment's channel only, if it names one; and the rate.

        Examples
        --------
        >>> lab = AudioLabeler([(np.arange(8) / 8, 4)], segments=["a"], store=":memory:")
        >>> lab.clip(0, Segment(0.5, 1.0, "a"))
        (array([[0.25 ], [0.375]], dtype=float32), 4)
        """
        said = self._session.said(key)
        if isinstance(annotation, str):
            found = next((a for a in said.response.annotations if a.id == annotation), None)
            if found is None:
                raise NblabelError(f"item {key!r} has no annotation with the id {annotation!r}")
            annotation = found  # type: ignore[assignment]
        if not isinstance(annotation, Segment):
            raise NblabelError(f"a {type(annotation).__name__} is no stretch of time", "give a segment or its id")
        return self._cut(said.item, annotation, _padding(pad))

    def clips(
        self, field: str | None = None, labels: str | Sequence[str] | None = None, *, pad: float = 0.0
    ) -> pd.DataFrame:
        """What your submitted answers mark, cut out: one row a segment.

        Parameters
        ----------
        field : str, optional
            Only segments of this question.
        labels : str or sequence of str, optional
            Only segments with these labels.
        pad : float
            Seconds around each segment that are taken along.

        Returns
        -------
        DataFrame
            ``key, id, field, label, text, start, end, channel, samples, rate``: float32 (n, channels), exact to the
            sample; ``None`` and a missing rate for recordings that cannot be read, or have no such channel.
        """
        if field is not None:
            self.schema.field(field)
        wide = _padding(pad)
        wanted = None if labels is None else {labels} if isinstance(labels, str) else set(labels)
        found = [
            (row.item, a)
            for row in self._session.labelled(status="submitted")
            for a in row.response.annotations
            if isinstance(a, Segment) and field in (None, a.field) and (wanted is None or a.label in wanted)
        ]
        cuts = [self._cut_or_none(item, a, wide) for item, a in found]
        samples = np.empty(len(cuts), dtype=object)
        for n, (made, _) in enumerate(cuts):
            samples[n] = made
        segments = [a for _, a in found]
        texts = {name: tidy.strings([getattr(a, name) for a in segments]) for name in ("id", "field", "label", "text")}
        return pd.DataFrame(
            {
                "key": tidy.keys_column([item.key for item, _ in found]),
                **texts,
                "start": pd.Series([a.start for a in segments], dtype="float64"),
                "end": pd.Series([a.end for a in segments], dtype="float64"),
                "channel": pd.Series([a.channel for a in segments], dtype="Int64"),
                "samples": samples,
                "rate": pd.Series([rate for _, rate in cuts], dtype="Int64"),
            }
        )

    def textgrid(self, key: Hashable, *, short: bool = False, annotator: str | None = None) -> str:
        """What is marked on an item so far as a Praat TextGrid: the text of the file.

        Parameters
        ----------
        key : hashable
            The item's key.
        short : bool
            Whether it is in Praat's short form.
        annotator : str, optional
            Whose marks; yours if left out.

        Returns
        -------
        str
            Write it with ``Path("one.TextGrid").write_text(..., encoding="utf-8")``. `export` writes those of all
            items, and reports what was moved to further tiers since the tiers of a TextGrid cannot overlap.

        Examples
        --------
        >>> lab = AudioLabeler([(np.zeros(8), 4)], segments=["a"], store=":memory:")
        >>> lab.submit([Segment(0.5, 1.0, "a")])
        >>> lab.textgrid(0).splitlines()[0]
        'File type = "ooTextFile"'
        """
        said = self._session.said(key, annotator)
        return textgrid.text_of(said, self.schema, duration=self._reader.seconds(said.item), short=short)

    def _cut(self, item: Item, segment: Segment, pad: float) -> tuple[Floats, int]:
        samples, rate = self._reader.stretch(item, max(segment.start - pad, 0.0), segment.end + pad)
        if segment.channel is None:
            return samples, rate
        if segment.channel >= samples.shape[1]:
            raise NblabelError(f"the recording has no channel {segment.channel}", f"it has {samples.shape[1]}, from 0")
        return samples[:, segment.channel : segment.channel + 1], rate

    def _cut_or_none(self, item: Item, segment: Segment, pad: float) -> tuple[Floats | None, int | None]:
        if item.problem:
            return None, None
        try:
            return self._cut(item, segment, pad)
        except NblabelError:  # a file that breaks only where it is decoded, or has no such channel
            return None, None


def _transcribed(segments: Any, transcript: Any) -> tuple[Any, Any]:
    """The fields that ``segments=`` and ``transcript=`` ask for together."""
    if transcript is True:
        transcript = "recording" if segments is None else "segments"
    if transcript in (None, False):
        return segments, None
    if isinstance(transcript, Texts):
        return segments, transcript
    if transcript == "recording":
        return segments, Texts(name="transcript")
    if transcript != "segments":
        raise InvalidSchema(
            f"transcript={transcript!r} does not say where texts are typed",
            'give True, "segments", "recording" or nb.Texts(...)',
        )
    if isinstance(segments, Segments):
        return msgspec.structs.replace(segments, transcript=True), None
    if segments is not None and (isinstance(segments, (str, bytes)) or not isinstance(segments, Sequence)):
        return segments, None  # refused where all labels are
    return Segments(tuple(segments or ()), transcript=True, name="segments"), None


def _look(given: bool | Mapping[str, Any]) -> dict[str, Any]:
    """The options of the spectrogram as the page gets them."""
    if not isinstance(given, (bool, Mapping)):
        raise NblabelError(f"spectrogram={given!r} says not how it looks", 'such as {"window": 512, "scale": "mel"}')
    said = {} if isinstance(given, bool) else dict(given)
    for name in said:
        if name not in _SPECTROGRAM:
            raise UnknownOption(str(name), _SPECTROGRAM, "spectrogram=")
    look = {**_SPECTROGRAM, **said}
    sizes = [1 << power for power in WINDOWS]
    if isinstance(look["window"], bool) or look["window"] not in sizes:
        raise NblabelError(f"window={look['window']!r} is no length of a spectrogram's window", f"one of {sizes}")
    if look["scale"] not in ("mel", "linear"):
        raise NblabelError(f"scale={look['scale']!r} is no scale of frequencies", 'give "mel" or "linear"')
    try:
        low, high = float(look["low"]), float(look["high"])
    except (TypeError, ValueError):
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise NblabelError(
            f"low={look['low']!r}, high={look['high']!r} are no range in dB", "such as low=-70, high=-20"
        )
    return {
        "spectrogram": given is not False,
        "window": int(look["window"]).bit_length() - 1,
        "scale": look["scale"],
        "range": [low, high],
    }


def _padding(pad: Any) -> float:
    if isinstance(pad, bool) or not isinstance(pad, (int, float, np.number)) or not 0 <= pad < math.inf:
        raise NblabelError(f"pad={pad!r} is no number of seconds")
    return float(pad)
