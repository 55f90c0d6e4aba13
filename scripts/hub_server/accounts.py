"""Calls about accounts, and the making, moving and deleting of repositories."""

import hashlib
import os

from fastapi import Request

from hub_server.access import (
    AnyAccount,
    Payload,
    Readable,
    TheHub,
    Writable,
    Writer,
    check_gate,
    owned_repo,
    owns,
    repo_not_found,
)
from hub_server.errors import HubProblem
from hub_server.files import read_json, write_json
from hub_server.names import KINDS, NAME, SPACE_SDKS
from hub_server.repo import WRITE_LOCK
from hub_server.routing import api, calls, public_url
from hub_server.spaces import checked_hardware, checked_key, checked_volumes, space_settings, stamped
from hub_server.store import Account


@calls.get("/api/whoami-v2")
def whoami(account: AnyAccount) -> dict:
    if account is None:
        raise HubProblem(401, "Invalid username or password.")
    return {
        "type": "user",
        "id": hashlib.sha1(account.name.encode()).hexdigest()[:24],
        "name": account.name,
        "fullname": account.name,
        "isPro": False,
        "canPay": False,
        "avatarUrl": "",
        "orgs": [{"type": "org", "name": group, "fullname": group, "roleInOrg": "write"} for group in account.groups],
        "auth": {"type": "access_token", "accessToken": token_as_told(account)},
    }


def token_as_told(account: Account) -> dict:
    told: dict[str, object] = {"displayName": "local", "role": account.role}
    if account.role == "fineGrained":
        entity = {"type": "user", "name": account.name}
        told["fineGrained"] = {"global": [], "scoped": [{"entity": entity, "permissions": list(account.permissions)}]}
    return told


def kind_of(payload: dict) -> str:
    kind = f"{payload.get('type') or 'model'}s"
    if kind not in KINDS:
        raise HubProblem(400, f"Repositories of type {payload['type']!r} are not served by the local Hub")
    return kind


def checked_name(payload: dict, account: Account) -> str:
    namespace, name = payload.get("organization") or account.name, str(payload.get("name", ""))
    if not NAME.fullmatch(name) or name.endswith(".git") or not NAME.fullmatch(namespace):
        raise HubProblem(400, f"Invalid repository name {name!r}: use letters, digits, '-', '_' and '.'")
    return f"{namespace}/{name}"


def is_private(payload: dict) -> bool:
    return payload.get("visibility") == "private" or payload.get("private") is True


@calls.post("/api/repos/create")
def create_repo(request: Request, payload: Payload, hub: TheHub, account: Writer) -> dict:
    kind, repo_id = kind_of(payload), checked_name(payload, account)
    namespace = repo_id.split("/")[0]
    if namespace not in (account.name, *account.groups):
        raise HubProblem(403, f"You don't have the rights to create a {kind[:-1]} under the namespace {namespace!r}")
    if kind == "spaces" and payload.get("sdk") not in SPACE_SDKS:
        raise HubProblem(400, f"A Space needs an sdk: one of {', '.join(SPACE_SDKS)}")
    with WRITE_LOCK:
        repo = hub.find(kind, repo_id)
        if repo is not None:
            body = {"url": public_url(request, repo.url_path), "name": repo.id}
            raise HubProblem(409, f"You already created this {kind[:-1]} repo", body=body)
        repo = hub.create(kind, repo_id, is_private(payload), payload.get("sdk"))
        if kind == "spaces":
            space = space_settings(repo)
            space["hardware"] = checked_hardware(payload.get("hardware") or "cpu-basic")
            space["sleep"] = payload.get("sleepTimeSeconds")
            space["volumes"] = checked_volumes(payload.get("volumes") or [])
            for group in ("secrets", "variables"):
                for item in payload.get(group) or []:
                    space[group][checked_key(item)] = stamped(item)
            write_json(repo.folder / "space.json", space)
    return {"url": public_url(request, repo.url_path), "name": repo.id, "id": repo.meta["key"]}


@calls.delete("/api/repos/delete")
def delete_repo(payload: Payload, hub: TheHub, account: Writer) -> dict:
    with WRITE_LOCK:
        repo = hub.find(kind_of(payload), checked_name(payload, account))
        if repo is None or (repo.meta["private"] and not owns(account, repo)):
            raise repo_not_found(account)
        hub.delete(owned_repo(repo, account))
    return {}


@calls.post("/api/repos/move")
def move_repo(payload: Payload, hub: TheHub, account: Writer) -> dict:
    kind, target = kind_of(payload), str(payload.get("toRepo", ""))
    with WRITE_LOCK:
        repo = hub.find(kind, str(payload.get("fromRepo", "")))
        if repo is None or (repo.meta["private"] and not owns(account, repo)):
            raise repo_not_found(account)
        owned_repo(repo, account)
        namespace, _, name = target.partition("/")
        checked_name({"organization": namespace, "name": name}, account)
        if namespace != account.name:
            raise HubProblem(403, f'You don\'t have the rights to move a repository to the namespace "{namespace}"')
        if (hub.folder(kind, target) / "repo.json").exists():
            raise HubProblem(409, f"A {kind[:-1]} repository called {target} already exists")
        moved = {
            old: new for old, new in read_json(hub.root / "moved.json").items() if old != f"{kind}/{target}".lower()
        }
        write_json(hub.root / "moved.json", {**moved, f"{kind}/{repo.id}".lower(): target})
        write_json(repo.folder / "repo.json", {**repo.meta, "id": target})
        os.replace(repo.folder, hub.folder(kind, target))
    return {}


@api("PUT", "/settings")
def update_settings(repo: Writable, payload: Payload) -> dict:
    changes = {"private": is_private(payload)} if {"visibility", "private"} & payload.keys() else {}
    if "gated" in payload:
        changes["gated"] = payload["gated"] if payload["gated"] in ("auto", "manual") else False
    with WRITE_LOCK:
        write_json(repo.folder / "repo.json", {**repo.meta, **changes})
    return changes


@api("GET", "/auth-check")
def auth_check(repo: Readable, account: AnyAccount) -> dict:
    check_gate(repo, account)
    return {}


@api("GET", "/auth-check/write")
def auth_check_write(repo: Writable) -> dict:
    return {}
