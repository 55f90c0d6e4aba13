"""Upstream PolyID's name for the home of `MultiModel` and `SingleModel`."""

from polyid.ensemble import MultiModel, SingleModel

__all__ = ["MultiModel", "SingleModel"]
