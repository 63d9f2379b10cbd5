"""spaCy: answers as `Doc` objects, and the ``.spacy`` file (`DocBin`) that ``spacy train`` learns from.

A Doc made here has

- ``.ents``: the spans, as far as they neither overlap (the longest wins) nor begin or end with white space;
- ``.spans["nblabel"]``: all spans, each with its label and, as ``id_``, the annotation's id;
- ``.cats``: every label of the choice fields that were asked, 1.0 where chosen and 0.0 where not. A field that takes
  one choice and has none is left out. Where two choice fields share a label, theirs are named ``"field:label"``;
- ``._.nblabel_relations``: dicts with ``id, field, label`` and ``head`` and ``child``, each a dict with ``id, label``
  and the tokens ``start, end`` (half-open);
- ``._.nblabel_texts``: free texts by field; ``._.nblabel_key``: the item's key;
- ``.user_data["nblabel"]``: the response as it is, from which `read` restores it to the letter.

A question that was not asked is left open: tokens are "missing" and not "outside" for a training, categories absent.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..annotations import AnyAnnotation, Choice, Relation, Span, Text
from ..errors import FormatError, InvalidAnnotation, MissingExtra, NblabelError
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Choices, Schema, Spans
from .base import DEFAULT_FIELDS, Log, Read, Reading, StrPath, reading, replacing
from .table import json_key, key_of_json
from .tokens import Alignment, align, check_alignment, longest_first, usable

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

__all__ = ["GROUP", "from_docs", "language", "read", "register", "to_docs", "write"]

GROUP = "nblabel"
"""The key of the span group and of the record in ``user_data``."""
_EXTENSIONS: dict[str, Any] = {"nblabel_relations": (), "nblabel_texts": None, "nblabel_key": None}


def register() -> None:
    """Make ``doc._.nblabel_relations``, ``doc._.nblabel_texts`` and ``doc._.nblabel_key`` known to spaCy."""
    doc = _spacy().tokens.Doc
    for name, default in _EXTENSIONS.items():
        if not doc.has_extension(name):
            doc.set_extension(name, default=default)


def _spacy() -> Any:
    try:
        import spacy
    except ImportError:
        raise MissingExtra("spaCy docs", "text") from None
    return spacy


def language(nlp: Language | str) -> Language:
    """The pipeline itself, or a blank one for a language code."""
    spacy = _spacy()
    if not isinstance(nlp, str):
        if not hasattr(nlp, "tokenizer") or not hasattr(nlp, "vocab"):
            raise FormatError(
                f"nlp= is a {type(nlp).__name__}", "give a spaCy pipeline or a language code such as 'en'"
            )
        return nlp
    try:
        made: Language = spacy.blank(nlp)
    except ImportError:
        raise FormatError(
            f"spaCy has no language {nlp!r}", "give a code such as 'en' or 'xx', or the pipeline itself"
        ) from None
    return made


# ---- answers to docs -----------------------------------------------------------------------------


def to_docs(
    nlp: Language | str,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    alignment: str = "expand",
    statuses: Sequence[Status] = ("submitted",),
) -> tuple[list[Doc], Report]:
    """Docs with the answers, and what could not be carried as it is, item by item.

    Parameters
    ----------
    nlp : Language or str
        Its tokenizer is used; a language code makes a blank pipeline. Items that have tokens keep them.
    rows : iterable of Labelled
        Items with their responses; one Doc each.
    schema : Schema
        The questions.
    alignment : {"expand", "contract", "strict"}
        What becomes of spans that do not end at tokens: grown, shrunk, or left out.
    statuses : sequence of str
        Which responses are taken; a discarded item would teach a model that it has no entities.

    Returns
    -------
    docs : list of Doc
    report : Report

    Examples
    --------
    >>> from nblabel.schema import Schema, Spans
    >>> schema = Schema.of({"spans": Spans(["PERSON"]), "mood": ["good", "bad"]})
    >>> said = schema.coerce({"spans": [(0, 12, "PERSON")], "mood": "good"})
    >>> row = Labelled(Item(0, "Ada Lovelace wrote."), Response("", "ann", "submitted", said))
    >>> (doc,), report = to_docs("en", [row], schema)
    >>> doc.ents, doc.cats
    ((Ada Lovelace,), {'good': 1.0, 'bad': 0.0})
    """
    mode = check_alignment(alignment)
    register()
    pipeline = language(nlp)
    log = Log()
    names = _cat_names(schema)
    docs = []
    for row in log.only(rows, statuses, what="docs"):
        text = log.text(row)
        doc = None if text is None else _tokenized(pipeline, text, row.item, log)
        if doc is None:
            continue
        _fill(doc, row, schema, mode, names, log)
        docs.append(doc)
        log.items += 1
        log.annotations += len(row.response.annotations)
    return docs, log.report()


def _tokenized(nlp: Language, text: str, item: Item, log: Log) -> Doc | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        log.drop(item.key, "", "the text has a lone surrogate, which spaCy cannot hold")
        return None
    own = usable(item.tokens, text)
    if own is None:
        return nlp.tokenizer(text)
    words: list[str] = []
    spaces: list[bool] = []

    def gap(between: str) -> None:
        if between.startswith(" ") and words and not spaces[-1]:
            spaces[-1], between = True, between[1:]
        if between:  # tokens cover the whole text, as in every Doc
            words.append(between)
            spaces.append(False)

    last = 0
    for start, end in own:
        gap(text[last:start])
        words.append(text[start:end])
        spaces.append(False)
        last = end
    gap(text[last:])
    doc: Doc = _spacy().tokens.Doc(nlp.vocab, words=words, spaces=spaces)
    return doc


def _fill(
    doc: Doc, row: Labelled, schema: Schema, alignment: Alignment, names: dict[tuple[str, str], str], log: Log
) -> None:
    key, response = row.item.key, row.response
    tokens = [(token.idx, token.idx + len(token)) for token in doc]
    placed: list[tuple[int, int, Span]] = []
    texts: dict[str, str] = {}
    length = len(doc.text)
    for a in response.annotations:
        if isinstance(a, Span):
            place = _place(a, tokens, length, alignment, key, log)
            if place is not None:
                placed.append((*place, a))
        elif isinstance(a, Text):
            texts[a.field] = f"{texts[a.field]}\n{a.text}" if a.field in texts else a.text
        elif not isinstance(a, (Relation, Choice)):
            log.drop(key, a.id, f"a Doc has no place for a {a.kind}")
    span_of = _spacy().tokens.Span
    doc.spans[GROUP] = [span_of(doc, first, last, label=a.label, span_id=a.id) for first, last, a in placed]
    asked = response.fields or schema.names
    if placed or any(isinstance(field, Spans) and field.name in asked for field in schema.fields):
        ents = [span_of(doc, first, last, label=a.label) for first, last, a in _ents(doc, placed, key, log)]
        doc.set_ents(ents, default="outside")
    doc.cats = _cats(response, schema, asked, names, key, log)
    ends = {a.id: {"id": a.id, "label": a.label, "start": first, "end": last} for first, last, a in placed}
    relations = []
    for a in response.annotations:
        if isinstance(a, Relation):
            if a.head in ends and a.child in ends:
                body = {"id": a.id, "field": a.field, "label": a.label}
                relations.append({**body, "head": ends[a.head], "child": ends[a.child]})
            else:
                log.drop(key, a.id, "relation whose span is not in the Doc")
    plain = json_key(key, log)
    doc._.nblabel_relations = relations
    doc._.nblabel_texts = texts
    doc._.nblabel_key = key_of_json(plain)
    record = msgspec.to_builtins(response)
    doc.user_data[GROUP] = {"key": plain, "response": record, "tokens": row.item.tokens is not None}


def _place(
    span: Span, tokens: Sequence[tuple[int, int]], length: int, alignment: Alignment, key: Hashable, log: Log
) -> tuple[int, int] | None:
    """The span's tokens; ``None`` with a note where it has none."""
    where = f"{span.label!r} [{span.start}, {span.end})"
    if span.end > length:
        log.drop(key, span.id, f"{where} is beyond the text's {length} characters")
        return None
    place = align(tokens, span.start, span.end, alignment)
    if place is None:
        log.drop(key, span.id, f"{where} does not end at tokens; left out with alignment={alignment!r}")
        return None
    start, end = tokens[place[0]][0], tokens[place[1] - 1][1]
    if (start, end) != (span.start, span.end):
        log.drop(key, span.id, f"{where} does not end at tokens; moved to [{start}, {end})")
    return place


