"""The domain of validity as files: arrays as safetensors, all else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from safetensors.numpy import save

from polyid.bundle.layout import DOMAIN_ARRAYS_FILE, DOMAIN_FILE
from polyid.bundle.schema import DOMAIN_FORMAT, DOMAIN_VERSION, Domain
from polyid.bundle.strict import read_checked_json
from polyid.bundle.tensors import read_arrays
from polyid.chemistry.fragments import KnownFragments
from polyid.common.arrays import POSITIVE, ArrayRule, check_arrays
from polyid.errors import BundleError
from polyid.uncertainty.domain.distances import MemberSpaces
from polyid.uncertainty.domain.domain import ShownPolymers, TrainingDomain
from polyid.uncertainty.domain.thresholds import Thresholds

_ARRAYS = {
    "fragments": ArrayRule("uint32", ("K",)),
    # Of a polymer that a member did not train on, and is never compared with there, features may overflow.
    "references": ArrayRule("float16", ("M", "R", "F"), infinite=True),
    "trained": ArrayRule("uint8", ("M", "R"), 0, 1),
    "mean": ArrayRule("float32", ("M", "F")),
    "deviation": ArrayRule("float32", ("M", "F"), POSITIVE),
    "usual": ArrayRule("float32", ("M",), POSITIVE),
}


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
        "format": DOMAIN_FORMAT,
        "format_version": DOMAIN_VERSION,
        "thresholds": vars(domain.thresholds),
        "elements": sorted(domain.training_fragments.elements),
        "calibration": domain.calibration,
        "polymers": vars(domain.polymers),
        "usual_novelty": domain.usual_novelty,
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        DOMAIN_ARRAYS_FILE: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
        DOMAIN_FILE: (text + "\n").encode(),
    }


def domain_from_files(
    files: Mapping[str, bytes], lengths: Mapping[str, int], properties: Sequence[str]
) -> TrainingDomain:
    """The domain that `domain_to_files` wrote.

    Parameters
    ----------
    files : mapping of str to bytes
    lengths : mapping of str to int
        Members ``M`` and features ``F`` of the model.
    properties : sequence of str
        Those that training polymers are shown with.

    Raises
    ------
    BundleError
        A file is missing, damaged, of another format or of another model.
    """
    for name in (DOMAIN_FILE, DOMAIN_ARRAYS_FILE):
        if name not in files:
            raise BundleError(f"The model has no {name}; its domain of validity can't be assessed: download it again.")
    stored = read_checked_json(Domain, files[DOMAIN_FILE], DOMAIN_FILE)
    arrays, _ = read_arrays(files[DOMAIN_ARRAYS_FILE], DOMAIN_ARRAYS_FILE)
    polymers = stored.polymers
    check_arrays(arrays, _ARRAYS, {**lengths, "R": len(polymers.smiles)}, DOMAIN_ARRAYS_FILE)
    if list(polymers.values) != list(properties):
        raise BundleError.damaged(DOMAIN_FILE, "polymers.values are of other properties than the model's")
    fragments, trained = arrays["fragments"].astype(np.int64), arrays["trained"].astype(bool)
    if (np.diff(fragments) <= 0).any():
        raise BundleError.damaged(DOMAIN_ARRAYS_FILE, "its array 'fragments' does not ascend")
    if not np.isfinite(arrays["references"][trained]).all():
        raise BundleError.damaged(DOMAIN_ARRAYS_FILE, "its array 'references' has infinite values")
    return TrainingDomain(
        KnownFragments(fragments, frozenset(stored.elements)),
        MemberSpaces(arrays["references"], trained, arrays["mean"], arrays["deviation"], arrays["usual"]),
        ShownPolymers(**polymers.model_dump()),
        Thresholds(**stored.thresholds.model_dump()),
        stored.calibration.model_dump(exclude_unset=True),
        stored.usual_novelty,
    )
