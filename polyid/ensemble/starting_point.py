"""Training that starts from the networks of another model: which of them, which weights, and what is recorded of it.

What a network has learnt of atoms, bonds and messages is taken over; a property that the other model has not gets a read-out of
its own, and a feature that it never saw a row of the embeddings of its own.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import RobustScaler

from polyid.bundle.layout import MANIFEST_FILE
from polyid.bundle.member import BundleMember
from polyid.bundle.store import load_bundle
from polyid.common.files import sha256
from polyid.data.dataset import Dataset
from polyid.data.keys import polymer_keys
from polyid.ensemble.fitting import Untrained
from polyid.errors import TrainingError
from polyid.graphs.features import feature_set_name
from polyid.graphs.preprocessor import PolymerPreprocessor

_READOUT, _BIAS = "readout/values/bond_kernel", "readout/values/bias"
_TABLES = ("atom_embedding/table", "bond_embedding/table")
_SIZES = {
    "num_messages": "rounds of messages",
    "features": "features a state",
    "mol_features": "features of the global state",
}


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """A trained model whose networks others start from.

    Attributes
    ----------
    members : tuple of BundleMember
    properties : tuple of str
    units : dict of str to list or None
        Of the properties.
    seen : tuple of frozensets of str, or None
        Keys of the polymers that each member was trained on; None where the model doesn't say.
    name : str
        What it is called: the name of its folder, or its repo.
    sha256 : str
        Of its `parameters.json`, which has the hashes of all that predictions rest on.
    commit : str or None
        Of its repo.
    """

    members: tuple[BundleMember, ...]
    properties: tuple[str, ...]
    units: dict[str, list[str] | None]
    seen: tuple[frozenset[str], ...] | None
    name: str
    sha256: str
    commit: str | None = None

    @classmethod
    def read(
        cls,
        folder: str | os.PathLike,
        name: str | None = None,
        commit: str | None = None,
        custom_objects: dict[str, Callable] | None = None,
    ) -> StartingPoint:
        """Of a model folder.

        Parameters
        ----------
        folder : path
        name, commit : str, optional
            Of the repo that it came from. A folder is recorded by its name alone: where it lies is nobody's business.
        custom_objects : dict, optional
            As of `polyid.bundle.store.load_bundle`.

        Raises
        ------
        BundleError
            It is no model, or damaged.
        """
        folder = Path(folder)
        contents, members = load_bundle(folder, custom_objects)
        manifest, seen = contents.manifest, None
        # A distilled model was taught on all polymers, whatever its one fold holds out.
        if contents.splits is not None and "data_ids" not in contents.splits and not manifest.get("distilled"):
            held_out = [frozenset(keys) for keys in contents.splits["held_out"].values()]
            if manifest["format_version"] < 4:
                # Units were cut in other places then.
                held_out = [frozenset(polymer_keys(pd.DataFrame({"smiles_monomer": sorted(own)}))) for own in held_out]
            seen = tuple(frozenset().union(*held_out) - own for own in held_out)
        return cls(
            tuple(members),
            tuple(manifest["prediction_columns"]),
            dict(manifest["prediction_units"]),
            seen,
            name or folder.resolve().name,
            sha256(folder / MANIFEST_FILE),
            commit,
        )

    @property
    def architecture(self) -> dict[str, Any]:
        """The parameters that networks which start from this model must have."""
        config, preprocessor = self.members[0].config, self.members[0].preprocessor
        features = feature_set_name(preprocessor.atom_features, preprocessor.bond_features)
        return {
            "atom_features": config.features,
            "bond_features": config.features,
            "mol_features": config.mol_features,
            "num_messages": config.num_messages,
            "explicit_hs": preprocessor.explicit_hs,
            **({"features": features} if features else {}),
        }

    def heads(self, properties: Sequence[str], units: Mapping[str, Any]) -> tuple[str, ...]:
        """The properties whose read-out is taken over: those that both have, unless in different units."""
        both = [name for name in properties if name in self.properties]
        return tuple(
            name for name in both if not units.get(name) or not self.units.get(name) or units[name] == self.units[name]
        )

    def members_for(self, dataset: Dataset, heads: Sequence[str]) -> tuple[list[int], int | None]:
        """Which member each fold starts from, and how many held-out polymers these members were trained on all together.

        It is the member of the same number, unless the two models share a property: then a member that has seen as few as can
        be of the polymers that the fold holds out. What it has seen it may know by heart.
        """
        count = len(self.members)
        numbers = [fold % count for fold in range(len(dataset.folds))]
        if self.seen is None:
            return numbers, None if heads else 0
        if not heads:
            return numbers, 0
        columns = [dataset.properties.index(name) for name in heads]
        labelled = np.isfinite(dataset.labels[:, columns]).any(axis=1)
        total = 0
        for number, fold in enumerate(dataset.folds):
            held_out = {dataset.keys[row] for row in fold.held_out if labelled[row]}
            known = [len(held_out & seen) for seen in self.seen]
            numbers[number] = min(range(count), key=lambda m, n=number, k=known: (k[m], (m - n) % count))  # type: ignore[misc]
            total += known[numbers[number]]
        return numbers, total

    def check(self, fresh: Untrained) -> None:
        """Refuse a model whose networks are of another make than those to be trained.

        Raises
        ------
        TrainingError
            Names the first difference.
        """
        ours, theirs = fresh.network.config, self.members[0]
        for size, words in _SIZES.items():
            mine, other = getattr(ours, size), getattr(theirs.config, size)
            if mine != other:
                raise TrainingError(
                    f"The networks of {self.name} have {other} {words}, and those of this run {mine}: train with the preset "
                    f"and widths of {self.name}, or start from another model."
                )
        if type(fresh.network) is not theirs.network_class:
            raise TrainingError(
                f"The networks of {self.name} are of the class {theirs.network_class.__name__}, and those of this run of "
                f"{type(fresh.network).__name__}: train with the same model builder, or start from another model."
            )
        if fresh.preprocessor.featuriser_key != theirs.preprocessor.featuriser_key:
            mine, other = (", ".join(map(str, p.featuriser_key)) for p in (fresh.preprocessor, theirs.preprocessor))
            raise TrainingError(
                f"{self.name} reads polymers by other features ({other}) than this run ({mine}): train with its preset, or "
                "start from another model."
            )


def begin(
    start: StartingPoint,
    dataset: Dataset,
    preprocessors: Sequence[PolymerPreprocessor],
    build: Callable[[Sequence[PolymerPreprocessor]], list[Untrained]],
    units: Mapping[str, Any],
) -> tuple[list[Untrained], dict[str, Any]]:
    """Members whose networks start from those of another model, and the record of it for `parameters.json`.

    Warns where out-of-fold figures will look better than they are.

    Parameters
    ----------
    start : StartingPoint
    dataset : Dataset
        In its folds.
    preprocessors : sequence of PolymerPreprocessor
        Fitted, one a fold.
    build : callable
        Preprocessors -> members with fresh networks; see `polyid.ensemble.fitting.build_members`.
    units : mapping of str to list or None
        Of the data set's properties.

    Raises
    ------
    TrainingError
        The networks are of another make.
    """
    heads = start.heads(dataset.properties, units)
    numbers, seen = start.members_for(dataset, heads)
    chosen = [start.members[number] for number in numbers]
    fresh = build([grown(own, other.preprocessor) for own, other in zip(preprocessors, chosen, strict=True)])
    start.check(fresh[0])
    for member, other in zip(fresh, chosen, strict=True):
        member.network.set_member_weights([_weights(start, heads, dataset.properties, member, other)])
    kept = [(len(other.weights[_TABLES[0]]), len(other.weights[_TABLES[1]])) for other in chosen]
    members = [replace(member, kept_rows=rows) for member, rows in zip(fresh, kept, strict=True)]
    sizes = [(member.network.config.atom_classes, member.network.config.bond_classes) for member in members]
    record = {
        "model": start.name,
        "commit": start.commit,
        "sha256": start.sha256,
        "members": numbers,
        "heads": list(heads),
        "new_features": [sum(size) - sum(rows) for size, rows in zip(sizes, kept, strict=True)],
        "held_out_seen": seen,
    }
    if heads and seen != 0:
        warnings.warn(
            f"{'An unknown number' if seen is None else seen} of the held-out polymers were training polymers of {start.name}, "
            f"with values of {', '.join(heads)}: out-of-fold errors will look smaller than they are. Divide the same table with the "
            "same folds and seed, or start from a model of other properties.",
            stacklevel=4,
        )
    return members, record


def grown(own: PolymerPreprocessor, other: PolymerPreprocessor) -> PolymerPreprocessor:
    """A preprocessor that numbers features as another does, and behind them those that only it has seen."""
    new = copy.copy(own)
    new.atom_tokenizer = other.atom_tokenizer.extended(own.atom_tokenizer.to_dict())
    new.bond_tokenizer = other.bond_tokenizer.extended(own.bond_tokenizer.to_dict())
    return new


def _weights(
    start: StartingPoint, heads: Sequence[str], properties: Sequence[str], member: Untrained, other: BundleMember
) -> dict[str, np.ndarray]:
    """The other model's weights, with the fresh ones of rows and read-outs that it has not."""
    weights = {name: value.copy() for name, value in member.network.member_weights(0).items()}
    for name, value in other.weights.items():
        if name in _TABLES:
            weights[name][: len(value)] = value
        elif name not in (_READOUT, _BIAS) and name in weights and weights[name].shape == value.shape:
            weights[name] = value
    for name in heads:
        mine, theirs = properties.index(name), start.properties.index(name)
        # The same answer in the units of the property, whatever the two scalers make of them.
        centre, scale = _scaling(member.scaler, mine)
        other_centre, other_scale = _scaling(other.scaler, theirs)
        ratio = other_scale / scale
        weights[_READOUT][:, mine] = other.weights[_READOUT][:, theirs] * ratio
        weights[_BIAS][0, mine] = other.weights[_BIAS][0, theirs] * ratio + (other_centre - centre) / scale
    return weights


def _scaling(scaler: RobustScaler | None, number: int) -> tuple[float, float]:
    """Centre and scale of a property."""
    return (0.0, 1.0) if scaler is None else (float(scaler.center_[number]), float(scaler.scale_[number]))
