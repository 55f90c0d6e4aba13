#!/usr/bin/env python3
"""A small Hugging Face Hub on this machine, for demonstrations and tests without an account.

It speaks the part of the Hub's HTTP interface that ``huggingface_hub`` 2.4 uses for repositories, commits, downloads
and the settings of Spaces, so the unmodified client works when ``HF_ENDPOINT`` names this server. Repositories lie in
one folder as content-addressed files and JSON; a commit becomes visible by one atomic rename, so a server killed at any
moment never shows half of one. It stores what a Space asks for (hardware, secrets, pause) and runs nothing.

    python scripts/local_hub.py --port 8080 --root ~/local-hub
"""

import argparse
import base64
import fcntl
import hashlib
import hmac
import html
import ipaddress
import json
import os
import re
import secrets
import shutil
import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote, unquote

import uvicorn
import yaml
from fastapi import APIRouter, Body, Depends, FastAPI, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from huggingface_hub import SpaceHardware
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

DEFAULT_USER = "demo"
DEFAULT_TOKEN = "hf_local_demo_token"
KINDS = ("models", "datasets", "spaces")
RESERVED = ("api", "lfs", "xet", *KINDS)  # first parts of addresses, so no user's names
LFS_THRESHOLD = 10 * 1024 * 1024  # bytes; a larger file goes through LFS whatever its name, as on the Hub
TICKET_SECONDS = 3600
CPU_BASIC_SLEEP = 48 * 3600
SPACE_COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SPACE_SDKS = ("gradio", "docker", "static", "streamlit")
LFS_PATTERNS = """
*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.keras *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx
*.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm
*.xz *.zip *.zst *tfevents*
"""
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS.split())
NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
SHA = re.compile(r"[0-9a-f]{7,40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
REF_NAME = re.compile(r"(?!/|\.|-|refs/)(?!.*(//|\.\.|@\{|/\.|\.lock$|\.lock/|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]{1,200}")
KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
WRITE_LOCK = threading.RLock()  # commits, references and settings change under it; reads need no lock


class HubProblem(Exception):
    """An answer other than success, in the Hub's form.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        One sentence for the person at the client.
    code : str or None
        The Hub's ``X-Error-Code``, by which the client picks its exception.
    headers, body : dict or None
        Further headers and further members of the JSON answer.
    """

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: dict | None = None, body: dict | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers, self.body = headers or {}, body or {}


# Files on disk


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file so that a reader, or a restart after a crash, sees all of it or the former one."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def git_blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


@lru_cache(maxsize=512)
def read_commit(path: Path) -> dict:
    return read_json(path)  # a commit never changes once written; callers copy what they change


@dataclass(frozen=True)
class Account:
    name: str
    role: str  # "write" or "read"


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


# Who asks, and for which repository


def the_hub(request: Request) -> Hub:
    return request.app.state.hub


def the_account(request: Request, hub: Annotated[Hub, Depends(the_hub)]) -> Account | None:
    """Return the account of the request's token, None without a token; a wrong token is refused."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    account = hub.accounts.get(hashlib.sha256(token.strip().encode()).digest())
    if scheme.lower() != "bearer" or account is None:
        raise HubProblem(401, "Invalid credentials in Authorization header")
    return account


TheHub = Annotated[Hub, Depends(the_hub)]
AnyAccount = Annotated[Account | None, Depends(the_account)]


def the_writer(account: AnyAccount) -> Account:
    if account is None:
        raise HubProblem(401, "Invalid username or password.")
    if account.role != "write":
        raise HubProblem(403, "Your token may only read: use a token with the write role")
    return account


Writer = Annotated[Account, Depends(the_writer)]


def repo_not_found(account: Account | None) -> HubProblem:
    # The Hub does not tell a stranger whether a repository is private or absent.
    if account is None:
        return HubProblem(401, "Invalid username or password.", "RepoNotFound")
    return HubProblem(404, "Repository not found", "RepoNotFound")


def readable_repo(request: Request, hub: TheHub, account: AnyAccount) -> Repo:
    parts = request.url.path.removeprefix("/api").split("/")
    kind = parts[1] if parts[1] in KINDS else "models"
    name = request.path_params["name"].removesuffix(".git")
    repo = hub.find(kind, f"{request.path_params['namespace']}/{name}")
    if repo is None or (repo.meta["private"] and not owns(account, repo)):
        raise repo_not_found(account)
    return repo


Readable = Annotated[Repo, Depends(readable_repo)]


def owns(account: Account | None, repo: Repo) -> bool:
    return account is not None and account.name == repo.id.split("/")[0]


def owned_repo(repo: Readable, account: AnyAccount) -> Repo:
    if not owns(account, repo):
        if account is None:
            raise repo_not_found(None)
        raise HubProblem(403, f"You don't have the rights to change {repo.id} or to see its settings")
    return repo


Owned = Annotated[Repo, Depends(owned_repo)]


def writable_repo(repo: Owned, account: AnyAccount) -> Repo:
    the_writer(account)
    return repo


Writable = Annotated[Repo, Depends(writable_repo)]


def contributable_repo(repo: Readable, account: AnyAccount, create_pr: bool = False) -> Repo:
    # Whoever may read a repository may propose a pull request; anything else needs the owner.
    if create_pr:
        the_writer(account)
        return repo
    return writable_repo(owned_repo(repo, account), account)


Contributable = Annotated[Repo, Depends(contributable_repo)]


def owned_space(repo: Writable) -> Repo:
    if repo.kind != "spaces":
        raise HubProblem(404, "Not a Space", "RepoNotFound")
    return repo


OwnedSpace = Annotated[Repo, Depends(owned_space)]


async def raw_body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
Payload = Annotated[dict, Body(default_factory=dict)]


class Segment(Convertor[str]):
    """One path segment, percent-decoded here so that a branch ``a/b`` (sent as ``a%2Fb``) stays one segment."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


class Rest(Segment):
    regex = ".*"


register_url_convertor("segment", Segment())
register_url_convertor("rest", Rest())
routes = APIRouter()


SPACE_CALLS = {f"/{name}" for name in ("runtime", "hardware", "sleeptime", "pause", "restart", "secrets", "variables")}


def api(method: str, path: str) -> Callable:
    """Register a handler for a repository call, ``path`` being what follows the repository's name."""
    kinds = {"spaces"} if path in SPACE_CALLS else KINDS

    def register(handler: Callable) -> Callable:
        for kind in kinds:
            routes.add_api_route(f"/api/{kind}/{{namespace:segment}}/{{name:segment}}{path}", handler, methods=[method])
        return handler

    return register


def page(path: str, methods: Iterable[str] = ("GET",)) -> Callable:
    """Register a handler under a repository's own address, of every kind."""

    def register(handler: Callable) -> Callable:
        for prefix in ("/datasets", "/spaces", ""):
            full_path = f"{prefix}/{{namespace:segment}}/{{name:segment}}{path}"
            routes.add_api_route(full_path, handler, methods=list(methods))
        return handler

    return register


# Accounts and repositories


@routes.get("/api/whoami-v2")
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
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": {"displayName": "local", "role": account.role}},
    }


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


