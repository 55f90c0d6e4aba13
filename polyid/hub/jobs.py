"""Hugging Face Jobs: a command started on rented hardware, its log as it appears, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from huggingface_hub import HfApi, JobInfo, Volume

from polyid.errors import HubError
from polyid.hub.client import explained_errors, with_retries
from polyid.hub.space_settings import without_warnings


@dataclass(frozen=True)
class JobRequest:
    """What a Job is to do.

    Attributes
    ----------
    owner : str
        Whom it is billed to.
    command : tuple of str
        A program of the environment and its arguments.
    requirements : tuple of str
        What is installed before, one version each.
    python : str
        Version of the interpreter.
    flavor : str
        Hardware, such as ``a10g-small``.
    seconds : int
        After which it is ended; the Hub ends one that names no time after half an hour.
    source, commit : str
        Dataset repo whose files at that commit lie at `mount`.
    mount : str
    environment, secrets : mapping of str to str
        Variables; the values of the latter are shown to nobody.
    """

    owner: str
    command: tuple[str, ...]
    requirements: tuple[str, ...]
    python: str
    flavor: str
    seconds: int
    source: str
    commit: str
    mount: str
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Job:
    """A Job that was started: `url` is its page."""

    owner: str
    id: str
    url: str


def start_job(api: HfApi, request: JobRequest) -> Job:
    """Start a Job. A start that fails is not tried again: a lost answer may be to one that did start, and is billed.

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    volume = Volume(type="dataset", source=request.source, revision=request.commit, mount_path=request.mount)
    program, *arguments = request.command
    with explained_errors(api, f"{request.owner}'s Jobs"), without_warnings():
        info = api.run_uv_job(
            program,
            script_args=arguments,
            dependencies=list(request.requirements),
            python=request.python,
            flavor=request.flavor,
            timeout=request.seconds,
            env=dict(request.environment),
            secrets=dict(request.secrets),
            volumes=[volume],
            name="polyid-train",
            namespace=request.owner,
        )
    return Job(request.owner, info.id, info.url)


def follow_job(api: HfApi, job: Job, say: Callable[[str], None]) -> None:
    """Say each line of a Job's log as it appears, until the Job ends.

    Raises
    ------
    HubError
        It ended otherwise than well, or the Hub can't be reached.
    """
    with explained_errors(api, f"{job.owner}'s Job {job.id}"):
        for line in api.fetch_job_logs(job_id=job.id, namespace=job.owner, follow=True):
            say(line.rstrip("\n"))
        info = with_retries(lambda: _inspect(api, job))
    stage = str(getattr(info.status.stage, "value", info.status.stage))
    if stage != "COMPLETED":
        why = f": {info.status.message}" if info.status.message else ""
        raise HubError(f"The Job ended as {stage}{why}; its log is at {job.url}.")


def _inspect(api: HfApi, job: Job) -> JobInfo:
    return api.inspect_job(job_id=job.id, namespace=job.owner)


def flavors() -> Sequence[str]:
    """The hardware that Jobs run on, as the installed client knows it."""
    from huggingface_hub import JobHardware

    return [hardware.value for hardware in JobHardware]
