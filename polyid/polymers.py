"""From the SMILES a chemist writes to the oligomer a model reads.

A polymer comes in one of three forms: an oligomer (a plain molecule), a repeat unit with two attachment points
(``*CC(*)c1ccccc1``), or its monomers joined by dots (``OCCO.O=C(O)c1ccc(C(=O)O)cc1``). :func:`recognise_form` tells
which, :func:`to_oligomer` writes the oligomer, :func:`polymer_identity` says which rows are the same polymer.
"""

from __future__ import annotations

import re
from enum import StrEnum

from rdkit import Chem, rdBase

from polyid.errors import PolymerError
from polyid.features import read_molecule
from polyid.monomers import MECHANISMS, polymerise, shorten, why_monomer
from polyid.repeat_units import MAX_HEAVY_ATOMS, canonical_unit, homopolymer, unit_of

DEGREE_OF_POLYMERISATION = 18
MAX_DEGREE_OF_POLYMERISATION = 200
MAX_CHARACTERS = 10_000
MIN_OLIGOMER_HEAVY_ATOMS = 10
ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")
EXPECTED = (
    "write an oligomer, a repeat unit with two attachment points such as *CC(*)c1ccccc1, "
    "or monomers joined by dots such as OCCO.O=C(O)c1ccc(C(=O)O)cc1"
)

_TOKEN = re.compile(
    r"(?P<bracket>\[[^\[\]]*\])|(?P<atom>Br|Cl|[BCNOPSFIbcnops*])|(?P<ring>%\(\d+\)|%\d\d|\d)"
    r"|(?P<bond>[-=#$:/\\~])|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)
_NAME = re.compile(r"poly|\bnylon|teflon|kevlar|[a-z]{5,}", re.IGNORECASE)


class PolymerForm(StrEnum):
    """How a SMILES writes a polymer."""

    OLIGOMER = "oligomer"
    REPEAT_UNIT = "repeat unit"
    MONOMERS = "monomers"


def recognise_form(smiles: str) -> PolymerForm:
    """Tell which of the three forms a SMILES is written in.

    Parameters
    ----------
    smiles : str
        An oligomer, a repeat unit with two attachment points, or monomers joined by dots.

    Returns
    -------
    PolymerForm

    Raises
    ------
    PolymerError
        The text is no SMILES of these forms; the message says what was seen and what is expected.
    """
    return _read(smiles)[1]


def to_oligomer(
    smiles: str,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    mechanism: str | None = None,
    pm: float | None = None,
    seed: int = 0,
) -> str:
    """Write the oligomer of a polymer given in any of the three forms.

    Oligomers are taken as they are. Repeat units are joined head to tail and both ends capped with hydrogen; units so
    large that the oligomer would pass 2,000 heavy atoms are repeated fewer times. Monomers are polymerised with m2p,
    which counts every monomer as one unit and chooses sequence and orientation at random (here: by `seed`); carbonates,
    polyureas, aromatic polyesters, lactones, lactams, epoxides, cyclic ethers and 1,4-dienes, which m2p can't do, are
    joined head to tail here.

    Parameters
    ----------
    smiles : str
        An oligomer, a repeat unit with two attachment points, or monomers joined by dots.
    degree_of_polymerisation : int
        Units of the oligomer: repeat units, or monomers where monomers are given (9 + 9 make 18).
    mechanism : {"vinyl", "ester", "amide", "imide", "urethane", "carbonate", "NIPU"}, optional
        How monomers react; recognised from their functional groups when None. With a mechanism a molecule on its own
        is read as the only monomer, so ``C=Cc1ccccc1`` with ``"vinyl"`` is polystyrene.
    pm : float, optional
        Probability of meso dyads, 0 (syndiotactic) to 1 (isotactic). Used where the repeat unit has one backbone
        stereocentre without a written configuration, ignored where it has none.
    seed : int
        Makes what is random (`pm`, sequence and orientation of monomers) reproducible.

    Returns
    -------
    str
        Canonical SMILES of the oligomer, stereochemistry kept.

    Raises
    ------
    PolymerError
        The SMILES, or what it asks for, can't be read as a polymer.
    """
    return read_polymer(smiles, degree_of_polymerisation, mechanism=mechanism, pm=pm, seed=seed)[1]


def read_polymer(
    smiles: str,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    mechanism: str | None = None,
    pm: float | None = None,
    seed: int = 0,
) -> tuple[PolymerForm, str]:
    """What :func:`recognise_form` and :func:`to_oligomer` say, for one reading of the SMILES."""
    if not 2 <= degree_of_polymerisation <= MAX_DEGREE_OF_POLYMERISATION:
        raise PolymerError(
            f"A degree of polymerisation of {degree_of_polymerisation} was asked for; "
            f"it must be from 2 to {MAX_DEGREE_OF_POLYMERISATION}."
        )
    if pm is not None and not 0 <= pm <= 1:
        raise PolymerError(f"pm is {pm}, but the probability of meso dyads must be from 0 to 1.")
    if mechanism is not None and mechanism not in MECHANISMS:
        raise PolymerError(f"The mechanism {mechanism!r} is unknown; known are {', '.join(MECHANISMS)}.")
    molecule, form = _read(smiles)
    with rdBase.BlockLogs():
        if form is PolymerForm.REPEAT_UNIT:
            return form, homopolymer(unit_of(molecule), degree_of_polymerisation, pm, seed)
        if form is PolymerForm.MONOMERS or mechanism is not None:
            return form, polymerise(molecule, degree_of_polymerisation, mechanism, pm, seed)
        _refuse_small_molecule(molecule, smiles.strip())
        return form, Chem.MolToSmiles(molecule)


def polymer_identity(smiles: str) -> str:
    """Canonical key of a polymer, for grouping folds and finding duplicates.

    Tacticity and any other stereochemistry are left out. Repeat units get the same key however they are cut
    (``*CC(*)C``, ``*C(C)C*``), turned round, multiplied (``*CCCC*`` is ``*CC*``), or their attachment points spelled;
    monomers in any order. The same polymer written in two different forms gets two keys.

    Parameters
    ----------
    smiles : str
        A polymer in any of the three forms.

    Returns
    -------
    str
        The canonical repeat unit, or the sorted monomers joined by dots, or the canonical oligomer.

    Raises
    ------
    PolymerError
        As :func:`recognise_form`.
    """
    molecule, form = _read(smiles)
    with rdBase.BlockLogs():
        Chem.RemoveStereochemistry(molecule)
        if form is PolymerForm.REPEAT_UNIT:
            return canonical_unit(unit_of(molecule))
        return ".".join(sorted({Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)}))


