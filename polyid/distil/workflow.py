"""From an ensemble to a model of one network that speaks for it: what `polyid distil` runs."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from polyid.bundle.layout import CHECKPOINTS_FOLDER
from polyid.bundle.member import BundleMember
from polyid.common.progress import ProgressCallback
from polyid.config.parameters import GIVEN_SPLIT
from polyid.config.settings import TrainingSettings
from polyid.distil.domain import student_domain
from polyid.distil.judged import NAME, differences, judge, processor_seconds
from polyid.distil.lessons import take_lessons
from polyid.distil.pool import Pool, gather
from polyid.distil.students import begin, teach
from polyid.distil.wishes import TRAINING, USUAL_WISHES, Wishes
from polyid.ensemble import records
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.ensemble.fitted import FittedEnsemble
from polyid.ensemble.fitting import Trained
from polyid.ensemble.held_out import HeldOut
from polyid.ensemble.stages import Stages
from polyid.ensemble.terminal import ProgressBar
from polyid.errors import BundleError
from polyid.inference.maker import PredictionMaker
from polyid.training.group import FoldResult

JUDGES = 5
"""Folds that the loss is measured on, at most."""
_TIMED = 200


def check_teacher(teacher: EvaluatedEnsemble) -> None:
    """Refuse a model that has nothing to be distilled.

    Raises
    ------
    BundleError
        It is distilled, or a single network.
    """
    if teacher.metadata.get("distilled"):
        raise BundleError("The model is distilled already; distil the ensemble that it speaks for.")
    if len(teacher.models) < 2:
        raise BundleError("The model is no ensemble: it has one network, which costs what a distilled one would.")


def distil(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    wishes: Wishes = USUAL_WISHES,
    *,
    resume: bool = False,
    progress: ProgressCallback | None = None,
    verbose: bool = False,
) -> EvaluatedEnsemble:
    """Teach one network what an ensemble says, and write it as a model of its own.

    Parameters
    ----------
    model : path
        Folder of the ensemble.
    output : path
        Folder for the distilled model.
    wishes : Wishes
    resume : bool
        Continue an interrupted run in `output`.
    progress : callable, optional
        Called with `Progress` records; may raise `polyid.errors.Cancelled`.
    verbose : bool
        Show a progress bar in the terminal.

    Returns
    -------
    EvaluatedEnsemble
        The distilled model, read back; its ``metadata["distilled"]`` says what it loses and gains.

    Raises
    ------
    BundleError
        The model can't be distilled; see `check_teacher` and `polyid.distil.pool.gather`.
    DataError
        There is nothing to teach on.
    """
    started, settings = time.time(), wishes.settings()
    teacher = EvaluatedEnsemble.load_models(model)
    check_teacher(teacher)
    checkpoints = Path(output) / CHECKPOINTS_FOLDER
    stages = Stages(progress, epochs=settings.epochs)
    stages.at("reading", 0.0)
    pool = gather(teacher, wishes.units, wishes.generated, wishes.seed)
    with tqdm(
        total=len(pool), desc="Asking the ensemble", unit="polymer", dynamic_ncols=True, disable=not verbose
    ) as bar:

        def asked(done: int) -> None:
            stages.at("reading", 0.9 * done / len(pool))
            bar.update(done - bar.n)

        lessons = take_lessons(teacher, pool, checkpoints, resume=resume, progress=asked)
    judges = _judges(pool)
    stages.folds = 1 + len(judges)
    members = teacher.fitted.members
    graphs = members[0].preprocessor.featuriser(wishes.size.messages or members[0].config.num_messages)(pool.keys)
    students = begin(pool, lessons, members, judges, wishes.size, graphs, wishes.seed)
    with ProgressBar(verbose, stages, settings.epochs * len(students)) as report:
        taught = teach(
            pool, lessons, students, graphs, settings, checkpoints=checkpoints, resume=resume, progress=report
        )
    stages.at("calibrating")
    held_out, losses = judge(pool, lessons, judges, taught[1:], teacher)
    domain, agreement = student_domain(teacher, taught[0], pool)
    fitted = FittedEnsemble((taught[0],), held_out.calibration(wishes.seed), domain)
    found: dict[str, Any] = {
        "teacher": {"members": len(members), "sha256": _digest(teacher.metadata["sha256"])},
        "taught_on": {"training": pool.labelled, "given": pool.given, "generated": pool.generated},
        "out_of_fold": losses,
        "unlabelled": {
            "polymers": int(pool.aside.sum()),
            "properties": differences(pool, lessons, taught[0], teacher.prediction_columns),
            "same_verdict": agreement,
        },
    }
    milliseconds = _milliseconds(teacher, fitted, pool)
    found["processor_milliseconds"] = milliseconds
    stages.at("report")
    content = _content(teacher, taught[0], held_out, found, settings, started)
    records.save_ensemble(Path(output), fitted, held_out, content, wishes.seed, keep_rows=False)
    return EvaluatedEnsemble.load_models(output)


def _digest(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _milliseconds(teacher: EvaluatedEnsemble, student: FittedEnsemble, pool: Pool) -> dict[str, float]:
    """What a prediction costs a processor by teacher and student, all that `polyid predict` says included, of units aside."""
    smiles = [pool.keys[i].partition(" x ")[0] for i in np.flatnonzero(pool.aside)[:_TIMED]]
    makers = {
        name: PredictionMaker(
            fitted.predictor, tuple(teacher.prediction_columns), ids, fitted.calibration, fitted.domain, None
        )
        for name, fitted, ids in (
            ("teacher", teacher.fitted, tuple(str(model.model_id) for model in teacher.models)),
            ("student", student, (NAME,)),
        )
    }
    return {name: 1e3 * processor_seconds(maker, smiles, teacher.chain) for name, maker in makers.items()}


def _judges(pool: Pool) -> list[int]:
    """Members of which no two held out the same polymers, at most `JUDGES`."""
    chosen: list[int] = []
    for member, rows in enumerate(pool.held_out):
        apart = not any((rows & pool.held_out[other]).any() for other in chosen)
        if rows.any() and apart and len(chosen) < JUDGES:
            chosen.append(member)
    return chosen


def _content(
    teacher: EvaluatedEnsemble,
    student: BundleMember,
    held_out: HeldOut,
    found: dict[str, Any],
    settings: TrainingSettings,
    started: float,
) -> dict[str, Any]:
    """Content of `parameters.json`."""
    source = {name: teacher.metadata["data"].get(name) for name in ("source", "sha256", "rows_left_out")}
    config = student.config
    parameters = {
        **{name: getattr(settings, name) for name in TRAINING},
        "epochs": settings.epochs,
        "seed": settings.seed,
        "atom_features": config.features,
        "bond_features": config.features,
        "mol_features": config.mol_features,
        "num_messages": config.num_messages,
        "dropout": config.dropout,
    }
    teachers = teacher.metadata["parameters"]
    kept = {name: teachers[name] for name in ("features", "explicit_hs") if name in teachers}
    trained = Trained([FoldResult(student.weights, student.log, len(student.log))], 0.0, 0.0, 1)
    split = teacher.metadata.get("split")
    return {
        "prediction_columns": teacher.prediction_columns,
        "prediction_units": teacher.prediction_units,
        "parameters": {**parameters, **kept},
        "chain": asdict(teacher.chain),
        "marks": {name: [] for name in teacher.prediction_columns},
        "split": "random" if split in (None, GIVEN_SPLIT) else split,
        "data": records.data_record({k: v for k, v in source.items() if v is not None}, held_out.dataset),
        "distilled": found,
        "training": records.training_record(trained, started, settings.seed),
    }
