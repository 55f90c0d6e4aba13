"""Ensembles of random networks, which need no training and predict with every weight they have."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import RobustScaler

from polyid.bundle.member import BundleMember
from polyid.chemistry.oligomer import to_oligomer
from polyid.graphs.features import FEATURES
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.inference.predictor import EnsemblePredictor
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork

PROPERTIES = ["Glass_Transition", "Density"]
UNITS = {"Glass_Transition": "°C", "Density": "g/cm3"}
UNITS_OF_POLYMERS = [
    "*CC(*)c1ccccc1",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1",
    "*CC*",
    "*C*",
    "*CC(*)(C)C(=O)OC",
    "*C/C=C\\C*",
    "*NCCCCCC(*)=O",
    "*[Si](C)(C)O*",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*CC(*)C(=O)OCCCCCC",
]
MONOMERS = [
    "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
    "OCC(C)O.O=C(O)CCCCC(=O)O",
    "C=Cc1ccccc1.O=C1C=CC(=O)O1",
    "NCCCCCCN.O=C(O)CCCCC(=O)O",
]


def predictor_of(features: str, explicit_hs: bool, members: int = 3, rounds: int = 3) -> EnsemblePredictor:
    """An ensemble of random networks that no weight of is zero."""
    smiles = [to_oligomer(text) for text in UNITS_OF_POLYMERS + MONOMERS]
    made = []
    for member in range(members):
        rng = np.random.default_rng(member)
        preprocessor = PolymerPreprocessor(
            FEATURES[f"atom_features_{features}"], FEATURES[f"bond_features_{features}"], explicit_hs=explicit_hs
        )
        # Members number features differently, as those that trained on different polymers do.
        preprocessor.fit([preprocessor.molecular_graph(s) for s in rng.permutation(smiles)])
        config = NetworkConfig(
            preprocessor.atom_classes, preprocessor.bond_classes, 16, 8, rounds, len(PROPERTIES), dropout=0.05
        )
        network = MessagePassingNetwork(config)
        network.initialise([member])
        weights = {
            name: value + rng.normal(0, 0.1, value.shape).astype(np.float32)
            for name, value in network.member_weights(0).items()
        }
        scaler = RobustScaler().fit(rng.normal([80.0, 1.1], [60.0, 0.1], (40, 2)))
        made.append(BundleMember(weights, config, preprocessor, scaler))
    return EnsemblePredictor(made)
