"""The part of YAML that data sets are described in: mappings, lists, texts and numbers, without tags and anchors.

YOLO's ``data.yaml`` needs no more, and no package is needed for it. What this part does not have is refused with its
line, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import FormatError

__all__ = ["scalar", "yaml_of"]

_PLAIN = r"(?:[^\s#&*!|>%@`\"'\[\]{},?:-]|[-?:](?=[^\s]))(?:[^#]|(?<=\S)#)*?"
_KEY = re.compile(rf"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|{_PLAIN})\s*:(?=\s|$)""", re.ASCII)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_BREAK = re.compile(r"[ \t]#")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\n[ \t]*|.)|[ \t]*\n[ \t\n]*", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"} | {
    "_": "\xa0",
    "N": "\x85",
    "L": "\u2028",
    "P": "\u2029",
}
_FOLD = re.compile(r"[ \t]*\n[ \t\n]*")
_LINES = re.compile(r"\r\n|\r|\n")
_BLANKS = " \t\n"
_DEEPEST = 50


def scalar(text: str) -> Any:
    """A plain value: a number, true, false, null or else the text.

    Examples
    --------
    >>> scalar("17"), scalar("0.5"), scalar("cat"), scalar("no")
    (17, 0.5, 'cat', 'no')
    """
    lower = text.lower()
    if lower in _WORDS:
        return _WORDS[lower]
    if _INTEGER.fullmatch(text) and len(text) < 4000:
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return number if math.isfinite(number) else text
    return text


def yaml_of(text: str, where: str) -> Any:
    """The value of a document; raises `FormatError` with the line of what is not understood."""
    return _Parser(text, where).document()


class _Line:
    __slots__ = ("indent", "number", "text")

    def __init__(self, number: int, indent: int, text: str) -> None:
        self.number, self.indent, self.text = number, indent, text


