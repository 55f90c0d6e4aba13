"""Monomers that join by pairs of functional groups, and the repeat units that they become."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rdkit import Chem

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.chain import joined
from polyid.chemistry.functional_groups import WITH_NITROGEN, Site, react, sites_of
from polyid.chemistry.repeat_unit import Unit
from polyid.chemistry.step_reactions import FAMILIES, Family

# One atom that joins two neighbours.
_TWICE = frozenset({"hydrogen sulfide", "water"})


@dataclass(frozen=True)
class Role:
    """The groups by which a monomer takes part: two that give, two that accept, or one of each."""

    gives: tuple[Site, ...]
    accepts: tuple[Site, ...]


@dataclass(frozen=True)
class StepUnits:
    """Repeat units of monomers that join by steps: heads have given, tails accepted.

    Attributes
    ----------
    polymers : tuple of str
        Classes of polymer, one a kind of linkage.
    source : str
    units : tuple of Unit
    fractions : tuple of float
        Of the units, not normalised.
    """

    polymers: tuple[str, ...]
    source: str
    units: tuple[Unit, ...]
    fractions: tuple[float, ...]


class NoLinearChain(Exception):
    """Why monomers make no linear chain: `network` where they make a branched one."""

    def __init__(self, network: bool) -> None:
        super().__init__()
        self.network = network


def step_units(
    monomers: Sequence[Chem.Mol],
    amounts: Sequence[float],
    rings: Mapping[int, Unit],
    mechanism: str | None,
) -> StepUnits:
    """The repeat units of monomers that join by pairs of functional groups.

    Parameters
    ----------
    monomers : sequence of rdkit.Chem.Mol
        Distinct.
    amounts : sequence of float
        Of each; those that give and those that accept count among themselves.
    rings : mapping of int to Unit
        Monomers, by their place, that open to a unit which fits between an acid and an amine or alcohol, such as lactams.
    mechanism : str or None
        Of upstream's tables; any when None.

    Raises
    ------
    NoLinearChain
        They make no linear chain.
    """
    network = False
    for family in (each.of_mechanism(mechanism) for each in FAMILIES):
        opened = rings if family.rings else {}
        groups = [_groups(monomer, family) for monomer in monomers]
        for roles in itertools.product(*(_roles(*each) or [None] for each in groups)):
            if not _complete(roles, opened, family):
                continue
            if _branched(roles, groups):
                network = True
                continue
            units = _units(monomers, amounts, roles, opened)
            if units is not None:
                return _named(roles, family, units)
        network = network or _too_many(groups)
    raise NoLinearChain(network)


Groups = dict[str, tuple[Site, ...]]


def _groups(monomer: Chem.Mol, family: Family) -> tuple[Groups, Groups]:
    """What of a monomer can give and accept, by group; an atom belongs to the group that reacts first."""
    sides: list[Groups] = []
    for names in (family.nucleophiles, family.electrophiles):
        side: Groups = {}
        taken: set[int | None] = set()
        for name in names:
            sites = [site for site in sites_of(monomer, name) if site.atom(1) is None or site.atom(1) not in taken]
            taken |= {site.atom(1) for site in sites}
            if sites:
                side[name] = tuple(sites) * (2 if name in _TWICE else 1)
        sides.append(side)
    gives, accepts = sides
    if family.both_hydrogens and [len(sites) for sites in gives.values()] == [1]:
        gives = {name: sites * (2 if name == "amine" else 1) for name, sites in gives.items()}
    return gives, accepts


def _roles(gives: Groups, accepts: Groups) -> list[Role | None]:
    roles: list[Role | None] = []
    for giving, accepting in ((2, 0), (0, 2), (1, 1)):
        chosen = _pick(gives, giving), _pick(accepts, accepting)
        if chosen[0] is not None and chosen[1] is not None:
            roles.append(Role(chosen[0], chosen[1]))
    return roles


def _pick(groups: Groups, wanted: int) -> tuple[Site, ...] | None:
    """The sites that react first, if they are as many as wanted."""
    chosen: tuple[Site, ...] = ()
    for sites in groups.values():
        if len(chosen) < wanted:
            chosen += sites
    return chosen if len(chosen) == wanted else None


def _complete(roles: Sequence[Role | None], rings: Mapping[int, Unit], family: Family) -> bool:
    """Whether every monomer has a part, what gives and what accepts is there, and every pair reacts."""
    parts = [role for role in roles if role is not None]
    if not parts or any(role is None and place not in rings for place, role in enumerate(roles)):
        return False
    both = {len(role.gives) for role in parts}
    nucleophiles, electrophiles = _used(parts)
    return (
        both in ({1}, {0, 2}, {0, 1, 2})
        and (family.needed is None or family.needed in electrophiles)
        and all(pair in family.linkages for pair in itertools.product(nucleophiles, electrophiles))
    )


def _used(roles: Sequence[Role | None]) -> tuple[list[str], list[str]]:
    parts = [role for role in roles if role is not None]
    return (
        sorted({site.group for role in parts for site in role.gives}),
        sorted({site.group for role in parts for site in role.accepts}),
    )


def _branched(roles: Sequence[Role | None], groups: Sequence[tuple[Groups, Groups]]) -> bool:
    """Whether a monomer has more of the groups that react in this chain than it takes part with."""
    nucleophiles, electrophiles = _used(roles)
    for role, (gives, accepts) in zip(roles, groups, strict=True):
        count = sum(len(gives.get(name, ())) for name in nucleophiles)
        count += sum(len(accepts.get(name, ())) for name in electrophiles)
        if role is not None and count > 2:
            return True
    return False


def _too_many(groups: Sequence[tuple[Groups, Groups]]) -> bool:
    """Whether monomers would join, if not to a linear chain."""
    gives = [sum(map(len, giving.values())) for giving, _ in groups]
    accepts = [sum(map(len, accepting.values())) for _, accepting in groups]
    counts = [a + b for a, b in zip(gives, accepts, strict=True)]
    return min(counts) >= 2 and max(counts) > 2 and any(gives) and any(accepts)


def _units(
    monomers: Sequence[Chem.Mol], amounts: Sequence[float], roles: Sequence[Role | None], rings: Mapping[int, Unit]
) -> list[tuple[Unit, float]] | None:
    """The units and their amounts; None where their ends don't fit each other."""
    giving = [place for place, role in enumerate(roles) if role is not None and len(role.gives) == 2]
    accepting = [place for place, role in enumerate(roles) if role is not None and len(role.accepts) == 2]
    # Where a chain's units meet, either all amines keep their nitrogen or none does.
    for bare in (False, True):
        units: list[tuple[Unit | None, float]] = []
        for place, role in enumerate(roles):
            if role is None:
                units.append((None if bare else rings[place], amounts[place]))
            elif len(role.gives) == 1:
                ends = (role.gives[0], bare), (role.accepts[0], bare)
                fits = bare == (role.accepts[0].group in WITH_NITROGEN)
                units.append((react(monomers[place], ends) if fits else None, amounts[place]))
        total = sum(amounts[place] for place in accepting)
        for first, second in itertools.product(giving, accepting):
            unit = _alternating(monomers[first], monomers[second], roles[first], roles[second], bare)
            units.append((unit, amounts[first] * amounts[second] / total))
        if all(unit is not None for unit, _ in units):
            return [(unit, amount) for unit, amount in units if unit is not None]
    return None


