"""CoNLL columns: a token and its tag a line, a blank line after each item.

Tags are IOB2 (``B-PER``, ``I-PER``, ``O``) or BILUO; reading takes IOB1 and BIOES too. Such files hold tokens, not
texts: `write` puts the texts, token offsets and keys of the items into a file of JSON lines beside it
(``train.conll`` → ``train.conll.offsets.jsonl``), and `read` takes them from there if the tokens still agree.
Otherwise a text is its tokens with blanks between them.

What has no tag (choices, relations, texts, spans that overlap) is reported.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..annotations import Span
from ..errors import FormatError, nearest
from ..records import Item, Labelled, Report, Response, Status
from ..schema import Schema
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading, replacing
from .spacy_docs import language
from .table import json_key, key_of_json
from .tokens import align, check_alignment, longest_first, simple, usable

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["read", "sidecar", "write"]

_SCHEMES = ("iob2", "biluo")
_BREAKS = re.compile(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_TAG = re.compile(r"([BILUOSEM])-(.+)", re.DOTALL)
_OUTSIDE = frozenset(("O", "_", "-"))
_COMMENT = re.compile(r"#\s*\w+\s*=\s")
_DOCSTART = "-DOCSTART-"


def sidecar(path: StrPath) -> Path:
    """The file beside ``path`` that holds texts, offsets and keys."""
    return Path(os.fspath(path) + ".offsets.jsonl")


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    nlp: Language | str | None = None,
    scheme: Literal["iob2", "biluo"] | None = None,
    alignment: str = "expand",
    offsets: bool = True,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write a token and its tag a line, with a tab between them.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    nlp : Language or str, optional
        Its tokenizer is used; else an item's own tokens, else simple ones (words and single signs).
    scheme : {"iob2", "biluo"}, optional
        How spans are tagged; BILUO for a file that ends in ``.biluo``, else IOB2.
    alignment : {"expand", "contract", "strict"}
        What becomes of spans that do not end at tokens: grown, shrunk, or left out.
    offsets : bool
        Whether texts, token offsets and keys are written into a file beside it. Without it, each item whose text is
        more than its tokens with single blanks between them is reported.
    statuses : sequence of str
        Which responses are written: a file of this kind cannot tell discarded items from items without spans.
    meta : mapping, optional
        Further columns and lines, as `Reading.meta` holds them.
    """
    mode = check_alignment(alignment)
    chosen = scheme or ("biluo" if os.fspath(path).lower().endswith(".biluo") else "iob2")
    if chosen not in _SCHEMES:
        raise FormatError(f"there is no tagging scheme {scheme!r}", nearest(str(scheme), _SCHEMES))
    log = Log()
    pipeline = None if nlp is None else language(nlp)
    blocks: list[str] = []
    beside: list[str] = []
    for row in log.only(rows, statuses):
        text = log.text(row)
        if text is None:
            continue
        tokens = _tokens(row, text, pipeline, log)
        if not tokens:
            log.drop(row.item.key, "", "has no tokens, so there is no line to write")
            continue
        tags = ["O"] * len(tokens)
        for first, last, span in _taggable(row, tokens, mode, log):
            tags[first:last] = _tags(span.label, last - first, chosen)
        carried = (meta or {}).get((row.item.key, row.response.annotator), {})
        blocks.append(_block([text[a:b] for a, b in tokens], tags, carried))
        log.items += 1
        if offsets:
            key = json_key(row.item.key, log)
            record = {"key": key, "annotator": row.response.annotator, "text": text, "tokens": tokens}
            beside.append(json.dumps(record))
        elif text != " ".join(text[a:b] for a, b in tokens):
            log.drop(row.item.key, "", "the text's white space and offsets are not written (offsets=False)")
    if offsets:
        with replacing(sidecar(path)) as part:
            part.write_text("".join(line + "\n" for line in beside), encoding="utf-8")
    else:  # an older one would be of other items
        sidecar(path).unlink(missing_ok=True)
    with replacing(path) as part:
        part.write_text("\n".join(blocks), encoding="utf-8", errors="surrogatepass", newline="\n")
    return log.report(path)


