"""Which label of the schema a model means: its own names are rarely spelt as the annotator's.

Examples
--------
>>> from nblabel.schema import Spans
>>> schema = Schema.of({"spans": Spans(["PERSON", "Work of art"]), "mood": ["good", "bad"]})
>>> names = Names(schema, (Spans,), {"PER": "PERSON", "MISC": None})
>>> [names.places(label) for label in ("PER", "WORK_OF_ART", "MISC", "good")]
[[('spans', 'PERSON')], [('spans', 'Work of art')], [], []]
>>> names.knows("MISC"), names.knows("good")
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..errors import SuggestError, nearest
from ..schema import Field, Schema

__all__ = ["Names", "Renaming"]

Renaming: TypeAlias = "Mapping[str, str | None]"
"""A label of the schema for each of the model's labels; ``None`` for one that is to be left out."""


class Names:
    """The labels of a schema by the names that a model has for them.

    A name is looked for as it is, and then without regard to case, spaces and signs, if that leaves one label of a
    field.

    Parameters
    ----------
    schema : Schema
        The questions.
    kinds : tuple of classes of fields
        Which fields are meant.
    given : mapping, optional
        Labels by the model's names, as the user wrote them.
    field : str, optional
        The only field that is meant.
    """

    def __init__(
        self,
        schema: Schema,
        kinds: tuple[type[Field], ...],
        given: Renaming | None = None,
        field: str | None = None,
    ) -> None:
        if field is not None and field not in schema.names:
            raise SuggestError(f"the schema has no field {field!r}", nearest(field, schema.names))
        self.fields = tuple(one for one in schema.fields if isinstance(one, kinds) and field in (None, one.name))
        known = {label.name for one in self.fields for label in one.get_labels()}
        self._given = {str(name): label for name, label in (given or {}).items()}
        for name, label in self._given.items():
            if label is not None and label not in known:
                raise SuggestError(
                    f"labels={{{name!r}: {label!r}}} names a label that the schema does not have", nearest(label, known)
                )
        self._found: dict[str, list[tuple[str, str]]] = {}

    def places(self, name: str) -> list[tuple[str, str]]:
        """Field and label for each field that has the label; none if the schema does not know it."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._look(name)
        return found

    def knows(self, name: str) -> bool:
        """Whether somebody has decided what the name means, be it nothing."""
        return name in self._given or bool(self.places(name))

    def _look(self, name: str) -> list[tuple[str, str]]:
        wanted = self._given.get(name, name)
        if wanted is None:
            return []
        exact = [(field.name, wanted) for field in self.fields if field.label(wanted)]
        if exact:
            return exact
        folded = _folded(wanted)
        made = []
        for field in self.fields:
            alike = [label.name for label in field.get_labels() if _folded(label.name) == folded]
            if folded and len(alike) == 1:
                made.append((field.name, alike[0]))
        return made


def _folded(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())
