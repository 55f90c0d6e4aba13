"""Where a model goes: names of repos, branches and tags, who may write there, and what is there already."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id

from polyid.bundle.layout import MANIFEST_FILE
from polyid.bundle.manifest import is_manifest
from polyid.errors import HubError
from polyid.hub.client import NO_TOKEN, explained_errors, has_token, hub_api, look_at_repo, with_retries

FRESH_REPO_FILES = {".gitattributes", ".gitignore", "LICENSE", "README.md"}  # what the Hub's own page may put there
WORKING_PREFIX = "polyid-working/"
"""Begins the names of branches that keep unfinished runs; no model is published to one."""
WRITE_PERMISSION = "repo.write"
"""What a fine-grained token needs to publish."""
REF_NAME = re.compile(r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9_][A-Za-z0-9_./-]{0,98}[A-Za-z0-9_-]|[A-Za-z0-9_]")


def check_repo_id(repo_id: str) -> None:
    """Refuse what can't be the name of a model repo."""
    if not repo_id:
        raise HubError("No model repo is named: write it as user/name, such as demo/polyid-models.")
    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        repo_id_is_valid = False
    else:
        repo_id_is_valid = repo_id.count("/") == 1
    if not repo_id_is_valid:
        raise HubError(
            f"{repo_id!r} is not the name of a model repo: write it as user/name, such as demo/polyid-models."
        )


def split_repo_and_revision(model: str) -> tuple[str, str | None]:
    """``user/repo@revision`` as repo id and revision, None where none is named."""
    repo_id, _, revision = model.partition("@")
    try:
        check_repo_id(repo_id)
    except HubError:
        raise HubError(
            f"{model!r} is neither a folder here nor the name of a model repo: "
            "give a folder that exists, user/repo or user/repo@revision."
        ) from None
    return repo_id, revision or None


@dataclass(frozen=True)
class Account:
    """Whom a token belongs to, and all the names it may write under.

    Attributes
    ----------
    name : str
    owners : frozenset of str
        The account and its organisations.
    permissions : dict of str to set of str, or None
        What a fine-grained token may do, by the user, organisation or repo that it may do it to; None of other tokens.
    """

    name: str
    owners: frozenset[str]
    permissions: Mapping[str, frozenset[str]] | None = None

    def may_write(self, repo_id: str) -> bool:
        """Whether the token has the permission to write to a repo."""
        if self.permissions is None:
            return True
        places = (repo_id, repo_id.partition("/")[0])
        return any(WRITE_PERMISSION in self.permissions.get(place, ()) for place in places)


@dataclass(frozen=True)
class Destination:
    """A model repo that exists: the commits its branches and tags stand for."""

    branches: dict[str, str]
    tags: dict[str, str]


def read_account(token: str | None) -> Account:
    """Whom a token belongs to.

    Raises
    ------
    HubError
        There is no token, the Hub does not know it, it may only read, or the Hub can't be reached.
    """
    check_token(token)
    api = hub_api(token)
    with explained_errors(api, "the token's account"):
        answer = with_retries(api.whoami)
        access = (answer.get("auth") or {}).get("accessToken") or {}
        role = access.get("role")
        names = [answer["name"], *(team["name"] for team in answer.get("orgs") or ())]
        account = Account(names[0], frozenset(names), _permissions(access))
    if role == "read":
        raise HubError("The Hub token may only read: set HF_TOKEN to a token with the write role.")
    return account


def _permissions(access: Mapping[str, Any]) -> dict[str, frozenset[str]] | None:
    """What a fine-grained token may do and to what, as the Hub says it."""
    if access.get("role") != "fineGrained":
        return None
    scoped = (access.get("fineGrained") or {}).get("scoped") or ()
    return {str(entry["entity"]["name"]): frozenset(entry.get("permissions") or ()) for entry in scoped}


def check_token(token: str | None) -> None:
    """Refuse to go on without a token."""
    if not has_token(token):
        raise HubError(NO_TOKEN)


def check_names(repo_id: str, tag: str | None, branch: str | None) -> None:
    """Refuse names that no repo, tag or branch can have."""
    check_repo_id(repo_id)
    for what, name in (("tag", tag), ("branch", branch)):
        if name is not None and not REF_NAME.fullmatch(name):
            raise HubError(
                f"{name!r} can't be the name of a {what}: use letters, digits, '.', '_' and '-', as in v1.0."
            )
        if name is not None and name.startswith(WORKING_PREFIX):
            raise HubError(
                f"A {what} whose name begins with {WORKING_PREFIX} keeps an unfinished run: choose another name."
            )


def check_destination(
    repo_id: str, tag: str | None, branch: str | None, private: bool | None, token: str | None
) -> None:
    """Make sure, as far as can be known before training, that a model can be published where it should go.

    Raises
    ------
    HubError
        In one sentence, with the remedy.
    """
    check_names(repo_id, tag, branch)
    account = read_account(token)
    if repo_id.partition("/")[0] not in account.owners:
        raise HubError(
            f"The token belongs to {account.name}, which can't write to {repo_id}: "
            f"choose a name such as {account.name}/polyid-models."
        )
    api = hub_api(token)
    if not account.may_write(repo_id):
        raise HubError(
            f"The Hub token is fine-grained and lacks the permission {WRITE_PERMISSION} for {repo_id.partition('/')[0]}: "
            f"give it write access to its repos at {api.endpoint}/settings/tokens."
        )
    destination = look_at_destination(api, repo_id, branch, private)
    if destination is not None and tag in destination.tags:
        raise HubError(f"{repo_id} has a tag {tag} already: choose another.")


def look_at_destination(api: HfApi, repo_id: str, branch: str | None, private: bool | None) -> Destination | None:
    """A model repo as it is now; None if there is none.

    Raises
    ------
    HubError
        Its visibility is another one than asked for, or its branch holds something else than a PolyID model.
    """
    with explained_errors(api, repo_id):
        try:
            info = look_at_repo(api, repo_id)
        except RepositoryNotFoundError:
            return None
        if private is not None and bool(info.private) != private:
            raise HubError(
                f"{repo_id} is {_visibility(bool(info.private))} already, and publishing does not change that: "
                f"change it in the repo's settings, or publish without asking for a {_visibility(private)} repo."
            )
        refs = with_retries(lambda: api.list_repo_refs(repo_id))
        branches = {ref.name: ref.target_commit for ref in refs.branches}
        _check_repo_is_ours(api, repo_id, branches.get(branch or "main", branches["main"]))
    return Destination(branches, {ref.name: ref.target_commit for ref in refs.tags})


def _visibility(private: bool) -> str:
    return "private" if private else "public"


def _check_repo_is_ours(api: HfApi, repo_id: str, commit: str) -> None:
    """Refuse a repo that holds something else than a PolyID model."""
    files = set(with_retries(lambda: api.list_repo_files(repo_id, revision=commit)))
    if files <= FRESH_REPO_FILES:
        return
    if MANIFEST_FILE in files:
        with tempfile.TemporaryDirectory() as cache:
            path = with_retries(lambda: api.hf_hub_download(repo_id, MANIFEST_FILE, revision=commit, cache_dir=cache))
            if is_manifest(Path(path).read_bytes()):
                return
    raise HubError(
        f"{repo_id} holds something else than a PolyID model ({sorted(files - FRESH_REPO_FILES)[0]}), which publishing "
        "would mix up: choose another repo."
    )
