#!/usr/bin/env python3
"""Whether an ensemble knows what tacticity does to the melting temperature of polymers it never saw.

    python scripts/studies/check_tacticity.py TABLE [--model FOLDER]

TABLE has measured melting temperatures of polymers at several tacticities (``pm``, the probability of meso dyads), such
as `polyid data fetch stereopolymers` gives. An ensemble is trained on it, grouped by polymer whatever its tacticity;
each fold then predicts the isotactic and the atactic form of the polymers it never saw. The exit status is 1 if one of
those with a measured melting temperature has them in the wrong order: regular chains crystallise better.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.data.training_table import read_training_table
from polyid.ensemble.multi_model import MultiModel
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import PolymerError
from polyid.inference.columns import prediction_column

FORMS = {"isotactic": 1.0, "atactic": 0.5}
CHAINS = 4
"""Chains of each form, which pm leaves to chance."""


def forms_of_unseen_polymers(folder: Path, table: pd.DataFrame, properties: list[str]) -> pd.DataFrame:
    """What each fold predicts for the forms of polymers it never saw.

    Returns
    -------
    pandas.DataFrame
        Index: polymer, by its key. Columns: property and form, the mean over `CHAINS` chains.
    """
    held_out = json.loads((folder / "splits.json").read_text("utf-8"))["held_out"]
    rows = table.drop_duplicates("smiles_monomer").set_index("smiles_monomer")
    found = {}
    for fold, polymers in held_out.items():
        model = MultiModel.load_models(folder, nmodels=[int(fold)])
        for polymer in polymers:
            mechanism = rows["mechanism"].get(polymer) if "mechanism" in rows else None
            try:
                chains = [
                    replace(model.chain, seed=seed).oligomer(polymer, mechanism=mechanism, pm=pm)
                    for pm in FORMS.values()
                    for seed in range(CHAINS)
                ]
            except PolymerError as problem:
                print(f"{polymer} is left out: {problem}")
                continue
            answers = model.predict_smiles(chains)
            found[polymer] = {
                (name, form): answers[prediction_column(name, "mean")][i * CHAINS : (i + 1) * CHAINS].mean()
                for name in properties
                for i, form in enumerate(FORMS)
            }
    return pd.DataFrame.from_dict(found, orient="index")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--model", type=Path, help="an ensemble trained on the table; trained here if not given")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    name = "Melt_Temp"
    table = read_training_table(options.table).frame
    with tempfile.TemporaryDirectory() as place:
        folder = options.model or Path(place) / "model"
        if options.model is None:
            train_ensemble(options.table, folder, preset=options.preset, seed=options.seed, verbose=True)
        found = pd.DataFrame(forms_of_unseen_polymers(folder, table, [name])[name])
    measured = table[table[name].notna()]
    found["measured from"] = measured.groupby("smiles_monomer")[name].min()
    found["to"] = measured.groupby("smiles_monomer")[name].max()
    found["difference"] = found["isotactic"] - found["atactic"]
    print(f"\n{name} (°C) of polymers the fold never saw; each form is the mean of {CHAINS} chains")
    print(found.sort_values("to", ascending=False).round(1).to_string(na_rep=""))
    known = found[found["to"].notna()]
    right = int((known["difference"] > 0).sum())
    print(f"\nThe isotactic form melts higher in {right} of {len(known)} polymers with a measured {name}.")
    return int(right < len(known))


if __name__ == "__main__":
    sys.exit(main())
