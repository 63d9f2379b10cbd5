"""ELAN EAF, one file a recording: tiers with annotations in whole milliseconds.

How segments become tiers is told in `nblabel.formats.tiers`. Annotations that refer to others (``REF_ANNOTATION``) are
read with the times of those; several in a row share them evenly, as ELAN shows them. Slots without a time are spread
evenly between their neighbours, and noted.

Ids, and all that is not understood (media, linguistic types, vocabularies, what tiers depend on), are kept and written
back. A tier whose annotations no longer fit to what they refer to is written as one that depends on nothing, and noted.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from ..annotations import AnyAnnotation, Segment
from ..errors import InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema
from .apart import read_each, write_each
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading
from .markup import add, kept, restored, serialized, xml_of
from .pictures import plain_name
from .recordings import Recording, key_of, made_item, only_segments, recordings, segment
from .tiers import Layout, Mark, Names, Tier

__all__ = ["read", "write"]

ENDING = ".eaf"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_XSI = "xmlns:xsi"
_TYPE = "default-lt"
_ID = re.compile(r"a[1-9][0-9]{0,8}")
_KNOWN = frozenset(("ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2", "ANNOTATION_REF", "PREVIOUS_ANNOTATION"))
_LATEST = 10**12  # milliseconds


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath, *, labels: bool | None = None, schema: Schema | None = None) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Each tier is a field, unless the schema knows its name as a label.

    Parameters
    ----------
    path : path-like
        An EAF file, or a folder of them.
    labels : bool, optional
        Whether values are labels or texts where the schema does not tell; by default they are labels in a tier where
        none is more than a word.
    schema : Schema, optional
        The questions that are asked; tells labels from texts.
    """
    log = Log()
    found = []
    for document, file, root in read_each(path, ENDING, log, xml_of, _odd):
        key = _key(document, file, root)
        found.append((_Document(document, key, log), key))
    names = Names(([one.tier for one in document.tiers] for document, _ in found), schema, labels)
    items = [_item(document, key, names, log, n) for n, (document, key) in enumerate(found)]
    return reading(path, items, log)


def _odd(document: Element) -> str:
    return "" if document.tag == "ANNOTATION_DOCUMENT" else f"is no EAF file: it begins with <{document.tag}>"


def _key(document: Element, file: Path, root: Path) -> str:
    """The recording's name as the file says it, in the file's folder; else the file's own."""
    media = document.find("HEADER/MEDIA_DESCRIPTOR")
    named = (media.get("RELATIVE_MEDIA_URL") or media.get("MEDIA_URL") or "") if media is not None else ""
    name = PurePosixPath(plain_name(named.replace("\\", "/"))).name
    return (file.relative_to(root).parent / name).as_posix() if name else key_of(file, root, ENDING)


class _Tier(msgspec.Struct):
    """A tier of a file, and what its annotations refer to."""

    tier: Tier
    attributes: dict[str, str]
    refs: dict[str, tuple[str, str]] = {}
    """The annotation that each refers to, and the one before it."""
    more: dict[str, tuple[str, dict[str, str]]] = {}
    """What annotations have besides (an entry of a vocabulary), with the value that it goes with."""


