"""Upstream's `PmPreprocessor`: a preprocessor of one's own that gives a number of the whole polymer beside its graph."""

from __future__ import annotations

from dataclasses import replace

from rdkit import Chem

from polyid.chemistry.tacticity import meso_share
from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.preprocessor import PolymerPreprocessor


class PmPreprocessor(PolymerPreprocessor):
    """Gives the share of meso dyads of a chain as its number: 0.5 where nothing is marked.

    Upstream's reads it from a column ``pm``. Here a chain is drawn by that column, or by ``--pm``, and the share is read off the
    chain, so that tables, pages and commands need nothing new.
    """

    def molecular_graph(self, smiles: str) -> MolecularGraph:
        share = meso_share(Chem.MolFromSmiles(smiles))
        return replace(super().molecular_graph(smiles), numbers=(0.5 if share is None else share,))
