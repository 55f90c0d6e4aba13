"""From the SMILES a chemist writes to the oligomer a model reads.

A polymer comes in one of three forms: an oligomer (a plain molecule), a repeat unit with two attachment points
(``*CC(*)c1ccccc1``), or its monomers joined by dots (``OCCO.O=C(O)c1ccc(C(=O)O)cc1``). :func:`recognise_form` tells
which, :func:`to_oligomer` writes the oligomer, :func:`polymer_identity` says which rows are the same polymer.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from polyid.errors import PolymerError

DEGREE_OF_POLYMERISATION = 18
MAX_DEGREE_OF_POLYMERISATION = 200
MAX_CHARACTERS = 10_000
MAX_HEAVY_ATOMS = 2_000
MIN_OLIGOMER_HEAVY_ATOMS = 10
# A molecule with polymerisable ends is taken for a monomer up to this size and for an oligomer beyond it: the largest
# common monomers (dianhydrides of bisphenols) have about 40 heavy atoms.
MAX_MONOMER_HEAVY_ATOMS = 40
ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")
MECHANISMS = ("vinyl", "ester", "amide", "imide", "urethane", "carbonate", "NIPU")
EXPECTED = (
    "write an oligomer, a repeat unit with two attachment points such as *CC(*)c1ccccc1, "
    "or monomers joined by dots such as OCCO.O=C(O)c1ccc(C(=O)O)cc1"
)


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
            return _homopolymer(_unit(molecule), degree_of_polymerisation, pm, seed)
        if form is PolymerForm.MONOMERS or mechanism is not None:
            return _polymerise(molecule, degree_of_polymerisation, mechanism, pm, seed)
        _refuse_monomer(molecule, smiles)
        return Chem.MolToSmiles(molecule)


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
            return _canonical_unit(_unit(molecule))
        return ".".join(sorted({Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)}))


# --- reading ---------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<bracket>\[[^\[\]]*\])|(?P<atom>Br|Cl|[BCNOPSFIbcnops*])|(?P<ring>%\(\d+\)|%\d\d|\d)"
    r"|(?P<bond>[-=#$:/\\~])|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)
_NAME = re.compile(r"poly|\bnylon|teflon|kevlar|[a-z]{5,}", re.IGNORECASE)


def _read(smiles: str) -> tuple[Chem.Mol, PolymerForm]:
    """Parse a SMILES and check that it is a polymer's; atom-map numbers are dropped."""
    text = smiles.strip() if isinstance(smiles, str) else ""
    if not text:
        raise PolymerError(f"The SMILES is empty; {EXPECTED}.")
    if len(text) > MAX_CHARACTERS:
        raise PolymerError(f"The SMILES has {len(text):,} characters, but at most {MAX_CHARACTERS:,} are read; {EXPECTED}.")
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text, _PARSER)
        if molecule is None:
            raise PolymerError(_why_unreadable(text))
        for atom in molecule.GetAtoms():
            atom.SetAtomMapNum(0)
        return molecule, _check(molecule, text)


_PARSER = Chem.SmilesParserParams()
_PARSER.parseName = False
_PARSER.allowCXSMILES = False


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text):,} characters)"


