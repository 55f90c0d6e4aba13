"""Atom and bond features: what of an atom or bond a network sees, and the sets of them that presets name.

A feature function takes an RDKit atom or bond and returns text; equal text means equal embedding. `atom_features_v1`,
`bond_features_v1` and `bond_features_v2` give the text of nfp's functions of those names (https://github.com/NREL/nfp), without
the RDKit call that newer releases deprecate. The `stereo` functions add charge, ring membership, CIP labels and double-bond geometry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rdkit import Chem

from polyid.errors import TrainingError

IMPLICIT = Chem.ValenceType.IMPLICIT
LARGEST_RING = 12
"""From here on `bond_features_v2` doesn't tell rings apart."""


@dataclass(frozen=True)
class Feature:
    """A feature function that knows what it gives for hydrogens without needing them as atoms.

    Called with an RDKit atom or bond it returns text; nfp's preprocessors can use it.

    Attributes
    ----------
    name : str
        As stored in a model's `preprocessor.json`.
    values : callable
        (atom or bond, whether hydrogens count as atoms) -> tuple, whose text is the feature; an atom's begins with its symbol.
    hydrogen : callable
        For atoms: () -> the values of a hydrogen atom. For bonds: symbol of the heavy atom -> values of its bond to hydrogen.
    """

    name: str
    values: Callable
    hydrogen: Callable

    def __call__(self, item: Any, flipped: bool = False) -> str:
        return str(self.values(item, False))

    def __reduce__(self) -> tuple:
        # In another process the package's own is the one of that process, which it can be told by.
        if FEATURES.get(self.name) is self:
            return _own_feature, (self.name,)
        return type(self), (self.name, self.values, self.hydrogen)


class BondFeature(Feature):
    """A `Feature` of bonds: what `values` gives, and the sorted symbols of the two atoms."""

    def __call__(self, item: Any, flipped: bool = False) -> str:
        ends = sorted([item.GetBeginAtom().GetSymbol(), item.GetEndAtom().GetSymbol()])
        return str((*self.values(item, False), ends))


def _atom_v1(atom: Chem.Atom, explicit_hs: bool) -> tuple:
    if explicit_hs:
        return (atom.GetSymbol(), atom.GetTotalDegree(), 0, 0, atom.GetIsAromatic())
    hydrogens = atom.GetTotalNumHs()
    return (atom.GetSymbol(), atom.GetDegree(), hydrogens, atom.GetValence(IMPLICIT), atom.GetIsAromatic())


def _bond_v1(bond: Chem.Bond, explicit_hs: bool) -> tuple:
    return (bond.GetBondType(), bond.GetIsConjugated(), bond.IsInRing())


def _bond_v2(bond: Chem.Bond, explicit_hs: bool) -> tuple:
    size = next((size for size in range(LARGEST_RING) if bond.IsInRingSize(size)), "max") if bond.IsInRing() else 0
    return (bond.GetBondType(), bond.GetIsConjugated(), bond.GetStereo(), size)


def _atom_stereo(atom: Chem.Atom, explicit_hs: bool) -> tuple:
    return (
        atom.GetSymbol(),
        atom.GetTotalDegree() if explicit_hs else atom.GetDegree(),
        0 if explicit_hs else atom.GetTotalNumHs(),
        atom.GetIsAromatic(),
        atom.GetFormalCharge(),
        atom.IsInRing(),
        atom.GetProp("_CIPCode") if atom.HasProp("_CIPCode") else "",
    )


def _bond_stereo(bond: Chem.Bond, explicit_hs: bool) -> tuple:
    bond_type = str(bond.GetBondType())
    # RDKit's enums take long to read, and only double bonds of a SMILES have a geometry.
    geometry = str(bond.GetStereo()) if bond_type == "DOUBLE" else "STEREONONE"
    return (bond_type, bond.GetIsConjugated(), bond.IsInRing(), geometry)


atom_features_v1 = Feature("atom_features_v1", _atom_v1, lambda: ("H", 1, 0, 0, False))
bond_features_v1 = BondFeature(
    "bond_features_v1", _bond_v1, lambda symbol: (Chem.BondType.SINGLE, False, False, sorted(["H", symbol]))
)
bond_features_v2 = BondFeature(
    "bond_features_v2",
    _bond_v2,
    lambda symbol: (Chem.BondType.SINGLE, False, Chem.BondStereo.STEREONONE, 0, sorted(["H", symbol])),
)
atom_features_stereo = Feature("atom_features_stereo", _atom_stereo, lambda: ("H", 1, 0, False, 0, False, ""))
bond_features_stereo = BondFeature(
    "bond_features_stereo", _bond_stereo, lambda symbol: ("SINGLE", False, False, "STEREONONE", sorted(["H", symbol]))
)


FEATURE_SETS: dict[str, tuple[Feature, Feature]] = {
    "v1": (atom_features_v1, bond_features_v1),
    "v2": (atom_features_v1, bond_features_v2),
    "stereo": (atom_features_stereo, bond_features_stereo),
}
"""Atom and bond features by the name that `Parameters.features` gives them."""


FEATURES: dict[str, Feature] = {feature.name: feature for pair in FEATURE_SETS.values() for feature in pair}
"""All features by their own names, as a model's `preprocessor.json` has them."""


def _own_feature(name: str) -> Feature:
    return FEATURES[name]


def feature_set(name: str) -> tuple[Feature, Feature]:
    """Atom and bond features of a name in `FEATURE_SETS`.

    Raises
    ------
    TrainingError
        There are none of this name.
    """
    if name not in FEATURE_SETS:
        raise TrainingError(f"There are no features {name!r}; choose one of {', '.join(FEATURE_SETS)}.")
    return FEATURE_SETS[name]


def feature_set_name(atom_features: Callable, bond_features: Callable) -> str | None:
    """Name in `FEATURE_SETS` of a pair of feature functions; None of any other pair."""
    return next((name for name, pair in FEATURE_SETS.items() if pair == (atom_features, bond_features)), None)


def feature_name(function: Callable) -> str:
    """What a feature function is called where a model records it: its `Feature.name`, or its place in the code."""
    return getattr(function, "name", None) or f"{function.__module__}.{function.__qualname__}"


def resolve_feature(function: Callable) -> Callable:
    """Our equal of nfp's `atom_features_v1` or `bond_features_v1`; any other function unchanged."""
    if getattr(function, "__module__", "") == "nfp.preprocessing.features":
        return FEATURES.get(function.__name__, function)
    return function
