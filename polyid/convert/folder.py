"""A folder of upstream PolyID's ensembles, found out, read and written as a model folder of this package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyid.bundle.layout import CARD_FILE
from polyid.bundle.member import BundleMember
from polyid.bundle.store import save_bundle
from polyid.chemistry.oligomer import ChainSettings
from polyid.common.files import sha256
from polyid.convert.hdf5 import read_keras_model
from polyid.convert.network import global100_weights
from polyid.convert.pickled import Pickled, parameters, preprocessor, scaler
from polyid.convert.pickles import MOST_BYTES, read_pickle
from polyid.errors import BundleError
from polyid.graphs.features import feature_set_name
from polyid.report.origins import converted_card

PARAMETERS = "parameters.pk"
_UNKNOWN = "not recorded"
_MOST_FOLDS = 1_000


@dataclass(frozen=True)
class OldFold:
    """The files of one member, relative to the folder.

    Attributes
    ----------
    number : str
        As its files say it.
    weights : str
        Keras model in HDF5.
    data : str or None
        Pickle of everything else, as upstream writes it.
    preprocessor, scaler : str or None
        Pickles of one object each, where there is no `data`.
    """

    number: str
    weights: str
    data: str | None = None
    preprocessor: str | None = None
    scaler: str | None = None

    @property
    def files(self) -> list[str]:
        """All of them."""
        return [name for name in (self.weights, self.data, self.preprocessor, self.scaler) if name is not None]


@dataclass(frozen=True)
class Conversion:
    """What was converted.

    Attributes
    ----------
    folder : Path
        The new model.
    folds : int
    properties : tuple of str
    left_out : tuple of str
        What of the old folder is not in the new one, a sentence each.
    """

    folder: Path
    folds: int
    properties: tuple[str, ...]
    left_out: tuple[str, ...]


def convert(old: str | os.PathLike, new: str | os.PathLike) -> Conversion:
    """Write a model folder with the networks of a folder of upstream PolyID's.

    Parameters
    ----------
    old : path
        With ``model_0/model_0.h5`` and ``model_0/model_0_data.pk`` (or both beside ``parameters.pk``), or with
        ``model_fold_0/model.h5``, ``preprocessor.pk`` and ``scaler.pk``.
    new : path
        Is made, or empty.

    Raises
    ------
    BundleError
        The folder is none of these, or a file of it is damaged, of another kind of network or preprocessor, or asks for what no
        such file holds; one sentence names file and reason. Nothing in the files is ever run.
    """
    old, new = Path(old), Path(new)
    folds = find_folds(old)
    if new.exists() and (not new.is_dir() or any(new.iterdir())):
        raise BundleError(f"{new} is not empty: name a folder that isn't there yet.")
    common = _top(old)
    members, properties, has_rows = [], None, common.has("df_input")
    for fold in folds:
        with _damaged(fold.weights):
            member, own, rows = _member(old, fold, common)
        if properties not in (None, own):
            raise BundleError(
                f"{fold.weights} is of other properties than {folds[0].weights}: these are no one ensemble."
            )
        members.append(member)
        properties, has_rows = own, has_rows or rows
    assert properties is not None, "there is a fold"
    with _damaged(PARAMETERS):
        params = _parameters(common)
    content = _content(
        properties,
        params,
        feature_set_name(members[0].preprocessor.atom_features, members[0].preprocessor.bond_features),
        old.resolve().name,
        {f: sha256(old / f) for f in _files(old, folds)},
    )
    save_bundle(new, members, content, {CARD_FILE: converted_card(content, len(members))})
    left_out = ["Intervals and domain of validity need errors of held-out polymers, which the files don't have."]
    if has_rows:
        left_out = [
            "The training rows in the files are not taken over, and without them there are no intervals and no domain."
        ]
    return Conversion(new, len(members), tuple(properties), tuple(left_out))


def find_folds(folder: Path) -> list[OldFold]:
    """The members of a folder, by number.

    Raises
    ------
    BundleError
        There are none, or one lacks a file.
    """
    if not folder.is_dir():
        raise BundleError(f"There is no folder {str(folder)!r} to convert.")
    found = [fold for path in sorted(folder.iterdir()) if (fold := _fold(folder, path)) is not None]
    if not found:
        raise BundleError(
            f"{str(folder)!r} holds no model of upstream PolyID: there is no model_0/model_0.h5, model_0.h5 or "
            "model_fold_0/model.h5 in it."
        )
    if len(found) > _MOST_FOLDS or len({fold.number for fold in found}) < len(found):
        raise BundleError(f"{str(folder)!r} has two models of one number, or more than {_MOST_FOLDS:,}.")
    for fold in found:
        if missing := [name for name in fold.files if not (folder / name).is_file()]:
            raise BundleError(f"{str(folder)!r} is incomplete: {missing[0]} is missing.")
    return sorted(found, key=lambda fold: (len(fold.number), fold.number))


def _fold(folder: Path, path: Path) -> OldFold | None:
    """The member that a file or folder of the top level stands for."""
    name = path.name
    if (flat := re.fullmatch(r"model_(\w{1,40})\.h5", name)) is not None and path.is_file():
        return OldFold(flat[1], name, f"model_{flat[1]}_data.pk")
    inside = re.fullmatch(r"model_(?:fold_)?(\w{1,40})", name)
    if inside is None or not path.is_dir():
        return None
    if (path / f"{name}.h5").is_file():
        return OldFold(inside[1], f"{name}/{name}.h5", f"{name}/{name}_data.pk")
    if not (path / "model.h5").is_file():
        return None
    scalers = [one for one in ("scaler.pk", "data_scaler.pk") if (path / one).is_file()]
    return OldFold(
        inside[1], f"{name}/model.h5", None, f"{name}/preprocessor.pk", f"{name}/{scalers[0]}" if scalers else None
    )


def _files(old: Path, folds: Sequence[OldFold]) -> list[str]:
    top = [PARAMETERS] if (old / PARAMETERS).is_file() else []
    return [*top, *(name for fold in folds for name in fold.files)]


def _pickled(old: Path, name: str) -> Pickled:
    path = old / name
    if path.stat().st_size > MOST_BYTES:
        raise BundleError(f"{name} can't be read: it has more than {MOST_BYTES:,} bytes.")
    return Pickled(read_pickle(path.read_bytes(), name), name)


def _top(old: Path) -> Pickled:
    """Content of `parameters.pk`; nothing where there is none."""
    return _pickled(old, PARAMETERS) if (old / PARAMETERS).is_file() else Pickled({}, PARAMETERS)


@contextmanager
def _damaged(file: str) -> Iterator[None]:
    """Whatever a damaged file leads to, as a BundleError."""
    try:
        yield
    except BundleError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise BundleError(f"{file} can't be converted: it, or what belongs to it, is damaged.") from error


def _parameters(pickled: Pickled) -> dict[str, Any]:
    return parameters(pickled.entry("parameters")) if pickled.has("parameters") else {}


def _member(old: Path, fold: OldFold, common: Pickled) -> tuple[BundleMember, list[str], bool]:
    """A member, its properties, and whether its files hold training rows."""
    own = common if fold.data is None else _pickled(old, fold.data)
    named = own if own.has("prediction_columns") else common
    properties = named.entry("prediction_columns").names()
    if fold.data is None:
        assert fold.preprocessor is not None
        reading = preprocessor(_pickled(old, fold.preprocessor))
        scaling = None if fold.scaler is None else scaler(_pickled(old, fold.scaler), len(properties))
    else:
        reading = preprocessor(own.entry("preprocessor"))
        scaling = scaler(own.entry("data_scaler"), len(properties)) if own.has("data_scaler") else None
    dropout = float(_parameters(own if own.has("parameters") else common).get("dropout", 0.0))
    model = read_keras_model(old / fold.weights, fold.weights)
    weights, config = global100_weights(model, properties, dropout if 0.0 <= dropout < 1.0 else 0.0)
    if (config.atom_classes, config.bond_classes) != (reading.atom_classes, reading.bond_classes):
        raise BundleError(
            f"{fold.weights} has embeddings of {config.atom_classes} atom and {config.bond_classes} bond classes, and its "
            f"preprocessor {reading.atom_classes} and {reading.bond_classes}: they are not of one model."
        )
    member = BundleMember(weights, config, reading, scaling, [], fold.number)
    return member, properties, own.has("df_train") or own.has("df_validate")


def _content(
    properties: list[str], params: dict[str, Any], features: str | None, name: str, files: dict[str, str]
) -> dict[str, Any]:
    """What `parameters.json` says of a converted model: what the old files don't say is said to be unknown."""
    chain = ChainSettings()
    return {
        "prediction_columns": properties,
        "prediction_units": dict.fromkeys(properties),
        "parameters": {**params, "features": features, "kernel": False},
        "chain": {"degree_of_polymerisation": chain.degree_of_polymerisation, "seed": chain.seed},
        "data": {"rows": 0, "polymers": 0, "labels": dict.fromkeys(properties, 0)},
        "training": {
            "started": _UNKNOWN,
            "finished": _UNKNOWN,
            "seconds": 0.0,
            "hardware": _UNKNOWN,
            "seed": 0,
            "padding_waste": 0.0,
            "folds_together": 1,
        },
        "converted": {"folder": name, "files": files},
    }