def _ents(
    doc: Doc, placed: Iterable[tuple[int, int, Span]], key: Hashable, log: Log
) -> Iterator[tuple[int, int, Span]]:
    """The spans that can be entities, as a training takes them."""
    fit = []
    for first, last, span in placed:
        start, end = first, last
        while start < end and doc[start].is_space:
            start += 1
        while end > start and doc[end - 1].is_space:
            end -= 1
        if start == end:
            log.drop(key, span.id, f"{span.label!r} covers only white space: in .spans, not in .ents")
        elif not span.label:
            log.drop(key, span.id, "a span without a label: in .spans, not in .ents")
        else:
            if (start, end) != (first, last):
                log.drop(key, span.id, f"{span.label!r}: in .ents without the white space at its ends")
            fit.append((start, end, span))
    kept, rest = longest_first(fit)
    for _, _, span in rest:
        log.drop(
            key, span.id, f"{span.label!r} [{span.start}, {span.end}) overlaps a longer span: in .spans, not in .ents"
        )
    yield from kept


def _cat_names(schema: Schema) -> dict[tuple[str, str], str]:
    """The name of each choice in ``.cats``: its label, with the field before it where two fields share a label."""
    fields = [field for field in schema.fields if isinstance(field, Choices)]
    labels = {field.name: {label.name for label in field.labels} for field in fields}
    made: dict[tuple[str, str], str] = {}
    for field in fields:
        shared = any(labels[field.name] & labels[other.name] for other in fields if other is not field)
        for label in field.labels:
            made[field.name, label.name] = f"{field.name}:{label.name}" if shared else label.name
    if len(set(made.values())) < len(made):  # a label that looks like another field's prefixed one
        made = {pair: ":".join(pair) for pair in made}
    return made


