"""The program of a peer's own environment: one JSON request a line, answered by one JSON line.

It waits without computing, so that both sides can take turns. Its top needs the standard library alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def upstream_training() -> Callable[[dict], dict]:
    """Epochs of upstream's own network, generator and fit; the first one traces and fills its cache."""
    import pandas as pd

    from polyid.models import global100
    from polyid.polyid import SingleModel
    from polyid.preprocessors import PolymerPreprocessor, atom_features_v1, bond_features_v1

    models: dict[str, Any] = {}

    def answer(request: dict) -> dict:
        if "polymers" in request:
            frame = pd.DataFrame(request["polymers"])
            single = SingleModel(request["properties"], df_train=frame, df_validate=frame.head(1))
            single.generate_data_scaler()
            single.generate_preprocessor(
                PolymerPreprocessor, atom_features_v1, bond_features_v1, batch_size=request["batch_size"]
            )
            models["single"] = single
            models["network"] = global100(
                single.preprocessor, prediction_columns=single.prediction_columns, params=request["params"]
            )
            return {"parameters": int(models["network"].count_params())}
        started = time.perf_counter()
        history = models["network"].fit(models["single"].train_generator, epochs=request["epochs"], verbose=0)
        return {"seconds": time.perf_counter() - started, "loss": float(history.history["loss"][-1])}

    return answer


def upstream_prediction() -> Callable[[dict], dict]:
    """Predictions of upstream's members one after the other, as its `make_predictions` makes them."""
    import pandas as pd

    from polyid.models import global100
    from polyid.polyid import MultiModel, SingleModel
    from polyid.preprocessors import PolymerPreprocessor, atom_features_v1, bond_features_v1

    ensemble = MultiModel()

    def answer(request: dict) -> dict:
        if "members" in request:
            frame = pd.DataFrame(request["polymers"])
            ensemble.prediction_columns = request["properties"]
            for i in range(request["members"]):
                single = SingleModel(request["properties"], df_train=frame, df_validate=frame.head(1), model_id=str(i))
                single.generate_data_scaler()
                single.generate_preprocessor(PolymerPreprocessor, atom_features_v1, bond_features_v1)
                single.model = global100(
                    single.preprocessor, prediction_columns=single.prediction_columns, params=request["params"]
                )
                ensemble.models.append(single)
            return {"parameters": int(single.model.count_params())}
        frame = pd.DataFrame({"smiles_polymer": request["smiles"]})
        started = time.perf_counter()
        results = ensemble.make_predictions(frame)
        return {"seconds": time.perf_counter() - started, "rows": len(results)}

    return answer


def chemprop_prediction() -> Callable[[dict], dict]:
    """Predictions of a chemprop ensemble of its default size, as `chemprop predict` makes them."""
    import torch
    from chemprop import data, featurizers, models, nn
    from lightning import pytorch as pl

    members: list[Any] = []

    def answer(request: dict) -> dict:
        if "members" in request:
            for _ in range(request["members"]):
                predictor = nn.RegressionFFN(n_tasks=request["tasks"])
                members.append(models.MPNN(nn.BondMessagePassing(), nn.MeanAggregation(), predictor))
            return {"parameters": sum(p.numel() for p in members[0].parameters()), "threads": torch.get_num_threads()}
        started = time.perf_counter()
        points = [data.MoleculeDatapoint.from_smi(text) for text in request["smiles"]]
        dataset = data.MoleculeDataset(points, featurizers.SimpleMoleculeMolGraphFeaturizer())
        loader = data.build_dataloader(dataset, batch_size=64, shuffle=False)
        trainer = pl.Trainer(
            logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", devices=1
        )
        found = [torch.concat(trainer.predict(member, loader)) for member in members]
        return {"seconds": time.perf_counter() - started, "rows": sum(len(f) for f in found)}

    return answer


TASKS = {
    "upstream-training": upstream_training,
    "upstream-prediction": upstream_prediction,
    "chemprop-prediction": chemprop_prediction,
}


def serve(task: str) -> None:
    """Answer requests until there are no more; what a peer prints goes to the log."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer = TASKS[task]()
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
