"""What differs between two versions of a model: data, settings and how wrong they are, by what their folders say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyid.bundle.layout import METRICS_FILE
from polyid.bundle.manifest import read_manifest
from polyid.common.files import read_json
from polyid.common.text import listed
from polyid.data.properties import property_label

_OF_DATA = {"source": "Table", "sha256": "SHA-256 of the table", "rows": "Rows", "polymers": "Polymers"}
_SHOWN_FIGURES = ("n", "MAE", "R2", "coverage")


@dataclass(frozen=True)
class FigureChange:
    """Out-of-fold figures of a property in both versions: number of values, mean absolute error, R² and coverage of the intervals.

    Each is None where a version does not have the property, or the figure.
    """

    name: str
    label: str
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]


@dataclass(frozen=True)
class Changes:
    """What differs between two versions.

    Attributes
    ----------
    settings : list of (str, str, str)
        What it is, and what it was in the earlier and is in the later version; ``-`` where it is not there.
    figures : list of FigureChange
        Of every property of either.
    """

    settings: list[tuple[str, str, str]]
    figures: list[FigureChange]


def changes_between(before: Path, after: Path) -> Changes:
    """Compare two model folders.

    Raises
    ------
    BundleError
        One holds no model.
    """
    manifests = [read_manifest(folder) for folder in (before, after)]
    said = [_said(manifest) for manifest in manifests]
    names = dict.fromkeys([*said[0], *said[1]])
    settings = [(name, said[0].get(name, "-"), said[1].get(name, "-")) for name in names]
    figures = [_figures(folder) for folder in (before, after)]
    properties = dict.fromkeys([*manifests[0]["prediction_columns"], *manifests[1]["prediction_columns"]])
    return Changes(
        [row for row in settings if row[1] != row[2]],
        [FigureChange(name, property_label(name), *(_shown(own.get(name)) for own in figures)) for name in properties],
    )


def _said(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What a version was made of and how, in words by what it is."""
    training, data = manifest["training"], manifest["data"]
    said = {"Trained": training["finished"], "Properties": listed(manifest["prediction_columns"])}
    said |= {title: _in_words(data[name]) for name, title in _OF_DATA.items() if data.get(name) is not None}
    said |= {"Folds": str(manifest["folds"]), "Hardware": training["hardware"]}
    return said | {f"Parameter {name}": _in_words(value) for name, value in manifest["parameters"].items()}


def _in_words(value: Any) -> str:
    # A hash is told by its beginning.
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)


def _figures(folder: Path) -> dict[str, dict[str, float | None]]:
    path = folder / METRICS_FILE
    return read_json(path)["out_of_fold"] if path.is_file() else {}


def _shown(figures: Mapping[str, float | None] | None) -> dict[str, float | None]:
    return {name: (figures or {}).get(name) for name in _SHOWN_FIGURES}