def _read(smiles: str) -> tuple[Chem.Mol, PolymerForm]:
    """Parse a SMILES and check that it is a polymer's; atom-map numbers are dropped."""
    text = smiles.strip() if isinstance(smiles, str) else ""
    if not text:
        raise PolymerError(f"The SMILES is empty; {EXPECTED}.")
    if len(text) > MAX_CHARACTERS:
        raise PolymerError(
            f"The SMILES has {len(text):,} characters, but at most {MAX_CHARACTERS:,} are read; {EXPECTED}."
        )
    if len(text.splitlines()) > 1:  # RDKit would read the first line alone
        raise PolymerError(f"The SMILES has {len(text.splitlines())} lines; write one polymer at a time.")
    with rdBase.BlockLogs():
        molecule = read_molecule(text)
        if molecule is None:
            raise PolymerError(_why_unreadable(text))
        if ":" in text:
            for atom in molecule.GetAtoms():
                atom.SetAtomMapNum(0)
        return molecule, _check(molecule, text)


def _why_unreadable(text: str) -> str:
    """One sentence on why RDKit can't read a SMILES, with the place where that can be told."""
    shown = shorten(text)
    if "{" in text:
        return f"“{shown}” looks like BigSMILES, which is not supported; {EXPECTED}."
    if re.search(r"\[R\d*\]", text):
        return f"“{shown}” has an R-group; write attachment points as *, such as *CC(*)c1ccccc1."
    depth, open_rings, position, after_dot = 0, {}, 0, True
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            if _NAME.search(text) or " " in text or (text.isupper() and text.isalpha()):
                return f"“{shown}” is not a SMILES but looks like a name; {EXPECTED}."
            where = f"{text[position]!r} at position {position + 1}"
            return f"“{shown}” is not a SMILES: {where} can't stand there; {EXPECTED}."
        kind, value = token.lastgroup, token.group()
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                return f"“{shown}” is not a SMILES: the ) at position {position + 1} closes nothing; {EXPECTED}."
        elif kind == "ring":
            number = int(value.strip("%()"))
            if number in open_rings:
                del open_rings[number]
            else:
                open_rings[number] = position
        elif kind == "dot" and after_dot:
            return f"“{shown}” is not a SMILES: the dot at position {position + 1} follows no molecule; {EXPECTED}."
        after_dot = kind == "dot"
        position = token.end()
    if after_dot:
        return f"“{shown}” ends with a dot; write another monomer behind it or leave it out."
    if depth > 0:
        return f"“{shown}” is not a SMILES: {depth} opening parenthesis{'es' * (depth > 1)} not closed; {EXPECTED}."
    if open_rings:
        number, position = next(iter(open_rings.items()))
        return (
            f"“{shown}” is not a SMILES: ring {number}, opened at position {position + 1}, is not closed; {EXPECTED}."
        )
    unsanitised = Chem.MolFromSmiles(text, sanitize=False)
    problems = Chem.DetectChemistryProblems(unsanitised) if unsanitised is not None else []
    if problems:
        return f"“{shown}” is chemically impossible: {_plain_problem(unsanitised, problems[0])}; correct the SMILES."
    return f"“{shown}” can't be read as SMILES; {EXPECTED}."


