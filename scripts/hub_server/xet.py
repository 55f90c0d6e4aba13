"""Large files of a client with hf_xet, which then uses nothing else: the calls of the Xet protocol."""

import hashlib
import os
import struct
import time
import uuid
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response

from hub_server.access import Contributable, RawBody, TheHub
from hub_server.errors import HubProblem
from hub_server.lfs import received
from hub_server.names import SHA256
from hub_server.repo import Repo
from hub_server.routing import api, calls, public_url
from hub_server.store import TICKET_SECONDS
from hub_server.xet_format import shard_files, xorb_chunks


@api("GET", "/xet-write-token/{revision:segment}")
def xet_write_token(request: Request, repo: Contributable, hub: TheHub, revision: str) -> Response:
    # The client remembers per address which chunks a server has, so another root is another address.
    endpoint, ticket = public_url(request, f"/xet/{hub.id}"), hub.ticket(repo, "xet")
    expires = int(time.time()) + TICKET_SECONDS
    headers = {"X-Xet-Cas-Url": endpoint, "X-Xet-Access-Token": ticket, "X-Xet-Token-Expiration": str(expires)}
    return JSONResponse({"casUrl": endpoint, "accessToken": ticket, "exp": expires}, headers=headers)


def xet_repo(request: Request, hub: TheHub) -> Repo:
    return hub.redeem(request.headers.get("authorization", "").partition(" ")[2], "xet")


@calls.post("/xet/{hub_id}/v1/xorbs/{prefix}/{xorb}")
async def xet_xorb(request: Request, hub: TheHub, repo: Annotated[Repo, Depends(xet_repo)], xorb: str) -> dict:
    """Keep a block of compressed chunks."""
    if not SHA256.fullmatch(xorb):
        raise HubProblem(400, f"Not a Xet hash: {xorb!r}")
    path, _, size = await received(request, hub)
    inserted = not (hub.root / "xorbs" / xorb).exists()
    if size != int(request.headers.get("content-length", size)):
        path.unlink()
        raise HubProblem(400, "The upload was cut short: send it again")
    os.replace(path, hub.root / "xorbs" / xorb)
    return {"was_inserted": inserted}


@calls.post("/xet/{hub_id}/v1/shards")
def xet_shard(hub: TheHub, repo: Annotated[Repo, Depends(xet_repo)], body: RawBody) -> dict:
    """Put the files that a shard describes together from their chunks, and keep them as LFS objects."""
    try:
        for sha256, segments in shard_files(body):
            path = hub.root / "uploads" / uuid.uuid4().hex
            digest = hashlib.sha256()
            with open(path, "wb") as file:
                for xorb, first, last in segments:
                    for chunk in xorb_chunks((hub.root / "xorbs" / xorb).read_bytes(), first, last):
                        file.write(chunk)
                        digest.update(chunk)
            if digest.hexdigest() != sha256:
                path.unlink()
                raise ValueError(f"the content has SHA-256 {digest.hexdigest()}, not {sha256}")
            os.replace(path, repo.blob(sha256))
    except (ValueError, IndexError, struct.error, FileNotFoundError) as error:
        raise HubProblem(400, f"This upload can't be put together: {error}") from error
    return {"result": 1}
