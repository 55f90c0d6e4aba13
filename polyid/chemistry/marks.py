"""Stereo marks of a polymer: which kinds it has, the polymer without them, and one text for both of two mirror images.

A kind of mark is the place that it is at: a stereocentre by its neighbours, such as ``C(C,C,H,O)``, or a double bond by its
atoms, such as ``C=C``. A probability of meso dyads becomes marks of a chain.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from rdkit import Chem

from polyid.chemistry.copolymer_reading import copolymer_chains, read_copolymer
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import MOLECULES_KEPT, atoms_of, bonds_of, read_molecule

_MARKS = re.compile(r"@+(?:(?:TH|AL|SP|TB|OH)\d+)?|[/\\]")
_HANDS = re.compile(r"@+")


def has_marks(smiles: str) -> bool:
    """Whether a SMILES, or the text of a copolymer, says anything of stereochemistry."""
    return _MARKS.search(smiles) is not None


@lru_cache(maxsize=MOLECULES_KEPT)
def kinds_of_marks(key: str) -> frozenset[str]:
    """Kinds of the marks that an oligomer has, by its `polyid.chemistry.polymer.Polymer.key`."""
    if not has_marks(key):
        return frozenset()
    kinds: set[str] = set()
    for text in copolymer_chains(key) or [Polymer.read(key).smiles()]:
        molecule = read_molecule(text)
        if molecule is not None:
            kinds |= _kinds_in(molecule)
    return frozenset(kinds)


def _kinds_in(molecule: Chem.Mol) -> set[str]:
    kinds: Counter[str] = Counter()
    for atom in atoms_of(molecule):
        if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            beside = [other.GetSymbol() for other in atom.GetNeighbors()] + ["H"] * atom.GetTotalNumHs()
            kinds[f"{atom.GetSymbol()}({','.join(sorted(beside))})"] += 1
    for bond in bonds_of(molecule):
        if bond.GetStereo() > Chem.BondStereo.STEREOANY:
            kinds["=".join(sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol())))] += 1
    # A unit at the end of a chain has other neighbours than the rest.
    repeating = {kind for kind, count in kinds.items() if count > 1}
    return repeating or set(kinds)


def without_marks(text: str) -> str:
    """A polymer in whatever form, as one SMILES or text of a copolymer that says nothing of stereochemistry."""
    copolymer = read_copolymer(text)
    if copolymer is None:
        return _MARKS.sub("", as_smiles(text).text)
    polymer = copolymer.polymer
    return _MARKS.sub("", polymer if isinstance(polymer, str) else polymer.text(copolymer.degree))


def plain_oligomer(smiles: str) -> str:
    """An oligomer's SMILES, or the text of a copolymer, without marks."""
    return _canonical(_MARKS.sub("", smiles)) if has_marks(smiles) else smiles


@lru_cache(maxsize=MOLECULES_KEPT)
def one_hand(smiles: str) -> str:
    """The same text for an oligomer, or a copolymer, and its mirror image: that of the two which is first by alphabet."""
    if "@" not in smiles:
        return smiles
    mirrored = _HANDS.sub(lambda hands: "@" if len(hands[0]) == 2 else "@@", smiles)
    return min(_canonical(smiles), _canonical(mirrored))


def _canonical(smiles: str) -> str:
    copolymer = read_copolymer(smiles)
    if copolymer is not None:
        polymer = copolymer.polymer
        return polymer if isinstance(polymer, str) else polymer.text(copolymer.degree)
    return Chem.MolToSmiles(read_molecule(smiles))


def kind_in_words(kind: str) -> str:
    """A kind of mark for people, such as “a stereocentre between C, C, H and O”."""
    if "=" in kind:
        return f"a double bond {kind}"
    centre, _, beside = kind.rstrip(")").partition("(")
    *others, last = beside.split(",")
    of = "" if centre == "C" else f" {centre}"
    return f"a stereocentre{of} between {', '.join(others)} and {last}"
