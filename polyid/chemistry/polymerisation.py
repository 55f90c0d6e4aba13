"""From monomers to the oligomer they grow to: with m2p, and head to tail where m2p has no reaction."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from polyid.chemistry.chain import MAX_HEAVY_ATOMS, canonical, chain, homopolymer
from polyid.chemistry.functional_groups import GROUPS, count_groups, self_polymerising_unit
from polyid.chemistry.m2p_adapter import polymerise_with_m2p
from polyid.chemistry.repeat_unit import end_of, unit_of
from polyid.common.text import shorten
from polyid.errors import PolymerError

MECHANISMS = ("vinyl", "ester", "amide", "imide", "urethane", "carbonate", "NIPU")


def polymerise(molecule: Chem.Mol, degree: int, mechanism: str | None, pm: float | None, seed: int) -> str:
    """Canonical SMILES of the oligomer of one or two monomers.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        The monomers, as one molecule of several components.
    degree : int
        Monomers in the chain, both kinds counted.
    mechanism : str or None
        One of :data:`MECHANISMS`; recognised from the functional groups when None.
    pm : float or None
        Share of meso dyads, for one monomer (or its two enantiomers) only.
    seed : int
        Of the sequence and orientation of monomers, and of dyads.

    Raises
    ------
    PolymerError
        Nothing known joins these monomers, or they are too many or too large.
    """
    monomers = sorted({Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)})
    shown = ".".join(monomers)
    plain = {_without_stereo(monomer) for monomer in monomers}
    if len(plain) > 2:
        raise PolymerError(
            f"{len(plain)} different monomers are given, but copolymers of more than two are not supported; "
            "write one or two."
        )
    if pm is not None:
        if len(plain) > 1:
            raise PolymerError(
                f"pm is given with the monomers {shorten(shown)}, but tacticity is supported for one monomer only; "
                "leave pm out."
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
    groups = [count_groups(part) for part in molecules]
    if len(plain) == 1:
        return _polymerise_one(molecules, groups, degree, mechanism, pm, seed)
    return _polymerise_two(molecules, groups, degree, mechanism, seed, shorten(shown))


def _polymerise_two(
    molecules: list[Chem.Mol], groups: list[dict[str, int]], degree: int, mechanism: str | None, seed: int, shown: str
) -> str:
    """The oligomer of two different monomers, which error messages show as `shown`."""
    step = _step_mechanism(groups)
    if (mechanism or step) == "amide":
        # m2p's amides grow from acids only.
        molecules = [
            _react(_HYDROLYSE_HALIDE, part, times=count["acyl halide"])
            for part, count in zip(molecules, groups, strict=True)
        ]
    if mechanism is None:
        if step is None and all(count["alkene"] for count in groups) and any(count["vinyl"] for count in groups):
            step = "vinyl"
        if step is None:
            raise PolymerError(
                f"No known polymerisation joins {shown}; known are vinyl monomers, diacid + diol or diamine, "
                "dianhydride + diamine, diisocyanate + diol or diamine, and diol + phosgene, carbonic acid or "
                "a carbonate."
            )
        mechanism = step
    if mechanism in _JOINED:
        linear = _linear(molecules, groups, mechanism)
        not_in_m2p = mechanism in ("carbonate", "urea")
        phenolic = mechanism == "ester" and not any(count["aliphatic alcohol"] for count in groups)
        # A chain of symmetric monomers is one that m2p would draw nothing for: the same, a hundred times faster.
        if linear and (not_in_m2p or phenolic or all(_symmetric(*monomer) for monomer in linear)):
            return _alternate(linear, degree, imide=mechanism == "imide")
        if not_in_m2p:
            raise PolymerError(
                f"The monomers {shown} don't have exactly two reactive groups each, so they make no "
                "linear chain; write the repeat unit with two attachment points."
            )
    return polymerise_with_m2p(tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism, seed)


def _polymerise_one(
    molecules: list[Chem.Mol],
    groups: list[dict[str, int]],
    degree: int,
    mechanism: str | None,
    pm: float | None,
    seed: int,
) -> str:
    """The oligomer of one monomer (or its two enantiomers)."""
    monomer = self_polymerising_unit(molecules[0])
    if monomer is None:
        if mechanism is None:
            raise PolymerError(
                f"{Chem.MolToSmiles(molecules[0])} does not polymerise with itself; join a different partner to it "
                "with a dot, or write the repeat unit with two attachment points."
            )
        return polymerise_with_m2p(tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism, seed)
    name, unit, cap = monomer
    in_m2p = {"vinyl monomer": "vinyl", "diene": "vinyl" if mechanism else None, "amino acid": "amide"}.get(name)
    if name == "hydroxy acid" and groups[0]["aliphatic alcohol"]:
        in_m2p = "ester"
    if in_m2p and pm is None:
        return polymerise_with_m2p(
            tuple(Chem.MolToSmiles(part) for part in molecules), degree, mechanism or in_m2p, seed
        )
    return homopolymer(unit, degree, pm, seed, tail_cap=cap)


def _without_stereo(smiles: str) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(molecule)
    return Chem.MolToSmiles(molecule)


_OPEN_ANHYDRIDE = rdChemReactions.ReactionFromSmarts(
    "[#6R:1](=[O:2])@[#8:3]@[#6R:4](=[O:5])>>([#6:1](=[O:2])[#8:3].[#6:4](=[O:5])O)"
)
_HYDROLYSE_HALIDE = rdChemReactions.ReactionFromSmarts("[#6:1][CX3:2](=[O:3])[F,Cl,Br,I]>>[#6:1][C:2](=[O:3])O")
_HYDROLYSE_ESTER = rdChemReactions.ReactionFromSmarts("[#6:1][CX3:2](=[O:3])[O:4][CH3]>>[#6:1][C:2](=[O:3])[O:4]")


def _activated(molecule: Chem.Mol, others: bool) -> Chem.Mol:
    """A cyclic monoanhydride or a dimethyl ester as the diacid it reacts as when there is a partner."""
    if not others:
        return molecule
    groups = count_groups(molecule)
    if groups["vinyl"] == 0 and groups["anhydride"] == 1 and groups["acid"] == 0:
        molecule = _react(_OPEN_ANHYDRIDE, molecule)
    elif groups["methyl ester"] == 2 and groups["acid"] == 0:
        molecule = _react(_HYDROLYSE_ESTER, molecule, times=2)
    return molecule


def _react(reaction: rdChemReactions.ChemicalReaction, molecule: Chem.Mol, times: int = 1) -> Chem.Mol:
    """Apply a reaction of one molecule to one place after the other."""
    for _ in range(times):
        molecule = Chem.Mol(molecule)
        Chem.Kekulize(molecule, clearAromaticFlags=True)
        molecule = reaction.RunReactants((molecule,))[0][0]
        Chem.SanitizeMol(molecule)
    return molecule


def _step_mechanism(groups: list[dict[str, int]]) -> str | None:
    """How two monomers grow by steps, told from their functional groups; None when they don't."""

    def pair(group: str, partner: str, least: int = 2) -> bool:
        return any(a[group] >= least and b[partner] >= 2 for a, b in (groups, groups[::-1]))

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
    if pair("carbonyl", "alcohol", least=1):
        return "carbonate"
    if pair("carbonyl", "amine", least=1):
        return "urea"
    if pair("acid", "alcohol") or all(count["acid"] and count["alcohol"] for count in groups):
        return "ester"
    return None


