"""Why a prediction is what it is: the exact share of every atom and bond of the repeat unit.

The network's read-out gives every directed bond of the oligomer one value of each property, and its prediction is their mean.
Written about the median of the training targets (the centre of the scaler),

    prediction = centre + sum over bonds of (value of the bond - centre) / number of bonds,

each directed bond is a term of the sum: nothing is approximated, removed or sampled to get it. Both directions of a bond are
added, members are averaged, and half of a bond goes to each of its two atoms. Then equal places of all copies of the repeat
unit are added, so that the unit drawn stands for all of the chain but its end groups, and

    prediction = centre + sum over the atoms of the unit + end groups + other,

where `other` is what a prediction may have from elsewhere than the network. The sum holds about any other reference as well
(`Contributions.about`): about the prediction itself it shows which parts of this polymer pull up and which pull down. A bond's value depends on its surroundings, as far
as messages reach: a contribution belongs to an atom where it stands, not to its element.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyid.chemistry.copolymer_reading import copolymer_chains
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.marks import one_hand, without_marks
from polyid.chemistry.oligomer import ChainSettings
from polyid.explain.copies import find_repeats
from polyid.explain.shares import PlacedShares, placed_on_unit, placed_on_units, weighted_bond_shares
from polyid.inference.predictor import EnsemblePredictor


@dataclass(frozen=True)
class Contributions:
    """What the parts of a repeat unit add to the prediction of one property, in the property's unit.

    Attributes
    ----------
    property : str
        Name of the property.
    unit : str or None
        Of the property and of all numbers here.
    centre : float
        Median of the training targets, mean over the members: where a bond that says nothing leaves the prediction.
    repeat_unit : str
        SMILES whose atoms and bonds `atoms` and `bonds` number; see `polyid.explain.copies.Repeats`.
    copies : int
        Copies in the oligomer that each number is the sum over.
    atoms : float array, shape (U,)
        Contribution of each atom: half of each of its bonds, and its hydrogens with all of theirs; 0 for attachment points.
    bonds : float array, shape (W,)
        Contribution of each bond between heavy atoms. Bonds between copies belong in halves to both attachment points.
    end_groups : float
        Contribution of all atoms that belong to no copy of the unit.
    atom_weights, bond_weights : float arrays, shapes (U,) and (W,)
        Share of the oligomer's bonds that each atom and bond stands for: with the end groups they add up to 1.
    other : float
        What the prediction has from elsewhere than the network.
    """

    property: str
    unit: str | None
    centre: float
    repeat_unit: str
    copies: int
    atoms: np.ndarray
    bonds: np.ndarray
    end_groups: float
    atom_weights: np.ndarray
    bond_weights: np.ndarray
    other: float = 0.0

    # One of the fields is called property.
    @builtins.property
    def total(self) -> float:
        """The prediction."""
        return float(self.centre + self.atoms.sum() + self.end_groups + self.other)

    def about(self, reference: float) -> Contributions:
        """The same prediction as contributions about another reference than the median of the training targets."""
        shift = self.centre - reference
        return replace(
            self,
            centre=reference,
            atoms=self.atoms + shift * self.atom_weights,
            bonds=self.bonds + shift * self.bond_weights,
            end_groups=self.end_groups + shift * (1.0 - float(self.atom_weights.sum())),
        )

    def balanced(self) -> Contributions:
        """The same about the networks' own prediction, where atoms and end groups add up to 0: what pulls up, what down."""
        return self.about(self.total - self.other)

    def terms(self) -> dict[str, float]:
        """The terms that add up to the prediction, in words."""
        centre = "Median of the training values"
        terms = {
            f"{centre}, times the networks' share" if self.other else centre: self.centre,
            "Atoms of the repeat unit": float(self.atoms.sum()),
            "End groups": self.end_groups,
        }
        return terms | ({"Kernel regression, times its share": self.other} if self.other else {})

    def record(self) -> dict[str, Any]:
        """What programs get: the terms add up to the prediction, the atoms, numbered as in the unit's SMILES, to theirs."""
        return {
            "name": self.property,
            "unit": self.unit,
            "prediction": self.total,
            "terms": self.terms(),
            "repeat_unit": self.repeat_unit,
            "atoms": self.atoms.tolist(),
        }

    def weighted(self, weight: float, other: float) -> Contributions:
        """The contributions to a prediction that is `weight` times the network's, plus `other`."""
        return replace(
            self,
            centre=weight * self.centre,
            atoms=weight * self.atoms,
            bonds=weight * self.bonds,
            end_groups=weight * self.end_groups,
            other=weight * self.other + other,
        )


