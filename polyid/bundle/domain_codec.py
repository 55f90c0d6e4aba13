"""The domain of validity as files: arrays as safetensors, all else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from polyid.bundle.layout import DOMAIN_FILES
from polyid.chemistry.fragments import KnownFragments
from polyid.errors import BundleError
from polyid.uncertainty.domain.distances import MemberSpaces
from polyid.uncertainty.domain.domain import ShownPolymers, TrainingDomain
from polyid.uncertainty.domain.thresholds import Thresholds

_FORMAT, _VERSION = "polyid-domain", 1
_ARRAYS, _JSON = DOMAIN_FILES


def domain_to_files(domain: TrainingDomain) -> dict[str, bytes]:
    """The whole domain as files by name."""
    arrays = {
        "fragments": domain.training_fragments.fragments.astype(np.uint32),
        "references": domain.spaces.references.astype(np.float16),
        "trained": domain.spaces.trained.astype(np.uint8),
        "mean": domain.spaces.mean,
        "deviation": domain.spaces.deviation,
        "usual": domain.spaces.usual,
    }
    content = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "thresholds": vars(domain.thresholds),
        "elements": sorted(domain.training_fragments.elements),
        "calibration": domain.calibration,
        "polymers": vars(domain.polymers),
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        _ARRAYS: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
        _JSON: (text + "\n").encode(),
    }


def domain_from_files(files: Mapping[str, bytes]) -> TrainingDomain:
    """The domain that `domain_to_files` wrote.

    Raises
    ------
    BundleError
        A file is missing, damaged, or of another format.
    """
    try:
        content, arrays = json.loads(files[_JSON]), load(files[_ARRAYS])
    except KeyError as error:
        raise BundleError(f"The model has no {error.args[0]}; its domain of validity can't be assessed.") from None
    except (SafetensorError, ValueError) as error:
        raise _damaged(error) from None
    if not isinstance(content, dict) or (content.get("format"), content.get("format_version")) != (_FORMAT, _VERSION):
        raise BundleError("The model's domain.json is of another format; install the polyid-spaces it was made with.")
    try:
        spaces = _spaces(arrays)
        polymers = ShownPolymers(**content["polymers"])
        columns: list[list] = [polymers.smiles, *polymers.values.values()]
        columns += [] if polymers.names is None else [polymers.names]
        if any(len(column) != spaces.references.shape[1] for column in columns):
            raise ValueError("polymers and fingerprints don't fit together")
        return TrainingDomain(
            KnownFragments(arrays["fragments"].astype(np.int64), frozenset(content["elements"])),
            spaces,
            polymers,
            Thresholds(**content["thresholds"]),
            content["calibration"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(error) from None


def _spaces(arrays: dict[str, Any]) -> MemberSpaces:
    """Raises a ValueError where the arrays don't fit together."""
    members, references, features = arrays["references"].shape
    shapes = {
        "trained": (members, references),
        "mean": (members, features),
        "deviation": (members, features),
        "usual": (members,),
    }
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("arrays don't fit together")
    trained = arrays["trained"].astype(bool)
    return MemberSpaces(arrays["references"], trained, arrays["mean"], arrays["deviation"], arrays["usual"])


def _damaged(error: Exception) -> BundleError:
    return BundleError(f"The model's domain files are damaged ({error}); download the model again.")