def _tokens(row: Labelled, text: str, nlp: Language | None, log: Log) -> list[tuple[int, int]]:
    if nlp is not None:
        found = [(token.idx, token.idx + len(token)) for token in nlp.tokenizer(text)]
    else:
        found = usable(row.item.tokens, text) or simple(text)
    tokens = [(a, b) for a, b in found if not text[a:b].isspace()]
    broken = [text[a:b] for a, b in tokens if _BREAKS.search(text[a:b])]
    if broken:
        log.drop(row.item.key, "", f"the token {broken[0]!r} is written with a blank for its tab or line break")
    return tokens


def _taggable(
    row: Labelled, tokens: Sequence[tuple[int, int]], alignment: Any, log: Log
) -> Iterator[tuple[int, int, Span]]:
    """The spans that tags can hold; all else is reported."""
    key = row.item.key
    placed: list[tuple[int, int, Span]] = []
    fields = {a.field for a in row.response.annotations if isinstance(a, Span)}
    for a in row.response.annotations:
        if not isinstance(a, Span):
            log.drop(key, a.id, f"there is no tag for a {a.kind}")
            continue
        where = f"{a.label!r} [{a.start}, {a.end})"
        place = align(tokens, a.start, a.end, alignment)
        if not a.label or _BREAKS.search(a.label):
            log.drop(key, a.id, f"{where} has a label that a tag cannot hold")
        elif place is None:
            log.drop(key, a.id, f"{where} does not end at tokens; left out with alignment={alignment!r}")
        else:
            start, end = tokens[place[0]][0], tokens[place[1] - 1][1]
            if (start, end) != (a.start, a.end):
                log.drop(key, a.id, f"{where} does not end at tokens; moved to [{start}, {end})")
            log.part(key, a, beyond(a) + ([f"field {a.field!r}"] if len(fields) > 1 else []), what=where)
            placed.append((*place, a))
    kept, rest = longest_first(placed)
    for _, _, a in rest:
        log.drop(key, a.id, f"{a.label!r} [{a.start}, {a.end}) overlaps a longer span")
    log.annotations += len(kept)
    yield from kept


def _tags(label: str, length: int, scheme: str) -> list[str]:
    if scheme == "biluo" and length == 1:
        return [f"U-{label}"]
    tags = [f"B-{label}"] + [f"I-{label}"] * (length - 1)
    if scheme == "biluo":
        tags[-1] = f"L-{label}"
    return tags


def _block(tokens: Sequence[str], tags: Sequence[str], carried: Mapping[str, Any]) -> str:
    """The lines of one item, with the lines before it and the columns between token and tag that it was read with."""
    before = carried.get("before")
    lines = [str(line) for line in before] if isinstance(before, (list, tuple)) else []
    columns = carried.get("columns")
    if not isinstance(columns, (list, tuple)) or len(columns) != len(tokens):
        columns = [()] * len(tokens)
    for token, between, tag in zip(tokens, columns, tags, strict=True):
        lines.append("\t".join([_BREAKS.sub(" ", token), *map(str, between), tag]))
    return "".join(line + "\n" for line in lines)


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath, *, column: int = -1, field: str = "spans") -> Reading:
    """Read a token and its tag a line; columns are parted by tabs, or by blanks in a file without tabs.

    Parameters
    ----------
    path : path-like
        The file.
    column : int
        Which column holds the tags; the last if left out. Tokens stand in the first.
    field : str
        The field that spans are given to.
    """
    log = Log()
    beside = _beside(path)
    items: list[Read] = []
    for n, (tokens, tags, carried) in enumerate(_blocks(Path(path), column)):
        record = beside[n] if n < len(beside) else None
        text, bounds = " ".join(words for words in tokens), _joined(tokens)
        key: Hashable = n
        annotator = ""
        if record is not None:
            where = usable(record.get("tokens"), record["text"]) or []
            if [_BREAKS.sub(" ", record["text"][a:b]) for a, b in where] == tokens:
                text, bounds = record["text"], where
                key, annotator = key_of_json(record.get("key", n)), str(record.get("annotator", ""))
            else:
                log.drop(n, "", f"the tokens are not those of {sidecar(path).name}, so the text is made of the tokens")
        spans = tuple(
            Span(bounds[first][0], bounds[last - 1][1], label, id=f"span:{k}", field=field or DEFAULT_FIELDS["span"])
            for k, (first, last, label) in enumerate(_spans(tags, n, log))
        )
        item = Item(key, text, position=n, tokens=tuple(bounds))
        items.append(Read(item, Response("", annotator, "submitted", spans), carried))
    return reading(path, items, log)


