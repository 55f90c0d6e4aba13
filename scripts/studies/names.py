#!/usr/bin/env python3
"""How many names of common polymers are read as the repeat unit a chemist means by them.

    python scripts/studies/names.py [--names scripts/studies/common_names.csv]

The list was written from the names that textbooks' indices hold, trade names and abbreviations among them, each with its unit,
before anybody looked at the product's own list of names: `name`, `units` (several with blanks between: any of them is right) and
`several` (yes where the name alone does not tell which, slip where it is misspelt, so that asking is right). Units are compared by
`polymer_identity`, and double bonds by their geometry where the list gives one. The one unit added since is
the second N–H tautomer of polybenzimidazole. What is asked back with the right unit among those offered is *asked*. What is not
right is printed, one a line; the exit status is 1 if a name is read as a wrong unit.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from rdkit import Chem

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.chemistry.copolymer_reading import read_copolymer
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.name_suggestions import suggest_names
from polyid.chemistry.names import AmbiguousName
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.smiles import read_molecule
from polyid.errors import PolymerError

COMMON_NAMES = Path(__file__).with_name("common_names.csv")
OUTCOMES = ("right", "asked", "refused with a reason", "unknown", "wrong")


def names_with_units(path: Path) -> list[tuple[str, list[str], bool]]:
    """Names, the units that are right for each, and whether the name alone does not tell which."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            (row["name"], row["units"].split(), row["several"] in ("yes", "slip")) for row in csv.DictReader(stream)
        ]


def geometries(smiles: str) -> list[str]:
    """E or Z of the double bonds that have one."""
    molecule = Chem.MolFromSmiles(smiles)
    plain = (Chem.BondStereo.STEREONONE, Chem.BondStereo.STEREOANY)
    return sorted(str(bond.GetStereo()) for bond in molecule.GetBonds() if bond.GetStereo() not in plain)


def same(read: str, meant: str) -> bool:
    """Whether two units are one polymer, double bonds alike where the second says how they stand."""
    if polymer_identity(read) != polymer_identity(meant):
        return False
    return not set("/\\") & set(meant) or geometries(read) == geometries(meant)


def outcome(name: str, units: list[str], *, several: bool) -> tuple[str, str]:
    """One of `OUTCOMES`, and what was read or said."""
    try:
        copolymer = read_copolymer(name)
        read = as_smiles(name).text if copolymer is None else copolymer.polymer
        if isinstance(read, str) and any(same(read, unit) for unit in units):
            return "right", read
    except AmbiguousName as error:
        offered = [word.strip(",;") for word in str(error).split() if "*" in word]
        return asked_back(offered, units, several=several), str(error)
    except PolymerError as error:
        if "not a SMILES" not in str(error) and "not a name known" not in str(error):
            return "refused with a reason", str(error)
        return asked_back([polymer.smiles for polymer in suggest_names(name, 2)], units, several=several), str(error)
    return "wrong", str(read)


def asked_back(offered: list[str], units: list[str], *, several: bool) -> str:
    """What a question is worth that offers these units: nothing where the right one is not among them."""
    if not any(same(unit, meant) for unit in offered for meant in units):
        return "unknown"
    return "right" if several else "asked"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=Path, default=COMMON_NAMES)
    arguments = parser.parse_args()
    rows = names_with_units(arguments.names)
    counts: Counter[str] = Counter()
    not_smiles: Counter[bool] = Counter()
    for name, units, several in rows:
        result, read = outcome(name, units, several=several)
        counts[result] += 1
        if read_molecule(name) is None:
            not_smiles[result == "right"] += 1
        if result != "right":
            print(f"{result} | {name} | {' '.join(units)} | {read}")
    shares = ", ".join(f"{counts[result]} {result} ({counts[result] / len(rows):.1%})" for result in OUTCOMES)
    print(f"{len(rows)} names: {shares}")
    print(
        f"{not_smiles[True] / not_smiles.total():.1%} right of the {not_smiles.total()} that are no SMILES themselves"
    )
    return bool(counts["wrong"])


if __name__ == "__main__":
    sys.exit(main())