@routes.post("/api/repos/create")
def create_repo(request: Request, payload: Payload, hub: TheHub, account: Writer) -> dict:
    kind, repo_id = kind_of(payload), checked_name(payload, account)
    namespace = repo_id.split("/")[0]
    if namespace != account.name:
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
            for group in ("secrets", "variables"):
                for item in payload.get(group) or []:
                    space[group][checked_key(item)] = stamped(item)
            write_json(repo.folder / "space.json", space)
    return {"url": public_url(request, repo.url_path), "name": repo.id, "id": repo.meta["key"]}


@routes.delete("/api/repos/delete")
def delete_repo(payload: Payload, hub: TheHub, account: Writer) -> dict:
    with WRITE_LOCK:
        repo = hub.find(kind_of(payload), checked_name(payload, account))
        if repo is None or (repo.meta["private"] and not owns(account, repo)):
            raise repo_not_found(account)
        hub.delete(owned_repo(repo, account))
    return {}


@routes.post("/api/repos/move")
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


def check_gate(repo: Repo, account: Account | None) -> None:
    if repo.meta.get("gated") and not owns(account, repo):
        what = f"Access to {repo.kind[:-1]} {repo.id} is restricted and you are not in the authorized list."
        raise HubProblem(403 if account else 401, what, "GatedRepo")


