"""One repository on disk: contents, commits and references."""

import hashlib
import json
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub_server.errors import HubProblem
from hub_server.files import git_blob_id, lfs_pointer, now, read_json, write_json
from hub_server.names import SHA, SHA256

WRITE_LOCK = threading.RLock()  # commits, references and settings change under it; reads need no lock


@lru_cache(maxsize=512)
def read_commit(path: Path) -> dict:
    return read_json(path)  # a commit never changes once written; callers copy what they change


@dataclass(frozen=True)
class Repo:
    """One repository: a folder with ``repo.json``, ``refs.json``, ``commits/SHA.json`` and ``blobs/SHA256``."""

    folder: Path
    kind: str

    @property
    def meta(self) -> dict:
        return read_json(self.folder / "repo.json")

    @property
    def id(self) -> str:
        return self.meta["id"]

    @property
    def url_path(self) -> str:
        return ("" if self.kind == "models" else f"/{self.kind}") + f"/{self.id}"

    @property
    def refs(self) -> dict[str, dict[str, str]]:
        return read_json(self.folder / "refs.json")

    def commit(self, sha: str) -> dict:
        return read_commit(self.folder / "commits" / f"{sha}.json")

    def blob(self, sha256: str) -> Path:
        return self.folder / "blobs" / sha256

    def resolve(self, revision: str) -> str:
        """Return the full commit id of a branch, tag, pull request or (shortened) commit id."""
        refs = self.refs
        for prefix, group in (("refs/heads/", "branches"), ("refs/tags/", "tags"), ("", "pulls")):
            name = revision.removeprefix(prefix)
            if name in refs[group]:
                return refs[group][name]
        if SHA.fullmatch(revision):
            found = list((self.folder / "commits").glob(f"{revision}*.json"))
            if len(found) == 1:
                return found[0].stem
        raise HubProblem(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def history(self, sha: str) -> Iterator[tuple[str, dict]]:
        while sha:
            commit = self.commit(sha)
            yield sha, commit
            sha = commit["parent"]

    def entry(self, sha: str, path: str) -> dict:
        tree = self.commit(sha)["tree"]
        if path not in tree:
            raise HubProblem(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": sha})
        return tree[path]

    def text(self, sha: str, path: str) -> str:
        """Return a small text file of a commit, empty where there is none."""
        entry = self.commit(sha)["tree"].get(path)
        if entry is None or entry["lfs"]:
            return ""
        return self.blob(entry["sha256"]).read_text(encoding="utf-8", errors="replace")

    def add_content(self, content: bytes) -> dict:
        """Store a small file's content and return its tree entry."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.blob(sha256).exists():
            temporary = self.folder / "blobs" / f".{uuid.uuid4().hex}"
            temporary.write_bytes(content)
            os.replace(temporary, self.blob(sha256))
        return {"oid": git_blob_id(content), "size": len(content), "sha256": sha256, "lfs": False}

    def lfs_entry(self, sha256: str) -> dict:
        if not SHA256.fullmatch(sha256) or not self.blob(sha256).is_file():
            raise HubProblem(400, f"The LFS object {sha256} was not uploaded: upload it before the commit.")
        size = self.blob(sha256).stat().st_size
        return {"oid": git_blob_id(lfs_pointer(sha256, size)), "size": size, "sha256": sha256, "lfs": True}

    def add_commit(self, tree: dict, parent: str | None, author: str, title: str, message: str = "") -> str:
        """Write a commit, not yet visible on any branch, and return its id."""
        commit = {"parent": parent, "author": author, "date": now(), "title": title, "message": message, "tree": tree}
        sha = hashlib.sha1((json.dumps(commit, sort_keys=True) + uuid.uuid4().hex).encode()).hexdigest()
        write_json(self.folder / "commits" / f"{sha}.json", commit)
        return sha

    def set_ref(self, group: str, name: str, sha: str | None) -> None:
        refs = self.refs
        if sha is None:
            del refs[group][name]
        else:
            refs[group][name] = sha
        write_json(self.folder / "refs.json", refs)
