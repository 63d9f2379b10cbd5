"""Names and texts as database columns can hold them: any Python string goes in and comes out unchanged.

PostgreSQL has no NUL character, UTF-8 has no lone surrogates, and an index takes entries of a limited size.
So NUL, surrogates and the escape character itself are written as escapes, and a long name stands in keys as
its hash, with the whole of it beside, in the table ``long_name``.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["LONGEST", "Escaped", "escape", "is_packed", "pack", "unescape"]

LONGEST = 160
"""The most UTF-8 bytes of a name that stands in a key as it is."""

_RISKY = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")
_PACKED = "\\h"  # never made by escape(): there, a backslash is followed by a backslash or u
_PLAIN = re.compile(r"[a-z0-9_.:-]{1,100}")


def escape(text: str) -> str:
    r"""The text without NUL and surrogates.

    Examples
    --------
    >>> escape("a\x00b"), escape("plain")
    ('a\\u0000b', 'plain')
    """
    if _RISKY.search(text) is None:
        return text
    return _RISKY.sub(lambda m: "\\\\" if m[0] == "\\" else f"\\u{ord(m[0]):04x}", text)


def unescape(text: str) -> str:
    """What `escape` was given."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)


def pack(name: str, exact: bool = True) -> str:
    """A name as it stands in keys: escaped, or hashed if it is long.

    With ``exact=False`` (databases that may take ``a`` and ``A`` for the same) all but the plainest are hashed.
    """
    if exact:
        made = escape(name)
        if len(made) <= LONGEST and (made.isascii() or len(made.encode()) <= LONGEST):
            return made
    elif _PLAIN.fullmatch(name):
        return name
    return _PACKED + hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def is_packed(name: str) -> bool:
    """Whether the name in a key is a hash."""
    return name.startswith(_PACKED)


class Escaped(TypeDecorator[str]):
    """A text column of any length that holds every Python string."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """On the way in."""
        return None if value is None else escape(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """On the way out."""
        return None if value is None else unescape(value)
