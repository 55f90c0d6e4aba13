"""Model folders published to the Hub, each as one commit, sent again after a passing failure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

from polyid.bundle.files import plain_file
from polyid.bundle.layout import is_bundle_file
from polyid.bundle.manifest import check_model_folder, check_saved_files
from polyid.errors import HubError
from polyid.hub.blobs import hub_hash
from polyid.hub.client import TRIES, commit_of, explained_errors, hub_api, is_passing_failure, with_retries
from polyid.hub.destination import Destination, check_names, check_token, look_at_destination


@dataclass(frozen=True)
class Publication:
    """What was published where: ``commit`` is the full commit id, ``commit_url`` its page."""

    repo_id: str
    commit: str
    commit_url: str
    tag: str | None
    branch: str | None


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
    BundleError
        When the folder holds no whole model, one that is not as it was saved, or a link.
    HubError
        When it holds other files too, the repo holds something else, or the Hub refuses or can't be reached.
    """
    folder = Path(folder)
    manifest = check_model_folder(folder)
    check_saved_files(folder, manifest)
    paths = _files_to_publish(folder)
    check_names(repo_id, tag, branch)
    check_token(token)
    api = hub_api(token)
    destination = look_at_destination(api, repo_id, branch, private)
    if destination is None:
        with explained_errors(api, repo_id):
            api.create_repo(repo_id, private=private, exist_ok=True)
        destination = look_at_destination(api, repo_id, branch, private)
    if destination is None:
        raise HubError(f"{repo_id} was made and is not there yet: publish again in some minutes.")
    target = branch or "main"
    with explained_errors(api, repo_id):
        _check_tag(api, repo_id, tag, destination, target, folder, paths)
        if target not in destination.branches:
            with_retries(lambda: api.create_branch(repo_id, branch=target, exist_ok=True))
    title = f"Publish a PolyID model of {manifest['folds']} folds" + (f", {tag}" if tag else "")
    commit = _commit(api, repo_id, target, folder, paths, title)
    if tag is not None and tag not in destination.tags:
        try:
            with explained_errors(api, repo_id, commit):
                api.create_tag(repo_id, tag=tag, revision=commit, exist_ok=True)
        except HubError as error:
            raise HubError(
                f"The model is published as commit {commit[:7]}, but without its tag {tag}. {error}"
            ) from error
    return Publication(repo_id, commit, f"{api.endpoint}/{repo_id}/commit/{commit}", tag, branch)


def _files_to_publish(folder: Path) -> list[str]:
    """The files of a model folder but hidden ones, relative to it; refuse links, and what is no part of a model."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)]
    for name in names:
        if not is_bundle_file(name):
            raise HubError(
                f"{folder} holds {name}, which is no part of a model: move it elsewhere, then publish again."
            )
        plain_file(folder, name)
    return names


def _check_tag(
    api: HfApi, repo_id: str, tag: str | None, destination: Destination, target: str, folder: Path, paths: list[str]
) -> None:
    """Refuse a tag that is on another model."""
    if tag is None or tag not in destination.tags:
        return
    tagged = destination.tags[tag]
    if _changes(api, repo_id, destination.branches.get(target, "main"), folder, paths) != (tagged, []):
        raise HubError(
            f"{repo_id} has the tag {tag} on another model (commit {tagged[:7]}): choose another tag, "
            "or delete that one on the Hub."
        )


def _changes(
    api: HfApi, repo_id: str, revision: str, folder: Path, paths: list[str]
) -> tuple[str, list[CommitOperationAdd | CommitOperationDelete]]:
    """Compare a bundle with a revision: return the revision's commit and the operations that make it the bundle."""
    head = commit_of(api, repo_id, revision)
    tree = with_retries(lambda: list(api.list_repo_tree(repo_id, recursive=True, revision=head)))
    there = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationDelete(path) for path in sorted(there) if path not in paths and is_bundle_file(path)
    ]
    for path in paths:
        if path not in there or not _same(folder / path, there[path]):
            operations.append(CommitOperationAdd(path, folder / path))
    return head, operations


def _same(path: Path, file: RepoFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    return hub_hash(path, file.lfs is not None) == (file.blob_id if file.lfs is None else file.lfs.sha256)


def _commit(api: HfApi, repo_id: str, branch: str, folder: Path, paths: list[str], title: str) -> str:
    """Commit the bundle on the branch and return the commit; sure of itself even when an answer is lost.

    A commit is not sent again blindly: after a passing failure the branch is looked at afresh, and there is nothing to
    send if the lost answer was to a commit that did happen.
    """
    with explained_errors(api, repo_id, branch):
        for attempt in range(TRIES):
            head, operations = _changes(api, repo_id, branch, folder, paths)
            if not operations:
                return head
            try:
                return api.create_commit(
                    repo_id, operations, commit_message=title, revision=branch, parent_commit=head
                ).oid
            except Exception as error:
                if attempt == TRIES - 1 or not is_passing_failure(error):
                    raise
                time.sleep(2**attempt)
    raise AssertionError("the last attempt returns or raises")
