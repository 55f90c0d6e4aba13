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
        # Other stages, before and behind training, have epoch 0.
        if record.epoch <= epoch:
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


def stages() -> None:
    """Load a model and tell what the stages of prediction take; the names are those of versions that read a table by `TableReader`."""
    from polyid import MultiModel
    from polyid.inference.reader import TableReader

    ensemble = MultiModel.load_models(request()["model"])
    answer()
    while True:
        given = request()
        smiles, cpu = given["smiles"], {}
        if given["alone"]:
            # What was read is kept for a while, so each polymer is taken once.
            half = len(smiles) // 2
            predictor, domain = ensemble.fitted.predictor, ensemble.domain
            reader = TableReader(predictor.reader(), domain.training_fragments if domain else None, ensemble.chain)
            mark = time.process_time()
            read = [reader(smiles[i : min(i + 50, half)], [None] * (min(i + 50, half) - i)) for i in range(0, half, 50)]
            cpu["reading"] = (time.process_time() - mark) / half
            mark = time.process_time()
            for _ in predictor.each_answer((part for part in read), fingerprints=True):
                pass
            cpu["answers"] = (time.process_time() - mark) / half
            smiles = smiles[half:]
        mark, started = time.process_time(), time.perf_counter()
        ensemble.predict(smiles)
        cpu["all"] = (time.process_time() - mark) / len(smiles)
        answer(cpu=cpu, seconds=time.perf_counter() - started)


TASKS: dict[str, Callable[[], None]] = {"training": training, "prediction": prediction, "stages": stages}


if __name__ == "__main__":
    # What the package prints goes to the log.
    ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import polyid

    request()
    answer(package=polyid.__file__)
    TASKS[sys.argv[1]]()