def _why_unreadable(text: str) -> str:
    """One sentence on why RDKit can't read a SMILES, with the place where that can be told."""
    shown = _short(text)
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
            return f"“{shown}” is not a SMILES: {text[position]!r} at position {position + 1} can't stand there; {EXPECTED}."
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
        return f"“{shown}” is not a SMILES: ring {number}, opened at position {position + 1}, is not closed; {EXPECTED}."
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
    shown = _short(text)
    heavy = molecule.GetNumHeavyAtoms()
    if heavy > MAX_HEAVY_ATOMS:
        raise PolymerError(f"The SMILES has {heavy:,} heavy atoms, but at most {MAX_HEAVY_ATOMS:,} are read; {EXPECTED}.")
    parts = len(Chem.GetMolFrags(molecule))
    points = []
    for atom in molecule.GetAtoms():
        where = f"atom {atom.GetIdx() + 1}"
        if atom.GetAtomicNum() == 0:
            points.append(atom)
        elif atom.GetSymbol() not in ELEMENTS:
            raise PolymerError(
                f"“{shown}” contains {atom.GetSymbol()} ({where}), but polymers of {', '.join(ELEMENTS)} only are "
                "supported; metals, salts and other elements are not."
            )
        elif atom.GetIsotope():
            raise PolymerError(f"“{shown}” has an isotope label at {where}; write it without, as [C] or [H] atoms of natural abundance.")
        elif atom.GetNumRadicalElectrons():
            raise PolymerError(
                f"“{shown}” has an unpaired electron at {where} ({atom.GetSymbol()}); give it its hydrogens, "
                "or write * where the chain goes on."
            )
    for part in Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False):
        charge = sum(atom.GetFormalCharge() for atom in part.GetAtoms())
        if charge:
            raise PolymerError(
                f"“{shown}” has an ion of charge {charge:+d}; salts and ions are not supported, write the neutral polymer."
            )
    if not any(atom.GetAtomicNum() > 1 for atom in molecule.GetAtoms()):
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
                f"“{shown}” has an attachment point bonded to {point.GetDegree()} atoms; each must be bonded to exactly one."
            )
        if point.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise PolymerError(
                f"“{shown}” has an attachment point on a double or triple bond; cut the repeat unit at a single bond, "
                "such as *C=C* instead of *=CC=*."
            )
    return PolymerForm.REPEAT_UNIT


# --- repeat units ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Unit:
    """A Kekulé molecule with its two attachment points, dummy atoms of degree 1."""

    molecule: Chem.Mol
    head: int
    tail: int

    @property
    def heavy_atoms(self) -> int:
        return self.molecule.GetNumHeavyAtoms()

    def neighbour(self, point: int) -> int:
        """The atom an attachment point is bonded to."""
        return self.molecule.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx()


def _unit(molecule: Chem.Mol) -> _Unit:
    """The unit of a molecule with two attachment points; isotopes 1 and 2, where given, are head and tail."""
    molecule = Chem.Mol(molecule)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    points = sorted(
        (atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0),
        key=lambda atom: (atom.GetIsotope(), atom.GetIdx()),
    )
    head, tail = (point.GetIdx() for point in points)
    return _Unit(molecule, head, tail)


_ALL_HYDROGENS = Chem.RemoveHsParameters()
# RDKit keeps hydrogens that a double bond's configuration was written with; at a chain end it then has none.
_ALL_HYDROGENS.removeDefiningBondStereo = True


def _chain(units: Sequence[_Unit], head_cap: int = 1, tail_cap: int = 1) -> Chem.Mol:
    """Join units head to tail and cap the ends with atoms of the given atomic numbers (1: H, 0: attachment point).

    Bonds between units are added after a unit's own, so the neighbour order of the atoms they join differs from the
    unit's, and chirality tags, which refer to that order, are inverted where the permutation is odd.
    """
    chain = Chem.RWMol()
    previous = chain.AddAtom(Chem.Atom(head_cap))
    double_bonds = []
    indices: dict[int, int] = {}
    for unit in units:
        before, indices = indices, {}
        for atom in unit.molecule.GetAtoms():
            if atom.GetIdx() not in (unit.head, unit.tail):
                indices[atom.GetIdx()] = chain.AddAtom(atom)
        for bond in unit.molecule.GetBonds():
            begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            if begin in indices and end in indices:
                chain.AddBond(indices[begin], indices[end], bond.GetBondType())
            if bond.GetStereo() > Chem.BondStereo.STEREOANY:
                double_bonds.append((bond, indices))
        for index in {unit.neighbour(unit.head), unit.neighbour(unit.tail)}:
            if _reordered(unit, index):
                chain.GetAtomWithIdx(indices[index]).InvertChirality()
        first, last = indices[unit.neighbour(unit.head)], indices[unit.neighbour(unit.tail)]
        chain.AddBond(previous, first, Chem.BondType.SINGLE)
        indices[unit.head] = previous
        if before:
            before[before_tail] = first
        previous, before_tail = last, unit.tail
    end = chain.AddAtom(Chem.Atom(tail_cap))
    chain.AddBond(previous, end, Chem.BondType.SINGLE)
    indices[before_tail] = end

    Chem.SanitizeMol(chain)
    for bond, mapping in double_bonds:
        copy = chain.GetBondBetweenAtoms(mapping[bond.GetBeginAtomIdx()], mapping[bond.GetEndAtomIdx()])
        copy.SetStereoAtoms(*(mapping[index] for index in bond.GetStereoAtoms()))
        cis = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
        copy.SetStereo(Chem.BondStereo.STEREOCIS if cis else Chem.BondStereo.STEREOTRANS)
    # RDKit's stereo clean-up reads the directions of the bonds beside a double bond, not the flags just set.
    Chem.SetDoubleBondNeighborDirections(chain)
    Chem.AssignStereochemistry(chain, cleanIt=True, force=True)
    return Chem.RemoveHs(chain, _ALL_HYDROGENS)


