"""Upstream's `WeightDiscPreprocessor`: a preprocessor of one's own that is fitted to columns of the table, molar masses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.preprocessing import KBinsDiscretizer

from polyid.graphs.preprocessor import PolymerPreprocessor

_COLUMNS = {"mn": "Mn", "mw": "Mw"}


class WeightDiscPreprocessor(PolymerPreprocessor):
    """Sorts number and weight averages of the molar mass (columns ``Mn`` and ``Mw``) into bins, beside what its base gives.

    Bin 0 stands for a mass that is missing, 1 to `n_bins` for those of training, `n_bins` + 2 for a larger one. No network of
    this package or of upstream's reads the bins: they are for one of your own, which is given them by `__call__`.

    Parameters
    ----------
    n_bins : int
    encode, strategy : str
        Of scikit-learn's `KBinsDiscretizer`.
    **kwargs
        Of `PolymerPreprocessor`.
    """

    def __init__(self, n_bins: int = 20, encode: str = "ordinal", strategy: str = "quantile", **kwargs: Any):
        super().__init__(**kwargs)
        self.n_bins, self.encode, self.strategy = n_bins, encode, strategy
        self.mn_kbd, self.mw_kbd = (KBinsDiscretizer(n_bins=n_bins, encode=encode, strategy=strategy) for _ in range(2))

    @property
    def bins(self) -> dict[str, KBinsDiscretizer]:
        """Of both averages, by ``mn`` and ``mw``."""
        return {"mn": self.mn_kbd, "mw": self.mw_kbd}

    def fit_rows(self, rows: pd.DataFrame) -> None:
        for kind, bins in self.bins.items():
            column = _COLUMNS[kind]
            masses = pd.to_numeric(rows[column], errors="coerce") if column in rows else pd.Series(dtype=float)
            masses = masses[np.isfinite(masses)]
            if len(masses):
                with warnings.catch_warnings():
                    # Equal masses make fewer bins than were asked for.
                    warnings.simplefilter("ignore")
                    bins.fit(masses.to_numpy(float).reshape(-1, 1))

    def row_features(self, row: pd.Series | str) -> dict[str, Any]:
        found = {}
        for kind, bins in self.bins.items():
            masses = pd.Series([None if isinstance(row, str) else row.get(_COLUMNS[kind])])
            found[f"{kind}_bin"] = self._bin(bins, float(pd.to_numeric(masses, errors="coerce").astype(float).iloc[0]))
        return found

    def _bin(self, bins: KBinsDiscretizer, mass: float) -> int:
        if not np.isfinite(mass) or not hasattr(bins, "bin_edges_"):
            return 0
        edges = bins.bin_edges_[0]
        if mass > edges[-1]:
            return self.n_bins + 2
        return 1 + int(np.clip(np.searchsorted(edges, mass, side="right") - 1, 0, len(edges) - 2))

    def to_dict(self) -> dict[str, Any]:
        edges = {kind: bins.bin_edges_[0].tolist() for kind, bins in self.bins.items() if hasattr(bins, "bin_edges_")}
        own = {"n_bins": self.n_bins, "encode": self.encode, "strategy": self.strategy, "bin_edges": edges}
        return {**super().to_dict(), **own}

    @classmethod
    def from_dict(cls, state: dict[str, Any], custom_objects: dict[str, Callable] | None = None) -> Self:
        new = super().from_dict(state, custom_objects)
        new.n_bins, new.encode, new.strategy = state["n_bins"], state["encode"], state["strategy"]
        for kind, bins in new.bins.items():
            bins.set_params(n_bins=new.n_bins, encode=new.encode, strategy=new.strategy)
            if kind in state["bin_edges"]:
                edges = np.array(state["bin_edges"][kind], float)
                bins.bin_edges_, bins.n_bins_, bins.n_features_in_ = (
                    np.array([edges], object),
                    np.array([len(edges) - 1]),
                    1,
                )
        return new