class _Document:
    """The tiers of a file."""

    def __init__(self, document: Element, key: Hashable, log: Log) -> None:
        self.root = {name: value for name, value in document.attrib.items() if not name.startswith("{")}
        self.rest = [one for one in document if one.tag not in ("TIME_ORDER", "TIER")]
        self._key = key
        self._log = log
        self._times = self._slots(document)
        self._refs: dict[str, tuple[str, str]] = {}
        self._places: dict[str, tuple[float, float]] = {}
        self.tiers = [self._tier(one) for one in document.findall("TIER")]
        for tier in self.tiers:
            self._place(tier)

    def _slots(self, document: Element) -> dict[str, float]:
        """Seconds by the id of their slot."""
        ids, values = [], []
        for slot in document.findall("TIME_ORDER/TIME_SLOT"):
            text = slot.get("TIME_VALUE")
            fits = text is not None and re.fullmatch(r"\d{1,12}", text.strip())
            if text is not None and not fits:
                self._log.drop(self._key, "", f"the time slot {slot.get('TIME_SLOT_ID')!r} has the time {text[:40]!r}")
            ids.append(slot.get("TIME_SLOT_ID", ""))
            values.append(int(text) / 1000 if fits and text is not None else None)
        made = {id_: value for id_, value in zip(ids, values, strict=True) if value is not None}
        for tier in document.findall("TIER"):
            made |= _chained(tier, made)
        last = 0.0
        for id_ in ids:  # in no row that leads to a time: ELAN keeps them in order
            last = made.setdefault(id_, last)
        if None in values:
            n = values.count(None)
            self._log.drop(self._key, "", f"{n} time slots have no time; they are spread between their neighbours")
        return made

    def _tier(self, element: Element) -> _Tier:
        name = element.get("TIER_ID", "")
        tier = Tier(name if name.strip() else DEFAULT_FIELDS["segment"], False, [])
        made = _Tier(tier, {**element.attrib, "TIER_ID": tier.name}, {}, {})
        for one in element.findall("ANNOTATION/*"):
            id_ = one.get("ANNOTATION_ID", "")
            text = one.findtext("ANNOTATION_VALUE") or ""
            if one.tag == "ALIGNABLE_ANNOTATION":
                ends = [self._times.get(one.get(f"TIME_SLOT_REF{n}", "")) for n in (1, 2)]
                if ends[0] is None or ends[1] is None:
                    self._log.drop(self._key, id_, f"{text[:40]!r} in tier {tier.name!r} has no time")
                    continue
                self._places[id_] = (ends[0], ends[1])
            elif one.tag == "REF_ANNOTATION":
                made.refs[id_] = (one.get("ANNOTATION_REF", ""), one.get("PREVIOUS_ANNOTATION", ""))
            else:
                self._log.drop(self._key, id_, f"a {one.tag} in tier {tier.name!r} is not read")
                continue
            tier.marks.append(Mark(0.0, 0.0, text, id_))
            more = {name: value for name, value in one.attrib.items() if name not in _KNOWN}
            if more:
                made.more[id_] = (text, more)
        self._refs.update(made.refs)
        return made

    def _place(self, tier: _Tier) -> None:
        """Gives the marks their times; those that refer to nothing with a time are left out."""
        shares = shares_of(tier.refs)
        marks = []
        for mark in tier.tier.marks:
            place = self._times_of(mark.id, shares if mark.id in tier.refs else {})
            if place is None:
                self._log.drop(self._key, mark.id, f"{mark.text[:40]!r} in tier {tier.tier.name!r} refers to no time")
                continue
            mark.start, mark.end = place
            marks.append(mark)
        tier.tier.marks = marks

    def _times_of(self, id_: str, shares: Mapping[str, tuple[int, int]]) -> tuple[float, float] | None:
        """Start and end, also of an annotation that refers to another one."""
        if id_ in self._places:
            return self._places[id_]
        chain = [id_]
        while chain[-1] not in self._places:
            above = self._refs.get(chain[-1], ("", ""))[0]
            if not above or above in chain:
                return None
            chain.append(above)
        start, end = self._places[chain[-1]]
        for n, one in enumerate(reversed(chain[:-1])):
            if n < len(chain) - 2:
                shares_above = shares_of(self._siblings(one))
                start, end = part_of((start, end), shares_above.get(one, (0, 1)))
            else:
                start, end = part_of((start, end), shares.get(one, (0, 1)))
            self._places[one] = (start, end)
        return start, end

    def _siblings(self, id_: str) -> dict[str, tuple[str, str]]:
        return next((tier.refs for tier in self.tiers if id_ in tier.refs), {})


def _chained(tier: Element, times: Mapping[str, float]) -> dict[str, float]:
    """Times for the slots without one that a row of annotations leads over, spread evenly."""
    after = {one.get("TIME_SLOT_REF1", ""): one.get("TIME_SLOT_REF2", "") for one in tier.iter("ALIGNABLE_ANNOTATION")}
    made: dict[str, float] = {}
    for first, second in after.items():
        if first not in times or second in times:
            continue
        row = [second]
        while row[-1] in after and row[-1] not in times and after[row[-1]] not in row:
            row.append(after[row[-1]])
        if row[-1] in times:
            place = (times[first], times[row[-1]])
            made |= {id_: part_of(place, (n, len(row)))[1] for n, id_ in enumerate(row[:-1])}
    return made