def _reordered(unit: _Unit, index: int) -> bool:
    """Whether moving an atom's bonds to head and tail behind its other bonds is an odd permutation."""
    neighbours = [bond.GetOtherAtomIdx(index) for bond in unit.molecule.GetAtomWithIdx(index).GetBonds()]
    rank = {unit.head: len(neighbours), unit.tail: len(neighbours) + 1}
    order = [rank.get(neighbour, place) for place, neighbour in enumerate(neighbours)]
    return sum(a > b for place, a in enumerate(order) for b in order[place + 1 :]) % 2 == 1


def _canonical(molecule: Chem.Mol) -> str:
    return Chem.CanonSmiles(Chem.MolToSmiles(molecule))


def _homopolymer(unit: _Unit, degree: int, pm: float | None, seed: int, tail_cap: int = 1) -> str:
    """Repeat one unit, atactic centres set by `pm`."""
    repeats = min(degree, MAX_HEAVY_ATOMS // unit.heavy_atoms)
    if repeats < 2:
        raise PolymerError(
            f"The repeat unit has {unit.heavy_atoms:,} heavy atoms; two of them pass the limit of {MAX_HEAVY_ATOMS:,}."
        )
    units = [unit] * repeats
    if pm is not None:
        centres = _open_backbone_centres(unit)
        if len(centres) > 1:
            raise PolymerError(
                f"pm is given, but the repeat unit has {len(centres)} backbone stereocentres without a configuration; "
                "write that of all but one with @ or @@, or leave pm out."
            )
        if centres:
            hands = [_with_tag(unit, centres[0], tag) for tag in (_CLOCKWISE, _COUNTERCLOCKWISE)]
            units = [hands[hand] for hand in _dyads(repeats, pm, seed)]
    return _canonical(_chain(units, tail_cap=tail_cap))


_CLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CW
_COUNTERCLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CCW


def _open_backbone_centres(unit: _Unit) -> list[int]:
    """Stereocentres on the shortest path between the attachment points whose configuration is not written."""
    probe = Chem.Mol(unit.molecule)
    # Head and tail lead to different parts of the chain, which RDKit can only know from a label.
    probe.GetAtomWithIdx(unit.head).SetIsotope(1)
    probe.GetAtomWithIdx(unit.tail).SetIsotope(2)
    backbone = Chem.GetShortestPath(probe, unit.head, unit.tail)
    return sorted(
        info.centeredOn
        for info in Chem.FindPotentialStereo(probe)
        if info.type == Chem.StereoType.Atom_Tetrahedral
        and info.specified != Chem.StereoSpecified.Specified
        and info.centeredOn in backbone
    )


def _with_tag(unit: _Unit, centre: int, tag: Chem.ChiralType) -> _Unit:
    molecule = Chem.Mol(unit.molecule)
    molecule.GetAtomWithIdx(centre).SetChiralTag(tag)
    return _Unit(molecule, unit.head, unit.tail)


def _dyads(units: int, pm: float, seed: int) -> list[int]:
    """Hand (0 or 1) of each unit such that a share `pm` of neighbours are alike (meso), in seeded random order."""
    generator = random.Random(seed)
    dyads = units - 1
    meso = int(dyads * pm)
    meso += generator.random() < dyads * pm - meso
    changes = [0] * meso + [1] * (dyads - meso)
    generator.shuffle(changes)
    hands = [0]
    for change in changes:
        hands.append(hands[-1] ^ change)
    return hands


def _canonical_unit(unit: _Unit) -> str:
    """The smallest repeat unit of a chain, independent of where and in which direction it was cut."""
    forward = _segments(unit)
    backward = [(right, left) for left, right in reversed(forward)]
    length = len(forward)
    period = next(
        step
        for step in range(1, length + 1)
        if length % step == 0 and all(forward[place] == forward[place % step] for place in range(length))
    )
    best = min(
        tuple(text for text, _ in [*segments[start:period], *segments[:start]])
        for segments in (forward[:period], backward[:period])
        for start in range(period)
    )
    return Chem.MolToSmiles(_chain([_unit(Chem.MolFromSmiles(text)) for text in best], head_cap=0, tail_cap=0))


def _segments(unit: _Unit) -> list[tuple[str, str]]:
    """The pieces between a backbone's single bonds outside rings, each as SMILES read forwards and backwards."""
    molecule = Chem.RWMol(unit.molecule)
    path = Chem.GetShortestPath(molecule, unit.head, unit.tail)
    molecule.GetAtomWithIdx(unit.head).SetIsotope(1)
    molecule.GetAtomWithIdx(unit.tail).SetIsotope(2)
    Chem.FastFindRings(molecule)
    starts = [path[1]]
    for left, right in zip(path[1:-2], path[2:-1], strict=True):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            starts.append(right)
    for right in starts[1:]:
        left = path[path.index(right) - 1]
        molecule.RemoveBond(left, right)
        for atom, label in ((left, 2), (right, 1)):
            point = molecule.AddAtom(Chem.Atom(0))
            molecule.GetAtomWithIdx(point).SetIsotope(label)
            molecule.AddBond(atom, point, Chem.BondType.SINGLE)
    Chem.SanitizeMol(molecule)
    fragments = {}
    members: list[tuple[int, ...]] = []
    for fragment, atoms in zip(
        Chem.GetMolFrags(molecule, asMols=True, fragsMolAtomMapping=members), members, strict=True
    ):
        fragments.update(dict.fromkeys(atoms, fragment))
    return [(Chem.MolToSmiles(fragments[start]), Chem.MolToSmiles(_turned(fragments[start]))) for start in starts]


def _turned(segment: Chem.Mol) -> Chem.Mol:
    turned = Chem.Mol(segment)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    return turned


# --- monomers --------------------------------------------------------------------------------------------------------

_GROUPS = {
    name: Chem.MolFromSmarts(smarts)
    for name, smarts in {
        "alcohol": "[OX2H1][#6;!$([#6]=[O,N,S])]",
        "aliphatic alcohol": "[OX2H1][CX4]",
        "acid": "[#6][CX3](=O)[OX2H1,F,Cl,Br,I]",
        "methyl ester": "[#6][CX3](=O)[OX2][CH3]",
        "amine": "[NX3H2][#6;!$([#6]=[O,N,S])]",
        "anhydride": "[#6R](=O)@[OR]@[#6R](=O)",
        "isocyanate": "[NX2]=C=O",
        "cyclic carbonate": "O=C1OCCO1",
        "carbonyl": "[CX3;!R](=O)([OX2,Cl])[OX2,Cl]",
        "alkene": "C=C",
        "vinyl": "[CX3H2,$([CX3](F)F),$([CX3](Cl)Cl);!$(C=*=*)]=[CX3;!$(C=*=*)]",
    }.items()
}

# One monomer to its repeat unit: class, reaction (head [1*], tail [2*]), atomic number of the cap at the tail.
_SELF_POLYMERISING = [
    (name, AllChem.ReactionFromSmarts(smarts), cap)
    for name, smarts, cap in [
        ("diene", "[CH2:1]=[C;!R:2][C;!R:3]=[CX3:4]>>[1*][C:1][C:2]=[C:3][C:4][2*]", 1),
        ("vinyl monomer", "[CX3H2,$([CX3](F)F),$([CX3](Cl)Cl):1]=[CX3:2]>>[1*][C:1][C:2][2*]", 1),
        ("epoxide", "[CH2;r3:1]1[C:2][O:3]1>>[1*][C:1][C:2][O:3][2*]", 1),
        ("lactam", "[C;R:2](=[O:3])@[N;R:1]>>([1*][N:1].[C:2](=[O:3])[2*])", 8),
        ("lactone", "[C;R:2](=[O:3])@[O;R:1]>>([1*][O:1].[C:2](=[O:3])[2*])", 8),
        ("cyclic ether", "[CX4;r4,r5:1]1[O:3][CX4:4][CX4:5]1>>[1*][C:1][C:5][C:4][O:3][2*]", 1),
        ("cyclic ether", "[CX4;r5:1]1[O:3][CX4:4][CX4:5][CX4:6]1>>[1*][C:1][C:6][C:5][C:4][O:3][2*]", 1),
        (
            "amino acid",
            "([NX3;H1,H2;$(N[#6]);!$(N[#6]=O):1].[C;$(C[#6]):2](=[O:3])[OX2H1,Cl])>>([1*][N:1].[C:2](=[O:3])[2*])",
            8,
        ),
        (
            "hydroxy acid",
            "([OX2H1;$(O[#6]);!$(O[#6]=O):1].[C;$(C[#6]):2](=[O:3])[OX2H1,Cl])>>([1*][O:1].[C:2](=[O:3])[2*])",
            8,
        ),
    ]
]
# Groups that growth by steps forms: a molecule that has one is an oligomer, not its monomer.
_STEP_LINK = Chem.MolFromSmarts("[CX3;!R](=O)[OX2,NX3][#6]")
_PAIRED = ("alcohol", "acid", "amine", "anhydride", "isocyanate")


def _count(molecule: Chem.Mol) -> dict[str, int]:
    return {name: len(molecule.GetSubstructMatches(pattern)) for name, pattern in _GROUPS.items()}


def _self_polymerising(molecule: Chem.Mol) -> tuple[str, _Unit, int] | None:
    """Class, repeat unit and tail cap of a monomer that polymerises on its own; None if it is no such monomer."""
    for name, reaction, cap in _SELF_POLYMERISING:
        units = {}
        for (product,) in reaction.RunReactants((molecule,)):
            if len(Chem.GetMolFrags(product)) == 1 and Chem.SanitizeMol(product, catchErrors=True) == 0:
                units[Chem.MolToSmiles(product)] = product
        if units:
            # Equivalent ways round the same ring or diene: the first in alphabetical order, to be reproducible.
            return name, _unit(Chem.MolFromSmiles(min(units))), cap
    return None


def _refuse_monomer(molecule: Chem.Mol, smiles: str) -> None:
    """Raise for a small molecule that is a monomer, or too small to be an oligomer: its number would be wrong."""
    heavy, shown = molecule.GetNumHeavyAtoms(), _short(smiles.strip())
    if heavy > MAX_MONOMER_HEAVY_ATOMS:
        return
    step_grown = molecule.HasSubstructMatch(_STEP_LINK)
    monomer = _self_polymerising(molecule)
    if monomer is not None and not (step_grown and monomer[0] in ("amino acid", "hydroxy acid")):
        name, unit, _ = monomer
        raise PolymerError(
            f"“{shown}” is one molecule, {_with_article(name)}, not a polymer; write its repeat unit with two attachment "
            f"points, {_plain_unit(unit)}, or the monomer twice, joined by a dot."
        )
    groups = _count(molecule)
    if not step_grown and (name := next((name for name in _PAIRED if groups[name] >= 2), None)):
        raise PolymerError(
            f"“{shown}” is one molecule with {groups[name]} {name} groups, a monomer, not a polymer; "
            "join its partner to it with a dot, or write the repeat unit with two attachment points."
        )
    if heavy < MIN_OLIGOMER_HEAVY_ATOMS:
        raise PolymerError(f"“{shown}” is a small molecule of {heavy} heavy atoms, not a polymer; {EXPECTED}.")


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _plain_unit(unit: _Unit) -> str:
    return Chem.MolToSmiles(_chain([unit], head_cap=0, tail_cap=0))


def _polymerise(molecule: Chem.Mol, degree: int, mechanism: str | None, pm: float | None, seed: int) -> str:
    """The oligomer of one or two monomers: with m2p where it has the reaction, head to tail where it has not."""
    monomers = sorted({Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)})
    shown = ".".join(monomers)
    plain = {_without_stereo(monomer) for monomer in monomers}
    if len(plain) > 2:
        raise PolymerError(
            f"{len(plain)} different monomers are given; copolymers of more than two are not supported, write one or two."
        )
    if pm is not None:
        if len(plain) > 1:
            raise PolymerError(
                f"pm is given with the monomers {_short(shown)}; tacticity is supported for one monomer or a repeat unit."
            )
        # The two enantiomers of a monomer and pm: pm alone says which follows which.
        monomers = sorted(plain)
    molecules = [_activated(Chem.MolFromSmiles(monomer), others=len(plain) > 1) for monomer in monomers]
    heavy = sum(part.GetNumHeavyAtoms() for part in molecules) / len(molecules)
    if heavy * degree > MAX_HEAVY_ATOMS:
        raise PolymerError(
            f"{degree} monomers of {heavy:.0f} heavy atoms pass the limit of {MAX_HEAVY_ATOMS:,} heavy atoms; "
            "lower the degree of polymerisation."
        )
    groups = [_count(part) for part in molecules]
    if len(plain) == 1:
        return _polymerise_one(molecules, groups, degree, mechanism, pm, seed)
    step = _step_mechanism(groups)
    if mechanism is None:
        if step is None and all(count["alkene"] for count in groups) and any(count["vinyl"] for count in groups):
            step = "vinyl"
        if step is None:
            raise PolymerError(
                f"No known polymerisation joins {_short(shown)}; known are vinyl monomers, diacid + diol or diamine, "
                "dianhydride + diamine, diisocyanate + diol or diamine, and diol + phosgene, carbonic acid or a carbonate."
            )
        mechanism = step
    if mechanism in ("carbonate", "urea") or (
        mechanism == "ester" and step == "ester" and not any(count["aliphatic alcohol"] for count in groups)
    ):
        return _alternate(molecules, groups, degree, shown)
    return _m2p(tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism, seed)