def _cats(
    response: Response,
    schema: Schema,
    asked: Iterable[str],
    names: dict[tuple[str, str], str],
    key: Hashable,
    log: Log,
) -> dict[str, float]:
    chosen = [a for a in response.annotations if isinstance(a, Choice)]
    cats: dict[str, float] = {}
    for field in schema.fields:
        if not isinstance(field, Choices):
            continue
        own = [a for a in chosen if a.field == field.name]
        if own or (field.name in asked and field.multiple):
            cats.update((names[field.name, label.name], 0.0) for label in field.labels)
        for a in own:
            if (field.name, a.label) in names:
                cats[names[field.name, a.label]] = 1.0
            else:
                log.drop(key, a.id, f"{a.label!r} is not a label of the field {field.name!r} any more")
    known = {field.name for field in schema.fields}
    for a in chosen:
        if a.field not in known:
            log.drop(key, a.id, f"the schema has no field {a.field!r} any more")
    return cats


# ---- docs to answers -----------------------------------------------------------------------------


def from_docs(docs: Iterable[Doc], *, path: StrPath = "") -> Reading:
    """What docs hold: those made by `to_docs` as they were answered, others from ents, span groups and cats.

    Of a Doc from elsewhere, entities become spans of the field ``spans``, span groups of the field named as the
    group (``sc`` also of ``spans``), and categories of 0.5 and more choices of the field ``choices``.
    """
    log = Log()
    items: list[Read] = []
    labels: dict[str, dict[str, None]] = {}
    multiple: set[str] = set()
    schema: Schema | None = None
    for n, doc in enumerate(docs):
        record = doc.user_data.get(GROUP)
        tokens = tuple((token.idx, token.idx + len(token)) for token in doc if not token.is_space)
        if isinstance(record, dict) and "response" in record:
            items.append(_restored(doc, record, tokens, n, path))
            schema = schema or _schema(record, path)
            continue
        found = list(_found(doc, n, log))
        said = Response(
            "", "", "submitted" if found or doc.cats or doc.has_annotation("ENT_IOB") else "pending", tuple(found)
        )
        items.append(Read(Item(n, doc.text, position=n, tokens=tokens), said))
        if doc.cats:
            labels.setdefault("choices", {}).update(dict.fromkeys(str(cat) for cat in doc.cats))
            if not any(isinstance(a, Choice) for a in found):
                multiple.add("choices")  # none of them: only a field of several can say that
    if schema is not None and not labels:
        return reading(path, items, log, schema=schema)
    return reading(path, items, log, labels={name: list(known) for name, known in labels.items()}, multiple=multiple)


