"""One trained fold as it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.preprocessing import RobustScaler

from polyid.data.learnt_marks import LearntMarks
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.kernel.regression import KernelMember
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork


@dataclass
class BundleMember:
    """One fold as it is stored.

    Attributes
    ----------
    weights : dict of str to array
        Network weights by name, without a member axis.
    config : NetworkConfig
    preprocessor : PolymerPreprocessor
    scaler : RobustScaler or None
        Of the targets; None if they were not scaled.
    log : list of dict
        One row an epoch.
    model_id : str
    kernel : KernelMember or None
        The kernel regression beside the network.
    network_class : type
        Of the network that the weights are of.
    marks : LearntMarks or None
        Stereo marks that may move a prediction; None of a model of before they were counted.
    distilled : bool
        Whether the network says its own standard deviation and expected error too, see `polyid.uncertainty.stated`.
    """

    weights: dict[str, np.ndarray]
    config: NetworkConfig
    preprocessor: PolymerPreprocessor
    scaler: RobustScaler | None
    log: list[dict[str, float]] = field(default_factory=list)
    model_id: str = "0"
    kernel: KernelMember | None = None
    network_class: type[MessagePassingNetwork] = MessagePassingNetwork
    marks: LearntMarks | None = None
    distilled: bool = False
