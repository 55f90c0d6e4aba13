"""Which form a SMILES has, and its refusal where atoms, bonds or attachment points are not supported.

An oligomer is a plain molecule that repeats, a repeat unit has two attachment points (``*CC(*)c1ccccc1``), and monomers are
joined by dots (``OCCO.O=C(O)c1ccc(C(=O)O)cc1``) or stand alone if they make a polymer with themselves (``C=Cc1ccccc1``).
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, ParamSpec, TypeVar

from rdkit import Chem, rdBase

from polyid.chemistry.chain import MAX_HEAVY_ATOMS
from polyid.chemistry.diagnose import EXPECTED, why_unreadable
from polyid.chemistry.ladder import with_strands
from polyid.chemistry.monomers import is_monomer, without_alkali
from polyid.chemistry.notations import LADDER_POINTS, MAX_CHARACTERS, as_smiles, copolymer_of
from polyid.chemistry.repeat_unit import cut_at_single_bond
from polyid.chemistry.smiles import STEREO_MARKS, points_of, read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

_HEAVY_ATOM = re.compile(r"\[(?!H\]|[^\[\]]*\*)[^\[\]]*\]|Br|Cl|[BCNOPSFIbcnops]")
_POINT = re.compile(r"\[\*\]|\*")
_LABELLED_POINT = re.compile(r"\[[^\[\]]+\*|\*[^\[\]()]*(?<!\[\*)\]")
_UNUSUAL_BOND = re.compile(r"[^\w*()=#@/\\%.+-]|->|<-")
_MULTIPLE_AT_END = re.compile("=O|O=|#N|N#")
# Where an attachment point may be, which a ring closure can hide.
_ON_DOUBLE_BOND = re.compile(r"\*[^()A-Za-z]*=|=[^()A-Za-z]*\*|\*\]?[\d%]")
_ARYNE = Chem.MolFromSmarts("[#6;r3,r4,r5,r6,r7]#@[#6]")
_CUMULENE = Chem.MolFromSmarts("[#6;r3,r4,r5,r6,r7,r8](=@*)=@*")
_BONDS = {Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC}

ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")


class PolymerForm(StrEnum):
    """How a SMILES writes a polymer."""

    OLIGOMER = "oligomer"
    REPEAT_UNIT = "repeat unit"
    MONOMERS = "monomers"
    COPOLYMER = "copolymer"


class ParsedPolymer(NamedTuple):
    """A polymer's molecule, not to be changed, its form, and whether its SMILES may say a configuration."""

    molecule: Chem.Mol
    form: PolymerForm
    may_have_stereo: bool


def parse_polymer(smiles: str) -> tuple[Chem.Mol, PolymerForm]:
    """Parse a polymer in any notation of `polyid.chemistry.notations.as_smiles` and tell its form; atom maps are dropped."""
    parsed = parsed_polymer(smiles)
    # Who asks may change what he is given.
    return Chem.Mol(parsed.molecule), parsed.form


def parsed_polymer(smiles: str) -> ParsedPolymer:
    """The same for who doesn't change the molecule, which others share."""
    if not isinstance(smiles, str) or not smiles.strip():
        raise PolymerError(f"The SMILES is empty; {EXPECTED}.")
    if len(smiles.strip()) > MAX_CHARACTERS:
        raise PolymerError(
            f"The SMILES has {len(smiles.strip()):,} characters, but at most {MAX_CHARACTERS:,} are read; {EXPECTED}."
        )
    return _parsed(smiles)


