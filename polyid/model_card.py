"""The README.md of a model repo: what the model is, how good, how to use it."""

from __future__ import annotations

from typing import Any

import yaml

from polyid.progress import duration
from polyid.properties import PROPERTIES

_TEXT = """# PolyID polymer property model

An ensemble of {folds} message-passing neural networks that predicts {properties} from the structure of a polymer.
Trained with PolyID Spaces (the package `polyid-spaces`), after Wilson et al., *Macromolecules* 2023, 56, 8547
(doi:10.1021/acs.macromol.3c00994).

## Use

```python
from huggingface_hub import snapshot_download
from polyid import MultiModel
ensemble = MultiModel.load_models(snapshot_download("{repo}"))
```

`ensemble.predict_smiles(["*CC(*)c1ccccc1"])` answers a row a polymer: mean and standard deviation over the folds. A polymer
is an oligomer, a repeat unit with two attachment points, or monomers joined by dots.

## Out-of-fold figures

Each polymer was predicted by the one network that never saw it, nor any other tacticity or replicate of it.

| Property | Polymers | MAE | RMSE | R² |
| --- | --- | --- | --- | --- |
{rows}

## Training

| | |
| --- | --- |
| Data | {source} (SHA-256 `{sha256}`) |
| Polymers | {polymers} in {table_rows} rows |
| Preset | {preset} |
| Parameters | {parameters} |
| Hardware | {hardware} |
| Time | {time} |
| Finished | {finished} |

## Intended use and limits

For ranking and screening candidate polymers. The spread over folds says how far the networks disagree; it is not a
confidence interval. Predictions for chemistry unlike the training data can be far off. Crystallinity, molecular weight,
plasticisers and processing, all of which move these properties, are not inputs. Figures above hold for polymers drawn
like the training data. The licence of the training data applies to the data, not to this repository.

The files are safetensors and JSON: loading them executes nothing.
"""


def model_card(content: dict[str, Any], metrics: dict[str, Any], folds: int, repo: str = "USER/MODEL") -> str:
    """Markdown of the card, with the Hub's metadata in its head.

    Parameters
    ----------
    content : dict
        What `parameters.json` says.
    metrics : dict
        Content of `metrics.json`.
    folds : int
        Members of the ensemble.
    repo : str
        Repo id for the example.
    """
    results, rows = [], []
    for name, figures in metrics["out_of_fold"].items():
        entry = PROPERTIES.get(name)
        label = entry.label if entry else name
        unit = (content["prediction_units"].get(name) or [entry.unit if entry else ""])[0] or ""
        shown = [f"{figures[k]:.3g}" if figures[k] is not None else "" for k in ("MAE", "RMSE", "R2")]
        title = f"{label} ({unit})" if unit else label
        rows.append(f"| {title} | {figures['n']} | {' | '.join(shown)} |")
        results += [
            {"type": kind, "name": f"{label} {kind.upper()}, out-of-fold", "value": round(figures[key], 6)}
            for kind, key in (("mae", "MAE"), ("rmse", "RMSE"), ("r2", "R2"))
            if figures[key] is not None
        ]
    head = {
        "license": "bsd-3-clause",
        "library_name": "polyid-spaces",
        "pipeline_tag": "tabular-regression",
        "tags": ["polyid", "chemistry", "polymers", "graph-neural-network", "message-passing"],
        "model-index": [
            {
                "name": "PolyID polymer property model",
                "results": [
                    {
                        "task": {"type": "tabular-regression", "name": "Polymer property prediction"},
                        "dataset": {
                            "type": "polymer-properties",
                            "name": content["data"].get("source") or "training data",
                        },
                        "metrics": results,
                    }
                ],
            }
        ],
    }
    properties = [PROPERTIES[n].label.lower() if n in PROPERTIES else n for n in content["prediction_columns"]]
    training, data = content["training"], content["data"]
    chosen = {k: v for k, v in content["parameters"].items() if k not in ("preset", "seed")}
    text = _TEXT.format(
        folds=folds,
        properties=", ".join(properties),
        repo=repo,
        rows="\n".join(rows),
        source=data.get("source") or "own table",
        sha256=data.get("sha256") or "unknown",
        polymers=data["polymers"],
        table_rows=data["rows"],
        preset=content["parameters"].get("preset", "none"),
        parameters=", ".join(f"{k} {v}" for k, v in chosen.items()),
        hardware=training["hardware"],
        time=duration(training["seconds"]),
        finished=training["finished"],
    )
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n{text}"
