"""Fitting an ensemble to a data set: scalers, preprocessors, the networks side by side, the kernel regressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import RobustScaler

from polyid.common.progress import ProgressCallback
from polyid.config.settings import TrainingSettings
from polyid.data.dataset import Dataset, Fold
from polyid.errors import TrainingError
from polyid.graphs.preprocessor import PolymerPreprocessor, check_preprocessor
from polyid.kernel.regression import KernelMember, fit_member
from polyid.kernel.similarity import ReferencePolymers, choose_references
from polyid.nn.builders import check_networks
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork
from polyid.training.group import FoldData, FoldResult
from polyid.training.ray_groups import TrainerParts, train_on_ray
from polyid.training.trainer import EnsembleTrainer


def fit_scaler(labels: np.ndarray) -> RobustScaler:
    """A scaler of training targets (n, P), missing ones left out."""
    return RobustScaler().fit(labels)


def scaled(labels: np.ndarray, scaler: RobustScaler | None) -> np.ndarray:
    """Targets as a network learns them."""
    return labels if scaler is None or not len(labels) else scaler.transform(labels)


def fit_preprocessors(dataset: Dataset, cls: type, **arguments: Any) -> list[PolymerPreprocessor]:
    """A preprocessor for each fold, fitted to the structures it trains on; each structure is read once.

    Parameters
    ----------
    dataset : Dataset
    cls : type
        `PolymerPreprocessor` or a class derived from it.
    **arguments
        Of the class.

    Raises
    ------
    TrainingError
        The class is no preprocessor, or could not do here what it says.
    """
    check_preprocessor(cls)
    fresh = [cls(**arguments) for _ in dataset.folds]
    for new, fold in zip(fresh, dataset.folds, strict=True):
        new.fit_rows(dataset.frame.iloc[fold.train])
    structures = pd.unique(np.concatenate([dataset.structure[fold.train] for fold in dataset.folds]))
    keys = dataset.structure_keys
    # One round is enough for the features themselves.
    graphs = fresh[0].featuriser(rounds=1)([keys[s] for s in structures])
    by_structure = dict(zip(structures, graphs, strict=True))
    return [
        new.fit(by_structure[s] for s in pd.unique(dataset.structure[fold.train]))
        for new, fold in zip(fresh, dataset.folds, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Untrained:
    """What a member begins with: a network with its first weights, a fitted preprocessor, a fitted scaler or None, and how many
    rows of the atom and bond embeddings are another model's."""

    network: MessagePassingNetwork
    preprocessor: PolymerPreprocessor
    scaler: RobustScaler | None
    kept_rows: tuple[int, int] = (0, 0)


def build_members(
    builder: Callable,
    preprocessors: Sequence[PolymerPreprocessor],
    scalers: Sequence[RobustScaler | None],
    properties: Sequence[str],
    params: dict[str, Any],
    summary: bool = False,
) -> list[Untrained]:
    """A member with a fresh network for each preprocessor.

    Parameters
    ----------
    builder : callable
        Such as `polyid.nn.builders.global100`.
    preprocessors, scalers : sequences of PolymerPreprocessor and of RobustScaler or None
    properties : sequence of str
    params : dict
        Of `Parameters.to_dict`; by its ``seed`` each network gets weights of its own.
    summary : bool
        Print the layers of the first network.

    Raises
    ------
    TrainingError
        The builder returns something else than networks of one class.
    """
    networks = [
        builder(
            preprocessor,
            model_summary=summary and i == 0,
            prediction_columns=list(properties),
            params={**params, "seed": [params["seed"], i]},
        )
        for i, preprocessor in enumerate(preprocessors)
    ]
    check_networks(networks)
    return [Untrained(*parts) for parts in zip(networks, preprocessors, scalers, strict=True)]


@dataclass(frozen=True)
class Trained:
    """What the trainer gives back: a result for each fold, and what the training was like for `parameters.json`."""

    results: list[FoldResult]
    seconds_before_resuming: float
    padding_waste: float
    folds_together: int


