#!/usr/bin/env python3
"""How far the bundled table of polymer properties agrees with another one.

    python scripts/studies/cross_check_table.py OTHER [--table data/polymer_properties.csv] [--all]

OTHER is any table that `polyid train` reads. Rows are matched by structure: both sides are written as oligomers, as for
training, and the sequence that repeats along the oligomer is the key of the polymer. End groups, the form the polymer was written
in, where its chain was cut and which way round an unsymmetric ring stands make no difference. Random copolymers, and
polymers with side chains as long as their oligomer, are not compared.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.chemistry.oligomer import to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.polymerisation import MECHANISMS
from polyid.data.training_table import read_training_table
from polyid.errors import PolymerError

TOLERANCE = {"Glass_Transition": 15.0, "Melt_Temp": 20.0, "Density": 0.05} | {
    f"log10_Permeability_{gas}": 0.3 for gas in ("CO2", "N2", "O2", "CH4", "H2")
}
"""Difference up to which two values agree, in the unit of the property."""
SHARE_REPEATED = 0.6
"""Share of a chain that its repeat unit must make up; a random sequence does not reach it by chance."""
UNSTATED = ("", "atactic")
# Between monomers, and between the units of a copolymer.
_SEVERAL = re.compile(r"\.| : ")


@dataclass(frozen=True)
class Comparison:
    """One value of the table beside that of the other one."""

    polymer: str
    property_name: str
    ours: float
    theirs: float

    @property
    def agrees(self) -> bool:
        # Permeabilities are written with three decimals of the logarithm; a difference of 0.3 must not fail by 1e-16.
        return abs(self.ours - self.theirs) <= TOLERANCE[self.property_name] + 1e-9


def polymer_key(oligomer: str) -> str | None:
    """Key of the polymer that an oligomer is of, without stereochemistry.

    The longest path through the molecule is cut at its single bonds outside rings. The shortest sequence of pieces whose
    repetition makes up most of the path is the polymer; end groups, and side chains that the path takes in, are not.

    Parameters
    ----------
    oligomer : str
        SMILES of a chain of a dozen repeat units or more.

    Returns
    -------
    str or None
        None if nothing repeats: a random sequence, a chain too short, side chains of more than about 8 atoms, or
        a molecule that is no chain.
    """
    molecule = Chem.MolFromSmiles(oligomer)
    Chem.RemoveStereochemistry(molecule)
    # The atom farthest from any atom is one end of a chain, and the atom farthest from that end the other.
    first = _farthest(molecule, 0)
    pieces = _pieces(molecule, list(Chem.GetShortestPath(molecule, first, _farthest(molecule, first))))
    for period in range(1, len(pieces) // 3):
        start, length = _longest_repetition(pieces, period)
        if length >= SHARE_REPEATED * len(pieces):
            unit = pieces[start : start + period]
            turns = [tuple(way[at:] + way[:at]) for way in (unit, unit[::-1]) for at in range(period)]
            return " ".join(min(turns))
    return None


def _longest_repetition(pieces: list[str], period: int) -> tuple[int, int]:
    """Start and length of the longest run of pieces in which each equals the one a period later."""
    best = (0, 0)
    start = 0
    for place in range(period, len(pieces)):
        if pieces[place] != pieces[place - period]:
            start = place - period + 1
        elif place + 1 - start > best[1]:
            best = (start, place + 1 - start)
    return best


def _farthest(molecule: Chem.Mol, start: int) -> int:
    """The atom that a walk outwards from an atom reaches last."""
    order, reached = [start], {start}
    for index in order:
        for neighbour in molecule.GetAtomWithIdx(index).GetNeighbors():
            if neighbour.GetIdx() not in reached:
                reached.add(neighbour.GetIdx())
                order.append(neighbour.GetIdx())
    return order[-1]


def _pieces(molecule: Chem.Mol, path: list[int]) -> list[str]:
    """SMILES of the pieces along a path, the smaller of both directions, so that a turned ring is the same piece."""
    starts, bonds, labels = [path[0]], [], []
    for left, right in itertools.pairwise(path):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            starts.append(right)
            bonds.append(bond.GetIdx())
            # The piece on the left ends in attachment point 2, the one on the right begins with 1.
            labels.append((1, 2) if bond.GetBeginAtomIdx() == left else (2, 1))
    if not bonds:
        return []
    cut = Chem.FragmentOnBonds(molecule, bonds, dummyLabels=labels)
    parts = Chem.GetMolFrags(cut)
    part_of = {atom: number for number, atoms in enumerate(parts) for atom in atoms}
    forward = _smiles_of_parts(cut, parts, part_of)
    for atom in cut.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    backward = _smiles_of_parts(cut, parts, part_of)
    return [min(forward[part_of[start]], backward[part_of[start]]) for start in starts]


def _smiles_of_parts(cut: Chem.Mol, parts: tuple[tuple[int, ...], ...], part_of: dict[int, int]) -> dict[int, str]:
    """SMILES of each part, from that of the whole: writing a hundred parts one by one takes a hundred times longer."""
    written = Chem.MolToSmiles(cut).split(".")
    order = cut.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    found, place = {}, 0
    for text in written:
        part = part_of[order[place]]
        found[part] = text
        place += len(parts[part])
    return found


def _is_copolymer(row: dict) -> bool:
    """Whether a row says that its chain is a random one: shares of several monomers, or several vinyl monomers."""
    shares = re.findall(r"[\d.]+", str(row.get("distribution") or ""))
    return len(shares) > 1 or bool(row.get("mechanism") == "vinyl" and _SEVERAL.search(row["smiles_monomer"]))


def _key_of_monomer(row: dict) -> str | None:
    """Key of the head-to-tail chain of a row's one monomer, which its oligomer may join turned round at random."""
    if row.get("mechanism") not in MECHANISMS or _SEVERAL.search(row["smiles_monomer"]):
        return None
    try:
        # The monomer is joined head to tail, whatever the oligomer beside it is.
        return polymer_key(to_oligomer(row["smiles_monomer"], mechanism=row["mechanism"]))
    except PolymerError:
        return None


