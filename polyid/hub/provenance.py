"""Which model answered: its repo and commit or its folder, for pages, files and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub import constants

from polyid.hub.fetch import FetchedBundle


def provenance(bundle: FetchedBundle, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Where a model is from, as JSON can hold it.

    Parameters
    ----------
    bundle : FetchedBundle
    manifest : mapping
        Content of its `parameters.json`.

    Returns
    -------
    dict
        ``repo_id``, ``commit``, ``tag`` and ``url`` of a model on the Hub; ``folder`` of any other; whether it is the ``starter``
        model; its number of ``folds`` and the end of its training (``finished``).
    """
    url = f"{constants.ENDPOINT}/{bundle.repo_id}/tree/{bundle.commit}" if bundle.repo_id and bundle.commit else None
    return {
        "repo_id": bundle.repo_id,
        "folder": None if bundle.repo_id or bundle.is_starter else str(bundle.folder),
        "starter": bundle.is_starter,
        "commit": bundle.commit,
        "tag": bundle.tag,
        "url": url,
        "folds": manifest.get("folds"),
        "finished": manifest.get("training", {}).get("finished"),
    }


def model_name(model: Mapping[str, Any]) -> str:
    """A model of `provenance` in a line of text, such as ``ada/models, commit 0123abcd, tag v1``."""
    if model["starter"]:
        return "the starter model of PolyID"
    if model["repo_id"] is None:
        return str(model["folder"])
    parts = [model["repo_id"]]
    parts += [f"commit {model['commit'][:8]}"] if model["commit"] else []
    return ", ".join(parts + ([f"tag {model['tag']}"] if model["tag"] else []))