@api("GET", "/auth-check")
def auth_check(repo: Readable, account: AnyAccount) -> dict:
    check_gate(repo, account)
    return {}


@api("GET", "/auth-check/write")
def auth_check_write(repo: Writable) -> dict:
    return {}


def front_matter(text: str) -> Any:
    """Return the YAML head of a README, None where there is none; raises yaml.YAMLError."""
    head = re.match(r"\A\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", text.lstrip("\ufeff"), re.DOTALL)
    return yaml.safe_load(head[1]) if head else None


@routes.post("/api/validate-yaml")
def validate_yaml(payload: Payload) -> Response:
    errors, warnings = [], []
    try:
        card = front_matter(str(payload.get("content", "")))
    except yaml.YAMLError as error:
        card, errors = {}, [f"YAML metadata in README.md can't be read: {error}"]
    if not errors and not card:
        warnings.append("empty or missing yaml metadata in repo card")
    elif card and not isinstance(card, dict):
        errors.append("YAML metadata in README.md must be a mapping of names to values")
    if isinstance(card, dict):
        for key, kinds in (("license", (str, list)), ("tags", (list,)), ("model-index", (list,))):
            if card.get(key) is not None and not isinstance(card[key], kinds):
                errors.append(f'"{key}" must be {"a list" if list in kinds[:1] else "a string"}')
        if payload.get("repoType") == "space":
            for key, allowed in (("sdk", SPACE_SDKS), ("colorFrom", SPACE_COLOURS), ("colorTo", SPACE_COLOURS)):
                if key in card and card[key] not in allowed:
                    errors.append(f'"{key}" must be one of [{", ".join(allowed)}]')
    answer = {
        "errors": [{"message": message} for message in errors],
        "warnings": [{"message": message} for message in warnings],
    }
    return JSONResponse(answer, status_code=400 if errors else 200)


def public_url(request: Request, path: str) -> str:
    return str(request.base_url).rstrip("/") + quote(path)


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
    tags = card.get("tags") if isinstance(card.get("tags"), list) else []
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


for each_kind in KINDS:
    routes.add_api_route(f"/api/{each_kind}", list_repos, methods=["GET"])


# Files, commits and references


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
    return [described(repo, sha, name, expand) for name in sorted(names)]


@api("POST", "/paths-info/{revision:segment}")
def paths_info(
    repo: Readable,
    revision: str,
    paths: Annotated[list[str], Form(default_factory=list)],
    expand: Annotated[bool, Form()] = False,
) -> list[dict]:
    sha = repo.resolve(revision)
    found = (described(repo, sha, path.strip("/"), expand) for path in dict.fromkeys(paths))
    return [info for info in found if info is not None]


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


@api("GET", "/refs")
def list_refs(repo: Readable, include_prs: bool = False) -> dict:
    def listed(group: str, prefix: str) -> list[dict]:
        return [
            {"name": name.removeprefix("refs/pr/"), "ref": prefix + name, "targetCommit": sha}
            for name, sha in sorted(repo.refs[group].items())
        ]

    answer = {"branches": listed("branches", "refs/heads/"), "tags": listed("tags", "refs/tags/"), "converts": []}
    return answer | ({"pullRequests": listed("pulls", "")} if include_prs else {})


def checked_ref(name: str) -> str:
    if not REF_NAME.fullmatch(name):
        raise HubProblem(400, f"Invalid reference name: {name!r}")
    return name


