"""A generator of tables as people really bring them, each with what a reader must make of it.

Every case is either a reading (the values, and the rows that must be listed as problems) or one error.
Run ``python tests/malformed_tables.py FOLDER`` to look at the files.
"""

from __future__ import annotations

import gzip
import io
import random
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd

TG = "Glass_Transition"
# Repeat unit, Tg in °C, density in g/cm3, Young's modulus in MPa: figures to be found again, not facts.
POLYMERS = [
    ("*CC(*)c1ccccc1", 100.5, 1.05, 3200.0),
    ("*CC*", -78.25, 0.92, 250.5),
    ("*CC(*)C", -10.75, 0.905, 1250.5),
    ("*CC(*)Cl", 82.0, 1.39, 2900.0),
    ("*CC(*)(C)C(=O)OC", 105.0, 1.18, 3100.25),
    ("*OCCOC(=O)c1ccc(cc1)C(*)=O", 76.0, 1.375, 2800.0),
]
GLASS = {smiles: tg for smiles, tg, _, _ in POLYMERS}
DENSITY = {smiles: density for smiles, _, density, _ in POLYMERS}
MODULUS = {smiles: modulus for smiles, _, _, modulus in POLYMERS}


@dataclass
class Case:
    """One file and what to make of it.

    Attributes
    ----------
    values : dict
        Property to {repeat unit: value}, all of which must be read and no others.
    problem_rows : set of int
        File rows that must be listed, and no others.
    error : str or None
        Regular expression of the one error expected instead.
    """

    name: str
    data: bytes
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    problem_rows: set[int] = field(default_factory=set)
    error: str | None = None
    repeats: int = 1


