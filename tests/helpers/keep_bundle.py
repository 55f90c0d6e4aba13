"""Keep a tiny model of today's format version, and what it predicts, for the packages to come.

usage: PYTHONPATH=.:tests python tests/helpers/keep_bundle.py v3

Run it before `FORMAT_VERSION` of ``polyid/bundle/layout.py`` is raised: see ``polyid/bundle/CHANGES.md``.
"""

import shutil
import sys

from helpers.paths import TESTS
from helpers.tiny_models import small_table, trained
from polyid import MultiModel

KEPT = TESTS / "fixtures" / "bundles"
SMILES = [
    "*CC*",
    "*CC(*)c1ccc(C)cc1",
    "*CC(*)OC(C)=O",
    # An oligomer of PET: how monomers become a chain is chemistry, which a package to come may know better.
    "O=C(O)c1ccc(C(=O)OCCO"
    + "".join(f"C(=O)c{n}ccc(C(=O)OCCO" for n in range(2, 10))
    + "".join(f")cc{n}" for n in range(9, 0, -1)),
    "*Nc1ccccc1*",
]


def main(name: str) -> None:
    folder = KEPT / name
    folder.mkdir(parents=True)
    small_table().to_csv(folder / "data.csv", index=False)
    trained(folder / "data.csv", save_folder=folder / "model", epochs=2, kernel=True)
    (folder / "data.csv").unlink()
    shutil.rmtree(folder / "model" / "report")
    predictions = MultiModel.load_models(folder / "model").predict_smiles(SMILES)
    numbers = [column for column in predictions if predictions[column].dtype.kind == "f"]
    predictions[["smiles", *numbers]].to_csv(folder / "predictions.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
