"""Many phrases looked for in a text at once: a tree of words, walked from each word of the text.

Examples
--------
>>> phrases = Phrases(ignore_case=True)
>>> phrases.add("New York", "CITY")
>>> phrases.add("York", "CITY")
>>> list(phrases.find("new  york, Yorkshire and York"))
[(0, 9, ('CITY',)), (25, 29, ('CITY',))]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterator
from typing import Any, TypeAlias

__all__ = ["Phrases"]

Tokens: TypeAlias = "list[tuple[int, int, str]]"
_WORDS = re.compile(r"\w+|[^\w\s]")
_SIGNS = re.compile(r"\s+|\S", re.DOTALL)
_END = ""  # no word is empty: what stands under it belongs to the phrase that ends here


class Phrases:
    """Phrases and what they stand for.

    The longest phrase is found from the left; how many spaces part its words is of no matter.

    Parameters
    ----------
    ignore_case : bool
        Whether ``berlin`` is Berlin.
    whole_words : bool
        Whether a phrase must begin and end where words do; not so in languages written without spaces.
    """

    def __init__(self, *, ignore_case: bool = False, whole_words: bool = True) -> None:
        self._ignore_case = ignore_case
        self._whole_words = whole_words
        self._root: dict[str, Any] = {}
        self.count = 0

    def key(self, text: str) -> tuple[str, ...]:
        """What two ways to write the same phrase have in common."""
        return tuple(word for _, _, word in self._tokens(text))

    def add(self, phrase: str, meaning: Hashable) -> None:
        """Look for this phrase too; one phrase may have several meanings, and an empty one is never found."""
        node = self._root
        for word in self.key(phrase.strip()):
            node = node.setdefault(word, {})
        if node is not self._root:
            meanings = node.setdefault(_END, [])
            if meaning not in meanings:
                meanings.append(meaning)
                self.count += 1

    def find(self, text: str) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
        """Start, end and meanings of each phrase in a text, none of which overlap."""
        tokens = self._tokens(text)
        n = 0
        while n < len(tokens):
            node = self._root.get(tokens[n][2])
            last, m = None, n
            while node is not None:
                if _END in node:
                    last = m, node[_END]
                m += 1
                node = node.get(tokens[m][2]) if m < len(tokens) else None
            if last is None:
                n += 1
            else:
                yield tokens[n][0], tokens[last[0]][1], tuple(last[1])
                n = last[0] + 1

    def _tokens(self, text: str) -> Tokens:
        pattern = _WORDS if self._whole_words else _SIGNS
        found = [(match.start(), match.end(), match.group()) for match in pattern.finditer(text)]
        if not text.isascii():
            found = _whole(found, self._whole_words)
        if not self._whole_words:
            found = [(start, end, " " if word.isspace() else word) for start, end, word in found]
        return [(start, end, word.casefold()) for start, end, word in found] if self._ignore_case else found


def _whole(tokens: Tokens, words: bool) -> Tokens:
    """Accents and vowel signs joined to the letters that they belong to, and written in one way."""
    made: Tokens = []
    open_ = False  # whether what follows a sign still belongs to its word
    for start, end, word in tokens:
        mark = unicodedata.category(word[0])[0] == "M" or word[0] == "\u200d"
        joins = (
            bool(made)
            and made[-1][1] == start
            and (mark or (open_ and words and (word[0].isalnum() or word[0] == "_")))
        )
        if joins:
            made[-1] = (made[-1][0], end, made[-1][2] + word)
        else:
            made.append((start, end, word))
        open_ = mark and joins
    return [(start, end, unicodedata.normalize("NFC", word)) for start, end, word in made]
