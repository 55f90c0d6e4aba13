"""What has to be called on the Hub for a deployment to be as it should: nothing where it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polyid import __version__
from polyid.deploy.deployment import Deployment
from polyid.deploy.folders import SPACE_MARK, assemble_space, files_below
from polyid.deploy.tables import TABLES_MARK, assemble_tables
from polyid.errors import HubError
from polyid.hub.calls import Call
from polyid.hub.client import Api, hub_api
from polyid.hub.destination import check_repo_id, look_at_destination, read_account
from polyid.hub.repos import RepoContent, bucket_calls, check_is_ours, content_calls, has_bucket, look_at
from polyid.hub.space_settings import hardware_calls, settings_calls

TITLE = f"Deploy polyid-spaces {__version__}"


@dataclass(frozen=True)
class Plan:
    """Calls in the order in which they are made; their files lie in a temporary folder while the plan does."""

    api: Api
    deployment: Deployment
    calls: list[Call]


def deployment_owner(owner: str | None) -> str:
    """The account to deploy to: the one named, which the token has to be able to write to, else the token's.

    Raises
    ------
    HubError
        There is no token, or it may not write there.
    """
    account = read_account(None)
    if owner is not None and owner not in account.owners:
        raise HubError(
            f"The token belongs to {account.name}, which can't write to {owner}: name one of "
            f"{', '.join(sorted(account.owners))} as --owner."
        )
    return owner or account.name


@contextmanager
def planned(repository: Path, deployment: Deployment) -> Iterator[Plan]:
    """Assemble every folder, compare it with the Hub, and give the calls that make both the same.

    The order is such that nothing runs before it is whole, and nothing is billed before everything else is done.

    Raises
    ------
    HubError
        A repo of that name holds something else, or the Hub refuses or can't be reached.
    """
    api = hub_api(None)
    for repo_id in (deployment.inference, deployment.trainer, deployment.models, deployment.tables):
        check_repo_id(repo_id)
    with tempfile.TemporaryDirectory(prefix="polyid-deploy-") as temporary:
        folder = Path(temporary)
        tables = files_below(assemble_tables(repository, deployment, folder / "tables"))
        calls = _model_calls(api, deployment)
        calls += content_calls(
            api, RepoContent(deployment.tables, "dataset", deployment.private, tables, TABLES_MARK), TITLE
        )
        if deployment.bucket:
            calls += bucket_calls(api, deployment.bucket)
        hardware: list[Call] = []
        for part, repo_id, private, settings in (
            ("trainer", deployment.trainer, True, deployment.trainer_settings()),
            ("inference", deployment.inference, deployment.private, deployment.inference_settings()),
        ):
            files = files_below(assemble_space(repository, part, deployment, folder / part))
            content = content_calls(api, RepoContent(repo_id, "space", private, files, SPACE_MARK), TITLE)
            is_new = any(call.method == "create_repo" for call in content)
            made = [call for call in content if call.method == "create_repo"]
            calls += [*made, *settings_calls(api, repo_id, settings, is_new), *content[len(made) :]]
            hardware += hardware_calls(api, repo_id, settings, is_new)
        yield Plan(api, deployment, calls + hardware)


def _model_calls(api: Api, deployment: Deployment) -> list[Call]:
    """Make the model repo where there is none; what it holds is the trainer's business."""
    if look_at_destination(api, deployment.models, None, deployment.private) is not None:
        return []
    return [Call("create_repo", deployment.models, {"private": deployment.private, "exist_ok": True})]


def destruction(deployment: Deployment, with_data: bool) -> list[Call]:
    """The calls that delete what is there of a deployment.

    Parameters
    ----------
    deployment : Deployment
    with_data : bool
        Models, tables and runs too; without it only the Spaces, which can be deployed again.

    Raises
    ------
    HubError
        A Space of that name is none of ours, or the Hub refuses or can't be reached.
    """
    api = hub_api(None)
    calls = []
    for repo_id in (deployment.trainer, deployment.inference):
        info = look_at(api, repo_id, "space")
        if info is not None:
            check_is_ours(info, repo_id, SPACE_MARK)
            calls.append(Call("delete_repo", repo_id, {"repo_type": "space", "missing_ok": True}))
    if not with_data:
        return calls
    if look_at_destination(api, deployment.models, None, None) is not None:
        calls.append(Call("delete_repo", deployment.models, {"repo_type": "model", "missing_ok": True}))
    tables = look_at(api, deployment.tables, "dataset")
    if tables is not None:
        check_is_ours(tables, deployment.tables, TABLES_MARK)
        calls.append(Call("delete_repo", deployment.tables, {"repo_type": "dataset", "missing_ok": True}))
    if deployment.bucket and has_bucket(api, deployment.bucket):
        calls.append(Call("delete_bucket", deployment.bucket, {"missing_ok": True}))
    return calls
