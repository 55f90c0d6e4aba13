"""Models of every format version ever written are read, and predict what the code that trained them predicted."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from helpers.paths import TESTS, TOP

from polyid import MultiModel
from polyid.bundle.layout import FORMAT_VERSION
from polyid.bundle.manifest import read_manifest

KEPT = sorted((TESTS / "fixtures" / "bundles").iterdir())


@pytest.mark.parametrize("kept", KEPT, ids=lambda folder: folder.name)
def test_a_kept_model_predicts_what_it_did(kept):
    before = pd.read_csv(kept / "predictions.csv")
    now = MultiModel.load_models(kept / "model").predict_smiles(before["smiles"].tolist())
    columns = [column for column in before if re.search(r"_pred_(mean|std|lower|upper)$", column)]
    assert len(columns) >= 4
    np.testing.assert_allclose(now[columns].to_numpy(float), before[columns], rtol=1e-5, atol=1e-6)


def test_every_version_is_kept_and_described():
    kept = {json.loads((folder / "model/parameters.json").read_text("utf-8"))["format_version"] for folder in KEPT}
    assert kept >= set(range(1, FORMAT_VERSION))
    changes = (TOP / "polyid" / "bundle" / "CHANGES.md").read_text(encoding="utf-8")
    described = [int(number) for number in re.findall(r"^\| (\d+) \|", changes, re.MULTILINE)]
    assert described == list(range(FORMAT_VERSION, 0, -1))


def test_models_before_version_3_drew_their_chains_with_seed_0():
    for folder in KEPT:
        if folder.name[:2] in ("v1", "v2"):
            assert read_manifest(folder / "model")["chain"] == {"degree_of_polymerisation": 18, "seed": 0}
