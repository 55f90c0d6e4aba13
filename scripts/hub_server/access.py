"""Who asks, for which repository, and whether they may."""

import hashlib
from typing import Annotated

from fastapi import Body, Depends, Request

from hub_server.errors import HubProblem
from hub_server.names import KINDS
from hub_server.repo import Repo
from hub_server.store import Account, Hub


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
    if not account.may_write:
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
    return account is not None and repo.id.split("/")[0] in (account.name, *account.groups)


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


def check_gate(repo: Repo, account: Account | None) -> None:
    if repo.meta.get("gated") and not owns(account, repo):
        what = f"Access to {repo.kind[:-1]} {repo.id} is restricted and you are not in the authorized list."
        raise HubProblem(403 if account else 401, what, "GatedRepo")
