"""The README.md of a model repo: what the model is, how good, how to use it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Template

from polyid.common.files import sha256
from polyid.common.progress import duration
from polyid.config.parameters import COLUMN, GIVEN_SPLIT
from polyid.data.catalogue import BUNDLED_TERMS, SOURCES, Terms, bundled_tables
from polyid.data.properties import PROPERTIES
from polyid.data.reference import measured_noise
from polyid.report.distillation import distillation_section
from polyid.report.energy import GRAMS_OF_CO2_A_KILOWATT_HOUR, energy_estimate
from polyid.report.files import ERRORS_BY_CLASS, figure_captions, number_text, parity_file, unit_text
from polyid.report.origins import started_from

_TEXT = Template(Path(__file__).with_name("card.md.jinja").read_text("utf-8"), keep_trailing_newline=True)
"""Of the card; what is put in is made safe for Markdown before, by `_plain`."""

_SPLITS = {
    "stratified": "stratified: each fold has the same share of each class of polymer",
    "random": "random",
    "scaffold": "scaffold: polymers with similar repeat units are held out together",
    GIVEN_SPLIT: "handed in by the one who trained",
}
_TOGETHER = "all rows of one polymer, of any tacticity or replicate, are held out together"

_CLASSES = 12
"""Classes of polymer in the card; rarer ones are in `metrics.json`."""


def model_card(
    content: dict[str, Any],
    metrics: dict[str, Any],
    folds: int,
    repo: str = "USER/MODEL",
    figures: Sequence[str] = (),
) -> str:
    """Markdown of the card, with the Hub's metadata in its head.

    Parameters
    ----------
    content : dict
        What `parameters.json` says. ``split``, how polymers were divided into folds, is read where it is there.
    metrics : dict
        Content of `metrics.json`, as `polyid.report.metrics.out_of_fold_report` makes it.
    folds : int
        Members of the ensemble.
    repo : str
        Repo id for the example.
    figures : sequence of str
        Paths of the report's figures, relative to the card.
    """
    titles = {name: _title(name, content) for name in metrics["out_of_fold"]}
    levels = [found["level"] for found in metrics["out_of_fold"].values() if found.get("coverage") is not None]
    level = f"{100 * levels[0]:g} %" if levels else ""
    ranked = any(found.get("spearman") is not None for found in metrics["out_of_fold"].values())
    split = content.get("split")
    captions = figure_captions(content["prediction_columns"])
    pictures = {path: f"![{_plain(captions.get(path, path))}]({path})" for path in figures}
    text = _TEXT.render(
        folds=folds,
        properties=", ".join(
            PROPERTIES[n].label if n in PROPERTIES else _plain(n) for n in content["prediction_columns"]
        ),
        repo=repo,
        level=level,
        ranked=ranked,
        together="" if split == GIVEN_SPLIT else f"{_TOGETHER.capitalize()}.",
        table=_figures_table(metrics["out_of_fold"], titles, level, ranked),
        figures=_figures(pictures, content["prediction_columns"]),
        noise=_noise(content["prediction_columns"], titles),
        classes=_classes(metrics.get("by_class", {}), titles, pictures.get(ERRORS_BY_CLASS)),
        training=_training_table(content),
        taught_by=content["distilled"]["teacher"]["members"] if content.get("distilled") else None,
        distilled=distillation_section(content["distilled"], titles) if content.get("distilled") else "",
    )
    head = yaml.safe_dump(_metadata(content, metrics), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n{text}"


def _metadata(content: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """The head of the card: what the Hub searches and lists, its `model-index` a result a property."""
    kinds = {
        "mae": ("MAE", "MAE"),
        "rmse": ("RMSE", "RMSE"),
        "r_squared": ("R2", "R²"),
        "coverage": ("coverage", "coverage of the interval"),
        "interval_width": ("width", "mean width of the interval"),
        "spearmanr": ("spearman", "rank correlation of expected and true error"),
    }
    results = []
    for name, found in metrics["out_of_fold"].items():
        label = PROPERTIES[name].label if name in PROPERTIES else name
        shown = [
            {"type": kind, "name": f"{label}, {title}, out-of-fold", "value": float(f"{found[key]:.6g}")}
            for kind, (key, title) in kinds.items()
            if found.get(key) is not None
        ]
        dataset = {
            "type": "polymer-properties",
            "name": content["data"].get("source") or "training data",
            "config": name,
            "split": "out-of-fold",
        }
        if content["data"].get("sha256"):
            dataset["revision"] = content["data"]["sha256"]
        if shown:
            task = {"type": "tabular-regression", "name": "Polymer property prediction"}
            results.append({"task": task, "dataset": dataset, "metrics": shown})
    head = {
        **_licence_entries(content["data"]),
        "library_name": "polyid-spaces",
        "pipeline_tag": "tabular-regression",
        "tags": ["polyid", "chemistry", "polymers", "graph-neural-network", "message-passing"],
        **_emissions(content["training"]),
    }
    # The Hub's client refuses an index without results.
    return {**head, "model-index": [{"name": "PolyID polymer property model", "results": results}]} if results else head


def _title(name: str, content: dict[str, Any]) -> str:
    """Label and unit, the unit the model's own."""
    unit = unit_text(name, content)
    label = PROPERTIES[name].label if name in PROPERTIES else _plain(name)
    return f"{label} ({_plain(unit)})" if unit else label


