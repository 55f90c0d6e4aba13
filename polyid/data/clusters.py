"""Clusters of similar repeat units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from polyid.chemistry.arrays.counts import local_counts
from polyid.chemistry.composition import FRAGMENTS
from polyid.chemistry.copolymer_reading import weighted_chains
from polyid.chemistry.polymer import Polymer
from polyid.data.keys import polymer_keys
from polyid.errors import TrainingError

SIMILARITY = 0.6
"""Least similarity to the centre of a cluster of repeat units; with it, polyamides part from polyesters."""
_BITS, _BLOCK = 2048, 512
_RADIUS_2 = FRAGMENTS.index("Morgan, radius 2")


def repeat_unit_clusters(data: pd.DataFrame) -> pd.Series:
    """Cluster each row's polymer by the similarity of repeat units.

    Polymers are compared by the shares of their oligomers' circular fragments (Morgan, radius 2): the oligomer shows
    the bond between two units too, and is the same in whichever form a polymer was written. The similarity of two
    polymers is the Bhattacharyya coefficient of these shares, from 0 to 1. Clusters are found by the algorithm of
    Butina, J. Chem. Inf. Comput. Sci. 39, 747 (1999), with `SIMILARITY` to the centre; the order of rows doesn't
    matter.

    Parameters
    ----------
    data : pandas.DataFrame
        With ``smiles_polymer``, an oligomer by its SMILES or its `polyid.chemistry.polymer.Polymer.key`.

    Returns
    -------
    pandas.Series of int
        Of `data`'s index; 0 is the cluster whose centre has most neighbours.

    Raises
    ------
    TrainingError
        There are no structures to compare.
    """
    if "smiles_polymer" not in data:
        raise TrainingError(
            "The table has no structures to find similar repeat units by; add a column of SMILES, or choose another "
            "split."
        )
    chain = pd.Series(data["smiles_polymer"].to_numpy(), polymer_keys(data)).groupby(level=0).min().sort_index()
    shares = np.sqrt(_fragment_shares(chain))
    neighbours = np.concatenate(
        [(shares[i : i + _BLOCK] @ shares.T >= SIMILARITY).sum(1) for i in range(0, len(shares), _BLOCK)]
    )
    cluster = np.full(len(chain), -1)
    count = 0
    for centre in np.argsort(-neighbours, kind="stable"):
        if cluster[centre] < 0:
            near = shares @ shares[centre] >= SIMILARITY
            near[centre] = True
            cluster[near & (cluster < 0)] = count
            count += 1
    by_polymer = dict(zip(chain.index, cluster.tolist(), strict=True))
    return pd.Series([by_polymer[key] for key in polymer_keys(data)], data.index)


def _fragment_shares(chain: pd.Series) -> np.ndarray:
    """Share of each circular fragment in each oligomer, float32 (n, bits)."""
    generator = GetMorganGenerator(radius=2, fpSize=_BITS)
    shares = np.empty((len(chain), _BITS), np.float32)
    for place, (key, smiles) in enumerate(chain.items()):
        counts = np.zeros(_BITS)
        for chain_smiles, weight in weighted_chains(str(smiles)):
            polymer = Polymer.read(chain_smiles)
            if polymer.is_regular:
                hashes, times = local_counts([polymer])[0].fragments[_RADIUS_2]
                counts += np.bincount(hashes % _BITS, times, _BITS)
                continue
            molecule = Chem.MolFromSmiles(chain_smiles)
            if molecule is None:
                raise TrainingError(
                    f"The oligomer {smiles} of {key} can't be read; correct it, or choose another split."
                )
            counts += weight * generator.GetCountFingerprintAsNumPy(molecule)
        shares[place] = counts / max(counts.sum(), 1)
    return shares
