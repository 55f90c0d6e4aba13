"""The k-fold ensemble and its members: upstream PolyID's `MultiModel` and `SingleModel` on this package's engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from polyid.bundle.domain_codec import domain_from_files, domain_to_files
from polyid.bundle.layout import CALIBRATION_FILE, DOMAIN_FILES
from polyid.bundle.member import BundleMember
from polyid.bundle.store import load_bundle, read_checked, save_bundle
from polyid.chemistry.composition import PolymerFragments, polymer_fragments
from polyid.chemistry.oligomer import ChainSettings
from polyid.common.progress import ProgressCallback
from polyid.config.parameters import DEFAULT_SPLIT, Parameters
from polyid.config.settings import settings_from
from polyid.data.columns import propose_mapping
from polyid.data.keys import polymer_keys
from polyid.data.raw import read_raw_table
from polyid.data.splits import GIVEN_SPLIT, assign_folds, fold_names, recorded_folds, split_column, split_record
from polyid.data.training_table import TrainingTable, apply_mapping, read_training_table
from polyid.ensemble.callbacks import KerasCallbacks
from polyid.ensemble.rows import data_ids, in_own_columns, json_ready, mean_labels, numbers_polymers, row_oligomers
from polyid.ensemble.single_model import SingleModel, fit_preprocessors
from polyid.ensemble.terminal import ProgressBar
from polyid.errors import BundleError, DataError, TrainingError
from polyid.explain.contributions import Contributions, contributions
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.inference.answers import Answers
from polyid.inference.predictor import EnsemblePredictor
from polyid.inference.reader import ReadTable, TableReader, parts_of, read_parts
from polyid.kernel.neighbourhood import neighbourhood
from polyid.kernel.regression import fit_member
from polyid.kernel.similarity import ReferencePolymers, choose_references
from polyid.nn.builders import check_networks
from polyid.nn.device import hardware
from polyid.report.card import model_card
from polyid.report.metrics import evaluation_report, out_of_fold_report
from polyid.training.group import FoldData
from polyid.training.trainer import EnsembleTrainer
from polyid.uncertainty.blending import blended, cross_fitted, network_share
from polyid.uncertainty.conformal import (
    INTERVAL_LEVEL,
    IntervalCalibration,
    check_level,
    cross_fitted_intervals,
)
from polyid.uncertainty.domain.domain import TrainingDomain
from polyid.uncertainty.domain.fitting import fit_domain
from polyid.uncertainty.domain.verdict import nearest_in_words
from polyid.uncertainty.expected_error import error_clues


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
        self._predictor: EnsemblePredictor | None = None
        self.calibration: IntervalCalibration | None = None
        self.domain: TrainingDomain | None = None
        self._numbers: list[int] | None = None
        self._held_out: pd.DataFrame | None = None
        self._fragments: tuple[list[str], PolymerFragments] | None = None

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
        chosen = list(range(nmodels)) if isinstance(nmodels, int) else nmodels
        manifest, members = load_bundle(folder, custom_objects, chosen)
        new = cls()
        new.metadata = manifest
        new.prediction_columns = list(manifest["prediction_columns"])
        new.prediction_units = dict(manifest["prediction_units"])
        new.chain = ChainSettings(**manifest["chain"])
        record = Path(folder) / "splits.json"
        new._splits = json.loads(record.read_text("utf-8")) if record.is_file() else None
        for content in read_checked(folder, manifest, [CALIBRATION_FILE]).values():
            new.calibration = IntervalCalibration.from_dict(json.loads(content))
        files = read_checked(folder, manifest, DOMAIN_FILES)
        new.domain = domain_from_files(files) if files else None
        new._numbers = chosen
        for member in members:
            model = SingleModel(new.prediction_columns, data_scaler=member.scaler, model_id=member.model_id)
            model.preprocessor, model.parameters, model.member = member.preprocessor, manifest["parameters"], member
            model.df_loss_log, model.chain = pd.DataFrame(member.log), new.chain
            new.models.append(model)
        new._all_members().warm_up()
        return new

    @property
    def df_polymer(self) -> pd.DataFrame:
        """Rows with a label of at least one property."""
        return self.df_input.dropna(subset=self.prediction_columns, how="all").reset_index(drop=True)

    @property
    def df_loss_log(self) -> pd.DataFrame | None:
        """The epochs of all members, one below the other, with their ``model_id``."""
        logs = [m.df_loss_log.assign(model_id=m.model_id) for m in self.models if m.df_loss_log is not None]
        return pd.concat(logs, ignore_index=True) if logs else None

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

    def load_table(self, table: TrainingTable, prediction_columns: Sequence[str] | None = None) -> None:
        """Take a table that was read already."""
        self.prediction_columns = list(prediction_columns or table.labels)
        self.prediction_units = {
            name: [unit] if (unit := table.units.get(name)) else None for name in self.prediction_columns
        }
        self.df_input, self.chain = table.frame, table.chain
        left_out = table.problems.loc[table.problems["outcome"] == "left out", "row"].nunique()
        self._source = {"source": table.source, "sha256": table.sha256, "rows_left_out": int(left_out)}

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
        if repeats < 1:
            raise TrainingError(f"The data is to be divided {repeats} times; it must be at least once.")
        self.models, self.seed = [], seed
        data = self.df_polymer
        data["data_id"] = data_ids(data)
        if load_kfold is None:
            self.split = "random" if split == DEFAULT_SPLIT and not stratify else split
            self.kfold_sets = {}
            for repeat in range(repeats):
                drawn = seed if repeat == 0 else int(np.random.SeedSequence([seed, 6, repeat]).generate_state(1)[0])
                fold = assign_folds(data, kfolds, self.split, seed=drawn, shuffle=shuffle)
                for name in fold_names(fold):
                    # Folds of a user's column keep their names; further divisions count on from the first.
                    own = name if repeat == 0 else f"{name}/{repeat + 1}"
                    if own in self.kfold_sets:
                        raise TrainingError(
                            f"The fold {own} has the name of the fold {name} in division {repeat + 1}; give the folds of "
                            "the column other names, or divide the data once."
                        )
                    self.kfold_sets[own] = {
                        "train": sorted(set(data.loc[fold != name, "data_id"].tolist())),
                        "validate": sorted(set(data.loc[fold == name, "data_id"].tolist())),
                    }
        else:
            given = load_kfold if isinstance(load_kfold, dict) else json.loads(Path(load_kfold).read_text("utf-8"))
            if "held_out" in given:
                self.split, self.seed = given.get("split", DEFAULT_SPLIT), given["seed"]
                self.kfold_sets = recorded_folds(given, data)
            else:
                self.split, self.kfold_sets = GIVEN_SPLIT, given
        if kfold_save is not None:
            Path(kfold_save).write_text(json.dumps(self.kfold_sets))
        for name, ids in self.kfold_sets.items():
            train = data[data["data_id"].isin(ids["train"])]
            for column in self.prediction_columns:
                if not train[column].notna().any():
                    raise TrainingError(
                        f"Fold {name} has no training label of {column}: the data has {int(data[column].notna().sum())} "
                        f"in all. Leave {column} out, add data, or use fewer folds."
                    )
            validate = data[data["data_id"].isin(ids["validate"])]
            self.models.append(SingleModel(self.prediction_columns, validate, train, model_id=str(name)))
            self.models[-1].chain = self.chain

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
        fit_preprocessors(self.models, preprocessor, atom_features, bond_features, **kwargs)

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
        started = time.time()
        networks = []
        for i, model in enumerate(self.models):
            built = modelbuilder(
                model.preprocessor,
                model_summary=model_summary and i == 0,
                prediction_columns=self.prediction_columns,
                params={**params, "seed": [settings.seed, i]},
            )
            networks.append(built)
        check_networks(networks)
        with ProgressBar(verbose, progress, settings.epochs * len(self.models)) as report:
            results, throughput = self._run_trainer(networks, settings, callbacks, report, save_folder, resume)
        for model, network, result in zip(self.models, networks, results, strict=True):
            model.member = BundleMember(
                result.weights,
                network.config,
                model.preprocessor,
                model.data_scaler,
                result.log,
                model.model_id,
                network_class=type(network),
            )
            model.parameters, model.df_loss_log, model._predictor = params, pd.DataFrame(result.log), None
        self._predictor = self._held_out = self.calibration = None
        if params["kernel"]:
            self._fit_kernels(settings.seed)
        self._predict_held_out(fit=True)
        if save_folder is not None:
            self._save(Path(save_folder), params, started, throughput, save_training)

    def _fit_kernels(self, seed: int) -> None:
        """The kernel regression of each member, on the polymers its network trained on."""
        frames = [frame for m in self.models for frame in (m.df_train, m.df_validate) if frame is not None]
        smiles = list(dict.fromkeys(text for frame in frames for text in row_oligomers(frame)))
        labels = mean_labels(pd.concat(frames), smiles, self.prediction_columns)
        chosen = choose_references(labels, seed)
        smiles = [smiles[i] for i in chosen]
        fragments = polymer_fragments(smiles)
        self._fragments = (smiles, fragments)
        references = ReferencePolymers(fragments, labels[chosen])
        similarity = references.similarity(fragments)
        for model in self.models:
            own = mean_labels(model.df_train, smiles, self.prediction_columns)
            model.member.kernel = fit_member(references, similarity, own)

    def _predict_held_out(self, fit: bool = False) -> None:
        """What the members say of the rows they never saw: each in its `df_validate_results`, together in `_held_out`.

        With `fit`, these rows also decide how much is the networks' and how much the kernel regression's, and calibrate
        the intervals.
        """
        with_rows = [(m, model) for m, model in enumerate(self.models) if model.df_validate is not None]
        if not with_rows:
            return
        rows = pd.concat([model.df_validate for _, model in with_rows])
        rows = rows[~rows.index.duplicated()].sort_index()
        oligomers = pd.Series(row_oligomers(rows), rows.index)
        smiles = list(dict.fromkeys(oligomers))
        place = oligomers.map({text: i for i, text in enumerate(smiles)})
        predictor = self._all_members()
        kernels = [m.kernel for m in predictor.members]
        fragments = None
        if kernels[0] is not None:
            known, fragments = self._fragments or ([], None)
            fragments = fragments if known == smiles else polymer_fragments(smiles)
            self._fragments = (smiles, fragments)
        answers = predictor.answers(smiles, cache=True, fragments=fragments)
        position = pd.Series(np.arange(len(rows)), rows.index)
        n, properties = len(rows), len(self.prediction_columns)
        sums = np.zeros((4, n, properties))
        clues = np.zeros((n, properties, 4))
        held_by: list[tuple[str, ...]] = [()] * n
        for m, model in with_rows:
            own = position[model.df_validate.index].to_numpy()
            inside = place[model.df_validate.index].to_numpy()
            kernel = answers.kernel[m, inside] if answers.kernel is not None else np.zeros((len(own), properties))
            novelty = roughness = None
            if fragments is not None:
                # Only what this member trained on may say how new a polymer is.
                labels = np.where(kernels[m].trained, kernels[m].references.labels, np.nan)
                similarity = kernels[m].references.similarity(fragments.chosen(inside))
                novelty, roughness = neighbourhood(similarity, labels)
            sums[0, own] += answers.network[m, inside]
            sums[1, own] += kernel
            clues[own] += error_clues(
                answers.network[m : m + 1, inside], kernel[None] if fragments is not None else None, novelty, roughness
            )
            for i in own:
                held_by[i] = (*held_by[i], str(model.model_id))
        times = np.array([len(held) for held in held_by], float)
        network, kernel = sums[0] / times[:, None], sums[1] / times[:, None]
        clues /= times[:, None, None]
        if fragments is None:
            self._disagreement_of_networks(answers, place.to_numpy(), held_by, clues)
        measured = rows[self.prediction_columns].to_numpy(float)
        polymers = polymer_keys(rows)
        share = np.ones(measured.shape)
        if fragments is not None:
            share = cross_fitted(measured, network, kernel, polymers)
            if fit:
                final = network_share(measured, network, kernel, polymers)
                for model in self.models:
                    model.member.kernel = replace(model.member.kernel, share=final)
                    model._predictor = None
                self._predictor = None
        predicted = blended(network, kernel, share)
        if fit:
            self.calibration = IntervalCalibration.fit(
                self.prediction_columns, np.abs(measured - predicted), clues, held_by, self.seed
            )
        found = {"fold": [held[0] for held in held_by]}
        for p, name in enumerate(self.prediction_columns):
            expected, lower, upper = cross_fitted_intervals(
                name, predicted[:, p], measured[:, p], clues[:, p], polymers, INTERVAL_LEVEL
            )
            found |= {
                f"{name}_network": network[:, p],
                f"{name}_kernel": kernel[:, p],
                f"{name}_pred": predicted[:, p],
                f"{name}_spread": expected,
                f"{name}_lower": lower,
                f"{name}_upper": upper,
            }
        self._held_out = pd.concat([rows, pd.DataFrame(found, rows.index)], axis=1)
        for m, model in with_rows:
            own = position[model.df_validate.index].to_numpy()
            inside = place[model.df_validate.index].to_numpy()
            values = blended(
                answers.network[m, inside], answers.kernel[m, inside] if fragments is not None else None, share[own]
            )
            results = pd.DataFrame(
                values, model.df_validate.index, [f"{name}_pred" for name in self.prediction_columns]
            )
            results = pd.concat([model.df_validate, results], axis=1)
            for name in self.prediction_columns:
                results[f"{name}_err"] = results[name] - results[f"{name}_pred"]
            model.df_validate_results = results

    def _disagreement_of_networks(
        self, answers: Answers, place: np.ndarray, held_by: list[tuple[str, ...]], clues: np.ndarray
    ) -> None:
        """Fill in how far the networks that held a row out disagree, where several did."""
        number = {str(model.model_id): m for m, model in enumerate(self.models)}
        for held in dict.fromkeys(held_by):
            own = np.array([i for i, other in enumerate(held_by) if other == held])
            members = [number[model_id] for model_id in held]
            clues[own] = error_clues(answers.network[members][:, place[own]], None, None, None)

    def _run_trainer(self, networks, settings, callbacks, report, save_folder, resume):
        frames = [m.df_train for m in self.models] + [m.df_validate for m in self.models if m.df_validate is not None]
        smiles = list(dict.fromkeys(text for frame in frames for text in row_oligomers(frame)))
        position = {text: i for i, text in enumerate(smiles)}
        graphs = self.models[0].preprocessor.featuriser(networks[0].config.num_messages)(smiles)
        # One row of targets a table row: replicates share a graph and keep their own labels.
        folds, row_graphs = [], []
        offsets: dict[Any, int] = {}
        for i, (model, network) in enumerate(zip(self.models, networks, strict=True)):
            rows = {}
            for kind, frame in (("train", model.df_train), ("validate", model.df_validate)):
                if frame is None:
                    rows[kind] = (np.zeros(0, np.int64), np.zeros((0, len(self.prediction_columns))))
                    continue
                places = []
                for index, text in zip(frame.index, row_oligomers(frame), strict=True):
                    key = (kind, index, text)
                    if key not in offsets:
                        offsets[key] = len(row_graphs)
                        row_graphs.append(position[text])
                    places.append(offsets[key])
                scaled = model._scaled(frame)[self.prediction_columns].to_numpy(float)
                rows[kind] = (np.array(places, np.int64), scaled)
            folds.append((i, rows, network))
        n = len(row_graphs)
        data = []
        for i, rows, network in folds:
            targets = np.full((n, len(self.prediction_columns)), np.nan, np.float32)
            for places, values in rows.values():
                targets[places] = values
            per_graph = [self.models[i].preprocessor.tokenise(g) for g in graphs]
            tokens = [per_graph[g] for g in row_graphs]
            train, validation = rows["train"][0], rows["validate"][0]
            train = train[np.isfinite(targets[train]).any(axis=1)]
            data.append(FoldData(i, train, validation, targets, tokens, network.member_weights(0)))
        widest = networks[0].config
        for network in networks:
            widest = type(widest)(
                **{
                    **widest.to_dict(),
                    "atom_classes": max(widest.atom_classes, network.config.atom_classes),
                    "bond_classes": max(widest.bond_classes, network.config.bond_classes),
                }
            )
        hooks = KerasCallbacks(callbacks, self.models) if callbacks else None
        trainer = EnsembleTrainer(
            [graphs[g] for g in row_graphs],
            data,
            lambda members, dtype, xla: type(networks[0])(widest, members, dtype, xla),
            settings,
            checkpoints=Path(save_folder) / "checkpoints" if save_folder is not None else None,
            progress=report,
            epoch_end=hooks,
        )
        results = trainer.run(resume=resume)
        return results, {
            "seconds_before_resuming": round(trainer.seconds_before, 1),
            "padding_waste": round(trainer.padding_waste, 4),
            "folds_together": trainer.group_size,
        }

    def out_of_fold(self) -> pd.DataFrame:
        """Every held-out row once: polymer, first fold it was held out in, measured values, and for each property
        ``NAME_pred``, the mean of the members that never saw it, ``NAME_spread``, the absolute error expected, and
        ``NAME_lower`` and ``NAME_upper``, its 90 % interval; share of the networks, expected error and interval are set
        by the other polymers.
        """
        if self._held_out is None:
            raise BundleError("Nothing was held out: split the data and train, or call recompute_out_of_fold.")
        described = ("smiles_monomer", "smiles_polymer", "mechanism", "class", "pm", "data_id", "fold")
        columns = [c for c in described if c in self._held_out] + self.prediction_columns
        columns += [
            f"{name}_{kind}" for name in self.prediction_columns for kind in ("pred", "spread", "lower", "upper")
        ]
        return self._held_out[columns]

    def held_out_parts(self) -> pd.DataFrame:
        """As `out_of_fold`, with ``NAME_network`` and ``NAME_kernel`` besides, what the two parts say alone."""
        self.out_of_fold()
        return self._held_out.copy()

    def out_of_fold_metrics(self) -> dict[str, dict[str, float | int | None]]:
        """Figures of merit of the held-out predictions, a property each."""
        return self.out_of_fold_report()["out_of_fold"]

    def out_of_fold_report(self) -> dict[str, dict[str, Any]]:
        """Content of `metrics.json`; see `polyid.report.metrics.out_of_fold_report`."""
        return out_of_fold_report(self.out_of_fold(), self.prediction_columns, INTERVAL_LEVEL)

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
        table = data
        if not isinstance(table, TrainingTable):
            split = self._splits.get("split", DEFAULT_SPLIT)
            column = split_column(split) if split != GIVEN_SPLIT else None
            table = read_training_table(
                data,
                self.prediction_columns,
                self.chain,
                keep=[column] if column else (),
                columns=self.metadata["data"].get("columns"),
            )
        trained_on = str(self.metadata.get("data", {}).get("sha256"))
        if table.sha256 != trained_on:
            raise DataError(
                f"{table.source} is not the table this model was trained on (SHA-256 {table.sha256[:12]}… instead of "
                f"{trained_on[:12]}…); give that table, or evaluate without its folds."
            )
        self.df_input = table.frame
        rows = self.df_polymer
        rows["data_id"] = data_ids(rows)
        folds = recorded_folds(self._splits, rows)
        for model in self.models:
            model.df_validate = rows[rows["data_id"].isin(folds[str(model.model_id)]["validate"])]
        self._predict_held_out()
        return self.out_of_fold_report()

    def _save(self, folder: Path, params: dict, started: float, throughput: dict, save_training: bool) -> None:
        from polyid.report.figures.draw import write_report

        metrics = self.out_of_fold_report()
        data = self.df_polymer
        finished = time.time()
        content = {
            "prediction_columns": self.prediction_columns,
            "prediction_units": self.prediction_units,
            "parameters": json_ready(
                {k: v for k, v in params.items() if k != "prediction_columns" and v not in (None, {})}
            ),
            "chain": asdict(self.chain),
            "split": self.split,
            "data": {
                **self._source,
                "rows": len(data),
                "polymers": len(set(polymer_keys(data))),
                "labels": {name: int(data[name].notna().sum()) for name in self.prediction_columns},
            },
            "training": {
                "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
                "finished": datetime.fromtimestamp(finished, UTC).isoformat(timespec="seconds"),
                "seconds": round(finished - started + throughput.pop("seconds_before_resuming"), 1),
                "hardware": hardware(),
                "seed": params["seed"],
                **throughput,
            },
        }
        data["data_id"] = data_ids(data)
        held_out = {m.model_id: m.df_validate.index for m in self.models if m.df_validate is not None}
        splits = split_record(data, self.split, self.seed, held_out)
        self.domain, self._numbers = self._fit_domain(), None
        figures = write_report(self.out_of_fold(), self.df_loss_log, content, metrics)
        documents: dict[str, str | bytes] = {
            "metrics.json": json.dumps(metrics, indent=2) + "\n",
            "splits.json": json.dumps(splits, indent=1, ensure_ascii=False) + "\n",
            "README.md": model_card(content, metrics, len(self.models), figures=list(figures)),
            CALIBRATION_FILE: json.dumps(self.calibration.to_dict()) + "\n",
            **domain_to_files(self.domain),
            **figures,
        }
        if save_training:
            documents["out_of_fold.csv"] = self.out_of_fold().to_csv(index=False)
        save_bundle(folder, [m.member for m in self.models], content, documents)
        self.metadata = json.loads((folder / "parameters.json").read_text())
        checkpoints = folder / "checkpoints"
        for path in sorted(checkpoints.iterdir()):
            path.unlink()
        checkpoints.rmdir()

    def _fit_domain(self) -> TrainingDomain:
        """The domain of validity, from all rows and the errors of those held out."""
        rows = self.df_polymer
        rows["data_id"] = data_ids(rows)
        oligomers = row_oligomers(rows)
        smiles = list(dict.fromkeys(oligomers))
        place = {text: i for i, text in enumerate(smiles)}
        learned = self._all_members().fingerprints(smiles, cache=True)[:, [place[text] for text in oligomers]]
        trained = np.stack([np.isin(rows["data_id"], m.df_train["data_id"]) for m in self.models])
        held_out = self._held_out
        errors = np.stack(
            [(held_out[name] - held_out[f"{name}_pred"]).abs().reindex(rows.index) for name in self.prediction_columns],
            1,
        )
        shown = "repeat_unit" if "repeat_unit" in rows else "smiles_monomer" if "smiles_monomer" in rows else None
        return fit_domain(
            oligomers,
            learned,
            trained,
            polymers=polymer_keys(rows),
            smiles=None if shown is None else rows[shown].astype(str).tolist(),
            names=rows["polymer"].astype(str).tolist() if "polymer" in rows else None,
            values={name: rows[name].to_numpy(float) for name in self.prediction_columns},
            errors=errors,
            seed=self.seed,
        )

    def make_predictions(self, df_prediction: pd.DataFrame) -> pd.DataFrame:
        """Predictions of each member, one below the other, with their ``model_id``.

        Parameters
        ----------
        df_prediction : pd.DataFrame
            With a column ``smiles_polymer``.
        """
        values = self._all_members().predict(row_oligomers(df_prediction, self.chain))
        columns = [f"{name}_pred" for name in self.prediction_columns]
        return pd.concat(
            [
                pd.concat([df_prediction, pd.DataFrame(v, df_prediction.index, columns)], axis=1).assign(
                    model_id=model.model_id
                )
                for model, v in zip(self.models, values, strict=True)
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
        answers = self._all_members().answers(row_oligomers(df_prediction, self.chain))
        if funcs is None:
            found = self._with_intervals(answers, df_prediction.index, level)
        else:
            funcs = [funcs] if isinstance(funcs, str) else list(funcs)
            found = self._aggregate(answers.members, funcs, df_prediction.index)
        return pd.concat([df_prediction, found], axis=1)

    def predict_smiles(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        pm: Sequence[float | None] | None = None,
        in_words: bool = True,
        verbose: bool = False,
    ) -> pd.DataFrame:
        """Predictions for SMILES as people type them; what can't be read gets a reason instead of a number.

        Parameters
        ----------
        smiles : sequence of str
            Oligomers, repeat units with two attachment points, or monomers joined by dots.
        level : float
            Share of measured values that the intervals are to hold.
        pm : sequence of float or None, optional
            Probability of meso dyads of each polymer, as of `polyid.chemistry.oligomer.to_oligomer`; None leaves it open.
        in_words : bool
            Name the nearest training polymers in a text; otherwise as the records of `polyid.uncertainty.domain.domain.ShownPolymers`.
        verbose : bool
            Show a progress bar in the terminal.

        Returns
        -------
        pd.DataFrame
            One row an input: ``smiles``, ``form``, ``smiles_polymer``, ``error`` (None where there is a prediction),
            ``<property>_pred_mean`` and ``<property>_pred_std``, and of a calibrated ensemble ``<property>_pred_error``,
            the absolute error to expect, with ``<property>_pred_lower`` and ``<property>_pred_upper``, the interval that
            holds a measured value with the probability `level`; see `polyid.uncertainty.conformal`. Then, of a model that knows its
            domain of validity, ``domain`` (in domain, borderline or outside), ``domain_reason`` and
            ``nearest_training_polymers``.
        """
        smiles, parts = list(smiles), []
        with tqdm(total=len(smiles), unit="polymer", desc="Predicting", disable=not verbose, dynamic_ncols=True) as bar:
            for part in self.predict_in_parts(smiles, level, pm=pm, in_words=in_words):
                parts.append(part)
                bar.update(len(part))
        return pd.concat(parts, ignore_index=True)

    def predict_in_parts(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        pm: Sequence[float | None] | None = None,
        in_words: bool = True,
    ) -> Iterator[pd.DataFrame]:
        """As `predict_smiles`, some hundred rows at a time, so that the memory doesn't grow with the table.

        Yields
        ------
        pd.DataFrame
            The next rows; at least one part.
        """
        check_level(level)
        smiles = list(smiles)
        pm = [None] * len(smiles) if pm is None else list(pm)
        predictor = self._all_members()
        known = None if self.domain is None else self.domain.training_fragments
        reader = TableReader(predictor.reader(), known, self.chain)
        read = read_parts(reader, [(smiles[part], pm[part]) for part in parts_of(len(smiles))], len(smiles))
        for part, answers in predictor.each_answer(read, fingerprints=known is not None):
            yield self._predicted(part, answers, level, in_words)

    def _predicted(self, part: ReadTable, answers: Answers, level: float, in_words: bool) -> pd.DataFrame:
        """The rows of `predict_smiles` for a part of them and the answers to its polymers."""
        table = pd.DataFrame(part.rows, columns=["smiles", "form", "smiles_polymer", "error"], dtype=object)
        good = table.index[table["error"].isna()]
        parts = [self._with_intervals(answers.chosen(part.polymer), good, level)]
        if self.domain is not None:
            judged = self.domain.assess(part.oligomers, answers.fingerprints, self._numbers, unseen=part.unseen)
            nearest = [nearest_in_words(polymers) if in_words else polymers for polymers in judged.nearest]
            columns = {"domain": list(judged.verdict), "domain_reason": list(judged.reason)}
            judged_frame = pd.DataFrame(columns | {"nearest_training_polymers": nearest})
            parts.append(judged_frame.iloc[part.polymer].set_axis(good))
        found = pd.concat(parts, axis=1).reindex(table.index)
        return pd.concat([table, found], axis=1)

    def evaluate(
        self, measured: pd.DataFrame, level: float = INTERVAL_LEVEL, *, verbose: bool = False
    ) -> dict[str, dict[str, Any]]:
        """What the model's predictions of measured polymers are worth; `recompute_out_of_fold` is for its training data.

        Parameters
        ----------
        measured : pandas.DataFrame
            ``smiles_polymer`` and any of `prediction_columns`, as the frame of `polyid.data.training_table.read_training_table`.
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
        found = self.predict_smiles(frame["smiles_polymer"].tolist(), level, verbose=verbose)
        names = [name for name in self.prediction_columns if name in frame]
        said = {"mean": "pred", "error": "spread", "lower": "lower", "upper": "upper"}
        columns = {
            f"{name}_{own}": found[f"{name}_pred_{kind}"].astype(float)
            for name in names
            for kind, own in said.items()
            if f"{name}_pred_{kind}" in found
        }
        if "domain" in found:
            columns["domain"] = found["domain"]
        return evaluation_report(frame.assign(**columns), names, level)

    def explain(self, smiles: str) -> dict[str, Contributions]:
        """Why the predictions of one polymer are what they are: the exact share of every part of its repeat unit.

        The shares add up to ``<property>_pred_mean`` of `predict_smiles`. What the kernel regression says belongs to no
        atom: it is `Contributions.other`.

        Parameters
        ----------
        smiles : str
            An oligomer, a repeat unit or monomers.

        Raises
        ------
        PolymerError
            The SMILES is no polymer.
        """
        predictor = self._all_members()
        units = {name: unit[0] if unit else None for name, unit in self.prediction_units.items()}
        found = contributions(
            predictor,
            smiles,
            self.prediction_columns,
            units,
            degree_of_polymerisation=self.chain.degree_of_polymerisation,
            seed=self.chain.seed,
        )
        answers = predictor.answers([self.chain.oligomer(smiles)])
        if answers.kernel is None:
            return found
        kernel = answers.kernel.mean(axis=0)[0]
        return {
            name: own.weighted(float(share), float((1.0 - share) * value))
            for (name, own), share, value in zip(found.items(), answers.share, kernel, strict=True)
        }

    def _with_intervals(self, answers: Answers, index: pd.Index, level: float) -> pd.DataFrame:
        """Columns ``<property>_pred_`` mean and std and, if the ensemble is calibrated, error, lower and upper."""
        check_level(level)
        members = answers.members
        found = self._aggregate(members, ["mean", "std"], index)
        if self.calibration is None:
            return found
        ids, clues = [str(m.model_id) for m in self.models], answers.clues
        columns = {}
        for p, name in enumerate(self.prediction_columns):
            lower, upper = np.empty(len(index)), np.empty(len(index))
            for start in range(0, len(index), 1000):
                rows = slice(start, start + 1000)
                lower[rows], upper[rows] = self.calibration.interval(
                    name, members[:, rows, p], ids, clues[rows, p], level
                )
            columns |= {f"{name}_pred_{kind}": found[f"{name}_pred_{kind}"] for kind in ("mean", "std")}
            columns |= {
                f"{name}_pred_error": self.calibration.expected(name, clues[:, p]),
                f"{name}_pred_lower": lower,
                f"{name}_pred_upper": upper,
            }
        return pd.DataFrame(columns, index=index)

    def _aggregate(self, values: np.ndarray, funcs: Sequence[str], index: pd.Index) -> pd.DataFrame:
        """Columns ``<property>_pred_<func>`` of predictions (M, n, P)."""
        columns = {}
        for p, name in enumerate(self.prediction_columns):
            members = values[:, :, p]
            for func in funcs:
                # What every answer has is done without pandas, which costs a single SMILES more than the networks do.
                if func == "mean":
                    found = members.mean(axis=0)
                elif func == "std":
                    found = members.std(axis=0, ddof=1) if len(members) > 1 else np.full(len(index), np.nan)
                else:
                    found = pd.DataFrame(members.T, index=index).agg(func, axis=1)
                columns[f"{name}_pred_{func}"] = found
        return pd.DataFrame(columns, index=index)

    def _all_members(self) -> EnsemblePredictor:
        members = [m.member for m in self.models]
        if not members or any(m is None for m in members):
            raise BundleError("The ensemble is not trained yet; call train_models or load_models first.")
        if self._predictor is None or list(map(id, self._predictor.members)) != list(map(id, members)):
            self._predictor = EnsemblePredictor(members)
        return self._predictor
