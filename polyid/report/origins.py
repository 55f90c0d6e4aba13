"""What a model card says of other models that a model is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def started_from(content: Mapping[str, Any]) -> str:
    """The model whose networks training began with; nothing where they were fresh.

    Parameters
    ----------
    content : mapping
        What `parameters.json` says.
    """
    start = content.get("init_from")
    if start is None:
        return ""
    parts = [f"{start['model']} (`parameters.json` with SHA-256 `{start['sha256']}`)"]
    if start["commit"]:
        parts.append(f"commit `{start['commit']}`")
    if start["heads"]:
        parts.append(f"its read-outs of {', '.join(start['heads'])} too")
    if freeze := content["parameters"].get("freeze"):
        parts.append(f"kept as they were: {freeze if not freeze.isdecimal() else f'embeddings and {freeze} rounds'}")
    if (seen := start["held_out_seen"]) != 0:
        parts.append(
            f"{'an unknown number' if seen is None else seen} of the held-out polymers were training polymers of it, with values "
            "of the same properties: errors look smaller than they are"
        )
    return "; ".join(parts)
