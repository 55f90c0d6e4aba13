"""Scaler and training log as JSON and CSV."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import RobustScaler

from polyid.errors import BundleError


def scaler_to_dict(scaler: RobustScaler | None) -> dict[str, Any]:
    if scaler is None:
        return {"scaler": None}
    if not isinstance(scaler, RobustScaler):
        raise BundleError(f"A {type(scaler).__name__} can't be stored; use scikit-learn's RobustScaler or none.")
    return {"scaler": "RobustScaler", "center": scaler.center_.tolist(), "scale": scaler.scale_.tolist()}


def scaler_from_dict(state: dict[str, Any]) -> RobustScaler | None:
    if state["scaler"] is None:
        return None
    if state["scaler"] != "RobustScaler":
        raise BundleError(
            f"The model's scaler {state['scaler']!r} is not one this version reads (RobustScaler or none)."
        )
    scaler = RobustScaler()
    scaler.center_ = np.array(state["center"], float)
    scaler.scale_ = np.array(state["scale"], float)
    scaler.n_features_in_ = len(scaler.center_)
    return scaler


def log_to_csv(log: list[dict[str, float]]) -> str:
    if not log:
        return ""
    lines = [",".join(log[0])]
    lines += [",".join(repr(v) for v in row.values()) for row in log]
    return "\n".join(lines) + "\n"


def log_from_csv(text: str) -> list[dict[str, float]]:
    header, *lines = text.splitlines() or [""]
    names = header.split(",")
    return [
        {name: int(v) if name == "epoch" else float(v) for name, v in zip(names, line.split(","), strict=True)}
        for line in lines
    ]
