"""Where a model goes: names of repos, branches and tags, and whose repo it is."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from polyid.errors import HubError
from polyid.hub.client import with_retries
from polyid.hub.model_files import check_parameters

FRESH_REPO_FILES = {".gitattributes", ".gitignore", "LICENSE", "README.md"}  # what the Hub's own page may put there
REF_NAME = re.compile(r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9_][A-Za-z0-9_./-]{0,98}[A-Za-z0-9_-]|[A-Za-z0-9_]")


def set_visibility(private: bool) -> str:
    return "private" if private else "public"


def check_repo_id(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        repo_id_is_valid = False
    else:
        repo_id_is_valid = repo_id.count("/") == 1
    if not repo_id_is_valid:
        raise HubError(f"{repo_id!r} is not the name of a model repo: give it as user/name.")


def split_repo_and_revision(model: str) -> tuple[str, str | None]:
    repo_id, _, revision = model.partition("@")
    try:
        check_repo_id(repo_id)
    except HubError:
        raise HubError(
            f"{model!r} is neither a folder here nor the name of a model repo: "
            "give a folder that exists, user/repo or user/repo@revision."
        ) from None
    return repo_id, revision or None


def check_repo_is_ours(api: HfApi, repo_id: str, commit: str) -> None:
    """Refuse a repo that holds something else than a PolyID model."""
    files = set(with_retries(lambda: api.list_repo_files(repo_id, revision=commit)))
    if files <= FRESH_REPO_FILES:
        return
    ours = False
    if "parameters.json" in files:
        with tempfile.TemporaryDirectory() as cache:
            path = with_retries(
                lambda: api.hf_hub_download(repo_id, "parameters.json", revision=commit, cache_dir=cache)
            )
            try:
                check_parameters(Path(path), repo_id)
                ours = True
            except HubError:
                ours = False
    if not ours:
        other = sorted(files - FRESH_REPO_FILES)[0]
        raise HubError(
            f"{repo_id} holds something else than a PolyID model ({other}), which publishing would mix up: "
            "choose another repo."
        )