def make_trainer(
    dataset: Dataset,
    members: Sequence[Untrained],
    settings: TrainingSettings,
    *,
    checkpoints: Path | None = None,
    progress: ProgressCallback | None = None,
    epoch_end: Callable[[int, int, dict[str, float]], bool] | None = None,
) -> EnsembleTrainer:
    """The trainer of the network of each fold; keywords as of `EnsembleTrainer`."""
    parts = _trainer_parts(dataset, members)
    return EnsembleTrainer(*parts, settings, checkpoints=checkpoints, progress=progress, epoch_end=epoch_end)


def _trainer_parts(dataset: Dataset, members: Sequence[Untrained]) -> TrainerParts:
    first = members[0]
    graphs = first.preprocessor.featuriser(first.network.config.num_messages)(dataset.structure_keys)
    rows, places = _samples(dataset.folds)
    structure = dataset.structure[rows]
    folds = []
    for i, (member, (train, held_out)) in enumerate(zip(members, places, strict=True)):
        targets = np.full((len(rows), len(dataset.properties)), np.nan, np.float32)
        for part in (train, held_out):
            targets[part] = scaled(dataset.labels[rows[part]], member.scaler)
        tokens = [member.preprocessor.tokenise(graph) for graph in graphs]
        labelled = train[np.isfinite(targets[train]).any(axis=1)]
        weights = member.network.member_weights(0)
        folds.append(
            FoldData(i, labelled, held_out, targets, [tokens[s] for s in structure], weights, member.kept_rows)
        )
    widest = replace(
        first.network.config,
        atom_classes=max(member.network.config.atom_classes for member in members),
        bond_classes=max(member.network.config.bond_classes for member in members),
    )
    network_class = type(first.network)
    make_network = partial(_network, network_class, widest)
    return [graphs[s] for s in structure], folds, make_network


def _network(network_class: type, config: NetworkConfig, members: int, dtype: str, xla: bool) -> MessagePassingNetwork:
    return network_class(config, members, dtype, xla)


def train_members(
    dataset: Dataset,
    members: Sequence[Untrained],
    settings: TrainingSettings,
    *,
    checkpoints: Path | None = None,
    progress: ProgressCallback | None = None,
    epoch_end: Callable[[int, int, dict[str, float]], bool] | None = None,
    resume: bool = False,
    ray: str | None = None,
) -> Trained:
    """Train the network of each fold; keywords as of `EnsembleTrainer`, `ray` the address of a cluster that is to do it."""
    if ray is None:
        trainer = make_trainer(
            dataset, members, settings, checkpoints=checkpoints, progress=progress, epoch_end=epoch_end
        )
        results = trainer.run(resume=resume)
    elif epoch_end is not None:
        raise TrainingError(
            "Keras callbacks can't follow networks to the machines of a Ray cluster; leave one of them out."
        )
    else:
        parts = _trainer_parts(dataset, members)
        trainer, results = train_on_ray(parts, settings, ray, checkpoints=checkpoints, progress=progress, resume=resume)
    return Trained(results, round(trainer.seconds_before, 1), round(trainer.padding_waste, 4), trainer.group_size)


def _samples(folds: Sequence[Fold]) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """The row of each of the trainer's samples, and which of them each fold trains on and holds out.

    A row that one member trains on and another holds out is two samples: size classes of small batches are drawn on all of
    them, and are to stay what they were.
    """
    parts = [part for fold in folds for part in (2 * fold.train, 2 * fold.held_out + 1)]
    place, distinct = pd.factorize(np.concatenate(parts))
    of_part = np.split(place, np.cumsum([len(part) for part in parts])[:-1])
    return distinct // 2, list(zip(of_part[::2], of_part[1::2], strict=True))


def fit_kernels(dataset: Dataset, seed: int) -> list[KernelMember]:
    """The kernel regression of each fold, on the structures its network trains on."""
    used = dataset.used
    structures = pd.unique(dataset.structure[used])
    labels = dataset.mean_labels(used, structures)
    chosen = choose_references(labels, seed)
    structures, labels = structures[chosen], labels[chosen]
    fragments = dataset.fragments.chosen(structures)
    references = ReferencePolymers(fragments, labels)
    similarity = references.similarity(fragments)
    return [fit_member(references, similarity, dataset.mean_labels(fold.train, structures)) for fold in dataset.folds]
