"""Model folders published to the Hub, each as one commit, sent again after a passing failure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from polyid.bundle.files import plain_file
from polyid.bundle.layout import is_bundle_file
from polyid.bundle.manifest import check_model_folder, check_saved_files
from polyid.errors import HubError
from polyid.hub.client import explained_errors, hub_api, with_retries
from polyid.hub.commits import changes, commit_files
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
    notes: str | None = None,
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
    notes : str, optional
        What is new, for the commit and the tag.
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
    files = _files_to_publish(folder)
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
        _check_tag(api, repo_id, tag, destination, target, files)
        if target not in destination.branches:
            with_retries(lambda: api.create_branch(repo_id, branch=target, exist_ok=True))
    title = f"Publish a PolyID model of {manifest['folds']} folds" + (f", {tag}" if tag else "")
    commit = commit_files(api, repo_id, target, files, is_bundle_file, title, notes=notes)
    if tag is not None and tag not in destination.tags:
        try:
            with explained_errors(api, repo_id, commit):
                api.create_tag(repo_id, tag=tag, tag_message=notes, revision=commit, exist_ok=True)
        except HubError as error:
            raise HubError(
                f"The model is published as commit {commit[:7]}, but without its tag {tag}. {error}"
            ) from error
    return Publication(repo_id, commit, f"{api.endpoint}/{repo_id}/commit/{commit}", tag, branch)


def _files_to_publish(folder: Path) -> dict[str, Path]:
    """The files of a model folder but hidden ones, by their names in it; refuse links, and what is no part of a model."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)]
    for name in names:
        if not is_bundle_file(name):
            raise HubError(
                f"{folder} holds {name}, which is no part of a model: move it elsewhere, then publish again."
            )
        plain_file(folder, name)
    return {name: folder / name for name in names}


def _check_tag(
    api: HfApi, repo_id: str, tag: str | None, destination: Destination, target: str, files: dict[str, Path]
) -> None:
    """Refuse a tag that is on another model."""
    if tag is None or tag not in destination.tags:
        return
    tagged = destination.tags[tag]
    if changes(api, repo_id, destination.branches.get(target, "main"), files, is_bundle_file) != (tagged, []):
        raise HubError(
            f"{repo_id} has the tag {tag} on another model (commit {tagged[:7]}): choose another tag, "
            "or delete that one on the Hub."
        )