def _plain_problem(molecule: Chem.Mol, problem: Chem.MolSanitizeException) -> str:
    kind = problem.GetType()
    if kind == "AtomValenceException":
        atom = molecule.GetAtomWithIdx(problem.GetAtomIdx())
        return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has too many bonds"
    if kind == "KekulizeException":
        atoms = ", ".join(str(index + 1) for index in problem.GetAtomIndices())
        return f"the aromatic ring of atoms {atoms} has no Kekulé structure (a nitrogen may need its hydrogen, [nH])"
    return problem.Message().strip().rstrip(".")


def _check(molecule: Chem.Mol, text: str) -> PolymerForm:
    """Tell the form of a parsed SMILES; raise for what is no polymer that this package handles."""
    shown = shorten(text)
    heavy = molecule.GetNumHeavyAtoms()
    if heavy > MAX_HEAVY_ATOMS:
        raise PolymerError(
            f"The SMILES has {heavy:,} heavy atoms, but at most {MAX_HEAVY_ATOMS:,} are read; {EXPECTED}."
        )
    parts = len(Chem.GetMolFrags(molecule))
    # Everything but plain atoms of the organic subset is written in brackets or as a star.
    points = _unusual_atoms(molecule, shown) if "[" in text or "*" in text else []
    if not heavy:
        raise PolymerError(f"“{shown}” has no atoms between its attachment points; {EXPECTED}.")
    if not points:
        return PolymerForm.MONOMERS if parts > 1 else PolymerForm.OLIGOMER
    if parts > 1:
        raise PolymerError(
            f"“{shown}” has {parts} molecules and {len(points)} attachment points; copolymers of several repeat units "
            "are not supported: write one repeat unit with two attachment points, or monomers without any."
        )
    if len(points) != 2:
        seen = "one attachment point" if len(points) == 1 else f"{len(points)} attachment points"
        raise PolymerError(f"“{shown}” has {seen}; a repeat unit has exactly two, such as *CC(*)c1ccccc1.")
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


def _unusual_atoms(molecule: Chem.Mol, shown: str) -> list[Chem.Atom]:
    """The attachment points; raise for elements, isotopes, radicals and ions that are not supported."""
    points = []
    charged = False
    for atom in molecule.GetAtoms():
        where = f"atom {atom.GetIdx() + 1}"
        charged = charged or atom.GetFormalCharge() != 0
        if atom.GetAtomicNum() == 0:
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


def _refuse_small_molecule(molecule: Chem.Mol, text: str) -> None:
    """Raise for a monomer or a molecule too small to be an oligomer: a number for it would be silently wrong."""
    if reason := why_monomer(molecule):
        raise PolymerError(f"“{shorten(text)}” is {reason}.")
    heavy = molecule.GetNumHeavyAtoms()
    if heavy < MIN_OLIGOMER_HEAVY_ATOMS:
        size = f"{heavy} heavy atom{'s' * (heavy > 1)}"
        raise PolymerError(f"“{shorten(text)}” is a small molecule of {size}, not a polymer; {EXPECTED}.")