def _beside(path: StrPath) -> list[dict[str, Any]]:
    """The records of the file beside, as far as they make sense."""
    try:
        lines = sidecar(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    made = []
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return []
        tokens = record.get("tokens") if isinstance(record, dict) else None
        pairs = isinstance(tokens, list) and all(
            isinstance(pair, list) and all(isinstance(end, int) for end in pair) for pair in tokens
        )
        if not pairs or not isinstance(record.get("text"), str):
            return []
        made.append(record)
    return made


def _joined(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """Where tokens stand when they are joined by blanks."""
    bounds = []
    at = 0
    for token in tokens:
        bounds.append((at, at + len(token)))
        at += len(token) + 1
    return bounds


def _blocks(path: Path, column: int) -> Iterator[tuple[list[str], list[str], dict[str, Any]]]:
    """Tokens and tags of each item, and what else stood there."""
    raw = path.read_bytes().decode("utf-8-sig", "surrogatepass")
    lines = [line.removesuffix("\r") for line in raw.split("\n")]  # only these end lines: tokens hold others
    tabs = any("\t" in line for line in lines)
    tokens: list[str] = []
    tags: list[str] = []
    between: list[list[str]] = []
    before: list[str] = []

    def done() -> Iterator[tuple[list[str], list[str], dict[str, Any]]]:
        if tokens:
            carried: dict[str, Any] = {"before": before} if before else {}
            if any(between):
                carried["columns"] = between
            yield tokens, tags, carried

    for number, line in enumerate(lines, 1):
        if not line.strip(" \t"):
            if tokens:
                yield from done()
                tokens, tags, between, before = [], [], [], []
            elif before and before[-1].startswith(_DOCSTART):
                before.append("")
            continue
        cells = line.split("\t") if tabs else line.split(" ")
        cells = cells if tabs else [cell for cell in cells if cell]
        comment = len(cells) == 1 and line.startswith("#") if tabs else _COMMENT.match(line) is not None
        if line.startswith(_DOCSTART) or (comment and not tokens):
            before.append(line)
            continue
        if len(cells) < 2 or not -len(cells) <= column < len(cells) or column in (0, -len(cells)):
            raise FormatError(
                f"{os.fspath(path)}, line {number} has {len(cells)} column(s): {line[:60]!r}",
                "each line needs a token and its tag" if column == -1 else f"tags are expected in column {column}",
            )
        tokens.append(cells[0])
        tags.append(cells[column])
        between.append(cells[1:column])
    yield from done()


def _spans(tags: Sequence[str], n: int, log: Log) -> Iterator[tuple[int, int, str]]:
    """The spans that tags stand for, as ranges of tokens."""
    start, label = 0, ""
    for at, tag in enumerate([*tags, "O"]):
        found = _TAG.fullmatch(tag)
        if found is None and tag not in _OUTSIDE:
            log.drop(n, "", f"token {at} has the tag {tag!r}, which is none; read as O")
        mark, name = (found[1], found[2]) if found else ("O", "")
        if label and (mark in "OBUS" or name != label):
            yield start, at, label
            label = ""
        if found and mark != "O" and not label:
            start, label = at, name
        if label and mark in "LEUS":
            yield start, at + 1, label
            label = ""
