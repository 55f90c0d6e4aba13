"""What the sources say, value by value: each with its source, the record it stands in, and what is wrong with it as read."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyid.data.properties import PROPERTIES
from polyid.data.units import convert

SOURCES = Path(__file__).resolve().parents[2] / "data" / "sources"
MEMORY = "memory"
"""Id of the compilation that no page stands behind."""

_TEMPERATURES = {
    "Tg (K)": "Glass_Transition",
    "Tm (K)": "Melt_Temp",
    "Td (K)": "Decomposition_Temp",
    "Crystallization Temperature (K)": "Crystallisation_Temp",
    "Lower Critical Solution Temperature (K)": "Lower_Critical_Solution_Temp",
    "Upper Critical Solution Temperature (K)": "Upper_Critical_Solution_Temp",
}
# Columns of OpenPoly to property and the unit of the column; those it computed (band gap, dielectric constants) are left out.
_OPENPOLY = {column: (name, "K") for column, name in _TEMPERATURES.items()} | {
    "Young's Modulus (MPa)": ("YoungMod", "MPa"),
    "Tensile Strength (MPa)": ("Tensile_Strength", "MPa"),
    "Elongation at Break (%)": ("log10_ElongBreak", "%"),
    "CO2 Permeability (Barrer)": ("log10_Permeability_CO2", "Barrer"),
    "O2 Permeability (Barrer)": ("log10_Permeability_O2", "Barrer"),
    "H2 Permeability (Barrer)": ("log10_Permeability_H2", "Barrer"),
    "Refractive Index": ("Refractive_Index", "1"),
    "Thermal Conductivity (W/m K)": ("Thermal_Conductivity", "W/(m K)"),
    "Limiting Oxygen Index (%)": ("Limiting_Oxygen_Index", "%"),
    "Water Contact Angle (deg)": ("Water_Contact_Angle", "°"),
    "Water Uptake (%)": ("Water_Uptake", "%"),
    "Swelling Degree (%)": ("Swelling_Degree", "%"),
    "Compressive Strength (MPa)": ("Compressive_Strength", "MPa"),
    "Flexural Strength (MPa)": ("Flexural_Strength", "MPa"),
    "Hardness (MPa)": ("Hardness", "MPa"),
    "Impact Strength (kJ/m2)": ("Impact_Strength", "kJ/m2"),
    "Ion Exchange Capacity (meq/g)": ("Ion_Exchange_Capacity", "meq/g"),
    "Methanol Permeability (cm2/s)": ("Methanol_Permeability", "cm2/s"),
}
# 55 rows have both, and in all 55 they are the same number.
_COPIED = {"CO2 Permeability (Barrer)", "O2 Permeability (Barrer)"}
_COPOLYMER = re.compile(r"-co-|copolymer|terpolymer|ethylene-propylene rubber|perfluoroalkoxy")


@dataclass(frozen=True)
class Measurement:
    """A value as a source has it.

    Attributes
    ----------
    source, record : str
        Id in ``sources.toml``, and the text by which the row is found in the source.
    written : str
        The value and its unit as they stand in the source.
    structure, mechanism : str
        Repeat unit, or monomers with the mechanism they grow by.
    property_name, unit : str
    value : float
        In that unit.
    polymer, polymer_class, tacticity, pm, note : str
        Empty where the source does not say.
    problem : str
        Why it can't be used as it is, empty where it can.
    """

    source: str
    record: str
    written: str
    structure: str
    property_name: str
    value: float
    unit: str
    mechanism: str = ""
    polymer: str = ""
    polymer_class: str = ""
    tacticity: str = ""
    pm: str = ""
    note: str = ""
    problem: str = ""


def source_index(folder: Path = SOURCES) -> dict[str, dict[str, Any]]:
    """``sources.toml``: id to what it says."""
    return tomllib.loads((folder / "sources.toml").read_text("utf-8"))


def read_measurements(folder: Path = SOURCES) -> list[Measurement]:
    """Every value of every source, in the order of the index and of the files."""
    readers = {
        "polyid-database": _polyid_database,
        "stereopolymers": _stereopolymers,
        "openpoly": _openpoly,
        MEMORY: _memory,
    }
    return [
        measurement
        for source, entry in source_index(folder).items()
        for measurement in readers[source](source, folder / entry["file"])
    ]


def read_review(folder: Path = SOURCES) -> dict[tuple[str, str, str], str]:
    """``review.csv``: source, record and property of values that were judged one by one, to the reason why they don't count."""
    return {(row["source"], row["record"], row["property"]): row["reason"] for row in _rows(folder / "review.csv")}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _polyid_database(source: str, path: Path) -> Iterator[Measurement]:
    for row in _rows(path):
        monomers, shares = row["smiles_monomer"], row["distribution"]
        record = f"{monomers} {shares}".strip()
        random = not shares and row["mechanism"] == "vinyl" and "." in monomers
        for name in PROPERTIES:
            if row.get(name):
                yield Measurement(
                    source,
                    record,
                    f"{row[name]} {PROPERTIES[name].unit}",
                    record,
                    name,
                    float(row[name]),
                    PROPERTIES[name].unit or "",
                    mechanism=row["mechanism"],
                    problem="a copolymer of unstated shares" if random else "",
                )


