"""Upstream PolyID's name for the home of the preprocessors."""

from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.preprocessor import PolymerPreprocessor

__all__ = ["PolymerPreprocessor", "atom_features_v1", "bond_features_v1"]
