"""What a polymer is to a model: a regular chain by its repeat unit, any other as it is written out.

A model reads what is local: surroundings of atoms, as far as a few bonds reach. Along a regular chain these repeat, so that a
short chain, some of whose atoms count for all that are left out, has the same counts as the long one, exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem, rdBase

from polyid.chemistry.arrays.units import UnitFacts, unit_facts
from polyid.chemistry.backbone import framed_smiles
from polyid.chemistry.chain import canonical, chain, repeated
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of
from polyid.chemistry.short_chain import ChainUnit
from polyid.chemistry.smiles import MOLECULES_KEPT, read_molecule
from polyid.common.kept import Kept

_REGULAR = re.compile(r"(?P<unit>\S*\*\S*) x (?P<degree>\d+)")
# Ring, aromaticity and conjugation look no further along a chain; nor do the fragments and descriptors of the kernel.
LOCAL_REACH = 4
# In some orders of the atoms RDKit gives up on the aromatic bonds of many rings grown together; of 14 it was seen to.
_SURELY_READ = 10


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
        if not isinstance(unit, Ladder) and not unit.has_stereo:
            # RDKit writes on what it makes a SMILES of, and others may have this molecule too.
            polymer = cls._regular(unit, Chem.MolToSmiles(Chem.Mol(unit.flat)), degree)
            if is_plain(unit) or len(polymer.facts.kinds) == unit.heavy_atoms + 2:
                return polymer
        return cls(canonical(chain([unit] * degree)))

    @classmethod
    def framed(cls, unit: Unit, degree: int) -> Polymer:
        """`repeating` of the `framed_unit` of a unit that `is_plain`, which needn't be made for it."""
        smiles, molecule, order = framed_smiles(unit)
        # To read the SMILES again would be a tenth of all reading.
        _FACTS.keep({smiles: unit_facts(molecule, smiles, order)})
        return cls._regular(unit, smiles, len(repeated(unit, degree, None, 0)))

    @classmethod
    def _regular(cls, unit: Unit, smiles: str, degree: int) -> Polymer:
        polymer = cls(smiles, degree)
        rings = unit.molecule.GetNumBonds() - unit.molecule.GetNumAtoms() + 1
        if rings > _SURELY_READ:
            _molecule(smiles)  # what can't be read again is refused now
        return polymer

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
    def chain_unit(self) -> ChainUnit:
        """The unit of a regular chain."""
        return _chain_unit(self.smiles_or_unit)

    @property
    def facts(self) -> UnitFacts:
        """What the unit of a regular chain is made of, as numbers."""
        return _facts(self.smiles_or_unit)


def is_plain(unit: Unit) -> bool:
    """Whether a unit is linear, without configurations and hydrogen atoms of their own, which aren't taken away from a chain."""
    if isinstance(unit, Ladder) or unit.has_stereo:
        return False
    return unit.molecule.GetNumAtoms() - len((unit.head, unit.tail)) == unit.heavy_atoms


# A part of a table asks for graph, fragments and domain one after the other.
@lru_cache(maxsize=MOLECULES_KEPT)
def _molecule(smiles: str) -> Chem.Mol:
    molecule = read_molecule(smiles)
    assert molecule is not None, "the SMILES of a unit comes from RDKit"
    return molecule


_FACTS: Kept[str, UnitFacts] = Kept(2 * MOLECULES_KEPT)


def _facts(smiles: str) -> UnitFacts:
    facts = _FACTS.get(smiles)
    if facts is None:
        facts = unit_facts(_molecule(smiles), smiles)
        _FACTS.keep({smiles: facts})
    return facts


@lru_cache(maxsize=MOLECULES_KEPT)
def _unit(smiles: str) -> Unit:
    return unit_of(_molecule(smiles))


@lru_cache(maxsize=MOLECULES_KEPT)
def _chain_unit(smiles: str) -> ChainUnit:
    return ChainUnit(_unit(smiles))
