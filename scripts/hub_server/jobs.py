"""Jobs: their specifications are kept, and nothing is run.

What runs Jobs elsewhere, a test say, finds one as ``jobs/OWNER/ID.json``, writes ``stage`` there and the log into ``ID.log``.
"""

import uuid
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from huggingface_hub import JobHardware

from hub_server.access import Payload, TheHub, Writer
from hub_server.errors import HubProblem
from hub_server.files import event_stream, now, read_json, write_json
from hub_server.names import NAME
from hub_server.repo import WRITE_LOCK
from hub_server.routing import calls
from hub_server.spaces import checked_key, checked_volumes
from hub_server.store import Account, Hub

JOB = "/api/jobs/{namespace:segment}/{job_id:segment}"
AT_WORK = ("SCHEDULING", "RUNNING")
DEFAULT_TIMEOUT = 30 * 60
"""Seconds after which the Hub ends a Job that names no time."""


def jobs_folder(hub: Hub, namespace: str, account: Account) -> Path:
    """The folder of an account's Jobs, which nobody else may see."""
    if namespace != account.name or not NAME.fullmatch(namespace):
        raise HubProblem(403, f"You don't have the rights to run or see Jobs under the namespace {namespace!r}")
    return hub.root / "jobs" / namespace.lower()


def read_job(hub: Hub, namespace: str, job_id: str, account: Account) -> tuple[Path, dict]:
    path = jobs_folder(hub, namespace, account) / f"{job_id}.json"
    if not job_id.isalnum() or not path.is_file():
        raise HubProblem(404, "Job not found")
    return path, read_json(path)


def job_info(job: dict) -> dict:
    """What is told of a Job: all but the values of its secrets."""
    spec = job["spec"]
    return {
        **{key: value for key, value in spec.items() if key not in ("secrets", "timeoutSeconds", "attempts")},
        "secrets": dict.fromkeys(spec.get("secrets") or {}, "(encrypted)"),
        "timeout": spec["timeoutSeconds"],
        "retry": spec.get("attempts", 1) - 1,
        "id": job["id"],
        "createdAt": job["created"],
        "status": {"stage": job["stage"], "message": job.get("message")},
        "owner": job["owner"],
        "initiator": {"type": "user", "id": job["owner"]["id"], "name": job["owner"]["name"]},
    }


def checked_spec(payload: dict) -> dict:
    """Refuse what the Hub could not start."""
    command, flavour = payload.get("command"), payload.get("flavor")
    if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
        raise HubProblem(400, "A Job needs a command: a list of words")
    if not (payload.get("dockerImage") or payload.get("spaceId")):
        raise HubProblem(400, "A Job needs an image")
    known = [hardware.value for hardware in JobHardware]
    if flavour not in known:
        raise HubProblem(400, f"Unknown hardware {flavour!r}: choose one of {', '.join(known)}")
    for group in ("environment", "secrets"):
        for key, value in (payload.get(group) or {}).items():
            checked_key({"key": key})
            if not isinstance(value, str):
                raise HubProblem(400, f"The value of {key} is no text")
    timeout: Any = payload.get("timeoutSeconds", DEFAULT_TIMEOUT)
    if not isinstance(timeout, int) or timeout <= 0:
        raise HubProblem(400, "timeoutSeconds is a number of seconds above 0")
    volumes = checked_volumes(payload.get("volumes") or [])
    return {**payload, "timeoutSeconds": timeout, "volumes": volumes}


@calls.post("/api/jobs/{namespace:segment}")
def run_job(hub: TheHub, account: Writer, payload: Payload, namespace: str) -> dict:
    folder, spec = jobs_folder(hub, namespace, account), checked_spec(payload)
    owner = {"id": uuid.uuid5(uuid.NAMESPACE_URL, account.name).hex[:24], "name": account.name, "type": "user"}
    job = {"id": uuid.uuid4().hex[:24], "created": now(), "stage": "SCHEDULING", "owner": owner, "spec": spec}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{job['id']}.json", job)
    return job_info(job)


@calls.get("/api/jobs/{namespace:segment}")
def list_jobs(
    hub: TheHub, account: Writer, namespace: str, stage: Annotated[list[str], Query(default_factory=list)]
) -> list[dict]:
    jobs = [read_json(path) for path in jobs_folder(hub, namespace, account).glob("*.json")]
    jobs.sort(key=lambda job: job["created"], reverse=True)
    return [job_info(job) for job in jobs if not stage or job["stage"] in stage]


@calls.get(JOB)
def inspect_job(hub: TheHub, account: Writer, namespace: str, job_id: str) -> dict:
    return job_info(read_job(hub, namespace, job_id, account)[1])


@calls.get(JOB + "/logs")
def job_logs(hub: TheHub, account: Writer, namespace: str, job_id: str, tail: int | None = None) -> Response:
    path, _ = read_job(hub, namespace, job_id, account)
    return event_stream(path.with_suffix(".log"), lambda: read_json(path)["stage"] not in AT_WORK, tail)


@calls.post(JOB + "/cancel")
def cancel_job(hub: TheHub, account: Writer, namespace: str, job_id: str) -> dict:
    with WRITE_LOCK:
        path, job = read_job(hub, namespace, job_id, account)
        if job["stage"] in AT_WORK:
            write_json(path, job | {"stage": "CANCELED"})
    return {}
