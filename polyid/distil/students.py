"""Students: networks that are taught what their teachers say. One learns from the whole ensemble and is kept; for each fold that the
loss is measured on, another one learns from the member alone that never saw this fold, and doesn't see it either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from polyid.bundle.member import BundleMember
from polyid.common.progress import ProgressCallback
from polyid.config.settings import TrainingSettings
from polyid.data.learnt_marks import LearntMarks
from polyid.distil.lessons import Lessons
from polyid.distil.pool import Pool
from polyid.distil.wishes import Size
from polyid.graphs.features import feature_name
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.refinement import QuotientGraph
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork
from polyid.training.group import FoldData
from polyid.training.trainer import EnsembleTrainer
from polyid.uncertainty.stated import OUTPUTS, stated_targets

_READOUT = "readout/values"
_MOST_VALIDATED = 200


@dataclass(frozen=True, eq=False)
class Student:
    """A student before it is taught.

    Attributes
    ----------
    member : int or None
        Of the teacher, that it learns from; None for the whole.
    begun : BundleMember
        With its first weights.
    """

    member: int | None
    begun: BundleMember


def begin(
    pool: Pool,
    lessons: Lessons,
    teachers: Sequence[BundleMember],
    judges: Sequence[int],
    size: Size,
    graphs: Sequence[QuotientGraph],
    seed: int,
) -> list[Student]:
    """The students, that of the whole ensemble first.

    A student of a teacher's own sizes begins with the weights of a member: what that knows needn't be learnt again.

    Parameters
    ----------
    pool, lessons
        What they are taught.
    teachers : sequence of BundleMember
    judges : sequence of int
        Members whose folds the loss is measured on.
    size : Size
    graphs : sequence of QuotientGraph
        Of the polymers of the pool.
    seed : int
        Of first weights.
    """
    students = []
    for number, member in enumerate([None, *judges]):
        like = teachers[member or 0]
        taught = pool.taught(member)
        preprocessor = _fresh(like.preprocessor).fit(graphs[i] for i in taught)
        config = replace(
            like.config,
            atom_classes=preprocessor.atom_classes,
            bond_classes=preprocessor.bond_classes,
            features=size.features or like.config.features,
            num_messages=size.messages or like.config.num_messages,
            properties=OUTPUTS * like.config.properties,
            dropout=0.0,
        )
        network = like.network_class(config)
        network.initialise([[seed, number]])  # type: ignore[list-item]
        weights = network.member_weights(0)
        if (config.features, config.num_messages) == (like.config.features, like.config.num_messages):
            weights = _continued(weights, like, preprocessor)
        targets = stated_targets(*lessons.of(member), like.scaler)[taught]
        bias = weights[f"{_READOUT}/bias"]
        properties = like.config.properties
        bias[0, properties:] = np.median(targets[:, properties:], axis=0)
        begun = BundleMember(
            weights,
            config,
            preprocessor,
            like.scaler,
            model_id="student",
            network_class=like.network_class,
            marks=None if like.marks is None else LearntMarks(dict.fromkeys(like.marks.by_property, ())),
            distilled=True,
        )
        students.append(Student(member, begun))
    return students


def teach(
    pool: Pool,
    lessons: Lessons,
    students: Sequence[Student],
    graphs: Sequence[QuotientGraph],
    settings: TrainingSettings,
    *,
    checkpoints: Path,
    resume: bool = False,
    progress: ProgressCallback | None = None,
) -> list[BundleMember]:
    """Teach the students; keywords as of `EnsembleTrainer`."""
    aside = np.flatnonzero(pool.aside)[:_MOST_VALIDATED]
    folds = []
    for number, student in enumerate(students):
        begun = student.begun
        targets = stated_targets(*lessons.of(student.member), begun.scaler)
        tokens = [begun.preprocessor.tokenise(graph) for graph in graphs]
        folds.append(FoldData(number, pool.taught(student.member), aside, targets, tokens, begun.weights))
    trainer = EnsembleTrainer(
        graphs,
        folds,
        _maker(students),
        settings,
        checkpoints=checkpoints,
        progress=progress,
    )
    results = trainer.run(resume=resume)
    return [
        replace(student.begun, weights=result.weights, log=result.log)
        for student, result in zip(students, results, strict=True)
    ]


def _maker(students: Sequence[Student]) -> Callable[[int, str, bool], MessagePassingNetwork]:
    """Gives networks wide enough for every student."""
    configs = [student.begun.config for student in students]
    widest: NetworkConfig = replace(
        configs[0],
        atom_classes=max(config.atom_classes for config in configs),
        bond_classes=max(config.bond_classes for config in configs),
    )
    return lambda members, dtype, xla: students[0].begun.network_class(widest, members, dtype, xla)


def _fresh(preprocessor: PolymerPreprocessor) -> PolymerPreprocessor:
    """One that reads SMILES the same way, and has numbered nothing yet."""
    empty = {"unk": 1}
    return type(preprocessor).from_dict(
        {**preprocessor.to_dict(), "atom_classes": empty, "bond_classes": empty},
        {feature_name(function): function for function in (preprocessor.atom_features, preprocessor.bond_features)},
    )


def _continued(
    weights: dict[str, np.ndarray], like: BundleMember, preprocessor: PolymerPreprocessor
) -> dict[str, np.ndarray]:
    """The first weights with those of a member in their place: embeddings by what they stand for, the readout for the predictions."""
    continued = {}
    for name, first in weights.items():
        known = like.weights[name]
        if name.endswith("embedding/table"):
            kind = name.removesuffix("_embedding/table")
            numbers = [getattr(one, f"{kind}_tokenizer").to_dict() for one in (preprocessor, like.preprocessor)]
            first[0] = known[0]
            for text, number in numbers[0].items():
                first[number] = known[numbers[1].get(text, 1)]
        elif name.startswith(_READOUT):
            first[:, : known.shape[1]] = known
            # Standard deviations and errors begin as their medians.
            first[:, known.shape[1] :] = 0.0
        else:
            first = known.copy()
        continued[name] = first
    return continued
