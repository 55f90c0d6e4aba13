"""Entries of ``parameters.json`` about other models: the one whose networks training began with, and the one it was converted from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from polyid.bundle.strict import Strict

_Numbers = Annotated[list[Annotated[int, Field(ge=0)]], Field(fail_fast=True, max_length=10_000)]


class InitFrom(Strict):
    """Entry ``init_from``, of `polyid.ensemble.starting_point.begin`.

    Attributes
    ----------
    model : str
        Name of its folder, or its repo.
    commit : str or None
        Of the repo.
    sha256 : str
        Of its ``parameters.json``.
    members : list of int
        Which of its members each fold began with.
    heads : list of str
        Properties whose read-out was taken over.
    new_features : list of int
        Rows of the embeddings that each fold added.
    held_out_seen : int or None
        Held-out polymers that these members were trained on with values of the same properties; None if not known.
    """

    model: Annotated[str, Field(min_length=1, max_length=1_000)]
    commit: str | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    members: _Numbers
    heads: Annotated[list[str], Field(fail_fast=True, max_length=1_000)]
    new_features: _Numbers
    held_out_seen: Annotated[int, Field(ge=0)] | None


class Converted(Strict):
    """Entry ``converted`` of a model that upstream PolyID trained; it has neither calibration nor domain.

    Attributes
    ----------
    folder : str
        Name of the folder that it was converted from.
    files : dict of str to str
        SHA-256 of each of its files.
    """

    folder: str
    files: Annotated[dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]], Field(max_length=10_000)]
