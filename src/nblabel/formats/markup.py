"""XML of annotation tools, read without document types and written so that every parser reads it again.

Entities can only be declared in a document type, so a file without one holds no entity that grows without bounds and
none that names another file. That is all that is needed of a package such as defusedxml, and it leaves the line
numbers to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, TreeBuilder
from xml.parsers import expat

from ..errors import FormatError

__all__ = ["add", "kept", "parsed", "restored", "serialized", "text_for", "text_in", "value_of", "xml_of"]

_DEEPEST = 100
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 has no sign for these
_NAME = re.compile(r"[^\W\d][\w.:-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,3})?")


def xml_of(path: Path) -> Element:
    """The root of an XML file."""
    return parsed(path.read_bytes(), str(path))


def parsed(raw: bytes, where: str) -> Element:
    """The root of an XML document; raises `FormatError` that tells where it is damaged."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise FormatError(f"{where}, line {parser.CurrentLineNumber}: elements are nested {_DEEPEST} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: Any) -> None:
        raise FormatError(
            f"{where}, line {parser.CurrentLineNumber} declares a document type",
            "entities may hide in one; take the line away if you trust the file",
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "damaged")
        raise FormatError(f"{where}, line {error.lineno}, column {error.offset + 1} is not XML: {reason}") from None
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise FormatError(f"{where} is not XML that can be read: {error}") from None
    return builder.close()


def text_in(element: Element | None, path: str = "", default: str = "") -> str:
    """The text of an element, or of one below it; ends are trimmed where it runs over several lines."""
    found = element.find(path) if element is not None and path else element
    if found is None:
        return default
    text = found.text or ""
    return text.strip() if "\n" in text else text


def add(parent: Element, tag: str, text: object = None, **attributes: object) -> Element:
    """A new element at the end of another."""
    made = SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    if text is not None:
        made.text = str(text)
    return made


def value_of(text: str) -> Any:
    """What the text of an attribute stands for: true or false, a number, or itself.

    Examples
    --------
    >>> value_of("true"), value_of("2.5"), value_of("002")
    (True, 2.5, '002')
    """
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text or "e" in text else int(text)
    return text


def text_for(value: Any) -> str:
    """The text that `value_of` reads again, as far as there is one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def kept(elements: Iterable[Element]) -> str:
    """Elements as text: what `restored` makes elements of again."""
    return "".join(serialized(element, [], "") for element in elements)


def restored(text: Any) -> list[Element]:
    """The elements that `kept` made a text of."""
    return list(parsed(f"<kept>{text}</kept>".encode(), "what was read")) if isinstance(text, str) else []


def serialized(root: Element, odd: list[str], indent: str = "  ") -> str:
    """The document as text. Signs that XML cannot hold become U+FFFD; texts with such are added to ``odd``."""

    def clean(text: str) -> str:
        made = _REFUSED.sub("\ufffd", text)
        if made != text:
            odd.append(text)
        made = made.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return made.replace("\r", "&#13;")

    def lines(element: Element, depth: int) -> Iterator[str]:
        space = indent * depth
        if not _NAME.fullmatch(element.tag):
            odd.append(element.tag)
            return
        head = element.tag
        for name, value in element.attrib.items():
            quoted = clean(str(value)).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
            head += f' {name}="{quoted}"'
        text = clean(element.text or "")
        if not len(element):
            yield f"{space}<{head}>{text}</{element.tag}>\n" if text else f"{space}<{head}/>\n"
            return
        yield f"{space}<{head}>{text.strip()}\n"
        for child in element:
            yield from lines(child, depth + 1)
        yield f"{space}</{element.tag}>\n"

    return "".join(lines(root, 0))