def text_table(
    header: list[str] | None = None,
    rows: list[list[str]] | None = None,
    separator: str = ",",
    newline: str = "\n",
    number: Callable[[float], str] = str,
) -> str:
    header = ["smiles", "Tg", "Density"] if header is None else header
    if rows is None:
        rows = [[smiles, number(tg), number(density)] for smiles, tg, density, _ in POLYMERS]
    return "".join(separator.join(row) + newline for row in [header, *rows])


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def xlsx(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for place, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet{place + 1}")
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    frame = pd.DataFrame({"smiles": list(GLASS), "Tg": list(GLASS.values()), "Density": list(DENSITY.values())})
    frame.to_parquet(stream)
    return stream.getvalue()


def cases() -> list[Case]:
    """All cases, the same every time."""
    both = {TG: GLASS, "Density": DENSITY}
    plain = text_table()
    records = [[smiles, tg, density] for smiles, tg, density, _ in POLYMERS]
    sheet = [["smiles", "Tg", "Density"], *records]
    random_bytes = random.Random(0).randbytes(4000)
    without_first = {smiles: value for smiles, value in GLASS.items() if smiles != POLYMERS[0][0]}

    readings = [
        Case("plain.csv", plain.encode(), both),
        Case("utf8_bom.csv", plain.encode("utf-8-sig"), both),
        Case("utf16_le_bom.csv", b"\xff\xfe" + plain.encode("utf-16-le"), both),
        Case("utf16_be_bom.csv", b"\xfe\xff" + plain.encode("utf-16-be"), both),
        Case("utf16_le_no_bom.csv", plain.encode("utf-16-le"), both),
        Case("utf16_be_no_bom.csv", plain.encode("utf-16-be"), both),
        Case("utf32.csv", plain.encode("utf-32"), both),
        Case("latin1_names.csv", named("Polystyröl µ").encode("latin-1"), both),
        Case("cp1252_names.csv", named("Poly–styrene “€”").encode("cp1252"), both),
        Case("semicolons.csv", text_table(separator=";").encode(), both),
        Case("tabs.csv", text_table(separator="\t").encode(), both),
        Case("tabs_named.tsv", text_table(separator="\t").encode("utf-16"), both),
        Case("bars.txt", text_table(separator="|").encode(), both),
        Case("semicolons_decimal_commas.csv", text_table(separator=";", number=comma).encode(), both),
        Case("tabs_decimal_commas.csv", text_table(separator="\t", number=comma).encode(), both),
        Case("quoted_decimal_commas.csv", text_table(number=lambda value: f'"{comma(value)}"').encode(), both),
        Case("unicode_minus.csv", plain.replace("-78", "−78").encode(), both),
        Case("windows_newlines.csv", text_table(newline="\r\n").encode(), both),
        Case("old_mac_newlines.csv", text_table(newline="\r").encode(), both),
        Case("excel_sep_line.csv", ("sep=;\n" + text_table(separator=";")).encode(), both),
        Case("blank_lines.csv", ("\n\n" + plain.replace("\n", "\n\n,,\n")).encode(), both),
        Case("title_rows.csv", ("Polymers of the group,,\nmeasured 2024,,\n\n" + plain).encode(), both),
        Case("header_spelling.csv", text_table(["  SMILES ", "TG [°C]", "Density (g cm^-3)"]).encode(), both),
        Case("unnamed_smiles.csv", text_table(["molecule drawn", "Tg", "Density"]).encode(), both),
        Case("kaggle_style.csv", text_table(["SMILES", "Tg", "Density"]).encode(), both),
        Case(
            "kelvin.csv",
            text_table(["smiles", "Tg (K)"], [[s, str(round(tg + 273.15, 6))] for s, tg in GLASS.items()]).encode(),
            {TG: GLASS},
        ),
        Case(
            "fahrenheit.csv",
            text_table(["smiles", "tg_fahrenheit"], [[s, f"{tg * 1.8 + 32:.6f}"] for s, tg in GLASS.items()]).encode(),
            {TG: GLASS},
        ),
        Case(
            "kilograms_and_gigapascals.csv",
            text_table(
                ["PSMILES", "density_kg/m3", "Young's modulus (GPa)"],
                [[s, f"{d * 1000:.6g}", f"{e / 1000:.9g}"] for s, _, d, e in POLYMERS],
            ).encode(),
            {"Density": DENSITY, "YoungMod": MODULUS},
        ),
        Case(
            "units_row.csv",
            text_table(
                ["smiles", "Tg", "Density"],
                [["", "K", "g/cm3"], *([s, str(round(tg + 273.15, 6)), str(d)] for s, tg, d, _ in POLYMERS)],
            ).encode(),
            both,
        ),
        Case(
            "merged_header.csv",
            text_table(
                ["SMILES", "Thermal", "Physical"],
                [["", "Tg (K)", "Density"], *([s, str(round(tg + 273.15, 6)), str(d)] for s, tg, d, _ in POLYMERS)],
            ).encode(),
            both,
        ),
        Case(
            "units_in_cells.csv",
            text_table(
                ["smiles", "Tg"],
                [
                    [s, f"{tg + 273.15:.4f} K" if place % 2 else f"{tg} °C"]
                    for place, (s, tg) in enumerate(GLASS.items())
                ],
            ).encode(),
            {TG: GLASS},
        ),
        Case(
            "units_column.csv",
            text_table(
                ["smiles", "Tg", "Tg_units"],
                [
                    [s, *((f"{tg + 273.15:.4f}", "K") if place % 2 else (str(tg), "C"))]
                    for place, (s, tg) in enumerate(GLASS.items())
                ],
            ).encode(),
            {TG: GLASS},
        ),
        Case(
            "thousands_commas.csv",
            text_table(["smiles", "YoungMod"], [[s, f'"{e:,.2f}"'] for s, e in MODULUS.items()]).encode(),
            {"YoungMod": MODULUS},
        ),
        Case(
            "thousands_dots.csv",
            text_table(
                ["smiles", "YoungMod"],
                [[s, f"{e:,.2f}".translate(str.maketrans(",.", ".,"))] for s, e in MODULUS.items()],
                separator=";",
            ).encode(),
            {"YoungMod": MODULUS},
        ),
        Case(
            "missing_marks.csv",
            text_table(
                ["smiles", "Tg", "Density"],
                [
                    [s, str(tg), mark]
                    for (s, tg), mark in zip(GLASS.items(), ["NA", "-", "n/a", "nan", "None", "1.375"], strict=True)
                ],
            ).encode(),
            {TG: GLASS, "Density": {POLYMERS[5][0]: 1.375}},
        ),
        Case("short_rows.csv", (plain + "*CC(*)F,40\n").encode(), {TG: {**GLASS, "*CC(*)F": 40.0}, "Density": DENSITY}),
        Case(
            "quoted_newline.csv",
            (b'name,smiles,Tg\n"poly\nstyrene",*CC(*)c1ccccc1,100.5\n'),
            {TG: {"*CC(*)c1ccccc1": 100.5}},
        ),
        Case("spreadsheet.xlsx", xlsx(sheet), both),
        Case("spreadsheet_named.csv", xlsx(sheet), both),
        Case("spreadsheet_title.xlsx", xlsx([], [["Results", None, None], [None, None, None], *sheet]), both),
        Case("spreadsheet_second_sheet.xlsx", xlsx([["notes"], ["nothing here"]], sheet), both),
        Case(
            "spreadsheet_text_numbers.xlsx",
            xlsx([sheet[0], *([s, comma(tg), comma(d)] for s, tg, d in records)]),
            both,
        ),
        Case("spreadsheet_wrapped_header.xlsx", xlsx([["SMILES", "Tg\n(°C)", "Density\ng/cm3"], *records]), both),
        Case("columns.parquet", parquet(), both),
        Case("facts.csv", facts().encode(), {**both, "log10_Permeability_CO2": {"*CC*": 1.0, "*CC(*)C": 0.0}}),
        Case(
            "hundred_thousand_rows.csv",
            text_table(rows=[[s, str(tg), str(d)] for s, tg, d, _ in POLYMERS] * 16_667).encode(),
            both,
            repeats=16_667,
        ),
    ]

    listed = [
        Case("text_in_one_cell.csv", plain.replace("100.5", "about 100").encode(), {**both, TG: without_first}, {2}),
        Case("range_in_a_cell.csv", plain.replace("100.5", "95-105").encode(), {**both, TG: without_first}, {2}),
        Case("infinite.csv", plain.replace("100.5", "1e999").encode(), {**both, TG: without_first}, {2}),
        Case("formula.csv", plain.replace("100.5", "=95+5.5").encode(), {**both, TG: without_first}, {2}),
        Case("long_row.csv", (plain + "*CC(*)F,40,1.3,what is this\n").encode(), both, {8}),
        Case("broken_smiles.csv", (plain + "*CC(*,40,1.3\npolystirene,100,1\n,5,1\n").encode(), both, {8, 9, 10}),
        Case("sentence_as_smiles.csv", (plain + "see table 3,40,1.3\n").encode(), both, {8}),
        Case("molecule_as_polymer.csv", (plain + "CC(=O)Nc1ccc(O)cc1,40,1.3\n").encode(), both, {8}),
        Case(
            "duplicate_header.csv",
            text_table(["smiles", "Tg", "Tg"], [[s, str(tg), "1"] for s, tg in GLASS.items()]).encode(),
            {TG: GLASS},
            {1},
        ),
        Case(
            "same_property_twice.csv",
            text_table(
                ["smiles", "Tg", "glass transition (K)"], [[s, str(tg), "1"] for s, tg in GLASS.items()]
            ).encode(),
            {TG: GLASS},
            {1},
        ),
        Case(
            "ambiguous_thousands.csv",
            text_table(["smiles", "YoungMod"], [["*CC*", "250,5"], ["*CC(*)Cl", "2.900"]], separator=";").encode(),
            {"YoungMod": {"*CC*": 250.5}},
            {3},
        ),
        Case(
            "unknown_unit.csv", b"smiles,Tg,Tg_units\n*CC*,-78.25,C\n*CC(*)Cl,82,furlong\n", {TG: {"*CC*": -78.25}}, {3}
        ),
        Case("impossible_pm.csv", b"smiles,pm,Tg\n*CC*,,-78.25\n*CC(*)Cl,1.5,82\n", {TG: {"*CC*": -78.25}}, {3}),
        Case("disagreeing_duplicates.csv", (plain + "*C(C)C*,60,\n").encode(), {"Density": DENSITY}, {8}),
        Case(
            "density_in_other_unit.csv", (plain + "*CC(*)F,40,1380\n").encode(), {TG: {**GLASS, "*CC(*)F": 40.0}}, {8}
        ),
    ]

    errors = [
        Case("empty.csv", b"", error="is empty"),
        Case("white.csv", b" \n\n \r\n", error="is empty"),
        Case("header_only.csv", b"smiles,Tg\n", error="no rows"),
        Case("picture.csv", b"\x89PNG\r\n\x1a\n" + random_bytes, error="binary"),
        Case("random.csv", random_bytes, error="binary"),
        Case("nulls.csv", bytes(3000), error="binary|empty"),
        Case("not_a_spreadsheet.xlsx", zipped(), error="not a readable .xlsx"),
        Case("truncated.xlsx", xlsx(sheet)[:2000], error="not a readable .xlsx"),
        Case("empty.xlsx", xlsx([]), error="no cells"),
        Case("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random_bytes, error="old Excel"),
        Case("table.csv.gz", gzip.compress(plain.encode(), mtime=0), error="compressed"),
        Case("truncated.parquet", parquet()[:300], error="damaged Parquet"),
        Case("open_quote.csv", b'smiles,Tg\n*CC*,"-78\n*CC(*)C,-10\n', error=r"row 2 is never closed"),
        Case("no_smiles.csv", b"name,Tg\nsample 7,100\n", error="no SMILES column; its columns are name, Tg"),
        Case("no_property.csv", b"smiles,colour\n*CC*,white\n", error="no property column.*smiles, colour"),
        Case("words_only.csv", b"smiles,Tg\n*CC*,low\n*CC(*)C,high\n", error="row 2 has .low."),
        Case("no_good_row.csv", b"smiles,Tg\n*CC(*,-78\n", error="No row .* can be trained on .row 2"),
        Case("json.csv", b'[{"smiles": "*CC*", "Tg": -78}]\n', error="is JSON"),
        Case("page.csv", b"<html><body><table><tr><td>smiles</td></tr></table></body></html>", error="is a web page"),
        Case("no_facts.csv", b"repeat_unit,property,value,unit\n*CC*,colour,white,\n", error="no readable value"),
    ]
    return readings + listed + errors


def named(name: str) -> str:
    rows = [[f"{name} {place}", s, str(tg), str(d)] for place, (s, tg, d, _) in enumerate(POLYMERS)]
    return text_table(["polymer", "smiles", "Tg", "Density"], rows)


def facts() -> str:
    rows = [[s, "Tg", f"{tg + 273.15:.4f}", "K"] for s, tg in GLASS.items()]
    rows += [[s, "Density", f"{density * 1000:.6g}", "kg/m3"] for s, density in DENSITY.items()]
    rows += [["*CC*", "log10_Permeability_CO2", "10", "Barrer"]]
    rows += [["*CC(*)C", "CO2 permeability", "1e-10", "cm3(STP)·cm/(cm2·s·cmHg)"]]
    return text_table(["repeat_unit", "property", "value", "unit"], rows)


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return stream.getvalue()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases():
        (folder / case.name).write_bytes(case.data)
