"""Pharmacophoric features of the atoms of chains: donor, acceptor, aromatic, halogen, basic, acidic.

The definitions are the SMARTS of RDKit's feature invariants (Gobbi and Poppinger, Biotechnol. Bioeng. 1998, 61, 47), each written out
for arrays; `tests/chemistry/test_regular_arrays.py` holds them against RDKit's.
"""

from __future__ import annotations

import numpy as np

from polyid.chemistry.arrays.chains import AROMATIC, ChainArrays

_C, _N, _O, _F, _P, _S, _CL, _BR, _I = 6, 7, 8, 9, 15, 16, 17, 35, 53


class AtomPatterns:
    """What the patterns of features and descriptors ask of the atoms of chains; all arrays are bool, shape (A,), or of bonds (2B,).

    Parameters
    ----------
    chains : ChainArrays
    """

    def __init__(self, chains: ChainArrays):
        self.chains = chains
        element, aromatic, hydrogens = chains.element, chains.aromatic, chains.hydrogens
        self.neutral = chains.charge == 0
        self.positive, self.negative = chains.charge == 1, chains.charge == -1
        self.aliphatic = ~aromatic
        self.nitrogen = (element == _N) & self.aliphatic
        self.oxygen = (element == _O) & self.aliphatic
        self.sulphur = (element == _S) & self.aliphatic
        self.carbon = (element == _C) & self.aliphatic
        self.oxygen_or_sulphur = self.oxygen | self.sulphur
        self.aromatic_nitrogen = (element == _N) & aromatic
        self.aromatic_oxygen_or_sulphur = ((element == _O) | (element == _S)) & aromatic
        self.one_hydrogen, self.no_hydrogen = hydrogens == 1, hydrogens == 0
        self.divalent, self.trivalent = chains.valence == 2, chains.valence == 3
        self.single, self.double = chains.order == 1, chains.order == 2
        self.aromatic_bond = chains.order == AROMATIC
        target = chains.target
        heteroatom = self.nitrogen | self.oxygen | self.sulphur | ((element == _P) & self.aliphatic)
        self.to_heteroatom = heteroatom[target] & self.double
        self.doubly_bonded = chains.any(self.to_heteroatom)
        """To aliphatic O, N, P or S."""
        self.beside_doubly_bonded = chains.any(self.single & self.doubly_bonded[target])

    def neighbours(self, atoms: np.ndarray, bonds: np.ndarray) -> np.ndarray:
        """How many of some atoms (A,) each atom is bonded to, by some of the bonds (2B,); int, shape (A,)."""
        return self.chains.count(atoms[self.chains.target] & bonds)


def donors(patterns: AtomPatterns) -> np.ndarray:
    """Whether each atom gives hydrogen bonds, as a feature and as a descriptor; bool, shape (A,)."""
    p, chains = patterns, patterns.chains
    return (
        (p.nitrogen & ~p.no_hydrogen & (p.trivalent | (p.positive & (chains.valence == 4))))
        | (p.oxygen_or_sulphur & p.one_hydrogen & p.neutral)
        | (p.aromatic_nitrogen & p.one_hydrogen & p.neutral)
    )


def feature_invariants(patterns: AtomPatterns) -> np.ndarray:
    """RDKit's number of the features of each atom: a bit each, in the order of this module's title; uint32, shape (A,)."""
    p, chains = patterns, patterns.chains
    element, hydrogens = chains.element, chains.hydrogens
    aromatic_carbon = (element == _C) & chains.aromatic
    near_nitrogen = p.neighbours(p.aromatic_nitrogen, p.aromatic_bond) > 0
    carbon_near_nitrogen = aromatic_carbon & near_nitrogen
    acceptor = (
        (p.oxygen_or_sulphur & p.one_hydrogen & p.divalent & ~p.beside_doubly_bonded)
        | (p.oxygen_or_sulphur & p.no_hydrogen & p.divalent)
        | (p.oxygen_or_sulphur & p.negative)
        | (p.nitrogen & p.trivalent & ~p.beside_doubly_bonded)
        | (p.aromatic_nitrogen & p.no_hydrogen & p.neutral)
        | (
            p.aromatic_oxygen_or_sulphur
            & p.neutral
            & ~near_nitrogen
            & (p.neighbours(carbon_near_nitrogen, p.aromatic_bond) == 0)
        )
    )
    halogen = np.isin(element, (_F, _CL, _BR, _I)) & p.aliphatic
    with_oxygen = p.neighbours(p.oxygen, p.double) > 0
    carbon_or_aromatic = p.carbon | chains.aromatic
    free = carbon_or_aromatic & ~with_oxygen
    free_carbon = p.carbon & ~with_oxygen
    single = p.single
    basic = ((element == _N) & (chains.charge > 0)) | (
        p.nitrogen
        & p.neutral
        & (
            ((hydrogens == 2) & (p.neighbours(free, single) > 0))
            | (p.one_hydrogen & (p.neighbours(free, single) > 1))
            | (p.no_hydrogen & (p.neighbours(free_carbon, single) > 2))
        )
    )
    acid_oxygen = p.oxygen & (p.one_hydrogen | p.negative)
    double_to_acid = p.neighbours(p.oxygen_or_sulphur | ((element == _P) & p.aliphatic), p.double) > 0
    acidic = (p.carbon | p.sulphur) & double_to_acid & (p.neighbours(acid_oxygen, single) > 0)
    bits = (donors(p), acceptor, chains.aromatic, halogen, basic, acidic)
    return sum(
        (bit.astype(np.uint32) << np.uint32(place) for place, bit in enumerate(bits)), np.zeros(len(element), np.uint32)
    )
