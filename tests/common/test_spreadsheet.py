"""CSV of pages and commands, as a spreadsheet program would take it."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from polyid.common.spreadsheet import csv_text

FORMULAS = ['=HYPERLINK("http://x","y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]
TEXTS = ["*CC(*)C", "'=1", "N,N'-x", "", " a", "poly(-x)", "C=C", "-1.5", "+3e-4", "-.5", "1"]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_text_in_cell_and_header(formula):
    (header, row) = cells(csv_text(pd.DataFrame({formula: [formula], "value": [-1.5]})))
    shown = f"'{formula}".replace("\r", "\n")
    assert header == [shown, "value"] and row == [shown, "-1.5"]


def test_no_mark_within_a_text_begins_a_cell_or_a_line():
    frame = pd.DataFrame({"a": ["x\r=1", 'x",=1', "x\r\n=1"], "b": [1, 2, 3]})
    assert cells(csv_text(frame)) == [["a", "b"], ["x\n=1", "1"], ['x",=1', "2"], ["x\n=1", "3"]]


def test_numbers_and_other_texts_stay_as_they_are():
    frame = pd.DataFrame({"smiles": TEXTS, "Tg": [-1.5] * len(TEXTS), "n": [-2] * len(TEXTS)})
    assert cells(csv_text(frame)) == cells(frame.to_csv(index=False))
    assert frame["smiles"].tolist() == TEXTS, "the frame itself does not change"


def test_what_is_missing_and_columns_of_one_name_stay():
    frame = pd.DataFrame([["=1", None, "-x"]], columns=["a", "a", "b"])
    assert cells(csv_text(frame)) == [["a", "a", "b"], ["'=1", "", "'-x"]]
    assert cells(csv_text(frame, header=False)) == [["'=1", "", "'-x"]]
