"""The kernel regressions of an ensemble as a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from safetensors.numpy import save

from polyid.bundle.layout import KERNEL_FILE
from polyid.bundle.tensors import read_arrays
from polyid.chemistry.composition import DESCRIPTORS, GENERATORS
from polyid.common.arrays import check_arrays
from polyid.errors import BundleError
from polyid.kernel.regression import KERNEL_ARRAYS, KernelMember, members_from_arrays, members_to_arrays


def kernel_to_file(members: Sequence[KernelMember]) -> bytes:
    """The regressions of all members, with the polymers they compare with."""
    return save({name: np.ascontiguousarray(array) for name, array in members_to_arrays(members).items()})


def kernel_from_file(content: bytes, members: int, properties: int) -> list[KernelMember]:
    """The regressions that `kernel_to_file` wrote.

    Parameters
    ----------
    content : bytes
    members, properties : int
        How many the model has.

    Raises
    ------
    BundleError
        They are damaged, or of another model.
    """
    arrays, _ = read_arrays(content, KERNEL_FILE)
    # Before version 5 there was no linear part.
    arrays.setdefault("trend", np.zeros((members, properties)))
    check_arrays(arrays, KERNEL_ARRAYS, {"M": members, "P": properties}, KERNEL_FILE)
    descriptors = len(arrays["centre"])
    # The first models lack the last descriptor.
    if descriptors not in (DESCRIPTORS - 1, DESCRIPTORS):
        raise BundleError.damaged(KERNEL_FILE, f"its polymers have {descriptors} descriptors, not {DESCRIPTORS}")
    for number in range(len(GENERATORS)):
        total, stored = int(arrays[f"lengths_{number}"].sum(dtype=np.int64)), len(arrays[f"keys_{number}"])
        if total != stored:
            raise BundleError.damaged(KERNEL_FILE, f"its array 'lengths_{number}' adds up to {total}, not {stored}")
    if (np.isnan(arrays["labels"]) & (arrays["coefficients"] != 0.0).any(axis=0)).any():
        raise BundleError.damaged(KERNEL_FILE, "its array 'labels' lacks a value that a member was trained on")
    return members_from_arrays(arrays)
