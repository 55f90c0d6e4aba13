"""Circular fragments of chains, and those that no training polymer has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from polyid.chemistry.arrays.counts import Counts, local_counts
from polyid.chemistry.copolymer_reading import repeating_chains
from polyid.chemistry.fragment_names import smallest_named
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import MOLECULES_KEPT, atoms_of, parse_smiles
from polyid.errors import PolymerError

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2)
# A fragment that an oligomer has at most this often belongs to its ends: two ends, and symmetric groups at them.
_MOST_AT_ENDS = 4


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
        return _as_dict(local_counts([polymer])[0].fragments[0])
    if isinstance(smiles, str) and ("*" in smiles or "." in smiles):
        raise PolymerError(f"{smiles!r} is no oligomer; make one with to_oligomer before its domain is assessed.")
    elements = _MORGAN.GetSparseCountFingerprint(parse_smiles(smiles)).GetNonzeroElements()
    return _as_dict((np.array(list(elements), np.int64), np.array(list(elements.values()), np.int64)))


def _as_dict(counts: Counts) -> dict[int, int]:
    hashes, times = _inner(*counts)
    return dict(zip(hashes.tolist(), times.astype(int).tolist(), strict=True))


def _inner(hashes: np.ndarray, times: np.ndarray) -> Counts:
    """The fragments of the chain without those of its ends."""
    inner = times > _MOST_AT_ENDS
    return (hashes[inner], times[inner]) if 2 * times[inner].sum() >= times.sum() else (hashes, times)


def fragment_hashes(smiles: Sequence[str]) -> Iterator[np.ndarray]:
    """The fragments (int64, ascending) that `chain_fragments` finds in each of several oligomers."""
    for start in range(0, len(smiles), MOLECULES_KEPT):
        part = smiles[start : start + MOLECULES_KEPT]
        polymers = [Polymer.read(text) for text in part]
        counts = iter(local_counts([polymer for polymer in polymers if polymer.is_regular]))
        for text, polymer in zip(part, polymers, strict=True):
            if polymer.is_regular:
                yield _inner(*next(counts).fragments[0])[0].astype(np.int64)
            else:
                yield np.array(sorted(chain_fragments(text)), np.int64)


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

    def unseen(self, smiles: Sequence[str]) -> list[Unseen]:
        """What each of several oligomers has that is none of these; a PolymerError says why one is no oligomer."""
        parts = (smiles[start : start + MOLECULES_KEPT] for start in range(0, len(smiles), MOLECULES_KEPT))
        return [unseen for part in parts for unseen in self._unseen(part)]

    def _unseen(self, smiles: Sequence[str]) -> Iterator[Unseen]:
        """The same of a few, whose counts are kept meanwhile."""
        new = [self._new(hashes) for hashes in fragment_hashes(smiles)]
        some = [place for place, own in enumerate(new) if len(own)]
        names = smallest_named([new[place] for place in some], [repeating_chains(smiles[place]) for place in some])
        named = dict(zip(some, names, strict=True))
        for place, (text, own) in enumerate(zip(smiles, new, strict=True)):
            yield Unseen(len(own), named.get(place, []), sorted(elements_of(text) - self.elements))

    def _new(self, hashes: np.ndarray) -> np.ndarray:
        position = np.searchsorted(self.fragments, hashes)
        return hashes[self.fragments[np.minimum(position, len(self.fragments) - 1)] != hashes]


def elements_of(smiles: str) -> set[str]:
    """Symbols of the elements of a SMILES, or of a copolymer."""
    return {symbol for text in repeating_chains(smiles) for symbol in _symbols(text)}


def _symbols(text: str) -> set[str]:
    polymer = Polymer.read(text)
    if polymer.is_regular:
        return polymer.facts.elements
    return {atom.GetSymbol() for atom in atoms_of(parse_smiles(text))}
