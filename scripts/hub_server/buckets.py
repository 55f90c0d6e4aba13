"""Storage buckets: that they are there, and whose; what is mounted from them lies elsewhere."""

import shutil
import uuid
from pathlib import Path

from fastapi import Request

from hub_server.access import AnyAccount, Payload, TheHub, Writer
from hub_server.errors import HubProblem
from hub_server.files import now, read_json, write_json
from hub_server.names import NAME
from hub_server.repo import WRITE_LOCK
from hub_server.routing import calls, public_url
from hub_server.store import Account, Hub

BUCKET = "/api/buckets/{namespace:segment}/{name:segment}"


def bucket_folder(hub: Hub, namespace: str, name: str) -> Path:
    if not NAME.fullmatch(namespace) or not NAME.fullmatch(name):
        raise HubProblem(400, f"Invalid bucket name {name!r}: use letters, digits, '-', '_' and '.'")
    return hub.root / "buckets" / namespace.lower() / name.lower()


def owner_of(namespace: str, account: Account | None) -> str:
    """The account that a call is about, ``me`` being the one that asks; strangers learn of no bucket."""
    if account is None:
        raise HubProblem(401, "Invalid username or password.", "RepoNotFound")
    return account.name if namespace == "me" else namespace


def read_bucket(hub: Hub, namespace: str, name: str, account: Account | None) -> dict:
    owner = owner_of(namespace, account)
    path = bucket_folder(hub, owner, name) / "bucket.json"
    bucket = read_json(path) if path.is_file() else None
    if bucket is None or (bucket["private"] and (account is None or account.name != owner)):
        raise HubProblem(404, "Bucket not found", "RepoNotFound")
    return bucket


@calls.post(BUCKET)
def create_bucket(request: Request, hub: TheHub, account: Writer, payload: Payload, namespace: str, name: str) -> dict:
    owner = owner_of(namespace, account)
    if owner != account.name:
        raise HubProblem(403, f"You don't have the rights to create a bucket under the namespace {owner!r}")
    folder, answer = bucket_folder(hub, owner, name), {"url": public_url(request, f"/buckets/{owner}/{name}")}
    with WRITE_LOCK:
        if (folder / "bucket.json").is_file():
            raise HubProblem(409, "You already created this bucket", body=answer)
        folder.mkdir(parents=True, exist_ok=True)
        private = payload.get("visibility") == "private"
        bucket = {"id": f"{owner}/{name}", "private": private, "createdAt": now(), "size": 0, "totalFiles": 0}
        write_json(folder / "bucket.json", bucket)
    return answer


@calls.get("/api/buckets/{namespace:segment}")
def list_buckets(hub: TheHub, account: AnyAccount, namespace: str) -> list[dict]:
    owner = owner_of(namespace, account)
    names = [path.parent.name for path in sorted((hub.root / "buckets" / owner.lower()).glob("*/bucket.json"))]
    buckets = [read_json(bucket_folder(hub, owner, name) / "bucket.json") for name in names]
    return [bucket for bucket in buckets if not bucket["private"] or (account is not None and account.name == owner)]


@calls.get(BUCKET)
def bucket_info(hub: TheHub, account: AnyAccount, namespace: str, name: str) -> dict:
    return read_bucket(hub, namespace, name, account)


@calls.delete(BUCKET)
def delete_bucket(hub: TheHub, account: Writer, namespace: str, name: str) -> dict:
    bucket = read_bucket(hub, namespace, name, account)
    owner, name = bucket["id"].split("/")
    if owner != account.name:
        raise HubProblem(403, f"You don't have the rights to delete {bucket['id']}")
    with WRITE_LOCK:
        discarded = hub.root / "uploads" / uuid.uuid4().hex
        bucket_folder(hub, owner, name).rename(discarded)
        shutil.rmtree(discarded)
    return {}
