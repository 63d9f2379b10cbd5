"""Trainings of one spaCy pipeline that go on from each other, and what it then finds in texts."""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

__all__ = ["Course", "Found", "Task", "blank", "copied"]

Marked: TypeAlias = "tuple[tuple[int, int, str], ...]"

_PIECE = 150
"""Characters that are trained on as one."""
_READ = 1600
"""Characters that are read as one: a beam over a whole book would take for ever."""
_RUN = 200
"""Signs without a space between them that are cut."""
_UNIT = re.compile(r"\S{1,200}\s*|\s+")
_EPOCHS = 20
_STEPS = 200
"""Updates of the weights that there are at least, if the loss does not say that it is enough before."""
_LEAST = 3
_WORDS = 100_000
"""Words that a training goes over at most, unless that is less than `_LEAST` times all that is new."""
_MORE = 20_000
"""The same for a training that goes on from another."""
_REHEARSED = 3_000
"""Words of answers known before that each epoch goes over besides, so that they are not forgotten."""
_ENOUGH = 0.01  # loss for a word
_PATIENCE = 3
"""Epochs without a better loss after which it ends; of few examples more, as their loss goes up and down."""
_DROPOUT = 0.2
_BEAM = 8
_LONGEST = 12
"""Tokens of the longest span that spancat may look at."""
_LIKELY = 0.05
_AT_ONCE = 32
_KEY = "marked"
_ENDS = frozenset(".!?…。！？\n")


class Task(NamedTuple):
    """A text and what is marked in it."""

    key: Any
    text: str
    marked: Marked


def blank(lang: str) -> Language:
    """A pipeline that makes tokens only."""
    import spacy

    return spacy.blank(lang)


