"""Atom and bond features, and the reading of SMILES into molecular graphs.

A feature function takes an RDKit atom or bond and returns text; equal text means equal embedding. `atom_features_v1` and
`bond_features_v1` give the text of nfp's functions of those names (https://github.com/NREL/nfp), without the RDKit call
that newer releases deprecate. The `stereo` functions add charge, ring membership, CIP labels and double-bond geometry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        (atom or bond, whether hydrogens count as atoms) -> tuple, whose text is the feature; an atom's begins with its symbol.
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
    kind = str(bond.GetBondType())
    # RDKit's enums take long to read, and only double bonds of a SMILES have a geometry.
    geometry = str(bond.GetStereo()) if kind == "DOUBLE" else "STEREONONE"
    return (kind, bond.GetIsConjugated(), bond.IsInRing(), geometry)


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


def atoms_of(molecule: Chem.Mol) -> Iterator[Chem.Atom]:
    """All atoms by index. RDKit's own iterator is slower; so is keeping the atoms, because RDKit makes them when asked."""
    return map(molecule.GetAtomWithIdx, range(molecule.GetNumAtoms()))


def bonds_of(molecule: Chem.Mol) -> Iterator[Chem.Bond]:
    """All bonds by index, as `atoms_of`."""
    return map(molecule.GetBondWithIdx, range(molecule.GetNumBonds()))


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
    atoms, bonds = atoms_of(mol), bonds_of(mol)
    atom_types: dict = {}
    bond_types: dict = {}
    if fast:
        of_atom, of_bond = atom_features.values, bond_features.values
        atom_type = np.array([atom_types.setdefault(of_atom(a, explicit_hs), len(atom_types)) for a in atoms], np.int64)
        read = [
            (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), bond_types.setdefault(of_bond(b, explicit_hs), len(bond_types)))
            for b in bonds
        ]
        begin, end, plain = np.array(read, np.int64).reshape(-1, 3).T
        names = [kind[0] for kind in atom_types]
        symbols = sorted(set(names))
        element = np.array([symbols.index(name) for name in names], np.int64)[atom_type]
        ends = np.minimum(element[begin], element[end]), np.maximum(element[begin], element[end])
        shape = (len(bond_types), len(symbols), len(symbols))
        found, bond_type = np.unique(np.ravel_multi_index((plain, *ends), shape), return_inverse=True)
        kinds = list(bond_types)
        atom_texts = [str(kind) for kind in atom_types]
        bond_texts = [
            str((*kinds[i], [symbols[j], symbols[k]])) for i, j, k in zip(*np.unravel_index(found, shape), strict=True)
        ]
        hydrogens = np.array([a.GetTotalNumHs() for a in atoms_of(mol)] if explicit_hs else [], np.int64)
        if hydrogens.any():
            heavy = len(atom_type)
            carriers = np.repeat(np.arange(heavy), hydrogens)
            to_element = {
                i: _place(bond_texts, str(bond_features.hydrogen(symbols[i]))) for i in set(element[carriers].tolist())
            }
            begin = np.append(begin, carriers)
            end = np.append(end, np.arange(heavy, heavy + len(carriers)))
            bond_type = np.append(bond_type, [to_element[i] for i in element[carriers].tolist()])
            kind = _place(atom_texts, str(atom_features.hydrogen()))
            atom_type = np.append(atom_type, np.full(len(carriers), kind))
    else:
        atom_type = np.array([atom_types.setdefault(str(atom_features(a)), len(atom_types)) for a in atoms], np.int64)
        # nfp compares an atom's data with an index, so a bond feature never sees flipped=True; the same is done here.
        texts = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), str(bond_features(b, flipped=False))) for b in bonds]
        read = [(begin, end, bond_types.setdefault(text, len(bond_types))) for begin, end, text in texts]
        begin, end, bond_type = np.array(read, np.int64).reshape(-1, 3).T
        atom_texts, bond_texts = list(atom_types), list(bond_types)
    source, target = np.stack([begin, end], axis=1).ravel(), np.stack([end, begin], axis=1).ravel()
    order = np.argsort(source, kind="stable")
    bond_type = np.repeat(bond_type, 2)[order]
    # Features are listed as they first appear, so that a tokeniser numbers them as nfp would.
    appearance = list(dict.fromkeys(bond_type.tolist()))
    rank = np.zeros(len(bond_texts), np.int64)
    rank[appearance] = np.arange(len(appearance))
    connectivity = np.stack([source[order], target[order]], axis=1)
    return MolecularGraph(
        tuple(atom_texts), atom_type, tuple(bond_texts[k] for k in appearance), rank[bond_type], connectivity
    )


def _place(texts: list[str], text: str) -> int:
    """Where `text` is in `texts`, behind the others if it was not there."""
    if text not in texts:
        texts.append(text)
    return texts.index(text)