def _polymerise_one(
    molecules: list[Chem.Mol],
    groups: list[dict[str, int]],
    degree: int,
    mechanism: str | None,
    pm: float | None,
    seed: int,
) -> str:
    """The oligomer of one monomer (or its two enantiomers)."""
    monomer = _self_polymerising(molecules[0])
    if monomer is None:
        if mechanism is None:
            raise PolymerError(
                f"{Chem.MolToSmiles(molecules[0])} does not polymerise with itself; join a different partner to it "
                "with a dot, or write the repeat unit with two attachment points."
            )
        return _m2p(tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism, seed)
    name, unit, cap = monomer
    in_m2p = {"vinyl monomer": "vinyl", "diene": "vinyl" if mechanism else None, "amino acid": "amide"}.get(name)
    if name == "hydroxy acid" and groups[0]["aliphatic alcohol"]:
        in_m2p = "ester"
    if in_m2p and pm is None:
        return _m2p(tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism or in_m2p, seed)
    return _homopolymer(unit, degree, pm, seed, tail_cap=cap)


def _without_stereo(smiles: str) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(molecule)
    return Chem.MolToSmiles(molecule)


_OPEN_ANHYDRIDE = AllChem.ReactionFromSmarts("[#6R:1](=[O:2])@[O:3]@[#6R:4](=[O:5])>>([#6:1](=[O:2])[O:3].[#6:4](=[O:5])O)")
_HYDROLYSE_ESTER = AllChem.ReactionFromSmarts("[#6:1][CX3:2](=[O:3])[O:4][CH3]>>[#6:1][C:2](=[O:3])[O:4]")


