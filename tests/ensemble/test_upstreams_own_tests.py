"""Upstream PolyID's own test files, run on this package: those that can be, with the others named and why."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.paths import program_environment

from polyid.chemistry.oligomer import to_oligomer

SHA256 = "8ae47bce22dc71e7843da92c0c393981df25d318798f556d10a3f908f7d92b84"
CANNOT = {
    "test_scaler": "expects figures of a table that upstream's package doesn't have",
    "test_train_singlemodel": "expects the classes of atoms and bonds in the order of that table",
}
"""Tests that need upstream's own table, which lies in its repository alone."""
UNITS = ["*CC(*)c1ccccc1", "*CC(*)C", "*CC(*)(C)C(=O)OC", "*CC(*)Cl", "*CC(*)C#N", "*CC(*)O", "*CC(*)F", "*OC(C)C(=O)*"]


def upstreams_tests(place: Path) -> Path:
    """The test files of the published source, at the hash that was looked at; nothing of it is installed or built."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--no-binary"]
    fetched = subprocess.run([*command, "polyid", "polyid==0.1.2.3", "-d", str(place)], capture_output=True, text=True)
    archive = place / "polyid-0.1.2.3.tar.gz"
    if not archive.is_file():
        pytest.skip(f"polyid 0.1.2.3 can't be fetched from PyPI: {fetched.stderr.strip().splitlines()[-1:]}")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
    with tarfile.open(archive) as opened:
        opened.extractall(place, filter="data")
    return place / "polyid-0.1.2.3" / "tests"


def table() -> pd.DataFrame:
    """Rows in the form of upstream's tables."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "smiles_monomer": unit,
            "pm": pm,
            "polymer": unit,
            "Tg": rng.normal(60, 40),
            "Tm": rng.normal(180, 40),
            "Tg_units": "C",
            "Mn": rng.uniform(1e4, 1e5),
            "Mw": rng.uniform(2e4, 2e5),
            "distribution": "[]",
            "replicate_structure": 0,
            "smiles_polymer": to_oligomer(unit, 4, pm=pm),
            "mechanism": "vinyl",
        }
        for unit in UNITS
        for pm in (0.9, 0.1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_upstreams_own_test_files_import_and_pass(tmp_path):
    tests = upstreams_tests(tmp_path)
    rows = table()
    for name in ("multimodel/polymer_input", "preprocessors/220311_stereo_polymers_DP21_R1"):
        path = tests / "test_data" / f"{name}.csv"
        path.parent.mkdir(parents=True)
        rows.to_csv(path, index=False)
    single = tests / "test_data" / "singlemodel"
    single.mkdir()
    rows.iloc[:12].to_csv(single / "df_train.csv", index=False)
    rows.iloc[12:].to_csv(single / "df_validate.csv", index=False)
    others = " and ".join(f"not {name}" for name in CANNOT)
    words = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "-k", others, str(tests)]
    done = subprocess.run(words, env=program_environment(), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
