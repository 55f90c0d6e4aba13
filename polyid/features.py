"""Atom and bond features, and the reading of SMILES into molecular graphs.

A feature function takes an RDKit atom or bond and returns text; equal text means equal embedding. `atom_features_v1` and
`bond_features_v1` give the text of nfp's functions of those names (https://github.com/NREL/nfp), without the RDKit call
that newer releases deprecate. The `stereo` functions add charge, ring membership, CIP labels and double-bond geometry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase

from polyid.errors import PolymerError
from polyid.graphs import MolecularGraph

IMPLICIT = Chem.ValenceType.IMPLICIT
_SMILES, _UNSANITISED = Chem.SmilesParserParams(), Chem.SmilesParserParams()
for _parser in (_SMILES, _UNSANITISED):
    _parser.parseName = _parser.allowCXSMILES = False
_UNSANITISED.sanitize = _UNSANITISED.removeHs = False
MOLECULES_KEPT = 250
"""Molecules that `parse_smiles` keeps, those of one part of a table; an oligomer of 380 heavy atoms takes 0.4 MiB."""


@dataclass(frozen=True)
class Feature:
    """A feature function that knows what it gives for hydrogens without needing them as atoms.

    Called with an RDKit atom or bond it returns text; nfp's preprocessors can use it.

    Attributes
    ----------
    name : str
        As stored in a model's `preprocessor.json`.
    values : callable
        (atom or bond, whether hydrogens count as atoms) -> tuple, whose text is the feature.
    hydrogen : callable
        For atoms: () -> the values of a hydrogen atom. For bonds: symbol of the heavy atom -> values of its bond to hydrogen.
    """

    name: str
    values: Callable
    hydrogen: Callable

    def __call__(self, item, flipped: bool = False) -> str:
        return str(self.values(item, False))


class BondFeature(Feature):
    """A `Feature` of bonds: what `values` gives, and the sorted symbols of the two atoms."""

    def __call__(self, item, flipped: bool = False) -> str:
        ends = sorted([item.GetBeginAtom().GetSymbol(), item.GetEndAtom().GetSymbol()])
        return str((*self.values(item, False), ends))


def _atom_v1(atom, explicit_hs: bool) -> tuple:
    if explicit_hs:
        return (atom.GetSymbol(), atom.GetTotalDegree(), 0, 0, atom.GetIsAromatic())
    hydrogens = atom.GetTotalNumHs()
    return (atom.GetSymbol(), atom.GetDegree(), hydrogens, atom.GetValence(IMPLICIT), atom.GetIsAromatic())


def _bond_v1(bond, explicit_hs: bool) -> tuple:
    return (bond.GetBondType(), bond.GetIsConjugated(), bond.IsInRing())


def _atom_stereo(atom, explicit_hs: bool) -> tuple:
    return (
        atom.GetSymbol(),
        atom.GetTotalDegree() if explicit_hs else atom.GetDegree(),
        0 if explicit_hs else atom.GetTotalNumHs(),
        atom.GetIsAromatic(),
        atom.GetFormalCharge(),
        atom.IsInRing(),
        atom.GetProp("_CIPCode") if atom.HasProp("_CIPCode") else "",
    )


def _bond_stereo(bond, explicit_hs: bool) -> tuple:
    return (str(bond.GetBondType()), bond.GetIsConjugated(), bond.IsInRing(), str(bond.GetStereo()))


atom_features_v1 = Feature("atom_features_v1", _atom_v1, lambda: ("H", 1, 0, 0, False))
bond_features_v1 = BondFeature(
    "bond_features_v1", _bond_v1, lambda symbol: (Chem.BondType.SINGLE, False, False, sorted(["H", symbol]))
)
atom_features_stereo = Feature("atom_features_stereo", _atom_stereo, lambda: ("H", 1, 0, False, 0, False, ""))
bond_features_stereo = BondFeature(
    "bond_features_stereo", _bond_stereo, lambda symbol: ("SINGLE", False, False, "STEREONONE", sorted(["H", symbol]))
)

FEATURES: dict[str, Feature] = {
    f.name: f for f in (atom_features_v1, bond_features_v1, atom_features_stereo, bond_features_stereo)
}


def resolve_feature(function: Callable) -> Callable:
    """Our equal of nfp's `atom_features_v1` or `bond_features_v1`; any other function unchanged."""
    if getattr(function, "__module__", "") == "nfp.preprocessing.features":
        return FEATURES.get(function.__name__, function)
    return function


def parse_smiles(smiles: str) -> Chem.Mol:
    """RDKit molecule of a SMILES, not to be changed: the last ones are shared. A PolymerError says when there is none."""
    mol = _parsed(smiles.strip()) if isinstance(smiles, str) else None
    if mol is None or mol.GetNumAtoms() == 0:
        shown = repr(smiles if not isinstance(smiles, str) or len(smiles) <= 80 else smiles[:77] + "...")
        raise PolymerError(f"{shown} is not a SMILES that RDKit can read; check brackets, ring closures and valences.")
    return mol


# Graph, kernel regression and domain of validity each need the molecule, and reading it costs as much as any of them.
@lru_cache(maxsize=MOLECULES_KEPT)
def _parsed(smiles: str) -> Chem.Mol | None:
    return read_molecule(smiles)


