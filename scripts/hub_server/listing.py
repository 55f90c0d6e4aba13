"""Calls that describe one repository, or list them."""

import json
from typing import Annotated

import yaml
from fastapi import Query, Request

from hub_server.access import AnyAccount, Readable, TheHub, owns
from hub_server.cards import front_matter
from hub_server.files import lfs_pointer
from hub_server.names import KINDS
from hub_server.repo import Repo
from hub_server.routing import api, calls
from hub_server.spaces import space_runtime


def file_info(path: str, entry: dict) -> dict:
    """Describe a file as the tree calls do."""
    info = {"type": "file", "path": path, "oid": entry["oid"], "size": entry["size"]}
    if entry["lfs"]:
        size = len(lfs_pointer(entry["sha256"], entry["size"]))
        info["lfs"] = {"oid": entry["sha256"], "size": entry["size"], "pointerSize": size}
    return info


def sibling(path: str, entry: dict, blobs: bool) -> dict:
    """Describe a file as the information about a repository does."""
    if not blobs:
        return {"rfilename": path}
    info = {"rfilename": path, "size": entry["size"], "blobId": entry["oid"]}
    if entry["lfs"]:
        pointer = file_info(path, entry)["lfs"]
        info["lfs"] = {"sha256": pointer["oid"], "size": pointer["size"], "pointerSize": pointer["pointerSize"]}
    return info


def repo_info(repo: Repo, sha: str, blobs: bool = False) -> dict:
    meta, commit = repo.meta, repo.commit(sha)
    try:
        card = front_matter(repo.text(sha, "README.md"))
    except yaml.YAMLError:
        card = None  # a card that can't be read has no metadata; the page still shows its text
    card = json.loads(json.dumps(card, default=str)) if isinstance(card, dict) else {}
    tags = card.get("tags")
    tags = tags if isinstance(tags, list) else []
    info = {
        "_id": meta["key"],
        "id": meta["id"],
        "author": meta["id"].split("/")[0],
        "sha": sha,
        "lastModified": commit["date"],
        "createdAt": meta["created"],
        "private": meta["private"],
        "gated": meta.get("gated", False),
        "disabled": False,
        "likes": 0,
        "tags": [str(tag) for tag in tags] + ([f"license:{card['license']}"] if card.get("license") else []),
        "siblings": [sibling(path, entry, blobs) for path, entry in sorted(commit["tree"].items())],
        "usedStorage": sum(path.stat().st_size for path in (repo.folder / "blobs").iterdir()),
    }
    if card:
        info["cardData"] = card
    if repo.kind == "spaces":
        info |= {"sdk": card.get("sdk") or meta["sdk"], "runtime": space_runtime(repo)}
    else:
        info["downloads"] = 0
    if repo.kind == "models":
        info |= {"modelId": meta["id"], "library_name": card.get("library_name")}
        info["pipeline_tag"] = card.get("pipeline_tag")
    return info


def chosen(info: dict, expand: list[str]) -> dict:
    return {key: info.get(key) for key in ["_id", "id", *expand]} if expand else info


@api("GET", "")
@api("GET", "/revision/{revision:segment}")
def get_repo(
    repo: Readable,
    expand: Annotated[list[str], Query(default_factory=list)],
    revision: str = "main",
    blobs: bool = False,
) -> dict:
    return chosen(repo_info(repo, repo.resolve(revision), blobs), expand)


def list_repos(request: Request, hub: TheHub, account: AnyAccount) -> list[dict]:
    """List the repositories the account may see, newest first."""
    kind, query = request.url.path.split("/")[2], request.query_params
    found = []
    for repo in hub.repos(kind):
        if repo.meta["private"] and not owns(account, repo):
            continue
        info = repo_info(repo, repo.resolve("main"))
        words = [word.lower() for word in query.getlist("search")]
        wanted = all(word in repo.id.lower() for word in words) and set(query.getlist("filter")) <= set(info["tags"])
        if wanted and query.get("author", info["author"]).lower() == info["author"].lower():
            found.append(info)
    found.sort(key=lambda info: info["createdAt" if query.get("sort") == "createdAt" else "lastModified"], reverse=True)
    expand = query.getlist("expand")
    full = query.get("full") or query.get("cardData")
    found = [info if full or expand else {k: v for k, v in info.items() if k != "siblings"} for info in found]
    limit = query.get("limit", "")
    return [chosen(info, expand) for info in found[: int(limit) if limit.isdecimal() else None]]


for repo_kind in KINDS:
    calls.add_api_route(f"/api/{repo_kind}", list_repos, methods=["GET"])