def shares_of(refs: Mapping[str, tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """The place of each annotation in the row that refers to the same one, and how many the row has."""
    rows: dict[str, list[str]] = {}
    for id_, (above, before) in refs.items():
        row = rows.setdefault(above, [])
        row.insert(row.index(before) + 1 if before in row else len(row) if before or not row else 0, id_)
    chained = {above for above, before in refs.values() if before}
    return {
        id_: (n, len(row)) if above in chained else (0, 1) for above, row in rows.items() for n, id_ in enumerate(row)
    }


def part_of(place: tuple[float, float], share: tuple[int, int]) -> tuple[float, float]:
    """One of several equal parts of a stretch of time, in whole milliseconds."""
    start, end = place
    n, of = share
    first, last = (round((start + (end - start) * k / of) * 1000) / 1000 for k in (n, n + 1))
    return (start if n == 0 else first), (end if n + 1 == of else last)


def _item(document: _Document, key: Hashable, names: Names, log: Log, position: int) -> Read:
    made: list[AnyAnnotation] = []
    own = {one.tier.name for one in document.tiers}
    for one in document.tiers:
        for mark in one.tier.marks:
            try:
                place = {"id": mark.id, "start": mark.start, "end": mark.end}
                made.append(segment({**place, **names.body(one.tier, own, mark.text)}))
            except InvalidAnnotation as error:
                log.drop(key, mark.id, f"tier {one.tier.name!r}: {error}")
    tiers = []
    for one in document.tiers:
        more: dict[str, Any] = {"refs": one.refs} if one.refs else {}
        tiers.append({"attributes": one.attributes, **more, **({"more": one.more} if one.more else {})})
    meta: dict[str, Any] = {"root": document.root, "xml": kept(document.rest), "tiers": tiers}
    return Read(made_item(key, key, position), Response("", "", "submitted", tuple(made)), meta)


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one EAF file a recording into a folder, or the only one to a path that ends in ``.eaf``.

    Parameters
    ----------
    path : path-like
        The folder, or the file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    held = list(recordings(rows, log, statuses))
    layout = Layout(schema, (a for one in held for a in one.annotations))
    write_each(path, held, ENDING, log, lambda one, *_: _Writer(one, layout, meta or {}, log).document())
    return log.report(path)


class _Writer:
    """A recording on its way to a document."""

    def __init__(self, one: Recording, layout: Layout, meta: Meta, log: Log) -> None:
        self.one = one
        self.log = log
        self.carried = meta.get(one.slot, {})
        segments = only_segments(one, log, "ELAN")
        self.by_id = {a.id: a for a in segments}
        known = {tier["attributes"]["TIER_ID"]: tier for tier in self.carried.get("tiers", ())}
        refs = {id_: tuple(ref) for tier in known.values() for id_, ref in tier.get("refs", {}).items()}
        empty = {a.id for a in segments if not a.label and not a.text}  # ELAN has annotations without a value
        self.rounded = {a.id: self._rounded(a, a.id in refs) for a in segments}
        laid = layout.tiers(
            [msgspec.structs.replace(a, text="\n") if a.id in empty else a for a in segments],
            one.key,
            log,
            points=False,
            times=lambda a: self.rounded[a.id],
        )
        made = {tier.name: tier for tier in laid}
        for tier in laid:
            for mark in tier.marks:
                mark.text = "" if mark.id in empty else mark.text
        self.tiers = [made.pop(name, Tier(name, False, [])) for name in known] + list(made.values())
        self.known = known
        self.ids = self._ids(segments)

    def _rounded(self, a: Segment, refers: bool) -> tuple[float, float]:
        """Start and end in whole milliseconds, at least one apart; what changes is noted."""
        start, end = min(round(a.start * 1000), _LATEST), min(round(a.end * 1000), _LATEST)
        if a.start == a.end:
            self.log.drop(self.one.key, a.id, f"the event at {a.start:g} s is written as one millisecond long")
        elif not refers and (start / 1000 != a.start or end / 1000 != a.end):
            self.log.drop(self.one.key, a.id, f"[{a.start!r}, {a.end!r}) is rounded to milliseconds")
        return start / 1000, max(end, start + 1) / 1000

    def _ids(self, segments: Sequence[Segment]) -> dict[str, str]:
        """The ids that annotations have in the file: their own where ELAN could have given them."""
        own = {a.id: a.id for a in segments if _ID.fullmatch(a.id)}
        last = max((int(id_[1:]) for id_ in own), default=0)
        for a in segments:
            if a.id not in own:
                last += 1
                own[a.id] = f"a{last}"
        return own

    def document(self) -> str:
        """The text of the file."""
        root = Element("ANNOTATION_DOCUMENT")
        when = self.one.row.response.updated_at
        date = (datetime.fromtimestamp(when, UTC) if when else datetime.now(UTC)).isoformat(timespec="seconds")
        head = {"AUTHOR": "", "DATE": date, "FORMAT": "3.0", "VERSION": "3.0", **self.carried.get("root", {})}
        root.attrib.update({name: str(value) for name, value in head.items()})
        root.set(_XSI, _INSTANCE)
        root.set("xsi:noNamespaceSchemaLocation", f"http://www.mpi.nl/tools/elan/EAFv{root.get('FORMAT')}.xsd")
        rest = restored(self.carried.get("xml"))
        first = [one for one in rest if one.tag in ("LICENSE", "HEADER")]
        root.extend(first)
        if not any(one.tag == "HEADER" for one in first):
            header = add(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
            name = PurePosixPath(self.one.name)
            sort = guess_type(name.name)[0] or "audio/x-wav"
            relative = f"./{name.name}"
            add(header, "MEDIA_DESCRIPTOR", MEDIA_URL=relative, MIME_TYPE=sort, RELATIVE_MEDIA_URL=relative)
        order = add(root, "TIME_ORDER")
        tiers = [self._tier(tier) for tier in self.tiers]
        self._number(order, tiers)
        root.extend(tiers)
        last = [one for one in rest if one.tag not in ("LICENSE", "HEADER")]
        types = {one.get("LINGUISTIC_TYPE_ID") for one in last if one.tag == "LINGUISTIC_TYPE"}
        if _TYPE not in types and (not types or any(t.get("LINGUISTIC_TYPE_REF") == _TYPE for t in tiers)):
            ours = Element("LINGUISTIC_TYPE", {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE})
            ours.set("TIME_ALIGNABLE", "true")
            last.insert(0, ours)
        root.extend(last)
        odd: list[str] = []
        text = serialized(root, odd)
        for one in dict.fromkeys(odd):
            self.log.drop(self.one.key, "", f"{one[:60]!r} has signs that XML cannot hold; they become U+FFFD")
        self.log.items += 1
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + text

    def _tier(self, tier: Tier) -> Element:
        known = self.known.get(tier.name, {})
        refs: Mapping[str, Sequence[str]] = known.get("refs", {})
        attributes = dict(known.get("attributes", {}))
        refer = bool(refs) and self._refer(tier, refs)
        if (refs and not refer) or not attributes:
            attributes = {"LINGUISTIC_TYPE_REF": _TYPE, "TIER_ID": tier.name}
        if refs and not refer:
            self.log.drop(
                self.one.key, "", f"the tier {tier.name!r} no longer fits to what it refers to: it stands alone"
            )
        made = Element("TIER", attributes)
        for mark in tier.marks:
            a = self.by_id[mark.id]
            id_ = self.ids[mark.id]
            outer = add(made, "ANNOTATION")
            if refer:
                above, before = refs[mark.id]
                one = add(outer, "REF_ANNOTATION", ANNOTATION_ID=id_, ANNOTATION_REF=above)
                if before:
                    one.set("PREVIOUS_ANNOTATION", before)
            else:
                one = add(outer, "ALIGNABLE_ANNOTATION", ANNOTATION_ID=id_)
                one.attrib |= {"TIME_SLOT_REF1": str(round(mark.start * 1000)), "TIME_SLOT_REF2": ""}
                one.set("TIME_SLOT_REF2", str(round(mark.end * 1000)))
            text, more = known.get("more", {}).get(mark.id, ("", {}))
            one.attrib |= more if text == mark.text else {}
            add(one, "ANNOTATION_VALUE", mark.text)
            self.log.annotations += 1
            self.log.part(self.one.key, a, beyond(a, "channel"))
        return made

    def _refer(self, tier: Tier, refs: Mapping[str, Sequence[str]]) -> bool:
        """Whether annotations still have the times of those that they refer to."""
        ids = {mark.id for mark in tier.marks}
        if not all(id_ in refs and refs[id_][0] in self.by_id and self._there(refs[id_][1], ids) for id_ in ids):
            return False
        shares = shares_of({id_: (ref[0], ref[1]) for id_, ref in refs.items() if id_ in ids})
        for id_ in ids:
            above = self.by_id[refs[id_][0]]
            wanted = part_of((above.start, above.end), shares[id_])
            if wanted != (self.by_id[id_].start, self.by_id[id_].end):
                return False
        return True

    @staticmethod
    def _there(before: str, ids: set[str]) -> bool:
        return not before or before in ids

    @staticmethod
    def _number(order: Element, tiers: Iterable[Element]) -> None:
        """Gives each end of an annotation a slot of its own, in the order of time, as ELAN does."""
        ends = [
            (int(one.get(name, "0")), place, one, name)
            for place, one in enumerate(a for tier in tiers for a in tier.iter("ALIGNABLE_ANNOTATION"))
            for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
        ]
        for n, (time, _, one, name) in enumerate(sorted(ends, key=lambda end: (end[0], end[1], end[3])), 1):
            add(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{n}", TIME_VALUE=time)
            one.set(name, f"ts{n}")
