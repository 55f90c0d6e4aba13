"""The package m2p, which polymerises monomers by reaction templates, made reproducible and safe for threads."""

from __future__ import annotations

import random
import threading
from functools import lru_cache

import numpy as np
from rdkit import Chem

from polyid.chemistry.chain import canonical
from polyid.common.text import shorten
from polyid.errors import PolymerError

_M2P_LOCK = threading.Lock()
_M2P_ATTEMPTS = 5


@lru_cache(maxsize=4096)
def polymerise_with_m2p(monomers: tuple[str, ...], degree: int, mechanism: str, seed: int) -> str:
    """Polymerise with m2p, made reproducible; it draws from the global generators, which are put back."""
    # Imported here: m2p takes casadi and pandas along.
    from m2p import PolyMaker

    with _M2P_LOCK:
        python_state, numpy_state = random.getstate(), np.random.get_state()
        try:
            # A chain that m2p starts at the wrong end may come to a dead end, which another draw avoids.
            for attempt in range(_M2P_ATTEMPTS):
                random.seed(seed + attempt)
                np.random.seed((seed + attempt) % 2**32)
                table = PolyMaker().thermoplastic(monomers, DP=degree, mechanism=mechanism, verbose=False)
                result = table["smiles_polymer"].iloc[0]
                if not result.startswith("ERROR"):
                    return canonical(Chem.MolFromSmiles(result))
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
    raise PolymerError(
        f"m2p could not polymerise {shorten('.'.join(monomers))} by the mechanism {mechanism}; "
        "write the repeat unit with two attachment points instead."
    )
