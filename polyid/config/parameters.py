"""The parameters of a training run: their names, types and defaults; what a preset sets is in presets.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

from polyid.config.ranges import RANGES, check_number
from polyid.errors import TrainingError

PRESETS: dict[str, dict[str, Any]] = tomllib.loads(files("polyid.config").joinpath("presets.toml").read_text("utf-8"))
"""Parameters by preset, as `presets.toml` lists them."""
PRESET_CARDS: dict[str, str] = {name: preset.pop("card") for name, preset in PRESETS.items()}
"""What each preset is for, in a line."""

DEFAULT_PRESET = "small"

SPLITS = ("stratified", "random", "scaffold")
"""Ways to divide polymers into folds (`polyid.data.splits`), besides ``column:NAME``, folds of the user's own."""
DEFAULT_SPLIT = "stratified"
COLUMN = "column:"
_OPTIONS = {"kfolds": "--folds", "epochs": "--epochs", "seed": "--seed"}
GIVEN_SPLIT = "given"
"""What `splits.json` calls folds that were handed in."""


@dataclass
class Parameters:
    """Parameters of network and training; defaults are upstream's and guarantee no good model.

    Attributes
    ----------
    kfolds, batch_size, epochs : int
        Folds, polymers an update, and passes over the data.
    decay, learning_rate : float
        Decoupled weight decay and peak rate of AdamW.
    atom_features, bond_features, mol_features : int
        Widths of the atom and bond states (one width; `bond_features` is kept for upstream's sake) and of the global state.
    num_messages : int
        Rounds of message passing.
    dropout : float
        Share of bond features dropped before the readout.
    prediction_columns : list of str or None
        Properties to predict.
    schedule, warmup, clip_norm, patience, keep, group, mixed_precision, checkpoint_seconds
        See `polyid.config.settings.TrainingSettings`.
    freeze : str or None
        What stays as it is of the model that training starts from; see `polyid.training.freezing.is_frozen`.
    seed : int or None
        Of weights, order and dropout; None takes that of the folds.
    features : str
        Name of the atom and bond features, of `polyid.graphs.features.FEATURE_SETS`.
    explicit_hs : bool
        Whether hydrogens are atoms of the graph.
    kernel : bool
        Put a kernel regression beside the networks.
    repeats : int
        Divisions of the data into folds.
    preset : str or None
        Name of the preset that the parameters come from.
    num_features : int or None
        Width of `polyid.nn.tacticity.pm_model`; no other network reads it.
    custom : dict
        What a model builder of one's own reads besides.

    Raises
    ------
    TrainingError
        A name is none of these; the message has the nearest.
    """

    kfolds: int = 3
    batch_size: int = 64
    epochs: int = 5
    decay: float = 1e-5
    learning_rate: float = 0.0005
    atom_features: int = 32
    bond_features: int = 32
    mol_features: int = 8
    num_messages: int = 2
    dropout: float = 0.05
    prediction_columns: list[str] | None = None
    schedule: str = "constant"
    warmup: float = 0.0
    clip_norm: float | None = None
    patience: int | None = None
    keep: str = "best"
    seed: int | None = None
    group: int | None = None
    mixed_precision: bool | None = None
    checkpoint_seconds: float = 60.0
    features: str = "v1"
    explicit_hs: bool = True
    kernel: bool = False
    repeats: int = 1
    preset: str | None = None
    num_features: int | None = None
    freeze: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)

    def __new__(cls, *values: Any, **named: Any) -> Parameters:
        # Before the dataclass's own check, whose TypeError names no remedy.
        _refuse_unknown(named)
        return super().__new__(cls)

    @property
    def training_params(self) -> dict[str, list]:
        """The training parameters, each as a list of values to try."""
        return {
            "batch_size": [self.batch_size],
            "kfolds": list(range(self.kfolds)),
            "epochs": [self.epochs],
            "learning_rate": [self.learning_rate],
            "dropout": [self.dropout],
            "decay": [self.decay],
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, param_dict: dict[str, Any]) -> Parameters:
        """The parameters that `to_dict` gave, or some of them and the defaults of the others."""
        return cls(**param_dict)

    def __setattr__(self, name: str, value: Any) -> None:
        _refuse_unknown([name])
        super().__setattr__(name, value)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, value)


def preset(name: str, **changes: Any) -> Parameters:
    """Parameters of a preset, with changes; a change of None leaves the preset's value.

    Raises
    ------
    TrainingError
        There is no such preset or parameter, or a number is out of its range (`polyid.config.ranges`).
    """
    if name not in PRESETS:
        raise TrainingError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    _refuse_unknown(changes)
    changed = {k: check_number(k, v) if k in RANGES else v for k, v in changes.items() if v is not None}
    return Parameters(**{**PRESETS[name], **changed})


def changes_from(words: Iterable[str]) -> dict[str, Any]:
    """Numbers of parameters, each written as ``NAME=VALUE``; atoms and bonds have one width.

    Raises
    ------
    TrainingError
        A word is no such pair, its name no parameter with a number, or the number is out of its range.
    """
    changes: dict[str, Any] = {}
    for word in words:
        name, given, number = (part.strip() for part in word.partition("="))
        _refuse_unknown([name])
        if name not in RANGES or name in _OPTIONS:
            remedy = f"it has the option {_OPTIONS[name]}." if name in _OPTIONS else "it is no number."
            raise TrainingError(f"{name} can't be set so: {remedy}")
        try:
            value: Any = float(number)
        except ValueError:
            value = number
        if not given:
            raise TrainingError(f"{word!r} names no value; write {name}=VALUE.")
        changes[name] = check_number(name, value)
    return changes | ({"bond_features": changes["atom_features"]} if "atom_features" in changes else {})


def split_column(split: str) -> str | None:
    """The column a split takes its folds from; None for the other splits.

    Parameters
    ----------
    split : str
        One of `SPLITS`, or ``column:NAME``.

    Raises
    ------
    TrainingError
        There is no such split.
    """
    if split in SPLITS:
        return None
    name = split.removeprefix(COLUMN).strip()
    if not split.startswith(COLUMN) or not name:
        raise TrainingError(f"There is no split {split!r}; choose {', '.join(SPLITS)} or {COLUMN}NAME.")
    return name


def _refuse_unknown(names: Iterable[str]) -> None:
    """Raise for the first name that is no parameter: a misspelt one would be kept and never read."""
    parameters = [parameter.name for parameter in fields(Parameters)]
    for name in names:
        if name not in parameters:
            near = get_close_matches(name, parameters, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"the parameters are {', '.join(parameters)}."
            raise TrainingError(
                f"There is no parameter {name!r}; {remedy} What only a model builder of your own reads belongs in "
                f"custom={{{name!r}: …}}."
            )


def completed(given: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """All parameters, of the types that a saved model's have.

    Parameters
    ----------
    given : mapping
        Of `Parameters.to_dict`, or some of them.
    seed : int
        Where none is given.
    """
    params = Parameters.from_dict(dict(given)).to_dict()
    params |= {
        name: check_number(name, value) for name, value in params.items() if name in RANGES and value is not None
    }
    switches = {
        name: bool(params[name]) for name in ("kernel", "explicit_hs", "mixed_precision") if params[name] is not None
    }
    return {**params, **switches, "seed": seed if params["seed"] is None else params["seed"]}
