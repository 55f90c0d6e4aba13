"""Working branches of a model repo: what is kept there of a run until its model is published. ``main`` never shows any of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from polyid.errors import HubError
from polyid.hub.blobs import undamaged
from polyid.hub.client import explained_errors, hub_api, look_at_repo, with_retries
from polyid.hub.commits import commit_files
from polyid.hub.destination import WORKING_PREFIX, check_repo_id

logger = logging.getLogger(__name__)

MOST_FILES = 10_000


@dataclass(frozen=True)
class Working:
    """A working branch: the run it is of, and its commit."""

    repo_id: str
    name: str
    commit: str

    @property
    def branch(self) -> str:
        """Its name in the repo."""
        return WORKING_PREFIX + self.name


def keep_working(
    repo_id: str, name: str, files: Mapping[str, Path], *, title: str, private: bool | None, token: str | None
) -> str:
    """Make a working branch hold these files and no others, and return its commit; made where there is none, as is the repo.

    What the branch held before is not kept in its history, so that the repo does not grow with every call.

    Parameters
    ----------
    repo_id, name : str
        The model repo, and the run.
    files : mapping of str to path
        Of the branch, and where they lie here.
    title : str
        Of the commit.
    private : bool, optional
        Visibility of a repo that has to be made.
    token : str, optional

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    check_repo_id(repo_id)
    api = hub_api(token)
    working = Working(repo_id, name, "")
    with explained_errors(api, repo_id, working.branch):
        try:
            refs = _branches(api, repo_id)
        except RepositoryNotFoundError:
            api.create_repo(repo_id, private=private, exist_ok=True)
            refs = _branches(api, repo_id)
        if working.branch not in refs:
            with_retries(lambda: api.create_branch(repo_id, branch=working.branch, exist_ok=True))
    commit = commit_files(api, repo_id, working.branch, files, _is_content, title)
    # It saves storage only, and is done again the next time.
    try:
        with explained_errors(api, repo_id, working.branch):
            api.super_squash_history(repo_id, branch=working.branch, commit_message=title)
    except HubError as problem:
        logger.warning("The history of %s could not be shortened: %s", working.branch, problem)
    return commit


def _is_content(path: str) -> bool:
    """Whether a file is to go that isn't wanted: all but the Hub's own, such as ``.gitattributes``."""
    return not path.startswith(".")


def _branches(api: HfApi, repo_id: str) -> dict[str, str]:
    look_at_repo(api, repo_id)  # asked first because it gives up in time
    return {ref.name: ref.target_commit for ref in with_retries(lambda: api.list_repo_refs(repo_id)).branches}


def is_private_repo(repo_id: str, token: str | None) -> bool:
    """Whether a model repo is one that only its owner sees; one that is not there is none.

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    api = hub_api(token)
    with explained_errors(api, repo_id):
        try:
            return bool(look_at_repo(api, repo_id).private)
        except RepositoryNotFoundError:
            return False


def list_working(repo_id: str, token: str | None) -> list[Working]:
    """The working branches of a model repo, the newest run first; none where there is no such repo.

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    check_repo_id(repo_id)
    api = hub_api(token)
    with explained_errors(api, repo_id):
        try:
            branches = _branches(api, repo_id)
        except RepositoryNotFoundError:
            return []
    names = sorted((name for name in branches if name.startswith(WORKING_PREFIX)), reverse=True)
    return [Working(repo_id, name.removeprefix(WORKING_PREFIX), branches[name]) for name in names]


def fetch_working(
    working: Working, is_wanted: Callable[[str], bool], most_bytes: Callable[[str], int], token: str | None
) -> tuple[Path, list[str]]:
    """Download files of a working branch; nothing in them is run, and what isn't wanted is left where it is.

    Parameters
    ----------
    working : Working
    is_wanted : callable
        Tells of the name of a file whether it is one of a run's.
    most_bytes : callable
        The size above which a file of this name is refused.
    token : str, optional

    Returns
    -------
    path, list of str
        The client's folder of that commit, and the names of the files in it.

    Raises
    ------
    HubError
        A file is too large, or the Hub refuses or can't be reached.
    """
    api = hub_api(token)
    with explained_errors(api, working.repo_id, working.branch):
        tree = with_retries(
            lambda: list(api.list_repo_tree(working.repo_id, recursive=True, revision=working.commit))[:MOST_FILES]
        )
        files = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile) and is_wanted(entry.path)}
        for name, size in files.items():
            if size > most_bytes(name):
                raise HubError(
                    f"{name} in the branch {working.branch} of {working.repo_id} has {size:,} bytes, more than any "
                    "file of a run: it was not downloaded. Delete the branch on the Hub, and start the run again."
                )
        if not files:
            return Path(), []
        folder = undamaged(
            lambda: with_retries(
                lambda: api.snapshot_download(
                    working.repo_id, revision=working.commit, allow_patterns=[_literally(name) for name in files]
                )
            )
        )
    return folder, list(files)


def _literally(name: str) -> str:
    """A name as a pattern that only it matches."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def forget_working(repo_id: str, name: str, token: str | None) -> None:
    """Delete a working branch, if it is there.

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    api = hub_api(token)
    working = Working(repo_id, name, "")
    with explained_errors(api, repo_id, working.branch):
        try:
            if working.branch in _branches(api, repo_id):
                with_retries(lambda: api.delete_branch(repo_id, branch=working.branch))
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return
        except HfHubHTTPError:
            # The answer to a deletion that did happen may have been lost.
            if working.branch in _branches(api, repo_id):
                raise
