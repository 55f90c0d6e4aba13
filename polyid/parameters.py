"""Upstream PolyID's name for the home of `Parameters`."""

from polyid.config.parameters import Parameters

__all__ = ["Parameters"]
