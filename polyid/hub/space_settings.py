"""Spaces: their settings as they are and as they should be; and waiting until one runs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from huggingface_hub import HfApi, SpaceRuntime, Volume

from polyid.errors import HubError
from polyid.hub.calls import Call, secret_call, secret_description
from polyid.hub.client import explained_errors, with_retries

FREE = "cpu-basic"
"""The hardware that costs nothing."""
PASSING_STAGES = ("BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING")
LOOK_EVERY = 3.0
"""Seconds between two questions about a Space that starts."""


@dataclass(frozen=True)
class SpaceSettings:
    """What a Space should be set to.

    Attributes
    ----------
    variables, secrets : mapping of str to str
        Others that the Space has stay.
    bucket : str, optional
        A storage bucket, mounted at ``/data``; volumes at other paths stay.
    hardware : str, optional
        As it is where None.
    sleep_time : int
        Seconds without a visit after which billed hardware is let go; -1 for never.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    bucket: str | None = None
    hardware: str | None = None
    sleep_time: int = -1


def settings_calls(api: HfApi, repo_id: str, wanted: SpaceSettings, is_new: bool) -> list[Call]:
    """The calls that give a Space its settings.

    Parameters
    ----------
    api : HfApi
    repo_id : str
    wanted : SpaceSettings
    is_new : bool
        There is no such Space yet.
    """
    if is_new:
        variables, secrets, runtime = {}, {}, None
    else:
        with explained_errors(api, repo_id):
            variables = {k: v.value for k, v in with_retries(lambda: api.get_space_variables(repo_id)).items()}
            secrets = {k: v.description for k, v in with_retries(lambda: api.get_space_secrets(repo_id)).items()}
            runtime = with_retries(lambda: api.get_space_runtime(repo_id))
    calls = [
        Call("add_space_variable", repo_id, {"key": key, "value": value})
        for key, value in wanted.variables.items()
        if variables.get(key) != value
    ]
    calls += [
        secret_call(repo_id, key, value)
        for key, value in wanted.secrets.items()
        if secrets.get(key) != secret_description(repo_id, key, value)
    ]
    return calls + _volume_calls(repo_id, wanted, runtime)


def _volume_calls(repo_id: str, wanted: SpaceSettings, runtime: SpaceRuntime | None) -> list[Call]:
    if wanted.bucket is None:
        return []
    mounted = (runtime.volumes if runtime else None) or []
    if any((volume.type, volume.source, volume.mount_path) == ("bucket", wanted.bucket, "/data") for volume in mounted):
        return []
    volumes = [volume for volume in mounted if volume.mount_path != "/data"]
    volumes.append(Volume(type="bucket", source=wanted.bucket, mount_path="/data"))
    return [Call("set_space_volumes", repo_id, {"volumes": volumes})]


def hardware_calls(api: HfApi, repo_id: str, wanted: SpaceSettings, is_new: bool) -> list[Call]:
    """The calls that give a Space its hardware: the last of all, for from then on it may be billed."""
    runtime = None
    if not is_new:
        with explained_errors(api, repo_id):
            runtime = with_retries(lambda: api.get_space_runtime(repo_id))
    present = (runtime.requested_hardware or runtime.hardware if runtime else None) or FREE
    hardware = wanted.hardware or present
    sleeps = {} if hardware == FREE else {"sleep_time": wanted.sleep_time}
    if hardware != present:
        return [Call("request_space_hardware", repo_id, {"hardware": hardware, **sleeps})]
    if sleeps and runtime is not None and (runtime.sleep_time or -1) != wanted.sleep_time:
        return [Call("set_space_sleep_time", repo_id, sleeps)]
    return []


def await_running(
    api: HfApi, repo_id: str, commit: str, seconds: float, report: Callable[[str], None] = lambda stage: None
) -> str:
    """Wait until a Space runs a commit, or will not.

    Parameters
    ----------
    api : HfApi
    repo_id, commit : str
    seconds : float
        How long to wait at most.
    report : callable, optional
        Called with each new stage.

    Returns
    -------
    str
        ``RUNNING``, or ``PAUSED`` and the like of a Space that somebody stopped.

    Raises
    ------
    HubError
        It could not be built or started, with the end of its log; or it takes longer.
    """
    until, said = time.monotonic() + seconds, ""
    while True:
        with explained_errors(api, repo_id):
            runtime = with_retries(lambda: api.get_space_runtime(repo_id))
        stage = str(getattr(runtime.stage, "value", runtime.stage))
        # Right after a commit the Hub still says that the former one runs.
        outdated = stage == "RUNNING" and runtime.raw.get("sha") not in (None, commit)
        if stage != said:
            report(stage)
            said = stage
        if stage.endswith("_ERROR") or stage in ("NO_APP_FILE", "DELETING"):
            raise HubError(f"{repo_id} does not start ({stage}){_end_of_log(api, repo_id, stage)}")
        if stage not in PASSING_STAGES and not outdated:
            return stage
        if time.monotonic() > until:
            raise HubError(
                f"{repo_id} is still {stage} after {seconds / 60:.0f} minutes: see {api.endpoint}/spaces/{repo_id}."
            )
        time.sleep(LOOK_EVERY)


def _end_of_log(api: HfApi, repo_id: str, stage: str) -> str:
    """The last lines of a Space's log of the build, or of its run."""
    lines: list[str] = []
    with suppress(Exception):  # the log only explains what is reported anyway
        lines = [line.rstrip() for line in api.fetch_space_logs(repo_id, build=stage == "BUILD_ERROR")]
    end = "\n".join(line for line in lines[-12:] if line)
    return f". The end of its log:\n{end}" if end else f": see {api.endpoint}/spaces/{repo_id}."


@contextmanager
def without_warnings() -> Iterator[None]:
    """Without what the client warns of beside calls: experimental ones, and the fixed sleep time of free hardware."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
