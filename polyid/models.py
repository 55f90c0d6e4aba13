"""Upstream PolyID's name for the home of the model builders."""

from polyid.nn.builders import global100
from polyid.nn.tacticity import PmNetwork, pm_model

__all__ = ["PmNetwork", "global100", "pm_model"]
