#!/usr/bin/env python
"""Train with a preset under a name, and go on where a session was cut off: a thin call of `polyid train`.

    python scripts/train.py --preset small --run-name small_test -v

The model lies in ``models/RUN_NAME``. The same line given again continues an interrupted run from its last checkpoint.
Whatever `polyid train` takes besides, such as ``--epochs 5``, is handed on.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from polyid.cli.main import main as polyid
from polyid.config.parameters import DEFAULT_PRESET


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `polyid train` and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default=DEFAULT_PRESET)
    parser.add_argument("--run-name", required=True, help="folder of the model, in --models")
    parser.add_argument("--data", default="polymer_properties", help="a table, or the name of a published one")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of models")
    parser.add_argument("-v", "--verbose", action="store_true", help="show progress")
    chosen, more = parser.parse_known_args(arguments)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", chosen.run_name):
        parser.error(f"--run-name is {chosen.run_name!r}; use letters, digits, '_', '-' and '.', such as small_test.")
    output = os.fspath(chosen.models / chosen.run_name)
    words = ["train", chosen.data, "--preset", chosen.preset, "--output", output, "--resume", *more]
    return polyid(words if chosen.verbose else [*words, "--quiet"])


if __name__ == "__main__":
    sys.exit(main())
