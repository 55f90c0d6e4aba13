"""Values that look wrong: of another unit, outside the plausible range, at odds with other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyid.chemistry.identity import polymer_identity
from polyid.data.catalogue import bundled_tables
from polyid.data.column_units import known_target
from polyid.data.columns import Mapping, propose_mapping
from polyid.data.problems import KEPT, TableProblems
from polyid.data.property import Property
from polyid.data.raw import read_raw_table
from polyid.data.values import read_facts
from polyid.errors import PolymerError


def note_suspicious(
    frame: pd.DataFrame, mapping: Mapping, units: dict[str, str | None], problems: TableProblems
) -> None:
    """List values outside the plausible range, and temperatures and moduli that look like another unit's."""
    columns = {entry.property: entry.column for entry in mapping.properties}
    reference = _reference_values() if any(known_target(name) for name in units) else {}
    for name in units:
        target = known_target(name)
        if target is None:
            continue
        for row, key, value in zip(frame["row"], frame["smiles_monomer"], frame[name], strict=True):
            if np.isnan(value):
                continue
            hint = _other_unit(value, target, reference.get((key, target.name)))
            if hint is None and target.low <= value <= target.high:
                continue
            what = (
                f"is {hint[0]}"
                if hint
                else f"is outside {target.low:g} to {target.high:g} {target.unit}, where polymers lie"
            )
            remedy = hint[1] if hint else f"check the value and that it is in {target.unit}"
            problems.add(row, columns.get(name, name), f"{value:g}", what, remedy, KEPT)


def _other_unit(value: float, target: Property, known: float | None) -> tuple[str, str] | None:
    """What and remedy, for a value that fits what is known of the polymer only in another unit."""
    if target.unit == "°C":
        if known is not None and abs(value - known) > 150 and abs(value - 273.15 - known) < 40:
            return (
                f"{value - known:.0f} °C above the known value: it looks like kelvin",
                f"write {value - 273.15:.4g}, or name the unit in the header, {target.symbol} (K)",
            )
    elif target.unit == "g/cm3" and target.low * 1000 <= value <= target.high * 1000:
        return (
            "far too large for g/cm3: it looks like kg/m3",
            f"write {value / 1000:.4g}, or name the unit in the header",
        )
    elif target.unit == "MPa" and known is not None and known / 2000 < value < known / 500:
        return (
            "far below the known value: it looks like GPa",
            f"write {value * 1000:.4g}, or name the unit in the header",
        )
    return None


_REFERENCE: dict[tuple[str, str], float] = {}


def _reference_values() -> dict[tuple[str, str], float]:
    """Median values of the bundled table by polymer key and property; empty without one."""
    path = bundled_tables().get("polymer_properties")
    if not _REFERENCE and path is not None:
        table = read_raw_table(path)
        mapping = propose_mapping(table)
        values, _ = read_facts(table, mapping, TableProblems()) if mapping.of_facts else (pd.DataFrame(), {})
        keys: dict[str, str] = {}
        column = mapping.roles.get("smiles", "")
        gathered: dict[tuple[str, str], list[float]] = {}
        for row, entries in values.to_dict("index").items():
            smiles = table.cells.at[row, column]
            try:
                key = keys.setdefault(smiles, polymer_identity(smiles))
            except PolymerError:
                continue
            for name, value in entries.items():
                if not np.isnan(value):
                    gathered.setdefault((key, name), []).append(value)
        _REFERENCE.update({key: float(np.median(numbers)) for key, numbers in gathered.items()})
    return _REFERENCE


def note_disagreements(frame: pd.DataFrame, units: dict[str, str | None], problems: TableProblems) -> None:
    """List polymers that stand more than once with values further apart than experiments usually are."""
    groups = ["smiles_monomer", *(name for name in ("pm", "tacticity", "distribution") if name in frame)]
    # Cis and trans chains are told apart by their oligomer; replicates of one tacticity are not.
    geometry = frame["smiles_polymer"].where(frame["smiles_polymer"].str.contains(r"[/\\]"), "")
    repeated = frame.assign(geometry=geometry)
    groups.append("geometry")
    repeated = repeated[repeated.duplicated(groups, keep=False)]
    for _, rows in repeated.groupby(groups, dropna=False, sort=False):
        for name in units:
            values = rows[name].dropna()
            if len(values) < 2 or values.max() - values.min() <= _tolerance(name, values):
                continue
            others = ", ".join(str(row) for row in rows.loc[values.index, "row"])
            problems.add(
                int(rows.loc[values.index[-1], "row"]),
                name,
                f"{values.iloc[-1]:g}",
                f"disagrees with the same polymer elsewhere: {values.min():g} to {values.max():g} in rows {others}",
                "check the rows; all are trained on, on the same side of every fold",
                KEPT,
            )


def _tolerance(name: str, values: pd.Series) -> float:
    target = known_target(name)
    if target is None or target.unit == "MPa":
        return 0.3 * float(values.abs().max())
    return {"°C": 20.0, "g/cm3": 0.05}.get(target.unit, 0.3)
