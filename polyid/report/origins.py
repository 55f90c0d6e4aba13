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


def converted_card(content: Mapping[str, Any], folds: int) -> str:
    """The model card of an ensemble that upstream PolyID trained: its files say little, and no more is said.

    Parameters
    ----------
    content : mapping
        What `parameters.json` says.
    folds : int
    """
    properties = ", ".join(f"`{' '.join(name.split()).replace('`', '')}`" for name in content["prediction_columns"])
    return f"""---
license: other
license_name: as-the-training-data
library_name: polyid-spaces
pipeline_tag: tabular-regression
tags:
- polyid
- chemistry
- polymers
- graph-neural-network
- message-passing
---

# PolyID polymer property model

An ensemble of {folds} networks that upstream PolyID trained (Wilson et al., *Macromolecules* 2023, 56, 8547,
doi:10.1021/acs.macromol.3c00994), converted by `polyid convert` to safetensors and JSON: {properties}.

Its files say neither what it was trained on nor how far it errs: it gives predictions and their spread over the networks, without
intervals and without a domain of validity, in the units of its training data. `polyid evaluate` compares it with measured polymers.
`parameters.json` names the SHA-256 of every file that it was converted from.

## Use

```python
from polyid import MultiModel
ensemble = MultiModel.from_pretrained("USER/MODEL")
ensemble.predict_smiles(["*CC(*)c1ccccc1"])
```
"""
