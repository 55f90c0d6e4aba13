"""Progress in a terminal."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from polyid.common.progress import Progress
from polyid.ensemble.stages import Stages


class ProgressBar:
    """Shows in a terminal what the stages of a run tell, and passes it on to whom they told it before.

    Parameters
    ----------
    verbose : bool
        Show anything at all.
    stages : Stages
    epochs : int
        Of all folds together.
    """

    def __init__(self, verbose: bool, stages: Stages, epochs: int):
        self._live = sys.stderr.isatty()
        # A log file gets a line's worth twice a minute, not one a step.
        often = {} if self._live else {"mininterval": 30.0, "maxinterval": 30.0}
        self._bar = tqdm(total=epochs, unit="epoch", desc="Training", dynamic_ncols=True, **often) if verbose else None
        self._stages, self._progress = stages, stages.callback
        self._done = 0

    def __enter__(self) -> Stages:
        if self._bar is not None:
            self._stages.callback = self
        return self._stages

    def __exit__(self, *exception: Any) -> None:
        self._stages.callback = self._progress
        if self._bar is not None:
            self._bar.close()

    def __call__(self, record: Progress) -> None:
        if self._bar is not None:
            self._show(record)
        if self._progress is not None:
            self._progress(record)

    def _show(self, record: Progress) -> None:
        if self._bar is None:
            return
        self._bar.set_description_str(record.line(), refresh=self._live)
        if record.folds:
            done = round((record.share or 0.0) * record.folds_total * record.epochs)
            self._bar.update(done - self._done)
            self._done = done