def _activated(molecule: Chem.Mol, others: bool) -> Chem.Mol:
    """A cyclic monoanhydride or a dimethyl ester as the diacid it reacts as when there is a partner."""
    if not others:
        return molecule
    groups = _count(molecule)
    if groups["vinyl"] == 0 and groups["anhydride"] == 1 and groups["acid"] == 0:
        molecule = _react(_OPEN_ANHYDRIDE, molecule)
    elif groups["methyl ester"] == 2 and groups["acid"] == 0:
        molecule = _react(_HYDROLYSE_ESTER, _react(_HYDROLYSE_ESTER, molecule))
    return molecule


def _react(reaction: AllChem.ChemicalReaction, molecule: Chem.Mol) -> Chem.Mol:
    product = reaction.RunReactants((molecule,))[0][0]
    Chem.SanitizeMol(product)
    return product


def _step_mechanism(groups: list[dict[str, int]]) -> str | None:
    """How two monomers grow by steps, told from their functional groups; None when they don't."""

    def pair(one: str, other: str, ones: int = 2) -> bool:
        return any(a[one] >= ones and b[other] >= 2 for a, b in (groups, groups[::-1]))

    if pair("anhydride", "amine"):
        return "imide"
    if pair("cyclic carbonate", "amine"):
        return "NIPU"
    if pair("isocyanate", "alcohol"):
        return "urethane"
    if pair("isocyanate", "amine"):
        return "urea"
    if pair("acid", "amine") or all(count["acid"] and count["amine"] for count in groups):
        return "amide"
    if pair("carbonyl", "alcohol", ones=1):
        return "carbonate"
    if pair("carbonyl", "amine", ones=1):
        return "urea"
    if pair("acid", "alcohol") or all(count["acid"] and count["alcohol"] for count in groups):
        return "ester"
    return None