# The groups two monomers join by, and the reaction that turns one such group into an attachment point.
_JOINED = {
    "ester": ("alcohol", "acid"),
    "amide": ("amine", "acid"),
    "urethane": ("alcohol", "isocyanate"),
    "urea": ("amine", "isocyanate"),
    "imide": ("amine", "anhydride"),
    "carbonate": ("alcohol", "carbonyl"),
}
_OPENED = {
    name: rdChemReactions.ReactionFromSmarts(smarts)
    for name, smarts in {
        "alcohol": "[OX2H1:1][#6;!$([#6]=[O,S]):2]>>*[O:1][#6:2]",
        "amine": "[NX3H2:1][#6;!$([#6]=[O,S]):2]>>*[N:1][#6:2]",
        "isocyanate": "[NX2:1]=[C:2]=[O:3]>>[N:1][C:2](=[O:3])*",
        "acid": "[#6:1][CX3:2](=[O:3])[OX2H1,F,Cl,Br,I]>>[#6:1][C:2](=[O:3])*",
        "carbonyl": "[CX3;!R:1](=[O:2])[OX2,Cl]>>[C:1](=[O:2])*",
        # An imide's nitrogen comes with the anhydride's ring, so its amine leaves without.
        "anhydride": "[#6R:1](=[O:2])@[#8]@[#6R:3]=[O:4]>>[#6:1](=[O:2])N(*)[#6:3]=[O:4]",
        "amine of an imide": "[NX3H2][#6;!$([#6]=[O,S]):1]>>*[#6:1]",
    }.items()
}


def _linear(
    molecules: list[Chem.Mol], groups: list[dict[str, int]], mechanism: str
) -> list[tuple[Chem.Mol, str]] | None:
    """The monomers in chain order with the group each joins by, two to a monomer; None if the chain would branch."""
    pairs = [_JOINED[mechanism]] + ([("amine", "carbonyl")] if mechanism == "urea" else [])
    for names in pairs:
        for order in ((0, 1), (1, 0)):
            counts = [groups[i][name] * (2 if name == "carbonyl" else 1) for i, name in zip(order, names, strict=True)]
            others = [groups[i][name] for i, name in zip(order, reversed(names), strict=True)]
            if counts == [2, 2] and others == [0, 0]:
                return [(molecules[i], name) for i, name in zip(order, names, strict=True)]
    return None


def _symmetric(molecule: Chem.Mol, group: str) -> bool:
    """Whether the two groups of a monomer are equivalent, so that it makes no difference which way round it goes in."""
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    matches = molecule.GetSubstructMatches(GROUPS[group])
    return len({tuple(sorted(ranks[atom] for atom in match)) for match in matches}) == 1


def _alternate(monomers: list[tuple[Chem.Mol, str]], degree: int, imide: bool) -> str:
    """Alternate two monomers of two groups each; the ends keep the group that has not reacted."""
    units, ends = [], []
    for molecule, group in monomers:
        reaction = _OPENED["amine of an imide" if imide and group == "amine" else group]
        units.append(unit_of(_react(reaction, molecule, times=2)))
        ends.append(_react(reaction, molecule))
    middle = [units[i % 2] for i in range(1, degree - 1)]
    return canonical(chain([end_of(ends[0], first=True), *middle, end_of(ends[(degree - 1) % 2], first=False)]))
