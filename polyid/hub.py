"""The shelf: publish a model bundle to a Hub model repo, and fetch one from there.

Everything goes through the installed `huggingface_hub` client, so huggingface.co and a local Hub differ only in
``HF_ENDPOINT`` and the token. Every failure is one `HubError` sentence that says what to do next and holds no token.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import validate_repo_id

from polyid.bundle_files import BUNDLE_FILES, CHECKED_FILES, FOLD_FILES, FORMAT
from polyid.errors import HubError
from polyid.report_files import REPORT_FOLDER

BUNDLE_PATTERNS = (
    *BUNDLE_FILES,
    *CHECKED_FILES,
    f"{REPORT_FOLDER}/*.png",
    *(f"model_fold_*/{name}" for name in FOLD_FILES),
)
FRESH_REPO_FILES = {".gitattributes", ".gitignore", "LICENSE", "README.md"}  # what the Hub's own page may put there
REF_NAME = re.compile(r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9_][A-Za-z0-9_./-]{0,98}[A-Za-z0-9_-]|[A-Za-z0-9_]")
LOOK_SECONDS = 10.0  # how long one question to the Hub may take before it counts as unreachable
TRIES = 3
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Publication:
    """What was published where: ``commit`` is the full commit id, ``commit_url`` its page."""

    repo_id: str
    commit: str
    commit_url: str
    tag: str | None
    branch: str | None


@dataclass(frozen=True)
class FetchedBundle:
    """A bundle on this machine; the last three are None for a folder that came from no Hub."""

    folder: Path
    repo_id: str | None
    commit: str | None
    tag: str | None


def publish_bundle(
    folder: str | Path,
    repo_id: str,
    *,
    tag: str | None = None,
    branch: str | None = None,
    private: bool | None = None,
    token: str | None = None,
) -> Publication:
    """Publish a bundle as one commit, so that a reader of the branch sees the former model or this one.

    Files of an earlier bundle that this one has not are deleted in the same commit. What is on the Hub already is not
    sent again; if that is everything, no commit is made.

    Parameters
    ----------
    folder : path
        What training wrote.
    repo_id : str
        ``user/name`` of the model repo, made where there is none.
    tag : str, optional
        Git tag for the commit. A tag that exists on another commit is refused before anything is sent.
    branch : str, optional
        Branch to publish to, made from ``main`` where there is none. ``main`` by default.
    private : bool, optional
        Visibility of a new repo. A repo whose visibility differs is refused, not changed.
    token : str, optional
        Token with the write role. By default the one that the Hub client finds (``HF_TOKEN`` or a saved login).

    Returns
    -------
    Publication

    Raises
    ------
    HubError
        When the folder is no bundle, the repo holds something else, or the Hub refuses or can't be reached.
    """
    folder = Path(folder)
    paths = bundle_paths(folder)
    for path in paths:
        if not _is_bundle_file(path):
            raise HubError(
                f"{folder} holds {path}, which is no part of a model: move it elsewhere, then publish again."
            )
    _check_repo_id(repo_id)
    for kind, name in (("tag", tag), ("branch", branch)):
        if name is not None and not REF_NAME.fullmatch(name):
            raise HubError(
                f"{name!r} can't be the name of a {kind}: use letters, digits, '.', '_' and '-', as in v1.0."
            )
    api = _api(token)
    if not (token or get_token()):
        raise HubError(
            f"Publishing to {repo_id} needs a Hugging Face token with the write role: "
            "log in with `hf auth login`, or set HF_TOKEN."
        )
    with _explained(api, repo_id):
        try:
            info = _retried(lambda: api.model_info(repo_id, timeout=LOOK_SECONDS))
        except RepositoryNotFoundError:
            api.create_repo(repo_id, private=private, exist_ok=True)
            info = _retried(lambda: api.model_info(repo_id, timeout=LOOK_SECONDS))
        if private is not None and bool(info.private) != private:
            raise HubError(
                f"{repo_id} is {'private' if info.private else 'public'} already, and publishing does not change that: "
                f"change it in the repo's settings, or publish without asking for a {_visibility(private)} repo."
            )
        refs = _retried(lambda: api.list_repo_refs(repo_id))
        branches = {ref.name: ref.target_commit for ref in refs.branches}
        tags = {ref.name: ref.target_commit for ref in refs.tags}
        target = branch or "main"
        _check_ours(api, repo_id, branches.get(target, branches["main"]))
        if tag in tags and _changes(api, repo_id, branches.get(target, "main"), folder, paths) != (tags[tag], []):
            raise HubError(
                f"{repo_id} has the tag {tag} on another model (commit {tags[tag][:7]}): choose another tag, "
                "or delete that one on the Hub."
            )
        if target not in branches:
            _retried(lambda: api.create_branch(repo_id, branch=target, exist_ok=True))
    title = f"Publish a PolyID model of {len(paths_of_folds(paths))} folds" + (f", {tag}" if tag else "")
    commit = _commit(api, repo_id, target, folder, paths, title)
    if tag is not None and tag not in tags:
        try:
            with _explained(api, repo_id, commit):
                api.create_tag(repo_id, tag=tag, revision=commit, exist_ok=True)
        except HubError as error:
            raise HubError(
                f"The model is published as commit {commit[:7]}, but without its tag {tag}. {error}"
            ) from error
    return Publication(repo_id, commit, f"{api.endpoint}/{repo_id}/commit/{commit}", tag, branch)


def fetch_bundle(
    model: str,
    *,
    cache_dir: str | Path | None = None,
    token: str | None = None,
    tqdm_class: type | None = None,
) -> FetchedBundle:
    """Find a bundle: a folder as it is, a model repo as a snapshot in the Hub client's cache.

    Only a bundle's own files are downloaded, each once. While the Hub can't be reached, the complete snapshot of an
    earlier download is used.

    Parameters
    ----------
    model : str
        A folder, ``user/repo``, or ``user/repo@revision`` with a branch, a tag or a commit id.
    cache_dir : path, optional
        The client's cache by default.
    token : str, optional
        Needed for a private repo. By default the one that the Hub client finds.
    tqdm_class : type, optional
        Progress bar class, as `huggingface_hub.snapshot_download` takes it.

    Returns
    -------
    FetchedBundle

    Raises
    ------
    HubError
        When there is no such folder, repo or revision, when it is no bundle, or the Hub can't be reached.
    """
    folder = Path(model).expanduser()
    if model and folder.is_dir():
        bundle_paths(folder)
        return FetchedBundle(folder, None, None, None)
    repo_id, revision = _split(model)
    api = _api(token)
    with _explained(api, repo_id, revision):
        try:
            # Asked first because it gives up in time, and because its answer tells what is wrong best.
            _retried(lambda: api.model_info(repo_id, revision=revision, timeout=LOOK_SECONDS))
            reachable = True
        except Exception as error:
            if not _is_passing(error):
                raise
            reachable = False
        try:
            snapshot = _retried(
                lambda: api.snapshot_download(
                    repo_id,
                    revision=revision,
                    cache_dir=cache_dir,
                    allow_patterns=list(BUNDLE_PATTERNS),
                    tqdm_class=tqdm_class,
                    local_files_only=not reachable,
                )
            )
        except LocalEntryNotFoundError:
            raise HubError(
                f"{api.endpoint} can't be reached, and {model} was not downloaded before: "
                "check the network and the address in HF_ENDPOINT, then try again."
            ) from None
        folder = Path(snapshot)
        commit = folder.name
        bundle_paths(folder, repo_id)
        tag = None
        if reachable:
            refs = _retried(lambda: api.list_repo_refs(repo_id))
            on_commit = sorted(ref.name for ref in refs.tags if ref.target_commit == commit)
            tag = revision if revision in on_commit else next(reversed(on_commit), None)
    return FetchedBundle(folder, repo_id, commit, tag)


def latest_commit(repo_id: str, revision: str | None = None, *, token: str | None = None) -> str:
    """Return the commit id that a branch, tag or commit of a model repo stands for now (``main`` by default).

    Raises
    ------
    HubError
        When there is no such repo or revision, or the Hub can't be reached.
    """
    _check_repo_id(repo_id)
    api = _api(token)
    with _explained(api, repo_id, revision):
        return _retried(lambda: api.model_info(repo_id, revision=revision, timeout=LOOK_SECONDS)).sha


def bundle_paths(folder: Path, name: str | None = None) -> list[str]:
    """Return the files in a bundle's folder but hidden ones, relative to it; refuse a folder that is no bundle.

    Raises
    ------
    HubError
    """
    where = name or str(folder)
    if name is None and not folder.is_dir():
        raise HubError(f"There is no folder {where}: train a model into it first.")
    _check_parameters(folder / "parameters.json", where)
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    paths = [path.relative_to(folder).as_posix() for path in found]
    paths = [path for path in paths if not any(part.startswith(".") for part in path.split("/"))]
    folds = paths_of_folds(paths)
    missing = [
        f"model_fold_{fold}/{file}"
        for fold in range(max(1, len(folds)))
        for file in ("model.safetensors", "preprocessor.json", "scaler.json")
        if f"model_fold_{fold}/{file}" not in paths
    ]
    if missing:
        raise HubError(f"The bundle {where} is incomplete, {missing[0]} is missing: train it or fetch it again.")
    return paths


def paths_of_folds(paths: list[str]) -> list[str]:
    return sorted({path.split("/")[0] for path in paths if path.startswith("model_fold_")})


def _is_bundle_file(path: str) -> bool:
    patterns = (pattern for pattern in BUNDLE_PATTERNS if pattern.count("/") == path.count("/"))
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _check_parameters(path: Path, where: str) -> None:
    try:
        parameters = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        parameters = None
    if not isinstance(parameters, dict) or parameters.get("format") != FORMAT:
        raise HubError(
            f"{where} is not a PolyID model: it has no parameters.json with the format {FORMAT!r}. "
            "Name a folder or a repo that PolyID trained."
        )


def _api(token: str | None) -> HfApi:
    # Read now, not when the client was imported, so that a page or a test can choose the Hub at run time.
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT", "").rstrip("/") or None, token=token, library_name="polyid")


def _visibility(private: bool) -> str:
    return "private" if private else "public"


def _check_repo_id(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        repo_id_is_valid = False
    else:
        repo_id_is_valid = repo_id.count("/") == 1
    if not repo_id_is_valid:
        raise HubError(f"{repo_id!r} is not the name of a model repo: give it as user/name.")


def _split(model: str) -> tuple[str, str | None]:
    repo_id, _, revision = model.partition("@")
    try:
        _check_repo_id(repo_id)
    except HubError:
        raise HubError(
            f"{model!r} is neither a folder here nor the name of a model repo: "
            "give a folder that exists, user/repo or user/repo@revision."
        ) from None
    return repo_id, revision or None


def _check_ours(api: HfApi, repo_id: str, commit: str) -> None:
    """Refuse a repo that holds something else than a PolyID model."""
    files = set(_retried(lambda: api.list_repo_files(repo_id, revision=commit)))
    if files <= FRESH_REPO_FILES:
        return
    ours = False
    if "parameters.json" in files:
        with tempfile.TemporaryDirectory() as cache:
            path = _retried(lambda: api.hf_hub_download(repo_id, "parameters.json", revision=commit, cache_dir=cache))
            try:
                _check_parameters(Path(path), repo_id)
                ours = True
            except HubError:
                ours = False
    if not ours:
        other = sorted(files - FRESH_REPO_FILES)[0]
        raise HubError(
            f"{repo_id} holds something else than a PolyID model ({other}), which publishing would mix up: "
            "choose another repo."
        )


def _changes(
    api: HfApi, repo_id: str, revision: str, folder: Path, paths: list[str]
) -> tuple[str, list[CommitOperationAdd | CommitOperationDelete]]:
    """Compare a bundle with a revision: return the revision's commit and the operations that make it the bundle."""
    head = _retried(lambda: api.model_info(repo_id, revision=revision, timeout=LOOK_SECONDS)).sha
    tree = _retried(lambda: list(api.list_repo_tree(repo_id, recursive=True, revision=head)))
    there = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationDelete(path) for path in sorted(there) if path not in paths and _is_bundle_file(path)
    ]
    for path in paths:
        if path not in there or not _same(folder / path, there[path]):
            operations.append(CommitOperationAdd(path, folder / path))
    return head, operations


