"""Upstream PolyID's name for the home of `MultiModel` and `SingleModel`."""

from polyid.ensemble.multi_model import MultiModel
from polyid.ensemble.single_model import SingleModel

__all__ = ["MultiModel", "SingleModel"]
