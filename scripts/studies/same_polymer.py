#!/usr/bin/env python3
"""Whether a polymer has one key, one oligomer and one prediction however it is written.

    python scripts/studies/same_polymer.py [--polymers 200] [--seed 0] [--model polyid/starter]

The units of `monomers.csv`, each with monomers that make it as textbooks have it, and then repeat units drawn from the list of names
are written in some ten ways each, by RDKit alone: atoms in random order, turned round, Kekulé, with explicit hydrogens, labelled
points, other notations, two or three units at once, cut elsewhere, by the name, as the monomers where these are without doubt. A
spelling that has another key or oligomer than the unit as it is listed, or is refused, is printed. With `--model`, all spellings are
predicted in random order, and the widest spread of each property is printed as a share of its 90 % interval. The exit status is 1 if a
spelling is read as another polymer.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from rdkit import Chem

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import to_oligomer
from polyid.config.settings import DEGREE_OF_POLYMERISATION
from polyid.errors import PolymerError


def spellings(smiles: str, generator: random.Random) -> dict[str, str]:
    """Texts that mean the same polymer as a repeat unit without stereochemistry, by how they differ."""
    unit = Chem.MolFromSmiles(smiles)
    order = list(range(unit.GetNumAtoms()))
    generator.shuffle(order)
    shuffled = Chem.MolToSmiles(Chem.RenumberAtoms(unit, order), canonical=False)
    points = [atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    labels = iter("1234")
    labelled = "".join(f"[*:{next(labels)}]" if mark == "*" else mark for mark in smiles)
    ways = {
        "random order": shuffled,
        "turned": Chem.MolToSmiles(unit, rootedAtAtom=points[-1]),
        "Kekulé": Chem.MolToSmiles(unit, kekuleSmiles=True),
        "explicit hydrogens": Chem.MolToSmiles(Chem.AddHs(unit)),
        "hydrogens in brackets": Chem.MolToSmiles(unit, allHsExplicit=True),
        "[*]": shuffled.replace("*", "[*]"),
        "•": shuffled.replace("*", "•"),
    }
    if len(points) == 2:
        ways |= {
            "[*:1]": labelled,
            "R-groups": labelled.replace("[*:", "[R"),
            "BigSMILES": "{" + smiles.replace("*", "[$]") + "}",
            "two units": Chem.MolToSmiles(joined([unit, unit])),
            "three units": Chem.MolToSmiles(joined([unit] * 3)),
        }
        if (text := monomers(unit)) is not None:
            ways["monomers"] = text
        ways |= {f"cut at {number}": text for number, text in enumerate(cut_elsewhere(unit), 1)}
    return ways


VINYL = Chem.MolFromSmarts("[#0][CH2][CX4;!R;!$(C[CH]=C);!$(CC(=C)C);!$(C[CH2][O,NH2,Cl])][#0]")
CONDENSED = Chem.MolFromSmarts("[#6][CX3;!R](=O)!@[OX2,NX3H1;!R]")


def monomers(unit: Chem.Mol) -> str | None:
    """The vinyl monomer, or the hydroxy or amino acid, or the diacid and its partner, that make a repeat unit without doubt.

    None for other units: of dienes, which add in two ways, of allyl compounds, which don't grow, and with further acid, alcohol
    or amine groups.
    """
    if match := unit.GetSubstructMatch(VINYL):
        molecule = Chem.RWMol(unit)
        molecule.GetBondBetweenAtoms(*match[1:3]).SetBondType(Chem.BondType.DOUBLE)
        return _without_points(molecule, [match[0], match[3]])
    pair = unit.HasSubstructMatch(Chem.MolFromSmarts("[#0][OX2,NX3H1]-[#6;!$(C=O)]")) and unit.HasSubstructMatch(
        Chem.MolFromSmarts("[#6][CX3](=O)[#0]")
    )
    if not pair or unit.HasSubstructMatch(Chem.MolFromSmarts("[OH,NH2]")):
        return None
    molecule = Chem.RWMol(unit)
    points = [atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    path = set(Chem.GetShortestPath(unit, *points))
    bonds = unit.GetSubstructMatches(CONDENSED)
    inner = [match[1::2] for match in bonds if {match[1], match[3]} <= path]
    if len(inner) > 1 or len(bonds) > len(inner) or (not inner and unit.GetNumHeavyAtoms() > 14):
        return None
    for carbon, hetero in inner:
        molecule.RemoveBond(carbon, hetero)
        molecule.AddBond(carbon, molecule.AddAtom(Chem.Atom(8)), Chem.BondType.SINGLE)
    acid = next(point for point in points if unit.GetAtomWithIdx(point).GetNeighbors()[0].GetAtomicNum() == 6)
    molecule.ReplaceAtom(acid, Chem.Atom(8))
    return _without_points(molecule, [point for point in points if point != acid])


def _without_points(molecule: Chem.RWMol, points: list[int]) -> str:
    for point in sorted(points, reverse=True):
        molecule.RemoveAtom(point)
    Chem.SanitizeMol(molecule)
    return str(Chem.MolToSmiles(molecule))


def joined(units: list[Chem.Mol]) -> Chem.Mol:
    """Repeat units in a row, the second attachment point of each bonded to the first of the next."""
    chain = units[0]
    for unit in units[1:]:
        together = Chem.RWMol(Chem.CombineMols(chain, unit))
        points = [atom.GetIdx() for atom in together.GetAtoms() if atom.GetAtomicNum() == 0]
        left, right = (together.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx() for point in points[1:3])
        together.AddBond(left, right, Chem.BondType.SINGLE)
        for point in sorted(points[1:3], reverse=True):
            together.RemoveAtom(point)
        Chem.SanitizeMol(together)
        chain = together.GetMol()
    return chain


def cut_elsewhere(unit: Chem.Mol) -> list[str]:
    """A chain cut at every other single bond of its backbone outside rings."""
    head, tail = (atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0)
    path = Chem.GetShortestPath(unit, head, tail)
    texts = []
    for left, right in itertools.pairwise(path[1:-1]):
        bond = unit.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            cut = Chem.RWMol(unit)
            for one, other in ((left, right), (head, path[1]), (path[-2], tail)):
                cut.RemoveBond(one, other)
            for one, other in ((path[-2], path[1]), (left, tail), (head, right)):
                cut.AddBond(one, other, Chem.BondType.SINGLE)
            Chem.SanitizeMol(cut)
            texts.append(Chem.MolToSmiles(cut))
    return texts


def listed_units(*, stereo: bool = False) -> list[str]:
    """Repeat units of the list of names, each once; those with stereochemistry only if asked for."""
    with files("polyid.chemistry").joinpath("names.csv").open(encoding="utf-8") as stream:
        every = {row["smiles"] for row in csv.DictReader(stream)}
    return sorted(smiles for smiles in every if stereo or not set("@/\\") & set(smiles))


def textbook_monomers() -> dict[str, list[str]]:
    """Monomers of each unit of `monomers.csv`, several sets where there are several ways."""
    sets: dict[str, list[str]] = {}
    with Path(__file__).with_name("monomers.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            sets.setdefault(row["unit"], []).append(row["monomers"])
    return sets


def every_spelling(smiles: str, generator: random.Random) -> dict[str, str]:
    """`spellings`, and the monomers of textbooks and the name where there are any."""
    ways = spellings(smiles, generator)
    ways |= {f"textbook monomers {number}": text for number, text in enumerate(textbook_monomers().get(smiles, ()), 1)}
    return ways | ({"name": name} if (name := listed_names().get(polymer_identity(smiles))) else {})


@cache
def listed_names() -> dict[str, str]:
    """The first name of a polymer without configuration that is not asked back, by the polymer's key."""
    names: dict[str, str] = {}
    with files("polyid.chemistry").joinpath("names.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if not set("@/\\") & set(row["smiles"]) and row["kind"] not in ("abbreviation", "CAS"):
                names.setdefault(polymer_identity(row["smiles"]), row["name"])
    return names


def differing(smiles: str, generator: random.Random, degree: int = DEGREE_OF_POLYMERISATION) -> tuple[int, list[str]]:
    """How many spellings of a repeat unit were read, and those that are another polymer, or none."""
    ways = spellings(smiles, generator)
    others, refused, _ = compared(smiles, ways, degree)
    return len(ways), others + refused


def compared(smiles: str, ways: dict[str, str], degree: int) -> tuple[list[str], list[str], list[str]]:
    """The spellings that are another polymer and those that are refused, each with what is said, and the texts of all the others."""
    key, oligomer = polymer_identity(smiles), to_oligomer(smiles, degree)
    others, refused, same = [], [], []
    for way, text in ways.items():
        try:
            if (polymer_identity(text), to_oligomer(text, degree)) == (key, oligomer):
                same.append(text)
            else:
                others.append(f"{smiles} | {way} | {text} | {polymer_identity(text)}")
        except PolymerError as error:
            refused.append(f"{smiles} | {way} | {text} | {error}")
    return others, refused, same


def spreads(folder: Path, texts: list[list[str]], generator: random.Random) -> dict[str, tuple[float, str]]:
    """The widest spread of each property over the spellings of a polymer, as a share of its interval, and the polymer."""
    from polyid import MultiModel

    model = MultiModel.load_models(folder)
    order = [(polymer, text) for polymer, spelled in enumerate(texts) for text in spelled]
    generator.shuffle(order)
    # Parts of several sizes: a number does not depend on its neighbours either.
    cuts = [0, *sorted(generator.sample(range(1, len(order)), 11)), len(order)]
    parts = [model.predict([text for _, text in order[left:right]]) for left, right in itertools.pairwise(cuts)]
    lower, upper = (np.concatenate([getattr(part, bound) for part in parts]) for bound in ("lower", "upper"))
    mean = np.concatenate([part.mean for part in parts])
    polymers = np.array([polymer for polymer, _ in order])
    rows = [np.flatnonzero(polymers == polymer) for polymer in range(len(texts))]
    shares = np.stack([np.ptp(mean[of], axis=0) / (upper[of] - lower[of]).min(axis=0) for of in rows])
    # A NaN, of a spelling that is read and not predicted, is no agreement.
    shares = np.where(np.isnan(shares), np.inf, shares)
    widest = shares.argmax(axis=0)
    return {
        name: (float(shares[polymer, p]), texts[polymer][0])
        for p, (name, polymer) in enumerate(zip(parts[0].properties, widest, strict=True))
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polymers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    with_monomers = list(textbook_monomers())[: arguments.polymers]
    keys = set(map(polymer_identity, with_monomers))
    units = [smiles for smiles in listed_units() if polymer_identity(smiles) not in keys]
    chosen = with_monomers + generator.sample(units, min(arguments.polymers - len(with_monomers), len(units)))
    spelled = [every_spelling(smiles, generator) for smiles in chosen]
    results = [compared(smiles, ways, DEGREE_OF_POLYMERISATION) for smiles, ways in zip(chosen, spelled, strict=True)]
    for heading, place in (("another polymer", 0), ("refused", 1)):
        for result in results:
            for text in result[place]:
                print(f"{heading} | {text}")
    others, refused, same = (sum(len(result[place]) for result in results) for place in range(3))
    counts = [len(ways) for ways in spelled]
    by_monomers = sum(any("monomers" in way for way in ways) for ways in spelled)
    print(
        f"{len(chosen)} polymers, {by_monomers} with monomers, in {min(counts)} to {max(counts)} spellings, {sum(counts)} in all: "
        f"{same} the same, {refused} refused, {others} another polymer"
    )
    if arguments.model is not None:
        found = spreads(arguments.model, [result[2] for result in results], generator)
        for name, (share, text) in found.items():
            print(f"{name}: spread at most {share:.2g} of the interval ({text})")
    return bool(others)


if __name__ == "__main__":
    sys.exit(main())
