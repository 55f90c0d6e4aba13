"""Circular fragments of a chain, and those that no training polymer has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from polyid.chemistry.copolymer_reading import repeating_chains
from polyid.chemistry.environments import environments, environments_in, regular_fragments
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import atoms_of, parse_smiles
from polyid.errors import PolymerError

_RADIUS = 2
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS)
# A fragment that an oligomer has at most this often belongs to its ends: two ends, and symmetric groups at them.
_MOST_AT_ENDS = 4

# Fragments that a reason quotes.
_SHOWN = 2


def chain_fragments(smiles: str) -> dict[int, int]:
    """Morgan fragments of radius 0 to 2 of an oligomer's chain, and how often each occurs.

    Where the chain repeats, fragments that occur at most four times are left out: they belong to the two ends, which are an
    artefact of how the oligomer was written. If this would leave less than half of all, the molecule hardly repeats, and
    all are kept.

    Parameters
    ----------
    smiles : str
        A plain molecule, without attachment points; or the text of a copolymer, whose fragments are those of
        `polyid.chemistry.copolymer_reading.repeating_chains` together.

    Returns
    -------
    dict of int to int
        Count of each fragment by RDKit's hash, which is not folded.

    Raises
    ------
    PolymerError
        The SMILES can't be read, or is no single molecule.
    """
    chains = repeating_chains(smiles)
    if chains != (smiles,):
        together: dict[int, int] = {}
        for chain in chains:
            for fragment, count in chain_fragments(chain).items():
                together[fragment] = together.get(fragment, 0) + count
        return together
    polymer = Polymer.read(smiles)
    if polymer.is_regular:
        hashes, times = regular_fragments(polymer)[0]
        return _inner(dict(zip(hashes.tolist(), times.astype(int).tolist(), strict=True)))
    if isinstance(smiles, str) and ("*" in smiles or "." in smiles):
        raise PolymerError(f"{smiles!r} is no oligomer; make one with to_oligomer before its domain is assessed.")
    return _inner(_MORGAN.GetSparseCountFingerprint(parse_smiles(smiles)).GetNonzeroElements())


def _inner(counts: dict[int, int]) -> dict[int, int]:
    """The fragments of the chain without those of its ends."""
    inner = {fragment: count for fragment, count in counts.items() if count > _MOST_AT_ENDS}
    return inner if 2 * sum(inner.values()) >= sum(counts.values()) else counts


@dataclass(frozen=True)
class Unseen:
    """What a polymer has that no training polymer has.

    Attributes
    ----------
    fragments : int
        How many kinds of fragments.
    named : list of str
        The smallest of them as SMILES, with all hydrogens.
    elements : list of str
        Symbols.
    """

    fragments: int
    named: list[str]
    elements: list[str]


@dataclass(frozen=True)
class KnownFragments:
    """What training polymers are made of.

    Attributes
    ----------
    fragments : int array
        RDKit's hashes, ascending.
    elements : frozenset of str
        Symbols.
    """

    fragments: np.ndarray
    elements: frozenset[str]

    def unseen(self, smiles: str) -> Unseen:
        """What an oligomer has that is none of these; a PolymerError says why it is no oligomer."""
        ids = np.array(sorted(chain_fragments(smiles)), np.int64)
        elements = sorted(elements_of(smiles) - self.elements)
        position = np.searchsorted(self.fragments, ids)
        new = ids[self.fragments[np.minimum(position, len(self.fragments) - 1)] != ids]
        if not len(new):
            return Unseen(0, [], elements)
        return Unseen(len(new), _named(new, repeating_chains(smiles)), elements)


def _named(fragments: np.ndarray, chains: Sequence[str]) -> list[str]:
    """The smallest of some fragments (ascending) as SMILES, each of one of the chains."""
    by_radius: dict[int, list[tuple[Chem.Mol, int]]] = {}
    for chain in chains:
        molecule, (hashes, atoms, radii) = _with_environments(chain)
        here = np.flatnonzero(np.isin(hashes, fragments) & (radii <= _RADIUS))
        here = here[np.lexsort((atoms[here], radii[here], hashes[here]))]
        found, first = np.unique(hashes[here], return_index=True)
        for place in here[first].tolist():
            by_radius.setdefault(int(radii[place]), []).append((molecule, int(atoms[place])))
        fragments = np.setdiff1d(fragments, found)
    named: list[str] = []
    # A SMILES is most of the work, so only those that are shown are written.
    for radius in sorted(by_radius):
        by_bonds: dict[int, list[tuple[Chem.Mol, int, list[int]]]] = {}
        for molecule, atom in by_radius[radius]:
            bonds = list(Chem.FindAtomEnvironmentOfRadiusN(molecule, radius, atom)) if radius else []
            by_bonds.setdefault(len(bonds), []).append((molecule, atom, bonds))
        for size in sorted(by_bonds):
            texts = [_fragment_smiles(*environment) for environment in by_bonds[size]]
            named += sorted(texts, key=lambda text: (len(text), text))
            if len(named) >= _SHOWN:
                return named[:_SHOWN]
    return named


def _with_environments(text: str) -> tuple[Chem.Mol, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A molecule in which all fragments of a chain are, and `polyid.chemistry.environments.environments` of it."""
    polymer = Polymer.read(text)
    if polymer.is_regular:
        return polymer.short_chain().molecule, environments(polymer)
    return parse_smiles(text), environments_in(parse_smiles(text))


def elements_of(smiles: str) -> set[str]:
    """Symbols of the elements of a SMILES, or of a copolymer."""
    return {symbol for text in repeating_chains(smiles) for symbol in _symbols(text)}


def _symbols(text: str) -> set[str]:
    polymer = Polymer.read(text)
    if polymer.is_regular:
        return set(polymer.chain_unit.elements)
    return {atom.GetSymbol() for atom in atoms_of(parse_smiles(text))}


def _fragment_smiles(molecule: Chem.Mol, atom: int, bonds: list[int]) -> str:
    """The part of a molecule that an atom and bonds around it make up, every atom with its hydrogens."""
    # RDKit writes a part of a molecule in a time that grows with the whole of it.
    part = Chem.RWMol()
    index: dict[int, int] = {}

    def copied(old: int) -> int:
        if old not in index:
            atom = molecule.GetAtomWithIdx(old)
            copy = Chem.Atom(atom.GetAtomicNum())
            copy.SetFormalCharge(atom.GetFormalCharge())
            copy.SetIsAromatic(atom.GetIsAromatic())
            copy.SetNoImplicit(True)
            copy.SetNumExplicitHs(atom.GetTotalNumHs())
            index[old] = part.AddAtom(copy)
        return index[old]

    copied(atom)
    for number in bonds:
        bond = molecule.GetBondWithIdx(number)
        part.AddBond(copied(bond.GetBeginAtomIdx()), copied(bond.GetEndAtomIdx()), bond.GetBondType())
    return str(Chem.MolToSmiles(part, isomericSmiles=False, allHsExplicit=True))
