"""The k-fold ensemble and its members: upstream PolyID's `MultiModel` and `SingleModel` on this package's engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from polyid.chemistry.oligomer import ChainSettings
from polyid.common.progress import ProgressCallback
from polyid.config.parameters import DEFAULT_SPLIT, Parameters
from polyid.config.settings import INTERVAL_LEVEL, settings_from
from polyid.data.columns import propose_mapping
from polyid.data.dataset import Dataset
from polyid.data.oligomers import row_oligomers
from polyid.data.raw import read_raw_table
from polyid.data.splits import GIVEN_SPLIT, check_labels, recorded_folds, repeated_folds
from polyid.data.training_table import TrainingTable, apply_mapping
from polyid.data.upstream_tables import in_own_columns, numbers_polymers
from polyid.ensemble.callbacks import KerasCallbacks
from polyid.ensemble.fitted import FittedEnsemble, fit_ensemble, learnt_domain
from polyid.ensemble.fitting import build_networks, fit_preprocessors, train_networks
from polyid.ensemble.held_out import HeldOut, predict_held_out
from polyid.ensemble.records import (
    data_record,
    json_ready,
    load_ensemble,
    loss_log,
    recorded_dataset,
    save_ensemble,
    training_record,
)
from polyid.ensemble.single_model import SingleModel, shared_dataset
from polyid.ensemble.terminal import ProgressBar
from polyid.errors import BundleError, TrainingError
from polyid.explain.contributions import Contributions, explained
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.inference.columns import member_column
from polyid.inference.predictions import PredictionMaker, Predictions, judged_columns
from polyid.report.metrics import evaluation_report
from polyid.uncertainty.conformal import IntervalCalibration
from polyid.uncertainty.domain.domain import TrainingDomain


class MultiModel:
    """An ensemble of networks, each trained on all folds of the data but one.

    Attributes
    ----------
    prediction_columns : list of str
        Properties to predict.
    prediction_units : dict of str to list or None
        Units of each property, where the data names them.
    models : list of SingleModel
    kfold_sets : dict
        ``{fold: {"train": [data ids], "validate": [data ids]}}``.
    metadata : dict
        Content of `parameters.json`, once saved or loaded.
    chain : ChainSettings
        How oligomers are drawn, for the training table and for every question alike.

    Examples
    --------
    >>> ensemble = MultiModel.load_models("models")
    >>> ensemble.make_aggregate_predictions(pd.DataFrame({"smiles_polymer": ["*CC(*)c1ccccc1"]}))
    """

    def __init__(self) -> None:
        self.prediction_columns: list[str] = []
        self.prediction_units: dict[str, list[str] | None] = {}
        self.models: list[SingleModel] = []
        self.kfold_sets: dict[Any, dict[str, list[int]]] = {}
        self.metadata: dict[str, Any] = {}
        self.chain = ChainSettings()
        self.df_input: pd.DataFrame | None = None
        self.seed = 0
        self.split = DEFAULT_SPLIT
        self._splits: dict[str, Any] | None = None
        self._source: dict[str, Any] = {}
        self._fitted = FittedEnsemble(())
        self._held_out: HeldOut | None = None

    @classmethod
    def load_models(
        cls,
        folder: str | os.PathLike,
        custom_objects: dict[str, Callable] | None = None,
        nmodels: int | list[int] | None = None,
    ) -> MultiModel:
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
        new.metadata, new._fitted, new._splits = manifest, fitted, splits
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

    @property
    def fitted(self) -> FittedEnsemble:
        """What predictions rest on; the members are those of `models`.

        Raises
        ------
        BundleError
            A member is not trained.
        """
        members = tuple(model.member for model in self.models)
        if not members or any(member is None for member in members):
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

    @property
    def df_polymer(self) -> pd.DataFrame:
        """Rows with a label of at least one property."""
        return self.df_input.dropna(subset=self.prediction_columns, how="all").reset_index(drop=True)

    @property
    def df_loss_log(self) -> pd.DataFrame | None:
        """The epochs of all members, one below the other, with their ``model_id``."""
        return loss_log({model.model_id: model.df_loss_log for model in self.models})

    def load_dataset(self, fname: str | os.PathLike, prediction_columns: Sequence[str]) -> None:
        """Read a table of polymers and their properties; columns of no meaning here stay in `df_input` as text.

        Parameters
        ----------
        fname : path
            Anything `polyid.data.training_table.read_training_table` reads. A table whose ``smiles_monomer`` numbers the polymers,
            and which has no other SMILES, can be divided into folds, as upstream does, but not trained on.
        prediction_columns : sequence of str
            Properties to train on.

        Raises
        ------
        DataError
            The table can't be read, or lacks a property or a label of one.
        """
        raw = read_raw_table(fname)
        wanted = list(prediction_columns)
        if numbers_polymers(raw.cells, wanted):
            numbered = raw.cells.reset_index(drop=True)
            self.df_input = numbered.assign(**{name: pd.to_numeric(numbered[name]) for name in wanted})
            self.prediction_columns = wanted
            self.prediction_units = dict.fromkeys(wanted)
            self._source = {"source": raw.source, "sha256": raw.sha256, "rows_left_out": 0}
            return
        mapping = propose_mapping(raw, wanted)
        self.load_table(apply_mapping(raw, mapping, self.chain))
        if not mapping.of_facts:
            self.df_input = in_own_columns(self.df_input, raw.cells)

    def load_table(
        self,
        table: TrainingTable,
        prediction_columns: Sequence[str] | None = None,
        columns: dict[str, dict[str, str | None]] | None = None,
    ) -> None:
        """Take a table that was read already, and what its columns were said to mean, if they were."""
        self.prediction_columns = list(prediction_columns or table.labels)
        self.prediction_units = {
            name: [unit] if (unit := table.units.get(name)) else None for name in self.prediction_columns
        }
        self.df_input, self.chain = table.frame, table.chain
        left_out = table.problems.loc[table.problems["outcome"] == "left out", "row"].nunique()
        self._source = {"source": table.source, "sha256": table.sha256, "rows_left_out": int(left_out)}
        if columns is not None:
            self._source["columns"] = columns

    def split_data(
        self,
        kfolds: int = 2,
        stratify: bool = True,
        shuffle: bool = True,
        load_kfold: str | os.PathLike | dict | None = None,
        kfold_save: str | os.PathLike | None = None,
        seed: int = 0,
        *,
        split: str = DEFAULT_SPLIT,
        repeats: int = 1,
    ) -> None:
        """Divide the polymers into folds; all rows of one polymer, of any tacticity or replicate, stay together.

        Parameters
        ----------
        kfolds : int
            Number of folds.
        stratify : bool
            Without it the stratified split is a random one.
        shuffle : bool
            Divide at random, by `seed`.
        load_kfold : path or dict, optional
            Folds drawn before, as ``{name: {"train": [data ids], "validate": [data ids]}}``, or a model's
            `splits.json`.
        kfold_save : path, optional
            JSON file to write the folds to.
        seed : int
        split : str
            ``stratified``, ``random``, ``scaffold`` or ``column:NAME``; see `polyid.data.splits`. A column has its own
            number of folds.
        repeats : int
            Divisions, each of `kfolds` folds: repeated cross-validation, in which every polymer is held out so many times.

        Raises
        ------
        TrainingError
            The data can't be divided so, such as fewer polymers than folds, or a fold has no training label of a property.
        """
        dataset = Dataset.of_table(self.df_input, self.prediction_columns, self.chain)
        self.seed = seed
        if load_kfold is None:
            self.split = "random" if split == DEFAULT_SPLIT and not stratify else split
            self.kfold_sets = repeated_folds(dataset, kfolds, self.split, seed=seed, shuffle=shuffle, repeats=repeats)
        else:
            given = load_kfold if isinstance(load_kfold, dict) else json.loads(Path(load_kfold).read_text("utf-8"))
            if "held_out" in given:
                self.split, self.seed = given.get("split", DEFAULT_SPLIT), given["seed"]
                self.kfold_sets = recorded_folds(given, dataset)
            else:
                self.split, self.kfold_sets = GIVEN_SPLIT, given
        if kfold_save is not None:
            Path(kfold_save).write_text(json.dumps(self.kfold_sets))
        dataset = dataset.divided(self.kfold_sets)
        check_labels(dataset)
        self.models = [
            SingleModel(self.prediction_columns, model_id=fold.name).share(dataset, fold) for fold in dataset.folds
        ]

    def generate_data_scaler(self) -> None:
        """Fit each member's scaler to its training targets."""
        for model in self.models:
            model.generate_data_scaler()

    def generate_preprocessors(
        self,
        preprocessor: type = PolymerPreprocessor,
        atom_features: Callable = atom_features_v1,
        bond_features: Callable = bond_features_v1,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Fit each member's preprocessor to its training polymers; arguments as of `SingleModel.generate_preprocessor`."""
        kwargs |= {"atom_features": atom_features, "bond_features": bond_features}
        fitted = fit_preprocessors(shared_dataset(self.models), preprocessor, **kwargs)
        for model, new in zip(self.models, fitted, strict=True):
            model.preprocessor = new

    def train_models(
        self,
        modelbuilder: Callable,
        model_summary: bool = False,
        model_params: dict[str, Any] | None = None,
        verbose: bool = True,
        save_folder: str | os.PathLike | None = None,
        save_training: bool = False,
        callbacks: Sequence[Any] | None = None,
        *,
        progress: ProgressCallback | None = None,
        resume: bool = False,
    ) -> None:
        """Train all members.

        Parameters
        ----------
        modelbuilder : callable
            Such as `polyid.models.global100`.
        model_summary : bool
            Print the layers of the first network.
        model_params : dict
            Of `Parameters.to_dict`.
        verbose : bool
            Show a progress bar in the terminal.
        save_folder : path, optional
            Where to write the model, and checkpoints on the way.
        save_training : bool
            Keep the held-out predictions beside the model, in `out_of_fold.csv`.
        callbacks : sequence, optional
            Keras callbacks; `on_epoch_end` gets the member's losses, and ``stop_training`` stops that member.
        progress : callable, optional
            Called with `Progress` records; may raise `polyid.errors.Cancelled`.
        resume : bool
            Continue from the checkpoints in `save_folder`.
        """
        if not self.models:
            raise TrainingError("The data is not split yet; call split_data before train_models.")
        params = Parameters.from_dict(dict(model_params or {})).to_dict()
        params["seed"] = self.seed if params["seed"] is None else int(params["seed"])
        settings = settings_from(params, params["seed"])
        if any(m.preprocessor is None for m in self.models):
            self.generate_preprocessors(preprocessor=PolymerPreprocessor)
        started, dataset = time.time(), shared_dataset(self.models)
        preprocessors = [model.preprocessor for model in self.models]
        scalers = [model.data_scaler for model in self.models]
        networks = build_networks(
            modelbuilder, preprocessors, self.prediction_columns, params, settings.seed, model_summary
        )
        names = [model.model_id for model in self.models]
        with ProgressBar(verbose, progress, settings.epochs * len(networks)) as report:
            trained = train_networks(
                dataset,
                networks,
                preprocessors,
                scalers,
                settings,
                checkpoints=None if save_folder is None else Path(save_folder) / "checkpoints",
                progress=report,
                epoch_end=KerasCallbacks(callbacks, names) if callbacks else None,
                resume=resume,
            )
        kernel_seed = settings.seed if params["kernel"] else None
        self._fitted, self._held_out = fit_ensemble(
            dataset, trained.results, networks, preprocessors, scalers, kernel_seed=kernel_seed, seed=self.seed
        )
        for m, (model, member) in enumerate(zip(self.models, self._fitted.members, strict=True)):
            model.take(member, params, None if self._held_out is None else self._held_out.of_fold(m))
        if save_folder is not None:
            self._save(Path(save_folder), training_record(trained, started, settings.seed), save_training)

    def _save(self, folder: Path, training: dict[str, Any], save_training: bool) -> None:
        held_out, params = self._held_out_rows(), self.models[0].parameters
        content = {
            "prediction_columns": self.prediction_columns,
            "prediction_units": self.prediction_units,
            "parameters": json_ready(
                {k: v for k, v in params.items() if k != "prediction_columns" and v not in (None, {})}
            ),
            "chain": asdict(self.chain),
            "split": self.split,
            "data": data_record(self._source, held_out.dataset),
            "training": training,
        }
        self._fitted = replace(self._fitted, domain=learnt_domain(self._fitted, held_out, self.seed))
        self.metadata = save_ensemble(folder, self._fitted, held_out, content, self.seed, keep_rows=save_training)

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
        if self._splits is None or set(self._splits["held_out"]) != {m.model_id for m in self.models}:
            raise BundleError("The folds can't be drawn again: load a whole model, with all folds and its splits.json.")
        dataset = recorded_dataset(data, self.metadata, self._splits, [str(model.model_id) for model in self.models])
        self.df_input, self._held_out = dataset.frame, predict_held_out(dataset, self.fitted.predictor)
        for m, (model, fold) in enumerate(zip(self.models, dataset.folds, strict=True)):
            model.share(dataset, fold).held_out = self._held_out.of_fold(m)
        return self.out_of_fold_report()

    def make_predictions(self, df_prediction: pd.DataFrame) -> pd.DataFrame:
        """Predictions of each member, one below the other, with their ``model_id``.

        Parameters
        ----------
        df_prediction : pd.DataFrame
            With a column ``smiles_polymer``.
        """
        values = self.fitted.predictor.predict(row_oligomers(df_prediction, self.chain))
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
        answers = self.fitted.predictor.answers(row_oligomers(df_prediction, self.chain))
        names = None if funcs is None else [funcs] if isinstance(funcs, str) else list(funcs)
        columns = self._maker.table_columns(answers, level) if names is None else self._maker.aggregates(answers, names)
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
            Oligomers, repeat units with two attachment points, or monomers joined by dots.
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
        self, smiles: Sequence[str], level: float = INTERVAL_LEVEL, *, in_words: bool = True, **options: Any
    ) -> pd.DataFrame:
        """As `predict`, as a table.

        Parameters
        ----------
        smiles, level, **options
            As of `predict`.
        in_words : bool
            Name the nearest training polymers in a text; otherwise as the records of
            `polyid.uncertainty.domain.domain.ShownPolymers`.

        Returns
        -------
        pd.DataFrame
            One row an input: ``smiles``, ``form``, ``smiles_polymer``, ``error`` (None where there is a prediction),
            ``<property>_pred_mean`` and ``<property>_pred_std``, and of a calibrated ensemble ``<property>_pred_error``,
            the absolute error to expect, with ``<property>_pred_lower`` and ``<property>_pred_upper``, the interval that
            holds a measured value with the probability `level`; see `polyid.uncertainty.conformal`. Then, of a model that
            knows its domain of validity, ``domain`` (in domain, borderline or outside), ``domain_reason`` and
            ``nearest_training_polymers``.
        """
        return self.predict(smiles, level, **options).to_frame(in_words)

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
        return self._maker.in_parts(smiles, level, self.chain, pm)

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
        predictions = self.predict(frame["smiles_polymer"].tolist(), level, verbose=verbose)
        return evaluation_report(
            frame.assign(**judged_columns(predictions, list(frame))),
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
            An oligomer, a repeat unit or monomers.
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
    def _maker(self) -> PredictionMaker:
        fitted = self.fitted
        return PredictionMaker(
            fitted.predictor,
            tuple(self.prediction_columns),
            tuple(str(model.model_id) for model in self.models),
            fitted.calibration,
            fitted.domain,
            fitted.numbers,
        )
