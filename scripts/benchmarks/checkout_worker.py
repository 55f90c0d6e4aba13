"""The program of one checkout under comparison: its package comes by ``PYTHONPATH``, requests and answers as lines of JSON.

It uses names alone that every version of the package has, those of upstream PolyID and `MultiModel.predict_smiles`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

ANSWERS: TextIO


def request() -> dict[str, Any]:
    """The next request; the program ends where there are no more."""
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    return json.loads(line)


def answer(**content: Any) -> None:
    ANSWERS.write(json.dumps(content) + "\n")
    ANSWERS.flush()


def training() -> None:
    """Train an ensemble; between two epochs wait to be asked for the time of the next."""
    from polyid import MultiModel, Parameters
    from polyid.models import global100
    from polyid.preprocessors import PolymerPreprocessor

    given = request()
    width = 8 if given["tiny"] else 64
    ensemble = MultiModel()
    ensemble.load_dataset(given["table"], given["properties"])
    ensemble.split_data(given["folds"], seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=False)
    parameters = Parameters.from_dict(
        {
            "num_messages": 4,
            "atom_features": width,
            "bond_features": width,
            "mol_features": 8,
            "batch_size": 16,
            "epochs": given["epochs"],
            "learning_rate": 1e-3,
            "seed": 0,
            "group": given["folds"],
        }
    )
    epoch, mark = 0, 0.0

    def progress(record: Any) -> None:
        nonlocal epoch, mark
        if record.epoch == epoch:
            return
        # The first epoch traced and compiled: it answers the request that asked for the training.
        answer(seconds=time.perf_counter() - mark)
        epoch = record.epoch
        request()
        mark = time.perf_counter()

    ensemble.train_models(global100, model_params=parameters.to_dict(), verbose=False, progress=progress)
    logs = [model.df_loss_log for model in ensemble.models]
    answer(losses=[[float(loss).hex() for loss in log["loss"]] for log in logs if log is not None])


def prediction() -> None:
    """Load a model and predict with it, every number as `float.hex` writes it."""
    from polyid import MultiModel

    ensemble = MultiModel.load_models(request()["model"])
    answer()
    while True:
        smiles = request()["smiles"]
        started = time.perf_counter()
        table = ensemble.predict_smiles(smiles)
        seconds = time.perf_counter() - started
        columns = {
            str(name): [value.hex() if isinstance(value, float) else str(value) for value in column.tolist()]
            for name, column in table.items()
        }
        answer(seconds=seconds, columns=columns)


TASKS: dict[str, Callable[[], None]] = {"training": training, "prediction": prediction}


if __name__ == "__main__":
    # What the package prints goes to the log.
    ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import polyid

    request()
    answer(package=polyid.__file__)
    TASKS[sys.argv[1]]()
