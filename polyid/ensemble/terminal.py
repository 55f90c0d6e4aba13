"""Progress in a terminal."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from polyid.common.progress import Progress, ProgressCallback


class ProgressBar:
    """Passes progress on, and shows it in a terminal."""

    def __init__(self, verbose: bool, progress: ProgressCallback | None, epochs: int):
        self._live = sys.stderr.isatty()
        # A log file gets a line's worth twice a minute, not one a step.
        often = {} if self._live else {"mininterval": 30.0, "maxinterval": 30.0}
        self._bar = tqdm(total=epochs, unit="epoch", desc="Training", dynamic_ncols=True, **often) if verbose else None
        self._progress = progress
        self._done = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, record: Progress) -> None:
        if self._bar is not None:
            self._show(record)
        if self._progress is not None:
            self._progress(record)

    def _show(self, record: Progress) -> None:
        if self._bar is not None and record.folds:
            done = round((record.share or 0.0) * record.folds_total * record.epochs)
            self._bar.set_description_str(record.line(), refresh=self._live)
            self._bar.update(done - self._done)
            self._done = done