class _Parser:
    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.raw = _LINES.split(text)
        self.lines: list[_Line] = []
        for number, line in enumerate(self.raw, 1):
            bare = line.lstrip(" ")
            if bare.strip(_BLANKS) and not bare.lstrip(_BLANKS).startswith("#"):
                self.lines.append(_Line(number, len(line) - len(bare), bare.rstrip(_BLANKS)))
        if self.lines and self.lines[0].text.startswith("%"):
            self.fail(self.lines[0].number, "directives are not read")
        if self.lines and _BREAK.split(self.lines[0].text)[0].strip(_BLANKS) == "---":
            del self.lines[0]
        self.at = 0
        self.depth = 0

    def fail(self, number: int, why: str) -> NoReturn:
        raise FormatError(f"{self.where}, line {number}: {why}", "only plain YAML is read: keys, lists, texts, numbers")

    def document(self) -> Any:
        if not self.lines:
            return None
        made = self.block(self.lines[0].indent)
        if self.at < len(self.lines) and self.lines[self.at].text not in ("---", "..."):
            self.fail(self.lines[self.at].number, "is indented as nothing before it")
        return made

    # ---- blocks

    def block(self, indent: int) -> Any:
        """The mapping, list or value that begins at the line."""
        line = self.lines[self.at]
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(line.number, "is nested too deep")
        if line.text == "-" or line.text.startswith("- "):
            made: Any = self.items(indent)
        elif line.text[0] not in "[{" and _KEY.match(line.text):
            made = self.mapping(indent)
        else:
            made = self.value(line.text, line.number, indent - 1)
        self.depth -= 1
        return made

    def items(self, indent: int) -> list[Any]:
        made = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.indent != indent or not (line.text == "-" or line.text.startswith("- ")):
                break
            rest = line.text[1:].lstrip(" ")
            if not rest or rest.startswith("#"):
                self.at += 1
                made.append(self.below(indent))
                continue
            inner = indent + len(line.text) - len(rest)
            self.lines[self.at] = _Line(line.number, inner, rest)  # what follows the dash is a block of its own
            made.append(self.block(inner))
        return made

    def mapping(self, indent: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        while self.at < len(self.lines):
            line = self.lines[self.at]
            found = _KEY.match(line.text)
            if line.indent != indent or line.text.startswith("- ") or found is None:
                if line.indent > indent or (
                    line.indent == indent and found is None and line.text not in ("---", "...")
                ):
                    self.fail(line.number, f"{line.text[:60]!r} is no key with a value")
                break
            key = self.plain(found[1], line.number)
            if key in made:
                self.fail(line.number, f"the key {key!r} stands twice")
            rest = line.text[found.end() :].strip(_BLANKS)
            if not rest or rest.startswith("#"):
                self.at += 1
                made[key] = self.below(indent, same=True)
            else:
                made[key] = self.value(rest, line.number, indent)
        return made

    def below(self, indent: int, *, same: bool = False) -> Any:
        """What stands below a key or a dash; a list may stand as far left as its key."""
        if self.at >= len(self.lines):
            return None
        line = self.lines[self.at]
        dash = line.text == "-" or line.text.startswith("- ")
        if line.indent > indent or (same and dash and line.indent == indent):
            return self.block(line.indent)
        return None

    def value(self, text: str, number: int, indent: int) -> Any:
        """A value that begins on a line and may go on below it."""
        if text[0] in "|>":
            return self.folded(text, number, indent)
        if text[0] in "&*!@`%":
            self.fail(number, f"{text[0]!r} is not read")
        self.at += 1
        if text[0] in "[{\"'":
            return self.enclosed(text, number)
        parts = [_BREAK.split(text)[0].strip(_BLANKS)]
        while self.at < len(self.lines) and self.lines[self.at].indent > indent:  # a text over several lines
            line = self.lines[self.at]
            if _KEY.match(line.text):
                self.fail(line.number, f"{line.text[:60]!r} stands below a value")
            parts.append(_BREAK.split(line.text)[0].strip(_BLANKS))
            self.at += 1
        return self.plain(" ".join(parts), number)

    def enclosed(self, text: str, number: int) -> Any:
        """A value in brackets or quotes, which may end some lines below."""
        try:
            return self._whole(text, number)[0]
        except (_Open, FormatError):  # a quote at a line's end may be half of two
            text = "\n".join([text, *self.raw[number:]])
        try:
            made, end = self._whole(text, number)
        except _Open:
            self.fail(number, f"what begins with {text[:20]!r} does not end")
        last = number + text.count("\n", 0, end)
        while self.at < len(self.lines) and self.lines[self.at].number <= last:
            self.at += 1
        return made

    def _whole(self, text: str, number: int) -> tuple[Any, int]:
        depth = self.depth
        try:
            made, end = self.flow(text, 0, number)
        finally:
            self.depth = depth
        rest = text[end:].partition("\n")[0].strip(_BLANKS)
        if rest and not rest.startswith("#"):
            self.fail(number, f"{rest[:40]!r} follows a value")
        return made, end

    def folded(self, text: str, number: int, indent: int) -> str:
        """A text that keeps its lines."""
        last = number
        while last < len(self.raw):
            line = self.raw[last]
            if line.strip(_BLANKS) and len(line) - len(line.lstrip(" ")) <= indent:
                break
            last += 1
        kept = self.raw[number:last]
        while self.at < len(self.lines) and self.lines[self.at].number <= last:
            self.at += 1
        margin = min((len(line) - len(line.lstrip(" ")) for line in kept if line.strip(_BLANKS)), default=0)
        joined = ("\n" if text[0] == "|" else " ").join(line[margin:].rstrip(_BLANKS) for line in kept).rstrip(_BLANKS)
        return joined if "-" in text else joined + "\n"

    # ---- values

    def plain(self, text: str, number: int) -> Any:
        if text[:1] in ("'", '"'):
            try:
                made, end = self.flow(text, 0, number)
            except _Open:
                end = -1
            if end != len(text):
                self.fail(number, f"{text[:40]!r} is no text in quotes")
            return made
        if ": " in text:
            self.fail(number, f"{text[:60]!r} holds a colon outside quotes")
        return scalar(text)

    def flow(self, text: str, at: int, number: int) -> tuple[Any, int]:
        """A list, mapping or text in quotes that begins at a place, and where it ends."""
        if at >= len(text):
            raise _Open
        sign = text[at]
        if sign == "[":
            made: list[Any] = []
            return made, self.each(text, at + 1, "]", number, lambda here: self.listed(text, here, number, made))
        if sign == "{":
            pairs: dict[Any, Any] = {}
            return pairs, self.each(text, at + 1, "}", number, lambda here: self.paired(text, here, number, pairs))
        if sign == "'":
            found = re.compile(r"'((?:[^']|'')*)'").match(text, at)
            if found is None:
                raise _Open
            return _FOLD.sub(_folded, found[1]).replace("''", "'"), found.end()
        if sign == '"':
            found = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(text, at)
            if found is None:
                raise _Open
            return _ESCAPE.sub(_unescaped, found[1]), found.end()
        if sign in "&*!@`%|>":
            self.fail(number, f"{sign!r} is not read")
        found = re.compile(r"(?:[^,\[\]{}:#]|:(?=[^\s,\[\]{}])|(?<=\S)#)*", re.ASCII).match(text, at)
        end = found.end() if found else at
        return scalar(_FOLD.sub(_folded, text[at:end].strip(_BLANKS))), end

    def each(self, text: str, at: int, close: str, number: int, take: Callable[[int], int]) -> int:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(number, "is nested too deep")
        try:
            while True:
                at = _blank(text, at)
                if at >= len(text):
                    raise _Open
                if text[at] == close:
                    return at + 1
                at = _blank(text, take(at))
                if at >= len(text):
                    raise _Open
                if text[at] == ",":
                    at += 1
                elif text[at] != close:
                    self.fail(number, f"{text[at : at + 40]!r} stands where a comma or {close!r} should")
        finally:
            self.depth -= 1

    def listed(self, text: str, at: int, number: int, made: list[Any]) -> int:
        value, end = self.flow(text, at, number)
        made.append(value)
        return end

    def paired(self, text: str, at: int, number: int, made: dict[Any, Any]) -> int:
        key, end = self.flow(text, at, number)
        if isinstance(key, (list, dict)):
            self.fail(number, "a key is a text or a number")
        end = _blank(text, end)
        value = None
        if end < len(text) and text[end] == ":":
            end = _blank(text, end + 1)
            value, end = self.flow(text, end, number)
        made[key] = value
        return end


class _Open(Exception):
    """The value goes on in the next line."""


def _blank(text: str, at: int) -> int:
    """The next place that is neither blank nor in a comment."""
    while at < len(text) and text[at] in " \t\n#":
        if text[at] == "#":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        else:
            at += 1
    return at


def _folded(found: re.Match[str]) -> str:
    """A break within a value is a blank; empty lines are breaks."""
    return "\n" * (found[0].count("\n") - 1) or " "


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1]
    if sign is None:
        return _folded(found)
    if sign[0] == "\n":
        return ""
    if len(sign) > 1:
        code = int(sign[1:], 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return _ESCAPES.get(sign, sign)
