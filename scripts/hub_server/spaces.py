"""The settings of Spaces; they are kept, and nothing is run.

What runs Spaces elsewhere, a test say, writes a stage into ``space.json`` and logs into ``logs-run.txt`` and ``logs-build.txt``.
"""

from typing import Any

from fastapi.responses import Response
from huggingface_hub import SpaceHardware

from hub_server.access import OwnedSpace, Payload, Readable
from hub_server.errors import HubProblem
from hub_server.files import event_stream, now, read_json, write_json
from hub_server.names import KEY_NAME
from hub_server.repo import WRITE_LOCK, Repo
from hub_server.routing import api

CPU_BASIC_SLEEP = 48 * 3600
VOLUME_TYPES = ("bucket", "model", "dataset", "space")


def space_settings(repo: Repo) -> dict:
    settings: dict[str, Any] = {"hardware": "cpu-basic", "sleep": None, "paused": False}
    settings |= {"secrets": {}, "variables": {}, "volumes": []}
    if (repo.folder / "space.json").exists():
        settings |= read_json(repo.folder / "space.json")
    return settings


def change_space(repo: Repo, **changes: Any) -> dict:
    with WRITE_LOCK:
        write_json(repo.folder / "space.json", {**space_settings(repo), **changes})
    return space_runtime(repo)


def space_runtime(repo: Repo) -> dict:
    space, tree = space_settings(repo), repo.commit(repo.resolve("main"))["tree"]
    stage = "PAUSED" if space["paused"] else space.get("stage") or "RUNNING"
    if repo.meta["sdk"] in ("gradio", "streamlit") and "app.py" not in tree:
        stage = "NO_APP_FILE"
    hardware = {"current": None if space["paused"] else space["hardware"], "requested": space["hardware"]}
    sleep = CPU_BASIC_SLEEP if space["hardware"] == "cpu-basic" else space["sleep"]
    runtime = {"stage": stage, "hardware": hardware, "gcTimeout": sleep, "storage": None, "devMode": False}
    runtime["sha"] = repo.resolve("main")
    return runtime | ({"volumes": space["volumes"]} if space["volumes"] else {})


def checked_hardware(flavour: Any) -> str:
    known = [hardware.value for hardware in SpaceHardware]
    if flavour not in known:
        raise HubProblem(400, f"Unknown hardware {flavour!r}: choose one of {', '.join(known)}")
    return flavour


def checked_key(payload: dict) -> str:
    key = payload.get("key")
    if not isinstance(key, str) or not KEY_NAME.fullmatch(key):
        raise HubProblem(400, "A secret's or variable's name has letters, digits and '_' and starts with no digit")
    return key


def checked_volumes(volumes: Any) -> list[dict]:
    """Refuse volumes that the Hub would not mount: of an unknown type, without a source, or at no absolute path of their own."""
    volumes = volumes if isinstance(volumes, list) and all(isinstance(volume, dict) for volume in volumes) else [{}]
    for volume in volumes:
        of_type, source, path = (str(volume.get(key, "")) for key in ("type", "source", "mountPath"))
        if of_type not in VOLUME_TYPES or source.count("/") != 1 or not path.startswith("/") or path == "/":
            raise HubProblem(400, "A volume has a type, a source such as user/name, and an absolute mountPath")
    if len({volume["mountPath"] for volume in volumes}) < len(volumes):
        raise HubProblem(400, "Two volumes can't be mounted at one path")
    return [{**volume, "readOnly": volume["type"] != "bucket" or bool(volume.get("readOnly"))} for volume in volumes]


def stamped(payload: dict) -> dict:
    return {"value": str(payload.get("value", "")), "description": payload.get("description"), "updatedAt": now()}


def dynamic(repo: Repo) -> Repo:
    if repo.meta["sdk"] == "static":
        raise HubProblem(400, "A static Space always runs on free hardware: it can't be paused, restarted or upgraded")
    return repo


@api("GET", "/runtime")
def get_runtime(repo: Readable) -> dict:
    return space_runtime(repo)


@api("POST", "/pause")
def pause(repo: OwnedSpace) -> dict:
    return change_space(dynamic(repo), paused=True)


@api("POST", "/restart")
def restart(repo: OwnedSpace) -> dict:
    return change_space(dynamic(repo), paused=False, stage=None)


@api("POST", "/hardware")
def set_hardware(repo: OwnedSpace, payload: Payload) -> dict:
    changes = {"hardware": checked_hardware(payload.get("flavor"))}
    if "sleepTimeSeconds" in payload:
        changes["sleep"] = payload["sleepTimeSeconds"]
    return change_space(dynamic(repo), **changes)


@api("POST", "/sleeptime")
def set_sleep_time(repo: OwnedSpace, payload: Payload) -> dict:
    seconds = payload.get("seconds")
    if not isinstance(seconds, int):
        raise HubProblem(400, "The sleep time is a number of seconds, -1 for never")
    return change_space(dynamic(repo), sleep=seconds)


def change_entry(repo: Repo, group: str, payload: dict, remove: bool) -> dict:
    with WRITE_LOCK:
        entries, key = dict(space_settings(repo)[group]), checked_key(payload)
        entries.pop(key, None)
        if not remove:
            entries[key] = stamped(payload)
        change_space(repo, **{group: entries})
    return entries


@api("GET", "/variables")
def get_variables(repo: OwnedSpace) -> dict:
    return space_settings(repo)["variables"]


@api("POST", "/variables")
def add_variable(repo: OwnedSpace, payload: Payload) -> dict:
    return change_entry(repo, "variables", payload, remove=False)


@api("DELETE", "/variables")
def delete_variable(repo: OwnedSpace, payload: Payload) -> dict:
    return change_entry(repo, "variables", payload, remove=True)


@api("GET", "/secrets")
def get_secrets(repo: OwnedSpace) -> dict:
    """Name the secrets; their values are never given back."""
    entries = space_settings(repo)["secrets"]
    return {key: {k: v for k, v in entry.items() if k != "value"} for key, entry in entries.items()}


@api("POST", "/secrets")
def add_secret(repo: OwnedSpace, payload: Payload) -> dict:
    change_entry(repo, "secrets", payload, remove=False)
    return {}


@api("DELETE", "/secrets")
def delete_secret(repo: OwnedSpace, payload: Payload) -> dict:
    change_entry(repo, "secrets", payload, remove=True)
    return {}


@api("PUT", "/volumes")
def set_volumes(repo: OwnedSpace, payload: Payload) -> dict:
    return change_space(dynamic(repo), volumes=checked_volumes(payload.get("volumes")))


@api("DELETE", "/volumes")
def delete_volumes(repo: OwnedSpace) -> dict:
    if not space_settings(dynamic(repo))["volumes"]:
        raise HubProblem(400, "This Space has no volumes")
    return change_space(repo, volumes=[])


@api("GET", "/logs/{log:segment}")
def get_logs(repo: OwnedSpace, log: str) -> Response:
    if log not in ("run", "build"):
        raise HubProblem(404, f"A Space has a log of its run and one of its build, not {log!r}")
    return event_stream(repo.folder / f"logs-{log}.txt")
