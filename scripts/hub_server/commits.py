"""Calls that make a commit, and those that list the commits there are."""

import base64
import html
import json
import re
from pathlib import PurePosixPath

from fastapi import Request

from hub_server.access import Contributable, Payload, RawBody, Readable, Writer
from hub_server.errors import HubProblem
from hub_server.names import LFS_THRESHOLD, SHA
from hub_server.repo import WRITE_LOCK
from hub_server.routing import api, public_url


def matches(pattern: str, path: str) -> bool:
    """Tell whether a .gitignore or .gitattributes pattern covers a path or a folder above it."""
    pattern, whole = pattern.rstrip("/"), pattern.lstrip("/")
    folder_only = whole != pattern.lstrip("/")
    anchored = "/" in pattern.rstrip("/")
    pattern = pattern.lstrip("/")
    expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"/\*\*", "/.*").replace(r"\*", "[^/]*")
    expression = expression.replace(r"\?", "[^/]").replace(r"\[", "[").replace(r"\]", "]")
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        if folder_only and depth == len(parts):
            return False
        candidate = "/".join(parts[:depth]) if anchored else parts[depth - 1]
        if re.fullmatch(expression, candidate):
            return True
    return False


def is_ignored(path: str, gitignore: str) -> bool:
    ignored = False
    for line in gitignore.splitlines():
        line = line.strip()
        if line and not line.startswith("#") and matches(line.removeprefix("!"), path):
            ignored = not line.startswith("!")
    return ignored


def wants_lfs(path: str, size: int, gitattributes: str) -> bool:
    patterns = [line.split()[0] for line in gitattributes.splitlines() if "filter=lfs" in line.split()[1:]]
    return size > LFS_THRESHOLD or any(matches(pattern, path) for pattern in patterns)


@api("POST", "/preupload/{revision:segment}")
def preupload(repo: Contributable, revision: str, payload: Payload) -> dict:
    """Tell the client how to send each file: inside the commit, through LFS, or not at all."""
    sha = repo.resolve(revision)
    tree, gitattributes = repo.commit(sha)["tree"], repo.text(sha, ".gitattributes")
    gitignore = payload.get("gitIgnore")
    gitignore = repo.text(sha, ".gitignore") if gitignore is None else gitignore
    files = []
    for file in payload.get("files", []):
        try:
            path, size = str(file["path"]), int(file["size"])
        except (KeyError, TypeError, ValueError) as error:
            raise HubProblem(400, f"A file comes without its path or size: {error}") from error
        entry, mode = tree.get(path), "lfs" if wants_lfs(path, size, gitattributes) else "regular"
        answer = {"path": path, "uploadMode": mode, "shouldIgnore": is_ignored(path, gitignore)}
        if entry is not None:
            answer["oid"] = entry["sha256"] if entry["lfs"] else entry["oid"]
        files.append(answer)
    return {"files": files}


def checked_path(path: str) -> str:
    parts = path.split("/")
    if path.startswith("..\\") or "\0" in path or any(p in ("", ".", "..") or p.lower() == ".git" for p in parts):
        raise HubProblem(422, f"Invalid path in repository: {path!r}")
    return path


def without(tree: dict, path: str) -> dict:
    """Return the tree without a file, or without everything in a folder."""
    path = path.rstrip("/")
    kept = {each: entry for each, entry in tree.items() if each != path and not each.startswith(f"{path}/")}
    if len(kept) == len(tree):
        raise HubProblem(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
    return kept


@api("POST", "/commit/{revision:segment}")
def commit(
    request: Request, repo: Contributable, account: Writer, revision: str, body: RawBody, create_pr: bool = False
) -> dict:
    """Apply one commit: all of its operations on the branch's head, or none."""
    try:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        header = {line["key"]: line["value"] for line in lines}["header"]
        operations = [(line["key"], line["value"]) for line in lines if line["key"] != "header"]
        contents = {
            index: repo.add_content(base64.b64decode(value["content"], validate=True))
            for index, (key, value) in enumerate(operations)
            if key == "file"
        }
        title, message = str(header["summary"]), str(header.get("description") or "")
        parent = str(header.get("parentCommit") or "")
    except (ValueError, KeyError, TypeError) as error:
        raise HubProblem(400, f"This commit can't be read: {error}") from error
    with WRITE_LOCK:
        refs, revision = repo.refs, revision.removeprefix("refs/heads/")
        group = "pulls" if revision in refs["pulls"] else "branches"
        if revision not in refs[group]:
            raise HubProblem(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        head = refs[group][revision]
        if parent and not (SHA.fullmatch(parent) and head.startswith(parent)):
            raise HubProblem(412, "The branch was updated since you opened this page. Please refresh and try again.")
        tree = dict(repo.commit(head)["tree"])
        for index, (key, value) in enumerate(operations):
            path = str(value["path"])
            if key == "file":
                tree[checked_path(path)] = contents[index]
            elif key == "lfsFile":
                tree[checked_path(path)] = repo.lfs_entry(str(value["oid"]))
            elif key in ("deletedFile", "deletedFolder"):
                tree = without(tree, path)
            else:
                raise HubProblem(400, f"Unknown operation in commit: {key}")
        for path in tree:
            for parent_path in PurePosixPath(path).parents:
                if str(parent_path) in tree:
                    raise HubProblem(400, f"{parent_path} can't be a file and a folder at once")
        sha = repo.add_commit(tree, head, account.name, title, message)
        answer = {"success": True, "commitOid": sha, "commitUrl": public_url(request, f"{repo.url_path}/commit/{sha}")}
        if create_pr:
            number = len(refs["pulls"]) + 1
            repo.set_ref("pulls", f"refs/pr/{number}", sha)
            answer["pullRequestUrl"] = public_url(request, f"{repo.url_path}/discussions/{number}")
        else:
            repo.set_ref(group, revision, sha)
    return answer


@api("GET", "/commits/{revision:segment}")
def list_commits(request: Request, repo: Readable, revision: str) -> list[dict]:
    answer = []
    for sha, commit in repo.history(repo.resolve(revision)):
        item = {
            "id": sha,
            "title": commit["title"],
            "message": commit["message"],
            "authors": [{"user": commit["author"]}],
            "date": commit["date"],
        }
        if "formatted" in request.query_params.getlist("expand[]"):
            item["formatted"] = {key: html.escape(commit[key]) for key in ("title", "message")}
        answer.append(item)
    return answer
