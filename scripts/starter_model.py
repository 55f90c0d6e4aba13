"""Trains the starter model that comes with the package: python scripts/starter_model.py

It answers where no other model is named, until there is a better one. Trained on `data/polymer_properties.csv` (CC BY 4.0), which
nobody else's data is in. On one core it takes minutes; the same command on the same versions makes the same predictions.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from polyid.bundle.layout import CARD_FILE, METRICS_FILE, REPORT_FOLDER, STARTER
from polyid.bundle.manifest import check_model_folder
from polyid.common.files import read_json, write_text
from polyid.config.parameters import PRESETS
from polyid.report.card import model_card

TABLE = TOP / "data" / "polymer_properties.csv"
MOST_BYTES = 3_000_000
SIZES = {"kfolds": 3, "atom_features": 40, "bond_features": 40}
"""What of the preset `small` is smaller still, for the sake of the package's size."""


def train(folder: Path, epochs: int | None) -> None:
    """Train the starter model into a folder, which holds nothing else afterwards; without pictures, which are the larger part."""
    from polyid.ensemble.workflow import train_ensemble

    PRESETS["starter"] = {**PRESETS["small"], **SIZES}
    ensemble = train_ensemble(TABLE, folder, preset="starter", epochs=epochs, verbose=True)
    shutil.rmtree(folder / REPORT_FOLDER)
    card = model_card(ensemble.metadata, read_json(folder / METRICS_FILE), len(ensemble.models))
    write_text(folder / CARD_FILE, card)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="instead of the preset's, to try the script")
    parser.add_argument("--output", type=Path, default=STARTER)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        train(folder, wanted.epochs)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size > MOST_BYTES:
            raise SystemExit(f"The model has {size:,} bytes, and {MOST_BYTES:,} are allowed: make SIZES smaller.")
        if wanted.output.exists():
            check_model_folder(wanted.output)  # nothing but a model is replaced
            shutil.rmtree(wanted.output)
        shutil.copytree(folder, wanted.output)
    print(f"{size:,} bytes written to {wanted.output}")


if __name__ == "__main__":
    main()