@functools.lru_cache(maxsize=16)
def _parsed(smiles: str) -> ParsedPolymer:
    """The same of a text that is not too long; kept, as the form, the chain and the key of a row are asked for in turn."""
    if copolymer_of(smiles)[0] is not None:
        raise PolymerError(
            f"“{shorten(smiles.strip())}” is a copolymer where one polymer is asked for; write a single repeat unit."
        )
    text = as_smiles(smiles).text
    if not text:
        raise PolymerError(f"“{shorten(smiles.strip())}” holds no SMILES; {EXPECTED}.")
    # Before RDKit looks for rings among them, which may take long.
    if len(text) > MAX_HEAVY_ATOMS:
        _refuse_many_atoms(len(_HEAVY_ATOM.findall(text)))
    with rdBase.BlockLogs():
        molecule = read_molecule(_with_points_told_apart(text))
        # RDKit reads some SMARTS as SMILES.
        if molecule is None or "[#" in text:
            raise PolymerError(why_unreadable(text))
        if ":" in text:
            for atom in molecule.GetAtoms():
                if not (atom.GetAtomicNum() or atom.GetIsotope()):
                    atom.SetIsotope(atom.GetAtomMapNum())
                atom.SetAtomMapNum(0)
        if _ON_DOUBLE_BOND.search(text):
            molecule = cut_at_single_bond(molecule)
        if "." in text and "*" not in text:
            molecule = without_alkali(molecule)
        form = _check(molecule, text)
        if text.count("*") == LADDER_POINTS:
            molecule = with_strands(molecule, shorten(text))
        return ParsedPolymer(molecule, form, any(mark in text for mark in STEREO_MARKS))


def _with_points_told_apart(text: str) -> str:
    """A SMILES with configurations whose two attachment points have labels: RDKit drops that of an atom bonded to two alike."""
    if "@" not in text or _LABELLED_POINT.search(text) or text.count("*") != 2:
        return text
    labels = iter("12")
    return _POINT.sub(lambda _: f"[{next(labels)}*]", text)


def refusing(read: Callable[P, R]) -> Callable[P, R]:
    """A reader of polymers that raises nothing but `PolymerError`, whatever RDKit makes of the text."""

    @functools.wraps(read)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(*args, **kwargs)
        except PolymerError:
            raise
        except Exception as error:
            if not isinstance(error, Chem.MolSanitizeException | RuntimeError):
                # RDKit refuses with these two; whatever else comes is a fault of this package, and must be seen in the log.
                logger.exception("Reading a polymer failed")
            what = (str(error).strip().splitlines() or [type(error).__name__])[0]
            shown = shorten(ascii(args[0] if args else kwargs.get("smiles"))[1:-1])
            raise PolymerError(
                f"“{shown}” can't be read as a polymer ({what}); check its bonds and aromatic atoms, or write it another way."
            ) from error

    return guarded


@refusing
def recognise_form(smiles: str) -> PolymerForm:
    """Tell which of the forms a polymer is written in.

    Parameters
    ----------
    smiles : str
        An oligomer, a repeat unit with two attachment points, monomers joined by dots, or a copolymer's text (see
        `polyid.chemistry.copolymer_text.copolymer_text`).

    Returns
    -------
    PolymerForm

    Raises
    ------
    PolymerError
        The text is no SMILES of these forms; the message says what was seen and what is expected.
    """
    copolymer, _ = copolymer_of(smiles)
    if copolymer is None:
        return parse_polymer(smiles)[1]
    for component in copolymer.components:
        parse_polymer(component)
    return PolymerForm.COPOLYMER


