"""Single values that look wrong: of another unit, outside the plausible range, at odds with other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyid.data.column_checks import kelvin_remedy
from polyid.data.column_units import known_target
from polyid.data.columns import Mapping
from polyid.data.problems import KEPT, TableProblems
from polyid.data.property import Property
from polyid.data.reference import reference_values

MIN_KELVIN = 3
"""Values that must look like kelvin before their column does."""


def note_suspicious(
    frame: pd.DataFrame, mapping: Mapping, units: dict[str, str | None], problems: TableProblems
) -> None:
    """List values outside the plausible range, and temperatures and moduli that look like another unit's."""
    columns = {entry.property: entry.column for entry in mapping.properties}
    reference = reference_values() if any(known_target(name) for name in units) else {}
    for name in units:
        target = known_target(name)
        if target is None:
            continue
        compared = kelvin = 0
        for row, key, value in zip(frame["row"], frame["smiles_monomer"], frame[name], strict=True):
            if np.isnan(value):
                continue
            expected = reference.get((key, target.name))
            hint = _other_unit(value, target, expected)
            compared += expected is not None
            kelvin += hint is not None and target.unit == "°C"
            if hint is None and target.low <= value <= target.high:
                continue
            what = (
                f"is {hint[0]}"
                if hint
                else f"is outside {target.low:g} to {target.high:g} {target.unit}, where polymers lie"
            )
            remedy = hint[1] if hint else f"check the value and that it is in {target.unit}"
            problems.add(row, columns.get(name, name), f"{value:g}", what, remedy, KEPT)
        if kelvin >= MIN_KELVIN and 2 * kelvin > compared and name in columns and columns[name] not in problems.kelvin:
            problems.kelvin.append(columns[name])
            what = f"looks like kelvin taken for °C: so do {kelvin} of the {compared} polymers whose value is known"
            problems.add(1, columns[name], columns[name], what, kelvin_remedy(columns[name], target), KEPT)


def _other_unit(value: float, target: Property, expected: float | None) -> tuple[str, str] | None:
    """What and remedy, for a value that fits what is known of the polymer only in another unit."""
    if target.unit == "°C":
        if expected is not None and abs(value - expected) > 150 and abs(value - 273.15 - expected) < 40:
            return (
                f"{value - expected:.0f} °C above the known value: it looks like kelvin",
                f"write {value - 273.15:.4g}, or name the unit in the header, {target.symbol} (K)",
            )
    elif target.unit == "g/cm3" and target.low * 1000 <= value <= target.high * 1000:
        return (
            "far too large for g/cm3: it looks like kg/m3",
            f"write {value / 1000:.4g}, or name the unit in the header",
        )
    elif target.unit == "MPa" and expected is not None and expected / 2000 < value < expected / 500:
        return (
            "far below the known value: it looks like GPa",
            f"write {value * 1000:.4g}, or name the unit in the header",
        )
    return None


def note_disagreements(frame: pd.DataFrame, units: dict[str, str | None], problems: TableProblems) -> None:
    """List polymers that stand more than once with values further apart than experiments usually are."""
    groups = ["smiles_monomer", *(name for name in ("pm", "tacticity", "distribution") if name in frame)]
    # Cis and trans chains are told apart by their oligomer, copolymers by their text; replicates of one tacticity are not.
    geometry = frame["smiles_polymer"].where(frame["smiles_polymer"].str.contains(r"[/\\]| : "), "")
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
    return {"°C": 20.0, "g/cm3": 0.05}.get(target.unit or "", 0.3)
