"""Files of a repo brought to a wanted state in one commit: only what differs is sent, and again after a passing failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

from polyid.hub.blobs import hub_hash
from polyid.hub.client import commit_of, explained_errors, with_retries

Operation = CommitOperationAdd | CommitOperationDelete


def changes(
    api: HfApi,
    repo_id: str,
    revision: str,
    files: Mapping[str, Path],
    is_ours: Callable[[str], bool],
    repo_type: str | None = None,
) -> tuple[str, list[Operation]]:
    """What has to be done to a revision.

    Parameters
    ----------
    api : HfApi
    repo_id, revision : str
    files : mapping of str to path
        What should lie there, and where it lies here.
    is_ours : callable
        Tells of a file there whether it is to go if it is none of `files`.
    repo_type : str, optional
        ``model`` by default.

    Returns
    -------
    tuple of str and list
        The revision's commit, and the operations that make it hold `files`.
    """
    head = commit_of(api, repo_id, revision, repo_type)
    tree = with_retries(lambda: list(api.list_repo_tree(repo_id, recursive=True, revision=head, repo_type=repo_type)))
    there = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    operations: list[Operation] = [
        CommitOperationDelete(path) for path in sorted(there) if path not in files and is_ours(path)
    ]
    for name, path in files.items():
        if name not in there or not _same(path, there[name]):
            operations.append(CommitOperationAdd(name, path))
    return head, operations


def _same(path: Path, file: RepoFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    return hub_hash(path, file.lfs is not None) == (file.blob_id if file.lfs is None else file.lfs.sha256)


def commit_files(
    api: HfApi,
    repo_id: str,
    branch: str,
    files: Mapping[str, Path],
    is_ours: Callable[[str], bool],
    title: str,
    repo_type: str | None = None,
    notes: str | None = None,
) -> str:
    """Commit the files on the branch and return the commit; sure of itself even when an answer is lost.

    A commit is not sent again blindly: after a passing failure the branch is looked at afresh, and there is nothing to
    send if the lost answer was to a commit that did happen.
    """

    def look_and_commit() -> str:
        head, operations = changes(api, repo_id, branch, files, is_ours, repo_type)
        if not operations:
            return head
        return api.create_commit(
            repo_id,
            operations,
            commit_message=title,
            commit_description=notes,
            revision=branch,
            parent_commit=head,
            repo_type=repo_type,
        ).oid

    with explained_errors(api, repo_id, branch):
        return with_retries(look_and_commit)
