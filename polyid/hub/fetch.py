"""Model folders fetched from the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.errors import LocalEntryNotFoundError

from polyid.bundle.layout import BUNDLE_PATTERNS, STARTER, STARTER_NAME
from polyid.bundle.manifest import check_model_folder
from polyid.errors import HubError
from polyid.hub.blobs import undamaged
from polyid.hub.client import (
    commit_of,
    explained_errors,
    hub_api,
    is_passing_failure,
    look_at_repo,
    with_retries,
)
from polyid.hub.destination import check_repo_id, split_repo_and_revision


@dataclass(frozen=True)
class FetchedBundle:
    """A bundle on this machine; repo, commit and tag are None for a folder that came from no Hub.

    `is_old` says that the Hub could not be asked: the bundle is what was downloaded last.
    """

    folder: Path
    repo_id: str | None
    commit: str | None
    tag: str | None
    is_old: bool = False

    @property
    def is_starter(self) -> bool:
        """Whether it is the model that comes with the package."""
        return self.folder == STARTER


def starter_bundle() -> FetchedBundle:
    """The starter model, which comes with the package."""
    return FetchedBundle(STARTER, None, None, None)


def fetch_bundle(
    model: str,
    *,
    cache_dir: str | Path | None = None,
    token: str | None = None,
    tqdm_class: type | None = None,
) -> FetchedBundle:
    """Find a bundle: a folder as it is, a model repo as a snapshot in the Hub client's cache.

    Only a bundle's own files are downloaded, each once, or once more where it arrived damaged. While the Hub can't be
    reached, the complete snapshot of an earlier download is used.

    Parameters
    ----------
    model : str
        A folder, ``user/repo``, ``user/repo@revision`` with a branch, a tag or a commit id, or ``starter``.
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
        When there is no such folder, repo or revision, or the Hub can't be reached.
    BundleError
        When it holds no whole model.
    """
    folder = Path(model).expanduser()
    if model and folder.is_dir():
        check_model_folder(folder)
        return FetchedBundle(folder, None, None, None)
    if model == STARTER_NAME:
        check_model_folder(STARTER)
        return starter_bundle()
    repo_id, revision = split_repo_and_revision(model)
    api = hub_api(token)
    with explained_errors(api, repo_id, revision):
        try:
            # Asked first because it gives up in time, and because its answer tells what is wrong best.
            look_at_repo(api, repo_id, revision)
            reachable = True
        except Exception as error:
            if not is_passing_failure(error):
                raise
            reachable = False
        try:
            folder = undamaged(
                lambda: with_retries(
                    lambda: api.snapshot_download(
                        repo_id,
                        revision=revision,
                        cache_dir=cache_dir,
                        allow_patterns=list(BUNDLE_PATTERNS),
                        tqdm_class=tqdm_class,
                        local_files_only=not reachable,
                    )
                )
            )
        except LocalEntryNotFoundError:
            raise HubError(
                f"{api.endpoint} can't be reached, and {model} was not downloaded before, or not whole: "
                "check the network and the address in HF_ENDPOINT, then try again."
            ) from None
    commit = folder.name
    check_model_folder(folder, repo_id)
    tag = None
    if reachable:
        with explained_errors(api, repo_id, revision):
            refs = with_retries(lambda: api.list_repo_refs(repo_id))
        on_commit = sorted(ref.name for ref in refs.tags if ref.target_commit == commit)
        tag = revision if revision in on_commit else next(reversed(on_commit), None)
    return FetchedBundle(folder, repo_id, commit, tag, is_old=not reachable)


def latest_commit(repo_id: str, revision: str | None = None, *, token: str | None = None) -> str:
    """Return the commit id that a branch, tag or commit of a model repo stands for now (``main`` by default).

    Raises
    ------
    HubError
        When there is no such repo or revision, or the Hub can't be reached.
    """
    check_repo_id(repo_id)
    api = hub_api(token)
    with explained_errors(api, repo_id, revision):
        return commit_of(api, repo_id, revision)
