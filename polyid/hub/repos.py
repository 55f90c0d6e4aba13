"""Repos and buckets as they are and as they should be: the calls that lead from one to the other, none where nothing differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, DatasetInfo, HfApi, SpaceInfo
from huggingface_hub.errors import BucketNotFoundError, RepositoryNotFoundError

from polyid.errors import HubError
from polyid.hub.calls import Call, commit_call
from polyid.hub.client import LOOK_SECONDS, explained_errors, with_retries
from polyid.hub.commits import Operation, changes
from polyid.hub.destination import FRESH_REPO_FILES

RepoInfo = DatasetInfo | SpaceInfo


@dataclass(frozen=True)
class RepoContent:
    """What a Space or dataset repo should hold.

    Attributes
    ----------
    repo_id, repo_type : str
        The latter ``space`` or ``dataset``.
    private : bool
    files : mapping of str to path
        Every file there, and where it lies here.
    mark : str
        A file by which the repo is known to be one of these.
    """

    repo_id: str
    repo_type: str
    private: bool
    files: Mapping[str, Path]
    mark: str


def look_at(api: HfApi, repo_id: str, repo_type: str) -> RepoInfo | None:
    """A Space or dataset repo as the Hub describes it; None if there is none."""
    with explained_errors(api, repo_id):
        try:
            if repo_type == "space":
                return with_retries(lambda: api.space_info(repo_id, timeout=LOOK_SECONDS))
            return with_retries(lambda: api.dataset_info(repo_id, timeout=LOOK_SECONDS))
        except RepositoryNotFoundError:
            return None


def check_is_ours(info: RepoInfo, repo_id: str, mark: str) -> None:
    """Refuse a repo that holds something else than what is deployed there."""
    names = {file.rfilename for file in info.siblings or []}
    foreign = sorted(name for name in names - FRESH_REPO_FILES if not name.startswith("."))
    if foreign and mark not in names:
        raise HubError(
            f"{repo_id} holds something else ({foreign[0]}), which would be overwritten: choose another --name, "
            "or delete that repo."
        )


def check_visibility(info: RepoInfo, repo_id: str, private: bool) -> None:
    """Refuse to change who can see a repo."""
    if bool(info.private) != private:
        now, wanted = ("private", "public") if info.private else ("public", "private")
        raise HubError(
            f"{repo_id} is {now} already and should be {wanted}, which is not changed here: change it in the repo's "
            "settings, or call this with or without --private as it is."
        )


def content_calls(api: HfApi, wanted: RepoContent, title: str) -> list[Call]:
    """The commit that makes a repo hold what it should; the repo, too, where there is none."""
    info = look_at(api, wanted.repo_id, wanted.repo_type)
    operations: list[Operation] = []
    calls = []
    if info is None:
        settings = {"repo_type": wanted.repo_type, "private": wanted.private, "exist_ok": True}
        sdk = {"space_sdk": "gradio"} if wanted.repo_type == "space" else {}
        calls.append(Call("create_repo", wanted.repo_id, settings | sdk))
        operations += [CommitOperationAdd(name, path) for name, path in wanted.files.items()]
    else:
        check_visibility(info, wanted.repo_id, wanted.private)
        check_is_ours(info, wanted.repo_id, wanted.mark)
        with explained_errors(api, wanted.repo_id):
            _, operations = changes(api, wanted.repo_id, "main", wanted.files, _is_ours, wanted.repo_type)
    if operations:
        calls.append(commit_call(wanted.repo_id, wanted.files, _is_ours, operations, title, wanted.repo_type))
    return calls


def _is_ours(path: str) -> bool:
    """Whether a file goes where it isn't wanted: all but the Hub's own, such as ``.gitattributes``."""
    return not path.startswith(".")


def bucket_calls(api: HfApi, bucket_id: str) -> list[Call]:
    """Make a private bucket, unless it is there."""
    if has_bucket(api, bucket_id):
        return []
    return [Call("create_bucket", bucket_id, {"private": True, "exist_ok": True})]


def has_bucket(api: HfApi, bucket_id: str) -> bool:
    """Tell whether a bucket is there that the token may see."""
    with explained_errors(api, bucket_id):
        try:
            with_retries(lambda: api.bucket_info(bucket_id))
        except BucketNotFoundError:
            return False
    return True
