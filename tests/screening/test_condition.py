"""Conditions are read as SQL reads them, refused in a sentence, and never run."""

from __future__ import annotations

import sqlite3

import pyarrow as pa
import pytest

from polyid.errors import DataError
from polyid.screening.columns import ResultColumns
from polyid.screening.condition import kept, read_condition

ROWS = [
    (140.0, "in domain", 1),
    (150.0, "outside", 2),
    (160.5, "in domain", 3),
    (None, "borderline", 4),
    (-20.0, None, 5),
]
COLUMNS = ResultColumns.of_model(
    ["Glass_Transition", "Density"], True, True, {"cost": True, "my name": False, "list": None}
)


def find(name: str) -> tuple[str, bool]:
    return {"Tg": ("Tg", True), "domain": ("domain", False), "n": ("n", True)}[name]


@pytest.mark.parametrize(
    "text",
    [
        "Tg > 150",
        "Tg >= 150 and domain = 'in domain'",
        "Tg < 145 or n = 2 and domain = 'outside'",
        "(Tg < 145 or n = 2) and domain = 'outside'",
        "not Tg > 145",
        "not (Tg > 145 and domain = 'in domain')",
        "not not Tg > 145",
        "Tg between -30 and 150",
        "domain in ('outside', 'borderline')",
        "domain not in ('outside')",
        "n in (1, 3, 5) and Tg != 140",
        "n in (1.5, 2)",
        "Tg <> 140",
        "Tg=1.5e2 OR n=4",
        "domain = 'it''s' or n > 3",
    ],
)
def test_rows_are_those_that_sql_finds(text):
    base = sqlite3.connect(":memory:")
    base.execute("create table rows (Tg real, domain text, n integer)")
    base.executemany("insert into rows values (?, ?, ?)", ROWS)
    expected = [n for (n,) in base.execute(f"select n from rows where {text} order by n")]
    columns = list(zip(*ROWS, strict=True))
    table = pa.table({"Tg": pa.array(columns[0]), "domain": pa.array(columns[1]), "n": pa.array(columns[2])})
    assert kept(table, read_condition(text, find))["n"].to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends"),
        ("Tg", "ends after “Tg”"),
        ("Tg > ", "a number, as Tg holds"),
        ("Tg > 'high'", "a number, as Tg holds"),
        ("domain = 3", "a text in quotation marks"),
        ("domain = in", "a text in quotation marks"),
        ("Tg > 150 domain = 'outside'", "has “domain”"),
        ("(Tg > 150", ") was expected"),
        ("Tg > 150; import os", "has “; import os”"),
        ("__import__('os')", "unknown"),
        ("Tg + 1 > 3", "was expected"),
        ("150 < Tg", "the name of a property"),
        ("Tg > 150 and", "ends after"),
        ("(" * 200 + "Tg > 1", "nested"),
    ],
)
def test_what_is_no_condition_is_refused_in_a_sentence(text, said):
    def known(name: str) -> tuple[str, bool]:
        if name not in ("Tg", "domain", "n"):
            raise DataError(f"{name} is unknown")
        return find(name)

    with pytest.raises(DataError, match=r".") as error:
        read_condition(text, known)
    assert said in str(error.value)


def test_names_stand_for_columns():
    assert COLUMNS.compared("Glass_Transition") == ("Glass_Transition_pred_mean", True)
    assert COLUMNS.compared("Tg") == ("Glass_Transition_pred_mean", True)
    assert COLUMNS.compared("Glass_Transition_pred_lower") == ("Glass_Transition_pred_lower", True)
    assert COLUMNS.compared("cost") == ("cost", True)
    assert COLUMNS.compared("my name") == ("my name", False)
    assert COLUMNS.compared("domain") == ("domain", False)
    assert read_condition("`my name` = 'a'", COLUMNS.compared).comparisons[0].column == "my name"
    with pytest.raises(DataError, match=r"did you mean Glass_Transition\?"):
        COLUMNS.compared("glas_transition")
    with pytest.raises(DataError, match="neither numbers nor texts"):
        COLUMNS.compared("list")


def test_columns_are_chosen():
    figures = [f"Density_pred_{figure}" for figure in ("mean", "error", "lower", "upper")]
    assert COLUMNS.chosen(["cost", "Density", "domain", "cost"]) == ["cost", *figures, "domain"]
    assert COLUMNS.chosen(["Density_pred_mean", "Density_pred_std"]) == ["Density_pred_mean", "Density_pred_std"]
    usual = COLUMNS.chosen(None)
    assert usual[:3] == ["cost", "my name", "list"] and usual[-1] == "domain" and len(usual) == 12
