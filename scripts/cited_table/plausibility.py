"""What no polymer can have: values outside the range of their property, and records that contradict physics or themselves."""

from __future__ import annotations

from collections.abc import Sequence

from cited_table.facts import Fact, Value
from rdkit import Chem

from polyid.data.properties import PROPERTIES

PACKING = (0.5, 0.82)
"""Share of a polymer's volume that its atoms fill; 0.54 to 0.81 in the compilation from memory, 0.68 in the mean."""
SELECTIVITIES = {("O2", "N2"): (1.2, 30), ("CO2", "O2"): (1.2, 25), ("CO2", "N2"): (2.5, 300), ("CO2", "CH4"): (1, 500)}
"""Ratios of permeabilities in one polymer: silicones at one end, dense polyimides at the other lie inside."""
# Van der Waals volumes of atoms (Å3) and their corrections: Zhao, Abraham and Zissimos, J. Org. Chem. 68, 7368 (2003).
_ATOM_VOLUMES = {
    **{"H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "Cl": 22.45, "Br": 26.52, "S": 24.43, "P": 24.43},
    **{"Si": 38.79, "I": 32.52, "B": 40.48, "Se": 28.73},
}
_BOND, _AROMATIC_RING, _OTHER_RING = 5.92, 14.7, 3.8
_PER_MOLE = 0.602214
"""Å3 a unit to cm3 a mole."""


def packing_fraction(repeat_unit: str, density: float) -> float:
    """Share of a polymer's volume that its atoms fill.

    Parameters
    ----------
    repeat_unit : str
    density : float
        In g/cm3.
    """
    molecule = Chem.AddHs(Chem.MolFromSmiles(repeat_unit))
    atoms = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum()]
    rings = molecule.GetRingInfo().BondRings()
    aromatic = sum(all(molecule.GetBondWithIdx(bond).GetIsAromatic() for bond in ring) for ring in rings)
    # Of each two bonds to attachment points one belongs to the neighbouring unit.
    bonds = molecule.GetNumBonds() - (molecule.GetNumAtoms() - len(atoms)) // 2
    volume = sum(_ATOM_VOLUMES[atom.GetSymbol()] for atom in atoms) - _BOND * bonds
    volume -= _AROMATIC_RING * aromatic + _OTHER_RING * (len(rings) - aromatic)
    return float(volume * _PER_MOLE * density / sum(atom.GetMass() for atom in atoms))


def flag_implausible(facts: Sequence[Fact]) -> None:
    """Flag what lies outside the range of its property, repeats a number of its source, or contradicts its own record."""
    records: dict[tuple[object, ...], dict[str, Value]] = {}
    for fact in facts:
        seen = set()
        for value in fact.values:
            number, source = value.measurement.value, value.measurement.source
            if value.flag:
                continue
            value.flag = _out_of_range(value, fact.repeat_unit)
            if not value.flag and (source, number) in seen:
                value.flag = "the same number of the same source under another name"
            seen.add((source, number))
            record = records.setdefault((source, value.measurement.record, fact.key.polymer, fact.key.tacticity), {})
            record[fact.key.property_name] = value
    for record in records.values():
        _flag_contradictions(record)


def _out_of_range(value: Value, repeat_unit: str) -> str:
    number, target = value.measurement.value, PROPERTIES.get(value.measurement.property_name)
    if target is not None and not target.low <= number <= target.high:
        return f"outside {target.low:g} to {target.high:g} {target.unit}, where polymers lie"
    if value.measurement.property_name == "Density" and " " not in repeat_unit:
        share = packing_fraction(repeat_unit, number)
        if not PACKING[0] <= share <= PACKING[1]:
            return f"atoms would fill {share:.0%} of the volume"
    return ""


def _flag_contradictions(record: dict[str, Value]) -> None:
    """Flag both of two values of one record that can't be of one polymer."""
    glass, melt = record.get("Glass_Transition"), record.get("Melt_Temp")
    if glass and melt and glass.measurement.value >= melt.measurement.value:
        for value in (glass, melt):
            value.flag = value.flag or "the record melts before it softens"
    for (first, second), (low, high) in SELECTIVITIES.items():
        pair = [record.get(f"log10_Permeability_{gas}") for gas in (first, second)]
        if pair[0] is None or pair[1] is None:
            continue
        ratio = 10 ** (pair[0].measurement.value - pair[1].measurement.value)
        if not low <= ratio <= high:
            for value in (pair[0], pair[1]):
                value.flag = value.flag or f"the record would let through {ratio:.2g} times as much {first} as {second}"
