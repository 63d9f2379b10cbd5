"""spaCy Docs as items: text, tokens, and what pipelines or people have already put on them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

from ..annotations import AnyAnnotation, Choice, Span
from ..errors import MissingExtra, SourceError

__all__ = ["DOC", "doc_prelabels", "doc_tokens", "is_doc", "is_doc_bin", "read_bin", "read_spacy"]

DOC = "doc"
"""The source of annotations that came with a Doc."""


def _tokens_module() -> Any:
    return sys.modules.get("spacy.tokens")  # a Doc can only come from an imported spaCy


def is_doc(value: object) -> bool:
    """Whether this is a spaCy Doc."""
    module = _tokens_module()
    return module is not None and isinstance(value, module.Doc)


def is_doc_bin(value: object) -> bool:
    """Whether this is a spaCy DocBin."""
    module = _tokens_module()
    return module is not None and isinstance(value, module.DocBin)


def read_bin(bin_: Any, vocab: Any) -> list[Any]:
    """The Docs of a DocBin; ``vocab`` is a vocab or a pipeline, a blank one if ``None``."""
    if vocab is None:
        import spacy

        vocab = spacy.blank("xx").vocab
    return list(bin_.get_docs(vocab))


def read_spacy(path: str, vocab: Any) -> list[Any]:
    """The Docs of a ``.spacy`` file."""
    try:
        from spacy.tokens import DocBin
    except ImportError:
        raise MissingExtra("reading .spacy files", "text") from None
    try:
        return read_bin(DocBin().from_disk(path), vocab)
    except OSError as error:
        raise SourceError(f"{path!r} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zlib, msgpack and spaCy each have their own
        raise SourceError(f"{path!r} is not a DocBin: {error}", "such files are written by DocBin.to_disk()") from error


def doc_tokens(doc: Any) -> tuple[tuple[int, int], ...]:
    """Where the tokens are that are not white space."""
    return tuple((token.idx, token.idx + len(token)) for token in doc if not token.is_space)


def doc_prelabels(doc: Any) -> tuple[AnyAnnotation, ...]:
    """Entities, spans of all groups, and categories that are more likely than not; the field is left open."""
    spans = dict.fromkeys(_spans([doc.ents, *doc.spans.values()]))
    made: list[AnyAnnotation] = [Span(start, end, label, source=DOC) for start, end, label in spans]
    for label, value in doc.cats.items():
        score = float(value)
        if label and math.isfinite(score) and score >= 0.5:
            made.append(Choice(str(label), score=min(score, 1.0), source=DOC))
    return tuple(made)


def _spans(groups: Iterable[Iterable[Any]]) -> Iterable[tuple[int, int, str]]:
    for group in groups:
        for span in group:
            if span.label_ and span.end_char > span.start_char:
                yield span.start_char, span.end_char, span.label_
