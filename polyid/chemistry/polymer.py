"""What a polymer is to a model: a regular chain by its repeat unit, any other as it is written out.

A model reads what is local: surroundings of atoms, as far as a few bonds reach. In the middle of a regular chain these repeat,
so that a short chain, whose middle unit counts for all that are left out, has the same counts as the long one, exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase

from polyid.chemistry.chain import canonical, chain, repeated
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of
from polyid.chemistry.smiles import MOLECULES_KEPT, atoms_of, read_molecule

_REGULAR = re.compile(r"(?P<unit>\S*\*\S*) x (?P<degree>\d+)")
# Ring, aromaticity and conjugation look no further along a chain; nor do the fragments and descriptors of the kernel.
LOCAL_REACH = 4


@dataclass(frozen=True)
class Polymer:
    """A polymer that stands for itself in dictionaries, caches and folds.

    Attributes
    ----------
    smiles_or_unit : str
        SMILES of the repeat unit, with its two attachment points, of a regular chain; of any other the oligomer, written
        out, or the text of a copolymer.
    degree : int
        Units of a regular chain; 0 of any other.
    """

    smiles_or_unit: str
    degree: int = 0

    @classmethod
    def of_unit(cls, unit: Unit, degree: int) -> Polymer:
        """The regular chain of a unit; written out where what is far away along it can change what an atom is."""
        if not isinstance(unit, Ladder) and not _has_stereo(unit.molecule):
            polymer = cls._regular(unit, degree)
            units, atoms = polymer.units_of_short_chain(LOCAL_REACH), polymer.short_chain().molecule.GetNumAtoms()
            if atoms == units * unit.heavy_atoms:
                return polymer
        return cls(canonical(chain([unit] * degree)))

    @classmethod
    def _regular(cls, unit: Unit, degree: int) -> Polymer:
        molecule = Chem.Mol(unit.molecule)
        Chem.SanitizeMol(molecule)
        return cls(Chem.MolToSmiles(molecule), degree)

    @classmethod
    def repeating(cls, unit: Unit, degree: int, pm: float | None = None, seed: int = 0) -> Polymer:
        """The chain of `polyid.chemistry.chain.repeated`."""
        units = repeated(unit, degree, pm, seed)
        if any(other is not units[0] for other in units):
            return cls(canonical(chain(units)))
        return cls.of_unit(units[0], len(units))

    @classmethod
    def read(cls, key: str) -> Polymer:
        """The polymer of a `key`; any other text is that of an oligomer or copolymer."""
        regular = _REGULAR.fullmatch(key) if isinstance(key, str) else None
        if regular is None:
            return cls(key)
        return cls(regular["unit"], int(regular["degree"]))

    @property
    def is_regular(self) -> bool:
        """Whether it is known by its repeat unit."""
        return self.degree > 0

    @property
    def key(self) -> str:
        """One text for one polymer, such as ``*CC(*)C x 18``; an oligomer's SMILES or a copolymer's text is its own."""
        if not self.is_regular:
            return self.smiles_or_unit
        return f"{self.smiles_or_unit} x {self.degree}"

    def smiles(self) -> str:
        """Canonical SMILES of the oligomer, or the text of a copolymer; of a regular chain it is made when asked for."""
        if not self.is_regular:
            return self.smiles_or_unit
        with rdBase.BlockLogs():
            return canonical(chain([_unit(self.smiles_or_unit)] * self.degree))

    @property
    def unit_elements(self) -> frozenset[str]:
        """Symbols of the elements of a regular chain."""
        return _elements(self.smiles_or_unit)

    def short_chain(self, reach: int = LOCAL_REACH, fewer: int = 0) -> ShortChain:
        """The short chain that has the counts of this regular chain, of everything that reaches so many bonds.

        Parameters
        ----------
        reach : int
            Bonds.
        fewer : int
            Units to leave out of the short chain.
        """
        return _short_chain(self, reach, fewer)

    def units_of_short_chain(self, reach: int) -> int:
        """Units of `short_chain`: as far as the reach on both sides of the middle one, all of a chain that has no more."""
        ends = reach // _backbone_bonds(self.smiles_or_unit) + 1
        return min(self.degree, 2 * ends + 1)


@dataclass(frozen=True)
class ShortChain:
    """A chain of few units and how often each of its units counts.

    Attributes
    ----------
    molecule : rdkit.Chem.Mol
    unit : int array, shape (V,)
        Number of each heavy atom's unit.
    times : float array, shape (units,)
        How often each unit counts.
    """

    molecule: Chem.Mol
    unit: np.ndarray
    times: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """How often each heavy atom counts, shape (V,)."""
        return self.times[self.unit]


def times_of_units(units: int, degree: int) -> np.ndarray:
    """How often each unit of a short chain counts for a long one: once, but for the middle one."""
    times = np.ones(units)
    times[units // 2] += degree - units
    return times


def _has_stereo(molecule: Chem.Mol) -> bool:
    return any(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in molecule.GetAtoms()) or any(
        bond.GetStereo() > Chem.BondStereo.STEREOANY for bond in molecule.GetBonds()
    )


# A part of a table asks for graph, fragments and domain one after the other.
@lru_cache(maxsize=MOLECULES_KEPT)
def _unit(smiles: str) -> Unit:
    molecule = read_molecule(smiles)
    assert molecule is not None, "the SMILES of a unit comes from RDKit"
    return unit_of(molecule)


@lru_cache(maxsize=MOLECULES_KEPT)
def _elements(smiles: str) -> frozenset[str]:
    return frozenset(atom.GetSymbol() for atom in atoms_of(_unit(smiles).molecule) if atom.GetAtomicNum())


@lru_cache(maxsize=MOLECULES_KEPT)
def _backbone_bonds(smiles: str) -> int:
    """Bonds from a unit's first backbone atom to that of the next."""
    unit = _unit(smiles)
    return len(Chem.GetShortestPath(unit.molecule, unit.head, unit.tail)) - 2


@lru_cache(maxsize=2 * MOLECULES_KEPT)
def _short_chain(polymer: Polymer, reach: int, fewer: int) -> ShortChain:
    unit = _unit(polymer.smiles_or_unit)
    units = polymer.units_of_short_chain(reach) - fewer
    with rdBase.BlockLogs():
        molecule = chain([unit] * units)
    heavy = unit.heavy_atoms
    place = np.minimum(np.arange(molecule.GetNumAtoms()) // heavy, units - 1)
    return ShortChain(molecule, place, times_of_units(units, polymer.degree))
