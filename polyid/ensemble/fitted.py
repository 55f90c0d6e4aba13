"""A fitted ensemble: members with their share of the blend, calibration and domain of validity, none of which changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from polyid.bundle.member import BundleMember
from polyid.chemistry.oligomer import read_polymer
from polyid.data.dataset import Dataset
from polyid.data.learnt_marks import LearntMarks
from polyid.ensemble.fitting import Untrained, fit_kernels
from polyid.ensemble.held_out import HeldOut, predict_held_out
from polyid.errors import PolymerError
from polyid.inference.predictor import EnsemblePredictor
from polyid.training.group import FoldResult
from polyid.uncertainty.conformal import IntervalCalibration
from polyid.uncertainty.domain.domain import TrainingDomain
from polyid.uncertainty.domain.fitting import fit_domain


@dataclass(frozen=True, eq=False)
class FittedEnsemble:
    """All that a prediction rests on.

    Attributes
    ----------
    members : tuple of BundleMember
    calibration : IntervalCalibration or None
        Of the intervals; None where no row was held out.
    domain : TrainingDomain or None
        None of an ensemble that was not saved, or of a model of before there were domains.
    numbers : tuple of int or None
        Which members of the whole ensemble these are; None for all of them.
    """

    members: tuple[BundleMember, ...]
    calibration: IntervalCalibration | None = None
    domain: TrainingDomain | None = None
    numbers: tuple[int, ...] | None = None

    def with_share(self, share: np.ndarray) -> FittedEnsemble:
        """The same with another share (P,) of the networks in the blend."""
        return replace(
            self,
            members=tuple(
                member if member.kernel is None else replace(member, kernel=replace(member.kernel, share=share))
                for member in self.members
            ),
        )

    @cached_property
    def predictor(self) -> EnsemblePredictor:
        """The members side by side."""
        return EnsemblePredictor(self.members)


def fit_ensemble(
    dataset: Dataset,
    untrained: Sequence[Untrained],
    results: Sequence[FoldResult],
    kernel_seed: int | None,
    seed: int,
    *,
    told: Callable[[str], None] = lambda part: None,
) -> tuple[FittedEnsemble, HeldOut | None]:
    """Put kernel regressions beside trained networks, blend the two by held-out rows, and calibrate the intervals.

    Parameters
    ----------
    dataset : Dataset
    untrained : sequence of Untrained
    results : sequence of FoldResult
        What the trainer made of them.
    kernel_seed : int or None
        Of the choice of reference polymers; None for networks alone.
    seed : int
        Of the calibration.
    told : callable
        Called with each part that is done, of `polyid.ensemble.expected_times.SHARES`.

    Returns
    -------
    FittedEnsemble
        Without domain.
    HeldOut or None
        What the members say of the rows they never saw; None if there are none.
    """
    kernels = [None] * len(results) if kernel_seed is None else fit_kernels(dataset, kernel_seed)
    told("kernels")
    fitted = FittedEnsemble(
        tuple(
            BundleMember(
                result.weights,
                member.network.config,
                member.preprocessor,
                member.scaler,
                result.log,
                fold.name,
                regression,
                type(member.network),
                dataset.marks,
            )
            for member, result, fold, regression in zip(untrained, results, dataset.folds, kernels, strict=True)
        )
    )
    if not len(dataset.held_out):
        return fitted, None
    held_out = predict_held_out(dataset, fitted.predictor)
    told("held out")
    if kernel_seed is not None:
        fitted = fitted.with_share(held_out.final_share())
    fitted = replace(fitted, calibration=held_out.calibration(seed))
    told("intervals")
    return fitted, held_out


def learnt_domain(fitted: FittedEnsemble, held_out: HeldOut, seed: int) -> TrainingDomain:
    """The domain of validity, from all rows and the errors of those held out."""
    dataset = held_out.dataset
    frame, keys = dataset.frame, dataset.structure_keys
    trained = np.zeros((len(dataset.folds), len(frame)), bool)
    for marks, fold in zip(trained, dataset.folds, strict=True):
        marks[fold.train] = True
    polymers = dataset.polymers
    shown = next((column for column in ("repeat_unit", "smiles_monomer") if column in frame), None)
    # A copolymer is shown with its ratio.
    texts = frame[shown].astype(str).tolist() if shown else polymers
    smiles = [text if name == key else name for name, key, text in zip(polymers, dataset.keys, texts, strict=True)]
    return fit_domain(
        [keys[s] for s in dataset.structure],
        fitted.predictor.fingerprints(keys, cache=True)[:, dataset.structure],
        trained,
        polymers=polymers,
        smiles=smiles,
        names=frame["polymer"].astype(str).tolist() if "polymer" in frame else None,
        values=dict(zip(dataset.properties, dataset.labels.T, strict=True)),
        errors=held_out.errors(),
        novelty=held_out.novelty(),
        known_as=_known_as(dataset),
        seed=seed,
    )


def _known_as(dataset: Dataset) -> list[list[str]]:
    """Keys by which the polymer of each row is found again when it is asked for: its repeat unit's, and its oligomer."""
    marks = dataset.marks or LearntMarks({})
    of_polymer: dict[str, list[str]] = {}
    for text in dict.fromkeys(dataset.polymers):
        try:
            key = read_polymer(text, dataset.chain.degree_of_polymerisation, seed=dataset.chain.seed)[1].key
            of_polymer[text] = [marks.asked(key).plain]
        except PolymerError:
            # An oligomer's own SMILES has to do.
            of_polymer[text] = []
    keys = [marks.asked(text).plain for text in dataset.structure_keys]
    return [
        [*of_polymer[text], keys[structure]]
        for text, structure in zip(dataset.polymers, dataset.structure.tolist(), strict=True)
    ]