def _same(path: Path, file: RepoFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    content = path.read_bytes()
    if file.lfs is not None:
        return hashlib.sha256(content).hexdigest() == file.lfs.sha256
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == file.blob_id


def _commit(api: HfApi, repo_id: str, branch: str, folder: Path, paths: list[str], title: str) -> str:
    """Commit the bundle on the branch and return the commit; sure of itself even when an answer is lost.

    A commit is not sent again blindly: after a passing failure the branch is looked at afresh, and there is nothing to
    send if the lost answer was to a commit that did happen.
    """
    with _explained(api, repo_id, branch):
        for attempt in range(TRIES):
            head, operations = _changes(api, repo_id, branch, folder, paths)
            if not operations:
                return head
            try:
                return api.create_commit(
                    repo_id, operations, commit_message=title, revision=branch, parent_commit=head
                ).oid
            except Exception as error:
                if attempt == TRIES - 1 or not _is_passing(error):
                    raise
                time.sleep(2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _status(error: BaseException) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def _is_passing(error: BaseException | None) -> bool:
    """Tell whether a failure is of the kind that may go away by itself: no network, too busy, a server's error."""
    if isinstance(error, LocalEntryNotFoundError):  # how the client reports that it had no answer and no cached file
        return _is_passing(error.__cause__)
    status = _status(error) if error is not None else None
    return isinstance(error, httpx2.TransportError | OfflineModeIsEnabled) or status == 429 or (status or 0) >= 500


def _retried(call: Callable[[], Answer]) -> Answer:
    """Make a call that may be made twice, again after a passing failure."""
    for attempt in range(TRIES):
        try:
            return call()
        except Exception as error:
            if attempt == TRIES - 1 or not _is_passing(error) or isinstance(error, OfflineModeIsEnabled):
                raise
            time.sleep(2**attempt)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _explained(api: HfApi, repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Turn whatever the client raises into one `HubError` sentence without a token."""
    try:
        yield
    except HubError:
        raise
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        sentence = _sentence(error, api, repo_id, revision)
        for secret in (api.token, get_token()):
            if isinstance(secret, str) and secret:
                sentence = sentence.replace(secret, "(token)")
        raise HubError(sentence) from None  # the client's own text may quote what was sent


def _sentence(error: Exception, api: HfApi, repo_id: str, revision: str | None) -> str:
    """Say what went wrong and what to do next."""
    hub, status = api.endpoint, _status(error)
    said = (getattr(error, "server_message", None) or "").split("\n")[0].rstrip(".")
    has_token = bool(api.token or get_token())
    if isinstance(error, LocalTokenNotFoundError) or (status == 401 and not has_token):
        return (
            f"{repo_id} was not found on {hub}, or it is private and no token was given: check the name, "
            "or log in with `hf auth login` or set HF_TOKEN."
        )
    if isinstance(error, GatedRepoError):
        return f"{repo_id} is gated: ask for access on {hub}/{repo_id}, then try again."
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"{repo_id} was not found on {hub}, or it is private and your token may not see it: "
            "check the name and whose token it is."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no branch, tag or commit {revision!r}: see {hub}/{repo_id} for those it has."
    if status == 401:
        return f"{hub} does not know the token: log in with `hf auth login --force`, or set HF_TOKEN to a valid one."
    if status == 403:
        return f"The token may not do this on {repo_id} ({said}): use a token with the write role of the repo's owner."
    if status == 412:
        return f"Somebody else published to {repo_id} at the same moment: look at it, then publish again."
    if status == 429:
        return f"{hub} asks to slow down: wait some minutes, then try again."
    if status is not None and status >= 500:
        return f"{hub} has a problem of its own (HTTP {status}): try again in some minutes."
    if isinstance(error, EntryNotFoundError) and status is not None:
        return f"{repo_id} lacks a file that was there before ({said}): try again."
    if status is not None:
        return f"{hub} refused the request about {repo_id} (HTTP {status}: {said}): put that right, then try again."
    if isinstance(error, ValueError) and "README.md" in str(error):
        return f"{hub} can't read the head of the bundle's README.md: {' '.join(str(error).split())[:200]}."
    if _is_passing(error):
        return f"{hub} can't be reached: check the network and the address in HF_ENDPOINT, then try again."
    text = " ".join(str(error).split())[:200]
    return f"The transfer from or to {repo_id} on {hub} broke off ({type(error).__name__}: {text}): try again."
