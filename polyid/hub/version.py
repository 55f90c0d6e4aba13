"""The number of the next release of a model repo, and why it is that one: what changed decides which part of it grows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyid.bundle.layout import MANIFEST_FILE
from polyid.common.files import read_json
from polyid.hub.client import explained_errors, hub_api, with_retries
from polyid.hub.destination import check_names, look_at_destination
from polyid.hub.versions import release_of


def propose_version(
    repo_id: str,
    *,
    properties: Sequence[str],
    data_sha256: str,
    preset: str,
    branch: str | None = None,
    token: str | None = None,
) -> tuple[str, str]:
    """The tag of the next release and the reason for it.

    A property that is gone, or another class of network, breaks what others built on the model: the first number grows. New
    properties or other data: the second. Another training of the same: the third.

    Returns
    -------
    str, str
        Such as ``v1.1.0`` and a sentence.

    Raises
    ------
    HubError
        The repo can't be looked at.
    """
    check_names(repo_id, None, branch)
    api = hub_api(token)
    destination = look_at_destination(api, repo_id, branch, None)
    if destination is None or not destination.branches:
        return "v1.0.0", "It is the first release of a new repo."
    releases = sorted(found for tag in destination.tags if (found := release_of(tag)))
    if not releases:
        return "v1.0.0", "It is the first release with a version."
    commit = destination.branches.get(branch or "main", destination.branches["main"])
    with explained_errors(api, repo_id), tempfile.TemporaryDirectory() as cache:
        path = with_retries(lambda: api.hf_hub_download(repo_id, MANIFEST_FILE, revision=commit, cache_dir=cache))
        part, why = what_changed(read_json(Path(path)), properties=properties, data_sha256=data_sha256, preset=preset)
    newest = releases[-1]
    grown = (*newest[:part], newest[part] + 1, *(0 for _ in newest[part + 1 :]))
    return "v" + ".".join(map(str, grown)), why


def what_changed(
    manifest: dict[str, Any], *, properties: Sequence[str], data_sha256: str, preset: str
) -> tuple[int, str]:
    """Which part of a version grows (0 to 2) beside the model of a manifest, and why."""
    former = manifest["prediction_columns"]
    gone = [name for name in former if name not in properties]
    new = [name for name in properties if name not in former]
    if gone:
        return 0, f"It no longer predicts {gone[0]}."
    if new:
        return 1, f"It predicts {new[0]} as well."
    if manifest.get("data", {}).get("sha256") != data_sha256:
        return 1, "It learns from other data."
    if manifest.get("parameters", {}).get("preset") not in (None, preset):
        return 1, f"It is trained with {preset}, not {manifest['parameters']['preset']}."
    return 2, "It is another training on the same data."