def _alternating(
    giver: Chem.Mol, accepter: Chem.Mol, gives: Role | None, accepts: Role | None, bare: bool
) -> Unit | None:
    """The unit of two monomers: of the ways round that they can go in the first in alphabetical order."""
    assert gives is not None and accepts is not None
    candidates = {}
    for (head, inner), (outer, tail) in itertools.product(
        _orders(giver, gives.gives), _orders(accepter, accepts.accepts)
    ):
        if bare != (tail.group in WITH_NITROGEN):
            continue
        inner_bare = outer.group in WITH_NITROGEN
        left = react(giver, ((head, bare), (inner, inner_bare)))
        right = react(accepter, ((outer, inner_bare), (tail, bare)))
        if left is not None and right is not None:
            unit = joined([left, right])
            candidates[canonical_unit(unit)] = unit
    return candidates[min(candidates)] if candidates else None


def _orders(molecule: Chem.Mol, sites: tuple[Site, ...]) -> list[tuple[Site, Site]]:
    """Both ways round; one for a monomer whose two groups are equivalent."""
    first, second = sites
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    same = first.group == second.group and [ranks[a] for _, a in first.atoms] == [ranks[a] for _, a in second.atoms]
    return [(first, second)] if same else [(first, second), (second, first)]


def _named(roles: Sequence[Role | None], family: Family, units: list[tuple[Unit, float]]) -> StepUnits:
    linkages = [family.linkages[pair] for pair in itertools.product(*_used(roles))]
    return StepUnits(
        tuple(dict.fromkeys(linkage.polymer for linkage in linkages)),
        linkages[0].source,
        tuple(unit for unit, _ in units),
        tuple(amount for _, amount in units),
    )