# A monomer of two like groups to the unit it leaves in the chain: group, reaction of one group, cap where it ends.
_ENDS = [
    ("alcohol", AllChem.ReactionFromSmarts("[OX2H1:1][#6;!$([#6]=[O,N,S]):2]>>*[O:1][#6:2]"), 1),
    ("amine", AllChem.ReactionFromSmarts("[NX3H2:1][#6;!$([#6]=[O,N,S]):2]>>*[N:1][#6:2]"), 1),
    ("isocyanate", AllChem.ReactionFromSmarts("[NX2:1]=[C:2]=[O:3]>>[N:1][C:2](=[O:3])*"), 8),
    ("acid", AllChem.ReactionFromSmarts("[#6:1][CX3:2](=[O:3])[OX2H1,F,Cl,Br,I]>>[#6:1][C:2](=[O:3])*"), 8),
]


def _alternate(molecules: list[Chem.Mol], groups: list[dict[str, int]], degree: int, shown: str) -> str:
    """Alternate two monomers of two equal groups each, ends as m2p leaves them (OH, NH2, COOH, COCl)."""
    units = []
    for molecule, count in zip(molecules, groups, strict=True):
        if count["carbonyl"]:
            chlorine = any(atom.GetAtomicNum() == 17 and atom.GetTotalDegree() == 1 for atom in molecule.GetAtoms())
            units.append((_unit(Chem.MolFromSmiles("*C(*)=O")), 17 if chlorine else 8))
            continue
        for name, reaction, cap in _ENDS:
            if count[name] == 2:
                units.append((_unit(_react(reaction, _react(reaction, molecule))), cap))
                break
        else:
            raise PolymerError(
                f"The monomers {_short(shown)} don't have exactly two reactive groups each, so they make no linear chain; "
                "write the repeat unit with two attachment points."
            )
    units.sort(key=lambda entry: entry[1])
    sequence = [units[place % 2] for place in range(degree)]
    return _canonical(_chain([unit for unit, _ in sequence], head_cap=sequence[0][1], tail_cap=sequence[-1][1]))


_M2P_LOCK = threading.Lock()


@lru_cache(maxsize=4096)
def _m2p(monomers: tuple[str, ...], degree: int, mechanism: str, seed: int) -> str:
    """Polymerise with m2p, made reproducible; it draws from the global generators, which are put back."""
    with _M2P_LOCK:
        python_state, numpy_state = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            # Imported here: m2p takes casadi and pandas along.
            from m2p import PolyMaker

            table = PolyMaker().thermoplastic(monomers, DP=degree, mechanism=mechanism, verbose=False)
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
    result = table["smiles_polymer"].iloc[0]
    if result.startswith("ERROR"):
        raise PolymerError(
            f"m2p could not polymerise {_short('.'.join(monomers))} by the mechanism {mechanism}; "
            "write the repeat unit with two attachment points instead."
        )
    return _canonical(Chem.MolFromSmiles(result))
