"""Large files of a client without hf_xet: Git LFS."""

import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from hub_server.access import RawBody, TheHub, Writable
from hub_server.errors import HubProblem
from hub_server.names import SHA256
from hub_server.routing import calls, page, public_url
from hub_server.store import Hub


async def received(request: Request, hub: Hub) -> tuple[Path, str, int]:
    """Save a request's body to a temporary file; return it with its SHA-256 and its size."""
    path, digest, size = hub.root / "uploads" / uuid.uuid4().hex, hashlib.sha256(), 0
    try:
        with open(path, "wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
    except BaseException:  # the client went away, or the disk is full
        path.unlink(missing_ok=True)
        raise
    return path, digest.hexdigest(), size


@page("/info/lfs/objects/batch", methods=("POST",))  # the name before it ends with .git, see readable_repo
def lfs_batch(request: Request, repo: Writable, hub: TheHub, body: RawBody) -> Response:
    try:
        payload = json.loads(body)
        asked = [(str(item["oid"]), int(item["size"])) for item in payload["objects"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HubProblem(400, f"This LFS request can't be read: {error}") from error
    if payload.get("operation") != "upload":
        raise HubProblem(400, "The local Hub takes LFS uploads only; download from the file's address instead")
    objects = []
    for oid, size in asked:
        answer: dict[str, Any] = {"oid": oid, "size": size}
        if not SHA256.fullmatch(oid):
            answer["error"] = {"code": 422, "message": "An LFS object id is a SHA-256 in lower-case hexadecimal"}
        elif not repo.blob(oid).is_file():
            ticket = hub.ticket(repo, f"lfs:{oid}:{size}")
            verify = public_url(request, f"{repo.url_path}.git/info/lfs/verify")
            answer["actions"] = {
                "upload": {"href": public_url(request, f"/lfs/{oid}/{size}/{ticket}")},
                "verify": {"href": verify},
            }
        objects.append(answer)
    return JSONResponse({"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json")


@calls.put("/lfs/{oid}/{size:int}/{ticket}")
async def lfs_upload(request: Request, hub: TheHub, oid: str, size: int, ticket: str) -> dict:
    repo = hub.redeem(ticket, f"lfs:{oid}:{size}")
    path, digest, received_size = await received(request, hub)
    if (digest, received_size) != (oid, size):
        path.unlink()
        raise HubProblem(400, f"The upload of LFS object {oid} is damaged or cut short: send it again")
    os.replace(path, repo.blob(oid))
    return {}


@page("/info/lfs/verify", methods=("POST",))
def lfs_verify(repo: Writable, body: RawBody) -> dict:
    try:
        payload = json.loads(body)
        oid, size = str(payload["oid"]), payload["size"]
    except (ValueError, KeyError, TypeError) as error:
        raise HubProblem(400, f"This LFS request can't be read: {error}") from error
    if repo.lfs_entry(oid)["size"] != size:
        raise HubProblem(400, f"LFS object {oid} has another size than {size} bytes")
    return {}
