"""Training as a Hugging Face Job: package and table are sent to a private dataset repo, which the Job has beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyid.deploy.carry_out import carry_out
from polyid.deploy.folders import SPACE_MARK, assemble_package, check_pinned, files_below
from polyid.errors import HubError
from polyid.hub.client import commit_of, explained_errors, hub_api, the_token
from polyid.hub.destination import check_destination
from polyid.hub.jobs import Job, JobRequest, flavors, follow_job, start_job
from polyid.hub.repos import RepoContent, content_calls

PYTHON = "3.11"
"""The version that the requirements are pinned for, as in the Spaces' READMEs."""
MOUNT, OUTPUT = "/source", "/tmp/model"
"""Where a Job finds package and table, and where it writes the model before that is published."""
LONGEST = 24 * 3600
"""Seconds that a Job may take where nothing is known of its time. It is billed for those that it takes."""
_SHORTEST, _TIMES = 3600, 3.0


@dataclass(frozen=True)
class TrainingJob:
    """Training that is to run elsewhere.

    Attributes
    ----------
    table : path
        Of polymers and properties, on this machine.
    words : tuple of str
        Options of ``polyid train`` that say what is trained, each as ``--name=value``.
    repo_id : str
        Model repo to publish to.
    tag : str, optional
        Of the published model.
    flavor : str
        Hardware.
    seconds : int
        After which the Job is ended.
    """

    table: Path
    words: tuple[str, ...]
    repo_id: str
    tag: str | None
    flavor: str
    seconds: int

    @property
    def owner(self) -> str:
        """Whom the Job and its source belong to."""
        return self.repo_id.partition("/")[0]

    @property
    def source(self) -> str:
        """The private dataset repo of package and table."""
        return f"{self.owner}/polyid-jobs"

    def check(self) -> None:
        """Refuse what could not end well, before anything is sent.

        Raises
        ------
        HubError
            Such as a flavour that is none, or a repo that the token may not write to.
        """
        if self.flavor not in flavors():
            raise HubError(f"{self.flavor!r} is no hardware of a Job: choose one of {', '.join(flavors())}.")
        check_destination(self.repo_id, self.tag, None, None, None)


def time_limit(estimate: float | None) -> int:
    """Seconds after which a Job is ended: three times the estimate and at least an hour, a day where there is none."""
    return LONGEST if estimate is None else max(_SHORTEST, round(_TIMES * estimate))


def requirements_for(flavor: str, requirements: Sequence[str]) -> tuple[str, ...]:
    """The trainer's requirements; without CUDA, which is gigabytes, for hardware that has no GPU."""
    if not flavor.startswith("cpu"):
        return tuple(requirements)
    return tuple(line.replace("tensorflow[and-cuda]==", "tensorflow-cpu==") for line in requirements)


def submit(repository: Path, job: TrainingJob, say: Callable[[str], None]) -> Job:
    """Send package and table, and start the Job on that very commit.

    Raises
    ------
    HubError
        What the Job needs can't be sent, or it can't be started.
    """
    job.check()
    api = hub_api(None)
    with tempfile.TemporaryDirectory(prefix="polyid-job-") as temporary:
        folder = assemble_package(repository, Path(temporary))
        table = f"table{job.table.suffix.lower()}"
        shutil.copyfile(job.table, folder / table)
        requirements = requirements_for(job.flavor, check_pinned(repository / "trainer_space" / "requirements.txt"))
        content = RepoContent(job.source, "dataset", True, files_below(folder), SPACE_MARK)
        carry_out(content_calls(api, content, f"Train on {job.table.name}"), say)
    with explained_errors(api, job.source):
        commit = commit_of(api, job.source, repo_type="dataset")
    environment = {
        "PYTHONPATH": MOUNT,
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    if endpoint := os.environ.get("HF_ENDPOINT"):
        environment["HF_ENDPOINT"] = endpoint
    tag = [f"--tag={job.tag}"] if job.tag else []
    # Values stand behind "=": the client would take a word that happens to be the name of a file here for that file.
    options = [*job.words, f"--output={OUTPUT}", f"--publish={job.repo_id}", *tag]
    command = ("python", "-m", "polyid", "train", f"{MOUNT}/{table}", *options)
    return start_job(
        api,
        JobRequest(
            job.owner,
            command,
            requirements,
            PYTHON,
            job.flavor,
            job.seconds,
            job.source,
            commit,
            MOUNT,
            environment,
            {"HF_TOKEN": the_token()},
        ),
    )


def follow(job: Job, say: Callable[[str], None]) -> None:
    """Say each line of a Job's log until it ends; an end that is none of success is a `HubError`."""
    follow_job(hub_api(None), job, say)
