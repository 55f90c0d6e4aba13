"""Upstream PolyID's name for the home of the preprocessors."""

from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.molar_mass import WeightDiscPreprocessor
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.tacticity import PmPreprocessor

__all__ = ["PmPreprocessor", "PolymerPreprocessor", "WeightDiscPreprocessor", "atom_features_v1", "bond_features_v1"]
