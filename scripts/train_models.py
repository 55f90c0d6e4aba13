#!/usr/bin/env python
"""Train the published network on every property of the bundled table into ``models/trained_ensemble``.

    python scripts/train_models.py

A thin call of `polyid train`, whose options it takes: 10 folds of 500 epochs are hours on a GPU and days on a CPU, which
`polyid estimate polymer_properties --preset publication` says for this machine. An interrupted run goes on when it is
called again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from polyid.cli.main import main as polyid

OUTPUT = "models/trained_ensemble"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `polyid train` and return its exit status."""
    more = sys.argv[1:] if arguments is None else list(arguments)
    status = polyid(["train", "polymer_properties", "--preset", "publication", "--output", OUTPUT, "--resume", *more])
    if status == 0:
        print(f"Training complete! Models saved to {OUTPUT}/")
    return status


if __name__ == "__main__":
    sys.exit(main())
