"""The k-fold ensemble and its members: upstream PolyID's `MultiModel` and `SingleModel` on this package's engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from polyid.bundle.layout import CHECKPOINTS_FOLDER
from polyid.common.progress import ProgressCallback
from polyid.config.parameters import DEFAULT_SPLIT, GIVEN_SPLIT, completed
from polyid.config.settings import check_freeze, settings_from
from polyid.data.dataset import Dataset
from polyid.data.splits import check_labels, recorded_folds, repeated_folds
from polyid.data.training_table import TrainingTable
from polyid.data.upstream_tables import read_upstream_table
from polyid.ensemble import records
from polyid.ensemble.callbacks import KerasCallbacks
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.ensemble.expected_times import seconds_after_training
from polyid.ensemble.fitted import FittedEnsemble, fit_ensemble, learnt_domain
from polyid.ensemble.fitting import Untrained, build_members, fit_preprocessors, make_trainer, train_members
from polyid.ensemble.held_out import HeldOut
from polyid.ensemble.single_model import SingleModel, shared_dataset
from polyid.ensemble.stages import Stages
from polyid.ensemble.starting_point import StartingPoint, begin
from polyid.ensemble.terminal import ProgressBar
from polyid.errors import TrainingError
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.training.trainer import EnsembleTrainer


class MultiModel(EvaluatedEnsemble):
    """An ensemble of networks, each trained on all folds of the data but one: upstream's steps from a table to a model.

    Attributes
    ----------
    kfold_sets : dict
        ``{fold: {"train": [data ids], "validate": [data ids]}}``.
    split, seed : str and int
        How the folds were drawn.

    Examples
    --------
    >>> ensemble = MultiModel.load_models("models")
    >>> ensemble.make_aggregate_predictions(pd.DataFrame({"smiles_polymer": ["*CC(*)c1ccccc1"]}))
    """

    def __init__(self) -> None:
        super().__init__()
        self.kfold_sets: dict[Any, dict[str, list[int]]] = {}
        self.split, self.seed = DEFAULT_SPLIT, 0
        self._source: dict[str, Any] = {}
        self._start: StartingPoint | None = None
        self._began: dict[str, Any] | None = None

    @property
    def df_polymer(self) -> pd.DataFrame:
        """Rows with a label of at least one property."""
        return self._table().frame

    def _table(self) -> Dataset:
        if self.df_input is None:
            raise TrainingError("There is no data yet; call load_dataset or load_table first.")
        return Dataset.of_table(self.df_input, self.prediction_columns, self.chain)

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
        self.load_table(read_upstream_table(fname, list(prediction_columns), self.chain))

    def load_table(
        self,
        table: TrainingTable,
        prediction_columns: Sequence[str] | None = None,
        columns: dict[str, dict[str, str | None]] | None = None,
    ) -> None:
        """Take a table that was read already, and what its columns were said to mean."""
        self.prediction_columns = list(prediction_columns or table.labels)
        self.prediction_units = {
            name: [unit] if (unit := table.units.get(name)) else None for name in self.prediction_columns
        }
        self.df_input, self.chain, self._source = table.frame, table.chain, records.source_record(table, columns)

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
        dataset, self.seed = self._table().learning_marks(), seed
        if load_kfold is None:
            self.split = "random" if split == DEFAULT_SPLIT and not stratify else split
            self.kfold_sets = repeated_folds(dataset, kfolds, self.split, seed=seed, shuffle=shuffle, repeats=repeats)
        else:
            given = records.given_folds(load_kfold)
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

    def start_from(self, model: StartingPoint | str | os.PathLike) -> None:
        """Let `train_models` begin with the networks of another model, which the parameter ``freeze`` may keep as they are."""
        self._start = model if isinstance(model, StartingPoint) else StartingPoint.read(model)

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
        ray: str | None = None,
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
        ray : str, optional
            Address of a Ray cluster to train on, in groups of folds; ``local`` starts one here.
        """
        if not self.models:
            raise TrainingError("The data is not split yet; call split_data before train_models.")
        params = completed(model_params or {}, self.seed)
        settings = settings_from(params, params["seed"])
        started, dataset = time.time(), shared_dataset(self.models)
        members = self._untrained(modelbuilder, params, model_summary)
        stages = progress if isinstance(progress, Stages) else Stages(progress)
        stages.expect_by(partial(seconds_after_training, dataset, len(members), params["kernel"]))
        with ProgressBar(verbose, stages, settings.epochs * len(members)):
            trained = train_members(
                dataset,
                members,
                settings,
                checkpoints=None if save_folder is None else Path(save_folder) / CHECKPOINTS_FOLDER,
                progress=stages,
                epoch_end=KerasCallbacks(callbacks, [model.model_id for model in self.models]) if callbacks else None,
                resume=resume,
                ray=ray,
            )
            stages.at("calibrating")
            seeds = settings.seed if params["kernel"] else None, self.seed
            self._take(*fit_ensemble(dataset, members, trained.results, *seeds, told=stages.calibrated), params)
            if save_folder is not None:
                record = records.training_record(trained, started, settings.seed)
                self._save(Path(save_folder), params, record, save_training, stages)

    def _untrained(self, modelbuilder: Callable, params: dict[str, Any], summary: bool = False) -> list[Untrained]:
        build = partial(
            build_members,
            modelbuilder,
            scalers=[model.data_scaler for model in self.models],
            properties=self.prediction_columns,
            params=params,
            summary=summary,
        )
        check_freeze(params["freeze"], None if self._start is None else params["num_messages"])
        if self._start is None:
            return build(self._preprocessors())
        members, self._began = begin(
            self._start, shared_dataset(self.models), self._preprocessors(), build, self.prediction_units
        )
        return members

    def trainer(
        self, modelbuilder: Callable, model_params: dict[str, Any], progress: ProgressCallback | None = None
    ) -> EnsembleTrainer:
        """The trainer that `train_models` would run, without checkpoints: to be measured."""
        params = completed(model_params, self.seed)
        members = self._untrained(modelbuilder, params)
        settings = settings_from(params, params["seed"])
        return make_trainer(shared_dataset(self.models), members, settings, progress=progress)

    def _preprocessors(self) -> list[PolymerPreprocessor]:
        """The members' preprocessors; the package's own, if one has none yet."""
        if any(model.preprocessor is None for model in self.models):
            self.generate_preprocessors()
        return [model.preprocessor for model in self.models if model.preprocessor is not None]

    def _take(self, fitted: FittedEnsemble, held_out: HeldOut | None, params: dict[str, Any]) -> None:
        self._fitted, self._held_out = fitted, held_out
        for number, (model, member) in enumerate(zip(self.models, fitted.members, strict=True)):
            model.take(member, params, None if held_out is None else held_out.of_fold(number))

    def _save(
        self, folder: Path, params: dict[str, Any], training: dict[str, Any], keep_rows: bool, stages: Stages
    ) -> None:
        held_out = self._held_out_rows()
        content = records.model_content(
            held_out.dataset, self.prediction_units, params, self.split, self._source, training, self._began
        )
        self._fitted = replace(self._fitted, domain=learnt_domain(self._fitted, held_out, self.seed))
        stages.at("report")
        self.metadata = records.save_ensemble(folder, self._fitted, held_out, content, self.seed, keep_rows=keep_rows)
        self.folder = folder