def _figures_table(out_of_fold: dict[str, Any], titles: dict[str, str], level: str, ranked: bool) -> str:
    columns = ["n", "MAE", "RMSE", "R2"] + (["coverage", "width"] if level else []) + (["spearman"] if ranked else [])
    heads = {"n": "Values", "R2": "R²", "coverage": "In interval", "width": "Width", "spearman": "Rank correlation"}
    rows = [["Property", *(heads.get(column, column) for column in columns)]]
    for name, found in out_of_fold.items():
        cells = [titles[name]]
        for column in columns:
            value = found.get(column)
            if column == "n":
                cells.append(str(value))
            elif column == "coverage" and value is not None:
                cells.append(f"{100 * value:.1f} %")
            else:
                cells.append(number_text(value))
        rows.append(cells)
    return _table(rows)


def _noise(names: Sequence[str], titles: dict[str, str]) -> str:
    """How far independent measurements of one polymer are apart, for the properties of which that is known."""
    lines = []
    for name, noise in measured_noise().items():
        if name in names:
            title = titles[name] if noise.unit == PROPERTIES[name].unit else f"{PROPERTIES[name].label} ({noise.unit})"
            median, mean = number_text(noise.median_difference), number_text(noise.mean_difference)
            lines.append(f"- {title}: median {median}, mean {mean}, over {noise.polymers} polymers")
    return "\n".join(lines)


def _figures(pictures: dict[str, str], names: Sequence[str]) -> str:
    """The pictures, parity plots two in a row, but for that of the classes, which stands beside their table."""
    plots = [pictures[parity_file(name)] for name in names if parity_file(name) in pictures]
    parts = []
    if plots:
        pairs = [plots[i : i + 2] for i in range(0, len(plots), 2)]
        table = _table([["", ""], *(pair + [""] * (2 - len(pair)) for pair in pairs)])
        parts.append(f"### Predicted against measured\n\n{table}")
    for path, caption in figure_captions(()).items():
        if path in pictures and path != ERRORS_BY_CLASS:
            title, _, about = caption.partition(": ")
            parts.append("\n\n".join(filter(None, [f"### {title}", about[:1].upper() + about[1:], pictures[path]])))
    return "".join(f"\n{part}\n" for part in parts)


def _classes(by_class: dict[str, dict[str, Any]], titles: dict[str, str], picture: str | None) -> str:
    """Mean absolute error of each class and property, with the number of values."""
    counts: dict[str, int] = {}
    for found in by_class.values():
        for kind, figures in found.items():
            counts[kind] = counts.get(kind, 0) + figures["n"]
    if not counts:
        return ""
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))
    rows = [["Class", *(titles[name] for name in by_class)]]
    for kind in kinds[:_CLASSES]:
        of_class = [by_class[name].get(kind) for name in by_class]
        rows.append([_plain(kind), *(f"{number_text(f['MAE'])} ({f['n']})" if f else "" for f in of_class)])
    rest = len(kinds) - _CLASSES
    more = f"\n{rest} rarer class{'' if rest == 1 else 'es'}: see `metrics.json`.\n" if rest > 0 else ""
    about = "Mean absolute error, in brackets the number of values. Few values say little."
    shown = f"\n{picture}\n" if picture else ""
    return f"\n### Errors by class of polymer\n\n{about}\n\n{_table(rows)}\n{more}{shown}"