def _check(molecule: Chem.Mol, text: str) -> PolymerForm:
    """Tell the form of a parsed SMILES; raise for what is no polymer that this package handles."""
    shown = shorten(text)
    heavy = molecule.GetNumHeavyAtoms()
    _refuse_many_atoms(heavy)
    parts = len(Chem.GetMolFrags(molecule)) if "." in text else 1
    # Everything but plain atoms of the organic subset is written in brackets or as a star.
    if "[" in text or _UNUSUAL_BOND.search(text):
        _refuse_unusual_bonds(molecule, shown)
        points = _unusual_atoms(molecule, shown)
    else:
        points = points_of(molecule) if "*" in text else []
    # Oxygen and nitrogen that end so are in no ring.
    if any(mark in _MULTIPLE_AT_END.sub("", text) for mark in "=#"):
        _refuse_strained(molecule, shown)
    if not heavy:
        raise PolymerError(f"“{shown}” has no atoms between its attachment points; {EXPECTED}.")
    if not points:
        return PolymerForm.MONOMERS if parts > 1 or is_monomer(molecule) else PolymerForm.OLIGOMER
    if parts > 1:
        raise PolymerError(
            f"“{shown}” has {parts} molecules and {len(points)} attachment points; copolymers are written with "
            "“ : ” between their units and the ratio behind, such as *CC* : *CC(*)C = 0.7 : 0.3 random."
        )
    if len(points) not in (2, LADDER_POINTS):
        seen = "one attachment point" if len(points) == 1 else f"{len(points)} attachment points"
        raise PolymerError(
            f"“{shown}” has {seen}; a repeat unit has exactly two, such as *CC(*)c1ccccc1, or four if it is a ladder's."
        )
    for point in points:
        if point.GetDegree() != 1:
            raise PolymerError(
                f"“{shown}” has an attachment point bonded to {point.GetDegree()} atoms; "
                "each must be bonded to exactly one."
            )
        if point.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise PolymerError(
                f"“{shown}” has an attachment point on a double or triple bond; cut the repeat unit at a single bond, "
                "such as *C=C* instead of *=CC=*."
            )
    return PolymerForm.REPEAT_UNIT


def _refuse_many_atoms(heavy: int) -> None:
    if heavy > MAX_HEAVY_ATOMS:
        raise PolymerError(
            f"The SMILES has {heavy:,} heavy atoms, but at most {MAX_HEAVY_ATOMS:,} are read; {EXPECTED}."
        )


def _refuse_unusual_bonds(molecule: Chem.Mol, shown: str) -> None:
    for bond in molecule.GetBonds():
        if bond.GetBondType() not in _BONDS or (bond.GetBondType() == Chem.BondType.AROMATIC and not bond.IsInRing()):
            ends = " and ".join(f"{i + 1}" for i in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
            name = str(bond.GetBondType()).lower()
            raise PolymerError(
                f"“{shown}” has a bond of type {name} between atoms {ends}; write single, double, triple (-, =, #) or, in "
                "rings, aromatic bonds."
            )


def _refuse_strained(molecule: Chem.Mol, shown: str) -> None:
    """RDKit makes of c=c and c#c in a ring of aromatic atoms cumulenes and arynes, which nobody means."""
    atoms = molecule.GetSubstructMatch(_ARYNE) or molecule.GetSubstructMatch(_CUMULENE)
    if atoms:
        raise PolymerError(
            f"“{shown}” has a triple bond, or two double bonds side by side, in a small ring (atom {atoms[0] + 1}); write "
            "aromatic rings in small letters without = and #, such as *CC(*)c1ccccc1."
        )


def _unusual_atoms(molecule: Chem.Mol, shown: str) -> list[Chem.Atom]:
    """The attachment points; raise for elements, isotopes, radicals and ions that are not supported."""
    points = []
    charged = False
    for atom in molecule.GetAtoms():
        where = f"atom {atom.GetIdx() + 1}"
        charged = charged or atom.GetFormalCharge() != 0
        if atom.GetAtomicNum() == 0:
            if atom.GetFormalCharge():
                raise PolymerError(f"“{shown}” has an attachment point with a charge; write it as *.")
            points.append(atom)
        elif atom.GetSymbol() not in ELEMENTS:
            raise PolymerError(
                f"“{shown}” contains {atom.GetSymbol()} ({where}), but polymers of {', '.join(ELEMENTS)} only are "
                "supported; metals, salts and other elements are not."
            )
        elif atom.GetIsotope():
            raise PolymerError(
                f"“{shown}” has an isotope label at {where}; isotopes are not told apart, write the SMILES without."
            )
        elif atom.GetNumRadicalElectrons():
            raise PolymerError(
                f"“{shown}” has an unpaired electron at {where} ({atom.GetSymbol()}); give it its hydrogens, "
                "or write * where the chain goes on."
            )
    for part in Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False) if charged else ():
        charge = sum(atom.GetFormalCharge() for atom in part.GetAtoms())
        if charge:
            raise PolymerError(
                f"“{shown}” has an ion of charge {charge:+d}; salts and ions are not supported, "
                "write the neutral polymer."
            )
    return points