def explained(
    predictor: EnsemblePredictor,
    smiles: str,
    properties: Sequence[str],
    units: Mapping[str, str | None],
    chain: ChainSettings,
    pm: float | None = None,
) -> dict[str, Contributions]:
    """Contributions to what an ensemble predicts, the kernel regression's part besides the networks'; as `contributions`.

    What a property did not learn of stereo marks is left out, as it is of the prediction.
    """
    marks = predictor.members[0].marks
    asked = None if marks is None else marks.asked(chain.oligomer(smiles, pm=pm))
    if asked is None or not asked.kinds:
        return _explained(predictor, smiles, properties, units, chain, pm)
    plain = _explained(predictor, without_marks(smiles), properties, units, chain, None)
    if not any(asked.learnt):
        return plain
    marked = _explained(predictor, smiles, properties, units, chain, pm)
    return {name: (marked if learnt else plain)[name] for name, learnt in zip(properties, asked.learnt, strict=True)}


def _explained(
    predictor: EnsemblePredictor,
    smiles: str,
    properties: Sequence[str],
    units: Mapping[str, str | None],
    chain: ChainSettings,
    pm: float | None,
) -> dict[str, Contributions]:
    of_networks = contributions(predictor, smiles, properties, units, chain=chain, pm=pm)
    answers = predictor.answers([_oligomer(predictor, smiles, chain, None, pm)])
    if answers.kernel is None or answers.share is None:
        return of_networks
    kernel = answers.kernel.mean(axis=0)[0]
    return {
        name: of_network.weighted(float(share), float((1.0 - share) * value))
        for (name, of_network), share, value in zip(of_networks.items(), answers.share, kernel, strict=True)
    }


def contributions(
    predictor: EnsemblePredictor,
    smiles: str,
    properties: Sequence[str],
    units: Mapping[str, str | None] | None = None,
    *,
    chain: ChainSettings = ChainSettings(),
    mechanism: str | None = None,
    pm: float | None = None,
) -> dict[str, Contributions]:
    """Contributions to the mean prediction of all members, a property each.

    Parameters
    ----------
    predictor : EnsemblePredictor
    smiles : str
        A polymer in any form.
    properties : sequence of str
        Names of the network's outputs, in their order.
    units : mapping of str to str or None, optional
        Unit of each property.
    chain, mechanism, pm
        As of `polyid.chemistry.oligomer.ChainSettings.oligomer`: those of the prediction that is explained.

    Returns
    -------
    dict of str to Contributions

    Raises
    ------
    PolymerError
        The SMILES is no polymer.
    """
    placed = _placed(predictor, smiles, chain, mechanism, pm)
    return {
        name: Contributions(
            name,
            (units or {}).get(name),
            float(placed.centre[p]),
            placed.repeat_unit,
            placed.copies,
            placed.atoms[:, p],
            placed.bonds[:, p],
            float(placed.end_groups[p]),
            placed.atoms[:, -1],
            placed.bonds[:, -1],
        )
        for p, name in enumerate(properties)
    }


def _placed(
    predictor: EnsemblePredictor, smiles: str, chain: ChainSettings, mechanism: str | None, pm: float | None
) -> PlacedShares:
    """The shares of all bonds of a polymer, on its repeat unit or, of a copolymer, on its units side by side."""
    oligomer = _oligomer(predictor, smiles, chain, mechanism, pm)
    ends, shares, weights, centre = weighted_bond_shares(predictor.bond_values(oligomer))
    shares = np.hstack([shares, weights[:, None]])
    if copolymer := copolymer_chains(oligomer):
        sizes = [predictor.atoms_of_graph(text) for text in copolymer]
        return placed_on_units(copolymer, sizes, ends, shares, centre)
    unit = polymer_identity(smiles)
    repeat_unit = unit if "*" in unit and " : " not in unit else None
    return placed_on_unit(find_repeats(oligomer, repeat_unit), ends, shares, centre)


def _oligomer(
    predictor: EnsemblePredictor, smiles: str, chain: ChainSettings, mechanism: str | None, pm: float | None
) -> str:
    """The oligomer that stands for a polymer, or its mirror image where that stands for both."""
    oligomer = chain.oligomer(smiles, mechanism=mechanism, pm=pm)
    return oligomer if predictor.members[0].marks is None else one_hand(oligomer)
