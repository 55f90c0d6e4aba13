"""The versions of a model repo: its branches and tags, and what each stands for."""

from __future__ import annotations

from dataclasses import dataclass

from polyid.hub.client import explained_errors, hub_api, look_at_repo, with_retries
from polyid.hub.destination import check_repo_id


@dataclass(frozen=True)
class Version:
    """A branch or tag of a model repo, and its commit."""

    name: str
    commit: str
    is_tag: bool


def list_versions(repo_id: str, *, token: str | None = None) -> list[Version]:
    """Branches and tags of a model repo: branches first, the newest tag before older ones.

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
    branches = [Version(ref.name, ref.target_commit, is_tag=False) for ref in refs.branches]
    tags = [Version(ref.name, ref.target_commit, is_tag=True) for ref in refs.tags]
    return branches + tags[::-1]
