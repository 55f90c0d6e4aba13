"""An ensemble with the record of its folds: what its members say of the rows they never saw, now or read back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.data.training_table import TrainingTable
from polyid.ensemble.held_out import HeldOut, predict_held_out
from polyid.ensemble.records import (
    load_ensemble,
    loss_log,
    recorded_dataset,
)
from polyid.ensemble.single_model import SingleModel
from polyid.ensemble.trained import TrainedEnsemble
from polyid.errors import BundleError


class EvaluatedEnsemble(TrainedEnsemble):
    """A trained ensemble that knows, or can find out again, how wrong its members are where they have not learnt.

    Made by training (`MultiModel`) or by `load_models`.

    Attributes
    ----------
    df_input : pandas.DataFrame or None
        The table; it may be changed before it is divided into folds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.df_input: pd.DataFrame | None = None
        self._splits: dict[str, Any] | None = None
        self._held_out: HeldOut | None = None

    @classmethod
    def load_models(
        cls,
        folder: str | os.PathLike,
        custom_objects: dict[str, Callable] | None = None,
        nmodels: int | list[int] | None = None,
    ) -> Self:
        """Load an ensemble from a model folder, such as `huggingface_hub.snapshot_download` gives.

        Parameters
        ----------
        folder : path
        custom_objects : dict, optional
            Feature functions, networks and preprocessors of one's own, by name.
        nmodels : int or list of int, optional
            Load only the first so many folds, or those listed.

        Raises
        ------
        BundleError
            The folder is no model, or damaged.
        """
        numbers = list(range(nmodels)) if isinstance(nmodels, int) else nmodels
        manifest, fitted, splits = load_ensemble(folder, custom_objects, numbers)
        new = cls()
        new.metadata, new._fitted, new._splits, new.folder = manifest, fitted, splits, Path(folder)
        new.prediction_columns = list(manifest["prediction_columns"])
        new.prediction_units = dict(manifest["prediction_units"])
        new.chain = ChainSettings(**manifest["chain"])
        for member in fitted.members:
            model = SingleModel(new.prediction_columns, data_scaler=member.scaler, model_id=member.model_id)
            model.preprocessor, model.chain = member.preprocessor, new.chain
            model.take(member, manifest["parameters"], None)
            new.models.append(model)
        fitted.predictor.warm_up()
        return new

    def held_out_polymers(self) -> dict[str, list[str]]:
        """Keys of the polymers that each member never saw, by its name; empty of a model without a record of its folds."""
        return {} if self._splits is None else dict(self._splits["held_out"])

    @property
    def df_loss_log(self) -> pd.DataFrame | None:
        """The epochs of all members, one below the other, with their ``model_id``."""
        return loss_log({model.model_id: model.df_loss_log for model in self.models})

    def _held_out_rows(self) -> HeldOut:
        if self._held_out is None:
            raise BundleError("Nothing was held out: split the data and train, or call recompute_out_of_fold.")
        return self._held_out

    def out_of_fold(self) -> pd.DataFrame:
        """Every held-out row once: polymer, first fold it was held out in, measured values, and for each property
        ``NAME_pred``, the mean of the members that never saw it, ``NAME_expected_error``, the absolute error expected, and
        ``NAME_lower`` and ``NAME_upper``, its 90 % interval; share of the networks, expected error and interval are set
        by the other polymers.
        """
        return self._held_out_rows().out_of_fold()

    def held_out_parts(self) -> pd.DataFrame:
        """As `out_of_fold`, with ``NAME_network`` and ``NAME_kernel`` besides, what the two parts say alone."""
        return self._held_out_rows().frame.copy()

    def out_of_fold_metrics(self) -> dict[str, dict[str, float | int | None]]:
        """Figures of merit of the held-out predictions, a property each."""
        return self.out_of_fold_report()["out_of_fold"]

    def out_of_fold_report(self) -> dict[str, dict[str, Any]]:
        """Content of `metrics.json`; see `polyid.report.metrics.out_of_fold_report`."""
        return self._held_out_rows().report()

    def recompute_out_of_fold(self, data: str | os.PathLike | TrainingTable) -> dict[str, dict[str, Any]]:
        """The figures of `metrics.json`, computed anew by a loaded model from the table it was trained on.

        Each member predicts the polymers that `splits.json` says it never saw. On the machine and with the versions
        the model was trained with, the figures are the same to the last digit; elsewhere rounding may differ.

        Parameters
        ----------
        data : path or TrainingTable
            The table; its SHA-256 must be the one in `parameters.json`.

        Returns
        -------
        dict
            As `out_of_fold_report`; afterwards `out_of_fold` gives the rows.

        Raises
        ------
        BundleError
            Some members are not loaded, or the model has no record of its folds.
        DataError
            It is another table.
        """
        if self.metadata.get("distilled"):
            raise BundleError(
                "A distilled model was judged by other networks, which learnt from single folds and are not kept; its figures are in "
                "metrics.json, and 'polyid distil' measures them again."
            )
        if self._splits is None or set(self._splits["held_out"]) != {m.model_id for m in self.models}:
            raise BundleError("The folds can't be drawn again: load a whole model, with all folds and its splits.json.")
        dataset = recorded_dataset(data, self.metadata, self._splits, [str(model.model_id) for model in self.models])
        self.df_input, self._held_out = dataset.frame, predict_held_out(dataset, self.fitted.predictor)
        for m, (model, fold) in enumerate(zip(self.models, dataset.folds, strict=True)):
            model.share(dataset, fold).held_out = self._held_out.of_fold(m)
        return self.out_of_fold_report()
