"""All repositories of a local Hub, its accounts, and its tickets for uploads."""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from hub_server.errors import HubProblem
from hub_server.files import now, read_json, write_json
from hub_server.names import GITATTRIBUTES, KINDS, NAME
from hub_server.repo import Repo

TICKET_SECONDS = 3600


@dataclass(frozen=True)
class Account:
    name: str
    role: str  # "write", "read" or "fineGrained"
    permissions: tuple[str, ...] = ()  # of a fine-grained token, to the account's own repos
    groups: tuple[str, ...] = ()  # organisations, to whose repos its members may write

    @property
    def may_write(self) -> bool:
        return self.role == "write" or "repo.write" in self.permissions


class Hub:
    """The store and the accounts.

    Parameters
    ----------
    root : Path
        Folder of everything this Hub keeps; made where absent.
    accounts : dict[str, Account]
        Accounts by token. Tokens are not written to disk.
    """

    def __init__(self, root: Path, accounts: dict[str, Account]) -> None:
        self.root = root
        self.accounts = {hashlib.sha256(token.encode()).digest(): account for token, account in accounts.items()}
        root.mkdir(parents=True, exist_ok=True)
        self.lock_file = open(root / ".lock", "w")  # noqa: SIM115 (held, and so locked, as long as the server lives)
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"Another local Hub is already serving {root}: stop it, or give this one another --root.")
        shutil.rmtree(root / "uploads", ignore_errors=True)  # what a killed server left behind
        for name in (*KINDS, "uploads", "xorbs"):
            (root / name).mkdir(exist_ok=True)
        if not (root / "hub.json").exists():
            write_json(root / "hub.json", {"format": 1, "id": uuid.uuid4().hex, "key": secrets.token_hex(32)})
            write_json(root / "moved.json", {})  # former names of moved repositories
        settings = read_json(root / "hub.json")
        self.id, self.key = settings["id"], bytes.fromhex(settings["key"])

    def folder(self, kind: str, repo_id: str) -> Path:
        namespace, name = repo_id.lower().split("/")  # the Hub's names differ by more than case
        return self.root / kind / namespace / name

    def find(self, kind: str, repo_id: str) -> Repo | None:
        if kind not in KINDS or not all(NAME.fullmatch(part) for part in repo_id.split("/")) or repo_id.count("/") != 1:
            return None
        folder = self.folder(kind, repo_id)
        if (folder / "repo.json").is_file():
            return Repo(folder, kind)
        moved = read_json(self.root / "moved.json").get(f"{kind}/{repo_id}".lower())
        return self.find(kind, moved) if moved else None

    def repos(self, kind: str) -> list[Repo]:
        return [Repo(path.parent, kind) for path in (self.root / kind).glob("*/*/repo.json")]

    def create(self, kind: str, repo_id: str, private: bool, sdk: str | None) -> Repo:
        """Make a repository with its first commit; it appears whole or not at all."""
        draft = self.root / "uploads" / uuid.uuid4().hex
        for part in ("blobs", "commits"):
            (draft / part).mkdir(parents=True)
        meta = {"id": repo_id, "private": private, "created": now(), "sdk": sdk, "key": uuid.uuid4().hex[:24]}
        write_json(draft / "repo.json", meta)
        repo = Repo(draft, kind)
        tree = {".gitattributes": repo.add_content(GITATTRIBUTES.encode())}
        if kind == "spaces":
            title = repo_id.split("/")[1]
            tree["README.md"] = repo.add_content(f"---\ntitle: {title}\nsdk: {sdk}\napp_file: app.py\n---\n".encode())
        sha = repo.add_commit(tree, None, repo_id.split("/")[0], "initial commit")
        write_json(draft / "refs.json", {"branches": {"main": sha}, "tags": {}, "pulls": {}})
        folder = self.folder(kind, repo_id)
        folder.parent.mkdir(exist_ok=True)
        os.replace(draft, folder)
        return Repo(folder, kind)

    def delete(self, repo: Repo) -> None:
        discarded = self.root / "uploads" / uuid.uuid4().hex
        os.replace(repo.folder, discarded)
        shutil.rmtree(discarded)

    def ticket(self, repo: Repo, purpose: str) -> str:
        """Return a signed, short-lived permission to upload to one repository, for addresses without a token."""
        claim = json.dumps([repo.kind, repo.id, purpose, int(time.time()) + TICKET_SECONDS]).encode()
        signature = hmac.new(self.key, claim, hashlib.sha256).digest()
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (claim, signature))

    def redeem(self, ticket: str, purpose: str) -> Repo:
        try:
            claim, signature = (base64.urlsafe_b64decode(part + "==") for part in ticket.split("."))
        except ValueError:
            raise HubProblem(401, "Invalid upload ticket") from None
        if not hmac.compare_digest(signature, hmac.new(self.key, claim, hashlib.sha256).digest()):
            raise HubProblem(401, "Invalid upload ticket")
        kind, repo_id, granted, expires = json.loads(claim)
        if granted != purpose or expires < time.time():
            raise HubProblem(401, "This upload ticket has expired: start the upload again.")
        repo = self.find(kind, repo_id)
        if repo is None:
            raise HubProblem(404, "Repository not found", "RepoNotFound")
        return repo