def _schema(record: dict[str, Any], path: StrPath) -> Schema | None:
    try:
        return msgspec.convert(record["schema"], Schema) if "schema" in record else None
    except (msgspec.ValidationError, NblabelError) as error:
        raise FormatError(f"{os.fspath(path) or 'docs'} has a damaged schema: {error}") from None


def _restored(doc: Doc, record: dict[str, Any], tokens: tuple[tuple[int, int], ...], n: int, path: StrPath) -> Read:
    try:
        response = msgspec.convert(record["response"], Response)
    except msgspec.ValidationError as error:
        raise FormatError(f"{os.fspath(path) or 'docs'}, doc {n}: {error}") from None
    response = msgspec.structs.replace(response, item="")
    key = record.get("key", n)
    return Read(
        Item(
            key_of_json(list(key) if isinstance(key, tuple) else key),
            doc.text,
            position=n,
            tokens=tokens if record.get("tokens") else None,
        ),
        response,
    )


def _found(doc: Doc, n: int, log: Log) -> Iterator[AnyAnnotation]:
    seen: set[tuple[int, int, str, str]] = set()
    groups = [(DEFAULT_FIELDS["span"], doc.ents)]
    groups += [(DEFAULT_FIELDS["span"] if name == "sc" else str(name), group) for name, group in doc.spans.items()]
    for field, group in groups:
        for span in group:
            name = (span.start_char, span.end_char, span.label_, field)
            if name in seen:
                continue
            seen.add(name)
            try:
                yield Span(span.start_char, span.end_char, span.label_, id=span.id_ or f"span:{len(seen)}", field=field)
            except InvalidAnnotation as error:
                log.drop(n, "", str(error))
    for cat, score in doc.cats.items():
        if score >= 0.5:
            yield Choice(str(cat), id=f"choice:{cat}", field=DEFAULT_FIELDS["choice"])


# ---- the file ------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    nlp: Language | str = "en",
    alignment: str = "expand",
    statuses: Sequence[Status] = ("submitted",),
) -> Report:
    """Write a DocBin of `to_docs`, with the user data.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    nlp : Language or str
        Its tokenizer is used; a language code makes a blank pipeline.
    alignment : {"expand", "contract", "strict"}
        What becomes of spans that do not end at tokens: grown, shrunk, or left out.
    statuses : sequence of str
        Which responses are written.
    """
    docs, report = to_docs(nlp, rows, schema, alignment=alignment, statuses=statuses)
    if docs:  # once is enough; without it, only labels that occur would be known
        docs[0].user_data[GROUP]["schema"] = msgspec.to_builtins(schema)
    made = _spacy().tokens.DocBin(docs=docs, store_user_data=True)
    with replacing(path) as part:
        part.write_bytes(made.to_bytes())
    return msgspec.structs.replace(report, path=os.fspath(path))


def read(path: StrPath, *, nlp: Language | str = "xx") -> Reading:
    """Read a DocBin, made here or elsewhere.

    Parameters
    ----------
    path : path-like
        The file.
    nlp : Language or str
        Its vocabulary is used.
    """
    spacy = _spacy()
    register()
    raw = Path(path).read_bytes()
    try:
        docs = list(spacy.tokens.DocBin().from_bytes(raw).get_docs(language(nlp).vocab))
    except Exception as error:  # zlib, msgpack and numpy each have their own errors for damaged bytes
        raise FormatError(f"{os.fspath(path)} is not a DocBin: {type(error).__name__}: {error}") from None
    return from_docs(docs, path=path)