class Course:
    """A pipeline with one recogniser, trained once and again.

    Parameters
    ----------
    start : Language
        What to begin with; is copied.
    kind : {"ner", "spancat"}
        Which recogniser.
    tasks : dict of Task
        By item; they tell the labels.
    seed : int
        Makes it repeatable.
    """

    def __init__(self, start: Language, kind: str, tasks: Mapping[str, Task], seed: int) -> None:
        self._kind = kind
        self._rng = random.Random(seed)
        self._seed = seed
        self._labels = _labels(tasks)
        self._nlp = copied(start, _shared(start, kind))
        self._optimizer: Any = None
        self._known: dict[str, tuple[Task, list[Example]]] = {}
        self._odd: dict[str, tuple[int, int, int]] = {}
        self._longest = _longest(tasks)
        self._fresh: list[str] = []
        self.notes: list[str] = []

    def fits(self, tasks: Mapping[str, Task]) -> bool:
        """Whether it can go on with these: it knows all their labels, and looks at spans of their length."""
        return _labels(tasks) <= self._labels and (self._kind == "ner" or _longest(tasks) <= self._longest)

    def go_on(self, tasks: Mapping[str, Task], stop: threading.Event) -> bool:
        """Train on what is new and on a part of what is not; False if ``stop`` was set midway."""
        if not self._read(tasks, stop):
            return False
        first = self._optimizer is None
        if first:
            self._begin()
        fresh = [one for identity in self._fresh for one in self._known.get(identity, (None, []))[1]]
        new = {id(one) for one in fresh}
        others = [one for _, examples in self._known.values() for one in examples if id(one) not in new]
        most = max(_WORDS if first else _MORE, _LEAST * sum(map(len, fresh)))
        best, waited, words, epoch, steps = float("inf"), 0, 0, 0, 0
        while epoch < _EPOCHS or steps < _STEPS:
            epoch += 1
            lesson = [*fresh, *self._rehearsed(others)]
            self._rng.shuffle(lesson)
            loss = 0.0
            size = min(max(len(lesson) // 50, 4), 16)
            for begin in range(0, len(lesson), size):
                if stop.is_set():
                    return False
                told: dict[str, float] = {}
                with _seeded(self._rng.getrandbits(32)):  # for dropout
                    self._nlp.update(lesson[begin : begin + size], sgd=self._optimizer, drop=_DROPOUT, losses=told)
                steps += 1
                loss += float(told.get(self._kind, 0.0))
                time.sleep(0)  # other threads of the kernel have the page to answer
            count = sum(map(len, lesson))
            words += count
            waited = 0 if loss < 0.95 * best else waited + 1
            best = min(best, loss)
            patience = _PATIENCE * max(10 * epoch // steps, 1)
            if loss <= _ENOUGH * count or words >= most or (waited >= patience and steps >= _STEPS):
                break
        self._fresh = []
        return True

    def finished(self) -> Language:
        """A pipeline of its own with the weights of now."""
        return copied(self._nlp)

    # ---- examples -------------------------------------------------------------------------------

    def _read(self, tasks: Mapping[str, Task], stop: threading.Event) -> bool:
        """Make examples of the tasks that are new or have changed, and forget those that are gone."""
        for identity in [one for one in self._known if one not in tasks]:
            del self._known[identity]
        for identity, task in tasks.items():
            if stop.is_set():
                return False
            if identity in self._known and self._known[identity][0] == task:
                continue
            examples, self._odd[identity] = self._examples(task)
            self._known[identity] = (task, examples)
            if identity not in self._fresh:
                self._fresh.append(identity)
        self.notes = []
        kinds = (
            "whose ends are not those of tokens",
            "that overlap longer ones",
            f"of more than {self._longest} tokens",
        )
        for n, what in enumerate(kinds):
            of_items = [
                (task.key, self._odd[identity][n]) for identity, task in tasks.items() if self._odd[identity][n]
            ]
            if of_items:
                count, first = sum(times for _, times in of_items), of_items[0][0]
                told = f"{count} span{'s' if count > 1 else ''} {what}"
                self.notes.append(f"cannot learn {told}, such as in item {first!r}")
        return True

    def _examples(self, task: Task) -> tuple[list[Example], tuple[int, int, int]]:
        """Pieces of a text to learn from, and how many spans are not of whole tokens, overlap, or are too long."""
        from spacy.training import Example
        from spacy.util import filter_spans

        tight = []
        for start, end, label in task.marked:
            marked = task.text[start:end]
            start, end = start + len(marked) - len(marked.lstrip()), end - len(marked) + len(marked.rstrip())
            if start < end:
                tight.append((start, end, label))
        apart, over, long = len(task.marked) - len(tight), 0, 0
        examples = []
        for begin, stop in _pieces(task.text, _PIECE, [(start, end) for start, end, _ in tight]):
            given, gold = (self._nlp.tokenizer(task.text[begin:stop]) for _ in range(2))
            spans, missing = [], []
            for start, end, label in tight:
                if not (begin <= start and end <= stop):
                    continue
                span = gold.char_span(start - begin, end - begin, label=label)
                if span is not None:
                    spans.append(span)
                    continue
                apart += 1
                touched = gold.char_span(start - begin, end - begin, alignment_mode="expand")
                if touched is not None:
                    missing.append(touched)
            if self._kind == "ner":
                kept = filter_spans(spans)
                over += len(spans) - len(kept)
                taken = {n for span in kept for n in range(span.start, span.end)}
                free = [span for span in missing if taken.isdisjoint(range(span.start, span.end))]
                gold.set_ents(kept, missing=filter_spans(free), default="outside")
            else:
                long += sum(len(span) > self._longest for span in spans)
                gold.spans[_KEY] = spans
            examples.append(Example(given, gold))
        return examples, (apart, over, long)

    def _rehearsed(self, others: Sequence[Example]) -> list[Example]:
        """Some of the examples known before."""
        picked: list[Example] = []
        words = 0
        for n in self._rng.sample(range(len(others)), len(others)):
            if words >= _REHEARSED:
                break
            picked.append(others[n])
            words += len(others[n])
        return picked

    # ---- the pipeline ---------------------------------------------------------------------------

    def _begin(self) -> None:
        """Make the recogniser, or go on with the one that is there."""
        examples = [one for _, of_item in self._known.values() for one in of_item]
        nlp = self._nlp
        with _seeded(self._seed):
            if self._kind in nlp.pipe_names:
                pipe: Any = nlp.get_pipe(self._kind)
                for label in sorted(self._labels):
                    pipe.add_label(label)
            else:
                pipe = nlp.add_pipe(self._kind, config=self._options() if self._kind == "spancat" else {})
                for label in sorted(self._labels):
                    pipe.add_label(label)
                pipe.initialize(lambda: examples, nlp=nlp)
        self._optimizer = nlp.create_optimizer()  # type: ignore[no-untyped-call]
        if self._kind == "ner":
            pipe.cfg["update_with_oracle_cut_size"] = 0  # pieces are short; cuts are made by Python's global chance

    def _options(self) -> dict[str, Any]:
        suggester = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": self._longest}
        return {"spans_key": _KEY, "threshold": _LIKELY, "suggester": suggester}


class Found(NamedTuple):
    """What a recogniser sees in a text.

    Attributes
    ----------
    spans : tuple of (start, end, label, probability)
        All that are at all likely, also where they contradict each other.
    sure : array (tokens,) or (spans,)
        How likely what is most likely is: for each token, or where spans may overlap for each of them.
    """

    spans: tuple[tuple[int, int, str, float], ...]
    sure: NDArray[np.float64]

    @classmethod
    def all(cls, nlp: Language, texts: Sequence[str]) -> list[Found]:
        """What a pipeline with one recogniser sees in each text."""
        docs, places = [], []
        for n, text in enumerate(texts):
            for begin, stop in _pieces(text, _READ):
                docs.append(nlp.tokenizer(text[begin:stop]))
                places.append((n, begin))
        pipe = nlp.get_pipe(nlp.pipe_names[-1])
        for _, before in nlp.pipeline[:-1]:  # tokens as vectors, that the recogniser shares with others
            docs = list(before.pipe(docs))  # type: ignore[attr-defined]
        read = _read_beams if nlp.pipe_names[-1] == "ner" else _read_groups
        spans: list[list[tuple[int, int, str, float]]] = [[] for _ in texts]
        sure: list[list[NDArray[np.float64]]] = [[] for _ in texts]
        for begin in range(0, len(docs), _AT_ONCE):
            some = docs[begin : begin + _AT_ONCE]
            for doc, (n, shift), (found, own) in zip(some, places[begin:], read(pipe, some), strict=False):
                sure[n].append(own)
                for first, last, label, likely in found:
                    start, end = doc[first].idx, doc[last - 1].idx + len(doc[last - 1])
                    if doc.text[start:end].strip():
                        spans[n].append((start + shift, end + shift, label, min(likely, 1.0)))
        return [cls(tuple(s), np.concatenate([np.zeros(0), *t])) for s, t in zip(spans, sure, strict=True)]

    def above(self, threshold: float, overlap: bool) -> list[tuple[int, int, str, float]]:
        """The spans that are likely enough; of those that overlap only the likeliest, if they must not."""
        likely = sorted((one for one in self.spans if one[3] >= threshold), key=lambda one: (-one[3], one[:2]))
        if overlap:
            return likely
        kept: list[tuple[int, int, str, float]] = []  # in the order of the text
        for span in likely:
            at = bisect_left(kept, span[:2], key=lambda one: one[:2])
            if (at == 0 or kept[at - 1][1] <= span[0]) and (at == len(kept) or kept[at][0] >= span[1]):
                kept.insert(at, span)
        return kept


Read: TypeAlias = "tuple[list[tuple[int, int, str, float]], NDArray[np.float64]]"


def _read_beams(pipe: Any, docs: Sequence[Doc]) -> Iterator[Read]:
    """Entities, each with the share that the readings of a beam have which hold it."""
    beams = pipe.beam_parse(docs, beam_width=_BEAM, drop=0.0)
    for doc, scored in zip(docs, pipe.scored_ents(beams), strict=True):
        found = [(first, last, label, float(likely)) for (first, last, label), likely in scored.items()]
        outside, best = np.ones(len(doc)), np.zeros(len(doc))
        by_label: dict[str, NDArray[np.float64]] = {}
        for first, last, label, likely in found:
            by_label.setdefault(label, np.zeros(len(doc)))[first:last] += likely
            outside[first:last] -= likely
        for share in by_label.values():
            best = np.maximum(best, share)
        yield found, np.clip(np.maximum(best, outside), 0, 1)


def _read_groups(pipe: Any, docs: Sequence[Doc]) -> Iterator[Read]:
    """Spans with the probabilities that spancat gives them."""
    for doc in pipe.pipe(docs):
        group = doc.spans[_KEY]
        scores = np.asarray(group.attrs["scores"], float)
        yield (
            [(span.start, span.end, span.label_, float(score)) for span, score in zip(group, scores, strict=True)],
            np.maximum(scores, 1 - scores),
        )


def _pieces(text: str, size: int, whole: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[int, int]]:
    """Ranges of about so many characters, cut behind sentences where there are some, and never through what is whole.

    Signs without a space between them are cut, too: spaCy's tokenizer takes minutes for 100,000 emojis in a row.
    """
    begin, best = 0, 0
    for unit in _UNIT.finditer(text):
        end = unit.end()
        if any(first < end < stop for first, stop in whole):
            continue
        if end - begin > size and best > begin:  # back to the end of a sentence
            yield begin, best
            begin = best
        if end - begin > size or len(unit.group()) >= _RUN:
            yield begin, end
            begin = best = end
        elif end - begin > size // 2 and (unit.group().rstrip(" ")[-1:] in _ENDS):
            best = end
    if begin < len(text):
        yield begin, len(text)


def copied(nlp: Language, keep: Sequence[str] | None = None) -> Language:
    """A pipeline like this one that shares nothing with it; of its parts only some, if they are named."""
    made = type(nlp).from_config(nlp.config)
    made.from_bytes(nlp.to_bytes())
    for name in made.component_names if keep is not None else ():
        if name not in (keep or ()):
            made.remove_pipe(name)
    return made


def _shared(nlp: Language, kind: str) -> list[str]:
    """The parts to begin with: a recogniser of entities, and the vectors that it listens to."""
    if kind != "ner" or "ner" not in nlp.pipe_names:
        return []
    listening = {node.upstream_name for node in nlp.get_pipe("ner").model.walk() if hasattr(node, "upstream_name")}  # type: ignore[attr-defined]
    return [name for name in nlp.pipe_names if name == "ner" or (listening and name in ("tok2vec", "transformer"))]


def _labels(tasks: Mapping[str, Task]) -> frozenset[str]:
    return frozenset(label for task in tasks.values() for _, _, label in task.marked)


def _longest(tasks: Mapping[str, Task]) -> int:
    """How many tokens spancat must look at: some more than the longest span has words."""
    words = [len(task.text[start:end].split()) for task in tasks.values() for start, end, _ in task.marked]
    return min(max([*words, 2]) + 2, _LONGEST)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Numpy's global chance for spaCy, which takes no other; the user's numbers go on afterwards as if nothing was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
