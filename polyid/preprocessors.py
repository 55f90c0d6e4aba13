"""Upstream PolyID's name for the home of the preprocessors."""

from polyid.graphs.preprocessor import PolymerPreprocessor

__all__ = ["PolymerPreprocessor"]
