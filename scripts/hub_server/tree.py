"""Calls that list the files of a commit and hand them out."""

import hashlib
import json
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from fastapi.responses import FileResponse, Response

from hub_server.access import AnyAccount, Readable, check_gate
from hub_server.errors import HubProblem
from hub_server.listing import file_info
from hub_server.repo import Repo
from hub_server.routing import api, page


def last_commit(repo: Repo, sha: str, path: str) -> dict:
    """Return the commit that last changed a file or anything in a folder."""

    def state(commit: dict) -> dict:
        return {p: e["oid"] for p, e in commit["tree"].items() if p == path or p.startswith(f"{path}/")}

    here = state(repo.commit(sha))
    for earlier, commit in repo.history(sha):
        if state(commit) != here:
            break
        sha = earlier
    commit = repo.commit(sha)
    return {"id": sha, "title": commit["title"], "date": commit["date"]}


def folder_info(tree: dict, path: str) -> dict:
    inside = sorted((p, entry["oid"]) for p, entry in tree.items() if p.startswith(f"{path}/"))
    return {"type": "directory", "path": path, "oid": hashlib.sha1(json.dumps(inside).encode()).hexdigest(), "size": 0}


def described(repo: Repo, sha: str, path: str, expand: bool) -> dict | None:
    """Describe a file or folder of a commit, None where there is none."""
    tree = repo.commit(sha)["tree"]
    if path in tree:
        info = file_info(path, tree[path])
    elif any(p.startswith(f"{path}/") for p in tree):
        info = folder_info(tree, path)
    else:
        return None
    if expand:
        info["lastCommit"] = last_commit(repo, sha, path)
    return info


@api("GET", "/tree/{revision:segment}")
@api("GET", "/tree/{revision:segment}/{path:rest}")
def list_tree(
    repo: Readable, revision: str, path: str = "", recursive: bool = False, expand: bool = False
) -> list[dict]:
    sha = repo.resolve(revision)
    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    names = set()
    for each in repo.commit(sha)["tree"]:
        if each.startswith(prefix):
            parts = each.removeprefix(prefix).split("/")
            depths = range(1, len(parts) + 1) if recursive else (1,)
            names |= {prefix + "/".join(parts[:depth]) for depth in depths}
    if prefix and not names:
        raise HubProblem(404, f'{path} does not exist on "{revision}"', "EntryNotFound", {"X-Repo-Commit": sha})
    return [info for name in sorted(names) if (info := described(repo, sha, name, expand)) is not None]


@api("POST", "/paths-info/{revision:segment}")
def paths_info(
    repo: Readable,
    revision: str,
    paths: Annotated[list[str], Form(default_factory=list)],
    expand: Annotated[bool, Form()] = False,
) -> list[dict]:
    sha = repo.resolve(revision)
    names = (path.strip("/") for path in dict.fromkeys(paths))
    return [info for name in names if (info := described(repo, sha, name, expand)) is not None]


@page("/resolve/{revision:segment}/{path:rest}", methods=("GET", "HEAD"))
@page("/raw/{revision:segment}/{path:rest}", methods=("GET", "HEAD"))
def download(repo: Readable, account: AnyAccount, revision: str, path: str) -> Response:
    """Serve a file, or a range of it, with the headers from which the client builds its cache."""
    check_gate(repo, account)
    sha = repo.resolve(revision)
    entry = repo.entry(sha, path)
    headers = {
        "X-Repo-Commit": sha,
        "ETag": f'"{entry["sha256"] if entry["lfs"] else entry["oid"]}"',
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(PurePosixPath(path).name)};",
        # Files are other people's: a browser shows them as text and runs nothing.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if entry["lfs"]:
        headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(entry["size"])}
    media_type = "application/octet-stream" if entry["lfs"] else "text/plain; charset=utf-8"
    return FileResponse(repo.blob(entry["sha256"]), headers=headers, media_type=media_type)