def read_molecule(smiles: str) -> Chem.Mol | None:
    """RDKit molecule of a SMILES with nothing behind it; None if there is none. One's own, which may be changed."""
    with rdBase.BlockLogs():
        # Merging hydrogen atoms and perceiving stereo are most of the work; skip what the SMILES has no sign of.
        if any(mark in smiles for mark in "[@/\\"):
            return Chem.MolFromSmiles(smiles, _SMILES)
        molecule = Chem.MolFromSmiles(smiles, _UNSANITISED)
        if molecule is None or Chem.SanitizeMol(molecule, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
            return None
        return molecule


def atoms_of(molecule: Chem.Mol) -> list[Chem.Atom]:
    """All atoms by index; RDKit's own iterator asks for the number of atoms several times an atom."""
    return list(map(molecule.GetAtomWithIdx, range(molecule.GetNumAtoms())))


def bonds_of(molecule: Chem.Mol) -> list[Chem.Bond]:
    """All bonds by index, as `atoms_of`."""
    return list(map(molecule.GetBondWithIdx, range(molecule.GetNumBonds())))


def read_graph(smiles: str, atom_features: Callable, bond_features: Callable, explicit_hs: bool) -> MolecularGraph:
    """Molecular graph of a SMILES, atoms and directed bonds in the order nfp's `SmilesPreprocessor` gives them.

    Parameters
    ----------
    smiles : str
        A molecule, as a rule an oligomer.
    atom_features, bond_features : callable
        A `Feature`, or any function of an RDKit atom, or bond and ``flipped``, that returns text.
    explicit_hs : bool
        Whether hydrogens are atoms of the graph.
    """
    mol = parse_smiles(smiles)
    fast = isinstance(atom_features, Feature) and isinstance(bond_features, BondFeature)
    if explicit_hs and not fast:
        mol = Chem.AddHs(mol)
    heavy, bonds = atoms_of(mol), bonds_of(mol)
    atom_types: dict = {}
    bond_types: dict = {}
    begin = [b.GetBeginAtomIdx() for b in bonds]
    end = [b.GetEndAtomIdx() for b in bonds]
    if fast:
        atom_type = [atom_types.setdefault(atom_features.values(a, explicit_hs), len(atom_types)) for a in heavy]
        symbols = [atom.GetSymbol() for atom in heavy]
        forward = []
        for bond, *ends in zip(bonds, begin, end, strict=True):
            pair = tuple(sorted([symbols[i] for i in ends]))
            forward.append(bond_types.setdefault((*bond_features.values(bond, explicit_hs), pair), len(bond_types)))
        backward = forward
        atom_texts = tuple(str(values) for values in atom_types)
        bond_texts = [str((*plain, list(pair))) for *plain, pair in bond_types]
        if explicit_hs:
            hydrogens = np.array([a.GetTotalNumHs() for a in heavy], dtype=np.int64)
            n_hydrogen = int(hydrogens.sum())
            if n_hydrogen:
                text = str(atom_features.hydrogen())
                if text not in atom_texts:
                    atom_texts += (text,)
                kind = atom_texts.index(text)
                carriers = np.repeat(np.arange(len(heavy)), hydrogens)
                to_symbol = {}
                for carrier in np.unique(carriers):
                    text = str(bond_features.hydrogen(symbols[carrier]))
                    if text not in bond_texts:
                        bond_texts.append(text)
                    to_symbol[carrier] = bond_texts.index(text)
                extra = [to_symbol[c] for c in carriers]
                begin = begin + carriers.tolist()
                end = end + list(range(len(heavy), len(heavy) + n_hydrogen))
                forward = backward = forward + extra
                atom_type = atom_type + [kind] * n_hydrogen
        bond_texts = tuple(bond_texts)
    else:
        atom_type = [atom_types.setdefault(str(atom_features(a)), len(atom_types)) for a in heavy]
        forward = [bond_types.setdefault(str(bond_features(b, flipped=False)), len(bond_types)) for b in bonds]
        # nfp compares an atom's data with an index, so a bond feature never sees flipped=True; the same is done here.
        backward = forward
        atom_texts, bond_texts = tuple(atom_types), tuple(bond_types)
    n_bonds = len(begin)
    source = np.empty(2 * n_bonds, np.int64)
    target = np.empty(2 * n_bonds, np.int64)
    kinds = np.empty(2 * n_bonds, np.int64)
    source[0::2], source[1::2] = begin, end
    target[0::2], target[1::2] = end, begin
    kinds[0::2], kinds[1::2] = forward, backward
    order = np.argsort(source, kind="stable")
    kinds = kinds[order]
    # Features are listed as they first appear, so that a tokeniser numbers them as nfp would.
    appearance = list(dict.fromkeys(kinds.tolist()))
    rank = np.zeros(len(bond_texts), np.int64)
    rank[appearance] = np.arange(len(appearance))
    connectivity = np.stack([source[order], target[order]], axis=1)
    return MolecularGraph(
        atom_texts, np.array(atom_type, np.int64), tuple(bond_texts[k] for k in appearance), rank[kinds], connectivity
    )
