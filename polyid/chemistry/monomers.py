"""When a molecule is a monomer, and what is said of monomers: to what they were read, or why one is refused."""

from __future__ import annotations

from functools import lru_cache

from rdkit import Chem, rdBase

from polyid.chemistry.chain_growth import growth_of
from polyid.chemistry.functional_groups import sites_of
from polyid.chemistry.polymerisation import monomers_of, repeat_units, unit_smiles
from polyid.chemistry.repetition import repeats
from polyid.chemistry.smiles import read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

MAX_HEAVY_ATOMS_ALONE = 40
"""Of a molecule that is taken for a monomer where nothing else says so: dianhydrides of bisphenols have about as many."""
MAX_HEAVY_ATOMS_NAMED = 20
"""Of a molecule whose repeat unit a refusal names: in a larger one the group that might polymerise says little."""
_MAX_CHARACTERS_ALONE = 200
_MAX_RINGS_ALONE = 3
_SHARE_OF_OLIGOMER = 0.75
# Groups that growth by steps forms: a molecule that has one is an oligomer, not its monomer.
_STEP_LINK = Chem.MolFromSmarts("[CX3;!R](=O)[OX2,NX3][#6]")
_ALKALI = ("Li", "Na", "K", "Cs")
_LEAVING_SALT = Chem.MolFromSmarts("[$([S-]),$([S-2]),$([O-]c)]")
_PAIRED = ("alcohol", "acid", "amine", "anhydride", "isocyanate", "epoxide", "activated aryl halide", "silyl halide")
_NAMES_OF_GROUPS = {"silyl halide": "silyl halide or ether", "activated aryl halide": "aryl halide"}
_SELF_CONDENSING = ("amine", "secondary amine", "alcohol")


def without_alkali(molecule: Chem.Mol) -> Chem.Mol:
    """Sulfides, thiolates and phenolates of alkali metals as the acids that react like them; any other molecule as it is."""
    molecule = _as_ions(molecule)
    ions = [atom for atom in molecule.GetAtoms() if atom.GetFormalCharge()]
    metals = [atom.GetIdx() for atom in ions if atom.GetSymbol() in _ALKALI and not atom.GetDegree()]
    leaving = {match[0] for match in molecule.GetSubstructMatches(_LEAVING_SALT)}
    if not metals or {atom.GetIdx() for atom in ions} != leaving.union(metals):
        return molecule
    changed = Chem.RWMol(molecule)
    for atom in leaving:
        changed.GetAtomWithIdx(atom).SetFormalCharge(0)
        changed.GetAtomWithIdx(atom).SetNoImplicit(False)
    for metal in sorted(metals, reverse=True):
        changed.RemoveAtom(metal)
    Chem.SanitizeMol(changed)
    return changed.GetMol()


def _as_ions(molecule: Chem.Mol) -> Chem.Mol:
    """Alkali metals that are written with a bond to oxygen or sulfur, as the ions that they are."""
    bonds = [
        (atom, atom.GetNeighbors()[0])
        for atom in molecule.GetAtoms()
        if atom.GetSymbol() in _ALKALI and atom.GetDegree() == 1 and atom.GetNeighbors()[0].GetSymbol() in "OS"
    ]
    if not bonds:
        return molecule
    changed = Chem.RWMol(molecule)
    for metal, partner in bonds:
        changed.RemoveBond(metal.GetIdx(), partner.GetIdx())
        for atom, charge in ((metal, 1), (partner, -1)):
            ion = changed.GetAtomWithIdx(atom.GetIdx())
            ion.SetFormalCharge(ion.GetFormalCharge() + charge)
            ion.SetNoImplicit(False)
    return changed.GetMol() if Chem.SanitizeMol(changed, catchErrors=True) == 0 else molecule


def is_monomer(molecule: Chem.Mol) -> bool:
    """Whether a molecule that stands alone is a monomer that makes a polymer with itself."""
    if not 2 <= molecule.GetNumHeavyAtoms() <= MAX_HEAVY_ATOMS_ALONE or _repeats_as_oligomer(molecule):
        return False
    growth = growth_of(molecule)
    if growth is not None:
        reaction, _ = growth
        rings = molecule.GetNumBonds() - molecule.GetNumAtoms() + 1
        return rings <= _MAX_RINGS_ALONE and reaction.may_stand_alone(molecule) and not reaction.crosslinks(molecule)
    return _condenses(molecule)


def _condenses(molecule: Chem.Mol) -> bool:
    """Whether it has one acid, one group that it condenses with, and no other."""
    counts = [len(sites_of(molecule, name)) for name in (*_SELF_CONDENSING, "thiol")]
    return len(sites_of(molecule, "acid")) == 1 == sum(counts) and not molecule.HasSubstructMatch(_STEP_LINK)


def _repeats_as_oligomer(molecule: Chem.Mol) -> bool:
    """Whether nearly all of it repeats, and not by its methylene groups only."""
    heteroatoms_or_branches = any(atom.GetAtomicNum() != 6 or atom.GetDegree() > 2 for atom in molecule.GetAtoms())
    return heteroatoms_or_branches and repeats(molecule, _SHARE_OF_OLIGOMER)


def why_monomer(molecule: Chem.Mol) -> str | None:
    """What makes a small molecule a monomer rather than an oligomer, and what to write instead; None for others."""
    if molecule.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS_ALONE or _repeats_as_oligomer(molecule):
        return None
    growth = growth_of(molecule)
    if growth is not None and molecule.GetNumHeavyAtoms() <= MAX_HEAVY_ATOMS_NAMED:
        reaction, unit = growth
        if reaction.crosslinks(molecule) and (reason := _why_paired(molecule)):
            return reason
        name = f"{'an' if reaction.monomer[0] in 'aeiou' else 'a'} {reaction.monomer}"
        if reaction.crosslinks(molecule):
            return f"one molecule, {name} that crosslinks, not a polymer; networks are not read"
        return (
            f"one molecule, {name}, not a polymer; write its repeat unit with two attachment points, {unit_smiles(unit)}, "
            "or the monomer twice, joined by a dot"
        )
    return None if molecule.HasSubstructMatch(_STEP_LINK) else _why_paired(molecule)


def _why_paired(molecule: Chem.Mol) -> str | None:
    """That a molecule has two groups of a kind, which join it to a partner; None where it has not."""
    for name in _PAIRED:
        count = len(sites_of(molecule, name))
        if count >= 2:
            water = f", which is water for a siloxane, {Chem.MolToSmiles(molecule)}.O" if name == "silyl halide" else ""
            return (
                f"one molecule with {count} {_NAMES_OF_GROUPS.get(name, name)} groups, a monomer, not a polymer; "
                f"join its partner to it with a dot{water}, or write the repeat unit with two attachment points"
            )
    return None


@lru_cache(maxsize=4096)
def read_as(text: str) -> tuple[str, ...]:
    """What monomers were understood as, one clause; nothing for any other text."""
    if "*" in text or ("." not in text and len(text) > _MAX_CHARACTERS_ALONE):
        return ()
    with rdBase.BlockLogs():
        molecule = read_molecule(text)
        if molecule is not None and "." in text:
            molecule = without_alkali(molecule)
        if molecule is None or not ("." in text or is_monomer(molecule)):
            return ()
        try:
            monomers = monomers_of(molecule)
            made = repeat_units(monomers)
        except PolymerError:
            return ()
    names = " + ".join(dict.fromkeys(monomers))
    return (f"monomer{'s' * (len(set(monomers)) > 1)} {shorten(names)} read as {made}",)
