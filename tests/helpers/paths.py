"""Where the repository, its tests and the published data beside it lie, and the environment of a program in a test."""

import os
from pathlib import Path

import pytest

TOP = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
TESTS = TOP / "tests"
SCRIPTS = TOP / "scripts"
BUNDLED_TABLE = TOP / "data" / "polymer_properties.csv"


def published_file(name: str) -> Path:
    """A file of PolyID's published data; the test is skipped where it does not lie beside the repository."""
    path = TOP.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"the published file {name} is not beside this repository")
    return path


def program_environment(**changes: str) -> dict[str, str]:
    """The environment of a Python program in a test: it imports this clone's package and the tests' helpers."""
    path = os.pathsep.join([str(TOP), str(TESTS)])
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2", **changes}