def gather(path: str | Path) -> tuple[dict[tuple[str, str], float], dict[str, str]]:
    """Values of a table by polymer and property, and the name of each polymer.

    Of several rows of one polymer those of unstated or atactic chains count, if there are any, with their median.
    Polymers that only the geometry of a double bond tells apart, such as cis- and trans-1,4-polybutadiene, are left
    out: few tables state it.

    Parameters
    ----------
    path : path
        A table as :func:`polyid.data.training_table.read_training_table` reads it.

    Returns
    -------
    values : dict
        (polymer key, property) to value.
    names : dict
        Polymer key to name, or to the SMILES where the table has no names.

    Raises
    ------
    polyid.errors.DataError
        The table can't be read, or has none of the known properties.
    """
    table = read_training_table(path)
    keys: dict[str, str | None] = {}
    found: dict[tuple[str, str], list[tuple[bool, float]]] = defaultdict(list)
    names: dict[str, str] = {}
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in table.frame.to_dict("records"):
        if _is_copolymer(row):
            continue
        oligomer = Polymer.read(row["smiles_polymer"]).smiles()
        if oligomer not in keys:
            keys[oligomer] = _key_of_monomer(row) or polymer_key(oligomer)
        key = keys[oligomer]
        if key is None:
            continue
        name = row.get("polymer") or row["smiles_monomer"]
        names.setdefault(key, str(name))
        if row.get("polymer"):
            spellings[key].add(str(name))
        for prop in TOLERANCE:
            value = row.get(prop)
            if value is not None and value == value:
                found[key, prop].append((str(row.get("tacticity") or "") in UNSTATED, float(value)))
    values = {}
    for (key, prop), entries in found.items():
        if len(spellings[key]) <= 1:
            plain = [value for unstated, value in entries if unstated] or [value for _, value in entries]
            values[key, prop] = statistics.median(plain)
    return values, names


def compare(ours: str | Path, theirs: str | Path) -> list[Comparison]:
    """Every polymer and property that both tables have a value of, in the order of the first."""
    values, names = gather(ours)
    others, _ = gather(theirs)
    return [
        Comparison(names[key], prop, value, others[key, prop])
        for (key, prop), value in values.items()
        if (key, prop) in others
    ]


def report(comparisons: list[Comparison], everything: bool = False) -> str:
    """By property the number compared and the share that agrees, then what disagrees, largest difference first."""
    lines = []
    for prop, tolerance in TOLERANCE.items():
        chosen = [each for each in comparisons if each.property_name == prop]
        if not chosen:
            lines.append(f"{prop}: nothing to compare")
            continue
        agreeing = sum(each.agrees for each in chosen)
        lines.append(
            f"{prop}: {agreeing} of {len(chosen)} ({agreeing / len(chosen):.0%}) within {tolerance:g}; "
            f"median difference {statistics.median(abs(each.ours - each.theirs) for each in chosen):.3g}"
        )
        shown = [each for each in chosen if everything or not each.agrees]
        for each in sorted(shown, key=lambda each: -abs(each.ours - each.theirs)):
            lines.append(f"    {each.polymer}: {each.ours:g} here, {each.theirs:g} there")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the table to compare with")
    parser.add_argument(
        "--table", type=Path, default=ROOT / "data" / "polymer_properties.csv", help="the table checked"
    )
    parser.add_argument("--all", action="store_true", help="list the values that agree as well")
    arguments = parser.parse_args()
    print(report(compare(arguments.table, arguments.other), arguments.all))


if __name__ == "__main__":
    main()
