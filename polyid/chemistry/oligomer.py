"""From any form of a polymer to the oligomer that a model reads."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem, rdBase

from polyid.chemistry.backbone import framed_unit, unframed_unit
from polyid.chemistry.copolymer_reading import CopolymerReading, read_copolymer, weighted_chains
from polyid.chemistry.diagnose import EXPECTED
from polyid.chemistry.forms import PolymerForm, parsed_polymer, refusing
from polyid.chemistry.monomers import why_monomer
from polyid.chemistry.polymer import Polymer, is_plain
from polyid.chemistry.polymerisation import MECHANISMS, monomers_of, repeat_units, without_stereo
from polyid.chemistry.repeat_unit import Unit, unit_of_parsed
from polyid.chemistry.repetition import repeats
from polyid.common.text import shorten
from polyid.config.settings import DEGREE_OF_POLYMERISATION
from polyid.errors import PolymerError

MAX_DEGREE_OF_POLYMERISATION = 200

MIN_OLIGOMER_HEAVY_ATOMS = 10
_BROMINE = 35


@dataclass(frozen=True)
class ChainSettings:
    """How the chains that stand for polymers are drawn: the same for the table a model learns from and for every question.

    Attributes
    ----------
    degree_of_polymerisation : int
        Units of an oligomer; see `to_oligomer`.
    seed : int
        Of what is random in a chain: its tacticity.
    """

    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION
    seed: int = 0

    def oligomer(self, smiles: str, *, mechanism: str | None = None, pm: float | None = None) -> str:
        """`to_oligomer` with these settings."""
        return to_oligomer(smiles, self.degree_of_polymerisation, mechanism=mechanism, pm=pm, seed=self.seed)

    def key(self, smiles: str, *, mechanism: str | None = None, pm: float | None = None) -> str:
        """`polyid.chemistry.polymer.Polymer.key` of the same oligomer, which is written out only where it has to be."""
        degree = self.degree_of_polymerisation
        return read_polymer(smiles, degree, mechanism=mechanism, pm=pm, seed=self.seed)[1].key


def to_oligomer(
    smiles: str,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    mechanism: str | None = None,
    pm: float | None = None,
    seed: int = 0,
) -> str:
    """Write the oligomer of a polymer given in any form.

    A copolymer has no oligomer: its text in the one way to write it stands where others have theirs, and
    `polyid.chemistry.copolymer_reading.weighted_chains` gives the chains that stand for it. Oligomers are taken as they are. Repeat units are joined head to
    tail and both ends capped with hydrogen; units so large that the oligomer would pass 2,000 heavy atoms are repeated fewer
    times. Monomers are read as the repeat unit that they make (`polyid.chemistry.polymerisation.repeat_units`), or as the
    copolymer of several.

    Parameters
    ----------
    smiles : str
        An oligomer, a repeat unit with two attachment points, monomers joined by dots, or a copolymer.
    degree_of_polymerisation : int
        Repeat units of the oligomer.
    mechanism : {"vinyl", "ester", "amide", "imide", "urethane", "carbonate", "NIPU"}, optional
        How monomers react; recognised from their functional groups when None. With a mechanism a molecule on its own
        is read as the only monomer, so ``C=Cc1ccccc1`` with ``"vinyl"`` is polystyrene.
    pm : float, optional
        Probability of meso dyads, 0 (syndiotactic) to 1 (isotactic). Used where the repeat unit has one backbone
        stereocentre without a written configuration, ignored where it has none.
    seed : int
        Makes the order of dyads, of which `pm` is the share, reproducible.

    Returns
    -------
    str
        Canonical SMILES of the oligomer, stereochemistry kept; the text of a copolymer.

    Raises
    ------
    PolymerError
        The SMILES, or what it asks for, can't be read as a polymer.
    """
    return read_polymer(smiles, degree_of_polymerisation, mechanism=mechanism, pm=pm, seed=seed)[1].smiles()


@refusing
def read_polymer(
    smiles: str,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    mechanism: str | None = None,
    pm: float | None = None,
    seed: int = 0,
) -> tuple[PolymerForm, Polymer]:
    """The form that a polymer is written in, and the polymer of which :func:`to_oligomer` gives the SMILES, for one reading."""
    if not 2 <= degree_of_polymerisation <= MAX_DEGREE_OF_POLYMERISATION:
        raise PolymerError(
            f"A degree of polymerisation of {degree_of_polymerisation} was asked for; "
            f"it must be from 2 to {MAX_DEGREE_OF_POLYMERISATION}."
        )
    if pm is not None and not 0 <= pm <= 1:
        raise PolymerError(f"pm is {pm}, but the probability of meso dyads must be from 0 to 1.")
    if mechanism is not None and mechanism not in MECHANISMS:
        raise PolymerError(f"The mechanism {mechanism!r} is unknown; known are {', '.join(MECHANISMS)}.")
    copolymer = read_copolymer(smiles, mechanism)
    # Of two hands of one monomer the share of meso dyads, where given, says which follows which.
    if copolymer is not None and (pm is None or copolymer.key or isinstance(copolymer.polymer, str)):
        return _of_copolymer(copolymer, degree_of_polymerisation, pm, seed)
    molecule, form, may_have_stereo = parsed_polymer(smiles)
    with rdBase.BlockLogs():
        if form is PolymerForm.REPEAT_UNIT:
            unit = unit_of_parsed(molecule, has_stereo=None if may_have_stereo else False)
            return form, _of_unit(unit, degree_of_polymerisation, pm, seed)
        if form is PolymerForm.MONOMERS or mechanism is not None:
            monomers = monomers_of(molecule) if pm is None else sorted(map(without_stereo, monomers_of(molecule)))
            made = repeat_units(monomers, mechanism=mechanism)
            if len(made.units) > 1:
                return read_polymer(str(made.copolymer), degree_of_polymerisation, pm=pm, seed=seed)
            return PolymerForm.MONOMERS, _of_unit(made.units[0], degree_of_polymerisation, pm, seed)
        _refuse_small_molecule(molecule, smiles.strip())
        return form, Polymer(Chem.MolToSmiles(molecule))


def _of_unit(unit: Unit, degree: int, pm: float | None, seed: int) -> Polymer:
    unit = unframed_unit(unit, one_atom_twice=pm is None)
    degree *= 1 + unit.has_one_atom
    if pm is None and is_plain(unit):
        return Polymer.framed(unit, degree)
    return Polymer.repeating(framed_unit(unit), degree, pm, seed)


def _of_copolymer(copolymer: CopolymerReading, degree: int, pm: float | None, seed: int) -> tuple[PolymerForm, Polymer]:
    """Form of a copolymer and itself, or of the one repeat unit that it comes to."""
    degree = copolymer.degree or degree
    if isinstance(copolymer.polymer, str):
        return read_polymer(copolymer.polymer, degree, pm=pm, seed=seed)
    if not 2 <= degree <= MAX_DEGREE_OF_POLYMERISATION:
        raise PolymerError(f"A copolymer of {degree} units was asked for; write 2 to {MAX_DEGREE_OF_POLYMERISATION}.")
    if pm is not None:
        raise PolymerError(
            "pm is given with a copolymer, but tacticity is supported for one repeat unit only; leave pm out."
        )
    text = copolymer.polymer.text(degree)
    weighted_chains(text)
    return PolymerForm.COPOLYMER, Polymer(text)


def _refuse_small_molecule(molecule: Chem.Mol, text: str) -> None:
    """Raise for what is no chain that repeats: a number for it would be silently wrong."""
    if reason := why_monomer(molecule):
        raise PolymerError(f"“{shorten(text)}” is {reason}.")
    heavy = molecule.GetNumHeavyAtoms()
    bromines = sum(atom.GetAtomicNum() == _BROMINE for atom in molecule.GetAtoms())
    remedy = f"{EXPECTED}; if Br stands where the chain goes on, write * for it" if bromines == 2 else EXPECTED
    if heavy < MIN_OLIGOMER_HEAVY_ATOMS:
        size = f"{heavy} heavy atom{'s' * (heavy > 1)}"
        raise PolymerError(f"“{shorten(text)}” is a small molecule of {size}, not a polymer; {remedy}.")
    if not repeats(molecule):
        reason = "is a molecule in which nothing repeats often enough, not a polymer"
        raise PolymerError(f"“{shorten(text)}” {reason}; {remedy}.")
