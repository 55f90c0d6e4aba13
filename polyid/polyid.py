"""Upstream PolyID's name for the home of `MultiModel` and `SingleModel`."""

from polyid.ensemble.single_model import SingleModel
from polyid.hub.pretrained import MultiModel

__all__ = ["MultiModel", "SingleModel"]
