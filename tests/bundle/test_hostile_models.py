"""Model folders from strangers: refused in one line that names the file, or they decide the very same numbers."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from helpers.hostile_models import GOOD, variants

from polyid.bundle.contents import ModelContents, read_contents
from polyid.bundle.domain_codec import domain_to_files
from polyid.bundle.kernel_codec import kernel_to_file
from polyid.errors import BundleError

VARIANTS = variants()
SLOW = 2.0


def deciding(contents: ModelContents) -> list[Any]:
    """All that a prediction is made of."""
    assert contents.kernels is not None and contents.calibration is not None and contents.domain is not None
    named = [contents.manifest[key] for key in ("prediction_columns", "prediction_units", "model_ids", "chain")]
    folds = [
        [
            sorted((name, array.dtype.str, array.shape, array.tobytes()) for name, array in fold.weights.items()),
            {**fold.config.to_dict(), "dropout": None},
            fold.network_class,
            fold.preprocessor.model_dump(),
            fold.scaler.model_dump(),
        ]
        for fold in contents.folds.values()
    ]
    files = [kernel_to_file(contents.kernels), domain_to_files(contents.domain), contents.calibration.to_dict()]
    files.append(contents.splits)
    return [*named, *folds, *files]


@pytest.fixture(scope="module")
def good() -> list[Any]:
    return deciding(read_contents(GOOD))


def test_there_are_many_and_no_two_alike():
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS) >= 380


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_hostile_folder_is_refused_in_one_line_or_says_the_same(variant, good, tmp_path):
    folder = variant.make(tmp_path / "model")
    begin = time.process_time()
    try:
        contents = read_contents(folder)
    except BundleError as error:
        sentence = str(error)
        assert "\n" not in sentence and len(sentence) < 600
        assert sentence.isprintable() and re.search(r"\.(json|csv|safetensors)|model_fold_\d", sentence)
    else:
        assert variant.may_be_accepted and deciding(contents) == good
    assert time.process_time() - begin < SLOW
