"""Training parameters, as upstream PolyID names them, and the presets that set them."""

from __future__ import annotations

from typing import Any

from polyid.errors import TrainingError

PRESETS: dict[str, dict[str, Any]] = {
    "small": {
        "kfolds": 5,
        "epochs": 60,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "decay": 1e-4,
        "atom_features": 64,
        "bond_features": 64,
        "mol_features": 8,
        "num_messages": 4,
        "dropout": 0.05,
        "schedule": "cosine",
        "warmup": 0.02,
        "clip_norm": 1.0,
        "keep": "last",
        "features": "stereo",
        "explicit_hs": False,
        "kernel": True,
    },
    "accurate": {
        "kfolds": 10,
        "epochs": 120,
        "batch_size": 16,
        "learning_rate": 5e-4,
        "decay": 1e-4,
        "atom_features": 64,
        "bond_features": 64,
        "mol_features": 8,
        "num_messages": 4,
        "dropout": 0.05,
        "schedule": "cosine",
        "warmup": 0.02,
        "clip_norm": 1.0,
        "keep": "last",
        "features": "stereo",
        "explicit_hs": False,
        "kernel": True,
    },
    "publication": {
        "kfolds": 10,
        "epochs": 500,
        "batch_size": 1,
        "learning_rate": 1e-4,
        "decay": 1e-5,
        "atom_features": 128,
        "bond_features": 128,
        "mol_features": 8,
        "num_messages": 12,
        "dropout": 0.05,
        "schedule": "constant",
        "warmup": 0.0,
        "clip_norm": None,
        "keep": "best",
        "features": "v1",
        "explicit_hs": True,
    },
}
"""Parameters by preset: `small` for a quick start on any machine, `accurate` for the best predictions that an hour on two CPU
cores gives on a thousand polymers, `publication` as Wilson et al. trained PolyID (doi:10.1021/acs.macromol.3c00994)."""

SPLITS = ("stratified", "random", "scaffold")
"""Ways to divide polymers into folds (`polyid.data.splits`), besides ``column:NAME``, folds of the user's own."""
DEFAULT_SPLIT = "stratified"
COLUMN = "column:"


class Parameters:
    """Parameters of network and training; defaults are upstream's and guarantee no good model.

    Parameters
    ----------
    kfolds, batch_size, epochs : int
        Folds, polymers an update, and passes over the data.
    decay, learning_rate : float
        Weight decay and rate of AdamW.
    atom_features, bond_features, mol_features : int
        Widths of the atom and bond states (one width; `bond_features` is kept for upstream's sake) and of the global state.
    num_messages : int
        Rounds of message passing.
    dropout : float
        Share of bond features dropped before the readout.
    prediction_columns : list of str, optional
    **kwargs
        Anything else that `polyid.config.settings.TrainingSettings` knows, such as `schedule`, `patience`, `seed`; `kernel`, whether
        a kernel regression is put beside the networks; `repeats`, how often the data is divided into folds. Unknown names
        are kept and not used.
    """

    def __init__(
        self,
        kfolds: int = 3,
        batch_size: int = 64,
        epochs: int = 5,
        decay: float = 1e-5,
        learning_rate: float = 0.0005,
        atom_features: int = 32,
        bond_features: int = 32,
        mol_features: int = 8,
        num_messages: int = 2,
        dropout: float = 0.05,
        prediction_columns: list[str] | None = None,
        **kwargs: Any,
    ):
        self.kfolds = kfolds
        self.prediction_columns = prediction_columns
        self.atom_features = atom_features
        self.mol_features = mol_features
        self.num_messages = num_messages
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.decay = decay
        self.bond_features = bond_features
        for key, value in kwargs.items():
            self[key] = value

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
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, param_dict: dict[str, Any]) -> Parameters:
        """The parameters that `to_dict` gave."""
        return cls(**param_dict)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, value)


def preset(name: str, **changes: Any) -> Parameters:
    """Parameters of a preset, with changes; a change of None leaves the preset's value."""
    if name not in PRESETS:
        raise TrainingError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    return Parameters(**{**PRESETS[name], **{k: v for k, v in changes.items() if v is not None}})
