"""The versions of a model repo: its branches and tags, and what each stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyid.hub.client import explained_errors, hub_api, look_at_repo, with_retries
from polyid.hub.destination import WORKING_PREFIX, check_repo_id

_RELEASE = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})")


def release_of(tag: str) -> tuple[int, ...] | None:
    """The three numbers of a semantic version such as v1.10.0; None of any other tag."""
    found = _RELEASE.fullmatch(tag)
    return None if found is None else tuple(map(int, found.groups()))


@dataclass(frozen=True)
class Version:
    """A branch or tag of a model repo, and its commit."""

    name: str
    commit: str
    is_tag: bool


def list_versions(repo_id: str, *, token: str | None = None) -> list[Version]:
    """Branches and tags of a model repo: branches first, then tags, higher releases before lower ones; no working branches.

    Raises
    ------
    HubError
        There is no such repo, or the Hub can't be reached.
    """
    check_repo_id(repo_id)
    api = hub_api(token)
    with explained_errors(api, repo_id):
        # Asked first because it gives up in time.
        look_at_repo(api, repo_id)
        refs = with_retries(lambda: api.list_repo_refs(repo_id))
    branches = [
        Version(ref.name, ref.target_commit, is_tag=False)
        for ref in refs.branches
        if not ref.name.startswith(WORKING_PREFIX)
    ]
    tags = [Version(ref.name, ref.target_commit, is_tag=True) for ref in refs.tags]
    return branches + sorted(tags, key=lambda tag: (release_of(tag.name) or (), tag.name), reverse=True)
