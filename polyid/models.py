"""Upstream PolyID's name for the home of the model builders."""

from polyid.nn.builders import global100

__all__ = ["global100"]