def _stereopolymers(source: str, path: Path) -> Iterator[Measurement]:
    seen = set()
    for row in _rows(path):
        for column, name in (("Tg", "Glass_Transition"), ("Tm", "Melt_Temp")):
            if not row[column]:
                continue
            pm = f"{float(row['pm']):.4g}"
            value = Measurement(
                source,
                f"{row['polymer_name']}, pm {pm}",
                f"{row[column]} {row[f'{column}_units']}",
                row["smiles_monomer"],
                name,
                float(row[column]),
                "°C",
                mechanism=row["mechanism"],
                polymer=row["polymer_name"],
                pm=pm,
                problem="" if row[f"{column}_units"] == "C" else "of an unknown unit",
            )
            if value not in seen:
                seen.add(value)
                yield value


def _openpoly(source: str, path: Path) -> Iterator[Measurement]:
    reviewed = {(row["Name"], row["PSMILES"]): row for row in _rows(path.with_name("openpoly_review.csv"))}
    for row in _rows(path):
        review = reviewed.get((row["Name"], row["PSMILES"]), {"tacticity": "", "problem": ""})
        random = bool(_COPOLYMER.search(row["Name"]))
        for column, (name, unit) in _OPENPOLY.items():
            if not row[column]:
                continue
            target, value = PROPERTIES.get(name), float(row[column])
            if target is not None:
                value, stated = convert(value, unit, target), target.unit or ""
            else:
                value, stated = (round(value - 273.15, 9), "°C") if unit == "K" else (value, unit)
            problem = review["problem"] or ("a copolymer of unstated shares" if random else "")
            if column in _COPIED:
                problem = problem or "its columns for CO2 and O2 hold the same numbers"
            yield Measurement(
                source,
                row["Name"],
                f"{row[column]} {unit}",
                re.sub(r"\[\*:\d\]|\[\*\]", "*", row["PSMILES"]).replace("\\[H]", "[H]"),
                name,
                value,
                stated,
                polymer=row["Name"],
                tacticity=review["tacticity"],
                problem=problem,
            )


def _memory(source: str, path: Path) -> Iterator[Measurement]:
    for row in _rows(path):
        yield Measurement(
            source,
            row["polymer"],
            f"{row['value']} {row['unit']}",
            row["repeat_unit"],
            row["property"],
            float(row["value"]),
            row["unit"],
            polymer=row["polymer"],
            polymer_class=row["class"],
            tacticity=row["tacticity"],
            pm=row["pm"],
            note=row["note"],
        )
