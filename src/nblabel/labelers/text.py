"""`TextLabeler`: spans, relations, choices and free text on texts and spaCy docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..formats import spacy_docs
from ..records import Report
from ..schema import Choices, FieldLike, LabelLike, Relations, Spans
from ..sources import open_source
from ..suggest import Entities
from .base import Labeler, front_end

__all__ = ["TextLabeler"]


class TextLabeler(Labeler):
    """Label texts inline.

    Parameters
    ----------
    data : DataFrame, Series, list of str, list of dict, list of Doc, DocBin, path or glob
        What to label; pandas, polars and pyarrow frames are read where they are.
    text : str, optional
        The column (or dict key) that holds the text; may be left out where only one column holds text.
    spans : list of labels or Spans, optional
        Labels to mark characters with.
    relations : list of labels or Relations, optional
        Labels for relations from span to span.
    choices : list of labels or Choices, optional
        Labels to choose one of; ``nb.Choices(..., multiple=True)`` for several.
    nlp : spaCy Language, optional
        Its tokenizer decides what marked spans snap to.
    key : str, optional
        Column that identifies an item for good; else items are known by their content.
    show : sequence of str
        Columns shown beside the text.
    name : str, optional
        The data set: labelers of one store with different questions need different names.
    store : str, path or Store, optional
        A file, ``":memory:"`` or a database URL; ``NBLABEL_STORE`` or ``nblabel.db`` if left out.
    annotator : str, optional
        Who labels; the account's name if left out.
    suggest : callable, spaCy Language, Suggester or a list of these, optional
        What suggests annotations; they are answers only once a person submits them.
    order : str, Strategy or callable
        ``"sequential"``, ``"random"``, a callable from the data to positions, or a strategy by which what comes next is
        ranked anew while you label: ``"uncertainty"``, ``"diversity"``, ``"disagreement"``, ``"balanced"``, or one of
        `nblabel.ordering`.
    learn_every : int, optional
        After how many new answers models that learn do so again; as they want it if left out.
    hold_out : float
        The share of items whose answers models that are trained never see, to measure them.
    blind : float
        The share of items whose suggestions are not shown, to see whether they lead people; see `anchoring`.
    into : str or dict, optional
        Column(s) of the pandas frame that answers are written to and read from.
    guidelines : str or Path
        Markdown shown on request; a ``Path`` is read.
    fields : dict, optional
        Further questions by name: a list of labels, ``"text"``, or a field such as ``nb.Choices(...)``.
    keys : dict, optional
        Shortcuts by action, such as ``{"submit": "s"}``.
    height : int or str, optional
        Bound on the height of the text, in pixels or as CSS length.

    Examples
    --------
    >>> import nblabel as nb
    >>> lab = nb.TextLabeler(["Ada met Charles."], spans=["PERSON"], choices=["good", "bad"], store=":memory:")
    >>> lab.submit([nb.Span(0, 3, "PERSON"), nb.Choice("good")])
    >>> lab.annotations[["kind", "label", "text"]].values.tolist()[0]
    ['span', 'PERSON', 'Ada']
    """

    OWN: ClassVar[tuple[str, ...]] = ("text", "spans", "relations", "choices", "nlp")
    KIND: ClassVar[str] = "text"

    _esm = front_end("text", "js")
    _css = front_end("text", "css")

    def __init__(
        self,
        data: Any,
        text: str | None = None,
        *,
        spans: Sequence[LabelLike] | Spans | None = None,
        relations: Sequence[LabelLike] | Relations | None = None,
        choices: Sequence[LabelLike] | Choices | None = None,
        fields: Mapping[str, FieldLike] | None = None,
        nlp: Any = None,
        key: str | None = None,
        show: str | Sequence[str] = (),
        **options: Any,
    ) -> None:
        self._refuse_unknown(options)
        questions = self._questions(
            {"spans": (spans, Spans), "relations": (relations, Relations), "choices": (choices, Choices)},
            fields,
            "spans=['PERSON', 'ORG'] or choices=['yes', 'no']",
        )
        shown = (show,) if isinstance(show, str) else tuple(show)
        source = open_source(data, column=text, key=key, show=shown, tokenizer=nlp or _language(options.get("suggest")))
        super().__init__(source, questions, fields=fields, **options)

    def docs(self, nlp: Any = None, *, alignment: str = "expand") -> list[Any]:
        """Submitted answers as spaCy docs.

        Parameters
        ----------
        nlp : Language or str, optional
            Tokenizes the texts; a language code makes a blank pipeline (``"en"`` if left out). Docs that were
            handed in keep their own tokens.
        alignment : {"expand", "contract", "strict"}
            What becomes of spans that do not end at tokens: grown, shrunk, or left out.

        Returns
        -------
        list of Doc
            With ``.ents`` (as far as they do not overlap), ``.spans["nblabel"]`` (all), ``.cats``, and relations in
            ``doc._.nblabel_relations``. What could not be carried is in `docs_report`.
        """
        rows = self._session.labelled(status="submitted")
        docs, self.docs_report = spacy_docs.to_docs(nlp or "en", rows, self.schema, alignment=alignment)
        if self.docs_report.dropped:
            self._session.notice("Some annotations do not fit into spaCy docs", detail=str(self.docs_report))
        return docs

    docs_report: Report = Report()
    """What the last call of `docs` could not carry whole."""


def _language(given: Any) -> Any:
    """A spaCy pipeline that suggests, or is to be trained, also tokenizes."""
    if isinstance(given, Entities):
        return given.start
    return given if hasattr(given, "make_doc") and hasattr(given, "pipe") else None
