"""Live columns in a real JupyterLab: the page writes into the frame, and the next cell's labels are answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELL = """
import nblabel as nb, pandas as pd

df = pd.DataFrame({"review": [f"Review number {i} is here." for i in range(300)]})
lab = nb.TextLabeler(df, text="review", choices=["good", "bad"], into="label", store="live.db")
lab
"""


def test_both_ways(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([CELL, "df.loc[1:200, 'label'] = 'bad'"])
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready().focus()
    page.press("1").until_key(1)
    page.press("n").until_key(2)
    nb.kernel.wait("df['label'].dropna().to_dict() == {0: 'good'}")
    nb.run(1)
    expect(page.part("progress")).to_have_text("201 done")
    expect(page.part("item-status")).to_have_text("Submitted")
    assert page.key == "2"  # what is shown stays
    page.focus().press("1").until_key(201)  # the next that nobody has answered
    page.until_saved()
    nb.kernel.wait("df['label'].value_counts().to_dict() == {'bad': 199, 'good': 2}")
    assert nb.kernel.value("lab.progress.submitted") == 201
    assert not nb.kernel.complaints()