def _training_table(content: dict[str, Any]) -> str:
    training, data = content["training"], content["data"]
    licence, citation = _terms(data)
    parameters = {k: v for k, v in content["parameters"].items() if k not in ("preset", "seed")}
    source = _plain(data.get("source") or "own table")
    rows = [
        ["", ""],
        ["Data", f"{source} (SHA-256 `{data.get('sha256') or 'unknown'}`)"],
        ["Licence of the data", licence],
        ["Citation of the data", citation],
        ["Polymers", f"{data['polymers']} in {data['rows']} rows"],
        ["Split", _split_text(content)],
        ["Preset", _plain(content["parameters"].get("preset", "none"))],
        ["Started from", _plain(started_from(content))],
        ["Parameters", _plain(", ".join(f"{k} {v}" for k, v in parameters.items()))],
        ["Hardware", _plain(training["hardware"])],
        ["Time", duration(training["seconds"])],
        ["Energy", _energy_text(training["hardware"], training["seconds"])],
        ["Finished", _plain(training["finished"])],
    ]
    return _table([row for row in rows if row[1] or not row[0]])


def _known_terms(data: dict[str, Any]) -> Terms | None:
    """Terms of the training data; a published table is known by its hash."""
    terms = {source.sha256: Terms(source.licence, source.citation) for source in SOURCES.values()}
    for name, path in bundled_tables().items():
        if name in BUNDLED_TERMS:
            terms[sha256(path)] = BUNDLED_TERMS[name]
    return terms.get(data.get("sha256") or "")


def _terms(data: dict[str, Any]) -> tuple[str, str]:
    """Licence and citation of the training data, as far as they are known."""
    table = _known_terms(data) or Terms("not recorded: whoever publishes this model should state it here")
    return _plain(table.licence), _plain(table.citation)


def _licence_entries(data: dict[str, Any]) -> dict[str, str]:
    """The licence in the head of the card: that of the data, which is in the weights; the code has its own."""
    terms = _known_terms(data)
    if terms is None:
        return {"license": "other", "license_name": "as-the-training-data"}
    return {"license": terms.licence.split(",")[0].split(" as ")[0].lower().replace(" ", "-")}


def _emissions(training: dict[str, Any]) -> dict[str, Any]:
    """The head's entry of what training emitted, an estimate; nothing where the power of the hardware isn't known."""
    found = energy_estimate(training["hardware"], training["seconds"])
    if found is None:
        return {}
    grams = float(f"{found.kilowatt_hours * GRAMS_OF_CO2_A_KILOWATT_HOUR:.2g}")
    source = (
        f"estimated: time x assumed power ({found.basis}) x {GRAMS_OF_CO2_A_KILOWATT_HOUR:g} g/kWh, the world's mean"
    )
    entries = {"emissions": grams, "source": source, "training_type": "pre-training"}
    return {"co2_eq_emissions": {**entries, "hardware_used": training["hardware"]}}


def _split_text(content: dict[str, Any]) -> str:
    seed = content["training"].get("seed")
    where = "which polymers each network did not see is in `splits.json`"
    split = content.get("split")
    if split is None:
        return where
    words = _SPLITS.get(split) or f"folds named in the column {_plain(split.removeprefix(COLUMN))}"
    drawn = f", seed {seed}" if split in ("stratified", "random", "scaffold") and seed is not None else ""
    return f"{words}{drawn}; " + ("" if split == GIVEN_SPLIT else f"{_TOGETHER}; ") + where


def _energy_text(hardware: str, seconds: float) -> str:
    found = energy_estimate(hardware, seconds)
    if found is None:
        return "not estimated: the power of this hardware isn't known here"
    # Two digits: the assumed power is no better known.
    hours, unit = (found.kilowatt_hours, "kWh") if found.kilowatt_hours >= 1 else (1000 * found.kilowatt_hours, "Wh")
    amount = f"{float(f'{hours:.2g}'):g} {unit}"
    return (
        f"about {amount}, an estimate, not a measurement: {seconds:.0f} s × {found.watts:g} W ({found.basis}); memory, "
        "the machine around it and cooling are not counted"
    )


def _plain(text: Any) -> str:
    """What came from a table or a user, on one line and without a meaning of its own in Markdown tables or HTML."""
    return html.escape(" ".join(str(text).split()), quote=False).replace("|", "\\|")


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
