"""Curves of a training for those who keep theirs in Trackio: a progress callback. The package is imported only where it is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from polyid.common.progress import Progress
from polyid.errors import TrainingError


def check_trackio() -> None:
    """Say what is missing before hours are spent.

    Raises
    ------
    TrainingError
        The package is not installed.
    """
    try:
        import trackio  # noqa: F401
    except ImportError:
        raise TrainingError(
            "Curves in Trackio need the package trackio: pip install 'polyid-spaces[trackio]'."
        ) from None


@contextmanager
def curves_in(project: str | None, name: str, config: Mapping[str, Any]) -> Iterator[TrackioLog | None]:
    """A `TrackioLog` while training runs; None where no project is named."""
    if project is None:
        yield None
        return
    with TrackioLog(project, name, config) as curves:
        yield curves


class TrackioLog:
    """Logs each finished epoch of each group of folds, and at the end the out-of-fold figures; also a context manager.

    Parameters
    ----------
    project : str
        Of Trackio, made where there is none.
    name : str, optional
        Of the run there.
    config : mapping, optional
        What the run was asked for.
    space : str, optional
        A Space with Trackio's dashboard, ``user/name``; by default all stays on this machine.

    Raises
    ------
    TrainingError
        The package is not installed.
    """

    def __init__(
        self, project: str, name: str | None = None, config: Mapping[str, Any] | None = None, space: str | None = None
    ):
        check_trackio()
        self.project, self.name, self.config, self.space = project, name, dict(config or {}), space
        self._run: Any = None
        self._told: dict[tuple[int, ...], int] = {}

    def __enter__(self) -> TrackioLog:
        import trackio

        self._run = trackio.init(
            self.project, name=self.name, config=self.config, space_id=self.space, embed=False, auto_log_cpu=False
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        import trackio

        trackio.finish()

    def __call__(self, progress: Progress) -> None:
        """The callback: one line a finished epoch, so that it costs nothing."""
        if progress.phase != "training" or self._told.get(progress.folds, 0) >= progress.epoch:
            return
        self._told[progress.folds] = progress.epoch
        numbers = [fold + 1 for fold in progress.folds]
        label = f"fold {numbers[0]}" if len(numbers) == 1 else f"folds {numbers[0]}-{numbers[-1]}"
        values = {
            f"{label}/training loss": progress.train_loss,
            f"{label}/validation loss": progress.validation_loss,
            f"{label}/learning rate": progress.learning_rate,
            "polymers a second": progress.polymers_per_second,
        }
        self._run.log({key: value for key, value in values.items() if math.isfinite(value)}, step=progress.epoch)

    def figures(self, out_of_fold: Mapping[str, Mapping[str, float | None]]) -> None:
        """Log ``MAE``, ``RMSE`` and ``R2`` of each property, as `MultiModel.out_of_fold_metrics` gives them."""
        values = {
            f"out of fold/{name} {figure}": value
            for name, figures in out_of_fold.items()
            for figure in ("MAE", "RMSE", "R2")
            if (value := figures[figure]) is not None
        }
        self._run.log(values)
