"""What a run was asked to do and where it stands, as the files of its folder say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyid.config.parameters import DEFAULT_SPLIT
from polyid.ensemble.expected_times import UPLOAD_SECONDS

ACTIVE = ("queued", "preparing", "training", "publishing")
WAITING = "waiting"
"""State of a run whose turn has not come."""
FINISHED = ("done", "failed", "cancelled", "paused", "ready")
"""States of a run without a process; ``ready`` is a trained one that somebody wants to look at before it is published."""
AFTERWARDS = ("keep", "pause", "cpu")
"""What a Space does when its runs have ended: goes on as it is, pauses itself, or steps down to a free CPU."""


@dataclass(frozen=True)
class Request:
    """What a run was asked to do.

    Attributes
    ----------
    data : str
        The table, relative to the run's folder.
    sha256 : str
        Of that file, checked again before training.
    properties : tuple of str
        Columns to train on.
    preset : str
        Name in `polyid.config.parameters.PRESETS`.
    folds, epochs : int or None
        None leaves the preset's number.
    seed : int
        Of the folds, the weights and the order of the data.
    repo_id : str
        The Hub model repo the ensemble goes to.
    tag, branch : str or None
        Git tag to set on the commit, and branch to commit to (None: ``main``).
    private : bool or None
        Visibility of a repo that has to be created; None leaves it to the account's default.
    split : str
        How polymers are divided into folds; see `polyid.data.splits`.
    columns : dict or None
        What the table's columns mean, where a user said so; see `polyid.data.described.describe_columns`.
    changes : dict or None
        Parameters other than the preset's.
    notes : str or None
        Of the release, for the commit and the tag.
    expected : dict or None
        Seconds by stage, as they were estimated.
    dollars_an_hour : float or None
        Of the hardware it runs on.
    publish : bool
        False for a quick look, which stays here.
    afterwards : {"keep", "pause", "cpu"}
        See `AFTERWARDS`.
    space : str or None
        The Space that it runs in, as ``user/name``.
    init_from : str or None
        A model whose networks training begins with, as `polyid.hub.fetch.fetch_bundle` takes it.
    backup : bool
        Whether what is finished is kept on a working branch of the model repo until the model is published.
    user : str or None
        Who asked for it, where people log in.
    review : bool
        Whether somebody looks at the model before it is published.
    """

    data: str
    sha256: str
    properties: tuple[str, ...]
    preset: str
    folds: int | None
    epochs: int | None
    seed: int
    repo_id: str
    tag: str | None = None
    branch: str | None = None
    private: bool | None = None
    split: str = DEFAULT_SPLIT
    columns: dict[str, dict[str, str | None]] | None = None
    changes: dict[str, Any] | None = None
    notes: str | None = None
    expected: dict[str, float] | None = None
    dollars_an_hour: float | None = None
    publish: bool = True
    afterwards: str = "keep"
    space: str | None = None
    init_from: str | None = None
    backup: bool = False
    user: str | None = None
    review: bool = False

    def expected_stages(self) -> dict[str, float]:
        """Seconds by stage, as far as they are known: of publishing, where it is at once, else none."""
        return {**(self.expected or {}), "upload": UPLOAD_SECONDS if self.publish and not self.review else 0.0}


@dataclass(frozen=True)
class Record:
    """Where a run stands.

    Attributes
    ----------
    state : {"waiting", "queued", "preparing", "training", "publishing", "done", "failed", "cancelled", "paused", "ready"}
    line : str
        One readable line of progress.
    progress : dict or None
        The fields of the last `polyid.common.progress.Progress`; numbers that aren't finite are None.
    error : str or None
        One sentence, for a run that failed.
    commit, commit_url : str or None
        Where the ensemble was published.
    created, started, finished, updated : float or None
        Seconds since the epoch.
    stages : dict or None
        When each stage began, in seconds since the epoch, by its name in `polyid.common.progress.STAGES`.
    afterwards : str or None
        What was done with the Space when the run had ended, in words.
    kept : dict or None
        Of the working branch: ``repo_id``, ``branch``, ``at`` (seconds since the epoch, None if never) and ``error``, a
        sentence, of the last try.
    told : str or None
        What came of the notice that the run has ended; None where none was sent.
    """

    state: str
    line: str
    progress: dict[str, Any] | None = None
    error: str | None = None
    commit: str | None = None
    commit_url: str | None = None
    created: float | None = None
    started: float | None = None
    finished: float | None = None
    updated: float | None = None
    stages: dict[str, float] | None = None
    afterwards: str | None = None
    kept: dict[str, Any] | None = None
    told: str | None = None