@api("POST", "/branch/{branch:segment}")
def create_branch(repo: Writable, branch: str, payload: Payload) -> dict:
    with WRITE_LOCK:
        sha = repo.resolve(str(payload.get("startingPoint") or "main"))
        if checked_ref(branch) in repo.refs["branches"]:
            raise HubProblem(409, f"Reference refs/heads/{branch} already exists")
        repo.set_ref("branches", branch, sha)
    return {}


@api("DELETE", "/branch/{branch:segment}")
def delete_branch(repo: Writable, branch: str) -> dict:
    with WRITE_LOCK:
        if branch == "main":
            raise HubProblem(403, "Cannot delete refs/heads/main")
        if branch not in repo.refs["branches"]:
            raise HubProblem(404, f"Invalid rev id: refs/heads/{branch}")
        repo.set_ref("branches", branch, None)
    return {}


@api("POST", "/tag/{revision:segment}")
def create_tag(repo: Writable, revision: str, payload: Payload) -> dict:
    with WRITE_LOCK:
        sha = repo.resolve(revision)
        tag = checked_ref(str(payload.get("tag", "")))
        if tag in repo.refs["tags"]:
            raise HubProblem(409, f"Tag reference exists already: refs/tags/{tag}")
        repo.set_ref("tags", tag, sha)
    return {}


@api("DELETE", "/tag/{tag:segment}")
def delete_tag(repo: Writable, tag: str) -> dict:
    with WRITE_LOCK:
        if tag not in repo.refs["tags"]:
            raise HubProblem(404, f"Reference does not exist: refs/tags/{tag}", "RevisionNotFound")
        repo.set_ref("tags", tag, None)
    return {}


# Large files: LFS for a client without hf_xet, Xet for one with it (which then uses nothing else)


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


@routes.put("/lfs/{oid}/{size:int}/{ticket}")
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


@api("GET", "/xet-write-token/{revision:segment}")
def xet_write_token(request: Request, repo: Contributable, hub: TheHub, revision: str) -> Response:
    # The client remembers per address which chunks a server has, so another root is another address.
    endpoint, ticket = public_url(request, f"/xet/{hub.id}"), hub.ticket(repo, "xet")
    expires = int(time.time()) + TICKET_SECONDS
    headers = {"X-Xet-Cas-Url": endpoint, "X-Xet-Access-Token": ticket, "X-Xet-Token-Expiration": str(expires)}
    return JSONResponse({"casUrl": endpoint, "accessToken": ticket, "exp": expires}, headers=headers)


def xet_repo(request: Request, hub: TheHub) -> Repo:
    return hub.redeem(request.headers.get("authorization", "").partition(" ")[2], "xet")


@routes.post("/xet/{hub_id}/v1/xorbs/{prefix}/{xorb}")
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


@routes.post("/xet/{hub_id}/v1/shards")
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


def xet_hash(raw: bytes) -> str:
    # Xet writes a hash as four little-endian 64-bit numbers.
    return "".join(raw[i : i + 8][::-1].hex() for i in range(0, 32, 8))


