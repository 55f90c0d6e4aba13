"""PolyID Spaces: message-passing neural networks that predict polymer properties from SMILES."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["MultiModel", "Parameters", "SingleModel", "__version__"]

if TYPE_CHECKING:
    from polyid.config.parameters import Parameters
    from polyid.ensemble.single_model import SingleModel
    from polyid.hub.pretrained import MultiModel

_HOME = {
    "MultiModel": "polyid.hub.pretrained",
    "SingleModel": "polyid.ensemble.single_model",
    "Parameters": "polyid.config.parameters",
}


def __getattr__(name: str) -> Any:
    # TensorFlow takes seconds to import: it is loaded when a model is first asked for.
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
