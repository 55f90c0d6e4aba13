"""What the members say of the rows they never saw: the blend, the intervals and the figures of an ensemble rest on it.

Shapes: n held-out rows, M members, P properties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from polyid.chemistry.polymer import Polymer
from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.dataset import Dataset
from polyid.ensemble.new_chemistry import leave_clusters_out
from polyid.inference.answers import Answers
from polyid.inference.columns import held_out_column
from polyid.inference.predictor import EnsemblePredictor
from polyid.kernel.neighbourhood import neighbourhood
from polyid.report.metrics import out_of_fold_report
from polyid.uncertainty.blending import blended, cross_fitted, network_share
from polyid.uncertainty.conformal import IntervalCalibration, cross_fitted_intervals
from polyid.uncertainty.expected_error import CLUES, error_clues
from polyid.uncertainty.widening import NewChemistry


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out rows and what is said of them by the members that never saw them.

    Attributes
    ----------
    dataset : Dataset
    rows : int array, shape (n,)
        Their numbers in the data set, ascending.
    held_by : list of tuples of str
        For each row the names of the folds that held it out.
    network, kernel : float arrays, shape (n, P)
        Mean over these members of what the networks say, and the kernel regressions, zero where there are none.
    clues : float array, shape (n, P, 4)
        Mean over these members; see `polyid.uncertainty.expected_error.error_clues`.
    share : float array, shape (n, P)
        Share of the networks in the prediction, chosen by the other polymers.
    by_member : list of pairs of arrays
        What the network and the kernel regression of each member say of the rows of its fold, both (n_m, P).
    new : NewChemistry or None
        What the kernel regression says of polymers without relatives, if there is one.
    """

    dataset: Dataset
    rows: np.ndarray
    held_by: list[tuple[str, ...]]
    network: np.ndarray
    kernel: np.ndarray
    clues: np.ndarray
    share: np.ndarray
    by_member: list[tuple[np.ndarray, np.ndarray]]
    new: NewChemistry | None = None

    @property
    def measured(self) -> np.ndarray:
        """Labels, shape (n, P); NaN where unmeasured."""
        return self.dataset.labels[self.rows]

    @property
    def predicted(self) -> np.ndarray:
        """Predictions, shape (n, P)."""
        return blended(self.network, self.kernel, self.share)

    @property
    def polymers(self) -> list[str]:
        """Key of each row's polymer."""
        return [self.dataset.keys[row] for row in self.rows]

    def final_share(self) -> np.ndarray:
        """Share of the networks, shape (P,), by all held-out polymers: that of the finished ensemble."""
        return network_share(self.measured, self.network, self.kernel, self.polymers)

    def calibration(self, seed: int) -> IntervalCalibration:
        """Intervals by the errors of these rows."""
        errors = np.abs(self.measured - self.predicted)
        return IntervalCalibration.fit(self.dataset.properties, errors, self.clues, self.held_by, seed, self.new)

    def errors(self) -> np.ndarray:
        """Absolute errors of all rows of the data set, shape (rows, P); NaN where a row is not held out or unmeasured."""
        errors = np.full(self.dataset.labels.shape, np.nan)
        errors[self.rows] = np.abs(self.measured - self.predicted)
        return errors

    def novelty(self) -> np.ndarray | None:
        """How new each row of the data set is to the kernel regressions that never saw it, shape (rows,), the least of all
        properties; NaN where a row is not held out, None without kernel regressions."""
        if self.new is None:
            return None
        novelty = np.full(len(self.dataset.frame), np.nan)
        novelty[self.rows] = self.clues[..., CLUES.index("novelty")].min(axis=1)
        return novelty

    def of_fold(self, number: int) -> np.ndarray:
        """Predictions of one member for the rows of its fold, shape (n_m, P)."""
        place = np.searchsorted(self.rows, self.dataset.folds[number].held_out)
        return blended(*self.by_member[number], self.share[place])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows with ``fold``, the first that held the row out, and for each property ``NAME`` besides: ``NAME_network`` and
        ``NAME_kernel``, what the two parts say alone, ``NAME_pred``, ``NAME_expected_error``, the absolute error expected, and
        ``NAME_lower`` and ``NAME_upper``, the 90 % interval. Expected error and interval are set by the other polymers.
        """
        # A user's own column of folds may have the name, too.
        rows = self.dataset.part(self.rows).drop(columns="fold", errors="ignore")
        predicted, measured, polymers = self.predicted, self.measured, self.polymers
        columns: dict[str, list | np.ndarray] = {"fold": [names[0] for names in self.held_by]}
        for p, name in enumerate(self.dataset.properties):
            expected, lower, upper = cross_fitted_intervals(
                name, predicted[:, p], measured[:, p], self.clues[:, p], polymers, INTERVAL_LEVEL, self.new, p
            )
            columns |= {
                held_out_column(name, part): values
                for part, values in {
                    "network": self.network[:, p],
                    "kernel": self.kernel[:, p],
                    "pred": predicted[:, p],
                    "expected_error": expected,
                    "lower": lower,
                    "upper": upper,
                }.items()
            }
        return pd.concat([rows, pd.DataFrame(columns, rows.index)], axis=1)

    def out_of_fold(self) -> pd.DataFrame:
        """Of `frame` what `out_of_fold.csv` holds: the polymer, its fold, and of each property value, prediction and interval."""
        names = list(self.dataset.properties)
        described = ("smiles_monomer", "smiles_polymer", "mechanism", "class", "pm", "data_id", "fold")
        columns = [c for c in described if c in self.frame] + names
        columns += [
            held_out_column(name, part) for name in names for part in ("pred", "expected_error", "lower", "upper")
        ]
        frame = self.frame[columns]
        if "smiles_polymer" not in frame:
            return frame
        # A regular chain by its repeat unit: to write chains out takes longer than to read a table.
        return frame.assign(smiles_polymer=[Polymer.read(key).smiles_or_unit for key in frame["smiles_polymer"]])

    def report(self) -> dict[str, dict[str, Any]]:
        """Content of `metrics.json`; see `polyid.report.metrics.out_of_fold_report`."""
        return out_of_fold_report(self.out_of_fold(), list(self.dataset.properties), INTERVAL_LEVEL)


def predict_held_out(dataset: Dataset, predictor: EnsemblePredictor) -> HeldOut:
    """Ask each member about the rows of its fold.

    Parameters
    ----------
    dataset : Dataset
        A fold for each member; at least one holds rows out.
    predictor : EnsemblePredictor
    """
    rows = dataset.held_out
    structures, place = dataset.structures_of(rows)
    kernels = [member.kernel for member in predictor.members]
    fragments = None if kernels[0] is None else dataset.fragments.chosen(structures)
    keys = dataset.structure_keys
    answers = predictor.answers([keys[s] for s in structures], cache=True, fragments=fragments)
    shape = (len(rows), len(dataset.properties))
    network, kernel, clues, times = np.zeros(shape), np.zeros(shape), np.zeros((*shape, 4)), np.zeros(len(rows))
    held_by: list[tuple[str, ...]] = [()] * len(rows)
    by_member = []
    for m, fold in enumerate(dataset.folds):
        own = np.searchsorted(rows, fold.held_out)
        inside = place[own]
        of_kernel = np.zeros((len(own), shape[1])) if answers.kernel is None else answers.kernel[m, inside]
        novelty = roughness = None
        regression = kernels[m]
        if fragments is not None and regression is not None:
            # Only what this member trained on may say how new a polymer is.
            labels = np.where(regression.trained, regression.references.labels, np.nan)
            novelty, roughness = neighbourhood(regression.references.similarity(fragments.chosen(inside)), labels)
        by_member.append((answers.network[m, inside], of_kernel))
        network[own] += answers.network[m, inside]
        kernel[own] += of_kernel
        clues[own] += error_clues(
            answers.network[m : m + 1, inside], None if fragments is None else of_kernel[None], novelty, roughness
        )
        times[own] += 1
        for i in own:
            held_by[i] = (*held_by[i], fold.name)
    network, kernel, clues = network / times[:, None], kernel / times[:, None], clues / times[:, None, None]
    share = np.ones(shape)
    if fragments is None:
        _disagreement_of_networks(dataset, answers, place, held_by, clues)
    else:
        polymers = [dataset.keys[row] for row in rows]
        share = cross_fitted(dataset.labels[rows], network, kernel, polymers)
    new = None
    if kernels[0] is not None:
        new = leave_clusters_out(kernels[0].references)
    return HeldOut(dataset, rows, held_by, network, kernel, clues, share, by_member, new)


def _disagreement_of_networks(
    dataset: Dataset, answers: Answers, place: np.ndarray, held_by: Sequence[tuple[str, ...]], clues: np.ndarray
) -> None:
    """Fill in how far the networks that held a row out disagree, where several did."""
    number = {fold.name: m for m, fold in enumerate(dataset.folds)}
    for names in dict.fromkeys(held_by):
        rows = np.array([i for i, others in enumerate(held_by) if others == names])
        clues[rows] = error_clues(answers.network[[number[name] for name in names]][:, place[rows]], None, None, None)