def shard_files(shard: bytes) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Read a Xet shard: yield each file's SHA-256 and its segments (xorb, first chunk, end chunk).

    A shard is a sequence of 48-byte records, as specified in the "Xet protocol" pages of the Hub's documentation: a
    header, then for each file a head, its segments and (by the head's flags) as many verification records and one with
    the SHA-256; a head of 0xFF bytes ends the list.
    """
    if not shard.startswith(b"HFRepoMetaData\0"):
        raise ValueError("this is not a Xet shard")
    at = 48
    while shard[at : at + 32] != b"\xff" * 32:
        flags, count = struct.unpack_from("<II", shard, at + 32)
        at += 48
        segments = []
        for _ in range(count):
            _, _, first, end = struct.unpack_from("<IIII", shard, at + 32)
            segments.append((xet_hash(shard[at : at + 32]), first, end))
            at += 48
        if flags & 0x80000000:
            at += 48 * count
        if not flags & 0x40000000:
            raise ValueError("a file comes without its SHA-256")
        yield xet_hash(shard[at : at + 32]), segments
        at += 48


def xorb_chunks(xorb: bytes, first: int, end: int) -> Iterator[bytes]:
    """Yield the chunks ``first`` to ``end`` (exclusive) of a xorb.

    Each chunk has 8 bytes of head: version, packed size (3 bytes), packing (0 none, 1 LZ4, 2 LZ4 of the bytes grouped
    by their position in each four), size (3 bytes).
    """
    at = 0
    for index in range(end):
        size, packing = int.from_bytes(xorb[at + 1 : at + 4], "little"), xorb[at + 4]
        length = int.from_bytes(xorb[at + 5 : at + 8], "little")
        packed = xorb[at + 8 : at + 8 + size]
        at += 8 + size
        if index < first:
            continue
        if packing not in (0, 1, 2):
            raise ValueError(f"a chunk is packed in an unknown way ({packing})")
        chunk = packed if packing == 0 else lz4_frame(packed)
        if packing == 2:
            grouped, chunk, start = chunk, bytearray(len(chunk)), 0
            for offset in range(4):
                count = len(range(offset, len(grouped), 4))
                chunk[offset::4] = grouped[start : start + count]
                start += count
        if len(chunk) != length:
            raise ValueError("a chunk has another length than it says")
        yield bytes(chunk)


def lz4_frame(frame: bytes) -> bytearray:
    """Unpack an LZ4 frame (github.com/lz4/lz4, doc/lz4_Frame_format.md)."""
    if frame[:4] != b"\x04\x22\x4d\x18":
        raise ValueError("a chunk is not an LZ4 frame")
    flags = frame[4]
    at = 7 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
    out = bytearray()
    while size := int.from_bytes(frame[at : at + 4], "little"):
        at += 4
        block = frame[at : at + (size & 0x7FFFFFFF)]
        at += len(block) + (4 if flags & 0x10 else 0)
        if size & 0x80000000:
            out += block
        else:
            lz4_block(block, out)
    return out


def lz4_block(block: bytes, out: bytearray) -> None:
    """Append an LZ4 block's content to ``out`` (github.com/lz4/lz4, doc/lz4_Block_format.md)."""
    at, end = 0, len(block)
    while at < end:
        token = block[at]
        at += 1
        literals = token >> 4
        if literals == 15:
            while block[at] == 255:
                literals += 255
                at += 1
            literals += block[at]
            at += 1
        out += block[at : at + literals]
        at += literals
        if at >= end:
            return  # the last sequence has literals only
        distance = block[at] | block[at + 1] << 8
        at += 2
        length = (token & 15) + 4
        if length == 19:
            while block[at] == 255:
                length += 255
                at += 1
            length += block[at]
            at += 1
        start = len(out) - distance
        if distance == 0 or start < 0:
            raise ValueError("a chunk refers to data before its beginning")
        if length <= distance:
            out += out[start : start + length]
        else:
            out += (out[start:] * (length // distance + 1))[:length]


# Spaces


def space_settings(repo: Repo) -> dict:
    if (repo.folder / "space.json").exists():
        return read_json(repo.folder / "space.json")
    return {"hardware": "cpu-basic", "sleep": None, "paused": False, "secrets": {}, "variables": {}}


def change_space(repo: Repo, **changes: Any) -> dict:
    with WRITE_LOCK:
        write_json(repo.folder / "space.json", {**space_settings(repo), **changes})
    return space_runtime(repo)


def space_runtime(repo: Repo) -> dict:
    space, tree = space_settings(repo), repo.commit(repo.resolve("main"))["tree"]
    stage = "PAUSED" if space["paused"] else "RUNNING"
    if repo.meta["sdk"] in ("gradio", "streamlit") and "app.py" not in tree:
        stage = "NO_APP_FILE"
    hardware = {"current": None if space["paused"] else space["hardware"], "requested": space["hardware"]}
    sleep = CPU_BASIC_SLEEP if space["hardware"] == "cpu-basic" else space["sleep"]
    return {"stage": stage, "hardware": hardware, "gcTimeout": sleep, "storage": None, "devMode": False}


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
    return change_space(dynamic(repo), paused=False)


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


@routes.api_route("/api/{path:rest}", methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
def unknown_call(path: str) -> None:
    raise HTTPException(404)  # and not the page of a repository named after a call


# Pages for people


def html_page(title: str, body: str, status: int = 200) -> HTMLResponse:
    style = "body{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}pre{white-space:pre-wrap}"
    content = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<style>{style}</style><p><a href="/">Local Hub</a></p><h1>{html.escape(title)}</h1>{body}</html>'
    )
    return HTMLResponse(content, status, {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def link(address: str, text: str) -> str:
    return f'<a href="{html.escape(quote(address))}">{html.escape(text)}</a>'


def file_list(repo: Repo, sha: str) -> str:
    rows = [
        f"<li>{link(f'{repo.url_path}/resolve/{sha}/{path}', path)} ({entry['size']:,} bytes)</li>"
        for path, entry in sorted(repo.commit(sha)["tree"].items())
    ]
    return f"<h2>Files</h2><ul>{''.join(rows)}</ul>"


def commit_line(repo: Repo, sha: str) -> str:
    commit = repo.commit(sha)
    about = html.escape(f" {commit['title']} ({commit['author']}, {commit['date']})")
    return link(f"{repo.url_path}/commit/{sha}", sha[:7]) + about


def tree_page(repo: Repo, revision: str) -> HTMLResponse:
    sha = repo.resolve(revision)
    readme = repo.text(sha, "README.md")
    names = [name for group in ("branches", "tags") for name in sorted(repo.refs[group])]
    revisions = ", ".join(link(f"{repo.url_path}/tree/{quote(name, safe='')}", name) for name in names)
    body = (
        f"<p>{html.escape(revision)}: {commit_line(repo, sha)}</p><p>Revisions: {revisions}</p>{file_list(repo, sha)}"
    )
    body += f"<h2>README.md</h2><pre>{html.escape(readme)}</pre>" if readme else ""
    return html_page(repo.id, body)


@page("")
def repo_page(repo: Readable) -> HTMLResponse:
    return tree_page(repo, "main")


@page("/tree/{revision:segment}")
def revision_page(repo: Readable, revision: str) -> HTMLResponse:
    return tree_page(repo, revision)


@page("/blob/{revision:segment}/{path:rest}")
def blob_page(repo: Readable, revision: str, path: str) -> RedirectResponse:
    return RedirectResponse(quote(f"{repo.url_path}/resolve/{repo.resolve(revision)}/{path}"))


@page("/commit/{revision:segment}")
def commit_page(repo: Readable, revision: str) -> HTMLResponse:
    sha = repo.resolve(revision)
    commit = repo.commit(sha)
    before = repo.commit(commit["parent"])["tree"] if commit["parent"] else {}
    changes = []
    for path in sorted(before | commit["tree"]):
        old, new = before.get(path), commit["tree"].get(path)
        if old != new:
            what = "added" if old is None else "deleted" if new is None else "changed"
            changes.append(f"<li>{what}: {html.escape(path)}</li>")
    body = f"<p>{commit_line(repo, sha)}</p><p>Commit {sha} of {link(repo.url_path, repo.id)}</p>"
    body += f"<pre>{html.escape(commit['message'])}</pre><h2>Changes</h2><ul>{''.join(changes)}</ul>"
    return html_page(commit["title"] or sha, body + file_list(repo, sha))


@routes.get("/")
def home_page(hub: TheHub) -> HTMLResponse:
    repos = sorted(
        (kind, repo.id, repo.url_path) for kind in KINDS for repo in hub.repos(kind) if not repo.meta["private"]
    )
    rows = "".join(f"<li>{kind[:-1]} {link(path, repo_id)}</li>" for kind, repo_id, path in repos)
    return html_page("Repositories", f"<ul>{rows}</ul>" if rows else "<p>There are no public repositories yet.</p>")


# The server


def problem_answer(request: Request, problem: HubProblem) -> Response:
    message = re.sub(r"[^\x20-\x7e]", "?", problem.message).strip()  # a header has one line of plain characters
    headers = {**problem.headers, "X-Error-Message": message}
    if problem.code:
        headers["X-Error-Code"] = problem.code
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        hint = "It does not exist, or it is private: these pages show public repositories only."
        text = hint if problem.code == "RepoNotFound" else problem.message
        answer: Response = html_page(
            "Not found" if problem.code else "Error", f"<p>{html.escape(text)}</p>", problem.status
        )
    else:
        answer = JSONResponse({"error": problem.message, **problem.body}, problem.status)
    answer.headers.update(headers)
    return answer


def unknown_address(request: Request, error: HTTPException) -> Response:
    parts = request.url.path.strip("/").split("/")
    repo_calls = ("", "revision", "tree", "commits", "paths-info", "preupload", "commit", "branch", "tag")
    of_a_repo = parts[0] == "api" and parts[1:2] and parts[1] in KINDS and (parts[3:] or [""])[0] in repo_calls
    if error.status_code == 404 and (of_a_repo or parts[1:2] == ["resolve"]):
        # A repository without a namespace, "gpt2", such as the local Hub never has.
        return problem_answer(request, HubProblem(404, "Repository not found", "RepoNotFound"))
    return problem_answer(request, HubProblem(error.status_code, "The local Hub does not serve this address"))


def invalid_request(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return problem_answer(request, HubProblem(400, f"The request's {where} is not as expected: {first['msg']}"))


def make_app(hub: Hub, hosts: list[str]) -> Callable:
    """Return the ASGI application for a store, answering only requests addressed to ``hosts``."""
    app = FastAPI(openapi_url=None)
    app.state.hub = hub
    app.include_router(routes)
    app.add_exception_handler(HubProblem, problem_answer)
    app.add_exception_handler(HTTPException, unknown_address)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(
        Exception, lambda request, error: problem_answer(request, HubProblem(500, "Internal error of the local Hub"))
    )
    # Without it a web page could reach this server under a name of its own that points here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given if re.fullmatch(rb"[\w-]{1,128}", given) else uuid.uuid4().hex.encode()

        async def send_with_id(message: dict) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        # Routes see the path still percent-encoded; their convertors decode each part.
        await app({**scope, "path": scope["raw_path"].decode("ascii", "replace")}, receive, send_with_id)

    return application


def account_argument(text: str) -> tuple[str, Account]:
    name, token, role = [*text.split(":"), "write"][:3]
    if not NAME.fullmatch(name) or name in RESERVED or not token or role not in ("read", "write"):
        raise argparse.ArgumentTypeError("give an account as NAME:TOKEN or NAME:TOKEN:read")
    return token, Account(name, role)


def main() -> None:
    parser = argparse.ArgumentParser(description="A small Hugging Face Hub on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path("local-hub"), help="folder to keep everything in")
    parser.add_argument("--user", default=DEFAULT_USER, help="user name (default: %(default)s)")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the user's token (default: one for demonstrations)")
    parser.add_argument(
        "--account", type=account_argument, action="append", default=[], metavar="NAME:TOKEN[:read]", help="one more"
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="listen on an address that other machines can reach (unencrypted)"
    )
    arguments = parser.parse_args()
    host = "127.0.0.1" if arguments.host == "localhost" else arguments.host
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        parser.error(f"--host must be an IPv4 address or localhost, not {host!r}")
    if not loopback and not arguments.allow_remote:
        parser.error(f"{host} can be reached from other machines: add --allow-remote if that is what you want")
    accounts = dict([account_argument(f"{arguments.user}:{arguments.token}"), *arguments.account])
    # Named as TCP, so that asyncio turns off Nagle's delay, which would add 40 ms to every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, arguments.port))
    except OSError as error:
        parser.error(f"can't listen on {host}:{arguments.port} ({error.strerror}): choose another --port, or 0")
    hub = Hub(arguments.root.expanduser().resolve(), accounts)
    hosts = ["127.0.0.1", "localhost", host] if loopback else ["*"]
    listener.listen(128)
    print(f"Local Hub listening on http://{host}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(hub, hosts), log_level="warning", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
