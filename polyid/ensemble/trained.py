"""What a trained ensemble answers: predictions of tables and of SMILES, what they are worth, and why they are so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from polyid.chemistry.oligomer import ChainSettings
from polyid.chemistry.polymer import Polymer
from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.row_polymers import row_polymers
from polyid.ensemble.fitted import FittedEnsemble
from polyid.ensemble.single_model import SingleModel
from polyid.errors import BundleError
from polyid.explain.contributions import Contributions, explained
from polyid.inference.columns import member_column
from polyid.inference.maker import PredictionMaker
from polyid.inference.marked import answers_as_learnt
from polyid.inference.predictions import Predictions, judged_columns
from polyid.report.metrics import evaluation_report
from polyid.uncertainty.conformal import IntervalCalibration
from polyid.uncertainty.domain.domain import TrainingDomain


class TrainedEnsemble:
    """The ensemble as those see it who ask it; `MultiModel` adds how it is made.

    Attributes
    ----------
    prediction_columns : list of str
        Properties to predict.
    prediction_units : dict of str to list or None
        Units of each property, where the data names them.
    models : list of SingleModel
    metadata : dict
        Content of `parameters.json`, once saved or loaded.
    folder : Path or None
        The model folder that it was saved to or loaded from.
    chain : ChainSettings
        How oligomers are drawn, for the training table and for every question alike.
    """

    def __init__(self) -> None:
        self.prediction_columns: list[str] = []
        self.prediction_units: dict[str, list[str] | None] = {}
        self.models: list[SingleModel] = []
        self.metadata: dict[str, Any] = {}
        self.folder: Path | None = None
        self.chain = ChainSettings()
        self._fitted = FittedEnsemble(())

    @property
    def fitted(self) -> FittedEnsemble:
        """What predictions rest on; the members are those of `models`.

        Raises
        ------
        BundleError
            A member is not trained.
        """
        members = tuple(model.member for model in self.models if model.member is not None)
        if not members or len(members) < len(self.models):
            raise BundleError("The ensemble is not trained yet; call train_models or load_models first.")
        if [*map(id, members)] != [*map(id, self._fitted.members)]:
            self._fitted = replace(self._fitted, members=members)
        return self._fitted

    @fitted.setter
    def fitted(self, fitted: FittedEnsemble) -> None:
        self._fitted = fitted
        for model, member in zip(self.models, fitted.members, strict=True):
            model.member = member

    @property
    def calibration(self) -> IntervalCalibration | None:
        """Of the intervals; None where no row was held out."""
        return self._fitted.calibration

    @property
    def domain(self) -> TrainingDomain | None:
        """The domain of validity; None before the ensemble is saved."""
        return self._fitted.domain

    def make_predictions(self, df_prediction: pd.DataFrame) -> pd.DataFrame:
        """Predictions of each member, one below the other, with their ``model_id``.

        Parameters
        ----------
        df_prediction : pd.DataFrame
            With a column ``smiles_polymer``.
        """
        values = answers_as_learnt(self.fitted.predictor, row_polymers(df_prediction, self.chain)).members
        columns = [member_column(name) for name in self.prediction_columns]
        frames = (pd.DataFrame(of_member, df_prediction.index, columns) for of_member in values)
        return pd.concat(
            [
                pd.concat([df_prediction, frame], axis=1).assign(model_id=model.model_id)
                for model, frame in zip(self.models, frames, strict=True)
            ]
        )

    def make_aggregate_predictions(
        self,
        df_prediction: pd.DataFrame,
        funcs: Sequence[str] | str | None = None,
        level: float = INTERVAL_LEVEL,
    ) -> pd.DataFrame:
        """Every row of `df_prediction`, in its order, with the members' predictions drawn together.

        Parameters
        ----------
        df_prediction : pd.DataFrame
            With a column ``smiles_polymer``: oligomers, repeat units or monomers.
        funcs : str or sequence of str, optional
            pandas aggregations; by default ``mean`` and ``std`` (over the folds, with n - 1; NaN for one fold), and of a
            calibrated ensemble ``error``, ``lower`` and ``upper``, as of `predict_smiles`.
        level : float
            Share of measured values that the intervals are to hold.

        Returns
        -------
        pd.DataFrame
            With columns ``<property>_pred_<func>``, in the units of the properties.
        """
        answers = answers_as_learnt(self.fitted.predictor, row_polymers(df_prediction, self.chain))
        names = None if funcs is None else [funcs] if isinstance(funcs, str) else list(funcs)
        columns = self.maker.table_columns(answers, level) if names is None else self.maker.aggregates(answers, names)
        return pd.concat([df_prediction, pd.DataFrame(columns, df_prediction.index)], axis=1)

    def predict(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        pm: Sequence[float | None] | None = None,
        verbose: bool = False,
    ) -> Predictions:
        """Predictions for SMILES as people type them; what can't be read gets a reason instead of a number.

        Parameters
        ----------
        smiles : sequence of str
            Oligomers, repeat units with two attachment points, monomers joined by dots, or copolymers such as
            ``*CC(*)c1ccccc1 : *CC(*)C(=O)OC = 0.7 : 0.3 random``.
        level : float
            Share of measured values that the intervals are to hold.
        pm : sequence of float or None, optional
            Probability of meso dyads of each polymer, as of `polyid.chemistry.oligomer.to_oligomer`; None leaves it open.
        verbose : bool
            Show a progress bar in the terminal.
        """
        smiles, parts = list(smiles), []
        with tqdm(total=len(smiles), unit="polymer", desc="Predicting", disable=not verbose, dynamic_ncols=True) as bar:
            for part in self.predict_in_parts(smiles, level, pm=pm):
                parts.append(part)
                bar.update(len(part))
        return Predictions.joined(parts)

    def predict_smiles(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        in_words: bool = True,
        oligomers: bool = False,
        **options: Any,
    ) -> pd.DataFrame:
        """As `predict`, as a table.

        Parameters
        ----------
        smiles, level, **options
            As of `predict`.
        in_words : bool
            Name the nearest training polymers in a text; otherwise as the records of
            `polyid.uncertainty.domain.domain.ShownPolymers`.
        oligomers : bool
            With the SMILES of the chain that stands for each polymer, ``smiles_polymer``; to write it takes longer than to
            predict.

        Returns
        -------
        pd.DataFrame
            One row an input: ``smiles``, ``form``, ``smiles_polymer`` if asked for, ``error`` (None where there is a prediction),
            ``<property>_pred_mean`` and ``<property>_pred_std``, and of a calibrated ensemble ``<property>_pred_error``,
            the absolute error to expect, with ``<property>_pred_lower`` and ``<property>_pred_upper``, the interval that
            holds a measured value with the probability `level`; see `polyid.uncertainty.conformal`. Then, of a model that
            knows its domain of validity, ``domain`` (in domain, borderline or outside), ``domain_reason`` and
            ``nearest_training_polymers``.
        """
        return self.predict(smiles, level, **options).to_frame(in_words, oligomers)

    def predict_in_parts(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        pm: Sequence[float | None] | None = None,
    ) -> Iterator[Predictions]:
        """As `predict`, some hundred inputs at a time, so that the memory doesn't grow with the table.

        Yields
        ------
        Predictions
            Of the next inputs; at least one part.
        """
        return self.maker.in_parts(smiles, level, self.chain, pm)

    def evaluate(
        self, measured: pd.DataFrame, level: float = INTERVAL_LEVEL, *, verbose: bool = False
    ) -> dict[str, dict[str, Any]]:
        """What the model's predictions of measured polymers are worth; `recompute_out_of_fold` is for its training data.

        Parameters
        ----------
        measured : pandas.DataFrame
            ``smiles_polymer`` and any of `prediction_columns`, as the frame of
            `polyid.data.training_table.read_training_table`.
        level : float
            Of the intervals.
        verbose : bool
            Show a progress bar on standard error.

        Returns
        -------
        dict
            As `polyid.report.metrics.evaluation_report`.
        """
        frame = measured.reset_index(drop=True)
        texts = [Polymer.read(key).smiles_or_unit for key in frame["smiles_polymer"]]
        predictions = self.predict(texts, level, verbose=verbose)
        return evaluation_report(
            frame.assign(**judged_columns(predictions, [str(column) for column in frame])),
            [name for name in self.prediction_columns if name in frame],
            level,
        )

    def explain(self, smiles: str, pm: float | None = None) -> dict[str, Contributions]:
        """Why the predictions of one polymer are what they are: the exact share of every part of its repeat unit.

        The shares add up to ``<property>_pred_mean`` of `predict_smiles`. What the kernel regression says belongs to no
        atom: it is `Contributions.other`.

        Parameters
        ----------
        smiles : str
            A polymer in any form.
        pm : float, optional
            Probability of meso dyads, as of `predict`.

        Raises
        ------
        PolymerError
            The SMILES is no polymer.
        """
        units = {name: unit[0] if unit else None for name, unit in self.prediction_units.items()}
        return explained(self.fitted.predictor, smiles, self.prediction_columns, units, self.chain, pm)

    @property
    def maker(self) -> PredictionMaker:
        """What turns answers into predictions."""
        fitted = self.fitted
        return PredictionMaker(
            fitted.predictor,
            tuple(self.prediction_columns),
            tuple(str(model.model_id) for model in self.models),
            fitted.calibration,
            fitted.domain,
            fitted.numbers,
            self.metadata.get("data", {}).get("source"),
        )
