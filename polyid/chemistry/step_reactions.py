"""Which pairs of functional groups join monomers, and the class of polymer that each makes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

Pair = tuple[str, str]


@dataclass(frozen=True)
class Linkage:
    """Class of polymer that two functional groups make, its mechanism in upstream's tables, and a source."""

    polymer: str
    mechanism: str | None
    source: str


@dataclass(frozen=True)
class Family:
    """Groups that react in one chain.

    Attributes
    ----------
    linkages : dict
        (nucleophile, electrophile) to what they make; those that react first come first.
    needed : str or None
        An electrophile without which this is another family.
    both_hydrogens : bool
        Whether an amine that is the only nucleophile of its monomer reacts twice.
    rings : bool
        Whether lactones, lactams and the like grow in the same chain.
    """

    linkages: Mapping[Pair, Linkage]
    needed: str | None = None
    both_hydrogens: bool = False
    rings: bool = False

    def of_mechanism(self, mechanism: str | None) -> Family:
        """What of it a mechanism of upstream's tables makes."""
        if mechanism is None:
            return self
        return replace(
            self, linkages={pair: link for pair, link in self.linkages.items() if link.mechanism == mechanism}
        )

    @property
    def nucleophiles(self) -> list[str]:
        return list(dict.fromkeys(nucleophile for nucleophile, _ in self.linkages))

    @property
    def electrophiles(self) -> list[str]:
        return list(dict.fromkeys(electrophile for _, electrophile in self.linkages))


_STEPS = "Odian, Principles of Polymerization, 4th ed., Wiley 2004, ch. 2"
_EPOXIES = "Pascault and Williams, Epoxy Polymers, Wiley-VCH 2010, ch. 1"
_ETHERS = "Cotter, Engineering Plastics: A Handbook of Polyarylethers, Gordon and Breach 1995"
_THIOLS = "Hoyle and Bowman, Angew. Chem. Int. Ed. 2010, 49, 1540"
_MICHAEL = "Mather et al., Prog. Polym. Sci. 2006, 31, 487"
_HYDROXYURETHANES = "Cornille et al., Eur. Polym. J. 2017, 87, 535"
_COUPLING = "Schlüter, J. Polym. Sci. A 2001, 39, 1533"
_AMINES = "amine, secondary amine"


def _make(
    polymer: str, nucleophiles: str, electrophiles: str, mechanism: str | None = None, source: str = _STEPS
) -> dict[Pair, Linkage]:
    pairs = itertools.product(nucleophiles.split(", "), electrophiles.split(", "))
    return dict.fromkeys(pairs, Linkage(polymer, mechanism, source))


FAMILIES = (
    Family(
        _make("polyimide", "amine", "anhydride", "imide") | _make("polyamide", "amine", "acid", "imide"),
        needed="anhydride",
    ),
    Family(_make("polyhydroxyurethane", _AMINES, "cyclic carbonate", "NIPU", _HYDROXYURETHANES)),
    Family(
        _make("polyurea", _AMINES, "isocyanate", "urethane")
        | _make("polyurethane", "alcohol", "isocyanate", "urethane")
        | _make("polythiourethane", "thiol", "isocyanate", "urethane")
    ),
    Family(
        _make("polyamide", _AMINES, "acid", "amide")
        | _make("polyester", "alcohol, aryl acetate", "acid", "ester")
        | _make("polythioester", "thiol", "acid")
        | _make("polyurethane", _AMINES, "chloroformate", "urethane")
        | _make("polycarbonate", "alcohol", "chloroformate, carbonate", "carbonate")
        | _make("polyurea", _AMINES, "carbonate")
        | _make("polysulfonamide", _AMINES, "sulfonyl halide")
        | _make("polysulfonate", "alcohol", "sulfonyl halide")
        | _make("polyphosphoester", "alcohol", "phosphoryl halide")
        | _make("polyamide", _AMINES, "ester", "amide")
        | _make("polyester", "alcohol", "ester", "ester"),
        rings=True,
    ),
    Family(_make("polyimine", "amine", "aldehyde")),
    Family(
        _make("epoxy–amine polymer", _AMINES, "epoxide", None, _EPOXIES)
        | _make("poly(hydroxy ether)", "phenol", "epoxide, alkyl halide", None, _EPOXIES)
        | _make("poly(hydroxy thioether)", "thiol", "epoxide", None, _EPOXIES)
        | _make("poly(hydroxy ester)", "acid hydroxyl", "epoxide", None, _EPOXIES),
        needed="epoxide",
        both_hydrogens=True,
    ),
    Family(
        _make("thiol–ene polymer", "thiol", "acceptor, alkene", None, _THIOLS)
        | _make("Michael addition polymer", _AMINES, "acceptor", None, _MICHAEL),
        both_hydrogens=True,
    ),
    Family(
        _make("poly(arylene ether)", "phenol", "activated aryl halide", None, _ETHERS)
        | _make("poly(arylene thioether)", "thiol, hydrogen sulfide", "activated aryl halide", None, _ETHERS)
    ),
    Family(_make("poly(arylene thioether)", "thiol, hydrogen sulfide", "aryl halide")),
    Family(
        _make("polyether", "phenol", "alkyl halide") | _make("polythioether", "thiol, hydrogen sulfide", "alkyl halide")
    ),
    Family(_make("polyarylene", "boronic acid", "aryl halide", None, _COUPLING)),
    Family(_make("polysiloxane", "water, silanol, alcohol", "silyl halide")),
)
